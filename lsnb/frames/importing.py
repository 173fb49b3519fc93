"""``import_frames``: images that somebody else chose, from a zip per video, checked whole and put where ours are."""

from __future__ import annotations

import numbers
import os
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lsnb import media
from lsnb.errors import FileAccessError, InputError, LsnbError, MissingFileError
from lsnb.frames.tables import (
    LAST_FRAME,
    LIST_NAME,
    FrameRow,
    Note,
    add_to_list,
    carried_columns,
    checked_out,
    find_folders,
    fingerprint,
    frame_number,
    frame_table,
    images_in,
    labelled_in,
    middle_frames,
    read_frame_list,
    read_paths,
    safe_folder_name,
    warn_of_problems,
    whole_path,
    write_note,
)
from lsnb.kernel import checks
from lsnb.kernel.files import file_sentence, files_in, named_path, remove_leavings, write_whole
from lsnb.kernel.formats import (
    FRAME_ENDINGS,
    IMAGE_ENDINGS,
    MOST_PIXELS,
    VIDEO_ENDINGS,
    MemberFault,
    Zip,
    content_type,
    inside,
    is_junk,
    raise_for_zip,
    size_text,
)
from lsnb.kernel.jobs import run_jobs
from lsnb.kernel.words import listing, warn
from lsnb.shapes.faults import as_float
from lsnb.tables.keys import find_column, image_name, item_name

# An image's bytes from somebody else: what they are, how large they claim to be, and whether they decode whole.
#
# Sizes are read from the headers before anything is decoded.


_MAGIC = ((b"\x89PNG\r\n\x1a\n", ".png"), (b"\xff\xd8\xff", ".jpg"))


class PictureFault(Exception):
    """An image that cannot be taken; the text is the rest of a sentence that begins with its name."""


def ending_of(data: bytes) -> str:
    """Return the ending that an image's bytes ask for: ``.png`` or ``.jpg``.

    Raises:
        PictureFault: They are neither.
    """
    for magic, ending in _MAGIC:
        if data.startswith(magic):
            return ending
    raise PictureFault("is no PNG or JPEG, whatever its name says: convert it, or take it out")


def decoded_size(data: bytes, scratch: Path) -> tuple[int, int]:
    """Return an image's width and height in pixels as displayed, having decoded all of it.

    Args:
        data: The image's file.
        scratch: A folder for a file that is written over: media reads files, and holds the only decoder.

    Raises:
        PictureFault: It does not decode whole, or claims more than ``MOST_PIXELS``.
    """
    path = scratch / f"image{ending_of(data)}"
    path.write_bytes(data)
    try:
        width, height = media.image_size(path)
        if width * height > MOST_PIXELS:
            raise PictureFault(
                f"has {width} × {height} pixels, and at most {MOST_PIXELS // 10**6} million are taken: make it smaller"
            )
        pixels = media.read_image(path)
    except LsnbError:
        raise PictureFault(
            "is damaged, and cannot be decoded: put a whole image in its place, or take it out"
        ) from None
    return pixels.shape[1], pixels.shape[0]


# A zip of one video's frames, checked whole before a byte of it is written anywhere.
#
# A zip comes from somebody else: it may be damaged, may hold what is no image, and may be made to fill a drive or to
# write outside its folder. Format: APPNOTE.TXT 6.3.10 of PKWARE; names are read as UTF-8 or code page 437, as it
# says.


LARGEST_IMAGE = 256 * 2**20


@dataclass(frozen=True)
class Member:
    """An image in a zip.

    Args:
        entry: Its whole name inside.
        ending: ``.png`` or ``.jpg``, by what its bytes are.
    """

    entry: str
    ending: str


@dataclass(frozen=True)
class Archive:
    """A zip that was checked.

    Args:
        path: The zip.
        images: 0-based frame → the image.
        labelled: The frames to label, ascending; the others are context.
        size: Width and height of every image in pixels, as displayed.
        warnings: Sentences about what is odd and was accepted.
    """

    path: Path
    images: Mapping[int, Member]
    labelled: tuple[int, ...]
    size: tuple[int, int]
    warnings: tuple[str, ...] = ()

    def read(self) -> Iterator[tuple[int, bytes]]:
        """Yield each image's frame and bytes, ascending.

        Raises:
            InputError: The zip has changed since it was checked.
        """
        with Zip(self.path) as archive:
            for frame, member in sorted(self.images.items()):
                try:
                    yield frame, archive.read(member.entry, LARGEST_IMAGE)
                except MemberFault:
                    raise InputError(
                        f"{self.path.name} was changed while it was imported: run the call again."
                    ) from None


def check_archive(path: Path, *, context: int = 2, count: int | None = None) -> Archive:
    """Read a zip of one video's frames and find everything that is wrong with it.

    Args:
        path: The zip.
        context: How many frames on either side of a labelled one are expected where the zip has context frames.
        count: The video's frames, where known: there is no context behind the last.

    Raises:
        MissingFileError: There is no such file.
        InputError: Every fault at once, each with the file it is in.
    """
    with Zip(path) as archive:
        # What may be made to do harm is not looked into.
        raise_for_zip(path, [*archive.problems(doubles=True), *_too_large(archive.members)])
        images, lists, others, problems = _sorted_out(archive.members)
        named, faults = _by_frame(images)
        problems += faults
        listed: list[int] | None = None
        if len(lists) == 1:
            listed, faults = _listed(archive, lists[0], images)
            problems += faults
        members, sizes, faults = _decoded(archive, named)
        problems += faults
        problems += _mixed(sizes, members)
        if not images and not problems:
            problems.append("holds no image: put one video's images into it, called such as img00000012.png.")
        raise_for_zip(path, problems)
    warnings = [f"{path.name}: ignored {listing(others)}, which no image is."] if others else []
    labelled, more = _labelled(sorted(members), listed, context, count)
    warnings += [f"{path.name}: {warning}" for warning in more]
    size = next(iter(sizes.values()))
    return Archive(path, members, tuple(labelled), size, tuple(warnings))


def _too_large(entries: Sequence[zipfile.ZipInfo]) -> list[str]:
    return [
        f"{inside(info)} would unpack to {size_text(info.file_size)}, the most is {size_text(LARGEST_IMAGE)}."
        for info in entries
        if info.file_size > LARGEST_IMAGE and PurePosixPath(inside(info)).suffix.lower() in {*FRAME_ENDINGS, ".csv"}
    ]


def _sorted_out(
    entries: Sequence[zipfile.ZipInfo],
) -> tuple[dict[str, list[str]], list[str], list[str], list[str]]:
    """Return images (file name → entries), lists, other files' names, and problems."""
    images: dict[str, list[str]] = defaultdict(list)
    lists, others, problems = [], [], []
    folders: dict[str, str] = {}
    for info in entries:
        path = PurePosixPath(inside(info))
        if is_junk(inside(info)):
            continue
        if path.name.casefold() == LIST_NAME:
            lists.append(info.filename)
        elif path.suffix.lower() in FRAME_ENDINGS:
            images[path.name].append(info.filename)
            folders.setdefault(str(path.parent), path.name)
        elif path.suffix.lower() in IMAGE_ENDINGS:
            is_jpeg = content_type(path.name) == "image/jpeg"
            fault = "should end in .jpg: rename" if is_jpeg else "is neither PNG nor JPEG: convert"
            problems.append(f"{path} {fault} it.")
        else:
            others.append(str(path))
    if len(folders) > 1:
        shown = listing([f"{folder}/{name}" for folder, name in folders.items()], 3)
        problems.append(f"it has images in {len(folders)} folders ({shown}): put one video's images into one zip.")
    if len(lists) > 1:
        problems.append(f"it has {len(lists)} lists ({listing(lists)}): keep one {LIST_NAME}.")
    return images, lists, others, problems


def _by_frame(images: Mapping[str, Sequence[str]]) -> tuple[dict[int, str], list[str]]:
    """Return frame → entry, and problems."""
    problems = []
    names: dict[int, list[str]] = defaultdict(list)
    entries: dict[int, str] = {}
    for name, same in sorted(images.items()):
        number = frame_number(name)
        if isinstance(number, str):
            problems.append(f"{name} {number}.")
            continue
        names[number] += [name] * len({PurePosixPath(entry).parent for entry in same})
        if len(same) > len({PurePosixPath(entry).parent for entry in same}):
            problems.append(f"{name} is in it {len(same)} times: make the zip again.")
        entries[number] = same[0]
    for number, same in names.items():
        if len(set(same)) > 1:
            problems.append(f"{' and '.join(same)} are two names for frame {number}: keep one.")
    return entries, problems


def _listed(archive: Zip, entry: str, images: Mapping[str, Sequence[str]]) -> tuple[list[int], list[str]]:
    try:
        data = archive.read(entry, LARGEST_IMAGE)
    except MemberFault as fault:
        return [], [f"{LIST_NAME} {fault}."]
    listed = read_frame_list(data, sorted(images))
    numbers = [frame_number(name) for name in listed.names]
    problems = [f"{LIST_NAME} {fault}" + ("" if fault.endswith("?") else ".") for fault in listed.problems]
    return sorted({n for n in numbers if isinstance(n, int)}), problems


def _decoded(
    archive: Zip, entries: Mapping[int, str]
) -> tuple[dict[int, Member], dict[int, tuple[int, int]], list[str]]:
    members: dict[int, Member] = {}
    sizes: dict[int, tuple[int, int]] = {}
    problems = []
    with tempfile.TemporaryDirectory(prefix="lsnb-") as scratch:
        for frame, entry in sorted(entries.items()):
            try:
                data = archive.read(entry, LARGEST_IMAGE)
                sizes[frame] = decoded_size(data, Path(scratch))
                members[frame] = Member(entry, ending_of(data))
            except (MemberFault, PictureFault) as fault:
                problems.append(f"{PurePosixPath(entry.replace(chr(92), '/')).name} {fault}.")
    return members, sizes, problems


def _mixed(sizes: Mapping[int, tuple[int, int]], members: Mapping[int, Member]) -> list[str]:
    counts = Counter(sizes.values())
    if len(counts) < 2:
        return []
    usual, count = counts.most_common(1)[0]
    odd = [
        f"{PurePosixPath(members[frame].entry).name} ({width} × {height})"
        for frame, (width, height) in sorted(sizes.items())
        if (width, height) != usual
    ]
    return [
        f"images of one video must have one size: {listing(odd)} "
        f"{'differs' if len(odd) == 1 else 'differ'} from the {usual[0]} × {usual[1]} of {count}."
    ]


def _labelled(
    frames: Sequence[int], listed: Sequence[int] | None, context: int, count: int | None
) -> tuple[list[int], list[str]]:
    """Return which frames are to be labelled, and warnings."""
    if listed is None:
        middles = middle_frames(frames)
        if middles is None:
            return list(frames), []
        # What belongs to no run has no context, so it can only be context itself.
        lone = [frame for frame in frames if not any(abs(frame - middle) <= 2 for middle in middles)]
        return middles, [
            f"{listing([image_name(frame) for frame in lone])} stand in no run of five or more, and were taken as "
            f"context: name the frames to label in {LIST_NAME}."
        ] if lone else []
    there = set(frames)
    if there == set(listed) or not context:
        return list(listed), []
    end = LAST_FRAME + 1 if count is None else count
    lacking = {
        frame: [n for n in range(max(0, frame - context), min(end, frame + context + 1)) if n not in there]
        for frame in listed
    }
    parts = [
        f"{image_name(frame)} lacks {listing([image_name(n) for n in missing], 4)}"
        for frame, missing in lacking.items()
        if missing
    ]
    return list(listed), [f"context is missing: {listing(parts)}."] if parts else []


# Zips of one video into its folder: compared with the video and with what is there, then written.


@dataclass(frozen=True)
class FramesZip:
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

    zips: tuple[FramesZip, ...]
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


def deliver(delivery: Delivery, count: Callable[[int], Any]) -> list[tuple[FramesZip, Delivered]]:
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


def _each_once(done: list[tuple[FramesZip, Delivered]]) -> list[tuple[FramesZip, Delivered]]:
    """Give a frame that several zips hold one row: the first zip's, to be labelled where any of them says so."""
    labelled = {row.item for _, outcome in done for row in outcome.rows if not row.is_context}
    seen: set[str] = set()
    merged = []
    for archive, outcome in done:
        rows = tuple(replace(row, is_context=row.item not in labelled) for row in outcome.rows if row.item not in seen)
        seen |= {row.item for row in rows}
        merged.append((archive, replace(outcome, rows=rows)))
    return merged


def lost(delivery: Delivery, why: str) -> list[tuple[FramesZip, Delivered]]:
    """Return the outcome of zips whose worker died."""
    error = InputError(f"{delivery.video} {why}")
    return [(archive, _refused(archive, delivery, error)) for archive in delivery.zips]


def _refused(archive: FramesZip, delivery: Delivery, error: LsnbError) -> Delivered:
    return Delivered((FrameRow(archive.path, delivery.video, None, error=str(error), source=archive.source),), error)


def _deliver(archive: FramesZip, delivery: Delivery) -> Delivered:
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
            f"its images are {_pixels(checked.size)}, and {video} is {_pixels(clock.size)}: they are of another video."
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
                f"its images are {_pixels(checked.size)}, and {path} is {_pixels(size)}: if they are of another video, "
                "give video= with its name."
            ]
        return []
    return []


def _pixels(size: tuple[int, int]) -> str:
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


LONGEST_NAME = 200  # characters; drives take 255 bytes, and folders get more in front
Zips = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | pd.Series | pd.DataFrame


def import_frames(
    source: Zips,
    out: str | os.PathLike[str],
    *,
    video: Any = None,
    fps: float | None = None,
    context: int = 2,
    path: Hashable = "path",
    executor: Executor | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Bring the images of one zip per video into the folders that ``extract_frames`` writes, and return their table.

    ``subject023_session0.zip`` holds ``img00000012.png``, … (PNG or JPEG, at the top or in one folder) and may hold
    ``selected_frames.csv``, the labelled frames' names, one a line; the other images are their context. Without it, the
    middles of runs of five or more consecutive frames are the labelled ones (two on either side are their context), and
    where there is no such run, all are.

    A zip is checked whole, every image decoded, before anything is written, and all faults are in one error. Names with
    one number (``frame_12.png``) become ``img00000012.png``, in the list as well. A second zip for a video adds to the
    first; the call can be made again, and finishes what was ended half way.

    Args:
        source: A zip, a list of them, a folder of them, or a table with a column of paths.
        out: The folder for the videos' folders, as for ``extract_frames``.
        video: Whose images they are: the path of the video, which then gives times and is compared with them, or only
            its name; by default the zip's name. For a list of zips, a list as long; for a table, the name of a column.
        fps: Frames per second, for times where there is no video: frame / fps.
        context: How many frames on either side of a labelled one are expected where a zip has context frames; those
            missing are a warning.
        path: The column of paths where ``source`` is a table.
        executor: Where to read several zips at once, such as Dask's ``client.get_executor()``
            or a ``ProcessPoolExecutor`` that spawns (``mp_context=get_context("spawn")``: beside the threads of a
            notebook, forked processes may hang).
        progress: Whether to show a progress bar.

    Returns:
        A row per image, in the zips' order: ``item``, ``video``, ``frame`` (0-based), ``time`` (seconds; NaN where
        unknown), ``path``, ``is_context``, ``fps``, ``width``, ``height``, ``error``, ``archive`` (the zip), and the
        user's other columns. A zip that was refused among several has one row, without a frame and with the
        ``error``.

    Raises:
        InputError: Arguments are wrong, or (for a single zip) everything that is wrong with it, each with its file.
        MissingFileError: There is no such zip or video.

    Example:
        >>> import tempfile, zipfile
        >>> import numpy as np
        >>> from lsnb.media import write_image
        >>> folder = tempfile.mkdtemp()
        >>> image = write_image(Path(folder, "frame_12.png"), np.zeros((4, 6, 3), np.uint8))
        >>> with zipfile.ZipFile(Path(folder, "subject023_session0.zip"), "w") as archive:
        ...     archive.write(image, "frame_12.png")
        >>> frames = import_frames(Path(folder, "subject023_session0.zip"), folder, fps=30, progress=False)
        >>> frames[["item", "frame", "time"]].to_dict("records")
        [{'item': 'subject023_session0/img00000012', 'frame': 12, 'time': 0.4}]
    """
    problems = [*checked_out(out), *_settings(fps, context)]
    problems += [fault for fault in (checks.executor(executor), checks.switch("progress", progress)) if fault]
    zips: list[str] = []
    named: list[str | None] = []
    theirs: pd.DataFrame | None = None
    try:
        zips = _zips(source, path=path)
        named = _videos(video, source, zips)
        if isinstance(source, pd.DataFrame):
            used = [name for name in (path, video) if name in ("path", "video", "archive")]
            theirs = source[carried_columns(source, without=used, what="table of zips", also=("archive",))]
    except InputError as fault:
        problems += fault.problems
    if problems:
        raise InputError(problems)
    deliveries = _planned(zips, named, named_path(out), fps=fps, context=int(context))
    done = run_jobs(
        deliver,
        deliveries,
        executor=executor,
        progress=progress,
        what="Importing",
        unit="zip",
        sizes=[len(delivery.zips) for delivery in deliveries],
        lost=lost,
    )
    outcomes = {zip_.source: outcome for delivered in done for zip_, outcome in delivered}
    ordered = [outcomes[place] for place in range(len(zips))]
    is_single = isinstance(source, (str, os.PathLike)) and not named_path(source).is_dir()
    if is_single and ordered[0].error is not None:
        raise ordered[0].error
    for warning in dict.fromkeys(text for outcome in ordered for text in outcome.warnings):
        warn(warning)
    rows = [row for outcome in ordered for row in outcome.rows]
    warn_of_problems(rows)
    archives = pd.DataFrame({"archive": zips})
    carried = [(archives, [row.source for row in rows])]
    if theirs is not None:
        carried.append((theirs, [row.source for row in rows]))
    return frame_table(rows, carried)


def _settings(fps: Any, context: Any) -> list[str]:
    problems = []
    is_number = isinstance(fps, numbers.Real) and not isinstance(fps, bool)
    if fps is not None and not (is_number and 0 < as_float(fps) < float("inf")):
        problems.append(f"fps is {fps!r}: give frames per second, such as 29.97, or leave it out.")
    if not isinstance(context, numbers.Integral) or isinstance(context, bool) or not 0 <= int(context) <= 1000:
        problems.append(f"context is {context!r}: give a whole number of frames from 0 to 1000.")
    return problems


def _zips(given: Any, *, path: Hashable) -> list[str]:
    if isinstance(given, (str, os.PathLike)) and str(given).strip():
        folder = named_path(given)
        if folder.is_dir():
            found = [str(Path(given, file.name)) for file in files_in(folder, _is_zip, deep=False)]
            if not found:
                raise InputError(f"{given} is a folder without a zip: give a zip, or the folder that holds them.")
            return found
        if not folder.exists():
            raise MissingFileError(f"There is no zip {given} (looked in {Path.cwd()}): check its spelling and folder.")
    zips = read_paths(given, path=path, argument="source")
    seen: dict[Path, list[str]] = {}
    for text in zips:
        seen.setdefault(whole_path(text), []).append(text)
    repeats = [same[0] for same in seen.values() if len(same) > 1]
    if repeats:
        raise InputError(f"source names {listing(repeats)} more than once: name each zip once.")
    return zips


def _is_zip(file: Path) -> bool:
    return file.suffix.lower() == ".zip" and not file.name.startswith(".")


def _videos(video: Any, source: Any, zips: Sequence[str]) -> list[str | None]:
    """Return each zip's video, as a path or a name, or None where the zip's own name is all there is."""
    if video is None:
        return [None] * len(zips)
    if isinstance(source, pd.DataFrame):
        cells: list[Any] = find_column(source, video).tolist()
    elif isinstance(video, (str, os.PathLike)):
        cells = [video] * len(zips)
    elif isinstance(video, Sequence):
        cells = list(video)
    else:
        raise InputError(f"video is {video!r}: give the video's path or name; for several zips, a list of them.")
    if len(cells) != len(zips):
        are = "there is 1 zip" if len(zips) == 1 else f"there are {len(zips)} zips"
        raise InputError(f"video has {len(cells)} entries and {are}: give one for each.")
    problems = []
    texts: list[str | None] = []
    for cell, archive in zip(cells, zips, strict=True):
        if cell is None or (isinstance(cell, float) and cell != cell):
            texts.append(None)
        elif not isinstance(cell, (str, os.PathLike)) or not str(cell).strip() or "\0" in str(cell):
            problems.append(f"video is {cell!r} for {archive}: give the video's path or name.")
        else:
            text = str(os.fspath(cell))
            if len(Path(text).name) > LONGEST_NAME:
                problems.append(f"The name of video {text[:40]}… is too long for a file: shorten it.")
                continue
            looks_like_path = "/" in text or "\\" in text or Path(text).suffix.lower() in VIDEO_ENDINGS
            if looks_like_path and not whole_path(text).is_file():
                problems.append(f"There is no video {text} (for {archive}): check its spelling, or give only its name.")
            texts.append(text)
    if problems:
        raise InputError(problems)
    return texts


def _planned(
    zips: Sequence[str], named: Sequence[str | None], out: Path, *, fps: float | None, context: int
) -> list[Delivery]:
    """Return one job per folder: zips for one video are delivered one after the other."""
    texts = [text for text in named if text is not None]
    files = {text: whole_path(text) for text in texts if whole_path(text).is_file()}
    prints: dict[Path, str] = {}
    faults: dict[Path, LsnbError] = {}
    for given, readable in files.items():
        try:
            prints[readable] = fingerprint(readable)
        except OSError as error:
            faults[readable] = InputError(f"{given} cannot be read ({error.strerror}): check who may read it.")
    owners = find_folders(out, list(dict.fromkeys(files.values())), prints)
    by_folder: dict[str, list[FramesZip]] = {}
    videos: dict[str, tuple[str, Path | None]] = {}
    for source, (archive, text) in enumerate(zip(zips, named, strict=True)):
        name = text or Path(archive).stem
        known = files.get(text) if text is not None else None
        owner = owners[known] if known is not None else safe_folder_name(name)
        fault: LsnbError | None = faults.get(known) if known is not None else None
        if isinstance(owner, InputError):
            fault = owner
            owner = safe_folder_name(Path(name).stem)
        folder = owner.casefold()
        # A zip without a video joins the one that has it.
        if folder not in videos or (known is not None and videos[folder][1] is None):
            videos[folder] = (name, known)
        by_folder.setdefault(folder, []).append(FramesZip(archive, str(whole_path(archive)), owner, source, fault))
    deliveries = []
    for folder, found in by_folder.items():
        title, film = videos[folder]
        deliveries.append(
            Delivery(
                zips=tuple(found),
                folder=str(whole_path(out / found[0].folder)),
                shown=str(out / found[0].folder),
                video=title,
                file=str(film) if film is not None else None,
                fingerprint=prints.get(film) if film is not None else None,
                fps=float(fps) if fps is not None else None,
                context=context,
            )
        )
    return deliveries
