"""Drawing rows: simple, stratified and weighted samples, and more of the same."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, get_args

import pandas as pd

from lsnb.errors import InputError, KeyColumnError
from lsnb.kernel import checks
from lsnb.kernel.tally import sheet_rows
from lsnb.kernel.words import counted, joined, listing, looking_alike, nearest, nearest_column, warn
from lsnb.sampling.chance import apportion, check_seed, is_whole, parse_percent, permanent_number, rounded_share
from lsnb.tables.keys import check_key

# Items that the same person annotates twice, without being told so: their keys alone say it, since nothing else of a
# table need travel to those who annotate.


REPEAT = "~2"


def repeated(item: str) -> str | None:
    """Return the item that a hidden repeat is of, None for another item.

    Args:
        item: A key; what ``sample(repeats=)`` drew again ends in ``~2``.

    Example:
        >>> repeated("a17~2"), repeated("a17")
        ('a17', None)
    """
    return item.removesuffix(REPEAT) or None if item.endswith(REPEAT) else None


# Who annotates what: each annotator's items, in an order of their own.


Overlap = str | int | Mapping[str, Sequence[str]]


def assign(
    keys: Iterable[str], annotators: Sequence[str], *, overlap: Overlap = "full", seed: int = 0
) -> dict[str, list[str]]:
    """Return each annotator's items, in the order in which to annotate them.

    Loads differ by at most one item (groups: within a group), pairs of annotators share about as many items
    as other pairs, and each annotator has an order of their own, so that fatigue does not fall on the same
    items. Hidden repeats (``sample(repeats=)``) go to those who have the item, and are not counted for that. The
    seed, the keys and the names alone decide, not their order.

    Args:
        keys: The items, each once.
        annotators: Their names, each once.
        overlap: ``"full"``: everybody annotates everything. A whole number: so many annotators an item. A
            percentage such as ``"20%"``: that share of the items is annotated by two (halves rounded up, at
            least one item), the others by one. Groups, as ``{"first": ["ana", "ben"], "second": ["eva"]}``:
            each item goes to one group, all of whose members annotate it.
        seed: Any whole number.

    Returns:
        Annotator → keys, annotators in the order given.

    Raises:
        InputError: A parameter is wrong; all of them at once.

    Example:
        >>> shares = assign(["a", "b", "c", "d"], ["ana", "ben"], overlap="50%")
        >>> sorted(len(items) for items in shares.values())
        [3, 3]
    """
    items, key_faults = _texts("keys", keys)
    names, name_faults = _texts("annotators", annotators)
    problems = check_seed(seed) + key_faults + name_faults
    if not (key_faults or name_faults):
        problems += _faults(items, names, overlap)
    share = None
    if isinstance(overlap, str) and overlap != "full":
        try:
            share = parse_percent(overlap, "overlap")
        except InputError as error:
            problems.append(str(error).replace("give", "give 'full', a whole number, or"))
    if problems:
        raise InputError(problems)
    known = set(items)
    again = {item: first for item in items if (first := repeated(item)) in known and first is not None}
    order = sorted(known - again.keys(), key=lambda item: (permanent_number(seed, "assign", item), item))
    if isinstance(overlap, Mapping):
        teams = _by_groups(order, overlap, seed)
    elif overlap == "full":
        teams = dict.fromkeys(order, names)
    else:
        if not isinstance(overlap, str):
            coders = [int(overlap)] * len(order)
        else:
            doubly = rounded_share(share or 0, len(order))
            coders = [2] * doubly + [1] * (len(order) - doubly)
        teams = _balanced(order, coders, names, seed)
    shares: dict[str, list[str]] = {name: [] for name in names}
    for item, team in (*teams.items(), *((item, teams[first]) for item, first in again.items())):
        for name in team:
            shares[name].append(item)
    return {
        name: sorted(own, key=lambda item, name=name: (permanent_number(seed, "order", name, item), item))  # type: ignore[misc]
        for name, own in shares.items()
    }


def _texts(what: str, given: object) -> tuple[list[str], list[str]]:
    """Return a list of texts, and what is wrong with it."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        return [], [f"{what} is {given!r}: give a list of texts, such as ['ana', 'ben']."]
    entries = list(given)
    others = [repr(entry) for entry in entries if not isinstance(entry, str)]
    if others:
        return [], [f"{what} must be texts, and these are not: {listing(others)}. Write them in quotes."]
    return entries, []


def _faults(items: list[str], names: list[str], overlap: Overlap) -> list[str]:
    problems = []
    repeated = [item for item, count in Counter(items).items() if count > 1]
    if repeated:
        problems.append(f"These keys come more than once: {listing(repeated)}. Give each item once.")
    if not names:
        problems.append("There are no annotators: give their names, such as ['ana', 'ben'].")
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        problems.append(f"These annotators come more than once: {listing(doubled)}. Give each name once.")
    odd = _odd_groups(overlap) if isinstance(overlap, Mapping) else []
    if odd:
        problems += odd
    elif isinstance(overlap, Mapping):
        members = [member for group in overlap.values() for member in group]
        strangers = [member for member in dict.fromkeys(members) if member not in names]
        problems += [f"{member!r} is in a group but no annotator.{nearest(member, names)}" for member in strangers]
        idle = [name for name in names if name not in members]
        if idle:
            problems.append(f"These annotators are in no group: {listing(idle)}. Put each in one.")
        problems += [f"The group {group!r} has no members." for group, team in overlap.items() if not len(team)]
        problems += [
            f"The group {group!r} names someone twice." for group, team in overlap.items() if len(set(team)) < len(team)
        ]
    elif not (is_whole(overlap) or isinstance(overlap, str)):
        problems.append(f"overlap is {overlap!r}: give 'full', a whole number, a percentage such as '20%', or groups.")
    elif not isinstance(overlap, str) and not 1 <= overlap <= max(1, len(names)):
        problems.append(f"overlap is {overlap}: with {len(names)} annotators give 1 to {len(names)}, or 'full'.")
    elif isinstance(overlap, str) and overlap != "full" and len(names) == 1:
        problems.append(f"overlap is {overlap!r}, and with one annotator nothing can be annotated twice: give 'full'.")
    return problems


def _odd_groups(groups: Mapping[str, object]) -> list[str]:
    return [
        f"The group {group!r} is {team!r}: give a list of annotators, such as ['ana', 'ben']."
        for group, team in groups.items()
        if _texts("", team)[1]
    ]


def _by_groups(order: list[str], groups: Mapping[str, Sequence[str]], seed: int) -> dict[str, list[str]]:
    names = sorted(groups, key=lambda group: permanent_number(seed, "group", group))
    return {item: list(groups[names[number % len(names)]]) for number, item in enumerate(order)}


def _balanced(order: list[str], coders: list[int], names: list[str], seed: int) -> dict[str, list[str]]:
    """Give each item to the least loaded; among equals to those who have shared least with its team so far.

    Taking the least loaded keeps loads within one of each other at every step.
    """
    load: Counter[str] = Counter()
    shared: Counter[frozenset[str]] = Counter()
    teams: dict[str, list[str]] = {}
    for item, size in zip(order, coders, strict=True):
        chance = {name: permanent_number(seed, "team", item, name) for name in names}
        team: list[str] = []
        for _ in range(size):
            rest = [name for name in names if name not in team]
            chosen = min(
                rest,
                key=lambda name: (load[name], sum(shared[frozenset((name, mate))] for mate in team), chance[name]),
            )
            team.append(chosen)
        for name in team:
            load[name] += 1
            for mate in team:
                if mate != name:
                    shared[frozenset((name, mate))] += 1
        teams[item] = team
    return teams


Allocation = Literal["proportional", "equal"]
Weights = str | Sequence[float] | pd.Series


@dataclass(frozen=True)
class Frame:
    """The sampling frame: what can be drawn, in which order, from which strata.

    Args:
        keys: The key of each row.
        priorities: The smaller, the sooner a row is drawn; infinite where it never is (weight 0).
        by: The columns that make the strata.
        strata: The stratum of each row, as a tuple of values of ``by``.
    """

    keys: list[str]
    priorities: list[float]
    by: tuple[Hashable, ...]
    strata: list[tuple[Any, ...]]

    def first(self, n: int, among: Sequence[int]) -> list[int]:
        """Return the ``n`` rows that are drawn first among some."""
        drawable = [row for row in among if math.isfinite(self.priorities[row])]
        # Keys decide between equal numbers, so that the order of rows never does.
        return sorted(drawable, key=lambda row: (self.priorities[row], self.keys[row]))[:n]


def sample(
    table: pd.DataFrame,
    *,
    key: str,
    n: int | None = None,
    percent: float | None = None,
    by: str | Sequence[str] | None = None,
    weights: Weights | None = None,
    allocation: Allocation = "proportional",
    seed: int = 0,
    repeats: int | str = 0,
) -> pd.DataFrame:
    """Return a random sample of a table's rows.

    The seed and the keys alone decide: the same seed draws the same rows whatever the order of the table,
    and, without strata, a sample of 15 contains the sample of 10. Each row has a permanent random number u
    (``chance.permanent_number``); the n smallest are drawn. With weights w the n smallest of −ln(u)/w are,
    which is weighted sampling without replacement (Efraimidis & Spirakis 2006, "Weighted random sampling
    with a reservoir", Information Processing Letters 97).

    Strata share n in proportion to their rows by the method of largest remainders, so a small stratum can
    get none; ``allocation="equal"`` gives each the same, and what a small stratum lacks to the others.

    Args:
        table: The rows to draw from; it is not changed.
        key: The column that identifies rows.
        n: How many rows. With more than there are, all are taken, with a warning.
        percent: Instead of ``n``, above 0 and at most 100. Halves are rounded up, and one row is the least:
            30 percent of 1 row is 1 row.
        by: A column, or several, that make the strata. Missing values are a stratum of their own.
        weights: A column, or a number for each row: the larger, the likelier. Rows of weight 0 are never drawn.
        allocation: ``"proportional"`` or ``"equal"``, with ``by``.
        seed: Any whole number.
        repeats: How many of the drawn rows, or what share of them (``"10%"``), come a second time, for agreement within
            a person. A repeat has the item's key with ``~2`` behind it, which annotators do not see; ``assign`` gives
            it to those who have the item. Figures, votes and gold leave repeats out, and ``agreement(...).again``
            compares each person's two answers.

    Returns:
        The drawn rows in the table's order, with its index, columns and dtypes; behind them the repeats, if any, and
        then the key as text and ``repeat_of``, the key of the item. ``.attrs["lsnb"]`` holds how they were drawn;
        ``strata_table`` shows what each stratum gave.

    Raises:
        InputError: A parameter is wrong; all of them at once.
        KeyColumnError: The key does not identify the rows.

    Example:
        >>> table = pd.DataFrame({"ID": list("abcdef"), "group": list("xxxxyy")})
        >>> drawn = sample(table, key="ID", n=3, by="group")
        >>> drawn["group"].tolist()
        ['x', 'x', 'y']
        >>> shuffled = table.sample(frac=1, random_state=1)
        >>> set(sample(shuffled, key="ID", n=3, by="group")["ID"]) == set(drawn["ID"])
        True
    """
    faults = _repeats_faults(repeats)
    frame = _frame(table, key, n, percent, by, weights, allocation, seed, faults)
    rows = range(len(table))
    wanted = int(n) if n is not None else rounded_share(percent or 0, len(table))
    drawn, strata = _draw(frame, rows, wanted, allocation, seed, before=[])
    how = {"key": key, "seed": int(seed), "allocation": allocation, "is_weighted": weights is not None}
    found = _drawn_rows(table, frame, drawn, strata, wanted, **how)
    return _with_repeats(found, key, [frame.keys[row] for row in drawn], repeats, int(seed)) if repeats else found


def _repeats_faults(repeats: object) -> list[str]:
    if isinstance(repeats, str):
        try:
            parse_percent(repeats, "repeats")
        except InputError as error:
            return list(error.problems)
    elif not is_whole(repeats) or repeats < 0:  # type: ignore[operator]
        return [f"repeats is {repeats!r}: give how many rows come twice, or a share such as '10%'."]
    return []


def _with_repeats(found: pd.DataFrame, key: str, keys: list[str], repeats: int | str, seed: int) -> pd.DataFrame:
    """Return a sample with some of its rows a second time, under keys of their own."""
    taken = [text for text in keys if repeated(text) is not None]
    if taken:
        raise InputError(
            f"The keys {listing(taken)} end in {REPEAT}, as hidden repeats do: name these items otherwise."
        )
    if "repeat_of" in found.columns:
        raise InputError("The table has a column 'repeat_of', which a sample with repeats has: rename it.")
    count = rounded_share(parse_percent(repeats, "repeats"), len(keys)) if isinstance(repeats, str) else int(repeats)
    if count > len(keys):
        raise InputError(f"repeats is {count}, and {len(keys)} rows are drawn: give as many at most.")
    order = sorted(range(len(keys)), key=lambda row: (permanent_number(seed, "repeat", keys[row]), keys[row]))
    rows = sorted(order[:count])
    again = found.iloc[rows].copy()
    again[key] = [keys[row] + REPEAT for row in rows]
    whole = pd.api.types.is_integer_dtype(found.index.dtype)
    first = int(found.index.max()) + 1 if whole else 0
    again.index = pd.Index(
        range(first, first + count) if whole else [f"{label}{REPEAT}" for label in again.index], name=found.index.name
    )
    made = pd.concat([found.assign(**{key: keys}), again])
    made["repeat_of"] = pd.Series([None] * len(keys) + [keys[row] for row in rows], index=made.index, dtype="object")
    made.attrs = {**found.attrs, "lsnb": {**found.attrs["lsnb"], "repeats": count}}
    return made


def extend_sample(
    sample: pd.DataFrame,
    table: pd.DataFrame,
    *,
    key: str,
    n: int | None = None,
    percent: float | None = None,
    by: str | Sequence[str] | None = None,
    weights: Weights | None = None,
    allocation: Allocation = "proportional",
    seed: int = 0,
) -> pd.DataFrame:
    """Return further rows of a table, none of which is in the sample yet.

    With the seed and the weights of the first draw, extending 10 by 5 gives what a sample of 15 has beyond
    the 10. With strata the new rows go where the sample of both together would need them most.

    Args:
        sample: What was drawn before (its key column is enough; it may come from a file).
        table: The table it was drawn from; it may have new rows.
        key: The column that identifies rows in both.
        n: How many more rows.
        percent: Instead of ``n``, of the whole table's rows.
        by: As in ``sample``.
        weights: As in ``sample``.
        allocation: As in ``sample``.
        seed: As in ``sample``.

    Returns:
        The new rows alone, in the table's order: ``pd.concat([sample, new])`` is both.

    Raises:
        InputError: A parameter is wrong, or no key of the sample is in the table.
        KeyColumnError: The key does not identify the rows.

    Example:
        >>> table = pd.DataFrame({"ID": list("abcdef")})
        >>> from lsnb.sampling import sample
        >>> first = sample(table, key="ID", n=2)
        >>> more = extend_sample(first, table, key="ID", n=2)
        >>> set(first["ID"]) | set(more["ID"]) == set(sample(table, key="ID", n=4)["ID"])
        True
    """
    frame = _frame(table, key, n, percent, by, weights, allocation, seed)
    known = set(check_key(sample, key))
    before = [row for row, text in enumerate(frame.keys) if text in known]
    if known and not before:
        raise InputError(f"No key of the sample is in the table's column {key!r}: is it the table it was drawn from?")
    if strangers := sorted(text for text in known - set(frame.keys) if repeated(text) not in known):
        warn(
            f"{counted(len(strangers), 'key')} of the sample {'is' if len(strangers) == 1 else 'are'} not in the "
            f"table's column {key!r} ({listing(strangers)}): what is drawn may be in the sample under another key. Is "
            "it the table it was drawn from?"
        )
    rest = [row for row, text in enumerate(frame.keys) if text not in known]
    wanted = int(n) if n is not None else rounded_share(percent or 0, len(table))
    drawn, strata = _draw(frame, rest, wanted, allocation, seed, before=before)
    how = {"key": key, "seed": int(seed), "allocation": allocation, "is_weighted": weights is not None}
    return _drawn_rows(table, frame, drawn, strata, wanted, **how)


def strata_table(sample: pd.DataFrame) -> pd.DataFrame:
    """Return what each stratum gave to a sample: its values, ``rows``, ``before`` and ``sampled``.

    ``rows`` are the stratum's rows in the table, ``before`` those of them in the sample that was extended. Beside a
    column of such a name that makes the strata, it is ``rows (2)``.

    Args:
        sample: What ``sample`` or ``extend_sample`` returned (a file does not keep this).

    Raises:
        InputError: The table does not say how it was drawn.

    Example:
        >>> from lsnb.sampling import sample
        >>> table = pd.DataFrame({"ID": list("abcdef"), "group": list("xxxxyy")})
        >>> strata_table(sample(table, key="ID", n=3, by="group"))
          group  rows  before  sampled
        0     x     4       0        2
        1     y     2       0        1
    """
    drawn = sample.attrs.get("lsnb", {}) if isinstance(sample, pd.DataFrame) else {}
    if "strata" not in drawn:
        raise InputError("This table does not say how it was drawn: give what lsnb.sample returned, not a file of it.")
    return pd.DataFrame(drawn["strata"], columns=[*drawn["by"], *_counts_beside(drawn["by"])])


def _counts_beside(by: Sequence[Hashable]) -> list[str]:
    """Return the names of what is counted of each stratum, beside the columns that make these.

    Example:
        >>> _counts_beside(["group"]), _counts_beside(["rows"])
        (['rows', 'before', 'sampled'], ['rows (2)', 'before', 'sampled'])
    """
    names: list[str] = []
    for name in ("rows", "before", "sampled"):
        free = itertools.chain([name], (f"{name} ({n})" for n in itertools.count(2)))
        names.append(next(called for called in free if called not in by))
    return names


def describe_sample(sample: pd.DataFrame) -> str:
    """Return what a methods section says of how a sample was drawn.

    Args:
        sample: What ``sample`` or ``extend_sample`` returned, with all its rows (a file does not keep how these were
            drawn).

    Raises:
        InputError: The table does not say how it was drawn, or has other rows than were drawn.

    Example:
        >>> from lsnb.sampling import sample
        >>> table = pd.DataFrame({"ID": list("abcdef"), "group": list("xxxxyy")})
        >>> describe_sample(sample(table, key="ID", n=3, by="group", seed=7))
        '3 of 6 items were drawn at random (seed 7), in proportion to the strata of group.'
    """
    strata = strata_table(sample)
    how = sample.attrs["lsnb"]
    n, again = how["n"], how.get("repeats", 0)
    if len(sample) != n + again:
        raise InputError(
            f"{n + again} rows were drawn, and this table has {len(sample)}: give what lsnb.sample returned, unchanged."
        )
    rows, before, _ = (int(strata[name].sum()) for name in _counts_beside(how["by"]))
    chance = "with unequal probabilities" if how.get("is_weighted") else "at random"
    words = f"{n} of {counted(rows, 'item')} {'was' if n == 1 else 'were'} drawn {chance} (seed {how['seed']})"
    if n == rows:
        words = f"All of {counted(rows, 'item')} were taken"
    elif how["by"]:
        names = joined([str(name) for name in how["by"]])
        words += (
            f", in proportion to the strata of {names}"
            if how["allocation"] == "proportional"
            else f", the same number from each stratum of {names} as far as it has so many"
        )
    if before:
        words += f", beside {before} that had been drawn before"
    if again:
        words += f"; {again} of them {'comes' if again == 1 else 'come'} a second time"
    return f"{words}."


def _frame(
    table: pd.DataFrame,
    key: str,
    n: int | None,
    percent: float | None,
    by: str | Sequence[str] | None,
    weights: Weights | None,
    allocation: str,
    seed: int,
    faults: Sequence[str] = (),
) -> Frame:
    """Check every parameter of a draw, report all faults at once, and number the rows."""
    problems = [*check_seed(seed), *faults]
    keys: list[str] = []
    try:
        keys = check_key(table, key).tolist()
    except KeyColumnError as error:
        problems += error.problems
    if (n is None) == (percent is None):
        problems.append("Say how many rows to draw: either n=100 or percent=10, and not both.")
    if n is not None and not (is_whole(n) and n >= 1):
        problems.append(f"n is {n!r}: give a whole number of 1 or more.")
    is_number = isinstance(percent, Real) and not isinstance(percent, bool)
    if percent is not None and not (is_number and 0 < percent <= 100):
        problems.append(f"percent is {percent!r}: give a number above 0 and at most 100.")
    unknown = checks.choice("allocation", allocation, get_args(Allocation))
    problems += [unknown] if unknown else []
    columns, values, strata_problems = _strata_columns(table, by)
    problems += strata_problems
    numbers, weight_problems = _weights(table, weights)
    problems += weight_problems
    if not len(table):
        problems.append("The table has no rows to draw from.")
    if problems:
        kind = KeyColumnError if not keys and len(table) and len(problems) == 1 else InputError
        raise kind(problems)
    priorities = [permanent_number(seed, "sample", text) for text in keys]
    if numbers is not None:
        priorities = [-math.log(u) / w if w > 0 else math.inf for u, w in zip(priorities, numbers, strict=True)]
    strata = list(zip(*values, strict=True)) if values else [()] * len(table)
    return Frame(keys, priorities, columns, strata)


def tell_alike(column: Hashable, strata: Iterable[Any]) -> None:
    """Warn of strata that a reader would take for one.

    Args:
        column: What makes them.
        strata: Each item's; None for one that has none.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings(record=True, action="always") as said:
        ...     tell_alike("lang", ["de", "de ", None])
        >>> str(said[0].message)
        "Strata of 'lang' that look alike are kept apart ('de ' and 'de'): mend those that are one."
    """
    if alike := looking_alike((one for one in strata if one is not None), fold=True):
        warn(f"Strata of {column!r} that look alike are kept apart ({listing(alike)}): mend those that are one.")


def _strata_columns(table: pd.DataFrame, by: object) -> tuple[tuple[Hashable, ...], list[list[Any]], list[str]]:
    """Return the columns that make the strata, the values of each, and what is wrong with them."""
    named = () if by is None else (by,) if isinstance(by, str) or not isinstance(by, Iterable) else tuple(by)
    columns: list[Hashable] = []
    values: list[list[Any]] = []
    problems: list[str] = []
    for column in named:
        found = _columns_called(table, column)
        if len(found) != 1:
            problems.append(_not_one(table, column, len(found), "to make strata of"))
            continue
        cells = [None if _is_missing(value) else value for value in found[0].tolist()]
        unequal = [row for row, cell in enumerate(cells) if not _is_hashable(cell)]
        if unequal:
            problems.append(
                f"Column {column!r} holds lists or dicts ({sheet_rows(unequal, table)}), which make no strata: "
                "make a column of texts or numbers from it first."
            )
            continue
        tell_alike(column, cells)
        columns.append(column)
        values.append(cells)
    return tuple(columns), values, problems


def _columns_called(table: pd.DataFrame, name: object) -> list[pd.Series[Any]]:
    if not isinstance(table, pd.DataFrame) or checks.column("by", name):
        return []
    return [table.iloc[:, place] for place, other in enumerate(table.columns) if other == name]


def _not_one(table: pd.DataFrame, name: object, found: int, purpose: str) -> str:
    if found:
        return f"The table has {found} columns called {name!r}: rename all but one {purpose}."
    return f"The table has no column {name!r} {purpose}.{nearest_column(name, table.columns)}"


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _weights(table: pd.DataFrame, weights: Weights | None) -> tuple[list[float] | None, list[str]]:
    if weights is None:
        return None, []
    if isinstance(weights, str):
        found = _columns_called(table, weights)
        if len(found) != 1:
            return None, [_not_one(table, weights, len(found), "to take weights from")]
        column = found[0]
    elif isinstance(weights, pd.Series):
        column = weights.reindex(table.index) if weights.index.is_unique else weights
    elif isinstance(weights, Iterable) and not isinstance(weights, (Mapping, Set, pd.DataFrame)):
        column = pd.Series(list(weights), dtype="object")
    else:
        shown = f"{weights!r}" if isinstance(weights, Real) else f"a {type(weights).__name__}"
        return None, [f"weights is {shown}: give the name of a column, or a list with a number for each row."]
    if len(column) != len(table):
        return None, [f"There are {len(column)} weights for {len(table)} rows: give one for each row."]
    numbers = pd.to_numeric(column, errors="coerce").astype("float64").tolist()
    bad = [row for row, weight in enumerate(numbers) if not 0 <= weight < math.inf]
    if bad:
        rows = sheet_rows(bad, table)
        return None, [
            f"Weights must be numbers of 0 or more; {rows} {'has' if len(bad) == 1 else 'have'} none (the header is "
            "row 1)."
        ]
    if numbers and not any(numbers):
        return None, ["Every weight is 0, and rows of weight 0 are never drawn: give some rows a weight above 0."]
    return numbers, []


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _draw(
    frame: Frame, among: Sequence[int], wanted: int, allocation: str, seed: int, before: Sequence[int]
) -> tuple[list[int], list[dict[Hashable, Any]]]:
    """Return the drawn rows, and a record for each stratum."""

    def rows_by_stratum(rows: Sequence[int]) -> dict[tuple[Any, ...], list[int]]:
        found: dict[tuple[Any, ...], list[int]] = {}
        for row in rows:
            found.setdefault(frame.strata[row], []).append(row)
        return found

    everywhere = rows_by_stratum(range(len(frame.keys)))
    open_rows, earlier = rows_by_stratum(among), rows_by_stratum(before)
    names = sorted(everywhere, key=lambda name: tuple((value is None, str(value)) for value in name))
    ties = [permanent_number(seed, "stratum", *map(str, name)) for name in names]
    sizes = [len(everywhere[name]) if allocation == "proportional" else 1 for name in names]
    had = [len(earlier.get(name, [])) for name in names]
    candidates = [frame.first(len(frame.keys), open_rows.get(name, [])) for name in names]
    capacities = [len(rows) for rows in candidates]
    whole = apportion(wanted + len(before), sizes, [h + c for h, c in zip(had, capacities, strict=True)], ties)
    lacking = [max(0, w - h) for w, h in zip(whole, had, strict=True)]
    if sum(lacking) > wanted:
        # Some strata have more already than their share: the new rows go to the others, as far as they go.
        lacking = apportion(wanted, lacking, lacking, ties)
    drawn = [row for rows, count in zip(candidates, lacking, strict=True) for row in rows[:count]]
    titles = [*frame.by, *_counts_beside(frame.by)]
    records = [
        dict(zip(titles, (*name, len(everywhere[name]), h, count), strict=True))
        for name, h, count in zip(names, had, lacking, strict=True)
    ]
    return sorted(drawn), records


def _drawn_rows(
    table: pd.DataFrame, frame: Frame, drawn: list[int], strata: list[dict[Hashable, Any]], wanted: int, **how: Any
) -> pd.DataFrame:
    if len(drawn) < wanted:
        taken = "all of these are taken" if drawn else "every row that may be drawn is in the sample already"
        warn(f"{wanted} rows were asked for and {len(drawn)} can be drawn: {taken}.")
    rows = table.iloc[drawn].copy()
    rows.attrs = {**table.attrs, "lsnb": {**how, "n": len(drawn), "by": list(frame.by), "strata": strata}}
    return rows
