"""Poses that people labelled → the files that other pose tools learn from.

DeepLabCut and Lightning Pose learn from ``CollectedData`` itself, which ``lsnb.write_collected_data`` writes; the
others are made of it.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from lsnb.errors import InputError, MissingFileError
from lsnb.kernel.files import named_path, path_inside, whole_file_at, write_whole
from lsnb.kernel.formats import read_bytes
from lsnb.kernel.words import counted, listing, warn
from lsnb.poses.coordinates import labelled_rows, read_header
from lsnb.poses.finding import size_of
from lsnb.poses.tools import LAST_NUMBER
from lsnb.predictions.yolo import described
from lsnb.shapes import box_around_points
from lsnb.tables.h5 import require_h5
from lsnb.tables.pose_tables import Floats, PathLike, PoseTable

Format = Literal["coco", "ultralytics", "sleap", "views"]
_SLEAP_INSTANCE = (
    ("instance_id", "i8"), ("instance_type", "u1"), ("frame_id", "u8"), ("skeleton", "u4"), ("track", "i4"),
    ("from_predicted", "i8"), ("score", "f4"), ("point_id_start", "u8"), ("point_id_end", "u8"),
    ("tracking_score", "f4"),
)  # fmt: skip
_SLEAP_FRAME = ("frame_id", "u8"), ("video", "u4"), ("frame_idx", "u8"), ("instance_id_start", "u8"), (
    "instance_id_end", "u8",
)  # fmt: skip
_SLEAP_POINT = (("x", "f8"), ("y", "f8"), ("visible", "?"), ("complete", "?"))


@dataclass(frozen=True, eq=False)
class Labelled:
    """A table of labelled poses by images, animals and body parts.

    Args:
        table: As it stands in its file.
        parts: The body parts, each once.
        animals: Whose they are; one nameless animal where the table names none.
        xy: Pixels, ``[images, animals, body parts, 2]``.
    """

    table: PoseTable
    parts: tuple[str, ...]
    animals: tuple[str, ...]
    xy: Floats

    def sightings(self, image: int) -> list[tuple[str, Floats]]:
        """Return whom an image shows, and where: ``[body parts, 2]``."""
        seen = np.isfinite(self.xy[image]).all(axis=2).any(axis=1)
        return [(animal, self.xy[image, place]) for place, animal in enumerate(self.animals) if seen[place]]


def write_labelled_poses(
    labels: PathLike | pd.DataFrame,
    out: str | os.PathLike[str],
    *,
    format: Format,
    size: Any = None,
    images: str | os.PathLike[str] | None = None,
    videos: Mapping[str, str | os.PathLike[str]] | None = None,
    val: Sequence[str] = (),
    views: Sequence[str] = (),
    skeleton: Sequence[tuple[str, str]] = (),
) -> list[Path]:
    """Write labelled poses as another pose tool learns from them, and return the files.

    =============  ===================================================================================================
    format         ``out``
    =============  ===================================================================================================
    coco           a ``.json`` file of COCO key points, as MMPose and Detectron2 take it
    ultralytics    a folder with ``data.yaml``, ``images`` (copied) and ``labels``, for YOLO's pose networks
    sleap          a ``.slp`` file, SLEAP's project
    views          a folder with a ``CollectedData_<view>.csv`` for each camera, for Lightning Pose's networks of views
    =============  ===================================================================================================

    People mark no boxes, which COCO and YOLO want: a box is what the key points span and a tenth beside it.

    Args:
        labels: The ``CollectedData`` CSV or H5 file, or its table; of several animals with
            DeepLabCut's ``individuals``.
        out: Where to; files that are there are written over.
        format: For which tool.
        size: Width and height of the pictures in pixels, or a dict of video and these; for ``coco`` and
            ``ultralytics``.
        images: The folder in which ``labeled-data`` lies, for ``ultralytics``, and for ``sleap`` without ``videos``.
        videos: For ``sleap``: a dict of video (the name of the images' folder) and its file; frames are then those of
            the videos, by the images' numbers, and else the images themselves.
        val: Videos for validation, for ``ultralytics``, which else validates on what it learned from, with a warning.
        views: The cameras, for ``views``: each is a part of the images' folders' names (``trial_top``, ``trial_side``).
            All files get the same rows; what one view lacks is missing there.
        skeleton: Pairs of body parts that a line joins, for ``coco`` and ``sleap``.

    Returns:
        The files that were written, without the copied images.

    Raises:
        InputError: Every argument that is wrong; images of unknown size; none whose name holds a view.
        MissingFileError: A file is not there.
        TableError: It is no table of labelled poses.
        MissingExtraError: ``sleap`` without h5py.

    Example:
        >>> import tempfile
        >>> columns = pd.MultiIndex.from_product([["ana"], ["nose", "tail"], ["x", "y"]])
        >>> labels = pd.DataFrame([[32.0, 24, 16, 12]], columns=columns, index=["labeled-data/t/img00000000.png"])
        >>> file = write_labelled_poses(labels, tempfile.mkdtemp() + "/t.json", format="coco", size=(64, 48))[0]
        >>> json.loads(file.read_text())["annotations"][0]["keypoints"]
        [32.0, 24.0, 2, 16.0, 12.0, 2]
    """
    problems = _problems(out, format, size, images, videos, val, views, skeleton)
    if problems:
        raise InputError(problems)
    labelled = _read(labels)
    place = named_path(out)
    missing = [part for pair in skeleton for part in pair if part not in labelled.parts]
    if missing:
        raise InputError(
            f"skeleton names {listing(list(dict.fromkeys(missing)))}, and the body parts are "
            f"{listing(list(labelled.parts))}."
        )
    root = None if images is None else named_path(images)
    if format == "coco":
        return [_coco(labelled, place, size, skeleton)]
    if format == "ultralytics":
        assert root is not None
        return _ultralytics(labelled, place, size, root, val)
    if format == "sleap":
        return [_sleap(labelled, place, root, videos, skeleton)]
    return _views(labelled.table, place, views)


def _problems(
    out: Any, format: Any, size: Any, images: Any, videos: Any, val: Any, views: Any, skeleton: Any
) -> list[str]:
    problems = []
    is_for = format if isinstance(format, str) else ""
    if not isinstance(out, (str, os.PathLike)) or not str(out).strip():
        problems.append(f"out is {out!r}: give the path of a file or folder.")
    if not isinstance(format, str) or format not in get_args(Format):
        problems.append(f"format is {format!r}: give one of {listing(list(get_args(Format)))}.")
    if size is None and is_for in ("coco", "ultralytics"):
        problems.append("How large the pictures are is unknown: give size=(width, height), or a dict of video and it.")
    if images is not None and not isinstance(images, (str, os.PathLike)):
        problems.append(f"images is {images!r}: give the path of the folder in which labeled-data lies.")
    if images is None and (is_for == "ultralytics" or (is_for == "sleap" and videos is None)):
        problems.append(f"For {is_for} give images=, the folder in which labeled-data lies.")
    if videos is not None and (
        not isinstance(videos, Mapping) or not all(isinstance(v, (str, os.PathLike)) for v in videos.values())
    ):
        problems.append(f"videos is {videos!r}: give a dict of video and its file.")
    for name, given in (("val", val), ("views", views)):
        if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(one, str) for one in given):
            problems.append(f"{name} is {given!r}: give a list of names.")
    if is_for == "views" and isinstance(views, Sequence) and len(set(map(str, views))) < 2:
        problems.append("For views give views=, the names of at least two cameras, such as ['top', 'side'].")
    pairs = skeleton if isinstance(skeleton, Sequence) and not isinstance(skeleton, str) else [skeleton]
    if not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
        problems.append(f"skeleton is {skeleton!r}: give pairs of body parts, such as [('nose', 'tail')].")
    return problems


def _read(labels: PathLike | pd.DataFrame) -> Labelled:
    table = labelled_rows(labels)
    source = "labels" if isinstance(labels, pd.DataFrame) else Path(labels).name
    places = read_header(table.header, source, labelled=True).places(table.values)
    owned = list(dict.fromkeys((column[1] if len(column) == 4 else "", column[-2]) for column in table.header))
    repeated = [image for image in dict.fromkeys(table.rows) if table.rows.count(image) > 1] if (
        len(set(table.rows)) < len(table.rows)
    ) else []  # fmt: skip
    if repeated:
        raise InputError(f"{source} has {listing(repeated)} more than once: keep one row of each.")
    parts = tuple(dict.fromkeys(part for _, part in owned))
    animals = tuple(dict.fromkeys(animal for animal, _ in owned))
    xy = np.full((len(table.rows), len(animals), len(parts), 2), np.nan)
    for column, (animal, part) in enumerate(owned):
        xy[:, animals.index(animal), parts.index(part)] = places[:, column]
    return Labelled(table, parts, animals, xy)


def _video(image: str) -> str:
    return PurePosixPath(image).parent.name


def _sizes(rows: Sequence[str], size: Any) -> list[tuple[float, float]]:
    sizes = [size_of(size, _video(image)) for image in rows]
    without = [_video(image) for image, (width, height) in zip(rows, sizes, strict=True) if not (width > 0 < height)]
    if without:
        raise InputError(f"size has no width and height above 0 for {listing(list(dict.fromkeys(without)))}: add them.")
    return sizes


def _coco(labelled: Labelled, out: Path, size: Any, skeleton: Sequence[tuple[str, str]]) -> Path:
    pictures: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for number, (image, (width, height)) in enumerate(
        zip(labelled.table.rows, _sizes(labelled.table.rows, size), strict=True), start=1
    ):
        pictures.append({"id": number, "file_name": image, "width": width, "height": height})
        for animal, points in labelled.sightings(number - 1):
            known = int(np.isfinite(points).all(axis=1).sum())
            box = box_around_points(points, (width, height))
            flat = [
                value
                for x, y in np.asarray(points)
                for value in ((float(x), float(y), 2) if x == x and y == y else (0.0, 0.0, 0))
            ]
            one: dict[str, Any] = {"id": len(found) + 1, "image_id": number, "category_id": 1, "iscrowd": 0}
            one |= {"keypoints": flat, "num_keypoints": known, "bbox": list(box), "area": box[2] * box[3]}
            found.append(one | ({"individual": animal} if animal else {}))
    lines = [[labelled.parts.index(part) + 1 for part in pair] for pair in skeleton]
    category = {"id": 1, "name": "animal", "supercategory": "animal", "keypoints": list(labelled.parts)}
    said = {"images": pictures, "annotations": found, "categories": [category | {"skeleton": lines}]}
    return write_whole(out, json.dumps(said, ensure_ascii=False, indent=1), parents=True)


def _ultralytics(labelled: Labelled, out: Path, size: Any, images: Path, val: Sequence[str]) -> list[Path]:
    rows = labelled.table.rows
    videos = list(dict.fromkeys(map(_video, rows)))
    unknown = [name for name in val if name not in videos]
    if unknown or (val and set(videos) <= set(val)):
        what = f"names {listing(unknown)}" if unknown else "names all videos, and none is left to learn from"
        raise InputError(f"val {what}; the videos are {listing(videos)}.")
    sizes = _sizes(rows, size)
    sources = [path_inside(images, image) for image in rows]
    absent = [image for image, path in zip(rows, sources, strict=True) if not path.is_file()]
    if absent:
        raise MissingFileError(
            f"In {images} there is no {listing(absent)}: give the folder in which labeled-data lies."
        )
    paths = [PurePosixPath(image) for image in rows]
    names = [
        f"{'val' if path.parent.name in val else 'train'}/{_folder(path.parent.name)}/{path.name}" for path in paths
    ]
    of_labels = Counter(PurePosixPath(name).with_suffix(".txt") for name in names)
    twice = [
        row for row, name in zip(rows, names, strict=True) if of_labels[PurePosixPath(name).with_suffix(".txt")] > 1
    ]
    if twice:
        raise InputError(
            f"{listing(twice)} would have one file of labels, since ultralytics goes by the folder's and the picture's "
            "name without its ending: rename some."
        )
    learned = [name for name in val if path_inside(out, "images", "train", _folder(name)).is_dir()]
    if learned:
        raise InputError(
            f"{out.name} has pictures of {listing(learned)} to learn from, which an earlier call wrote, and these are "
            "for validation now: give another folder for out."
        )
    files, outside = [], 0
    for number, (name, picture, source) in enumerate(zip(names, sizes, sources, strict=True)):
        write_whole(path_inside(out, "images", name), read_bytes(source), parents=True)
        lines = []
        for _, points in labelled.sightings(number):
            # ultralytics leaves out a picture of which any number is not within 0 and 1.
            is_out: Any = ((points < 0) | (points > np.asarray(picture))).any(axis=1)
            outside += int(is_out.sum())
            points = np.where(is_out[:, None], np.nan, points)
            if np.isfinite(points).any():
                lines.append(_yolo_line(points, picture))
        text = "".join(f"{line}\n" for line in lines)
        files.append(write_whole(path_inside(out, "labels", str(PurePosixPath(name).with_suffix(".txt"))), text,
                                 parents=True))  # fmt: skip
    if outside:
        warn(f"{counted(outside, 'key point')} outside their pictures are left out, which ultralytics does not take.")
    if not val:
        warn(
            f"{out.name} has no pictures of their own for validation: figures of a training are about the pictures "
            "that it learned from. Name videos for it with val=."
        )
    said = described(["animal"], splits=["train", *["val"] * bool(val)], points=labelled.parts)
    return [write_whole(out / "data.yaml", said, parents=True), *files]


def _folder(video: str) -> str:
    """Return what a video's folder is called: labels are looked for by putting labels for the last folder images."""
    return "images_" if video == "images" else video


def _yolo_line(points: Floats, size: tuple[float, float]) -> str:
    left, top, width, height = box_around_points(points, size)
    numbers = [(left + width / 2) / size[0], (top + height / 2) / size[1], width / size[0], height / size[1]]
    shares = [f"{number:.8g}" for number in numbers]
    for x, y in points / size:
        shares += [f"{x:.8g}", f"{y:.8g}", "2"] if np.isfinite([x, y]).all() else ["0", "0", "0"]
    return " ".join(["0", *shares])


def _sleap(
    labelled: Labelled,
    out: Path,
    images: Path | None,
    videos: Mapping[str, str | os.PathLike[str]] | None,
    skeleton: Sequence[tuple[str, str]],
) -> Path:
    require_h5(out.name)
    import h5py

    if out.suffix.lower() != ".slp":
        raise InputError(f"out is {str(out)!r}: give a file that ends in .slp.")
    rows = labelled.table.rows
    names = list(dict.fromkeys(map(_video, rows)))
    clips, numbers = _clips(rows, names, images, videos)
    order = sorted(range(len(rows)), key=lambda row: (names.index(_video(rows[row])), numbers[row]))
    frames: list[tuple[int, ...]] = []
    instances: list[tuple[float, ...]] = []
    points: list[tuple[float, float, bool, bool]] = []
    tracks = [animal for animal in labelled.animals if animal]
    for row in order:
        first = len(instances)
        for animal, places in labelled.sightings(row):
            track = tracks.index(animal) if animal else -1
            start, end = len(points), len(points) + len(places)
            instances.append((len(instances), 0, len(frames), 0, track, -1, 1.0, start, end, 0.0))
            points += [
                (float(x), float(y), bool(x == x and y == y), bool(x == x and y == y)) for x, y in np.asarray(places)
            ]
        frames.append((len(frames), names.index(_video(rows[row])), numbers[row], first, len(instances)))
    whole = io.BytesIO()
    with h5py.File(whole, "w") as file:
        meta = file.create_group("metadata")
        meta.attrs["format_id"] = 1.2
        meta.attrs["json"] = np.bytes_(json.dumps(_sleap_metadata(labelled.parts, skeleton)))
        file["videos_json"] = np.array([json.dumps(clip) for clip in clips], dtype="S")
        file["tracks_json"] = np.array([json.dumps([0, name]) for name in tracks], dtype="S" if tracks else "S1")
        file["suggestions_json"] = np.array([], dtype="S1")
        file["frames"] = np.array(frames, dtype=list(_SLEAP_FRAME))
        file["instances"] = np.array(instances, dtype=list(_SLEAP_INSTANCE))
        file["points"] = np.array(points, dtype=list(_SLEAP_POINT))
        file["pred_points"] = np.array([], dtype=[*_SLEAP_POINT, ("score", "f8")])
    with whole_file_at(out, parents=True) as part:
        part.write_bytes(whole.getvalue())
    return out


def _clips(
    rows: Sequence[str],
    names: Sequence[str],
    images: Path | None,
    videos: Mapping[str, str | os.PathLike[str]] | None,
) -> tuple[list[dict[str, Any]], list[int]]:
    """Return SLEAP's videos, and which frame of its video each image is."""
    if videos is None:
        assert images is not None
        of_each = {name: sorted(image for image in rows if _video(image) == name) for name in names}
        clips = []
        for own in of_each.values():
            files = [str(path_inside(images, image)) for image in own]
            clips.append({"backend": {"type": "ImageVideo", "filename": files[0], "filenames": files}})
        return clips, [of_each[_video(image)].index(image) for image in rows]
    absent = [name for name in names if name not in videos]
    ends = [LAST_NUMBER.search(PurePosixPath(image).stem[-40:]) for image in rows]
    digits = [end[1] if end else "" for end in ends]
    bare = [image for image, number in zip(rows, digits, strict=True) if not number or len(number) > 8]
    if absent or bare:
        raise InputError(
            [f"videos lacks {listing(absent)}: add each video's file."] * bool(absent)
            + [f"The names of {listing(bare)} do not say which frame they are: leave videos= out."] * bool(bare)
        )
    frames = Counter(zip(map(_video, rows), map(int, digits), strict=True))
    same = [row for row, number in zip(rows, digits, strict=True) if frames[_video(row), int(number)] > 1]
    if same:
        raise InputError(f"{listing(same)} say the same frame of a video: keep one of each, or leave videos= out.")
    backends = [
        {"type": "MediaVideo", "filename": str(Path(videos[name])), "bgr": True, "dataset": "", "input_format": ""}
        for name in names
    ]
    return [{"backend": backend} for backend in backends], [int(number) for number in digits]


def _sleap_metadata(parts: Sequence[str], skeleton: Sequence[tuple[str, str]]) -> dict[str, Any]:
    kind = {"py/reduce": [{"py/type": "sleap.skeleton.EdgeType"}, {"py/tuple": [1]}]}
    links = [
        {
            "edge_insert_idx": place,
            "key": 0,
            "source": parts.index(one),
            "target": parts.index(other),
            "type": kind if place == 0 else {"py/id": 1},
        }
        for place, (one, other) in enumerate(skeleton)
    ]
    graph = {"name": "Skeleton-0", "num_edges_inserted": len(links)}
    nodes = [{"id": place} for place in range(len(parts))]
    return {
        "version": "2.0.0",
        "skeletons": [{"directed": True, "graph": graph, "links": links, "multigraph": True, "nodes": nodes}],
        "nodes": [{"name": part, "weight": 1.0} for part in parts],
        "videos": [],
        "tracks": [],
        "suggestions": [],
        "negative_anchors": {},
        "provenance": {},
    }


def _views(table: PoseTable, out: Path, views: Sequence[str]) -> list[Path]:
    """Write a table for each camera, in which the same row is the same moment."""
    row_of: dict[tuple[str, str], dict[str, int]] = {}
    none: list[str] = []
    for row, image in enumerate(table.rows):
        path = PurePosixPath(image)
        words = re.split("([-_])", path.parent.name)
        own = [view for view in views if view in words]
        if len(own) != 1:
            none.append(image)
            continue
        # What no path holds stands for the view.
        folder = path.parent.with_name("".join("\0" if word == own[0] else word for word in words))
        moment = (str(folder), path.name)
        row_of.setdefault(moment, {})[own[0]] = row
    if none:
        raise InputError(
            f"The folders of {listing(none)} do not name one of the views {listing(list(views))}, as trial_{views[0]} "
            "does."
        )
    columns = table.frame().columns
    files = []
    lacking = sum(len(views) - len(found) for found in row_of.values())
    for view in views:
        names, values = [], []
        for moment in sorted(row_of):
            found = row_of[moment]
            elsewhere = str(PurePosixPath(moment[0].replace("\0", view), moment[1]))
            names.append(table.rows[found[view]] if view in found else elsewhere)
            values.append(table.values[found[view]] if view in found else np.full(len(columns), np.nan))
        made = pd.DataFrame(
            np.array(values).reshape(len(names), len(columns)), index=pd.Index(names, dtype=object), columns=columns
        )
        with whole_file_at(path_inside(out, f"CollectedData_{view}.csv"), parents=True) as part:
            made.to_csv(part, lineterminator="\n")
        files.append(out / f"CollectedData_{view}.csv")
    if lacking:
        warn(f"{counted(lacking, 'row')} of a moment that a view does not show are written without points.")
    return files
