"""The notebooks as a student meets them: in JupyterLab, in a browser, run from the menu."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupyter_lab
import notebook_style as style
import pandas as pd
import pytest
from jupyter_lab import open_notebook, run_all
from playwright.sync_api import expect

import lsnb

pytestmark = pytest.mark.browser

MEDIA = pd.DataFrame(
    {
        "id": [f"{number:03d}" for number in range(20)],
        "uri": [f"gs://bucket/{number:03d}.png" for number in range(20)],
    }
)


@pytest.fixture
def jupyterlab(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A JupyterLab of its own: its address and the folder that it shows."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    with jupyter_lab.jupyterlab(tmp_path, folder) as address:
        yield address, folder


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
        expect(page.get_by_text("10 of 20 items were drawn at random (seed 0).")).to_be_visible(timeout=60_000)
        expect(page.locator(".lsnb-form-sample-tasks")).to_be_visible()
        page.screenshot(path=tmp_path / "first.png")
        first = lsnb.read_table(work / "sample.csv", key="id")
        assert first.equals(lsnb.sample(MEDIA, key="id", percent=50, seed=0).reset_index(drop=True))

        type_number(page, "seed", 7)
        type_number(page, "n", 3)
        run_all(page)
        expect(page.get_by_text("3 of 20 items were drawn at random (seed 7).")).to_be_visible(timeout=60_000)
        expect(page.locator(".lsnb-field-seed input")).to_have_value("7")
        expect(page.locator(".lsnb-record").get_by_text("the widget")).to_have_count(2)
        page.screenshot(path=tmp_path / "second.png")
        second = lsnb.read_table(work / "sample.csv", key="id")
        assert second.equals(lsnb.sample(MEDIA, key="id", n=3, seed=7).reset_index(drop=True))
        assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    finally:
        page.close()
