"""Annotations of projects that are no study of lsnb's: by their numbers on the server."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lsnb.annotations import anonymize as hide_names
from lsnb.annotations import long_table, merge_copies
from lsnb.errors import InputError
from lsnb.studio import Server
from lsnb.study.manifest import SEPARATOR


def read_projects(
    server: Server,
    projects: Sequence[int],
    *,
    key: str | None,
    data: Sequence[str],
    raw: bool,
    accounts: bool,
    anonymize: bool,
) -> pd.DataFrame:
    """Return the annotations of several projects as one long table.

    Args:
        server: The server.
        projects: The projects' ids.
        key: The field of the tasks' data that identifies items.
        data: Fields of the tasks' data to carry along.
        raw: Whether to add each result as Label Studio stores it.
        accounts: Whether one account is one annotator whatever the project.
        anonymize: Whether to call annotators A, B, C.

    Raises:
        InputError: No project is named.
    """
    numbers = sorted(set(projects))
    if not numbers:
        raise InputError("projects is empty: give the projects' numbers, which stand in their addresses.")
    exported = {server.project(number): server.export(number) for number in numbers}
    short = {project: project.title.rpartition(SEPARATOR)[2] for project in exported}
    tables: dict[str, pd.DataFrame] = {}
    for project, tasks in exported.items():
        alone = list(short.values()).count(short[project]) == 1
        name = short[project] if alone else f"{project.title} ({project.id})"
        tables[name] = long_table(tasks, key=key, data=list(data), raw=raw, accounts=accounts)
    merged = merge_copies(tables, accounts=accounts)
    return hide_names(merged) if anonymize else merged
