"""What is wrong with the arguments of a sync, found before anything is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from lsnb.tables.keys import listing, nearest


def argument_problems(*, columns: object, predictions: object, bucket: object) -> list[str]:
    """Return which arguments are of another type than they must be, as sentences.

    Args:
        columns: Should map columns of the table to fields of the config.
        predictions: Should map columns of the table to controls.
        bucket: Should be an open bucket.

    Example:
        >>> argument_problems(columns=None, predictions={"guess": "mood"}, bucket="photos")
        ["bucket is 'photos': open it first, with bucket=lsnb.open_bucket('photos')."]
    """
    named = (("columns", columns, "{'img': 'image'}"), ("predictions", predictions, "{'guess': 'mood'}"))
    problems = [
        f"{name} is {given!r}: give pairs such as {example}, with the table's column first."
        for name, given, example in named
        if given is not None and not isinstance(given, Mapping)
    ]
    if isinstance(bucket, str):
        problems.append(f"bucket is {bucket!r}: open it first, with bucket=lsnb.open_bucket({bucket!r}).")
    return problems


def choice_problems(answers: object, on_removed: object, names: Sequence[str]) -> list[str]:
    """Return what is wrong with ``answers`` and ``on_removed``, as sentences.

    Args:
        answers: Whose answers the table should get.
        on_removed: What should become of items that are no longer in the table.
        names: Everybody's names.

    Example:
        >>> choice_problems("Ana", "keep", ["ana", "ben"])
        ["answers is 'Ana': give 'majority', 'all' or one of ana, ben. Did you mean 'ana'?"]
    """
    problems = []
    whose = ("majority", "all", *names)
    if answers not in whose:
        hint = nearest(answers, whose)
        problems.append(f"answers is {answers!r}: give 'majority', 'all' or one of {', '.join(names)}.{hint}")
    if on_removed not in ("keep", "delete"):
        problems.append(f"on_removed is {on_removed!r}: give 'keep' or 'delete'.")
    return problems


def stranger_problems(
    table: pd.DataFrame, items: Sequence[str], seen: Collection[str], *, key: str, deletes: bool
) -> list[str]:
    """Return why a table seems to be another one than the study's, as sentences.

    Args:
        table: The user's table.
        items: Its keys as text.
        seen: The items that the study holds.
        key: The column that identifies an item.
        deletes: Whether items that are not in the table are to be deleted.

    Example:
        >>> stranger_problems(pd.DataFrame({"id": [7, 8]}), ["7", "8"], ["007", "008"], key="id", deletes=False)
        ["Column 'id' lost the zeros in front of its keys (7 is 007 in the study): read the file ..."]
    """
    new = [item for item in items if item not in seen]
    if pd.api.types.is_numeric_dtype(table[key]):
        full = {item.lstrip("0"): item for item in seen if item.startswith("0")}
        cut = next((item for item in new if item.lstrip("0") in full), None)
        if cut is not None:
            return [
                f"Column {key!r} lost the zeros in front of its keys ({cut} is {full[cut.lstrip('0')]} in the study): "
                f"read the file with lsnb.read_table(path, key={key!r}), which keeps them."
            ]
    if deletes and seen and len(new) == len(items):
        return [
            f"None of the table's items is in the study, so on_removed='delete' would take everything away "
            f"({listing(sorted(seen))}): check that this is the study's table and that {key!r} names its items."
        ]
    return []
