"""What is disputed, what is gold, agreement in parts, and the paragraph that says it all."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_tasks import D1, annotation, choice, d1_tasks, result, task
from sklearn.metrics import cohen_kappa_score

from lsnb.annotations import long_table
from lsnb.errors import InputError
from lsnb.reliability import agreement, agreement_by, agreement_overview, disputed, evaluate, gold, methods_paragraph


def d1(**data) -> pd.DataFrame:
    tables = []
    for name, tasks in zip(D1, d1_tasks(), strict=True):
        for one in tasks:
            one["data"] |= {field: values[int(one["data"]["ID"]) - 1] for field, values in data.items()}
        tables.append(long_table(tasks, key="ID", annotator=name, data=list(data)))
    return pd.concat(tables, ignore_index=True)


def test_the_worst_come_first():
    worst = disputed(d1(), "mood")
    assert worst["item"].tolist() == ["4", "2"]
    assert worst["disagreement"].tolist() == pytest.approx([1, 2 / 3])
    assert worst["answers"].tolist()[0] == "A: neu; B: neg; C: pos"
    assert len(disputed(d1().query("annotator == 'A'"), "mood")) == 0
    assert len(disputed(long_table([task(1)]), "mood")) == 0


def test_distances_follow_the_level():
    def stars(*row: int) -> list:
        return [
            annotation([result("rating", {"rating": n}, name="stars")], 10 * sum(row) + who, by=who)
            for who, n in enumerate(row)
        ]

    table = long_table([task(1, stars(1, 5)), task(2, stars(2, 3)), task(3, stars(4, 4))])
    assert disputed(table, "stars")["disagreement"].tolist() == [1.0, 0.25]
    assert disputed(table, "stars", "nominal")["disagreement"].tolist() == [1.0, 1.0]
    sets = [task(1, [annotation(choice("x", "y"), 1, by=1), annotation(choice("x"), 2, by=2)])]
    assert disputed(long_table(sets), "mood")["disagreement"].tolist() == [0.5]


def test_gold_says_how_it_came_about():
    found = gold(d1(), "mood")
    assert found["how"].tolist() == ["unanimous", "majority", "unanimous", "undecided", "unanimous", "single"]
    assert found["value"].isna().tolist() == [False, False, False, True, False, False]
    decided = gold(d1(), "mood", adjudicated={"4": "neg", "1": "neg"})
    assert decided["how"].tolist() == ["adjudicated", "majority", "unanimous", "adjudicated", "unanimous", "single"]
    assert decided["value"].tolist() == ["neg", "pos", "neg", "neg", "pos", "neg"]
    rule = gold(d1(), "mood", ties="B", min_votes=2)
    assert rule["how"].tolist() == ["unanimous", "majority", "unanimous", "tie rule", "unanimous", "undecided"]
    table = pd.DataFrame({"item": [4], "value": ["neg"]})
    assert gold(d1(), "mood", adjudicated=table)["value"].tolist()[3] == "neg"
    with pytest.raises(InputError, match="nobody annotated: 9"):
        gold(d1(), "mood", adjudicated={"9": "x"})


def test_gold_from_an_adjudication():
    final = [task(1, [annotation(choice("neg"), 1, by="x")], ID="4"), task(2, [], ID="2")]
    found = gold(d1(), "mood", adjudicated=long_table(final, key="ID"))
    assert found["how"].tolist()[3] == "adjudicated"
    assert gold(d1(), "mood", adjudicated=long_table([task(1, ID="4")], key="ID"))["how"].tolist()[3] == "undecided"
    final[0]["annotations"].append(annotation(choice("pos"), 2, by="y"))
    with pytest.raises(InputError, match="differently about 4"):
        gold(d1(), "mood", adjudicated=long_table(final, key="ID"))


def test_by_label_is_each_option_against_the_rest():
    found = agreement_by(d1(), "mood", "label").set_index("label")
    both = [(a, b) for a, b in zip(D1["A"], D1["C"], strict=True) if a and b]
    pairs = [[(a, b) for a, b in zip(D1[p], D1[q], strict=True) if a and b] for p, q in itertools.combinations(D1, 2)]
    kappas = [cohen_kappa_score(*zip(*[(a == "pos", b == "pos") for a, b in p], strict=True)) for p in pairs]
    assert len(both) == 5
    assert found.loc["pos", "kappa"] == pytest.approx(np.mean(kappas))
    assert found["n"].to_dict() == {"neg": 6, "neu": 1, "pos": 8}
    assert found["share"].sum() == pytest.approx(1)


def test_options_of_a_multiple_choice_have_kappas_of_their_own():
    rows = [(("x", "y"), ("x",)), (("y",), ("y",)), (("x",), ("x", "y")), (("x",), ("x",))]
    tasks = [
        task(n, [annotation(choice(*given), 10 * n + who, by=who) for who, given in enumerate(row)])
        for n, row in enumerate(rows)
    ]
    found = agreement_by(long_table(tasks), "mood", "label").set_index("label")
    for option in "xy":
        a, b = ([option in row[who] for row in rows] for who in (0, 1))
        assert found.loc[option, "kappa"] == pytest.approx(cohen_kappa_score(a, b))


def test_by_annotator_against_the_rest():
    found = agreement_by(d1(), "mood", "annotator").set_index("annotator")
    pairs = {("A", "B"): 3 / 11, ("A", "C"): 7 / 12, ("B", "C"): 0.2}
    for name in D1:
        assert found.loc[name, "kappa"] == pytest.approx(np.mean([k for two, k in pairs.items() if name in two]))
    assert found.loc["C", "share"] == pytest.approx(1)
    without_b = agreement(d1().query("annotator != 'B'"), "mood", resamples=0).alpha
    assert found.loc["B", "alpha_without"] == pytest.approx(without_b)


def test_by_stratum():
    table = d1(site=["x", "x", "y", "y", "y", None])
    with pytest.warns(UserWarning, match=r"1 item has no 'data\.site' \(6\) and so no stratum"):
        found = agreement_by(table, "mood", "data.site").set_index("data.site")
    for site in "xy":
        part = agreement(table[table["data.site"] == site], "mood", resamples=0)
        assert found.loc[site, "alpha"] == pytest.approx(part.alpha, nan_ok=True)
        assert found.loc[site, "n"] == part.n_items
    with pytest.raises(InputError, match=r"data\.site"):
        agreement_by(table, "mood", "data.sight")
    with pytest.raises(InputError, match="more than one stratum"):
        agreement_by(table.assign(site=range(len(table))), "mood", "site")


def test_figures_of_names_are_not_given_for_numbers_in_parts_either():
    chance = np.random.default_rng(1)
    said = {who: np.round(np.arange(30) + chance.normal(size=30), 2) for who in "ab"}
    rows = [(str(item), who, value, item % 2) for who, values in said.items() for item, value in enumerate(values)]
    table = pd.DataFrame(rows, columns=["item", "annotator", "value", "site"])
    table = table.assign(control="len", kind="number", status="submitted")
    labels, people, sites = (agreement_by(table, "len", by) for by in ("label", "annotator", "site"))
    assert labels["n"].sum() == 60
    assert labels[["alpha", "fleiss", "kappa"]].isna().all(axis=None)
    assert people["share"].isna().all()
    assert people["kappa"].min() > 0.9
    assert sites["fleiss"].isna().all()
    assert sites["alpha"].min() > 0.9
    overview = agreement_overview(table).iloc[0]
    assert overview["undecided"] > 20
    assert overview["next"].startswith("Report it. ")
    assert "ties='median'" in overview["next"]
    one = agreement(table[table["item"].eq("3")], "len", "nominal")
    assert "no interval of a coefficient" in one.note


def test_nothing_to_tell_apart():
    for by in ("label", "annotator", "data.ID"):
        table = agreement_by(long_table([task(1, ID="x")], data="ID"), "mood", by)
        assert table.get("n", pd.Series(dtype=int)).sum() == 0
    alone = agreement_by(d1().query("annotator == 'A'"), "mood", "annotator")
    assert alone[["kappa", "share", "alpha_without"]].isna().all(axis=None)


@given(st.permutations(range(18)))
@settings(max_examples=8)
def test_order_never_matters(order):
    table = d1()
    before = table.copy(deep=True)
    for work in (
        lambda t: disputed(t, "mood"),
        lambda t: gold(t, "mood", ties="A"),
        lambda t: agreement_by(t, "mood", "label"),
        lambda t: agreement_by(t, "mood", "annotator"),
    ):
        pd.testing.assert_frame_equal(work(table.iloc[order]), work(table))
    assert methods_paragraph(table.iloc[order], "mood") == methods_paragraph(table, "mood")
    pd.testing.assert_frame_equal(table, before)


def test_the_paragraph_has_the_figures():
    text = methods_paragraph(d1(), "mood", gold=gold(d1(), "mood", adjudicated={"4": "neg"}))
    for part in (
        "Six items were annotated for “mood” by three annotators (15 answers; 5 items answered by two or more).",
        "0.39 by Krippendorff’s alpha",
        "0.27 by Fleiss’ kappa on the 4 items",
        "between 0.20 and 0.58",
        "unanimous for 3, the most frequent answer for 1",
        "the only answer given for 1 and decided in adjudication for 1 of six items",
    ):
        assert part in text
    model = pd.DataFrame({"ID": list("123"), "mood": ["pos", "pos", "pos"]})
    with_model = methods_paragraph(
        d1(), "mood", evaluation=evaluate(model, gold(d1(), "mood"), key="ID", column="mood")
    )
    assert "on 3 items: accuracy 0.67" in with_model
    one = methods_paragraph(d1().query("annotator == 'A'"), "mood")
    assert "No coefficient of agreement is given. Only A has answered" in one
    assert "nan" not in one
    assert methods_paragraph(long_table([task(1)]), "mood").startswith("Nobody has answered “mood” yet")
    assert not math.isnan(agreement(d1(), "mood").alpha)
