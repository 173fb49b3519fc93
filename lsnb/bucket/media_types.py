"""Whether a browser can show a file, by its ending and by what is in it.

Sample entries of MP4 files: the MP4 registration authority's list
of codecs; containers: ISO/IEC 14496-12 (boxes) and the WebM container guidelines.
"""

from __future__ import annotations

from typing import IO

from lsnb.kernel.formats import FILE_KINDS, ending_of

HEVC = "HEVC (H.265) videos, which many browsers cannot play: convert them to MP4 (H.264)"
MPEG4 = "MPEG-4 Part 2 videos, which browsers cannot play: convert them to MP4 (H.264)"
PRORES = "ProRes videos, which browsers cannot play: convert them to MP4 (H.264)"
EMPTY = "Empty files, of 0 bytes"
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
_BOXED = frozenset({".mp4", ".m4v", ".mov", ".qt", ".3gp"})
_MATROSKA = frozenset({".mkv", ".webm"})
_LARGEST_INDEX = 16 * 1024 * 1024
_MATROSKA_HEAD = 64 * 1024


def needs_look(name: str) -> bool:
    """Return whether the file's contents decide if browsers can show it."""
    return ending_of(name) in _BOXED | _MATROSKA


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
    """
    if size == 0:
        return EMPTY
    ending = ending_of(name)
    kind = FILE_KINDS.get(ending)
    if kind and kind.not_shown:
        return kind.not_shown
    if file is None:
        return None
    if ending in _BOXED:
        return _look_into_boxes(file, size)
    if ending in _MATROSKA:
        return HEVC if b"V_MPEGH/ISO/HEVC" in file.read(_MATROSKA_HEAD) else None
    # Phones hand out HEIC pictures under the name .jpg.
    head = file.read(12)
    return FILE_KINDS[".heic"].not_shown if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS else None


def _look_into_boxes(file: IO[bytes], size: int) -> str | None:
    """Walk the file's outermost boxes to ``moov``, which may stand at the end, and read its sample entries."""
    position = 0
    while position + 8 <= size:
        file.seek(position)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if kind == b"moov":
            file.seek(position)
            return _sample_entry(file.read(min(length or size, _LARGEST_INDEX)))
        if length < 8:
            return None
        position += length
    return None


def _sample_entry(index: bytes) -> str | None:
    start = index.find(b"stsd")
    while start >= 0:
        # A box of sample descriptions: 4 bytes of flags, their number, then size and code of the first.
        found = _SAMPLE_ENTRIES.get(index[start + 16 : start + 20])
        if found:
            return found
        start = index.find(b"stsd", start + 4)
    return None
