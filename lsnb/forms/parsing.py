"""From what stands in a form, an environment variable or a widget to a typed value."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lsnb.errors import FormError
from lsnb.forms.schema import Field

Value = str | int | float | bool | Path | tuple[str, ...] | Mapping[str, str | None] | None

_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}
# The shapes of the keys this kit works with: a legacy token, a JSON web token, a service account's key.
_SECRET_TEXT = re.compile(r"\b[0-9a-f]{40}\b|\beyJ[\w-]{8,500}\.[\w-]+|BEGIN [A-Z ]{0,40}PRIVATE KEY|\"private_key\"")


def parse_value(field: Field, raw: Any) -> Value:
    """Return the typed value of a field.

    Args:
        field: Its schema.
        raw: A literal of the parameters cell, a text of an environment variable, or a widget's value.

    Raises:
        FormError: It does not fit; the sentence names the field, the value and the remedy.

    Example:
        >>> parse_value(Field("LABELS", "", "list", "Your codes."), 'calm, "sad, tired"')
        ('calm', 'sad, tired')
        >>> parse_value(Field("N", 0, "integer", "How many.", minimum=0, unset=0), "0") is None
        True
        >>> parse_value(Field("N", 0, "integer", "How many.", minimum=0), "2.5")
        Traceback (most recent call last):
        ...
        lsnb.errors.FormError: N is '2.5': give a whole number of 0 or more.
    """
    texts = [entry for entry in (raw if isinstance(raw, list | tuple) else [raw]) if isinstance(entry, str)]
    if any(_SECRET_TEXT.search(text) for text in texts):
        raise FormError(
            f"{field.name} holds what looks like a key. A notebook is saved with its form, so take the key "
            "out of it and give it as a Colab secret, in credentials.json or in the environment."
        )
    if field.unset is not None and _stands_for(raw, field.unset):
        return None
    match field.kind:
        case "integer" | "number":
            return _parse_number(field, raw)
        case "boolean":
            return _parse_boolean(field, raw)
        case "choice":
            return _parse_choice(field, raw)
        case "amount":
            return _parse_amount(field, raw)
        case "list":
            return _parse_list(field, raw)
        case "pairs":
            return _parse_pairs(field, raw)
        case "people":
            return _parse_people(field, raw)
        case "path":
            return _parse_path(field, raw)
        case "folder":
            return _parse_folder(field, raw)
        case _:
            return _parse_text(field, raw)


def split_list(text: str) -> tuple[str, ...]:
    """Return the entries of a comma-separated text, without empty ones and outer spaces.

    An entry that itself holds a comma stands in double quotes; a line break also ends an entry.

    Args:
        text: For example ``calm, tense, "sad, tired"``.

    Raises:
        ValueError: A quote is opened and not closed.

    Example:
        >>> split_list('calm, tense,, "sad, tired"')
        ('calm', 'tense', 'sad, tired')
    """
    try:
        rows = list(csv.reader(text.splitlines(), skipinitialspace=True, strict=True))
    except csv.Error:
        raise ValueError('a double quote " is opened and not closed') from None
    return tuple(entry.strip() for row in rows for entry in row if entry.strip())


def join_list(entries: Iterable[str]) -> str:
    """Return the text that ``split_list`` splits into these entries.

    Args:
        entries: Texts without line breaks and outer spaces.

    Example:
        >>> join_list(["calm", "sad, tired"])
        'calm, "sad, tired"'
    """
    quoted = [
        '"' + entry.replace('"', '""') + '"' if "," in entry or entry.startswith('"') else entry for entry in entries
    ]
    return ", ".join(quoted)


def join_pairs(pairs: Mapping[str, str | None]) -> str:
    """Return the text that a field of pairs is read from.

    Args:
        pairs: What stands left of each sign, and right of it; None where nothing does.

    Example:
        >>> join_pairs({"car": "vehicle", "sky": None})
        'car=vehicle, sky='
    """
    return join_list(f"{left}={right or ''}" for left, right in pairs.items())


def _stands_for(raw: Any, unset: Any) -> bool:
    if isinstance(raw, str):
        text = raw.strip()
        if isinstance(unset, str):
            return text == unset
        number = _to_number(text)
        return number is not None and number == unset
    return isinstance(raw, Real) and not isinstance(raw, bool) and bool(raw == unset)


def _problem(field: Field, raw: Any, remedy: str) -> FormError:
    shown = repr(raw)
    if len(shown) > 60:
        shown = shown[:57] + "…"
    return FormError(f"{field.name} is {shown}: {remedy}")


def _to_number(raw: Any) -> float | int | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, Integral):  # numpy's, too
        return int(raw)
    if isinstance(raw, str):
        # int() first: a float would round a long seed.
        for convert in (int, float):
            try:
                number = convert(raw.strip())
            except ValueError:
                continue
            return number if math.isfinite(number) else None
        return None
    try:
        number = float(raw)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _parse_number(field: Field, raw: Any) -> int | float:
    number = _to_number(raw)
    is_whole = number is not None and float(number).is_integer()
    fits = (
        number is not None
        and (field.kind == "number" or is_whole)
        and (field.minimum is None or number >= field.minimum)
        and (field.maximum is None or number <= field.maximum)
    )
    if number is None or not fits:
        noun = "a whole number" if field.kind == "integer" else "a number (0.5, not 0,5)"
        raise _problem(field, raw, f"give {noun}{_bounds(field)}.")
    return int(number) if field.kind == "integer" else number


def _bounds(field: Field) -> str:
    low, high = field.minimum, field.maximum
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f" of {low:g} or more"
    return f" of {high:g} or less" if high is not None else ""


def _parse_boolean(field: Field, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise _problem(field, raw, "give True or False.")


def _parse_choice(field: Field, raw: Any) -> str:
    text = str(raw).strip()
    if text in field.choices:
        return text
    alike = [choice for choice in field.choices if choice.lower() == text.lower()]
    if len(alike) == 1:
        return alike[0]
    raise _problem(field, raw, f"choose one of {', '.join(field.choices)}.")


def _to_text(field: Field, raw: Any) -> str:
    # papermill turns the parameter `TITLE 2024` into a number.
    if isinstance(raw, str | Real | Path) and not isinstance(raw, bool):
        return str(raw).strip()
    raise _problem(field, raw, "give a text.")


def _parse_text(field: Field, raw: Any) -> str:
    text = _to_text(field, raw)
    if field.minimum is not None and len(text) < field.minimum:
        remedy = "fill it in." if not text else f"give at least {field.minimum:g} characters."
        raise _problem(field, raw, remedy)
    if field.maximum is not None and len(text) > field.maximum:
        raise _problem(field, raw, f"shorten it to {field.maximum:g} characters (it has {len(text)}).")
    return text


def _parse_amount(field: Field, raw: Any) -> int | str:
    text = _parse_text(field, raw)
    return int(text) if re.fullmatch(r"[0-9]+", text) else text


def _parse_list(field: Field, raw: Any) -> tuple[str, ...]:
    if isinstance(raw, list | tuple):
        entries = tuple(_to_text(field, entry) for entry in raw)
    else:
        text = _to_text(field, raw)
        try:
            entries = split_list(text)
        except ValueError as error:
            raise _problem(field, raw, f"{error}; close it, or leave quotes out.") from None
    twice = [entry for entry in dict.fromkeys(entries) if entries.count(entry) > 1]
    if twice:
        raise _problem(field, raw, f"{twice[0]!r} comes twice; leave one out.")
    if field.minimum is not None and len(entries) < field.minimum:
        raise _problem(field, raw, f"give at least {field.minimum:g}, separated by commas.")
    if field.maximum is not None and len(entries) > field.maximum:
        raise _problem(field, raw, f"give at most {field.maximum:g} (there are {len(entries)}).")
    return entries


def _parse_pairs(field: Field, raw: Any) -> Mapping[str, str | None]:
    pairs: dict[str, str | None] = {}
    for entry in _parse_list(field, raw):
        left, sign, right = (part.strip() for part in entry.partition("="))
        if not sign or not left:
            raise _problem(field, raw, f"{entry!r} is no pair; write what=becomes, separated by commas.")
        if left in pairs:
            raise _problem(field, raw, f"{left!r} comes twice; leave one out.")
        pairs[left] = right or None
    return MappingProxyType(pairs)


def _parse_people(field: Field, raw: Any) -> int | tuple[str, ...]:
    number = None if isinstance(raw, list | tuple) else _to_number(raw)
    if number is None:
        return _parse_list(field, raw)
    if not float(number).is_integer() or number < 1:
        raise _problem(field, raw, "give names separated by commas, or how many people, 1 or more.")
    if field.maximum is not None and number > field.maximum:
        raise _problem(field, raw, f"give at most {field.maximum:g} people.")
    return int(number)


def _parse_path(field: Field, raw: Any) -> str:
    text = _parse_text(field, raw)
    if not text:
        return ""
    path = _path(field, raw, text)
    try:
        is_there = path.exists()
    except OSError:  # a name too long for a file, a folder that may not be looked into
        is_there = False
    if field.must_exist and not is_there:
        raise _problem(
            field,
            raw,
            f"nothing is there, seen from {Path.cwd()}; upload the file or correct the path.",
        )
    return str(path)


def _parse_folder(field: Field, raw: Any) -> Path:
    text = _to_text(field, raw)
    if not text:
        raise _problem(field, raw, "give the name of a folder.")
    path = _path(field, raw, text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise _problem(field, raw, "a file of that name is in the way; give another folder.") from None
    except OSError as error:
        raise _problem(field, raw, f"the folder cannot be made ({error.strerror}); give another.") from None
    return path


def _path(field: Field, raw: Any, text: str) -> Path:
    if "\0" in text:
        raise _problem(field, raw, "it holds a character that no name can have; write it anew.")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise _problem(field, raw, "nobody of that name has a home folder here; write the whole path.") from None
