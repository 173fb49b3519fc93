"""The notebooks as a student meets them: in JupyterLab, in a browser, run from the menu."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import notebook_style as style
import pandas as pd
import pytest
from playwright.sync_api import expect

import lsnb

pytestmark = pytest.mark.browser

MEDIA = pd.DataFrame(
    {
        "id": [f"{number:03d}" for number in range(20)],
        "uri": [f"gs://bucket/{number:03d}.png" for number in range(20)],
    }
)
HOMES = (
    "HOME",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "IPYTHONDIR",
    "JUPYTERLAB_SETTINGS_DIR",
)


@pytest.fixture
def jupyterlab(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A JupyterLab of its own: its address and the folder that it shows."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(
        '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}'
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "LSNB_"))}
    # A person sits in front of this one, so nothing may say that nobody does.
    environment.pop("CI", None)
    environment.update({name: str(tmp_path / name.lower()) for name in HOMES})
    if "LSNB_STACK" in os.environ:
        environment["LSNB_STACK"] = os.environ["LSNB_STACK"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
        *("--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.password="),
        *(f"--ServerApp.root_dir={folder}", f"--LabApp.app_settings_dir={settings}"),
        "--LabApp.extension_manager=readonly",
    ]
    address = f"http://127.0.0.1:{port}"
    with (tmp_path / "jupyterlab.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        # The retries wait longer and longer for a server that does not listen yet.
        with httpx.Client(transport=httpx.HTTPTransport(retries=7)) as client:
            client.get(f"{address}/api/status", timeout=30).raise_for_status()
        yield address, folder
    finally:
        server.terminate()
        server.wait(timeout=30)


def open_notebook(page: Any, address: str, name: str) -> None:
    page.goto(f"{address}/lab/workspaces/test/tree/{name}?reset")
    # The notebook's own mark says 'idle' before it has a kernel, and Run All then does nothing.
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)


def run_all(page: Any) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


def type_number(page: Any, name: str, value: int) -> None:
    """Type a number and leave the cursor where it is, as a person in a hurry does."""
    field = page.locator(f".lsnb-field-{name} input")
    field.click(click_count=3)
    page.keyboard.type(str(value))


def test_a_student_runs_a_notebook_changes_a_widget_and_runs_it_again(
    jupyterlab: tuple[str, Path], browser: Any, tmp_path: Path
) -> None:
    address, folder = jupyterlab
    name = "03_sample_tasks.ipynb"
    shutil.copy(style.NOTEBOOKS / name, folder / name)
    work = folder / "lsnb-work"
    work.mkdir()
    MEDIA.to_csv(work / "media.csv", index=False)
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    try:
        open_notebook(page, address, name)
        run_all(page)
        expect(page.get_by_text("10 of 20 items, drawn with seed 0.")).to_be_visible(timeout=60_000)
        expect(page.locator(".lsnb-form-sample-tasks")).to_be_visible()
        page.screenshot(path=tmp_path / "first.png")
        first = lsnb.read_table(work / "sample.csv", key="id")
        assert first.equals(lsnb.sample(MEDIA, key="id", percent=50, seed=0).reset_index(drop=True))

        type_number(page, "seed", 7)
        type_number(page, "n", 3)
        run_all(page)
        expect(page.get_by_text("3 of 20 items, drawn with seed 7.")).to_be_visible(timeout=60_000)
        expect(page.locator(".lsnb-field-seed input")).to_have_value("7")
        expect(page.locator(".lsnb-record").get_by_text("the widget")).to_have_count(2)
        page.screenshot(path=tmp_path / "second.png")
        second = lsnb.read_table(work / "sample.csv", key="id")
        assert second.equals(lsnb.sample(MEDIA, key="id", n=3, seed=7).reset_index(drop=True))
        assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    finally:
        page.close()
