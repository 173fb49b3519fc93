"""Files as others write them: no answer lost, none invented, and what was guessed or left out is said."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
import re
import warnings
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsnb.annotations import long_table, majority, write_table
from lsnb.errors import KeyColumnError, LsnbError, TableError
from lsnb.kernel.tally import Tally, tally_of
from lsnb.labels import LabelConfig
from lsnb.predictions import read_predictions
from lsnb.reliability import agreement, evaluate
from lsnb.sampling import sample
from lsnb.tables import check_key, read_table
from lsnb.tables.cells import measured, unique_titles

ANSWERS = """item,annotator,control,value,status
1,ana,who,None,submitted
1,ben,who,None,submitted
2,ana,who,Many,submitted
2,ben,who,None,submitted
3,ana,who,Many,submitted
3,ben,who,Many,submitted
4,ana,who,N/A,submitted
4,ben,who,Many,submitted
"""
CODEBOOK = """variable,label,description,type,code
people,,How many people?,single,
people,None,nobody,,0
people,One,one,,1
people,Many,more,,2
people,N/A,not applicable,,9
"""


def put(folder: Path, text: str | bytes, name: str = "posts.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def account(table: pd.DataFrame) -> Tally:
    tally = tally_of(table)
    assert tally is not None
    assert tally.taken == len(table)
    assert tally.unexplained == 0
    return tally


@pytest.mark.parametrize("word", ["None", "NA", "N/A", "null", "nan", "NaN", "NULL", "n/a", "<NA>", "#N/A", "-"])
@pytest.mark.parametrize("ending", ["csv", "xlsx", "jsonl", "parquet"])
def test_words_for_nothing_are_answers(tmp_path, word, ending):
    table = pd.DataFrame({"item": ["1", "2", word], "answer": [word, None, "x"]})
    path = tmp_path / f"a.{ending}"
    if ending == "csv":
        put(tmp_path, f"item,answer\n1,{word}\n2,\n{word},x\n", "a.csv")
    elif ending == "xlsx":
        book = openpyxl.Workbook()
        for row in [["item", "answer"], ["1", word], ["2", None], [word, "x"]]:
            book.active.append(row)
        for cell in (book.active["B2"], book.active["A4"]):
            cell.data_type = "s"  # as a text, whatever it looks like
        book.save(path)
    elif ending == "jsonl":
        write_table(table, path)
    else:
        table.to_parquet(path)
    read = read_table(path, key="item")
    assert read["item"].tolist() == ["1", "2", word]
    assert read["answer"].isna().tolist() == [False, True, False]
    assert read["answer"][0] == word


def test_a_codebook_keeps_its_label_none(tmp_path):
    config = LabelConfig.image("uri").codebook_questions(read_table(put(tmp_path, CODEBOOK)))
    book = config.codebook
    assert book["label"].tolist()[-4:] == ["None", "One", "Many", "N/A"]
    assert book["code"].tolist()[-4:] == ["0", "1", "2", "9"]


@pytest.mark.parametrize("word", ["None", "N/A", "nan"])
def test_a_word_for_nothing_is_a_stratum_and_matches_itself(tmp_path, word):
    text = "id,party\n" + "".join(f"a{n},{word if n % 2 else 'x'}\n" for n in range(40))
    table = read_table(put(tmp_path, text), key="id")
    assert sample(table, key="id", n=10, by="party", seed=1)["party"].value_counts().to_dict() == {word: 5, "x": 5}
    found = evaluate(table.replace({"party": {"x": word}}), table, key="id", column="party", resamples=0)
    assert (found.n, found.accuracy) == (40, 0.5)


def test_answers_that_say_none_count(tmp_path):
    table = read_table(put(tmp_path, ANSWERS), key="item")
    assert round(agreement(table, "who", resamples=0).alpha, 3) == 0.263
    votes = majority(table, "who").set_index("item")
    assert votes["value"].where(~votes["tie"], "tie").tolist() == ["None", "tie", "Many", "tie"]
    people = pd.DataFrame({"item": ["1", "2"], "value": ["None", "Many"]})
    model = read_table(put(tmp_path, "ID,label\n1,None\n2,Many\n", "model.csv"), key="ID")
    found = evaluate(model, people, key="ID", column="label", resamples=0)
    assert found.accuracy == 1.0
    drawn = sample(table.drop_duplicates("item"), n=2, by="value", key="item", seed=1)
    assert drawn["value"].notna().all()


@pytest.mark.parametrize(
    "cells",
    [
        ["01001", "20095", "1"],
        ["1.50", "2.00"],
        ["1", "2.5", "3"],
        ["+3", "4"],
        ["1e5", "2"],
        ["1E5", "1.79E+18"],
        ["12", "", "13"],
        ["TRUE", "FALSE"],
        ["True", "False"],
        ["True", "", "False"],
        ["-0", "0"],
        ["1.", ".5"],
        [" 5", "6 "],
        ["٣", "٤"],
        ["9" * 25, "", "1"],
        ["1_000", "2"],
        ["0x10", "1"],
        ["inf", "nan", "None", ""],
        ["1234567890123456789", "1.5"],
        ["0.30000000000000004", "1e-07"],
    ],
)
def test_a_column_goes_out_in_the_letters_in_which_it_came(tmp_path, cells):
    """Both through lsnb and by pandas alone."""
    text = "id,x\n" + "".join(f"k{n},{cell}\n" for n, cell in enumerate(cells))
    table = read_table(put(tmp_path, text), key="id")
    assert table.to_csv(index=False) == text
    for guard in (True, False):
        written = write_table(table, tmp_path / "out.csv", quote_formulas=guard)
        with written.open(encoding="utf-8-sig", newline="") as file:
            rows = [row[1] for row in csv.reader(file)][1:]
        # Only what a spreadsheet would run gets an apostrophe, and that only where it is asked for.
        assert rows == cells
        assert read_table(written, key="id").to_csv(index=False) == text


def test_numbers_in_other_letters_are_numbers_for_who_measures(tmp_path):
    table = read_table(put(tmp_path, "t,x,y,name\n0.10,1.50,+3,a\n0.20,NaN,1E2,7\n"))
    assert table["x"].tolist() == ["1.50", "NaN"]
    numbers = measured(table)
    assert numbers["t"].tolist() == [0.1, 0.2]
    assert numbers["x"].isna().tolist() == [False, True]
    assert numbers["y"].tolist() == [3.0, 100.0]
    assert numbers["name"].tolist() == ["a", "7"]
    nanoseconds = pd.DataFrame({"t": pd.array([1_700_000_000_000_000_001, None], dtype="Int64")})
    assert measured(nanoseconds)["t"][0] == 1_700_000_000_000_000_001


def test_boxes_of_a_table_are_numbers_and_labels_texts(tmp_path):
    path = put(
        tmp_path, "item,label,score,x,y,width,height\n01,01,0.90,10.00,10,50.0,50\n01,02,NA,1,1,+5,5E0\n", "b.csv"
    )
    config = LabelConfig.image("uri").rectangles("animal", ["01", "02"])
    results = read_predictions(path, config=config).results["01"]
    assert [one["value"]["rectanglelabels"] for one in results] == [["01"], ["02"]]
    assert [one["value"]["width"] for one in results] == [50.0, 5.0]


GERMAN = "id;views;price\n1;1.234;1.234,50\n2;12.345;2,5\n3;999;3,0\n"


def test_german_thousands_are_read_by_the_evidence_of_the_file_and_said(tmp_path):
    with pytest.warns(
        UserWarning, match=r"decimal commas in 'price' \(1\.234,50 is 1234\.5\), 'views' \(1\.234 is 1234\)"
    ):
        table = read_table(put(tmp_path, GERMAN), key="id")
    assert table["views"].tolist() == [1234, 12345, 999]
    assert table["views"].dtype == "int64"
    assert table["price"].tolist() == [1234.5, 2.5, 3.0]
    again = read_table(write_table(table, tmp_path / "out.csv"), key="id")
    assert again.to_dict("list") == table.to_dict("list")


@pytest.mark.parametrize(
    ("text", "views", "says"),
    [
        ("id;views\n1;1.234\n2;12.345\n", ["1.234", "12.345"], r"1\.234 in column 'views' can be 1234 or 1\.234"),
        ("id;views;y\n1;1.234;0.5\n2;12.345;2.25\n", [1.234, 12.345], "points in 'views' are taken for decimal points"),
        ("id;views;y\n1;1.234;0.5\n2;12.345;2,25\n", ["1.234", "12.345"], r"can be 1234 or 1\.234"),
        ("id;views\n1;1.234.567\n2;999\n", [1234567, 999], r"1\.234\.567 is 1234567"),
        ("id;views\n1;1.234\n2;\n3;1.234,5\n", [1234.0, None, 1234.5], r"1\.234 is 1234"),
        ("id\tviews\tprice\n1\t1.234\t2,50\n2\t999\t1,5\n", [1234, 999], r"1\.234 is 1234"),
        ("id\tviews\n1\t1.234\n2\t12.345\n", ["1.234", "12.345"], r"1\.234 in column 'views' can be 1234 or 1\.234"),
        ("id|views\n1|-1.234\n2|999\n", ["-1.234", "999"], r"can be -1234 or -1\.234"),
        ("id\tviews\n1\t1.230\n2\t999\n3\t12.345\n", [1230, 999, 12345], r"1\.230 is 1230"),
        ("id\tviews\n1\t1.230\n2\t0\n", ["1.230", "0"], r"can be 1230 or 1\.23"),
        ("id\tviews\ty\n1\t1.234\t0.5\n2\t12.345\t2.25\n", [1.234, 12.345], None),
        ("id\tviews\tdate\n1\t1.234\t01.12.2026\n2\t12.345\t24.12.2026\n", ["1.234", "12.345"], "can be 1234"),
        ('id,views,price\n1,1.234,"1,50"\n2,12.345,"2,50"\n', ["1.234", "12.345"], "can be 1234"),
        ('id,views,price\n1,1.234.567,"1,50"\n2,999,"2,50"\n', ["1.234.567", "999"], None),
        ("id\tviews\n1\t1,234\n2\t12,345\n", ["1,234", "12,345"], r"can be 1234 or 1\.234"),
        ("id,views\n1,1.234\n2,12.345\n", [1.234, 12.345], None),
        ('id,views\n1,"1,234"\n2,"12,345"\n', ["1,234", "12,345"], r"can be 1234 or 1\.234"),
        ('id,views,y\n1,"1,234","1,234.50"\n2,"12,345",3\n', [1234, 12345], r"1,234 is 1234\), 'y'"),
        ("id;views;y\n1;1,234;1,234.50\n2;12,345;3\n", [1234, 12345], r"1,234 is 1234\), 'y'"),
        ("id;views\n1;1,234,567\n2;12\n", [1234567, 12], "1,234,567 is 1234567"),
        ("id;views\n1;1,234\n2;1.234\n", ["1,234", "1.234"], "can be 1234 or"),
        ("id;views\n1;1'234\n2;-12'345\n3;999\n", [1234, -12345, 999], "1'234 is 1234"),
        ("id,views\n1,1’234.5\n2,2\n", [1234.5, 2.0], r"1’234\.5 is 1234\.5"),
        ("id\tviews\n1\t1\u202f234\n2\t\n3\t1\u202f234\u202f567\n", [1234, None, 1234567], "1.234 is 1234"),
        ("id;views\n1;1\xa0234,5\n2;3\n", [1234.5, 3.0], "1.234,5 is 1234"),
        ("id;views\n1;1 234,5\n2;3\n", [1234.5, 3.0], "1 234,5 is 1234"),
        ("id;views\n1;1 234\n2;555 123\n", ["1 234", "555 123"], "1 234 in column 'views' can be 1234 or a text"),
        ("id;views\n1;1'234\n2;12'34\n", ["1'234", "12'34"], None),
        ("id;views\n1;1'234\n2;01\n", ["1'234", "01"], None),
        ("id;views\n1;1'234\n2;1’234\n", ["1'234", "1’234"], None),
        ("id;views\n1;0.234\n2;12.345\n", [0.234, 12.345], None),
        ("id;zip\n1;1.234\n2;01.234\n", ["1.234", "01.234"], None),
        ('id,views\n1,"12,34,567"\n2,"1,234"\n3,999\n', [1234567, 1234, 999], "12,34,567 is 1234567"),
        ("id\tviews\n1\t-1,23,45,678.50\n2\t5\n", [-12345678.5, 5.0], r"678\.50 is -12345678\.5"),
        ("id;views\n1;12,34,56\n2;7\n", ["12,34,56", "7"], None),
        ("id;views\n1;45 %\n2;7\n", ["45 %", "7"], r"signs stand beside the numbers in 'views' \(45 %\)"),
        ("id;views\n1;7\n2;€ 1.234,50\n", ["7", "€ 1.234,50"], r"'views' \(€ 1\.234,50\), so these columns stay text"),
        ("id;views\n1;−5\n2;7\n", ["−5", "7"], r"'views' \(−5\)"),
        ("id;views\n1;1–2\n2;7\n", ["1–2", "7"], None),
        ("id;views\n1;50%\n2;so\n", ["50%", "so"], None),
        ("id\tviews\n1\t-,750\n2\t1,500\n", [-0.75, 1.5], "-,750 is -0.75"),
        ("id;views\n1;,75\n2;01,5\n", [",75", "01,5"], None),
    ],
)
def test_points_and_commas(tmp_path, text, views, says):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table = read_table(put(tmp_path, text), key="id")
    assert [None if pd.isna(cell) else cell for cell in table.iloc[:, 1]] == views
    if says is None:
        assert [str(one.message) for one in said] == []
    else:
        assert pd.Series([str(one.message) for one in said]).str.contains(says).any(), said
        assert any(
            word in note for note in account(table).notes for word in ("decimal", "thousands", "can be", "signs")
        )


@pytest.mark.parametrize(
    ("words", "encoding", "name"),
    [
        ("Übung", "mac_roman", "Mac Roman"),
        ("Übung macht den Meister, für schöne Größe", "mac_roman", "Mac Roman"),
        ("Übung macht den Meister, für schöne Größe", "cp1252", "Windows-1252"),
        ("Übung macht den Meister, für schöne Größe", "cp850", "DOS"),
        ("L’été déjà vu – garçon naïf à Noël", "mac_roman", "Mac Roman"),
        ("L’été déjà vu – garçon naïf à Noël", "cp1252", "Windows-1252"),
        ("El niño comió mañana ¿qué?", "mac_roman", "Mac Roman"),
        ("Zażółć gęślą jaźń, łódź", "cp1250", "Windows-1250"),
        ("Příliš žluťoučký kůň", "cp1250", "Windows-1250"),
        ("5 € für Öl", "iso8859_15", "ISO 8859-15"),
        ("今日は良い天気です。", "cp932", "Shift-JIS"),
        ("今日は良い天気です。", "euc_jp", "EUC-JP"),
        ("你好，这是我们的", "gbk", "GB 18030"),
        ("這是一個很好的問題", "big5", "Big5"),
        ("안녕하세요", "cp949", "EUC-KR"),
        ("Değişik ışık, güneş", "cp1254", "Windows-1254"),
        ("Привет, как дела? Хорошо", "cp1251", "Windows-1251"),
        ("Привет, как дела? Хорошо", "koi8_r", "KOI8-R"),
        ("Καλημέρα, τι κάνεις", "cp1253", "Windows-1253"),
        ("Preis 5 € – gut", "cp1252", "Windows-1252"),
        ("je 5 €", "cp1252", "Windows-1252"),
        ("€ 12 a", "cp1252", "Windows-1252"),
        ("ÊTRE", "cp1252", "Windows-1252"),
        ("À Paris", "cp1252", "Windows-1252"),
        ("20 °C", "cp850", "DOS (code page 850)"),
        ("שלום, מה שלומך היום", "cp1255", "Windows-1255"),
        ("שלום, מה שלומך היום", "cp862", "DOS (code page 862)"),
        ("البنت تجري في المرج وتغني أغنية سعيدة", "cp1256", "Windows-1256"),
        ("البنت تجري في المرج وتغني أغنية سعيدة", "iso8859_6", "ISO 8859-6"),
        ("สวัสดี วันนี้อากาศดีมาก ขอบคุณ", "cp874", "Windows-874"),
        ("Привет, как дела? Хорошо", "iso8859_5", "ISO 8859-5"),
        ("Привет, как дела? Хорошо", "cp866", "DOS (code page 866)"),
        ("Привіт, її життя в Україні", "cp1251", "Windows-1251"),
        ("Девојчица трчи преко ливаде, љубав", "cp1251", "Windows-1251"),
        ("Καλημέρα, τι κάνεις σήμερα", "cp737", "DOS (code page 737)"),
        ("Mergaitė bėga per pievą, šviesa, ačiū", "cp1257", "Windows-1257"),
        ("Příliš žluťoučký kůň, děti", "cp852", "DOS (code page 852)"),
        ("Zoë en België, coördinatie", "cp1252", "Windows-1252"),
        ("um 1’234 mehr", "cp1252", "Windows-1252"),
    ],
)
def test_an_encoding_is_guessed_by_its_letters_and_said(tmp_path, words, encoding, name):
    with pytest.warns(
        UserWarning, match=f"posts.csv does not say how its letters are encoded; .* to be {re.escape(name)}"
    ):
        table = read_table(put(tmp_path, f'id,text\n1,"{words}"\n', encoding=encoding), key="id")
    assert table["text"].tolist() == [words]
    assert len(account(table).notes) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_unicode_is_no_guess(tmp_path, encoding):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_table(put(tmp_path, "id,text\n1,Übung\n", encoding=encoding))["text"][0] == "Übung"


def test_a_file_put_together_of_two_encodings_loses_no_letter_and_is_said(tmp_path):
    data = "id,x\n1,für schöne Größe\n2,café\n".encode().replace("é".encode(), b"\xe9")
    with pytest.warns(UserWarning, match=r"UTF-8, except in line 3, .* Windows-1252"):
        assert read_table(put(tmp_path, data))["x"].tolist() == ["für schöne Größe", "café"]


@pytest.mark.parametrize("good", ["für", "Übung", "naïve", "Łódź", "привет", "日本", "😀"])
@pytest.mark.parametrize(
    ("bad", "read"),
    [
        (b"f\xfcr", "für"),
        (b"\x93gut\x94", "“gut”"),
        (b"S\xe3o", "São"),
        (b"SAMSTAG GR\xdcN", "SAMSTAG GRÜN"),
        (b"voil\xe0", "voilà"),
        (b"schlie\xc3", "schlie\ufffd"),
        (b"ab\xe2\x80", "ab\ufffd"),
        (b"ab\xf0\x9f\x98", "ab\ufffd"),
    ],
)
def test_utf8_with_one_bad_byte_stays_utf8(tmp_path, good, bad, read):
    data = b"id,x\n1," + good.encode() + b"\n2," + bad + b"\n3,b\n"
    with pytest.warns(UserWarning, match="is UTF-8, except in line 3") as said:
        assert read_table(put(tmp_path, data))["x"].tolist() == [good, read, "b"]
    assert ("cut off" in str(said[0].message)) == ("\ufffd" in read)


@pytest.mark.parametrize(
    ("word", "encoding"),
    [
        ("CAFÉ» für", "cp1252"),
        ("ça", "cp1252"),
        ("São", "cp1252"),
        ("à", "cp1252"),
        ("São", "mac_roman"),
        ("Ні", "iso8859_5"),
        ("привет", "koi8_r"),
        ("こんにちは", "cp932"),
        ("ありがとう", "euc_jp"),
        ("我们大家都是", "gb18030"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*does not say how its letters")
def test_a_single_word_in_another_encoding_is_no_utf8(tmp_path, word, encoding):
    assert read_table(put(tmp_path, f"id,x\n1,a\n2,{word}\n".encode(encoding)))["x"].tolist() == ["a", word]


def test_a_column_without_a_name_is_said(tmp_path):
    with pytest.warns(UserWarning, match="1 column without a name, read as 'Unnamed: 1'"):
        assert list(read_table(put(tmp_path, "id,\na,1\n")).columns) == ["id", "Unnamed: 1"]


def test_a_column_of_others_all_in_quotes_keeps_its_apostrophes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('"word"\n"\'=x"\n"a"\n""\n"\'"\n', encoding="utf-8-sig")
    with pytest.warns(UserWarning, match="1 left out"):
        assert read_table(path)["word"].tolist() == ["'=x", "a", "'"]


@pytest.mark.parametrize(
    "cell",
    [
        *("1.79e18", "1.79E18", "1,79e+18", "1.79E+18", "1,79E+18", "1.23457e+18", "1E+15", "1790000000000000000"),
        *("'1.79E+18", "17.9E+17", "1790E+15", '="1.79E+18"', "1.79E+0018", "0.179E+19"),
    ],
)
def test_ids_that_a_spreadsheet_rounded_are_refused(tmp_path, cell):
    path = put(tmp_path, f"id;x\n{cell};2\n5;3\n")
    with pytest.raises(
        KeyColumnError, match=r"posts\.csv: the ids in column 'id' \(row 2\) are numbers of more than 15"
    ):
        read_table(path, key="id")
    with pytest.raises(KeyColumnError, match="rounded them already"):
        check_key(pd.DataFrame({"id": [cell, "5"]}), "id")


@pytest.mark.parametrize(
    "cells", [["1E5", "2E10"], ["1234567890123456789", "1234567890123450000"], ["1234567890123450"], ["1.5", "2"]]
)
def test_ids_that_only_look_like_it_are_keys(tmp_path, cells):
    table = read_table(put(tmp_path, "id\n" + "\n".join(cells)), key="id")
    assert check_key(table, "id").tolist() == cells


def test_empty_rows_are_left_out_and_said(tmp_path):
    text = "id,x,y\n1,2,3\n,,\n  , ,\n4,5,6\n,,\n"
    with pytest.warns(UserWarning, match=r"5 rows, 2 taken, 3 left out \(empty: row 3, row 4, row 6\)"):
        table = read_table(put(tmp_path, text), key="id")
    assert table.to_dict("list") == {"id": ["1", "4"], "x": [2, 5], "y": [3, 6]}
    assert account(table).seen == 5
    book = openpyxl.Workbook()
    for row in [["id", "x"], ["1", 2], [None, None], ["", " "], ["4", 5], [None, None], [None, " "]]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.warns(UserWarning, match=r"4 rows, 2 taken, 2 left out \(empty: row 3, row 4\)"):
        table = read_table(tmp_path / "a.xlsx", key="id")
    assert table.to_dict("list") == {"id": ["1", "4"], "x": [2, 5]}
    pd.DataFrame({"x": [1.0, None, 2.0]}).to_parquet(tmp_path / "a.parquet")
    with pytest.warns(UserWarning, match=r"3 rows, 2 taken, 1 left out \(empty: row 3\)"):
        assert read_table(tmp_path / "a.parquet")["x"].tolist() == [1.0, 2.0]
    lines = put(tmp_path, '{"id": "a", "x": 1}\n{"id": null, "x": null}\n\n{}\n{"id": "b"}\n')
    with pytest.warns(UserWarning, match=r"4 rows, 2 taken, 2 left out \(empty: line 2, line 4\)"):
        assert read_table(lines, key="id")["id"].tolist() == ["a", "b"]


def test_a_second_column_of_one_name_is_renamed_and_said(tmp_path):
    path = put(tmp_path, "id,x,x,x (2),x,,\n1,2,3,4,5,6,7\n")
    with pytest.warns(
        UserWarning, match=r"more than one column called 'x': the others are read as 'x \(3\)' and 'x \(4\)'"
    ):
        table = read_table(path, key="id")
    assert list(table.columns) == ["id", "x", "x (3)", "x (2)", "x (4)", "Unnamed: 5", "Unnamed: 6"]
    assert table.iloc[0].tolist() == ["1", 2, 3, 4, 5, 6, 7]
    with pytest.raises(TableError, match="more than one column called 'x'"):
        read_table(path, key="x")
    with pytest.raises(TableError, match="more than one column called 'x'"):
        read_table(path, wanted=["x"])
    lines = put(tmp_path, '{"id": "a", "x": 1, "x": 2}\n{"id": "b", "x": 3}\n')
    with pytest.warns(UserWarning, match=r"a name twice in line 1: .* is read as 'x \(2\)'"):
        assert read_table(lines, key="id").iloc[0].tolist() == ["a", 1, 2]
    # Numbers were looked for from the first for each column, in a list: 3 kB took twelve seconds, 40 kB hours.
    tally = Tally("a.csv")
    assert len(set(unique_titles(["x"] * 20_000, [], tally))) == 20_000
    assert len(tally.notes[0]) < 500


def workbook(folder: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(folder / "book.xlsx")
    return folder / "book.xlsx"


def test_the_sheet_that_is_meant(tmp_path):
    path = workbook(tmp_path, {"About": [["note"], ["hi"]], "Posts": [["ID", "x"], ["1", 2]], "More": [["ID"], ["3"]]})
    with pytest.warns(
        UserWarning, match=r"the sheet 'Posts' is read, and not 'About', 'More': give sheet= for another"
    ):
        assert read_table(path, key="ID").to_dict("list") == {"ID": ["1"], "x": [2]}
    with pytest.warns(UserWarning, match="the sheet 'About' is read"):
        assert read_table(path).to_dict("list") == {"note": ["hi"]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_table(path, key="ID", sheet="More").to_dict("list") == {"ID": ["3"]}
    with pytest.raises(
        TableError, match=r"no sheet 'post'\. Did you mean 'Posts'\? Its sheets: 'About', 'Posts', 'More'"
    ):
        read_table(path, sheet="post")
    with pytest.raises(
        KeyColumnError,
        match=r"No sheet of book\.xlsx has the column 'key': 'About' has .* Name a column that one",
    ):
        read_table(path, key="key")
    with pytest.raises(TableError, match=r"posts\.csv is no workbook"):
        read_table(put(tmp_path, "a\n1\n"), sheet="Posts")


def test_merged_cells_are_told(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    rows = [
        *([["ID", "group", "note", "x"], ["a", "A", "n", 1], ["b", None, None, 2], [None, None, None, None]]),
        *([["c", "B", None, 3], ["d", "C", None, 4], ["e", None, "own", 5]]),
    ]
    for row in rows:
        sheet.append(row)
    # B4 is empty, and C6 over two columns and rows is, too.
    for span in ("B2:B4", "B5:C5", "C6:D6", "B8:B9", "Z1:Z2"):
        sheet.merge_cells(span)
    book.save(tmp_path / "book.xlsx")
    with pytest.warns(UserWarning, match="book") as said:
        table = read_table(tmp_path / "book.xlsx", key="ID").astype(object).fillna("-")
    assert table["ID"].tolist() == ["a", "b", "c", "d", "e"]
    assert table["group"].tolist() == ["A", "A", "B", "C", "-"]
    assert table["note"].tolist() == ["n", "-", "-", "-", "own"]
    texts = " ".join(str(one.message) for one in said)
    assert "column 'group' has cells over several rows (rows 2 to 4); each of these rows has their value" in texts
    assert "cells over several columns (B5:C5); their value stands in the first alone" in texts
    assert "header" not in texts


def test_a_key_over_several_rows_is_refused_and_a_merged_header_said(tmp_path):
    book = openpyxl.Workbook()
    for row in [["ID", "scores", None], ["a", 1, 2], [None, 3, 4]]:
        book.active.append(row)
    for span in ("A2:A3", "B1:C1"):
        book.active.merge_cells(span)
    book.save(tmp_path / "book.xlsx")
    with pytest.warns(UserWarning, match=r"merged|several rows or columns in its header \(B1:C1\)"):
        table = read_table(tmp_path / "book.xlsx")
    assert table["ID"].tolist() == ["a", "a"]


def test_sheets_that_are_charts_are_passed_over(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Posts"
    for row in [["ID", "x"], ["a", 1]]:
        book.active.append(row)
    book.create_chartsheet("Picture", 0)
    book.save(tmp_path / "book.xlsx")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_table(tmp_path / "book.xlsx", key="ID").to_dict("list") == {"ID": ["a"], "x": [1]}
    with pytest.raises(TableError, match=r"the sheet 'Picture' is a chart and holds no table\. Its sheets: 'Posts'"):
        read_table(tmp_path / "book.xlsx", sheet="Picture")
    del book["Posts"]
    book.save(tmp_path / "book.xlsx")
    with pytest.raises(TableError, match="has no sheet with cells: all are charts"):
        read_table(tmp_path / "book.xlsx")


def test_merged_cells_over_each_other_take_no_time(tmp_path):
    book = openpyxl.Workbook()
    for number in range(3):
        book.active.append([number])
    book.save(tmp_path / "book.xlsx")
    with zipfile.ZipFile(tmp_path / "book.xlsx") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    spans = b'<mergeCell ref="A1:XFD1048576"/>' * 3000
    members["xl/worksheets/sheet1.xml"] = sheet.replace(
        b"</sheetData>",
        b'<row r="200000"><c r="A200000"><v>1</v></c></row></sheetData><mergeCells>' + spans + b"</mergeCells>",
    )
    with zipfile.ZipFile(tmp_path / "bad.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(TableError, match="merged cells lie over each other"):
        read_table(tmp_path / "bad.xlsx")


def test_a_codebook_is_found_among_sheets(tmp_path):
    rows: list[list[object]] = [list(row) for row in csv.reader(io.StringIO(CODEBOOK))]
    rows[0][0] = "Variable"
    path = workbook(tmp_path, {"About": [["note"], ["hi"]], "Codes": rows})
    with pytest.warns(UserWarning, match="the sheet 'Codes' is read"):
        assert "variable" in [str(name).lower() for name in read_table(path, wanted=["variable"]).columns]


def test_errors_of_a_spreadsheet_and_formulas_that_nobody_saved_are_said(tmp_path):
    path = workbook(tmp_path, {"A": [["ID", "x", "y"], ["1", "#N/A", 1], ["2", "#DIV/0!", 2], ["3", 4, "=1+1"]]})
    with pytest.warns(UserWarning, match="book") as said:
        table = read_table(path, key="ID")
    texts = " ".join(str(one.message) for one in said)
    assert "errors in column 'x' are read as empty: #N/A in row 2, #DIV/0! in row 3" in texts
    assert "1 formula without a result" in texts
    assert table["x"].isna().tolist() == [True, True, False]


def test_numbers_that_a_sheet_shows_with_zeros_before_them(tmp_path):
    book = openpyxl.Workbook()
    for row in [["ID", "zip", "n", "text"], [7, 1001, 1, "01001"], [8, 20095, 2, "5"]]:
        book.active.append(row)
    for cell in [*book.active["A"][1:], *book.active["B"][1:]]:
        cell.number_format = "00000"
    forms = ['"P"000', "000-00-0000", "[$-407]00000;-00000", '00" kg"', "#,##0", "[h]:mm:ss"]
    for column, form in enumerate(forms, start=5):
        for row, value in enumerate([form, 7, 12345678], start=1):
            cell = book.active.cell(row, column, value if column < 10 or row == 1 else dt.timedelta(hours=30))
            cell.number_format = form if row > 1 else "General"
    book.save(tmp_path / "a.xlsx")
    assert read_table(tmp_path / "a.xlsx", key="ID").to_dict("list") == {
        "ID": ["00007", "00008"],
        "zip": ["01001", "20095"],
        "n": [1, 2],
        "text": ["01001", "5"],
        forms[0]: ["P007", "P12345678"],
        forms[1]: ["000-00-0007", "012-34-5678"],
        forms[2]: ["00007", "12345678"],
        forms[3]: [7, 12345678],
        forms[4]: [7, 12345678],
        forms[5]: [pd.Timedelta(hours=30)] * 2,
    }


def test_json_lines_with_a_line_cut_off(tmp_path):
    path = put(tmp_path, '{"id": "01", "x": 1}\n\n{"id": "2", "y": [1]}\n[3]\n{"id": "4", "x": ', "a.jsonl")
    with pytest.warns(UserWarning, match=r"4 rows, 2 taken, 2 left out \(no JSON object: line 4, line 5\)"):
        table = read_table(path, key="id")
    assert table["id"].tolist() == ["01", "2"]
    assert table["y"].tolist()[1] == [1]
    for text in (
        '{"a": 1,\n "b": 2}',
        '{"data": {}, "annotations": []}\n',
        "[]",
        "[[1]]",
        '{"id": {"k": 1}, "x": {"j": "a"}}',
        '[{"id": 1, "data": {"text": "a"}}]',
        '[{"id": 1, "text": "a", "annotation_id": 2}]',
        '{"images": [{"id": 1}], "annotations": [{"id": 1}], "categories": [{"id": 1}]}',
    ):
        with pytest.raises(TableError, match="read_annotations"):
            read_table(put(tmp_path, text, "b.jsonl"))


# The account: of a file that a seeded hand has bent, what was in it is what was taken and what was left out.


PIECES = [
    "1",
    "01",
    ",",
    ",",
    "\n",
    "\n",
    "\r\n",
    "\r",
    "x",
    "é",
    " ",
    "1,5",
    "1.234",
    "None",
    "=1",
    "'",
    '\n"a\r\nb",1\n',
]


def records_of(text: str) -> int:
    """Count the rows of a CSV text by hand: line ends outside quotes, but for blank lines at its end."""
    rows, blank, row, quoted = 0, 0, False, False
    for place, letter in enumerate(f"{text}\n"):
        if letter == '"':
            quoted = not quoted
        if letter in "\r\n" and not quoted:
            is_end = letter == "\r" or text[place - 1 : place] != "\r" or not place
            rows, blank = (rows + blank + 1, 0) if row else (rows, blank + is_end)
            row = False
        else:
            row = True
    return rows


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@settings(max_examples=300)
def test_the_sum_is_right_of_any_text(tmp_path_factory, body):
    path = put(tmp_path_factory.mktemp("t"), f"id,x\n{body}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = read_table(path)
        except LsnbError:
            return
    tally = account(table)
    assert tally.seen == records_of(body)


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "jsonl"])
@pytest.mark.parametrize("many", [40, pytest.param(3000, marks=pytest.mark.exhaustive)])
def test_the_sum_is_right_of_bent_files(tmp_path, ending, many):
    table = pd.DataFrame(
        {"id": [f"{n:02}" for n in range(30)], "x": [None, 1.5, 2.0] * 10, "y": ["=1", "None", None] * 10}
    )
    whole = write_table(table, tmp_path / f"a.{ending}").read_bytes()
    (tmp_path / "a.columns.csv").unlink()
    chance = random.Random(ending)
    read = 0
    for _ in range(many):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 1, 3])):
            place = chance.randrange(len(data))
            kind = chance.randrange(4)
            if kind == 0:
                data[place] = chance.choice(b"\n\r,;\"'0a ")
            elif kind == 1:
                del data[place : place + chance.randrange(1, 40)]
            elif kind == 2:
                data[place:place] = data[max(0, place - chance.randrange(1, 60)) : place]
            else:
                del data[place:]
            data = data or bytearray(b"x")
        path = put(tmp_path, bytes(data), f"bent.{ending}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = read_table(path)
            except LsnbError:
                continue
        account(found)
        read += 1
    assert read > 0 or ending in ("xlsx", "parquet")  # these say that they are damaged


def test_a_long_table_written_and_read_says_the_same(tmp_path):
    raters = {"ana": "None", "ben": ("a", "b")}
    answers = [
        {
            "id": 5 + n,
            "completed_by": {"email": f"{who}@x.org"},
            "result": [
                {
                    "id": "r",
                    "from_name": "q",
                    "to_name": "t",
                    "type": "choices",
                    "value": {"choices": list(said if isinstance(said, tuple) else [said])},
                }
            ],
        }
        for n, (who, said) in enumerate(raters.items())
    ]
    table = long_table([{"id": 1, "data": {}, "annotations": answers}])
    for ending in ("csv", "xlsx", "parquet", "jsonl"):
        again = read_table(write_table(table, tmp_path / f"a.{ending}"), key="item")
        for name in table.columns:
            before, after = table[name].astype("object"), again[name].astype("object")
            assert before.where(before.notna(), None).tolist() == after.where(after.notna(), None).tolist()


# What stands where a table should.


def test_a_byte_of_zero_makes_no_other_letters_of_a_file(tmp_path):
    with pytest.raises(TableError, match=r"posts\.csv is not text .* \(line 3 holds bytes of zero\)"):
        read_table(put(tmp_path, b"id,t\n1,a\n2,b\x00c\n3,d\n"))
    for text in ("id,t\n1,Übung\n", "id,t\n1,上海上海上海\n2,北京\n", "id,t"):
        for encoding in ("utf-16-le", "utf-16-be"):
            assert list(read_table(put(tmp_path, text, encoding=encoding)).columns) == ["id", "t"]


@pytest.mark.parametrize("above", ["Survey 7\n", "# made by\n# a tool\n", "Survey,7,\n\n"])
def test_lines_above_the_names_of_columns_are_refused_by_the_line_of_these(tmp_path, above):
    path = put(tmp_path, f"{above}id,text,n\n1,a,2\n2,b,3\n")
    line = above.count("\n") + 1
    with pytest.raises(KeyColumnError, match=rf"posts\.csv names the column 'id' in line {line}, and its first row"):
        read_table(path, key="id")
    book = openpyxl.Workbook()
    for row in path.read_text().splitlines():
        book.active.append(row.split(",") if row else [])
    book.save(tmp_path / "posts.xlsx")
    with pytest.raises(KeyColumnError, match=rf"posts\.xlsx names the column 'id' in row {line} of the sheet 'Sheet'"):
        read_table(tmp_path / "posts.xlsx", key="id")


def test_a_title_that_hides_the_columns_is_said_and_a_column_of_texts_is_none(tmp_path):
    with pytest.warns(UserWarning, match="one column, 'Survey', and each line below that 2 fields between ','"):
        read_table(put(tmp_path, "Survey\n\nid,t\n1,a\n2,b\n"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_table(put(tmp_path, "text\nhello, world\nso\nwell, well\n"))["text"].tolist()[1] == "so"


def test_a_text_that_goes_on_behind_its_quotes_is_said_by_its_line(tmp_path):
    path = put(tmp_path, 'id,t\n1,"a ""b"", c"\n2,"b"x\n3,d "e" f\n4,"two\nlines"y\n5,"z"\n')
    with pytest.warns(UserWarning, match=r"in line 3, 6 a text goes on behind the quote that ends it"):
        table = read_table(path)
    assert table["t"].tolist() == ['a "b", c', "bx", 'd "e" f', "two\nlinesy", "z"]


def test_what_a_workbook_writes_in_numbers_is_read_as_it_is_shown(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id", "a_x000D_b"])
    book.active.append(["1", "one_x000D_\ntwo"])
    book.active.append(["2", "_x005F_x000D_ and _x0000_"])
    book.save(tmp_path / "a.xlsx")
    table = read_table(tmp_path / "a.xlsx", key="id")
    assert table.columns[1] == "a\rb"
    assert table["a\rb"].tolist() == ["one\r\ntwo", "_x000D_ and _x0000_"]
    write_table(table, tmp_path / "b.xlsx")
    assert read_table(tmp_path / "b.xlsx", key="id")["a\rb"].tolist() == table["a\rb"].tolist()


def test_files_put_together_have_their_header_once(tmp_path):
    path = put(tmp_path, "ID,n\n1,2\n\ufeffID,n\n3,4\n,5\n")
    with pytest.warns(UserWarning, match="posts.csv: ") as said:
        table = read_table(path, key="ID")
    assert table["n"].tolist() == [2, 4, 5]
    assert [str(one.message) for one in said] == [
        "posts.csv: 4 rows, 3 taken, 1 left out (the columns' names again: row 3).",
        "posts.csv: a mark of UTF-8 before line 3 is left out.",
        "posts.csv: column 'ID' is empty in row 5: give each item a key.",
    ]
    book = openpyxl.Workbook()
    for row in (["ID", "n", "x"], [1, 2, 3], ["ID", "n", "x"], ["ID", "n"], [3, 4, 5]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.warns(UserWarning, match=r"4 rows, 3 taken, 1 left out \(the columns' names again: row 3\)"):
        assert read_table(tmp_path / "a.xlsx")["ID"].tolist() == [1, "ID", 3]
    assert read_table(put(tmp_path, "0,1\n2,3\n0,1\n")).values.tolist() == [[2, 3], [0, 1]]


@pytest.mark.parametrize("gap", ["", ","])
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["2,4"], None),
        (["x,4"], None),
        (["name,age", "x,4"], "row 4 (name, age)"),
        (["Stand: 2024,"], "row 4 (Stand: 2024)"),
    ],
)
def test_what_begins_below_an_empty_row_is_said(tmp_path, gap, rows, said):
    path = put(tmp_path, "\n".join(["ID,n", "1,2", gap, *rows, "", ""]))
    with pytest.warns(UserWarning, match="posts.csv: ") as told:
        table = read_table(path)
    assert len(table) == 1 + len(rows)
    assert str(told[0].message) == f"posts.csv: {len(rows) + 2} rows, {len(rows) + 1} taken, 1 left out (empty: row 3)."
    assert [said in str(one.message) for one in told[1:] if "another table" in str(one.message)] == [True] * bool(said)
    book = openpyxl.Workbook()
    for row in (("ID", "n"), (1, 2), (), *(row.rstrip(",").split(",") for row in rows)):
        book.active.append([int(cell) if isinstance(cell, str) and cell.isdigit() else cell for cell in row])
    book.save(tmp_path / "a.xlsx")
    with pytest.warns(UserWarning, match="a.xlsx: ") as told:
        read_table(tmp_path / "a.xlsx")
    assert len(told) == 1 + bool(said)
    assert said is None or said in str(told[1].message)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("# export, made by a tool, 2024\nID,a,b\n1,x,y\n", "row 2 (ID, a, b)"),
        ("// made by, a tool\n\nname,age\nAna,31\n", "row 3 (name, age)"),
        ("time;x;y\ns;mm;mm\n0.1;2;3\n0.2;4;5\n", "row 2 (s, mm, mm)"),
        ("score,score,rt\nmean,sd,mean\n1,2,3\n4,5,6\n", "row 2 (mean, sd, mean)"),
        (
            "id,Q1,Q2\nID,Age (18-99)?,Q2 of 3\n{a},{b},{c}\nR_1,30,2\nR_2,31,3\n",
            "rows 2 to 3 (ID, Age (18-99)?, Q2 of 3)",
        ),
    ],
)
def test_a_remark_or_units_beside_the_header_are_said(tmp_path, text, row):
    with pytest.warns(UserWarning, match=re.escape(row) + " looks? like the columns' names or units"):
        read_table(put(tmp_path, text))
    cells = [line.split(";" if ";" in text else ",") for line in text.splitlines() if line]
    made: list[list[object]] = [
        [float(cell) if cell.replace(".", "").isdigit() else cell for cell in line] for line in cells
    ]
    with pytest.warns(UserWarning, match="looks? like the columns' names or units"):
        read_table(workbook(tmp_path, {"Tabelle1": made}))


@pytest.mark.parametrize(
    "text",
    [
        "#,a\n1,x\n",
        "#ID,a\n1,x\n2,y\n",
        "name,age\nAna,unknown\nBen,30\nEva,31\n",
        "name,age,score\nAna,NA,n/a\nBen,30,1\nEva,31,2\n",
        "a,b\nx,y\n1,2\n",
    ],
)
def test_a_header_that_only_looks_like_a_remark_is_none(tmp_path, text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_table(put(tmp_path, text))) == text.count("\n") - 1


def test_texts_that_a_file_holds_as_formulas_are_texts(tmp_path):
    text = '="ID";"=""zip""";n\n"=""001""";="01001";1\n="a ""b""";="";2\n="12";99;3\n'
    with pytest.warns(UserWarning, match=r"formulas that only hold a text .* 'ID' \(=\"001\" is 001\)"):
        table = read_table(put(tmp_path, text), key="ID")
    assert table["ID"].tolist() == ["001", 'a "b"', "12"]
    assert table["zip"].tolist()[::2] == ["01001", "99"]
    assert table["zip"].isna().tolist() == [False, True, False]
    assert table["n"].tolist() == [1, 2, 3]
    with pytest.raises(KeyColumnError, match="rounded"):
        read_table(put(tmp_path, 'ID,n\n="1.79E+18",1\n'), key="ID")


def test_numbers_of_json_that_no_float_holds_stay_texts_and_are_said(tmp_path):
    lines = '{"a": 1e400, "b": [-1E999], "c": 0.0}\n{"a": 2.5, "b": 1e-400, "c": -0e9}\n'
    with pytest.warns(UserWarning, match="read as text: 1e400 in line 1, -1E999 in line 1, 1e-400 in line 2"):
        table = read_table(put(tmp_path, lines, "posts.jsonl"))
    assert table.to_dict("list") == {"a": ["1e400", 2.5], "b": [["-1E999"], "1e-400"], "c": [0.0, 0.0]}


@pytest.mark.parametrize(
    ("word", "encoding", "name"),
    [
        ("да", "cp1251", "Windows-1251"),
        ("ναι", "cp1253", "Windows-1253"),
        ("ż", "cp1250", "Windows-1250"),
        ("ğ", "cp1254", "Windows-1254"),
        ("はい", "cp932", "Shift-JIS"),
        ("예", "cp949", "EUC-KR"),
    ],
)
def test_what_few_letters_may_be_too_is_said(tmp_path, word, encoding, name):
    with pytest.warns(UserWarning, match=f"letters are few, and it may be .*'{word}' in {name}"):
        read_table(put(tmp_path, f"ID,a\n1,{word}\n2,x\n", encoding=encoding))
    with pytest.warns(UserWarning, match="Windows-1252") as said:
        read_table(put(tmp_path, "ID,a\n1,Müller\n2,Übung\n", encoding="cp1252"))
    assert "may be" not in str(said[0].message)


def test_a_second_column_of_one_name_in_parquet_is_renamed_and_said(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = [
        arrow.array([2**60 + 1, None]),
        arrow.array(["a", "b"]),
        arrow.array([[1], None]),
        arrow.array(["k", "l"]),
    ]
    parquet.write_table(arrow.table(columns, names=["x", "x", "x", "ID"]), tmp_path / "a.parquet")
    with pytest.warns(UserWarning, match=r"more than one column called 'x': the others are read as 'x \(2\)'"):
        table = read_table(tmp_path / "a.parquet", key="ID")
    assert account(table).taken == 2
    assert list(table.columns) == ["x", "x (2)", "x (3)", "ID"]
    assert table["x"].tolist()[0] == 2**60 + 1
    assert table["x (3)"].tolist()[0] == [1]
    with pytest.raises(TableError, match="more than one column called 'x'"):
        read_table(tmp_path / "a.parquet", key="x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\ufeffID,a\n1,x\n\ufeff2,y\n3,z\n", "before line 3"),
        ("\ufeff\ufeffID,a\n1,x\n2,y\n3,z\n", None),
        ("ï»¿ID,a\r\n1,x\r\n2,y\r\n\ufeff3,z\r\n", "before line 4"),
        ('\ufeffID,a\n1,x\n\ufeff"2",y\n3,z\n\x1a', "before line 3"),
        ('{"ID": "1", "a": "x"}\n\ufeff{"ID": "2", "a": "y"}\n{"ID": "3", "a": "z"}\n', None),
    ],
)
def test_marks_of_utf8_where_files_were_put_together_are_no_part_of_a_key(tmp_path, text, said):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = read_table(put(tmp_path, text, "posts.jsonl" if text[0] == "{" else "posts.csv"), key="ID")
    assert table.to_dict("list") == {"ID": ["1", "2", "3"], "a": ["x", "y", "z"]}
    assert [str(one.message) for one in caught] == (
        [] if said is None else [f"posts.csv: a mark of UTF-8 {said} is left out."]
    )


def test_the_end_of_file_of_dos_is_no_item(tmp_path):
    assert read_table(put(tmp_path, "ID\na\nb\n\x1a"), key="ID")["ID"].tolist() == ["a", "b"]


@pytest.mark.parametrize("text", ["ID,name\n--,----\n1,x\n2,y\n", "ID|name\n:--|:--:\n1|x\n2|y\n"])
def test_a_line_drawn_below_the_header_is_no_row(tmp_path, text):
    with pytest.warns(UserWarning, match=r"3 rows, 2 taken, 1 left out \(a ruled line: row 2\)"):
        table = read_table(put(tmp_path, text))
    assert account(table).taken == 2
    assert table["ID"].tolist() == [1, 2]
    marks = put(tmp_path, "label,code\n--,1\n-,2\n+,3\n", "marks.csv")
    assert read_table(marks)["label"].tolist() == ["--", "-", "+"]


def test_half_a_character_in_json_lines_is_said(tmp_path):
    lines = '{"ID": "a", "x\\ud83d": ["\\ud83d", "\\ud83d\\ude00"]}\n{"ID": "b"}\n{"ID": "\\udc00c"}\n'
    with pytest.warns(UserWarning, match="half of a character, which no text can hold, is read as .* in row 1, 3"):
        table = read_table(put(tmp_path, lines, "posts.jsonl"), key="ID")
    assert table["ID"].tolist() == ["a", "b", "\ufffdc"]
    assert table["x\ufffd"].tolist()[0] == ["\ufffd", "\U0001f600"]


@pytest.mark.parametrize("orient", ["columns", "index", "split", "table", "records"])
def test_json_as_pandas_writes_tables_is_read(tmp_path, orient):
    table = pd.DataFrame(
        {"ID": ["01", "a", None], "n": [2**60 + 1, 2, 3], "tags": [["x"], [], None], "ok": [True, False, True]}
    )
    table.to_json(tmp_path / "a.json", orient=orient)
    for text in (
        (tmp_path / "a.json").read_text(),
        json.dumps(json.loads((tmp_path / "a.json").read_text()), indent=1),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            again = read_table(put(tmp_path, text, "b.json"))
        assert account(again).taken == 3
        assert again["ID"].fillna("–").tolist() == ["01", "a", "–"]
        assert again["n"].tolist() == [2**60 + 1, 2, 3]
        assert again["tags"].tolist()[:2] == [["x"], []]
        assert again["ok"].tolist() == [True, False, True]
        assert list(again.columns) == ["ID", "n", "tags", "ok"]
    table.set_index(pd.Index([101, 7, 8])).iloc[:2].to_json(tmp_path / "c.json", orient=orient)
    if orient == "records":  # which leaves out the index
        assert len(read_table(tmp_path / "c.json", key="ID").columns) == 4
    else:
        with warnings.catch_warnings(record=True) as caught:
            some = read_table(tmp_path / "c.json", key="ID")
        assert [list(map(str, row)) for row in some[["index", "ID", "n"]].values.tolist()] == [
            ["101", "01", str(2**60 + 1)],
            ["7", "a", "2"],
        ]
        assert orient == "table" or "the table's index is read as a column: 'index'" in str(caught[0].message)
    if orient in ("split", "table"):
        table.set_index(pd.Index(["k", "l", "m"], name="who")).to_json(tmp_path / "d.json", orient=orient)
        with warnings.catch_warnings(record=True):
            whole = read_table(tmp_path / "d.json")
        assert whole.iloc[:, 0].tolist() == ["k", "l", "m"]


def test_what_a_list_of_rows_in_json_holds_is_accounted_for(tmp_path):
    text = '[{"ID": "a", "x": 1e400, "x": 2},\n 3, {"ID": null}, {"ID": "b\\ud83d"}]'
    with pytest.warns(UserWarning, match="b.json") as caught:
        table = read_table(put(tmp_path, text, "b.json"))
    said = " ".join(str(one.message) for one in caught)
    assert "4 rows, 2 taken, 2 left out (no JSON object: row 2; empty: row 3)" in said
    assert "a name twice: what stands there under the second is read as 'x (2)'" in said
    assert "read as text: 1e400." in said
    for broken in ('[{"ID": "a"},]', '[{"ID": "a"}, {"ID"', '[{"ID": "a"}]\n[{"ID": "b"}]'):
        with pytest.raises(TableError, match=r"b.json is damaged JSON \(line \d, column \d+\)"):
            read_table(put(tmp_path, broken, "b.json"))
    assert table.iloc[0].tolist() == ["a", "1e400", 2]
    assert table["ID"].tolist()[1] == "b\ufffd"


@pytest.mark.parametrize("mark", ["\ufeff", "ï»¿"])
@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_a_mark_of_utf8_in_the_first_name_is_left_out_and_said(tmp_path, ending, mark):
    table = pd.DataFrame({f"{mark}ID": ["a", "b"], "x": [1, 2]})
    path = tmp_path / f"a.{ending}"
    table.to_excel(path, index=False) if ending == "xlsx" else table.to_parquet(path)
    with pytest.warns(UserWarning, match="a mark of UTF-8 before the name of the column 'ID' is left out"):
        again = read_table(path, key="ID")
    assert again["ID"].tolist() == ["a", "b"]
    if ending == "xlsx":
        with pd.ExcelWriter(path) as book:
            pd.DataFrame({"about": ["me"]}).to_excel(book, sheet_name="A", index=False)
            table.to_excel(book, sheet_name="B", index=False)
        with pytest.warns(UserWarning, match="the sheet 'B' is read"):
            assert read_table(path, key="ID")["ID"].tolist() == ["a", "b"]


def test_texts_of_parquet_that_are_not_utf8_are_told_at_once(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    places, letters = arrow.py_buffer(b"\0\0\0\0\3\0\0\0\4\0\0\0"), arrow.py_buffer(b"f\xfcrx")
    texts = arrow.Array.from_buffers(arrow.utf8(), 2, [None, places, letters])
    parquet.write_table(arrow.table({"ID": ["a", "b"], "text": texts}), tmp_path / "a.parquet")
    with pytest.raises(TableError, match="damaged Parquet file"):
        read_table(tmp_path / "a.parquet", key="ID")


def test_numbers_in_a_workbook_that_no_float_holds_are_texts_and_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["ID", "x", "y"], ["a", 111.5, 222.5], ["b", 2, "1e400"], ["c", 1e-30, 0.5]):
        book.active.append(row)
    book.save(tmp_path / "plain.xlsx")
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as plain, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as odd:
        for name in plain.namelist():
            odd.writestr(name, plain.read(name).replace(b"111.5", b"1e-400").replace(b"222.5", b"-1E400"))
    with pytest.warns(UserWarning, match="no number of a computer holds is read as text: 1e-400 in B2, -1E400 in C2"):
        table = read_table(tmp_path / "a.xlsx", key="ID")
    assert table.to_dict("list") == {"ID": ["a", "b", "c"], "x": ["1e-400", 2, 1e-30], "y": ["-1E400", "1e400", 0.5]}


def test_a_measure_of_hundreds_of_digits_is_infinite_and_ends_nothing() -> None:
    found = measured(pd.DataFrame({"x": pd.Series([10**400, "1.5"], dtype="object")}))
    assert found["x"].tolist() == [float("inf"), 1.5]
