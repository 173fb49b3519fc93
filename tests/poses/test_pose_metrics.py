"""Metrics of poses, against what their formulas say of small cases."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pose_tables import smooth_poses, with_jumps

from lsnb.errors import InputError
from lsnb.poses import ensemble_variance, ensembles, pca_multiview_error, pca_singleview_error, temporal_norm
from lsnb.poses.coordinates import Poses, named_files, read_metric, read_views
from lsnb.poses.difficulty import (
    charge_jumps,
    make_metric,
    principal_components,
    reprojection_errors,
    robust_z,
    score_frames,
)
from lsnb.poses.finding import detection_confidence, detection_entropy, detection_frames

CHANCE = np.random.default_rng(7)
START = CHANCE.bit_generator.state


@pytest.fixture(autouse=True)
def same_chance():
    """Each test draws the same numbers, whatever ran before it."""
    CHANCE.bit_generator.state = START


def test_temporal_norm_is_the_distance_to_the_frame_before_and_the_first_is_missing():
    xy = CHANCE.normal(size=(50, 3, 2))
    norms = temporal_norm(xy)
    assert np.isnan(norms[0]).all()
    for t in range(1, 50):
        np.testing.assert_allclose(norms[t], np.linalg.norm(xy[t] - xy[t - 1], axis=1))


def test_ensemble_variance_is_the_sum_of_the_variances_of_x_and_y():
    members = CHANCE.normal(size=(5, 20, 3, 2))
    members[0, 4, 1, 0] = np.nan
    members[:4, 5, 1] = np.nan
    variance = ensemble_variance(list(members))
    np.testing.assert_allclose(variance[0], members[:, 0].var(axis=0).sum(axis=1))
    np.testing.assert_allclose(variance[4, 1], members[1:, 4, 1].var(axis=0).sum())
    assert np.isnan(variance[5, 1])
    assert np.isnan(variance).sum() == 1


def test_a_robust_z_score_is_one_sided_and_keeps_a_gap_to_its_cell():
    values = CHANCE.normal(size=(999, 2))
    values[7, 0] = np.nan
    z = robust_z(values)
    assert np.isnan(z).sum() == 1
    assert (z[np.isfinite(z)] >= 0).all()
    median = np.median(values[:, 1])
    spread = 1.4826 * np.median(np.abs(values[:, 1] - median))
    np.testing.assert_allclose(z[:, 1], np.maximum((values[:, 1] - median) / spread, 0))
    np.testing.assert_array_equal(z[:, 1], robust_z(values[:, 1:])[:, 0])


def test_a_constant_column_has_no_outliers_and_one_odd_value_in_it_is_one():
    values = np.full((100, 2), 3.0)
    values[40, 1] = 5
    z = robust_z(values)
    assert (z[:, 0] == 0).all()
    assert z[:, 1].argmax() == 40
    assert z[40, 1] > 6


@pytest.mark.parametrize("labelled", [True, False])
def test_single_view_error_is_that_of_the_body_part_that_left_the_pose(labelled):
    good = smooth_poses(3000, noise=0.2)
    xy = with_jumps(good, {500: 40.0, 1500: 40.0}, part=2)
    errors = pca_singleview_error(xy, labelled=good[::50] if labelled else None, likelihood=np.full(xy.shape[:2], 0.99))
    assert errors.shape == (3000, 4)
    assert set(np.argsort(errors[:, 2])[-2:]) == {500, 1500}
    assert errors[500, 2] > 10
    assert np.median(errors[:, 2]) < 1


def test_single_view_error_is_that_of_the_fewest_components_with_99_percent_of_the_variance():
    learn = smooth_poses(200, noise=2.0).reshape(200, -1)
    xy = smooth_poses(80, noise=5.0, seed=3)
    _, sizes, axes = np.linalg.svd(learn - learn.mean(axis=0), full_matrices=False)
    shares = np.cumsum(sizes**2) / (sizes**2).sum()
    kept = axes[: int((shares < 0.99).sum()) + 1]
    assert 1 < len(kept) < 8
    centred = xy.reshape(80, -1) - learn.mean(axis=0)
    difference = (centred - centred @ kept.T @ kept).reshape(80, -1, 2)
    errors = pca_singleview_error(xy, labelled=learn.reshape(200, -1, 2))
    np.testing.assert_allclose(errors, np.linalg.norm(difference, axis=2), atol=1e-9)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_components_of_labels_with_gaps_are_those_of_lightning_pose(share):
    labelled = smooth_poses(60, noise=4.0)
    labelled[CHANCE.random(labelled.shape[:2]) < share] = np.nan
    xy = smooth_poses(40, noise=6.0, seed=5)
    flat = labelled.reshape(60, -1)
    # What its NaNPCA and ComponentChooser do, whose results are all that it projects with.
    sizes, axes = np.linalg.eigh(np.ma.cov(np.ma.masked_invalid(flat), rowvar=False).data)
    sizes, axes = np.maximum(sizes[::-1], 0), axes[:, ::-1].T
    kept = axes[: int(np.flatnonzero(np.cumsum(sizes / sizes.sum()) >= 0.99)[0]) + 1]
    centred = xy.reshape(40, -1) - np.nanmean(flat, axis=0)
    difference = (centred - centred @ kept.T @ kept).reshape(40, -1, 2)
    np.testing.assert_allclose(
        pca_singleview_error(xy, labelled=labelled), np.linalg.norm(difference, axis=2), atol=1e-9
    )


@pytest.mark.parametrize("in_memory", [0, 100_000, ensembles.IN_MEMORY])
def test_an_ensemble_of_any_size_is_the_median_wherever_it_waits(in_memory, monkeypatch):
    monkeypatch.setattr(ensembles, "IN_MEMORY", in_memory)
    monkeypatch.setattr(ensembles, "AT_ONCE", 10_000)
    parts = ("nose", "ear", "tail")
    xy = CHANCE.normal(100, 5, (9, 200, 3, 2))
    xy[2, 30:40, 1] = np.nan
    xy[:, 7, 2] = np.nan
    sure = CHANCE.random((9, 200, 3))
    members = [Poses(f"net{number % 2}", parts, xy[number], sure[number]) for number in range(9)]
    members[4] = Poses("net0", parts[::-1], xy[4, :, ::-1], sure[4, :, ::-1])
    found = ensembles.read_ensemble(members)
    assert (found.poses.bodyparts, found.poses.scorer) == (parts, "net0 + net1")
    np.testing.assert_array_equal(found.poses.xy[:7], np.nanmedian(xy, axis=0)[:7])
    np.testing.assert_array_equal(found.poses.xy[8:], np.nanmedian(np.delete(xy, 7, axis=1), axis=0)[7:])
    assert np.isnan(found.poses.xy[7, 2]).all()
    np.testing.assert_allclose(found.poses.likelihood, sure.mean(axis=0))
    np.testing.assert_allclose(found.variance, ensemble_variance(list(xy)))
    assert ensembles.read_ensemble(members[:1]).variance is None
    with pytest.raises(InputError, match="differ in length"):
        ensembles.read_ensemble([*members, Poses("net", parts, xy[0, 1:], sure[0, 1:])])


@given(cells=st.lists(st.tuples(st.integers(0, 59), st.integers(0, 3)), min_size=1, max_size=12, unique=True))
def test_a_gap_is_missing_itself_and_makes_nothing_else_missing(cells):
    xy = smooth_poses(60, noise=2.0)
    for frame, part in cells:
        xy[frame, part] = np.nan
    errors = pca_singleview_error(xy, labelled=smooth_poses(100, noise=2.0, seed=1))
    assert {tuple(cell) for cell in np.argwhere(np.isnan(errors)).tolist()} == set(cells)


def test_a_pose_with_gaps_is_projected_by_what_it_has():
    components = principal_components(np.outer(np.linspace(-1, 1, 20), [1.0, 2.0, 3.0]))
    errors = reprojection_errors(np.array([[1.0, 2.0, np.nan], [1.0, 2.0, 3.0]]), components)
    np.testing.assert_allclose(errors[:, :2], 0, atol=1e-12)
    assert np.isnan(errors[0, 2])


def test_a_body_part_that_no_label_shows_is_missing_and_the_others_are_not():
    labelled = smooth_poses(50)
    labelled[:, 3] = np.nan
    errors = pca_singleview_error(smooth_poses(20), labelled=labelled)
    assert np.isnan(errors[:, 3]).all()
    assert np.isfinite(errors[:, :3]).all()


def test_multi_view_error_finds_the_view_that_does_not_fit():
    chance = np.random.default_rng(8)  # cameras that look from three sides: of others, less of a jump is left over
    space = chance.normal(0, 50, (1000, 3, 3))
    views = [space @ chance.normal(size=(3, 2)) + 200 + chance.normal(0, 0.2, (1000, 3, 2)) for _ in range(3)]
    views[1][600, 2] += [60, 0]
    errors = pca_multiview_error(views)
    assert [one.shape for one in errors] == [(1000, 3)] * 3
    assert errors[1].argmax() == 600 * 3 + 2
    assert errors[1][600, 2] > 10
    assert np.median(errors[1]) < 1
    views[0][5, 0] = np.nan
    again = pca_multiview_error(views)
    assert [int(np.isnan(one).sum()) for one in again] == [1, 0, 0]


def test_one_view_and_too_few_poses_are_refused_in_words():
    with pytest.raises(InputError, match="there is one: give views="):
        pca_multiview_error([smooth_poses(5)])
    with pytest.raises(InputError, match="give labels="):
        pca_singleview_error(smooth_poses(5), labelled=smooth_poses(1))
    poses = Poses("net", ("a_top", "a_side"), np.zeros((4, 2, 2)), np.ones((4, 2)))
    with pytest.raises(InputError, match="views names b_side"):
        read_views({"top": ["a_top"], "side": ["b_side"]}, poses)


def test_a_jump_counts_for_the_frame_that_stands_apart_and_a_step_for_where_it_begins():
    still = np.zeros((60, 1, 2))
    away = still.copy()
    away[20] = 50
    away[40:] = -50
    norms = temporal_norm(away)
    charged, z = charge_jumps(away, norms, norms, limit=5, reach=10)
    assert np.flatnonzero(np.nan_to_num(z[:, 0]) > 5).tolist() == [20, 40]
    assert charged[20, 0] == norms[20, 0]


def test_a_detectors_confidence_and_entropy_are_those_of_its_least_sure_box():
    boxes = pd.DataFrame({"item": ["v/img00000001", "v/img00000001", "v/img00000003"], "score": [0.9, 0.5, 1.0]})
    found = detection_frames(boxes)
    assert found["frame"].tolist() == [1, 1, 3]
    np.testing.assert_array_equal(detection_confidence(found, 5), [np.nan, 0.5, np.nan, 1.0, np.nan])
    np.testing.assert_array_equal(detection_entropy(found, 5), [np.nan, 1.0, np.nan, 0.0, np.nan])
    classes = pd.DataFrame({"frame": [0, 1], "p.cat": [0.25, 1], "p.dog": [0.25, 0], "p.cow": [0.5, 0]})
    entropy = detection_entropy(detection_frames(classes), 2)
    np.testing.assert_allclose(entropy, [(0.5 * np.log(4) + 0.5 * np.log(2)) / np.log(3), 0])
    with pytest.raises(InputError, match=r"'score'.*holds 1\.5"):
        detection_frames(pd.DataFrame({"frame": [0], "score": [1.5]}))


def test_metric_files_are_read_in_either_style_and_their_counting_column_is_no_metric(tmp_path):
    plain = pd.DataFrame({"nose": [1.0, 2.0], "tail": [3.0, np.nan], "set": "train"})
    plain.to_csv(tmp_path / "v_temporal_norm.csv")
    names, values = read_metric(tmp_path / "v_temporal_norm.csv", name="temporal_norm", frames=2)
    assert names == ("nose", "tail")
    np.testing.assert_array_equal(values, [[1, 3], [2, np.nan]])
    columns = pd.MultiIndex.from_product(
        [["ens"], ["nose"], ["x_var", "y_var"]], names=["scorer", "bodyparts", "coords"]
    )
    pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], columns=columns).to_csv(tmp_path / "v_ensemble_variance.csv")
    names, values = read_metric(tmp_path / "v_ensemble_variance.csv", name="ensemble_variance", frames=2)
    assert (names, values.tolist()) == (("nose",), [[3.0], [7.0]])
    assert list(named_files(tmp_path / "v_pca_singleview_error.csv")) == ["pca_singleview"]
    with pytest.raises(InputError, match="has 2 rows, and the predictions have 3"):
        read_metric(tmp_path / "v_temporal_norm.csv", name="temporal_norm", frames=3)


def test_of_frames_with_one_score_that_of_more_pixels_in_all_is_the_harder():
    values = np.array([[0, 0], [50, 0], [50, 40]], dtype="float64")
    scores = np.array([[0, 0], [9, 0], [9, 0]], dtype="float64")
    metrics = [make_metric("pca_singleview", ("nose", "tail"), values, scores)]
    ranks = score_frames(metrics, 3, limit=6.0).ranks
    assert ranks[0] < ranks[1] < ranks[2]
    # What is not in pixels says nothing of these.
    others = [make_metric("entropy", ("nose", "tail"), values, scores)]
    assert score_frames(others, 3, limit=6.0).ranks[1] == score_frames(others, 3, limit=6.0).ranks[2]
