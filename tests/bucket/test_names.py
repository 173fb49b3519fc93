"""Object names: which are taken, which are refused with a reason, and what becomes of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_store import BUCKET, SmallStore
from upload_tools import ODD, upload

from lsnb.bucket import Bucket
from lsnb.bucket.sources import fault_in, folder_clashes, read_pattern, safe_name
from lsnb.bucket.wire import Patience
from lsnb.errors import InputError, KeyColumnError

MakeTable = Callable[..., pd.DataFrame]


any_text = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("/.?# %+'\"&=üß\\;:@\n\t\x7f  ")), max_size=60
)


@given(any_text)
def test_every_text_is_a_name_or_has_a_reason(text: str) -> None:
    fault = fault_in(text)
    if fault is None:
        assert text == text.strip("/").rstrip()
        assert ".." not in text.split("/")
        assert len(text.encode()) <= 1024
    else:
        assert fault.startswith(("is ", "has ", "holds ", "ends ", "starts "))


@given(any_text)
def test_safe_names_have_no_fault_and_stay(text: str) -> None:
    safe = safe_name(text)
    assert fault_in(safe) is None
    assert safe_name(safe) == safe
    if fault_in(text) is None:
        assert safe == text


@given(st.text(st.characters(codec="utf-8", exclude_characters="?"), min_size=900, max_size=1200))
def test_safe_names_are_short_enough(text: str) -> None:
    safe = safe_name(text + ".jpg")
    assert len(safe.encode()) <= 1024
    assert fault_in(safe) is None


@settings(max_examples=60)
@given(names=st.lists(any_text, min_size=1, max_size=8, unique=True))
def test_accepted_names_round_trip(names: list[str], round_trip: Callable[[list[str]], dict[str, bytes]]) -> None:
    names = [name for name in names if fault_in(unicodedata.normalize("NFC", name)) is None]
    names = list(dict.fromkeys(unicodedata.normalize("NFC", name) for name in names))
    clashing = {name for pair in folder_clashes([f"{name}.txt" for name in names]) for name in pair}
    names = [name for name in names if f"{name}.txt" not in clashing and name.strip()]
    if names:
        assert round_trip(names) == {
            (name if name.lower().endswith(".txt") else f"{name}.txt"): name.encode() for name in names
        }


@pytest.fixture(scope="module")
def round_trip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[list[str]], dict[str, bytes]]]:
    from lsnb.bucket import open_bucket_at

    folder = tmp_path_factory.mktemp("names")
    server = SmallStore()
    bucket = open_bucket_at(BUCKET, endpoint=server.endpoint, patience=Patience(attempts=1))

    def send(names: list[str]) -> dict[str, bytes]:
        server.items.clear()
        paths = [folder / f"{number}.txt" for number in range(len(names))]
        for path, name in zip(paths, names, strict=True):
            path.write_bytes(name.encode())
        table = pd.DataFrame({"name": names, "path": paths})
        made = upload(bucket, table, name="{name}")
        assert set(made["status"]) == {"uploaded"}
        again = upload(bucket, table, name="{name}")
        assert set(again["status"]) == {"exists"}
        prefix = f"gs://{BUCKET}/"
        assert {uri.removeprefix(prefix) for uri in made["uri"]} == set(server.items)
        return {name: item.data for name, item in server.items.items()}

    yield send
    server.end()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a/../b", "'..'"),
        ("./a", "'.'"),
        ("a//b", "empty part"),
        ("/a", "empty part"),
        ("a/", "empty part"),
        ("a\nb", "control character"),
        ("a\x7fb", "control character"),
        ("a\u2028b", "control character"),
        ("a\ufffeb", "reserves"),
        ("who?", "Label Studio"),
        ("a ", "ends with a space"),
        ("x" * 1025, "1025 bytes"),
        ("ü" * 513, "1026 bytes"),
        (".well-known/acme-challenge/x", "reserves"),
        ("", "is empty"),
    ],
)
def test_refused_names(name: str, why: str) -> None:
    fault = fault_in(name)
    assert fault is not None
    assert why in fault


def test_odd_names_are_taken() -> None:
    assert [fault_in(f"{name}.jpg") for name in ODD] == [None] * len(ODD)
    assert fault_in("ü" * 512) is None


def test_all_faults_at_once_and_nothing_is_sent(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(5)
    table["id"] = ["ok", None, "../up", "who?", "  "]
    store.log.clear()
    with pytest.raises(InputError) as caught:
        upload(small, table)
    text = str(caught.value)
    assert "column 'id' is empty (rows 3 and 6)" in text or "rows 3, 6" in text
    assert "has a part that is only '..'" in text
    assert "row 4" in text
    assert "holds a '?'" in text
    assert "row 5" in text
    assert len(caught.value.problems) == 3
    assert store.log == []


def test_safe_names_mend_what_can_be(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(2)
    table["id"] = ["../up", "who?"]
    made = upload(small, table, safe_names=True)
    assert sorted(store.items) == ["ana/_/up.jpg", "ana/who_.jpg"]
    assert list(made["status"]) == ["uploaded"] * 2


def test_pattern_faults() -> None:
    with pytest.raises(InputError, match="'Usrname' that the table lacks"):
        read_pattern("{Usrname}/{stem}", ["Username", "ID"])
    with pytest.raises(InputError, match="brace without its partner"):
        read_pattern("{Username", ["Username"])
    with pytest.raises(InputError, match="empty braces"):
        read_pattern("{}", ["Username"])
    with pytest.raises(InputError) as caught:
        read_pattern("{a}/{b}", ["x"])
    assert len(caught.value.problems) == 2


def test_columns_with_odd_names_and_values() -> None:
    row = {"t: start": 1.0, "a!b": "x", "n": 7, 3: "three"}
    assert read_pattern("{t: start}-{a!b}-{n:04d}-{3}", list(row)).fill(row, "") == "1-x-0007-three"
    with pytest.raises(InputError, match="rounded"):
        read_pattern("{n}", ["n"]).fill({"n": 1.234567890123456e18}, "")
    with pytest.raises(InputError, match="cannot be written"):
        read_pattern("{n:d}", ["n"]).fill({"n": "x"}, "")
    assert read_pattern("{stem}", ["stem"]).fill({"stem": "mine"}, "file") == "mine"
    assert read_pattern("{s}", ["s"]).fill({"s": "u\u0308"}, "") == "ü"


def test_path_column_that_is_not_there(small: Bucket, make_table: MakeTable) -> None:
    with pytest.raises(KeyColumnError, match="Did you mean 'path'"):
        upload(small, make_table(), path="paht")


def test_different_files_for_one_name(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(4)
    table["id"] = ["1", "1", "2", "3"]
    store.log.clear()
    with pytest.raises(InputError, match=r"photo0\.jpg and .*photo1\.jpg.*'ana/1\.jpg'.*rows 2") as caught:
        upload(small, table)
    assert len(caught.value.problems) == 1
    assert store.count("upload") == 0


def test_identical_files_for_one_name(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(3)
    first, second, _ = table["path"]
    with open(first, "rb") as source, open(second, "wb") as target:  # noqa: PTH123
        target.write(source.read())
    table["id"] = ["1", "1", "2"]
    made = upload(small, pd.concat([table, table]))
    assert list(made["status"]) == ["uploaded"] * 6
    assert made["uri"].nunique() == 2
    assert store.count("upload") == 2


def test_object_beside_its_folder(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(2, ending="")
    table["id"] = ["x", "x/y"]
    with pytest.raises(InputError, match="cannot hold 'ana/x' beside 'ana/x/y'"):
        upload(small, table)
