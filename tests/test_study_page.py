"""A study on one page: what stands in it is right, it asks for nothing from elsewhere, and it runs nothing."""

from __future__ import annotations

import base64
import importlib.util
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from moods import said
from PIL import Image

import lsnb
from lsnb.errors import InputError, MissingExtraError, StudioError
from lsnb.study import Studio, Study, adjudication

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE = '<img src="https://elsewhere.example.org/x.png"><script>document.title = "run"</script>'


@pytest.fixture
def answered(study: Study, studio: Studio) -> Study:
    """Six texts; ana says good to all, ben to four of them."""
    for copy, bad in zip(study.copies, ((), (1, 2)), strict=True):
        for task in studio.server.export(copy.project.id):
            item = int(task["data"]["id"])
            studio.server.annotate(task["id"], said("bad" if item in bad else "good"))
    return study


def test_the_page_says_what_the_functions_say(answered: Study, studio: Studio, tmp_path: Path) -> None:
    path = answered.write_report(tmp_path / "new" / "report.html")
    page = path.read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", " ", page)
    annotations = answered.annotations()
    assert answered.title in text
    assert "ana, ben" in text
    assert text.count("100.0 %") == 4  # both did all: how far each is, and what share of the items each answered
    assert len(lsnb.disputed(annotations, "mood")) == 2
    assert "Disputed: 2 items" in text
    for item in lsnb.disputed(annotations, "mood")["item"]:
        assert item in text
        assert f"text {int(item)}" in text  # what they read
    paragraph = lsnb.reliability.methods_paragraph(annotations, "mood", gold=answered.gold("mood"))
    assert paragraph.split(".")[0] in text
    assert f"Annotations were read from Label Studio {studio.release}." in text
    assert page.count("data:image/png;base64,") == 4
    assert "http" not in re.sub(r"\bhttp-equiv", "", re.sub(r"base64,[^\"]+", "", page))
    again = answered.write_report(path)
    assert again == path
    check_dataset(answered)


def check_dataset(answered: Study) -> None:
    """What a study's texts are as Hugging Face's dataset, where that is installed: else all is read, and said so."""
    with pytest.raises(InputError, match="text is 'id', and the texts that the config shows are: caption"):
        answered.to_dataset(text="id")
    with pytest.raises(InputError, match="6 items were answered by more than one person"):
        answered.to_dataset()
    if importlib.util.find_spec("datasets") is None:
        with pytest.raises(MissingExtraError, match="pip install datasets"):
            answered.to_dataset(annotator="ben")
        return
    made = answered.to_dataset(annotator="ben", val=0.5)
    assert {part: len(rows) for part, rows in made.items()} == {"train": 3, "validation": 3}
    found = {row["id"]: (row["text"], row["mood"]) for rows in made.values() for row in rows}
    assert found == {f"{n:04d}": (f"text {n}", "bad" if n in (1, 2) else "good") for n in range(6)}


def test_what_is_disputed_is_seen_and_who_decided_is_told(
    studio: Studio, bucket: lsnb.Bucket, title: str, tmp_path: Path
) -> None:
    for number, colour in enumerate(("teal", "orange")):
        Image.new("RGB", (400, 300), colour).save(tmp_path / f"{number}.png")
    (tmp_path / "2.png").write_bytes((tmp_path / "0.png").read_bytes()[:200])
    table = pd.DataFrame({"id": ["0", "1", "2"], "path": [str(tmp_path / f"{n}.png") for n in range(3)]})
    media = bucket.upload(table, path="path", name=f"{title}/{{id}}", send_unshown=True).table
    config = lsnb.LabelConfig.image("uri").choices("mood", ["good", "bad"])
    study = studio.create_study(title, config, media, key="id", annotators=["ana", "ben"], bucket=bucket)
    for copy, value in zip(study.copies, ("good", "bad"), strict=True):
        for task in studio.server.export(copy.project.id):
            studio.server.annotate(task["id"], [{**said(value)[0], "to_name": "uri"}])
    deciding = study.adjudicate(by="eva", items=["1"])
    (task,) = studio.server.export(deciding.project)
    studio.server.annotate(task["id"], [{**said("bad")[0], "to_name": "uri"}])
    page = study.write_report(tmp_path / "report.html").read_text(encoding="utf-8")
    small = re.findall(r"data:image/jpeg;base64,([^\"]+)", page)
    assert [Image.open(io.BytesIO(base64.b64decode(one))).size for one in small] == [(160, 120)] * 2
    assert f"gs://{bucket.name}/{title}/2.png" in page  # what is no picture is named
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Decided: 1 item" in text
    assert "1 ana: good; ben: bad bad eva (adjudication) 20" in text


def test_a_study_without_answers_has_a_page_too(study: Study, tmp_path: Path) -> None:
    text = study.write_report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Nobody has answered this yet." in text


def test_what_the_server_did_not_tell_is_no_page(study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    faults, usual = [StudioError("It is busy.")], adjudication.adjudications

    def busy_once(*given: Any, **named: Any) -> Any:
        if faults:
            raise faults.pop()
        return usual(*given, **named)

    monkeypatch.setattr(adjudication, "adjudications", busy_once)
    with pytest.raises(StudioError, match="It is busy"):
        study.write_report(tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


@pytest.mark.browser
def test_a_hostile_study_runs_nothing_and_asks_for_nothing(
    studio: Studio, browser: Browser, title: str, tmp_path: Path
) -> None:
    config = lsnb.LabelConfig.text("caption").choices("mood", ["good", HOSTILE], title=HOSTILE)
    table = pd.DataFrame({"id": [HOSTILE, "b"], "caption": [HOSTILE, "b"]})
    study = studio.create_study(title, config, table, key="id", annotators=["ana", "ben"])
    for copy, value in zip(study.copies, ("good", HOSTILE), strict=True):
        for task in studio.server.export(copy.project.id):
            studio.server.annotate(task["id"], said(value))
    path = study.write_report(tmp_path / "report.html")
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert page.title() == title
    assert page.get_by_text("elsewhere.example.org").count() > 0  # shown as it is written
    assert page.locator("img").count() >= 4
    assert page.evaluate("() => [...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    page.close()
