"""A study as asked for: everything that can be wrong is found here, before anything is made on the server."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.labels import LabelConfig
from lsnb.sampling import assign
from lsnb.sampling.chance import is_whole
from lsnb.study.manifest import TITLE_LIMIT, annotator_names, digest_items
from lsnb.study.rows import Where, listed_items, read_rows, upload_local

if TYPE_CHECKING:
    from lsnb.bucket import Bucket

MODEL = "lsnb"  # the model_version of predictions that come from a table


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
        columns: Column of the table → field of the config that shows it.
        where: The condition that rows of the table meet, as text, or empty.
        predictions: Column of the table → control whose predictions it holds.
    """

    title: str
    config: LabelConfig
    key: str
    seed: int
    overlap: Any
    annotators: tuple[str, ...]
    tasks: Mapping[str, list[dict[str, Any]]]
    items: tuple[str, ...]
    columns: Mapping[str, str]
    where: str
    predictions: Mapping[str, str]

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
    columns: Mapping[str, str] | None = None,
    where: Where | None = None,
    predictions: Mapping[str, str] | None = None,
    model_version: str = MODEL,
    release: str | None = None,
) -> Plan:
    """Return a checked plan of a study; only media of this computer are sent anywhere, to the bucket.

    Raises:
        InputError: With every fault: title, annotators, key, config, media cells, bucket.
    """
    problems = _title_problems(title)
    names, name_problems = annotator_names(annotators)
    problems += name_problems
    if not is_whole(seed):
        problems.append(f"seed is {seed!r}: give a whole number.")
    rows = read_rows(
        table,
        config,
        key=key,
        columns=columns,
        where=where,
        bucket=bucket,
        predictions=predictions,
        release=release,
    )
    problems += rows.problems
    if not problems and not rows.skipped:
        rows = upload_local(rows, bucket)
    problems += [f"{reason}: drop these rows or mend them." for reason in _reasons(rows.skipped)]
    assigned: Mapping[str, list[str]] = {}
    if not problems:
        try:
            assigned = assign(rows.keys, names, overlap=overlap, seed=seed)
        except InputError as fault:
            problems += fault.problems
    if problems:
        raise InputError(problems)
    data = dict(zip(rows.keys, rows.data, strict=True))

    shares = {name: frozenset(items) for name, items in assigned.items()}

    def task(item: str) -> dict[str, Any]:
        team = teams_of(shares, item, overlap)
        return new_task(data[item], item, team, rows.predicted.get(item, ()), model_version)

    return Plan(
        title=title.strip(),
        config=config,
        key=key,
        seed=int(seed),
        overlap=overlap,
        annotators=tuple(names),
        columns=dict(columns or {}),
        where=where if isinstance(where, str) else "",
        predictions=dict(predictions or {}),
        tasks={name: [task(item) for item in assigned[name]] for name in names},
        items=tuple(rows.keys),
    )


def teams_of(assigned: Mapping[str, Collection[str]], item: str, overlap: Any) -> list[str] | None:
    """Return who shares an item, or None where everybody does.

    Args:
        assigned: Annotator → items.
        item: The item.
        overlap: Who does what.
    """
    return None if overlap == "full" else [name for name, items in assigned.items() if item in items]


def new_task(
    data: Mapping[str, Any],
    item: str,
    team: Sequence[str] | None,
    results: Sequence[Mapping[str, Any]] = (),
    model_version: str = MODEL,
) -> dict[str, Any]:
    """Return a task to import.

    Args:
        data: The row.
        item: Its key.
        team: Who shares it, where not everybody does; a sync that was cut can so be finished.
        results: What a model says of it.
        model_version: What that model is called.
    """
    meta: dict[str, Any] = {"item": item}
    if team is not None:
        meta["team"] = list(team)
    task: dict[str, Any] = {"data": dict(data), "meta": meta}
    if results:
        task["predictions"] = [{"model_version": model_version, "result": [dict(result) for result in results]}]
    return task


def _title_problems(title: str) -> list[str]:
    text = title.strip() if isinstance(title, str) else ""
    if len(text) < 3:
        return [f"The title {text!r} is too short: Label Studio wants 3 to {TITLE_LIMIT} characters."]
    if len(text) > TITLE_LIMIT:
        return [f"The title {text[:30] + '…'!r} has {len(text)} characters: Label Studio wants 3 to {TITLE_LIMIT}."]
    if "\n" in text:
        return ["The title holds a line break: write it on one line."]
    return []


def _reasons(skipped: Mapping[str, str]) -> list[str]:
    items: dict[str, list[str]] = {}
    for item, reason in skipped.items():
        items.setdefault(reason, []).append(item)
    return [f"{reason} for {listed_items(keys)}" for reason, keys in items.items()]
