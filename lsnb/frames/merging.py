"""Zips of one video into its folder: compared with the video and with what is there, then written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsnb import media
from lsnb.errors import FileAccessError, InputError, LsnbError
from lsnb.frames.archives import Archive, check_archive
from lsnb.frames.folders import Note, add_to_list, images_in, labelled_in, write_note
from lsnb.frames.frame_tables import FrameRow, item_name
from lsnb.frames.names import image_name
from lsnb.kernel.files import file_sentence, remove_leavings, write_whole
from lsnb.tables.keys import listing


@dataclass(frozen=True)
class Zip:
    """One zip of a delivery.

    Args:
        path: As the user wrote it.
        file: Its whole path: a worker may stand in another folder.
        folder: The name of the folder that it goes to.
        source: Its position in the user's table.
        error: Why it is not read, or None.
    """

    path: str
    file: str
    folder: str
    source: int
    error: LsnbError | None = None


@dataclass(frozen=True)
class Delivery:
    """The zips of one video.

    Args:
        zips: In the user's order.
        folder: The whole path of the folder for the images.
        shown: The same as the user wrote it, for the table.
        video: The video's path as the user wrote it, or its name.
        file: Its whole path, or None where nobody has the file.
        fingerprint: The video's, for the folder's note.
        fps: Frames per second where there is no file; None: unknown.
        context: How many context frames are expected on either side.
    """

    zips: tuple[Zip, ...]
    folder: str
    shown: str
    video: str
    file: str | None
    fingerprint: str | None
    fps: float | None
    context: int


@dataclass(frozen=True)
class Delivered:
    """What became of one zip.

    Args:
        rows: A row per image, ascending; one row where it was refused.
        error: Why it was refused, or None.
        warnings: What is odd about it.
    """

    rows: tuple[FrameRow, ...]
    error: LsnbError | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Clock:
    """What is known of the video: each frame's time, the rate and the size."""

    times: NDArray[np.float64] | None
    fps: float
    size: tuple[int, int] | None

    def time(self, frame: int) -> float:
        if self.times is not None:
            return float(self.times[frame])
        return frame / self.fps


def deliver(delivery: Delivery, count: Callable[[int], Any]) -> list[tuple[Zip, Delivered]]:
    """Bring the zips of one video into its folder; no fault of a zip or a drive is raised.

    Args:
        delivery: The zips.
        count: Called with 1 when a zip is done.
    """
    done = []
    for archive in delivery.zips:
        try:
            if archive.error is not None:
                raise archive.error
            outcome = _deliver(archive, delivery)
        except LsnbError as error:
            outcome = _refused(archive, delivery, error)
        except OSError as error:
            said = file_sentence(error, error.filename or delivery.folder, "written")
            outcome = _refused(archive, delivery, FileAccessError(said))
        done.append((archive, outcome))
        count(1)
    return _each_once(done)


def _each_once(done: list[tuple[Zip, Delivered]]) -> list[tuple[Zip, Delivered]]:
    """Give a frame that several zips hold one row: the first zip's, to be labelled where any of them says so."""
    labelled = {row.item for _, outcome in done for row in outcome.rows if not row.is_context}
    seen: set[str] = set()
    merged = []
    for archive, outcome in done:
        rows = tuple(replace(row, is_context=row.item not in labelled) for row in outcome.rows if row.item not in seen)
        seen |= {row.item for row in rows}
        merged.append((archive, replace(outcome, rows=rows)))
    return merged


def lost(delivery: Delivery, reason: str) -> list[tuple[Zip, Delivered]]:
    """Return the outcome of zips whose worker died."""
    error = InputError(f"The worker that imported the frames of {delivery.video} ended ({reason}): run the call again.")
    return [(archive, _refused(archive, delivery, error)) for archive in delivery.zips]


def _refused(archive: Zip, delivery: Delivery, error: LsnbError) -> Delivered:
    return Delivered((FrameRow(archive.path, delivery.video, None, problem=str(error), source=archive.source),), error)


def _deliver(archive: Zip, delivery: Delivery) -> Delivered:
    folder = Path(delivery.folder)
    clock = _clock(delivery)
    count = len(clock.times) if clock.times is not None else None
    checked = check_archive(Path(archive.file), context=delivery.context, count=count)
    problems = _against_video(checked, clock, delivery.video)
    there = images_in(folder)
    problems += _against_folder(checked, there)
    paths, faults = _compared(checked, there)
    problems += faults
    labelled_in(folder)  # a list that cannot be understood is found before anything is written
    if problems:
        raise InputError([f"{checked.path.name}: {problem}" for problem in problems])
    remove_leavings(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if delivery.file is not None and delivery.fingerprint is not None:
        write_note(folder, Note(delivery.file, delivery.fingerprint))
    for frame, data in checked.read():
        if frame not in paths:
            paths[frame] = folder / image_name(frame, checked.images[frame].ending)
            write_whole(paths[frame], data, durable=False)
            if frame in there and there[frame] != paths[frame]:
                there[frame].unlink()  # damaged, and of the other format: one frame has one image
    add_to_list(folder, checked.labelled)
    chosen = set(checked.labelled)
    rows = [
        FrameRow(
            item=item_name(folder.name, frame),
            video=delivery.video,
            frame=frame,
            time=clock.time(frame),
            path=str(Path(delivery.shown, paths[frame].name)),
            is_context=frame not in chosen,
            fps=clock.fps,
            width=checked.size[0],
            height=checked.size[1],
            source=archive.source,
        )
        for frame in sorted(checked.images)
    ]
    return Delivered(tuple(rows), warnings=checked.warnings)


def _clock(delivery: Delivery) -> _Clock:
    if delivery.file is None:
        return _Clock(None, delivery.fps if delivery.fps is not None else float("nan"), None)
    info = media.probe(delivery.file, count=False)
    return _Clock(media.frame_times(delivery.file), float(info.fps), (info.width, info.height))


def _against_video(checked: Archive, clock: _Clock, video: str) -> list[str]:
    problems = []
    if clock.size is not None and clock.size != checked.size:
        problems.append(
            f"its images are {_size(checked.size)}, and {video} is {_size(clock.size)}: they are of another video."
        )
    beyond = [] if clock.times is None else [image_name(n) for n in sorted(checked.images) if n >= len(clock.times)]
    if clock.times is not None and beyond:
        count = len(clock.times)
        problems.append(f"{video} has {count} frames (0 to {count - 1}), and none for {listing(beyond)}.")
    return problems


def _against_folder(checked: Archive, there: Mapping[int, Path]) -> list[str]:
    for path in there.values():
        try:
            size = media.image_size(path)
        except LsnbError:
            continue
        if size != checked.size:
            return [
                f"its images are {_size(checked.size)}, and {path} is {_size(size)}: if they are of another video, "
                "give video= with its name."
            ]
        return []
    return []


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"


def _compared(checked: Archive, there: Mapping[int, Path]) -> tuple[dict[int, Path], list[str]]:
    """Return the images that are there already, and which of them differ from the zip's."""
    shared = set(there) & set(checked.images)
    same: dict[int, Path] = {}
    differ: list[str] = []
    if not shared:
        return same, []
    for frame, data in checked.read():
        if frame not in shared:
            continue
        verdict = _is_same(there[frame], data, checked.images[frame].ending)
        if verdict:
            same[frame] = there[frame]
        elif verdict is False:
            differ.append(there[frame].name)
    if not differ:
        return same, []
    is_one = len(differ) == 1
    return same, [
        f"{listing(differ)} {'differs' if is_one else 'differ'} from the {'image' if is_one else 'images'} of the same "
        f"{'frame' if is_one else 'frames'} in {next(iter(there.values())).parent}: if they are of another video, give "
        "video= with its name; else take them out of the zip, or delete those in the folder."
    ]


def _is_same(path: Path, data: bytes, ending: str) -> bool | None:
    """Return whether a file shows the picture in some bytes; None where the file is damaged and may be replaced."""
    if path.read_bytes() == data:
        return True
    try:
        before = media.read_image(path)
    except LsnbError:
        return None
    with tempfile.TemporaryDirectory(prefix="lsnb-") as scratch:
        new = Path(scratch, f"image{ending}")
        new.write_bytes(data)
        return bool(np.array_equal(before, media.read_image(new)))
