"""The main job seen by an annotator: a real Label Studio in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lsnb
from lsnb.bucket import Bucket
from lsnb.stack import Stack
from lsnb.study import Studio, Study

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
PLAYS = "() => { const v = document.querySelector('video'); return v && v.readyState >= 2 }"
PLAY = "() => { const v = document.querySelector('video'); v.muted = true; return v.play() }"
ADVANCES = "() => document.querySelector('video').currentTime > 0.2"
DRAWN = "() => [...document.querySelectorAll('img[alt=image]')].some(i => i.complete && i.naturalWidth > 0)"


def make_study(studio: Studio, bucket: Bucket, folder: Path, kind: str) -> Study:
    path = lsnb.local.demo_images(folder) if kind == "image" else lsnb.local.demo_videos(folder)
    table = lsnb.read_table(path, key="id").head(2)
    media = bucket.upload(table, path="path", name="browser/{user} ä#+%/{id}")
    media.raise_for_failures()
    start = lsnb.LabelConfig.image("uri") if kind == "image" else lsnb.LabelConfig.video("uri")
    config = start.choices("subject", ["person", "animal", "object"], title="What is it?", required=True)
    return studio.create_study(
        f"browser {kind}", config, media.table, key="id", annotators=["ana", "ben"], bucket=bucket
    )


@pytest.fixture(params=["image", "video"])
def study(
    request: pytest.FixtureRequest, studio: Studio, bucket: Bucket, tmp_path: Path
) -> Iterator[tuple[str, Study]]:
    study = make_study(studio, bucket, tmp_path, request.param)
    yield request.param, study
    study.delete(study.title, save_to=tmp_path / "saved.zip")


def test_an_annotator_signs_in_sees_the_media_answers_and_is_merged(
    study: tuple[str, Study], stack: Stack, browser: Browser
) -> None:
    kind, made = study
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{stack.url}/user/login/")
    page.locator("input[name=email]").fill(stack.username)
    page.locator("input[name=password]").fill(stack.password)
    page.locator("button[type=submit]").click()
    page.wait_for_url(re.compile(r"^(?!.*login)"))

    page.goto(made.projects.set_index("annotator").loc["ana", "url"])
    label_all(page)
    if kind == "image":
        page.wait_for_function(DRAWN)
    else:
        page.wait_for_function(PLAYS)
        page.evaluate(PLAY)
        page.wait_for_function(ADVANCES)
    task = answer(page, "animal")
    page.close()

    annotations = made.annotations()
    answered = annotations[annotations["status"] == "submitted"]
    assert list(answered["annotator"]) == ["ana"]
    assert list(answered["task"]) == [task]
    assert answered["item"].isin(annotations.loc[annotations["annotator"] == "ben", "item"]).all()
    assert list(answered["value"]) == ["animal"]
    assert list(made.progress()["done"]) == [1, 0]


def label_all(page: Page) -> None:
    page.get_by_role("button", name=re.compile("Label All", re.IGNORECASE)).click()
    page.get_by_text(re.compile("^animal")).first.wait_for()


def answer(page: Page, label: str) -> int:
    """Choose a label and submit; return the id of the task that the server stored the answer for."""
    page.get_by_text(re.compile(f"^{label}")).first.click()
    with page.expect_response(lambda r: r.request.method == "POST" and "/annotations" in r.url) as response:
        page.get_by_test_id("bottombar-submit-button").click()
    assert response.value.status == 201
    return int(response.value.json()["task"])
