"""The doctor sees what is there and what is not, says what helps, and nothing secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.cloud import storage
from test_cli import lsnb

from lsnb.bucket import open_bucket_at
from lsnb.credentials import NAMES
from lsnb.doctor import examine
from lsnb.stack import Stack


def states(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["check"]: row["status"] for row in rows}


@pytest.mark.slow
def test_a_whole_stack_is_well(own: Stack, own_folder: Path, client: storage.Client) -> None:
    fresh = {line["check"]: line["status"] for line in json.loads(lsnb("doctor", "--json", folder=own_folder).stdout)}
    assert fresh["media in the browser"] in ("note", "good")  # nothing to try yet is no fault
    client.bucket(own.bucket).blob("doctor.txt").upload_from_string("well")
    opened = open_bucket_at(own.bucket, endpoint=own.endpoint, info=own.service_account)
    opened.allow_origins([own.browser_url])
    said = lsnb("doctor", "--json", folder=own_folder)
    rows = json.loads(said.stdout)
    found = states(rows)
    assert found["Python"] == found["packages"] == found["Label Studio's key"] == found["bucket"] == "good"
    assert found["bucket's rights"] == "good"
    assert found["annotators"] == "note"  # an address of this computer
    assert found["media in the browser"] == "good"
    assert said.returncode == 0
    for secret in (own.api_key, own.password, own.service_account["private_key"][40:80]):
        assert secret not in said.stdout + said.stderr


def test_nothing_set_up_is_said_without_a_failure(tmp_path: Path) -> None:
    said = lsnb("doctor", folder=tmp_path / "none")
    assert said.returncode == 0
    assert "lsnb.connect('local')" in said.stdout
    assert "FAIL" not in said.stdout


def test_what_is_wrong_has_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LSNB_STACK", str(tmp_path / "stack"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hidden-word@proxy.example.org:3128")
    monkeypatch.setenv("MY_KEY", "0123456789abcdef0123456789abcdef01234567")
    found = examine("http://127.0.0.1:9", key_name="MY_KEY", folder=tmp_path / "not" / "yet")
    said = repr(found) + found.to_json()
    assert states(found.table.to_dict("records")) == {
        "Python": "good",
        "lsnb": "good",
        "packages": "good",
        "folder": "good",
        "cache": "good",
        "proxy": "note",
        "certificates": "failed",
        "Label Studio's address": "good",
        "Label Studio": "failed",
        "bucket": "note",
    }
    assert "mend the variable" in said
    assert "hidden-word" not in said
    assert "0123456789abcdef" not in said
    # One half of a pair, and a key that is no key, are faults also where nothing is named in the call.
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0123456789abcdef0123456789abcdef01234567")
    monkeypatch.setenv("GCS_BUCKET", "my-bucket")
    monkeypatch.setenv("GCS_CREDENTIALS", '{"type": "service_account", "private_key": "hidden-word"}')
    halves = examine(folder=tmp_path).failures.set_index("check")["error"]
    assert halves["Label Studio"].startswith("LABEL_STUDIO_URL is missing in the environment, ")
    assert halves["bucket"].startswith("The service-account key lacks client_email")
    assert "hidden-word" not in halves["bucket"]
