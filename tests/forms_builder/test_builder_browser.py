"""The builder as a student meets it: in JupyterLab, in a browser, by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jupyter_lab import jupyterlab, open_notebook, run_all, write_notebook
from playwright.sync_api import expect

from lsnb.builder import SCRATCH

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from lsnb.stack import Stack
    from lsnb.study import Studio

pytestmark = pytest.mark.browser

CELLS = [
    "import lsnb\nimport pandas as pd\n"
    "media = pd.DataFrame({'id': ['1'], 'uri': ['gs://bucket/1.png'], 'caption': ['A cat on a mat.']})",
    "builder = lsnb.config_builder(table=media)\nbuilder",
    "print('asks', ', '.join(f'{c.name}: {c.labels}' for c in builder.config.controls.values()) or 'nothing')",
]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    write_notebook(folder / "build.ipynb", CELLS)
    with jupyterlab(tmp_path, folder) as address:
        yield address


def type_into(page: Page, name: str, text: str) -> None:
    """Type and leave the cursor where it is, as a person in a hurry does."""
    page.locator(f".lsnb-question-{name}").locator("input, textarea").click()
    page.keyboard.type(text)


def test_a_student_builds_a_config_sees_it_and_uses_it_in_the_next_cell(
    lab: str, browser: Browser, stack: Stack, studio: Studio, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 1400})
    editor = page.frame_locator(".lsnb-preview-frame").frame_locator("iframe").locator("#editor")
    try:
        open_notebook(page, lab, "build.ipynb")
        run_all(page)
        expect(page.get_by_text("asks nothing")).to_be_visible(timeout=60_000)
        expect(page.locator(".lsnb-check")).to_contain_text("No question yet")
        page.screenshot(path=tmp_path / "begun.png")

        page.locator(".lsnb-add-question").click()
        type_into(page, "title", "What is the mood?")
        type_into(page, "name", "mood")
        type_into(page, "options", "joyful, tense\nmixed")
        for text in ("What is the mood?", "joyful", "tense", "mixed"):
            expect(editor.get_by_text(text, exact=False)).to_be_visible(timeout=90_000)
        expect(page.locator(".lsnb-check")).to_contain_text("no problem")

        page.locator(".lsnb-add-question").click()
        expect(page.locator(".lsnb-question-name input")).to_have_value("")
        page.locator(".lsnb-question-kind select").select_option(label="Draw boxes")
        type_into(page, "name", "box")
        type_into(page, "options", "cat, mat")
        expect(editor.get_by_text("mat", exact=False)).to_be_visible()
        page.screenshot(path=tmp_path / "built.png")
        # The row of the second question, after the image and the first one.
        page.locator(".lsnb-up").nth(2).click()
        expect(page.locator(".lsnb-question").first).to_contain_text("box")

        run_all(page)
        expect(page.get_by_text("asks box: ('cat', 'mat'), mood: ('joyful', 'tense', 'mixed')")).to_be_visible()
        expect(page.locator(".lsnb-question")).to_have_count(2)
        page.locator(".lsnb-open-project").click()
        expect(page.locator(".lsnb-project-link a")).to_be_visible(timeout=90_000)
        page.screenshot(path=tmp_path / "run-again.png", full_page=True)
        assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
        assert stack.api_key not in page.content()
    finally:
        page.close()
        for project in studio.server.projects():
            if project.description == SCRATCH:
                studio.server.delete_project(project.id)
