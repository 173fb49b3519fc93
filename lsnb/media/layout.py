"""How the file of a video is laid out: what FFmpeg does not tell.

Sources: ISO 14496-12, 4.2 and 4.3 (boxes of MP4 and MOV); RFC 8794, 4 and 5 (elements of EBML); RFC 9559 (Matroska);
Microsoft's description of AVI RIFF files.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lsnb.kernel.files import file_errors

HEADER = 8
EBML, SEGMENT = 0x1A45DFA3, 0x18538067


def container_name(path: Path, names: str) -> str:
    """Tell apart the containers that FFmpeg reads alike, from the head of the file.

    ``mp4`` and ``mov`` differ by the major brand, ``webm`` and ``matroska`` by the DocType.
    """
    with file_errors(path), path.open("rb") as file:
        head = file.read(64)
    if names.startswith("mov,"):
        return "mov" if head[4:8] != b"ftyp" or head[8:12] == b"qt  " else "mp4"
    if names.startswith("matroska"):
        return "webm" if b"webm" in head else "matroska"
    return names.split(",")[0]


def index_is_last(path: Path) -> bool:
    """Whether the media (``mdat``) stand before their index (``moov``) in an MP4 or MOV."""
    for name, _, _ in _boxes(path):
        if name in (b"moov", b"moof"):
            return False
        if name == b"mdat":
            return True
    return False


def ends_early(path: Path, container: str) -> bool:
    """Whether a file is shorter than it says it is; MPEG-TS does not say."""
    size = path.stat().st_size
    if container in ("mp4", "mov"):
        return any(end > size for _, _, end in _boxes(path))
    with file_errors(path), path.open("rb") as file:
        if container == "avi":
            return any(end > size for end in _riff_ends(file))
        if container in ("matroska", "webm"):
            end = _segment_end(file)
            return end is not None and end > size
    return False


def _boxes(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """Give name, start and end of the outermost boxes."""
    whole = path.stat().st_size
    with file_errors(path), path.open("rb") as file:
        start = 0
        while len(head := file.read(HEADER)) == HEADER:
            size, name = struct.unpack(">I4s", head)
            if size == 1:
                size = struct.unpack(">Q", file.read(8).rjust(8, b"\0"))[0]
            if size == 0:
                size = whole - start
            if size < HEADER:
                return
            yield name, start, start + size
            start += size
            file.seek(start)


def _riff_ends(file: BinaryIO) -> Iterator[int]:
    start = 0
    while len(head := file.read(HEADER)) == HEADER and head[:4] == b"RIFF":
        size = struct.unpack("<I", head[4:])[0]
        if not size:
            return
        start += HEADER + size + size % 2
        yield start - size % 2
        file.seek(start)


def _segment_end(file: BinaryIO) -> int | None:
    """Return where the segment of a Matroska file ends; None if it is open-ended, as in a live recording."""
    while (name := _number(file, keep_marker=True)) is not None:
        size = _number(file, keep_marker=False)
        if size is None or name not in (EBML, SEGMENT):
            return None
        if name == SEGMENT:
            return file.tell() + size
        file.seek(size, 1)
    return None


def _number(file: BinaryIO, *, keep_marker: bool) -> int | None:
    """Read one of EBML's numbers of variable length; None at the end, and for "unknown" (all bits set)."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    data = first + file.read(length - 1)
    value = int.from_bytes(data, "big")
    if keep_marker:
        return value
    value &= (1 << 7 * length) - 1
    return None if value == (1 << 7 * length) - 1 else value
