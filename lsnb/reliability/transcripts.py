"""``text_agreement``: how far texts that several people wrote for the same items are apart, in words and characters."""

from __future__ import annotations

import html
import itertools
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lsnb.annotations import widen
from lsnb.errors import InputError
from lsnb.kernel.checks import Annotations, Resamples, Seed, checked
from lsnb.kernel.words import counted, nearest
from lsnb.reliability.intervals import (
    NONE,
    Clusters,
    Floats,
    Interval,
    clusters_of,
    intervals_of_sums,
    shown,
)
from lsnb.reliability.overlap import is_drawn


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
        pairs = self.pairs.to_html(index=False, escape=True, na_rep="–", float_format=lambda figure: f"{figure:.3f}")
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
    cells = {str(name): {str(item): _text(value) for item, value in wide[name].dropna().items()} for name in wide}
    odd = [who for who, theirs in cells.items() if any(text is None for text in theirs.values())]
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
            texts = [_plain(str(cells[who][item]), fold) for who in (one, other)]
            words, letters = [text.split() for text in texts], texts
            sizes = [
                len(first) if reference is not None else (len(first) + len(second)) / 2
                for first, second in (words, letters)
            ]
            rows.append((item, one, other, edit_distance(*words), sizes[0], edit_distance(*letters), sizes[1]))
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


def _text(value: Any) -> str | None:
    if isinstance(value, tuple) and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    return value if isinstance(value, str) else None


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
