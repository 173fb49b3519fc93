"""What a model left in a table's cell, as results of one control."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lsnb import LabelConfig
from lsnb.errors import InputError
from lsnb.predictions import cell_results, from_answers, from_detections

CONFIG = (
    LabelConfig.image("uri")
    .rectangles("box", ["cat", "dog"])
    .choices("mood", ["up", "down"])
    .choices("many", ["x", "y"], multiple=True)
    .rating("stars")
    .number("n")
    .textarea("words")
    .datetime("day")
)
RANKED = LabelConfig.from_xml(
    '<View><List name="l" value="$items"/><Ranker name="order" toName="l"><Bucket name="best"/><Bucket name="rest"/>'
    "</Ranker></View>"
)


def read(cell: Any, control: str = "box") -> list[dict[str, Any]]:
    return cell_results(cell, control, config=CONFIG, item="a")


@pytest.mark.parametrize(
    ("control", "cell", "value"),
    [
        ("mood", "up", {"choices": ["up"]}),
        ("many", ["x", "y"], {"choices": ["x", "y"]}),
        ("stars", 4, {"rating": 4}),
        ("stars", np.float64(4), {"rating": 4}),
        ("n", "2.5", {"number": 2.5}),
        ("words", "hello", {"text": ["hello"]}),
        ("many", "x; y", {"choices": ["x", "y"]}),
        ("words", ["hello", "you"], {"text": ["hello", "you"]}),
        ("day", dt.date(2026, 5, 1), {"datetime": "2026-05-01T00:00"}),
        ("day", "2026-05-01 10:30", {"datetime": "2026-05-01T10:30"}),
        ("order", {"best": ["2"], "rest": [1]}, {"ranker": {"best": ["2"], "rest": ["1"]}}),
    ],
)
def test_an_answer_becomes_a_result_of_its_control(control: str, cell: Any, value: dict[str, Any]) -> None:
    """Read as ``from_answers`` reads it: a study's table of answers and one of predictions say the same."""
    config = RANKED if control == "order" else CONFIG
    (result,) = cell_results(cell, control, config=config, item="a")
    assert (result["from_name"], result["value"]) == (control, value)
    assert from_answers(pd.DataFrame({"item": ["a"], control: [cell]}), config=config).results["a"] == [result]


def test_boxes_go_through_the_readers_of_detections() -> None:
    bbox = {"bbox": [8, 6, 40, 30], "category": "dog", "image_width": 80, "image_height": 60, "score": 0.5}
    (result,) = read(bbox)
    value = {"x": 10.0, "y": 10.0, "width": 50.0, "height": 50.0, "rotation": 0, "rectanglelabels": ["dog"]}
    assert result["value"] == value
    payload = {"image": {"width": 80, "height": 60}, "annotations": [{**bbox, "category": 18}]}
    expected = from_detections({"a": payload}, config=CONFIG).results["a"]
    assert read(payload) == expected
    assert read(str(payload)) == expected
    assert read([{"label": "dog", "x": 10, "y": 10, "width": 50, "height": 50, "score": 0.5}])[0]["value"] == value
    endless = [{"label": "dog", "x": 10, "y": 10, "width": 50, "height": 50, "rotation": 10**400}]
    assert read(endless)[0]["value"] == value  # no float holds such a turn
    own = [{"type": "rectanglelabels", "value": value, "id": "r"}]
    assert read(own) == [{**own[0], "from_name": "box", "to_name": "uri"}]


@pytest.mark.parametrize("cell", [None, math.nan, "", [], {}, "[]", "null"])
def test_an_empty_cell_gives_no_results(cell: Any) -> None:
    assert read(cell) == []


def test_a_box_that_leaves_the_picture_is_clipped() -> None:
    (result,) = read([{"label": "dog", "x": 60, "y": 10, "width": 50, "height": 50}])
    assert (result["value"]["x"], result["value"]["width"]) == (60.0, 40.0)


@pytest.mark.parametrize(
    ("control", "cell", "sentence"),
    [
        ("mood", "upp", "Did you mean 'up'"),
        ("mood", ["up", "down"], "takes one choice"),
        ("stars", 9, "above 5"),
        ("stars", 2.5, "no whole number"),
        ("n", "many", "is no number"),
        ("n", True, "is no number"),
        ("day", "today", "is no date"),
        ("day", "03/04/2024", "may be a day and a month"),
        ("many", [{"type": "choices", "value": {"choices": ["x"]}}, "y"], "holds Label Studio results and something"),
        ("mood", {"bbox": [1, 2, 3, 4]}, "takes no boxes"),
        ("box", [{"bbox": [8, 6, 40, 30], "label": "dog"}], "size is unknown"),
        ("box", [{"label": "dgo", "x": 1, "y": 1, "width": 5, "height": 5}], "Did you mean 'dog'"),
        ("box", [{"label": "dog", "x": 1, "y": 1, "width": 5, "height": 5, "score": 50}], "percent divided by 100"),
        ("box", "a cat", "is no JSON"),
        ("box", [{"type": "choices", "value": {"choices": ["up"]}}], "the result is 'choices'"),
    ],
)
def test_what_is_wrong_with_a_cell_is_a_sentence_that_names_the_item(control: str, cell: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as told:
        read(cell, control)
    assert all(problem.startswith("Prediction for item a: ") for problem in told.value.problems)


def test_all_that_is_wrong_is_told_at_once() -> None:
    parts = [
        {"label": "dgo", "x": 1, "y": 1, "width": 5, "height": 5},
        {"label": "dog", "x": 1, "y": 1, "width": -5, "height": 5},
    ]
    with pytest.raises(InputError) as told:
        read(parts)
    assert len(told.value.problems) == 2
