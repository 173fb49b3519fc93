"""Decoded sound with the time of its first sample."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray


def sound_blocks(
    container: Any, stream: Any, *, layout: str | None = None, rate: int | None = None
) -> Iterator[tuple[Fraction, NDArray[np.float32]]]:
    """Decode one stream of sound from where the container stands.

    Args:
        container: PyAV's.
        stream: Its stream of sound.
        layout: Mix to ``mono`` or ``stereo``; all channels as they are by default.
        rate: Samples a second; as they are by default.

    Yields:
        Seconds of the first sample on the container's clock, and float32 ``[channels, n]``, -1 to 1. Damaged packets
        are left out.
    """
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
    expected: Fraction | None = None
    for frame in _frames(container, stream):
        start = frame.pts * frame.time_base if frame.pts is not None and frame.time_base else expected
        frame.pts = None
        start = start if start is not None else Fraction(0)
        expected = start + Fraction(frame.samples, frame.sample_rate)
        parts = [part.to_ndarray() for part in resampler.resample(frame)]
        if parts:
            yield start, np.concatenate(parts, axis=1)


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError):
            return
        if packet is None:
            return
        try:
            yield from packet.decode()
        except (av.error.FFmpegError, OSError):
            continue
