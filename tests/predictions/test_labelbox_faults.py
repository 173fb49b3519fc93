"""What is wrong with rows of a Labelbox payload: found, told by row with its place, and nothing of it sent."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from labelbox_payloads import CONFIG, FACTS, VIDEOS, box, frames, line, point, row, segments

from lsnb.errors import InputError
from lsnb.predictions.labelbox import from_labelbox, to_labelbox

GOOD = segments([box(1)])
RED = {"name": "colour", "answer": {"name": "red"}}


def keyframe(**shape: Any) -> dict[str, Any]:
    return row("car", segments=segments([{"frame": 1, **shape}]))


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in row("car", segments=GOOD).items() if key != name}


def below(*classifications: Any) -> dict[str, Any]:
    return row("car", segments=segments([box(1, classifications=list(classifications))]))


FAULTS: list[tuple[str, Any, str, str]] = [
    ("missing_data_row", without("dataRow"), "dataRow", "globalKey"),
    ("missing_data_row", row("car", segments=GOOD) | {"dataRow": {}}, "dataRow", "neither"),
    ("double_data_row", row("car", segments=GOOD) | {"dataRow": {"id": "a", "globalKey": "a.mp4"}}, "dataRow", "both"),
    ("unknown_item", row("car", item="a.mp5", segments=GOOD), "dataRow.globalKey", "Did you mean 'a.mp4'?"),
    ("unknown_item", row("car", item=2.5, segments=GOOD), "dataRow.globalKey", "2.5"),  # type: ignore[arg-type]
    ("no_name", without("name"), "name", "feature"),
    ("no_name", without("name") | {"schemaId": "ck"}, "name", "schemaId"),
    ("unknown_feature", row("cart", segments=GOOD), "name", "Did you mean 'car'?"),
    ("unknown_feature", row("weather", segments=GOOD), "name", "is a question"),
    ("unknown_feature", row("wether", answer={"name": "sun"}), "name", "Did you mean 'weather'?"),
    ("unknown_feature", below({"name": "color", "answer": {"name": "red"}}), "[0].name", "Did you mean 'colour'?"),
    ("unknown_option", row("weather", answer={"name": "sin"}), "answer.name", "Did you mean 'sun'?"),
    ("unknown_option", row("who", answer=[{"name": "a"}, {"name": "A"}]), "answer[1].name", "Did you mean 'a'?"),
    ("unknown_option", below({"name": "colour", "answer": {"name": "bleu"}}), "answer.name", "'blue'"),
    ("frame_before_start", row("car", segments=segments([box(0)])), "segments[0].keyframes[0].frame", "frame_base=0"),
    ("frame_past_end", row("car", segments=segments([box(201)])), "segments[0].keyframes[0].frame", "200 frames"),
    ("frame_past_end", row("phase", answer={"name": "end", "frames": frames((1, 201))}), "answer.frames[0].end", "200"),
    (
        "frame_before_start",
        row("events", answer=[{"name": "e1", "frames": frames((0, 2))}]),
        "frames[0].start",
        "first",
    ),
    ("reversed_range", row("phase", answer={"name": "end", "frames": frames((9, 2))}), "answer.frames[0]", "before"),
    ("overlapping_ranges", row("phase", answer={"name": "end"}, frames=frames((1, 5), (5, 9))), "frames", "overlap"),
    ("bad_frames", row("phase", answer={"name": "end"}, frames=[]), "frames", "ranges"),
    ("bad_frame", row("car", segments=segments([box("1")])), "segments[0].keyframes[0].frame", "whole"),  # type: ignore[arg-type]
    ("bad_frame", row("car", segments=segments([box(1.5)])), "segments[0].keyframes[0].frame", "1.5"),  # type: ignore[arg-type]
    ("bad_frame", row("phase", answer={"name": "end", "frames": [{"start": 1}]}), "frames[0].end", "None"),
    ("confidence_out_of_range", row("car", confidence=1.2, segments=GOOD), "confidence", "0 to 1"),
    ("confidence_out_of_range", row("weather", answer={"name": "sun", "confidence": -1}), "answer.confidence", "-1"),
    ("confidence_out_of_range", row("free", confidence="0.5", answer="x"), "confidence", "'0.5'"),
    ("confidence_out_of_range", row("free", confidence=float("nan"), answer="x"), "confidence", "nan"),
    ("several_shapes", row("car", segments=segments([box(1, point={"x": 1, "y": 1})])), "keyframes[0]", "2 shapes"),
    ("no_shape", keyframe(), "keyframes[0]", "no shape"),
    ("mixed_shapes", row("car", segments=segments([box(1), point(2, 5, 5)])), "segments", "bbox and point"),
    (
        "overlapping_segments",
        row("car", segments=segments([box(1), box(9)], [box(9), box(12)])),
        "segments[1]",
        "1 to 9",
    ),
    ("empty_track", row("car", segments=[]), "segments", "no segments"),
    ("empty_track", row("car", segments=segments([])), "segments[0]", "no keyframes"),
    ("bad_segments", row("car", segments={"keyframes": []}), "segments", "list"),
    ("bad_segments", row("car", segments=[{}]), "segments[0]", "keyframes"),
    ("bad_keyframe", row("car", segments=segments([3])), "keyframes[0]", "dict"),  # type: ignore[list-item]
    ("not_on_video", row("car", masks={"frames": []}), "masks", "no masks on video"),
    ("not_on_video", keyframe(mask={"png": ""}), "keyframes[0]", "no mask on video"),
    ("not_on_video", keyframe(polygon=[{"x": 1, "y": 1}]), "keyframes[0]", "no polygon on video"),
    ("no_frames", row("car", bbox=box(1)["bbox"]), "bbox", "on no frame"),
    (
        "no_frames",
        row("events", answer=[{"name": "e1", "frames": frames((1, 2))}, {"name": "e2"}]),
        "answer[1]",
        "'e2'",
    ),
    ("negative_size", row("car", segments=segments([box(1, width=-5)])), "keyframes[0].bbox", "negative"),
    ("not_a_number", row("car", segments=segments([box(1, left="9")])), "keyframes[0].bbox", "left"),  # type: ignore[arg-type]
    ("not_a_number", row("car", segments=segments([box(1, top=float("inf"))])), "keyframes[0].bbox", "top"),
    ("not_a_number", row("nose", segments=segments([point(1, None, 2)])), "keyframes[0].point", "x"),  # type: ignore[arg-type]
    ("bad_shape", keyframe(bbox=[1, 2, 3, 4]), "keyframes[0].bbox", "left, top"),
    ("short_line", row("lane", segments=segments([line(1, (1, 1))])), "keyframes[0].line", "two points"),
    ("orphan_nested_answer", row("weather", classifications=[RED]), "answer", "no answer"),
    (
        "orphan_nested_answer",
        row("weather", answer={"name": "sun", "classifications": [{"name": "how", "answer": {"name": "hard"}}]}),
        "answer.classifications[0].name",
        "below 'rain'",
    ),
    (
        "orphan_nested_answer",
        row("who", answer=[{"name": "a"}, {"name": "b"}], classifications=[{"name": "note", "answer": "x"}]),
        "classifications",
        "2 answers",
    ),
    (
        "orphan_nested_answer",
        row(
            "phase",
            answer={
                "name": "start",
                "frames": frames((1, 5)),
                "classifications": [{"name": "sub", "answer": {"name": "x", "frames": frames((4, 6))}}],
            },
        ),
        "frames",
        "outside",
    ),
    ("several_answers", row("weather", answer=[{"name": "sun"}, {"name": "rain"}]), "answer", "one answer"),
    ("repeated_answer", row("who", answer=[{"name": "a"}, {"name": "a"}]), "answer", "twice"),
    ("answered_twice", below(RED, RED), "classifications[1]", "twice"),
    ("wrong_kind", row("weather", answer="sun"), "answer", "fixed answers"),
    ("wrong_kind", row("free", answer={"name": "x"}), "answer", "takes a text"),
    ("wrong_scope", row("weather", answer={"name": "sun"}, frames=frames((1, 2))), "name", "once for the whole video"),
    ("wrong_scope", row("phase", answer={"name": "end"}), "name", "by frame"),
    ("no_answer", row("weather", answer=None), "answer", "no answer"),
    ("bad_answer", row("weather", answer=7), "answer", "dict"),
    ("bad_classification", below("red"), "classifications[0]", "dict"),
    ("two_kinds", row("car", segments=GOOD, answer="x"), "segments", "two rows"),
    ("empty_row", row("car"), "", "neither"),
    ("unknown_split", row("car", segments=GOOD) | {"dataRow": {"globalKey": "a.mp4", "split": "x"}}, "split", "test"),
    ("not_a_row", None, "", "dict"),
    ("not_a_row", [1], "", "list"),
]


@pytest.mark.parametrize(
    ("code", "given", "path", "words"), FAULTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_fault_is_an_error_of_its_row_with_its_place(code: str, given: Any, path: str, words: str) -> None:
    found = from_labelbox([given], config=CONFIG, videos=VIDEOS)
    [errors] = found.table["errors"]
    matching = [fault for fault in errors if fault["code"] == code]
    assert matching, errors
    assert matching[0]["path"].endswith(path)
    assert words in matching[0]["message"]
    assert found.table["status"].tolist() == ["failed"]
    assert found.results == {}


def test_all_faults_of_a_row_are_told_at_once() -> None:
    given = row("car", confidence=2, segments=segments([box(0), box(500), box(3, width=-1)]))
    [errors] = from_labelbox([given], config=CONFIG, videos=VIDEOS).table["errors"]
    assert [fault["code"] for fault in errors] == ["confidence_out_of_range"]
    [errors] = from_labelbox([given | {"confidence": 1}], config=CONFIG, videos=VIDEOS).table["errors"]
    assert [fault["code"] for fault in errors] == ["frame_before_start", "frame_past_end", "negative_size"]


@pytest.mark.parametrize("lacking", ["width", "height", "fps", "frames"])
@pytest.mark.parametrize("bad", [None, 0, -3, float("nan"), "many", True])
def test_video_facts_that_are_missing_or_of_no_use_are_an_error_that_names_them(lacking: str, bad: Any) -> None:
    found = from_labelbox([row("car", segments=GOOD)], config=CONFIG, videos={"a.mp4": FACTS | {lacking: bad}})
    [[error]] = found.table["errors"]
    assert error["code"] == "missing_video_facts"
    assert lacking in error["message"]


def test_answers_for_the_whole_video_need_no_facts() -> None:
    found = from_labelbox([row("free", answer="x")], config=CONFIG, videos={"a.mp4": None})
    assert found.table["status"].tolist() == ["ready"]


def test_two_rows_with_one_uuid_or_one_answer_are_refused_after_the_first() -> None:
    rows = [row("free", "u1", answer="x"), row("weather", "u1", answer={"name": "sun"}), row("free", "u2", answer="y")]
    found = from_labelbox(rows, config=CONFIG, videos=VIDEOS)
    assert found.table["status"].tolist() == ["ready", "failed", "failed"]
    assert [fault["code"] for faults in found.table["errors"] for fault in faults] == [
        "repeated_uuid",
        "answered_twice",
    ]


def test_a_bad_row_of_an_object_fails_the_object() -> None:
    rows = [row("car", segments=segments([box(1)])), row("car", segments=segments([box(0)]))]
    found = from_labelbox(rows, config=CONFIG, videos=VIDEOS)
    assert [fault["code"] for faults in found.table["errors"] for fault in faults] == [
        "object_failed",
        "frame_before_start",
    ]
    assert found.results == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"config": "<View/>"}, "LabelConfig"),
        ({"frame_base": 2}, "frame_base"),
        ({"frame_base": True}, "frame_base"),
        ({"release": 1.23}, "release"),
        ({"videos": None}, "lsnb.probe"),
        ({"videos": [FACTS]}, "lsnb.probe"),
        ({"videos": {None: FACTS}}, "key"),
        ({"videos": pd.DataFrame([FACTS])}, "names no item"),
        ({"splits": ["training"]}, "splits"),
        ({"payload": 3}, "payload"),
        ({"payload": pd.DataFrame()}, "payload"),
        ({"payload": b"{}"}, "payload"),
    ],
)
def test_arguments_of_no_use_are_refused_in_words(arguments: dict[str, Any], words: str) -> None:
    given = {"payload": [], "config": CONFIG, "videos": VIDEOS} | arguments
    with pytest.raises(InputError, match=words):
        from_labelbox(given.pop("payload"), **given)


def test_writing_refuses_what_it_cannot_read_in_words() -> None:
    found = from_labelbox([row("car", segments=GOOD)], config=CONFIG, videos=VIDEOS)
    with pytest.raises(InputError, match="width and height of a"):
        to_labelbox(found, config=CONFIG, videos={})
    for nothing in (3, "tasks", None, [3]):
        with pytest.raises(InputError, match="tasks"):
            to_labelbox(nothing, config=CONFIG, videos=VIDEOS)
