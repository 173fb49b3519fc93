"""``region_agreement``: whether annotators draw the same things in the same places.

Regions are paired one to one so that the total is greatest: H. W. Kuhn, "The Hungarian method for the assignment
problem", Naval Research Logistics Quarterly 2 (1955), as scipy does it.
"""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from lsnb.annotations.long import ANSWERED, OWNER, raw_results, relations
from lsnb.annotations.votes import checked, latest, repeats_told
from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.checks import Annotations, Resamples, Seed
from lsnb.kernel.words import counted, listing, nearest
from lsnb.labels.vocabulary import KINDS, is_region
from lsnb.reliability.coefficients import Ratings, cohen_kappa
from lsnb.reliability.intervals import (
    NONE,
    Clusters,
    Floats,
    Interval,
    between,
    clusters_of,
    figures_in,
    intervals_of_sums,
    shown,
)
from lsnb.reliability.unitizing import Continuum, gamma, unitizing_alpha
from lsnb.shapes import (
    Mask,
    Track,
    boundary_distances,
    box_iou,
    mask_distances,
    mask_iou,
    outline,
    outline_iou,
    picture_size,
    point_nearness,
    span_iou,
    to_pixels,
    turned_corners,
)

# The regions of one control, item by item and annotator by annotator, in the form in which they are compared.


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
        on: The page, the medium and its channel; only what is on the same is compared.
        side: The longer side of the picture it is on, in the unit of its place.
        result: The raw result that holds it, where the table has these.
        key: Its id, as ``region`` in the table.
        score: How sure whoever drew it is; missing (nan) where that is not said.
    """

    label: str | None
    place: Any
    on: tuple[Any, ...] = ()
    side: float = math.nan
    result: Any = None
    key: str = ""
    score: float = math.nan


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
    done = done[done["status"].isin(ANSWERED)]
    here = done["control"].eq(control).fillna(False).astype(bool) & done["kind"].map(is_region).astype(bool)
    rows = _identified(_with_places(done[here], control))
    results = raw_results(rows) if "raw" in rows.columns else [None] * len(rows)
    measure = _measure(rows, results, control)
    places: Places = {}
    for item, who in done[["item", "annotator"]].drop_duplicates().itertuples(index=False):
        places.setdefault(item, {})[who] = []
    groups: dict[tuple[Any, ...], tuple[set[str], int]] = {}
    unplaced: set[Any] = set()
    columns = rows.to_dict("list")
    for number, value in enumerate(columns["value"]):
        whose = (*(columns[name][number] for name in ("item", "annotator", "region")), _on(columns, number))
        if measure in LINES:
            ends: tuple[str, str] = ("start_frame", "end_frame") if measure == "timelines" else ("start", "end")
            whose = (*whose, *(columns[name][number] for name in ends))
            if pd.isna(columns[ends[0]][number]) or pd.isna(columns[ends[1]][number]):
                unplaced.add(whose[2])
                continue
        labels, _ = groups.setdefault(whose, (set(), number))
        if isinstance(value, str):
            labels.add(value)
    on_what = [(item, _on(columns, number)) for number, item in enumerate(columns["item"])]
    results = _with_sizes(results, on_what)
    notes = set()
    if unplaced:
        notes.add(f"Not compared, having no place on one line (paths, paragraphs): {counted(len(unplaced), 'region')}.")
    for (item, who, *_), (labels, number) in groups.items():
        place, note = _place(measure, columns, number, results[number])
        notes.add(note)
        on = _on(columns, number)
        size = picture_size(results[number])
        side = 100.0 if np.isnan(size[0]) else max(size)
        label = " + ".join(sorted(labels)) or None
        key, score = str(columns["region"][number]), columns["score"][number] if "score" in columns else None
        sure = math.nan if pd.isna(score) else float(score)
        places[item][who].append(Region(label, place, on, side, results[number], key, sure))
    return measure, places, " ".join(sorted(notes - {""}))


_WHERE = ("x", "y", "width", "height", "rotation", "start", "end", "start_frame", "end_frame")


def _with_places(rows: pd.DataFrame, control: str) -> pd.DataFrame:
    """Return regions' rows with all columns of their places; a table made by hand may lack those it has no use for."""
    if not {"x", "start", "start_frame", "raw"} & set(rows.columns):
        raise InputError(
            f"The table does not say where the regions of {control!r} are: it needs the columns x, y, width and "
            "height, start and end, or start_frame and end_frame, as lsnb.read_annotations gives them."
        )
    absent = [name for name in (*_WHERE, "region") if name not in rows.columns]
    return rows.reindex(columns=[*rows.columns, *absent]) if absent else rows


def _identified(rows: pd.DataFrame) -> pd.DataFrame:
    """Return regions' rows with an id in each: results of models and of other tools may lack one."""
    absent = rows["region"].isna()
    if not absent.any():
        return rows
    where = [name for name in (*_WHERE, "page", "to_name") if name in rows.columns]
    raw = rows["raw"].map(id) if "raw" in rows.columns else 0
    # Labels of one result have a row each, which are in the same place.
    keys = rows.assign(__raw=raw)[["item", "annotator", *where, "__raw"]]
    numbers = keys.groupby(list(keys.columns), dropna=False, sort=False).ngroup()
    named = ("(no id) " + numbers.astype(str)).astype("object")
    return rows.assign(region=rows["region"].astype("object").where(~absent, named))


def _on(columns: Mapping[Any, list[Any]], row: int) -> tuple[Any, ...]:
    """Return what a region is on; a page or channel that is not said is the first."""
    page, channel = (columns[name][row] if name in columns else None for name in ("page", "channel"))
    medium = columns["to_name"][row] if "to_name" in columns else None
    numbers = tuple(0 if pd.isna(number) else int(number) for number in (page, channel))
    return (*numbers, "" if pd.isna(medium) else str(medium))


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
    found = OVERLAPS[measure](ours, theirs)
    if measure in LINES:
        # Two instants share no length, and are the same where both are.
        instants = [[float(a[0]) == float(a[1]) and bool((a == b).all()) for b in theirs] for a in ours]
        found = np.where(np.array(instants, dtype="bool").reshape(found.shape), 1.0, found)
    return found


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
    return [replace(region, place=Mask.from_result(region.place)) for region in regions]


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


UNITS: Mapping[Measure, str] = {"timelines": "frames", "spans": "the unit of start and end", "key points": "pixels"}


@dataclass(frozen=True, repr=False)
class RegionAgreement:
    """How much annotators agree about where things are.

    Args:
        control: The control's name.
        measure: What was compared: boxes, outlines, masks, key points, spans, timelines or tracks.
        threshold: The intersection over union from which a region counts as found.
        annotators: Those who submitted annotations, sorted.
        n_items: Items that two or more of them annotated.
        f1: 2 × matched / all regions, over all pairs of annotators.
        interval: Its 95 percent interval, over items or clusters of them (``lsnb.reliability.intervals``).
        pairs: A row for each pair of annotators: ``a, b, n`` (items both annotated), ``regions_a, regions_b, matched,
            f1, mean_iou`` (of regions that overlap and have one label), and for key points ``distance, oks``; for spans
            and timelines ``kappa, overlap_f1, boundary, event_f1``; for boxes, outlines and masks ``boundary,
            hausdorff``, the mean and the greatest distance of matched regions' boundaries, as means over regions.
        figures: ``figure, name, value, low, high``: F1, and with a reference precision, recall and average precision;
            for spans and timelines Krippendorff's alphas, and gamma where it was asked for.
        labels: A row for each label: ``label, regions`` (drawn by either, over all pairs), ``matched, f1, mean_iou``,
            ``boundary`` where regions have one; with a reference ``precision, recall, ap``; for spans and timelines
            ``alpha`` (of this label where units cross) and ``kappa`` (Cohen's, of units that have this label or not,
            over the full length; the mean of pairs).
        answers: Of questions about regions: ``a, b, question, n`` (matched regions that both answered), ``percent,
            kappa`` (Cohen's).
        arcs: Of relations between these regions: ``a, b, arcs_a, arcs_b, matched`` (between matched regions, in one
            direction), ``f1, labelled`` (of these, with the same labels), ``labelled_f1``; empty where nobody drew any.
        items: A row for each item and pair: ``item, a, b, regions_a, regions_b, matched, f1``.
        note: What the figures rest on; empty if there is nothing to say.
        within: How near key points are that are the same, in words; empty of other regions.
    """

    control: str
    measure: Measure
    threshold: float
    annotators: tuple[str, ...]
    n_items: int
    f1: float
    interval: tuple[float, float]
    pairs: pd.DataFrame = field(compare=False)
    items: pd.DataFrame = field(compare=False)
    figures: pd.DataFrame = field(compare=False)
    labels: pd.DataFrame = field(compare=False)
    answers: pd.DataFrame = field(compare=False)
    arcs: pd.DataFrame = field(compare=False)
    note: str = ""
    within: str = ""

    @checks.checked
    def value(self, figure: str) -> float:
        """Return a figure by its short name; missing (nan) where it is not given.

        Args:
            figure: Such as ``"u_alpha"``; ``.figures`` lists them.
        """
        found = figures_in(self.figures)
        return found[figure].value if figure in found else math.nan

    @property
    def summary(self) -> str:
        """The figures as one line."""
        found = "" if self.measure == "key points" else f" at intersection over union {self.threshold:g}"
        return (
            f"{self.control} ({self.measure}): F1 {shown(self.f1)}{between(*self.interval)}{found}, "
            f"{len(self.annotators)} annotators, {counted(self.n_items, 'item')} that two or more annotated"
        )

    @property
    def _tables(self) -> list[pd.DataFrame]:
        more = self.figures.loc[self.figures["figure"].ne("f1") & self.figures["value"].notna(), ["name", "value"]]
        return [table for table in (more, self.pairs, self.labels, self.answers, self.arcs) if len(table)]

    def __repr__(self) -> str:
        tables = (table.to_string(index=False) for table in self._tables)
        return "\n".join(part for part in (self.summary, *tables, self.note) if part)

    def _repr_html_(self) -> str:
        tables = "".join(
            table.to_html(index=False, escape=True, na_rep="–", float_format=lambda figure: f"{figure:.3f}")
            for table in self._tables
        )
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return f"<p><b>{html.escape(self.summary)}</b></p>{note}{tables}"


@checks.checked
def region_agreement(
    annotations: Annotations,
    control: str,
    *,
    threshold: float = 0.5,
    reach: float | None = None,
    lengths: Mapping[str, float] | None = None,
    collar: float | None = None,
    reference: str | None = None,
    gamma_samples: Resamples = 0,
    clusters: Clusters | None = None,
    resamples: Resamples = 1000,
    seed: Seed = 0,
) -> RegionAgreement:
    """Return how much annotators agree about the regions of one control.

    Regions of two annotators are paired one to one within a label, so that intersection over union is greatest
    (``match``). Boxes, outlines (polygons, ellipses) and masks are compared in pixels; tracks frame by frame;
    key points by their distance, each within its label: they are found within ``reach`` (percentage of correct key
    points, PCK; Y. Yang and D. Ramanan, TPAMI 35, 2013), and ``oks`` is the mean of exp(−d² / 2 s² κ²) over all points
    that either drew, 0 where one is missing, with s the root of the area that the points span and κ = 0.1 (object key
    point similarity, as COCO defines it: T.-Y. Lin et al., ECCV 2014). Stretches of time or text also have, over all
    units (frames, seconds, characters), Cohen's kappa of what is labelled there; the shared share, 2 × shared / all
    (Dice); and the mean distance of matched regions' boundaries. Two instants (start = end) are found where they are
    the same. Krippendorff's alphas and gamma are of all annotators at once (``lsnb.reliability.unitizing``). Average
    precision is COCO's at this threshold: precision at 101 recalls, with regions taken by their scores, the surest
    first, each finding the region of the reference that it fits best. Relations between these regions (arcs) are the
    same where both their ends are matched and they go the same way: the unlabelled and labelled attachment of parsers
    (S. Buchholz and E. Marsi, "CoNLL-X shared task on multilingual dependency parsing", CoNLL 2006), as F1, since
    people draw different numbers of them.

    Args:
        annotations: The long table; with raw results (``raw=True``) for outlines, masks and tracks. It is not changed.
        control: The name of a control that draws regions.
        threshold: The intersection over union from which a region counts as found, above 0 up to 1.
        reach: How far, in pixels, a key point may be from another to be the same. By default a tenth of the longer
            side of what the two annotators' points of an item span, or a twentieth of the picture's where that is one.
        lengths: Item → frames, seconds or characters there are, for kappa. By default what the raw results say of
            the recording; kappa is missing where nothing does, since up to the last mark it would be another one.
        collar: For ``event_f1`` of spans and timelines: how far both boundaries may be off, in their unit (A. Mesaros,
            T. Heittola and T. Virtanen, "Metrics for polyphonic sound event detection", Applied Sciences 6, 2016).
        reference: Whose regions are right: the others are compared with them alone, and have precision and recall.
        gamma_samples: From how many lines of chance gamma is made, such as 30; none by default, since it takes long.
        clusters: What items belong together, as in ``agreement``.
        resamples: How often chance weighs items for the interval of F1.
        seed: A whole number for these.

    Raises:
        InputError: No such control, one that draws nothing, no raw results where they are needed, a threshold that is
            none, or a reference who annotated nothing.

    Example:
        >>> columns = ["item", "annotator", "region", "start", "end"]
        >>> long = pd.DataFrame([("1", "ana", "r", 0.0, 4.0), ("1", "ben", "s", 1.0, 4.0)], columns=columns)
        >>> long = long.assign(control="who", kind="labels", value="dog", status="submitted", x=None, start_frame=None)
        >>> found = region_agreement(long, "who")
        >>> found.f1, found.pairs["mean_iou"].tolist(), found.pairs["boundary"].tolist()
        (1.0, [0.75], [0.5])
    """
    if not 0 < threshold <= 1:
        raise InputError(f"threshold is {threshold!r}: give a number above 0 and up to 1.")
    for name, distance in (("reach", reach), ("collar", collar)):
        if distance is not None and distance < 0:
            raise InputError(f"{name} is {distance!r}: give a distance of 0 or more, or leave it out.")
    measure, places, note = regions_of(annotations, control)
    known = _lengths(annotations, control, measure) | {str(item): float(end) for item, end in (lengths or {}).items()}
    people = sorted({who for item in places.values() for who in item})
    # Item by item, so that the masks of one picture alone are in the memory.
    if reference is not None and reference not in people:
        raise InputError(f"reference is {reference!r}, who annotated nothing.{nearest(reference, people)}")
    compared: dict[tuple[str, str], dict[str, _Compared]] = {
        pair: {} for pair in itertools.combinations(people, 2) if reference is None or reference in pair
    }
    for item in sorted(places):
        here = {who: placed(measure, regions) for who, regions in places[item].items()}
        for pair in compared:
            if here.keys() >= set(pair):
                truth = None if reference is None else pair.index(reference)
                compared[pair][item] = _compare(measure, here[pair[0]], here[pair[1]], threshold, reach, collar, truth)
    rows, pairs = [], []
    along: dict[tuple[str, str], Shares | None] = {}
    for (a, b), by_item in compared.items():
        both, found = list(by_item), list(by_item.values())
        shares = _shares(places, both, (a, b), known) if measure in LINES else {}
        along[(a, b)] = shares if all(item in known for item in both) else None
        rows += [(item, a, b, *one.counts, one.f1) for item, one in zip(both, found, strict=True)]
        pairs.append(
            (
                a,
                b,
                len(both),
                *_totals(measure, found),
                *_along(measure, found, shares, is_known=along[(a, b)] is not None, has_collar=collar is not None),
            )
        )
    names = ["a", "b", "n", "regions_a", "regions_b", "matched", "f1", "mean_iou", *_more_names(measure)]
    items = pd.DataFrame(rows, columns=["item", "a", "b", "regions_a", "regions_b", "matched", "f1"])
    f1, interval = _overall(items, annotations, clusters, resamples, seed)
    unknown = sorted({item for item, *_ in rows} - known.keys())
    if measure in LINES and unknown:
        what = "frames" if measure == "timelines" else "seconds or characters"
        note = (
            f"{note} Kappa is missing, since it is not known how many {what} {listing(unknown, 3)} "
            f"{'has' if len(unknown) == 1 else 'have'}: give lengths."
        )
    within, is_percent = "", "in percent" in note
    if measure == "key points":
        within = "a tenth of what an item's points span, and a twentieth of the picture where it has one point"
        if reach is not None:
            within = f"{reach:g} {'percent' if is_percent else 'pixels'}"
        note = f"{note} Key points are the same within {within}."
    if measure in UNITS and not is_percent:
        note = f"{note} Distances are in {UNITS[measure]}."
    alike = [(pair, item, one) for pair, by_item in compared.items() for item, one in by_item.items()]
    labels, figures = _by_label(measure, alike, reference, f1, interval)
    if measure in LINES:
        labels, further = _unitized(places, known, labels, along, gamma_samples, seed)
        figures = pd.concat([figures, further], ignore_index=True)
    arcs, further, left = _arcs(annotations, places, alike, (clusters, resamples, seed))
    if left:
        note = f"{note} Not compared: {counted(left, 'relation')} with regions that {control!r} did not draw."
    if len(further):
        figures = pd.concat([figures, further], ignore_index=True)
    return RegionAgreement(
        control=control,
        measure=measure,
        threshold=threshold,
        annotators=tuple(people),
        n_items=int(items["item"].nunique()),
        f1=f1,
        interval=interval,
        pairs=pd.DataFrame(pairs, columns=names).astype(
            dict.fromkeys(["f1", "mean_iou", *_more_names(measure)], "float64")
        ),
        items=items.astype({"f1": "float64"}),
        figures=figures,
        labels=labels,
        answers=_answers_about(annotations, control, alike),
        arcs=arcs,
        note=note.strip(),
        within=within,
    )


def _lengths(annotations: pd.DataFrame, control: str, measure: Measure) -> dict[str, float]:
    """Return item → how long its recording is, where raw results of it say so."""
    if measure not in LINES or "raw" not in annotations.columns:
        return {}
    mine = annotations.loc[annotations["control"].eq(control).fillna(False).astype(bool), "to_name"].dropna().unique()
    found: dict[str, float] = {}
    columns = ("item", "to_name", "raw")
    for item, medium, raw in zip(*(annotations[name].tolist() for name in columns), strict=True):
        if not isinstance(raw, Mapping) or medium not in mine:
            continue
        value = raw.get("value")
        told = raw.get("original_length")
        if measure == "timelines":
            told = value.get("framesCount") if isinstance(value, Mapping) else None
        if isinstance(told, (int, float)) and not isinstance(told, bool) and 0 < told < math.inf:
            found[str(item)] = max(float(told), found.get(str(item), 0.0))
    return found


@dataclass(frozen=True)
class _Matched:
    """Two regions that are the same: their label, how far their boundaries are apart, and their ids."""

    label: str | None
    boundary: float
    farthest: float
    keys: tuple[str, str]


@dataclass(frozen=True)
class _Compared:
    """Two annotators' regions of one item.

    Args:
        labels: The labels of the regions of each.
        overlaps: The label of each pair that overlaps, and how well it fits.
        matched: Those that fit well enough.
        nearness: The sum of exp(−d² / 2 s² κ²) of key points.
        events: How many have both ends within the collar.
        ranked: The label and score of each region that is held against a reference, and whether it found one.
    """

    labels: tuple[list[str | None], list[str | None]]
    overlaps: list[tuple[str | None, float]]
    matched: list[_Matched]
    nearness: float = 0.0
    events: int = 0
    ranked: tuple[tuple[str | None, float, bool], ...] = ()

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many regions each drew, and how many are matched."""
        return len(self.labels[0]), len(self.labels[1]), len(self.matched)

    @property
    def f1(self) -> float:
        a, b, matched = self.counts
        # Both saw nothing there: they agree.
        return 2 * matched / (a + b) if a + b else 1.0


def _compare(
    measure: Measure,
    a: list[Region],
    b: list[Region],
    threshold: float,
    reach: float | None,
    collar: float | None,
    truth: int | None,
) -> _Compared:
    fits = scores(measure, a, b)
    same = np.array([[one.label == other.label and one.on == other.on for other in b] for one in a], dtype="bool")
    same = same.reshape(fits.shape)
    fits = np.where(same, fits, 0.0)
    at_least, nearness, events = threshold, 0.0, 0
    overlaps = [(a[pair[0]].label, float(fits[pair])) for pair in match(fits)]
    if measure == "key points":
        side, root = _span(a, b)
        # Rounding may put a point that is exactly as far beyond.
        at_least = 1 / (1 + (side if reach is None else reach) * (1 + 1e-9))
        nearness = sum(math.exp(-(((1 / fit - 1) / (KAPPA * root)) ** 2) / 2) for _, fit in overlaps)
    matched = [
        _Matched(a[row].label, *_apart(measure, a[row].place, b[column].place), (a[row].key, b[column].key))
        for row, column in match(fits, at_least=at_least)
    ]
    if measure in LINES and collar is not None and a and b:
        apart = np.abs(np.array([r.place for r in a])[:, None] - np.array([r.place for r in b])[None]).max(axis=2)
        events = len(match(np.where(same & (apart <= collar * (1 + 1e-9)), 1.0, 0.0)))
    labels = ([region.label for region in a], [region.label for region in b])
    ranked: tuple[tuple[str | None, float, bool], ...] = ()
    if truth is not None:
        ranked = _ranked(a if truth == 1 else b, fits if truth == 1 else fits.T, at_least)
    return _Compared(labels, overlaps, matched, nearness, events, ranked)


def _apart(measure: Measure, a: Any, b: Any) -> tuple[float, float]:
    """Return how far two regions' boundaries are apart: the mean and the greatest distance."""
    if measure in LINES:
        ends = np.abs(a - b)
        return float(ends.mean()), float(ends.max())
    if measure == "masks":
        return mask_distances(a, b)
    if measure in ("boxes", "outlines"):
        corners = turned_corners(np.stack([a, b])) if measure == "boxes" else (a, b)
        return boundary_distances(*corners)
    return math.nan, math.nan


def _ranked(regions: list[Region], fits: Floats, at_least: float) -> tuple[tuple[str | None, float, bool], ...]:
    """Return each region's label, score and whether it finds one of the reference, the surest first, as COCO does."""
    free = np.ones(fits.shape[1], dtype="bool")
    found = []
    for row in sorted(range(len(regions)), key=lambda row: -np.nan_to_num(regions[row].score)):
        open_fits = np.where(free, fits[row], 0.0)
        # Of equal ones COCO takes the last.
        best = len(open_fits) - 1 - int(open_fits[::-1].argmax()) if len(open_fits) else 0
        hit = bool(len(open_fits)) and open_fits[best] >= at_least and open_fits[best] > 0
        if hit:
            free[best] = False
        found.append((regions[row].label, regions[row].score, bool(hit)))
    return tuple(found)


def average_precision(scores: Floats, hits: Any, n: int) -> float:
    """Return average precision: the mean, over the recalls 0, 0.01 … 1, of the best precision at that recall or above.

    Args:
        scores: How sure each region is.
        hits: Whether it found a region of the reference.
        n: How many regions the reference has.

    Example:
        >>> round(average_precision(np.array([0.9, 0.8, 0.7]), [True, False, True], 2), 4)
        0.835
    """
    if not n or np.isnan(scores).any():
        return math.nan
    found = np.asarray(hits, dtype="float64")[np.argsort(-scores, kind="mergesort")]
    true = np.cumsum(found)
    precision = true / np.arange(1, len(found) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(true / n, np.linspace(0, 1, 101), side="left")
    return float(np.where(at < len(best), best[np.minimum(at, len(best) - 1)], 0.0).mean()) if len(best) else 0.0


KAPPA = 0.1


def _span(a: list[Region], b: list[Region]) -> tuple[float, float]:
    """Return how far key points of an item may be apart, and the root of the area that they span.

    Each annotator's points span a box, and the mean of both counts; of one point alone the picture has to do.
    """
    boxes = [np.ptp(np.array([region.place for region in regions]), axis=0) for regions in (a, b) if len(regions) > 1]
    boxes = [box for box in boxes if box.max() > 0]
    if not boxes:
        sides = [region.side for region in (*a, *b)]
        side = max(sides, default=100.0)
        return side / 20, side / 2
    longest = float(np.mean([box.max() for box in boxes]))
    areas = [float(box.prod()) for box in boxes if box.min() > 0]
    return longest / 10, math.sqrt(float(np.mean(areas))) if areas else longest


def match(scores: Floats, *, at_least: float = 0.0) -> list[tuple[int, int]]:
    """Return pairs of rows and columns, one to one, so that the sum of their scores is greatest.

    Args:
        scores: n × m, 0 or more; pairs that score 0 are never matched.
        at_least: Pairs that score less are not matched.

    Example:
        >>> match(np.array([[0.9, 0.8], [0.7, 0.1]]))
        [(0, 1), (1, 0)]
        >>> match(np.array([[0.9, 0.8], [0.7, 0.1]]), at_least=0.75)
        [(0, 0)]
    """
    if not scores.size:
        return []
    counted = np.where(scores >= at_least, scores, 0.0)
    rows, columns = linear_sum_assignment(counted, maximize=True)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if counted[row, column] > 0]


def _totals(measure: Measure, found: list[_Compared]) -> tuple[float, ...]:
    a, b, matched = (sum(one.counts[place] for one in found) for place in range(3))
    overlaps = [fit for one in found for _, fit in one.overlaps]
    mean = float(np.mean(overlaps)) if overlaps and measure != "key points" else math.nan
    return a, b, matched, (2 * matched / (a + b) if a + b else math.nan), mean


EDGED = frozenset({"boxes", "outlines", "masks"})


def _more_names(measure: Measure) -> list[str]:
    if measure == "key points":
        return ["distance", "oks"]
    if measure in LINES:
        return ["kappa", "overlap_f1", "boundary", "event_f1"]
    return ["boundary", "hausdorff"] if measure in EDGED else []


def _mean(numbers: Sequence[float]) -> float:
    return float(np.mean(numbers)) if numbers else math.nan


Alike = list[tuple[tuple[str, str], str, _Compared]]


def _by_label(
    measure: Measure, alike: Alike, reference: str | None, f1: float, interval: Interval
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the figures of each label, and those of all."""
    drawn = sorted(
        {label for *_, one in alike for labels in one.labels for label in labels}, key=lambda n: (n is None, n)
    )
    rows = []
    for label in drawn:
        regions = [[names.count(label) for names in one.labels] for *_, one in alike]
        matched = [match for *_, one in alike for match in one.matched if match.label == label]
        row: dict[str, Any] = {
            "label": label,
            "regions": sum(map(sum, regions)),
            "matched": len(matched),
            "f1": 2 * len(matched) / sum(map(sum, regions)),
        }
        if measure != "key points":
            row["mean_iou"] = _mean([fit for *_, one in alike for name, fit in one.overlaps if name == label])
        if measure in EDGED | LINES:
            row["boundary"] = _mean([match.boundary for match in matched])
        if reference is not None:
            right = sum(n[pair.index(reference)] for n, (pair, *_) in zip(regions, alike, strict=True))
            said = row["regions"] - right
            ranked = [found for *_, one in alike for found in one.ranked if found[0] == label]
            row["precision"] = len(matched) / said if said else math.nan
            row["recall"] = len(matched) / right if right else math.nan
            row["ap"] = average_precision(np.array([n for _, n, _ in ranked]), [hit for *_, hit in ranked], right)
        rows.append(row)
    names = ["label", "regions", "matched", "f1", *(["mean_iou"] if measure != "key points" else [])]
    names += ["boundary"] if measure in EDGED | LINES else []
    table = pd.DataFrame(rows, columns=names + (["precision", "recall", "ap"] if reference is not None else []))
    figures: list[tuple[Any, ...]] = [("f1", "F1", f1, *interval)]
    if reference is not None:
        right = sum(one.counts[pair.index(reference)] for pair, _, one in alike)
        said = sum(one.counts[1 - pair.index(reference)] for pair, _, one in alike)
        hits = sum(one.counts[2] for *_, one in alike)
        # As COCO does, over the labels that the reference has.
        precisions = table.loc[table["recall"].notna(), "ap"]
        mean = float(precisions.mean()) if len(precisions) and precisions.notna().all() else math.nan
        for name, words, value in (
            ("precision", "Precision", hits / said if said else math.nan),
            ("recall", "Recall", hits / right if right else math.nan),
            ("ap", "Average precision (mean of labels)", mean),
        ):
            figures.append((name, words, value, *NONE))
    return table, _figure_table(figures)


def _figure_table(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = ["figure", "name", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[2:], "float64"))


def _unitized(
    places: Places,
    lengths: Mapping[str, float],
    labels: pd.DataFrame,
    along: Mapping[tuple[str, str], Shares | None],
    samples: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return labels with their alphas and kappas, and the figures of all annotators at once."""
    lines = []
    for item, by_person in sorted(places.items()):
        for on in sorted({region.on for regions in by_person.values() for region in regions}) or [()]:
            units = {
                who: [(float(r.place[0]), float(r.place[1]), str(r.label)) for r in regions if r.on == on]
                for who, regions in by_person.items()
            }
            lines.append(Continuum(units, lengths.get(item, math.nan)))
    alpha = unitizing_alpha(lines)
    rows: list[tuple[Any, ...]] = [
        ("u_alpha", "Krippendorff's u-alpha (units, gaps and labels)", alpha.all, *NONE),
        ("u_alpha_binary", "Krippendorff's |u-alpha (units and gaps)", alpha.binary, *NONE),
        ("cu_alpha", "Krippendorff's cu-alpha (labels where units cross)", alpha.coding, *NONE),
    ]
    if samples:
        rows.append(("gamma", "Mathet's gamma", gamma(lines, samples=samples, seed=seed).value, *NONE))
    named = [str(label) for label in labels["label"]]
    kappas = {name: [_kappa(_only(name, shares)) for shares in along.values() if shares is not None] for name in named}
    found = {
        "alpha": [alpha.labels.get(name, math.nan) for name in named],
        "kappa": [_mean([kappa for kappa in kappas[name] if not math.isnan(kappa)]) for name in named],
    }
    return labels.assign(**{name: np.array(of, dtype="float64") for name, of in found.items()}), _figure_table(rows)


def _answers_about(annotations: pd.DataFrame, control: str, alike: Alike) -> pd.DataFrame:
    """Return how much annotators agree in what they answered about regions that are matched."""
    columns = ["a", "b", "question", "n", "percent", "kappa"]
    if "region" not in annotations.columns:
        return pd.DataFrame(columns=columns)
    kinds = annotations["kind"]
    asked = annotations["region"].notna() & ~kinds.map(lambda kind: is_region(kind) or kind == "relation").astype(bool)
    told = annotations[asked & annotations["control"].notna() & annotations["status"].isin(ANSWERED)]
    if not len(told):
        return pd.DataFrame(columns=columns)
    with repeats_told():  # Said once already, where regions were read.
        told = latest(checked(told, control, is_needed=False))
    said: dict[str, dict[tuple[str, str, str], set[str]]] = {}
    names = ("control", "item", "annotator", "region", "value")
    for question, item, who, region, value in zip(*(told[name].tolist() for name in names), strict=True):
        said.setdefault(str(question), {}).setdefault((str(item), str(who), str(region)), set()).add(str(value))
    rows = []
    for pair in dict.fromkeys(pair for pair, *_ in alike):
        for question, by_region in sorted(said.items()):
            both = [
                [by_region.get((item, who, key)) for who, key in zip(pair, match.keys, strict=True)]
                for own, item, one in alike
                if own == pair
                for match in one.matched
            ]
            known = [tuple(" + ".join(sorted(part or ())) for part in parts) for parts in both if all(parts)]
            if known:
                values = tuple(sorted({value for values in known for value in values}))
                codes = np.array([[values.index(value) for value in values_of] for values_of in known])
                kappa, n = cohen_kappa(Ratings(codes, values, "nominal"), 0, 1)
                rows.append((*pair, question, n, float((codes[:, 0] == codes[:, 1]).mean()), kappa))
    return pd.DataFrame(rows, columns=columns)


# The ends of a relation, and whether it goes both ways; then its labels.
Arcs = dict[tuple[str, str, bool], set[str]]


def _arcs(
    annotations: pd.DataFrame, places: Places, alike: Alike, chance: tuple[Clusters | None, int, int]
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return how much annotators agree in relations, the figures of all, and how many relations lead elsewhere."""
    columns = ["a", "b", "arcs_a", "arcs_b", "matched", "f1", "labelled", "labelled_f1"]
    nothing = pd.DataFrame(columns=columns), _figure_table([]), 0
    if not {*OWNER, "region", "kind", "value"} <= set(annotations.columns) or "relation" not in set(
        annotations["kind"]
    ):
        return nothing
    with repeats_told():  # Said once already, where regions were read.
        told = relations(latest(annotations))
    told = told[told["status"].isin(ANSWERED)]
    own = {(item, who): {r.key for r in regions} for item, by in places.items() for who, regions in by.items()}
    drawn: dict[tuple[str, str], Arcs] = {}
    left = 0
    names = ("item", "annotator", "source", "target", "direction", "labels")
    for item, who, *ends, direction, labels in zip(*(told[name].tolist() for name in names), strict=True):
        source, target = ends if direction != "left" else reversed(ends)
        if not {source, target} <= own.get((item, who), set()):
            left += 1
            continue
        drawn.setdefault((item, who), {}).setdefault(_arc(source, target, direction == "bi"), set()).update(labels)
    if not drawn:
        return *nothing[:2], left
    rows = []
    for pair, item, one in alike:
        a, b = (drawn.get((item, who), {}) for who in pair)
        means = dict(match.keys for match in one.matched)
        seen = {
            _arc(means[source], means[target], both_ways): labels
            for (source, target, both_ways), labels in a.items()
            if source in means and target in means
        }
        same = seen.keys() & b.keys()
        rows.append((item, *pair, len(a), len(b), len(same), sum(seen[arc] == b[arc] for arc in same)))
    items = pd.DataFrame(rows, columns=["item", "a", "b", "regions_a", "regions_b", "matched", "labelled"])
    sums = items.groupby(["a", "b"], sort=False)[["regions_a", "regions_b", "matched", "labelled"]].sum().reset_index()
    sums = sums.rename(columns={"regions_a": "arcs_a", "regions_b": "arcs_b"})
    total = (sums["arcs_a"] + sums["arcs_b"]).replace(0, math.nan)
    table = sums.assign(f1=2 * sums["matched"] / total, labelled_f1=2 * sums["labelled"] / total)[columns]
    figures = []
    for name, words, column in (
        ("arcs_f1", "F1 of relations", "matched"),
        ("arcs_labelled_f1", "F1 of relations with their labels", "labelled"),
    ):
        value, interval = _overall(items.assign(matched=items[column]), annotations, *chance)
        figures.append((name, words, value, *interval))
    return table, _figure_table(figures), left


def _arc(source: str, target: str, both_ways: bool) -> tuple[str, str, bool]:
    ends = sorted((source, target)) if both_ways else (source, target)
    return ends[0], ends[1], both_ways


def _along(
    measure: Measure, found: list[_Compared], shares: Shares, *, is_known: bool, has_collar: bool
) -> tuple[float, ...]:
    if measure == "key points":
        distances = [1 / score - 1 for one in found for _, score in one.overlaps]
        drawn = sum(one.counts[0] + one.counts[1] - len(one.overlaps) for one in found)
        oks = sum(one.nearness for one in found) / drawn if drawn else math.nan
        return (float(np.mean(distances)) if distances else math.nan, oks)
    matched = [match for one in found for match in one.matched]
    if measure in EDGED:
        return _mean([match.boundary for match in matched]), _mean([match.farthest for match in matched])
    if measure not in LINES:
        return ()
    labelled_a = sum(size * len(a) for (a, _), size in shares.items())
    labelled_b = sum(size * len(b) for (_, b), size in shares.items())
    shared = sum(size * len(a & b) for (a, b), size in shares.items())
    dice = 2 * shared / (labelled_a + labelled_b) if labelled_a + labelled_b else math.nan
    kappa = _kappa(shares) if is_known else math.nan
    regions = sum(one.counts[0] + one.counts[1] for one in found)
    events = 2 * sum(one.events for one in found) / regions if regions and has_collar else math.nan
    return kappa, dice, _mean([match.boundary for match in matched]), events


# What two annotators labelled at once → how much of all items that covers.
Shares = dict[tuple[frozenset[str], frozenset[str]], float]


def _shares(places: Places, items: list[str], pair: tuple[str, str], lengths: Mapping[str, float]) -> Shares:
    """Return how long each combination of what two annotators labelled lasts."""
    shares: Shares = {}
    for item in items:
        for on in sorted({r.on for regions in places[item].values() for r in regions}) or [()]:
            last = max((r.place[1] for regions in places[item].values() for r in regions if r.on == on), default=0.0)
            length = max(lengths.get(item, 0.0), last)
            a, b = ([r for r in places[item][who] if r.on == on] for who in pair)
            ends = [float(end) for region in (*a, *b) for end in region.place]
            cuts = np.unique(np.clip([0.0, length, *ends], 0.0, length))
            for start, end in itertools.pairwise(cuts.tolist()):
                here = (_labels_at(a, start, end), _labels_at(b, start, end))
                shares[here] = shares.get(here, 0.0) + end - start
    return shares


def _only(label: str, shares: Shares) -> dict[tuple[bool, bool], float]:
    """Return how much is covered by a label, or not, for each of two annotators."""
    found: dict[tuple[bool, bool], float] = {}
    for (a, b), size in sorted(shares.items(), key=lambda share: share[1]):
        found[(label in a, label in b)] = found.get((label in a, label in b), 0.0) + size
    return found


def _labels_at(regions: list[Region], start: float, end: float) -> frozenset[str]:
    return frozenset(str(r.label) for r in regions if r.place[0] <= start and r.place[1] >= end)


def _kappa(shares: Mapping[tuple[Any, Any], float]) -> float:
    """Return Cohen's kappa of two annotators from how much each combination of their labels covers."""
    total = sum(shares.values())
    if not total:
        return math.nan
    by_a: dict[Any, float] = {}
    by_b: dict[Any, float] = {}
    for (a, b), size in shares.items():
        by_a[a] = by_a.get(a, 0.0) + size / total
        by_b[b] = by_b.get(b, 0.0) + size / total
    if len(by_a) == 1 and by_a.keys() == by_b.keys():
        return math.nan
    # Sets come in another order in each process: sums in the order of size are the same in all.
    observed = sum(sorted(size for (a, b), size in shares.items() if a == b)) / total
    expected = sum(sorted(share * by_b.get(label, 0.0) for label, share in by_a.items()))
    return (observed - expected) / (1 - expected)


def _overall(
    items: pd.DataFrame, annotations: pd.DataFrame, clusters: Clusters | None, resamples: int, seed: int
) -> tuple[float, Interval]:
    sums = (
        items.assign(regions=items["regions_a"] + items["regions_b"])
        .groupby("item", sort=True)[["matched", "regions"]]
        .sum()
    )
    own = clusters_of(annotations, [str(item) for item in sums.index], clusters)
    pairs: Floats = sums.to_numpy("float64")
    if not pairs.size or not pairs[:, 1].sum():
        return math.nan, NONE
    f1 = float(2 * pairs[:, 0].sum() / pairs[:, 1].sum())
    # A further item has as many regions as others have, none of them matched, or all.
    usual = float(pairs[:, 1].mean())

    def figures(drawn: Floats) -> Floats:
        return 2 * drawn[:, :1] / drawn[:, 1:]

    found = intervals_of_sums(
        figures,
        pairs,
        [0.0, usual],
        [usual / 2, usual],
        2 * pairs[:, 0] - f1 * pairs[:, 1],
        clusters=own,
        resamples=resamples,
        seed=seed,
    )
    return f1, found[0]
