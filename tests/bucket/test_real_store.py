"""The same uploads against the embedded bucket and, where LSNB_LIVE_BUCKET names one, a real one."""

from __future__ import annotations

import gzip
import json
import random
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from upload_tools import ODD, upload

import lsnb
from lsnb.bucket import Bucket, open_bucket_at, uploading
from lsnb.bucket.wire import content_of, look_up
from lsnb.errors import BucketError, BucketNotFoundError, InputError, MissingFileError
from lsnb.stack import Stack

MakeTable = Callable[..., pd.DataFrame]
Place = tuple[Bucket, str]


def read(bucket: Bucket, uri: str, **headers: str) -> tuple[int, bytes, str]:
    link = bucket.signed_url(uri.removeprefix(f"gs://{bucket.name}/"))
    with urllib.request.urlopen(urllib.request.Request(link, headers=headers)) as reply:
        return reply.status, reply.read(), reply.headers["Content-Type"]


def test_upload_and_read_back(place: Place, make_table: MakeTable) -> None:
    bucket, prefix = place
    table = make_table(len(ODD))
    table["id"] = ODD
    table["path"] = [_renamed(path, ".csv" if number % 2 else ".jpg") for number, path in enumerate(table["path"])]
    made = upload(bucket, table, name=prefix + "/{user}/{id}")
    assert list(made["status"]) == ["uploaded"] * len(ODD), made["error"].dropna().tolist()
    for row in made.itertuples():
        status, data, content_type = read(bucket, row.uri)
        assert status == 200
        assert data == Path(row.path).read_bytes()
        assert content_type == ("text/csv" if row.path.endswith("csv") else "image/jpeg")
    assert read(bucket, made["uri"][0], Range="bytes=10-19")[:2] == (206, Path(made["path"][0]).read_bytes()[10:20])
    assert set(upload(bucket, made, name=prefix + "/{user}/{id}")["status"]) == {"exists"}


def _renamed(path: str, ending: str) -> str:
    return str(Path(path).rename(Path(path).with_suffix(ending)))


def test_changed_files(place: Place, make_table: MakeTable) -> None:
    bucket, prefix = place
    table, name = make_table(14), prefix + "/{id}"
    upload(bucket, table, name=name)
    Path(table["path"][1]).write_bytes(b"x" * 500)
    Path(table["path"][2]).write_bytes(b"")
    made = upload(bucket, table, name=name)
    assert list(made["status"]) == ["exists", "changed", "not shown"] + ["exists"] * 11
    made = upload(bucket, table, name=name, send_unshown=True)
    assert list(made["status"]) == ["exists", "changed", "changed"] + ["exists"] * 11
    made = upload(bucket, table, name=name, overwrite="changed", send_unshown=True)
    assert list(made["status"]) == ["exists", "uploaded", "uploaded"] + ["exists"] * 11
    assert read(bucket, made["uri"][1])[1] == b"x" * 500
    assert read(bucket, made["uri"][2])[1] == b""


def test_large_file(place: Place, make_table: MakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket, prefix = place
    monkeypatch.setattr(uploading, "LARGE", 9_000_000)
    monkeypatch.setattr(uploading, "CHUNK", 4 * 1024 * 1024)
    table = make_table(1, size=9_300_000, ending=".mp4")
    made = upload(bucket, table, name=prefix + "/{id}")
    assert list(made["status"]) == ["uploaded"]
    assert read(bucket, made["uri"][0])[1] == Path(table["path"][0]).read_bytes()
    assert list(upload(bucket, table, name=prefix + "/{id}")["status"]) == ["exists"]


def test_a_folder_of_the_embedded_bucket_is_said_before_anything_is_sent(
    own_bucket: Bucket, make_table: MakeTable
) -> None:
    table = make_table(2, ending="")
    upload(own_bucket, table.iloc[:1], name="kk")
    upload(own_bucket, table.iloc[:1], name="dd/z")
    for name, held in (("kk/z", "kk"), ("dd", "dd/z")):
        with pytest.raises(InputError, match=f"holds '{held}' and cannot hold '{name}' beside it: change name="):
            upload(own_bucket, table.iloc[1:], name=name)


def test_bucket_that_is_not_there(stack: Stack) -> None:
    with pytest.raises(BucketNotFoundError, match="No bucket 'nowhere-at-all'"):
        open_bucket_at("nowhere-at-all", endpoint=stack.endpoint, info=stack.service_account)


def test_open_bucket_finds_the_local_one(stack: Stack) -> None:
    assert lsnb.open_bucket("local").name == stack.bucket


def test_check_says_what_is_wrong(own_bucket: Bucket, make_table: MakeTable) -> None:
    origin = "https://label.example.org"
    assert "is empty" in own_bucket.check(origin).sentence
    upload(own_bucket, make_table(1))
    refused = own_bucket.check(origin)
    assert not refused
    assert f"allow_origins(['{origin}'])" in str(refused)
    own_bucket.allow_origins([origin])
    assert own_bucket.cors[0]["origin"] == [origin]
    assert own_bucket.check(origin), own_bucket.check(origin).sentence
    assert not own_bucket.check("https://elsewhere.example.org")
    assert not own_bucket.allow_origins([origin]).changed


def test_signed_links_run_out_and_cannot_be_bent(own_bucket: Bucket, make_table: MakeTable) -> None:
    upload(own_bucket, make_table(2))
    link = own_bucket.signed_url("ana/000.jpg")
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(link.replace("000.jpg", "001.jpg"))


def test_answers_in_a_target_bucket_are_read_from_where_they_are(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket, prefix = place
    monkeypatch.setattr("lsnb.connections.open_bucket", lambda name: bucket if name == bucket.name else None)
    answer = {"id": "c", "from_name": "q", "to_name": "i", "type": "choices", "value": {"choices": ["a"]}}
    library = bucket._library()
    for number, item in ((7, "k1"), (8, "k2")):
        inner = {"id": number, "data": {"ID": item}}
        kept = {"id": number, "completed_by": 1, "was_cancelled": False, "result": [answer], "task": inner}
        library.blob(f"{prefix}/answers/{number}").upload_from_string(json.dumps(kept))
    library.blob(f"{prefix}/answers/7.jpg").upload_from_string(b"a picture")
    address = f"gs://{bucket.name}/{prefix}/answers"
    for given in (address, f"{address}/"):
        table = lsnb.read_annotations(given, key="ID")
        assert table[["item", "control", "value"]].values.tolist() == [["k1", "q", "a"], ["k2", "q", "a"]]
    assert lsnb.read_annotations(f"{address}/8", key="ID")["item"].tolist() == ["k2"]
    for name, content in (("9", "<Error>AccessDenied</Error>"), ("settings.json", '{"some": "settings"}')):
        library.blob(f"{prefix}/answers/{name}").upload_from_string(content)
    with pytest.warns(UserWarning, match="4 annotations, 2 taken, 2 left out"):
        assert lsnb.read_annotations(address, key="ID")["item"].tolist() == ["k1", "k2"]
    with pytest.raises(InputError, match="9 is not JSON"):
        lsnb.read_annotations(f"{address}/9", key="ID")
    with pytest.raises(MissingFileError, match="There is no export below"):
        lsnb.read_annotations(f"{address}/none", key="ID")


def test_pictures_in_a_bucket_are_fetched_once_and_looked_at(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, prefix = place
    monkeypatch.setenv("LSNB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("lsnb.connections.open_bucket", lambda name: bucket if name == bucket.name else None)
    (tmp_path / "pictures" / "deep").mkdir(parents=True)
    for shade, name in enumerate(["a.png", "deep/b.png"]):
        image = np.full((6, 8, 3), 100 * shade, np.uint8)
        lsnb.media.write_image(tmp_path / "pictures" / name, image)
    (tmp_path / "pictures" / "notes.txt").write_text("none")
    files = pd.DataFrame({"path": sorted(map(str, (tmp_path / "pictures").rglob("*.*")))})
    files["name"] = [Path(path).relative_to(tmp_path / "pictures").as_posix() for path in files["path"]]
    bucket.upload(files, path="path", name=f"{prefix}/shown/{{name}}").raise_for_failures()
    folder = f"gs://{bucket.name}/{prefix}/shown"
    with pytest.warns(UserWarning, match=r"shown/: 1 object of other endings passed over: notes\.txt\."):
        images = lsnb.find_images(folder)
    assert images["item"].tolist() == ["a", "deep/b"]
    assert images["uri"].tolist() == [f"{folder}/a.png", f"{folder}/deep/b.png"]

    def shades(pictures: Any) -> list[dict[str, Any]]:
        return [{"choices": {str(picture.mean()): 1.0}} for picture in pictures]

    detector = lsnb.Detector.load(shades)
    assert detector(images, progress=False)["label"].tolist() == ["0.0", "100.0"]
    # A table on another computer than its files, and one whose paths are addresses.
    gone = images.assign(path=["/gone/a.png", "/gone/b.png"])
    named = pd.DataFrame({"item": ["1", "2"], "path": [f"{folder}/a.png", f"{folder}/none.png"]})
    gone.to_csv(tmp_path / "gone.csv", index=False)
    named.to_csv(tmp_path / "named.csv", index=False)
    assert detector(lsnb.find_images(tmp_path / "gone.csv"), progress=False)["label"].tolist() == ["0.0", "100.0"]
    with pytest.warns(UserWarning, match=r"1 picture could not be fetched: .*There is no object .*none\.png"):
        found = lsnb.find_images(tmp_path / "named.csv")
    assert found["uri"].tolist() == named["path"].tolist()
    assert detector(found, progress=False)["status"].tolist() == ["found", "failed"]
    # Twice costs nothing, a changed object is fetched again, and no name leads out of the folder.
    out = tmp_path / "out"
    report = bucket.download(f"{prefix}/shown", out, endings=[".png"])
    assert report.table["status"].tolist() == ["created", "created"]
    assert report.notes == (f"{folder}/: 1 object of other endings passed over: notes.txt.",)
    Path(report.table["path"][0]).write_bytes(b"other")
    assert bucket.download([f"{folder}/a.png", f"{folder}/deep/b.png"], out).table["status"].tolist() == [
        "created",
        "exists",
    ]
    with pytest.raises(InputError, match="is another bucket"):
        bucket.download(["gs://other/a.png"], out)
    # One object alone, as a list of one; what is neither an object nor a folder is told.
    alone = bucket.download(f"{folder}/a.png", tmp_path / "alone")
    assert alone.table["uri"].tolist() == [f"{folder}/a.png"]
    assert Path(alone.table["path"][0]).read_bytes() == (tmp_path / "pictures" / "a.png").read_bytes()
    assert lsnb.find_images(f"{folder}/a.png")["item"].tolist() == ["a"]
    for nowhere in (f"{folder}/none.png", f"{prefix}/none/"):
        with pytest.raises(MissingFileError, match="neither an object gs://"):
            bucket.download(nowhere, out)
    with pytest.raises(InputError, match="No picture is in"):
        lsnb.find_images(f"{folder}/notes.txt")
    strange = bucket.download([f"{prefix}/../../../escaped.png"], out).table
    assert strange["status"].tolist() == ["failed"]
    assert "There is no object" in strange["error"][0]


def test_bytes_come_in_pieces_of_one_version_and_as_they_are(
    place: Place, make_table: MakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, prefix = place
    table = make_table(1, 256)
    made = upload(bucket, table, name=prefix + "/{id}")
    name = made["uri"][0].removeprefix(f"gs://{bucket.name}/")
    stored = look_up(bucket._wire, bucket.name, name)
    assert stored is not None
    monkeypatch.setattr("lsnb.bucket.wire._PIECE", 100)
    assert [len(piece) for piece in content_of(bucket._wire, bucket.name, stored)] == [100, 100, 56]
    assert bucket.read_object(name) == Path(table["path"][0]).read_bytes()
    with pytest.raises(BucketError, match="came damaged: its bytes are not those the bucket has"):
        list(content_of(bucket._wire, bucket.name, replace(stored, crc32c="AAAAAA==")))
    with pytest.raises(BucketError, match="was replaced or deleted while it was read"):
        list(content_of(bucket._wire, bucket.name, replace(stored, generation=stored.generation - 1)))


def test_what_is_stored_packed_is_unpacked_within_bounds(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, prefix = place
    whole = gzip.compress(b"a" * 5_000) + gzip.compress(random.Random(1).randbytes(20_000)) + bytes(9_000)

    def put(content: bytes) -> str:
        blob = bucket._library().blob(f"{prefix}/packed.json")
        blob.content_encoding = "gzip"
        blob.upload_from_string(content)
        return str(blob.name)

    name = put(whole)
    plain = b"a" * 5_000 + random.Random(1).randbytes(20_000)
    assert bucket.read_object(name, most=len(plain)) == plain == bucket._library().blob(name).download_as_bytes()
    assert list(bucket.read_exports(name)) == [(name, plain)]
    report = bucket.download([name], tmp_path)
    assert (report.table["error"][0], Path(report.table["path"][0]).read_bytes()) == (None, plain)
    with pytest.raises(InputError, match=r"is larger than 25\.0 kB: give a larger most="):
        bucket.read_object(put(gzip.compress(bytes(25_000)) + gzip.compress(b"1")), most=25_000)
    for damaged in (whole[:100], b"no gzip", whole[:30] + b"?" + whole[31:]):
        with pytest.raises(BucketError, match=r"is stored packed \(gzip\) and cannot be unpacked: upload it again"):
            bucket.read_object(put(damaged))
    monkeypatch.setattr("lsnb.bucket.wire.RATIO_COUNTS_FROM", 10_000)
    bomb = bucket.download([put(gzip.compress(bytes(100_000)))], tmp_path / "bomb").table
    assert re.search(r"is stored packed, in 13\d bytes, and unpacks to more than 26\.\d kB: it was", bomb["error"][0])
    assert not [path for path in (tmp_path / "bomb").rglob("*") if path.is_file()]
