"""The frames of one video or several as one list to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lsnb.frames.clusters import Cloud
from lsnb.frames.features import fit
from lsnb.frames.sketches import Sketch
from lsnb.frames.spacing import Spacing

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Pick:
    """A chosen frame.

    Args:
        index: Its place in the pool.
        reason: Why it was chosen, for the reader.
        score: What the method goes by; NaN where it goes by nothing.
        cluster: The number of its cluster, from 0, or None.
    """

    index: int
    reason: str
    score: float = float("nan")
    cluster: int | None = None


@dataclass(frozen=True)
class Pool:
    """Frames of some videos, in their order.

    Args:
        sketches: The videos.
        gap: How many frames two chosen ones of a video are apart, at least.
        kept_out: How many frames at the end of each portion may not be chosen.
    """

    sketches: tuple[Sketch, ...]
    gap: int = 1
    kept_out: int = 0

    def __len__(self) -> int:
        return int(sum(len(sketch.frames) for sketch in self.sketches))

    @cached_property
    def owner(self) -> Array:
        """Which sketch each frame is of, int64[n]."""
        return np.repeat(np.arange(len(self.sketches)), [len(sketch.frames) for sketch in self.sketches])

    @cached_property
    def frames(self) -> Array:
        """0-based frames, int64[n]."""
        return np.concatenate([sketch.frames for sketch in self.sketches])

    @cached_property
    def times(self) -> Array:
        """Seconds, float64[n]."""
        return np.concatenate([sketch.times for sketch in self.sketches])

    @cached_property
    def change(self) -> Array:
        """Mean absolute difference to the frame before, float32[n]; 0 for a first frame."""
        every = [sketch.change for sketch in self.sketches if sketch.change is not None]
        return np.nan_to_num(np.concatenate(every), nan=0.0)

    @cached_property
    def _offsets(self) -> list[int]:
        # Videos lie on one line, too far apart for a gap to reach from one into the next.
        ends = [max(sketch.count, int(sketch.excluded.max(initial=0))) + self.gap + 1 for sketch in self.sketches]
        return [0, *np.cumsum(ends).tolist()]

    @cached_property
    def places(self) -> Array:
        """Each frame's place on one line through all videos, int64[n]."""
        parts = [sketch.frames + offset for sketch, offset in zip(self.sketches, self._offsets, strict=False)]
        return np.concatenate(parts)

    @cached_property
    def chosen_before(self) -> Array:
        """Places of the frames chosen before, int64[m], ascending."""
        parts = [sketch.excluded + offset for sketch, offset in zip(self.sketches, self._offsets, strict=False)]
        return np.concatenate(parts)

    @cached_property
    def allowed(self) -> Array:
        """Which frames may be chosen, bool[n]."""
        free = Spacing(self.places, self.gap).are_free(self.chosen_before)
        if self.kept_out:
            ends = np.cumsum([len(sketch.frames) for sketch in self.sketches])
            for end, sketch in zip(ends, self.sketches, strict=True):
                free[max(end - self.kept_out, end - len(sketch.frames)) : end] = False
        return free

    @cached_property
    def spacing(self) -> Spacing:
        """The frames that may be chosen, on the line."""
        return Spacing(self.places[self.allowed], self.gap)

    def choose(self, order: Sequence[int] | Array, n: int) -> list[int]:
        """Return the first ``n`` frames of an order that may be chosen and fit together, as indices of the pool."""
        indices = np.asarray(order, dtype="int64")
        indices = indices[self.allowed[indices]]
        # Room is what these leave, not what others would.
        back = np.sort(indices)
        room = Spacing(self.places[back], self.gap)
        return [int(back[index]) for index in room.choose(np.searchsorted(back, indices), n)]

    def cloud(self, components: int, among: Array | None = None) -> Cloud:
        """Return frames as points of features.

        Args:
            components: Of the principal component analysis.
            among: Indices of the pool; all without.
        """
        most = max(sketch.shrunk for sketch in self.sketches)
        parts = [sketch.smaller(most).rows for sketch in self.sketches]
        rows = parts[0] if len(parts) == 1 else np.concatenate([part for part in parts if part is not None])
        assert rows is not None
        chosen = np.arange(len(self)) if among is None else among
        projection = fit(rows if among is None else rows[among], components, shrunk=most)
        points = projection(rows if among is None else rows[among])
        places = self.places[chosen]
        return Cloud(
            points=points,
            spacing=Spacing(places, self.gap),
            allowed=self.allowed[chosen],
            known=np.flatnonzero(np.isin(places, self.chosen_before)),
            same=projection.same,
        )
