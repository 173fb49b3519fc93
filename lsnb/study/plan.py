"""From a table to tasks: everything that can be wrong is found here, before anything is made on the server."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.labels import LabelConfig
from lsnb.sampling import assign
from lsnb.study.manifest import TITLE_LIMIT, annotator_names, digest_items
from lsnb.tables import check_key

if TYPE_CHECKING:
    from lsnb.bucket import Bucket

MEDIA_KINDS = frozenset({"image", "video", "audio"})
LARGEST_EXACT = 2**53  # a browser reads numbers as doubles, so larger integers travel as text
SHOWN = 5


@dataclass(frozen=True)
class Plan:
    """A study as asked for, checked.

    Args:
        title: The study's title.
        config: The label config.
        key: The table's column that identifies an item.
        seed: What orders and assigns items.
        overlap: Who does what.
        annotators: Everybody's names.
        tasks: Annotator → the tasks of that project, in the order in which they are shown.
        items: Every item's key, in the table's order.
    """

    title: str
    config: LabelConfig
    key: str
    seed: int
    overlap: Any
    annotators: tuple[str, ...]
    tasks: Mapping[str, list[dict[str, Any]]]
    items: tuple[str, ...]

    @property
    def digest(self) -> str:
        """A digest of the items, whatever their order."""
        return digest_items(self.items)


def plan_study(
    title: str,
    config: LabelConfig,
    table: pd.DataFrame,
    *,
    key: str,
    annotators: int | Sequence[str],
    overlap: Any = "full",
    seed: int = 0,
    bucket: Bucket | None = None,
) -> Plan:
    """Return a checked plan of a study; nothing is sent anywhere.

    Raises:
        InputError: With every fault: title, annotators, key, config, media cells, bucket.
    """
    problems = _title_problems(title)
    names, name_problems = annotator_names(annotators)
    problems += name_problems
    if not isinstance(config, LabelConfig):
        raise InputError(
            "config must be a lsnb.LabelConfig: build one, or read your XML with lsnb.LabelConfig.from_xml(text)."
        )
    if isinstance(seed, bool) or not isinstance(seed, int):
        problems.append(f"seed is {seed!r}: give a whole number.")
    keys: list[str] = []
    if not isinstance(table, pd.DataFrame) or table.empty:
        problems.append("The table has no rows: give the sample whose items should be labelled.")
    else:
        try:
            keys = [str(value) for value in check_key(table, key)]
        except InputError as fault:
            problems += fault.problems
        problems += [str(problem) for problem in config.check(table)]
        problems += _media_problems(table, config, keys or [str(i) for i in table.index], bucket)
    assigned: Mapping[str, list[str]] = {}
    if not problems:
        try:
            assigned = assign(keys, names, overlap=overlap, seed=seed)
        except InputError as fault:
            problems += fault.problems
    if problems:
        raise InputError(problems)
    data = dict(zip(keys, task_data(table), strict=True))
    return Plan(
        title=title.strip(),
        config=config,
        key=key,
        seed=seed,
        overlap=overlap,
        annotators=tuple(names),
        tasks={name: [{"data": data[item], "meta": {"item": item}} for item in assigned[name]] for name in names},
        items=tuple(keys),
    )


def _title_problems(title: str) -> list[str]:
    text = title.strip() if isinstance(title, str) else ""
    if len(text) < 3:
        return [f"The title {text!r} is too short: Label Studio wants 3 to {TITLE_LIMIT} characters."]
    if len(text) > TITLE_LIMIT:
        return [f"The title {text[:30] + '…'!r} has {len(text)} characters: Label Studio wants 3 to {TITLE_LIMIT}."]
    if "\n" in text:
        return ["The title holds a line break: write it on one line."]
    return []


def _media_problems(table: pd.DataFrame, config: LabelConfig, keys: Sequence[str], bucket: Bucket | None) -> list[str]:
    problems = []
    for name, field in config.fields.items():
        if field.kind not in MEDIA_KINDS or name not in table.columns:
            continue
        cells = [None if _is_missing(cell) else str(cell).strip() for cell in table[name]]
        empty = [key for key, cell in zip(keys, cells, strict=True) if not cell]
        if empty:
            problems.append(
                f"Column {name!r} has no {field.kind} for {_listed(empty)}: drop these rows or fill the cells in."
            )
        local = [
            key
            for key, cell in zip(keys, cells, strict=True)
            if cell and "://" not in cell and not cell.startswith(("/", "data:"))
        ]
        if local:
            problems.append(
                f"Column {name!r} holds a file name, not an address, for {_listed(local)}: upload the files with "
                "Bucket.upload and use its 'uri' column."
            )
        buckets = sorted({cell.split("/")[2] for cell in cells if cell and cell.startswith("gs://")})
        if buckets and bucket is None:
            problems.append(
                f"Column {name!r} points into gs://{buckets[0]}: give bucket=lsnb.open_bucket({buckets[0]!r}), so that "
                "each project is connected to it."
            )
        elif bucket is not None and any(other != bucket.name for other in buckets):
            other = next(other for other in buckets if other != bucket.name)
            problems.append(
                f"Column {name!r} points into gs://{other}, but the bucket given is {bucket.name!r}: "
                "upload all media into one."
            )
    return problems


def task_data(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each row as JSON that Label Studio and a browser read without loss.

    Missing cells become null, dates ISO 8601 text, and integers of 2^53 or more text.

    Args:
        table: The user's table; it is not changed.

    Example:
        >>> task_data(pd.DataFrame({"id": [2**60], "when": [pd.Timestamp("2026-05-01")], "n": [1.5]}))
        [{'id': '1152921504606846976', 'when': '2026-05-01T00:00:00', 'n': 1.5}]
    """
    names = [str(name) for name in table.columns]
    columns = [[json_cell(cell) for cell in table.iloc[:, number]] for number in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def json_cell(cell: Any) -> Any:
    """Return one cell as JSON.

    Args:
        cell: Anything a table may hold.
    """
    if isinstance(cell, str):
        return cell
    if _is_missing(cell):
        return None
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, Mapping):
        return {str(name): json_cell(value) for name, value in cell.items()}
    if isinstance(cell, list | tuple | set | frozenset):
        return [json_cell(value) for value in cell]
    if hasattr(cell, "tolist"):
        return json_cell(cell.tolist())
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, int):
        return cell if abs(cell) < LARGEST_EXACT else str(cell)
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    return str(cell)


def _is_missing(cell: Any) -> bool:
    if isinstance(cell, str):
        return not cell.strip()
    if isinstance(cell, list | tuple | set | frozenset | Mapping) or getattr(cell, "ndim", False):
        return False
    return bool(pd.isna(cell))


def _listed(keys: Sequence[str]) -> str:
    shown = ", ".join(keys[:SHOWN])
    noun = "item" if len(keys) == 1 else "items"
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return f"{noun} {shown}{more}"
