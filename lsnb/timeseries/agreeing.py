"""How far annotators agree sample by sample."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.reliability import Ratings, cohen_kappa, krippendorff_alpha
from lsnb.tables.keys import listing
from lsnb.timeseries.samples import PREFIX

UNMARKED = "(unmarked)"


@dataclass(frozen=True, repr=False)
class SampleAgreement:
    """How far annotators agree sample by sample.

    Neighbouring samples are alike, so no interval is given: samples are not independent cases.

    Args:
        alpha: Krippendorff's alpha, nominal, over all samples; missing with one annotator or one label.
        kappa: ``a, b, kappa, share, n``: Cohen's kappa of each pair, and the share of samples they call the same.
        labels: ``label, a, b, both, either, overlap``: how many samples both and at least one of a pair gave a label,
            and the first over the second (intersection over union).
        n: How many samples.
    """

    alpha: float
    kappa: pd.DataFrame
    labels: pd.DataFrame
    n: int

    def __repr__(self) -> str:
        head = f"Agreement over {self.n:,} samples: alpha {self.alpha:.3f}"
        return "\n".join([head, self.kappa.to_string(index=False), self.labels.to_string(index=False)])

    def _repr_html_(self) -> str:
        return (
            f"<p><b>{html.escape(repr(self).split(chr(10))[0])}</b></p>"
            + self.kappa.to_html(index=False, escape=True)
            + self.labels.to_html(index=False, escape=True)
        )


def sample_agreement(
    labelled: pd.DataFrame | Sequence[pd.DataFrame],
    *,
    annotators: Sequence[str] | None = None,
    count_unmarked: bool = True,
) -> SampleAgreement:
    """Return how far annotators agree about the samples of a series.

    Args:
        labelled: What ``label_samples(…, by="annotator")`` returned; it is not changed. Of several items, a list of
            these: who did not submit an item has no answer there, and is not taken to have marked nothing.
        annotators: Who; by default everyone with a column ``label.<annotator>``.
        count_unmarked: Whether not to have marked a sample is an answer like any other; else only samples that both of
            a pair marked are compared.

    Raises:
        InputError: Fewer than two annotators, or one without a column.

    Example:
        >>> labelled = pd.DataFrame({"label.ana": ["run", "run", None, None], "label.ben": ["run", None, None, None]})
        >>> sample_agreement(labelled).kappa.values.tolist()
        [['ana', 'ben', 0.5, 0.75, 4]]
    """
    tables: list[Any] = list(labelled) if isinstance(labelled, (list, tuple)) else [labelled]
    bad = next((one for one in tables if not isinstance(one, pd.DataFrame)), None if tables else labelled)
    if bad is not None:
        raise InputError(f"labelled is a {type(bad).__name__}: give what lsnb.label_samples returned.")
    if annotators is not None and (isinstance(annotators, str) or not isinstance(annotators, Iterable)):
        raise InputError(f"annotators is {annotators!r}: give a list of names.")
    there = list(
        dict.fromkeys(
            str(name).removeprefix(PREFIX) for one in tables for name in one.columns if str(name).startswith(PREFIX)
        )
    )
    people = there if annotators is None else list(dict.fromkeys(str(name) for name in annotators))
    unknown = [name for name in people if name not in there]
    if unknown or len(people) < 2:
        raise InputError(
            f"There is no column of labels by {listing(unknown)}; there are {listing(there) or 'none'}."
            if unknown
            else f"Agreement needs two annotators, and the table has labels by {listing(there) or 'nobody'}: give what "
            "lsnb.label_samples(…, by='annotator') returned."
        )
    columns = [one[PREFIX + who] for one in tables for who in people if PREFIX + who in one]
    names = sorted({str(label) for column in columns for label in column.dropna().unique()})
    unmarked = len(names) if count_unmarked else -1
    codes = np.concatenate([_all_codes(one, people, names, unmarked) for one in tables])
    values = (*names, UNMARKED) if count_unmarked else tuple(names)
    ratings = Ratings(codes, values, "nominal")
    pairs, overlaps = [], []
    for one, two in itertools.combinations(range(len(people)), 2):
        kappa, n = cohen_kappa(ratings, one, two)
        a, b = codes[:, one], codes[:, two]
        common = (a >= 0) & (b >= 0)
        share = float((a[common] == b[common]).mean()) if common.any() else float("nan")
        pairs.append((people[one], people[two], kappa, share, n))
        for code, label in enumerate(names):
            # Of an item that only one of them submitted, the other has said nothing.
            seen = common | (not count_unmarked)
            both, either = int(((a == code) & (b == code)).sum()), int((((a == code) | (b == code)) & seen).sum())
            overlap = both / either if either else float("nan")
            overlaps.append((label, people[one], people[two], both, either, overlap))
    alpha, _ = krippendorff_alpha(ratings)
    return SampleAgreement(
        alpha=alpha,
        kappa=pd.DataFrame(pairs, columns=["a", "b", "kappa", "share", "n"]),
        labels=pd.DataFrame(overlaps, columns=["label", "a", "b", "both", "either", "overlap"]),
        n=len(codes),
    )


def _all_codes(table: pd.DataFrame, people: list[str], names: list[str], unmarked: int) -> Any:
    absent = np.full(len(table), -1)
    found = [_codes(table[PREFIX + who], names) if PREFIX + who in table else None for who in people]
    return np.stack([absent if one is None else np.where(one < 0, unmarked, one) for one in found], axis=1)


def _codes(column: pd.Series[Any], names: list[str]) -> Any:
    if isinstance(column.dtype, pd.CategoricalDtype):
        place = {name: code for code, name in enumerate(names)}
        own = np.array([*(place.get(str(label), -1) for label in column.cat.categories), -1], dtype="int64")
        return own[column.cat.codes.to_numpy()]
    return pd.Categorical(column.map(str, na_action="ignore"), categories=names).codes.astype("int64")
