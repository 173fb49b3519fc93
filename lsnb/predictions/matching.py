"""Which item a picture of a file is, by a named rule and never by order; and how large pictures are."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from lsnb.errors import InputError
from lsnb.kernel.words import nearest
from lsnb.predictions.predictions import Row
from lsnb.shapes import Size
from lsnb.tables.keys import RoundedKeyError, key_text

RULES = ("auto", "item", "stem", "file_name", "id")


def stem(name: str) -> str:
    """Return a file's name without its folders and its ending.

    Example:
        >>> stem("train/cat 1.jpg"), stem(r"C:\\\\data\\\\b.png")
        ('cat 1', 'b')
    """
    last = name.replace("\\", "/").rpartition("/")[2]  # as PurePosixPath has it, in a tenth of the time
    if not last or last == ".":
        return PurePosixPath(name.replace("\\", "/")).stem
    dot = last.rfind(".")
    return last[:dot] if 0 < dot < len(last) - 1 else last


# What Label Studio's server and its exports put before the name of a file that was uploaded or fetched.
_PREFIX = re.compile(r"[0-9a-f]{8}(?:-|__)(?=.)")
# What Roboflow makes of a name: a.jpg is a_jpg.rf.<checksum>.jpg.
_VERSIONED = re.compile(r"(.+)_([A-Za-z]{3,4})\.rf\.[0-9A-Za-z]+(?:\.[A-Za-z]{3,4})?")


def names_called(file: str) -> list[str]:
    """Return by what names an item may be known of which a file says that it is about this one.

    Example:
        >>> names_called("images/3d7f8b9c-cat.png")
        ['images/3d7f8b9c-cat.png', '3d7f8b9c-cat.png', '3d7f8b9c-cat', 'cat.png', 'cat']
        >>> names_called("cat_jpg.rf.0a1b2c.jpg")[2:]
        ['cat.jpg', 'cat']
    """
    path = file.replace("\\", "/")
    name = PurePosixPath(path).name
    bare = _PREFIX.sub("", name)
    versioned = _VERSIONED.fullmatch(bare)
    own = [f"{versioned[1]}.{versioned[2]}", versioned[1]] if versioned else []
    return list(dict.fromkeys((file, path, name, stem(name), bare, stem(bare), *own)))


class Matching:
    """How items are told from what a file says of its pictures.

    Args:
        items: File name, its stem or id → item; or all items there are; or None for any.
        match: ``item``, ``stem``, ``file_name``, ``id``, or ``auto``: the first of item, stem and id that is there.

    Raises:
        InputError: One of them cannot be used.
    """

    def __init__(self, items: Mapping[Any, Any] | Collection[Any] | None = None, match: str = "auto") -> None:
        problems = []
        if not isinstance(match, str) or match not in RULES:
            problems.append(f"match is {match!r}: give one of {', '.join(RULES)}.")
        is_listed = items is None or (isinstance(items, Collection) and getattr(items, "ndim", 1) == 1)
        if isinstance(items, str) or not (is_listed or getattr(items, "ndim", 0) == 1):
            problems.append("items must be pairs such as {'a.jpg': 'item 1'}, or all items there are.")
        if problems:
            raise InputError(problems)
        self._rule = match
        self._mapping = {str(name): item for name, item in items.items()} if isinstance(items, Mapping) else None
        try:
            self._known = (
                None if items is None or self._mapping is not None else dict.fromkeys(key_text(one) for one in items)
            )
        except RoundedKeyError as fault:
            raise InputError(
                f"items holds the rounded number {fault.number!r}: read the table with lsnb.read_table."
            ) from None

    def name(self, row: Row, picture: Mapping[str, Any], path: str) -> None:
        """Give a row its item, or the reason why it has none.

        Args:
            row: The row.
            picture: ``file_name``, ``id`` and ``item``, as far as they are there.
            path: Where in the input the picture stands.
        """
        file = picture.get("file_name")
        names = {
            "item": picture.get("item"),
            "stem": stem(file) if isinstance(file, str) else None,
            "file_name": file,
            "id": picture.get("id"),
        }
        if self._mapping is not None:
            order = ("file_name", "stem", "id") if self._rule == "auto" else (self._rule,)
            tried = [str(names[one]) for one in order if names[one] is not None]
            if self._rule == "auto" and isinstance(file, str):
                tried[2:2] = names_called(file)
            given = next((one for one in tried if one in self._mapping), None)
            if given is None:
                hint = nearest(row.name, self._mapping)
                row.error("unknown_item", f"items has no entry for {row.name!r}.{hint}", path)
                return
            found = self._mapping[given]
        else:
            order = ("item", "stem", "id") if self._rule == "auto" else (self._rule,)
            found = next((names[one] for one in order if names[one] is not None), None)
        try:
            item = key_text(found)
        except RoundedKeyError:
            row.error("unknown_item", f"The item {found!r} is a rounded number.", path)
            return
        if item is None:
            row.error("unknown_item", f"The picture has no {self._rule}, by which its item is told.", path)
        elif self._known is not None and item not in self._known:
            row.error("unknown_item", f"There is no item {item!r}.{nearest(item, self._known)}", path)
        else:
            row.item = item

    @staticmethod
    def mark_doubles(rows: Sequence[Row]) -> None:
        """Note each row whose item an earlier row has: which of them is meant cannot be told."""
        seen: dict[str, Row] = {}
        for row in rows:
            if row.item is None:
                continue
            if row.item in seen:
                words = f"Item {row.item} was there before, as input {seen[row.item].index} ({seen[row.item].name})."
                row.error("double_item", f"{words} Give each item once.")
            seen.setdefault(row.item, row)


def size_of(given: Any) -> Size | None:
    """Return a picture's width and height in pixels, of a pair, a mapping or what ``lsnb.probe`` returns.

    Example:
        >>> size_of({"width": 80, "height": 60}), size_of((0, 60))
        ((80.0, 60.0), None)
    """
    if isinstance(given, Mapping):
        given = (given.get("width"), given.get("height"))
    elif hasattr(given, "width"):
        given = (given.width, given.height)
    try:
        width, height = (float(side) for side in given)
    except (TypeError, ValueError, OverflowError):
        return None
    return (width, height) if 0 < width < math.inf and 0 < height < math.inf else None


class Sizes:
    """How large pictures are whose input does not say it.

    Args:
        given: Item → (width, height) in pixels, a pair for all, or None.

    Raises:
        InputError: It is something else.

    Example:
        >>> Sizes({7: (80, 60)}).of("7"), Sizes((80, 60)).of("7"), Sizes().of("7")
        ((80.0, 60.0), (80.0, 60.0), None)
    """

    def __init__(self, given: Any = None) -> None:
        is_mapping = isinstance(given, Mapping) and not {"width", "height"} <= set(given)
        self._all = None if is_mapping else size_of(given)
        self._each = {str(item): size_of(size) for item, size in given.items()} if is_mapping else {}
        wrong = [item for item, size in self._each.items() if size is None]
        if wrong or (given is not None and not is_mapping and self._all is None):
            shown = f"of item {wrong[0]}" if wrong else f"{given!r}"
            raise InputError(f"sizes {shown}: give (width, height) in pixels, or item → (width, height).")

    def of(self, item: str | None) -> Size | None:
        """Return a picture's width and height in pixels, if known."""
        return self._each.get(item, self._all) if item is not None else self._all
