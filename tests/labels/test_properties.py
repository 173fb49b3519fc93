"""Whatever the builder is asked for, it gives a config that parses, checks clean and survives a round trip, or it
refuses in its own words."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsnb import LabelConfig
from lsnb.errors import LabelConfigError
from lsnb.stack import Stack

# All of Unicode, with the characters that XML, Label Studio or both treat in a special way drawn often. Most texts
# are ones that XML can carry, or nearly every call would be refused.
SPECIAL = st.sampled_from("<>&\"'$, \n\t{}[]/#;:")
SOUND = st.characters(exclude_categories=["Cc", "Cs", "Cn"])
TEXT = st.text(st.one_of(SPECIAL, SOUND), max_size=12)
WILD = st.text(st.one_of(SPECIAL, st.characters()), max_size=12)
NAMES = st.one_of(st.sampled_from([*"abcdefgh"]), st.sampled_from([*"ijklmnop"]), TEXT)
ANSWERS = st.one_of(
    st.lists(st.sampled_from([*"xyzw", "A&B", 'a "b"', "paw<1>"]), min_size=1, max_size=4, unique=True),
    st.lists(TEXT, min_size=1, max_size=4, unique_by=str.strip),
    st.lists(WILD, max_size=4),
)
BOOLS = st.booleans()
CONDITIONS = st.sampled_from(
    [
        {},
        {},
        {},
        {"per_region": True},
        {"per_region": ["x", "y"]},
        {"visible_when": "a"},
        {"visible_unless": {"a": "x"}},
    ]
)
REGIONS = ["rectangles", "ellipses", "polygons", "vectors", "keypoints", "brush", "bitmask"]


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """A builder call as its name and arguments, so that a failure can be read."""
    name = draw(NAMES)
    title = {"title": draw(st.one_of(st.just(""), TEXT))}
    asked = {**title, **draw(CONDITIONS), "required": draw(BOOLS)}
    calls: dict[str, Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]] = {
        **{media: lambda: ((name,), title) for media in MEDIA},
        "timeseries": lambda: ((name, draw(ANSWERS)), {"url": draw(BOOLS)}),
        "choices": lambda: ((name, draw(ANSWERS)), {**asked, "multiple": draw(BOOLS)}),
        "taxonomy": lambda: ((name, draw(st.dictionaries(TEXT, ANSWERS, max_size=3))), asked),
        "rating": lambda: ((name,), {**asked, "stars": draw(st.integers(0, 9))}),
        "number": lambda: ((name,), {**asked, "minimum": draw(st.floats(-5, 0)), "maximum": draw(st.floats(0, 5))}),
        "textarea": lambda: ((name,), {**asked, "placeholder": draw(TEXT)}),
        "datetime": lambda: ((name,), asked),
        **{region: lambda: ((name, draw(st.one_of(st.none(), ANSWERS))), title) for region in REGIONS},
        "labels": lambda: ((name, draw(ANSWERS)), title),
        "video_boxes": lambda: ((name, draw(ANSWERS)), title),
        "relations": lambda: ((draw(ANSWERS),), {}),
        "header": lambda: ((draw(TEXT),), {}),
        "instructions": lambda: ((draw(WILD),), {}),
        "columns": lambda: ((), {}),
    }
    # Questions and regions are what a config is about, so they are drawn more often.
    call = draw(st.sampled_from([*calls, *REGIONS, *["choices", "labels", "rating", "textarea", "taxonomy"] * 4]))
    return call, *calls[call]()


def build(start: str, calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]]) -> LabelConfig:
    """Return what those calls build that are not refused; only the kit's own error refuses."""
    config: LabelConfig = getattr(LabelConfig, start)("shown")
    for name, positional, named in calls:
        with contextlib.suppress(LabelConfigError):
            config = getattr(config, name)(*positional, **named)
    return config


MEDIA = ["image", "video", "audio", "text", "hypertext", "paragraphs"]
STARTS = st.sampled_from(MEDIA)


@given(STARTS, st.lists(steps(), min_size=2, max_size=8))
@settings(max_examples=120, suppress_health_check=list(HealthCheck))
def test_any_calls(start: str, calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]]) -> None:
    config = build(start, calls)
    again = LabelConfig.from_xml(config.xml)
    assert (again, again.xml, again.fingerprint) == (config, config.xml, config.fingerprint)
    assert again.controls == config.controls
    # Whoever puts a series beside a video is told what keeps the two from playing together.
    told = ("asks nothing", "has no sync", "has no frameRate", "has no timeColumn")
    assert [str(p) for p in config.check() if not any(words in str(p) for words in told)] == []


@given(TEXT)
@settings(max_examples=200)
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(LabelConfigError):
        LabelConfig.from_xml(text)


@given(st.lists(WILD.filter(lambda text: bool(text.strip())), min_size=1, max_size=5, unique_by=str.strip))
@settings(max_examples=100)
def test_any_answers_come_back_as_they_went_in(answers: list[str]) -> None:
    try:
        config = LabelConfig.image("uri").choices("q", answers)
    except LabelConfigError:
        return
    if any("$" in answer for answer in answers):
        return
    assert config.controls["q"].labels == tuple(answer.strip() for answer in answers)


@pytest.mark.exhaustive
def test_any_calls_are_accepted_by_the_server(stack: Stack) -> None:
    address = f"{stack.url}/api/projects/validate/"
    with httpx.Client(headers={"Authorization": f"Token {stack.api_key}"}, timeout=60) as client:

        @given(STARTS, st.lists(steps(), min_size=2, max_size=8))
        @settings(max_examples=150, suppress_health_check=list(HealthCheck))
        def accepted(start: str, calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]]) -> None:
            config = build(start, calls)
            answer = client.post(address, json={"label_config": config.xml})
            assert answer.status_code == 204, (answer.text, config.xml)

        accepted()
