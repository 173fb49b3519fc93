"""Instruments' own files as tables of loggers: what is no text is read by the library that its field keeps.

EDF and BDF by pyedflib (BSD), XDF by pyxdf (BSD), FIT by fitdecode (MIT), GPX by gpxpy (Apache 2), old Excel by xlrd
(BSD), WAV and MATLAB by scipy (BSD); all but scipy come with ``lsnb[sensors]``. Each file is counted by its own head or
parts before it is read, so that what its library passes over is said.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import math
import mmap
import os
import re
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from lsnb.errors import InputError, MissingExtraError, TableError
from lsnb.kernel.files import file_errors
from lsnb.kernel.formats import LARGEST_RATIO, RATIO_COUNTS_FROM, size_text
from lsnb.kernel.tally import Tally, tally_of
from lsnb.kernel.words import counted, listing
from lsnb.tables.cells import TEXT_DTYPE
from lsnb.timeseries.found import FOUND, UNITS, noted
from lsnb.timeseries.loggers import each_once, find_table, lines_of
from lsnb.timeseries.moments import find_time

TIME = "timestamp"
# No array of a hostile file fills the memory: as many numbers as a day of six channels at 100 Hz, and more.
MOST_NUMBERS = 200_000_000

# Of MATLAB's files: bytes of a number by its type, and the classes of arrays.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}
_OF_NUMBERS = range(6, 16)
_CELLS, _STRUCT, _OBJECT, _CHARS, _SPARSE, _FUNCTION, _OPAQUE = 1, 2, 3, 4, 5, 16, 17
_MOST_PARTS = 500_000
_MOST_FIELDS = 4096  # whose names scipy compares each with each
_DEEPEST = 30
_LONGEST_NAMES = 64 * _MOST_FIELDS
# A marker that is nearly always 0 packs well; hours of many signals do not, and all of it will be in memory.
_LARGE_UNPACKED = 2**28
_LARGEST_RATIO_OF_LARGE = 20
# What a packed file takes does not show in its size, so it may take less: a day of six channels at 100 Hz goes in.
_LARGEST_UNPACKED = 500_000_000


def _library(name: str, what: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtraError(
            f"To read {what}, {name} is needed: pip install 'lsnb[sensors]', or pip install {name}."
        ) from None


def _table(
    tally: Tally,
    columns: Mapping[str, Any],
    *,
    rate: float = float("nan"),
    start: str = "",
    units: Mapping[str, str] | None = None,
    left: Sequence[str] = (),
    is_absolute: bool = False,
) -> pd.DataFrame:
    """Return columns as a table with what the file says in its attrs; the first of them are the times.

    The tally says how many rows the file holds by itself, counted before they are read, and why some are left out;
    ``left`` names what is no row of such a table.
    """
    table = pd.DataFrame(dict(columns))
    known = {name: unit for name, unit in (units or {}).items() if unit}
    parts = [f"{len(table):,} rows", counted(len(table.columns) - 1, "column")]
    parts.append(f"({listing([name for name in table.columns if name != TIME], 6)})")
    if start:
        parts.append(f"start {start}")
    if rate == rate:
        parts.append(f"{rate:g} samples a second")
    parts.append(f"units {listing([f'{name} in {unit}' for name, unit in known.items()], 6)}" if known else "no units")
    tally.taken = len(table)
    reasons = [
        f"{counted(of_reason.n, tally.noun, tally.several)} {reason}" for reason, of_reason in tally.left_out.items()
    ]
    parts.append(f"left out {'; '.join([*reasons, *left])}" if reasons or left else "nothing left out")
    tally.note(f"{tally.source}: {', '.join(parts).replace(', (', ' (')}.")
    table.attrs[UNITS] = known
    table.attrs[FOUND] = {
        "time": TIME if TIME in table.columns else None,
        "rate": rate if rate == rate else None,
        "start": start or None,
        "is_absolute": is_absolute,
        "made": True,
        "notes": list(tally.notes),
        "plain": False,
    }
    return tally.attach(table)


_BREAKS_OFF = "not in the file, which breaks off"


def _bounded(count: float, source: str) -> None:
    if count > MOST_NUMBERS:
        raise TableError(f"{source} holds {count:,.0f} numbers, more than {MOST_NUMBERS:,}: cut it into parts first.")


def _times(seconds: Any, start: datetime | None) -> Any:
    if start is None:
        return seconds
    moments = pd.to_datetime(np.round(np.asarray(seconds) * 1e6).astype("int64") * 1000 + pd.Timestamp(start).value)
    return moments.tz_localize("UTC") if start.tzinfo is not None else moments


def _rows_of_edf(file: Path) -> int:
    """Return how many moments a recording has by its head: https://www.edfplus.info/specs/edf.html."""
    with file.open("rb") as opened:
        head = opened.read(256)
        count = min(int(head[252:256]), 10_000)
        head += opened.read(256 * count)
    names = [head[256 + 16 * n : 272 + 16 * n].strip() for n in range(count)]
    at = 256 + 216 * count
    # In the older EDF, which does not call itself EDF+, a signal of this name is one like the others.
    is_plus = head[192:196] in (b"EDF+", b"BDF+")
    marks = [is_plus and name[4:] == b"Annotations" for name in names]
    each = [int(head[at + 8 * n : at + 8 * n + 8]) for n in range(len(names)) if not marks[n]]
    if 2 * sum(each) > file.stat().st_size:
        raise TableError(f"{file.name} breaks off in its first record: its head promises {sum(each):,} numbers there.")
    # Channels of several rates have some moments together: those at k/n of a record, each counted in its lowest terms.
    terms = {
        part
        for one in set(each)
        for low in range(1, math.isqrt(max(one, 0)) + 1)
        if one % low == 0
        for part in (low, one // low)
    }
    return int(head[236:244]) * sum(_coprime(n) for n in terms)


def _coprime(n: int) -> int:
    """Return how many of 1 to n share no factor with n: Euler's totient."""
    found, rest, factor = n, n, 2
    while factor * factor <= rest:
        if rest % factor == 0:
            found -= found // factor
            while rest % factor == 0:
                rest //= factor
        factor += 1
    return found - found // rest if rest > 1 else found


def _edf(file: Path) -> pd.DataFrame:
    library = _library("pyedflib", "EDF and BDF files")
    tally = Tally(file.name, seen=_rows_of_edf(file))
    reader = library.EdfReader(str(file))
    try:
        count = reader.signals_in_file
        rates = [float(rate) for rate in reader.getSampleFrequencies()]
        _bounded(float(np.sum(reader.getNSamples())), file.name)
        signals = [reader.readSignal(number) for number in range(count)]
        names = each_once([label.strip() or f"column_{n + 1}" for n, label in enumerate(reader.getSignalLabels())])
        units = {name: reader.getPhysicalDimension(n).strip() for n, name in enumerate(names)}
        start = reader.getStartdatetime()
        marks = len(reader.readAnnotations()[0])
    finally:
        reader.close()
    if not count:
        raise TableError(f"{file.name} holds no signals.")
    clocks = [np.round(np.arange(len(one)) / rate, 9) for one, rate in zip(signals, rates, strict=True)]
    # Channels of several rates stand at their own times; between its samples a slow one is missing.
    seconds = clocks[int(np.argmax(rates))] if len(set(rates)) == 1 else np.unique(np.concatenate(clocks))
    columns: dict[str, Any] = {TIME: _times(seconds, start)}
    for name, values, clock in zip(names, signals, clocks, strict=True):
        if len(clock) == len(seconds):
            columns[name] = values
        else:
            spread = np.full(len(seconds), np.nan)
            spread[np.searchsorted(seconds, clock)] = values
            columns[name] = spread
    left = [counted(marks, "annotation")] if marks else []
    return _table(tally, columns, rate=max(rates), start=start.isoformat(), units=units, left=left, is_absolute=True)


_XDF_BYTES = {b"int8": 1, b"int16": 2, b"int32": 4, b"int64": 8, b"float32": 4, b"double64": 8}
_LONGEST_HEAD = 2**20


def _parts_of_xdf(file: Path) -> tuple[dict[int, int], dict[int, int]]:
    """Return stream → samples, and stream → bytes of a sample of numbers, as the chunks of the file say.

    The form: https://github.com/sccn/xdf/wiki/Specifications.
    """
    samples: dict[int, int] = {}
    widths: dict[int, int] = {}
    size = file.stat().st_size
    with file.open("rb") as opened:
        opened.seek(4)
        while width := opened.read(1):
            length = int.from_bytes(opened.read(min(width[0], 8)), "little")
            start = opened.tell()
            tag, stream, number = (int.from_bytes(opened.read(n), "little") for n in (2, 4, 1))
            if tag == 3:
                samples[stream] = samples.get(stream, 0) + int.from_bytes(opened.read(min(number, 8)), "little")
            elif tag == 2:
                head = opened.read(min(length, _LONGEST_HEAD))
                channels = re.search(rb"<channel_count>\s*(\d{1,9})\s*<", head)
                form = re.search(rb"<channel_format>\s*(\w{1,9})\s*<", head)
                if channels and form and form[1] in _XDF_BYTES:
                    widths[stream] = int(channels[1]) * _XDF_BYTES[form[1]]
            if not length or start + length > size:
                break
            opened.seek(start + length)
    return samples, widths


_MOST_IN_A_CHUNK = 2**25  # samples and channels of one piece; recorders write one every second or so


class _Claims(io.BufferedReader):
    """An XDF file that claims no more samples than it has room for: pyxdf makes lists of as many before it reads one.

    A claim that cannot be true is a damaged chunk, as others are, behind which pyxdf looks for the next whole one. It
    would read on over the end of a chunk, and over that of the file, and take for numbers what stands there.

    Args:
        file: The file.
        widths: Stream → bytes of a sample, of those that hold numbers.
    """

    def __init__(self, file: Path, widths: Mapping[int, int]) -> None:
        super().__init__(io.FileIO(file))
        self._size = file.stat().st_size
        self._widths = widths
        self._channels = 1
        self._tag = b""
        self._is_count = self._is_number = False
        self._end = self._stream = 0
        if not self._size:
            return  # which nothing is mapped of
        with mmap.mmap(self.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for found in re.finditer(rb"<channel_count[^<]{0,40}", content):
                number = re.fullmatch(rb"<channel_count>\s*(\d{1,9})\s*", found[0])
                if number is None or int(number[1]) > self._size:
                    raise TableError(f"{file.name} is damaged: it does not say how many channels a stream has.")
                self._channels = max(self._channels, int(number[1]))

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; into one of a single byte goes how long the number behind it is."""
        self._is_number, self._is_count, self._tag = len(buffer) == 1, self._tag == b"\3\0", b""
        return super().readinto(buffer)

    def read(self, size: int | None = -1) -> bytes:
        """Read bytes.

        Raises:
            ValueError: They are a number of samples that the chunk or the file has no room for, or too much.
        """
        # Never more than there is, for which room would be made first.
        found = super().read(size if size is None else min(size, self._size))
        is_number, self._is_number = self._is_number, False
        if is_number:
            number = int.from_bytes(found, "little")
            if not self._is_count:
                self._end = self.tell() + number
            elif not self._is_room(number):
                raise ValueError("more or fewer samples than there is room for")
        elif size == 2:
            self._tag = found
        elif size == 4 and self._tag:
            self._stream = int.from_bytes(found, "little")
        return found

    def _is_room(self, samples: int) -> bool:
        """Return whether so many samples can be what comes up to the end of the chunk."""
        left = self._size - self.tell()
        if samples > left or samples * self._channels > _MOST_IN_A_CHUNK:
            return False
        room, width = self._end - self.tell(), self._widths.get(self._stream)
        # A byte says whether a time of eight is written with a sample.
        return width is None or (room <= left and samples * (width + 1) <= room <= samples * (width + 9))


@contextlib.contextmanager
def _heard(library: str) -> Iterator[list[logging.LogRecord]]:
    """Yield what a library says through its logger meanwhile, which would print it, with stack traces."""
    logger, records = logging.getLogger(library), list[logging.LogRecord]()
    handler, goes_on = logging.Handler(), logger.propagate
    handler.emit = records.append  # type: ignore[assignment]
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield records
    finally:
        logger.removeHandler(handler)
        logger.propagate = goes_on


def _xdf(file: Path, block: int | None = None) -> pd.DataFrame:
    library = _library("pyxdf", "XDF files")
    held, widths = _parts_of_xdf(file)
    with _Claims(file, widths) as opened, _heard("pyxdf") as said:
        streams, _ = library.load_xdf(opened)
    numeric = [one for one in streams if isinstance(one["time_series"], np.ndarray) and len(one["time_stamps"])]
    if not numeric:
        raise TableError(f"{file.name} holds no stream of numbers.")
    names = [_name_of_stream(one) for one in numeric]
    if block is not None and block > len(numeric):
        raise InputError(f"{file.name} has {counted(len(numeric), 'stream')} of numbers, and block is {block}.")
    best = numeric[block - 1] if block else max(numeric, key=lambda one: one["time_series"].size)
    tally = Tally(file.name, "sample", seen=sum(held.values()))
    for one in streams:
        if one is not best:
            tally.leave(f"of the stream {_name_of_stream(one)!r}", n=held.get(one["info"]["stream_id"], 0))
    missing = tally.seen - len(best["time_stamps"]) - sum(one.n for one in tally.left_out.values())
    if missing > 0:
        tally.leave(_BREAKS_OFF, n=missing)
    # Behind a damaged piece pyxdf looks for the next whole one.
    tally.seen += max(0, -missing)
    if damaged := sum(one.levelno >= logging.ERROR for one in said):
        tally.note(
            f"{file.name} is damaged in {counted(damaged, 'place')}: what stood there is lost, nobody knows how many "
            "samples, and what is whole behind it is read."
        )
    doubts = dict.fromkeys(one.getMessage() for one in said if one.levelno < logging.ERROR)
    # Which it says of every stream whose computer's clock nobody measured.
    if told := [doubt for doubt in doubts if "clock-segments differ" not in doubt]:
        tally.note(f"pyxdf says of {file.name}: {listing(told, 3)}")
    if len(numeric) > 1 and block is None:
        tally.note(f"{file.name} has several streams of numbers ({listing(names)}): give block=1, block=2 and so on.")
    values = np.asarray(best["time_series"])
    values = values[:, None] if values.ndim == 1 else values
    titles, units = [f"column_{number + 1}" for number in range(values.shape[1])], {}
    try:
        channels = best["info"]["desc"][0]["channels"][0]["channel"]
        found = each_once([str(one["label"][0]) for one in channels])
        if len(found) == len(titles):
            units = {name: str(one.get("unit", [""])[0]) for name, one in zip(found, channels, strict=True)}
            titles = found
    except (KeyError, IndexError, TypeError, ValueError):
        pass
    columns = {TIME: np.asarray(best["time_stamps"], "float64")} | {
        name: values[:, place] for place, name in enumerate(titles)
    }
    rate = float(best["info"].get("effective_srate") or float("nan"))
    return _table(tally, columns, rate=rate, units={TIME: "s", **units})


def _name_of_stream(stream: Mapping[str, Any]) -> str:
    return str((stream["info"].get("name") or [""])[0])


def _fit(file: Path) -> pd.DataFrame:
    library = _library("fitdecode", "FIT files")
    rows: list[dict[str, Any]] = []
    units: dict[str, str] = {}
    tally = Tally(file.name, "message")
    others = 0
    try:
        with library.FitReader(str(file)) as reader:
            for frame in reader:
                if frame.frame_type != library.FIT_FRAME_DATA:
                    continue
                tally.seen += 1
                if frame.name != "record":
                    others += 1
                    continue
                names = each_once([one.name for one in frame.fields])
                rows.append({name: one.value for name, one in zip(names, frame.fields, strict=True)})
                units |= {name: one.units for name, one in zip(names, frame.fields, strict=True) if one.units}
    except library.FitError as error:
        raise TableError(f"{file.name} is no whole FIT file: {str(error)[:200]}.") from None
    timed = [row for row in rows if row.get(TIME) is not None]
    if not timed:
        raise TableError(f"{file.name} holds no records with a time.")
    if others:
        tally.leave("of other kinds", n=others)
    if len(timed) < len(rows):
        tally.leave("without a time", n=len(rows) - len(timed))
    rows = timed
    table = pd.DataFrame(rows)
    times = pd.to_datetime(table.pop(TIME), utc=True)
    table = table.dropna(axis=1, how="all")
    numbers = {name: pd.to_numeric(column, errors="coerce") for name, column in table.items()}
    kept = {
        str(name): numbers[name]
        if numbers[name].notna().equals(table[name].notna())
        else table[name].astype(TEXT_DTYPE)
        for name in table.columns
    }
    return _table(tally, {TIME: times, **kept}, start=times.iloc[0].isoformat(), units=units, is_absolute=True)


def _gpx(file: Path) -> pd.DataFrame:
    library = _library("gpxpy", "GPX files")
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise TableError(f"{file.name} declares entities, which no GPX file needs: it is not read.")
    try:
        track = library.parse(text)
    except Exception as error:
        # gpxpy raises what its XML library does, which differs between machines.
        raise TableError(f"{file.name} is no GPX file: {str(error)[:200]}.") from None
    ways = {"trkpt": "", "rtept": "of routes", "wpt": "that are marked places"}
    held = {tag: len(re.findall(rf"<(?:\w+:)?{tag}\b", text)) for tag in ways}
    tally = Tally(file.name, "point", seen=sum(held.values()))
    for tag, reason in ways.items():
        if reason and held[tag]:
            tally.leave(reason, n=held[tag])
    points = [point for one in track.tracks for segment in one.segments for point in segment.points]
    if (strays := held["trkpt"] - len(points)) > 0:
        tally.leave("that stand in no track, but in a comment, say", n=strays)
    tally.seen += max(0, -strays)
    timed = [point for point in points if point.time is not None]
    if not timed:
        raise TableError(f"{file.name} holds no points with a time.")
    moments = pd.to_datetime(
        [one.time.astimezone(UTC) if one.time.tzinfo else one.time.replace(tzinfo=UTC) for one in timed], utc=True
    )
    columns: dict[str, Any] = {
        TIME: moments,
        "latitude": [float(one.latitude) for one in timed],
        "longitude": [float(one.longitude) for one in timed],
        "elevation": [math.nan if one.elevation is None else float(one.elevation) for one in timed],
    }
    said = [_extensions_of(one) for one in timed]
    further = [name for name in dict.fromkeys(name for one in said for name in one) if name not in columns]
    _bounded(float(len(timed)) * (len(columns) + len(further)), file.name)
    columns |= {name: [one.get(name, math.nan) for one in said] for name in further}
    columns = {name: values for name, values in columns.items() if name == TIME or any(one == one for one in values)}
    if len(points) > len(timed):
        tally.leave("without a time", n=len(points) - len(timed))
    units = {"latitude": "°", "longitude": "°", "elevation": "m"}
    return _table(
        tally,
        columns,
        start=moments[0].isoformat(),
        units={name: unit for name, unit in units.items() if name in columns},
        is_absolute=True,
    )


def _extensions_of(point: Any) -> dict[str, float]:
    """Return name → number of what a device adds to a point; of several of one name the first."""
    numbers: dict[str, float] = {}
    for element in (element for extension in point.extensions for element in extension.iter()):
        with contextlib.suppress(TypeError, ValueError):
            numbers.setdefault(str(element.tag).rpartition("}")[2], float(element.text))
    return numbers


@dataclass(frozen=True)
class _WavHead:
    """What a sound's head says.

    Args:
        samples: How many there are, 0 where that does not tell.
        begin: Where their bytes begin.
        behind: How many bytes are there.
        is_true: Whether the head says how many, and no more than there are.
        order: Of the bytes of its numbers.
    """

    samples: int = 0
    begin: int = 0
    behind: int = 0
    is_true: bool = True
    order: Any = "little"


_LONGEST_FORM = 64  # bytes of what a sound says of its form


def _wav_head(file: Path) -> _WavHead:
    size = file.stat().st_size
    with file.open("rb") as opened:
        kind, whole = opened.read(4), opened.read(8)[:4]
        order: Any = "big" if kind == b"RIFX" else "little"
        width = 0
        while len(head := opened.read(8)) == 8:
            length = int.from_bytes(head[4:], order)
            if head[:4] == b"fmt ":
                if length > size:  # scipy asks the system for as much
                    raise TableError(
                        f"{file.name} is no WAV file that can be read: what it says of its form is longer than it is."
                    )
                form = opened.read(min(length, _LONGEST_FORM))
                width = int.from_bytes(form[12:14], order)
                opened.seek(length + length % 2 - len(form), os.SEEK_CUR)
            elif head[:4] == b"data":
                behind = size - opened.tell()
                # What was written to a pipe does not know its length; what is larger than 4 GB says it elsewhere.
                is_known = 0 < length < 2**32 - 1
                is_true = kind == b"RF64" or (length <= behind and any(whole))
                samples = (length if is_known else behind) // max(width, 1)
                return _WavHead(samples, opened.tell(), behind // max(width, 1) * width, is_true, order)
            else:
                opened.seek(length + length % 2, os.SEEK_CUR)
    return _WavHead()


def _wav(file: Path) -> pd.DataFrame:
    from scipy.io import wavfile

    head = _wav_head(file)
    tally = Tally(file.name, "sample", seen=head.samples)
    source: Any = str(file)
    if not head.is_true:  # scipy makes room for what a head promises before it looks how much is there
        content = bytearray(file.read_bytes()[: head.begin + head.behind])
        content[4:8] = (len(content) - 8).to_bytes(4, head.order)
        content[head.begin - 4 : head.begin] = head.behind.to_bytes(4, head.order)
        source = io.BytesIO(content)
    try:
        with warnings.catch_warnings():
            # What it warns of, that a file breaks off and has parts of other kinds, is counted or no sound.
            warnings.simplefilter("ignore")
            rate, values = wavfile.read(source)
    except (ValueError, EOFError, TypeError) as error:
        raise TableError(f"{file.name} is no WAV file that can be read: {str(error)[:200]}.") from None
    values = values[:, None] if values.ndim == 1 else values
    _bounded(float(values.size), file.name)
    if not len(values) or not rate:
        raise TableError(f"{file.name} holds no samples.")
    names = [f"channel_{number + 1}" for number in range(values.shape[1])]
    columns = {TIME: np.arange(len(values)) / rate} | {name: values[:, place] for place, name in enumerate(names)}
    if tally.seen > len(values):
        tally.leave(_BREAKS_OFF, n=tally.seen - len(values))
    return _table(tally, columns, rate=float(rate), units={TIME: "s"})


class _Damaged(Exception):
    """What a file of MATLAB's cannot be read for."""


class _Held:
    """The bytes of a variable, unpacked where they are packed, of which none is kept.

    Args:
        file: Where they begin.
        left: How many they are in the file.
        is_packed: Whether they are packed.
        spend: Told how many more were unpacked.
    """

    def __init__(self, file: BinaryIO, left: int, *, is_packed: bool, spend: Callable[[int], None]) -> None:
        self._file, self._left, self._spend = file, left, spend
        self._packed = zlib.decompressobj() if is_packed else None
        self._piece, self._at = b"", 0

    def _more(self) -> bytes:
        if self._packed is None:
            return self._file.read(65_536)
        while True:
            block = self._packed.unconsumed_tail
            if not block and not self._packed.eof:
                block = self._file.read(min(self._left, 65_536))
                self._left -= len(block)
            piece = self._packed.decompress(block, 2**20)
            self._spend(len(piece))
            if piece or not block:
                return piece

    def read(self, count: int) -> bytes:
        """Return the next bytes."""
        found = self._piece[self._at : self._at + count]
        self._at += len(found)
        while len(found) < count:
            self._piece, self._at = self._more(), 0
            if not self._piece:
                raise _Damaged("it breaks off")
            piece = self._piece[: count - len(found)]
            found, self._at = found + piece, len(piece)
        return found

    def skip(self, count: int) -> None:
        """Pass over the next bytes."""
        while count:
            count -= len(self.read(min(count, 65_536)))


class _Matlab:
    """Counts what a file of MATLAB's would take as numbers and parts, in the order in which scipy reads it.

    scipy believes a head: one of 200 bytes that promises 2,147,483,647 letters took all memory, small files of many
    cells or cells in cells hours or the process. Where a head and what is behind it differ, scipy goes by the kind of
    what it reads and not by the bytes it is said to have, and so does this.
    The format: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf.

    Args:
        file: The file.
    """

    def __init__(self, file: Path) -> None:
        self._name = file.name
        self._size = file.stat().st_size
        self._unpacked = self._numbers = self._parts = 0
        self._order: Any
        with file.open("rb") as opened:
            opened.seek(126)
            self._order = "little" if opened.read(2) == b"IM" else "big"
            while len(tag := opened.read(8)) == 8:
                kind, count = self._numbers_in(tag)
                behind = opened.tell() + count
                held = _Held(opened, count, is_packed=kind == 15, spend=self._spend)
                if kind == 15:
                    kind, _ = self._numbers_in(held.read(8))
                if kind != 14 or not count:
                    raise _Damaged("a variable has no head")
                self._matrix(held, 0)
                opened.seek(behind)

    def _spend(self, count: int) -> None:
        self._unpacked += count
        self._hold(self._unpacked)
        times = LARGEST_RATIO if self._unpacked <= _LARGE_UNPACKED else _LARGEST_RATIO_OF_LARGE
        if self._unpacked > max(RATIO_COUNTS_FROM, times * self._size):
            raise TableError(
                f"{self._name} unpacks to more than {times} times its size, which recordings do not: it was "
                "not unpacked; save it in MATLAB with save(…, '-v6'), or as CSV."
            )

    def _hold(self, count: int) -> None:
        if count > _LARGEST_UNPACKED:
            raise TableError(
                f"{self._name} takes more than {size_text(_LARGEST_UNPACKED)} once it is unpacked: cut it into parts "
                "first, or save it in MATLAB with save(…, '-v6'), which packs nothing."
            )

    def _count(self, *, numbers: int = 0, parts: int = 0) -> None:
        self._numbers += numbers
        self._parts += parts
        _bounded(self._numbers, self._name)
        if self._unpacked:
            self._hold(8 * self._numbers)
        if self._parts > _MOST_PARTS:
            raise TableError(
                f"{self._name} holds more than {_MOST_PARTS:,} cells or fields: save the arrays themselves in MATLAB."
            )

    def _numbers_in(self, content: bytes) -> list[int]:
        return [int.from_bytes(content[at : at + 4], self._order) for at in range(0, len(content), 4)]

    def _element(self, held: _Held, most: int | None = None) -> tuple[int, int, bytes]:
        """Pass over an element and return its type and its length, and its bytes where they are asked for."""
        (kind,) = self._numbers_in(held.read(4))
        if short := kind >> 16:
            content = held.read(4)[:short]
            if short > 4:
                raise _Damaged("an element is too long")
            return kind & 0xFFFF, short, content
        (count,) = self._numbers_in(held.read(4))
        if most is not None and count > most:
            raise _Damaged("an element is too long")
        content = held.read(count) if most is not None else b""
        held.skip(-count % 8 + (count if most is None else 0))
        return kind, count, content

    def _array(self, held: _Held) -> None:
        kind, count, _ = self._element(held)
        if kind not in _SIZES:
            raise _Damaged(f"there are no numbers of type {kind}")
        self._count(numbers=count // _SIZES[kind])

    def _part(self, held: _Held, depth: int) -> None:
        kind, count = self._numbers_in(held.read(8))
        if kind != 14:
            raise _Damaged("a part has no head")
        if count:
            self._matrix(held, depth + 1)

    def _matrix(self, held: _Held, depth: int) -> None:
        if depth > _DEEPEST:
            raise _Damaged("its parts are nested too deep")
        flags = self._numbers_in(held.read(16))[2]
        of, is_complex = flags & 0xFF, flags >> 11 & 1
        if of == _OPAQUE:
            for _ in range(3):
                self._element(held, _LONGEST_NAMES)
            self._part(held, depth)
            return
        kind, count, content = self._element(held, 128)
        shape = self._numbers_in(content[: count // 4 * 4])
        if kind not in (5, 6) or not shape or max(shape) >= 2**31:
            raise _Damaged("an array has no shape")
        size = math.prod(shape)
        self._element(held, _LONGEST_NAMES)  # its name
        if of in _OF_NUMBERS:
            for _ in range(1 + is_complex):
                self._array(held)
        elif of == _SPARSE:
            for _ in range(3 + is_complex):
                self._array(held)
        elif of == _CHARS:
            self._count(numbers=size)
            self._element(held)
        elif of == _CELLS:
            self._count(parts=size)
            for _ in range(size):
                self._part(held, depth)
        elif of in (_STRUCT, _OBJECT):
            if of == _OBJECT:
                self._element(held, _LONGEST_NAMES)
            _, count, content = self._element(held, 4)
            each = int.from_bytes(content, self._order)
            _, count, _ = self._element(held, _LONGEST_NAMES)
            if not each or each >= 2**31 or count // each > _MOST_FIELDS:
                raise _Damaged("a structure has no fields, or too many")
            fields = count // each
            self._count(parts=size * max(1, fields) + fields)
            for _ in range(size * fields):
                self._part(held, depth)
        elif of == _FUNCTION:
            self._part(held, depth)
        else:
            raise _Damaged(f"there are no arrays of class {of}")


# Bytes of a number, by the digit that says its precision.
_WIDTHS = {0: 8, 1: 4, 2: 4, 3: 2, 4: 2, 5: 1}


def _check_matlab_4(file: Path) -> None:
    """Raise if a variable of an older file is larger than what is behind its head."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        while len(head := opened.read(20)) == 20:
            order: Any = "little" if int.from_bytes(head[:4], "little") < 5000 else "big"
            kind, rows, columns, is_complex, name = (
                int.from_bytes(head[at : at + 4], order, signed=True) for at in range(0, 20, 4)
            )
            held = rows * columns * _WIDTHS.get(kind // 10 % 10, 8) * (2 if is_complex else 1)
            end = opened.tell() + name + held
            if min(rows, columns, name) < 0 or end > size:
                raise TableError(f"{file.name} is damaged: a variable in it says it is larger than the file.")
            opened.seek(end)


def _matlab(file: Path) -> pd.DataFrame:
    from scipy.io import loadmat, whosmat
    from scipy.io.matlab import matfile_version

    try:
        # What the older one promises, scipy makes room for before it looks how much is there; it packs nothing.
        _Matlab(file) if matfile_version(str(file))[0] == 1 else _check_matlab_4(file)
        # By the heads of its variables; those inside of structures have none.
        listed = [
            max(shape) for _, shape, kind in whosmat(str(file)) if kind not in ("char", "cell", "struct") and shape
        ]
        held = loadmat(str(file), squeeze_me=True, chars_as_strings=True)
    except NotImplementedError:
        raise TableError(
            f"{file.name} is of MATLAB 7.3, which is another format: save it in MATLAB with save(…, '-v7'), or as CSV."
        ) from None
    except TableError:
        raise
    except Exception as error:
        # scipy raises what comes up on damaged files, also TypeError and IndexError.
        raise TableError(f"{file.name} is no MATLAB file that can be read: {str(error)[:200]}.") from None
    left: list[str] = []
    flat = _flat({name: value for name, value in held.items() if not name.startswith("__")}, left)
    arrays = {name: value for name, value in flat.items() if value.ndim in (1, 2) and value.size > 1}
    if not arrays:
        raise TableError(f"{file.name} holds no arrays of numbers.")
    _bounded(float(sum(value.size for value in arrays.values())), file.name)
    length = max(max(value.shape) for value in arrays.values())
    columns: dict[str, Any] = {}
    left += [f"{name} of {' × '.join(map(str, value.shape))}" for name, value in flat.items() if value.ndim > 2]
    for name, value in arrays.items():
        if length not in value.shape:
            left.append(f"{name} of {' × '.join(map(str, value.shape))}")
        elif value.ndim == 1:
            columns[name] = value
        else:
            upright = value if value.shape[0] == length else value.T
            columns |= {f"{name}_{place + 1}": upright[:, place] for place in range(upright.shape[1])}
    single = {name: float(value) for name, value in flat.items() if value.size == 1}
    rates = [number for name, number in single.items() if name.rpartition(".")[2].casefold() in _RATES]
    left += [f"{name} ({number:g})" for name, number in single.items() if not rates or number != rates[0]]
    table = pd.DataFrame(columns, copy=False)
    found = find_table_of(table, rates[0] if rates else float("nan"))
    tally = Tally(file.name, seen=length if "." in next(iter(columns)) or not listed else max(listed))
    return _told(tally, *found, left if len(left) <= _MOST_NAMED else [*left[:_MOST_NAMED], f"{len(left)} in all"])


def find_table_of(table: pd.DataFrame, rate: float) -> tuple[pd.DataFrame, float]:
    """Return a table with a column of times, its own or one by its rate, and the rate."""
    own = find_time(table, rate)
    if own is None and rate > 0 and TIME not in table.columns:
        table = pd.DataFrame({TIME: np.arange(len(table)) / rate, **dict(table.items())}, copy=False)
    elif own is not None and TIME not in table.columns:
        table = table.rename(columns={own[0]: TIME})
    return table, rate


def _told(tally: Tally, table: pd.DataFrame, rate: float, left: Sequence[str]) -> pd.DataFrame:
    return _table(tally, {str(name): table[name] for name in table.columns}, rate=rate, left=left)


_MOST_NAMED = 20
_RATES = ("fs", "srate", "rate", "sf", "samplerate", "hz")


def _flat(held: Mapping[str, Any], left: list[str], before: str = "", depth: int = 0) -> dict[str, Any]:
    """Return the arrays of numbers in a MATLAB file, those in structures under ``structure.field``; add the others."""
    flat: dict[str, Any] = {}
    for name, value in held.items():
        whole = f"{before}{name}"
        array = np.asarray(value)
        if array.dtype.names and depth < 4:
            one = array.flat[0] if array.size else None
            if one is not None:
                flat |= _flat({field: one[field] for field in array.dtype.names}, left, f"{whole}.", depth + 1)
            if array.size > 1:
                left.append(f"{whole}(2) to {whole}({array.size})")
        elif array.dtype.kind in "fiub":
            flat[whole] = array
        elif array.size:
            left.append(f"{whole} (text)" if array.dtype.kind == "U" else f"{whole} (no plain numbers)")
    return flat


def _xls(file: Path, **options: Any) -> pd.DataFrame:
    library = _library("xlrd", "old Excel files (.xls)")
    try:
        book = library.open_workbook(str(file), on_demand=True, logfile=io.StringIO())
        sheets = [book.sheet_by_index(number) for number in range(book.nsheets)]
        sheet = max(sheets, key=lambda one: one.nrows * one.ncols, default=None)
    except Exception as error:
        # xlrd raises what comes up on damaged files, also AssertionError and struct.error.
        raise TableError(f"{file.name} is no Excel file that can be read: {str(error)[:200]}.") from None
    if sheet is None or not sheet.nrows:
        raise TableError(f"{file.name} holds no rows.")
    _bounded(float(sheet.nrows * sheet.ncols), file.name)
    rows = [
        [_of_xls(library, book, sheet.cell(row, column)) for column in range(sheet.ncols)] for row in range(sheet.nrows)
    ]
    table = find_table(lines_of(rows), file.name, **{**options, "sep": "\t"})
    others = [one for one in sheets if one is not sheet and one.nrows]
    tally = tally_of(table)
    if not others or tally is None:
        return table
    for one in others:
        tally.seen += one.nrows
        tally.leave(f"in the sheet {one.name!r}", n=one.nrows)
    names = listing([repr(one.name) for one in others])
    return noted(tally.attach(table), f"Its largest sheet, {sheet.name!r}, was read, and not {names}.")


def _of_xls(library: Any, book: Any, cell: Any) -> str:
    if cell.ctype == library.XL_CELL_DATE:
        try:
            moment = library.xldate_as_datetime(cell.value, book.datemode)
        except (ValueError, OverflowError, library.xldate.XLDateError):
            return repr(cell.value)
        return str(moment.time().isoformat() if cell.value < 1 else moment.isoformat(sep=" ", timespec="milliseconds"))
    if cell.ctype == library.XL_CELL_NUMBER:
        return str(int(cell.value)) if float(cell.value).is_integer() and abs(cell.value) < 2**53 else repr(cell.value)
    return (
        "" if cell.ctype in (library.XL_CELL_EMPTY, library.XL_CELL_BLANK, library.XL_CELL_ERROR) else str(cell.value)
    )


FORMATS: Mapping[str, Callable[..., pd.DataFrame]] = {
    ".edf": _edf,
    ".bdf": _edf,
    ".xdf": _xdf,
    ".fit": _fit,
    ".gpx": _gpx,
    ".wav": _wav,
    ".mat": _matlab,
    ".xls": _xls,
}


# Which of read_series' options say something of a file that says all else by itself.
OPTIONS: Mapping[str, tuple[str, ...]] = {".xdf": ("block",), ".xls": ("names", "skip", "block", "rate")}


def read_format(file: Path, ending: str | None = None, **options: Any) -> pd.DataFrame:
    """Return the table in a file of an instrument's own format.

    Args:
        file: The file.
        ending: Whose reader to take; by default that of its name.
        options: Of ``read_series``, of which such a file takes few.

    Raises:
        InputError: An option that this format does not take.
        MissingExtraError: The format's library is not installed.
        TableError: The file is damaged, or holds no series.

    Example:
        >>> import tempfile
        >>> from scipy.io import wavfile
        >>> path = Path(tempfile.mkdtemp()) / "a.wav"
        >>> wavfile.write(path, 4, np.array([0, 5, -5, 0], "int16"))
        >>> read_format(path)["timestamp"].tolist()
        [0.0, 0.25, 0.5, 0.75]
    """
    kind = ending or file.suffix.lower()
    given = {name: value for name, value in options.items() if value not in (None, 0)}
    odd = [f"{name}=" for name in given if name not in OPTIONS.get(kind, ())]
    if odd:
        raise InputError(
            f"{file.name} is {kind.lstrip('.').upper()}, which says by itself what {listing(odd)} would: leave it out."
        )
    with file_errors(file):
        try:
            return FORMATS[kind](file, **given)
        except (InputError, MissingExtraError, TableError):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            if isinstance(error, MemoryError):
                raise TableError(f"{file.name} is larger than this computer's memory has room for.") from None
            # Of damaged files the libraries raise whatever came up.
            raise TableError(
                f"{file.name} cannot be read as {file.suffix.lstrip('.').upper()}: {str(error)[:200]}."
            ) from None
