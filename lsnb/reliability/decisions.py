"""What annotators dispute, and the one answer to each item with how it came about."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Annotated, Any

import numpy as np
import pandas as pd

from lsnb.annotations import majority, widen
from lsnb.annotations.long import TEXT_DTYPE
from lsnb.annotations.votes import is_paged, takes_several, votes_of
from lsnb.errors import InputError
from lsnb.kernel.checks import TOLD, Annotations, checked
from lsnb.kernel.words import listing
from lsnb.reliability.coefficients import Level, Ratings, ratings_of
from lsnb.reliability.intervals import Floats
from lsnb.reliability.overlap import is_drawn, region_agreement
from lsnb.tables.keys import key_text


@checked
def disputed(
    annotations: Annotations, control: str, level: Level | None = None, *, order: Sequence[Any] | None = None
) -> pd.DataFrame:
    """Return the items about which annotators disagree, the worst first.

    Disagreement is the mean distance of two answers to an item, from 0 to 1: for names 0 or 1, for sets one minus
    Jaccard's coefficient, for ranks and numbers their difference as a share of the range of all answers. For a control
    that draws regions it is one minus the mean F1 of two annotators (``region_agreement``).

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        level: As in ``agreement``.
        order: As in ``agreement``.

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
    wide, ratings = ratings_of(annotations, control, level, order)
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


# Where a table of gold answers keeps how votes were counted, for the paragraph that says so.
RULES = "lsnb.rules"


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
    table = pd.DataFrame(
        {
            "item": votes["item"],
            "value": _column(values),
            "how": pd.Series(how, dtype=TEXT_DTYPE),
            "n": votes["n"],
            "share": votes["share"],
        }
    )
    table.attrs[RULES] = {"min_votes": min_votes, "weights": dict(weights or {}), "ties": ties}
    return table


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
        numbers = ratings.numbers
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
