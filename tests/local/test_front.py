"""The bucket's address behaves as Cloud Storage does where the kit depends on it."""

from __future__ import annotations

import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
import requests
from google.api_core.exceptions import PreconditionFailed
from google.auth import jwt
from google.auth.crypt import RSASigner
from google.cloud import storage
from stack_tools import other_key

from lsnb.local.identity import load_identity
from lsnb.stack import Stack

PAGE = "http://127.0.0.1:8080"
RULE = {"origin": [PAGE], "method": ["GET", "HEAD"], "responseHeader": ["Content-Range", "Range"], "maxAgeSeconds": 60}


def cors_headers(reply: requests.Response) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name.startswith("Access-Control-")}


def test_objects_are_created_once_listed_and_read(fresh_bucket: storage.Bucket) -> None:
    blob = fresh_bucket.blob("a b/ü#%+'x.txt")
    blob.upload_from_string("hello", content_type="text/plain", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        blob.upload_from_string("other", if_generation_match=0)
    assert [found.name for found in fresh_bucket.list_blobs(prefix="a b/")] == [blob.name]
    assert blob.download_as_bytes() == b"hello"


def test_signed_address_gives_ranges(fresh_bucket: storage.Bucket, sign) -> None:
    blob = fresh_bucket.blob("a b/ü#%+'x.txt")
    blob.upload_from_string("hello world", content_type="text/plain")
    whole = requests.get(sign(blob))
    assert (whole.status_code, whole.text, whole.headers["Content-Type"]) == (200, "hello world", "text/plain")
    part = requests.get(sign(blob), headers={"Range": "bytes=6-8"})
    assert (part.status_code, part.text, part.headers["Content-Range"]) == (206, "wor", "bytes 6-8/11")
    head = requests.head(sign(blob, method="HEAD"))
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "11", b"")


def test_signed_address_that_was_changed_is_refused(fresh_bucket: storage.Bucket, sign) -> None:
    blob, secret = fresh_bucket.blob("a.txt"), fresh_bucket.blob("secret.txt")
    blob.upload_from_string("a")
    secret.upload_from_string("b")
    address = sign(blob)
    for changed in (
        address.replace("/a.txt", "/secret.txt"),
        address.replace("X-Goog-Expires=300", "X-Goog-Expires=3000"),
        address[:-2] + ("00" if address[-2:] != "00" else "11"),
        address + "&generation=1",
    ):
        reply = requests.get(changed)
        assert (reply.status_code, "SignatureDoesNotMatch" in reply.text) == (403, True), changed
    assert requests.head(address).status_code == 403, "signed for GET alone"
    assert requests.get(address.replace("X-Goog-Signature=", "X-Goog-Signature=x")).status_code == 400


def test_signed_address_runs_out(fresh_bucket: storage.Bucket, sign) -> None:
    from google.cloud.storage import _signing

    blob = fresh_bucket.blob("a.txt")
    blob.upload_from_string("a")
    address = _signing.generate_signed_url_v4(
        blob.client._credentials,
        resource=f"/{fresh_bucket.name}/a.txt",
        expiration=60,
        api_access_endpoint=blob.client.api_endpoint,
        _request_timestamp="20200101T000000Z",
    )
    reply = requests.get(address)
    assert reply.status_code == 400
    assert "<Code>ExpiredToken</Code>" in reply.text
    assert "2020-01-01T00:01:00+00:00" in reply.text


def test_signature_of_another_key_is_refused(own: Stack, fresh_bucket: storage.Bucket, sign) -> None:
    from google.oauth2 import service_account

    fresh_bucket.blob("a.txt").upload_from_string("a")
    stranger = service_account.Credentials.from_service_account_info(
        {**own.service_account, "private_key": other_key()}
    )
    address = sign(fresh_bucket.blob("a.txt"), credentials=stranger)
    assert requests.get(address).status_code == 403


def test_nobody_gets_in_without_permission(own: Stack, fresh_bucket: storage.Bucket) -> None:
    fresh_bucket.blob("a.txt").upload_from_string("a")
    media = f"{own.endpoint}/{fresh_bucket.name}/a.txt"
    download = f"{own.endpoint}/download/storage/v1/b/{fresh_bucket.name}/o/a.txt?alt=media"
    resource = f"{own.endpoint}/storage/v1/b/{fresh_bucket.name}"
    upload = f"{own.endpoint}/upload/storage/v1/b/{fresh_bucket.name}/o?uploadType=media&name=b.txt"
    assert requests.get(media).status_code == 403
    assert requests.get(download).status_code == 401
    assert requests.get(resource).status_code == 401
    assert requests.post(upload, data=b"b").status_code == 401
    for method, path in (("POST", f"{upload}&upload_id=x"), ("PUT", f"{upload}&upload_id=x"), ("GET", upload)):
        assert requests.request(method, path, data=b"b").status_code == 401, "no upload of this id was begun"
    begun = fresh_bucket.blob("c.txt").create_resumable_upload_session(size=1)
    upload_id = parse_qs(urlsplit(begun).query)["upload_id"][0]
    for path in (f"{upload}&upload_id={upload_id}", f"{resource}/o?name=b.txt&upload_id={upload_id}"):
        assert requests.post(path, data=b"b").status_code == 401, "good for that upload alone"
    for token in ("nonsense", "ya29.lsnb.MA.00", "ya29.lsnb..", "a.b.c"):
        wrong = {"Authorization": f"Bearer {token}"}
        assert requests.get(resource, headers=wrong).status_code == 401
        assert requests.get(media, headers=wrong).status_code == 401
    assert [blob.name for blob in fresh_bucket.list_blobs()] == ["a.txt"]


def test_tokens_are_given_to_the_service_account_alone(own: Stack) -> None:
    account = own.service_account

    def ask(private_key: str, **claims: object) -> requests.Response:
        now = int(time.time())
        payload = {
            "iss": account["client_email"],
            "aud": account["token_uri"],
            "iat": now,
            "exp": now + 600,
            **claims,
        }
        assertion = jwt.encode(RSASigner.from_string(private_key), payload).decode()
        grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        return requests.post(account["token_uri"], data={"grant_type": grant, "assertion": assertion})

    good = ask(account["private_key"])
    assert good.status_code == 200
    header = {"Authorization": f"Bearer {good.json()['access_token']}"}
    assert requests.get(f"{own.endpoint}/storage/v1/b/{own.bucket}", headers=header).status_code == 200
    assert ask(other_key()).json()["error"] == "invalid_grant"
    assert ask(account["private_key"], exp=int(time.time()) - 1).status_code == 400
    assert ask(account["private_key"], iss="somebody@else").status_code == 400
    assert requests.post(account["token_uri"], data={"grant_type": "password"}).status_code == 400


def test_rules_are_kept_changed_and_taken_away(
    own: Stack, client: storage.Client, fresh_bucket: storage.Bucket
) -> None:
    assert list(client.get_bucket(fresh_bucket.name).cors) == []
    fresh_bucket.cors = [RULE]
    fresh_bucket.patch()
    assert list(client.get_bucket(fresh_bucket.name).cors) == [RULE]
    assert [list(found.cors) for found in client.list_buckets() if found.name == fresh_bucket.name] == [[RULE]]
    fresh_bucket.labels = {"a": "b"}
    fresh_bucket.update()
    assert list(client.get_bucket(fresh_bucket.name).cors) == [RULE]
    made = client.bucket(f"{fresh_bucket.name}-made")
    made.cors = [RULE]
    client.create_bucket(made)
    assert list(client.get_bucket(made.name).cors) == [RULE]
    made.delete()
    assert list(client.create_bucket(made.name).cors) == []
    fresh_bucket.cors = []
    fresh_bucket.patch()
    assert list(client.get_bucket(fresh_bucket.name).cors) == []
    token = client._credentials.token
    reply = requests.patch(
        f"{own.endpoint}/storage/v1/b/{fresh_bucket.name}",
        data=b'{"cors": 3}',
        headers={"Authorization": f"Bearer {token}"},
    )
    assert reply.status_code == 400


def test_media_is_shared_by_the_first_rule_that_matches(fresh_bucket: storage.Bucket, sign) -> None:
    blob = fresh_bucket.blob("a.txt")
    blob.upload_from_string("a")
    address = sign(blob)
    assert cors_headers(requests.get(address, headers={"Origin": PAGE})) == {}, "no rule"

    fresh_bucket.cors = [{"origin": [PAGE], "method": ["PUT"]}, RULE, {"origin": ["*"], "method": ["HEAD"]}]
    fresh_bucket.patch()
    shared = requests.get(address, headers={"Origin": PAGE})
    assert cors_headers(shared) == {
        "Access-Control-Allow-Origin": PAGE,
        "Access-Control-Expose-Headers": (
            "Content-Length, Content-Range, Date, Range, Server, "
            "Transfer-Encoding, X-GUploader-UploadID, X-Google-Trace"
        ),
    }
    assert shared.headers["Vary"] == "Origin"
    assert cors_headers(requests.get(address, headers={"Origin": "http://localhost:8080"})) == {}
    assert cors_headers(requests.get(address, headers={"Origin": PAGE + "0"})) == {}
    assert cors_headers(requests.get(address)) == {}, "not asked by a page"
    star = requests.head(sign(blob, method="HEAD"), headers={"Origin": "http://elsewhere.example"})
    assert star.headers["Access-Control-Allow-Origin"] == "*"
    refused = requests.get(address + "0", headers={"Origin": PAGE})
    assert refused.status_code == 403 or refused.status_code == 400
    assert refused.headers["Access-Control-Allow-Origin"] == PAGE, "a script may read why it is refused"


def test_preflights_are_answered_by_the_rules(own: Stack, fresh_bucket: storage.Bucket) -> None:
    address = f"{own.endpoint}/{fresh_bucket.name}/a.txt"

    def ask(origin: str, method: str) -> dict[str, str]:
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "range",
        }
        reply = requests.options(address, headers=headers)
        assert (reply.status_code, reply.content) == (200, b"")
        return cors_headers(reply)

    assert ask(PAGE, "GET") == {}, "no rule"
    fresh_bucket.cors = [RULE]
    fresh_bucket.patch()
    assert ask(PAGE, "GET") == {
        "Access-Control-Allow-Origin": PAGE,
        "Access-Control-Allow-Methods": "GET,HEAD",
        "Access-Control-Allow-Headers": "Content-Range,Range",
        "Access-Control-Max-Age": "60",
    }
    assert ask("http://elsewhere.example", "GET") == {}
    assert ask(PAGE, "PUT") == {}


def test_json_api_does_not_look_at_the_rules(own: Stack, fresh_bucket: storage.Bucket) -> None:
    resource = f"{own.endpoint}/storage/v1/b/{fresh_bucket.name}/o"
    token = {"Authorization": f"Bearer {fresh_bucket.client._credentials.token}", "Origin": PAGE}
    assert requests.get(resource, headers=token).headers["Access-Control-Allow-Origin"] == PAGE
    preflight = requests.options(resource, headers={"Origin": PAGE, "Access-Control-Request-Method": "GET"})
    assert preflight.headers["Access-Control-Allow-Origin"] == PAGE


def test_resumable_upload_goes_on_where_it_was_cut(fresh_bucket: storage.Bucket) -> None:
    content, chunk = os.urandom(700_000), 262_144
    blob = fresh_bucket.blob("big/video.bin")
    session = blob.create_resumable_upload_session(size=len(content), content_type="video/mp4")
    assert urlsplit(session).netloc == urlsplit(fresh_bucket.client.api_endpoint).netloc

    def put(first: int, last: int) -> requests.Response:
        headers = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
        return requests.put(session, data=content[first : last + 1], headers=headers)

    def ask(total: object = "*") -> requests.Response:
        return requests.put(session, headers={"Content-Range": f"bytes */{total}"})

    assert (ask().status_code, "Range" in ask().headers) == (308, False)
    for _ in range(2):  # a reply that was lost makes a client send its piece again
        first = put(0, chunk - 1)
        assert (first.status_code, first.headers["Range"]) == (308, f"bytes=0-{chunk - 1}")
    assert put(2 * chunk, 2 * chunk + 9).headers["Range"] == f"bytes=0-{chunk - 1}", "a gap is not taken"
    for total in ("*", len(content)):
        assert (ask(total).status_code, ask(total).headers["Range"]) == (308, f"bytes=0-{chunk - 1}")
    assert not blob.exists()
    for _ in range(2):
        assert put(chunk, len(content) - 1).json()["size"] == str(len(content))
    assert ask().json()["name"] == blob.name
    assert blob.download_as_bytes() == content
    token = {"Authorization": f"Bearer {fresh_bucket.client._credentials.token}"}
    assert requests.put(session + "0", data=b"x", headers=token).status_code == 404
    assert requests.put(session + "0", data=b"x").status_code == 401
    assert requests.put(session, headers={"Content-Range": "bytes=3"}).status_code == 400


def test_resumable_upload_heeds_preconditions(fresh_bucket: storage.Bucket) -> None:
    content = os.urandom(600_000)
    chunked = fresh_bucket.blob("chunked.bin", chunk_size=262_144)
    chunked.upload_from_string(content, if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        chunked.upload_from_string(b"other" * 100_000, if_generation_match=0)
    assert fresh_bucket.blob("chunked.bin").download_as_bytes() == content
    chunked.upload_from_string(content[::-1], if_generation_match=chunked.generation)
    empty = fresh_bucket.blob("empty.bin", chunk_size=262_144)
    empty.upload_from_string(b"")
    assert fresh_bucket.get_blob("empty.bin").size == 0


def test_64_connections_at_once(fresh_bucket: storage.Bucket, sign) -> None:
    content = os.urandom(300_000)
    blob = fresh_bucket.blob("a.bin")
    blob.upload_from_string(content)
    address, together = sign(blob), Barrier(64, timeout=60)

    def read(number: int) -> bool:
        with requests.get(address, stream=True) as reply:
            together.wait()  # all 64 replies are open before any is read
            return reply.content == content

    with ThreadPoolExecutor(64) as pool:
        assert all(pool.map(read, range(64)))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="peak memory is read from Linux's /proc")
def test_bodies_are_streamed_both_ways(own: Stack, fresh_bucket: storage.Bucket, sign) -> None:
    front = next(process for process in own.processes if process.name == "front")

    def peak() -> int:
        with Path(f"/proc/{front.pid}/status").open() as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

    before, size = peak(), 64 * 1024 * 1024
    token = fresh_bucket.client._credentials
    blob = fresh_bucket.blob("large.bin")
    blob.upload_from_string(b"")
    address = f"{own.endpoint}/upload/storage/v1/b/{fresh_bucket.name}/o?uploadType=media&name=large.bin"
    chunks = (b"x" * 1024 * 1024 for _ in range(64))
    reply = requests.post(address, data=chunks, headers={"Authorization": f"Bearer {token.token}"})
    assert reply.json()["size"] == str(size)
    with requests.get(sign(blob), stream=True) as stream:
        assert sum(len(chunk) for chunk in stream.iter_content(1024 * 1024)) == size
    assert peak() - before < 24 * 1024, "in KiB"


def test_upload_that_is_cut_leaves_nothing(own: Stack, fresh_bucket: storage.Bucket) -> None:
    fresh_bucket.blob("whole.bin").upload_from_string(b"a")
    where = urlsplit(own.endpoint)
    with socket.create_connection((where.hostname, where.port)) as line:
        line.sendall(
            (
                f"POST /upload/storage/v1/b/{fresh_bucket.name}/o?uploadType=media&name=cut.bin HTTP/1.1\r\n"
                f"Host: {where.netloc}\r\nAuthorization: Bearer {fresh_bucket.client._credentials.token}\r\n"
                "Content-Length: 1000000\r\n\r\n"
            ).encode()
            + b"x" * 500_000
        )
    assert [blob.name for blob in fresh_bucket.list_blobs()] == ["whole.bin"]


def test_reader_that_goes_away_does_no_harm(own: Stack, fresh_bucket: storage.Bucket, sign) -> None:
    blob = fresh_bucket.blob("large.bin")
    blob.upload_from_string(b"x" * 8_000_000)
    for _ in range(5):
        with requests.get(sign(blob), stream=True) as reply:
            next(reply.iter_content(1000))
    assert requests.get(sign(blob), headers={"Range": "bytes=0-3"}).content == b"xxxx"


def test_nothing_listens_beyond_loopback(own: Stack) -> None:
    for process in own.processes:
        running = psutil.Process(process.pid)
        for each in [running, *running.children(recursive=True)]:
            connections = getattr(each, "net_connections", None) or each.connections  # psutil 5's name
            open_to = {c.laddr.ip for c in connections() if c.status == psutil.CONN_LISTEN or not c.raddr}
            assert open_to <= {"127.0.0.1"}, process.name


def test_no_secret_is_in_the_front_s_command_or_any_log(own: Stack, own_folder) -> None:
    identity = load_identity(own_folder)
    assert identity is not None
    secrets = (identity.password, identity.api_key, identity.token_secret, "PRIVATE KEY", "ya29.lsnb.M")
    for process in own.processes:
        said = " ".join(psutil.Process(process.pid).cmdline())
        said += (own.log_folder / f"{process.name}.log").read_text(errors="replace")
        assert not [secret for secret in secrets if secret in said], process.name
    assert not [secret for secret in secrets if secret in repr(own) + repr(identity)]
    assert json.loads((own_folder / "stack.json").read_text())["password"] == identity.password
