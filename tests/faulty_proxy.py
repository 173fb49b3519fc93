"""An honest HTTP proxy that breaks on command: fault injection between lsnb and a real server."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import httpx

# An answer of the proxy's own: status, headers, content.
Answer = tuple[int, dict[str, str], bytes]
Fate = Literal["pass", "refuse", "cut", "lose reply"] | Answer
# Reading the machine's certificates anew for each request would take longer than the request.
CERTIFICATES = ssl.create_default_context()
HOP = {"transfer-encoding", "content-encoding", "content-length", "connection", "host", "date", "server"}


class FaultyProxy:
    """Forward to a server; ``fate(method, path, n)`` decides about the n-th request (from 1).

    ``refuse`` answers 503, ``cut`` closes before the server hears of it, ``lose reply`` closes after it did; an
    ``Answer`` is given in the server's place.
    ``answered(method, path)`` is told of each before its answer goes on.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.fate: Callable[[str, str, int], Fate] = lambda method, path, n: "pass"
        self.answered: Callable[[str, str], None] = lambda method, path: None
        # What the server gets to see of a request's content.
        self.bend: Callable[[str, str, bytes], bytes] = lambda method, path, body: body
        # How many seconds its clock is ahead of the server's.
        self.ahead = 0.0
        self.requests: list[tuple[str, str]] = []
        self.authorizations: list[str] = []
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                proxy._handle(self)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string((time.time() if timestamp is None else timestamp) + proxy.ahead)

            def log_message(self, *args: object) -> None:
                """Stay quiet: the test reads ``requests``."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def reset(self) -> None:
        """Forget the count, and pass everything."""
        with self._lock:
            self.requests.clear()
            self.fate = lambda method, path, n: "pass"
            self.bend = lambda method, path, body: body

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.requests.append((handler.command, handler.path))
            self.authorizations.append(handler.headers.get("Authorization", ""))
            fate = self.fate(handler.command, handler.path, len(self.requests))
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if fate == "cut":
            handler.close_connection = True
            handler.connection.close()
            self.answered(handler.command, handler.path)
            return
        if fate == "refuse":
            fate = (503, {}, b"")
        if isinstance(fate, tuple):
            status, own, content = fate
            self.answered(handler.command, handler.path)
            handler.send_response(status)
            for name, value in {**own, "Content-Length": str(len(content))}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(content)
            return
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in HOP}
        answer = httpx.request(
            handler.command,
            self.target + handler.path,
            headers=headers,
            content=self.bend(handler.command, handler.path, body),
            timeout=120,
            verify=CERTIFICATES,
        )
        self.answered(handler.command, handler.path)
        if fate == "lose reply":
            handler.close_connection = True
            handler.connection.close()
            return
        handler.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in HOP:
                handler.send_header(name, value.replace(self.target, self.url))
        handler.send_header("Content-Length", str(len(answer.content)))
        handler.end_headers()
        handler.wfile.write(answer.content)


@contextmanager
def faulty_proxy(target: str) -> Iterator[FaultyProxy]:
    """Run a proxy before ``target`` for the length of a ``with``."""
    proxy = FaultyProxy(target)
    thread = threading.Thread(target=proxy.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.server.shutdown()
        proxy.server.server_close()
        thread.join()
