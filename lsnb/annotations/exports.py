"""Label Studio's export files → the long table.

JSON-MIN and CSV are tables of answers: a record is a task's data and one annotation's answers side by side, read as far
as they tell, with what they lack said. Ids of regions, what was skipped, relations, drafts and who a prediction came
from are not there; in CSV nor is which column is data and which an answer.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations, repeat
from operator import contains
from pathlib import Path, PurePath, PurePosixPath
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd

from lsnb.annotations.long import DONE, Tabulated, Wanted, tabulate, typed_data
from lsnb.annotations.long import anonymize as hide_names
from lsnb.errors import InputError, MissingFileError, TableError
from lsnb.kernel.checks import TOLD, checked
from lsnb.kernel.files import files_in, is_address, named_path, nearest_file, objects_at, refuse_no_file
from lsnb.kernel.formats import (
    FILE_KINDS,
    LARGEST_JSON,
    WORKBOOK,
    MemberFault,
    Zip,
    csv_rows,
    ending_of,
    inside,
    is_export,
    is_junk,
    looks_like_json,
    parse_json,
    read_bytes,
    why_packed,
)
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import counted, joined, listing, looking_alike, nearest, warn
from lsnb.labels.vocabulary import CHAT, CHOICES, KINDS, NUMBER, RATING, TEXT_AREA
from lsnb.results import is_value, kind_of
from lsnb.shapes import shape_of
from lsnb.tables.cells import TEXT_DTYPE
from lsnb.tables.opening import decode, read_json, read_table, sniff
from lsnb.tasks import (
    ABOUT,
    LACKS,
    OLD_FORM,
    UNKNOWN,
    Mark,
    from_text,
    is_flat,
    listed_tasks,
    same_annotations,
    unfolded,
)

OF_OTHERS = "What another tool wrote is for lsnb.read_predictions, or a study's import_annotations."
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
    e-mail address, or the account's id as text; ``unknown`` where an export does not say. When one account annotated
    the same item in several files (one person signed in on every copy, or everybody with the same account), files tell
    annotators apart: the file's name without its ending, or ``account (file)`` where the file holds several accounts;
    so do the projects in one file. The order of files does not matter. An annotation that is in several files, as in
    exports made on different days, counts once: the latest. ``unique_id`` says which these are, since two servers count
    from 1 both.

    Read are the exports JSON (also of releases before 1.0, as JSON lines, in UTF-16, with results as text), the files
    that Label Studio writes into a target bucket, and with a warning of what they lack JSON-MIN and CSV. Whatever is
    left out, damaged or guessed is said; ``table.attrs["read"]`` counts it.

    Args:
        export: A path, several paths (one per copy of the project), or the parsed JSON (a list of tasks). A path may
            be a zip of JSON exports, such as ``Study.export_to`` and ``Study.delete`` write, a copy of a target
            bucket's folder, or ``gs://bucket/prefix``.
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
        InputError: It is no export, or a zip without one.
        KeyColumnError: A task has no key.

    Example:
        >>> tasks = [{"id": 1, "data": {"ID": "a"}, "annotations": []}]
        >>> read_annotations(tasks, key="ID")[["item", "status"]].to_dict("records")
        [{'item': 'a', 'status': 'unlabelled'}]
    """
    table, tally = _read(export, Wanted(key, data, raw, accounts))
    tally.warn()
    return tally.attach(hide_names(table) if anonymize else table)


class Guessed(NamedTuple):
    """What a file says whose encoding was guessed or that has a name twice, and the sentence that says so."""

    parsed: Any
    sentence: str


class Part(NamedTuple):
    """What one source holds.

    Args:
        place: Where it is.
        name: What sentences call it.
        tasks: Its tasks, and what is none.
        notes: What is lost in such a file, or was guessed.
        fault: Why there is no annotation in it, though one of its neighbours' kind should be.
        alone: Whether no other part can come.
    """

    place: PurePath
    name: str
    tasks: list[Any]
    notes: tuple[str, ...] = ()
    fault: str = ""
    alone: bool = False


def _read(export: Any, wanted: Wanted) -> tuple[pd.DataFrame, Tally]:
    if isinstance(export, (str, os.PathLike)):
        return _read_parts(_parts([export], wanted), wanted)
    parts: list[Any] = [export] if isinstance(export, Mapping) else list(export) if _is_listed(export) else []
    if parts and all(isinstance(part, (str, os.PathLike)) for part in parts):
        return _read_parts(_parts(parts, wanted), wanted)
    if not isinstance(export, Mapping) and not _is_listed(export):
        raise InputError(f"A path, paths or parsed JSON are needed, not a {type(export).__name__}.")
    tasks, notes = tasks_of(export if isinstance(export, Mapping) else parts, "The export", known=_known_fields(wanted))
    return _read_parts(iter([Part(PurePath("export"), "The export", tasks, notes, alone=True)]), wanted)


def _known_fields(wanted: Wanted) -> tuple[str, ...]:
    """Return which columns of a table of answers are the researcher's for certain."""
    data = [wanted.data] if isinstance(wanted.data, str) else wanted.data
    return tuple(name for name in (wanted.key, *data) if name)


def _is_listed(export: Any) -> bool:
    return isinstance(export, Sequence) and not isinstance(export, bytes)


def _parts(sources: list[Any], wanted: Wanted) -> Iterator[Part]:
    """Yield what each file holds; files of one task or annotation are one source for each folder."""
    single: dict[PurePath, list[Part]] = {}
    paths = {str(source) if is_address(source) else Path(source) for source in sources}
    read: set[tuple[bool, str]] = set()
    for source in sorted(paths, key=str):
        for place, name, parsed in _contents(source):
            which = (isinstance(source, str), str(place) if isinstance(source, str) else os.path.realpath(place))
            if which in read:
                continue  # a folder and a file in it, or a file by two of its names
            read.add(which)
            try:
                if isinstance(parsed, InputError):
                    raise parsed
                is_guessed = isinstance(parsed, Guessed)
                said = parsed.parsed if is_guessed else parsed
                tasks, notes = tasks_of(said, name, known=_known_fields(wanted))
                notes += (parsed.sentence,) if is_guessed else ()
            except InputError as fault:
                if not _is_one_of_many(source, name):
                    raise
                yield Part(place, name, [], fault=str(fault))
                continue
            part = Part(place, name, tasks, notes, alone=len(paths) == 1 and not _is_one_of_many(source, name))
            if isinstance(said, Mapping):
                single.setdefault(place.parent, []).append(part)
            else:
                yield part
            # Gone before the next file is read, which may be as large.
            del parsed, said, tasks, part
    for folder, parts in single.items():
        first, *others = parts
        if not others:
            yield first
            continue
        tasks = [task for part in parts for task in part.tasks]
        yield Part(
            folder, f"{len(parts)} files in {folder}", tasks, tuple(note for part in parts for note in part.notes)
        )


def _is_one_of_many(source: Path | str, name: str) -> bool:
    """Return whether a file was found among others in a bucket, folder or zip, rather than named by the caller."""
    if isinstance(source, str):
        return name != source.partition("://")[2].partition("/")[2]
    return source.is_dir() or name != source.name


def _read_parts(parts: Iterator[Part], wanted: Wanted) -> tuple[pd.DataFrame, Tally]:
    found: dict[tuple[PurePath, Any], Tabulated] = {}
    tally = Tally("", "annotation")
    names: list[str] = []
    faults: list[str] = []
    known = True
    with collector_paused():
        for part in parts:
            if part.fault:
                tally.seen += 1
                tally.leave("no annotation", [part.name])
                faults.append(part.fault)
                continue
            names.append(part.name)
            for sentence in part.notes:
                tally.note(sentence)
            projects = _by_project(part.tasks)
            for project, tasks in projects:
                known = known and all(_is_known(task) for task in tasks)
                tabulated = tabulate(tasks, wanted, source=part.name, marked=not part.alone or len(projects) > 1)
                found[part.place, project] = tabulated
                tally.add(tabulated.tally)
                # Gone before the collector is back, which would look through millions of objects for nothing.
                del tasks, tabulated
            del part, projects
    if faults and not names:
        raise InputError(faults[0])
    tally.source = listing(names, 3) or "No file"
    if wanted.key is None and not known and len(found) > 1:
        tally.note(
            "Items are identified by the ids of tasks, which differ between projects: give key=, the field of "
            "the data that identifies items, to compare annotators."
        )
    if len(found) == 1:
        one = next(iter(found.values()))
        table, heads = one.table, one.heads
    else:
        named_tables = {
            name: found[place].table.assign(__head=found[place].heads, __said=found[place].said)
            for place, name in _part_names(list(found)).items()
        }
        merged, repeats = _merged(named_tables, accounts=wanted.accounts)
        table, heads = merged.drop(columns=["__file", "__head", "__said"]), merged["__head"].to_numpy()
        heads = np.where(heads < 0, -1, merged.groupby(["__file", "__head"], sort=False).ngroup())
        tally.taken = len(np.unique(heads[heads >= 0]))
        if repeats:
            tally.leave("in more than one file: each counts once, as it was latest", n=repeats)
    for sentence in (*strangers(table), *look_alikes(table)):
        tally.note(sentence)
    return table.reset_index(drop=True), tally


def _by_project(tasks: list[Any]) -> list[tuple[Any, list[Any]]]:
    """Return the tasks of each project; where only one is named, the others are of it."""
    by_project: dict[Any, list[Any]] = {}
    for task in tasks:
        by_project.setdefault(_project(task), []).append(task)
    if len(by_project.keys() - {None}) < 2:
        return [(None, tasks)]
    return list(by_project.items())


def _project(task: Any) -> Any:
    number = task.get("project") if isinstance(task, Mapping) else None
    return number if isinstance(number, int | str) else None


@checked
def merge_copies(tables: Mapping[str, pd.DataFrame], *, accounts: bool = False) -> pd.DataFrame:
    """Return the long tables of copies of a project as one, with annotators told apart.

    Args:
        tables: The copy's name (a file, a project) → its long table.
        accounts: Whether one account is one annotator whatever the copy.

    Raises:
        InputError: No tables, or none that are.

    Example:
        >>> copy = pd.DataFrame({"item": ["1"], "project": [1], "task": [1], "annotation": [7], "annotator": ["3"],
        ...                      "status": ["submitted"], "updated_at": ["2026-01-02"]})
        >>> merge_copies({"ana": copy, "ben": copy.assign(project=2)})["annotator"].tolist()
        ['ana', 'ben']
    """
    if not tables:
        raise InputError("tables is empty: give at least one long table.")
    # An index may be called as a column, and people may be categories.
    bare = {name: table.reset_index(drop=True).astype({"annotator": TEXT_DTYPE}) for name, table in tables.items()}
    given = {name: table.assign(__head=_heads_of(table)) for name, table in bare.items()}
    merged, repeats = _merged(given, accounts=accounts)
    if repeats:
        warn(
            f"{repeats} annotations are in more than one file ({listing(sorted(given))}): each counts once, as it was "
            "latest.",
        )
    merged = merged.drop(columns=["__file", "__head"]).reset_index(drop=True)
    for sentence in (*strangers(merged), *look_alikes(merged)):
        warn(sentence)
    return merged


def _heads_of(table: pd.DataFrame) -> Any:
    """Return for each row the number of the annotation it is of; −1 where an item has none."""
    which = [name for name in ("item", *NUMBERS, "unique_id", "status", "updated_at") if name in table.columns]
    heads = table.groupby(which, sort=False, dropna=False).ngroup()
    return heads.where(table["status"].ne("unlabelled"), -1)


def _merged(tables: Mapping[str, pd.DataFrame], *, accounts: bool) -> tuple[pd.DataFrame, int]:
    """Return all rows with ``__file`` and ``__head``, and how many annotations were in another file, too."""
    data = {column for table in tables.values() for column in table if str(column).startswith("data.")}
    # Of what type the data is, all parts together tell: pandas would make a float of a long number beside another's.
    plain = [t.astype(dict.fromkeys(data & set(t), "object")).assign(__file=n) for n, t in tables.items()]
    merged = pd.concat(plain, ignore_index=True)
    merged = _of_projects(merged.assign(**{str(column): typed_data(merged[column]) for column in data}))
    kept, repeats = _kept(merged)
    merged = merged[kept]
    apart = merged["annotator"] if accounts else _told_apart(merged)
    return merged.assign(annotator=_unknown_apart(merged, apart)), repeats


def _contents(source: Path | str) -> Iterator[tuple[PurePath, str, Any]]:
    """Yield each export that a source holds: where it is, how messages call it, and what is in it."""
    if isinstance(source, str):
        bucket = source.partition("://")[2].partition("/")[0]
        for name, content in objects_at(source):
            yield PurePosixPath(bucket, name), name, _parsed_or_fault(content, name)
        return
    path = named_path(source)
    if path.is_dir():
        yield from _stored(path)
        return
    try:
        refuse_no_file(path)
        start = b""
        if not path.exists() or path.is_file():  # what a shell's pipe gave once, it does not give again
            with path.open("rb") as file:
                start = file.read(4)
    except FileNotFoundError:
        siblings = [child.name for child in path.parent.iterdir()] if path.parent.is_dir() else []
        raise MissingFileError(
            f"There is no file {path} (looked in {Path.cwd()}): check the path."
            f"{nearest(path.name, siblings) or nearest_file(path)}"
        ) from None
    except (OSError, ValueError) as fault:
        raise MissingFileError(f"{str(path)[:200]!r} cannot be read ({getattr(fault, 'strerror', fault)}).") from None
    if start in (b"PK\3\4", b"PK\5\6"):
        yield from _unpacked(path)
    else:
        yield path, path.name, _parsed(read_bytes(path), path.name)


def _stored(folder: Path) -> Iterator[tuple[PurePath, str, Any]]:
    """Yield the exports in a folder and those below, be it a copy of a target bucket or somebody's own."""
    files = files_in(folder, lambda path: not is_junk(path.as_posix()))
    exports = [path for path in files if is_export(path.name)]
    if not exports:
        found = listing(sorted(path.name for path in files)) or "nothing"
        raise InputError(f"{folder} is a folder without JSON files (in it: {found}). {WHICH_EXPORT} {OF_OTHERS}")
    if others := sorted(path.relative_to(folder).as_posix() for path in files if not is_export(path.name)):
        warn(f"{folder}: {counted(len(others), 'file')} of other endings passed over: {listing(others)}.")
    for path in exports:
        yield path, path.relative_to(folder).as_posix(), _parsed_or_fault(read_bytes(path), path.name)


def _unpacked(path: Path) -> Iterator[tuple[Path, str, Any]]:
    with Zip(path) as archive:
        exports = [member for member in archive.members if is_export(inside(member)) and not is_junk(inside(member))]
        if any(member.filename == WORKBOOK for member in archive.members):
            yield path, path.name, _workbook(path)
            return
        if not exports:
            names = listing(sorted(inside(member) for member in archive.members)) or "nothing"
            raise InputError(f"{path.name} is a zip without JSON files (in it: {names}). {WHICH_EXPORT} {OF_OTHERS}")
        archive.check(exports)
        for member in sorted(exports, key=inside):
            name = f"{inside(member)} in {path.name}"
            try:
                content = archive.read(member, LARGEST_JSON)
            except MemberFault as fault:
                yield path / inside(member), name, InputError(f"{name} {fault}.")
                continue
            yield path / inside(member), name, _parsed_or_fault(content, name)


_OWN = {"item", "annotator", "control", "status"}


def _no_export(name: str, columns: Iterable[str]) -> str:
    """Return why a table is no export: a table of annotations that lsnb itself wrote looks like one to people."""
    if set(columns) >= _OWN:
        return f"{name} is a table of annotations, not an export: lsnb.read_table brings it back as it was written."
    return f"{name} is not JSON, so ids, skips and relations are lost in it. {WHICH_EXPORT} {OF_OTHERS}"


def _workbook(path: Path) -> list[dict[str, Any]]:
    """Return the records of a CSV export that a spreadsheet saved as a workbook."""
    try:
        table = read_table(path, wanted=["annotation_id"])
    except TableError as fault:
        raise InputError(fault.problems) from None
    if "annotation_id" not in table:
        raise InputError(_no_export(path.name, map(str, table.columns)))
    return [
        {
            str(column): _cell(cell) if isinstance(cell, str) else cell
            for column, cell in record.items()
            if column in ABOUT or not pd.isna(cell)
        }
        for record in table.astype("object").where(table.notna(), None).to_dict("records")
    ]


def _parsed_or_fault(content: bytes, name: str) -> Any:
    """Return what a file holds, or why it is none: one of thousands must not stop the others."""
    try:
        return _parsed(content, name)
    except InputError as fault:
        return fault


def _parsed(content: bytes, name: str) -> Any:
    if looks_like_json(content):
        try:
            found, guess = read_json(content, name, lines=True)
        except InputError:
            lines = _whole_lines(content, name)
            if lines is None:
                raise
            return lines
        found, twice = _with_doubled(content, found, name)
        sentence = " ".join(filter(None, (guess, twice)))
        return Guessed(found, sentence) if sentence else found
    # A spreadsheet that saves a CSV anew writes it in the letters of its country.
    # Excel may say in a line above the header what stands between cells.
    is_table = b"annotation_id" in b"\n".join(content.split(b"\n", 2)[:2]).replace(b"\0", b"")
    try:
        text, guess = decode(content, name) if is_table else ("", None)
    except TableError as fault:
        raise InputError(fault.problems) from None
    records = records_of(text, name)
    if records is None:
        said = why_packed(content, name)
        head = content.partition(b"\n")[0].decode("utf-8-sig", "replace")
        raise InputError(said or _no_export(name, (title.strip('" \r') for title in re.split("[,;\t]", head))))
    return Guessed(records, guess) if guess else records


# A name that an object has twice is looked for everywhere in files up to this, in larger ones where answers would go.
_SMALL = 2**20
_HOLDING = ("annotations", OLD_FORM, "drafts", "result")


def _with_doubled(content: bytes, found: Any, name: str) -> tuple[Any, str]:
    """Return what JSON says with both of what stands under one name, of which JSON's readers take the last silently."""
    if len(content) > _SMALL:
        tasks = found if isinstance(found, list) else [found]
        inner = [one for task in tasks if isinstance(task, dict) for one in _answers_in(task)]
        held: list[dict[str, Any]] = [one for one in [*tasks, *inner] if isinstance(one, dict)]
        found_times = {key: [*map(contains, held, repeat(key))].count(True) for key in _HOLDING}
        if all(content.count(b'"%s"' % key.encode()) <= found_times[key] for key in _HOLDING):
            return found, ""
    doubled: Counter[str] = Counter()

    def made_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            made = {}
            for key, value in pairs:
                doubled[key] += key in made
                before = made.get(key)
                if isinstance(before, list) and isinstance(value, list):
                    made[key] = [*before, *value]
                elif value or key not in made:
                    made[key] = value
        return made

    try:
        texts = content.splitlines() if isinstance(found, list) and not content.lstrip().startswith(b"[") else [content]
        again = [json.loads(text, object_pairs_hook=made_of) for text in texts if text.strip()]
    except (ValueError, RecursionError):
        return found, ""
    names = sorted(+doubled)
    if not names:
        return found, ""
    times = counted(doubled.total(), "time")
    said = (
        f"{name} has {listing([repr(key) for key in names])} more than once in one object ({times}): lists are taken "
        "together, of anything else the last counts."
    )
    return (again[0] if len(texts) == 1 else again), said


def _answers_in(task: dict[str, Any]) -> Iterator[Any]:
    """Yield what in a task may hold a result."""
    for key in ("annotations", OLD_FORM, "drafts", "predictions"):
        for one in task[key] if isinstance(task.get(key), list) else ():
            yield one
            if isinstance(one, dict):
                yield one.get("prediction")
    yield task.get("task")


def _whole_lines(content: bytes, name: str) -> list[Any] | None:
    """Return the tasks of JSON lines of which some are damaged, those as texts; None where few lines are tasks."""
    found: list[Any] = []
    for line in content.splitlines():
        if line.strip():
            try:
                found.append(parse_json(line, name))
            except InputError:
                found.append(line.decode("utf-8", "replace"))
    whole = sum(isinstance(one, Mapping) for one in found)
    return found if 2 * whole > len(found) > 1 else None


def tasks_of(parsed: Any, name: str, *, known: Sequence[str] = ()) -> tuple[list[Any], tuple[str, ...]]:
    """Return the tasks that an export of any form holds, and what is lost in that form.

    Args:
        parsed: What the export's JSON says.
        name: What sentences call it.
        known: Columns that are the researcher's for certain, in exports that do not tell.

    Raises:
        InputError: It holds no task.
    """
    listed = listed_tasks(parsed) if isinstance(parsed, Mapping) else parsed
    tasks = [unfolded(task) for task in listed] if isinstance(listed, list) else []
    if tasks and any(isinstance(task, Mapping) and isinstance(task.get("data"), Mapping) for task in tasks):
        return tasks, ()
    if isinstance(parsed, list) and not tasks:
        return [], ()
    first = tasks[0] if tasks else parsed
    if isinstance(parsed, Mapping) and "categories" in parsed and "images" in parsed:
        raise InputError(f"{name} is a COCO file, not an export of tasks. {WHICH_EXPORT}")
    if tasks and is_flat(first):
        return tasks_of_records(tasks, name, known)
    if isinstance(first, Mapping) and set(first) >= _OWN:
        raise InputError(_no_export(name, map(str, first)))
    raise InputError(f"{name} is not a list of Label Studio tasks with their data. {WHICH_EXPORT} {OF_OTHERS}")


def _is_known(task: Any) -> bool:
    meta = task.get("meta") if isinstance(task, Mapping) else None
    return isinstance(meta, Mapping) and "item" in meta


def _part_names(places: list[tuple[PurePath, Any]]) -> dict[tuple[PurePath, Any], str]:
    """Name each source by its file's stem, with as many of its folders as tell it from the others, and by its project.

    No two have one name: what is called alike would be one source, and the answers of the other gone.
    """
    files = list(dict.fromkeys(path for path, _ in places))
    names = _names_apart(files)
    several = {path for path in files if [place for place, _ in places].count(path) > 1}
    if len(files) == 1:
        return {place: f"project {place[1]}" for place in places}
    named = {
        place: f"{names[place[0]]} project {place[1]}" if place[0] in several else names[place[0]] for place in places
    }
    alike = Counter(named.values())
    return {place: name if alike[name] == 1 else f"{place[0]} project {place[1]}" for place, name in named.items()}


def _names_apart(files: Sequence[PurePath]) -> dict[PurePath, str]:
    """Return the shortest name of each file that no other has.

    Example:
        >>> files = [PurePosixPath(name) for name in ("ana/out/a.json", "ben/out/a.json", "c/b.json", "c/b.csv")]
        >>> list(_names_apart(files).values())
        ['ana/out/a', 'ben/out/a', 'b.json', 'b.csv']
    """
    names: dict[PurePath, str] = {}
    left = list(files)
    for with_ending in (False, True):
        whole = {path: [*path.parent.parts, path.name if with_ending else path.stem] for path in left}
        for length in range(1, max(map(len, whole.values()), default=0) + 1):
            called = {path: "/".join(whole[path][-length:]) for path in left}
            times = Counter([*called.values(), *names.values()])
            names |= {path: name for path, name in called.items() if times[name] == 1}
            left = [path for path in left if path not in names]
    return names | {path: str(path) for path in left}


NUMBERS = ("project", "task", "annotation")


def _of_projects(merged: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the project and task of annotations that one file names without, and another with them.

    JSON-MIN and CSV name no project: beside the JSON of the same one their annotations would be somebody else's. Nor do
    they name the item of a study's task, and are then by the task's number.
    """
    nameless = merged["project"].isna() & merged["annotation"].notna()
    if not nameless.any() or "created_at" not in merged or merged["project"].isna().all():
        return merged
    there = merged.loc[merged["project"].notna() & merged["created_at"].notna() & merged["task"].notna()]
    named = there[["annotation", "created_at", "task", "item"]].drop_duplicates()
    named = named.assign(number=named["task"].astype("string").astype(TEXT_DTYPE))
    named = named[~named.duplicated(["annotation", "created_at", "number"], keep=False)]
    by_number = merged.loc[nameless, ["annotation", "created_at", "item"]].rename(columns={"item": "number"})
    matched = by_number.reset_index().merge(named, on=["annotation", "created_at", "number"])
    merged.loc[matched["index"], "item"] = matched["item"].array
    same = ["item", "annotation", "created_at"]
    known = merged.loc[merged["project"].notna() & merged["created_at"].notna(), [*same, "project", "task"]]
    known = known.drop_duplicates()
    known = known[~known.duplicated(same, keep=False)]
    found = merged.loc[nameless, same].reset_index().merge(known, on=same)
    for name in ("project", "task"):
        merged.loc[found["index"], name] = found[name].array
    return merged


def _kept(merged: pd.DataFrame) -> tuple[np.ndarray[Any, np.dtype[np.bool_]], int]:
    """Return which rows stay of annotations that are in several files, the latest, and how many do not."""
    heads = merged.drop_duplicates(["__file", "__head"])
    # One row for each item that nobody labelled, which all have the same number.
    heads = heads[heads["__head"] >= 0]
    numbers = ["item", *NUMBERS]
    alike = heads.duplicated(numbers, keep=False)
    if "unique_id" in heads:
        alike |= heads["unique_id"].notna() & heads.duplicated(["item", "unique_id"], keep=False)
    content = _contents_of(merged, CONTENT)
    servers = _servers(heads[alike], _contents_of(merged, SAID))
    left = [
        place
        for _, some in heads[alike].groupby("item", dropna=False)
        for place in _older(some.assign(__server=some["__file"].map(servers)), content)
    ]
    dropped = pd.MultiIndex.from_frame(heads.loc[left, ["__file", "__head"]])
    stays = (
        ~pd.MultiIndex.from_frame(merged[["__file", "__head"]]).isin(dropped) if left else np.ones(len(merged), bool)
    )
    # A task that is annotated in one file is not unlabelled because an older file says so.
    unlabelled = merged["__head"].lt(0).to_numpy()
    task = pd.MultiIndex.from_frame(merged[["item", "project", "task"]])
    labelled = task.isin(pd.MultiIndex.from_frame(heads[["item", "project", "task"]].drop_duplicates()))
    known = merged["task"].notna().to_numpy()
    again = np.zeros(len(merged), bool)
    again[unlabelled] = task[unlabelled].duplicated(keep="last")
    return stays & ~(unlabelled & known & (labelled | again)), len(left)


def _contents_of(merged: pd.DataFrame, names: Sequence[str]) -> Callable[[str, int], Hashable]:
    """Return a function of a file and an annotation's number in it, for what that holds."""
    places: dict[Any, Any] = {}

    def content(file: str, head: int) -> Hashable:
        if not places:
            places.update(merged.groupby(["__file", "__head"], sort=False).indices)
        rows = merged.iloc[places[file, head]]
        return repr([_plain(rows[name]) for name in names if name in rows])

    return content


def _servers(heads: pd.DataFrame, content: Callable[[str, int], Hashable]) -> dict[str, int]:
    """Return for each file the number of the server it must be of, as far as files contradict each other.

    What has equal numbers, was made and last changed at the same moments and holds something else is of two servers; so
    is all else that is in both files, also where two people happened to answer alike.
    """
    files = sorted(heads["__file"].unique())
    against: dict[str, set[str]] = {file: set() for file in files}
    times = ["created_at", "updated_at"]
    if {*times} <= {*heads.columns} and len(files) > 1:
        unsigned = heads["unique_id"].isna() if "unique_id" in heads else pd.Series(True, index=heads.index)
        told = heads[unsigned & heads[times].notna().all(axis=1) & ~heads["status"].isin(["draft", "damaged"])]
        for _, same in told.groupby(["item", *NUMBERS, *times], dropna=False, sort=False):
            if same["__file"].nunique() < 2:
                continue
            held = [(file, content(file, head)) for file, head in zip(same["__file"], same["__head"], strict=True)]
            for (one, said), (other, too) in combinations(held, 2):
                if one != other and said != too:
                    against[one].add(other)
                    against[other].add(one)
    groups: list[set[str]] = []
    for file in files:
        group = next((group for group in groups if not group & against[file]), None)
        if group is None:
            groups.append({file})
        else:
            group.add(file)
    return {file: number for number, group in enumerate(groups) for file in group}


def _older(heads: pd.DataFrame, content: Callable[[str, int], Hashable]) -> list[Any]:
    """Return the rows, of those of one item's annotations, that another file has later."""
    columns = {name: _plain(heads[name]) if name in heads else [None] * len(heads) for name in MARKED}
    marks = [
        Mark(
            unique,
            (
                *numbers,
                status if status in ("draft", "damaged") else "",
                annotator if status == "draft" else "",
                server,
            ),
            None if created is None else str(created),
            None if updated is None else str(updated),
            partial(content, file, head),
        )
        for unique, *numbers, created, updated, status, annotator, server, file, head in zip(
            *columns.values(), strict=True
        )
    ]
    number = same_annotations(marks)
    latest: dict[int, tuple[str, bool, str]] = {}
    stands: dict[int, Any] = {}
    left = []
    for row, same, mark, file in zip(heads.index, number, marks, columns["__file"], strict=True):
        when = (mark.updated or "", mark.unique_id is not None, file)
        if same in latest and when < latest[same]:
            left.append(row)
            continue
        left += [stands[same]] if same in stands else []
        latest[same], stands[same] = when, row
    return left


MARKED = ("unique_id", *NUMBERS, "created_at", "updated_at", "status", "annotator", "__server", "__file", "__head")
# What an annotation holds, and what its results say beyond these columns: outlines, masks, keyframes.
CONTENT = (
    "account",
    "status",
    "control",
    "kind",
    "region",
    "value",
    "x",
    "y",
    "width",
    "height",
    "rotation",
    "start",
    "end",
    "page",
    "raw",
    "__said",
)
# ... in whatever form it was exported: some have no ids of regions, kinds or addresses of accounts.
SAID = tuple(name for name in CONTENT if name not in ("account", "kind", "region", "raw"))


def _plain(column: pd.Series[Any]) -> list[Any]:
    plain = column.astype("object")
    return plain.where(plain.notna(), None).tolist()


def _told_apart(merged: pd.DataFrame) -> pd.Series[str]:
    """Return who annotated each row, by file where an account is in several files for one item."""
    annotator = merged["annotator"]
    done = merged[merged["status"].isin(DONE)]
    pairs = done.drop_duplicates(["annotator", "item", "__file"])
    repeated = pairs[pairs.duplicated(["annotator", "item"], keep=False)]
    return annotator.where(~annotator.isin(set(repeated["annotator"].dropna()) - {UNKNOWN}), _by_file(merged))


def _unknown_apart(merged: pd.DataFrame, annotator: pd.Series[str]) -> pd.Series[str]:
    """Return who annotated each row, where unknown accounts of different files are different people."""
    unknown = merged["annotator"].eq(UNKNOWN) | (merged["annotator"].isna() & merged["status"].ne("unlabelled"))
    return annotator.where(~unknown.fillna(False).astype(bool), _by_file(merged))


def _by_file(merged: pd.DataFrame) -> pd.Series[str]:
    done = merged[merged["status"].isin(DONE)]
    accounts = done.groupby("__file")["annotator"].nunique(dropna=False)
    alone = merged["__file"].map(accounts).eq(1)
    return merged["__file"].where(alone, merged["annotator"].fillna(UNKNOWN) + " (" + merged["__file"] + ")")


def strangers(annotations: pd.DataFrame) -> list[str]:
    """Return a sentence for each account that answered among the answers of somebody else.

    Where everybody was labelled from one account, nothing tells people apart but the projects, and there is none.

    Args:
        annotations: The long table.

    Example:
        >>> rows = [("ana", "2", "1"), ("ana", "2", "2"), ("ana", "3", "3"), ("ben", "3", "1")]
        >>> long = pd.DataFrame(rows, columns=["annotator", "account", "item"]).assign(status="submitted", annotation=1)
        >>> strangers(long)
        ["Account 3, which is ben's, answered 1 item as ana, whose account is 2: it counts as ana's."]
    """
    if "account" not in annotations.columns:
        return []
    done = annotations[annotations["status"].isin(DONE) & annotations["account"].notna()]
    if done["account"].nunique() < 2 or done["annotator"].eq(done["account"]).all():
        return []
    once_each = done.drop_duplicates(["annotator", "account", "item"])
    counts = Counter(zip(once_each["annotator"].map(str), once_each["account"].map(str), strict=True))
    ranked = sorted(((who, by, n) for (who, by), n in counts.items()), key=lambda row: (-row[2], row))
    own: dict[str, str] = {}
    for who, by, _ in ranked:
        own.setdefault(who, by)
    home = {account: name for name, account, _ in reversed(ranked)} | {own[who]: who for who in reversed(own)}
    said = []
    for who, by, n in sorted(ranked):
        if who == by or (own[who] == by and home[by] == who):
            continue
        whose = f", which is {home[by]}'s," if home[by] != who else ""
        main = f", whose account is {own[who]}" if own[who] != by else ""
        said.append(f"Account {by}{whose} answered {counted(n, 'item')} as {who}{main}: it counts as {who}'s.")
    return said


def look_alikes(annotations: pd.DataFrame) -> list[str]:
    """Return a sentence of items that look like one and are two, since nobody's answers meet on them; and of people.

    Args:
        annotations: The long table.

    Example:
        >>> look_alikes(pd.DataFrame({"item": ["7", " 7", "8"]}))[0].partition(",")[0]
        "Items that look alike are kept apart (' 7' and '7')"
    """
    said = []
    if alike := looking_alike(annotations["item"].dropna().unique()):
        said.append(
            f"Items that look alike are kept apart ({listing(alike)}), since their keys differ in spaces, in "
            "characters without a width or in how a letter and its accent are put together: mend the keys where they "
            "are one item."
        )
    people = annotations["annotator"].dropna().unique() if "annotator" in annotations else ()
    if alike := looking_alike(people, fold=True):
        said.append(
            f"Annotators who may be one person are kept apart ({listing(alike)}): rename them in the column annotator "
            "where they are one."
        )
    return said


def records_of(text: str, name: str) -> list[dict[str, Any]] | None:
    """Return the records of a CSV or TSV export; None for what is none.

    Raises:
        InputError: The file breaks off, or a row has more cells than there are columns.
    """
    if text.startswith("sep="):
        text = sniff(text)[1]
    header = text.partition("\n")[0]
    separator = max(",\t;", key=header.count)
    if "annotation_id" not in [cell.strip().strip('"') for cell in header.split(separator)]:
        return None
    try:
        rows = list(csv_rows(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error:
        raise InputError(f"{name} is damaged: a quote in it has no end. Export it again.") from None
    columns, *rows = [row for row in rows if row]
    uneven = [number for number, row in enumerate(rows, start=2) if len(row) != len(columns)]
    if uneven:
        raise InputError(f"{name} is damaged: row {uneven[0]} has not {len(columns)} cells. Export it again.")
    return [
        {column: _cell(cell) for column, cell in zip(columns, row, strict=True) if cell != "" or column in ABOUT}
        for row in rows
    ]


def _cell(cell: str) -> Any:
    return from_text(cell) if cell[:1] in ("[", "{") else cell


def tasks_of_records(records: Sequence[Any], name: str, known: Sequence[str] = ()) -> tuple[list[Any], tuple[str, ...]]:
    """Return the records as tasks with an annotation each, and what is lost or was guessed, as sentences.

    Args:
        records: As ``records_of`` returns them, or as JSON-MIN holds them; what is none is handed on.
        name: What sentences call the file.
        known: Columns that are data for certain.

    Example:
        >>> record = {"ID": "a", "id": 1, "mood": "up", "annotator": 3, "annotation_id": 5}
        >>> tasks, said = tasks_of_records([record], "min.json")
        >>> tasks[0]["data"], tasks[0]["annotations"][0]["result"][0]["value"]
        ({'ID': 'a'}, {'choices': ['up']})
    """
    n_rows = len(records)
    records = [one for one in records if not is_flat(one) or any(cell not in (None, "") for cell in one.values())]
    flat = [record for record in records if is_flat(record)]
    chats = {c for record in flat for c, cell in record.items() if f"{c}_transcript" in record and _is_chat(cell)}
    answers = _answer_columns(flat, set(known)) - {f"{column}_transcript" for column in chats} | chats
    shadowed = {f"{_SHADOWED}{column}": column for column in answers}
    aside = {*answers, *ABOUT, *(f"{column}_transcript" for column in chats)}
    numeric = {column: kind for column in sorted(answers) if (kind := _numeric_kind(column, flat)) is not None}
    kinds = {column: TEXT_AREA.kind for column in answers if _is_written(column, flat)} | numeric
    tasks: list[Any] = []
    for record in records:
        if not is_flat(record):
            tasks.append(record)
            continue
        data = {shadowed.get(column, column): cell for column, cell in record.items() if column not in aside}
        results = [
            result
            for column, cell in record.items()
            if column in answers
            for number, value in enumerate(cell if isinstance(cell, list) else [cell])
            for result in _results(column, value, number, kinds.get(column, CHOICES.kind))
        ]
        about = {
            "id": _number(record.get("annotation_id")),
            "completed_by": _number(record.get("annotator")) or None,
            "result": results,
            **{column: record.get(column) or None for column in ("created_at", "updated_at")},
            "lead_time": _seconds(record.get("lead_time")),
        }
        has_one = about["id"] not in (None, "")
        tasks.append({"id": _number(record.get("id")), "data": data, "annotations": [about] if has_one else []})
    data_columns = list(dict.fromkeys(shadowed.get(c, c) for record in flat for c in record if c not in aside))
    said = f"{name} is a JSON-MIN or CSV export: {LACKS}. The format JSON has them."
    if n_rows > len(records):
        said += f" {counted(n_rows - len(records), 'empty row is', 'empty rows are')} left out."
    if not answers and any(record.get("annotation_id") not in (None, "") for record in flat):
        said += f" No column was taken for an answer; for data: {joined(data_columns) or 'nothing'}."
    if answers:
        said += f" Taken for answers: {joined(sorted(answers))}; for data: {joined(data_columns) or 'nothing'}."
        said += " If one of the answers is data, name it in data=."
    for kind, words in ((RATING.kind, "ratings"), (NUMBER.kind, "numbers")):
        if found := [column for column, its in numeric.items() if its == kind]:
            said += f" Taken for {words}: {joined(found)}."
    if unclear := [column for column in sorted(answers) if _are_digits(column, flat)]:
        said += (
            f" Numbers in CSV may be labels or ratings: {joined(unclear)} taken for labels; agreement(…, "
            "level='ordinal') compares ratings."
        )
    return tasks, (said,)


_NAMELESS = re.compile(r"\s*|Unnamed: [0-9]+")
# So a CSV export begins the name of a column of the data that a control has, too.
_SHADOWED = "_data_"


def _is_chat(cell: Any) -> bool:
    return isinstance(cell, list) and bool(cell) and all(_is_message(one) for one in cell)


def _is_message(value: Any) -> bool:
    return isinstance(value, Mapping) and {"role", "content"} <= value.keys()


def _is_written(column: str, records: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a column holds texts that somebody wrote: single ones stand alone, as choices do."""
    cells = [record.get(column) for record in records]
    values = [one for cell in cells for one in (cell if isinstance(cell, list) else [cell])]
    held = [value for value in values if isinstance(value, Mapping)]
    return bool(held) and all(isinstance(value.get(TEXT_AREA.key), list) for value in held)


def _numeric_kind(column: str, records: Sequence[Mapping[str, Any]]) -> str | None:
    """Return what a column is whose answers are numbers, which choices are not; None of texts.

    Small whole numbers are taken for ratings: as such they are compared by their order, which numbers have, too.
    """
    cells = [cell for record in records if (cell := record.get(column)) is not None and cell != ""]
    if not cells or any(isinstance(cell, bool | list | dict) for cell in cells):
        return None
    if all(isinstance(cell, int | float) for cell in cells):
        is_stars = all(float(cell).is_integer() and 0 <= cell <= _MOST_STARS for cell in cells)
        return RATING.kind if is_stars else NUMBER.kind
    return None


def _are_digits(column: str, records: Sequence[Mapping[str, Any]]) -> bool:
    cells = [cell for record in records if (cell := record.get(column)) not in (None, "")]
    return bool(cells) and all(isinstance(cell, str) and _is_number(cell) for cell in cells)


_MOST_STARS = 20


def _number(cell: Any) -> Any:
    """Return the number of a task, annotation or account, also where pandas made a float of it beside an empty cell."""
    found = re.fullmatch(r"(\d+)(?:[.,]0)?", cell) if isinstance(cell, str) else None
    return int(found[1]) if found else cell


def _seconds(cell: Any) -> Any:
    """Return a time in seconds, which a spreadsheet may have written with its country's comma."""
    return cell.replace(",", ".") if isinstance(cell, str) and re.fullmatch(r"\d+,\d+", cell) else cell or None


def _answer_columns(records: Sequence[Mapping[str, Any]], known: set[str]) -> set[str]:
    """Return which columns hold answers.

    JSON-MIN writes data, then the task's id (where the data has one, in its place), then answers, then who annotated;
    but the answers to a control that is called as a column of the data stand in that column's place, and what was there
    is lost. CSV sorts its columns: there an answer is what is written as one, what gave a column of the data another
    name, what differs between annotations of a task, and what few texts make up that are no addresses or numbers. So it
    is where JSON-MIN begins with an id: the data has one of its own, and the task's stands in its place.
    """
    holding: dict[str, list[int]] = {}
    for place, record in enumerate(records):
        for column in record:
            holding.setdefault(column, []).append(place)
    columns = list(holding)
    ids = [repr(record.get("id")) for record in records]
    nameless = {column for column in columns if _NAMELESS.fullmatch(column)}  # as pandas writes a table's index
    free = [column for column in columns if column not in ABOUT and column not in known | nameless]
    has_own_id = all(next(iter(record)) == "id" for record in records)
    if columns != sorted(columns) and not has_own_id and all(_is_ordered(record) for record in records):
        inside_some = {column for record in records for column in _between(record)} & set(free)
        between = [column for column in columns if column in inside_some]
        # The data may have an id of its own among its columns, where the task's stands then: what stands before the
        # last column that can only be data is data, too, since answers come behind all of it.
        said = {column: _by_task(column, records, places, ids) for column, places in holding.items() if column in free}
        n_of = Counter(ids)
        several = sum(n > 1 for n in n_of.values())
        last = max((n for n, c in enumerate(between, 1) if _is_only_data(said[c], n_of, several)), default=0)
        overwritten = {column for column in free if _is_overwritten(said[column], n_of)}
        return {c for n, c in enumerate(between, 1) if n > last} | overwritten
    shadowing = {column for column in columns if f"{_SHADOWED}{column}" in columns}
    own = [column for column in free if column.removeprefix(_SHADOWED) not in shadowing - {column}]
    # An id may be the researcher's own, and of several tasks.
    others = sorted(known)
    tasks = [(one, *(str(record.get(name)) for name in others)) for one, record in zip(ids, records, strict=True)]
    n_of_task = Counter(tasks)
    said_of = {column: _by_task(column, records, holding[column], tasks) for column in own}
    return shadowing | {column for column in own if _looks_like_answers(said_of[column], n_of_task)}


def _by_task(
    column: str, records: Sequence[Mapping[str, Any]], places: Sequence[int], tasks: Sequence[Any]
) -> dict[Any, list[Any]]:
    """Return a column's cells of each task, of those records alone that have the column: most may lack it."""
    found: dict[Any, list[Any]] = {}
    for place in places:
        found.setdefault(tasks[place], []).append(records[place][column])
    return found


def _is_ordered(record: Mapping[str, Any]) -> bool:
    columns = list(record)
    return "id" in columns and "annotator" in columns and columns.index("id") < columns.index("annotator")


def _between(record: Mapping[str, Any]) -> list[str]:
    columns = list(record)
    return columns[columns.index("id") + 1 : columns.index("annotator")]


def _is_overwritten(said: Mapping[Any, list[Any]], n_of: Mapping[Any, int]) -> bool:
    """Return whether a column of data holds answers: all are of that form, or those to one task differ."""
    cells = [cell for cells in said.values() for cell in cells if cell not in (None, "", [])]
    values = [one for cell in cells for one in (cell if isinstance(cell, list) else [cell])]
    if not values:
        return False
    return all(_is_answer(one) for one in values) or any(
        _differ(cells, n_of[t], repr, None) for t, cells in said.items()
    )


def _differ(cells: list[Any], n: int, written: Callable[[Any], str], missing: Any) -> bool:
    """Return whether a task's cells are not all alike, where those that are missing are written so."""
    return len({*map(written, cells), *([written(missing)] if len(cells) < n else [])}) > 1


def _is_only_data(said: Mapping[Any, list[Any]], n_of: Mapping[Any, int], several: int) -> bool:
    """Return whether no two people can have written a column's texts: both of each task's are alike, and none else."""
    texts = {
        cells[0]
        for task, cells in said.items()
        if n_of[task] > 1 and isinstance(cells[0], str) and cells.count(cells[0]) == n_of[task]
    }
    return len(texts) == several >= _SURE


_SURE = 10  # tasks of which people would all have written the very same text, or left one as a model wrote it


def _is_answer(value: Any) -> bool:
    """Return whether this is an answer, rather than a paragraph of a conversation: it says who, too, and no place."""
    return is_value(value) and not (isinstance(value.get(TEXT_AREA.key), str) and shape_of(value) is None)


def _looks_like_answers(said: Mapping[Any, list[Any]], n_of: Mapping[Any, int]) -> bool:
    cells = [cell for cells in said.values() for cell in cells]
    if any(isinstance(cell, list | dict) for cell in cells):
        return any(_is_answer(value) for cell in cells for value in (cell if isinstance(cell, list) else [cell]))
    if any(_differ(own, n_of[task], str, "") for task, own in said.items()):
        return True
    texts = [str(cell) for cell in cells]
    if any("://" in text or ending_of(text) in FILE_KINDS or _is_number(text) for text in texts):
        return False
    return len(set(texts)) <= len(n_of) / 2


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _results(column: str, value: Any, number: int, kind: str) -> list[dict[str, Any]]:
    """Return an answer as results: its kind is told by the keys that it holds, of a number or text by its column."""
    if kind in (RATING.kind, NUMBER.kind) and isinstance(value, int | float):
        return [_result(column, kind, {KINDS[kind].key: value}, number)]
    if not isinstance(value, Mapping):
        asked_by = TEXT_AREA if kind == TEXT_AREA.kind else CHOICES
        return [_result(column, asked_by.kind, {asked_by.key: [value]}, number)] if value not in (None, "") else []
    if _is_message(value):
        return [_result(column, CHAT.kind, {CHAT.key: value}, number)]
    size = {name: value[name] for name in ("original_width", "original_height") if name in value}
    plain = {name: part for name, part in value.items() if name not in size}
    return [{**_result(column, kind_of(plain) or column, plain, number), **size}]


def _result(column: str, kind: str, value: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {"id": f"{column}-{number}", "from_name": column, "to_name": None, "type": kind, "value": dict(value)}
