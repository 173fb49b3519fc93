"""What became of each video: the chosen frames or why there are none, as one table and as sentences."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import LsnbError
from lsnb.frames.choices import Choice
from lsnb.frames.sketches import Sketch

COLUMNS = ("video", "frame", "time", "method", "cluster", "score", "reason")


@dataclass(frozen=True)
class Chosen:
    """Frames chosen of one video, in ascending order."""

    frames: list[int]
    times: list[float]
    clusters: list[int | None]
    scores: list[float]
    reasons: list[str]


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Args:
        chosen: The frames, unless across videos.
        sketch: What was read, when frames are chosen across videos.
        notes: What the reader should know.
        error: Why nothing could be chosen, or None.
    """

    chosen: Chosen | None = None
    sketch: Sketch | None = None
    notes: tuple[str, ...] = ()
    error: LsnbError | None = None


def said_of_few(who: str, found: int, choice: Choice) -> str:
    """Return the sentence for a reader who asked for more frames than there are different ones."""
    if choice.method == "motion":
        return f"{who}: n is {choice.n}, and only {found} {'moves' if found == 1 else 'move'}: these were chosen."
    return (
        f"{who}: n is {choice.n}, and only {found} {'frame differs' if found == 1 else 'frames differ'} from the others"
        f"{' and from those chosen before' if found == 0 else ''}: these were chosen, since the rest look the same."
    )


def tell(videos: Sequence[str], outcomes: Sequence[Outcome], notes: Sequence[str]) -> None:
    """Warn of what the reader should know, and of videos that gave no frames; called by a public verb."""
    failed = [(name, outcome.error) for name, outcome in zip(videos, outcomes, strict=True) if outcome.error]
    for note in [*notes, *(note for outcome in outcomes for note in outcome.notes)]:
        warnings.warn(note, stacklevel=3)
    if failed:
        shown = " ".join(str(error) for _, error in failed[:5])
        more = f" And {len(failed) - 5} more." if len(failed) > 5 else ""
        warnings.warn(
            f"{len(failed)} of {len(videos)} videos gave no frames; their rows say why in 'reason'. {shown}{more}",
            stacklevel=3,
        )


def chosen_table(
    videos: Sequence[str],
    outcomes: Sequence[Outcome],
    method: str,
    table: pd.DataFrame | None,
    columns: Sequence[Hashable],
) -> pd.DataFrame:
    """Return a row per chosen frame, and one without a frame for a video that gave none.

    Args:
        videos: Paths as the user wrote them.
        outcomes: What became of each.
        method: The method's name.
        table: The user's table of videos, or None.
        columns: Its columns that are carried along.
    """
    rows: list[tuple[Any, ...]] = []
    sources: list[int] = []
    for place, (name, outcome) in enumerate(zip(videos, outcomes, strict=True)):
        if outcome.error is not None:
            rows.append((name, None, np.nan, method, None, np.nan, f"Nothing chosen: {outcome.error}"))
            sources.append(place)
        elif outcome.chosen is not None:
            one = outcome.chosen
            for frame, time, cluster, score, reason in zip(
                one.frames, one.times, one.clusters, one.scores, one.reasons, strict=True
            ):
                rows.append((name, frame, time, method, cluster, score, reason))
                sources.append(place)
    text = pd.Series(["text"]).dtype  # pandas 3 has a type for text; before, text was objects
    has_failures = any(row[1] is None for row in rows)
    dtypes: list[Any] = [text, "Int64" if has_failures else "int64", "float64", text, "Int64", "float64", text]
    ours = pd.DataFrame(
        {
            name: pd.Series([row[at] for row in rows], dtype=dtype)
            for at, (name, dtype) in enumerate(zip(COLUMNS, dtypes, strict=True))
        }
    )
    if table is None or not columns:
        return ours
    theirs = table[list(columns)].iloc[sources].reset_index(drop=True)
    return pd.concat([theirs, ours], axis=1)
