"""Labels back on the samples: what each annotator, or most of them, called each row of a series."""

from __future__ import annotations

import html
import itertools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from lsnb.annotations.long import ANSWERED
from lsnb.annotations.votes import checked, latest
from lsnb.errors import InputError, MissingExtraError
from lsnb.kernel import checks
from lsnb.kernel.words import listing, nearest, warn
from lsnb.labels.vocabulary import LABELS, kinds_of
from lsnb.reliability import Ratings, cohen_kappa, krippendorff_alpha
from lsnb.shapes import frames_of_seconds, seconds_of_frames
from lsnb.shapes.faults import as_float
from lsnb.tables.cells import TEXT_DTYPE
from lsnb.timeseries.aligned import MICROSECONDS, ORIGINAL, TIME, OnVideo, usual_step

Codes = np.ndarray[Any, np.dtype[np.int32]]
PREFIX = "label."
JOINER = " + "
# Where a result's attrs name the sensors' own columns of times.
TIMES = "lsnb.times"


def label_samples(
    annotations: pd.DataFrame,
    series: OnVideo | pd.DataFrame,
    *,
    control: str | None = None,
    item: str | None = None,
    by: Literal["annotator", "majority"] = "annotator",
    overlap: Literal["all", "first", "last"] = "all",
    min_votes: int = 1,
    time: str = TIME,
    fps: float | None = None,
) -> pd.DataFrame:
    """Return a series with what annotators called each sample.

    A stretch holds the samples from its start on, and not the one at its end: ``start <= time < end``. Where one
    stretch ends and the next begins, the sample at the border belongs to the next alone. Borders and times are
    compared at whole microseconds. An instant labels the one sample nearest to it, and so does a stretch so short that
    it lies between two samples; one in a gap of the series labels none, and is told.

    Args:
        annotations: The long table of ``read_annotations`` or ``Study.annotations``; it is not changed.
        series: What ``lsnb.align`` returned, or a table with seconds of the video in ``time``, in any order; it is
            not changed. Of an aligned series every sample is there, at full rate, without padding.
        control: The control that marks stretches (time series labels, timeline labels, audio labels); the only one by
            default.
        item: The item's key, where the annotations are of several.
        by: ``"annotator"`` for a column each, ``"majority"`` for what most of them said.
        overlap: Where one person's stretches with several labels overlap: ``"all"`` joins them in order of the alphabet
            (``rest + run``), ``"first"`` takes the one that begins first, ``"last"`` the one that begins last.
        min_votes: For the majority: with fewer annotators at a sample who marked anything, it has no label.
        time: The table's column of seconds.
        fps: The video's frames a second, for timeline labels of a task that has none; that of ``series`` by default.

    Returns:
        The series' columns, then ``label.<annotator>`` for everyone who has submitted, skipped samples missing; or
        ``label``, ``label_votes`` (how many annotators said so) and ``label_share`` (of all who submitted). Not to
        have marked a sample is a vote too: where most marked nothing, or the vote is tied, the label is missing.
        Labels are categories.

    Raises:
        InputError: No long table, several items or controls and none named, no such column, or an unknown option.

    Example:
        >>> row = {"item": "1", "annotator": "ana", "control": "act", "kind": "timeseries", "status": "submitted"}
        >>> long = pd.DataFrame([{**row, "value": "rest", "start": 0.0, "end": 1.0},
        ...                      {**row, "value": "run", "start": 1.0, "end": 2.0}])
        >>> series = pd.DataFrame({"time": [0.0, 0.5, 1.0, 2.0]})
        >>> label_samples(long, series)["label.ana"].astype("object").fillna("–").tolist()
        ['rest', 'rest', 'run', '–']
    """
    faults = (
        checks.choice("by", by, ("annotator", "majority")),
        checks.choice("overlap", overlap, ("all", "first", "last")),
        checks.whole("min_votes", min_votes, least=1),
        None if control is None else checks.text("control", control),
    )
    problems = [fault for fault in faults if fault]
    if not isinstance(annotations, pd.DataFrame):
        problems.append(
            f"annotations is a {type(annotations).__name__}: give what lsnb.read_annotations or study.annotations() "
            "returns."
        )
    if problems:
        raise InputError(problems)
    given_rate = frame_rate(fps)
    table = series.samples if isinstance(series, OnVideo) else series
    times = _times(table, time)
    name = the_control(annotations, control)
    everyone = checked(annotations, name) if name else checked(annotations.assign(control=None), "")
    key = the_item(everyone, item)
    everyone = everyone[everyone["item"].eq(key or "").fillna(False).astype(bool)]
    done = latest(everyone)
    people = sorted(set(done.loc[done["status"].isin(ANSWERED), "annotator"].dropna()))
    rate = series.fps if fps is None and isinstance(series, OnVideo) else given_rate
    marks = in_time(done, name) if name else done.iloc[:0]
    start, end = in_seconds(marks, rate) if len(marks) else (np.zeros(0), np.zeros(0))
    order = None if bool((times[1:] >= times[:-1]).all()) else np.argsort(times, kind="stable")
    ordered = times if order is None else times[order]
    values = (
        marks["value"].map(str, na_action="ignore").to_numpy(dtype="object") if len(marks) else np.zeros(0, "object")
    )
    owner = marks["annotator"].to_numpy(dtype="object") if len(marks) else np.zeros(0, "object")
    labelled: dict[str, tuple[Codes, list[str]]] = {}
    for person in people:
        own = (owner == person) & pd.notna(values)
        codes, names = _one_person(ordered, start[own], end[own], values[own], overlap)
        if order is not None:
            unsorted = np.empty_like(codes)
            unsorted[order] = codes
            codes = unsorted
        labelled[person] = (codes, names)
    names = sorted({label for _, found in labelled.values() for label in found})
    columns = {person: _recoded(codes, own, names) for person, (codes, own) in labelled.items()}
    result = _with_columns(table, columns, names, by, int(min_votes))
    if isinstance(series, OnVideo):
        result.attrs[TIMES] = [sensor.time_column for sensor in series.sensors]
    return result


def _times(table: Any, time: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"series is a {type(table).__name__}: give what lsnb.align returned, or its table.")
    if checks.column("time", time) or list(table.columns).count(time) != 1:
        raise InputError(
            f"The series has no column {time!r} of seconds, or several: give what lsnb.align returned, or time=."
        )
    if not pd.api.types.is_numeric_dtype(table[time].dtype):
        raise InputError(f"Column {time!r} of the series holds no seconds of the video: use lsnb.align first.")
    # NaN sorts last and lies in no stretch.
    return np.round(table[time].to_numpy("float64", na_value=np.nan), MICROSECONDS)


def _one_person(times: Any, start: Any, end: Any, values: Any, overlap: str) -> tuple[Codes, list[str]]:
    """Return for each sample the position of its label in the list that follows, −1 without one."""
    low = np.searchsorted(times, start, "left")
    high = np.searchsorted(times, end, "left")
    known = times[np.isfinite(times)]
    step = usual_step(np.diff(known)) if len(known) > 1 else 0.0
    lost = 0
    for one in np.flatnonzero(low == high) if len(known) else ():
        moment = (start[one] + end[one]) / 2
        right = min(int(np.searchsorted(known, moment)), len(known) - 1)
        left = max(right - 1, 0)
        nearest = left if moment - known[left] <= abs(known[right] - moment) and known[right] != moment else right
        if start[one] == end[one] or known[left] <= moment <= known[right] <= known[left] + LATE * step:
            low[one], high[one] = nearest, nearest + 1
        elif known[0] <= moment <= known[-1]:
            lost += 1
    if lost:
        warn(f"{lost} stretches of one annotator lie in gaps of the series, where there is no sample to label.")
    # Between two borders the set of labels does not change.
    borders = np.unique(np.concatenate([[0, len(times)], low, high]))
    names: dict[str, int] = {}
    codes = np.full(len(times), -1, dtype="int32")
    order = np.lexsort((np.arange(len(start)), start))
    if overlap != "all" or len(set(values.tolist())) < 2 or not _any_overlap(low[order], high[order]):
        for one in order if overlap != "first" else order[::-1]:
            if high[one] > low[one]:
                codes[low[one] : high[one]] = names.setdefault(str(values[one]), len(names))
        return codes, list(names)
    for first, stop in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
        inside = (low <= first) & (high >= stop)
        if inside.any():
            text = JOINER.join(sorted(set(values[inside].tolist())))
            codes[first:stop] = names.setdefault(text, len(names))
    return codes, list(names)


def _any_overlap(low: Any, high: Any) -> bool:
    return bool((low[1:] < np.maximum.accumulate(high)[:-1]).any())


def _recoded(codes: Codes, own: list[str], names: list[str]) -> Codes:
    if own == names:
        return codes
    place = np.array([*(names.index(label) for label in own), -1], dtype="int32")
    return np.asarray(place[codes])


def _with_columns(
    table: pd.DataFrame, columns: dict[str, Codes], names: list[str], by: str, min_votes: int
) -> pd.DataFrame:
    result = table.copy()
    taken = set(result.columns)

    def free(name: str) -> str:
        number, found = 2, name
        while found in taken:
            found, number = f"{name}_{number}", number + 1
        taken.add(found)
        if found != name:
            warn(
                f"The series has a column {name!r} already, so that these labels are in {found!r}, which "
                "sample_agreement takes for another annotator's: label the bare series for a second control."
            )
        return found

    if by == "annotator":
        for person, codes in columns.items():
            result[free(f"{PREFIX}{person}")] = _categories(codes, names)
        return result
    rows = len(result)
    most: Any = np.zeros(rows, "int32")
    winner: Any = np.full(rows, -1, "int32")
    tied: Any = np.zeros(rows, "bool")
    marked: Any = np.zeros(rows, "int32")
    for code in range(-1, len(names)):
        votes = np.zeros(rows, "int32")
        for codes in columns.values():
            votes += codes == code
        if code >= 0:
            marked += votes
        tied = np.where(votes > most, False, tied | ((votes == most) & (votes > 0)))
        winner = np.where(votes > most, code, winner)
        most = np.maximum(most, votes)
    decided = ~tied & (winner >= 0) & (marked >= min_votes)
    winner = np.where(decided, winner, -1)
    result[free("label")] = _categories(winner, names)
    result[free("label_votes")] = np.where(decided, most, 0)
    result[free("label_share")] = np.where(decided, most / max(1, len(columns)), np.nan)
    return result


def _categories(codes: Codes, names: list[str]) -> Any:
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(pd.Index(names, dtype="object")))


# How far annotators agree sample by sample.


UNMARKED = "(unmarked)"


@dataclass(frozen=True, repr=False)
class SampleAgreement:
    """How far annotators agree sample by sample.

    Neighbouring samples are alike, so no interval is given: samples are not independent cases.

    Args:
        alpha: Krippendorff's alpha, nominal, over all samples; missing with one annotator or one label.
        kappa: ``a, b, kappa, share, n``: Cohen's kappa of each pair, and the share of samples they call the same.
        labels: ``label, a, b, both, either, overlap``: how many samples both and at least one of a pair gave a label,
            and the first over the second (intersection over union).
        n: How many samples.
    """

    alpha: float
    kappa: pd.DataFrame
    labels: pd.DataFrame
    n: int

    def __repr__(self) -> str:
        head = f"Agreement over {self.n:,} samples: alpha {self.alpha:.3f}"
        return "\n".join([head, self.kappa.to_string(index=False), self.labels.to_string(index=False)])

    def _repr_html_(self) -> str:
        return (
            f"<p><b>{html.escape(repr(self).split(chr(10))[0])}</b></p>"
            + self.kappa.to_html(index=False, escape=True)
            + self.labels.to_html(index=False, escape=True)
        )


def sample_agreement(
    labelled: pd.DataFrame | Sequence[pd.DataFrame],
    *,
    annotators: Sequence[str] | None = None,
    count_unmarked: bool = True,
) -> SampleAgreement:
    """Return how far annotators agree about the samples of a series.

    Args:
        labelled: What ``label_samples(…, by="annotator")`` returned; it is not changed. Of several items, a list of
            these: who did not submit an item has no answer there, and is not taken to have marked nothing.
        annotators: Who; by default everyone with a column ``label.<annotator>``.
        count_unmarked: Whether not to have marked a sample is an answer like any other; else only samples that both of
            a pair marked are compared.

    Raises:
        InputError: Fewer than two annotators, or one without a column.

    Example:
        >>> labelled = pd.DataFrame({"label.ana": ["run", "run", None, None], "label.ben": ["run", None, None, None]})
        >>> sample_agreement(labelled).kappa.values.tolist()
        [['ana', 'ben', 0.5, 0.75, 4]]
    """
    tables: list[Any] = list(labelled) if isinstance(labelled, (list, tuple)) else [labelled]
    if not tables or not all(isinstance(one, pd.DataFrame) for one in tables):
        bad = next((one for one in tables if not isinstance(one, pd.DataFrame)), labelled)
        raise InputError(f"labelled is a {type(bad).__name__}: give what lsnb.label_samples returned.")
    checks.raise_for(InputError, checks.switch("count_unmarked", count_unmarked))
    if annotators is not None and (isinstance(annotators, str) or not isinstance(annotators, Iterable)):
        raise InputError(f"annotators is {annotators!r}: give a list of names.")
    there = list(
        dict.fromkeys(
            str(name).removeprefix(PREFIX) for one in tables for name in one.columns if str(name).startswith(PREFIX)
        )
    )
    people = there if annotators is None else list(dict.fromkeys(str(name) for name in annotators))
    unknown = [name for name in people if name not in there]
    if unknown or len(people) < 2:
        raise InputError(
            f"There is no column of labels by {listing(unknown)}; there are {listing(there) or 'none'}."
            if unknown
            else f"Agreement needs two annotators, and the table has labels by {listing(there) or 'nobody'}: give what "
            "lsnb.label_samples(…, by='annotator') returned."
        )
    columns = [one[PREFIX + who] for one in tables for who in people if PREFIX + who in one]
    names = sorted({str(label) for column in columns for label in column.dropna().unique()})
    unmarked = len(names) if count_unmarked else -1
    codes = np.concatenate([_all_codes(one, people, names, unmarked) for one in tables])
    values = (*names, UNMARKED) if count_unmarked else tuple(names)
    ratings = Ratings(codes, values, "nominal")
    pairs, overlaps = [], []
    for one, two in itertools.combinations(range(len(people)), 2):
        kappa, n = cohen_kappa(ratings, one, two)
        a, b = codes[:, one], codes[:, two]
        common = (a >= 0) & (b >= 0)
        share = float((a[common] == b[common]).mean()) if common.any() else float("nan")
        pairs.append((people[one], people[two], kappa, share, n))
        for code, label in enumerate(names):
            # Of an item that only one of them submitted, the other has said nothing.
            seen = common | (not count_unmarked)
            both, either = int(((a == code) & (b == code)).sum()), int((((a == code) | (b == code)) & seen).sum())
            overlap = both / either if either else float("nan")
            overlaps.append((label, people[one], people[two], both, either, overlap))
    alpha, _ = krippendorff_alpha(ratings)
    return SampleAgreement(
        alpha=alpha,
        kappa=pd.DataFrame(pairs, columns=["a", "b", "kappa", "share", "n"]),
        labels=pd.DataFrame(overlaps, columns=["label", "a", "b", "both", "either", "overlap"]),
        n=len(codes),
    )


def _all_codes(table: pd.DataFrame, people: list[str], names: list[str], unmarked: int) -> Any:
    absent = np.full(len(table), -1)
    found = [_codes(table[PREFIX + who], names) if PREFIX + who in table else None for who in people]
    return np.stack([absent if one is None else np.where(one < 0, unmarked, one) for one in found], axis=1)


def _codes(column: pd.Series[Any], names: list[str]) -> Any:
    if isinstance(column.dtype, pd.CategoricalDtype):
        place = {name: code for code, name in enumerate(names)}
        own = np.array([*(place.get(str(label), -1) for label in column.cat.categories), -1], dtype="int64")
        return own[column.cat.codes.to_numpy()]
    return pd.Categorical(column.map(str, na_action="ignore"), categories=names).codes.astype("int64")


# Stretches of equal length for machine learning, with the label that most of their samples have.


# Two samples of an even series are never farther apart than this many steps.
LATE = 1.5
UNEVEN_SHARE = 0.05
NO_CHANNELS = ("timestamp", ORIGINAL, "label_votes", "label_share")


class Windows(NamedTuple):
    """Stretches of a series for machine learning.

    Args:
        values: float64[n, length, channels], or [n, channels, length] with ``layout="nct"``; a copy.
        labels: object[n], the label of most samples; None where most are unlabelled, or none has enough of them.
        starts: float64[n] seconds of each stretch's first sample.
        shares: float64[n], the share of its samples that have the label, 0 to 1; of None, that have none.
        channels: The names of the channels.
        marks: object[n], a tuple of every label that any of its samples has, in order of first appearance: an instant
            or a clap is never most of a stretch, and is found here.
        groups: A row for each stretch with what ``by`` names: the item, the person; no columns without.
        layout: ``"ntc"`` or ``"nct"``: the order of ``values``.

    Example:
        Splits by person, as ``sklearn`` makes them; ``values`` with ``layout="nct"`` are sktime's ``numpy3D``:

        >>> from sklearn.model_selection import GroupKFold
        >>> samples = pd.DataFrame({"who": list("aabbcc"), "time": [0.0, 1.0] * 3, "x": 1.0, "label": "run"})
        >>> cut = windows(samples, 1.0, by="who", layout="nct")
        >>> folds = GroupKFold(3).split(cut.values, cut.labels, groups=cut.groups["who"])
        >>> [sorted(set(cut.groups["who"].iloc[test])) for _, test in folds]
        [['c'], ['b'], ['a']]
        >>> cut.values.shape
        (6, 1, 1)
    """

    values: np.ndarray[Any, np.dtype[np.float64]]
    labels: np.ndarray[Any, Any]
    starts: np.ndarray[Any, np.dtype[np.float64]]
    shares: np.ndarray[Any, np.dtype[np.float64]]
    channels: tuple[Hashable, ...]
    marks: np.ndarray[Any, Any]
    groups: pd.DataFrame
    layout: str = "ntc"

    def to_long(self) -> pd.DataFrame:
        """Return a row for each sample of each stretch: ``id`` (its stretch, from 0), ``time`` (from 0), the channels.

        The shape of tsfresh: ``extract_features(cut.to_long(), column_id="id", column_sort="time")``.

        Example:
            >>> samples = pd.DataFrame({"time": [0.0, 1.0, 2.0, 3.0], "x": [5.0, 6.0, 7.0, 8.0]})
            >>> windows(samples, 2.0).to_long().values.tolist()
            [[0.0, 0.0, 5.0], [0.0, 1.0, 6.0], [1.0, 0.0, 7.0], [1.0, 1.0, 8.0]]
        """
        values = self.values if self.layout == "ntc" else self.values.transpose(0, 2, 1)
        count, length, _ = values.shape
        table = pd.DataFrame(values.reshape(count * length, -1), columns=list(self.channels))
        table.insert(0, "id", pd.Series(np.repeat(np.arange(count), length)))
        table.insert(1, "time", pd.Series(np.tile(np.arange(length), count)))
        return table

    def to_torch(self) -> tuple[Any, Any, list[str]]:
        """Return values and labels as tensors of ``torch``, and the labels' names.

        Returns:
            ``x``: float32[n, channels, length], as ``torch.nn.Conv1d`` takes them; ``y``: int64[n], the place of each
            label among the names, −1 without one (``CrossEntropyLoss(ignore_index=-1)``); the names, sorted.

        Raises:
            MissingExtraError: ``torch`` is not installed.
        """
        try:
            import torch
        except ImportError:
            raise MissingExtraError("Tensors need torch: run 'pip install torch' and restart the notebook.") from None
        values = self.values if self.layout == "nct" else self.values.transpose(0, 2, 1)
        names = sorted({str(label) for label in self.labels if label is not None})
        place = {name: number for number, name in enumerate(names)}
        codes = [-1 if label is None else place[str(label)] for label in self.labels]
        x = torch.from_numpy(np.ascontiguousarray(values, dtype="float32"))
        return x, torch.tensor(codes, dtype=torch.int64), names


def windows(
    samples: pd.DataFrame,
    length: float,
    stride: float | None = None,
    *,
    channels: Sequence[Hashable] | None = None,
    label: Hashable | None = None,
    min_share: float = 0.0,
    time: str = TIME,
    by: Hashable | Sequence[Hashable] | None = None,
    layout: Literal["ntc", "nct"] = "ntc",
) -> Windows:
    """Return stretches of equal length from an evenly sampled series, each with the label of most of its samples.

    Stretches that lie over a gap or hold a missing value are left out. Not to be labelled counts as a label of its
    own. Of labels that are equally frequent, the one that comes first in the stretch is taken.

    Args:
        samples: What ``label_samples`` returned for a series with even steps (``lsnb.align(…, resample=50)``), in the
            order of time; it is not changed. Of several items, their tables one below the other, with ``by``.
        length: Seconds.
        stride: Seconds from one start to the next; ``length`` by default, so that stretches do not overlap.
        channels: Columns to take; by default every column of numbers but times (a sensor's own too, as
            ``label_samples`` notes them in ``samples.attrs``), votes and what ``by`` names.
        label: The column of labels; by default ``label``, or the only ``label.<annotator>``.
        min_share: With a smaller share of the samples the label is None.
        time: The column of seconds.
        by: The column, or columns, that tell one recording from another, ``["person", "item"]``: none is cut across,
            and ``.groups`` says of each stretch where it is from, for splits by person.
        layout: The order of ``values``: ``"ntc"`` for stretch, time, channel (Keras), ``"nct"`` for stretch, channel,
            time (PyTorch, sktime).

    Raises:
        InputError: Uneven steps, lengths that make no sense, or columns that are not there; every fault at once.

    Example:
        >>> samples = pd.DataFrame({"time": np.arange(6) / 2, "x": range(6), "label": ["a", "a", "b", "b", "b", "a"]})
        >>> cut = windows(samples, 1.5)
        >>> cut.values[:, :, 0].tolist(), cut.labels.tolist(), cut.starts.tolist(), cut.marks.tolist()
        ([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], ['a', 'b'], [0.0, 1.5], [('a', 'b'), ('b', 'a')])
    """
    if not isinstance(samples, pd.DataFrame) or not isinstance(time, Hashable) or time not in samples.columns:
        raise InputError(f"samples needs to be a table with a column {time!r}: give what lsnb.label_samples returned.")
    repeated = sorted({str(name) for name in samples.columns[samples.columns.duplicated()]})
    if repeated:
        raise InputError(f"samples has more than one column called {listing(repeated)}: rename all but one.")
    if not pd.api.types.is_numeric_dtype(samples[time].dtype):
        raise InputError(f"Column {time!r} holds no seconds: give what lsnb.label_samples returned, or time=.")
    problems = [fault for fault in (checks.choice("layout", layout, ("ntc", "nct")),) if fault]
    if not _is_number(length) or not 0 < length < float("inf"):
        problems.append(f"length is {length!r}: give seconds, more than 0.")
    if stride is not None and (not _is_number(stride) or not 0 < stride < float("inf")):
        problems.append(f"stride is {stride!r}: give seconds, more than 0.")
    if not _is_number(min_share) or not 0 <= min_share <= 1:
        problems.append(f"min_share is {min_share!r}: give a share from 0 to 1.")
    keys, said = _group_columns(samples, by)
    problems += said
    chosen, said = _channels(samples.drop(columns=[key for key in keys if key not in _named(channels)]), channels, time)
    problems += said
    labels, said = _label_column(samples, label)
    problems += said
    times = samples[time].to_numpy("float64", na_value=np.nan)
    groups = _recordings(samples, keys)
    # From one recording to the next there is no step.
    steps = np.diff(times)
    inner = np.diff(groups) == 0
    own = steps[inner]
    step = usual_step(own) if len(own) else float("nan")
    if not np.isfinite(times).all() or (own <= 0).any():
        hint = "" if keys else " Tables of several recordings need by=."
        problems.append(f"Column {time!r} does not rise from row to row: sort the table by it, without repeats.{hint}")
    elif not step > 0:
        problems.append("The series has fewer than two samples, so it cannot be cut into windows.")
    elif (np.abs(own - step) > max(0.1 * step, 2e-6)).mean() > UNEVEN_SHARE:
        problems.append(
            f"The steps of {time!r} are uneven ({own.min():.6g} to {own.max():.6g} s), so windows of equal length "
            "have unequal numbers of samples: use lsnb.align(…, resample=…) first."
        )
    if problems:
        raise InputError(problems)
    # No longer than one that is too long, which arrays could not count.
    longest = len(times) + 1
    size = max(1, round(min(as_float(length) / step, longest)))
    hop = size if stride is None else max(1, round(min(as_float(stride) / step, longest)))
    bounds = np.concatenate([[0], np.flatnonzero(~inner) + 1, [len(times)]]).tolist()
    starts = np.concatenate([np.arange(low, high - size + 1, hop) for low, high in itertools.pairwise(bounds)])
    starts = starts.astype("int64")
    values = np.stack([samples[name].to_numpy("float64", na_value=np.nan) for name in chosen], axis=1)
    bad = ~np.isfinite(values).all(axis=1)
    late = np.concatenate([[False], (steps > LATE * step) | ~inner])
    spoilt = np.concatenate([[0], np.cumsum(bad)])
    broken = np.concatenate([[0], np.cumsum(late)])
    # A gap before a window's first sample does not break it.
    whole = (spoilt[starts + size] == spoilt[starts]) & (broken[starts + size] == broken[starts + 1])
    _tell_of_none(
        samples,
        chosen,
        starts,
        whole,
        as_float(length),
        max(times[high - 1] - times[low] for low, high in itertools.pairwise(bounds)),
    )
    starts = starts[whole]
    rows = starts[:, None] + np.arange(size)
    found, shares, marked = _most(labels, rows, float(min_share))
    cut = values[rows] if len(starts) else np.zeros((0, size, len(chosen)))
    if layout == "nct":
        cut = np.ascontiguousarray(cut.transpose(0, 2, 1))
    where = samples[keys].iloc[starts].reset_index(drop=True)
    return Windows(cut, found, times[starts], shares, tuple(chosen), marked, where, layout)


def _group_columns(samples: pd.DataFrame, by: Any) -> tuple[list[Hashable], list[str]]:
    if by is None:
        return [], []
    names = list(by) if isinstance(by, (list, tuple)) else [by]
    absent = [name for name in names if not isinstance(name, Hashable) or name not in samples.columns]
    if absent or not names:
        near = nearest(absent[0], samples.columns) if absent else ""
        return [], [f"by names columns that are not there: {listing(absent)}.{near}"]
    return names, []


def _recordings(samples: pd.DataFrame, keys: list[Hashable]) -> Any:
    """Return for each row the number of its recording: rows that follow each other with the same keys are one."""
    if not keys:
        return np.zeros(len(samples), "int64")
    codes = samples.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()
    return np.cumsum(np.concatenate([[0], np.diff(codes) != 0])) if len(codes) else codes


def _tell_of_none(samples: pd.DataFrame, chosen: Any, starts: Any, whole: Any, length: float, longest: float) -> None:
    if len(starts) and not whole.any():
        worst = max(chosen, key=lambda name: float(samples[name].isna().to_numpy().mean()))
        warn(
            f"No window is left: all {len(starts):,} lie over a gap or hold a missing value ({worst!r} is missing in "
            f"{100 * float(samples[worst].isna().mean()):.0f} percent of the rows). Give channels= without it, a "
            "shorter length, or lsnb.align(…, resample=…).",
        )
    elif not len(starts):
        warn(f"No window is left: the series of {longest:g} s is shorter than a window of {length:g} s.")


def _most(labels: pd.Series[Any] | None, rows: Any, min_share: float) -> tuple[Any, Any, Any]:
    """Return the label of most samples of each stretch, its share, and all labels that any of them has."""
    found, shares = np.full(len(rows), None, dtype="object"), np.full(len(rows), np.nan)
    marked = np.empty(len(rows), dtype="object")
    marked[:] = [()] * len(rows)
    if labels is None or not len(rows):
        return found, shares, marked
    codes, names = pd.factorize(labels.astype("object").map(_hashed, na_action="ignore"))
    cells = codes[rows]
    counts = np.stack([(cells == code).sum(axis=1) for code in range(-1, len(names))], axis=1)
    for one in np.flatnonzero((counts[:, 1:] > 0).any(axis=1)):
        own = dict.fromkeys(cells[one][cells[one] >= 0].tolist())
        # Of labels that one person gave the same sample, each counts.
        parts = [part for code in own for part in _parts(names[code])]
        marked[one] = tuple(dict.fromkeys(parts))
    most = counts.max(axis=1)
    tied = (counts == most[:, None]).sum(axis=1) > 1
    best = counts.argmax(axis=1) - 1
    for one in np.flatnonzero(tied):
        among = set((np.flatnonzero(counts[one] == most[one]) - 1).tolist())
        best[one] = next(code for code in cells[one].tolist() if code in among)
    shares = most / cells.shape[1]
    enough = (best >= 0) & (shares >= min_share)
    found[enough] = np.asarray(names, dtype="object")[best[enough]]
    return found, shares, marked


def _parts(label: Any) -> list[Any]:
    return label.split(JOINER) if isinstance(label, str) else [label]


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


# Borders are half open: a stretch holds its start and not its end, so where one ends and the next begins, the moment
# belongs to the next. They are compared at whole microseconds, as ``time`` is written.

# Label Studio's result types that mark a stretch of time.
PLACED = (*kinds_of("Span", "instant"), *kinds_of("Timeline"))
KINDS = (*PLACED, LABELS.kind)
COLUMNS = ["item", "annotator", "control", "region", "label", "start", "end", "start_frame", "end_frame", "instant"]


def segments(
    annotations: pd.DataFrame,
    aligned: OnVideo | Mapping[str, OnVideo] | None = None,
    *,
    control: str | None = None,
    fps: float | None = None,
) -> pd.DataFrame:
    """Return what annotators marked in time, a row for each stretch and label.

    The latest submitted annotation of each person counts. Seconds are of the video: a time series' own numbers are
    that if its file was written by ``AlignedSeries.to_csv``. Frames are counted from 1 with the end included, as on
    Label Studio's timeline: frames [9, 15] are seconds 8/fps to 15/fps, end exclusive.

    Args:
        annotations: The long table; it is not changed.
        aligned: The series on the video's clock, for the sensor's own times; a dict from item to series for several.
        control: The control that marks stretches; by default all that do.
        fps: The video's frames a second; that of ``aligned`` by default.

    Returns:
        ``item, annotator, control, region, label, start, end, start_frame, end_frame, instant``, sorted by item,
        annotator and start; with ``aligned`` also ``sensor_start`` and ``sensor_end`` as the sensor writes times, of
        several sensors ``sensor_start.<sensor>`` and so on.

    Raises:
        InputError: No long table, no such control, or frames without a frame rate.

    Example:
        >>> row = {"item": "1", "annotator": "ana", "control": "act", "kind": "timeseries", "region": "r"}
        >>> long = pd.DataFrame([{**row, "value": "run", "status": "submitted", "start": 0.5, "end": 1.0}])
        >>> segments(long, fps=30)[["label", "start", "end", "start_frame", "end_frame"]].values.tolist()
        [['run', 0.5, 1.0, 16, 30]]
    """
    rate = frame_rate(fps)
    checks.raise_for(InputError, None if control is None else checks.text("control", control))
    if not isinstance(annotations, pd.DataFrame) or "control" not in annotations.columns:
        raise InputError(
            "This is not the long table of annotations: give what lsnb.read_annotations or study.annotations() returns."
        )
    done = in_time(latest(checked(annotations, control if control is not None else _any_control(annotations))), control)
    series = {str(item): one for item, one in aligned.items()} if isinstance(aligned, Mapping) else None
    whole = aligned if isinstance(aligned, OnVideo) else None
    if aligned is not None and series is None and whole is None:
        raise InputError(f"aligned is a {type(aligned).__name__}: give what lsnb.align returned, or a dict of these.")
    for key, given in (series or {}).items():
        if not isinstance(given, OnVideo):
            raise InputError(f"aligned of the item {key} is a {type(given).__name__}: give what lsnb.align returned.")
    items = sorted(set(annotations["item"].dropna().map(str)))
    if series and items and not set(series) & set(items):
        raise InputError(
            f"aligned is of other items ({listing(list(series))}) than the annotations ({listing(items)})."
        )
    if whole is not None and len(items) > 1:
        # Also where only one of them is labelled yet: nothing says that it is the one whose clock was given.
        raise InputError(
            f"The annotations are of {len(items)} items and aligned is one series: give a dict from item to series, or "
            "the annotations of one item."
        )
    missing = sorted(set(done["item"].dropna().map(str)) - set(series)) if series is not None else []
    if missing:
        warn(
            f"aligned has no series of {listing(missing)}: their stretches have no times of the sensor.",
        )
    parts = []
    for item, rows in done.groupby("item", sort=True):
        one = whole if series is None else series.get(str(item))
        parts.append(_of_item(rows, one, rate))
    if not parts:
        return _of_item(done, whole, rate)
    return pd.concat(parts, ignore_index=True)


def in_time(done: pd.DataFrame, control: str | None) -> pd.DataFrame:
    """Return the rows that mark stretches of time.

    Args:
        done: The long table, the latest annotation of each person alone.
        control: The control, or None for all that mark stretches.

    Raises:
        InputError: Columns of the long table are not there.
    """
    absent = [name for name in ("kind", "start", "end") if name not in done.columns]
    absent += [name for name in FRAMES if name not in done.columns and set(FRAMES) & set(done.columns)]
    if absent:
        raise InputError(f"The table of annotations has no column {listing(absent)}: give the whole long table.")
    marks = done["status"].eq("submitted") & done["kind"].isin(KINDS)
    if control is not None:
        marks &= done["control"].eq(control)
    frames = done["start_frame"].notna() if "start_frame" in done else False
    is_placed = done["start"].notna() | frames
    lost = int((marks & ~is_placed & done["kind"].isin(PLACED)).sum())
    if lost:
        warn(
            f"{lost} stretches have no seconds and are left out: plot the file that AlignedSeries.to_csv "
            "writes, in seconds, without timeFormat.",
        )
    marks &= is_placed
    marks = marks.fillna(False).astype(bool)
    if control is None:
        texts = _of_texts(done[marks])
        if texts:
            warn(
                f"The labels of {listing(texts)} begin and end at whole numbers, as those of texts do, and are left "
                "out: give control= if they are seconds.",
            )
            marks &= ~done["control"].isin(texts)
    return done[marks]


def _of_texts(rows: pd.DataFrame) -> list[str]:
    """Return the controls whose labels may be of a text: Label Studio calls those of texts and sounds alike."""
    labels = rows[rows["kind"].eq(LABELS.kind)]
    places = labels[["start", "end"]].apply(pd.to_numeric, errors="coerce")
    whole = (places.round() == places).all(axis=1)
    return sorted(str(name) for name, same in whole.groupby(labels["control"]) if same.all())


def in_seconds(rows: pd.DataFrame, fps: float) -> tuple[Any, Any]:
    """Return starts and ends in seconds at whole microseconds, from seconds or else from frames.

    Args:
        rows: Rows of the long table.
        fps: Frames a second, missing if unknown.

    Raises:
        InputError: Rows that have frames alone, and no frame rate.

    Example:
        >>> rows = pd.DataFrame({"start": [float("nan")], "end": None, "start_frame": [9], "end_frame": [15]})
        >>> in_seconds(rows, 10.0)
        (array([0.8]), array([1.5]))
    """
    start: Any
    end: Any
    start, end = (pd.to_numeric(rows[name], errors="coerce").to_numpy("float64") for name in ("start", "end"))
    if "start_frame" in rows:
        first, last = (rows[name].astype("Float64").to_numpy("float64", na_value=np.nan) for name in FRAMES)
        by_frame = np.isnan(start) & ~np.isnan(first)
        if by_frame.any() and not fps > 0:
            raise InputError(
                f"{int(by_frame.sum())} stretches are known by frames alone ({listing(sorted(set(rows['item'])))}): "
                "give fps=, the video's frames a second (lsnb.probe(video).fps)."
            )
        begins, ends = seconds_of_frames(first, last, fps)
        start, end = np.where(by_frame, begins, start), np.where(by_frame, ends, end)
    start, end = np.round(start, MICROSECONDS), np.round(end, MICROSECONDS)
    end = np.where(np.isnan(end), start, end)
    return np.minimum(start, end), np.maximum(start, end)


FRAMES = ("start_frame", "end_frame")
# Frames a second; hours of a faster video would have more frames than can be counted.
FASTEST = 1e9


def _of_item(rows: pd.DataFrame, aligned: OnVideo | None, fps: float) -> pd.DataFrame:
    rate = fps if fps > 0 or aligned is None else aligned.fps
    start, end = in_seconds(rows, rate)
    table = pd.DataFrame(
        {
            "item": rows["item"].to_numpy(),
            "annotator": rows["annotator"].to_numpy(),
            "control": rows["control"].to_numpy(),
            "region": rows["region"].to_numpy() if "region" in rows else None,
            "label": rows["value"].to_numpy(),
            "start": start,
            "end": end,
        }
    )
    for name in ("item", "annotator", "control", "region"):
        table[name] = table[name].astype(TEXT_DTYPE)
    first, last = _frames(rows, start, end, rate)
    table["start_frame"], table["end_frame"] = first, last
    table["instant"] = start == end
    for sensor in aligned.sensors if aligned is not None else ():
        suffix = "" if aligned is not None and len(aligned.sensors) == 1 else f".{sensor.name}"
        table[f"sensor_start{suffix}"] = sensor.original(start).array
        table[f"sensor_end{suffix}"] = sensor.original(end).array
    return table.sort_values(["annotator", "start", "end"], kind="stable", ignore_index=True)


def _frames(rows: pd.DataFrame, start: Any, end: Any, fps: float) -> tuple[Any, Any]:
    given = [
        rows[name].astype("Int64").reset_index(drop=True)
        if name in rows
        else pd.Series(pd.NA, range(len(rows)), "Int64")
        for name in FRAMES
    ]
    if not fps > 0:
        return given[0], given[1]
    counted = [pd.Series(frames).astype("Int64") for frames in frames_of_seconds(start, end, fps)]
    return given[0].fillna(counted[0]), given[1].fillna(counted[1])


def frame_rate(fps: Any) -> float:
    """Return frames a second as a float, missing for None.

    Raises:
        InputError: No number above 0.
    """
    if fps is None:
        return float("nan")
    try:
        rate = float(fps)
    except (TypeError, ValueError, OverflowError):
        rate = float("nan")
    if isinstance(fps, bool) or not 0 < rate <= FASTEST:
        raise InputError(f"fps is {fps!r}: give the video's frames a second, for example lsnb.probe(video).fps.")
    return rate


def _any_control(annotations: pd.DataFrame) -> str:
    """Return some control of the table, for the checks that want one."""
    controls = annotations["control"].dropna()
    return str(controls.iloc[0]) if len(controls) else ""


def the_control(annotations: pd.DataFrame, control: str | None) -> str:
    """Return the one control that marks stretches of time.

    Args:
        annotations: The long table.
        control: Its name, if the user gave one.

    Raises:
        InputError: There are several, and none was named.
    """
    if control is not None:
        return control
    if "kind" not in annotations or "control" not in annotations:
        raise InputError(
            "This is not the long table of annotations: give what lsnb.read_annotations or study.annotations() returns."
        )
    found = annotations[annotations["kind"].isin(KINDS)]
    names = sorted({str(name) for name in found["control"].dropna()})
    if len(names) > 1 and {"start", "end"} <= set(found.columns):
        texts = _of_texts(found[found["start"].notna()])
        names = [name for name in names if name not in texts] or names
    if len(names) > 1:
        raise InputError(f"Several controls mark stretches of time: {listing(names)}. Give control=.")
    return names[0] if names else ""


def the_item(annotations: pd.DataFrame, item: str | None) -> str | None:
    """Return the one item that the annotations are of.

    Args:
        annotations: The long table.
        item: Its key, if the user gave one.

    Raises:
        InputError: There are several and none was named, or there is no such item.
    """
    items = sorted({str(key) for key in annotations["item"].dropna()})
    if item is not None:
        if str(item) not in items:
            raise InputError(f"No annotation is of the item {item!r}.{nearest(item, items)} Items: {listing(items)}.")
        return str(item)
    if len(items) > 1:
        raise InputError(f"The annotations are of {len(items)} items ({listing(items)}): give item=.")
    return items[0] if items else None
