"""Files for others: nothing lost, nothing run, nothing half written, and a dictionary beside each."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_studio_sdk.converter import brush
from label_studio_tasks import annotation, choice, result, task

from lsnb.annotations import (
    COLUMNS,
    data_dictionary,
    expand_tracks,
    in_words,
    long_table,
    read_annotations,
    to_coco,
    write_table,
)
from lsnb.annotations.outputs import MEANINGS
from lsnb.errors import InputError, MissingExtraError
from lsnb.tables import read_table
from lsnb.tables.cells import guarded

RECORDED = Path(__file__).parent / "exports" / "every_type.json"
NASTY = ["=1+1", "+41 79", "-abc", "@SUM(A1)", "\t=1", "  =2", "＝3", "-3", "+4.5", "1e5", "plain", "a=b", "'=1"]
SIZE = {"original_width": 200, "original_height": 100}


def everything() -> pd.DataFrame:
    return read_annotations(RECORDED, raw=True, data=["text"])


def test_formulas_are_quoted_and_numbers_are_not(tmp_path):
    table = pd.DataFrame({"item": range(len(NASTY)), "value": NASTY, "=cell": -1.5})
    before = table.copy()
    text = pd.read_csv(write_table(table, tmp_path / "a.csv"), dtype=str)
    quoted = [cell for cell, written in zip(NASTY, text["value"], strict=True) if written == f"'{cell}"]
    assert quoted == ["=1+1", "+41 79", "-abc", "@SUM(A1)", "\t=1", "  =2", "＝3", "'=1"]
    assert text.columns.tolist() == ["item", "value", "'=cell"]
    assert set(text["'=cell"]) == {"-1.5"}
    as_is = pd.read_csv(write_table(table, tmp_path / "a.csv", quote_formulas=False), dtype=str)
    assert as_is["value"].tolist() == NASTY
    pd.testing.assert_frame_equal(table, before)


@given(st.text(max_size=12))
def test_no_text_starts_a_formula(text):
    written = guarded(text)
    assert written.removeprefix("'") == text.removeprefix("'")
    assert not re.match(r"[=@\t\r＝＋－＠]", written)
    if re.match(r"[+-]", written):
        assert re.fullmatch(r"[+-][\d.,]+(?:[eE][+-]?\d+)?", written)


def test_worksheets_hold_texts_not_formulas(tmp_path):
    table = pd.DataFrame(
        {"item": ["1", "2"], "value": ["=1+1", "bell \x07"], "when": pd.Timestamp("2026-01-02", tz="UTC")}
    )
    book = openpyxl.load_workbook(write_table(table, tmp_path / "a.xlsx"))
    cell = book["table"]["B2"]
    assert (cell.data_type, cell.value) == ("s", "=1+1")
    assert book["table"]["B3"].value == "bell _x0007_"  # as Excel itself writes control characters
    assert book["table"]["C2"].value == "2026-01-02T00:00:00+00:00"
    assert [row[0].value for row in book["columns"].iter_rows(min_row=2)] == ["item", "value", "when"]
    with pytest.raises(InputError, match="Cells of value are longer"):
        write_table(table.assign(value="x" * 40_000), tmp_path / "b.xlsx")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.columns.csv", "a.xlsx"]


def test_json_lines_keep_what_is_there(tmp_path):
    table = everything()
    lines = write_table(table, tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == len(table)
    assert rows[0]["raw"] == table["raw"].iloc[0]
    assert rows[-1]["value"] is None
    assert rows[0]["x"] == table["x"].iloc[0]
    tracks = expand_tracks(table)
    assert json.loads(write_table(tracks, tmp_path / "b.jsonl").read_text().splitlines()[0])["frame"] == 5


def test_parquet(tmp_path):
    table = everything()
    if importlib.util.find_spec("pyarrow") is None:
        with pytest.raises(MissingExtraError, match="pip install pyarrow"):
            write_table(table, tmp_path / "a.parquet")
        assert list(tmp_path.iterdir()) == []
        return
    again = pd.read_parquet(write_table(table, tmp_path / "a.parquet"))
    assert again["item"].tolist() == table["item"].tolist()
    assert json.loads(again["raw"].iloc[0]) == table["raw"].iloc[0]
    assert str(again["updated_at"].dtype).startswith("datetime64")


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize("ending", ["csv", "xlsx", "jsonl", "coco.json"])
def test_each_has_its_dictionary(tmp_path, ending):
    write_table(everything(), tmp_path / f"a.b.{ending}")
    about = pd.read_csv(tmp_path / "a.b.columns.csv")
    assert about["meaning"].notna().all()
    if ending != "coco.json":
        assert about["column"].tolist() == [*COLUMNS, "data.text", "raw", "picture"]


def test_a_column_of_the_users_own_has_no_meaning_of_ours():
    own = pd.DataFrame({"ID": ["1"], "status": ["married"], "path": ["a/b.png"], "value": [3], "split": ["left"]})
    assert set(data_dictionary(own)["meaning"]) == {""}
    parted = own.assign(split="test", item="k")
    assert data_dictionary(parted)["meaning"].tolist() == ["", "", "", "", MEANINGS["split"], MEANINGS["item"]]


def test_an_error_is_ours_beside_our_outcomes_alone(tmp_path):
    report = pd.DataFrame({"status": ["uploaded", "missing"], "error": [None, "There is no file."]})
    assert data_dictionary(report)["meaning"].tolist() == ["", MEANINGS["error"]]
    assert data_dictionary(report.assign(error=None))["meaning"].tolist() == ["", MEANINGS["error"]]
    for own in (report.assign(status="married"), report.assign(error=[0.5, 1.5])):
        assert data_dictionary(own)["meaning"].tolist() == ["", ""]
    lists = pd.DataFrame({"item": ["a"], "status": [["done"]], "split": [["left"]], "error": [["x"]]})
    assert data_dictionary(lists)["meaning"].tolist() == [MEANINGS["item"], "", "", ""]
    assert read_table(write_table(lists, tmp_path / "a.csv")).to_dict("list") == lists.to_dict("list")


def test_every_column_of_ours_has_a_meaning():
    assert set(COLUMNS) <= MEANINGS.keys()
    assert set(expand_tracks(everything()).columns) - {"data.text"} <= MEANINGS.keys()
    votes = pd.DataFrame({"item": ["a", "b", "c"], "value": [("x", "y"), (), None]})
    assert data_dictionary(votes)["examples"][1] == '[ "x", "y" ]; [ ]'
    assert in_words(votes)["value"].tolist()[:2] == ["x, y", "nothing"]
    assert in_words(votes)["value"].isna().tolist() == [False, False, True]
    about = data_dictionary(pd.DataFrame({"mine": [1, None, 2], "item": ["a", "a", "b"]}), {"mine": "My score"})
    assert about[["column", "meaning", "type", "filled", "distinct"]].values.tolist() == [
        ["mine", "My score", "number", 2, 2],
        ["item", MEANINGS["item"], "text", 3, 2],
    ]
    assert about["examples"].tolist()[1] == "a; b"


def test_endings_and_columns_that_cannot_be(tmp_path):
    with pytest.raises(InputError, match=r"\.docx"):
        write_table(everything(), tmp_path / "a.docx")
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(InputError, match="more than one column called a"):
        write_table(twice, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = write_table(pd.DataFrame({"item": ["1"]}), tmp_path / "a.xlsx")
    before = path.read_bytes()
    with pytest.raises(InputError):
        write_table(pd.DataFrame({"item": ["x" * 40_000]}), path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_coco_of_every_recorded_shape():
    table = everything()
    before = table.copy(deep=True)
    with pytest.warns(UserWarning, match="left out.*1 of polygonlabels"):
        coco = to_coco(table)
    pd.testing.assert_frame_equal(table, before)
    assert {c["name"] for c in coco["categories"]} == {"car", "eye"}
    by_name = {c["id"]: c["name"] for c in coco["categories"]}
    shapes = {by_name[a["category_id"]]: a for a in coco["annotations"]}
    assert shapes["car"]["bbox"] == [64, 96, 192, 192]
    assert shapes["car"]["area"] == 192 * 192
    assert shapes["car"]["segmentation"] == [[64, 96, 256, 96, 256, 288, 64, 288]]
    assert shapes["eye"]["area"] == pytest.approx(np.pi * 64 * 24, rel=1e-3)
    assert shapes["car"]["annotator"] == "1"
    image = next(i for i in coco["images"] if i["id"] == shapes["car"]["image_id"])
    assert (image["item"], image["width"], image["height"]) == ("001", 640, 480)
    assert len(coco["images"]) == 5


def test_coco_masks_and_key_points():
    mask = np.zeros((100, 200), np.uint8)
    mask[10:20, 0:5] = 255
    rle = brush.encode_rle(np.repeat(mask.ravel(), 4))
    painted = result("brushlabels", {"format": "rle", "rle": rle, "brushlabels": ["sky"]}, id="m", **SIZE)
    point = result("keypointlabels", {"x": 50, "y": 50, "width": 1, "keypointlabels": ["nose"]}, id="k", **SIZE)
    done = annotation([painted, point])
    coco = to_coco(long_table([task(1, [done, annotation([point], 2, was_cancelled=True)])], raw=True))
    by_region = {a["region"]: a for a in coco["annotations"]}
    assert len(coco["annotations"]) == 2
    assert by_region["k"]["keypoints"] == [100.0, 50.0, 2]
    counts = by_region["m"]["segmentation"]["counts"]
    flat = np.repeat(np.arange(len(counts)) % 2, counts)
    np.testing.assert_array_equal(flat.reshape(200, 100).T, mask > 0)
    assert (by_region["m"]["bbox"], by_region["m"]["area"]) == ([0, 10, 5, 10], 50)


def test_pictures_side_by_side_are_two_images_of_coco():
    box = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["cat"]}
    drawn = [
        {"id": f"r{n}", "from_name": "b", "to_name": on, "type": "rectanglelabels", "value": box}
        | {"original_width": width, "original_height": height}
        for n, (on, width, height) in enumerate([("left", 100, 50), ("right", 200, 200)])
    ]
    tasks = [
        {"id": 1, "data": {"left": "gs://b/a.jpg", "right": "gs://b/b.png"}}
        | {"annotations": [{"id": 5, "completed_by": 3, "result": drawn}, {"id": 6, "completed_by": 4, "result": []}]}
    ]
    made = to_coco(long_table(tasks, raw=True, data=["left", "right"]))
    assert [(one["file_name"], one["width"], one["height"], one["annotators"]) for one in made["images"]] == [
        ("gs://b/a.jpg", 100, 50, ["3", "4"]),
        ("gs://b/b.png", 200, 200, ["3", "4"]),
    ]
    assert [(one["image_id"], one["bbox"]) for one in made["annotations"]] == [
        (1, [10.0, 5.0, 20.0, 10.0]),
        (2, [20.0, 20.0, 40.0, 40.0]),
    ]
    both = ["gs://b/a.jpg", "gs://b/b.png"]
    assert [one["file_name"] for one in to_coco(long_table(tasks, raw=True))["images"]] == both
    tasks[0]["annotations"][0]["result"] = drawn[1:]
    assert [one["file_name"] for one in to_coco(long_table(tasks, raw=True))["images"]] == both[1:]
    tasks[0] |= {"data": {"links": "gs://b/a.jpg", "rechts": "gs://b/b.png"}}
    assert [one["file_name"] for one in to_coco(long_table(tasks, raw=True))["images"]] == ["1"]
    tasks[0]["annotations"][0]["result"] = drawn
    with pytest.warns(UserWarning, match="1#left, 1#right are no names of files"):
        assert [one["file_name"] for one in to_coco(long_table(tasks, raw=True))["images"]] == ["1#left", "1#right"]


def test_pictures_side_by_side_keep_their_addresses_in_every_format(tmp_path):
    tasks = [{"id": 1, "data": {"left": "a.jpg", "right": "b.png"}, "annotations": [annotation(choice("x"), id=4)]}]
    table = long_table(tasks, raw=True)
    for ending in (".csv", ".xlsx", ".parquet", ".jsonl"):
        write_table(table, tmp_path / f"t{ending}")
        assert read_table(tmp_path / f"t{ending}")["picture"].tolist() == [{"left": "a.jpg", "right": "b.png"}]


def test_coco_does_not_depend_on_the_order_of_rows():
    table = everything().query("control != 'poly'")
    with pytest.warns(UserWarning, match="left out"):
        assert to_coco(table.iloc[::-1]) == to_coco(table)
    assert to_coco(long_table([task(1, [annotation(choice("a"))])], raw=True))["annotations"] == []
