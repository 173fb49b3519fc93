"""What annotators dispute, and the one answer to each item with how it came about."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Annotated, Any

import numpy as np
import pandas as pd

from lsnb.annotations import widen
from lsnb.annotations.votes import is_about_regions, is_paged, repeats_told, takes_several, votes_of
from lsnb.errors import InputError
from lsnb.kernel.checks import TOLD, Annotations, Seed, checked
from lsnb.kernel.words import answer_words, as_seen, counted, listing, warn
from lsnb.reliability.coefficients import Level, Ratings, patterns_of, ratings_of
from lsnb.reliability.intervals import Floats
from lsnb.reliability.overlap import is_drawn, region_agreement, regions_of
from lsnb.reliability.truth import Method, modelled_ratings, truth_of
from lsnb.tables.cells import RULES, TEXT_DTYPE, number_of
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
        ``item, n`` (annotators), ``disagreement`` and ``answers`` (what each said, or how many regions of which label
        each drew, as text); equals by item.

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
        with repeats_told():
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
    if is_drawn(annotations, control):
        wide = drawn_words(annotations, control).loc[found.index]
    rows = wide.loc[found.index]
    said = {
        item: "; ".join(
            f"{who}: {answer_words(cell)}" for who, cell in zip(rows.columns, row, strict=True) if not _absent(cell)
        )
        for item, row in zip(rows.index, rows.to_numpy("object").tolist(), strict=True)
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


def drawn_words(annotations: pd.DataFrame, control: str) -> pd.DataFrame:
    """Return how many regions of which label each annotator drew, in words: items × annotators.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control that draws regions.

    Example:
        >>> rows = [("1", "ana", "r1", "car", 0.0), ("1", "ana", "r2", "car", 5.0), ("1", "ben", "r3", None, 1.0)]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "region", "value", "start"])
        >>> long = long.assign(control="c", kind="labels", status="submitted", end=9.0, x=None, start_frame=None)
        >>> drawn_words(long, "c").loc["1"].to_dict()
        {'ana': '2 × car', 'ben': '1 region without a label'}
    """
    with repeats_told():  # Which of two annotations counts is said where they are compared.
        _, places, _ = regions_of(annotations, control)
    said: dict[str, dict[str, str]] = {}
    for item, here in places.items():
        said[item] = {}
        for who, regions in here.items():
            counts = Counter(region.label for region in regions)
            unnamed = counts.pop(None, 0)
            parts = [f"{n} × {label}" if n > 1 else str(label) for label, n in sorted(counts.items())]
            if unnamed:
                parts.append(f"{counted(unnamed, 'region')} without a label")
            said[item][who] = ", ".join(parts) or "nothing"
    table = pd.DataFrame.from_dict(said, orient="index").sort_index()
    return table.reindex(columns=sorted(table.columns)).rename_axis(index="item", columns="annotator")


@checked
def gold(
    annotations: Annotations,
    control: str,
    *,
    by: Method = "majority",
    adjudicated: pd.DataFrame | Mapping[str, Any] | None = None,
    min_votes: Annotated[int, TOLD] = 1,
    weights: Mapping[str, Any] | None = None,
    ties: str = "missing",
    seed: Seed = 0,
) -> pd.DataFrame:
    """Return one answer to each item, and how it came about.

    By votes, or by a model of who is right how often (``lsnb.reliability.annotator_quality`` shows what it learnt): of
    several answers to an item each option is then a question of its own. Of a control that draws regions, and of
    answers about regions, votes are on an item's labels or answers as one set, wherever its regions are, which ``how``
    says: ``lsnb.reliability.consensus_regions`` has regions on which most agree.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        by: ``"majority"``; ``"dawid_skene"`` (each annotator has a confusion of their own), or ``"mace"`` (each knows
            the answer or guesses). The last two take three annotators or more to tell anything.
        adjudicated: What was decided, which overrides votes: the long table of an adjudication, a table with the
            columns ``item`` and ``value``, or item → value. An empty value decides nothing; of several answers it is a
            list, or a text with ``;`` between them.
        min_votes: As in ``majority``.
        weights: As in ``majority``; of votes alone.
        ties: As in ``majority``; of votes alone.
        seed: A whole number for MACE's beginnings.

    Returns:
        ``item, value, how, n, share``: ``how`` is ``adjudicated``, ``unanimous``, ``majority``, ``single`` (one vote),
        ``tie rule``, ``dawid_skene``, ``mace``, or ``undecided``, whose value is missing; ``n`` votes, ``share`` of
        their weight for the most frequent answer, or by a model how probable the answer is. Where regions are no part
        of it, ``how`` ends in ``(labels alone)`` or ``(answers alone)``.

    Raises:
        InputError: As ``majority``; and where what was decided is no such table.

    Example:
        >>> rows = [("1", "ana", "x"), ("1", "ben", "x"), ("2", "ana", "x"), ("2", "ben", "y")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> gold(long, "mood", adjudicated={"2": "y"})[["item", "value", "how"]].values.tolist()
        [['1', 'x', 'unanimous'], ['2', 'y', 'adjudicated']]
    """
    votes = votes_of(annotations, control, min_votes=min_votes, weights=weights, ties=ties)
    if by != "majority":
        if weights is not None or ties != "missing":
            raise InputError(f"weights and ties are of votes: leave them out with by={by!r}.")
        votes = _modelled(annotations, control, votes, by, seed, int(min_votes))
    decided = _decisions(adjudicated, control, annotations, is_set=takes_several(annotations, control))
    strangers = sorted(set(decided) - set(votes["item"]))
    if strangers:
        raise InputError(f"What was decided is about items nobody annotated: {listing(strangers)}.")
    values, how, alone = [], [], _apart_from_regions(annotations, control)
    for row in votes.itertuples(index=False):
        value = None if _absent(row.value) else row.value
        if row.item in decided:
            value, came = decided[str(row.item)], "adjudicated"
        elif value is None:
            came = "undecided"
        elif by != "majority":
            came = by if not row.is_voted else "single" if row.n == 1 else "unanimous"
        elif row.tie:
            came = "tie rule"
        elif row.n == 1:
            came = "single"
        else:
            # Whose vote weighs nothing, or next to nothing, may still have said something else.
            came = "unanimous" if row.alike else "majority"
        values.append(value)
        how.append(came if came in ("adjudicated", "single", "undecided") else f"{came}{alone}")
    table = pd.DataFrame(
        {
            "item": votes["item"],
            "value": _column(values),
            "how": pd.Series(how, dtype=TEXT_DTYPE),
            "n": votes["n"],
            "share": votes["share"],
        }
    )
    table.attrs[RULES] = {"by": by, "min_votes": min_votes, "weights": dict(weights or {}), "ties": ties}
    return table


def _apart_from_regions(annotations: pd.DataFrame, control: str) -> str:
    """Return what is said of votes that leave out where regions are, and which of them an answer is about."""
    if is_drawn(annotations, control):
        return " (labels alone)"
    return " (answers alone)" if is_about_regions(annotations, control) else ""


def _modelled(
    annotations: pd.DataFrame, control: str, votes: pd.DataFrame, by: str, seed: int, min_votes: int
) -> pd.DataFrame:
    """Return votes with what a model says instead, and whether that is what all votes say, too."""
    if is_paged(annotations, control):
        raise InputError(f"The question {control!r} is asked of each page of an item, of which by={by!r} has no model.")
    wide, ratings = modelled_ratings(annotations, control)
    places = {str(item): number for number, item in enumerate(wide.index)}
    people = [str(name) for name in wide.columns]
    probable, answers = _sets_modelled(ratings, people, by, seed)
    values, shares, is_voted = [], [], []
    for item, former, n, share in zip(votes["item"], votes["value"], votes["n"], votes["share"], strict=True):
        row = places.get(str(item))
        sure = float("nan") if row is None or row >= len(probable) else float(probable[row])
        value = None if row is None or np.isnan(sure) or n < min_votes else answers[row]
        values.append(value)
        shares.append(sure)
        is_voted.append(bool(share == 1.0 and value is not None and not _absent(former) and value == former))
    cells = np.empty(len(values), dtype="object")
    cells[:] = values
    return votes.assign(value=cells, share=shares, tie=False, is_voted=is_voted)


def _sets_modelled(ratings: Ratings, people: list[str], by: str, seed: int) -> tuple[Floats, list[Any]]:
    """Return how probable each item's answer is, and the answers; None where two are as probable."""
    if ratings.level != "sets":
        found = truth_of(ratings, people, by, seed)
        probabilities = found.probabilities
        if not probabilities.shape[1]:
            return np.full(len(probabilities), np.nan), [None] * len(probabilities)
        order = np.sort(probabilities, axis=1)
        best = order[:, -1]
        level = probabilities.shape[1] > 1 and (best - order[:, -2] < 1e-6)
        best_of = np.nan_to_num(probabilities, nan=-1.0).argmax(axis=1)
        tied = np.broadcast_to(level, best.shape)
        return best, [None if tie else ratings.values[code] for code, tie in zip(best_of, tied, strict=True)]
    options = sorted({option for value in ratings.values for option in value}, key=lambda o: (str(o), str(type(o))))
    sure = np.where((ratings.codes >= 0).any(axis=1), 1.0, np.nan)
    chosen: list[list[Any]] = [[] for _ in range(len(ratings.codes))]
    for option in options:
        holds = np.array([int(option in value) for value in ratings.values])
        codes = np.where(ratings.codes >= 0, holds[ratings.codes], -1)
        yes = truth_of(Ratings(codes, ("no", "yes"), "nominal"), people, by, seed).probabilities[:, 1]
        sure = np.fmin(sure, np.where(np.isnan(yes), np.nan, np.maximum(yes, 1 - yes)))
        for row in np.nonzero(np.nan_to_num(yes) > 0.5)[0]:
            chosen[row].append(option)
    return sure, [tuple(options_of) for options_of in chosen]


def _column(values: list[Any]) -> pd.Series[Any]:
    known = [value for value in values if value is not None]
    cells = np.empty(len(values), dtype="object")
    cells[:] = values
    column = pd.Series(cells, dtype="object")
    if all(isinstance(value, str) for value in known):
        return column.astype(TEXT_DTYPE)
    numeric = all(isinstance(value, Real) and not isinstance(value, bool) for value in known)
    return column.astype("float64") if numeric else column


def _decisions(
    adjudicated: pd.DataFrame | Mapping[str, Any] | None, control: str, annotations: pd.DataFrame, *, is_set: bool
) -> dict[str, Any]:
    """Return item → what was decided, in the form that answers have."""
    if adjudicated is None:
        return {}
    if isinstance(adjudicated, pd.DataFrame):
        if "control" in adjudicated.columns:
            if not is_set and not adjudicated["control"].eq(control).fillna(False).any():
                return {}
            with repeats_told():  # An item decided again is decided as it was last.
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
    given = annotations.loc[annotations["control"].eq(control).fillna(False).astype(bool), "value"].dropna().tolist()
    known = {answer for answer in given if isinstance(answer, str)}
    are_numbers = bool(given) and all(isinstance(one, Real) and not isinstance(one, bool) for one in given)
    decided: dict[str, Any] = {}
    clashing = []
    for item, value in pairs:
        if _absent(value) or (isinstance(value, str) and not value.strip()):
            continue
        key, value = str(key_text(item)), _as_answered(value, known, are_numbers=are_numbers, is_set=is_set)
        if key in decided and repr(decided[key]) != repr(value):
            clashing.append(key)
        decided[key] = value
    if clashing:
        raise InputError(f"Two things were decided about {listing(list(dict.fromkeys(clashing)))}: keep one of them.")
    _tell_spellings(decided.values(), given, control)
    return decided


def _as_answered(value: Any, known: set[str], *, are_numbers: bool, is_set: bool) -> Any:
    """Return what was decided as answers are: several as a sorted tuple, a number among numbers as one."""
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(";")]
        if is_set and value not in known and len(parts) > 1 and known.issuperset(parts):
            value = parts  # as people write them in a cell
        elif are_numbers:
            return number if (number := number_of(value.strip())) is not None else value
    if isinstance(value, set | frozenset | list | tuple) and is_set:
        each = {repr(one): one for one in value}.values()
        return tuple(sorted(each, key=lambda one: (str(one), type(one).__name__)))
    return (value,) if is_set and isinstance(value, str) else value


def _tell_spellings(decided: Iterable[Any], given: Sequence[Any], control: str) -> None:
    """Warn of decisions that look like an answer that somebody gave, and are another."""
    known = {as_seen(one).casefold(): one for one in dict.fromkeys(one for one in given if isinstance(one, str))}
    texts = [one for value in decided for one in (value if isinstance(value, tuple) else (value,))]
    answers = set(map(str, given))
    new = dict.fromkeys(one for one in texts if isinstance(one, str) and one not in answers)
    seen = {one: as_seen(one).casefold() for one in new}
    odd = [f"{one!r} and {known[as_one]!r}" for one, as_one in seen.items() if as_one in known]
    if odd:
        warn(
            f"What was decided about {control!r} is spelled otherwise than the answers, and is another: {listing(odd)}."
        )


def _spread(ratings: Ratings) -> Floats:
    """Return the mean distance of two answers to each item; 0 with less than two."""
    if not ratings.codes.size or not ratings.values:
        return np.zeros(len(ratings.codes))
    # Items with the same answers are looked at once.
    codes, kind = patterns_of(np.sort(ratings.codes, axis=1))
    spread = np.zeros(len(codes))
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
    return spread[kind]


def _absent(value: Any) -> bool:
    return value is None or (not isinstance(value, (tuple, list, dict)) and bool(pd.isna(value)))
