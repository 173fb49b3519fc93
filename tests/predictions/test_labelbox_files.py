"""Around a Labelbox payload: its ontology, the videos that it is about, and its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from labelbox_payloads import CONFIG, FACTS, ONTOLOGY, VIDEOS, box, frames, row, segments
from test_labelbox_round_trip import QUICK, payloads

from lsnb import LabelConfig
from lsnb.demo import make_payload
from lsnb.errors import InputError, KeyColumnError, MissingFileError
from lsnb.predictions.labelbox import from_labelbox, match_videos, read_ontology, to_labelbox, write_payload


@QUICK
@given(payloads().filter(bool))
def test_a_payloads_own_ontology_takes_all_of_it_and_gives_it_back(payload: list[dict[str, Any]]) -> None:
    config = LabelConfig.from_labelbox(read_ontology(payload))
    predictions = from_labelbox(payload, config=config, videos=VIDEOS)
    expected = from_labelbox(payload, config=CONFIG, videos=VIDEOS)
    assert set(predictions.table["status"]) <= {"ready", "warning"}, predictions.table["errors"].tolist()
    assert predictions.table["status"].tolist() == expected.table["status"].tolist()
    written = to_labelbox(predictions, config=config, videos=VIDEOS)
    assert {entry["uuid"] for entry in written} == {
        entry["uuid"] for entry in to_labelbox(expected, config=CONFIG, videos=VIDEOS)
    }


def test_an_ontology_is_what_the_rows_name_and_no_more() -> None:
    nested = {"name": "rain", "classifications": [{"name": "how", "answer": {"name": "hard"}}]}
    seen = [{"name": "colour", "answer": {"name": "red"}}]
    rows = [
        row("car", "u1", segments=segments([box(1, classifications=seen), box(9)])),
        row("weather", "u2", answer={"name": "sun"}),
        row("weather", "u3", "b.mp4", answer=nested),
        row("who", "u4", answer=[{"name": "a"}]),
        row("free", "u5", answer="text"),
        row("events", "u6", answer=[{"name": "e1", "frames": frames((1, 2))}]),
        {"schemaId": "no name"},
        "no row",
    ]
    how = {"type": "radio", "name": "how", "scope": "global", "options": [{"value": "hard", "options": []}]}
    assert read_ontology(rows) == {
        "tools": [
            {
                "tool": "rectangle",
                "name": "car",
                "classifications": [
                    {"type": "radio", "name": "colour", "scope": "index", "options": [{"value": "red", "options": []}]}
                ],
            }
        ],
        "classifications": [
            {
                "type": "radio",
                "name": "weather",
                "scope": "global",
                "options": [{"value": "sun", "options": []}, {"value": "rain", "options": [how]}],
            },
            {"type": "checklist", "name": "who", "scope": "global", "options": [{"value": "a", "options": []}]},
            {"type": "text", "name": "free", "scope": "global", "options": []},
            {"type": "checklist", "name": "events", "scope": "index", "options": [{"value": "e1", "options": []}]},
        ],
    }


def test_an_ontologys_file_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "ontology.json").write_text(json.dumps(ONTOLOGY))
    assert read_ontology(tmp_path / "ontology.json") == ONTOLOGY
    with pytest.raises(MissingFileError):
        read_ontology(tmp_path / "gone.json")
    for nothing in ([], [{"a": 1}], {}):
        with pytest.raises(InputError, match="names no object and no answer"):
            read_ontology(nothing)


@pytest.mark.parametrize(
    ("called", "item"), [("a.mp4", "a.mp4"), ("a", "a"), ("x/a.mp4", "x/a.mp4"), ("else", "a.mp4")]
)
def test_videos_get_the_names_that_the_payload_has_for_them(called: str, item: str) -> None:
    videos = pd.DataFrame({"path": ["x/a.mp4", "x/b.mp4"], "user": [1, 2]})
    found = match_videos(videos, [row("weather", item=called, answer={"name": "sun"}), "no row", {"dataRow": 3}])
    assert found["item"].tolist()[0] == item
    assert list(videos.columns) == ["path", "user"]


def test_a_column_names_videos_before_their_files_do() -> None:
    videos = pd.DataFrame({"path": ["x/a.mp4"], "item": ["007"], "key": ["k"]})
    payload = [row("weather", item="a", answer={"name": "sun"})]
    assert match_videos(videos, payload)["item"].tolist() == ["007"]
    assert match_videos(videos, payload, key="key")["item"].tolist() == ["k"]
    with pytest.raises(KeyColumnError, match="keys"):
        match_videos(videos, payload, key="keys")
    with pytest.raises(InputError, match="no column 'path'"):
        match_videos(pd.DataFrame({"video": ["a"]}), payload)
    with pytest.raises(InputError, match="give the table"):
        match_videos(["a.mp4"], payload)  # type: ignore[arg-type]
    twice = pd.DataFrame({"path": ["x/a.mp4", "y/a.mp4"]})
    assert match_videos(twice, [row("weather", item="y/a.mp4", answer={})])["item"].tolist() == ["x/a.mp4", "y/a.mp4"]
    with pytest.raises(InputError):
        match_videos(twice, payload)


def test_a_payload_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    rows = [{"name": "ä"}, {"name": "b\nc"}]
    path = write_payload(rows, tmp_path / "new" / "rows.ndjson")
    assert [json.loads(line) for line in path.read_text("utf-8").splitlines()] == rows
    with pytest.raises(InputError, match="cannot be written as JSON"):
        write_payload([{"name": object()}], path)
    assert len(path.read_text("utf-8").splitlines()) == 2
    assert [one.name for one in path.parent.iterdir()] == ["rows.ndjson"]
    with pytest.raises(InputError, match="cannot be written"):
        write_payload(rows, path / "below")


def test_the_demos_payload_fails_in_one_row_only_and_says_that_it_is_made_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_payload(tmp_path)
    assert "MADE UP" in capsys.readouterr().out
    videos = {"bikes.mp4": FACTS | {"frames": 250}, "carphone_pristine.mp4": FACTS | {"frames": 120}}
    found = from_labelbox(path, config=LabelConfig.from_labelbox(read_ontology(path)), videos=videos)
    assert found.table["status"].tolist() == ["ready", "ready", "warning", "ready", "ready", "ready", "failed"]


def test_what_a_program_answered_without_ids_is_written_with_ids_that_stay() -> None:
    answer = {"from_name": "weather", "to_name": "uri", "type": "choices", "value": {"choices": ["sun"]}}
    written = to_labelbox({"a.mp4": [answer]}, config=CONFIG, videos=VIDEOS)
    assert [(entry["name"], entry["answer"]) for entry in written] == [("weather", {"name": "sun"})]
    assert written[0]["uuid"]
    assert written == to_labelbox({"a.mp4": [answer]}, config=CONFIG, videos=VIDEOS)
