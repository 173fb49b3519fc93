"""How much regions share: against rasters, scikit-learn and sums by hand; and annotators' regions, kind by kind."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from label_studio_sdk.converter import brush
from label_studio_tasks import annotation, choice, result, task
from scipy.optimize import linear_sum_assignment
from skimage.draw import polygon2mask
from sklearn.metrics import cohen_kappa_score

from lsnb.annotations import long_table, read_annotations
from lsnb.errors import InputError
from lsnb.reliability import agreement, disputed, methods_paragraph, references, region_agreement
from lsnb.reliability.overlap import match
from lsnb.shapes import Track, box_iou, outline_iou, span_iou

RECORDED = Path(__file__).parent / "exports" / "every_type.json"
SIZE = {"original_width": 200, "original_height": 100}
corner = st.tuples(st.integers(0, 20), st.integers(0, 20))
boxes = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 10), st.integers(1, 10))


def polygon_iou(a, b) -> float:
    return float(outline_iou([a], [b])[0, 0])


def corners(box) -> np.ndarray:
    x, y, width, height = box
    return np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], dtype=float)


@given(boxes, boxes)
def test_boxes_are_outlines_with_four_corners(a, b):
    found = box_iou(np.array([a]), np.array([b]))[0, 0]
    assert polygon_iou(corners(a), corners(b)) == pytest.approx(found)
    assert box_iou(np.array([b]), np.array([a]))[0, 0] == found
    assert 0 <= found <= 1
    assert polygon_iou(corners(a), corners(a)[::-1]) == pytest.approx(1)


@given(st.lists(corner, min_size=3, max_size=7), st.lists(corner, min_size=3, max_size=7))
@settings(max_examples=60)
@example([(0, 3), (1, 0), (1, 0)], [(1, 0), (0, 3), (0, 1), (0, 3)])
@example([(0, 0), (0, 3), (7, 0)], [(0, 0), (0, 1), (0, 0), (1, 0), (0, 1), (1, 0)])
def test_outlines_share_what_a_fine_raster_says(a, b):
    # Also outlines that cross themselves: inside is told by the even-odd rule, as the raster does.
    a, b = np.array(a, dtype=float), np.array(b, dtype=float)
    scale = 20
    masks = [polygon2mask((21 * scale, 21 * scale), corners * scale + 0.37) for corners in (a, b)]
    either = (masks[0] | masks[1]).sum()
    raster = (masks[0] & masks[1]).sum() / either if either else 0.0
    # A raster knows slivers badly.
    if either > 4000:
        assert polygon_iou(a, b) == pytest.approx(raster, abs=0.03)
    assert polygon_iou(a, b) == pytest.approx(polygon_iou(b, a))
    assert polygon_iou(a + 5, b + 5) == pytest.approx(polygon_iou(a, b), abs=1e-6)


def test_shapes_whose_overlap_is_known():
    square = np.array([(0, 0), (2, 0), (2, 2), (0, 2)], dtype=float)
    diamond = np.array([(1, 0), (2, 1), (1, 2), (0, 1)], dtype=float)
    assert polygon_iou(square, diamond) == pytest.approx(0.5)
    notched = np.array([(0, 0), (4, 0), (4, 4), (2, 2), (0, 4)], dtype=float)
    assert polygon_iou(notched, np.array([(0, 0), (4, 0), (4, 4), (0, 4)])) == pytest.approx(0.75)
    assert polygon_iou(square, square[:2]) == 0.0
    assert span_iou(np.array([[0, 2]]), np.array([[0, 2], [1, 3], [2, 4]])).ravel() == pytest.approx([1, 1 / 3, 0])


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=5))
def test_matching_has_the_greatest_sum(rows):
    scores = np.array(rows)
    pairs = match(scores)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    row, column = linear_sum_assignment(scores, maximize=True)
    assert sum(scores[pair] for pair in pairs) == pytest.approx(scores[row, column].sum())


def long(*people: list, **data) -> pd.DataFrame:
    """One item, one annotation for each list of results."""
    given = [annotation(results, n, by=name) for n, (name, results) in enumerate(zip("abc", people, strict=False), 1)]
    return long_table([task(1, given, ID="1", **data)], key="ID", raw=True)


def box(x: float, label: str = "car", rotation: float = 0, id: str = "") -> dict:
    value = {"x": x, "y": 10, "width": 20, "height": 20, "rotation": rotation, "rectanglelabels": [label]}
    return result("rectanglelabels", value, id=id or f"{x}{label}", **SIZE)


def pair(found, name: str) -> float:
    return float(found.pairs[name].iloc[0])


def test_boxes():
    found = region_agreement(long([box(0), box(50)], [box(5), box(50, "bus"), box(80)]), "c")
    assert (found.measure, found.n_items) == ("boxes", 1)
    assert found.pairs[["n", "regions_a", "regions_b", "matched"]].values.tolist() == [[1, 2, 3, 1]]
    assert pair(found, "f1") == pytest.approx(2 / 5)
    assert pair(found, "mean_iou") == pytest.approx(15 / 25)
    assert found.f1 == pytest.approx(2 / 5)
    stricter = region_agreement(long([box(0)], [box(5)]), "c", threshold=0.7)
    assert (pair(stricter, "f1"), pair(stricter, "mean_iou")) == (0, pytest.approx(0.6))
    assert "F1 0.400" in repr(found)
    assert "<table" in found._repr_html_()


def test_turned_boxes_are_compared_in_pixels():
    # A quarter turn of a box of 40 by 20 pixels about its top left corner.
    upright = {"x": 50, "y": 0, "width": 10, "height": 40, "rotation": 0, "rectanglelabels": ["car"]}
    turned = {"x": 60, "y": 0, "width": 20, "height": 20, "rotation": 90, "rectanglelabels": ["car"]}
    table = long([result("rectanglelabels", upright, **SIZE)], [result("rectanglelabels", turned, **SIZE)])
    assert pair(region_agreement(table, "c"), "mean_iou") == pytest.approx(1)
    without = region_agreement(table.drop(columns="raw"), "c")
    assert "square pictures" in without.note


def test_a_box_that_does_not_say_its_pictures_size_is_compared_with_one_that_does():
    drawn = box(10, id="a")
    sent = {name: value for name, value in box(10, id="b").items() if not name.startswith("original")}
    for people in (([drawn], [sent]), ([sent], [drawn]), ([sent], [sent])):
        assert region_agreement(long(*people), "c").pairs["mean_iou"].tolist() == [1.0]


def test_nobody_drew_is_an_answer_too():
    drawn = [[], [box(0)]]
    tasks = [task(n, [annotation([], 10 + n, by="a"), annotation(drawn[n], 20 + n, by="b")]) for n in (0, 1)]
    found = region_agreement(long_table(tasks), "c")
    assert found.items["f1"].tolist() == [1.0, 0.0]
    assert found.f1 == 0.0
    skipped = [task(1, [annotation([box(0)], 1, by="a"), annotation([], 2, by="b", was_cancelled=True)])]
    assert region_agreement(long_table(skipped), "c").n_items == 0


def test_outlines_and_ellipses():
    ring = result("polygonlabels", {"points": [[0, 0], [40, 0], [40, 40], [0, 40]], "polygonlabels": ["roof"]}, **SIZE)
    half = result("polygonlabels", {"points": [[0, 0], [40, 0], [40, 20], [0, 20]], "polygonlabels": ["roof"]}, **SIZE)
    found = region_agreement(long([ring], [half]), "c")
    assert (found.measure, pair(found, "mean_iou"), pair(found, "matched")) == ("outlines", 0.5, 1)
    oval = {"x": 50, "y": 50, "radiusX": 10, "rotation": 0, "ellipselabels": ["eye"]}
    small = result("ellipselabels", {**oval, "radiusX": 5, "radiusY": 10}, **SIZE)
    large = result("ellipselabels", {**oval, "radiusY": 10}, **SIZE)
    assert pair(region_agreement(long([large], [small]), "c"), "mean_iou") == pytest.approx(0.5, abs=1e-3)
    with pytest.raises(InputError, match="raw=True"):
        region_agreement(long([ring], [half]).drop(columns="raw"), "c")


def test_masks():
    def stroke(*columns: int) -> dict:
        mask = np.zeros((100, 200), np.uint8)
        mask[:, list(columns)] = 255
        rle = brush.encode_rle(np.repeat(mask.ravel(), 4))
        return result("brushlabels", {"format": "rle", "rle": rle, "brushlabels": ["sky"]}, **SIZE)

    found = region_agreement(long([stroke(0, 1, 2)], [stroke(1, 2, 3)]), "c")
    assert (found.measure, pair(found, "mean_iou"), pair(found, "f1")) == ("masks", 0.5, 1.0)


def test_key_points_are_as_far_as_they_are_in_pixels():
    def point(x: float, y: float, label: str) -> dict:
        return result("keypointlabels", {"x": x, "y": y, "width": 1, "keypointlabels": [label]}, id=label, **SIZE)

    table = long([point(10, 10, "nose"), point(50, 50, "ear")], [point(11.5, 14, "nose"), point(50, 50, "tail")])
    found = region_agreement(table, "c")
    assert (found.measure, pair(found, "distance"), pair(found, "f1")) == ("key points", pytest.approx(5), 0.5)
    assert "pixels" in found.note
    assert "percent" in region_agreement(table.drop(columns="raw"), "c").note


def cut(start: int, end: int, label: str) -> dict:
    ranges = {"ranges": [{"start": start, "end": end}], "timelinelabels": [label]}
    return result("timelinelabels", ranges, id=f"{start}{label}")


def test_timelines_frame_by_frame():
    a, b = [cut(5, 12, "run"), cut(24, 45, "sit")], [cut(6, 14, "run"), cut(24, 40, "sit")]
    found = region_agreement(long(a, b), "c", lengths={"1": 60})

    def frames(cuts: list[dict]) -> list[str]:
        labels = ["none"] * 61
        for one in cuts:
            place = one["value"]["ranges"][0]
            labels[place["start"] : place["end"] + 1] = [one["value"]["timelinelabels"][0]] * (
                place["end"] - place["start"] + 1
            )
        return labels[1:]

    assert found.measure == "timelines"
    assert pair(found, "kappa") == pytest.approx(cohen_kappa_score(frames(a), frames(b)))
    for name, kappa in found.labels[["label", "kappa"]].itertuples(index=False):
        assert kappa == pytest.approx(cohen_kappa_score(*([one == name for one in frames(cuts)] for cuts in (a, b))))
    # Of three people it is the mean of pairs; without the recording's length there is none.
    third = region_agreement(long(a, b, a), "c", lengths={"1": 60}, resamples=0)
    assert third.labels["kappa"].tolist() == pytest.approx([(1 + 2 * kappa) / 3 for kappa in found.labels["kappa"]])
    bare = [{**one, "value": {**one["value"]}} for one in a]
    for one in bare:
        one["value"].pop("framesCount", None)
    assert region_agreement(long(bare, bare), "c", resamples=0).labels["kappa"].isna().all()
    assert pair(found, "overlap_f1") == pytest.approx(2 * (7 + 17) / (8 + 22 + 9 + 17))
    assert pair(found, "boundary") == pytest.approx(((1 + 2) / 2 + (0 + 5) / 2) / 2)
    assert pair(found, "mean_iou") == pytest.approx((7 / 10 + 17 / 22) / 2)
    assert "frames" in found.note


segments = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 8), st.sampled_from(["x", "y"])), max_size=5)


@given(segments, segments)
@settings(max_examples=60)
def test_kappa_along_time_is_kappa_over_frames(a, b):
    people = [[cut(start, start + more, label) for start, more, label in one] for one in (a, b)]
    frames = [
        [
            "".join(label for label in "xy" if any(s <= f <= s + m and name == label for s, m, name in one))
            for f in range(1, 51)
        ]
        for one in (a, b)
    ]
    if not a and not b:
        return
    found = region_agreement(long(*people), "c", lengths={"1": 50}, resamples=0)
    ours = pair(found, "kappa")
    if len({*frames[0], *frames[1]}) == 1:
        assert math.isnan(ours)
    else:
        assert ours == pytest.approx(cohen_kappa_score(*frames))
    for name, kappa in found.labels[["label", "kappa"]].itertuples(index=False):
        there = [[name in one for one in line] for line in frames]
        if all(map(all, there)):
            assert math.isnan(kappa)
        else:
            assert kappa == pytest.approx(cohen_kappa_score(*there))


def test_spans_of_text_and_sound():
    def word(start: float, end: float) -> dict:
        return result("labels", {"start": start, "end": end, "text": "t", "labels": ["PER"]})

    found = region_agreement(long([word(0, 4)], [word(2, 6)]), "c")
    assert (found.measure, pair(found, "mean_iou")) == ("spans", pytest.approx(1 / 3))
    # Nothing matched, so there are no boundaries to compare.
    assert math.isnan(pair(found, "boundary"))
    sound = region_agreement(long([word(0.5, 1.5)], [word(0.6, 1.5)]), "c", lengths={"1": 3.0})
    assert pair(sound, "boundary") == pytest.approx(0.05)
    assert pair(sound, "kappa") == pytest.approx(1 - 0.1 / (1 - (1 / 3 * 0.3 + 2 / 3 * 0.7)) / 3)


def test_tracks_over_time():
    def track(x: float, first: int, last: int) -> dict:
        place = {"x": x, "y": 0, "width": 20, "height": 20, "rotation": 0, "time": 0}
        keys = [{**place, "frame": first, "enabled": True}, {**place, "frame": last, "enabled": False}]
        return result("videorectangle", {"framesCount": 50, "sequence": keys, "labels": ["dog"]}, id=f"{x}")

    found = region_agreement(long([track(0, 1, 10)], [track(5, 6, 15)], fps=10), "c")
    assert found.measure == "tracks"
    assert pair(found, "mean_iou") == pytest.approx(0.6 * 5 / 15)
    seen = [{"sequence": [{"frame": n, "enabled": False, "x": 0, "y": 0, "width": 1, "height": 1}]} for n in (1, 2)]
    assert Track.from_value(seen[0]).iou(Track.from_value(seen[1])) == 0.0


def test_agreement_reaches_regions_by_the_controls_kind():
    table = long([box(0), box(50, "bus")], [box(5), box(50, "bus")], [box(40)])
    found = agreement(table, "c", resamples=50)
    assert found.overlap is not None
    pd.testing.assert_frame_equal(found.overlap.pairs, region_agreement(table, "c", resamples=50).pairs)
    assert "Regions" in found.note
    assert agreement(long(choice("x"), choice("x")), "mood").overlap is None
    polygon = result("polygonlabels", {"points": [[0, 0], [4, 0], [4, 4]], "polygonlabels": ["roof"]})
    without = agreement(long([polygon], [polygon]).drop(columns="raw"), "c")
    assert without.overlap is None
    assert "raw=True" in without.note
    worst = disputed(table, "c")
    assert worst["n"].tolist() == [3]
    assert worst["disagreement"].tolist() == pytest.approx([1 - (1 + 0 + 0) / 3])


def test_every_recorded_region_can_be_compared():
    table = read_annotations(RECORDED, raw=True)
    twice = pd.concat([table.assign(annotator="a"), table.assign(annotator="b")], ignore_index=True)
    for control in ("box", "oval", "poly", "point", "ner", "act", "who", "sound", "track"):
        found = region_agreement(twice, control, resamples=10)
        assert found.f1 == 1.0, control
    rare = read_annotations(RECORDED.with_name("rarer_types.json"), raw=True)
    twice_rare = pd.concat([rare.assign(annotator="a"), rare.assign(annotator="b")], ignore_index=True)
    found = {c: region_agreement(twice_rare, c, resamples=1) for c in ("plain", "what", "mark", "gait", "line", "turn")}
    assert [found[control].f1 for control in ("plain", "what", "mark", "gait", "turn")] == [1.0] * 5
    assert "Lines have no area" in found["line"].note
    elsewhere = twice_rare.assign(start=float("nan"), end=float("nan"))
    unplaced = region_agreement(elsewhere, "turn", resamples=1)
    assert ": 1 region." in unplaced.note
    assert math.isnan(unplaced.f1)
    with pytest.raises(InputError, match="draws no regions"):
        region_agreement(twice, "mood")
    with pytest.raises(InputError, match="threshold is 0"):
        region_agreement(twice, "box", threshold=0)


@given(st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_order_never_matters_and_nothing_is_changed(order):
    tasks = [
        task(
            n,
            [
                annotation([box(x * (n + 1), id=f"{who}{x}") for x in (0, 7, 30)], 10 * n + who, by=name)
                for who, name in enumerate("abc")
            ],
        )
        for n in range(3)
    ]
    table = long_table(tasks)
    before = table.copy(deep=True)
    rows = list(range(len(table)))
    order.shuffle(rows)
    one, other = (region_agreement(part, "c", resamples=20) for part in (table, table.iloc[rows]))
    pd.testing.assert_frame_equal(one.pairs, other.pairs)
    pd.testing.assert_frame_equal(one.items, other.items)
    assert one.interval == other.interval
    pd.testing.assert_frame_equal(table, before)


def test_all_pairs_of_people():
    found = region_agreement(long([box(0)], [box(0)], [box(60)]), "c")
    assert found.pairs[["a", "b"]].values.tolist() == [list(two) for two in itertools.combinations("abc", 2)]
    assert found.pairs["f1"].tolist() == [1, 0, 0]
    assert found.f1 == pytest.approx(1 / 3)


def span(start: int, label: str, id: str) -> dict:
    value = {"start": start, "end": start + 5, "text": "words", "labels": [label]}
    return result("labels", value, id=id)


def relation(source: str, target: str, *labels: str, direction: str = "right") -> dict:
    return {"type": "relation", "from_id": source, "to_id": target, "direction": direction, "labels": list(labels)}


def test_relations_are_the_same_between_matched_regions_in_one_direction():
    def people(ends: str) -> list[dict]:
        return [span(10 * place, "PER", f"{ends}{place}") for place in range(3)]

    ana = [*people("a"), relation("a0", "a1", "likes"), relation("a1", "a2", "knows"), relation("a0", "a2", "of")]
    ben = [
        *people("b"),
        relation("b1", "b0", "likes", direction="left"),  # the same as ana's first
        relation("b1", "b2", "hates"),
        relation("b2", "b0", "of"),  # the other way round
        relation("b2", "b1", direction="bi"),
    ]
    found = region_agreement(long(ana, ben), "c")
    row = found.arcs.iloc[0]
    assert row[["arcs_a", "arcs_b", "matched", "labelled"]].tolist() == [3, 4, 2, 1]
    assert (row["f1"], row["labelled_f1"]) == pytest.approx((4 / 7, 2 / 7))
    assert (found.value("arcs_f1"), found.value("arcs_labelled_f1")) == pytest.approx((4 / 7, 2 / 7))
    turned = region_agreement(long(ben, ana), "c").arcs.iloc[0]
    assert turned[["arcs_a", "arcs_b", "matched", "labelled"]].tolist() == [4, 3, 2, 1]
    # An end that is not matched takes its arcs with it, and one that another control drew is told.
    moved = [span(100, "PER", "b0"), *people("b")[1:], *ben[3:], relation("b1", "elsewhere")]
    less = region_agreement(long(ana, moved), "c")
    assert less.arcs[["matched", "labelled"]].iloc[0].tolist() == [1, 0]
    assert "Not compared: 1 relation with regions that 'c' did not draw." in less.note
    assert "relations" in repr(less)
    heard = [[{**one, "original_length": 60} for one in results] for results in (ana, ben)]
    text = methods_paragraph(long(*heard), "c")
    assert "Relations between matched regions agreed with an F1 of 0.57" in text
    assert "Krippendorff’s u-alpha over units, gaps and labels was" in text
    assert {"buchholz2006", "krippendorff2016"} <= set(re.findall(r"^@\w+\{(\w+),$", references(text), re.MULTILINE))
    both = [*people("a"), relation("a1", "a0", direction="bi")]
    again = [*people("b"), relation("b0", "b1", direction="bi")]
    assert region_agreement(long(both, again), "c").arcs["f1"].tolist() == [1.0]
    assert region_agreement(long(people("a"), people("b")), "c").arcs.empty
