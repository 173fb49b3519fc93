"""A study in files: all that is in it before it is deleted, and a whole one that comes back, also on another server."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import secrets
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import orjson
import pandas as pd

from lsnb.errors import InputError, LabelConfigError, LsnbError, StudioError, StudyConflictError, StudyNotFoundError
from lsnb.kernel.files import file_errors, move_to_free, safe_name, whole_file
from lsnb.kernel.formats import MOST_MEMBERS, MemberFault, Zip, csv_rows, inside, names_file, open_zip, parse_json
from lsnb.kernel.jobs import counting
from lsnb.kernel.words import and_again, counted, listing, warn
from lsnb.labels import LabelConfig
from lsnb.studio import SETTINGS, Project, Server
from lsnb.study.adjudication import adjudications, decider, describe_deciding, parse_deciding
from lsnb.study.creating import CreateReport, connect_bucket, import_whole, tidy_list
from lsnb.study.projects import Copy, contents, delete_seen, find_copies, fingerprint, is_there, parse_manifest
from lsnb.study.snapshots import Snapshot, doom_known
from lsnb.tasks import SAVED, account, annotations_of, digest_result, drafts_of

if TYPE_CHECKING:
    from lsnb.bucket import Bucket, StudioStorage

FORMAT = "lsnb-backup"
VERSION = 1
ABOUT = "backup.lsnb"  # no name that an export has: its answers are read as those of any zip of exports
MEDIA = "media.csv"
ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}")
SAVED_FILE = re.compile(r"media/\d{6}(\.[A-Za-z0-9]{1,8})?")
KINDS = ("annotations", "drafts", "predictions")
PREDICTION = ("model_version", "result", "score")
LARGEST_ABOUT = 64 * 2**20


def projects_of(server: Server, copies: Sequence[Copy]) -> list[tuple[str, int]]:
    """Return whose each project of a study is, and its number: those in which it is decided first.

    Args:
        server: The server.
        copies: The study's projects as known; an annotator's second ones are looked for.
    """
    study = copies[0].manifest.study
    known = {copy.project.id: copy.manifest.annotator for copy in copies}
    own = []
    for listed in server.projects():
        manifest = parse_manifest(listed.description)
        if manifest is not None and manifest.study == study:
            own.append((manifest.annotator, listed.id))
        elif listed.id in known:
            own.append((known[listed.id], listed.id))
    # Those in which it is decided come first: a study that is gone in part would find the others no more.
    config = copies[0].manifest.config
    deciding = [(decider(by), one.id) for one, by in adjudications(server, study, config=config)]
    return [*deciding, *sorted(own, key=lambda one: one[1])]


class Beside:
    """What a backup holds beside the projects' tasks.

    Args:
        server: The server.
        projects: Whose each project is, its number, and the name of its tasks in the zip.
        read: Returns the bytes at an address of the study's bucket; None where media stay where they are.
    """

    def __init__(
        self, server: Server, projects: Sequence[tuple[str, int, str]], read: Callable[[str], bytes] | None = None
    ) -> None:
        self._server = server
        self._projects = projects
        self._read = read
        self._media: dict[tuple[str, str], str] = {}
        self._counts: dict[int, int] = {}

    def see(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Take note of what a project's tasks show.

        Args:
            project: The project's number.
            tasks: All of them.
        """
        self._counts[project] = len(tasks)
        for task in tasks:
            item = str((task.get("meta") or {}).get("item", task["id"]))
            for name, cell in (task.get("data") or {}).items():
                if names_file(cell) or (isinstance(cell, str) and cell.startswith("gs://")):
                    self._media[item, str(name)] = cell

    def members(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of each further member of the zip."""
        about: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "backup": secrets.token_hex(8),
            "release": self._server.release,
            "saved": self._server.clock_moment(),
            "accounts": self._server.accounts(),
            "projects": [],
        }
        for _, number, member in self._projects:
            now = self._server.project(number)
            about["projects"].append(
                {
                    "project": number,
                    "title": now.title,
                    "description": now.description,
                    "config": now.config,
                    "shown": now.shown,
                    "settings": self._server.settings(number),
                    "tasks": self._counts[number],
                    "member": member,
                }
            )
        yield ABOUT, orjson.dumps(about, option=orjson.OPT_INDENT_2)
        yield "config.xml", about["projects"][-1]["config"].encode()
        files: dict[str, str] = {}
        if self._read is not None:
            yield from self._files(self._read, files)
        rows = io.StringIO()
        table = csv.writer(rows)
        table.writerow(("item", "field", "media", "file") if self._read is not None else ("item", "field", "media"))
        for (item, name), cell in self._media.items():
            table.writerow((item, name, cell, *([files.get(cell, "")] if self._read is not None else [])))
        yield MEDIA, rows.getvalue().encode()

    def _files(self, read: Callable[[str], bytes], files: dict[str, str]) -> Iterator[tuple[str, bytes]]:
        """Yield the media, each once, and note of each address the name that it has in the zip."""
        wanted = list(dict.fromkeys(self._media.values()))
        if len(wanted) > MOST_MEMBERS // 2:
            raise InputError(
                f"The study has {len(wanted):,} media, too many for one zip: back it up without media=True."
            )
        lost: list[str] = []
        with counting("Saving media", len(wanted), "file") as count:
            for number, address in enumerate(wanted, start=1):
                try:
                    content = read(address)
                except LsnbError as fault:
                    lost.append(str(fault))
                else:
                    ending = PurePosixPath(address).suffix
                    files[address] = f"media/{number:06d}{ending if ENDING.fullmatch(ending) else ''}"
                    yield files[address], content
                count(1)
        if lost:
            warn(
                f"{len(lost)} of {counted(len(wanted), 'file')} of media are not in the backup, and have no name in "
                f"the column 'file' of its {MEDIA}; the first: {lost[0]}"
            )


# Saving a study's projects to a file, and deleting them once that is done.


def save_exports(
    server: Server,
    projects: Sequence[tuple[str, int]],
    target: Path,
    *,
    is_backup: bool = False,
    read: Callable[[str], bytes] | None = None,
) -> dict[int, dict[int, str]]:
    """Save what is in projects in one zip, see that it is there, and return each project's tasks' fingerprints.

    Args:
        server: The server.
        projects: Whose each is, and its number.
        target: The zip to write; a file of that name is replaced only when the new one is whole.
        is_backup: Whether to save all that it takes to make the study anew.
        read: For a backup with its media: returns the bytes at an address of the study's bucket.

    Returns:
        Project → task → the digest of what is in it.

    Raises:
        FileAccessError: It cannot be written.
        LsnbError: What can be read from the zip is not what was written.
    """
    saved = {}
    named = [(whose, project, _file_of(whose, project)) for whose, project in projects]
    beside = Beside(server, named, read) if is_backup else None
    saving = counting("Saving tasks", _size(server, projects), "task")
    with saving, whole_file(target, parents=True) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for whose, project in projects:
            tasks = contents(server, project)
            archive.writestr(_file_of(whose, project), orjson.dumps(tasks))
            saved[project] = _fingerprints(tasks)
            if beside is not None:
                beside.see(project, tasks)
        for name, content in beside.members() if beside is not None else ():
            is_packed = name.startswith("media/")  # pictures, sounds and videos are already
            archive.writestr(name, content, zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED)
    with file_errors(target), zipfile.ZipFile(target) as archive:
        for whose, project in projects:
            if _fingerprints(orjson.loads(archive.read(_file_of(whose, project)))) != saved[project]:
                raise LsnbError(f"What was written to {target} cannot be read back: save it to another disk.")
    return saved


def save_beside(
    server: Server,
    projects: Sequence[tuple[str, int]],
    out: Path,
    *,
    is_backup: bool = False,
    read: Callable[[str], bytes] | None = None,
) -> Path:
    """Save what is in projects in one zip, and return its path: another one than asked for where a file would be lost.

    A file of that name is replaced only where the new one holds everything that it holds: it may be the only place of
    what was deleted since.

    Args:
        server: The server.
        projects: Whose each is, and its number.
        out: The zip to write.
        is_backup: As ``save_exports`` takes it.
        read: As ``save_exports`` takes it.

    Raises:
        LsnbError: What ``save_exports`` raises.

    Warns:
        UserWarning: Another name was taken.
    """
    part = _part_of(out)
    save_exports(server, projects, part, is_backup=is_backup, read=read)
    try:
        before = _work_in(out) if out.is_file() else None
        with file_errors(out, "written"):
            if before is not None and before <= (_work_in(part) or set()):
                return part.replace(out)
        target = move_to_free(part, out)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    if target != out:
        warn(
            f"{out} holds something that the study does not hold now, or is another file: it stays as it is, and this "
            f"is saved in {target}."
        )
    return target


def _part_of(out: Path) -> Path:
    """Return a name beside a zip that no other call takes, and that tells whose part it is.

    Raises:
        InputError: The zip's own path names no file.
        FileAccessError: There can be none of that name.
    """
    with file_errors(out, "written"):
        if not out.name or out.is_dir():
            raise InputError(f"out is {str(out)!r}, which is a folder: give the name of a zip, as 'saved.zip'.")
    return out.parent / f"{out.stem[:100]}.part-{uuid.uuid4().hex[:8]}{out.suffix}"


def _work_in(path: Path) -> set[bytes] | None:
    """Return a mark for each answer, draft and prediction in a zip, and for all else in it; None for no such zip."""
    found: set[bytes] = set()
    try:
        with open_zip(path) as archive:
            for member in archive.members:
                name = inside(member)
                if "/" in name or not name.endswith(".json"):
                    found.add(name.encode())
                    continue
                tasks = parse_json(archive.read(member, archive.packed * 200 + LARGEST_ABOUT), name)
                if not isinstance(tasks, list) or not all(_is_sound(task) for task in tasks):
                    return None
                for task in tasks:
                    found.update(_mark(task, kind, one) for kind in KINDS for one in task.get(kind) or ())
    except (LsnbError, MemberFault):
        return None
    return found


def _mark(task: Mapping[str, Any], kind: str, one: Any) -> bytes:
    """Return what tells an answer from any other; of one that was edited since, it is the same."""
    about = (one.get("created_at") or [one.get("model_version"), one.get("result")]) if isinstance(one, dict) else one
    number = one.get("id") if isinstance(one, dict) else None
    return hashlib.blake2b(orjson.dumps([kind, task["id"], number, about]), digest_size=16).digest()


def _fingerprints(tasks: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    return {int(task["id"]): fingerprint([task]) for task in tasks}


def _size(server: Server, projects: Sequence[tuple[str, int]]) -> int:
    return sum(server.project(project).tasks or 0 for _, project in projects)


def _file_of(whose: str, project: int) -> str:
    return f"{safe_name(whose)}-{project}.json"


def delete_study(
    server: Server, copies: Sequence[Copy], snapshots: Mapping[int, Snapshot], title: str, out: Path
) -> Path:
    """Delete a study's projects, those in which it is decided too, after saving all of them; return the zip.

    Args:
        server: The server.
        copies: The study's projects.
        snapshots: Project id → what was seen last in this kernel.
        title: The study's title, typed once more.
        out: The zip for all that is in them; where a file of that name is, another name is taken.

    Raises:
        InputError: The title is not this study's; nothing is deleted.
        LsnbError: An answer arrived while saving; what is deleted by then is in the zip.
    """
    about = copies[0].manifest
    if title != about.title:
        raise InputError(
            f"This study is called {about.title!r}, not {title!r}: give its title to delete it. Nothing was deleted."
        )
    projects = projects_of(server, copies)
    if not projects:
        if not out.is_file():
            warn(f"All of {title!r} was deleted already and saved then: nothing is in {out}.")
        return out
    # Another kernel may save it under the same name at this moment.
    part = _part_of(out)
    while True:
        try:
            saved = save_exports(server, projects, part)
            break
        except StudioError:
            # Another kernel may delete it at this moment, and has saved what is gone.
            before, projects = projects, projects_of(server, copies)
            if not projects:
                raise StudyNotFoundError(
                    f"The study {title!r} was deleted by another call meanwhile, and is in the file of that one."
                ) from None
            if len(projects) == len(before):
                raise
    target = move_to_free(part, out)
    size = sum(len(tasks) for tasks in saved.values())
    with counting("Looking whether anybody works there", size, "task"):
        for whose, project in projects:
            if not _is_saved(_unless_gone(server, project, contents), saved[project]):
                raise LsnbError(
                    f"Somebody worked in {whose}'s project while {title!r} was being saved, so nothing was deleted "
                    f"({target} holds what was there): run the same call again once nobody is labelling."
                )

    def delete(server: Server, project: int) -> list[str]:
        now = contents(server, project)
        if not _is_saved(now, saved[project]):
            return [f"it stays, with all that follow; {target} holds what was there."]
        doom_known(server, about.study, snapshots, project, (int(task["id"]) for task in now))
        delete_seen(server, project, now)
        if left := server.project(project).tasks:
            stay = f"{counted(left, 'task')} of it and the projects that follow stay"
            return [f"{stay}; {target} holds the others."]
        server.delete_project(project)
        return []

    try:
        with counting("Deleting tasks", size, "task"):
            for whose, project in projects:
                # The others took their time.
                for stays in _unless_gone(server, project, delete):
                    raise LsnbError(
                        f"Somebody worked in {whose}'s project while {title!r} was being deleted, so {stays} Run the "
                        "same call again once nobody is labelling."
                    )
    except StudioError as fault:
        raise type(fault)(f"{fault} All that was in {title!r} is saved in {target}.") from None
    return target


def _unless_gone(server: Server, project: int, act: Callable[[Server, int], list[Any]]) -> list[Any]:
    """Return what is done with a project, or nothing where another kernel deleted it meanwhile."""
    try:
        return act(server, project)
    except StudioError:
        if is_there(server, project):
            raise
        return []


def _is_saved(tasks: Iterable[Mapping[str, Any]], saved: Mapping[int, str]) -> bool:
    """Return whether tasks are as they were saved; some may be gone, since another kernel deletes them, too."""
    return all(saved.get(int(task["id"])) == fingerprint([task]) for task in tasks)


# Reading one: everything that can be wrong with it is found before anything is made on the server.


@dataclass(frozen=True)
class Saved:
    """A project as a backup holds it.

    Args:
        number: Its number on the server that it was saved from.
        title: Its title.
        description: What it says about itself.
        config: Its label config.
        shown: The model whose predictions it showed.
        settings: Its settings.
        tasks: All that was in it.
        by: Who decides there, or empty.
        study: The study's id.
        annotator: Whose project it is.
    """

    number: int
    title: str
    description: str
    config: str
    shown: str
    settings: Mapping[str, Any]
    tasks: Sequence[Mapping[str, Any]]
    by: str
    study: str
    annotator: str


@dataclass(frozen=True)
class Backup:
    """What a backup holds.

    Args:
        mark: Its own mark, by which a task is known to have come from it.
        title: The study's title.
        study: The study's id.
        projects: Annotators' projects, then those in which it is decided.
        accounts: Number of an account on the server that it was saved from → its e-mail address.
    """

    mark: str
    title: str
    study: str
    projects: Sequence[Saved]
    accounts: Mapping[str, str] = field(default_factory=dict)


def read_backup(path: Path) -> Backup:
    """Return what a backup holds, checked.

    Args:
        path: The zip.

    Raises:
        MissingFileError: There is no such file.
        InputError: It is no backup, or not as ``study.backup`` writes one; with every fault.
    """
    with open_zip(path, lambda name: name == ABOUT or ("/" not in name and name.endswith(".json"))) as archive:
        names = {inside(member): member for member in archive.members}
        if ABOUT not in names:
            raise InputError(
                f"{path.name} is no backup of a study: give a file that study.backup(…) wrote. "
                "(What study.export_to and study.delete save is read by lsnb.read_annotations.)"
            )
        about = _member(archive, ABOUT, LARGEST_ABOUT)
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise InputError(f"{path.name}: {ABOUT} is not as study.backup writes it: take another copy of the backup.")
        if about.get("version") != VERSION:
            raise InputError(f"{path.name} was written by a newer lsnb: install that one to restore it.")
        problems: list[str] = []
        listed = about.get("projects")
        found = []
        for told in listed if isinstance(listed, list) else ():
            try:
                found.append(_saved(archive, told, names))
            except InputError as fault:
                problems += [f"{path.name}: {problem}" for problem in fault.problems]
    own = [one for one in found if not one.by]
    studies = {one.study for one in found}
    if not problems and (not own or len(studies) > 1):
        problems.append(f"{path.name} does not hold one study, but {len(studies)}: take another copy of the backup.")
    mark, accounts = about.get("backup"), about.get("accounts")
    if not isinstance(mark, str) or not mark or not isinstance(accounts, dict):
        problems.append(f"{path.name}: {ABOUT} lacks its mark or its accounts: take another copy of the backup.")
    if problems:
        raise InputError(problems)
    first = parse_manifest(own[0].description)
    assert first is not None
    emails = {str(number): str(email) for number, email in about["accounts"].items()}
    deciding = [one for one in found if one.by]
    return Backup(str(mark), first.title, first.study, [*sorted(own, key=lambda one: one.number), *deciding], emails)


def _member(archive: Zip, name: str, most: int) -> Any:
    try:
        return parse_json(archive.read(name, most), name)
    except MemberFault as fault:
        raise InputError(f"{name} {fault}: take another copy of the backup.") from None


def _saved(archive: Zip, told: Any, names: Mapping[str, Any]) -> Saved:
    again = "take another copy of the backup."
    texts = ("title", "description", "config", "shown", "member")
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in texts):
        raise InputError(f"A project in it is not described as study.backup does it: {again}")
    if type(told.get("project")) is not int or type(told.get("tasks")) is not int:
        raise InputError(f"{told['title'][:60]!r} lacks its number or its count of tasks: {again}")
    if told["member"] not in names:
        raise InputError(f"The tasks of {told['title'][:60]!r} are not in it: {again}")
    manifest, deciding = parse_manifest(told["description"]), parse_deciding(told["description"])
    if manifest is not None:
        whose = "", manifest.study, manifest.annotator
    elif deciding is not None:
        whose = deciding["by"], deciding["study"], decider(deciding["by"])
    else:
        raise InputError(f"{told['title'][:60]!r} does not say which study it is of: {again}")
    try:
        LabelConfig.from_xml(told["config"])
    except LabelConfigError as fault:
        raise InputError(f"The label config of {told['title'][:60]!r}: {fault}") from None
    tasks = _member(archive, names[told["member"]].filename, archive.packed * 200 + LARGEST_ABOUT)
    if not isinstance(tasks, list) or len(tasks) != told["tasks"]:
        raise InputError(f"{told['member']} does not hold {told['tasks']} tasks: {again}")
    for number, task in enumerate(tasks):
        if not _is_sound(task):
            raise InputError(f"{told['member']}: task {number + 1} is not as Label Studio exports tasks: {again}")
    settings = told.get("settings")
    kept = settings if isinstance(settings, dict) else {}
    return Saved(
        told["project"],
        told["title"],
        told["description"],
        told["config"],
        told["shown"],
        {name: kept[name] for name, kind in SETTINGS.items() if type(kept.get(name)) is kind},
        sorted(tasks, key=lambda task: int(task["id"])),
        *whose,
    )


def _is_sound(task: Any) -> bool:
    if not isinstance(task, dict) or type(task.get("id")) is not int or not isinstance(task.get("data"), dict):
        return False
    if not isinstance(task.get("meta") or {}, dict):
        return False
    parts = [task.get(kind) or [] for kind in KINDS]
    return all(
        isinstance(part, list)
        and all(isinstance(one, dict) and isinstance(one.get("result") or [], list) for one in part)
        for part in parts
    ) and all(type(one.get("id")) is int for one in parts[0])


def put_media(path: Path, bucket: Bucket) -> None:
    """Upload the media that a backup holds to where they were; what is there already stays.

    Args:
        path: The zip.
        bucket: The bucket that they were in.

    Raises:
        InputError: The zip's list of media cannot be read.
        BucketError: The bucket cannot be written to.
    """
    with open_zip(path, lambda name: name == MEDIA) as archive:
        try:
            text = archive.read(MEDIA, LARGEST_ABOUT).decode() if archive.members else ""
            names, *cells = csv_rows(io.StringIO(text)) if text else [[]]
        except (MemberFault, UnicodeDecodeError, csv.Error):
            raise InputError(f"{path.name}: {MEDIA} cannot be read: take another copy of the backup.") from None
    rows = {
        str(row["media"]): str(row["file"])
        for row in (dict(zip(names, one, strict=False)) for one in cells)
        if SAVED_FILE.fullmatch(str(row.get("file") or "")) and str(row.get("media")).startswith("gs://")
    }
    there = f"gs://{bucket.name}/"
    own = pd.DataFrame(
        [(media.removeprefix(there), file) for media, file in rows.items() if media.startswith(there)],
        columns=["object", "file"],
    )
    if len(own):
        bucket.upload(own, path="file", name="{object}", folder=path, send_unshown=True, safe_names=False)
    if others := sorted({media.split("/")[2] for media in rows if not media.startswith(there)}):
        warn(
            f"{counted(len(rows) - len(own), 'file')} of media in the backup were in another bucket "
            f"({listing(others)}), where the study's tasks look for them: restore once more with that bucket."
        )


# Making it anew: each project to its end before the next is begun; what is there already is never changed.


def restore_study(server: Server, backup: Backup, storage: StudioStorage | None) -> tuple[list[Copy], CreateReport]:
    """Make what is missing of a saved study and return its projects and what was done.

    Args:
        server: Where to make it.
        backup: The study.
        storage: The bucket of its media, and how it is to be shown.

    Raises:
        StudyConflictError: Another study of this title is there; nothing is made then.
        StudioError: Not one project could be made.
    """
    for project in server.projects():
        about = parse_manifest(project.description)
        if about is not None and about.title == backup.title and about.study != backup.study:
            raise StudyConflictError(
                f"Another study is called {backup.title!r} on {server.url}: delete it, or restore this one elsewhere."
            )
    members = {email: number for number, email in server.accounts().items()}
    moved: dict[int, int] = {}
    rows: list[dict[str, Any]] = []
    faults: list[LsnbError] = []
    notes: list[str] = []
    strange: set[str] = set()
    drafters: set[str] = set()
    left: dict[int, str] = {}
    with counting("Restoring tasks", sum(len(saved.tasks) for saved in backup.projects), "task") as count:
        for saved in backup.projects:
            row = {"annotator": saved.annotator, "project": None, "tasks": 0, "status": "failed", "error": None}
            rows.append(row)
            if saved.by and faults:
                row["error"] = "It waits for the annotators' projects: run the same call again."
                continue
            try:
                own, others = _there(server, backup, saved)
                if others and not own:
                    first = others[0]
                    moved[saved.number] = first.id
                    row.update(project=first.id, status="exists", tasks=server.project(first.id).tasks)
                    left[saved.number] = saved.annotator
                    continue
                restoring = Restoring(server, saved, backup, members, moved, storage)
                status = restoring.run(own[0] if own else None)
                strange |= restoring.strange
                drafters |= restoring.drafters
                notes += restoring.notes
                row.update(project=moved[saved.number], tasks=len(saved.tasks), status=status)
                count(len(saved.tasks))
            except LsnbError as fault:
                faults.append(fault)
                row.update(project=moved.get(saved.number), error=and_again(fault))
    if left:
        notes.append(
            f"Projects that are on this server already were left as they are: {listing(list(left.values()))}. To have "
            "what the backup holds instead, delete the study (study.delete saves its answers first) and run the same "
            "call again."
        )
    if strange:
        notes.append(
            f"{counted(len(strange), 'account')} of the backup {'is' if len(strange) == 1 else 'are'} not on this "
            "server: Label Studio shows these answers under your name, and lsnb under theirs."
        )
    if drafters:
        notes.append(
            f"Drafts of {listing(sorted(drafters))} are yours in Label Studio now, which takes a draft from nobody but "
            "whose it is: tell them where they were."
        )
    if storage is None and any(
        str(cell).startswith("gs://")
        for saved in backup.projects
        if saved.number not in left
        for task in saved.tasks
        for cell in task["data"].values()
    ):
        notes.append("Media stay blank until the bucket is connected: run the same call again with bucket=.")
    if faults and all(row["status"] == "failed" for row in rows):
        raise faults[0]
    try:
        copies = find_copies(server, backup.title, study=backup.study)
    except StudioError as fault:
        copies = _as_made(backup, moved)  # what was done is told all the same
        notes.append(f"All was done, but the projects could not be looked at once more: {fault}")
    if faults and not copies:
        raise faults[0]
    report = CreateReport(pd.DataFrame(rows), notes=tuple(notes))
    for note in notes:
        warn(note, shown_by=report)
    return copies, report


def _as_made(backup: Backup, moved: Mapping[int, int]) -> list[Copy]:
    """Return the annotators' projects as they were made."""
    found: dict[str, Copy] = {}
    for saved in backup.projects:
        about = parse_manifest(saved.description)
        if about is not None and saved.number in moved:
            made = Project(moved[saved.number], saved.title, saved.description)
            found.setdefault(about.annotator, Copy(about, made))
    return list(found.values())


def _there(server: Server, backup: Backup, saved: Saved) -> tuple[list[Project], list[Project]]:
    """Return the projects there are in place of a saved one: those that this backup made, and others."""
    numbers = {int(task["id"]) for task in saved.tasks}
    own, empty, others = [], [], []
    for project in sorted(server.projects(), key=lambda project: project.id):
        about, deciding = parse_manifest(project.description), parse_deciding(project.description)
        if saved.by:
            is_its = deciding is not None and (deciding["study"], deciding["by"]) == (backup.study, saved.by)
        else:
            is_its = about is not None and (about.study, about.annotator) == (backup.study, saved.annotator)
        if not is_its:
            continue
        tasks = server.task_metas(project.id)
        came = {_came_from(task.get("meta") or {}, backup.mark) for task in tasks}
        if came & numbers:
            own.append(project)
        elif not tasks:
            empty.append(project)
        elif came <= {None}:  # else it is another saved project of the same person
            others.append(project)
    return [*own, *empty], others


def _came_from(meta: Mapping[str, Any], mark: str) -> int | None:
    """Return the number that a task had when this backup was made, or None for a task of another origin."""
    record = meta.get(SAVED)
    if isinstance(record, Mapping) and record.get("backup") == mark and type(record.get("task")) is int:
        return int(record["task"])
    return None


def _make(server: Server, saved: Saved, title: str, moved: Mapping[int, int]) -> Project:
    description = saved.description
    deciding = parse_deciding(description)
    if deciding is not None:
        numbers = _moved(deciding.get("projects"), moved)
        description = describe_deciding(title, saved.study, saved.by, numbers)
    return server.create_project(saved.title, description=description, config=saved.config)


def _moved(numbers: Any, moved: Mapping[int, int]) -> list[int]:
    given = numbers if isinstance(numbers, list) else []
    return sorted({moved[number] for number in given if type(number) is int and number in moved})


def _lacks(saved: Mapping[str, Any], here: Mapping[str, Any]) -> bool:
    """Return whether a task has not all the answers that it was saved with, or none of its predictions."""
    own = {one.get("import_id") for one in here["annotations"]}
    lost = any(int(one["id"]) not in own for one in annotations_of(saved))
    return lost or bool(saved.get("predictions") and not here["predictions"])


def _is_worked_in(task: Mapping[str, Any]) -> bool:
    """Return whether a task holds a draft, or an answer that is not as it was restored."""
    known = task["meta"][SAVED].get("annotations") or {}
    said = {number: one.get("said") for number, one in known.items()}
    return bool(task.get("drafts")) or any(
        said.get(str(one.get("import_id"))) != digest_result(one.get("result")) for one in task["annotations"]
    )


class Restoring:
    """One project that is filled from a backup.

    Args:
        server: The server.
        saved: What it is to hold.
        backup: The backup that it is from.
        members: E-mail address → number of each account on the server.
        moved: Number of a project when it was saved → its number now; this one's is added.
        storage: The bucket of its media, and how it is to be shown.
    """

    def __init__(
        self,
        server: Server,
        saved: Saved,
        backup: Backup,
        members: Mapping[str, str],
        moved: dict[int, int],
        storage: StudioStorage | None,
    ) -> None:
        self.server, self.saved, self.backup = server, saved, backup
        self.members, self.moved, self.storage = members, moved, storage
        self.project = 0
        self.strange: set[str] = set()
        self.drafters: set[str] = set()
        self.notes: list[str] = []

    def run(self, known: Project | None) -> str:
        """Make the project, or what is missing of it, and return what was done: created, completed or exists.

        Args:
            known: The project, where it exists.

        Raises:
            StudioError: The server keeps less than it is sent, also the third time.
        """
        made = None if known is not None else _make(self.server, self.saved, self.backup.title, self.moved)
        # Another kernel may restore it at this moment; the oldest is the one, in all kernels.
        project = self._oldest(made) if made is not None else known
        added = False
        while project is not None and project.id != self.project:
            self.project = self.moved[self.saved.number] = project.id
            if self.storage is not None:
                connect_bucket(self.server, project.id, self.storage)
            added = self._fill() or added
            if made is not None:
                project = self._oldest(made)  # PostgreSQL may show an older one late
        if made is not None:
            tidy_list(self.server, self.project, self.notes)
        return "created" if made is not None else "completed" if added else "exists"

    def _oldest(self, made: Project) -> Project:
        """Return the project that counts; the one that was made for nothing is taken away, unless somebody worked."""
        own, _ = _there(self.server, self.backup, self.saved)
        oldest = min([*own, made], key=lambda project: project.id)
        if oldest.id != made.id and any(project.id == made.id for project in own):
            tasks = self.server.export(made.id)
            if not any(_came_from(task.get("meta") or {}, self.backup.mark) is None for task in tasks):
                delete_seen(self.server, made.id, [task for task in tasks if not _is_worked_in(task)])
                if not self.server.project(made.id).tasks:
                    self.server.delete_project(made.id)
        return oldest

    def _fill(self) -> bool:
        """Bring the project to its end and return whether anything was missing.

        Raises:
            StudioError: The server keeps less than it is sent, also the third time.
        """
        wanted = {int(task["id"]): task for task in self.saved.tasks}
        there = self._look()
        if not there and self.saved.settings:
            self.server.set_settings(self.project, self.saved.settings)
        added = False
        for _ in range(3):
            missing = [number for number in wanted if number not in there]
            bare = [number for number in wanted if number in there and _lacks(wanted[number], there[number])]
            if not missing and not bare:
                break
            added = True
            self._complete([(wanted[number], there[number]) for number in bare])
            held = self.server.project(self.project).tasks
            sent = [self._task(wanted[number]) for number in missing]
            if import_whole(self.server, self.project, sent, held) and not bare:
                break
            there = self._look()
        else:
            raise StudioError(
                f"Label Studio does not keep what it is sent: {len(missing) + len(bare)} of {len(wanted)} tasks are "
                f"not whole in project {self.project}."
            )
        added = self._draft([task for task in self.saved.tasks if drafts_of(task)]) or added
        models = {one.get("model_version") for task in self.saved.tasks for one in task.get("predictions") or ()}
        if added and models:
            self.server.show_predictions(self.project, self.saved.shown)
        return added

    def _look(self) -> dict[int, dict[str, Any]]:
        """Return number of a task when it was saved → the task as it is here, second ones taken away."""
        found: dict[int, list[dict[str, Any]]] = {}
        for task in self.server.export(self.project):
            if (number := _came_from(task.get("meta") or {}, self.backup.mark)) is not None:
                found.setdefault(number, []).append(task)
        spare: list[dict[str, Any]] = []
        for number, same in found.items():
            kept = [task for task in same if _is_worked_in(task)] or same[:1]
            spare += [task for task in same if task not in kept]
            found[number] = kept
        delete_seen(self.server, self.project, spare)
        return {number: kept[0] for number, kept in found.items()}

    def _complete(self, tasks: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        """Store what tasks lack: a busy Label Studio may keep them without their answers and predictions."""
        lost = []
        for saved, here in tasks:
            known = {int(one["id"]) for one in here["annotations"]}
            own = {one["import_id"] for one in here["annotations"]}
            for one in self._task(saved)["annotations"]:
                if (number := one.pop("id")) in own:
                    continue
                who = (one.pop("completed_by", None) or {}).get("email")
                about = {**one, "import_id": number, **({"completed_by": self.members[who]} if who else {})}
                mark = f"{self.backup.mark} {number}"
                if made := self.server.annotate_once(here["id"], about.pop("result"), mark=mark, known=known, **about):
                    known.add(made)
            if not here["predictions"]:
                lost += [
                    {"task": here["id"], **{name: one.get(name) for name in PREDICTION}}
                    for one in saved.get("predictions") or ()
                ]
        if lost:
            self.server.import_predictions(self.project, orjson.dumps(lost))

    def _email(self, one: Mapping[str, Any]) -> str | None:
        who = account(one.get("completed_by") if "completed_by" in one else one.get("user"))
        return None if who is None else self.backup.accounts.get(who, who)

    def _task(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Return a task as it is imported, with what the server will not keep of its answers in its meta."""
        meta = {**(task.get("meta") or {})}
        if self.saved.by and "projects" in meta:
            meta["projects"] = _moved(meta["projects"], self.moved)
        record: dict[str, Any] = {"backup": self.backup.mark, "task": int(task["id"]), "annotations": {}, "drafts": []}
        annotations = []
        for one in sorted(annotations_of(task), key=lambda one: int(one["id"])):
            email = self._email(one)
            begun = one.get("prediction")
            known: dict[str, Any] = {
                "said": digest_result(one.get("result")),
                "unique_id": one.get("unique_id"),
                "parent_prediction": one.get("parent_prediction")
                or (begun.get("id") if isinstance(begun, Mapping) else None),
                "created_at": one.get("created_at"),
                "updated_at": one.get("updated_at"),
            }
            body = {
                "id": int(one["id"]),
                "result": one.get("result") or [],
                "was_cancelled": bool(one.get("was_cancelled")),
                "ground_truth": bool(one.get("ground_truth")),
                "lead_time": one.get("lead_time"),
            }
            if email in self.members:
                body["completed_by"] = {"email": email}
            elif email is not None:
                known["completed_by"] = email
                self.strange.add(email)
            record["annotations"][str(int(one["id"]))] = known
            annotations.append(body)
        for one in drafts_of(task):
            email = self._email(one)
            known = {"said": digest_result(one.get("result")), "user": email}
            known |= {name: one.get(name) for name in ("created_at", "updated_at")}
            known["created_username"] = (
                f"{email}, {self.members[email]}" if email is not None and email in self.members else ""
            )
            record["drafts"].append(known)
        meta[SAVED] = {name: part for name, part in record.items() if part or part == 0}
        predictions = [{name: one.get(name) for name in PREDICTION} for one in task.get("predictions") or ()]
        return {"data": task["data"], "meta": meta, "annotations": annotations, "predictions": predictions}

    def _draft(self, tasks: Sequence[Mapping[str, Any]]) -> bool:
        """Store drafts that are missing, which no import takes, once: a task then says that it has had its drafts."""
        held = self._look() if tasks else {}
        added = False
        for task in tasks:
            now = held.get(int(task["id"]))
            if now is None or (record := now["meta"][SAVED]).get("drafted"):
                continue
            own = {one["import_id"]: int(one["id"]) for one in now["annotations"] if one.get("import_id") is not None}
            said = Counter(digest_result(one.get("result")) for one in now.get("drafts") or [])
            for one in drafts_of(task):
                digest = digest_result(one.get("result"))
                said[digest] -= 1
                if said[digest] < 0:
                    if (email := self._email(one)) is not None and email != self.server.user:
                        self.drafters.add(email)
                    of = own.get(one.get("annotation"))
                    self.server.draft(
                        int(now["id"]), one.get("result") or [], annotation=of, lead_time=one.get("lead_time")
                    )
            self._merge_drafts(int(now["id"]), Counter(digest_result(one.get("result")) for one in drafts_of(task)))
            self.server.replace_meta(int(now["id"]), {**now["meta"], SAVED: {**record, "drafted": True}})
            added = True
        return added

    def _merge_drafts(self, task: int, wanted: Mapping[str, int]) -> None:
        """Take away what another kernel stored at the same moment: the oldest stay, in all kernels."""
        same: dict[tuple[str, str], list[int]] = {}
        for one in self.server.drafts(task):
            same.setdefault((str(one["user"]), digest_result(one["result"])), []).append(int(one["id"]))
        for (_, said), drafts in same.items():
            if said in wanted:
                for spare in sorted(drafts)[wanted[said] :]:
                    self.server.delete_draft(spare)
