"""Whether results fit a label config: what the server's own check finds, and what it lets pass.

Label Studio's import of predictions drops what its check (``LabelInterface.validate_prediction`` of label-studio-sdk)
refuses and says nothing; its other import checks nothing at all. So everything is checked here first: all that the
server's check finds, and unknown labels of video boxes, negative places, two answers to a question with one, frames
past the end, keyframes that lack a key, scores that are none.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lsnb.errors import InputError
from lsnb.labels import LabelConfig
from lsnb.predictions.rules import Rule, Rules, rules_of
from lsnb.shapes import Fault, Mask, Timeline, Track
from lsnb.shapes.faults import as_float
from lsnb.tables.keys import nearest

NEEDED = frozenset({"from_name", "to_name", "type", "value"})


@dataclass(frozen=True)
class Facts:
    """What is known of an item's video.

    Args:
        frames: How many frames it has; None if unknown.
    """

    frames: int | None = None


def check_results(results: Any, config: LabelConfig, facts: Any = None) -> list[Fault]:
    """Return what is wrong with one item's results, each with its place: ``result[2].value.x``.

    Args:
        results: A list of Label Studio results.
        config: The label config they are for.
        facts: What is known of the item's video: what ``lsnb.probe`` returns, or a mapping with ``frames``.

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
    return find_faults(results, rules_of(config), facts_of(facts))


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
    if rule is None:
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
