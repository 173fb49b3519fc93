"""When a question is asked: always, for regions, or after an answer to another question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.labels.building import Setting, element, titled
from lsnb.labels.problems import nearest
from lsnb.labels.reading import Control

When = str | Mapping[str, str | Sequence[str]]
PerRegion = bool | str | Sequence[str]


def conditional(
    question: etree._Element,
    title: str,
    *,
    controls: Mapping[str, Control],
    visible_when: When | None = None,
    visible_unless: When | None = None,
    per_region: PerRegion = False,
) -> list[etree._Element]:
    """Return a question with its heading; both inside a View of their own where they are not always shown.

    A View carries the condition since a heading has none, and since some questions (ratings, numbers, dates)
    have none either.

    Args:
        question: The control.
        title: The heading, or nothing.
        controls: The controls that a condition may name.
        visible_when: A question's name, or name → answer or answers.
        visible_unless: The same, for hiding.
        per_region: Whether it is asked for each region, or the labels whose regions it is about.

    Raises:
        LabelConfigError: A condition names nothing that exists, or there are two of them.
    """
    given = [value for value in (visible_when, visible_unless, per_region or None) if value is not None]
    if len(given) > 1:
        raise LabelConfigError(
            f'"{question.get("name")}" has more than one of visible_when, visible_unless and per_region: '
            "Label Studio heeds one, so keep one."
        )
    parts = titled(title, question)
    if per_region:
        return [element("View", _region_condition(question, per_region), *parts)]
    if visible_when is not None:
        return [element("View", _condition(visible_when, "choice-selected", controls), *parts)]
    if visible_unless is not None:
        return [element("View", _condition(visible_unless, "choice-unselected", controls), *parts)]
    return parts


def _region_condition(question: etree._Element, per_region: PerRegion) -> dict[str, Setting]:
    question.set("perRegion", "true")
    if per_region is True or isinstance(per_region, bool):
        return {"visibleWhen": "region-selected"}
    labels = [per_region] if isinstance(per_region, str) else list(per_region)
    _refuse_commas(labels)
    if len(labels) == 1:
        # On the question itself Label Studio compares the whole text, so only one label can stand there.
        question.set("whenLabelValue", labels[0])
    elif question.get("required") == "true":
        raise LabelConfigError(
            f'"{question.get("name")}" is required for the regions of {len(labels)} labels: Label Studio can require '
            "an answer for one label or for all, so add one question per label or drop required."
        )
    return {"visibleWhen": "region-selected", "whenLabelValue": ",".join(labels)}


def _condition(when: When, kind: str, controls: Mapping[str, Control]) -> dict[str, Setting]:
    wanted: Mapping[str, str | Sequence[str]] = {when: []} if isinstance(when, str) else when
    if len(wanted) != 1:
        raise LabelConfigError(f"A condition names {len(wanted)} questions: Label Studio heeds one, so name one.")
    [(name, values)] = wanted.items()
    answers = [values] if isinstance(values, str) else [str(value) for value in values]
    if name not in controls:
        near = nearest(name, controls)
        hint = f'did you mean "{near}"?' if near else f"it has {', '.join(controls) or 'no question yet'}."
        raise LabelConfigError(f'A condition waits for "{name}", which is no question of this config: {hint}')
    if controls[name].row.option != "Choice":
        raise LabelConfigError(
            f'A condition waits for "{name}", which is {controls[name].tag}: '
            "only Choices and Taxonomy can be waited for."
        )
    _refuse_commas(answers)
    return {"visibleWhen": kind, "whenTagName": name, "whenChoiceValue": ",".join(answers) or None}


def _refuse_commas(answers: Sequence[str]) -> None:
    for answer in answers:
        if "," in answer:
            raise LabelConfigError(
                f'A condition waits for "{answer}": Label Studio takes a comma there for two answers, so give that '
                "answer a name without a comma."
            )
