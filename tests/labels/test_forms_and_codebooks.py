"""Forms and codebooks give what the builder gives, and a config gives its codebook back."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsnb import LabelConfig
from lsnb.errors import LabelConfigError

FORM = {"coding_name": "sentiment", "coding_values": "positive, negative"}


def test_answers_of_one_name_in_a_tree_keep_codes_and_descriptions_of_their_own():
    rows = [
        ("kind", "animal / other", "11", "an animal", "taxonomy"),
        ("kind", "animal", "1", "all of them", ""),
        ("kind", "plant / other", "22", "a plant", ""),
        ("kind", "other / other", "", "", ""),
    ]
    config = LabelConfig.from_codebook(pd.DataFrame(rows, columns=["variable", "label", "code", "description", "type"]))
    told = config.codebook.set_index("label")[["code", "description"]].T.to_dict("list")
    assert told == {
        "animal": ["1", "all of them"],
        "animal / other": ["11", "an animal"],
        "plant": ["", ""],
        "plant / other": ["22", "a plant"],
        "other": ["", ""],
        "other / other": ["", ""],
    }
    assert LabelConfig.from_codebook(config.codebook).xml == config.xml


def test_a_form_gives_what_the_builder_gives() -> None:
    config = LabelConfig.from_form(
        coding_name=" sentiment ",
        coding_values="positive\nnegative,neutral,\n",
        coding_choice="multiple",
        media="video",
        field="clip",
        text_field="caption",
        title="What is the mood?",
        required=True,
    )
    built = (
        LabelConfig.video("clip")
        .text("caption")
        .choices(
            "sentiment",
            ["positive", "negative", "neutral"],
            title="What is the mood?",
            multiple=True,
            required=True,
            to="clip",
        )
    )
    assert config.xml == built.columns().xml
    assert config.check() == []


def test_answers_in_a_list_may_hold_commas() -> None:
    config = LabelConfig.from_form(coding_name="mood", coding_values=("calm", "sad, tired"))
    assert config.controls["mood"].labels == ("calm", "sad, tired")


def test_a_form_read_twice_asks_once() -> None:
    assert LabelConfig.from_form(**FORM) == LabelConfig.from_form(**FORM)  # type: ignore[arg-type]


FORM_FAULTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no name": ({"coding_name": ""}, ["coding_name is empty"]),
    "no answers": ({"coding_values": " , "}, ["coding_values has no answers"]),
    "an answer twice": ({"coding_values": "a, a"}, ['"a" more than once']),
    "a choice of no kind": ({"coding_choice": "both"}, ["single or multiple"]),
    "an unknown media": ({"media": "photo"}, ["give one of image"]),
    "no column": ({"field": ""}, ["field is empty"]),
    "a column Label Studio cannot read": ({"field": "Post URL"}, ['table["Post_URL"]']),
    "one column twice": ({"text_field": "uri"}, ["leave text_field empty"]),
    "a name that is a column": ({"coding_name": "uri"}, ["a name of its own"]),
    "all at once": (
        {"coding_name": "", "coding_values": "", "coding_choice": "x", "media": "y", "field": ""},
        ["coding_name", "coding_values", "coding_choice", "media", "field"],
    ),
}


@pytest.mark.parametrize("name", FORM_FAULTS)
def test_faults_of_a_form(name: str) -> None:
    changed, words = FORM_FAULTS[name]
    with pytest.raises(LabelConfigError) as caught:
        LabelConfig.from_form(**{**FORM, **changed})
    assert len(caught.value.problems) == len(words)
    for word in words:
        assert word in str(caught.value)


CONFIG = (
    LabelConfig.image("uri")
    .choices("mood", ["good", "bad"], title="Mood?", aliases={"good": "1", "bad": "0"}, hints={"bad": "sad & <dark>"})
    .choices("why", "light, focus", multiple=True)
    .taxonomy("topic", {"news": ["sport", "local"], "advert": None}, title="Topic")
    .rectangles("box", "cat, dog", title="Mark")
    .rating("sharp", title="How sharp?")
    .number("people")
    .textarea("note")
    .datetime("taken", only="date")
)


def test_a_codebook_comes_back() -> None:
    book = CONFIG.codebook
    assert list(book.columns) == ["variable", "label", "code", "description", "type"]
    again = LabelConfig.from_codebook(book)
    assert again == CONFIG
    pd.testing.assert_frame_equal(again.codebook, book)


def test_a_codebook_without_codes_has_no_column_for_them() -> None:
    book = LabelConfig.image("uri").choices("q", "a, b", hints={"a": "first"}).codebook
    assert book.to_dict("list") == {
        "variable": ["q", "q"],
        "label": ["a", "b"],
        "description": ["first", ""],
        "type": ["single", "single"],
    }


def test_labels_of_video_boxes_are_listed_once() -> None:
    book = LabelConfig.video("uri").video_boxes("track", "mouse, rat").codebook
    assert book["variable"].tolist() == ["track", "track"]
    assert LabelConfig.from_codebook(book, media="video").controls["track"].labels == ("mouse", "rat")


def test_labels_keep_their_descriptions() -> None:
    book = pd.DataFrame(
        {"variable": "box", "label": ["cat", "dog"], "description": ["with tail", ""], "type": "rectangles"}
    )
    config = LabelConfig.from_codebook(book)
    assert 'value="cat" background="#E69F00" hint="with tail"' in config.xml
    assert config.codebook["description"].tolist() == ["with tail", ""]


def test_a_codebook_as_people_write_it() -> None:
    # Merged cells leave gaps, a column of codes with gaps is read as floats, headings are capitalised.
    book = pd.DataFrame(
        {
            "Variable": ["mood", None, None, "note"],
            "Label": [None, "good", "bad", None],
            "Code": [np.nan, 1.0, 2.0, np.nan],
            "Description": ["Mood?", None, "sad", "Anything else?"],
            "Type": ["Single", None, None, "text"],
        }
    )
    config = LabelConfig.from_codebook(book, media="text", field="body")
    assert config.controls["mood"].labels == ("1", "2")
    assert config.controls["note"].kind == "textarea"
    assert config.check() == []


def test_a_codebook_goes_on_with_a_config() -> None:
    book = pd.DataFrame({"variable": ["q"], "label": [""], "type": ["number"]})
    config = LabelConfig.image("uri").rating("first").codebook_questions(book)
    assert list(config.controls) == ["first", "q"]


def test_rows_of_a_codebook_that_ask_nothing_are_said() -> None:
    rows = [
        ("mood", "", "Mood?", "single"),
        ("", "good", "", ""),
        ("", "", "", ""),
        ("", "None", "", ""),
        ("", "", "Really?", ""),
        ("note", "yes", "", "text"),
        ("note", "", "Anything else?", ""),
    ]
    book = pd.DataFrame(rows, columns=["variable", "label", "description", "type"])
    with pytest.warns(UserWarning, match="The codebook: 7 rows, 4 taken, 3 left out") as said:
        config = LabelConfig.from_codebook(book)
    text = str(said[0].message)
    assert "empty: row 4" in text
    assert "a second description of one question: row 6" in text
    assert "an answer to a question that offers none: row 7" in text
    assert config.controls["mood"].labels == ("good", "None")
    book = pd.DataFrame({"variable": ["q", "q", "q"], "label": ["yes", "", ""], "code": [1, 9, 3]})
    book["description"] = ["", "no answer", ""]
    with pytest.warns(UserWarning, match=r"1 taken, 2 left out \(a code without a label: row 3, row 4\)"):
        config = LabelConfig.from_codebook(book)
    assert "no answer" not in config.xml


def test_columns_that_are_none_of_a_codebook_and_labels_that_are_dates_are_said() -> None:
    book = pd.DataFrame({"Variable": ["q", "q"], "label": ["a", "b"], "Typ": ["multiple", None], "empty": [None, None]})
    with pytest.warns(UserWarning, match="'Typ' is not used, and as it has no column type, its types are guessed"):
        assert LabelConfig.from_codebook(book).codebook["type"].tolist() == ["single", "single"]
    book = pd.DataFrame({"variable": ["q", "q"], "label": [pd.Timestamp("2026-02-01"), "b"], "type": ["single", None]})
    with pytest.warns(UserWarning, match=r"labels are dates \(2026-02-01 00:00:00\)"):
        LabelConfig.from_codebook(book)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LabelConfig.from_codebook(pd.DataFrame({"variable": ["q"], "label": [pd.NaT], "x": [None]}))


cells = st.sampled_from(["", "", "a", "b", "None", "NA"])
kinds = st.sampled_from(["", "", "single", "multiple", "text", "number", "rating", "rectangles"])


@given(st.lists(st.tuples(st.sampled_from(["", "q", "r"]), cells, cells, kinds), min_size=1, max_size=8))
def test_the_sum_of_a_codebooks_rows_is_right(rows: list[tuple[str, ...]]) -> None:
    book = pd.DataFrame(rows, columns=["variable", "label", "description", "type"])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            LabelConfig.from_codebook(book)
        except LabelConfigError:
            return
    assert not any("cannot name" in str(one.message) for one in said)


BOOK_FAULTS = {
    "no variable": (pd.DataFrame({"varable": ["a"]}), "rename the column"),
    "no columns": (pd.DataFrame({"x": ["a"]}), "add a column called variable"),
    "no rows": (pd.DataFrame({"variable": []}), "names no variable"),
    "an unnamed variable": (pd.DataFrame({"variable": [None, "a"]}), "names no variable"),
    "a column twice": (
        pd.DataFrame([["a", "x", "y"]], columns=["variable", "label", "Label "]),
        "one column called label",
    ),
    "a name twice": (pd.DataFrame([["a", "x", "y"]], columns=["variable", "type", "type"]), "one column called type"),
    "an unknown type": (pd.DataFrame({"variable": ["a"], "type": ["singel"]}), "did you mean single"),
    "two types": (pd.DataFrame({"variable": ["a", "a"], "type": ["single", "text"]}), "keep one"),
    "a label twice": (pd.DataFrame({"variable": ["a", "a"], "label": ["x", "x"]}), '"x" twice'),
    "regions on a text": (
        pd.DataFrame({"variable": ["a"], "label": ["x"], "type": ["rectangles"]}),
        "needs Image",
    ),
}


@pytest.mark.parametrize("name", BOOK_FAULTS)
def test_faults_of_a_codebook(name: str) -> None:
    book, words = BOOK_FAULTS[name]
    with pytest.raises(LabelConfigError, match=words):
        LabelConfig.from_codebook(book, media="text", field="body")


def test_every_fault_of_a_codebook_at_once() -> None:
    book = pd.DataFrame({"variable": ["a", "b"], "label": ["", ""], "type": ["x", "y"]})
    with pytest.raises(LabelConfigError) as caught:
        LabelConfig.from_codebook(book)
    assert len(caught.value.problems) == 2


def test_the_codebook_given_is_left_alone() -> None:
    book = CONFIG.codebook
    before = book.copy(deep=True)
    LabelConfig.from_codebook(book)
    pd.testing.assert_frame_equal(book, before)


def test_a_description_with_a_control_character_is_refused_in_a_sentence() -> None:
    for kind in ("rectangles", "taxonomy", "single"):
        book = pd.DataFrame(
            {"variable": ["b", "b"], "label": ["cat", "dog"], "description": ["", "a\x07b"], "type": kind}
        )
        with pytest.raises(LabelConfigError, match="control character"):
            LabelConfig.image("uri").codebook_questions(book)
