"""Several models' poses of one video: their median, and how much they disagree, however many models there are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.files import file_errors
from lsnb.kernel.words import listing
from lsnb.poses.coordinates import Poses, read_poses
from lsnb.poses.difficulty import ensemble_variance, quietly
from lsnb.tables.pose_tables import Floats

# Bytes of all models together that are kept in memory, beyond which they wait in a temporary file, and of a chunk of
# frames of all models.
IN_MEMORY = 1 << 27
AT_ONCE = 1 << 24


@dataclass(frozen=True, eq=False)
class Ensemble:
    """What several models say of one video.

    Args:
        poses: The median of their places, and their mean likelihood; of one model its own.
        variance: How much they disagree, in square pixels, ``[frames, body parts]``; None of one model.
    """

    poses: Poses
    variance: Floats | None = None


def read_ensemble(members: Iterable[Any]) -> Ensemble:
    """Return the median of several models' poses and their variance; one model's as they are.

    One model's file is in memory at a time, and then some frames of all.

    Args:
        members: What ``read_poses`` takes, of the same video with the same body parts.

    Raises:
        FileAccessError: There is no room for the temporary file.
        InputError: They differ in length or body parts, or there is none.
        MissingFileError: A file is not there.
        TableError: A file is no prediction table.

    Example:
        >>> nose = [Poses("net", ("nose",), np.full((1, 1, 2), at), np.ones((1, 1))) for at in (0.0, 2.0, 10.0)]
        >>> found = read_ensemble(nose)
        >>> found.poses.xy.tolist(), found.variance.round(1).tolist()
        ([[[2.0, 2.0]]], [[37.3]])
    """
    waiting = list(members)
    if not waiting:
        raise InputError("There are no predictions: give a file, or several of one video.")
    first = read_poses(waiting[0])
    if len(waiting) == 1:
        return Ensemble(first)
    shape = (len(first), len(first.bodyparts), 3)
    scorers = {first.scorer: None}
    problems, lengths = [], [f"{first.source} has {len(first)} frames"]
    with _Kept(shape) as kept:
        kept.add(np.concatenate([first.xy, first.likelihood[..., None]], axis=2))
        for member in waiting[1:]:
            poses = read_poses(member)
            scorers[poses.scorer] = None
            lengths.append(f"{poses.source} has {len(poses)} frames")
            differing = sorted(set(first.bodyparts) ^ set(poses.bodyparts))
            if differing:
                problems.append(
                    f"{first.source} and {poses.source} have not the same body parts: only one of them has "
                    f"{listing(differing)}."
                )
            elif len(poses) == len(first):
                order = [poses.bodyparts.index(part) for part in first.bodyparts]
                kept.add(np.concatenate([poses.xy[:, order], poses.likelihood[:, order, None]], axis=2))
        if len({length.rpartition(" has ")[2] for length in lengths}) > 1:
            said = listing(lengths, 8)
            problems.insert(0, f"These should be predictions of one video, and differ in length: {said}.")
        if problems:
            raise InputError(problems)
        xy, likelihood, variance = np.empty(first.xy.shape), np.empty(shape[:2]), np.empty(shape[:2])
        step = max(1, AT_ONCE // (len(waiting) * shape[1] * 24))
        for start in range(0, shape[0], step):
            stop = min(start + step, shape[0])
            part = kept.frames(start, stop)
            xy[start:stop] = quietly(np.nanmedian, part[..., :2], axis=0)
            likelihood[start:stop] = quietly(np.nanmean, part[..., 2], axis=0)
            variance[start:stop] = ensemble_variance(list(part[..., :2]))
    return Ensemble(Poses(" + ".join(scorers), first.bodyparts, xy, likelihood, first.source), variance)


class _Kept:
    """Arrays of one shape, float64, in memory or in a temporary file."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self.size = int(np.prod(shape)) * 8
        self.count = 0
        self.arrays: list[Floats] = []
        self.file: IO[bytes] | None = None

    def __enter__(self) -> _Kept:
        return self

    def __exit__(self, *fault: object) -> None:
        if self.file is not None:
            self.file.close()

    def add(self, values: Floats) -> None:
        """Keep an array."""
        self.count += 1
        if self.file is None and self.count * self.size <= IN_MEMORY:
            self.arrays.append(values)
            return
        with file_errors(tempfile.gettempdir(), "written"):
            if self.file is None:
                self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this
                for array in self.arrays:
                    self.file.write(np.ascontiguousarray(array).data)
                self.arrays = []
            self.file.write(np.ascontiguousarray(values).data)

    def frames(self, start: int, stop: int) -> Floats:
        """Return some frames of all, ``[arrays, frames, …]``."""
        if self.file is None:
            return np.stack([array[start:stop] for array in self.arrays])
        found = np.empty((self.count, stop - start, *self.shape[1:]))
        row = self.size // max(1, self.shape[0])
        with file_errors(tempfile.gettempdir()):
            for number in range(self.count):
                self.file.seek(number * self.size + start * row)
                self.file.readinto(found[number].data)  # type: ignore[attr-defined]
        return found
