"""The predictions of tools that do not write DeepLabCut's table: SLEAP's CSV, and JSON of MMPose, OpenPose and others.

| tool | what is read |
|---|---|
| SLEAP | the analysis CSV: ``track, frame_idx, instance.score, <node>.x, <node>.y, <node>.score`` |
| MMPose | JSON of its demos and inferencer: a frame each, ``instances`` with ``keypoints`` and ``keypoint_scores`` |
| OpenPose | a folder of ``<video>_000000000012_keypoints.json`` with ``people`` and ``pose_keypoints_2d`` |
| AlphaPose, AlphaTracker | JSON: a list with ``image_id``, or a dict of image and its instances |
| COCO | key points with ``images``, ``annotations`` and ``categories``, whose images end in the frame |

SLEAP's ``analysis.h5`` and ``.slp`` are read as any H5 file. Of several animals in a frame each is called by its
track, else by its place: ``animal1``, ``animal2``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import TableError
from lsnb.kernel.formats import MOST_FRAMES, read_json
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import counted, listing
from lsnb.shapes.faults import finite_number
from lsnb.tables.cells import numbers_in
from lsnb.tables.pose_tables import Floats

MOST_CELLS = 1 << 28
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
_LAST_NUMBER = re.compile(r"(\d+)\D*$")
_OPENPOSE_OTHERS = ("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d", "pose_keypoints_3d")
_OPENPOSE = re.compile(r"^(?P<video>.*)_(?P<frame>\d{12})_keypoints\.json$")
SLEAP_COLUMNS = ("track", "frame_idx", "instance.score")

# One animal in one frame: the frame, what the animal is called or None, x, y and likelihood of each body part.
Sighting = tuple[int, str | None, Floats]


def is_openpose(folder: Path) -> bool:
    """Return whether a folder holds what OpenPose writes of a video."""
    return folder.is_dir() and any(_OPENPOSE.match(path.name) for path in folder.iterdir())


def is_sleap_csv(path: Path) -> bool:
    """Return whether a CSV is SLEAP's."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            return file.readline(1 << 20).startswith(",".join(SLEAP_COLUMNS))
    except (OSError, UnicodeDecodeError):
        return False


def tool_table(path: Path) -> pd.DataFrame:
    """Return another tool's predictions as DeepLabCut's table, a row for each frame up to the last that it names.

    Args:
        path: A CSV of SLEAP, a JSON file, or a folder of OpenPose.

    Raises:
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
        return _sleap(path)
    said = read_json(path)
    if isinstance(said, Mapping) and "annotations" in said and "images" in said:
        return _coco(said, path.name)
    if isinstance(said, Mapping) and "instance_info" in said:
        return _mmpose(said["instance_info"], _names_of(said.get("meta_info")), path.name)
    if isinstance(said, list) and said and isinstance(said[0], Mapping) and "instances" in said[0]:
        return _mmpose(said, None, path.name)
    if isinstance(said, list) and said and isinstance(said[0], Mapping) and {"image_id", "keypoints"} <= set(said[0]):
        named = [(one.get("image_id") if isinstance(one, Mapping) else f"entry {n}", one) for n, one in enumerate(said)]
        return _alphapose(named, path.name)
    if isinstance(said, Mapping) and said and all(isinstance(found, list) for found in said.values()):
        return _alphapose([(name, one) for name, several in said.items() for one in several], path.name)
    raise TableError(
        f"{path.name} is no JSON of poses that is known here: give that of MMPose, AlphaPose, AlphaTracker or COCO, or "
        "the folder of OpenPose."
    )


def _mmpose(frames: Any, names: Sequence[str] | None, source: str) -> pd.DataFrame:
    sightings: list[Sighting] = []
    last = -1
    for place, one in enumerate(frames if isinstance(frames, list) else []):
        if not isinstance(one, Mapping) or not isinstance(one.get("instances"), list):
            raise TableError(f"{source}: entry {place + 1} of its frames has no list of instances; write it anew.")
        frame = _frame(one.get("frame_id", place), source)
        last = max(last, frame)
        for animal in _mappings(one["instances"], f"{source}, frame {frame}"):
            points = _triples(animal.get("keypoints"), animal.get("keypoint_scores"), f"{source}, frame {frame}")
            track = animal.get("track_id", animal.get("instance_id"))
            sightings.append((frame, _called(track), points))
    return _table(sightings, names, "mmpose", source, frames=last + 1)


def _mappings(given: Sequence[Any], source: str) -> Sequence[Mapping[str, Any]]:
    if not all(isinstance(one, Mapping) for one in given):
        raise TableError(f"{source} has an entry that is no instance; write it anew.")
    return given


def _names_of(meta: Any) -> list[str] | None:
    named = meta.get("keypoint_id2name") if isinstance(meta, Mapping) else None
    if not isinstance(named, Mapping) or not all(str(key).isdecimal() for key in named):
        return None
    return [str(named[key]) for key in sorted(named, key=int)]


def _alphapose(found: Sequence[tuple[Any, Any]], source: str) -> pd.DataFrame:
    sightings: list[Sighting] = []
    for name, one in found:
        if not isinstance(one, Mapping):
            raise TableError(f"{source}: {name} has an entry that is no instance; write it anew.")
        frame = _frame(name, source)
        track = one.get("idx", one.get("track_id"))
        while isinstance(track, list):
            track = track[0] if track else None
        points = _triples(one.get("keypoints"), one.get("kp_score"), f"{source}, {name}")
        sightings.append((frame, _called(track), points))
    return _table(sightings, None, "alphapose", source)


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
    folders = sorted({str(PurePosixPath(str(one.get("file_name"))).parent) for one in images.values()})
    if len(folders) > 1:
        raise TableError(
            f"{source} is about images of several folders ({listing(folders)}): give predictions of one video."
        )
    sightings: list[Sighting] = []
    for one in said["annotations"]:
        image = images.get(str(one.get("image_id"))) if isinstance(one, Mapping) else None
        if image is None:
            raise TableError(f"{source} has an annotation of an image that it does not list: write it anew.")
        frame = _frame(image.get("frame_id", image.get("file_name")), source)
        points = _triples(one.get("keypoints"), one.get("keypoint_scores"), f"{source}, {image.get('file_name')}")
        points[points[:, 2] == 0] = np.nan  # not labelled
        if one.get("keypoint_scores") is None:
            # 1 is hidden, 2 is seen, and both were set by somebody.
            sure = finite_number(one.get("score"))
            points[:, 2] = np.where(points[:, 2] > 0, 1.0 if sure is None else sure, np.nan)
        named_so = one.get("individual")  # as lsnb.poses.write_labelled_poses writes it
        owner = named_so[:60] if isinstance(named_so, str) and named_so else _called(one.get("track_id"))
        sightings.append((frame, owner, points))
    frames = [_frame(one.get("frame_id", one.get("file_name")), source) for one in images.values()]
    return _table(sightings, names, "coco", source, frames=max(frames, default=-1) + 1)


def _sleap(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={"track": str}, encoding="utf-8-sig")
    except ValueError:  # of rows longer than the header, open quotes, other encodings
        raise TableError(f"{path.name} is damaged: give the analysis CSV that SLEAP wrote.") from None
    nodes = [str(name).removesuffix(".x") for name in table.columns if str(name).endswith(".x")]
    absent = [f"{node}{end}" for node in nodes for end in (".y", ".score") if f"{node}{end}" not in table.columns]
    absent += [name for name in SLEAP_COLUMNS[:2] if name not in table.columns]
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes what is too much for names of rows
        raise TableError(f"{path.name} has rows longer than its header: give the analysis CSV that SLEAP wrote.")
    if not nodes or absent:
        raise TableError(f"{path.name} lacks {listing(absent) or 'nodes'}: give the analysis CSV that SLEAP wrote.")
    columns = [f"{node}{end}" for node in nodes for end in (".x", ".y", ".score")]
    values = table[columns].apply(numbers_in).to_numpy("float64").reshape(len(table), len(nodes), 3)
    if (np.isnan(values).any(axis=(1, 2)) & table[columns].notna().all(axis=1)).any():
        raise TableError(f"{path.name} holds what is no number: give the analysis CSV that SLEAP wrote.")
    tracks = [track if isinstance(track, str) else None for track in table["track"]]
    frames = [_frame(frame, path.name) for frame in table["frame_idx"]]
    return _table(list(zip(frames, tracks, values, strict=True)), nodes, "sleap", path.name)


def _called(track: Any) -> str | None:
    is_whole = isinstance(track, float) and track.is_integer()
    return None if track is None else f"animal{int(track) if is_whole else str(track)[:60]}"


def _frame(given: Any, source: str) -> int:
    """Return the frame in a number or in the end of an image's name."""
    number = given
    if isinstance(given, str):
        match = _LAST_NUMBER.search(PurePosixPath(given).stem[-40:])
        number = int(match[1]) if match else None
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or not 0 <= number < MOST_FRAMES:
        raise TableError(
            f"{source} names {str(given)[:60]!r}, in which no frame can be told: call images by their frame."
        )
    return int(number)


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
    seen: dict[int, int] = {}
    places: dict[tuple[int, str], Floats] = {}
    for frame, animal, points in found:
        seen[frame] = seen.get(frame, 0) + 1
        called = animal if animal is not None else f"animal{seen[frame]}"
        if (frame, called) in places:
            raise TableError(f"{source} has {called} in frame {frame} twice: keep one of them.")
        places[frame, called] = points
    animals = sorted({animal for _, animal in places}, key=lambda name: (len(name), name))
    count = max(frames, 1 + max(seen))
    if count * len(animals) * len(parts) > MOST_CELLS // 3:
        raise TableError(f"{source} has {len(animals)} animals in {count} frames, more than fit: split it by video.")
    values = np.full((count, len(animals), len(parts), 3), np.nan)
    number = {animal: place for place, animal in enumerate(animals)}
    for (frame, animal), points in places.items():
        values[frame, number[animal]] = points
    owners = [animals] if len(animals) > 1 else []
    levels = ["scorer", *(["individuals"] if owners else []), "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product([[scorer], *owners, parts, ["x", "y", "likelihood"]], names=levels)
    tally = Tally(source, "pose", seen=len(found), taken=len(places), notes=list(notes))
    return tally.attach(pd.DataFrame(values.reshape(count, -1), columns=columns))


def _plain_names(count: int) -> list[str]:
    return list(COCO_17) if count == len(COCO_17) else [f"point{number}" for number in range(count)]
