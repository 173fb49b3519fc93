"""Who may read the bucket: rules are added to, never replaced, and twice changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_store import SmallStore, answer

from lsnb.bucket import Bucket
from lsnb.bucket.bucket import HEADERS, allow, is_allowed, read_origins
from lsnb.bucket.wire import Patience
from lsnb.errors import BucketError, BucketForbiddenError, InputError

A, B = "https://a.example.org", "http://localhost:8080"
THEIRS: dict[str, Any] = {
    "origin": ["https://other.org", A],
    "method": ["GET", "PUT"],
    "responseHeader": ["X-Theirs", "content-type"],
    "maxAgeSeconds": 60,
}


def test_rules_are_added_once(store: SmallStore, small: Bucket) -> None:
    shown = small.allow_origins([A, B], dry_run=True)
    assert shown.changed
    assert shown.added == (A, B)
    assert "would be allowed" in shown.summary
    assert store.cors == []
    done = small.allow_origins([A, B])
    assert list(done.after) == small.cors == store.cors
    assert len(store.cors) == 1
    assert store.cors[0]["origin"] == [A, B]
    assert store.cors[0]["method"] == ["GET", "HEAD"]
    assert store.cors[0]["responseHeader"] == list(HEADERS)
    writes = store.count("cors")
    again = small.allow_origins([B, f"{A}/"])
    assert not again.changed
    assert "Nothing to change" in again.summary
    assert store.count("cors") == writes
    assert "+ {" in repr(done)
    assert "<pre>" in done._repr_html_()


def test_rules_of_others_stay(store: SmallStore, small: Bucket) -> None:
    other = {"origin": ["https://third.org"], "method": ["POST"], "responseHeader": ["*"], "maxAgeSeconds": 5}
    store.cors = [dict(THEIRS), other]
    small.allow_origins(A)
    assert store.cors[1:] == [THEIRS, other]
    assert store.cors[0]["origin"] == [A]
    assert set(store.cors[0]["responseHeader"]) == {*HEADERS, "X-Theirs"}
    assert not small.allow_origins([A]).changed


def test_a_rule_for_all_origins_is_enough() -> None:
    rules = [{"origin": ["*"], "method": ["GET", "HEAD", "OPTIONS"], "responseHeader": [h.lower() for h in HEADERS]}]
    assert is_allowed(rules, A)
    assert allow(rules, [A, "*"]) == (rules, [])


origins = st.sampled_from([A, B, "https://other.org", "*"])
rules = st.lists(
    st.fixed_dictionaries(
        {
            "origin": st.lists(origins, min_size=1, max_size=3, unique=True),
            "method": st.lists(st.sampled_from(["GET", "HEAD", "PUT", "*"]), min_size=1, max_size=3, unique=True),
            "responseHeader": st.lists(st.sampled_from([*HEADERS, "X-Theirs"]), max_size=8, unique=True),
            "maxAgeSeconds": st.sampled_from([60, 3600]),
        }
    ),
    max_size=4,
)


@given(rules=rules, wanted=st.lists(origins, min_size=1, max_size=3, unique=True))
def test_any_rules(rules: list[dict[str, Any]], wanted: list[str]) -> None:
    made, added = allow(rules, wanted)
    assert all(is_allowed(made, origin) for origin in wanted)
    assert allow(made, wanted) == (made, [])
    assert set(added) <= set(wanted)
    # Nobody who could read before loses that, nor a rule.
    for origin in (A, B, "https://other.org"):
        assert is_allowed(made, origin) or not is_allowed(rules, origin)
    for rule in rules:
        assert any(
            set(rule["origin"]) <= set(now["origin"]) and {**rule, "origin": 0} == {**now, "origin": 0} for now in made
        )


@pytest.mark.parametrize(
    ("given_text", "origin"),
    [
        ("https://App.Example.org/", "https://app.example.org"),
        (" http://localhost:8080 ", "http://localhost:8080"),
        ("https://a.org:443", "https://a.org"),
        ("http://[::1]:80/", "http://[::1]"),
        ("https://a.org/projects/3?x#y", "https://a.org"),
        ("https://8080-abc-colab.googleusercontent.com", "https://8080-abc-colab.googleusercontent.com"),
        ("*", "*"),
    ],
)
def test_origins_as_people_paste_them(given_text: str, origin: str) -> None:
    found, notes = read_origins([given_text, given_text])
    assert found == [origin]
    assert bool(notes) is ("projects" in given_text)


def test_what_is_no_origin_is_named() -> None:
    bad = ["app.example.org", "ftp://a.org", "https://*.a.org", "https://", "https://u:p@a.org", "http://a b", "null"]
    with pytest.raises(InputError) as caught:
        read_origins(bad)
    assert len(caught.value.problems) == len(bad)
    assert "give it as https://app.example.org" in caught.value.problems[0]
    with pytest.raises(InputError, match="No origins"):
        read_origins([])


@pytest.mark.parametrize("given_origins", [None, 7, [None], [A, 7], [["https://a.org"]], b"https://a.org"])
def test_what_is_no_text_is_no_origin(small: Bucket, given_origins: Any) -> None:
    with pytest.raises(InputError, match="Label Studio's address"):
        small.allow_origins(given_origins)
    with pytest.raises(InputError, match="Label Studio's address"):
        small.check(given_origins)


def test_somebody_changes_the_rules_meanwhile(store: SmallStore, small: Bucket) -> None:
    def race(handler: object, asked: object) -> bool:
        store.cors = [dict(THEIRS)]
        store.metageneration += 1
        return False

    store.acts["cors", ""] = [race]
    small.allow_origins([B])
    assert store.cors[0] == THEIRS
    assert store.cors[1]["origin"] == [B]
    store.acts["cors", ""] = [lambda handler, asked: race(handler, asked)] * 9
    with pytest.raises(BucketError, match="Others keep changing"):
        small.allow_origins(["https://c.org"])


def test_missing_role_is_named(store: SmallStore, small: Bucket) -> None:
    store.forbidden["cors"] = "storage.buckets.update"
    with pytest.raises(BucketForbiddenError, match=r"storage\.buckets\.update .*roles/storage\.admin"):
        small.allow_origins([A])


def test_a_busy_service_is_waited_for(store: SmallStore, small: Bucket, patience: Patience) -> None:
    store.acts["cors", ""] = [answer(503), answer(429)]
    assert small.allow_origins([A]).changed
