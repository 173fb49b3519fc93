"""What the value of each answer must hold, whatever the config: keys, types, ranges. Shapes check their own values.

Each function returns faults whose paths begin below the value. Units and keys: https://labelstud.io/guide/task_format.
Limits: the schema of label-studio-sdk 2.1 (``label_interface.control_tags``), which the server's import applies, and
what its editor needs beyond it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from lsnb.shapes.faults import NONE, Fault, Faults, Value, missing, number_faults, shown, whole_faults


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


def buckets(name: str) -> Callable[[Value], Faults]:
    """Return the check of a dict under this key, from bucket to ids."""

    def check(value: Value) -> Faults:
        given = value.get(name)
        if not isinstance(given, Mapping):
            return [missing(name, "a dict from bucket to a list of ids")]
        return [
            Fault("wrong_value", f"Bucket {bucket!r} holds a list of ids as texts.", f".{name}.{bucket}")
            for bucket, ids in given.items()
            if not isinstance(bucket, str) or not isinstance(ids, list) or not all(isinstance(one, str) for one in ids)
        ]

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
