"""The widgets of the builder, clicked without a browser: each does what its method does, and shows what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ipywidgets
import pandas as pd
import pytest

import lsnb
from lsnb import LabelConfig
from lsnb.errors import StudioUnreachableError
from lsnb.forms import config_builder as builders
from lsnb.forms.config_builder import ConfigBuilder, draw_builder
from lsnb.forms.page import Preview, first_draft

TABLE = pd.DataFrame({"id": ["1"], "uri": ["gs://b/1.png"], "caption": ["A cat on a mat."]})
MISSING_IN_7_OR_8 = {"TagsInput", "ColorsInput", "TimePicker", "Stack", "DatetimePicker"}


@pytest.fixture(autouse=True)
def _fresh_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(builders, "_builders", {})
    monkeypatch.setenv("LSNB_STACK", str(tmp_path / "no-stack"))
    monkeypatch.chdir(tmp_path)


def every(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from every(child)


class Hands:
    """Finds widgets by class, as they stand at the moment."""

    def __init__(self, builder: ConfigBuilder) -> None:
        self.box = draw_builder(builder)

    def all(self, name: str) -> list[Any]:
        return [widget for widget in every(self.box) if f"lsnb-{name}" in getattr(widget, "_dom_classes", ())]

    def find(self, name: str, number: int = 0) -> Any:
        return self.all(name)[number]

    def set(self, name: str, value: Any, number: int = 0) -> None:
        self.find(name, number).value = value


@pytest.fixture
def builder() -> ConfigBuilder:
    return ConfigBuilder(first_draft(TABLE), table=TABLE)


@pytest.fixture
def hands(builder: ConfigBuilder) -> Hands:
    return Hands(builder)


def test_it_saves_where_the_notebook_says(tmp_path: Path) -> None:
    config = LabelConfig.image("uri").choices("mood", "good, bad")
    for name in ("first.xml", "next.xml"):
        hands = Hands(lsnb.config_builder(config, table=TABLE, path=tmp_path / "work" / name))
        hands.find("save").click()
        assert LabelConfig.from_xml((tmp_path / "work" / name).read_text(encoding="utf-8")) == config.titled()


def test_two_questions_by_hand(builder: ConfigBuilder, hands: Hands) -> None:
    hands.find("add-question").click()
    hands.set("question-title", "What is the mood?")
    hands.set("question-name", "mood")
    hands.set("question-options", "joyful, tense\nmixed")
    hands.set("question-required", True)
    hands.set("question-multiple", True)
    hands.find("add-question").click()
    assert hands.find("question-name").value == ""
    hands.set("question-kind", "rating")
    hands.set("question-name", "quality")
    assert hands.find("question-options").layout.display == "none"
    expected = (
        LabelConfig.image("uri")
        .choices("mood", ["joyful", "tense", "mixed"], title="What is the mood?", required=True, multiple=True)
        .rating("quality")
    )
    assert builder.config == expected.columns()
    assert "no problem" in hands.find("check").value
    assert "maxRating" in hands.find("xml").value
    assert "joyful" in hands.find("outline").value
    assert "no Label Studio is connected" in hands.find("outline").value


def test_rows_are_opened_moved_removed_and_brought_back(builder: ConfigBuilder, hands: Hands) -> None:
    for name in ("a", "b"):
        hands.find("add-question").click()
        hands.set("question-kind", "rating")
        hands.set("question-name", name)
    hands.find("edit", 1).click()
    assert hands.all("fields") == []
    hands.find("edit", 0).click()
    assert (hands.find("question-name").value, hands.find("edit", 0).description) == ("a", "Done")
    hands.find("down", 1).click()
    assert list(builder.config.controls) == ["b", "a"]
    assert hands.find("question-name").value == "a"
    hands.find("remove", 1).click()
    assert list(builder.config.controls) == ["a"]
    hands.find("undo").click()
    assert list(builder.config.controls) == ["b", "a"]
    assert [row.disabled for row in hands.all("up")] == [True, False, False]
    assert [row.disabled for row in hands.all("down")] == [False, False, True]


def test_fields_that_are_closed_change_nothing(builder: ConfigBuilder, hands: Hands) -> None:
    hands.find("add-question").click()
    hands.set("question-name", "mood")
    before = hands.find("question-name")
    hands.find("add-question").click()
    before.value = "mood and what was meant for the next"
    assert [getattr(part, "name", None) for part in builder.parts] == [None, "mood", ""]


def test_media_are_chosen_from_the_tables_columns(builder: ConfigBuilder, hands: Hands) -> None:
    assert [value for _, value in hands.find("media-column").options] == ["id", "uri", "caption"]
    hands.find("add-media").click()
    hands.set("media-kind", "video")
    assert {key: field.kind for key, field in builder.config.fields.items()} == {"uri": "video", "caption": "text"}
    hands.set("media-column", "id", 1)
    assert list(builder.config.fields) == ["uri", "id"]
    builder.load_upload("a.xml", b'<View><Image name="i" value="$elsewhere"/></View>')
    assert hands.find("media-column").options[0] == ("elsewhere (not in the table)", "elsewhere")
    assert hands.find("media-column").value == "elsewhere"


def test_kinds_are_those_that_fit_what_is_shown(builder: ConfigBuilder, hands: Hands) -> None:
    hands.find("add-question").click()
    kinds = [value for _, value in hands.find("question-kind").options]
    assert "rectangles" in kinds
    assert not {"labels", "video_boxes", "pairwise"} & set(kinds)
    hands.set("media-kind", "video")
    assert {"labels", "video_boxes"} <= {value for _, value in hands.find("question-kind").options}


def test_without_a_table_the_column_is_typed() -> None:
    builder = ConfigBuilder(first_draft(None))
    hands = Hands(builder)
    assert isinstance(hands.find("media-column"), ipywidgets.Text)
    hands.set("media-column", "photo")
    assert list(builder.config.fields) == ["photo"]
    hands.set("media-kind", "timeseries")
    hands.set("media-channels", "x, y")
    assert builder.config.fields["photo"].kind == "timeseries"


def test_saving_and_loading(builder: ConfigBuilder, hands: Hands, tmp_path: Path) -> None:
    hands.find("add-question").click()
    hands.set("question-name", "mood")
    hands.set("question-options", "a, b")
    hands.set("file", str(tmp_path / "config.xml"))
    hands.find("save").click()
    assert "Saved as" in hands.find("message").value
    hands.find("remove", 1).click()
    assert hands.find("message").value == ""
    hands.find("load").click()
    assert list(builder.config.controls) == ["mood"]
    (tmp_path / "config.xml").write_text("<View><oops</View>")
    hands.find("load").click()
    assert "cannot be read at line 1" in hands.find("message").value
    assert list(builder.config.controls) == ["mood"]


def test_a_file_through_the_browser(builder: ConfigBuilder, hands: Hands) -> None:
    xml = LabelConfig.text("body").rating("stars").xml.encode()
    upload = hands.find("upload")
    if ipywidgets.__version__.startswith("7"):
        upload.set_trait("value", {"a.xml": {"metadata": {"name": "a.xml"}, "content": xml}})
    else:
        now = datetime.now(UTC)
        upload.value = ({"name": "a.xml", "type": "", "size": len(xml), "content": xml, "last_modified": now},)
    assert list(builder.config.controls) == ["stars"]


def test_a_scratch_project_is_made_on_a_click_alone_and_a_refusal_is_a_sentence() -> None:
    asked: list[LabelConfig] = []

    def open_project(config: LabelConfig) -> str:
        asked.append(config)
        if len(asked) == 2:
            raise StudioUnreachableError("No Label Studio answers at http://server: check the address.")
        return "http://server/projects/7/data"

    builder = ConfigBuilder(first_draft(TABLE), table=TABLE, preview=Preview("http://server", open_project))
    hands = Hands(builder)
    assert asked == []
    hands.find("open-project").click()
    assert asked == [builder.config]
    assert 'href="http://server/projects/7/data"' in hands.find("project-link").value
    hands.find("open-project").click()
    assert "No Label Studio answers" in hands.find("project-link").value
    assert "data-draft" in hands.find("preview-data").value


def test_what_is_typed_is_shown_as_text(builder: ConfigBuilder, hands: Hands) -> None:
    hands.find("add-question").click()
    hands.set("question-name", "<img src=x onerror=alert(1)>")
    hands.set("question-title", "<script>")
    hands.set("question-options", "<b>, </pre>")
    for widget in every(hands.box):
        if isinstance(widget, ipywidgets.HTML):
            assert "<img src=x" not in widget.value
            assert "<script>" not in widget.value.replace("lsnb", "")
            assert "<b>, " not in widget.value


def test_drawn_again_it_is_the_same_widget_and_holds_no_key() -> None:
    builder = lsnb.config_builder(LabelConfig.image("uri").rating("stars"), table=TABLE)
    first, second = builder._repr_mimebundle_(), lsnb.config_builder(builder.config)._repr_mimebundle_()
    view = "application/vnd.jupyter.widget-view+json"
    assert first[view] == second[view]
    assert first["text/plain"] == "ConfigBuilder(LabelConfig(shows $uri; asks stars))"


def test_widgets_are_of_kinds_that_both_releases_have(builder: ConfigBuilder, hands: Hands) -> None:
    hands.find("add-question").click()
    assert not {type(widget).__name__ for widget in every(hands.box)} & MISSING_IN_7_OR_8
