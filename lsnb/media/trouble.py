"""What browsers and Label Studio will have trouble with in a video, in plain sentences."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from lsnb.media.layout import ends_early, index_is_last

if TYPE_CHECKING:
    from lsnb.media.probing import VideoInfo

PLAYED = {"h264": "H.264", "vp8": "VP8", "vp9": "VP9", "av1": "AV1"}
PLAYED_SOUND = {"aac", "mp3", "mp3float", "opus", "libopus", "vorbis", "libvorbis", "flac"}
PLAYED_CONTAINERS = ("mp4", "mov", "webm")
NAMES = {"avi": "AVI", "matroska": "Matroska (MKV)", "mpegts": "MPEG-TS"}
REMEDY = "lsnb.transcode makes a copy that {}."
LATE = 0.0005  # seconds


def sentences(info: VideoInfo, path: Path, *, pixel_shape: Fraction, damaged: int = 0) -> tuple[str, ...]:
    """Return what will be trouble with a video, each with its remedy."""
    found = []
    plays = REMEDY.format("plays everywhere")
    if info.container not in PLAYED_CONTAINERS:
        found.append(f"Browsers do not play {NAMES.get(info.container, info.container)} files. {plays}")
    if info.codec == "hevc":
        found.append(f"Many browsers do not play H.265 (HEVC). {plays}")
    elif info.codec not in PLAYED:
        found.append(f"Browsers do not play the codec {info.codec}, only {', '.join(PLAYED.values())}. {plays}")
    if info.pixel_format not in ("yuv420p", "yuvj420p"):
        found.append(f"Many browsers do not show the pixel format {info.pixel_format}, only yuv420p. {plays}")
    if info.audio_codec is not None and info.audio_codec not in PLAYED_SOUND:
        found.append(f"Browsers do not play its sound ({info.audio_codec}). {plays}")
    if info.is_constant_rate is False:
        found.append(
            "Its frame rate varies, and Label Studio counts frames at a constant one: labels would land on other "
            "frames. " + REMEDY.format("has a constant rate")
        )
    if info.start is not None and info.start > LATE:
        found.append(
            f"Its picture starts {info.start:.3f} s after 0, and Label Studio counts frames from 0: labels would land "
            f"on other frames. {REMEDY.format('starts at 0')}"
        )
    if info.rotation:
        found.append(
            f"Players turn its picture by {info.rotation} degrees, and other tools may not. "
            + REMEDY.format("is stored upright")
        )
    if pixel_shape not in (0, 1):
        found.append(
            f"Its pixels are not square ({pixel_shape.numerator}:{pixel_shape.denominator}), so browsers stretch it. "
            + REMEDY.format("has square ones")
        )
    if info.container in ("mp4", "mov") and index_is_last(path):
        found.append(
            "Its index is at the end of the file, so browsers wait for the whole file before they show a frame. "
            + REMEDY.format("starts at once")
        )
    if ends_early(path, info.container):
        found.append(
            f"The file ends in the middle: {info.frames} frames are there, and the rest is missing. Copy it again if "
            "you can."
        )
    if damaged:
        found.append(
            f"{damaged} {'frame is' if damaged == 1 else 'frames are'} damaged and left out. Copy the file again if "
            "you can."
        )
    return tuple(found)
