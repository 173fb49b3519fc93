import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lsnb
from lsnb.errors import FormError, InputError
from lsnb.forms import Field, Form, schema, show_form

DICE = Form(
    "roll_dice",
    (
        Field("SIDES", 6, "integer", "How many sides a die has.", minimum=2),
        Field("NAMES", "ana, ben", "list", "Who plays."),
        Field("BY", "", "text", "A column.", unset=""),
    ),
)
LITERALS = {"SIDES": 6, "NAMES": "ana, ben", "BY": ""}


@pytest.fixture(autouse=True)
def _fresh_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_edits", {})


def test_the_values_are_attributes_in_lower_case() -> None:
    form = lsnb.read_form(DICE, LITERALS)
    assert (form.sides, form.names, form.by) == (6, ("ana", "ben"), None)
    assert set(form.sources.values()) == {"the default"}


def test_the_callers_variables_are_read_in_a_module_and_in_a_function() -> None:
    def play() -> Any:
        SIDES = 8  # noqa: F841
        return lsnb.read_form(DICE)

    assert play().sides == 8
    module: dict[str, Any] = {"lsnb": lsnb, "DICE": DICE}
    exec("SIDES = 10\nform = lsnb.read_form(DICE)", module)
    assert module["form"].sides == 10


def test_an_edited_form_counts_before_the_environment_and_that_before_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LSNB_ROLL_DICE_SIDES", "12")
    assert lsnb.read_form(DICE, {**LITERALS, "SIDES": 20}).sides == 20
    form = lsnb.read_form(DICE, LITERALS)
    assert form.sides == 12
    assert form.sources["sides"] == "the environment variable LSNB_ROLL_DICE_SIDES"
    monkeypatch.setenv("LSNB_ROLL_DICE_SIDES", "")
    assert lsnb.read_form(DICE, LITERALS).sides == 6


def test_a_default_that_papermill_injects_counts_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LSNB_ROLL_DICE_SIDES", "12")
    history = ["", DICE.cell, "# Parameters\nSIDES = 6\n", "%time\nprint(SIDES)"]
    form = lsnb.read_form(DICE, {**LITERALS, "In": history})
    assert (form.sides, form.sources["sides"]) == (6, "the form")
    history.append(DICE.cell)
    assert lsnb.read_form(DICE, {**LITERALS, "In": history}).sides == 12


def test_of_a_widget_and_its_form_the_one_changed_last_counts() -> None:
    sides = DICE.fields[0]
    schema.remember_edit(DICE, sides, 8, LITERALS)
    form = lsnb.read_form(DICE, LITERALS)
    assert (form.sides, form.sources["sides"]) == (8, "the widget")
    assert lsnb.read_form(DICE, {**LITERALS, "SIDES": 20}).sides == 20
    schema.remember_edit(DICE, sides, 6, {**LITERALS, "SIDES": 20})
    assert lsnb.read_form(DICE, {**LITERALS, "SIDES": 20}).sides == 6


def test_every_bad_field_is_in_one_error_and_says_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSNB_ROLL_DICE_NAMES", "ana, ana")
    with pytest.raises(FormError) as caught:
        lsnb.read_form(DICE, {**LITERALS, "SIDES": 1})
    assert caught.value.problems == (
        "SIDES is 1: give a whole number of 2 or more.",
        "NAMES is 'ana, ana': 'ana' comes twice; leave one out. "
        "(It comes from the environment variable LSNB_ROLL_DICE_NAMES.)",
    )


@pytest.mark.parametrize("read", [lsnb.read_form, show_form])
@pytest.mark.parametrize("form", [None, "roll_dice", 3])
def test_something_that_is_no_form(read: Callable[..., Any], form: Any) -> None:
    with pytest.raises(InputError, match=r"A form is needed, not a \w+: give a notebook's, for example"):
        read(form)
    with pytest.raises(InputError, match="The form roll_dice is read from a dict of names and values, not from a int"):
        read(DICE, 3)


def test_the_record_shows_each_value_and_its_source_and_nothing_runs_as_html() -> None:
    page = lsnb.read_form(DICE, {**LITERALS, "BY": "<script>"})._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.count("the default") == 2
    assert "<i>not given</i>" in lsnb.read_form(DICE, LITERALS)._repr_html_()


def test_the_record_is_frozen_and_says_what_to_do_instead() -> None:
    form = lsnb.read_form(DICE, LITERALS)
    with pytest.raises(AttributeError, match="edit SIDES in the form"):
        form.sides = 3
    with pytest.raises(AttributeError, match="edit SIDES in the form"):
        del form.sides
    with pytest.raises(AttributeError, match="it has sides, names, by"):
        form.side  # noqa: B018
    assert form.sides == 6
    assert {"sides", "sources"} <= set(dir(form))


def test_the_record_can_be_compared_copied_and_pickled() -> None:
    form = lsnb.read_form(DICE, LITERALS)
    assert form == copy.deepcopy(form) == pickle.loads(pickle.dumps(form))
    assert form != lsnb.read_form(DICE, {**LITERALS, "SIDES": 8})


def test_a_plain_script_reads_its_own_variables(tmp_path: Path) -> None:
    script = tmp_path / "roll.py"
    script.write_text(
        f"WORKDIR = {str(tmp_path / 'work')!r}\nSEED = 7\nimport lsnb\n"
        "lsnb.show_form(lsnb.forms.SAMPLE_TASKS)\nform = lsnb.read_form(lsnb.forms.SAMPLE_TASKS)\n"
        "print(form.seed, form.n, form.workdir.name)\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert run.stdout == "7 None work\n"


def test_a_form_finds_its_files_before_those_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    mine, work = tmp_path / "mine.xml", tmp_path / "work"
    form = lsnb.read_form(lsnb.forms.CLONE_PROJECTS, {"WORKDIR": str(work)})
    left = work / "config.xml"
    packaged = form.find("config")
    assert "packaged demo data" in capsys.readouterr().out
    assert form.folder_for(packaged) == work / "demo"
    for file in (left, mine):
        file.write_text("<View/>")
    assert form.find("config") == left
    named = lsnb.read_form(lsnb.forms.CLONE_PROJECTS, {"WORKDIR": str(work), "CONFIG": str(mine)})
    assert named.find("config") == mine
    assert named.folder_for(mine) == work
    with pytest.raises(lsnb.errors.InputError, match="finds nothing called 'title': ask for one of config, sample"):
        named.find("title")


def test_a_form_finds_its_model_and_its_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images, series = lsnb.forms.PREDICT_IMAGES, lsnb.forms.SYNC_VIDEO_TIMESERIES
    work = {"WORKDIR": str(tmp_path)}
    assert lsnb.read_form(images, {**work, "MODEL": "some/model"}).find_model() == "some/model"
    assert callable(lsnb.read_form(images, work).find_model())
    assert "NO neural network" in capsys.readouterr().out
    made = lsnb.read_form(series, work).find_recording()
    assert (made.is_demo, made.folder) == (True, tmp_path / "demo")
    assert "SIMULATED" in capsys.readouterr().out
    for path in (video := tmp_path / "a.mp4", sensor := tmp_path / "b.csv"):
        path.touch()
    mine = lsnb.read_form(series, {**work, "VIDEO": str(video), "SENSORS": str(sensor)}).find_recording()
    assert (mine.video, mine.sensors, mine.folder, mine.is_demo) == (video, (sensor,), tmp_path, False)
