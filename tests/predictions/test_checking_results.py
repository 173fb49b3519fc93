"""Checks of results, against the server's own: LabelInterface.validate_prediction of label-studio-sdk."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_sdk.label_interface import LabelInterface
from server_check import IS_OLDER, needs_todays_check

from lsnb import LabelConfig
from lsnb.errors import InputError
from lsnb.predictions import check_results, score_faults

XML = """<View>
<Image name="i" value="$i"/><Text name="t" value="$t"/><HyperText name="h" value="$h"/><Paragraphs name="p" value="$p"/>
<Video name="v" value="$v" frameRate="$fps"/><Audio name="a" value="$a"/>
<TimeSeries name="s" value="$s"><Channel column="c"/></TimeSeries><List name="l" value="$l"/>
<Choices name="mood" toName="t"><Choice value="up"/><Choice value="down" alias="dn"/></Choices>
<Choices name="many" toName="t" choice="multiple"><Choice value="x"/><Choice value="y"/></Choices>
<Choices name="free" toName="t" value="$options"/>
<Choices name="each" toName="i" perRegion="true"><Choice value="old"/></Choices>
<Taxonomy name="tax" toName="t"><Choice value="a"><Choice value="b"/></Choice></Taxonomy>
<Rating name="stars" toName="t" maxRating="4"/><Number name="n" toName="t" min="0" max="9"/>
<DateTime name="day" toName="t"/><TextArea name="words" toName="t"/><Pairwise name="pair" toName="t,h"/>
<Ranker name="rank" toName="l"><Bucket name="best"/></Ranker>
<Labels name="span" toName="t"><Label value="PER"/></Labels>
<Labels name="clip" toName="a"><Label value="bird"/></Labels>
<HyperTextLabels name="hspan" toName="h"><Label value="PER"/></HyperTextLabels>
<ParagraphLabels name="pspan" toName="p"><Label value="PER"/></ParagraphLabels>
<TimeSeriesLabels name="wave" toName="s"><Label value="peak"/></TimeSeriesLabels>
<TimelineLabels name="act" toName="v"><Label value="run"/></TimelineLabels>
<VideoRectangle name="track" toName="v"/><Labels name="who" toName="v"><Label value="dog"/></Labels>
<RectangleLabels name="box" toName="i"><Label value="cat"/><Label value="dog"/></RectangleLabels>
<EllipseLabels name="oval" toName="i"><Label value="cat"/></EllipseLabels>
<PolygonLabels name="poly" toName="i"><Label value="cat"/></PolygonLabels>
<KeyPointLabels name="point" toName="i"><Label value="nose"/></KeyPointLabels>
<VectorLabels name="line" toName="i"><Label value="road"/></VectorLabels>
<BrushLabels name="brush" toName="i"><Label value="cat"/></BrushLabels>
<BitmaskLabels name="bits" toName="i"><Label value="cat"/></BitmaskLabels>
<Rectangle name="rect" toName="i"/><Ellipse name="round" toName="i"/><Polygon name="ring" toName="i"/>
<KeyPoint name="dot" toName="i"/><Vector name="path" toName="i"/><Brush name="paint" toName="i"/>
<Bitmask name="bit" toName="i"/><Labels name="what" toName="i"><Label value="tree"/></Labels>
</View>"""
CONFIG = LabelConfig.from_xml(XML)
SDK = LabelInterface(XML)

BOX = {"x": 10.0, "y": 10.0, "width": 20.0, "height": 20.0, "rotation": 0}
KEYFRAME = {**BOX, "frame": 3, "enabled": False, "time": 0.1}
RLE = [0, 0, 0, 12, 57, 27, 252, 96, 17, 255, 198, 0]
SIZE = {"original_width": 3, "original_height": 1}
VERTICES = [{"x": 1.0, "y": 2.0, "id": "a", "isBezier": False, "prevPointId": None}, {"x": 5.0, "y": 2.0, "id": "b"}]
POINTS = [[1.0, 1.0], [50.0, 1.0], [50.0, 60.0]]
OVAL = {"x": 50.0, "y": 50.0, "radiusX": 10.0, "radiusY": 5.0, "rotation": 0}


def one(name: str, to_name: str, kind: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"id": f"r-{name}", "from_name": name, "to_name": to_name, "type": kind, "value": value, **more}


GOOD = {
    "choices": one("mood", "t", "choices", {"choices": ["up"]}),
    "choices by alias": one("mood", "t", "choices", {"choices": ["dn"]}),
    "several choices": one("many", "t", "choices", {"choices": ["x", "y"]}),
    "choices of the task": one("free", "t", "choices", {"choices": ["anything"]}),
    "taxonomy": one("tax", "t", "taxonomy", {"taxonomy": [["a"], ["a", "b"]]}),
    "rating": one("stars", "t", "rating", {"rating": 4}),
    "number": one("n", "t", "number", {"number": 3.5}),
    "datetime": one("day", "t", "datetime", {"datetime": "2026-05-01"}),
    "textarea": one("words", "t", "textarea", {"text": ["some", "words"]}),
    "pairwise": one("pair", "t", "pairwise", {"selected": "left"}),
    "ranker": one("rank", "l", "ranker", {"ranker": {"best": ["1", "2"]}}),
    "span": one("span", "t", "labels", {"start": 0, "end": 4, "text": "Anna", "labels": ["PER"]}),
    "audio": one("clip", "a", "labels", {"start": 0.5, "end": 1.25, "channel": 0, "labels": ["bird"]}),
    "hypertext": one(
        "hspan",
        "h",
        "hypertextlabels",
        {"start": "/div[1]", "end": "/div[1]", "startOffset": 0, "endOffset": 3, "hypertextlabels": ["PER"]},
    ),
    "paragraphs": one(
        "pspan",
        "p",
        "paragraphlabels",
        {"start": "0", "end": "0", "startOffset": 0, "endOffset": 3, "paragraphlabels": ["PER"]},
    ),
    "timeseries": one(
        "wave", "s", "timeserieslabels", {"start": 1, "end": 2.5, "instant": False, "timeserieslabels": ["peak"]}
    ),
    "timeline": one("act", "v", "timelinelabels", {"ranges": [{"start": 1, "end": 5}], "timelinelabels": ["run"]}),
    "track": one(
        "track", "v", "videorectangle", {"framesCount": 9, "duration": 0.3, "sequence": [KEYFRAME], "labels": ["dog"]}
    ),
    "track without label": one(
        "track", "v", "videorectangle", {"framesCount": 9, "duration": 0.3, "sequence": [KEYFRAME]}
    ),
    "rectangle": one("box", "i", "rectanglelabels", {**BOX, "rectanglelabels": ["cat"]}, score=0.5),
    "ellipse": one("oval", "i", "ellipselabels", {**OVAL, "ellipselabels": ["cat"]}),
    "polygon": one("poly", "i", "polygonlabels", {"points": POINTS, "closed": True, "polygonlabels": ["cat"]}),
    "keypoint": one("point", "i", "keypointlabels", {"x": 1.0, "y": 2.0, "width": 0.5, "keypointlabels": ["nose"]}),
    "vector": one("line", "i", "vectorlabels", {"vertices": VERTICES, "closed": False, "vectorlabels": ["road"]}),
    "brush": one("brush", "i", "brushlabels", {"format": "rle", "rle": RLE, "brushlabels": ["cat"]}, **SIZE),
    "bitmask": one(
        "bits", "i", "bitmasklabels", {"imageDataURL": "data:image/png;base64,AAAA", "bitmasklabels": ["cat"]}
    ),
    "bare rectangle": one("rect", "i", "rectangle", BOX),
    "bare ellipse": one("round", "i", "ellipse", OVAL),
    "bare polygon": one("ring", "i", "polygon", {"points": POINTS}),
    "bare keypoint": one("dot", "i", "keypoint", {"x": 1.0, "y": 2.0, "width": 0.5}),
    "bare vector": one("path", "i", "vector", {"vertices": VERTICES}),
    "bare brush": one("paint", "i", "brush", {"format": "rle", "rle": RLE}, **SIZE),
    "bare bitmask": one("bit", "i", "bitmask", {"imageDataURL": "data:image/png;base64,AAAA"}),
    "merged": one("what", "i", "rectanglelabels", {**BOX, "rectanglelabels": ["tree"]}),
    "merged track": one(
        "who",
        "v",
        "videorectanglelabels",
        {"framesCount": 9, "duration": 0.3, "sequence": [KEYFRAME], "labels": ["dog"]},
    ),
}
ODD: tuple[Any, ...] = (
    *(None, True, -1, -0.5, 0, 1, 0.5, 4.0, 5.5, 49.0, 51, 99.5, 100, 100.5, 361, 1e9, math.nan, math.inf, -math.inf),
    *(
        "",
        "cat",
        "up",
        "12",
        "zzz",
        [],
        ["cat"],
        ["zzz"],
        ["up", "up"],
        [None],
        [1, 2],
        [[1, 2]],
        [["a"]],
        [["b", "a"]],
    ),
    *({}, {"best": ["1"]}, {"best": "1"}, [{}], [{"start": 1, "end": 2}], [{"start": 5, "end": 2, "enabled": "no"}]),
    *([{"x": 1, "y": 2}], [{"x": 1}], [KEYFRAME], [{k: v for k, v in KEYFRAME.items() if k != "enabled"}], [256], [-1]),
)
# What the server's check lets pass, in words of ours.
MORE_THAN_SDK = {
    *("negative", "outside", "not_finite", "several_choices", "unknown_label", "frame_past_end", "frame_before_first"),
    *("missing_key", "wrong_score", "beyond_limits", "end_before_start", "too_few_points", "empty_track", "wrong_id"),
    *("no_size", "wrong_size", "orphan_answer", "double_answer", "double_id", "not_a_number", "frames_out_of_order"),
    *("too_large", "wrong_value", "no_label"),
}


def ours(results: list[Any]) -> set[str]:
    return {fault.code for fault in check_results(results, CONFIG) if not fault.is_warning}


def theirs(results: list[Any]) -> bool:
    return bool(SDK.validate_prediction({"result": results}))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every key and index of a nested value, as paths."""
    if path:
        yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list) and len(value) < 6:
        for number, part in enumerate(value):
            yield from places(part, (*path, number))


def changed(result: Any, path: tuple[Any, ...], to: Any, *, drop: bool = False) -> Any:
    copied = copy.deepcopy(result)
    inner = copied
    for step in path[:-1]:
        inner = inner[step]
    if drop:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return copied


@pytest.mark.parametrize("name", GOOD)
def test_a_good_result_of_each_type_has_no_faults_and_the_server_agrees(name: str) -> None:
    assert IS_OLDER or theirs([GOOD[name]])
    assert check_results([GOOD[name]], CONFIG) == []


@needs_todays_check
@pytest.mark.parametrize("name", GOOD)
def test_whatever_the_server_refuses_is_refused(name: str) -> None:
    missed, alarms = [], []
    for path in places(GOOD[name]):
        spoilt = [changed(GOOD[name], path, odd) for odd in ODD] + [changed(GOOD[name], path, None, drop=True)]
        for result in spoilt:
            codes, is_good = ours([result]), theirs([result])
            if not is_good and not codes:
                missed.append((path, result))
            if is_good and codes - MORE_THAN_SDK:
                alarms.append((path, result, codes))
    assert missed == []
    assert alarms == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 400)
    | st.floats(-10, 120)
    | st.sampled_from(["cat", "up", "PER", "r-box"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["x", "y", "start", "end", "frame", "time", "choices", "box"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)


@st.composite
def spoilt_results(draw: st.DrawFn) -> list[Any]:
    results = [
        copy.deepcopy(GOOD[name]) for name in draw(st.lists(st.sampled_from(sorted(GOOD)), min_size=1, max_size=3))
    ]
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(results) - 1))
        paths = list(places(results[at]))
        if paths:
            results[at] = changed(results[at], draw(st.sampled_from(paths)), draw(JSON))
    if draw(st.booleans()):
        ends = {"from_id": draw(st.sampled_from(["r-box", "r-oval", "none", None])), "to_id": "r-box"}
        results.append({"type": "relation", "direction": draw(st.sampled_from(["left", "bi", "up", None])), **ends})
    return results


@needs_todays_check
@settings(max_examples=250)
@given(results=spoilt_results())
def test_no_combination_that_the_server_refuses_passes(results: list[Any]) -> None:
    if not theirs(results):
        assert ours(results)


@needs_todays_check
@pytest.mark.exhaustive
@settings(max_examples=20_000)
@given(results=spoilt_results())
def test_no_combination_that_the_server_refuses_passes_in_many_tries(results: list[Any]) -> None:
    if not theirs(results):
        assert ours(results)


BEYOND: dict[str, tuple[list[Any], str, str]] = {
    "a video label that the labels beside it lack": (
        [changed(GOOD["track"], ("value", "labels"), ["dgo"])],
        "unknown_label",
        "result[0].value.labels[0]",
    ),
    "a negative place": ([changed(GOOD["rectangle"], ("value", "x"), -4.0)], "negative", "result[0].value.x"),
    "a box that leaves the picture": (
        [changed(GOOD["rectangle"], ("value", "width"), 95.0)],
        "outside",
        "result[0].value",
    ),
    "two answers in one": (
        [changed(GOOD["choices"], ("value", "choices"), ["up", "dn"])],
        "several_choices",
        "result[0].value.choices",
    ),
    "two answers in two": ([GOOD["choices"], GOOD["choices by alias"]], "double_answer", "result[1]"),
    "a frame past the end": (
        [changed(GOOD["track"], ("value", "sequence", 0, "frame"), 10)],
        "frame_past_end",
        "result[0].value.sequence[0].frame",
    ),
    "frame 0": (
        [changed(GOOD["track"], ("value", "sequence", 0, "frame"), 0)],
        "frame_before_first",
        "result[0].value.sequence[0].frame",
    ),
    "a keyframe without a key": (
        [changed(GOOD["track"], ("value", "sequence", 0, "enabled"), None, drop=True)],
        "missing_key",
        "result[0].value.sequence[0]",
    ),
    "a score of 1.9": ([{**GOOD["rectangle"], "score": 1.9}], "wrong_score", "result[0].score"),
    "a taxonomy path of known steps in the wrong order": (
        [changed(GOOD["taxonomy"], ("value", "taxonomy"), [["b"]])],
        "unknown_label",
        "result[0].value.taxonomy[0]",
    ),
    "a key point without its width": (
        [changed(GOOD["keypoint"], ("value", "width"), None, drop=True)],
        "missing_key",
        "result[0].value.width",
    ),
    "two regions with one id": ([GOOD["rectangle"], GOOD["rectangle"]], "double_id", "result[1].id"),
    "an answer about no region": (
        [{**GOOD["rectangle"]}, one("each", "i", "choices", {"choices": ["old"]})],
        "orphan_answer",
        "result[1].id",
    ),
    "a mask of another size": ([{**GOOD["brush"], "original_width": 4}], "wrong_size", "result[0].value.rle"),
    "a number beyond its limits": (
        [changed(GOOD["number"], ("value", "number"), 99)],
        "beyond_limits",
        "result[0].value.number",
    ),
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_the_server_lets_pass_is_found(name: str) -> None:
    results, code, path = BEYOND[name]
    assert IS_OLDER or theirs(results)
    assert [(fault.code, fault.path) for fault in check_results(results, CONFIG)] == [(code, path)]


def test_frames_are_held_against_what_is_known_of_the_video() -> None:
    assert check_results([GOOD["track"], GOOD["timeline"]], CONFIG, {"frames": 9}) == []
    faults = check_results([GOOD["track"], GOOD["timeline"]], CONFIG, {"frames": 2})
    errors = [(fault.code, fault.path) for fault in faults if not fault.is_warning]
    assert errors == [
        ("frame_past_end", "result[0].value.sequence[0].frame"),
        ("frame_past_end", "result[1].value.ranges[0].end"),
    ]


def test_an_answer_about_a_region_shares_its_id_and_is_no_double() -> None:
    other = {**GOOD["rectangle"], "id": "second"}
    about = one("each", "i", "choices", {"choices": ["old"]})
    answers = [{**about, "id": "r-box"}, {**about, "id": "second"}]
    assert check_results([GOOD["rectangle"], other, *answers], CONFIG) == []


def test_a_label_beside_a_shape_of_its_id_is_judged_by_that_shape() -> None:
    label = {**GOOD["bare rectangle"], "from_name": "what", "type": "labels", "value": {**BOX, "labels": ["tree"]}}
    assert IS_OLDER or theirs([GOOD["bare rectangle"], label])
    assert check_results([GOOD["bare rectangle"], label], CONFIG) == []
    assert not theirs([label])
    assert ours([label])


def test_messages_name_the_nearest() -> None:
    wrong = changed(GOOD["rectangle"], ("value", "rectanglelabels"), ["dgo"])
    faults = check_results([wrong, {**GOOD["choices"], "from_name": "mod"}], CONFIG)
    assert "Did you mean 'dog'?" in faults[0].message
    assert "Did you mean 'mood'?" in faults[1].message


def test_a_control_that_the_import_does_not_know_is_told() -> None:
    xml = '<View><Image name="i" value="$i"/><RectangleLabels name="b"><Label value="cat"/></RectangleLabels></View>'
    result = one("b", "i", "rectanglelabels", {**BOX, "rectanglelabels": ["cat"]})
    assert not LabelInterface(xml).validate_prediction({"result": [result]})
    assert [fault.code for fault in check_results([result], LabelConfig.from_xml(xml))] == ["control_without_object"]


@pytest.mark.parametrize("score", [1.01, -0.1, 87, math.nan, math.inf, "0.5", True, [0.5]])
def test_a_score_that_is_none_is_told_with_its_place(score: Any) -> None:
    assert [fault.path for fault in score_faults(score, "annotations[3].score")] == ["annotations[3].score"]


@pytest.mark.parametrize("score", [None, 0, 1, 0.25])
def test_a_good_score_has_no_faults(score: Any) -> None:
    assert score_faults(score) == []


def test_results_that_are_no_list_and_a_config_that_is_none_are_told() -> None:
    assert [fault.code for fault in check_results({"a": 1}, CONFIG)] == ["not_a_list"]
    with pytest.raises(InputError, match=r"give a lsnb\.LabelConfig"):
        check_results([], XML)  # type: ignore[arg-type]
