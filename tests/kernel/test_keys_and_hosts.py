"""Which server is here, which is another, and that no form of key is repeated."""

from __future__ import annotations

import socket

import pytest

from lsnb.kernel.secrecy import MASK, is_here, is_same_server, looks_like_key, masked

LEGACY = "0123456789abcdef0123456789abcdef01234567"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxMjM0NTY3fQ.c2lnbmF0dXJlLW9mLWl0"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://127.8.9.10",
        "http://LOCALHOST:8080/x",
        "http://localhost.:8080",
        "http://app.localhost",
        "http://[::1]:8080",
        "http://[::ffff:127.0.0.1]:80",
        "http://127.1:8080",
        "http://2130706433",
        "http://0x7f.0.0.1",
        "http://0.0.0.0:8080",
        "https://127.0.0.1",
    ],
)
def test_every_spelling_of_this_computer(url: str) -> None:
    assert is_here(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://ls.example.org",
        "http://127.0.0.1.example.org",
        "http://localhost.example.org",
        "http://10.0.0.1",
        "http://[2001:db8::1]",
        "http://128.0.0.1",
        "http://user@example.org:80",
        "http://127.0.0.1@example.org",
        "http://[broken",
        "",
        "http://",
    ],
)
def test_other_computers(url: str) -> None:
    assert not is_here(url)


def test_a_name_of_this_computers_own_list_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {"mine": ["127.0.1.1"], "both": ["127.0.0.1", "192.0.2.7"], "theirs": ["192.0.2.7"]}

    def look_up(host: str, port: object) -> list[tuple[object, ...]]:
        if host not in addresses:
            raise socket.gaierror
        return [(2, 1, 6, "", (address, 0)) for address in addresses[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert [is_here(f"http://{host}:1") for host in (*addresses, "nowhere")] == [True, False, False, False]


@pytest.mark.parametrize(
    ("url", "own", "same"),
    [
        ("https://ls.example.org/api/projects?page=2", "https://ls.example.org", True),
        ("https://LS.example.org:443/", "https://ls.example.org", True),
        ("https://ls.example.org", "http://ls.example.org", True),
        ("https://ls.example.org", "http://ls.example.org:8080", True),
        ("https://ls.example.org:8080", "http://ls.example.org:8080", True),
        ("http://ls.example.org", "https://ls.example.org", False),
        ("http://ls.example.org:443", "https://ls.example.org", False),
        ("https://ls.example.org:9999", "http://ls.example.org:8080", False),
        ("http://127.0.0.1:9999", "http://127.0.0.1:8080", False),
        ("https://ls.example.org.evil.org", "https://ls.example.org", False),
        ("https://ls.example.org@evil.org", "https://ls.example.org", False),
        ("ftp://ls.example.org", "https://ls.example.org", False),
        ("//ls.example.org", "https://ls.example.org", False),
        ("https://ls.example.org:x", "https://ls.example.org", False),
        ("", "", False),
    ],
)
def test_where_a_key_may_go(url: str, own: str, same: bool) -> None:
    assert is_same_server(url, own) is same


@pytest.mark.parametrize(
    "said",
    [
        LEGACY,
        f"Authorization: Token {LEGACY}",
        f"{{'authorization': 'Bearer {JWT}'}}",
        f"no such token: {JWT}!",
        PEM,
        PEM[:70],
        "ya29.a0AfH6SMBxyz-_0",
        "https://ls.example.org/user/signup/?token=6f1d2b-SIGNUP",
        "https://storage.googleapis.com/b/o?X-Goog-Date=1&X-Goog-Signature=0badc0de77",
        "GOCSPX-abcdefgh12345678",
        "Token hunter2hunter2",
    ],
)
def test_what_looks_like_a_key_is_masked(said: str) -> None:
    shown = masked(said)
    assert MASK in shown
    for part in (LEGACY, JWT, "MIIEvQ", "kqhk", "a0AfH6", "SIGNUP", "0badc0de77", "abcdefgh1234", "hunter2"):
        assert part not in shown
    assert masked(shown) == shown


def test_known_keys_are_masked_in_any_form_and_words_stay() -> None:
    assert masked("the key pass, and pass word", "pass word", "pass") == f"the key {MASK}, and {MASK}"
    plain = "Token of a field 'mood': too short. Project 12 of sha 0123456789ab on https://ls.example.org/a?token"
    assert masked(plain, "") == plain


@pytest.mark.parametrize("text", [LEGACY, f"https://{LEGACY}", f"Token {LEGACY}", JWT, PEM, '{"type": "x"}', "x" * 32])
def test_keys_pasted_for_addresses(text: str) -> None:
    assert looks_like_key(text)


@pytest.mark.parametrize("text", ["localhost", "localhost:8080", "ls.example.org", "my-bucket", "http://[::1]:1/", ""])
def test_addresses_are_no_keys(text: str) -> None:
    assert not looks_like_key(text)
