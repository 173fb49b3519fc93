"""Sensors' files in the shapes that their tools write: read by one finder, said back in one sentence."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import lsnb
from lsnb.errors import LsnbError, TableError
from lsnb.kernel.tally import tally_of
from lsnb.timeseries import series as module
from lsnb.timeseries.loggers import find_table

N = 40
WAVE = [f"{np.sin(n / 5):.4f}" for n in range(N)]


@pytest.fixture(autouse=True)
def every_line_is_accounted_for(monkeypatch):
    """Hold each reading of this file to its account: what its lines are counted to be is taken or left out."""
    read = lsnb.read_series

    def accounted(*args, **options):
        table = read(*args, **options)
        tally = tally_of(table)
        if tally is not None:
            assert (tally.taken, tally.unexplained) == (len(table), 0), str(tally)
        return table

    monkeypatch.setattr(lsnb, "read_series", accounted)


def rows(line, joint="\n"):
    return joint.join(line(n) for n in range(N)) + joint


def comma(text):
    return text.replace(".", ",")


SHAPES = {
    # name: (text, column of times, unit or None, rate, start, channels)
    "start and rate above": (
        "1772614800.0, 1772614800.0\n32.0, 32.0\n" + rows(lambda n: f"{n - 20}, {n}"),
        ("timestamp", 32.0, "2026-03-04T09:00:00", ["column_1", "column_2"]),
    ),
    "one column with start and rate": (
        "1772614800.0\n4.0\n" + rows(lambda n: WAVE[n]),
        ("timestamp", 4.0, "2026-03-04T09:00:00", ["column_1"]),
    ),
    "german, with a banner": (
        "--- Created by Tool, date format dd.MM.yyyy at 30 Hz ---\r\nSerial: A1\r\nStart Date 3/4/2026\r\n----\r\n"
        "Timestamp;Acc X;Acc Y\r\n"
        + rows(lambda n: f"04.03.2026 10:00:{n // 30:02d},{n % 30 * 1000 // 30:03d};{comma(WAVE[n])};0,5", "\r\n"),
        ("Timestamp", 30.0, "2026-03-04 10:00:00", ["Acc X", "Acc Y"]),
    ),
    "american, with a banner": (
        "--- Created by Tool, date format M/d/yyyy at 30 Hz ---\n----\nTimestamp,Acc X,Acc Y\n"
        + rows(lambda n: f"3/4/2026 10:00:{n // 30:02d}.{n % 30 * 1000 // 30:03d},{WAVE[n]},0.5"),
        ("Timestamp", 30.0, "2026-03-04 10:00:00", ["Acc X", "Acc Y"]),
    ),
    "no header": (
        rows(lambda n: f"2026-03-04 10:00:00.{n * 20:03d},{WAVE[n]},1.5"),
        ("timestamp", 50.0, "2026-03-04 10:00:00.000", ["column_2", "column_3"]),
    ),
    "names in a list, steps in milliseconds": (
        "a.acq\n10 msec/sample\n2 channels\nEMG\nmV\nForce\nkg\nmilliSec\tCH1\tCH2\t\n\t40\t40\t\n"
        + rows(lambda n: f"{n * 10}\t{WAVE[n]}\t0.1\t"),
        ("milliSec", 100.0, None, ["EMG", "Force"]),
    ),
    "keys with tabs": (
        "Interval=\t0.01 s\nExcelDateTime=\t4.608541666666666e+04\t3/4/2026 10:00:00.000\nChannelTitle=\tECG\tResp\t\n"
        "Range=\t10 mV\t1 V\t\n" + rows(lambda n: f"{n / 100:g}\t{WAVE[n]}\t0.1"),
        ("timestamp", 100.0, "2026-03-04T10:00:00", ["ECG", "Resp"]),
    ),
    "units in the header's commas": (
        'Type:,Tool export,,\nFrequency:,100,,\n,,,\ntime,Activity,"LT TIB,uV","RT TIB,uV"\n'
        + rows(lambda n: f"{n / 100:.6f},walk,{WAVE[n]},0.1"),
        ("time", 100.0, None, ["Activity", "LT TIB", "RT TIB"]),
    ),
    "json above": (
        '# Tool File Format\n# {"dev": {"column": ["nSeq", "I1", "A1"], "sampling rate": 100, "date": "2026-03-04", '
        '"time": "10:00:00.0"}}\n# EndOfHeader\n' + rows(lambda n: f"{n % 16}\t0\t{n}\t"),
        ("timestamp", 100.0, "2026-03-04T10:00:00", ["nSeq", "I1", "A1"]),
    ),
    "german exponents": (
        '"Time (s)"\t"Acc x (m/s^2)"\n' + rows(lambda n: f"{comma(f'{n / 50:.6E}')}\t{comma(WAVE[n])}"),
        ("Time (s)", 50.0, None, ["Acc x (m/s^2)"]),
    ),
    "quoted sep line and a row of units": (
        '"sep=\t"\r\nA_Timestamp_Unix_CAL\tA_X_CAL\t\r\nms\tm/(s^2)\t\r\n'
        + rows(lambda n: f"{1772614800000 + n * 20}.000\t{WAVE[n]}\t", "\r\n"),
        ("A_Timestamp_Unix_CAL", 50.0, "2026-03-04T09:00:00.000+00:00", ["A_X_CAL"]),
    ),
    "groups, names, units": (
        "Devices\n1000\n,,Plate 1 - Force,,Plate 1 - Moment,\nFrame,Sub Frame,Fx,Fy,Mx,My\n,,N,N,N.mm,N.mm\n"
        + rows(lambda n: f"{n // 10 + 1},{n % 10},{WAVE[n]},1,2,3"),
        (
            "timestamp",
            1000.0,
            None,
            [
                "Frame",
                "Sub Frame",
                "Plate 1 - Force Fx",
                "Plate 1 - Force Fy",
                "Plate 1 - Moment Mx",
                "Plate 1 - Moment My",
            ],
        ),
    ),
    "comments above and a counter": (
        "// General information:\n// Update Rate: 100.0Hz\nPacketCounter\tSampleTimeFine\tAcc_X\n"
        + rows(lambda n: f"{(65520 + n) % 65536}\t{1234000 + n * 100}\t{WAVE[n]}"),
        ("timestamp", 100.0, None, ["PacketCounter", "SampleTimeFine", "Acc_X"]),
    ),
    "a date and a clock": (
        "Date;Time;Temp\n" + rows(lambda n: f"2026-03-04;10:00:{n:02d};{comma(WAVE[n])}"),
        ("timestamp", 1.0, "2026-03-04 10:00:00", ["Temp"]),
    ),
    "blanks between": (
        "Sampling rate: 20 Hz\nt      x     y\n" + rows(lambda n: f"{n / 20:6.2f}  {WAVE[n]}  1.0"),
        ("t", 20.0, None, ["x", "y"]),
    ),
    "a percent sign before the header": (
        "%OpenBCI Raw EEG Data\n%Sample Rate = 250 Hz\n%Sample Index, EXG 0, EXG 1\n"
        + rows(lambda n: f"{n}, {WAVE[n]}, 5.0"),
        ("timestamp", 250.0, None, ["Sample Index", "EXG 0", "EXG 1"]),
    ),
    "microseconds of a counter, with the rate above": (
        "sep=,\nTag:,A 1\nOutputRate:,60Hz\nStartTime:,2026-03-04_10-00-00_123\n© Maker 2021\n\n"
        "PacketCounter,SampleTimeFine,Euler_X\n" + rows(lambda n: f"{n},{2471817393 + n * 16667},{WAVE[n]}"),
        ("SampleTimeFine", 60.0, "2026-03-04T10:00:00.123", ["PacketCounter", "Euler_X"]),
    ),
    "a colon before the milliseconds": (
        "Device Type,Watch\nMeasurement Frequency,100 Hz\nStart Time,2026-03-04 10:00:00:000\nx gain,25486\n\n"
        + rows(lambda n: f"2026-03-04 10:00:00:{n * 10:03d},{WAVE[n]},0.2,23"),
        ("timestamp", 100.0, "2026-03-04 10:00:00.000", ["column_2", "column_3", "column_4"]),
    ),
    "a phone's times of packets beside the sensor's own": (
        "Phone timestamp;sensor timestamp [ns];X [mg]\n"
        + rows(lambda n: f"2026-03-04T10:00:00.{n // 9 * 180:03d};{825930000000000000 + n * 20000000};{n - 16}"),
        (
            "timestamp",
            50.0,
            "2026-03-04T10:00:00.000",
            ["Phone timestamp", "sensor timestamp [ns]", "X [mg]"],
        ),
    ),
    "keys and values above the names, in as many fields": (
        "title:rest,start timestamp:1772614800.1,headset:X\nTimestamp,EEG.Counter,EEG.AF3\n"
        + rows(lambda n: f"{1772614800.123 + n / 128:.6f},{n % 128},{4100 + n}"),
        ("Timestamp", 128.0, "2026-03-04T09:00:00.123+00:00", ["EEG.Counter", "EEG.AF3"]),
    ),
    "capitals and tabs, markers of three columns": (
        "NO_OF_FRAMES\t40\nNO_OF_MARKERS\t2\nFREQUENCY\t100\nTIME_STAMP\t2026-03-04, 10:00:00.123\t12.6\n"
        "MARKER_NAMES\tA\tB\n" + rows(lambda n: f"{WAVE[n]}\t1\t2\t3\t4\t5"),
        ("timestamp", 100.0, "2026-03-04T10:00:00.123", ["A X", "A Y", "A Z", "B X", "B Y", "B Z"]),
    ),
    "a blank line below the names": (
        "Type\t4\t(X/Y/Z)\twalk.trc\nFrame#\tTime (s)\tA\t\tB\t\n\t\tX1\tY1\tX2\tY2\n\n"
        + rows(lambda n: f"{n + 1}\t{n / 100:.5f}\t{WAVE[n]}\t1\t2\t3"),
        ("Time (s)", 100.0, None, ["Frame#", "A X1", "A Y1", "B X2", "B Y2"]),
    ),
    "a form of dates among the units": (
        "S_Timestamp_FormattedUnix_CAL\tS_GSR_CAL\nyyyy/mm/dd hh:mm:ss.000\tkOhms\n"
        + rows(lambda n: f"2026/03/04 10:00:00.{n * 20:03d}\t{WAVE[n]}"),
        ("S_Timestamp_FormattedUnix_CAL", 50.0, "2026/03/04 10:00:00", ["S_GSR_CAL"]),
    ),
    "what the rows of a header are called, over the times": (
        "Version,1.23,Frame Rate,120.0\n\n,Name,Hat,Hat\n,,Rotation,Position\nFrame,Time (Seconds),X,X\n"
        + rows(lambda n: f"{n},{n / 120:.6f},{WAVE[n]},0.2"),
        ("Time (Seconds)", 120.0, None, ["Frame", "Hat Rotation X", "Hat Position X"]),
    ),
    "256ths of a second since 1970, and addresses in the header": (
        "time [s/256],breathing_rate [rpm](/api/datatype/33/),heart_rate [bpm](/api/datatype/19/)\n"
        + rows(lambda n: f"{1772614800 * 256 + n * 256},{12 + n % 3},{60 + n % 9}"),
        (
            "time [s/256]",
            1.0,
            "2026-03-04T09:00:00",
            ["breathing_rate [rpm](/api/datatype/33/)", "heart_rate [bpm](/api/datatype/19/)"],
        ),
    ),
    "motion capture: a take's properties in one row, a row of numbers among those of names": (
        "Format Version,1.23,Take Name,walk,Capture Frame Rate,120.000,Export Frame Rate,120.000,Capture Start Time,"
        "2026-03-04 10.00.00.000 AM,Rotation Type,XYZ,Length Units,Meters\n\n"
        ",Type,Rigid Body,Rigid Body,Marker\n,Name,Hat,Hat,Hat:Marker1\n,ID,1,1,2\n,,Rotation,Position,Position\n"
        "Frame,Time (Seconds),X,X,X\n" + rows(lambda n: f"{n},{n / 120:.6f},{WAVE[n]},0.2,"),
        (
            "Time (Seconds)",
            120.0,
            None,
            ["Frame", "Hat Rotation X", "Hat Position X", "Hat:Marker1 Position X"],
        ),
    ),
    "markers whose rate and units stand in a row of their own": (
        "PathFileType\t4\t(X/Y/Z)\twalk.trc\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\t"
        "OrigDataStartFrame\tOrigNumFrames\n100.00\t100.00\t40\t2\tmm\t100.00\t1\t40\n"
        "Frame#\tTime\tLASI\t\t\tRASI\t\t\n\t\tX1\tY1\tZ1\tX2\tY2\tZ2\n\n"
        + rows(lambda n: f"{n + 1}\t{n / 100:.3f}\t{WAVE[n]}\t1\t2\t3\t4\t5\t"),
        ("Time", 100.0, None, ["Frame#", "LASI X1", "LASI Y1", "LASI Z1", "RASI X2", "RASI Y2", "RASI Z2"]),
    ),
    "quoted decimal commas": (
        "time,x\n" + rows(lambda n: f'"{comma(f"{n / 10:.1f}")}","{comma(WAVE[n])}"'),
        ("time", float("nan"), None, ["x"]),
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_files_in_the_shapes_that_tools_write_are_read(shape, tmp_path):
    text, (time, rate, start, channels) = SHAPES[shape]
    path = tmp_path / "sensor.txt"
    path.write_bytes(text.encode())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = lsnb.read_series(path)
    found = table.attrs["found"]
    assert len(table) == N
    assert found["time"] == time
    assert [name for name in table.columns if name != time] == channels
    if rate == rate:
        assert found["rate"] == pytest.approx(rate, rel=0.02)
    assert (found["start"] or "").startswith(start or "")
    assert f"{N} rows in lines" in found["notes"][0]
    account = tally_of(table)
    assert account is not None
    assert account.unexplained == 0
    channels = [name for name in channels if name != "Phone timestamp"]
    numbers = [name for name in channels if pd.api.types.is_numeric_dtype(table[name].dtype)]
    assert len(numbers) == len(channels) - ("Activity" in channels)
    aligned = lsnb.align(path, 100.0, offset=-2471.8 if time == "SampleTimeFine" else 0.0)
    assert len(aligned.samples) == N
    seconds = aligned.samples["time"].to_numpy()
    assert np.diff(seconds).mean() == pytest.approx(1 / rate if rate == rate else 0.1, rel=0.04)
    assert found["notes"][0] in aligned.notes


def test_a_start_above_the_table_lets_video_start_place_its_rows(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text(SHAPES["keys with tabs"][0])
    aligned = lsnb.align(path, 10.0, video_start="2026-03-04T09:59:58")
    assert aligned.samples["time"].iloc[0] == pytest.approx(2.0)
    assert aligned.sensors[0].original([2.01]).tolist() == pytest.approx([0.01])
    path.write_text(SHAPES["start and rate above"][0])
    assert lsnb.align(path, 10.0, video_start="2026-03-04T10:00:00+01:00").samples["time"].iloc[0] == 0.0


@pytest.mark.parametrize("above", ["Sample rate: 0", "Sampling rate (Hz)\t0", "000"])
def test_a_rate_of_zero_above_the_table_is_none(tmp_path, above):
    path = tmp_path / "s.txt"
    times = [f"{n}.0,{WAVE[n]},2026-03-04 10:00:{n:02}.000000\n" for n in range(30)]
    path.write_text(f"{above}\n{''.join(times)}")
    assert lsnb.read_series(path).attrs["found"]["rate"] == pytest.approx(1.0)
    path.write_text(f"{above}\na,b\n" + rows(lambda n: f"{WAVE[n]},{WAVE[n]}"))
    with pytest.raises(LsnbError, match="rate="):
        lsnb.align(path, 10.0)


def test_of_several_blocks_the_longest_is_read_and_the_others_are_named():
    text = (
        "Devices\n1000\nFrame,Sub Frame,Fx\n,,N\n"
        + rows(lambda n: f"{n // 10 + 1},{n % 10},{WAVE[n]}")
        + "\nTrajectories\n100\nFrame,Sub Frame,X,Y\n,,mm,mm\n1,0,1,2\n2,0,1,3\n3,0,1,4\n"
    )
    table = find_table(text, "a.csv")
    assert (len(table), table["timestamp"].iloc[1]) == (N, 0.001)
    assert "other tables: line 50 to 52" in table.attrs["found"]["notes"][0]
    second = find_table(text, "a.csv", block=2)
    assert second["X"].tolist() == [1, 1, 1]
    assert second["timestamp"].tolist() == [0.0, 0.01, 0.02]


def test_a_mark_or_a_header_inside_a_table_is_left_out_by_its_line():
    lines = rows(lambda n: f"{n / 10:.1f},{WAVE[n]}").splitlines()
    text = "\n".join(["time,x", *lines[:20], "# left foot", *lines[20:], "time,x"])
    table = find_table(text, "a.csv")
    assert len(table) == N
    assert "inside it, no rows: line 22; below it: line 43" in table.attrs["found"]["notes"][0]


@pytest.mark.parametrize("text", ["", "hello\nworld\n", "a,b\nx,y\nz,w\n"])
def test_what_holds_no_table_is_refused_with_the_line_and_the_call_to_try(text):
    with pytest.raises(TableError, match=r"try lsnb.read_series\('a.csv', skip=|is empty"):
        find_table(text, "a.csv")


def test_names_can_be_given_and_have_to_be_as_many_as_columns():
    text = rows(lambda n: f"2026-03-04 10:00:00.{n * 20:03d},{WAVE[n]},1.5")
    assert list(find_table(text, "a.csv", names=["when", "x", "y"]).columns) == ["when", "x", "y"]
    with pytest.raises(TableError, match="3 columns, and names has 2"):
        find_table(text, "a.csv", names=["x", "y"])


def test_a_large_file_gives_the_same_and_counts_every_line(tmp_path, monkeypatch):
    body = rows(lambda n: f"{n / 10:.1f};{comma(WAVE[n])}").splitlines()
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["Rate: 10 Hz", "time;x", *body[:25], "1;2;3;4", "", "time;x", *body[25:]]) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = lsnb.read_series(path)
        monkeypatch.setattr(module, "QUICK_BYTES", 10)
        large = lsnb.read_series(path)
    pd.testing.assert_frame_equal(large, plain)
    assert large["x"].tolist() == [float(one) for one in WAVE]
    account = large.attrs["read"]
    assert account["seen"] == account["taken"] + sum(one["n"] for one in account["left_out"])
    assert {"reason": "inside it, no rows", "n": 2, "places": ["line 28", "line 30"]} in account["left_out"]


def test_the_times_of_a_table_are_found_by_name_and_content():
    table = pd.DataFrame({"x": [3.0, 1.0, 2.0] * 10, "Elapsed Time (s)": np.arange(30) / 10})
    aligned = lsnb.align(table, 3.0)
    assert aligned.samples["time"].tolist() == pytest.approx((np.arange(30) / 10).tolist())
    assert any("taken from column 'Elapsed Time (s)'" in note for note in aligned.notes)


def test_odd_starts_and_first_times_are_read_or_told(tmp_path):
    """Each was a raw error: a start of another age, a first time that is none, a line of nothing above the header."""
    rows = "".join(f"{n}.5,{n}.25\n" for n in range(8))
    path = tmp_path / "a.csv"
    path.write_text(f"Start: 9026-01-01 10:00:00\nRate: 50 Hz\n\nx,y\n{rows}")
    with pytest.warns(UserWarning, match="start 9026-01-01.* is passed over"):
        assert lsnb.read_series(path)["x"].tolist() == [n + 0.5 for n in range(8)]
    times = ["1e999", *(f"{1_767_261_600 + n}" for n in range(1, 8))]
    path.write_text("time,x\n" + "".join(f"{time},{n}\n" for n, time in enumerate(times)))
    assert lsnb.read_series(path)["x"].tolist() == list(range(8))
    path.write_text("time,x\n" + "".join(f"{n},{'9' * 25 if n % 2 else ''}\n" for n in range(8)))
    assert lsnb.read_series(path)["x"].tolist()[1::2] == [1e25] * 4
    path.write_text("Devices\n100\nFrame,Sub Frame,Fx\n" + "".join(f"{n}{';' * (n == 3)},0,{n}\n" for n in range(1, 9)))
    with pytest.warns(UserWarning, match="'timestamp' was made from the rows at 100"):
        assert lsnb.read_series(path)["Fx"].tolist() == list(range(1, 9))
    path.write_text(f"Interval: 0 ms per sample\nRate: 50 Hz\nx,y\n{rows}")
    with pytest.warns(UserWarning, match="'timestamp' was made from the rows at 50"):
        assert lsnb.read_series(path)["x"].tolist() == [n + 0.5 for n in range(8)]
    path.write_text("  \n#\n" + rows.replace(",", " "))
    with pytest.warns(UserWarning, match="names no columns"):
        assert len(lsnb.read_series(path)) == 8


def test_a_remark_behind_one_row_costs_no_row(tmp_path):
    text = "Interval=\t0.001 s\nChannelTitle=\tECG\tResp\t\n" + rows(
        lambda n: f"{n / 1000:g}\t{WAVE[n]}\t0.1" + ("\t#* stimulus" if n == 7 else "")
    )
    table = find_table(text, "a.txt")
    assert len(table) == N
    assert list(table.columns) == ["timestamp", "ECG", "Resp", "column_4"]
    assert table["column_4"].dropna().to_dict() == {7: "#* stimulus"}


def test_sensors_side_by_side_each_with_times_of_its_own_come_on_one_clock(tmp_path):
    path = tmp_path / "emg.csv"
    path.write_text(
        'X[s],"EMG 1","X[s]","Acc 1.X"\n'
        + rows(lambda n: f"{n * 0.0005:.7f},{WAVE[n]}," + (f"{n * 0.0068:.7f},{n}.5" if n < 3 else ","))
    )
    table = lsnb.read_series(path)
    assert "2 clocks such as 'X[s]'" in " ".join(table.attrs["found"]["notes"])
    slow = table[table["Acc 1.X"].notna()]
    assert slow["X[s]"].tolist() == pytest.approx([0, 0.0068, 0.0136])
    assert slow["Acc 1.X"].tolist() == [0.5, 1.5, 2.5]
    fast = table[table["EMG 1"].notna()]
    assert fast["X[s]"].tolist() == pytest.approx([n * 0.0005 for n in range(N)])
    assert fast["EMG 1"].tolist() == pytest.approx([float(one) for one in WAVE])
    assert len(table) == N + 2


def test_a_recording_in_pieces_is_one_in_the_order_given(tmp_path):
    start = pd.Timestamp("2026-03-04 10:00:00")
    times = pd.Series(start + pd.to_timedelta(np.arange(30), "s")).astype(str)
    whole = pd.DataFrame({"time": times, "acc": np.arange(30.0)})
    paths = []
    for number in range(3):
        part = whole.iloc[10 * number : 10 * number + 10]
        paths.append(tmp_path / f"{number}.{'parquet' if number == 2 else 'csv'}")
        part.to_parquet(paths[-1]) if number == 2 else part.to_csv(paths[-1], index=False)
    table = lsnb.read_series(paths)
    assert table["acc"].tolist() == whole["acc"].tolist()
    assert lsnb.align(table, 30.0, time="time").samples["time"].tolist() == list(range(30))
    given = pd.DataFrame({"t": [0.0], "other": [1.0]})
    with pytest.raises(lsnb.errors.InputError, match="piece 2 has the columns t, other, and 0 has time, acc"):
        lsnb.read_series([paths[0], given])
    assert list(given.columns) == ["t", "other"]
    with pytest.raises(lsnb.errors.InputError, match="empty list"):
        lsnb.read_series([])


def test_the_room_that_a_card_keeps_behind_a_file_is_left_out_and_said(tmp_path):
    path = tmp_path / "card.csv"
    path.write_bytes(b"time,x\n" + b"".join(b"%d.0,%d\n" % (n, n * n) for n in range(5)) + b"\0" * 512)
    with pytest.warns(UserWarning, match=r"card\.csv ends in 512 bytes of zero, which hold nothing"):
        table = lsnb.read_series(path)
    assert table["x"].tolist() == [0, 1, 4, 9, 16]


LVM = """LabVIEW Measurement\t
Separator\tTab
X_Columns\tOne
Time_Pref\tRelative
Date\t2024/03/05
Time\t14:22:01.1234567891234
***End_of_Header***\t
\t
Channels\t2\t\t
Samples\t200\t200\t
Date\t2024/03/05\t2024/03/05\t
Time\t14:22:01.1234567891234\t14:22:01.1234567891234\t
Y_Unit_Label\tVolts\tVolts\t
X_Dimension\tTime\tTime\t
X0\t0.0000000000000000E+0\t0.0000000000000000E+0\t
Delta_X\t0.010000\t0.010000\t
***End_of_Header***\t\t\t
X_Value\tAcc X\tForce\tComment
"""
LEGEND = """OxySoft export of:\tmeasurement 1
Sample rate:\t10.00\tHz

Legend:
Column\tTrace (Measurement)
1\t(Sample number)
2\tRx1 - Tx1 O2Hb
3\tRx1 - Tx1 HHb
4\t(Event)

"""


@pytest.mark.parametrize("is_comma", [False, True])
def test_keys_with_a_value_for_each_channel_are_no_table(tmp_path, is_comma):
    text = LVM + "".join(f"{i / 100:.6f}\t{i / 1000:.6f}\t{i / 2:.6f}\t\n" for i in range(200))
    (tmp_path / "a.lvm").write_text(text.replace(".", ",") if is_comma else text)
    with pytest.warns(UserWarning, match=r"lines 19 to 218, .* start 2024-03-05T14:22:01.123456789 .* 100 samples"):
        table = lsnb.read_series(tmp_path / "a.lvm")
    assert list(table.columns[:3]) == ["X_Value", "Acc X", "Force"]
    assert table["Acc X"].tolist()[:3] == [0, 0.001, 0.002]


@pytest.mark.parametrize("above", ["1\t2\t3\t4\n", "", "(Sample number)\tRx1 - Tx1 O2Hb\tRx1 - Tx1 HHb\t(Event)\n"])
def test_a_legend_above_names_columns_by_their_numbers(tmp_path, above):
    rows = "".join(f"{i + 1}\t{i / 100:.4f}\t{-i / 50:.4f}\t{'A1' if i == 50 else ''}\n" for i in range(100))
    (tmp_path / "a.txt").write_text(LEGEND + above + rows)
    with pytest.warns(UserWarning, match="100 rows in lines .* 10 samples a second"):
        table = lsnb.read_series(tmp_path / "a.txt")
    named = ["(Sample number)", "Rx1 - Tx1 O2Hb", "Rx1 - Tx1 HHb", "(Event)"]
    assert [name for name in table.columns if name != "timestamp"] == named
    assert table["Rx1 - Tx1 HHb"].tolist()[:3] == [0, -0.02, -0.04]
    assert table["timestamp"].tolist()[:2] == [0, 0.1]


def moment(n, step, form="%Y-%m-%d %H:%M:%S.%f"):
    return (pd.Timestamp("2026-03-04 10:00:00") + pd.Timedelta(n * step, "s")).strftime(form)


# name: (text, start, samples a second, columns beside the times)
MORE = {
    "months by name": (
        "Timestamp,X\n" + rows(lambda n: f"{moment(n, 0.25, '%d-%b-%Y %H:%M:%S.%f')},{WAVE[n]}"),
        ("2026-03-04 10:00:00.000000", 4.0, ["X"]),
    ),
    "months by name, the zone before the year": (
        "Device Time, RPM\n" + rows(lambda n: f"{moment(n, 1, '%a %b %d %H:%M:%S')} GMT+01:00 2026,{n}"),
        ("2026-03-04 10:00:00+01:00", 1.0, ["RPM"]),
    ),
    "years of two digits, in halves of a day": (
        "Date,Time,HR\n" + rows(lambda n: f"3/14/26,{moment(n, 1, '%I:%M:%S %p')},{n}"),
        ("2026-03-14 10:00:00", 1.0, ["HR"]),
    ),
    "days, months and years of two digits each": (
        "Datum;Uhrzeit;Puls\n" + rows(lambda n: f"04.03.26;{moment(n, 1, '%H:%M:%S')};{n}"),
        ("2026-03-04 10:00:00", 1.0, ["Puls"]),
    ),
    "a zone in the name": (
        'n,"Date Time, GMT-05:00","Temp, °C (S/N: 1, LBL: in)"\n'
        + rows(lambda n: f"{n},{moment(n, 60, '%Y-%m-%d %H:%M:%S')},{WAVE[n]}"),
        ("2026-03-04 10:00:00-05:00", 1 / 60, ["n", "Temp, °C (S/N: 1, LBL: in)"]),
    ),
    "a zone above": (
        "Time Zone,GMT +01:00\nMeasurement Frequency,2 Hz\n\n"
        + rows(lambda n: f"{moment(n, 0.5)[:-7]}:{n % 2 * 500:03d},{WAVE[n]},1"),
        ("2026-03-04 10:00:00.000+01:00", 2.0, ["column_2", "column_3"]),
    ),
    "no marks in dates": (
        "time,x\n" + rows(lambda n: f"{moment(n, 1, '%Y%m%dT%H%M%S')},{n}"),
        ("20260304T100000", 1.0, ["x"]),
    ),
    "since 1970, beside a date without a zone": (
        "Sample, EXG, Timestamp, Timestamp (Formatted)\n"
        + rows(lambda n: f"{n}.0, {WAVE[n]}, {1772614800 + n / 4}, {moment(n, 0.25)}"),
        ("2026-03-04T09:00:00.000+00:00", 4.0, ["Sample", "EXG", "Timestamp (Formatted)"]),
    ),
    "a date and a clock that stand still": (
        "Recording timestamp [ms]\tRecording date\tRecording start time\tX\n"
        + rows(lambda n: f"{n * 20}\t2026-03-04\t10:00:00.123\t{n}"),
        ("2026-03-04T10:00:00.123000", 50.0, ["Recording date", "Recording start time", "X"]),
    ),
    "years to seconds, a column each": (
        "Year,Month,Day,Hour,Minute,Second,HR\n" + rows(lambda n: f"2026,3,4,10,{n // 60},{n % 60},{n}"),
        ("2026-03-04 10:00:00.000000", 1.0, ["HR"]),
    ),
    "Excel's days": (
        "Datum/Uhrzeit;Kraft [N]\n" + rows(lambda n: comma(f"{46085.416666666664 + n / 864000:.12f};{WAVE[n]}")),
        ("2026-03-04T10:00:00.000", 10.0, ["Kraft [N]"]),
    ),
    "MATLAB's days": (
        "datenum,x\n" + rows(lambda n: f"{740045.4166666666 + n / 864000:.10f},{n}"),
        ("2026-03-04T10:00:00.000", 10.0, ["x"]),
    ),
    "its start in the place of the times' name": (
        "1772614800.000000, IBI\n" + rows(lambda n: f"{n * 0.5:.6f},{WAVE[n]}"),
        ("2026-03-04T09:00:00+00:00", 2.0, ["IBI"]),
    ),
    "epochs of ten seconds": (
        "Start Time 10:00:00\nStart Date 4/3/2026\nEpoch Period (hh:mm:ss) 00:00:10\n"
        "--- date format d/M/yyyy ---\n" + rows(lambda n: f"{n * 7 % 9},{n % 5},0,1"),
        ("2026-03-04T10:00:00", 0.1, ["column_1", "column_2", "column_3", "column_4"]),
    ),
    "what it says of itself in two rows": (
        "Name,Sport,Date,Start time,Average heart rate (bpm)\nJo,RUN,2026-03-04,10:00:00,140\n"
        "Sample rate,Time,HR (bpm)\n" + rows(lambda n: f"{'1' if n == 0 else ''},00:00:{n:02d},{n}"),
        ("2026-03-04T10:00:00", 1.0, ["Sample rate", "HR (bpm)"]),
    ),
    "names behind a key of their own": (
        "FREQUENCY\t1000\nDESCRIPTION\t--\nDATA_INCLUDED\tANALOG\nCHANNEL_NAMES\tEMG1\tEMG2\n"
        + rows(lambda n: f"{WAVE[n]}\t{n}"),
        (None, 1000.0, ["EMG1", "EMG2"]),
    ),
    "names, units, and how each was made": (
        '"TIMESTAMP","RECORD","AirT_Avg"\n"TS","RN","Deg C"\n"","","Avg"\n'
        + rows(lambda n: f'"{moment(n, 1, "%Y-%m-%d %H:%M:%S")}",{n},{WAVE[n]}'),
        ("2026-03-04 10:00:00", 1.0, ["RECORD", "AirT_Avg"]),
    ),
    "a date and a clock without titles": (
        "Interval=\t0,01 s\nTimeFormat=\tTimeOfDay\nChannelTitle=\tECG\tResp\n"
        + rows(lambda n: f"04.03.2026\t{comma(moment(n, 0.01, '%H:%M:%S.%f'))}\t{comma(WAVE[n])}\t0,5"),
        ("2026-03-04 10:00:00.000000", 100.0, ["ECG", "Resp"]),
    ),
    "what a monitor puts before each line": (
        "10:00:00.001 -> ready!\n" + rows(lambda n: f"{moment(n, 0.5, '%H:%M:%S.%f')} -> {WAVE[n]},{n}"),
        (None, 2.0, ["column_2", "column_3"]),
    ),
    "names before each value": (
        "sensor ready\n" + rows(lambda n: f"t[ms]:{n * 20},ax:{WAVE[n]},T:23.5C"),
        (None, 50.0, ["ax", "T"]),
    ),
    "names before each value, behind a stamp": (
        rows(lambda n: f"[{moment(n, 0.5)}] ax: {WAVE[n]} ay = {n}"),
        ("2026-03-04 10:00:00.000000", 2.0, ["ax", "ay"]),
    ),
    "events among samples": (
        "SAMPLES\tGAZE\tLEFT\tRATE\t 500.00\tTRACKING\n"
        + rows(
            lambda n: f"{1234020 + 2 * n}\t {n}.5\t .\t{WAVE[n]}\t..." + "\nEBLINK L 1234200\t1234240\t40" * (n == 7)
        ),
        (None, 500.0, ["column_2", "column_4", "column_5"]),
    ),
    "a word where a tool found nothing": (
        "Video Time\tNeutral\tHead\n"
        + rows(lambda n: f"00:00:00.{n * 20:03d}\t" + (f"{WAVE[n]}\t1.0" if n > 3 else "FIT_FAILED\tFIT_FAILED")),
        (None, 50.0, ["Neutral", "Head"]),
    ),
    "clocks of different names, of different length": (
        "EMG 1 Time Series (s),EMG 1 (mV),ACC Time Series (s),ACC (G)\n2000.0 Hz,,100.0 Hz,\n"
        + rows(lambda n: f"{n / 2000:.4f},{WAVE[n]}," + (f"{n / 100:.2f},1" if n == 0 or n == 1 else ",")),
        (None, 2000.0, ["EMG 1 (mV)", "ACC (G)"]),
    ),
    "rows numbered without a name for their numbers": (
        '"time" "x" "y"\n' + rows(lambda n: f'"{n + 1}" {n / 50:.2f} {WAVE[n]} 1'),
        (None, 50.0, ["column_1", "x", "y"]),
    ),
    "a start in the name of the times": (
        "CNT,TIME(2026/03/04 10:00:00.123),FPOGX\n" + rows(lambda n: f"{n},{n / 60:.5f},{WAVE[n]}"),
        ("2026-03-04T10:00:00.123000", 60.0, ["CNT", "FPOGX"]),
    ),
    "a start with the month by name, above": (
        "Recorded on March 4, 2026 10:00:00 AM\nSampling Frequency: 1 kHz\nCh1,Ch2\n"
        + rows(lambda n: f"{WAVE[n]},{n}"),
        ("2026-03-04T10:00:00", 1000.0, ["Ch1", "Ch2"]),
    ),
    "keys and values right above two names": (
        "Sample Interval,4E-03\nVertical Units,V\nLabel,\nTIME,CH1\n" + rows(lambda n: f"{n * 0.004:.6e},{WAVE[n]}"),
        (None, 250.0, ["CH1"]),
    ),
    "words for what is undefined or infinite": (
        "Time_s   F0_Hz\n" + rows(lambda n: f"{n / 100:.2f}   " + ("--undefined--" if n % 9 else "Infinity")),
        (None, 100.0, ["F0_Hz"]),
    ),
    "a unit within the name": (
        '"Zeit (s) Versuch #1";"Kraft (N) Versuch #1"\n' + rows(lambda n: comma(f"{n / 50:.2f};{WAVE[n]}")),
        (None, 50.0, ["Kraft (N) Versuch #1"]),
    ),
    "names over columns of blanks, a unit under some of them": (
        " mSec    TORQUE   POS (ANAT)  VELOCITY\n         N-M      Degrees     Deg/Sec\n"
        + rows(lambda n: f"{n * 10:6d}  {n:8.1f}  {n % 90:8d}     {60.0:8.1f}"),
        (None, 100.0, ["TORQUE", "POS (ANAT)", "VELOCITY"]),
    ),
    "several numbers in a field": (
        "DataType=Quaternion\nendheader\ntime\ttorso\n" + rows(lambda n: f"{n / 100}\t{WAVE[n]},0.1,-0.2,1e-3"),
        (None, 100.0, ["torso[0]", "torso[1]", "torso[2]", "torso[3]"]),
    ),
    "several numbers in brackets between commas": (
        "time,pos,hit\n" + rows(lambda n: f'{n / 50:.2f},"({WAVE[n]}, 1.6)",0'),
        (None, 50.0, ["pos[0]", "pos[1]", "hit"]),
    ),
    "units behind each number": (
        "Zeit;Kraft;Feuchte\n" + rows(lambda n: comma(f"{n / 50:.2f} s;{WAVE[n]} N;{n}%")),
        (None, 50.0, ["Kraft", "Feuchte"]),
    ),
    "marks between thousands": (
        "Zeit (ms);Druck (hPa)\n" + rows(lambda n: f"{n * 100:,}".replace(",", ".") + f";1.013,{n:02d}"),
        (None, 10.0, ["Druck (hPa)"]),
    ),
    "commas between thousands, quoted": (
        'Time (ms),"P (hPa)"\n' + rows(lambda n: f'"{n * 100:,}","1,013.{n:02d}"'),
        (None, 10.0, ["P (hPa)"]),
    ),
    "messages that name each field": (
        "Type,Local Number,Message,Field 1,Value 1,Units 1,Field 2,Value 2,Units 2,\n"
        'Data,0,file_id,serial_number,"1",,,,,\n'
        + rows(
            lambda n: (
                f'Data,1,record,timestamp,"{1141551600 + n}",s,heart_rate,"{n}",bpm,'
                + "\nData,2,event,timestamp,1,s,event,2,," * (n == 9) * 5
            )
        ),
        ("2026-03-04T09:40:00.000+00:00", 1.0, ["heart_rate"]),
    ),
    "keys and values beside the first rows": (
        rows(
            lambda n: (
                {0: "Record Length,40", 1: "Sample Interval,1e-3", 2: "Source,CH1", 3: "Units,V"}.get(n, ",")
                + f",,{-0.02 + n / 1000:.6f},{WAVE[n]},"
            )
        ),
        (None, 1000.0, ["column_2"]),
    ),
    "where it begins and its step, behind the names": (
        "X,CH1,CH2,Start,Increment,\nSequence,Volt,Volt,-1.0e-01,2.0e-06\n" + rows(lambda n: f"{n},{WAVE[n]},{n},,"),
        (None, 500000.0, ["X", "CH1", "CH2"]),
    ),
    "its first moment and its step, and no column of times": (
        '"CHANNEL"\t"1"\n"Waveform"\n"mV"\n\n"START"\t0.50000\t0.00100\n' + rows(lambda n: WAVE[n]),
        (None, 1000.0, ["column_1"]),
    ),
    "its start with points in the clock, names in four rows of which one numbers them": (
        "Version,1.23,Take Name,T,Capture Frame Rate,120.0,Capture Start Time,2026-03-04 03.00.00.250 PM\n\n"
        ",Type,Marker,Marker\n,Name,M:1,M:1\n,ID,3A01,3A01\n,,Position,Position\nFrame,Time (Seconds),X,Y\n"
        + rows(lambda n: f"{n},{n / 120:.6f},{WAVE[n]},1.0"),
        ("2026-03-04T15:00:00.250000", 120.0, ["Frame", "M:1 Position X", "M:1 Position Y"]),
    ),
    "keys and values in one line, without names below": (
        "title:jo,recorded:04.03.26 10.00.00,sampling:128,labels:COUNTER AF3 F7 O1 O2 T7\n"
        + rows(lambda n: f"{n},{4200 + n % 9}.5,{WAVE[n]},1,2,3"),
        ("2026-03-04T10:00:00", 128.0, ["COUNTER", "AF3", "F7", "O1", "O2", "T7"]),
    ),
    "a row of how many rows there are": (
        f"0.5 msec/sample\n2 channels\nEMG\nmV\nForce\nN\nCH1\tCH2\t\n{N}\t{N}\t\n"
        + rows(lambda n: f"{WAVE[n]}\t{n}\t"),
        (None, 2000.0, ["EMG", "Force"]),
    ),
    "rates and ranges between names and numbers": (
        "Name\tF1X\tF1Y\nRate\t1000\t1000\nRange\t10000\t10000\n"
        + rows(lambda n: f"{n / 1000:.6f}\t{n % 9}\t{WAVE[n]}"),
        (None, 1000.0, ["F1X", "F1Y"]),
    ),
    "the unit of its times below their name": (
        "Source,CH1\nSecond,Volt\n" + rows(lambda n: f"{n / 1000:.6f},{WAVE[n]}"),
        (None, 1000.0, ["CH1"]),
    ),
    "when it was exported, beside when it was measured": (
        "ExportDate\tRecordingDate\tLocalTimeStamp\tX\n"
        + rows(lambda n: f"05.03.2026\t04.03.2026\t{moment(n, 0.5, '%H:%M:%S.%f')}\t{n}"),
        ("2026-03-04 10:00:00.000000", 2.0, ["ExportDate", "X"]),
    ),
    "a step without a name of its own": (
        "Recording date     :    04.03.2026,  10:00:00\nDelta              :     0,01 sec.\nM 1 [N];M 2 [V];\n"
        + rows(lambda n: comma(f"{WAVE[n]};{n}.5;")),
        ("2026-03-04T10:00:00", 100.0, ["M 1 [N]", "M 2 [V]"]),
    ),
    "dates and clocks as one number": (
        "Timestamp;HR\n" + rows(lambda n: f"20260304{1000 + n // 30}{n % 30 * 2:02d};{n}"),
        ("2026-03-04 10:00:00", 0.5, ["HR"]),
    ),
    "dates and clocks as one number, with milliseconds": (
        "time,x\n" + rows(lambda n: f"2026030410000{n // 20}{n % 20 * 50:03d},{WAVE[n]}"),
        ("2026-03-04 10:00:00.000", 20.0, ["x"]),
    ),
    "dates and clocks with other marks": (
        "stamp;x\n" + rows(lambda n: f"2026-03-04-10-00-0{n // 20}-{n % 20 * 50:03d};{WAVE[n]}"),
        ("2026-03-04 10:00:00.000", 20.0, ["x"]),
    ),
    "dates and clocks with underscores": (
        "time,x\n" + rows(lambda n: f"20260304_10000{n // 20}_{n % 20 * 50:03d},{WAVE[n]}"),
        ("2026-03-04 10:00:00.000", 20.0, ["x"]),
    ),
    "a date and a clock as numbers, with the word for no value": (
        "Date,Time,HR\n"
        + rows(lambda n: f"20260304,{n + (100030 if n < 30 else 100070)},{-9999 if n == 5 else 60 + n}"),
        ("2026-03-04 10:00:30", 1.0, ["HR"]),
    ),
    "minutes and seconds with fractions": (
        "time,knee\n" + rows(lambda n: f"59:5{n // 5 % 10}.{n % 5 * 200:03d},{WAVE[n]}"),
        (None, 5.0, ["knee"]),
    ),
    "step and first time among the names": (
        "CH1V,CH2V,t0 = -0.1s, tInc = 0.001s,\n" + rows(lambda n: f"{WAVE[n]},{n},,"),
        (None, 1000.0, ["CH1V", "CH2V"]),
    ),
    "two blocks between tabs, with trailing ones": (
        2
        * (
            "\nChannels\t2\t\t\nSamples\t40\t40\t\nTime\t10:00\t10:00\t\nEnd\t\t\t\nDelta_X\t0,01\t0,01\t\nTime\tForce\tTorque\tComment\n"
            + rows(lambda n: comma(f"{n / 100:.2f}\t{WAVE[n]}\t{n}\t"))
        ),
        (None, 100.0, ["Force", "Torque", "Comment"]),
    ),
    "units in a row, in brackets": (
        "Sampling rate (Hz):\t50\n\nabs time (s)\tFx\n(s)\t(N)\n" + rows(lambda n: f"{n / 50:.2f}\t{WAVE[n]}"),
        (None, 50.0, ["Fx"]),
    ),
    "days of the year and seconds": (
        "Year,DOY,Seconds,T\n" + rows(lambda n: f"2026,63,{36000 + n / 2},{WAVE[n]}"),
        ("2026-03-04 10:00:00.000000", 2.0, ["T"]),
    ),
    "days of the year with fractions": (
        "Year,Day of Year,CO2\n" + rows(lambda n: f"2026,{63 + (36000 + n * 1800) / 86400:.6f},{WAVE[n]}"),
        ("2026-03-04 10:00:00.000000", 1 / 1800, ["CO2"]),
    ),
    "days of the year within the times": (
        "UTC,x\n" + rows(lambda n: f"2026:063:10:00:{n / 10:06.3f},{WAVE[n]}"),
        ("2026-03-04 10:00:00.000+00:00", 10.0, ["x"]),
    ),
    "an array of a field logger: year, day, hours and minutes, the last of a day 2400": (
        rows(
            lambda n: f"101,2026,{63 + (n > 36)},{(1260 + 5 * n - 1440 * (n > 36)) // 60 * 100 + 5 * n % 60},{WAVE[n]}"
        ),
        ("2026-03-04 21:00:00.000000", 1 / 300, ["column_1", "column_5"]),
    ),
    "a date, and a clock as numbers of hours and minutes": (
        "Date,Time,T\n" + rows(lambda n: f"2026-03-04,{1030 + n + 40 * (n >= 30)},{WAVE[n]}"),
        ("2026-03-04 10:30:00", 1 / 60, ["T"]),
    ),
    "weeks of GPS and the seconds within": (
        "GPSWeek,GPSTime(s),Acc\n" + rows(lambda n: f"2408,{295218 + n / 10:.1f},{WAVE[n]}"),
        ("2026-03-04T10:00:00+00:00", 10.0, ["Acc"]),
    ),
    "names over a ruled line": (
        "\t\tTemp\tHi\nDate\tTime\tOut\tTemp\n-----------------\n"
        + rows(lambda n: f"04.03.26\t10:{n:02d}\t12.{n % 9}\t13.0"),
        ("2026-03-04 10:00", 1 / 60, ["Temp Out", "Hi Temp"]),
    ),
    "kinds of messages of one width": (
        "FMT, 131, 31, IMU, Qff, TimeUS,GyrX,GyrY\nFMT, 132, 31, ATT, Qff, TimeUS,Roll,Pitch\n"
        + rows(lambda n: f"IMU, {n * 40000}, {WAVE[n]}, 1" + f"\nATT, {n * 40000}, 0.5, 2" * (n % 2)),
        (None, 25.0, ["column_1", "GyrX", "GyrY"]),
    ),
    "a second recording behind the first": (
        "".join(
            f"Start: 2026-03-04 1{hour}:00:00\nRate: 50 Hz\nax,ay\n" + rows(lambda n: f"{n},{WAVE[n]}")
            for hour in (0, 1)
        ),
        ("2026-03-04T10:00:00", 50.0, ["ax", "ay"]),
    ),
    "a clock of the day beside one since the start": (
        "Time relative [hh:mm:ss];Date abs;Time abs;g\n"
        + rows(lambda n: f"00:{n:02d}:00;2026-03-04;10:{n:02d}:00;{WAVE[n]}"),
        ("2026-03-04 10:00:00", 1 / 60, ["Time relative [hh:mm:ss]", "g"]),
    ),
    "milliseconds beside a clock of whole seconds": (
        'Sampling interval,100ms\nStart time,2026-03-04,10:00:00\nCH1, " CH 1",DC,20V\nCH2, " CH 2",DC,20V\nData\n'
        "Number,Date&Time,ms,CH1\n" + rows(lambda n: f"{n},2026/03/04 10:00:0{n // 10},{n % 10 * 100},+{n}.5"),
        ("2026/03/04 10:00:00.000", 10.0, ["Number", "CH1"]),
    ),
    "seconds since 1904": (
        "Time\tV0\n" + rows(lambda n: f"{3855463200 + n / 100:.3f}\t{WAVE[n]}"),
        ("2026-03-04T10:00:00+00:00", 100.0, ["V0"]),
    ),
    "ticks since the year 1": (
        "Timestamp,x\n" + rows(lambda n: f"{639082152000000000 + n * 333333},{WAVE[n]}"),
        ("2026-03-04T10:00:00", 30.0, ["x"]),
    ),
    "columns counted above, an upload beside the start": (
        "* System UpLoad Time = Mar 05 2026 09:00:00\n# name 0 = prDM: Pressure [db]\n# name 1 = t090C: Temperature\n"
        "# interval = seconds: 0.25\n# start_time = Mar 04 2026 10:00:00 [System UTC]\n*END*\n"
        + rows(lambda n: f"  {WAVE[n]}  {n}.5"),
        ("2026-03-04T10:00:00", 4.0, ["prDM: Pressure [db]", "t090C: Temperature"]),
    ),
    "names in a section of their own": (
        "Sample rate: 10 Hz\n\n[column names]\nsats lat velocity\n\n[data]\n" + rows(lambda n: f"008 +{n}.5 {WAVE[n]}"),
        (None, 10.0, ["sats", "lat", "velocity"]),
    ),
    "keys and values within one line": (
        "TimePoints= 40  Channels= 2  BeginSweep[ms]= -100.00  SamplingInterval[ms]= 2.000\nFp1 Cz\n"
        + rows(lambda n: f"  {WAVE[n]}  {n}.5"),
        (None, 500.0, ["Fp1", "Cz"]),
    ),
    "single quotes, and clocks before their dates": (
        "'Time and date','ABP'\n'hh:mm:ss.mmm dd/mm/yyyy','mmHg'\n"
        + rows(lambda n: f"'[10:00:0{n // 20}.{n % 20 * 50:03d} 14/03/2026]',{WAVE[n]}"),
        ("14/03/2026 10:00:00.000", 20.0, ["ABP"]),
    ),
    "names between other marks than the numbers, one of them in microsiemens": (
        "Sampling Rate: 32\nStart Time: 2026-03-04 10:00:00\nZ | Y | EDA(uS) \n---------\n"
        + rows(lambda n: f"{WAVE[n]},{n},{n / 100:.2f}"),
        ("2026-03-04T10:00:00", 32.0, ["Z", "Y", "EDA(uS)"]),
    ),
    "a scene's times beside those of the samples": (
        "world_timestamp,gaze_timestamp,x\n" + rows(lambda n: f"{n // 4 / 30:.6f},{n / 120:.6f},{WAVE[n]}"),
        (None, 120.0, ["world_timestamp", "x"]),
    ),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_more_shapes_are_read_with_their_start_rate_zone_and_names(tmp_path):
    path, wrong = tmp_path / "sensor.txt", {}
    for name, (text, (start, rate, channels)) in MORE.items():
        path.write_bytes(text.encode())
        table = lsnb.read_series(path)
        found = table.attrs["found"]
        columns = [column for column in table.columns if column != found["time"]]
        numbers = [column for column in columns if pd.api.types.is_numeric_dtype(table[column].dtype)]
        got = (found["start"], columns, len(table) in (N, N + 1), found["time"] is not None, len(numbers) > 0)
        if got != (start, channels, True, True, True) or found["rate"] != pytest.approx(rate, rel=0.01):
            wrong[name] = (got, found["rate"])
    assert wrong == {}
    lsnb.align(path, 1.0)
    path.write_text("Frame rate: 25 fps\nTC;x\n" + rows(lambda n: f"00:00:{n // 25:02d}:{n % 25:02d};{n}"))
    assert lsnb.align(path, 2.0).samples["time"].tolist() == pytest.approx((np.arange(N) / 25).tolist())


def test_what_was_taken_for_missing_or_out_of_the_table_is_said(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(MORE["a word where a tool found nothing"][0])
    with pytest.warns(UserWarning, match="Taken as missing where numbers belong: 'FIT_FAILED' in 4 rows"):
        assert lsnb.read_series(path)["Neutral"].isna().tolist() == [True] * 4 + [False] * 36
    path.write_text(MORE["events among samples"][0])
    with pytest.warns(UserWarning, match=r"line 10\b"):
        assert lsnb.read_series(path)["timestamp"].tolist() == [1234020 + 2 * n for n in range(N)]
    path.write_text("time;HR\n" + rows(lambda n: f"3/4/2026 10:00:{n:02d} AM;{n}"))
    with pytest.raises(lsnb.errors.InputError, match="time_format='%d/%m/%Y %I:%M:%S %p', or with %m and %d the other"):
        lsnb.align(path, 40.0)
    aligned = lsnb.align(path, 40.0, time_format="%m/%d/%Y %I:%M:%S %p")
    assert aligned.samples["time"].tolist() == list(range(N))
    path.write_text(MORE["a date and a clock as numbers, with the word for no value"][0])
    with pytest.warns(
        UserWarning, match="-9999 lies far below all other numbers and is taken as missing: 1 row of 'HR'"
    ):
        assert lsnb.read_series(path)["HR"].isna().tolist() == [n == 5 for n in range(N)]
    path.write_text(MORE["step and first time among the names"][0])
    assert lsnb.read_series(path)["timestamp"].tolist()[:2] == [-0.1, -0.099]
    path.write_text("time,x\n" + rows(lambda n: f"59:{20 + n}.500,{n}"))
    assert lsnb.align(path, 40.0, offset=-3560.5).samples["time"].dropna().tolist() == list(range(N))
    table = pd.DataFrame({"Time": [100058, 100059, 100100, 100101], "x": [1.0, 2.0, 3.0, 4.0]})
    assert lsnb.align(table, 3.0, time="Time", offset=-36058.0).samples["time"].tolist() == [0.0, 1.0, 2.0, 3.0]
    path.write_text(MORE["dates and clocks as one number"][0])
    for time_format in (None, "%Y%m%d%H%M%S"):
        aligned = lsnb.align(path, 80.0, offset=0.0, time_format=time_format)
        assert aligned.samples["time"].tolist() == [2.0 * n for n in range(N)]
    table = pd.DataFrame({"timestamp": [20260304100059, 20260304100100], "x": [1.0, 2.0]})
    assert lsnb.align(table, 3.0, video_start="2026-03-04 10:00:58").samples["time"].tolist()[-2:] == [1.0, 2.0]


def test_what_belongs_to_another_recording_or_sensor_is_told(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(MORE["a second recording behind the first"][0])
    with pytest.warns(UserWarning, match="several tables"):
        second = lsnb.read_series(path, block=2)
    assert (len(second), second.attrs["found"]["start"]) == (N, "2026-03-04T11:00:00")
    path.write_text(MORE["kinds of messages of one width"][0])
    with pytest.warns(UserWarning, match=r"several kinds, a table each: 'IMU' \(40\), 'ATT' \(20\)"):
        assert list(lsnb.read_series(path, block=2)) == ["column_1", "TimeUS", "Roll", "Pitch"]
    path.write_text("walk,0,1\n" * 20 + rows(lambda n: f"run,{n},2"))
    with pytest.warns(UserWarning, match="60 rows"):
        lsnb.read_series(path)
    path.write_text("sensor,ms,x\n" + rows(lambda n: f"acc,{n * 20},{WAVE[n]}\ngyr,{n * 20},{n}"))
    notes = lsnb.align(path, 1.0).notes
    assert any(
        "Column 'sensor' tells them apart: give the rows of one of its words at a time." in note for note in notes
    )
    start = "1772614800.0,1772614800.0\n32.0,32.0\n"
    path.write_text(start + rows(lambda n: f"{n},{WAVE[n]}") + start + rows(lambda n: f"{n},{WAVE[n]}"))
    with pytest.raises(lsnb.errors.TableError, match=r"one recording behind another: .* those 42 rows further down"):
        lsnb.read_series(path)
    path.write_text(rows(lambda n: f"101,2026,63,1000,{'a' if n == 3 else n}"))
    with pytest.warns(UserWarning, match="no column of times"):
        lsnb.read_series(path)
    path.write_text("DOY,HHMM,T\n" + rows(lambda n: f"63,{1030 + n + 40 * (n >= 30)},{n}"))
    with pytest.warns(UserWarning, match="No year stands beside 'DOY': its times count from the first row"):
        assert lsnb.read_series(path)["timestamp"].tolist() == [60.0 * n for n in range(N)]


def test_a_second_recording_in_a_long_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("lsnb.timeseries.series.QUICK_BYTES", 0)
    monkeypatch.setattr("lsnb.timeseries.series.HEAD_BYTES", 300)
    path = tmp_path / "a.csv"
    head = "Start: 2026-03-04 1{}:00:00\nRate: 50 Hz\nax,ay\n"
    path.write_text("".join(head.format(hour) + rows(lambda n: f"{n},{WAVE[n]}") for hour in range(2)))
    with pytest.raises(lsnb.errors.TableError, match="another recording from line 44 on"):
        lsnb.read_series(path)
    path.write_text("time,x\n" + rows(lambda n: f"{n / 10},{n}"))
    assert lsnb.read_series(path).attrs["read"]["left_out"] == []


def test_units_tell_of_an_encoding(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(("Zeit [µs];T [°C]\n" + rows(lambda n: f"{n * 20000};{n},5")).encode("cp1252"))
    with pytest.warns(UserWarning, match="Windows-1252"):
        assert list(lsnb.read_series(path).columns) == ["Zeit [µs]", "T [°C]"]


@pytest.mark.parametrize("size", [32_000_000, 0])
@pytest.mark.parametrize("separator", [",", ";"])
def test_numbers_that_no_float_holds_are_said(tmp_path, monkeypatch, size, separator):
    monkeypatch.setattr("lsnb.timeseries.series.QUICK_BYTES", size)
    rows = [[f"{n}.5", "0", "3e400", "1e-30"] for n in range(40)]
    rows[3][1], rows[5][1], rows[7][3], rows[9][0] = "1e400", "-1E400", "1e-400", "1e999"
    rows = [["time", "x", "name", "y"], *[[*row[:2], f"n{row[2]}", row[3]] for row in rows]]
    text = "\n".join(separator.join(row) for row in rows) + "\n"
    path = tmp_path / "a.csv"
    path.write_text(text.replace(".", "," if separator == ";" else "."))
    with pytest.warns(UserWarning, match="no number of a computer holds is read as infinite, or as 0") as caught:
        table = lsnb.read_series(path)
    said = [str(one.message) for one in caught]
    assert said[1].partition(": ")[2] == "1e400 in line 5, -1E400 in line 7, 1e-400 in line 9, 1e999 in line 11."
    assert len(said) == 2
    assert table["x"].tolist()[3:6] == [np.inf, 0, -np.inf]
    assert table["y"].tolist()[6:8] == [pytest.approx(1e-30), 0]
