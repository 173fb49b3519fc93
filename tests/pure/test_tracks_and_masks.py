"""What the raw results hold: tracks frame by frame, masks, outlines, pixels; and relations, options and people."""

from __future__ import annotations

import base64
import copy
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from label_studio_sdk.converter import brush
from label_studio_tasks import D1, annotation, choice, d1_tasks, result, task
from PIL import Image

from lsnb.annotations import (
    anonymize,
    brush_mask,
    expand_tracks,
    in_pixels,
    indicators,
    long_table,
    majority,
    outline,
    read_annotations,
    region_table,
    relations,
    widen,
)
from lsnb.annotations.long import letters_of
from lsnb.errors import InputError
from lsnb.shapes import Track

RECORDED = Path(__file__).parent / "exports" / "every_type.json"
SIZE = {"original_width": 640, "original_height": 480}


def keyframe(frame: int, enabled: bool = True, x: float = 10.0) -> dict:
    return {"frame": frame, "enabled": enabled, "x": x, "y": 20, "width": 30, "height": 40, "rotation": 0}


def track(*keyframes: dict, count: int = 100, **more) -> dict:
    return {"framesCount": count, "duration": 4.0, "sequence": list(keyframes), **more}


def track_boxes(value: dict) -> tuple:
    track = Track.from_value(value)
    return track.frames(), track.at(track.frames())


def test_two_segments_are_thirty_rows():
    table = read_annotations(RECORDED, raw=True)
    before = table.copy(deep=True)
    rows = expand_tracks(table)
    pd.testing.assert_frame_equal(table, before)
    assert len(rows) == 30
    assert rows["frame"].tolist() == [*range(5, 13), *range(24, 46)]
    assert rows["time"].tolist() == pytest.approx([(frame - 1) / 25 for frame in rows["frame"]])
    assert rows["value"].unique().tolist() == ["dog"]
    assert (rows["item"].unique().tolist(), rows["region"].unique().tolist()) == (["001"], ["track1"])
    assert rows.loc[rows["keyframe"], "frame"].tolist() == [5, 12, 24, 45]
    x = dict(zip(rows["frame"], rows["x"], strict=True))
    assert (x[5], x[12], x[24], x[45]) == (10, 12, 20, 30)
    assert x[6] == pytest.approx(10 + 2 / 7)


def test_a_last_keyframe_that_is_enabled_lasts_to_the_end():
    frames, boxes = track_boxes(track(keyframe(8), count=10))
    assert frames.tolist() == [8, 9, 10]
    assert boxes[:, 0].tolist() == [10, 10, 10]
    assert track_boxes(track(keyframe(8, enabled=False)))[0].tolist() == [8]
    assert track_boxes({"sequence": [keyframe(8)]})[0].tolist() == [8]
    assert track_boxes({})[0].tolist() == []


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=8), st.randoms())
def test_frames_are_those_the_rule_says(keys, order):
    sequence = [keyframe(frame, enabled) for frame, enabled in dict(keys).items()]
    order.shuffle(sequence)
    visible = []
    for frame in range(1, 46):
        before = [k for k in sequence if k["frame"] <= frame]
        if before:
            nearest = max(before, key=lambda k: k["frame"])
            if nearest["enabled"] or nearest["frame"] == frame:
                visible.append(frame)
    assert track_boxes(track(*sequence, count=45))[0].tolist() == visible


def test_rates_labels_and_columns_of_the_item():
    labelled = result("videorectangle", track(keyframe(1), keyframe(3, False), labels=["dog", "cat"]))
    done = annotation([labelled, result("choices", {**track(keyframe(1)), "choices": ["blurred"]}, name="how")])
    tasks = [task(1, [done], ID="a"), task(2, [copy.deepcopy(done)], ID="b", fps="30000/1001")]
    table = long_table(tasks, key="ID", data="ID", raw=True)
    rows = expand_tracks(table)
    assert rows["value"].tolist() == [("cat", "dog")] * 6
    assert rows["time"].isna().tolist() == [True] * 3 + [False] * 3
    assert rows["time"].tolist()[3:] == pytest.approx([0, 1001 / 30000, 2002 / 30000])
    assert rows["data.ID"].tolist() == ["a"] * 3 + ["b"] * 3
    assert expand_tracks(table, fps=10)["time"].tolist() == pytest.approx([0, 0.1, 0.2] * 2)
    assert expand_tracks(table, fps={"a": 5})["time"].tolist()[:3] == pytest.approx([0, 0.2, 0.4])
    nothing = expand_tracks(long_table([task(1)], raw=True))
    assert len(nothing) == 0
    assert nothing.dtypes.drop("value").to_dict() == rows.drop(columns="data.ID").dtypes.drop("value").to_dict()


def test_raw_results_are_asked_for(tmp_path):
    table = long_table([task(1, [annotation(choice("a"))])])
    with pytest.raises(InputError, match="raw=True"):
        expand_tracks(table)
    with pytest.raises(InputError, match="again with raw=True"):
        in_pixels(table.assign(raw="{}"))


masks = arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=30))


@given(masks)
def test_masks_are_what_the_sdk_packs(mask):
    packed = brush.encode_rle(np.repeat((mask * 255).astype(np.uint8).ravel(), 4))
    height, width = mask.shape
    np.testing.assert_array_equal(brush.decode_rle(packed).reshape(height, width, 4)[..., 3] > 0, mask)
    stroke = result("brushlabels", {"format": "rle", "rle": packed}, original_width=width, original_height=height)
    np.testing.assert_array_equal(brush_mask(stroke), mask)


@pytest.mark.parametrize("transparent", [True, False])
def test_bitmasks_are_pictures(transparent):
    mask = np.array([[True, False], [False, True]])
    bands = np.zeros((2, 2, 4), np.uint8)
    bands[..., 3] = np.where(mask, 255, 0) if transparent else 255
    if not transparent:
        bands[mask] = 255
    buffer = io.BytesIO()
    Image.fromarray(bands).save(buffer, "PNG")
    address = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    np.testing.assert_array_equal(brush_mask(result("bitmasklabels", {"imageDataURL": address})), mask)


@pytest.mark.parametrize(
    ("value", "size", "says"),
    [
        ({"format": "rle", "rle": [0, 0, 1, 0]}, SIZE, "damaged"),
        ({"format": "rle", "rle": [0, 0, 0, 12, 57, 27, 252, 96, 17, 255, 198, 0]}, SIZE, "damaged"),
        ({"format": "rle", "rle": [0]}, {}, "how large its picture is"),
        ({"imageDataURL": "data:image/png;base64,AAAA"}, {}, "damaged"),
        ({"x": 1}, SIZE, "holds no mask"),
    ],
)
def test_what_is_no_mask_is_a_sentence(value, size, says):
    with pytest.raises(InputError, match=says):
        brush_mask(result("brushlabels", value, **size))


def test_pixels_and_outlines():
    table = read_annotations(RECORDED, raw=True)
    before = table.copy(deep=True)
    found = in_pixels(table)
    pd.testing.assert_frame_equal(table, before)
    box = found[(found["control"] == "box") & (found["item"] == "001")].iloc[0]
    assert [box[name] for name in ("x_px", "y_px", "width_px", "height_px")] == [64, 96, 192, 192]
    assert found.loc[found["control"] == "mood", "x_px"].isna().all()
    corners = outline(box["raw"])
    assert corners.tolist() == [[64, 96], [256, 96], [256, 288], [64, 288]]
    oval = outline(found[found["control"] == "oval"].iloc[0]["raw"])
    assert oval.mean(axis=0).tolist() == pytest.approx([320, 192])
    assert oval.max(axis=0).tolist() == pytest.approx([384, 216])
    assert outline(found[found["control"] == "poly"].iloc[0]["raw"]).tolist() == [[1, 2], [5, 2], [3, 9]]
    assert len(outline(found[found["control"] == "point"].iloc[0]["raw"])) == 0


def test_answers_about_regions_are_joined_by_the_regions_id():
    table = read_annotations(RECORDED)
    before = table.copy(deep=True)
    found = region_table(table).set_index("region")
    pd.testing.assert_frame_equal(table, before)
    assert found.index.tolist() == ["box1", "oval1", "poly1", "point1", "brush1", "ner1", "act1", "track1", "a1"]
    assert found["label"].tolist() == ["car", "eye", "roof", "nose", "sky", "PER", "run", "dog", "speech"]
    assert found.loc["box1", ["control", "x", "answer.hidden"]].tolist() == ["box", 10, "no"]
    assert found["answer.hidden"].notna().sum() == 1
    assert found.loc["track1", ["control", "start_frame", "end_frame"]].tolist() == ["who", 5, 45]
    shuffled = region_table(table.iloc[::-1]).set_index("region")
    assert shuffled["label"].to_dict() == found["label"].to_dict()
    assert len(region_table(long_table([task(1)]))) == 0


def test_what_a_region_is_on_stays_with_it():
    """One place on two pages, in two pictures and in two videos is two places; a region may have two labels."""
    here = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0, "rectanglelabels": ["car", "bus"]}
    drawn = [
        {**result("rectanglelabels", here, name="box", id=f"r{n}"), "to_name": medium, "item_index": page}
        for n, (medium, page) in enumerate([("left", 0), ("left", 1), ("right", 0)])
    ]
    link = {"type": "relation", "from_id": "r0", "to_id": "r2", "direction": "right", "labels": []}
    long = long_table([task(1, [annotation([*drawn, link])])])
    found = region_table(long)
    assert found[["region", "label", "page", "to_name"]].values.tolist() == [
        ["r0", ("bus", "car"), 0, "left"],
        ["r1", ("bus", "car"), 1, "left"],
        ["r2", ("bus", "car"), 0, "right"],
    ]
    assert relations(long)[["source_label", "target_label"]].values.tolist() == [[("bus", "car"), ("bus", "car")]]
    tracks = [{**result("videorectangle", track(keyframe(100)), name="who", id=side), "to_name": side} for side in "ab"]
    long = long_table([task(1, [annotation(tracks)])], raw=True)
    assert expand_tracks(long)[["region", "to_name"]].values.tolist() == [["a", "a"], ["b", "b"]]


def test_relations_are_a_table():
    found = relations(read_annotations(RECORDED))
    row = found.iloc[0].to_dict()
    assert len(found) == 1
    assert (row["source"], row["target"], row["direction"], row["labels"]) == ("box1", "oval1", "right", ())
    assert (row["source_label"], row["target_label"]) == ("car", "eye")
    assert len(relations(long_table([task(1)]))) == 0


def test_options_are_columns_of_one_and_zero():
    tasks = [task(1, [annotation(choice("b", "a"))]), task(2, [annotation(choice("a"), 2)]), task(3)]
    table = indicators(long_table(tasks), "mood", options=["c", "a", "b"])
    assert table.columns.tolist() == ["item", "annotator", "mood: c", "mood: a", "mood: b"]
    assert table.values.tolist() == [["1", "1", 0, 1, 1], ["2", "1", 0, 1, 0]]
    with pytest.raises(InputError, match="not among the options: b"):
        indicators(long_table(tasks), "mood", options=["a"])


def test_letters_are_stable():
    assert letters_of(["10", "9", "2"]) == {"2": "A", "9": "B", "10": "C"}
    assert letters_of([f"{n:03d}" for n in range(30)])["029"] == "AD"
    long = pd.concat([long_table(t, key="ID", annotator=n) for n, t in zip(D1, d1_tasks(), strict=True)])
    hidden = anonymize(long.rename(columns={}), order=["C"])
    assert hidden.groupby(long["annotator"])["annotator"].first().to_dict() == {"A": "B", "B": "C", "C": "A"}
    shuffled = anonymize(long.iloc[::-1], order=["C"]).iloc[::-1]
    pd.testing.assert_frame_equal(shuffled, hidden)
    signed = long.assign(account=["ana@x.org" if n % 2 else "9" for n in range(len(long))])
    assert set(anonymize(signed)["account"]) == {"account A", "account B"}, "an address says who A is"
    numbers = pd.DataFrame({"annotator": [10, 9, None], "account": [9.0, 10.0, 11.0]})
    assert anonymize(numbers).fillna("–").values.tolist() == [["B", "A"], ["A", "B"], ["–", "account A"]]


def test_a_study_names_people_in_its_exported_files(tmp_path):
    meta = {"item": "x", "annotator": "ana", "study": "s"}
    tasks = [{**task(1, [annotation(choice("a"), by=7)]), "meta": meta}]
    assert read_annotations(tasks)["annotator"].tolist() == ["ana"]
    assert read_annotations(tasks, accounts=True)["annotator"].tolist() == ["7"]
    assert read_annotations(tasks, anonymize=True)["annotator"].tolist() == ["A"]


def test_all_of_several_annotations_by_one_person():
    tasks = [
        task(1, [annotation(choice("new"), 1, at="2026-03-01T00:00:00Z"), annotation(choice("old"), 2)]),
        task(2, [annotation(choice("a"), 3)]),
    ]
    wide = widen(long_table(tasks), "mood", repeats="all")
    assert wide["1"].tolist() == ["old", "a"]
    assert wide["1 (2)"].tolist()[0] == "new"
    # Browsers call a further download of study.json so, and files' names are annotators'.
    other = long_table([task(1, [annotation(choice("theirs"), 4)])], annotator="1 (2)")
    wide = widen(pd.concat([long_table(tasks), other]), "mood", repeats="all")
    assert wide.loc["1"].to_dict() == {"1": "old", "1 (2)": "theirs", "1 (3)": "new"}
    with pytest.raises(InputError, match="repeats is 'some'"):
        widen(long_table(tasks), "mood", repeats="some")


def votes(rows: list[list], kind: str = "choices") -> pd.DataFrame:
    tasks = []
    for n, row in enumerate(rows):
        given = [
            annotation(choice(v) if kind == "choices" else [result(kind, {kind: v}, name="mood")], 10 * n + who, by=who)
            for who, v in enumerate(row)
        ]
        tasks.append(task(n, given))
    return long_table(tasks)


def test_weights_and_ties():
    table = votes([["x", "y"], ["x", "x"], ["y", "x"]])
    weighted = majority(table, "mood", weights={"0": 2})
    assert weighted["value"].tolist() == ["x", "x", "y"]
    assert weighted["share"].round(3).tolist() == [0.667, 1.0, 0.667]
    assert weighted["tie"].tolist() == [False] * 3
    decided = majority(table, "mood", ties="1")
    assert (decided["value"].tolist(), decided["tie"].tolist()) == (["y", "x", "x"], [True, False, True])
    nothing = majority(table, "mood", weights={"0": 0, "1": 0})
    assert nothing["value"].isna().all()
    # .1 + .2 is not .3 for a computer; it is for people.
    tie = majority(votes([["x", "x", "y"]]), "mood", weights={"0": 0.1, "1": 0.2, "2": 0.3})
    assert tie["tie"].tolist() == [True]
    with pytest.raises(InputError) as caught:
        majority(table, "mood", weights={"ana": 1, "0": -1}, ties="first", min_votes=0)
    assert len(caught.value.problems) == 4


def test_ties_of_numbers():
    table = votes([[1, 5], [2, 2]], "rating")
    for ties, value in (("lowest", 1), ("median", 3), ("highest", 5)):
        assert majority(table, "mood", ties=ties)["value"].tolist() == [value, 2]
    with pytest.raises(InputError, match="no numbers"):
        majority(votes([["x", "y"]]), "mood", ties="median")
