"""What is wrong with a value, and the checks of numbers and texts that all shapes and answers share."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Value = Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    Args:
        code: A short name that stays the same from release to release, ``unknown_label``.
        message: What is wrong and what to do, in a sentence.
        path: Where in the input: ``annotations[3].score``; of a value's check, from the value on: ``.points[2]``.
        is_warning: Whether the input is used all the same.
    """

    code: str
    message: str
    path: str = ""
    is_warning: bool = False

    def as_dict(self) -> dict[str, str]:
        """Return it as the report's cells hold it."""
        return {"code": self.code, "message": self.message, "path": self.path}


Faults = Sequence[Fault]
NONE: Faults = ()


def number(value: Value, name: str, low: float, high: float, *, needed: bool = True) -> list[Fault]:
    """Return what is wrong with the number under a key."""
    if name not in value:
        return [missing(name, f"a number from {low:g} to {high:g}")] if needed else []
    if not needed and value[name] is None:
        return []
    return number_faults(value[name], f".{name}", low, high)


def number_faults(given: Any, path: str, low: float, high: float, code: str = "") -> list[Fault]:
    """Return what is wrong with a number: none, not finite, below ``low`` or above ``high``."""
    if type(given) is float and low <= given <= high and -math.inf < given < math.inf:
        return []
    if isinstance(given, bool) or not isinstance(given, numbers.Real):
        return [Fault("not_a_number", f"{shown(given)} is no number.", path)]
    amount = as_float(given)
    if not math.isfinite(amount):
        return [Fault("not_finite", f"{shown(given)} is no number that can be shown.", path)]
    if amount < low:
        words = "is negative" if low == 0 else f"is below {low:g}"
        return [Fault(code or "negative", f"{amount:g} {words}.", path)]
    if amount > high:
        return [Fault(code or "too_large", f"{amount:g} is above {high:g}.", path)]
    return []


def whole_faults(given: Any, path: str) -> list[Fault]:
    """Return what is wrong with a whole number."""
    if isinstance(given, bool) or not isinstance(given, numbers.Real) or not math.isfinite(as_float(given)):
        return [Fault("not_a_number", f"{shown(given)} is no whole number.", path)]
    return [] if float(given).is_integer() else [Fault("not_a_number", f"{given} is no whole number.", path)]


def type_faults(value: Value, types: Mapping[str, type], where: str = "") -> list[Fault]:
    """Return what is wrong with parts of a value that may be absent: they are texts, or true or false."""
    words = {bool: "true or false", str: "a text"}
    return [
        Fault("wrong_value", f"{name} is {shown(value[name])}: give {words[kind]}.", f"{where}.{name}")
        for name, kind in types.items()
        if value.get(name) is not None and not isinstance(value[name], kind)
    ]


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


def missing(name: str, what: str) -> Fault:
    """Return the fault of a value without a key it needs."""
    return Fault("missing_key", f"{name} is needed: {what}.", f".{name}")


def shown(given: Any) -> str:
    """Return what was given, in 40 letters at most."""
    words = repr(given)
    return words if len(words) <= 40 else words[:37] + "..."


def finite_number(value: Any) -> float | None:
    """Return a number as a float, or None for anything else, also for switches and texts."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    number = as_float(value)
    return number if math.isfinite(number) else None


def whole_number(value: Any) -> int | None:
    """Return a whole number, also one that came as ``3.0``, or None."""
    number = finite_number(value)
    return int(number) if number is not None and number.is_integer() else None
