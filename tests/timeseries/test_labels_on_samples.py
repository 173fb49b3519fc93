"""Labels back on samples: exact at the borders, for every annotator and for most of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import marks, recording

from lsnb.alignment import align
from lsnb.annotations import long_table
from lsnb.errors import InputError
from lsnb.timeseries import label_samples, sample_agreement, segments, windows
from lsnb.timeseries.samples import Windows

SECONDS = pd.DataFrame({"time": [0.0, 0.5, 1.0, 1.5, 2.0]})


def labels_of(column):
    return column.astype("object").where(column.notna(), None).tolist()


def test_a_sample_at_a_border_belongs_to_the_stretch_that_begins_there():
    both = marks(("ana", "rest", 0.0, 1.0), ("ana", "run", 1.0, 2.0))
    assert labels_of(label_samples(both, SECONDS)["label.ana"]) == ["rest", "rest", "run", "run", None]


ANY_STRETCHES = given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 400), st.integers(0, 400)), max_size=8),
    st.lists(st.integers(0, 400), min_size=1, max_size=60),
    st.sampled_from([30.0, 25.0, 29.97002997002997, 240.0, 1000.0]),
)


@settings(max_examples=10)
@ANY_STRETCHES
def test_labels_are_those_of_the_definition_at_any_rate(stretches, frames, fps):
    check_labels(stretches, frames, fps)


@pytest.mark.exhaustive
@settings(max_examples=300)
@ANY_STRETCHES
def test_labels_are_those_of_the_definition_in_many_more_cases(stretches, frames, fps):
    check_labels(stretches, frames, fps)


def check_labels(stretches, frames, fps):
    # Borders and samples stand on the same frames, written at whole microseconds: where they meet it must be exact.
    # Stretches between two samples are no matter of borders: see below.
    stretches = [one for one in stretches if any(min(one[1:]) <= frame < max(one[1:]) for frame in frames)]
    rows = [("ana", label, min(a, b) / fps, max(a, b) / fps) for label, a, b in stretches]
    times = np.array(frames) / fps
    table = marks(*rows) if rows else marks(("ben", "x", 0.0, 0.0)).assign(annotator="ana", value=None)
    series = pd.DataFrame({"time": times.round(6)})
    found = label_samples(table, series)
    expected = []
    for frame in frames:
        here = {label for label, a, b in stretches if min(a, b) <= frame < max(a, b)}
        expected.append(" + ".join(sorted(here)) or None)
    assert labels_of(found["label.ana"]) == expected
    # The order of rows decides nothing, of the series or of the annotations.
    turned = label_samples(table.iloc[::-1], series.iloc[::-1])
    assert labels_of(turned["label.ana"]) == expected[::-1]


def test_timeline_labels_cover_their_frames_and_no_sample_more():
    result = {
        "id": "r",
        "from_name": "act",
        "to_name": "v",
        "type": "timelinelabels",
        "value": {"ranges": [{"start": 9, "end": 15}], "timelinelabels": ["run"]},
    }
    task = {"id": 1, "data": {}, "annotations": [{"id": 5, "completed_by": 3, "result": [result]}]}
    frames = pd.DataFrame({"time": (np.arange(20) / 30).round(6)})
    with pytest.raises(InputError, match="give fps="):
        label_samples(long_table([task]), frames)
    for table, options in (
        (long_table([task]), {"fps": 30}),
        (long_table([{**task, "data": {"fps": 30}}]), {}),
    ):
        found = label_samples(table, frames, **options)
        # Frame k, counted from 1, is shown from (k - 1) / fps on.
        assert np.flatnonzero(found["label.3"].notna()).tolist() == list(range(8, 15))
        (row,) = segments(table, **options).to_dict("records")
        assert (row["start_frame"], row["end_frame"]) == (9, 15)
        assert (row["start"], row["end"]) == (0.266667, 0.5)


def test_labels_made_on_the_short_file_land_on_the_full_rate_samples():
    rows = 50_000
    data = pd.DataFrame({"timestamp": np.arange(rows), "x": np.random.default_rng(0).normal(size=rows)})
    aligned = align(data, 40.0, unit="ms", offset=-3.0)
    shown = aligned.display(500)["time"].tolist()
    start, end = shown[100], shown[200]
    found = label_samples(marks(("ana", "run", start, end)), aligned)
    assert len(found) == len(aligned.samples) > 10 * len(shown)
    expected = found["time"].ge(start) & found["time"].lt(end)
    assert found["label.ana"].notna().equals(expected)
    assert list(found.columns) == ["time", "timestamp", "x", "label.ana"]
    assert "label.ana" not in aligned.table


@pytest.mark.parametrize(("overlap", "middle"), [("all", "rest + run"), ("first", "rest"), ("last", "run")])
def test_overlapping_labels_of_one_person_are_joined_or_one_of_them_counts(overlap, middle):
    both = marks(("ana", "run", 0.5, 2.0), ("ana", "rest", 0.0, 1.0))
    assert labels_of(label_samples(both, SECONDS, overlap=overlap)["label.ana"]) == ["rest", middle, "run", "run", None]


def test_an_instant_labels_the_one_nearest_sample():
    for moment, row in ((1.0, 2), (1.2, 2), (1.3, 3), (9.0, 4), (-1.0, 0)):
        found = label_samples(marks(("ana", "clap", moment, moment)), SECONDS)
        assert np.flatnonzero(found["label.ana"].notna()).tolist() == [row]


def test_the_majority_counts_those_who_marked_nothing_and_a_tie_has_no_winner():
    table = marks(
        ("ana", "run", 0.0, 2.0), ("ben", "run", 0.0, 1.0), ("ben", "rest", 1.0, 1.5), ("cy", "run", 0.0, 0.5)
    )
    found = label_samples(table, SECONDS, by="majority")
    assert labels_of(found["label"]) == ["run", "run", None, None, None]
    assert found["label_votes"].tolist() == [3, 2, 0, 0, 0]
    assert found["label_share"].tolist()[:2] == pytest.approx([1, 2 / 3])
    lone = label_samples(table, SECONDS, by="majority", min_votes=3)
    assert labels_of(lone["label"]) == ["run", None, None, None, None]


def test_who_submitted_nothing_has_an_empty_column_and_who_skipped_has_none():
    done = marks(
        ("ana", "run", 0.0, 1.0), ("ben", "", np.nan, np.nan), ("cy", "run", 0.0, 1.0), ("di", "run", 0.0, 1.0)
    )
    done["status"] = ["submitted", "empty", "skipped", "draft"]
    done.loc[1, ["control", "kind", "value"]] = None
    found = label_samples(done, SECONDS)
    assert [name for name in found.columns if name.startswith("label.")] == ["label.ana", "label.ben"]
    assert found["label.ben"].isna().all()


def test_only_the_latest_annotation_of_a_person_counts():
    twice = marks(("ana", "run", 0.0, 1.0), ("ana", "rest", 0.0, 1.0)).assign(
        annotation=[1, 2], updated_at=["2026-01-02", "2026-01-01"]
    )
    with pytest.warns(UserWarning, match="more than one annotation"):
        found = label_samples(twice, SECONDS)
    assert labels_of(found["label.ana"])[:2] == ["run", "run"]


def test_columns_of_the_users_own_under_our_names_stay():
    series = SECONDS.assign(**{"label.ana": 7})
    with pytest.warns(UserWarning, match=r"a column 'label.ana' already, so that these labels are in 'label.ana_2'"):
        found = label_samples(marks(("ana", "run", 0.0, 1.0)), series)
    assert found["label.ana"].tolist() == [7] * 5
    assert labels_of(found["label.ana_2"])[0] == "run"
    assert list(series.columns) == ["time", "label.ana"]


@pytest.mark.parametrize(
    ("annotations", "options", "message"),
    [
        (marks(("ana", "run", 0, 1)).assign(item=["1"]), {"item": "2"}, "No annotation is of the item '2'"),
        (pd.concat([marks(("ana", "a", 0, 1)), marks(("ana", "a", 0, 1)).assign(item="2")]), {}, "2 items.*give item="),
        (
            pd.concat([marks(("ana", "a", 0, 1)), marks(("ana", "a", 0, 1), control="b")]),
            {},
            "Several controls mark stretches of time: act, b",
        ),
        (marks(("ana", "run", 0, 1)), {"control": "acts"}, "Did you mean 'act'"),
        (marks(("ana", "run", 0, 1)), {"by": "vote", "overlap": "some", "min_votes": 0}, "3 problems"),
        (marks(("ana", "run", 0, 1)), {"fps": "a"}, "fps is 'a'"),
        (marks(("ana", "run", 0, 1)), {"time": ["time"]}, "no column"),
        (marks(("ana", "run", 0, 1)).drop(columns="end_frame"), {}, "no column end_frame"),
        (marks(("ana", "run", 0, 1)), {"time": "seconds"}, "no column 'seconds' of seconds"),
        (pd.DataFrame({"a": [1]}), {}, "not the long table"),
        ([1], {}, "give what lsnb.read_annotations"),
    ],
)
def test_annotations_that_do_not_fit_say_why(annotations, options, message):
    with pytest.raises(InputError, match=message):
        label_samples(annotations, SECONDS, **options)


def test_segments_say_seconds_frames_and_the_sensors_own_time():
    start = pd.Timestamp("2026-05-01 10:00:00", tz="Europe/Berlin")
    data = recording(start + pd.to_timedelta(np.arange(300) * 100, "ms"))
    aligned = align(data, 60.0, offset=12.5)
    table = segments(marks(("ben", "run", 15.0, 16.5), ("ana", "rest", 12.5, 12.5)), aligned, fps=30)
    assert table["annotator"].tolist() == ["ana", "ben"]
    assert table["instant"].tolist() == [True, False]
    assert table["sensor_start"].tolist() == [start, start + pd.Timedelta(2.5, "s")]
    assert table["sensor_end"].iloc[1] == start + pd.Timedelta(4, "s")
    assert table[["start_frame", "end_frame"]].values.tolist() == [[376, 376], [451, 495]]


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97002997002997, 30.0, 59.94005994005994])
def test_frames_and_seconds_are_each_others_inverse(fps):
    chance = np.random.default_rng(0)
    first = np.sort(np.unique(chance.integers(1, 200_000, 3000)))
    last = first + chance.integers(0, 300, len(first))
    rows = [
        ("ana", "run", round((a - 1) / fps, 6), round(b / fps, 6))
        for a, b in zip(first.tolist(), last.tolist(), strict=True)
    ]
    found = segments(marks(*rows), fps=fps)
    assert found["start_frame"].tolist() == first.tolist()
    assert found["end_frame"].tolist() == last.tolist()


def test_segments_of_several_items_and_sensors_take_each_its_own_clock():
    clocks = {
        "1": align(recording([1000, 2000]), 9.0, unit="ms", offset=-1.0),
        "2": align({"a": recording([5.0, 6.0]), "b": recording([0.0, 9.0])}, 9.0, unit="s", offset={"a": -5.0, "b": 0}),
    }
    table = pd.concat([marks(("ana", "run", 0.5, 1.0)), marks(("ana", "run", 1.0, 2.0)).assign(item="2")])
    found = segments(table, clocks)
    assert found.loc[0, "sensor_start"] == 1500
    assert found.loc[1, ["sensor_start.a", "sensor_start.b"]].tolist() == [6.0, 1.0]
    with pytest.raises(InputError, match="give a dict from item"):
        segments(table, clocks["1"])
    assert segments(table, {1: clocks["1"], "2": clocks["2"]}).equals(found)
    with pytest.raises(InputError, match="other items"):
        segments(table, {"3": clocks["1"]})
    with pytest.raises(InputError, match="aligned of the item 1 is a int"):
        segments(table, {"1": 5})
    none = segments(marks(("ana", "x", 0, 1)).assign(status="draft"), clocks["1"])
    one = segments(marks(("ana", "x", 0, 1)), clocks["1"])
    assert len(none) == 0
    assert list(none.columns) == list(one.columns)


def test_labels_of_a_text_are_no_seconds_and_times_that_are_none_are_not_lost_in_silence():
    words = marks(("ana", "name", 0, 3), control="ner", kind="labels")
    sound = marks(("ana", "beep", 0.5, 3), control="sound", kind="labels")
    with pytest.warns(UserWarning, match="labels of ner .* are left out"):
        assert segments(pd.concat([words, sound]))["label"].tolist() == ["beep"]
    assert segments(words, control="ner")["label"].tolist() == ["name"]
    with pytest.warns(UserWarning, match="1 stretches have no seconds"):
        label_samples(marks(("ana", "run", np.nan, np.nan)), SECONDS)


def test_agreement_by_sample_is_kappa_and_the_overlap_of_each_label():
    chance = np.random.default_rng(0)
    series = pd.DataFrame({"time": np.arange(500) / 10})
    rows = [
        (who, label, start, start + 3)
        for who in ("ana", "ben", "cy")
        for label in ("run", "rest")
        for start in chance.uniform(0, 47, 6).round(1)
    ]
    labelled = label_samples(marks(*rows), series, overlap="last")
    found = sample_agreement(labelled)
    answers = {who: labelled[f"label.{who}"].astype("object").fillna("–").to_numpy() for who in ("ana", "ben", "cy")}
    for row in found.kappa.to_dict("records"):
        a, b = answers[row["a"]], answers[row["b"]]
        same = (a == b).mean()
        by_chance = sum((a == label).mean() * (b == label).mean() for label in ("run", "rest", "–"))
        assert row["kappa"] == pytest.approx((same - by_chance) / (1 - by_chance))
        assert row["share"] == pytest.approx(same)
        for label in ("run", "rest"):
            both, either = ((a == label) & (b == label)).sum(), ((a == label) | (b == label)).sum()
            rows_of = found.labels.set_index(["a", "b", "label"])
            one = rows_of.loc[(row["a"], row["b"], label)]
            assert (one["both"], one["either"]) == (both, either)
    marked = sample_agreement(labelled, annotators=["ana", "ben"], count_unmarked=False)
    assert marked.kappa["n"].iloc[0] == int(labelled[["label.ana", "label.ben"]].notna().all(axis=1).sum())
    # Of an item that ben did not submit he has no answer: it is not taken as marked with nothing.
    two = sample_agreement([labelled, labelled.drop(columns="label.ben")], annotators=["ana", "ben"])
    pd.testing.assert_frame_equal(two.kappa, found.kappa.iloc[:1])
    pd.testing.assert_frame_equal(two.labels, found.labels[found.labels["a"].eq("ana") & found.labels["b"].eq("ben")])
    with pytest.raises(InputError, match="give a list of names"):
        sample_agreement(labelled, annotators="ana")
    with pytest.raises(InputError, match="needs two annotators"):
        sample_agreement(labelled[["time", "label.ana"]])
    with pytest.raises(InputError, match="no column of labels by zoe"):
        sample_agreement(labelled, annotators=["ana", "zoe"])


def test_windows_have_the_label_of_most_samples_and_cross_no_gap():
    data = pd.DataFrame({"timestamp": np.arange(0, 20, 0.1).round(1), "x": np.arange(200.0), "y": 1.0})
    data = data[~data["timestamp"].between(9.95, 12.0)]
    aligned = align(data, 20.0, unit="s", resample=10)
    table = marks(("ana", "rest", 0.0, 4.0), ("ana", "run", 4.0, 9.0))
    samples = label_samples(table, aligned)
    cut = windows(samples, 2.0, 1.0, channels=["x", "y"])
    assert cut.values.shape == (len(cut.starts), 20, 2)
    for values, label, start, share in zip(cut.values, cut.labels, cut.starts, cut.shares, strict=True):
        here = samples[samples["time"].ge(start - 1e-9) & samples["time"].lt(start + 2 - 1e-9)]
        np.testing.assert_array_equal(values, here[["x", "y"]].to_numpy())
        counts = here["label.ana"].astype("object").fillna("–").value_counts()
        assert share == counts.max() / 20
        tied = counts.index[counts == counts.max()]
        assert (label or "–") in tied
    assert list(cut.labels[:8]) == ["rest", "rest", "rest", "rest", "run", "run", "run", "run"]
    assert not ((cut.starts < 12) & (cut.starts + 2 > 10.05)).any()
    assert windows(samples, 2.0, min_share=0.9, channels=["x"]).labels.tolist()[:5] == [
        "rest",
        "rest",
        "run",
        "run",
        None,
    ]


def test_windows_hold_no_sensors_own_times_unless_they_are_named():
    data = pd.DataFrame({"ms": np.arange(20) * 100, "x": 1.0})
    samples = label_samples(marks(("ana", "run", 0.0, 1.0)), align(data, 1.9, time="ms", unit="ms", resample=10))
    assert windows(samples, 1.0).channels == ("x",)
    assert windows(samples, 1.0, channels=["ms"]).channels == ("ms",)


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        (pd.DataFrame({"time": [0, 1, 1], "x": 1.0}), {"length": 1}, "does not rise"),
        (pd.DataFrame({"time": [0, 1, 5, 6, 20], "x": 1.0}), {"length": 1}, "uneven"),
        (pd.DataFrame({"time": [0, 1], "x": 1.0}), {"length": 0, "stride": "a", "min_share": 2}, "3 problems"),
        (pd.DataFrame({"time": [0, 1], "x": 1.0}), {"length": 1, "channels": ["y"]}, "not there or hold no numbers: y"),
        (pd.DataFrame({"time": [0, 1], "x": 1.0}), {"length": 1, "label": "act"}, "no column 'act'"),
        (pd.DataFrame({"time": [0, 1], "x": 1.0, "label.a": "r", "label.b": "r"}), {"length": 1}, "give label="),
        (pd.DataFrame({"x": [1.0]}), {"length": 1}, "a column 'time'"),
        (pd.DataFrame({"time": ["a"], "x": 1.0}), {"length": 1}, "holds no seconds"),
        (pd.DataFrame([[0.0, 1.0, 2.0]], columns=["time", "x", "x"]), {"length": 1}, "more than one column called x"),
        (pd.DataFrame({"time": [0, 1], "x": 1.0}), {"length": 1, "label": ["x"]}, "no column"),
    ],
)
def test_windows_that_make_no_sense_say_why(samples, options, message):
    with pytest.raises(InputError, match=message):
        windows(samples, **options)


def test_windows_with_nothing_in_them_say_why():
    samples = pd.DataFrame({"time": np.arange(100) / 10, "x": 1.0, "slow": np.where(np.arange(100) % 25, np.nan, 1.0)})
    with pytest.warns(UserWarning, match="'slow' is missing in 96 percent"):
        assert len(windows(samples, 2.0).values) == 0
    with pytest.warns(UserWarning, match="shorter than a window"):
        assert len(windows(samples, 20.0, channels=["x"]).values) == 0


def test_one_series_is_not_the_clock_of_every_file_of_a_study():
    both = pd.concat([marks(("ana", "run", 1.0, 2.0)), marks(("ana", None, np.nan, np.nan)).assign(item="2")])
    first, second = (align(recording(np.arange(100) / 10), 10.0, unit="s", offset=shift) for shift in (0.5, 1.5))
    with pytest.raises(InputError, match="give a dict from item to series"):
        segments(both, first)
    both["value"], both["start"], both["end"] = "run", 2.0, 3.0
    found = segments(both, {"1": first, "2": second})
    assert found["sensor_start"].tolist() == [1.5, 0.5]
    with pytest.warns(UserWarning, match="no series of 2"):
        segments(both, {"1": first})


def test_short_claps_and_instants_are_kept_and_one_in_a_gap_is_told():
    series = pd.DataFrame({"time": np.concatenate([np.arange(100) / 50, 4 + np.arange(100) / 50]), "x": 1.0})
    table = marks(("ana", "clap", 0.503, 0.511), ("ana", "beep", 1.0, 1.0), ("ana", "run", 4.0, 5.0))
    found = label_samples(table, series)
    assert found.loc[found["label.ana"].eq("clap"), "time"].tolist() == [0.5]
    assert found.loc[found["label.ana"].eq("beep"), "time"].tolist() == [1.0]
    cut = windows(found, 0.5, label="label.ana")
    assert [(start, found) for start, found in zip(cut.starts.round(2), cut.marks, strict=True) if found] == [
        (0.5, ("clap",)),
        (1.0, ("beep",)),
        (4.0, ("run",)),
        (4.5, ("run",)),
    ]
    assert segments(table)[["label", "instant"]].values.tolist() == [["clap", False], ["beep", True], ["run", False]]
    with pytest.warns(UserWarning, match="1 stretches of one annotator lie in gaps"):
        assert label_samples(marks(("ana", "clap", 3.0, 3.01)), series)["label.ana"].notna().sum() == 0
    both = label_samples(marks(("ana", "run", 0.0, 2.0), ("ana", "clap", 0.503, 0.511)), series)
    assert windows(both, 2.0, label="label.ana").marks[0] == ("run", "clap")


def people(*lengths):
    """Samples at 10 Hz of as many people, each from second 0 on, whose channels count on."""
    return pd.concat(
        [
            pd.DataFrame({"person": f"p{who}", "item": 7 + who, "time": np.arange(rows) / 10, "x": who, "y": -1.0})
            for who, rows in enumerate(lengths)
        ],
        ignore_index=True,
    )


def test_windows_of_several_people_cross_none_and_say_whose_they_are():
    samples = people(25, 30, 9).assign(label="run")
    cut = windows(samples, 1.0, by=["person", "item"], channels=["x", "y"])
    assert cut.values.shape == (5, 10, 2)
    assert cut.groups.values.tolist() == [["p0", 7]] * 2 + [["p1", 8]] * 3
    assert [set(values[:, 0]) for values in cut.values] == [{0.0}] * 2 + [{1.0}] * 3
    assert windows(samples, 1.0, by="item").channels == ("x", "y")
    turned = windows(samples, 1.0, by="person", channels=["x", "y"], layout="nct")
    np.testing.assert_array_equal(turned.values, cut.values.transpose(0, 2, 1))
    assert turned.to_long().equals(cut.to_long())
    assert turned.to_long().groupby("id")["time"].apply(list).tolist() == [list(range(10))] * 5
    alone = [windows(own, 1.0, channels=["x", "y"]).values for _, own in samples.iloc[:55].groupby("person")]
    np.testing.assert_array_equal(cut.values, np.concatenate(alone))
    with pytest.raises(InputError, match=r"need by=\."):
        windows(samples, 1.0)
    with pytest.raises(InputError, match=r"3 problems(.|\n)*layout(.|\n)*by names columns that are not there: persn"):
        windows(samples, 1.0, by="persn", layout="tnc")


def test_windows_go_to_torch_with_the_place_of_each_label():
    torch = pytest.importorskip("torch")
    samples = people(30).assign(label=["run"] * 10 + ["rest"] * 10 + [None] * 10)
    for layout in ("ntc", "nct"):
        x, y, names = windows(samples, 1.0, channels=["x", "y"], layout=layout).to_torch()
        assert (x.dtype, tuple(x.shape), y.tolist(), names) == (torch.float32, (3, 2, 10), [1, 0, -1], ["rest", "run"])
        assert x[:, 1].unique().tolist() == [-1.0]


def walks() -> Windows:
    """Forty stretches of two seconds: a slow and a fast swing in turn, of two persons."""
    time = np.arange(0, 80, 0.1)
    is_fast = (time // 2).astype(int) % 2 == 1
    swing = np.sin(2 * np.pi * time * np.where(is_fast, 3.0, 0.5))
    label = np.where(is_fast, "run", "walk")
    samples = pd.DataFrame({"time": time, "x": swing, "y": swing * np.where(is_fast, 2.0, 1.0), "label": label})
    both = pd.concat([samples.assign(person="ana"), samples.assign(person="ben")], ignore_index=True)
    return windows(both, 2.0, by="person", layout="nct")


def test_sktime_takes_stretches_as_they_are() -> None:
    pytest.importorskip("sktime")
    from sktime.classification.distance_based import KNeighborsTimeSeriesClassifier
    from sktime.datatypes import check_is_mtype

    cut = walks()
    assert check_is_mtype(cut.values, "numpy3D", scitype="Panel")
    is_ana = (cut.groups == "ana").to_numpy().ravel()
    model = KNeighborsTimeSeriesClassifier(distance="euclidean").fit(cut.values[is_ana], cut.labels[is_ana].astype(str))
    assert model.predict(cut.values[~is_ana]).tolist() == cut.labels[~is_ana].tolist()


def test_tsfresh_takes_the_long_table_as_it_is() -> None:
    pytest.importorskip("tsfresh")
    from tsfresh import extract_features
    from tsfresh.feature_extraction import MinimalFCParameters

    cut = walks()
    options = {"default_fc_parameters": MinimalFCParameters(), "disable_progressbar": True, "n_jobs": 0}
    features = extract_features(cut.to_long(), column_id="id", column_sort="time", **options)
    assert len(features) == len(cut.values) == 80
    np.testing.assert_allclose(features["x__mean"], cut.values[:, 0].mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(features["y__maximum"], cut.values[:, 1].max(axis=1))
