"""What is said of regions beside F1: units on lines, labels one by one, boundaries, average precision, and answers."""

from __future__ import annotations

import contextlib
import io
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from label_studio_tasks import annotation, result, task
from shapely import LineString, hausdorff_distance
from skimage.metrics import hausdorff_distance as pixel_hausdorff
from skimage.segmentation import find_boundaries

from lsnb.annotations import long_table
from lsnb.errors import InputError
from lsnb.reliability import agreement, disputed, region_agreement
from lsnb.reliability.overlap import average_precision
from lsnb.reliability.unitizing import Continuum, disorder, gamma, unitizing_alpha
from lsnb.shapes import Mask, boundary_distances, mask_distances

RECORDED = json.loads(Path(__file__).with_name("agreement_oracles.json").read_text(encoding="utf-8"))
SIZE = {"original_width": 200, "original_height": 100}


def test_a_table_made_by_hand_needs_the_places_of_its_regions_alone() -> None:
    who = {"item": ["1", "1", "2", "2"], "annotator": ["ana", "ben"] * 2, "control": "box", "kind": "rectanglelabels"}
    table = pd.DataFrame({**who, "value": "car", "status": "submitted"})
    with pytest.raises(InputError, match="does not say where the regions of 'box' are"):
        region_agreement(table, "box")
    placed = table.assign(x=[0, 0, 5, 50.0], y=[0, 0, 5, 50.0], width=10.0, height=10.0)
    # A spreadsheet's empty column of ids is a column of numbers.
    for boxes in (placed, placed.assign(region=np.nan)):
        (pair,) = region_agreement(boxes, "box").pairs.itertuples()
        assert (pair.regions_a, pair.f1) == (2, 0.5)
        assert disputed(boxes, "box")["item"].tolist() == ["2"]
    spans = placed.assign(start=[1, 1, 2, 3], end=[2, 2, 3, 4], kind="labels").drop(columns="x")
    assert disputed(spans, "box")["item"].tolist() == ["2"]


# Units on lines.


ALEX = [(0, 7, "1"), (7, 13, "2"), (30, 32, "5"), (32, 37, "6"), (37, 44, "6"), (44, 60, "7")]
PAUL = [(0, 7, "1"), (7, 13, "3"), (13, 21, "5"), (32, 44, "6")]
SUZAN = [(0, 7, "1"), (7, 13, "4"), (13, 21, "5"), (32, 37, "6"), (37, 41, "6"), (41, 44, "6")]


def test_alphas_of_units_are_those_of_krippendorffs_example():
    # Content Analysis (4th ed. 2019), figure 12.11.
    found = unitizing_alpha([Continuum({"alex": ALEX, "paul": PAUL, "suzan": SUZAN}, 60)])
    assert found.all == pytest.approx(0.510, abs=5e-4)
    assert found.binary == pytest.approx(0.413, abs=1e-3)
    assert found.coding == pytest.approx(0.724, abs=5e-4)
    assert {label: round(alpha, 6) for label, alpha in found.labels.items() if label != "7"} == {
        "1": 1, "2": 0, "3": 0, "4": 0, "5": 1, "6": 1,
    }  # fmt: skip
    assert math.isnan(found.labels["7"])
    assert found.coverage["5"] == pytest.approx(8 / 18)
    assert found.coverage["7"] == 0
    unknown = unitizing_alpha([Continuum({"alex": ALEX, "paul": PAUL, "suzan": SUZAN})])
    assert math.isnan(unknown.all)
    assert unknown.coding == found.coding


def lines_of(case) -> list[list]:
    people = sorted({unit[0] for unit in case["units"]})
    return [[tuple(unit[1:]) for unit in case["units"] if unit[0] == who] for who in people]


def test_u_alpha_is_what_krippendorff_unitized_alpha_says():
    for case in RECORDED["unitized"]:
        units = {who: [tuple(unit) for unit in theirs] for who, theirs in case["units"].items()}
        assert unitizing_alpha([Continuum(units, case["length"])]).all == pytest.approx(case["alpha"], abs=1e-12)


def test_the_best_alignment_is_that_of_pygamma_agreement():
    for case in RECORDED["gamma"]:
        # It computes in 32 bits.
        assert disorder(lines_of(case)) == pytest.approx(case["disorder"], abs=1e-6)


@pytest.mark.slow
def test_what_chance_gives_is_what_pygamma_agreement_draws():
    drawn = [case for case in RECORDED["gamma"] if "expected" in case]
    assert len(drawn) == 4
    for case in drawn:
        found = gamma([Continuum(dict(enumerate(lines_of(case))))], samples=400)
        # Two means of 400 draws each.
        assert abs(found.expected - case["expected"]) < 4 * math.sqrt(2) * case["error"]


def test_gamma_is_1_for_the_same_units_and_lower_the_worse_they_fit():
    units = [(10.0 * n, 10.0 * n + 6, "ab"[n % 2]) for n in range(8)]
    moved = [[(start + by, end + by, label) for start, end, label in units] for by in (0, 1, 2)]
    found = [gamma([Continuum({"a": units, "b": theirs}, 90)]).value for theirs in moved]
    assert found[0] == 1
    assert 1 > found[1] > found[2] > 0
    assert math.isnan(gamma([Continuum({"a": [], "b": []}, 90), Continuum({"a": units}, 90)]).value)
    assert disorder([units, []]) == 2
    assert disorder([[(3, 3, "x")], [(3, 3, "x")]]) == 0


def span(start, end, label, id, *more):
    return [result("labels", {"start": start, "end": end, "labels": [label]}, id=id, name="ner"), *more]


def test_spans_have_alphas_and_gamma_of_all_annotators():
    units = {1: ALEX, 2: PAUL, 3: SUZAN}
    done = [
        annotation(
            [one for n, (s, e, label) in enumerate(theirs) for one in span(s, e, label, f"r{n}")], who, by=f"p{who}"
        )
        for who, theirs in units.items()
    ]
    table = long_table([task(1, done)], raw=True)
    item = table["item"][0]
    found = region_agreement(table, "ner", lengths={item: 60}, gamma_samples=20)
    assert found.value("u_alpha") == pytest.approx(0.510, abs=5e-4)
    assert found.value("cu_alpha") == pytest.approx(0.724, abs=5e-4)
    assert 0 < found.value("gamma") < 1
    assert found.labels.set_index("label")["alpha"].round(6)[["1", "2"]].tolist() == [1, 0]
    assert "u-alpha" in repr(found)
    assert "u-alpha" in found._repr_html_()
    without = region_agreement(table, "ner")
    assert math.isnan(without.value("u_alpha"))
    assert math.isnan(without.value("gamma"))
    assert without.value("cu_alpha") == found.value("cu_alpha")
    assert agreement(table, "ner").overlap.value("cu_alpha") == found.value("cu_alpha")


# Boundaries.


def test_boundaries_are_as_far_apart_as_shapely_says():
    chance = np.random.default_rng(18)
    for _ in range(20):
        angles = np.sort(chance.uniform(0, 2 * np.pi, 9))
        a, b = (
            np.stack([np.cos(angles), np.sin(angles)], axis=1) * chance.uniform(20, 40, (9, 1)) + 50 for _ in range(2)
        )
        rings = [LineString(np.vstack([corners, corners[:1]])) for corners in (a, b)]
        mean, farthest = boundary_distances(a, b, step=0.05)
        assert farthest == pytest.approx(hausdorff_distance(*rings, densify=0.001), abs=0.05)
        there, back = (
            np.mean([other.distance(one.interpolate(part, normalized=True)) for part in np.linspace(0, 1, 2000)])
            for one, other in (rings, rings[::-1])
        )
        assert mean == pytest.approx((there + back) / 2, rel=5e-3)
    assert all(math.isnan(part) for part in boundary_distances(a[:1], b))


def test_masks_are_as_far_apart_as_scikit_image_says():
    chance = np.random.default_rng(18)
    y, x = np.mgrid[:40, :50]
    for _ in range(20):
        painted = [
            (x - 25 - chance.normal(0, 3)) ** 2 + (y - 20 - chance.normal(0, 3)) ** 2 < chance.uniform(5, 12) ** 2
            for _ in range(2)
        ]
        _, farthest = mask_distances(*map(Mask.from_pixels, painted))
        edges = [find_boundaries(one, connectivity=1, mode="inner") for one in painted]
        assert farthest == pytest.approx(pixel_hausdorff(*edges), abs=1e-12)
    nothing = Mask.from_pixels(np.zeros((40, 50), dtype=bool))
    assert math.isnan(mask_distances(nothing, Mask.from_pixels(painted[0]))[0])


# Labels, a reference, and answers about regions.


def box(x, y, width, height, label, id, score=None):
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [label]}
    found = result("rectanglelabels", value, id=id, name="box", **SIZE)
    return found if score is None else {**found, "score": score}


def boxes_of_two(seed: int = 18, items: int = 12):
    chance = np.random.default_rng(seed)
    tasks, truth, said = [], [], []
    for item in range(items):
        mine, theirs = [], []
        for _n in range(int(chance.integers(1, 6))):
            place = [*chance.uniform(0, 60, 2), *chance.uniform(10, 30, 2)]
            label = "ab"[int(chance.integers(2))]
            mine.append((place, label))
            truth.append((item, place, label))
            for _ in range(int(chance.integers(0, 3))):
                moved = [*(np.array(place[:2]) + chance.normal(0, 4, 2)), *place[2:]]
                sure = float(np.round(chance.uniform(), 6))
                theirs.append((moved, label, sure))
                said.append((item, moved, label, sure))
        tasks.append(
            task(
                item,
                [
                    annotation([box(*p, label, f"t{n}") for n, (p, label) in enumerate(mine)], 2 * item, by="gold"),
                    annotation(
                        [box(*p, label, f"m{n}", s) for n, (p, label, s) in enumerate(theirs)], 2 * item + 1, by="m"
                    ),
                ],
            )
        )
    return tasks, truth, said


def test_average_precision_is_that_of_pycocotools():
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    for seed in range(5):
        tasks, truth, said = boxes_of_two(seed)
        table = long_table(tasks, raw=True)
        found = region_agreement(table, "box", reference="gold", resamples=0)

        def pixels(place):
            return [float(part * side) for part, side in zip(place, (2, 1, 2, 1), strict=True)]

        items = sorted({item for item, *_ in truth})
        gold = COCO()
        gold.dataset = {
            "info": {},
            "images": [{"id": item, "width": 200, "height": 100} for item in items],
            "categories": [{"id": n, "name": name} for n, name in ((1, "a"), (2, "b"))],
            "annotations": [
                {"id": n, "image_id": item, "category_id": 1 + (label == "b"), "bbox": pixels(place), "iscrowd": 0,
                 "area": float(np.prod(pixels(place)[2:]))}
                for n, (item, place, label) in enumerate(truth, start=1)
            ],
        }  # fmt: skip
        with contextlib.redirect_stdout(io.StringIO()):
            gold.createIndex()
            model = gold.loadRes(
                [
                    {"image_id": item, "category_id": 1 + (label == "b"), "bbox": pixels(place), "score": sure}
                    for item, place, label, sure in said
                ]
            )
            judged = COCOeval(gold, model, "bbox")
            judged.params.iouThrs = np.array([0.5])
            judged.evaluate()
            judged.accumulate()
        precision = judged.eval["precision"][0, :, :, 0, 2]
        expected = precision.mean(axis=0)
        labels = found.labels.set_index("label")
        np.testing.assert_allclose(labels["ap"][["a", "b"]], expected, atol=1e-9)
        assert found.value("ap") == pytest.approx(expected.mean(), abs=1e-9)
        assert labels["precision"].between(0, 1).all()
        assert labels["recall"].between(0, 1).all()
        matched, regions = labels["matched"].sum(), labels["regions"].sum()
        assert found.f1 == pytest.approx(2 * matched / regions)
        assert found.value("precision") == pytest.approx(matched / len(said))
        assert found.value("recall") == pytest.approx(matched / len(truth))


def test_average_precision_without_scores_or_regions_is_missing():
    assert math.isnan(average_precision(np.array([math.nan]), [True], 1))
    assert math.isnan(average_precision(np.array([0.5]), [True], 0))
    assert average_precision(np.array([]), [], 3) == 0
    tasks, *_ = boxes_of_two()
    table = long_table(tasks, raw=True)
    assert "ap" not in region_agreement(table, "box", resamples=0).labels
    with pytest.raises(InputError, match=r"reference is 'golf', who annotated nothing. Did you mean"):
        region_agreement(table, "box", reference="golf")


def test_boundaries_of_boxes_are_in_pixels():
    tasks = [
        task(
            1,
            [
                annotation([box(10, 10, 20, 40, "a", "r")], 1, by="x"),
                annotation([box(11, 10, 20, 40, "a", "s")], 2, by="y"),
            ],
        )
    ]
    found = region_agreement(long_table(tasks, raw=True), "box")
    # One percent of 200 pixels to the right: the sides are 2 apart, the ends 0 but for the corners.
    assert found.pairs["hausdorff"].tolist() == [pytest.approx(2)]
    assert 0.9 < found.pairs["boundary"][0] < 1.1
    assert found.labels["boundary"].tolist() == found.pairs["boundary"].tolist()


def test_answers_about_matched_regions_are_compared():
    def asked(value, id):
        return {**result("choices", {"choices": [value]}, id=id, name="age"), "to_name": "img"}

    given = {"x": ["old", "young", "old", "old"], "y": ["old", "young", "young", "old"]}
    tasks = [
        task(
            item,
            [
                annotation(
                    [box(10, 10, 20, 40, "a", f"r{who}{item}"), asked(said[item], f"r{who}{item}")],
                    10 * item + n,
                    by=who,
                )
                for n, (who, said) in enumerate(given.items())
            ],
        )
        for item in range(4)
    ]
    found = region_agreement(long_table(tasks, raw=True), "box")
    assert found.answers[["question", "n", "percent"]].values.tolist() == [["age", 4, 0.75]]
    assert found.answers["kappa"].tolist() == [pytest.approx(0.5)]
    assert "age" in repr(found)
