"""Stretches of time in other tools' files: read as their own documentation shows them, written, and read again."""

from __future__ import annotations

import json
import random
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsnb.errors import InputError, LsnbError
from lsnb.kernel.tally import tally_of
from lsnb.segments import WRITERS, read_segments

RTTM = """;; a comment
SPKR-INFO meeting 1 <NA> <NA> <NA> unknown ana <NA> <NA>
SPEAKER meeting 1 0.50 1.25 <NA> <NA> ana 0.75 <NA>
SPEAKER meeting 1 2.00 0.50 <NA> <NA> ben <NA> <NA>
"""
WHISPER = {
    "text": " Hello. Bye.",
    "language": "en",
    "segments": [
        {"id": 0, "seek": 0, "start": 0.5, "end": 1.75, "text": " Hello.", "avg_logprob": 0.0, "no_speech_prob": 0.1},
        {"id": 1, "seek": 0, "start": 2.0, "end": 2.5, "text": " Bye.", "avg_logprob": -0.5},
    ],
}
CHUNKS = {
    "text": "",
    "chunks": [{"timestamp": [0.5, 1.75], "text": " Hello."}, {"timestamp": [2.0, 2.5], "text": "Bye."}],
}
SRT = "1\n00:00:00,500 --> 00:00:01,750\nHello.\n\n2\n00:00:02,000 --> 00:00:02,500\nBye.\n"
VTT = """WEBVTT

NOTE made by hand

intro
00:00.500 --> 00:01.750 align:start
<v Ana Bo>Hello.

00:00:02.000 --> 00:00:02.500
<v.loud Ben><i>Bye.</i>
"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
3
<exists>
2
"IntervalTier"
"words"
0
3
3
0
0.5
""
0.5
1.75
"say ""hi"" [2]"
1.75
3
""
"TextTier"
"clicks"
0
3
1
2.0
"click"
"""
LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 3
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 3
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 1.75
            text = "say ""hi"" [2]"
        intervals [3]:
            xmin = 1.75
            xmax = 3
            text = ""
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 3
        points: size = 1
        points [1]:
            number = 2.0
            mark = "click"
"""
EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1750"/>
<TIME_SLOT TIME_SLOT_ID="ts3"/></TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="ana"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1"
TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>Hello.</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>
</ANNOTATION><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
<ANNOTATION_VALUE>lost</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="tr" PARENT_REF="ana" TIER_ID="gloss"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3"
ANNOTATION_REF="a1"><ANNOTATION_VALUE>greeting</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>
</ANNOTATION_DOCUMENT>
"""
AUDACITY = "0.500000\t1.750000\tbird\n\\\t200.0\t900.0\n2.0\t2.0\tclick\n"
BORIS = (
    "Observation id\tSubject\tBehavior\tBehavior type\tStart (s)\tStop (s)\tDuration (s)\n"
    "day1\tmouse\trun\tSTATE\t0.5\t1.75\t1.25\nday1\tmouse\tjump\tPOINT\t2.0\t2.0\tNA\n"
)
# item, tier, start, end, label, text
FILES: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "rttm": (
        RTTM,
        [("meeting", "speaker", 0.5, 1.75, "ana", None), ("meeting", "speaker", 2.0, 2.5, "ben", None)],
    ),
    "whisper": (json.dumps(WHISPER), [(None, None, 0.5, 1.75, None, "Hello."), (None, None, 2.0, 2.5, None, "Bye.")]),
    "chunks": (json.dumps(CHUNKS), [(None, None, 0.5, 1.75, None, "Hello."), (None, None, 2.0, 2.5, None, "Bye.")]),
    "srt": (SRT, [(None, None, 0.5, 1.75, None, "Hello."), (None, None, 2.0, 2.5, None, "Bye.")]),
    "vtt": (VTT, [(None, None, 0.5, 1.75, "Ana Bo", "Hello."), (None, None, 2.0, 2.5, "Ben", "Bye.")]),
    "short": (SHORT, [(None, "words", 0.5, 1.75, 'say "hi" [2]', None), (None, "clicks", 2.0, 2.0, "click", None)]),
    "long": (LONG, [(None, "words", 0.5, 1.75, 'say "hi" [2]', None), (None, "clicks", 2.0, 2.0, "click", None)]),
    "eaf": (EAF, [(None, "ana", 0.5, 1.75, "Hello.", None), (None, "gloss", 0.5, 1.75, "greeting", None)]),
    "audacity": (AUDACITY, [(None, None, 0.5, 1.75, "bird", None), (None, None, 2.0, 2.0, "click", None)]),
    "boris": (BORIS, [("day1", "mouse", 0.5, 1.75, "run", None), ("day1", "mouse", 2.0, 2.0, "jump", None)]),
}
LEFT = {"rttm": 1, "short": 2, "long": 2, "eaf": 1}


def rows_of(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    named = table[["item", "tier", "start", "end", "label", "text"]].astype(object)
    return [tuple(row) for row in named.where(named.notna(), None).to_numpy().tolist()]


@pytest.mark.parametrize("name", FILES)
def test_each_tools_file_is_told_by_what_is_in_it(name: str, tmp_path: Path) -> None:
    text, expected = FILES[name]
    (tmp_path / "file").write_text(text, encoding="utf-8")
    table = read_segments(tmp_path / "file")
    assert rows_of(table) == expected
    read = table.attrs["read"]
    assert (read["seen"], read["taken"]) == (2 + LEFT.get(name, 0), 2)
    if name in ("rttm", "whisper"):
        assert table["score"].tolist()[0] == (0.75 if name == "rttm" else 1.0)
    assert read_segments(tmp_path / "file", item="x")["item"].tolist() == [row[0] or "x" for row in expected]


def test_praats_files_in_utf_16_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.TextGrid").write_bytes(SHORT.replace("click", "кл").encode("utf-16"))
    assert read_segments(tmp_path / "a.TextGrid")["label"].tolist()[-1] == "кл"


HELD = pd.DataFrame(
    {
        "item": ["a"] * 3,
        "tier": ["ana", "ana", "ben"],
        "start": [0.25, 1.5, 0.125],
        "end": [1.5, 2.75, 0.125],
        "label": ["run", 'say "so"', "jump"],
        "text": [None] * 3,
        "score": [None] * 3,
    }
)


@pytest.mark.parametrize(
    ("text", "srt", "vtt"),
    [
        ("<i>Hi</i> there", "Hi there", "Hi there"),
        ('<FONT color="#fff">A</FONT>\n{\\an8\\pos(1,2)}b', "A\nb", "A\nb"),
        ("I <3 you & a < b > c, <Ana> says", "I <3 you & a < b > c, <Ana> says", "I <3 you & a < b > c, <Ana> says"),
        ("2 &lt; 3 &amp; 4", "2 &lt; 3 &amp; 4", "2 < 3 & 4"),
    ],
)
def test_marks_of_how_a_subtitle_looks_are_no_words_of_it_and_that_is_said(
    tmp_path: Path, text: str, srt: str, vtt: str
) -> None:
    for name, start, right in (("a.srt", "1\n", srt), ("a.vtt", "WEBVTT\n\n", vtt)):
        path = tmp_path / name
        path.write_text(f"{start}00:00:01.000 --> 00:00:02.000\n{text}\n")
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            assert read_segments(path)["text"].tolist() == [right]
        assert ["marks of how its texts look" in str(one.message) for one in said] == [True] * (text[0] != right[0])
    path.write_text("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ana>Hi</v> <v Ben>Yo</v>\n")
    with pytest.warns(UserWarning, match="the stretch of line 3 has the first label of Ana, Ben"):
        assert read_segments(path)[["label", "text"]].values.tolist() == [["Ana", "Hi Yo"]]


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_comes_back(name: str, tmp_path: Path) -> None:
    held = {"rttm": HELD.assign(label=["x", "y", "z"], tier="speaker"), "srt": HELD.assign(text=["x", "y", "z"])}
    table = held.get(name, HELD)
    before = table.copy(deep=True)
    first = read_segments(WRITERS[name](table, tmp_path / "one"), item="a")
    pd.testing.assert_frame_equal(table, before)
    assert first[["start", "end"]].to_numpy().tolist() == table[["start", "end"]].to_numpy().tolist()
    said = "text" if name == "srt" else "label"
    assert first[said].tolist() == table[said].tolist()
    again = read_segments(WRITERS[name](first, tmp_path / "two"), item="a")
    pd.testing.assert_frame_equal(first, again)
    if name != "srt":
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() or name == "rttm"


def test_what_is_written_opens_in_the_libraries_of_elan_and_praat(tmp_path: Path) -> None:
    held = sorted(tuple(row) for row in HELD[["tier", "start", "end", "label"]].to_numpy().tolist())
    text = WRITERS["eaf"](HELD, tmp_path / "x.eaf").read_text(encoding="utf-8")
    assert 'xsi:noNamespaceSchemaLocation="' in text  # pympi ended in a KeyError without
    path = WRITERS["textgrid"](HELD, tmp_path / "x.TextGrid")
    elan = pytest.importorskip("pympi").Elan.Eaf(str(tmp_path / "x.eaf"))
    tiers = {tier: elan.get_annotation_data_for_tier(tier) for tier in elan.get_tier_names()}
    told = [(tier, start / 1000, end / 1000, label) for tier, rows in tiers.items() for start, end, label in rows]
    assert sorted(told) == held
    praat = pytest.importorskip("praatio.textgrid").openTextgrid(str(path), includeEmptyIntervals=False)
    entries = [(tier, entry) for tier in praat.tierNames for entry in praat.getTier(tier).entries]
    # An instant has one time.
    told = [(tier, float(entry[0]), float(entry[-2]), entry[-1]) for tier, entry in entries]
    assert sorted(told) == held


def test_a_tier_of_stretches_and_moments_is_two_in_praat_and_one_again(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    both = pd.DataFrame({"tier": "a", "start": [0.5, 1.0, 2.5], "end": [0.5, 2.0, 2.5], "label": list("xyz")})
    text = WRITERS["textgrid"](both, path).read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith('"a')] == ['"a"', '"a (moments)"']
    again = read_segments(path, item="a")
    assert sorted(again[["tier", "start", "end", "label"]].to_numpy().tolist()) == sorted(both.to_numpy().tolist())
    with pytest.raises(InputError, match="call that tier otherwise"):
        WRITERS["textgrid"](both.assign(tier=["a (moments)", "a", "a"]), path)
    praat = pytest.importorskip("praatio.textgrid").openTextgrid(str(path), includeEmptyIntervals=False)
    assert praat.tierNames == ("a", "a (moments)")


def test_what_a_format_has_no_room_for_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="overlap"):
        WRITERS["textgrid"](HELD.assign(start=0.0, end=2.0), tmp_path / "x")
    with pytest.raises(InputError, match="no room for the space"):
        WRITERS["rttm"](HELD.assign(label="two words"), tmp_path / "x")
    for name in ("srt", "eaf", "textgrid", "audacity"):
        with pytest.raises(InputError, match="one file for each"):
            WRITERS[name](HELD.assign(item=["a", "b", "c"]), tmp_path / "x")
    for name in WRITERS:
        with pytest.raises(InputError, match="ends before it starts"):
            WRITERS[name](HELD.assign(end=-1.0), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def bent(content: bytes, chance: random.Random) -> bytes:
    kind = chance.randrange(4)
    place = chance.randrange(len(content))
    if kind == 0:
        return content[:place]
    if kind == 1:
        return content[:place] + bytes([chance.randrange(256)]) + content[place + 1 :]
    if kind == 2:
        return content[:place] + content[place + chance.randrange(1, 20) :]
    return content[:place] + content[place : place + 40] * 3 + content[place:]


PIECES: dict[str, list[tuple[str, bool]]] = {
    "rttm": [
        ("SPEAKER m 1 0.5 1.0 <NA> <NA> W <NA> <NA>", True),
        ("SPEAKER m 1 0.5 x <NA> <NA> W <NA> <NA>", False),
        ("SPEAKER m 1 W", False),
        ("SPKR-INFO m 1 <NA> <NA> <NA> unknown W <NA> <NA>", False),
    ],
    "srt": [
        ("7\n00:00:01,000 --> 00:00:02,000\nW\n", True),
        ("7\n00:00:01,000 --> 00:00:02,000\none\nW\n", True),
        ("00:00:01,000 --> 00:00:02,000\nso\n8\n00:00:03,000 --> 00:00:04,000\nW\n", True),
        ("7\n00:00:03,000 --> 00:00:02,000\nW\n", False),
        ("7\n00:00:01,000 -> 00:00:02,000\nW\n", False),
        ("\nW\n", False),
    ],
    "audacity": [("0.5\t1.0\tW", True), ("1.0\t0.5\tW", False), ("x\t1.0\tW", False), ("W", False)],
    "vtt": [
        ("\n00:01.000 --> 00:02.000 align:start\nW\n", True),
        ("\nname\n00:01.000 --> 00:02.000\n<v W>so\n", True),
        ("\n00:01.000 --> 00:99:02.000.1\nW\n", False),
        ("\nW\n", False),
    ],
}
FIRST = {
    "rttm": ";; made by hand\n",
    "srt": "1\n00:00:00,000 --> 00:00:00,500\nfirst\n\n",
    "vtt": "WEBVTT\n\nNOTE W0\n",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PIECES)
@settings(max_examples=40)
@given(data=st.data())
def test_each_piece_is_a_stretch_or_named_by_its_line(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    drawn = data.draw(st.lists(st.sampled_from(PIECES[name]), max_size=6))
    first = FIRST.get(name, "0.0\t0.5\tfirst\n")
    lines = first.split("\n")[:-1]
    at: dict[str, int] = {}
    for n, (piece, _) in enumerate(drawn, start=1):
        lines += piece.replace("W", f"word{n}").split("\n")
        at[f"word{n}"] = next(place for place, line in enumerate(lines, start=1) if f"word{n}" in line)
    path = tmp_path_factory.mktemp("pieces") / "file"
    path.write_text("\n".join(lines), encoding="utf-8")
    table = read_segments(path)
    tally = tally_of(table)
    assert tally is not None
    assert tally.unexplained == 0
    said = " ".join(str(cell) for cell in table[["label", "text"]].to_numpy().ravel())
    named = {int(one.split()[-1]) for reason in tally.left_out.values() for one in reason.places}
    for (word, line), (_, is_whole) in zip(at.items(), drawn, strict=True):
        assert (word in said.split()) == is_whole, (word, lines)
        # A cue is named by its times, a line above.
        assert is_whole or named & {line - 1, line}, (word, lines)


def test_what_is_guessed_or_left_out_of_stretches_is_said(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes("1\n00:00:00,500 --> 00:00:01,750\nПривет, мир.\n".encode("cp1251"))
    with pytest.warns(UserWarning, match="Windows-1251"):
        assert read_segments(path)["text"].tolist() == ["Привет, мир."]
    path.write_text("SPEAKER m 1 0.5 1.0 <NA> <NA> ana 87 <NA>\n")
    with pytest.warns(UserWarning, match="from 0 to 1 are left out, such as '87'"):
        assert read_segments(path)["score"].isna().all()
    path.write_text("1.0\t0.5\tbird\n")
    with pytest.warns(UserWarning, match="1 left out .ends before it starts: line 1"):
        assert read_segments(path).empty
    path.write_text("Subject\tBehavior\tModifiers\tStart (s)\tStop (s)\nm\t\tfast\t0.5\t1.0\nm\trun\t\t2.0\t3.0\n")
    with pytest.warns(UserWarning, match="not read are the columns Modifiers"):
        assert [one if isinstance(one, str) else None for one in read_segments(path)["label"]] == [None, "run"]
    (tmp_path / "a.TextGrid").write_text(SHORT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_segments(tmp_path / "a.TextGrid")


def hold_up(name: str, n: int, folder: Path) -> None:
    chance = random.Random(name)
    content = FILES[name][0].encode()
    for number in range(n):
        path = folder / str(number)
        path.write_bytes(bent(content, chance))
        try:
            table = read_segments(path)
        except LsnbError:
            continue
        assert (table["start"] <= table["end"]).all()
        tally = tally_of(table)
        assert tally is not None
        assert (tally.taken, tally.unexplained) == (len(table), 0)


@pytest.mark.parametrize("name", FILES)
def test_a_bent_file_is_read_or_told(name: str, tmp_path: Path) -> None:
    hold_up(name, 12, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", FILES)
def test_300_bent_files_are_read_or_told(name: str, tmp_path: Path) -> None:
    hold_up(name, 300, tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.TextGrid", SHORT + "[" + " " * 300_000),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ana>" + "<" * 100_000 + "\n"),
    ],
)
def test_no_pattern_looks_at_a_text_again_and_again(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert len(read_segments(tmp_path / name))


EVENTS = {
    "of today": (
        "Observation id,Time offset (s),Subject,Behavior,Behavior type,Time,Media file name\n"
        + "".join(
            f"obs1,0,{who},{what},{kind},{time},v.mp4\n"
            for who, what, kind, time in (
                ("m1", "walk", "START", "1.000"),
                ("m2", "walk", "START", "1.500"),
                ("m1", "clap", "POINT", "2.000"),
                ("m1", "walk", "STOP", "3.250"),
                ("m2", "walk", "STOP", "4.0"),
                ("m1", "walk", "START", "5.0"),
            )
        )
    ),
    "of older releases": (
        "Observation id\tobs1\n\nMedia file(s)\n\nPlayer #1\tv.mp4\n\nTime\tFPS\tSubject\tBehavior\tComment\tStatus\n"
        "1.000\t25\tm1\twalk\t\tSTART\n1,5\t25\tm2\twalk\t\tSTART\n2.000\t25\tm1\tclap\t\tPOINT\n"
        "3.250\t25\tm1\twalk\t\tSTOP\n4.0\t25\tm2\twalk\t\tSTOP\n5.0\t25\tm1\twalk\t\tSTART\n"
    ),
}


@pytest.mark.parametrize("name", [*EVENTS, "in a workbook"])
def test_boris_tabular_events_are_stretches_from_start_to_stop(name: str, tmp_path: Path) -> None:
    path = tmp_path / ("events.xlsx" if name == "in a workbook" else "events.tsv")
    if name == "in a workbook":
        (tmp_path / "a.csv").write_text(EVENTS["of today"])
        pd.read_csv(tmp_path / "a.csv").to_excel(path, index=False)
    else:
        path.write_text(EVENTS[name])
    with pytest.warns(UserWarning, match="a start without an end, or an end without a start: row 5"):
        table = read_segments(path)
    assert table[["item", "tier", "start", "end", "label"]].values.tolist() == [
        ["obs1", "m1", 1.0, 3.25, "walk"],
        ["obs1", "m2", 1.5, 4.0, "walk"],
        ["obs1", "m1", 2.0, 2.0, "clap"],
    ]


def test_commas_in_audacitys_times_and_elans_subdivisions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("0,500000\t1,250000\tbird, near\n")
    assert read_segments(path)[["start", "end", "label"]].values.tolist() == [[0.5, 1.25, "bird, near"]]
    spans = (("a", 1, 2), ("b", 2, 3), ("c", 3, 4), ("d", 5, 5))
    path.write_text(
        '<ANNOTATION_DOCUMENT><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="t1" TIME_VALUE="1000"/>'
        '<TIME_SLOT TIME_SLOT_ID="t2"/><TIME_SLOT TIME_SLOT_ID="t3"/><TIME_SLOT TIME_SLOT_ID="t4" TIME_VALUE="4000"/>'
        '<TIME_SLOT TIME_SLOT_ID="t5"/></TIME_ORDER><TIER TIER_ID="w">'
        + "".join(
            f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="t{low}" '
            f'TIME_SLOT_REF2="t{high}">'
            f"<ANNOTATION_VALUE>{name}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
            for name, low, high in spans
        )
        + "</TIER></ANNOTATION_DOCUMENT>"
    )
    with pytest.warns(UserWarning, match="2 times within subdivisions|1 left out"):
        table = read_segments(path)
    assert table[["start", "end", "label"]].values.tolist() == [[1, 2, "a"], [2, 3, "b"], [3, 4, "c"]]


def test_captions_as_youtube_and_other_hands_write_them_are_read_whole(tmp_path: Path) -> None:
    def read(text: str, name: str) -> list[Any]:
        (tmp_path / name).write_text(text)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "a.vtt: marks of how its texts look")
            warnings.filterwarnings("error", ".*left out", append=True)
            found = read_segments(tmp_path / name)
        return found[["start", "end", "text"]].values.tolist()

    rolling = (
        "WEBVTT\nKind: captions\nLanguage: en\n\n"
        "00:00:00.000 --> 00:00:02.000 align:start position:0%\n \nhello<00:00:00.500><c> there</c>\n\n"
        "00:00:02.000 --> 00:00:02.010 align:start position:0%\nhello there\n \n\n"
        "00:00:02.010 --> 00:00:04.000\nhello there\nbye\n \n"
    )
    assert read(rolling, "a.vtt") == [
        [0.0, 2.0, "hello there"],
        [2.0, 2.01, "hello there"],
        [2.01, 4.0, "hello there\nbye"],
    ]
    spaced = "1\n00:00:01,000-->00:00:02,000\nHi\n \n2\n00:00:03,000-->00:00:04,000\n7\n\n"
    assert read(spaced, "a.srt") == [[1.0, 2.0, "Hi"], [3.0, 4.0, "7"]]
    named = "WEBVTT\n\nfirst\n00:01.000 --> 00:02.000\nHi\n \nsecond\n00:03.000 --> 00:04.000\n \nHo\n"
    assert read(named, "a.vtt") == [[1.0, 2.0, "Hi"], [3.0, 4.0, "Ho"]]
    for text in ("[Script Info]\nTitle: x\n", "[00:12.00]Line\n"):
        with pytest.raises(InputError, match="holds no stretches that are known"):
            read(text, "a.ass")
