"""The regions of one control, item by item and annotator by annotator, in the form in which they are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from lsnb.annotations.raw import raw_results
from lsnb.annotations.votes import checked, latest
from lsnb.errors import InputError
from lsnb.labels.vocabulary import KINDS, is_region
from lsnb.reliability.alpha import Floats
from lsnb.shapes import (
    Mask,
    Track,
    box_iou,
    mask_iou,
    outline,
    outline_iou,
    picture_size,
    point_nearness,
    span_iou,
    to_pixels,
)

Measure = Literal["boxes", "outlines", "masks", "key points", "spans", "timelines", "tracks"]
# Their geometry is in the raw results alone.
FROM_RAW = frozenset({"outlines", "masks", "tracks"})
LINES = frozenset({"spans", "timelines"})


@dataclass(frozen=True)
class Region:
    """One region: what it is called, and where it is.

    Args:
        label: Its label, several joined by `` + ``; None without one.
        place: A box (x, y, width, height, rotation), corners (n × 2), a ``Mask`` or the result that holds one, a point
            (2), a stretch (2), or a ``Track``.
    """

    label: str | None
    place: Any


Places = dict[str, dict[str, list[Region]]]


def is_drawn(annotations: pd.DataFrame, control: str) -> bool:
    """Return whether a control marks parts of items, rather than answering questions.

    Example:
        >>> is_drawn(pd.DataFrame({"control": ["box"], "kind": ["rectangle"]}), "box")
        True
    """
    if "kind" not in annotations.columns:
        return False
    kinds = annotations.loc[annotations["control"].eq(control).fillna(False).astype(bool), "kind"].dropna().unique()
    return any(is_region(kind) for kind in kinds)


def regions_of(annotations: pd.DataFrame, control: str) -> tuple[Measure, Places, str]:
    """Return how a control's regions are compared, and the regions: item → annotator → regions.

    Whoever submitted an annotation of an item without drawing there has an empty list: no region is an answer, too.

    Args:
        annotations: The long table, with its raw results where outlines, masks or tracks are drawn; it is not changed.
        control: The name of a control in the label config.

    Returns:
        The measure, the regions, and a note about what could not be known.

    Raises:
        InputError: No long table, no such control, one that draws nothing, or no raw results where they are needed.
    """
    table = checked(annotations, control)
    if not is_drawn(table, control):
        raise InputError(f"The control {control!r} draws no regions: lsnb.agreement compares its answers.")
    done = latest(table)
    done = done[done["status"].isin(["submitted", "empty"])]
    here = done["control"].eq(control).fillna(False).astype(bool) & done["region"].notna()
    rows = done[here & done["kind"].map(is_region).astype(bool)]
    results = raw_results(rows) if "raw" in rows.columns else [None] * len(rows)
    measure = _measure(rows, results, control)
    places: Places = {}
    for item, who in done[["item", "annotator"]].drop_duplicates().itertuples(index=False):
        places.setdefault(item, {})[who] = []
    groups: dict[tuple[Any, ...], tuple[set[str], int]] = {}
    unplaced: set[Any] = set()
    columns = rows.to_dict("list")
    for number, value in enumerate(columns["value"]):
        whose = (columns["item"][number], columns["annotator"][number], columns["region"][number])
        if measure in LINES:
            ends: tuple[str, str] = ("start_frame", "end_frame") if measure == "timelines" else ("start", "end")
            whose = (*whose, *(columns[name][number] for name in ends))
            if pd.isna(columns[ends[0]][number]) or pd.isna(columns[ends[1]][number]):
                unplaced.add(whose[2])
                continue
        labels, _ = groups.setdefault(whose, (set(), number))
        if isinstance(value, str):
            labels.add(value)
    results = _with_sizes(results, columns["item"])
    notes = set()
    if unplaced:
        notes.add(f"Not compared, having no place on one line (paths, paragraphs): {len(unplaced)} regions.")
    for (item, who, *_), (labels, number) in groups.items():
        place, note = _place(measure, columns, number, results[number])
        notes.add(note)
        places[item][who].append(Region(" + ".join(sorted(labels)) or None, place))
    return measure, places, " ".join(sorted(notes - {""}))


def _with_sizes(results: list[Any], items: list[Any]) -> list[Any]:
    """Return results that know their picture's size where any result of the same picture does.

    What is sent through the API, as models do, may lack it; pixels must not be compared with percent.
    """
    known = [picture_size(result) for result in results]
    sizes = {item: size for item, size in zip(items, known, strict=True) if not np.isnan(size[0])}
    return [
        {**result, "original_width": sizes[item][0], "original_height": sizes[item][1]}
        if np.isnan(size[0]) and item in sizes and isinstance(result, Mapping)
        else result
        for item, size, result in zip(items, known, results, strict=True)
    ]


def scores(measure: Measure, a: list[Region], b: list[Region]) -> Floats:
    """Return how well each region of one annotator fits each of another: from 0 to 1 (key points: 1 / (1 + distance)).

    Args:
        measure: How regions are compared.
        a: The regions of one annotator.
        b: Those of the other.

    Example:
        >>> here, there = Region("car", np.array([0, 0, 2, 2, 0])), Region("car", np.array([1, 0, 2, 2, 0]))
        >>> scores("boxes", [here], [there]).round(3).tolist()
        [[0.333]]
    """
    if not a or not b:
        return np.zeros((len(a), len(b)))
    ours, theirs = ([region.place for region in regions] for regions in (a, b))
    if measure == "tracks":
        return np.array([[one.iou(other) for other in theirs] for one in ours])
    return OVERLAPS[measure](ours, theirs)


OVERLAPS: Mapping[Measure, Callable[[Any, Any], Floats]] = {
    "boxes": box_iou,
    "outlines": outline_iou,
    "masks": mask_iou,
    "key points": point_nearness,
    "spans": span_iou,
    "timelines": span_iou,
}


def placed(measure: Measure, regions: list[Region]) -> list[Region]:
    """Return regions with their masks, which are read when they are compared and no sooner."""
    if measure != "masks":
        return regions
    return [Region(region.label, Mask.from_result(region.place)) for region in regions]


def _measure(rows: pd.DataFrame, results: list[Any], control: str) -> Measure:
    found: set[Measure] = set()
    kinds, x, start, frame = rows["kind"], rows["x"].notna(), rows["start"].notna(), rows["start_frame"].notna()
    for kind, has_x, has_start, has_frame, result in zip(kinds, x, start, frame, results, strict=True):
        value = result.get("value") if isinstance(result, Mapping) else None
        value = value if isinstance(value, Mapping) else {}
        shape = KINDS[kind].shape
        if shape == "Mask" or "rle" in value or "imageDataURL" in value:
            found.add("masks")
        elif shape in ("Outline", "Ellipse") or value.keys() & {"points", "vertices", "radiusX"}:
            found.add("outlines")
        elif shape == "Point":
            found.add("key points")
        elif has_frame:
            found.add("tracks" if has_x else "timelines")
        elif has_x:
            found.add("boxes")
        elif has_start:
            found.add("spans")
    if found == {"boxes", "outlines"}:
        found = {"outlines"}
    if not found:
        return "spans"
    if len(found) > 1:
        raise InputError(
            f"The control {control!r} draws {', '.join(sorted(found))}, which cannot be compared with each other: "
            "keep the rows of one kind."
        )
    measure = next(iter(found))
    if measure in FROM_RAW:
        raw_results(rows)
    return measure


def _place(measure: Measure, columns: Mapping[Any, list[Any]], row: int, result: Any) -> tuple[Any, str]:
    if measure == "timelines":
        # Frames [9, 15] with both ends are the stretch from 8 to 15.
        return np.array([columns["start_frame"][row] - 1, columns["end_frame"][row]], dtype="float64"), ""
    if measure == "spans":
        return np.array([columns["start"][row], columns["end"][row]], dtype="float64"), ""
    if measure == "masks":
        return result, ""
    size = picture_size(result)
    unknown = bool(np.isnan(size[0]))
    if measure == "tracks":
        track = Track.from_value(result["value"])
        if not unknown:
            return track.in_pixels(size), ""
        return track, SQUARE if np.nan_to_num(track.boxes[:, 4]).any() else ""
    if measure == "key points":
        point = np.array([columns["x"][row], columns["y"][row]], dtype="float64")
        note = "Distances are in percent: pictures' sizes are in the raw results (raw=True)." if unknown else ""
        return point if unknown else to_pixels(point, size), note
    if measure == "outlines":
        drawn = outline(result)
        return drawn, "" if len(drawn) > 2 else "Lines have no area, so they share nothing."
    box = np.array([columns[name][row] for name in ("x", "y", "width", "height", "rotation")], dtype="float64")
    if not unknown:
        box[:4] = to_pixels(box[:4], size)
    return box, SQUARE if unknown and np.nan_to_num(box[4]) else ""


SQUARE = (
    "Turned boxes are compared as on square pictures: the raw results have the sizes (raw=True), those of videos not."
)
