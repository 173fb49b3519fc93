"""Clocks that begin anew, stray, or say their unit: read, or one sentence that says what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from recordings import recording

from lsnb.alignment import align
from lsnb.errors import InputError
from lsnb.timeseries.clocks import read_times, unit_in_name


def test_one_time_that_was_not_set_changes_neither_the_unit_nor_the_rows():
    for stray in (0, 946_684_800_000, 1):
        times = 1_772_614_800_000 + 20 * np.arange(6000)
        times[17] = stray
        aligned = align(recording(times), 120.0)
        assert len(aligned.samples) == 5999
        assert aligned.samples["time"].iloc[0] == 0.0
        assert any("far from all others" in note and "row 19" in note for note in aligned.notes)
    texts = pd.Series(pd.Timestamp("2026-05-01") + pd.to_timedelta(np.arange(100) * 20, "ms")).astype("str")
    texts[3] = "1970-01-01 00:00:00"
    assert len(align(recording(texts), 2.0).samples) == 99


@pytest.mark.parametrize("start", [0.0, 500.0])
def test_a_clock_that_begins_anew_is_an_error_that_names_the_rows_and_two_ways_out(start):
    times = np.concatenate([start + np.arange(50) / 10, np.arange(60) / 10])
    with pytest.raises(InputError, match=r"begins anew once.*falls from .* at row 52.*resets='split'"):
        align(recording(times), 12.0, unit="s", offset=-start)
    whole = align(recording(times), 12.0, unit="s", offset=-start, resets="concatenate")
    assert whole.samples["x"].tolist() == list(range(110))
    assert whole.samples["time"].tolist() == pytest.approx((np.arange(110) / 10).tolist())
    parts = align(recording(times), 20.0, unit="s", offset=[-start, 6.0], resets="split")
    assert [sensor.name for sensor in parts.sensors] == ["sensor_1", "sensor_2"]
    assert parts.figures["used"].tolist() == [50, 60]


def test_runs_that_follow_each_other_last_as_long_as_all_of_them():
    twice = np.tile(np.arange(5000) / 50, 2)
    aligned = align(recording(twice), 200.0, resets="concatenate")
    assert any("lasts 200.0 s at 50 samples a second" in note for note in aligned.notes)


def test_rows_out_of_order_and_pieces_of_a_dated_recording_are_sorted_as_before():
    times = np.arange(100) / 10
    swapped = times.copy()
    swapped[[10, 11, 50, 51]] = swapped[[11, 10, 51, 50]]
    assert align(recording(swapped), 10.0, unit="s").samples["time"].tolist() == times.tolist()
    moments = pd.Timestamp("2026-05-01") + pd.to_timedelta(np.r_[times[50:], times[:50]], "s")
    assert len(align(recording(moments), 10.0).samples) == 100


def test_a_full_counter_goes_on_and_is_written_back_as_it_was():
    ticks = (2**32 - 400 + 20 * np.arange(60)) % 2**32
    read = read_times(pd.Series(ticks, name="millis"), duration=60.0)
    assert np.diff(read.seconds) == pytest.approx(0.02)
    assert any("was full at 4,294,967,296" in note for note in read.notes)
    assert read.clock.original(read.seconds).tolist() == ticks.tolist()
    assert read.clock.moment(100) == pytest.approx(read.seconds[np.flatnonzero(ticks == 100)[0]])


def test_the_hour_of_an_autumn_night_is_told_without_a_zone():
    night = pd.Timestamp("2026-10-25 02:59:00") + pd.to_timedelta(np.r_[np.arange(60), np.arange(60) - 3540], "s")
    read = read_times(pd.Series(night, name="t"), duration=120.0)
    assert read.seconds.tolist() == np.arange(120.0).tolist()
    assert any("put back in autumn" in note for note in read.notes)
    assert read.clock.original(read.seconds).tolist() == night.tolist()


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("Time (s)", "s"),
        ("time_ms", "ms"),
        ("Time (min)", "min"),
        ("Zeit [h]", "h"),
        ("micros", "us"),
        ("timestampMs", "ms"),
        ("Frame", "frames"),
        ("Frame Number", "frames"),
        ("MATLAB datenum", "matlab"),
        ("timestamp", None),
        ("items", None),
        ("acc_s", None),
    ],
)
def test_the_unit_that_a_name_says(name, unit):
    assert unit_in_name(name) == unit


@pytest.mark.parametrize(
    ("name", "step"), [("Time (s)", 0.02), ("time_ms", 20.0), ("Time (min)", 0.02 / 60), ("Time (h)", 0.02 / 3600)]
)
def test_the_unit_of_the_header_decides(name, step):
    data = pd.DataFrame({name: np.arange(3000) * step, "x": 1.0})
    # A video that alone would make another unit likelier.
    for duration in (60.0, 59.0):
        aligned = align(data, duration, offset=0.0)
        assert aligned.samples["time"].iloc[50] == pytest.approx(1.0)


@pytest.mark.parametrize(("name", "step"), [("Time (s)", 20.0), ("time_ms", 0.02)])
def test_numbers_that_speak_against_the_header_are_an_error(name, step):
    with pytest.raises(InputError, match=r"in its name, and its numbers look like .* Give unit="):
        align(pd.DataFrame({name: np.arange(3000) * step, "x": 1.0}), 60.0)


def test_days_of_spreadsheets_and_of_matlab_are_moments():
    for zero, days, unit in ((46085.4166666667, 25569, "excel"), (739000.25, 719529, "matlab")):
        numbers = zero + np.arange(500) / 10 / 86400
        start = pd.Timestamp(round((zero - days) * 86_400_000), unit="ms")
        aligned = align(recording(numbers), 60.0, video_start=start - pd.Timedelta("5s"))
        assert aligned.samples["time"].iloc[0] == pytest.approx(5.0, abs=1e-3)
        assert any(unit.casefold() in note.casefold() for note in aligned.notes)
        np.testing.assert_allclose(aligned.sensors[0].original([5.0]), [zero], atol=2e-8)


def test_frames_and_timecodes_have_a_rate():
    frames = pd.DataFrame({"Frame": np.arange(100), "x": 1.0})
    assert align(frames, 4.0, rate=25).samples["time"].iloc[50] == 2.0
    codes = pd.DataFrame({"timecode": [f"00:00:{n // 25:02d}:{n % 25:02d}" for n in range(100)], "x": 1.0})
    assert align(codes, 4.0, time="timecode", rate=25).samples["time"].iloc[50] == 2.0
    drop = read_times(pd.Series(["00:00:59;29", "00:01:00;02"], name="t"), duration=60.0, rate=30000 / 1001)
    assert drop.seconds == pytest.approx([1799 * 1001 / 30000, 1800 * 1001 / 30000])
    with pytest.raises(InputError, match="give rate="):
        align(frames, 4.0)


def test_most_rows_outside_the_video_are_an_error_unless_somebody_says_how_the_clocks_lie():
    data = recording(np.arange(0, 3600, 0.5))
    with pytest.raises(InputError, match=r"would be cut.*offset=0.0 if both started together"):
        align(data, 600.0, unit="s")
    assert align(data, 600.0, unit="s", offset=0.0).figures["after"].iloc[0] == 5999


def test_a_clock_that_started_when_the_sensor_did_is_said():
    aligned = align(recording(np.arange(0, 20, 0.1) + 5.0), 30.0, unit="s")
    assert any("moment of its own" in note for note in aligned.notes)
    told = align(recording(np.arange(0, 20, 0.1) + 5.0), 30.0, unit="s", offset=0.0)
    assert not any("moment of its own" in note for note in told.notes)


def test_a_given_drift_is_held_and_none_is_estimated():
    pairs = [(0.0, 0.0), (1000.0, 1000.5)]
    assert align(recording([0.0, 1000.0]), 1001.0, unit="s", events=pairs).drift == pytest.approx(1.0005)
    assert align(recording([0.0, 1000.0]), 1001.0, unit="s", events=pairs, drift=1.0).drift == 1.0
