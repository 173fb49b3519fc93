"""The file that Label Studio plots, read as its editor reads it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import parse_as_editor, recording

from lsnb.alignment import align
from lsnb.errors import InputError
from lsnb.tables import read_table
from lsnb.timeseries.aligned import display_rows
from lsnb.timeseries.series import csv_problems


def test_the_file_reads_in_the_editor_as_seconds_from_zero_to_the_end(tmp_path):
    data = recording(
        [2000, 2500, 2500, 3000],
        **{"Herz (bpm)": [60, np.nan, 61, np.inf], "X": [1, 2, 3, 4], "心拍": [1e-9, 1e20, -0.1, 5], "3": [1, 1, 1, 1]},
    )
    aligned = align(data, 4.0, unit="ms", offset=-1.0)
    path = aligned.to_csv(tmp_path / "new" / "series.csv")
    read = parse_as_editor(path.read_text(encoding="utf-8"))
    assert read["time"] == [0.0, 1.0, 1.5, 2.0, 4.0]
    assert dict(aligned.legends) == {"x": "x", "herz": "Herz", "x_2": "X", "channel": "心拍", "c_3": "3"}
    assert dict(aligned.units)["herz"] == "bpm"
    # What is missing is on the line between the samples around it: an empty cell would be drawn as 0.
    assert read["herz"] == [60, 60, 61, 61, 61]
    assert read["channel"] == [1e-9, 1e-9, 1e20, 5, 5]
    assert csv_problems(path, channels=list(aligned.legends)) == []
    assert [file.name for file in path.parent.iterdir()] == ["series.csv"]


def test_a_series_that_starts_before_the_camera_still_begins_at_zero(tmp_path):
    aligned = align(recording(np.arange(0, 10, 0.3)), 3.0, unit="s", offset=-5.0)
    read = parse_as_editor(aligned.to_csv(tmp_path / "s.csv").read_text())
    assert read["time"][0] == 0.0
    assert read["time"][-1] == 3.0
    assert sum(time == 0 for time in read["time"][:3]) == 1


@settings(max_examples=30)
@given(
    st.lists(st.floats(0, 9, allow_nan=False), min_size=1, max_size=40),
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=1, max_size=40),
)
def test_no_series_makes_a_file_that_breaks_the_editor(tmp_path_factory, times, values):
    rows = min(len(times), len(values))
    data = pd.DataFrame({"timestamp": times[:rows], "Wert": values[:rows]})
    path = align(data, 9.0, unit="s").to_csv(tmp_path_factory.mktemp("csv") / "s.csv")
    assert csv_problems(path, channels=["wert"]) == []
    read = parse_as_editor(path.read_text())
    # A channel without any value is no number in any row, so that its plot stays empty.
    assert all(isinstance(cell, float) for cell in read["time"])
    assert all(isinstance(cell, float) for cell in read["wert"]) or set(read["wert"]) == {"nan"}
    assert (np.diff(read["time"]) > 0).all()
    assert (read["time"][0], read["time"][-1]) == (0.0, 9.0)


def test_times_in_the_file_are_the_same_numbers_as_in_the_table(tmp_path):
    aligned = align(recording(np.arange(200) / 7), 28.0, unit="s", drift=1.00037, offset=0.1234567)
    read = parse_as_editor(aligned.to_csv(tmp_path / "s.csv").read_text())
    assert read["time"] == aligned.table["time"].tolist()


def test_a_long_series_keeps_its_spikes_at_their_own_times_and_opens_in_few_rows(tmp_path):
    rows = 300_000
    chance = np.random.default_rng(0)
    data = pd.DataFrame({f"c{n}": chance.normal(size=rows) for n in range(3)})
    data.insert(0, "timestamp", np.arange(rows) / 1000)
    spikes = {"c0": 123_457, "c1": 7, "c2": 299_998}
    for name, row in spikes.items():
        data.loc[row, name] = 99.0
        data.loc[row - 3, name] = -99.0
    aligned = align(data, rows / 1000, unit="s")
    read = pd.DataFrame(parse_as_editor(aligned.to_csv(tmp_path / "s.csv", max_rows=12_000).read_text()))
    assert len(read) <= 12_000
    for name, row in spikes.items():
        assert read.loc[read[name].eq(99.0), "time"].tolist() == [row / 1000]
        assert read.loc[read[name].eq(-99.0), "time"].tolist() == [(row - 3) / 1000]
    # Every row of the plot but the padding is a sample as it was taken, in all channels.
    full = aligned.samples.set_index("time")[["c0", "c1", "c2"]]
    shown = read.iloc[:-1].set_index("time")
    pd.testing.assert_frame_equal(full.loc[shown.index], shown)
    assert len(aligned.table) == rows + 1


@settings(max_examples=30)
@given(st.integers(4, 60), st.integers(1, 3), st.integers(1, 500), st.integers(0, 2**32))
def test_every_stretch_keeps_its_extremes(most, channels, rows, seed):
    chance = np.random.default_rng(seed)
    values = list(chance.normal(size=(channels, rows)))
    time = np.cumsum(chance.random(rows))
    chosen = display_rows(time, values, most, channels)
    assert len(chosen) <= max(most, 2 + 2 * channels)
    assert (np.diff(chosen) > 0).all()
    assert {0, rows - 1} <= set(chosen.tolist())
    for one in values:
        assert one[chosen].max() == one.max()
        assert one[chosen].min() == one.min()


def test_missing_values_are_never_chosen_as_extremes():
    values = np.array([np.nan, 1.0, np.inf, 3.0, np.nan, -2.0] * 20)
    chosen = display_rows(np.arange(120.0), [values], 10, 1)
    assert {3.0, -2.0} <= set(values[chosen].tolist())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("time,X\n0.0,1\n1.0,2\n", "'X' is not in lower-case"),
        ("time,x\n5.0,1\n6.0,2\n", "first time is 5.0"),
        ("time,x\n0.0,1\n2.0,2\n1.0,2\n", "do not rise in row 4"),
        ("time,x\n0.0,1\n0.0,2\n1.0,2\n", "Two of the first three"),
        ("time,x\n0.0,1\n1.0,\n", "empty cell in 'x'"),
        ("time,x\n0.0,1\n1.0,nan\n", "'nan' in 'x', which is no number"),
        ("time,x\n0.0,1\n1.0,n/a\n", "'n/a' in 'x'"),
        ("time,x\n0.0,1\n1.0,2,3\n", "Row 3 has 3 cells"),
        ("time,x\n0.0,1\n", "two or more"),
        ("\ufefftime,x\n0.0,1\n1.0,2\n", "byte order mark"),
        ("time,x,x\n0.0,1,1\n1.0,2,2\n", "Two columns are called 'x'"),
        ("t,x\n0.0,1\n1.0,2\n", "no column 'time'"),
        ("time,x\n00:00:00,1\n00:00:01,2\n", "seconds with up to six decimals"),
        ("time,x\n0.0,1\n1e3,2\n", "'1e3'"),
    ],
)
def test_every_input_that_breaks_the_editor_is_found(tmp_path, text, problem):
    path = tmp_path / "s.csv"
    path.write_text(text, encoding="utf-8")
    assert any(problem in found for found in csv_problems(path)), csv_problems(path)


@pytest.mark.parametrize(("options", "message"), [({"max_rows": 3}, "max_rows"), ({"max_rows": "many"}, "max_rows")])
def test_a_bad_number_of_rows_is_refused(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        align(recording([0.0]), 1.0).to_csv(tmp_path / "s.csv", **options)


def test_a_file_that_is_no_text_is_said_to_be_none(tmp_path):
    (tmp_path / "s.csv").write_bytes(b"\xff\xfetime,x\n")
    assert csv_problems(tmp_path / "s.csv") == ["s.csv is not in UTF-8, as which the editor reads it."]
    with pytest.raises(InputError, match="give the name of a CSV file"):
        csv_problems(None)


def test_a_folder_in_place_of_a_file_is_refused_and_an_old_file_stays_until_the_new_is_whole(tmp_path):
    aligned = align(recording([0.0, 1.0]), 1.0, unit="s")
    with pytest.raises(InputError, match="is a folder"):
        aligned.to_csv(tmp_path)
    path = aligned.to_csv(tmp_path / "s.csv")
    first = path.read_text()
    assert aligned.to_csv(path).read_text() == first
    with pytest.raises(InputError, match="cannot be written"):
        aligned.to_csv(path / "s.csv")
    with pytest.raises(InputError, match="too short for a plot"):
        align(recording([0.0, 1.0]), 1e-9, unit="s").to_csv(tmp_path / "t.csv")


def test_what_is_shown_in_a_notebook_has_no_markup_of_the_users():
    aligned = align(recording([0.0, 1.0], note=["<b>", "<script>"], **{"a$b_$ [\\$x^]": 1.0}), 1.0, unit="s")
    shown = aligned._repr_html_()
    assert "<script>" not in shown
    assert "offset" in shown
    assert aligned.plot()._repr_png_().startswith(b"\x89PNG")


def test_read_table_takes_the_numbers_of_the_written_file_for_numbers(tmp_path):
    aligned = align(recording(np.arange(40) / 30), 1.0, unit="s")
    table = read_table(aligned.to_csv(tmp_path / "s.csv"))
    assert {str(kind) for kind in table.dtypes} == {"float64"}
    assert table["x"].tolist() == aligned.table["x"].tolist()


def test_an_hour_at_fifty_a_second_is_written_whole_and_more_says_the_step_that_remains(tmp_path, monkeypatch):
    from lsnb.timeseries import aligned as module

    times = np.arange(0, 3600, 0.02)
    gait = np.sin(2 * np.pi * 1.8 * times)
    whole = align(pd.DataFrame({"timestamp": times, "gait": gait}), 3600.0, unit="s", every="10min")
    assert len(whole.display()) == len(whole.table)
    monkeypatch.setattr(module, "DISPLAY_ROWS", 20_000)
    monkeypatch.setattr(module, "OVERVIEW_ROWS", 2_000)
    said = whole.shown_step(20_000)
    assert said is not None
    assert "every 0.36 s" in said
    assert whole.shown_step() is None
    files = whole.stretches(tmp_path, every=300)
    assert len(files) == 12
    read = pd.DataFrame(parse_as_editor((tmp_path / "series_002.csv").read_text()))
    assert (read["time"].iloc[0], read["time"].iloc[-1]) == (0.0, 3600.0)
    inside = read["time"].between(300, 600)
    assert inside.sum() == 15_001
    np.testing.assert_allclose(read.loc[inside, "gait"], np.sin(2 * np.pi * 1.8 * read.loc[inside, "time"]), atol=1e-3)


def test_an_empty_channel_stays_empty_and_numbered_channels_keep_their_names(tmp_path):
    data = recording(np.arange(10) / 10, empty=np.nan, **{f"Rot[{n}]": 1.0 * n for n in range(3)})
    aligned = align(data, 1.0, unit="s")
    assert list(aligned.legends.values()) == ["x", "empty", "Rot[0]", "Rot[1]", "Rot[2]"]
    assert set(aligned.units.values()) == {""}
    path = aligned.to_csv(tmp_path / "s.csv")
    read = parse_as_editor(path.read_text())
    # Seen in the editor: a column of nan alone is an empty plot, and the others are drawn.
    assert set(read["empty"]) == {"nan"}
    assert csv_problems(path, channels=list(aligned.legends)) == []
    assert any("'empty' holds no value" in note for note in aligned.notes)


def test_a_slow_channel_beside_a_fast_one_has_lines_between_its_own_samples(tmp_path):
    times = np.arange(0, 20, 0.01)
    slow = np.where(np.arange(len(times)) % 100 == 0, times, np.nan)
    aligned = align(pd.DataFrame({"timestamp": times, "ecg": np.sin(times), "temp": slow}), 20.0, unit="s")
    shown = aligned.display()
    np.testing.assert_allclose(shown["temp"][:1900], shown["time"][:1900], atol=1e-9)
    even = align(pd.DataFrame({"timestamp": times, "ecg": 1.0, "temp": slow}), 20.0, unit="s", resample=50).table
    assert even["temp"].isna().mean() < 0.06
    np.testing.assert_allclose(even["temp"].dropna(), even["time"][even["temp"].notna()], atol=1e-9)
