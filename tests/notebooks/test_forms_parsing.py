import math
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsnb.errors import FileAccessError, FormError
from lsnb.forms import Field
from lsnb.forms.schema import join_list, parse_value, split_list
from lsnb.kernel import runtime
from lsnb.kernel.files import write_whole

WHOLE = Field("N", 0, "integer", "How many.")
NUMBER = Field("SHARE", 0.5, "number", "How much.")
BOUNDED = Field("PERCENT", 50, "number", "Percent.", minimum=0, maximum=100)
LABELS = Field("LABELS", "", "list", "Your codes.")
PEOPLE = Field("ANNOTATORS", "ana, ben", "people", "Who.", minimum=1, maximum=50)

entries = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)


@given(st.lists(entries, max_size=8))
def test_a_list_survives_the_way_into_a_text_field_and_back(values: list[str]) -> None:
    assert split_list(join_list(values)) == tuple(values)


def outcome(parse: Callable[..., Any], *arguments: Any) -> tuple[Any, str]:
    """Return what a call gives back and the sentence with which it refuses; one of the two is empty."""
    try:
        return parse(*arguments), ""
    except ValueError as error:
        return None, str(error)


@given(st.text())
def test_splitting_any_text_gives_clean_entries_or_a_sentence(text: str) -> None:
    entries, refusal = outcome(split_list, text)
    assert "quote" in refusal or all(entry and entry == entry.strip() for entry in entries)


@given(st.integers())
def test_whole_numbers_come_through_exactly(value: int) -> None:
    assert parse_value(WHOLE, value) == value
    assert parse_value(WHOLE, f" {value} ") == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_through_exactly(value: float) -> None:
    assert parse_value(NUMBER, value) == value
    assert parse_value(NUMBER, repr(value)) == value


@given(st.floats() | st.integers() | st.text() | st.booleans() | st.none() | st.lists(st.integers()))
def test_a_bounded_number_is_within_its_bounds_or_refused_with_its_name(raw: Any) -> None:
    value, refusal = outcome(parse_value, BOUNDED, raw)
    assert refusal.startswith("PERCENT ") or (math.isfinite(value) and 0 <= value <= 100)


@pytest.mark.parametrize(
    ("field", "raw", "value"),
    [
        (WHOLE, 3.0, 3),
        (WHOLE, "12345678901234567890", 12345678901234567890),
        (Field("N", 0, "integer", "How many.", unset=0), "0", None),
        (Field("N", 0, "integer", "How many.", unset=0), 0.0, None),
        (Field("BY", "", "text", "Strata.", unset=""), "  ", None),
        (Field("TITLE", "x", "text", "Title."), 2026, "2026"),
        (Field("TITLE", "x", "text", "Title."), " My study ", "My study"),
        (Field("ON", False, "boolean", "On."), "Yes", True),
        (Field("ON", False, "boolean", "On."), "0", False),
        (Field("ON", False, "boolean", "On."), 1, True),
        (Field("HOW", "never", "choice", "How.", choices=("never", "always")), " Always", "always"),
        (LABELS, "a, b\nc", ("a", "b", "c")),
        (LABELS, ["a", 7], ("a", "7")),
        (LABELS, "", ()),
        (Field("OVERLAP", "full", "amount", "O."), " full", "full"),
        (Field("OVERLAP", "full", "amount", "O."), "20%", "20%"),
        (Field("OVERLAP", "full", "amount", "O."), "2", 2),
        (PEOPLE, "ana, ben", ("ana", "ben")),
        (PEOPLE, " 3 ", 3),
        (PEOPLE, 3, 3),
        (PEOPLE, ("ana",), ("ana",)),
        (Field("FILE", "", "path", "File."), " ", ""),
        (Field("FILE", "", "path", "File."), Path("a/b.csv"), "a/b.csv"),
        (Field("FILE", "", "path", "File."), "~/b.csv", str(Path.home() / "b.csv")),
    ],
)
def test_what_fits(field: Field, raw: Any, value: Any) -> None:
    assert parse_value(field, raw) == value


@pytest.mark.parametrize(
    ("field", "raw", "sentence"),
    [
        (WHOLE, "a", "N is 'a': give a whole number."),
        (WHOLE, True, "N is True: give a whole number."),
        (WHOLE, "1.5", "N is '1.5': give a whole number."),
        (WHOLE, None, "N is None: give a whole number."),
        (NUMBER, "0,5", "SHARE is '0,5': give a number (0.5, not 0,5)."),
        (NUMBER, "inf", "SHARE is 'inf': give a number (0.5, not 0,5)."),
        (BOUNDED, 101, "PERCENT is 101: give a number (0.5, not 0,5) from 0 to 100."),
        (Field("N", 1, "integer", "N.", minimum=1), 0, "N is 0: give a whole number of 1 or more."),
        (Field("N", 1, "integer", "N.", maximum=9), 10, "N is 10: give a whole number of 9 or less."),
        (Field("ON", False, "boolean", "On."), "maybe", "ON is 'maybe': give True or False."),
        (Field("HOW", "a", "choice", "How.", choices=("a", "b")), "c", "HOW is 'c': choose one of a, b."),
        (Field("TITLE", "", "text", "T.", minimum=3), "", "TITLE is '': fill it in."),
        (Field("TITLE", "", "text", "T.", minimum=3), "ab", "TITLE is 'ab': give at least 3 characters."),
        (
            Field("TITLE", "", "text", "T.", maximum=5),
            "abcdef",
            "TITLE is 'abcdef': shorten it to 5 characters (it has 6).",
        ),
        (Field("TITLE", "", "text", "T."), None, "TITLE is None: give a text."),
        (LABELS, "a, b, a", "LABELS is 'a, b, a': 'a' comes twice; leave one out."),
        (
            LABELS,
            '"a, b',
            "LABELS is '\"a, b': a double quote \" is opened and not closed; close it, or leave quotes out.",
        ),
        (
            Field("LABELS", "", "list", "L.", minimum=2),
            "a",
            "LABELS is 'a': give at least 2, separated by commas.",
        ),
        (
            Field("LABELS", "", "list", "L.", maximum=1),
            "a, b",
            "LABELS is 'a, b': give at most 1 (there are 2).",
        ),
        (
            PEOPLE,
            0,
            "ANNOTATORS is 0: give names separated by commas, or how many people, 1 or more.",
        ),
        (PEOPLE, "1.5", "ANNOTATORS is '1.5': give names separated by commas, or how many people, 1 or more."),
        (PEOPLE, 99, "ANNOTATORS is 99: give at most 50 people."),
        (PEOPLE, "", "ANNOTATORS is '': give at least 1, separated by commas."),
        (Field("FILE", "", "path", "File.", minimum=1), "", "FILE is '': fill it in."),
        (Field("WORKDIR", "w", "folder", "Folder."), "", "WORKDIR is '': give the name of a folder."),
        (LABELS, {"a": 1}, "LABELS is {'a': 1}: give a text."),
        (
            Field("BY", "", "list", "B.", unset=""),
            np.array(["a", "b"]),
            "BY is array(['a', 'b'], dtype='<U1'): give a text.",
        ),
        (
            Field("N", 0, "integer", "N.", unset=0),
            np.array([1, 2]),
            "N is array([1, 2]): give a whole number.",
        ),
        (
            Field("WORKDIR", "w", "folder", "Folder."),
            "a\0b",
            "WORKDIR is 'a\\x00b': it holds a character that no name can have; write it anew.",
        ),
        (
            Field("MEDIA", "", "path", "Media."),
            "~nobody-called-so/m.csv",
            "MEDIA is '~nobody-called-so/m.csv': nobody of that name has a home folder here; write the whole path.",
        ),
    ],
)
def test_what_does_not_fit_gets_one_sentence(field: Field, raw: Any, sentence: str) -> None:
    with pytest.raises(FormError) as caught:
        parse_value(field, raw)
    assert str(caught.value) == sentence


def test_a_file_that_is_not_there_is_named_with_the_folder_it_was_looked_for_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    field = Field("MEDIA", "", "path", "Media.", must_exist=True)
    with pytest.raises(FormError) as caught:
        parse_value(field, "media.csv")
    assert str(caught.value) == (
        f"MEDIA is 'media.csv': nothing is there, seen from {tmp_path}; upload the file or correct the path."
    )
    with pytest.raises(FormError, match=r"MEDIA is 'a{50,}…: nothing is there"):
        parse_value(field, "a" * 300)
    (tmp_path / "media.csv").write_text("id\n")
    assert parse_value(field, "media.csv") == "media.csv"
    with pytest.raises(FormError, match=r"upload the file or correct the path\. Did you mean 'media.csv'\?"):
        parse_value(field, "Media.CSV")


def test_a_drive_that_colab_has_not_mounted_is_said_and_nothing_is_made_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = tmp_path / "drive"
    monkeypatch.setattr(runtime, "_DRIVE", drive)
    assert write_whole(drive / "a.txt", "", parents=True) == drive / "a.txt"  # no Colab
    shutil.rmtree(drive)
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    mount = "Google Drive is not mounted: run ‘from google.colab import drive"
    with pytest.raises(FormError, match=mount):
        parse_value(Field("WORKDIR", "w", "folder", "Folder."), str(drive / "MyDrive" / "work"))
    with pytest.raises(FormError, match=f"nothing is there, .* {mount}"):
        parse_value(Field("MEDIA", "", "path", "Media.", must_exist=True), str(drive / "MyDrive" / "media.csv"))
    with pytest.raises(FileAccessError, match=f"cannot be written: {mount}"):
        write_whole(drive / "MyDrive" / "moods.zip", "", parents=True)
    assert not drive.exists()
    (drive / "MyDrive").mkdir(parents=True)
    assert parse_value(Field("WORKDIR", "w", "folder", "Folder."), str(drive / "MyDrive" / "work")).is_dir()


def test_a_folder_is_made_once_and_a_file_in_its_way_is_named(tmp_path: Path) -> None:
    field = Field("WORKDIR", "w", "folder", "Folder.")
    for _ in range(2):
        assert parse_value(field, str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(FormError, match="a file of that name is in the way"):
        parse_value(field, str(tmp_path / "file"))
    with pytest.raises(FormError, match="cannot be made"):
        parse_value(field, str(tmp_path / "file" / "below"))


@pytest.mark.parametrize(
    "secret",
    [
        "0123456789abcdef0123456789abcdef01234567",
        "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxfQ.c2lnbmF0dXJl",
        '{"type": "service_account", "private_key": "x"}',
        "-----BEGIN PRIVATE KEY-----",
    ],
)
@pytest.mark.parametrize("kind", ["text", "list", "integer", "path"])
def test_a_key_pasted_into_a_form_is_refused_and_not_repeated(secret: str, kind: Any) -> None:
    field = Field("SERVER", 0 if kind == "integer" else "", kind, "Server.")
    with pytest.raises(FormError, match="looks like a key") as caught:
        parse_value(field, f" {secret} ")
    assert secret not in str(caught.value)
    with pytest.raises(FormError, match="looks like a key"):
        parse_value(field, [secret, secret])


def test_numpys_numbers_are_numbers() -> None:
    assert parse_value(WHOLE, np.int64(2**53 + 1)) == 2**53 + 1
    assert parse_value(Field("N", 0, "integer", "N.", unset=0), np.int64(0)) is None
    assert parse_value(Field("TITLE", "", "text", "T."), np.int64(7)) == "7"


def test_a_long_value_is_shortened_in_the_message() -> None:
    with pytest.raises(FormError) as caught:
        parse_value(WHOLE, "x" * 500)
    assert len(str(caught.value)) < 120


def test_pairs_are_read_as_a_dict_that_nobody_changes() -> None:
    field = Field("LABELS", "", "pairs", "Labels.")
    assert parse_value(field, 'car=vehicle, "a, b = c=d", sky=') == {"car": "vehicle", "a, b": "c=d", "sky": None}
    assert parse_value(field, " ") == {}
    with pytest.raises(TypeError):
        parse_value(field, "car=vehicle")["car"] = "x"  # type: ignore[index]
    for text, words in (("car", "'car' is no pair"), ("=x", "'=x' is no pair"), ("a=b, a =c", "'a' comes twice")):
        with pytest.raises(FormError, match=words):
            parse_value(field, text)
    assert Field("LABELS", "", "pairs", "Labels.").line == 'LABELS = ""  # @param {type:"string"}'
