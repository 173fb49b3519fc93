"""What lsnb writes it reads back as it was, whatever stands in the cells."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lsnb.annotations import widen, write_table
from lsnb.errors import InputError
from lsnb.kernel.tally import tally_of
from lsnb.labels.vocabulary import CHAT, KINDS, RELATIONS
from lsnb.reliability import evaluate, gold, methods_paragraph
from lsnb.tables import read_table
from lsnb.tables.cells import answers_of

ENDINGS = ("csv", "xlsx", "parquet", "jsonl")
AWKWARD = [
    *("None", "NA", "N/A", "null", "nan", "NaN", "inf", "True", "TRUE", "False", "#N/A", "#DIV/0!", "-", "+", "=", "@"),
    *(
        "01001",
        "0",
        "1",
        "-3",
        "+4.5",
        "1.50",
        "1e5",
        "1E5",
        "1.79E+18",
        "12345678901234567890",
        "1,5",
        "1.234",
        "0x10",
    ),
    *("=1+1", "'=1", "''=1", "'", "''", "'3", "-abc", "+41 79", "@SUM(A1)", "＝3", "a;=1+1", "a\r=1+1", "\r", "a\nb"),
    *(
        "\r\n",
        "\t=1",
        "  =2",
        " a ",
        'say "hi"',
        '"',
        '""',
        ",",
        ";",
        "|",
        "é",
        "emoji 👩‍👩‍👧",
        "\u200b",
        "\u2028",
        "\x1e",
        "\x1f",
    ),
    *('["a"]', "[]", "[ ]", '[ "a" ]', "{}", '{"a": 1}', "('a', 'b')", "'[]", "2026-01-02T00:00:00", "2026-01-02"),
    *("x" * 20_000, "_x000D_", "sep=;", "\ufeff", "\ufffd"),
]
texts = st.sampled_from(AWKWARD) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
)
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
nested = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | texts,
    lambda part: (
        st.lists(part, max_size=3) | st.lists(part, max_size=3).map(tuple) | st.dictionaries(texts, part, max_size=2)
    ),
    max_leaves=5,
).filter(lambda value: isinstance(value, list | tuple | dict))
whole = st.integers(-(2**63), 2**63 - 1)
times = st.datetimes(pd.Timestamp(1970, 1, 1), pd.Timestamp(2100, 1, 1)).map(pd.Timestamp)
columns = {
    "texts": texts,
    "texts and gaps": st.none() | texts,
    "whole": whole,
    "whole and gaps": st.none() | whole,
    "floats": st.floats(allow_nan=False, allow_infinity=False),
    "floats and gaps": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "flags": st.booleans(),
    "lists": nested,
    "everything": st.none() | texts | numbers | nested,
    "times": times,
    "times UTC": times.map(lambda time: time.tz_localize("UTC")),
    "durations": st.integers(-(2**62), 2**62).map(pd.Timedelta),
    "durations and gaps": st.none() | st.integers(-(2**62), 2**62).map(pd.Timedelta),
}


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    n = draw(st.integers(0, 4))
    names = draw(st.lists(st.sampled_from(sorted(columns)), min_size=1, max_size=4, unique=True))
    made = {}
    for name in names:
        cells = draw(st.lists(columns[name], min_size=n, max_size=n))
        dtype = {"whole": "int64", "whole and gaps": "Int64", "flags": "bool"}.get(name)
        if name.startswith("floats"):
            dtype = "float64"
        if name.startswith("times"):
            column = pd.Series(pd.to_datetime(cells, utc=name.endswith("UTC")))
        elif name.startswith("durations"):
            column = pd.Series(pd.to_timedelta(cells))
        else:
            column = pd.Series(cells, dtype=dtype or "object")
        made[name] = column
    return pd.DataFrame(made)


titles = st.lists(texts.filter(str.strip), min_size=1, max_size=4, unique=True)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(map(same, a.values(), b.values()))
    if pd.isna(a):
        return not isinstance(b, list | tuple | dict) and bool(pd.isna(b))
    if isinstance(a, float) and math.isnan(a):
        return isinstance(b, float) and math.isnan(b)
    return (isinstance(a, str) == isinstance(b, str)) and (isinstance(a, bool) == isinstance(b, bool)) and bool(a == b)


def assert_same(table: pd.DataFrame, again: pd.DataFrame, ending: str) -> None:
    assert list(again.columns) == list(table.columns)
    assert len(again) == len(table)
    for name in table.columns:
        for before, after in zip(table[name].tolist(), again[name].tolist(), strict=True):
            assert same(before, after), (name, before, after)
        if table[name].notna().any() and table[name].dtype.kind in "if":
            assert again[name].dtype.kind == table[name].dtype.kind


def round_trip(table: pd.DataFrame, folder: Path, ending: str, **options: Any) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.filterwarnings("error")
        path = write_table(table, folder / f"t.{ending}", **options)
        again = read_table(path)
    tally = tally_of(again)
    assert tally is not None
    assert (tally.seen, tally.taken, tally.left_out, tally.unexplained) == (len(table), len(table), {}, 0)
    return again


@pytest.mark.parametrize("ending", ENDINGS)
@given(table=tables())
@settings(max_examples=60)
def test_a_table_comes_back_as_it_was(tmp_path_factory, ending, table):
    _comes_back(table, tmp_path_factory.mktemp("t"), ending)


def _comes_back(table: pd.DataFrame, folder: Path, ending: str) -> None:
    try:
        again = round_trip(table, folder, ending)
    except InputError as fault:
        assume("than the 32,767 characters" not in str(fault))  # two of the long texts in one cell of a sheet
        raise
    assert_same(table, again, ending)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)  # 1,500 workbooks beside others' work
@pytest.mark.parametrize("ending", ENDINGS)
@given(table=tables())
@settings(max_examples=1500)
def test_many_tables_come_back_as_they_were(tmp_path_factory, ending, table):
    _comes_back(table, tmp_path_factory.mktemp("t"), ending)


@pytest.mark.parametrize("ending", ENDINGS)
@given(names=titles)
@settings(max_examples=30)
def test_names_of_columns_come_back(tmp_path_factory, ending, names):
    table = pd.DataFrame([["a"] * len(names)], columns=names)
    again = round_trip(table, tmp_path_factory.mktemp("t"), ending)
    assert_same(table, again, ending)


@pytest.mark.parametrize("guard", [True, False])
@given(cells=st.lists(st.none() | texts, max_size=4), alone=st.booleans())
@settings(max_examples=60)
def test_texts_come_back_whether_guarded_or_not(tmp_path_factory, guard, cells, alone):
    table = pd.DataFrame({"value": pd.Series(cells, dtype="object")})
    if not alone:
        table.insert(0, "item", [f"{number:03}" for number in range(len(cells))])
    elif not guard:
        cells = [cell or None for cell in cells]  # of one column alone, an empty text is an empty cell
        table = pd.DataFrame({"value": pd.Series(cells, dtype="object")})
    again = round_trip(table, tmp_path_factory.mktemp("t"), "csv", quote_formulas=guard)
    assert_same(table, again, "csv")


@pytest.mark.parametrize("ending", ENDINGS)
def test_awkward_texts_all_at_once_and_twice(tmp_path, ending):
    table = pd.DataFrame(
        {"item": [f"{n:03}" for n in range(len(AWKWARD))], "value": AWKWARD, "set": [(t, "b") for t in AWKWARD]}
    )
    once = round_trip(table, tmp_path, ending)
    assert_same(table, once, ending)
    first = (tmp_path / f"t.{ending}").read_bytes()
    assert_same(table, round_trip(once, tmp_path, ending), ending)
    if ending != "xlsx":  # a workbook holds the time at which it was written
        assert (tmp_path / f"t.{ending}").read_bytes() == first


def test_other_programs_read_the_same_texts(tmp_path):
    cells = [text for text in AWKWARD if "\r\n" not in text]
    path = write_table(pd.DataFrame({"n": range(len(cells)), "value": cells}), tmp_path / "a.csv", quote_formulas=False)
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert [row[1] for row in csv.reader(file)][1:] == cells
    assert pd.read_csv(path, dtype=str, keep_default_na=False)["value"].tolist() == cells


def test_no_cell_becomes_two_rows_or_a_formula(tmp_path):
    """A carriage return starts a row in a spreadsheet, and a semicolon a cell in half of Europe."""
    written = write_table(
        pd.DataFrame({"value": ["a\r=1+1", "b;=1+1", "c\t=1"], "x": 1}), tmp_path / "a.csv"
    ).read_bytes()
    assert written.decode("utf-8-sig").split("\n")[1:] == ['"a\r=1+1",1', '"b;=1+1",1', '"c\t=1",1', ""]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_nul_is_refused_with_a_sentence(tmp_path, ending):
    with pytest.raises(InputError, match=r"Texts of 'value' hold the character NUL"):
        write_table(pd.DataFrame({"value": ["a\0b"]}), tmp_path / f"a.{ending}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_half_a_character_is_refused_with_a_sentence(tmp_path, ending):
    with pytest.raises(InputError, match=r"half of a character"):
        write_table(pd.DataFrame({"value": pd.Series(["a\ud83d"], dtype="object")}), tmp_path / f"a.{ending}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_no_file_has_a_form_for_is_said(tmp_path, ending):
    table = pd.DataFrame({"tags": [{"a"}], "day": [dt.date(2026, 1, 2)], "part": [np.arange(5000)], "z": [1j]})
    with pytest.warns(UserWarning, match="set in 'tags', date in 'day', ndarray in 'part', complex in 'z'"):
        path = write_table(table, tmp_path / f"t.{ending}")
    assert read_table(path).to_dict("list") == {
        "tags": [["a"]],
        "day": ["2026-01-02"],
        "part": [list(range(5000))],
        "z": ["1j"],
    }


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "jsonl"])
@pytest.mark.parametrize(
    "cells",
    [
        [pd.Timestamp("2026-01-02 03:04:05"), "x", None],
        [pd.Timestamp("2026-01-02", tz="UTC"), pd.Timestamp("2026-01-02", tz="Europe/Berlin"), None],
        [pd.Timedelta("1s"), "x", 3],
        [math.inf, "x", 1],
        [[math.inf, 1.0], [2.0], None],
        [10**400, 1, 2],
        [pd.Timestamp("2026-01-02"), pd.Timestamp("2026-01-03"), None],
        [pd.Timestamp("2026-01-02", tz="UTC"), pd.Timestamp("2026-01-03", tz="UTC"), None],
        [pd.Timedelta("1s"), pd.Timedelta("2s"), None],
    ],
)
def test_what_a_file_keeps_alone_comes_back_or_is_said(cells, ending, tmp_path):
    table = pd.DataFrame({"v": pd.Series(cells, dtype="object")})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if ending == "jsonl" and math.inf in cells:
            with pytest.raises(InputError, match="JSON has no infinite number"):
                write_table(table, tmp_path / "t.jsonl")
            return
        path = write_table(table, tmp_path / f"t.{ending}")
    back = read_table(path)["v"].tolist()
    is_same = all(one == other or (one is None and pd.isna(other)) for one, other in zip(cells, back, strict=True))
    assert is_same is not any("has no form of its own in" in str(one.message) for one in said)


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_index_that_says_more_than_the_row_is_written(tmp_path, ending):
    """``widen`` has the items in its index: they were gone from the file without a word."""
    items = pd.Index(["007", "NA"], name="item")
    wide = pd.DataFrame({"ana": ["up", None]}, index=items)
    columns = {"item": list(items), "ana": wide["ana"].tolist()}
    for one in (wide, wide.reset_index().set_index("item", drop=False)):
        assert_same(pd.DataFrame(columns), round_trip(one, tmp_path, ending), ending)
    rows = wide.reset_index().iloc[[1]]
    assert_same(rows.reset_index(drop=True), round_trip(rows, tmp_path, ending), ending)
    with pytest.warns(UserWarning, match=f"index is written to t.{ending} as a column: 'index'"):
        path = write_table(wide.rename_axis(None), tmp_path / f"t.{ending}")
    assert read_table(path)["index"].tolist() == ["007", "NA"]
    for names in ([1, "1"], [math.nan, "nan"]):
        with pytest.raises(InputError, match="more than one column called"):
            write_table(pd.DataFrame([[1, 2]], columns=names), tmp_path / f"two.{ending}")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_studys_annotations_say_the_same_when_they_are_read_again(tmp_path, ending):
    """Of which choices several may be taken is known from the config: nothing chosen is an answer to these."""
    said = [("1", "ana", "up"), ("1", "ben", None), ("2", "ana", None), ("2", "ben", None), ("3", "ana", "up")]
    long = pd.DataFrame([*said, ("3", "ben", "up")], columns=["item", "annotator", "value"])
    long = long.assign(control="mood", kind="choices", status="submitted")
    long.loc[long["value"].isna(), ["control", "kind"]] = None
    long.attrs["several"] = ["mood"]
    for _ in range(2):
        again = round_trip(long, tmp_path, ending)
        pd.testing.assert_frame_equal(widen(again, "mood"), widen(long, "mood"))
        long = again
    assert widen(again, "mood").loc["2"].tolist() == [(), ()]
    final = gold(long, "mood", weights={"ana": 2}, min_votes=2)
    again = round_trip(final, tmp_path, ending)
    assert again.attrs["lsnb.rules"] == final.attrs["lsnb.rules"], "or the paragraph says that votes were counted alike"
    assert "Votes were weighted (ana 2 and" in methods_paragraph(long, "mood", gold=again)
    assert "lsnb.rules" not in round_trip(gold(long, "mood"), tmp_path, ending).attrs


@pytest.mark.parametrize("ending", ENDINGS)
def test_columns_of_arrow_and_sparse_ones_come_back(tmp_path, ending):
    pa = pytest.importorskip("pyarrow")
    cells = {"int64": [2**60 + 1, None], "string": ["1", None], "bool_": [True, None]}
    table = pd.DataFrame(
        {name: pd.Series(held, dtype=pd.ArrowDtype(getattr(pa, name)())) for name, held in cells.items()}
    )
    table["tags"] = pd.Series([[1, None], []], dtype=pd.ArrowDtype(pa.list_(pa.int64())))
    table["took"] = pd.Series([pd.Timedelta("1s"), None], dtype=pd.ArrowDtype(pa.duration("us")))
    table["n"] = pd.arrays.SparseArray([0, 5])
    again = round_trip(table, tmp_path, ending)
    expected = {**cells, "tags": [[1, None], []], "took": [pd.Timedelta("1s"), None], "n": [0, 5]}
    for name, held in expected.items():
        assert all(map(same, held, again[name].tolist())), name
    table["tags"] = table["tags"].map(str)
    table["day"] = pd.Series([dt.date(2026, 1, 2), None], dtype=pd.ArrowDtype(pa.date32()))
    with pytest.warns(UserWarning, match="date in 'day'"):
        write_table(table, tmp_path / f"t.{ending}")


def test_json_without_infinity(tmp_path):
    with pytest.raises(InputError, match="JSON has no infinite number, and x holds one"):
        write_table(pd.DataFrame({"x": [math.inf]}), tmp_path / "a.jsonl")
    for ending in ("csv", "xlsx", "parquet"):
        assert round_trip(pd.DataFrame({"x": [math.inf, 1.0]}), tmp_path, ending)["x"].tolist() == [math.inf, 1.0]


def test_long_ids_are_not_rounded_in_a_workbook(tmp_path):
    table = pd.DataFrame({"post": pd.array([1234567890123456789, None], dtype="Int64"), "x": [0.1 + 0.2, 2.0]})
    assert_same(table, round_trip(table, tmp_path, "xlsx"), "xlsx")
    assert openpyxl.load_workbook(tmp_path / "t.xlsx")["table"]["A2"].value == "1234567890123456789"


def test_gold_of_plus_and_minus_is_right_when_read_back(tmp_path):
    labels = ["+", "-", "+", "-"]
    gold = pd.DataFrame({"item": list("1234"), "value": labels})
    for _ in range(3):
        path = write_table(gold, tmp_path / "gold.csv")
        gold = read_table(path, key="item")
    assert gold["value"].tolist() == labels
    assert path.read_text(encoding="utf-8-sig").count("'") == 4
    model = pd.DataFrame({"ID": list("1234"), "label": labels})
    assert evaluate(model, gold, key="ID", column="label", resamples=0).accuracy == 1.0


def test_what_a_spreadsheet_saved_again_is_known_by_its_dictionary(tmp_path):
    table = pd.DataFrame({"item": ["01", "2"], "value": ["+", "'tis"], "n": [1, 2], "when": pd.Timestamp("2026-01-02")})
    path = write_table(table, tmp_path / "gold.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    assert read_table(path).to_dict("list") == table.to_dict("list")
    more = table.assign(share=[0.5, 1234.25], tie=[True, False])
    rows = [["item", "value", "n", "when", "share", "tie"]]
    rows += [["01", "+", "1", "1/2/2026 0:00", "0,5", "TRUE"], ["2", "'tis", "2", "1/2/2026 0:00", "1234,25", "FALSE"]]
    write_table(more, path).write_text("\n".join(";".join(row) for row in rows), encoding="cp1252")
    with pytest.warns(UserWarning, match="'when' was written as time, and '1/2/2026 0:00' is none: it stays text"):
        again = read_table(path)
    assert again[["n", "share", "tie"]].to_dict("list") == more[["n", "share", "tie"]].to_dict("list")
    write_table(table, path)
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    (tmp_path / "gold.columns.csv").unlink()
    assert read_table(path)["value"].tolist() == ["'+", "'tis"]


@pytest.mark.parametrize("with_dictionary", [True, False])
def test_codes_that_are_digits_stay_texts_beside_ratings_in_a_long_table_saved_again(tmp_path, with_dictionary):
    said = [("code", "choices", "1"), ("code", "choices", "01"), ("code", "choices", "1.0"), ("stars", "rating", 1)]
    said += [("size", "number", 2.5), ("box", "rectanglelabels", "7"), ("note", "textarea", '["a"]')]
    table = pd.DataFrame(said, columns=["control", "kind", "value"]).assign(
        item="a", annotator="ana", status="submitted"
    )
    path = write_table(table if with_dictionary else table[:-1], tmp_path / "long.csv")
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    if not with_dictionary:
        (tmp_path / "long.columns.csv").unlink()
    again = read_table(path)["value"].tolist()
    assert again == [value for _, _, value in said][: len(again)]
    assert [type(value) for value in again] == [str, str, str, int, float, str, str][: len(again)]


def test_the_kinds_whose_answers_are_texts_are_those_of_the_vocabulary():
    """A label of a video's track was a number where it is one of digits; no name of a kind tells."""
    no_texts = {kind for kind, tag in KINDS.items() if tag.level in ("ordinal", "interval", "order")}
    no_texts |= {CHAT.kind, RELATIONS.kind}
    for kind in {*KINDS, *no_texts}:
        assert isinstance(answers_of(["01", "1"], ["choices", kind]).tolist()[1], str) is (kind not in no_texts), kind


TURNED = {
    "added": lambda row, place: [*row, "note" if place == 0 else "ok"],
    "first": lambda row, place: ["seen" if place == 0 else "5", *row],
    "dropped": lambda row, place: row[:-1],
    "moved": lambda row, place: row[::-1],
    "renamed": lambda row, place: ["who", *row[1:]] if place == 0 else row,
}


@pytest.mark.parametrize("turn", TURNED)
def test_a_column_that_somebody_adds_or_moves_in_a_spreadsheet_changes_no_other(tmp_path, turn):
    table = pd.DataFrame(
        {"item": ["01", "2"], "mark": ["+", "-"], "value": [("a", "b"), ()], "code": ['["x"]', "=1"], "n": [1.5, 0.25]}
    )
    path = write_table(table, tmp_path / "gold.csv")
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(TURNED[turn](row, place) for place, row in enumerate(rows))
    book = openpyxl.load_workbook(write_table(table, tmp_path / "book.xlsx"))
    sheet, kept = book["table"], [[cell.value for cell in row] for row in book["table"].iter_rows()]
    sheet.delete_cols(1, 9)
    for place, row in enumerate(kept):
        for number, value in enumerate(TURNED[turn](row, place), start=1):
            cell = sheet.cell(place + 1, number, value)
            cell.data_type = "s" if isinstance(value, str) else cell.data_type
    book.save(tmp_path / "book.xlsx")
    for again in (read_table(path), read_table(tmp_path / "book.xlsx")):
        same = [name for name in table.columns if name in again.columns]
        assert len(same) >= 4
        assert again[same].to_dict("list") == table[same].to_dict("list")


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_dictionary_that_a_spreadsheet_saved_is_one_still(tmp_path, separator):
    table = pd.DataFrame({"item": ["01", "2"], "=mark": ["+", "-"], "value": [("a", "b"), ()], "n": [1.5, 0.25]})
    path = write_table(table, tmp_path / "gold.csv")
    for file in (path, tmp_path / "gold.columns.csv"):
        rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))
        with file.open("w", encoding="cp1252", newline="") as saved:
            csv.writer(saved, delimiter=separator).writerows(rows)
    assert read_table(path).to_dict("list") == table.to_dict("list")


@pytest.mark.parametrize(("cell", "value"), [("B2", "ca. 5"), ("C2", "soon"), ("D2", "x"), ("E2", "ja")])
def test_a_text_that_somebody_writes_among_numbers_or_times_is_said_and_no_damage(tmp_path, cell, value):
    times = [pd.Timestamp("2026-01-02", tz="UTC")] * 2
    table = pd.DataFrame({"item": ["1", "2"], "n": [1, 2], "when": times, "long": [10**17] * 2, "is": [True, False]})
    book = openpyxl.load_workbook(write_table(table, tmp_path / "a.xlsx"))
    book["table"][cell] = value
    book["table"]["A3"].value, book["table"]["A3"].data_type = "#N/A", "e"
    book.save(tmp_path / "a.xlsx")
    with pytest.warns(UserWarning, match=r"a\.xlsx: ") as said:
        again = read_table(tmp_path / "a.xlsx")
    name = table.columns[ord(cell[0]) - ord("A")]
    assert again.loc[0, name] == value
    assert again.loc[1, name] == table.loc[1, name]
    assert again["item"].isna().tolist() == [False, True]
    assert f"and {value!r} is none: it stays text" in str(said[1].message)
    assert "errors in column 'item' are read as empty: #N/A in row 3" in str(said[0].message)


def test_columns_whose_names_all_need_quotes_come_back(tmp_path):
    table = pd.DataFrame({"Alter, in Jahren": ["", "1", "'=1"], "Ort; PLZ": ["True", "01", "a"]})
    assert read_table(write_table(table, tmp_path / "a.csv")).to_dict("list") == table.to_dict("list")
    alone = pd.DataFrame({"a,b": ["", "''", "None", "2"]})
    assert read_table(write_table(alone, tmp_path / "b.csv")).to_dict("list") == alone.to_dict("list")


def test_two_tables_of_one_name_have_a_dictionary_each(tmp_path):
    numbers, texts = pd.DataFrame({"n": [1.5, 2.0], "x": ["a", "b"]}), pd.DataFrame({"n": ["1", "02"], "x": ["c", "d"]})
    for _ in range(2):
        write_table(numbers, tmp_path / "a.csv")
        write_table(texts, tmp_path / "a.xlsx")
        write_table(texts, tmp_path / "a.jsonl")
        names = ["a.columns.csv", "a.csv", "a.jsonl", "a.jsonl.columns.csv", "a.xlsx", "a.xlsx.columns.csv"]
        assert sorted(path.name for path in tmp_path.iterdir()) == names
        types = [read_table(tmp_path / name)["type"].tolist() for name in names if name.endswith("columns.csv")]
        assert types == [["number", "text"], ["text", "text"], ["text", "text"]]
    # Saved again by a German spreadsheet, which drops what tells texts from numbers.
    (tmp_path / "a.csv").write_text("n;x\r\n1,5;a\r\n2;b\r\n", encoding="cp1252")
    with pytest.warns(UserWarning, match="decimal commas in 'n'"):
        assert read_table(tmp_path / "a.csv").to_dict("list") == numbers.to_dict("list")
    (tmp_path / "a.csv").unlink()
    write_table(texts, tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.columns.csv")["file"].tolist() == ["a.parquet"] * 2
    (tmp_path / "b.csv").write_text("n,x\n007,a\n", encoding="utf-8")
    write_table(numbers, tmp_path / "b.xlsx")
    assert read_table(tmp_path / "b.csv")["n"].tolist() == ["007"]


def test_a_table_of_others_keeps_its_apostrophes_and_quoted_numbers_stay_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('"ID","n","said"\r\n"1","5","\'@ana hi"\r\n', encoding="utf-8-sig")
    assert read_table(path).to_dict("list") == {"ID": [1], "n": [5], "said": ["'@ana hi"]}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@example(changed="item,value\n", at=0)
@given(changed=st.text("a,\"'\n\r;=1", max_size=6), at=st.integers(0, 30))
@settings(max_examples=60)
def test_a_file_of_ours_that_somebody_changed_is_a_table_or_a_sentence(tmp_path_factory, newline, changed, at):
    folder = tmp_path_factory.mktemp("t")
    path = write_table(pd.DataFrame({"item": ["1", "2"], "value": ["+", None]}), folder / "a.csv")
    text = path.read_text(encoding="utf-8-sig")
    path.write_text((text[:at] + changed + text[at:]).replace("\n", newline), encoding="utf-8-sig", newline="")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = read_table(path)
        except InputError:
            return
    tally = tally_of(table)
    assert tally is not None
    assert tally.unexplained == 0


def bent_workbook(folder: Path, bend: Any) -> Path:
    table = pd.DataFrame(
        {
            "ID": ["a", "b"],
            "when": [pd.Timestamp("2026-01-02 03:04:05.123456"), pd.NaT],
            "took": pd.to_timedelta([1, 2], unit="s"),
            "tags": [["a"], []],
            "text": ['["a"]', "=1"],
            "long": [2**60, 1],
        }
    )
    path = folder / "t.xlsx"
    write_table(table, path)
    book = openpyxl.load_workbook(path)
    bend(book)
    book.save(path)
    return path


@pytest.mark.parametrize(
    "bend",
    [
        lambda book: book.create_sheet("notes").append(["a", "b"]),
        lambda book: book.move_sheet("columns", -1),
        lambda book: setattr(book["table"], "title", "Tabelle1"),
        lambda book: (setattr(book["table"], "title", "Daten"), setattr(book["columns"], "title", "Spalten")),
        lambda book: book.copy_worksheet(book["table"]),
    ],
)
def test_a_workbook_to_which_somebody_adds_sheets_or_names_says_what_it_was(tmp_path, bend):
    table = read_table(bent_workbook(tmp_path, bend), key="ID")
    assert table["when"][0] == pd.Timestamp("2026-01-02 03:04:05.123456")
    assert table["took"].tolist() == [pd.Timedelta(seconds=1), pd.Timedelta(seconds=2)]
    assert table["tags"].tolist() == [["a"], []]
    assert table["text"].tolist() == ['["a"]', "=1"]
    assert table["long"].tolist() == [2**60, 1]


def test_a_workbook_without_the_sheet_that_says_what_its_columns_are_tells_so(tmp_path):
    path = bent_workbook(tmp_path, lambda book: book.remove(book["columns"]))
    with pytest.warns(UserWarning, match="no sheet 'columns' that says what they were") as said:
        table = read_table(path)
    assert table["tags"].tolist() == ['["a"]', "[]"]
    told = " ".join(str(one.message) for one in said)
    assert all(f"'{name}' (" in told for name in ("when", "took", "tags", "text"))
    other = openpyxl.Workbook()
    other.active.title = "table"
    for row in (["ID", "x"], ["a", "12"], ["b", "2024-01-02"], ["c", "True"]):
        other.active.append(row)
    other.save(tmp_path / "other.xlsx")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_table(tmp_path / "other.xlsx")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_apostrophes_of_the_guard_in_a_file_saved_under_another_name_are_said(tmp_path, separator):
    path = tmp_path / "gold.csv"
    write_table(pd.DataFrame({"ID": ["a", "b"], "mood": ["+", "-"]}), path)
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    with (tmp_path / "mine.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=separator, lineterminator="\r\n").writerows(rows)
    with pytest.warns(UserWarning, match="an apostrophe stands before .* 'mood'"):
        assert read_table(tmp_path / "mine.csv")["mood"].tolist() == ["'+", "'-"]
    (tmp_path / "gold.columns.csv").rename(tmp_path / "mine.columns.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_table(tmp_path / "mine.csv")["mood"].tolist() == ["+", "-"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_lists_in_a_csv_that_was_saved_anew_under_another_name_are_said(tmp_path: Path, separator: str) -> None:
    table = pd.DataFrame(
        {"item": ["a", "b"], "mood": [("x",), ("x", "y")], "tags": [["q"], []], "text": ["[ a ]", "b"]}
    )
    write_table(table, tmp_path / "own.csv")
    with (tmp_path / "own.csv").open(encoding="utf-8-sig", newline="") as given:
        rows = list(csv.reader(given))
    with (tmp_path / "other.csv").open("w", encoding="utf-8-sig", newline="") as made:
        csv.writer(made, delimiter=separator).writerows(rows)
    with pytest.warns(UserWarning, match="no data dictionary .* says what they were") as said:
        found = read_table(tmp_path / "other.csv")
    assert len(said) == 1
    assert """in 'mood' ('[ "x" ]'), 'tags' ('["q"]') are read as texts""" in str(said[0].message)
    assert found["mood"].tolist() == ['[ "x" ]', '[ "x", "y" ]']
    (tmp_path / "own.columns.csv").rename(tmp_path / "other.columns.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "other.csv"), table)


def test_lists_as_others_write_them_into_a_csv_are_texts_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,tags,said\na,"[""x""]",see [ 1 ] there\nb,"{""x"": 1}","[ no, list"\n')
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_table(path)["tags"].tolist() == ['["x"]', '{"x": 1}']
