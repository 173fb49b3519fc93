"""One video's frames into one folder: what is there and whole stays, what lacks is decoded and written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsnb import media
from lsnb.errors import FileAccessError, InputError, LsnbError
from lsnb.frames.folders import Note, add_to_list, images_in, labelled_in, write_note
from lsnb.frames.frame_tables import FrameRow, item_name
from lsnb.frames.names import image_name
from lsnb.kernel.files import file_sentence, remove_leavings
from lsnb.tables.keys import listing


@dataclass(frozen=True)
class Job:
    """What to write of one video; it travels to wherever the work is done.

    Args:
        video: The video's path as the user wrote it.
        file: Its whole path.
        folder: The whole path of the folder for its images: a worker may stand in another folder.
        shown: The same as the user wrote it, for the table.
        frames: 0-based frames to label, ascending.
        context: How many frames on either side are written too.
        ending: ``.png`` or ``.jpg``.
        quality: Of JPEG.
        fingerprint: The video's, for the folder's note; None where it cannot be read.
        source: The video's position in the user's table.
        is_strict: Whether a frame that the video does not have is an error, not a row.
    """

    video: str
    file: str
    folder: str
    shown: str
    frames: tuple[int, ...]
    context: int
    ending: str
    quality: int
    fingerprint: str | None
    source: int = 0
    is_strict: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Args:
        rows: A row per image, ascending; also for images that could not be made.
        error: Why nothing could be done, or None.
    """

    rows: tuple[FrameRow, ...]
    error: LsnbError | None = None


def write_frames(job: Job, count: Callable[[int], Any]) -> Outcome:
    """Write one video's frames, and return their rows; no fault of a video or a drive is raised.

    Args:
        job: What to write.
        count: Called with the number of labelled frames that are done.
    """
    try:
        return _write(job, count)
    except LsnbError as error:
        return failed(job, error)
    except OSError as error:
        return failed(job, FileAccessError(file_sentence(error, error.filename or job.folder, "written")))


def failed(job: Job, error: LsnbError) -> Outcome:
    """Return the outcome of a job of which nothing could be done: a row per frame that was asked for."""
    name = Path(job.folder).name
    rows = [
        FrameRow(item_name(name, frame), job.video, frame, problem=str(error), source=job.source)
        for frame in job.frames
    ]
    return Outcome(tuple(rows), error)


def lost(job: Job, reason: str) -> Outcome:
    """Return the outcome of a job whose worker died."""
    return failed(
        job, InputError(f"The worker that wrote the frames of {job.video} ended ({reason}): run the call again.")
    )


def _write(job: Job, count: Callable[[int], Any]) -> Outcome:
    info = media.probe(job.file, count=False)
    times = media.frame_times(job.file)
    folder = Path(job.folder)
    absent = [frame for frame in job.frames if frame >= len(times)]
    if absent and job.is_strict:
        raise InputError(_beyond(absent, job.video, len(times)))
    labelled = [frame for frame in job.frames if frame < len(times)]
    wanted = with_context(labelled, job.context, len(times))
    labelled_in(folder)  # a list that cannot be understood is found before anything is written
    remove_leavings(folder)
    size = (info.width, info.height)
    kept = _kept(folder, wanted, size)
    if labelled and job.fingerprint is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_note(folder, Note(job.file, job.fingerprint))
    chosen = set(labelled)
    count(sum(frame in chosen for frame in kept))
    paths = dict(kept)
    lacking = [frame for frame in wanted if frame not in kept]
    trouble: str | None = None
    try:
        for frame in media.read_frames(job.file, lacking) if lacking else ():
            path = folder / image_name(frame.index, job.ending)
            media.write_image(path, frame.image, quality=job.quality)
            paths[frame.index] = path
            count(frame.index in chosen)
    except LsnbError as error:
        # What was decoded before the damage is good.
        trouble = str(error)
    # Frames that were promised and do not decode move those behind them.
    times = media.frame_times(job.file)
    if chosen & set(paths):
        add_to_list(folder, chosen & set(paths))
    rows = [
        FrameRow(
            item=item_name(folder.name, frame),
            video=job.video,
            frame=frame,
            time=float(times[frame]) if frame < len(times) else float("nan"),
            path=str(Path(job.shown, paths[frame].name)) if frame in paths else None,
            is_context=frame not in job.frames,
            fps=float(info.fps),
            width=info.width,
            height=info.height,
            problem=None if frame in paths else _missing(frame, job.video, len(times), trouble),
            source=job.source,
        )
        for frame in sorted({*wanted, *absent})
    ]
    return Outcome(tuple(rows))


def with_context(frames: Sequence[int], context: int, count: int) -> list[int]:
    """Return frames and their neighbours on either side, within the video, ascending.

    Args:
        frames: 0-based frames.
        context: How many on either side.
        count: The video's frames.

    Example:
        >>> with_context([0, 5], 2, 7)
        [0, 1, 2, 3, 4, 5, 6]
    """
    return sorted(
        {near for frame in frames for near in range(max(0, frame - context), min(count, frame + context + 1))}
    )


def _kept(folder: Path, wanted: Sequence[int], size: tuple[int, int]) -> dict[int, Path]:
    """Return the wanted images that are there and whole.

    Raises:
        InputError: An image is of another size than the video.
    """
    kept: dict[int, Path] = {}
    there = images_in(folder)
    for frame in wanted:
        if frame not in there:
            continue
        try:
            image = media.read_image(there[frame])
        except FileAccessError:
            raise
        except LsnbError:
            # Ours are written at once, so something else spoilt it: it is written again, under its own name.
            there[frame].unlink()
            continue
        if image.shape[:2] != (size[1], size[0]):
            raise InputError(
                f"{there[frame]} is {image.shape[1]} × {image.shape[0]} pixels and the video's frames are {size[0]} × "
                f"{size[1]}, so it is of another video: give another out=, or delete the folder first."
            )
        kept[frame] = there[frame]
    return kept


def _beyond(absent: Sequence[int], video: str, count: int) -> str:
    is_one = len(absent) == 1
    return (
        f"{video} has {count} frames (0 to {count - 1}), and no {'frame' if is_one else 'frames'} {listing(absent)}: "
        f"take {'it' if is_one else 'them'} out."
    )


def _missing(frame: int, video: str, count: int, trouble: str | None) -> str:
    if frame >= count:
        return _beyond([frame], video, count)
    said = f": {trouble}" if trouble else "."
    return f"Frame {frame} of {video} could not be decoded{said}"
