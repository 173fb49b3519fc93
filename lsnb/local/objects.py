"""The objects of the embedded bucket: their bytes in files of opaque names, all else in one SQLite database.

A name from elsewhere is a row's text and never a path, so none can leave the folder, ``x`` lies beside ``x/y``, and
every name is taken that Cloud Storage takes ("About objects": 1 to 1,024 bytes of UTF-8, no line ends, not ``.`` or
``..``, nothing below ``.well-known/acme-challenge/``). An object's bytes are written to a file of their own, which
becomes the object in one transaction; a reader of the one before reads it to its end.

Ours, since no kept emulator fits: the one in Go joins names to its root and asks nobody for a key, the one in Python
answers no preflight, overwrites in spite of preconditions and resets connections when 32 come at once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import google_crc32c

from lsnb.errors import InputError
from lsnb.kernel.formats import content_type, parse_json

DATABASE = "objects.db"
_LONGEST_NAME = 1024
_PIECE = 1024 * 1024
_SCHEMA = """
create table if not exists buckets (
    name text primary key, created integer not null, metageneration integer not null, about text not null);
create table if not exists objects (
    bucket text not null, name text not null, file text not null, size integer not null, crc32c text not null,
    md5 text, generation integer not null, metageneration integer not null, created integer not null,
    updated integer not null, about text not null, primary key (bucket, name)) without rowid;
create table if not exists generations (last integer not null);
"""
_COLUMNS = "bucket, name, file, size, crc32c, md5, generation, metageneration, created, updated, about"
# What a client may say of an object; all else in a resource is the service's to say.
ABOUT = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "metadata",
    "storageClass",
    "temporaryHold",
    "eventBasedHold",
)


@dataclass
class StoreFault(Exception):
    """Why the store does not do what was asked.

    Args:
        status: HTTP status.
        reason: In the JSON API's words, such as ``conditionNotMet``.
        message: For the user.
    """

    status: int
    reason: str
    message: str


@dataclass(frozen=True)
class Conditions:
    """What must hold of an object before something is done to it; None asks for nothing.

    Args:
        generation: Its generation; 0: there must be none.
        not_generation: Not this one.
        metageneration: Its metageneration.
        not_metageneration: Not this one.
    """

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    def check(self, found: StoredObject | None, *, reads: bool = False) -> None:
        """Raise a 412, or a 304 where something is only read, if they do not hold."""
        generation = found.generation if found else 0
        metageneration = found.metageneration if found else 0
        unmet = (self.generation is not None and self.generation != generation) or (
            self.metageneration is not None and self.metageneration != metageneration
        )
        same = self.not_generation == generation or (found is not None and self.not_metageneration == metageneration)
        if unmet or (same and not reads):
            raise StoreFault(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")
        if same:
            raise StoreFault(304, "notModified", "")


@dataclass(frozen=True)
class StoredObject:
    """An object as it is kept.

    Args:
        bucket: Its bucket.
        name: Its name.
        file: The opaque name of the file of its bytes.
        size: In bytes.
        crc32c: Base64 of its CRC32C, big-endian.
        md5: Base64 of its MD5; None where it was composed.
        generation: Changes with its bytes.
        metageneration: Counts changes of what is said of it, from 1.
        created: Microseconds since 1970.
        updated: Microseconds since 1970.
        about: What clients said of it: ``ABOUT``.
    """

    bucket: str
    name: str
    file: str
    size: int
    crc32c: str
    md5: str | None
    generation: int
    metageneration: int
    created: int
    updated: int
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """Of its bytes and of what is said of it."""
        return base64.b64encode(f"{self.generation}/{self.metageneration}".encode()).decode()

    @property
    def media_type(self) -> str:
        """As a browser is told."""
        return str(self.about.get("contentType") or "application/octet-stream")


@dataclass(frozen=True)
class Bucket:
    """A bucket as it is kept.

    Args:
        name: Its name.
        created: Microseconds since 1970.
        metageneration: Counts its changes, from 1.
        about: What clients said of it.
    """

    name: str
    created: int
    metageneration: int
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """A page of a listing.

    Args:
        objects: In the order of their names' bytes.
        prefixes: What stands for many, where a delimiter was given.
        last: From behind which the next page goes on, or None where there is none.
    """

    objects: tuple[StoredObject, ...]
    prefixes: tuple[str, ...]
    last: str | None


class Incoming:
    """Bytes on their way in: a file that is no object yet. It is open only while it is written to.

    Args:
        path: Where they are written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.is_gone = False
        self._file: BinaryIO | None = None
        self._crc32c: Any = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
        self._md5 = hashlib.md5(usedforsecurity=False)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

    def write(self, piece: bytes) -> None:
        """Add bytes to its end.

        Raises:
            StoreFault: It was taken away.
        """
        self.check()
        if self._file is None:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0))
            self._file = os.fdopen(descriptor, "ab", buffering=0)
        view = memoryview(piece)
        while view:
            view = view[self._file.write(view) :]
        self._crc32c.update(piece)
        self._md5.update(piece)
        self.size += len(piece)

    @property
    def crc32c(self) -> str:
        """Base64 of the CRC32C so far."""
        return base64.b64encode(self._crc32c.digest()).decode()

    @property
    def md5(self) -> str:
        """Base64 of the MD5 so far."""
        return base64.b64encode(self._md5.digest()).decode()

    def check(self) -> None:
        """Raise a ``StoreFault`` if it was taken away meanwhile."""
        if self.is_gone:
            raise StoreFault(404, "notFound", "No such upload")

    def close(self) -> None:
        """Close the file until more comes."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def sync(self) -> None:
        """Wait until the disk holds the bytes, so that no power cut leaves an object without them."""
        self.check()
        self.close()
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def discard(self) -> None:
        """Take the file away, unless it became an object."""
        self.is_gone = True
        self.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


class Objects:
    """The buckets and objects of a stack.

    Args:
        folder: Where they are kept; only its owner may look into it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bytes = folder / "bytes"
        self._incoming = folder / "incoming"
        for place in (folder, self._bytes, self._incoming):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if place.is_symlink():
                raise NotADirectoryError(f"{place} is a link, not the bucket's folder.")
        self._database = sqlite3.connect(folder / DATABASE, isolation_level=None)
        (folder / DATABASE).chmod(0o600)
        # A power cut may lose what came last, never the order; a page that a browser may not wait for is worse.
        for setting in ("journal_mode = wal", "synchronous = normal", "busy_timeout = 10000"):
            self._database.execute(f"pragma {setting}")
        self._database.executescript(_SCHEMA)
        self._tidy()

    def _tidy(self) -> None:
        """Take away what a server that was ended had not received whole, or had not yet taken away."""
        kept = {row[0] for row in self._database.execute("select file from objects")}
        for place in (self._incoming, self._bytes):
            for left in os.scandir(place):
                if left.name not in kept and not left.is_dir(follow_symlinks=False):
                    with suppress(OSError):
                        Path(left.path).unlink()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        self._database.execute("begin immediate")
        try:
            yield self._database
        except BaseException:
            self._database.execute("rollback")
            raise
        self._database.execute("commit")

    # Buckets.

    def buckets(self) -> list[Bucket]:
        """Return all buckets by name."""
        rows = self._database.execute("select name, created, metageneration, about from buckets order by name")
        return [Bucket(name, created, number, json.loads(about)) for name, created, number, about in rows]

    def bucket(self, name: str) -> Bucket:
        """Return a bucket.

        Raises:
            StoreFault: There is none of this name.
        """
        row = self._database.execute(
            "select name, created, metageneration, about from buckets where name = ?", (name,)
        ).fetchone()
        if row is None:
            raise StoreFault(404, "notFound", "The specified bucket does not exist.")
        return Bucket(row[0], row[1], row[2], json.loads(row[3]))

    def create_bucket(self, name: str, about: Mapping[str, Any]) -> Bucket:
        """Make a bucket and return it.

        Raises:
            StoreFault: There is one, or no bucket can have this name.
        """
        plain = name.replace("-", "").replace("_", "").replace(".", "")
        if not (3 <= len(name) <= 222 and plain.isascii() and plain.isalnum() and plain == plain.lower()):
            raise StoreFault(400, "invalid", f"Invalid bucket name: {name!r}")
        with self._changing() as database:
            if database.execute("select 1 from buckets where name = ?", (name,)).fetchone():
                raise StoreFault(409, "conflict", "Your previous request to create the named bucket succeeded.")
            database.execute("insert into buckets values (?, ?, 1, ?)", (name, _now(), json.dumps(dict(about))))
        return self.bucket(name)

    def change_bucket(self, name: str, about: Mapping[str, Any], *, whole: bool = False) -> Bucket:
        """Change what is said of a bucket: None takes a word away, ``whole`` all that is not given."""
        with self._changing() as database:
            before = {} if whole else dict(self.bucket(name).about)
            after = {key: value for key, value in {**before, **about}.items() if value is not None}
            database.execute(
                "update buckets set about = ?, metageneration = metageneration + 1 where name = ?",
                (json.dumps(after), name),
            )
        return self.bucket(name)

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket."""
        with self._changing() as database:
            self.bucket(name)
            if database.execute("select 1 from objects where bucket = ? limit 1", (name,)).fetchone():
                raise StoreFault(409, "conflict", "The bucket you tried to delete is not empty.")
            database.execute("delete from buckets where name = ?", (name,))

    # Objects.

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """Return an object, or None."""
        row = self._database.execute(
            f"select {_COLUMNS} from objects where bucket = ? and name = ?",  # nosec B608  names of columns are ours
            (bucket, name),
        ).fetchone()
        return _object(row) if row else None

    def get(self, bucket: str, name: str, generation: int | None = None) -> StoredObject:
        """Return an object.

        Raises:
            StoreFault: There is none, or not of this generation.
        """
        found = self.find(bucket, name)
        if found is None or generation not in (None, found.generation):
            self.bucket(bucket)
            raise StoreFault(404, "notFound", f"No such object: {bucket}/{name}")
        return found

    def open(self, found: StoredObject) -> BinaryIO:
        """Return an object's bytes as an open file.

        Raises:
            StoreFault: They are gone since.
        """
        try:
            descriptor = os.open(self._bytes / found.file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            raise StoreFault(404, "notFound", f"No such object: {found.bucket}/{found.name}") from None
        return os.fdopen(descriptor, "rb", buffering=0)

    def receive(self) -> Incoming:
        """Return a place for bytes that come in."""
        return Incoming(self._incoming / secrets.token_hex(16))

    def put(
        self, bucket: str, name: str, incoming: Incoming, about: Mapping[str, Any], conditions: Conditions
    ) -> StoredObject:
        """Make an object of bytes that came in whole, in the place of the one of this name.

        Raises:
            StoreFault: The conditions do not hold, or no object can have this name.
        """
        check_name(name)
        incoming.check()
        incoming.close()
        file = secrets.token_hex(16)
        said = {"contentType": content_type(name), **checked_about(about)}
        with self._changing() as database:
            self.bucket(bucket)
            before = self.find(bucket, name)
            conditions.check(before)
            generation = self._next_generation(database)
            incoming.path.rename(self._bytes / file)
            row = (incoming.size, incoming.crc32c, incoming.md5, generation, 1, generation, generation)
            database.execute(
                f"insert or replace into objects ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # nosec B608
                (bucket, name, file, *row, json.dumps(said)),
            )
        self._drop_bytes(before)
        return self.get(bucket, name)

    def change(
        self, bucket: str, name: str, about: Mapping[str, Any], conditions: Conditions, *, whole: bool = False
    ) -> StoredObject:
        """Change what is said of an object: None takes a word away, ``whole`` all that is not given."""
        checked_about(about)
        with self._changing() as database:
            found = self.get(bucket, name)
            conditions.check(found)
            before: dict[str, Any] = {} if whole else dict(found.about)
            if isinstance(about.get("metadata"), dict) and not whole:
                kept = {**before.get("metadata", {}), **about["metadata"]}
                about = {**about, "metadata": {key: value for key, value in kept.items() if value is not None} or None}
            after = {key: value for key, value in {**before, **about}.items() if key in ABOUT and value is not None}
            database.execute(
                "update objects set about = ?, metageneration = metageneration + 1, updated = ? "
                "where bucket = ? and name = ?",
                (json.dumps(after), _now(), bucket, name),
            )
        return self.get(bucket, name)

    def delete(self, bucket: str, name: str, conditions: Conditions, generation: int | None = None) -> None:
        """Delete an object."""
        with self._changing() as database:
            found = self.get(bucket, name, generation)
            conditions.check(found)
            database.execute("delete from objects where bucket = ? and name = ?", (bucket, name))
        self._drop_bytes(found)

    def copy(self, sources: Sequence[StoredObject]) -> Incoming:
        """Return the bytes of objects, one after the other, as bytes that came in; may be called in a thread."""
        incoming = self.receive()
        try:
            for source in sources:
                with self.open(source) as file:
                    while piece := file.read(_PIECE):
                        incoming.write(piece)
        except BaseException:
            incoming.discard()
            raise
        return incoming

    def page(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        after: str = "",
        start: str = "",
        end: str = "",
        most: int = 1000,
    ) -> Page:
        """Return a page of a bucket's objects.

        Args:
            bucket: Its name.
            prefix: With what names begin.
            delimiter: Names that have it behind the prefix are one prefix each, up to its first place.
            after: The ``last`` of the page before.
            start: The first name that is listed.
            end: The first name that is not listed any more.
            most: How many objects and prefixes at most.
        """
        self.bucket(bucket)
        objects: list[StoredObject] = []
        prefixes: list[str] = []
        low, strict = max(prefix, start), False
        if after:
            is_prefix = bool(delimiter) and after.endswith(delimiter) and after != prefix
            low, strict = (_behind(after), False) if is_prefix else (after, True)
        last: str | None = None
        while True:
            wanted = most + 1 if not delimiter else min(most + 1, 64)
            rows = self._database.execute(
                f"select {_COLUMNS} from objects where bucket = ? and name {'>' if strict else '>='} ? "  # nosec B608
                "order by name limit ?",
                (bucket, low, wanted),
            ).fetchall()
            jumped = False
            for row in rows:
                found = _object(row)
                if not found.name.startswith(prefix) or (end and found.name >= end):
                    return Page(tuple(objects), tuple(prefixes), None)
                if len(objects) + len(prefixes) >= most:
                    return Page(tuple(objects), tuple(prefixes), last)
                at = found.name.find(delimiter, len(prefix)) if delimiter else -1
                if at >= 0:
                    last = found.name[: at + len(delimiter)]
                    prefixes.append(last)
                    low, strict, jumped = _behind(last), False, True
                    break
                objects.append(found)
                last, low, strict = found.name, found.name, True
            if not jumped and len(rows) < wanted:
                return Page(tuple(objects), tuple(prefixes), None)

    def take_over(self, folder: Path) -> int:
        """Take over the objects of a stack of lsnb 0.1, which kept them under their own names.

        Args:
            folder: Its folder of objects: a folder a bucket. Links are left alone.

        Returns:
            How many files could not be taken over.
        """
        left = 0
        for root in sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []:
            with suppress(StoreFault):
                self.create_bucket(root.name, {})
            for place, folders, files in os.walk(root):
                folders[:] = [each for each in folders if not (Path(place) / each).is_symlink()]
                for file in files:
                    path = Path(place) / file
                    name = path.relative_to(root).as_posix()
                    is_note = name.endswith(".metadata") and path.with_name(file[: -len(".metadata")]).exists()
                    if is_note or self.find(root.name, name) is not None:
                        continue
                    try:
                        self._take_over_one(root.name, name, path)
                    except (StoreFault, OSError):
                        left += 1
        return left

    def take_over_rules(self, rules: Any) -> None:
        """Take over the CORS rules of a stack of lsnb 0.1, which kept them in a file by bucket."""
        for name, kept in rules.items() if isinstance(rules, dict) else []:
            with suppress(StoreFault):
                if isinstance(kept, list) and not self.bucket(name).about.get("cors"):
                    self.change_bucket(name, {"cors": kept or None})

    def _take_over_one(self, bucket: str, name: str, path: Path) -> None:
        about = {"contentType": content_type(name), **_noted(path)}
        incoming = self.receive()
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(descriptor, "rb") as file:
                while piece := file.read(_PIECE):
                    incoming.write(piece)
            self.put(bucket, name, incoming, about, Conditions(generation=0))
        finally:
            incoming.discard()

    def _next_generation(self, database: sqlite3.Connection) -> int:
        row = database.execute("select last from generations").fetchone()
        number = max(_now(), row[0] + 1 if row else 0)
        database.execute("update generations set last = ?" if row else "insert into generations values (?)", (number,))
        return number

    def _drop_bytes(self, found: StoredObject | None) -> None:
        if found is not None:
            with suppress(OSError):
                (self._bytes / found.file).unlink()


def checked_about(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a client may say of an object, out of all that it said.

    Raises:
        StoreFault: It says something that is no text.
    """
    said = {key: about[key] for key in ABOUT if about.get(key) is not None}
    for key, value in said.items():
        texts = [*value, *value.values()] if key == "metadata" and isinstance(value, dict) else [value]
        is_fine = isinstance(value, bool) if key.endswith("Hold") else isinstance(value, dict) == (key == "metadata")
        if not is_fine or not all(isinstance(text, str | bool | None) for text in texts):
            raise StoreFault(400, "invalid", f"Invalid value for {key}.")
    return said


def check_name(name: str) -> None:
    """Raise a ``StoreFault`` if no object can have this name.

    Example:
        >>> check_name("../a/..//b ")
        >>> check_name("..")
        Traceback (most recent call last):
        ...
        lsnb.local.objects.StoreFault: (400, 'invalid', "Disallowed object name: '..'")
    """
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        size = 0
    is_fine = 0 < size <= _LONGEST_NAME and name not in (".", "..") and "\r" not in name and "\n" not in name
    if not is_fine or "\0" in name or name.startswith(".well-known/acme-challenge/"):
        raise StoreFault(400, "invalid", f"Disallowed object name: {name[:80]!r}")


def timestamp(microseconds: int) -> str:
    """Return a moment as the JSON API writes it.

    Example:
        >>> timestamp(1_500_000)
        '1970-01-01T00:00:01.500Z'
    """
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _noted(path: Path) -> dict[str, Any]:
    """Return what the store of lsnb 0.1 noted of an object, beside its bytes."""
    words = {"ContentType": "contentType", "CacheControl": "cacheControl", "ContentDisposition": "contentDisposition"}
    words |= {"ContentEncoding": "contentEncoding", "ContentLanguage": "contentLanguage", "Metadata": "metadata"}
    try:
        noted = parse_json(os.getxattr(path, "user.metadata"), path.name)
        return checked_about({word: noted[name] for name, word in words.items() if noted.get(name)})
    except (AttributeError, OSError, InputError, StoreFault, TypeError):  # no such notes on this system, or none here
        return {}


def _object(row: tuple[Any, ...]) -> StoredObject:
    known = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return StoredObject(**{**known, "about": json.loads(known["about"])})


def _behind(prefix: str) -> str:
    """Return the least text that is greater than all that begin with a prefix, in the order of code points."""
    head, end = prefix[:-1], ord(prefix[-1]) + 1
    # No text holds a half of a pair.
    return head + chr(0xE000 if 0xD800 <= end <= 0xDFFF else end) if end <= 0x10FFFF else _behind(head)


def _now() -> int:
    return time.time_ns() // 1000
