"""Agreement label by label, annotator by annotator against the rest, and stratum by stratum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.reliability.alpha import Level, Ratings, krippendorff_alpha
from lsnb.reliability.kappa import cohen_kappa, fleiss_kappa
from lsnb.reliability.ratings import ratings_of, wide_ratings
from lsnb.tables.keys import listing, nearest

MANY = 1000


def agreement_by(annotations: pd.DataFrame, control: str, by: str, level: Level | None = None) -> pd.DataFrame:
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
