"""One question from a form's parameters: what a student fills in without opening a widget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from lsnb.errors import LabelConfigError
from lsnb.labels.building import words
from lsnb.labels.media import MEDIA_TAGS, data_key

if TYPE_CHECKING:
    from lsnb.labels.config import LabelConfig

_CHOICES = ("single", "multiple")


def build_from_form(
    config_class: type[LabelConfig],
    *,
    coding_name: str,
    coding_values: str | Sequence[str],
    coding_choice: str,
    media: str,
    field: str,
    text_field: str,
    title: str,
    required: bool,
) -> LabelConfig:
    """Return the config of one coding question; see ``LabelConfig.from_form``.

    Raises:
        LabelConfigError: With every field that is wrong.
    """
    given = {"coding_name": coding_name, "field": field, "text_field": text_field, "title": title}
    faults = [f"{name} is {value!r}: give a text." for name, value in given.items() if not isinstance(value, str)]
    if not isinstance(coding_values, str | list | tuple):
        faults.append(f"coding_values is {coding_values!r}: give a text with commas between the answers, or a list.")
    if faults:
        raise LabelConfigError(faults)
    if media not in MEDIA_TAGS:
        faults.append(f"media is {media!r}: give one of {', '.join(MEDIA_TAGS)}.")
    if coding_choice not in _CHOICES:
        faults.append(f"coding_choice is {coding_choice!r}: give single or multiple.")
    name = coding_name.strip()
    if not name:
        faults.append("coding_name is empty: give the question a name, for example sentiment.")
    elif name in (field.strip(), text_field.strip()):
        faults.append(f'coding_name is "{name}", as is a column shown: give the question a name of its own.')
    for what, column in (("field", field), ("text_field", text_field)):
        if what == "field" and not column.strip():
            faults.append("field is empty: name the column to show, for example uri.")
        elif column.strip():
            faults += _faults_of(partial(data_key, column))
    faults += _faults_of(partial(words, coding_values, "coding_values"))
    if text_field.strip() and text_field.strip() == field.strip():
        faults.append(f'field and text_field are both "{field.strip()}": leave text_field empty.')
    if faults:
        raise LabelConfigError(faults)
    config = getattr(config_class, media)(field.strip())
    shown = next(iter(config.fields.values())).name
    if text_field.strip():
        config = config.text(text_field.strip())
    answered: LabelConfig = config.choices(
        name, coding_values, title=title.strip(), multiple=coding_choice == "multiple", required=required, to=shown
    )
    return answered


def _faults_of(attempt: Callable[[], object]) -> list[str]:
    try:
        attempt()
    except LabelConfigError as error:
        return list(error.problems)
    return []
