"""The main job seen by an annotator: a real Label Studio in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from PIL import Image
from signing_in import sign_in

import lsnb
from lsnb.bucket import Bucket, open_bucket_at
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


# Of each card that says something of this study: whether the line for lsnb lies below the three lines that it shows.
BELOW_THE_CARDS_LINES = """title => [...document.querySelectorAll('.lsf-project-card__description')].filter(
    shown => shown.textContent.includes(`“${title}”`)
).map(shown => {
    const line = document.createRange()
    line.setStart(shown.firstChild, shown.textContent.indexOf('lsnb-study'))
    line.setEnd(shown.firstChild, shown.textContent.length)
    const style = getComputedStyle(shown)
    const third = shown.getBoundingClientRect().top + parseFloat(style.paddingTop) + 3 * parseFloat(style.lineHeight)
    const places = [...line.getClientRects()]
    return style.webkitLineClamp === '3' && places.length > 0 && places.every(place => place.bottom > third + 1)
})"""
# The most letters that a card was seen to show: in a narrow font, on a screen 2,560 points wide.
A_CARD_SHOWS = 330


@pytest.fixture(params=["image", pytest.param("video", marks=pytest.mark.slow)])
def study(
    request: pytest.FixtureRequest, studio: Studio, bucket: Bucket, tmp_path: Path
) -> Iterator[tuple[str, Study]]:
    study = make_study(studio, bucket, tmp_path, request.param)
    yield request.param, study
    study.delete(study.title, out=tmp_path / "saved.zip")


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

    page.goto(f"{stack.url}/projects")
    page.get_by_text(f"{made.title} · ana").wait_for()
    # Titles are there first, descriptions come with a second answer of the server.
    page.wait_for_function("title => document.body.textContent.includes(`study “${title}”`)", arg=made.title)
    for width in (1280, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(BELOW_THE_CARDS_LINES, made.title) == [True, True]
    page.set_viewport_size({"width": 1280, "height": 900})
    for copy in made.copies:
        assert copy.project.description.index("lsnb-study") > A_CARD_SHOWS
    page.goto(made.projects.set_index("annotator").loc["ana", "url"])
    page.get_by_text("uri", exact=True).first.wait_for()
    assert page.get_by_text("Annotated by").count() == 0
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


@pytest.mark.parametrize(
    ("shape", "size", "answers"),
    [
        pytest.param(shape, size, n, id=f"{shape}-{size[0]}-{n}", marks=() if first else pytest.mark.exhaustive)
        for first, shape, size, n in (
            (True, "small", (1366, 768), 40),
            (False, "small", (1920, 1080), 40),
            (False, "tall", (1366, 768), 12),
            (False, "tall", (1366, 768), 9),
            (False, "wide", (1920, 1080), 12),
        )
    ],
)
def test_every_question_is_in_sight_beside_the_picture(
    shape: str,
    size: tuple[int, int],
    answers: int,
    stack: Stack,
    studio: Studio,
    bucket: Bucket,
    browser: Browser,
    tmp_path: Path,
) -> None:
    width, height = {"small": (320, 240), "tall": (600, 2400), "wide": (2400, 500)}[shape]
    path = tmp_path / f"{shape}.png"
    Image.new("RGB", (width, height), "teal").save(path)
    media = bucket.upload(pd.DataFrame({"id": [shape], "path": [str(path)]}), path="path", name="columns/{id}").table
    config = (
        lsnb.LabelConfig.image("uri")
        .choices("subject", [f"a longer answer number {n}" for n in range(answers)], title="What is it?")
        .rating("quality", title="How good is it?")
        .textarea("why", title="Why?")
        .laid_out()
    )
    title = f"columns {shape} {size[0]} {answers}"
    study = studio.create_study(title, config, media, key="id", annotators=["ana"], bucket=bucket)
    try:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        context.add_cookies(sign_in(stack))  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(study.projects["url"].iloc[0])
        page.get_by_role("button", name=re.compile("Label All", re.IGNORECASE)).click()
        page.wait_for_function(DRAWN)
        submit = page.get_by_test_id("bottombar-submit-button").bounding_box()
        assert submit is not None
        for text in ("What is it?", "How good is it?", "Why?", "a longer answer number 5"):
            box = page.get_by_text(text).first.bounding_box()
            assert box is not None
            assert 0 <= box["y"] < box["y"] + box["height"] <= submit["y"], f"{text} is out of sight: {box}"
            assert box["x"] + box["width"] <= size[0]
        picture = page.locator("img[alt=image]").first.bounding_box()
        assert picture is not None
        assert picture["y"] < submit["y"]
        context.close()
    finally:
        study.delete(study.title, out=tmp_path / "saved.zip")


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


SEEKS = """() => new Promise(done => {
    const v = document.querySelector('video');
    v.pause(); v.onseeked = () => done(v.currentTime); v.currentTime = v.duration * 0.8;
})"""
PLOTTED = """() => [...document.querySelectorAll('.htx-timeseries-channel path')].some(
    p => (p.getAttribute('d') || '').length > 1000)"""


@pytest.mark.parametrize("mode", ["presign", pytest.param("stream", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "kind", [pytest.param("image", marks=pytest.mark.slow), "video", pytest.param("timeseries", marks=pytest.mark.slow)]
)
def test_media_show_by_signed_links_and_streamed(
    kind: str, mode: str, stack: Stack, studio: Studio, bucket: Bucket, browser: Browser, tmp_path: Path
) -> None:
    """The odd name is seen to the end: spaces, umlauts, #, %, + and quotes, in Label Studio's own page."""
    path, config = media_and_config(kind, tmp_path)
    odd = path.with_name(f"odd ä#%+'\"{path.suffix}")
    path.rename(odd)
    table = pd.DataFrame({"id": ["1"], "path": [str(odd)]})
    media = bucket.upload(table, path="path", name=f"browser {mode}/{{stem}}")
    media.raise_for_failures()
    signs = mode == "presign"
    chosen = open_bucket_at(stack.bucket, endpoint=stack.endpoint, info=stack.service_account, allow_presign=signs)
    title = f"{kind} by {mode}"
    study = studio.create_study(title, config, media.table, key="id", annotators=1, bucket=chosen)
    # Label Studio's service worker would fetch out of sight; without it the page itself follows the signed link.
    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    context.add_cookies(sign_in(stack))  # type: ignore[arg-type]
    page = context.new_page()
    asked: list[tuple[str, int]] = []
    page.on("response", lambda r: asked.append((r.url, r.status)))
    page.goto(study.projects["url"][0])
    page.get_by_role("button", name=re.compile("Label All", re.IGNORECASE)).click()
    if kind == "image":
        page.wait_for_function(DRAWN)
    elif kind == "video":
        page.wait_for_function(PLAYS)
        page.evaluate(PLAY)
        page.wait_for_function(ADVANCES)
        assert page.evaluate(SEEKS) > 1
    else:
        page.wait_for_function(PLOTTED)
    straight = [entry for entry in asked if entry[0].startswith(stack.endpoint)]
    assert bool(straight) == signs
    if kind == "video":
        assert any(status == 206 for _, status in asked)
    context.close()
    study.delete(title, out=tmp_path / "saved.zip")


def media_and_config(kind: str, folder: Path) -> tuple[Path, lsnb.LabelConfig]:
    if kind == "timeseries":
        path = folder / "series.csv"
        rows = [f"{i / 10},{(i % 17) / 17},{(i % 5) / 5}" for i in range(600)]
        path.write_text("\n".join(["time,x,y", *rows]))
        config = lsnb.LabelConfig.timeseries("uri", channels=["x", "y"], time="time")
        return path, config.labels("move", ["walk", "rest"])
    table = lsnb.local.demo_images(folder) if kind == "image" else lsnb.local.demo_videos(folder)
    path = Path(lsnb.read_table(table, key="id")["path"][0])
    start = lsnb.LabelConfig.image("uri") if kind == "image" else lsnb.LabelConfig.video("uri")
    return path, start.choices("seen", ["yes", "no"])
