"""Connecting: what a student reads when the address or the key is wrong."""

from __future__ import annotations

import base64
import gzip
import html
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from faulty_proxy import faulty_proxy
from signing_in import sign_in

import lsnb
from lsnb.errors import InputError, StudioAuthError, StudioError, StudioUnreachableError
from lsnb.stack import Stack
from lsnb.studio import Server, connection
from lsnb.study import Studio, Study

SECRET = "0123456789abcdef0123456789abcdef01234567"


class Settings:
    """The organisation's switches for the two kinds of key, thrown from a signed-in browser's session."""

    def __init__(self, stack: Stack) -> None:
        self.client = httpx.Client(base_url=stack.url)
        for cookie in sign_in(stack):
            self.client.cookies.set(cookie["name"], cookie["value"])

    def allow(self, *, personal: bool, legacy: bool) -> None:
        answer = self.client.post(
            "/api/jwt/settings",
            json={"api_tokens_enabled": personal, "legacy_api_tokens_enabled": legacy},
            headers={"X-CSRFToken": self.client.cookies["csrftoken"], "Referer": str(self.client.base_url)},
        )
        answer.raise_for_status()


@pytest.fixture
def settings(stack: Stack) -> Iterator[Settings]:
    settings = Settings(stack)
    yield settings
    settings.allow(personal=True, legacy=True)
    settings.client.close()


@pytest.fixture(scope="module")
def personal_token(stack: Stack) -> str:
    answer = httpx.post(f"{stack.url}/api/token/", headers={"Authorization": f"Token {stack.api_key}"})
    answer.raise_for_status()
    return str(answer.json()["token"])


def test_connects_with_both_kinds_of_key(stack: Stack, personal_token: str) -> None:
    for key in (stack.api_key, personal_token):
        studio = lsnb.connect(stack.url, key)
        assert studio.user == stack.username
        assert studio.release.startswith("1.")
        assert key not in repr(studio) + studio._repr_html_()


def test_a_server_with_personal_tokens_only(stack: Stack, settings: Settings, personal_token: str) -> None:
    settings.allow(personal=True, legacy=False)
    assert lsnb.connect(stack.url, personal_token).user == stack.username
    with pytest.raises(StudioAuthError, match="no longer takes legacy tokens") as caught:
        lsnb.connect(stack.url, stack.api_key)
    assert stack.api_key not in str(caught.value)


def test_a_server_with_legacy_tokens_only(stack: Stack, settings: Settings, personal_token: str) -> None:
    settings.allow(personal=False, legacy=True)
    assert lsnb.connect(stack.url, stack.api_key).user == stack.username
    with pytest.raises(StudioAuthError, match="legacy tokens only") as caught:
        lsnb.connect(stack.url, personal_token)
    assert personal_token not in str(caught.value)


def test_a_wrong_key(stack: Stack) -> None:
    with pytest.raises(StudioAuthError, match="does not accept this key") as caught:
        lsnb.connect(stack.url, SECRET)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_nothing_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(StudioUnreachableError, match="No Label Studio answers at") as caught:
        lsnb.connect(address, SECRET)
    assert address in str(caught.value)


def serve(answer: Any) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *args: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def web_page() -> Iterator[str]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"<html>Welcome to nginx</html>")

    yield from serve(answer)


def test_something_else_answers(web_page: str) -> None:
    with pytest.raises(StudioUnreachableError, match="it is no Label Studio"):
        lsnb.connect(web_page, SECRET)


def test_a_redirect_never_carries_the_key_away(stack: Stack) -> None:
    with faulty_proxy(stack.url) as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost")

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("Location", elsewhere + handler.path)
            handler.end_headers()

        servers = serve(answer)
        with pytest.raises(StudioUnreachableError, match="sends on to another server"):
            lsnb.connect(next(servers), SECRET)
        assert other.requests == []
        next(servers, None)


def test_a_server_that_fails(stack: Stack) -> None:
    with faulty_proxy(stack.url) as proxy:
        proxy.fate = lambda method, path, n: "pass" if "version" in path else "refuse"
        with pytest.raises(StudioError, match="failed \\(error 503\\) trying to sign in"):
            lsnb.connect(proxy.url, stack.api_key)


def test_no_key_is_repeated_when_the_project_is_not_there(studio: Studio) -> None:
    with pytest.raises(StudioError, match="could not open project 987654") as caught:
        studio.server.project(987654)
    assert "Token" not in str(caught.value)
    assert "headers" not in str(caught.value)


def labelling(answers: dict[str, Any]) -> Iterator[str]:
    """A server that lets everybody in, and then answers as it is told."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0]
        known = {
            "/api/version": (200, {}, {"release": "1.23.0"}),
            "/api/current-user/whoami": (200, {}, {"id": 1, "email": "ana@example.org"}),
        }
        status, headers, body = {**known, **answers}.get(path, (404, {}, {}))
        content = json.dumps(body).encode() if not isinstance(body, bytes) else body
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return serve(answer)


@pytest.mark.parametrize(
    ("there", "says"),
    [
        ("/user/login/?next=/api/projects/", "asks to sign in anew"),
        ("https://sso.example.org/oauth2/start", "asks to sign in anew"),
        ("https://moved.example.org/api/projects/", "sends on to moved.example.org"),
    ],
)
def test_a_redirect_in_the_middle_of_a_session_is_a_sentence(there: str, says: str) -> None:
    servers = labelling({"/api/projects/": (302, {"Location": there}, b"")})
    studio = lsnb.connect(next(servers), SECRET)
    with pytest.raises(StudioError, match=says) as caught:
        studio.studies()
    assert SECRET not in str(caught.value)
    servers.close()


@pytest.mark.parametrize("key", [SECRET, "an-odd-key-of-theirs", "eyJhbGciOiJIUzI1.eyJ1c2VyIjoxMjM.c2lnbmF0dXJl"])
def test_a_key_that_the_server_repeats_is_masked(key: str) -> None:
    bodies: list[Any] = [
        {"detail": f"Bad header: Authorization: Token {key}"},
        {"validation_errors": {"title": [f"sent by {key}"], key: ["no such field"]}},
        [f"<b>{key}</b>"],
        f"<html>{key}</html>".encode(),
        # A server that means it finds a way round a search for the key as it is.
        {"detail": f"{key[:9]}<b></b>{key[9:]}"},
        {"detail": [key[:9], key[9:]]},
        {"detail": " ".join(key)},
        {"detail": key[:9] + "\u200b" + key[9:].upper()},
        {"detail": "".join(f"%{ord(letter):02x}" for letter in key)},
        {"detail": "".join(f"&#{ord(letter)};" for letter in key)},
        {"detail": base64.b64encode(f"Token {key}".encode()).decode()},
    ]
    for body in bodies:
        servers = labelling({"/api/projects/": (400, {}, body), "/api/token/refresh/": (200, {}, {"access": key})})
        studio = lsnb.connect(next(servers), key)
        with pytest.raises(StudioError, match="refused to list the projects") as caught:
            studio.studies()
        said = str(caught.value)
        bare = "".join(each for each in unquote(html.unescape(said)) if each.isalnum()).lower()
        assert "".join(each for each in key if each.isalnum()).lower() not in bare, said
        assert base64.b64encode(key.encode()).decode()[4:20] not in said
        assert base64.b64encode(f"Token {key}".encode()).decode()[12:28] not in said
        servers.close()


def test_what_a_server_calls_itself_is_a_line_without_the_key_it_got() -> None:
    answers = {
        "/api/version": (200, {}, {"release": f"1.23.0\n{SECRET}"}),
        "/api/current-user/whoami": (200, {}, {"email": f"Token {SECRET}" + "@" * 9999}),
    }
    servers = labelling(answers)
    studio = lsnb.connect(next(servers), SECRET)
    shown = repr(studio) + studio._repr_html_()
    assert SECRET not in shown
    assert "\n" not in repr(studio)
    assert len(repr(studio)) < 500
    servers.close()


ODD_HEADS = {
    "a wait without end": (429, {"Retry-After": "9" * 400}, {"detail": "x"}),
    "closed without end": (503, {"Retry-After": "9" * 400}, {"detail": "x"}),
    "to half an address": (302, {"Location": "http://[::1"}, b""),
    "to a script": (302, {"Location": "javascript:alert(1)"}, b""),
    "to a long address": (302, {"Location": "http://" + "a" * 65_600}, b""),
    "to a host with the key": (302, {"Location": f"http://{SECRET}.test/"}, b""),
    "a deep answer": (200, {}, b'{"release":' + b"[" * 100_000),
    "a deep refusal": (400, {}, b'{"detail":' * 900 + b"1" + b"}" * 900),
    "a codec of hosts": (400, {"Content-Type": "text/html; charset=idna"}, b"\xff.\xff"),
    "a codec of bytes": (400, {"Content-Type": "text/html; charset=zlib"}, b"\xff"),
    "a bomb": (200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * 2**22)),
    "packed twice": (200, {"Content-Encoding": "gzip, gzip"}, gzip.compress(gzip.compress(b"{}"))),
    "no texts": (200, {}, {"release": {"a": 1}, "email": []}),
}


def test_an_odd_answer_is_a_sentence_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection.Pace, "sleep", lambda *_: None)
    monkeypatch.setattr(connection, "_ANY_SIZE", 2**20)
    answers: dict[str, Any] = {}
    servers = labelling(answers)
    url = next(servers)
    for name, answer in ODD_HEADS.items():
        for path in ("/api/version", "/api/current-user/whoami"):
            answers.clear()
            answers[path] = answer
            with pytest.raises(StudioError) as caught:
                lsnb.connect(url, SECRET)
            assert SECRET not in str(caught.value), (name, path)
            assert len(str(caught.value)) < 700, (name, path)
    answers.clear()
    packed = gzip.compress(b'{"release": "1.23.0"}' + b" " * 2**18)
    answers["/api/version"] = (200, {"Content-Encoding": "gzip"}, packed)
    assert lsnb.connect(url, SECRET).release == "1.23.0"
    servers.close()


def test_a_server_that_fails_over_a_character_of_zero_says_so() -> None:
    servers = labelling({"/api/projects/1/import": (500, {}, {"detail": "unsupported Unicode escape sequence"})})
    server = Server(next(servers), SECRET)
    with pytest.raises(StudioError, match=r"a text of it holds a character of zero .*, which PostgreSQL cannot store"):
        server.import_tasks(1, [{"data": {"text": "a\0b"}}])
    for text in ("ab", "a\\u0000b"):
        with pytest.raises(StudioError, match="try again in a minute"):
            server.import_tasks(1, [{"data": {"text": text}}])
    servers.close()


@pytest.mark.filterwarnings("error")
def test_where_warnings_are_errors_no_key_goes_to_a_server_that_was_not_named() -> None:
    answers = {"/api/storages/gcs": (200, {}, []), "/api/storages/gcs/": (201, {}, {"id": 1})}
    servers = labelling(answers)
    server = Server(next(servers), SECRET)
    key = json.dumps({"client_email": "kit@p.example", "private_key": "none"})
    for _ in range(2):
        with pytest.raises(UserWarning, match=r"The key of kit@p\.example .* goes to"):
            server.connect_storage(1, bucket="media", presign=True, presign_ttl=5, credentials=key)
    servers.close()


def test_one_that_is_not_signed_in_has_a_repr() -> None:
    for kind, said in ((Studio, "not signed in"), (Server, "not signed in"), (Study, "not opened")):
        shown = kind.__new__(kind)
        assert said in repr(shown)
        assert said in getattr(shown, "_repr_html_", shown.__repr__)()


@pytest.mark.parametrize("before", ["", "http://", "Token "])
def test_a_key_given_where_the_address_belongs_is_not_repeated(before: str) -> None:
    key = "6f1d2b" + "0123456789abcdef" * 2 + "ab"
    with pytest.raises(InputError, match="looks like a key, so it is not repeated") as told:
        Studio(before + key, key)
    assert key not in str(told.value)


def test_a_page_or_redirect_on_another_host_is_told_nothing() -> None:
    """Neither the address that a list names for its next page, nor one that it is sent on to, gets the key."""
    told: list[str] = []

    def listen(handler: BaseHTTPRequestHandler) -> None:
        told.append(f"{handler.path}\n{handler.headers}")
        content = json.dumps({"count": 2, "next": None, "results": []}).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    others = serve(listen)
    foreign = next(others)
    httpx.get(f"{foreign}/is it there")
    assert len(told) == 1
    told.clear()
    project = {"id": 1, "title": "One", "description": ""}
    pages: list[dict[str, Any]] = [
        {"/api/projects/": (200, {}, {"count": 1, "next": f"{foreign}/api/projects/?page=2", "results": [project]})},
        {"/api/projects/": (302, {"Location": f"{foreign}/api/projects/?page=2"}, b"")},
        {"/api/projects/": (307, {"Location": f"{foreign}/api/projects/?page=2"}, b"")},
    ]
    for answers in pages:
        servers = labelling(answers)
        studio = lsnb.connect(next(servers), SECRET)
        if "next" in str(answers):
            assert [found.id for found in studio.server.projects()] == [1]
        else:
            with pytest.raises(StudioUnreachableError, match="sends on to 127"):
                studio.studies()
        # Whatever makes it ask there, the line itself refuses.
        with pytest.raises(StudioUnreachableError, match="redirected to"), studio.server._translated("read on"):
            studio.server._http.get(f"{foreign}/api/projects/?page=2", headers={"Authorization": f"Token {SECRET}"})
        servers.close()
    assert told == []
    others.close()
