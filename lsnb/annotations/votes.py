"""One control's answers, annotator by annotator: the wide table and the majority."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import numpy as np
import orjson
import pandas as pd

from lsnb.annotations.long import ANSWERED, DONE, require_columns
from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.checks import TOLD, Annotations
from lsnb.kernel.words import counted, joined, listing, nearest, warn
from lsnb.labels.vocabulary import CHOICES, TAXONOMY, TEXT_AREA, is_region
from lsnb.results import ANSWERS
from lsnb.sampling.draw import REPEAT, repeated
from lsnb.tables.cells import ALLOWED, SEVERAL, TEXT_DTYPE, flags
from lsnb.tables.keys import RoundedKeyError, key_text

AMONG_NUMBERS = ("lowest", "median", "highest")


@checks.checked
def widen(annotations: Annotations, control: str, *, repeats: Literal["latest", "all"] = "latest") -> pd.DataFrame:
    """Return the answers to one control with a row for each item and a column for each annotator.

    Only submitted answers count. Two annotations of one item by one person: the latest counts, with a warning.
    Nothing chosen in a multiple choice, or nothing drawn, by somebody who submitted the item, is an answer, the
    empty tuple; a choice is multiple where anybody chose several, or where anybody chose nothing and the table is a
    study's whose config says so (``annotations.attrs["several"]``, or its column ``several_allowed``). Answers to a
    question that is asked of each page are ``"<page>: <answer>"``. Where anyone gave several answers to one item, or
    answers are about regions, every cell is a sorted tuple of what differs in them (several texts keep their order).
    The order of rows, items and annotators in the long table does not matter.

    Args:
        annotations: The long table of ``read_annotations`` or ``Study.annotations``; it is not changed.
        control: The name of a control in the label config.
        repeats: Of several annotations of one item by one person, the ``"latest"``, or ``"all"``: the later ones in
            columns ``name (2)``, ``name (3)`` and so on, with the next number where somebody is called so.

    Returns:
        Index ``item`` and columns of annotators, both sorted as text; missing where there is no answer.
        Every item and annotator of the long table is there.

    Raises:
        InputError: No long table, or no such control in it.

    Example:
        >>> rows = [("1", "ana", "pos"), ("1", "ben", "neg"), ("2", "ana", "pos")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> widen(long, "mood").fillna("–").to_dict("index")
        {'1': {'ana': 'pos', 'ben': 'neg'}, '2': {'ana': 'pos', 'ben': '–'}}
    """
    return wide_of(annotations, control, repeats=repeats)


def wide_of(
    annotations: pd.DataFrame, control: str, *, repeats: Literal["latest", "all"] = "latest", is_set: bool = False
) -> pd.DataFrame:
    """Return what ``widen`` returns.

    Args:
        annotations: The long table.
        control: The name of a control.
        repeats: As of ``widen``.
        is_set: Whether answers are sets whatever these annotations hold, also where nobody answered.
    """
    is_told = is_set or control in told_several(annotations)
    annotations = checked(annotations, control, is_needed=not is_told)
    is_set = is_set or takes_several(annotations, control)
    if repeats == "all":
        annotations = annotations.reset_index(drop=True)  # tables that were put together number their rows twice
        annotations = annotations.assign(annotator=_numbered(annotations))
    answers = done = latest(annotations)
    items = pd.Index(sorted(np.asarray(annotations["item"].dropna().unique(), dtype="object")), name="item")
    people = pd.Index(sorted(annotations["annotator"].dropna().unique()), name="annotator")
    mask = answers["control"].eq(control) & answers["status"].eq("submitted") & answers["value"].notna()
    answers = answers[mask.fillna(False).astype(bool)]
    if is_pages := is_paged(annotations, control):
        answers = answers.sort_values("page", kind="stable")  # texts are in the order of pages, not of answering
    rows, columns = _places(answers["item"], items), _places(answers["annotator"], people)
    cells: np.ndarray[Any, Any] = np.full((len(items), len(people)), None, dtype="object")
    several = is_set or ("region" in answers and bool(answers["region"].notna().any()))
    several = several or len(pd.unique(rows * len(people) + columns)) < len(answers)
    values = answers["value"].to_numpy("object").tolist()
    # Most questions have a few answers that are all texts: telling so once spares a look at each.
    if pd.api.types.infer_dtype(values, skipna=False) != "string":
        values = [_countable(value) for value in values]
    if is_pages:
        several = True
        pages = answers["page"].astype("Int64").astype("string").fillna("–").tolist()
        values = [f"{page}: {value}" for page, value in zip(pages, values, strict=True)]
    if is_set:
        for row, column in _present(done, items, people):
            cells[row, column] = ()
    if several:
        ordered = "kind" in answers and bool(answers["kind"].eq(TEXT_AREA.kind).all())
        gathered: dict[tuple[int, int], list[Any]] = {}
        for row, column, value in zip(rows.tolist(), columns.tolist(), values, strict=True):
            gathered.setdefault((row, column), []).append(value)
        for place, given in gathered.items():
            cells[place] = tuple(given if ordered else sorted(set(given), key=lambda v: (str(v), type(v).__name__)))
    else:
        given_here = np.empty(len(values), dtype="object")
        given_here[:] = values
        cells[rows, columns] = given_here
    typed = _typed(values, several)
    columns_by_name = {name: typed(cells[:, n]) for n, name in enumerate(people)}
    wide = pd.DataFrame(columns_by_name, index=range(len(items)), columns=people)
    return wide.set_axis(items, axis="index")


def _places(column: pd.Series[Any], among: pd.Index[Any]) -> np.ndarray[Any, Any]:
    """Return where each cell of a column stands, looking for every different one once."""
    codes, given = pd.factorize(column)
    return np.append(among.get_indexer(pd.Index(given)), -1)[codes].astype(np.int64)


def _present(done: pd.DataFrame, items: pd.Index[Any], people: pd.Index[Any]) -> list[tuple[int, int]]:
    """Return the places of all that was submitted, answered or not."""
    seen = done[done["status"].isin(ANSWERED) & done["item"].notna()]
    seen = seen[["item", "annotator"]].drop_duplicates()
    rows, columns = _places(seen["item"], items), _places(seen["annotator"], people)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _of_control(annotations: pd.DataFrame, control: str) -> pd.DataFrame:
    return annotations[annotations["control"].eq(control).fillna(False).astype(bool)]


def takes_several(annotations: pd.DataFrame, control: str) -> bool:
    """Return whether nothing is an answer to a control: of a choice that may hold several, and of regions.

    A choice may where anybody chose several, or where the table says so of it and anybody chose nothing.

    Args:
        annotations: The long table.
        control: The name of a control.

    Example:
        >>> long = pd.DataFrame({"item": ["1", "1"], "annotator": ["ana", "ana"], "control": ["c", "c"],
        ...                      "kind": ["choices", "choices"], "status": "submitted", "value": ["x", "y"]})
        >>> takes_several(long, "c"), takes_several(long[:1], "c")
        (True, False)
    """
    rows, is_told = _of_control(annotations, control), control in told_several(annotations)
    if "kind" in rows.columns:
        # A column of Arrow's hands its texts out one by one: a million of them took as long as all else.
        kinds = {str(kind) for kind in rows["kind"].dropna().unique()}
        if any(is_region(kind) for kind in kinds):
            return True
        if not kinds & {CHOICES.kind, TAXONOMY.kind} and (kinds or not is_told):
            return False
        if kinds - {CHOICES.kind, TAXONOMY.kind}:
            rows = rows[rows["kind"].isin([CHOICES.kind, TAXONOMY.kind])]
    # Of a region that nobody drew, nothing was asked.
    if "region" in rows.columns and rows["region"].notna().any():
        return False
    if is_told and _is_left_out(annotations, control):
        return True
    given = rows[rows["value"].notna()]
    which = [name for name in (*OF_ONE, "page") if name in rows.columns]
    # Most tables have one answer of each person to an item, and need no look at the other columns.
    return all(bool(given.duplicated(names).any()) for names in (which[:2], which))


def _is_left_out(annotations: pd.DataFrame, control: str) -> bool:
    """Return whether anybody handed in an item without an answer to a control."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # which of two annotations counts is said where they are counted
        done = latest(annotations)
    done = done[done["status"].isin(ANSWERED) & done["item"].notna()]
    given = done["control"].eq(control).fillna(False).astype(bool) & done["value"].notna()
    return len(done.drop_duplicates(["item", "annotator"])) > len(done[given].drop_duplicates(["item", "annotator"]))


def is_about_regions(annotations: pd.DataFrame, control: str) -> bool:
    """Return whether answers to a control belong to regions of an item.

    Args:
        annotations: The long table.
        control: The name of a control.

    Example:
        >>> is_about_regions(pd.DataFrame({"control": ["c"], "region": ["r1"]}), "c")
        True
    """
    return "region" in annotations and bool(_of_control(annotations, control)["region"].notna().any())


def told_several(annotations: pd.DataFrame) -> list[str]:
    """Return the choices of which the long table itself says that several may be taken.

    Args:
        annotations: The long table.

    Example:
        >>> told_several(pd.DataFrame({"control": ["mood", "topic"], "several_allowed": [False, True]}))
        ['topic']
    """
    told = annotations.attrs.get(SEVERAL)
    names = [name for name in told if isinstance(name, str)] if isinstance(told, list) else []
    # What is attached to a table is lost where it is joined with another; a column is not.
    column = annotations[ALLOWED] if {ALLOWED, "control"} <= set(annotations.columns) else None
    if isinstance(column, pd.Series):
        here = column if column.dtype == "bool" else flags(column)
        names += [str(name) for name in annotations.loc[here, "control"].dropna().unique()]
    return list(dict.fromkeys(names))


OF_ONE = ("item", "annotator", "project", "task", "annotation", "status", "updated_at")
# What votes are made of: a third of the long table's columns.
VOTED = (*OF_ONE, "control", "kind", "region", "value", "page")


def is_choice(annotations: pd.DataFrame, control: str) -> bool:
    """Return whether a control is a choice or taxonomy about the whole item, of which several may be taken.

    Args:
        annotations: The long table.
        control: The name of a control.

    Example:
        >>> is_choice(pd.DataFrame({"control": ["c"], "kind": ["choices"]}), "c")
        True
    """
    rows = _of_control(annotations, control)
    kinds = {str(kind) for kind in rows["kind"].dropna().unique()} if "kind" in rows else set()
    return bool(kinds) and kinds <= {CHOICES.kind, TAXONOMY.kind} and not is_about_regions(rows, control)


def left_out(annotations: pd.DataFrame, control: str, wide: pd.DataFrame) -> int:
    """Return of how many items, or pages, somebody handed in an annotation that answers others, and not this choice.

    Args:
        annotations: The long table.
        control: The name of a control.
        wide: Its answers, items × annotators, missing where there is none; an item has a row for each of its pages.

    Example:
        >>> long = pd.DataFrame({"item": ["1", "2"], "annotator": "ana", "control": ["c", None],
        ...     "kind": ["choices", None], "status": ["submitted", "empty"], "value": ["x", None]})
        >>> left_out(long, "c", widen(long, "c"))
        1
    """
    given = wide.notna().to_numpy(dtype="bool")
    items = wide.index.unique()
    everybody = annotations["annotator"].nunique() == len(wide.columns)
    everything = annotations["item"].nunique() == len(items)
    if (everybody and everything and given.all()) or not is_choice(annotations, control):
        return 0  # most tables: the others have to be looked through once more
    with repeats_told():  # Whoever made the wide table was told.
        done = latest(annotations)
    # Whoever answered nothing of it anywhere is no column of its own, and no. −1; so is an item without any page.
    handed_in = np.zeros((len(items) + 1, len(wide.columns) + 1), dtype=bool)
    for row, column in _present(done, items, wide.columns):
        handed_in[row, column] = True
    lacking = handed_in[items.get_indexer(wide.index)]
    lacking[:, :-1] &= ~given
    unknown = done.loc[done["status"].isin(ANSWERED), "item"].dropna()
    return int(lacking.any(axis=1).sum()) + unknown[~unknown.isin(items)].nunique()


def is_paged(annotations: pd.DataFrame, control: str) -> bool:
    """Return whether a question is asked of each page or picture of an item.

    Args:
        annotations: The long table.
        control: The name of a control.

    Example:
        >>> long = pd.DataFrame({"control": ["q", "q"], "region": None, "page": [0, 1]})
        >>> is_paged(long, "q"), is_paged(long[:1], "q")
        (True, False)
    """
    if "page" not in annotations.columns:
        return False
    rows = _of_control(annotations, control)
    if "region" in rows.columns:
        rows = rows[rows["region"].isna()]
    return rows["page"].nunique() > 1


@checks.checked
def majority(
    annotations: Annotations,
    control: str,
    *,
    min_votes: Annotated[int, TOLD] = 1,
    weights: Mapping[str, Any] | None = None,
    ties: str = "missing",
) -> pd.DataFrame:
    """Return the answer that most annotators gave to each item.

    A tie has no winner: the value is missing and ``tie`` is True; nothing is decided by the alphabet. Of
    several answers to one item (multiple choice), the whole set is the vote; of regions, and of answers about them, so
    are their labels or answers, wherever they are. A question that is asked of each page is voted on page by page: the
    value holds all pages' winners as ``widen`` does, and is missing where a page has none.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        min_votes: With fewer votes (people, whatever their weight) the value is missing.
        weights: Annotator → how much a vote counts, 0 or more; 1 for those left out.
        ties: ``"missing"``; ``"lowest"``, ``"median"`` or ``"highest"`` of the tied numbers; or the name of an
            annotator, whose own answer decides where it is among the tied. ``tie`` stays True.

    Returns:
        ``item, value, n, share, tie``: ``n`` votes, ``share`` (0 to 1) of their weight for the most frequent
        answer. An item without votes has a row with ``n`` 0. Of pages the most ``n``, the least ``share``, and whether
        there is a tie on any.

    Raises:
        InputError: No long table, no such control, or ``min_votes``, ``weights`` or ``ties`` that make no sense.

    Example:
        >>> rows = [("1", "ana", "pos"), ("1", "ben", "pos"), ("2", "ana", "pos"), ("2", "ben", "neg")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> majority(long, "mood").fillna({"value": "–"})
          item value  n  share    tie
        0    1   pos  2    1.0  False
        1    2     –  2    0.5   True
        >>> majority(long, "mood", ties="ben")["value"].tolist()
        ['pos', 'neg']
    """
    return votes_of(annotations, control, min_votes=min_votes, weights=weights, ties=ties).drop(columns="alike")


def votes_of(
    annotations: pd.DataFrame,
    control: str,
    *,
    min_votes: Any = 1,
    weights: Mapping[str, Any] | None = None,
    ties: str = "missing",
    is_set: bool = False,
) -> pd.DataFrame:
    """Return what ``majority`` returns, and in a column ``alike`` whether all votes are the same, whatever they weigh.

    Args:
        annotations: As of ``majority``.
        control: Likewise.
        min_votes: Likewise.
        weights: Likewise.
        ties: Likewise.
        is_set: Whether answers are sets, whatever these annotations hold.
    """
    wide = wide_of(annotations, control, is_set=is_set)
    few = checks.whole("min_votes", min_votes, least=1)
    problems = [few] if few else []
    people = [str(name) for name in wide.columns]
    counted = np.ones(len(people))
    for name, weight in (weights or {}).items():
        if name not in people:
            problems.append(f"weights names {name!r}, who is no annotator here.{nearest(name, people)}")
        elif not isinstance(weight, numbers.Real) or not 0 <= float(weight) < float("inf"):
            problems.append(f"The weight of {name!r} is {weight!r}: give a number of 0 or more.")
        else:
            counted[people.index(name)] = float(weight)
    if ties not in ("missing", *AMONG_NUMBERS) and ties not in people:
        problems.append(f"ties is {ties!r}: give 'missing', {', '.join(map(repr, AMONG_NUMBERS))} or an annotator.")
    if problems:
        raise InputError(problems)
    is_pages = is_paged(annotations, control)
    if is_pages:
        with repeats_told():  # which annotation counts was said above
            units = pages_of(annotations, control, is_set=is_set).reindex(columns=wide.columns)
    else:
        units = wide
    present = units.notna().to_numpy(dtype="bool")
    cells = units.to_numpy(dtype="object")
    rows: list[tuple[Any, ...]] = []
    for item, votes, cast in zip(units.index, cells, present, strict=True):
        counts: dict[Any, float] = {}
        for vote, weight in zip(votes[cast].tolist(), counted[cast].tolist(), strict=True):
            counts[vote] = counts.get(vote, 0.0) + weight
        n, total = int(cast.sum()), sum(counts.values())
        top = max(counts.values(), default=0.0)
        # Weights such as 0.1 + 0.2 and 0.3 are equal.
        winners = [value for value, weight in counts.items() if total and weight >= top * (1 - 1e-9)]
        enough = n >= min_votes and bool(winners)
        tie = enough and len(winners) > 1
        own = dict(zip(people, votes, strict=True)).get(ties)
        value = (_decide(winners, ties, own, control) if tie else winners[0]) if enough else None
        rows.append((item, value, n, top / total if total else np.nan, tie, len(counts) == 1))
    if is_pages:
        kinds = _of_control(annotations, control).get("kind", pd.Series(dtype="object")).dropna().unique()
        rows = _of_whole_items(rows, list(wide.index), keeps_order=list(kinds) == [TEXT_AREA.kind])
    items, values, n_votes, shares, tied, alike = zip(*rows, strict=True) if rows else ((), (), (), (), (), ())
    array = np.empty(len(values), dtype="object")
    array[:] = values
    known = [value for value in values if value is not None]
    return pd.DataFrame(
        {
            "item": pd.Series(items, dtype=wide.index.dtype),
            "value": _typed(known, bool(known) and isinstance(known[0], tuple))(array),
            "n": pd.Series(n_votes, dtype="int64"),
            "share": pd.Series(shares, dtype="float64"),
            "tie": pd.Series(tied, dtype="bool"),
            "alike": pd.Series(alike, dtype="bool"),
        }
    )


def _of_whole_items(pages: list[tuple[Any, ...]], items: list[Any], *, keeps_order: bool) -> list[tuple[Any, ...]]:
    """Return what was voted of each page as one vote of each item: its pages' winners together, or none.

    Texts keep the order of pages, as ``widen`` has them.
    """
    found: dict[Any, list[tuple[Any, ...]]] = {item: [] for item in items}
    for (item, page), *vote in pages:
        if vote[1]:
            found[item].append((page, *vote))
    rows: list[tuple[Any, ...]] = []
    for item, votes in found.items():
        if not votes:
            rows.append((item, None, 0, np.nan, False, False))
            continue
        votes.sort(key=lambda vote: (len(vote[0]), vote[0]))
        _, values, n, shares, tied, alike = zip(*votes, strict=True)
        said = [
            f"{page}: {one}"
            for page, value, *_ in votes
            if value is not None
            for one in (value if isinstance(value, tuple) else [value])
        ]
        value = None if any(value is None for value in values) else tuple(said if keeps_order else sorted(said))
        # Shares are missing where all who voted weigh nothing.
        rows.append((item, value, max(n), min(shares, key=lambda one: (one == one, one)), any(tied), all(alike)))
    return rows


def pages_of(annotations: pd.DataFrame, control: str, *, is_set: bool) -> pd.DataFrame:
    """Return the answers to a question that is asked of each page: as ``widen``, a row for each page.

    Args:
        annotations: The long table.
        control: The name of a control.
        is_set: Whether answers are sets whatever these annotations hold.
    """
    handed_in = latest(checked(annotations, control))
    done = handed_in[handed_in["control"].eq(control).fillna(False).astype(bool)]
    # Whoever handed an item in was asked about each of its pages, and may have chosen nothing on one.
    once = handed_in.drop_duplicates(["item", "annotator"]).drop(columns="page").assign(control="")
    asked = done.loc[done["item"].notna(), ["item", "page"]].drop_duplicates()
    done = pd.concat([done, once.merge(asked, on="item")[list(done.columns)]], ignore_index=True)
    done.attrs.update(annotations.attrs)  # which several may be chosen of, where a config said so
    pages = done["page"].astype("Int64").astype("string").fillna("–")
    wide = wide_of(done.assign(item=done["item"] + "\x1f" + pages, page=None), control, is_set=is_set)
    parts = [item.rpartition("\x1f") for item in wide.index]
    both = [[item for item, _, _ in parts], [page for _, _, page in parts]]
    return wide.set_axis(pd.MultiIndex.from_arrays(both), axis="index")


def _decide(winners: list[Any], ties: str, own: Any, control: str) -> Any:
    if ties == "missing":
        return None
    if ties in AMONG_NUMBERS:
        if not all(isinstance(value, numbers.Real) for value in winners):
            raise InputError(f"The answers to {control!r} are no numbers, so none is the {ties}: leave out ties.")
        if ties == "median":
            return float(np.median(winners))
        return min(winners) if ties == "lowest" else max(winners)
    return own if own in winners else None


def checked(annotations: pd.DataFrame, control: str, *, is_needed: bool = True) -> pd.DataFrame:
    """Return the long table with items and annotators as text.

    Args:
        annotations: The long table, perhaps saved and read again; it is not changed.
        control: A control that should be in it, unless nobody has answered anything.
        is_needed: Whether it must be there then.

    Raises:
        InputError: No long table, or no such control in it.

    Example:
        >>> checked(pd.DataFrame({"item": [7]}), "mood")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        lsnb.errors.InputError: This is not the long table of annotations (no column annotator, control, ...
    """
    require_columns(annotations, "item", "annotator", "control", "value", "status")
    controls = sorted({str(name) for name in annotations["control"].dropna().unique()})
    if is_needed and controls and control not in controls:
        raise InputError(
            f"No annotation answers a control {control!r}.{nearest(control, controls)} "
            f"Controls there: {listing(controls, 12)}."
        )
    if said := _asked_in_ways(annotations, control):
        warn(said, is_of_data=True)
    return first_time(annotations.assign(item=_names(annotations["item"]), annotator=_names(annotations["annotator"])))


def _asked_in_ways(annotations: pd.DataFrame, control: str) -> str:
    """Return a sentence of a question that two configs ask in different ways under one name; else nothing."""
    if "kind" not in annotations.columns:
        return ""
    asked = annotations[annotations["control"].eq(control).fillna(False).astype(bool)]
    found = [str(kind) for kind in asked["kind"].dropna().unique() if kind in ANSWERS]
    if len(found) < 2:
        return ""
    if "project" in annotations.columns:
        of = [asked.loc[asked["kind"].eq(kind).fillna(False).astype(bool), "project"].dropna() for kind in found]
        places = [f" in project {listing(list(numbers.unique()), 3)}" if len(numbers) else "" for numbers in of]
        found = [f"{kind}{place}" for kind, place in zip(found, places, strict=True)]
    return (
        f"{control!r} is a question of several kinds ({joined(found)}), whose answers are compared as if they were of "
        "one: keep the rows of one kind, or give the questions names of their own."
    )


def repeats_in(annotations: pd.DataFrame) -> dict[str, str]:
    """Return each hidden repeat in a table (``sample(repeats=)``) and the item that it is of, which is there, too.

    Args:
        annotations: The long table.

    Example:
        >>> repeats_in(pd.DataFrame({"item": ["a", "a~2", "b~2"]}))
        {'a~2': 'a'}
    """
    items = annotations["item"]
    if not (pd.api.types.is_string_dtype(items.dtype) or items.dtype == "object"):
        return {}  # numbers
    ends = items.astype(TEXT_DTYPE).str.endswith(REPEAT).fillna(False).astype(bool)
    if not ends.any():
        return {}
    firsts = {str(item): str(repeated(str(item))) for item in items[ends].unique()}
    there = set(items[items.astype("object").isin(list(firsts.values()))].astype(str))
    return {item: first for item, first in sorted(firsts.items()) if first in there}


def first_time(annotations: pd.DataFrame) -> pd.DataFrame:
    """Return the long table without hidden repeats, which are no items of their own; a warning counts them.

    Args:
        annotations: The long table; it is not changed.
    """
    again = repeats_in(annotations)
    if not again:
        return annotations
    are = counted(len(again), "item is a hidden repeat", "items are hidden repeats")
    words = f"{are} ({listing(list(again))}) and {HIDDEN}: agreement(...).again compares each person's answers."
    warn(words, is_of_data=True)
    return annotations[~annotations["item"].astype("object").isin(list(again))]


def _names(column: pd.Series[Any]) -> pd.Series[str]:
    """Return items or annotators as text: a table that was saved and read again may have numbers for them."""
    if isinstance(column.dtype, pd.StringDtype) and column.dtype == TEXT_DTYPE and not column.str.strip().eq("").any():
        return column
    codes, given = pd.factorize(column)
    known = []
    for value in np.asarray(given, dtype="object").tolist():
        try:
            known.append(key_text(value))
        except RoundedKeyError:
            raise InputError(
                f"Column {column.name!r} holds decimal or rounded numbers: read the saved annotations with "
                "lsnb.read_table(path, key='item')."
            ) from None
    names = pd.Series([*known, None], dtype="object").astype(TEXT_DTYPE).array
    return pd.Series(names.take(codes), index=column.index, name=column.name)


def _done(annotations: pd.DataFrame) -> pd.DataFrame:
    return annotations[annotations["status"].isin(DONE) & annotations["annotator"].notna()]


def _heads(annotations: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return the rows that are done, one row for each annotation in them, earliest first, and what tells them apart."""
    done = _done(annotations)
    order = [name for name in ("updated_at", "annotation", "project", "task") if name in done.columns]
    which = ["item", "annotator", *order]
    heads = done[which].drop_duplicates()
    if "updated_at" in order and heads.duplicated(["item", "annotator"]).any():
        when = pd.to_datetime(heads["updated_at"], utc=True, format="ISO8601")
        heads = heads.assign(__when=when).sort_values(["__when", *order[1:]], na_position="first")
    return done, heads, which


REPEATED = "more than one annotation by the same person"
HIDDEN = "not counted again"


@contextmanager
def repeats_told() -> Iterator[None]:
    """Do not say again, within, what ``latest`` and ``first_time`` say of what came twice: who asks was told."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=f".* ({REPEATED}|{HIDDEN})")
        yield


def latest(annotations: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each person's last annotation of each item, skipped ones too, with a warning for others.

    Args:
        annotations: The long table; it is not changed.

    Example:
        >>> rows = [("1", "ana", "skipped", "2026-01-02"), ("1", "ben", "draft", "2026-01-02")]
        >>> latest(pd.DataFrame(rows, columns=["item", "annotator", "status", "updated_at"]))["annotator"].tolist()
        ['ana']
    """
    done = _done(annotations)
    if not done.duplicated(["item", "annotator"]).any():
        return done
    done, heads, which = _heads(annotations)
    if not heads.duplicated(["item", "annotator"]).any():
        return done
    last = heads.drop_duplicates(["item", "annotator"], keep="last")
    again = sorted(set(heads[heads.duplicated(["item", "annotator"])]["item"]))
    have = counted(len(again), "item has", "items have")
    warn(
        f"{have} {REPEATED} ({listing(again)}): "
        "the latest of each person counts, and widen(..., repeats='all') has all of them.",
        is_of_data=True,
    )
    kept = pd.MultiIndex.from_frame(done[which]).isin(pd.MultiIndex.from_frame(last[which]))
    return done[kept]


def replaced(annotations: pd.DataFrame) -> int:
    """Return how many annotations there are that a later one of the same item by the same person replaces.

    Args:
        annotations: The long table.

    Example:
        >>> rows = [("1", "ana", "skipped", "2026-01-02"), ("1", "ana", "submitted", "2026-01-03")]
        >>> replaced(pd.DataFrame(rows, columns=["item", "annotator", "status", "updated_at"]))
        1
    """
    return int(_heads(annotations)[1].duplicated(["item", "annotator"]).sum())


def _numbered(annotations: pd.DataFrame) -> pd.Series[str]:
    """Return annotators, each later annotation of an item by the same person as that of another one."""
    done, heads, which = _heads(annotations)
    number = done.groupby(which, dropna=False, sort=False).ngroup()
    turn = heads.groupby(["item", "annotator"]).cumcount() + 1
    turns = number.map(dict(zip(number[heads.index], turn, strict=True))).reindex(annotations.index, fill_value=1)
    names: list[str] = annotations["annotator"].astype("object").tolist()
    taken = set(names)
    rows = list(zip(names, map(int, turns), strict=True))
    called: dict[tuple[str, int], str] = {}
    for name, place in sorted({(name, n) for name, n in rows if n > 1}):
        # Somebody may be called "study (2)": so browsers name a further download of one name.
        free = place
        while f"{name} ({free})" in taken:
            free += 1
        called[name, place] = f"{name} ({free})"
        taken.add(called[name, place])
    given = [called.get(row, row[0]) for row in rows]
    return pd.Series(given, index=annotations.index, dtype=TEXT_DTYPE)


def _countable(value: Any) -> Any:
    """Return a value that can be counted: dicts and lists (rankings, unknown types) as their JSON."""
    if isinstance(value, (dict, list)):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str).decode()
    return value


def _typed(values: list[Any], several: bool) -> Callable[[np.ndarray[Any, Any]], pd.Series[Any]]:
    """Return what makes a column of cells: numbers if all answers are, text if all are, else as they are."""
    if several:
        return lambda cells: pd.Series(cells, dtype="object")
    kind = pd.api.types.infer_dtype(values, skipna=False)
    if kind == "empty" or not values:
        return lambda cells: pd.Series(cells, dtype="object").astype(TEXT_DTYPE)
    if kind == "string":
        return lambda cells: pd.Series(cells, dtype="object").infer_objects()
    if all(isinstance(value, numbers.Real) and not isinstance(value, bool) for value in values):
        return lambda cells: pd.Series(cells, dtype="object").astype("float64")
    return lambda cells: pd.Series(cells, dtype="object")


# Several answers as yes or no for each of them.


@checks.checked
def indicators(annotations: Annotations, control: str, *, options: Sequence[Hashable] | None = None) -> pd.DataFrame:
    """Return a column of 1 and 0 for each option of a control: whether the annotator chose it.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        options: All options in their order, such as ``config.controls[control].labels``, so that one nobody chose
            has its column. By default those that somebody chose, sorted.

    Returns:
        ``item, annotator``, then a column ``control: option`` for each option. A row for each answered item and
        annotator; whoever did not answer has no row, rather than a row of zeros.

    Raises:
        InputError: No long table, no such control, or an answer that is not among the options.

    Example:
        >>> rows = [("1", "ana", "x"), ("1", "ana", "y"), ("2", "ana", "y")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> indicators(long, "mood").values.tolist()
        [['1', 'ana', 1, 1], ['2', 'ana', 0, 1]]
    """
    wide = widen(annotations, control)
    items, people, chosen = [], [], []
    for item, cells, present in zip(
        wide.index, wide.to_numpy(dtype="object"), wide.notna().to_numpy(dtype="bool"), strict=True
    ):
        for person, cell, given in zip(wide.columns, cells, present, strict=True):
            if given:
                items.append(item)
                people.append(person)
                chosen.append(cell if isinstance(cell, tuple) else (cell,))
    found = sorted({option for cell in chosen for option in cell}, key=lambda option: (str(option), str(type(option))))
    names: list[Any] = list(found if options is None else options)
    unknown = [option for option in found if option not in names]
    if unknown:
        raise InputError(f"Some answers to {control!r} are not among the options: {listing(unknown)}.")
    place = {option: number for number, option in enumerate(names)}
    ones = np.zeros((len(chosen), len(names)), dtype=np.int8)
    for row, cell in enumerate(chosen):
        ones[row, [place[option] for option in cell]] = 1
    columns: dict[str, Any] = {
        "item": pd.Series(items, dtype=wide.index.dtype),
        "annotator": pd.Series(people, dtype=wide.columns.dtype),
    }
    columns |= {f"{control}: {option}": ones[:, number] for number, option in enumerate(names)}
    return pd.DataFrame(columns)
