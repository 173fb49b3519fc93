"""A zip of one video's frames, checked whole before a byte of it is written anywhere.

A zip comes from somebody else: it may be damaged, may hold what is no image, and may be made to fill a drive or to
write outside its folder. Format: APPNOTE.TXT 6.3.10 of PKWARE; names are read as UTF-8 or code page 437, as it says.
"""

from __future__ import annotations

import lzma
import stat
import tempfile
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lsnb.errors import InputError, MissingFileError
from lsnb.frames.names import (
    IMAGE_ENDINGS,
    LAST_FRAME,
    LIST_NAME,
    frame_number,
    image_name,
    middle_frames,
    read_frame_list,
)
from lsnb.frames.pictures import PictureFault, decoded_size, ending_of
from lsnb.tables.keys import listing

LARGEST_IMAGE = 256 * 2**20
LARGEST_TOTAL = 64 * 2**30
LARGEST_RATIO = 200
RATIO_COUNTS_FROM = 64 * 2**20  # a small archive of blank images may well shrink to a hundredth
MOST_SHOWN = 20
_OTHER_IMAGES = frozenset({".bmp", ".gif", ".tif", ".tiff", ".webp", ".heic", ".heif", ".avif"})
_JUNK = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


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
        with _opened(self.path) as archive:
            for frame, member in sorted(self.images.items()):
                try:
                    yield frame, _bytes_of(archive, member.entry)
                except (PictureFault, KeyError):
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
    with _opened(path) as archive:
        entries = [info for info in archive.infolist() if not info.is_dir()]
        problems = [*_unsafe(entries), *_too_large(entries, path)]
        # What may be made to do harm is not looked into.
        _raise(path, problems)
        images, lists, others, problems = _sorted_out(entries)
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
        _raise(path, problems)
    warnings = [f"{path.name}: ignored {listing(others)}, which no image is."] if others else []
    labelled, more = _labelled(sorted(members), listed, context, count)
    warnings += [f"{path.name}: {warning}" for warning in more]
    size = next(iter(sizes.values()))
    return Archive(path, members, tuple(labelled), size, tuple(warnings))


def _raise(path: Path, problems: Sequence[str]) -> None:
    if problems:
        shown = [f"{path.name}: {problem}" for problem in problems[:MOST_SHOWN]]
        if len(problems) > MOST_SHOWN:
            shown.append(f"{path.name}: {len(problems) - MOST_SHOWN} more problems of these kinds.")
        raise InputError(shown)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise MissingFileError(f"There is no file {path} (looked in {Path.cwd()}).") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder: give a zip, or a list of zips.") from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError):
        if not path.stat().st_size:
            raise InputError(f"{path.name} is empty: copy or download it again.") from None
        raise InputError(f"{path.name} is no zip, or only a part of one: copy or download it again.") from None
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror}): check who may read it.") from None
    with archive:
        yield archive


def _inside(info: zipfile.ZipInfo) -> str:
    """Return an entry's name with slashes: some tools on Windows write backslashes."""
    return info.filename.replace("\\", "/")


def _unsafe(entries: Sequence[zipfile.ZipInfo]) -> list[str]:
    problems = []
    for info in entries:
        name = _inside(info)
        parts = PurePosixPath(name).parts
        if ".." in parts:
            problems.append(f"{name!r} leads out of the zip ('..'): make the zip again from the folder of images.")
        elif name.startswith("/") or name[1:2] == ":":
            problems.append(f"{name!r} is an absolute path: make the zip again from the folder of images.")
        elif stat.S_ISLNK(info.external_attr >> 16):
            problems.append(f"{name!r} is a link, not a file: make the zip again from the files themselves.")
        elif info.flag_bits & 1:
            problems.append(f"{name!r} is encrypted: make the zip again without a password.")
    return problems


def _too_large(entries: Sequence[zipfile.ZipInfo], path: Path) -> list[str]:
    problems = []
    total, packed = sum(info.file_size for info in entries), max(1, path.stat().st_size)
    if total > LARGEST_TOTAL:
        problems.append(f"it would unpack to {_size(total)}, and at most {_size(LARGEST_TOTAL)} are taken: split it.")
    elif total > RATIO_COUNTS_FROM and total / packed > LARGEST_RATIO:
        problems.append(
            f"its {_size(packed)} would unpack to {_size(total)}, {total // packed} times as much, and images give at "
            f"most {LARGEST_RATIO} times: it was not unpacked; make the zip again from the images."
        )
    for info in entries:
        if info.file_size > LARGEST_IMAGE and PurePosixPath(_inside(info)).suffix.lower() in {*IMAGE_ENDINGS, ".csv"}:
            problems.append(
                f"{_inside(info)} would unpack to {_size(info.file_size)}, the most is {_size(LARGEST_IMAGE)}."
            )
    return problems


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _sorted_out(
    entries: Sequence[zipfile.ZipInfo],
) -> tuple[dict[str, list[str]], list[str], list[str], list[str]]:
    """Return images (file name → entries), lists, other files' names, and problems."""
    images: dict[str, list[str]] = defaultdict(list)
    lists, others, problems = [], [], []
    folders: dict[str, str] = {}
    for info in entries:
        path = PurePosixPath(_inside(info))
        if any(part.casefold() in _JUNK or part.startswith(".") for part in path.parts):
            continue
        if path.name.casefold() == LIST_NAME:
            lists.append(info.filename)
        elif path.suffix.lower() in IMAGE_ENDINGS:
            images[path.name].append(info.filename)
            folders.setdefault(str(path.parent), path.name)
        elif path.suffix.lower() in _OTHER_IMAGES:
            problems.append(f"{path} is neither PNG nor JPEG: convert it.")
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
    for name, inside in sorted(images.items()):
        number = frame_number(name)
        if isinstance(number, str):
            problems.append(f"{name} {number}.")
            continue
        names[number] += [name] * len({PurePosixPath(entry).parent for entry in inside})
        if len(inside) > len({PurePosixPath(entry).parent for entry in inside}):
            problems.append(f"{name} is in it {len(inside)} times: make the zip again.")
        entries[number] = inside[0]
    for number, same in names.items():
        if len(set(same)) > 1:
            problems.append(f"{' and '.join(same)} are two names for frame {number}: keep one.")
    return entries, problems


def _listed(archive: zipfile.ZipFile, entry: str, images: Mapping[str, Sequence[str]]) -> tuple[list[int], list[str]]:
    try:
        data = _bytes_of(archive, entry)
    except PictureFault as fault:
        return [], [f"{LIST_NAME} {fault}."]
    listed = read_frame_list(data, sorted(images))
    numbers = [frame_number(name) for name in listed.names]
    problems = [f"{LIST_NAME} {fault}" + ("" if fault.endswith("?") else ".") for fault in listed.problems]
    return sorted({n for n in numbers if isinstance(n, int)}), problems


def _decoded(
    archive: zipfile.ZipFile, entries: Mapping[int, str]
) -> tuple[dict[int, Member], dict[int, tuple[int, int]], list[str]]:
    members: dict[int, Member] = {}
    sizes: dict[int, tuple[int, int]] = {}
    problems = []
    with tempfile.TemporaryDirectory(prefix="lsnb-") as scratch:
        for frame, entry in sorted(entries.items()):
            try:
                data = _bytes_of(archive, entry)
                sizes[frame] = decoded_size(data, Path(scratch))
                members[frame] = Member(entry, ending_of(data))
            except PictureFault as fault:
                problems.append(f"{PurePosixPath(entry.replace(chr(92), '/')).name} {fault}.")
    return members, sizes, problems


def _bytes_of(archive: zipfile.ZipFile, entry: str) -> bytes:
    try:
        return archive.read(entry)
    except NotImplementedError:
        raise PictureFault(
            "is packed in a way that cannot be read here: make the zip again with usual settings"
        ) from None
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError):
        raise PictureFault("is damaged in the zip: make the zip again, or copy it again") from None


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
