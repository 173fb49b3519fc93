"""Coefficients of agreement: worked examples, the literature's, other packages', and nothing to compare."""

from __future__ import annotations

import itertools
import math
import warnings

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_tasks import D1, annotation, choice, result, task
from statsmodels.stats import inter_rater

from lsnb.annotations import long_table
from lsnb.errors import InputError
from lsnb.reliability import Ratings, agreement, cohen_kappa, fleiss_kappa, gold, krippendorff_alpha

MISSING = None
# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), example C: four observers, twelve units.
OBSERVERS = {
    "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, MISSING, MISSING, MISSING],
    "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, MISSING, 3],
    "C": [MISSING, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, MISSING],
    "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, MISSING],
}


def long(votes: dict[str, list], kind: str = "choices") -> pd.DataFrame:
    rows = [
        (f"{item:03d}", who, value, "c", kind, "submitted" if value is not None else "unlabelled")
        for who, values in votes.items()
        for item, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["item", "annotator", "value", "control", "kind", "status"])


def pair(found, a: str, b: str) -> float:
    table = found.kappa
    return table[(table["a"] == a) & (table["b"] == b)]["kappa"].item()


def test_the_worked_example():
    found = agreement(long(D1), "c")
    assert found.level == "nominal"
    assert found.kappa["n"].tolist() == [4, 5, 4]
    assert found.kappa["kappa"].round(6).tolist() == [0.272727, 0.583333, 0.2]
    assert round(found.fleiss, 6) == 0.268293
    assert round(found.alpha, 6) == 0.386792
    assert (found.n_items, found.n_complete) == (5, 4)
    assert found.interval[0] < found.alpha < found.interval[1]
    assert found.note == ""
    assert "alpha 0.387" in repr(found)
    assert "<td>0.268 (4 items that all answered)</td>" in found._repr_html_()


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_krippendorffs_example(level, alpha):
    assert round(agreement(long(OBSERVERS), "c", level).alpha, 3) == alpha


def test_fleiss_example():
    # Fleiss (1971) as in many textbooks: ten subjects, fourteen raters, five categories, kappa .210.
    counts = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
    codes = np.array([np.repeat(range(5), row) for row in counts])
    kappa, n = fleiss_kappa(Ratings(codes, tuple("abcde"), "nominal"))
    assert (round(kappa, 3), n) == (0.210, 10)


def test_cohens_kappa_by_hand():
    a, b = ["y"] * 25 + ["n"] * 25, ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert round(pair(agreement(long({"a": a, "b": b}), "c"), "a", "b"), 10) == 0.4


tables = st.integers(2, 4).flatmap(
    lambda people: st.lists(
        st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=people, max_size=people), min_size=2, max_size=12
    )
)


def matrix(rows: list[list[int | None]]) -> np.ndarray:
    return np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=float)


def ratings_of(values: np.ndarray, level: str) -> Ratings:
    scale = tuple(sorted(set(values[~np.isnan(values)])))
    codes = np.array([[-1 if math.isnan(v) else scale.index(v) for v in row] for row in values])
    return Ratings(codes, scale, level)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
@given(rows=tables)
@settings(max_examples=60)
def test_alpha_is_what_the_krippendorff_package_says(level, rows):
    values = matrix(rows)
    ours, _ = krippendorff_alpha(ratings_of(values, level))
    pairable = values[(~np.isnan(values)).sum(axis=1) >= 2]
    if len(set(pairable[~np.isnan(pairable)])) < 2:
        assert math.isnan(ours)
        return
    theirs = krippendorff.alpha(values.T, level_of_measurement=level)
    assert ours == pytest.approx(theirs, abs=1e-9)


@given(rows=tables)
@settings(max_examples=60)
def test_kappas_are_what_statsmodels_says(rows):
    values = matrix(rows)
    nominal, ordinal = ratings_of(values, "nominal"), ratings_of(values, "ordinal")
    both = values[~np.isnan(values[:, :2]).any(axis=1), :2].astype(int)
    if len(both) and len(np.unique(both)) > 1:
        table = np.zeros((5, 5))
        np.add.at(table, (both[:, 0] - 1, both[:, 1] - 1), 1)
        plain = inter_rater.cohens_kappa(table, return_results=False)
        linear = inter_rater.cohens_kappa(table, wt="linear", return_results=False)
        assert cohen_kappa(nominal, 0, 1)[0] == pytest.approx(plain)
        assert cohen_kappa(ordinal, 0, 1)[0] == pytest.approx(linear)
    else:
        assert math.isnan(cohen_kappa(nominal, 0, 1)[0])
    complete = values[~np.isnan(values).any(axis=1)].astype(int)
    kappa, n = fleiss_kappa(nominal)
    assert n == len(complete)
    if len(complete) and len(np.unique(complete)) > 1:
        assert kappa == pytest.approx(inter_rater.fleiss_kappa(inter_rater.aggregate_raters(complete)[0]))
    else:
        assert math.isnan(kappa)


@given(rows=tables, order=st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_the_order_of_items_and_annotators_never_matters(rows, order):
    names = [f"person {n}" for n in range(len(rows[0]))]
    table = long({name: [row[n] for row in rows] for n, name in enumerate(names)}, kind="rating")
    before = table.copy(deep=True)
    shuffled = table.iloc[order.sample(range(len(table)), len(table))]
    one, other = agreement(table, "c", resamples=50), agreement(shuffled, "c", resamples=50)
    assert repr(one) == repr(other)
    assert repr(one.interval) == repr(other.interval)
    pd.testing.assert_frame_equal(one.kappa, other.kappa)
    pd.testing.assert_frame_equal(table, before)


def test_the_level_follows_from_the_control():
    assert agreement(long(OBSERVERS, kind="rating"), "c").level == "ordinal"
    assert agreement(long(OBSERVERS, kind="number"), "c").level == "interval"
    assert agreement(long(OBSERVERS, kind="choices"), "c").level == "nominal"
    assert agreement(long(OBSERVERS).drop(columns="kind"), "c").level == "nominal"


def test_kappa_for_intervals_squares_differences():
    x, y = [1.0, 2.0, 4.0, 8.0], [1.5, 2.0, 3.0, 9.0]
    expected = np.mean([(a - b) ** 2 for a, b in itertools.product(x, y)])
    found = agreement(long({"x": x, "y": y}, kind="number"), "c")
    assert pair(found, "x", "y") == pytest.approx(1 - np.mean((np.array(x) - y) ** 2) / expected)


def test_the_bootstrap_is_reproducible_and_covers_what_it_should():
    chance = np.random.default_rng(1)
    truth = chance.integers(0, 2, 300)
    votes = {name: np.where(chance.random(300) < 0.9, truth, 1 - truth).tolist() for name in "abc"}
    one, again = agreement(long(votes), "c"), agreement(long(votes), "c")
    assert one.interval == again.interval
    assert agreement(long(votes), "c", seed=1).interval != one.interval
    # Two annotators who are right 9 times in 10 agree 82 times in 100: alpha about .64.
    assert one.interval[0] < 0.64 < one.interval[1]
    assert one.interval[1] - one.interval[0] < 0.2
    assert all(math.isnan(bound) for bound in agreement(long(votes), "c", resamples=0).interval)


def test_several_answers_are_compared_as_sets():
    votes = {"a": [("x", "y"), ("x",), ("z",)], "b": [("x",), ("x",), ("z", "y")]}
    tasks = [
        task(n, [annotation(choice(*votes[who][n], name="c"), 10 * n + m, by=who) for m, who in enumerate(votes)])
        for n in range(3)
    ]
    found = agreement(long_table(tasks), "c")
    assert found.level == "sets"
    assert "Jaccard" in found.note
    answers = [set(v) for values in votes.values() for v in values]
    distance = [1 - len(p & q) / len(p | q) for p, q in itertools.permutations(answers, 2)]
    observed = [1 - len(set(p) & set(q)) / len(set(p) | set(q)) for p, q in zip(*votes.values(), strict=True)]
    assert found.alpha == pytest.approx(1 - np.mean(observed) / np.mean(distance))
    exact = agreement(long_table(tasks), "c", "nominal")
    assert exact.alpha < found.alpha
    assert exact.kappa["kappa"].tolist() == found.kappa["kappa"].tolist()


@pytest.mark.parametrize(
    ("votes", "says"),
    [
        ({"a": ["x", "x"], "b": ["x", "x"]}, "All answers are 'x'"),
        ({"a": ["x", None], "b": [None, "y"]}, "No item was answered by two"),
        ({"a": ["x", "y"]}, "Only a has answered"),
        ({"a": ["x", "y"], "b": [None, None]}, "Only a has answered"),
        ({"a": [None], "b": [None]}, "Nobody has answered"),
    ],
)
def test_nothing_to_compare_is_missing_with_a_note(votes, says):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = agreement(long(votes), "c")
    assert says in found.note
    assert math.isnan(found.alpha)
    assert math.isnan(found.fleiss)
    assert found.kappa["kappa"].isna().all()
    assert found._repr_html_()


def test_no_item_by_all_leaves_alpha():
    votes = {"a": ["x", "y", None], "b": ["x", None, "y"], "c": [None, "y", "y"]}
    found = agreement(long(votes), "c")
    assert "all 3 annotators" in found.note
    assert math.isnan(found.fleiss)
    assert found.alpha == 1.0


def test_a_table_without_any_answer():
    found = agreement(long_table([task(1)]), "c")
    assert (found.n_items, found.note) == (0, "Nobody has answered yet.")


@pytest.mark.parametrize(
    ("level", "says"),
    [
        ("ordinal", "not all numbers"),
        ("sets", "are not sets"),
        ("weird", "level is 'weird'"),
    ],
)
def test_levels_that_the_values_do_not_have(level, says):
    with pytest.raises(InputError, match=says):
        agreement(long(D1).assign(kind="textarea" if level == "sets" else "choices"), "c", level)


def test_ratios_below_zero_and_bad_resamples():
    with pytest.raises(InputError, match="below 0"):
        agreement(long({"a": [-1, 2], "b": [1, 2]}), "c", "ratio")
    with pytest.raises(InputError, match="resamples is -1"):
        agreement(long(D1), "c", resamples=-1)
    with pytest.raises(InputError, match="Did you mean 'mood'"):
        agreement(long_table([task(1, [annotation(choice("a"))])]), "mod")


def test_many_annotators_and_values():
    chance = np.random.default_rng(0)
    codes = chance.integers(-1, 200, (300, 40))
    values = np.where(codes < 0, np.nan, codes).astype(float)
    for level in ("nominal", "ordinal", "interval", "ratio"):
        theirs = krippendorff.alpha(values.T, level_of_measurement=level)
        assert krippendorff_alpha(ratings_of(values, level))[0] == pytest.approx(theirs, abs=1e-9)


def test_ratings_from_label_studio():
    tasks = [
        task(
            n,
            [
                annotation([result("rating", {"rating": stars}, name="stars")], 10 * n + who, by=who)
                for who, stars in enumerate(row)
            ],
        )
        for n, row in enumerate([(1, 1), (3, 4), (5, 5)])
    ]
    found = agreement(long_table(tasks), "stars")
    assert found.level == "ordinal"
    assert 0.8 < pair(found, "0", "1") < 1


def test_the_same_items_again_are_each_persons_own_figure_and_no_other():
    rng = np.random.default_rng(4)
    votes = {who: rng.choice(["up", "down", "so"], 60).tolist() for who in ("ana", "ben")}
    once = long(votes)
    second = {who: [one if rng.random() < 0.7 else "so" for one in values[:40]] for who, values in votes.items()}
    again = long(second)
    hidden = pd.concat([once, again.assign(item=again["item"] + "~2")], ignore_index=True)
    with pytest.warns(UserWarning, match="40 items are hidden repeats"):
        found = agreement(hidden, "c", resamples=50)
    plain = agreement(once, "c", resamples=50)
    pd.testing.assert_frame_equal(found.figures, plain.figures)
    assert (found.n_items, len(plain.again)) == (60, 0)
    assert found.again["n"].tolist() == [40, 40]
    for name, n, percent, low, high, kappa, least, most in found.again.itertuples(index=False):
        pairs = list(zip(votes[name][:40], second[name], strict=True))
        assert percent == pytest.approx(np.mean([one == other for one, other in pairs]))
        crossed = pd.crosstab(*map(pd.Series, zip(*pairs, strict=True))).to_numpy()
        assert kappa == pytest.approx(inter_rater.cohens_kappa(crossed).kappa, abs=1e-12)
        assert 0 < low < percent < high < 1
        assert least < kappa < most
        assert n == 40
    assert "The same items again" in repr(found)
    rounds = agreement(once, "c", again=again, resamples=50)
    pd.testing.assert_frame_equal(rounds.again, found.again)


def test_a_key_that_only_looks_like_a_repeat_counts():
    votes = long({"ana": ["up", "down"], "ben": ["up", "up"]})
    votes["item"] = votes["item"] + "~2"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert agreement(votes, "c", resamples=0).n_items == 2


def test_gold_leaves_hidden_repeats_out():
    votes = pd.concat([long({"ana": ["up", "down"]}), long({"ana": ["down"]}).assign(item="000~2")])
    with pytest.warns(UserWarning, match="1 item is a hidden repeat"):
        found = gold(votes, "c")
    assert found[["item", "value"]].values.tolist() == [["000", "up"], ["001", "down"]]
