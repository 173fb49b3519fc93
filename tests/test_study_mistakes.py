"""What goes wrong when a study is made, and what people and servers do to it afterwards."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from faulty_proxy import faulty_proxy
from moods import CONFIG, texts

import lsnb
from lsnb import demo
from lsnb.bucket import Bucket
from lsnb.errors import InputError, StudioRefusedError, StudyNotFoundError
from lsnb.stack import Stack
from lsnb.study import Studio


def named(studio: Studio, title: str) -> list[str]:
    return [project.title for project in studio.server.projects() if project.title.startswith(title[:30])]


def test_an_empty_text_cell_is_named_and_nothing_is_made(studio: Studio, title: str) -> None:
    table = texts(2).assign(caption=["words", None])
    with pytest.raises(InputError, match="Column 'caption' has no text for item 0001"):
        studio.create_study(title, CONFIG, table, key="id", annotators=2)
    assert named(studio, title) == []


def test_an_empty_caption_beside_a_picture_is_an_empty_text(studio: Studio, title: str) -> None:
    photo = "https://example.org/a.jpg"
    table = pd.DataFrame({"id": ["1", "2", "3"], "uri": [photo, photo, None], "caption": ["words", None, "more"]})
    config = lsnb.LabelConfig.image("uri").text("caption").choices("mood", ["good", "bad"])
    assert config.check(table) == []
    with pytest.warns(UserWarning, match="Column 'uri' has no image for item 3: annotators see the rest"):
        study = studio.create_study(title, config, table, key="id", annotators=1)
    held = {task["data"]["id"]: task["data"] for task in studio.server.export(study.copies[0].project.id)}
    assert [held[item]["caption"] for item in ("1", "2", "3")] == ["words", "", "more"]
    assert held["3"]["uri"] == ""
    assert study.sync(table).counts == {"unchanged": 3}
    report = study.sync(table.assign(caption=["", None, None]))
    assert report.counts == {"updated": 1, "unchanged": 1, "skipped": 1}
    assert "Column 'caption' has no text" in report.table.set_index("item").loc["3", "error"]


@pytest.mark.parametrize("tag", ["Video", "Audio", "HyperText", "Image", "List", "Paragraphs", "Choices"])
def test_what_nothing_is_asked_about_may_be_absent_whatever_it_is(studio: Studio, title: str, tag: str) -> None:
    other = f'<{tag} name="other" value="$other"/>'
    if tag == "Choices":
        other = '<Choices name="other" toName="caption" value="$other"/>'
    xml = f'<View><Text name="caption" value="$caption"/>{other}<Rating name="q" toName="caption"/></View>'
    table = texts(2).assign(other=[None, [] if tag in ("List", "Paragraphs", "Choices") else "https://example.org/a"])
    config = lsnb.LabelConfig.from_xml(xml)
    assert config.check(table) == []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Column 'other' has no ")
        study = studio.create_study(title, config, table, key="id", annotators=1)
        assert study.sync(table).counts == {"unchanged": 2}


def test_a_missing_local_file_is_named_before_anything_is_uploaded(
    studio: Studio, bucket: Bucket, title: str, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("not sent")
    table = pd.DataFrame({"id": ["1", "2"], "img": [str(tmp_path / "no.png"), str(tmp_path / "a.txt")]})
    config = lsnb.LabelConfig.image("img").choices("mood", ["good", "bad"])
    with pytest.raises(InputError, match=r"There is no file .*no\.png for item 1"):
        studio.create_study(title, config, table, key="id", annotators=1, bucket=bucket)
    assert named(studio, title) == []


def test_what_the_server_refuses_leaves_no_project(studio: Studio, title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our checks stand before the server's; where one is missing, the server's refusal leaves nothing half made."""
    monkeypatch.setattr("lsnb.study.creating.task_data", None, raising=False)
    monkeypatch.setattr("lsnb.study.rows.task_data", lambda view: [{"other": "field"} for _ in range(len(view))])
    with pytest.raises(StudioRefusedError, match="refused to store 2 tasks") as caught:
        studio.create_study(title, CONFIG, texts(2), key="id", annotators=2)
    assert "other" not in str(caught.value)
    assert named(studio, title) == []


@pytest.fixture
def redirecting(stack: Stack) -> Iterator[str]:
    """A server that sends everything on to the same host under another path, as a reverse proxy does."""
    with faulty_proxy(stack.url) as proxy:
        port = proxy.server.server_address[1]

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(301)
                self.send_header("Location", f"http://127.0.0.1:{port}{self.path}")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Stay quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        server.server_close()
        thread.join()


def test_another_port_is_another_server(redirecting: str, stack: Stack) -> None:
    with pytest.raises(lsnb.errors.StudioUnreachableError, match="sends on to another server"):
        lsnb.connect(redirecting, stack.api_key)


def test_a_config_that_shows_a_column_no_task_has_is_refused(studio: Studio, title: str) -> None:
    study = studio.create_study(title, CONFIG, texts(2), key="id", annotators=1)
    with pytest.raises(InputError, match="captoin"):
        study.update_config(lsnb.LabelConfig.text("captoin").choices("mood", ["good", "bad"]))
    with pytest.raises(InputError, match=r"must be a lsnb\.LabelConfig"):
        study.update_config("<View/>")  # type: ignore[arg-type]


def test_a_users_column_named_like_a_control_is_not_overwritten(studio: Studio, title: str) -> None:
    study = studio.create_study(title, CONFIG, texts(2), key="id", annotators=1)
    with pytest.raises(InputError, match="'mine' is none of its labels: rename"):
        study.sync(texts(2).assign(mood=["mine", "yours"]))
    long = pd.Series([None, 10**400], dtype="object")
    for mine, said in (([0, 1], "'0'"), ([0.5, None], "'0.5'"), ([True, False], "'True'"), (long, "'1000")):
        with pytest.raises(InputError, match=f"{said}.* is none of its labels: rename"):
            study.sync(texts(2).assign(mood=mine))
    study.sync(texts(2).assign(mood=["", ("good",)]))


def test_changed_data_is_said_not_silently_kept(studio: Studio, title: str) -> None:
    studio.create_study(title, CONFIG, texts(2), key="id", annotators=1)
    with pytest.warns(UserWarning, match="1 item holds other data on the server"):
        studio.create_study(title, CONFIG, texts(2).replace("text 1", "mended"), key="id", annotators=1)


def test_a_deleted_project_does_not_hide_the_others(studio: Studio, title: str) -> None:
    study = studio.create_study(title, CONFIG, texts(2), key="id", annotators=["ana", "ben"])
    demo.simulate_annotators(study)
    studio.server.delete_project(study.projects["project"][0])
    with pytest.warns(UserWarning, match="the project of ana"):
        annotations = study.annotations(data="caption")
    assert set(annotations["annotator"]) == {"ben"}
    assert "data.caption" in annotations
    with pytest.warns(UserWarning, match="ana"):
        assert list(study.projects["annotator"]) == ["ben"]
    # A fresh kernel has not seen the project, and knows of it by what the other one says.
    later = studio.open_study(title)
    with pytest.warns(UserWarning, match="Deleted on the server, or never made: the project of ana"):
        assert list(later.progress()["annotator"]) == ["ben"]
    assert any("never made: the project of ana" in note for note in later.sync(texts(2)).notes)
    studio.server.delete_project(study.copies[1].project.id)
    for verb in (study.annotations, study.pull):
        with pytest.raises(StudyNotFoundError, match="no longer on"):
            verb()


@pytest.mark.slow
@pytest.mark.parametrize("whose", ["ana", "ben"])
def test_a_project_that_somebody_deleted_stops_no_verb(studio: Studio, title: str, tmp_path: Path, whose: str) -> None:
    study = studio.create_study(title, CONFIG, texts(2), key="id", annotators=["ana", "ben"])
    (gone,) = (copy.project.id for copy in study.copies if copy.manifest.annotator == whose)
    studio.server.delete_project(gone)
    more = CONFIG.choices("tone", ["up", "down"], required=False)
    verbs: list[tuple[Callable[[], object], object]] = [
        (lambda: study.shared_items().to_numpy().tolist(), [[2]]),
        (lambda: study.instruct("# Moods").counts, {"updated": 1}),
        (lambda: study.update_config(more).counts, {"updated": 1}),
        (lambda: study.export_to(tmp_path / "saved.zip").is_file(), True),
        (lambda: study.write_report(tmp_path / "report.html").is_file(), True),
        (lambda: "/projects/" in study.share(), True),
    ]
    for verb, what in verbs:
        with pytest.warns(UserWarning, match=f"never made: the project of {whose}"):
            assert verb() == what
    for notes in (study.adjudicate(by="dan", items=["0000"]).report.notes, study.add_annotator("eva").notes):
        assert any(f"never made: the project of {whose}" in note for note in notes)
    assert study.annotators == ["ana", "ben", "eva"]
    columns = study.sync(texts(2), columns=["f"])
    assert not any("do not say yet" in note for note in columns.notes)
    assert {tuple(copy.manifest.columns) for copy in studio.open_study(title).copies} == {("f",)}
    study.sync(texts(2), columns=[])
    again = studio.create_study(title, more, texts(2), key="id", annotators=["ana", "ben"])
    assert again.report is not None
    assert again.report.counts == {"created": 1, "exists": 1}
    # This kernel's study has the new one.
    assert study.progress()["tasks"].tolist() == [2, 2, 2]


def test_the_number_of_items_follows_a_sync(studio: Studio, title: str) -> None:
    study = studio.create_study(title, CONFIG, texts(2), key="id", annotators=2)
    study.sync(texts(3))
    assert "items=3" in repr(study)
    assert studio.studies().set_index("title").loc[title, "items"] == 3


@pytest.mark.slow
@pytest.mark.parametrize(("show", "presign"), [("auto", True), ("presign", True), ("stream", False)])
def test_how_media_are_shown_can_be_chosen_and_changed(
    studio: Studio, bucket: Bucket, title: str, show: str, presign: bool, tmp_path: Path
) -> None:
    table = lsnb.read_table(lsnb.local.demo_images(tmp_path), key="id").head(1)
    media = bucket.upload(table, path="path", name="shown/{id}").table
    config = lsnb.LabelConfig.image("uri").choices("mood", ["good", "bad"])
    for how, expected in ((show, presign), ("stream", False), (show, presign)):
        study = studio.create_study(title, config, media, key="id", annotators=1, bucket=bucket, show=how)  # type: ignore[arg-type]
        project = int(study.projects["project"][0])
        assert [bool(storage["presign"]) for storage in studio.server.storages(project)] == [expected]


def test_blank_media_are_foretold(studio: Studio, bucket: Bucket, stack: Stack, title: str, tmp_path: Path) -> None:
    elsewhere = Studio(stack.url, stack.api_key, browser_url="https://ls.example.org")
    table = lsnb.read_table(lsnb.local.demo_images(tmp_path), key="id").head(1)
    media = bucket.upload(table, path="path", name="shown/{id}").table
    config = lsnb.LabelConfig.image("uri").choices("mood", ["good", "bad"])
    with pytest.warns(UserWarning, match=r"run bucket\.allow_origins\(\['https://ls\.example\.org'\]\)"):
        elsewhere.create_study(title, config, media, key="id", annotators=1, bucket=bucket)
