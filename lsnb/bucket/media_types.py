"""What a file is: its content type, and whether a browser can show it.

Content types: the IANA media types register. Sample entries of MP4 files: the MP4 registration authority's list
of codecs; containers: ISO/IEC 14496-12 (boxes) and the WebM container guidelines.
"""

from __future__ import annotations

import mimetypes
import os
from typing import IO

UNKNOWN = "application/octet-stream"
# What Python's own table lacks, differs in between versions, or takes from the computer's registry.
_TYPES = {
    ".aac": "audio/aac",
    ".avi": "video/x-msvideo",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".csv": "text/csv",
    ".flac": "audio/flac",
    ".gif": "image/gif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".htm": "text/html",
    ".html": "text/html",
    ".jfif": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".m4a": "audio/mp4",
    ".m4v": "video/mp4",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".opus": "audio/ogg",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".wav": "audio/wav",
    ".weba": "audio/webm",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".wmv": "video/x-ms-wmv",
}
_NOT_SHOWN = {
    ".heic": "HEIC pictures, which most browsers cannot show: convert them to JPEG",
    ".heif": "HEIF pictures, which most browsers cannot show: convert them to JPEG",
    ".tif": "TIFF pictures, which browsers cannot show: convert them to PNG",
    ".tiff": "TIFF pictures, which browsers cannot show: convert them to PNG",
    ".avi": "AVI videos, which browsers cannot play: convert them to MP4 (H.264)",
    ".wmv": "WMV videos, which browsers cannot play: convert them to MP4 (H.264)",
    ".flv": "FLV videos, which browsers cannot play: convert them to MP4 (H.264)",
    ".mpg": "MPEG videos, which browsers cannot play: convert them to MP4 (H.264)",
    ".mpeg": "MPEG videos, which browsers cannot play: convert them to MP4 (H.264)",
}
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


def extension_of(name: str) -> str:
    """Return a name's extension in lower case, with its dot."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122  thrice for each of ten thousand files


def content_type(name: str) -> str:
    """Return the media type to store an object of this name under.

    Example:
        >>> content_type("a/Photo.JPG"), content_type("sensor.csv"), content_type("x.unheard")
        ('image/jpeg', 'text/csv', 'application/octet-stream')
    """
    extension = extension_of(name)
    return _TYPES.get(extension) or mimetypes.types_map.get(extension, UNKNOWN)


def needs_look(name: str) -> bool:
    """Return whether the file's contents decide if browsers can show it."""
    return extension_of(name) in _BOXED | _MATROSKA


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
    extension = extension_of(name)
    known = _NOT_SHOWN.get(extension)
    if known or file is None:
        return known
    if extension in _BOXED:
        return _look_into_boxes(file, size)
    if extension in _MATROSKA:
        return HEVC if b"V_MPEGH/ISO/HEVC" in file.read(_MATROSKA_HEAD) else None
    # Phones hand out HEIC pictures under the name .jpg.
    head = file.read(12)
    return _NOT_SHOWN[".heic"] if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS else None


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
