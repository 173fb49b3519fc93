"""A series on a video's clock: cut, padded, sorted, nothing lost, nothing made up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import recording

from lsnb.alignment import align, align_table
from lsnb.errors import InputError, MissingFileError, TableError


def test_a_clap_that_is_later_in_the_data_has_a_negative_offset():
    aligned = align(recording([15.03, 16.0]), 20.0, unit="s", events=[(15.03, 12.4)])
    assert aligned.offset == pytest.approx(-2.63)
    assert aligned.samples["time"].iloc[0] == 12.4
    by_hand = align(recording([15.03, 16.0]), 20.0, unit="s", offset=-2.63)
    pd.testing.assert_frame_equal(by_hand.table, aligned.table)


def test_drift_multiplies_before_the_offset_is_added():
    aligned = align(recording([100.0, 200.0]), 300.0, unit="s", drift=1.001, offset=-50.0)
    assert aligned.samples["time"].tolist() == [50.1, 150.2]


def test_the_table_begins_with_time_and_keeps_every_column_as_it_is():
    data = recording(
        [0, 20, 40],
        count=np.array([1, 2, 3], "int16"),
        note=["a", None, "c"],
        ok=[True, False, True],
        kind=pd.Categorical(["p", "q", "p"]),
    )
    before = data.copy(deep=True)
    table = align(data, 0.04, unit="ms").table
    assert list(table.columns) == ["time", *data.columns]
    pd.testing.assert_frame_equal(table[list(data.columns)], data)
    pd.testing.assert_frame_equal(data, before)
    table.loc[0, "x"] = 99.0
    assert data["x"].iloc[0] == 0.0


def test_cutting_and_padding_reach_exactly_over_the_video():
    aligned = align(recording([-1.0, 0.5, 1.0, 2.0, 2.5], n=[2**60 + k for k in range(5)]), 2.25, unit="s")
    table = aligned.table
    assert table["time"].tolist() == [0.0, 0.5, 1.0, 2.0, 2.25]
    assert aligned.padding == (1, 1)
    assert table["x"].isna().tolist() == [True, False, False, False, True]
    # Whole numbers that a float would round stay whole beside the padding.
    assert aligned.samples["n"].tolist() == [2**60 + 1, 2**60 + 2, 2**60 + 3]
    assert aligned.figures.loc[0, ["before", "after", "used"]].tolist() == [1, 1, 3]
    assert align(recording([0.0, 2.25]), 2.25, unit="s").padding == (0, 0)


def test_disorder_repeats_gaps_and_missing_times_are_mended_and_counted():
    times = [0.3, 0.1, 0.2, 0.2, 0.0, np.nan, 0.4, 0.4, 5.0, np.inf]
    data = pd.DataFrame({"timestamp": times, "x": [3.0, 1, 2, 2, 0, 9, 4, 5, 50, 9]})
    aligned = align(data, 5.0, unit="s")
    assert aligned.table["time"].tolist() == [0.0, 0.1, 0.2, 0.3, 0.4, 0.4, 5.0]
    assert aligned.table["x"].tolist() == [0, 1, 2, 3, 4, 5, 50]
    facts = aligned.figures.iloc[0]
    assert (facts["untimed"], facts["repeated"], facts["sharing_a_time"], facts["gaps"]) == (2, 1, 1, 1)
    assert facts["longest_gap"] == pytest.approx(4.6)
    for word in ("without a time", "sorted", "repeat another", "share their time", "0.400 to 5.000 s"):
        assert any(word in note for note in aligned.notes), word


def test_a_clock_that_ticks_more_slowly_than_the_sensor_gets_a_hint():
    aligned = align(recording(np.repeat([0, 1, 2], 50)), 2.0, unit="s")
    assert len(aligned.samples) == 150
    assert any("time=None and rate=" in note for note in aligned.notes)


def test_aligning_again_what_was_aligned_changes_nothing():
    once = align(recording([0.25, 0.5]), 1.0, unit="s").samples
    again = align(once.drop(columns="timestamp"), 1.0, time="time", unit="s")
    assert again.samples["time"].tolist() == [0.25, 0.5]
    assert "original_time" in again.table


def test_a_series_without_times_has_a_rate():
    aligned = align(pd.DataFrame({"x": [1.0, 2.0, 3.0]}), 1.0, time=None, rate=4, offset=0.25)
    assert aligned.samples["time"].tolist() == [0.25, 0.5, 0.75]
    assert aligned.samples["original_time"].tolist() == [0.0, 0.25, 0.5]


def test_sensors_of_several_rates_share_one_clock_and_lose_nothing():
    slow = pd.DataFrame({"t": [0, 500, 1000], "x": [1, 2, 3]})
    fast = recording([0.0, 0.25, 0.5, 0.75], mark=list("abcd"))
    joined = align({"wrist": fast, "heart": slow}, 1.0, time={"heart": "t"}, unit={"wrist": "s", "heart": "ms"})
    table = joined.table
    assert table["time"].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert table["x_wrist"].dropna().tolist() == [0, 1, 2, 3]
    assert table["x_heart"].dropna().tolist() == [1, 2, 3]
    assert table["t"].dropna().tolist() == [0, 500, 1000]
    assert table["mark"].dropna().tolist() == list("abcd")
    assert joined.offset == (0.0, 0.0)
    even = align([fast, slow], 1.0, time=["timestamp", "t"], unit=["s", "ms"], resample=4).table
    assert even["time"].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert even["x_sensor_2"].tolist() == [1.0, 1.5, 2.0, 2.5, 3.0]
    assert np.isnan(even["x_sensor_1"].iloc[-1])


def test_resampling_makes_nothing_up_in_gaps_and_averages_what_is_faster():
    times = np.concatenate([np.arange(0, 2, 0.01), np.arange(5, 7, 0.01)])
    data = pd.DataFrame({"timestamp": times, "x": np.sin(times), "fast": (-1.0) ** np.arange(len(times))})
    slow = align(data, 8.0, unit="s", resample=5).table
    assert slow["time"].tolist() == [round(k / 5, 6) for k in range(41)]
    gap = slow["time"].between(2.2, 4.8) | (slow["time"] > 7.1)
    assert slow.loc[gap, "x"].isna().all()
    assert slow.loc[~gap & (slow["time"] > 0), "fast"].abs().max() < 0.1
    fast = align(data, 8.0, unit="s", resample=200).table
    here = fast["time"].between(0.1, 1.9)
    np.testing.assert_allclose(fast.loc[here, "x"], np.sin(fast.loc[here, "time"]), atol=1e-4)
    assert fast.loc[fast["time"].between(2.05, 4.95), "x"].isna().all()


def test_files_are_read_in_every_way_that_spreadsheets_write_them(tmp_path):
    data = pd.DataFrame({"timestamp": [0.0, 0.5, 1.0], "Acc [g]": [0.5, 1.5, 2.5]})
    data.to_csv(tmp_path / "a.csv", index=False)
    data.to_csv(tmp_path / "b.csv", index=False, sep=";", decimal=",", encoding="utf-8-sig")
    data.to_parquet(tmp_path / "c.parquet")
    for name in ("a.csv", "b.csv", "c.parquet"):
        aligned = align(tmp_path / name, 1.0, unit="s")
        assert aligned.table["Acc [g]"].tolist() == [0.5, 1.5, 2.5], name
        assert aligned.sensors[0].name == name[0]


def test_large_files_take_the_quick_way_and_give_the_same(tmp_path, monkeypatch):
    from lsnb.timeseries import series

    recording(np.arange(20) / 4, note=["a,b"] * 20).to_csv(tmp_path / "a.csv", index=False)
    plain = align(tmp_path / "a.csv", 5.0, unit="s").table
    monkeypatch.setattr(series, "QUICK_BYTES", 10)
    pd.testing.assert_frame_equal(align(tmp_path / "a.csv", 5.0, unit="s").table, plain)


def test_an_index_of_times_is_the_column_of_times():
    table = pd.DataFrame({"x": [1.0, 2.0]}, index=pd.date_range("2026-01-01", periods=2, freq="s"))
    assert align(table, 1.0).samples["time"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (recording([500.0, 501.0]), {"unit": "s"}, r"lies at 500.000 to 501.000 s .*the video at 0 to 2.000 s"),
        (recording([]), {}, "no rows"),
        (recording([0.0, 1.0]), {"channels": ["y"], "unit": "s"}, "no column 'y' to plot"),
        (recording([0.0, 1.0], t=["a", "b"]), {"channels": ["t"], "unit": "s"}, "'a', which is no number"),
        (recording([0.0, 1.0]), {"channels": [], "unit": "s"}, "channels is empty"),
        (recording([0.0, 1.0]), {"channels": "x", "unit": "s"}, "give a list of columns"),
        (recording([0.0, 1.0]), {"channels": [["x"]], "unit": "s"}, "give a list of columns"),
        (recording([0.0, 1.0]), {"units": {"y": "g"}, "unit": "s"}, "units names columns that are not there"),
        (pd.DataFrame({"timestamp": [0.0, 1.0]}), {"unit": "s"}, "No column of the series holds numbers"),
        (recording([0.0, 1.0]), {"time": "Timestamp"}, "Did you mean 'timestamp'"),
        (pd.DataFrame({"x": [3.0, 1.0, 2.0], "y": [0.0, 5.0, 1.0]}), {}, "no column 'timestamp' with times"),
        (recording([0.0, 1.0]), {"resets": "sort", "every": "soon"}, "2 problems"),
        (pd.DataFrame([[0.0, 1.0]], columns=["timestamp", "timestamp"]), {}, "more than one column"),
        (recording([0.0, 1.0]), {"unit": "fortnight", "offset": "soon", "drift": 0, "resample": -1}, "4 problems"),
        (recording([0.0, 1.0]), {"tz": "Berlin", "time": {"x"}, "max_shift": 1e9}, "3 problems"),
        (recording(["2026-05-01T10:00:00Z"]), {"tz": 5}, "give the name of a zone"),
        (recording([0.0, 1.0], time=1.0), {"unit": "s", "channels": ["time"]}, "called 'original_time'"),
        (pd.DataFrame({"timestamp": [0.0, 1.0], "x": ["1", "off"]}), {"unit": "s"}, "holds texts, such as 'off'"),
        (recording([0.0, 1.0], t=["1", "off"]), {"channels": ["t"], "unit": "s"}, "'off', which is no number"),
        (pd.DataFrame([[0.0]], columns=pd.MultiIndex.from_tuples([("timestamp", "s")])), {}, "header of 2 lines"),
        (recording([0.0, 1.0]), {"rate": 50}, "rate is not needed"),
        (recording([0.0, 1.0]), {"time": None}, "give rate="),
        (recording([0.0, 1.0]), {"events": [(0.0, 1.0)], "reference": "motion"}, "leave one out"),
        (recording([0.0, 1.0]), {"events": [(0.0, "x")]}, "no seconds of the video"),
        (recording([0.0, 1.0]), {"events": "clap"}, "pairs of matching moments"),
        (recording([0.0, 1.0]), {"events": [("noon", 1.0)], "unit": "s"}, "'noon'.*not written as its column"),
        (recording([0.0, 1.0]), {"reference": "smell"}, "give one of 'motion'"),
        (recording([0.0, 1.0]), {"reference": "motion", "unit": "s"}, "needs the video itself"),
        (recording([0.0, 1.0]), {"resample": 1e9, "unit": "s"}, "give a lower rate"),
        (7, {}, "give a DataFrame"),
        ([], {}, "no series to align"),
        ([recording([0.0]), recording([0.0])], {"offset": [1.0]}, "has 1 entries for 2 sensors"),
        ({"a": recording([0.0]), "b": recording([0.0])}, {"offset": {"c": 1.0}}, "sensors that are not there: c"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(data, options, message):
    with pytest.raises(InputError, match=message):
        align(data, 2.0, **options)


@pytest.mark.parametrize(("video", "error"), [("lost.mp4", MissingFileError), (0.0, InputError), (None, InputError)])
def test_a_video_that_is_none_is_refused(video, error):
    with pytest.raises(error):
        align(recording([0.0, 1.0]), video, unit="s")


@settings(max_examples=15)
@given(st.lists(st.floats(-5, 15, allow_nan=False), min_size=1, max_size=60), st.floats(-3, 3), st.floats(0.9, 1.1))
def test_no_sample_inside_the_video_is_ever_lost_or_moved(times, offset, drift):
    expected = sorted(
        round(drift * time + offset, 6) + 0.0 for time in times if 0 <= round(drift * time + offset, 6) <= 10
    )
    data = recording(times)
    if not expected:
        with pytest.raises(InputError, match="does not overlap"):
            align(data, 10.0, unit="s", offset=offset, drift=drift)
        return
    aligned = align(data, 10.0, unit="s", offset=offset, drift=drift)
    assert aligned.samples["time"].tolist() == pytest.approx(expected, abs=1.1e-6)
    # Every row still says which one it was.
    rows = aligned.samples["x"].astype("int64")
    assert aligned.samples["timestamp"].tolist() == [times[row] for row in rows]
    assert rows.is_unique
    table = aligned.table["time"]
    assert (table.iloc[0], table.iloc[-1]) == (0.0, 10.0) or len(table) == 1
    assert table.is_monotonic_increasing


def test_a_table_of_recordings_gets_a_file_each_and_a_fault_is_a_row(tmp_path):
    for name in ("one/wrist.csv", "two/wrist.csv"):
        (tmp_path / name).parent.mkdir()
        recording([0.0, 1.0]).to_csv(tmp_path / name, index=False)
    table = pd.DataFrame(
        {
            "path": [2.0, 2.0, 2.0],
            "series": [str(tmp_path / "one/wrist.csv"), str(tmp_path / "two/wrist.csv"), "lost.csv"],
            "shift": [0.5, np.nan, 0.0],
            "note": list("abc"),
        }
    )
    with ThreadPoolExecutor(2) as executor:
        found = align_table(table, tmp_path / "out", columns={"offset": "shift"}, executor=executor, unit="s")
    assert found["status"].tolist() == ["done", "done", "failed"]
    assert found["offset"].tolist()[:2] == [0.5, 0.0]
    assert "lost.csv" in found["error"].iloc[2]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["wrist.csv", "wrist_2.csv"]
    assert list(found.columns[:4]) == list(table.columns)
    pd.testing.assert_frame_equal(align_table(found, tmp_path / "out", columns={"offset": "shift"}, unit="s"), found)
    with pytest.raises(TableError, match=r"no column 'serie'.*Did you mean 'series'"):
        align_table(table, tmp_path / "out", series="serie")


def test_a_line_of_units_below_the_header_and_words_for_no_value_are_understood(tmp_path):
    (tmp_path / "a.csv").write_text("timestamp,acc,heart\nms,[g],bpm\n0,0.5,60\n500,NA,-\n1000,1.5,61\n")
    aligned = align(tmp_path / "a.csv", 1.0, channels=["acc", "heart"])
    assert aligned.table["time"].tolist() == [0.0, 0.5, 1.0]
    assert aligned.table["heart"].fillna(-1).tolist() == [60, -1, 61]
    assert dict(aligned.units) == {"acc": "g", "heart": "bpm"}
    plain = align(recording([0.0, 1.0, 2.0], y=["1", "2", "NA"]), 2.0, unit="s")
    assert any("'y' holds texts, such as 'NA', so it is not plotted" in note for note in plain.notes)


def test_what_align_says_of_several_sensors_can_be_given_to_it_again():
    once = align([recording([0.0, 1.0], y=["1,5", "2"])] * 2, 9.0, unit="s", offset=[1.0, 2.0], channels=["y_sensor_1"])
    assert once.offset == (1.0, 2.0)
    assert align([recording([0.0, 1.0])] * 2, 9.0, unit="s", offset=once.offset).offset == once.offset


@pytest.mark.parametrize(
    ("options", "message"),
    [({"foo": 1}, "no option 'foo'"), ({"out": 5}, "give the folder"), ({"columns": "x"}, "give a dict from option")],
)
def test_options_that_no_table_of_recordings_could_have_are_refused(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        align_table(pd.DataFrame({"path": [1.0], "series": ["a"]}), **{"out": tmp_path, **options})


def test_sensors_that_say_when_stay_as_they_were_to_each_other():
    start = pd.Timestamp("2026-05-01T10:00:00Z")
    early = recording(start + pd.to_timedelta([0, 1, 2], "s"))
    late = recording([1_777_629_601_500, 1_777_629_602_500])
    aligned = align({"a": late, "b": early}, 4.0)
    assert aligned.figures["start"].tolist() == [1.5, 0.0]
    assert any("earliest time of all sensors" in note for note in aligned.notes)
    own = align({"a": late, "b": early}, 4.0, events={"a": [(1_777_629_601_500, 0.5)], "b": [(start, 0.25)]})
    assert own.figures["start"].tolist() == [0.5, 0.25]


@pytest.mark.exhaustive
def test_two_hundred_recordings_from_dask_workers_are_those_of_this_process(tmp_path):
    from distributed import Client, LocalCluster

    chance = np.random.default_rng(0)
    rows = []
    for number in range(200):
        path = tmp_path / f"wrist_{number}.csv"
        recording(np.arange(50) / 10 + chance.uniform(-1, 1), y=chance.normal(size=50)).to_csv(path, index=False)
        rows.append(
            {
                "path": 5.0,
                "series": str(path if number % 50 else tmp_path / f"lost_{number}.csv"),
                "shift": number / 100,
            }
        )
    table = pd.DataFrame(rows)
    options = {"columns": {"offset": "shift"}, "unit": "s", "progress": False}
    serial = align_table(table, tmp_path / "serial", **options)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        far = align_table(table, tmp_path / "far", executor=client.get_executor(), **options)
    assert serial["status"].value_counts().to_dict() == {"done": 196, "failed": 4}
    pd.testing.assert_frame_equal(far.drop(columns="csv"), serial.drop(columns="csv"))
    written = zip(far["csv"].dropna(), serial["csv"].dropna(), strict=True)
    assert all(Path(one).read_bytes() == Path(other).read_bytes() for one, other in written)
