"""Waiting for a server tells apart what answers, what ended, and what answers elsewhere."""

from __future__ import annotations

import http.server
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsnb.errors import LocalStackError
from lsnb.local.processes import (
    EndedError,
    PortTakenError,
    end,
    find,
    free_port,
    log_of,
    spawn,
    strays,
    wait_until_ready,
)
from lsnb.stack import Process

Serve = Callable[..., Process]

SERVER = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    def start(code: str = SERVER, *, told: int, listens: int | None = None) -> Process:
        command = [sys.executable, "-c", code, str(told if listens is None else listens)]
        return spawn("server", command, folder=tmp_path, environment=dict(os.environ), port=told)

    yield start
    end(strays(tmp_path))
    assert strays(tmp_path) == []


def wait(process: Process, folder: Path, *, deadline: float = 30) -> None:
    wait_until_ready(process, f"http://127.0.0.1:{process.port}/", folder=folder, deadline=deadline)


def test_answers(serve: Serve, tmp_path: Path) -> None:
    process = serve(told=free_port())
    wait(process, tmp_path)
    running = find(process, tmp_path)
    assert running is not None
    assert running.pid == process.pid
    end([running])
    assert find(process, tmp_path) is None


def test_ended(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(EndedError, match=r"^server ended while starting; the log is .*server\.log\.$"):
        wait(serve("raise SystemExit('no such setting')", told=free_port()), tmp_path)
    assert "no such setting" in log_of(tmp_path, "server").read_text()
    with pytest.raises(EndedError, match=r"disk that holds .* is full"):
        wait(serve("raise OSError(28, 'No space left on device')", told=free_port()), tmp_path)


def test_never_answers(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match=r"^server did not answer within 0 s; the log is"):
        wait(serve("import threading; threading.Event().wait()", told=free_port()), tmp_path, deadline=0)


def test_moved_to_another_port_by_itself(serve: Serve, tmp_path: Path) -> None:
    told = free_port()
    with pytest.raises(PortTakenError):
        wait(serve(told=told, listens=free_port(taken=[told])), tmp_path)


def test_somebody_else_answers_on_its_port(serve: Serve, tmp_path: Path) -> None:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(PortTakenError):
            wait(serve("import threading; threading.Event().wait()", told=other.server_port), tmp_path)
        ended = serve(told=other.server_port)  # says "Address already in use"
        while find(ended, tmp_path) is not None:
            pass
        with pytest.raises(PortTakenError):
            wait(ended, tmp_path)
        other.shutdown()


def test_recycled_id_is_not_ours(serve: Serve, tmp_path: Path) -> None:
    process = serve(told=free_port())
    wait(process, tmp_path)
    older = Process(process.name, process.pid, process.created - 60, process.port)
    assert find(older, tmp_path) is None
    assert find(process, tmp_path / "elsewhere") is None
    assert find(Process("server", os.getpid(), process.created, 1), tmp_path) is None


def test_what_ignores_a_request_to_end_is_killed_with_its_children(serve: Serve, tmp_path: Path) -> None:
    code = (
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait()'])\n"
        f"{SERVER}"
    )
    process = serve(code, told=free_port())
    wait(process, tmp_path)
    found = strays(tmp_path)
    assert len(found) == 2
    end(found, patience=0.2)
    assert strays(tmp_path) == []


def test_free_port_prefers_and_avoids() -> None:
    port = free_port()
    assert free_port(port) == port
    assert free_port(port, taken=[port]) != port
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as other:
        assert free_port(other.server_port) != other.server_port
