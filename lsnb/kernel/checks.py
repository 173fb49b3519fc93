"""What an argument must be, as sentences: each check returns what is wrong and what to give, or None.

A verb collects them all and raises once: ``raise_for(InputError, whole("seed", seed, least=0), text("name", name))``.
Numbers of numpy count as Python's; True and False are no numbers.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from lsnb.errors import InputError


def whole(name: str, value: Any, *, least: int | None = None, most: int | None = None) -> str | None:
    """Return what is wrong with a whole number.

    Example:
        >>> whole("stars", "5", least=1)
        "stars is '5': give a whole number of 1 or more."
        >>> whole("stars", 5, least=1) is None
        True
    """
    if isinstance(value, numbers.Integral) and not isinstance(value, bool) and _is_within(int(value), least, most):
        return None
    return f"{name} is {_shown(value)}: give a whole number{_limits(least, most)}."


def number(name: str, value: Any, *, least: float | None = None, most: float | None = None) -> str | None:
    """Return what is wrong with a number; nan and infinity are none.

    Example:
        >>> number("duration", float("nan"), least=0)
        'duration is nan: give a number of 0 or more.'
    """
    is_real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if is_real and math.isfinite(value) and _is_within(float(value), least, most):
        return None
    return f"{name} is {_shown(value)}: give a number{_limits(least, most)}."


def share(name: str, value: Any) -> str | None:
    """Return what is wrong with a share from 0 to 1.

    Example:
        >>> share("overlap", 20)
        'overlap is 20: give a number from 0 to 1.'
    """
    return number(name, value, least=0, most=1)


def text(name: str, value: Any, *, is_needed: bool = False) -> str | None:
    """Return what is wrong with a text.

    Example:
        >>> text("title", 3)
        'title is 3: give a text.'
    """
    if not isinstance(value, str):
        return f"{name} is {_shown(value)}: give a text."
    return f"{name} is empty: give a text." if is_needed and not value.strip() else None


def texts(name: str, value: Any, *, count: int | None = None) -> str | None:
    """Return what is wrong with a list of texts.

    Example:
        >>> texts("titles", ("x",), count=2)
        "titles is ('x',): give 2 texts."
    """
    is_listed = isinstance(value, Collection) and not isinstance(value, str | bytes)
    if is_listed and all(isinstance(one, str) for one in value) and count in (None, len(value)):
        return None
    return f"{name} is {_shown(value)}: give {'a list of' if count is None else count} texts."


def switch(name: str, value: Any) -> str | None:
    """Return what is wrong with True or False; numpy's count as well.

    Example:
        >>> switch("required", "yes")
        "required is 'yes': give True or False."
    """
    is_switch = isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")
    return None if is_switch else f"{name} is {_shown(value)}: give True or False."


def mapping(name: str, value: Any) -> str | None:
    """Return what is wrong with a dict.

    Example:
        >>> mapping("aliases", ["good"])
        "aliases is ['good']: give a dict."
    """
    return None if isinstance(value, Mapping) else f"{name} is {_shown(value)}: give a dict."


def choice(name: str, value: Any, allowed: Iterable[Any]) -> str | None:
    """Return what is wrong with one of several texts.

    Example:
        >>> choice("layout", "row", ("vertical", "inline"))
        "layout is 'row': give 'vertical' or 'inline'."
    """
    known = list(allowed)
    if isinstance(value, str) and value in known:
        return None
    shown = [repr(one) for one in known]
    words = " or ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
    return f"{name} is {_shown(value)}: give {words}."


def raise_for(error: type[InputError], *sentences: str | None) -> None:
    """Raise once, with every sentence there is.

    Raises:
        InputError: Of the class given, if any check found something.

    Example:
        >>> raise_for(InputError, whole("seed", 1), text("name", "a"))
    """
    found = [sentence for sentence in sentences if sentence]
    if found:
        raise error(found)


def _is_within(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _limits(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f" from {least:g} to {most:g}"
    return f" of {least:g} or more" if least is not None else f" up to {most:g}" if most is not None else ""


def _shown(value: Any) -> str:
    words = repr(value)
    return words if len(words) <= 60 else words[:57] + "..."
