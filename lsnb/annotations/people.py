"""Who annotated, without their names: A, B, C."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence

import pandas as pd

from lsnb.annotations.long import TEXT_DTYPE


def anonymize(annotations: pd.DataFrame, *, order: Sequence[str] = ()) -> pd.DataFrame:
    """Return the long table with annotators called A, B, C.

    The letters do not depend on the order of rows: first those of ``order``, then the others by name, where numbers
    count as numbers, so that somebody who joins later with a higher account number does not change the letters.

    Args:
        annotations: The long table; it is not changed. Texts that people wrote, and ``project``, stay.
        order: Names in the order of letters, such as a study's annotators.

    Example:
        >>> table = pd.DataFrame({"item": ["1", "1", "2"], "annotator": ["10", "9", None]})
        >>> anonymize(table)["annotator"].fillna("–").tolist()
        ['B', 'A', '–']
    """
    present = annotations["annotator"].dropna().unique()
    letters = letters_of(present, order)
    return annotations.assign(annotator=annotations["annotator"].map(letters).astype(TEXT_DTYPE))


def letters_of(names: Iterable[str], order: Sequence[str] = ()) -> dict[str, str]:
    """Return a letter for each name.

    Args:
        names: Names, in any order.
        order: The names that come first, in their order, whether they are present or not.

    Example:
        >>> letters_of(["eva", "ana"], order=["ben", "eva"])
        {'ben': 'A', 'eva': 'B', 'ana': 'C'}
    """
    rest = sorted({str(name) for name in names} - set(order), key=_natural)
    return {name: _letter(number) for number, name in enumerate([*dict.fromkeys(order), *rest])}


def _natural(name: str) -> list[tuple[bool, int, str]]:
    parts = re.split(r"([0-9]+)", name)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts if part]


def _letter(number: int) -> str:
    text = ""
    while number >= 0:
        number, last = divmod(number, 26)
        text = string.ascii_uppercase[last] + text
        number -= 1
    return text
