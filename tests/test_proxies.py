"""Proxies and certificates of the user's settings: none for this computer, sentences for others."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

import lsnb
from lsnb.bucket import open_bucket_at
from lsnb.bucket.wire import session_for
from lsnb.errors import BucketUnreachableError, StudioUnreachableError
from lsnb.kernel.secrecy import is_here
from lsnb.stack import Stack

SECRET = "0123456789abcdef0123456789abcdef01234567"
REMOTE = "http://labelstudio.test"  # no such name: only a proxy can know it
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Forward:
    """A forward proxy that knows one name, and remembers what it was asked and shown."""

    def __init__(self, target: str) -> None:
        self.asked: list[tuple[str, str]] = []
        forward = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                forward.asked.append((self.path, self.headers.get("Authorization", "")))
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.removeprefix(REMOTE)
                kept = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
                with httpx.Client(trust_env=False, timeout=60) as client:
                    answer = client.request(self.command, target + path, headers=kept, content=body)
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST = do_CONNECT = handle_any

            def log_message(self, *args: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def forward(stack: Stack) -> Iterator[Forward]:
    made = Forward(stack.url)
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def test_a_remote_server_is_reached_through_the_proxy_and_a_local_one_is_not(
    stack: Stack, forward: Forward, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, forward.url)
    assert lsnb.connect(REMOTE, stack.api_key).user == stack.username
    assert forward.asked
    assert all(path.startswith(REMOTE) for path, _ in forward.asked)
    forward.asked.clear()
    local = lsnb.connect("local")
    assert local.user == stack.username
    assert lsnb.connect(stack.url.replace("127.0.0.1", "localhost"), stack.api_key).studies() is not None
    assert lsnb.open_bucket("local").cors is not None
    # The library's own client asks for tokens of its own.
    bucket = lsnb.open_bucket("local")
    assert bucket._library().reload() is None
    assert lsnb.config_builder(name="behind a proxy") is not None
    assert forward.asked == []


def test_a_name_with_dots_that_leads_here_needs_no_proxy(
    stack: Stack, forward: Forward, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def listed(host: Any, *more: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return look_up("127.0.0.1" if name == "ls.lab.test" else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", listed)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, forward.url)
    assert lsnb.connect(stack.url.replace("127.0.0.1", "ls.lab.test"), stack.api_key).user == stack.username
    assert not session_for("http://ls.lab.test:1").trust_env
    assert session_for("http://other.lab.test:1").trust_env
    assert forward.asked == []
    assert not is_here("http://ls.lab.test:1")  # no record of a stack is trusted for such a name


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"},
        {"ALL_PROXY": "socks5://127.0.0.1:9", "all_proxy": "socks5://127.0.0.1:9"},
        {"SSL_CERT_FILE": "/nonexistent.pem"},
    ],
    ids=["http", "socks", "certificates"],
)
def test_a_kernel_with_such_settings_connects_here(stack: Stack, settings: dict[str, str]) -> None:
    code = "import lsnb; print(lsnb.connect('local')); print(lsnb.open_bucket('local'))"
    ran = subprocess.run([sys.executable, "-c", code], env={**os.environ, **settings}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert f"Studio('{stack.url}'" in ran.stdout
    assert "Bucket('gs://" in ran.stdout


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "gopher"])
@pytest.mark.parametrize("name", ["ALL_PROXY", "HTTPS_PROXY", "all_proxy", "https_proxy"])
def test_a_proxy_that_cannot_be_used_is_a_sentence(monkeypatch: pytest.MonkeyPatch, scheme: str, name: str) -> None:
    monkeypatch.setenv(name, f"{scheme}://127.0.0.1:9")
    with pytest.raises(StudioUnreachableError, match=r"The settings for https://ls\.example\.org name .*NO_PROXY"):
        lsnb.connect("https://ls.example.org", SECRET)
    with pytest.raises(BucketUnreachableError, match=r"name a proxy that is none for http.*NO_PROXY"):
        open_bucket_at("media", credentials=_Anybody())


def test_a_proxy_that_does_not_answer_is_named_by_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(StudioUnreachableError, match=r"https://ls\.example\.org.*check HTTPS_PROXY, too") as caught:
            lsnb.connect("https://ls.example.org", SECRET)
    assert SECRET not in str(caught.value)


def test_an_exception_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "::1,10.0.0.0/8,fe80::/10,.example.com")
    with pytest.raises(StudioUnreachableError, match="NO_PROXY names fe80::/10, which is no host's name"):
        lsnb.connect("https://ls.example.org", SECRET)


def test_certificates_that_are_not_there_are_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent.pem")
    with pytest.raises(StudioUnreachableError, match=r"SSL_CERT_FILE names /nonexistent\.pem, and there is no such"):
        lsnb.connect("https://ls.example.org", SECRET)
    (tmp_path / "empty.pem").write_text("nothing")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty.pem"))
    with pytest.raises(StudioUnreachableError, match="holds no certificates"):
        lsnb.connect("https://ls.example.org", SECRET)
    with pytest.raises(StudioUnreachableError, match="No Label Studio answers"):
        lsnb.connect("http://127.0.0.1:9", SECRET)  # nothing here hangs on them
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent.pem")
    with pytest.raises(BucketUnreachableError, match="REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names /nonexistent"):
        open_bucket_at("media", credentials=_Anybody())


class _Anybody:
    """Google credentials that are asked for nothing before the line stands."""

    valid = True
    service_account_email = "kit@p.iam.gserviceaccount.com"

    def before_request(self, *args: Any) -> None:
        """Be taken for google-auth's."""

    def apply(self, headers: dict[str, str]) -> None:
        headers["Authorization"] = "Bearer ya29.x"
