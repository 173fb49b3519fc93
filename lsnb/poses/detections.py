"""How unsure a detector was of each frame: from the boxes it found, or the probabilities it gave to classes."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from lsnb.errors import TableError
from lsnb.poses.table import Floats
from lsnb.tables.keys import listing, nearest

# What an item of an extracted frame ends in.
LONGEST_ITEM = 4096
_FRAME = re.compile(r"^(?P<video>.*?)[/_ ]?(?:img|frame_?)?(?P<frame>\d+)(?:\.\w+)?$")


def is_detections(table: pd.DataFrame) -> bool:
    """Return whether a table has a detector's columns: scores, or probabilities of classes (``p.<class>``)."""
    return table.columns.nlevels == 1 and ("score" in table.columns or bool(_classes(table)))


def detection_frames(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the columns ``video`` (text, empty where unknown) and ``frame`` (0-based).

    Args:
        table: A detector's: a row per box with ``score`` (and ``label``), or a row per frame with ``p.<class>`` for
            each class; ``frame``, or an ``item`` that ends in it (``trial/img00000012.png``). It is not changed.

    Raises:
        TableError: The frames cannot be told, or a score is no number from 0 to 1.

    Example:
        >>> boxes = pd.DataFrame({"item": ["trial/img00000012"], "score": [0.5]})
        >>> detection_frames(boxes)[["video", "frame"]].values.tolist()
        [['trial', 12]]
    """
    problems = []
    found = table.copy()
    if "frame" in table.columns:
        frames = pd.to_numeric(table["frame"], errors="coerce")
        wrong = frames.isna() | (frames < 0) | (frames % 1 != 0)
    elif "item" in table.columns:
        # A longer name is of no file, and a pattern would look at each of its digits anew.
        parts = table["item"].astype(str).str[:LONGEST_ITEM].str.extract(_FRAME)
        frames = pd.to_numeric(parts["frame"], errors="coerce")
        wrong = frames.isna()
        if "video" not in table.columns:
            found["video"] = parts["video"].fillna("")
    else:
        raise TableError(
            f"The detector's table has neither a column 'frame' nor 'item'.{nearest('frame', table.columns)} Its "
            f"columns: {listing(list(table.columns), 12)}."
        )
    if wrong.any():
        column = "frame" if "frame" in table.columns else "item"
        shown = listing([repr(value) for value in table.loc[wrong, column].unique().tolist()], 3)
        problems.append(f"Column {column!r} of the detector's table does not say the frame, counted from 0: {shown}.")
    for name in _scores(table):
        scores = pd.to_numeric(table[name], errors="coerce")
        bad = (scores.isna() & table[name].notna()) | (scores < 0) | (scores > 1)
        if bad.any():
            shown = listing([repr(value) for value in table.loc[bad, name].unique().tolist()], 3)
            problems.append(f"Column {name!r} of the detector's table should be from 0 to 1, and holds {shown}.")
        found[name] = scores
    if problems:
        raise TableError(problems)
    found["frame"] = frames.astype("int64")
    if "video" not in found.columns:
        found["video"] = ""
    return found


def detection_confidence(detections: pd.DataFrame, frames: int) -> Floats:
    """Return the confidence of the least sure detection of each frame, missing where there is none.

    Args:
        detections: One video's, with ``frame`` and ``score`` or ``p.<class>``; of classes the most probable counts.
        frames: How many frames the video has.

    Example:
        >>> detection_confidence(pd.DataFrame({"frame": [0, 0, 2], "score": [0.9, 0.4, 0.8]}), 3).tolist()
        [0.4, nan, 0.8]
    """
    classes = _classes(detections)
    scores = detections[classes].max(axis=1) if classes else detections["score"]
    return _by_frame(detections, scores.to_numpy("float64"), frames, least=True)


def detection_entropy(detections: pd.DataFrame, frames: int) -> Floats:
    """Return the entropy of the most doubtful detection of each frame, 0 (sure) to 1 (could be either).

    H = −Σ p log p / log k over the k classes' probabilities (Shannon, 1948); from a score alone, over the score and
    what it leaves to 1, k = 2.

    Args:
        detections: One video's, with ``frame`` and ``score`` or ``p.<class>``.
        frames: How many frames the video has.

    Example:
        >>> detection_entropy(pd.DataFrame({"frame": [0, 1], "score": [0.5, 1.0]}), 2).tolist()
        [1.0, 0.0]
    """
    classes = _classes(detections)
    if classes:
        given = detections[classes].to_numpy("float64")
        totals = given.sum(axis=1, keepdims=True)
        chances: Floats = np.divide(given, totals, out=np.full_like(given, np.nan), where=totals > 0)
    else:
        scores = detections["score"].to_numpy("float64")
        chances = np.column_stack([scores, 1 - scores])
    logs = np.log(chances, out=np.zeros_like(chances), where=chances > 0)
    entropy = -(chances * logs).sum(axis=1) / np.log(max(2, chances.shape[1]))
    return _by_frame(detections, entropy + 0.0, frames, least=False)


def _classes(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table.columns if str(name).startswith("p.")]


def _scores(table: pd.DataFrame) -> list[str]:
    return [name for name in ("score", *_classes(table)) if name in table.columns]


def _by_frame(detections: pd.DataFrame, values: Floats, frames: int, *, least: bool) -> Floats:
    result = np.full(frames, np.nan)
    at = detections["frame"].to_numpy("int64")
    known = np.isfinite(values)
    start = np.inf if least else -np.inf
    result[np.unique(at[known])] = start
    (np.minimum if least else np.maximum).at(result, at[known], values[known])
    return result
