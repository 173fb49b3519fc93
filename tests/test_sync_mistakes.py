"""What people get wrong when they sync a table: each mistake is a sentence, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from moods import CONFIG

import lsnb
from lsnb.errors import InputError, StudyConflictError, StudyNotFoundError
from lsnb.study import Studio, Study

pytestmark = pytest.mark.usefixtures("own_cache")

TITLE = "Mistakes of all kinds"
TABLE = pd.DataFrame({"id": ["001", "002", "003", "004"], "caption": ["one", "two", "three", "four"]})
MORE = pd.concat([TABLE, pd.DataFrame({"id": ["005"], "caption": ["five"]})], ignore_index=True)


STUDY = {"title": TITLE, "config": CONFIG, "table": TABLE, "key": "id", "annotators": ["ana", "ben"]}


MISTAKES: dict[str, tuple[Callable[[Study], Any], str]] = {
    "a file's name": (lambda s: s.sync("table.csv"), r"not a str: read the file with lsnb.read_table\(path, key='id'"),
    "no rows": (lambda s: s.sync(MORE.head(0)), "has no rows"),
    "another key": (lambda s: s.sync(MORE.rename(columns={"id": "ID"})), "no column 'id'. Did you mean 'ID'"),
    "the key in the index": (lambda s: s.sync(MORE.set_index("id")), "give table.reset_index"),
    "rounded keys": (lambda s: s.sync(MORE.assign(id=[1.2e18, 1.0, 2.0, 3.0, 4.0])), "rounded numbers"),
    "repeated keys": (lambda s: s.sync(pd.concat([MORE, TABLE])), "repeated keys"),
    "lost zeros": (lambda s: s.sync(MORE.assign(id=range(1, 6))), "lost the zeros in front of its keys .1 is 001"),
    "answers": (lambda s: s.sync(MORE, answers="Ana"), "one of ana, ben. Did you mean 'ana'"),
    "answers of a pull": (lambda s: s.pull(answers="foo"), "'majority', 'all' or one of"),
    "on_removed": (lambda s: s.sync(MORE, on_removed="x"), "'keep' or 'delete'"),  # type: ignore[arg-type]
    "two at once": (lambda s: s.sync(MORE, on_removed="x", answers="y"), "2 problems"),  # type: ignore[arg-type]
    "another table": (
        lambda s: s.sync(MORE.assign(id=list("abcde")), on_removed="delete"),
        "None of the table's items is in the study",
    ),
    "a condition on no column": (lambda s: s.sync(MORE, where="lang == 'de'"), "'lang' is not defined.*id, caption"),
    "a condition that nothing meets": (lambda s: s.sync(MORE, where="id == 'x'"), "No row of the table meets"),
    "a short mask": (lambda s: s.sync(MORE, where=pd.Series([True])), "each of the 5 rows"),
    "a mask of texts": (lambda s: s.sync(MORE, where=MORE["caption"]), "True or False"),
    "columns": (lambda s: s.sync(MORE, columns="caption"), "columns is 'caption': give pairs"),  # type: ignore[arg-type]
    "predictions": (lambda s: s.sync(MORE, predictions="mood"), "give pairs"),  # type: ignore[arg-type]
    "a bucket's name": (lambda s: s.sync(MORE, bucket="photos"), r"lsnb.open_bucket\('photos'\)"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_a_sentence_and_nothing_is_written(study: Study, mistake: str) -> None:
    act, says = MISTAKES[mistake]
    with pytest.raises(InputError, match=says):
        act(study)
    assert study.projects["tasks"].tolist() == [4, 4]


def test_a_mask_says_which_rows_whatever_their_order_and_with_gaps(study: Study) -> None:
    mask = pd.Series([True, None, False, True], index=TABLE.index, dtype="boolean")
    for where in (mask, mask.iloc[::-1], mask.tolist()):
        counts = study.sync(TABLE, where=where, dry_run=True).counts
        assert counts == {"unchanged": 4, "kept": 4}


@pytest.mark.parametrize(("title", "says"), [("Mistake of all kinds", f"did you mean '{TITLE}'"), ("", "no study ''")])
def test_a_study_that_is_not_there(studio: Studio, study: Study, title: str, says: str) -> None:
    with pytest.raises(StudyNotFoundError, match=says):
        studio.open_study(title)


def test_opened_buckets_are_wanted_when_a_study_is_made_too(studio: Studio, study: Study) -> None:
    config = lsnb.LabelConfig.text("caption").choices("mood", ["good", "bad"])
    with pytest.raises(InputError, match=r"lsnb.open_bucket\('photos'\)"):
        studio.create_study("Never made", config, TABLE, key="id", annotators=1, bucket="photos")  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("overlap", ["full", 1])
def test_a_study_is_made_again_from_the_table_it_was_synced_with(studio: Studio, study: Study, overlap: Any) -> None:
    title = f"Made again {overlap}"
    config = lsnb.LabelConfig.text("caption").choices("mood", ["good", "bad"])
    how: dict[str, Any] = {"key": "id", "annotators": ["ana", "ben"], "overlap": overlap}
    made = studio.create_study(title, config, TABLE.head(2), **how)
    made.sync(MORE)
    tasks = made.projects["tasks"].tolist()
    for table in (MORE, TABLE.head(2)):
        again = studio.create_study(title, config, table, **how)
        assert again.id == made.id
        assert again.report is not None
        assert set(again.report.table["status"]) == {"exists"}
        assert again.projects["tasks"].tolist() == tasks
    with pytest.raises(
        StudyConflictError, match=r"1 of the study is not among yours \(005\); study.sync\(table\) adds"
    ):
        studio.create_study(title, config, TABLE, **how)


def test_a_report_names_removed_rows_once_and_begins_with_what_happened(study: Study) -> None:
    report = study.sync(MORE.iloc[1:], dry_run=True)
    assert report.table["status"].tolist() == ["created", "kept", "created", "kept", *["unchanged"] * 6]
    assert sum("No longer in the table, still in the projects of ana, ben: item 001." in n for n in report.notes) == 1
