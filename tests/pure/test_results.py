"""Every result type of Label Studio as rows."""

from __future__ import annotations

import math

import pytest
from label_studio_tasks import result

from lsnb.results import RESULT_COLUMNS, frames_per_second, result_rows

PLACE = ("x", "y", "width", "height", "rotation", "start", "end", "start_frame", "end_frame")


def rows_of(kind, value, regions=(), fps=math.nan):
    return [
        dict(zip(RESULT_COLUMNS, row, strict=True))
        for row in result_rows(result(kind, value), regions=regions, fps=fps)
    ]


def place(row):
    return {name: row[name] for name in PLACE if row[name] is not None and row[name] == row[name]}


@pytest.mark.parametrize(
    ("kind", "value", "answers"),
    [
        ("choices", {"choices": ["a"]}, ["a"]),
        ("choices", {"choices": ["a", "b"]}, ["a", "b"]),
        ("choices", {"choices": [["animal", "dog"], ["plant"]]}, ["animal > dog", "plant"]),
        ("choices", {"choices": []}, [None]),
        ("taxonomy", {"taxonomy": [["animal", "dog"], ["plant"]]}, ["animal > dog", "plant"]),
        ("rating", {"rating": 4}, [4]),
        ("number", {"number": 1.5}, [1.5]),
        ("textarea", {"text": ["one", "two"]}, ["one", "two"]),
        ("textarea", {"text": "one"}, ["one"]),
        ("datetime", {"datetime": "2026-01-02"}, ["2026-01-02"]),
        ("pairwise", {"selected": "left"}, ["left"]),
        ("ranker", {"ranker": {"best": ["1", "2"]}}, [{"best": ["1", "2"]}]),
        ("rating", {"odd": 1}, [{"odd": 1}]),
    ],
)
def test_answers_about_an_item(kind, value, answers):
    rows = rows_of(kind, value)
    assert [row["value"] for row in rows] == answers
    assert {row["kind"] for row in rows} == {kind}
    assert all(row["region"] is None and place(row) == {} for row in rows)


@pytest.mark.parametrize(
    ("kind", "value", "answers", "where"),
    [
        (
            "rectanglelabels",
            {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 5, "rectanglelabels": ["car"]},
            ["car"],
            {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 5},
        ),
        (
            "rectangle",
            {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0},
            [None],
            {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0},
        ),
        (
            "labels",
            {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0, "labels": ["car", "red"]},
            ["car", "red"],
            {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0},
        ),
        (
            "ellipselabels",
            {"x": 50, "y": 40, "radiusX": 10, "radiusY": 5, "rotation": 30, "ellipselabels": ["eye"]},
            ["eye"],
            {"x": 40, "y": 35, "width": 20, "height": 10, "rotation": 30},
        ),
        (
            "polygonlabels",
            {"points": [[1, 2], [5, 2], [3, 9]], "polygonlabels": ["a"]},
            ["a"],
            {"x": 1, "y": 2, "width": 4, "height": 7},
        ),
        (
            "vectorlabels",
            {"vertices": [{"x": 1, "y": 2}, {"x": 5, "y": 4}], "vectorlabels": ["a"]},
            ["a"],
            {"x": 1, "y": 2, "width": 4, "height": 2},
        ),
        (
            "keypointlabels",
            {"x": 1, "y": 2, "width": 0.5, "keypointlabels": ["nose"]},
            ["nose"],
            {"x": 1, "y": 2, "width": 0.5},
        ),
        ("brushlabels", {"format": "rle", "rle": [1, 2], "brushlabels": ["sky"]}, ["sky"], {}),
        ("bitmasklabels", {"imageDataURL": "data:", "bitmasklabels": ["sky"]}, ["sky"], {}),
        ("labels", {"start": 3, "end": 7, "text": "word", "labels": ["PER"]}, ["PER"], {"start": 3, "end": 7}),
        ("labels", {"start": 0.5, "end": 1.5, "channel": 0, "labels": ["s"]}, ["s"], {"start": 0.5, "end": 1.5}),
        (
            "hypertextlabels",
            {
                "start": "/p[1]/text()[1]",
                "end": "/p[1]/text()[1]",
                "startOffset": 1,
                "endOffset": 3,
                "globalOffsets": {"start": 11, "end": 13},
                "hypertextlabels": ["a"],
            },
            ["a"],
            {"start": 11, "end": 13},
        ),
        (
            "paragraphlabels",
            {"start": "0", "end": "2", "startOffset": 1, "endOffset": 3, "paragraphlabels": ["a"]},
            ["a"],
            {},
        ),
        (
            "timeserieslabels",
            {"start": 1.5, "end": 2, "instant": False, "timeserieslabels": ["fall"]},
            ["fall"],
            {"start": 1.5, "end": 2},
        ),
        ("timeserieslabels", {"start": "2020-01-01", "end": "2020-01-02", "timeserieslabels": ["fall"]}, ["fall"], {}),
        ("newlabels", {"newlabels": ["x"]}, ["x"], {}),
        (
            "rectanglelabels",
            {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0},
            [None],
            {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0},
        ),
    ],
)
def test_regions(kind, value, answers, where):
    rows = rows_of(kind, value)
    assert [row["value"] for row in rows] == answers
    assert all(row["region"] == "r1" and place(row) == where for row in rows)


def test_timelines_are_seconds_with_the_end_excluded_and_frames_with_it_included():
    value = {"ranges": [{"start": 9, "end": 15}, {"start": 20, "end": 20}], "timelinelabels": ["run"]}
    first, second = rows_of("timelinelabels", value, fps=10.0)
    assert place(first) == {"start": 0.8, "end": 1.5, "start_frame": 9, "end_frame": 15}
    assert place(second) == {"start": 1.9, "end": 2.0, "start_frame": 20, "end_frame": 20}
    assert place(rows_of("timelinelabels", value)[0]) == {"start_frame": 9, "end_frame": 15}


def track(*keyframes):
    boxes = [
        {
            "frame": frame,
            "enabled": enabled,
            "x": frame,
            "y": 2,
            "width": 3,
            "height": 4,
            "rotation": 0,
            "time": frame / 10,
        }
        for frame, enabled in keyframes
    ]
    return {"framesCount": 50, "duration": 5.0, "sequence": boxes, "labels": ["dog"]}


@pytest.mark.parametrize(
    ("keyframes", "last"),
    [([(5, True), (12, False)], 12), ([(12, False), (5, True)], 12), ([(5, True), (12, True)], 50)],
)
def test_a_track_lasts_until_a_keyframe_ends_it(keyframes, last):
    (row,) = rows_of("videorectangle", track(*keyframes), fps=10.0)
    assert row["value"] == "dog"
    box = {"x": 5, "y": 2, "width": 3, "height": 4, "rotation": 0}
    assert place(row) == {**box, "start": 0.4, "end": last / 10, "start_frame": 5, "end_frame": last}


def test_answers_about_a_region_share_its_id_and_place():
    box = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0}
    (row,) = rows_of("choices", {**box, "choices": ["occluded"]})
    assert (row["region"], place(row)) == ("r1", box)
    (row,) = rows_of("textarea", {"text": ["words"]}, regions={"r1"})
    assert row["region"] == "r1"


def test_what_is_not_known_keeps_its_raw_value():
    (row,) = rows_of("hologram", {"depth": 3})
    assert (row["kind"], row["value"], row["region"]) == ("hologram", {"depth": 3}, "r1")
    odd = {"type": "choices", "from_name": "c"}
    assert result_rows(odd)[0][3] == odd
    relation = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": ["is"]}
    (row,) = (dict(zip(RESULT_COLUMNS, row, strict=True)) for row in result_rows(relation))
    assert row["value"] == {"from_id": "a", "to_id": "b", "direction": "right", "labels": ["is"]}
    assert (row["kind"], row["region"]) == ("relation", "a")


@pytest.mark.parametrize(
    "value",
    [
        {"ranges": [{"start": "x", "end": 2}]},
        {"ranges": None},
        {"sequence": [None]},
        {"points": [[1]]},
        {"x": None, "y": 1, "radiusX": 2},
        {"start": "a", "globalOffsets": 3},
    ],
)
def test_nonsense_places_lose_no_answer(value):
    (row,) = rows_of("timelinelabels", {**value, "timelinelabels": ["run"]})
    assert row["value"] == "run"
    assert place(row) == {}


@pytest.mark.parametrize(
    ("fps", "number"),
    [
        (25, 25.0),
        ("29.97", 29.97),
        ("30000/1001", 30000 / 1001),
        (None, None),
        ("x", None),
        (0, None),
        (-1, None),
        (math.nan, None),
        (math.inf, None),
    ],
)
def test_frame_rates(fps, number):
    found = frames_per_second({"fps": fps})
    assert found == number if number else math.isnan(found)
