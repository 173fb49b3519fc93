"""Any config is read whole; a broken or hostile one is refused in plain words."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import BY_HAND, CASES

from lsnb import LabelConfig
from lsnb.errors import LabelConfigError
from lsnb.labels import Control, Field


def test_a_config_by_hand_keeps_what_is_unknown() -> None:
    config = LabelConfig.from_xml(BY_HAND)
    for kept in ("coding scheme 3", 'data-own="kept"', 'whatever="1"', "{{idx}}", "font-size: 2em", "<Repeater"):
        assert kept in config.xml
    assert LabelConfig.from_xml(config.xml).xml == config.xml
    assert config.check() == []


def test_fields_and_controls_of_a_config_by_hand() -> None:
    config = LabelConfig.from_xml(BY_HAND)
    assert {key: field.kind for key, field in config.fields.items()} == {
        "html": "hypertext",
        "pages": "nested",
        "author": "text",
        "year": "text",
        "question": "text",
    }
    assert config.fields["html"] == Field("page", "hypertext", "HyperText")
    assert config.controls == {
        "mood": Control("mood", "choices", "Choices", ("g", "bad"), ("page",), False, False, False)
    }


def test_a_config_by_hand_grows() -> None:
    grown = LabelConfig.from_xml(BY_HAND).choices("more", "a, b", to="page")
    assert list(grown.controls) == ["mood", "more"]
    assert "coding scheme 3" in grown.xml


def test_an_old_fault_does_not_stop_a_config_from_growing() -> None:
    config = LabelConfig.from_xml('<View><Image name="i" value="$uri"/><Chioces name="q" toName="i"/></View>')
    grown = config.rating("sharp")
    assert [problem.tag for problem in grown.check()] == ["Chioces"]
    with pytest.raises(LabelConfigError) as caught:
        config.rating("i")
    assert len(caught.value.problems) == 1


KINDS = {
    "Image": {"uri": "image"},
    "Image list": {"pages": "images"},
    "Video": {"uri": "video", "fps": "number"},
    "Audio": {"uri": "audio"},
    "HyperText": {"body": "hypertext"},
    "Paragraphs with audio": {"talk": "paragraphs", "sound": "audio"},
    "TimeSeries": {"csv": "timeseries"},
    "List": {"found": "list"},
    "Table": {"facts": "table"},
    "Pdf": {"uri": "pdf"},
    "Choices from data": {"uri": "image", "answers": "options"},
    "Header": {"body": "text", "title": "text"},
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds_of_fields(name: str) -> None:
    assert {key: field.kind for key, field in CASES[name].fields.items()} == KINDS[name]


CONTROLS = {
    "Choices multiple": ("choices", ("a", "b"), True, False),
    "Choices described": ("choices", ("1", "bad"), False, False),
    "Taxonomy by paths": ("taxonomy", ("a", "b", "c", "d"), False, False),
    "Rating": ("rating", (), False, False),
    "Number": ("number", (), False, False),
    "DateTime": ("datetime", (), False, False),
    "TextArea": ("textarea", (), True, False),
    "Pairwise": ("pairwise", ("left", "right"), False, False),
    "Ranker": ("ranker", ("best", "rest"), True, False),
    "TimelineLabels": ("timelinelabels", ("rest", "run"), False, False),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_kinds_of_controls(name: str) -> None:
    control = list(CASES[name].controls.values())[-1]
    assert (control.kind, control.labels, control.multiple, control.per_region) == CONTROLS[name]


def test_nested_answers_have_paths() -> None:
    control = CASES["Choices nested"].controls["q"]
    assert control.paths[:3] == (("animal",), ("animal", "cat"), ("animal", "dog"))


def test_video_boxes_know_their_labels() -> None:
    controls = CASES["VideoRectangle"].controls
    assert controls["r"].labels == controls["r_label"].labels == ("first", "second")


def test_per_region_and_required() -> None:
    control = CASES["per region"].controls["name"]
    assert (control.per_region, control.required, control.to_names) == (True, True, ("uri",))


BROKEN = {
    "empty": ("", "no tags"),
    "no XML": ("hello", "no tags"),
    "a tag without its end": ("<View>\n<Image name='i' value='$i'\n</View>", "line 3: a tag does not end"),
    "not closed": ("<View>\n<Image>\n</View>", "line 3: <Image> of line 2 is still open where </View> stands"),
    "a lone ampersand": ('<View>\n<Header value="A & B"/></View>', "line 2: there is a lone"),
    "no quotes": ("<View><Header value=x/></View>", "no quotation marks"),
    "an attribute twice": ("<View a='1' a='2'/>", "stands twice"),
    "two roots": ("<View/><View/>", "one <View>"),
    "an entity": ("<View>&nbsp;</View>", "write the character itself"),
    "a control character": ("<View>\x01</View>", "control character"),
    "half a character": ("<View>\ud800</View>", "surrogate"),
    "cut off": ("<View>\n<Choices>", "never closed"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_xml_in_plain_words(name: str) -> None:
    text, words = BROKEN[name]
    with pytest.raises(LabelConfigError, match=words) as caught:
        LabelConfig.from_xml(text)
    message = str(caught.value)
    for jargon in ("lxml", "Element", "column ", "xmlParse", "parser", "EntityRef", "token", "mismatch"):
        assert jargon not in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_byte_order_mark_and_a_declaration_are_fine() -> None:
    text = '\ufeff<?xml version="1.0" encoding="utf-16"?>\n<View><Text name="t" value="$t"/></View>'
    assert list(LabelConfig.from_xml(text).fields) == ["t"]


def test_no_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    hostile = f'<!DOCTYPE View [<!ENTITY x SYSTEM "{secret.as_uri()}">]><View><Header value="h"/>&x;</View>'
    with pytest.raises(LabelConfigError, match="document type") as caught:
        LabelConfig.from_xml(hostile)
    assert "the secret" not in str(caught.value)


def test_no_entity_expands() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE View [<!ENTITY e0 "boom">{levels}]><View><Header value="&e11;"/></View>'
    with pytest.raises(LabelConfigError, match="document type"):
        LabelConfig.from_xml(bomb)


def test_a_document_type_inside_a_comment_is_only_a_comment() -> None:
    config = LabelConfig.from_xml("<View><!-- <!DOCTYPE html> --><Text name='t' value='$t'/></View>")
    assert "DOCTYPE" in config.xml


@pytest.mark.parametrize(
    "text", ["<html/>", "<div><View/></div>", "<Vew></Vew>", "<Veiw><Text name='t' value='$t'/></Veiw>"]
)
def test_something_that_is_no_label_config(text: str) -> None:
    with pytest.raises(
        LabelConfigError, match=r"begins with <View>, and this begins with <\w+>: put everything inside"
    ):
        LabelConfig.from_xml(text)


def test_a_config_without_its_view_can_be_read_and_is_a_problem() -> None:
    [problem] = LabelConfig.from_xml("<Text name='t' value='$t'/>").rating("q", to="t").check()[:1]
    assert "put everything inside one <View>" in str(problem)


def test_something_that_is_no_text() -> None:
    with pytest.raises(LabelConfigError, match="this is a dict"):
        LabelConfig.from_xml({})  # type: ignore[arg-type]
