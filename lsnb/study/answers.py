"""The user's table with its answers: a column per control, beside everything that was there."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lsnb.annotations import long_table, majority, widen
from lsnb.labels import LabelConfig
from lsnb.study.finding import Copy, all_annotators
from lsnb.study.snapshot import Snapshot, item_of
from lsnb.tables import check_key

# "majority", "all" (a column per annotator), or an annotator's name.
Answers = str


def answer_columns(config: LabelConfig, annotators: Iterable[str]) -> set[str]:
    """Return the names of the columns that answers go to.

    Args:
        config: The label config.
        annotators: Everybody's names.

    Example:
        >>> config = LabelConfig.text("t").choices("mood", ["up", "down"])
        >>> sorted(answer_columns(config, ["ana"]))
        ['mood', 'mood (ana)']
    """
    return {name for control in config.controls for name in (control, *(f"{control} ({who})" for who in annotators))}


def taken_column_problems(
    table: pd.DataFrame, config: LabelConfig, annotators: Iterable[str], own: Collection[str]
) -> list[str]:
    """Return why columns named like answers cannot be answers, as sentences: theirs would be lost.

    Args:
        table: The user's table.
        config: The label config.
        annotators: Everybody's names.
        own: Columns that the study's tasks carry, which are data whatever they are called.
    """
    names, problems = list(annotators), []
    for control, about in config.controls.items():
        known = {*about.labels, *(" > ".join(path) for path in about.paths)}
        for column in (control, *(f"{control} ({who})" for who in names)):
            if column not in table.columns or column in own or not known:
                continue
            cells = [cell for cell in table[column] if isinstance(cell, str)]
            strange = [cell for cell in cells if cell not in known and not cell.startswith(("(", "["))]
            if strange:
                problems.append(
                    f"The table's column {column!r} is called like the control, and {strange[0]!r} is none of its "
                    "labels: rename the column, since answers go there."
                )
    return problems


def _answered(copies: Sequence[Copy], snapshots: Mapping[int, Snapshot], key: str) -> pd.DataFrame:
    """Return the long table of what was answered; tasks without annotations have nothing to say here."""
    tables = []
    for copy in copies:
        snapshot = snapshots.get(copy.project.id)
        if snapshot is None:
            continue
        tasks = [task for task in snapshot.tasks.values() if task["annotations"] and item_of(task) is not None]
        if tasks or snapshot.lost:
            tables.append(long_table([*tasks, *snapshot.lost], key=key, annotator=copy.manifest.annotator))
    return pd.concat(tables, ignore_index=True) if tables else long_table([])


def _items_seen(snapshots: Mapping[int, Snapshot]) -> list[str]:
    tasks = (task for snapshot in snapshots.values() for task in (*snapshot.tasks.values(), *snapshot.lost))
    return sorted({item for task in tasks if (item := item_of(task)) is not None})


def label_table(
    table: pd.DataFrame | None,
    config: LabelConfig,
    copies: Sequence[Copy],
    snapshots: Mapping[int, Snapshot],
    *,
    key: str,
    answers: Answers,
) -> pd.DataFrame:
    """Return the table with a column per control.

    Args:
        table: The user's table, which is not changed; None for one row per item of the study.
        config: The label config.
        copies: The study's projects.
        snapshots: Project id → what it held when last seen.
        key: The column that identifies an item.
        answers: ``"majority"``, ``"all"`` (a column per annotator) or an annotator's name.
    """
    names = all_annotators(copies)
    long = _answered(copies, snapshots, key)
    labelled = pd.DataFrame({key: _items_seen(snapshots)}) if table is None else table.copy()
    if labelled.empty:
        return labelled
    items = check_key(labelled, key).astype(str)
    for control in config.controls:
        for column, values in _columns(long, control, answers, names).items():
            cells: np.ndarray[Any, Any] = np.array([None] * len(items), dtype="object")
            cells[:] = [values.get(item) for item in items]
            labelled[column] = pd.Series(cells, index=labelled.index).infer_objects()
    return labelled


def _columns(long: pd.DataFrame, control: str, answers: Answers, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    if not long["control"].eq(control).any():
        return {f"{control} ({name})": {} for name in names} if answers == "all" else {control: {}}
    with warnings.catch_warnings():
        # Which of a person's two annotations counts is said once, by the study's own annotations().
        warnings.simplefilter("ignore", UserWarning)
        if answers == "majority":
            won = majority(long, control)
            return {control: dict(zip(won["item"], won["value"], strict=True))}
        wide = widen(long, control)
    if answers == "all":
        return {f"{control} ({name})": dict(wide[name]) if name in wide else {} for name in names}
    return {control: dict(wide[answers]) if answers in wide else {}}
