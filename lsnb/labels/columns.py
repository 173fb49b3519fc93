"""What is wrong between a label config and the table whose rows it is to show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
from lxml import etree

from lsnb.errors import InputError
from lsnb.labels.problems import Problem, nearest
from lsnb.labels.reading import Field, read_fields

_EXTENSIONS = {
    "image": {"jpg", "jpeg", "png", "gif", "webp", "bmp", "svg", "tif", "tiff"},
    "video": {"mp4", "webm", "mov", "avi", "mkv", "m4v"},
    "audio": {"mp3", "wav", "flac", "m4a", "aac", "opus"},
}
_LISTS = {"images", "list", "options", "paragraphs"}
_ADDRESS = re.compile(r"^(\w+://\S|/\S|data:)")


def find_column_problems(root: etree._Element, table: pd.DataFrame) -> list[Problem]:
    """Return every data key without a column, and every column that cannot be what the config shows.

    Args:
        root: The config.
        table: The table of items, one row each.

    Raises:
        InputError: It is no table.
    """
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            f"A table is needed to check against, not a {type(table).__name__}: read the file with "
            "lsnb.read_table(path, key=...) or make a pandas DataFrame."
        )
    found: list[Problem] = []
    columns = [str(column) for column in table.columns]
    for key, field in read_fields(root).items():
        title = f'{field.tag} "{field.name}"' if field.name else field.tag
        if key not in columns:
            found.append(
                Problem(field.tag, f"{title} shows ${key}, and the table has no column {key}: " + _remedy(key, columns))
            )
            continue
        if columns.count(key) > 1:
            text = f"and the table has {columns.count(key)} columns called {key}: rename all but the one to show."
            found.append(Problem(field.tag, f"{title} shows ${key}, {text}"))
            continue
        values = table.iloc[:, columns.index(key)].dropna()
        values = values[values.map(lambda value: value != "")]
        found += [Problem(field.tag, f"{title} shows ${key}, and {text}") for text in _check_column(field, key, values)]
    return found


def _remedy(key: str, columns: list[str]) -> str:
    near = nearest(key, columns)
    if near is None:
        starts = [column for column in columns if re.match(r"\w+", column) and column.split(" ")[0] == key]
        near = starts[0] if starts else None
    if near is None:
        return f"its columns are {', '.join(columns) or 'none at all'}."
    if re.fullmatch(r"[A-Za-z0-9_]+", near):
        return f"did you mean {near}?"
    safe = re.sub(r"\W+", "_", near, flags=re.ASCII).strip("_") or "field"
    return (
        f'its column "{near}" has a name that Label Studio cannot read, so copy it first: '
        f'table["{safe}"] = table["{near}"].'
    )


def _check_column(field: Field, key: str, values: pd.Series[Any]) -> Iterator[str]:
    if values.empty:
        yield f"the column {key} is empty: fill it, or show another column."
    elif field.kind == "number":
        numbers = pd.to_numeric(values, errors="coerce")
        if bool(numbers.isna().any()):
            yield f'the column {key} holds text such as "{values[numbers.isna()].iloc[0]}": it must hold numbers.'
    elif field.kind in ("nested", "table") or (field.kind == "timeseries" and not field.is_url):
        if not bool(values.map(lambda value: isinstance(value, (list, tuple, dict))).all()):
            yield f"the column {key} must hold a dict in every row (read JSON text with json.loads first)."
    elif (field.kind in _LISTS and not field.is_url) or field.kind == "images":
        if not bool(values.map(lambda value: isinstance(value, (list, tuple))).all()):
            yield f"the column {key} must hold a list in every row (read JSON text with json.loads first)."
    elif field.is_url:
        yield from _check_addresses(field, key, values)


def _check_addresses(field: Field, key: str, values: pd.Series[Any]) -> Iterator[str]:
    if pd.api.types.is_numeric_dtype(values) or not bool(values.map(lambda value: isinstance(value, str)).all()):
        first = values[values.map(lambda value: not isinstance(value, str))].iloc[0]
        yield f"the column {key} holds {first}: it must hold the address of {_what(field.kind)} in every row."
        return
    local = values[~values.map(lambda value: bool(_ADDRESS.match(value.strip())))]
    if len(local):
        yield (
            f'the column {key} holds "{local.iloc[0]}", which is no address that a browser can open: upload the '
            "files first and show the column uri."
        )
        return
    ends = {str(value).split("?")[0].rsplit(".", 1)[-1].lower() for value in values}
    other = next((kind for kind, known in _EXTENSIONS.items() if kind != field.kind and ends <= known), None)
    if other and field.kind in _EXTENSIONS:
        yield f"the column {key} holds {other} files: show it with {other}, or name another column."


def _what(kind: str) -> str:
    return {"image": "an image", "audio": "a sound file", "video": "a video"}.get(kind, "a file")
