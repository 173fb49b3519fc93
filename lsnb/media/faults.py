"""Opening a video, and saying in plain words why one cannot be read."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import pandas as pd

from lsnb.errors import FileAccessError, InputError, MissingFileError
from lsnb.kernel.files import file_sentence

COVER = 0x400  # AV_DISPOSITION_ATTACHED_PIC: the cover of a piece of music
LISTS = ("concat", "hls", "dash")  # texts that name other files, of which FFmpeg would read these
NAMES = {"audio": "sound", "video": "a cover picture", "subtitle": "subtitles"}
STILLS = ("_pipe", "image2", "tty")  # FFmpeg's readers of single pictures and of text
# Up to PyAV 18 a tag that is no UTF-8 ends the opening unless told otherwise; from 19 on it never does.
_BESIDE_DAMAGED_TAGS: dict[str, Any] = (
    {"metadata_errors": "replace"} if hasattr(av.container.Container, "metadata_errors") else {}
)


# Too many open files, no memory, a drive that is gone: of these the file knows nothing.
_NOT_ITS_FAULT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.ESTALE})


def video_path(video: object) -> Path:
    """Check that ``video`` is the path of a file.

    Raises:
        InputError: It is no path, a folder, or an empty file.
        MissingFileError: There is no such file.
    """
    is_missing = video is None or video is pd.NA or (isinstance(video, float) and math.isnan(video))
    if is_missing or (isinstance(video, str) and not video.strip()):
        raise InputError("There is no path of a video here: give the path of one video file.")
    if not isinstance(video, (str, os.PathLike)):
        raise InputError(f"video is {video!r}: give the path of one video file.")
    path = Path(os.fspath(video))
    try:
        path = path.expanduser()
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, RuntimeError):  # a name longer than any file's; a ~ of somebody who has no home here
        is_folder = is_file = False
    if is_folder:
        raise InputError(f"{path} is a folder: give the path of one video file.")
    if not is_file:
        hint = " It is a web address: download it first." if "://" in str(video) else " Check its spelling and folder."
        raise MissingFileError(f"There is no video file {video}.{hint}")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes): copy the video again.")
    return path


def unreadable(path: Path) -> InputError:
    """Return the error for a file FFmpeg cannot make sense of."""
    return InputError(
        f"{path} is not a video that can be read: it is damaged, was not completely copied, or is another kind of "
        "file. Copy or export it again."
    )


def file_address(path: Path) -> str:
    """Return a file's address for FFmpeg, which takes what stands before a colon for the name of a protocol.

    Example:
        >>> file_address(Path("trial:1.mp4")).endswith("/trial:1.mp4")
        True
    """
    return os.path.abspath(path)  # noqa: PTH100 - the user's own way there, not that behind links


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a video: its container and its first stream of moving pictures, decoding on all cores.

    Raises:
        InputError: The file holds no video that can be read.
        MissingFileError: It may not be read.
    """
    if not os.access(path, os.R_OK):
        raise MissingFileError(f"{path} may not be read by you: change its permissions, or copy it.")
    try:
        container = av.open(file_address(path), **_BESIDE_DAMAGED_TAGS)
    except (av.error.FFmpegError, OSError, ValueError) as fault:
        if isinstance(fault, OSError) and fault.errno in _NOT_ITS_FAULT:
            raise FileAccessError(file_sentence(fault, path), fault.errno) from None
        raise unreadable(path) from None
    with container:
        if container.format.name.endswith(STILLS):
            raise InputError(f"{path} is no video but a picture or a text: give a video.")
        if container.format.name in LISTS:
            raise InputError(f"{path} is no video but a list of others: give one of these.")
        streams = [stream for stream in container.streams.video if not _is_cover(stream)]
        if not streams:
            kinds = sorted({NAMES.get(stream.type, str(stream.type)) for stream in container.streams}) or ["nothing"]
            raise InputError(f"{path} has no video in it, only {' and '.join(kinds)}: give a file with pictures.")
        stream = streams[0]
        if stream.codec_context is None or not stream.codec_context.width:
            raise unreadable(path)
        stream.thread_type = "AUTO"
        yield container, stream


def tags_of(container: Any) -> dict[str, str]:
    """Return a container's tags as text that can be written anywhere: U+FFFD for each byte that is no UTF-8."""
    return {_readable(name): _readable(text) for name, text in container.metadata.items()}


def _readable(text: str) -> str:
    # PyAV 19 gives such bytes as lone surrogates, which no file, page or notebook takes.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _is_cover(stream: Any) -> bool:
    disposition = getattr(stream, "disposition", None)  # PyAV 14.0 has none
    return disposition is not None and bool(disposition.value & COVER)
