"""Truth from several annotators who are not equally good: who is right how often is learnt from how they agree.

A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm", Applied
Statistics 28 (1979); D. Hovy, T. Berg-Kirkpatrick, A. Vaswani and E. Hovy, "Learning whom to trust with MACE",
NAACL-HLT 2013. Both are a page of sums, and are held against the package crowd-kit in the tests; as a dependency it
would bring more than it saves.

Regions: boxes are fused as R. Solovyev, W. Wang and T. Gabruseva do ("Weighted boxes fusion", Image and Vision
Computing 107, 2021); masks by the majority of each pixel, or by STAPLE (S. K. Warfield, K. H. Zou and W. M. Wells,
IEEE Transactions on Medical Imaging 23, 2004); spans and timelines by the majority of each moment.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import digamma

from lsnb.annotations.long import long_table, raw_results
from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.checks import Annotations, Seed
from lsnb.kernel.words import counted, nearest
from lsnb.reliability.coefficients import Ratings, ratings_of
from lsnb.reliability.intervals import Floats, Integers, chance_of
from lsnb.reliability.overlap import LINES, Region, is_drawn, match, placed, regions_of, scores
from lsnb.shapes import Mask, brush_rle

# How one answer to each item comes about.
Method = Literal["majority", "dawid_skene", "mace"]

ROUNDS = 500
LEAST = 1e-10
NEXT_TO_NOTHING = 1e-300


@dataclass(frozen=True, repr=False)
class Truth:
    """What is probably true of each item, and how good each annotator is.

    Args:
        model: ``"dawid_skene"`` or ``"mace"``.
        values: The distinct answers.
        probabilities: Items × answers: how probable each is; missing (nan) for an item that nobody answered.
        confusion: ``annotator, truth, said, share``: how often somebody says one thing where another is true; of MACE
            what follows from competence and strategy.
        annotators: ``annotator, n`` (answers), ``right`` (the mean probability of what they said), ``competence`` (of
            MACE: how often somebody knows the truth instead of guessing; missing for Dawid and Skene).
        prior: How frequent each answer is.
        likelihood: The logarithm of the answers' likelihood, or of MACE's bound of it.
        rounds: How many rounds it took.
    """

    model: str
    values: tuple[Any, ...]
    probabilities: Floats = field(compare=False)
    confusion: pd.DataFrame = field(compare=False)
    annotators: pd.DataFrame = field(compare=False)
    prior: Floats = field(compare=False)
    likelihood: float
    rounds: int

    def __repr__(self) -> str:
        items = int((~np.isnan(self.probabilities).any(axis=1)).sum()) if len(self.values) else 0
        n = f"{counted(items, 'item')}, {counted(len(self.values), 'answer')}"
        return f"{self.model}: {n}\n{self.annotators.to_string(index=False)}"


def dawid_skene(ratings: Ratings, people: Sequence[str] | None = None, *, most: int = ROUNDS) -> Truth:
    """Return what Dawid and Skene's model says is true of each item, with each annotator's confusion.

    With p_k how frequent answer k is and e_akl how often annotator a says l where k is true, an item whose answers are
    l_a is k with a probability of p_k Π_a e_akl_a, normed. Both are estimated in turn from the other (EM), beginning
    with the shares of votes, until nothing changes. Of two annotators who differ nothing says who is right.

    Args:
        ratings: The answers, of names or ranks.
        people: What the annotators are called; numbers by default.
        most: How many rounds at most.

    Example:
        >>> codes = np.array([[0, 0, 0], [1, 1, 0], [0, 0, 1], [1, 1, 1], [1, 1, 0], [0, 0, 0]])
        >>> found = dawid_skene(Ratings(codes, ("no", "yes"), "nominal"), ["ana", "ben", "cem"])
        >>> found.probabilities.round(2).tolist()[1], found.annotators["right"].round(2).tolist()
        ([0.0, 1.0], [1.0, 1.0, 0.5])
    """
    told, some = _told(ratings)
    width, crowd = len(ratings.values), ratings.codes.shape[1]
    names = [str(number) for number in range(crowd)] if people is None else list(people)
    if not told.shape[0] or not width:
        return _unknown("dawid_skene", ratings, names)
    votes = np.asarray((told @ sparse.vstack([sparse.identity(width)] * crowd)).reshape(-1, width).todense())
    probable = votes / votes.sum(axis=1, keepdims=True)
    before, rounds, likelihood = -math.inf, 0, -math.inf
    while rounds < most:
        rounds += 1
        prior = np.maximum(probable.mean(axis=0), LEAST)
        errors = np.maximum(np.asarray(told.T @ probable).reshape(crowd, width, width), LEAST)
        errors /= errors.sum(axis=1, keepdims=True)
        logs = np.log(prior) + np.asarray(told @ np.log(errors).reshape(-1, width))
        top = logs.max(axis=1, keepdims=True)
        probable = np.exp(logs - top)
        total = probable.sum(axis=1, keepdims=True)
        probable /= total
        likelihood = float((top + np.log(total)).sum())
        if likelihood - before < 1e-10 * max(1.0, abs(likelihood)):
            break
        before = likelihood
    return _truth("dawid_skene", ratings, names, probable, some, errors, prior, likelihood, rounds)


def mace(ratings: Ratings, people: Sequence[str] | None = None, *, restarts: int = 10, seed: int = 0) -> Truth:
    """Return what MACE says is true of each item, with each annotator's competence.

    An annotator knows the truth with a probability of θ, or else gives answer l with that of ξ_l whatever is true. Both
    are estimated by variational Bayes with the paper's priors (Beta(½, ½) of θ and a Dirichlet of 10 of ξ), from
    several beginnings of which the likeliest end counts.

    Args:
        ratings: The answers, of names or ranks.
        people: What the annotators are called; numbers by default.
        restarts: From how many beginnings.
        seed: A whole number for these.

    Example:
        >>> codes = np.array([[0, 0, 0], [1, 1, 0], [0, 0, 1], [1, 1, 1], [1, 1, 0], [0, 0, 0]])
        >>> found = mace(Ratings(codes, ("no", "yes"), "nominal"), ["ana", "ben", "cem"])
        >>> found.probabilities.argmax(axis=1).tolist(), bool(found.annotators["competence"].idxmin() == 2)
        ([0, 1, 0, 1, 1, 0], True)
    """
    told, some = _told(ratings)
    width, crowd = len(ratings.values), ratings.codes.shape[1]
    names = [str(number) for number in range(crowd)] if people is None else list(people)
    if not told.shape[0] or not width:
        return _unknown("mace", ratings, names)
    item, who, said = _answers_of(ratings.codes[some])
    chance = chance_of(seed)
    best: tuple[float, Floats, Floats, Floats, int] | None = None
    for _ in range(restarts):
        knows = chance.uniform(1, 1.5, (crowd, 2))
        knows = knows / knows.sum(axis=1, keepdims=True)
        habits = chance.uniform(1, 1.5, (crowd, width))
        habits = habits / habits.sum(axis=1, keepdims=True)
        before, rounds = -math.inf, 0
        while rounds < ROUNDS:
            rounds += 1
            guessing = knows[who, 0] * habits[who, said]
            # What an answer's probability is multiplied by where it is the true one.
            lift = np.log(guessing + knows[who, 1]) - np.log(guessing)
            base = np.bincount(item, weights=np.log(guessing), minlength=len(some))
            logs = np.zeros((len(some), width))
            np.add.at(logs, (item, said), lift)
            top = logs.max(axis=1, keepdims=True)
            probable = np.exp(logs - top)
            total = probable.sum(axis=1, keepdims=True)
            likelihood = float((base + top[:, 0] + np.log(total[:, 0])).sum() - len(some) * math.log(width))
            probable /= total
            if abs(likelihood - before) < 1e-10 * max(1.0, abs(likelihood)):
                break
            before = likelihood
            right = probable[item, said]
            known = right * knows[who, 1] / (guessing + knows[who, 1])
            guessed = 1 - known
            counts = np.stack([np.bincount(who, weights=w, minlength=crowd) for w in (guessed, known)], axis=1)
            strategy = np.bincount(who * width + said, weights=guessed, minlength=crowd * width).reshape(crowd, width)
            knows = _likely(counts, 0.5)
            habits = _likely(strategy, 10.0)
        if best is None or likelihood > best[0]:
            best = (likelihood, probable, knows, habits, rounds)
    assert best is not None
    likelihood, probable, knows, habits, rounds = best
    competence = knows[:, 1] / knows.sum(axis=1)
    strategy = habits / habits.sum(axis=1, keepdims=True)
    errors = (1 - competence)[:, None, None] * strategy[:, :, None] + competence[:, None, None] * np.eye(width)[None]
    prior = np.full(width, 1 / width)
    found = _truth("mace", ratings, names, probable, some, errors, prior, likelihood, rounds)
    found.annotators["competence"] = competence
    return found


def truth_of(ratings: Ratings, people: Sequence[str], by: str, seed: int = 0) -> Truth:
    """Return what a model says, by its name."""
    return mace(ratings, people, seed=seed) if by == "mace" else dawid_skene(ratings, people)


def modelled_ratings(annotations: pd.DataFrame, control: str) -> tuple[pd.DataFrame, Ratings]:
    """Return the wide table and the answers of which these models are.

    Raises:
        InputError: The control draws regions or takes numbers on a scale.
    """
    if is_drawn(annotations, control):
        raise InputError(
            f"The control {control!r} draws regions: lsnb.reliability.consensus_regions has those on which most agree."
        )
    wide, ratings = ratings_of(annotations, control)
    if ratings.level in ("interval", "ratio"):
        raise InputError(f"The control {control!r} takes numbers on a scale: these models are of names and ranks.")
    return wide, ratings


@checks.checked
def annotator_quality(
    annotations: Annotations, control: str, *, by: Literal["dawid_skene", "mace"] = "dawid_skene", seed: Seed = 0
) -> Truth:
    """Return how good each annotator is at one control, with their confusion, and what is probably true.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control that takes answers.
        by: ``"dawid_skene"``: each annotator has a confusion of their own; ``"mace"``: each knows or guesses.
        seed: A whole number for MACE's beginnings.

    Raises:
        InputError: No such control, one that draws regions, or numbers on a scale.

    Example:
        >>> votes = {"ana": "xyxyxyxx", "ben": "xyxyxyxy", "cem": "xyxyxyyx", "dot": "yyyxxxyx"}
        >>> rows = [(str(item), who, value) for who, values in votes.items() for item, value in enumerate(values)]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> annotator_quality(long, "mood").annotators[["annotator", "right"]].round(1).values.tolist()
        [['ana', 1.0], ['ben', 0.9], ['cem', 0.9], ['dot', 0.4]]
    """
    wide, ratings = modelled_ratings(annotations, control)
    return truth_of(ratings, [str(name) for name in wide.columns], by, seed)


def _likely(counts: Any, prior: float) -> Floats:
    """Return the expectation of each share's logarithm under a Dirichlet distribution, as a share."""
    return np.asarray(np.exp(digamma(counts + prior) - digamma((counts + prior).sum(axis=1, keepdims=True))))


def _told(ratings: Ratings) -> tuple[Any, Integers]:
    """Return items × (annotators × answers) as ones, of items that anybody answered, and which these are."""
    some = np.nonzero((ratings.codes >= 0).any(axis=1))[0]
    item, who, said = _answers_of(ratings.codes[some])
    width = len(ratings.values)
    shape = (len(some), ratings.codes.shape[1] * width)
    return sparse.csr_array((np.ones(len(item)), (item, who * width + said)), shape=shape), some


def _answers_of(codes: Integers) -> tuple[Integers, Integers, Integers]:
    item, who = np.nonzero(codes >= 0)
    return item, who, codes[item, who]


def _unknown(model: str, ratings: Ratings, names: list[str]) -> Truth:
    people = pd.DataFrame({"annotator": names, "n": 0, "right": np.nan, "competence": np.nan})
    nothing = np.full((len(ratings.codes), len(ratings.values)), np.nan)
    table = pd.DataFrame(columns=["annotator", "truth", "said", "share"])
    return Truth(model, ratings.values, nothing, table, people, np.full(len(ratings.values), np.nan), math.nan, 0)


def _truth(
    model: str,
    ratings: Ratings,
    names: list[str],
    probable: Floats,
    some: Integers,
    errors: Floats,
    prior: Floats,
    likelihood: float,
    rounds: int,
) -> Truth:
    whole = np.full((len(ratings.codes), len(ratings.values)), np.nan)
    whole[some] = probable
    item, who, said = _answers_of(ratings.codes)
    n = np.bincount(who, minlength=len(names))
    right = np.bincount(who, weights=whole[item, said], minlength=len(names)) / np.where(n > 0, n, 1)
    people = pd.DataFrame({"annotator": names, "n": n, "right": np.where(n > 0, right, np.nan), "competence": np.nan})
    rows = [
        (name, ratings.values[true], ratings.values[say], float(errors[number, say, true]))
        for number, name in enumerate(names)
        if n[number]
        for true, say in itertools.product(range(len(ratings.values)), repeat=2)
    ]
    table = pd.DataFrame(rows, columns=["annotator", "truth", "said", "share"])
    return Truth(model, ratings.values, whole, table, people, prior, likelihood, rounds)


# Regions on which most agree.


@dataclass(frozen=True, repr=False)
class Consensus:
    """The regions that most annotators drew.

    Args:
        control: The control's name.
        by: How they came about.
        annotations: The long table of these regions, by the annotator ``consensus``, with raw results; ``score`` is the
            share of annotators. An item that somebody looked at and on which no region was kept is ``empty``.
        table: A row for each region that anybody drew: ``item, label, n`` (who drew it), ``of`` (who looked), ``share``
            (of their weight), ``fit`` (the mean overlap of theirs with what was kept) and ``status``: ``kept`` or
            ``left out``. Of stretches of time or text only what was kept has rows.
    """

    control: str
    by: str
    annotations: pd.DataFrame = field(compare=False)
    table: pd.DataFrame = field(compare=False)

    @property
    def summary(self) -> str:
        """What was kept, as one line."""
        kept = int(self.table["status"].eq("kept").sum())
        return f"{self.control} ({self.by}): {counted(kept, 'region')} kept, {len(self.table) - kept} left out"

    def __repr__(self) -> str:
        return f"{self.summary}\n{self.table.head(20).to_string(index=False)}"


@dataclass
class _Cluster:
    """What several annotators drew for the same thing."""

    members: dict[str, Region]
    place: Any


@checks.checked
def consensus_regions(
    annotations: Annotations,
    control: str,
    *,
    by: Literal["majority", "staple"] = "majority",
    above: checks.Share = 0.5,
    threshold: checks.Share = 0.5,
    weights: Mapping[str, Any] | None = None,
    instances: bool = True,
) -> Consensus:
    """Return the regions that more than half of the annotators drew, in the place that is between theirs.

    Within a label, each annotator's regions are put one to one to the others' that they overlap. Upright boxes are
    fused by the weighted mean of their corners (weighted boxes fusion), key points by the median; of turned boxes,
    ellipses and outlines the one that fits the others best is taken. A pixel of a mask is kept where more than
    ``above`` of those who looked painted it; or, by STAPLE, where a true pixel is probable: with annotator j's
    sensitivity p_j and specificity q_j, and f the share of painted pixels, it is true with a probability proportional
    to f Π p_j^d (1 − p_j)^(1 − d) beside (1 − f) Π q_j^(1 − d) (1 − q_j)^d, and all are estimated in turn. Stretches of
    time or text are kept where more than ``above`` marked each of their moments.

    Args:
        annotations: The long table with raw results (``raw=True``); it is not changed.
        control: The name of a control that draws regions.
        by: ``"majority"``, or of masks ``"staple"``.
        above: The share of annotators that must be exceeded.
        threshold: The intersection over union from which regions are the same thing.
        weights: Annotator → how much one counts, 0 or more; 1 for those left out.
        instances: Whether each mask is a thing; False puts all masks of a label together first.

    Raises:
        InputError: No such control, one that draws nothing or tracks, no raw results, or weights that make no sense.

    Example:
        >>> from lsnb.annotations import long_table
        >>> def box(x):
        ...     value = {"x": x, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["car"]}
        ...     return {"id": "r", "from_name": "b", "to_name": "i", "type": "rectanglelabels", "value": value,
        ...             "original_width": 200, "original_height": 100}
        >>> given = [{"id": n, "completed_by": n, "result": [box(x)]} for n, x in enumerate([10, 12, 60])]
        >>> found = consensus_regions(long_table([{"id": 1, "data": {}, "annotations": given}], raw=True), "b")
        >>> found.annotations[["value", "x", "score"]].round(2).values.tolist(), found.table["status"].tolist()
        ([['car', 11.0, 0.67]], ['kept', 'left out'])
    """
    raw_results(annotations)
    measure, places, _ = regions_of(annotations, control)
    if measure == "tracks":
        raise InputError(f"The control {control!r} follows boxes through videos, of which there is no consensus here.")
    if by == "staple" and measure != "masks":
        raise InputError(f"The control {control!r} draws {measure}, and STAPLE is of masks: give by='majority'.")
    people = sorted({who for item in places.values() for who in item})
    weight = _weights(weights, people)
    tasks, rows = [], []
    pace = _frame_rates(annotations)
    for number, item in enumerate(sorted(places)):
        here = {who: placed(measure, regions) for who, regions in sorted(places[item].items())}
        results: list[dict[str, Any]] = []
        for label, on in sorted({(r.label or "", r.on) for regions in here.values() for r in regions}):
            mine = {
                who: [r for r in regions if (r.label or "") == label and r.on == on] for who, regions in here.items()
            }
            total = sum(weight[who] for who in here)
            if measure in LINES:
                found = _stretches(measure, mine, weight, total, above)
            else:
                if measure == "masks" and not instances:
                    mine = {who: _together(regions) for who, regions in mine.items()}
                    clusters = [_Cluster({who: own[0] for who, own in mine.items() if own}, None)]
                    clusters[0].place = _between(measure, clusters[0].members, weight)
                else:
                    clusters = _clusters(measure, mine, weight, threshold)
                found = _fused(measure, clusters, list(mine), weight, total, above, by)
            for result, share, n, fit in found:
                rows.append((item, label or None, n, len(here), share, fit, "left out" if result is None else "kept"))
                if result is not None:
                    results.append({**result, "id": f"consensus-{number}-{len(results)}", "score": share})
        made = {"id": 1 + number, "completed_by": 0, "result": results}
        data = {"fps": pace[item]} if item in pace else {}
        tasks.append({"id": 1 + number, "data": data, "meta": {"item": item}, "annotations": [made]})
    columns = ["item", "label", "n", "of", "share", "fit", "status"]
    table = pd.DataFrame(rows, columns=columns).astype({"share": "float64", "fit": "float64"})
    return Consensus(control, by, long_table(tasks, annotator="consensus", raw=True), table)


def _weights(weights: Mapping[str, Any] | None, people: list[str]) -> dict[str, float]:
    problems = []
    found = dict.fromkeys(people, 1.0)
    for name, weight in (weights or {}).items():
        if name not in people:
            problems.append(f"weights names {name!r}, who is no annotator here.{nearest(name, people)}")
        elif isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight < math.inf:
            problems.append(f"The weight of {name!r} is {weight!r}: give a number of 0 or more.")
        else:
            found[name] = float(weight)
    if problems:
        raise InputError(problems)
    return found


def _frame_rates(annotations: pd.DataFrame) -> dict[str, float]:
    """Return item → frames per second, where both frames and seconds are known."""
    if "end_frame" not in annotations.columns:
        return {}
    known = annotations[annotations["end_frame"].notna() & annotations["end"].notna() & (annotations["end"] > 0)]
    rates = known["end_frame"].astype("float64") / known["end"]
    return {str(item): float(rate) for item, rate in zip(known["item"], rates, strict=True)}


Kept = tuple[dict[str, Any] | None, float, int, float]


def _fused(
    measure: Any,
    clusters: list[_Cluster],
    people: list[str],
    weight: Mapping[str, float],
    total: float,
    above: float,
    by: str,
) -> list[Kept]:
    """Return the regions of one label on one picture: results, or None where too few drew them."""
    found: list[Kept] = []
    for cluster in clusters:
        share = sum(weight[who] for who in cluster.members) / total if total else 0.0
        result: dict[str, Any] | None = None
        if share > above:
            result = _result_of(measure, cluster, people, weight, total, above, by)
        fused = Region(None, cluster.place)
        fits = [float(scores(measure, [region], [fused])[0, 0]) for region in cluster.members.values()]
        found.append((result, share, len(cluster.members), float(np.mean(fits))))
    return found


def _clusters(
    measure: Any, mine: dict[str, list[Region]], weight: Mapping[str, float], threshold: float
) -> list[_Cluster]:
    """Return what belongs together: each annotator's regions go one to one to places that they overlap.

    It is gone through again until nothing moves, so that it matters little who comes first.
    """
    at_least = threshold
    if measure == "key points":
        sides = [region.side for regions in mine.values() for region in regions]
        at_least = 1 / (1 + max(sides, default=100.0) / 20)
    clusters: list[_Cluster] = []
    for turn in range(10):
        former = [sorted((who, id(region)) for who, region in one.members.items()) for one in clusters]
        members: list[dict[str, Region]] = [{} for _ in clusters]
        for who, regions in mine.items():
            fits = scores(measure, [Region(None, one.place) for one in clusters], regions)
            taken = match(fits, at_least=max(at_least, 1e-12)) if fits.size else []
            for row, column in taken:
                members[row][who] = regions[column]
                if not turn:
                    clusters[row].members[who] = regions[column]
                    clusters[row].place = _between(measure, clusters[row].members, weight)
            left = set(range(len(regions))) - {column for _, column in taken}
            for column in sorted(left):
                clusters.append(_Cluster({who: regions[column]}, regions[column].place))
                members.append({who: regions[column]})
        clusters = [_Cluster(found, _between(measure, found, weight)) for found in members if found]
        if former == [sorted((who, id(region)) for who, region in one.members.items()) for one in clusters]:
            break
    return clusters


def _between(measure: Any, members: Mapping[str, Region], weight: Mapping[str, float]) -> Any:
    """Return the place between those of several annotators."""
    regions = list(members.values())
    given = np.array([weight[who] for who in members])
    given = given if given.sum() else np.ones(len(given))
    if len(regions) == 1:
        return regions[0].place
    if measure == "key points":
        return np.median(np.array([region.place for region in regions]), axis=0)
    if measure == "boxes" and not any(np.nan_to_num(region.place[4]) for region in regions):
        boxes = np.array([region.place for region in regions])
        corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:4]], axis=1)
        left, top, right, bottom = np.average(corners, axis=0, weights=given)
        return np.array([left, top, right - left, bottom - top, 0.0])
    if measure == "masks" and len({(region.place.width, region.place.height) for region in regions}) == 1:
        votes = np.zeros((regions[0].place.height, regions[0].place.width))
        for region, share in zip(regions, given, strict=True):
            votes += share * region.place.pixels()
        return Mask.from_pixels(votes * 2 >= given.sum())
    fits = scores(measure, regions, regions) @ given
    return regions[int(fits.argmax())].place


def _result_of(
    measure: Any,
    cluster: _Cluster,
    people: list[str],
    weight: Mapping[str, float],
    total: float,
    above: float,
    by: str,
) -> dict[str, Any] | None:
    """Return a result as Label Studio stores it, made from that of an annotator."""
    first = next(iter(cluster.members.values()))
    nearest_one = max(
        cluster.members.values(),
        key=lambda region: float(scores(measure, [region], [Region(None, cluster.place)])[0, 0]),
    )
    result, value = dict(first.result), dict(first.result["value"])
    size = (result.get("original_width"), result.get("original_height"))
    if measure == "masks":
        masks = {who: region.place for who, region in cluster.members.items()}
        pixels = _staple(masks, people) if by == "staple" else _painted(masks, weight, total, above)
        if not pixels.any():
            return None
        cluster.place = Mask.from_pixels(pixels)
        labels = {name: given for name, given in value.items() if name not in ("rle", "format", "imageDataURL")}
        result["value"] = {**labels, "format": "rle", "rle": brush_rle(pixels)}
        result["type"] = {"bitmask": "brush", "bitmasklabels": "brushlabels"}.get(result["type"], result["type"])
        if result["type"] == "brushlabels" and "bitmasklabels" in labels:
            result["value"]["brushlabels"] = result["value"].pop("bitmasklabels")
        return result
    place = cluster.place
    known = all(isinstance(side, (int, float)) and side > 0 for side in size)
    across, down = (float(side) / 100 for side in size) if known else (1.0, 1.0)  # type: ignore[arg-type]
    if measure == "key points":
        return {**result, "value": {**value, "x": float(place[0] / across), "y": float(place[1] / down)}}
    if measure == "boxes" and not any(np.nan_to_num(region.place[4]) for region in cluster.members.values()):
        box = {"x": place[0] / across, "y": place[1] / down, "width": place[2] / across, "height": place[3] / down}
        return {**result, "value": {**value, **{name: float(side) for name, side in box.items()}, "rotation": 0}}
    return dict(nearest_one.result)


def _together(regions: list[Region]) -> list[Region]:
    """Return all masks of an annotator as one."""
    if len(regions) < 2 or len({(region.place.width, region.place.height) for region in regions}) > 1:
        return regions
    pixels = regions[0].place.pixels()
    for region in regions[1:]:
        pixels |= region.place.pixels()
    first = regions[0]
    return [Region(first.label, Mask.from_pixels(pixels), first.on, first.side, first.result, first.key)]


def _painted(masks: Mapping[str, Mask], weight: Mapping[str, float], total: float, above: float) -> Any:
    first = next(iter(masks.values()))
    votes = np.zeros((first.height, first.width))
    for who, mask in masks.items():
        votes += weight[who] * mask.pixels()
    return votes > above * total * (1 + 1e-12)


def _staple(masks: Mapping[str, Mask], people: list[str]) -> Any:
    """Return the pixels that STAPLE finds more probably true than not.

    Pixels that the same annotators painted are counted together, so that each round takes no longer for larger ones.
    """
    first = next(iter(masks.values()))
    painted = np.stack(
        [masks[who].pixels().ravel() if who in masks else np.zeros(first.width * first.height, bool) for who in people]
    )
    patterns, which, times = np.unique(painted, axis=1, return_inverse=True, return_counts=True)
    probable = staple(patterns.T, times)[0]
    return (probable[which.ravel()] > 0.5).reshape(first.height, first.width)


def staple(patterns: Any, times: Any) -> tuple[Floats, Floats, Floats]:
    """Return how probably each pattern of votes is true, and each annotator's sensitivity and specificity.

    Args:
        patterns: Patterns × annotators: who painted it.
        times: How many pixels there are of each.

    Example:
        >>> votes = np.array([[0, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 1]])
        >>> probable, sensitive, specific = staple(votes, np.array([900, 20, 60, 20]))
        >>> probable.round(2).tolist(), sensitive.round(2).tolist()
        ([0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.75])
    """
    votes, counts = np.asarray(patterns, dtype="float64"), np.asarray(times, dtype="float64")
    share = float((votes.mean(axis=1) * counts).sum() / counts.sum())
    sensitive, specific = np.zeros((2, votes.shape[1]))
    probable = votes.mean(axis=1)
    for _ in range(ROUNDS):
        inside, outside = counts * probable, counts * (1 - probable)
        former = sensitive, specific
        sensitive = inside @ votes / max(inside.sum(), NEXT_TO_NOTHING)
        specific = outside @ (1 - votes) / max(outside.sum(), NEXT_TO_NOTHING)
        hit, missed, spared, false = (
            np.log(np.maximum(rate, NEXT_TO_NOTHING)) for rate in (sensitive, 1 - sensitive, specific, 1 - specific)
        )
        true = math.log(max(share, NEXT_TO_NOTHING)) + votes @ hit + (1 - votes) @ missed
        untrue = math.log(max(1 - share, NEXT_TO_NOTHING)) + (1 - votes) @ spared + votes @ false
        probable = 1 / (1 + np.exp(np.clip(untrue - true, -700, 700)))
        if max(float(np.abs(sensitive - former[0]).max()), float(np.abs(specific - former[1]).max())) < 1e-12:
            break
    return probable, sensitive, specific


def _stretches(
    measure: Any, mine: dict[str, list[Region]], weight: Mapping[str, float], total: float, above: float
) -> list[Kept]:
    """Return the stretches whose moments more than a share of the annotators marked."""
    regions = [(who, region) for who, own in mine.items() for region in own]
    cuts = sorted({float(end) for _, region in regions for end in region.place})
    runs: list[tuple[float, float, set[str]]] = []
    for start, end in itertools.pairwise(cuts):
        here = {who for who, region in regions if region.place[0] <= start and region.place[1] >= end}
        if sum(weight[who] for who in here) > above * total * (1 + 1e-12):
            if runs and runs[-1][1] == start:
                runs[-1] = (runs[-1][0], end, runs[-1][2] | here)
            else:
                runs.append((start, end, here))
    for instant in sorted({float(r.place[0]) for _, r in regions if r.place[0] == r.place[1]}):
        here = {who for who, region in regions if region.place[0] == instant == region.place[1]}
        if sum(weight[who] for who in here) > above * total * (1 + 1e-12):
            runs.append((instant, instant, here))
    found: list[Kept] = []
    for start, end, who in sorted(runs, key=lambda run: run[:2]):
        near = [r for name, r in regions if name in who and r.place[0] <= end and r.place[1] >= start]
        if any("startOffset" in r.result["value"] for r in near):
            raise InputError(
                "Spans of pages and conversations are kept by their paragraphs: there is no consensus here."
            )
        fits = [float(scores(measure, [r], [Region(None, np.array([start, end]))])[0, 0]) for r in near]
        share = sum(weight[name] for name in who) / total
        found.append((_stretch(measure, near, start, end), share, len(who), float(np.mean(fits))))
    return found


def _stretch(measure: Any, near: list[Region], start: float, end: float) -> dict[str, Any]:
    result = dict(near[0].result)
    value = dict(result["value"])
    if measure == "timelines":
        return {**result, "value": {**value, "ranges": [{"start": int(start) + 1, "end": int(end)}]}}
    whole = all(float(bound).is_integer() for bound in (start, end))
    if "text" in value and whole:
        letters: dict[int, str] = {}
        for region in near:
            words, first = region.result["value"].get("text"), int(region.place[0])
            if isinstance(words, str) and len(words) == int(region.place[1]) - first:
                letters |= {first + place: letter for place, letter in enumerate(words)}
        value["text"] = "".join(letters.get(place, "") for place in range(int(start), int(end)))
        return {**result, "value": {**value, "start": int(start), "end": int(end)}}
    return {**result, "value": {**value, "start": start, "end": end}}
