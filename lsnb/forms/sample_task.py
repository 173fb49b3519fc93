"""One task that a config can show: from the table's first row where a browser can show it, else samples."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from numbers import Real
from typing import Any

from lsnb.labels import Field, LabelConfig
from lsnb.labels.tree import attribute, parse, walk

# Every Label Studio serves these to everybody.
_FILES = {"image": "kittens.jpg", "video": "opossum_snow.mp4", "audio": "game.wav", "pdf": "sample.pdf"}
_TEXT = "This is where the text to annotate stands. The preview shows a sample; annotators see your own."
_TURNS = (("Ana", "How was the journey?"), ("Ben", "Long, and we were glad to arrive."))
_ROWS = 200


def sample_task(config: LabelConfig, address: str, row: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a task's data with every key that a config shows.

    Args:
        config: Any config.
        address: The server's address, whose sample media are used.
        row: A row of the user's table: its texts, numbers and web addresses are shown as they are.

    Example:
        >>> config = LabelConfig.image("uri").text("caption")
        >>> sample_task(config, "http://127.0.0.1:8080", {"uri": "gs://b/1.png", "caption": "A cat."})
        {'uri': 'http://127.0.0.1:8080/static/samples/kittens.jpg', 'caption': 'A cat.'}
    """
    given = row or {}
    return {
        key: _plain(given[key]) if _is_showable(field, given.get(key)) else _sample(config, key, field, address)
        for key, field in config.fields.items()
    }


def _is_showable(field: Field, value: Any) -> bool:
    if field.kind == "number":
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not isinstance(value, str) or not value.strip():
        return False
    if field.is_url:
        return value.startswith(("http://", "https://"))
    return field.kind in ("text", "hypertext")


def _plain(value: Any) -> Any:
    """Return a number of pandas' as one that JSON knows."""
    return value if isinstance(value, str) else float(value)


def _sample(config: LabelConfig, key: str, field: Field, address: str) -> Any:
    if field.kind in _FILES:
        return f"{address}/static/samples/{_FILES[field.kind]}"
    match field.kind:
        case "images":
            return [f"{address}/static/samples/{name}" for name in ("kittens.jpg", "kittens1.jpg")]
        case "text":
            return _as_file("text/plain", _TEXT) if field.is_url else _TEXT
        case "hypertext":
            page = f"<h3>A sample page</h3><p>{_TEXT}</p>"
            return _as_file("text/html", page) if field.is_url else page
        case "paragraphs":
            return _conversation(config, key, field.is_url)
        case "timeseries":
            return _series(config, key, field.is_url)
        case "number":
            return 25
        case "options":
            return [{"value": "first answer"}, {"value": "second answer"}]
        case "list":
            return [{"id": text, "title": text, "body": f"This is {text}."} for text in ("the first", "the second")]
        case "table":
            return {"column": "value"}
        case _:
            return [{}]


def _as_file(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"


def _tag_of(config: LabelConfig, key: str) -> Any:
    return next(tag for tag in walk(parse(config.xml)) if attribute(tag, "value") == f"${key}")


def _conversation(config: LabelConfig, key: str, is_url: bool) -> Any:
    tag = _tag_of(config, key)
    who, what = attribute(tag, "nameKey") or "author", attribute(tag, "textKey") or "text"
    turns = [
        {who: name, what: text, "start": float(number), "end": number + 1.0}
        for number, (name, text) in enumerate(_TURNS)
    ]
    return _as_file("application/json", json.dumps(turns)) if is_url else turns


def _series(config: LabelConfig, key: str, is_url: bool) -> Any:
    tag = _tag_of(config, key)
    columns = [attribute(e, "column") or "" for e in walk(tag) if str(e.tag).lower() == "channel"]
    time, dated = attribute(tag, "timeColumn"), attribute(tag, "timeFormat")
    data: dict[str, list[Any]] = {}
    if time:
        data[time] = [_moment(row, dated) for row in range(_ROWS)]
    for number, column in enumerate(columns, start=1):
        data[column] = [round(math.sin(row * number / 10), 4) for row in range(_ROWS)]
    if not is_url:
        return data
    separator = attribute(tag, "sep") or ","
    lines = [separator.join(data), *(separator.join(map(str, values)) for values in zip(*data.values(), strict=True))]
    return _as_file("text/csv", "\n".join(lines))


def _moment(row: int, dated: str | None) -> Any:
    return (datetime(2020, 1, 1) + timedelta(seconds=row)).strftime(dated) if dated else row / 10
