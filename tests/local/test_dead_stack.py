"""A stack that died leaves its record, and its ports to whoever comes: nobody gets a key by that."""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from urllib.parse import parse_qs

import google.auth.transport.requests
import psutil
import pytest
import requests
from google.oauth2 import service_account
from signing_in import sign_in
from stack_tools import client_of

import lsnb
from lsnb import local
from lsnb.errors import BucketUnreachableError, CredentialsError, StudioAuthError, StudioUnreachableError
from lsnb.stack import Process, Stack, is_own, listening_ports, trusted_stack

IMAGE = '<View><Image name="i" value="$image"/><Choices name="c" toName="i"><Choice value="a"/></Choices></View>'


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        self.told: list[str] = []
        super().__init__(("127.0.0.1", port), Listener)


class Listener(BaseHTTPRequestHandler):
    """Answers as Label Studio and as the bucket would, and writes down all that it is told."""

    server: Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.told.append(f"{self.command} {self.path}\n{self.headers}\n{body!r}")
        said = json.dumps(
            {"release": "1.23.2", "email": "you@lsnb.local", "access_token": "x", "expires_in": 9}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer

    def log_message(self, *args: object) -> None:
        """Stay quiet."""


@contextmanager
def thieves(stack: Stack) -> Iterator[list[Server]]:
    """Servers of somebody else on the ports that the stack had."""
    servers = [Server(process.port) for process in stack.processes]
    threads = [threading.Thread(target=server.serve_forever, daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield servers
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


def kill(stack: Stack) -> None:
    for process in stack.processes:
        running = psutil.Process(process.pid)
        running.kill()
        running.wait(timeout=30)


def signs_in(stack: Stack, password: str) -> bool:
    cookies = sign_in(replace(stack, password=password))
    return any(cookie["name"] == "sessionid" for cookie in cookies) and (
        requests.get(
            f"{stack.url}/api/current-user/whoami",
            cookies={cookie["name"]: cookie["value"] for cookie in cookies},
            timeout=30,
        ).status_code
        == 200
    )


@pytest.fixture
def mine(own: Stack, own_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stack:
    """The stack that ``lsnb.connect`` knows of."""
    monkeypatch.setenv("LSNB_STACK", str(own_folder))
    monkeypatch.chdir(tmp_path)
    return own


@pytest.mark.slow
def test_who_took_the_ports_of_a_dead_stack_is_told_nothing(mine: Stack) -> None:
    studio, bucket = lsnb.connect(), lsnb.open_bucket()
    assert studio.source == "the local stack"
    assert bucket.cors is not None
    library = bucket._library()
    kill(mine)
    with thieves(mine) as servers:
        answer = requests.get(f"{mine.url}/api/version", timeout=10)
        assert answer.json()["release"] == "1.23.2", "the trap is set"
        for server in servers:
            server.told.clear()

        for url in (None, mine.url, f"{mine.url}/projects"):
            with pytest.raises(CredentialsError, match=r"ended without being taken down.*run 'lsnb up'"):
                lsnb.connect(url)
        for name in (None, mine.bucket):
            with pytest.raises(CredentialsError, match=r"ended without being taken down.*run 'lsnb up'"):
                lsnb.open_bucket(name)
        with pytest.raises(StudioUnreachableError, match="does not answer: run 'lsnb up'"):
            studio.studies()
        with pytest.raises(BucketUnreachableError, match="does not answer"):
            bucket.upload_folder(__file__)
        with pytest.raises(requests.ConnectionError):
            library.reload(retry=None)
        assert lsnb.config_builder(name="dead stack").preview is None
        assert [server.told for server in servers] == [[], []]

        revived = lsnb.connect("local")
        assert revived.url != mine.url
        assert lsnb.open_bucket("local").endpoint != mine.endpoint
        assert lsnb.connect().url == revived.url
        assert [server.told for server in servers] == [[], []]


@pytest.mark.slow
def test_a_stack_that_is_revived_has_new_keys_and_its_projects_work(mine: Stack) -> None:
    client = client_of(mine)
    client.bucket(mine.bucket).blob("a.txt").upload_from_string("hello", content_type="text/plain")
    token = client._credentials.token
    session = requests.Session()
    session.headers["Authorization"] = f"Token {mine.api_key}"
    project = session.post(f"{mine.url}/api/projects", json={"title": "Kept", "label_config": IMAGE}).json()["id"]
    storage = {"project": project, "bucket": mine.bucket, "title": "linked", "presign": False}
    storage["google_application_credentials"] = json.dumps(mine.service_account)
    assert session.post(f"{mine.url}/api/storages/gcs/", json=storage).status_code == 201
    tasks = f"{mine.url}/api/projects/{project}/import?return_task_ids=true"
    [task] = session.post(tasks, json=[{"data": {"image": f"gs://{mine.bucket}/a.txt"}}]).json()["task_ids"]
    studio = lsnb.connect()

    kill(mine)
    revived = local.start()
    assert revived.api_key != mine.api_key
    assert revived.password != mine.password
    assert [signs_in(revived, each) for each in (mine.password, revived.password)] == [False, True]
    with pytest.raises(StudioAuthError, match=r"revived with a new one. Connect again with lsnb\.connect\('local'\)"):
        studio.studies()
    for key, status in ((mine.api_key, 401), (revived.api_key, 200)):
        headers = {"Authorization": f"Token {key}"}
        assert requests.get(f"{revived.url}/api/projects/{project}", headers=headers).status_code == status
    objects = f"{revived.endpoint}/storage/v1/b/{revived.bucket}/o"
    assert requests.get(objects, headers={"Authorization": f"Bearer {token}"}).status_code == 401
    session.headers["Authorization"] = f"Token {revived.api_key}"
    shown = session.get(session.get(f"{revived.url}/api/tasks/{task}").json()["data"]["image"])
    assert (shown.status_code, shown.text) == (200, "hello")
    assert client.bucket(mine.bucket).blob("a.txt").download_as_bytes() == b"hello", "a client takes a new token"
    assert local.start() == revived, "and what lives keeps its keys"


@pytest.mark.slow
@pytest.mark.parametrize("how", ["revived", pytest.param("taken down first", marks=pytest.mark.exhaustive)])
def test_a_password_or_a_browser_s_session_that_a_dead_port_was_shown_opens_nothing(mine: Stack, how: str) -> None:
    """A browser sends its cookies to every port of a name, so that a dead bucket's is shown Label Studio's too."""
    cookies = {cookie["name"]: cookie["value"] for cookie in sign_in(mine)}

    def who_am_i(stack: Stack) -> int:
        return requests.get(f"{stack.url}/api/current-user/whoami", cookies=cookies, timeout=30).status_code

    assert (who_am_i(mine), signs_in(mine, mine.password)) == (200, True)
    front = next(process for process in mine.processes if process.name == "front")
    running = psutil.Process(front.pid)
    running.kill()
    running.wait(timeout=30)
    if how == "taken down first":
        local.stop()
    revived = local.start()
    assert revived.password != mine.password
    assert who_am_i(revived) == 401
    assert [signs_in(revived, each) for each in (mine.password, revived.password)] == [False, True]
    cookies = {cookie["name"]: cookie["value"] for cookie in sign_in(revived)}
    assert who_am_i(revived) == 200
    assert local.start().password == revived.password
    local.stop()
    again = local.start()
    assert (again.password, again.api_key) == (revived.password, revived.api_key), "it was taken down"
    assert who_am_i(again) == 200, "signing in did not change what sessions hang on"


@pytest.mark.slow
def test_what_the_account_signed_for_a_dead_bucket_opens_nothing(mine: Stack) -> None:
    """Label Studio, or a kernel, asks the port as before, and hands an assertion to whoever listens there."""
    client = client_of(mine)
    client.bucket(mine.bucket).blob("a.txt").upload_from_string("hello")
    kill(mine)
    with thieves(mine) as servers:
        client._credentials.refresh(google.auth.transport.requests.Request())
        [told] = [each for server in servers for each in server.told]
    assertion = parse_qs(told.rpartition("b'")[2].rstrip("'"))["assertion"][0]
    account = service_account.Credentials.from_service_account_info(mine.service_account)
    signed_itself = account.with_claims({"aud": mine.endpoint})
    signed_itself._create_self_signed_jwt(mine.endpoint)
    signed_itself.refresh(google.auth.transport.requests.Request())

    revived = local.start()
    assert revived.endpoint == mine.endpoint, "the thief let go of the port"

    def grant(assertion: str) -> int:
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return requests.post(f"{revived.endpoint}/token", data=form, timeout=30).status_code

    def listing(token: str) -> int:
        address = f"{revived.endpoint}/storage/v1/b/{revived.bucket}/o"
        return requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code

    assert (grant(assertion), listing(assertion), listing(signed_itself.token)) == (400, 401, 401)
    fresh = account._make_authorization_grant_assertion()
    assert (grant(fresh.decode()), listing(fresh.decode())) == (200, 200)


@pytest.mark.slow
def test_a_stack_that_was_taken_down_keeps_its_keys(mine: Stack) -> None:
    token = client_of(mine)
    token.bucket(mine.bucket).exists()
    local.stop()
    with pytest.raises(CredentialsError, match=r"or run lsnb\.connect"):
        lsnb.connect()
    again = local.start()
    assert (again.api_key, again.password) == (mine.api_key, mine.password)
    objects = f"{again.endpoint}/storage/v1/b/{again.bucket}/o"
    assert requests.get(objects, headers={"Authorization": f"Bearer {token._credentials.token}"}).status_code == 401, (
        "of the time before it had the port"
    )
    assert token.bucket(mine.bucket).exists(), "a client takes a new token"


# What is trusted, and what is not, of a record; with psutil and without.


@pytest.fixture(params=["psutil", "proc"])
def look(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "proc":
        if not Path("/proc/self/stat").exists():
            pytest.skip("no /proc")

        def without_psutil(name: str) -> ModuleType:
            if name == "psutil":
                raise ImportError(name)
            return importlib.__import__(name)

        monkeypatch.setattr("lsnb.stack.importlib.import_module", without_psutil)


def record(folder: Path, *, pid: int, created: float, ports: list[int]) -> Stack:
    label_studio, front = ports
    stack = Stack(
        url=f"http://127.0.0.1:{label_studio}",
        browser_url=f"http://127.0.0.1:{label_studio}",
        username="you@lsnb.local",
        endpoint=f"http://127.0.0.1:{front}",
        bucket="lsnb-demo",
        presign=True,
        folder=str(folder),
        processes=(Process("label-studio", pid, created, label_studio), Process("front", pid, created, front)),
    )
    stack.save()
    return stack


@pytest.mark.usefixtures("look")
def test_what_of_a_record_is_trusted(tmp_path: Path) -> None:
    me, created = os.getpid(), psutil.Process().create_time()
    with socket.socket() as one, socket.socket() as other, socket.socket() as silent:
        for listener in (one, other, silent):
            listener.bind(("127.0.0.1", 0))
        one.listen()
        other.listen()
        ports = [listener.getsockname()[1] for listener in (one, other)]
        stack = record(tmp_path, pid=me, created=created, ports=ports)
        assert trusted_stack(tmp_path) == stack
        assert set(ports) <= listening_ports(me)
        record(tmp_path, pid=me, created=created - 60, ports=ports)
        assert trusted_stack(tmp_path) is None, "the id is another process's by now"
        record(tmp_path, pid=me, created=created, ports=[ports[0], silent.getsockname()[1]])
        assert trusted_stack(tmp_path) is None, "nothing listens on one of the ports"
        record(tmp_path, pid=os.getppid(), created=psutil.Process(os.getppid()).create_time(), ports=ports)
        if not set(ports) <= listening_ports(os.getppid()):
            assert trusted_stack(tmp_path) is None
        for address in ("http://127.0.0.1:9", "https://labels.example.org"):
            replace(stack, url=address).save()
            assert trusted_stack(tmp_path) is None, "the key would go to another port than the process's"


@pytest.mark.usefixtures("look")
def test_a_process_that_is_gone_or_another_user_s_is_not_own(monkeypatch: pytest.MonkeyPatch) -> None:
    me = Process("front", os.getpid(), psutil.Process().create_time(), 1)
    assert is_own(me)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert not is_own(replace(me, pid=gone.pid))
    assert not is_own(replace(me, pid=2**40))
    owner = os.getuid()
    monkeypatch.setattr("os.getuid", lambda: owner + 1)
    assert not is_own(me)


@pytest.mark.usefixtures("look")
def test_a_child_may_hold_the_port(tmp_path: Path) -> None:
    """As a server does that starts another."""
    code = (
        "import socket, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import socket; s = socket.create_server((\"127.0.0.1\", 0)); "
        "print(s.getsockname()[1], flush=True); input()'], stdin=subprocess.PIPE)\n"
        "child.wait()\n"
        "input()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    port = int(parent.stdout.readline())
    try:
        created = psutil.Process(parent.pid).create_time()
        record(tmp_path, pid=parent.pid, created=created, ports=[port, port])
        assert trusted_stack(tmp_path) is not None
        for child in psutil.Process(parent.pid).children():
            child.kill()
            child.wait(timeout=30)
        assert trusted_stack(tmp_path) is None
    finally:
        parent.communicate("\n", timeout=30)


@pytest.mark.usefixtures("look")
def test_a_server_that_was_trusted_once_is_not_when_it_has_ended(tmp_path: Path) -> None:
    """Nor while nobody has waited for it, as in the kernel that started it."""
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    server = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    port = int(server.stdout.readline())
    record(tmp_path, pid=server.pid, created=psutil.Process(server.pid).create_time(), ports=[port, port])
    for _ in range(2):
        assert trusted_stack(tmp_path) is not None
    server.kill()
    os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
    with socket.create_server(("127.0.0.1", port)):
        assert psutil.Process(server.pid).status() == psutil.STATUS_ZOMBIE
        assert trusted_stack(tmp_path) is None
        server.communicate()
        assert trusted_stack(tmp_path) is None
