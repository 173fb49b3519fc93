"""``agreement``: every coefficient for one control, from the long table."""

from __future__ import annotations

import html
import itertools
import math
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.checks import Annotations, Resamples, Seed, checked
from lsnb.kernel.words import listing, nearest
from lsnb.reliability.coefficients import (
    PAIRED_VALUES,
    Level,
    Ratings,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    ratings_of,
    wide_ratings,
)
from lsnb.reliability.overlap import RegionAgreement, is_drawn, region_agreement


@dataclass(frozen=True, repr=False)
class Agreement:
    """How much annotators agree about one control.

    Args:
        control: The control's name.
        level: How values were compared.
        annotators: Those who answered, sorted.
        n_items: Items with answers by two or more of them.
        n_complete: Items with answers by all of them: what Fleiss' kappa is made of.
        kappa: A row for each pair: ``a, b, kappa, n`` (items both answered).
        fleiss: Fleiss' kappa over complete items, taking values as nominal.
        alpha: Krippendorff's alpha over all items with two or more answers.
        interval: The 95 percent bootstrap interval of alpha.
        note: Why a figure is missing (nan), or what it compares; empty if there is nothing to say.
        overlap: For a control that draws regions, whether they are in the same places.
    """

    control: str
    level: Level
    annotators: tuple[str, ...]
    n_items: int
    n_complete: int
    kappa: pd.DataFrame = field(compare=False)
    fleiss: float
    alpha: float
    interval: tuple[float, float]
    note: str = ""
    overlap: RegionAgreement | None = None

    @property
    def summary(self) -> str:
        """The figures as one line."""
        return (
            f"{self.control} ({self.level}): alpha {_figure(self.alpha)} "
            f"[{_figure(self.interval[0])}, {_figure(self.interval[1])}], Fleiss' kappa {_figure(self.fleiss)}, "
            f"{len(self.annotators)} annotators, {self.n_items} items with two or more answers"
        )

    def __repr__(self) -> str:
        overlap = repr(self.overlap) if self.overlap is not None else ""
        parts = (self.summary, self.kappa.to_string(index=False), self.note, overlap)
        return "\n".join(part for part in parts if part)

    def _repr_html_(self) -> str:
        rows = [
            (
                "Krippendorff's alpha",
                f"{_figure(self.alpha)} [{_figure(self.interval[0])}, {_figure(self.interval[1])}]",
            ),
            ("Fleiss' kappa", f"{_figure(self.fleiss)} ({self.n_complete} items that all answered)"),
            ("Items with two or more answers", str(self.n_items)),
            ("Values compared as", self.level),
        ]
        cells = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in rows)
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        pairs = self.kappa.to_html(index=False, escape=True, na_rep="–", float_format=lambda kappa: f"{kappa:.3f}")
        overlap = self.overlap._repr_html_() if self.overlap is not None else ""
        return f"<p><b>Agreement about {html.escape(self.control)}</b></p><table>{cells}</table>{note}{pairs}{overlap}"


@checked
def agreement(
    annotations: Annotations,
    control: str,
    level: Level | None = None,
    *,
    resamples: Resamples = 1000,
    seed: Seed = 0,
) -> Agreement:
    """Return how much annotators agree about one control: kappas, alpha, and its interval.

    Only submitted answers count, the latest of each person (``widen``). Nothing depends on the order of
    rows, items or annotators. Where there is nothing to compare, figures are missing and ``.note`` says why. Of a
    control that draws regions, kappas and alpha compare which labels each annotator drew on an item; ``.overlap``
    compares where they are (``region_agreement``). Texts are compared exactly.

    Args:
        annotations: The long table of ``read_annotations`` or ``Study.annotations``; it is not changed.
        control: The name of a control in the label config.
        level: ``"nominal"``, ``"ordinal"``, ``"interval"``, ``"ratio"`` or ``"sets"``. By default what the
            control measures: ratings are ordinal, numbers interval, several answers to one item sets,
            all else nominal.
        resamples: Bootstrap samples of items for alpha's interval.
        seed: A whole number for these.

    Raises:
        InputError: No such control, an unknown level, or one that the values do not have.

    Example:
        >>> votes = {"ana": ["pos", "pos", "neg", "neu"], "ben": ["pos", "neg", "neg", "neg"]}
        >>> rows = [(str(item), who, value) for who, values in votes.items() for item, value in enumerate(values)]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> agreement(long, "mood").kappa.round(6).to_dict("records")
        [{'a': 'ana', 'b': 'ben', 'kappa': 0.272727, 'n': 4}]
    """
    wide, ratings = ratings_of(annotations, control, level)
    people = tuple(str(name) for name in wide.columns)
    n_items = int(((ratings.codes >= 0).sum(axis=1) >= 2).sum())
    pairs = [
        (people[a], people[b], *cohen_kappa(ratings, a, b)) for a, b in itertools.combinations(range(len(people)), 2)
    ]
    kappa = pd.DataFrame(pairs, columns=["a", "b", "kappa", "n"]).astype({"kappa": "float64", "n": "int64"})
    fleiss, n_complete = fleiss_kappa(ratings)
    alpha, interval = krippendorff_alpha(ratings, resamples=resamples, seed=seed)
    overlap, about_regions = _overlap(annotations, control, resamples, seed)
    return Agreement(
        control=control,
        level=ratings.level,
        annotators=people,
        n_items=n_items,
        n_complete=n_complete,
        kappa=kappa,
        fleiss=fleiss,
        alpha=alpha,
        interval=interval,
        note=" ".join(part for part in (_note(ratings, people, n_items, n_complete), about_regions) if part),
        overlap=overlap,
    )


def _overlap(annotations: pd.DataFrame, control: str, resamples: int, seed: int) -> tuple[RegionAgreement | None, str]:
    if not is_drawn(annotations, control):
        return None, ""
    about = "Regions: kappas and alpha compare which labels were drawn on an item, .overlap where."
    try:
        with warnings.catch_warnings():
            # Said once already, by widen.
            warnings.filterwarnings("ignore", message=".* more than one annotation by the same person")
            return region_agreement(annotations, control, resamples=resamples, seed=seed), about
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
            f"All answers are {ratings.values[seen[0]]!r}: with one value, agreement cannot be told from chance, "
            "so the coefficients are missing."
        )
    if not n_complete:
        notes.append(f"No item was answered by all {len(people)} annotators, so Fleiss' kappa is missing.")
    if ratings.level == "sets":
        notes.append("Sets: alpha by their Jaccard distance, kappas by whether two sets are the same.")
    if ratings.level in ("ratio", "sets") and len(ratings.values) > PAIRED_VALUES:
        notes.append(f"More than {PAIRED_VALUES} distinct values, so alpha is missing.")
    return " ".join(notes)


def _figure(number: float) -> str:
    return "–" if math.isnan(number) else f"{number:.3f}"


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
        annotator differs. By stratum: the column, ``n`` (items with two or more answers), ``alpha, fleiss``.

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
    known = annotations[["item", by]].dropna().drop_duplicates()
    twice = sorted({str(item) for item in known.loc[known["item"].duplicated(), "item"]})
    if twice:
        raise InputError(f"Items are in more than one stratum of {by!r}: {listing(twice)}.")
    stratum = dict(zip(known["item"].astype(str), known[by], strict=True))
    found = wide.index.map(lambda item: stratum.get(str(item)))
    rows = []
    for name in sorted({value for value in found if value is not None}, key=lambda value: (str(type(value)), value)):
        part = wide[[value == name for value in found]]
        mine = wide_ratings(part.loc[:, part.notna().any()], control, ratings.level)
        n = int(((mine.codes >= 0).sum(axis=1) >= 2).sum())
        rows.append((name, n, krippendorff_alpha(mine)[0], fleiss_kappa(mine)[0]))
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
        rows.append((label, n, n / given.sum(), krippendorff_alpha(only)[0], fleiss_kappa(only)[0], _mean(kappas)))
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
        rows.append((str(name), n, _mean(kappas), float(np.mean(agreed)) if agreed else np.nan, without))
    return pd.DataFrame(rows, columns=["annotator", "n", "kappa", "share", "alpha_without"]).astype(
        dict.fromkeys(["kappa", "share", "alpha_without"], "float64")
    )


def _mean(kappas: list[Any]) -> float:
    known = [kappa for kappa in kappas if not np.isnan(kappa)]
    return float(np.mean(known)) if known else float("nan")
