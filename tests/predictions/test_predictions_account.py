"""No prediction is lost without a word: what a file holds is drawn, or named beside what is wrong with it."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelbox_payloads import CONFIG as LABELBOX
from labelbox_payloads import VIDEOS, box, segments

from lsnb import LabelConfig
from lsnb.errors import InputError
from lsnb.predictions import from_answers, from_coco, from_detections, from_segments, from_spans, from_yolo
from lsnb.predictions.labelbox.reading import from_labelbox

CONFIG = LabelConfig.image("uri").rectangles("animal", ["cat", "dog"])
IMAGES = [{"id": n, "file_name": f"{name}.jpg", "width": 100, "height": 50} for n, name in enumerate("abc")]
CATEGORIES = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
boxes = st.sampled_from([[1, 2, 3, 4], [1, 2], None, "x", [1, 2, "3", 4], [1, 2, -3, 4]])
annotations = st.fixed_dictionaries(
    {},
    optional={
        "image_id": st.sampled_from([0, 1, 2, 0, 1, 2, 9]),
        "category_id": st.sampled_from([1, 2, 1, 2, 7]),
        "bbox": st.just([1, 2, 3, 4]) | boxes,
    },
)


@given(st.lists(annotations | st.just([]), max_size=6))
@settings(max_examples=100)
def test_each_annotation_of_a_coco_file_is_drawn_or_named(given_annotations: list[Any]) -> None:
    found = from_coco({"images": IMAGES, "categories": CATEGORIES, "annotations": given_annotations}, config=CONFIG)
    assert found.tally.unexplained == 0
    assert found.tally.seen == len(found.table)
    drawn = sum(map(len, found.table["regions"]))
    failed = set(found.failures["item"].dropna())
    # The others of a picture that failed are whole, and wait for it to be mended.
    waiting = {
        n for n, one in enumerate(given_annotations) if one and f"{'abc?'[one.get('image_id', 3) % 4]}" in failed
    }
    named = {
        int(fault["path"].partition("[")[2].partition("]")[0])
        for faults in found.table["errors"]
        for fault in faults
        if fault["path"].startswith("annotations[")
    }
    assert drawn + len(waiting | named) == len(given_annotations)


LINES = ["0 .5 .5 .2 .2", "1 .1 .1 .2 .2", "7 .1 .1 .1 .1", "0 .5 .5", "x y", "", "0 .5 .5 .2 nan"]


@given(st.lists(st.lists(st.sampled_from(LINES), max_size=4), max_size=3))
@settings(max_examples=60)
def test_each_line_of_yolo_is_drawn_or_named(files: list[list[str]]) -> None:
    texts = {f"{n}.txt": "\n".join(lines) for n, lines in enumerate(files)}
    if not texts:
        return
    found = from_yolo(texts, config=CONFIG, names=["cat", "dog"])
    assert found.tally.unexplained == 0
    assert found.tally.seen == len(texts)
    for lines, row in zip(files, found.table.to_dict("records"), strict=True):
        wrong = {n for n, line in enumerate(lines, start=1) if line not in (*LINES[:2], "")}
        named = {int(fault["path"].split()[-1]) for fault in row["errors"] if fault["path"].startswith("line")}
        assert wrong == named
        assert len(row["regions"]) == (0 if wrong else sum(line != "" for line in lines))


@pytest.mark.parametrize("source", [{"images": IMAGES, "annotations": []}, {"images": [], "annotations": []}])
def test_a_file_without_annotations_accounts_for_its_pictures(source: dict[str, Any]) -> None:
    found = from_coco(source, config=CONFIG)
    assert found.tally.unexplained == 0
    assert found.tally.seen == len(found.table) == len(source["images"])


CELLS = st.sampled_from(
    [
        [],
        None,
        [{"label": "cat", "x": 1, "y": 2, "width": 3, "height": 4}],
        [{"label": "cow", "x": 1, "y": 2, "width": 3, "height": 4}],
        [{"label": "dog", "x": 1, "y": 2, "width": -3, "height": 4}],
        [{"label": "dog"}],
        "x",
        7,
    ]
)


@given(st.dictionaries(st.sampled_from("abcd"), CELLS, min_size=1))
@settings(max_examples=60)
def test_each_item_of_detections_is_a_row(given_detections: dict[str, Any]) -> None:
    found = from_detections(given_detections, config=CONFIG)
    assert (found.tally.seen, found.tally.unexplained) == (len(given_detections), 0)
    assert found.table["item"].tolist() == list(given_detections)
    for cell, row in zip(given_detections.values(), found.table.to_dict("records"), strict=True):
        is_drawn = isinstance(cell, list) and bool(cell) and cell[0].get("width", -1) > 0 and cell[0]["label"] == "cat"
        assert len(row["regions"]) == is_drawn
        assert is_drawn or not cell or row["errors"]


SEGMENTS = st.sampled_from(
    [
        segments([box(1), box(9)]),
        segments([box(0)]),
        segments([box(900)]),
        segments([{"frame": 1, "bbox": {"top": 1, "left": 2}}]),
        segments([]),
        [],
        "x",
    ]
)
ROWS = st.fixed_dictionaries(
    {
        "dataRow": st.sampled_from([{"globalKey": "a.mp4"}, {"globalKey": "b.mp4"}, {"globalKey": "z"}, {}, 7]),
        "name": st.sampled_from(["car", "car", "cow", None]),
        "uuid": st.just("u"),
        "segments": SEGMENTS,
    }
)


@given(st.lists(ROWS | st.just(7), min_size=1, max_size=4))
@settings(max_examples=60)
def test_each_annotation_of_labelbox_is_drawn_or_named(payload: list[Any]) -> None:
    found = from_labelbox(payload, config=LABELBOX, videos=VIDEOS)
    assert found.tally.unexplained == 0
    assert found.tally.seen == len(found.table)
    drawn = sum(map(len, found.table["regions"]))
    said = [fault for name in ("errors", "warnings") for faults in found.table[name] for fault in faults]
    assert drawn == len(payload) or said or found.notes


ASKED = LabelConfig.text("text").choices("mood", ["up", "down"]).choices("about", ["a", "b"], multiple=True)
ASKED = ASKED.rating("stars").textarea("why")
# Cell → what is drawn of it, or None where it is a fault; nothing of what holds nothing.
ANSWERS: dict[str, list[tuple[Any, Any]]] = {
    "mood": [("up", ["up"]), (" down ", ["down"]), ("sideways", None), ("", ()), (None, ()), (float("nan"), ())],
    "about": [("a", ["a"]), ("a; b", ["a", "b"]), (["b"], ["b"]), ('["a"]', ["a"]), ("a; c", None), (None, ())],
    "stars": [(4, 4), (4.0, 4), ("3", 3), (3.5, None), (900, None), ("many", None), (True, None), (None, ())],
    "why": [("x", ["x"]), ("None", ["None"]), (7, ["7"]), (["x", "y"], ["x", "y"]), (None, ())],
}
SCORES = [(0.5, True), (None, True), (1.5, False), ("high", False), (float("inf"), False)]


@given(
    st.lists(st.tuples(*(st.sampled_from(cells) for cells in ANSWERS.values()), st.sampled_from(SCORES)), max_size=4)
)
@settings(max_examples=80)
def test_each_cell_of_answers_is_drawn_or_named(rows: list[Any]) -> None:
    table = pd.DataFrame(
        {
            **{name: pd.Series([row[n][0] for row in rows], dtype="object") for n, name in enumerate(ANSWERS)},
            "mood_score": pd.Series([row[4][0] for row in rows], dtype="object"),
            "item": [str(n) for n in range(len(rows))],
        }
    )
    found = from_answers(table, config=ASKED)
    assert (found.tally.seen, found.tally.unexplained) == (len(rows), 0)
    for row, made in zip(rows, found.table.to_dict("records"), strict=True):
        named = {fault["path"].partition(".")[0] for fault in made["errors"]}
        cells = dict(zip(ANSWERS, [row[n][1] for n in range(4)], strict=True))
        assert named == {name for name, cell in cells.items() if cell is None} | (
            {"mood"} if not row[4][1] and cells["mood"] not in ((), None) else set()
        )
        if not named:
            drawn = {one["from_name"]: next(iter(one["value"].values())) for one in found.results.get(made["item"], ())}
            assert drawn == {name: cell for name, cell in cells.items() if cell != ()}


TEXT = "Ana eats, Ben 😀 sleeps"
MARKED = LabelConfig.text("text").labels("entity", ["PER", "DO"])
SPANS: list[tuple[Any, tuple[int, int] | None]] = [
    ({"start": 0, "end": 3, "label": "PER"}, (0, 3)),
    ({"start": 0.0, "end": 3.0, "label": "PER"}, (0, 3)),
    ({"start": "0", "end": "3", "label": "PER"}, (0, 3)),
    ({"start_char": 10, "end_char": 13, "entity_group": "PER", "score": 0.5, "word": "Ben"}, (10, 13)),
    ({"start": 17, "end": 23, "label": "DO", "text": "sleeps"}, (16, 22)),
    ((4, 8, "DO"), (4, 8)),
    ({"start": 0.5, "end": 3, "label": "PER"}, None),
    ({"start": 0, "end": 99, "label": "PER"}, None),
    ({"start": 3, "end": 3, "label": "PER"}, None),
    ({"start": 0, "end": 3}, None),
    ({"end": 3, "label": "PER"}, None),
    ({"start": 0, "end": 3, "label": "LOC"}, None),
    ({"start": 0, "end": 3, "label": "PER", "text": "Bob"}, None),
    ({"start": 0, "end": 3, "label": "PER", "score": "high"}, None),
    ({"start": 0, "end": 3, "label": "PER", "score": 87}, None),
    ({"start": 0, "end": 3, "label": ["PER"]}, None),
    ("PER", None),
    (None, None),
]


@given(st.lists(st.sampled_from(SPANS), max_size=5), st.booleans())
@settings(max_examples=80)
def test_each_span_is_drawn_or_named(spans: list[Any], as_table: bool) -> None:
    given_spans: Any = {"a": [one for one, _ in spans]}
    if as_table:
        spans = [one for one in spans if isinstance(one[0], dict)]
        given_spans = pd.DataFrame([{"item": "a", **one} for one, _ in spans], columns=None if spans else ["item"])
    found = from_spans(given_spans, config=MARKED, texts={"a": TEXT})
    assert (found.tally.seen, found.tally.unexplained) == (1, 0)
    row = found.table.to_dict("records")[0]
    wrong = [place for place, (_, drawn) in enumerate(spans) if drawn is None]
    assert bool(row["errors"]) == bool(wrong)
    assert len({fault["path"].partition(".")[0] for fault in row["errors"]}) == len(wrong)
    if not wrong:
        assert [(one["value"]["start"], one["value"]["end"]) for one in found.results["a"]] == [at for _, at in spans]


def test_a_table_of_spans_under_other_names_loses_none() -> None:
    """Each went without a word: spaCy's names, a span without a start, a row of nobody's."""
    table = pd.DataFrame({"item": ["a"], "start_char": [0], "end_char": [3], "label_": ["PER"]})
    results = from_spans(table, config=MARKED, texts={"a": TEXT}).results["a"]
    assert [one["value"]["text"] for one in results] == ["Ana"]
    table = pd.DataFrame({"item": ["a", "b"], "start": [None, None], "end": [3, None], "label": ["PER", None]})
    found = from_spans(table, config=MARKED, texts={"a": TEXT, "b": TEXT})
    assert found.failures["item"].tolist() == ["a"]
    assert found.results["b"] == []
    with pytest.raises(InputError, match="row without an item"):
        from_spans(table.assign(item=["a", None]), config=MARKED)


def test_tags_without_a_prefix_are_spans() -> None:
    tokens = [("Ana", "PER"), ("eats", "DO"), (",", "O"), ("Ben", "PER")]
    found = from_spans({"a": tokens}, config=MARKED, texts={"a": TEXT})
    assert [one["value"]["text"] for one in found.results["a"]] == ["Ana", "eats", "Ben"]


HEARD = LabelConfig.audio("sound").labels("who", ["ana", "ben"])
STRETCHES: list[tuple[dict[str, Any], bool]] = [
    ({"start": 0.5, "end": 1.0, "label": "ana"}, True),
    ({"start": 0.5, "end": 1.0, "label": "ben", "score": 0.5}, True),
    ({"start": 1.0, "end": 0.5, "label": "ana"}, False),
    ({"start": None, "end": 0.5, "label": "ana"}, False),
    ({"start": math.inf, "end": 0.5, "label": "ana"}, False),
    ({"start": -1.0, "end": 0.5, "label": "ana"}, False),
    ({"start": "0:30", "end": 0.5, "label": "ana"}, False),
    ({"start": 0.5, "end": 1.0, "label": "zoe"}, False),
    ({"start": 0.5, "end": 1.0}, False),
    ({"start": 0.5, "end": 1.0, "label": "ana", "score": 50}, False),
]


@given(st.lists(st.tuples(st.sampled_from(STRETCHES), st.sampled_from(["a", "b", None])), min_size=1, max_size=5))
@settings(max_examples=80)
def test_each_stretch_is_drawn_or_named(rows: list[Any]) -> None:
    table = pd.DataFrame([{"item": item, **one} for (one, _), item in rows], dtype="object")
    found = from_segments(table, config=HEARD)
    assert (found.tally.seen, found.tally.unexplained) == (len({item for _, item in rows}), 0)
    for row in found.table.to_dict("records"):
        mine = [whole for (_, whole), item in rows if item == (row["item"] if isinstance(row["item"], str) else None)]
        if not isinstance(row["item"], str):
            assert row["errors"]
            continue
        assert bool(row["errors"]) == (not all(mine))
        assert len(found.results.get(row["item"], ())) == (len(mine) if all(mine) else 0)
