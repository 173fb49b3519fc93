"""Where the bytes come from: a file on a drive, or a member of a zip archive, read once and watched.

A path may lead into an archive (``photos.zip/ana/1.jpg``), so that a table made from a zip works like any other.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

import google_crc32c

from lsnb.errors import LsnbError
from lsnb.kernel.files import file_sentence
from lsnb.kernel.formats import MemberFault, Zip, inside, raise_for_zip, why_unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1024 * 1024


class SourceFault(Exception):
    """A file that cannot be sent; the text is the sentence for its row."""


class NoSource(SourceFault):
    """There is no such file."""


@dataclass(frozen=True)
class Facts:
    """What is known of a file before it is read.

    Args:
        size: Its bytes.
        stamp: Changes when the file does.
    """

    size: int
    stamp: tuple[int, ...]


class Source(Protocol):
    """Something that can be read, and looked at without being read."""

    @property
    def where(self) -> str:
        """The path, for messages; the same for the same file."""
        ...

    def facts(self) -> Facts:
        """Return its size and stamp, or raise ``NoSource`` or ``SourceFault``."""

    def open(self) -> IO[bytes]:
        """Open it for reading."""


@dataclass(frozen=True)
class FileSource:
    """A file on a drive."""

    where: str

    def facts(self) -> Facts:
        """Return its size and stamp."""
        with _translated(self.where):
            found = os.stat(self.where)  # noqa: PTH116  a Path for each of ten thousand rows costs more than the look
        if stat.S_ISDIR(found.st_mode):
            raise SourceFault(f"{self.where} is a folder: use Bucket.upload_folder for it.")
        if not stat.S_ISREG(found.st_mode):
            raise SourceFault(f"{self.where} is not a plain file.")
        return _facts(found)

    def open(self) -> IO[bytes]:
        """Open it, without a buffer of its own: it is read in large blocks."""
        with _translated(self.where):
            return open(self.where, "rb", buffering=0)  # noqa: PTH123  the caller closes it


class Archive:
    """An open zip archive; its members can be read from many threads.

    Raises:
        MissingFileError: There is no such file.
        InputError: It is no zip, or would unpack to many times its size.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.zip = Zip(path)
        try:
            self.stamp = _facts(path.stat()).stamp
            # Nothing is unpacked to a drive here, so that the whole may be as large as it likes.
            raise_for_zip(path, self.zip.too_large(self.zip.members, total=sys.maxsize))
        except BaseException:
            self.zip.close()
            raise
        self.members = {member_name(info): info for info in self.zip.members}
        names = Counter(member_name(info) for info in self.zip.members)
        self.doubles = {name for name, count in names.items() if count > 1}


@dataclass(frozen=True)
class ZipSource:
    """A member of a zip archive, read in place: nothing is unpacked, so nothing can land elsewhere."""

    archive: Archive
    member: str

    @property
    def where(self) -> str:
        """The archive's path and the member's name."""
        return f"{self.archive.path}/{self.member}"

    def facts(self) -> Facts:
        """Return its size and stamp."""
        info = self.archive.members.get(self.member)
        if info is None:
            raise NoSource(f"No {self.member} in {self.archive.path}: check the path in this row.")
        if self.member in self.archive.doubles:
            raise SourceFault(f"{self.where} is in the archive more than once: unpack it and upload the folder.")
        fault = why_unreadable(info)
        if fault:
            raise SourceFault(f"{self.where} {fault}.")
        return Facts(info.file_size, (*self.archive.stamp, info.CRC))

    def open(self) -> IO[bytes]:
        """Open it."""
        with _translated(self.where):
            return cast("IO[bytes]", self.archive.zip.open(self.archive.members[self.member]))


def member_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name as a path through the archive has it: no leading slash, no '.', no doubled slash."""
    return "/".join(part for part in inside(info).split("/") if part not in {"", "."})


class Sources:
    """Finds the source of a path; keeps each archive open for as long as it is used.

    ``strayed`` holds the links that are not followed: path → the sentence for its row.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = os.path.expanduser(os.fspath(folder)) if folder else ""  # noqa: PTH111
        self.strayed: dict[str, str] = {}
        self._archives: dict[Path, Archive] = {}
        self._lock = threading.Lock()

    def find(self, text: str) -> Source:
        """Return the source at a path, which may not exist (yet).

        Args:
            text: A path; where it is relative, it starts at the folder.

        Raises:
            SourceFault: It is a link that is not followed, or in an archive that cannot be opened.
        """
        if text in self.strayed:
            raise SourceFault(self.strayed[text])
        path = os.path.join(self.folder, os.path.expanduser(text))  # noqa: PTH111, PTH118  see FileSource.facts
        if ".zip" in text.lower() and not Path(path).exists():
            for parent in Path(path).parents:
                if parent.suffix.lower() == ".zip" and parent.is_file():
                    try:
                        return ZipSource(self.archive(parent), Path(path).relative_to(parent).as_posix())
                    except LsnbError as fault:
                        raise SourceFault(str(fault)) from None
        return FileSource(path)

    def archive(self, path: Path) -> Archive:
        """Return the archive at a path, opened once."""
        with self._lock:
            if path not in self._archives:
                self._archives[path] = Archive(path)
            return self._archives[path]

    def close(self) -> None:
        """Close the archives."""
        for archive in self._archives.values():
            archive.zip.close()
        self._archives.clear()


def read_whole(source: Source, facts: Facts, buffers: Sequence[bytearray] = ()) -> list[bytes | memoryview]:
    """Return a file's bytes, all of one moment.

    Args:
        source: The file.
        facts: What it was when the run began.
        buffers: Where to put the bytes, in this order; without them, into memory of their own.

    Raises:
        SourceFault: It is gone, cannot be read, or is not what it was: then a mixture would be sent.
    """
    with reading(source, facts) as file:
        if not buffers:
            return [_exactly(source, file, facts.size)] if facts.size else []
        pieces: list[bytes | memoryview] = []
        left = facts.size
        for buffer in buffers:
            view = memoryview(buffer)[: min(left, len(buffer))]
            filled = 0
            while filled < len(view):
                # Zip members and raw files are not typed as able to do so, and are.
                got = file.readinto(view[filled:])  # type: ignore[attr-defined]
                if not got:
                    raise SourceFault(_changed(source))
                filled += got
            pieces.append(view.toreadonly())
            left -= filled
        return pieces


def _exactly(source: Source, file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    while len(data) < size:
        more = file.read(size - len(data))
        if not more:
            raise SourceFault(_changed(source))
        data += more
    return data


def checksum(source: Source, facts: Facts, stop: Callable[[], None] = lambda: None) -> int:
    """Return a file's CRC32C, read in blocks.

    Args:
        source: The file.
        facts: What it was when the run began.
        stop: Called before each block; raises to end the reading.

    Raises:
        SourceFault: As for ``read_whole``.
    """
    value = 0
    with reading(source, facts) as file:
        while True:
            stop()
            block = file.read(BLOCK)
            if not block:
                return value
            value = google_crc32c.extend(value, block)


@contextmanager
def reading(source: Source, facts: Facts) -> Iterator[IO[bytes]]:
    """Open a file, and refuse what was read if it was not the same before and after.

    Raises:
        SourceFault: As for ``read_whole``.
    """
    with _translated(source.where):
        file = source.open()
        with file:
            _still(source, facts, file)
            yield file
            _still(source, facts, file)


def _still(source: Source, facts: Facts, file: IO[bytes]) -> None:
    now = _facts(os.fstat(file.fileno())) if isinstance(source, FileSource) else source.facts()
    if now != facts:
        raise SourceFault(_changed(source))


def _changed(source: Source) -> str:
    return f"{source.where} changed while it was being uploaded: run the call again when it is complete."


def _facts(found: os.stat_result) -> Facts:
    return Facts(found.st_size, (found.st_mtime_ns, found.st_ino, found.st_size))


@contextmanager
def _translated(where: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise NoSource(f"No file {where}: check the path in this row, or upload the file to this computer.") from None
    except MemberFault as fault:
        raise SourceFault(f"{where} {fault}.") from None
    except OSError as error:
        raise SourceFault(file_sentence(error, where)) from None
