"""Which unit a column of bare numbers counts in, told by how large they are and by the video beside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lsnb.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
SPOKEN = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
SPELLINGS = {
    **{name: name for name in SECONDS},
    **{spoken: name for name, spoken in SPOKEN.items()},
    **{spoken.removesuffix("s"): name for name, spoken in SPOKEN.items()},
    "sec": "s",
    "msec": "ms",
    "µs": "us",  # the micro sign
    "μs": "us",  # the Greek letter
}
# 2000 to 2100, as seconds since 1970: a recording with a video beside it lies there.
YEAR_2000, YEAR_2100 = 946_684_800.0, 4_102_444_800.0
# What sensors do: a sample in 20 seconds to 20,000 in one; recordings of up to a week.
SLOWEST, FASTEST, LONGEST = 0.05, 20_000.0, 7 * 86_400.0
# A series that is shorter than a fiftieth of its video is no recording of it.
SHORTEST_SHARE = 1 / 50
ALIKE = 3.0


def unit_name(unit: object) -> str | None:
    """Return a unit as lsnb writes it, or None if it is none.

    Example:
        >>> unit_name("µs"), unit_name("Milliseconds"), unit_name("fortnight")
        ('us', 'ms', None)
    """
    return SPELLINGS.get(unit.strip().lower()) or SPELLINGS.get(unit.strip()) if isinstance(unit, str) else None


def is_since_1970(typical: float, unit: str) -> bool:
    """Return whether a number of this size counts from 1970: whether it would be a time of this century.

    Example:
        >>> is_since_1970(1.7e12, "ms"), is_since_1970(1.7e12, "s")
        (True, False)
    """
    return YEAR_2000 <= typical * SECONDS[unit] < YEAR_2100


def guess_unit(numbers: Floats, duration: float, column: str) -> tuple[str, str]:
    """Return the unit that makes sense of a column of numbers, and a sentence that says why.

    Numbers of this century's size count from 1970. Of others, a unit makes sense where it gives a rate between one
    sample in 20 s and 20 kHz, at most a week in all, and at least a fiftieth of the video. Where several do, the one
    that makes series and video alike in length is taken.

    Args:
        numbers: The column, finite numbers only.
        duration: The length of the video in seconds.
        column: Its name, for the sentences.

    Raises:
        InputError: No unit makes sense, or several do.

    Example:
        >>> guess_unit(np.arange(0, 60_000, 20.0), 60.0, "t")[0]
        'ms'
    """
    if not len(numbers):
        return "s", f"Column {column!r} was read as seconds."
    typical = float(np.median(numbers[:: max(1, len(numbers) // 10_000)]))
    span = float(numbers.max() - numbers.min())
    for unit, scale in SECONDS.items():
        if is_since_1970(typical, unit) and span * scale <= LONGEST:
            return unit, f"Column {column!r} was read as {SPOKEN[unit]} since 1970, by the size of its numbers."
    if len(numbers) < 2 or span == 0:
        return "s", f"Column {column!r} was read as seconds: one moment says nothing of its unit."
    rate = (len(numbers) - 1) / span
    fitting = []
    for unit, scale in SECONDS.items():
        length = span * scale
        if SLOWEST <= rate / scale <= FASTEST and duration * SHORTEST_SHARE <= length <= LONGEST:
            fitting.append(unit)
    alike = [unit for unit in fitting if duration / ALIKE <= span * SECONDS[unit] <= duration * ALIKE]
    chosen = alike if len(fitting) > 1 and len(alike) == 1 else fitting
    if len(chosen) == 1:
        unit = chosen[0]
        return unit, (
            f"Column {column!r} was read as {SPOKEN[unit]}: so the series lasts {span * SECONDS[unit]:,.1f} s at "
            f"{rate / SECONDS[unit]:,.4g} samples a second, beside a video of {duration:,.1f} s. "
            "Give unit= if that is wrong."
        )
    readings = "; ".join(
        f"unit={unit!r} is {span * scale:,.6g} s at {rate / scale:,.4g} samples a second"
        for unit, scale in SECONDS.items()
        if not fitting or unit in fitting
    )
    raise InputError(
        f"The unit of column {column!r} cannot be told from its numbers beside a video of {duration:,.1f} s: "
        f"give unit=. {readings}."
    )
