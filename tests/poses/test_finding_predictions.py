"""Which videos have predictions: found in a folder whatever else lies in it."""

import pandas as pd
import pytest
from pose_tables import pose_table, smooth_poses

from lsnb.errors import InputError, MissingFileError, TableError
from lsnb.kernel.tally import tally_of
from lsnb.poses import choose_videos, find_predictions
from lsnb.poses.finding import detection_frames


def test_each_video_is_listed_once_with_its_predictions(tmp_path):
    table = pose_table(smooth_poses(12), scorer="DLC_resnet50_mice")
    for name in ("trial1.mp4", "trial10.mp4", "sub/trial2.avi"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    table.to_csv(tmp_path / "trial1DLC_resnet50_mice.csv")
    table.to_hdf(tmp_path / "trial1DLC_resnet50_mice.h5", key="df_with_missing", mode="w")
    table.to_csv(tmp_path / "trial1DLC_resnet50_mice_filtered.csv")
    table.to_hdf(tmp_path / "trial10.h5", key="df_with_missing", mode="w", format="table")
    table.to_csv(tmp_path / "sub" / "trial2.csv")
    table["DLC_resnet50_mice"]["nose"][["x"]].to_csv(tmp_path / "sub" / "trial2_temporal_norm.csv")
    table.to_csv(tmp_path / "elsewhereDLC_resnet50_mice.csv")
    table.to_csv(tmp_path / "CollectedData_ana.csv")
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    (tmp_path / "broken.h5").write_bytes(b"no")
    with pytest.warns(
        UserWarning, match=r"^Not every file in .* was taken\. broken\.h5 cannot be read .*damaged"
    ) as told:
        found = find_predictions(tmp_path)
    assert len(told) == 1
    account = tally_of(found)
    assert account is not None
    assert (account.seen, account.taken, account.unexplained) == (6, 4, 0)
    assert {why: left.places for why, left in account.left_out.items()} == {
        "not readable": ["broken.h5"],
        "no predictions": ["notes.csv"],
    }
    assert found["video"].tolist() == [
        str(tmp_path / "sub" / "trial2.avi"),
        str(tmp_path / "trial1.mp4"),
        str(tmp_path / "trial10.mp4"),
        "elsewhere",
    ]
    assert [path.rsplit("/", 1)[-1] for path in found["predictions"]] == [
        "trial2.csv",
        "trial1DLC_resnet50_mice.csv",
        "trial10.h5",
        "elsewhereDLC_resnet50_mice.csv",
    ]
    assert found["frames"].tolist() == [12] * 4
    assert found["bodyparts"].tolist() == [4] * 4
    assert found["metric_files"].tolist()[0] == [str(tmp_path / "sub" / "trial2_temporal_norm.csv")]


def test_videos_may_lie_in_another_folder(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "videos" / "a.mp4").write_bytes(b"")
    pose_table(smooth_poses(3)).to_csv(tmp_path / "out" / "a.csv")
    found = find_predictions(tmp_path / "out", videos=tmp_path / "videos")
    assert found["video"].tolist() == [str(tmp_path / "videos" / "a.mp4")]


def test_an_empty_folder_gives_an_empty_table_and_no_folder_a_sentence(tmp_path):
    assert list(find_predictions(tmp_path).columns) == [
        "video", "predictions", "frames", "bodyparts", "scorer", "metric_files",
    ]  # fmt: skip
    with pytest.raises(MissingFileError, match="There is no folder"):
        find_predictions(tmp_path / "nowhere")
    with pytest.raises(InputError, match="folder is None"):
        find_predictions(None)


def test_videos_are_chosen_by_name_and_unknown_names_are_told_all_at_once():
    found = pd.DataFrame({"video": ["a/trial1.mp4", "a/trial2.mp4", "elsewhere"], "predictions": ["1", "2", "3"]})
    assert choose_videos(found, ["trial2.mp4", "elsewhere"])["predictions"].tolist() == ["2", "3"]
    assert choose_videos(found, "a/trial1.mp4")["predictions"].tolist() == ["1"]
    assert choose_videos(found).equals(found)
    with pytest.raises(InputError) as told:
        choose_videos(found, ["trail1", "b"])
    assert len(told.value.problems) == 2
    assert "Did you mean 'trial1'?" in told.value.problems[0]
    with pytest.raises(InputError, match="No predictions are there"):
        choose_videos(found.head(0))


def test_h5_files_are_told_that_lie_there_without_what_reads_them(tmp_path, monkeypatch):
    for name in ("a", "b"):
        pose_table(smooth_poses(3)).to_hdf(tmp_path / f"{name}.h5", key="df_with_missing", mode="w")
    pose_table(smooth_poses(3)).to_csv(tmp_path / "b.csv")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.warns(UserWarning, match=r"a\.h5 is an H5 file, which needs h5py: run 'pip install"):
        found = find_predictions(tmp_path)
    assert found["video"].tolist() == ["b"]


@pytest.mark.parametrize("frame", ["inf", "1e30", "9" * 30, 10**400, None, -1, "1.5", str(2**40)])
@pytest.mark.parametrize("column", ["frame", "item"])
def test_a_detectors_frame_that_no_video_has_is_refused(frame: str | int | None, column: str) -> None:
    name = frame if column == "frame" else f"trial/img{'9' * 20}.png"
    with pytest.raises(TableError, match=f"Column '{column}' of the detector's table does not say the frame"):
        detection_frames(pd.DataFrame({column: pd.Series([name, name], dtype="object"), "score": 0.5}))


def test_a_gap_among_a_detectors_whole_frames_is_refused() -> None:
    with pytest.raises(TableError, match="does not say the frame"):
        detection_frames(pd.DataFrame({"frame": pd.Series([1, None], dtype="Int64"), "score": 0.5}))
