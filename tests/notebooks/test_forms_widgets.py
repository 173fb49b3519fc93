from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets
import pytest
from jupyter_client.manager import start_new_kernel

from lsnb.forms import Field, Form, read_form, schema, show_form
from lsnb.forms.widgets import draw_form

EVERY_KIND = Form(
    "every_kind",
    (
        Field("TITLE", "My <b>study</b>", "text", "A title <i>here</i>."),
        Field("CODES", 'a, "b, c"', "list", "Codes."),
        Field("WHO", "3", "people", "Who."),
        Field("OVERLAP", "2", "amount", "Overlap."),
        Field("SEED", 0, "integer", "Seed.", minimum=0),
        Field("N", 0, "integer", "How many.", minimum=0, unset=0),
        Field("VOTES", 1, "integer", "Votes.", minimum=1, maximum=9),
        Field("RATE", 0.5, "number", "Rate."),
        Field("SHARE", 0.5, "number", "Share.", minimum=0, maximum=1),
        Field("ON", False, "boolean", "On."),
        Field("HOW", "a", "choice", "How.", choices=("a", "b")),
        Field("MEDIA", "", "path", "Media."),
        Field("WORKDIR", "work", "folder", "Work."),
    ),
)
LITERALS = {field.name: field.default for field in EVERY_KIND.fields}


@pytest.fixture(autouse=True)
def _fresh_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(schema, "_edits", {})
    monkeypatch.chdir(tmp_path)


def widgets_of(box: Any) -> dict[str, Any]:
    rows = box.children[1:]
    return {row.children[0].description: row.children[0] for row in rows}


def test_each_kind_has_its_widget_with_the_value_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSNB_EVERY_KIND_SEED", "7")
    drawn = widgets_of(draw_form(EVERY_KIND, {**LITERALS, "VOTES": 3}))
    kinds = {name: type(widget).__name__ for name, widget in drawn.items()}
    assert kinds == {
        "TITLE": "Text",
        "CODES": "Text",
        "WHO": "Text",
        "OVERLAP": "Text",
        "SEED": "IntText",
        "N": "IntText",
        "VOTES": "IntSlider",
        "RATE": "FloatText",
        "SHARE": "FloatSlider",
        "ON": "Checkbox",
        "HOW": "Dropdown",
        "MEDIA": "Text",
        "WORKDIR": "Text",
    }
    values = {name: widget.value for name, widget in drawn.items()}
    assert values == {**LITERALS, "SEED": 7, "VOTES": 3}


def test_a_widget_that_nobody_touched_changes_nothing() -> None:
    before = read_form(EVERY_KIND, LITERALS)
    draw_form(EVERY_KIND, LITERALS)
    assert read_form(EVERY_KIND, LITERALS) == before


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("TITLE", "Mood", "Mood"),
        ("CODES", "x, y", ("x", "y")),
        ("WHO", "ana, ben", ("ana", "ben")),
        ("SEED", 5, 5),
        ("N", 4, 4),
        ("VOTES", 2, 2),
        ("SHARE", 0.25, 0.25),
        ("ON", True, True),
        ("HOW", "b", "b"),
    ],
)
def test_a_widgets_value_is_read_and_stays_when_the_form_is_drawn_again(name: str, value: Any, read: Any) -> None:
    widgets_of(draw_form(EVERY_KIND, LITERALS))[name].value = value
    form = read_form(EVERY_KIND, LITERALS)
    assert getattr(form, name.lower()) == read
    assert form.sources[name.lower()] == "the widget"
    assert widgets_of(draw_form(EVERY_KIND, LITERALS))[name].value == value


def test_a_form_edited_after_its_widget_is_drawn_as_edited() -> None:
    widgets_of(draw_form(EVERY_KIND, LITERALS))["SEED"].value = 5
    edited = {**LITERALS, "SEED": 9}
    assert widgets_of(draw_form(EVERY_KIND, edited))["SEED"].value == 9
    assert read_form(EVERY_KIND, edited).seed == 9


def test_what_was_set_before_the_cell_of_constants_ran_stays() -> None:
    widgets_of(draw_form(EVERY_KIND, {}))["SEED"].value = 5
    assert read_form(EVERY_KIND, {}).seed == 5
    assert read_form(EVERY_KIND, LITERALS).seed == 5
    assert read_form(EVERY_KIND, LITERALS | {"SEED": 9}).seed == 9


def test_a_value_that_does_not_fit_is_drawn_as_the_default_and_left_to_the_reader() -> None:
    drawn = widgets_of(draw_form(EVERY_KIND, {**LITERALS, "VOTES": "many", "HOW": "z"}))
    assert (drawn["VOTES"].value, drawn["HOW"].value) == (1, "a")


def test_the_help_is_text_and_every_widget_can_be_selected_by_its_class() -> None:
    box = draw_form(EVERY_KIND, LITERALS)
    assert "A title &lt;i&gt;here&lt;/i&gt;." in box.children[1].children[1].value
    assert {"lsnb-form", "lsnb-form-every-kind"} <= set(box._dom_classes)
    assert "lsnb-field-title" in widgets_of(box)["TITLE"]._dom_classes


def test_a_script_draws_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show_form(EVERY_KIND, LITERALS)
    assert capsys.readouterr().out == ""


class Kernel:
    """A real kernel, talked to as a frontend does."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def run(self, code: str, *, someone_is_there: bool = True) -> list[dict[str, Any]]:
        """Return the mime bundles that the code displayed."""
        bundles: list[dict[str, Any]] = []

        def collect(message: dict[str, Any]) -> None:
            if message["msg_type"] in {"display_data", "execute_result"}:
                bundles.append(message["content"]["data"])

        reply = self.client.execute_interactive(code, allow_stdin=someone_is_there, output_hook=collect, timeout=60)
        assert reply["content"]["status"] == "ok", reply["content"]
        return bundles


@pytest.fixture(scope="module")
def kernel() -> Iterator[Callable[..., list[dict[str, Any]]]]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CI", "LSNB_NO_PROMPT"):
            patch.delenv(name, raising=False)
        manager, client = start_new_kernel(kernel_name="python3")
    try:
        made = Kernel(client)
        made.run("from lsnb.kernel import runtime; runtime.SHOWN_AFTER = 600")  # no line of a slow machine's between
        yield made.run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


FORM_CELL = """
import lsnb
from lsnb.forms import Field, Form
DICE = Form("roll_dice", (Field("SIDES", 6, "integer", "Sides."),))
SIDES = 6
"""
VIEW = "application/vnd.jupyter.widget-view+json"


def test_jupyter_draws_widgets_and_their_values_reach_the_next_cell(kernel: Callable[..., Any]) -> None:
    kernel(FORM_CELL)
    shown = kernel("lsnb.show_form(DICE)")
    assert [VIEW in bundle for bundle in shown] == [True]
    kernel("from lsnb.forms.widgets import draw_form\ndraw_form(DICE, globals()).children[1].children[0].value = 20")
    (result,) = kernel("form = lsnb.read_form(DICE)\nform")
    assert result["text/plain"] == "FormRecord(sides=20)"
    assert "the widget" in result["text/html"]
    (result,) = kernel("SIDES = 8\nlsnb.read_form(DICE)")
    assert result["text/plain"] == "FormRecord(sides=8)"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import os; os.environ['CI'] = 'true'", "del os.environ['CI']"),
        (
            "import sys, types; sys.modules['google.colab'] = types.ModuleType('colab')",
            "del sys.modules['google.colab']",
        ),
    ],
    ids=["ci", "colab"],
)
def test_nothing_is_drawn_in_ci_and_in_colab(kernel: Callable[..., Any], before: str, after: str) -> None:
    kernel(FORM_CELL)
    try:
        kernel(before)
        assert kernel("lsnb.show_form(DICE)") == []
    finally:
        kernel(after)


def test_nothing_is_drawn_where_nobody_looks(kernel: Callable[..., Any]) -> None:
    kernel(FORM_CELL)
    assert kernel("lsnb.show_form(DICE)", someone_is_there=False) == []


def test_reading_a_form_loads_no_widgets(kernel: Callable[..., Any]) -> None:
    kernel("import sys\n[sys.modules.pop(name) for name in [*sys.modules] if name.startswith(('lsnb', 'ipywidgets'))]")
    kernel(FORM_CELL + "form = lsnb.read_form(DICE)")
    (result,) = kernel("'ipywidgets' in sys.modules")
    assert result["text/plain"] == "False"


def test_the_installed_ipywidgets_is_one_we_support() -> None:
    assert 7 <= int(ipywidgets.__version__.split(".")[0]) <= 8
