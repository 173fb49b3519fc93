"""Labelled poses for other tools: opened by the tool's own functions where it is light, and read back equal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lsnb.errors import InputError, MissingFileError
from lsnb.labels import LabelConfig
from lsnb.poses import read_labelled_poses, read_poses, write_labelled_poses
from lsnb.predictions import read_predictions

SIZE = (640, 480)
PARTS = ["nose", "left ear", "tail"]


def labelled(animals: int = 1, videos: tuple[str, ...] = ("trial",)) -> pd.DataFrame:
    """Three images a video; one without points, one with a body part missing."""
    owners = [[f"mouse{n}" for n in range(animals)]] if animals > 1 else []
    names = ["scorer", *(["individuals"] if owners else []), "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product([["ana"], *owners, PARTS, ["x", "y"]], names=names)
    rows = [f"labeled-data/{video}/img{frame:08d}.png" for video in videos for frame in (2, 5, 11)]
    values = np.random.default_rng(len(rows)).uniform(20, 460, (len(rows), len(columns)))
    values[0::3] = np.nan
    values[1::3, 2:4] = np.nan
    return pd.DataFrame(values, index=rows, columns=columns)


def expected(table: pd.DataFrame) -> np.ndarray:
    return table.to_numpy().reshape(len(table), -1, 2)


@pytest.mark.parametrize("animals", [1, 2])
def test_coco_is_opened_by_its_own_functions_and_comes_back(tmp_path: Path, animals: int) -> None:
    from pycocotools.coco import COCO

    table = labelled(animals)
    (path,) = write_labelled_poses(
        table, tmp_path / "a.json", format="coco", size={"trial": SIZE}, skeleton=[("nose", "tail")]
    )
    opened = COCO(str(path))
    assert opened.loadCats([1])[0]["skeleton"] == [[1, 3]]
    found = opened.loadAnns(opened.getAnnIds())
    assert [opened.loadImgs(one["image_id"])[0]["file_name"] for one in found] == sorted([*table.index[1:]] * animals)
    assert [one["num_keypoints"] for one in found[:1]] == [2]
    for one in found:
        left, top, width, height = one["bbox"]
        points = np.array(one["keypoints"]).reshape(-1, 3)
        points = points[points[:, 2] > 0, :2]
        assert (points > [left, top]).all()
        assert (points < [left + width, top + height]).all()
    back = read_poses(path)
    assert len(back) == 12
    np.testing.assert_array_equal(back.xy[[2, 5, 11]], expected(table))
    assert back.bodyparts == read_labelled_poses(table).bodyparts


def test_ultralytics_has_a_label_for_each_picture_and_comes_back(tmp_path: Path) -> None:
    table = labelled(videos=("a", "b"))
    table.iloc[2, 0] = -3.0  # outside its picture
    for image in table.index:
        (tmp_path / image).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / image).write_bytes(image.encode())
    out = tmp_path / "yolo"
    options: dict = {"format": "ultralytics", "size": SIZE, "images": tmp_path}
    with pytest.warns(UserWarning, match="1 key point outside"):
        files = write_labelled_poses(table, out, val=["b"], **options)
    assert "train: images/train\nval: images/val\nkpt_shape: [3, 3]\n" in files[0].read_text()
    for text in files[1:]:  # its loader takes /images/ for /labels/ and the ending for .txt
        picture = Path(str(text).replace("/labels/", "/images/")).with_suffix(".png")
        assert picture.read_bytes() == f"labeled-data/{text.parent.name}/{picture.name}".encode()
    numbers = [line.split() for text in files[1:] for line in text.read_text().splitlines()]
    assert [len(line) for line in numbers] == [5 + 3 * 3] * 4
    assert all(0 <= float(number) <= 1 or number == "2" for line in numbers for number in line)
    config = LabelConfig.image("image").rectangles("box", ["animal"]).keypoints("part", PARTS)
    for folder in ("train/a", "val/b"):
        (out / "labels" / folder / "data.yaml").write_bytes(files[0].read_bytes())
        found = read_predictions(out / "labels" / folder, config=config)
        assert len(found.results) == 3
        for item, results in found.results.items():
            row = table.loc[f"labeled-data/{folder[-1]}/{item}.png"].to_numpy().reshape(-1, 2)
            row = row[np.isfinite(row).all(axis=1) & (row >= 0).all(axis=1)]
            drawn = [one["value"] for one in results if one["type"] == "keypointlabels"]
            places = np.array([[one["x"], one["y"]] for one in drawn]).reshape(-1, 2)
            np.testing.assert_allclose(places, row / SIZE * 100, atol=1e-5)
    with pytest.warns(UserWarning, match="yolo has no pictures of their own for validation: .* with val="):
        files = write_labelled_poses(table.iloc[3:], out, **options)
    assert "val: images/train" in files[0].read_text()
    with pytest.raises(InputError, match="has pictures of b to learn from, which an earlier call wrote"):
        write_labelled_poses(table, out, val=["b"], **options)
    with pytest.raises(InputError, match="val names c; the videos are a, b"):
        write_labelled_poses(table, out, val=["c"], **options)
    (tmp_path / table.index[0]).unlink()
    with pytest.raises(MissingFileError, match="there is no labeled-data/a/img00000002"):
        write_labelled_poses(table, out, **options)
    with pytest.raises(InputError, match="outside the folder"):
        write_labelled_poses(table.set_axis([f"../../{image}" for image in table.index]), out, **options)


def test_ultralytics_finds_the_labels_of_a_video_called_images_and_no_two_pictures_share_one(tmp_path: Path) -> None:
    table = labelled(videos=("images", "b"))
    table = pd.concat([table, table[3:4].rename(lambda image: f"more/{image}")])
    for image in table.index:
        (tmp_path / image).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / image).write_bytes(image.encode())
    options: dict = {"format": "ultralytics", "size": SIZE, "images": tmp_path, "val": ["images"]}
    files = write_labelled_poses(table[:-1], tmp_path / "yolo", **options)
    pictures = sorted((tmp_path / "yolo" / "images").rglob("*.png"))
    # Its loader puts labels for the last images.
    assert sorted(files[1:]) == sorted(
        Path("/labels/".join(picture.as_posix().rsplit("/images/", 1))).with_suffix(".txt") for picture in pictures
    )
    with pytest.raises(InputError, match=r"labeled-data/b/img00000002.png, more/labeled-data/b/.* one file of labels"):
        write_labelled_poses(table, tmp_path / "other", **options)
    videos = {"images": "images.mp4", "b": "b.mp4"}
    with pytest.raises(InputError, match=r"labeled-data/b/img00000002.png, more/labeled-data/b/.* the same frame"):
        write_labelled_poses(table, tmp_path / "a.slp", format="sleap", videos=videos)


@pytest.mark.parametrize("animals", [1, 2])
def test_a_project_of_sleap_comes_back(tmp_path: Path, animals: int) -> None:
    table = labelled(animals)
    out = tmp_path / "a.slp"
    assert write_labelled_poses(table, out, format="sleap", videos={"trial": "trial.mp4"}) == [out]
    back = read_poses(out)
    assert len(back) == 12
    assert back.bodyparts == read_labelled_poses(table).bodyparts
    np.testing.assert_array_equal(back.xy[[2, 5, 11]], expected(table))
    assert np.isnan(back.xy[[0, 1, 3, 4, 6, 7, 8, 9, 10]]).all()
    with pytest.raises(InputError, match=r"videos lacks trial"):
        write_labelled_poses(table, out, format="sleap", videos={})


@pytest.mark.parametrize("of_videos", [True, False])
def test_sleaps_own_functions_open_its_project(tmp_path: Path, of_videos: bool) -> None:
    sleap_io = pytest.importorskip("sleap_io")
    table = labelled(2, ("a", "b"))
    where: dict = {"videos": {"a": "a.mp4", "b": "b.mp4"}} if of_videos else {"images": tmp_path}
    (path,) = write_labelled_poses(
        table, tmp_path / "a.slp", format="sleap", skeleton=[("nose", "tail"), ("tail", "left ear")], **where
    )
    opened = sleap_io.load_slp(str(path), open_videos=False)
    assert [node.name for node in opened.skeletons[0].nodes] == PARTS
    assert opened.skeletons[0].edge_inds == [(0, 2), (2, 1)]
    assert [track.name for track in opened.tracks] == ["mouse0", "mouse1"]
    assert [frame.frame_idx for frame in opened] == ([2, 5, 11] if of_videos else [0, 1, 2]) * 2
    first = opened.videos[0].filename
    assert first == "a.mp4" if of_videos else first[0] == str(tmp_path / table.index[0])
    for row, frame in zip(expected(table).reshape(6, 2, 3, 2), opened, strict=True):
        for one in frame.instances:
            np.testing.assert_array_equal(one.numpy(), row[opened.tracks.index(one.track)])


def test_views_have_the_same_moments_in_the_same_rows(tmp_path: Path) -> None:
    table = labelled(videos=("day_top", "day_side", "night-top"))
    with pytest.warns(UserWarning, match="3 rows of a moment that a view does not show"):
        files = write_labelled_poses(table, tmp_path, format="views", views=["top", "side"])
    assert [path.name for path in files] == ["CollectedData_top.csv", "CollectedData_side.csv"]
    top, side = map(read_labelled_poses, files)
    assert len(top) == len(side) == 6
    assert [image.replace("side", "top") for image in side.images] == list(top.images)
    dashes = table[:6].rename(lambda image: image.replace("day_", "day-"))
    twice = pd.concat([table, table.rename(lambda image: f"more/{image}"), dashes])
    with pytest.warns(UserWarning, match="of a moment that a view does not show"):
        files = write_labelled_poses(twice, tmp_path / "more", format="views", views=["top", "side"])
    assert set(twice.index) <= {image for path in files for image in read_labelled_poses(path).images}
    np.testing.assert_array_equal(top.xy, expected(table)[[0, 1, 2, 6, 7, 8]])
    np.testing.assert_array_equal(side.xy[:3], expected(table)[3:6])
    assert np.isnan(side.xy[3:]).all()
    empty = write_labelled_poses(table.iloc[:0], tmp_path / "none", format="views", views=["top", "side"])
    assert [len(read_labelled_poses(path)) for path in empty] == [0, 0]
    with pytest.raises(InputError, match="do not name one of the views"):
        write_labelled_poses(table, tmp_path, format="views", views=["left", "right"])


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        write_labelled_poses(labelled(), "", format="ultralytics", val="a", skeleton=[("nose",)])  # type: ignore
    assert len(caught.value.problems) == 5
    with pytest.raises(InputError, match="skeleton names paw"):
        write_labelled_poses(labelled(), tmp_path / "a.json", format="coco", size=SIZE, skeleton=[("nose", "paw")])
    with pytest.raises(InputError, match="for trial: add them"):
        write_labelled_poses(labelled(), tmp_path / "a.json", format="coco", size={"other": SIZE})
    assert not list(tmp_path.iterdir())
    made = write_labelled_poses(labelled().iloc[:1], tmp_path / "a.json", format="coco", size=SIZE)
    assert json.loads(made[0].read_text())["annotations"] == []


def test_the_last_number_of_a_picture_is_its_frame(tmp_path: Path) -> None:
    columns = pd.MultiIndex.from_product([["ana"], ["nose"], ["x", "y"]])
    labels = pd.DataFrame([[3.0, 4.0]], index=["labeled-data/v/cam2_img0012.png"], columns=columns)
    path = write_labelled_poses(labels, tmp_path / "v.slp", format="sleap", videos={"v": "v.mp4"})[0]
    assert len(read_poses(path)) == 13
