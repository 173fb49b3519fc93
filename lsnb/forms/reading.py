"""From a notebook's form to one frozen record that shows where each value came from."""

from __future__ import annotations

import ast
import html
import os
import sys
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

from lsnb.errors import FormError, InputError
from lsnb.forms.parsing import Value, join_list, join_pairs, parse_value
from lsnb.forms.schema import CELL_TITLE, Field, Form

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

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__["_values"])

    def __dir__(self) -> list[str]:
        return [*self, "sources"]

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
    if edit is not None and _is_same(edit.seen, literal):
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
    """Let a widget's value count until the form's literal is changed after it."""
    _edits.setdefault(form.name, {})[field.name] = _Edit(value, namespace.get(field.name, _ABSENT))


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
