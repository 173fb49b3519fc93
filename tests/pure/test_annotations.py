"""Exports to the long table, to columns of annotators, and to the majority's answer."""

from __future__ import annotations

import copy
import gc
import itertools
import json
import math
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_tasks import D1, annotation, choice, d1_tasks, result, task

from lsnb.annotations import COLUMNS, brush_mask, long_table, majority, read_annotations, widen
from lsnb.errors import InputError, KeyColumnError, MissingFileError

BOX = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0}


def plain(values: pd.Series) -> list[object]:
    """The values, with None where one is missing, whatever pandas has there."""
    return [None if value is None or value != value else value for value in values.tolist()]


def box(label: str, id: str = "r1") -> dict:
    return result("rectanglelabels", {**BOX, "rectanglelabels": [label]}, id=id)


def everything() -> list[dict]:
    return [
        task(1, [annotation(choice("a", "b"), 11, by={"id": 1, "email": "ana@x.org"})], ID="1", note="n"),
        task(2, [annotation(choice("a"), 12, by=2, was_cancelled=True), annotation([], 13, by="ben@x.org")], ID="2"),
        task(3, [], ID="3", drafts=[{"id": 5, "annotation": None, "user": "ana@x.org", "result": choice("b")}, 6]),
        task(4, [], ID="4", value="x", coder="y"),
        task(5, [annotation([box("car"), result("rating", {**BOX, "rating": 3}, name="q")], 15)], ID="5"),
    ]


def test_every_answer_is_a_row_and_every_item_has_one():
    table = long_table(everything(), key="ID")
    assert tuple(table.columns) == COLUMNS
    found = list(zip(*(plain(table[name]) for name in ("item", "annotator", "value", "status")), strict=True))
    assert found == [
        ("1", "ana@x.org", "a", "submitted"),
        ("1", "ana@x.org", "b", "submitted"),
        ("2", "2", "a", "skipped"),
        ("2", "ben@x.org", None, "empty"),
        ("3", "ana@x.org", "b", "draft"),
        ("3", None, None, "draft"),
        ("4", None, None, "unlabelled"),
        ("5", "1", "car", "submitted"),
        ("5", "1", 3, "submitted"),
    ]
    assert table["region"].tolist()[-2:] == ["r1", "r1"]
    assert table["lead_time"].tolist()[:2] == [2.5, 2.5]


def test_dtypes_depend_on_nothing():
    full = long_table(everything(), key="ID")
    for tasks in ([], [task(1)], everything()[4:], [task("x", [annotation([], "y", by=None, at=None)])]):
        table = long_table(tasks)
        assert table.dtypes.to_dict() == full.dtypes.to_dict()
    assert str(full["updated_at"].dtype) == "datetime64[us, UTC]"
    assert full["value"].dtype == "object"


def test_data_columns_and_raw_on_request():
    table = long_table(everything(), key="ID", data=["value", "coder"], raw=True)
    assert tuple(table.columns) == (*COLUMNS, "data.value", "data.coder", "raw", "picture")
    row = table[table["item"] == "4"].iloc[0]
    assert (row["data.value"], row["data.coder"], row["raw"]) == ("x", "y", None)
    assert table["raw"].iloc[-1]["value"]["rating"] == 3
    with pytest.raises(InputError, match=r"field 'Note'\. Did you mean 'note'"):
        long_table(everything(), key="ID", data="Note")
    # Long numbers beside a gap or a decimal were rounded, and True beside 1 was 1; also of several projects.
    for cells in ([2**60 + 1, None], [2**60 + 1, 0.5], [True, 1], [1, 2.5], [2**70, None], [None, None]):
        tasks = [{**task(n, ID=str(n), x=cell), "project": n} for n, cell in enumerate(cells)]
        for one in (long_table(tasks, data="x"), read_annotations(tasks, data="x", key="ID")):
            back = [None if pd.isna(cell) else cell for cell in one["data.x"]]
            assert [(type(cell) is bool, cell) for cell in back] == [(type(cell) is bool, cell) for cell in cells]


def test_items_come_from_meta_then_the_key_then_the_task():
    tasks = [task(7, item="m", ID="k"), task(8, ID=12345678901234567890)]
    assert long_table(tasks, key="ID")["item"].tolist() == ["m", "12345678901234567890"]
    assert long_table(tasks)["item"].tolist() == ["m", "8"]
    with pytest.raises(KeyColumnError, match=r"task 7, 8 has no 'Id'.*Did you mean 'ID'"):
        long_table([task(7, ID="k"), task(8, ID="l")], key="Id")
    with pytest.raises(KeyColumnError, match="rounded number"):
        long_table([task(7, ID=1e18)], key="ID")


def test_the_annotator_can_be_given():
    table = long_table(everything(), key="ID", annotator="ana")
    assert set(table["annotator"]) == {"ana"}


def test_frames_get_seconds_from_the_tasks_rate():
    cut = [result("timelinelabels", {"ranges": [{"start": 9, "end": 15}], "timelinelabels": ["run"]})]
    table = long_table([task(1, [annotation(cut)], fps=10), task(2, [annotation(cut)])])
    assert table["start"].tolist()[0] == 0.8
    assert table["end"].tolist()[0] == 1.5
    assert table["start"].isna().tolist() == [False, True]
    assert table["end_frame"].tolist() == [15, 15]


def test_tasks_are_not_changed_and_the_collector_is_left_as_it_was():
    tasks = everything()
    before = copy.deepcopy(tasks)
    long_table(tasks, key="ID", data="note", raw=True)
    assert tasks == before
    assert gc.isenabled()
    with pytest.raises(KeyColumnError):
        long_table(tasks, key="nope")
    assert gc.isenabled()


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_one_file_parsed_json_and_one_task_are_the_same(tmp_path):
    tasks = everything()
    table = read_annotations(write(tmp_path, "a.json", tasks), key="ID")
    pd.testing.assert_frame_equal(table, long_table(tasks, key="ID"))
    pd.testing.assert_frame_equal(read_annotations(tasks, key="ID"), table)
    assert read_annotations(tasks[0], key="ID")["value"].tolist() == ["a", "b"]
    bom = tmp_path / "bom.json"
    bom.write_bytes(b"\xef\xbb\xbf" + json.dumps(tasks).encode())
    pd.testing.assert_frame_equal(read_annotations(str(bom), key="ID"), table)
    assert len(read_annotations([])) == 0


def test_not_a_number_is_taken_as_exporters_write_it(tmp_path):
    path = write(tmp_path, "a.json", json.dumps([task(1, ID="1", x=math.nan)]))
    assert read_annotations(path, key="ID")["item"].tolist() == ["1"]


def test_copies_with_accounts_of_their_own(tmp_path):
    paths = [write(tmp_path, f"{n}.json", tasks) for n, tasks in enumerate(d1_tasks())]
    table = read_annotations(paths, key="ID")
    assert widen(table, "mood").columns.tolist() == ["1", "2", "3"]
    for order in itertools.permutations(paths):
        pd.testing.assert_frame_equal(read_annotations(list(order), key="ID"), table)


def test_one_account_on_every_copy_is_told_apart_by_file(tmp_path):
    paths = []
    for name, tasks in zip(["ana", "ben", "eva"], d1_tasks(), strict=True):
        for done in itertools.chain.from_iterable(t["annotations"] for t in tasks):
            done["completed_by"] = 1
        paths.append(write(tmp_path, f"{name}.json", tasks))
    wide = widen(read_annotations(paths, key="ID"), "mood")
    assert wide.columns.tolist() == ["ana", "ben", "eva"]
    assert wide["ben"].tolist()[:4] == D1["B"][:4]


def test_one_account_and_another_in_a_file(tmp_path):
    first = [task(1, [annotation(choice("a"), 1, by=1), annotation(choice("b"), 2, by=2)], project=1, ID="x")]
    second = [task(2, [annotation(choice("b"), 3, by=1)], project=2, ID="x")]
    paths = [write(tmp_path, "p.json", first), write(tmp_path, "q.json", second)]
    assert set(read_annotations(paths, key="ID")["annotator"]) == {"1 (p)", "2", "q"}


def test_batches_by_one_account_stay_one_annotator(tmp_path):
    first, second = (
        [task(1, [annotation(choice("a"), 1)], 1, ID="x")],
        [task(2, [annotation(choice("a"), 2)], 2, ID="y")],
    )
    paths = [write(tmp_path, "p.json", first), write(tmp_path, "q.json", second)]
    assert set(read_annotations(paths, key="ID")["annotator"]) == {"1"}


def test_copies_that_do_not_say_who(tmp_path):
    paths = [write(tmp_path, f"{n}.json", [task(n, [annotation(choice("a"), n, by=None)], n, ID="x")]) for n in (1, 2)]
    paths += [write(tmp_path, "empty.json", []), write(tmp_path, "untouched.json", [task(3, [], 3, ID="x")])]
    table = read_annotations(paths, key="ID")
    assert plain(table["annotator"]) == ["1", "2", None]
    assert table.dtypes.to_dict() == long_table([]).dtypes.to_dict()


def test_files_of_one_name_are_told_apart_by_folder(tmp_path):
    paths = [
        write(tmp_path, f"{folder}/export.json", [task(n, [annotation(choice("a"), n)], n, ID="x")])
        for n, folder in enumerate(["ana", "ben"], start=1)
    ]
    assert set(read_annotations(paths, key="ID")["annotator"]) == {"ana/export", "ben/export"}


def packed(path: Path, members: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_of_exports_is_read_as_its_files(tmp_path):
    exports = {
        f"{name}.json": json.dumps([task(n, [annotation(choice(name), n)], n, ID="a")])
        for n, name in enumerate(["ben", "ana"], start=1)
    }
    for name, content in exports.items():
        (tmp_path / name).write_text(content)
    files = read_annotations([tmp_path / name for name in exports], key="ID")
    assert set(files["annotator"]) == {"ana", "ben"}
    # What a Mac adds, and what somebody kept beside them.
    others = {"__MACOSX/._ana.json": b"\0\5", "copies/._ben.json": b"\0", "notes.txt": "hello", "empty/": ""}
    archive = packed(tmp_path / "Saved.ZIP", {**exports, **others})
    pd.testing.assert_frame_equal(read_annotations(archive, key="ID"), files)
    with pytest.warns(UserWarning, match="more than one file"):
        assert len(read_annotations([archive, tmp_path / "ana.json"], key="ID")) == 2
    folders = packed(
        tmp_path / "folders.zip", {f"{Path(name).stem}/export.json": text for name, text in exports.items()}
    )
    assert set(read_annotations(folders, key="ID")["annotator"]) == {"ana/export", "ben/export"}


def test_a_zip_that_holds_no_exports_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match=r"book.xlsx is a zip without JSON files \(in it: a/b.xml\)"):
        read_annotations(packed(tmp_path / "book.xlsx", {"a/b.xml": "<x/>"}))
    with pytest.raises(InputError, match=r"none.zip is a zip without JSON files \(in it: nothing\)"):
        read_annotations(packed(tmp_path / "none.zip", {}))
    with pytest.raises(InputError, match=r"min.json in some.zip is not a list of Label Studio tasks"):
        read_annotations(packed(tmp_path / "some.zip", {"min.json": '[{"annotator": 1}]'}))
    whole = packed(tmp_path / "whole.zip", {"ana.json": json.dumps([task(1, ID="a")] * 50)}).read_bytes()
    (tmp_path / "half.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"half.zip is no zip, or only a part of one"):
        read_annotations(tmp_path / "half.zip")
    (tmp_path / "flipped.zip").write_bytes(whole[:60] + bytes(byte ^ 0xFF for byte in whole[60:80]) + whole[80:])
    with pytest.raises(InputError, match=r"ana.json in flipped.zip is damaged in the zip"):
        read_annotations(tmp_path / "flipped.zip")
    # The mark of a password, in both places where a zip has it.
    locked = bytearray(whole)
    locked[6] |= 1
    locked[whole.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    with pytest.raises(InputError, match=r"locked.zip: 'ana.json' is encrypted"):
        read_annotations(tmp_path / "locked.zip")


def test_an_annotation_in_two_exports_counts_once(tmp_path):
    old = [task(1, [annotation(choice("a"), 1)], ID="x"), task(2, [], ID="y")]
    new = [
        task(1, [annotation(choice("b"), 1, updated_at="2026-02-01T00:00:00Z")], ID="x"),
        task(2, [annotation(choice("c"), 2)], ID="y"),
    ]
    paths = [write(tmp_path, "monday.json", old), write(tmp_path, "friday.json", new)]
    for order in (paths, paths[::-1]):
        with pytest.warns(UserWarning, match="more than one file"):
            table = read_annotations(order, key="ID")
        assert table[["item", "value", "status"]].values.tolist() == [["x", "b", "submitted"], ["y", "c", "submitted"]]
    same = [write(tmp_path, "one.json", old), write(tmp_path, "two.json", old)]
    with pytest.warns(UserWarning, match="more than one file"):
        table = read_annotations(same, key="ID")
    assert table["item"].tolist() == ["x", "y"]


def test_several_files_without_a_key_get_a_warning(tmp_path):
    paths = [write(tmp_path, f"{n}.json", [task(n, ID="x")]) for n in (1, 2)]
    with pytest.warns(UserWarning, match="give key="):
        read_annotations(paths)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("id,choice\n1,a\n", r"is not JSON.*format JSON"),
        ({"images": [], "categories": [], "annotations": []}, "COCO"),
        ([1, 2], "not a list of Label Studio tasks"),
        ("[{", "damaged JSON"),
        ("", "is not JSON"),
    ],
)
def test_other_exports_are_refused_with_the_one_to_use(tmp_path, content, says):
    with pytest.raises(InputError, match=says):
        read_annotations(write(tmp_path, "export.json", content))


def test_paths_that_are_no_file(tmp_path):
    write(tmp_path, "ana.json", [])
    with pytest.raises(MissingFileError, match=r"Did you mean 'ana\.json'"):
        read_annotations(tmp_path / "Ana.jsn")
    (tmp_path / "books").mkdir()
    write(tmp_path / "books", "notes.txt", "hello")
    with pytest.raises(InputError, match=r"is a folder without JSON files \(in it: notes\.txt\)"):
        read_annotations(tmp_path / "books")
    with pytest.raises(InputError, match="not a int"):
        read_annotations(3)


def d1_long() -> pd.DataFrame:
    parts = [long_table(tasks, key="ID", annotator=name) for name, tasks in zip(D1, d1_tasks(), strict=True)]
    return pd.concat(parts, ignore_index=True)


def test_the_worked_example():
    wide = widen(d1_long(), "mood")
    assert wide.index.name == "item"
    assert {name: plain(wide[name]) for name in wide} == D1
    votes = majority(d1_long(), "mood")
    assert votes["item"].tolist() == list("123456")
    assert plain(votes["value"]) == ["pos", "pos", "neg", None, "pos", "neg"]
    assert votes["n"].tolist() == [3, 3, 3, 3, 2, 1]
    assert votes["share"].round(4).tolist() == [1, 0.6667, 1, 0.3333, 1, 1]
    assert votes["tie"].tolist() == [False, False, False, True, False, False]


def test_too_few_votes_decide_nothing():
    votes = majority(d1_long(), "mood", min_votes=2)
    assert votes["value"].isna().tolist() == [False, False, False, True, False, True]
    assert votes["tie"].tolist() == [False, False, False, True, False, False]
    with pytest.raises(InputError, match="min_votes is 0"):
        majority(d1_long(), "mood", min_votes=0)


@given(order=st.permutations(range(18)))
@settings(max_examples=25)
def test_the_order_of_rows_never_matters(order):
    table = d1_long()
    assert len(table) == 18
    before = table.copy(deep=True)
    pd.testing.assert_frame_equal(widen(table.iloc[order], "mood"), widen(table, "mood"))
    pd.testing.assert_frame_equal(majority(table.iloc[order], "mood"), majority(table, "mood"))
    pd.testing.assert_frame_equal(table, before)


def test_a_table_read_back_from_a_file_gives_the_same(tmp_path):
    path = tmp_path / "annotations.csv"
    d1_long().to_csv(path, index=False)
    again = pd.read_csv(path)
    pd.testing.assert_frame_equal(majority(again, "mood"), majority(d1_long(), "mood"), check_dtype=False)


def test_numbers_for_people_and_items_are_names(tmp_path):
    table = long_table([task(1, [annotation(choice("a"), by=7)]), task(2)])
    path = tmp_path / "annotations.csv"
    table.to_csv(path, index=False)
    wide = widen(pd.read_csv(path), "mood")
    assert (wide.index.tolist(), wide.columns.tolist()) == (["1", "2"], ["7"])
    with pytest.raises(InputError, match="read_table"):
        widen(table.assign(item=1e18), "mood")


def test_skips_drafts_and_empty_annotations_are_no_votes():
    skipped, empty = annotation(choice("a"), 1, by=1, was_cancelled=True), annotation([], 2, by=2)
    draft = {"user": "4", "result": choice("a")}
    tasks = [task(1, [skipped, empty, annotation(choice("b"), 3, by=3)], drafts=[draft]), task(2)]
    wide = widen(long_table(tasks), "mood")
    assert wide.columns.tolist() == ["1", "2", "3", "4"]
    assert wide.loc["1"].dropna().to_dict() == {"3": "b"}
    votes = majority(long_table(tasks), "mood")
    assert votes["n"].tolist() == [1, 0]
    assert votes["share"].isna().tolist() == [False, True]


def test_the_latest_of_two_annotations_by_one_person_counts():
    tasks = [
        task(1, [annotation(choice("new"), 1, at="2026-03-01T00:00:00Z"), annotation(choice("old"), 2)]),
        task(2, [annotation(choice("a"), 3), annotation(choice("b"), 4)]),
    ]
    with pytest.warns(UserWarning, match=r"2 items have more than one annotation by the same person \(1, 2\)"):
        wide = widen(long_table(tasks), "mood")
    assert wide["1"].tolist() == ["new", "b"]


def test_several_answers_are_a_sorted_tuple_everywhere():
    tasks = [task(1, [annotation(choice("b", "a"))]), task(2, [annotation(choice("a"))]), task(3)]
    column = widen(long_table(tasks), "mood")["1"]
    assert column.tolist()[:2] == [("a", "b"), ("a",)]
    votes = majority(long_table(tasks), "mood")
    assert votes["value"].tolist()[:2] == [("a", "b"), ("a",)]


def test_labels_of_regions_are_the_set_of_them():
    boxes = [box("car", "a"), box("bus", "b"), box("car", "c")]
    wide = widen(long_table([task(1, [annotation(boxes)])]), "c")
    assert wide["1"].tolist() == [("bus", "car")]


def test_texts_keep_their_order_and_numbers_are_numbers():
    words = [result("textarea", {"text": ["z", "a"]}, name="words")]
    stars = [result("rating", {"rating": 4}, name="stars")]
    table = long_table([task(1, [annotation(words + stars)]), task(2, [annotation(stars, 2, by=2)])])
    assert widen(table, "words")["1"].tolist()[0] == ("z", "a")
    wide = widen(table, "stars")
    assert wide["1"].dtype == "float64"
    assert majority(table, "stars")["value"].tolist() == [4.0, 4.0]


def test_answers_that_are_dicts_can_be_counted():
    ranks = [result("ranker", {"ranker": {"best": ["1"]}}, name="rank")]
    tasks = [task(1, [annotation(ranks, 1, by=1), annotation(ranks, 2, by=2)])]
    assert majority(long_table(tasks), "rank")["value"].tolist() == ['{"best":["1"]}']


def test_nobody_has_answered_yet():
    table = long_table([task(1), task(2)], annotator="ana")
    assert widen(table, "mood").isna().all(axis=None)
    votes = majority(table, "mood")
    assert votes["n"].tolist() == [0, 0]
    assert votes["value"].isna().all()
    assert len(majority(long_table([]), "mood")) == 0


def test_a_control_that_is_not_there_names_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'mood'"):
        widen(d1_long(), "Mood")
    with pytest.raises(InputError, match="not the long table"):
        widen(pd.DataFrame({"item": []}), "mood")


RECORDED = Path(__file__).parent / "exports"


def test_a_recorded_export_of_every_type():
    table = read_annotations(RECORDED / "every_type.json")
    assert table["item"].value_counts().to_dict() == {"001": 20, "002": 1, "003": 1, "004": 1, "005": 1}
    assert table.drop_duplicates("item")["status"].tolist() == ["submitted", "skipped", "empty", "draft", "unlabelled"]
    assert set(table["annotator"].dropna()) == {"1"}
    assert table["updated_at"].notna().sum() == 23
    first = table[table["item"] == "001"]
    answers = first[first["region"].isna()].groupby("control")["value"].agg(list).to_dict()
    assert answers == {
        "mood": ["neg", "pos"],
        "tax": ["animal > dog"],
        "stars": [4],
        "count": [2.5],
        "when": ["2026-01-02"],
        "words": ["one", "two"],
    }
    act = first[first["control"] == "act"].iloc[0]
    assert (act["start_frame"], act["end_frame"], act["start"], act["end"]) == (9, 15, 8 / 25, 15 / 25)
    regions = first[first["region"] == "track1"]
    assert regions["value"].tolist() == [None, "dog"]
    assert regions["start_frame"].tolist() == [5, 5]
    assert regions["end_frame"].tolist() == [45, 45]
    assert widen(table, "hidden")["1"].tolist()[0] == ("no",)


def test_a_recorded_export_of_rarer_types():
    table = read_annotations(RECORDED / "rarer_types.json", raw=True)
    assert dict(zip(table["kind"], table["value"], strict=True)) == {
        "bitmasklabels": "sky",
        "vectorlabels": "road",
        "rectangle": None,
        "labels": "car",
        "hypertextlabels": "claim",
        "paragraphlabels": "question",
        "timeserieslabels": "step",
        "pairwise": "left",
        "ranker": {"rank": ["b", "a"]},
    }
    placed = table.set_index("kind")
    assert placed.loc["timeserieslabels", ["start", "end"]].tolist() == [1.5, 2.5]
    assert placed.loc["hypertextlabels", ["start", "end"]].tolist() == [0, 3]
    assert placed.loc["vectorlabels", ["x", "y", "width", "height"]].tolist() == [1, 2, 4, 7]
    assert table["region"].isna().tolist() == [False] * 7 + [True] * 2
    assert not brush_mask(placed.loc["bitmasklabels", "raw"]).any()


def test_drafts_name_people_as_annotations_do():
    draft = {"user": "ana@x.org", "created_username": "Ana, ana@x.org, 3", "result": choice("a")}
    by_number = [task(1, [annotation(choice("a"), by=3)]), task(2, drafts=[draft])]
    assert set(long_table(by_number)["annotator"]) == {"3"}
    by_address = [task(1, [annotation(choice("a"), by={"id": 3, "email": "ana@x.org"})]), task(2, drafts=[draft])]
    assert set(long_table(by_address)["annotator"]) == {"ana@x.org"}


@pytest.mark.parametrize("kind", [["rectanglelabels"], {"a": 1}, None, 3])
def test_a_result_of_an_odd_type_is_a_row(kind: object) -> None:
    # Label Studio stores whatever is sent to it.
    odd = {"id": "r", "from_name": "b", "type": kind, "value": {"x": 1}}
    choice = {"id": "r", "from_name": "c", "type": "choices", "value": {"choices": ["up"]}}
    tasks = [{"id": 1, "data": {}, "annotations": [{"id": 1, "result": [odd, choice]}]}]
    assert long_table(tasks)["value"].tolist() == [{"x": 1}, "up"]
