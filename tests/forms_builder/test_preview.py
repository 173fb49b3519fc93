"""The preview: a task any config can show, an outline, and the frame that draws or says why it cannot."""

from __future__ import annotations

import base64
import functools
import html
import http.server
import io
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from labels.cases import CASES
from PIL import Image

import lsnb
from lsnb import LabelConfig
from lsnb.builder import SCRATCH, first_item, open_scratch_project
from lsnb.forms.page import Preview, outline, sample_task

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Locator, Page

    from lsnb.bucket import Bucket
    from lsnb.stack import Stack
    from lsnb.study import Studio

CONFIG = LabelConfig.image("uri").choices("mood", ["joyful <b>", "tense"], title="What is the mood?")


@pytest.mark.parametrize("name", CASES)
def test_a_sample_task_has_all_that_is_shown(name: str) -> None:
    task = sample_task(CASES[name], "http://server")
    assert set(task) == set(CASES[name].fields)
    assert all(value not in (None, "") for value in task.values())


def test_the_tables_own_texts_and_web_addresses_are_shown() -> None:
    config = LabelConfig.image("uri").image("photo").text("caption").text("note")
    row = {"uri": "gs://b/1.png", "photo": "https://example.org/1.png", "caption": "A cat.", "note": float("nan")}
    task = sample_task(config, "http://server", row)
    assert task["uri"].startswith("http://server/static/samples/")
    assert (task["photo"], task["caption"]) == ("https://example.org/1.png", "A cat.")
    assert "sample" in task["note"]


def test_the_first_item_of_ones_own_bucket_is_shown_once_it_is_there(
    studio: Studio, bucket: Bucket, tmp_path: Path
) -> None:
    Image.new("RGB", (2000, 1000), "teal").save(tmp_path / "wide.png")
    (tmp_path / "said.txt").write_text("Wie geht’s?", encoding="utf-8")
    (tmp_path / "long.txt").write_bytes(b"x" * (2**20 + 1))
    names = ["wide.png", "said.txt", "long.txt"]
    table = pd.DataFrame({"id": names, "path": [str(tmp_path / name) for name in names]})
    first, text, long = bucket.upload(table, path="path", name="preview/{id}").table["uri"]
    shown = first_item(first, "image")
    assert shown is not None
    content = base64.b64decode(shown.removeprefix("data:image/jpeg;base64,"))
    assert Image.open(io.BytesIO(content)).size == (640, 320)
    assert first_item(text, "text") == "data:text/plain;base64," + base64.b64encode("Wie geht’s?".encode()).decode()
    elsewhere = "gs://a-bucket-of-others/wide.png"
    assert [first_item(one, "text") for one in (long, f"{text}.gone", elsewhere)] == [None] * 3
    builder = lsnb.config_builder(CONFIG, studio=studio, name="late")
    gone = f"gs://{bucket.name}/preview/late.png"
    before = builder.preview
    assert before is not None
    assert (before.fetch(gone, "image"), before.fetch(first, "image")) == (None, shown)  # type: ignore[misc]
    bucket.upload(table.head(1).assign(id="late"), path="path", name="preview/{id}")
    assert before.fetch(gone, "image") is None  # type: ignore[misc]  # each letter that is typed asks
    again = lsnb.config_builder(CONFIG, studio=studio, name="late")
    assert again is builder
    assert builder.preview.fetch(gone, "image") == shown  # type: ignore[union-attr,misc]
    task = sample_task(CONFIG.image("other"), "http://server", {"uri": first, "other": elsewhere}, first_item)
    assert task == {"uri": shown, "other": "http://server/static/samples/kittens.jpg"}


def test_a_number_of_the_table_is_one_in_json() -> None:
    config = LabelConfig.video("uri", frame_rate="fps")
    assert json.dumps(sample_task(config, "http://server", {"fps": np.int64(30)})["fps"]) == "30.0"


@pytest.mark.parametrize("name", CASES)
def test_every_config_has_an_outline_that_names_its_questions(name: str) -> None:
    text = outline(CASES[name])
    for control in CASES[name].controls:
        assert html.escape(control) in text


def test_the_outline_is_text() -> None:
    assert "joyful &lt;b&gt;" in outline(CONFIG)
    assert "<b>joyful" not in outline(CONFIG)
    assert "Nothing is shown yet" in outline(LabelConfig())


def test_the_draft_carries_the_config_whole() -> None:
    drawn = Preview("http://server").draft(CONFIG, {"other": object()})
    content = json.loads(html.unescape(re.search(r'data-draft="([^"]*)"', drawn).group(1)))  # type: ignore[union-attr]
    assert content["config"] == CONFIG.xml
    assert set(content["task"]) == {"uri"}


def test_one_config_has_one_scratch_project_and_those_nobody_used_go(studio: Studio) -> None:
    server = studio.server
    other = CONFIG.rating("quality")
    address = open_scratch_project(studio, CONFIG)
    assert open_scratch_project(studio, CONFIG) == address
    number = int(re.search(r"/projects/(\d+)/", address).group(1))  # type: ignore[union-attr]
    project = server.project(number)
    assert (project.tasks, LabelConfig.from_xml(project.config or "")) == (1, CONFIG)
    [task] = server.export(number)
    server.annotate(task["id"], [], lead_time=1.0)
    open_scratch_project(studio, other)
    open_scratch_project(studio, other.textarea("why"))
    titles = {found.id for found in server.projects() if found.description == SCRATCH}
    assert number in titles
    assert len(titles) == 2
    for found in titles:
        server.delete_project(found)


def test_the_running_stack_draws_at_the_address_that_the_browser_knows(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LSNB_STACK", str(tmp_path))
    in_colab = replace(stack, folder=str(tmp_path), browser_url="https://8080-m-s-1.colab.dev")
    in_colab.save()
    preview = lsnb.config_builder(CONFIG, name="colab").preview
    assert preview is not None
    assert preview.address == "https://8080-m-s-1.colab.dev"
    replace(in_colab, url="http://127.0.0.1:9").save()
    assert lsnb.config_builder(CONFIG, name="colab").preview is None


def test_a_studio_that_is_given_draws(studio: Studio) -> None:
    preview = lsnb.config_builder(CONFIG, studio=studio, name="given").preview
    assert preview is not None
    assert preview.address == studio.browser_url


# -- the frame, in a page of its own -------------------------------------------------------------------------


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def end_headers(self) -> None:
            self.send_header("Access-Control-Allow-Origin", "*")
            super().end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page, served to a browser, in which a frame can stand as in a notebook."""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>A notebook</title>")
    page = browser.new_page(viewport={"width": 900, "height": 900})
    with serve(folder) as address:
        page.goto(f"{address}/index.html")
        yield page
        page.close()


def put(page: Page, preview: Preview, config: LabelConfig) -> FrameLocator:
    content = f"<div class='lsnb-preview'>{preview.frame}<div class='data'>{preview.draft(config, None)}</div></div>"
    page.evaluate("(content) => { document.body.innerHTML = content }", content)
    return page.frame_locator(".lsnb-preview-frame")


def editor(frame: FrameLocator) -> Locator:
    """What Label Studio draws, which stands in a frame of its own."""
    return frame.frame_locator("iframe").locator("#editor")


def test_ones_own_picture_is_drawn(shown: Page, stack: Stack) -> None:
    content = io.BytesIO()
    Image.new("RGB", (77, 50), "teal").save(content, "PNG")
    own = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    preview = Preview(stack.url, fetch=lambda address, kind: own)
    drawn = f"<div class='data'>{preview.draft(CONFIG, {'uri': 'gs://mine/1.png'})}</div>"
    shown.evaluate(
        "(content) => { document.body.innerHTML = content }", f"<div class='lsnb-preview'>{preview.frame}{drawn}</div>"
    )
    picture = editor(shown.frame_locator(".lsnb-preview-frame")).locator("img[alt=image]").first
    picture.wait_for()
    picture.evaluate("(shown) => shown.decode()")
    assert picture.evaluate("(shown) => shown.naturalWidth") == 77


def change(page: Page, preview: Preview, config: LabelConfig) -> None:
    content = preview.draft(config, None)
    page.evaluate("(content) => { document.querySelector('.data').innerHTML = content }", content)


@pytest.mark.browser
def test_the_editor_draws_and_draws_again(shown: Page, stack: Stack) -> None:
    preview = Preview(stack.browser_url)
    frame = put(shown, preview, CONFIG)
    for text in ("What is the mood?", "joyful <b>", "tense"):
        editor(frame).get_by_text(text).wait_for()
    change(shown, preview, LabelConfig.text("body").choices("tone", ["calm", "loud"]))
    editor(frame).get_by_text("loud").wait_for()
    editor(frame).get_by_text("joyful").wait_for(state="detached")
    assert frame.locator(".lsnb-preview-notice").inner_text() == ""
    # A video beside its questions is shown whole, though the frame was as high as the questions before.
    change(shown, preview, LabelConfig.video("clip").choices("act", ["walk", "run"]).columns())
    editor(frame).get_by_text("walk").wait_for()
    media = editor(frame).locator(".lsnb-media")
    media.evaluate(
        """(box) => new Promise((done) => {
            const look = () => (box.scrollHeight > 400 && box.clientHeight >= box.scrollHeight ? done()
                                                                                         : requestAnimationFrame(look));
            look();
        })"""
    )


@pytest.mark.browser
def test_a_faulty_config_gives_an_outline_until_it_is_mended(shown: Page, stack: Stack) -> None:
    preview = Preview(stack.browser_url)
    frame = put(shown, preview, LabelConfig.from_xml(CONFIG.xml.replace("<Image", "<Imgae")))
    frame.get_by_text("when what the check names is mended").wait_for()
    change(shown, preview, CONFIG)
    editor(frame).get_by_text("tense").wait_for()
    change(shown, preview, LabelConfig.from_xml(CONFIG.xml.replace("<Image", "<Imgae")))
    frame.get_by_text("when what the check names is mended").wait_for()
    editor(frame).get_by_text("tense").wait_for(state="detached")


@pytest.mark.browser
def test_a_server_that_is_down_gives_an_outline_and_says_so(shown: Page) -> None:
    preview = Preview("http://127.0.0.1:9", lambda config: "")
    frame = put(shown, preview, CONFIG)
    frame.get_by_text("could not be loaded from the server").wait_for()
    frame.get_by_text("The button below opens this config in Label Studio itself").wait_for()
    frame.locator(".lsnb-preview-outline").get_by_text("What is the mood?").wait_for()
    change(shown, preview, CONFIG.rating("quality"))
    frame.locator(".lsnb-preview-outline").get_by_text("(quality)").wait_for()


@pytest.mark.browser
@pytest.mark.parametrize("main", ["", "self.webpackChunkother.push([[1], {7: () => {}}])"], ids=["empty", "no editor"])
def test_a_bundle_without_the_editor_gives_an_outline(shown: Page, tmp_path: Path, main: str) -> None:
    bundle = tmp_path / "server" / "react-app"
    bundle.mkdir(parents=True)
    runtime = """
        const require = { m: {} };
        const parts = self.webpackChunkother = [];
        parts.push = ([, modules, start]) => { Object.assign(require.m, modules); start?.(require); };
    """
    (bundle / "runtime.js").write_text(runtime)
    (bundle / "vendor.js").write_text("")
    (bundle / "main.js").write_text(main)
    with serve(tmp_path / "server") as address:
        frame = put(shown, Preview(address), CONFIG)
        frame.get_by_text("has no editor that can be drawn here").wait_for()
        frame.locator(".lsnb-preview-outline").get_by_text("tense").wait_for()
        assert frame.get_by_text("The button below").count() == 0


@pytest.mark.browser
def test_an_editor_that_never_comes_gives_an_outline_after_a_while(shown: Page) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        frame = put(shown, Preview(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2), CONFIG)
        frame.get_by_text("did not start within 0.2 seconds").wait_for()
        frame.locator(".lsnb-preview-outline").get_by_text("tense").wait_for()


@pytest.mark.browser
@pytest.mark.parametrize("said", ["ready drawn height", "ready other broken"])
def test_an_editor_that_says_much_and_draws_nothing_gives_an_outline(shown: Page, tmp_path: Path, said: str) -> None:
    script = f"""
        for (const said of "{said}".split(" ")) parent.postMessage({{ said, drawn: "", height: 9 }}, "*");
        setInterval(() => {{ for (const said of "{said}".split(" ")) parent.postMessage({{ said }}, "*"); }}, 50);
        findEditor = () => new Promise(() => null);
    """
    (tmp_path / "server" / "react-app").mkdir(parents=True)
    (tmp_path / "server" / "react-app" / "runtime.js").write_text(script)
    with serve(tmp_path / "server") as address:
        frame = put(shown, Preview(address, lambda config: "", timeout=0.4), CONFIG)
        frame.get_by_text("within 0.4 seconds").wait_for()
        frame.get_by_text("The button below opens this config in Label Studio itself").wait_for()
        frame.locator(".lsnb-preview-outline").get_by_text("tense").wait_for()


@pytest.mark.browser
def test_a_notebook_that_keeps_frames_apart_gets_a_sentence(shown: Page) -> None:
    preview = Preview("http://127.0.0.1:9", lambda config: "")
    content = preview.frame.replace("<iframe ", '<iframe sandbox="allow-scripts" ')
    shown.evaluate("(content) => { document.body.innerHTML = `<div class='lsnb-preview'>${content}</div>` }", content)
    shown.frame_locator("iframe").get_by_text("keeps frames apart").wait_for()


@pytest.mark.browser
@pytest.mark.exhaustive
def test_the_frame_draws_every_tag_and_template(shown: Page, stack: Stack) -> None:
    preview = Preview(stack.browser_url)
    frame = put(shown, preview, CONFIG)
    for name, config in CASES.items():
        change(shown, preview, config)
        shown.wait_for_function(
            "(xml) => document.querySelector('iframe').contentWindow.lsnbDrawn === xml", arg=config.xml
        )
        assert frame.locator(".lsnb-preview-notice").inner_text() == "", name
