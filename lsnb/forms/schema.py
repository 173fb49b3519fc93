"""The schema of a parameter form: types, choices, bounds and help text, written once.

A notebook's parameters cell holds plain literals, which Colab draws as a form. Everything else that is
known about them stands here, and a test holds each cell against ``Form.cell``.
"""

from __future__ import annotations

import ast
import csv
import html
import importlib
import json
import math
import os
import re
import sys
from collections import ChainMap, Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Annotated, Any, Literal, get_args

from lsnb.errors import FormError, InputError
from lsnb.kernel.checks import TOLD, check_fields, checked, shown
from lsnb.kernel.files import is_address, nearest_file
from lsnb.kernel.runtime import parsed_cell, unmounted_drive

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
        finds: What ``FormRecord.find`` looks for where a ``path`` is empty, such as ``media``.

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
    default: Annotated[Literals, TOLD]
    kind: Annotated[Kind, TOLD]
    help: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    unset: Literals | None = None
    must_exist: bool = False
    finds: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
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
        check_fields(self)
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

    @checked
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
    if not isinstance(field.kind, str) or field.kind not in get_args(Kind):
        said = f"{name} is of no known kind, {shown(field.kind)}: use one of {', '.join(get_args(Kind))}."
        return [*problems, said]
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
        problems.append(
            f"{name} has the default {shown(field.default)}, which does not fit a field of kind {field.kind}."
        )
        return problems
    if (field.kind == "choice") != bool(field.choices):
        problems.append(f"{name}: choices go with the kind 'choice', and a choice needs them.")
    elif field.choices and field.default not in field.choices:
        problems.append(f"{name} has the default {field.default!r}, which is none of its choices.")
    if field.must_exist and field.kind != "path":
        problems.append(f"{name}: must_exist goes with the kind 'path'.")
    return problems


# From what stands in a form, an environment variable or a widget to a typed value.


Value = str | int | float | bool | Path | tuple[str, ...] | Mapping[str, str | None] | None

_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}
# The shapes of the keys this kit works with: a legacy token, a JSON web token, a service account's key.
_SECRET_TEXT = re.compile(r"\b[0-9a-f]{40}\b|\beyJ[\w-]{8,500}\.[\w-]+|BEGIN [A-Z ]{0,40}PRIVATE KEY|\"private_key\"")


def parse_value(field: Field, raw: Any) -> Value:
    """Return the typed value of a field.

    Args:
        field: Its schema.
        raw: A literal of the parameters cell, a text of an environment variable, or a widget's value.

    Raises:
        FormError: It does not fit; the sentence names the field, the value and the remedy.

    Example:
        >>> parse_value(Field("LABELS", "", "list", "Your codes."), 'calm, "sad, tired"')
        ('calm', 'sad, tired')
        >>> parse_value(Field("N", 0, "integer", "How many.", minimum=0, unset=0), "0") is None
        True
        >>> parse_value(Field("N", 0, "integer", "How many.", minimum=0), "2.5")
        Traceback (most recent call last):
        ...
        lsnb.errors.FormError: N is '2.5': give a whole number of 0 or more.
    """
    texts = [entry for entry in (raw if isinstance(raw, list | tuple) else [raw]) if isinstance(entry, str)]
    if any(_SECRET_TEXT.search(text) for text in texts):
        raise FormError(
            f"{field.name} holds what looks like a key. A notebook is saved with its form, so take the key "
            "out of it and give it as a Colab secret, in credentials.json or in the environment."
        )
    if field.unset is not None and _stands_for(raw, field.unset):
        return None
    match field.kind:
        case "integer" | "number":
            return _parse_number(field, raw)
        case "boolean":
            return _parse_boolean(field, raw)
        case "choice":
            return _parse_choice(field, raw)
        case "amount":
            return _parse_amount(field, raw)
        case "list":
            return _parse_list(field, raw)
        case "pairs":
            return _parse_pairs(field, raw)
        case "people":
            return _parse_people(field, raw)
        case "path":
            return _parse_path(field, raw)
        case "folder":
            return _parse_folder(field, raw)
        case _:
            return _parse_text(field, raw)


def split_list(text: str) -> tuple[str, ...]:
    """Return the entries of a comma-separated text, without empty ones and outer spaces.

    An entry that itself holds a comma stands in double quotes; a line break also ends an entry.

    Args:
        text: For example ``calm, tense, "sad, tired"``.

    Raises:
        ValueError: A quote is opened and not closed.

    Example:
        >>> split_list('calm, tense,, "sad, tired"')
        ('calm', 'tense', 'sad, tired')
    """
    try:
        rows = list(csv.reader(text.splitlines(), skipinitialspace=True, strict=True))
    except csv.Error:
        raise ValueError('a double quote " is opened and not closed') from None
    return tuple(entry.strip() for row in rows for entry in row if entry.strip())


def join_list(entries: Iterable[str]) -> str:
    """Return the text that ``split_list`` splits into these entries.

    Args:
        entries: Texts without line breaks and outer spaces.

    Example:
        >>> join_list(["calm", "sad, tired"])
        'calm, "sad, tired"'
    """
    quoted = [
        '"' + entry.replace('"', '""') + '"' if "," in entry or entry.startswith('"') else entry for entry in entries
    ]
    return ", ".join(quoted)


def join_pairs(pairs: Mapping[str, str | None]) -> str:
    """Return the text that a field of pairs is read from.

    Args:
        pairs: What stands left of each sign, and right of it; None where nothing does.

    Example:
        >>> join_pairs({"car": "vehicle", "sky": None})
        'car=vehicle, sky='
    """
    return join_list(f"{left}={right or ''}" for left, right in pairs.items())


def _stands_for(raw: Any, unset: Any) -> bool:
    if isinstance(raw, str):
        text = raw.strip()
        if isinstance(unset, str):
            return text == unset
        number = _to_number(text)
        return number is not None and number == unset
    return isinstance(raw, Real) and not isinstance(raw, bool) and bool(raw == unset)


def _problem(field: Field, raw: Any, remedy: str) -> FormError:
    shown = repr(raw)
    if len(shown) > 60:
        shown = shown[:57] + "…"
    return FormError(f"{field.name} is {shown}: {remedy}")


def _to_number(raw: Any) -> float | int | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, Integral):  # numpy's, too
        return int(raw)
    if isinstance(raw, str):
        # int() first: a float would round a long seed.
        for convert in (int, float):
            try:
                number = convert(raw.strip())
            except ValueError:
                continue
            return number if math.isfinite(number) else None
        return None
    try:
        number = float(raw)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _parse_number(field: Field, raw: Any) -> int | float:
    number = _to_number(raw)
    is_whole = number is not None and float(number).is_integer()
    fits = (
        number is not None
        and (field.kind == "number" or is_whole)
        and (field.minimum is None or number >= field.minimum)
        and (field.maximum is None or number <= field.maximum)
    )
    if number is None or not fits:
        noun = "a whole number" if field.kind == "integer" else "a number (0.5, not 0,5)"
        raise _problem(field, raw, f"give {noun}{_bounds(field)}.")
    return int(number) if field.kind == "integer" else number


def _bounds(field: Field) -> str:
    low, high = field.minimum, field.maximum
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f" of {low:g} or more"
    return f" of {high:g} or less" if high is not None else ""


def _parse_boolean(field: Field, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise _problem(field, raw, "give True or False.")


def _parse_choice(field: Field, raw: Any) -> str:
    text = str(raw).strip()
    if text in field.choices:
        return text
    alike = [choice for choice in field.choices if choice.lower() == text.lower()]
    if len(alike) == 1:
        return alike[0]
    raise _problem(field, raw, f"choose one of {', '.join(field.choices)}.")


def _to_text(field: Field, raw: Any) -> str:
    # papermill turns the parameter `TITLE 2024` into a number.
    if isinstance(raw, str | Real | Path) and not isinstance(raw, bool):
        text = str(raw).strip()
        try:
            os.fsencode(text)
        except UnicodeEncodeError:
            raise _problem(field, raw, "it holds half of a character, which no text has; write it anew.") from None
        return text
    raise _problem(field, raw, "give a text.")


def _parse_text(field: Field, raw: Any) -> str:
    text = _to_text(field, raw)
    if field.minimum is not None and len(text) < field.minimum:
        remedy = "fill it in." if not text else f"give at least {field.minimum:g} characters."
        raise _problem(field, raw, remedy)
    if field.maximum is not None and len(text) > field.maximum:
        raise _problem(field, raw, f"shorten it to {field.maximum:g} characters (it has {len(text)}).")
    return text


def _parse_amount(field: Field, raw: Any) -> int | str:
    text = _parse_text(field, raw)
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else text


def _parse_list(field: Field, raw: Any) -> tuple[str, ...]:
    if isinstance(raw, list | tuple):
        entries = tuple(_to_text(field, entry) for entry in raw)
    else:
        text = _to_text(field, raw)
        try:
            entries = split_list(text)
        except ValueError as error:
            raise _problem(field, raw, f"{error}; close it, or leave quotes out.") from None
    twice = [entry for entry, count in Counter(entries).items() if count > 1]
    if twice:
        raise _problem(field, raw, f"{twice[0]!r} comes twice; leave one out.")
    if field.minimum is not None and len(entries) < field.minimum:
        raise _problem(field, raw, f"give at least {field.minimum:g}, separated by commas.")
    if field.maximum is not None and len(entries) > field.maximum:
        raise _problem(field, raw, f"give at most {field.maximum:g} (there are {len(entries)}).")
    return entries


def _parse_pairs(field: Field, raw: Any) -> Mapping[str, str | None]:
    pairs: dict[str, str | None] = {}
    for entry in _parse_list(field, raw):
        left, sign, right = (part.strip() for part in entry.partition("="))
        if not sign or not left:
            raise _problem(
                field, raw, f"{entry[:60]!r} is no pair; write pairs such as car=vehicle, separated by commas."
            )
        if left in pairs:
            raise _problem(field, raw, f"{left!r} comes twice; leave one out.")
        pairs[left] = right or None
    return MappingProxyType(pairs)


def _parse_people(field: Field, raw: Any) -> int | tuple[str, ...]:
    number = None if isinstance(raw, list | tuple) else _to_number(raw)
    if number is None:
        return _parse_list(field, raw)
    if not float(number).is_integer() or number < 1:
        raise _problem(field, raw, "give names separated by commas, or how many people, 1 or more.")
    if field.maximum is not None and number > field.maximum:
        raise _problem(field, raw, f"give at most {field.maximum:g} people.")
    return int(number)


def _parse_path(field: Field, raw: Any) -> str:
    text = _parse_text(field, raw)
    if not text:
        return ""
    if field.finds == "images" and is_address(text):
        return text
    path = _path(field, raw, text)
    try:
        is_there = path.exists()
    except OSError:  # a name too long for a file, a folder that may not be looked into
        is_there = False
    if field.must_exist and not is_there:
        raise _problem(
            field,
            raw,
            f"nothing is there, seen from {Path.cwd()}; upload the file or correct the path.{nearest_file(path)}",
        )
    return str(path)


def _parse_folder(field: Field, raw: Any) -> Path:
    text = _to_text(field, raw)
    if not text:
        raise _problem(field, raw, "give the name of a folder.")
    path = _path(field, raw, text)
    if why := unmounted_drive(path):
        raise _problem(field, raw, why)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise _problem(field, raw, "a file of that name is in the way; give another folder.") from None
    except OSError as error:
        raise _problem(field, raw, f"the folder cannot be made ({error.strerror}); give another.") from None
    return path


def _path(field: Field, raw: Any, text: str) -> Path:
    if "\0" in text:
        raise _problem(field, raw, "it holds a character that no name can have; write it anew.")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise _problem(field, raw, "nobody of that name has a home folder here; write the whole path.") from None


# From a notebook's form to one frozen record that shows where each value came from.


Namespace = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """A value before it is parsed, and where it was found."""

    raw: Any
    source: str


@dataclass(frozen=True)
class _Edit:
    value: Any
    seen: Any


# A widget outlives the cell that drew it, and the cells below ask for its value by the form's name.
_edits: dict[str, dict[str, _Edit]] = {}

_ABSENT = object()


class FormRecord:
    """The values of a form: read-only attributes in lower case, shown with their sources.

    Args:
        form: The schema.
        values: Attribute → typed value.
        sources: Attribute → where it came from, in words.

    Example:
        >>> from lsnb.forms import Field, Form
        >>> dice = Form("roll_dice", (Field("SIDES", 6, "integer", "How many sides."),))
        >>> read_form(dice, {"SIDES": 20})
        FormRecord(sides=20)
    """

    def __init__(self, form: Form, values: Mapping[str, Value], sources: Mapping[str, str]) -> None:
        object.__setattr__(self, "_form", form)
        object.__setattr__(self, "_values", dict(values))
        object.__setattr__(self, "_sources", dict(sources))

    @property
    def sources(self) -> Mapping[str, str]:
        """Attribute → where its value came from."""
        return dict(self.__dict__["_sources"])

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("_values", {})
        if name in values:
            return values[name]
        raise AttributeError(f"The form has no field {name!r}; it has {', '.join(values)}.")

    def __setattr__(self, name: str, value: object = None) -> None:
        raise AttributeError(
            f"A form is not changed by code: edit {name.upper()} in the form above and run the cells again."
        )

    __delattr__ = __setattr__

    @checked
    def find(self, name: str, *, study: Any = None) -> Path:
        """Return the file or folder of a field: what the form names, else what a notebook before left, else the demo's.

        Which of them it is, is said aloud, unless the form names it.

        Args:
            name: The field's attribute, for example ``"media"``.
            study: The study that the file is for: only the demo's takes the demo's data.

        Raises:
            InputError: The form has no such field, or it is none of a file.
            MissingFileError: The form names a file that is not there, or names none for a study of somebody's own.
        """
        known = {field.attribute: field.finds for field in self.__dict__["_form"].fields if field.finds}
        if name not in known:
            raise InputError(f"The form finds nothing called {name!r}: ask for one of {', '.join(known) or 'none'}.")
        found = _demo().find_input(known[name], given=getattr(self, name), workdir=self.workdir, study=study)
        return Path(found)

    def find_study(self, studio: Any) -> Any:
        """Return the study that TITLE names, else that of the notebook before, else the demo's, said aloud.

        Args:
            studio: The Label Studio to look in.

        Raises:
            StudyNotFoundError: The form names a study that is not there.
        """
        return _demo().find_study(self.title, studio=studio, workdir=self.workdir)

    def find_recording(self) -> Any:
        """Return the ``video`` and the ``sensors`` that the form names, else the demo's, said aloud.

        Raises:
            InputError: The form names one of the two, and not the other.
            MissingFileError: Files that are named and not there; all of them at once.
        """
        return _demo().find_recording(self.video, self.sensors, workdir=self.workdir)

    @checked
    def find_model(self, reads: Literal["pictures", "texts"] = "pictures") -> Any:
        """Return what ``lsnb.Detector.load`` takes: what MODEL names, or the demo's stand-in, said aloud.

        Args:
            reads: What the stand-in is for.
        """
        return _demo().find_model(self.model, reads)

    @checked
    def folder_for(self, source: str | Path) -> Path:
        """Return where to put what is made of an input: WORKDIR, or the demo's folder in it for the demo's.

        Args:
            source: What ``find`` returned.
        """
        return Path(_demo().result_folder(source, self.workdir))

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__["_values"])

    def __dir__(self) -> list[str]:
        return [*self, "find", "find_model", "find_recording", "find_study", "folder_for", "sources"]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FormRecord) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"FormRecord({', '.join(f'{name}={getattr(self, name)!r}' for name in self)})"

    def _repr_html_(self) -> str:
        cell = "<td style='text-align:left'>{}</td>".format
        rows = [
            "<tr>" + cell(name.upper()) + cell(_shown(getattr(self, name))) + cell(html.escape(source)) + "</tr>"
            for name, source in self.sources.items()
        ]
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in ("Field", "Value", "From"))
        return f"<table class='lsnb-record'><tr>{head}</tr>{''.join(rows)}</table>"


def _demo() -> Any:
    """Return the top of the package, loaded only where a notebook asks for its input."""
    return importlib.import_module("lsnb.demo")


def read_form(form: Form, namespace: Namespace | None = None) -> FormRecord:
    """Return the values of a notebook's form as a frozen record.

    A value counts in this order: edited in the form, set in its widget or injected by papermill; the
    environment variable ``LSNB_<NOTEBOOK>_<NAME>``; the default of the schema. Of a form and its widget
    the one that was changed last counts.

    Args:
        form: The notebook's schema, for example ``lsnb.forms.SAMPLE_TASKS``.
        namespace: Name → value; the variables of the calling cell, script or function by default.

    Raises:
        FormError: With every field that is wrong, all at once.
        InputError: The first argument is no form, or the second no dict.

    Example:
        >>> from lsnb.forms import Field, Form
        >>> SIDES = 20
        >>> dice = Form("roll_dice", (Field("SIDES", 6, "integer", "How many sides."),))
        >>> form = read_form(dice)
        >>> form.sides, form.sources["sides"]
        (20, 'the form')
    """
    check_form(form, namespace)
    if namespace is None:
        namespace = caller_namespace(sys._getframe(1))
    values: dict[str, Value] = {}
    sources: dict[str, str] = {}
    problems: list[str] = []
    for field in form.fields:
        found = find_value(form, field, namespace)
        try:
            values[field.attribute] = parse_value(field, found.raw)
        except FormError as error:
            is_from_form = found.source in {"the form", "the default"}
            hint = "" if is_from_form else f" (It comes from {found.source}.)"
            problems += [problem + hint for problem in error.problems]
        sources[field.attribute] = found.source
    if problems:
        raise FormError(problems)
    return FormRecord(form, values, sources)


def fields_meant(sentence: str, source: str, namespace: Namespace, *, is_fault: bool = True) -> str:
    """Return `` In the form: SHEET.`` where a sentence speaks of what a cell takes from the form, else nothing.

    A verb's sentence names its own argument, or a value; who filled the form knows both under the field's name.

    Args:
        sentence: What is said.
        source: The cell's source.
        namespace: The cell's variables.
        is_fault: Whether it says what is wrong, which may be a value; a note that all is well names many.

    Example:
        >>> from lsnb.forms import Field, Form
        >>> form = read_form(Form("mine", (Field("OBJECT_NAME", "{x}", "text", "Its name."),)), {})
        >>> fields_meant("name='{x}' asks for a column.", "upload(table, name=form.object_name)", {"form": form})
        ' In the form: OBJECT_NAME.'
        >>> fields_meant("A smaller min_gap finds more.", "choose(min_gap=form.object_name)", {"form": form})
        ' In the form: OBJECT_NAME.'
        >>> fields_meant("The server is away.", "upload(table, name=form.object_name)", {"form": form})
        ''
    """
    nodes = list(ast.walk(parsed_cell(source)))
    given: dict[int, str] = {}  # what stands right of an argument's name, or of a dict's key → the name
    for node in nodes:
        if isinstance(node, ast.keyword) and node.arg:
            given[id(node.value)] = node.arg
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            given |= {id(value): str(key.value) for key, value in pairs if isinstance(key, ast.Constant)}
    named: dict[str, tuple[Field, set[str], list[str]]] = {}  # field → it, its arguments, its texts
    for node in nodes:
        owner, attribute = (node.value, node.attr) if isinstance(node, ast.Attribute) else (None, "")
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "find"
            and node.args
        ):
            owner, attribute = node.func.value, str(getattr(node.args[0], "value", ""))  # form.find("config")
        record = namespace.get(owner.id) if isinstance(owner, ast.Name) else None
        if isinstance(record, FormRecord) and attribute in set(record):
            field = next(each for each in record.__dict__["_form"].fields if each.attribute == attribute)
            value = getattr(record, attribute)
            texts = [
                each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, str) and each
            ]
            named.setdefault(field.name, (field, {attribute}, texts))[1].add(given.get(id(node), attribute))
    meant = _meant_in(sentence, named, is_fault=is_fault)
    return f" In the form: {', '.join(meant)}." if meant else ""


def _meant_in(sentence: str, named: Mapping[str, tuple[Field, set[str], list[str]]], *, is_fault: bool) -> list[str]:
    said = [name for name in named if re.search(rf"\b{name}\b", sentence)]
    by_argument = [
        name
        for name, (_, arguments, _) in named.items()
        # No word has an underscore: such an argument may stand anywhere, as in “a smaller min_gap”.
        if any(re.search(rf"\b{one}\b" if "_" in one else rf"\b{one}(=| is |: )", sentence) for one in arguments)
    ]
    if said or by_argument or not is_fault:
        return [name for name in by_argument if name not in said]
    # What stands first is what the sentence is about; all columns of a table may follow.
    quoted = {
        name: min(
            (at for text in texts for mark, end in _QUOTES if (at := sentence.find(f"{mark}{text}{end}")) >= 0),
            default=-1,
        )
        for name, (_, _, texts) in named.items()
    }
    first = min((at for at in quoted.values() if at >= 0), default=None)
    if first is not None:
        return [name for name, at in quoted.items() if at == first]
    return [
        name
        for name, (field, _, texts) in named.items()
        if any((field.kind == "path" or _FILE.search(text)) and text in sentence for text in texts)
    ]


_FILE = re.compile(r"\.[A-Za-z]\w{0,5}$")
_QUOTES = (("'", "'"), ('"', '"'), ("“", "”"), ("‘", "’"))


def check_form(form: object, namespace: object) -> None:
    """Raise if these are not a form and the variables to read it from.

    Raises:
        InputError: Saying what to give instead.
    """
    if not isinstance(form, Form):
        raise InputError(
            f"A form is needed, not a {type(form).__name__}: give a notebook's, for example lsnb.forms.SAMPLE_TASKS."
        )
    if namespace is not None and not isinstance(namespace, Mapping):
        raise InputError(
            f"The form {form.name} is read from a dict of names and values, not from a {type(namespace).__name__}: "
            "leave it out to read the variables of this cell."
        )


def find_value(form: Form, field: Field, namespace: Namespace) -> Found:
    """Return the value of a field that counts, not parsed yet, and where it was found."""
    literal = namespace.get(field.name, _ABSENT)
    edit = _edits.get(form.name, {}).get(field.name)
    if edit is not None and _is_same(edit.seen, field.default if literal is _ABSENT else literal):
        return Found(edit.value, "the widget")
    if literal is not _ABSENT and (
        not _is_same(literal, field.default) or _is_set_by_another_cell(field.name, namespace)
    ):
        return Found(literal, "the form")
    variable = form.variable(field)
    if os.environ.get(variable):
        return Found(os.environ[variable], f"the environment variable {variable}")
    return Found(field.default, "the default")


def remember_edit(form: Form, field: Field, value: Any, namespace: Namespace) -> None:
    """Let a widget's value count until the form's literal is changed after it.

    A literal that is not there yet is the default: who passes over the folded cell of constants, fills the widgets and
    then runs all cells has changed nothing in it.
    """
    _edits.setdefault(form.name, {})[field.name] = _Edit(value, namespace.get(field.name, field.default))


def caller_namespace(frame: FrameType) -> Namespace:
    """Return the variables that a frame sees: live ones of a cell or script, a copy of a function's."""
    if frame.f_locals is frame.f_globals:
        return frame.f_globals
    return ChainMap(dict(frame.f_locals), frame.f_globals)


def _is_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _is_set_by_another_cell(name: str, namespace: Namespace) -> bool:
    """Return whether the last cell that assigned a name is other than the form.

    papermill injects a cell of its own after the form; a value in it counts even where it equals the default.
    """
    history = namespace.get("In")
    if not isinstance(history, list):
        return False
    for source in reversed(history):
        if isinstance(source, str) and name in source and _assigns(source, name):
            return not source.lstrip().startswith(CELL_TITLE)
    return False


def _assigns(source: str, name: str) -> bool:
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return False
    return any(
        isinstance(target, ast.Name) and target.id == name
        for statement in statements
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    )


def _shown(value: Value) -> str:
    if value is None:
        return "<i>not given</i>"
    if isinstance(value, tuple | Mapping):
        text = join_list(value) if isinstance(value, tuple) else join_pairs(value)
        return html.escape(text) or "<i>none</i>"
    return html.escape(str(value)) or "<i>empty</i>"
