"""The decoder: frames in order of presentation, and none that is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import av

INTRA = 1  # AV_PICTURE_TYPE_I: made from no other frame


class Decoding:
    """One run of the decoder over a container, from where it stands.

    What cannot be trusted is left out and counted in ``damaged``: packets that are marked as incomplete or that the
    decoder refuses, frames that it had to patch up, and the frames after them up to the next one that is made from no
    other. Left in, they would show grey, smeared or repeated pictures.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        self.container = container
        self.stream = stream
        self.damaged = 0

    def frames(self, *, begin: int | None = None, seen: Callable[[int], object] | None = None) -> Iterator[Any]:
        """Decode from the first keyframe on, or from the one presented at ``begin``, to the end of the file.

        A file that ends in the middle gives the frames up to there.

        Args:
            begin: Presentation time, in the units of the stream.
            seen: Called with the decoding time of every packet that is decoded.

        Raises:
            LookupError: The keyframe at ``begin`` does not come.
        """
        is_smeared = False
        for packet in self._packets(begin):
            if packet is not None and packet.is_corrupt:
                self.damaged += 1
                is_smeared = True
                continue
            if packet is not None and packet.size and seen is not None and packet.dts is not None:
                seen(packet.dts)
            try:
                frames = packet.decode() if packet is not None else self.stream.codec_context.decode(None)
            except av.error.EOFError:
                return
            except (av.error.FFmpegError, OSError):
                self.damaged += 1
                is_smeared = True
                continue
            for frame in frames:
                if frame.is_corrupt:
                    is_smeared = True
                elif is_smeared and (frame.key_frame or frame.pict_type == INTRA):
                    is_smeared = False
                if is_smeared:
                    self.damaged += 1
                else:
                    yield frame

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
