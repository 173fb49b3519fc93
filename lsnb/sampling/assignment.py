"""Who annotates what: each annotator's items, in an order of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from lsnb.errors import InputError
from lsnb.sampling.chance import check_seed, is_whole, parse_percent, permanent_number, rounded_share
from lsnb.tables.keys import listing, nearest

Overlap = str | int | Mapping[str, Sequence[str]]


def assign(
    keys: Iterable[str], annotators: Sequence[str], *, overlap: Overlap = "full", seed: int = 0
) -> dict[str, list[str]]:
    """Return each annotator's items, in the order in which to annotate them.

    Loads differ by at most one item (groups: within a group), pairs of annotators share about as many items
    as other pairs, and each annotator has an order of their own, so that fatigue does not fall on the same
    items. The seed, the keys and the names alone decide, not their order.

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
    order = sorted(items, key=lambda item: (permanent_number(seed, "assign", item), item))
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
    for item, team in teams.items():
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
