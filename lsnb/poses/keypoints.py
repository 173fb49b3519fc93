"""Poses of chosen frames as Label Studio predictions: what the model saw travels along to whoever mends it.

A key point in Label Studio: x and y in percent of the picture, and a width, which is the size it is drawn at
(https://labelstud.io/tags/keypointlabels).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from numbers import Real
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.words import listing
from lsnb.labels import Control, LabelConfig
from lsnb.labels.vocabulary import KEY_POINT_LABELS
from lsnb.poses.coordinates import Poses, read_labelled_poses
from lsnb.poses.ensembles import read_ensemble
from lsnb.poses.finding import read_sources, same_video, size_of
from lsnb.predictions import Predictions, Row, make_predictions
from lsnb.shapes import Point
from lsnb.tables.keys import find_column, key_text
from lsnb.tables.pose_tables import same_frame


def from_poses(
    predictions: Any,
    frames: pd.DataFrame,
    *,
    config: LabelConfig,
    control: str | None = None,
    video: str | None = None,
    min_likelihood: float = 0.0,
    size: Any = None,
) -> Predictions:
    """Return a pose tool's predictions of chosen frames, to send with ``study.predict``.

    Args:
        predictions: As ``select_difficult_frames`` takes them: a file, a list of them (the median is taken), a dict of
            video and file, or the table of ``find_predictions``.
        frames: The frames table (``item, video, frame, width, height``) that ``extract_frames`` and ``import_frames``
            return; frames count from 0. Context frames are passed over. It is not changed.
        config: The label config with key points; its labels are the body parts. Of several animals a label may be
            ``"mouse1 nose"`` or ``"nose"``.
        control: The name of the control, where the config has several with key points.
        video: The video, for predictions of one.
        min_likelihood: Body parts below it are not drawn.
        size: Width and height in pixels, or a dict of video and these, where the frames table has no ``width`` and
            ``height``.

    Returns:
        For each item a key point per body part with the likelihood as its score; the prediction's score is their mean.
        An item whose video has no predictions has none.

    Raises:
        InputError: Every argument that is wrong.
        MissingFileError: A file is not there.
        TableError: A file is no prediction table.

    Example:
        >>> columns = pd.MultiIndex.from_product([["net"], ["nose"], ["x", "y", "likelihood"]])
        >>> poses = pd.DataFrame([[32, 24, 0.5]], columns=columns)
        >>> frames = pd.DataFrame({"item": ["t/img00000000"], "video": ["t.mp4"], "frame": [0]})
        >>> config = LabelConfig.image("image").keypoints("part", ["nose"])
        >>> found = from_poses(poses, frames, config=config, size=(64, 48))
        >>> found.results["t/img00000000"][0]["value"], found.scores
        ({'x': 50.0, 'y': 50.0, 'width': 0.75, 'keypointlabels': ['nose']}, {'t/img00000000': 0.5})
    """
    problems = [] if video is None else [fault for fault in [checks.text("video", video)] if fault]
    tool = None
    try:
        tool = _key_points(config, control)
    except InputError as error:
        problems += error.problems
    if isinstance(min_likelihood, bool) or not isinstance(min_likelihood, Real) or not 0 <= min_likelihood <= 1:
        problems.append(f"min_likelihood is {min_likelihood!r}: give a number from 0 to 1.")
    try:
        items, named, numbers, sizes = _frames(frames, size)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    assert tool is not None
    sources, names_videos = read_sources(predictions, video)
    is_of_all = len(sources) == 1 and not names_videos
    if any(source.is_detector for source in sources):
        raise InputError("These are a detector's boxes: use lsnb.from_detections for them.")
    poses = {
        source.video: read_ensemble(source.members).poses
        for source in sources
        if is_of_all or same_video(source.video, named)
    }
    labels, notes = _labels(poses.values(), tool)
    rows = []
    for index, (item, name, frame, (width, height)) in enumerate(zip(items, named, numbers, sizes, strict=True)):
        row = Row(index, item, f"{name} frame {frame}")
        rows.append(row)
        found = poses[next(iter(poses))] if is_of_all and poses else _of_video(poses, name)
        if found is None:
            row.warn("no_predictions", f"There are no predictions for the video {name}.")
        elif frame >= len(found):
            row.error("no_such_frame", f"{found.source} has {len(found)} frames, and this is frame {frame} (from 0).")
        elif not (width > 0 and height > 0):
            row.error("no_size", "The size of its picture is unknown: give size=, or a frames table with it.")
        else:
            _draw(row, found, frame, (width, height), tool, labels, float(min_likelihood))
    # Films of one name in two folders: of which of them the predictions are, is a guess.
    for source, its in poses.items():
        others = [name for name in dict.fromkeys(named) if name != source]
        others = [name for name in others if is_of_all or _of_video(poses, name) is its]
        if len(others) > 1 or (others and source in named):
            too = ", too" if source in named else ""
            notes.append(
                f"{its.source} is taken for {listing(others)}{too}: if these are other videos, give a dict of video "
                "and predictions that names each by its path."
            )
    return make_predictions(rows, notes)


def from_labelled_poses(
    labels: Any,
    frames: pd.DataFrame,
    *,
    config: LabelConfig,
    control: str | None = None,
    size: Any = None,
) -> Predictions:
    """Return the poses in a ``CollectedData`` table as answers, to store with ``study.import_annotations``.

    ``lsnb.write_collected_data`` writes them back as they were, with what people mended and added.

    Args:
        labels: The CSV or H5 file that a pose tool's people labelled, or its table.
        frames: The frames table (``item``, ``video`` and ``frame``, or ``path``; ``width`` and ``height``) of these
            images: a row is the image whose folder is called as its video, or as the folder of its path. It is not
            changed.
        config: The label config with key points; its labels are the body parts, as in ``from_poses``.
        control: The name of the control, where the config has several with key points.
        size: Width and height in pixels, or a dict of video and these, where the frames table has none.

    Returns:
        For each item whose image is in the table a key point per labelled body part, none where none is labelled. An
        image of the table that no item is, is a failed row.

    Raises:
        InputError: Every argument that is wrong.
        MissingFileError: The file is not there.
        TableError: It is no table of labelled poses.

    Example:
        >>> columns = pd.MultiIndex.from_product([["ana"], ["nose"], ["x", "y"]])
        >>> labels = pd.DataFrame([[32.0, 24.0]], columns=columns, index=["labeled-data/t/img00000000.png"])
        >>> frames = pd.DataFrame({"item": ["t/img00000000"], "video": ["t.mp4"], "frame": [0]})
        >>> config = LabelConfig.image("image").keypoints("part", ["nose"])
        >>> found = from_labelled_poses(labels, frames, config=config, size=(64, 48))
        >>> found.results["t/img00000000"][0]["value"]
        {'x': 50.0, 'y': 50.0, 'width': 0.75, 'keypointlabels': ['nose']}
    """
    problems: list[str] = []
    try:
        tool = _key_points(config, control)
    except InputError as error:
        problems += error.problems
    try:
        items, named, numbers, sizes = _frames(frames, size)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    found = read_labelled_poses(labels)
    poses = Poses(found.scorer, found.bodyparts, found.xy, np.full(found.xy.shape[:2], np.nan), "labels")
    known, notes = _labels([poses], tool)
    places: dict[tuple[str, str], list[int]] = {}
    for place, (item, video, frame) in enumerate(zip(items, named, numbers, strict=True)):
        image = same_frame(f"img{frame}")
        folders = {Path(video).stem, item.rsplit("/", 1)[0].rsplit("/", 1)[-1] if "/" in item else Path(video).stem}
        for folder in folders:
            places.setdefault((folder, image), []).append(place)
    rows = []
    for index, image in enumerate(found.images):
        path = PurePosixPath(image)
        fitting = places.get((path.parent.name, same_frame(path.name)), [])
        row = Row(index, items[fitting[0]] if len(fitting) == 1 else None, image)
        rows.append(row)
        if len(fitting) > 1:
            row.error(
                "several_items", f"{image} may be {listing([items[place] for place in fitting])}: give one of them."
            )
        elif not fitting:
            row.error("no_such_item", f"No row of the frames table is {image}: extract that frame, too.")
        elif not all(side > 0 for side in sizes[fitting[0]]):
            row.error("no_size", "The size of its picture is unknown: give size=, or a frames table with it.")
        elif not np.isfinite(found.xy[index]).any():
            row.results = []
        else:
            _draw(row, poses, index, sizes[fitting[0]], tool, known, 0.0)
    return make_predictions(rows, notes)


def _key_points(config: Any, control: str | None) -> Control:
    if not isinstance(config, LabelConfig):
        raise InputError(f"config is {type(config).__name__}: give the LabelConfig of the study.")
    tools = {name: one for name, one in config.controls.items() if one.kind == KEY_POINT_LABELS.kind}
    if control is not None:
        if isinstance(control, str) and control in tools:
            return tools[control]
        raise InputError(f"The config has no key points {control!r}: it has {listing(list(tools)) or 'none'}.")
    if len(tools) != 1:
        raise InputError(
            f"The config has several controls with key points ({listing(list(tools))}): name one with control=."
            if tools
            else "The config asks for no key points: add them with .keypoints('part', [...])."
        )
    return next(iter(tools.values()))


def _frames(frames: Any, size: Any) -> tuple[list[str], list[str], list[int], list[tuple[float, float]]]:
    if not isinstance(frames, pd.DataFrame):
        raise InputError(f"frames is {type(frames).__name__}: give the table that lsnb.extract_frames returns.")
    if "is_context" in frames.columns:
        frames = frames[~frames["is_context"].astype(bool)]
    problems: list[str] = []
    columns: dict[str, list[Any]] = {}
    for name in ("item", "video", "frame"):
        try:
            columns[name] = find_column(frames, name).tolist()
        except InputError as error:
            problems += error.problems
    pixels: list[tuple[float, float]] = []
    sized = {"width", "height"} <= set(frames.columns)
    if size is None and not sized:
        problems.append(
            "The frames table has no columns 'width' and 'height' in pixels: give size=(width, height), or the table "
            "of lsnb.extract_frames."
        )
    if problems:
        raise InputError(problems)
    videos = [str(name) for name in columns["video"]]
    numbers = pd.to_numeric(pd.Series(columns["frame"], dtype="object"), errors="coerce")
    # A video that could not be read has a row without a frame.
    there = numbers.notna().tolist()
    is_text = numbers.isna() & pd.Series(columns["frame"], dtype="object").notna()
    if ((numbers < 0) | (numbers % 1 > 0) | is_text).any():
        raise InputError("Column 'frame' of the frames table should count from 0 in whole numbers.")
    if size is not None:
        pixels = [size_of(size, name) for name in videos]
    else:
        both = frames[["width", "height"]].apply(pd.to_numeric, errors="coerce").astype("Float64")
        pixels = list(both.to_numpy("float64", na_value=np.nan))
    texts = [key_text(item) or "" for item in columns["item"]]
    # Tables of two rounds put together may have a frame twice.
    firsts = {(texts[p], videos[p], numbers[p]): p for p in reversed(range(len(texts))) if there[p]}
    keep = sorted(firsts.values())
    items = [texts[place] for place in keep]
    again = [item for item, count in Counter(items).items() if count > 1]
    if again or "" in items:
        said = f"has {listing(again)} for several frames" if again else "is empty in some rows"
        raise InputError(f"Column 'item' of the frames table {said}: give each frame an item of its own.")
    return (
        items,
        [videos[p] for p in keep],
        [int(numbers[p]) for p in keep],
        [(float(pixels[p][0]), float(pixels[p][1])) for p in keep],
    )


def _of_video(poses: Mapping[str, Poses], video: str) -> Poses | None:
    names = same_video(video, list(poses))
    return poses[names[0]] if names else None


def _labels(several: Any, tool: Control) -> tuple[dict[str, str], list[str]]:
    """Return body part → label, and sentences about those the config lacks."""
    parts = list(dict.fromkeys(part for poses in several for part in poses.bodyparts))
    labels = {}
    for part in parts:
        if part in tool.labels:
            labels[part] = part
            continue
        ends = [label for label in tool.labels if part.endswith(f" {label}")]
        if ends:
            labels[part] = max(ends, key=len)
    if parts and not labels:
        raise InputError(
            f"None of the predicted body parts ({listing(parts)}) is a label of {tool.name!r}, which has "
            f"{listing(list(tool.labels))}: rename the labels in the config."
        )
    without = [part for part in parts if part not in labels]
    return labels, [
        f"{tool.name!r} has no label for {listing(without, 8)}: these body parts are not drawn."
    ] if without else []


def _draw(
    row: Row,
    poses: Poses,
    frame: int,
    size: tuple[float, float],
    tool: Control,
    labels: Mapping[str, str],
    least: float,
) -> None:
    if not any(part in labels for part in poses.bodyparts):
        row.error(
            "no_label",
            f"None of the body parts in {poses.source} ({listing(list(poses.bodyparts))}) is a label of {tool.name!r}: "
            "add them to the config; study.update_config takes it.",
        )
        return
    row.results = []
    sure = []
    outside = []
    for position, part in enumerate(poses.bodyparts):
        (x, y), likelihood = poses.xy[frame, position], poses.likelihood[frame, position]
        if part not in labels or not np.isfinite([x, y]).all() or likelihood < least:
            continue
        point = Point(float(x), float(y)).in_percent(size).inside()
        if point is None:
            outside.append(part)
            continue
        value = {**point.value(), tool.kind: [labels[part]]}
        region = hashlib.sha256(f"{tool.name}|{row.item}|{part}".encode()).hexdigest()[:10]
        result: dict[str, Any] = {
            "id": region,
            "from_name": tool.name,
            "to_name": tool.to_names[0],
            "type": tool.kind,
            "value": value,
        }
        result |= {"original_width": int(size[0]), "original_height": int(size[1])}
        if part != labels[part]:
            # Which animal it is, where labels do not say it.
            result["meta"] = {"text": [part]}
        if np.isfinite(likelihood):
            sure.append(float(np.clip(likelihood, 0.0, 1.0)))
            result["score"] = sure[-1]
        row.results.append(result)
    if outside:
        row.warn("outside", f"{listing(outside)} outside the picture: not drawn.")
    if not row.results and not outside:
        row.warn("nothing_drawn", f"{poses.source} has no body part to draw in frame {frame}: its prediction is empty.")
    row.score = float(np.mean(sure)) if sure else None
