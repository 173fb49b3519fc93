"""What aligning needs of a video: its length, its rate, when it was made, and signals taken from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lsnb.alignment.arguments import METADATA, finite, path_like
from lsnb.errors import InputError


@dataclass(frozen=True)
class Video:
    """A video as far as its clock goes.

    Args:
        duration: Seconds.
        fps: Frames a second, missing if unknown.
        created: When the file says it was made.
        path: The file, None where only a length was given.
        is_uneven: Whether its frames are known not to come at a constant rate.
    """

    duration: float
    fps: float
    created: datetime | None
    path: Any
    is_uneven: bool = False


def read_video(video: Any) -> Video:
    """Return a video's clock from its path, from what ``probe`` said of it, or from its length in seconds.

    Args:
        video: A path, a ``VideoInfo``, or a number: the length of a video or sound that is elsewhere.

    Raises:
        InputError: None of these, or no length.
        MissingFileError: There is no such file.

    Example:
        >>> read_video(12.5).duration
        12.5
    """
    from lsnb.media import VideoInfo, probe

    if finite(video):
        found = Video(float(video), float("nan"), None, None)
    elif path_like(video) or isinstance(video, VideoInfo):
        info = video if isinstance(video, VideoInfo) else probe(video)
        found = Video(
            float(info.duration), float(info.fps), info.created, info.path, is_uneven=info.is_constant_rate is False
        )
    else:
        raise InputError(
            f"video is a {type(video).__name__}: give the path of a video, what lsnb.probe returned, or a length in "
            "seconds."
        )
    if not found.duration > 0:
        raise InputError(f"The video's length is {found.duration:g} s: give one that is longer than nothing.")
    return found


def made(video: Video) -> tuple[datetime, str]:
    """Return when the file says the video was made, and what to beware of.

    Raises:
        InputError: It does not say, or there is no file.
    """
    if video.created is None:
        raise InputError(
            f"video_start is {METADATA!r}, and the video's file does not say when it was made: give video_start= as a "
            "datetime, or events=."
        )
    return video.created, (
        f"The video's file says it was made at {video.created.isoformat()}, which was taken as its start. Some cameras "
        "write the end of the recording, many a clock that is set by hand, and all whole seconds: check it by an event."
    )


def signal(video: Video, reference: str) -> tuple[Any, Any]:
    """Return times and values of a signal taken from a video.

    Args:
        video: The video.
        reference: ``motion``, ``brightness`` or ``loudness``.

    Raises:
        InputError: There is no file, or it has no such signal.
    """
    from lsnb import media

    if video.path is None:
        raise InputError(f"reference={reference!r} needs the video itself: give its path, not its length.")
    found = getattr(media, reference)(video.path)
    return found.times, found.values
