"""Whether the study of a title is the one asked for: each difference, named."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from lsnb.errors import StudyConflictError
from lsnb.studio import Server
from lsnb.study.finding import Copy, all_annotators
from lsnb.study.plan import Plan
from lsnb.study.rows import SHOWN
from lsnb.study.snapshot import item_of


def refuse_differences(server: Server, plan: Plan, copies: Sequence[Copy]) -> dict[str, set[str]]:
    """Raise where a study of this title exists that is not the one planned.

    Args:
        server: The server, asked for items only where they differ from those the study was made with.
        plan: The study asked for.
        copies: The projects that exist.

    Returns:
        Annotator → items, where syncs have brought the study to the items planned; else nothing.

    Raises:
        StudyConflictError: Naming each difference.
    """
    if not copies:
        return {}
    there = copies[0].manifest
    problems = []
    if there.key != plan.key:
        problems.append(f"key: the study has {there.key!r}, the call {plan.key!r}.")
    if there.seed != plan.seed:
        problems.append(f"seed: the study has {there.seed}, the call {plan.seed}.")
    if _plain(there.overlap) != _plain(plan.overlap):
        problems.append(f"overlap: the study has {there.overlap!r}, the call {plan.overlap!r}.")
    if dict(there.columns) != dict(plan.columns):
        problems.append(f"columns: the study has {dict(there.columns)}, the call {dict(plan.columns)}.")
    if there.where != plan.where:
        problems.append(f"where: the study has {there.where!r}, the call {plan.where!r}.")
    if set(plan.annotators) not in (set(there.annotators), set(all_annotators(copies))):
        names = ", ".join(all_annotators(copies))
        problems.append(
            f"annotators: the study has {names}; the call {', '.join(plan.annotators)} (study.add_annotator adds one)."
        )
    if there.config != plan.config.fingerprint:
        problems.append("config: the study's label config is another one.")
    held: dict[str, set[str]] = {}
    if there.items != plan.digest:
        held = {copy.manifest.annotator: _items_in(server, copy) for copy in copies}
        problems += _item_differences(plan, set().union(*held.values()))
    if problems:
        raise StudyConflictError(
            [
                f"A study {plan.title!r} exists on {server.url} and differs from the one asked for; "
                "nothing was changed. Give the same values, or another title.",
                *problems,
            ]
        )
    return held


def _items_in(server: Server, copy: Copy) -> set[str]:
    return {item for task in server.export(copy.project.id) if (item := item_of(task)) is not None}


def _item_differences(plan: Plan, there: Collection[str]) -> list[str]:
    new = [item for item in plan.items if item not in there]
    gone = sorted(set(there) - set(plan.items))
    parts = []
    if new:
        parts.append(f"{len(new)} of the call are not in the study ({_few(new)})")
    if gone:
        parts.append(f"{len(gone)} of the study are not in the call ({_few(gone)})")
    return [f"items: {' and '.join(parts)}; study.sync(table) adds, changes and removes items."] if parts else []


def _few(items: Sequence[str]) -> str:
    return ", ".join(items[:SHOWN]) + (", …" if len(items) > SHOWN else "")


def _plain(overlap: Any) -> Any:
    if isinstance(overlap, dict):
        return {str(name): [str(item) for item in items] for name, items in overlap.items()}
    return overlap
