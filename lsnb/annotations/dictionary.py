"""What each column of lsnb's tables means, for whoever gets the file without the notebook."""

from __future__ import annotations

from typing import Any

import pandas as pd

MEANINGS = {
    "item": "Key of the item, as text: what identifies it in the researcher's own table",
    "project": "Number of the project on Label Studio",
    "task": "Number of the task on Label Studio",
    "annotation": "Number of the annotation on Label Studio",
    "annotator": "Who annotated",
    "control": "Name of the control (question or tool) in the label config",
    "kind": "Label Studio's type of result",
    "region": "Id of the region, the same for all rows about it; missing for answers about the whole item",
    "value": "The answer: a label, choice, number or text; rows of several answers repeat the item",
    "score": "How sure the answer is, where the result says so",
    "status": "submitted, skipped, empty (submitted without an answer), draft, or unlabelled",
    "x": "Left edge (of an ellipse before rotation; of a key point its place), percent of the picture's width",
    "y": "Top edge (likewise), percent of the picture's height",
    "width": "Width before rotation, percent of the picture's width",
    "height": "Height before rotation, percent of the picture's height",
    "rotation": "Degrees, clockwise, about the top left corner (of an ellipse about its centre)",
    "start": "Start: seconds of audio or video, characters of a text from 0, or the time series' own numbers",
    "end": "End, exclusive; in the unit of start",
    "start_frame": "First frame, counted from 1",
    "end_frame": "Last frame, inclusive",
    "lead_time": "Seconds the annotator took for the whole annotation",
    "updated_at": "When the annotation was last changed, UTC",
    "raw": "The result as Label Studio stores it, as JSON",
    "frame": "Frame of the video, counted from 1",
    "time": "Seconds from the start of the video: (frame - 1) / frames per second",
    "keyframe": "Whether somebody drew the box in this frame; else it lies between two that were drawn",
    "x_px": "x in pixels",
    "y_px": "y in pixels",
    "width_px": "width in pixels",
    "height_px": "height in pixels",
    "picture_width": "Width of the picture in pixels",
    "picture_height": "Height of the picture in pixels",
    "n": "Number of votes or annotators",
    "share": "Share of the votes for the most frequent answer, 0 to 1",
    "tie": "Whether several answers were equally frequent",
    "how": "unanimous, majority, single (one vote), adjudicated, tie rule, or undecided",
    "disagreement": "Mean distance of two annotators' answers, 0 to 1",
    "answers": "What each annotator answered",
    "label": "What the region is called",
    "source": "Id of the region from which the relation goes",
    "target": "Id of the region to which the relation goes",
    "source_label": "Label of the region from which the relation goes",
    "target_label": "Label of the region to which the relation goes",
    "direction": "Direction of the relation: right, left or bi",
    "labels": "Labels of the relation",
    "split": "Part of the data: training, validation or test",
    "label_votes": "How many annotators labelled this sample",
    "label_share": "Share of them who gave the most frequent label, 0 to 1",
    "sensor_start": "Start on the sensor's own clock, as its file writes it",
    "sensor_end": "End, exclusive, on the sensor's own clock, as its file writes it",
    "image_width": "Width of the picture in pixels",
    "image_height": "Height of the picture in pixels",
    "is_context": "Whether the frame is there for its neighbours' sake, not to be labelled",
    "fps": "Frames per second",
    "problem": "Why there is no image",
}
SHOWN = 3


def data_dictionary(table: pd.DataFrame, meanings: dict[str, str] | None = None) -> pd.DataFrame:
    """Return a row for each column of a table: what it means, its type, what is in it.

    Args:
        table: Any of lsnb's tables, with the user's own columns or not.
        meanings: Column → what it means, for columns that lsnb does not know.

    Returns:
        ``column, meaning, type, filled`` (rows with a value), ``distinct`` and ``examples``.

    Example:
        >>> data_dictionary(pd.DataFrame({"item": ["a", None]}))[["column", "type", "filled"]].values.tolist()
        [['item', 'text', 1]]
    """
    rows = []
    for name in table.columns:
        column = table[name]
        texts = column.dropna().map(str)
        known = (meanings or {}).get(str(name)) or MEANINGS.get(str(name))
        if known is None and str(name).startswith("data."):
            known = f"Column {str(name).removeprefix('data.')!r} of the researcher's table"
        if known is None and str(name).startswith("answer."):
            known = f"Answer to {str(name).removeprefix('answer.')!r} about the region"
        examples = "; ".join(text[:40] for text in sorted(texts.unique())[:SHOWN])
        rows.append((str(name), known or "", _type(column), len(texts), texts.nunique(), examples))
    return pd.DataFrame(rows, columns=["column", "meaning", "type", "filled", "distinct", "examples"])


def _type(column: pd.Series[Any]) -> str:
    kinds: Any = pd.api.types
    if kinds.is_bool_dtype(column.dtype):
        return "yes or no"
    if kinds.is_integer_dtype(column.dtype):
        return "whole number"
    if kinds.is_float_dtype(column.dtype):
        return "number"
    if kinds.is_datetime64_any_dtype(column.dtype):
        return "time (UTC)"
    found = {type(value) for value in column.dropna()}
    return "text" if found <= {str} else "number" if found <= {int, float} else "text, numbers or lists"
