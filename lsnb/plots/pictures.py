"""What annotators marked, each in a colour of their own: on a time line, and on the picture."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Polygon
from matplotlib.transforms import Bbox, offset_copy

from lsnb.annotations.long import ANSWERED, require_columns
from lsnb.annotations.votes import checked, latest
from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.kernel import checks
from lsnb.kernel.checks import Annotations, Count, Give, Within
from lsnb.kernel.files import named_path
from lsnb.kernel.formats import MOST_PIXELS, picture_faults
from lsnb.kernel.words import counted, nearest
from lsnb.labels.vocabulary import KINDS, kinds_of
from lsnb.plots.looks import (
    COLORS,
    MISSING,
    Picture,
    apart,
    folded,
    headline,
    lacking_letters,
    legend_beside,
    line_look,
    look,
    only_words,
    room_for,
    shortened,
)
from lsnb.poses.ensembles import read_ensemble
from lsnb.poses.finding import read_sources
from lsnb.shapes import brush_mask, outline, picture_size, to_percent, to_pixels
from lsnb.tables.cells import flags
from lsnb.timeseries.aligned import OnVideo
from lsnb.timeseries.offsets import Correlation

Image = str | os.PathLike[str] | np.ndarray[Any, Any]
HUNDRED = (100.0, 100.0)
DRAWN = frozenset(
    kind for kind, tag in KINDS.items() if tag.is_region and "Image" in tag.media and not tag.names_others
)


@checks.checked
def timeline(annotations: Annotations, item: str, control: str) -> Picture:
    """Return the segments that each annotator marked on one item, a line each, coloured by label.

    Args:
        annotations: The long table; it is not changed.
        item: The item's key.
        control: A control that marks stretches of video, audio, text or a time series.

    Returns:
        Against seconds (or what ``start`` counts); against frames where the frame rate is unknown. An instant, which
        ends where it starts, is a line.

    Raises:
        InputError: No such item or control.

    Example:
        >>> columns = ["annotator", "value", "start", "end"]
        >>> long = pd.DataFrame([("ana", "run", 0.5, 2.0), ("ben", "run", 1.0, 2.0)], columns=columns)
        >>> figure = timeline(long.assign(item="1", control="act", kind="labels", status="submitted"), "1", "act")
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['ana', 'ben']
    """
    done = _of_item(annotations, item, control)
    people = sorted(done["annotator"].unique())
    rows = done[done["control"].eq(control).fillna(False).astype(bool)]
    frames = rows["start"].isna().all() and "start_frame" in rows and rows["start_frame"].notna().any()
    # Around each frame's own number on the axis, its half before and its half behind.
    starts = (rows["start_frame"].astype("Float64") - 0.5 if frames else rows["start"]).to_numpy(
        "float64", na_value=np.nan
    )
    ends = (rows["end_frame"].astype("Float64") + 0.5 if frames else rows["end"]).to_numpy("float64", na_value=np.nan)
    labels = sorted({str(value) for value in rows["value"].dropna()})
    place = {label: number for number, label in enumerate(labels)}
    marks = [
        (people.index(who), place.get(str(value), -1), start, end)
        for who, value, start, end in zip(rows["annotator"], rows["value"], starts, ends, strict=True)
        if not math.isnan(start)
    ]
    lanes, many = _lanes(marks, len(labels))
    names = list(apart([str(name) for name in people]).values())
    high = max(1.6, len(people) * max(0.45, 0.12 * many) + 0.9, min(8.0, 0.19 * len(labels) + 0.4))
    legend = room_for(list(apart(labels).values()))
    figure = Picture(figsize=(6.0 + room_for(names) + legend, high), layout="constrained")
    axes = figure.subplots()
    headline(figure, control, shortened(str(item), 60))
    if not marks:
        return only_words(figure, axes, "Nobody has marked a segment here.")
    height = 0.8 / many
    for (row, label, start, end), lane in zip(marks, lanes, strict=True):
        at = row - 0.4 + (lane + 0.5) * height
        fill = look(label) if label >= 0 else {"facecolor": MISSING, "edgecolor": "black"}
        axes.barh(at, end - start, height, left=start, **fill)
        if end <= start:
            # An instant has no width of its own.
            axes.plot([start, start], [at - height / 2, at + height / 2], color=fill["facecolor"], linewidth=2)
    axes.set_yticks(range(len(people)), names)
    axes.set_ylim(len(people) - 0.5, -0.5)
    is_video = "start_frame" in rows and rows["start_frame"].notna().any()
    axes.set_xlabel("frames, from 1" if frames else "seconds" if is_video else "start to end")
    axes.spines[["top", "right"]].set_visible(False)
    legend_beside(figure, labels)
    return figure


def _lanes(marks: Sequence[tuple[int, int, float, float]], labels: int) -> tuple[list[int], int]:
    """Return the lane of each mark in its row, and how many lanes there are, so that none lies over another.

    Of few labels each has a lane of its own; of many, marks of one row share lanes where they do not overlap.
    """
    if labels <= len(COLORS) and all(label >= 0 for _, label, _, _ in marks):
        return [label for _, label, _, _ in marks], max(1, labels)
    lanes = [0] * len(marks)
    free: dict[int, list[float]] = {}
    for number in sorted(range(len(marks)), key=lambda one: marks[one][2:]):
        row, _, start, end = marks[number]
        taken = free.setdefault(row, [])
        lane = next((lane for lane, until in enumerate(taken) if until <= start), len(taken))
        taken[lane : lane + 1] = [max(end, math.nextafter(start, math.inf))]
        lanes[number] = lane
    return lanes, max((len(taken) for taken in free.values()), default=1)


@checks.checked
def overlay(annotations: Annotations, item: str, control: str, picture: Image | None = None) -> Picture:
    """Return everybody's regions on one picture, a colour for each annotator.

    Args:
        annotations: The long table; with raw results (``raw=True``) for outlines, masks and turned boxes. It is not
            changed.
        item: The item's key.
        control: A control that draws on pictures.
        picture: A file, or an array of pixels (height × width × colours); an empty canvas without.

    Raises:
        InputError: No such item or control.
        MissingFileError: There is no such file.

    Example:
        >>> place = {"x": 10.0, "y": 10.0, "width": 20.0, "height": 20.0, "value": "car"}
        >>> long = pd.DataFrame([{"annotator": who, **place} for who in ("ana", "ben")])
        >>> long = long.assign(item="1", control="box", kind="rectangle", status="submitted", region="r")
        >>> len(overlay(long, "1", "box").axes[0].patches)
        2
    """
    figure = Picture(figsize=(8.0, 5.2), layout="constrained")
    axes = figure.subplots()
    headline(figure, control, shortened(str(item), 60))
    people = _people_of(_of_item(annotations, item, control))
    if not _draw(axes, annotations, item, control, picture, people):
        axes.text(0.5, 0.02, "Nobody has drawn here.", ha="center", transform=axes.transAxes)
        return figure
    legend_beside(figure, people, lines=True)
    _spread_words(figure, [axes])
    return figure


def disputed_sheet(
    disputed: pd.DataFrame,
    pictures: Mapping[str, Image],
    *,
    annotations: pd.DataFrame | None = None,
    control: str | None = None,
    n: int = 12,
) -> Picture:
    """Return the most disputed items as small pictures, with what each annotator answered.

    Args:
        disputed: What ``lsnb.disputed`` returned: the worst first.
        pictures: Item → its file, or an array of pixels; items without one are drawn empty.
        annotations: The long table, to draw everybody's regions.
        control: The control that drew them.
        n: How many items.

    Raises:
        InputError: The table is not of disputed items.
        MissingFileError: There is no such file.

    Example:
        >>> worst = pd.DataFrame({"item": ["2"], "n": [2], "disagreement": [1.0], "answers": ["ana: x; ben: y"]})
        >>> contact_sheet(worst, {"2": np.zeros((4, 6, 3))}).axes[0].get_title()
        '2 (1.00)\\nana: x; ben: y'
    """
    absent = [name for name in ("item", "disagreement", "answers") if name not in disputed.columns]
    if absent:
        raise InputError(f"The table has no column {', '.join(absent)}: give what lsnb.disputed returns.")
    shown = disputed.head(n)
    across = min(4, max(1, len(shown)))
    down = max(1, math.ceil(len(shown) / across))
    names = apart([str(item) for item in shown["item"]])
    titles = [
        folded(
            f"{names[str(row.item)]} ({row.disagreement:.2f})\n{shortened(' '.join(str(row.answers).split()), 100)}",
            WIDTH,
            TITLE,
        )
        for row in shown.itertuples(index=False)
    ]
    lines = max((title.count("\n") for title in titles), default=0)
    people: list[str] = []
    if annotations is not None and control is not None:
        done = checked(annotations, control)
        people = _people_of(done[done["item"].isin(shown["item"].astype(str)) & done["status"].isin(ANSWERED)])
    beside = room_for(list(apart(people).values())) + 0.6 if people else 0.0
    figure = Picture(figsize=(2.6 * across + beside, (2.2 + LINE * lines) * down), layout="constrained")
    grid = np.atleast_1d(figure.subplots(down, across, squeeze=False)).ravel()
    if shown.empty:
        return only_words(figure, grid[0], "No two annotators disagree.")
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    for axes, title, item in zip(grid, titles, shown["item"].astype(str), strict=False):
        if annotations is not None and control is not None:
            _draw(axes, annotations, item, control, pictures.get(item), people, SMALL)
        else:
            _show(axes, pictures.get(item))
        axes.set_title(title, fontsize=TITLE)
    if people:
        legend_beside(figure, people, lines=True)
        _spread_words(figure, grid[: len(shown)])
    return figure


@checks.checked
def overlays(
    annotations: Annotations,
    pictures: Mapping[str, Image] | pd.Series,
    control: str | None = None,
    *,
    n: Count = 6,
) -> Picture:
    """Return the regions on several pictures side by side, a colour for each annotator or model.

    Args:
        annotations: The long table, as for ``overlay``; for example ``study.model_run("v2").predictions``.
        pictures: Item → a file, or an array of pixels; items that are not there are drawn empty.
        control: A control that draws on pictures; by default the first that drew anything.
        n: How many items at most, those with the most regions first.

    Raises:
        InputError: No such control.
        MissingFileError: There is no such file.

    Example:
        >>> place = {"x": 10.0, "y": 10.0, "width": 20.0, "height": 20.0, "value": "car", "annotator": "m"}
        >>> long = pd.DataFrame([{"item": item, **place} for item in ("1", "2", "2")])
        >>> long = long.assign(region=list("abc"), control="box", kind="rectangle", status="submitted")
        >>> [axes.get_title() for axes in overlays(long, {}).axes]
        ['2: 2 regions', '1: 1 region']
    """
    require_columns(annotations, "item", "control", "kind", "region")
    drawn = annotations[annotations["kind"].isin(DRAWN)]
    if control is None:
        control = next(iter(drawn["control"]), None)
    table = annotations if control is None else checked(annotations, control)
    counts = table[table["control"].eq(control or "").fillna(False)].groupby("item", sort=False)["region"].nunique()
    found = dict.fromkeys(annotations["item"].dropna().astype(str), 0)
    found |= {str(item): int(count) for item, count in counts.items()}
    ordered = dict(sorted(found.items(), key=lambda pair: -pair[1])[:n])
    across = min(3, max(1, len(ordered)))
    down = max(1, math.ceil(len(ordered) / across))
    mine = (
        table[table["item"].astype(str).isin(ordered) & table["status"].isin(ANSWERED)]
        if control is not None
        else table
    )
    people = _people_of(mine) if len(counts) else []  # also of regions that a file gives no names, which are drawn
    beside = room_for(list(apart(people).values())) + 0.6 if people else 0.0
    figure = Picture(figsize=(3.6 * across + beside, 3.1 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False).ravel()
    if not ordered:
        return only_words(figure, grid[0], "There is nothing to draw.")
    for axes in grid[len(ordered) :]:
        axes.remove()
    names = apart(ordered, 30)
    for axes, (item, count) in zip(grid, ordered.items(), strict=False):
        picture: Image | None = pictures.get(item)
        if control is None:
            _show(axes, picture)
        else:
            _draw(axes, annotations, item, control, picture, people, SMALL)
        axes.set_title(f"{names[item]}: {counted(count, 'region')}", fontsize=9)
    if people:
        legend_beside(figure, people, lines=True)
        _spread_words(figure, grid[: len(ordered)])
    return figure


def _people_of(rows: pd.DataFrame) -> list[str]:
    """Return the annotators of some rows, whose places give them their colours in all pictures of a figure."""
    return sorted(str(name) for name in rows["annotator"].dropna().unique())


def _spread_words(figure: Picture, panels: Iterable[Any]) -> None:
    """Move labels of regions apart; one that finds no place is left out, and its picture's title says how many."""
    canvas: Any = FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    renderer = canvas.get_renderer()
    for axes in panels:
        inside = axes.get_window_extent(renderer)
        # A key point is what its picture is about, and no label lies over one.
        points = [axes.transData.transform(line.get_xydata()) for line in axes.lines]
        taken: list[Any] = [Bbox([at - HALF_MARK, at + HALF_MARK]) for several in points for at in several]
        lost = 0
        for text in axes.texts:
            with lacking_letters():  # the drawing said it
                box = text.get_window_extent(renderer)
            x, y = text.get_position()
            found = None
            for step in (0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5, -6, 6):
                for aside in (0.0, -box.width, box.width):
                    moved = box.translated(aside, step * (box.height + 1))
                    fits = moved.x0 >= inside.x0 and moved.x1 <= inside.x1
                    fits = fits and moved.y0 >= inside.y0 and moved.y1 <= inside.y1
                    if fits and not any(moved.overlaps(other) for other in taken):
                        found = (aside, step * (box.height + 1), moved)
                        break
                if found is not None:
                    break
            if found is None:
                text.set_visible(False)
                lost += 1
                continue
            there = axes.transData.transform((x, y)) + np.array(found[:2])
            text.set_position(axes.transData.inverted().transform(there))
            taken.append(found[2])
        if lost:
            axes.set_title(f"{axes.get_title()}\n({counted(lost, 'label')} not written)", fontsize=8)


def _of_item(annotations: pd.DataFrame, item: str, control: str) -> pd.DataFrame:
    table = checked(annotations, control)
    done = table[table["item"].eq(str(item)).fillna(False).astype(bool)]
    if done.empty:
        raise InputError(f"There is no item {item!r} in the table.{nearest(item, table['item'].dropna().unique())}")
    done = latest(done)
    return done[done["status"].isin(ANSWERED)]


def _show(axes: Any, picture: Image | None) -> tuple[float, float]:
    """Show a picture and return the width and height of what is drawn on."""
    axes.set_xticks([])
    axes.set_yticks([])
    if picture is None:
        axes.set_facecolor(MISSING)
        axes.set_xlim(0, 100)
        axes.set_ylim(100, 0)
        return HUNDRED
    if isinstance(picture, np.ndarray):
        pixels = picture
    else:
        from PIL import Image as Pictures
        from PIL import ImageOps

        path = named_path(picture)
        try:
            with Pictures.open(path) as opened:
                if math.prod(opened.size) > MOST_PIXELS:
                    raise ValueError
                # Browsers turn a photograph as its camera was held, and people drew on what they saw.
                pixels = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
        except FileNotFoundError:
            raise MissingFileError(f"There is no picture {path}: check the path.") from None
        except picture_faults():
            raise InputError(f"{path.name} is no picture that can be read.") from None
    height, width = pixels.shape[:2]
    axes.imshow(pixels, extent=(0, width, height, 0), cmap="gray")
    return float(width), float(height)


def _draw(
    axes: Any,
    annotations: pd.DataFrame,
    item: str,
    control: str,
    picture: Image | None,
    people: Sequence[str],
    limit: int = 24,
) -> bool:
    """Draw everybody's regions, each annotator in the colour of their place, and return whether there are any."""
    size = np.array(_show(axes, picture))
    done = _of_item(annotations, item, control)
    rows = done[done["control"].eq(control).fillna(False).astype(bool)]
    labels = apart([value for value in rows["value"] if isinstance(value, str)], limit)
    for row in rows.to_dict("records"):
        raw = row.get("raw")
        result: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {"value": {}}
        number = people.index(str(row["annotator"]))
        line = line_look(number)
        color = line["color"]
        value = result.get("value")
        if isinstance(value, Mapping) and {"rle", "imageDataURL"} & value.keys():
            painted = brush_mask(result)
            layer = np.zeros((*painted.shape, 4))
            layer[painted] = [*(int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)), 0.45]
            axes.imshow(layer, extent=(0, size[0], size[1], 0))
            if painted.any() and not painted.all():
                edge = np.pad(painted.astype("float64"), 1)
                across, down = (
                    np.arange(-0.5, n + 1) / n * side for n, side in zip(painted.shape[::-1], size, strict=True)
                )
                axes.contour(across, down, edge, [0.5], colors=[color], linestyles=[line["linestyle"]], linewidths=1.0)
            continue
        corners = _corners(result, row)
        if len(corners) > 1:
            edges = {"edgecolor": color, "linestyle": line["linestyle"], "linewidth": line["linewidth"]}
            axes.add_patch(Polygon(to_pixels(corners, size), closed=True, fill=False, **edges))
        elif len(corners) == 1:
            mark = MARKS[number // len(COLORS) % len(MARKS)]
            axes.plot(*to_pixels(corners[0], size), mark, color=color, markersize=6, markeredgecolor="white")
        if len(corners) and isinstance(row.get("value"), str):
            at = to_pixels(corners[np.argmin(corners[:, 1])], size)
            # Letters on a patch of the annotator's colour are read whatever picture is behind them.
            ink = "black" if color in ("#F0E442", "#56B4E9", "#E69F00", "#CC79A7") else "white"
            patch = {"facecolor": color, "edgecolor": "none", "pad": 0.6, "alpha": 0.8}
            lift = offset_copy(axes.transData, axes.figure, y=5 if len(corners) == 1 else 0, units="points")
            axes.text(*at, labels[row["value"]], color=ink, fontsize=7, va="bottom", bbox=patch, transform=lift)
    axes.set_xlim(0, size[0])
    axes.set_ylim(size[1], 0)
    return bool(len(rows))


MARKS = ("o", "s", "^", "D")
# Half of a mark's width with its white edge, in pixels of a hundred to the inch.
HALF_MARK = 5.0
# How many letters a label has where pictures are small.
SMALL = 16


def _corners(result: Mapping[str, Any], row: Mapping[Any, Any]) -> np.ndarray[Any, Any]:
    """Return a region's corners in percent of the picture; one for a key point."""
    if row.get("kind") in kinds_of("Point"):
        return np.array([[row["x"], row["y"]]], dtype="float64")
    corners = outline(result)
    if len(corners):
        drawn_on = picture_size(result)
        return corners if math.isnan(drawn_on[0]) else to_percent(corners, drawn_on)
    box = {name: row.get(name) for name in ("x", "y", "width", "height")}
    if any(part is None or pd.isna(part) for part in box.values()):
        return np.empty((0, 2))
    return outline({"value": box})


# Chosen frames as a sheet of small pictures.


ACROSS = 5
MOST = 60
WIDTH, LINE, MARGIN = 2.4, 0.14, 0.06  # inches: of a cell, of a line of a title, around each picture
TITLE = 8  # points
SIDE = 320  # pixels a picture is shown with, at most


@checks.checked
def contact_sheet(
    table: Annotated[pd.DataFrame, Give("the table that lsnb.select_frames returned")],
    pictures: Mapping[str, Image] | Iterable[np.ndarray[Any, Any]] | None = None,
    *,
    annotations: Annotations | None = None,
    control: str | None = None,
    predictions: Any = None,
    n: Annotated[int, Within(1), Give("a whole number of pictures, 1 or more")] | None = None,
) -> Picture:
    """Return a sheet of small pictures: of chosen frames, or of the most disputed items.

    Frames are shown as they were written where the table has a column ``path``; else they are read from their videos.

    Args:
        table: What ``lsnb.select_frames``, ``lsnb.extract_frames``, ``lsnb.import_frames`` or
            ``lsnb.select_difficult_frames`` returned; or what ``lsnb.disputed`` did, the worst first.
        pictures: Of frames: instead of reading them, an array of pixels (height × width × colours) for each row. Of
            disputed items: item → its file or array; items without one are drawn empty.
        annotations: Of disputed items: the long table, to draw everybody's regions.
        control: The control that drew them.
        predictions: Of difficult frames: what ``lsnb.select_difficult_frames`` chose from, to draw the body parts that
            ``reason`` names, each with its likelihood; of an ensemble their median.
        n: How many pictures at most, evenly spaced of frames (60), the first of disputed items (12).

    Raises:
        InputError: The table is neither, or there are not as many pictures as rows.
        MissingFileError: There is no such picture.

    Example:
        >>> frames = pd.DataFrame({"video": ["a.mp4"], "frame": [7], "time": [0.28]})
        >>> contact_sheet(frames, [np.zeros((4, 6, 3), dtype="uint8")]).axes[0].get_title()
        '7 (0.28 s)'
        >>> worst = pd.DataFrame({"item": ["2"], "n": [2], "disagreement": [1.0], "answers": ["ana: x; ben: y"]})
        >>> contact_sheet(worst, {"2": np.zeros((4, 6, 3))}).axes[0].get_title()
        '2 (1.00)\\nana: x; ben: y'
    """
    if "disagreement" in table.columns or not {"video", "frame"} <= set(table.columns):
        if not isinstance(pictures, Mapping) and pictures is not None:
            raise InputError("pictures of disputed items are a dict: item → file or array.")
        found = {} if pictures is None else pictures
        return disputed_sheet(table, found, annotations=annotations, control=control, n=n or 12)
    return _of_frames(table, pictures, MOST if n is None else n, predictions)


def _of_frames(table: pd.DataFrame, pictures: Any, limit: int, predictions: Any) -> Picture:
    numbers = pd.to_numeric(table["frame"], errors="coerce")
    has_frame: np.ndarray[Any, Any] = table["frame"].notna().to_numpy()
    if not np.isfinite(numbers[has_frame].to_numpy("float64")).all():
        raise InputError("Column 'frame' of the table holds what is no number: give the table of lsnb.select_frames.")
    if "is_context" in table.columns:
        has_frame = has_frame & ~flags(table["is_context"]).to_numpy()
    rows = table[has_frame]
    if pictures is not None:
        if not isinstance(pictures, Iterable):
            raise InputError(f"pictures is {pictures!r}: give an array of pixels for each row.")
        pictures = [pictures.get(str(item)) for item in table["item"]] if isinstance(pictures, Mapping) else [*pictures]
        if len(pictures) != len(table):
            raise InputError(f"There are {len(pictures)} pictures for {len(table)} rows: give one for each row.")
        pictures = [picture for picture, is_there in zip(pictures, has_frame, strict=True) if is_there]
    shown = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), limit)).round().astype("int64"))
    rows = rows.iloc[shown]
    given = None if pictures is None else [pictures[place] for place in shown]
    read = _read(rows) if given is None else [None if one is None else (np.asarray(one), 1) for one in given]
    seen = [None if one is None else one[0] for one in read]
    points = _complaints(rows, predictions)
    if any(one is not None and (one.ndim not in (2, 3) or one.dtype.kind not in "buif") for one in seen):
        raise InputError("pictures holds what is no picture: give arrays of pixels, height × width × colours.")
    across = min(ACROSS, max(1, len(rows)))
    down = max(1, math.ceil(len(rows) / across))
    heights = [picture.shape[0] / picture.shape[1] for picture in seen if picture is not None]
    height = WIDTH * min(2.0, float(np.median(heights))) if heights else WIDTH
    names = {} if rows["video"].nunique() == 1 else apart(map(_file_name, rows["video"]))
    # Said of every frame alike, a reason tells nothing about one.
    reasons = rows["reason"].tolist() if "reason" in rows.columns and rows["reason"].nunique() > 1 else [""] * len(rows)
    titles = [
        folded(
            _title(row, names)
            + (f"\n{shortened(' '.join(reason.split()), 70)}" if isinstance(reason, str) and reason else ""),
            WIDTH - MARGIN,
            TITLE,
        )
        for row, reason in zip(rows.to_dict("records"), reasons, strict=True)
    ]
    above = LINE * max((title.count("\n") + 1 for title in titles), default=1) + MARGIN
    figure = Picture(figsize=(WIDTH * across, (height + above) * down))
    grid = np.atleast_1d(figure.subplots(down, across, squeeze=False)).ravel()
    if rows.empty:
        return only_words(figure, grid[0], "No frames were chosen.")
    for place, axes in enumerate(grid):
        # Each cell has room for the longest title, whatever shape its picture has.
        row_, column = divmod(place, across)
        left, bottom = WIDTH * column + MARGIN, (height + above) * (down - 1 - row_) + MARGIN
        size = (WIDTH - 2 * MARGIN, height - MARGIN)
        whole = (WIDTH * across, (height + above) * down)
        axes.set_position((left / whole[0], bottom / whole[1], size[0] / whole[0], size[1] / whole[1]))
        axes.set_axis_off()
    for axes, one, title, named in zip(grid, read, titles, points, strict=False):
        axes.set_title(title, fontsize=TITLE, pad=3)
        if one is None:
            axes.set_axis_on()
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_facecolor(MISSING)
        else:
            axes.imshow(_small(one[0]), cmap="gray")
            _mark(axes, one, named)
    return figure


def _complaints(rows: pd.DataFrame, predictions: Any) -> list[list[tuple[str, float, float, float]]]:
    """Return for each row the body parts that its reason names: what to write, x and y in pixels."""
    named: list[list[tuple[str, float, float, float]]] = [[] for _ in range(len(rows))]
    if predictions is None or "reason" not in rows.columns:
        return named
    sources, _ = read_sources(predictions)
    of_video = {source.video: source for source in sources if not source.is_detector}
    shown = rows[["video", "frame", "reason"]].reset_index(drop=True)
    for video, theirs in shown.groupby(shown["video"].astype(str), sort=False):
        source = of_video.get(str(video)) or (sources[0] if len(sources) == 1 else None)
        if source is None or source.is_detector:
            continue
        poses = read_ensemble(source.members).poses
        for place, frame, reason in zip(theirs.index, theirs["frame"].astype(int), theirs["reason"], strict=True):
            if frame >= len(poses):
                continue
            for number in _named(str(reason), poses.bodyparts):
                (x, y), sure = poses.xy[frame, number], float(poses.likelihood[frame, number])
                if np.isfinite([x, y]).all():
                    named[place].append((poses.bodyparts[number], float(x), float(y), sure))
    return named


def _named(reason: str, bodyparts: Sequence[str]) -> list[int]:
    """Return which body parts a reason names: of ``left ear`` and ``ear`` the longer one where it stands."""
    words, found = f" {reason} ".replace(";", " "), []
    for number in sorted(range(len(bodyparts)), key=lambda one: -len(bodyparts[one])):
        if f" {bodyparts[number]} " in words:
            words = words.replace(f" {bodyparts[number]} ", " ")
            found.append(number)
    return sorted(found)


def _mark(
    axes: Any, shown: tuple[np.ndarray[Any, Any], int], points: Sequence[tuple[str, float, float, float]]
) -> None:
    """Draw points of the whole picture on its small one, each with its name and likelihood."""
    step = shown[1] * _step(shown[0])
    height, width = _small(shown[0]).shape[:2]
    for number, (part, x, y, sure) in enumerate(points):
        at = (min(max(x / step - 0.5, 0), width - 1), min(max(y / step - 0.5, 0), height - 1))
        color = COLORS[number % len(COLORS)]
        axes.plot(*at, "o", color=color, markersize=5, markeredgecolor="white")
        said = f"{shortened(part)} {sure:.2f}" if math.isfinite(sure) else shortened(part)
        side = "right" if at[0] > width / 2 else "left"
        axes.annotate(
            said, at, textcoords="offset points", xytext=(-6 if side == "right" else 6, 3), fontsize=7, color=color,
            ha=side, annotation_clip=False, bbox={"facecolor": "white", "alpha": 0.75, "pad": 1, "linewidth": 0},
        )  # fmt: skip


def _file_name(video: Any) -> str:
    return os.path.basename(str(video))  # noqa: PTH119


def _title(row: Mapping[Any, Any], names: Mapping[str, str]) -> str:
    time = row.get("time")
    seconds = f" ({time:.2f} s)" if isinstance(time, float) and math.isfinite(time) else ""
    name = f"{names[_file_name(row['video'])]}\n" if names else ""
    return f"{name}{int(row['frame'])}{seconds}"


def _step(picture: np.ndarray[Any, Any]) -> int:
    return max(1, -(-int(max(picture.shape[:2])) // SIDE))


def _small(picture: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    step = _step(picture)
    return picture[::step, ::step]


def _read(rows: pd.DataFrame) -> list[tuple[np.ndarray[Any, Any], int] | None]:
    """Return each row's small picture and how many pixels one of it stands for, from its file or else from its video.

    None where neither can be read.
    """
    from lsnb import media

    found: list[tuple[np.ndarray[Any, Any], int] | None] = [None] * len(rows)
    waiting: dict[str, dict[int, list[int]]] = {}
    paths = rows["path"].tolist() if "path" in rows.columns else [None] * len(rows)
    for place, (path, video, frame) in enumerate(zip(paths, rows["video"], rows["frame"], strict=True)):
        try:
            if isinstance(path, str) and path:
                whole = media.read_image(path)
                found[place] = (_small(whole).copy(), _step(whole))
                continue
        except LsnbError:
            pass  # written elsewhere, or gone: the video may still be here
        waiting.setdefault(str(video), {}).setdefault(int(frame), []).append(place)
    for video, frames in waiting.items():
        try:
            for seen in media.read_frames(video, sorted(frames)):
                for place in frames[seen.index]:
                    found[place] = (_small(seen.image).copy(), _step(seen.image))
        except LsnbError:
            continue  # an empty cell says it
    return found


# A sensor's series over a video's time, and how well every offset between two clocks fits.


PIXELS = 4_000
MOST_CHANNELS = 12


@checks.checked
def series_channels(aligned: OnVideo) -> Picture:
    """Return the channels of an aligned series over the video's seconds, one above the other.

    Matched moments are dotted lines; where there is no sample, the background is grey.

    Args:
        aligned: What ``lsnb.align`` returned.

    Example:
        >>> import pandas as pd
        >>> from lsnb.alignment import align
        >>> data = pd.DataFrame({"timestamp": [0.0, 0.5, 1.0], "Acc [g]": [0.0, 1.0, 0.0]})
        >>> [axes.get_ylabel() for axes in series_channels(align(data, 1.0, unit="s")).axes]
        ['Acc\\n[g]']
    """
    shown = aligned.channels[:MOST_CHANNELS]
    figure = Picture(figsize=(8.0, 1.1 * len(shown) + 1.0), layout="constrained")
    panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    table = aligned.display(PIXELS)
    samples = aligned.samples["time"].to_numpy("float64")
    for number, (axes, channel) in enumerate(zip(panels, shown, strict=True)):
        axes.plot(table["time"], table[channel.safe], color=COLORS[number % len(COLORS)], linewidth=0.8)
        legend = shortened(channel.legend, 18)
        axes.set_ylabel(f"{legend}\n[{channel.unit}]" if channel.unit else legend, fontsize=8)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        for start, end in ((0.0, samples[0]), (samples[-1], aligned.duration)):
            axes.axvspan(start, end, color=MISSING, zorder=0)
        for moment in aligned.residuals["video_seconds"].head(50):
            axes.axvline(moment, color=COLORS[7], linestyle=":", linewidth=0.8)
    panels[-1].set_xlim(0, aligned.duration)
    panels[-1].set_xlabel("seconds of the video")
    left = len(aligned.channels) - len(shown)
    if left:
        figure.suptitle(f"The first {len(shown)} channels; {left} more are not drawn", fontsize=9)
    return figure


@checks.checked
def correlation_curve(found: Correlation | Sequence[Correlation]) -> Picture:
    """Return what a person needs to judge an offset: both signals before and after, the curve, and the error band.

    Of each comparison three panels: the liveliest ten seconds of both signals as the clocks were given, the same with
    the offset that was found, and how well every offset fits in standard deviations above chance, with the best (a
    dashed line) and the one that comes nearest to it (dotted). Where it is known how far off the clock may be, a fourth
    shows that along the recording, with each stretch's own best offset.

    Args:
        found: What ``lsnb.alignment.find_offset`` returned, or several of these.

    Example:
        >>> from lsnb.timeseries.offsets import correlate
        >>> time, moves = np.arange(0, 20, 0.1), np.random.default_rng(0).normal(size=200)
        >>> found = correlate(time, moves, time, moves, max_shift=5)
        >>> [axes.get_xlabel() for axes in correlation_curve(found).axes][2]
        'offset in seconds'
    """
    several: Any = [found] if isinstance(found, Correlation) else list(found)
    rows = [one for correlation in several for one in _panels(correlation)]
    figure = Picture(figsize=(8.0, 2.0 * max(1, len(rows))), layout="constrained")
    panels = figure.subplots(max(1, len(rows)), 1, squeeze=False)[:, 0]
    if not rows:
        return only_words(figure, panels[0], "No offset was looked for.")
    for axes, draw in zip(panels, rows, strict=True):
        draw(axes)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


LIVELY = 10.0


def _panels(one: Correlation) -> list[Callable[[Any], None]]:
    drawn: list[Callable[[Any], None]] = []
    if one.signals.shape[1]:
        drawn += [partial(_overlaid, one, 2), partial(_overlaid, one, 3)]
    drawn.append(partial(_curve, one))
    if one.band is not None and math.isfinite(one.ends[0]):
        drawn.append(partial(_error_band, one))
    return drawn


def _overlaid(one: Correlation, which: int, axes: Any) -> None:
    seconds, seen, felt = one.signals[0], one.signals[1], one.signals[which]
    step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 1.0
    size = min(len(seconds), max(2, round(LIVELY / step)))
    # Where both move, once they lie on each other.
    lively = np.convolve(np.abs(seen * one.signals[3]), np.ones(size), "valid")
    part = slice(int(lively.argmax()), int(lively.argmax()) + size)
    axes.plot(seconds[part], seen[part], color=COLORS[0], linewidth=0.9, label=f"video: {one.reference}")
    axes.plot(seconds[part], felt[part], color=COLORS[5], linewidth=0.9, label=f"sensor: {shortened(one.channel, 30)}")
    axes.set_title(
        "as the clocks were given" if which == 2 else f"with offset {one.offset:+.3f} s", fontsize=9, loc="left"
    )
    _legend_above(axes)
    axes.set_xlabel("seconds of the video", fontsize=8)


def _legend_above(axes: Any) -> None:
    """Say what is drawn beside the title, where no line crosses the words."""
    place = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.2}
    axes.legend(fontsize=7, frameon=False, ncols=2, **place)


def _curve(one: Correlation, axes: Any) -> None:
    axes.plot(one.shifts, one.scores, color=COLORS[0], linewidth=0.8)
    axes.axvline(float(one.shifts[int(np.argmax(one.scores))]), color=COLORS[5], linestyle="--", linewidth=1.0)
    if math.isfinite(one.rival):
        axes.axvline(one.rival, color=COLORS[7], linestyle=":", linewidth=1.2)
    axes.set_xlabel("offset in seconds", fontsize=8)
    axes.set_ylabel("SD above chance", fontsize=8)
    verdict = "clear" if one.is_clear else "cannot tell"
    axes.set_title(f"{one.channel} and {one.reference}: {one.offset:+.3f} s, {verdict}", fontsize=9, loc="left")


def _error_band(one: Correlation, axes: Any) -> None:
    assert one.band is not None
    seconds = np.linspace(*one.ends, 200)
    low, high = one.band.at(seconds)
    axes.fill_between(seconds, 1000 * low, 1000 * high, color=MISSING, label="95 percent")
    axes.axhline(0.0, color=COLORS[5], linewidth=1.0)
    apart = one.video - (one.drift * one.sensor + one.offset)
    axes.plot(one.video, 1000 * apart, ".", color=COLORS[0], label="each stretch by itself")
    axes.set_xlabel("seconds of the video", fontsize=8)
    axes.set_ylabel("off by, ms", fontsize=8)
    _legend_above(axes)
    axes.set_title(f"how far off it may be; drift {one.drift:.6f}", fontsize=9, loc="left")
