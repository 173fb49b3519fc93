"""Writing H.264 and AAC into an MP4 at a constant rate from 0, from frames and sound at any."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from lsnb.errors import MissingExtraError
from lsnb.media.decoding import decoded_frames
from lsnb.media.faults import file_address, opened, unreadable
from lsnb.media.orientation import Orientation
from lsnb.media.sound import sound_blocks
from lsnb.media.timeline import Timeline

# Best first. PyAV's wheels bring libx264; the others are what other builds of FFmpeg or the system bring.
ENCODERS: dict[str, dict[str, str]] = {
    "libx264": {"preset": "veryfast", "crf": "18"},
    "libopenh264": {},
    "h264_videotoolbox": {},
    "h264_mf": {},
}
SOUND_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # ISO 14496-3, table 1.18
SOUND_BLOCK = 1024
SLACK = 0.05  # seconds by which sound may be early or late before silence is put in or samples are dropped
MATRICES = {1: "ITU709", 5: "ITU601", 6: "ITU601"}  # ITU-T H.273, table 4
NARROW_RANGE, FULL_RANGE = 1, 2  # AVCOL_RANGE_MPEG and AVCOL_RANGE_JPEG


def write_copy(
    source: Path, out: Path, known: Timeline, rate: Fraction, mark: str, progress: Callable[[int, int], object] | None
) -> None:
    """Write the whole copy; ``out`` is no file yet.

    Raises:
        InputError: No frame can be decoded.
        MissingExtraError: No encoder.
        OSError: The disk refuses.
    """
    end = float(known.times[-1]) + (float(known.last_duration * known.time_base) or float(1 / rate))
    total = max(1, round(end * float(rate)))
    with (
        opened(source) as (heard, seen),
        av.open(file_address(out), "w", options={"movflags": "+faststart"}) as container,
    ):
        pictures = _filled(source, known, rate, total, seen.sample_aspect_ratio or Fraction(1))
        first = next(pictures, None)
        if first is None:
            raise unreadable(source)
        container.metadata.update({**heard.metadata, "comment": mark})
        stream = _add_picture(container, first, rate)
        sound = SoundTrack(container, heard, known.zero) if heard.streams.audio else None
        for number, frame in enumerate(itertools.chain([first], pictures)):
            frame.pts = number
            frame.time_base = 1 / rate
            frame.pict_type = 0
            container.mux(stream.encode(frame))
            if sound is not None:
                sound.write_until((number + 1) / rate)
            if progress and ((number + 1) % 100 == 0 or number + 1 == total):
                progress(number + 1, total)
        container.mux(stream.encode(None))
        if sound is not None:
            sound.write_until(None)


def _filled(source: Path, known: Timeline, rate: Fraction, total: int, pixel_shape: Fraction) -> Iterator[Any]:
    """Give every frame of the copy what the video shows at its middle."""
    number = 0
    current: Any = None
    for _, time, frame in decoded_frames(source, np.arange(len(known))):
        if current is not None:
            stop = min(math.ceil(time * float(rate) - 0.5), total)
            for _ in range(number, stop):
                yield current
            number = max(number, stop)
        current = shown(frame, pixel_shape)
    if current is not None:
        for _ in range(number, total):
            yield current


def shown(frame: Any, pixel_shape: Fraction) -> Any:
    """Return a decoded frame as players show it, in yuv420p of even size with luma from 16 to 235."""
    orientation = Orientation.of_frame(frame)
    is_even = frame.width % 2 == 0 and frame.height % 2 == 0
    if orientation.is_upright and is_even and pixel_shape == 1:
        if frame.format.name == "yuv420p" and frame.color_range != FULL_RANGE:
            return frame
        return frame.reformat(format="yuv420p", dst_color_range="MPEG")
    image = frame.to_ndarray(format="rgb24")
    if pixel_shape != 1:
        wide = max(1, round(frame.width * pixel_shape))
        image = cv2.resize(image, (wide, frame.height), interpolation=cv2.INTER_LINEAR)
    image = orientation.apply(image[None])[0]
    # The last row or column is repeated, which moves no pixel.
    image = np.pad(image, ((0, image.shape[0] % 2), (0, image.shape[1] % 2), (0, 0)), mode="edge")
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(
        format="yuv420p", dst_colorspace=MATRICES.get(frame.colorspace, "ITU601"), dst_color_range="MPEG"
    )


def _add_picture(container: Any, first: Any, rate: Fraction) -> Any:
    for name, options in ENCODERS.items():
        try:
            stream = container.add_stream(name, rate=rate, options=options)
            break
        except (av.codec.codec.UnknownCodecError, av.error.FFmpegError):
            continue
    else:
        raise MissingExtraError("This PyAV has no encoder for H.264: install its wheel with 'pip install av'.")
    stream.width, stream.height, stream.pix_fmt = first.width, first.height, "yuv420p"
    context = stream.codec_context
    context.gop_size = max(1, round(rate))  # a keyframe a second, so that stepping through the video is quick
    context.max_b_frames = 0  # and no edit list is needed to put the first frame at 0
    context.color_range = NARROW_RANGE
    for name in ("colorspace", "color_primaries", "color_trc"):
        if hasattr(first, name):  # PyAV 16.0 has the first alone
            setattr(context, name, getattr(first, name))
    return stream


class SoundTrack:
    """The sound of a video, written as AAC from 0 on without gaps."""

    def __init__(self, container: Any, heard: Any, zero: Fraction) -> None:
        source = heard.streams.audio[0]
        per_second = source.codec_context.sample_rate
        self.container = container
        self.rate = per_second if per_second in SOUND_RATES else 48000
        layout = "mono" if source.codec_context.layout.nb_channels == 1 else "stereo"
        self.layout = layout
        self.stream = container.add_stream("aac", rate=self.rate, layout=layout)
        self.blocks = self._in_place(sound_blocks(heard, source, layout=layout, rate=self.rate), zero)
        self.written = 0

    def write_until(self, seconds: Fraction | None) -> None:
        """Write what is heard before a moment, or all that is left."""
        while seconds is None or self.written < seconds * self.rate:
            block = next(self.blocks, None)
            if block is None:
                if seconds is None:
                    self.container.mux(self.stream.encode(None))
                return
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=self.layout)
            frame.sample_rate, frame.pts, frame.time_base = self.rate, self.written, Fraction(1, self.rate)
            self.container.mux(self.stream.encode(frame))
            self.written += block.shape[1]

    def _in_place(
        self, blocks: Iterator[tuple[Fraction, NDArray[np.float32]]], zero: Fraction
    ) -> Iterator[NDArray[np.float32]]:
        """Cut the sound into equal blocks, with silence where there is none."""
        waiting: list[NDArray[np.float32]] = []
        held = done = 0
        for start, heard in blocks:
            late = round((start - zero) * self.rate) - done
            samples = heard
            if late > SLACK * self.rate:
                samples = np.concatenate([np.zeros((heard.shape[0], late), np.float32), heard], axis=1)
            elif late < -SLACK * self.rate or (late < 0 and done == 0):
                samples = heard[:, min(-late, heard.shape[1]) :]
            done += samples.shape[1]
            waiting.append(samples)
            held += samples.shape[1]
            if held >= SOUND_BLOCK:
                joined = np.concatenate(waiting, axis=1)
                whole = held // SOUND_BLOCK * SOUND_BLOCK
                for place in range(0, whole, SOUND_BLOCK):
                    yield joined[:, place : place + SOUND_BLOCK]
                waiting, held = [joined[:, whole:]], held - whole
        if held:
            yield np.concatenate(waiting, axis=1)
