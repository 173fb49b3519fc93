"""Geometry: pixels and percent, corners, COCO, run lengths, turns between keyframes; and overlap against counting."""

from __future__ import annotations

import io
import math
import tracemalloc
from base64 import b64encode
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from label_studio_sdk.converter import brush
from label_studio_tasks import annotation, result, task
from PIL import Image
from pycocotools import mask as coco
from skimage.draw import polygon2mask

from lsnb.annotations import expand_tracks, long_table
from lsnb.errors import InputError
from lsnb.reliability import region_agreement
from lsnb.shapes import (
    Box,
    Ellipse,
    Mask,
    Outline,
    Point,
    Span,
    Timeline,
    Track,
    bitmask_address,
    bounds,
    box_iou,
    box_of_centre,
    brush_mask,
    brush_rle,
    clipped,
    coco_mask,
    coco_of,
    frames_of_seconds,
    keyframe,
    keyframe_between,
    mask_iou,
    outline_iou,
    seconds_of_frames,
    shape_of,
)

SIZE = (200.0, 100.0)
PICTURE = {"original_width": 200, "original_height": 100}
sizes = st.tuples(st.integers(1, 8000), st.integers(1, 8000))
share = st.floats(0, 100)
sides = st.floats(0.01, 100)
turns = st.floats(-360, 360)
masks = arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=30))


@given(share, share, sides, sides, turns, sizes)
def test_pixels_and_percent_are_there_and_back(x, y, width, height, turn, size):
    box, oval = Box(x, y, width, height, turn), Ellipse(x, y, width, height, turn)
    point, outline = Point(x, y), Outline(np.array([[x, y], [y, width], [height, x]]))
    for shape in (box, oval, point):
        there = shape.in_pixels(size)
        assert list(vars(there.in_percent(size)).values()) == pytest.approx(list(vars(shape).values()))
        assert there.x == pytest.approx(x * size[0] / 100)
    back = outline.in_pixels(size).in_percent(size)
    assert back.points == pytest.approx(outline.points)
    assert Point(*map(float, size)).in_percent(size) == Point(100.0, 100.0)


@given(st.integers(0, 4000), st.integers(1, 4000))
def test_whole_pixels_are_as_near_as_percent_can_be(pixel, size):
    assert Point(pixel, 0).in_percent((size, 1)).x == pixel * 100 / size


@given(share, share, sides, sides, turns)
def test_corners_say_the_box_again(x, y, width, height, turn):
    corners = Box(x, y, width, height, turn).corners()
    assert corners[0].tolist() == pytest.approx([x, y])
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    assert (math.hypot(*along), math.hypot(*down)) == pytest.approx((width, height))
    # Clockwise on the screen, whose y goes down.
    assert math.cos(math.radians(turn) - math.atan2(along[1], along[0])) == pytest.approx(1)
    assert along[0] * down[1] - along[1] * down[0] == pytest.approx(width * height)
    assert corners[2] == pytest.approx(corners[1] + down)
    upright = Box(x, y, width, height, turn).upright()
    assert (upright.x, upright.y, upright.width, upright.height) == pytest.approx(bounds(corners))
    assert Box(x, y, width, height).upright() == Box(x, y, width, height)


def test_a_turned_ellipse_stays_about_its_centre():
    oval = Ellipse.from_value({"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "rotation": 90}).in_pixels(SIZE)
    assert (oval.x, oval.y, oval.across, oval.down) == (100, 50, 20, 20)
    flat = Ellipse(100, 50, 30, 10, 90).corners()
    assert bounds(flat) == pytest.approx((90, 20, 20, 60))
    # Its corners are on it, so their area falls short of its own by what the docstring says.
    x, y = flat.T
    area = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    assert 0.0006 < 1 - area / (math.pi * 300) < 0.0008


def test_what_leaves_the_picture_is_clipped_and_the_rest_stays_as_it_came():
    boxes = np.array([[0.1, 0.2, 0.3, 99.0], [90, 90, 20, 5], [-5, 0, 3, 3], [100, 0, 1e-5, 1]])
    inside, beyond = clipped(boxes)
    assert inside[0].tolist() == boxes[0].tolist()
    assert inside[1].tolist() == [90, 90, 10, 5]
    assert inside[2, 2] <= 0
    assert beyond.tolist() == pytest.approx([0, 10, 5, 1e-5])
    assert clipped(boxes, slack=1e-4)[0][3].tolist() == boxes[3].tolist()
    assert Point(100.0005, 3).inside(0.001) == Point(100, 3)
    assert Point(101, 3).inside(0.001) is None


@given(st.integers(1, 10**6), st.integers(0, 10**5), st.sampled_from([10.0, 24.0, 25.0, 30000 / 1001, 59.94, 120.0]))
def test_frames_are_seconds_and_back(first, more, fps):
    start, end = seconds_of_frames(first, first + more, fps)
    assert Timeline(first, first + more).seconds(fps) == (start, end)
    # Times are written at whole microseconds.
    found = frames_of_seconds(np.round([start], 6), np.round([end], 6), fps)
    assert [frames.tolist() for frames in found] == [[first], [first + more]]


# COCO and run lengths.


@given(st.tuples(*[st.integers(0, 90)] * 2, *[st.integers(1, 10)] * 2))
def test_coco_boxes_and_outlines_are_there_and_back(bbox):
    value = vars(Box(*map(float, bbox)).in_percent(SIZE))
    found = coco_of({"value": value, **PICTURE})
    assert found["bbox"] == pytest.approx(bbox)
    assert found["area"] == pytest.approx(bbox[2] * bbox[3])
    again = Outline.from_coco(found["segmentation"][0])
    assert again.points == pytest.approx(Box(*bbox).corners())
    drawn = coco_of({"value": again.in_percent(SIZE).value(), **PICTURE})
    assert drawn["segmentation"][0] == pytest.approx(found["segmentation"][0])
    assert box_of_centre(bbox[0] + bbox[2] / 2, bbox[1] + bbox[3] / 2, *bbox[2:]) == pytest.approx(bbox)


@pytest.mark.parametrize(
    "damaged",
    [
        {"x": "a", "y": 1, "width": 1, "height": 1},
        {"points": [[1]]},
        {"points": [[1, 1], [2, 2]]},
        {"points": [[1, float("nan")], [2, 2], [3, 0]]},
        {"x": float("nan"), "y": 1, "width": 1},
        {"rle": [1, 2]},
        {"imageDataURL": 5},
        {"sequence": [{}]},
        {"start": 1, "end": 2},
        None,
    ],
)
def test_damaged_shapes_have_no_place_in_coco(damaged):
    assert coco_of({"value": damaged, **PICTURE}) is None


@given(masks)
def test_masks_are_there_and_back_and_as_others_keep_them(pixels):
    height, width = pixels.shape
    size = {"original_width": width, "original_height": height}
    values = np.repeat((pixels * 255).astype(np.uint8).ravel(), 4)
    assert brush.decode_rle(brush_rle(pixels)).tolist() == values.tolist()
    for rle in (brush_rle(pixels), brush.encode_rle(values)):
        assert brush_mask({"value": {"rle": rle}, **size}).tolist() == pixels.tolist()
    assert brush_mask({"value": {"imageDataURL": bitmask_address(pixels)}, **size}).tolist() == pixels.tolist()
    mask = Mask.from_pixels(pixels)
    assert mask.pixels().tolist() == pixels.tolist()
    assert mask.area == pixels.sum()
    written = mask.to_coco()
    theirs = coco.encode(np.asfortranarray(pixels.astype(np.uint8)))
    assert coco_mask(written["segmentation"]).tolist() == coco_mask(theirs).tolist() == pixels.tolist()
    read = coco.frPyObjects(written["segmentation"], height, width)
    assert read["counts"] == theirs["counts"]
    assert written["bbox"] == coco.toBbox(theirs).tolist()


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(4))))
def test_brushes_of_any_colour_are_what_their_alpha_says(bands):
    height, width, _ = bands.shape
    stroke = {"value": {"rle": brush.encode_rle(bands.ravel())}, "original_width": width, "original_height": height}
    assert brush_mask(stroke).tolist() == (bands[..., 3] > 0).tolist()


def test_masks_that_say_to_be_huge_are_sentences_and_fill_no_memory():
    huge = {"original_width": 10**6, "original_height": 10**6}
    picture = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(picture, "PNG")
    bomb = "data:image/png;base64," + b64encode(picture.getvalue()).decode()
    tracemalloc.start()
    try:
        for value in ({"rle": [0, 0, 0, 12, 57]}, {"rle": [0] * 9}, {"imageDataURL": bomb}):
            with pytest.raises(InputError, match="damaged"):
                brush_mask({"value": value, **huge})
        with pytest.raises(InputError, match="at most"):
            coco_mask({"size": [10**6, 10**6], "counts": [10**12]})
        with pytest.raises(InputError, match="at most"):
            coco_mask({"size": [-2, -3], "counts": [6]})
        with pytest.raises(InputError, match="counts"):
            coco_mask({"size": [2, 3], "counts": "o" * 1000})
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


# Overlap.

# Wherever they are turned to, all of them is in the picture of 100 by 100.
boxes = st.builds(Box, *[st.floats(45, 55)] * 2, *[st.floats(10, 30)] * 2, st.floats(-180, 180))
ovals = st.builds(Ellipse, *[st.floats(30, 60)] * 2, *[st.floats(5, 25)] * 2, st.floats(-180, 180))


def painted(shape: Any, scale: int = 8) -> np.ndarray[Any, Any]:
    """The shape's pixels, of a picture of 100 by 100 that is 8 times finer; of ellipses by their equation."""
    if isinstance(shape, Ellipse):
        y, x = (np.mgrid[: 100 * scale, : 100 * scale] + 0.5) / scale
        angle = math.radians(shape.rotation)
        across = (x - shape.x) * math.cos(angle) + (y - shape.y) * math.sin(angle)
        down = (y - shape.y) * math.cos(angle) - (x - shape.x) * math.sin(angle)
        return (across / shape.across) ** 2 + (down / shape.down) ** 2 <= 1
    return polygon2mask((100 * scale, 100 * scale), shape.corners()[:, ::-1] * scale - 0.5)


@given(st.one_of(boxes, ovals), st.one_of(boxes, ovals))
@settings(max_examples=60)
def test_overlap_is_what_counting_pixels_says(one, other):
    a, b = painted(one), painted(other)
    assert one.iou(other) == pytest.approx((a & b).sum() / (a | b).sum(), abs=0.02)
    assert one.iou(other) == pytest.approx(other.iou(one))
    assert one.iou(one) == pytest.approx(1)
    counted = Mask.from_pixels(a).iou(Mask.from_pixels(b))
    assert counted == (a & b).sum() / (a | b).sum()


@given(st.lists(boxes, min_size=1, max_size=4), st.lists(boxes, min_size=1, max_size=4))
@settings(max_examples=40)
def test_turned_boxes_are_outlines(a, b):
    rows = [np.array([list(vars(box).values()) for box in some]) for some in (a, b)]
    found = box_iou(*rows)
    assert found == pytest.approx(outline_iou([box.corners() for box in a], [box.corners() for box in b]))
    whole = [np.column_stack([row[:, :4], np.full(len(row), turn)]) for row, turn in zip(rows, (360, 0), strict=True)]
    assert box_iou(*whole) == pytest.approx(box_iou(rows[0][:, :4], rows[1][:, :4]))


@given(st.lists(masks, min_size=1, max_size=3), st.lists(masks, min_size=1, max_size=3))
def test_masks_share_what_counting_says(a, b):
    found = mask_iou([Mask.from_pixels(one) for one in a], [Mask.from_pixels(other) for other in b])
    for row, one in enumerate(a):
        for column, other in enumerate(b):
            either = (one | other).sum() if one.shape == other.shape else 0
            assert found[row, column] == ((one & other).sum() / either if either else 0)
            if either and one.any() and other.any():
                theirs = [[coco.encode(np.asfortranarray(pixels.astype(np.uint8)))] for pixels in (one, other)]
                assert found[row, column] == pytest.approx(float(coco.iou(*theirs, [False])[0, 0]))


def test_what_has_no_area_shares_nothing():
    line, nan = np.array([(0, 0), (1, 1), (2, 2)]), np.array([(0, 0), (1, np.nan), (2, 0)])
    square = np.array([(0, 0), (2, 0), (2, 2), (0, 2)])
    there_and_back = np.array([(0, 0), (2, 0), (2, 2), (2, 0)])
    huge = square * 1e300
    found = outline_iou([line, nan, there_and_back, huge, square], [square, line, huge])
    assert found[:4].max() == 0
    assert found[4].tolist() == [1, 0, 0]
    assert outline_iou([], [square]).shape == (0, 1)
    assert box_iou(np.array([[0, 0, np.nan, 1]]), np.array([[0, 0, 1, 1]])).tolist() == [[0]]
    assert (Span(0, 4).iou(Span(2, 6)), Timeline(1, 4).iou(Timeline(3, 6))) == pytest.approx((1 / 3, 1 / 3))


def stroke(pixels: np.ndarray[Any, Any], id: str) -> dict[str, Any]:
    height, width = pixels.shape
    value = {"format": "rle", "rle": brush_rle(pixels), "brushlabels": ["sky"]}
    return result("brushlabels", value, id=id, original_width=width, original_height=height)


def test_the_masks_of_one_picture_alone_are_in_memory():
    def table(pictures: int):
        tasks = []
        for n in range(pictures):
            people = []
            for who in (1, 2):
                results = []
                for region in range(6):
                    pixels = np.zeros((400, 400), bool)
                    pixels[:, 60 * region : 60 * region + 50 + who] = True
                    results.append(stroke(pixels, f"{region}"))
                people.append(annotation(results, 10 * n + who, by=who))
            tasks.append(task(n, people))
        return long_table(tasks, raw=True)

    peaks = []
    for pictures in (1, 8):
        long = table(pictures)
        region_agreement(long, "c", resamples=1)
        tracemalloc.start()
        found = region_agreement(long, "c", resamples=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found.pairs["mean_iou"].tolist() == pytest.approx([51 / 52])
    # Twelve masks of 400 by 400 are 240 kB as bits; those of seven more pictures would be seven times that.
    assert peaks[1] - peaks[0] < 7 * 12 * 400 * 400 / 8 / 2


# Tracks.


def key(frame: int, enabled: bool = True, **place: float) -> dict[str, Any]:
    return {**keyframe(frame, enabled, (40, 40, 20, 2), 10), **place}


def turning(*keys: dict[str, Any], frames: int = 30) -> dict[str, Any]:
    return {"framesCount": frames, "duration": 3, "sequence": list(keys), "labels": ["car"]}


def editors(start: dict[str, Any], end: dict[str, Any], frame: int, prop: str) -> float:
    """What Label Studio's editor draws between two keyframes: angles from −180 to 180, the short way."""

    def normal(angle: float) -> float:
        while angle > 0:
            angle -= 360
        return math.fmod(angle - 180, 360) + 180

    share = (frame - start["frame"]) / (end["frame"] - start["frame"])
    if prop == "rotation":
        return normal(start[prop] + normal(end[prop] - start[prop]) * share)
    return start[prop] + (end[prop] - start[prop]) * share


@given(st.floats(-360, 360), st.floats(-360, 360), share, share, st.integers(2, 9))
@example(350, 10, 0, 0, 2)
@example(0, 180, 0, 0, 4)
@example(180, 0, 0, 0, 4)
@example(90, 90, 0, 0, 5)
def test_between_keyframes_a_box_is_where_the_editor_draws_it(start, end, x, to_x, frame):
    one, other = key(1, rotation=start, x=x), key(10, False, rotation=end, x=to_x)
    boxes = Track.from_value(turning(one, other)).at([1, frame, 10])
    assert boxes[[0, 2], 4].tolist() == [start, end]
    between = keyframe_between(one, other, frame)
    for found_x, turn in ((boxes[1, 0], boxes[1, 4]), (between["x"], between["rotation"])):
        assert found_x == pytest.approx(editors(one, other, frame, "x"))
        apart = math.radians(turn - editors(one, other, frame, "rotation"))
        assert math.hypot(math.cos(apart) - 1, math.sin(apart)) < 1e-9
        assert -180 <= turn < 360 or turn == start


def test_turns_of_tracks_count_and_go_the_short_way():
    people = [
        [result("videorectangle", turning(key(1, rotation=350), key(3, False, rotation=10)), id="r")],
        [result("videorectangle", turning(key(1, rotation=90), key(3, False, rotation=90)), id="s")],
    ]
    table = long_table([task(1, [annotation(given, n, by=n) for n, given in enumerate(people, 1)], fps=10)], raw=True)
    rows = expand_tracks(table)
    assert rows["rotation"].tolist() == [350, 0, 10, 90, 90, 90]
    assert rows["keyframe"].tolist() == [True, False, True] * 2
    found = region_agreement(table, "c")
    assert found.f1 == 0
    assert found.pairs["mean_iou"].iloc[0] < 0.1
    assert "square pictures" in found.note


places = st.tuples(st.integers(1, 40), st.booleans(), st.floats(0, 50), st.floats(0, 50), st.floats(-180, 360))


@given(st.lists(places, min_size=1, max_size=5), st.lists(places, min_size=1, max_size=5))
@settings(max_examples=50)
def test_tracks_share_what_frame_by_frame_says(a, b):
    tracks = [
        Track.from_value(turning(*(key(f, on, x=x, y=y, rotation=turn) for f, on, x, y, turn in some), frames=45))
        for some in (a, b)
    ]
    seen = [dict(zip(track.frames().tolist(), track.at(track.frames()), strict=True)) for track in tracks]
    either = seen[0].keys() | seen[1].keys()
    shared = sum(float(box_iou([seen[0][n]], [seen[1][n]])[0, 0]) for n in seen[0].keys() & seen[1].keys())
    assert tracks[0].iou(tracks[1]) == pytest.approx(shared / len(either))
    assert (len(tracks[0]), tracks[0].iou(tracks[0])) == (len(seen[0]), pytest.approx(1))


def test_a_track_that_says_to_last_for_ever_is_compared_and_not_written_out():
    endless = [turning(key(1), key(5, x=x), frames=10**9) for x in (40.0, 50.0)]
    one, other = map(Track.from_value, endless)
    assert one.iou(other) == pytest.approx(1 / 3, abs=1e-6)
    assert len(one) == 10**9
    table = long_table([task(1, [annotation([result("videorectangle", endless[0])])], fps=10)], raw=True)
    assert table["end_frame"].tolist() == [10**9]
    with pytest.warns(UserWarning, match="1 tracks are left out"):
        assert len(expand_tracks(table)) == 0
    with pytest.raises(InputError, match="1,000,000,000 frames"):
        one.frames()
    odd = Track.from_value({"sequence": [{"frame": "x"}, 3, {"frame": math.inf}, {"frame": 2}], "framesCount": None})
    assert (odd.frames().tolist(), np.isnan(odd.boxes).all()) == ([2], True)


def test_a_value_is_told_by_its_keys():
    told = {
        Box: {"x": 1, "y": 1, "width": 1, "height": 1, "choices": ["old"]},
        Ellipse: {"x": 1, "y": 1, "radiusX": 1},
        Point: {"x": 1, "y": 1, "width": 1},
        Outline: {"vertices": [{"x": 1, "y": 1}]},
        Mask: {"format": "rle", "rle": [1]},
        Span: {"start": 1, "end": 2, "text": "a"},
        Timeline: {"ranges": []},
        Track: {"sequence": [{"frame": 1}]},
    }
    assert {shape: shape_of(value) for shape, value in told.items()} == {shape: shape for shape in told}
