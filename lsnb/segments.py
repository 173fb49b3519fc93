"""Stretches of sound and video that other tools marked: who spoke, what was said, what was done; read and written.

A table has a row per stretch: ``item`` (where the file names it), ``tier``, ``start, end`` (seconds; equal for a
moment), ``label`` (who or what), ``text`` (what was said) and ``score``. What a file writes comes back equal, as far as
its format has room for it.

Formats: NIST's RTTM (Rich Transcription 2009, appendix A), Whisper's and ``transformers``' JSON, SubRip, WebVTT (W3C),
Praat's TextGrid (long and short), ELAN's EAF 3.0, Audacity's label tracks, BORIS's events, aggregated or tabular.
"""

from __future__ import annotations

import csv
import html
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.checks import checked, shown
from lsnb.kernel.files import named_path, write_whole
from lsnb.kernel.formats import csv_rows, looks_like_json, parse_xml, read_bytes
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import listing
from lsnb.tables import read_table
from lsnb.tables.opening import decode, read_json

COLUMNS = ("item", "tier", "start", "end", "label", "text", "score")
# Under these Whisper and transformers' pipelines return what was said when.
TRANSCRIPTS = ("segments", "chunks")
KNOWN = "RTTM, Whisper's JSON, SRT, VTT, TextGrid, EAF, Audacity's labels or BORIS's events"
MOST_TEXT = 2**28
BLANK = "an interval without a label"

Row = dict[str, Any]
_TIME = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})")
_ARROW = re.compile(r"\s*([\d:.,]+)\s*-->\s*([\d:.,]+)(\s.*)?")
# The first line of lyrics and of SubStation's subtitles, which are no JSON.
_BRACKETED = re.compile(rb"\s*\[[\w:. -]{1,40}\]")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*+)?\s++([^<>]*)>")
# What a WebVTT file says beside its cues.
_ABOUT = re.compile(r"(WEBVTT|NOTE|STYLE|REGION)(\s|$)")
# How subtitles' texts look and whose they are (WebVTT's cue text, SubRip's four tags, players' places); <3 is none.
_TAG = re.compile(
    r"</?(?:[ibusvc]|em|strong|font|lang|ruby|rt|span)(?:[\s.][^<>]*)?>|<[\d:.]{7,20}>|\{\\[^{}]{1,200}\}",
    re.IGNORECASE,
)


@checked
def read_segments(source: str | Path | Mapping[str, Any], *, item: str | None = None) -> pd.DataFrame:
    """Return the stretches in a file of another tool, a row each; the format is told by what is in it.

    Args:
        source: A file of RTTM, Whisper or ``transformers`` (JSON), SubRip, WebVTT, Praat (TextGrid), ELAN (EAF),
            Audacity (label track) or BORIS (aggregated or tabular events, a workbook too); or what Whisper or a
            pipeline of ``transformers`` returned (``{"segments": …}``, ``{"chunks": …}``).
        item: The item that they are of, where the file names none.

    Returns:
        ``item, tier, start, end, label, text, score``, in the file's order; seconds. What was left out and why is in
        ``table.attrs["read"]``.

    Raises:
        InputError: The file has none of these formats, or is damaged.
        MissingFileError: There is no such file.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "labels.txt")
        >>> _ = file.write_text("0.5\\t1.25\\tbird\\n")
        >>> read_segments(file)[["start", "end", "label"]].values.tolist()
        [[0.5, 1.25, 'bird']]
    """
    if isinstance(source, Mapping):
        tally = Tally("the transcript", "stretch", "stretches")
        rows = list(_read_json(source, tally.source, tally))
    else:
        path = named_path(source)
        raw = read_bytes(path, MOST_TEXT)
        tally = Tally(path.name, "stretch", "stretches")
        rows = list(_read(raw, path, tally))
    tally.taken = len(rows)
    table = pd.DataFrame([{**dict.fromkeys(COLUMNS), **row} for row in rows], columns=list(COLUMNS))
    if item is not None:
        table["item"] = table["item"].fillna(item)
    texts = {name: table[name].astype(object) for name in ("item", "tier", "label", "text")}
    table = table.assign(**texts).astype({"start": "float64", "end": "float64", "score": "float64"})
    # The stretches between those that Praat's user marked are nobody's loss.
    if tally.notes or tally.unexplained or tally.left_out.keys() - {BLANK}:
        tally.warn()
    return tally.attach(table)


def _read(raw: bytes, path: Path, tally: Tally) -> Iterator[Row]:
    name = path.name
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        yield from _read_eaf(raw, name, tally)
        return
    if looks_like_json(raw[:4096]) and not _BRACKETED.match(raw.removeprefix(b"\xef\xbb\xbf")):
        parsed, guess = read_json(raw, name)
        if guess is not None:
            tally.note(guess)
        yield from _read_json(parsed, name, tally)
        return
    if raw.startswith(b"PK\x03\x04"):
        yield from _read_boris(read_table(path), tally)
        return
    text, guess = decode(raw, name)
    if guess is not None:
        tally.note(guess)
    lines = text.splitlines()
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("WEBVTT"):
        yield from _read_cues(lines, name, tally)
    elif first.startswith("File type") or "ooTextFile" in text[:200]:
        yield from _read_textgrid(text, name, tally)
    elif any(_ARROW.fullmatch(line) for line in lines[:50]):
        yield from _read_cues(lines, name, tally)
    elif re.match(r"(SPEAKER|SPKR-INFO|LEXEME|NON-SPEECH)\b|;;", first):
        yield from _read_rttm(lines, name, tally)
    elif re.match(r"-?[\d.,]+\t-?[\d.,]+(\t|$)", first):
        yield from _read_audacity(lines, name, tally)
    elif "Behavior" in first and "Start (s)" in first:
        yield from _read_boris(read_table(path), tally)
    elif (events := _events_of(lines)) is not None:
        yield from _read_boris(events, tally)
    else:
        raise InputError(f"{name} holds no stretches that are known: give {KNOWN}.")


def _row(start: Any, end: Any, where: str, tally: Tally, **more: Any) -> Iterator[Row]:
    """Yield a stretch, or leave out one that is none."""
    try:
        first, last = float(start), float(end)
    except (TypeError, ValueError, OverflowError):
        first = last = math.nan
    if not (math.isfinite(first) and math.isfinite(last)):
        tally.leave("a time that is no number", [where])
    elif last < first:
        tally.leave("ends before it starts", [where])
    else:
        yield {"start": first, "end": last, **more}


def _read_rttm(lines: Sequence[str], name: str, tally: Tally) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        parts = line.split()
        where = f"line {number}"
        if not parts or parts[0].startswith(";;"):
            continue
        tally.seen += 1
        if parts[0] not in ("SPEAKER", "LEXEME", "NON-SPEECH") or len(parts) < 8:
            tally.leave("no stretch of a speaker", [where])
            continue
        about, begin, length, said, kind, who = parts[1], parts[3], parts[4], parts[5], parts[6], parts[7]
        given = {"score": _share(parts[8], tally) if len(parts) > 8 else None, "text": None if said == "<NA>" else said}
        label = who if who != "<NA>" else kind if kind != "<NA>" else None
        try:
            end = float(begin) + float(length)
        except ValueError:
            end = math.nan
        yield from _row(begin, round(end, 9), where, tally, item=about, tier=parts[0].lower(), label=label, **given)


def _share(given: Any, tally: Tally) -> float | None:
    if given is None or given == "<NA>":
        return None
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if 0 <= number <= 1:
        return number
    tally.note(f"{tally.source}: scores that are no numbers from 0 to 1 are left out, such as {shown(given)}.")
    return None


def _read_json(data: Any, name: str, tally: Tally) -> Iterator[Row]:
    whole = data if isinstance(data, Mapping) else {"segments": data}
    listed = next((whole[key] for key in TRANSCRIPTS if isinstance(whole.get(key), list)), None)
    if listed is None or not all(isinstance(one, Mapping) for one in listed):
        raise InputError(f"{name} holds no segments: give {KNOWN}.")
    tally.seen = len(listed)
    for number, one in enumerate(listed):
        where = f"segments[{number}]"
        span = one.get("timestamp")
        start, end = span if isinstance(span, list | tuple) and len(span) == 2 else (one.get("start"), one.get("end"))
        label = next((one[key] for key in ("speaker", "label") if isinstance(one.get(key), str)), None)
        text = one.get("text")
        sure = next((one[key] for key in ("score", "confidence", "probability") if key in one), None)
        if sure is None and isinstance(one.get("avg_logprob"), int | float):
            sure = math.exp(min(float(one["avg_logprob"]), 0.0))  # Whisper gives the mean logarithm
        said = text.strip() if isinstance(text, str) else None
        yield from _row(start, end, where, tally, tier=None, label=label, text=said, score=_share(sure, tally))


def _read_cues(lines: Sequence[str], name: str, tally: Tally) -> Iterator[Row]:
    """Read SubRip and WebVTT: cues with blank lines between them, each with one line above its times at most."""
    tally.seen = sum(_ARROW.fullmatch(line) is not None for line in lines)
    is_vtt = next((line.strip() for line in lines if line.strip()), "").startswith("WEBVTT")
    block: list[tuple[int, str]] = []
    for number, line in enumerate([*lines, ""], start=1):
        # Captions of YouTube's have a line of one space in them, which ends no cue.
        is_text = bool(line) and any(_ARROW.fullmatch(one) for _, one in block[:3])
        if (line.strip() or is_text) and not (
            _ARROW.fullmatch(line) and any(map(_ARROW.fullmatch, (one for _, one in block)))
        ):
            block.append((number, line))
            continue
        # Without a blank line between them the next cue's number would be the last line of this one's text; so would
        # its name, where the line between them has spaces in it.
        is_heads = line.strip() and (block[-1][1].strip().isdecimal() or _is_apart(block))
        following = [block.pop()] if is_heads else []
        yield from _cue(block, tally, is_vtt)
        block = [*following, (number, line)] if line.strip() else []


def _is_apart(block: Sequence[tuple[int, str]]) -> bool:
    """Return whether the last line stands below one of spaces, and that below a text."""
    if len(block) < 3:
        return False
    (_, text), (_, before), _ = block[-3:]
    return not before.strip() and not _ARROW.fullmatch(text)


def _cue(block: Sequence[tuple[int, str]], tally: Tally, is_vtt: bool) -> Iterator[Row]:
    at = next((place for place, (_, line) in enumerate(block) if _ARROW.fullmatch(line)), None)
    others = block if at is None else block[: max(at - 1, 0)]
    if others and not _ABOUT.match(others[0][1].lstrip("\ufeff")):
        tally.seen += len(others)
        tally.leave("a line of no cue", [f"line {number}" for number, _ in others])
    if at is None:
        return
    number, line = block[at]
    arrow = _ARROW.fullmatch(line)
    assert arrow is not None
    text = "\n".join(said for _, said in block[at + 1 :] if said.strip())
    voice = _VOICE.search(text)
    label = voice[1].strip() if voice else None
    plain = _TAG.sub("", text)
    if plain != _VOICE.sub("", text).replace("</v>", ""):
        tally.note(f"{tally.source}: marks of how its texts look, such as <i> or {{\\an8}}, are left out.")
    if len(voices := dict.fromkeys(_VOICE.findall(text))) > 1:
        tally.note(f"{tally.source}: the stretch of line {number} has the first label of {listing(list(voices))}.")
    if is_vtt:
        plain = html.unescape(plain)
    yield from _row(_seconds(arrow[1]), _seconds(arrow[2]), f"line {number}", tally, label=label, text=plain)


def _seconds(text: str) -> float:
    found = _TIME.fullmatch(text)
    if not found:
        return math.nan
    hours, minutes, seconds, part = found.groups()
    return (int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) + int(part.ljust(3, "0")) / 1000


_QUOTED = re.compile(r'"((?:[^"]|"")*)"|\[\s*+\d*+\s*+\]|(?<![\w"])(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?!\w)|<exists>')


def _read_textgrid(text: str, name: str, tally: Tally) -> Iterator[Row]:
    """Read a long or a short TextGrid: both have the same texts and numbers in the same order."""
    words: list[Any] = [
        one[1].replace('""', '"') if one[1] is not None else float(one[2]) if one[2] is not None else True
        for one in _QUOTED.finditer(text)
        if not one[0].startswith("[")  # of "intervals [1]" in the long form
    ]
    try:
        start = words.index("TextGrid") + 1
        place = start + 3  # from, to, whether there are tiers
        tiers = int(words[place])
        place += 1
        stretched: set[Any] = set()
        for _ in range(tiers):
            kind, tier = words[place], words[place + 1]
            if kind == "IntervalTier":
                stretched.add(tier)
            elif str(tier).endswith(MOMENTS) and (whole := str(tier).removesuffix(MOMENTS)) in stretched:
                tally.note(f"Tier {tier!r} was read as the moments of {whole!r}.")
                tier = whole
            count = int(words[place + 4])
            place += 5
            tally.seen += count
            for number in range(count):
                where = f"{tier}, {number + 1}"
                if kind == "IntervalTier":
                    first, last, label = words[place : place + 3]
                    place += 3
                else:
                    first, label = words[place : place + 2]
                    last = first
                    place += 2
                if not isinstance(label, str):
                    raise ValueError
                if not label.strip() and kind == "IntervalTier":
                    tally.leave(BLANK, [where])
                    continue
                yield from _row(first, last, where, tally, tier=tier, label=label)
    except (ValueError, IndexError, TypeError, OverflowError):
        raise InputError(f"{name} is a damaged TextGrid: save it in Praat again.") from None


def _read_eaf(raw: bytes, name: str, tally: Tally) -> Iterator[Row]:
    root = parse_xml(raw, name)
    if root.tag != "ANNOTATION_DOCUMENT":
        raise InputError(f"{name} is no ELAN file: give {KNOWN}.")
    times: dict[str, float] = {}
    for slot in root.iter("TIME_SLOT"):
        value = slot.get("TIME_VALUE")
        if value is not None and value.lstrip("-").isdecimal():
            times[str(slot.get("TIME_SLOT_ID"))] = int(value) / 1000
    slots: dict[str, tuple[str, str]] = {}
    above: dict[str, str] = {}
    found: list[tuple[str, str, str]] = []
    for tier in root.iter("TIER"):
        for one in tier.iter("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"):
            key = str(one.get("ANNOTATION_ID"))
            found.append((str(tier.get("TIER_ID")), key, one.findtext("ANNOTATION_VALUE") or ""))
            if one.tag == "REF_ANNOTATION":
                above[key] = str(one.get("ANNOTATION_REF"))
            else:
                slots[key] = (str(one.get("TIME_SLOT_REF1")), str(one.get("TIME_SLOT_REF2")))
    even = _even_slots(list(slots.values()), times)
    if even:
        tally.note(f"{name}: {len(even)} times within subdivisions have none of their own: they were spaced evenly.")
    times |= even
    spans = {key: (times.get(first, math.nan), times.get(last, math.nan)) for key, (first, last) in slots.items()}
    tally.seen = len(found)
    for tier_name, key, value in found:
        at, seen = key, set()
        while at in above and at not in seen:
            seen.add(at)
            at = above[at]
        start, end = spans.get(at, (math.nan, math.nan))
        yield from _row(start, end, f"{tier_name}, {key}", tally, tier=tier_name, label=value)


def _even_slots(spans: Sequence[tuple[str, str]], times: Mapping[str, float]) -> dict[str, float]:
    """Return times for slots that have none, evenly between those around them, as ELAN shows a subdivision."""
    following = dict(spans)
    made: dict[str, float] = {}
    walked: set[str] = set()
    for first, last in spans:
        if first not in times or last in times:
            continue
        chain = [last]
        while chain[-1] not in times and chain[-1] in following and chain[-1] not in walked:
            walked.add(chain[-1])
            chain.append(following[chain[-1]])
        if chain[-1] in times:
            step = (times[chain[-1]] - times[first]) / len(chain)
            made |= {slot: round(times[first] + step * place, 3) for place, slot in enumerate(chain[:-1], start=1)}
    return made


def _read_audacity(lines: Sequence[str], name: str, tally: Tally) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("\\"):  # a second line holds the frequencies of a selection
            continue
        tally.seen += 1
        parts = line.split("\t")
        if len(parts) < 2:
            tally.leave("no start and end", [f"line {number}"])
            continue
        first, last = (part.replace(",", ".") for part in parts[:2])  # its older releases wrote as the computer does
        yield from _row(first, last, f"line {number}", tally, label="\t".join(parts[2:]) or None)


_EVENTS = frozenset({"Time", "Status"})
# The first are read, and the others follow from them.
_BORIS = frozenset({"Observation id", "Subject", "Behavior", "Start (s)", "Stop (s)", "Behavior type", "Duration (s)"})


def _events_of(lines: Sequence[str]) -> pd.DataFrame | None:
    """Return BORIS's tabular events, of which older releases name the observation above; None if it is none."""
    at = next(
        (
            place
            for place, line in enumerate(lines[:200])
            if re.search(r"\bTime\b", line) and "Behavior" in line and re.search(r"\bStatus\b|Behavior type", line)
        ),
        None,
    )
    if at is None:
        return None
    separator = max("\t,;", key=lines[at].count)
    try:
        rows = [row for row in csv_rows(lines[at:], delimiter=separator) if any(cell.strip() for cell in row)]
    except csv.Error:
        return None
    names = list(dict.fromkeys(rows[0]))
    table = pd.DataFrame([dict(zip(rows[0], row, strict=False)) for row in rows[1:]], columns=names)
    about = [re.split(r"[\t,;]", line, maxsplit=1) for line in lines[:at]]
    pairs = [pair for pair in about if len(pair) > 1 and pair[0].strip(' "') == "Observation id"]
    named = pairs[0][1].strip(' "') if pairs else ""
    if named and "Observation id" not in table.columns:
        table["Observation id"] = named
    return table


def _of_events(table: pd.DataFrame, tally: Tally) -> Iterator[Row]:
    """Yield a stretch for each START with the next STOP of the same behaviour and subject, and each POINT."""
    kind = "Status" if "Status" in table.columns else "Behavior type"
    begun: dict[tuple[str | None, ...], tuple[int, Any]] = {}
    found: list[tuple[int, Any, Any, tuple[str | None, ...]]] = []
    for number, row in enumerate(table.to_dict("records")):
        key = tuple(
            None if _is_gone(cell) or cell == "" else str(cell)
            for cell in (row.get("Observation id"), row.get("Subject"), row.get("Behavior"))
        )
        state, moment = str(row.get(kind)).strip().upper(), row.get("Time")
        moment = moment.replace(",", ".") if isinstance(moment, str) else moment
        if state == "START" and key not in begun:
            begun[key] = (number, moment)
        elif state == "STOP" and key in begun:
            place, start = begun.pop(key)
            found.append((place, start, moment, key))
        elif state == "POINT":
            found.append((number, moment, moment, key))
        else:
            tally.seen += 1
            tally.leave("a start without an end, or an end without a start", [f"row {number}"])
    for number, _ in begun.values():
        tally.seen += 1
        tally.leave("a start without an end, or an end without a start", [f"row {number}"])
    tally.seen += len(found)
    for number, start, end, (item, subject, label) in sorted(found, key=lambda one: one[0]):
        yield from _row(start, end, f"row {number}", tally, item=item, tier=subject, label=label)


def _read_boris(table: pd.DataFrame, tally: Tally) -> Iterator[Row]:
    columns = {str(name) for name in table.columns}
    is_events = {"Behavior", "Time"} <= columns and bool({"Status", "Behavior type"} & columns)
    if "Behavior" not in columns or not (is_events or "Start (s)" in columns):
        raise InputError(f"{tally.source} holds no stretches that are known: give {KNOWN}.")
    others = [str(name) for name in table.columns if name not in (_BORIS | _EVENTS if is_events else _BORIS)]
    if others:
        tally.note(f"{tally.source}: not read are the columns {listing(others, 12)}.")
    if is_events:
        yield from _of_events(table, tally)
        return
    tally.seen = len(table)
    for number, row in enumerate(table.to_dict("records")):
        about = {str(key): value for key, value in row.items()}
        start, end = about.get("Start (s)"), about.get("Stop (s)")
        subject, label = about.get("Subject"), about.get("Behavior")
        item = about.get("Observation id")
        named = {
            name: None if pd.isna(cell) else str(cell)
            for name, cell in (("item", item), ("tier", subject), ("label", label))
        }
        yield from _row(start, end, f"row {number}", tally, **named)


# Written


_LATEST = 1e12  # seconds: the year 33,000, if they count from 1970


def _held(table: Any) -> list[Row]:
    """Return the rows of a table of stretches, checked."""
    if not isinstance(table, pd.DataFrame) or not {"start", "end"} <= set(table.columns):
        raise InputError(f"segments is {shown(table)}: give a table with start and end in seconds, label, text, tier.")
    rows: list[Row] = []
    for place, row in enumerate(table.to_dict("records")):
        found: Row = {name: None if _is_gone(row.get(name)) else row.get(name) for name in COLUMNS}
        try:
            found["start"], found["end"] = float(found["start"]), float(found["end"])
        except (TypeError, ValueError):
            raise InputError(f"Row {place} of segments has no start and end in seconds.") from None
        if not -_LATEST < found["start"] <= found["end"] < _LATEST:
            raise InputError(f"Row {place} of segments ends before it starts, or never.")
        rows.append(found)
    return rows


def _is_gone(cell: Any) -> bool:
    return cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell))


def _one_item(rows: Sequence[Row], what: str) -> None:
    items = list(dict.fromkeys(str(row["item"]) for row in rows if row["item"] is not None))
    if len(items) > 1:
        raise InputError(f"{what} is about one recording, and segments has {listing(items)}: write one file for each.")


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


@checked
def to_rttm(segments: pd.DataFrame, out: str | Path) -> Path:
    """Write stretches as RTTM and return the file's path: ``label`` is the speaker; ``text`` has no place in it.

    Args:
        segments: As ``read_segments`` returns them.
        out: The file.

    Raises:
        InputError: A row is no stretch, or has text that RTTM cannot hold.

    Example:
        >>> import tempfile
        >>> table = pd.DataFrame({"item": ["a"], "start": [0.5], "end": [2.0], "label": ["ana"]})
        >>> to_rttm(table, Path(tempfile.mkdtemp(), "a.rttm")).read_text()
        'SPEAKER a 1 0.5 1.5 <NA> <NA> ana <NA> <NA>\\n'
    """
    lines = []
    for row in _held(segments):
        words = [_word(row[name]) for name in ("item", "label")]
        sure = "<NA>" if row["score"] is None else repr(float(row["score"]))
        length = round(row["end"] - row["start"], 9)
        lines.append(f"SPEAKER {words[0]} 1 {row['start']!r} {length!r} <NA> <NA> {words[1]} {sure} <NA>\n")
    return write_whole(named_path(out), "".join(lines).encode(), parents=True)


def _word(given: Any) -> str:
    text = "<NA>" if given is None else str(given)
    if not text or any(letter.isspace() for letter in text):
        raise InputError(f"RTTM has no room for the space in {text!r}: rename it, for example with an underscore.")
    return text


@checked
def to_srt(segments: pd.DataFrame, out: str | Path) -> Path:
    """Write what was said as SubRip and return the file's path; times are to the millisecond.

    Args:
        segments: As ``read_segments`` returns them; where ``text`` is missing, ``label`` is shown.
        out: The file.

    Raises:
        InputError: A row is no stretch.
    """
    rows = _held(segments)
    _one_item(rows, "SRT")
    cues = []
    for number, row in enumerate(rows, start=1):
        said = str(row["text"] if row["text"] is not None else row["label"] or "")
        said = "\n".join(line for line in said.splitlines() if line.strip())
        cues.append(f"{number}\n{_clock(row['start'])} --> {_clock(row['end'])}\n{said}\n\n")
    return write_whole(named_path(out), "".join(cues).encode(), parents=True)


def _clock(seconds: float) -> str:
    rest, part = divmod(_milliseconds(seconds), 1000)
    minutes, second = divmod(rest, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02},{part:03}"


@checked
def to_audacity(segments: pd.DataFrame, out: str | Path) -> Path:
    """Write stretches as an Audacity label track and return the file's path.

    Args:
        segments: As ``read_segments`` returns them; where ``label`` is missing, ``text`` is shown.
        out: The file.

    Raises:
        InputError: A row is no stretch.
    """
    rows = _held(segments)
    _one_item(rows, "A label track")
    lines = [f"{row['start']!r}\t{row['end']!r}\t{_flat(_shown(row))}\n" for row in rows]
    return write_whole(named_path(out), "".join(lines).encode(), parents=True)


def _shown(row: Row) -> str:
    return str(next((row[name] for name in ("label", "text") if row[name] is not None), ""))


def _flat(text: str) -> str:
    return " ".join(text.splitlines()).replace("\t", " ")


# Behind the name of a tier of stretches: its moments, which Praat keeps in a tier of points.
MOMENTS = " (moments)"


@checked
def to_textgrid(segments: pd.DataFrame, out: str | Path) -> Path:
    """Write stretches as a Praat TextGrid and return the file's path: a tier each, moments as a tier of points.

    Args:
        segments: As ``read_segments`` returns them. Where a tier has stretches and moments, these are the tier
            ``name (moments)``, which ``read_segments`` gives its own name again.
        out: The file.

    Raises:
        InputError: A row is no stretch, or two of one tier overlap, which Praat does not have.
    """
    rows = _held(segments)
    _one_item(rows, "A TextGrid")
    end = max((row["end"] for row in rows), default=0.0)
    tiers: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        tiers.setdefault((str(row["tier"] or "segments"), row["start"] == row["end"]), []).append(row)
    names = {tier for tier, _ in tiers}
    both = {tier for tier in names if {(tier, True), (tier, False)} <= tiers.keys()}
    taken = [
        called
        for tier, is_points in tiers
        if not is_points and ((called := f"{tier}{MOMENTS}", True) in tiers or (tier in both and called in names))
    ]
    if taken:
        raise InputError(
            f"Praat has no stretches and moments in one tier, and {listing([repr(name) for name in taken])} is how the "
            "moments of another tier are called there: call that tier otherwise."
        )
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", repr(end), "<exists>", str(len(tiers))]
    # Moments behind the stretches of their tier.
    for (tier, is_points), listed in sorted(tiers.items(), key=lambda one: one[0][1] and one[0][0] in both):
        ordered = sorted(listed, key=lambda row: row["start"])
        entries: list[str] = []
        at = 0.0
        count = 0
        for row in ordered:
            if is_points:
                entries += [repr(row["start"]), _praat(_shown(row))]
                count += 1
                continue
            if row["start"] < at:
                raise InputError(f"Two stretches of the tier {tier!r} overlap at {row['start']:g} s: Praat has none.")
            if row["start"] > at:
                entries += [repr(at), repr(row["start"]), '""']
                count += 1
            entries += [repr(row["start"]), repr(row["end"]), _praat(_shown(row))]
            count += 1
            at = row["end"]
        if not is_points and at < end:
            entries += [repr(at), repr(end), '""']
            count += 1
        kind = "TextTier" if is_points else "IntervalTier"
        called = f"{tier}{MOMENTS}" if is_points and tier in both else tier
        lines += [f'"{kind}"', _praat(called), "0", repr(end), str(count), *entries]
    return write_whole(named_path(out), ("\n".join(lines) + "\n").encode(), parents=True)


def _praat(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


ELAN_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"


@checked
def to_eaf(segments: pd.DataFrame, out: str | Path, *, media: str | Path | None = None) -> Path:
    """Write stretches as an ELAN file and return its path: a tier each; times are to the millisecond.

    Args:
        segments: As ``read_segments`` returns them.
        out: The file.
        media: The recording that ELAN opens beside it.

    Raises:
        InputError: A row is no stretch.
    """
    from lxml import etree

    rows = _held(segments)
    _one_item(rows, "An ELAN file")
    root = etree.Element("ANNOTATION_DOCUMENT", AUTHOR="", DATE="1970-01-01T00:00:00Z", FORMAT="3.0", VERSION="3.0")
    # Each file of ELAN's own names its schema, and libraries that read them rely on that.
    root.set("{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation", ELAN_SCHEMA)
    header = etree.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    if media is not None:
        address = named_path(media).absolute().as_uri()
        kind = "audio/x-wav" if str(media).lower().endswith(".wav") else "video/mp4"
        etree.SubElement(header, "MEDIA_DESCRIPTOR", MEDIA_URL=address, MIME_TYPE=kind)
    order = etree.SubElement(root, "TIME_ORDER")
    slots = sorted({_milliseconds(row[end]) for row in rows for end in ("start", "end")})
    names = {value: f"ts{n}" for n, value in enumerate(slots, start=1)}
    for value in slots:
        etree.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=names[value], TIME_VALUE=str(value))
    tiers: dict[str, list[Row]] = {}
    for row in rows:
        tiers.setdefault(str(row["tier"] or "segments"), []).append(row)
    number = 0
    try:
        for tier, listed in tiers.items():
            element = etree.SubElement(root, "TIER", LINGUISTIC_TYPE_REF="default-lt", TIER_ID=tier)
            for row in listed:
                number += 1
                holder = etree.SubElement(etree.SubElement(element, "ANNOTATION"), "ALIGNABLE_ANNOTATION")
                holder.set("ANNOTATION_ID", f"a{number}")
                holder.set("TIME_SLOT_REF1", names[_milliseconds(row["start"])])
                holder.set("TIME_SLOT_REF2", names[_milliseconds(row["end"])])
                etree.SubElement(holder, "ANNOTATION_VALUE").text = _shown(row)
    except ValueError:
        raise InputError("A label holds a control character, which XML has no room for: remove it.") from None
    etree.SubElement(root, "LINGUISTIC_TYPE", LINGUISTIC_TYPE_ID="default-lt", TIME_ALIGNABLE="true")
    text = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return write_whole(named_path(out), text, parents=True)


@checked
def to_boris(segments: pd.DataFrame, out: str | Path) -> Path:
    """Write stretches as BORIS's aggregated events (tab-separated) and return the file's path.

    Args:
        segments: As ``read_segments`` returns them: ``tier`` is the subject, ``label`` the behaviour.
        out: The file.

    Raises:
        InputError: A row is no stretch.
    """
    titles = ["Observation id", "Subject", "Behavior", "Behavior type", "Start (s)", "Stop (s)", "Duration (s)"]
    lines = ["\t".join(titles)]
    for row in _held(segments):
        kind = "POINT" if row["start"] == row["end"] else "STATE"
        length = repr(round(row["end"] - row["start"], 9))
        about = [_flat(str(row["item"] or "")), _flat(str(row["tier"] or "")), _flat(_shown(row)), kind]
        lines.append("\t".join([*about, repr(row["start"]), repr(row["end"]), length]))
    return write_whole(named_path(out), ("\n".join(lines) + "\n").encode(), parents=True)


WRITERS: Mapping[str, Callable[..., Path]] = {
    "rttm": to_rttm,
    "srt": to_srt,
    "audacity": to_audacity,
    "textgrid": to_textgrid,
    "eaf": to_eaf,
    "boris": to_boris,
}
"""Format → what writes it."""
