"""The schema of a parameter form: types, choices, bounds and help text, written once.

A notebook's parameters cell holds plain literals, which Colab draws as a form. Everything else that is
known about them stands here, and a test holds each cell against ``Form.cell``.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

from lsnb.errors import InputError

Kind = Literal["text", "amount", "list", "pairs", "people", "integer", "number", "boolean", "choice", "path", "folder"]
Literals = str | int | float | bool

_SECRET_NAME = re.compile(r"TOKEN|PASSWORD|SECRET|API_KEY|CREDENTIAL|PRIVATE")


@dataclass(frozen=True)
class Field:
    """One parameter: a literal in the notebook's form, an attribute of the record that is read.

    Args:
        name: The variable in the parameters cell, in capitals, for example ``SEED``.
        default: The literal that stands in the cell.
        kind: ``text``; ``amount`` (text such as ``full`` or ``20%``, where a whole number is read as one);
            ``list`` (comma-separated text, read as a tuple of texts); ``pairs`` (such as ``car=vehicle, sky=``, read
            as a dict; an empty right side is None); ``people`` (a list of names, or a number of people); ``integer``;
            ``number``; ``boolean``; ``choice``; ``path`` (of a file, read as text; empty for none); ``folder`` (made if
            it is not there, read as a ``Path``).
        help: One plain sentence for a newcomer.
        choices: The texts a ``choice`` allows.
        minimum: The least number; of a ``text`` the least length, of a ``list`` the least entries.
        maximum: The greatest number; of a ``text`` the greatest length, of a ``list`` the most entries.
        step: The step of a slider, which is drawn where both bounds of a number are given.
        unset: The literal that stands for 'not given' and is read as None.
        must_exist: Whether a ``path`` has to be there.

    Raises:
        InputError: The schema contradicts itself, or asks for a secret: a notebook is shared with its
            form, so keys are found by ``lsnb.connect`` and ``lsnb.open_bucket`` instead.

    Example:
        >>> Field("SEED", 0, "integer", "The same number draws the same sample.", minimum=0).line
        'SEED = 0  # @param {type:"integer"}'
        >>> Field("SHARE", 50, "number", "Percent.", minimum=0, maximum=100, step=1).line
        'SHARE = 50  # @param {type:"slider", min:0, max:100, step:1}'
    """

    name: str
    default: Literals
    kind: Kind
    help: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    unset: Literals | None = None
    must_exist: bool = False

    def __post_init__(self) -> None:
        problems = list(_schema_problems(self))
        if problems:
            raise InputError(problems)

    @property
    def attribute(self) -> str:
        """The name in the record that ``read_form`` returns: ``SEED`` is read as ``form.seed``."""
        return self.name.lower()

    @property
    def is_slider(self) -> bool:
        """Whether the field is drawn as a slider: a number with two bounds."""
        return self.kind in {"integer", "number"} and self.minimum is not None and self.maximum is not None

    @property
    def slider_step(self) -> float:
        """The step of the slider: as given, else 1 for integers and a hundredth of the range for numbers."""
        if self.step is not None:
            return self.step
        if self.kind == "integer":
            return 1
        return ((self.maximum or 0) - (self.minimum or 0)) / 100

    @property
    def annotation(self) -> str:
        """What follows ``# @param``: how Colab is to draw the field."""
        if self.kind == "choice":
            return json.dumps(list(self.choices), ensure_ascii=False)
        if self.is_slider:
            bounds = (self.minimum, self.maximum, self.slider_step)
            low, high, step = (_number(bound) for bound in bounds if bound is not None)
            return f'{{type:"slider", min:{low}, max:{high}, step:{step}}}'
        drawn = self.kind if self.kind in {"integer", "number", "boolean"} else "string"
        return f'{{type:"{drawn}"}}'

    @property
    def line(self) -> str:
        """The field's line in the parameters cell."""
        literal = json.dumps(self.default, ensure_ascii=False) if isinstance(self.default, str) else repr(self.default)
        return f"{self.name} = {literal}  # @param {self.annotation}"


@dataclass(frozen=True)
class Form:
    """The parameters of one notebook.

    Args:
        name: The notebook's name without its number, for example ``sample_tasks``; it makes the names of
            the environment variables, ``LSNB_SAMPLE_TASKS_SEED``.
        fields: The parameters, in the order in which they are shown.

    Raises:
        InputError: The name is not made of small letters, digits and ``_``, or a field comes twice.

    Example:
        >>> form = Form("roll_dice", (Field("SIDES", 6, "integer", "How many sides a die has."),))
        >>> print(form.cell)
        # @title Parameters { display-mode: "form" }
        # @markdown How many sides a die has.
        SIDES = 6  # @param {type:"integer"}
        >>> form.variable(form.fields[0])
        'LSNB_ROLL_DICE_SIDES'
    """

    name: str
    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        problems = []
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            problems.append(f"The form's name {self.name!r} may hold small letters, digits and _ only.")
        names = [field.name for field in self.fields]
        problems += [
            f"The form {self.name} has the field {name} twice."
            for name in dict.fromkeys(names)
            if names.count(name) > 1
        ]
        if problems:
            raise InputError(problems)

    def variable(self, field: Field) -> str:
        """Return the name of the environment variable that sets a field where nobody edits the form."""
        return f"LSNB_{self.name.upper()}_{field.name}"

    @property
    def cell(self) -> str:
        """The source of the notebook's parameters cell."""
        lines = [CELL_TITLE]
        for field in self.fields:
            lines += [f"# @markdown {field.help}", field.line]
        return "\n".join(lines)


CELL_TITLE = '# @title Parameters { display-mode: "form" }'


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(value)


def _schema_problems(field: Field) -> list[str]:
    name, problems = field.name, []
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        problems.append(f"The field's name {name!r} may hold capital letters, digits and _ only.")
    if _SECRET_NAME.search(name):
        problems.append(
            f"{name} would be a secret in a form, and forms are saved with the notebook: "
            "let lsnb.connect or lsnb.open_bucket find the key."
        )
    if field.kind not in get_args(Kind):
        problems.append(f"{name} is of no known kind, {field.kind!r}: use one of {', '.join(get_args(Kind))}.")
    if "\n" in field.help or not field.help.strip():
        problems.append(f"{name} needs a help text of one line.")
    fitting: tuple[type, ...] = (str,)
    if field.kind == "boolean":
        fitting = (bool,)
    elif field.kind == "integer":
        fitting = (int,)
    elif field.kind == "number":
        fitting = (int, float)
    is_stray_bool = isinstance(field.default, bool) and field.kind != "boolean"
    is_stray_float = isinstance(field.default, float) and not math.isfinite(field.default)
    if not isinstance(field.default, fitting) or is_stray_bool or is_stray_float:
        problems.append(f"{name} has the default {field.default!r}, which does not fit a field of kind {field.kind}.")
    if (field.kind == "choice") != bool(field.choices):
        problems.append(f"{name}: choices go with the kind 'choice', and a choice needs them.")
    elif field.choices and field.default not in field.choices:
        problems.append(f"{name} has the default {field.default!r}, which is none of its choices.")
    if field.must_exist and field.kind != "path":
        problems.append(f"{name}: must_exist goes with the kind 'path'.")
    return problems
