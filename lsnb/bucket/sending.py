"""One file into one object, whole or not at all.

Small files go as one multipart request, large ones in resumable chunks through the library ("Uploads and
downloads" in the Cloud Storage documentation). Each carries its CRC32C, which the server checks, and a generation
precondition, which makes it safe to repeat: a reply that was lost comes back as 412, and the checksum tells
whether the object there is ours.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import quote

import google_crc32c
import requests.exceptions
import urllib3.exceptions
from google.api_core import exceptions as api_exceptions
from google.auth import exceptions as auth_exceptions
from google.cloud.storage.retry import DEFAULT_RETRY

from lsnb.bucket.faults import Cancelled, NoAnswer, Refusal, token_error
from lsnb.bucket.listing import Stored, look_up
from lsnb.bucket.media_types import needs_look, why_not_shown
from lsnb.bucket.sources import Facts, Source, SourceFault, checksum, read_whole, reading
from lsnb.bucket.wire import Body, Patience, Wire, object_path
from lsnb.kernel.formats import MemberFault

LARGE = 32 * 1024 * 1024
CHUNK = 32 * 1024 * 1024
LARGE_AT_ONCE = 3
# Up to this size a file has memory of its own while it is sent; 64 of them at once are no burden.
SMALL = 1024 * 1024
BUFFERS = 160


class Taken(Exception):
    """The object is there, and it is not this file.

    Args:
        stored: What is there.
    """

    def __init__(self, stored: Stored | None) -> None:
        super().__init__()
        self.stored = stored


class Corrupt(Exception):
    """What arrived is not what was sent; it was taken out again."""


class Buffers:
    """Memory that threads share: each takes what its file needs, waits if others have it, and gives it back.

    Blocks that every thread allocates for itself stay with it once used (the C library keeps them), which for 64
    threads and videos of 30 MB would be gigabytes.

    Args:
        count: The most blocks.
        size: Bytes of each.
    """

    def __init__(self, count: int, size: int) -> None:
        self._size = size
        self._unmade = count
        self._free: list[bytearray] = []
        self._given_back = threading.Condition()

    @contextlib.contextmanager
    def of(self, size: int, cancel: threading.Event) -> Iterator[list[bytearray]]:
        """Hold blocks for so many bytes for a while."""
        wanted = -(-size // self._size)
        with self._given_back:
            while len(self._free) + self._unmade < wanted:
                if cancel.is_set():
                    raise Cancelled
                self._given_back.wait(0.2)
            while len(self._free) < wanted:
                self._free.append(bytearray(self._size))
                self._unmade -= 1
            blocks = [self._free.pop() for _ in range(wanted)]
        try:
            yield blocks
        finally:
            with self._given_back:
                self._free += blocks
                self._given_back.notify_all()


@dataclass(frozen=True)
class Sender:
    """Sends files into one bucket, for as long as one run lasts.

    Args:
        wire: The line to Cloud Storage.
        bucket: The bucket's name.
        library: A ``google.cloud.storage`` bucket on the same credentials, for resumable uploads.
        patience: How long each request is tried.
        cancel: Ends everything when set.
        buffers: Memory for files above ``SMALL``.
        large: How many files above ``LARGE`` go at once.
    """

    wire: Wire
    bucket: str
    library: Any
    patience: Patience
    cancel: threading.Event
    buffers: Buffers = field(default_factory=lambda: Buffers(BUFFERS, SMALL))
    large: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(LARGE_AT_ONCE))

    def stop(self) -> None:
        """Raise ``Cancelled`` when the run was interrupted."""
        if self.cancel.is_set():
            raise Cancelled

    def crc32c(self, source: Source, facts: Facts) -> str:
        """Return a file's checksum as Cloud Storage writes it."""
        return encode(checksum(source, facts, self.stop))

    def send(
        self,
        source: Source,
        facts: Facts,
        name: str,
        *,
        content_type: str,
        generation: int,
        on_bytes: Callable[[int], None],
    ) -> tuple[Stored, str | None]:
        """Send a file; return the object it became, and why browsers cannot show it where that is known.

        Args:
            source: The file.
            facts: What it was when the run began.
            name: The object's name.
            content_type: Its media type.
            generation: The version to replace, or 0 where none may be there.
            on_bytes: Told of bytes as they leave; less than 0 when they must be sent again.

        Raises:
            SourceFault: The file cannot be read, or changed.
            Taken: Something else is there.
            Corrupt: What arrived differs from what was sent.
            Refusal: The server refused.
            NoAnswer: The server does not answer.
        """
        if facts.size > LARGE:
            with self.large:
                return self._send_large(source, facts, name, content_type, generation, on_bytes)
        with self.buffers.of(facts.size if facts.size > SMALL else 0, self.cancel) as blocks:
            data = read_whole(source, facts, blocks)
            return self._send_small(source, facts, data, name, content_type, generation, on_bytes)

    def _send_small(
        self,
        source: Source,
        facts: Facts,
        data: Body,
        name: str,
        content_type: str,
        generation: int,
        on_bytes: Callable[[int], None],
    ) -> tuple[Stored, str | None]:
        # google_crc32c takes bytes alone; bytes of bytes are no copy.
        crc32c = encode(functools.reduce(lambda value, part: google_crc32c.extend(value, bytes(part)), data, 0))
        about = {"name": name, "contentType": content_type, "crc32c": crc32c}
        border = secrets.token_hex(16)
        head = (
            f"--{border}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(about)}\r\n"
            f"--{border}\r\nContent-Type: {content_type}\r\n\r\n"
        ).encode()
        reply = self.wire.call(
            "POST",
            f"/upload/storage/v1/b/{quote(self.bucket, safe='')}/o",
            {
                "uploadType": "multipart",
                "ifGenerationMatch": generation,
                "fields": "name,size,crc32c,generation",
            },
            body=(head, *data, f"\r\n--{border}--".encode()),
            content_type=f"multipart/related; boundary={border}",
            expect=frozenset({412}),
            cancel=self.cancel,
            patience=self.patience,
            on_bytes=on_bytes,
        )
        warning = warning_of(source, facts, name, data)
        if reply.status == 412:
            return self._ours_or_taken(name, facts.size, crc32c), warning
        return self._whole(Stored.from_resource(reply.json), name, facts.size, crc32c), warning

    def _send_large(
        self,
        source: Source,
        facts: Facts,
        name: str,
        content_type: str,
        generation: int,
        on_bytes: Callable[[int], None],
    ) -> tuple[Stored, str | None]:
        crc32c = self.crc32c(source, facts)
        blob = self.library.blob(name, chunk_size=CHUNK)
        # Sent with the first request, so that the server refuses bytes that changed since they were summed.
        blob.crc32c = crc32c
        fault: Exception | None = None
        with reading(source, facts) as file:
            warning = why_not_shown(name, facts.size, file)
            file.seek(0)
            try:
                blob.upload_from_file(
                    _Counted(file, self.stop, on_bytes),
                    size=facts.size,
                    content_type=content_type,
                    if_generation_match=generation,
                    checksum="crc32c",
                    timeout=60,
                    retry=DEFAULT_RETRY.with_timeout(self.patience.deadline).with_predicate(self._retried()),
                )
            except (Cancelled, SourceFault):
                raise
            except Exception as error:
                fault = error
        if fault is not None:
            answer = _from_library(fault, self.wire.identity.account)
            if isinstance(answer, Refusal) and answer.status == 412:
                return self._ours_or_taken(name, facts.size, crc32c), warning
            raise answer
        stored = look_up(self.wire, self.bucket, name, cancel=self.cancel, patience=self.patience)
        if stored is None:
            raise Corrupt
        return self._whole(stored, name, facts.size, crc32c), warning

    def _retried(self) -> Callable[[Exception], bool]:
        """Return what tells the library whether to try again; as the wire, it waits for no server that is off."""
        refused_since: float | None = None

        def is_passing(error: Exception) -> bool:
            nonlocal refused_since
            if not (self.wire.is_here and _is_refused(error)):
                refused_since = None
                return bool(DEFAULT_RETRY._predicate(error))
            now = self.patience.clock()
            refused_since = now if refused_since is None else refused_since
            return now - refused_since < self.patience.refused

        return is_passing

    def _ours_or_taken(self, name: str, size: int, crc32c: str) -> Stored:
        stored = look_up(self.wire, self.bucket, name, cancel=self.cancel, patience=self.patience)
        if stored is None or stored.size != size or stored.crc32c != crc32c:
            raise Taken(stored)
        return stored

    def _whole(self, stored: Stored, name: str, size: int, crc32c: str) -> Stored:
        if stored.size == size and stored.crc32c == crc32c:
            return stored
        with contextlib.suppress(Refusal, NoAnswer):
            self.wire.call(
                "DELETE",
                object_path(self.bucket, name),
                {"ifGenerationMatch": stored.generation},
                expect=frozenset({404, 412}),
                patience=self.patience,
            )
        raise Corrupt


def encode(crc32c: int) -> str:
    """Return a checksum as Cloud Storage writes it: base64 of four bytes, the highest first.

    Example:
        >>> encode(google_crc32c.value(b"123456789"))
        '4waSgw=='
    """
    return base64.b64encode(crc32c.to_bytes(4, "big")).decode("ascii")


def warning_of(source: Source, facts: Facts, name: str, data: Body = ()) -> str | None:
    """Return why browsers cannot show a file, where that is known.

    Args:
        source: The file; opened where what tells is deep inside.
        facts: Its size.
        name: The object's name.
        data: The file's bytes, where they are at hand; else its name alone may tell.
    """
    if needs_look(name):
        with contextlib.suppress(SourceFault, MemberFault, OSError), source.open() as file:
            return why_not_shown(name, facts.size, file)
    return why_not_shown(name, facts.size, io.BytesIO(data[0]) if data else None)


class _Counted:
    """A file that reports what is read, and stops when the run does; the library reads it chunk by chunk."""

    def __init__(self, file: IO[bytes], stop: Callable[[], None], on_bytes: Callable[[int], None]) -> None:
        self._file = file
        self._stop = stop
        self._on_bytes = on_bytes

    def read(self, size: int = -1) -> bytes:
        self._stop()
        data = self._file.read(size)
        self._on_bytes(len(data))
        return data

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, position: int, whence: int = 0) -> int:
        before = self._file.tell()
        after = self._file.seek(position, whence)
        if after < before:
            self._on_bytes(after - before)
        return after


def _is_refused(error: Exception) -> bool:
    """Whether requests failed since nothing listens; its text is the only other place that says so."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.exceptions.ConnectionError) and isinstance(
        reason, urllib3.exceptions.NewConnectionError
    )


def _from_library(error: Exception, account: str) -> Exception:
    response = getattr(error, "response", None)
    if isinstance(error, api_exceptions.RetryError) and error.cause is not None:
        return _from_library(error.cause, account)
    if response is not None and hasattr(response, "status_code"):
        return Refusal(response.status_code, response.content)
    if isinstance(error, api_exceptions.GoogleAPICallError) and error.code is not None:
        return Refusal(int(error.code), json.dumps({"error": {"message": error.message}}).encode())
    if isinstance(error, auth_exceptions.GoogleAuthError):
        return token_error(error, account)
    if _is_refused(error):
        return NoAnswer("nothing accepts connections there", refused=True)
    if isinstance(error, (requests.exceptions.RequestException, OSError)):
        return NoAnswer("the connection broke")
    # DataCorruption, and what the library's readers raise for a file that ends early.
    return Corrupt()
