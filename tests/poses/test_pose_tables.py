"""Headers by their place: whatever pandas writes of a table reads back as the table, as CSV and as H5."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pose_tables import pose_table, smooth_poses
from test_collected_data import point, task, written

from lsnb.annotations import write_collected_data
from lsnb.errors import InputError, TableError
from lsnb.frames import select_difficult_frames
from lsnb.poses import find_predictions, read_labelled_poses, read_poses

LEVELS = ["scorer", "bodyparts", "coords"]
ANIMALS = ["scorer", "individuals", "bodyparts", "coords"]


def made(
    rows: int, empty: int, *, animals: bool, index: int, named: bool, index_named: bool, labelled: bool, seed: int
):
    """A table as a pose tool's pandas has it, the first rows of it empty, and others at random."""
    chance = np.random.default_rng(seed)
    coords = ["x", "y"] if labelled else ["x", "y", "likelihood"]
    owners = [["m1", "m 2"]] if animals else []
    columns = pd.MultiIndex.from_product([["ana"], *owners, ["nose", "7", "ear ö"], coords])
    columns.names = (ANIMALS if animals else LEVELS) if named else [None] * columns.nlevels
    values = chance.normal(200, 90, (rows, len(columns)))
    values[chance.random(rows) < 0.3] = np.nan
    values[:empty] = np.nan
    rows_: pd.Index = pd.RangeIndex(rows)
    if labelled:
        images = [("labeled-data", "007", f"img{n:08d}.png") for n in range(rows)]
        rows_ = pd.MultiIndex.from_tuples(images) if index == 3 else pd.Index(["/".join(one) for one in images])
    rows_.names = [f"index {'abc'[n]}" if index_named else None for n in range(rows_.nlevels)]
    return pd.DataFrame(values, index=rows_, columns=columns)


shapes = st.fixed_dictionaries(
    {
        "rows": st.integers(1, 6), "empty": st.integers(0, 6), "animals": st.booleans(),
        "index": st.sampled_from([1, 3]), "named": st.booleans(), "index_named": st.booleans(),
        "labelled": st.booleans(), "seed": st.integers(0, 99),
    }
)  # fmt: skip


@settings(max_examples=60)
@given(shape=shapes)
def test_a_table_is_the_same_from_csv_from_memory_and_from_h5(tmp_path: Path, shape: dict) -> None:
    table = made(**shape)
    table.to_csv(tmp_path / "a.csv")
    read = read_labelled_poses if shape["labelled"] else read_poses
    one, other = read(tmp_path / "a.csv"), read(table)
    assert one.bodyparts == other.bodyparts
    assert one.scorer == other.scorer == "ana"
    np.testing.assert_array_equal(one.xy, other.xy)
    assert len(one) == shape["rows"]
    if shape["labelled"]:
        assert one.images == other.images
        assert one.images[0] == "labeled-data/007/img00000000.png"
    if shape["seed"] % 10 == 0:  # a process of its own reads each
        table.to_hdf(tmp_path / "a.h5", key="df_with_missing", mode="w")
        np.testing.assert_array_equal(read(tmp_path / "a.h5").xy, other.xy)


@pytest.mark.parametrize("empty", [1, 2, 5])
def test_predictions_whose_first_frames_are_empty_are_found_and_chosen_from(tmp_path: Path, empty: int) -> None:
    table = pose_table(smooth_poses(60))
    table.iloc[:empty] = np.nan
    for name, columns in (("named", table.columns), ("nameless", table.columns.set_names([None] * 3))):
        table.set_axis(columns, axis=1).to_csv(tmp_path / f"{name}.csv")
    found = find_predictions(tmp_path)
    assert found["frames"].tolist() == [60, 60]
    assert select_difficult_frames(found, 1, progress=False)["error"].isna().all()


@pytest.mark.parametrize("levels", [1, 3])
@pytest.mark.parametrize("animals", [False, True])
def test_writing_again_loses_no_row_whichever_is_empty(tmp_path: Path, levels: int, animals: bool) -> None:
    table = made(4, 2, animals=animals, index=levels, named=True, index_named=False, labelled=True, seed=5)
    table.to_csv(tmp_path / "CollectedData_ana.csv")
    table.to_hdf(tmp_path / "CollectedData_ana.h5", key="df_with_missing", mode="w")
    before = read_labelled_poses(tmp_path / "CollectedData_ana.csv")
    label = "m1 nose" if animals else "nose"
    parts = list(before.bodyparts)
    again = [task("007/img00000009", ("ana", [point(label, 50, 50)], False))]
    for _ in range(2):
        written(again, tmp_path, scorer="ana", bodyparts=parts)
        for ending in ("csv", "h5"):
            after = read_labelled_poses(tmp_path / f"CollectedData_ana.{ending}")
            assert after.images == (*before.images, "labeled-data/007/img00000009.png")
            assert after.bodyparts == before.bodyparts
            np.testing.assert_array_equal(after.xy[:4], before.xy)
            assert after.xy[4, after.bodyparts.index(label)].tolist() == [320, 240]
    with (tmp_path / "CollectedData_ana.csv").open() as file:
        rows = [file.readline().split(",") for _ in range(5)]
    assert (rows[4 if animals else 3][1] == "007") == (levels == 3)
    assert (rows[1][0] == "individuals") == animals


def test_csv_and_h5_come_to_hold_the_same_rows(tmp_path: Path) -> None:
    first = [task("trial/img00000001", ("ana", [point("nose", 10, 10)], False))]
    second = [task("trial/img00000002", ("ana", [point("nose", 20, 10)], False))]
    written(first, tmp_path, scorer="ana", format="csv")
    made = written(second, tmp_path, scorer="ana")
    assert [len(read_labelled_poses(path)) for path in made.files] == [2, 2]
    told = written(first, tmp_path, scorer="ana", format="csv")
    assert "CollectedData_ana.h5 is there too" in " ".join(told.notes)


def test_several_animals_go_out_as_deeplabcut_has_them(tmp_path: Path) -> None:
    results = [point("nose", 10, 10, region="a"), point("nose", 20, 20, region="b"), point("corner", 5, 5)]
    results[0]["meta"], results[1]["meta"] = {"text": ["m1 nose"]}, {"text": "m2 nose"}
    made = written(
        [task("trial/img00000001", ("ana", results, False))], tmp_path, scorer="ana",
        bodyparts=["nose", "tail", "corner"], individuals=["m1", "m2"],
    )  # fmt: skip
    stored = pd.read_hdf(made.files[1])
    assert stored.columns.names == ANIMALS
    assert [name[1:3] for name in stored.columns[::2]] == [
        ("m1", "nose"), ("m2", "nose"), ("single", "tail"), ("single", "corner"),
    ]  # fmt: skip
    assert stored["ana"]["m2"]["nose"].to_numpy().tolist() == [[128.0, 96.0]]
    both = written(
        [task("trial/img00000001", ("ana", [point("m1 nose", 1, 1), point("m2 tail", 2, 2)], False))],
        tmp_path / "both", scorer="ana", individuals=["m1", "m2"],
    )  # fmt: skip
    assert [name[1:3] for name in pd.read_hdf(both.files[1]).columns[::2]] == [
        ("m1", "nose"), ("m1", "tail"), ("m2", "nose"), ("m2", "tail"),
    ]  # fmt: skip
    with pytest.raises(InputError, match="names no individuals"):
        written(
            [task("trial/img00000001", ("ana", [point("m1 nose", 1, 1)], False))], _plain(tmp_path / "plain"),
            scorer="ana", individuals=["m1"],
        )  # fmt: skip
    for wrong in ("m1", [], ["m1", "m1"], ["single"], [1]):
        with pytest.raises(InputError, match="individuals"):
            write_collected_data(pd.DataFrame(), tmp_path, scorer="ana", individuals=wrong)


def _plain(folder: Path) -> Path:
    written([task("trial/img00000001", ("ana", [point("nose", 1, 1)], False))], folder, scorer="ana")
    return folder


def test_what_superanimal_does_not_see_is_missing(tmp_path: Path) -> None:
    table = pose_table(smooth_poses(3))
    table.iloc[1, :3] = -1.0
    table.to_csv(tmp_path / "a.csv")
    for poses in (read_poses(table), read_poses(tmp_path / "a.csv")):
        assert np.isnan(poses.xy[1, 0]).all()
        assert np.isnan(poses.likelihood[1, 0])
        assert np.isfinite(poses.xy).sum() == 3 * 8 - 2


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\n1,2,3\n", "scorer,net\nbodyparts,nose,nose\ncoords,x,y\n", "\n\n", "",
        "net,net,net\nnose,nose,nose\nx,y,likelihood\n1,2,0.5\n", ",net,net\n,nose,\n,x,y\n",
    ],
)  # fmt: skip
def test_another_header_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(TableError, match="header"):
        read_poses(tmp_path / "a.csv")


def test_a_table_read_and_saved_once_more_is_still_read(tmp_path: Path) -> None:
    table = made(3, 0, animals=False, index=3, named=True, index_named=False, labelled=True, seed=1)
    saved = pd.read_csv(io.StringIO(table.to_csv()), header=[0, 1, 2])
    saved.to_csv(tmp_path / "a.csv", index=False)
    found = read_labelled_poses(tmp_path / "a.csv")
    np.testing.assert_array_equal(found.xy, read_labelled_poses(table).xy)
