"""Where the rows of a payload come from: dicts, a file, text, or the labelbox package's objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from lsnb.errors import InputError, MissingFileError
from lsnb.predictions.labelbox.objects import is_label, label_rows

Payload = Mapping[str, Any] | str | Path | Iterable[Any]


def payload_rows(payload: Payload) -> list[Any]:
    """Return the rows of a payload, in order: dicts, and whatever else stood where a dict should.

    Args:
        payload: A list of dicts; the path of a ``.ndjson`` or ``.json`` file; such a file's text; or ``Label`` objects
            of the ``labelbox`` package.

    Raises:
        InputError: It is none of these.
        MissingFileError: There is no such file.

    Example:
        >>> payload_rows('{"name": "car"}\\n{"name": "bus"}')
        [{'name': 'car'}, {'name': 'bus'}]
    """
    if isinstance(payload, Mapping):
        return [payload]
    if is_label(payload):
        return list(label_rows(payload))
    if isinstance(payload, str) and payload.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return _text_rows(payload)
    if isinstance(payload, (str, Path)):
        return _text_rows(_read(Path(payload).expanduser()))
    if isinstance(payload, bytes) or not isinstance(payload, Iterable) or hasattr(payload, "columns"):
        raise InputError(
            f"payload is a {type(payload).__name__}: give a list of dicts, the path of an .ndjson file, its text, or "
            "Label objects of the labelbox package."
        )
    rows: list[Any] = []
    for part in payload:
        rows += label_rows(part) if is_label(part) else [part]
    return rows


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise MissingFileError(f"There is no file {path}: give the path of an .ndjson or .json file.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder: give the path of an .ndjson or .json file in it.") from None
    except (ValueError, OSError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is no UTF-8"
        raise InputError(f"{str(path)[:200]} cannot be read as text ({why}): export it as .ndjson again.") from None


def _text_rows(text: str) -> list[Any]:
    text = text.lstrip("\ufeff")
    try:
        whole = orjson.loads(text)
    except orjson.JSONDecodeError:
        return [_line(line) for line in text.split("\n") if line.strip()]
    return whole if isinstance(whole, list) else [whole]


def _line(line: str) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
