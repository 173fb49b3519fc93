"""Where the rows of a payload come from: dicts, a file, text, or the labelbox package's objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lsnb.errors import InputError
from lsnb.kernel.formats import parse_json, read_bytes
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
        return _text_rows(payload, "payload")
    if isinstance(payload, (str, Path)):
        path = Path(payload).expanduser()
        return _text_rows(read_bytes(path), path.name)
    if isinstance(payload, bytes) or not isinstance(payload, Iterable) or hasattr(payload, "columns"):
        raise InputError(
            f"payload is a {type(payload).__name__}: give a list of dicts, the path of an .ndjson file, its text, or "
            "Label objects of the labelbox package."
        )
    rows: list[Any] = []
    for part in payload:
        rows += label_rows(part) if is_label(part) else [part]
    return rows


def _text_rows(text: str | bytes, name: str) -> list[Any]:
    try:
        whole = parse_json(text, name)
    except InputError:
        return [_line(line, name) for line in _as_text(text, name).split("\n") if line.strip()]
    return whole if isinstance(whole, list) else [whole]


def _as_text(text: str | bytes, name: str) -> str:
    try:
        return (text if isinstance(text, str) else text.decode("utf-8")).lstrip("\ufeff")
    except UnicodeDecodeError:
        raise InputError(f"{name} cannot be read as text (it is no UTF-8): export it as .ndjson again.") from None


def _line(line: str, name: str) -> Any:
    try:
        return parse_json(line, name)
    except InputError:
        return line
