"""How difficult each frame is: metrics as robust standard deviations, and in words why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.poses.events import charge_jumps
from lsnb.poses.metric_files import read_metric
from lsnb.poses.metrics import ensemble_variance, temporal_norm
from lsnb.poses.outliers import quietly, robust_z
from lsnb.poses.plausibility import pca_multiview_error, pca_singleview_error
from lsnb.poses.reading import LabelledPoses
from lsnb.poses.table import Floats, Poses
from lsnb.tables.keys import listing

Singles = np.ndarray[Any, np.dtype[np.float32]]
POSE_METRICS = ("likelihood", "temporal_norm", "pca_singleview", "pca_multiview", "ensemble_variance")
DETECTOR_METRICS = ("confidence", "entropy")
# The least standard deviations: what varies by less than these is not worth a look.
PIXELS = 0.1
CHANCE = 0.01
# How many frames on either side tell where a body part usually is.
REACH = 10
REASONS = 2

_WORDS: dict[str, str] = {
    "likelihood": "likelihood of {part} {value:.2f}",
    "temporal_norm": "{part} jumped {value:.0f} px",
    "pca_singleview": "{part} {value:.0f} px off the usual poses",
    "pca_multiview": "{part} {value:.0f} px off where the other views have it",
    "ensemble_variance": "models disagree on {part} by {value:.0f} px",
    "confidence": "confidence of a detection {value:.2f}",
    "entropy": "detector undecided (entropy {value:.2f} of 1)",
}


@dataclass(frozen=True, eq=False)
class Metric:
    """One metric of every frame.

    Args:
        name: Which.
        columns: What it is about: body parts, or one empty text for the whole frame.
        values: ``[frames, columns]``, as reasons show them.
        scores: Robust standard deviations above the usual, ``[frames, columns]``; 0 where nothing is wrong or known.
    """

    name: str
    columns: tuple[str, ...]
    values: Singles
    scores: Singles

    def words(self, frame: int, column: int) -> str:
        """Return what is wrong in a frame, such as ``left_ear jumped 48 px``."""
        part, value = self.columns[column], float(self.values[frame, column])
        pattern = _WORDS.get(self.name, "{name} of {part} {value:.3g}" if part else "{name} {value:.3g}")
        return pattern.format(name=self.name, part=part, value=value)


def make_metric(name: str, columns: Sequence[str], values: Floats, scores: Floats) -> Metric:
    """Return a metric; a missing score is none."""
    known = scores.astype("float32")
    known[np.isnan(known)] = 0.0
    return Metric(name, tuple(columns), values.astype("float32"), known)


def low_likelihood_scores(likelihood: Floats, threshold: float, limit: float) -> Floats:
    """Return how unusually low each likelihood under the threshold is; 0 from the threshold on.

    Args:
        likelihood: ``[frames, body parts]``, 0 to 1.
        threshold: What is below is difficult, however usual it is in this video.
        limit: The least score of what is below.

    Example:
        >>> low_likelihood_scores(np.array([[0.9], [0.9], [0.1]]), 0.5, 6.0)[:, 0].round(1).tolist()
        [0.0, 0.0, 6.0]
    """
    z = np.maximum(robust_z(1.0 - likelihood, floor=CHANCE), limit)
    return np.where(likelihood < threshold, z, 0.0)


@dataclass(frozen=True, eq=False)
class PoseQuestion:
    """What to compute from poses.

    Args:
        poses: One video's, the median of an ensemble.
        members: The ensemble's.
        chosen: Which metrics; None for all that can be had.
        files: Metric → file; a metric that a file gives is not computed.
        threshold: Of the likelihood.
        limit: From which score on a frame is difficult.
        labels: Labelled poses, to learn from which poses are usual.
        views: For each view the poses that show the same body parts, and the columns of ``poses`` they are; None
            for columns that belong to another camera's file.
    """

    poses: Poses
    members: tuple[Poses, ...]
    chosen: tuple[str, ...] | None
    files: Mapping[str, Any]
    threshold: float
    limit: float
    labels: LabelledPoses | None = None
    views: tuple[tuple[Poses, tuple[int, ...]], ...] = ()


def pose_metrics(question: PoseQuestion) -> tuple[list[Metric], list[str]]:
    """Return the metrics of poses, and sentences about those that could not be had.

    Raises:
        InputError: A metric that was asked for cannot be computed.
    """
    poses, limit = question.poses, question.limit
    makers: dict[str, Callable[[], Metric]] = {
        "likelihood": lambda: make_metric(
            "likelihood",
            poses.bodyparts,
            poses.likelihood,
            low_likelihood_scores(poses.likelihood, question.threshold, limit),
        ),
        "temporal_norm": lambda: _jumps(poses, limit),
        "pca_singleview": lambda: _in_pixels(
            "pca_singleview",
            poses.bodyparts,
            pca_singleview_error(poses.xy, labelled=_labelled(question), likelihood=poses.likelihood),
        ),
        "pca_multiview": lambda: _across_views(question),
        "ensemble_variance": lambda: _in_pixels(
            "ensemble_variance",
            poses.bodyparts,
            np.sqrt(ensemble_variance([_aligned(member, poses.bodyparts).xy for member in _several(question)])),
        ),
    }
    wanted = question.chosen
    if wanted is None:
        can = {"likelihood", "temporal_norm", "pca_singleview"}
        can |= {"pca_multiview"} if question.views else set()
        can |= {"ensemble_variance"} if len(question.members) > 1 else set()
        wanted = tuple(name for name in POSE_METRICS if name in can)
    metrics, notes = [], []
    for name in wanted:
        if name in question.files:
            continue
        try:
            metrics.append(makers[name]())
        except InputError as error:
            if question.chosen is not None:
                raise
            notes.append(f"{poses.source}: {name} is left out. {error}")
    for name, file in question.files.items():
        if question.chosen is None or name in question.chosen:
            metrics.append(_from_file(name, file, len(poses), limit))
    return metrics, notes


def _several(question: PoseQuestion) -> tuple[Poses, ...]:
    if len(question.members) < 2:
        raise InputError("ensemble_variance compares models: give a list of their predictions of the video.")
    return question.members


def check_metrics(names: Any, known: Collection[str], files: Collection[str]) -> list[str]:
    """Return what is wrong with the metrics a user asks for, as sentences."""
    if names is None:
        return []
    if isinstance(names, str):
        names = [names]
    if not isinstance(names, (list, tuple, set)) or not names:
        return [f"metrics is {names!r}: give a list such as ['likelihood', 'temporal_norm'], or leave it out for all."]
    unknown = [name for name in names if name not in known and name not in files]
    if unknown:
        have = listing([*known, *(file for file in files if file not in known)], 12)
        return [f"There is no metric {listing([repr(name) for name in unknown])}: give some of {have}."]
    return []


def frame_scores(metrics: Sequence[Metric], frames: int) -> Floats:
    """Return the highest score of each frame over metrics and body parts, ``[frames]``."""
    scores = np.zeros(frames)
    for metric in metrics:
        np.maximum(scores, metric.scores.max(axis=1), out=scores)
    return scores


def reasons(metrics: Sequence[Metric], frames: Sequence[int], limit: float) -> list[str]:
    """Return in words why each frame is difficult: at most two reasons, the worst first."""
    sentences = []
    for frame in frames:
        found = [
            (-float(metric.scores[frame, column]), place, int(column), metric)
            for place, metric in enumerate(metrics)
            for column in np.flatnonzero(metric.scores[frame] >= limit)
        ]
        found.sort(key=lambda one: one[:3])
        # A second kind of trouble says more than the same trouble of another body part.
        first: dict[int, str] = {}
        for _, place, column, metric in found:
            first.setdefault(place, metric.words(frame, column))
        rest = (metric.words(frame, column) for _, _, column, metric in found)
        shown = list(dict.fromkeys([*first.values(), *rest]))[:REASONS]
        sentences.append("; ".join(shown))
    return sentences


def frame_features(metrics: Sequence[Metric], poses: Poses | None, frames: Any) -> Floats:
    """Return what frames are like: which problems they have, and the pose; ``[frames, features]``."""
    blocks = [np.log1p(np.concatenate([metric.scores[frames] for metric in metrics], axis=1)).astype("float64")]
    if poses is not None:
        xy = poses.xy[frames].reshape(len(frames), -1)
        xy = np.nan_to_num(xy - quietly(np.nanmedian, xy, axis=0))
        blocks.append(np.clip(xy, *np.percentile(xy, [2, 98])) if xy.size else xy)
    # Each weighs the same, however many columns it has.
    sizes = [np.sqrt((block**2).sum(axis=1).mean()) or 1.0 for block in blocks]
    return np.concatenate([block / size for block, size in zip(blocks, sizes, strict=True)], axis=1)


def _in_pixels(name: str, columns: Sequence[str], values: Floats) -> Metric:
    return make_metric(name, columns, values, robust_z(values, floor=PIXELS))


def _jumps(poses: Poses, limit: float) -> Metric:
    norms = temporal_norm(poses.xy)
    norms, z = charge_jumps(poses.xy, norms, robust_z(norms, floor=PIXELS), limit=limit, reach=REACH)
    return make_metric("temporal_norm", poses.bodyparts, norms, z)


def _labelled(question: PoseQuestion) -> Floats | None:
    return None if question.labels is None else labelled_places(question.labels, question.poses.bodyparts)


def labelled_places(labels: LabelledPoses, bodyparts: Sequence[str]) -> Floats:
    """Return labelled places in the order of body parts, missing where none were labelled.

    Raises:
        InputError: They share no body part.
    """
    shared = [part for part in bodyparts if part in labels.bodyparts]
    if not shared:
        raise InputError(
            f"The labelled poses have none of the predicted body parts: they have {listing(list(labels.bodyparts))}, "
            f"the predictions {listing(list(bodyparts))}."
        )
    places = np.full((len(labels), len(bodyparts), 2), np.nan)
    for position, part in enumerate(bodyparts):
        if part in labels.bodyparts:
            places[:, position] = labels.xy[:, labels.bodyparts.index(part)]
    return places


def _aligned(member: Poses, bodyparts: tuple[str, ...]) -> Poses:
    if member.bodyparts == bodyparts:
        return member
    order = [member.bodyparts.index(part) for part in bodyparts]
    return Poses(member.scorer, bodyparts, member.xy[:, order], member.likelihood[:, order], member.source)


def _across_views(question: PoseQuestion) -> Metric:
    if not question.views:
        raise InputError("pca_multiview compares views: give views=, a dict of view and its body parts, or files.")
    poses = question.poses
    views = [(shown.xy[:, list(columns)], shown.likelihood[:, list(columns)]) for shown, columns in question.views]
    own = [number for number, (shown, _) in enumerate(question.views) if shown is poses]
    learn = None
    if question.labels is not None and len(own) == len(question.views):
        places = labelled_places(question.labels, poses.bodyparts)
        learn = [places[:, list(columns)] for _, columns in question.views]
    errors = pca_multiview_error([xy for xy, _ in views], labelled=learn, likelihoods=[sure for _, sure in views])
    values = np.full(poses.likelihood.shape, np.nan)
    for number in own:
        values[:, list(question.views[number][1])] = errors[number]
    return _in_pixels("pca_multiview", poses.bodyparts, values)


def _from_file(name: str, file: Any, frames: int, limit: float) -> Metric:
    columns, values = read_metric(file, name=name, frames=frames)
    if name == "ensemble_variance":
        values = np.sqrt(np.maximum(values, 0.0))
    known = name in POSE_METRICS
    return make_metric(name, columns, values, robust_z(values, floor=PIXELS if known else 0.0))
