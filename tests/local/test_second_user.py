"""Another user of the computer gets nothing of a running stack: no port answers, no file opens, no list names it."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from stack_tools import client_of

from lsnb.local.processes import HEALTH
from lsnb.stack import Stack

STRANGER = 65534
# Run by the system's own Python, which every user may start.
TRIES = r"""
import json, os, sys, urllib.error, urllib.request

given = json.load(sys.stdin)
got = []
for path in given["paths"]:
    for way, flags in (("reads", os.O_RDONLY), ("writes", os.O_WRONLY)):
        try:
            os.close(os.open(path, flags))
            got.append([way, path])
        except OSError:
            pass
    try:
        got.append(["lists", path, os.listdir(path)[:3]])
    except OSError:
        pass
for method, url in given["requests"]:
    request = urllib.request.Request(url, method=method, data=b"x" if method in ("POST", "PUT", "PATCH") else None)
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        got.append([method, url, opener.open(request, timeout=20).status])
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            got.append([method, url, error.code])
    except OSError:
        pass
for number in filter(str.isdigit, os.listdir("/proc")):
    for about in ("cmdline", "environ"):
        try:
            text = open(f"/proc/{number}/{about}", "rb").read().decode("utf-8", "replace")
        except OSError:
            continue
        got += [["process", about, name] for name, secret in given["secrets"].items() if secret in text]
json.dump({"uid": os.getuid(), "got": got}, sys.stdout)
"""


def listening(stack: Stack) -> list[int]:
    found = set()
    for process in stack.processes:
        running = psutil.Process(process.pid)
        for each in [running, *running.children(recursive=True)]:
            connections = getattr(each, "net_connections", None) or each.connections  # psutil 5's name
            for connection in connections(kind="inet"):
                if connection.status == psutil.CONN_LISTEN:
                    assert connection.laddr.ip in ("127.0.0.1", "::1")
                    found.add(connection.laddr.port)
    return sorted(found)


@pytest.fixture
def bait() -> Iterator[Path]:
    """A file, a folder, a server and a process that everybody may look into: what the tries must find."""
    folder = Path(tempfile.mkdtemp(prefix="lsnb-bait-"))
    folder.chmod(0o755)
    (folder / "open.txt").write_text("for all")
    (folder / "open.txt").chmod(0o644)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def shop(bait: Path) -> Iterator[str]:
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(bait))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/open.txt"
        server.shutdown()
        thread.join()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv")
def test_a_second_user_gets_nothing(stack: Stack, bait: Path, shop: str) -> None:
    folder = Path(stack.folder)
    client_of(stack).bucket(stack.bucket).blob("x").upload_from_string("what somebody wants")
    paths = [folder, *folder.rglob("*")]
    health = [
        ["GET", f"http://127.0.0.1:{process.port}{path}", 200]
        for process in stack.processes
        for name, path in (("front", HEALTH), ("label-studio", "/health"))
        if process.name == name
    ]
    wanted = [
        ("GET", "/storage/v1/b"),
        ("GET", f"/storage/v1/b/{stack.bucket}"),
        ("GET", f"/storage/v1/b/{stack.bucket}/o"),
        ("GET", f"/{stack.bucket}"),
        ("GET", f"/{stack.bucket}/x"),
        ("PUT", f"/{stack.bucket}/x"),
        ("DELETE", f"/{stack.bucket}/x"),
        ("PATCH", f"/storage/v1/b/{stack.bucket}"),
        ("POST", f"/upload/storage/v1/b/{stack.bucket}/o?uploadType=media&name=x"),
        ("POST", f"/upload/storage/v1/b/{stack.bucket}/o?uploadType=resumable&name=x"),
        ("PUT", f"/upload/storage/v1/b/{stack.bucket}/o?upload_id=x"),
        ("POST", "/batch/storage/v1"),
        ("POST", "/token"),
        ("GET", "/api/projects"),
        ("GET", "/api/users"),
        ("GET", "/api/current-user/whoami"),
        ("GET", "/data/upload/1/x"),
        ("POST", "/api/projects"),
        ("POST", "/user/signup"),
    ]
    ports = listening(stack)
    assert len(ports) >= 2
    secrets = {
        "key": stack.api_key,
        "password": stack.password,
        "private key": stack.service_account["private_key"].splitlines()[1],
    }
    tries = {
        "paths": [str(path) for path in paths],
        "requests": [(method, f"http://127.0.0.1:{port}{path}") for port in ports for method, path in wanted],
        "secrets": secrets,
    }
    # What is open to all is found, or the tries could not find what should not be.
    tries["paths"] += [str(bait / "open.txt"), str(bait)]
    tries["requests"] += [("GET", shop), *(each[:2] for each in health)]
    tries["secrets"]["open process"] = str(bait)
    shown = subprocess.Popen([sys.executable, "-c", "input()", str(bait)], stdin=subprocess.PIPE)
    command = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "/usr/bin/python3", "-I"]
    try:
        run = subprocess.run(
            [*command, "-c", TRIES], input=json.dumps(tries), capture_output=True, text=True, timeout=120, cwd="/"
        )
    finally:
        shown.communicate(b"\n")
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert said["uid"] == STRANGER
    found = [
        ["reads", str(bait / "open.txt")],
        ["reads", str(bait)],
        ["lists", str(bait), ["open.txt"]],
        ["GET", shop, 200],
        *health,
        ["process", "cmdline", "open process"],
    ]
    assert said["got"] == found, "all that is open to everybody, and nothing else"
    assert client_of(stack).bucket(stack.bucket).blob("x").download_as_bytes() == b"what somebody wants"
