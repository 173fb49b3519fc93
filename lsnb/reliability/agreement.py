"""``agreement``: every coefficient for one control, from the long table; ``text_agreement``: of what people wrote."""

from __future__ import annotations

import html
import itertools
import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lsnb.annotations import widen
from lsnb.annotations.long import require_columns
from lsnb.annotations.votes import is_paged, left_out, repeats_in, repeats_told
from lsnb.errors import InputError
from lsnb.kernel.checks import Annotations, Resamples, Seed, checked
from lsnb.kernel.words import answer_words, counted, listing, nearest, warn
from lsnb.reliability.coefficients import (
    CONTINUOUS,
    PAIRED_VALUES,
    SHARES,
    Counted,
    Level,
    Pair,
    Ratings,
    Weighting,
    alphas,
    cohen_kappa,
    credits_of,
    fleiss_kappa,
    intraclass_correlation,
    krippendorff_alpha,
    ratings_of,
    shares,
    usual_weights,
    wide_ratings,
)
from lsnb.reliability.intervals import (
    NONE,
    Clusters,
    Figure,
    Floats,
    Integers,
    Interval,
    between,
    by_cluster,
    clusters_of,
    figures_in,
    further_size,
    intervals,
    intervals_of_sums,
    one_each,
    share_interval,
    shown,
)
from lsnb.reliability.overlap import RegionAgreement, is_drawn, region_agreement
from lsnb.sampling.draw import tell_alike

# From this share of all answers on, one value makes kappa small in spite of agreement.
PREVALENT = 0.8
AGAIN = ("annotator", "n", "percent", "percent_low", "percent_high", "kappa", "low", "high")


@dataclass(frozen=True, repr=False)
class Agreement:
    """How much annotators agree about one control.

    Args:
        control: The control's name.
        level: How values were compared.
        annotators: Those who answered, sorted.
        n_items: Items with answers by two or more of them; of a question that is asked of each page, pages.
        n_complete: Those with answers by all of them: what Fleiss' kappa and intraclass correlations are made of.
        figures: Every figure: ``figure`` (its short name), ``name, value, low, high`` (the 95 percent interval) and
            ``n`` (items).
        recommended: The short name of the figure to report.
        why: Why that one, as a sentence.
        kappa: A row for each pair: ``a, b, kappa, low, high, n`` (items both answered), ``percent`` (of them with the
            same answer), and for ordinal values, whose ``kappa`` has linear weights, ``quadratic, quadratic_low,
            quadratic_high``. For interval and ratio values ``kappa`` has quadratic weights.
        fleiss: Fleiss' kappa over complete items, taking values as nominal.
        alpha: Krippendorff's alpha over all items with two or more answers.
        interval: The 95 percent interval of alpha.
        note: Why a figure is missing (nan), or what it compares; empty if there is nothing to say.
        overlap: For a control that draws regions, whether they are in the same places.
        clusters: How many clusters of items the intervals were drawn from; 0 where items were.
        order: The order of names, if one was given.
        again: How far each person gave the same answer when an item came a second time: ``annotator, n`` (items),
            ``percent, percent_low, percent_high, kappa, low, high``; without rows where none did.
        unit: What is counted and compared: ``"item"``, or ``"page"`` where the question is asked of each.
    """

    control: str
    level: Level
    annotators: tuple[str, ...]
    n_items: int
    n_complete: int
    figures: pd.DataFrame = field(compare=False)
    recommended: str
    why: str
    kappa: pd.DataFrame = field(compare=False)
    fleiss: float
    alpha: float
    interval: tuple[float, float]
    note: str = ""
    overlap: RegionAgreement | None = None
    clusters: int = 0
    order: tuple[str, ...] = ()
    again: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(AGAIN)), compare=False)
    unit: str = "item"

    @checked
    def value(self, figure: str) -> float:
        """Return a figure by its short name; missing (nan) where it is not given.

        Args:
            figure: Such as ``"percent"`` or ``"ac1"``; ``.figures`` lists them.
        """
        found = figures_in(self.figures)
        return found[figure].value if figure in found else math.nan

    @checked
    def bounds(self, figure: str) -> Interval:
        """Return the interval of a figure; missing where it is not given.

        Args:
            figure: Such as ``"percent"`` or ``"ac1"``.
        """
        found = figures_in(self.figures)
        return found[figure].bounds if figure in found else NONE

    @property
    def summary(self) -> str:
        """The figures as one line."""
        return (
            f"{self.control} ({self.level}): alpha {shown(self.alpha)}{between(*self.interval)}, "
            f"Fleiss' kappa {shown(self.fleiss)}, {len(self.annotators)} annotators, "
            f"{counted(self.n_items, self.unit)} with two or more answers"
        )

    def __repr__(self) -> str:
        overlap = repr(self.overlap) if self.overlap is not None else ""
        known = self.figures.dropna(subset="value")
        table = (
            known[["name", "value", "low", "high", "n"]].to_string(index=False, float_format=shown)
            if len(known)
            else ""
        )
        pairs = self.kappa.to_string(index=False, float_format=shown)
        again = self.again.to_string(index=False, float_format=shown) if len(self.again) else ""
        again = again and f"The same items again:\n{again}"
        return "\n".join(part for part in (self.summary, table, pairs, again, self.why, self.note, overlap) if part)

    def _repr_html_(self) -> str:
        rows = [
            (str(name), f"{shown(value)}{between(low, high)} ({counted(n, self.unit)})")
            for name, value, low, high, n in self.figures.dropna(subset="value")[
                ["name", "value", "low", "high", "n"]
            ].itertuples(index=False)
        ]
        rows += [
            ("Fleiss' kappa", f"{shown(self.fleiss)} ({counted(self.n_complete, self.unit)} that all answered)"),
            (f"{self.unit.capitalize()}s with two or more answers", str(self.n_items)),
            ("Values compared as", self.level),
        ]
        rows = list(dict(rows).items())
        cells = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in rows)
        note = "".join(f"<p>{html.escape(words)}</p>" for words in (self.why, self.note) if words)
        pairs = self.kappa.to_html(
            index=False, border=0, escape=True, na_rep="–", float_format=lambda kappa: f"{kappa:.3f}"
        )
        overlap = self.overlap._repr_html_() if self.overlap is not None else ""
        if len(self.again):
            again = self.again.to_html(
                index=False, border=0, escape=True, na_rep="–", float_format=lambda part: f"{part:.3f}"
            )
            pairs += f"<p>The same items again:</p>{again}"
        about = f" about {html.escape(self.control)}" if self.control else ""
        return f"<p><b>Agreement{about}</b></p><table>{cells}</table>{note}{pairs}{overlap}"


@checked
def agreement(
    annotations: Annotations,
    control: str,
    level: Level | None = None,
    *,
    order: Sequence[Any] | None = None,
    clusters: Clusters | None = None,
    again: Annotations | None = None,
    resamples: Resamples = 1000,
    seed: Seed = 0,
) -> Agreement:
    """Return how much annotators agree about one control: percent agreement, kappas, alpha and more, with intervals.

    Only submitted answers count, the latest of each person (``widen``). Nothing depends on the order of
    rows, items or annotators. Where there is nothing to compare, figures are missing and ``.note`` says why. Of a
    control that draws regions, kappas and alpha compare which labels each annotator drew on an item; ``.overlap``
    compares where they are (``region_agreement``). Texts are compared exactly. Figures of names are not given for
    numbers measured on a scale, whose values are hardly ever the same. Formulas and papers stand in
    ``lsnb.reliability.coefficients``, how intervals are made in ``lsnb.reliability.intervals``.

    Args:
        annotations: The long table of ``read_annotations`` or ``Study.annotations``; it is not changed.
        control: The name of a control in the label config.
        level: ``"nominal"``, ``"ordinal"``, ``"interval"``, ``"ratio"`` or ``"sets"``. By default what the
            control measures: ratings are ordinal, numbers interval, several answers to one item sets,
            all else nominal; ordinal where ``order`` is given. Give ``"sets"`` where several may be chosen and nobody
            chose several, as of a single box to tick: nothing chosen is an answer then, too.
        order: All answers from the least to the greatest, for names that have an order:
            ``["low", "mid", "high"]``, or ``config.controls[control].labels``.
        clusters: What items belong together, such as frames of one video: a column of the table, item → cluster, or
            ``"auto"``: the video of frames (``trial/img00000012``), where they are of several. Intervals are
            then those of whole clusters, and intraclass correlations have none. The pages of an item are a cluster
            where a question is asked of each.
        again: The long table of a second round, in which the same people answered the same items once more, for the
            agreement of each with themselves (``.again``). By default that is of the hidden repeats of
            ``sample(repeats=)``, which no other figure counts.
        resamples: How often chance weighs items (or clusters) for intervals; 0 for none.
        seed: A whole number for these.

    Raises:
        InputError: No such control, an unknown level, one that the values do not have, an answer that ``order`` does
            not have, or an item that is in no cluster or in two.

    Example:
        >>> votes = {"ana": ["pos", "pos", "neg", "neu"], "ben": ["pos", "neg", "neg", "neg"]}
        >>> rows = [(str(item), who, value) for who, values in votes.items() for item, value in enumerate(values)]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> found = agreement(long, "mood")
        >>> found.kappa[["a", "b", "kappa", "n"]].round(6).to_dict("records")
        [{'a': 'ana', 'b': 'ben', 'kappa': 0.272727, 'n': 4}]
        >>> found.value("percent"), [round(bound, 2) for bound in found.bounds("percent")]
        (0.5, [0.15, 0.85])
    """
    wide, ratings = ratings_of(annotations, control, level, order)
    people = tuple(str(name) for name in wide.columns)
    own = clusters_of(annotations, [str(item) for item in wide.index], clusters)
    n_clusters = 0 if own is None else len(np.unique(own))
    unit = "page" if is_paged(annotations, control) else "item"
    if unit == "page" and own is None:
        own = pd.factorize(wide.index)[0].astype(np.int64)
    n_items = int(((ratings.codes >= 0).sum(axis=1) >= 2).sum())
    drawing = _Drawing(own, resamples, seed)
    is_named = _is_named(ratings)
    pairs = [
        (people[a], people[b], *_pair(ratings, a, b, drawing)) for a, b in itertools.combinations(range(len(people)), 2)
    ]
    columns = ["a", "b", "kappa", "low", "high", "n", "percent", "quadratic", "quadratic_low", "quadratic_high"]
    kappa = pd.DataFrame(pairs, columns=columns).astype(dict.fromkeys(columns[2:], "float64") | {"n": "int64"})
    if ratings.level != "ordinal":
        kappa = kappa.drop(columns=["quadratic", "quadratic_low", "quadratic_high"])
    if not is_named:
        kappa["percent"] = np.nan
        if ratings.level == "nominal":
            kappa[["kappa", "low", "high"]] = np.nan
    figures = _figures(ratings, kappa, drawing, is_named)
    found = figures_in(figures)
    n_drawn = 0 if own is None else len(np.unique(own))
    n_complete = int((ratings.codes >= 0).all(axis=1).sum()) if people else 0
    overlap, about_regions = _overlap(annotations, control, clusters, resamples, seed)
    recommended, why = _recommended(ratings, found, n_items, n_complete, is_clustered=own is not None)
    if overlap is not None and not math.isnan(overlap.f1):
        why = "Report F1 of regions: the figures here compare only which labels were drawn on an item."
    notes = [_note(ratings, people, n_items, n_complete), "" if is_named else _NO_NAMES, _spoken(ratings, found)]
    if ratings.level != "sets" and (left := left_out(annotations, control, wide)):
        notes.append(
            f"{counted(left, unit)} {'was' if left == 1 else 'were'} handed in by somebody without an answer to it, "
            "which counts as no answer; where several may be chosen, nothing chosen is one: give level='sets'."
        )
    if n_drawn and "ICC(2,1)" in found and not math.isnan(found["ICC(2,1)"].value):
        what = "items come in clusters" if n_clusters else "items have pages"
        notes.append(f"Intraclass correlations have no intervals where {what}.")
    if n_drawn == 1:
        what = "All items are in one cluster" if n_clusters else "All pages are of one item"
        notes.append(f"{what}, so there are no intervals.")
    elif resamples and n_items == 1:
        notes.append("One item alone gives no interval of a coefficient.")
    return Agreement(
        control=control,
        level=ratings.level,
        annotators=people,
        n_items=n_items,
        n_complete=n_complete,
        figures=figures,
        recommended=recommended,
        why=why,
        kappa=kappa,
        fleiss=found["fleiss"].value if "fleiss" in found else math.nan,
        alpha=found["alpha"].value,
        interval=found["alpha"].bounds,
        note=" ".join(part for part in (*notes, about_regions) if part),
        overlap=overlap,
        clusters=n_clusters,
        order=tuple(str(value) for value in ratings.values) if order is not None else (),
        again=_again(annotations, control, ratings.level, order, again, _Drawing(None, resamples, seed)),
        unit=unit,
    )


def _again(
    annotations: pd.DataFrame, control: str, level: Level, order: Any, second: pd.DataFrame | None, drawing: _Drawing
) -> pd.DataFrame:
    """Return a row for each person who answered items twice."""
    firsts = repeats_in(annotations)
    if second is None and not firsts:
        return pd.DataFrame(columns=list(AGAIN))
    if second is None:
        second = annotations[annotations["item"].astype(str).isin(list(firsts))]
        second = second.assign(item=second["item"].astype(str).map(firsts))
        annotations = annotations[~annotations["item"].astype(str).isin(list(firsts))]
    require_columns(second, "item", "annotator", "control", "value", "status")
    rows = []
    for name in sorted({str(one) for one in second["annotator"].dropna()}):
        both = [table[table["annotator"].astype(str).eq(name)] for table in (annotations, second)]
        table = pd.concat([both[0].assign(annotator="1"), both[1].assign(annotator="2")], ignore_index=True)
        if not table["control"].eq(control).any():
            continue
        wide, ratings = ratings_of(table, control, level, order)
        if wide.shape[1] < 2:
            continue
        kappa, low, high, n, percent, *_ = _pair(ratings, 0, 1, drawing)
        is_named = level not in ("interval", "ratio") and not _is_continuous(ratings)
        same = share_interval(round(percent * n), int(n)) if n and is_named and drawing.resamples else NONE
        if n:
            rows.append((name, int(n), percent if is_named else math.nan, *same, kappa, low, high))
    return pd.DataFrame(rows, columns=list(AGAIN))


_NO_NAMES = (
    "These are numbers on a scale, of which two are hardly ever the same: percent agreement and coefficients for names "
    "are not given."
)


@dataclass(frozen=True)
class _Drawing:
    """How intervals are drawn: the cluster of each item, if any, how often, and the seed."""

    clusters: Integers | None
    resamples: int
    seed: int

    def of(self, items: Integers) -> Integers | None:
        return None if self.clusters is None else self.clusters[items]


def is_share_of_items(people: int, percent: float) -> bool:
    """Return whether percent agreement is a share of items: of two annotators, or where all are alike on each.

    Example:
        >>> is_share_of_items(2, 0.8), is_share_of_items(3, 0.8), is_share_of_items(3, 1.0)
        (True, False, True)
    """
    return people == 2 or percent == 1


def _is_named(ratings: Ratings) -> bool:
    """Return whether answers are such that two are often the same, of which alone figures of names speak."""
    return ratings.level not in ("interval", "ratio") and not _is_continuous(ratings)


def _is_continuous(ratings: Ratings) -> bool:
    values = ratings.values
    return (
        ratings.level == "nominal"
        and len(values) > CONTINUOUS
        and all(isinstance(value, float) for value in values)
        and not all(value.is_integer() for value in values)
    )


def _pair(ratings: Ratings, a: int, b: int, drawing: _Drawing) -> tuple[float, ...]:
    pair = Pair.of(ratings, a, b)
    sums = pair.sums()
    weightings: list[Weighting] = (
        ["linear", "quadratic"] if ratings.level == "ordinal" else [usual_weights(ratings.level)]
    )
    kappas = [float(pair.kappas(sums, weights)[0]) for weights in weightings]
    bounds = [NONE] * len(weightings)
    if not pair.is_one_value:
        own = drawing.of(pair.items)
        same = np.asarray(pair.features[:, [1]].todense()).ravel()[pair.kind]
        bounds = intervals(
            lambda drawn: np.stack([pair.kappas(drawn, weights) for weights in weightings], axis=1),
            by_cluster(own, pair.kind, len(pair.against)),
            pair.against,
            pair.favour,
            resamples=drawing.resamples,
            seed=drawing.seed,
            features=pair.features,
            size=further_size(own, same),
        )
    percent = float(sums[0, 1] / sums[0, 0]) if pair.n else math.nan
    more = (kappas[1], *bounds[1]) if len(kappas) > 1 else (math.nan, *NONE)
    return (kappas[0], *bounds[0], pair.n, percent, *more)


NAMES = {
    "percent": "Percent agreement (pairs)",
    "all_alike": "All alike",
    "alpha": "Krippendorff's alpha",
    "alpha_masi": "Krippendorff's alpha (MASI)",
    "fleiss": "Fleiss' kappa",
    "ac1": "Gwet's AC1",
    "ac2": "Gwet's AC2 (linear weights)",
    "brennan_prediger": "Brennan–Prediger",
    "kappa": "Cohen's kappa",
    "kappa_linear": "Cohen's kappa (linear weights)",
    "kappa_quadratic": "Cohen's kappa (quadratic weights)",
}


def _figures(ratings: Ratings, kappa: pd.DataFrame, drawing: _Drawing, is_named: bool) -> pd.DataFrame:
    """Return ``figure, name, value, low, high, n`` for all that this level has."""
    counted = Counted.of(ratings)
    n_items = int((counted.sizes[counted.kind] >= 2).sum()) if len(counted.kind) else 0
    n_complete = int((ratings.codes >= 0).all(axis=1).sum()) if ratings.codes.shape[1] else 0
    is_sets = ratings.level == "sets"
    columns = ["alpha"] if is_named or ratings.level != "nominal" else []
    columns += ["alpha_masi"] if is_sets else []
    columns += list(SHARES) if is_named else []
    credit = credits_of(ratings)

    def compute(weights: Floats) -> Floats:
        parts = [alphas(counted, weights)[:, None]] if "alpha" in columns else []
        parts += [alphas(counted, weights, "masi")[:, None]] if is_sets else []
        parts += [shares(counted, weights, credit)] if is_named else []
        return np.concatenate(parts, axis=1)

    names = {"alike": "all_alike", "gwet": "ac1" if credit is None else "ac2"}
    values = dict.fromkeys(columns, math.nan)
    bounds = dict.fromkeys(columns, NONE)
    if n_items and columns:
        values = dict(zip(columns, compute(counted.frequencies[None].astype("float64"))[0].tolist(), strict=True))
        if counted.against.any():
            bounds = dict(zip(columns, _bounds(counted, compute, drawing), strict=True))
            here = np.isin(counted.items, np.nonzero((ratings.codes >= 0).sum(axis=1) >= 2)[0])
            if not here.all():
                # An item with one answer speaks of chance to Gwet's figures alone; to the others it is no item.
                less = _bounds(counted, compute, drawing, here)
                bounds |= {name: found for name, found in zip(columns, less, strict=True) if name != "gwet"}
        if drawing.clusters is None and is_named and drawing.resamples:
            bounds["alike"] = share_interval(values["alike"] * n_items, n_items)
            if is_share_of_items(ratings.codes.shape[1], values["percent"]):
                bounds["percent"] = share_interval(values["percent"] * n_items, n_items)
    rows = [
        (
            names.get(name, name),
            values[name],
            *(bounds[name] if not math.isnan(values[name]) else NONE),
            n_complete if name == "fleiss" else n_items,
        )
        for name in columns
    ]
    if "alpha" not in columns:
        rows.append(("alpha", math.nan, *NONE, n_items))
    if ratings.codes.shape[1] == 2 and len(kappa):
        one = kappa.iloc[0]
        first = {"ordinal": "kappa_linear", "interval": "kappa_quadratic", "ratio": "kappa_quadratic"}
        rows.append((first.get(ratings.level, "kappa"), one["kappa"], one["low"], one["high"], int(one["n"])))
        if ratings.level == "ordinal":
            rows.append(("kappa_quadratic", *one[["quadratic", "quadratic_low", "quadratic_high"]], int(one["n"])))
    if ratings.level in ("ordinal", "interval", "ratio") and ratings.codes.shape[1] > 1:
        icc = intraclass_correlation(ratings)
        if drawing.clusters is not None:
            # Their intervals are of items that have nothing to do with each other.
            icc[["low", "high"]] = math.nan
        names_of = ("icc", "value", "low", "high", "n")
        rows += list(zip(*(icc[name].tolist() for name in names_of), strict=True))
    table = pd.DataFrame(rows, columns=["figure", "value", "low", "high", "n"])
    said = {**NAMES, "alpha": f"Krippendorff's alpha ({'Jaccard' if is_sets else ratings.level})"}
    if credit is not None:
        said["brennan_prediger"] = "Brennan–Prediger (linear weights)"
    table.insert(1, "name", [said.get(name, name) for name in table["figure"]])
    return table.astype({"value": "float64", "low": "float64", "high": "float64", "n": "int64"})


def _bounds(
    counted: Counted, compute: Callable[[Floats], Floats], drawing: _Drawing, here: Any = slice(None)
) -> list[Interval]:
    """Return the interval of each figure, by those of the counted items that are here."""
    kind, own = counted.kind[here], drawing.of(counted.items[here])
    return intervals(
        compute,
        by_cluster(own, kind, len(counted.patterns)),
        counted.against,
        counted.favour,
        resamples=drawing.resamples,
        seed=drawing.seed,
        size=further_size(own, counted.agreeing[kind]),
    )


def _recommended(
    ratings: Ratings, found: dict[str, Figure], n_items: int, n_complete: int, *, is_clustered: bool
) -> tuple[str, str]:
    """Return the figure to report, and a sentence why."""

    def given(name: str) -> bool:
        return name in found and not math.isnan(found[name].value)

    people = ratings.codes.shape[1]
    whole = n_complete == n_items == len(ratings.codes)
    both = "two people gave all of them"
    many = "some are missing" if people == 2 else "more than two people gave them"
    if ratings.level == "sets":
        pick, why = "alpha", "several answers to an item are compared by what they share"
    elif ratings.level in ("interval", "ratio"):
        pick, why = "ICC(2,1)", "answers are numbers, none is missing, and a mean offset counts as disagreement"
        if not whole or not given(pick):
            pick, why = "alpha", "answers are numbers, and not everybody answered every item"
        elif is_clustered:
            pick, why = "alpha", "answers are numbers, and items come in clusters"
    elif ratings.level == "ordinal":
        pick, why = "alpha", f"answers are ranks, and {many}"
        if people == 2 and whole:
            pick, why = "kappa_linear", f"answers are ranks, and {both}"
    elif people == 2 and whole:
        pick, why = "kappa", f"answers are names without an order, and {both}"
    else:
        pick, why = "alpha", f"answers are names without an order, and {many}"
    if _prevalent(ratings)[1] >= PREVALENT and given("ac1") and given("percent"):
        return "ac1", (
            f"Report Gwet's AC1 with percent agreement, and {found[pick].name} beside them: one value is most of all "
            "answers, where kappa and alpha turn on few items."
        )
    if not given(pick):
        pick = next((name for name in ("alpha", "percent") if given(name)), "")
        why = "what is there to compare leaves no other"
    return pick, f"Report {found[pick].name}: {why}." if pick else ""


def _prevalent(ratings: Ratings) -> tuple[Any, float]:
    """Return the most frequent value among items with two or more answers, and its share of their answers."""
    given = ratings.codes[(ratings.codes >= 0).sum(axis=1) >= 2]
    given = given[given >= 0]
    if not len(given):
        return None, 0.0
    counts = np.bincount(given)
    return ratings.values[int(counts.argmax())], float(counts.max() / len(given))


def _quoted(value: Any) -> str:
    """Return a value as words: a set by its options, a number without quotes."""
    return answer_words(value) if isinstance(value, float) or value == () else repr(answer_words(value))


def _spoken(ratings: Ratings, found: dict[str, Figure]) -> str:
    """Return a note where prevalence makes coefficients small, or where they disagree."""
    figures = {name: figure.value for name, figure in found.items()}
    alpha, percent = figures.get("alpha", math.nan), figures.get("percent", math.nan)
    gwet = figures.get("ac1", figures.get("ac2", math.nan))
    if math.isnan(alpha) or math.isnan(percent):
        return ""
    value, share = _prevalent(ratings)
    said = _quoted(value)
    notes = []
    if share >= PREVALENT and percent - alpha > 0.2:
        notes.append(
            f"Annotators gave the same answer {percent:.0%} of the time, but {said} is {share:.0%} of all answers, "
            f"so that chance would give much of it: alpha is {alpha:.2f} in spite of agreement."
        )
    elif share >= 0.95:
        notes.append(f"{said} is {share:.0%} of all answers: coefficients rest on the few others.")
    if abs(gwet - alpha) > 0.2 and ratings.level in ("nominal", "ordinal"):
        notes.append(
            f"Coefficients differ (alpha {alpha:.2f}, Gwet's {gwet:.2f}): they take chance for different things. "
            "Report both, with percent agreement."
        )
    return " ".join(notes)


def _overlap(
    annotations: pd.DataFrame, control: str, clusters: Clusters | None, resamples: int, seed: int
) -> tuple[RegionAgreement | None, str]:
    if not is_drawn(annotations, control):
        return None, ""
    about = "Regions: kappas and alpha compare which labels were drawn on an item, their F1 where."
    try:
        with repeats_told():  # Said once already, by widen.
            return region_agreement(annotations, control, clusters=clusters, resamples=resamples, seed=seed), about
    except InputError as fault:
        return None, f"Regions: kappas and alpha compare which labels were drawn on an item. {fault}"


def _note(ratings: Ratings, people: tuple[str, ...], n_items: int, n_complete: int) -> str:
    answered = ratings.codes[(ratings.codes >= 0).sum(axis=1) >= 2]
    if not people:
        return "Nobody has answered yet."
    if len(people) == 1:
        return f"Only {people[0]} has answered, so there is nothing to compare."
    if not n_items:
        return "No item was answered by two annotators, so there is nothing to compare."
    notes = []
    seen = np.unique(answered[answered >= 0])
    if len(seen) == 1:
        return (
            f"All answers are {_quoted(ratings.values[seen[0]])}: with one value, agreement cannot be told from "
            "chance, so coefficients that ask for that are missing."
        )
    if not n_complete:
        notes.append(f"No item was answered by all {len(people)} annotators, so Fleiss' kappa is missing.")
    if ratings.level == "sets":
        notes.append("Sets: alpha by their Jaccard distance, kappas by whether two sets are the same.")
    if ratings.level in ("ratio", "sets") and len(ratings.values) > PAIRED_VALUES:
        notes.append(f"More than {PAIRED_VALUES} distinct values, so alpha is missing.")
    return " ".join(notes)


# Agreement label by label, annotator by annotator against the rest, and stratum by stratum.


MANY = 1000


@checked
def agreement_by(annotations: Annotations, control: str, by: str, level: Level | None = None) -> pd.DataFrame:
    """Return agreement about one control in parts: by label, by annotator or by stratum.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        by: ``"label"``: each label against all others, which for a multiple choice is each option, chosen or not.
            ``"annotator"``: each annotator against the rest. Else a column of the table, such as ``data.group``, whose
            values are strata of items.
        level: As in ``agreement``.

    Returns:
        By label: ``label, n`` (how often it was given), ``share`` of all answers that have it, ``alpha``, ``fleiss``
        (over items that all answered) and ``kappa``, the mean of the pairs' Cohen's kappas. By annotator:
        ``annotator, n`` (items others answered, too), ``kappa``, the mean of the kappas with each other annotator,
        ``share`` of items on which the annotator gave the most frequent answer of the rest (items on which the rest is
        tied are left out), and ``alpha_without``, everybody else's alpha: greater than all of theirs together where the
        annotator differs. By stratum: the column, ``n`` (items with two or more answers), ``alpha, fleiss``. Of numbers
        on a scale the figures of a label, ``share`` and ``fleiss`` are missing, as they are in ``agreement``.

    Raises:
        InputError: No such control, level or column, or an item that is in two strata.

    Example:
        >>> votes = {"ana": ["pos", "pos", "neg", "neu"], "ben": ["pos", "neg", "neg", "neg"]}
        >>> rows = [(str(item), who, value) for who, values in votes.items() for item, value in enumerate(values)]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> agreement_by(long, "mood", "label")[["label", "n", "kappa"]].round(3).values.tolist()
        [['neg', 4, 0.2], ['neu', 1, 0.0], ['pos', 3, 0.5]]
    """
    wide, ratings = ratings_of(annotations, control, level)
    if by == "label":
        return _by_label(wide, ratings, control)
    if by == "annotator":
        return _by_annotator(wide, ratings)
    if by not in annotations.columns:
        raise InputError(
            f"by is {by!r}: give 'label', 'annotator' or a column of the table.{nearest(by, annotations.columns)} "
            "Columns of the task's data are there when they are asked for: data=[…]."
        )
    stratum = one_each(annotations, by, "stratum")
    found = [stratum.get(str(item)) for item in wide.index]
    if lacking := [item for item, value in zip(wide.index, found, strict=True) if value is None]:
        are = counted(len(set(lacking)), "item has", "items have")
        warn(f"{are} no {by!r} ({listing(sorted(set(lacking)))}) and so no stratum: they are in no row of the table.")
    tell_alike(by, found)
    rows = []
    for name in sorted({value for value in found if value is not None}, key=lambda value: (str(type(value)), value)):
        part = wide[[value == name for value in found]]
        mine = wide_ratings(part.loc[:, part.notna().any()], control, ratings.level)
        n = int(((mine.codes >= 0).sum(axis=1) >= 2).sum())
        fleiss = fleiss_kappa(mine)[0] if _is_named(ratings) else math.nan
        rows.append((name, n, krippendorff_alpha(mine)[0], fleiss))
    return pd.DataFrame(rows, columns=[by, "n", "alpha", "fleiss"]).astype({"alpha": "float64", "fleiss": "float64"})


def _by_label(wide: pd.DataFrame, ratings: Ratings, control: str) -> pd.DataFrame:
    several = ratings.level == "sets"
    labels = {label for value in ratings.values for label in (value if several else (value,))}
    if len(labels) > MANY:
        raise InputError(f"{control!r} has more than {MANY} distinct answers: by='label' is for a list of labels.")
    rows = []
    given = ratings.codes >= 0
    for label in sorted(labels, key=lambda label: (str(type(label)), label)):
        holds = np.array([label in value if several else value == label for value in ratings.values], dtype=np.int64)
        codes = np.where(given, holds[ratings.codes], -1)
        only = Ratings(codes, (0.0, 1.0), "nominal")
        n = int((codes == 1).sum())
        kappas = [cohen_kappa(only, a, b)[0] for a in range(codes.shape[1]) for b in range(a)]
        figures = (krippendorff_alpha(only)[0], fleiss_kappa(only)[0], _mean(kappas))
        # Whether two numbers on a scale are the same to the last digit says nothing of agreement.
        rows.append((label, n, n / given.sum(), *(figures if _is_named(ratings) else [np.nan] * 3)))
    return pd.DataFrame(rows, columns=["label", "n", "share", "alpha", "fleiss", "kappa"]).astype(
        dict.fromkeys(["share", "alpha", "fleiss", "kappa"], "float64")
    )


def _by_annotator(wide: pd.DataFrame, ratings: Ratings) -> pd.DataFrame:
    rows = []
    codes = ratings.codes
    for mine, name in enumerate(wide.columns):
        others = [number for number in range(codes.shape[1]) if number != mine]
        kappas = [cohen_kappa(ratings, mine, other)[0] for other in others]
        rest = codes[:, others]
        n = int(((codes[:, mine] >= 0) & (rest >= 0).any(axis=1)).sum())
        agreed = []
        for own, said in zip(codes[:, mine].tolist(), rest, strict=True):
            counts = np.bincount(said[said >= 0]) if own >= 0 else np.empty(0, np.int64)
            if counts.size and (counts == counts.max()).sum() == 1:
                agreed.append(own == int(counts.argmax()))
        without = krippendorff_alpha(Ratings(rest, ratings.values, ratings.level))[0] if len(others) > 1 else np.nan
        share = float(np.mean(agreed)) if agreed and _is_named(ratings) else np.nan
        rows.append((str(name), n, _mean(kappas), share, without))
    return pd.DataFrame(rows, columns=["annotator", "n", "kappa", "share", "alpha_without"]).astype(
        dict.fromkeys(["kappa", "share", "alpha_without"], "float64")
    )


def _mean(kappas: list[Any]) -> float:
    known = [kappa for kappa in kappas if not np.isnan(kappa)]
    return float(np.mean(known)) if known else float("nan")


# How far texts are apart that several people wrote for the same items, in words and characters.


def edit_distance(a: Sequence[Any], b: Sequence[Any]) -> int:
    """Return how many insertions, deletions and substitutions make one sequence the other (Levenshtein's distance).

    H. Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", Nordic Journal of Computing
    10 (2003): a column of the table is one long number, so that long transcripts take moments.

    Args:
        a: Words, or characters.
        b: Others.

    Example:
        >>> edit_distance("kitten", "sitting"), edit_distance(["a", "b"], [])
        (3, 2)
    """
    if not a or not b:
        return max(len(a), len(b))
    at: dict[Any, int] = {}
    for place, part in enumerate(a):
        at[part] = at.get(part, 0) | 1 << place
    every, last = (1 << len(a)) - 1, 1 << (len(a) - 1)
    up, down, distance = every, 0, len(a)
    for part in b:
        same = at.get(part, 0)
        diagonal = (((same & up) + up) ^ up) | same | down
        right, left = down | ~(diagonal | up) & every, diagonal & up
        distance += bool(right & last) - bool(left & last)
        right, left = (right << 1 | 1) & every, left << 1 & every
        up, down = left | ~(diagonal | right) & every, right & diagonal
    return distance


@dataclass(frozen=True, repr=False)
class TextAgreement:
    """How far people's texts are apart.

    Args:
        control: The control's name.
        n_items: Items that two or more people wrote about.
        wer: The word error rate, over all pairs.
        interval: Its 95 percent interval, over items or clusters of them.
        cer: The character error rate, likewise.
        cer_interval: Its interval.
        pairs: ``a, b, n, wer, cer, same`` (the share of items with the same text).
        items: ``item, a, b, wer, cer``, the worst first.
        note: What the figures rest on.
    """

    control: str
    n_items: int
    wer: float
    interval: Interval
    cer: float
    cer_interval: Interval
    pairs: pd.DataFrame = field(compare=False)
    items: pd.DataFrame = field(compare=False)
    note: str = ""

    @property
    def summary(self) -> str:
        """The figures as one line."""
        words, letters = (
            f"{shown(rate)} [{shown(low)}, {shown(high)}]"
            for rate, (low, high) in ((self.wer, self.interval), (self.cer, self.cer_interval))
        )
        return (
            f"{self.control}: word error rate {words}, character error rate {letters}, {counted(self.n_items, 'item')}"
        )

    def __repr__(self) -> str:
        return "\n".join(part for part in (self.summary, self.pairs.to_string(index=False), self.note) if part)

    def _repr_html_(self) -> str:
        pairs = self.pairs.to_html(
            index=False, border=0, escape=True, na_rep="–", float_format=lambda figure: f"{figure:.3f}"
        )
        return f"<p><b>{html.escape(self.summary)}</b></p><p>{html.escape(self.note)}</p>{pairs}"


@checked
def text_agreement(
    annotations: Annotations,
    control: str,
    *,
    reference: str | None = None,
    fold: bool = False,
    clusters: Clusters | None = None,
    resamples: Resamples = 1000,
    seed: Seed = 0,
) -> TextAgreement:
    """Return the word and character error rates between people's texts: transcripts, translations, corrections.

    A rate is the number of words (characters) to insert, delete or replace, over those of the reference, summed over
    items (A. C. Morris, V. Maier and P. Green, "From WER and RIL to MER and WIL", Interspeech 2004). With no reference
    neither text is right, and it is over the mean of both. Words are what white space parts; runs of it are one space.
    Texts that are asked for on each page are compared page by page; one that is not there is a text of no words.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control into which texts are written.
        reference: Whose texts are right: the others are compared with them alone.
        fold: Whether case and punctuation make no difference.
        clusters: What items belong together, as in ``lsnb.agreement``.
        resamples: How often chance weighs items for intervals.
        seed: A whole number for these.

    Raises:
        InputError: No such control, one that draws regions or takes no texts, or a reference who wrote nothing.

    Example:
        >>> rows = [("1", "ana", "the cat sat"), ("1", "ben", "the cat sits"), ("2", "ana", "so"), ("2", "ben", "so")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="said", status="submitted")
        >>> found = text_agreement(long, "said", reference="ana")
        >>> found.wer, round(found.cer, 3), found.pairs["same"].tolist()
        (0.25, 0.154, [0.5])
    """
    if is_drawn(annotations, control):
        raise InputError(f"The control {control!r} draws regions: lsnb.reliability.region_agreement compares those.")
    wide = widen(annotations, control)
    wide = wide.loc[:, wide.notna().any()]
    is_pages = is_paged(annotations, control)
    cells = {str(name): {str(item): _texts(v, is_pages) for item, v in wide[name].dropna().items()} for name in wide}
    odd = [who for who, theirs in cells.items() if any(texts is None for texts in theirs.values())]
    if odd:
        raise InputError(f"The answers to {control!r} are not texts: lsnb.agreement compares names and numbers.")
    if reference is not None and reference not in cells:
        raise InputError(f"reference is {reference!r}, who wrote nothing.{nearest(reference, cells)}")
    pairs = list(itertools.combinations(sorted(cells), 2))
    if reference is not None:
        pairs = [(reference, other) for other in sorted(cells) if other != reference]
    rows = []
    for one, other in pairs:
        for item in sorted(cells[one].keys() & cells[other].keys()):
            by_page = [cells[who][item] or {} for who in (one, other)]
            counts = np.zeros(4)
            for page in sorted({*by_page[0], *by_page[1]}):
                letters = [_plain(texts.get(page, ""), fold) for texts in by_page]
                words = [text.split() for text in letters]
                sizes = [
                    len(first) if reference is not None else (len(first) + len(second)) / 2
                    for first, second in (words, letters)
                ]
                counts += (edit_distance(*words), sizes[0], edit_distance(*letters), sizes[1])
            rows.append((item, one, other, *counts.tolist()))
    names = ["item", "a", "b", "word_errors", "words", "letter_errors", "letters"]
    table = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[3:], "float64"))
    found, bounds = _rates(table, annotations, clusters, resamples, seed)
    by_pair = [
        (one, other, len(part), *_two(part), float(part["letter_errors"].eq(0).mean()))
        for (one, other), part in table.groupby(["a", "b"], sort=True)
    ]
    each = pd.DataFrame([_two(table.iloc[[row]]) for row in range(len(table))], columns=["wer", "cer"])
    items = pd.concat([table[["item", "a", "b"]], each.astype("float64")], axis=1)
    notes = ["" if len(pairs) else "Less than two people wrote anything, so there is nothing to compare."]
    notes += ["Without a reference, errors are over the mean length of both texts."] if reference is None else []
    notes += ["Case and punctuation make no difference."] if fold else []
    return TextAgreement(
        control=control,
        n_items=int(table["item"].nunique()),
        wer=found[0],
        interval=bounds[0],
        cer=found[1],
        cer_interval=bounds[1],
        pairs=pd.DataFrame(by_pair, columns=["a", "b", "n", "wer", "cer", "same"]),
        items=items.sort_values(["wer", "cer", "item"], ascending=[False, False, True], ignore_index=True),
        note=" ".join(note for note in notes if note),
    )


def _texts(value: Any, is_pages: bool) -> dict[str, str] | None:
    """Return page → the texts that stand in a cell of ``widen``, as one; None where they are no texts."""
    parts = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(part, str) for part in parts):
        return None
    found: dict[str, str] = {}
    for part in parts:
        page, _, text = part.partition(": ") if is_pages else ("", "", part)
        found[page] = f"{found[page]}\n{text}" if page in found else text
    return found


def _plain(text: str, fold: bool) -> str:
    text = unicodedata.normalize("NFC", text)
    if fold:
        text = "".join(" " if unicodedata.category(part).startswith("P") else part for part in text.casefold())
    return " ".join(text.split())


def _two(table: pd.DataFrame) -> tuple[float, float]:
    """Return the error rates of words and of characters over some rows."""
    sums = table[["word_errors", "words", "letter_errors", "letters"]].sum()
    # Nothing that was to be said, and nothing that was, is no error.
    rates = [
        float(errors / total) if total else 0.0 if not errors else math.inf
        for errors, total in (sums.iloc[:2], sums.iloc[2:])
    ]
    return rates[0], rates[1]


def _rates(
    table: pd.DataFrame, annotations: pd.DataFrame, clusters: Clusters | None, resamples: int, seed: int
) -> tuple[tuple[float, float], list[Interval]]:
    sums = table.groupby("item", sort=True)[["word_errors", "words", "letter_errors", "letters"]].sum()
    own = clusters_of(annotations, [str(item) for item in sums.index], clusters)
    rows: Floats = sums.to_numpy("float64")
    totals = rows.sum(axis=0)
    if not len(rows) or not totals[1] or not totals[3]:
        return (math.nan, math.nan), [NONE, NONE]
    # A further item is as long as others are, and says the same, or nothing of it.
    usual = rows.mean(axis=0)

    def figures(drawn: Floats) -> Floats:
        return np.asarray(drawn[:, [0, 2]] / drawn[:, [1, 3]])

    found = intervals_of_sums(
        figures,
        rows,
        [0, usual[1], 0, usual[3]],
        [usual[1], usual[1], usual[3], usual[3]],
        rows[:, 0] - totals[0] / totals[1] * rows[:, 1],
        clusters=own,
        resamples=resamples,
        seed=seed,
    )
    return (float(totals[0] / totals[1]), float(totals[2] / totals[3])), found
