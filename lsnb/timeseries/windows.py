"""Stretches of equal length for machine learning, with the label that most of their samples have."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.tables.keys import listing, nearest
from lsnb.timeseries.joining import ORIGINAL, TIME
from lsnb.timeseries.placing import usual_step
from lsnb.timeseries.samples import PREFIX, TIMES

# Two samples of an even series are never farther apart than this many steps.
LATE = 1.5
UNEVEN_SHARE = 0.05
NO_CHANNELS = ("timestamp", ORIGINAL, "label_votes", "label_share")


class Windows(NamedTuple):
    """Stretches of a series for machine learning.

    Args:
        values: float64[n, length, channels], a copy.
        labels: object[n], the label of most samples; None where most are unlabelled, or none has enough of them.
        starts: float64[n] seconds of each stretch's first sample.
        shares: float64[n], the share of its samples that have the label, 0 to 1; of None, that have none.
        channels: The names of the channels.
    """

    values: np.ndarray[Any, np.dtype[np.float64]]
    labels: np.ndarray[Any, Any]
    starts: np.ndarray[Any, np.dtype[np.float64]]
    shares: np.ndarray[Any, np.dtype[np.float64]]
    channels: tuple[Hashable, ...]


def windows(
    samples: pd.DataFrame,
    length: float,
    stride: float | None = None,
    *,
    channels: Sequence[Hashable] | None = None,
    label: Hashable | None = None,
    min_share: float = 0.0,
    time: str = TIME,
) -> Windows:
    """Return stretches of equal length from an evenly sampled series, each with the label of most of its samples.

    Stretches that lie over a gap or hold a missing value are left out. Not to be labelled counts as a label of its
    own. Of labels that are equally frequent, the one that comes first in the stretch is taken.

    Args:
        samples: What ``label_samples`` returned for a series with even steps (``lsnb.align(…, resample=50)``), in the
            order of time; it is not changed.
        length: Seconds.
        stride: Seconds from one start to the next; ``length`` by default, so that stretches do not overlap.
        channels: Columns to take; by default every column of numbers but times (a sensor's own too, as
            ``label_samples`` notes them in ``samples.attrs``) and votes.
        label: The column of labels; by default ``label``, or the only ``label.<annotator>``.
        min_share: With a smaller share of the samples the label is None.
        time: The column of seconds.

    Raises:
        InputError: Uneven steps, lengths that make no sense, or columns that are not there; every fault at once.

    Example:
        >>> samples = pd.DataFrame({"time": np.arange(6) / 2, "x": range(6), "label": ["a", "a", "b", "b", "b", "a"]})
        >>> cut = windows(samples, 1.5)
        >>> cut.values[:, :, 0].tolist(), cut.labels.tolist(), cut.starts.tolist()
        ([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], ['a', 'b'], [0.0, 1.5])
    """
    if not isinstance(samples, pd.DataFrame) or not isinstance(time, Hashable) or time not in samples.columns:
        raise InputError(f"samples needs to be a table with a column {time!r}: give what lsnb.label_samples returned.")
    repeated = sorted({str(name) for name in samples.columns[samples.columns.duplicated()]})
    if repeated:
        raise InputError(f"samples has more than one column called {listing(repeated)}: rename all but one.")
    if not pd.api.types.is_numeric_dtype(samples[time].dtype):
        raise InputError(f"Column {time!r} holds no seconds: give what lsnb.label_samples returned, or time=.")
    problems = []
    if not _is_number(length) or not 0 < length < float("inf"):
        problems.append(f"length is {length!r}: give seconds, more than 0.")
    if stride is not None and (not _is_number(stride) or not 0 < stride < float("inf")):
        problems.append(f"stride is {stride!r}: give seconds, more than 0.")
    if not _is_number(min_share) or not 0 <= min_share <= 1:
        problems.append(f"min_share is {min_share!r}: give a share from 0 to 1.")
    chosen, said = _channels(samples, channels, time)
    problems += said
    labels, said = _label_column(samples, label)
    problems += said
    times = samples[time].to_numpy("float64", na_value=np.nan)
    steps = np.diff(times)
    step = usual_step(steps) if len(steps) else float("nan")
    if not np.isfinite(times).all() or (steps <= 0).any():
        problems.append(f"Column {time!r} does not rise from row to row: sort the table by it, without repeats.")
    elif not step > 0:
        problems.append("The series has fewer than two samples, so it cannot be cut into windows.")
    elif (np.abs(steps - step) > max(0.1 * step, 2e-6)).mean() > UNEVEN_SHARE:
        problems.append(
            f"The steps of {time!r} are uneven ({steps.min():.6g} to {steps.max():.6g} s), so windows of equal length "
            "have unequal numbers of samples: use lsnb.align(…, resample=…) first."
        )
    if problems:
        raise InputError(problems)
    size = max(1, round(float(length) / step))
    hop = size if stride is None else max(1, round(float(stride) / step))
    starts = np.arange(0, len(times) - size + 1, hop)
    values = np.stack([samples[name].to_numpy("float64", na_value=np.nan) for name in chosen], axis=1)
    bad = ~np.isfinite(values).all(axis=1)
    late = np.concatenate([[False], steps > LATE * step])
    spoilt = np.concatenate([[0], np.cumsum(bad)])
    broken = np.concatenate([[0], np.cumsum(late)])
    # A gap before a window's first sample does not break it.
    whole = (spoilt[starts + size] == spoilt[starts]) & (broken[starts + size] == broken[starts + 1])
    starts = starts[whole]
    rows = starts[:, None] + np.arange(size)
    found, shares = _most(labels, rows, float(min_share))
    cut = values[rows] if len(starts) else np.zeros((0, size, len(chosen)))
    return Windows(cut, found, times[starts], shares, tuple(chosen))


def _most(labels: pd.Series[Any] | None, rows: Any, min_share: float) -> tuple[Any, Any]:
    found, shares = np.full(len(rows), None, dtype="object"), np.full(len(rows), np.nan)
    if labels is None or not len(rows):
        return found, shares
    codes, names = pd.factorize(labels.astype("object").map(_hashed, na_action="ignore"))
    cells = codes[rows]
    counts = np.stack([(cells == code).sum(axis=1) for code in range(-1, len(names))], axis=1)
    most = counts.max(axis=1)
    tied = (counts == most[:, None]).sum(axis=1) > 1
    best = counts.argmax(axis=1) - 1
    for one in np.flatnonzero(tied):
        among = set((np.flatnonzero(counts[one] == most[one]) - 1).tolist())
        best[one] = next(code for code in cells[one].tolist() if code in among)
    shares = most / cells.shape[1]
    enough = (best >= 0) & (shares >= min_share)
    found[enough] = np.asarray(names, dtype="object")[best[enough]]
    return found, shares


def _channels(samples: pd.DataFrame, channels: Any, time: str) -> tuple[list[Hashable], list[str]]:
    types: Any = pd.api.types
    skipped = {time, *NO_CHANNELS, *samples.attrs.get(TIMES, ())} - set(_named(channels))
    usable: list[Hashable] = [
        name
        for name in samples.columns
        if name not in skipped and not str(name).startswith(PREFIX) and types.is_numeric_dtype(samples[name].dtype)
    ]
    if channels is None:
        return usable, [] if usable else ["The table has no column of numbers to cut: give channels=."]
    if isinstance(channels, str) or not isinstance(channels, Sequence):
        return [], [f"channels is {channels!r}: give a list of columns."]
    absent = [name for name in channels if name not in usable]
    if absent or not channels:
        return [], [
            f"channels names columns that are not there or hold no numbers: {listing(absent)}."
            f"{nearest(absent[0], usable) if absent else ''} Columns of numbers: {listing(usable, 12)}."
        ]
    return list(channels), []


def _named(channels: Any) -> list[Any]:
    return [name for name in channels if isinstance(name, Hashable)] if isinstance(channels, (list, tuple)) else []


def _label_column(samples: pd.DataFrame, label: Hashable | None) -> tuple[pd.Series[Any] | None, list[str]]:
    if label is not None:
        if isinstance(label, Hashable) and label in samples.columns:
            return samples[label], []
        return None, [f"There is no column {label!r} of labels.{nearest(label, samples.columns)}"]
    if "label" in samples.columns:
        return samples["label"], []
    own = [name for name in samples.columns if str(name).startswith(PREFIX)]
    if len(own) > 1:
        return None, [f"Several columns hold labels ({listing(own)}): give label=, or use by='majority'."]
    return (samples[own[0]], []) if own else (None, [])


def _hashed(label: Any) -> Any:
    return label if isinstance(label, Hashable) else str(label)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
