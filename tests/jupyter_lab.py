"""A JupyterLab of its own for a test, and a student's hands in it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import nbformat

if TYPE_CHECKING:
    from playwright.sync_api import Page

_HOMES = (
    "HOME",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "IPYTHONDIR",
    "JUPYTERLAB_SETTINGS_DIR",
)
_SETTINGS = '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}'


@contextmanager
def jupyterlab(scratch: Path, folder: Path) -> Iterator[str]:
    """Run a JupyterLab that shows a folder and yield its address.

    Args:
        scratch: Where it keeps its settings and its log.
        folder: What it shows.
    """
    settings = scratch / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(_SETTINGS)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "LSNB_"))}
    # A person sits in front of this one, so nothing may say that nobody does.
    environment.pop("CI", None)
    environment.update({name: str(scratch / name.lower()) for name in _HOMES})
    environment.update({name: os.environ[name] for name in ("LSNB_STACK", "LSNB_CACHE") if name in os.environ})
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
    with (scratch / "jupyterlab.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        # The retries wait longer and longer for a server that does not listen yet.
        with httpx.Client(transport=httpx.HTTPTransport(retries=9)) as client:
            client.get(f"{address}/api/status", timeout=30).raise_for_status()
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(notebook, path)


def open_notebook(page: Page, address: str, name: str) -> None:
    """Open a notebook and wait for its kernel."""
    page.goto(f"{address}/lab/workspaces/test/tree/{name}?reset")
    # The notebook's own mark says 'idle' before it has a kernel, and Run All then does nothing.
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)


def run_all(page: Page) -> None:
    """Run all cells from the menu, as a person does."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
