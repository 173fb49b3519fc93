"""A condition on a table's rows: as pandas reads it, and nothing but a condition, since descriptions can be edited."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import lsnb
from lsnb.study.rows import Reading, read_rows

TABLE = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "caption": ["x & y", "y|z", "it's ~", "`q`"],
        "lang": ["de", "en", "de", None],
        "n": [1, 2, 3, 4],
        "f": [0.5, None, 2.5, 1.0],
        "is_context": [True, False, True, False],
        "Alter in Jahren": [10, 20, 30, 40],
        "when": pd.to_datetime(["2024-01-01", "2024-02-01", "2025-01-01", "2026-01-01"]),
        "class": ["p", "q", "p", "q"],
        "quoted0": [4, 3, 2, 1],
    }
)
CONFIG = lsnb.LabelConfig.text("caption").choices("mood", ["good", "bad"])
CONDITIONS = [
    *("lang == 'de'", "lang=='de' & n>1", "n in [1, 3]", "n not in (1, 3)", "lang == ['de', 'en']", "lang != 'de'"),
    *("not is_context", "~is_context", "is_context", "1 < n <= 3", "`Alter in Jahren` > 15 | n == 1", "n * 2 > 3"),
    *("n % 2 == 0", "-n < -2", "f.isna()", "f.notna() & n < 4", "caption.str.contains('y')", "caption.str.len() > 4"),
    *("when > '2024-06-01'", "when.dt.year == 2024", "caption == 'x & y'", 'caption == "it\'s ~"', "caption == '`q`'"),
    *("`class` == 'p' and quoted0 > 2", "index > 1", "n.between(2, 3)", "lang.str.startswith('d', na=False)"),
    *("(n > 1) & (lang == 'de')", " n > 2 ", "n + f > 3", "not (n > 2)", "lang.isin(['de'])"),
]


def kept(where: str) -> tuple[list[str], list[str]]:
    rows = read_rows(TABLE, CONFIG, Reading("id", where=where))
    return rows.keys, rows.problems


@pytest.mark.parametrize("where", CONDITIONS)
def test_a_condition_takes_the_rows_that_pandas_takes(where: str) -> None:
    assert kept(where) == (TABLE.query(where, engine="python")["id"].tolist(), [])


@pytest.mark.parametrize(
    "where",
    [
        "@table.__class__.__init__.__globals__['sys'].modules['os'].system('touch {}') == 0",
        "@pd.io.common.os.system('touch {}') == 0",
        "__import__('os').system('touch {}') == 0",
        "id.to_csv('{}') == 1",
        "id.str.contains(id.to_csv('{}'))",
        "id == '`' and id.to_csv('{}') and id == '`'",
        "`'` and id.to_csv('{}') and id == `'`",
        "id == '\\'' and id.to_csv('{}') and id == '\\''",
        "id == [id.to_csv('{}')]",
        "n.between(2, n.to_csv('{}'))",
        "[n.to_csv('{}') for n in id]",
        "f'{{id.to_csv(\"{}\")}}' == id",
        "(n := id.to_csv('{}')) == 1",
        *(
            "id.str.repeat(10000000000) == 'x'",
            "id * 10000000000 == 'x'",
            "'%10000000000d' % n == 'x'",
            "n ** n ** n > 1",
        ),
        *(
            "not " * 300 + "(" * 300 + "n",
            "(" * 1900,
            "n > 1 " * 1000,
            "id[0] == 'a'",
            "n.sum() > 1",
            "n; n",
            "id.isin(*[1])",
        ),
    ],
)
def test_what_is_no_condition_is_not_evaluated(where: str, tmp_path: Path) -> None:
    keys, (problem,) = kept(where.format(tmp_path / "written"))
    assert keys == []
    assert problem.startswith("where=")
    assert "cannot be applied to this table (" in problem
    assert len(problem) < 800
    assert list(tmp_path.iterdir()) == []


def test_of_two_columns_of_one_name_none_is_taken() -> None:
    twice = pd.concat([TABLE, TABLE[["lang"]].iloc[::-1].reset_index(drop=True)], axis=1)
    rows = read_rows(twice, CONFIG, Reading("id", where="lang == 'de'"))
    assert "the table has 2 columns called 'lang'" in rows.problems[0]
