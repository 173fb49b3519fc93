"""Files from elsewhere, opened with limits: what an ending says, zip archives, and JSON.

Whoever made such a file may have damaged it, or have made it to fill a memory or to write outside its folder. What is
read here stays within bounds whatever a header claims, and what is wrong is a sentence.

Media types: the IANA register. Zips: APPNOTE.TXT 6.3.10 of PKWARE. JSON: RFC 8259, and beside it the ``NaN`` and
``Infinity`` that many programs write.
"""

from __future__ import annotations

import ast
import csv
import io
import itertools
import json
import math
import mimetypes
import os
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, NamedTuple

import orjson

from lsnb.errors import InputError, MissingFileError
from lsnb.kernel.files import file_errors, nearest_file, refuse_no_file
from lsnb.kernel.words import joined

Medium = Literal["image", "drawing", "video", "audio", "table", "other"]


class FileKind(NamedTuple):
    """What an ending says of a file.

    Args:
        medium: What is in it.
        media_type: What to send or store it as.
        not_shown: What such files are and why browsers cannot show them, where they cannot.
    """

    medium: Medium
    media_type: str
    not_shown: str | None = None


def _no_video(name: str) -> str:
    return f"{name} videos, which browsers cannot play: convert them to MP4 (H.264)"


# Media types are what Python's own table lacks, differs in between versions, or takes from the computer's registry.
FILE_KINDS: dict[str, FileKind] = {
    ".avif": FileKind("image", "image/avif"),
    ".bmp": FileKind("image", "image/bmp"),
    ".gif": FileKind("image", "image/gif"),
    ".heic": FileKind("image", "image/heic", "HEIC pictures, which most browsers cannot show: convert them to JPEG"),
    ".heif": FileKind("image", "image/heif", "HEIF pictures, which most browsers cannot show: convert them to JPEG"),
    ".jfif": FileKind("image", "image/jpeg"),
    ".jpe": FileKind("image", "image/jpeg"),
    ".jpeg": FileKind("image", "image/jpeg"),
    ".jpg": FileKind("image", "image/jpeg"),
    ".png": FileKind("image", "image/png"),
    ".tif": FileKind("image", "image/tiff", "TIFF pictures, which browsers cannot show: convert them to PNG"),
    ".tiff": FileKind("image", "image/tiff", "TIFF pictures, which browsers cannot show: convert them to PNG"),
    ".webp": FileKind("image", "image/webp"),
    ".svg": FileKind("drawing", "image/svg+xml"),
    ".264": FileKind("video", "video/h264", _no_video("raw H.264")),
    ".265": FileKind("video", "video/h265", _no_video("raw H.265")),
    ".3g2": FileKind("video", "video/3gpp2"),
    ".3gp": FileKind("video", "video/3gpp"),
    ".asf": FileKind("video", "video/x-ms-asf", _no_video("ASF")),
    ".avi": FileKind("video", "video/x-msvideo", _no_video("AVI")),
    ".divx": FileKind("video", "video/x-msvideo", _no_video("AVI")),
    ".dv": FileKind("video", "video/x-dv", _no_video("DV")),
    ".f4v": FileKind("video", "video/mp4"),
    ".flv": FileKind("video", "video/x-flv", _no_video("FLV")),
    ".h264": FileKind("video", "video/h264", _no_video("raw H.264")),
    ".h265": FileKind("video", "video/h265", _no_video("raw H.265")),
    ".hevc": FileKind("video", "video/h265", _no_video("raw H.265")),
    ".insv": FileKind("video", "video/mp4"),
    ".lrv": FileKind("video", "video/mp4"),
    ".m1v": FileKind("video", "video/mpeg", _no_video("MPEG")),
    ".m2t": FileKind("video", "video/mp2t", _no_video("MPEG transport stream")),
    ".m2ts": FileKind("video", "video/mp2t", _no_video("AVCHD")),
    ".m2v": FileKind("video", "video/mpeg", _no_video("MPEG")),
    ".m4v": FileKind("video", "video/mp4"),
    ".mjpeg": FileKind("video", "video/x-motion-jpeg", _no_video("Motion JPEG")),
    ".mjpg": FileKind("video", "video/x-motion-jpeg", _no_video("Motion JPEG")),
    ".mkv": FileKind("video", "video/x-matroska"),
    ".mod": FileKind("video", "video/mpeg", _no_video("MPEG")),
    ".mov": FileKind("video", "video/quicktime"),
    ".mp4": FileKind("video", "video/mp4"),
    ".mpeg": FileKind("video", "video/mpeg", _no_video("MPEG")),
    ".mpg": FileKind("video", "video/mpeg", _no_video("MPEG")),
    ".mts": FileKind("video", "video/mp2t", _no_video("AVCHD")),
    ".mxf": FileKind("video", "video/mxf", _no_video("MXF")),
    ".ogv": FileKind("video", "video/ogg"),
    ".qt": FileKind("video", "video/quicktime"),
    ".rm": FileKind("video", "video/vnd.rn-realvideo", _no_video("RealMedia")),
    ".tod": FileKind("video", "video/mp2t", _no_video("MPEG transport stream")),
    ".trp": FileKind("video", "video/mp2t", _no_video("MPEG transport stream")),
    ".ts": FileKind("video", "video/mp2t", _no_video("MPEG transport stream")),
    ".vob": FileKind("video", "video/mpeg", _no_video("DVD")),
    ".webm": FileKind("video", "video/webm"),
    ".wmv": FileKind("video", "video/x-ms-wmv", _no_video("WMV")),
    ".y4m": FileKind("video", "video/x-raw", _no_video("uncompressed")),
    ".aac": FileKind("audio", "audio/aac"),
    ".flac": FileKind("audio", "audio/flac"),
    ".m4a": FileKind("audio", "audio/mp4"),
    ".mp3": FileKind("audio", "audio/mpeg"),
    ".oga": FileKind("audio", "audio/ogg"),
    ".ogg": FileKind("audio", "audio/ogg"),
    ".opus": FileKind("audio", "audio/ogg"),
    ".wav": FileKind("audio", "audio/wav"),
    ".weba": FileKind("audio", "audio/webm"),
    ".csv": FileKind("table", "text/csv"),
    ".ods": FileKind("table", "application/vnd.oasis.opendocument.spreadsheet"),
    ".parquet": FileKind("table", "application/vnd.apache.parquet"),
    ".tsv": FileKind("table", "text/tab-separated-values"),
    ".txt": FileKind("table", "text/plain"),
    ".xls": FileKind("table", "application/vnd.ms-excel"),
    ".xlsm": FileKind("table", "application/vnd.ms-excel.sheet.macroenabled.12"),
    ".xlsx": FileKind("table", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ".htm": FileKind("other", "text/html"),
    ".html": FileKind("other", "text/html"),
    ".json": FileKind("other", "application/json"),
    ".pdf": FileKind("other", "application/pdf"),
}
UNKNOWN_TYPE = "application/octet-stream"
IMAGE_ENDINGS = frozenset(ending for ending, kind in FILE_KINDS.items() if kind.medium == "image")
VIDEO_ENDINGS = frozenset(ending for ending, kind in FILE_KINDS.items() if kind.medium == "video")
TABLE_ENDINGS = frozenset(ending for ending, kind in FILE_KINDS.items() if kind.medium == "table")
#: What frames are written and taken as: browsers, decoders and pose tools all know them.
FRAME_ENDINGS = (".png", ".jpg", ".jpeg")
EXPORT_ENDINGS = (".json", ".jsonl", ".ndjson")
_JUNK = frozenset({"__macosx", "thumbs.db", "desktop.ini"})

MOST_PIXELS = 2**27  # of a picture or mask; a header of 60 bytes may claim billions
MOST_FRAMES = 2**24  # of a video or track: three days at 60 frames a second

MOST_MEMBERS = 500_000
LARGEST_DIRECTORY = 64 * 2**20
LARGEST_TOTAL = 64 * 2**30
LARGEST_RATIO = 200
RATIO_COUNTS_FROM = 64 * 2**20  # a small archive of blank images may well shrink to a hundredth
MOST_SHOWN = 20
_PIECE = 2**20
# zipfile unpacks the others in pieces of the packed side, and 45 bytes of bzip2 may hold 45 MB.
_PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_UNKNOWN_PACKING = "is packed in a way that cannot be read here: make the zip again with usual settings"
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)

WORKBOOK = "xl/workbook.xml"  # what tells a workbook of Excel from other zips

LARGEST_JSON = 2 * 2**30
DEEPEST_JSON = 100
# orjson makes a float of a whole number that 64 bits cannot hold, which has 20 digits or more, or a sign and 19.
_LONG, _LONG_NEGATIVE = b"0" * 20, b"-" + b"0" * 19
_DIGITS = bytes(48 if 48 <= byte <= 57 else byte if byte == 45 else 32 for byte in range(256))
_NO_MARKS = bytes(sorted(set(range(256)) - set(b'[]{}"')))
_HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def ending_of(name: str) -> str:
    """Return a name's ending in lower case, with its dot.

    Example:
        >>> ending_of("a.b/Photo.JPG"), ending_of("README")
        ('.jpg', '')
    """
    return os.path.splitext(name)[1].lower()  # noqa: PTH122  thrice for each of ten thousand files


def item_names(paths: Sequence[str], known: Mapping[str, str] | None = None) -> tuple[list[str], str]:
    """Return what to call the item of each file of a folder, and a sentence where that hangs on the other files.

    An item is called as its file is, without the ending. Where files differ in it alone, only one picture, video or
    sound among notes goes without, and several are called by their whole names, so that no name ever comes to mean
    another file.

    Args:
        paths: Inside the folder, with slashes, each once.
        known: Paths and what their items were called before, which they stay; no other file gets such a name.

    Example:
        >>> item_names(["a.jpg", "a.txt", "b.jpg"])
        (['a', 'a.txt', 'b'], '')
        >>> item_names(["a.jpg", "a.png"])
        (['a.jpg', 'a.png'], "a.jpg and a.png differ in their ending alone, so these are their items' names: ...")
        >>> item_names(["a.jpg", "a.png"], {"a.jpg": "a"})
        (['a', 'a.png'], '')
    """
    former = known or {}
    parts = [PurePosixPath(path) for path in paths]
    short = [part.with_suffix("").as_posix() for part in parts]
    media = [_is_medium(part.name) for part in parts]
    every, names = Counter(short), {part.as_posix() for part in parts}
    whole = {stem for stem, count in every.items() if stem in names and not (count == 1 and "." not in stem)}
    shown = Counter(stem for stem, is_medium in zip(short, media, strict=True) if is_medium)
    # 1.jpg beside 1.txt: a note laid beside a picture may not change what the picture is called, nor any other's name.
    found = [
        stem if stem not in whole and (every[stem] == 1 or (is_medium and shown[stem] == 1)) else part.as_posix()
        for stem, is_medium, part in zip(short, media, parts, strict=True)
    ]
    used = set(former.values())
    found = [
        former.get(path, path if name in used else name)
        for path, name in zip((part.as_posix() for part in parts), found, strict=True)
    ]
    settled = {stem for stem, part in zip(short, parts, strict=True) if part.as_posix() in former}
    twins = [
        part.as_posix()
        for stem, part in zip(short, parts, strict=True)
        if shown[stem] > 1 and _is_medium(part.name) and stem not in settled
    ]
    said = (
        f"{joined(twins[:2])} differ in their ending alone, so these are their items' names"
        f"{f' (and {len(twins) - 2} more)' if len(twins) > 2 else ''}: alone, each would go without the ending. Where "
        "one of them had a name before, give the table of that time as known=, and it keeps it."
    )
    return found, said if twins else ""


def _is_medium(name: str) -> bool:
    kind = FILE_KINDS.get(ending_of(name))
    return kind is not None and kind.medium in ("image", "drawing", "video", "audio")


def content_type(name: str) -> str:
    """Return the media type to store a file of this name under.

    Example:
        >>> content_type("a/Photo.JPG"), content_type("sensor.csv"), content_type("x.unheard")
        ('image/jpeg', 'text/csv', 'application/octet-stream')
    """
    ending = ending_of(name)
    known = FILE_KINDS.get(ending)
    return known.media_type if known else mimetypes.types_map.get(ending, UNKNOWN_TYPE)


def is_junk(name: str) -> bool:
    """Return whether a file is hidden, or what macOS and Windows leave behind.

    Args:
        name: Its path, inside the folder or archive that was given, with slashes.

    Example:
        >>> is_junk("__MACOSX/a.png"), is_junk("photos/.DS_Store"), is_junk("../photos/a.png")
        (True, True, False)
    """
    return any(part.casefold() in _JUNK or (part[:1] == "." and part not in {".", ".."}) for part in name.split("/"))


def is_stored(name: str) -> bool:
    """Return whether a file or object is named as Label Studio names what it writes into a target bucket.

    Example:
        >>> is_stored("answers/17"), is_stored("17.json"), is_stored("export.json")
        (True, True, False)
    """
    return re.fullmatch(r"(?:.*/)?\d+(?:\.json)?", name) is not None


def is_export(name: str) -> bool:
    """Return whether a file or object is named as exports of Label Studio are.

    Example:
        >>> is_export("answers/17"), is_export("a/export.jsonl"), is_export("17.jpg")
        (True, True, False)
    """
    return is_stored(name) or (ending_of(name) in EXPORT_ENDINGS and not is_junk(name))


def size_text(count: int) -> str:
    """Return a number of bytes as people read it.

    Example:
        >>> size_text(3_200_000), size_text(12)
        ('3.2 MB', '12 bytes')
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


@contextmanager
def _opening(path: Path, wanted: str) -> Iterator[None]:
    with file_errors(path):
        try:
            yield
        except (FileNotFoundError, NotADirectoryError):
            raise MissingFileError(
                f"There is no file {path} (looked in {Path.cwd()}): check the path.{nearest_file(path)}"
            ) from None
        except IsADirectoryError:
            raise InputError(f"{path} is a folder: give {wanted}.") from None


class MemberFault(Exception):
    """A zip's member that cannot be read; the text is the rest of a sentence that begins with its name."""


class Zip:
    """An open zip archive, whose members are read within bounds; from many threads, if need be.

    Nothing is unpacked to a path of its own, and a zip in it is a member as any other.

    Args:
        path: The archive.

    Raises:
        MissingFileError: There is no such file.
        FileAccessError: It cannot be read.
        InputError: It is no zip, or one with more members than ``MOST_MEMBERS``.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "frames.zip")
        >>> with zipfile.ZipFile(path, "w") as made:
        ...     made.writestr("a/1.txt", "one")
        >>> with Zip(path) as archive:
        ...     [(inside(member), archive.read(member)) for member in archive.members]
        [('a/1.txt', b'one')]
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _opening(path, "a zip"):
            self._file = _Watched(path)
        try:
            self.packed = os.fstat(self._file.fileno()).st_size
            self._zip = zipfile.ZipFile(self._file)
        except _TooMany:
            self._file.close()
            raise self._too_many() from None
        except (*_DAMAGE, NotImplementedError):
            self._file.close()
            if not self.packed:
                raise InputError(f"{path.name} is empty: copy or download it again.") from None
            raise InputError(f"{path.name} is no zip, or only a part of one: copy or download it again.") from None
        #: Its files, in the archive's order; folders are left out.
        self.members = tuple(member for member in self._zip.infolist() if not member.filename.endswith(("/", "\\")))
        if len(self.members) > MOST_MEMBERS:
            self.close()
            raise self._too_many()

    def __enter__(self) -> Zip:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    def _too_many(self) -> InputError:
        return InputError(f"{self.path.name} has more than {MOST_MEMBERS:,} files in it: make several zips of it.")

    def problems(
        self,
        members: Sequence[zipfile.ZipInfo] | None = None,
        *,
        total: int = LARGEST_TOTAL,
        ratio: int = LARGEST_RATIO,
        doubles: bool = False,
    ) -> list[str]:
        """Return what speaks against reading members, before a byte of them is read: rests of sentences.

        Args:
            members: Those that are wanted; all by default.
            total: How many bytes they may unpack to.
            ratio: To how many times the archive's size they may unpack.
            doubles: Whether two members of one name are fine.
        """
        wanted = self.members if members is None else members
        found = [f"{inside(member)!r} {fault}." for member in wanted if (fault := why_not_read(member))]
        if not doubles:
            counts = Counter(inside(member) for member in wanted)
            found += [
                f"{name!r} is in it {count} times: make the zip again." for name, count in counts.items() if count > 1
            ]
        return found + self.too_large(wanted, total=total, ratio=ratio)

    def too_large(
        self, members: Sequence[zipfile.ZipInfo], *, total: int = LARGEST_TOTAL, ratio: int = LARGEST_RATIO
    ) -> list[str]:
        """Return what speaks against the size of members, as ``problems`` does."""
        size = sum(member.file_size for member in members)
        if size > total:
            return [f"it would unpack to {size_text(size)}, and at most {size_text(total)} are taken: split it."]
        if size > RATIO_COUNTS_FROM and size > ratio * self.packed:
            return [
                f"its {size_text(self.packed)} would unpack to {size_text(size)}, {size // max(1, self.packed)} times "
                f"as much, and at most {ratio} times are taken: it was not unpacked; make the zip again from the files."
            ]
        return []

    def check(self, members: Sequence[zipfile.ZipInfo] | None = None, **limits: Any) -> None:
        """Raise ``InputError`` with all that ``problems`` finds."""
        raise_for_zip(self.path, self.problems(members, **limits))

    def read(self, member: zipfile.ZipInfo | str, most: int = LARGEST_TOTAL) -> bytes:
        """Return a member's bytes.

        Args:
            member: The member, or its name as the archive has it.
            most: How many bytes it may have.

        Raises:
            MemberFault: It is damaged, is packed in a way that is unknown here, or has more bytes.
        """
        with self.open(member) as stream:
            size = self._info(member).file_size
            if size > most:
                raise MemberFault(f"would unpack to {size_text(size)}, and at most {size_text(most)} are taken")
            return b"".join(iter(lambda: stream.read(_PIECE), b""))

    def open(self, member: zipfile.ZipInfo | str) -> io.BufferedIOBase:
        """Return a member as a file to read from; it never gives more bytes than the archive said it has.

        Raises:
            MemberFault: As for ``read``; also raised while reading.
        """
        with _member_faults():
            info = self._info(member)
            fault = why_unreadable(info)
            if fault:
                raise MemberFault(fault)
            return _Member(self._zip.open(info), info)

    def _info(self, member: zipfile.ZipInfo | str) -> zipfile.ZipInfo:
        return self._zip.getinfo(member) if isinstance(member, str) else member


@contextmanager
def open_zip(path: Path, wanted: Callable[[str], bool] = lambda name: True, **limits: Any) -> Iterator[Zip]:
    """Open a zip archive whose members of these names may all be read.

    Args:
        path: The archive.
        wanted: Whether the member of a name is one that will be read; the others are left alone, whatever they are.
        limits: ``total``, ``ratio`` and ``doubles`` of ``Zip.problems``.

    Yields:
        The archive, with the wanted members alone in ``members``.

    Raises:
        MissingFileError: There is no such file.
        InputError: It is no zip, or a member must not be read; all at once.
    """
    with Zip(path) as archive:
        archive.members = tuple(member for member in archive.members if wanted(inside(member)))
        archive.check(**limits)
        yield archive


def raise_for_zip(path: Path, problems: Sequence[str]) -> None:
    """Raise ``InputError`` with problems of a zip, each with its name before it; the first ``MOST_SHOWN`` of them."""
    if problems:
        shown = [f"{path.name}: {problem}" for problem in problems[:MOST_SHOWN]]
        if len(problems) > MOST_SHOWN:
            shown.append(f"{path.name}: {len(problems) - MOST_SHOWN} more problems of these kinds.")
        raise InputError(shown)


def inside(member: zipfile.ZipInfo) -> str:
    """Return a member's name as its maker wrote it, with slashes.

    Archives made on Windows hold backslashes, and names in UTF-8 or in the code page of an old DOS, without saying
    which.
    """
    name = member.filename
    if not member.flag_bits & 0x800:
        # Where this fails it really is code page 437, as the format says.
        with suppress(UnicodeEncodeError, UnicodeDecodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def why_not_read(member: zipfile.ZipInfo) -> str | None:
    """Return why a member must not be read, as the rest of a sentence, or None where nothing is against it."""
    name = inside(member)
    if not name.strip("/ ."):
        return "has no name: make the zip again from the files"
    if ".." in PurePosixPath(name).parts:
        return "leads out of the zip ('..'): make the zip again from the folder of files"
    if name.startswith("/") or name[1:2] == ":":
        return "is an absolute path: make the zip again from the folder of files"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link, not a file: make the zip again from the files themselves"
    return why_unreadable(member)


def why_unreadable(member: zipfile.ZipInfo) -> str | None:
    """Return why a member's bytes cannot be had, as ``why_not_read`` does, whatever its name."""
    if member.flag_bits & 1:
        return "is encrypted: make the zip again without a password"
    if member.compress_type not in _PACKINGS:
        return _UNKNOWN_PACKING
    return None


class _TooMany(Exception):
    """A list of members that would fill the memory."""


class _Watched(io.BufferedReader):
    """A zip's file: its list of members is the only thing that is ever read from it in one piece."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > LARGEST_DIRECTORY:
            raise _TooMany
        return super().read(size)


class _Member(io.BufferedIOBase):
    """A member that is open: unpacked in pieces so small that none fills the memory, its faults all of one kind."""

    def __init__(self, stream: IO[bytes], info: zipfile.ZipInfo) -> None:
        self._stream = stream
        self._size = self._left = info.file_size

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        pieces = []
        with _member_faults():
            while wanted:
                piece = self._stream.read(min(wanted, _PIECE))
                if not piece:
                    raise EOFError
                pieces.append(piece)
                wanted -= len(piece)
                self._left -= len(piece)
            if not self._left:
                self._stream.read(1)  # the checksum is looked at when the end is met
        return b"".join(pieces)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size - self._left

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self._size}[whence]
        place = min(max(start + offset, 0), self._size)
        with _member_faults():
            if place < self.tell():
                self._stream.seek(place)
            ahead = max(place - self.tell(), 0)
            # From 3.12 on zipfile leaps ahead in what is not packed from wherever another open member was read last.
            while ahead:
                piece = self._stream.read(min(ahead, _PIECE))
                if not piece:
                    raise EOFError
                ahead -= len(piece)
        self._left = self._size - place
        return place

    def readinto(self, buffer: Any, /) -> int:
        piece = self.read(min(len(buffer), _PIECE))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()


@contextmanager
def _member_faults() -> Iterator[None]:
    try:
        yield
    except NotImplementedError:
        raise MemberFault(_UNKNOWN_PACKING) from None
    except _DAMAGE:
        raise MemberFault("is damaged in the zip: make the zip again, or copy it again") from None


def read_json(path: Path, *, lines: bool = False) -> Any:
    """Return what a JSON file says.

    Args:
        path: The file.
        lines: Whether it may be JSON lines: see ``parse_json``.

    Raises:
        MissingFileError: There is no such file.
        FileAccessError: It cannot be read.
        InputError: It is larger than ``LARGEST_JSON``, or is no JSON: see ``parse_json``.
    """
    return parse_json(read_bytes(path), path.name, lines=lines)


def read_bytes(path: Path, most: int = LARGEST_JSON) -> bytes:
    """Return what is in a file of text.

    Args:
        path: The file.
        most: How many bytes it may have.

    Raises:
        MissingFileError: There is no such file.
        FileAccessError: It cannot be read.
        InputError: It is larger.
    """
    with _opening(path, "a file"):
        refuse_no_file(path)
        with path.open("rb") as file:
            # Of a pipe the size is not known before.
            content = file.read(most + 1)
    if len(content) > most:
        raise _too_much(path.name, most)
    return content


def png_ends(file: IO[bytes], size: int, most_parts: int) -> bool:
    """Return whether a PNG's parts come to their end within the file, each as long as it says, with pixels before it.

    Args:
        file: The file.
        size: Its bytes.
        most_parts: After how many parts it is taken for whole.

    See https://www.w3.org/TR/png-3/#5Chunk-layout.
    """
    position, has_pixels = 8, False
    for _ in range(most_parts):
        file.seek(position)
        head = file.read(8)
        position += 12 + int.from_bytes(head[:4], "big")
        if len(head) < 8 or position > size:
            return False
        if head[4:] == b"IEND":
            return has_pixels  # without them OpenCV looks for more behind the end
        has_pixels = has_pixels or head[4:] == b"IDAT"
    return True


def csv_rows(lines: Iterable[str], **how: Any) -> Iterator[list[str]]:
    """Yield the fields of each row of a CSV, however long they are.

    Args:
        lines: Its lines, or the open file.
        **how: As for ``csv.reader``.

    Raises:
        csv.Error: A quote has no end (``strict``), or a line ends within itself.

    Example:
        >>> [len(field) for field in next(csv_rows(["a," + "b" * 200_000]))]
        [1, 200000]
    """
    # Python's own limit, 131,072 characters a field, refuses long texts; more than this is no number of C on Windows.
    csv.field_size_limit(2**31 - 1)
    return csv.reader(lines, **how)


def picture_faults() -> tuple[type[BaseException], ...]:
    """Return what Pillow raises for a file that is no picture, is damaged, or claims more pixels than it may.

    Example:
        >>> from PIL import Image
        >>> try:
        ...     Image.open(io.BytesIO(b"GIF89a" + b"\\xff" * 4 + b"\\0\\0\\0," + b"\\0" * 9 + b"\\2\\0"))
        ... except picture_faults() as fault:
        ...     print(type(fault).__name__)
        DecompressionBombError
    """
    from PIL import Image

    return (*_DAMAGE, SyntaxError, TypeError, Image.DecompressionBombError, Image.DecompressionBombWarning)


def looks_like_json(start: bytes) -> bool:
    """Return whether a file that begins so is JSON with a list or an object, in any encoding.

    Example:
        >>> looks_like_json('[{"id": 1}]'.encode("utf-16")), looks_like_json(b"id,name")
        (True, False)
    """
    mark = next((mark for mark, _ in _BYTE_ORDER_MARKS if start.startswith(mark)), b"")
    return start[len(mark) : 4096].replace(b"\0", b"").lstrip()[:1] in (b"[", b"{")


_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"7z\xbc\xaf": "7-Zip",
    b"Rar!": "RAR",
}


def why_packed(start: bytes, name: str) -> str:
    """Return the sentence for a file that is packed in a way that is not read, else an empty text.

    Args:
        start: How the file begins.
        name: The file, for the sentence.

    Example:
        >>> why_packed(b"\\x1f\\x8b\\x08", "export.json.gz"), why_packed(b"id,name", "a.csv")
        ('export.json.gz is packed (gzip): unpack it, and give the file that was in it.', '')
    """
    kind = next((kind for mark, kind in _PACKED.items() if start.startswith(mark)), None)
    return f"{name} is packed ({kind}): unpack it, and give the file that was in it." if kind else ""


LONGEST_ADDRESS = 2000
_ENDING = re.compile(r"\.(?=[0-9]*[a-z])[a-z0-9]{1,9}")


def names_file(cell: Any) -> bool:
    """Return whether a task's cell is the path or address of a file, by its ending.

    Example:
        >>> names_file("gs://moods/a.jpg"), names_file("https://x.org/a.jpg?v=2"), names_file("clips/1.mp4")
        (True, True, True)
        >>> names_file("It rains. Again"), names_file("3.5"), names_file(None)
        (False, False, False)
    """
    if not isinstance(cell, str) or len(cell) >= LONGEST_ADDRESS:
        return False
    return _ENDING.fullmatch(ending_of(cell.partition("?")[0] if "://" in cell else cell)) is not None


def looks_like_xml(start: bytes) -> bool:
    """Return whether a file that begins so is XML, in any encoding.

    Example:
        >>> looks_like_xml("\ufeff<annotation>".encode("utf-8")), looks_like_xml(b"1 < 2")
        (True, False)
    """
    mark = next((mark for mark, _ in _BYTE_ORDER_MARKS if start.startswith(mark)), b"")
    text = start[len(mark) :].replace(b"\0", b"").lstrip()
    return text[:1] == b"<" and (text[1:2] in (b"?", b"!") or text[1:2].isalpha())


def parse_json(content: bytes | str, name: str, *, lines: bool = False) -> Any:
    """Return what JSON says, with every digit of its whole numbers.

    ``NaN`` and ``Infinity`` are numbers, so that whoever reads them says in which row they stand. What no float holds
    (``1e400``, ``1e-400``) is the text that it is: as a number it would be infinite, or 0. Marks of UTF-8, UTF-16 and
    UTF-32 are understood.

    Args:
        content: The JSON.
        name: What it is called in messages.
        lines: Whether it may be JSON lines, a value a line; then they come as a list.

    Raises:
        InputError: It is no JSON, nests deeper than ``DEEPEST_JSON`` or is larger than ``LARGEST_JSON``.

    Example:
        >>> parse_json('{"id": 123456789012345678901, "score": NaN}', "boxes.json")
        {'id': 123456789012345678901, 'score': nan}
        >>> parse_json("[1e400, 1.5, 1e-400]", "boxes.json")
        ['1e400', 1.5, '1e-400']
        >>> parse_json('{"a": 1}\\n{"a": 2}\\n', "rows.ndjson", lines=True)
        [{'a': 1}, {'a': 2}]
        >>> parse_json('[1, 2', "half.json")
        Traceback (most recent call last):
        ...
        lsnb.errors.InputError: half.json is damaged JSON (line 1, column 6): copy or export it again.
    """
    if len(content) > LARGEST_JSON:
        raise _too_much(name, LARGEST_JSON)
    content = _utf8(content, name)
    try:
        value = _parsed(content)
    except (ValueError, RecursionError) as fault:
        value = _parsed_lines(content, name) if lines else None
        if not value:
            raise _no_json(fault, name) from None
    if _is_deeper(value, content, DEEPEST_JSON):
        raise _too_deep(name)
    return value


def rows_of_json(value: Any) -> tuple[list[Any], list[Any] | None] | None:
    """Return the rows that JSON of a table holds, and its index where that is more than 0, 1, 2, …; None of another.

    A list of objects, or what pandas writes: by columns (as it does unless it is told otherwise), by rows' numbers,
    ``split`` and ``table``. Objects by names of which nothing tells whether they are rows or columns are none.

    Args:
        value: What the JSON says.

    Example:
        >>> rows_of_json({"ID": {"0": "a", "1": "b"}, "x": {"0": 1, "1": None}})[0]
        [{'ID': 'a', 'x': 1}, {'ID': 'b', 'x': None}]
        >>> rows_of_json({"columns": ["ID", "x"], "index": [0], "data": [["a", 1]]})[0]
        [{'ID': 'a', 'x': 1}]
        >>> rows_of_json([{"ID": "a"}])[0], rows_of_json([[1]]), rows_of_json({"ID": "a"})
        ([{'ID': 'a'}], None, None)
    """
    if isinstance(value, list):
        return (value, None) if value and isinstance(value[0], dict) else None
    if not isinstance(value, dict):
        return None
    names, data, schema = value.get("columns"), value.get("data"), value.get("schema")
    if isinstance(names, list) and isinstance(data, list) and value.keys() <= {"columns", "index", "data"}:
        index = value.get("index", list(range(len(data))))
        titles = [name for name in map(str, names) if not isinstance(name, list)]
        is_whole = all(isinstance(row, list) and len(row) == len(names) for row in data)
        is_flat = len(set(titles)) == len(names) and not any(isinstance(name, list | dict) for name in names)
        if not (data and is_whole and is_flat and isinstance(index, list) and len(index) == len(data)):
            return None
        return [dict(zip(titles, row, strict=True)) for row in data], _index_of(index)
    if isinstance(schema, dict) and isinstance(data, list) and value.keys() == {"schema", "data"}:
        keys = schema.get("primaryKey")
        are_rows = bool(data) and all(isinstance(row, dict) for row in data)
        if are_rows and keys == ["index"] and [row.get("index") for row in data] == list(range(len(data))):
            return [{name: cell for name, cell in row.items() if name != "index"} for row in data], None
        return (data, None) if are_rows else None
    parts = list(value.values())
    if not parts or not all(isinstance(part, dict) and part and part.keys() == parts[0].keys() for part in parts):
        return None
    if all(name.isdecimal() for name in parts[0]):
        return [{name: part[n] for name, part in value.items()} for n in parts[0]], _index_of(list(parts[0]))
    return (parts, _index_of(list(value))) if all(name.isdecimal() for name in value) else None


def _index_of(cells: list[Any]) -> list[Any] | None:
    """Return an index that says more than the rows' numbers: 101 and 102 may be keys."""
    is_range = [str(cell) for cell in cells] == [str(number) for number in range(len(cells))]
    return None if is_range else cells


# A text of Python's, a number or word of its, and what else stands between them in lists and dicts as they are shown.
_PYTHONS_TEXT = re.compile(r"""b?(?:'(?:[^'\\\n]|\\.)*+'?|"(?:[^"\\\n]|\\.)*+"?)""", re.DOTALL)  # or to its line's end
_PYTHONS_WORD = re.compile(r"[-+]?(?:\d[\d_]*+\.?\d*+(?:[eE][-+]?\d++)?|\.\d++|\bTrue\b|\bFalse\b|\bNone\b)")
_NO_PYTHON = re.compile(r"[^0\[\](){},:\s]|0\s*+0|[0\])}]\s*+[\[({]")
_ALIKE_NUMBERS = re.compile(r"\d{17}")
_MOST_ALIKE = 1000  # whole numbers of many digits can be made to meet in a dict or a set, each with each


def parse_python(text: str) -> Any:
    """Return what a text of Python's lists and dicts says, as a table that was saved to CSV holds them.

    Python's own reader of such texts takes sums, calls and signs apart, too, and a few hundred kilobytes of them keep
    it busy for minutes; here nothing but texts, numbers and containers of them gets to it.

    Args:
        text: The text.

    Raises:
        ValueError: It is no such text.

    Example:
        >>> parse_python("{'a': [1, -2.5, None], 'b': 'text'}")
        {'a': [1, -2.5, None], 'b': 'text'}
        >>> parse_python("1+1")
        Traceback (most recent call last):
        ...
        ValueError: no list or dict of Python's
    """
    bare = _PYTHONS_TEXT.sub("0", text)
    is_alike = (
        "{" in bare and sum(1 for _ in itertools.islice(_ALIKE_NUMBERS.finditer(bare), _MOST_ALIKE)) == _MOST_ALIKE
    )
    if not is_alike and not _NO_PYTHON.search(_PYTHONS_WORD.sub("0", bare)):
        with suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return ast.literal_eval(text.strip())
    raise ValueError("no list or dict of Python's")


def _utf8(content: bytes | str, name: str) -> bytes:
    try:
        if isinstance(content, str):
            return content.lstrip("\ufeff").encode("utf-8")
        for mark, encoding in _BYTE_ORDER_MARKS:
            if content.startswith(mark):
                content = content[len(mark) :]
                return content if encoding == "utf-8" else content.decode(encoding).encode("utf-8")
        if b"\0" in content[:4]:  # as JSON begins with ASCII, the zeros tell UTF-16 and UTF-32 without a mark
            return content.decode(json.detect_encoding(content)).encode("utf-8")
    except UnicodeError:
        raise InputError(f"{name} is damaged text: copy or export it again.") from None
    return content


def _parsed(content: bytes) -> Any:
    try:
        if _has_long_run(content):
            digits = content.translate(_DIGITS)
            if _LONG in digits or _LONG_NEGATIVE in digits:
                return _parsed_exactly(content)
        return _parsed_exactly(content) if may_vanish(content) else orjson.loads(content)
    except orjson.JSONDecodeError as fault:
        try:
            return _parsed_exactly(content)
        except (ValueError, RecursionError) as second:
            # orjson's own place is right, unless it stumbled over a NaN that is none of the faults.
            raise second if isinstance(second, (json.JSONDecodeError, RecursionError)) else fault from None


def _has_long_run(content: bytes) -> bool:
    """Return whether 19 digits stand in a row, by a look at every ninth byte: such a run covers two of them."""
    import numpy as np  # here, since the embedded stack reads endings without it

    text = np.frombuffer(content, np.uint8)
    ninth = (text[::9] - 48) < 10
    start = np.flatnonzero(ninth[:-1] & ninth[1:]) * 9
    for step in range(1, 9):
        start = start[(text[start + step] - 48) < 10]
    length = np.full(len(start), 10)
    for away, step in ((9, 1), (0, -1)):
        run = np.arange(len(start))
        for further in range(1, 10):
            at = start[run] + away + step * further
            inside = (at >= 0) & (at < len(text))
            inside[inside] = (text[at[inside]] - 48) < 10
            run = run[inside]
            length[run] += 1
    return bool((length >= 19).any())


def may_vanish(content: bytes) -> bool:
    """Return whether a number with an exponent of −300 or less is somewhere: a float may hold it as 0.

    Args:
        content: A text in ASCII or what holds it.

    Example:
        >>> may_vanish(b"[1e-400]"), may_vanish(b"[1e-40, 1e400]"), may_vanish(b"c0ffee00-171e-4466-a71e-0123456789ab")
        (True, False, False)
    """
    # To look for two letters is several times as fast as a pattern; one in thirty unique_ids of the server has them.
    for sign in (b"e-", b"E-"):
        at, seen = content.find(sign), 0
        while at >= 0:
            seen += 1
            if seen > 1_000_000 or (_SMALL.match(content, at) and _MANTISSA.search(content[max(0, at - 400) : at])):
                return True
            at = content.find(sign, at + 2)
    return False


# Neither within a longer name of letters, digits and strokes.
_SMALL = re.compile(rb"[eE]-0*(?:[3-9][0-9]{2}|[1-9][0-9]{3,})(?![0-9A-Za-z.-])")
_MANTISSA = re.compile(rb"(?<![0-9A-Za-z])(?<![0-9A-Za-z][+-])[+-]?[0-9.]+\Z")


def _parsed_exactly(content: bytes) -> Any:
    """Return what JSON says by Python's own parser: five times slower, with NaN and whole numbers of any length."""
    is_beyond = _MAY_BE_BEYOND.search(content)
    value = json.loads(content.decode("utf-8"), parse_float=_within_floats if is_beyond else None)
    if _HALF_CHARACTER.search(content):
        # Half of a pair of escapes is no text, and nothing could write it to a file.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


# An exponent of three digits, or more digits than the largest float has.
_MAY_BE_BEYOND = re.compile(rb"[0-9][eE][+-]?0*+[1-9][0-9]{2}|(?<![0-9])[0-9]{309}")
_EXPONENT = re.compile("[eE]")
_DIGIT = frozenset("0123456789")


def is_beyond_floats(digits: str) -> bool:
    """Return whether no float holds the number that these digits are: it would be infinite, or 0.

    Example:
        >>> [is_beyond_floats(digits) for digits in ("1e400", "1e-400", "1e308", "-0.0", "0e-999", "inf", "ten")]
        [True, True, False, False, False, False, False]
    """
    try:
        found = float(digits)
    except ValueError:
        return False
    if not any(letter in _DIGIT for letter in digits):
        return False
    return math.isinf(found) or (found == 0 and _EXPONENT.split(digits)[0].strip("+-0.") != "")


def _within_floats(digits: str) -> float | str:
    return digits if is_beyond_floats(digits) else float(digits)


def _parsed_lines(content: bytes, name: str) -> list[Any]:
    rows = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            try:
                rows.append(_parsed(line))
            except (ValueError, RecursionError) as fault:
                raise _no_json(fault, name, number) from None
    return rows


def _no_json(fault: Exception, name: str, line: int = 0) -> InputError:
    if isinstance(fault, RecursionError) or "ecursion" in str(fault):
        return _too_deep(name)
    place = "it holds what is no text"
    if isinstance(fault, json.JSONDecodeError):
        place = f"line {line or fault.lineno}, column {fault.colno}"
    elif "digits" in str(fault):
        place = "a number has thousands of digits"
    return InputError(f"{name} is damaged JSON ({place}): copy or export it again.")


def _too_much(name: str, most: int) -> InputError:
    return InputError(f"{name} is larger than {size_text(most)}, which is the most: split it.")


def _too_deep(name: str) -> InputError:
    return InputError(
        f"{name} nests its JSON more than {DEEPEST_JSON} levels deep, which no export does: write it anew."
    )


def _is_deeper(value: Any, content: bytes, most: int) -> bool:
    """Return whether JSON nests more levels than these, mostly without a look at what it became."""
    import numpy as np  # here, since the embedded stack reads endings without it

    # One letter is found six times as fast as two, and most exports hold no backslash.
    if b"\\" not in content or b'\\"' not in content:
        # Quotes are ends of texts then. A bracket in a text has an odd number of them before it, of which pairs that
        # stand together can be taken away, but not all.
        marks = content.translate(None, _NO_MARKS).replace(b'""', b"")
        if b'"' not in marks:
            opening = np.isin(np.frombuffer(marks, np.uint8), (ord("["), ord("{")))
            return bool(np.cumsum(np.where(opening, 1, -1).astype(np.int8), dtype=np.int32).max(initial=0) > most)
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(most):
        level = [
            child
            for one in level
            for child in (one.values() if type(one) is dict else one)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return bool(level)


LARGEST_YAML = 2**20
DEEPEST_YAML = 60
_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def parse_yaml(content: bytes | str, name: str) -> Any:
    """Return what YAML says: lists and dicts of texts, since ``no`` and ``1_0`` are names as often as not.

    Args:
        content: The YAML.
        name: What it is called in messages.

    Raises:
        InputError: It is no YAML, refers to parts of itself, has a name twice, nests too deep or is larger than
            ``LARGEST_YAML``.

    Example:
        >>> parse_yaml("{names: [no, 'yes'], kpt_shape: [17, 3]}", "data.yaml")
        {'names': ['no', 'yes'], 'kpt_shape': ['17', '3']}
    """
    import yaml

    if len(content) > LARGEST_YAML:
        raise _too_much(name, LARGEST_YAML)
    text = _utf8(content, name)
    try:
        # The one written in C is many times as fast; both make texts, lists and dicts alone.
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            # Aliases let a few lines stand for millions, and no file of classes has any.
            if isinstance(event, yaml.AliasEvent):
                raise InputError(f"{name} refers to parts of itself (*name), which is not read: write them out.")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST_YAML:
                raise InputError(f"{name} nests more than {DEEPEST_YAML} levels deep, which no such file does.")
        nodes = [yaml.compose(text, Loader=loader)]
        while nodes:
            node = nodes.pop()
            if isinstance(node, yaml.MappingNode):
                keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
                if len(set(keys)) < len(keys):
                    twice = next(key for key in keys if keys.count(key) > 1)
                    raise InputError(f"{name} has {twice[:40]!r} twice in one place: keep the one that is meant.")
                nodes += [value for _, value in node.value]
            elif isinstance(node, yaml.SequenceNode):
                nodes += node.value
        return yaml.load(text, Loader=loader)  # nosec B506
    except (yaml.YAMLError, UnicodeError, ValueError) as fault:
        if isinstance(fault, InputError):
            raise
        mark = getattr(fault, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark is not None else ""
        raise InputError(f"{name} is damaged YAML{place}: copy or export it again.") from None
    except RecursionError:
        raise InputError(f"{name} nests its YAML too deep: write it anew.") from None


def parse_xml(content: bytes, name: str) -> Any:
    """Return the root element of an XML file, read without entities, document types, comments or the network.

    Args:
        content: The XML.
        name: What it is called in messages.

    Raises:
        InputError: It is no XML, declares entities, or nests deeper than ``DEEPEST_JSON``.

    Example:
        >>> parse_xml(b"<a><b c='1'/></a>", "a.xml")[0].get("c")
        '1'
    """
    from lxml import etree

    if len(content) > LARGEST_JSON:
        raise _too_much(name, LARGEST_JSON)
    if _DOCTYPE.search(content.replace(b"\0", b"")):
        raise InputError(f"{name} declares a document type or entities, which is not read: remove them.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as fault:
        line = getattr(fault, "lineno", None)
        place = f" (line {line})" if line else ""
        raise InputError(f"{name} is damaged XML{place}: copy or export it again.") from None
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST_JSON:
            raise InputError(f"{name} nests its XML more than {DEEPEST_JSON} levels deep: write it anew.")
    return root
