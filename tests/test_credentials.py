from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import lsnb
from lsnb import credentials
from lsnb.bucket import open_bucket_at
from lsnb.bucket.bucket import read_origins
from lsnb.credentials import NAMES, bucket_credentials, key_info, normal_key, normal_url, studio_credentials
from lsnb.errors import CredentialsError, InputError, LsnbError
from lsnb.stack import Process, Stack

EXAMPLE = Path(__file__).parent.parent / "credentials.example.json"
SECRET = "0123456789abcdef0123456789abcdef01234567"
KEY = {"type": "service_account", "client_email": "me@example.org", "private_key": "SECRET-KEY"}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ports: list[int]) -> Path:
    """No credentials anywhere: an empty working folder, an empty stack folder, a clean environment."""
    for name in (*NAMES, "GOOGLE_APPLICATION_CREDENTIALS", "LSNB_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / "outer" / "work"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)
    monkeypatch.setenv("LSNB_STACK", str(tmp_path / "stack"))
    return work


@pytest.fixture(scope="module")
def ports() -> Iterator[list[int]]:
    """Two ports of this process, which stands for the stack's two servers."""
    with socket.socket() as label_studio, socket.socket() as front:
        for one in (label_studio, front):
            one.bind(("127.0.0.1", 0))
            one.listen()
        _PORTS[:] = [one.getsockname()[1] for one in (label_studio, front)]
        yield _PORTS


_PORTS: list[int] = []


def running_stack(folder: Path) -> Stack:
    begun = psutil.Process().create_time()
    label_studio, front = _PORTS
    stack = Stack(
        url=f"http://127.0.0.1:{label_studio}",
        browser_url=f"http://127.0.0.1:{label_studio}",
        username="me@example.org",
        endpoint=f"http://127.0.0.1:{front}",
        bucket="lsnb-demo",
        presign=True,
        folder=str(folder),
        processes=(
            Process("label-studio", os.getpid(), begun, label_studio),
            Process("front", os.getpid(), begun, front),
        ),
        api_key=SECRET,
        password="SECRET-PASSWORD",
        service_account=KEY,
    )
    stack.save()
    return stack


def test_the_example_file_holds_every_name_that_is_read() -> None:
    assert tuple(json.loads(EXAMPLE.read_text())) == NAMES


def test_the_example_itself_is_refused_as_an_example(alone: Path) -> None:
    (alone / "credentials.json").write_text(EXAMPLE.read_text())
    with pytest.raises(CredentialsError, match="an example"):
        studio_credentials()


def test_the_call_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "https://env.example.org")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "envkey")
    found = studio_credentials("https://call.example.org", "callkey")
    assert (found.url, found.api_key, found.source) == ("https://call.example.org", "callkey", "the call")


def test_sources_in_their_order(monkeypatch: pytest.MonkeyPatch, alone: Path, tmp_path: Path) -> None:
    running_stack(tmp_path / "stack")
    assert studio_credentials().source == "the local stack"
    file = {"LABEL_STUDIO_URL": "https://file.example.org", "LABEL_STUDIO_API_KEY": "filekey"}
    (alone.parent / "credentials.json").write_text(json.dumps(file))
    assert studio_credentials().api_key == "filekey"
    (alone / "credentials.json").write_text(json.dumps({**file, "LABEL_STUDIO_API_KEY": "nearer"}))
    assert studio_credentials().api_key == "nearer"
    monkeypatch.setenv("LABEL_STUDIO_URL", "https://env.example.org")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "envkey")
    assert studio_credentials().api_key == "envkey"


def test_a_key_is_never_sent_to_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "https://env.example.org")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", SECRET)
    with pytest.raises(CredentialsError, match=r"No API key for https://other\.example\.org"):
        studio_credentials("https://other.example.org")
    assert studio_credentials("env.example.org/").api_key == SECRET


def test_a_key_alone_belongs_to_the_address_that_the_form_names(monkeypatch: pytest.MonkeyPatch, alone: Path) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", SECRET)
    found = studio_credentials("https://course.example.org")
    assert (found.url, found.api_key, found.source) == ("https://course.example.org", SECRET, "the environment")
    # The file names another server without a key: this may be its.
    (alone / "credentials.json").write_text(json.dumps({"LABEL_STUDIO_URL": "https://file.example.org"}))
    with pytest.raises(CredentialsError, match=r"names https://file\.example\.org without a key") as caught:
        studio_credentials("https://course.example.org")
    assert SECRET not in str(caught.value)
    assert studio_credentials("https://file.example.org").api_key == SECRET
    # A file that others may write to is not obeyed, and so blocks nothing.
    (alone / "credentials.json").chmod(0o666)
    assert studio_credentials("https://course.example.org").api_key == SECRET
    (alone / "credentials.json").chmod(0o600)
    # The file names a server of its own, so its key is of that one.
    monkeypatch.delenv("LABEL_STUDIO_API_KEY")
    (alone / "credentials.json").write_text(
        json.dumps({"LABEL_STUDIO_URL": "https://file.example.org", "LABEL_STUDIO_API_KEY": SECRET})
    )
    with pytest.raises(CredentialsError, match=r"No API key for https://course\.example\.org"):
        studio_credentials("https://course.example.org")


def test_a_key_under_a_name_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_KEY", SECRET)
    found = studio_credentials("course.example.org", key_name="COURSE_KEY")
    assert (found.url, found.api_key) == ("https://course.example.org", SECRET)
    with pytest.raises(CredentialsError, match="has the key COURSE_KEY, and no LABEL_STUDIO_URL"):
        studio_credentials(key_name="COURSE_KEY")
    monkeypatch.setenv("LABEL_STUDIO_KEY_NAME", "COURSE_KEY")
    monkeypatch.setenv("LABEL_STUDIO_URL", "https://env.example.org")
    assert studio_credentials().url == "https://env.example.org"
    assert studio_credentials().api_key == SECRET
    with pytest.raises(CredentialsError, match="no environment variable or Colab secret OTHER_KEY"):
        studio_credentials(key_name="OTHER_KEY")
    for pasted in (SECRET, "eyJhbGciOiJIUzI1NiJ9.e30.abc", "a b"):
        with pytest.raises(CredentialsError, match="is no name") as caught:
            studio_credentials(key_name=pasted)
        assert pasted not in str(caught.value)


def test_googles_own_file_saved_as_credentials(alone: Path) -> None:
    (alone / "credentials.json").write_text(json.dumps(KEY))
    found = bucket_credentials("my-media")
    assert (found.name, found.info) == ("my-media", KEY)
    assert "SECRET-KEY" not in repr(found)
    with pytest.raises(CredentialsError, match="No bucket was named"):
        bucket_credentials()
    (alone / "credentials.json").write_text(json.dumps({**KEY, "type": "external_account"}))
    with pytest.raises(CredentialsError, match="external_account"):
        bucket_credentials("my-media")


def test_half_a_pair_names_the_other_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "https://env.example.org")
    with pytest.raises(CredentialsError, match="LABEL_STUDIO_API_KEY is missing"):
        studio_credentials()
    monkeypatch.delenv("LABEL_STUDIO_URL")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", SECRET)
    with pytest.raises(CredentialsError, match="LABEL_STUDIO_URL is missing") as caught:
        studio_credentials()
    assert SECRET not in str(caught.value)
    with pytest.raises(CredentialsError, match="without its server"):
        studio_credentials(api_key=SECRET)


def test_nothing_found_says_what_to_do() -> None:
    with pytest.raises(CredentialsError, match=r"or run lsnb\.connect"):
        studio_credentials()
    with pytest.raises(CredentialsError, match="No bucket was named"):
        bucket_credentials()


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("https://ls.example.org", "https://ls.example.org"),
        ("https://ls.example.org/", "https://ls.example.org"),
        ("ls.example.org", "https://ls.example.org"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/projects/3/data?tab=1&task=2", "http://localhost:8080"),
        ("https://example.org/label-studio/user/login/", "https://example.org/label-studio"),
        (" 'https://ls.example.org' ", "https://ls.example.org"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_addresses_as_people_paste_them(given: str, plain: str) -> None:
    assert normal_url(given) == plain


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "  ",
        "my server",
        "ftp://ls.example.org",
        "https://ls.example.org\t.evil.org",
        "https://ls.example\n.org",
        "https://",
        "http://ls.example.org:port",
        "https://me:pw@ls.example.org",
    ],
)
def test_no_web_address(bad: str) -> None:
    with pytest.raises(InputError) as caught:
        normal_url(bad)
    assert "me:pw" not in str(caught.value)


@pytest.mark.parametrize("pasted", [SECRET, f" {SECRET}\n", f"Token {SECRET}", f'"{SECRET}"', f"Bearer {SECRET}"])
def test_keys_as_people_paste_them(pasted: str) -> None:
    assert normal_key(pasted, source="a test") == SECRET


@pytest.mark.parametrize("bad", ["", "   ", "paste-your-key", "<your key>", "abc def", "schlüssel"])
def test_no_key(bad: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        normal_key(bad, source="a test")
    assert not bad.strip() or bad not in str(caught.value)


def test_no_repr_shows_a_secret(tmp_path: Path) -> None:
    stack = running_stack(tmp_path / "stack")
    found = bucket_credentials()
    for shown in (repr(stack), repr(studio_credentials()), repr(found)):
        assert SECRET not in shown
        assert "SECRET" not in shown
    assert found.info == KEY


def test_the_stack_file_is_its_owners_alone(tmp_path: Path) -> None:
    running_stack(tmp_path / "stack")
    assert (tmp_path / "stack" / "stack.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "broken JSON"),
        ("[]", "one JSON object"),
        ('{"LABEL_STUDIO_KEY": "x"}', "fields nothing reads: LABEL_STUDIO_KEY"),
        (json.dumps({"7f" * 20: "", "a\nSECRET9": "x"}), r"fields nothing reads: 2 that are no names\. It may"),
        (json.dumps({"host": "", "7f" * 20: ""}), r"fields nothing reads: host, 1 that are no names\. It may"),
    ],
)
def test_a_wrong_credentials_file(alone: Path, content: str, says: str) -> None:
    (alone / "credentials.json").write_text(content)
    with pytest.raises(CredentialsError, match=says):
        studio_credentials()


def test_a_named_credentials_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSNB_CREDENTIALS", "nowhere.json")
    with pytest.raises(CredentialsError, match=r"nowhere\.json"):
        studio_credentials()


def test_bucket_credentials_as_dict_text_or_path(alone: Path) -> None:
    (alone / "key.json").write_text(json.dumps(KEY))
    givens: list[Any] = [KEY, json.dumps(KEY), "key.json", Path("key.json"), "﻿" + json.dumps(KEY)]
    for given in givens:
        assert bucket_credentials("gs://mine/", given).info == KEY
        assert bucket_credentials("mine", given).name == "mine"


def test_the_path_in_a_credentials_file_starts_beside_it(alone: Path) -> None:
    (alone.parent / "key.json").write_text(json.dumps(KEY))
    (alone.parent / "credentials.json").write_text(json.dumps({"GCS_BUCKET": "mine", "GCS_CREDENTIALS": "key.json"}))
    assert bucket_credentials().info == KEY


def test_a_bucket_by_name_takes_the_first_key_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stack = running_stack(tmp_path / "stack")
    assert bucket_credentials(stack.bucket).endpoint == stack.endpoint
    assert bucket_credentials("other").endpoint is None
    assert bucket_credentials("other").info is None
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", json.dumps(KEY))
    assert bucket_credentials("other").info == KEY


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (json.dumps(KEY)[:-5], "broken JSON"),
        (json.dumps(KEY)[5:], "not whole JSON"),
        ("nowhere.json", "no credentials file"),
        ("[1]", "not whole JSON"),
        ("-----BEGIN PRIVATE KEY-----SECRET", "not whole JSON"),
        ("ya29.SECRET", "not whole JSON"),
    ],
)
def test_broken_bucket_credentials_never_repeat_the_key(broken: str, says: str) -> None:
    with pytest.raises(CredentialsError, match=says) as caught:
        key_info(broken, source="a test")
    assert "SECRET" not in str(caught.value)


def test_no_prompt_without_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked"))
    monkeypatch.setattr(credentials.getpass, "getpass", lambda *_: pytest.fail("asked"))
    with pytest.raises(CredentialsError):
        studio_credentials()


def test_a_person_is_asked_in_hiding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials.runtime, "is_interactive", lambda: True)
    monkeypatch.setattr(credentials.getpass, "getpass", lambda prompt: SECRET)
    found = studio_credentials("https://ls.example.org")
    assert found.api_key == SECRET
    assert found.source == "the prompt"
    assert SECRET not in str(os.environ)


FILE = {"LABEL_STUDIO_URL": "https://file.example.org", "LABEL_STUDIO_API_KEY": "filekey"}
posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are those of POSIX")


@posix
@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602, 0o664])
def test_a_file_that_others_may_write_is_not_obeyed(alone: Path, mode: int) -> None:
    path = alone.parent / "credentials.json"
    path.write_text(json.dumps(FILE))
    path.chmod(mode)
    with pytest.raises(
        CredentialsError, match=r"may write to \.\./credentials\.json.*run 'chmod 600 \.\./cred"
    ) as caught:
        studio_credentials()
    assert "filekey" not in str(caught.value)
    path.chmod(0o644)
    assert studio_credentials().api_key == "filekey"


@posix
def test_a_file_that_another_user_planted_is_not_obeyed(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = alone.parent / "credentials.json"
    path.write_text(json.dumps({**FILE, "GCS_BUCKET": "planted"}))
    if os.getuid() == 0:
        os.chown(path, 4711, 4711)
    else:
        monkeypatch.setattr(os, "getuid", lambda: path.stat().st_uid + 1)
    for ask in (studio_credentials, bucket_credentials):
        with pytest.raises(CredentialsError, match="belongs to another user of this computer"):
            ask()
    link = alone / "credentials.json"
    link.symlink_to(path)
    with pytest.raises(CredentialsError, match="belongs to another user of this computer"):
        studio_credentials()


@posix
def test_a_link_that_another_could_have_laid_is_not_followed(alone: Path, tmp_path: Path) -> None:
    """It may lead to a file that the user got in somebody's zip, and that is the user's own."""
    unpacked = tmp_path / "from a zip.json"
    unpacked.write_text(json.dumps(FILE))
    unpacked.chmod(0o600)
    link = alone.parent / "credentials.json"
    link.symlink_to(unpacked)
    assert studio_credentials().api_key == "filekey"
    alone.parent.chmod(0o777)
    with pytest.raises(CredentialsError, match="is a link that others on this computer could have laid"):
        studio_credentials()
    alone.parent.chmod(0o1777)
    assert studio_credentials().api_key == "filekey"
    if os.getuid() == 0:
        os.chown(link, 4711, 4711, follow_symlinks=False)
        with pytest.raises(CredentialsError, match="is a link that others on this computer could have laid"):
            studio_credentials()


def test_nothing_above_a_home_or_a_repository_is_obeyed(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone.parent / "credentials.json").write_text(json.dumps(FILE))
    assert studio_credentials().api_key == "filekey"
    monkeypatch.setenv("HOME", str(alone))
    with pytest.raises(CredentialsError, match="No Label Studio was named"):
        studio_credentials()
    monkeypatch.setenv("HOME", str(alone.parent))
    assert studio_credentials().api_key == "filekey"
    for name, is_folder in ((".git", True), (".git", False), (".hg", True), (".svn", True)):
        (alone / name).mkdir() if is_folder else (alone / name).write_text("gitdir: elsewhere")
        with pytest.raises(CredentialsError, match="No Label Studio was named"):
            studio_credentials()
        (alone / name).rename(alone / f"once {len(list(alone.iterdir()))}")


SOURCES: list[dict[str, Any]] = [
    {"type": "external_account", "credential_source": {"file": "/etc/passwd"}, "token_url": "https://evil.org"},
    {"type": "external_account", "credential_source": {"url": "http://169.254.169.254"}},
    {"type": "external_account", "credential_source": {"executable": {"command": "/bin/sh"}}},
    {"type": "external_account_authorized_user", "token_url": "https://evil.org"},
    {"type": "impersonated_service_account", "service_account_impersonation_url": "https://evil.org"},
    {"type": "authorized_user", "client_id": "c", "client_secret": "SECRET", "refresh_token": "SECRET"},
    {"type": "gdch_service_account", "token_uri": "https://evil.org"},
    {"type": 3},
]


@pytest.mark.parametrize("planted", SOURCES, ids=lambda planted: str(planted["type"]))
def test_a_found_file_holds_no_other_credentials_than_a_key(alone: Path, planted: dict[str, Any]) -> None:
    (alone / "key.json").write_text(json.dumps(planted))
    for given in (planted, json.dumps(planted), "key.json"):
        (alone / "credentials.json").write_text(json.dumps({"GCS_BUCKET": "mine", "GCS_CREDENTIALS": given}))
        with pytest.raises(CredentialsError, match="only a service account's key is taken from there") as caught:
            bucket_credentials()
        assert "SECRET" not in str(caught.value)
    # What the user names in the call is the user's own decision.
    assert bucket_credentials("mine", planted).info == planted


@pytest.mark.parametrize(
    "other",
    [
        {"token_uri": "https://evil.org/token"},
        {"token_uri": "http://oauth2.googleapis.com/token"},
        {"token_uri": "https://oauth2.googleapis.com.evil.org/token"},
        {"universe_domain": "evil.org"},
    ],
)
def test_a_found_key_signs_in_at_google_alone(alone: Path, other: dict[str, str]) -> None:
    content = {"GCS_BUCKET": "mine", "GCS_CREDENTIALS": {**KEY, **other}}
    (alone / "credentials.json").write_text(json.dumps(content))
    with pytest.raises(CredentialsError, match="another address than Google's"):
        bucket_credentials()
    genuine = {**KEY, "token_uri": "https://oauth2.googleapis.com/token", "universe_domain": "googleapis.com"}
    (alone / "credentials.json").write_text(json.dumps({**content, "GCS_CREDENTIALS": genuine}))
    assert bucket_credentials().info == genuine


@pytest.mark.parametrize(
    "pasted",
    [SECRET, f"https://{SECRET}", f"Token {SECRET}", "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxMjM0NTY3fQ.c2lnbmF0dXJl"],
)
def test_a_key_pasted_as_an_address_is_not_repeated(pasted: str) -> None:
    for ask in (normal_url, studio_credentials):
        with pytest.raises(InputError, match="looks like a key") as caught:
            ask(pasted)
        assert pasted.split()[-1].removeprefix("https://") not in str(caught.value)


PASTED = [
    "0123456789abcdef0123456789abcdef01234567",
    "ya29.a0AfH6SMBxyz-SECRET_0",
    "GOCSPX-SECRET-abcdefgh1234",
    "GOOG1ESECRETSECRETSECRETSECRETSECRETSECRETSECRETSECRETSECRETSEC",
    json.dumps(KEY),
    "-----BEGIN PRIVATE KEY-----SECRET",
    "gs://ya29.a0AfH6SMBxyz-SECRET_0",
]


@pytest.mark.parametrize("pasted", PASTED)
def test_a_key_that_is_pasted_for_a_bucket_is_not_repeated(pasted: str) -> None:
    for call in (bucket_credentials, lsnb.open_bucket, open_bucket_at):
        with pytest.raises(InputError, match="looks like a key, so it is not repeated here") as caught:
            call(pasted)
        assert "SECRET" not in str(caught.value)
        assert "0123456789" not in str(caught.value)


def test_nor_is_one_that_is_given_as_no_text() -> None:
    given: Any = {"private_key": "-----BEGIN PRIVATE KEY-----SECRET\nSECRET-----END PRIVATE KEY-----"}
    for call in (lsnb.open_bucket, open_bucket_at, lsnb.connect):
        with pytest.raises(InputError, match="give") as caught:
            call(given)
        assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("name", ["my-media", "the-universitys-department-of-psychology-media", "a_b.example.org"])
def test_long_names_of_buckets_are_names(name: str) -> None:
    assert bucket_credentials(name).name == name


READER = {**KEY, "client_email": "reader@example.org", "private_key": "SECRET-READER"}


def test_a_key_that_may_only_read_comes_from_the_source_of_the_other(
    monkeypatch: pytest.MonkeyPatch, alone: Path
) -> None:
    file = {"GCS_BUCKET": "mine", "GCS_CREDENTIALS": KEY, "GCS_READ_CREDENTIALS": "reader.json"}
    (alone / "credentials.json").write_text(json.dumps(file))
    with pytest.raises(CredentialsError, match=r"no credentials file reader\.json"):
        bucket_credentials()
    (alone / "reader.json").write_text(json.dumps(READER))
    for name in (None, "mine", "other"):
        found = bucket_credentials(name)
        assert (found.info, found.reader) == (KEY, READER)
        assert "SECRET" not in repr(found)
    assert bucket_credentials("mine", KEY).reader is None, "the call's key has no second one elsewhere"
    monkeypatch.setenv("GCS_CREDENTIALS", json.dumps(KEY))
    assert bucket_credentials("mine").reader is None, "nor has the environment's"
    monkeypatch.delenv("GCS_CREDENTIALS")
    monkeypatch.setenv("GCS_READ_CREDENTIALS", json.dumps(READER))
    (alone / "credentials.json").unlink()
    found = bucket_credentials("mine")
    assert (found.info, found.reader, found.source) == (None, READER, "Google's application default credentials")


@pytest.mark.parametrize("changed", [{"type": "external_account"}, {"token_uri": "https://evil.example.org/token"}])
def test_a_found_key_that_may_only_read_names_no_other_address(alone: Path, changed: dict[str, str]) -> None:
    file = {"GCS_BUCKET": "mine", "GCS_CREDENTIALS": KEY, "GCS_READ_CREDENTIALS": {**READER, **changed}}
    (alone / "credentials.json").write_text(json.dumps(file))
    with pytest.raises(CredentialsError, match=r"only a service account's key|signs in at another address"):
        bucket_credentials()


BROKEN = [
    "0123456789abcdef\n0123456789abcdef01234567",
    "https://ls.example.org/0123456789abcdef\r\n0123456789abcdef01234567",
    "0123456789abcdef0123 456789abcdef01234567 https://ls.example.org",
    "0123456789abcdef0123\u200b456789abcdef01234567",
    "ya29.a0AfH6SM\nBxyz-0123456789 x",
    "https://ls.example.org/?token=0123456789\nabcdef",
    "https://ana:0123456789@ls.example .org",
    "ana:0123456789@ls example.org",
    "a0123456789abcdef0123456789abcdef01234567://x",
]


@pytest.mark.parametrize("pasted", BROKEN)
def test_no_message_repeats_an_address_in_which_a_key_broke_over_lines(pasted: str) -> None:
    for call in (normal_url, studio_credentials, lsnb.open_bucket):
        with pytest.raises(LsnbError) as caught:
            call(pasted)
        assert not re.search(r"0123|4567|ya29\.|Bxyz|abcdef", str(caught.value)), call
    try:
        said = str(read_origins(pasted)[1])  # an origin is taken without what is behind it, and a note says so
    except InputError as fault:
        said = str(fault)
    assert not re.search(r"0123|4567|ya29\.|Bxyz|abcdef", said)


@pytest.mark.parametrize(
    "given", ["https://ls.example.org/a.csv?page=1&token=0123456789", "https://ana:0123456789@ls.example.org/a.csv"]
)
@pytest.mark.parametrize(
    "reader",
    [lsnb.read_table, lsnb.read_annotations, lsnb.find_videos, lsnb.probe, lsnb.read_segments, lsnb.read_series],
)
def test_an_address_that_is_given_for_a_file_is_repeated_without_what_it_carries(
    reader: Callable[[str], object], given: str
) -> None:
    with pytest.raises(LsnbError, match=r"ls\.example\.org/a\.csv") as caught:
        reader(given)
    assert "0123456789" not in str(caught.value)
    assert "0123456789" not in repr(caught.value)
