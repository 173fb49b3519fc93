"""Whether results fit a label config: what the server's own check finds, and what it lets pass.

Label Studio's import of predictions drops what its check (``LabelInterface.validate_prediction`` of label-studio-sdk)
refuses and says nothing; its other import checks nothing at all. So everything is checked here first: all that the
server's check finds, and unknown labels of video boxes, negative places, two answers to a question with one, frames
past the end, keyframes that lack a key, scores that are none.
"""

from __future__ import annotations

import functools
import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from lsnb import shapes
from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.words import listing, nearest
from lsnb.labels import LabelConfig
from lsnb.labels.tree import Control, attribute, parse, walk
from lsnb.labels.vocabulary import KINDS, RELEASE, Tag, version
from lsnb.predictions.spans import SpanTexts
from lsnb.shapes import Mask, Timeline, Track
from lsnb.shapes.faults import NONE, Fault, Faults, Value, as_float, missing, number_faults, shown, whole_faults

# What the value of each answer must hold, whatever the config: keys, types, ranges. Shapes check their own values.
#
# Each function returns faults whose paths begin below the value. Units and keys:
# https://labelstud.io/guide/task_format.
# Limits: the schema of label-studio-sdk 2.1 (``label_interface.control_tags``), which the server's import applies,
# and
# what its editor needs beyond it.


def texts(name: str) -> Callable[[Value], Faults]:
    """Return the check of a list of texts under this key."""

    def check(value: Value) -> Faults:
        given = value.get(name)
        if not isinstance(given, list | tuple):
            return [missing(name, "a list of texts")]
        return [
            Fault("wrong_value", f"{shown(part)} is no text.", f".{name}[{place}]")
            for place, part in enumerate(given)
            if not isinstance(part, str)
        ]

    return check


def text(name: str, allowed: Sequence[str] = ()) -> Callable[[Value], Faults]:
    """Return the check of one text under this key."""

    def check(value: Value) -> Faults:
        given = value.get(name)
        if not isinstance(given, str):
            return [missing(name, "a text")]
        if allowed and given not in allowed:
            return [Fault("unknown_label", f"{given!r} is none of {', '.join(allowed)}.", f".{name}")]
        return NONE

    return check


def paths(name: str) -> Callable[[Value], Faults]:
    """Return the check of a list of paths under this key, each a list of texts from the root."""

    def check(value: Value) -> Faults:
        given = value.get(name)
        if not isinstance(given, list):
            return [missing(name, "a list of paths, each a list of texts from the root")]
        return [
            Fault("wrong_value", "A path is a list of texts from the root.", f".{name}[{place}]")
            for place, path in enumerate(given)
            if not isinstance(path, list) or not all(isinstance(step, str) for step in path)
        ]

    return check


def buckets(name: str, known: Sequence[str]) -> Callable[[Value], Faults]:
    """Return the check of a dict under this key, from one of these buckets (or ``_``, what is in none) to ids."""

    def check(value: Value) -> Faults:
        given = value.get(name)
        if not isinstance(given, Mapping):
            return [missing(name, "a dict from bucket to a list of ids")]
        faults = []
        for bucket, ids in given.items():
            path = f".{name}.{bucket}"
            if not isinstance(bucket, str) or not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
                faults.append(Fault("wrong_value", f"Bucket {bucket!r} holds a list of ids as texts.", path))
            elif bucket not in (*known, "_"):
                words = f"There is no bucket {bucket!r}, only {listing(list(known))}.{nearest(bucket, known)}"
                faults.append(Fault("unknown_bucket", words, path))
        return faults

    return check


def rating(most: int) -> Callable[[Value], Faults]:
    """Return the check of a rating of 0 to ``most``."""

    def check(value: Value) -> Faults:
        faults = whole_faults(value.get("rating"), ".rating")
        return faults or number_faults(value["rating"], ".rating", 0, most)

    return check


def limited(low: float | None, high: float | None) -> Callable[[Value], Faults]:
    """Return the check of a number; the server's import does not heed the limits."""
    least, most = (-math.inf if low is None else low), (math.inf if high is None else high)
    return lambda value: number_faults(value.get("number"), ".number", least, most, code="beyond_limits")


# What a label config demands of results, read once: controls, the objects they are about, their labels.


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
            and "{{" not in name
            and self.objects.issuperset(rule.to_names)
        }

    def repeated(self, name: Any) -> str | None:
        """Return the control of a ``Repeater`` of which this is the name, or that of one copy, or None."""
        if not isinstance(name, str):
            return None
        for known in self.controls:
            head, opening, rest = known.partition("{{")
            tail = rest.partition("}}")[2]
            if opening and name == known:
                return known
            fits = opening and name.startswith(head) and name.endswith(tail)
            if fits and name[len(head) : len(name) - len(tail)].isdecimal():
                return known
        return None

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


def _answer_check(control: Control, element: etree._Element | None) -> Check:
    row = control.row
    if row.level == "ordinal":
        return rating(_whole_number(element, "maxRating", 5))
    if row.level == "interval":
        return limited(_limit(element, "min"), _limit(element, "max"))
    if row.level == "order":
        return buckets(row.key, control.labels or (control.name,))
    if row.is_tree:
        return paths(row.key)
    return texts(row.key) if row.is_listed else text(row.key, row.answers)


def _rule(control: Control, element: etree._Element | None) -> Rule:
    row = control.row
    check = shape_check(row) if row.is_region else _answer_check(control, element)
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
        limit = float(str(attribute(element, name))) if element is not None else None
    except ValueError:
        return None
    return limit if limit is not None and math.isfinite(limit) else None


def _whole_number(element: etree._Element | None, name: str, default: int) -> int:
    limit = _limit(element, name)
    return default if limit is None else int(limit)


NEEDED = frozenset({"from_name", "to_name", "type", "value"})


@dataclass(frozen=True)
class Facts:
    """What is known of an item's video.

    Args:
        frames: How many frames it has; None if unknown.
    """

    frames: int | None = None


def check_results(
    results: Any,
    config: LabelConfig,
    facts: Any = None,
    data: Mapping[str, Any] | None = None,
    release: str | None = None,
) -> list[Fault]:
    """Return what is wrong with one item's results, each with its place: ``result[2].value.x``.

    Args:
        results: A list of Label Studio results.
        config: The label config they are for.
        facts: What is known of the item's video: what ``lsnb.probe`` returns, or a mapping with ``frames``.
        data: The task's data, against whose texts spans are held.
        release: The server's release: what only a later one has is then a fault, as ``config.check`` says, too.

    Returns:
        No faults for good results. Warnings among them have ``is_warning``.

    Raises:
        InputError: ``config`` is no ``LabelConfig``.

    Example:
        >>> from lsnb import LabelConfig
        >>> config = LabelConfig.image("uri").rectangles("animal", ["cat", "dog"])
        >>> value = {"x": -1.0, "y": 0.0, "width": 5.0, "height": 5.0, "rectanglelabels": ["catt"]}
        >>> box = {"from_name": "animal", "to_name": "uri", "type": "rectanglelabels", "value": value}
        >>> for fault in check_results([box], config):
        ...     print(fault.path, fault.message)
        result[0].value.x -1 is negative.
        result[0].value.rectanglelabels[0] 'animal' has no label 'catt'. Did you mean 'cat'?
    """
    if not isinstance(config, LabelConfig):
        raise InputError(f"config is a {type(config).__name__}: give a lsnb.LabelConfig.")
    is_release = release is None or (isinstance(release, str) and release[:1].isdigit())
    checks.raise_for(
        InputError,
        None if data is None else checks.mapping("data", data),
        None if is_release else f"release is {checks.shown(release)}: give the server's release, such as {RELEASE!r}.",
    )
    rules = rules_of(config)
    found = [*find_faults(results, rules, facts_of(facts)), *_release_faults(results, rules, release)]
    return found if data is None else [*found, *SpanTexts(config).settle(results, data)[1]]


def _release_faults(results: Any, rules: Rules, release: str | None) -> list[Fault]:
    if release is None:
        return []
    later = {name for name, rule in rules.controls.items() if version(rule.row.since) > version(release)}
    return [
        Fault(
            "later_release",
            f"{rules.controls[result['from_name']].row.name} needs Label Studio "
            f"{rules.controls[result['from_name']].row.since}, and the server's is {release}.",
            f"result[{place}].from_name",
        )
        for place, result in enumerate(results if later and isinstance(results, list | tuple) else ())
        if isinstance(result, dict) and isinstance(result.get("from_name"), str) and result["from_name"] in later
    ]


def find_faults(results: Any, rules: Rules, facts: Facts) -> list[Fault]:
    """Return what ``check_results`` does, for rules that were read from the config before."""
    if not isinstance(results, list | tuple):
        return [Fault("not_a_list", f"Results are a list, and this is a {type(results).__name__}.", "result")]
    if all(_is_plain_region(result, rules) for result in results) and len({r["id"] for r in results}) == len(results):
        return []
    faults: list[Fault] = []
    valid: list[Mapping[str, Any]] = []
    relations = []
    for place, result in enumerate(results):
        kind = result.get("type") if isinstance(result, dict) else None
        if isinstance(kind, str) and kind == "relation":
            relations.append(place)
            continue
        found = _result_faults(result, rules, facts, results)
        if found:
            faults += [replace(fault, path=f"result[{place}]{fault.path}") for fault in found]
            if any(not fault.is_warning for fault in found):
                continue
        valid.append(result)
    for place in relations:
        faults += _relation_faults(results[place], valid, f"result[{place}]")
    return faults + _double_faults(results, rules)


def plain_score(given: Any) -> Any:
    """Return a score that a text writes as the number, as tables keep it; a blank one as None; others as they are.

    Example:
        >>> plain_score("0.90"), plain_score(" "), plain_score("sure"), plain_score(0.5)
        (0.9, None, 'sure', 0.5)
    """
    if not isinstance(given, str):
        return given
    try:
        return float(given) if given.strip() else None
    except ValueError:
        return given


def score_faults(score: Any, path: str = "score") -> list[Fault]:
    """Return what is wrong with a score: it is a number from 0 to 1, or None.

    Args:
        score: What was given.
        path: Where.

    Example:
        >>> score_faults(87, "annotations[3].score")[0].message
        'The score 87 is not between 0 and 1: percent divided by 100 is.'
    """
    if score is None or (type(score) is float and 0.0 <= score <= 1.0):
        return []
    if isinstance(score, bool) or not isinstance(score, numbers.Real):
        return [Fault("wrong_score", f"The score {score!r} is no number: give 0 to 1, or nothing.", path)]
    number = as_float(score)
    if math.isnan(number):
        return [Fault("wrong_score", "The score is not a number (NaN): give 0 to 1, or nothing.", path)]
    if 0 <= number <= 1:
        return []
    hint = ": percent divided by 100 is." if 1 < number <= 100 else "."
    return [Fault("wrong_score", f"The score {number:g} is not between 0 and 1{hint}", path)]


def facts_of(given: Any) -> Facts:
    """Return what is known of a video, from what a person gave."""
    if isinstance(given, Facts):
        return given
    frames = given.get("frames") if isinstance(given, Mapping) else getattr(given, "frames", None)
    if not isinstance(frames, numbers.Integral) or isinstance(frames, bool) or int(frames) < 1:
        return Facts()
    return Facts(int(frames))


def _is_plain_region(result: Any, rules: Rules) -> bool:
    """Return whether a result is a good region of a single known label, as nearly all of a detector's are.

    It says nothing about others; it is there because it takes a third of the time of looking for faults.
    """
    try:
        rule = rules.plain[result["from_name"]]
        label, value = rule.label_key, result["value"]
        return (
            result["type"] == rule.kind
            and result["to_name"] in rule.to_names
            and type(result["id"]) is str
            and type(value) is type(result) is dict
            and len(value[label]) == 1
            and value[label][0] in rule.labels
            and type(value[label]) is list
            and not rule.check(value)
            and ("score" not in result or not score_faults(result["score"]))
        )
    except (KeyError, TypeError, IndexError, ValueError):
        return False


def _result_faults(result: Any, rules: Rules, facts: Facts, results: Any) -> list[Fault]:
    if not isinstance(result, dict):
        return [Fault("not_a_dict", f"A result is a dict, and this is a {type(result).__name__}.")]
    if not result.keys() >= NEEDED:
        missing = [name for name in sorted(NEEDED) if name not in result]
        return [Fault("missing_key", f"{name} is needed.", f".{name}") for name in missing]
    name, to_name, kind, value = result["from_name"], result["to_name"], result["type"], result["value"]
    rule = rules.controls.get(name) if isinstance(name, str) else None
    if rule is None or "{{" in rule.name:
        repeated = rules.repeated(name)
        if repeated:
            words = (
                f"The config asks {repeated!r} once for each part of a task, and Label Studio's import drops answers "
                "to such questions without a word: a prediction cannot hold them."
            )
            return [Fault("repeated_control", words, ".from_name")]
        return [
            Fault(
                "unknown_control", f"The config has no control {name!r}.{nearest(name, rules.controls)}", ".from_name"
            )
        ]
    if not rule.is_imported:
        words = f"The config does not say what {name!r} is about, so the import drops it: give its tag a toName."
        return [Fault("control_without_object", words, ".from_name")]
    faults: list[Fault] = []
    if not isinstance(to_name, str) or to_name not in rules.objects:
        return [
            Fault("unknown_object", f"The config shows no {to_name!r}.{nearest(to_name, rules.objects)}", ".to_name")
        ]
    if to_name not in rule.to_names:
        faults.append(
            Fault("wrong_object", f"{name!r} is about {' or '.join(rule.to_names)}, not {to_name!r}.", ".to_name")
        )
    shape, label_key = rule, rule.label_key
    if not isinstance(kind, str) or kind != rule.kind:
        merged = rules.merged.get((name, kind)) if isinstance(kind, str) else None
        if merged is None:
            faults.append(Fault("wrong_type", f"{name!r} is {rule.kind}, and the result is {kind!r}.", ".type"))
            return faults
        shape, label_key = merged, kind if isinstance(value, dict) and kind in value else "labels"
    if not isinstance(value, dict):
        return [*faults, Fault("wrong_value", f"A value is a dict, and this is a {type(value).__name__}.", ".value")]
    check = shape.check
    if rule.kind == kind and rule.row.names_others:
        check = rules.partner(result, results) or check
    faults += [replace(fault, path=f".value{fault.path}") for fault in check(value)]
    if shape.row.shape == "Track":
        faults += Track.frame_faults(value, facts.frames)
    elif shape.row.shape == "Timeline":
        faults += Timeline.frame_faults(value, facts.frames)
    if label_key:
        faults += _label_faults(value, rule, label_key, is_needed=rule.needs_labels or shape is not rule)
    if "score" in result:
        faults += score_faults(result["score"], ".score")
    if "rle" in shape.row.holds:
        faults += Mask.size_faults(result)
    region = result.get("id")
    if region is not None and not isinstance(region, str):
        faults.append(Fault("wrong_id", f"The id {region!r} is no text.", ".id"))
    return faults


def _label_faults(value: Mapping[str, Any], rule: Rule, key: str, *, is_needed: bool) -> list[Fault]:
    labels = value.get(key)
    if labels is None:
        if not is_needed:
            return []
        return [Fault("no_label", f"{rule.name!r} needs a label: {key} is a list of them.", f".value.{key}")]
    if not isinstance(labels, list | tuple):
        return [Fault("wrong_value", f"{labels!r} is no list of labels.", f".value.{key}")]
    if rule.row.is_tree:
        return _path_faults(labels, rule)
    faults = []
    for place, label in enumerate(labels):
        if not isinstance(label, str):
            faults.append(Fault("wrong_value", f"{label!r} is no label.", f".value.{key}[{place}]"))
        elif rule.labels and label not in rule.labels:
            words = f"{rule.name!r} has no label {label!r}.{nearest(label, rule.labels)}"
            faults.append(Fault("unknown_label", words, f".value.{key}[{place}]"))
    if not labels:
        faults.append(Fault("no_label", "There is no label.", f".value.{key}", is_warning=is_needed is False))
    if rule.is_question and not rule.multiple and len(labels) > 1:
        words = f"{rule.name!r} takes one choice, and there are {len(labels)}: give one."
        faults.append(Fault("several_choices", words, f".value.{key}"))
    return faults


def _path_faults(paths: Any, rule: Rule) -> list[Fault]:
    faults = []
    for place, path in enumerate(paths):
        if not rule.paths or not isinstance(path, list) or not all(isinstance(step, str) for step in path):
            continue
        if tuple(path) not in rule.paths:
            words = f"{rule.name!r} has no answer {' > '.join(path)!r}.{nearest(' > '.join(path), rule.path_texts)}"
            faults.append(Fault("unknown_label", words, f".value.{rule.label_key}[{place}]"))
    return faults


def _relation_faults(relation: Mapping[str, Any], valid: list[Mapping[str, Any]], path: str) -> list[Fault]:
    known = {result.get("id") for result in valid if isinstance(result.get("id"), str)}
    faults = []
    direction = relation.get("direction")
    if not isinstance(direction, str) or direction not in ("left", "right", "bi"):
        faults.append(Fault("wrong_value", "The direction is left, right or bi.", f"{path}.direction"))
    for end in ("from_id", "to_id"):
        given = relation.get(end)
        if not isinstance(given, str) or given not in known:
            faults.append(Fault("unknown_region", f"There is no good region {given!r}.", f"{path}.{end}"))
    return faults


def _double_faults(results: Any, rules: Rules) -> list[Fault]:
    """Return answers that are there twice, answers about no region, and ids that two regions share."""
    faults: list[Fault] = []
    regions: set[tuple[Any, Any]] = set()
    ids: set[Any] = set()
    answers: list[tuple[int, Mapping[str, Any], Rule]] = []
    for place, result in enumerate(results):
        name = result.get("from_name") if isinstance(result, dict) else None
        rule = rules.controls.get(name) if isinstance(name, str) else None
        if rule is None:
            continue
        region = result.get("id")
        if rule.is_question:
            answers.append((place, result, rule))
        elif isinstance(region, str):
            if (name, region) in regions:
                words = f"Two regions have the id {region!r}: give each its own."
                faults.append(Fault("double_id", words, f"result[{place}].id"))
            regions.add((name, region))
            ids.add(region)
    seen: set[tuple[Any, ...]] = set()
    for place, result, rule in answers:
        region = result.get("id") if isinstance(result.get("id"), str) else None
        if rule.per_region and region not in ids:
            words = f"{rule.name!r} is asked of each region, and no region has the id {region!r}."
            faults.append(Fault("orphan_answer", words, f"result[{place}].id"))
        about = (rule.name, str(result.get("to_name")), region if region in ids else None, result.get("item_index"))
        if about in seen:
            words = f"{rule.name!r} is answered twice: give one answer."
            is_warning = rule.multiple or rule.row.is_open
            faults.append(Fault("double_answer", words, f"result[{place}]", is_warning=is_warning))
        seen.add(about)
    return faults
