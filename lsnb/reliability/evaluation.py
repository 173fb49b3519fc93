"""``evaluate``: a model's answers against people's, and whether it is as good as one more annotator.

Precision, recall and F1: C. J. van Rijsbergen, Information Retrieval (Butterworths 1979). Whether a model may stand in
for an annotator is asked in two ways, both on items that others answered as well: by its kappa with each annotator
beside theirs with each other, and by the alternative annotator test of N. Calderon, R. Reichart and R. Dror, "The
alternative annotator test for LLM-as-a-judge" (ACL 2025).
"""

from __future__ import annotations

import difflib
import html
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse, stats

from lsnb.annotations import widen
from lsnb.errors import InputError
from lsnb.kernel.checks import Annotations, Resamples, Seed, Share, Table, checked
from lsnb.kernel.words import as_seen, listing, nearest
from lsnb.reliability.coefficients import (
    CONTINUOUS,
    LARGEST,
    LEVELS,
    PAIRED_VALUES,
    Level,
    Pair,
    Ratings,
    Weighting,
    differing_pairs,
    scale_of,
    set_distances,
    usual_weights,
)
from lsnb.reliability.intervals import (
    GROUPS,
    NONE,
    NORMAL,
    Clusters,
    Figure,
    Floats,
    Integers,
    Interval,
    by_cluster,
    chance_of,
    clusters_of,
    figures_in,
    further_size,
    intervals,
    share_interval,
    shown,
)
from lsnb.reliability.overlap import is_drawn
from lsnb.shapes.faults import as_float
from lsnb.tables.cells import TEXT_DTYPE
from lsnb.tables.keys import check_key, key_texts

# With more labels a table of all pairs of them is left out.
CONFUSABLE = 300
# Levels on which answers are nearer to each other or farther.
MEASURED = ("ordinal", "interval", "ratio")


@dataclass(frozen=True, repr=False)
class Evaluation:
    """How well a model answers as people do.

    Args:
        column: The model's column.
        level: How answers were compared.
        n: Items with an answer of the model and a gold one.
        accuracy: The share of them on which both are the same; of sets, exactly the same.
        per_class: ``label, precision, recall, f1, support`` (gold items), a row for each label in either; of sets, for
            each option, chosen or not.
        macro_f1: The mean F1 of the labels.
        kappa: Cohen's kappa of model and gold, without weights.
        figures: All figures of this level: ``figure, name, value, low, high``.
        confusion: Gold labels × the model's, in items; empty with more than 300 labels.
        unmatched: ``item, missing``: where there is no gold answer, or none of the model.
        intervals: The short name of each figure → its 95 percent interval.
        humans: ``annotator, n, kappa, rest``: the model's kappa with each annotator, and that annotator's mean kappa
            with the other annotators, both on the ``n`` items that another one answered as well; empty without
            annotations. As in ``agreement``, kappas of ranks have linear weights, those of numbers quadratic ones.
        human_gap: The mean of ``kappa − rest`` with its 95 percent interval: at 0 or above, the model agrees with
            annotators as well as they do with each other. Without an interval where more than 300 names were given.
        alternative: The alternative annotator test, where three or more people answered.
        note: Why a figure is missing (nan), or what it compares; empty if there is nothing to say.
        clusters: How many clusters of items the intervals were drawn from; 0 where items were.
    """

    column: str
    level: Level
    n: int
    accuracy: float
    per_class: pd.DataFrame = field(compare=False)
    macro_f1: float
    kappa: float
    figures: pd.DataFrame = field(compare=False)
    confusion: pd.DataFrame = field(compare=False)
    unmatched: pd.DataFrame = field(compare=False)
    intervals: Mapping[str, Interval]
    humans: pd.DataFrame = field(compare=False)
    human_gap: tuple[float, Interval]
    alternative: AlternativeTest | None = None
    note: str = ""
    clusters: int = 0

    @checked
    def value(self, figure: str) -> float:
        """Return a figure by its short name; missing (nan) where it is not given.

        Args:
            figure: Such as ``"mae"``; ``.figures`` lists them.
        """
        return _value(figures_in(self.figures), figure)

    @property
    def summary(self) -> str:
        """The figures as one line."""
        figures = (f"{found.name} {_with(found.value, found.bounds)}" for found in figures_in(self.figures).values())
        return f"{self.column}: {', '.join(figures)}, {self.n} items, {len(self.unmatched)} unmatched"

    def __repr__(self) -> str:
        classes = self.per_class.to_string(index=False) if len(self.per_class) else ""
        return "\n".join(part for part in (self.summary, classes, *self._words()) if part)

    def _repr_html_(self) -> str:
        tables = [self.per_class.to_html(index=False, escape=True, float_format=lambda figure: f"{figure:.3f}")]
        tables.append(self.confusion.to_html(escape=True))
        words = [html.escape(part) for part in self._words() if part]
        return "".join([f"<p><b>{html.escape(self.summary)}</b></p>", *(f"<p>{part}</p>" for part in words), *tables])

    def _words(self) -> list[str]:
        return [self._beside_people(), self.alternative.summary if self.alternative is not None else "", self.note]

    def _beside_people(self) -> str:
        gap, interval = self.human_gap
        if math.isnan(gap):
            return ""
        words = f"kappa with them minus theirs with each other {_with(gap, interval)}"
        if math.isnan(interval[0]):
            return f"The model beside annotators: {words}."
        verdict = (
            "agrees with annotators less than they do with each other"
            if interval[1] < 0
            else "agrees with annotators more than they do with each other"
            if interval[0] > 0
            else "cannot be told from one more annotator"
        )
        return f"The model {verdict}: {words}."


@checked
def evaluate(
    model: Table,
    gold: Table,
    *,
    key: str,
    column: str,
    annotations: Annotations | None = None,
    control: str | None = None,
    level: Level | None = None,
    order: Sequence[Any] | None = None,
    clusters: Clusters | None = None,
    resamples: Resamples = 1000,
    seed: Seed = 0,
) -> Evaluation:
    """Return how well a model's answers are those of people.

    Tables are joined by their keys as text, never by order. Answers compare as text: ``1`` and ``1.0`` are the same.
    Names have accuracy (with Agresti and Coull's interval), precision, recall and F1 of each label, and kappa; ranks
    and numbers also kappa with linear and quadratic weights, the mean absolute error and Spearman's correlation (its
    interval by D. G. Bonett and T. A. Wright, Psychometrika 65, 2000); sets precision, recall and F1 of each option,
    the share of equal sets and the mean Jaccard coefficient.

    Args:
        model: A row for each item; it is not changed.
        gold: What ``gold`` or ``majority`` returned (``item, value``), or a table with the columns ``key`` and
            ``column``; rows without a value count as unmatched.
        key: The column of ``model`` that identifies items.
        column: The column of ``model`` with its answers.
        annotations: The long table, to compare the model with single annotators.
        control: The control in it; ``column`` by default.
        level: ``"nominal"``, ``"ordinal"``, ``"interval"``, ``"ratio"`` or ``"sets"``. By default sets where any
            answer is one, what the control measures where ``annotations`` say so, interval where both columns hold
            numbers, else nominal.
        order: All answers from the least to the greatest, for names that have an order; also the order of classes.
        clusters: What items belong together, as in ``agreement``: a column of ``model``, or item → cluster.
        resamples: How often chance weighs items for intervals; 0 for none but those of shares.
        seed: A whole number for these.

    Raises:
        InputError: A column is absent, a key is empty or repeated, there is no such control, or it draws regions.

    Example:
        >>> model = pd.DataFrame({"ID": ["1", "2", "3"], "label": ["x", "y", "y"]})
        >>> people = pd.DataFrame({"item": ["1", "2", "4"], "value": ["x", "x", "y"]})
        >>> found = evaluate(model, people, key="ID", column="label")
        >>> found.accuracy, found.unmatched.values.tolist()
        (0.5, [['3', 'gold'], ['4', 'model']])
    """
    named = control or column
    if annotations is not None and is_drawn(annotations, named):
        raise InputError(
            f"The control {named!r} draws regions, whose places labels alone do not tell: compare them with "
            "lsnb.reliability.region_agreement, or a study's model with study.model_run(…).regions(…)."
        )
    said, truth = _both_answers(model, gold, key, column)
    # Keys mostly come in order, and a set would lose it: sorting what is sorted takes no time.
    both = sorted(filter(truth.__contains__, said))
    apart = [(item, "gold") for item in said if item not in truth] if len(both) < len(said) else []
    apart += [(item, "model") for item in truth if item not in said] if len(both) < len(truth) else []
    of_model = model if clusters is None else model.assign(item=check_key(model, key))
    own = clusters_of(of_model, both, clusters)
    compared = _Compared.of(
        list(map(truth.__getitem__, both)), list(map(said.__getitem__, both)), level, order, annotations, named
    )
    figures = compared.figures(own, resamples, seed)
    found = figures_in(figures)
    humans, gap, alternative = _beside(said, annotations, named, compared, order, clusters, of_model, resamples, seed)
    return Evaluation(
        column=column,
        level=compared.ratings.level,
        n=len(both),
        accuracy=_value(found, "accuracy"),
        per_class=compared.per_class(),
        macro_f1=_value(found, "macro_f1"),
        kappa=_value(found, "kappa"),
        figures=figures,
        confusion=compared.confusion(),
        unmatched=pd.DataFrame(sorted(apart), columns=["item", "missing"], dtype=TEXT_DTYPE),
        intervals={name: figure.bounds for name, figure in found.items()},
        humans=humans,
        human_gap=gap,
        alternative=alternative,
        note=_note(
            both, compared, apart, _measured(annotations, named) if level is None and order is None else "nominal"
        ),
        clusters=0 if own is None else len(np.unique(own)),
    )


def _value(found: Mapping[str, Figure], name: str) -> float:
    return found[name].value if name in found else math.nan


def _both_answers(
    model: pd.DataFrame, gold: pd.DataFrame, key: str, column: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    said = _answers(model, key, column, "model")
    # A question may be called as what votes say of an item: how many there were is no answer to a question n.
    is_of_votes = set(gold.columns) >= _OF_VOTES and column in {*_OF_VOTES, "how", "tie"}
    if key in gold.columns and column in gold.columns and not is_of_votes:
        return said, _answers(gold, key, column, "gold")
    return said, _answers(gold, "item", "value", "gold")


# The columns of what ``gold`` and ``majority`` return.
_OF_VOTES = {"item", "value", "n", "share"}


def _answers(table: pd.DataFrame, key: str, column: str, which: str) -> dict[str, Any]:
    if column not in table.columns:
        raise InputError(f"The {which} table has no column {column!r}.{nearest(column, table.columns)}")
    keys, cells = key_texts(table, key), table[column].to_numpy("object").tolist()
    # Most columns hold texts or numbers alone, of which none has to be looked at.
    if pd.api.types.infer_dtype(cells, skipna=False) in ("string", "integer"):
        return dict(zip(keys, cells, strict=True))
    return {
        item: tuple(value) if isinstance(value, (tuple, list, set, frozenset)) else value
        for item, value in zip(keys, cells, strict=True)
        if isinstance(value, (tuple, list, set, frozenset)) or not pd.isna(value)
    }


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(sorted(_text(part) for part in value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _ordered(order: Sequence[Any], answers: list[Any]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(_text(value) for value in list(order)))
    strange = sorted({_text(value) for value in answers} - set(names))
    if strange:
        raise InputError(f"Some answers are not in order: {listing(strange)}.{nearest(strange[0], names)}")
    return names


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_)) and math.isfinite(as_float(value))


NAMES = {
    "accuracy": "accuracy",
    "macro_f1": "macro f1",
    "kappa": "kappa",
    "kappa_linear": "kappa (linear weights)",
    "kappa_quadratic": "kappa (quadratic weights)",
    "mae": "mean absolute error",
    "spearman": "Spearman's correlation",
    "jaccard": "mean Jaccard coefficient",
}


@dataclass(frozen=True)
class _Compared:
    """Gold and the model's answers to the same items, as two annotators' ratings.

    Args:
        ratings: Gold in the first column, the model in the second.
        labels: What the values are called.
    """

    ratings: Ratings
    labels: tuple[str, ...]

    @classmethod
    def of(
        cls,
        truth: list[Any],
        said: list[Any],
        level: Level | None,
        order: Sequence[Any] | None,
        annotations: pd.DataFrame | None,
        control: str,
    ) -> _Compared:
        answers = [*truth, *said]
        are_texts = pd.api.types.infer_dtype(answers, skipna=False) == "string"
        if order is not None:
            level = _checked_order(level)
        level = level or _usual(answers, annotations, control, are_texts=are_texts)
        if order is not None:
            values: tuple[Any, ...] = _ordered(order, answers)
            named: list[Any] = [_text(value) for value in answers]
        elif level == "sets":
            named = [tuple(sorted({_text(p) for p in (v if isinstance(v, tuple) else (v,))})) for v in answers]
            values = tuple(sorted(set(named)))
        elif level == "nominal":
            named = answers if are_texts else [_text(value) for value in answers]
            values = tuple(sorted(set(named)))
        else:
            odd = _odd_numbers(answers)
            if odd:
                raise InputError(f"Some answers are no numbers ({listing(odd)}), so they have no {level} level.")
            numbers = [float(value) for value in answers]
            if any(abs(number) > LARGEST for number in numbers):
                raise InputError(
                    f"Some answers are greater than {LARGEST:g}, which no computer can square: give them in another "
                    "unit, or level='nominal'."
                )
            named = list(numbers)
            values = tuple(sorted(set(named)))
        place = {value: number for number, value in enumerate(values)}
        codes = np.array([place[value] for value in named], dtype=np.int64).reshape(2, len(truth)).T
        return cls(Ratings(codes, values, level), tuple(_text(value) for value in values))

    @property
    def is_continuous(self) -> bool:
        """Whether answers are numbers on a scale, of which two are hardly ever the same."""
        values = self.ratings.values
        return (
            self.ratings.level in ("interval", "ratio")
            and len(values) > CONTINUOUS
            and not all(float(value).is_integer() for value in values)
        )

    def figures(self, clusters: Integers | None, resamples: int, seed: int) -> pd.DataFrame:
        """Return ``figure, name, value, low, high``."""
        level, codes = self.ratings.level, self.ratings.codes
        n = len(codes)
        named = Pair.of(Ratings(codes, self.ratings.values, "nominal"), 0, 1)
        scaled = None if level in ("nominal", "sets") else Pair.of(self.ratings, 0, 1)
        names = [] if self.is_continuous else ["accuracy", "macro_f1", "kappa"]
        if scaled is not None:
            names += ["kappa_linear"] * (level == "ordinal") + ["kappa_quadratic", "mae"]
        names += ["jaccard"] * (level == "sets")
        width = len(self.labels)
        parts = [named.features, self._hits(named)]
        if scaled is not None:
            parts.append(scaled.features)
        elif level == "sets":
            parts.append(sparse.csr_array(self._shared(named)[:, None]))
        features = sparse.csr_array(sparse.hstack(parts))
        hits_at = named.features.shape[1]
        rest_at = hits_at + parts[1].shape[1]

        def compute(sums: Any) -> Floats:
            sums = np.asarray(sums, dtype="float64")
            found: dict[str, Floats] = {}
            with np.errstate(invalid="ignore", divide="ignore"):
                found["accuracy"] = sums[:, 1] / sums[:, 0]
                found["kappa"] = named.kappas(sums[:, :hits_at], "none")
                hits = sums[:, hits_at:rest_at]
                if level == "sets":
                    size = hits.shape[1] // 3
                    found["macro_f1"] = _macro(*np.split(hits, [size, 2 * size], axis=1))
                else:
                    found["macro_f1"] = _macro(hits, sums[:, 8 : 8 + width], sums[:, 8 + width : 8 + 2 * width])
                if scaled is not None:
                    rest = sums[:, rest_at:]
                    weightings: tuple[Weighting, ...] = ("linear", "quadratic")
                    for weights in weightings:
                        if f"kappa_{weights}" in names:
                            found[f"kappa_{weights}"] = scaled.kappas(rest, weights)
                    # A greater error is worse: its sign is turned while bounds are drawn.
                    found["mae"] = -rest[:, 2] / rest[:, 0]
                elif level == "sets":
                    found["jaccard"] = sums[:, rest_at] / sums[:, 0]
            return np.stack([found[name] for name in names], axis=1)

        values = dict.fromkeys(names, math.nan)
        bounds = dict.fromkeys(names, NONE)
        if n:
            times = np.bincount(named.kind, minlength=len(named.against)).astype("float64")
            values = dict(zip(names, compute(np.asarray(times @ features)[None])[0].tolist(), strict=True))
            same = np.asarray(named.features[:, [1]].todense()).ravel()[named.kind]
            if named.against.any():
                found = intervals(
                    compute,
                    by_cluster(clusters, named.kind, len(named.against)),
                    named.against,
                    named.favour,
                    resamples=resamples,
                    seed=seed,
                    features=features,
                    size=further_size(clusters, same),
                )
                bounds = dict(zip(names, found, strict=True))
            if clusters is None and "accuracy" in values:
                bounds["accuracy"] = share_interval(round(values["accuracy"] * n), n)
        rows = [(name, values[name], *(NONE if math.isnan(values[name]) else bounds[name])) for name in names]
        rows = [
            (name, -value, -high, -low) if name == "mae" else (name, value, low, high)
            for name, value, low, high in rows
        ]
        if scaled is not None:
            rows.append(("spearman", *self._spearman(clusters)))
        table = pd.DataFrame(rows, columns=["figure", "value", "low", "high"])
        table.insert(1, "name", [NAMES[name] for name in table["figure"]])
        return table.astype({"value": "float64", "low": "float64", "high": "float64"})

    def _hits(self, pair: Pair) -> Any:
        """Return cells × labels: whether both said it; of sets three times the options: both, gold, the model."""
        cells = self._cells(pair)
        rows = np.arange(len(cells))
        if self.ratings.level != "sets":
            same = cells[:, 0] == cells[:, 1]
            shape = (len(cells), len(self.labels))
            return sparse.csr_array((np.ones(int(same.sum())), (rows[same], cells[same, 0])), shape=shape)
        holds = self._holds()
        gold, model = holds[cells[:, 0]], holds[cells[:, 1]]
        return sparse.csr_array(np.concatenate([gold * model, gold, model], axis=1))

    def _cells(self, pair: Pair) -> Integers:
        width = max(1, len(self.ratings.values))
        margins = pair.features[:, 8:]
        one, other = margins[:, :width], margins[:, width:]
        return np.stack([np.asarray(part.argmax(axis=1)).ravel() for part in (one, other)], axis=1).astype(np.int64)

    @property
    def options(self) -> list[str]:
        """The options of sets."""
        return sorted({option for value in self.ratings.values for option in value})

    def _holds(self) -> Floats:
        options = {option: number for number, option in enumerate(self.options)}
        holds = np.zeros((len(self.ratings.values), len(options)))
        for row, value in enumerate(self.ratings.values):
            holds[row, [options[option] for option in value]] = 1
        return holds

    def _shared(self, pair: Pair) -> Floats:
        cells, holds = self._cells(pair), self._holds()
        gold, model = holds[cells[:, 0]], holds[cells[:, 1]]
        both, either = (gold * model).sum(axis=1), np.maximum(gold, model).sum(axis=1)
        return np.asarray(np.where(either > 0, both / np.where(either > 0, either, 1), 1.0))

    def _spearman(self, clusters: Integers | None) -> tuple[float, float, float]:
        numbers = self.ratings.numbers
        x, y = (numbers[self.ratings.codes[:, place]] for place in (0, 1))
        n = len(x)
        if n < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
            return math.nan, *NONE
        rho = float(stats.spearmanr(x, y).statistic)
        if n < 5 or clusters is not None or abs(rho) >= 1:
            return rho, *NONE
        reach = NORMAL * math.sqrt((1 + rho**2 / 2) / (n - 3))
        return rho, math.tanh(math.atanh(rho) - reach), math.tanh(math.atanh(rho) + reach)

    def per_class(self) -> pd.DataFrame:
        """Return ``label, precision, recall, f1, support`` of each label, or option of sets."""
        columns = ["label", "precision", "recall", "f1", "support"]
        codes = self.ratings.codes
        if not len(codes) or self.is_continuous:
            return pd.DataFrame(columns=columns)
        if self.ratings.level == "sets":
            holds = self._holds()
            gold_of, model_of = holds[codes[:, 0]], holds[codes[:, 1]]
            hits, gold, model = (gold_of * model_of).sum(axis=0), gold_of.sum(axis=0), model_of.sum(axis=0)
            labels = self.options
        else:
            width = len(self.labels)
            gold, model = (np.bincount(codes[:, place], minlength=width) for place in (0, 1))
            hits = np.bincount(codes[codes[:, 0] == codes[:, 1], 0], minlength=width)
            labels = list(self.labels)
        with np.errstate(invalid="ignore", divide="ignore"):
            precision, recall = (np.where(total > 0, hits / total, 0.0) for total in (model, gold))
            f1 = np.where(gold + model > 0, 2 * hits / (gold + model), 0.0)
        table = pd.DataFrame(dict(zip(columns, [labels, precision, recall, f1, gold.astype("int64")], strict=True)))
        return table

    def confusion(self) -> pd.DataFrame:
        """Return gold labels × the model's, in items."""
        width = len(self.labels)
        labels = list(self.labels)
        if width > CONFUSABLE or self.is_continuous:
            labels, width = [], 0
        counts = np.zeros((width, width), dtype=np.int64)
        if width:
            np.add.at(counts, (self.ratings.codes[:, 0], self.ratings.codes[:, 1]), 1)
        return pd.DataFrame(counts, index=pd.Index(labels, name="gold"), columns=pd.Index(labels, name="model"))


def _macro(hits: Floats, gold: Floats, model: Floats) -> Floats:
    # A label that neither has is no label.
    f1 = np.where(gold + model > 0, 2 * hits / np.where(gold + model > 0, gold + model, 1), np.nan)
    known = (gold + model > 0).sum(axis=1)
    return np.asarray(np.where(known > 0, np.nansum(f1, axis=1) / np.where(known > 0, known, 1), np.nan))


def _usual(answers: list[Any], annotations: pd.DataFrame | None, control: str, *, are_texts: bool) -> Level:
    if not are_texts and any(isinstance(value, tuple) for value in answers):
        return "sets"
    if annotations is not None and "kind" in annotations.columns:
        level = _measured(annotations, control)
        # Tables that a model wrote often hold numbers as texts.
        return level if answers and not _odd_numbers(answers) else "nominal"
    if not are_texts and answers and all(_is_number(value) for value in answers):
        return "interval" if annotations is None else "nominal"
    return "nominal"


def _measured(annotations: pd.DataFrame | None, control: str) -> Level:
    """Return what a control measures, where annotations say so; else nominal."""
    if annotations is None or "kind" not in annotations.columns:
        return "nominal"
    mine = annotations["control"].eq(control).fillna(False).astype(bool)
    kinds = annotations.loc[mine, "kind"].dropna().unique()
    return LEVELS.get(str(kinds[0]), "nominal") if len(kinds) == 1 else "nominal"


def _odd_numbers(answers: Iterable[Any]) -> list[str]:
    """Return the answers that are no numbers, as text."""
    return sorted({_text(value) for value in set(answers) if _number(value) is None})


def _checked_order(level: Level | None) -> Level:
    """Return the level of answers that have an order."""
    if level in ("sets", "ratio"):
        raise InputError(f"level is {level!r}, which knows no order of names: leave out order, or give 'ordinal'.")
    return level or "ordinal"


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _beside(
    said: Mapping[str, Any],
    annotations: pd.DataFrame | None,
    control: str,
    compared: _Compared,
    order: Sequence[Any] | None,
    clusters: Clusters | None,
    model: pd.DataFrame,
    resamples: int,
    seed: int,
) -> tuple[pd.DataFrame, tuple[float, Interval], AlternativeTest | None]:
    names = ["annotator", "n", "kappa", "rest"]
    nothing = pd.DataFrame(columns=names), (math.nan, NONE), None
    if annotations is None:
        return nothing
    wide = widen(annotations, control)
    wide = _on_items_of(wide, said)
    people = [str(name) for name in wide.columns]
    if len(people) < 2 or wide.empty:
        return nothing
    ranked = compared.labels if order is not None else None
    codes, values = _codes(wide, said, compared.ratings.level, ranked)
    several = (codes[:, :-1] >= 0).sum(axis=1) >= 2
    codes = codes[several]
    items = [str(item) for item in wide.index[several].to_numpy("object").tolist()]
    own = clusters_of(model, items, clusters)
    level = compared.ratings.level
    kappas, rests, n, gap = _gap(codes, _scale_of(values, level, ranked), usual_weights(level), own, resamples, seed)
    humans = pd.DataFrame(dict(zip(names, [people, n, kappas, rests], strict=True)))
    alternative = None
    if len(people) >= 3 and len(codes):
        alternative = _alternative(codes, values, level, ranked, people)
        if own is not None:
            words = "It takes items as independent of each other: clusters have no part in it."
            alternative = replace(alternative, note=f"{alternative.note} {words}".strip())
    return humans, gap, alternative


def _on_items_of(wide: pd.DataFrame, said: Mapping[str, Any]) -> pd.DataFrame:
    """Return the items to which the model has an answer, and who answered any item."""
    there = np.fromiter(map(said.__contains__, wide.index.to_numpy("object").tolist()), dtype="bool", count=len(wide))
    people = wide.notna().any()
    return wide if there.all() and people.all() else wide.loc[there, people]


def _codes(
    wide: pd.DataFrame, said: Mapping[str, Any], level: Level, order: Sequence[Any] | None
) -> tuple[Integers, list[Any]]:
    """Return items × (annotators, then the model) as codes, and what they stand for, from the least to the greatest."""

    def plain(value: Any) -> Any:
        if level == "sets":
            return tuple(sorted({_text(part) for part in (value if isinstance(value, tuple) else (value,))}))
        return _text(value)

    answers = [wide[name] for name in wide.columns]
    answers.append(pd.Series(list(map(said.__getitem__, wide.index.to_numpy("object").tolist())), dtype="object"))
    # Different answers are few, and each of them is looked at once.
    coded = [pd.factorize(column) for column in answers]
    texts = [[plain(value) for value in given] for _, given in coded]
    values = sorted({text for given in texts for text in given})
    if order is not None:
        values = list(_ordered(order, values))
    elif level in MEASURED:
        odd = _odd_numbers(values)
        if odd:
            raise InputError(f"Some answers are no numbers ({listing(odd)}), so they have no {level} level.")
        values.sort(key=float)
    place = {value: number for number, value in enumerate(values)}
    columns = [
        np.array([*(place[text] for text in given), -1], dtype=np.int64)[numbers]
        for (numbers, _), given in zip(coded, texts, strict=True)
    ]
    return np.stack(columns, axis=1), values


def _gap(
    codes: Integers,
    scale: Floats,
    weights: Weighting,
    clusters: Integers | None,
    resamples: int,
    seed: int,
) -> tuple[list[float], list[float], list[int], tuple[float, Interval]]:
    """Return each annotator's kappa with the model and with the others, on how many items, and the mean difference.

    Items are counted once, by pairs of annotators; what is drawn are these counts.
    """
    people, width = codes.shape[1] - 1, len(scale)
    pairs = [(a, b) for a in range(people) for b in range(a + 1, people)]
    if weights != "quadratic" and width > CONFUSABLE:
        # Each value has a margin of its own, of which so many are not drawn again and again.
        resamples = 0
    unit, units = _units(len(codes), clusters, seed) if resamples else (np.zeros(len(codes), np.int64), 1)
    blocks = []
    for a, b in pairs:
        both = (codes[:, a] >= 0) & (codes[:, b] >= 0)
        blocks.append(_sums_of_three(codes[both][:, [a, b, people]], unit[both], units, scale, weights))
    sums = np.concatenate(blocks, axis=1)
    size = blocks[0].shape[1]

    def kappas(drawn: Floats) -> tuple[Floats, Floats]:
        """Return each annotator's mean kappa with the model, and with the others: draws × annotators."""
        table = np.full((3, len(drawn), len(pairs)), np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            for number in range(len(pairs)):
                block = drawn[:, number * size : (number + 1) * size]
                shares = block / block[:, :1]
                margins = np.split(shares[:, 4:], 3, axis=1)
                for which, (x, y) in enumerate(THREE):
                    expected = _expected(margins[x], margins[y], scale, weights)
                    table[which, :, number] = np.where(expected > 1e-12, 1 - shares[:, 1 + which] / expected, np.nan)
        with_model, with_others = np.full((2, len(drawn), people), np.nan)
        for person in range(people):
            mine = [number for number, pair in enumerate(pairs) if person in pair]
            own = np.stack([table[1 if pairs[number][0] == person else 2, :, number] for number in mine], axis=1)
            with_model[:, person] = _means(own)
            with_others[:, person] = _means(table[0][:, mine])
        return with_model, with_others

    def figures(drawn: Floats) -> Floats:
        with_model, with_others = kappas(np.asarray(drawn))
        return _means(with_model - with_others)[:, None]

    total = sums.sum(axis=0)[None]
    with_model, with_others = kappas(total)
    n = [int((codes[:, person] >= 0).sum()) for person in range(people)]
    gap = float(_means(with_model - with_others)[0])
    seen = np.unique(codes[codes >= 0])
    if math.isnan(gap) or len(seen) < 2 or not resamples:
        return with_model[0].tolist(), with_others[0].tolist(), n, (gap, NONE)
    shares = np.bincount(codes[codes >= 0], minlength=width)[seen]
    differing = differing_pairs(seen, shares / shares.sum(), shares / shares.sum())
    # Further items: people alike and the model not, and the model with either of two who differ.
    further = (
        [(one, one, other) for one, other in differing],
        [(one, other, model) for one, other in differing for model in (one, other)],
    )
    against, favour = (
        np.tile(_sums_of_three(np.array(rows), np.arange(len(rows)), len(rows), scale, weights), len(pairs))
        for rows in further
    )
    features = np.concatenate([sums, against, favour])
    low, high = np.zeros(len(features)), np.zeros(len(features))
    low[units : units + len(against)] = 1 / len(against)
    high[units + len(against) :] = 1 / len(favour)
    counts = sparse.csr_array((np.ones(units), (np.arange(units),) * 2), shape=(units, len(features)))
    size_of = 1.0 if clusters is None else len(codes) / units
    found = intervals(
        figures, counts, low, high, resamples=resamples, seed=seed, features=features, size=min(size_of, len(codes))
    )
    return with_model[0].tolist(), with_others[0].tolist(), n, (gap, found[0])


# Two annotators and the model, two by two.
THREE = ((0, 1), (0, 2), (1, 2))


def _sums_of_three(three: Integers, where: Integers, units: int, scale: Floats, weights: Weighting) -> Floats:
    """Return what kappas of two annotators and the model are made of, in sums over units.

    These are the number of items, how far the three are apart (``THREE``), and each one's margins; with quadratic
    weights their sums and sums of squares are enough.
    """
    width = len(scale)

    def total(of_items: Any) -> Floats:
        return np.bincount(where, weights=of_items, minlength=units).astype("float64")

    places = [scale[three[:, place]] for place in range(3)] if weights != "none" else []
    columns = [total(None)]
    for x, y in THREE:
        if weights == "none":
            columns.append(total(three[:, x] != three[:, y]))
        else:
            apart = places[x] - places[y]
            columns.append(total(np.abs(apart) if weights == "linear" else apart**2))
    if weights == "quadratic":
        return np.stack([*columns, *(total(of) for place in places for of in (place, place**2))], axis=1)
    margins = [np.bincount(where * width + three[:, place], minlength=units * width) for place in range(3)]
    return np.concatenate([np.stack(columns, axis=1), *(flat.reshape(units, width) for flat in margins)], axis=1)


def _expected(one: Floats, other: Floats, scale: Floats, weights: Weighting) -> Floats:
    """Return how far two are apart by chance, from the margins of each."""
    if weights == "quadratic":
        (x, xx), (y, yy) = one.T, other.T
        return np.asarray((xx - x**2) + (yy - y**2) + (x - y) ** 2)
    if weights == "none":
        return np.asarray(1 - (one * other).sum(axis=1))
    below, under = np.cumsum(one, axis=1), np.cumsum(other, axis=1)
    return np.asarray(((below * (1 - under) + under * (1 - below))[:, :-1] * np.diff(scale)).sum(axis=1))


def _units(n: int, clusters: Integers | None, seed: int) -> tuple[Integers, int]:
    """Return what is drawn together: each item, its cluster, or groups that chance puts together."""
    if clusters is not None:
        unit = np.unique(clusters, return_inverse=True)[1].astype(np.int64)
        return unit, int(unit.max(initial=-1)) + 1
    if n <= GROUPS:
        return np.arange(n), n
    return chance_of(seed).permutation(n) % GROUPS, GROUPS


def _means(table: Floats) -> Floats:
    known = ~np.isnan(table)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nansum(table, axis=1) / known.sum(axis=1))


@dataclass(frozen=True, repr=False)
class AlternativeTest:
    """Whether a model may stand in for an annotator.

    Args:
        epsilon: How much worse than an annotator the model may be and still be preferred, since it costs less.
        rate: The false discovery rate that is held.
        annotators: ``annotator, n`` (items that others answered as well), ``model`` (the share of them on which the
            model fits the others at least as well as this annotator does), ``human`` (the reverse), ``p, won``.
        winning_rate: The share of annotators to whom the model is preferred.
        advantage: The mean of ``model``: how probably the model fits others at least as well as an annotator.
        passes: Whether the winning rate is one half or more.
        note: What to keep in mind.
    """

    epsilon: float
    rate: float
    annotators: pd.DataFrame = field(compare=False)
    winning_rate: float
    advantage: float
    passes: bool
    note: str = ""

    @property
    def summary(self) -> str:
        """The result as a sentence."""
        verdict = "may" if self.passes else "may not"
        words = (
            f"By the alternative annotator test (epsilon {self.epsilon:g}, false discovery rate {self.rate:g}) the "
            f"model {verdict} stand in for an annotator: winning rate {self.winning_rate:.2f}, advantage probability "
            f"{self.advantage:.2f}."
        )
        return f"{words} {self.note}".strip()

    def __repr__(self) -> str:
        return f"{self.summary}\n{self.annotators.to_string(index=False)}"


@checked
def alternative_annotator_test(
    model: Table,
    annotations: Annotations,
    control: str,
    *,
    key: str = "item",
    column: str | None = None,
    level: Level | None = None,
    order: Sequence[Any] | None = None,
    epsilon: Share = 0.2,
    rate: Share = 0.05,
) -> AlternativeTest:
    """Return whether a model may stand in for an annotator, by the alternative annotator test.

    Each annotator in turn is held against the others: on each item, does the model fit the others at least as well?
    Fit is the share of them with the same answer; for numbers and ranks the negative root mean square difference; for
    sets the mean Jaccard coefficient. With d the difference of the annotator's and the model's successes (1, 0 or −1),
    the model is preferred where a t-test rejects that the mean of d is ``epsilon`` or more, by the procedure of Y.
    Benjamini and D. Yekutieli (Annals of Statistics 29, 2001), which holds for tests that depend on each other. The
    model passes where it is preferred to half of the annotators or more. N. Calderon, R. Reichart and R. Dror (ACL
    2025) advise 30 items for each annotator; with fewer, and where d hardly varies, the t-test rejects too often, so
    that one more item with d = 1 is counted here, which matters little for many.

    Args:
        model: A row for each item; it is not changed.
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        key: The column of ``model`` that identifies items.
        column: The column of ``model`` with its answers; ``control`` by default.
        level: As in ``evaluate``.
        order: As in ``evaluate``.
        epsilon: How much worse the model may be: the paper takes 0.2 beside experts, 0.15 beside skilled annotators
            and 0.1 beside a crowd.
        rate: The false discovery rate.

    Raises:
        InputError: Less than three annotators answered, a column is absent, or no item is shared.

    Example:
        >>> votes = {"ana": "xyxyxyxyxy", "ben": "xyxyxyxyxx", "cem": "xyxyxyxyyy"}
        >>> rows = [(str(item), who, value) for who, values in votes.items() for item, value in enumerate(values)]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> model = pd.DataFrame({"item": [str(n) for n in range(10)], "mood": list("xyxyxyxyxy")})
        >>> found = alternative_annotator_test(model, long, "mood")
        >>> round(found.advantage, 2), found.annotators["n"].tolist()
        (1.0, [10, 10, 10])
    """
    if is_drawn(annotations, control):
        raise InputError(f"The control {control!r} draws regions: this test is of answers.")
    said = _answers(model, key, column or control, "model")
    wide = widen(annotations, control)
    wide = _on_items_of(wide, said)
    people = [str(name) for name in wide.columns]
    if len(people) < 3 or not (wide.notna().sum(axis=1) >= 2).any():
        raise InputError(
            f"{len(people)} annotators answered {control!r} on the model's items: this test needs three or more, each "
            "with items that others answered as well."
        )
    answers = list(map(said.__getitem__, wide.index.to_numpy("object").tolist()))
    given = [value for name in wide for value in wide[name].dropna().tolist()]
    if order is not None:
        order, level = _ordered(order, [*answers, *given]), _checked_order(level)
    level = level or _usual([*answers, *given], annotations, control, are_texts=False)
    codes, values = _codes(wide, said, level, order)
    return _alternative(codes, values, level, order, people, epsilon, rate)


def _alternative(
    codes: Integers,
    values: list[Any],
    level: Level,
    order: Sequence[Any] | None,
    people: list[str],
    epsilon: float = 0.2,
    rate: float = 0.05,
) -> AlternativeTest:
    fits = _fitting(values, level, order)
    rows = []
    for person, name in enumerate(people):
        others = [other for other in range(len(people)) if other != person]
        here = (codes[:, person] >= 0) & (codes[:, others] >= 0).any(axis=1)
        own, model = codes[here, person], codes[here, -1]
        human_fit, model_fit, n_others = (np.zeros(int(here.sum())) for _ in range(3))
        for other in others:
            theirs = codes[here, other]
            there = theirs >= 0
            n_others += there
            human_fit[there] += fits(own[there], theirs[there])
            model_fit[there] += fits(model[there], theirs[there])
        # Sums of fractions that are equal may differ by dust.
        apart = (model_fit - human_fit) / np.where(n_others > 0, n_others, 1)
        model_wins, human_wins = apart >= -1e-9, apart <= 1e-9
        p = _p_value(human_wins.astype("float64") - model_wins, epsilon)
        n = len(own)
        rows.append(
            (name, n, float(model_wins.mean()) if n else math.nan, float(human_wins.mean()) if n else math.nan, p)
        )
    table = pd.DataFrame(rows, columns=["annotator", "n", "model", "human", "p"])
    table["won"] = _rejected(table["p"].to_numpy("float64"), rate)
    few = table.loc[table["n"] < 30, "annotator"].tolist()
    note = f"It is meant for 30 items or more for each annotator; {listing(few)} shared fewer." if few else ""
    winning = float(table["won"].mean())
    return AlternativeTest(epsilon, rate, table, winning, float(table["model"].mean()), winning >= 0.5, note)


def _fitting(values: list[Any], level: Level, order: Sequence[Any] | None) -> Any:
    """Return how well answers fit others, by their codes: the more the better."""
    if level == "sets" and len(values) <= PAIRED_VALUES:
        distances = set_distances(values)
        return lambda a, b: 1 - distances[a, b]
    if level in MEASURED:
        numbers = (
            np.arange(len(values), dtype="float64")
            if order is not None
            else np.array([float(value) for value in values])
        )
        return lambda a, b: -((numbers[a] - numbers[b]) ** 2)
    return lambda a, b: (a == b).astype("float64")


def _scale_of(values: list[Any], level: Level, order: Sequence[Any] | None) -> Floats:
    """Return where answers stand from 0 to 1, as kappa's weights count their distance."""
    if level not in MEASURED:
        return np.arange(len(values), dtype="float64")
    numbers = tuple(map(float, values if order is None else range(len(values))))
    scale = scale_of(Ratings(np.empty((0, 2), np.int64), numbers, level))
    reach = float(np.ptp(scale)) if len(scale) else 0.0
    return np.asarray((scale - scale[:1]) / (reach or 1.0))


def _p_value(differences: Floats, epsilon: float) -> float:
    """Return the probability of so small a mean difference if it were epsilon, with one further item against."""
    if len(differences) < 2:
        return math.nan
    counted = np.append(differences, 1.0)
    spread = float(counted.std(ddof=1))
    if not spread:
        return 1.0
    t = (float(counted.mean()) - epsilon) / (spread / math.sqrt(len(counted)))
    return float(stats.t.cdf(t, len(counted) - 1))


def _rejected(p: Floats, rate: float) -> list[bool]:
    """Return which hypotheses Benjamini and Yekutieli's procedure rejects; a missing p is none."""
    known = np.where(np.isnan(p), 1.0, p)
    m = len(known)
    order = np.argsort(known, kind="stable")
    limits = np.arange(1, m + 1) / m * rate / (1 / np.arange(1, m + 1)).sum()
    under = np.nonzero(known[order] <= limits)[0]
    found = np.zeros(m, dtype="bool")
    if len(under):
        found[order[: under[-1] + 1]] = True
    return found.tolist()


def _note(both: list[str], compared: _Compared, apart: list[tuple[str, str]], measured: Level) -> str:
    if not both:
        return "No item has both an answer of the model and a gold one: check that the keys are the same ids."
    notes = []
    if compared.is_continuous:
        notes.append("These are numbers on a scale: accuracy, F1 and kappa for names are not given.")
    elif len(compared.labels) == 1:
        notes.append(
            f"All answers are {compared.labels[0]!r}: kappa is missing, since agreement cannot be told from chance."
        )
    if measured != "nominal" and compared.ratings.level == "nominal":
        odd = listing(_odd_numbers(compared.labels))
        notes.append(f"Some answers are no numbers ({odd}), so that all were compared as names: leave those out.")
    notes.append(_spelling(compared))
    if apart:
        notes.append(f"Not compared: {listing(sorted(item for item, _ in apart))} (see .unmatched).")
    return " ".join(note for note in notes if note)


def _spelling(compared: _Compared) -> str:
    """Return a note about labels that differ in case, spaces or a letter, which count as different."""
    if compared.ratings.level not in ("nominal", "sets") or not len(compared.labels):
        return ""
    codes = compared.ratings.codes
    gold, model = (
        {
            _text(part)
            for code in np.unique(codes[:, place])
            for part in (
                compared.ratings.values[code] if compared.ratings.level == "sets" else (compared.ratings.values[code],)
            )
        }
        for place in (0, 1)
    )
    strange = sorted(model - gold)
    folded = {as_seen(label).casefold(): label for label in sorted(gold)}
    # 1.50 and 1,5 are one number.
    same_number: dict[float | None, str] = {_number(label.replace(",", ".")): label for label in sorted(gold)}
    same_number.pop(None, None)
    pairs = []
    for label in strange[:CONFUSABLE]:
        near = folded.get(as_seen(label).casefold(), same_number.get(_number(label.replace(",", "."))))
        if near is None and not any(character.isdigit() for character in label):
            near = next(iter(difflib.get_close_matches(label, sorted(gold - model), 1, 0.8)), None)
        if near is not None:
            pairs.append(f"{label!r} and {near!r}")
    if pairs:
        return (
            f"The model's answers are spelled otherwise than gold ones, and count as different: {listing(pairs)}. "
            "Bring both to one spelling, and evaluate again."
        )
    joint = sorted(label for label in model ^ gold if _is_joint(label, (model | gold) - {label}))
    if compared.ratings.level == "sets" and joint:
        return (
            f"Several answers in one text ({listing([repr(label) for label in joint])}) count as one answer of "
            "that name: give a list of them, or a tuple."
        )
    if not gold & model:
        return (
            f"No answer of the model is a gold one: the model says {listing(sorted(model))}, gold "
            f"{listing(sorted(gold))}."
        )
    return ""


def _is_joint(label: str, known: Collection[str]) -> bool:
    """Return whether a label is several known ones with a mark between them.

    Example:
        >>> _is_joint("b;a", {"a", "b"}), _is_joint("a", {"a"}), _is_joint('["a"]', {"a"}), _is_joint("a-b", {"a", "b"})
        (True, False, True, False)
    """
    parts = [part.strip(" '\"") for part in re.split(r"[;,|]", label.strip("[]() "))]
    return label not in known and all(part in known for part in parts)


def _with(figure: float, interval: Interval) -> str:
    low, high = (shown(bound) for bound in interval)
    return f"{shown(figure)} [{low}, {high}]"
