"""A zip of one video's frames, checked whole before a byte of it is written anywhere.

A zip comes from somebody else: it may be damaged, may hold what is no image, and may be made to fill a drive or to
write outside its folder. Format: APPNOTE.TXT 6.3.10 of PKWARE; names are read as UTF-8 or code page 437, as it says.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lsnb.errors import InputError
from lsnb.frames.names import (
    LAST_FRAME,
    LIST_NAME,
    frame_number,
    image_name,
    middle_frames,
    read_frame_list,
)
from lsnb.frames.pictures import PictureFault, decoded_size, ending_of
from lsnb.kernel.formats import (
    FRAME_ENDINGS,
    IMAGE_ENDINGS,
    MemberFault,
    Zip,
    content_type,
    inside,
    is_junk,
    raise_for_zip,
    size_text,
)
from lsnb.tables.keys import listing

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
