"""Instruments' own files: written by their libraries or byte by byte, opened by these, and read the same and whole."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc
import warnings
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import fitdecode
import gpxpy.gpx
import numpy as np
import pandas as pd
import pyedflib
import pytest
import pyxdf
import scipy.io
import scipy.sparse
import xlrd
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import wavfile

from lsnb import read_series
from lsnb.errors import InputError, LsnbError, TableError
from lsnb.kernel.tally import Tally, tally_of


def read(path: Path, **options: Any) -> tuple[pd.DataFrame, Tally]:
    """The table and its account, which is whole."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        table = read_series(path, **options)
    tally = tally_of(table)
    assert tally is not None
    assert (tally.taken, tally.unexplained) == (len(table), 0)
    assert tally.notes[0] == table.attrs["found"]["notes"][0]
    return table, tally


# EDF and BDF


def record(path: Path, rates: list[int], seconds: int = 3, marks: int = 0) -> list[np.ndarray]:
    kind = pyedflib.FILETYPE_BDFPLUS if path.suffix == ".bdf" else pyedflib.FILETYPE_EDFPLUS
    signals = [np.round(np.sin(np.arange(seconds * rate) / rate) * 100) for rate in rates]
    with pyedflib.EdfWriter(str(path), len(rates), file_type=kind) as writer:
        for number, rate in enumerate(rates):
            name = f"EEG {number}"
            about = {"label": name, "dimension": "uV", "sample_frequency": rate, "prefilter": "", "transducer": ""}
            limits = {"physical_min": -200, "physical_max": 200, "digital_min": -32768, "digital_max": 32767}
            writer.setSignalHeader(number, about | limits)
        writer.setStartdatetime(pd.Timestamp("2026-01-02 03:04:05").to_pydatetime())
        for number in range(marks):
            writer.writeAnnotation(number, -1, "blink")
        writer.writeSamples(signals)
    return signals


@pytest.mark.parametrize("ending", ["edf", "bdf"])
def test_edf_and_bdf_have_the_values_and_times_that_their_library_reads(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    record(path, [8, 8], marks=2)
    with pyedflib.EdfReader(str(path)) as opened:
        expected = [opened.readSignal(number) for number in range(2)]
    table, tally = read(path)
    assert [str(name) for name in table.columns] == ["timestamp", "EEG 0", "EEG 1"]
    np.testing.assert_array_equal(table[["EEG 0", "EEG 1"]].to_numpy().T, expected)
    assert table["timestamp"].iloc[[0, -1]].tolist() == [
        pd.Timestamp("2026-01-02 03:04:05"),
        pd.Timestamp("2026-01-02 03:04:07.875"),
    ]
    assert (table.attrs["found"]["rate"], table.attrs["units"]) == (8.0, {"EEG 0": "uV", "EEG 1": "uV"})
    assert tally.seen == 24
    assert "left out 2 annotations" in tally.notes[0]


def test_channels_of_several_rates_stand_at_their_own_times(tmp_path: Path) -> None:
    signals = record(tmp_path / "a.edf", [10, 4])
    table, tally = read(tmp_path / "a.edf")
    seconds = (table["timestamp"] - table["timestamp"].iloc[0]).dt.total_seconds()
    for name, signal, rate in (("EEG 0", signals[0], 10), ("EEG 1", signals[1], 4)):
        own = table[name].notna()
        np.testing.assert_allclose(seconds[own], np.arange(len(signal)) / rate, atol=1e-6)
        np.testing.assert_allclose(table[name][own], signal, atol=0.01)
    # 0, .25, .5 and .75 beside tenths: two moments a second are both channels'.
    assert tally.seen == len(table) == 3 * 12


def test_a_signal_that_is_named_as_marks_are_in_edf_plus_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    record(path, [8, 4], seconds=2)
    content = bytearray(path.read_bytes())
    assert content[192:196] == b"EDF+"
    content[192:236] = b" " * 44
    path.write_bytes(content)
    assert "EDF Annotations" in read(path)[0].columns


def test_a_recording_that_breaks_off_is_refused_in_a_sentence(tmp_path: Path) -> None:
    record(tmp_path / "a.edf", [8])
    (tmp_path / "a.edf").write_bytes((tmp_path / "a.edf").read_bytes()[:-9])
    with pytest.raises(TableError, match=r"a\.edf cannot be read as EDF"):
        read(tmp_path / "a.edf")


# XDF


def test_a_head_that_promises_more_than_the_file_holds_costs_nothing(tmp_path: Path) -> None:
    record(tmp_path / "a.edf", [8, 6])
    content = bytearray((tmp_path / "a.edf").read_bytes())
    at = 256 + 216 * 3  # two channels and that of annotations
    content[at : at + 16] = b"9999998999999971"
    (tmp_path / "a.edf").write_bytes(content)
    with pytest.raises(TableError, match="breaks off in its first record"):
        read(tmp_path / "a.edf")


@pytest.mark.parametrize("rates", [[10, 4, 6], [7], [12, 12, 8, 1]])
def test_moments_of_several_rates_are_counted_without_being_made(tmp_path: Path, rates: list[int]) -> None:
    record(tmp_path / "a.edf", rates)
    table, tally = read(tmp_path / "a.edf")
    assert tally.seen == len(table) == 3 * len({Fraction(place, rate) for rate in rates for place in range(rate)})


def chunk(tag: int, content: bytes) -> bytes:
    return b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content


def xdf(*, cut: int = 0) -> bytes:
    """A stream of two channels, one of a single channel, and one of marks."""

    def head(number: int, name: str, channels: int, rate: float, kind: str, desc: str = "") -> bytes:
        text = (
            f"<info><name>{name}</name><type>x</type><channel_count>{channels}</channel_count><nominal_srate>{rate}"
            f"</nominal_srate><channel_format>{kind}</channel_format><created_at>0</created_at>{desc}</info>"
        )
        return chunk(2, struct.pack("<I", number) + text.encode())

    def samples(number: int, stamps: list[float], packed: list[bytes]) -> bytes:
        rows = b"".join(b"\x08" + struct.pack("<d", time) + one for time, one in zip(stamps, packed, strict=True))
        return chunk(3, struct.pack("<I", number) + b"\x04" + struct.pack("<I", len(stamps)) + rows)

    named = "".join(f"<channel><label>{name}</label><unit>uV</unit></channel>" for name in ("Cz", "Pz"))
    whole = b"XDF:" + chunk(1, b"<info><version>1.0</version></info>")
    whole += head(1, "EEG", 2, 4, "float32", f"<desc><channels>{named}</channels></desc>")
    whole += head(2, "pulse", 1, 2, "float32") + head(3, "marks", 1, 0, "string")
    whole += samples(1, [1.0, 1.25, 1.5], [struct.pack("<2f", n, -n) for n in range(3)])
    whole += samples(2, [1.0, 1.5], [struct.pack("<f", 60 + n) for n in range(2)])
    whole += samples(3, [1.1], [b"\x01\x05begin"])
    whole += samples(1, [1.75, 2.0], [struct.pack("<2f", n, -n) for n in range(3, 5)])
    return whole[: len(whole) - cut]


def test_xdf_has_the_stream_that_its_library_reads_and_counts_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    path.write_bytes(xdf())
    streams, _ = pyxdf.load_xdf(str(path))
    expected = next(one for one in streams if one["info"]["name"] == ["EEG"])
    table, tally = read(path)
    assert list(table.columns) == ["timestamp", "Cz", "Pz"]
    np.testing.assert_array_equal(table["timestamp"], expected["time_stamps"])
    np.testing.assert_array_equal(table[["Cz", "Pz"]], expected["time_series"])
    assert (tally.seen, tally.taken) == (8, 5)
    assert {why: one.n for why, one in tally.left_out.items()} == {
        "of the stream 'pulse'": 2,
        "of the stream 'marks'": 1,
    }
    other, _ = read(path, block=2)
    assert other["column_1"].tolist() == [60.0, 61.0]
    with pytest.raises(InputError, match="2 streams of numbers, and block is 3"):
        read(path, block=3)


@pytest.mark.parametrize(
    ("channels", "claimed"), [(1, 2**32 - 1), (1, 10**6), (10**9, 2), (999, 99), ("&#57;", 1), ("-1", 1)]
)
def test_a_small_xdf_file_that_claims_much_takes_no_memory(tmp_path: Path, channels: Any, claimed: int) -> None:
    path = tmp_path / "a.xdf"
    whole = xdf()
    text = whole.replace(b"<name>marks</name><type>x</type><channel_count>1<", b"@%s<" % str(channels).encode())
    assert text != whole
    head = text.index(b"@")
    content = bytearray(text.replace(b"@", b"<name>marks</name><type>x</type><channel_count>"))
    start = content.rindex(b"<info>", 0, head + 1) - 10
    longer = len(content) - len(whole)
    (length,) = struct.unpack_from("<I", content, start)
    struct.pack_into("<I", content, start, length + longer)
    count = content.index(b"begin") - 15
    assert struct.unpack_from("<I", content, count) == (1,)
    struct.pack_into("<I", content, count, claimed)
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with contextlib.suppress(LsnbError):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("cut", [1, 4, 8, 10])
def test_samples_that_a_broken_stream_does_not_hold_are_counted(tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.xdf").write_bytes(xdf(cut=cut))
    table, tally = read(tmp_path / "a.xdf")
    assert len(table) == 3
    assert tally.left_out["not in the file, which breaks off"].n == 2


def test_a_damaged_piece_of_a_stream_is_said_without_a_stack_trace(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    boundary = chunk(5, bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4"))
    lost = chunk(3, struct.pack("<I", 1) + b"\x04" + struct.pack("<I", 2) + b"\x03")
    whole = xdf()
    for name, damage in (("once", lost + boundary), ("twice", lost + boundary + b"\x09" * 8 + boundary)):
        path = tmp_path / f"{name}.xdf"
        path.write_bytes(whole[:-50] + damage + whole[-50:])
        table, tally = read(path)
        assert len(table) == 5
        places = {"once": "1 place", "twice": "2 places"}[name]
        assert not any("clock-segments" in one for one in tally.notes)
        assert any(f"{name}.xdf is damaged in {places}: what stood there is lost" in one for one in tally.notes)
    assert capfd.readouterr() == ("", "")


# FIT


def fit(records: list[tuple[int | None, int, int]]) -> bytes:
    """Records of a time, a heart rate and a speed, and one message of another kind."""

    def definition(local: int, message: int, fields: list[tuple[int, int, int]]) -> bytes:
        return struct.pack("<BBBHB", 0x40 | local, 0, 0, message, len(fields)) + bytes(b for f in fields for b in f)

    body = definition(0, 0, [(0, 1, 0)]) + b"\x00\x04"
    body += definition(1, 20, [(253, 4, 0x86), (3, 1, 0x02), (6, 2, 0x84)])
    for time, heart, speed in records:
        body += struct.pack("<BIBH", 1, 0xFFFFFFFF if time is None else time, heart, speed)
    head = struct.pack("<BBHI4s", 14, 0x10, 2132, len(body), b".FIT")
    head += struct.pack("<H", fit_sum(head))
    return head + body + struct.pack("<H", fit_sum(head + body))


def fit_sum(data: bytes) -> int:
    """The checksum of https://developer.garmin.com/fit/protocol."""
    table = [0x0, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401]
    table += [0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400]
    total = 0
    for byte in data:
        for half in (byte & 0xF, byte >> 4):
            total = (total >> 4) & 0x0FFF ^ table[total & 0xF] ^ table[half]
    return total


def test_fit_has_the_records_that_its_library_reads_and_counts_the_other_messages(tmp_path: Path) -> None:
    path = tmp_path / "run.fit"
    path.write_bytes(fit([(1_000_000_000, 60, 1500), (None, 61, 1600), (1_000_000_001, 62, 0xFFFF)]))
    with fitdecode.FitReader(str(path)) as reader:
        frames = [one for one in reader if one.frame_type == fitdecode.FIT_FRAME_DATA]
    records = [one for one in frames if one.name == "record"]
    table, tally = read(path)
    assert table["timestamp"].tolist() == [records[n].get_value("timestamp") for n in (0, 2)]
    assert table["heart_rate"].tolist() == [60, 62]
    assert table["speed"].iloc[0] == records[0].get_value("speed") == 1.5
    assert pd.isna(table["speed"].iloc[1])
    assert (tally.seen, tally.taken) == (len(frames), 2)
    assert {why: one.n for why, one in tally.left_out.items()} == {"of other kinds": 1, "without a time": 1}
    assert table.attrs["units"]["heart_rate"] == "bpm"


# GPX


def test_gpx_has_the_points_that_its_library_wrote_and_counts_the_others(tmp_path: Path) -> None:
    track = gpxpy.gpx.GPX()
    track.tracks.append(gpxpy.gpx.GPXTrack())
    for part in range(2):
        segment = gpxpy.gpx.GPXTrackSegment()
        track.tracks[0].segments.append(segment)
        for second in range(3):
            time = None if part and second == 1 else pd.Timestamp("2026-01-02 10:00", tz="UTC").to_pydatetime()
            point = gpxpy.gpx.GPXTrackPoint(50 + part, 8.5, elevation=second or None, time=time)
            if time is not None:
                point.adjust_time(pd.Timedelta(seconds=10 * part + second).to_pytimedelta())
            segment.points.append(point)
    track.waypoints.append(gpxpy.gpx.GPXWaypoint(1, 2))
    track.routes.append(gpxpy.gpx.GPXRoute())
    track.routes[0].points += [gpxpy.gpx.GPXRoutePoint(1, 2)] * 2
    (tmp_path / "a.gpx").write_text(track.to_xml())
    table, tally = read(tmp_path / "a.gpx")
    assert table["timestamp"].dt.second.tolist() == [0, 1, 2, 10, 12]
    assert table["latitude"].tolist() == [50, 50, 50, 51, 51]
    assert table["elevation"].isna().tolist() == [True, False, False, True, False]
    assert tally.seen == 9
    assert {why: one.n for why, one in tally.left_out.items()} == {
        "of routes": 2,
        "that are marked places": 1,
        "without a time": 1,
    }


# WAV


def test_points_in_a_comment_of_gpx_are_counted(tmp_path: Path) -> None:
    whole = made(tmp_path)["gpx"].replace(b"<trkseg>", b'<trkseg><!-- <trkpt lat="9" lon="9"/> -->')
    (tmp_path / "a.gpx").write_bytes(whole)
    table, tally = read(tmp_path / "a.gpx")
    assert (len(table), tally.seen) == (4, 5)


def test_a_sound_that_breaks_off_says_how_much_of_it_is_missing(tmp_path: Path) -> None:
    values = np.arange(2000, dtype="int16").reshape(1000, 2)
    wavfile.write(tmp_path / "a.wav", 100, values)
    table, tally = read(tmp_path / "a.wav")
    np.testing.assert_array_equal(table[["channel_1", "channel_2"]], values)
    assert (tally.seen, tally.left_out) == (1000, {})
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:-400])
    table, tally = read(tmp_path / "a.wav")
    np.testing.assert_array_equal(table[["channel_1", "channel_2"]], values[:900])
    assert tally.left_out["not in the file, which breaks off"].n == 100
    assert "left out 100 samples not in the file" in tally.notes[0]


def test_a_sound_from_a_pipe_has_the_samples_that_are_there(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", 100, np.arange(10, dtype="int16"))
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[40:44] = b"\xff" * 4
    (tmp_path / "a.wav").write_bytes(data)
    table, tally = read(tmp_path / "a.wav")
    assert (table["channel_1"].tolist(), tally.seen) == (list(range(10)), 10)
    data[40:44] = b"\0" * 4
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(TableError, match=r"a\.wav holds no samples"):
        read(tmp_path / "a.wav")


# MATLAB


def test_matlab_has_the_arrays_of_the_longest_and_names_the_others(tmp_path: Path) -> None:
    held = {"acc": np.arange(300.0).reshape(3, 100), "ecg": np.arange(100), "fs": 50.0, "gains": np.ones((2, 4))}
    scipy.io.savemat(tmp_path / "a.mat", held)
    opened = scipy.io.loadmat(tmp_path / "a.mat")
    table, tally = read(tmp_path / "a.mat")
    assert list(table.columns) == ["timestamp", "acc_1", "acc_2", "acc_3", "ecg"]
    np.testing.assert_array_equal(table[["acc_1", "acc_2", "acc_3"]].T, opened["acc"])
    assert table["timestamp"].iloc[-1] == pytest.approx(99 / 50)
    assert tally.seen == 100
    assert "left out gains of 2 × 4" in tally.notes[0]
    more = {
        "who": "Ana",
        "age": 31,
        "parts": np.ones((2, 3, 4)),
        "z": np.arange(100) * 1j,
        "list": [{"a": 1}, {"a": 2}],
    }
    scipy.io.savemat(tmp_path / "a.mat", held | more)
    said = read(tmp_path / "a.mat")[1].notes[0]
    for name in ("who (text)", "age (31)", "parts of 2 × 3 × 4", "z (no plain numbers)", "list"):
        assert name in said
    scipy.io.savemat(tmp_path / "b.mat", {"trial": {"data": np.arange(20.0), "srate": 10}})
    table, tally = read(tmp_path / "b.mat")
    assert (table["trial.data"].tolist(), tally.seen) == (list(range(20)), 20)


# Old Excel


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    """A stream of BIFF5, as Excel 5 wrote it: https://www.openoffice.org/sc/excelfileformat.pdf."""

    def part(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def cell(row: int, column: int, value: Any) -> bytes:
        where = struct.pack("<HHH", row, column, 0)
        if isinstance(value, str):
            return part(0x0204, where + struct.pack("<H", len(value)) + value.encode("cp1252"))
        return part(0x0203, where + struct.pack("<d", value))

    bodies = [
        part(0x0809, struct.pack("<HHHH", 0x500, 0x10, 0, 0))
        + b"".join(cell(r, c, value) for r, row in enumerate(rows) for c, value in enumerate(row))
        + part(0x000A, b"")
        for rows in sheets.values()
    ]
    heads = [struct.pack("<H", 0) + bytes([len(name)]) + name.encode() for name in sheets]
    start = part(0x0809, struct.pack("<HHHH", 0x500, 0x5, 0, 0)) + part(0x0042, struct.pack("<H", 1252))
    at = len(start) + sum(len(head) + 8 for head in heads) + 4
    for head, body in zip(heads, bodies, strict=True):
        start += part(0x0085, struct.pack("<I", at) + head)
        at += len(body)
    return start + part(0x000A, b"") + b"".join(bodies)


def test_old_excel_has_the_largest_sheet_and_counts_the_rows_of_others(tmp_path: Path) -> None:
    rows = [["Logger 7"], ["time (s)", "Größe", "note"], *[[n / 2, n * 1.5, "ok"] for n in range(6)]]
    (tmp_path / "a.xls").write_bytes(workbook({"data": rows, "about": [["by", "Ana"], ["on", "wrist"]]}))
    book = xlrd.open_workbook(tmp_path / "a.xls")
    assert book.sheet_by_name("data").col_values(1, 2) == [n * 1.5 for n in range(6)]
    table, tally = read(tmp_path / "a.xls")
    assert table["time (s)"].tolist() == [0, 0.5, 1, 1.5, 2, 2.5]
    assert table["Größe"].tolist() == [n * 1.5 for n in range(6)]
    assert {why: one.n for why, one in tally.left_out.items()} == {"above the table": 1, "in the sheet 'about'": 2}
    assert any("and not 'about'" in note for note in tally.notes)


# All of them


def test_an_option_for_text_files_is_refused_where_the_file_says_it_itself(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", 100, np.arange(10, dtype="int16"))
    with pytest.raises(InputError, match=r"a\.wav is WAV, which says by itself what sep=, rate= would"):
        read(tmp_path / "a.wav", sep=";", rate=5)


@pytest.mark.parametrize("ending", ["edf", "bdf", "xdf", "fit", "gpx", "wav", "mat", "xls"])
def test_what_is_none_of_them_is_refused_by_name(tmp_path: Path, ending: str) -> None:
    for content in (b"", b"no such thing\n" * 50, bytes(range(256)) * 8):
        (tmp_path / f"a.{ending}").write_bytes(content)
        with pytest.raises(LsnbError, match=rf"a\.{ending}"):
            read(tmp_path / f"a.{ending}")


def made(folder: Path) -> dict[str, bytes]:
    """A small file of each kind."""
    record(folder / "a.edf", [8, 4], seconds=2)
    record(folder / "a.bdf", [8], seconds=2, marks=1)
    wavfile.write(folder / "a.wav", 100, np.arange(40, dtype="int16").reshape(20, 2))
    held = {"x": np.arange(20.0), "trial": {"srate": 10, "y": np.ones((20, 2))}, "who": "Ana"}
    scipy.io.savemat(folder / "a.mat", held, do_compression=True)
    files = {ending: (folder / f"a.{ending}").read_bytes() for ending in ("edf", "bdf", "wav", "mat")}
    sheets = {"data": [["time (s)", "x"], *[[n / 2, n] for n in range(6)]], "b": [["q"]]}
    times = "".join(
        f'<trkpt lat="1" lon="{n}"><ele>{n}</ele><time>2026-01-01T00:00:0{n}Z</time>'
        f"<extensions><hr>{n}</hr></extensions></trkpt>"
        for n in range(4)
    )
    xml = f'<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1"><trk><trkseg>{times}</trkseg></trk></gpx>'
    seconds = [(1_000_000_000 + n, 60 + n, 1500) for n in range(4)]
    return files | {"xdf": xdf(), "fit": fit(seconds), "xls": workbook(sheets), "gpx": xml.encode()}


KINDS = ("edf", "bdf", "wav", "mat", "xdf", "fit", "xls", "gpx")
# Where in the file, as a share of it, and what stands there then; and where it breaks off.
BYTES = st.sampled_from([0, 1, 45, 48, 57, 127, 128, 255]) | st.integers(0, 255)
BENDS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), BYTES), max_size=5)
CUTS = st.none() | st.floats(0, 1)
FEW = settings(max_examples=6)
MANY = settings(FEW, max_examples=600)


def bend(folder: Path, ending: str, bends: list[tuple[float, int]], cut: float | None) -> None:
    """Read a file that was bent so: what was in it is taken or left out and said, or it is refused in a sentence."""
    path = folder / f"a.{ending}"
    if not path.exists():
        path.write_bytes(made(folder)[ending])
        assert len(read(path)[0])
    content = bytearray(path.read_bytes())
    for share, byte in bends:
        content[int(share * len(content))] = byte
    bent = folder / f"bent.{ending}"
    bent.write_bytes(content if cut is None else content[: int(cut * len(content))])
    with contextlib.suppress(LsnbError):
        read(bent)


@pytest.mark.parametrize("ending", KINDS)
@FEW
@given(bends=BENDS, cut=CUTS)
def test_bent_files_are_answered_with_a_whole_account_or_refused_in_a_sentence(
    ending: str, tmp_path: Path, bends: list[tuple[float, int]], cut: float | None
) -> None:
    bend(tmp_path, ending, bends, cut)


@pytest.mark.exhaustive
@pytest.mark.parametrize("ending", KINDS)
@MANY
@given(bends=BENDS, cut=CUTS)
def test_many_bent_files(ending: str, tmp_path: Path, bends: list[tuple[float, int]], cut: float | None) -> None:
    bend(tmp_path, ending, bends, cut)


def kept_of(kind: str, path: Path, times: list[int | None], others: int) -> int:
    """Write points or records at these seconds, some without a time, and others; return how many there are."""
    if kind == "fit":
        path.write_bytes(fit([(None if time is None else 1_000_000_000 + time, 60, 1500) for time in times]))
        return len(times) + 1
    points = [
        f'<trkpt lat="1" lon="{n}">{"" if time is None else f"<time>2026-01-01T00:00:{time:02}Z</time>"}</trkpt>'
        for n, time in enumerate(times)
    ]
    kinds = ['<wpt lat="1" lon="1"/>', '<rte><rtept lat="1" lon="1"/></rte>', '<!-- <trkpt lat="9" lon="9"/> -->']
    track = f"<trk><trkseg>{''.join(points)}</trkseg></trk>"
    beside = "".join(kinds[n % 3] for n in range(others))
    path.write_text(f'<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1">{beside}{track}</gpx>')
    return len(times) + others


@pytest.mark.parametrize("kind", ["fit", "gpx"])
@FEW
@given(times=st.lists(st.none() | st.integers(0, 59), max_size=9), others=st.integers(0, 5))
def test_each_record_is_taken_or_left_out_and_said(
    kind: str, tmp_path: Path, times: list[int | None], others: int
) -> None:
    path = tmp_path / f"a.{kind}"
    seen = kept_of(kind, path, times, others)
    with contextlib.suppress(LsnbError):
        table, tally = read(path)
        assert tally.seen == seen
        assert len(table) <= sum(time is not None for time in times)


def test_what_would_fill_the_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsnb.timeseries.instruments.MOST_NUMBERS", 1000)
    monkeypatch.setattr(scipy.io, "loadmat", None)
    scipy.io.savemat(tmp_path / "a.mat", {"s": {"x": np.zeros(1_000_000)}}, do_compression=True)
    assert (tmp_path / "a.mat").stat().st_size < 10_000
    with pytest.raises(TableError, match=r"a\.mat holds [\d,]+ numbers, more than 1,000"):
        read(tmp_path / "a.mat")
    names = "".join(
        f'<trkpt lat="1" lon="2"><time>2026-01-01T00:00:00Z</time><extensions><n{n}>1</n{n}></extensions></trkpt>'
        for n in range(60)
    )
    xml = f'<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1"><trk><trkseg>{names}</trkseg></trk></gpx>'
    (tmp_path / "a.gpx").write_text(xml)
    with pytest.raises(TableError, match=r"a\.gpx holds 3,840 numbers"):
        read(tmp_path / "a.gpx")


def _element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def _variable(kind: int, shape: tuple[int, ...], *parts: bytes, name: bytes = b"a") -> bytes:
    flags, sizes = struct.pack("<II", kind, 0), struct.pack(f"<{len(shape)}i", *shape)
    return _element(14, _element(6, flags) + _element(5, sizes) + _element(1, name) + b"".join(parts))


def _nested(depth: int) -> bytes:
    inner = _variable(6, (1, 1), _element(9, bytes(8)), name=b"")
    for _ in range(depth):
        inner = _variable(1, (1, 1), inner, name=b"")
    return inner


MATLAB = b"MATLAB 5.0 MAT-file".ljust(116) + bytes(8) + b"\0\1IM"
CLAIMS = {
    "letters": (lambda: _variable(4, (1, 2**31 - 1), _element(16, b"")), "2,147,483,647 numbers"),
    "cells": (lambda: _variable(1, (1, 2**31 - 1)), "cells or fields"),
    "structures": (
        lambda: _variable(2, (2**20, 2**10), _element(5, b"\x20\0\0\0"), _element(1, b"")),
        "cells or fields",
    ),
    "empty cells": (lambda: _variable(1, (1, 600_000)), "cells or fields"),
    "names of fields": (
        lambda: _variable(2, (0, 0), _element(5, b"\1\0\0\0"), _element(1, b"f" * 200_000)),
        "too many",
    ),
    "cells in cells": (lambda: _nested(2000), "nested too deep"),
    "negative": (lambda: _variable(1, (-1, 1)), "no shape"),
    "no type": (lambda: _variable(6, (1, 2), _element(60_000, bytes(16))), "no numbers of type 60000"),
    "zeros": (lambda: _variable(6, (1, 2_000_000), _element(2, bytes(2_000_000))), "more than 200 times its size"),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_small_matlab_file_that_claims_much_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, claim: str
) -> None:
    monkeypatch.setattr(scipy.io, "loadmat", None)
    monkeypatch.setattr(scipy.io, "whosmat", None)
    monkeypatch.setattr("lsnb.timeseries.instruments.RATIO_COUNTS_FROM", 2**20)
    make, words = CLAIMS[claim]
    packed = zlib.compress(make(), 1)
    content = MATLAB + struct.pack("<II", 15, len(packed)) + packed
    assert len(content) < 500_000
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(TableError, match=rf"a\.mat .*{words}"):
        read(tmp_path / "a.mat")


def test_a_large_matlab_file_may_unpack_to_less_for_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsnb.timeseries.instruments.RATIO_COUNTS_FROM", 2**16)
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"a": np.tile(np.random.default_rng(1).random(2**10), 2**7)}, do_compression=True)
    size = path.stat().st_size
    assert 20 < 2**20 / size < 200
    assert len(read(path)[0]) == 2**17
    monkeypatch.setattr("lsnb.timeseries.instruments._LARGE_UNPACKED", 2**19)
    with pytest.raises(TableError, match=r"a\.mat unpacks to more than 20 times its size"):
        read(path)


@pytest.mark.parametrize("kind", ["f8", "u1"])
def test_a_packed_matlab_file_takes_no_more_than_a_stated_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("lsnb.timeseries.instruments._LARGEST_UNPACKED", 80_000)
    held = {"a": np.random.default_rng(1).integers(0, 9, 10_001).astype(kind)}
    monkeypatch.setattr(scipy.io, "loadmat", None)
    scipy.io.savemat(tmp_path / "packed.mat", held, do_compression=True)
    with pytest.raises(TableError, match=r"packed\.mat takes more than 80\.0 kB once it is unpacked: .*'-v6'"):
        read(tmp_path / "packed.mat")
    # Small numbers become numbers of eight bytes later on.
    monkeypatch.undo()
    scipy.io.savemat(tmp_path / "plain.mat", held)
    assert len(read(tmp_path / "plain.mat")[0]) == 10_001


@pytest.mark.parametrize("packed", [False, True])
def test_all_that_scipy_writes_is_counted_and_read(tmp_path: Path, packed: bool) -> None:
    held = {
        "x": np.arange(5.0),
        "c": np.arange(4) * 1j,
        "s": {"a": 1, "b": {"y": np.ones((5, 2)), "t": "abc"}},
        "cells": np.array([1, "ä", [1, 2]], dtype=object),
        "sparse": scipy.sparse.csc_array(np.eye(4)),
        "texts": np.array(["a", "bc"]),
        "none": np.zeros((0, 3)),
        "flags": np.array([True, False]),
        "records": np.zeros(3, dtype=[("q", "f8"), ("r", "O")]),
    }
    scipy.io.savemat(tmp_path / "a.mat", held, do_compression=packed)
    table = read(tmp_path / "a.mat")[0]
    assert table["x"].tolist() == [0, 1, 2, 3, 4]
    assert table["s.b.y_2"].tolist() == [1] * 5
