"""Requests drawn at random, sent to the embedded bucket as they stand: each gets an answer, and none a fault of its."""

from __future__ import annotations

import logging
import random
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError
from embedded_bucket import EmbeddedBucket

METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "G\x01T"]
ODD = ["", "x", "..", "../../etc/passwd", "%2e%2e%2f", "%2f", "%00", "%ff", "%", "a//b", "\\", "ä", "%F0%9F%90%9F"]
ODD += [
    "%ED%A0%80",
    "%EF%BF%BE",
    "n" * 1025,
    "a%0d%0ab",
    ".well-known/acme-challenge/x",
    "?",
    "#",
    "a?b",
    "*",
    "o",
    "b",
]
NUMBERS = ["0", "1", "-1", "x", "", "9" * 18, "9" * 40, "1e3", "٣", "0x1", " 1", "1.5", "%00"]
WORDS = [
    "alt=media",
    "alt=json",
    "uploadType=media",
    "uploadType=multipart",
    "uploadType=resumable",
    "uploads",
    "name=s",
]
WORDS += ["delimiter=/", "delimiter=%00", "prefix=%ff", "list-type=2", "matchGlob=**", "response-content-type=a%0d%0ab"]
NUMBERED = ["generation", "ifGenerationMatch", "ifMetagenerationNotMatch", "maxResults", "max-keys", "partNumber"]
NUMBERED += [
    "pageToken",
    "continuation-token",
    "marker",
    "uploadId",
    "upload_id",
    "startOffset",
    "ifSourceGenerationMatch",
]
NUMBERED += ["X-Goog-Algorithm", "X-Goog-Date", "X-Goog-Expires", "X-Goog-Signature", "X-Goog-Credential", "name"]
BODIES = [
    b"",
    b"x",
    b"{}",
    b"[]",
    b"[" * 3000,
    b'{"name": 5}',
    b'{"name": "s", "metadata": {"a": []}}',
    b"null",
    b"\xff",
]
BODIES += [b'{"cors": [{"origin": 1}]}', b'{"sourceObjects": [{"name": "a"}]}', b'{"sourceObjects": [null]}', b"<a/>"]
BODIES += [b"<C><Part><PartNumber>1</PartNumber></Part></C>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b'"\\ud800"']
BODIES += [
    b'{"name": "\\ud800"}',
    b'{"contentType": "a\\r\\nb"}',
    b'{"updated": 1e999, "size": -1}',
    b"grant_type=x" * 40,
]
PARTS = [b"--x\r\n", b"--x--", b"\r\n\r\n", b"Content-Type: application/json\r\n", b'{"name": "m"}', b"bytes", b"\r\n"]
PARTS += [b"Content-Type: application/http\r\nContent-ID: <\xff\r\n y>\r\n", b"GET /storage/v1/b HTTP/1.1\r\n", b"--x"]
PARTS += [
    b"DELETE /storage/v1/b/media/o/%ff",
    b"GET http://[ HTTP/1.1",
    b"Content-Transfer-Encoding: base64\r\n",
    b"=?x?=",
]
HEADERS = ["Range: bytes=-0", "Range: bytes=1-0", "Range: bytes=" + "9" * 18 + "-", "Range: bytes=0-0,2-3", "Range: x"]
HEADERS += ["Content-Range: bytes 0-4/10", "Content-Range: bytes */*", "Content-Range: bytes 5-1/0", "Content-Range: x"]
HEADERS += [
    "Content-Range: bytes 0-0/" + "9" * 18,
    "If-None-Match: W/",
    "Origin: null",
    "Origin: \x80",
    "Origin: http://a",
]
HEADERS += [
    "Content-Type: multipart/related; boundary=x",
    "Content-Type: multipart/mixed; boundary=x",
    "Content-Type: \xff",
]
HEADERS += [
    'Content-Type: multipart/related; boundary="',
    "Content-Type: application/x-www-form-urlencoded; charset=zz",
]
HEADERS += ["X-Goog-Hash: crc32c=,md5", "Content-MD5: \xff", "x-goog-if-generation-match: -1", "x-goog-meta-\xe4: \xff"]
HEADERS += [
    "Expect: 100-continue",
    "Expect: x",
    "Content-Encoding: gzip",
    "Accept-Encoding: ",
    "Transfer-Encoding: gzip",
]
HEADERS += ["Cookie: a=b", "Upgrade: websocket", "Connection: upgrade", "X-HTTP-Method-Override: DELETE", "Host: evil"]
KEPT = {"a": b"0123456789", "p": b"not gzip at all", "a/b": b"", "../x": b"up"}


class Drawn:
    """Requests of one seed."""

    def __init__(self, seed: int, served: EmbeddedBucket, begun: str) -> None:
        self._draw = random.Random(seed)
        self._served = served
        self._begun = begun

    def _address(self) -> str:
        pick = self._draw.choice
        bucket = pick(["media"] * 6 + ["none", *ODD])
        name = pick([*(quote(name, safe="") for name in KEPT), *ODD])
        paths = ["/storage/v1/b", f"/storage/v1/b/{bucket}", f"/storage/v1/b/{bucket}/o", "/batch/storage/v1", "/token"]
        paths += [
            f"/storage/v1/b/{bucket}/o/{name}",
            f"/download/storage/v1/b/{bucket}/o/{name}",
            f"/{bucket}/{name}",
        ] * 3
        paths += [f"/upload/storage/v1/b/{bucket}/o", f"/{bucket}", f"/storage/v1/b/{bucket}/iam", f"/{name}", "*"] * 2
        paths += [f"/storage/v1/b/{bucket}/iam/testPermissions", f"/storage/v1/b/{bucket}/o/{name}/compose"]
        paths += [f"/storage/v1/b/{bucket}/o/a/{verb}/b/media/o/{name}" for verb in ("rewriteTo", "copyTo")]
        said = self._draw.sample(WORDS, self._draw.choice([0, 1, 1, 2]))
        said += [
            f"{word}={pick([*NUMBERS, *ODD, self._begun])}" for word in self._draw.sample(NUMBERED, pick([0, 0, 1, 3]))
        ]
        if self._draw.random() < 0.1:
            said.append(f"upload_id={self._begun}")
        return pick(paths) + ("?" + "&".join(said) if said else "")

    def _body(self) -> bytes:
        if self._draw.random() < 0.4:
            return b"".join(self._draw.choices(PARTS, k=self._draw.randint(1, 9)))
        body = self._draw.choice(BODIES)
        return body if self._draw.random() < 0.8 else self._draw.randbytes(self._draw.choice([1, 100, 70_000]))

    def request(self) -> bytes:
        """Return a request as it is sent."""
        address = self._address().encode("utf-8")
        head = self._draw.choice(METHODS[:6] * 3 + METHODS).encode() + b" " + address + b" HTTP/1.1\r\n"
        lines = [f"Host: 127.0.0.1:{self._served.port}", "Connection: close"]
        if self._draw.random() < 0.85:
            lines.append(f"Authorization: {self._served.token['Authorization']}")
        elif self._draw.random() < 0.5:
            lines.append(
                self._draw.choice(
                    ["Authorization: Bearer " + "W1tb" * 1500, "Authorization: \xff", "Authorization: Bearer a.b.c"]
                )
            )
        lines += self._draw.sample(HEADERS, self._draw.choice([0, 0, 1, 1, 2, 4]))
        body = self._body()
        if self._draw.random() < 0.3:
            lines.append("Transfer-Encoding: chunked")
            cut = self._draw.randint(0, len(body))
            body = (
                b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in (body[:cut], body[cut:]) if each)
                + b"0\r\n\r\n"
            )
            body = body if self._draw.random() < 0.9 else b"zz\r\n" + body
        else:
            lines.append(f"Content-Length: {len(body)}")
        return head + "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBucket]:
    made = EmbeddedBucket(tmp_path_factory.mktemp("fuzz") / "deep" / "bucket")
    yield made
    made.close()


def fill(served: EmbeddedBucket) -> str:
    """Make the bucket that is asked for what it is at the start, and return an upload that was begun."""
    bucket = served.client().bucket("media")
    if not bucket.exists():
        bucket.create()
    for name, content in KEPT.items():
        blob = bucket.blob(name)
        blob.content_encoding = "gzip" if name == "p" else None
        blob.upload_from_string(content)
    address = bucket.blob("begun").create_resumable_upload_session(size=10)
    return address.rpartition("upload_id=")[2]


def answer_to(served: EmbeddedBucket, request: bytes) -> bytes:
    """Return all that comes until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as line:
        try:
            line.sendall(request)
            got = []
            while piece := line.recv(65536):
                got.append(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of it was sent
        return b"".join(got)


# Broken bodies are let go by the clock, so that a busy machine can fail it: not for the ordinary run.
@pytest.mark.exhaustive
@pytest.mark.parametrize("seeds", [range(4), range(4, 400)], ids=["a few", "many"])
def test_whatever_is_sent_gets_an_answer_that_blames_no_fault_of_the_server(
    served: EmbeddedBucket, seeds: range, caplog: pytest.LogCaptureFixture
) -> None:
    outside = served.folder.parent.parent
    before = {path for path in outside.rglob("*") if served.folder not in path.parents}
    caplog.set_level(logging.WARNING)
    for seed in seeds:
        drawn = Drawn(seed, served, fill(served))
        for number in range(60):
            request = drawn.request()
            answer = answer_to(served, request)
            status = re.match(rb"HTTP/1\.[01] (\d{3}) ", answer)
            assert status is not None or answer == b"", (seed, number, request[:400], answer[:200])
            assert status is None or int(status.group(1)) < 500, (seed, number, request[:400], answer[:300])
            faults = [record.exc_info for record in caplog.records if record.levelno >= logging.ERROR]
            # What is no HTTP aiohttp refuses, and writes down, before any of ours is asked.
            faults = [
                each for each in faults if not (each and isinstance(each[1], HttpProcessingError | RequestPayloadError))
            ]
            assert faults == [], (seed, number, request[:400])
            assert b"root:" not in answer
        files = [path for path in served.folder.rglob("*") if path.is_file()]
        assert all(path.parent.name in (served.folder.name, "bytes", "incoming") for path in files)
    assert {path for path in outside.rglob("*") if served.folder not in path.parents} == before
    fill(served)
    assert served.client().bucket("media").blob("a").download_as_bytes() == KEPT["a"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True).returncode:
        pytest.skip("only root may mount the small disk this needs")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_on_a_full_disk_every_way_to_upload_is_refused_whole_and_the_next_one_works(small_disk: Path) -> None:
    served = EmbeddedBucket(small_disk / "bucket")
    try:
        bucket = served.client().create_bucket("media")
        bucket.blob("kept").upload_from_string(b"kept")
        place, large = f"{served.endpoint}/upload/storage/v1/b/media/o", b"x" * 4_000_000
        head = {**served.token, "Content-Type": "multipart/related; boundary=b"}
        related = b'--b\r\n\r\n\r\n{"name": "multi"}\r\n--b\r\n\r\n' + large + b"\r\n--b--"
        begun = bucket.blob("resumed").create_resumable_upload_session(size=len(large))
        parts = requests.post(f"{served.endpoint}/media/parts?uploads", headers=served.token, timeout=60).text
        upload_id = parts.split("<UploadId>")[1].split("<")[0]
        for _ in range(2):
            refused = [
                requests.post(f"{place}?uploadType=media&name=plain", headers=served.token, data=large, timeout=60),
                requests.post(f"{place}?uploadType=multipart", headers=head, data=related, timeout=60),
                requests.put(f"{served.endpoint}/media/xml", headers=served.token, data=large, timeout=60),
                requests.put(
                    f"{served.endpoint}/media/parts?partNumber=1&uploadId={upload_id}",
                    headers=served.token,
                    data=large,
                    timeout=60,
                ),
            ]
            assert [each.status_code for each in refused] == [507] * 4
            assert all("disk of this computer is full" in each.text for each in refused)
        resumed = requests.put(
            begun, data=large, headers={"Content-Range": f"bytes 0-3999999/{len(large)}"}, timeout=60
        )
        assert resumed.status_code == 507
        assert requests.put(begun, headers={"Content-Range": "bytes */*"}, timeout=60).status_code == 401, "it is gone"
        assert list((served.folder / "incoming").iterdir()) == []
        # The database finds no room either.
        block = small_disk / "block"
        with pytest.raises(OSError, match="No space left"):
            block.write_bytes(b"x" * 4_000_000)
        statuses = set()
        for number in range(400):
            name = f"{number:03}" + "n" * 900
            reply = requests.post(f"{place}?uploadType=media&name={name}", headers=served.token, data=b"y", timeout=60)
            statuses.add(reply.status_code)
            if reply.status_code == 507:
                break
        assert 507 in statuses
        assert statuses <= {200, 507}
        listed = [blob.name for blob in bucket.list_blobs()]
        assert "kept" in listed
        block.unlink()
        assert bucket.blob("kept").download_as_bytes() == b"kept"
        for blob in bucket.list_blobs():
            assert blob.download_as_bytes() == (b"kept" if blob.name == "kept" else b"y")
        bucket.blob("next").upload_from_string(b"next")
        assert bucket.blob("next").download_as_bytes() == b"next"
    finally:
        served.close()
