"""Credentials of every sort, good and bad: one sentence each, and never a key in it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from small_store import BUCKET, SmallStore, answer

from lsnb.bucket import open_bucket_at, wire
from lsnb.bucket.wire import Patience, identify
from lsnb.errors import BucketForbiddenError, CredentialsError, InputError, LsnbError
from lsnb.kernel import runtime


class TokenServer(ThreadingHTTPServer):
    """Answers as Google's token endpoint does."""

    status = 200
    body: dict[str, Any] = {"access_token": "made-up-token", "expires_in": 3600, "token_type": "Bearer"}  # noqa: RUF012
    asked = 0


class TokenHandler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_POST(self) -> None:
        self.server.asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        data = json.dumps(self.server.body).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    server = TokenServer(("127.0.0.1", 0), TokenHandler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def info(pem: str, tokens: TokenServer) -> dict[str, Any]:
    return {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "0123",
        "private_key": pem,
        "client_email": "kit@p.iam.gserviceaccount.com",
        "token_uri": f"http://127.0.0.1:{tokens.server_address[1]}/token",
    }


def secret_of(info: dict[str, Any]) -> str:
    return str(info["private_key"]).splitlines()[3]


def test_every_way_to_give_a_key(info: dict[str, Any], tmp_path: Path, store: SmallStore) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(info))
    marked = tmp_path / "marked.json"
    marked.write_text(json.dumps(info), encoding="utf-8-sig")
    for given in (info, json.dumps(info), path, str(path), marked):
        bucket = open_bucket_at(BUCKET, endpoint=store.endpoint, info=given)
        assert bucket.can_sign
        assert "kit@p.iam.gserviceaccount.com" in repr(bucket)
        assert bucket.storage_for_studio().presign
        for text in (repr(bucket), bucket._repr_html_(), repr(bucket.storage_for_studio())):
            assert secret_of(info) not in text
            assert "PRIVATE" not in text
    ready = identify(info).credentials
    assert not open_bucket_at(BUCKET, endpoint=store.endpoint, credentials=ready).can_sign


def test_one_token_serves_many_requests(info: dict[str, Any], store: SmallStore, tokens: TokenServer) -> None:
    bucket = open_bucket_at(BUCKET, endpoint=store.endpoint, info=info)
    for _ in range(3):
        assert bucket.cors == []
    assert tokens.asked == 1
    store.acts["bucket", ""] = [answer(401)]
    assert bucket.cors == []
    assert tokens.asked == 2


def mangle(pem: str) -> list[str]:
    return [
        pem.replace("\n", "\\n"),
        pem.replace("\n", "\r\n"),
        '"' + pem.replace("\n", "\\n") + '"',
        pem.replace("\n", "\\r\\n"),
    ]


def test_literal_line_breaks_are_mended(info: dict[str, Any]) -> None:
    for pem in mangle(info["private_key"]):
        identity = identify({**info, "private_key": pem})
        assert identity.can_sign
        assert identity.key is not None
        assert identity.key["private_key"] == info["private_key"]
    pasted = json.dumps(info).replace("\\n", "\n")
    assert identify(pasted).can_sign


def test_broken_keys(info: dict[str, Any], tmp_path: Path) -> None:
    text = json.dumps(info)
    (tmp_path / "half.json").write_text(text[: len(text) // 2])
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "picture.json").write_bytes(b"\x89PNG\xff")
    body = info["private_key"]
    cases: list[tuple[Any, str]] = [
        (text[:-20], "broken JSON near line 1"),
        (tmp_path / "half.json", "broken JSON near line 1"),
        (tmp_path / "list.json", "not a service account's JSON"),
        (tmp_path / "picture.json", "cannot be read as text"),
        ({**info, "private_key": body[: len(body) // 2]}, "damaged or cut short"),
        ({**info, "private_key": "secretsecret"}, "damaged or cut short"),
        ({k: v for k, v in info.items() if k not in {"private_key", "client_email"}}, "client_email and private_key"),
        ({"installed": {"client_secret": "s3cr3t"}}, "OAuth client's secret"),
        ({"type": "authorized_user", "client_id": "x"}, "incomplete user sign-in"),
        ({"type": "external_account"}, "external_account"),
        (17, "is a int"),
    ]
    for given, why in cases:
        with pytest.raises(CredentialsError, match=why) as caught:
            identify(given)
        assert caught.value.__cause__ is None
        assert secret_of(info) not in str(caught.value)
        assert "s3cr3t" not in str(caught.value)
    with pytest.raises(CredentialsError, match="no credentials file"):
        identify(tmp_path / "nowhere.json")


def test_a_user_sign_in_where_a_key_is_needed(store: SmallStore) -> None:
    user = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    identity = identify(user)
    assert not identity.can_sign
    bucket = open_bucket_at(BUCKET, endpoint=store.endpoint)
    shown = bucket.storage_for_studio()
    assert not shown.presign
    assert shown.credentials is None
    assert "no private key" in shown.why
    with pytest.raises(CredentialsError, match="service account's JSON"):
        bucket.storage_for_studio("presign")
    with pytest.raises(CredentialsError, match="private key"):
        bucket.signed_url("a.jpg")
    with pytest.raises(InputError, match="'auto', 'presign' or 'stream'"):
        bucket.storage_for_studio("both")  # type: ignore[arg-type]


def test_a_bucket_no_browser_can_reach_is_streamed(info: dict[str, Any], store: SmallStore) -> None:
    bucket = open_bucket_at(BUCKET, endpoint=store.endpoint, info=info, allow_presign=False)
    shown = bucket.storage_for_studio()
    assert not shown.presign
    assert "cannot reach" in shown.why
    assert json.loads(shown.credentials or "")["client_email"] == info["client_email"]
    with pytest.raises(InputError, match="mode='stream'"):
        bucket.storage_for_studio("presign")
    assert bucket.check("https://a.org").ok


@pytest.mark.parametrize("minutes", [0, -1, 99_999, float("nan"), True, "5"])
def test_times_of_links(info: dict[str, Any], store: SmallStore, minutes: Any) -> None:
    bucket = open_bucket_at(BUCKET, endpoint=store.endpoint, info=info)
    with pytest.raises(InputError, match=r"minutes is .* up to 10080 \(7 days\)"):
        bucket.signed_url("a.jpg", minutes=minutes)
    with pytest.raises(InputError, match="2 problems"):
        bucket.signed_url(None, minutes=minutes)  # type: ignore[arg-type]
    assert "X-Goog-Expires=604800" in bucket.signed_url("a.jpg", minutes=10_080)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, "revoked, deleted or not valid"),
        ({"error": "invalid_grant", "error_description": "Invalid grant: account not found"}, "no longer knows"),
        (
            {
                "error": "invalid_grant",
                "error_description": "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable"
                " timeframe. Check your iat and exp values in the JWT claim.",
            },
            "clock is wrong",
        ),
        ({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, "revoked"),
    ],
)
def test_refused_keys(
    info: dict[str, Any], store: SmallStore, tokens: TokenServer, body: dict[str, str], why: str
) -> None:
    tokens.status, tokens.body = 400, body
    with pytest.raises(CredentialsError, match=why) as caught:
        open_bucket_at(BUCKET, endpoint=store.endpoint, info=info)
    assert caught.value.__cause__ is None
    assert store.log == []


def test_token_that_is_refused(store: SmallStore, info: dict[str, Any], patience: Patience) -> None:
    store.always["bucket", ""] = answer(401)
    with pytest.raises(BucketForbiddenError, match="does not accept these credentials"):
        open_bucket_at(BUCKET, endpoint=store.endpoint, info=info, patience=patience)
    assert store.count("bucket") == 2


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    for allow_adc in (True, False):
        with pytest.raises(CredentialsError, match="GCS_CREDENTIALS"):
            open_bucket_at(BUCKET, allow_adc=allow_adc)


def test_colab_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    made = identify({"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"})
    signed_in: list[bool] = []

    def sign_in() -> bool:
        signed_in.append(True)
        return True

    def default(scopes: object) -> tuple[Any, str]:
        if not signed_in:
            raise wire.google.auth.exceptions.DefaultCredentialsError
        return made.credentials, "p"

    monkeypatch.setattr(runtime, "colab_sign_in", sign_in)
    monkeypatch.setattr(wire.google.auth, "default", default)
    identity = identify()
    assert signed_in == [True]
    assert identity.account == "your own Google sign-in"


def test_an_emulator_never_sees_the_users_own_token(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def default(scopes: object) -> tuple[Any, str]:
        raise AssertionError

    monkeypatch.setattr(wire.google.auth, "default", default)
    assert not open_bucket_at(BUCKET, endpoint=store.endpoint).can_sign


@pytest.mark.parametrize("name", ["", "gs://", "a/b", "my bucket", None, 7, ["media"], b"media"])
def test_bucket_names(name: str) -> None:
    with pytest.raises(InputError, match="name"):
        open_bucket_at(name, endpoint="http://127.0.0.1:9")


def test_every_error_is_ours(info: dict[str, Any]) -> None:
    with pytest.raises(LsnbError):
        open_bucket_at(BUCKET, endpoint="http://127.0.0.1:9", info=info, patience=Patience(attempts=1))
