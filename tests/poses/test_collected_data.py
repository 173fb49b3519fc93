"""Key points → the table pose tools learn from, and back, to the pixel."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsnb.annotations import long_table, write_collected_data
from lsnb.errors import InputError, MissingExtraError, TableError
from lsnb.labels import LabelConfig
from lsnb.poses import from_labelled_poses, read_labelled_poses

ITEM = "trial/img00000012"


def point(part, x, y, size=(640, 480), region=None):
    value = {"x": x, "y": y, "width": 0.5, "keypointlabels": [part]}
    return {
        "id": region or f"{part}{x}{y}", "from_name": "part", "to_name": "image", "type": "keypointlabels",
        "original_width": size[0], "original_height": size[1], "value": value,
    }  # fmt: skip


def task(item, *annotations, number=None):
    """Each annotation: who, its results, and whether it was skipped."""
    made = [
        {"id": 100 * (number or 1) + place, "completed_by": {"email": who}, "result": results,
         "was_cancelled": skipped, "updated_at": f"2026-01-01T00:00:{place:02d}Z"}
        for place, (who, results, skipped) in enumerate(annotations)
    ]  # fmt: skip
    return {"id": number or 1, "data": {}, "meta": {"item": item}, "annotations": made}


def written(tasks, out, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return write_collected_data(long_table(tasks, raw=True), out, **options)


percent = st.floats(0, 100, allow_nan=False)


@settings(max_examples=25)
@given(
    places=st.lists(st.tuples(percent, percent), min_size=1, max_size=30),
    size=st.tuples(st.integers(1, 8000), st.integers(1, 8000)),
)
def test_pixels_come_back_as_percent_says(tmp_path_factory, places, size):
    out = tmp_path_factory.mktemp("data")
    results = [point(f"part{n}", x, y, size) for n, (x, y) in enumerate(places)]
    parts = [f"part{n}" for n in range(len(places))]
    written([task(ITEM, ("ana", results, False))], out, scorer="ana", bodyparts=parts, format="csv")
    found = read_labelled_poses(out / "CollectedData_ana.csv")
    assert found.images == ("labeled-data/trial/img00000012.png",)
    expected = [[x / 100 * size[0], y / 100 * size[1]] for x, y in places]
    np.testing.assert_allclose(found.xy[0], expected, atol=1e-6, rtol=0)


def test_csv_and_h5_hold_the_same_and_h5_is_laid_out_as_deeplabcut_does(tmp_path):
    tasks = [task(f"trial/img{n:08d}", ("ana", [point("nose", n, 50)], False), number=n) for n in (3, 1, 20)]
    made = written(tasks, tmp_path, scorer="ana", bodyparts=["tail", "nose"])
    assert [path.name for path in made.files] == ["CollectedData_ana.csv", "CollectedData_ana.h5"]
    one, other = (read_labelled_poses(path) for path in made.files)
    assert one.images == other.images == tuple(f"labeled-data/trial/img{n:08d}.png" for n in (1, 3, 20))
    np.testing.assert_array_equal(one.xy, other.xy)
    stored = pd.read_hdf(tmp_path / "CollectedData_ana.h5", "df_with_missing")
    assert stored.index.nlevels == 3
    assert stored.columns.names == ["scorer", "bodyparts", "coords"]
    assert stored.columns[0] == ("ana", "tail", "x")
    assert stored["ana"]["tail"].isna().all(axis=None)
    assert stored["ana"]["nose"]["x"].tolist() == pytest.approx([6.4, 19.2, 128.0])


def test_seventy_body_parts_of_a_config_stay_seventy_in_its_order(tmp_path):
    parts = [f"point {n}" for n in range(70, 0, -1)]
    config = LabelConfig.image("image").keypoints("part", parts)
    made = written([task(ITEM, ("ana", [point("point 5", 1, 1)], False))], tmp_path, scorer="ana", bodyparts=config)
    found = read_labelled_poses(made.files[1])
    assert list(found.bodyparts) == parts
    assert np.isfinite(found.xy[0]).all(axis=1).sum() == 1


def test_skipped_empty_open_and_draft_tasks_are_reported_and_crash_nothing(tmp_path):
    drafted = task("trial/img00000004", number=4)
    drafted["drafts"] = [{"id": 9, "user": "ana", "result": [point("nose", 9, 9)]}]
    tasks = [
        task("trial/img00000001", ("ana", [point("nose", 10, 10)], False), number=1),
        task("trial/img00000002", ("ana", [], False), number=2),
        task("trial/img00000003", ("ana", [point("nose", 5, 5)], True), number=3),
        drafted,
        task("trial/img00000005", number=5),
    ]
    made = written(tasks, tmp_path, scorer="ana", bodyparts=["nose"])
    assert made.table[["status", "points"]].to_numpy().tolist() == [
        ["written", 1], ["written", 0], ["skipped", 0], ["skipped", 0], ["skipped", 0],
    ]  # fmt: skip
    assert [image[-7:] for image in read_labelled_poses(made.files[0]).images] == ["001.png", "002.png"]
    nothing = written(tasks[3:], tmp_path / "none", scorer="ana", bodyparts=["nose"])
    assert all(len(table) == 0 for table in nothing.data.values())
    assert all(len(read_labelled_poses(path)) == 0 for path in nothing.files)
    with pytest.raises(InputError, match="no key points"):
        written(tasks[4:], tmp_path / "none", scorer="ana")


def test_several_annotators_are_merged_chosen_or_written_each(tmp_path):
    people = [
        ("ana", [point("nose", 10, 10), point("tail", 50, 50)], False),
        ("ben", [point("nose", 12, 10)], False),
        ("eve", [point("nose", 80, 10)], False),
    ]
    tasks = [task(ITEM, *people)]
    both = ["nose", "tail"]
    merged = read_labelled_poses(written(tasks, tmp_path, scorer="all of us", bodyparts=both).files[0])
    assert merged.xy[0, 0].tolist() == pytest.approx([0.12 * 640, 48.0])
    assert np.isnan(merged.xy[0, 1]).all()  # one of three saw it
    chosen = written(tasks, tmp_path, annotator="eve", bodyparts=both)
    assert chosen.files[0].name == "CollectedData_eve.csv"
    assert read_labelled_poses(chosen.files[0]).xy[0, 0, 0] == pytest.approx(512)
    each = written(tasks, tmp_path / "each", annotator="all", bodyparts=both, format="csv")
    assert [path.name for path in each.files] == [f"CollectedData_{who}.csv" for who in ("ana", "ben", "eve")]
    assert each.table["points"].tolist() == [2, 1, 1]
    with pytest.raises(InputError, match="who did none of these"):
        written(tasks, tmp_path, annotator="bem", bodyparts=both)


def test_of_one_persons_two_annotations_the_later_counts(tmp_path):
    earlier = [point("nose", 10, 10), point("tail", 5, 5)]
    tasks = [task(ITEM, ("ana", earlier, False), ("ana", [point("nose", 30, 10)], False))]
    found = read_labelled_poses(written(tasks, tmp_path, scorer="ana", bodyparts=["nose", "tail"]).files[0])
    assert found.xy[0, 0, 0] == pytest.approx(0.3 * 640)
    assert np.isnan(found.xy[0, 1]).all()


def test_a_second_point_of_one_body_part_is_said_aloud(tmp_path):
    tasks = [task(ITEM, ("ana", [point("nose", 10, 10), point("nose", 20, 20)], False))]
    with pytest.warns(UserWarning, match=r"nose on trial/img00000012 by ana at \(128\.0, 96\.0\)"):
        made = write_collected_data(long_table(tasks, raw=True), tmp_path, scorer="ana", format="csv")
    assert made.data["ana"].iloc[0].tolist() == pytest.approx([64, 48])


def test_a_label_drawn_beside_its_point_is_found(tmp_path):
    place = {"x": 10, "y": 10, "width": 1}
    shared = {"id": "r", "to_name": "i", "original_width": 100, "original_height": 100}
    results = [
        {**shared, "from_name": "p", "type": "keypoint", "value": place},
        {**shared, "from_name": "l", "type": "labels", "value": {**place, "labels": ["nose"]}},
    ]
    made = written([task(ITEM, ("ana", results, False))], tmp_path, scorer="ana", format="csv")
    assert made.data["ana"].to_numpy().tolist() == [[10.0, 10.0]]


def test_other_images_of_a_file_that_is_there_stay_and_the_same_ones_are_replaced(tmp_path):
    first = [task(f"trial/img{n:08d}", ("ana", [point("nose", 10, 10)], False), number=n) for n in (1, 2)]
    second = [task(f"trial/img{n:08d}", ("ana", [point("nose", 20, 10)], False), number=n) for n in (2, 3)]
    written(first, tmp_path, scorer="ana", bodyparts=["nose", "tail"])
    for _ in range(2):
        made = written(second, tmp_path, scorer="ana", bodyparts=["nose", "tail"])
        for path in made.files:
            assert read_labelled_poses(path).xy[:, 0, 0].tolist() == pytest.approx([64, 128, 128])
    with pytest.raises(InputError, match="nose by ana, which these annotations lack"):
        written([task("trial/img00000009", ("ana", [], False))], tmp_path, scorer="ana", bodyparts=["tail"])
    (tmp_path / "CollectedData_ana.csv").write_text("nothing of the kind")
    with pytest.raises(TableError, match="no table of poses that can be added to"):
        written(second, tmp_path, scorer="ana", bodyparts=["nose", "tail"])


def test_the_frames_table_says_which_image_and_size_an_item_is(tmp_path):
    tasks = [task("7", ("ana", [point("nose", 10, 10)], False), number=7), task("8", ("ana", [], False), number=8)]
    frames = pd.DataFrame(
        {"item": [7], "path": [r"frames\cam1__trial\img00000003.jpg"], "width": [200], "height": [100]}
    )
    plain = long_table(tasks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        made = write_collected_data(plain, tmp_path, scorer="ana", frames=frames, format="csv")
    assert made.data["ana"].index.tolist() == ["labeled-data/cam1__trial/img00000003.jpg"]
    assert made.data["ana"].to_numpy().tolist() == [[20.0, 10.0]]
    assert made.table["status"].tolist() == ["written", "failed"]
    assert "give frames=" in made.table["error"][1]


def test_each_video_may_have_files_of_its_own(tmp_path):
    items = ("cam1/img00000001", "cam2/img00000001", "cam1/img00000005")
    tasks = [task(item, ("ana", [point("nose", 1, 1)], False), number=n) for n, item in enumerate(items, 1)]
    made = written(tasks, tmp_path, scorer="ana", per_video=True, format="csv")
    assert [str(path.relative_to(tmp_path)) for path in made.files] == [
        "labeled-data/cam1/CollectedData_ana.csv", "labeled-data/cam2/CollectedData_ana.csv",
    ]  # fmt: skip
    assert len(read_labelled_poses(made.files[0])) == 2


def test_every_wrong_argument_is_reported_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        write_collected_data(
            long_table([task(ITEM)]), 3, scorer="a/b", bodyparts="nose", annotator=1, frames=[1], format="xlsx"
        )
    assert len(caught.value.problems) == 7
    with pytest.raises(InputError, match="scorer is missing"):
        write_collected_data(long_table([task(ITEM)], raw=True), tmp_path)
    results = [point("nose", 1, 1)]
    with pytest.raises(InputError, match="Did you mean 'Nose '"):
        written([task(ITEM, ("ana", results, False))], tmp_path, scorer="ana", bodyparts=["Nose "])


def test_h5_without_h5py_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    tasks = [task(ITEM, ("ana", [point("nose", 1, 1)], False))]
    with pytest.raises(MissingExtraError, match="format='csv'"):
        written(tasks, tmp_path / "out", scorer="ana")
    assert not (tmp_path / "out").exists()
    assert written(tasks, tmp_path / "out", scorer="ana", format="csv").files


@settings(max_examples=15)
@given(seed=st.integers(0, 999), animals=st.booleans())
def test_a_table_becomes_answers_and_is_written_back_as_it_was(tmp_path_factory, seed, animals):
    out = tmp_path_factory.mktemp("back")
    chance = np.random.default_rng(seed)
    owners = [["m1", "m2"]] if animals else []
    levels = ["scorer", *(["individuals"] if animals else []), "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product([["ana"], *owners, ["nose", "tail"], ["x", "y"]], names=levels)
    images = [f"labeled-data/{video}/img{frame:08d}.png" for video in ("a", "b") for frame in (0, 7, 12)]
    values = chance.uniform(0, 480, (6, len(columns) // 2, 2))
    values[chance.random(values.shape[:2]) < 0.3] = np.nan
    table = pd.DataFrame(values.reshape(6, -1), index=images, columns=columns)
    frames = pd.DataFrame(
        [(f"{video}/img{frame:08d}", f"{video}.mp4", frame, 640, 480) for video in "ab" for frame in (0, 7, 12)],
        columns=["item", "video", "frame", "width", "height"],
    )
    config = LabelConfig.image("image").keypoints("part", ["nose", "tail"])
    found = from_labelled_poses(table, frames, config=config)
    assert set(found.results) == set(frames["item"])
    tasks = [
        task(item, ("ana", results, False), number=n) for n, (item, results) in enumerate(found.results.items(), 1)
    ]
    made = written(
        tasks, out, scorer="ana", bodyparts=config, format="csv", individuals=["m1", "m2"] if animals else None
    )
    before, after = read_labelled_poses(table), read_labelled_poses(made.files[0])
    assert after.images == before.images
    assert sorted(after.bodyparts) == sorted(before.bodyparts)
    order = [after.bodyparts.index(part) for part in before.bodyparts]
    np.testing.assert_allclose(after.xy[:, order], before.xy, atol=1e-9)


def test_an_image_that_is_no_item_is_a_row_that_says_so():
    columns = pd.MultiIndex.from_product([["ana"], ["nose"], ["x", "y"]])
    images = [f"labeled-data/{video}/img00000001.png" for video in ("a", "b")]
    labels = pd.DataFrame([[1.0, 2.0]] * 2, index=images, columns=columns)
    frames = pd.DataFrame({"item": ["a/img00000001"], "video": ["a.mp4"], "frame": [1], "width": [64], "height": [48]})
    found = from_labelled_poses(labels, frames, config=LabelConfig.image("image").keypoints("part", ["nose"]))
    assert list(found.results) == ["a/img00000001"]
    assert found.table["status"].tolist() == ["ready", "failed"]
    assert "No row of the frames table is labeled-data/b/img00000001.png" in str(found.table.to_dict("records"))


@pytest.mark.parametrize("levels", [1, 3])
def test_frames_keep_the_names_that_deeplabcut_gave_them(tmp_path, levels):
    names = ["labeled-data/trial/img007.png", "labeled-data/trial/img012.png"]
    lead = "," * levels
    rows = [name.replace("/", ",") if levels == 3 else name for name in names]
    path = tmp_path / "CollectedData_ana.csv"
    path.write_text(f"scorer{lead}ana,ana\nbodyparts{lead}nose,nose\ncoords{lead}x,y\n{rows[0]},,\n{rows[1]},3.0,4.0\n")
    text = path.read_text()
    items = ["trial/img00000007", "trial/img00000012"]
    frames = pd.DataFrame({"item": items, "video": ["trial.mp4"] * 2, "frame": [7, 12]})
    config = LabelConfig.image("image").keypoints("part", ["nose"])
    found = from_labelled_poses(path, frames, config=config, size=(640, 480))
    assert list(found.results) == items
    tasks = [task(item, ("ana", results, False), number=n) for n, (item, results) in enumerate(found.results.items())]
    made = written(tasks, tmp_path, scorer="ana", bodyparts=["nose"], format="csv")
    assert (path.read_text(), made.table["image"].tolist()) == (text, names)


def test_videos_of_one_name_are_not_written_as_one(tmp_path):
    tasks = [task(f"{one}/{ITEM}", ("ana", [point("nose", 9 * n, 9)], False), number=n) for n, one in enumerate("abc")]
    tasks.append(task("other/img00000012", ("ana", [point("nose", 50, 50)], False), number=9))
    made = written(tasks, tmp_path, scorer="ana", format="csv")
    assert made.table["status"].tolist() == ["failed"] * 3 + ["written"]
    assert "a/trial/img00000012, b/trial/img00000012" in made.table["error"][0]
    assert read_labelled_poses(made.files[0]).images == ("labeled-data/other/img00000012.png",)


def test_pictures_of_shorter_paths_stay_themselves_however_often_added_to(tmp_path):
    (tmp_path / "CollectedData_ana.csv").write_text(
        "scorer,ana,ana\nbodyparts,nose,nose\ncoords,x,y\n7.png,1,2\nv/8.png,3,4\n"
    )
    for _ in range(3):
        made = written([task(ITEM, ("ana", [point("nose", 1, 1)], False))], tmp_path, scorer="ana")
    for path in made.files:
        assert read_labelled_poses(path).images == ("7.png", f"labeled-data/{ITEM}.png", "v/8.png")
