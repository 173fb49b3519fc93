"""Figures that reviewers ask for: against other packages and published tables, and intervals that hold."""

from __future__ import annotations

import importlib.metadata
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_tasks import annotation, choice, result, task
from nltk.metrics import agreement as nltk_agreement
from scipy import stats
from sklearn import metrics
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from lsnb import plots
from lsnb.annotations import long_table
from lsnb.errors import InputError
from lsnb.reliability import (
    Ratings,
    agreement,
    agreement_overview,
    alternative_annotator_test,
    cohen_kappa,
    disputed,
    evaluate,
    gold,
    intraclass_correlation,
    krippendorff_alpha,
    methods_paragraph,
    references,
    region_agreement,
    text_agreement,
)
from lsnb.reliability.agreement import figures_in
from lsnb.reliability.coefficients import set_distances
from lsnb.reliability.evaluation import _p_value, _rejected
from lsnb.reliability.intervals import share_interval
from lsnb.sampling import sample, strata_table
from lsnb.study.models import ModelRun
from lsnb.tables.keys import item_name

RECORDED = json.loads(Path(__file__).with_name("agreement_oracles.json").read_text(encoding="utf-8"))
SIZE = {"original_width": 1280, "original_height": 720}


def long(votes: dict[str, list], kind: str = "choices", **more) -> pd.DataFrame:
    rows = [
        (f"{item:03d}", who, value, "c", kind, "submitted" if value is not None else "unlabelled")
        for who, values in votes.items()
        for item, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["item", "annotator", "value", "control", "kind", "status"]).assign(**more)


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_gwet_and_brennan_prediger_are_what_irrcac_says(level):
    weights = {"nominal": "identity", "ordinal": "linear"}[level]
    for case in RECORDED["names"][::4]:
        table = case["table"]
        votes = {f"p{who}": [row[who] for row in table] for who in range(len(table[0]))}
        found = agreement(long(votes, "rating"), "c", level, resamples=0)
        theirs = case["figures"]
        gwet = found.value("ac1" if level == "nominal" else "ac2")
        assert gwet == pytest.approx(theirs[f"gwet {weights}"], abs=6e-6)
        assert found.value("brennan_prediger") == pytest.approx(theirs[f"brennan_prediger {weights}"], abs=6e-6)
        assert found.value("percent") == pytest.approx(theirs["percent identity"], abs=6e-6)


def numbers(table: list[list[float]]) -> Ratings:
    values = tuple(sorted({value for row in table for value in row}))
    return Ratings(np.array([[values.index(value) for value in row] for row in table]), values, "interval")


def test_intraclass_correlations_are_what_pingouin_says():
    for case in RECORDED["numbers"]:
        found = intraclass_correlation(numbers(case["table"]))
        theirs = np.array(case["rows"])
        np.testing.assert_allclose(found["value"], theirs[:, 0], atol=1e-9)
        # It rounds bounds to two places.
        np.testing.assert_allclose(found[["low", "high"]], theirs[:, 1:], atol=0.0051)


def test_the_interval_of_an_intraclass_correlation_holds_it_and_ends_at_one():
    # Far below zero the mean's reliability has none, and at two items and two people a quotient is of nothing.
    chance = np.random.default_rng(1)
    turned = [np.add.outer(np.arange(n), np.arange(k)) % 5 for n in range(2, 8) for k in range(2, 5)]
    drawn = [chance.integers(0, 5, (n, k)) for _ in range(20) for n in range(2, 8) for k in range(2, 5)]
    for codes in [*turned, *drawn]:
        found = intraclass_correlation(Ratings(codes, (1.0, 2.0, 3.0, 4.0, 5.0), "interval"))
        known = found[["low", "value", "high"]].dropna().to_numpy()
        assert (known[:, 0] <= known[:, 1] + 1e-9).all()
        assert (known[:, 1] <= known[:, 2] + 1e-9).all()
        assert (known[:, 2] <= 1 + 1e-9).all()


def test_shrout_and_fleiss_example():
    # Shrout and Fleiss (1979), table 2 and 4: six targets, four judges.
    table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = intraclass_correlation(numbers(table)).set_index("icc")["value"].round(2).to_dict()
    expected = [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]
    assert list(found.values()) == expected
    votes = {f"p{who}": [float(row[who]) for row in table] for who in range(4)}
    whole = agreement(long(votes, "number"), "c")
    assert round(whole.value("ICC(2,1)"), 2) == 0.29
    assert whole.recommended == "ICC(2,1)"
    assert math.isnan(whole.value("percent"))
    assert math.isnan(whole.fleiss)
    assert "scale" in whole.note


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(max_examples=60)
def test_the_interval_of_a_share_is_what_statsmodels_says(counts):
    assert share_interval(*counts) == pytest.approx(proportion_confint(*counts, method="agresti_coull"), abs=1e-9)


@pytest.mark.parametrize("n", [15, 30, 60, 150, 500])
def test_intervals_of_shares_hold_what_they_should(n):
    hits = np.arange(n + 1)
    low, high = np.array([share_interval(float(h), n) for h in hits]).T
    for share in (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99):
        held = stats.binom.pmf(hits, n, share)[(low <= share) & (share <= high)].sum()
        assert held >= 0.94, share


scales = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=3, max_size=20)


@given(scales)
@settings(max_examples=60)
def test_weighted_kappas_are_what_scikit_learn_says(rows):
    codes = np.array(rows) - 1
    ratings = Ratings(codes, (1.0, 2.0, 3.0, 4.0, 5.0), "ordinal")
    if len(np.unique(codes)) < 2:
        return
    for weights in ("none", "linear", "quadratic"):
        theirs = metrics.cohen_kappa_score(*codes.T, labels=range(5), weights=None if weights == "none" else weights)
        assert cohen_kappa(ratings, 0, 1, weights)[0] == pytest.approx(theirs, abs=1e-9)


sets = st.frozensets(st.sampled_from("xyz"))


@given(st.lists(st.tuples(sets, sets), min_size=2, max_size=10))
@settings(max_examples=60)
def test_masi_and_jaccard_alphas_are_what_nltk_says(rows):
    def masi(a: frozenset, b: frozenset) -> float:
        if not a and not b:
            return 0.0
        kind = 1 if a == b else 2 / 3 if (a < b or b < a) and a and b else 1 / 3 if a & b else 0
        return 1 - len(a & b) / len(a | b) * kind

    def jaccard(a: frozenset, b: frozenset) -> float:
        return 1 - len(a & b) / len(a | b) if a | b else 0.0

    triples = [(who, item, row[place]) for item, row in enumerate(rows) for place, who in enumerate("ab")]
    if len({chosen for _, _, chosen in triples}) < 2:
        return
    tasks = [
        task(n, [annotation(choice(*sorted(row[who]), name="c"), 10 * n + who, by=who) for who in (0, 1)])
        for n, row in enumerate([*rows, ({"x", "y"}, {"x", "y"})])
    ]
    triples += [(who, len(rows), frozenset("xy")) for who in "ab"]
    found = agreement(long_table(tasks), "c", resamples=0)
    for name, distance in (("alpha", jaccard), ("alpha_masi", masi)):
        theirs = nltk_agreement.AnnotationTask(triples, distance=distance).alpha()
        assert found.value(name) == pytest.approx(theirs, abs=1e-9)


def test_masi_of_sets():
    # Passonneau (2006): the same, a subset, an overlap and nothing in common.
    distances = set_distances([("a", "b"), ("a",), ("b", "c"), ("d",), ()], "masi")
    assert distances[0].round(4).tolist() == [0, round(1 - 1 / 2 * 2 / 3, 4), round(1 - 1 / 3 / 3, 4), 1, 1]


def test_named_answers_with_an_order_are_ordinal():
    named = {"a": ["low", "mid", "high", "low"], "b": ["low", "high", "high", "mid"]}
    place = {"low": 1.0, "mid": 2.0, "high": 3.0}
    one = agreement(long(named), "c", order=["low", "mid", "high"], resamples=0)
    other = agreement(long({w: [place[v] for v in vs] for w, vs in named.items()}, "rating"), "c", resamples=0)
    assert one.level == "ordinal"
    assert one.figures["value"].tolist() == pytest.approx(other.figures["value"].tolist())
    assert one.kappa["quadratic"].item() == pytest.approx(other.kappa["quadratic"].item())
    for order, says in ((["low", "mid"], "not in order: high"), (["low", "low"], "more than once")):
        with pytest.raises(InputError, match=says):
            agreement(long(named), "c", order=order)


def test_what_to_report_follows_from_the_answers():
    two = {"a": ["x", "y"] * 10, "b": ["x", "y"] * 9 + ["y", "y"]}
    assert agreement(long(two), "c", resamples=0).recommended == "kappa"
    assert agreement(long({**two, "c": ["x"] * 20}), "c", resamples=0).recommended == "alpha"
    rare = {"a": ["x"] * 38 + ["y", "x"], "b": ["x"] * 38 + ["x", "y"]}
    found = agreement(long(rare), "c", resamples=0)
    assert found.recommended == "ac1"
    assert "in spite of agreement" in found.note
    assert "Coefficients differ" in found.note


def test_one_item_has_no_interval_of_width_zero():
    found = agreement(long({"a": ["x"], "b": ["y"]}), "c")
    assert all(math.isnan(bound) for bound in found.interval)
    assert "One item alone" in found.note
    assert "(1 item)" in found._repr_html_()
    assert "[–" not in found._repr_html_()
    low, high = found.bounds("percent")
    assert high - low > 0.5


def test_intervals_hold_what_is_true_near_the_ceiling():
    # bench_coverage.py has the grid; here one cell in which a percentile bootstrap held alpha in .55 of studies.
    chance = np.random.default_rng(3)
    held, n = 0, 0
    true = 1 - 0.02 / (2 * 0.1 * 0.9)
    for _ in range(100):
        kind = chance.choice(3, 30, p=[0.89, 0.09, 0.02])
        a, b = np.where(kind == 1, 1, 0), np.where(kind >= 1, 1, 0)
        swap = chance.random(30) < 0.5
        a, b = np.where(swap, b, a), np.where(swap, a, b)
        if len({*a, *b}) < 2:
            continue
        low, high = krippendorff_alpha(Ratings(np.stack([a, b], axis=1), ("x", "y"), "nominal"), resamples=200)[1]
        n += 1
        held += low <= true <= high
    assert held / n >= 0.93


def test_clusters_widen_intervals_and_are_said():
    chance = np.random.default_rng(5)
    right = np.repeat(chance.random(20) < 0.7, 20)
    truth = chance.integers(0, 2, 400)
    votes = {"a": truth.tolist(), "b": np.where(right, truth, 1 - truth).tolist()}
    table = long(votes)
    table["video"] = [f"v{int(item) // 20}" for item in table["item"]]
    plain, drawn = agreement(table, "c"), agreement(table, "c", clusters="video")
    wide, narrow = (high - low for low, high in (drawn.interval, plain.interval))
    assert wide > 2 * narrow
    assert drawn.alpha == plain.alpha
    assert "20 clusters" in methods_paragraph(table, "c", agreement_found=drawn)
    with pytest.raises(InputError, match="in no cluster"):
        agreement(table, "c", clusters={"000": "v"})
    with pytest.raises(InputError, match="Did you mean 'video'"):
        agreement(table, "c", clusters="vidio")
    # Frames say themselves which video they are of; of one video, or where some are none, items stand for themselves.
    frames = table.assign(item=[item_name(f"v{int(i) // 20}", int(i)) for i in table["item"]])
    assert agreement(frames, "c", clusters="auto").interval == pytest.approx(drawn.interval, rel=1e-12)
    first = frames[frames["video"].eq("v0")]
    for other in (first, table):
        alone = agreement(other, "c", clusters="auto")
        assert (alone.clusters, alone.interval) == (0, agreement(other, "c").interval)
    overview = agreement_overview(frames, clusters="auto").iloc[0]
    assert (overview["low"], overview["high"]) == agreement(frames, "c", clusters="video").bounds("kappa")
    said = frames.assign(kind="textarea", value=frames["value"].astype(str))
    row = agreement_overview(said, clusters="auto").iloc[0]
    assert (row["low"], row["high"]) == text_agreement(said, "c", clusters="video").interval
    lone = agreement(table, "c", clusters=dict.fromkeys(table["item"], "v"))
    assert "one cluster" in lone.note
    # What formulas take for independent has no interval then, and is not what to report.
    plain, drawn = (agreement(table, "c", "interval", clusters=own, resamples=20) for own in (None, "video"))
    assert [found.recommended for found in (plain, drawn)] == ["ICC(2,1)", "alpha"]
    assert drawn.value("ICC(2,1)") == plain.value("ICC(2,1)")
    assert math.isnan(drawn.bounds("ICC(2,1)")[0])
    assert "no intervals where items come in clusters" in drawn.note
    said = methods_paragraph(table, "c", agreement_found=plain)
    assert "95 % intervals by items, that of ICC(2,1) by McGraw and Wong’s formulas" in said


# A model beside people.


def test_the_gap_compares_the_same_items():
    # On the items that two answered everybody agrees; the model errs only where one person was alone.
    shared, alone = ["x", "y"] * 10, ["x", "y"] * 20
    votes = {"a": shared + alone, "b": shared + [None] * 40}
    model = pd.DataFrame({"ID": [f"{n:03d}" for n in range(60)], "c": shared + ["y", "x"] * 20})
    table = long(votes)
    found = evaluate(model, gold(table, "c"), key="ID", column="c", annotations=table)
    assert found.human_gap[0] == 0
    assert found.humans["n"].tolist() == [20, 20]
    assert found.humans[["kappa", "rest"]].values.tolist() == [[1.0, 1.0]] * 2
    assert found.human_gap[1][0] < 0 < found.human_gap[1][1]


def test_spelling_is_told_instead_of_an_empty_note():
    people = pd.DataFrame({"item": list("123"), "value": ["Positive", "Negative", "Positive"]})
    for said, says in (
        (["positive", "negative", "positive"], "'negative' and 'Negative'"),
        ([" Positive", "Negative ", "Positiv"], "'Positiv' and"),
        (["+", "-", "+"], "No answer of the model is a gold one"),
    ):
        found = evaluate(pd.DataFrame({"ID": list("123"), "m": said}), people, key="ID", column="m")
        assert found.accuracy == 0
        assert says in found.note


def test_sets_are_evaluated_by_options():
    truth, said = [("a", "b"), ("a",), ("c",)], [["a"], ["a"], ["b", "c"]]
    model = pd.DataFrame({"ID": list("123"), "m": said})
    found = evaluate(model, pd.DataFrame({"item": list("123"), "value": truth}), key="ID", column="m")
    grids = [[[option in row for option in "abc"] for row in rows] for rows in (truth, said)]
    theirs = metrics.precision_recall_fscore_support(*grids, zero_division=0)
    np.testing.assert_allclose(found.per_class[["precision", "recall", "f1", "support"]].T, theirs)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(*grids))
    assert found.value("jaccard") == pytest.approx(metrics.jaccard_score(*grids, average="samples"))
    assert found.macro_f1 == pytest.approx(metrics.f1_score(*grids, average="macro"))


def test_ranks_and_numbers_are_evaluated_as_such():
    chance = np.random.default_rng(7)
    truth = chance.integers(1, 6, 40)
    said = np.clip(truth + chance.integers(-1, 2, 40), 1, 5)
    keys = [str(n) for n in range(40)]
    model = pd.DataFrame({"ID": keys, "m": said})
    found = evaluate(model, pd.DataFrame({"item": keys, "value": truth}), key="ID", column="m", level="ordinal")
    for weights in ("linear", "quadratic"):
        theirs = metrics.cohen_kappa_score(truth, said, weights=weights)
        assert found.value(f"kappa_{weights}") == pytest.approx(theirs)
    assert found.value("mae") == pytest.approx(metrics.mean_absolute_error(truth, said))
    assert found.value("spearman") == pytest.approx(stats.spearmanr(truth, said).statistic)
    for name in ("mae", "spearman", "kappa_quadratic"):
        low, high = found.intervals[name]
        assert low < found.value(name) < high
    levels = ["bad", "fair", "good", "fine", "great"]
    named = evaluate(
        model.assign(m=[levels[n - 1] for n in said]),
        pd.DataFrame({"item": keys, "value": [levels[n - 1] for n in truth]}),
        key="ID",
        column="m",
        order=levels,
    )
    assert named.per_class["label"].tolist() == levels
    assert named.confusion.index.tolist() == levels
    assert named.value("kappa_linear") == pytest.approx(found.value("kappa_linear"))
    real = evaluate(
        model.assign(m=said + 0.123 * chance.random(40)),
        pd.DataFrame({"item": keys, "value": truth + 0.1}),
        key="ID",
        column="m",
    )
    assert math.isnan(real.accuracy)
    assert real.value("mae") > 0


def test_a_control_that_draws_is_not_evaluated_by_labels():
    value = {"x": 1, "y": 1, "width": 2, "height": 2, "rotation": 0, "rectanglelabels": ["car"]}
    table = long_table([task(1, [annotation([result("rectanglelabels", value, **SIZE)], 1, by="a")], ID="1")], key="ID")
    model = pd.DataFrame({"ID": ["1"], "c": ["car"]})
    with pytest.raises(InputError, match="region_agreement"):
        evaluate(model, pd.DataFrame({"item": ["1"], "value": ["car"]}), key="ID", column="c", annotations=table)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.sampled_from([0.05, 0.1, 0.2]))
@settings(max_examples=60)
def test_the_false_discovery_control_is_what_statsmodels_says(p, rate):
    assert _rejected(np.array(p), rate) == multipletests(p, alpha=rate, method="fdr_by")[0].tolist()


def test_the_p_value_is_a_t_test_with_one_more_item():
    differences = np.array([0, 0, 1, -1, 0, 1, 0, 0, -1, 0], dtype=float)
    theirs = stats.ttest_1samp([*differences, 1.0], 0.2, alternative="less").pvalue
    assert _p_value(differences, 0.2) == pytest.approx(theirs)
    assert _p_value(np.zeros(5), 0.2) > 0.05


def test_the_alternative_annotator_test_by_hand():
    chance = np.random.default_rng(11)
    truth = chance.integers(0, 3, 200)
    votes = {w: np.where(chance.random(200) < 0.8, truth, chance.integers(0, 3, 200)) for w in "abcd"}
    keys = [f"{n:03d}" for n in range(200)]
    table = long({w: [f"l{v}" for v in vs] for w, vs in votes.items()})
    for said, passes in ((truth, True), (chance.integers(0, 3, 200), False)):
        model = pd.DataFrame({"item": keys, "c": [f"l{v}" for v in said]})
        found = alternative_annotator_test(model, table, "c")
        assert found.passes is passes
        wins = []
        for person in "abcd":
            rest = np.array([votes[w] for w in "abcd" if w != person])
            of_model, of_human = (rest == said).mean(axis=0), (rest == votes[person]).mean(axis=0)
            wins.append(float((of_model >= of_human - 1e-12).mean()))
        assert found.annotators["model"].tolist() == pytest.approx(wins)
        assert found.advantage == pytest.approx(np.mean(wins))
    with pytest.raises(InputError, match="three or more"):
        alternative_annotator_test(model, table[table["annotator"] < "c"], "c")


# Regions.


def points(*places: tuple[float, float, str]) -> list:
    return [
        result("keypointlabels", {"x": x, "y": y, "width": 1, "keypointlabels": [label]}, id=f"{x}{label}", **SIZE)
        for x, y, label in places
    ]


def drawn(*people: list) -> pd.DataFrame:
    given = [annotation(results, n, by=name) for n, (name, results) in enumerate(zip("abc", people, strict=False), 1)]
    return long_table([task(1, given, ID="1")], key="ID", raw=True)


def test_key_points_far_apart_are_not_the_same():
    far = region_agreement(drawn(points((10, 50, "nose")), points((60, 50, "nose"))), "c")
    assert (far.f1, far.pairs["distance"].item()) == (0, 640)
    assert far.pairs["oks"].item() < 0.01
    near = region_agreement(drawn(points((10, 50, "nose")), points((10.5, 50, "nose"))), "c")
    assert near.f1 == 1.0
    pose = [(10, 10, "nose"), (30, 50, "hip")]
    moved = [(11, 10, "nose"), (30, 50, "hip")]
    found = region_agreement(drawn(points(*pose), points(*moved)), "c")
    # COCO's formula: both span about 256 by 288 pixels, and one of the points is 12.8 off.
    areas = [256 * 288, 243.2 * 288]
    assert found.pairs["oks"].item() == pytest.approx((1 + math.exp(-(12.8**2) / (2 * np.mean(areas) * 0.01))) / 2)
    assert region_agreement(drawn(points(*pose), points(*moved)), "c", reach=10).f1 == 0.5


def cut(start: float, end: float, label: str = "bark", **more) -> dict:
    return result("labels", {"start": start, "end": end, "labels": [label]}, id=f"{start}{label}", **more)


def test_two_identical_instants_agree():
    found = region_agreement(drawn([cut(3, 3)], [cut(3, 3)]), "c")
    assert found.f1 == 1.0
    assert region_agreement(drawn([cut(3, 3)], [cut(4, 4)]), "c").f1 == 0.0


def test_kappa_is_over_the_whole_recording_or_missing():
    a, b = [cut(0, 10)], [cut(0, 8)]
    assert region_agreement(drawn(a, b), "c").pairs["kappa"].isna().item()
    assert "give lengths" in region_agreement(drawn(a, b), "c").note
    told = region_agreement(drawn([cut(0, 10, original_length=100)], [cut(0, 8, original_length=100)]), "c")
    seconds = [["bark"] * n + ["–"] * (100 - n) for n in (10, 8)]
    assert told.pairs["kappa"].item() == pytest.approx(metrics.cohen_kappa_score(*seconds))


def test_events_within_a_collar():
    a, b = [cut(1, 2), cut(5, 6), cut(8, 9, "howl")], [cut(1.1, 2.2), cut(5, 6.5), cut(8, 9)]
    assert region_agreement(drawn(a, b), "c", collar=0.2).pairs["event_f1"].item() == pytest.approx(2 / 6)
    assert region_agreement(drawn(a, b), "c", collar=0.5).pairs["event_f1"].item() == pytest.approx(4 / 6)


def test_regions_without_an_id_count():
    value = {"y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["car"]}
    sent = [{**result("rectanglelabels", {"x": x, **value}, **SIZE), "id": None} for x in (0, 50)]
    for one in sent:
        del one["id"]
    kept = [result("rectanglelabels", {"x": x, **value}, id=f"r{x}", **SIZE) for x in (0, 50)]
    found = region_agreement(drawn(kept, sent), "c")
    assert found.pairs[["regions_a", "regions_b", "matched"]].values.tolist() == [[2, 2, 2]]


# The paragraph.


def test_the_paragraph_of_regions_does_not_call_them_unanimous():
    value = {"y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["car"]}
    kept = [[result("rectanglelabels", {"x": x, **value}, id=f"r{x}", **SIZE)] for x in (0, 70)]
    table = drawn(*kept)
    text = methods_paragraph(table, "c")
    for wrong in ("unanimous", "alpha", "raw=True", ".overlap", "lsnb."):
        assert wrong not in text
    overlap = region_agreement(table, "c")
    assert f"F1 of {overlap.f1:.2f}" in text
    assert text.startswith("One item was annotated for “c” by two annotators (2 annotations;")
    # Labels are alike, and the regions lie in other corners.
    assert gold(table, "c")["how"].tolist() == ["unanimous (labels alone)"]
    assert disputed(table, "c")["answers"].tolist() == ["a: car; b: car"]
    about = [result("choices", {"choices": ["sick"], **place["value"]}, name="q", id=place["id"]) for [place] in kept]
    asked = drawn(*[[*place, answer] for place, answer in zip(kept, about, strict=True)])
    assert gold(asked, "q")["how"].tolist() == ["unanimous (answers alone)"]
    assert "The final answer was unanimous for 1 of one item." in methods_paragraph(asked, "q")


def test_regions_without_a_label_are_not_nothing():
    boxes = [result("rectangle", {"x": x, "y": 10, "width": 20, "height": 20}, id=f"r{x}", **SIZE) for x in (0, 70)]
    table = drawn(boxes, [])
    words = "2 regions without a label"
    assert disputed(table, "c")["answers"].tolist() == [f"a: {words}; b: nothing"]
    shown = [text.get_text() for text in plots.disagreement_map(table, "c").axes[0].texts]
    assert len(set(shown)) == 2
    assert "nothing" in shown


def test_the_paragraph_says_when_annotations_were_made_and_what_they_began_from():
    def answers(place: int) -> list:
        begun = {"parent_prediction": 7} if place == 1 else {}
        by_ana = annotation(choice("x"), 2 * place, by=1, at=f"2026-03-0{place}T23:30:00-02:00", **begun)
        return [by_ana, annotation(choice("x"), 2 * place + 1, by=2, at="2026-03-02T10:00:00Z")]

    table = long_table([task(n, answers(n), ID=str(n)) for n in (1, 2, 3)], key="ID")
    text = methods_paragraph(table, "mood")
    assert "Annotations were made from 2026-03-02 to 2026-03-04 (UTC). 1 of 6 annotations began from a model’s" in text
    later = methods_paragraph(table[table["item"].eq("2")], "mood")
    assert "Annotations were made from 2026-03-02 to 2026-03-03 (UTC). No annotation began from a model’s" in later
    assert "replaced" not in text
    # Ana answers two items again, one of them twice.
    twice = [answers(n) for n in (1, 2, 3)]
    twice[0].append(annotation(choice("y"), 90, by=1, at="2026-03-05T10:00:00Z"))
    twice[1] += [annotation(choice("y"), 91 + n, by=1, at=f"2026-03-05T1{n}:00:00Z") for n in range(2)]
    again = long_table([task(n, given, ID=str(n)) for n, given in enumerate(twice, 1)], key="ID")
    assert "3 annotations were replaced by a later one of the same person." in methods_paragraph(again, "mood")
    # What an export does not tell is not said.
    unsaid = methods_paragraph(table.assign(origin=None, prediction=None, created_at=None), "mood")
    assert "made" not in unsaid
    assert "began" not in unsaid
    names = ("lsnb", "numpy", "pandas", "scipy")
    own, *others = (f"{name} {importlib.metadata.version(name)}" for name in names)
    assert unsaid.endswith(f"Figures were computed with {own} ({others[0]}, {others[1]} and {others[2]}).")
    assert "Label Studio" not in unsaid
    assert "Annotations were read from Label Studio 1.20.0." in methods_paragraph(table, "mood", label_studio="1.20.0")


@pytest.mark.filterwarnings("ignore:3 items are hidden repeats")
def test_the_paragraph_says_how_the_sample_was_drawn_and_what_came_twice():
    frame = pd.DataFrame({"ID": [f"{n}" for n in range(40)], "group": ["x", "y"] * 20})
    drawn = sample(frame, key="ID", n=10, by="group", seed=7, repeats=3)
    said = {"a": drawn["ID"].str.startswith("1"), "b": drawn["ID"].str.endswith("2")}
    rows = [
        (item, who, "new" if is_new else "old")
        for who in "ab"
        for item, is_new in zip(drawn["ID"], said[who], strict=True)
    ]
    table = pd.DataFrame(rows, columns=["item", "annotator", "value"])
    table = table.assign(control="c", kind="choices", status="submitted")
    text = methods_paragraph(table, "c", sample=drawn)
    strata = strata_table(drawn)
    first, second = (
        {(item, who): value for item, who, value in rows if item.endswith("~2") is is_second}
        for is_second in (False, True)
    )
    same = sum(first[item.removesuffix("~2"), who] == value for (item, who), value in second.items())
    assert 0 < same < len(second) == 6
    assert text.startswith(
        f"{strata['sampled'].sum()} of {strata['rows'].sum()} items were drawn at random (seed 7), in proportion to "
        "the strata of group; 3 of them come a second time. Ten items were annotated for “c” by two annotators"
    )
    assert (
        "Annotators annotated an item a second time 6 times, which no other figure counts; "
        f"{same} of these answers were the same as before."
    ) in text
    with pytest.raises(InputError, match=r"13 rows were drawn, and this table has 12"):
        methods_paragraph(table, "c", sample=drawn[1:])
    with pytest.raises(InputError, match=r"what is not in the sample \("):
        methods_paragraph(table, "c", sample=sample(frame, key="ID", n=10, seed=8))
    with pytest.raises(InputError, match="does not say how it was drawn"):
        methods_paragraph(table, "c", sample=frame)


def test_the_paragraph_names_pairs_weights_rules_and_skips():
    table = long({"a": [1, 2, 3, 4, 5, None], "b": [1, 2, 4, 4, 5, None]}, "rating")
    table.loc[table["item"] == "005", "status"] = "skipped"
    decided = gold(table, "c", ties="highest", min_votes=2)
    text = methods_paragraph(table, "c", gold=decided)
    found = agreement(table, "c")
    percent = figures_in(found.figures)["percent"]
    row = found.kappa.iloc[0]
    for part in (
        f"Cohen’s kappa with linear weights of a and b was {row['kappa']:.2f} [{row['low']:.2f}, {row['high']:.2f}]",
        f"agreement was {found.alpha:.2f} by Krippendorff’s alpha (ordinal distance)",
        f"{found.value('percent'):.0%} of cases [{', '.join(f'{share:.0%}' for share in percent.bounds)}]",
        "Annotators skipped an item 2 times.",
        "It took 2 votes or more.",
        "Ties were decided by the highest of the tied answers.",
        "(in brackets, 95 % intervals by items, that of the share by Agresti and Coull’s formula)",
    ):
        assert part in text
    assert "agresti1998" in references(text)


def test_no_sentence_of_the_paragraph_says_more_than_there_is():
    # Ben has most votes and Ana most weight.
    table = long({"ana": ["x", "x", "y"], "ben": ["y", "x", "y"], "cem": ["y", "y", "y"]})
    weighted = methods_paragraph(table, "c", gold=gold(table, "c", weights={"ana": 3}))
    assert "unanimous for 1 and the answer with most weight for 2 of three items. Votes were weighted" in weighted
    assert "most frequent" not in weighted
    # Of three annotators percent agreement is a mean over pairs, and no share.
    assert "[" in weighted
    assert "Agresti" not in weighted
    assert "agresti" not in references(weighted)
    # 299 of 300 are not all, and without intervals there are no brackets.
    nearly = long({"ana": [*"xy"] * 150, "ben": ["y", "y", *[*"xy"] * 149]})
    text = methods_paragraph(nearly, "c", agreement_found=agreement(nearly, "c", resamples=0))
    assert "the same answer in 99.7% of cases and" in text
    assert "bracket" not in text
    assert "rubin" not in references(text)
    # Who deleted what a model had drawn began from it, and later than others.
    deleted = {"parent_prediction": 7, "at": "2026-03-05T10:00:00Z"}
    value = {"x": 1, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["car"]}
    box = [result("rectanglelabels", value, id="r", **SIZE)]
    drawn_or_not = [annotation(box, 1, by="ana"), annotation([], 2, by="ben", **deleted)]
    told = methods_paragraph(long_table([task(1, drawn_or_not)], raw=True), "c")
    assert "from 2026-01-01 to 2026-03-05 (UTC). 1 of 2 annotations began from a model’s prediction." in told
    # Answers about regions are not compared region by region.
    asked = [[*box, result("choices", {"choices": [mood]}, id="r", name="age")] for mood in ("old", "new")]
    about = long_table([task(1, [annotation(one, n, by=f"p{n}") for n, one in enumerate(asked)])], raw=True)
    assert "Answers are about regions: all that an annotator gave on an item" in methods_paragraph(about, "age")
    # Two instants have no length over which they could meet.
    beep = {"start": 3, "end": 3, "instant": True, "timeserieslabels": ["beep"]}
    beeps = [annotation([result("timeserieslabels", beep)], n, by=f"p{n}") for n in (1, 2)]
    instants = methods_paragraph(long_table([task(1, beeps)], raw=True), "c")
    assert "or more, and instants where they are the same, with an F1 of 1.00. The" in instants


def test_items_with_one_answer_are_no_items_of_an_interval():
    # With most weight on them, alpha's correction for few answers was below zero, and the interval went up to 4.
    shared = long({"ana": ["x", "y", *"xy" * 20], "ben": ["x", "x", *[None] * 40]})
    alone = long({"ana": ["x", "y"], "ben": ["x", "x"]})
    for name in ("alpha", "percent", "brennan_prediger"):
        assert agreement(shared, "c").bounds(name) == pytest.approx(agreement(alone, "c").bounds(name))
    assert agreement(shared, "c").bounds("alpha")[1] <= 1


def test_numbers_that_have_no_squares_are_refused_and_a_paragraph_without_a_figure_says_so():
    huge = {"a": [1e308, -1e308, 1e300], "b": [1e308, 1e308, 1e-300]}
    with pytest.raises(InputError, match="greater than 1e\\+150, which no computer can square"):
        agreement(long(huge, "number"), "c")
    # Of these the squares vanish, so that no coefficient is told from chance.
    tiny = {"a": [1e-320, 2e-320, 0.0], "b": [1e-320, 0.0, 0.0]}
    text = methods_paragraph(long(tiny, "number"), "c")
    assert "No coefficient of agreement is given." in text
    assert "in brackets" not in text


def test_a_model_run_points_to_its_regions():
    value = {"y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["car"]}
    table = drawn([result("rectanglelabels", {"x": 0, **value}, id="r", **SIZE)])
    far = drawn([result("rectanglelabels", {"x": 70, **value}, id="r", **SIZE)]).assign(annotator="model")
    run = ModelRun("model", far, table, pd.DataFrame(), {})
    with pytest.raises(InputError, match=r"\.regions\('c'\)"):
        run.evaluate("c")
    assert run.regions("c").f1 == 0.0
