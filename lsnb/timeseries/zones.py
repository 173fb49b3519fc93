"""Local times in a zone: the hour that an autumn night has twice, and the one that a spring night lacks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError


def localized(times: pd.Series[Any], tz: Any, where: str) -> tuple[pd.Series[Any], list[str]]:
    """Return local times of a zone as UTC (without saying so), and notes.

    In the hour that clocks show twice, the order of the rows decides: where the times jump back, the second hour
    begins.

    Args:
        times: Datetimes without a zone.
        tz: The zone, for example ``"Europe/Berlin"``.
        where: The column, for messages.

    Raises:
        InputError: No such zone, a time that the zone's clocks skipped, or one they showed twice and nothing tells
            which.

    Example:
        >>> noon = pd.Series(pd.to_datetime(["2026-07-01 12:00"]))
        >>> str(localized(noon, "Europe/Berlin", "it")[0][0])
        '2026-07-01 10:00:00'
    """
    given = times.notna().to_numpy()
    try:
        # NaT where a time does not exist or is there twice.
        summer = times.dt.tz_localize(tz, ambiguous=np.ones(len(times), dtype="bool"), nonexistent="NaT")
        winter = times.dt.tz_localize(tz, ambiguous=np.zeros(len(times), dtype="bool"), nonexistent="NaT")
    except (ValueError, TypeError, KeyError, OSError, AttributeError):
        raise InputError(f"tz is {tz!r}: give the name of a zone, for example 'Europe/Berlin' or 'UTC'.") from None
    skipped = np.flatnonzero(summer.isna().to_numpy() & given)
    if len(skipped):
        raise InputError(
            f"In {where} {times.iloc[skipped[0]]} never was in {tz}: clocks were put forward over it. The times are of "
            "another zone, or the sensor did not follow: give tz='UTC' or the sensor's own zone, such as 'Etc/GMT-1'."
        )
    twice = summer.ne(winter).to_numpy() & given
    early, late = (
        column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[ns]") for column in (summer, winter)
    )
    if not twice.any():
        return pd.Series(early, index=times.index), []
    local = times.to_numpy("datetime64[ns]")
    rows = np.flatnonzero(twice)
    back = np.flatnonzero(np.diff(local[rows]) < np.timedelta64(0))
    chosen = early.copy()
    if len(back) == 1 and local[rows[back[0] + 1]] - local[rows[back[0]]] <= -np.timedelta64(30, "m"):
        second = rows[back[0] + 1 :]
        chosen[second] = late[second]
        return pd.Series(chosen, index=times.index), [
            f"In {where} the clocks of {tz} were put back: from {times.iloc[second[0]]} on, where the times jump back, "
            "they were taken as of the second time round."
        ]
    raise InputError(
        f"In {where} {times.iloc[rows[0]]} was twice in {tz}, as clocks were put back, and nothing tells which is "
        "meant: give the times in UTC, or with their offset ('… +02:00')."
    )
