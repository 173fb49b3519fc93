"""Object names from a table's rows, and which names every part of the way can carry.

Rules: "About Cloud Storage objects" in the Cloud Storage documentation (at most 1,024 bytes of UTF-8, no line
breaks, not ``.`` or ``..``), and what Label Studio 1.23 and browsers add to them.
"""

from __future__ import annotations

import math
import string
import unicodedata
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.tables.keys import nearest

LONGEST = 1024
STEM = "stem"
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})


def fault_in(name: str) -> str | None:
    """Return why an object cannot be called so, or None.

    Args:
        name: The object's name, without the bucket.

    Example:
        >>> fault_in("ana/Größe 50% #1.jpg")
        >>> fault_in("ana/../1.jpg")
        "has a part that is only '..'"
    """
    if not name:
        return "is empty"
    parts = name.split("/")
    if "." in parts or ".." in parts:
        return f"has a part that is only {'..' if '..' in parts else '.'!r}"
    if "" in parts:
        return "has an empty part (a slash at its start or end, or two in a row)"
    # Nearly every name is printable; only the others are looked at letter by letter.
    if not name.isprintable():
        if any(unicodedata.category(letter) in _CONTROL for letter in name):
            return "holds a control character or a line break"
        if any(_is_noncharacter(letter) for letter in name):
            return "holds a character that Unicode reserves"
    if "?" in name:
        return "holds a '?', and Label Studio cannot show such an object"
    if name != name.rstrip():
        return "ends with a space, which Label Studio cuts off"
    if name.startswith(".well-known/acme-challenge/"):
        return "starts with '.well-known/acme-challenge/', which Cloud Storage reserves"
    size = len(name.encode("utf-8"))
    if size > LONGEST:
        return f"is {size} bytes long, and Cloud Storage takes at most {LONGEST}"
    return None


def _is_noncharacter(letter: str) -> bool:
    code = ord(letter)
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def safe_name(name: str) -> str:
    """Return the nearest name without a fault.

    What cannot stand in a name becomes ``_``; a name that is too long is cut before its extension.

    Example:
        >>> safe_name("ana//who?.jpg"), safe_name("../1.jpg")
        ('ana/_/who_.jpg', '_/1.jpg')
    """
    if fault_in(name) is None:
        return name
    letters = (
        "_" if letter == "?" or unicodedata.category(letter) in _CONTROL or _is_noncharacter(letter) else letter
        for letter in name
    )
    parts = "".join(letters).split("/")
    text = "/".join("_" if part in {"", ".", ".."} else part for part in parts).rstrip()
    if text.endswith("/") or not text:
        text += "_"
    if text.startswith(".well-known/"):
        text = "_" + text
    stem, dot, ending = text.rpartition(".")
    tail = dot + ending if dot and "/" not in ending and len(ending) <= 10 else ""
    head = stem if tail else text
    room = LONGEST - len(tail.encode("utf-8"))
    if len(head.encode("utf-8")) > room:
        text = head.encode("utf-8")[:room].decode("utf-8", "ignore").rstrip(" /") + tail
    return text


@dataclass(frozen=True)
class Pattern:
    """A pattern such as ``{Username}/{ID}``, read against the columns of a table.

    Args:
        text: The pattern.
        parts: Its literal texts and columns: (text before, column or None, format).
    """

    text: str
    parts: tuple[tuple[str, Hashable | None, str], ...]

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The columns that the pattern names, without the file's stem."""
        return tuple(column for _, column, _ in self.parts if column is not None and column is not _STEM)

    def fill(self, row: Mapping[Hashable, Any], stem: str) -> str:
        """Return the pattern with a row's values in it, in Unicode's composed form (NFC).

        Raises:
            InputError: A cell is empty, or cannot be written in the format asked for.
        """
        pieces: list[str] = []
        for literal, column, layout in self.parts:
            pieces.append(literal)
            if column is _STEM:
                pieces.append(_written(stem, layout, "the file's name"))
            elif column is not None:
                pieces.append(_cell_text(row[column], column, layout))
        # macOS hands out decomposed file names: the same photo must have the same name from every computer.
        return unicodedata.normalize("NFC", "".join(pieces))


class _Stem(str):
    __slots__ = ()


_STEM = _Stem(STEM)


def read_pattern(text: str, columns: Sequence[Hashable]) -> Pattern:
    """Return a pattern read against a table's columns.

    Args:
        text: Columns in braces: ``{Username}/{ID}``; ``{stem}`` is the file's name without folder and extension,
            where no column is called so. A format may follow a colon: ``{n:04d}``.
        columns: The table's columns.

    Raises:
        InputError: Unpaired braces, or columns that the table lacks, with the nearest ones.

    Example:
        >>> read_pattern("{user}/{n:03d}", ["user", "n"]).fill({"user": "ana", "n": 7}, "photo")
        'ana/007'
        >>> read_pattern("{usr}/{stem}", ["user", "n"])
        Traceback (most recent call last):
        ...
        lsnb.errors.InputError: name='{usr}/{stem}' asks for a column 'usr' that the table lacks. Did you mean 'user'?
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError("name is empty: give a pattern such as '{Username}/{ID}' or '{stem}'.")
    by_text = {str(column): column for column in columns}
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError:
        raise InputError(
            f"name={text!r} has a brace without its partner: write columns as {{column}}, and a brace itself twice."
        ) from None
    parts: list[tuple[str, Hashable | None, str]] = []
    problems: list[str] = []
    for literal, field, layout, conversion in pieces:
        if field is None:
            parts.append((literal, None, ""))
            continue
        # A column's own name may hold a colon or an exclamation mark.
        whole = field + (f"!{conversion}" if conversion else "") + (f":{layout}" if layout else "")
        if whole in by_text:
            parts.append((literal, by_text[whole], ""))
        elif field in by_text and not conversion:
            parts.append((literal, by_text[field], layout or ""))
        elif field == STEM and not conversion:
            parts.append((literal, _STEM, layout or ""))
        elif not field:
            problems.append(f"name={text!r} has empty braces: put a column's name into them.")
        else:
            hint = nearest(field, [*by_text, STEM])
            known = hint or f" It has {', '.join(map(repr, by_text))}."
            problems.append(f"name={text!r} asks for a column {field!r} that the table lacks.{known}")
    if problems:
        raise InputError(problems)
    return Pattern(text, tuple(parts))


def _cell_text(value: Any, column: Hashable, layout: str) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        raise InputError(f"column {str(column)!r} is empty")
    if isinstance(value, float) and value.is_integer():
        if math.fabs(value) >= 2**53:
            raise InputError(
                f"column {str(column)!r} holds a rounded number: read the file with lsnb.read_table(path, key=…)"
            )
        # An integer column with one empty cell is a column of floats: 12.0 is the user's 12.
        value = int(value) if not layout or layout[-1] in "dx" else value
    text = _written(value, layout, f"column {str(column)!r}")
    if not text.strip():
        raise InputError(f"column {str(column)!r} is empty")
    return text


def _written(value: Any, layout: str, what: str) -> str:
    try:
        return format(value, layout)
    except (ValueError, TypeError):
        raise InputError(f"{what} cannot be written as {layout!r}") from None


def with_extension(name: str, extension: str) -> str:
    """Return a name that ends with the file's extension, once.

    Example:
        >>> with_extension("ana/1", ".JPG"), with_extension("ana/1.jpg", ".JPG")
        ('ana/1.JPG', 'ana/1.jpg')
    """
    return name if not extension or name.lower().endswith(extension.lower()) else name + extension


def folder_clashes(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs (``x``, ``x/y``): the embedded bucket keeps objects as files and cannot hold both.

    Example:
        >>> folder_clashes(["a", "a/b.jpg", "a-c"])
        [('a', 'a/b.jpg')]
    """
    every = set(names)
    clashes: dict[str, str] = {}
    for name in sorted(every):
        parent = name
        while "/" in parent:
            parent = parent.rpartition("/")[0]
            if parent in every:
                clashes.setdefault(parent, name)
    return list(clashes.items())
