"""The account that every reader gives: seen is taken and left out, or the difference is said."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lsnb
from lsnb import LabelConfig
from lsnb.errors import InputError
from lsnb.kernel.tally import Tally, sheet_rows, tally_of

reasons = st.dictionaries(st.sampled_from(["empty", "damaged", "another's"]), st.integers(1, 9), max_size=3)


@given(taken=st.integers(0, 50), left=reasons, lost=st.integers(-3, 3))
def test_the_sum_is_right_or_the_difference_is_said(taken, left, lost):
    tally = Tally("a.csv", seen=taken + sum(left.values()) + lost, taken=taken)
    for reason, n in left.items():
        tally.leave(reason, [f"row {i}" for i in range(n)])
    assert tally.unexplained == lost
    assert ("cannot name" in str(tally)) == bool(lost)
    assert bool(tally.sentences()) == bool(left or lost)
    assert tally.table["n"].sum() == sum(left.values())


def test_what_many_files_hold_adds_up():
    whole = Tally("folder", "annotation", seen=1, taken=1)
    for number in range(3):
        part = Tally(f"{number}.json", "annotation", seen=3, taken=1)
        part.leave("damaged", [f"{number}.json, task {number}"])
        part.leave("no such task", n=1)
        part.note("The files are old.")
        whole.add(part)
    assert str(whole) == (
        "folder: 10 annotations, 4 taken, 6 left out "
        "(damaged: 0.json, task 0, 1.json, task 1, 2.json, task 2; no such task: 3)"
    )
    assert whole.notes == ["The files are old."]
    assert whole.unexplained == 0


def test_a_table_carries_its_account_on_and_into_parquet(tmp_path):
    tally = Tally("a.csv", seen=3, taken=2, notes=["Guessed."])
    tally.leave("empty", ["row 3"])
    table = tally.attach(pd.DataFrame({"x": [1, 2]}))
    assert tally_of(table[table["x"] > 1]) == tally
    assert json.loads(json.dumps(table.attrs)) == table.attrs
    pytest.importorskip("pyarrow")
    table.to_parquet(tmp_path / "a.parquet")
    assert tally_of(pd.read_parquet(tmp_path / "a.parquet")) == tally


def test_what_is_said_points_at_the_readers_caller():
    tally = Tally("a.csv", seen=2, taken=1)
    tally.leave("empty", ["row 3"])
    with pytest.warns(UserWarning, match=r"^a\.csv: 2 rows, 1 taken, 1 left out \(empty: row 3\)\.$") as caught:
        tally.warn()
    assert caught[0].filename == __file__


def test_verbs_name_the_rows_that_the_file_has(tmp_path: Path) -> None:
    path = tmp_path / "messy.csv"
    path.write_text("id,path,weight\na,1.jpg,1\n,,\nb,,x\n,,\na,3.jpg,1\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="empty: row 3, row 5"):
        table = lsnb.read_table(path)
    for part, rows in ((table, "2, 6"), (table.iloc[[2, 0]], "6, 2"), (table.reset_index(drop=True), "2, 6")):
        with pytest.raises(InputError, match=rf"'a' in rows {rows}\."):
            lsnb.sample(part, key="id", n=1)
    with pytest.raises(InputError, match=r"row 4 has none"):
        lsnb.sample(table.assign(id=list("abc")), key="id", n=1, weights="weight")
    problems = LabelConfig.image("path").choices("mood", "a, b").check(table)
    assert any("(row 4): mend the cell" in problem.message for problem in problems)
    own = table.set_index(pd.Index([7, 8, 900]))  # no part of what was read any more
    with pytest.raises(InputError, match=r"'a' in rows 2, 4\."):
        lsnb.sample(own, key="id", n=1)
    many = Tally("a.csv", seen=30, taken=1)
    many.leave("empty", [f"row {row}" for row in range(2, 31)])
    assert sheet_rows([0], many.attach(pd.DataFrame({"x": [1]}))) == "row 2 without those left out"
