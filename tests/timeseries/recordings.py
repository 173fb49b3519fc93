"""Made recordings, and the editor's own way of reading a CSV file."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd


def recording(times: Any, **columns: Any) -> pd.DataFrame:
    """A sensor's table: ``timestamp`` and a channel ``x`` that counts its rows from 0."""
    return pd.DataFrame({"timestamp": times, "x": np.arange(len(times), dtype="float64"), **columns})


def marks(*rows: tuple[str, str, float, float], control: str = "act", kind: str = "timeserieslabels") -> pd.DataFrame:
    """The long table of stretches ``(annotator, label, start, end)`` of one item."""
    table = pd.DataFrame(rows, columns=["annotator", "value", "start", "end"])
    table = table.assign(item="1", control=control, kind=kind, status="submitted", region=None)
    table["start_frame"], table["end_frame"] = pd.array([pd.NA] * len(table), "Int64"), pd.NA
    return table


def parse_as_editor(text: str) -> dict[str, list[Any]]:
    """Read a CSV as the editor of release 1.23.2 does (``parseCSV``): its own pattern, lower case, empty is 0."""
    pattern = re.compile(r'"(?:""|[^"])*"|[^",]+|(?=,(?:,|$))|^(?=,)')
    lines = [line for line in text.split("\n") if line.strip()]
    names = [name.lower() for name in pattern.findall(lines[0].strip())]
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for line in lines[1:]:
        for name, cell in zip(names, pattern.findall(line.strip()), strict=True):
            columns[name].append(_number(cell))
    return columns


def _number(cell: str) -> Any:
    try:
        value = float(cell) if cell.strip() else 0.0
    except ValueError:
        return cell
    return value if math.isfinite(value) else cell


def shared_signal(seed: int, seconds: float, *, offset: float, drift: float, noise: float = 0.3) -> tuple[Any, ...]:
    """Bursts seen by a sensor at 50 Hz and a video at 30 frames a second: sensor times, values, video times, values."""
    chance = np.random.default_rng(seed)
    fine = np.arange(-70, seconds + 70, 1 / 200)
    bursts = chance.normal(size=len(fine)) ** 2 * (chance.random(len(fine)) < 0.02)
    truth = np.convolve(bursts, np.exp(-np.arange(60) / 20), "same")
    video = np.arange(0, seconds, 1 / 30)
    on_video = np.arange(-40, seconds + 40, 1 / 50)
    spread = noise * truth.std()
    seen = np.interp(video, fine, truth) + spread * chance.normal(size=len(video))
    felt = np.interp(on_video, fine, truth) + spread * chance.normal(size=len(on_video))
    return (on_video - offset) / drift, felt, video, seen
