"""What is disputed, what is gold, agreement in parts, and the paragraph that says it all."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from fractions import Fraction
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_tasks import D1, annotation, choice, d1_tasks, result, task
from sklearn.metrics import cohen_kappa_score

from lsnb.annotations import long_table
from lsnb.errors import InputError
from lsnb.reliability import (
    agreement,
    agreement_by,
    agreement_overview,
    disputed,
    evaluate,
    gold,
    methods_paragraph,
    references,
)


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
    assert methods_paragraph(long_table([task(1)]), "").startswith("Nobody has answered yet, so that")
    assert "<b>Agreement</b>" in agreement(long_table([task(1)]), "")._repr_html_()
    assert not math.isnan(agreement(d1(), "mood").alpha)


# The paragraph against a count by hand, from the tasks as they were sent.


PEOPLE = ("ana", "ben", "cem", "dan")
HOW = {
    "unanimous": "unanimous",
    "the most frequent answer": "majority",
    "the answer with most weight": "majority",
    "the only answer given": "single",
    "a tie decided by rule": "tie rule",
    "decided in adjudication": "adjudicated",
    "left undecided": "undecided",
}


class Hostile:
    """A study with all that happens to one: skips, second annotations, prefilled and deleted answers, adjudication."""

    def __init__(self, seed: int) -> None:
        chance = np.random.default_rng(seed)
        self.kind = ("one", "several", "rating", "number", "pairwise")[seed % 5]
        people = PEOPLE[: 1 + seed % 4]
        self.given: list[tuple[str, str, str, Any, bool]] = []  # item, who, when, answer (None: skipped), prefilled
        tasks = []
        for item in range(1, 10):
            annotations = []
            for who in people:
                for turn in range(int(chance.choice([0, 1, 1, 1, 1, 2]))):
                    number = len(self.given) + 1
                    at = f"2026-0{1 + turn + number % 3}-{1 + number % 27:02d}T10:00:00Z"
                    answer = None if chance.random() < 0.15 else self.answer(chance, is_first=not self.given)
                    begun = {"parent_prediction": 7} if chance.random() < 0.3 else {}
                    results = self.results(answer)
                    more = {**begun, "was_cancelled": answer is None}
                    annotations.append(annotation(results, number, by=who, at=at, **more))
                    self.given.append((f"{item}", who, at, answer, bool(begun)))
            tasks.append(task(item, annotations, ID=str(item)))
        self.tasks = tasks

    def answer(self, chance: np.random.Generator, *, is_first: bool) -> Any:
        if self.kind == "several":
            return ("x", "y") if is_first else tuple(part for part in "xyz" if chance.random() < 0.4)
        if self.kind in ("rating", "number"):
            return float(chance.integers(1, 4)) + (0.5 if self.kind == "number" and chance.random() < 0.3 else 0.0)
        return str(chance.choice(["left", "right"]))

    def results(self, answer: Any) -> list[Any]:
        if answer is None or answer == ():
            return []
        value: dict[str, Any] = {"choices": list(answer) if isinstance(answer, tuple) else [answer]}
        kind = {"rating": "rating", "number": "number", "pairwise": "pairwise"}.get(self.kind, "choices")
        if kind != "choices":
            value = {"selected": answer} if kind == "pairwise" else {kind: answer}
        return [result(kind, value)]

    @property
    def votes(self) -> dict[str, dict[str, Any]]:
        """Each item's answers, by who gave them last."""
        last: dict[tuple[str, str], Any] = {}
        for item, who, _, answer, _ in sorted(self.given, key=lambda one: one[2]):
            last[item, who] = answer
        found: dict[str, dict[str, Any]] = {}
        for (item, who), answer in last.items():
            if answer is not None:
                found.setdefault(item, {})[who] = answer
        return found

    def decided(self, rules: dict[str, Any], adjudicated: dict[str, Any]) -> Counter[str]:
        found: Counter[str] = Counter()
        for item, votes in self.votes.items():
            weights = {who: Fraction(str(rules.get("weights", {}).get(who, 1))) for who in votes}
            total = {answer: sum(weights[w] for w in votes if votes[w] == answer) for answer in votes.values()}
            best = [answer for answer, weight in total.items() if weight == max(total.values()) and weight]
            ties = rules.get("ties", "missing")
            if item in adjudicated:
                found["adjudicated"] += 1
            elif len(votes) < rules.get("min_votes", 1) or not best:
                found["undecided"] += 1
            elif len(best) > 1:
                is_ruled = ties in ("lowest", "median", "highest") or votes.get(ties) in best
                found["tie rule" if is_ruled else "undecided"] += 1
            elif len(votes) == 1:
                found["single"] += 1
            else:
                found["unanimous" if len(total) == 1 else "majority"] += 1
        return found


@pytest.mark.filterwarnings("ignore:.* more than one annotation by the same person")
@pytest.mark.parametrize("seed", range(20))
def test_every_number_of_the_paragraph_is_one_that_can_be_counted(seed):
    made = Hostile(seed)
    table = long_table(made.tasks, key="ID")
    votes = made.votes
    people = sorted({who for by in votes.values() for who in by})
    rules: dict[str, Any] = [
        {},
        {"min_votes": 2},
        {"weights": {people[0]: 0, people[-1]: 2}},
        {"ties": "lowest" if made.kind in ("rating", "number") else people[0]},
    ][seed // 5]
    adjudicated = {"3": votes["3"][min(votes["3"])]} if seed % 2 and "3" in votes else {}
    decided = gold(table, "c", adjudicated=adjudicated, **rules)
    text = methods_paragraph(table, "c", agreement_found=agreement(table, "c", resamples=0), gold=decided)
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    first = re.match(
        r"(\w+) items? w\w+ annotated for “c” by (\w+) annotators? "
        r"\((\d+) answers?; (\d+) items? answered by two or more\)",
        text,
    )
    shared = [by for by in votes.values() if len(by) > 1]
    counts = [len(votes), len(people), sum(map(len, votes.values())), len(shared)]
    assert [words.index(first[1].lower()), words.index(first[2]), int(first[3]), int(first[4])] == counts

    def told(pattern: str) -> int:
        found = re.search(pattern, text)
        return 0 if found is None else 1 if found[1] == "once" else int(found[1])

    done = {(item, who) for item, who, *_ in made.given}
    assert told(r"skipped an item (once|\d+)") == len({one[:2] for one in made.given if one[3] is None})
    assert told(r"(\d+) annotations? w\w+ replaced") == len(made.given) - len(done)
    # Whoever chose nothing of several has answered, and of one has not: then there are no such annotations here.
    answers = [one for one in made.given if one[3] is not None]
    begun, days = sum(one[4] for one in answers), sorted(one[2][:10] for one in answers)
    assert f"from {days[0]} to {days[-1]} (UTC)" in text
    start = f"{begun} of {len(answers)} annotations began" if begun else "No annotation began"
    assert start in text
    same = [np.mean([a == b for a, b in itertools.combinations(by.values(), 2)]) for by in shared]
    if made.kind != "number" and len(people) > 1:
        mean = ", averaged over items," if len(people) > 2 else ""
        assert f"gave the same answer in {np.mean(same):.0%} of cases{mean}" in text
    if made.kind in ("one", "pairwise") and len(people) > 1:
        codes = [[["left", "right"].index(by[who]) if who in by else np.nan for by in votes.values()] for who in people]
        alpha = krippendorff.alpha(codes, level_of_measurement="nominal")
        assert f"agreement was {alpha:.2f} by Krippendorff’s alpha (values" in text
    how = {HOW[name]: int(n) for name, n in re.findall(r"(?:was |, |and )([a-z ]+?) for (\d+)", text) if name in HOW}
    assert how == made.decided(rules, adjudicated)


def paged(votes: dict[str, dict[str, str]]) -> pd.DataFrame:
    """Item → annotator → an answer for each page."""
    tasks = [
        task(
            number,
            [
                annotation(
                    [
                        result("choices", {"choices": [answer]}, id=f"r{page}", item_index=page)
                        for page, answer in enumerate(pages)
                    ],
                    10 * number + place,
                    by=who,
                )
                for place, (who, pages) in enumerate(by.items())
            ],
            ID=item,
        )
        for number, (item, by) in enumerate(votes.items(), 1)
    ]
    return long_table(tasks, key="ID")


def test_pages_are_no_items_and_those_of_an_item_belong_together():
    # Each item's pages are alike for both, or for neither: three items are all that an interval can rest on.
    table = paged({str(n): {"ana": "xyxyx", "ben": "xyxyx" if n % 3 else "yxyxy"} for n in range(1, 13)})
    found = agreement(table, "c")
    assert (found.unit, found.n_items, found.n_complete, found.clusters) == ("page", 60, 60, 0)
    items = agreement(table, "c", clusters={str(n): str(n) for n in range(1, 13)})
    assert found.interval == items.interval
    assert found.bounds("percent") == items.bounds("percent")
    text = methods_paragraph(table, "c", agreement_found=found)
    assert text.startswith(
        "12 items were annotated for “c” by two annotators (24 annotations; 60 pages answered by two"
    )
    assert "(in brackets, 95 % intervals by items)." in text
    assert "unanimous for 8 and left undecided for 4 of 12 items" in text
    assert "60 pages with two or more answers" in found.summary
    one = agreement(table[table["item"].eq("1")], "c")
    assert "All pages are of one item, so there are no intervals." in one.note


def test_brackets_orders_and_exceptions_are_said():
    rows = [(str(n), who, "lmh"[n % 3]) for n in range(30) for who in ("ana", "ben")]
    rows += [(str(n), "cem", "l") for n in range(0, 30, 3)]
    table = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="c", status="submitted")
    found = agreement(table, "c", order=["l", "m", "h"])
    text = methods_paragraph(table, "c", agreement_found=found)
    assert "Krippendorff’s alpha (ordinal distance in the order l, m, h)" in text
    # Cem gave one value alone, and so did others where he answered: one pair of three has a kappa.
    assert "Cohen’s kappa with linear weights of ana and ben was 1.00" in text
    several = table[~(table["annotator"].eq("cem") & table["item"].eq("0"))]
    several = pd.concat([several, pd.DataFrame([("1", "cem", "h", "c", "submitted")], columns=list(table.columns))])
    assert "Cohen’s kappa of pairs of annotators was between" in methods_paragraph(several, "c")
    absent = several[
        ~(several["annotator"].eq("ben") & several["item"].isin([str(n) for n in range(0, 30, 3)] + ["1"]))
    ]
    assert "Cohen’s kappa of 2 of 3 pairs of annotators was between" in methods_paragraph(absent, "c")
    # A model beside one annotator: no other sentence says what brackets are.
    alone = table[table["annotator"].eq("ana")]
    model = pd.DataFrame({"item": [str(n) for n in range(30)], "m": ["l", *("lmh"[n % 3] for n in range(1, 29)), "m"]})
    model["video"] = [f"v{n // 5}" for n in range(30)]
    for clusters, words in (
        (None, "by items, that of accuracy by Agresti and Coull’s formula"),
        ("video", "by 6 clusters of items"),
    ):
        compared = evaluate(model, gold(alone, "c"), key="item", column="m", clusters=clusters)
        text = methods_paragraph(alone, "c", evaluation=compared)
        assert f"] (in brackets, 95 % intervals {words}). Figures" in text
        assert ("agresti1998" in references(text)) is (clusters is None)
        assert "rubin1981" in references(text)
    bare = methods_paragraph(
        alone, "c", evaluation=evaluate(model, gold(alone, "c"), key="item", column="m", clusters="video", resamples=0)
    )
    assert "bracket" not in bare
    # Nobody answered what was decided: it is none of the items above, and is not left out either.
    skipped = pd.DataFrame([("30", "ana", None, None, "skipped")], columns=list(table.columns))
    with_skip = pd.concat([alone, skipped], ignore_index=True)
    text = methods_paragraph(with_skip, "c", gold=gold(with_skip, "c", adjudicated={"30": "m"}))
    assert "for 30 of 30 items. One more item, which nobody answered, was decided in adjudication alone." in text
    # Who said something else counts, whatever a vote weighs.
    weighted = gold(table, "c", weights={"cem": 0, "ben": 1e-20})
    assert set(weighted["how"]) == {"unanimous"}
    other = table.assign(value=table["value"].where(table["annotator"].ne("ben"), "z"))
    assert set(gold(other, "c", weights={"cem": 0, "ben": 1e-20})["how"]) == {"majority"}
    text = methods_paragraph(other, "c", gold=gold(other, "c", weights={"ben": 1e-20}))
    assert "Votes were weighted (ben 1e-20 and all others 1)." in text


def test_decisions_from_a_spreadsheet_are_in_the_form_of_answers_and_none_vanishes() -> None:
    def long(rows: list[tuple[Any, ...]], kind: str = "choices") -> pd.DataFrame:
        table = pd.DataFrame(rows, columns=["item", "annotator", "value"])
        return table.assign(
            control="mood", status="submitted", kind=kind, annotation=table["annotator"] + table["item"]
        )

    single = long([("1", "ana", "x"), ("1", "ben", "y"), ("2", "ana", "x")])
    with pytest.raises(InputError, match="Two things were decided about 1: keep one of them"):
        gold(single, "mood", adjudicated=pd.DataFrame({"item": ["1", "1"], "value": ["x", "y"]}))
    twice = gold(single, "mood", adjudicated=pd.DataFrame({"item": [1, 1, 2], "value": ["y", "y", " "]}))
    assert twice[["value", "how"]].values.tolist() == [["y", "adjudicated"], ["x", "single"]]
    with pytest.warns(
        UserWarning, match="about 'mood' is spelled otherwise than the answers, and is another: 'X ' and"
    ):
        assert gold(single, "mood", adjudicated={"1": "X "})["value"].tolist() == ["X ", "x"]
    sets = long([("1", "ana", "x"), ("1", "ana", "y"), ("1", "ben", "x"), ("2", "ana", "x")])
    for decided, right in (
        ("y;x", ("x", "y")),
        ("y; x", ("x", "y")),
        (["y", "x"], ("x", "y")),
        (("y", "x"), ("x", "y")),
        ("x", ("x",)),
        ((), ()),
        ("q;x", ("q;x",)),
    ):
        assert gold(sets, "mood", adjudicated={"1": decided})["value"].tolist()[0] == right
    stars = long([("1", "ana", 3), ("1", "ben", 4)], "rating")
    assert gold(stars, "mood", adjudicated={"1": "4"})["value"].tolist() == [4.0]


def test_strata_that_look_alike_are_said_where_agreement_is_told_by_them() -> None:
    rows = [(str(item), who, "x", ["de", "de ", "en"][item % 3]) for item in range(9) for who in ("ana", "ben")]
    long = pd.DataFrame(rows, columns=["item", "annotator", "value", "lang"]).assign(control="q", status="submitted")
    with pytest.warns(UserWarning, match=r"Strata of 'lang' that look alike are kept apart \('de ' and 'de'\)"):
        assert agreement_by(long, "q", "lang")["n"].tolist() == [3, 3, 3]
