"""A folder per video, found again: which folder is whose, what is in it, and its list of labelled frames.

The folder is called as the video (``trial``). Where videos of one name lie in different folders, as much of the path as
tells them apart stands in front (``cam1__trial``). Which video a folder belongs to is noted in it (``.video.json``), so
that the name stays when the call is made again, when more videos come, and when the videos have moved.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from lsnb.errors import InputError
from lsnb.frames.names import LIST_NAME, frame_number, image_name, read_frame_list, safe_folder_name
from lsnb.kernel.files import write_whole

NOTE_NAME = ".video.json"
_NOTE_VERSION = 1
_SAMPLE = 65536
_OUR_IMAGE = re.compile(r"img([0-9]{8})\.(png|jpg)")


@dataclass(frozen=True)
class Note:
    """What a folder says of its video.

    Args:
        video: Its whole path when its frames were first written.
        fingerprint: Of its bytes; see ``fingerprint``.
    """

    video: str
    fingerprint: str


def fingerprint(video: Path) -> str:
    """Return a short text that differs between different videos, from a file's size, start, middle and end.

    Raises:
        OSError: The file cannot be read.
    """
    size = video.stat().st_size
    digest = hashlib.blake2b(str(size).encode(), digest_size=12)
    with video.open("rb") as file:
        for start in (0, max(0, size // 2 - _SAMPLE // 2), max(0, size - _SAMPLE)):
            file.seek(start)
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def whole_path(video: str | os.PathLike[str]) -> Path:
    """Return a path made absolute, with ``~`` and links followed."""
    path = Path(video)
    with contextlib.suppress(RuntimeError):  # a ~ of somebody who has no home here stays as it is
        path = path.expanduser()
    return path.resolve()


def read_note(folder: Path) -> Note | None:
    """Return what a folder says of its video, or None where it says nothing that can be read."""
    try:
        said = json.loads((folder / NOTE_NAME).read_text("utf-8"))
        return Note(str(said["video"]), str(said["fingerprint"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_note(folder: Path, note: Note) -> None:
    """Write into a folder whose frames it holds, unless it says so already."""
    if read_note(folder) == note:
        return
    said = {"version": _NOTE_VERSION, "video": note.video, "fingerprint": note.fingerprint}
    write_whole(folder / NOTE_NAME, (json.dumps(said, ensure_ascii=False) + "\n").encode())


def images_in(folder: Path) -> dict[int, Path]:
    """Return the images of a folder by frame; files of other names are somebody else's."""
    found: dict[int, Path] = {}
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            match = _OUR_IMAGE.fullmatch(path.name)
            if match:
                found.setdefault(int(match[1]), path)
    return found


def labelled_in(folder: Path) -> set[int]:
    """Return the frames that a folder's list names; none where there is no list.

    Raises:
        InputError: The list cannot be understood.
    """
    path = folder / LIST_NAME
    if not path.is_file():
        return set()
    data = path.read_bytes()
    if not data.strip():
        return set()
    listed = read_frame_list(data)
    numbers = {name: frame_number(name) for name in listed.names}
    problems = [*listed.problems, *(f"names {name}, which {n}" for name, n in numbers.items() if isinstance(n, str))]
    if problems:
        raise InputError([f"{path} {problem}." for problem in problems])
    return {number for number in numbers.values() if isinstance(number, int)}


def add_to_list(folder: Path, frames: Iterable[int]) -> None:
    """Add labelled frames to a folder's list; those that it names already stay.

    Args:
        folder: The video's folder, with the images in it.
        frames: 0-based frames.

    Raises:
        InputError: The list that is there cannot be understood.
        FileAccessError: The list cannot be written.
    """
    before = labelled_in(folder)
    frames = sorted(before | set(frames))
    there = images_in(folder)
    lines = [there[frame].name if frame in there else image_name(frame) for frame in frames]
    data = "".join(f"{line}\n" for line in lines).encode()
    path = folder / LIST_NAME
    if not path.is_file() or path.read_bytes() != data:
        write_whole(path, data)


def find_folders(out: Path, videos: Sequence[Path], prints: Mapping[Path, str]) -> dict[Path, str | InputError]:
    """Return the name of each video's folder in ``out``, the same on every call.

    Args:
        out: Where the folders are.
        videos: Whole paths, each once.
        prints: The videos' fingerprints; a video that cannot be read has none.

    Returns:
        Video → its folder's name, or what forbids to add to it: the file has changed since its frames were written.
    """
    notes = {path.name: note for path in _folders(out) if (note := read_note(path)) is not None}
    owners: dict[Path, str | InputError] = {}
    for video in videos:
        owner = _owned(video, prints.get(video), notes, videos)
        if owner is not None:
            owners[video] = owner
    taken = {name.casefold() for name in notes}
    for group in _by_stem([*videos, *(Path(note.video) for note in notes.values())]).values():
        new = [video for video in group if video in set(videos) and video not in owners]
        for video, name in zip(new, _tell_apart(new, group, taken), strict=True):
            owners[video] = name
            taken.add(name.casefold())
    return owners


def _folders(out: Path) -> list[Path]:
    return sorted(path for path in out.iterdir() if path.is_dir()) if out.is_dir() else []


def _owned(
    video: Path, print_: str | None, notes: Mapping[str, Note], videos: Sequence[Path]
) -> str | InputError | None:
    for name, note in notes.items():
        if note.video == str(video):
            if print_ is None or note.fingerprint == print_:
                return name
            return InputError(
                f"{video} has changed since the frames in {name} were taken from it, so old and new frames would mix: "
                f"give another out=, or delete the folder {name} first."
            )
    for name, note in notes.items():
        # A copy beside the original is another video; the same bytes elsewhere are the video, moved.
        is_original_here = Path(note.video) in videos or Path(note.video).exists()
        if note.fingerprint == print_ and not is_original_here:
            return name
    return None


def _by_stem(videos: Iterable[Path]) -> dict[str, list[Path]]:
    groups: dict[str, list[Path]] = defaultdict(list)
    for video in dict.fromkeys(videos):
        groups[safe_folder_name(video.stem).casefold()].append(video)
    return groups


def _tell_apart(new: Sequence[Path], group: Sequence[Path], taken: set[str]) -> list[str]:
    """Return names for the new videos of a group of one stem: as few folders in front as tell all of them apart."""
    deepest = max(len(video.parts) for video in group)
    for use_ending in (False, True):
        for depth in range(deepest):
            names = [_name(video, depth, use_ending) for video in group]
            chosen = [_name(video, depth, use_ending) for video in new]
            if len({name.casefold() for name in names}) == len(names) and not taken & {n.casefold() for n in chosen}:
                return chosen
    # Names that only differ in what no folder's name can hold.
    return [f"{_name(video, 0, True)}_{hashlib.sha256(str(video).encode()).hexdigest()[:8]}" for video in new]


def _name(video: PurePath, depth: int, use_ending: bool) -> str:
    parents = [part for part in video.parent.parts if part != video.anchor]
    front = parents[len(parents) - depth :] if depth else []
    parts = [*front[-depth:], video.name if use_ending else video.stem]
    return "__".join(safe_folder_name(part) for part in parts)
