"""The frames a model finds difficult: the right ones, one of each event, with a reason; and refusals in words."""

import pickle
import warnings
from concurrent.futures import Executor, Future

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pose_tables import PARTS, pose_table, smooth_poses, with_jumps
from video_maker import make_video

import lsnb
from lsnb.errors import InputError, MissingFileError, TableError
from lsnb.frames import select_difficult_frames, select_frames
from lsnb.frames.tables import CHOSEN_COLUMNS
from lsnb.poses import find_predictions

JUMPS = {300: 40.0, 301: -40.0, 302: 40.0, 600: 45.0, 900: 50.0, 1200: 55.0, 1500: 48.0}


class Sending(Executor):
    """Runs here what went through pickle, as if it came from another process."""

    def submit(self, function, /, *arguments, **options):
        future = Future()
        future.set_result(pickle.loads(pickle.dumps(function))(*pickle.loads(pickle.dumps(arguments)), **options))
        return future


@pytest.mark.parametrize("metrics", [None, ["temporal_norm"], ["pca_singleview"], ["temporal_norm", "likelihood"]])
def test_five_events_are_five_frames_and_not_neighbours(metrics):
    table = pose_table(with_jumps(smooth_poses(2000), JUMPS))
    found = select_difficult_frames(table, 5, min_gap=10, metrics=metrics)
    frames = found["frame"].tolist()
    assert frames[0] in (300, 301, 302)
    assert frames[1:] == [600, 900, 1200, 1500]
    assert list(found.columns) == list(CHOSEN_COLUMNS)
    assert found["reason"].str.contains("left_ear").all()
    assert found["score"].min() > 6
    if metrics == ["temporal_norm"]:
        assert found["reason"].tolist()[4] in ("left_ear jumped 48 px", "left_ear jumped 49 px")


def test_of_more_events_than_wanted_each_kind_is_among_the_chosen():
    jumps = dict.fromkeys(range(100, 1900, 60), 60.0)
    xy = with_jumps(smooth_poses(2000), jumps)
    likelihood = np.full((2000, 4), 0.99)
    likelihood[1930:1935, 3] = 0.05
    members = [pose_table(xy, likelihood), pose_table(xy, likelihood)]
    members[1].iloc[1960, 6] += 90.0
    reasons = " ".join(select_difficult_frames(members, 6, seed=1)["reason"])
    assert "left_ear jumped" in reasons
    assert "likelihood of tail 0.05" in reasons
    assert "models disagree on right_ear by 45 px" in reasons


def test_the_threshold_has_an_effect():
    likelihood = np.full((500, 4), 0.99)
    likelihood[100], likelihood[300] = 0.5, 0.2
    table = pose_table(smooth_poses(500), likelihood)
    with pytest.warns(UserWarning, match="1 of 3 frames"):
        assert select_difficult_frames(table, 3, threshold=0.3, metrics=["likelihood"])["frame"].tolist() == [300]
    with pytest.warns(UserWarning, match="2 of 3 frames"):
        found = select_difficult_frames(table, 3, threshold=0.6, metrics=["likelihood"])
    assert found["frame"].tolist() == [100, 300]
    assert found["reason"][1] == "likelihood of nose 0.20; likelihood of left_ear 0.20"


def test_a_body_part_that_is_always_unsure_is_difficult_and_does_not_hide_the_others():
    likelihood = np.full((1000, 4), 0.99)
    likelihood[:, 3] = 0.3
    likelihood[700, 0] = 0.1
    found = select_difficult_frames(pose_table(smooth_poses(1000), likelihood), 3, metrics=["likelihood"])
    assert 700 in found["frame"].tolist()
    assert len(found) == 3


def test_a_gap_in_one_cell_leaves_every_other_cell_as_it_was():
    xy = with_jumps(smooth_poses(2000), JUMPS)
    gappy = xy.copy()
    gappy[600, 2] = np.nan
    gappy[50:80, 0] = np.nan
    assert select_difficult_frames(pose_table(gappy), 5, min_gap=3)["frame"].tolist()[1:] == [600, 900, 1200, 1500]
    gone = xy.copy()
    gone[:, 3] = np.nan
    assert select_difficult_frames(pose_table(gone), 5, min_gap=3)["frame"].tolist()[1:] == [600, 900, 1200, 1500]


@settings(max_examples=25)
@given(
    n=st.integers(1, 12),
    start=st.floats(0, 0.5),
    length=st.floats(0.2, 0.5),
    gap=st.integers(1, 60),
    exclude=st.sets(st.sampled_from([*JUMPS, 10, 1999])),
)
def test_portion_gap_and_earlier_frames_are_honoured(n, start, length, gap, exclude):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = select_difficult_frames(
            TABLE, n, start=start, stop=start + length, min_gap=gap, exclude=exclude, metrics=["temporal_norm"]
        )
    frames = found["frame"].tolist()
    assert len(frames) <= n
    assert frames == sorted(set(frames))
    assert all(start * 2000 - 1 <= frame <= (start + length) * 2000 for frame in frames)
    assert all(abs(a - b) >= gap for a in frames for b in [*exclude, *frames] if a != b)
    assert not exclude & set(frames)
    within = [f for f in (600, 900, 1200, 1500) if start * 2000 + 1 < f < (start + length) * 2000 - 1]
    within = [f for f in within if all(abs(f - other) >= gap for other in exclude)]
    assert len(frames) >= min(n, len(within))


TABLE = pose_table(with_jumps(smooth_poses(2000), JUMPS))


def test_fewer_difficult_frames_than_wanted_are_returned_with_a_sentence():
    with pytest.warns(UserWarning, match="7 of 50 frames: no more are difficult"):
        found = select_difficult_frames(TABLE, 50, metrics=["temporal_norm"])
    assert found["frame"].tolist() == list(JUMPS)
    with pytest.warns(UserWarning, match="5 of 50 frames: more are difficult, and lie within 3 frames"):
        assert len(select_difficult_frames(TABLE, 50, min_gap=3, metrics=["temporal_norm"])) == 5
    with pytest.warns(UserWarning, match="0 of 3 frames"):
        calm = select_difficult_frames(pose_table(smooth_poses(500)), 3)
    assert calm["frame"].tolist() == []
    assert calm["frame"].dtype == "int64"
    for option in ({"margin": 700}, {"start": 0.5}):
        with pytest.warns(UserWarning, match="2 of 9 frames: 5 more are difficult, and lie in the margin or outside"):
            select_difficult_frames(TABLE, 9, metrics=["temporal_norm"], **option)


def test_a_second_run_brings_other_events():
    likelihood = np.full((2000, 4), 0.99)
    for start, sure in ((300, 0.1), (700, 0.12), (900, 0.14)):  # trouble that lasts, and is the same all along
        likelihood[start : start + 60, 3] = sure
    table = pose_table(smooth_poses(2000), likelihood)
    first = select_difficult_frames(table, 1, video="v", metrics=["likelihood"])
    second = select_difficult_frames(table, 2, video="v", metrics=["likelihood"], exclude=first)
    assert (first["frame"] // 100).tolist() == [3]
    assert (second["frame"] // 100).tolist() == [7, 9]


def context_frames(video):
    return pd.DataFrame({"video": [video] * 3, "frame": [6, 5, 4], "is_context": [True, False, True]})


@pytest.mark.parametrize(
    ("exclude", "gone"),
    [
        (lambda video: [5, 7], {5, 7}),
        (lambda video: "4-6, 9", {4, 5, 6, 9}),
        (lambda video: {video: "5"}, {5}),
        (lambda video: {video: [5, "7-8"], "elsewhere.mp4": [9]}, {5, 7, 8}),
        (context_frames, {5}),
        (lambda video: context_frames(video).drop(columns="video"), {5}),
        (lambda video: context_frames(video).drop(columns="is_context"), {4, 5, 6}),
        (lambda video: pd.DataFrame({"frame": [5.0, None], "video": video}), {5}),
        (lambda video: None, set()),
    ],
)
def test_what_was_chosen_before_is_the_same_to_both_verbs(exclude, gone, tmp_path):
    video = str(make_video(tmp_path / "clip.mp4", 12, width=64, height=48))
    likelihood = np.full((12, 4), 0.05)
    likelihood[:2] = 0.99  # the first two are not difficult
    table = pose_table(smooth_poses(12), likelihood)

    def difficult(exclude):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = select_difficult_frames(
                table, 12, video=video, metrics=["likelihood"], min_score=0.1, min_gap=1, exclude=exclude
            )
        return set(found["frame"])

    def regular(exclude):
        return set(select_frames(video, method="stride", stride=1, exclude=exclude, progress=False)["frame"])

    assert difficult(()) == set(range(2, 12))
    assert regular(()) - regular(exclude(video)) == gone
    assert difficult(()) - difficult(exclude(video)) == gone


@pytest.mark.parametrize("wrong", ["a-b", [-3], [1.5], {3: [1]}, pd.DataFrame({"x": [1]}), [True]])
def test_what_cannot_have_been_chosen_is_refused_by_both_verbs_in_the_same_words(wrong, tmp_path):
    video = str(make_video(tmp_path / "clip.mp4", 12, width=64, height=48))
    said = []
    for call in (
        lambda: select_difficult_frames(pose_table(smooth_poses(12)), 1, video=video, exclude=wrong),
        lambda: select_frames(video, 1, exclude=wrong, progress=False),
    ):
        with pytest.raises(InputError, match="exclude") as caught:
            call()
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_a_video_may_be_named_by_its_stem_if_no_other_has_it():
    predictions = {"a/one.mp4": TABLE, "b/two.mp4": TABLE, "c/two.mp4": TABLE}
    before = select_difficult_frames(predictions, 1, metrics=["temporal_norm"], progress=False)
    first = before["frame"].iloc[0]
    exclude = pd.DataFrame({"video": ["elsewhere/one.avi", "two"], "frame": [first, first]})
    after = select_difficult_frames(predictions, 1, metrics=["temporal_norm"], exclude=exclude, progress=False)
    assert (after["frame"] == before["frame"]).tolist() == [False, True, True]
    with pytest.warns(UserWarning, match=r"None of the videos that exclude names \(two\) is among those given"):
        select_difficult_frames(predictions, 1, exclude={"two": [first]}, progress=False)
    with pytest.raises(InputError, match="exclude is a list of frames, and there are several videos"):
        select_difficult_frames(predictions, 1, exclude=[300], progress=False)


def test_a_long_event_gives_several_frames_when_nothing_else_does():
    likelihood = np.full((1000, 4), 0.99)
    likelihood[400:600, 1] = 0.2
    found = select_difficult_frames(pose_table(smooth_poses(1000), likelihood), 6, min_gap=20)
    frames = found["frame"].to_numpy()
    assert len(frames) == 6
    assert ((frames >= 400) & (frames < 600)).all()
    assert np.diff(frames).min() >= 20
    assert found["cluster"].nunique() == 1


def test_with_the_video_each_frame_has_its_time_and_a_wrong_length_is_said(tmp_path):
    video = make_video(tmp_path / "v.mp4", 60, fps=20, rate="variable")
    from lsnb.media import frame_times

    xy = with_jumps(smooth_poses(64), {30: 60.0, 62: 60.0})
    found = select_difficult_frames(pose_table(xy[:60]), 1, video=video)
    assert found["video"].tolist() == [str(video)]
    assert found["frame"].tolist() == [30]
    assert found["time"].tolist() == [frame_times(video)[30]]
    with pytest.warns(UserWarning, match="has 60 frames, and its predictions have 64 rows"):
        longer = select_difficult_frames(pose_table(xy), 1, video=video)
    assert longer["frame"].tolist() == [30]


def test_a_table_of_videos_gives_the_same_on_an_executor_and_a_failing_one_is_a_row(tmp_path):
    for number in range(3):
        pose_table(with_jumps(smooth_poses(600, seed=number), {100 * number + 50: 50.0})).to_csv(
            tmp_path / f"v{number}.csv"
        )
    videos = find_predictions(tmp_path).assign(subject=["x", "y", "z"])
    (tmp_path / "v1.csv").write_text("nothing\n")
    with pytest.warns(UserWarning, match="v1: no frame could be chosen"):
        here = select_difficult_frames(videos, 1)
    assert here["video"].tolist() == ["v0", "v1", "v2"]
    assert here["subject"].tolist() == ["x", "y", "z"]
    assert here["frame"].fillna(-1).tolist() == [50, -1, 250]
    assert "no pose tool's header" in here["error"][1]
    with pytest.warns(UserWarning, match="v1"):
        there = select_difficult_frames(videos, 1, executor=Sending())
    pd.testing.assert_frame_equal(here, there)
    with pytest.warns(UserWarning, match="v1"), pytest.raises(InputError, match="v1: v1"):
        select_difficult_frames(videos[videos["video"] == "v1"], 1)


def test_metrics_of_a_file_are_used_in_place_of_computed_ones(tmp_path):
    table = pose_table(smooth_poses(300))
    errors = pd.DataFrame(np.ones((300, 2)), columns=["nose", "tail"])
    errors.loc[120, "tail"] = 90.0
    errors.to_csv(tmp_path / "v_pca_singleview_error.csv")
    found = select_difficult_frames(table, 1, metric_files=tmp_path / "v_pca_singleview_error.csv")
    assert found["frame"].tolist() == [120]
    assert found["reason"].tolist() == ["tail 90 px off the usual poses"]
    blur = pd.DataFrame({"frame": range(300), "blur": np.where(np.arange(300) == 7, 5.0, 0.1)})
    found = select_difficult_frames(table, 1, metric_files={"sharpness": blur}, metrics=["sharpness"])
    assert found[["frame", "reason"]].to_numpy().tolist() == [[7, "sharpness of blur 5"]]


@pytest.mark.parametrize("name", ["blur", "temporal_norm", "likelihood", "ensemble_variance"])
@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39, -5.0])
def test_metrics_without_end_or_below_zero_end_no_choice_and_are_said(name, value):
    errors = pd.DataFrame({"nose": np.ones(300)})
    errors.iloc[50:55] = value
    errors.iloc[200] = 50.0
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = select_difficult_frames(pose_table(smooth_poses(300)), 1, metrics=[name], metric_files={name: errors})
    assert found["frame"].tolist() == [200]
    expected = [f"the metric {name!r}: 5 values are infinite, or nearly so, and taken for missing."]
    assert [str(one.message) for one in said] == ([] if value == -5 else expected)


def test_views_in_one_table_and_in_several_find_the_same_frame():
    chance = np.random.default_rng(0)
    space = smooth_poses(800)[:, :2]
    depth = chance.normal(0, 0.2, (800, 2, 2)) + np.sin(np.arange(800) / 60)[:, None, None] * 40
    top, side = space, np.concatenate([space[..., :1], depth[..., :1] + 200], axis=2)
    side[500, 1, 0] += 50
    one = pose_table(np.concatenate([top, side], axis=1), parts=("a_top", "b_top", "a_side", "b_side"))
    views = {"top": ["a_top", "b_top"], "side": ["a_side", "b_side"]}
    found = select_difficult_frames(one, 1, views=views, metrics=["pca_multiview"])
    assert found["frame"].tolist() == [500]
    two = [pose_table(view, parts=("a", "b")) for view in (top, side)]
    found = select_difficult_frames(two[0], 1, views=[two[1]], metrics=["pca_multiview"])
    assert found["frame"].tolist() == [500]
    assert "off where the other views have it" in found["reason"][0]


def test_labelled_poses_say_which_poses_are_usual():
    good = smooth_poses(600)
    columns = pd.MultiIndex.from_product([["ana"], PARTS, ["x", "y"]])
    labels = pd.DataFrame(good[::20].reshape(30, -1), columns=columns, index=[f"a/b/{n}.png" for n in range(30)])
    table = pose_table(with_jumps(good, {200: 50.0}))
    found = select_difficult_frames(table, 1, labels=labels, metrics=["pca_singleview"])
    assert found["frame"].tolist() == [200]
    strange = labels.rename(columns=dict(zip(PARTS, "abcd", strict=True)))
    with pytest.raises(InputError, match="none of the predicted body parts"):
        select_difficult_frames(table, 1, labels=strange, metrics=["pca_singleview"])


def test_a_detectors_unsure_frames_are_difficult():
    scores = np.full(400, 0.95)
    scores[[50, 51, 300]] = [0.3, 0.35, 0.52]
    boxes = pd.DataFrame({"frame": np.arange(400), "label": "mouse", "score": scores})
    found = select_difficult_frames(boxes, 2, video="v")
    assert found["frame"].tolist() == [50, 300]
    assert found["reason"].str.contains("confidence of a detection 0.3").tolist() == [True, False]
    several = pd.concat([boxes.assign(video="a"), boxes.assign(video="b")])
    assert select_difficult_frames(several, 2)["video"].tolist() == ["a", "a", "b", "b"]


def test_every_wrong_argument_is_reported_at_once():
    with pytest.raises(InputError) as caught:
        select_difficult_frames(
            TABLE, 0, metrics=["temporal"], threshold=0, min_score="6", start=0.9, stop=0.1,
            min_gap=0, exclude="x", seed=-1, executor=3, video="no/such.mp4",
        )  # fmt: skip
    text = str(caught.value)
    for said in (
        "n is 0", "threshold is 0 (no likelihood is below 0)", "min_score is '6'", "portion must end after",
        "min_gap is 0", "exclude holds 'x'", "seed is -1", "executor is 3", "There is no video no/such.mp4",
    ):  # fmt: skip
        assert said in text
    with pytest.raises(InputError, match="There is no metric 'temporal'"):
        select_difficult_frames(TABLE, 1, metrics=["temporal"])
    with pytest.raises(InputError, match="ensemble_variance compares models: give a list"):
        select_difficult_frames(TABLE, 1, metrics=["ensemble_variance"])


@pytest.mark.parametrize("n", [True, 2.0, "3", None, np.nan])
def test_n_is_a_whole_number(n):
    with pytest.raises(InputError, match="n is"):
        select_difficult_frames(TABLE, n)


def test_more_frames_than_there_are_is_an_error_with_both_numbers():
    with pytest.raises(InputError, match=r"n is 2001, and .* has 2000 frames"):
        select_difficult_frames(TABLE, 2001)
    with pytest.raises(InputError, match="has 200 frames in this portion"):
        select_difficult_frames(TABLE, 201, start=0.4, stop=0.5)


def test_what_is_no_prediction_is_refused_in_words(tmp_path):
    with pytest.raises(InputError, match="predictions is 5"):
        select_difficult_frames(5, 1)
    with pytest.raises(TableError, match="neither a pose tool's"):
        select_difficult_frames(pd.DataFrame({"a": [1]}), 1)
    with pytest.raises(MissingFileError, match="There is no file"):
        select_difficult_frames(tmp_path / "gone.csv", 1)
    with pytest.raises(InputError, match="differ in length"):
        select_difficult_frames([pose_table(smooth_poses(5)), pose_table(smooth_poses(6))], 1)


def test_of_separate_events_the_hardest_are_chosen():
    chance = np.random.default_rng(3)
    heights = dict(zip(range(50, 1950, 40), chance.permutation(np.geomspace(20, 400, 48)), strict=False))
    table = pose_table(with_jumps(smooth_poses(2000), heights))
    found = select_difficult_frames(table, 12, metrics=["temporal_norm"])
    highest = sorted(heights, key=heights.__getitem__)[::-1]
    assert sorted(found["frame"]) == sorted(highest[:12])
    assert found["score"].max() == select_difficult_frames(table, 1, metrics=["temporal_norm"])["score"][0]


def test_of_trouble_that_comes_in_bursts_the_worst_frames_come_before_lesser_events():
    bursts = {start + step: 90.0 for start in (300, 900, 1500) for step in (0, 4, 8)}
    lesser = dict.fromkeys(range(100, 1900, 200), 20.0)
    table = pose_table(with_jumps(smooth_poses(2000), {**lesser, **bursts}))
    found = select_difficult_frames(table, 12, metrics=["temporal_norm"])["frame"]
    assert sorted(set(found) & set(bursts)) == sorted(bursts)
    apart = select_difficult_frames(table, 12, min_gap=10, metrics=["temporal_norm"])["frame"]
    assert len(set(apart) & set(bursts)) == 3
    assert np.diff(apart).min() >= 10


def test_of_long_trouble_and_brief_the_long_gives_more_frames_and_the_highest_score_is_there():
    likelihood = np.full((3000, 4), 0.99)
    xy = with_jumps(smooth_poses(3000), dict.fromkeys(range(40, 2000, 40), 25.0))  # 49 brief, lesser events
    for start in (2100, 2400, 2700):
        xy[start : start + 40] += 60.0
        likelihood[start : start + 40] = 0.2
    table = pose_table(xy, likelihood)
    found = select_difficult_frames(table, 20)
    assert 8 <= (found["frame"] >= 2000).sum() <= 18
    assert found["score"].max() == select_difficult_frames(table, 1)["score"][0]
    assert select_difficult_frames(table, 20, min_gap=3)["frame"].diff().min() >= 3


def _made(seed):
    """Return a table, how far each frame's body parts are off on average, and where its 31 faults begin."""
    chance = np.random.default_rng(seed)
    true = smooth_poses(1500, seed=seed)
    xy, likelihood = true.copy(), np.clip(1 - chance.exponential(0.02, (1500, 4)), 0, 1)
    starts = np.arange(20, 1480, 48) + chance.integers(0, 12, 31)
    for number, start in enumerate(starts.tolist()):
        part = int(chance.integers(4))
        along = slice(start, start + int(chance.integers(3, 30)) if number % 2 else start + 1)
        if number % 4 == 3:  # two body parts for one another
            xy[along, [part, part - 1]] = xy[along, [part - 1, part]]
        else:
            xy[along, part] += chance.normal(0, 40, 2)
        likelihood[along, part] *= chance.uniform(0.2, 1)
    return pose_table(xy, likelihood), np.hypot(*np.moveaxis(xy - true, 2, 0)).mean(axis=1), starts


def test_the_frames_are_worse_than_the_highest_scores_at_this_distance_and_of_as_many_events():
    errors, events = np.zeros((2, 5)), np.zeros((2, 5))
    for place, seed in enumerate(range(7, 12)):
        table, error, starts = _made(seed)
        found = select_difficult_frames(table, 12)["frame"].to_numpy()
        every = select_difficult_frames(table, 1400, min_gap=1).sort_values("score", ascending=False)["frame"]
        highest: list[int] = []
        for frame in every:
            if len(highest) < 12 and all(abs(frame - other) >= 3 for other in highest):
                highest.append(frame)
        assert highest[0] in found
        for way, frames in enumerate((found, highest)):
            errors[way, place] = error[frames].mean()
            events[way, place] = len(set(np.searchsorted(starts, frames, "right")))
    assert errors[0].mean() > 1.1 * errors[1].mean()
    assert events[0].mean() >= events[1].mean() - 0.5


@pytest.mark.parametrize("seed", range(3))
def test_of_brief_and_bad_trouble_frames_side_by_side_are_chosen_where_they_differ(seed):
    chance = np.random.default_rng(seed)
    true = smooth_poses(1500, seed=seed)
    xy = with_jumps(true, dict.fromkeys(range(40, 1480, 40), 25.0))  # 36 lesser events
    likelihood = np.full((1500, 4), 0.95)
    for start in (210, 610, 1010):  # a body part is anywhere for six frames, and another for one place for forty
        xy[start : start + 6, 2] += chance.normal(0, 80, (6, 2))
        likelihood[start : start + 6, 2] = chance.uniform(0.1, 0.7, 6)
        likelihood[start + 200 : start + 240, 3] = 0.3
    table, error = pose_table(xy, likelihood), np.hypot(*np.moveaxis(xy - true, 2, 0)).mean(axis=1)
    found = select_difficult_frames(table, 12)["frame"].to_numpy()
    every = select_difficult_frames(table, 170).sort_values("score", ascending=False, kind="stable")["frame"]
    apart = select_difficult_frames(table, 12, min_gap=3)["frame"].to_numpy()
    assert error[found].mean() > 0.95 * error[every[:12].to_numpy()].mean()
    assert error[found].mean() > 1.2 * error[apart].mean()
    assert len(set(found) & {start + step for start in (210, 610, 1010) for step in range(6)}) >= 9


def test_seeds_choose_others_of_frames_that_are_alike():
    likelihood = np.full((1000, 4), 0.99)
    likelihood[:, 1] = 0.1
    table = pose_table(smooth_poses(1000, noise=0.0), likelihood)
    found = [
        select_difficult_frames(table, 5, metrics=["likelihood"], seed=seed)["frame"] for seed in (1, 2, 10**30, 1)
    ]
    assert found[0].tolist() == found[3].tolist()
    assert len({tuple(frames) for frames in found}) == 3


@pytest.mark.parametrize("length", [1000, 8000])
def test_of_trouble_that_is_the_same_everywhere_frames_are_of_all_the_video(length):
    likelihood = np.full((length, 4), 0.99)
    likelihood[:, 1] = 0.1
    table = pose_table(smooth_poses(length, noise=0.0), likelihood)
    found = select_difficult_frames(table, 10, metrics=["likelihood"])
    assert len(set(found["frame"] * 5 // length)) == 5
    assert found["frame"].diff().max() <= length / 4


def test_two_peaks_without_a_valley_are_one_event():
    likelihood = np.full((1000, 4), 0.99)
    likelihood[300:400, 1] = np.linspace(0.1, 0.3, 100)  # one long event
    likelihood[[700, 800], 2] = 0.4
    found = select_difficult_frames(pose_table(smooth_poses(1000), likelihood), 3, metrics=["likelihood"])
    assert found["frame"].tolist() == [300, 700, 800]


@pytest.mark.parametrize("metrics", [None, ["temporal_norm"]])
def test_frames_in_which_nothing_was_seen_are_difficult_unless_they_are_not_to_be(metrics):
    xy = smooth_poses(500)
    xy[200:203] = np.nan
    likelihood = np.full((500, 4), 0.99)
    likelihood[200:203] = np.nan
    table = pose_table(xy, likelihood)
    found = select_difficult_frames(table, 1, metrics=metrics)
    assert found["frame"].isin(range(200, 203)).all()
    assert found["reason"].tolist() == ["nothing was seen"]
    with pytest.warns(UserWarning, match="0 of 1 frames"):
        assert not len(select_difficult_frames(table, 1, metrics=metrics, missing=False))
    with pytest.raises(InputError, match="saw nothing in this video"):
        select_difficult_frames(pose_table(np.full((9, 4, 2), np.nan)), 1)
    with pytest.raises(InputError, match="missing is 1: give True or False"):
        select_difficult_frames(table, 1, missing=1)


def test_frames_without_a_detection_are_difficult_the_more_so_the_rarer_they_are():
    def boxes(gone):
        frames = np.setdiff1d(np.arange(400), gone)
        return pd.DataFrame({"frame": frames, "label": "mouse", "score": 0.95})

    rare = select_difficult_frames(boxes([100, 250]), 2)
    assert rare["frame"].tolist() == [100, 250]
    often = select_difficult_frames(boxes([*range(50, 350)]), 1)
    assert often["score"][0] == 6.0 < rare["score"][0]
    with pytest.warns(UserWarning, match="0 of 1 frames"):
        assert not len(select_difficult_frames(boxes([100]), 1, missing=False))


def test_what_was_written_for_another_reason_leaves_the_event_beside_it_free(tmp_path):
    video = str(make_video(tmp_path / "clip.mp4", 120, width=64, height=48))
    table = pose_table(with_jumps(smooth_poses(120), {30: 60.0, 90: 80.0}))
    options = {"video": video, "metrics": ["temporal_norm"], "out": tmp_path / "frames"}
    lsnb.extract_frames(video, [28, 33, 90], tmp_path / "frames", progress=False)
    with pytest.warns(UserWarning, match="1 of 2 frames"):
        found = select_difficult_frames(table, 2, **options)
    assert found["frame"].tolist() == [30]
    lsnb.extract_frames(None, found, tmp_path / "frames", progress=False)
    with pytest.warns(UserWarning, match="0 of 2 frames"):
        nothing = select_difficult_frames(table, 2, **options)
    frames = lsnb.extract_frames(None, nothing, tmp_path / "frames", progress=False)
    assert len(frames) == 0


def test_all_views_of_a_recording_get_the_same_frames():
    calm = smooth_poses(200)
    top, side, other = (with_jumps(calm, jumps) for jumps in ({40: 60.0}, {120: 60.0}, {80: 60.0}))
    table = pd.DataFrame(
        {
            "video": ["top.mp4", "alone.mp4", "side.mp4"],
            "predictions": [pose_table(xy) for xy in (top, other, side[:180])],
            "trial": [1, 2, 1],
        }
    )
    with pytest.warns(UserWarning, match="top.mp4 has 200 frames"):
        found = select_difficult_frames(table, 2, metrics=["temporal_norm"], recording="trial", progress=False)
    by_video = {video: rows["frame"].tolist() for video, rows in found.groupby("video")}
    assert by_video["top.mp4"] == by_video["side.mp4"] == [40, 120]
    assert 80 in by_video["alone.mp4"]
    told = found.set_index(["video", "frame"])["reason"]
    assert "jumped" in told["top.mp4", 40]
    assert told["side.mp4", 40] == f"in top.mp4: {told['top.mp4', 40]}"
    assert set(found["trial"]) == {1, 2}
    assert found.loc[found["video"] == "top.mp4", "trial"].tolist() == [1, 1]
    again = select_difficult_frames(table[::2], 1, recording="trial", exclude={"side.mp4": [40]}, progress=False)
    assert 40 not in again["frame"].tolist()


@pytest.mark.parametrize(
    ("names", "said"), [([None, "a"], "one recording for a.mp4"), (["a", "b"], None), (["a", " "], "for b.mp4")]
)
def test_a_recording_is_named_for_each_video(names, said):
    table = pd.DataFrame(
        {"video": ["a.mp4", "b.mp4"], "predictions": [pose_table(smooth_poses(50))] * 2, "trial": names}
    )
    if said:
        with pytest.raises(InputError, match=said):
            select_difficult_frames(table, 1, recording="trial", progress=False)
    with pytest.raises(InputError, match="no table of videos"):
        select_difficult_frames({"a.mp4": pose_table(smooth_poses(50))}, 1, recording="trial", progress=False)
    with pytest.raises(InputError, match="trail"):
        select_difficult_frames(table, 1, recording="trail", progress=False)
