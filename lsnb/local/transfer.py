"""Bytes and what is said of them, on their way into the embedded bucket and out of it: what both its APIs use.

Bodies pass in pieces, both ways. An upload that was begun is known by an address that nobody can guess.
"""

from __future__ import annotations

import asyncio
import base64
import errno
import re
import secrets
import socket
import time
import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, BinaryIO
from urllib.parse import unquote

from aiohttp import web

from lsnb.local.objects import Conditions, Incoming, Objects, StoredObject, StoreFault

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

LARGEST_BODY = 4 * 1024 * 1024  # of what is no object
PIECE = 256 * 1024
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MOST_UPLOADS = 4096
_ENOUGH_HANDLES = 8192
_PATIENCE = 60.0  # seconds without a byte after which a client is gone
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass
class Upload:
    """A resumable upload that was begun.

    Args:
        bucket: Where it goes.
        name: The object's name.
        about: What is said of the object.
        conditions: What must hold when it is whole.
        incoming: The bytes so far.
        done: The object, once it is whole.
        lock: Held while a piece comes in.
    """

    bucket: str
    name: str
    about: Mapping[str, Any]
    conditions: Conditions
    incoming: Incoming
    done: StoredObject | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def received(self) -> int:
        """How many bytes are here, from the object's start."""
        return self.incoming.size

    @property
    def headers(self) -> dict[str, str]:
        """The header that says how far it got."""
        return {"Range": f"bytes=0-{self.received - 1}"} if self.received else {}


@dataclass
class Parts:
    """An upload in parts, as the XML API has it.

    Args:
        bucket: Where it goes.
        name: The object's name.
        about: What is said of the object.
        parts: Number → its bytes.
    """

    bucket: str
    name: str
    about: Mapping[str, Any]
    parts: dict[int, Incoming] = field(default_factory=dict)


class Uploads:
    """The uploads that were begun, the oldest of which are forgotten where there are too many."""

    def __init__(self) -> None:
        self._begun: OrderedDict[str, Upload | Parts] = OrderedDict()

    def remember(self, upload: Upload | Parts) -> str:
        """Keep an upload and return the secret by which it is known."""
        upload_id = secrets.token_urlsafe(32)
        self._begun[upload_id] = upload
        while len(self._begun) > _MOST_UPLOADS:
            self.forget(next(iter(self._begun)))
        return upload_id

    def get(self, upload_id: str) -> Upload | Parts | None:
        """Return the upload that is known by this, or None."""
        return self._begun.get(upload_id)

    def forget(self, upload_id: str) -> None:
        """Take an upload away, with what came of it."""
        upload = self._begun.pop(upload_id, None)
        if upload is not None:
            for incoming in [upload.incoming] if isinstance(upload, Upload) else upload.parts.values():
                incoming.discard()


def patience() -> asyncio.Timeout:
    """Return for how long a client may say nothing."""
    return asyncio.timeout(_PATIENCE)


async def receive(
    objects: Objects,
    bucket: str,
    name: str,
    about: Mapping[str, Any],
    pieces: AsyncIterator[bytes],
    conditions: Conditions,
) -> StoredObject:
    """Make an object of what comes in, or leave nothing."""
    objects.bucket(bucket)
    incoming = objects.receive()
    try:
        async for piece in pieces:
            incoming.write(piece)
        return await keep(objects, bucket, name, about, incoming, conditions)
    finally:
        incoming.discard()


async def keep(
    objects: Objects,
    bucket: str,
    name: str,
    about: Mapping[str, Any],
    incoming: Incoming,
    conditions: Conditions,
) -> StoredObject:
    """Make an object of bytes that came in, once the disk holds them, if they are those that were meant."""
    for word, is_so in (("crc32c", incoming.crc32c), ("md5Hash", incoming.md5)):
        if about.get(word) not in (None, is_so):
            raise StoreFault(400, "invalid", f"Provided {word} {about[word]!r} is not that of the bytes: {is_so!r}.")
    await asyncio.to_thread(incoming.sync)
    return objects.put(bucket, name, incoming, about, conditions)


async def send(
    objects: Objects, request: web.Request, found: StoredObject, shared: dict[str, str]
) -> web.StreamResponse:
    """Send an object's bytes, or the range of them that was asked for."""
    headers = {**object_headers(found), **shared}
    if "response-content-disposition" in request.query:
        headers["Content-Disposition"] = one_line(request.query["response-content-disposition"])
    if "response-content-type" in request.query:
        headers["Content-Type"] = one_line(request.query["response-content-type"])
    # A space of another kind makes it a type that browsers guess anew.
    if headers["Content-Type"].strip(" \t").lower() != "application/pdf":
        # A page or a drawing of a stranger's would else run with the cookies of every server on this computer's name.
        # PDF is spared, whose viewer takes no such rule, where nothing else is said: of "application/pdf;,text/html"
        # a browser believes the last.
        headers["Content-Security-Policy"] = "sandbox allow-scripts"
    if request.headers.get("If-None-Match", "").strip('W/"') == found.etag:
        return web.Response(status=304, headers=headers)
    with objects.open(found) as file:
        if found.about.get("contentEncoding") == "gzip" and "gzip" not in request.headers.get("Accept-Encoding", ""):
            return await _send_unpacked(request, file, headers)
        first, last, status = _range(request.headers.get("Range"), found.size)
        if status == 416:
            headers["Content-Range"] = f"bytes */{found.size}"
            return web.Response(status=416, headers={**headers, "Content-Length": "0"})
        if status == 206:
            headers["Content-Range"] = f"bytes {first}-{last}/{found.size}"
        left = last - first + 1
        response = web.StreamResponse(status=status, headers={**headers, "Content-Length": str(left)})
        await response.prepare(request)
        if request.method != "HEAD":
            file.seek(first)
            while left > 0 and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                async with patience():
                    await response.write(piece)
        await response.write_eof()
        return response


async def _send_unpacked(request: web.Request, file: BinaryIO, headers: dict[str, str]) -> web.StreamResponse:
    """Send what is kept packed to a client that cannot unpack it, as the service does ("Transcoding of gzip files")."""
    plain = {name: value for name, value in headers.items() if name not in ("Content-Encoding", "Content-Length")}
    response = web.StreamResponse(headers=plain)
    await response.prepare(request)
    unpack = zlib.decompressobj(wbits=31)
    if request.method != "HEAD":
        with suppress(zlib.error):
            while not unpack.eof and (piece := unpack.unconsumed_tail or file.read(PIECE)):
                if unpacked := unpack.decompress(piece, PIECE):
                    async with patience():
                        await response.write(unpacked)
    await response.write_eof()
    return response


async def pieces_of(request: web.Request) -> AsyncIterator[bytes]:
    """Give a body's bytes as they come; a client that stops sending is gone."""
    stream = request.content
    while True:
        async with patience():
            piece = await stream.readany()
        if not piece:
            return
        yield piece


async def drain(request: web.Request) -> None:
    """Read a body of which nothing is wanted."""
    async for _ in pieces_of(request):
        pass


def _range(text: str | None, size: int) -> tuple[int, int, int]:
    """Return the first and last byte that is asked for, and the status to answer with.

    Example:
        >>> _range("bytes=2-", 10), _range("bytes=-3", 10), _range("bytes=10-", 10), _range("lines=1-2", 10)
        ((2, 9, 206), (7, 9, 206), (0, -1, 416), (0, 9, 200))
    """
    match = _RANGE.fullmatch(text.strip()) if text else None
    if match is None or match.groups() == ("", ""):
        return 0, size - 1, 200
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - int(last)), size - 1
    else:
        start, stop = int(first), min(int(last) if last else size - 1, size - 1)
        if last and int(last) < int(first):
            return 0, size - 1, 200
    return (start, stop, 206) if start <= stop else (0, -1, 416)


def object_headers(found: StoredObject) -> dict[str, str]:
    """Return the headers that come with an object's bytes."""
    about = found.about
    hashes = f"crc32c={found.crc32c}" + (f",md5={found.md5}" if found.md5 else "")
    headers = {
        "Content-Type": found.media_type,
        "Accept-Ranges": "bytes",
        "ETag": f'"{found.etag}"',
        "Last-Modified": formatdate(found.updated / 1e6, usegmt=True),
        "Cache-Control": about.get("cacheControl") or "private, max-age=0",
        "Content-Disposition": about.get("contentDisposition"),
        "Content-Encoding": about.get("contentEncoding"),
        "Content-Language": about.get("contentLanguage"),
        "X-Goog-Generation": str(found.generation),
        "X-Goog-Metageneration": str(found.metageneration),
        "X-Goog-Hash": hashes,
        "X-Goog-Storage-Class": "STANDARD",
        "X-Goog-Stored-Content-Encoding": about.get("contentEncoding") or "identity",
        "X-Goog-Stored-Content-Length": str(found.size),
    }
    return {name: one_line(str(value)) for name, value in headers.items() if value}


def hashes_said(headers: Mapping[str, str], about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checksums that a client says its bytes have."""
    found = {word: about[word] for word in ("crc32c", "md5Hash") if about.get(word)}
    for part in headers.get("X-Goog-Hash", "").split(","):
        name, _, value = part.strip().partition("=")
        if name in ("crc32c", "md5") and value:
            found["crc32c" if name == "crc32c" else "md5Hash"] = value
    if "Content-MD5" in headers:
        found["md5Hash"] = headers["Content-MD5"]
    return found


def one_line(text: str) -> str:
    """Return a text as a header may hold it."""
    return "".join(each if each >= " " and each != "\x7f" and not is_broken(each) else " " for each in text)


def is_broken(text: str) -> bool:
    """Return whether a text holds half of a character, which nothing can be sent with."""
    return any("\ud800" <= each <= "\udfff" for each in text)


def text_of(part: str) -> str:
    """Return what a part of an address says, of which a name is made."""
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        raise StoreFault(400, "invalid", "A name is no UTF-8.") from None


def number_of(values: Mapping[str, str], name: str) -> int | None:
    """Return a whole number out of a query or headers, or None where it is not given."""
    text = values.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise StoreFault(400, "invalid", f"Invalid value for {name}.")
    return int(text)


def conditions_of(query: Mapping[str, str], word: str = "if") -> Conditions:
    """Return the preconditions of a request of the JSON API."""
    return Conditions(
        number_of(query, f"{word}GenerationMatch"),
        number_of(query, f"{word}GenerationNotMatch"),
        number_of(query, f"{word}MetagenerationMatch"),
        number_of(query, f"{word}MetagenerationNotMatch"),
    )


def any_origin(origin: str) -> dict[str, str]:
    """Return the headers by which a page of this origin may read an answer of the JSON API."""
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {}


def token_of(last: str) -> str:
    """Return the token by which a listing goes on behind a name."""
    return base64.urlsafe_b64encode(last.encode()).decode()


def from_token(token: str) -> str:
    """Return the name behind which a listing goes on."""
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise StoreFault(400, "invalid", "Invalid page token.") from None


class Door:
    """Who is let in: everybody, until there are so many that those who showed nothing yet make room.

    Every user of the computer may connect, and who holds all the connections that the system gives a process would
    shut its owner out.

    Args:
        most: How many connections are open at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[Any] = set()

    def welcome(self, connection: Any) -> None:
        """Note that somebody who may ask did so on a connection."""
        self._known.add(connection)

    async def open(self, server: Any, listener: socket.socket) -> asyncio.Server:
        """Let clients in, and return what closes the door.

        Args:
            server: What makes something of each connection.
            listener: Where they come.
        """

        def let_in() -> Any:
            self._make_room(server.connections)
            return server()

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_log_what_is_no_stranger_s)
        backlog = max(16, min(1024, self._most // 2))  # so many are taken at once
        return await loop.create_server(let_in, sock=listener, backlog=backlog)

    def _make_room(self, connections: list[Any]) -> None:
        self._known.intersection_update(connections)
        if len(connections) < self._most:
            return
        for each in connections:  # the oldest first
            if each not in self._known and each.transport is not None and not each.transport.is_closing():
                each.transport.abort()
                return


def _log_what_is_no_stranger_s(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log a fault, but not that there are no handles for more connections: who opens them would fill the disk."""
    if getattr(context.get("exception"), "errno", None) not in (errno.EMFILE, errno.ENFILE):
        loop.default_exception_handler(context)


def handles_at_most() -> int:
    """Let this process hold as many files and connections as it may, within reason, and return how many those are."""
    if resource is None:
        return 512  # as many as Windows takes of each
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH_HANDLES if hard == resource.RLIM_INFINITY else min(_ENOUGH_HANDLES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return wanted if soft == resource.RLIM_INFINITY else min(soft, _ENOUGH_HANDLES)


async def let_go(server: Any) -> None:
    """Close connections on which no first request came for a while; those after it aiohttp closes itself."""
    seen: dict[Any, float] = {}
    while True:
        await asyncio.sleep(_PATIENCE / 4)
        now = time.monotonic()
        open_now = {each for each in server.connections if getattr(each, "_current_request", None) is None}
        seen = {each: seen.get(each, now) for each in open_now if getattr(each, "_keepalive_handle", None) is None}
        for each, since in seen.items():
            if now - since > _PATIENCE and each.transport is not None:
                each.transport.abort()
