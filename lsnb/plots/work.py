"""How far annotators are, and how much they did each day."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from lsnb.annotations.votes import DONE
from lsnb.errors import InputError
from lsnb.plots.figures import COLORS, MISSING, Picture, only_words
from lsnb.tables.keys import listing


def progress(table: pd.DataFrame) -> Picture:
    """Return a bar for each annotator: tasks done, skipped and left.

    Args:
        table: What ``study.progress()`` returns: ``annotator, tasks, done, skipped``.

    Raises:
        InputError: One of these columns is not there.

    Example:
        >>> table = pd.DataFrame({"annotator": ["ana", "ben"], "tasks": [4, 4], "done": [4, 1], "skipped": [0, 1]})
        >>> [text.get_text() for text in progress(table).axes[0].get_legend().get_texts()]
        ['done', 'skipped', 'left']
    """
    needed = ("annotator", "tasks", "done", "skipped")
    absent = [name for name in needed if name not in table.columns]
    if absent:
        raise InputError(f"The table has no column {listing(absent)}: give what study.progress() returns.")
    people = [str(name) for name in table["annotator"]]
    done, skipped = table["done"].to_numpy("float64"), table["skipped"].to_numpy("float64")
    left = np.maximum(0, table["tasks"].to_numpy("float64") - done - skipped)
    figure = Picture(figsize=(7.0, max(1.6, 0.45 * len(people) + 1.0)), layout="constrained")
    axes = figure.subplots()
    if not people:
        return only_words(figure, axes, "There are no annotators yet.")
    start = np.zeros(len(people))
    for name, counts, color in (("done", done, COLORS[0]), ("skipped", skipped, COLORS[1]), ("left", left, MISSING)):
        axes.barh(people, counts, left=start, color=color, label=name)
        start = start + counts
    for row, (finished, total) in enumerate(zip(done, table["tasks"], strict=True)):
        axes.text(start[row], row, f"  {finished:.0f} of {total}", va="center", fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("tasks")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(ncols=3, fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
    return figure


def annotations_per_day(annotations: pd.DataFrame) -> Picture:
    """Return bars of how many annotations each annotator finished on each day (UTC), skipped ones too.

    Args:
        annotations: The long table; it is not changed.

    Raises:
        InputError: The table does not say when annotations were made.

    Example:
        >>> long = pd.DataFrame({"project": 1, "task": [1, 2], "annotation": [1, 2], "annotator": "ana",
        ...                      "status": "submitted", "updated_at": ["2026-01-02T09:00Z", "2026-01-04T09:00Z"]})
        >>> [float(bar.get_height()) for bar in annotations_per_day(long).axes[0].patches]
        [1.0, 0.0, 1.0]
    """
    needed = ("annotator", "status", "annotation", "updated_at")
    absent = [name for name in needed if name not in annotations.columns]
    if absent:
        raise InputError(f"The table has no column {listing(absent)}: give the long table of annotations.")
    which = [
        name for name in ("project", "task", "annotation", "annotator", "updated_at") if name in annotations.columns
    ]
    done = annotations.loc[annotations["status"].isin(DONE), which].drop_duplicates()
    days = pd.to_datetime(done["updated_at"], utc=True, format="ISO8601").dt.floor("D")
    done = done.assign(day=days)[days.notna() & done["annotator"].notna()]
    figure = Picture(figsize=(7.0, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.set_title("Annotations per day", fontsize=10)
    if done.empty:
        return only_words(figure, axes, "Nobody has answered yet.")
    every = pd.date_range(done["day"].min(), done["day"].max(), freq="D")
    counts = done.groupby(["annotator", "day"]).size()
    below = np.zeros(len(every))
    for number, name in enumerate(sorted(done["annotator"].unique(), key=str)):
        heights = counts.loc[name].reindex(every, fill_value=0).to_numpy("float64")
        axes.bar(range(len(every)), heights, bottom=below, color=COLORS[number % len(COLORS)], label=str(name))
        below = below + heights
    step = max(1, len(every) // 8)
    axes.set_xticks(range(0, len(every), step), [f"{day:%d %b}" for day in every[::step]])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(fontsize=8, frameon=False, loc="outside right upper")
    return figure
