"""Where the bytes come from: a file on a drive, or a member of a zip archive, read once and watched.

A path may lead into an archive (``photos.zip/ana/1.jpg``), so that a table made from a zip works like any other.
"""

from __future__ import annotations

import functools
import glob
import itertools
import math
import os
import re
import stat
import string
import sys
import threading
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, cast

import google_crc32c
import pandas as pd

from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.kernel.files import Known, file_sentence, named_path, nearest_file, nearest_path, stray_link
from lsnb.kernel.formats import (
    FILE_KINDS,
    MemberFault,
    Zip,
    ending_of,
    inside,
    is_junk,
    item_names,
    png_ends,
    raise_for_zip,
    why_unreadable,
)
from lsnb.kernel.words import counted, listing, nearest, warn
from lsnb.tables.opening import read_items

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
        try:
            with _translated(self.where):
                found = os.stat(self.where)  # noqa: PTH116  a Path for each of ten thousand rows costs more than the look
        except NoSource as fault:
            raise NoSource(f"{fault}{nearest_file(self.where)}") from None
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

    @functools.cached_property
    def known(self) -> Known:
        """Its members, to be looked up by those that are near to one that is not there."""
        return Known(self.members)


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
            near = nearest_path(self.member, self.archive.known)
            raise NoSource(f"No {self.member} in {self.archive.path}: check the path in this row.{near}")
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

    ``strayed`` holds the links that are not followed: path → the sentence for its row; ``moved`` the files that were
    found by their names alone: path in the table → path in the folder; ``respelt`` the paths that are in another
    Unicode form than their files.

    Args:
        folder: The folder or zip archive in which relative paths begin, and in which a file is looked for by its name
            where nothing is at its whole path, as in a table that was made on another computer; capital letters and
            the slash do not tell paths apart, where one file is meant.

    Raises:
        MissingFileError: There is no such folder or archive.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = os.fspath(named_path(folder)) if folder else ""
        self.folder = _as_spelt(self.folder) or self.folder
        self.strayed: dict[str, str] = {}
        self.moved: dict[str, str] = {}
        self.respelt: list[str] = []
        if self.folder and not os.path.exists(self.folder):  # noqa: PTH110
            raise MissingFileError(
                f"There is no folder or zip archive {self.folder} (looked in {Path.cwd()}): correct its path."
                f"{nearest_file(self.folder)}"
            )
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
        if self.folder:
            inside = os.path.normpath(os.path.relpath(path, self.folder)).replace(os.sep, "/")
            is_elsewhere = self._is_zip or _ABSOLUTE.match(text) is not None or (os.sep == "/" and "\\" in text)
            if is_elsewhere and inside not in self._paths and not os.path.exists(path):  # noqa: PTH110
                found = self._named(text)
                if found is not None:
                    self.moved[text] = found
                    return self._inside(found)
            if self._is_zip and (inside in self._paths or not os.path.exists(path)):  # noqa: PTH110
                # What is not in it says so, and what is near.
                return self._inside("/".join(_parts(text)) if inside.startswith("../") else inside)
        if ".zip" in text.lower() and not Path(path).exists():
            for parent in Path(path).parents:
                if parent.suffix.lower() == ".zip" and parent.is_file():
                    try:
                        return ZipSource(self.archive(parent), Path(path).relative_to(parent).as_posix())
                    except LsnbError as fault:
                        raise SourceFault(str(fault)) from None
        spelt = _as_spelt(text, self.folder)
        if spelt is not None:
            self.respelt.append(text)
        elif self.folder and not os.path.lexists(path):
            # A computer on which capital letters are no others opens it.
            alike = self._by_parts.get(tuple(_parts(text)), [])
            if len(alike) == 1:
                self.moved[text] = alike[0]
                return self._inside(alike[0])
        return FileSource(spelt or path)

    @functools.cached_property
    def _is_zip(self) -> bool:
        return self.folder.lower().endswith(".zip") and os.path.isfile(self.folder)  # noqa: PTH113

    @functools.cached_property
    def _paths(self) -> frozenset[str]:
        """The paths of all files in the folder or archive, links left out."""
        if self._is_zip:
            try:
                return frozenset(name for name in self.archive(Path(self.folder)).members if not is_junk(name))
            except LsnbError as fault:
                raise SourceFault(str(fault)) from None
        found = []
        for place, _, names in os.walk(self.folder):
            below = os.path.relpath(place, self.folder)
            for name in names:
                if not os.path.islink(os.path.join(place, name)):  # noqa: PTH114, PTH118
                    found.append(os.path.normpath(os.path.join(below, name)).replace(os.sep, "/"))  # noqa: PTH118
        return frozenset(found)

    @functools.cached_property
    def _by_name(self) -> dict[str, list[str]]:
        by_name: dict[str, list[str]] = {}
        for path in sorted(self._paths):
            by_name.setdefault(_parts(path)[-1], []).append(path)
        return by_name

    @functools.cached_property
    def _by_parts(self) -> dict[tuple[str, ...], list[str]]:
        by_parts: dict[tuple[str, ...], list[str]] = {}
        for path in sorted(self._paths):
            by_parts.setdefault(tuple(_parts(path)), []).append(path)
        return by_parts

    def _inside(self, path: str) -> Source:
        if self._is_zip:
            return ZipSource(self.archive(Path(self.folder)), path)
        return FileSource(os.path.join(self.folder, path))  # noqa: PTH118

    def _named(self, text: str) -> str | None:
        """Return the one file in the folder that is called as a path says, None for none.

        Of several the one counts whose folders are called so, too.

        Raises:
            SourceFault: Several are as near.
        """
        wanted = _parts(text)
        alike = self._by_name.get(wanted[-1], []) if wanted else []
        if not alike:
            return None

        def shared(path: str) -> int:
            pairs = zip(reversed(_parts(path)), reversed(wanted), strict=False)
            return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))

        most = max(map(shared, alike))
        best = [path for path in alike if shared(path) == most]
        if len(best) > 1:
            raise SourceFault(
                f"No file {text}, and {len(best)} files in {self.folder} are called so ({listing(best, 3)}): write in "
                "this row which one is meant."
            )
        return best[0]

    def notes(self) -> tuple[str, ...]:
        """Return a sentence where files were found by their names alone, and one where the names differ unseen."""
        said = []
        if self.moved:
            (text, found), *_ = self.moved.items()
            files = counted(len(self.moved), "file was", "files were")
            said.append(
                f"{files} found by name in {self.folder}, since nothing is at the row's path: {text} (taken: {found})."
            )
        if self.respelt:
            names = counted(len(set(self.respelt)), "name has its letters", "names have their letters")
            said.append(f"{names} in another Unicode form in the table than on the disk: {self.respelt[0]}.")
        return tuple(said)

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


def _as_spelt(text: str, folder: str = "") -> str | None:
    """Return a path in the Unicode form in which something is there, which nobody tells from its own by eye, else None.

    It is no link: who named the path named none.
    """
    if text.isascii() or os.path.lexists(os.path.join(folder, text)):  # noqa: PTH118
        return None
    forms: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
    paths = [os.path.join(folder, unicodedata.normalize(form, text)) for form in forms]  # noqa: PTH118
    return next((each for each in paths if os.path.exists(each) and not os.path.islink(each)), None)  # noqa: PTH110, PTH114


# A path of any computer: /content/…, ~/…, C:\…, \\server\….
_ABSOLUTE = re.compile(r"[/\\~]|[A-Za-z]:[/\\]")


def _parts(path: str) -> list[str]:
    """Return the folders and the name of a path of any computer, as they compare."""
    return [
        unicodedata.normalize("NFC", part).casefold() for part in re.split(r"[/\\]+", path) if part not in ("", ".")
    ]


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


# Object names from a table's rows, and which names every part of the way can carry.
#
# Rules: "About Cloud Storage objects" in the Cloud Storage documentation (at most 1,024 bytes of UTF-8, no line
# breaks, not ``.`` or ``..``), and what Label Studio 1.23 and browsers add to them.


LONGEST = 1024
STEM = "stem"
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})


def fault_in(name: str) -> str | None:
    """Return why an object cannot be called so, or None.

    Args:
        name: The object's name, without the bucket.

    Example:
        >>> fault_in("ana/Größe 50% #1.jpg")
        >>> fault_in("ana/../1.jpg")
        "has a part that is only '..'"
    """
    if not name:
        return "is empty"
    parts = name.split("/")
    if "." in parts or ".." in parts:
        return f"has a part that is only {'..' if '..' in parts else '.'!r}"
    if "" in parts:
        return "has an empty part (a slash at its start or end, or two in a row)"
    # Nearly every name is printable; only the others are looked at letter by letter.
    if not name.isprintable():
        if any(unicodedata.category(letter) in _CONTROL for letter in name):
            return "holds a control character or a line break"
        if any(_is_noncharacter(letter) for letter in name):
            return "holds a character that Unicode reserves"
    if "?" in name:
        return "holds a '?', and Label Studio cannot show such an object"
    if name != name.rstrip():
        return "ends with a space, which Label Studio cuts off"
    if name.startswith(".well-known/acme-challenge/"):
        return "starts with '.well-known/acme-challenge/', which Cloud Storage reserves"
    size = len(name.encode("utf-8"))
    if size > LONGEST:
        return f"is {size} bytes long, and Cloud Storage takes at most {LONGEST}"
    return None


def _is_noncharacter(letter: str) -> bool:
    code = ord(letter)
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def safe_name(name: str) -> str:
    """Return the nearest name without a fault.

    What cannot stand in a name becomes ``_``; a name that is too long is cut before its extension.

    Example:
        >>> safe_name("ana//who?.jpg"), safe_name("../1.jpg")
        ('ana/_/who_.jpg', '_/1.jpg')
    """
    if fault_in(name) is None:
        return name
    letters = (
        "_" if letter == "?" or unicodedata.category(letter) in _CONTROL or _is_noncharacter(letter) else letter
        for letter in name
    )
    parts = "".join(letters).split("/")
    text = "/".join("_" if part in {"", ".", ".."} else part for part in parts).rstrip()
    if text.endswith("/") or not text:
        text += "_"
    if text.startswith(".well-known/"):
        text = "_" + text
    stem, dot, ending = text.rpartition(".")
    tail = dot + ending if dot and "/" not in ending and len(ending) <= 10 else ""
    head = stem if tail else text
    room = LONGEST - len(tail.encode("utf-8"))
    if len(head.encode("utf-8")) > room:
        text = head.encode("utf-8")[:room].decode("utf-8", "ignore").rstrip(" /") + tail
    return text


@dataclass(frozen=True)
class Pattern:
    """A pattern such as ``{Username}/{ID}``, read against the columns of a table.

    Args:
        text: The pattern.
        parts: Its literal texts and columns: (text before, column or None, format).
    """

    text: str
    parts: tuple[tuple[str, Hashable | None, str], ...]

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The columns that the pattern names, without the file's stem."""
        return tuple(column for _, column, _ in self.parts if column is not None and column is not _STEM)

    def fill(self, row: Mapping[Hashable, Any], stem: str) -> str:
        """Return the pattern with a row's values in it, in Unicode's composed form (NFC).

        Raises:
            InputError: A cell is empty, or cannot be written in the format asked for.
        """
        pieces: list[str] = []
        for literal, column, layout in self.parts:
            pieces.append(literal)
            if column is _STEM:
                pieces.append(_written(stem, layout, "the file's name"))
            elif column is not None:
                pieces.append(_cell_text(row[column], column, layout))
        # macOS hands out decomposed file names: the same photo must have the same name from every computer.
        return unicodedata.normalize("NFC", "".join(pieces))


class _Stem(str):
    __slots__ = ()


_STEM = _Stem(STEM)


def read_pattern(text: str, columns: Sequence[Hashable]) -> Pattern:
    """Return a pattern read against a table's columns.

    Args:
        text: Columns in braces: ``{Username}/{ID}``; ``{stem}`` is the file's name without folder and extension,
            where no column is called so. A format may follow a colon: ``{n:04d}``.
        columns: The table's columns.

    Raises:
        InputError: Unpaired braces, or columns that the table lacks, with the nearest ones.

    Example:
        >>> read_pattern("{user}/{n:03d}", ["user", "n"]).fill({"user": "ana", "n": 7}, "photo")
        'ana/007'
        >>> read_pattern("{usr}/{stem}", ["user", "n"])
        Traceback (most recent call last):
        ...
        lsnb.errors.InputError: name='{usr}/{stem}' asks for a column 'usr' that the table lacks. Did you mean 'user'?
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError("name is empty: give a pattern such as '{Username}/{ID}' or '{stem}'.")
    by_text = {str(column): column for column in columns}
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError:
        raise InputError(
            f"name={text!r} has a brace without its partner: write columns as {{column}}, and a brace itself twice."
        ) from None
    parts: list[tuple[str, Hashable | None, str]] = []
    problems: list[str] = []
    for literal, field, layout, conversion in pieces:
        if field is None:
            parts.append((literal, None, ""))
            continue
        # A column's own name may hold a colon or an exclamation mark.
        whole = field + (f"!{conversion}" if conversion else "") + (f":{layout}" if layout else "")
        if whole in by_text:
            parts.append((literal, by_text[whole], ""))
        elif field in by_text and not conversion:
            parts.append((literal, by_text[field], layout or ""))
        elif field == STEM and not conversion:
            parts.append((literal, _STEM, layout or ""))
        elif not field:
            problems.append(f"name={text!r} has empty braces: put a column's name into them.")
        else:
            hint = nearest(field, [*by_text, STEM])
            known = hint or f" It has {', '.join(map(repr, by_text))}."
            problems.append(f"name={text!r} asks for a column {field!r} that the table lacks.{known}")
    if problems:
        raise InputError(problems)
    return Pattern(text, tuple(parts))


def _cell_text(value: Any, column: Hashable, layout: str) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        raise InputError(f"column {str(column)!r} is empty")
    if isinstance(value, float) and value.is_integer():
        if math.fabs(value) >= 2**53:
            raise InputError(
                f"column {str(column)!r} holds a rounded number: read the file with lsnb.read_table(path, key=…)"
            )
        # An integer column with one empty cell is a column of floats: 12.0 is the user's 12.
        value = int(value) if not layout or layout[-1] in "dx" else value
    text = _written(value, layout, f"column {str(column)!r}")
    if not text.strip():
        raise InputError(f"column {str(column)!r} is empty")
    return text


def _written(value: Any, layout: str, what: str) -> str:
    try:
        return format(value, layout)
    except (ValueError, TypeError):
        raise InputError(f"{what} cannot be written as {layout!r}") from None


def with_extension(name: str, extension: str) -> str:
    """Return a name that ends with the file's extension, once.

    Example:
        >>> with_extension("ana/1", ".JPG"), with_extension("ana/1.jpg", ".JPG")
        ('ana/1.JPG', 'ana/1.jpg')
    """
    return name if not extension or name.lower().endswith(extension.lower()) else name + extension


def folder_clashes(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs (``x``, ``x/y``): the embedded bucket keeps objects as files and cannot hold both.

    Example:
        >>> folder_clashes(["a", "a/b.jpg", "a-c"])
        [('a', 'a/b.jpg')]
    """
    every = set(names)
    clashes: dict[str, str] = {}
    for name in sorted(every):
        parent = name
        while "/" in parent:
            parent = parent.rpartition("/")[0]
            if parent in every:
                clashes.setdefault(parent, name)
    return list(clashes.items())


# A table from a folder, a glob or a zip archive, since that is what students start from.


_WILD = frozenset("*?[")
_LONGEST_NAME = 255  # bytes; what no file can be called matches none


def table_of_files(source: str | os.PathLike[str], pattern: str, sources: Sources, known: Any = None) -> pd.DataFrame:
    """Return a table of the files in a folder, a glob or a zip archive, in the order of their names.

    Its columns: ``ID`` (the path inside, without extension), ``path``, ``folder`` (the folders inside, joined by
    slashes; empty at the top) and ``filename``. Hidden files and what macOS and Windows leave behind are left out. A
    link that leads out of the folder has a row, and is not followed.

    Args:
        source: A folder, a glob such as ``photos/*.jpg``, or a zip archive, which is read in place.
        pattern: Which files of a folder or archive to take, as a glob over the path inside.
        sources: Opens archives, and is told which links not to follow.
        known: A table that was made of these files before, or its file: what is in it keeps its ``ID``.

    Raises:
        MissingFileError: There is nothing at ``source``.
        InputError: No file matches, or two files differ in their extension alone.
    """
    if not isinstance(source, (str, os.PathLike)) or not str(source).strip() or "\0" in str(source):
        raise InputError(
            f"The folder is {source!r}: give the path of a folder, a glob such as 'photos/*.jpg' or a zip."
        )
    if not isinstance(pattern, str) or not pattern.strip() or len(pattern.encode("utf-8", "replace")) > _LONGEST_NAME:
        raise InputError(f"pattern is {pattern!r:.80}: give a glob such as '**/*.jpg'.")
    text = os.fspath(source)
    root = named_path(text)
    if root.is_dir():
        try:
            found = list(_inside_folder(root, pattern, sources))
        except (ValueError, NotImplementedError, IndexError):  # what Python says differs from release to release
            raise InputError(f"pattern is {pattern!r}: give a glob within the folder, such as '**/*.jpg'.") from None
    elif root.is_file() and root.suffix.lower() == ".zip":
        members = (name for name in sources.archive(root).members if _matches(name, pattern))
        found = [(member, f"{root}/{member}") for member in members]
    elif root.is_file():
        found = [(root.name, str(root))]
    elif _WILD & set(text):
        found = list(_of_glob(str(root), sources))
    else:
        raise MissingFileError(
            f"No folder, glob or zip archive at {root} (looked in {Path.cwd()}): correct its path.{nearest_file(root)}"
        )
    kept = sorted({(inside, path) for inside, path in found if not is_junk(inside)})
    if not kept:
        raise InputError(f"No file in {root} matches {pattern!r}: check the folder, or give another pattern.")
    return _table(kept, read_items(known, root))


def _table(files: list[tuple[str, str]], known: dict[str, str]) -> pd.DataFrame:
    parts = [PurePosixPath(inside) for inside, _ in files]
    keys, said = item_names([part.as_posix() for part in parts], known)
    if said:
        warn(said)
    return pd.DataFrame(
        {
            "ID": keys,
            "path": [path for _, path in files],
            "folder": ["" if part.parent == PurePosixPath() else part.parent.as_posix() for part in parts],
            "filename": [part.name for part in parts],
        }
    )


def _inside_folder(root: Path, pattern: str, sources: Sources) -> Iterator[tuple[str, str]]:
    yield from _followed(root, root.glob(pattern), sources)
    if "**" in pattern:
        # A pattern for every depth goes through no link to a folder, so nothing else tells what is left out.
        links = (Path(here, name) for here, folders, _ in os.walk(root) for name in folders)
        yield from _followed(root, (link for link in links if link.is_symlink()), sources)


def _followed(root: Path, paths: Iterable[Path], sources: Sources) -> Iterator[tuple[str, str]]:
    for path in paths:
        stray = stray_link(path, root)
        if stray is not None:
            link, sources.strayed[str(stray[0])] = stray
            yield link.relative_to(root).as_posix(), str(link)
        elif path.is_file():
            yield path.relative_to(root).as_posix(), str(path)


def _of_glob(text: str, sources: Sources) -> Iterator[tuple[str, str]]:
    # What stands before the first wildcard is where the paths inside begin.
    parts = Path(text).parts
    first = next(place for place, part in enumerate(parts) if _WILD & set(part))
    root = Path(*parts[:first])
    # Path.glob takes no absolute pattern.
    yield from _followed(root, map(Path, glob.iglob(text, recursive=True)), sources)  # noqa: PTH207


def _matches(member: str, pattern: str) -> bool:
    path = PurePosixPath(member)
    if pattern.startswith("**/"):
        # PurePath.match works from the right, so a pattern for every depth is one for its last parts.
        return path.match(pattern[3:])
    return len(path.parts) == len(PurePosixPath(pattern).parts) and path.match(pattern)


# Whether a browser can show a file, by its ending and by what is in it. Sample entries of MP4 files: the MP4
# registration authority's list of codecs; containers: ISO/IEC 14496-12 (boxes) and the WebM container guidelines.
# Pictures: ITU-T T.81 (JPEG's marks), PNG 1.2 (chunks), GIF89a, and RFC 9649 (WebP).

HEVC = "HEVC (H.265) videos, which many browsers cannot play: convert them to MP4 (H.264)"
MPEG4 = "MPEG-4 Part 2 videos, which browsers cannot play: convert them to MP4 (H.264)"
PRORES = "ProRes videos, which browsers cannot play: convert them to MP4 (H.264)"
EMPTY = "Empty files, of 0 bytes"
PAGE = "Web pages or messages in place of pictures, videos or sounds, as a server sends them: download the files again"
BROKEN_OFF = "Pictures that break off: copy or download the files again"
ZEROS = "Files that begin with nothing but zeros, as half-copied and recovered ones do: copy or download them again"
CMYK = "CMYK pictures, for print, which browsers show in wrong colours or not at all: convert them to RGB"
NO_PICTURE = "Files that hold no picture that browsers are known to show: open one to see what it is"
NO_INDEX = "Videos and sounds that break off before their index, without which none plays: copy the files again"
SHORT = (
    "Videos and sounds that are shorter than they say, so that their end is missing: copy or download the files again"
)
NO_MEDIA = "Files that hold no video or sound that browsers are known to play: open one to see what it is"
# What some browsers show, and what is only supposed, keeps no file out.
DOUBTED = frozenset({HEVC, NO_PICTURE, SHORT, NO_MEDIA})
_SAMPLE_ENTRIES = {
    b"hvc1": HEVC,
    b"hev1": HEVC,
    b"dvh1": HEVC,
    b"dvhe": HEVC,
    b"mp4v": MPEG4,
    b"apcn": PRORES,
    b"apch": PRORES,
    b"apcs": PRORES,
    b"apco": PRORES,
    b"ap4h": PRORES,
}
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_BOXED = frozenset({".mp4", ".m4v", ".mov", ".qt", ".3gp", ".m4a"})
_BOXES = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"pnot", b"uuid", b"sidx"})
_MATROSKA = frozenset({".mkv", ".webm"})
# MP3's tags, Ogg, FLAC, Matroska and AAC's; a frame of MP3 or AAC begins with eleven bits of one.
_SOUND_HEADS = (b"ID3", b"OggS", b"fLaC", b"\x1a\x45\xdf\xa3", b"RIFF", b"ADIF")
_SHOWN = frozenset({"image", "drawing", "video", "audio"})
_LARGEST_INDEX = 16 * 1024 * 1024
_MATROSKA_HEAD = 64 * 1024
_HEAD = 4096
_TAIL = 64 * 1024
_MOST_PARTS = 100_000


def needs_look(name: str) -> bool:
    """Return whether the file's contents decide if browsers can show it."""
    kind = FILE_KINDS.get(ending_of(name))
    return kind is not None and kind.medium in _SHOWN and kind.not_shown is None


def why_not_shown(name: str, size: int, file: IO[bytes] | None = None) -> str | None:
    """Return what such files are and why browsers cannot show them, or None where nothing is known against it.

    Args:
        name: The file's name; its extension says what to look for.
        size: Its bytes.
        file: The open file, of which only the heads of its parts are read; None judges by the name alone.

    Example:
        >>> why_not_shown("scan.tif", 10)
        'TIFF pictures, which browsers cannot show: convert them to PNG'
        >>> why_not_shown("photo.jpg", 0)
        'Empty files, of 0 bytes'
        >>> import io
        >>> page = b"<!DOCTYPE html><title>Sign in</title>"
        >>> why_not_shown("photo.jpg", len(page), io.BytesIO(page))
        'Web pages or messages in place of pictures, videos or sounds, as a server sends them: download the files again'
    """
    if size == 0:
        return EMPTY
    ending = ending_of(name)
    kind = FILE_KINDS.get(ending)
    if kind is None or kind.not_shown or file is None or kind.medium not in _SHOWN:
        return kind.not_shown if kind else None
    head = file.read(_HEAD)
    if kind.medium == "drawing":
        return _look_into_drawing(head, file, size)
    if _is_message(head):
        return PAGE
    if kind.medium != "audio" and head and not head.strip(b"\0"):
        return ZEROS
    if ending in _BOXED:
        return _look_into_boxes(file, size)
    if ending in _MATROSKA:
        return _look_into_matroska(head + file.read(_MATROSKA_HEAD), size)
    if ending == ".wav":
        return _look_into_wave(head, size)
    if kind.medium == "audio":
        is_frame = head[:1] == b"\xff" and head[1:2] >= b"\xe0"
        return None if is_frame or head.startswith(_SOUND_HEADS) else NO_MEDIA
    # Phones hand out HEIC pictures under the name .jpg, and browsers show what is in a picture, whatever its name.
    return _look_into_picture(head, file, size)


# What Git keeps in the place of a large file that was not fetched.
_POINTER = b"version https://git-lfs"


# A tag, a comment or a declaration, or JSON: no picture, video or sound begins so.
_MESSAGE = re.compile(rb"<[a-z!?/]|\{\s*[\"}]|\[\s*[\[{\"]", re.IGNORECASE)


def _is_message(head: bytes) -> bool:
    start = _letters(head).lstrip()
    return _MESSAGE.match(start) is not None or start.startswith(_POINTER)


def _letters(head: bytes) -> bytes:
    """Return the beginning of what may be a text without the marks of its encoding, and UTF-16 by its low bytes."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[2:]
    if head[:1] == b"\0" or head[1:2] == b"\0":
        return head[head[:1] == b"\0" :: 2]
    return head.removeprefix(b"\xef\xbb\xbf")


_DRAWN = re.compile(rb"<(\w+:)?svg[\s>/]")
_DRAWN_ENDS = re.compile(rb"</(\w+:)?svg\s*>|<(\w+:)?svg[^<>]*/>\s*\Z")


def _look_into_drawing(head: bytes, file: IO[bytes], size: int) -> str | None:
    """Tell a drawing from a page, which may hold drawings, and look for its end: XML that breaks off is not shown."""
    start = _letters(head)
    if (_is_message(head) and not _DRAWN.search(start)) or _PAGE.match(start.lstrip()):
        return PAGE
    if not start.lstrip().startswith(b"<"):
        return NO_PICTURE
    file.seek(max(0, size - _TAIL) // 2 * 2)  # an even place, where a character of UTF-16 begins
    tail = file.read(_TAIL + 1)
    tail = tail.replace(b"\0", b"") if b"\0" in head[:64] else tail
    return None if _DRAWN_ENDS.search(tail) else BROKEN_OFF


# What a comment has matched is kept: thirty of them before a drawing could otherwise be told apart in 2^30 ways.
_PAGE = re.compile(rb"(?><!--.*?-->\s*)*+<(!doctype\s+)?html", re.IGNORECASE | re.DOTALL)


def _look_into_picture(head: bytes, file: IO[bytes], size: int) -> str | None:
    if head[4:8] == b"ftyp":
        length = int.from_bytes(head[:4], "big")
        brands = {head[place : place + 4] for place in (8, *range(16, min(length, len(head)), 4))}
        if brands & _AVIF_BRANDS:
            return BROKEN_OFF if _ends_early(file, 0, size) else None
        return FILE_KINDS[".heic"].not_shown if brands & _HEIC_BRANDS else NO_PICTURE
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return FILE_KINDS[".tif"].not_shown
    if head[:2] == b"\xff\xd8":
        return _look_into_jpeg(file, size)
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return None if png_ends(file, size, _MOST_PARTS) else BROKEN_OFF
    if head[:4] == b"GIF8":
        return _look_into_gif(file)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return BROKEN_OFF if int.from_bytes(head[4:8], "little") + 8 > size + 1 else None
    if head[:2] == b"BM":
        return BROKEN_OFF if int.from_bytes(head[2:6], "little") > size else None
    return None if head[:4] == b"\0\0\1\0" else NO_PICTURE


def _look_into_jpeg(file: IO[bytes], size: int) -> str | None:
    """Walk a JPEG's segments to its data, and look for their end: within them no such mark can stand."""
    position = 2
    for _ in range(_MOST_PARTS):
        file.seek(position)
        head = file.read(10)
        if len(head) < 4:
            return BROKEN_OFF
        mark = head[1]
        if head[0] != 0xFF:
            return None if head.strip(b"\0") else BROKEN_OFF
        if mark == 0xFF or mark == 0x01 or 0xD0 <= mark <= 0xD7:
            position += 1 if mark == 0xFF else 2
            continue
        # A frame's header: its length, bits, height, width, and how many colours are mixed.
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC) and head[9:10] == b"\x04":
            return CMYK
        if mark == 0xDA:
            break
        position += 2 + int.from_bytes(head[2:4], "big")
    else:
        return None
    places = dict.fromkeys((max(position, size - _TAIL), position))
    return None if any(_holds(file, place, b"\xff\xd9") for place in places) else BROKEN_OFF


def _look_into_gif(file: IO[bytes]) -> str | None:
    """Walk a GIF's blocks to the one that ends it: some programs write more behind that."""
    file.seek(10)
    head = file.read(3)
    if len(head) < 3:
        return BROKEN_OFF
    file.seek(13 + _colours(head[0]))
    for _ in range(_MOST_PARTS):
        kind = file.read(1)
        if kind not in (b"!", b","):
            return BROKEN_OFF if kind == b"" else None
        if kind == b",":
            about = file.read(9)
            file.seek(_colours(about[8]) if len(about) == 9 else 0, os.SEEK_CUR)
        file.read(1)
        while (length := file.read(1)) not in (b"", b"\0"):
            file.seek(length[0], os.SEEK_CUR)
        if length == b"":
            return BROKEN_OFF
    return None


def _colours(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _holds(file: IO[bytes], start: int, mark: bytes) -> bool:
    file.seek(start)
    kept = b""
    while block := file.read(BLOCK):
        if mark in kept + block:
            return True
        kept = block[-1:]
    return False


def _look_into_boxes(file: IO[bytes], size: int) -> str | None:
    """Walk the file's outermost boxes to ``moov``, which may stand at the end, and read its sample entries."""
    if size < 8:
        return NO_MEDIA
    position = 0
    is_short = False
    while position + 8 <= size:
        file.seek(position)
        head = file.read(16)
        if not position and head[4:8] not in _BOXES:
            return NO_MEDIA
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if kind == b"moov":
            file.seek(position)
            if position + length > size:
                return NO_INDEX
            found = _sample_entry(file.read(min(length or size - position, _LARGEST_INDEX)))
            # What lies behind the index has to be there, too.
            return found or (SHORT if is_short or _ends_early(file, position + length, size) else None)
        if length < 8:
            return NO_INDEX
        position += length
        is_short = position > size
    return NO_INDEX


def _ends_early(file: IO[bytes], position: int, size: int) -> bool:
    for _ in range(_MOST_PARTS):
        if position + 8 > size:
            break
        file.seek(position)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8:
            return False
        position += length
    return position > size


def _look_into_matroska(head: bytes, size: int) -> str | None:
    """Look at the codec, and at how long the one segment says that it is: https://www.rfc-editor.org/rfc/rfc8794."""
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return NO_MEDIA
    if b"V_MPEGH/ISO/HEVC" in head:
        return HEVC
    start = head.find(b"\x18\x53\x80\x67") + 4
    if start < 4:
        return None
    first = head[start : start + 1]
    width = 9 - first[0].bit_length() if first else 9
    length = int.from_bytes(head[start : start + width], "big") & ((1 << 7 * width) - 1)
    # All ones is a length that nobody knew.
    is_known = width <= 8 and length != (1 << 7 * width) - 1
    return SHORT if is_known and start + width + length > size else None


def _look_into_wave(head: bytes, size: int) -> str | None:
    if head[:4] in (b"RF64", b"BW64"):
        return None
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return NO_MEDIA
    length = int.from_bytes(head[4:8], "little")
    # Programs that write into a pipe leave the length out, or as large as it can be.
    return SHORT if length + 8 > size + 1 and length < 2**31 else None


def _sample_entry(index: bytes) -> str | None:
    start = index.find(b"stsd")
    while start >= 0:
        # A box of sample descriptions: 4 bytes of flags, their number, then size and code of the first.
        found = _SAMPLE_ENTRIES.get(index[start + 16 : start + 20])
        if found:
            return found
        start = index.find(b"stsd", start + 4)
    return None
