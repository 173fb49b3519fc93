"""A model against people: scikit-learn's figures, joined by key, and beside single annotators."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_tasks import D1, annotation, choice, d1_tasks, task
from sklearn import metrics

from lsnb.annotations import long_table, majority
from lsnb.errors import InputError, KeyColumnError
from lsnb.reliability import evaluate, gold
from lsnb.study.models import ModelRun


def tables(pairs: list[tuple[str, str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    keys = [f"{n:03d}" for n in range(len(pairs))]
    model = pd.DataFrame({"ID": keys, "label": [said for _, said in pairs]})
    return model.iloc[::-1], pd.DataFrame({"item": keys, "value": [truth for truth, _ in pairs]})


label = st.sampled_from(["x", "y", "z"])


@given(st.lists(st.tuples(label, label), min_size=1, max_size=30))
@settings(max_examples=60)
def test_figures_are_scikit_learns(pairs):
    found = evaluate(*tables(pairs), key="ID", column="label", resamples=0)
    truth, said = zip(*pairs, strict=True)
    labels = sorted({*truth, *said})
    assert found.accuracy == pytest.approx(metrics.accuracy_score(truth, said))
    assert found.macro_f1 == pytest.approx(metrics.f1_score(truth, said, average="macro", zero_division=0))
    np.testing.assert_array_equal(found.confusion, metrics.confusion_matrix(truth, said, labels=labels))
    assert found.per_class["label"].tolist() == labels
    if len(labels) > 1:
        assert found.kappa == pytest.approx(metrics.cohen_kappa_score(truth, said))
    else:
        assert math.isnan(found.kappa)
        assert "kappa is missing" in found.note


@pytest.mark.parametrize("name", ["n", "how", "share", "tie", "value", "split"])
@pytest.mark.parametrize("votes", [gold, majority])
def test_a_question_may_be_called_as_what_votes_say_of_an_item(name, votes):
    people = {1: ["x", "x"], 2: ["y", "y"], 3: ["x", "y"]}
    tasks = [
        task(n, [annotation(choice(said, name=name), id=10 * n + k, by=k) for k, said in enumerate(given)])
        for n, given in people.items()
    ]
    truth = votes(long_table(tasks), name)
    model = pd.DataFrame({"item": ["1", "2", "3"], name: ["x", "x", "x"]})
    found = evaluate(model, truth, key="item", column=name, resamples=0)
    assert (found.n, found.accuracy) == (2, 0.5)
    own = pd.DataFrame({"item": ["1", "2"], name: ["x", "x"], "share": [1, 2]})
    assert name == "share" or evaluate(model, own, key="item", column=name, resamples=0).accuracy == 1.0


@pytest.mark.parametrize("name", ["item", "split", "n", "value", "mood"])
def test_a_model_run_is_evaluated_whatever_the_question_is_called(name):
    people = {1: "xx", 2: "yy", 3: "xy"}
    tasks = [
        task(n, [annotation(choice(said, name=name), id=10 * n + k, by=k) for k, said in enumerate(given)])
        for n, given in people.items()
    ]
    told = long_table(tasks).assign(split="test")
    model = long_table([task(n, [annotation(choice("x", name=name), id=n, by=9)]) for n in people]).assign(split="test")
    run = ModelRun("v1", model, told, pd.DataFrame(), {})
    for split in (None, "test"):
        found = run.evaluate(name, split=split, resamples=0)
        assert (found.column, found.n, found.accuracy) == (name, 2, 0.5)
    if name in ("item", "split"):
        with pytest.raises(InputError, match="called as another column of the table"):
            run.answers(name)
    else:
        assert run.answers(name)[name].tolist() == ["x", "x", "x"]


def test_answers_that_no_computer_can_square_are_refused():
    model = pd.DataFrame({"item": ["1", "2", "3"], "x": [1.5, 1e308, 2.5]})
    with pytest.raises(InputError, match="which no computer can square"):
        evaluate(model, model, key="item", column="x")
    assert evaluate(model, model, key="item", column="x", level="nominal").accuracy == 1.0


def test_items_are_joined_by_their_keys_as_text():
    model = pd.DataFrame({"ID": [1, 2, 3, 5], "label": ["x", "y", "y", None]})
    truth = pd.DataFrame({"item": ["3", "1", "4", "5", "2"], "value": ["y", "x", "x", "x", None]})
    before = model.copy(), truth.copy()
    found = evaluate(model, truth, key="ID", column="label")
    assert (found.n, found.accuracy) == (2, 1.0)
    assert found.unmatched.values.tolist() == [["2", "gold"], ["4", "model"], ["5", "model"]]
    assert ".unmatched" in found.note
    pd.testing.assert_frame_equal(model, before[0])
    pd.testing.assert_frame_equal(truth, before[1])
    same = evaluate(model, truth.rename(columns={"item": "ID", "value": "label"}), key="ID", column="label")
    assert same.accuracy == 1.0


def test_numbers_compare_as_numbers_do():
    model = pd.DataFrame({"ID": ["1", "2"], "stars": [1, 2]})
    truth = pd.DataFrame({"item": ["1", "2"], "value": [1.0, 2.0]})
    assert evaluate(model, truth, key="ID", column="stars").accuracy == 1.0
    sets = pd.DataFrame({"ID": ["1"], "stars": [["b", "a"]]})
    assert evaluate(sets, truth.head(1).assign(value=[("a", "b")]), key="ID", column="stars").accuracy == 1.0


def test_nothing_to_compare():
    model, truth = tables([("x", "x")])
    found = evaluate(model, truth.assign(item="other"), key="ID", column="label")
    assert found.n == 0
    assert math.isnan(found.accuracy)
    assert "keys are the same ids" in found.note
    assert found._repr_html_()
    assert "–" in repr(found)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"column": "lable"}, InputError, "Did you mean 'label'"),
        ({"key": "id"}, KeyColumnError, "Did you mean 'ID'"),
        ({"model": pd.DataFrame({"ID": ["1", "1"], "label": ["x", "y"]})}, KeyColumnError, "repeated keys"),
        ({"gold": pd.DataFrame({"item": ["1"]})}, InputError, "gold table has no column 'value'"),
    ],
)
def test_what_cannot_be_joined_is_said(change, error, says):
    model, truth = tables([("x", "x")])
    with pytest.raises(error, match=says):
        evaluate(**({"model": model, "gold": truth, "key": "ID", "column": "label"} | change))


def people(right: float, n: int = 120, annotators: int = 4) -> tuple[pd.DataFrame, pd.DataFrame]:
    chance = np.random.default_rng(1)
    truth = chance.integers(0, 2, n)
    rows = []
    for who in range(annotators):
        said = np.where(chance.random(n) < 0.85, truth, 1 - truth)
        rows += [(f"{item:03d}", f"p{who}", "xy"[value]) for item, value in enumerate(said)]
    long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="label", status="submitted")
    said = np.where(chance.random(n) < right, truth, 1 - truth)
    return long, pd.DataFrame({"ID": [f"{item:03d}" for item in range(n)], "label": ["xy"[value] for value in said]})


@pytest.mark.parametrize(
    ("right", "verdict"),
    [
        (0.85, "cannot be told from one more annotator"),
        (0.55, "agrees with annotators less"),
        (1.0, "agrees with annotators more"),
    ],
)
def test_as_good_as_one_more_annotator(right, verdict):
    long, model = people(right)
    found = evaluate(model, majority(long, "label"), key="ID", column="label", annotations=long, resamples=200)
    assert verdict in repr(found)
    assert found.humans["annotator"].tolist() == ["p0", "p1", "p2", "p3"]
    low, high = found.human_gap[1]
    assert low <= found.human_gap[0] <= high


def test_the_same_call_gives_the_same_figures():
    long, model = people(0.8)
    truth = gold(long, "label")
    one = evaluate(model, truth, key="ID", column="label", annotations=long, resamples=100)
    other = evaluate(
        model.iloc[::-1], truth.iloc[::-1], key="ID", column="label", annotations=long.iloc[::-1], resamples=100
    )
    assert repr(one) == repr(other)
    assert one.intervals == other.intervals
    low, high = one.intervals["accuracy"]
    assert low < one.accuracy < high
    # A share of 120 items has this standard error.
    assert (high - low) / 2 == pytest.approx(1.96 * math.sqrt(one.accuracy * (1 - one.accuracy) / 120), rel=0.3)


def test_d1_with_annotators():
    long = pd.concat([long_table(t, key="ID", annotator=n) for n, t in zip(D1, d1_tasks(), strict=True)])
    model = pd.DataFrame({"ID": list("123456"), "mood": [*D1["A"][:5], "pos"]})
    found = evaluate(model, gold(long, "mood"), key="ID", column="mood", annotations=long)
    assert found.humans["kappa"].tolist()[0] == 1.0
    assert found.humans["rest"].tolist()[0] == pytest.approx((3 / 11 + 7 / 12) / 2)
    assert found.unmatched.values.tolist() == [["4", "gold"]]


def as_long(answers: dict[str, list], kind: str) -> pd.DataFrame:
    rows = [(str(item), who, value) for who, values in answers.items() for item, value in enumerate(values)]
    table = pd.DataFrame(rows, columns=["item", "annotator", "value"])
    return table.assign(control="label", status="submitted", kind=kind)


@pytest.mark.parametrize(("kind", "decimals", "weights"), [("number", 3, "quadratic"), ("rating", 0, "linear")])
def test_beside_annotators_numbers_and_ranks_have_weighted_kappas(kind, decimals, weights):
    # Of decimal numbers hardly two are the same: kappas of names were 0, whatever the model said.
    chance = np.random.default_rng(3)
    about = chance.uniform(1, 5, 30)
    said = {who: (about + chance.normal(0, 0.4, 30)).round(decimals).tolist() for who in ("ana", "ben", "cem", "model")}
    model = pd.DataFrame(
        {"ID": [str(item) for item in range(30)], "label": [str(value) for value in said.pop("model")]}
    )
    people = as_long(said, kind)
    found = evaluate(
        model, gold(people, "label", ties="median"), key="ID", column="label", annotations=people, resamples=50
    )
    assert found.level == {"number": "interval", "rating": "ordinal"}[kind], "though the model's numbers are texts"
    said["model"] = model["label"].astype(float).tolist()
    steps = {value: n for n, value in enumerate(sorted({round(v, 3) for values in said.values() for v in values}))}

    def kappa(one: str, other: str) -> float:
        if kind == "rating":
            return metrics.cohen_kappa_score(said[one], said[other], weights=weights, labels=[1, 2, 3, 4, 5])
        grid = np.array(sorted(steps))
        a, b = ([steps[round(value, 3)] for value in said[who]] for who in (one, other))
        apart = (grid[:, None] - grid[None, :]) ** 2
        by_chance = np.bincount(a, minlength=len(grid)) @ apart @ np.bincount(b, minlength=len(grid)) / 30
        return 1 - apart[a, b].sum() / by_chance

    names = ["ana", "ben", "cem"]
    assert found.humans["kappa"].tolist() == pytest.approx([kappa(name, "model") for name in names])
    rest = [np.mean([kappa(name, other) for other in names if other != name]) for name in names]
    assert found.humans["rest"].tolist() == pytest.approx(rest)
    gap, (low, high) = found.human_gap
    assert low < gap < high
    assert gap == pytest.approx((found.humans["kappa"] - found.humans["rest"]).mean())


@pytest.mark.parametrize(
    ("model", "gold", "says"),
    [
        (["b;a", "a", "b"], [("a", "b"), ("a",), ("b",)], "Several answers in one text ('b;a')"),
        ([("a", "b"), ("a",), ("b",)], ["a, b", "a", "b"], "Several answers in one text ('a, b')"),
        (['["a", "b"]', "a", "b"], [("a", "b"), ("a",), ("b",)], "Several answers in one text"),
        (["a", "a", "b"], [("a", "b"), ("a",), ("b",)], ""),
        (
            ["1,5", "x", "2"],
            ["1.5", "x", "2"],
            "spelled otherwise than gold ones, and count as different: '1,5' and '1.5'",
        ),
        (["1.50", "x", "2"], ["1.5", "x", "2"], "'1.50' and '1.5'"),
    ],
)
def test_answers_that_are_one_otherwise_written_are_said(model: list[Any], gold: list[Any], says: str) -> None:
    items = list("xyz")
    found = evaluate(
        pd.DataFrame({"ID": items, "mood": model}),
        pd.DataFrame({"item": items, "value": gold}),
        key="ID",
        column="mood",
        resamples=0,
    )
    assert says in found.note
    assert bool(found.note) == bool(says)


def test_an_annotator_outside_the_order_is_named_and_no_interval_is_no_verdict():
    people = as_long(
        {"ana": ["low", "mid", "high"], "ben": ["low", "n/a", "high"], "cem": ["low", "mid", "mid"]}, "choices"
    )
    model = pd.DataFrame({"ID": ["0", "1", "2"], "label": ["low", "mid", "high"]})
    asked = {"key": "ID", "column": "label", "annotations": people, "resamples": 0}
    with pytest.raises(InputError, match="not in order: n/a"):
        evaluate(model, gold(people, "label"), order=["low", "mid", "high"], **asked)
    with pytest.raises(InputError, match="knows no order"):
        evaluate(model, gold(people, "label"), order=["low", "mid", "high"], level="sets", **asked)
    stars = as_long({who: [1.0, 2.0, 3.0] for who in ("ana", "ben", "cem")}, "rating")
    odd = evaluate(model.assign(label=["1", "2", "none"]), gold(stars, "label"), **asked | {"annotations": stars})
    assert odd.level == "nominal"
    assert "no numbers (none)" in odd.note
    assert "cannot be told" not in repr(evaluate(model, gold(people, "label"), **asked))
    many = as_long({who: [f"{who} {item}" for item in range(150)] for who in ("ana", "ben", "cem")}, "textarea")
    found = evaluate(
        model.assign(label=["ana 0", "ana 1", "x"]),
        gold(many, "label"),
        **asked | {"annotations": many, "resamples": 20},
    )
    assert math.isfinite(found.human_gap[0])
