"""``agreement``: every coefficient for one control, from the long table."""

from __future__ import annotations

import html
import itertools
import math
import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.reliability.alpha import PAIRED_VALUES, Level, Ratings, krippendorff_alpha
from lsnb.reliability.kappa import cohen_kappa, fleiss_kappa
from lsnb.reliability.places import is_drawn
from lsnb.reliability.ratings import ratings_of
from lsnb.reliability.regions import RegionAgreement, region_agreement


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


def agreement(
    annotations: pd.DataFrame,
    control: str,
    level: Level | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
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
    if not isinstance(resamples, int) or resamples < 0:
        raise InputError(f"resamples is {resamples!r}: give a whole number of 0 or more.")
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
