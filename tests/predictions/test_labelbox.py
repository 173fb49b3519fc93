"""Labelbox payloads as Label Studio results: tracks, places, answers, what holds, and the config of an ontology."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from label_studio_sdk.label_interface import LabelInterface
from labelbox_payloads import CONFIG, FACTS, ONTOLOGY, VIDEOS, box, frames, line, option, point, row, segments
from server_check import needs_todays_check

from lsnb import LabelConfig
from lsnb.errors import InputError, LabelConfigError, MissingFileError
from lsnb.predictions.checking import check_results
from lsnb.predictions.labelbox import from_labelbox, to_labelbox
from lsnb.predictions.predictions import Predictions


def read(*rows: Any, config: LabelConfig = CONFIG, videos: Any = VIDEOS, **more: Any) -> Predictions:
    return from_labelbox(list(rows), config=config, videos=videos, **more)


def results(*rows: Any, **more: Any) -> list[dict[str, Any]]:
    found = read(*rows, **more)
    found.raise_for_failures()
    return found.results["a.mp4"]


def spans(found: list[dict[str, Any]], control: str) -> list[tuple[str, int, int]]:
    return [
        (r["value"]["timelinelabels"][0], r["value"]["ranges"][0]["start"], r["value"]["ranges"][0]["end"])
        for r in found
        if r["from_name"] == control
    ]


def code_of(found: Predictions, kind: str = "errors") -> list[str]:
    return [fault["code"] for faults in found.table[kind] for fault in faults]


def test_an_object_is_one_track_whose_segments_end_hidden() -> None:
    [track] = results(row("car", segments=segments([box(1), box(5, 128)], [box(20), box(30)])))
    sequence = track["value"]["sequence"]
    assert [(k["frame"], k["enabled"]) for k in sequence] == [(1, True), (5, False), (20, True), (30, False)]
    assert sequence[0] == {
        "frame": 1,
        "enabled": True,
        "x": 10.0,
        "y": 10.0,
        "width": 5.0,
        "height": 5.0,
        "rotation": 0,
        "time": 1 / float(Fraction(30000, 1001)),
    }
    assert sequence[1]["x"] == 20.0
    assert track["value"]["labels"] == ["car"]
    assert track["value"]["framesCount"] == 200
    assert track["value"]["duration"] == pytest.approx(200 * 1001 / 30000)
    assert (track["id"], track["type"], track["from_name"], track["to_name"]) == (
        "u1",
        "videorectangle",
        "objects",
        "uri",
    )


def test_two_objects_of_one_class_stay_two_and_rows_of_one_uuid_are_one() -> None:
    two = results(row("car", "u1", segments=segments([box(1)])), row("car", "u2", segments=segments([box(1)])))
    assert [track["id"] for track in two] == ["u1", "u2"]
    [one] = results(row("car", "u1", segments=segments([box(9)])), row("car", "u1", segments=segments([box(1)])))
    assert [k["frame"] for k in one["value"]["sequence"]] == [1, 9]


def test_without_a_uuid_ids_are_the_same_each_time_and_differ() -> None:
    rows = [{k: v for k, v in row("car", segments=segments([box(1)])).items() if k != "uuid"} for _ in range(2)]
    first, second = results(*rows)
    assert first["id"] != second["id"]
    assert results(*rows) == [first, second]


def test_a_uuid_with_a_hash_sign_gets_an_id_that_the_editor_keeps() -> None:
    given = row("car", "a#b", segments=segments([box(1)]))
    [track] = results(given)
    assert "#" not in track["id"]
    assert to_labelbox({"a.mp4": [track]}, config=CONFIG, videos=VIDEOS)[0]["uuid"] == "a#b"


def test_a_point_is_an_eight_pixel_box_with_its_exact_place_in_meta_and_a_warning() -> None:
    found = read(row("nose", segments=segments([point(3, 100.5, 60.25)])))
    [track] = found.results["a.mp4"]
    keyframe = track["value"]["sequence"][0]
    assert keyframe["x"] * 6.4 == pytest.approx(96.5)
    assert keyframe["y"] * 4.8 == pytest.approx(56.25)
    assert keyframe["width"] * 6.4 == pytest.approx(8)
    assert keyframe["height"] * 4.8 == pytest.approx(8)
    assert track["meta"]["labelbox"]["places"] == [{"frame": 3, "point": {"x": 100.5, "y": 60.25}}]
    assert code_of(found, "warnings") == ["point_as_box"]


def test_the_box_of_a_point_at_the_edge_stays_in_the_picture_without_a_word_of_clipping() -> None:
    found = read(row("nose", segments=segments([point(3, 1, 479)])))
    keyframe = found.results["a.mp4"][0]["value"]["sequence"][0]
    assert (keyframe["x"], keyframe["width"] * 6.4) == (0.0, pytest.approx(5))
    assert keyframe["y"] + keyframe["height"] == pytest.approx(100)
    assert code_of(found, "warnings") == ["point_as_box"]


def test_a_line_is_its_bounding_box_with_its_vertices_in_meta_and_a_warning() -> None:
    found = read(row("lane", segments=segments([line(3, (64, 96), (128, 48), (96, 60))])))
    [track] = found.results["a.mp4"]
    keyframe = track["value"]["sequence"][0]
    assert [keyframe[name] for name in ("x", "y", "width", "height")] == [10.0, 10.0, 10.0, 10.0]
    assert track["meta"]["labelbox"]["places"][0]["line"][1] == {"x": 128, "y": 48}
    assert code_of(found, "warnings") == ["line_as_box"]


VECTORS = LabelConfig.from_xml(
    '<View><Labels name="l" toName="uri"><Label value="lane"/></Labels><VideoRectangle name="objects" toName="uri"/>'
    '<VideoVectorLabels name="vectors" toName="uri"><Label value="lane"/></VideoVectorLabels>'
    '<Video name="uri" value="$uri"/></View>'
)


def test_a_line_is_a_vector_with_lasting_vertex_ids_where_the_editor_has_vectors() -> None:
    given = row("lane", segments=segments([line(3, (64, 48), (128, 96)), line(9, (70, 48), (128, 96))]))
    found = read(given, config=VECTORS, release="1.24.0")
    [track] = found.results["a.mp4"]
    assert (track["type"], track["from_name"]) == ("videovectorlabels", "vectors")
    first, last = track["value"]["sequence"]
    assert [vertex["id"] for vertex in first["vertices"]] == [vertex["id"] for vertex in last["vertices"]]
    assert first["vertices"][1]["prevPointId"] == first["vertices"][0]["id"]
    assert (first["vertices"][0]["x"], first["vertices"][0]["y"]) == (10.0, 10.0)
    assert (first["enabled"], last["enabled"], first["closed"]) == (True, False, False)
    assert code_of(found, "warnings") == []
    assert to_labelbox(found, config=VECTORS, videos=VIDEOS, release="1.24.0") == [given]


def test_an_older_editor_gets_a_box_for_a_line_even_if_the_config_has_vectors() -> None:
    found = read(row("lane", segments=segments([line(3, (64, 48), (128, 96))])), config=VECTORS, release="1.23.2")
    assert found.results["a.mp4"][0]["type"] == "videorectangle"
    assert code_of(found, "warnings") == ["line_as_box"]


def test_answers_for_the_video_are_choices_and_texts_and_nested_ones_a_control_of_their_own() -> None:
    nested = {"name": "how", "answer": {"name": "hard", "classifications": {"name": "why", "answer": "wind"}}}
    found = results(
        row("weather", "u1", answer={"name": "rain", "classifications": [nested]}),
        row("who", "u2", answer=[{"name": "b"}, {"name": "a"}]),
        row("free", "u3", answer="hello"),
    )
    assert [(r["from_name"], r["type"], r["value"]) for r in found] == [
        ("weather", "choices", {"choices": ["rain"]}),
        ("weather.how", "choices", {"choices": ["hard"]}),
        ("weather.how.why", "textarea", {"text": ["wind"]}),
        ("who", "choices", {"choices": ["b", "a"]}),
        ("free", "textarea", {"text": ["hello"]}),
    ]


def test_questions_of_one_name_below_two_answers_are_told_apart_by_the_answer() -> None:
    answers = [{"name": n, "classifications": [{"name": "note", "answer": f"of {n}"}]} for n in ("a", "b")]
    found = results(row("who", answer=answers))
    assert [(r["from_name"], r["value"].get("text")) for r in found[1:]] == [
        ("who.a.note", ["of a"]),
        ("who.b.note", ["of b"]),
    ]


def test_answers_by_frame_are_one_timeline_region_for_each_answer_and_range() -> None:
    found = results(
        row("phase", "u1", answer={"name": "start"}, frames=frames((1, 5), (9, 15))),
        row("phase", "u2", answer={"name": "end", "frames": frames((6, 8))}),
        row(
            "events", "u3", answer=[{"name": "e1", "frames": frames((1, 5))}, {"name": "e2", "frames": frames((3, 9))}]
        ),
    )
    assert spans(found, "phase") == [("start", 1, 5), ("start", 9, 15), ("end", 6, 8)]
    assert spans(found, "events") == [("e1", 1, 5), ("e2", 3, 9)]
    assert len({r["id"] for r in found}) == len(found)
    assert {r["type"] for r in found} == {"timelinelabels"}


def test_nested_answers_by_frame_stand_below_their_region() -> None:
    nested = [{"name": "sub", "answer": {"name": "x", "frames": frames((10, 12))}}]
    answer = {"name": "start", "frames": frames((1, 5), (9, 15)), "classifications": nested}
    found = results(row("phase", answer=answer))
    assert spans(found, "phase.sub") == [("x", 10, 12)]
    assert found[-1]["parentID"] == next(r["id"] for r in found if r["value"]["ranges"][0]["start"] == 9)


def test_text_by_frame_is_a_text_on_a_timeline_region() -> None:
    found = results(row("speech", answer=[{"value": "hi", "frames": frames((2, 4))}]))
    assert [(r["from_name"], r["type"]) for r in found] == [("speech", "timelinelabels"), ("speech.text", "textarea")]
    assert found[0]["id"] == found[1]["id"]
    assert found[1]["value"]["text"] == ["hi"]


def test_what_is_asked_about_a_box_holds_until_a_keyframe_sets_it_or_the_segment_ends() -> None:
    red, blue = ({"name": "colour", "answer": {"name": name}} for name in ("red", "blue"))
    lit = {"name": "state", "answer": [{"name": "lit"}]}
    both = {"name": "state", "answer": [{"name": "moving"}, {"name": "lit"}]}
    found = results(
        row(
            "car",
            segments=segments(
                [
                    box(1, classifications=[red, lit]),
                    box(4, classifications=[both]),
                    box(8),
                    box(10, classifications=[blue]),
                ],
                [box(20), box(25, classifications=[red]), box(30)],
            ),
        )
    )
    assert sorted(spans(found, "car.colour"), key=lambda s: s[1]) == [("red", 1, 9), ("blue", 10, 10), ("red", 25, 30)]
    assert spans(found, "car.state") == [("lit", 1, 10), ("moving", 4, 10)]
    assert {r["parentID"] for r in found[1:]} == {"u1"}


def test_the_same_answer_on_every_keyframe_is_one_region() -> None:
    red = {"name": "colour", "answer": {"name": "red"}}
    found = results(row("car", segments=segments([box(f, classifications=[red]) for f in range(1, 101)])))
    assert spans(found, "car.colour") == [("red", 1, 100)]


def test_an_empty_checklist_on_a_keyframe_ends_its_answers() -> None:
    lit, none = {"name": "state", "answer": [{"name": "lit"}]}, {"name": "state", "answer": []}
    found = results(
        row("car", segments=segments([box(1, classifications=[lit]), box(5, classifications=[none]), box(9)]))
    )
    assert spans(found, "car.state") == [("lit", 1, 4)]


def test_nested_answers_about_a_box_change_below_an_answer_that_stays() -> None:
    def red(shade: str) -> dict[str, Any]:
        shades = [{"name": "shade", "answer": [{"name": shade}]}]
        return {"name": "colour", "answer": {"name": "red", "classifications": shades}}

    keyframes = [box(1, classifications=[red("dark")]), box(5, classifications=[red("pale")]), box(9)]
    found = results(row("car", segments=segments(keyframes)))
    assert spans(found, "car.colour") == [("red", 1, 9)]
    assert spans(found, "car.colour.shade") == [("dark", 1, 4), ("pale", 5, 9)]
    above = next(r["id"] for r in found if r["from_name"] == "car.colour")
    assert {r["parentID"] for r in found if r["from_name"] == "car.colour.shade"} == {above}


def test_what_is_said_of_the_whole_object_holds_in_every_segment() -> None:
    blue = {"name": "colour", "answer": {"name": "blue"}}
    found = results(row("car", classifications=[blue], segments=segments([box(1), box(5)], [box(9)])))
    assert spans(found, "car.colour") == [("blue", 1, 5), ("blue", 9, 9)]


def test_confidence_is_given_or_one_and_the_least_of_a_checklist() -> None:
    found = read(
        row("car", "u1", confidence=0.75, segments=segments([box(1)])),
        row("nose", "u2", segments=segments([point(1, 9, 9)])),
        row("who", "u3", answer=[{"name": "a", "confidence": 0.9}, {"name": "b", "confidence": 0.25}]),
    )
    track, other, who = found.results["a.mp4"]
    assert (track["score"], other["score"], who["score"]) == (0.75, 1.0, 0.25)
    assert who["meta"]["labelbox"]["confidences"] == {"a": 0.9, "b": 0.25}
    assert found.scores == {"a.mp4": 0.25}


def test_frames_counted_from_nought_are_shifted_both_ways() -> None:
    given = [
        row("car", "u1", segments=segments([box(0), box(199)])),
        row("phase", "u2", answer={"name": "end", "frames": frames((0, 3))}),
    ]
    found = read(*given, frame_base=0)
    assert [k["frame"] for k in found.results["a.mp4"][0]["value"]["sequence"]] == [1, 200]
    assert spans(found.results["a.mp4"], "phase") == [("end", 1, 4)]
    assert to_labelbox(found, config=CONFIG, videos=VIDEOS, frame_base=0) == given


def test_keyframes_out_of_order_repeated_clipped_or_empty_are_warnings_and_used() -> None:
    found = read(row("car", segments=segments([box(9), box(3, -10), box(3, 600, 400, 80, 90), box(5, width=0)])))
    assert sorted(code_of(found, "warnings")) == [
        "clipped",
        "clipped",
        "degenerate_box",
        "reordered_keyframes",
        "repeated_keyframe",
    ]
    first, second, third = found.results["a.mp4"][0]["value"]["sequence"]
    assert [first["frame"], second["frame"], third["frame"]] == [3, 5, 9]
    assert first["x"] + first["width"] == pytest.approx(100)
    assert first["y"] + first["height"] == pytest.approx(100)


def test_one_bad_row_does_not_cost_the_others() -> None:
    found = read(row("car", "u1", segments=segments([box(0)])), "nonsense", row("free", "u2", answer="x"))
    assert found.table["status"].tolist() == ["failed", "failed", "ready"]
    assert [r["id"] for r in found.results["a.mp4"]] == ["u2"]
    assert found.table["regions"].tolist() == [[], [], ["u2"]]


def test_splits_come_from_rows_or_from_the_argument() -> None:
    given = row("free", answer="x")
    given["dataRow"]["split"] = "TRAIN"
    other = row("free", "u2", "b.mp4", answer="y")
    assert read(given, other, splits={"b.mp4": "test"}).splits == {"a.mp4": "training", "b.mp4": "test"}
    assert code_of(read(given, splits={"a.mp4": "test"})) == ["two_splits"]
    with pytest.raises(InputError, match="training, validation and test"):
        read(given, splits={"a.mp4": "holdout"})


def test_payloads_come_as_dicts_text_files_and_one_row_and_are_left_as_they_are(tmp_path: Any) -> None:
    given = [row("free", "u1", answer="x"), row("car", "u2", segments=segments([box(1)]))]
    before = copy.deepcopy(given)
    expected = read(*given)
    assert given == before
    ndjson = "\n".join(json.dumps(each) for each in given)
    (tmp_path / "p.ndjson").write_text("\ufeff" + ndjson, "utf-8")
    (tmp_path / "p.json").write_text(json.dumps(given), "utf-8")
    for payload in (ndjson, json.dumps(given), tmp_path / "p.ndjson", str(tmp_path / "p.json"), iter(given)):
        assert from_labelbox(payload, config=CONFIG, videos=VIDEOS) == expected
    assert len(from_labelbox(given[0], config=CONFIG, videos=VIDEOS).table) == 1
    broken = from_labelbox(ndjson + "\n{oops", config=CONFIG, videos=VIDEOS)
    assert code_of(broken) == ["not_a_row"]
    with pytest.raises(MissingFileError, match="There is no file"):
        from_labelbox(tmp_path / "absent.ndjson", config=CONFIG, videos=VIDEOS)
    with pytest.raises(InputError, match="is a folder"):
        from_labelbox(tmp_path, config=CONFIG, videos=VIDEOS)


def test_facts_come_from_probe_a_dict_or_a_table() -> None:
    given = row("car", segments=segments([box(1)]))
    probed = SimpleNamespace(path="x", width=640, height=480, fps=Fraction(30000, 1001), frames=200)
    table = pd.DataFrame([{"path": "/data/a.mp4", **FACTS}])
    expected = results(given)
    assert results(given, videos={"a.mp4": probed}) == expected
    assert results(given, videos=table) == expected
    assert results(given, videos=table.assign(item="a.mp4")) == expected
    assert results(given, videos=table.set_index(pd.Index(["a.mp4"]))) == expected
    assert results(given, videos=table.assign(ID="a.mp4"), key="ID") == expected


@needs_todays_check
def test_results_pass_the_server_s_check_and_ours() -> None:
    red = {"name": "colour", "answer": {"name": "red"}}
    found = results(
        row("car", "u1", segments=segments([box(1, classifications=[red]), box(5, 0, 0, 640, 480)])),
        row("lane", "u2", segments=segments([line(1, (0, 0), (640, 480))])),
        row("who", "u3", answer=[{"name": "a", "classifications": [{"name": "note", "answer": "n"}]}]),
        row("speech", "u4", answer=[{"value": "hi", "frames": frames((1, 200))}]),
        row("events", "u5", answer=[{"name": "e1", "frames": frames((1, 200))}]),
    )
    assert check_results(found, CONFIG, FACTS) == []
    prediction = {"model_version": "m", "score": 1.0, "result": found}
    assert LabelInterface(CONFIG.xml).validate_prediction(prediction, return_errors=True) == []


def test_an_ontology_makes_a_config_without_problems() -> None:
    assert CONFIG.check() == []
    kinds = {name: (control.kind, control.multiple) for name, control in CONFIG.controls.items()}
    assert kinds == {
        "objects_label": ("labels", False),
        "objects": ("videorectangle", False),
        "car.colour": ("timelinelabels", False),
        "car.colour.shade": ("timelinelabels", True),
        "car.state": ("timelinelabels", True),
        "car.plate": ("timelinelabels", False),
        "car.plate.text": ("textarea", False),
        "weather": ("choices", False),
        "weather.how": ("choices", False),
        "weather.how.why": ("textarea", False),
        "who": ("choices", True),
        "who.a.note": ("textarea", False),
        "who.b.note": ("textarea", False),
        "free": ("textarea", False),
        "phase": ("timelinelabels", False),
        "phase.sub": ("timelinelabels", False),
        "events": ("timelinelabels", True),
        "speech": ("timelinelabels", False),
        "speech.text": ("textarea", False),
    }
    assert 'visibleWhen="choice-selected" whenChoiceValue="rain" whenTagName="weather"' in CONFIG.xml
    assert CONFIG.fields["fps"].kind == "number"


def test_an_ontology_may_be_the_package_s_builder() -> None:
    assert LabelConfig.from_labelbox(SimpleNamespace(asdict=lambda: ONTOLOGY)) == CONFIG


def test_names_that_clash_are_qualified_and_found_again() -> None:
    colour = {"type": "radio", "name": "colour", "options": [option("red")]}
    ontology = {
        "tools": [
            {"tool": "rectangle", "name": "car", "classifications": [colour]},
            {"tool": "rectangle", "name": "bike", "classifications": [colour]},
        ],
        "classifications": [
            {"type": "radio", "name": "car", "options": [option("x", colour)]},
            {"type": "text", "name": "objects"},
            {"type": "text", "name": "2020"},
            {"type": "text", "name": "bike.colour"},
        ],
    }
    config = LabelConfig.from_labelbox(ontology)
    assert config.check() == []
    red = {"name": "colour", "answer": {"name": "red"}}
    given = [
        row("car", "u1", segments=segments([box(1, classifications=[red])])),
        row("bike", "u2", segments=segments([box(1, classifications=[red])])),
        row("car", "u3", answer={"name": "x", "classifications": [red]}),
        row("objects", "u4", answer="o"),
        row("2020", "u5", answer="p"),
        row("bike.colour", "u6", answer="q"),
    ]
    found = read(*given, config=config)
    found.raise_for_failures()
    assert [r["from_name"] for r in found.results["a.mp4"]] == [
        "objects",
        "car.colour",
        "objects",
        "bike.colour",
        "classification.car",
        "classification.car.colour",
        "classification.objects",
        "classification.2020",
        "classification.bike.colour",
    ]
    assert to_labelbox(found, config=config, videos=VIDEOS) == given


def test_an_ontology_with_what_video_cannot_show_says_so_all_at_once() -> None:
    ontology = {
        "tools": [{"tool": "superpixel", "name": "mask"}, {"tool": "polygon", "name": "area"}],
        "classifications": [{"type": "radio", "name": "empty"}, {"type": "slider", "name": "x"}, {"type": "text"}],
    }
    with pytest.raises(LabelConfigError) as caught:
        LabelConfig.from_labelbox(ontology)
    assert len(caught.value.problems) == 5
    for nothing in ({}, None, "ontology", 3):
        with pytest.raises(LabelConfigError, match="ontology"):
            LabelConfig.from_labelbox(nothing)
