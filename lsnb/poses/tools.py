"""The predictions of tools that do not write DeepLabCut's table: SLEAP, Anipose, MediaPipe, MMPose, OpenPose, others.

| tool | what is read |
|---|---|
| SLEAP | the analysis CSV: ``track, frame_idx, instance.score, <node>.x, <node>.y, <node>.score`` |
| MMPose | JSON of its demos and inferencer: a frame each, ``instances`` with ``keypoints`` and ``keypoint_scores`` |
| OpenPose | a folder of ``<video>_000000000012_keypoints.json`` with ``people`` and ``pose_keypoints_2d`` |
| AlphaPose, AlphaTracker | JSON: a list with ``image_id``, or a dict of image and its instances or people |
| AlphaTracker's labels | JSON: a list of images with ``annotations``, for each animal a box and then its points |
| COCO | key points with ``images``, ``annotations`` and ``categories``, whose images end in the frame |
| MediaPipe | landmarks, shares of the picture: JSON, an entry a frame, or CSV, a row a frame or a row a landmark |
| Anipose | the CSV of places in space, as a camera of its ``calibration.toml`` sees them |

SLEAP's ``analysis.h5`` and ``.slp`` are read as any H5 file, and sleap-io's other CSVs (a row for each instance, frame
or point) as SLEAP's. Of several animals in a frame each is called by its track, else by its place: ``animal1``,
``animal2``.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, TableError
from lsnb.kernel.formats import MOST_FRAMES, read_bytes, read_json
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import counted, listing
from lsnb.shapes.faults import finite_number
from lsnb.tables.cells import numbers_in
from lsnb.tables.h5 import said_of_places
from lsnb.tables.pose_tables import Floats, existing_file

MOST_CELLS = 1 << 28
MOST_CALIBRATION = 1 << 20  # bytes; a camera has about 500
MOST_BENDS = 8  # numbers of a lens that are known here
LARGEST_OF_CAMERAS = 1e12  # in any unit, of which cameras have thousands
BODY_25 = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "MidHip", "RHip", "RKnee",
    "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar", "LBigToe", "LSmallToe", "LHeel", "RBigToe",
    "RSmallToe", "RHeel",
)  # fmt: skip
COCO_18 = (*BODY_25[:8], *BODY_25[9:19])
COCO_17 = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
# https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker and hand_landmarker
POSE_33 = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index", "left_thumb",
    "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_heel",
    "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip
HAND_21 = (
    "wrist", "thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip",
    *(f"{name}_{joint}" for name in ("index_finger", "middle_finger", "ring_finger", "pinky")
      for joint in ("mcp", "pip", "dip", "tip")),
)  # fmt: skip
_LANDMARKS = ("pose_landmarks", "poseLandmarks", "landmarks", "landmark")
_OTHER_LANDMARKS = re.compile(r"(?i)(left_?hand|right_?hand|face|.*world)_?landmarks")
_LANDMARK = ("landmark", "landmark_id", "landmark_index", "landmark_name")
_FRAME_NAMES = ("frame", "frame_id", "frame_idx", "frame_index", "frame_number", "frameIndex", "image", "file_name")
_NUMBERED = re.compile(r"[xyzv](\d{1,3})")
# Places beyond this many pictures are no shares of one.
MOST_SHARES = 4.0
LAST_NUMBER = re.compile(r"(\d+)\D*$")
_OPENPOSE_OTHERS = ("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d", "pose_keypoints_3d")
_OPENPOSE = re.compile(r"^(?P<video>.*)_(?P<frame>\d{12})_keypoints\.json$")
_SLEAP_BESIDE = re.compile(r"(inst\d+\.).*\.x$")

# One animal in one frame: the frame, what the animal is called or None, x, y and likelihood of each body part.
Sighting = tuple[int, str | None, Floats]


def is_openpose(folder: Path) -> bool:
    """Return whether a folder holds what OpenPose writes of a video."""
    return folder.is_dir() and any(_OPENPOSE.match(path.name) for path in folder.iterdir())


def is_tool_csv(path: Path) -> bool:
    """Return whether a CSV is one of SLEAP, Anipose or MediaPipe, by its first row."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline(1 << 20)
    except (OSError, UnicodeDecodeError):
        return False
    return _csv_reader([cell.strip().strip('"') for cell in first.split(",")]) is not None


def _csv_reader(names: Sequence[str]) -> str | None:
    known = set(names)
    if "frame_idx" in known and ({"node", "x", "y"} <= known or any(name.endswith(".x") for name in known)):
        return "sleap"
    if "fnum" in known and any(name.endswith("_ncams") for name in names):
        return "anipose"
    if {"x", "y", "visibility"} <= known and any(name in known for name in _LANDMARK):
        return "landmarks"
    if any(_NUMBERED.fullmatch(name) for name in names) and {"x1", "y1"} <= known:
        return "landmarks"
    return "landmarks" if any(name.lower().endswith("_visibility") for name in names) else None


def tool_table(
    path: Path, *, size: tuple[float, float] | None = None, calibration: Any = None, camera: str | None = None
) -> pd.DataFrame:
    """Return another tool's predictions as DeepLabCut's table, a row for each frame up to the last that it names.

    Args:
        path: A CSV of SLEAP, Anipose or MediaPipe, a JSON file, or a folder of OpenPose.
        size: Width and height of the pictures in pixels, for places that are shares of them.
        calibration: Anipose's ``calibration.toml``, for places in space.
        camera: Which of its cameras.

    Raises:
        InputError: Places in space without a camera, or a camera that is none of the calibration's.
        TableError: It is none of these, or names no frames.

    Example:
        >>> import json, tempfile
        >>> path = Path(tempfile.mkdtemp(), "trial.json")
        >>> frames = [{"frame_id": 1, "instances": [{"keypoints": [[3, 4]], "keypoint_scores": [0.5]}]}]
        >>> _ = path.write_text(json.dumps({"meta_info": {"keypoint_id2name": {"0": "nose"}}, "instance_info": frames}))
        >>> tool_table(path).iloc[1].tolist()
        [3.0, 4.0, 0.5]
    """
    if path.is_dir():
        return _openpose(path)
    if path.suffix.lower() == ".csv":
        table = _csv(path)
        kind = _csv_reader([str(name).strip() for name in table.columns])
        if kind == "anipose":
            return _anipose(table, path.name, calibration, camera)
        return _landmarks_table(table, path.name, size) if kind == "landmarks" else _sleap(table, path.name)
    said = read_json(path)
    if isinstance(said, Mapping) and "annotations" in said and "images" in said:
        return _coco(said, path.name)
    if isinstance(said, Mapping) and "instance_info" in said:
        return _mmpose(said["instance_info"], _names_of(said.get("meta_info")), path.name)
    if isinstance(said, list) and said and isinstance(said[0], Mapping) and "instances" in said[0]:
        return _mmpose(said, None, path.name)
    if (
        isinstance(said, list)
        and any(_are_instances(one) for one in said)
        and all(isinstance(one, list) for one in said)
    ):
        return _mmpose([{"instances": one} for one in said], None, path.name)
    if isinstance(said, list) and said and isinstance(said[0], Mapping) and {"image_id", "keypoints"} <= set(said[0]):
        named = [(one.get("image_id") if isinstance(one, Mapping) else f"entry {n}", one) for n, one in enumerate(said)]
        return _alphapose(named, path.name)
    if _are_alphatrackers_labels(said):
        found = _alphatrackers_animals(said, path.name)
        frames = _frames([name for name, _ in found], path.name)
        sightings = [
            (frame, None, np.column_stack([points, np.ones(len(points))]))
            for frame, (_, animals) in zip(frames, found, strict=True)
            for points in animals
        ]
        return _table(sightings, None, "alphatracker", path.name, frames=max(frames) + 1)
    entries = _landmark_entries(said)
    if entries is not None:
        return _landmarks(entries, path.name, size)
    people = _openposes_people(said)
    if people:
        last = max(_frames(list(people), path.name))
        listed = [(name, one) for name, several in people.items() for one in several]
        return _alphapose(listed, path.name, last + 1, COCO_18)
    if isinstance(said, Mapping) and said and all(isinstance(found, list) for found in said.values()):
        last = max(_frames(list(said), path.name))  # which may show nobody
        # AlphaTracker has {} in the place of an animal that it did not find.
        found = [(name, one) for name, several in said.items() for one in several if one != {}]
        return _alphapose(found, path.name, last + 1)
    raise TableError(
        f"{path.name} is no JSON of poses that is known here: give that of MMPose, AlphaPose, AlphaTracker, COCO or "
        "MediaPipe, or the folder of OpenPose."
    )


def _are_instances(found: Any) -> bool:
    """Return whether this is what MMPose's inferencer returns for a frame."""
    first = found[0] if isinstance(found, list) and found else None
    return isinstance(first, Mapping) and {"keypoints", "keypoint_scores"} <= set(first)


def _mmpose(frames: Any, names: Sequence[str] | None, source: str) -> pd.DataFrame:
    sightings: list[Sighting] = []
    last = -1
    listed = frames if isinstance(frames, list) else []
    numbers = [one.get("frame_id") if isinstance(one, Mapping) else None for one in listed]
    # MMPose's demos count a frame before they write it, its inferencer after; both write every frame.
    ahead = int(len(numbers) > 1 and numbers == list(range(1, len(numbers) + 1)))
    notes = [
        f"{source} numbers its frames from 1 to {len(numbers):,}, as MMPose's demos do: 1 was taken as the video's "
        "first, which is 0 here."
    ] * ahead
    for place, one in enumerate(listed):
        if not isinstance(one, Mapping) or not isinstance(one.get("instances"), list):
            raise TableError(f"{source}: entry {place + 1} of its frames has no list of instances; write it anew.")
        frame = _frame(one.get("frame_id", place), source) - ahead
        last = max(last, frame)
        for animal in _mappings(one["instances"], f"{source}, frame {frame}"):
            points = _triples(animal.get("keypoints"), animal.get("keypoint_scores"), f"{source}, frame {frame}")
            track = animal.get("track_id", animal.get("instance_id"))
            sightings.append((frame, _called(track), points))
    return _table(sightings, names, "mmpose", source, frames=last + 1, notes=notes)


def _mappings(given: Sequence[Any], source: str) -> Sequence[Mapping[str, Any]]:
    if not all(isinstance(one, Mapping) for one in given):
        raise TableError(f"{source} has an entry that is no instance; write it anew.")
    return given


def _names_of(meta: Any) -> list[str] | None:
    named = meta.get("keypoint_id2name") if isinstance(meta, Mapping) else None
    if not isinstance(named, Mapping) or not all(str(key).isdecimal() for key in named):
        return None
    return [str(named[key]) for key in sorted(named, key=int)]


def _openposes_people(said: Any) -> dict[str, list[Any]]:
    """Return each image's people of AlphaPose's results in the forms of OpenPose and CMU-Pose; none of other files."""
    images = said if isinstance(said, Mapping) else {}
    listed = {name: one.get("people", one.get("bodies")) for name, one in images.items() if isinstance(one, Mapping)}
    if len(listed) < len(images) or not all(isinstance(people, list) for people in listed.values()):
        return {}
    return {
        name: [
            {"keypoints": one.get("pose_keypoints_2d", one.get("joints"))} if isinstance(one, Mapping) else one
            for one in people
        ]
        for name, people in listed.items()
    }


def _alphapose(
    found: Sequence[tuple[Any, Any]], source: str, frames: int = 0, names: Sequence[str] | None = None
) -> pd.DataFrame:
    sightings: list[Sighting] = []
    strange = next((name for name, one in found if not isinstance(one, Mapping)), None)
    if strange is not None:
        raise TableError(f"{source}: {strange} has an entry that is no instance; write it anew.")
    for frame, (name, one) in zip(_frames([name for name, _ in found], source), found, strict=True):
        track = one.get("idx", one.get("track_id"))
        while isinstance(track, list):
            track = track[0] if track else None
        points = _triples(one.get("keypoints"), one.get("kp_score"), f"{source}, {name}")
        sightings.append((frame, _called(track), points))
    return _table(sightings, names, "alphapose", source, frames=frames)


def labelled_table(path: Path) -> pd.DataFrame:
    """Return AlphaTracker's labels as DeepLabCut's table of labelled poses, a row for each image.

    Args:
        path: The JSON file from which AlphaTracker learns.

    Raises:
        TableError: It is none, or its animals have points of different numbers.

    Example:
        >>> import json, tempfile
        >>> path = Path(tempfile.mkdtemp(), "train.json")
        >>> box, point = {"class": "Face", "x": 1, "y": 2, "width": 9, "height": 9}, {"class": "point", "x": 3, "y": 4}
        >>> _ = path.write_text(json.dumps([{"class": "image", "filename": "7.jpg", "annotations": [box, point]}]))
        >>> labelled_table(path).loc["7.jpg"].tolist()
        [3.0, 4.0]
    """
    said = read_json(path)
    if not _are_alphatrackers_labels(said):
        raise TableError(
            f"{path.name} is no JSON of labelled poses that is known here: give that from which AlphaTracker learns, a "
            "list of images with their annotations, or a CollectedData table."
        )
    found = _alphatrackers_animals(said, path.name)
    parts = _plain_names(len(next((animals[0] for _, animals in found if animals), ())))
    most = max(1, *(len(animals) for _, animals in found))
    if len(found) * most * len(parts) > MOST_CELLS // 2:
        raise TableError(f"{path.name} has {most} animals in {len(found)} images, more than fit: split it.")
    values = np.full((len(found), most, len(parts), 2), np.nan)
    for row, (_, animals) in enumerate(found):
        for number, points in enumerate(animals):
            values[row, number] = points
    owners = [[f"animal{number + 1}" for number in range(most)]] if most > 1 else []
    levels = ["scorer", *(["individuals"] if owners else []), "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product([["alphatracker"], *owners, parts, ["x", "y"]], names=levels)
    return pd.DataFrame(
        values.reshape(len(found), -1), index=pd.Index([name for name, _ in found], dtype=object), columns=columns
    )


def _are_alphatrackers_labels(said: Any) -> bool:
    return (
        isinstance(said, list)
        and bool(said)
        and all(
            isinstance(one, Mapping)
            and isinstance(one.get("filename"), str)
            and isinstance(one.get("annotations"), list)
            for one in said
        )
    )


def _alphatrackers_animals(said: Any, source: str) -> list[tuple[str, list[Floats]]]:
    """Return each image's name and its animals' points, ``[body parts, 2]``: those behind a box belong to it."""
    images: list[tuple[str, list[Floats]]] = []
    counts: dict[int, list[str]] = {}
    for one in said:
        where = f"{source}, {str(one['filename'])[:60]}"
        animals: list[list[tuple[float, float]]] = []
        for mark in _mappings(one["annotations"], where):
            place = finite_number(mark.get("x")), finite_number(mark.get("y"))
            if place[0] is None or place[1] is None:
                raise TableError(f"{where} has a mark without numbers x and y; write it anew.")
            if "width" in mark:
                animals.append([])
            elif animals:
                animals[-1].append((place[0], place[1]))
            else:
                raise TableError(f"{where} has a point before the first animal's box; write it anew.")
        for points in animals:
            counts.setdefault(len(points), []).append(str(one["filename"])[:60])
        images.append((one["filename"], [np.array(points).reshape(-1, 2) for points in animals]))
    if not counts or set(counts) == {0}:
        raise TableError(f"{source} has no points of any animal.")
    if len(counts) > 1:
        usual = max(counts, key=lambda count: len(counts[count]))
        odd = [name for count, names in counts.items() if count != usual for name in names]
        raise TableError(
            f"{source} has animals of other than {usual} points in {listing(list(dict.fromkeys(odd)))}: AlphaTracker "
            "tells body parts by their order, so each animal needs all of them."
        )
    return images


def _openpose(folder: Path) -> pd.DataFrame:
    sightings: list[Sighting] = []
    files = {path: match for path in sorted(folder.iterdir()) if (match := _OPENPOSE.match(path.name))}
    videos = sorted({match["video"] for match in files.values()})
    if len(videos) != 1:
        raise TableError(
            f"{folder.name} holds files of {listing(videos) or 'no video'}: give a folder with OpenPose's files of one "
            "video, such as trial_000000000000_keypoints.json."
        )
    last = -1
    others: Counter[str] = Counter()
    for path, match in files.items():
        frame = _frame(match["frame"], folder.name)
        last = max(last, frame)
        said = read_json(path)
        people = said.get("people") if isinstance(said, Mapping) else None
        if not isinstance(people, list):
            raise TableError(f"{path.name} has no list of people: give the files that OpenPose wrote.")
        for person in _mappings(people, path.name):
            others.update(part for part in _OPENPOSE_OTHERS if person.get(part))
            points = _triples(person.get("pose_keypoints_2d"), None, path.name)
            points[points[:, 2] == 0] = np.nan  # what OpenPose does not see is 0, 0, 0
            given = person.get("person_id")
            known = [one for one in (given if isinstance(given, list) else [given]) if type(one) is int and one >= 0]
            sightings.append((frame, f"animal{known[0]}" if known else None, points))
    names = {25: BODY_25, 18: COCO_18}.get(len(sightings[0][2])) if sightings else None
    said = [f"{part} of {counted(n, 'person', 'people')}" for part, n in others.items()]
    notes = [f"{folder.name}: {listing(said)} are left out; the pose of the body is read."] if said else []
    return _table(sightings, names, "openpose", folder.name, frames=last + 1, notes=notes)


def _coco(said: Mapping[str, Any], source: str) -> pd.DataFrame:
    categories = said.get("categories")
    named = {
        str(category.get("id")): [str(name) for name in category["keypoints"]]
        for category in (categories if isinstance(categories, list) else ())
        if isinstance(category, Mapping) and isinstance(category.get("keypoints"), list)
    }
    if not named:
        raise TableError(f"{source} has no category with key points: it is of boxes or outlines.")
    names = next(iter(named.values()))
    if any(other != names for other in named.values()):
        raise TableError(
            f"{source} has {len(named)} categories with key points of their own (ids {listing(list(named))}): give one "
            "of each."
        )
    if not isinstance(said["images"], list) or not isinstance(said["annotations"], list):
        raise TableError(f"{source} has no lists of images and annotations: write it anew.")
    images = {str(one.get("id")): one for one in _mappings(said["images"], source)}
    folders = sorted(
        {str(PurePosixPath(str(one.get("file_name")).replace("\\", "/")).parent) for one in images.values()}
    )
    if len(folders) > 1:
        raise TableError(
            f"{source} is about images of several folders ({listing(folders)}): give predictions of one video."
        )
    named_by = [one.get("frame_id", one.get("file_name")) for one in images.values()]
    frame_of = dict(zip(images, _frames(named_by, source), strict=True))
    sightings: list[Sighting] = []
    for one in said["annotations"]:
        image = images.get(str(one.get("image_id"))) if isinstance(one, Mapping) else None
        if image is None:
            raise TableError(f"{source} has an annotation of an image that it does not list: write it anew.")
        frame = frame_of[str(one.get("image_id"))]
        points = _triples(one.get("keypoints"), one.get("keypoint_scores"), f"{source}, {image.get('file_name')}")
        points[points[:, 2] == 0] = np.nan  # not labelled
        if one.get("keypoint_scores") is None:
            # 1 is hidden, 2 is seen, and both were set by somebody.
            sure = finite_number(one.get("score"))
            points[:, 2] = np.where(points[:, 2] > 0, 1.0 if sure is None else sure, np.nan)
        named_so = one.get("individual")  # as lsnb.poses.write_labelled_poses writes it
        owner = named_so[:60] if isinstance(named_so, str) and named_so else _called(one.get("track_id"))
        sightings.append((frame, owner, points))
    return _table(sightings, names, "coco", source, frames=max(frame_of.values(), default=-1) + 1)


def _csv(path: Path) -> pd.DataFrame:
    try:
        named: dict[str, Any] = {"encoding": "utf-8-sig", "skipinitialspace": True}
        tracks = [name for name in pd.read_csv(path, nrows=0, **named).columns if name.strip().endswith("track")]
        table: pd.DataFrame = pd.read_csv(path, dtype=dict.fromkeys(tracks, str), **named)
    except ValueError:  # of rows longer than the header, open quotes, other encodings
        raise TableError(f"{path.name} is damaged: give the CSV that the tool wrote.") from None
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes what is too much for names of rows
        raise TableError(f"{path.name} has rows longer than its header: give the CSV that the tool wrote.")
    return table


def _sleap(table: pd.DataFrame, source: str) -> pd.DataFrame:
    table = table.rename(columns=lambda name: str(name).strip())
    if "video_path" in table.columns and table["video_path"].nunique(dropna=False) > 1:
        videos = listing(table["video_path"].astype(str).unique().tolist())
        raise TableError(f"{source} is of several videos ({videos}): write a file for each.")
    if {"node", "x", "y"} <= set(table.columns):
        return _sleap_points(table, source)
    # A row for each frame has its instances side by side.
    beside = {match[1]: None for name in table.columns if (match := _SLEAP_BESIDE.match(name))} or {"": None}
    nodes = list(dict.fromkeys(
        name.removeprefix(first).removesuffix(".x")
        for first in beside for name in table.columns if name.startswith(first) and name.endswith(".x")
    ))  # fmt: skip
    absent = [f"{first}{node}{end}" for first in beside for node in nodes for end in (".x", ".y")]
    absent = [name for name in absent if name not in table.columns]
    if not nodes or absent:
        raise TableError(f"{source} lacks {listing(absent) or 'nodes'}: give the analysis CSV that SLEAP wrote.")
    frames = [_frame(frame, source) for frame in table["frame_idx"].tolist()]
    sightings: list[Sighting] = []
    for first in beside:
        columns = [f"{first}{node}{end}" for node in nodes for end in (".x", ".y", ".score")]
        values = _sleap_cells(table.reindex(columns=columns), source).reshape(len(table), len(nodes), 3)
        tracks = table.get(f"{first}track", pd.Series(None, table.index, dtype=object)).tolist()
        sightings += [
            (frame, _track(track), points)
            for frame, track, points in zip(frames, tracks, values, strict=True)
            if first == "" or np.isfinite(points).any()
        ]
    return _table(sightings, nodes, "sleap", source, frames=max(frames, default=-1) + 1)


def _sleap_cells(cells: pd.DataFrame, source: str) -> Floats:
    values: Floats = cells.apply(numbers_in).to_numpy("float64")
    if (np.isnan(values) & cells.notna().to_numpy()).any():
        raise TableError(f"{source} holds what is no number: give the analysis CSV that SLEAP wrote.")
    return values


def _track(cell: Any) -> str | None:
    return cell if isinstance(cell, str) else None


def _sleap_points(table: pd.DataFrame, source: str) -> pd.DataFrame:
    nodes = list(dict.fromkeys(table["node"].astype(str)))
    values = _sleap_cells(table.reindex(columns=["x", "y", "score"]), source)
    optional = table.reindex(columns=["track", "instance_score"])
    sightings: list[Sighting] = []
    tracked: dict[tuple[int, str], Floats] = {}
    last: tuple[Any, ...] = ()
    rows = zip(table["frame_idx"], table["node"], optional["track"], optional["instance_score"], values, strict=True)
    for number, node, track, score, point in rows:
        frame, place, called = _frame(number, source), nodes.index(str(node)), _track(track)
        points = tracked.get((frame, called)) if called is not None else None
        if called is None and last == (frame, None, str(score)) and np.isnan(sightings[-1][2][place]).all():
            points = sightings[-1][2]
        if points is None:
            points = np.full((len(nodes), 3), np.nan)
            sightings.append((frame, called, points))
            if called is not None:
                tracked[frame, called] = points
        elif not np.isnan(points[place]).all():
            raise TableError(f"{source} has {node} of {called} in frame {frame} twice: keep one of them.")
        points[place] = point
        last = frame, called, str(score)
    return _table(sightings, nodes, "sleap", source)


# MediaPipe, whose landmarks people write out in forms of their own.


def _landmark_entries(said: Any) -> list[tuple[Any, Any]] | None:
    """Return each frame and what is said of it, or None where these are no landmarks."""
    if isinstance(said, Mapping) and isinstance(said.get("frames"), list):
        said = said["frames"]
    if isinstance(said, Mapping) and not any(key in said for key in _LANDMARKS):
        entries = [(name, one) for name, one in said.items()]
    else:
        listed = said if isinstance(said, list) else [said]
        entries = [(_named_frame(one, place), one) for place, one in enumerate(listed)]
    return entries if any(_people(one) for _, one in entries) else None


def _named_frame(entry: Any, place: int) -> Any:
    named = (entry.get(name) for name in _FRAME_NAMES) if isinstance(entry, Mapping) else ()
    return next((name for name in named if name is not None), place)


def _people(entry: Any) -> list[Any] | None:
    """Return the lists of landmarks of an entry, one a person; None where it is no such entry."""
    if isinstance(entry, Mapping):
        name = next((name for name in _LANDMARKS if name in entry), None)
        if name is None:
            return None
        return _people(entry[name]) if entry[name] is not None else []
    if not isinstance(entry, list):
        return None
    if not entry:
        return []
    if all(isinstance(one, Mapping) and {"x", "y"} <= set(one) for one in entry):
        return [entry]
    several = [_people(one) for one in entry if isinstance(one, (list, Mapping))]
    if len(several) < len(entry) or any(one is None for one in several):
        return None
    return [person for one in several for person in one or []]


def _landmarks(entries: Sequence[tuple[Any, Any]], source: str, size: tuple[float, float] | None) -> pd.DataFrame:
    sightings: list[Sighting] = []
    others: Counter[str] = Counter()
    names: list[str] | None = None
    last = -1
    for frame, (_, entry) in zip(_frames([given for given, _ in entries], source), entries, strict=True):
        last = max(last, frame)
        people = _people(entry)
        if people is None and entry is not None:
            raise TableError(f"{source}, frame {frame}: these are no landmarks with x and y; write it anew.")
        if isinstance(entry, Mapping):
            others.update(str(key) for key, one in entry.items() if one and _OTHER_LANDMARKS.fullmatch(str(key)))
        for person in people or []:
            points = [[one["x"], one["y"], _visibility(one)] for one in person]
            sightings.append((frame, None, _triples(points, None, f"{source}, frame {frame}")))
            if all(isinstance(one.get("name"), str) for one in person):
                names = [one["name"] for one in person]
    said = [f"{part} of {counted(n, 'frame')}" for part, n in others.items()]
    notes = [f"{source}: {listing(said)} are left out; the pose of the body is read."] if said else []
    counts = {len(points) for _, _, points in sightings}
    names = names or _landmark_names(counts.pop() if len(counts) == 1 else 0)
    return _table(_pixels(sightings, size, source), names, "mediapipe", source, frames=last + 1, notes=notes)


def _visibility(landmark: Mapping[str, Any]) -> Any:
    return next((landmark[name] for name in ("visibility", "presence") if landmark.get(name) is not None), math.nan)


def _landmark_names(count: int) -> list[str] | None:
    return {33: list(POSE_33), 21: list(HAND_21)}.get(count)


def _landmarks_table(table: pd.DataFrame, source: str, size: tuple[float, float] | None) -> pd.DataFrame:
    table = table.rename(columns=lambda name: str(name).strip())
    frame_name = next((name for name in _FRAME_NAMES if name in table.columns), None)
    numbers = table[frame_name].tolist() if frame_name else list(range(len(table)))
    frames = _frames([number.item() if isinstance(number, np.generic) else number for number in numbers], source)
    landmark = next((name for name in _LANDMARK if name in table.columns), None)
    if landmark is not None:
        if frame_name is None:
            raise TableError(f"{source} has no column that says the frame of each landmark: add one called 'frame'.")
        keys = list(dict.fromkeys(table[landmark].tolist()))
        names: list[str] | None = [str(key) for key in keys]
        if pd.api.types.is_numeric_dtype(table[landmark]):
            keys = sorted(keys)
            names = _landmark_names(len(keys)) or [f"point{key}" for key in keys]
        place = {key: number for number, key in enumerate(keys)}
        values = _cells(table, ["x", "y", "visibility"], source)
        found: dict[int, Floats] = {}
        for frame, key, row in zip(frames, table[landmark].tolist(), values, strict=True):
            points = found.setdefault(frame, np.full((len(keys), 3), np.nan))
            if not np.isnan(points[place[key]]).all():
                raise TableError(f"{source} has landmark {key} in frame {frame} twice: give one person's.")
            points[place[key]] = row
        sightings: list[Sighting] = [(frame, None, points) for frame, points in found.items()]
    else:
        by_part = _landmark_columns([str(name) for name in table.columns], source)
        flat = [name for three in by_part.values() for name in three]
        values = _cells(table, flat, source).reshape(len(table), -1, 3)
        names = list(by_part)
        if all(name.isdecimal() for name in names):
            names = _landmark_names(len(names)) or [f"point{name}" for name in names]
        sightings = [(frame, None, points) for frame, points in zip(frames, values, strict=True)]
    return _table(_pixels(sightings, size, source), names, "mediapipe", source)


def _landmark_columns(columns: Sequence[str], source: str) -> dict[str, list[str]]:
    """Return each landmark's columns of x, y and visibility."""
    by_part: dict[str, dict[str, str]] = {}
    for name in columns:
        if match := _NUMBERED.fullmatch(name):
            by_part.setdefault(match[1], {})[name[0]] = name
        elif name.lower().endswith(("_x", "_y", "_visibility")):
            part, _, what = name.rpartition("_")
            by_part.setdefault(part, {})[what[0].lower()] = name
    lacking = [part for part, own in by_part.items() if not {"x", "y", "v"} <= set(own)]
    if lacking or not by_part:
        raise TableError(f"{source} lacks x, y or visibility of {listing(lacking) or 'all landmarks'}: write it anew.")
    return {part: [own["x"], own["y"], own["v"]] for part, own in by_part.items()}


def _cells(table: pd.DataFrame, columns: Sequence[str], source: str) -> Floats:
    values: Floats = table[list(columns)].apply(numbers_in).to_numpy("float64")
    if (np.isnan(values) & table[list(columns)].notna().to_numpy()).any():
        raise TableError(f"{source} holds what is no number among its coordinates: mend these cells.")
    return values


def _pixels(sightings: list[Sighting], size: tuple[float, float] | None, source: str) -> list[Sighting]:
    """Return sightings in pixels, where they are shares of the picture."""
    places = np.concatenate([points[:, :2].ravel() for _, _, points in sightings]) if sightings else np.zeros(0)
    places = np.abs(places[np.isfinite(places)])
    if len(places) and np.percentile(places, 95) > MOST_SHARES:
        return sightings
    if size is None:
        raise TableError(
            f"{source} gives places as shares of the picture: read it with lsnb.poses.read_poses(path, size=(width, "
            "height)), in pixels, and give the result in place of the file."
        )
    scale = np.array([*size, 1.0])
    return [(frame, animal, points * scale) for frame, animal, points in sightings]


# Anipose: places in space, and where a camera of its calibration shows them.


@dataclass(frozen=True, eq=False)
class Camera:
    """A camera as ``calibration.toml`` has it (https://anipose.readthedocs.io, aniposelib's ``Camera``).

    Args:
        name: Its name.
        matrix: Of its inside, ``[3, 3]``: focal lengths and centre in pixels.
        distortion: Of its lens, OpenCV's k1, k2, p1, p2, k3, k4, k5, k6, as many as there are; of a fisheye k1 to k4.
        rotation: An axis whose length is the angle, in radians.
        translation: In the unit of the places.
        is_fisheye: Whether its lens is one.
    """

    name: str
    matrix: Floats
    distortion: Floats
    rotation: Floats
    translation: Floats
    is_fisheye: bool = False

    def project(self, places: Floats) -> Floats:
        """Return where places in space are in the picture, ``[n, 2]`` in pixels.

        The model is OpenCV's ("Camera Calibration and 3D Reconstruction", ``projectPoints``); what is behind the
        camera is missing.

        Args:
            places: ``[n, 3]``.
        """
        angle = float(np.linalg.norm(self.rotation))
        x, y, z = self.rotation / angle if angle else self.rotation
        across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        turn = np.eye(3) + math.sin(angle) * across + (1 - math.cos(angle)) * across @ across
        seen = places @ turn.T + self.translation
        seen[~(seen[:, 2] > 0)] = np.nan
        a, b = seen[:, 0] / seen[:, 2], seen[:, 1] / seen[:, 2]
        radius = np.hypot(a, b)
        if self.is_fisheye:
            k = np.zeros(4)
            k[: len(self.distortion[:4])] = self.distortion[:4]
            theta = np.arctan(radius)
            bent = theta * (1 + k[0] * theta**2 + k[1] * theta**4 + k[2] * theta**6 + k[3] * theta**8)
            scale = np.divide(bent, radius, out=np.ones_like(radius), where=radius > 0)
            a, b = a * scale, b * scale
        else:
            k1, k2, p1, p2, k3, k4, k5, k6 = [*self.distortion, *np.zeros(8)][:8]
            r = radius**2
            bend = (1 + r * (k1 + r * (k2 + r * k3))) / (1 + r * (k4 + r * (k5 + r * k6)))
            a, b = (
                a * bend + 2 * p1 * a * b + p2 * (r + 2 * a * a),
                b * bend + p1 * (r + 2 * b * b) + 2 * p2 * a * b,
            )
        flat = np.column_stack([a, b, np.ones(len(a))]) @ self.matrix.T
        return np.asarray(flat[:, :2])


def read_camera(calibration: Any, camera: str | None) -> Camera:
    """Return one camera of a ``calibration.toml``.

    Raises:
        InputError: It is no such file, or has no such camera.
        MissingFileError: There is no such file.
    """
    path = existing_file(calibration, "calibration")
    try:
        said = tomllib.loads(read_bytes(path, MOST_CALIBRATION).decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise InputError(f"{path.name} is no TOML file: give Anipose's calibration.toml.") from None
    cameras = [one for one in said.values() if isinstance(one, Mapping) and {"matrix", "rotation"} <= set(one)]
    names = [str(one.get("name")) for one in cameras]
    if names.count(str(camera)) != 1:
        raise InputError(
            f"camera is {camera!r}, and {path.name} has {listing(names) or 'no camera'}: name one of them."
        )
    one = cameras[names.index(str(camera))]
    parts: dict[str, Floats] = {}
    for name, shape in (("matrix", (3, 3)), ("rotation", (3,)), ("translation", (3,)), ("distortions", None)):
        try:
            parts[name] = np.asarray(one.get(name, []), dtype="float64")
        except (TypeError, ValueError, OverflowError):
            parts[name] = np.full(1, np.nan)
        is_fitting = parts[name].shape == shape if shape else parts[name].ndim == 1 and len(parts[name]) <= MOST_BENDS
        if not is_fitting or not (np.abs(parts[name]) <= LARGEST_OF_CAMERAS).all():
            raise InputError(f"{path.name}: {name} of {camera} is no such array of numbers as Anipose writes.")
    return Camera(
        str(camera),
        parts["matrix"],
        parts["distortions"],
        parts["rotation"],
        parts["translation"],
        one.get("fisheye") is True,
    )


def _anipose(table: pd.DataFrame, source: str, calibration: Any, camera: str | None) -> pd.DataFrame:
    if calibration is None or camera is None:
        raise InputError(
            f"{source} has places in space: read it with lsnb.poses.read_poses(path, calibration='calibration.toml', "
            "camera='A'), as one camera sees them, and give the result in place of the file."
        )
    eye = read_camera(calibration, camera)
    parts = [str(name).removesuffix("_error") for name in table.columns if str(name).endswith("_error")]
    needed = [f"{part}_{end}" for part in parts for end in ("x", "y", "z", "score")] + ["fnum"]
    frame = [f"M_{i}{j}" for i in range(3) for j in range(3)] + [f"center_{i}" for i in range(3)]
    absent = [name for name in [*needed, *frame] if name not in table.columns]
    if absent or not parts or not len(table):
        raise TableError(f"{source} lacks {listing(absent) or 'body parts'}: give the CSV of Anipose's pose-3d.")
    values = _cells(table, needed[:-1], source).reshape(len(table), len(parts), 4)
    turned = _cells(table, frame, source).mean(axis=0)
    axes, centre = turned[:9].reshape(3, 3), turned[9:]
    if not np.isfinite(turned).all() or abs(np.linalg.det(axes)) < 1e-12:
        raise TableError(f"{source}: its columns M_00 to center_2 are no frame of reference; give Anipose's own file.")
    # Back from the user's axes into those of the cameras, as Anipose draws its own pictures (get_projected_points).
    places = (values[..., :3].reshape(-1, 3) + centre) @ np.linalg.inv(axes.T)
    points = np.concatenate([eye.project(places).reshape(len(table), len(parts), 2), values[..., 3:]], axis=2)
    numbers = [_frame(number.item(), source) for number in table["fnum"].to_numpy()]
    return _table([(number, None, row) for number, row in zip(numbers, points, strict=True)], parts, "anipose", source)


def _called(track: Any) -> str | None:
    """Return what an animal of a track is called: as its track, where that is a name."""
    if isinstance(track, str) and any(letter.isalpha() for letter in track):
        return track[:60]
    is_whole = isinstance(track, float) and track.is_integer()
    return None if track is None else f"animal{int(track) if is_whole else str(track)[:60]}"


def _frame(given: Any, source: str) -> int:
    """Return the frame in a number or in the end of an image's name."""
    number = given
    if isinstance(given, str):
        match = LAST_NUMBER.search(PurePosixPath(given).stem[-40:])
        number = int(match[1]) if match else None
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or not 0 <= number < MOST_FRAMES:
        raise TableError(
            f"{source} names {str(given)[:60]!r}, in which no frame can be told: call images by their frame."
        )
    return int(number)


def _frames(given: Sequence[Any], source: str) -> list[int]:
    """Return the frame of each number or image, of which no two may be one frame, as those of two cameras would be."""
    frames = [_frame(one, source) for one in given]
    called: dict[int, Any] = {}
    for frame, one in zip(frames, given, strict=True):
        if called.setdefault(frame, one) != one:
            shown = listing([str(name)[:60] for name in (called[frame], one)])
            raise TableError(f"{source} has {shown}, and both are frame {frame} by their names: give one video's.")
    return frames


def _triples(points: Any, scores: Any, source: str) -> Floats:
    """Return x, y and likelihood, ``[body parts, 3]``; the likelihood missing where there is none."""
    try:
        found = np.asarray(points, dtype="float64")
        sure = None if scores is None else np.asarray(scores, dtype="float64").reshape(-1)
    except (TypeError, ValueError, OverflowError):
        raise TableError(f"{source}: its key points are no numbers; write it anew.") from None
    if sure is not None and len(sure) and found.size and found.size % len(sure) == 0 and found.size >= 2 * len(sure):
        flat = found.reshape(len(sure), -1)
        return np.column_stack([flat[:, 0], flat[:, 1], sure])
    if found.ndim == 2 and found.shape[1] == 2:
        return np.column_stack([found, np.full(len(found), math.nan)])
    if not found.size or found.size % 3:
        raise TableError(f"{source}: its key points are no x, y and score of each body part; write it anew.")
    return found.reshape(-1, 3).copy()


def _table(
    sightings: Iterable[Sighting],
    names: Sequence[str] | None,
    scorer: str,
    source: str,
    *,
    frames: int = 0,
    notes: Sequence[str] = (),
) -> pd.DataFrame:
    """Return sightings as DeepLabCut's table; a frame in which nothing was seen is a row of missing values."""
    found = list(sightings)
    if not found:
        raise TableError(f"{source} has no pose in any frame.")
    counts = {len(points) for _, _, points in found}
    if len(counts) > 1 or (names is not None and len(names) != len(found[0][2])):
        expected = f"{len(names)} names and " if names is not None else ""
        raise TableError(f"{source} has {expected}poses of {listing(sorted(counts))} body parts: write it anew.")
    parts = list(names) if names is not None else _plain_names(len(found[0][2]))
    nameless: dict[int, int] = {}
    tracks = {animal for _, animal, _ in found}
    places: dict[tuple[int, str], Floats] = {}
    for frame, animal, points in found:
        if animal is None:
            nameless[frame] = nameless.get(frame, 0) + 1
        called = animal if animal is not None else _name_by_place(nameless[frame], tracks)
        if (frame, called) in places:
            raise TableError(f"{source} has {called} in frame {frame} twice: keep one of them.")
        places[frame, called] = points
    animals = sorted({animal for _, animal in places}, key=lambda name: (len(name), name))
    several = max(nameless.values(), default=0)
    notes = [*notes, said_of_places(source, sum(nameless.values()))] if several > 1 else notes
    rows = max(frames, 1 + max(frame for frame, _ in places))
    if rows * len(animals) * len(parts) > MOST_CELLS // 3:
        raise TableError(f"{source} has {len(animals)} animals in {rows} frames, more than fit: split it by video.")
    values = np.full((rows, len(animals), len(parts), 3), np.nan)
    number = {animal: place for place, animal in enumerate(animals)}
    for (frame, animal), points in places.items():
        values[frame, number[animal]] = points
    owners = [animals] if len(animals) > 1 else []
    levels = ["scorer", *(["individuals"] if owners else []), "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product([[scorer], *owners, parts, ["x", "y", "likelihood"]], names=levels)
    tally = Tally(source, "pose", seen=len(found), taken=len(places), notes=list(notes))
    return tally.attach(pd.DataFrame(values.reshape(rows, -1), columns=columns))


def _name_by_place(place: int, tracks: Container[str | None]) -> str:
    """Return what the animal of a frame is called that is the ``place``-th of no track, as no track is called."""
    free = (name for name in map("animal{}".format, count(1)) if name not in tracks)
    return next(islice(free, place - 1, None))


def _plain_names(count: int) -> list[str]:
    return list(COCO_17) if count == len(COCO_17) else [f"point{number}" for number in range(count)]
