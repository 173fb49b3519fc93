"""Labelbox payloads there and back, from both of their forms, and what people change in between."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelbox_payloads import CONFIG, FACTS, VIDEOS, box, frames, line, point, row, segments

from lsnb.predictions.checking import check_results
from lsnb.predictions.labelbox import from_labelbox, to_labelbox

QUICK = settings(max_examples=40)
WHOLE_X, WHOLE_Y = FACTS["width"], FACTS["height"]
confidences = st.none() | st.integers(0, 100).map(lambda n: n / 100)
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)


def pixels(limit: int) -> st.SearchStrategy[float]:
    return st.integers(0, limit * 1000).map(lambda n: n / 1000) | st.floats(0, limit)


@st.composite
def boxes(draw: st.DrawFn) -> dict[str, Any]:
    left, top = draw(pixels(WHOLE_X - 1)), draw(pixels(WHOLE_Y - 1))
    left = max(left, 4.0)  # boxes within the first pixel are shares of a picture
    width = draw(st.floats(0.001, WHOLE_X - left) | st.just(1.0))
    height = draw(st.floats(0.001, WHOLE_Y - top) | st.just(1.0))
    return {"bbox": {"left": left, "top": top, "width": width, "height": height}}


points = st.builds(lambda x, y: {"point": {"x": x, "y": y}}, pixels(WHOLE_X), pixels(WHOLE_Y))
lines = st.lists(
    st.builds(lambda x, y: {"x": x, "y": y}, pixels(WHOLE_X), pixels(WHOLE_Y)), min_size=2, max_size=4
).map(lambda vertices: {"line": vertices})
SHAPES = {"car": boxes(), "nose": points, "lane": lines}


def with_confidence(entry: dict[str, Any], confidence: float | None) -> dict[str, Any]:
    return entry if confidence is None else entry | {"confidence": confidence}


@st.composite
def below_a_box(draw: st.DrawFn) -> list[dict[str, Any]]:
    """What a keyframe may set, in any order."""
    found = []
    if draw(st.booleans()):
        answer: dict[str, Any] = with_confidence({"name": draw(st.sampled_from(["red", "blue"]))}, draw(confidences))
        if answer["name"] == "red" and draw(st.booleans()):
            shades = draw(st.lists(st.sampled_from(["dark", "pale"]), unique=True, min_size=1))
            answer["classifications"] = [{"name": "shade", "answer": [{"name": shade} for shade in shades]}]
        found.append({"name": "colour", "answer": answer})
    if draw(st.booleans()):
        found.append({"name": "plate", "answer": draw(words)})
    if draw(st.booleans()):
        states = draw(st.lists(st.sampled_from(["moving", "lit"]), unique=True, min_size=1))
        answers = [with_confidence({"name": state}, draw(confidences)) for state in states]
        found.append({"name": "state", "answer": answers})
    return draw(st.permutations(found))


@st.composite
def tracks(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(SHAPES)))
    picked = sorted(draw(st.sets(st.integers(1, 200), min_size=1, max_size=6)))
    cuts = sorted(draw(st.sets(st.integers(1, len(picked)), max_size=2)) | {len(picked)})
    parts, start = [], 0
    for cut in cuts:
        keyframes = []
        for frame in picked[start:cut]:
            keyframe = {"frame": frame, **draw(SHAPES[name])}
            asked = draw(below_a_box()) if name == "car" else []
            keyframes.append(keyframe | ({"classifications": asked} if asked else {}))
        parts.append(keyframes)
        start = cut
    return with_confidence({"name": name, "segments": segments(*parts)}, draw(confidences))


@st.composite
def spans(draw: st.DrawFn) -> list[dict[str, int]]:
    ends = sorted(draw(st.sets(st.integers(1, 200), min_size=2, max_size=6)))
    return frames(*zip(ends[::2], ends[1::2], strict=False))


@st.composite
def by_frame(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["phase", "events", "speech"]))
    if kind == "phase":
        answer: dict[str, Any] = with_confidence({"name": draw(st.sampled_from(["start", "end"]))}, draw(confidences))
        if answer["name"] == "start" and draw(st.booleans()):
            answer["classifications"] = [{"name": "sub", "answer": {"name": draw(st.sampled_from(["x", "y"]))}}]
        if draw(st.booleans()):
            return {"name": kind, "answer": answer, "frames": draw(spans())}
        return {"name": kind, "answer": answer | {"frames": draw(spans())}}
    if kind == "events":
        names = draw(st.lists(st.sampled_from(["e1", "e2", "e3"]), unique=True, min_size=1))
        answers = [with_confidence({"name": name, "frames": draw(spans())}, draw(confidences)) for name in names]
        return {"name": kind, "answer": answers}
    said = draw(spans())
    texts = draw(st.lists(words, unique=True, min_size=len(said), max_size=len(said)))
    return {"name": kind, "answer": [{"value": t, "frames": [s]} for t, s in zip(texts, said, strict=True)]}


@st.composite
def weather(draw: st.DrawFn) -> dict[str, Any]:
    answer: dict[str, Any] = with_confidence({"name": draw(st.sampled_from(["sun", "rain"]))}, draw(confidences))
    entry = {"name": "weather", "answer": answer}
    if answer["name"] == "rain" and draw(st.booleans()):
        how: dict[str, Any] = {"name": draw(st.sampled_from(["hard", "soft"]))}
        if how["name"] == "hard":
            how["classifications"] = [{"name": "why", "answer": draw(words)}]
        nested = {"name": "how", "answer": how}
        home = answer if draw(st.booleans()) else entry
        home["classifications"] = nested if draw(st.booleans()) else [nested]
    return with_confidence(entry, draw(confidences))


@st.composite
def who(draw: st.DrawFn) -> dict[str, Any]:
    answers = []
    for name in draw(st.lists(st.sampled_from(["a", "b", "c"]), unique=True, min_size=1)):
        answer: dict[str, Any] = with_confidence({"name": name}, draw(confidences))
        if name != "c" and draw(st.booleans()):
            answer["classifications"] = [{"name": "note", "answer": draw(words)}]
        answers.append(answer)
    return {"name": "who", "answer": answers}


free = words.map(lambda text: {"name": "free", "answer": text})


@st.composite
def payloads(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows = draw(st.lists(tracks() | by_frame(), max_size=4))
    rows += [draw(once) for once in (weather(), who(), free) if draw(st.booleans())]
    rows = draw(st.permutations(rows))
    data_row = draw(st.sampled_from([{"globalKey": "a.mp4"}, {"id": "a.mp4"}]))
    return [{"uuid": f"uuid-{n}", "dataRow": data_row, **each} for n, each in enumerate(rows)]


@QUICK
@given(payloads())
def test_there_and_back_is_the_identity(payload: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(payload)
    found = from_labelbox(payload, config=CONFIG, videos=VIDEOS)
    found.raise_for_failures()
    assert payload == before
    assert to_labelbox(found, config=CONFIG, videos=VIDEOS) == payload
    # And through tasks, as a server gives them.
    tasks = [{"id": 7, "meta": {"item": item}, "annotations": [{"result": r}]} for item, r in found.results.items()]
    assert to_labelbox(tasks, config=CONFIG, videos=VIDEOS) == payload
    assert not [f for r in found.results.values() for f in check_results(r, CONFIG, FACTS) if not f.is_warning]


@QUICK
@given(tracks())
def test_an_object_is_seen_exactly_in_its_segments(track: dict[str, Any]) -> None:
    found = from_labelbox(
        [row(track["name"], **{k: v for k, v in track.items() if k != "name"})], config=CONFIG, videos=VIDEOS
    )
    sequence = found.results["a.mp4"][0]["value"]["sequence"]
    inside = [(part["keyframes"][0]["frame"], part["keyframes"][-1]["frame"]) for part in track["segments"]]
    for frame in range(1, 201):
        before = [keyframe for keyframe in sequence if keyframe["frame"] <= frame]
        visible = bool(before) and (before[-1]["enabled"] or before[-1]["frame"] == frame)
        assert visible == any(first <= frame <= last for first, last in inside)


# The labelbox package's objects, as far as video goes: the same names and attributes.
@dataclass
class Point:
    x: float
    y: float


@dataclass
class Rectangle:
    start: Point
    end: Point


@dataclass
class Line:
    points: list[Point]


@dataclass
class ClassificationAnswer:
    name: str
    confidence: float | None = None
    classifications: list[Any] | None = None
    feature_schema_id: None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Any:
        # The package's models are pydantic's, which can be iterated over.
        return iter(vars(self).items())


@dataclass
class Radio:
    answer: ClassificationAnswer
    confidence: float | None = None


@dataclass
class Checklist:
    answer: list[ClassificationAnswer]
    confidence: float | None = None


@dataclass
class Text:
    answer: str
    confidence: float | None = None
    classifications: None = None


@dataclass
class ClassificationAnnotation:
    name: str
    value: Any
    confidence: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    feature_schema_id: None = None


@dataclass
class VideoClassificationAnnotation(ClassificationAnnotation):
    frame: int = 0
    segment_index: int | None = None


@dataclass
class VideoObjectAnnotation:
    name: str
    frame: int
    value: Any
    keyframe: bool = True
    segment_index: int | None = None
    classifications: list[Any] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class GenericDataRowData:
    global_key: str | None = None
    uid: str | None = None


@dataclass
class Label:
    data: Any
    annotations: list[Any]


def as_value(answer: Any) -> Any:
    if isinstance(answer, str):
        return Text(answer)
    if isinstance(answer, list):
        return Checklist([as_answer(each) for each in answer])
    return Radio(as_answer(answer))


def as_answer(given: dict[str, Any]) -> ClassificationAnswer:
    nested = given.get("classifications")
    listed = [nested] if isinstance(nested, dict) else nested
    return ClassificationAnswer(given["name"], given.get("confidence"), as_annotations(listed) if listed else None)


def as_annotations(entries: list[dict[str, Any]]) -> list[Any]:
    return [ClassificationAnnotation(e["name"], as_value(e["answer"]), e.get("confidence")) for e in entries]


def as_shape(keyframe: dict[str, Any]) -> Any:
    if "bbox" in keyframe:
        b = keyframe["bbox"]
        return Rectangle(Point(b["left"], b["top"]), Point(b["left"] + b["width"], b["top"] + b["height"]))
    if "point" in keyframe:
        return Point(**keyframe["point"])
    return Line([Point(**vertex) for vertex in keyframe["line"]])


def as_objects(entry: dict[str, Any]) -> list[Any]:
    extra = {"uuid": entry["uuid"]}
    if "segments" in entry:
        return [
            VideoObjectAnnotation(
                entry["name"], k["frame"], as_shape(k), True, n, as_annotations(k.get("classifications", [])), extra
            )
            for n, segment in enumerate(entry["segments"])
            for k in segment["keyframes"]
        ]
    answer = entry["answer"]
    listed = answer if isinstance(answer, list) else [answer]
    if not any(isinstance(each, dict) and "frames" in each for each in listed):
        return [ClassificationAnnotation(entry["name"], as_value(answer), entry.get("confidence"), extra)]
    made = []
    for each in listed:
        for n, span in enumerate(each["frames"]):
            bare = {key: value for key, value in each.items() if key != "frames"}
            given = bare["value"] if "value" in bare else [bare] if isinstance(answer, list) else bare
            made += [
                VideoClassificationAnnotation(entry["name"], as_value(given), None, extra, frame=frame, segment_index=n)
                for frame in dict.fromkeys((span["start"], span["end"]))
            ]
    return made


def said_as_objects_can(entry: dict[str, Any]) -> bool:
    """Whether the package's objects can say this: confidences of tracks and frames beside an answer they cannot."""
    if "segments" in entry:
        return "confidence" not in entry
    answers = entry["answer"] if isinstance(entry["answer"], list) else [entry["answer"]]
    timed = [each for each in answers if isinstance(each, dict) and "frames" in each]
    # Answers of several ranges would share a segment index between answers.
    return "frames" not in entry and "classifications" not in entry and (len(timed) < 2)


@QUICK
@given(payloads())
def test_the_package_s_objects_give_what_their_dicts_give(payload: list[dict[str, Any]]) -> None:
    payload = [entry for entry in payload if said_as_objects_can(entry)]
    for entry in payload:  # whole pixels, since sums of fractions are rounded in the objects
        for segment in entry.get("segments", []):
            for keyframe in segment["keyframes"]:
                if "bbox" in keyframe:
                    keyframe["bbox"] = {name: float(int(side)) for name, side in keyframe["bbox"].items()}
        answer = entry.get("answer")
        if isinstance(answer, dict) and isinstance(answer.get("classifications"), dict):
            answer["classifications"] = [answer["classifications"]]
    key = "id" if any("id" in entry["dataRow"] for entry in payload) else "globalKey"
    data = GenericDataRowData(**{"uid" if key == "id" else "global_key": "a.mp4"})
    label = Label(data, [made for entry in payload for made in as_objects(entry)])
    expected = from_labelbox(payload, config=CONFIG, videos=VIDEOS)
    assert from_labelbox([label], config=CONFIG, videos=VIDEOS) == expected
    assert from_labelbox(label, config=CONFIG, videos=VIDEOS) == expected


def test_objects_without_a_uuid_or_segment_index_are_grouped_by_name_and_unbroken_frames() -> None:
    square = Rectangle(Point(0, 0), Point(64, 48))
    drawn = [VideoObjectAnnotation("car", frame, square, keyframe=frame != 2) for frame in (1, 2, 3, 9)]
    found = from_labelbox([Label({"global_key": "a.mp4"}, drawn)], config=CONFIG, videos=VIDEOS)
    [track] = found.results["a.mp4"]
    assert [(k["frame"], k["enabled"]) for k in track["value"]["sequence"]] == [(1, True), (3, False), (9, False)]


def test_answers_of_objects_hold_over_each_unbroken_run() -> None:
    answers = ["start", "start", "end", "end", "start"]
    drawn = [
        VideoClassificationAnnotation("phase", Radio(ClassificationAnswer(name)), frame=frame, segment_index=0)
        for frame, name in zip((1, 5, 6, 9, 12), answers, strict=True)
    ]
    found = from_labelbox([Label({"global_key": "a.mp4"}, drawn)], config=CONFIG, videos=VIDEOS)
    ranges = [(r["value"]["timelinelabels"], r["value"]["ranges"][0]) for r in found.results["a.mp4"]]
    assert sorted((r["start"], r["end"], *names) for names, r in ranges) == [
        (1, 5, "start"),
        (6, 9, "end"),
        (12, 12, "start"),
    ]


class Polygon(Line):
    """As the package has it."""


def test_objects_that_are_no_video_shapes_are_faults_of_their_row() -> None:
    area = VideoObjectAnnotation("car", 1, Polygon([Point(1, 1), Point(2, 2)]))
    still = VideoObjectAnnotation("car", None, Point(1, 1))  # type: ignore[arg-type]
    found = from_labelbox([Label({"global_key": "a.mp4"}, [area, still])], config=CONFIG, videos=VIDEOS)
    assert [fault["code"] for faults in found.table["errors"] for fault in faults] == ["not_on_video", "no_frames"]


def back(payload: list[dict[str, Any]], change: Any) -> list[dict[str, Any]]:
    found = from_labelbox(payload, config=CONFIG, videos=VIDEOS).results["a.mp4"]
    found = copy.deepcopy(found)
    change(found)
    return to_labelbox({"a.mp4": found}, config=CONFIG, videos=VIDEOS)


def test_a_point_that_a_person_moved_is_written_where_it_now_is() -> None:
    def move(found: list[dict[str, Any]]) -> None:
        found[0]["value"]["sequence"][1]["x"] += 10

    given = row("nose", segments=segments([point(1, 100, 100), point(5, 200, 100)]))
    [written] = back([given], move)
    assert [k["point"]["x"] for k in written["segments"][0]["keyframes"]] == [100, 264]


def test_a_line_that_a_person_moved_or_stretched_takes_its_vertices_along() -> None:
    def stretch(found: list[dict[str, Any]]) -> None:
        found[0]["value"]["sequence"][0].update(x=20.0, width=20.0)

    given = row("lane", segments=segments([line(1, (64, 96), (96, 48), (128, 60))]))
    [written] = back([given], stretch)
    assert [p["x"] for p in written["segments"][0]["keyframes"][0]["line"]] == pytest.approx([128, 192, 256])


def test_a_box_that_left_the_picture_comes_back_as_it_was_unless_a_person_changed_it() -> None:
    def narrow(found: list[dict[str, Any]]) -> None:
        found[0]["value"]["sequence"][0]["width"] = 4.0

    given = row("car", segments=segments([box(1, -32, 48, 64, 48)]))
    assert back([given], lambda found: None) == [given]
    [written] = back([given], narrow)
    assert written["segments"][0]["keyframes"][0]["bbox"] == {"left": 0, "top": 48, "width": 25.6, "height": 48}


def test_a_track_that_a_person_left_visible_lasts_to_the_end() -> None:
    def leave(found: list[dict[str, Any]]) -> None:
        found[0]["value"]["sequence"][-1]["enabled"] = True

    [written] = back([row("car", segments=segments([box(1), box(5)]))], leave)
    assert [k["frame"] for k in written["segments"][0]["keyframes"]] == [1, 5, 200]


def test_a_rotated_box_is_written_as_its_bounds() -> None:
    def turn(found: list[dict[str, Any]]) -> None:
        found[0]["value"]["sequence"][0]["rotation"] = 90

    [written] = back([row("car", segments=segments([box(1, 100, 100, 30, 20)]))], turn)
    bounds = written["segments"][0]["keyframes"][0]["bbox"]
    assert bounds == pytest.approx({"left": 80, "top": 100, "width": 20, "height": 30})


def test_an_answer_that_a_person_cut_short_is_set_on_a_keyframe_of_its_own() -> None:
    lit = {"name": "state", "answer": [{"name": "lit"}]}

    def cut(found: list[dict[str, Any]]) -> None:
        found[1]["value"]["ranges"] = [{"start": 3, "end": 6}]

    [written] = back([row("car", segments=segments([box(1, 0, classifications=[lit]), box(9, 80)]))], cut)
    keyframes = written["segments"][0]["keyframes"]
    assert [(k["frame"], k["bbox"]["left"], k.get("classifications")) for k in keyframes] == [
        (1, 0, None),
        (3, 20, [{"name": "state", "answer": [{"name": "lit"}]}]),
        (7, 60, [{"name": "state", "answer": []}]),
        (9, 80, None),
    ]


def test_regions_that_people_drew_go_to_the_only_object_they_can_be_about() -> None:
    def draw(found: list[dict[str, Any]]) -> None:
        value = {"ranges": [{"start": 1, "end": 5}], "timelinelabels": ["red"]}
        found.append({"id": "n", "from_name": "car.colour", "to_name": "uri", "type": "timelinelabels", "value": value})

    [written] = back([row("car", segments=segments([box(1), box(5)]))], draw)
    assert written["segments"][0]["keyframes"][0]["classifications"] == [{"name": "colour", "answer": {"name": "red"}}]


def test_what_people_made_without_any_import_is_written() -> None:
    def result(control: str, kind: str, **value: Any) -> dict[str, Any]:
        return {"id": f"{control}-{value}", "from_name": control, "to_name": "uri", "type": kind, "value": value}

    made = [
        result("weather", "choices", choices=["rain"]),
        result("weather.how", "choices", choices=["soft"]),
        result("who", "choices", choices=["a"]),
        result("phase", "timelinelabels", ranges=[{"start": 1, "end": 2}], timelinelabels=["end"]),
        result("events", "timelinelabels", ranges=[{"start": 1, "end": 2}], timelinelabels=["e1"]),
        result("events", "timelinelabels", ranges=[{"start": 4, "end": 5}], timelinelabels=["e2"]),
    ]
    task = {
        "id": 3,
        "data": {},
        "annotations": [{"was_cancelled": True, "result": made}, {"result": made}, {"result": made}],
    }
    written = to_labelbox([task], config=CONFIG, videos={})
    bare = [{key: value for key, value in each.items() if key != "uuid"} for each in written]
    assert bare[:4] == [
        {
            "name": "weather",
            "dataRow": {"globalKey": "3"},
            "answer": {"name": "rain", "classifications": [{"name": "how", "answer": {"name": "soft"}}]},
        },
        {"name": "who", "dataRow": {"globalKey": "3"}, "answer": [{"name": "a"}]},
        {"name": "phase", "dataRow": {"globalKey": "3"}, "answer": {"name": "end", "frames": frames((1, 2))}},
        {
            "name": "events",
            "dataRow": {"globalKey": "3"},
            "answer": [{"name": "e1", "frames": frames((1, 2))}, {"name": "e2", "frames": frames((4, 5))}],
        },
    ]
    assert bare[4:] == bare[:4]
    assert len({each["uuid"] for each in written}) == 8
