"""Coming up, staying up, coming up again, and going down: always the whole stack and nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests
from stack_tools import client_of

from lsnb import local
from lsnb.bucket.bucket import is_allowed
from lsnb.errors import InputError, LocalStackError
from lsnb.local.identity import create_identity
from lsnb.local.installation import DATABASE, install
from lsnb.local.processes import free_port, strays
from lsnb.stack import Process, Stack, load_stack

IMAGE = '<View><Image name="i" value="$image"/><Choices name="c" toName="i"><Choice value="a"/></Choices></View>'


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Path]:
    """The folder of a stack that is not up."""
    folder = tmp_path / "other stack"
    yield folder
    local.stop(folder=folder, delete=True)


def named(stack: Stack, name: str) -> Process:
    return next(process for process in stack.processes if process.name == name)


def alive(process: Process) -> bool:
    try:
        running = psutil.Process(process.pid)
        return running.status() != psutil.STATUS_ZOMBIE and abs(running.create_time() - process.created) < 2
    except psutil.NoSuchProcess:
        return False


def kill(process: Process) -> None:
    running = psutil.Process(process.pid)
    running.kill()
    running.wait(timeout=30)


def starter(folder: Path, *, then: str = "") -> subprocess.Popen[str]:
    """A process of its own that brings the stack up and prints its record."""
    code = f"""
import dataclasses, json, sys
from lsnb import local
print(json.dumps(dataclasses.asdict(local.start(folder={str(folder)!r}))), flush=True)
{then}
"""
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)


class Api:
    """The least of Label Studio's API."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Token {stack.api_key}"

    def post(self, path: str, **body: object) -> dict:
        reply = self.session.post(f"{self.stack.url}{path}", json=body)
        assert reply.ok, reply.text
        return reply.json()

    def get(self, path: str) -> dict:
        reply = self.session.get(f"{self.stack.url}{path}")
        assert reply.ok, reply.text
        return reply.json()


@contextlib.contextmanager
def occupied(stack: Stack, name: str) -> Iterator[None]:
    """Somebody else listens where one of the stack's servers did."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", named(stack, name).port))
        taken.listen()
        yield


def linked_task(api: Api, storage: dict[str, object]) -> str:
    """Make a project that shows the bucket by signed links, and return its task's address."""
    project = api.post("/api/projects", title="Linked", label_config=IMAGE)["id"]
    api.post("/api/storages/gcs/", presign=True, title="linked", **{**storage, "project": project})
    address = f"{api.stack.url}/api/projects/{project}/import?return_task_ids=true"
    task = api.session.post(address, json=[{"data": {"image": "gs://lsnb-demo/a b/ü.txt"}}]).json()
    return f"/api/tasks/{task['task_ids'][0]}"


def shown_to(origin: str, api: Api, task: str) -> tuple[str, str | None]:
    """Return what a page of this origin gets by a task's signed link, and who the answer says may read it."""
    link = api.session.get(api.get(task)["data"]["image"], allow_redirects=False).headers["Location"]
    assert link.startswith(api.stack.endpoint)
    reply = requests.get(link, headers={"Origin": origin})
    return reply.text, reply.headers.get("Access-Control-Allow-Origin")


def test_start_twice_is_one_stack(own: Stack, own_folder: Path) -> None:
    assert local.start(folder=own_folder) == own
    assert local.start(folder=str(own_folder)) == own
    assert load_stack(own_folder) == own


@pytest.mark.slow
def test_two_processes_at_once_make_one_stack_with_keys_of_its_own(own: Stack, other: Path) -> None:
    starters = [starter(other) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda process: process.communicate(timeout=120)[0], starters))
    assert [process.returncode for process in starters] == [0, 0]
    assert json.loads(said[0]) == json.loads(said[1])
    assert local.status(folder=other).running

    stack = local.start(folder=other)
    assert len({own.password, stack.password}) == len({own.api_key, stack.api_key}) == 2
    assert own.service_account["private_key"] != stack.service_account["private_key"]
    reply = requests.get(f"{stack.url}/api/projects", headers={"Authorization": f"Token {own.api_key}"})
    assert reply.status_code == 401
    secret = (other / "label-studio" / ".env").read_text()
    assert secret != (Path(own.folder) / "label-studio" / ".env").read_text(), "sessions are signed with other keys"


def test_files_are_their_owner_s_alone(own: Stack, own_folder: Path) -> None:
    readable = [
        path
        for path in [own_folder, *own_folder.rglob("*")]
        if path.name in ("stack.json", "identity.json", "label_studio.sqlite3", ".env", "objects.db")
        or path.parent in (own_folder, own_folder / "logs")
        or path == own_folder
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert readable == []
    assert {path.name for path in own_folder.iterdir()} >= {"stack.json", "identity.json", "logs", "bucket"}


@pytest.mark.slow
def test_stop_ends_what_was_started_and_nothing_else(own: Stack, other: Path) -> None:
    """Also when the process that started it was killed."""
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=Path(own.folder))
    kernel = starter(other, then="sys.stdin.read()")
    assert kernel.stdout is not None
    record = json.loads(kernel.stdout.readline())
    kernel.kill()
    kernel.wait()
    stack = load_stack(other)
    assert stack is not None
    assert all(alive(process) for process in stack.processes), "a killed kernel takes nothing with it"

    project = Api(stack).post("/api/projects", title="Kept", label_config=IMAGE)
    client_of(stack).bucket(stack.bucket).blob("kept.txt").upload_from_string("kept")
    local.stop(folder=other)
    assert not any(alive(process) for process in stack.processes)
    assert load_stack(other) is None
    assert "stopped" in repr(local.status(folder=other))
    local.stop(folder=other)
    assert bystander.poll() is None
    assert all(alive(process) for process in own.processes), "another stack goes on"
    bystander.kill()
    bystander.wait()

    again = local.start(folder=other)
    assert (again.api_key, again.url, again.endpoint) == (record["api_key"], record["url"], record["endpoint"])
    assert Api(again).get(f"/api/projects/{project['id']}")["title"] == "Kept"
    assert client_of(again).bucket(again.bucket).blob("kept.txt").download_as_bytes() == b"kept"

    (other / "mine.txt").write_text("not the stack's")
    local.stop(folder=other, delete=True)
    assert [path.name for path in other.iterdir()] == ["mine.txt"]


@pytest.mark.slow
def test_start_that_was_killed_half_way_leaves_no_strays(other: Path) -> None:
    """Nor does a damaged record, which is written anew."""
    kernel = starter(other)
    log = other / "logs" / "label-studio.log"
    while not log.exists():
        assert kernel.poll() is None
    kernel.kill()
    kernel.wait()
    (other / "stack.json").write_text('{"url": "http://127')
    with pytest.raises(LocalStackError, match="damaged: run 'lsnb up'"):
        local.status(folder=other)
    stack = local.start(folder=other)
    assert load_stack(other) == stack
    marked = []
    for running in psutil.process_iter():
        try:
            if running.environ().get("LSNB_STACK_FOLDER") == str(other.resolve()):
                marked.append(running)
        except psutil.Error:
            continue
    started = {process.pid for process in stack.processes}
    assert {running.pid for running in marked if running.ppid() not in started} == started
    local.stop(folder=other)
    assert not any(running.is_running() and running.status() != psutil.STATUS_ZOMBIE for running in marked)


def test_dead_bucket_comes_back_at_its_address(own: Stack, own_folder: Path) -> None:
    client_of(own).bucket(own.bucket).blob("survives.txt").upload_from_string("survives")
    kill(named(own, "front"))
    assert "front ended" in repr(local.status(folder=own_folder))
    again = local.start(folder=own_folder)
    assert (again.endpoint, again.service_account) == (own.endpoint, own.service_account)
    assert named(again, "label-studio") == named(own, "label-studio")
    assert client_of(again).bucket(own.bucket).blob("survives.txt").download_as_bytes() == b"survives"


@pytest.mark.slow
def test_dead_servers_whose_ports_were_taken_move_and_media_still_show(own: Stack, own_folder: Path) -> None:
    """The bucket's address moves: what projects know of it moves too."""
    blob = client_of(own).bucket(own.bucket).blob("a b/ü.txt")
    blob.upload_from_string("hello world", content_type="text/plain")
    api = Api(own)
    project = api.post("/api/projects", title="Media", label_config=IMAGE)["id"]
    storage = {
        "project": project,
        "bucket": own.bucket,
        "google_application_credentials": json.dumps(own.service_account),
    }
    tasks = f"/api/projects/{project}/import?return_task_ids=true"
    api.post("/api/storages/gcs/", presign=False, title="streamed", **storage)
    task = api.session.post(f"{own.url}{tasks}", json=[{"data": {"image": "gs://lsnb-demo/a b/ü.txt"}}]).json()
    address = f"/api/tasks/{task['task_ids'][0]}"
    media = api.session.get(api.get(address)["data"]["image"], headers={"Range": "bytes=6-8"})
    assert (media.status_code, media.text) == (206, "wor")
    linked = linked_task(api, storage)

    for name in ("front", "label-studio"):
        kill(named(own, name))
    with occupied(own, "front"), occupied(own, "label-studio"):
        moved = local.start(folder=own_folder)
    assert moved.endpoint != own.endpoint
    assert moved.url != own.url
    assert moved.password != own.password
    assert moved.api_key != own.api_key, "who took the ports may have been shown it"
    old = requests.get(f"{moved.url}/api/projects", headers={"Authorization": f"Token {own.api_key}"})
    assert old.status_code == 401
    assert moved.service_account["token_uri"].startswith(moved.endpoint)
    api = Api(moved)
    media = api.session.get(api.get(address)["data"]["image"], headers={"Range": "bytes=6-8"})
    assert (media.status_code, media.text) == (206, "wor")
    assert shown_to(moved.url, api, linked) == ("hello world", moved.url)
    api.post(
        "/api/storages/gcs/",
        presign=True,
        title="presigned",
        **{**storage, "google_application_credentials": json.dumps(moved.service_account)},
    )

    local.stop(folder=own_folder)
    with occupied(moved, "label-studio"):
        again = local.start(folder=own_folder)
    assert again.url != moved.url
    api = Api(again)
    assert shown_to(again.url, api, linked) == ("hello world", again.url)
    assert shown_to(moved.url, api, linked) == ("hello world", None), "that port is somebody else's now"


def test_own_pages_may_read_the_bucket_from_the_first_start_on(own: Stack, own_folder: Path) -> None:
    """What the bucket's own check demands; and the rules of others stay, whatever they are."""
    bucket = client_of(own).get_bucket(own.bucket)
    kept = list(bucket.cors)
    assert is_allowed(kept, own.browser_url)
    theirs = [
        {"origin": [own.browser_url], "method": ["GET"], "responseHeader": ["X-Theirs"], "maxAgeSeconds": 5},
        {"origin": ["https://label.example.org"], "method": ["PUT"], "maxAgeSeconds": 60},
    ]
    bucket.cors = theirs
    bucket.patch()
    assert not is_allowed(theirs, own.browser_url)
    for _ in range(2):
        local.start(folder=own_folder)
        rules = list(client_of(own).get_bucket(own.bucket).cors)
        assert is_allowed(rules, own.browser_url)
        assert rules[1:] == theirs
        assert "X-Theirs" in rules[0]["responseHeader"], "what they let the page read, it still may"
    bucket.cors = kept
    bucket.patch()
    local.start(folder=own_folder)
    assert list(client_of(own).get_bucket(own.bucket).cors) == kept


def test_damaged_keys_say_what_to_do(other: Path) -> None:
    other.mkdir()
    (other / "identity.json").write_text('{"username": ')
    with pytest.raises(LocalStackError, match=r"keys in .*identity\.json are damaged.*lsnb down --delete-data"):
        local.start(folder=other)
    local.stop(folder=other, delete=True)
    (other / "label-studio").mkdir(parents=True)
    with pytest.raises(LocalStackError, match=r"keys .*identity\.json are missing"):
        local.start(folder=other)


def test_damaged_database_says_what_to_do(other: Path) -> None:
    (other / "label-studio").mkdir(parents=True)
    (other / "label-studio" / "label_studio.sqlite3").write_bytes(b"not a database" * 1000)
    create_identity().save(other)
    with pytest.raises(LocalStackError, match=r"label_studio\.sqlite3 is damaged.*lsnb down --delete-data"):
        local.start(folder=other)
    assert load_stack(other) is None
    assert "stopped" in repr(local.status(folder=other))


def test_server_that_dies_is_noticed_at_once(other: Path) -> None:
    data = other / "label-studio"
    data.mkdir(parents=True)
    create_identity().save(other)
    shutil.copyfile(install().template / DATABASE, data / DATABASE)
    (data / "media").write_text("a file where Label Studio wants a folder")
    with pytest.raises(LocalStackError, match=r"^label-studio ended while starting; the log is .*label-studio\.log\.$"):
        local.start(folder=other)
    assert "media" in (other / "logs" / "label-studio.log").read_text()
    assert load_stack(other) is None


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_interrupted_start_leaves_nothing(other: Path) -> None:
    kernel = starter(other)
    while not (other / "stack.json").exists():
        assert kernel.poll() is None
    kernel.send_signal(signal.SIGINT)
    kernel.wait(timeout=60)
    assert load_stack(other) is None
    assert strays(other.resolve()) == []


def test_odd_arguments_are_said_all_at_once(tmp_path: Path) -> None:
    for call in (local.start, local.stop, local.status):
        for odd in (5, [], True, "", "a\0b", Path("a\0b")):
            with pytest.raises(InputError, match=r"^folder "):
                call(folder=odd)
    with pytest.raises(InputError, match=r"delete is 'no': give True or False") as caught:
        local.stop(folder=[], delete="no")
    assert len(caught.value.problems) == 2
    with pytest.raises(TypeError, match="unexpected keyword"):
        local.status(place=tmp_path)


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(LocalStackError, match=r"file"):
        local.start(folder=blocked / "stack")
    if os.geteuid() == 0:
        forbidden = Path("/sys/lsnb")
    else:
        forbidden = tmp_path / "closed"
        forbidden.mkdir(mode=0o500)
        forbidden = forbidden / "stack"
    with pytest.raises(LocalStackError, match=r"^No permission to write to .*LSNB_STACK"):
        local.start(folder=forbidden)


def test_full_disk_is_named(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount the small disk this needs")
    try:
        with pytest.raises(LocalStackError, match=r"disk that holds .* is full"):
            local.start(folder=small / "stack")
        assert "stopped" in repr(local.status(folder=small / "stack"))
    finally:
        local.stop(folder=small / "stack", delete=True)
        subprocess.run(["umount", str(small)], check=True)


def test_status_is_readable(own: Stack, own_folder: Path) -> None:
    report = local.status(folder=own_folder)
    assert report.running
    assert [process.name for process in report.processes] == ["label-studio", "front"]
    assert own.url in repr(report)
    assert "<table>" in report._repr_html_()
    for secret in (own.password, own.api_key):
        assert secret not in repr(report) + report._repr_html_()
    nowhere = local.status(folder=own_folder / "nowhere")
    assert (nowhere.running, nowhere.processes) == (False, ())


@pytest.mark.exhaustive
def test_port_that_is_taken_while_label_studio_starts(other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Label Studio moves to the next port by itself, where nobody looks for it."""
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", 0))
        thief.listen()
        stolen = [thief.getsockname()[1]]

        def looked_too_early(preferred: int | None = None, *, taken: Collection[int] = ()) -> int:
            return stolen.pop() if len(taken) == 2 and stolen else free_port(preferred, taken=taken)

        monkeypatch.setattr("lsnb.local.lifecycle.free_port", looked_too_early)
        stack = local.start(folder=other)
        assert stolen == []
        assert named(stack, "label-studio").port != thief.getsockname()[1]
        assert Api(stack).get("/api/projects")["count"] == 0
        assert len([each for each in strays(other.resolve()) if "label_studio.server" in each.cmdline()]) == 1
