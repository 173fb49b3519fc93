"""What annotators dispute, and the one answer to each item with how it came about."""

from __future__ import annotations

import html
import itertools
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Annotated, Any

import numpy as np
import pandas as pd

from lsnb.annotations import majority, widen
from lsnb.annotations.long import TEXT_DTYPE
from lsnb.annotations.votes import is_paged, takes_several, votes_of
from lsnb.errors import InputError
from lsnb.kernel.checks import TOLD, Annotations, Resamples, Seed, Table, checked
from lsnb.kernel.words import counted, joined, listing, nearest
from lsnb.reliability.agreement import Agreement, agreement
from lsnb.reliability.coefficients import Floats, Integers, Level, Ratings, chance_of, ratings_of
from lsnb.reliability.overlap import RegionAgreement, is_drawn, region_agreement
from lsnb.tables.keys import check_key, key_text


@checked
def disputed(annotations: Annotations, control: str, level: Level | None = None) -> pd.DataFrame:
    """Return the items about which annotators disagree, the worst first.

    Disagreement is the mean distance of two answers to an item, from 0 to 1: for names 0 or 1, for sets one minus
    Jaccard's coefficient, for ranks and numbers their difference as a share of the range of all answers. For a control
    that draws regions it is one minus the mean F1 of two annotators (``region_agreement``).

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        level: As in ``agreement``.

    Returns:
        ``item, n`` (annotators), ``disagreement`` and ``answers`` (what each said, as text); equals by item.

    Raises:
        InputError: No long table or no such control.

    Example:
        >>> rows = [("1", "ana", "x"), ("1", "ben", "x"), ("2", "ana", "x"), ("2", "ben", "y")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> disputed(long, "mood").values.tolist()
        [['2', 2, 1.0, 'ana: x; ben: y']]
    """
    wide, ratings = ratings_of(annotations, control, level)
    if is_drawn(annotations, control):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".* more than one annotation by the same person")
            items = region_agreement(annotations, control, resamples=0).items
        found = 1 - items.groupby("item")["f1"].mean()
        people = items.groupby("item").agg(a=("a", set), b=("b", set))
        n = pd.Series({item: len(row.a | row.b) for item, row in people.iterrows()}, dtype="int64")
    else:
        # A question that is asked of each page has a row for each.
        n = pd.Series((ratings.codes >= 0).sum(axis=1), index=wide.index).groupby(level=0).max()
        found = pd.Series(_spread(ratings), index=wide.index).groupby(level=0).mean()
        wide = widen(annotations, control) if is_paged(annotations, control) else wide
    found = found[found > 0]
    said = {
        item: "; ".join(f"{who}: {_said(cell)}" for who, cell in row.items() if not _absent(cell))
        for item, row in wide.loc[found.index].iterrows()
    }
    table = pd.DataFrame(
        {
            "item": pd.Series(list(found.index), dtype=TEXT_DTYPE),
            "n": n.reindex(found.index).to_numpy("int64"),
            "disagreement": found.to_numpy("float64"),
            "answers": pd.Series([said[item] for item in found.index], dtype=TEXT_DTYPE),
        }
    )
    return table.sort_values(["disagreement", "item"], ascending=[False, True], kind="stable", ignore_index=True)


@checked
def gold(
    annotations: Annotations,
    control: str,
    *,
    adjudicated: pd.DataFrame | Mapping[str, Any] | None = None,
    min_votes: Annotated[int, TOLD] = 1,
    weights: Mapping[str, Any] | None = None,
    ties: str = "missing",
) -> pd.DataFrame:
    """Return one answer to each item, and how it came about.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        adjudicated: What was decided, which overrides votes: the long table of an adjudication, a table with the
            columns ``item`` and ``value``, or item → value.
        min_votes: As in ``majority``.
        weights: As in ``majority``.
        ties: As in ``majority``.

    Returns:
        ``item, value, how, n, share``: ``how`` is ``adjudicated``, ``unanimous``, ``majority``, ``single`` (one vote),
        ``tie rule``, or ``undecided``, whose value is missing; ``n`` votes, ``share`` of their weight for the most
        frequent answer.

    Raises:
        InputError: As ``majority``; and where what was decided is no such table.

    Example:
        >>> rows = [("1", "ana", "x"), ("1", "ben", "x"), ("2", "ana", "x"), ("2", "ben", "y")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> gold(long, "mood", adjudicated={"2": "y"})[["item", "value", "how"]].values.tolist()
        [['1', 'x', 'unanimous'], ['2', 'y', 'adjudicated']]
    """
    votes = majority(annotations, control, min_votes=min_votes, weights=weights, ties=ties)
    decided = _decisions(adjudicated, control, is_set=takes_several(annotations, control))
    strangers = sorted(set(decided) - set(votes["item"]))
    if strangers:
        raise InputError(f"What was decided is about items nobody annotated: {listing(strangers)}.")
    values, how = [], []
    for row in votes.itertuples(index=False):
        value = None if _absent(row.value) else row.value
        if row.item in decided:
            value, came = decided[str(row.item)], "adjudicated"
        elif value is None:
            came = "undecided"
        elif row.tie:
            came = "tie rule"
        elif row.n == 1:
            came = "single"
        else:
            came = "unanimous" if float(row.share) == 1.0 else "majority"  # type: ignore[arg-type]
        values.append(value)
        how.append(came)
    return pd.DataFrame(
        {
            "item": votes["item"],
            "value": _column(values),
            "how": pd.Series(how, dtype=TEXT_DTYPE),
            "n": votes["n"],
            "share": votes["share"],
        }
    )


def _column(values: list[Any]) -> pd.Series[Any]:
    known = [value for value in values if value is not None]
    cells = np.empty(len(values), dtype="object")
    cells[:] = values
    column = pd.Series(cells, dtype="object")
    if all(isinstance(value, str) for value in known):
        return column.astype(TEXT_DTYPE)
    numeric = all(isinstance(value, Real) and not isinstance(value, bool) for value in known)
    return column.astype("float64") if numeric else column


def _decisions(adjudicated: pd.DataFrame | Mapping[str, Any] | None, control: str, *, is_set: bool) -> dict[str, Any]:
    if adjudicated is None:
        return {}
    if isinstance(adjudicated, pd.DataFrame):
        if "control" in adjudicated.columns:
            if not is_set and not adjudicated["control"].eq(control).fillna(False).any():
                return {}
            with warnings.catch_warnings():
                # An item decided again is decided as it was last.
                warnings.filterwarnings("ignore", message=".* more than one annotation by the same person")
                table = votes_of(adjudicated, control, is_set=is_set)
            clash = table.loc[table["tie"], "item"].tolist()
            if clash:
                raise InputError(f"Several people decided differently about {listing(clash)}: keep one of them.")
        else:
            absent = [name for name in ("item", "value") if name not in adjudicated.columns]
            if absent:
                raise InputError(f"adjudicated has no column {listing(absent)}: give item and value.")
            table = adjudicated
        pairs = list(zip(table["item"], table["value"], strict=True))
    else:
        pairs = list(adjudicated.items())
    return {str(key_text(item)): value for item, value in pairs if not _absent(value)}


def _spread(ratings: Ratings) -> Floats:
    """Return the mean distance of two answers to each item; 0 with less than two."""
    codes = ratings.codes
    spread = np.zeros(len(codes))
    if not codes.size or not ratings.values:
        return spread
    if ratings.level in ("ordinal", "interval", "ratio"):
        numbers = np.asarray(ratings.values, dtype="float64")
        reach = float(numbers.max() - numbers.min()) or 1.0
    for row in range(len(codes)):
        given = codes[row][codes[row] >= 0]
        if len(given) < 2 or (given == given[0]).all():
            continue
        pairs = np.triu_indices(len(given), 1)
        one, other = given[pairs[0]], given[pairs[1]]
        if ratings.level == "sets":
            sets = [set(ratings.values[code]) for code in given]
            distances = [1 - len(a & b) / len(a | b) if a | b else 0.0 for a, b in itertools.combinations(sets, 2)]
            spread[row] = float(np.mean(distances))
        elif ratings.level == "nominal":
            spread[row] = float((one != other).mean())
        else:
            spread[row] = float(np.abs(numbers[one] - numbers[other]).mean() / reach)
    return spread


def _absent(value: Any) -> bool:
    return value is None or (not isinstance(value, (tuple, list, dict)) and bool(pd.isna(value)))


def _said(value: Any) -> str:
    if isinstance(value, tuple):
        return "nothing" if not value else ", ".join(str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


# ``evaluate``: a model's answers against people's.
#
# Precision, recall and F1 (C. J. van Rijsbergen, Information Retrieval, Butterworths 1979) are scikit-learn's.
# Intervals
# are percentiles of bootstrap samples of items (B. Efron & R. J. Tibshirani, An Introduction to the Bootstrap,
# Chapman &
# Hall 1993). Whether a model is as good as one more annotator is asked as whether its kappa with each annotator is
# what
# theirs is with each other.


Interval = tuple[float, float]
FIGURES = ("accuracy", "macro_f1", "kappa")


@dataclass(frozen=True, repr=False)
class Evaluation:
    """How well a model answers as people do.

    Args:
        column: The model's column.
        n: Items with an answer of the model and a gold one.
        accuracy: The share of them on which both are the same.
        per_class: ``label, precision, recall, f1, support`` (gold items), a row for each label in either.
        macro_f1: The mean F1 of the labels.
        kappa: Cohen's kappa of model and gold.
        confusion: Gold labels × the model's, in items.
        unmatched: ``item, missing``: where there is no gold answer, or none of the model.
        intervals: ``accuracy``, ``macro_f1`` and ``kappa`` → its 95 percent bootstrap interval, over items.
        humans: ``annotator, n, kappa, rest``: the model's kappa with each annotator, and that annotator's mean kappa
            with the other annotators on the same items; empty without annotations.
        human_gap: The mean of ``kappa − rest`` with its 95 percent interval: at 0 or above, the model agrees with
            annotators as well as they do with each other.
        note: Why a figure is missing (nan), or what it compares; empty if there is nothing to say.
    """

    column: str
    n: int
    accuracy: float
    per_class: pd.DataFrame = field(compare=False)
    macro_f1: float
    kappa: float
    confusion: pd.DataFrame = field(compare=False)
    unmatched: pd.DataFrame = field(compare=False)
    intervals: Mapping[str, Interval]
    humans: pd.DataFrame = field(compare=False)
    human_gap: tuple[float, Interval]
    note: str = ""

    @property
    def summary(self) -> str:
        """The figures as one line."""
        figures = (f"{name.replace('_', ' ')} {_with(getattr(self, name), self.intervals[name])}" for name in FIGURES)
        return f"{self.column}: {', '.join(figures)}, {self.n} items, {len(self.unmatched)} unmatched"

    def __repr__(self) -> str:
        parts = [self.summary, self.per_class.to_string(index=False), self._beside_people(), self.note]
        return "\n".join(part for part in parts if part)

    def _repr_html_(self) -> str:
        tables = [self.per_class.to_html(index=False, escape=True, float_format=lambda figure: f"{figure:.3f}")]
        tables.append(self.confusion.to_html(escape=True))
        words = [html.escape(part) for part in (self._beside_people(), self.note) if part]
        return "".join([f"<p><b>{html.escape(self.summary)}</b></p>", *(f"<p>{part}</p>" for part in words), *tables])

    def _beside_people(self) -> str:
        gap, interval = self.human_gap
        if math.isnan(gap):
            return ""
        verdict = (
            "agrees with annotators less than they do with each other"
            if interval[1] < 0
            else "agrees with annotators more than they do with each other"
            if interval[0] > 0
            else "cannot be told from one more annotator"
        )
        return f"The model {verdict}: kappa with them minus theirs with each other {_with(gap, interval)}."


@checked
def evaluate(
    model: Table,
    gold: Table,
    *,
    key: str,
    column: str,
    annotations: Annotations | None = None,
    control: str | None = None,
    resamples: Resamples = 1000,
    seed: Seed = 0,
) -> Evaluation:
    """Return how well a model's answers are those of people.

    Tables are joined by their keys as text, never by order. Answers compare as text: ``1`` and ``1.0`` are the same.

    Args:
        model: A row for each item; it is not changed.
        gold: What ``gold`` or ``majority`` returned (``item, value``), or a table with the columns ``key`` and
            ``column``; rows without a value count as unmatched.
        key: The column of ``model`` that identifies items.
        column: The column of ``model`` with its answers.
        annotations: The long table, to compare the model with single annotators.
        control: The control in it; ``column`` by default.
        resamples: Bootstrap samples of items for intervals.
        seed: A whole number for these.

    Raises:
        InputError: A column is absent, a key is empty or repeated, or there is no such control.

    Example:
        >>> model = pd.DataFrame({"ID": ["1", "2", "3"], "label": ["x", "y", "y"]})
        >>> people = pd.DataFrame({"item": ["1", "2", "4"], "value": ["x", "x", "y"]})
        >>> found = evaluate(model, people, key="ID", column="label")
        >>> found.accuracy, found.unmatched.values.tolist()
        (0.5, [['3', 'gold'], ['4', 'model']])
    """
    said = _answers(model, key, column, "model")
    truth = (
        _answers(gold, key, column, "gold")
        if key in gold.columns and column in gold.columns
        else _answers(gold, "item", "value", "gold")
    )
    both = sorted(said.keys() & truth.keys())
    apart = [(item, "gold") for item in said.keys() - truth.keys()] + [
        (item, "model") for item in truth.keys() - said.keys()
    ]
    labels = sorted({truth[item] for item in both} | {said[item] for item in both})
    number = {label: place for place, label in enumerate(labels)}
    pairs = np.array([(number[truth[item]], number[said[item]]) for item in both], dtype=np.int64).reshape(-1, 2)
    counts = _confusion(pairs, len(labels))
    drawn = _drawn(counts, resamples, seed)
    figures = _figures(counts[None])[0]
    humans, gap = _beside(said, annotations, control or column, resamples, seed)
    return Evaluation(
        column=column,
        n=len(both),
        accuracy=float(figures[0]),
        per_class=_per_class(pairs, labels),
        macro_f1=float(figures[1]),
        kappa=float(figures[2]),
        confusion=pd.DataFrame(counts, index=pd.Index(labels, name="gold"), columns=pd.Index(labels, name="model")),
        unmatched=pd.DataFrame(sorted(apart), columns=["item", "missing"], dtype=TEXT_DTYPE),
        intervals={name: _interval(drawn[:, place]) for place, name in enumerate(FIGURES)},
        humans=humans,
        human_gap=gap,
        note=_note(both, labels, apart),
    )


def _answers(table: pd.DataFrame, key: str, column: str, which: str) -> dict[str, str]:
    if column not in table.columns:
        raise InputError(f"The {which} table has no column {column!r}.{nearest(column, table.columns)}")
    keys = check_key(table, key)
    return {
        str(item): _text(value)
        for item, value in zip(keys, table[column].tolist(), strict=True)
        if isinstance(value, (tuple, list)) or not pd.isna(value)
    }


def _text(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return ", ".join(sorted(_text(part) for part in value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _confusion(pairs: Integers, labels: int) -> Integers:
    counts = np.zeros((labels, labels), dtype=np.int64)
    np.add.at(counts, (pairs[:, 0], pairs[:, 1]), 1)
    return counts


def _drawn(counts: Integers, resamples: int, seed: int) -> Floats:
    n = int(counts.sum())
    if not n or not resamples:
        return np.empty((0, len(FIGURES)))
    # Drawing items again is drawing cells of the table again.
    flat = chance_of(seed).multinomial(n, counts.ravel() / n, size=resamples)
    return _figures(flat.reshape(resamples, *counts.shape))


def _figures(counts: Integers) -> Floats:
    """Return accuracy, macro F1 and kappa for each of many confusion matrices."""
    n = counts.sum(axis=(1, 2)).astype("float64")
    hits = np.diagonal(counts, axis1=1, axis2=2)
    gold, model = counts.sum(axis=2), counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = hits.sum(axis=1) / n
        # A label that neither has in this sample is no label of it.
        f1 = np.where(gold + model > 0, 2 * hits / (gold + model), np.nan)
        known = ~np.isnan(f1)
        macro = np.nansum(f1, axis=1) / known.sum(axis=1)
        expected = (gold * model).sum(axis=1) / n**2
        kappa = np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)
    return np.stack([observed, macro, kappa], axis=1)


def _interval(drawn: Floats) -> Interval:
    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return math.nan, math.nan
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def _per_class(pairs: Integers, labels: list[str]) -> pd.DataFrame:
    names = ["label", "precision", "recall", "f1", "support"]
    if not labels:
        return pd.DataFrame(columns=names)
    from sklearn.metrics import precision_recall_fscore_support  # takes a second to import

    figures = precision_recall_fscore_support(pairs[:, 0], pairs[:, 1], labels=range(len(labels)), zero_division=0)
    return pd.DataFrame(dict(zip(names, [labels, *figures], strict=True)))


def _beside(
    said: Mapping[str, str], annotations: pd.DataFrame | None, control: str, resamples: int, seed: int
) -> tuple[pd.DataFrame, tuple[float, Interval]]:
    names = ["annotator", "n", "kappa", "rest"]
    nothing = pd.DataFrame(columns=names), (math.nan, (math.nan, math.nan))
    if annotations is None:
        return nothing
    wide = widen(annotations, control)
    wide = wide.loc[[str(item) in said for item in wide.index], wide.notna().any()]
    people = [str(name) for name in wide.columns]
    if len(people) < 2 or wide.empty:
        return nothing
    cells = [
        [None if not given else _text(cell) for cell, given in zip(row, there, strict=True)]
        for row, there in zip(wide.to_numpy("object"), wide.notna().to_numpy("bool"), strict=True)
    ]
    answers = [[*row, said[str(item)]] for item, row in zip(wide.index, cells, strict=True)]
    labels = {label: place for place, label in enumerate(sorted({a for row in answers for a in row if a is not None}))}
    codes = np.array([[-1 if a is None else labels[a] for a in row] for row in answers], dtype=np.int64)
    kappas, rests = _kappas_beside(codes, len(labels))
    n = [int((codes[:, place] >= 0).sum()) for place in range(len(people))]
    humans = pd.DataFrame(dict(zip(names, [people, n, kappas, rests], strict=True)))
    chance = chance_of(seed)
    gaps = []
    for _ in range(resamples):
        again = _kappas_beside(codes[chance.integers(0, len(codes), len(codes))], len(labels))
        gaps.append(_gap(*again))
    return humans, (_gap(kappas, rests), _interval(np.array(gaps, dtype="float64")))


def _kappas_beside(codes: Integers, labels: int) -> tuple[Floats, Floats]:
    """Return each annotator's kappa with the model (the last column), and the mean of those with the others."""
    people = codes.shape[1] - 1
    table = np.full((people + 1, people + 1), np.nan)
    for a in range(people + 1):
        for b in range(a):
            both = (codes[:, a] >= 0) & (codes[:, b] >= 0)
            if both.any():
                counts = np.bincount(codes[both, a] * labels + codes[both, b], minlength=labels**2)
                table[a, b] = table[b, a] = _figures(counts.reshape(1, labels, labels))[0, 2]
    others = table[:people, :people]
    known = ~np.isnan(others)
    with np.errstate(invalid="ignore"):
        rests = np.nansum(others, axis=1) / known.sum(axis=1)
    return table[:people, people], rests


def _gap(kappas: Floats, rests: Floats) -> float:
    differences = (kappas - rests)[~np.isnan(kappas - rests)]
    return float(differences.mean()) if len(differences) else math.nan


def _note(both: list[str], labels: list[str], apart: list[tuple[str, str]]) -> str:
    if not both:
        return "No item has both an answer of the model and a gold one: check that the keys are the same ids."
    notes = []
    if len(labels) == 1:
        notes.append(f"All answers are {labels[0]!r}: kappa is missing, since agreement cannot be told from chance.")
    if apart:
        notes.append(f"Not compared: {listing(sorted(item for item, _ in apart))} (see .unmatched).")
    return " ".join(notes)


def _with(figure: float, interval: Interval) -> str:
    low, high = (_figure(bound) for bound in interval)
    return f"{_figure(figure)} [{low}, {high}]"


def _figure(number: float) -> str:
    return "–" if math.isnan(number) else f"{number:.3f}"


# A paragraph for the methods section of a paper, with the figures filled in.


gold_of = gold  # under another name, since the paragraph has an argument of this one

COMPARED = {
    "nominal": "values either agree or do not",
    "ordinal": "ordinal distance",
    "interval": "interval distance",
    "ratio": "ratio distance",
    "sets": "sets of answers, Jaccard distance",
}


@checked
def methods_paragraph(
    annotations: Annotations,
    control: str,
    *,
    agreement_found: Agreement | None = None,
    gold: pd.DataFrame | None = None,
    evaluation: Evaluation | None = None,
) -> str:
    """Return what a methods section says about how items were annotated, with the figures filled in.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        agreement_found: What ``agreement`` returned, if its level or seed were chosen.
        gold: What ``gold`` returned; by default the plain majority is described.
        evaluation: What ``evaluate`` returned, if a model was compared.

    Raises:
        InputError: No long table or no such control.

    Example:
        >>> rows = [("1", "ana", "x"), ("1", "ben", "x"), ("2", "ana", "x"), ("2", "ben", "y"), ("3", "ana", "y")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> print(methods_paragraph(long, "mood"))  # doctest: +ELLIPSIS
        Three items were annotated for “mood” by two annotators (5 answers; 2 items answered by two or more). ...
    """
    with warnings.catch_warnings():
        # The latest annotation of each person counts, which those who read this have been told.
        warnings.filterwarnings("ignore", message=".* more than one annotation by the same person")
        found = agreement_found or agreement(annotations, control)
        table = gold if gold is not None else gold_of(annotations, control)
    if "n" not in table.columns:
        raise InputError("gold has no column n: give the table that lsnb.gold returned.")
    answered = table[table["n"] > 0]
    total = int(table["n"].sum())
    items = _count(len(answered), "item was", "items were").capitalize()
    people = _count(len(found.annotators), "annotator", "annotators")
    answers = counted(total, "answer")
    shared = f"{counted(found.n_items, 'item')} answered by two or more"
    sentences = [f"{items} annotated for “{control}” by {people} ({answers}; {shared})."]
    if not math.isnan(found.alpha):
        low, high = found.interval
        sentences.append(
            f"Agreement was {_shown(found.alpha)} by Krippendorff’s alpha ({COMPARED[found.level]}; 95 % bootstrap "
            f"interval over items {_shown(low)} to {_shown(high)})"
            + (
                f" and {_shown(found.fleiss)} by Fleiss’ kappa on the {found.n_complete} items that all answered."
                if not math.isnan(found.fleiss)
                else "."
            )
        )
        kappas = found.kappa["kappa"].dropna()
        if len(kappas) > 1:
            sentences.append(
                f"Cohen’s kappa of pairs of annotators was between {_shown(kappas.min())} and {_shown(kappas.max())}."
            )
    elif found.note:
        sentences.append(f"No coefficient of agreement is given. {found.note}")
    if isinstance(found.overlap, RegionAgreement) and not math.isnan(found.overlap.f1):
        overlap = found.overlap
        least = "" if overlap.measure == "key points" else f" at an intersection over union of {overlap.threshold:g}"
        sentences.append(
            f"Regions ({overlap.measure}) of two annotators matched with an F1 of {_shown(overlap.f1)}{least} (95 % "
            f"bootstrap interval {_shown(overlap.interval[0])} to {_shown(overlap.interval[1])})."
        )
    sentences.append(_how(answered))
    if evaluation is not None and evaluation.n:
        sentences.append(
            f"The model’s answers ({evaluation.column}) were compared with those of people on {evaluation.n} items: "
            f"accuracy {_shown(evaluation.accuracy)}, macro F1 {_shown(evaluation.macro_f1)}, Cohen’s kappa "
            f"{_shown(evaluation.kappa)} (95 % bootstrap interval {_shown(evaluation.intervals['kappa'][0])} to "
            f"{_shown(evaluation.intervals['kappa'][1])})."
        )
    return " ".join(sentences)


def _how(answered: pd.DataFrame) -> str:
    words = {
        "unanimous": "unanimous",
        "majority": "the most frequent answer",
        "single": "the only answer given",
        "tie rule": "a tie decided by rule",
        "adjudicated": "decided in adjudication",
        "undecided": "left undecided",
    }
    counts = answered["how"].value_counts()
    parts = [f"{words[how]} for {int(counts[how])}" for how in words if how in counts.index]
    return f"The final answer was {joined(parts)} of {_count(len(answered), 'item', 'items')}." if parts else ""


def _count(n: int, one: str, several: str) -> str:
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    return f"{words[n] if n <= 10 else n} {one if n == 1 else several}"


def _shown(number: float) -> str:
    return f"{number:.2f}" if not math.isnan(number) else "not known"
