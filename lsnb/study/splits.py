"""Splits: which items a model learned from, was tuned on, and is judged by. They stand in the tasks' meta."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
from tqdm.auto import tqdm

from lsnb.errors import LsnbError
from lsnb.reports import Report
from lsnb.studio import Server
from lsnb.study.snapshot import item_of
from lsnb.tables.keys import listing, nearest

if TYPE_CHECKING:
    from lsnb.study.predicting import Held

SPLITS = ("training", "validation", "test")
SLOW = 50  # tasks, from which on a bar is shown


@dataclass(frozen=True, repr=False)
class SplitReport(Report):
    """What ``Study.assign_splits`` did: a row per item and project (updated, unchanged, unknown item, failed)."""

    noun: ClassVar[str] = "items"
    failure_statuses: ClassVar[frozenset[str]] = frozenset({"failed", "unknown item"})


def split_problems(splits: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with splits, as sentences.

    Args:
        splits: Item → split.

    Example:
        >>> split_problems({"a": "test", "b": "train"})
        ["The split 'train' of item b is none: give 'training', 'validation' or 'test'. Did you mean 'training'?"]
    """
    wrong: dict[str, list[str]] = {}
    for item, split in splits.items():
        if split not in SPLITS:
            wrong.setdefault(repr(split), []).append(str(item))
    return [
        f"The split {split} of item {listing(items, 3)} is none: give 'training', 'validation' or 'test'."
        f"{nearest(split.strip(chr(39)), SPLITS)}"
        for split, items in wrong.items()
    ]


def split_of(task: Mapping[str, Any]) -> str | None:
    """Return the split that a task's meta names, or None.

    Args:
        task: A task as exported.

    Example:
        >>> split_of({"meta": {"item": "1", "split": "test"}})
        'test'
    """
    split = (task.get("meta") or {}).get("split")
    return split if isinstance(split, str) else None


def splits_of(projects: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """Return item → split, as the first project says that has one.

    Args:
        projects: The tasks of each project.
    """
    found: dict[str, str] = {}
    for tasks in projects:
        for task in tasks:
            item, split = item_of(task), split_of(task)
            if item is not None and split is not None:
                found.setdefault(item, split)
    return found


def write_splits(server: Server, projects: Sequence[Held], splits: Mapping[str, str]) -> list[dict[str, Any]]:
    """Write splits into the meta of tasks, beside what is there, and return a row per item and project.

    Args:
        server: The server.
        projects: The projects with their tasks.
        splits: Item → split.
    """
    rows: list[dict[str, Any]] = []
    todo: list[tuple[dict[str, Any], dict[str, Any], str]] = []
    for held in projects:
        for item, split in splits.items():
            for task in held.tasks.get(item, ()):
                about = {"item": item, "annotator": held.copy.manifest.annotator, "project": held.copy.project.id}
                row = {**about, "task": int(task["id"]), "status": "unchanged", "error": None}
                rows.append(row)
                if split_of(task) != split:
                    todo.append((row, task, split))
    for entry, old, split in tqdm(todo, desc="Writing splits", unit="task", disable=len(todo) < SLOW):
        try:
            server.replace_meta(old["id"], {**old["meta"], "split": split})
            entry["status"] = "updated"
        except LsnbError as fault:
            entry.update(status="failed", error=str(fault))
    return rows


def with_splits(table: pd.DataFrame, splits: Mapping[str, str]) -> pd.DataFrame:
    """Return a table with a column ``split`` after its own, where any item has one.

    Args:
        table: A table with the column ``item``.
        splits: Item → split.
    """
    if not splits:
        return table
    return table.assign(split=pd.Series([splits.get(item) for item in table["item"]], index=table.index, dtype=object))
