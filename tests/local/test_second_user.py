"""Another user of the computer gets nothing of a running stack: no port answers, no file opens, no list names it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

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
            for connection in each.net_connections(kind="inet"):
                if connection.status == psutil.CONN_LISTEN:
                    assert connection.laddr.ip in ("127.0.0.1", "::1")
                    found.add(connection.laddr.port)
    return sorted(found)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv")
def test_a_second_user_gets_nothing(stack: Stack) -> None:
    folder = Path(stack.folder)
    paths = [folder, *folder.rglob("*")]
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
    command = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "/usr/bin/python3", "-I"]
    run = subprocess.run(
        [*command, "-c", TRIES], input=json.dumps(tries), capture_output=True, text=True, timeout=120, cwd="/"
    )
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert said["uid"] == STRANGER
    assert said["got"] == []
