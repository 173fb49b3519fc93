"""What a stranger, a web page, an odd client or a full disk tries with the embedded bucket."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gzip
import json
import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from embedded_bucket import EmbeddedBucket
from google.api_core.exceptions import BadRequest, Conflict, PreconditionFailed
from google.cloud import storage
from google.cloud.storage import transfer_manager

from lsnb.local import transfer
from lsnb.local.identity import create_identity
from lsnb.local.objects import Conditions, Objects


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBucket]:
    made = EmbeddedBucket(tmp_path_factory.mktemp("bucket"))
    yield made
    made.close()


@pytest.fixture
def bucket(served: EmbeddedBucket, request: pytest.FixtureRequest) -> Iterator[storage.Bucket]:
    made = served.client().create_bucket(f"b{abs(hash(request.node.nodeid)) % 10**9}")
    yield made
    made.delete(force=True)


def ask(served: EmbeddedBucket, method: str, path: str, **more: Any) -> requests.Response:
    """Ask for a path as it stands: nothing is made of its dots and percent signs on the way."""
    wanted = requests.Request(method, served.endpoint + "/", **more).prepare()
    wanted.url = served.endpoint + path
    with requests.Session() as session:
        return session.send(wanted, timeout=30)


ODD_NAMES = [
    "x",
    "x/y",
    "x/y/z",
    "../../escaped",
    "a/../../b",
    "/absolute",
    "//",
    "a//b/",
    "...",
    "a\\..\\b",
    "C:\\x",
    "con",
    "ä/日本/🐟",
    "%2e%2e%2f",
    "a?b#c&d=e+f",
    "tab\tand\x01control",
    "n" * 1024,
    ".lsnb",
    "objects.db",
]


def test_every_name_that_the_service_takes_is_a_name_and_never_a_path(
    served: EmbeddedBucket, bucket: storage.Bucket
) -> None:
    for name in ODD_NAMES:
        bucket.blob(name).upload_from_string(name.encode(), if_generation_match=0)
    assert {blob.name: blob.download_as_bytes() for blob in bucket.list_blobs()} == {
        name: name.encode() for name in ODD_NAMES
    }
    assert [blob.name for blob in bucket.list_blobs(page_size=3)] == sorted(ODD_NAMES, key=str.encode)
    files = [path for path in served.folder.rglob("*") if path.is_file()]
    assert all(path.parent.name in (served.folder.name, "bytes", "incoming") for path in files)
    assert not [path for path in files if path.parent.name == "bytes" and not path.name.isalnum()]
    assert all((path.stat().st_mode & 0o077) == 0 for path in [served.folder, *files])
    assert not (served.folder.parent / "escaped").exists()


@pytest.mark.parametrize("name", [".", "..", "a\nb", "a\rb", "n" * 1025, "", ".well-known/acme-challenge/x"])
def test_names_that_the_service_refuses_are_refused(served: EmbeddedBucket, bucket: storage.Bucket, name: str) -> None:
    path = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name={quote(name, safe='')}"
    assert ask(served, "POST", path, headers=served.token, data=b"x").status_code == 400
    assert list(bucket.list_blobs()) == []


def test_listings_by_delimiter_are_those_of_the_names(bucket: storage.Bucket) -> None:
    names = ["a", "a/b", "a/c/d", "a/c/e", "b//c", "b/d", "c", "z/" + "\U0010ffff", "z0"]
    for name in names:
        bucket.blob(name).upload_from_string(b"")
    for prefix in ("", "a", "a/", "b/", "q"):
        for size in (1, 2, 1000):
            listing = bucket.list_blobs(prefix=prefix, delimiter="/", page_size=size)
            items = [blob.name for blob in listing]
            within = [name for name in names if name.startswith(prefix)]
            rest = [name[len(prefix) :] for name in within]
            assert items == [name for name, tail in zip(within, rest, strict=True) if "/" not in tail]
            assert listing.prefixes == {prefix + tail.split("/")[0] + "/" for tail in rest if "/" in tail}
    assert [blob.name for blob in bucket.list_blobs(start_offset="a/c", end_offset="c")] == names[2:6]


def test_a_web_page_and_a_stranger_get_nothing(served: EmbeddedBucket, bucket: storage.Bucket) -> None:
    bucket.blob("secret.txt").upload_from_string(b"secret")
    b = bucket.name
    page = {"Origin": "https://evil.example", "Content-Type": "text/plain", "Cookie": "token=1"}
    tries = [
        ("GET", f"/storage/v1/b/{b}/o"),
        ("GET", "/storage/v1/b"),
        ("GET", f"/{b}"),
        ("GET", f"/{b}/secret.txt"),
        ("GET", f"/download/storage/v1/b/{b}/o/secret.txt?alt=media"),
        ("POST", f"/upload/storage/v1/b/{b}/o?uploadType=media&name=x"),
        ("POST", f"/upload/storage/v1/b/{b}/o?uploadType=resumable&name=x"),
        ("PUT", f"/{b}/x"),
        ("POST", f"/{b}/x?uploads"),
        ("DELETE", f"/storage/v1/b/{b}/o/secret.txt"),
        ("DELETE", f"/{b}/secret.txt"),
        ("POST", f"/storage/v1/b/{b}/o/secret.txt/rewriteTo/b/{b}/o/x"),
        ("POST", "/batch/storage/v1"),
        ("PATCH", f"/storage/v1/b/{b}"),
        ("GET", f"/{b}/..%2f..%2fsecret.txt"),
        ("GET", "/../../etc/passwd"),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd"),
    ]
    for method, path in tries:
        for headers in ({}, page, {"Authorization": "Bearer ya29.lsnb.\xff.\xff"}, {"Authorization": "Basic YTpi"}):
            reply = ask(served, method, path, headers=headers, data=b"x" if method != "GET" else None)
            assert reply.status_code in (401, 403), (method, path, headers)
            assert b"secret" not in reply.content.replace(b"secret.txt", b"")
    other = create_identity().access_token()[0]
    assert ask(served, "GET", f"/{b}/secret.txt", headers={"Authorization": f"Bearer {other}"}).status_code == 401
    assert [blob.name for blob in bucket.list_blobs()] == ["secret.txt"]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "", "127.0.0.1:1"]
)
def test_a_name_that_was_made_to_point_here_is_not_answered(served: EmbeddedBucket, host: str) -> None:
    headers = {**served.token, "Host": host.format(port=served.port)}
    assert ask(served, "GET", "/storage/v1/b", headers=headers).status_code in (400, 421)


def test_what_is_said_of_things_is_held_against_what_may_be_said(
    served: EmbeddedBucket, bucket: storage.Bucket
) -> None:
    bucket.blob("a").upload_from_string(b"a")
    place = f"/storage/v1/b/{bucket.name}"
    for body in (
        {"cors": [{"origin": 5}]},
        {"cors": [{"origin": [5]}]},
        {"cors": "x"},
        {"cors": [{"origin": ["a\r\nX: y"]}]},
        {"cors": [{"maxAgeSeconds": "x"}]},
        [],
        "x",
    ):
        assert ask(served, "PATCH", place, headers=served.token, json=body).status_code == 400, body
    for body in ({"metadata": 5}, {"metadata": {"a": 1}}, {"contentType": {}}, {"cacheControl": ["x"]}, [1]):
        assert ask(served, "PATCH", f"{place}/o/a", headers=served.token, json=body).status_code == 400, body
    assert ask(served, "PATCH", f"{place}/o/a", headers=served.token, data=b"[" * 100_000).status_code == 400
    assert ask(served, "PATCH", f"{place}/o/a", headers=served.token, data=b" " * 5_000_000).status_code == 413
    assert ask(served, "PATCH", f"{place}/o/a", headers=served.token, json={"cacheControl": "a\0b\r\nX-Y: z"}).ok
    reply = ask(served, "GET", f"/{bucket.name}/a", headers=served.token)
    assert (reply.content, "X-Y" in reply.headers) == (b"a", False)
    assert ask(served, "GET", f"{place}/o?maxResults=x", headers=served.token).status_code == 400
    assert ask(served, "GET", f"{place}/o?pageToken=%ff", headers=served.token).status_code == 400
    assert ask(served, "GET", f"{place}/o/%ff", headers=served.token).status_code == 400


@pytest.mark.parametrize(
    ("given", "status", "content"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=8-", 206, b"89"),
        ("bytes=-2", 206, b"89"),
        ("bytes=-99", 206, b"0123456789"),
        ("bytes=5-99", 206, b"56789"),
        ("bytes=10-", 416, b""),
        ("bytes=-0", 416, b""),
        ("bytes=3-1", 200, b"0123456789"),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("bytes=" + "9" * 30 + "-", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
    ],
)
def test_ranges(served: EmbeddedBucket, bucket: storage.Bucket, given: str, status: int, content: bytes) -> None:
    bucket.blob("a").upload_from_string(b"0123456789")
    reply = ask(served, "GET", f"/{bucket.name}/a", headers={**served.token, "Range": given})
    assert (reply.status_code, reply.content) == (status, content)
    if status != 200:
        assert reply.headers["Content-Range"].endswith("/10")


def test_preconditions_and_checksums_are_held(served: EmbeddedBucket, bucket: storage.Bucket) -> None:
    blob = bucket.blob("a")
    blob.upload_from_string(b"1", if_generation_match=0)
    for condition in ({"if_generation_match": 0}, {"if_generation_match": 5}, {"if_metageneration_match": 7}):
        with pytest.raises(PreconditionFailed):
            bucket.blob("a").upload_from_string(b"2", **condition)
        with pytest.raises(PreconditionFailed):
            bucket.blob("a").delete(**condition)
    with pytest.raises(Conflict):
        served.client().create_bucket(bucket.name)
    with pytest.raises(Conflict):
        bucket.delete()
    path = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=b"
    reply = ask(served, "POST", path, headers={**served.token, "X-Goog-Hash": "crc32c=AAAAAA=="}, data=b"x")
    assert reply.status_code == 400
    assert [each.name for each in bucket.list_blobs()] == ["a"]
    assert list((served.folder / "incoming").iterdir()) == []


def test_the_library_s_own_verbs(served: EmbeddedBucket, bucket: storage.Bucket, tmp_path: Path) -> None:
    blob = bucket.blob("a/b")
    blob.metadata = {"k": "v"}
    blob.upload_from_string(b"hello", content_type="text/plain")
    blob.metadata = {"k": None, "l": "w"}
    blob.patch()
    assert (blob.metadata, blob.metageneration) == ({"l": "w"}, 2)
    renamed = bucket.rename_blob(blob, "c")
    composed = bucket.blob("d")
    composed.compose([renamed, renamed])
    assert composed.download_as_bytes() == b"hellohello"
    assert renamed.download_as_bytes(start=1, end=2) == b"el"
    packed = bucket.blob("packed")
    packed.content_encoding = "gzip"
    packed.upload_from_string(gzip.compress(b"plain" * 1000), content_type="text/plain")
    assert packed.download_as_bytes() == b"plain" * 1000
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(3_000_000))
    parts = bucket.blob("parts")
    transfer_manager.upload_chunks_concurrently(str(large), parts, chunk_size=1_000_000, worker_type="thread")
    transfer_manager.download_chunks_concurrently(parts, f"{large}2", chunk_size=700_000, worker_type="thread")
    assert Path(f"{large}2").read_bytes() == large.read_bytes()
    pairs = [(str(large), bucket.blob(f"many/{number}")) for number in range(40)]
    assert transfer_manager.upload_many(pairs, worker_type="thread", max_workers=32) == [None] * 40
    client = served.client()
    with client.batch():
        for name in ("c", "d", "packed"):
            client.bucket(bucket.name).blob(name).delete()
    assert {each.name for each in bucket.list_blobs(prefix="")} >= {"parts"}
    assert not bucket.blob("c").exists()
    with pytest.raises(BadRequest):
        list(bucket.list_blobs(match_glob="**"))


def test_what_is_sent_packed_is_kept_as_it_came(served: EmbeddedBucket, bucket: storage.Bucket) -> None:
    packed = gzip.compress(b"plain" * 1000)
    address = bucket.blob("packed").generate_signed_url(
        version="v4", expiration=60, method="PUT", api_access_endpoint=served.endpoint
    )
    assert requests.put(address, data=packed, headers={"Content-Encoding": "gzip"}, timeout=30).status_code == 200
    blob = bucket.get_blob("packed")
    assert (blob.content_encoding, blob.size) == ("gzip", len(packed))
    assert blob.download_as_bytes(raw_download=True) == packed
    assert blob.download_as_bytes() == b"plain" * 1000


def test_an_unfinished_upload_holds_no_file_open_and_takes_no_more_than_it_said(
    served: EmbeddedBucket, bucket: storage.Bucket
) -> None:
    def handles() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    before = handles()
    begun = [bucket.blob(f"u{n}").create_resumable_upload_session(size=10) for n in range(60)]
    for address in begun:
        headers = {"Content-Range": "bytes 0-4/10"}
        assert requests.put(address, data=b"01234", headers=headers, timeout=30).status_code == 308
    assert handles() - before < 30
    longer = requests.put(begun[0], data=b"x" * 20, headers={"Content-Range": "bytes 5-24/10"}, timeout=30)
    assert longer.status_code == 400
    assert requests.put(begun[0], headers={"Content-Range": "bytes */10"}, timeout=30).status_code == 308
    done = requests.put(begun[0], data=b"56789", headers={"Content-Range": "bytes 5-9/10"}, timeout=30)
    assert (done.status_code, bucket.blob("u0").download_as_bytes()) == (200, b"0123456789")
    assert requests.delete(begun[1], timeout=30).status_code == 499
    assert requests.put(begun[1], data=b"x", timeout=30).status_code == 401


def test_a_client_that_goes_silent_is_let_go(
    served: EmbeddedBucket, bucket: storage.Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_PATIENCE", 0.3)
    token = served.token["Authorization"]
    for head in (
        f"POST /upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=slow HTTP/1.1\r\nAuthorization: {token}\r\n",
        "POST /token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        f"PATCH /storage/v1/b/{bucket.name} HTTP/1.1\r\nAuthorization: {token}\r\n",
    ):
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as line:
            line.sendall(f"{head}Host: 127.0.0.1:{served.port}\r\nContent-Length: 1000\r\n\r\nabc".encode())
            assert b" 408 " in line.recv(4096)
    assert list(bucket.list_blobs()) == []


def test_a_stranger_that_drips_is_let_go(served: EmbeddedBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_PATIENCE", 0.5)
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as line:
        line.sendall(f"POST /token HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nContent-Length: 1000\r\n\r\n".encode())
        for _ in range(999):
            line.sendall(b"a")
            if select.select([line], [], [], 0.05)[0]:
                break
        assert b" 408 " in line.recv(4096)


def test_links_and_leavings_in_its_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("outside")
    folder = tmp_path / "bucket"
    store = Objects(folder)
    store.create_bucket("media", {})
    incoming = store.receive()
    incoming.write(b"inside")
    found = store.put("media", "a", incoming, {}, Conditions())
    (folder / "incoming" / "left").write_bytes(b"cut")
    (folder / "incoming" / "folder").mkdir()
    (folder / "bytes" / "orphan").write_bytes(b"cut")
    (folder / "incoming" / "link").symlink_to(outside)
    store.close()
    again = Objects(folder)
    assert not (folder / "bytes" / "orphan").exists()
    assert [path.name for path in (folder / "incoming").iterdir()] == ["folder"]
    assert outside.read_text() == "outside"
    (folder / "bytes" / found.file).unlink()
    (folder / "bytes" / found.file).symlink_to(outside)
    with pytest.raises(Exception, match="No such object"):
        again.open(found)
    again.close()


def test_the_bucket_of_an_older_lsnb_is_taken_over_with_what_it_noted(tmp_path: Path) -> None:
    old = tmp_path / "objects"
    (old / "media" / "a").mkdir(parents=True)
    (old / "media" / "a" / "b.jpg").write_bytes(b"picture")
    (old / "media" / "c").write_bytes(b"text")
    (old / "media" / "link").symlink_to("/etc/passwd")
    noted = json.dumps({"ContentType": "text/x-odd", "CacheControl": "no-cache", "Metadata": {"k": "v"}})
    is_noted = True
    try:
        os.setxattr(old / "media" / "c", "user.metadata", noted.encode())
    except OSError:
        is_noted = False  # this disk keeps no such notes
    store = Objects(tmp_path / "bucket")
    assert store.take_over(old) == 1, "the link"
    store.take_over_rules({"media": [{"origin": ["*"], "method": ["GET"]}], "other": 3})
    assert [each.name for each in store.page("media").objects] == ["a/b.jpg", "c"]
    assert store.get("media", "a/b.jpg").media_type == "image/jpeg"
    if is_noted:
        assert store.get("media", "c").about == {
            "contentType": "text/x-odd",
            "cacheControl": "no-cache",
            "metadata": {"k": "v"},
        }
    assert store.bucket("media").about["cors"] == [{"origin": ["*"], "method": ["GET"]}]
    assert store.take_over(old) == 1, "twice is safe"
    store.close()


def test_odd_bytes_get_an_answer_and_no_fault_of_the_server(served: EmbeddedBucket, bucket: storage.Bucket) -> None:
    def status(method: str, path: str, header: bytes = b"", body: bytes = b"") -> int:
        token = served.token["Authorization"]
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nConnection: close\r\n"
        head += f"Authorization: {token}\r\nContent-Length: {len(body)}\r\n"
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as line:
            line.sendall(head.encode() + header + b"\r\n" + body)
            return int(line.makefile("rb").readline().split()[1])

    form, part = b"Content-Type: application/x-www-form-urlencoded; charset=zz\r\n", b"Content-Type: application/http"
    batch = b"--x\r\n" + part + b"\r\n\r\nGET http://[ HTTP/1.1\r\n\r\n\r\n--x--\r\n"
    upload = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=s"
    assert status("POST", "/token", form, b"a=1") == 400
    assert status("POST", "/token", b"Content-Type: multipart/form-data\r\n", b"x") == 400
    assert status("POST", f"/{bucket.name}/a%01b?uploads") == 200
    assert status("PUT", f"/{bucket.name}/a%EF%BF%BF", body=b"x") == 200
    assert status("GET", f"/{bucket.name}") == 200
    assert status("POST", upload, b"Content-Type: text/\xff\r\n", b"x") == 400
    assert status("POST", "/batch/storage/v1", b"Content-Type: multipart/mixed; boundary=x\r\n", batch) == 200


@pytest.mark.parametrize(
    "kind",
    [
        "text/html",
        "image/svg+xml",
        "application/xml",
        "odd",
        "image/png",
        "application/pdf",
        "application/pdf;,text/html",
        "application/pdf, text/html",
        "application/pdf\u2003",
    ],
)
def test_a_page_of_a_stranger_s_is_no_page_of_this_computer(
    served: EmbeddedBucket, bucket: storage.Bucket, kind: str
) -> None:
    blob = bucket.blob("page")
    blob.upload_from_string(b"<script>document.cookie</script>")
    blob.content_type = kind
    blob.patch()
    opened = blob.generate_signed_url(version="v4", expiration=60, api_access_endpoint=served.endpoint)
    rule = requests.get(opened, timeout=30).headers.get("Content-Security-Policy")
    # A sandbox without an origin has no cookies; the browser's own viewer of PDF cannot work in one.
    assert rule == (None if kind == "application/pdf" else "sandbox allow-scripts")


def test_strangers_fill_neither_the_memory_nor_the_log(
    served: EmbeddedBucket, caplog: pytest.LogCaptureFixture
) -> None:
    assert ask(served, "POST", "/token", data=b"x" * 100_000).status_code == 413
    for sent in (b"get / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"\x00\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", served.port), timeout=30) as line:
            line.sendall(sent)
            assert line.makefile("rb").readline().split()[1] == b"400"
    assert not [line for line in caplog.records if line.name.startswith(("aiohttp", "lsnb"))]


def test_a_signed_address_is_read_one_way(served: EmbeddedBucket, bucket: storage.Bucket) -> None:
    bucket.blob("a#b").upload_from_string(b"x")
    signed = bucket.blob("a#b").generate_signed_url(version="v4", expiration=60, api_access_endpoint=served.endpoint)
    path = signed.removeprefix(served.endpoint)
    assert ask(served, "GET", path).content == b"x"
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as line:
        line.sendall(f"GET {path.replace('%23', '#')} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n\r\n".encode())
        assert line.makefile("rb").readline().split()[1] == b"400"


@pytest.mark.parametrize(
    ("bucket_named", "name", "method"),
    [
        ("storage", "v1/b", "GET"),
        ("storage", "v1/b/{b}/o", "GET"),
        ("storage", "v1/b/{b}/o/secret.txt", "DELETE"),
        ("download", "storage/v1/b/{b}/o/secret.txt", "GET"),
        ("upload", "storage/v1/b/{b}/o", "POST"),
        ("batch", "storage/v1", "POST"),
    ],
)
def test_an_address_signed_for_an_object_asks_the_json_api_for_nothing(
    served: EmbeddedBucket, bucket: storage.Bucket, bucket_named: str, name: str, method: str
) -> None:
    # Who may edit a task has Label Studio sign "gs://storage/v1/b": an object's address, and the JSON API's as well.
    bucket.blob("secret.txt").upload_from_string(b"secret")
    blob = served.client().bucket(bucket_named).blob(name.format(b=bucket.name))
    query = {"uploadType": "media", "name": "planted"}
    signed = blob.generate_signed_url(
        version="v4", expiration=60, method=method, api_access_endpoint=served.endpoint, query_parameters=query
    )
    reply = ask(served, method, signed.removeprefix(served.endpoint), data=b"x" if method == "POST" else None)
    assert (reply.status_code, b"secret" in reply.content) == (401, False)
    assert [each.name for each in bucket.list_blobs()] == ["secret.txt"]


def test_a_stranger_who_holds_connections_does_not_shut_the_owner_out(
    served: EmbeddedBucket, bucket: storage.Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = bucket.blob("a")
    blob.upload_from_string(b"a")
    monkeypatch.setattr(served.front.door, "_most", 40)
    with contextlib.ExitStack() as open_lines, requests.Session() as session:
        lines = []
        for begun in [
            b"",
            b"GET / HT",
            b"POST /token HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 9\r\n\r\nab",
        ] * 40:
            line = open_lines.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=20))
            line.sendall(begun.replace(b"%d", str(served.port).encode()))
            lines.append(line)
            reply = session.get(f"{served.endpoint}/{bucket.name}/a", headers=served.token, timeout=30)
            assert reply.content == b"a"
        assert len(served.runner.server.connections) <= 42
        assert served.client().bucket(bucket.name).blob("a").download_as_bytes() == b"a"
        # The oldest made room, and the owner's own connection was none of them.
        with contextlib.suppress(ConnectionError):
            assert lines[0].recv(100) == b""
        assert session.get(f"{served.endpoint}/{bucket.name}/a", headers=served.token, timeout=30).ok


def test_that_no_handles_are_left_is_not_written_once_for_each_try(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    fault = OSError(errno.EMFILE, "Too many open files")
    transfer._log_what_is_no_stranger_s(loop, {"message": "socket.accept() out of system resource", "exception": fault})
    assert caplog.records == []
    transfer._log_what_is_no_stranger_s(loop, {"message": "what is ours", "exception": OSError(errno.EIO, "x")})
    assert [each.getMessage() for each in caplog.records] == ["what is ours"]
    loop.close()
