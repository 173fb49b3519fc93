"""A small honest Cloud Storage: enough of the JSON API to upload to, and it misbehaves on command.

It checks what the real one checks (CRC32C, generations, metagenerations, ranges of resumable uploads) and keeps a
log, so that tests can count requests.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import socket
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import google_crc32c

BUCKET = "media"


@dataclass
class Item:
    data: bytes
    generation: int
    content_type: str
    crc32c: str


@dataclass(frozen=True)
class Asked:
    """One request: its kind (bucket, cors, list, look, upload, begin, chunk, delete), its object, its body's bytes."""

    kind: str
    name: str
    size: int


@dataclass
class Session:
    name: str
    about: dict[str, Any]
    precondition: int | None
    data: bytearray = field(default_factory=bytearray)


Act = Callable[["Handler", Asked], bool]
"""Does something instead of answering (returns True), or only watches (returns False)."""


class SmallStore(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.RLock()
        self.items: dict[str, Item] = {}
        self.cors: list[dict[str, Any]] = []
        self.metageneration = 1
        self.generation = 1000
        self.sessions: dict[str, Session] = {}
        self.log: list[Asked] = []
        self.acts: dict[tuple[str, str], list[Act]] = defaultdict(list)
        self.always: dict[tuple[str, str], Act] = {}
        self.watch: Callable[[Asked], None] = lambda asked: None
        self.forbidden: dict[str, str] = {}
        self.connections: list[socket.socket] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    def end(self) -> None:
        """Stop, and cut every connection that is still open."""
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def count(self, kind: str, name: str | None = None) -> int:
        return sum(1 for asked in self.log if asked.kind == kind and name in (None, asked.name))

    def put(self, name: str, data: bytes, content_type: str = "text/plain") -> Item:
        with self.lock:
            self.generation += 1
            self.items[name] = Item(data, self.generation, content_type, checksum(data))
            return self.items[name]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is what the tests are about."""


def checksum(data: bytes) -> str:
    return base64.b64encode(google_crc32c.value(bytes(data)).to_bytes(4, "big")).decode()


def answer(status: int, reason: str = "backendError", message: str = "", **headers: str) -> Act:
    def act(handler: Handler, asked: Asked) -> bool:
        body = {"error": {"code": status, "message": message, "errors": [{"reason": reason}]}}
        handler.reply(status, body, {key.replace("_", "-"): value for key, value in headers.items()})
        return True

    return act


def cut(handler: Handler, asked: Asked) -> bool:
    """End the connection in the middle of the request's body."""
    handler.is_cut = True
    handler.drop()
    return True


def lose(handler: Handler, asked: Asked) -> bool:
    """Do what is asked, and end the connection before the reply."""
    handler.is_mute = True
    return False


def garble(handler: Handler, asked: Asked) -> bool:
    """Keep other bytes than those that came, as a broken disk would."""
    handler.garbles = True
    return False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: SmallStore
    is_mute = False
    is_cut = False
    garbles = False

    def log_message(self, format: str, *args: Any) -> None: ...

    def drop(self) -> None:
        self.close_connection = True
        self.connection.close()

    def reply(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        if self.is_mute:
            self.drop()
            return
        data = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status: int, message: str = "", reason: str = "") -> None:
        answer(status, reason, message)(self, Asked("", "", 0))

    def do_any(self) -> None:
        self.is_mute = self.garbles = False
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        length = int(self.headers.get("Content-Length") or 0)
        kind = self.kind(url.path, query)
        object_name = unquote(url.path.split("/o/", 1)[1]) if "/o/" in url.path else query.get("name", "")
        if kind in {"upload", "begin"}:
            # The name is in the body's first part, so one slice of it is read before acting.
            head = self.rfile.read(min(length, 8192))
            about = json.JSONDecoder().raw_decode(head.decode("utf-8", "replace"), head.index(b"{"))[0]
            object_name = about.get("name", object_name)
        else:
            head, about = b"", {}
        if kind == "chunk":
            object_name = self.server.sessions[query["upload_id"]].name
        asked = Asked(kind, object_name, length)
        with self.server.lock:
            self.server.log.append(asked)
            acts = self.server.acts[kind, object_name] or self.server.acts[kind, "*"]
            act = acts.pop(0) if acts else self.server.always.get((kind, object_name))
        self.server.watch(asked)
        if act is cut:
            cut(self, asked)
            return
        body = head + self.rfile.read(length - len(head))
        if len(body) < length:
            self.drop()
            return
        if act is not None and act(self, asked):
            return
        permission = self.server.forbidden.get(kind)
        if permission:
            self.refuse(403, f"lsnb@x does not have {permission} access to the resource.", "forbidden")
            return
        with self.server.lock:
            getattr(self, f"on_{kind}")(object_name, query, body, about)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any

    def kind(self, path: str, query: dict[str, str]) -> str:
        if path.startswith("/upload/"):
            if query.get("uploadType") == "multipart":
                return "upload"
            return "chunk" if "upload_id" in query else "begin"
        if "/o/" in path:
            return "delete" if self.command == "DELETE" else "look"
        if path.endswith("/o"):
            return "list"
        return "cors" if self.command == "PATCH" else "bucket"

    def on_bucket(self, name: str, query: dict[str, str], body: bytes, about: Any) -> None:
        if urlsplit(self.path).path.rsplit("/", 1)[1] != BUCKET:
            self.refuse(404, "The specified bucket does not exist.", "notFound")
            return
        fields = {"name": BUCKET, "metageneration": str(self.server.metageneration), "cors": self.server.cors}
        self.reply(200, fields)

    def on_cors(self, name: str, query: dict[str, str], body: bytes, about: Any) -> None:
        if query.get("ifMetagenerationMatch") != str(self.server.metageneration):
            self.refuse(412, reason="conditionNotMet")
            return
        self.server.cors = json.loads(body)["cors"]
        self.server.metageneration += 1
        self.reply(200, {"cors": self.server.cors})

    def on_list(self, name: str, query: dict[str, str], body: bytes, about: Any) -> None:
        start = max(query.get("startOffset", ""), query.get("pageToken", ""), key=lambda text: text.encode())
        end = query.get("endOffset")
        names = sorted(self.server.items, key=lambda text: text.encode())
        names = [n for n in names if n.encode() >= start.encode() and (not end or n.encode() < end.encode())]
        names = [n for n in names if n.startswith(query.get("prefix", ""))]
        most = int(query.get("maxResults", 1000))
        page: dict[str, Any] = {"items": [self.resource(n) for n in names[:most]]}
        if len(names) > most:
            page["nextPageToken"] = names[most]
        self.reply(200, page)

    def on_look(self, name: str, query: dict[str, str], body: bytes, about: Any) -> None:
        if name in self.server.items:
            self.reply(200, self.resource(name))
        else:
            self.refuse(404, "No such object", "notFound")

    def on_delete(self, name: str, query: dict[str, str], body: bytes, about: Any) -> None:
        if self.is_refused(name, query.get("ifGenerationMatch")):
            return
        self.server.items.pop(name, None)
        self.reply(204)

    def on_upload(self, name: str, query: dict[str, str], body: bytes, about: Any) -> None:
        border = re.search(r"boundary=(\S+)", self.headers["Content-Type"]).group(1).encode()  # type: ignore[union-attr]
        part = body.split(b"--" + border, 2)[2]
        data = part.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--" + border, 1)[0]
        self.keep(name, query.get("ifGenerationMatch"), data, about)

    def on_begin(self, name: str, query: dict[str, str], body: bytes, about: Any) -> None:
        about = json.loads(body)
        wanted = query.get("ifGenerationMatch")
        if self.is_refused(about["name"], wanted):
            return
        token = str(len(self.server.sessions))
        self.server.sessions[token] = Session(about["name"], about, int(wanted) if wanted else None)
        place = f"{self.server.endpoint}/upload/storage/v1/b/{BUCKET}/o?uploadType=resumable&upload_id={token}"
        self.reply(200, {}, {"Location": place})

    def on_chunk(self, name: str, query: dict[str, str], body: bytes, about: Any) -> None:
        session = self.server.sessions[query["upload_id"]]
        span, total = self.headers["Content-Range"].removeprefix("bytes ").split("/")
        if span != "*":
            first = int(span.split("-")[0])
            if first > len(session.data):
                self.refuse(503)
                return
            session.data[first:] = body
        if total == "*" or len(session.data) < int(total):
            headers = {"Range": f"bytes=0-{len(session.data) - 1}"} if session.data else {}
            self.reply(308, None, headers)
            return
        wanted = None if session.precondition is None else str(session.precondition)
        self.keep(name, wanted, bytes(session.data), session.about)

    def keep(self, name: str, precondition: str | None, data: bytes, about: dict[str, Any]) -> None:
        if self.is_refused(name, precondition):
            return
        if "crc32c" in about and about["crc32c"] != checksum(data):
            self.refuse(400, "Provided CRC32C does not match the calculated one.", "invalid")
            return
        if self.garbles:
            data = data[::-1]
        self.server.put(name, data, about.get("contentType", ""))
        self.reply(200, self.resource(name))

    def is_refused(self, name: str, precondition: str | None) -> bool:
        there = self.server.items.get(name)
        if precondition is not None and int(precondition) != (there.generation if there else 0):
            self.refuse(412, "At least one of the pre-conditions you specified did not hold.", "conditionNotMet")
            return True
        return False

    def resource(self, name: str) -> dict[str, Any]:
        item = self.server.items[name]
        return {
            "name": name,
            "size": str(len(item.data)),
            "crc32c": item.crc32c,
            "generation": str(item.generation),
            "contentType": item.content_type,
        }
