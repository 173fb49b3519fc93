"""Times in every way that loggers write them."""

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import recording

from lsnb.alignment import align
from lsnb.errors import InputError
from lsnb.timeseries.clocks import Clock, guess_unit, read_times

N = 100
MOMENTS = np.arange(N) * 0.02
EPOCH_MS = 1_777_629_600_000  # 2026-05-01T10:00:00Z
NAIVE = pd.Timestamp("2026-05-01 10:00:00") + pd.to_timedelta(np.arange(N) * 20, "ms")


def seconds_of(times, **options):
    options.setdefault("duration", 2.0)
    return read_times(pd.Series(times, name="timestamp"), **options)


@pytest.mark.parametrize(
    ("times", "unit", "first"),
    [
        (MOMENTS, "s", 0.0),
        (MOMENTS + 500, "s", 500.0),
        (np.arange(N) * 20, "ms", 0.0),
        (np.arange(N) * 20_000, "us", 0.0),
        (np.arange(N) * 20_000_000, "ns", 0.0),
        (EPOCH_MS / 1000 + MOMENTS, "s", 0.0),
        (EPOCH_MS + np.arange(N) * 20, "ms", 0.0),
        ((EPOCH_MS + np.arange(N) * 20) * 1000, "us", 0.0),
        ((EPOCH_MS + np.arange(N) * 20) * 1_000_000, "ns", 0.0),
        ([str(number) for number in np.arange(N) * 20], "ms", 0.0),
        ([f"{number:.2f}".replace(".", ",") for number in MOMENTS], "s", 0.0),
    ],
)
def test_the_unit_is_told_from_the_numbers_and_said_aloud(times, unit, first):
    read = seconds_of(times)
    assert read.clock.unit == unit
    assert any("was read as" in note for note in read.notes)
    np.testing.assert_allclose(read.seconds, MOMENTS + first, atol=2e-6)


def test_a_unit_that_cannot_be_told_is_asked_for_with_the_choices():
    # A sample a second over a day and a half, or 1 kHz over two minutes, beside a video of ten.
    with pytest.raises(InputError, match=r"give unit=.*unit='s' is 129,999 s.*unit='ms' is 129.999 s"):
        guess_unit(np.arange(130_000.0), 600.0, "t")


@pytest.mark.parametrize(
    "times",
    [
        NAIVE,
        NAIVE.tz_localize("Europe/Berlin"),
        [moment.isoformat() for moment in NAIVE],
        [moment.isoformat() + "+02:00" for moment in NAIVE],
        [str(moment).replace(".", ",") for moment in NAIVE],
        [moment.strftime("%d.%m.%Y %H:%M:%S.%f").replace("01.05", "21.05") for moment in NAIVE],
        [f"{moment:%H:%M:%S.%f}" for moment in NAIVE],
        pd.to_timedelta(MOMENTS, "s"),
    ],
)
def test_datetimes_durations_and_clock_times_are_seconds(times):
    seconds = seconds_of(times).seconds
    np.testing.assert_allclose(seconds - seconds[0], MOMENTS, atol=1e-9)


def test_nanoseconds_since_1970_lose_no_microsecond():
    start = 1_777_629_600_123_456_789
    read = seconds_of(start + np.array([0, 1_000, 123_456_000]), unit="ns")
    assert np.round(read.seconds, 9).tolist() == [0.0, 1e-06, 0.123456]
    assert read.clock.original(read.seconds).tolist() == [start, start + 1_000, start + 123_456_000]


@pytest.mark.parametrize(
    ("times", "start", "options", "first"),
    [
        (EPOCH_MS + np.arange(3), "2026-05-01T12:00:01+02:00", {}, -1.0),
        (EPOCH_MS + np.arange(3), "2026-05-01T10:00:00.0005Z", {}, -0.0005),
        (EPOCH_MS / 1000 + np.arange(3), "2026-05-01T12:00:01+02:00", {}, -1.0),
        (NAIVE, "2026-05-01T08:00:01Z", {"tz": "Europe/Berlin"}, -1.0),
        (NAIVE, "2026-05-01T10:00:01", {"tz": "Europe/Berlin"}, -1.0),
        (NAIVE, "2026-05-01T10:00:01", {}, -1.0),
        (NAIVE.tz_localize("UTC"), "2026-05-01T05:00:00-05:00", {}, 0.0),
        (["12:03:04.5", "12:03:05,5"], "2026-05-01T12:03:04", {}, 0.5),
        (["12:03:04.5", "12:03:05,5"], "2026-05-01T10:03:04Z", {"tz": "Europe/Berlin"}, 0.5),
        (["2026-10-25T02:59:59+02:00", "2026-10-25T02:00:00+01:00"], "2026-10-25T00:59:58Z", {}, 1.0),
    ],
)
def test_a_clock_that_says_when_counts_from_the_start_of_the_video(times, start, options, first):
    aligned = align(recording(times), 3600.0, unit=None, video_start=start, offset=10.0, **options)
    assert aligned.samples["time"].iloc[0] == pytest.approx(10 + first, abs=1e-6)
    assert not any("Nothing says when" in note for note in aligned.notes)


def test_without_the_start_of_the_video_the_first_sample_is_it_and_that_is_said():
    aligned = align(recording(NAIVE), 2.0)
    assert aligned.samples["time"].tolist() == pytest.approx(MOMENTS)
    assert any("Nothing says when the video starts" in note for note in aligned.notes)


def test_clock_times_go_on_over_midnight():
    assert seconds_of(["23:59:59.5", "00:00:00.5"]).seconds.tolist() == [86399.5, 86400.5]


def test_the_hour_that_an_autumn_night_has_twice_is_told_by_the_jump_back():
    night = pd.to_datetime(["2026-10-25 02:59:58", "2026-10-25 02:59:59", "2026-10-25 02:00:00", "2026-10-25 02:00:01"])
    read = seconds_of(night, tz="Europe/Berlin")
    assert read.seconds.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert any("put back" in note for note in read.notes)


@pytest.mark.parametrize(
    ("times", "options", "message"),
    [
        (pd.to_datetime(["2026-10-25 02:30", "2026-10-25 02:31"]), {"tz": "Europe/Berlin"}, "was twice"),
        (pd.to_datetime(["2026-03-29 02:30", "2026-03-29 02:31"]), {"tz": "Europe/Berlin"}, "never was"),
        (NAIVE, {"tz": "Berlin"}, "give the name of a zone"),
        (["2026-05-01T10:00:00Z", "2026-05-01T10:00:01"], {}, "some datetimes have a zone and others have none"),
        (["01/02/2026 10:00:00", "01/02/2026 10:00:01"], {}, "day or with the month: give time_format="),
        (["10:00:00", "soon"], {}, r"soon \(row 3\) is no time"),
        (["2026-05-01", "later"], {"time_format": "%Y-%m-%d"}, "cannot be read|can be read as"),
        ([None, None], {}, "is empty in every row"),
        ([np.nan, np.inf], {}, "no finite number"),
        ([True, False], {}, "yes and no"),
        ([1j, 2j], {}, "complex numbers"),
        (
            ["0001-01-01T00:00:00", "2026-05-01T10:00:00"],
            {},
            r"0001-01-01T00:00:00 \(row 2\) is no time of a recording",
        ),
        (["2026-05-01", "x"], {"time_format": "%Q"}, "give strftime's letters"),
        ([], {}, "no rows"),
    ],
)
def test_times_that_cannot_be_read_say_why(times, options, message):
    with pytest.raises(InputError, match=message):
        seconds_of(times, **options)


@pytest.mark.parametrize(
    ("times", "start", "options", "message"),
    [
        (NAIVE, "2026-05-01T08:00:00Z", {}, "give tz="),
        (EPOCH_MS + np.arange(3), "2026-05-01T08:00:00", {}, "video_start has no zone"),
        (MOMENTS, "2026-05-01T08:00:00Z", {"unit": "s"}, "video_start says nothing"),
        (MOMENTS, "tomorrow at tea", {"unit": "s"}, "is no time"),
        (MOMENTS, 5, {"unit": "s"}, "give a datetime"),
        (NAIVE, "05/01/2026 10:00:00", {}, "day or with the month"),
        (NAIVE, "2026-10-25T02:30:00", {"tz": "Europe/Berlin"}, "has not or twice"),
        (NAIVE, None, {"events": [("2026-05-01T10:00:00Z", 1.0)]}, "not written as its column"),
        (["10:00:00"], "2026-05-01T08:00:00Z", {}, "clock times without a date or zone"),
        (NAIVE, "metadata", {}, "does not say when it was made"),
    ],
)
def test_a_start_that_does_not_fit_the_clock_is_refused(times, start, options, message):
    with pytest.raises(InputError, match=message):
        align(recording(times), 2.0, video_start=start, **options)


@settings(max_examples=40)
@given(
    st.sampled_from(["s", "ms", "us", "ns"]),
    st.lists(st.integers(0, 10**7), min_size=1, max_size=20),
    st.booleans(),
)
def test_original_times_come_back_exactly(unit, ticks, since_1970):
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    base = 1_700_000_000 * per_second if since_1970 else 0
    numbers = [base + tick * max(1, per_second // 10**6) for tick in ticks]
    read = seconds_of(numbers, unit=unit)
    assert read.clock.original(read.seconds).tolist() == numbers


def test_original_datetimes_keep_their_zone():
    zoned = pd.Series(NAIVE.tz_localize("Europe/Berlin"), name="timestamp")
    read = read_times(zoned, duration=2.0)
    assert read.clock.original(read.seconds).tolist() == zoned.tolist()
    assert Clock("datetime", "ns", 0, "UTC").original([np.nan]).isna().all()


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([Decimal("0.5"), Decimal("1.5")], [0.5, 1.5]),
        ([time(0, 0, 1), time(0, 0, 2, 500_000)], [1.0, 2.5]),
        (pd.Series([timedelta(seconds=1), timedelta(seconds=2)], dtype="object"), [1.0, 2.0]),
        (pd.Categorical(["0:00:01", "0:00:02"]), [1.0, 2.0]),
        (pd.period_range("2026-05-01", periods=2, freq="s"), [0.0, 1.0]),
    ],
)
def test_times_of_rarer_types_are_read_as_well(times, expected):
    assert seconds_of(times, unit="s").seconds.tolist() == expected


def test_whole_numbers_can_be_datetimes_in_a_format_and_short_times_hours():
    assert seconds_of([20260501100000, 20260501100002], time_format="%Y%m%d%H%M%S").seconds.tolist() == [0.0, 2.0]
    assert seconds_of(["1:30", "1:31"], time_format="%H:%M").seconds.tolist() == [5400.0, 5460.0]
    short = seconds_of(["1:30", "1:31"])
    assert short.seconds.tolist() == [90.0, 91.0]
    assert "read as minutes and seconds" in short.notes[0]


@pytest.mark.parametrize(
    ("times", "options", "expected"),
    [
        (["23:59:59", "00:00:01", "00:00:03"], {"video_start": "2026-05-02T00:00:00"}, [1.0, 3.0]),
        (["00:00:01", "00:00:03"], {"video_start": "2026-05-01T23:59:58"}, [3.0, 5.0]),
        (["23:59:59", "00:00:01"], {"events": [("00:00:01", 4.0)]}, [2.0, 4.0]),
        (["2026-05-01T10:00:00", "2026-05-01T10:00:01"], {"video_start": "01.05.2026 10:00:00"}, [0.0, 1.0]),
    ],
)
def test_video_and_sensor_may_start_on_two_days_and_dates_be_written_day_first(times, options, expected):
    assert align(recording(times), 10.0, **options).samples["time"].tolist() == expected
