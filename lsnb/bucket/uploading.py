"""Many files into a bucket: what is not there yet, on many connections, with a row for each."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, ClassVar, Literal
from urllib.parse import quote

import google_crc32c
import pandas as pd
import requests.exceptions
import urllib3.exceptions
from google.api_core import exceptions as api_exceptions
from google.auth import exceptions as auth_exceptions
from google.cloud.storage.retry import DEFAULT_RETRY
from tqdm.auto import tqdm

from lsnb.bucket.sources import (
    DOUBTED,
    NO_PICTURE,
    Facts,
    NoSource,
    Pattern,
    Source,
    SourceFault,
    Sources,
    checksum,
    fault_in,
    folder_clashes,
    needs_look,
    read_pattern,
    read_whole,
    reading,
    safe_name,
    why_not_shown,
    with_extension,
)
from lsnb.bucket.wire import (
    Body,
    Cancelled,
    NoAnswer,
    Patience,
    Refusal,
    Stored,
    Wire,
    as_error,
    crc32c_text,
    find_objects,
    look_up,
    object_path,
    run_parallel,
    token_error,
)
from lsnb.errors import InputError, LsnbError, PartialFailureError
from lsnb.kernel import checks
from lsnb.kernel.files import how_to_fetch
from lsnb.kernel.formats import MemberFault, content_type
from lsnb.kernel.report import Report
from lsnb.kernel.tally import sheet_rows
from lsnb.kernel.words import and_again, counted
from lsnb.tables.keys import find_column

# From a table to a list of files and object names, with every fault found before anything is sent.


STATUSES = ("uploaded", "exists", "changed", "missing", "not shown", "failed")
ADDED = ("uri", "status", "bytes", "error")
MOST_SHOWN = 20


@dataclass
class Job:
    """One object, and the rows that want it.

    Args:
        name: The object's name.
        source: The file.
        rows: Positions in the table.
        facts: The file's size and stamp, once looked at.
        fault: Why there are none.
        crc32c: The file's checksum as Cloud Storage writes it, once summed.
    """

    name: str
    source: Source
    rows: list[int] = field(default_factory=list)
    facts: Facts | None = None
    fault: SourceFault | None = None
    crc32c: str | None = None

    def look(self) -> None:
        """Find out the file's size and stamp."""
        try:
            self.facts = self.source.facts()
        except SourceFault as fault:
            self.fault = fault


@dataclass(frozen=True)
class Plan:
    """What an upload will try.

    Args:
        jobs: The objects; one for each pair of name and file.
        unreadable: Rows without a file to look at: position → the row's status and its sentence.
        keeps_objects_as_files: Whether the store cannot hold ``x`` beside ``x/y`` (the embedded one).
        table: Whose rows they are, as a message names them.
    """

    jobs: tuple[Job, ...]
    unreadable: dict[int, tuple[str, str]]
    keeps_objects_as_files: bool = False
    table: pd.DataFrame | None = None


def plan_upload(
    table: pd.DataFrame,
    *,
    path: Hashable,
    name: str,
    sources: Sources,
    safe_names: bool,
    keeps_objects_as_files: bool,
) -> Plan:
    """Return what to upload under which names.

    Args:
        table: The user's table.
        path: The column of paths.
        name: The pattern for object names.
        sources: Finds the files.
        safe_names: Whether names that cannot be are replaced; else they are faults.
        keeps_objects_as_files: Whether the store cannot hold ``x`` beside ``x/y`` (the embedded one).

    Raises:
        InputError: All faults at once: columns, the pattern, empty cells, impossible names.
    """
    paths = find_column(table, path)
    pattern = read_pattern(name, list(table.columns))
    for column in pattern.columns:
        find_column(table, column)
    refuse_foreign_columns(table, used=(path, *pattern.columns))
    faults = _Faults(table)
    jobs: dict[tuple[str, str], Job] = {}
    unreadable: dict[int, tuple[str, str]] = {}
    cells = [table[column].tolist() for column in pattern.columns]
    for position, text in enumerate(paths.tolist()):
        file = _path_text(text, position, faults)
        if file is None:
            # Where the cell is no path at all, this is not reached: the faults are raised.
            unreadable[position] = ("missing", f"No path in column {str(path)!r} ({sheet_rows([position], table)}).")
            continue
        if "://" in file:
            sentence = f"{file[:80]} is an address, not a file on this computer: {how_to_fetch(file)}"
            unreadable[position] = ("missing", sentence)
            continue
        row = dict(zip(pattern.columns, (column[position] for column in cells), strict=True))
        found = _name_of(pattern, row, file, position, faults, safe_names)
        if found is not None:
            try:
                source = sources.find(file)
            except SourceFault as fault:
                unreadable[position] = ("missing" if isinstance(fault, NoSource) else "failed", str(fault))
                continue
            jobs.setdefault((found, source.where), Job(found, source)).rows.append(position)
    if keeps_objects_as_files:
        names = {job.name: job for job in jobs.values()}
        for short, long in folder_clashes(names):
            faults.add(
                f"The embedded bucket cannot hold {short!r} beside {long!r}: change name=",
                names[short].rows + names[long].rows,
            )
    faults.raise_if_any()
    return Plan(tuple(jobs.values()), unreadable, keeps_objects_as_files, table)


def refuse_foreign_columns(table: pd.DataFrame, used: Sequence[Hashable] = ()) -> None:
    """Refuse a table in which a column of the user's own has the name of one that the report adds.

    A table that an upload returned may come again: its ``uri`` and ``status`` columns hold what only an upload
    writes, and the four columns are then replaced where they stand. A table of frames may say in ``error`` which video
    gave none: these rows keep it.

    Raises:
        InputError: With every such column.
    """
    clashes = [name for name in ADDED if name in table.columns and not (name == "error" and _is_of_frames(table))]
    if not clashes or (_is_ours(table) and not set(clashes) & set(used)):
        return
    checks.raise_for(InputError, checks.own_columns(clashes, "the report"))


def _is_of_frames(table: pd.DataFrame) -> bool:
    return table.columns.is_unique and {"item", "video", "frame", "is_context", "error"} <= set(table.columns)


def _is_ours(table: pd.DataFrame) -> bool:
    if "uri" not in table.columns or "status" not in table.columns or not table.columns.is_unique:
        return False
    uris, statuses = table["uri"].dropna(), table["status"]
    return bool(statuses.isin(STATUSES).all() and uris.astype(str).str.startswith("gs://").all())


def check_collisions(jobs: Sequence[Job], crc32c: Callable[[Job], str], table: pd.DataFrame | None) -> tuple[Job, ...]:
    """Return one job for each name, or say which rows want one name for different files.

    Args:
        jobs: Jobs that were looked at.
        crc32c: Returns a file's checksum.
        table: Whose rows they are.

    Raises:
        InputError: With every name that two different files would take.
    """
    by_name: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        by_name[job.name].append(job)
    faults = _Faults(table)
    merged: list[Job] = []
    for name, group in by_name.items():
        there = [job for job in group if job.facts is not None]
        merged += [job for job in group if job.facts is None]
        if not there:
            continue
        first = there[0]
        if len(there) > 1 and not _are_identical(there, crc32c):
            files = " and ".join(job.source.where for job in there[:2])
            faults.add(
                f"Different files ({files}) would become the one object {name!r}: put a column that tells them"
                " apart into name=",
                [row for job in there for row in job.rows],
            )
        first.rows = sorted(row for job in there for row in job.rows)
        merged.append(first)
    faults.raise_if_any()
    return tuple(merged)


def check_folders(jobs: Sequence[Job], there: Collection[str], table: pd.DataFrame | None) -> None:
    """Say which names the embedded bucket cannot take beside the objects that it holds.

    Args:
        jobs: What is to be sent.
        there: The objects' names.
        table: Whose rows they are.

    Raises:
        InputError: With every such name.
    """
    rows = {job.name: job.rows for job in jobs if job.facts is not None}
    faults = _Faults(table)
    for short, long in folder_clashes({*rows, *there}):
        wanted, held = (long, short) if short in there else (short, long)
        if wanted in rows and wanted not in there:
            faults.add(
                f"The embedded bucket holds {held!r} and cannot hold {wanted!r} beside it: change name=", rows[wanted]
            )
    faults.raise_if_any()


def _are_identical(jobs: Sequence[Job], crc32c: Callable[[Job], str]) -> bool:
    if len({job.facts.size for job in jobs if job.facts}) > 1:
        return False
    try:
        return len({crc32c(job) for job in jobs}) == 1
    except SourceFault:
        return False


def _path_text(value: Any, position: int, faults: _Faults) -> str | None:
    if isinstance(value, os.PathLike):
        value = str(os.fspath(value))
    elif not pd.api.types.is_scalar(value):
        faults.add(f"The path cell holds a {type(value).__name__}: give each row one path", [position])
        return None
    elif pd.isna(value):
        return None
    text = str(value).strip()
    if "\0" in text:
        shown = text.replace("\0", "\\0")[:80]
        faults.add(f"The path '{shown}' holds a zero byte, which no path can: mend the cell", [position])
        return None
    return text or None


def _name_of(
    pattern: Pattern,
    row: dict[Hashable, Any],
    file: str,
    position: int,
    faults: _Faults,
    safe_names: bool,
) -> str | None:
    stem, extension = os.path.splitext(os.path.basename(file.replace("\\", "/")))  # noqa: PTH119, PTH122
    try:
        name = with_extension(pattern.fill(row, stem), extension)
    except InputError as error:
        faults.add(f"name={pattern.text!r}: {error}", [position])
        return None
    fault = fault_in(name)
    if fault is None:
        return name
    if safe_names:
        return safe_name(name)
    shown = name if len(name) <= 60 else f"{name[:59]}…"
    faults.add(f"The object name {shown!r} {fault}: change the cell, or give safe_names=True", [position])
    return None


class _Faults:
    """Sentences and the rows they are about; one sentence for all rows with the same fault."""

    def __init__(self, table: pd.DataFrame | None) -> None:
        self._table = table
        self._rows: dict[str, list[int]] = defaultdict(list)

    def add(self, sentence: str, positions: Sequence[int]) -> None:
        self._rows[sentence].extend(positions)

    def raise_if_any(self) -> None:
        """Raise ``InputError`` with what was added.

        Raises:
            InputError: With at most ``MOST_SHOWN`` sentences.
        """
        sentences = [f"{text} ({sheet_rows(sorted(set(rows)), self._table)})." for text, rows in self._rows.items()]
        if len(sentences) > MOST_SHOWN:
            more = len(sentences) - MOST_SHOWN
            sentences = [*sentences[:MOST_SHOWN], f"And {more} more faults of this kind."]
        if sentences:
            raise InputError(sentences)


# One file into one object, whole or not at all.
#
# Small files go as one multipart request, large ones in resumable chunks through the library ("Uploads and
# downloads" in the Cloud Storage documentation). Each carries its CRC32C, which the server checks, and a generation
# precondition, which makes it safe to repeat: a reply that was lost comes back as 412, and the checksum tells
# whether the object there is ours.


LARGE = 32 * 1024 * 1024
CHUNK = 32 * 1024 * 1024
LARGE_AT_ONCE = 3
# Up to this size a file has memory of its own while it is sent; 64 of them at once are no burden.
SMALL = 1024 * 1024
BUFFERS = 160


class Taken(Exception):
    """The object is there, and it is not this file.

    Args:
        stored: What is there.
    """

    def __init__(self, stored: Stored | None) -> None:
        super().__init__()
        self.stored = stored


class Corrupt(Exception):
    """What arrived is not what was sent; it was taken out again."""


class Buffers:
    """Memory that threads share: each takes what its file needs, waits if others have it, and gives it back.

    Blocks that every thread allocates for itself stay with it once used (the C library keeps them), which for 64
    threads and videos of 30 MB would be gigabytes.

    Args:
        count: The most blocks.
        size: Bytes of each.
    """

    def __init__(self, count: int, size: int) -> None:
        self._size = size
        self._unmade = count
        self._free: list[bytearray] = []
        self._given_back = threading.Condition()

    @contextlib.contextmanager
    def of(self, size: int, cancel: threading.Event) -> Iterator[list[bytearray]]:
        """Hold blocks for so many bytes for a while."""
        wanted = -(-size // self._size)
        with self._given_back:
            while len(self._free) + self._unmade < wanted:
                if cancel.is_set():
                    raise Cancelled
                self._given_back.wait(0.2)
            while len(self._free) < wanted:
                self._free.append(bytearray(self._size))
                self._unmade -= 1
            blocks = [self._free.pop() for _ in range(wanted)]
        try:
            yield blocks
        finally:
            with self._given_back:
                self._free += blocks
                self._given_back.notify_all()


@dataclass(frozen=True)
class Sender:
    """Sends files into one bucket, for as long as one run lasts.

    Args:
        wire: The line to Cloud Storage.
        bucket: The bucket's name.
        library: A ``google.cloud.storage`` bucket on the same credentials, for resumable uploads.
        patience: How long each request is tried.
        cancel: Ends everything when set.
        buffers: Memory for files above ``SMALL``.
        large: How many files above ``LARGE`` go at once.
    """

    wire: Wire
    bucket: str
    library: Any
    patience: Patience
    cancel: threading.Event
    buffers: Buffers = field(default_factory=lambda: Buffers(BUFFERS, SMALL))
    large: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(LARGE_AT_ONCE))

    def stop(self) -> None:
        """Raise ``Cancelled`` when the run was interrupted."""
        if self.cancel.is_set():
            raise Cancelled

    def crc32c(self, source: Source, facts: Facts) -> str:
        """Return a file's checksum as Cloud Storage writes it."""
        return crc32c_text(checksum(source, facts, self.stop))

    def send(
        self,
        source: Source,
        facts: Facts,
        name: str,
        *,
        content_type: str,
        generation: int,
        on_bytes: Callable[[int], None],
    ) -> Stored:
        """Send a file; return the object it became.

        Args:
            source: The file.
            facts: What it was when the run began.
            name: The object's name.
            content_type: Its media type.
            generation: The version to replace, or 0 where none may be there.
            on_bytes: Told of bytes as they leave; less than 0 when they must be sent again.

        Raises:
            SourceFault: The file cannot be read, or changed.
            Taken: Something else is there.
            Corrupt: What arrived differs from what was sent.
            Refusal: The server refused.
            NoAnswer: The server does not answer.
        """
        if facts.size > LARGE:
            with self.large:
                return self._send_large(source, facts, name, content_type, generation, on_bytes)
        with self.buffers.of(facts.size if facts.size > SMALL else 0, self.cancel) as blocks:
            data = read_whole(source, facts, blocks)
            return self._send_small(facts, data, name, content_type, generation, on_bytes)

    def _send_small(
        self,
        facts: Facts,
        data: Body,
        name: str,
        content_type: str,
        generation: int,
        on_bytes: Callable[[int], None],
    ) -> Stored:
        # google_crc32c takes bytes alone; bytes of bytes are no copy.
        crc32c = crc32c_text(functools.reduce(lambda value, part: google_crc32c.extend(value, bytes(part)), data, 0))
        about = {"name": name, "contentType": content_type, "crc32c": crc32c}
        border = secrets.token_hex(16)
        head = (
            f"--{border}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(about)}\r\n"
            f"--{border}\r\nContent-Type: {content_type}\r\n\r\n"
        ).encode()
        reply = self.wire.call(
            "POST",
            f"/upload/storage/v1/b/{quote(self.bucket, safe='')}/o",
            {
                "uploadType": "multipart",
                "ifGenerationMatch": generation,
                "fields": "name,size,crc32c,generation",
            },
            body=(head, *data, f"\r\n--{border}--".encode()),
            content_type=f"multipart/related; boundary={border}",
            expect=frozenset({412}),
            cancel=self.cancel,
            patience=self.patience,
            on_bytes=on_bytes,
        )
        if reply.status == 412:
            return self._ours_or_taken(name, facts.size, crc32c)
        return self._whole(Stored.from_resource(reply.json), name, facts.size, crc32c)

    def _send_large(
        self,
        source: Source,
        facts: Facts,
        name: str,
        content_type: str,
        generation: int,
        on_bytes: Callable[[int], None],
    ) -> Stored:
        crc32c = self.crc32c(source, facts)
        blob = self.library.blob(name, chunk_size=CHUNK)
        # Sent with the first request, so that the server refuses bytes that changed since they were summed.
        blob.crc32c = crc32c
        fault: Exception | None = None
        with reading(source, facts) as file:
            try:
                blob.upload_from_file(
                    _Counted(file, self.stop, on_bytes),
                    size=facts.size,
                    content_type=content_type,
                    if_generation_match=generation,
                    checksum="crc32c",
                    timeout=60,
                    retry=DEFAULT_RETRY.with_timeout(self.patience.deadline).with_predicate(self._retried()),
                )
            except (Cancelled, SourceFault):
                raise
            except Exception as error:
                fault = error
        if fault is not None:
            answer = _from_library(fault, self.wire.identity.account)
            if isinstance(answer, Refusal) and answer.status == 412:
                return self._ours_or_taken(name, facts.size, crc32c)
            raise answer
        stored = look_up(self.wire, self.bucket, name, cancel=self.cancel, patience=self.patience)
        if stored is None:
            raise Corrupt
        return self._whole(stored, name, facts.size, crc32c)

    def _retried(self) -> Callable[[Exception], bool]:
        """Return what tells the library whether to try again; as the wire, it waits for no server that is off."""
        refused_since: float | None = None

        def is_passing(error: Exception) -> bool:
            nonlocal refused_since
            if not (self.wire.is_here and _is_refused(error)):
                refused_since = None
                return bool(DEFAULT_RETRY._predicate(error))
            now = self.patience.clock()
            refused_since = now if refused_since is None else refused_since
            return now - refused_since < self.patience.refused

        return is_passing

    def _ours_or_taken(self, name: str, size: int, crc32c: str) -> Stored:
        stored = look_up(self.wire, self.bucket, name, cancel=self.cancel, patience=self.patience)
        if stored is None or stored.size != size or stored.crc32c != crc32c:
            raise Taken(stored)
        return stored

    def _whole(self, stored: Stored, name: str, size: int, crc32c: str) -> Stored:
        if stored.size == size and stored.crc32c == crc32c:
            return stored
        with contextlib.suppress(Refusal, NoAnswer):
            self.wire.call(
                "DELETE",
                object_path(self.bucket, name),
                {"ifGenerationMatch": stored.generation},
                expect=frozenset({404, 412}),
                patience=self.patience,
            )
        raise Corrupt


def _why_not_shown(job: Job) -> str | None:
    """Return why browsers cannot show a job's file, where that is known."""
    assert job.facts is not None
    if needs_look(job.name) and job.facts.size:
        with contextlib.suppress(SourceFault, MemberFault, OSError), job.source.open() as file:
            return why_not_shown(job.name, job.facts.size, file)
    return why_not_shown(job.name, job.facts.size)


class _Counted:
    """A file that reports what is read, and stops when the run does; the library reads it chunk by chunk."""

    def __init__(self, file: IO[bytes], stop: Callable[[], None], on_bytes: Callable[[int], None]) -> None:
        self._file = file
        self._stop = stop
        self._on_bytes = on_bytes

    def read(self, size: int = -1) -> bytes:
        self._stop()
        data = self._file.read(size)
        self._on_bytes(len(data))
        return data

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, position: int, whence: int = 0) -> int:
        before = self._file.tell()
        after = self._file.seek(position, whence)
        if after < before:
            self._on_bytes(after - before)
        return after


def _is_refused(error: Exception) -> bool:
    """Whether requests failed since nothing listens; its text is the only other place that says so."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.exceptions.ConnectionError) and isinstance(
        reason, urllib3.exceptions.NewConnectionError
    )


def _from_library(error: Exception, account: str) -> Exception:
    response = getattr(error, "response", None)
    if isinstance(error, api_exceptions.RetryError) and error.cause is not None:
        return _from_library(error.cause, account)
    if response is not None and hasattr(response, "status_code"):
        return Refusal(response.status_code, response.content)
    if isinstance(error, api_exceptions.GoogleAPICallError) and error.code is not None:
        return Refusal(int(error.code), json.dumps({"error": {"message": error.message}}).encode())
    if isinstance(error, auth_exceptions.GoogleAuthError):
        return token_error(error, account)
    if _is_refused(error):
        return NoAnswer("nothing accepts connections there", refused=True)
    if isinstance(error, (requests.exceptions.RequestException, OSError)):
        return NoAnswer("the connection broke")
    # DataCorruption, and what the library's readers raise for a file that ends early.
    return Corrupt()


Overwrite = Literal["never", "changed", "always"]
Status = Literal["uploaded", "exists", "changed", "missing", "not shown", "failed"]

# What another run or person put under the name must not be handed out as this file.
_OURS = frozenset({"uploaded", "exists", "missing"})
# So many objects one after another without an answer: the service is away, and the rest would only wait for it.
GIVE_UP_AFTER = 16


@dataclass(frozen=True, repr=False)
class UploadReport(Report):
    """What an upload did.

    ``.table`` is the user's table with four columns more: ``uri`` (``gs://…``, missing where the bucket does not
    hold this file), ``status``, ``bytes`` and ``error``. The statuses are ``uploaded``; ``exists`` (the same bytes
    were there); ``changed`` (other bytes are there, and were left alone); ``missing`` (no such file here; its object,
    if there is one, could not be compared and keeps its ``uri``); ``not shown`` (browsers cannot show such a file, so
    it was not sent); ``failed``.
    """

    noun: ClassVar[str] = "files"
    failure_statuses: ClassVar[frozenset[str]] = frozenset({"failed", "missing", "changed", "not shown"})

    @property
    def warning(self) -> str | None:
        """What went wrong in one or two sentences, or None where every file is in the bucket."""
        failures = self.failures
        if failures.empty:
            return None
        counts = ", ".join(f"{n} {status}" for status, n in self.counts.items() if status in self.failure_statuses)
        said = f"{len(failures)} of {len(self.table)} files failed ({counts}); the first: {failures['error'].iloc[0]}"
        if (failures["status"] != "changed").any():
            said = and_again(said, "Mend it and ")
        if "changed" in set(failures["status"].iloc[1:]) - {failures["status"].iloc[0]}:
            said += ' overwrite="changed" puts your file in the place of an object that differs.'
        return said

    def raise_for_failures(self) -> None:
        """Raise if any file is not in the bucket as it is here.

        Raises:
            PartialFailureError: With the number of failures and the first of them.
        """
        if self.warning:
            raise PartialFailureError(self.warning)


@dataclass(frozen=True)
class Outcome:
    """What became of one job.

    Args:
        job: The job.
        status: One of the report's statuses.
        stored: The object, where there is one.
        error: The sentence for the row.
        warning: Why browsers cannot show the file, where that is known.
    """

    job: Job
    status: Status
    stored: Stored | None = None
    error: str | None = None
    warning: str | None = None


class Run:
    """One upload: looks, compares, sends.

    Args:
        sender: Sends the files.
        overwrite: What to do where other bytes are there.
        sends_unshown: Whether files that browsers cannot show are sent.
        workers: The most connections.
        progress: Whether to show a progress bar.
    """

    def __init__(
        self, sender: Sender, *, overwrite: Overwrite, workers: int, progress: bool, sends_unshown: bool = False
    ) -> None:
        self.sender = sender
        self.overwrite = overwrite
        self.sends_unshown = sends_unshown
        self.workers = workers
        self.progress = progress
        self._lock = threading.Lock()
        self._faults_in_a_row = 0
        self._outage: str | None = None

    def upload(self, plan: Plan) -> list[Outcome]:
        """Return what became of each job of a plan.

        Raises:
            InputError: Different files want the same name, or a name is a folder of another's.
            BucketError: The bucket cannot be listed.
            CredentialsError: No access token can be had.
        """
        cancel = self.sender.cancel
        wire = self.sender.wire
        there: dict[str, Stored] = {}
        jobs: Sequence[Job] = plan.jobs
        wanted = plan.jobs
        is_listed = threading.Event()

        def look_here() -> None:
            nonlocal jobs
            for _ in run_parallel(Job.look, wanted, workers=self.workers, cancel=cancel, is_quick=True):
                pass
            jobs = check_collisions(wanted, self._crc32c, plan.table)
            self._sum_ahead(jobs, is_listed)

        def look_there() -> None:
            names = [job.name for job in wanted]
            try:
                there.update(
                    find_objects(
                        wire,
                        self.sender.bucket,
                        names,
                        cancel=cancel,
                        patience=self.sender.patience,
                        with_clashes=plan.keeps_objects_as_files,
                    )
                )
            finally:
                is_listed.set()

        try:
            for _ in run_parallel(lambda look: look(), [look_here, look_there], workers=2, cancel=cancel):
                pass
        except (Refusal, NoAnswer) as fault:
            raise as_error(fault, bucket=self.sender.bucket, endpoint=wire.endpoint, action="list") from None
        if plan.keeps_objects_as_files:
            check_folders(jobs, there, plan.table)
        total = sum(job.facts.size for job in jobs if job.facts)
        is_all_there = self.overwrite != "always" and all(job.name in there for job in jobs)
        outcomes: list[Outcome] = []
        with tqdm(
            total=total, unit="B", unit_scale=True, desc="Uploading", disable=not self.progress, smoothing=0.1
        ) as bar:

            def settle(job: Job) -> Outcome:
                return self._settle(job, there.get(job.name), bar)

            for outcome in run_parallel(settle, jobs, workers=self.workers, cancel=cancel, is_quick=is_all_there):
                outcomes.append(outcome)
                bar.set_postfix_str(f"{len(outcomes)}/{len(jobs)} files", refresh=False)
        return outcomes

    def _sum_ahead(self, jobs: Sequence[Job], is_listed: threading.Event) -> None:
        """Sum files while the listing is on its way: where all is there, that is most of what is left to do."""
        for job in jobs:
            if is_listed.is_set() or self.overwrite == "always":
                return
            if job.facts is not None and job.facts.size < LARGE:
                with contextlib.suppress(SourceFault):
                    self._crc32c(job)

    def _crc32c(self, job: Job) -> str:
        assert job.facts is not None
        if job.crc32c is None:
            job.crc32c = self.sender.crc32c(job.source, job.facts)
        return job.crc32c

    def _settle(self, job: Job, stored: Stored | None, bar: Any) -> Outcome:
        counted = 0

        def count(size: int) -> None:
            nonlocal counted
            counted += size
            with self._lock:
                bar.update(size)

        try:
            return self._compare_and_send(job, stored, count)
        except NoSource as fault:
            also = " Its object is in the bucket, and was not compared." if stored else ""
            return Outcome(job, "missing", stored, f"{fault}{also}")
        except SourceFault as fault:
            return Outcome(job, "failed", stored, str(fault))
        finally:
            if job.facts is not None:
                count(job.facts.size - counted)

    def _compare_and_send(self, job: Job, stored: Stored | None, count: Any) -> Outcome:
        if job.facts is None:
            raise job.fault or NoSource(f"No file {job.source.where}.")
        why = _why_not_shown(job)
        if why is not None and why not in DOUBTED and not self.sends_unshown:
            return Outcome(job, "not shown", None, f"Not sent ({why}); send_unshown=True sends it all the same.", why)
        if stored is not None and self.overwrite != "always":
            is_same = stored.size == job.facts.size and (self._crc32c(job) == stored.crc32c if stored.size else True)
            if is_same:
                return Outcome(job, "exists", stored, warning=why)
            if self.overwrite == "never":
                return Outcome(job, "changed", stored, _differs(job.name), why)
        if self._outage:
            return Outcome(job, "failed", stored, f"Not tried: {self._outage}", why)
        return self._send(job, stored, count, why)

    def _send(self, job: Job, stored: Stored | None, count: Any, why: str | None) -> Outcome:
        assert job.facts is not None
        try:
            sent = self.sender.send(
                job.source,
                job.facts,
                job.name,
                content_type=content_type(job.name),
                generation=stored.generation if stored else 0,
                on_bytes=count,
            )
        except Taken as taken:
            if stored is None and self.overwrite == "never":
                return Outcome(job, "changed", taken.stored, _differs(job.name))
            return Outcome(
                job,
                "failed",
                taken.stored,
                f"Somebody else wrote {job.name!r} at the same time: run the call again to compare.",
            )
        except Corrupt:
            return Outcome(
                job,
                "failed",
                None,
                f"{job.name!r} did not arrive whole and was taken out again: run the call again.",
            )
        except (Refusal, NoAnswer) as fault:
            return self._failed(job, stored, fault)
        except LsnbError as error:
            # No access token any more: no other object will fare better.
            self._outage = str(error)
            return Outcome(job, "failed", stored, str(error))
        with self._lock:
            self._faults_in_a_row = 0
        return Outcome(job, "uploaded", sent, warning=why)

    def _failed(self, job: Job, stored: Stored | None, fault: Refusal | NoAnswer) -> Outcome:
        error = as_error(
            fault,
            bucket=self.sender.bucket,
            endpoint=self.sender.wire.endpoint,
            action="replace" if stored else "create",
            what=job.name,
        )
        if isinstance(fault, NoAnswer) or fault.is_passing:
            with self._lock:
                self._faults_in_a_row += 1
                if self._faults_in_a_row >= GIVE_UP_AFTER and not self._outage:
                    self._outage = str(error)
        return Outcome(job, "failed", stored, str(error))


def make_report(table: pd.DataFrame, plan: Plan, outcomes: Sequence[Outcome], bucket: str) -> UploadReport:
    """Return the report: the user's table, with a status for each row.

    Args:
        table: The user's table; it is copied.
        plan: What was planned.
        outcomes: What became of it.
        bucket: The bucket's name.
    """
    count = len(table)
    uris: list[str | None] = [None] * count
    statuses: list[str] = ["missing"] * count
    sizes: list[int | None] = [None] * count
    errors: list[str | None] = [None] * count
    warnings: dict[str, list[int]] = defaultdict(list)
    for position, (status, sentence) in plan.unreadable.items():
        statuses[position], errors[position] = status, sentence
    for outcome in outcomes:
        for row in outcome.job.rows:
            if outcome.stored is not None and outcome.status in _OURS:
                uris[row] = f"gs://{bucket}/{outcome.job.name}"
            statuses[row] = outcome.status
            errors[row] = outcome.error
            facts = outcome.job.facts
            sizes[row] = facts.size if facts else outcome.stored.size if outcome.stored else None
        if outcome.warning:
            warnings[outcome.warning].extend(outcome.job.rows)
    if _is_of_frames(table):
        errors = [
            known if isinstance(known, str) and status == "missing" else error
            for known, status, error in zip(table["error"], statuses, errors, strict=True)
        ]
    made = table.copy()
    made["uri"] = pd.Series(uris, dtype=object).to_numpy()
    made["status"] = statuses
    made["bytes"] = pd.array(sizes, dtype="Int64")
    made["error"] = pd.Series(errors, dtype=object).to_numpy()
    notes = []
    changed = statuses.count("changed")
    if changed:
        notes.append(
            f"{counted(changed, 'file differs', 'files differ')} from what the bucket holds under the name, and "
            f'{"was" if changed == 1 else "were"} not sent: overwrite="changed" replaces what is there.'
        )
    # What is only supposed comes last.
    for what, rows in sorted(warnings.items(), key=lambda warning: warning[0] == NO_PICTURE):
        notes.append(f"{what} ({counted(len(rows), 'file')}, {sheet_rows(sorted(rows), table)}).")
    return UploadReport(made, tuple(notes))


def _differs(name: str) -> str:
    return f'The object {name!r} differs from this file and was left as it is: overwrite="changed" replaces it.'
