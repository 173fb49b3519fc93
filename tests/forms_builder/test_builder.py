"""The builder without a browser: what each click does, and what a cell that is run again finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import lsnb
from lsnb import LabelConfig
from lsnb.errors import InputError, LabelConfigError, MissingFileError
from lsnb.forms import config_builder as builders
from lsnb.forms.config_builder import ConfigBuilder
from lsnb.forms.page import Question, Shown, read_draft

START = LabelConfig.image("uri").choices("mood", ["good", "bad"], title="What is the mood?")
TABLE = pd.DataFrame({"id": ["1"], "uri": ["gs://b/1.png"], "caption": ["A cat on a mat."]})


@pytest.fixture(autouse=True)
def _fresh_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(builders, "_builders", {})
    monkeypatch.setenv("LSNB_STACK", str(tmp_path / "no-stack"))


def built(config: LabelConfig | None = None, **given: Any) -> ConfigBuilder:
    return lsnb.config_builder(config, **given)


def test_a_config_grows_click_by_click() -> None:
    builder = built(table=TABLE)
    assert builder.problems == ["The config asks nothing yet: add a question."]
    builder.add_question()
    assert builder.config == LabelConfig.image("uri")
    assert len(builder.unfinished) == 2
    for name in ("m", "mo", "mood"):
        builder.change(1, name=name)
    builder.change(1, options="good, bad")
    builder.change(1, title="What is the mood?")
    assert builder.problems == []
    asked = LabelConfig.image("uri").choices("mood", ["good", "bad"], title="What is the mood?")
    assert builder.config == asked.columns()
    builder.add_question()
    builder.change(2, kind="rating")
    builder.change(2, name="quality", required=True)
    assert builder.config.controls["quality"].required
    builder.move(2, -1)
    assert (list(builder.config.controls), builder.opened) == (["quality", "mood"], 1)
    builder.remove(1)
    assert (list(builder.config.controls), builder.opened) == (["mood"], None)
    builder.undo()
    assert list(builder.config.controls) == ["quality", "mood"]


def test_letters_typed_into_one_field_are_one_change() -> None:
    builder = built(START)
    for name in ("moodx", "moodxy", "moodxyz"):
        builder.change(1, name=name)
    builder.undo()
    assert builder.config == START
    assert not builder.can_undo


def test_an_empty_question_is_not_added_twice() -> None:
    builder = built()
    builder.add_question()
    builder.add_question()
    assert len(builder.parts) == 2


def test_a_cell_that_is_run_again_finds_what_was_built() -> None:
    builder = built(START, table=TABLE)
    builder.add_question()
    builder.change(2, kind="rating", name="quality")
    again = built(START, table=TABLE)
    assert again is builder
    assert list(again.config.controls) == ["mood", "quality"]
    assert built(name="other") is not builder


def test_a_cell_that_begins_with_its_own_result_goes_on() -> None:
    builder = built(START)
    builder.add_question()
    builder.change(2, kind="rating", name="quality")
    assert list(built(builder.config).config.controls) == ["mood", "quality"]
    assert list(built(builder.config).config.controls) == ["mood", "quality"]


def test_another_config_begins_anew_and_undo_brings_back_what_was_there() -> None:
    builder = built(START)
    builder.change(1, name="feeling")
    other = LabelConfig.image("uri").rating("quality")
    built(other)
    assert builder.config == other
    assert "Begun anew" in builder.message
    builder.undo()
    assert list(builder.config.controls) == ["feeling"]


def test_questions_stay_with_the_media_they_were_about() -> None:
    builder = built(START, table=TABLE)
    builder.add_media()
    assert [part for part in builder.parts if isinstance(part, Shown)][1] == Shown("text", "caption")
    assert builder.config.controls["mood"].to_names == ("uri",)
    builder.add_question()
    builder.change(3, name="tone", options="calm, loud")
    assert builder.config.controls["tone"].to_names == ("uri",)
    builder.change(3, kind="labels")
    assert builder.config.controls["tone"].to_names == ("caption",)
    builder.change(1, column="id")
    assert builder.config.controls["tone"].to_names == ("id",)
    assert builder.problems == []


def test_the_check_knows_the_table() -> None:
    builder = built(START, table=TABLE.rename(columns={"uri": "address"}))
    assert any("uri" in problem and "address" in problem for problem in builder.problems)


def test_what_was_typed_for_another_question_counts_no_more() -> None:
    builder = built(START)
    before = builder.openings
    builder.open_question(1)
    builder.add_question()
    assert builder.openings == before + 2


def test_xml_is_saved_and_loaded(tmp_path: Path) -> None:
    builder = built(START)
    path = tmp_path / "new" / "config.xml"
    builder.add_question()
    builder.save(path)
    assert path.read_text(encoding="utf-8") == START.xml
    assert "1 unfinished part is not in it" in builder.message
    bare = built(START.rating("quality"), name="bare")  # is saved as it is previewed, with a heading
    bare.save(tmp_path / "bare.xml")
    assert (
        (tmp_path / "bare.xml").read_text(encoding="utf-8") == bare.xml == START.rating("quality", title="quality").xml
    )
    assert bare.config == START.rating("quality")
    builder.save(path)
    other = built(name="other")
    other.load(path)
    assert other.config == START
    other.undo()
    assert other.config == LabelConfig.image("uri")


def test_a_codebook_is_saved_and_asked_about_the_media_there_are(tmp_path: Path) -> None:
    builder = built(START)
    builder.save(tmp_path / "codebook.csv")
    builder.save(tmp_path / "codebook.csv")
    assert list(lsnb.read_table(tmp_path / "codebook.csv").columns) == ["variable", "label", "description", "type"]
    other = built(LabelConfig.video("film"), name="other")
    other.load(tmp_path / "codebook.csv")
    assert other.config == LabelConfig.video("film").choices("mood", ["good", "bad"], title="What is the mood?")
    assert isinstance(other.parts[1], Question)


def test_a_file_of_another_sort_is_not_overwritten(tmp_path: Path) -> None:
    builder = built(START)
    for name, text in (("media.csv", "id,uri\n1,a\n"), ("page.xml", "<html/>"), ("broken.xml", "<View")):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match="give another name"):
            builder.save(tmp_path / name)
        assert (tmp_path / name).read_text() == text
    with pytest.raises(InputError, match=r"ends in neither \.xml nor \.csv"):
        builder.save(tmp_path / "config.txt")


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        ("a.xml", b"<View><Image name='a'></View>", LabelConfigError, "is still open"),
        ("a.xml", b"\xff\x00\x81", LabelConfigError, "is no text|cannot be read"),
        ("a.xml", b"", LabelConfigError, "holds no tags"),
        ("a.csv", b"name,label\nx,y\n", LabelConfigError, "no column variable"),
        ("a.csv", b"", InputError, "empty"),
    ],
)
def test_a_bad_file_changes_nothing_and_the_sentence_is_ours(
    tmp_path: Path, name: str, content: bytes, error: type[Exception], says: str
) -> None:
    builder = built(START)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=says):
        builder.load(tmp_path / name)
    with pytest.raises(error, match=says):
        builder.load_upload(name, content)
    builder.attempt(lambda: builder.load(tmp_path / name))
    assert "libxml" not in builder.message.lower()
    assert "Traceback" not in builder.message
    assert builder.config == START


def test_a_missing_file_and_no_name() -> None:
    builder = built(START)
    with pytest.raises(MissingFileError):
        builder.load("nowhere.xml")
    with pytest.raises(InputError, match="name first"):
        builder.load(" ")


def test_a_loaded_config_with_faults_is_shown_with_its_problems() -> None:
    builder = built()
    builder.load_upload("a.xml", b'<View><Image name="i" value="$uri"/><Chioces name="m" toName="i"/></View>')
    builder.add_question()
    builder.change(2, name="mood", options="a, b")
    assert builder.problems == ["Label Studio has no tag Chioces: did you mean Choices?"]


def test_the_form_alone_gives_the_same_config() -> None:
    form = LabelConfig.from_form(coding_name="mood", coding_values="good, bad", title="What is the mood?")
    assert built(form).config == form == START.columns()
    assert read_draft(form).parts == read_draft(START).parts
    stacked = LabelConfig.from_form(
        coding_name="mood", coding_values="good, bad", title="What is the mood?", layout="stacked"
    )
    assert stacked == START
    assert read_draft(stacked) == read_draft(START)


def test_the_layout_can_be_changed_and_taken_back() -> None:
    builder = built(START.columns())
    assert (builder.layout, len(builder.parts)) == ("auto", 2)
    builder.lay_out("stacked")
    assert builder.config == START
    builder.undo()
    assert builder.config == START.columns()
    builder.add_question()
    builder.change(2, name="things", kind="rectangles", options="dog, cat")
    assert "lsnb-questions" not in builder.xml
    builder.lay_out("columns")
    assert builder.config.controls.keys() == {"mood", "things"}
    assert "lsnb-questions" in builder.xml
    again = built(builder.config)
    assert (again.layout, len(again.parts), again.config) == ("columns", 3, builder.config)


def test_a_new_page_has_its_answers_beside_the_picture() -> None:
    builder = built()
    builder.add_question()
    builder.change(1, name="mood", options="good, bad", title="What is the mood?")
    assert builder.config == START.columns()


def test_its_text_says_what_it_comes_to() -> None:
    builder = built(START)
    assert repr(builder) == "ConfigBuilder(LabelConfig(shows $uri; asks mood))"
    builder.add_question()
    assert "2 to mend" in repr(builder)
