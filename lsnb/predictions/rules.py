"""What a label config demands of results, read once: controls, the objects they are about, their labels."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from lsnb import shapes
from lsnb.labels import LabelConfig
from lsnb.labels.tree import Control, attribute, parse, walk
from lsnb.labels.vocabulary import KINDS, Tag
from lsnb.predictions import values
from lsnb.shapes import Faults, Value

Check = Callable[[Value], Faults]


@dataclass(frozen=True)
class Rule:
    """What one control demands of its results.

    Args:
        name: Its name, ``from_name`` in results.
        kind: The ``type`` of its results.
        to_names: What it is about.
        labels: Its labels, empty where any may come.
        label_key: Where its labels stand in a value; empty if it has none.
        check: What is wrong with a value, apart from its labels.
        multiple: Whether one answer may hold several values.
        per_region: Whether it is asked of each region.
        paths: The answers of a taxonomy, as paths from the root.
        needs_labels: Whether the key of its labels must be there.
        is_imported: Whether the server's import knows it: its tag must say ``toName``.
    """

    name: str
    kind: str
    to_names: tuple[str, ...]
    labels: Mapping[str, None]
    label_key: str
    check: Check
    multiple: bool = False
    per_region: bool = False
    paths: frozenset[tuple[str, ...]] = frozenset()
    needs_labels: bool = False
    is_imported: bool = True

    @functools.cached_property
    def row(self) -> Tag:
        """What the vocabulary says of its results."""
        return KINDS[self.kind]

    @functools.cached_property
    def is_question(self) -> bool:
        """Whether it asks about the item or a region, and draws nothing."""
        return self.row.is_question

    @property
    def path_texts(self) -> list[str]:
        """Its paths as texts."""
        return [" > ".join(path) for path in sorted(self.paths)]


@dataclass(frozen=True)
class Rules:
    """What a config demands of results.

    Args:
        controls: Name → rule.
        objects: The names of what is shown.
        merged: A ``Labels`` control and the type its labels make of a shape drawn with another → that shape's rule.
    """

    controls: Mapping[str, Rule]
    objects: frozenset[str]
    merged: Mapping[tuple[str, str], Rule] = field(default_factory=dict)

    @functools.cached_property
    def plain(self) -> dict[str, Rule]:
        """Name → rule of the tools that draw on one picture and have labels of their own."""
        return {
            name: rule
            for name, rule in self.controls.items()
            if rule.row.has_labels
            and rule.row.shape in _PLAIN
            and rule.labels
            and rule.is_imported
            and self.objects.issuperset(rule.to_names)
        }

    def partner(self, result: Mapping[str, Any], results: Any) -> Check | None:
        """Return the check of the shape to which a result of a ``Labels`` control gives its label, if there is one."""
        region = result.get("id")
        if region is None:
            return None
        for other in results:
            kind = other.get("type") if isinstance(other, dict) and other.get("id") == region else None
            row = KINDS.get(kind.lower()) if isinstance(kind, str) else None
            if row is not None and row.beside:
                return shape_check(row)
        return None


def rules_of(config: LabelConfig) -> Rules:
    """Return what a config demands of results.

    Args:
        config: The label config.
    """
    return _rules(config.xml)


@functools.lru_cache(maxsize=16)
def _rules(xml: str) -> Rules:
    config = LabelConfig.from_xml(xml)
    elements: dict[str, etree._Element] = {}
    objects = set()
    for element in walk(parse(xml)):
        name = element.get("name")
        if name and element.get("toName"):
            elements[name] = element
        elif name and (element.get("value") or element.get("valueList")):
            objects.add(name)
    controls = {
        name: _rule(control, elements.get(name))
        for name, control in config.controls.items()
        if control.row.is_region or control.row.is_question
    }
    merged = {
        (labels.name, tool.row.named_kind): tool
        for labels in controls.values()
        for tool in controls.values()
        if labels.row.names_others and not tool.row.has_labels and set(labels.to_names) & set(tool.to_names)
    }
    return Rules(controls, frozenset(objects), merged)


# Shapes that lie on one picture and say all there is in their values.
_PLAIN = frozenset({"Box", "Ellipse", "Outline", "Point"})


@functools.cache
def _shape_check(kind: str) -> Check:
    row = KINDS[kind]
    check: Any = getattr(shapes, row.shape).check
    forms = {other.holds[0] for other in KINDS.values() if other.shape == row.shape}
    found: Check = functools.partial(check, key=row.holds[0]) if len(forms) > 1 else check
    return found


def shape_check(row: Tag) -> Check:
    """Return what is wrong with the values of a control that marks parts of an item, apart from their labels."""
    return _shape_check(row.kind)


def _answer_check(row: Tag, element: etree._Element | None) -> Check:
    if row.level == "ordinal":
        return values.rating(_whole(element, "maxRating", 5))
    if row.level == "interval":
        return values.limited(_limit(element, "min"), _limit(element, "max"))
    if row.level == "order":
        return values.buckets(row.key)
    if row.is_tree:
        return values.paths(row.key)
    return values.texts(row.key) if row.is_listed else values.text(row.key, row.answers)


def _rule(control: Control, element: etree._Element | None) -> Rule:
    row = control.row
    check = shape_check(row) if row.is_region else _answer_check(row, element)
    label_key = row.key if row.is_region or row.option == "Choice" else ""
    return Rule(
        control.name,
        row.kind,
        tuple(str(element.get("toName")).split(",")) if element is not None else control.to_names,
        dict.fromkeys(control.labels) if label_key else {},
        label_key,
        check,
        control.multiple,
        control.per_region,
        frozenset(control.paths),
        bool(label_key) and (not row.shares_labels or _has_own_labels(element)),
        element is not None,
    )


def _has_own_labels(element: etree._Element | None) -> bool:
    return element is not None and any(str(below.tag) == "Label" for below in walk(element))


def _limit(element: etree._Element | None, name: str) -> float | None:
    try:
        return float(str(attribute(element, name))) if element is not None else None
    except ValueError:
        return None


def _whole(element: etree._Element | None, name: str, default: int) -> int:
    limit = _limit(element, name)
    return default if limit is None else int(limit)
