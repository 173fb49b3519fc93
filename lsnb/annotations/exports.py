"""Label Studio's export files → the long table."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd

from lsnb.annotations.long import anonymize as hide_names
from lsnb.annotations.long import long_table
from lsnb.errors import InputError, MissingFileError
from lsnb.kernel.checks import TOLD, checked
from lsnb.kernel.formats import (
    LARGEST_JSON,
    MemberFault,
    Zip,
    ending_of,
    inside,
    is_junk,
    looks_like_json,
    parse_json,
    read_bytes,
)
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.words import listing, nearest

WHICH_EXPORT = "In Label Studio choose Export and the format JSON (not JSON-MIN, CSV or another)."
Source = str | os.PathLike[str]


@checked
def read_annotations(
    export: Annotated[Source | Mapping[str, Any] | Sequence[Source] | Sequence[Mapping[str, Any]], TOLD],
    *,
    key: str | None = None,
    data: str | Sequence[str] = (),
    raw: bool = False,
    accounts: bool = False,
    anonymize: bool = False,
) -> pd.DataFrame:
    """Return the annotations in one or more exports of Label Studio as the long table.

    Annotators have the names that lsnb's study gave them; those of other projects are named by ``completed_by``: the
    e-mail address, or the account's id as text. When one account annotated the same item in several files (one person
    signed in on every copy, or everybody with the same account), files tell annotators apart: the file's name without
    its ending, or ``account (file)`` where the file holds several accounts. The order of files does not matter. An
    annotation that is in several files, as in exports made on different days, counts once: the latest.

    Args:
        export: A path, several paths (one per copy of the project), or the parsed JSON (a list of tasks). A path may
            be a zip of JSON exports, such as ``Study.export_to`` and ``Study.delete`` write.
        key: The field of the tasks' data that identifies items. Tasks of lsnb's studies know theirs;
            for other tasks without a key, the task's id is the item, which differs between projects.
        data: Fields of the tasks' data to add as columns ``data.<field>``.
        raw: Whether to add a column ``raw`` with each result as Label Studio stores it.
        accounts: Whether one account is one annotator, whatever the study or the files say.
        anonymize: Whether to call annotators A, B, C, in the order of their names.

    Returns:
        A row for each answer, and one for each item nobody labelled: see ``long_table``.

    Raises:
        MissingFileError: There is no such file.
        InputError: JSON-MIN, CSV or something else that is no JSON export, or a zip without one.
        KeyColumnError: A task has no key.

    Example:
        >>> tasks = [{"id": 1, "data": {"ID": "a"}, "annotations": []}]
        >>> read_annotations(tasks, key="ID")[["item", "status"]].to_dict("records")
        [{'item': 'a', 'status': 'unlabelled'}]
    """
    table = _read(export, key=key, data=data, raw=raw, accounts=accounts)
    return hide_names(table) if anonymize else table


def _read(export: Any, *, key: str | None, data: str | Sequence[str], raw: bool, accounts: bool) -> pd.DataFrame:
    if isinstance(export, (str, os.PathLike)):
        return _read_files([Path(export)], key, data, raw, accounts)
    parts: list[Any] = [export] if isinstance(export, Mapping) else list(export) if _is_listed(export) else []
    if parts and all(isinstance(part, (str, os.PathLike)) for part in parts):
        return _read_files([Path(part) for part in parts], key, data, raw, accounts)
    if not isinstance(export, Mapping) and not _is_listed(export):
        raise InputError(f"A path, paths or parsed JSON are needed, not a {type(export).__name__}.")
    tasks = _tasks(export if isinstance(export, Mapping) else parts, "The export")
    return long_table(tasks, key=key, data=data, raw=raw, accounts=accounts)


def _is_listed(export: Any) -> bool:
    return isinstance(export, Sequence) and not isinstance(export, bytes)


def _read_files(
    paths: list[Path], key: str | None, data: str | Sequence[str], raw: bool, accounts: bool
) -> pd.DataFrame:
    tables: dict[Path, pd.DataFrame] = {}
    known = True
    with collector_paused():
        for path in sorted(set(paths)):
            for file, name, parsed in _exports(path):
                tasks = _tasks(parsed, name)
                known = known and all(_is_known(task) for task in tasks)
                tables[file] = long_table(tasks, key=key, data=data, raw=raw, accounts=accounts)
                # Gone before the collector is back, which would look through millions of objects for nothing.
                del tasks, parsed
    if len(tables) == 1:
        return next(iter(tables.values()))
    if key is None and not known:
        warnings.warn(
            "Items are identified by the ids of tasks, which differ between projects: give key=, the field of "
            "the data that identifies items, to compare annotators.",
            stacklevel=4,
        )
    names = _file_names(list(tables))
    return merge_copies({names[path]: table for path, table in tables.items()}, accounts=accounts)


def merge_copies(tables: Mapping[str, pd.DataFrame], *, accounts: bool = False) -> pd.DataFrame:
    """Return the long tables of copies of a project as one, with annotators told apart.

    Args:
        tables: The copy's name (a file, a project) → its long table.
        accounts: Whether one account is one annotator whatever the copy.

    Example:
        >>> copy = pd.DataFrame({"item": ["1"], "project": [1], "task": [1], "annotation": [7], "annotator": ["3"],
        ...                      "status": ["submitted"], "updated_at": ["2026-01-02"]})
        >>> merge_copies({"ana": copy, "ben": copy.assign(project=2)})["annotator"].tolist()
        ['ana', 'ben']
    """
    merged = pd.concat([table.assign(__file=name) for name, table in tables.items()], ignore_index=True)
    merged = _without_repeats(merged)
    if not accounts:
        merged["annotator"] = _told_apart(merged)
    return merged.drop(columns="__file").reset_index(drop=True)


def _exports(path: Path) -> Iterator[tuple[Path, str, Any]]:
    """Yield each export that a file holds: where it is, how messages call it, and what is in it."""
    if path.is_dir():
        inside = sorted(child.name for child in path.glob("*.json"))
        raise InputError(
            f"{path} is a folder: give its export files, for example sorted(Path({str(path)!r}).glob('*.json')) "
            f"(there: {listing(inside) or 'none'})."
        )
    path = path.expanduser()
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError:
        siblings = [child.name for child in path.parent.iterdir()] if path.parent.is_dir() else []
        raise MissingFileError(f"There is no file {path}.{nearest(path.name, siblings)}") from None
    except (OSError, ValueError) as fault:
        raise MissingFileError(f"{str(path)[:200]!r} cannot be read ({getattr(fault, 'strerror', fault)}).") from None
    if start in (b"PK\3\4", b"PK\5\6"):
        yield from _unpacked(path)
    else:
        yield path, path.name, _parsed(read_bytes(path), path.name)


def _unpacked(path: Path) -> Iterator[tuple[Path, str, Any]]:
    with Zip(path) as archive:
        exports = [member for member in archive.members if _is_export(inside(member))]
        if not exports:
            names = listing(sorted(inside(member) for member in archive.members)) or "nothing"
            raise InputError(f"{path.name} is a zip without JSON files (in it: {names}). {WHICH_EXPORT}")
        archive.check(exports)
        for member in sorted(exports, key=inside):
            name = f"{inside(member)} in {path.name}"
            try:
                content = archive.read(member, LARGEST_JSON)
            except MemberFault as fault:
                raise InputError(f"{name} {fault}.") from None
            yield path / inside(member), name, _parsed(content, name)


def _is_export(name: str) -> bool:
    """Whether a zip's member is an export; archives made on a Mac hold a hidden second file for each."""
    return ending_of(name) == ".json" and not is_junk(name)


def _parsed(content: bytes, name: str) -> Any:
    if not looks_like_json(content):
        raise InputError(f"{name} is not JSON, so ids, skips and relations are lost in it. {WHICH_EXPORT}")
    return parse_json(content, name)


def _tasks(parsed: Any, name: str) -> list[Mapping[str, Any]]:
    tasks = [parsed] if isinstance(parsed, Mapping) and "data" in parsed else parsed
    if isinstance(tasks, list) and all(isinstance(t, Mapping) and isinstance(t.get("data"), Mapping) for t in tasks):
        return tasks
    first = tasks[0] if isinstance(tasks, list) and tasks else tasks
    if isinstance(first, Mapping) and ("annotation_id" in first or "annotator" in first):
        raise InputError(f"{name} is a JSON-MIN export, in which ids, skips and relations are lost. {WHICH_EXPORT}")
    if isinstance(first, Mapping) and "categories" in first and "images" in first:
        raise InputError(f"{name} is a COCO file, not an export of tasks. {WHICH_EXPORT}")
    raise InputError(f"{name} is not a list of Label Studio tasks with their data. {WHICH_EXPORT}")


def _is_known(task: Mapping[str, Any]) -> bool:
    meta = task.get("meta")
    return isinstance(meta, Mapping) and "item" in meta


def _file_names(paths: list[Path]) -> dict[Path, str]:
    """Name each file by its stem, or by its folder too where stems are the same."""
    stems = [path.stem for path in paths]
    return {path: path.stem if stems.count(path.stem) == 1 else f"{path.parent.name}/{path.stem}" for path in paths}


def _without_repeats(merged: pd.DataFrame) -> pd.DataFrame:
    """Leave out older copies of an annotation that is in several files."""
    one = ["project", "task", "annotation"]
    copies = merged.drop_duplicates([*one, "__file"])[[*one, "__file", "updated_at", "status"]]
    # A task that is annotated in one file is not unlabelled because an older file says so.
    labelled = copies[copies["status"] != "unlabelled"][["project", "task"]].drop_duplicates()
    stale = merged["status"].eq("unlabelled") & _in(merged[["project", "task"]], labelled)
    latest = copies.sort_values(["updated_at", "__file"], na_position="first").drop_duplicates(one, keep="last")
    kept = _in(merged[[*one, "__file"]], latest[[*one, "__file"]]) | merged["project"].isna()
    dropped = merged[~kept & merged["annotation"].notna()]
    if len(dropped):
        warnings.warn(
            f"{len(dropped.drop_duplicates(one))} annotations are in more than one file "
            f"({listing(sorted(set(dropped['__file'])))} among them): each counts once, as it was latest.",
            stacklevel=5,
        )
    return merged[kept & ~stale]


def _in(rows: pd.DataFrame, others: pd.DataFrame) -> pd.Series[bool]:
    """Return for each row whether it is among the others (missing values equal each other)."""
    return pd.Series(
        pd.MultiIndex.from_frame(rows).isin(pd.MultiIndex.from_frame(others)), index=rows.index, dtype="bool"
    )


def _told_apart(merged: pd.DataFrame) -> pd.Series[str]:
    """Return who annotated each row, by file where an account is in several files for one item."""
    annotator = merged["annotator"]
    done = merged[merged["status"].isin(["submitted", "skipped", "empty"])]
    pairs = done.drop_duplicates(["annotator", "item", "__file"])
    repeated = pairs[pairs.duplicated(["annotator", "item"], keep=False)]
    ambiguous = set(repeated["annotator"].dropna())
    accounts = done.groupby("__file")["annotator"].nunique(dropna=False)
    alone = merged["__file"].map(accounts).eq(1)
    by_file = merged["__file"].where(alone, annotator.fillna("unknown") + " (" + merged["__file"] + ")")
    unclear = annotator.isin(ambiguous) | (annotator.isna() & merged["status"].ne("unlabelled"))
    return annotator.where(~unclear, by_file)
