"""What a label config demands of results, read once: controls, the objects they are about, their labels."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from lsnb.labels import LabelConfig
from lsnb.labels.tree import Control, attribute, parse, walk
from lsnb.predictions import values
from lsnb.shapes import Box, Ellipse, Faults, Mask, Outline, Point, Span, Timeline, Track, Value

Check = Callable[[Value], Faults]

SHAPES: Mapping[str, Check] = {
    "rectangle": Box.check,
    "ellipse": Ellipse.check,
    "polygon": Outline.check,
    "keypoint": Point.check,
    "brush": Mask.check,
    "bitmask": functools.partial(Mask.check, key="imageDataURL"),
    "vector": functools.partial(Outline.check, key="vertices"),
}
CHECKS: Mapping[str, Check] = {
    **SHAPES,
    **{f"{name}labels": check for name, check in SHAPES.items()},
    "magicwand": Mask.check,
    "videorectangle": Track.check,
    "timelinelabels": Timeline.check,
    "labels": Span.check,
    "hypertextlabels": Span.check,
    "paragraphlabels": Span.check,
    "timeserieslabels": functools.partial(Span.check, key="instant"),
    "choices": values.texts("choices"),
    "textarea": values.texts("text"),
    "datetime": values.text("datetime"),
    "pairwise": values.text("selected", ("left", "right")),
    "taxonomy": values.taxonomy,
    "ranker": values.ranker,
}
_PLAIN = frozenset({"rectanglelabels", "ellipselabels", "polygonlabels", "keypointlabels"})
QUESTIONS = frozenset({"choices", "textarea", "datetime", "pairwise", "taxonomy", "ranker", "rating", "number"})
LABEL_KEYS = {"choices": "choices", "taxonomy": "taxonomy", "videorectangle": "labels"}


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
    def is_question(self) -> bool:
        """Whether it asks about the item or a region, and draws nothing."""
        return self.kind in QUESTIONS

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
            if rule.kind in _PLAIN and rule.labels and rule.is_imported and self.objects.issuperset(rule.to_names)
        }

    def partner(self, result: Mapping[str, Any], results: Any) -> Check | None:
        """Return the check of the shape to which a result of a ``Labels`` control gives its label, if there is one."""
        region = result.get("id")
        if region is None:
            return None
        for other in results:
            kind = other.get("type") if isinstance(other, dict) and other.get("id") == region else None
            if isinstance(kind, str) and kind.lower() in SHAPES:
                return SHAPES[kind.lower()]
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
        name: _rule(control, elements.get(name)) for name, control in config.controls.items() if control.kind in _KINDS
    }
    merged = {
        (labels.name, f"{tool.kind}labels"): tool
        for labels in controls.values()
        for tool in controls.values()
        if labels.kind == "labels" and not tool.kind.endswith("labels") and set(labels.to_names) & set(tool.to_names)
    }
    return Rules(controls, frozenset(objects), merged)


_KINDS = frozenset({*CHECKS, "rating", "number"})


def _rule(control: Control, element: etree._Element | None) -> Rule:
    kind = control.kind
    if kind == "rating":
        check = values.rating(_whole(element, "maxRating", 5))
    elif kind == "number":
        check = values.limited(_limit(element, "min"), _limit(element, "max"))
    else:
        check = CHECKS[kind]
    label_key = kind if kind.endswith("labels") else LABEL_KEYS.get(kind, "")
    return Rule(
        control.name,
        kind,
        tuple(str(element.get("toName")).split(",")) if element is not None else control.to_names,
        dict.fromkeys(control.labels) if label_key else {},
        label_key,
        check,
        control.multiple,
        control.per_region,
        frozenset(control.paths),
        bool(label_key) and (kind != "videorectangle" or _has_own_labels(element)),
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
