"""Poses of chosen frames as Label Studio predictions: in percent, with likelihoods, checked as the server would."""

import numpy as np
import pandas as pd
import pytest
from pose_tables import PARTS, pose_table, smooth_poses

from lsnb.errors import InputError
from lsnb.labels import LabelConfig
from lsnb.poses import from_poses
from lsnb.predictions import check_results

CONFIG = LabelConfig.image("image").keypoints("part", list(PARTS))


def frames_table(video="v.mp4", frames=(3, 7), size=(400, 500)):
    return pd.DataFrame(
        {
            "item": [f"v/img{frame:08d}" for frame in frames],
            "video": video,
            "frame": list(frames),
            "is_context": False,
            "width": size[0],
            "height": size[1],
        }
    )


def test_each_body_part_is_a_key_point_in_percent_with_its_likelihood_as_score():
    xy = smooth_poses(10)
    likelihood = np.linspace(0.1, 0.9, 40).reshape(10, 4)
    found = from_poses(pose_table(xy, likelihood), frames_table(), config=CONFIG)
    assert found.table["status"].tolist() == ["ready", "ready"]
    for frame in (3, 7):
        item = f"v/img{frame:08d}"
        results = found.results[item]
        assert check_results(results, CONFIG) == []
        assert [result["value"]["keypointlabels"] for result in results] == [[part] for part in PARTS]
        places = [(r["value"]["x"] / 100 * 400, r["value"]["y"] / 100 * 500) for r in results]
        np.testing.assert_allclose(places, xy[frame], atol=1e-9)
        assert [result["score"] for result in results] == pytest.approx(likelihood[frame].tolist())
        assert found.scores[item] == pytest.approx(likelihood[frame].mean())
    assert from_poses(pose_table(xy, likelihood), frames_table(), config=CONFIG) == found


def test_what_is_unlikely_missing_or_outside_is_not_drawn():
    xy, likelihood = smooth_poses(10), np.full((10, 4), 0.9)
    xy[3, 0], xy[3, 1], likelihood[3, 2] = np.nan, [-5, 10], 0.1
    found = from_poses(pose_table(xy, likelihood), frames_table(), config=CONFIG, min_likelihood=0.5)
    assert [r["value"]["keypointlabels"] for r in found.results["v/img00000003"]] == [["tail"]]
    assert found.table["status"].tolist() == ["warning", "ready"]
    assert "left_ear outside" in found.table["warnings"][0][0]["message"]


def test_each_video_gets_its_own_and_others_have_no_prediction():
    frames = pd.concat([frames_table(f"/data/{name}.mp4", frames=(1,)) for name in "abc"], ignore_index=True)
    frames["item"] = ["a", "b", "c"]
    tables = {"a.mp4": pose_table(smooth_poses(5)), "/data/b.mp4": pose_table(smooth_poses(1))}
    found = from_poses(tables, frames, config=CONFIG)
    assert found.table["status"].tolist() == ["ready", "failed", "no prediction"]
    assert "has 1 frames, and this is frame 1" in found.table["errors"][1][0]["message"]
    assert list(found.results) == ["a"]


def test_the_median_of_an_ensemble_is_drawn():
    xy = smooth_poses(10)
    members = [pose_table(xy + shift) for shift in (0, 1, 50)]
    found = from_poses(members, frames_table(frames=(3,)), config=CONFIG)
    assert found.results["v/img00000003"][0]["value"]["x"] == pytest.approx((xy[3, 0, 0] + 1) / 4)


def test_animals_share_labels_where_the_config_does_not_tell_them_apart():
    table = pose_table(smooth_poses(5, ("m1 nose", "m2 nose")), parts=("m1 nose", "m2 nose"))
    config = LabelConfig.image("image").keypoints("part", ["nose"])
    results = from_poses(table, frames_table(frames=(3,)), config=config).results["v/img00000003"]
    assert [result["value"]["keypointlabels"] for result in results] == [["nose"], ["nose"]]
    assert [result["meta"]["text"] for result in results] == [["m1 nose"], ["m2 nose"]]
    assert len({result["id"] for result in results}) == 2


def test_body_parts_without_a_label_are_named_and_none_with_one_is_an_error():
    table = pose_table(smooth_poses(10))
    two = LabelConfig.image("image").keypoints("part", ["nose", "tail"])
    found = from_poses(table, frames_table(), config=two)
    assert "no label for left_ear, right_ear" in found.notes[0]
    with pytest.raises(InputError, match="None of the predicted body parts"):
        from_poses(table, frames_table(), config=LabelConfig.image("image").keypoints("part", ["wing"]))


def test_every_wrong_argument_is_reported_at_once():
    boxes = LabelConfig.image("image").rectangles("box", ["a"])
    with pytest.raises(InputError) as caught:
        from_poses(pose_table(smooth_poses(3)), pd.DataFrame({"item": ["a"]}), config=boxes, min_likelihood=7)
    text = str(caught.value)
    assert all(word in text for word in ("no key points", "min_likelihood is 7", "'video'", "'frame'", "'width'"))


def test_a_frame_that_is_no_number_or_shares_its_item_is_never_lost_or_drawn_over():
    poses, frames = pose_table(smooth_poses(10)), frames_table()
    with pytest.raises(InputError, match="'frame' of the frames table"):
        from_poses(poses, frames.assign(frame=["3", "seven"]), config=CONFIG)
    with pytest.raises(InputError, match="'item' of the frames table has a for several frames"):
        from_poses(poses, frames.assign(item="a"), config=CONFIG)
    with pytest.raises(InputError, match="'item' of the frames table is empty"):
        from_poses(poses, frames.assign(item=["a", None]), config=CONFIG)
    twice = from_poses(poses, pd.concat([frames, frames]), config=CONFIG)
    assert twice == from_poses(poses, frames, config=CONFIG)


def test_the_predictions_of_the_only_video_of_a_table_are_not_those_of_another():
    table = pd.DataFrame({"video": ["v.mp4"], "predictions": [pose_table(smooth_poses(10))]})
    frames = pd.concat([frames_table(), frames_table("w.mp4").assign(item=["w/3", "w/7"])], ignore_index=True)
    found = from_poses(table, frames, config=CONFIG)
    assert list(found.results) == ["v/img00000003", "v/img00000007"]


def test_predictions_taken_for_films_of_one_name_are_said():
    config, poses = LabelConfig.image("image").keypoints("part", PARTS), pose_table(smooth_poses(9))
    frames = pd.DataFrame({"item": ["a", "b"], "video": ["a/v.mp4", "b/v.mp4"], "frame": [3, 3]})
    for given, said in (({"a/v.mp4": poses}, "taken for b/v.mp4, too:"), (poses, "taken for a/v.mp4, b/v.mp4:")):
        assert said in " ".join(from_poses(given, frames, config=config, size=(400, 500)).notes)
    each = {"a/v.mp4": poses, "b/v.mp4": poses}
    assert not from_poses(each, frames, config=config, size=(400, 500)).notes
