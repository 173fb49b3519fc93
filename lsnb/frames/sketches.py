"""What a selection needs to know of a video: its frames' times, and small pictures of them, read in one pass."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from lsnb.errors import InputError, LsnbError
from lsnb.kernel.words import listing

Array = np.ndarray[Any, Any]
Needs = Literal["times", "keyframes", "change", "grey", "colour", "look", "embedding"]
PICTURES: frozenset[Needs] = frozenset({"grey", "colour", "look"})

# Bytes of pictures kept of one video: 55,000 grey ones of 48 × 48. Of longer videos the pictures are kept smaller, and
# of those beyond two hours only every second, third … one is.
BUDGET = 128_000_000
MOST_FRAMES = 250_000
# Side, and by how much it may be made smaller.
SIDES: dict[str, tuple[int, int]] = {"grey": (48, 3), "colour": (64, 4), "look": (48, 3)}
CHANGE_SIDE = 48
NO_TINT = 128  # of a picture of colours, where there is none
MOST_SIDE = 1 << 14  # pixels of a mask's side
EMBEDDED_SIDE = 224  # what nearly all networks for pictures were trained on
EMBEDDED_BATCH = 64


BOX_COLUMNS = ("x", "y", "width", "height")
# Percent that a box may reach beyond its picture, by which it is cut off: detectors' do.
BEYOND = 50.0


def read_sights(region: Any, mask: Any, videos: Sequence[str]) -> list[Sight]:
    """Return what counts of the pictures of each video.

    Args:
        region: As ``select_frames`` takes it.
        mask: The same.
        videos: Paths as the user wrote them.

    Raises:
        InputError: Everything that is wrong with them.
        MissingFileError: The mask's file is not there.
    """
    problems: list[str] = []
    if region is not None and mask is not None:
        problems.append("region and mask are both given: give one of them.")
    weights = None
    try:
        weights = None if mask is None else _read_mask(mask)
    except InputError as fault:
        problems += fault.problems
    regions: list[Array | None] = [None] * len(videos)
    for place, video in enumerate(videos):
        try:
            regions[place] = None if region is None else _read_region(region, video, len(videos))
        except InputError as fault:
            problems += [problem for problem in fault.problems if problem not in problems]
    if problems:
        raise InputError(problems)
    return [Sight(own, weights) for own in regions]


def _read_region(region: Any, video: str, videos: int) -> Array:
    form = (
        "give a box as (x, y, width, height) in percent of the picture, a table with these columns and 'frame' (and "
        "'video' of several), or a dict of video and these"
    )
    if isinstance(region, Mapping) and not set(BOX_COLUMNS) <= set(map(str, region)):
        names = [name for name in region if str(name) == video]
        if not names:
            raise InputError(f"region has nothing for {video}: {form}.")
        return _read_region(region[names[0]], video, 1)
    if isinstance(region, Mapping):
        region = [region[name] for name in BOX_COLUMNS]
    if isinstance(region, pd.DataFrame):
        absent = [name for name in ("frame", *BOX_COLUMNS) if name not in region.columns]
        if absent or (videos > 1 and "video" not in region.columns):
            raise InputError(f"region is a table without {listing(absent or ['video'])}: {form}.")
        if "video" in region.columns:
            region = region[region["video"].astype(str) == video]
        numbers = region[["frame", *BOX_COLUMNS]].apply(pd.to_numeric, errors="coerce").to_numpy("float64")
        # A frame in which the animal was not found.
        numbers = numbers[~np.isnan(numbers[:, 1:]).all(axis=1)]
        if not len(numbers):
            raise InputError(f"region has no box for {video}: {form}.")
    else:
        try:
            numbers = np.array([[0.0, *(float(side) for side in region)]])
        except (TypeError, ValueError, OverflowError):
            numbers = np.empty((1, 0))
        if numbers.shape[1] != 5:
            raise InputError(f"region is {str(region)[:80]!r}: {form}.")
    frames, left, top, width, height = numbers.T
    low, high = -BEYOND, 100 + BEYOND
    is_fine = np.isfinite(numbers).all(axis=1) & (frames >= 0) & (width > 0) & (height > 0)
    is_fine &= (left >= low) & (top >= low) & (left + width <= high) & (top + height <= high)
    is_fine &= (left < 100) & (top < 100) & (left + width > 0) & (top + height > 0)
    if not is_fine.all():
        wrong = numbers[~is_fine][0]
        raise InputError(
            f"region holds the box {tuple(wrong[1:].round(2).tolist())}, which is none in percent of a picture: {form}."
        )
    if len(np.unique(frames)) < len(frames):
        raise InputError("region has several boxes for one frame: give the track of one animal.")
    boxes = np.column_stack(
        [frames, *(np.clip(side, 0, 100) / 100 for side in (left, top, left + width, top + height))]
    )
    return boxes[np.argsort(frames)]


def _read_mask(mask: Any) -> Array:
    from lsnb import media

    if isinstance(mask, (str, os.PathLike)):
        mask = media.read_image(Path(mask)).max(axis=2) >= 128
    array = np.asarray(mask)
    if array.ndim != 2 or not array.size or array.dtype.kind not in "bui" or max(array.shape) > MOST_SIDE:
        raise InputError(
            "mask is no picture: give the path of one that is white where pictures count, or a numpy array [height, "
            "width] that is True there."
        )
    if not array.any():
        raise InputError("mask is black everywhere, and nothing of the pictures counts: make white what counts.")
    weights: Array = (array > 0).astype("float32")
    return weights


@dataclass(frozen=True, eq=False)
class Sight:
    """What of a video's pictures counts.

    Args:
        region: float64[k, 5], a frame, and left, top, right and bottom there as shares of the picture, by frame; None
            for all of it. Between two frames the box moves evenly, before the first and after the last it stays.
        mask: float32[height, width], how much each part of the picture counts, 0 to 1; None for all of it alike.
    """

    region: Array | None = None
    mask: Array | None = None

    def box(self, frame: int) -> tuple[float, float, float, float]:
        """Return the part of a frame's picture that counts.

        Example:
            >>> Sight(np.array([[0, 0.0, 0.0, 0.5, 0.5], [10, 0.5, 0.5, 1.0, 1.0]])).box(5)
            (0.25, 0.25, 0.75, 0.75)
        """
        assert self.region is not None
        left, top, right, bottom = (
            float(np.interp(frame, self.region[:, 0], self.region[:, side])) for side in range(1, 5)
        )
        return left, top, right, bottom

    def masked(self, pixels: Array, blank: int = 0) -> Array:
        """Return pictures, uint8[n, side, side(, 3)], in which what does not count is black, or ``blank``."""
        if self.mask is None:
            return pixels
        height, width = pixels.shape[1:3]
        weights: Array = _overlaps(height, len(self.mask)) @ self.mask @ _overlaps(width, self.mask.shape[1]).T
        weights = weights[None, ..., None] if pixels.ndim == 4 else weights[None]
        return np.asarray(np.rint((pixels - float(blank)) * weights) + blank, dtype="uint8")


def _overlaps(parts: int, pixels: int) -> Array:
    """Return which share of each of some equal parts of a side each of its pixels is, float64[parts, pixels]."""
    edges, at = np.arange(parts + 1) * pixels / parts, np.arange(pixels)
    common = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
    overlaps: Array = np.maximum(common, 0.0) * parts / pixels
    return overlaps


@dataclass(frozen=True)
class Sketch:
    """The frames of a portion of one video.

    Args:
        video: The path as the user wrote it.
        frames: int64[n], 0-based and ascending.
        times: float64[n], seconds.
        count: Frames in the whole video.
        excluded: int64[m], ascending: frames chosen before.
        rows: Pictures as uint8[n, values], embeddings as float32[n, values], or None.
        shrunk: How many times as wide the pictures were before they were made smaller.
        change: float32[n], mean absolute difference to the frame before, in grey levels; NaN for the first.
        keyframes: int64[k], those in the portion.
        tints: uint8[n, values], pictures of what colour there is, beside grey ``rows``; or None.
        views: How many pictures lie side by side in a row.
    """

    video: str
    frames: Array
    times: Array
    count: int
    excluded: Array
    rows: Array | None = None
    shrunk: int = 1
    change: Array | None = None
    keyframes: Array = field(default_factory=lambda: np.array([], dtype="int64"))
    tints: Array | None = None
    views: int = 1

    def smaller(self, by: int) -> Sketch:
        """Return the sketch with its pictures made smaller, if they are not yet."""
        if self.rows is None or self.shrunk >= by or self.rows.dtype != np.uint8:
            return self
        colours = 3 if self.rows.shape[1] % 3 == 0 and math.isqrt(self.rows.shape[1]) ** 2 != self.rows.shape[1] else 1
        tints = None if self.tints is None else pooled(self.tints, by, 2)
        return replace(self, rows=pooled(self.rows, by, colours), tints=tints, shrunk=by)


def side_by_side(sketches: Sequence[Sketch]) -> Sketch:
    """Return views of the same moments as one sketch, called as the first: the frames that all have.

    Args:
        sketches: Of each view, alike in what was read.
    """
    frames = sketches[0].frames
    for sketch in sketches[1:]:
        frames = np.intersect1d(frames, sketch.frames)
    most = max(sketch.shrunk for sketch in sketches)
    smaller = [sketch.smaller(most) for sketch in sketches]
    kept = [np.searchsorted(sketch.frames, frames) for sketch in smaller]
    rows = [sketch.rows[at] for sketch, at in zip(smaller, kept, strict=True) if sketch.rows is not None]
    tints = [sketch.tints[at] for sketch, at in zip(smaller, kept, strict=True) if sketch.tints is not None]
    changes = [sketch.change[at] for sketch, at in zip(smaller, kept, strict=True) if sketch.change is not None]
    first = sketches[0]
    return Sketch(
        video=first.video,
        frames=frames,
        times=first.times[kept[0]],
        count=min(sketch.count for sketch in sketches),
        excluded=np.unique(np.concatenate([sketch.excluded for sketch in sketches])),
        rows=np.concatenate(rows, axis=1) if rows else None,
        shrunk=most,
        change=np.mean(changes, axis=0) if changes else None,
        keyframes=np.intersect1d(first.keyframes, frames),
        tints=np.concatenate(tints, axis=1) if tints else None,
        views=len(sketches),
    )


def read_sketch(
    video: str,
    needs: frozenset[Needs],
    *,
    start: float,
    stop: float,
    excluded: Array,
    embed: Callable[[Array], Any] | None,
    count: Callable[[int], object],
    budget: int = BUDGET,
    sight: Sight = Sight(),
) -> Sketch:
    """Read a portion of a video once, for what a method needs.

    Args:
        video: Its path.
        needs: What is to be known beside the times; at most one of grey, colour, look and embedding.
        start: Share of the video at which to begin.
        stop: Share at which to end, exclusive.
        excluded: Frames chosen before.
        embed: Makes embeddings, float[n, values], of pictures, uint8[n, 224, 224, 3].
        count: Called with how many frames were read, now and then.
        budget: Bytes of pictures to keep.
        sight: What of the pictures counts.

    Raises:
        InputError: No video, or one that cannot be read; or the embedding fails.
        MissingFileError: There is no such file.
    """
    from lsnb import media

    times = media.frame_times(video)
    asked = media.portion(len(times), start, stop)
    keyframes = media.keyframe_indices(video) if "keyframes" in needs else np.array([], dtype="int64")
    sketch = Sketch(
        video=video,
        frames=np.arange(asked.start, asked.stop, dtype="int64"),
        times=times[asked.start : asked.stop],
        count=len(times),
        excluded=excluded,
        keyframes=keyframes[(keyframes >= asked.start) & (keyframes < asked.stop)],
    )
    if needs <= {"times", "keyframes"} or not len(asked):
        return sketch
    gathering = Gathering(len(asked), needs, embed, budget)
    for frames, taken_at, pixels, tints in _pictures(video, needs, start, stop, count, sight):
        gathering.add(frames, taken_at, pixels, tints)
    return gathering.onto(sketch)


def _pictures(
    video: str, needs: frozenset[Needs], start: float, stop: float, count: Callable[[int], object], sight: Sight
) -> Any:
    from lsnb import media

    done = 0

    def step(read: int, total: int) -> None:
        nonlocal done
        count(read - done)
        done = read

    side = EMBEDDED_SIDE if "embedding" in needs else SIDES["colour"][0] if "colour" in needs else CHANGE_SIDE
    is_colour = bool(needs & {"colour", "embedding"})
    for chunk in media.thumbnails(
        Path(video),
        size=(side, side),
        colour=is_colour,
        tints="look" in needs,
        start=start,
        stop=stop,
        region=None if sight.region is None else sight.box,
        progress=step,
    ):
        tints = None if chunk.tints is None else sight.masked(chunk.tints, NO_TINT)
        yield chunk.frames, chunk.times, sight.masked(chunk.pixels), tints


class Gathering:
    """Pictures as they come, within a budget of bytes.

    Args:
        expected: How many will come.
        needs: What is to be known.
        embed: Makes embeddings.
        budget: Bytes to keep.
    """

    def __init__(
        self, expected: int, needs: frozenset[Needs], embed: Callable[[Array], Any] | None, budget: int
    ) -> None:
        self.needs = needs
        self.embed = embed
        self.expected = expected
        self.budget = budget
        self.shrunk = self.every = 1
        self.colours = 3 if "colour" in needs else 1
        kind = next((kind for kind in SIDES if kind in needs), None)
        if kind is not None:
            side, by = SIDES[kind]
            values = side * side * self.colours
            values += values // 8 if kind == "look" else 0
            if expected * values > budget:
                self.shrunk = by
                self.every = max(math.ceil(expected / MOST_FRAMES), math.ceil(expected * (values // by**2) / budget))
        self.keeps_rows = kind is not None or "embedding" in needs
        self.rows: Array | None = None
        self.tints: Array | None = None
        self.filled = 0
        self.frames: list[Array] = []
        self.times: list[Array] = []
        self.change: list[Array] = []
        self._last: Array | None = None

    def add(self, frames: Array, times: Array, pixels: Array, tints: Array | None = None) -> None:
        """Take a chunk of consecutive frames."""
        if "change" in self.needs:
            self.change.append(self._changes(pixels))
        kept = frames % self.every == 0 if self.every > 1 else slice(None)
        if self.keeps_rows:
            pixels = pixels[kept]
            flat = pixels.reshape(len(pixels), -1)
            if "embedding" in self.needs:
                flat = self._embedded(pixels)
            elif self.shrunk > 1:
                flat = pooled(flat, self.shrunk, self.colours)
            beside = None if tints is None else tints[kept].reshape(len(flat), tints[0].size)
            if beside is not None and self.shrunk > 1:
                beside = pooled(beside, self.shrunk, 2)
            self._put(flat, beside)
        if "change" in self.needs and self.every > 1:
            self.change[-1] = self.change[-1][kept]
        self.frames.append(frames[kept])
        self.times.append(times[kept])

    def onto(self, sketch: Sketch) -> Sketch:
        """Return the sketch with what was gathered."""
        if not self.frames:
            raise InputError(
                f"{sketch.video} has no frame in this portion that can be decoded: choose another portion."
            )
        return replace(
            sketch,
            frames=np.concatenate(self.frames),
            times=np.concatenate(self.times),
            rows=self.rows[: self.filled] if self.rows is not None else None,
            shrunk=self.shrunk,
            change=np.concatenate(self.change) if self.change else None,
            tints=self.tints[: self.filled] if self.tints is not None else None,
        )

    def _put(self, flat: Array, tints: Array | None) -> None:
        if not len(flat):
            return
        if self.rows is None:
            if "embedding" in self.needs:
                fitting = min(MOST_FRAMES, self.budget // (flat.shape[1] * flat.itemsize))
                self.every = math.ceil(self.expected / max(1, fitting))
            # Pages that nothing is written to take no memory.
            most = self.expected // self.every + 1 + len(flat)
            self.rows = np.empty((most, flat.shape[1]), flat.dtype)
            self.tints = None if tints is None else np.empty((most, tints.shape[1]), tints.dtype)
        self.rows[self.filled : self.filled + len(flat)] = flat
        if self.tints is not None:
            self.tints[self.filled : self.filled + len(flat)] = tints
        self.filled += len(flat)

    def _changes(self, pixels: Array) -> Array:
        flat = pixels.reshape(len(pixels), -1)
        before = flat[:1] if self._last is None else self._last[None]
        out = np.empty(len(flat), dtype="float32")
        for at in range(0, len(flat), 128):
            now = flat[at : at + 128]
            then = np.concatenate([before, now[:-1]])
            # |a - b| in bytes: the larger minus the smaller.
            difference = np.maximum(now, then) - np.minimum(now, then)
            out[at : at + 128] = difference.sum(axis=1, dtype="int64") / flat.shape[1]
            before = now[-1:]
        if self._last is None:
            out[0] = np.nan
        self._last = flat[-1].copy()
        return out

    def _embedded(self, pixels: Array) -> Array:
        assert self.embed is not None
        parts = []
        for at in range(0, len(pixels), EMBEDDED_BATCH):
            batch = pixels[at : at + EMBEDDED_BATCH]
            try:
                part = np.asarray(self.embed(batch), dtype="float32")
            except LsnbError:
                raise
            except Exception as fault:
                raise InputError(
                    f"features= failed on {len(batch)} pictures of {batch.shape[1]} × {batch.shape[2]}: "
                    f"{type(fault).__name__}: {fault}"
                ) from None
            if part.ndim != 2 or len(part) != len(batch) or not part.shape[1] or not np.isfinite(part).all():
                raise InputError(
                    f"features= gave an array of shape {part.shape} for {len(batch)} pictures: "
                    "give one row of finite numbers for each picture."
                )
            parts.append(part)
        return np.concatenate(parts) if parts else np.empty((0, 1), dtype="float32")


def embedding_of(features: Any) -> Callable[[Array], Any]:
    """Return what makes embeddings of pictures, from a function or an object that has one."""
    embed = getattr(features, "embed", None)
    if callable(embed):
        return _Embedding(features)
    return features  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Embedding:
    """An object with ``embed`` as a function, without a progress bar of its own where it knows one."""

    owner: Any

    def __call__(self, pictures: Array) -> Any:
        import inspect

        try:
            knows = "progress" in inspect.signature(self.owner.embed).parameters
        except (TypeError, ValueError):
            knows = False
        return self.owner.embed(pictures, progress=False) if knows else self.owner.embed(pictures)


def pooled(rows: Array, by: int, colours: int) -> Array:
    """Return square pictures made smaller by the mean of each ``by`` × ``by`` pixels, uint8[n, values / by²].

    Example:
        >>> pooled(np.array([[0, 2, 4, 6]], dtype="uint8"), 2, 1).tolist()
        [[3]]
    """
    side = math.isqrt(rows.shape[1] // colours)
    small = side // by
    blocks = rows.reshape(len(rows), small, by, small, by, colours)
    total = blocks.sum(axis=(2, 4), dtype="uint32")
    return np.asarray((total + by * by // 2) // (by * by), dtype="uint8").reshape(len(rows), -1)


# Numbers that say how alike two frames are: small pictures through principal components, in whole numbers.


_threads = threading.Lock()
_limits: list[Any] = []  # one for each choice that is under way


@cache
def _libraries() -> Any:
    """Return what sets the threads of this process's libraries; finding them takes as long as 400 frames."""
    import scipy.linalg  # noqa: F401 - which has a library of its own
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let products of matrices run on one thread while frames are chosen.

    They are small: a second thread waits for them in a busy loop, and 12,000 frames took 2.7 s of processors in place
    of 0.9. Where several choices run at once, the last to end gives the threads back.
    """
    with _threads:
        _limits.append(_libraries().limit(limits=1, user_api="blas") if not _limits else _limits[0])
    try:
        yield
    finally:
        with _threads:
            limit = _limits.pop()
            if not _limits:
                limit.restore_original_limits()


def evenly(count: int, most: int) -> Array:
    """Return at most so many places, evenly spaced from the first to the last of ``count``."""
    return np.asarray(np.unique(np.linspace(0, count - 1, min(count, most)).astype("int64")))


FIT_ON = 512  # pictures that components are fitted on: enough for the first 32, and quick
CHUNK = 512  # rows at once: as numbers of four bytes they stay in the processor's memory
# Pictures closer than half a grey level a pixel differ by what rounding and compression do.
SAME_PIXEL = 0.5
# Embeddings have no unit: their usual length is made this, and half a percent of it is the same.
EMBEDDING_LENGTH = 10_000.0
SAME_EMBEDDING = 50.0


@dataclass(frozen=True)
class Projection:
    """Principal components of pictures, or of embeddings.

    Pictures are whole numbers and so are their weights: sums of whole numbers below 2^24 are exact in float32 in
    whatever order they are added, so features come out the same with any number of threads and on any machine.

    Args:
        weights: float32[values, components]; for pictures whole, a column's absolute sum below 2^24 / 255.
        centre: float64[components], the mean row's product with the weights.
        unit: What a product is divided by.
        same: Two rows are the same picture when their features are no further apart than this.
    """

    weights: Array
    centre: Array
    unit: float
    same: float

    def __call__(self, rows: Array) -> Array:
        """Return each row's components, rounded to whole numbers, float64[rows, components]."""
        out = np.empty((len(rows), self.weights.shape[1]))
        self.onto(out, rows.__getitem__)
        return out

    def onto(self, out: Array, take: Callable[[Any], Array]) -> None:
        """Put the components of rows, which come in pieces, into an array, float64[rows, components]."""
        for start in range(0, len(out), CHUNK):
            at = slice(start, min(start + CHUNK, len(out)))
            piece = take(at).astype("float32")
            out[at] = np.rint((piece @ self.weights - self.centre) / self.unit)


def fit(rows: Array, components: int, *, shrunk: float = 1.0) -> Projection:
    """Return the first principal components of some rows.

    They are fitted on ``FIT_ON`` rows evenly spaced among those given, by the products of the rows (Jolliffe 2002,
    "Principal Component Analysis", section 3.5). Features of pictures are in grey levels times the root of the
    pixels, so that a distance between features is nearly that between the pictures.

    Args:
        rows: Pictures as uint8[pictures, values], or embeddings as float[pictures, values].
        components: How many; fewer where the rows span fewer.
        shrunk: How many times as wide and high the pictures were before they were made smaller; distances are in
            the former's unit.

    Example:
        >>> rows = np.arange(12, dtype="uint8").reshape(4, 3) * 10
        >>> fit(rows, 1)(rows).ravel().tolist()
        [-78.0, -26.0, 26.0, 78.0]
    """
    from scipy.linalg import eigh

    are_pictures = rows.dtype == np.uint8
    sample = rows[evenly(len(rows), FIT_ON)].astype("float64")
    count, values = sample.shape
    mean = sample.mean(axis=0)
    length = math.nan
    if are_pictures:
        # count² times the products of the centred rows, so that every entry is whole and below 2^53: exact.
        total = sample.sum(axis=0)
        sides = sample @ total
        gram = count * count * (sample @ sample.T) - count * (sides[:, None] + sides[None, :]) + total @ total
        sample -= mean
    else:
        length = float(np.sqrt((sample**2).sum(axis=1).mean()))
        sample -= mean
        gram = sample @ sample.T
    wanted = max(1, min(components, count - 1, values))
    variances, vectors = eigh(gram, subset_by_index=(count - wanted, count - 1))
    is_real = variances[::-1] > max(float(variances[-1]) * 1e-10, 1e-12)
    basis = sample.T @ vectors[:, ::-1][:, is_real]
    if not basis.shape[1]:
        basis = np.zeros((values, 1))
    basis /= np.maximum(np.linalg.norm(basis, axis=0), 1e-12)
    # An eigenvector's sign is the library's whim: the largest weight is made positive.
    peaks = basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])]
    basis *= np.where(peaks < 0, -1.0, 1.0)
    if are_pictures:
        # A power of two, so that dividing by it is exact; a unit vector's absolute sum is at most sqrt(values), and
        # rounding adds at most half a weight each.
        fine = 2.0 ** np.floor(np.log2((2**24 / 255 - values / 2) / np.sqrt(values)))
        weights = np.rint(basis * fine)
        unit, same = fine / shrunk, SAME_PIXEL * shrunk * np.sqrt(values)
    else:
        weights = basis
        unit, same = max(length, 1e-12) / EMBEDDING_LENGTH, SAME_EMBEDDING
    return Projection(weights.astype("float32"), mean @ weights, float(unit), float(same))


# What colours and edges count beside the brightness. With these three, 5 to 40 chosen frames of four clips leave mean
# distances of .97 (histograms of gradients), .97 and .99 (of colours, two kinds) and .92 (grey pictures) of those that
# evenly spaced ones leave; by brightness alone .98, 1.02, 1.02 and .93. Twice the colours or the edges do no better.
BESIDE = 0.5
LOOK_UNIT = 2_000.0  # whole numbers in the usual distance of pictures from their middle
FAINT = 8.0  # what varies by fewer times what is the same is compression more than colour, and counts less
CELLS_A_SIDE = 8
EDGES_AT_ONCE = 256  # pictures, of which all sums of grey levels are numbers of four bytes


def look(
    rows: Array, tints: Array, components: int, *, among: Array | None = None, views: int = 1, shrunk: int = 1
) -> tuple[Array, float]:
    """Return frames as points, by their brightness, colours and edges, and how far apart the same picture may be.

    Each is brought to its principal components, which are then made to vary alike, so that a video in which only
    colours change is chosen from by its colours.

    Args:
        rows: uint8[n, values], grey pictures; of several views side by side.
        tints: uint8[n, values], the colours.
        components: Of the brightness and the edges; half as many of the colours.
        among: Which rows; all without.
        views: How many pictures lie side by side in a row.
        shrunk: How many times as wide the pictures were.

    Returns:
        Whole numbers, float64[n, d], and a distance.
    """
    grey = taking(rows, among)
    kinds: list[tuple[Callable[[Any], Array], int]] = [
        (grey, components),
        (taking(tints, among), components // 2),
        (lambda at: edges(grey(at), views), components),
    ]
    count = len(rows) if among is None else len(among)
    sample = evenly(count, FIT_ON)
    projections = [fit(take(sample), wanted, shrunk=shrunk) for take, wanted in kinds]
    # Each is put where it stays: of long videos, copies would be the most memory that a choice takes.
    out = np.empty((count, sum(projection.weights.shape[1] for projection in projections)))
    same, start = 0.0, 0
    for (take, _), projection in zip(kinds, projections, strict=True):
        points = out[:, start : start + projection.weights.shape[1]]
        projection.onto(points, take)
        spread = float(np.sqrt(np.einsum("ij,ij->i", points, points).mean()))
        beside = start > 0
        scale = (BESIDE if beside else 1.0) * LOOK_UNIT / max(spread, projection.same * (FAINT if beside else 1.0))
        same += (min(projection.same, spread if beside else projection.same) * scale) ** 2
        points *= scale
        np.rint(points, out=points)
        start += points.shape[1]
    return out, float(np.sqrt(same))


def taking(rows: Array, among: Array | None) -> Callable[[Any], Array]:
    """Return what gives rows by their places among some of them, or among all."""
    return rows.__getitem__ if among is None else lambda at: rows[among[at]]


def edges(rows: Array, views: int = 1) -> Array:
    """Return how strong the edges in four directions are in 8 × 8 cells of square grey pictures, uint8[n, 256].

    Args:
        rows: uint8[n, views × side²].
        views: How many pictures lie side by side in a row.

    Example:
        >>> picture = np.zeros((1, 16, 16), dtype="uint8")
        >>> picture[:, :, 8:] = 100
        >>> edges(picture.reshape(1, -1)).reshape(4, 8, 8)[:, 4].max(axis=1).tolist()
        [100, 0, 100, 100]
    """
    from lsnb.media.signals import step_sums

    side = math.isqrt(rows.shape[1] // views)
    size = side // CELLS_A_SIDE
    out = np.empty((len(rows) * views, 4, CELLS_A_SIDE, CELLS_A_SIDE), dtype="uint8")
    pictures = np.ascontiguousarray(rows).reshape(-1, side, side)
    # The outermost pixels are in no cell: what lies beside them is of another row or picture.
    corners = np.arange(CELLS_A_SIDE + 1) * size
    corners[[0, -1]] += 1, -1
    for start in range(0, len(pictures), EDGES_AT_ONCE):
        some = pictures[start : start + EDGES_AT_ONCE]
        for number, reach in enumerate((1, side, side + 1, side - 1)):  # across, down, falling and rising
            total = step_sums(some, reach, corners)
            out[start : start + EDGES_AT_ONCE, number] = np.minimum(255, (2 * total + size * size // 2) // size**2)
    return out.reshape(len(rows), -1)
