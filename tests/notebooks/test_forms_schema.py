import pytest

from lsnb.errors import InputError
from lsnb.forms import Field, Form


@pytest.mark.parametrize(
    ("field", "line"),
    [
        (Field("TITLE", 'a "b" ü', "text", "Help."), 'TITLE = "a \\"b\\" ü"  # @param {type:"string"}'),
        (Field("CODES", "a, b", "list", "Help."), 'CODES = "a, b"  # @param {type:"string"}'),
        (Field("WHO", "3", "people", "Help."), 'WHO = "3"  # @param {type:"string"}'),
        (Field("SEED", 0, "integer", "Help."), 'SEED = 0  # @param {type:"integer"}'),
        (Field("SEED", 0, "integer", "Help.", minimum=0), 'SEED = 0  # @param {type:"integer"}'),
        (Field("RATE", 0.5, "number", "Help."), 'RATE = 0.5  # @param {type:"number"}'),
        (
            Field("PERCENT", 50, "integer", "Help.", minimum=0, maximum=100),
            'PERCENT = 50  # @param {type:"slider", min:0, max:100, step:1}',
        ),
        (
            Field("SHARE", 0.5, "number", "Help.", minimum=0, maximum=1),
            'SHARE = 0.5  # @param {type:"slider", min:0, max:1, step:0.01}',
        ),
        (Field("ON", False, "boolean", "Help."), 'ON = False  # @param {type:"boolean"}'),
        (Field("HOW", "a", "choice", "Help.", choices=("a", "b")), 'HOW = "a"  # @param ["a", "b"]'),
        (Field("FILE", "", "path", "Help."), 'FILE = ""  # @param {type:"string"}'),
    ],
)
def test_a_field_is_one_line_that_colab_draws(field: Field, line: str) -> None:
    assert field.line == line
    namespace: dict[str, object] = {}
    exec(line, namespace)
    assert namespace[field.name] == field.default


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "seed"}, "capital letters"),
        ({"name": "LABEL_STUDIO_TOKEN"}, "secret"),
        ({"name": "API_KEY"}, "secret"),
        ({"name": "GCS_CREDENTIALS"}, "secret"),
        ({"kind": "colour"}, "no known kind"),
        ({"help": "two\nlines"}, "help text of one line"),
        ({"default": "0"}, "does not fit"),
        ({"default": True}, "does not fit"),
        ({"kind": "number", "default": float("nan")}, "does not fit"),
        ({"kind": "choice", "default": "a"}, "needs them"),
        ({"kind": "choice", "default": "c", "choices": ("a", "b")}, "none of its choices"),
        ({"must_exist": True}, "must_exist"),
    ],
)
def test_a_schema_that_contradicts_itself_is_refused(arguments: dict[str, object], words: str) -> None:
    fields = {"name": "SEED", "default": 0, "kind": "integer", "help": "Help."}
    with pytest.raises(InputError, match=words):
        Field(**{**fields, **arguments})


def test_a_form_has_each_field_once_and_a_plain_name() -> None:
    field = Field("SEED", 0, "integer", "Help.")
    with pytest.raises(InputError, match="2 problems"):
        Form("Sample tasks", (field, field))


def test_the_cell_and_the_environment_names_follow_from_the_schema() -> None:
    form = Form("sample_tasks", (Field("SEED", 0, "integer", "Draws the same again."),))
    assert form.cell.splitlines() == [
        '# @title Parameters { display-mode: "form" }',
        "# @markdown Draws the same again.",
        'SEED = 0  # @param {type:"integer"}',
    ]
    assert form.variable(form.fields[0]) == "LSNB_SAMPLE_TASKS_SEED"
