"""One row says what a tag is, and every side that reads it says the same: checker, builder, codebook, form, readers and
checkers of results, agreement, plots and predictions."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lsnb.shapes
from lsnb import LabelConfig
from lsnb.annotations import long_table
from lsnb.errors import LabelConfigError
from lsnb.forms.page import MEDIA_KINDS, QUESTION_KINDS
from lsnb.labels.vocabulary import KINDS, METHODS, RELEASE, ROWS, TAGS, UNAVAILABLE, WORDS, Tag, find_tag, version
from lsnb.plots.pictures import DRAWN
from lsnb.predictions import check_results
from lsnb.predictions.checking import rules_of
from lsnb.predictions.labelbox.questions import read_questions
from lsnb.predictions.regions import SHAPE_KINDS as TARGETS
from lsnb.reliability.coefficients import ratings_of
from lsnb.reliability.overlap import is_drawn
from lsnb.results import ANSWERS, NAMED, result_rows

CONTROLS = {name: tag for name, tag in ROWS.items() if tag.role == "control" and "toName" in tag.attributes}
MEDIA = {"Image": "image", "Video": "video", "List": "items", "TimeSeries": "timeseries", "Paragraphs": "paragraphs"}
VERTICES = [{"x": 1.0, "y": 1.0}, {"x": 5.0, "y": 5.0}]
PLACES: dict[str, Any] = {
    "x": 10.0,
    "y": 10.0,
    "width": 5.0,
    "height": 5.0,
    "radiusX": 5.0,
    "radiusY": 5.0,
    "points": [[1.0, 1.0], [5.0, 1.0], [5.0, 5.0]],
    "vertices": VERTICES,
    "rle": [0, 0, 0, 4],
    "imageDataURL": "data:image/png;base64,AAAA",
    "start": 0.5,
    "end": 1.5,
    "instant": False,
    "ranges": [{"start": 1, "end": 5}],
}
ANSWER: dict[str, Any] = {
    "ordinal": 3,
    "interval": 1.5,
    "path": ["a"],
    "text": "a",
    "date": "2026-01-01",
    "order": {"a": ["1"]},
}


def config_of(tag: Tag) -> LabelConfig:
    """Return a config with this control, read from XML."""
    shown = (tag.media or ("Text",))[0]
    value = '<Channel column="a"/>' if shown == "TimeSeries" else ""
    options = f'<{tag.option} {"name" if tag.option == "Bucket" else "value"}="a"/>' if tag.option else ""
    beside = f'<{tag.beside} name="l" toName="m"><Label value="a"/></{tag.beside}>' if tag.beside else ""
    media = f'<{shown} name="m" value="$m">{value}</{shown}>'
    targets = "m,m2" if tag.targets == 2 else "m"
    more = f'<{shown} name="m2" value="$m2"/>' if tag.targets == 2 else ""
    return LabelConfig.from_xml(
        f'<View>{media}{more}{beside}<{tag.name} name="c" toName="{targets}">{options}</{tag.name}></View>'
    )


def result_of(tag: Tag) -> dict[str, Any]:
    """Return a result of this control as Label Studio writes it."""
    value: dict[str, Any] = {name: PLACES[name] for name in tag.holds if name in PLACES and tag.shape != "Track"}
    if tag.shape == "Track":
        keyframe = {"frame": 1, "enabled": True, "time": 0.1, "rotation": 0, "x": 1.0, "y": 1.0}
        keyframe |= {"vertices": VERTICES} if "vertices" in tag.holds else {"width": 5.0, "height": 5.0}
        value = {"framesCount": 9, "duration": 0.9, "sequence": [keyframe]}
    if tag.key:
        answer = ANSWER.get(tag.level, tag.answers[0] if tag.answers else "a")
        value[tag.key] = [answer] if tag.is_listed else answer
    result = {"from_name": "c", "to_name": "m", "type": tag.kind, "value": value}
    if tag.is_region:
        result["id"] = "r"
    if "rle" in tag.holds:
        result |= {"original_width": 1, "original_height": 1}
    return result


def long_of(tag: Tag) -> pd.DataFrame:
    done = {"id": 1, "completed_by": 3, "result": [result_of(tag)]}
    return long_table([{"id": 1, "data": {"fps": 10}, "annotations": [done]}])


@pytest.mark.parametrize("name", CONTROLS)
def test_a_row_marks_or_asks_and_names_what_its_shape_is(name: str) -> None:
    tag = CONTROLS[name]
    assert tag.is_region != tag.is_question
    assert tag.kind == name.lower()
    assert bool(tag.holds) == tag.is_region
    assert not tag.shape or inspect.isclass(getattr(lsnb.shapes, tag.shape))
    assert tag.name not in UNAVAILABLE
    assert KINDS[tag.kind] is tag


@pytest.mark.parametrize("name", CONTROLS)
def test_the_checker_takes_it_from_its_release_on_and_no_sooner(name: str) -> None:
    tag, config = CONTROLS[name], config_of(CONTROLS[name])
    since = max([tag.since, *(TAGS[media].since for media in tag.media if media in TAGS)], key=version)
    assert config.check(release=since or "1.14.0") == []
    assert (config.check() == []) == (version(tag.since) <= version(RELEASE))
    if tag.since:
        earlier = ".".join(str(part) for part in (*version(tag.since)[:1], version(tag.since)[1] - 1, 0))
        assert f"{name} " in str(config.check(release=earlier)[0])
        assert tag.since in str(config.check(release=earlier)[0])


@pytest.mark.parametrize("name", CONTROLS)
def test_readers_take_apart_what_the_row_says_it_holds(name: str) -> None:
    tag = CONTROLS[name]
    assert (tag.kind in NAMED, tag.kind in ANSWERS) == (tag.is_region, tag.is_question)
    [row] = result_rows(result_of(tag), fps=10.0)
    assert row[1] == tag.kind
    assert (row[2] == "r") == tag.is_region
    wanted = ANSWER.get(tag.level, tag.answers[0] if tag.answers else "a")
    assert row[3] == ("a" if tag.is_tree else wanted if tag.key else None)


@pytest.mark.parametrize("name", CONTROLS)
def test_the_check_of_results_takes_the_same_and_refuses_it_without_what_it_holds(name: str) -> None:
    tag, config = CONTROLS[name], config_of(CONTROLS[name])
    rule = rules_of(config).controls["c"]
    assert rule.row is tag
    result = result_of(tag)
    assert [fault.code for fault in check_results([result], config=config) if not fault.is_warning] == []
    for key in [tag.holds[0] if tag.shape != "Track" else "sequence"] if tag.is_region else [tag.key]:
        value = {name: given for name, given in result["value"].items() if name != key}
        assert check_results([{**result, "value": value}], config=config), key


@pytest.mark.parametrize("name", CONTROLS)
def test_agreement_plots_and_predictions_read_the_row(name: str) -> None:
    tag = CONTROLS[name]
    long = long_of(tag)
    assert is_drawn(long, "c") == tag.is_region
    if tag.is_question:
        usual = tag.level if tag.level in ("ordinal", "interval") else "nominal"
        assert ratings_of(long, "c")[1].level in (usual, "sets")
    on_pictures = tag.is_region and "Image" in tag.media and not tag.names_others
    assert (tag.kind in DRAWN) == on_pictures
    shapes = [shape for shape, kinds in TARGETS.items() if tag.kind in kinds]
    assert len(shapes) <= 1
    if shapes:
        assert tag.has_labels or tag.beside


@pytest.mark.parametrize("name", [name for name, tag in CONTROLS.items() if tag.shape == "Track"])
def test_labelbox_sees_a_track_from_its_release_on(name: str) -> None:
    tag = CONTROLS[name]
    for release in ("1.23.2", "1.24.0"):
        found = read_questions(config_of(tag), release)
        assert bool(found.tools or found.vectors) == (version(tag.since) <= version(release))
        assert set(found.vectors) == ({"a"} if "vertices" in tag.holds and release == "1.24.0" else set())


@pytest.mark.parametrize("method", METHODS)
def test_the_builder_has_each_method_and_it_adds_what_its_row_says(method: str) -> None:
    tag = METHODS[method]
    built = getattr(LabelConfig, method)
    if tag.role == "object":
        extra = (["a"],) if method == "timeseries" else ()
        config = built("m", *extra)
        assert config.fields["m"].tag == tag.name
        assert config.fields["m"].kind in tag.kinds
        return
    parameters = inspect.signature(built).parameters
    assert ("required" in parameters) == tag.can_be_required
    # Labels are a method of their own; the others offer by the second argument, if they offer at all.
    second = [p for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD][2:]
    if method not in ("relations",):
        needed = bool(second) and second[0].default is inspect.Parameter.empty
        assert tag.offers == ("needed" if needed else "allowed" if second else "none")


@pytest.mark.parametrize("word", WORDS)
def test_a_codebook_says_of_a_control_the_word_that_builds_it_again(word: str) -> None:
    tag, way = WORDS[word]
    spans = [shown for shown in TAGS.values() if shown.spans == tag.name and shown.method]
    media = spans or [TAGS[name] for name in tag.media or ("Text",) if TAGS[name].method]
    start = getattr(LabelConfig, media[0].method)("m")
    if tag.targets == 2:
        start = start.text("m2")
    answers = [("c", "a", "", ""), ("c", "b", "", "")] if tag.offers != "none" else []
    rows = [("c", "", "What?", word), *answers]
    table = pd.DataFrame(rows, columns=["variable", "label", "description", "type"])
    config = start.codebook_questions(table)
    assert config.controls["c"].row is tag
    assert set(config.codebook["type"]) == {word}
    assert start.codebook_questions(config.codebook) == config
    assert way in tag.ways


def test_a_tool_without_labels_is_the_same_word_in_a_codebook() -> None:
    config = LabelConfig.image("uri").rectangles("box")
    assert LabelConfig.image("uri").codebook_questions(config.codebook) == config


def test_the_form_offers_every_way_that_has_a_name() -> None:
    named = [way.name for tag in METHODS.values() for way in tag.ways if way.name]
    assert list(QUESTION_KINDS) == named
    assert len(set(named)) == len(named)
    for name, kind in QUESTION_KINDS.items():
        assert kind.words, name
        assert all(any(media in shown.kinds for shown in TAGS.values()) for media in kind.media)
    assert set(MEDIA_KINDS) <= set(METHODS)


@pytest.mark.parametrize("name", ["VideoVector", "VideoVectorLabels"])
def test_a_tag_of_a_newer_release_is_one_thing_to_all(name: str) -> None:
    config = config_of(ROWS[name])
    assert find_tag(name) is not None
    assert name not in TAGS
    [problem] = config.check(release="1.23.2")
    assert "needs Label Studio 1.24.0" in problem.message
    assert "VideoRectangle" in problem.message
    assert config.check(release="1.24.0") == []
    assert config.controls["c"].labels == ("a",)
    assert "c" in rules_of(config).controls
    line = {"frame": 1, "vertices": [{"x": 1.0, "y": 1.0}]}
    value = {"sequence": [line], "labels": ["a"]}
    result = {"id": "r", "from_name": "c", "to_name": "m", "type": name.lower(), "value": value}
    assert [fault.code for fault in check_results([result], config=config)] == ["too_few_points"]


ODD = {
    "stars": lambda c: c.rating("q", stars="5", title=3),
    "minimum": lambda c: c.number("q", minimum="a", step=None, slider="yes"),
    "rows": lambda c: c.textarea("q", rows="2", most=0),
    "size": lambda c: c.header(3, size="4"),
    "to": lambda c: c.rectangles("q", to=3, title=None),
    "titles": lambda c: c.pair("a", 3, titles=("x",)),
    "layout": lambda c: c.choices("q", "a, b", layout="row", required="yes"),
}


@pytest.mark.parametrize("name", ODD)
def test_a_method_says_every_field_that_is_wrong_at_once(name: str) -> None:
    with pytest.raises(LabelConfigError) as caught:
        ODD[name](LabelConfig.image("uri"))
    assert len(caught.value.problems) == 2
    assert any(problem.startswith(f"{name} is ") for problem in caught.value.problems)
    assert all(": give " in problem and problem.endswith(".") for problem in caught.value.problems)


VALUES = (
    None,
    -1,
    0,
    3,
    1.5,
    float("nan"),
    np.int64(2),
    np.float32(0.5),
    np.bool_(True),
    "",
    "a",
    [],
    [1],
    {},
    object(),
)
NAMES = [method for method, tag in METHODS.items()] + ["images", "pair", "header", "instructions", "columns", "filter"]


@pytest.mark.parametrize("method", NAMES)
def test_odd_values_give_a_config_or_a_sentence(method: str) -> None:
    config = LabelConfig.image("uri").text("words").video("film").items("things").timeseries("csv", ["a"])
    parameters = [
        p for p in inspect.signature(getattr(config, method)).parameters.values() if p.kind is not p.VAR_KEYWORD
    ]
    usual = {p.name: p.default for p in parameters if p.default is not p.empty}
    needed = {p.name: "a" for p in parameters if p.default is p.empty}
    sentences: list[str] = []
    for parameter, value in itertools.product(parameters, VALUES):
        given = {**needed, **usual, parameter.name: value}
        positional = [given.pop(p.name) for p in parameters if p.kind is p.POSITIONAL_ONLY]
        try:
            grown = getattr(config, method)(*positional, **given)
        except LabelConfigError as error:
            sentences += error.problems
        else:
            assert isinstance(grown, LabelConfig)
    assert sentences
    assert all(sentence.endswith((".", "?")) for sentence in sentences)


@pytest.mark.parametrize("whole", [np.int8(3), np.int64(3), np.uint16(3), 3])
def test_whole_numbers_of_numpy_are_whole_numbers_everywhere(whole: Any) -> None:
    image = LabelConfig.image("uri")
    assert image.rating("q", stars=whole) == image.rating("q", stars=3)
    assert image.textarea("q", rows=whole, most=whole) == image.textarea("q", rows=3, most=3)
    assert image.number("q", minimum=whole, maximum=9) == image.number("q", minimum=3, maximum=9)
    assert image.header("q", size=whole) == image.header("q", size=3)
    assert LabelConfig.video("v", frame_rate=whole) == LabelConfig.video("v", frame_rate=3)
    assert image.rectangles("q", "a", stroke_width=whole) == image.rectangles("q", "a", stroke_width=3)
