"""Resumable uploads as Cloud Storage does them: asked where they stand, sent a chunk twice, never doubled.

The store takes the question how far an upload got for its end, appends a chunk that is sent again, and does
not look at preconditions. So the front keeps how far each upload got and passes on only what is new.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass

_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(?:(\d+)|\*)")
_REMEMBERED = 4096


@dataclass(frozen=True)
class Piece:
    """What a request of an upload says of itself.

    Args:
        first: Its first byte's place in the object, from 0, or None where it only asks.
        last: Its last byte's place.
        total: The object's size, or None where it is not known yet.
    """

    first: int | None
    last: int | None
    total: int | None


@dataclass
class Session:
    """How far one upload got.

    Args:
        received: Bytes that the store has, from the object's start.
        done: The store's answer to the last piece, or None while there is more to come.
    """

    received: int = 0
    done: bytes | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The header that says how far it got."""
        return {"Range": f"bytes=0-{self.received - 1}"} if self.received else {}

    def wants(self, piece: Piece) -> bool:
        """Return whether the store should see this piece: it begins where the upload stands, or ends it.

        Args:
            piece: What the request says of itself.

        Example:
            >>> session = Session(received=5)
            >>> session.wants(Piece(5, 9, 10)), session.wants(Piece(0, 4, 10)), session.wants(Piece(None, None, 10))
            (True, False, False)
        """
        if self.done is not None:
            return False
        if piece.first is None:
            return piece.total == self.received
        return piece.first == self.received

    def record(self, piece: Piece, status: int, answer: bytes) -> None:
        """Keep what the store said to a piece.

        Args:
            piece: What was passed on.
            status: The store's HTTP status: 308 means that there is more to come.
            answer: The store's answer.
        """
        if status == 308 and piece.last is not None:
            self.received = piece.last + 1
        elif status == 200:
            self.done = answer


class Sessions:
    """The uploads of late, by their id; the oldest are forgotten."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def begin(self, upload_id: str) -> None:
        """Take note of a new upload.

        Args:
            upload_id: As the store named it.
        """
        self._sessions[upload_id] = Session()
        while len(self._sessions) > _REMEMBERED:
            self._sessions.popitem(last=False)

    def get(self, upload_id: str) -> Session | None:
        """Return an upload, or None where it is not known.

        Args:
            upload_id: As the store named it.
        """
        return self._sessions.get(upload_id)


def read_content_range(text: str | None) -> Piece | None:
    """Read a ``Content-Range``; without one a request holds the whole object. None: it is malformed.

    Args:
        text: The header's value.

    Example:
        >>> read_content_range("bytes 0-4/10")
        Piece(first=0, last=4, total=10)
        >>> read_content_range("bytes */*")
        Piece(first=None, last=None, total=None)
        >>> read_content_range("bytes=0-4") is None
        True
    """
    if text is None:
        return Piece(0, None, None)
    match = _CONTENT_RANGE.fullmatch(text.strip())
    if match is None:
        return None
    first, last, total = (int(number) if number is not None else None for number in match.groups())
    return Piece(first, last, total)
