"""Which frames a video has, in the order they are shown, and when: the one source of frame numbers.

The packets of a file are read (not decoded) once, in about 3 percent of the time that decoding takes. Their
presentation times, sorted, are the frames, as long as the file keeps to these rules; a file that does not is decoded
once instead:

- every packet has a presentation time of its own, and the first is a keyframe (MPEG-TS may start in the middle);
- a packet before the cut of an edit list is marked to be thrown away, and is no frame;
- AVI stores no presentation times: frames that are coded out of order have none that can be believed;
- VP8 has packets from which later frames are made and which are not shown (RFC 6386, section 9.1, ``show_frame``).

Time 0 is where the timeline of browsers begins, so that a time here is a ``currentTime`` there: the 0 of the
container's own clock in MP4, MOV, WebM and Matroska (tried in Chromium: a first frame stored at 1.0 s is shown at
1.0 s), and the earliest moment of picture or sound in the others, whose clocks begin anywhere (MPEG-TS). Negative
moments are shifted to 0, except for the quarter of a second that encoders of sound put before 0 and nobody hears.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from numpy.typing import NDArray

from lsnb.media.decoder import Decoding
from lsnb.media.faults import opened, unreadable

PRIMING = Fraction(1, 4)  # seconds
OWN_ZERO = ("mov,", "matroska")
SHOW_FRAME = 0x10
_KEPT = 32
_distrusted: set[tuple[Path, int, int]] = set()


@dataclass(frozen=True, eq=False)
class Timeline:
    """The frames of one video in order of presentation; a frame's index is its place here.

    Args:
        pts: int64 ``[n]``, rising: presentation times in units of ``time_base``.
        time_base: Seconds of one unit.
        zero: Seconds of the moment that counts as 0.
        keyframes: int64 ``[k]``, rising: indices of frames at which decoding can begin.
        is_decoded: Whether the frames were counted by decoding. Decoding then begins at the start of the file, and
            frames are told apart by their order.
        last_duration: Of the last frame, in units of ``time_base``; 0 if the file does not say.
        damaged: Number of frames that are damaged and left out, as far as they were decoded.
    """

    pts: NDArray[np.int64]
    time_base: Fraction
    zero: Fraction
    keyframes: NDArray[np.int64]
    is_decoded: bool = False
    last_duration: int = 0
    damaged: int = 0

    @cached_property
    def times(self) -> NDArray[np.float64]:
        """Seconds at which each frame is shown: float64 ``[n]``, not to be written to."""
        units, per_second = self.time_base.numerator, self.time_base.denominator
        origin = self.zero / self.time_base
        if origin.denominator == 1:
            times = (self.pts - origin.numerator) * units / per_second
        else:
            times = self.pts * units / per_second - float(self.zero)
        times.flags.writeable = False
        return np.asarray(times, np.float64)

    def __len__(self) -> int:
        return len(self.pts)


def timeline(path: Path) -> Timeline:
    """Return the frames of a video; read once for as long as the file does not change.

    Raises:
        InputError: The file holds no video that can be decoded.
    """
    key = _key(path)
    return _timeline(*key, key in _distrusted)


def distrust(path: Path) -> Timeline:
    """Return the frames that come out of the decoder, from now on: the packets promised others."""
    key = _key(path)
    _distrusted.add(key)
    return _timeline(*key, True)


def _key(path: Path) -> tuple[Path, int, int]:
    stat = path.stat()
    return path.absolute(), stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=_KEPT)
def _timeline(path: Path, changed: int, size: int, by_decoding: bool) -> Timeline:
    if not by_decoding:
        found = _from_packets(path)
        if found is not None:
            return found
    return _from_frames(path)


def _from_packets(path: Path) -> Timeline | None:
    with opened(path) as (container, stream):
        if container.format.name == "avi" and stream.codec_context.has_b_frames:
            return None
        may_hide = stream.codec_context.name in ("vp8", "libvpx")
        pts: list[int] = []
        keys: list[int] = []
        latest, last_duration, first = None, 0, True
        try:
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                stamp = packet.pts
                if stamp is None or packet.is_corrupt or (first and not packet.is_keyframe):
                    return None
                first = False
                if packet.is_discard or (may_hide and not memoryview(packet)[0] & SHOW_FRAME):
                    continue
                pts.append(stamp)
                if packet.is_keyframe:
                    keys.append(stamp)
                if latest is None or stamp > latest:
                    latest, last_duration = stamp, packet.duration or 0
        except (av.error.FFmpegError, OSError):
            return None
        ordered = np.unique(np.asarray(pts, np.int64))
        if not len(ordered) or len(ordered) != len(pts):
            return None
        return Timeline(
            pts=ordered,
            time_base=stream.time_base,
            zero=_zero(container, int(ordered[0]) * stream.time_base),
            keyframes=np.searchsorted(ordered, np.asarray(sorted(keys), np.int64)).astype(np.int64),
            last_duration=last_duration,
        )


def _from_frames(path: Path) -> Timeline:
    with opened(path) as (container, stream):
        stamps: list[int | None] = []
        stored: list[int] = []
        keys: list[int] = []
        run = Decoding(container, stream)
        for frame in run.frames(seen=stored.append):
            if frame.key_frame:
                keys.append(len(stamps))
            stamps.append(frame.pts)
        if not stamps:
            raise unreadable(path)
        rate = stream.average_rate or stream.guessed_rate or 25
        step = max(1, round(1 / (rate * stream.time_base)))
        has_times = container.format.name != "avi" and _are_rising(stamps)
        pts = np.asarray(stamps, np.int64) if has_times else _in_order(len(stamps), stored, step)
        return Timeline(
            pts=pts,
            time_base=stream.time_base,
            zero=_zero(container, int(pts[0]) * stream.time_base),
            keyframes=np.asarray(keys, np.int64),
            is_decoded=True,
            damaged=run.damaged,
        )


def _are_rising(stamps: list[int | None]) -> bool:
    return None not in stamps and all(a < b for a, b in itertools.pairwise(cast(list[int], stamps)))


def _in_order(frames: int, stored: list[int], step: int) -> NDArray[np.int64]:
    """Return the decoding times in order, as presentation times of a file that stores none; else equal steps."""
    found = np.unique(np.asarray(stored, np.int64))
    return found[:frames] if len(found) >= frames else np.arange(frames) * step


def _zero(container: Any, first: Fraction) -> Fraction:
    starts = [first]
    for sound in container.streams.audio:
        if sound.start_time is not None:
            start = sound.start_time * sound.time_base
            starts.append(Fraction(0) if -PRIMING < start < 0 else start)
    if container.format.name.startswith(OWN_ZERO):
        starts.append(Fraction(0))
    return min(starts)
