"""Truth from several people: models of who is right held against other packages, and regions on which most agree."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from label_studio_tasks import annotation, choice, result, task

from lsnb.annotations import long_table
from lsnb.errors import InputError
from lsnb.reliability import Ratings, annotator_quality, consensus_regions, gold, methods_paragraph
from lsnb.reliability.truth import dawid_skene, mace, staple
from lsnb.shapes import brush_mask, brush_rle

RECORDED = json.loads(Path(__file__).with_name("truth_oracles.json").read_text(encoding="utf-8"))
SIZE = {"original_width": 32, "original_height": 24}


def long(votes: dict[str, list], kind: str = "choices") -> pd.DataFrame:
    rows = [
        (f"{item:03d}", who, value, "c", kind, "submitted" if value is not None else "unlabelled")
        for who, values in votes.items()
        for item, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["item", "annotator", "value", "control", "kind", "status"])


@pytest.mark.parametrize("case", RECORDED["crowd"])
def test_dawid_skene_and_mace_are_what_crowd_kit_says(case):
    ratings = Ratings(np.array(case["codes"]), tuple(range(case["width"])), "nominal")
    found = dawid_skene(ratings, most=25)
    np.testing.assert_allclose(found.probabilities, case["dawid_skene"], atol=5e-6)
    errors = {(int(row[0]), int(row[1])): row[2:] for row in case["errors"]}
    for row in found.confusion.itertuples():
        assert row.share == pytest.approx(errors.get((int(row.annotator), row.said), [0] * 9)[row.truth], abs=2e-4)
    trusted = mace(ratings)
    np.testing.assert_allclose(trusted.probabilities, case["mace"], atol=1e-6)
    np.testing.assert_allclose(trusted.annotators["competence"], case["competence"], atol=1e-6)


def test_gold_says_which_model_it_was():
    chance = np.random.default_rng(2)
    truth = chance.integers(0, 3, 120)
    skill = {"ana": 0.95, "ben": 0.9, "cem": 0.4, "dot": 0.4, "eva": 0.4}
    votes = {w: np.where(chance.random(120) < s, truth, chance.integers(0, 3, 120)) for w, s in skill.items()}
    table = long({who: [f"l{code}" for code in codes] for who, codes in votes.items()})
    right = {by: (gold(table, "c", by=by)["value"] == [f"l{t}" for t in truth]).mean() for by in ("majority", "mace")}
    found = gold(table, "c", by="dawid_skene", adjudicated={"000": "l0"})
    assert set(found["how"]) <= {"adjudicated", "unanimous", "dawid_skene"}
    assert found.loc[0, "how"] == "adjudicated"
    n = int(found["how"].eq("dawid_skene").sum())
    told = methods_paragraph(table, "c", gold=found)
    assert f"the likeliest by Dawid and Skene’s model of who is right how often for {n} " in told
    assert "dawid_skene" not in told
    right["dawid_skene"] = (found["value"][1:] == [f"l{t}" for t in truth[1:]]).mean()
    assert min(right["mace"], right["dawid_skene"]) > right["majority"] + 0.05
    quality = annotator_quality(table, "c", by="mace").annotators.set_index("annotator")["competence"]
    assert quality["ana"] > 0.8 > 0.4 > quality["cem"]


def test_what_a_model_cannot_tell_is_undecided_and_faults_are_sentences():
    two = long({"a": ["x", "x", None], "b": ["y", "x", None]})
    found = gold(two, "c", by="dawid_skene")
    assert found["how"].tolist() == ["undecided", "unanimous", "undecided"]
    assert gold(two, "c", by="mace", min_votes=3)["how"].tolist() == ["undecided"] * 3
    with pytest.raises(InputError, match="weights and ties are of votes"):
        gold(two, "c", by="mace", weights={"a": 2})
    numbers = long({"a": [1.5, 2.5], "b": [1.4, 2.2]}, "number")
    with pytest.raises(InputError, match="numbers on a scale"):
        gold(numbers, "c", by="mace")
    with pytest.raises(InputError, match="numbers on a scale"):
        annotator_quality(numbers, "c")


def test_options_of_a_set_are_questions_of_their_own():
    given = {1: ["x", "y"], 2: ["x", "y"], 3: ["x"]}
    tasks = []
    for n in range(6):
        said = {who: labels if n % 2 else ["z"] for who, labels in given.items()}
        tasks.append(task(n, [annotation(choice(*said[who], name="c"), 10 * n + who, by=f"p{who}") for who in said]))
    found = gold(long_table(tasks), "c", by="dawid_skene")
    assert found["value"].tolist() == [("z",), ("x", "y")] * 3
    assert set(found["how"]) == {"unanimous", "dawid_skene"}


@pytest.mark.parametrize("case", RECORDED["regions"]["masks"])
def test_staple_is_what_simpleitk_says(case):
    painted = np.zeros((len(case["painted"]), 24 * 32), int)
    for row, places in zip(painted, case["painted"], strict=True):
        row[places] = 1
    patterns, which, times = np.unique(painted, axis=1, return_inverse=True, return_counts=True)
    probable, sensitive, specific = staple(patterns.T, times)
    np.testing.assert_allclose(probable[which.ravel()], case["probable"], atol=1e-5)
    np.testing.assert_allclose(sensitive, case["sensitivity"], atol=1e-5)
    np.testing.assert_allclose(specific, case["specificity"], atol=1e-5)


def box(x, y, width, height, label="car", *, id="r", rotation=0):
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": rotation, "rectanglelabels": [label]}
    return result("rectanglelabels", value, id=id, **SIZE)


@pytest.mark.parametrize("case", RECORDED["regions"]["boxes"])
def test_boxes_are_fused_as_ensemble_boxes_does(case):
    given = [
        annotation(
            [
                box(*(100 * np.array([x, y, right - x, low - y])), label, id=label)
                for (x, y, right, low), label in zip(theirs, "ab", strict=True)
            ],
            number,
            by=f"p{number}",
        )
        for number, theirs in enumerate(case["boxes"])
    ]
    weights = {f"p{number}": weight for number, weight in enumerate(case["weights"])}
    found = consensus_regions(long_table([task(1, given)], raw=True), "c", weights=weights).annotations
    for row, (x, y, right, low) in zip(found.itertuples(), case["fused"], strict=True):
        np.testing.assert_allclose(
            [row.x, row.y, row.width, row.height], 100 * np.array([x, y, right - x, low - y]), atol=1e-4
        )


def mask(pixels, label="sky", id="r"):
    return result("brushlabels", {"format": "rle", "rle": brush_rle(pixels), "brushlabels": [label]}, id=id, **SIZE)


def test_pixels_of_most_are_kept():
    y, x = np.mgrid[:24, :32]
    painted = [(x < 10 + n) & (y < 12) for n in range(3)]
    table = long_table([task(1, [annotation([mask(p)], n, by=f"p{n}") for n, p in enumerate(painted)])], raw=True)
    for by in ("majority", "staple"):
        found = consensus_regions(table, "c", by=by)
        assert (brush_mask(found.annotations["raw"].iloc[0]) == painted[1]).all()
        assert found.table["status"].tolist() == ["kept"]
    halves = [[mask((x < 5) & (y < 9), id="a"), mask((x > 20) & (y < 9), id="b")], [mask((x < 5) & (y < 9))], []]
    parts = long_table([task(1, [annotation(p, n, by=f"p{n}") for n, p in enumerate(halves)])], raw=True)
    apart = consensus_regions(parts, "c")
    assert apart.table[["n", "of", "status"]].values.tolist() == [[2, 3, "kept"], [1, 3, "left out"]]
    whole = consensus_regions(parts, "c", instances=False)
    assert brush_mask(whole.annotations["raw"].iloc[0]).sum() == 45


def test_moments_of_most_are_kept():
    def cut(*ranges):
        value = {"ranges": [{"start": a, "end": b} for a, b in ranges], "timelinelabels": ["run"]}
        return [result("timelinelabels", value)]

    given = [annotation(cut(r), n, by=f"p{n}") for n, r in enumerate([(1, 10), (5, 14), (8, 20)])]
    found = consensus_regions(long_table([task(1, given, fps=10)], raw=True), "c").annotations
    # Counted frame by frame.
    frames = [f for f in range(1, 30) if sum(a <= f <= b for a, b in [(1, 10), (5, 14), (8, 20)]) >= 2]
    assert found[["start_frame", "end_frame"]].values.tolist() == [[frames[0], frames[-1]]]
    assert found["end"].item() == pytest.approx(1.4)
    words = [
        annotation(
            [result("labels", {"start": a, "end": b, "text": "Anna Meier kam"[a:b], "labels": ["PER"]})], n, by=f"q{n}"
        )
        for n, (a, b) in enumerate([(0, 10), (0, 4), (0, 10), (3, 12)])
    ]
    spans = consensus_regions(long_table([task(1, words)], raw=True), "c").annotations
    assert spans[["start", "end", "text"]].values.tolist() == [[0.0, 10.0, "Anna Meier"]]
    moments = [
        annotation(
            [result("timeserieslabels", {"start": 3, "end": 3, "instant": True, "timeserieslabels": ["beep"]})],
            n,
            by=f"q{n}",
        )
        for n in range(3)
    ]
    assert consensus_regions(long_table([task(1, moments)], raw=True), "c").annotations["start"].tolist() == [3.0]


def test_points_turned_boxes_and_what_has_no_consensus():
    def point(x):
        return [result("keypointlabels", {"x": x, "y": 50, "width": 1, "keypointlabels": ["nose"]}, **SIZE)]

    given = [annotation(point(x), n, by=f"p{n}") for n, x in enumerate([50, 51, 53, 90])]
    found = consensus_regions(long_table([task(1, given)], raw=True), "c")
    assert found.annotations["x"].tolist() == [51.0]
    turned = [annotation([box(20 + n, 20, 30, 20, rotation=10 + n)], n, by=f"p{n}") for n in (0, 1, 2)]
    middle = consensus_regions(long_table([task(1, turned)], raw=True), "c").annotations
    assert middle[["x", "rotation"]].values.tolist() == [[21.0, 11.0]]
    empty = consensus_regions(
        long_table([task(1, [annotation([], n, by=f"p{n}") for n in (0, 1)]), task(2, turned)], raw=True), "c"
    )
    assert empty.annotations["status"].tolist() == ["empty", "submitted"]
    with pytest.raises(InputError, match="STAPLE is of masks"):
        consensus_regions(long_table([task(1, turned)], raw=True), "c", by="staple")
    with pytest.raises(InputError, match="no annotator here"):
        consensus_regions(long_table([task(1, turned)], raw=True), "c", weights={"x": 1})
    with pytest.raises(InputError, match="raw=True"):
        consensus_regions(long_table([task(1, turned)]), "c")
