"""The predictions of other tools: read as they write them, and refused in words where they are something else."""

from __future__ import annotations

import json
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsnb.errors import InputError, LsnbError, TableError
from lsnb.frames import select_difficult_frames
from lsnb.poses import read_bodyparts, read_labelled_poses, read_poses, write_labelled_poses
from lsnb.poses.coordinates import table_poses
from lsnb.poses.tools import BODY_25, COCO_17
from lsnb.tables.h5 import H5Reader, write_h5

NAN = float("nan")


def written(path: Path, said: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said))
    return path


def analysis(path: Path, tracks: np.ndarray, scores: np.ndarray, nodes: list[str], names: list[str]) -> Path:
    """What SLEAP exports for analysis: ``tracks`` [tracks, 2, nodes, frames]."""
    with h5py.File(path, "w") as file:
        file.create_dataset("tracks", data=tracks, compression="gzip")
        file.create_dataset("point_scores", data=scores)
        file.create_dataset("node_names", data=np.array(nodes, dtype="S"))
        file.create_dataset("track_names", data=np.array(names, dtype="S"))
        file.create_dataset("track_occupancy", data=np.ones((tracks.shape[3], len(names)), "uint8"))
    return path


@pytest.mark.parametrize("cell", ["9" * 400, "-" + "9" * 400])
def test_a_number_of_hundreds_of_digits_is_no_place(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "v.csv"
    path.write_text(f"track,frame_idx,instance.score,n.x,n.y,n.score\nt,0,1,{cell},2,0.5\nt,1,1,3,4,0.5\n")
    if isinstance(pd.read_csv(path)["n.x"][0], str):  # as pandas before 3 leaves it
        with pytest.raises(TableError, match="holds what is no number"):
            read_poses(path)
    else:
        assert np.isnan(read_poses(path).xy[0, 0, 0])
    found = {"frame_id": 0, "instances": [{"keypoints": [[int(cell), 2]], "keypoint_scores": [0.5]}]}
    with pytest.raises(TableError, match="key points are no numbers"):
        read_poses(written(tmp_path / "v.json", [found]))


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("animals", [1, 2])
def test_the_analysis_file_of_sleap(tmp_path: Path, animals: int, is_first: bool) -> None:
    xy = np.arange(animals * 2 * 3 * 5, dtype="float64").reshape(animals, 2, 3, 5)
    xy[0, :, 1, 4] = np.nan
    scores = np.linspace(0, 1, animals * 15).reshape(animals, 3, 5)
    tracks, sure = (xy, scores) if is_first else (xy.transpose(3, 0, 2, 1), scores.transpose(2, 0, 1))
    names = [f"mouse {number}" for number in range(animals)]
    poses = read_poses(analysis(tmp_path / "v.analysis.h5", tracks, sure, ["nose", "ear", "tail"], names))
    assert poses.bodyparts[:2] == (("nose", "ear") if animals == 1 else ("mouse 0 nose", "mouse 0 ear"))
    assert len(poses) == 5
    np.testing.assert_array_equal(poses.xy[:, 0], xy[0, :, 0].T)
    np.testing.assert_array_equal(poses.likelihood[:, -1], scores[-1, 2])
    assert np.isnan(poses.xy[4, 1]).all()


def project(path: Path, rows: list[tuple[int, int, int, list[Any]]], version: float = 1.2, videos: int = 1) -> Path:
    """A project file as SLEAP writes it: ``(frame, 0 for a person or 1 for a model, track, points)`` a row."""
    frames: dict[int, list[Any]] = {}
    for row in rows:
        frames.setdefault(row[0], []).append(row)
    point = [("x", "f8"), ("y", "f8"), ("visible", "?"), ("complete", "?")]
    points: list[list[Any]] = [[], []]
    instances, listed = [], []
    for number, (frame, own) in enumerate(frames.items()):
        listed.append((number, number % videos, frame, len(instances), len(instances) + len(own)))
        for _, kind, track, places in own:
            first = len(points[kind])
            points[kind] += [(*place[:2], place[0] == place[0], False, *place[2 : 2 + kind]) for place in places]
            instances.append((len(instances), kind, number, 0, track, -1, 0.5, first, len(points[kind])))
    names = "instance_id instance_type frame_id skeleton track from_predicted score point_id_start point_id_end"
    kinds = ["i8", "u1", "u8", "u4", "i4", "i8", "f4", "u8", "u8"]
    said = {"nodes": [{"name": "tail"}, {"name": "nose"}], "skeletons": [{"nodes": [{"id": 1}, {"id": 0}]}]}
    with h5py.File(path, "w") as file:
        file.create_group("metadata").attrs["format_id"] = version
        file["metadata"].attrs["json"] = np.bytes_(json.dumps(said))
        columns = ["frame_id", "video", "frame_idx", "instance_id_start", "instance_id_end"]
        file["frames"] = np.array(listed, dtype=list(zip(columns, ["u8", "u4", "u8", "u8", "u8"], strict=True)))
        file["instances"] = np.array(instances, dtype=list(zip(names.split(), kinds, strict=True)))
        file["points"] = np.array(points[0], dtype=point)
        file["pred_points"] = np.array(points[1], dtype=[*point, ("score", "f8")])
        file["tracks_json"] = np.array([b'[0, "ada"]', b'[0, "bo"]'])
        file["videos_json"] = np.array([b"{}"] * videos)
    return path


def test_the_project_of_sleap(tmp_path: Path) -> None:
    seen = [[1.0, 2.0, 0.5], [NAN, NAN, 0.0]]
    poses = read_poses(project(tmp_path / "v.slp", [(0, 1, -1, seen), (3, 1, -1, seen), (3, 0, -1, seen)]))
    assert poses.bodyparts == ("nose", "tail") == read_bodyparts(tmp_path / "v.slp")
    assert poses.xy[:, 0].tolist() == pytest.approx(np.array([[1, 2], [NAN] * 2, [NAN] * 2, [1, 2]]), nan_ok=True)
    assert np.isnan(poses.xy[:, 1]).all()
    assert poses.likelihood[[0, 3], 0].tolist() == [0.5, 0.5]
    # What people labelled, where no model predicted; pixels of an old file, whose middles were at halves.
    people = read_poses(project(tmp_path / "l.slp", [(1, 0, -1, seen)], version=1.0))
    assert people.xy[1, 0].tolist() == [0.5, 1.5]
    assert people.likelihood[1, 0] == 1
    two = read_poses(
        project(tmp_path / "t.slp", [(0, 1, 1, seen), (0, 1, 0, [[5, 6, 0.9], [7, 8, 0.8]]), (1, 1, 0, seen)])
    )
    assert two.bodyparts == ("bo nose", "bo tail", "ada nose", "ada tail")
    assert two.xy[0, 3].tolist() == [7, 8]
    with pytest.raises(TableError, match="poses of 2 videos: export SLEAP's analysis file of each"):
        read_poses(project(tmp_path / "m.slp", [(0, 1, -1, seen), (1, 1, -1, seen)], videos=2))
    # A frame before the first one, and frames that name each other's instances, which took as long as may be.
    for field, value, what in (("frame_idx", -1, "frames"), ("instance_id_start", 0, "instances")):
        with h5py.File(project(tmp_path / "d.slp", [(0, 1, -1, seen), (1, 1, -1, seen)]), "r+") as file:
            damaged = file["frames"][:].astype([(name, "i8") for name in file["frames"].dtype.names])
            damaged[field][1] = value
            del file["frames"]
            file["frames"] = damaged
        with pytest.raises(TableError, match=f"its {what} are damaged"):
            read_poses(tmp_path / "d.slp")


def test_the_analysis_csv_of_sleap_has_rows_only_where_something_was_seen(tmp_path: Path) -> None:
    rows = [(None, 1, 0.9, 3.0, 4.0, 0.5, NAN, NAN, NAN), (None, 3, 0.8, 5.0, 6.0, 0.25, 7.0, 8.0, 1.0)]
    names = ["track", "frame_idx", "instance.score", "nose.x", "nose.y", "nose.score", "a.b.x", "a.b.y", "a.b.score"]
    table = pd.DataFrame(rows, columns=names)
    table.to_csv(tmp_path / "v.csv", index=False)
    poses = read_poses(tmp_path / "v.csv")
    assert poses.bodyparts == ("nose", "a.b") == read_bodyparts(tmp_path / "v.csv")
    assert poses.xy[:, 0, 0].tolist() == pytest.approx([NAN, 3, NAN, 5], nan_ok=True)
    pd.concat([table.assign(track="t1"), table.assign(track="t2")]).to_csv(tmp_path / "v.csv", index=False)
    assert read_poses(tmp_path / "v.csv").bodyparts == ("t1 nose", "t1 a.b", "t2 nose", "t2 a.b")
    table["nose.x"] = "odd"
    table.to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(TableError, match="no number"):
        read_poses(tmp_path / "v.csv")


def test_mmpose_as_its_demos_and_its_inferencer_write(tmp_path: Path) -> None:
    seen = {"keypoints": [[3, 4], [5, 6]], "keypoint_scores": [0.5, 0.75]}
    frames = [{"frame_id": 0, "instances": [seen]}, {"frame_id": 2, "instances": []}]
    meta = {"keypoint_id2name": {"1": "tail", "0": "nose"}}
    poses = read_poses(written(tmp_path / "a.json", {"meta_info": meta, "instance_info": frames}))
    assert poses.bodyparts == ("nose", "tail")
    assert poses.likelihood[0].tolist() == [0.5, 0.75]
    assert poses.xy[0].tolist() == [[3, 4], [5, 6]]
    assert np.isnan(poses.xy[1:]).all()
    people = {"keypoints": [[1, 2]] * 17, "keypoint_scores": [0.5] * 17}
    found = [{"frame_id": 0, "instances": [people, people]}, {"frame_id": 1, "instances": [people]}]
    several = read_poses(written(tmp_path / "b.json", found))
    assert several.bodyparts[::17] == (f"animal1 {COCO_17[0]}", f"animal2 {COCO_17[0]}")
    assert np.isnan(several.xy[1, 17:]).all()
    # The demos count a frame before they write it: every pose was a frame late.
    demo = [{"frame_id": n + 1, "instances": [{**seen, "keypoints": [[n, 4], [5, 6]]}]} for n in range(3)]
    with pytest.warns(UserWarning, match="numbers its frames from 1 to 3"):
        poses = read_poses(written(tmp_path / "c.json", {"meta_info": meta, "instance_info": demo}))
    assert poses.xy[:, 0, 0].tolist() == [0, 1, 2]
    returned = read_poses(written(tmp_path / "d.json", [one["instances"] for one in demo[:2]] + [[]]))
    assert returned.xy[:2, 0, 0].tolist() == [0, 1]
    assert np.isnan(returned.xy[2]).all()


def test_a_folder_of_openpose(tmp_path: Path) -> None:
    point = [1.0, 2.0, 0.5] * 24 + [0, 0, 0]
    for frame, people in enumerate([[point], [], [point]]):
        said = {"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": one} for one in people]}
        written(tmp_path / "run" / f"trial_{frame:012d}_keypoints.json", said)
    poses = read_poses(tmp_path / "run")
    assert poses.bodyparts == BODY_25
    assert len(poses) == 3
    assert poses.xy[2, 0].tolist() == [1, 2]
    assert np.isnan(poses.xy[0, -1]).all()
    assert np.isnan(poses.xy[1]).all()
    found = select_difficult_frames(tmp_path / "run", 1, metrics=["likelihood"], threshold=0.2)
    assert found["frame"].tolist() == [1]
    written(tmp_path / "run" / f"other_{0:012d}_keypoints.json", {"people": []})
    with pytest.raises(TableError, match="of one video"):
        read_poses(tmp_path / "run")


def test_hands_and_faces_of_openpose_and_two_kinds_of_animals_are_told(tmp_path: Path) -> None:
    person = {"pose_keypoints_2d": [1, 2, 0.5], "hand_left_keypoints_2d": [1, 2, 0.5], "face_keypoints_2d": []}
    written(tmp_path / "v" / "t_000000000000_keypoints.json", {"people": [person, person]})
    with pytest.warns(UserWarning, match="hand_left_keypoints_2d of 2 people are left out"):
        tally = read_poses(tmp_path / "v").tally
    assert tally is not None
    assert (tally.noun, tally.seen, tally.taken) == ("pose", 2, 2)
    kinds = [{"id": 1, "keypoints": ["nose"]}, {"id": 2, "keypoints": ["tail"]}]
    one = {"image_id": 1, "category_id": 2, "keypoints": [3, 4, 2]}
    said = {"images": [{"id": 1, "file_name": "0.png"}], "categories": kinds, "annotations": [one]}
    with pytest.raises(TableError, match="2 categories with key points of their own"):
        read_poses(written(tmp_path / "c.json", said))


def test_alphapose_and_alphatracker(tmp_path: Path) -> None:
    one = {"image_id": "7.jpg", "category_id": 1, "keypoints": [1, 2, 0.5, 3, 4, 0.25], "score": 2.5, "idx": [1.0]}
    poses = read_poses(written(tmp_path / "a.json", [one, {**one, "idx": [2.0]}]))
    assert poses.bodyparts == ("animal1 point0", "animal1 point1", "animal2 point0", "animal2 point1")
    assert poses.xy[7, 0].tolist() == [1, 2]
    assert len(poses) == 8
    tracked = {
        "frame_0.png": [{"keypoints": [1, 2, 0.5], "idx": 1}],
        "frame_3.png": [{"keypoints": [4, 5, 0.5], "idx": 1}],
    }
    assert read_poses(written(tmp_path / "b.json", tracked)).xy[:, 0, 0].tolist()[3] == 4
    assert len(read_poses(written(tmp_path / "c.json", tracked | {"frame_4.png": []}))) == 5  # nobody is in the last
    joints = [number / 64 for number in range(54)]
    for people, points in (("people", "pose_keypoints_2d"), ("bodies", "joints")):  # --format open and cmu
        images = {f"{frame}.jpg": {"version": "AlphaPose v0.3", people: [{points: joints}]} for frame in (0, 2)}
        poses = read_poses(written(tmp_path / "d.json", images))
        assert poses.bodyparts[:2] == ("Nose", "Neck")
        np.testing.assert_array_equal(poses.xy[:, 1], [[3 / 64, 4 / 64], [np.nan, np.nan], [3 / 64, 4 / 64]])
        assert poses.likelihood[2, 1] == 5 / 64


def test_pictures_of_two_cameras_are_no_two_animals_of_one_frame(tmp_path: Path) -> None:
    names = ["cam1_0004.png", "cam2_0004.png"]
    listed = [{"image_id": name, "keypoints": [1, 2, 0.5], "score": 1} for name in names]
    coco = {
        "images": [{"id": place, "file_name": name} for place, name in enumerate(names)],
        "annotations": [{"image_id": place, "category_id": 1, "keypoints": [1, 2, 2]} for place in (0, 1)],
        "categories": [{"id": 1, "name": "mouse", "keypoints": ["nose"]}],
    }
    mark = [{"class": "Face", "x": 1, "y": 2, "width": 9, "height": 9}, {"class": "point", "x": 3, "y": 4}]
    labels = [{"class": "image", "filename": name, "annotations": mark} for name in names]
    landmarks = {name: [{"x": 90, "y": 80, "visibility": 1}] for name in names}
    by_name = {name: [{"keypoints": [1, 2, 0.5], "idx": 1}] for name in names}
    for said in (listed, coco, labels, landmarks, by_name):
        with pytest.raises(TableError, match=r"cam1_0004.png, cam2_0004.png, and both are frame 4"):
            read_poses(written(tmp_path / "v.json", said))


def test_animals_of_no_track_are_said_and_take_no_tracks_name(tmp_path: Path) -> None:
    one = {"image_id": "0.jpg", "keypoints": [1, 2, 0.5], "score": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        poses = read_poses(written(tmp_path / "a.json", [one | {"idx": 1}, one | {"keypoints": [7, 8, 0.5]}]))
    assert dict(zip(poses.bodyparts, poses.xy[0, :, 0].tolist(), strict=True)) == {
        "animal1 point0": 1,
        "animal2 point0": 7,
    }
    with pytest.warns(UserWarning, match="2 poses are of no track"):
        read_poses(written(tmp_path / "b.json", [one, one]))
    with pytest.warns(UserWarning, match="2 poses are of no track"):
        found = read_poses(project(tmp_path / "v.slp", [(0, 1, -1, [[1, 2, 0.5]] * 2), (0, 1, -1, [[7, 8, 0.5]] * 2)]))
    assert found.bodyparts[::2] == ("animal1 nose", "animal2 nose")


@pytest.mark.parametrize("far", [1e30, -1e200, np.inf])
def test_places_that_no_picture_has_and_infinite_likelihoods_are_missing_and_said(tmp_path: Path, far: float) -> None:
    columns = pd.MultiIndex.from_product([["net"], ["nose", "tail"], ["x", "y", "likelihood"]])
    table = pd.DataFrame(np.full((50, 6), 0.5), columns=columns)
    table.iloc[7, 3], table.iloc[9, 2] = far, np.inf
    table.to_csv(tmp_path / "a.csv")
    for source in (table, tmp_path / "a.csv"):
        with pytest.warns(UserWarning, match="1 place is outside any picture, as tail in frame 7 .* taken for missing"):
            poses = read_poses(source)
        assert np.argwhere(np.isnan(poses.xy)).tolist() == [[7, 1, 0], [7, 1, 1]]
        assert np.argwhere(np.isnan(poses.likelihood)).tolist() == [[9, 0]]
        assert any("1 likelihood is infinite" in note for note in poses.tally.notes)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            select_difficult_frames(source, 1)


def test_likelihoods_in_percent_are_said() -> None:
    columns = pd.MultiIndex.from_product([["net"], ["nose"], ["x", "y", "likelihood"]])
    with pytest.warns(UserWarning, match="likelihoods up to 95"):
        assert read_poses(pd.DataFrame([[1, 2, 95.0], [1, 2, 40]], columns=columns)).likelihood[1, 0] == 40


def test_an_animal_that_alphatracker_did_not_find_is_missing_in_its_frame(tmp_path: Path) -> None:
    def animal(x: float, track: int) -> dict[str, Any]:
        return {"keypoints": [x, x + 1, 0.5], "scores": 2.0, "idx": track}

    frames = {"frame_0.png": [animal(1, 1), animal(5, 2)], "frame_1.png": [{}, animal(7, 2)], "frame_2.png": [{}, {}]}
    poses = read_poses(written(tmp_path / "alphapose-results-forvis-tracked.json", frames))
    assert poses.bodyparts == ("animal1 point0", "animal2 point0")
    np.testing.assert_array_equal(poses.xy[..., 0], [[1, 5], [np.nan, 7], [np.nan, np.nan]])


def test_what_alphatracker_learns_from(tmp_path: Path) -> None:
    def animal(*places: tuple[float, float]) -> list[dict]:
        box = {"class": "Face", "x": 0, "y": 0, "width": 9.5, "height": 7}
        return [box, *({"class": "point", "x": x, "y": y} for x, y in places)]

    said = [
        {
            "class": "image",
            "filename": "img_3.jpg",
            "annotations": [*animal((1, 2), (3, 4)), *animal((5, 6), (7, 8.5))],
        },
        {"class": "image", "filename": "img_0.jpg", "annotations": []},
        {"class": "image", "filename": "img_5.jpg", "annotations": animal((9, 10), (11, 12))},
    ]
    path = written(tmp_path / "train.json", said)
    labels, poses = read_labelled_poses(path), read_poses(path)
    assert labels.images == ("img_3.jpg", "img_0.jpg", "img_5.jpg")
    assert labels.bodyparts == poses.bodyparts == tuple(f"animal{n} point{m}" for n in (1, 2) for m in (0, 1))
    np.testing.assert_array_equal(labels.xy, poses.xy[[3, 0, 5]])
    assert labels.xy[0].tolist() == [[1, 2], [3, 4], [5, 6], [7, 8.5]]
    assert np.isnan(labels.xy[1]).all()
    assert np.isnan(labels.xy[2, 2:]).all()
    assert len(poses) == 6
    assert np.nanmin(poses.likelihood) == 1
    (coco,) = write_labelled_poses(path, tmp_path / "c.json", format="coco", size=(20, 10))
    np.testing.assert_array_equal(read_poses(coco).xy, poses.xy)
    for change, match in (
        (animal((1, 2)), "animals of other than 2 points in img_0.jpg"),
        (animal((1, 2))[1:], "img_0.jpg has a point before the first animal's box"),
        ([{"class": "point"}], "a mark without numbers x and y"),
        ([3], "an entry that is no instance"),
    ):
        written(path, [said[0], {**said[1], "annotations": change}, said[2]])
        for read in (read_labelled_poses, read_poses):
            with pytest.raises(TableError, match=match):
                read(path)
    with pytest.raises(TableError, match="no points of any animal"):
        read_labelled_poses(written(path, [said[1]]))
    with pytest.raises(TableError, match="from which AlphaTracker learns"):
        read_labelled_poses(written(path, {"a": 1}))


def test_coco_key_points_of_a_video(tmp_path: Path) -> None:
    said = {
        "images": [{"id": 5, "file_name": "v/img00000001.png"}, {"id": "6", "file_name": "v/img00000003.png"}],
        "categories": [{"id": 1, "name": "mouse", "keypoints": ["nose", "tail"]}],
        "annotations": [{"image_id": 5, "category_id": 1, "keypoints": [1, 2, 2, 0, 0, 0], "score": 0.75}],
    }
    poses = read_poses(written(tmp_path / "a.json", said))
    assert poses.bodyparts == ("nose", "tail")
    assert len(poses) == 4
    assert poses.xy[1, 0].tolist() == [1, 2]
    assert poses.likelihood[1, 0] == 0.75
    assert np.isnan(poses.xy[1, 1]).all()


def test_tracks_of_coco_that_are_names_and_paths_of_windows(tmp_path: Path) -> None:
    said = {
        "images": [{"id": 5, "file_name": "C:\\v\\img00000001.png"}, {"id": 6, "file_name": "C:/v/img00000003.png"}],
        "categories": [{"id": 1, "name": "mouse", "keypoints": ["nose"]}],
        "annotations": [
            {"image_id": image, "category_id": 1, "keypoints": [image, place, 2], "track_id": track}
            for image, tracks in ((5, ["Müsli", 2]), (6, ["2", "Müsli"]))
            for place, track in enumerate(tracks)
        ],
    }
    poses = read_poses(written(tmp_path / "a.json", said))
    assert poses.bodyparts == ("Müsli nose", "animal2 nose")
    assert poses.xy[[1, 3]].tolist() == [[[5, 0], [5, 1]], [[6, 1], [6, 0]]]


@pytest.mark.parametrize(
    "said",
    [
        {}, [], 3, {"images": [], "annotations": []}, {"instance_info": []}, {"instance_info": [{"instances": 3}]},
        [{"image_id": "nose", "keypoints": [1, 2, 3]}], [{"image_id": "1", "keypoints": [1, 2]}],
        [{"image_id": "1", "keypoints": ["a", 2, 3]}], [{"image_id": "1.png", "keypoints": [1, 2, 3]}] * 1 + [
            {"image_id": "2.png", "keypoints": [1, 2, 3, 4, 5, 6]}
        ],
        [{"image_id": "99999999999999", "keypoints": [1, 2, 3]}],
        {"a1.png": [{"keypoints": [1, 2, 3], "idx": 1}, {"keypoints": [1, 2, 3], "idx": 1}]}, {"a1.png": [3]},
    ],
)  # fmt: skip
def test_what_is_none_of_these_is_a_sentence(tmp_path: Path, said: Any) -> None:
    with pytest.raises(TableError):
        read_poses(written(tmp_path / "a.json", said))


def test_a_damaged_analysis_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="damaged"):
        read_poses(analysis(tmp_path / "a.h5", np.zeros((1, 2, 4, 5)), np.zeros((1, 4, 5)), ["a"], ["t"]))
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["tracks"] = h5py.ExternalLink("other.h5", "/tracks")
        file.create_dataset("node_names", data=np.array(["a"], "S"))
        file.create_dataset("point_scores", data=np.zeros((1, 1, 1)))
    with pytest.raises(TableError, match=r"b\.h5 cannot be read"):
        read_poses(tmp_path / "b.h5")


@pytest.mark.parametrize(
    "said",
    [
        {"images": True, "annotations": [], "categories": [{"keypoints": ["a"]}]},
        {"images": [], "annotations": None, "categories": [{"keypoints": ["a"]}]},
        {"images": [7], "annotations": [], "categories": [{"keypoints": ["a"]}]},
        {"images": [], "annotations": [], "categories": 7},
        [{"frame_id": 0, "instances": [7]}],
        [{"image_id": "0.jpg", "keypoints": [1, 2, 0.5]}, 7],
    ],
)
def test_an_entry_that_is_none_is_never_passed_over(said: Any, tmp_path: Path) -> None:
    with pytest.raises(TableError):
        read_poses(written(tmp_path / "v.json", said))


def test_a_score_of_nought_is_one(tmp_path: Path) -> None:
    images, category = [{"id": 1, "file_name": "img0.png"}], {"id": 1, "keypoints": ["a"]}
    for score, expected in ((0, 0.0), (None, 1.0), (0.5, 0.5)):
        one = {"image_id": 1, "category_id": 1, "keypoints": [3, 4, 2], "score": score}
        said = {"images": images, "categories": [category], "annotations": [one]}
        assert read_poses(written(tmp_path / "v.json", said)).likelihood.tolist() == [[expected]]


def test_the_csvs_of_sleap_io_say_what_sleaps_says(tmp_path: Path) -> None:
    places = {("007", 0): [1, 2, 0.5, 3, 4, 0.25], ("t2", 0): [5, 6, 1, NAN, NAN, NAN], ("007", 2): [7, 8, 1, 9, 9, 1]}
    ends = [f"{node}{end}" for node in ("nose", "a.b") for end in (".x", ".y", ".score")]
    row = [
        {"track": track, "frame_idx": at, **dict(zip(ends, one, strict=True))} for (track, at), one in places.items()
    ]
    tables = {
        "sleap": pd.DataFrame([{**one, "instance.score": 0.9} for one in row]),
        "instances": pd.DataFrame([{**one, "track_score": NAN, "score": 0.9} for one in row]),
        "points": pd.DataFrame(
            [
                {"frame_idx": one["frame_idx"], "node": node, "track": one["track"], "instance_score": 0.9,
                 **{end: one[f"{node}.{end}"] for end in ("x", "y", "score")}}
                for one in row for node in ("nose", "a.b")
            ]
        ),
        "frames": pd.DataFrame(
            [
                {"frame_idx": at, **{f"inst{n}.{k}": one[k] for n, one in enumerate(some) for k in ("track", *ends)}}
                for at, some in ((0, row[:2]), (2, row[2:]))
            ]
        ),
    }  # fmt: skip
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        poses = read_poses(tmp_path / f"{name}.csv")
        assert poses.bodyparts == ("t2 nose", "t2 a.b", "007 nose", "007 a.b"), name
        assert len(poses) == 3
        np.testing.assert_array_equal(poses.xy[0], [[5, 6], [NAN, NAN], [1, 2], [3, 4]])
        np.testing.assert_array_equal(poses.likelihood[2], [NAN, NAN, 1, 1])
        table.drop(
            columns=[end for end in table if end.endswith(("nose.score", "b.score")) or (end == "score")]
        ).to_csv(tmp_path / "bare.csv", index=False)
        assert np.isnan(read_poses(tmp_path / "bare.csv").likelihood).all()
        table.assign(video_path=["a.mp4"] * (len(table) - 1) + ["b.mp4"]).to_csv(tmp_path / "two.csv", index=False)
        with pytest.raises(TableError, match=r"several videos \(a.mp4, b.mp4\)"):
            read_poses(tmp_path / "two.csv")


@pytest.mark.parametrize("rows", ["", '"\n', "a,0,1,2,3,4,5,6\n", "\xff\n"])
def test_a_damaged_csv_of_sleap_is_a_sentence(rows: str, tmp_path: Path) -> None:
    head = "track,frame_idx,instance.score,nose.x,nose.y,nose.score\n"
    (tmp_path / "v.csv").write_text(head + rows, encoding="latin-1")
    with pytest.raises(TableError):
        read_poses(tmp_path / "v.csv")


def landmarks(frame: int, people: int = 1, count: int = 33) -> list[list[dict[str, float]]]:
    """Shares of the picture, as MediaPipe gives them."""
    return [
        [
            {"x": 0.1 + frame / 100, "y": (part + person) / 50, "z": -0.3, "visibility": part / 40}
            for part in range(count)
        ]
        for person in range(people)
    ]


def landmark_forms(people: int) -> dict[str, Any]:
    found = [landmarks(frame, people) for frame in range(4)]
    found[2] = []
    listed = [{"frame": frame, "pose_landmarks": one, "face_landmarks": []} for frame, one in enumerate(found)]
    forms = {
        "python": listed,
        "javascript": [{"landmarks": one, "worldLandmarks": []} for one in found],
        "bare": found,
        "frames": {"video": "trial.mp4", "frames": listed[::-1]},
        "by number": {f"frame_{frame}": {"pose_landmarks": one} for frame, one in enumerate(found)},
    }
    if people == 1:
        forms["message"] = [{"pose_landmarks": {"landmark": one[0]} if one else None} for one in found]
        forms["flat"] = [{"landmarks": one[0] if one else []} for one in found]
    return forms


@pytest.mark.parametrize("people", [1, 2])
def test_landmarks_of_mediapipe_as_json(tmp_path: Path, people: int) -> None:
    for form, said in landmark_forms(people).items():
        poses = read_poses(written(tmp_path / "trial.json", said), size=(200, 100))
        assert (len(poses), len(poses.bodyparts), poses.scorer) == (4, 33 * people, "mediapipe"), form
        assert poses.bodyparts[0] == ("nose" if people == 1 else "animal1 nose")
        assert poses.bodyparts[-1].endswith("right_foot_index")
        np.testing.assert_allclose(poses.xy[3, -1], [0.13 * 200, (32 + people - 1) / 50 * 100])
        np.testing.assert_allclose(poses.likelihood[3, 20], 0.5)
        assert np.isnan(poses.xy[2]).all(), form
    hand = read_poses(written(tmp_path / "hand.json", [{"landmarks": landmarks(0, count=21)}]), size=(200, 100))
    assert hand.bodyparts[:2] == ("wrist", "thumb_cmc")
    with pytest.warns(UserWarning, match="left_hand_landmarks of 1 frame are left out"):
        read_poses(
            written(tmp_path / "all.json", [{"pose_landmarks": landmarks(0), "left_hand_landmarks": landmarks(0)}]),
            size=(200, 100),
        )


def test_landmarks_of_mediapipe_as_csv(tmp_path: Path) -> None:
    frames = [0, 1, 3]
    said = {frame: landmarks(frame)[0] for frame in frames}
    wanted = read_poses(
        written(tmp_path / "a.json", [{"frame": frame, "landmarks": one} for frame, one in said.items()]),
        size=(200, 100),
    )
    rows = [{"frame": frame, "landmark_id": part} | one for frame, own in said.items() for part, one in enumerate(own)]
    pd.DataFrame(rows).to_csv(tmp_path / "long.csv", index=False)
    wide = [
        {"frame": frame}
        | {f"{wanted.bodyparts[part]}_{name}": value for part, one in enumerate(own) for name, value in one.items()}
        for frame, own in said.items()
    ]
    pd.DataFrame(wide).to_csv(tmp_path / "wide.csv", index=False)
    numbered = [
        {"frame": frame}
        | {f"{name[0]}{part + 1}": value for part, one in enumerate(own) for name, value in one.items()}
        for frame, own in said.items()
    ]
    pd.DataFrame(numbered).to_csv(tmp_path / "numbered.csv", index=False)
    for kind in ("long", "wide", "numbered"):
        poses = read_poses(tmp_path / f"{kind}.csv", size=(200, 100))
        assert poses.bodyparts == wanted.bodyparts == read_bodyparts(poses), kind
        np.testing.assert_allclose(poses.xy, wanted.xy)
        np.testing.assert_allclose(poses.likelihood, wanted.likelihood)
        with pytest.raises(TableError, match=r"shares of the picture: read it with .*size="):
            read_poses(tmp_path / f"{kind}.csv")
    pixels = pd.DataFrame(rows).assign(x=lambda table: table["x"] * 200, y=lambda table: table["y"] * 100)
    pixels.to_csv(tmp_path / "pixels.csv", index=False)
    np.testing.assert_allclose(read_poses(tmp_path / "pixels.csv").xy, wanted.xy)
    with pytest.raises(InputError, match="size is 3: give width and height"):
        read_poses(tmp_path / "wide.csv", size=3)  # type: ignore[arg-type]


CAMERAS = """
[cam_0]
name = "A"
size = [ 640, 480,]
matrix = [ [ 700.0, 0.0, 320.0,], [ 0.0, 710.0, 240.0,], [ 0.0, 0.0, 1.0,],]
distortions = [ -0.3, 0.1, 0.001, -0.002, 0.05,]
rotation = [ 0.2, -0.4, 0.1,]
translation = [ 1.0, -2.0, 60.0,]

[cam_1]
name = "B"
size = [ 640, 480,]
matrix = [ [ 300.0, 0.0, 320.0,], [ 0.0, 300.0, 240.0,], [ 0.0, 0.0, 1.0,],]
distortions = [ 0.1, -0.02, 0.003, 0.001,]
rotation = [ 0.0, 0.0, 0.0,]
translation = [ 0.0, 0.0, 40.0,]
fisheye = true

[metadata]
adjusted = false
"""


def in_space(path: Path, places: np.ndarray, axes: np.ndarray, centre: np.ndarray) -> Path:
    """What Anipose writes into pose-3d: places in the axes that the user chose, and these axes."""
    turned = places @ axes.T - centre
    table = pd.DataFrame({"fnum": np.arange(len(places))})
    for number, part in enumerate(("nose", "tail")):
        table[[f"{part}_x", f"{part}_y", f"{part}_z"]] = turned[:, number]
        table[f"{part}_error"], table[f"{part}_ncams"], table[f"{part}_score"] = 1.5, 3.0, 0.75
    for row in range(3):
        for column in range(3):
            table[f"M_{row}{column}"] = axes[row, column]
        table[f"center_{row}"] = centre[row]
    table.to_csv(path, index=False)
    return path


def test_places_in_space_of_anipose_are_where_a_camera_sees_them(tmp_path: Path) -> None:
    chance = np.random.default_rng(2)
    places = chance.normal(0, 5, (6, 2, 3))
    places[4, 1] = np.nan
    axes = cv2.Rodrigues(np.array([0.3, 0.5, -0.2]))[0]
    path = in_space(tmp_path / "trial.csv", places, axes, np.array([1.0, 2.0, 3.0]))
    calibration = tmp_path / "calibration.toml"
    calibration.write_text(CAMERAS)
    for name, said, project in (("A", "cam_0", cv2.projectPoints), ("B", "cam_1", cv2.fisheye.projectPoints)):
        camera = tomllib.loads(CAMERAS)[said]
        inside = [np.array(camera[part]) for part in ("rotation", "translation", "matrix", "distortions")]
        seen = project(places.reshape(-1, 1, 3), *inside)[0].reshape(6, 2, 2)
        poses = read_poses(path, calibration=calibration, camera=name)
        np.testing.assert_allclose(poses.xy, seen, atol=1e-9)
        assert poses.bodyparts == ("nose", "tail")
        assert np.isnan(poses.xy[4, 1]).all()
        assert (poses.likelihood == 0.75).all()
    assert len(select_difficult_frames(poses, 1, min_score=0.1)) == 1
    with pytest.raises(InputError, match=r"places in space: read it with .*calibration="):
        read_poses(path)
    with pytest.raises(InputError, match=r"camera is 'C', and calibration.toml has A, B"):
        read_poses(path, calibration=calibration, camera="C")
    with pytest.raises(InputError, match="Give calibration= and camera= together"):
        read_poses(path, camera="A")
    for bent in ('[ 0.2, "x",]', "[ 1e200, 1e308, 1e308,]"):
        calibration.write_text(CAMERAS.replace("[ 0.2, -0.4, 0.1,]", bent))
        with pytest.raises(InputError, match="rotation of A is no such array of numbers"):
            read_poses(path, calibration=calibration, camera="A")


numbers = st.integers(-5, 500) | st.floats(0, 500) | st.just(0)
places = st.lists(st.tuples(numbers, numbers), min_size=2, max_size=2)
seen_poses = st.lists(st.tuples(st.integers(0, 6), st.none() | st.integers(0, 3), places), max_size=8)


def poses_as(tool: str, folder: Path, given: list[Any]) -> Path:
    """Write poses (frame, animal, two points) as a tool does."""
    if tool in ("deeplabcut", "sleap"):
        if tool == "sleap":
            lines = ["track,frame_idx,instance.score,a.x,a.y,a.score,b.x,b.y,b.score"]
            rows = [[f"t{who}" if who is not None else "", n, 0.9] for n, who, _ in given]
        else:
            lines = ["scorer" + ",m" * 6, "bodyparts,a,a,a,b,b,b", "coords" + ",x,y,likelihood" * 2]
            rows = [[n] for n, _ in enumerate(given)]
        for row, (_, _, points) in zip(rows, given, strict=True):
            lines.append(",".join(map(str, [*row, *(cell for x, y in points for cell in (x, y, 0.5))])))
        path = folder / "v.csv"
        path.write_text("\n".join(lines) + "\n")
        return path
    flat = [[cell for x, y in points for cell in (x, y, 0.5)] for _, _, points in given]
    if tool == "alphapose":
        found: Any = [
            {"image_id": f"{n}.jpg", "keypoints": points, "score": 1, **({} if who is None else {"idx": who})}
            for (n, who, _), points in zip(given, flat, strict=True)
        ]
    elif tool == "coco":
        found = {
            "images": [{"id": n, "file_name": f"img{n}.png"} for n in range(7)],
            "categories": [{"id": 1, "keypoints": ["a", "b"]}],
            "annotations": [
                {"id": i, "image_id": n, "category_id": 1, "keypoints": points}
                | ({} if who is None else {"track_id": who})
                for i, ((n, who, _), points) in enumerate(zip(given, flat, strict=True))
            ],
        }
    else:
        found = [
            {
                "frame_id": frame,
                "instances": [
                    {"keypoints": [[*point] for point in points], "keypoint_scores": [0.5, 0.5]}
                    | ({} if who is None else {"track_id": who})
                    for n, who, points in given
                    if n == frame
                ],
            }
            for frame in range(7)
        ]
    return written(folder / "v.json", found)


@pytest.mark.parametrize("tool", ["deeplabcut", "sleap", "mmpose", "alphapose", "coco"])
@settings(max_examples=12)
@given(poses=seen_poses)
def test_each_pose_of_a_file_is_taken_or_left_out_and_said(tool: str, tmp_path: Path, poses: list[Any]) -> None:
    path = poses_as(tool, tmp_path, poses)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            found = read_poses(path)
        except LsnbError:
            return
    assert found.tally is not None
    assert (found.tally.seen, found.tally.unexplained) == (len(poses), 0)
    left = found.tally.seen - found.tally.taken
    assert not left or any("left out" in str(one.message) for one in said)
    if tool == "deeplabcut":
        assert len(found) == len(poses)


# Of H5 files: (frame, by a model, track) a pose, and bytes that are bent by their place as a share of the file.
H5_POSES = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(-1, 1)), max_size=8)
BENDS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=3)


@pytest.fixture
def reader() -> Iterator[H5Reader]:
    """One process for all examples of a test."""
    with H5Reader() as opened:
        yield opened


def check_h5(reader: H5Reader, kind: str, folder: Path, given: list[Any], bends: list[Any], cut: float | None) -> None:
    """Read an H5 file, bent or not: every pose in it is taken or left out and said, or the file is refused."""
    path = folder / f"v.{kind}"
    if kind == "slp":
        project(path, [(frame, int(model), track, [[1.0, 2.0, 0.5]] * 2) for frame, model, track in given])
    else:
        columns = pd.MultiIndex.from_product([["m"], ["a"], ["x", "y", "likelihood"]])
        write_h5(pd.DataFrame([[1.0, 2.0, 0.5]] * len(given), columns=columns), path)
    content = bytearray(path.read_bytes())
    for share, byte in bends:
        content[int(share * len(content))] = byte
    path.write_bytes(content if cut is None else content[: int(cut * len(content))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = table_poses(reader.read(path), source=path.name)
        except LsnbError:
            assert bends or cut is not None or not given
            return
    assert found.tally is not None
    assert found.tally.unexplained == 0
    if bends or cut is not None:
        return
    assert found.tally.seen == len(given)
    if kind == "slp":
        shown = np.isfinite(found.xy).all(axis=2).sum()
        assert found.tally.taken * 2 == shown


@pytest.mark.parametrize("kind", ["h5", "slp"])
@settings(max_examples=12)
@given(poses=H5_POSES, bends=st.just([]) | BENDS, cut=st.none() | st.none() | st.floats(0, 1))
def test_each_pose_of_an_h5_file_is_taken_or_left_out_and_said(
    reader: H5Reader, kind: str, tmp_path: Path, poses: list[Any], bends: list[Any], cut: float | None
) -> None:
    check_h5(reader, kind, tmp_path, poses, bends, cut)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["h5", "slp"])
@settings(max_examples=300)
@given(poses=H5_POSES, bends=st.just([]) | BENDS, cut=st.none() | st.none() | st.floats(0, 1))
def test_each_pose_of_many_h5_files(
    reader: H5Reader, kind: str, tmp_path: Path, poses: list[Any], bends: list[Any], cut: float | None
) -> None:
    check_h5(reader, kind, tmp_path, poses, bends, cut)


def test_a_project_says_which_of_its_poses_are_not_read(tmp_path: Path) -> None:
    point = [[1.0, 2.0, 0.5], [3.0, 4.0, 0.5]]
    path = project(tmp_path / "v.slp", [(0, 1, 0, point), (0, 1, 0, [[9.0, 9.0, 0.5]] * 2), (0, 0, 1, point)])
    said = (
        r"3 poses, 1 taken, 2 left out \(set by people, beside a model's: 1; a second one of its animal in a frame: 1\)"
    )
    with pytest.warns(UserWarning, match=said):
        assert read_poses(path).xy[0].tolist() == [[1, 2], [3, 4]]
