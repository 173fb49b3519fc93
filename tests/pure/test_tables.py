"""Files as people have them on a drive, and the column that identifies items."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsnb.errors import InputError, KeyColumnError, MissingExtraError, MissingFileError, TableError
from lsnb.tables import check_key, read_table

LONG = "1234567890123456789"


def write(folder: Path, content: str | bytes, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_separator_and_encoding(tmp_path, separator, encoding, newline):
    rows = ["ID|caption|n", '007|"Señor; says, ""hi""\t!"|1', f"{LONG}|naïve|2", ""]
    text = newline.join(rows).replace("|", separator)
    table = read_table(write(tmp_path, text, encoding=encoding), key="ID")
    assert list(table["ID"]) == ["007", LONG]
    assert list(table["caption"]) == ['Señor; says, "hi"\t!', "naïve"]
    assert table["n"].dtype == "int64"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ID;x\n1;1,5\n2;-2\n", {"ID": ["1", "2"], "x": [1.5, -2.0]}),
        ("ID;x\n1;1,5\n2;a, b\n", {"ID": ["1", "2"], "x": ["1,5", "a, b"]}),
        ("ID;a, b\n1;2\n", {"ID": ["1"], "a, b": [2]}),
        ("ID,x;y\n1,2\n", {"ID": ["1"], "x;y": [2]}),
        ("ID\na\nb\n", {"ID": ["a", "b"]}),
        ("ID\n1,5\nhello; you\n", {"ID": ["1,5", "hello; you"]}),
        ('ID, text\n1, "a, b"\n', {"ID": ["1"], "text": ["a, b"]}),
        ("ID|text\n1|a, b\n2|c\n", {"ID": ["1", "2"], "text": ["a, b", "c"]}),
        ("ID,a|b\n1,x\n2,y|z\n", {"ID": ["1", "2"], "a|b": ["x", "y|z"]}),
        ("sep=;\nID;x\n1;2\n", {"ID": ["1"], "x": [2]}),
        ('ID,x\n1,"two\nlines"\n', {"ID": ["1"], "x": ["two\nlines"]}),
        ("ID,x\n\n1,2\n\n", {"ID": ["1"], "x": [2]}),
        ("ID,x\n1,2,,\n", {"ID": ["1"], "x": [2]}),
        ("ID,x\nNA,1\nnull,2\n", {"ID": ["NA", "null"], "x": [1, 2]}),
        ("ID,x\n", {"ID": [], "x": []}),
        ("x,ID\n1,2\n", {"x": [1], "ID": ["2"]}),
    ],
)
def test_what_the_file_says(tmp_path, text, expected):
    assert read_table(write(tmp_path, text), key="ID").to_dict("list") == expected


def test_other_columns_are_what_pandas_infers(tmp_path):
    text = "ID,whole,part,flag,text,none\n1,1,1.5,True,a,\n2,2,2.5,False,b,\n"
    path = write(tmp_path, text)
    pd.testing.assert_frame_equal(read_table(path, key="ID").drop(columns="ID"), pd.read_csv(path).drop(columns="ID"))
    pd.testing.assert_frame_equal(read_table(path), pd.read_csv(path))


NEXT = str(int(LONG) + 1)
LONGER = LONG + "01234"


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        ([LONG, "", NEXT], "Int64", [int(LONG), None, int(NEXT)]),
        (["-" + LONG, ""], "Int64", [-int(LONG), None]),
        ([LONG, NEXT], "int64", [int(LONG), int(NEXT)]),
        ([LONGER, "", "7"], "object", [LONGER, None, "7"]),
        ([LONGER, LONG], "object", [LONGER, LONG]),
        ([LONG, "1.5"], "text", [LONG, "1.5"]),
        (["12", "", "13"], "Int64", [12, None, 13]),
        (["1e+300", "", "1.0"], "float64", [1e300, None, 1.0]),
        (["1e300", "", "1"], "text", ["1e300", None, "1"]),
    ],
)
@pytest.mark.parametrize("separator", [",", ";"])
def test_long_numbers_of_any_column_keep_their_digits(tmp_path, cells, kind, expected, separator):
    rows = [f"k{i}{separator}{cell}" for i, cell in enumerate(cells)]
    path = write(tmp_path, "\n".join([f"ID{separator}post", *rows]))
    for key in ("ID", None):
        post = read_table(path, key=key)["post"]
        assert post.dtype == (pd.Series(["text"]).dtype if kind == "text" else kind)
        cells_read = [None if pd.isna(cell) else cell for cell in post]
        if kind == "object":  # pandas 2 reads texts here, pandas 3 Python's whole numbers: neither rounds
            cells_read = [None if cell is None else str(cell) for cell in cells_read]
        assert cells_read == expected


def test_a_decimal_comma_rounds_no_long_number(tmp_path):
    table = read_table(write(tmp_path, f"ID;x\na;{LONG}\nb;1,5\n"), key="ID")
    assert list(table["x"]) == [LONG, "1,5"]


def test_long_texts_are_read(tmp_path):
    text = "x" * 300_000
    assert read_table(write(tmp_path, f"ID,text\n1,{text}\n"), key="ID")["text"][0] == text


def test_a_short_row_is_filled_with_a_warning(tmp_path):
    with pytest.warns(UserWarning, match=r"row 3 has fewer fields"):
        table = read_table(write(tmp_path, "ID,a,b\n1,2,3\n4,5\n"), key="ID")
    assert table["b"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        ("ID,x\n1,2\n3,4,5\n", r"row 3.*Put quotes"),
        ("ID,ID\n1,2\n", "more than one column called 'ID'"),
        ('ID,x\n1,"open\n2,3\n', "never closed"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "97–2003"),
        ('[{"data": {}}]', "read_annotations"),
        (b"%PDF-1.7 stuff", "not a table"),
        (b"ID,x\n1,\x81\x8d\n", "UTF-8, UTF-16 or Windows-1252"),
        (b"ID,x\n1,2\n" + b"\0" * 500, "UTF-8, UTF-16 or Windows-1252"),
        (",,\n1,2,3\n", "no header"),
        (b"PK\x03\x04 not really", "damaged workbook"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(tmp_path, content, says):
    with pytest.raises(TableError, match=says):
        read_table(write(tmp_path, content, name="table.xls"), key="ID")


def test_a_missing_file_names_its_nearest_sibling(tmp_path):
    write(tmp_path, "ID\n1\n", name="Media.csv")
    with pytest.raises(MissingFileError, match=r"no file media\.cvs .*Did you mean 'Media\.csv'"):
        read_table(tmp_path / "media.cvs")
    with pytest.raises(FileNotFoundError, match=r"Files there: Media\.csv"):
        read_table(tmp_path / "zzz")
    with pytest.raises(MissingFileError, match=r"folder .* does not exist"):
        read_table(tmp_path / "no" / "media.csv")
    with pytest.raises(TableError, match=r"is a folder.*Media\.csv"):
        read_table(tmp_path)
    with pytest.raises(InputError, match="A path is needed"):
        read_table(3)


def test_a_path_that_no_file_can_have():
    with pytest.raises(
        MissingFileError, match=r"There is no file 'a{56}…: the name is too long for one\. Give the path"
    ):
        read_table("a" * 300)
    with pytest.raises(MissingFileError, match=r"no file '~nobody-called-so/t\.csv': nobody of that name"):
        read_table("~nobody-called-so/t.csv")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc, whose files can fail to read")
def test_a_file_that_cannot_be_opened():
    with pytest.raises(TableError, match=r"/proc/self/mem cannot be opened: the system says 'Input/output error'"):
        read_table("/proc/self/mem")


def test_an_absent_key_names_its_nearest_column(tmp_path):
    with pytest.raises(KeyColumnError, match=r"no column 'id'\. Did you mean 'ID'\? Its columns: ID, text"):
        read_table(write(tmp_path, "ID,text\n1,a\n"), key="id")


def workbook(folder: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    path = folder / "book.xlsx"
    book.save(path)
    return path


def with_exact_number(path: Path, stand_in: int, number: str) -> Path:
    """openpyxl writes 16 digits; other programs write all of them."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(f"<v>{stand_in}</v>".encode(), f"<v>{number}</v>".encode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def test_excel(tmp_path):
    rows = [["x", "ID", "when"], [1.5, "007", "a"], [2, 1234567890123457, None], [None, None, "b"], [3, 12.0, "c"]]
    table = read_table(workbook(tmp_path, rows), key="ID")
    assert table["ID"].tolist()[:2] == ["007", "1234567890123457"]
    assert pd.isna(table["ID"][2])
    assert table["ID"][3] == "12"
    assert table["x"].dtype == "float64"
    assert list(table.columns) == ["x", "ID", "when"]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_rows_without_a_key_are_named_as_the_file_numbers_them(tmp_path, ending):
    path = tmp_path / f"book.{ending}"
    rows = [["ID", "x"], ["a", 1], [], [None, 2], [" ", 3], ["b", 4]]
    if ending == "csv":
        path.write_text("\n".join(",".join(str(cell or "") for cell in row) for row in rows))
    else:
        workbook(tmp_path, rows)
    with pytest.warns(UserWarning, match="column 'ID' is empty in rows 4, 5: give each item a key"):
        read_table(path, key="ID")


def test_excel_whole_ids_beside_an_empty_cell_stay_exact(tmp_path):
    path = with_exact_number(workbook(tmp_path, [["ID", "x"], [77, 1], [None, 2]]), 77, LONG)
    table = read_table(path, key="ID")
    assert table["ID"][0] == LONG


def test_excel_numbers_of_any_column_keep_their_digits(tmp_path):
    path = with_exact_number(workbook(tmp_path, [["ID", "post", "x"], ["a", 77, 1.5], ["b", None, None]]), 77, LONG)
    for key in ("ID", None):
        table = read_table(path, key=key)
        assert table["post"].dtype == "Int64"
        assert table["post"][0] == int(LONG)
        assert pd.isna(table["post"][1])
        assert table["x"].dtype == "float64"


@pytest.mark.parametrize("cell", [1.23456789012345e18, 1234567890123450000, 1234567890123456768.0])
def test_ids_that_excel_has_rounded_are_refused(tmp_path, cell):
    with pytest.raises(KeyColumnError, match=r"row 2\) are numbers of more than 15 digits"):
        read_table(workbook(tmp_path, [["ID"], [cell], [5]]), key="ID")


def test_excel_without_a_header_or_with_repeats(tmp_path):
    with pytest.raises(TableError, match=r"first row of the first sheet is empty"):
        read_table(workbook(tmp_path, []))
    path = workbook(tmp_path, [["a", "a"], [1, 2]])
    with pytest.raises(TableError, match="more than one column called 'a'"):
        read_table(path, key="a")
    with pytest.warns(UserWarning, match=r"the second is read as 'a \(2\)'"):
        assert read_table(path).to_dict("list") == {"a": [1], "a (2)": [2]}


def test_a_parquet_file_of_other_programs(tmp_path):
    """Whole numbers beside an empty cell stay whole, lists are lists, bytes of a text a text, an index a column."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    big = 2**63 + 5
    arrays = {
        "id": pa.array([b"a", b"b"], pa.binary()),
        "n": pa.array([1, None], pa.int64()),
        "big": pa.array([big, None], pa.uint64()),
        "tags": pa.array([["x", "y"], []]),
        "part": pa.array([{"at": [1, 2]}, None]),
        "gap": pa.array([[big - 6, None], None]),
    }
    pq.write_table(pa.table(arrays), path := tmp_path / "other.parquet")
    with pytest.warns(UserWarning, match="the bytes in column 'id' are read as texts"):
        table = read_table(path, key="id")
    assert table["id"].tolist() == ["a", "b"]
    assert (table["n"].tolist()[0], str(table["n"].dtype), table["big"].tolist()[0]) == (1, "Int64", big)
    assert (table["tags"].tolist(), table["part"].tolist()) == ([["x", "y"], []], [{"at": [1, 2]}, None])
    assert table["gap"].tolist() == [[big - 6, None], None]
    pd.DataFrame({"id": ["a"], "n": [1], "x": [2]}).set_index(["id", "n"]).to_parquet(path)
    with pytest.warns(UserWarning, match="index is read as a column: 'id', 'n'"):
        assert read_table(path, key="id").to_dict("list") == {"id": ["a"], "n": [1], "x": [2]}
    lists = pd.Series([["x"], None], dtype=pd.ArrowDtype(pa.list_(pa.string())))
    pd.DataFrame({"id": ["a", "b"], "tags": lists}).to_parquet(path)  # which pandas itself cannot read again
    assert read_table(path, key="id")["tags"].tolist() == [["x"], None]


def test_parquet(tmp_path):
    table = pd.DataFrame({"ID": [int(LONG)], "x": [1]})
    path = tmp_path / "t.parquet"
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        path.write_bytes(b"PAR1....PAR1")
        with pytest.raises(MissingExtraError, match="pip install pyarrow"):
            read_table(path)
    else:
        table.to_parquet(path)
        assert read_table(path, key="ID").to_dict("list") == {"ID": [LONG], "x": [1]}


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (["a", "007"], ["a", "007"]),
        ([1, 2], ["1", "2"]),
        ([1.0, 2.0], ["1", "2"]),
        (np.array([2**53 - 1, 3.0]), ["9007199254740991", "3"]),
        (pd.array([1, 2], dtype="Int64"), ["1", "2"]),
        ([int(LONG), "x"], [LONG, "x"]),
        (pd.Categorical(["b", "a"]), ["b", "a"]),
        (pd.to_datetime(["2026-01-02", "2026-01-03"]), ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
    ],
)
def test_keys_become_text(values, texts):
    table = pd.DataFrame({"k": values}, index=[5, 9])
    keys = check_key(table, "k")
    assert list(keys) == texts
    assert list(keys.index) == [5, 9]
    assert keys.name == "k"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["a", None, " ", ""], "is empty in rows 3, 4, 5"),
        (["a", "b", "a"], "'a' in rows 2, 4"),
        ([1.0, np.nan], "is empty in row 3"),
        ([float(2**53), 1.0], r"rounded numbers \(row 2\).*read_table\(path, key='k'\)"),
        ([0.5, 1.0], "decimal or rounded"),
        ([float("inf"), 1.0], "decimal or rounded"),
        ([" a", "b"], "spaces around them in row 2"),
        ([1, "1"], "'1' in rows 2, 3"),
    ],
)
def test_keys_that_cannot_identify(values, says):
    with pytest.raises(KeyColumnError, match=says):
        check_key(pd.DataFrame({"k": pd.Series(values)}), "k")


def test_every_fault_of_a_key_at_once():
    with pytest.raises(KeyColumnError) as caught:
        check_key(pd.DataFrame({"k": ["a", "a", None, "b "]}), "k")
    assert len(caught.value.problems) == 3


def test_key_columns_that_are_not_there():
    table = pd.DataFrame({"ID": ["a"]})
    with pytest.raises(KeyColumnError, match="Did you mean 'ID'"):
        check_key(table, "Id")
    with pytest.raises(KeyColumnError, match="reset_index"):
        check_key(table.set_index("ID"), "ID")
    with pytest.raises(KeyColumnError, match="2 columns called 'ID'"):
        check_key(pd.concat([table, table], axis=1), "ID")
    with pytest.raises(InputError, match="A table is needed"):
        check_key([1], "ID")


def test_an_empty_table_has_no_keys():
    assert check_key(pd.DataFrame({"k": []}), "k").tolist() == []


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
keys = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=20)


@given(
    rows=st.lists(st.tuples(keys, cells), max_size=8, unique_by=lambda row: row[0]),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_keys_round_trip(tmp_path_factory, rows, separator, encoding, quoting):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting)
    writer.writerows([("ID", "text"), *rows])
    path = write(tmp_path_factory.mktemp("round"), text.getvalue(), encoding=encoding)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = read_table(path, key="ID")
    assert list(table["ID"]) == [key for key, _ in rows]
    if rows:
        assert list(check_key(table, "ID")) == [key for key, _ in rows]
