"""Files made to do harm, through the verbs that open them, and what bending readers' files has found: each by name."""

from __future__ import annotations

import base64
import contextlib
import csv
import io
import json
import os
import re
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest

import lsnb
from lsnb import credentials, forms, plots, stack
from lsnb.bucket.sources import why_not_shown
from lsnb.bucket.wire import _read_body
from lsnb.detectors.networks import Name
from lsnb.errors import (
    CredentialsError,
    FormError,
    InputError,
    LabelConfigError,
    LocalStackError,
    LsnbError,
    TableError,
)
from lsnb.forms.config_builder import load_config, save_config
from lsnb.frames import tables
from lsnb.kernel import words
from lsnb.kernel.runtime import parsed_cell
from lsnb.labels import LabelConfig
from lsnb.labels.check import is_script_alone, plays
from lsnb.labels.guideline import guideline
from lsnb.local import identity
from lsnb.poses import read_labelled_poses
from lsnb.shapes import picture_size
from lsnb.study import adjudication, models, projects
from lsnb.study.rows import _Condition
from lsnb.tables import opening
from lsnb.timeseries.clocks import unit_in_name

DEEP = "[" * 100_000
CONFIG = LabelConfig.image("image").rectangles("thing", ["cat", "dog"])


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [*credentials.NAMES, "LSNB_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LSNB_STACK", str(tmp_path / "stack"))
    monkeypatch.setenv("LSNB_NO_PROMPT", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o600)
    return path


def zipped(path: Path, members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


# JSON that nests so deep that Python's own parser gives up in an error of its own.


def test_deep_json_in_credentials_is_a_sentence(alone: Path) -> None:
    put(alone / "credentials.json", DEEP)
    with pytest.raises(CredentialsError, match=r"credentials.json is broken JSON"):
        credentials.bucket_credentials()
    with pytest.raises(CredentialsError, match="are broken JSON"):
        credentials.bucket_credentials("a-bucket", put(alone / "key.json", '{"a":' * 100_000))


def test_a_credentials_file_fills_no_memory(alone: Path) -> None:
    with put(alone / "credentials.json", "{").open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(CredentialsError, match=r"is larger than any credentials.json"):
        credentials.studio_credentials()


@pytest.mark.skipif(os.name != "posix", reason="Windows has neither")
def test_a_device_or_a_pipe_that_is_named_for_a_key_is_not_read(alone: Path) -> None:
    os.mkfifo(alone / "pipe.json")
    (alone / "zeros.json").symlink_to("/dev/zero")
    for name in ("pipe.json", "zeros.json", "/dev/zero"):
        put(alone / "credentials.json", json.dumps({"GCS_BUCKET": "a-bucket", "GCS_CREDENTIALS": name})).chmod(0o600)
        with pytest.raises(CredentialsError, match="is no plain file: give the path of a JSON file"):
            credentials.bucket_credentials()


@pytest.mark.skipif(os.name != "posix", reason="Windows has neither")
def test_a_pipe_in_a_folder_keeps_nobody_waiting_and_one_of_the_shell_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "zeros.json").symlink_to("/dev/zero")
    config = LabelConfig.text("text").choices("mood", ["up", "down"])
    readers: tuple[Callable[[Any], Any], ...] = (
        lsnb.read_annotations,
        lsnb.read_segments,
        lambda path: lsnb.read_predictions(path, config=config),
        lsnb.read_table,
        lsnb.read_series,
        lambda path: load_config(path, config),
    )
    for read in readers:
        for name in ("pipe.json", "zeros.json"):
            with pytest.raises(LsnbError, match=name):
                read(tmp_path / name)
    shell, end = os.pipe()
    with os.fdopen(shell), os.fdopen(end, "w") as writer:
        writer.write(json.dumps([{"id": 1, "data": {"text": "a"}, "annotations": []}]))
        writer.close()
        assert len(lsnb.read_annotations(f"/dev/fd/{shell}")) == 1


def test_deep_json_in_the_stacks_records_is_damage(tmp_path: Path) -> None:
    put(tmp_path / stack.FILE_NAME, DEEP)
    put(tmp_path / identity.FILE_NAME, DEEP)
    with pytest.raises(LocalStackError, match="is damaged"):
        stack.load_stack(tmp_path)
    with pytest.raises(LocalStackError, match="are damaged"):
        identity.load_identity(tmp_path)


def test_deep_json_from_servers_members_and_folders_is_left_aside(tmp_path: Path) -> None:
    put(tmp_path / tables.NOTE_NAME, DEEP)
    assert tables.read_note(tmp_path) is None
    assert projects.parse_manifest(f"{projects.MARK} {DEEP}") is None
    assert adjudication.parse_deciding(f"{adjudication.MARK} {DEEP}") is None
    assert _read_body(DEEP.encode()) == ("", "")


def test_deep_json_in_an_assertion_is_no_assertion() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def asserted(body: bytes) -> bool:
        signed = f"a.{base64.urlsafe_b64encode(body).decode().rstrip('=')}"
        signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        token = f"{signed}.{base64.urlsafe_b64encode(signature).decode()}"
        return identity.is_our_assertion(token, key=key.public_key(), email="a@b.c", since=0.0)

    assert asserted(json.dumps({"iss": "a@b.c", "iat": 1.0, "exp": 1e12}).encode())
    assert not asserted(DEEP.encode())


@pytest.mark.parametrize("config", [DEEP, '{"id2label": {"one": "cat"}}', '{"id2label": {"0": "cat", "": "dog"}}'])
def test_a_models_damaged_config_is_a_sentence(tmp_path: Path, config: str) -> None:
    put(tmp_path / "config.json", config)
    with pytest.raises(InputError, match=r"config.json in .* is damaged"):
        Name(str(tmp_path), None, None, "embedding").labels()


def test_an_adjudication_whose_description_was_edited_is_none() -> None:
    for said in ({"version": 1, "study": ["a"], "by": "b"}, {"version": 1, "study": "a", "by": {"b": 1}}, [], 1):
        assert adjudication.parse_deciding(f"{adjudication.MARK} {json.dumps(said)}") is None


# What bending found.

PROCESS: dict[str, Any] = {"name": "front", "pid": 1, "created": 1.0, "port": 1}
RECORD = {
    **{"url": "http://127.0.0.1:1", "browser_url": "http://127.0.0.1:1", "username": "u", "bucket": "b"},
    **{"endpoint": "http://127.0.0.1:2", "presign": True, "folder": "f"},
    "processes": [PROCESS],
}


@pytest.mark.parametrize(
    "bent",
    [
        {"url": 5},
        {"endpoint": None},
        {"api_key": []},
        {"service_account": "x"},
        *({"processes": [PROCESS | odd]} for odd in ({"pid": []}, {"port": {}}, {"created": "x"}, {"pid": 1.5})),
    ],
)
def test_a_stacks_record_of_other_types_is_damaged(tmp_path: Path, bent: dict[str, Any]) -> None:
    put(tmp_path / stack.FILE_NAME, json.dumps(RECORD))
    assert stack.load_stack(tmp_path) is not None
    put(tmp_path / stack.FILE_NAME, json.dumps({**RECORD, **bent}))
    with pytest.raises(LocalStackError, match="is damaged"):
        stack.trusted_stack(tmp_path)


def test_a_key_that_stands_for_the_bucket_in_the_file_is_not_repeated(alone: Path) -> None:
    key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj"
    put(alone / "credentials.json", json.dumps({"GCS_BUCKET": key}))
    with pytest.raises(InputError, match="looks like a key, so it is not repeated") as caught:
        credentials.bucket_credentials()
    assert key not in str(caught.value)


def test_fields_of_the_file_that_are_no_text_are_refused_unrepeated(alone: Path) -> None:
    put(alone / "credentials.json", json.dumps({"GCS_BUCKET": ["secret-one"], "LABEL_STUDIO_API_KEY": 1234567}))
    with pytest.raises(CredentialsError, match="no text in GCS_BUCKET, LABEL_STUDIO_API_KEY") as caught:
        credentials.bucket_credentials()
    assert "secret-one" not in str(caught.value)


def test_half_a_character_in_a_form_is_a_sentence(alone: Path) -> None:
    form = forms.Form("one", (forms.Field("WORK_DIR", "out", "folder", "Where."), forms.Field("T", "a", "text", "A.")))
    with pytest.raises(FormError) as caught:
        forms.read_form(form, {"WORK_DIR": "a\ud83d", "T": "\udfff\ud800"})
    assert sum("half of a character" in problem for problem in caught.value.problems) == 2
    assert forms.read_form(form, {"WORK_DIR": "Zoë", "T": "b"}).t == "b"


@pytest.mark.parametrize("images", [[{"file_name": []}, {"file_name": {}}], None, 5, "abc", [1, None]])
def test_images_without_a_plain_name_are_imported_or_refused(images: Any) -> None:
    payload = {"images": images, "annotations": [], "categories": []}
    with contextlib.suppress(InputError):
        found = models.read_payload(payload, CONFIG, {"a.jpg": 1}, None, "1.16.0")
        assert isinstance(found, lsnb.Predictions)


def test_names_longer_than_any_files_in_tables_are_kept_and_not_looked_up(tmp_path: Path) -> None:
    long = "x" * 5000
    videos = lsnb.find_videos(put(tmp_path / "videos.csv", f"path\n{long}\n"))
    assert videos["path"].tolist() == [long]
    pictures = lsnb.find_images(put(tmp_path / "pictures.csv", f"item,path\na,{long}\n"))
    assert pictures["path"].tolist() == [long]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("scorer,,,ana,ana\nbodyparts,,\ncoords,,,x,y\nl,v,1.png,3,4\n", "do not name the same columns"),
        ("scorer,,,ana,ana\nbodyparts,,,nose,nose\ncoords,,,x,y\nl,,1.png,3,4\nl,v,2.png,3,4\n", "no image in row 4"),
    ],
)
def test_labelled_poses_with_gaps_in_names(tmp_path: Path, rows: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        read_labelled_poses(put(tmp_path / "CollectedData_ana.csv", rows))


def test_a_detectors_file_needs_no_video(tmp_path: Path) -> None:
    path = put(
        tmp_path / "trial.csv",
        "\n".join(["frame,score", *(f"{n},{0.1 if n == 7 else 0.9}" for n in range(20))]),
    )
    found = lsnb.select_difficult_frames(path, 1, min_gap=1)
    assert found[["video", "frame"]].values.tolist() == [["trial", 7]]


# Configs.


def test_a_config_nests_no_deeper_than_an_editor_shows() -> None:
    def nested(levels: int) -> str:
        return "<View>" * levels + '<Image name="i" value="$u"/>' + "</View>" * levels

    assert LabelConfig.from_xml(nested(59)).fields
    with pytest.raises(LabelConfigError, match="The tag Image in line 1 stands inside 60 others"):
        LabelConfig.from_xml(nested(60))
    choices = "".join(f'<Choice value="{n}">' for n in range(100)) + "</Choice>" * 100
    with pytest.raises(LabelConfigError, match="stands inside 60 others"):
        LabelConfig.from_xml(f'<View><Taxonomy name="x" toName="t">{choices}</Taxonomy></View>')


# Workbooks.


def workbook(path: Path, change: Callable[[str], str]) -> Path:
    stream = io.BytesIO()
    pd.DataFrame({"ID": ["a", "b"], "n": [1, 2]}).to_excel(stream, index=False)
    with zipfile.ZipFile(stream) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    before = members[sheet].decode()
    members[sheet] = change(before).encode()
    assert members[sheet] != before.encode()
    return zipped(path, members)


@pytest.mark.parametrize(
    "change",
    [
        lambda sheet: sheet.replace('r="B3"', 'r="XFD1048576"').replace('<row r="3"', '<row r="1048576"'),
        lambda sheet: sheet.replace('<row r="3"', '<row r="1000000000000"'),
        lambda sheet: sheet.replace('r="B3"', 'r="ZZZ3"'),
        lambda sheet: sheet.replace('<row r="3"', '<row r="5000000"').replace('r="B3"', 'r="XFC5000000"'),
    ],
    ids=["the last cell", "no such row", "no such column", "far below and beside"],
)
def test_a_cell_far_away_fills_no_memory(tmp_path: Path, change: Callable[[str], str]) -> None:
    with pytest.raises(TableError, match=r"has a sheet of [0-9,]+ rows and [0-9,]+ columns, counting empty ones"):
        lsnb.read_table(workbook(tmp_path / "far.xlsx", change))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE x [<!ENTITY a "boom"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x.dtd"> %a;]>',
    ],
)
def test_definitions_in_a_workbook_are_refused_unread(tmp_path: Path, doctype: str) -> None:
    def with_entity(sheet: str) -> str:
        return doctype + sheet.partition("?>")[2] if sheet.startswith("<?xml") else doctype + sheet

    with pytest.raises(TableError) as caught:
        lsnb.read_table(workbook(tmp_path / "dtd.xlsx", with_entity))
    assert "definitions of its own" in str(caught.value)
    assert "root:" not in str(caught.value)


def test_a_workbook_that_unpacks_to_far_more_is_not_unpacked(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", lambda sheet: sheet.replace("</sheetData>", " " * 2**27 + "</sheetData>"))
    with pytest.raises(TableError, match=r"would unpack to 134.2 MB, \d+ times as much"):
        lsnb.read_table(path)


# Parquet.


def test_a_parquet_file_of_more_cells_than_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"ID": ["x"] * 500_000, "n": [0] * 500_000}).to_parquet(path)
    assert path.stat().st_size < 50_000  # half a million equal rows are a few bytes
    monkeypatch.setattr(opening, "MOST_PARQUET_CELLS", 999_999)
    with pytest.raises(TableError, match="has 500,000 rows and 2 columns"):
        lsnb.read_table(path)


def test_a_parquet_file_may_have_any_byte_another(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"ID": ["a", "b"] * 5, "n": range(10)}).to_parquet(path)
    whole = path.read_bytes()
    read = refused = 0
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            read += len(lsnb.read_table(path)) >= 0
        except LsnbError as fault:
            refused += "a.parquet" in str(fault)
    assert read + refused == len(range(0, len(whole), 7))
    assert refused


# Zips, through every verb that opens them.

ZIPS: dict[str, tuple[str, bytes, Callable[[Path], Any]]] = {
    "annotations": ("a.json", b'[{"id": 1, "data": {}, "annotations": []}]', lsnb.read_annotations),
    "predictions": ("a.txt", b"0 .5 .5 .2 .2\n", lambda path: lsnb.read_predictions(path, config=CONFIG)),
    "videos": ("a.mp4", b"a video", lambda path: lsnb.find_videos(path, out=path.parent / "out")),
    "frames": (
        "img00000001.png",
        b"\x89PNG\r\n\x1a\n",
        lambda path: lsnb.import_frames(path, path.parent / "out", progress=False),
    ),
}


@pytest.mark.parametrize("verb", ZIPS)
def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, verb: str) -> None:
    name, content, read = ZIPS[verb]
    path = zipped(tmp_path / "bomb.zip", {name: content + bytes(2**27)})
    assert path.stat().st_size < 2**18
    with pytest.raises(LsnbError, match=r"bomb.zip.* would unpack to 134.2 MB, \d+ times as much"):
        read(path)
    assert sorted(one.name for one in tmp_path.rglob("*") if one.is_file()) == ["bomb.zip"]


@pytest.mark.parametrize("verb", ZIPS)
def test_a_damaged_member_is_a_sentence(tmp_path: Path, verb: str) -> None:
    name, content, read = ZIPS[verb]
    path = zipped(tmp_path / "bent.zip", {name: content + os.urandom(200)}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(content) + len(content) + 50] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(LsnbError, match=rf"(?=.*bent.zip).*{re.escape(name)}.*is damaged in the zip"):
        read(path)


@pytest.mark.parametrize("verb", ZIPS)
def test_a_member_without_a_name_is_a_sentence(tmp_path: Path, verb: str) -> None:
    name, content, read = ZIPS[verb]
    path = tmp_path / "bare.zip"
    whole = zipped(path, {name: content}).read_bytes()
    # A name of no characters is one that no program can ask for by its ending, so the ending stays behind a slash.
    ending = Path(name).suffix
    for bare in ("/" * len(name), f"{'/' * (len(name) - len(ending))}{ending}", "\0" + name[1:]):
        path.write_bytes(whole.replace(name.encode(), bare.encode()))
        with pytest.raises(LsnbError, match="bare"):
            read(path)


def test_a_zip_bomb_in_a_zip_is_a_member_as_any(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.json": bytes(2**27)}).read_bytes()
    with pytest.raises(LsnbError, match=r"outer.zip"):
        lsnb.read_annotations(zipped(tmp_path / "outer.zip", {"inner.zip": inner}))


# Figures that claim much.


def test_a_track_of_a_thousand_million_frames_fills_no_memory(tmp_path: Path) -> None:
    box = {"x": 1, "y": 1, "width": 5, "height": 5, "rotation": 0}
    sequence = [{"frame": 1, "enabled": True, "time": 0.1, **box}]
    value = {"framesCount": 10**9, "duration": 1e8, "sequence": sequence, "labels": ["cat"]}
    result = {"id": "r", "from_name": "b", "to_name": "v", "type": "videorectangle", "value": value}
    annotation = {"id": 1, "completed_by": {"id": 1, "email": "a@b.c"}, "result": [result]}
    export = [{"id": 1, "data": {"v": "a.mp4", "fps": 10}, "annotations": [annotation]}]
    table = lsnb.read_annotations(put(tmp_path / "e.json", json.dumps(export)), raw=True)
    with pytest.warns(UserWarning, match="1 tracks are left out"):
        assert lsnb.expand_tracks(table).empty


@pytest.mark.parametrize(
    "verb",
    [
        lambda name: load_config(name, LabelConfig.text("t")),
        lambda name: save_config(LabelConfig.text("t").choices("mood", ["a", "b"]), f"{name}.xml"),
        lambda name: guideline(f"{name}.md", LabelConfig.text("t")),
        lambda name: lsnb.demo.find_recording(name),
        lambda name: lsnb.demo.find_recording("film.mp4", name),
        lambda name: credentials.studio_credentials(),
    ],
)
def test_a_home_of_nobody_is_a_sentence(monkeypatch: pytest.MonkeyPatch, verb: Callable[[str], object]) -> None:
    monkeypatch.setenv("LSNB_CREDENTIALS", "~nobody-called-so/x")
    with pytest.raises(LsnbError, match="nobody of that name has a home folder here"):
        verb("~nobody-called-so/x")


def _drawing(text: str) -> str | None:
    return why_not_shown("a.svg", len(text), io.BytesIO(text.encode()))


def _read(read: Callable[..., object], name: str, text: str | bytes, **given: Any) -> object:
    with TemporaryDirectory() as folder, contextlib.suppress(LsnbError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read(put(Path(folder, name), text), **given)


def _subtitles(text: str) -> object:
    return _read(lsnb.read_segments, "a.vtt", f"WEBVTT\n\n00:00.500 --> 00:01.750\n{text}\n", item="x")


def _series(line: str) -> object:
    rows = "".join(f"{n / 10},{n}\n" for n in range(50))
    return _read(lsnb.read_series, "a.csv", f"{line}\ntime,x\n{rows}{line}\n{rows}")


def _dashes_and_letters(line: str) -> object:
    return _series("\n".join([line] * 9))


def _table(text: str) -> object:
    return _read(lsnb.read_table, "a.csv", text.encode("cp1252"))


def _own_table(text: str) -> object:
    return _read(lsnb.read_table, "a.csv", f'\ufeffitem,"value"\r\n{text}')


def _json_min(columns: int) -> object:
    who = {"annotator": 1, "annotation_id": 1}
    return _read(lsnb.read_annotations, "a.json", json.dumps([{"id": n, f"c{n}": n, **who} for n in range(columns)]))


@pytest.mark.parametrize(
    ("look", "text"),
    [
        (_drawing, "<!--a-->" * 400 + "<svg></svg>"),
        (_drawing, "<svg>" + "<svg" * 20_000),
        (plays, "<video src =" + " " * 200_000),
        (is_script_alone, "<script>a()</script>" + "<" * 200_000),
        (parsed_cell, "\n" * 200_000 + "%x"),
        (_subtitles, "<v " * 100_000 + " " * 200_000),
        (_series, "9" * 100_000 + "x"),
        (_series, "a" + " " * 100_000 + "b"),
        (_series, "'a" + "\t" * 100_000),
        (_series, "x" * 100_000),
        (_series, "1," * 150_000),
        (_dashes_and_letters, "-" * 3900 + "x"),
        (unit_in_name, "time [" + " " * 100_000),
        (_table, "a,b\n" + "x" * 300_000 + ",für\n"),
        (_own_table, '"' * 300_001 + "x"),
        (_json_min, 3000),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_no_text_keeps_a_reader_busy(look: Callable[[Any], object], text: str | int) -> None:
    started = time.process_time()
    look(text)
    # What grows with the square of the size takes minutes, and the first would not have ended.
    assert time.process_time() - started < 5


def test_a_message_holds_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "ID;na\x1b[2Jme;x\u202ey\n1;2;3\n2;3;4\n")
    with pytest.raises(TableError, match=r"Its columns: ID, na\\x1b\[2Jme, x\\u202ey\.$"):
        lsnb.read_table(path, key="item")
    with pytest.warns(UserWarning, match=r"^a\\x07b\\ud83d$"):
        words.warn("a\ab\ud83d")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.jsonl", "".join(f'{{"c{n}": 1}}\n' for n in range(6000)), "6,000 rows and 6,000 columns, and hardly any"),
        ("a.csv", ",".join(f"c{n}" for n in range(20_000)) + "\n" + "1\n" * 2000, "hardly any of their cells"),
        ("a.csv", "a," * 100_000 + "b\n", "100,001 columns, and at most 65,536"),
    ],
    ids=["names of a row", "short rows", "columns"],
)
def test_a_small_table_is_not_filled_up_to_a_large_one(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(TableError, match=said):
        lsnb.read_table(put(tmp_path / name, text))


def test_a_picture_that_claims_too_many_pixels_is_none(tmp_path: Path) -> None:
    """Of 24 bytes, and 65,535 pixels wide and high, at which Pillow raises its own."""
    put(tmp_path / "a.gif", b"GIF89a" + b"\xff" * 4 + b"\0\0\0," + b"\0" * 9 + b"\2\0")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.gif", "a.gif")
        archive.writestr("b.mp4", b"x")
    with pytest.warns(UserWarning, match="1 left out"):
        assert len(lsnb.find_videos(tmp_path / "a.zip", out=tmp_path / "out")) == 1
    about = {"annotator": "ana", "control": "box", "kind": "rectangle", "status": "submitted", "region": "r"}
    box = pd.DataFrame([{"item": "1", "x": 1.0, "y": 1.0, "width": 2.0, "height": 2.0, "value": "a", **about}])
    with pytest.raises(InputError, match=r"a\.gif is no picture that can be read"):
        plots.overlay(box, "1", "box", tmp_path / "a.gif")


def test_a_field_may_be_longer_than_python_reads_by_itself(tmp_path: Path) -> None:
    """In a process that has raised its limit already nothing would be seen."""
    csv.field_size_limit(131_072)
    note = '"' + "a" * 200_000 + '"'
    rows = "".join(f"{n / 10},{n},{note if n == 3 else ''}\n" for n in range(50))
    assert len(lsnb.read_series(put(tmp_path / "a.csv", f"time,x,note\n{rows}"))) == 50


def test_a_message_repeats_no_thousands_of_letters_and_no_password_of_them() -> None:
    said = str(InputError([f"There is no column {'x' * 9000}: give key=.", "So is " + "b " * 9000]))
    assert len(said) < 4000
    assert "give key=." in said
    said = str(InputError(f"There is no https://ana:{'s3cret' * 30}@ls.org/{'a' * 200}"))
    assert "s3cret" not in said


def _chunk(name: bytes, content: bytes, length: int | None = None) -> bytes:
    return name + (len(content) if length is None else length).to_bytes(4, "little") + content


def _wav(form: bytes, sound: bytes) -> bytes:
    return b"RIFF\0\0\0\0WAVE" + form + sound


FORM = _chunk(b"fmt ", bytes.fromhex("0100 0100 04000000 08000000 0200 1000"))
SOUND = b"\1\0\2\0\3\0"
BOX_IN_MATLAB = (0).to_bytes(4, "little") + (2**30).to_bytes(4, "little") + (1).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.wav", _wav(FORM, _chunk(b"data", SOUND, 2_000_000_000)), [1, 2, 3]),
        ("a.wav", _wav(FORM, _chunk(b"data", SOUND + b"\4", 2**32 - 1)), [1, 2, 3]),  # as a pipe leaves it
        ("a.wav", _wav(_chunk(b"fmt ", FORM[8:], 2**32 - 1), _chunk(b"data", SOUND)), "WAV"),
        ("a.wav", _wav(_chunk(b"fmt ", b"\xff" + FORM[9:], 0xFF000010), _chunk(b"data", SOUND)), "form is longer"),
        (
            "a.mat",
            BOX_IN_MATLAB + (0).to_bytes(4, "little") + (2).to_bytes(4, "little") + b"a\0",
            "larger than the file",
        ),
        ("a.xdf", b"XDF:\x08" + (2**40).to_bytes(8, "little") + b"\1\0<info/>", "XDF|stream"),
    ],
    ids=["a sound's length", "a pipe's sound", "a sound's form", "a form of another kind", "a variable", "a piece"],
)
def test_a_head_that_promises_much_fills_no_memory(tmp_path: Path, name: str, content: bytes, found: Any) -> None:
    path = put(tmp_path / name, content)
    tracemalloc.start()
    try:
        if isinstance(found, str):
            with pytest.raises(TableError, match=found):
                lsnb.read_series(path)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert lsnb.read_series(path)["channel_1"].tolist() == found
        assert tracemalloc.get_traced_memory()[1] < 200e6
    finally:
        tracemalloc.stop()


def test_numbers_of_other_scripts_and_of_hundreds_of_digits_are_read_or_told() -> None:
    series = pd.DataFrame({"date": ["٠", "٠.٥", "١"], "x": [1, 2, 3]})
    assert lsnb.align(series, 10.0, time="date", unit="s").samples["time"].tolist() == [0.0, 0.5, 1.0]
    long = lsnb.align(series.assign(date=["9" * 400, "1" + "0" * 400, "5"]), 10.0, time="date")
    assert long.samples["time"].tolist() == [5.0]
    assert "rows without a time were left out: 2" in " ".join(long.notes)
    late = pd.DataFrame({"start": [0.0], "end": [1e308], "label": ["a"], "text": [None], "tier": [None]})
    with pytest.raises(InputError, match="Row 0 of segments"):
        lsnb.segments.to_srt(late, "a.srt")


@pytest.mark.parametrize("most", ["inf", "nan", "1e999"])
def test_a_limit_that_is_no_number_limits_nothing(most: str) -> None:
    config = f'<View><Text name="t" value="$t"/><Rating name="r" toName="t" maxRating="{most}"/></View>'
    LabelConfig.from_xml(config).check()
    made = lsnb.from_answers(pd.DataFrame({"item": ["1"], "r": [4]}), config=LabelConfig.from_xml(config))
    assert made.table["status"].tolist() == ["ready"]


def test_a_region_without_labels_in_a_table_of_answers_is_one() -> None:
    record = {"id": 1, "annotation_id": 2, "annotator": 3, "text": "x", "w": [{"ranges": [{"start": 1, "end": 2}]}]}
    with pytest.warns(UserWarning, match="export"):
        assert lsnb.read_annotations([record])["kind"].tolist() == ["timeline"]


def test_a_condition_that_nests_too_deep_says_so() -> None:
    with pytest.raises(InputError, match=r"nests too deep|too many nested"):
        _Condition("(" * 400 + "a" + ")" * 400, pd.DataFrame({"a": [1]}))


@pytest.mark.parametrize("rate", [1, 2_000_000_011])
def test_a_sound_of_a_rate_that_no_recorder_has_is_a_sentence(tmp_path: Path, rate: int) -> None:
    form = FORM[:12] + rate.to_bytes(4, "little") + FORM[16:]
    path = put(tmp_path / "a.wav", _wav(form, _chunk(b"data", SOUND * 100)))
    with pytest.raises(InputError, match=f"{rate:,} samples of sound a second"):
        lsnb.media.read_sound(path)


def test_a_sound_of_more_channels_than_ffmpeg_mixes_is_a_sentence(tmp_path: Path) -> None:
    form = FORM[:10] + (2**15).to_bytes(2, "little") + FORM[12:20] + (2**10).to_bytes(2, "little") + FORM[22:]
    path = put(tmp_path / "a.wav", _wav(form, _chunk(b"data", SOUND * 1000)))
    with pytest.raises(InputError, match=r"sound of a\.wav cannot be read|no sound"):
        lsnb.media.read_sound(path)


@pytest.mark.parametrize("side", [float("inf"), 10**400, 2**31])
def test_a_picture_as_wide_as_no_picture_is_has_no_size(side: float) -> None:
    assert str(picture_size({"original_width": side, "original_height": 480})) == "(nan, nan)"
