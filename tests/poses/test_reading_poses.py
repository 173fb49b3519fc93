"""Tables of pose tools: read as they are written, and refused in plain words where they are not."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from pose_tables import PARTS, pose_table, smooth_poses

from lsnb.errors import InputError, MissingExtraError, MissingFileError, TableError
from lsnb.poses import read_labelled_poses, read_poses

HEAD = "scorer,net,net,net\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n"


def test_csv_and_both_kinds_of_h5_give_the_same_poses(tmp_path):
    table = pose_table(smooth_poses(40))
    table.iloc[3, 0] = np.nan
    table.to_csv(tmp_path / "a.csv")
    table.to_hdf(tmp_path / "fixed.h5", key="df_with_missing", mode="w")
    table.to_hdf(tmp_path / "table.h5", key="df_with_missing", mode="w", format="table")
    for name in ("a.csv", "fixed.h5", "table.h5"):
        poses = read_poses(tmp_path / name)
        assert poses.scorer == "net"
        assert poses.bodyparts == PARTS
        np.testing.assert_allclose(poses.xy, table.to_numpy().reshape(40, 4, 3)[..., :2], rtol=1e-12)
        assert np.isnan(poses.xy[3, 0, 0])
        assert (poses.likelihood == 0.99).all()
    np.testing.assert_array_equal(read_poses(table).xy, read_poses(tmp_path / "fixed.h5").xy)


def test_several_animals_get_a_body_part_each(tmp_path):
    columns = pd.MultiIndex.from_tuples(
        [("net", animal, part, coord) for animal, part in (("m1", "nose"), ("m2", "nose"), ("single", "corner"))
         for coord in ("x", "y", "likelihood")],
        names=["scorer", "individuals", "bodyparts", "coords"],
    )  # fmt: skip
    table = pd.DataFrame(np.arange(18.0).reshape(2, 9), columns=columns)
    table.to_csv(tmp_path / "a.csv")
    poses = read_poses(tmp_path / "a.csv")
    assert poses.bodyparts == ("m1 nose", "m2 nose", "corner")
    assert poses.xy[1, 1].tolist() == [12.0, 13.0]


def test_columns_are_found_by_name_and_others_left_aside():
    columns = pd.MultiIndex.from_product([["eks"], ["nose"], ["likelihood", "x_ens_var", "y", "x"]])
    poses = read_poses(pd.DataFrame([[0.5, 7.0, 2.0, 1.0]], columns=columns))
    assert poses.xy.tolist() == [[[1.0, 2.0]]]
    assert poses.likelihood.tolist() == [[0.5]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("frame,nose_x,nose_y\n0,1,2\n", "'frame', '0'"),
        (HEAD + "0,1,left,0.5\n1,1,2,0.5\n", "y of nose in frame 0 is 'left'"),
        (HEAD + "0,1,2,0.5\n2,1,2,0.5\n", "row 2 below the header has 2 where 1 belongs"),
        (HEAD + "1,1,2,0.5\n2,1,2,0.5\n", "has 1 where 0 belongs"),
        (HEAD + "labeled-data/v/img0001.png,1,2,0.5\n", "about single images"),
        (HEAD + "0,1,2,0.5,9\n1,1,2,0.5\n", "columns below a header of 4"),
        (HEAD + "0,1,2,0.5\n1,1,2,0.5,9,9\n", "longer than its header"),
        (HEAD, "a header and no rows"),
        ("scorer,net,net\nbodyparts,nose,nose\ncoords,x,y\n0,1,2\n", "no likelihood for nose"),
        (HEAD.replace("nose,nose,nose", "nose,nose,ear") + "0,1,2,0.5\n", "no likelihood for nose"),
        (HEAD.replace("net,net,net", "a,a,b") + "0,1,2,0.5\n", "several scorers (a, b)"),
        (HEAD.replace("x,y,l", "x,x,l") + "0,1,2,0.5\n", "nose x more than once"),
    ],
)
def test_another_table_is_refused_with_what_is_wrong(tmp_path, text, said):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(TableError) as caught:
        read_poses(path)
    assert said in str(caught.value)
    assert "bad.csv" in str(caught.value)


def test_a_table_of_poses_is_accounted_for(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + "0,1,2,0.5\n\n1,1,2,0.5\n\n", encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tally = read_poses(path).tally
    assert tally is not None
    assert (tally.seen, tally.taken, tally.unexplained) == (2, 2, 0)
    path.write_text(
        HEAD.replace("likelihood", "likelihood,z").replace("net\n", "net,net\n").replace("nose\n", "nose,nose\n")
        + "0,1,2,0.5,9\n"
    )
    with pytest.warns(UserWarning, match=r"a\.csv: the columns 'z' of 1 body part are left out"):
        assert read_poses(path).xy.tolist() == [[[1.0, 2.0]]]


@pytest.mark.parametrize("rows", ["0,1,2,0.5\n1,1,2", "0,1,2\n1,1,2,0.5\n", "0,1,2,0.5\n1,1,2\n2,1,2,0.5\n"])
def test_a_row_that_breaks_off_is_refused_and_no_part_of_a_number_taken(tmp_path, rows):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    with pytest.raises(
        TableError, match=r"a\.csv has fewer than 4 cells in line [45]: it was cut off or changed there"
    ):
        read_poses(path)
    path = tmp_path / "CollectedData_a.csv"
    path.write_text("scorer,a,a\nbodyparts,n,n\ncoords,x,y\nv/1.png,1,2\nv/2.png,1", encoding="utf-8")
    with pytest.raises(TableError, match=r"fewer than 3 cells in line 5"):
        read_labelled_poses(path)


def test_labelled_poses_are_accounted_for(tmp_path):
    path = tmp_path / "CollectedData_a.csv"
    path.write_text(
        "scorer,a,a,a\nbodyparts,n,n,n\ncoords,x,y,likelihood\nv/1.png,1,2,1\nv/1.png,3,4,1\n", encoding="utf-8"
    )
    with pytest.warns(UserWarning, match="CollectedData") as said:
        found = read_labelled_poses(path)
    assert found.tally is not None
    assert (found.tally.seen, found.tally.taken) == (2, 2)
    texts = " ".join(str(one.message) for one in said)
    assert "the columns 'likelihood' are left out" in texts
    assert "names v/1.png more than once, and all these rows are taken" in texts


def test_places_in_space_of_deeplabcut_are_in_no_picture(tmp_path):
    path = tmp_path / "trial_DLC_3D.csv"
    path.write_text("scorer,a,a,a\nbodyparts,n,n,n\ncoords,x,y,z\n0,1,2,3\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"trial_DLC_3D\.csv has places in space .* give the tables of the cameras"):
        read_poses(path)


def test_decimal_commas_and_a_mark_are_read(tmp_path):
    text = (HEAD + "0,1.5,2,0.5\n").replace(",", ";").replace(".", ",")
    (tmp_path / "a.csv").write_text(text, encoding="utf-8-sig")
    assert read_poses(tmp_path / "a.csv").xy.tolist() == [[[1.5, 2.0]]]


def test_a_path_that_is_none_or_not_there_is_named(tmp_path):
    (tmp_path / "trial.csv").write_text(HEAD + "0,1,2,0.5\n")
    with pytest.raises(MissingFileError, match=r"Did you mean 'trial\.csv'"):
        read_poses(tmp_path / "trail.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_poses(tmp_path)
    with pytest.raises(InputError, match="predictions is 7"):
        read_poses(7)
    (tmp_path / "a.h5").write_bytes(b"no such thing")
    with pytest.raises(TableError, match="cannot be read as a pose tool's H5 file"):
        read_poses(tmp_path / "a.h5")


def test_h5_without_h5py_says_how_to_install_it(tmp_path, monkeypatch):
    pose_table(smooth_poses(3)).to_hdf(tmp_path / "a.h5", key="df_with_missing", mode="w")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r'pip install "lsnb\[pose\]"'):
        read_poses(tmp_path / "a.h5")


def test_labelled_poses_are_read_with_images_named_by_one_column_or_three(tmp_path):
    head = "scorer,{c}ana,ana\nbodyparts,{c}nose,nose\ncoords,{c}x,y\n"
    (tmp_path / "one.csv").write_text(head.format(c="") + "labeled-data/v/img1.png,1,\n")
    (tmp_path / "three.csv").write_text(head.format(c=",,") + "labeled-data,v,img1.png,1,\n")
    (tmp_path / "windows.csv").write_text(head.format(c="") + "labeled-data\\v\\img1.png,1,\n")
    for name in ("one.csv", "three.csv", "windows.csv"):
        labels = read_labelled_poses(tmp_path / name)
        assert labels.images == ("labeled-data/v/img1.png",)
        assert labels.xy[0, 0, 0] == 1
        assert np.isnan(labels.xy[0, 0, 1])


def test_a_first_row_without_any_cell_is_a_row(tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + "0,,,\n1,1,2,0.5\n")
    assert np.isnan(read_poses(tmp_path / "a.csv").xy[0]).all()
    (tmp_path / "named.csv").write_text(HEAD + "frame,,,\n0,1,2,0.5\n")
    assert read_poses(tmp_path / "named.csv").xy.tolist() == [[[1.0, 2.0]]]
    head = "scorer,ana,ana\nbodyparts,nose,nose\ncoords,x,y\n"
    (tmp_path / "labels.csv").write_text(head + "labeled-data/v/img1.png,,\nlabeled-data/v/img2.png,1,2\n")
    assert len(read_labelled_poses(tmp_path / "labels.csv")) == 2
