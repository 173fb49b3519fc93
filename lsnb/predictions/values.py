"""What the value of each result type must hold, whatever the config: keys, types, ranges.

Each function returns faults whose paths begin below the value. Units and keys: https://labelstud.io/guide/task_format.
Limits: the schema of label-studio-sdk 2.1 (``label_interface.control_tags``), which the server's import applies, and
what its editor needs beyond it.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lsnb.predictions.report import Fault

Value = Mapping[str, Any]
Faults = Sequence[Fault]
NONE: Faults = ()
# Rounding of percent in models' outputs; a hundredth of a percent is less than a pixel of any screen.
SLACK = 0.01


def box(value: Value) -> Faults:
    """Check ``x, y, width, height, rotation`` in percent."""
    x, y, width, height = value.get("x"), value.get("y"), value.get("width"), value.get("height")
    turn = value.get("rotation", 0)
    if (
        type(x) is type(y) is type(width) is type(height) is float
        and 0.0 <= x <= 100.0
        and 0.0 <= y <= 100.0
        and 0.0 < width <= 100.0
        and 0.0 < height <= 100.0
        and x + width <= 100.0 + SLACK
        and y + height <= 100.0 + SLACK
        and (turn is None or (type(turn) in (int, float) and 0 <= turn <= 360))
    ):
        return NONE
    return _slow_box(value)


def _slow_box(value: Value) -> Faults:
    faults = [
        *number(value, "x", 0, 100),
        *number(value, "y", 0, 100),
        *number(value, "width", 0, 100),
        *number(value, "height", 0, 100),
        *number(value, "rotation", -360, 360, needed=False),
    ]
    if faults:
        return faults
    if not value["width"] or not value["height"]:
        faults.append(Fault("no_area", "The box has no area, so nobody will see it.", ".width", is_warning=True))
    if not value.get("rotation") and (
        value["x"] + value["width"] > 100 + SLACK or value["y"] + value["height"] > 100 + SLACK
    ):
        x, y, width, height = (float(value[name]) for name in ("x", "y", "width", "height"))
        words = f"The box ({x:.1f}, {y:.1f}, {width:.1f} by {height:.1f} percent) leaves the picture: clip it."
        faults.append(Fault("outside", words, ""))
    return faults


def ellipse(value: Value) -> Faults:
    """Check a centre ``x, y`` and ``radiusX, radiusY`` in percent."""
    return [
        *number(value, "x", 0, 100),
        *number(value, "y", 0, 100),
        *number(value, "radiusX", 0, 50),
        *number(value, "radiusY", 0, 50),
        *number(value, "rotation", -360, 360, needed=False),
    ]


def key_point(value: Value) -> Faults:
    """Check ``x, y`` in percent, and ``width``, without which the editor draws nothing."""
    return [*number(value, "x", 0, 100), *number(value, "y", 0, 100), *number(value, "width", 0, 100)]


def polygon(value: Value) -> Faults:
    """Check ``points``: pairs in percent."""
    points = value.get("points")
    if not isinstance(points, list | tuple):
        return [_missing("points", "a list of [x, y] in percent")]
    faults: list[Fault] = []
    for place, point in enumerate(points):
        if not isinstance(point, list | tuple) or len(point) != 2:
            faults.append(Fault("wrong_value", "A point is [x, y] in percent.", f".points[{place}]"))
            continue
        for axis in (0, 1):
            faults += _number(point[axis], f".points[{place}][{axis}]", 0, 100)
    if len(points) < 3:
        faults.append(Fault("too_few_points", f"A polygon of {len(points)} points has no area: give 3.", ".points"))
    return faults


def vector(value: Value) -> Faults:
    """Check ``vertices``: dicts with ``x, y`` in percent."""
    vertices = value.get("vertices")
    if not isinstance(vertices, list | tuple):
        return [_missing("vertices", 'a list of {"x", "y", "id"} in percent')]
    faults = _optional_types(value, {"closed": bool})
    for place, vertex in enumerate(vertices):
        where = f".vertices[{place}]"
        if not isinstance(vertex, Mapping):
            faults.append(Fault("wrong_value", 'A vertex is a dict with "x" and "y" in percent.', where))
            continue
        faults += _number(vertex.get("x"), f"{where}.x", 0, 100)
        faults += _number(vertex.get("y"), f"{where}.y", 0, 100)
        faults += _optional_types(vertex, {"id": str, "isBezier": bool, "prevPointId": str}, where)
    if len(vertices) < 2:
        faults.append(Fault("too_few_points", f"A line of {len(vertices)} vertices: give 2.", ".vertices"))
    return faults


def brush(value: Value) -> Faults:
    """Check ``rle``: bytes of thi.ng/rle-pack as numbers."""
    faults: list[Fault] = []
    kind = value.get("format", "rle")
    if not isinstance(kind, str) or kind != "rle":
        faults.append(Fault("wrong_value", "The format of a mask is 'rle'.", ".format"))
    packed = value.get("rle")
    try:
        if not isinstance(packed, list | tuple) or not len(bytes(packed)):
            raise ValueError
    except (TypeError, ValueError):
        faults.append(Fault("wrong_value", "A mask is a list of numbers from 0 to 255, and not empty.", ".rle"))
    return faults


def bitmask(value: Value) -> Faults:
    """Check ``imageDataURL``."""
    faults = _optional_types(value, {"format": str})
    if not isinstance(value.get("imageDataURL"), str):
        faults.append(_missing("imageDataURL", "a data: address of a PNG"))
    return faults


def timeline(value: Value) -> Faults:
    """Check ``ranges``: 1-based frames, the end included."""
    ranges = value.get("ranges")
    if not isinstance(ranges, list | tuple) or not ranges:
        return [_missing("ranges", 'a list with one {"start", "end"} in frames')]
    faults: list[Fault] = []
    for place, part in enumerate(ranges):
        where = f".ranges[{place}]"
        if not isinstance(part, Mapping):
            faults.append(Fault("wrong_value", 'A range is a dict with "start" and "end".', where))
            continue
        wrong = [*_whole(part.get("start"), f"{where}.start"), *_whole(part.get("end"), f"{where}.end")]
        faults += wrong
        faults += _optional_types(part, {"enabled": bool}, where)
        if not wrong and part["start"] < 1:
            faults.append(Fault("frame_before_first", "Frames are counted from 1.", f"{where}.start"))
        if not wrong and part["end"] < part["start"]:
            faults.append(Fault("end_before_start", "The range ends before it starts.", f"{where}.end"))
    if len(ranges) > 1:
        words = "Label Studio's editor keeps one range a region: give each range its own result."
        faults.append(Fault("several_ranges", words, ".ranges", is_warning=True))
    return faults


def span(value: Value) -> Faults:
    """Check ``start, end``: numbers, or texts of times and paths."""
    start, end = value.get("start"), value.get("end")
    faults = [fault for name in ("start", "end") for fault in _place(value, name)]
    faults += [fault for name in ("startOffset", "endOffset") for fault in _offset(value, name)]
    if faults or isinstance(start, str) or isinstance(end, str):
        return faults
    if start < 0:  # type: ignore[operator]
        faults.append(Fault("negative", "start is below 0.", ".start"))
    if end < start:  # type: ignore[operator]
        faults.append(Fault("end_before_start", "The span ends before it starts.", ".end"))
    return faults


def time_span(value: Value) -> Faults:
    """Check ``start, end, instant``."""
    faults = list(span(value))
    if not isinstance(value.get("instant"), bool):
        faults.append(_missing("instant", "true for a moment, false for a stretch of time"))
    return faults


def texts(name: str) -> Callable[[Value], Faults]:
    """Return the check of a list of texts under this key."""

    def check(value: Value) -> Faults:
        given = value.get(name)
        if not isinstance(given, list | tuple):
            return [_missing(name, "a list of texts")]
        return [
            Fault("wrong_value", f"{_shown(part)} is no text.", f".{name}[{place}]")
            for place, part in enumerate(given)
            if not isinstance(part, str)
        ]

    return check


def text(name: str, allowed: Sequence[str] = ()) -> Callable[[Value], Faults]:
    """Return the check of one text under this key."""

    def check(value: Value) -> Faults:
        given = value.get(name)
        if not isinstance(given, str):
            return [_missing(name, "a text")]
        if allowed and given not in allowed:
            return [Fault("unknown_label", f"{given!r} is none of {', '.join(allowed)}.", f".{name}")]
        return NONE

    return check


def taxonomy(value: Value) -> Faults:
    """Check ``taxonomy``: a list of paths, each a list of texts from the root."""
    paths = value.get("taxonomy")
    if not isinstance(paths, list):
        return [_missing("taxonomy", "a list of paths, each a list of texts from the root")]
    return [
        Fault("wrong_value", "A path is a list of texts from the root.", f".taxonomy[{place}]")
        for place, path in enumerate(paths)
        if not isinstance(path, list) or not all(isinstance(step, str) for step in path)
    ]


def ranker(value: Value) -> Faults:
    """Check ``ranker``: bucket → ids."""
    buckets = value.get("ranker")
    if not isinstance(buckets, Mapping):
        return [_missing("ranker", "a dict from bucket to a list of ids")]
    return [
        Fault("wrong_value", f"Bucket {name!r} holds a list of ids as texts.", f".ranker.{name}")
        for name, ids in buckets.items()
        if not isinstance(name, str) or not isinstance(ids, list) or not all(isinstance(one, str) for one in ids)
    ]


def rating(most: int) -> Callable[[Value], Faults]:
    """Return the check of a rating of 0 to ``most``."""

    def check(value: Value) -> Faults:
        faults = _whole(value.get("rating"), ".rating")
        return faults or _number(value["rating"], ".rating", 0, most)

    return check


def limited(low: float | None, high: float | None) -> Callable[[Value], Faults]:
    """Return the check of a number; the server's import does not heed the limits."""
    least, most = (-math.inf if low is None else low), (math.inf if high is None else high)
    return lambda value: _number(value.get("number"), ".number", least, most, code="beyond_limits")


def number(value: Value, name: str, low: float, high: float, *, needed: bool = True) -> list[Fault]:
    """Return what is wrong with the number under a key."""
    if name not in value:
        return [_missing(name, f"a number from {low:g} to {high:g}")] if needed else []
    if not needed and value[name] is None:
        return []
    return _number(value[name], f".{name}", low, high)


def _number(given: Any, path: str, low: float, high: float, code: str = "") -> list[Fault]:
    if type(given) is float and low <= given <= high and -math.inf < given < math.inf:
        return []
    if isinstance(given, bool) or not isinstance(given, numbers.Real):
        return [Fault("not_a_number", f"{_shown(given)} is no number.", path)]
    amount = as_float(given)
    if not math.isfinite(amount):
        return [Fault("not_finite", f"{_shown(given)} is no number that can be shown.", path)]
    if amount < low:
        words = "is negative" if low == 0 else f"is below {low:g}"
        return [Fault(code or "negative", f"{amount:g} {words}.", path)]
    if amount > high:
        return [Fault(code or "too_large", f"{amount:g} is above {high:g}.", path)]
    return []


def as_float(given: Any) -> float:
    """Return a number as a float; one too large for it, as JSON may hold, is infinite.

    Example:
        >>> as_float(10**400), as_float(2)
        (inf, 2.0)
    """
    try:
        return float(given)
    except OverflowError:
        return math.inf if given > 0 else -math.inf


def _whole(given: Any, path: str) -> list[Fault]:
    if isinstance(given, bool) or not isinstance(given, numbers.Real) or not math.isfinite(as_float(given)):
        return [Fault("not_a_number", f"{_shown(given)} is no whole number.", path)]
    return [] if float(given).is_integer() else [Fault("not_a_number", f"{given} is no whole number.", path)]


def _place(value: Value, name: str) -> list[Fault]:
    given = value.get(name)
    if isinstance(given, str):
        return []
    if name not in value or given is None:
        return [_missing(name, "where it starts and ends")]
    return _number(given, f".{name}", -math.inf, math.inf)


def _offset(value: Value, name: str) -> list[Fault]:
    given = value.get(name)
    if given is None:
        return []
    return _whole(given, f".{name}") or _number(given, f".{name}", 0, math.inf)


def _optional_types(value: Value, types: Mapping[str, type], where: str = "") -> list[Fault]:
    words = {bool: "true or false", str: "a text"}
    return [
        Fault("wrong_value", f"{name} is {_shown(value[name])}: give {words[kind]}.", f"{where}.{name}")
        for name, kind in types.items()
        if value.get(name) is not None and not isinstance(value[name], kind)
    ]


def _missing(name: str, what: str) -> Fault:
    return Fault("missing_key", f"{name} is needed: {what}.", f".{name}")


def _shown(given: Any) -> str:
    words = repr(given)
    return words if len(words) <= 40 else words[:37] + "..."
