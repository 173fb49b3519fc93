"""Zips and JSON made to do harm, and what an ending says."""

from __future__ import annotations

import json
import math
import os
import random
import stat
import struct
import tracemalloc
import uuid
import warnings
import zipfile
from pathlib import Path

import pytest

from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.kernel import formats
from lsnb.kernel.formats import MemberFault, Zip, content_type, inside, open_zip, parse_json, parse_python, read_json


def write(path: Path, members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def claim(path: Path, size: int) -> None:
    """Let both headers of a zip's one member say that it has ``size`` bytes."""
    data = bytearray(path.read_bytes())
    data[22:26] = struct.pack("<L", size)
    directory = data.rindex(b"PK\1\2")
    data[directory + 24 : directory + 28] = struct.pack("<L", size)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../a.txt", "leads out of the zip"),
        ("a/../../a.txt", "leads out of the zip"),
        ("..\\a.txt", "leads out of the zip"),
        ("/a.txt", "is an absolute path"),
        ("C:\\a.txt", "is an absolute path"),
        ("\0bc", "has no name"),
        ("./.", "has no name"),
    ],
)
def test_names_that_lead_elsewhere(tmp_path: Path, name: str, words: str) -> None:
    path = write(tmp_path / "a.zip", {"x" * len(name): b"1", "fine.txt": b"2"})
    path.write_bytes(path.read_bytes().replace(b"x" * len(name), name.encode()))
    with pytest.raises(InputError, match=words), open_zip(path):
        pass
    with open_zip(path, lambda one: one == "fine.txt") as archive:
        assert [archive.read(member) for member in archive.members] == [b"2"]


def test_links_doubles_and_passwords_are_said_together(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"locked": b"1"})
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("twice", "1")
        archive.writestr("twice", "2")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InputError) as caught, open_zip(path):
        pass
    assert ["encrypted" in caught.value.problems[0], "link" in caught.value.problems[1]] == [True, True]
    assert "'twice' is in it 2 times" in caught.value.problems[2]
    with pytest.raises(InputError), open_zip(path, lambda one: one == "twice"):
        pass
    with open_zip(path, lambda one: one == "twice", doubles=True) as archive:
        assert len(archive.members) == 2


def test_what_unpacks_to_far_more_is_not_unpacked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {f"{n}.txt": bytes(2**24) for n in range(5)})
    with pytest.raises(InputError, match=r"would unpack to 83.9 MB, \d+ times as much"), open_zip(path):
        pass
    with open_zip(path, lambda name: name == "1.txt") as archive:
        assert len(archive.read(archive.members[0])) == 2**24
        with pytest.raises(MemberFault, match=r"would unpack to 16.8 MB, and at most 1.0 kB"):
            archive.read("1.txt", most=1000)
    with pytest.raises(InputError, match=r"at most 50.0 MB are taken"), open_zip(path, total=50_000_000):
        pass


def test_a_member_never_gives_more_than_its_header_says(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.txt": bytes(2**28)})
    claim(path, 1000)
    with open_zip(path) as archive:
        tracemalloc.start()
        with pytest.raises(MemberFault, match="is damaged in the zip"):
            archive.read("a.txt")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2**22


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_cannot_be_held_within_bounds(tmp_path: Path, packing: int) -> None:
    path = write(tmp_path / "a.zip", {"a.txt": b"1"}, packing)
    with Zip(path) as archive:
        assert archive.problems() == [
            "'a.txt' is packed in a way that cannot be read here: make the zip again with usual settings."
        ]
        with pytest.raises(MemberFault, match="packed in a way"):
            archive.read("a.txt")


def test_a_member_that_has_less_than_its_header_says(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.txt": b"abc" * 100})
    claim(path, 2**31)
    with Zip(path) as archive:
        assert "times as much" in archive.problems()[0]
        with pytest.raises(MemberFault, match="is damaged in the zip"):
            archive.read("a.txt")


def test_every_byte_of_a_zip_may_be_another(tmp_path: Path) -> None:
    random.seed(1)
    whole = write(tmp_path / "a.zip", {"a.txt": b"first" * 40, "b/c.txt": random.randbytes(100)}).read_bytes()
    path = tmp_path / "b.zip"
    read = refused = 0
    for place in range(len(whole)):
        for flip in (0x01, 0x80, 0xFF):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
            try:
                with open_zip(path) as archive:
                    read += all(len(archive.read(member)) < 1000 for member in archive.members)
            except (LsnbError, MemberFault):
                refused += 1
    assert read + refused == 3 * len(whole)
    assert refused > len(whole)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="is empty" if not length else "no zip, or only a part"), Zip(path):
            pass


def test_the_list_of_members_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.zip", {f"{n}" * 20: b"" for n in range(100, 200)})
    monkeypatch.setattr(formats, "MOST_MEMBERS", 99)
    with pytest.raises(InputError, match="has more than 99 files in it"):
        Zip(path)
    monkeypatch.setattr(formats, "LARGEST_DIRECTORY", 5000)
    with pytest.raises(InputError, match="has more than 99 files in it"):
        Zip(path)


def test_places_that_are_no_zip(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="There is no file"):
        Zip(tmp_path / "a.zip")
    with pytest.raises(InputError, match="is a folder"):
        Zip(tmp_path)
    with pytest.raises(InputError, match="holds a character that no path has"):
        Zip(Path("a\0b"))


def test_names_made_on_windows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"zoë\\a.txt": b"1"})
    data = path.read_bytes().replace("zoë\\a.txt".encode(), b"zo\xc3\xab\\a.txt")
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.index(signature) + flags
        data = data[:at] + b"\0\0" + data[at + 2 :]
    path.write_bytes(data)
    with open_zip(path) as archive:
        assert [inside(member) for member in archive.members] == ["zoë/a.txt"]


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_that_are_open_at_once_do_not_move_each_other(packing: int, tmp_path: Path) -> None:
    contents = {name: bytes((7 * n + k) % 251 for k in range(100_000)) for n, name in enumerate("abc")}
    with zipfile.ZipFile(tmp_path / "a.zip", "w", packing) as made:
        for name, content in contents.items():
            made.writestr(name, content)
    with Zip(tmp_path / "a.zip") as archive:
        opened = {name: archive.open(name) for name in contents}
        for place in (0, 20, 70_000, 30_000, 99_990, 5, 60_000):
            for name, stream in opened.items():
                assert stream.seek(place) == place
                assert stream.read(9) == contents[name][place : place + 9]
        for stream in opened.values():
            stream.close()


def test_a_member_reads_as_a_file(tmp_path: Path) -> None:
    content = random.Random(1).randbytes(3 * 2**20)
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = write(tmp_path / "a.zip", {"a": content}, packing)
        with Zip(path) as archive, archive.open("a") as stream:
            buffer = bytearray(1000)
            assert stream.readinto(buffer) == 1000
            assert bytes(buffer) + stream.read(5) + stream.read() == content
            assert stream.read() == stream.read(7) == b""
            assert stream.seek(2**20) == stream.tell() == 2**20
            assert stream.read(9) == content[2**20 : 2**20 + 9]
            assert [stream.seek(-5, os.SEEK_END), stream.read(), stream.seek(3), stream.read(1)] == [
                len(content) - 5,
                content[-5:],
                3,
                content[3:4],
            ]


DEEP = [
    "[" * 200 + "]" * 200,
    '{"a":' * 101 + "1" + "}" * 101,
    "[" * 5000 + "]" * 5000,
    "[" * 2_000_000,
    '[{"a":' * 500_000,
    "[NaN," + "[" * 200 + "]" * 200 + "]",
    "[NaN," + "[" * 200_000,
]


@pytest.mark.parametrize("text", DEEP, ids=range(len(DEEP)))
@pytest.mark.parametrize("lines", [False, True])
def test_json_that_nests_too_deep(text: str, lines: bool) -> None:
    with pytest.raises(InputError, match=r"nests its JSON more than 100 levels deep|damaged JSON"):
        parse_json(text, "a.json", lines=lines)


def test_json_as_deep_as_may_be() -> None:
    text = "[" * 100 + "]" * 100
    assert parse_json(text, "a.json") == json.loads(text)
    with pytest.raises(InputError, match="levels deep"):
        parse_json(f"[{text}]", "a.json")


def test_numbers_as_they_were_written() -> None:
    for number in (2**53 + 1, 2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**19, 10**40):
        assert parse_json(f'{{"id": {number}}}', "a.json") == {"id": number}
        assert parse_json(f'{{"id": {number}}}\n{{"id": -1}}\n', "a.json", lines=True) == [{"id": number}, {"id": -1}]
    odd = parse_json("[NaN, Infinity, -Infinity, 1]", "a.json")
    assert math.isnan(odd[0])
    assert odd[1:] == [math.inf, -math.inf, 1]
    assert parse_json("NaN\n1\n", "a.json", lines=True)[1] == 1
    with pytest.raises(InputError, match="a number has thousands of digits"):
        parse_json("9" * 5000, "a.json")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_json_in_the_encodings_that_programs_write(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes('{"name": "Zoë 🐁"}'.encode(encoding))
    assert read_json(path) == {"name": "Zoë 🐁"}
    path.write_bytes('{"name": "Zoë"}\n\n{"name": NaN}\n'.encode(encoding))
    assert [str(row["name"]) for row in read_json(path, lines=True)] == ["Zoë", "nan"]
    with pytest.raises(InputError, match=r"a.json is damaged JSON \(line 3, column 1\)"):
        read_json(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged JSON"),
        (b'{"a": 1,}', "line 1, column [89]"),  # from Python 3.13 on it points at the comma
        (b'{"a": 1}\n{"a": }\n', "line 2, column"),
        (b'"\xff"', "damaged JSON"),
        (b"\xff\xfe\x00\xd8", "damaged text"),
        (b'"\\ud800"', "damaged JSON"),
        (b'[NaN, "\\ud800"]', "damaged JSON"),
        (b'[123456789012345678901234567890, "\\udc00"]', "damaged JSON"),
        (b'[NaN, "\xff"]', "damaged JSON"),
    ],
)
def test_damaged_json(content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_json(content, "a.json", lines=True)


def test_unique_ids_and_small_scores_do_not_slow_the_reading_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(0)
    rows = [
        {"unique_id": str(uuid.UUID(int=draw.getrandbits(128))), "score": 3e-112, "t": 1e-07} for _ in range(20_000)
    ]
    content = json.dumps(rows).replace("1e-07", "1e-007").encode()
    monkeypatch.setattr(formats, "_parsed_exactly", lambda content: pytest.fail("read by the slow parser"))
    assert parse_json(content, "a.json") == rows


@pytest.mark.parametrize("number", ["1e-400", "-2.5E-0999", "12e-500", "0.1e-324", f"0.{'0' * 330}1", "1e400"])
@pytest.mark.parametrize("place", ["[{}]", '[1,{}, "c0ffee00-171e-4466-a71e-0123456789ab"]', '{{"a":{}}}', "{}"])
def test_a_number_that_no_float_holds_stays_its_text_wherever_it_stands(number: str, place: str) -> None:
    found = parse_json(place.format(number), "a.json")
    assert number in (
        list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else [found]
    )


def test_json_larger_than_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "LARGEST_JSON", 10)
    path = tmp_path / "a.json"
    path.write_text("[1, 2, 3, 4]")
    with pytest.raises(InputError, match="larger than 10 bytes"):
        read_json(path)
    with pytest.raises(MissingFileError):
        read_json(tmp_path / "b.json")
    with pytest.raises(InputError, match="is a folder"):
        read_json(tmp_path)


def test_every_ending_has_its_media_type() -> None:
    assert all(ending == ending.lower() and ending[0] == "." for ending in formats.FILE_KINDS)
    assert content_type("a.MTS") == "video/mp2t"
    for ending, kind in formats.FILE_KINDS.items():
        assert content_type(f"a{ending}") == kind.media_type
        assert kind.medium != "video" or kind.media_type.startswith("video/")
        assert kind.medium != "image" or kind.media_type.startswith("image/")


@pytest.mark.parametrize(
    "text",
    [
        "1+" * 100_000 + "1",
        "a" + "()" * 100_000,
        "[0]" + "[0]" * 100_000,
        "a" + ".a" * 100_000,
        "-" * 100_000 + "1",
        "(" * 100_000,
        "'a' " * 100_000,
        "{" + ",".join(f"{n * (2**61 - 1)}:1" for n in range(1, 20_000)) + "}",
        "'" + "\\'" * 100_000,
        "__import__('os')",
    ],
    ids=range(10),
)
def test_texts_that_are_no_lists_of_pythons_take_no_time_to_refuse(text: str) -> None:
    with pytest.raises(ValueError, match="no list or dict of Python's"):
        parse_python(text)


@pytest.mark.parametrize(
    "value",
    [
        [1, -2.5, 1e-9, 10**30, True, None],
        {"a": ("b", "it's", 'a "b"', "x\\n'", "1+1"), "c": {"d": []}},
        (),
        b"\x00a",
        {"a"},
        "[1](2)",
    ],
)
def test_what_python_shows_of_lists_and_dicts_comes_back(value: object) -> None:
    assert parse_python(f" {value!r}") == value
