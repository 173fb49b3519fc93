"""One verdict on a config and a table: what ``check`` says before, ``create_study`` says too."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsnb import LabelConfig
from lsnb.bucket import Bucket
from lsnb.errors import InputError
from lsnb.reliability import evaluate
from lsnb.study.creating import plan_study
from lsnb.study.projects import annotator_names
from lsnb.study.rows import Reading, read_rows

PHOTO, CLIP = "https://example.org/a.jpg", "https://example.org/a.mp4"
CONFIGS: dict[str, Callable[[], LabelConfig]] = {
    "a picture": lambda: LabelConfig.image("uri").rating("q"),
    "boxes": lambda: LabelConfig.image("uri").rectangles("q", ["a"]),
    "a picture and its caption": lambda: LabelConfig.image("uri").text("caption").rating("q"),
    "about the picture": lambda: LabelConfig.image("uri").text("caption").rating("q", to="uri"),
    "about both": lambda: LabelConfig.image("uri").text("caption").rating("q", to="uri").rating("p", to="caption"),
    "spans of the caption": lambda: LabelConfig.image("uri").text("caption").labels("q", ["a"]),
    "a text": lambda: LabelConfig.text("caption").rating("q"),
    "two texts": lambda: LabelConfig.text("title").text("caption").rating("q"),
    "a heading": lambda: LabelConfig.header("By $title").image("uri").rating("q"),
    "two pictures": lambda: LabelConfig.image("uri").image("other").rating("q", to="uri"),
    "a video": lambda: LabelConfig.video("clip", frame_rate="fps").text("caption").rating("q", to="clip"),
    "a list": lambda: LabelConfig.images("pages").rating("q"),
    "no such column": lambda: LabelConfig.image("url").rating("q"),
    "asks nothing": lambda: LabelConfig.image("uri"),
}
EMPTY: list[Any] = [None, "", "  ", float("nan"), pd.NA]
CELLS: dict[str, list[Any]] = {
    "uri": [PHOTO, "gs://b/a.png", "gs://other/a.png", "data:image/png;base64,AA==", "gone.jpg", "/content/a.jpg", 3],
    "other": [PHOTO, CLIP, 3],
    "clip": [CLIP, PHOTO, "gs://b/a.mp4"],
    "caption": ["words", 3, "gs://b/a.png"],
    "title": ["words", 1.5],
    "fps": [25.0, "25", "fast"],
    "pages": [[PHOTO], [], '["a"]'],
}


def both(
    config: LabelConfig, table: pd.DataFrame, bucket: Any = None, columns: Any = None
) -> tuple[list[str], list[str]]:
    """What either says; the bucket that stands in has a name, and is never sent anything."""
    said = [str(problem) for problem in config.check(table, bucket=bucket, columns=columns)]
    reading = Reading("id", columns=columns, bucket=cast("Bucket | None", bucket))
    try:
        plan_study("A study", config, table, reading, annotators=1)
    except InputError as fault:
        return said, list(fault.problems)
    return said, []


def rows(**columns: list[Any]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    return pd.DataFrame({"id": [str(i) for i in range(count)], **columns}, dtype="object")


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", CONFIGS)
def test_each_column_with_each_cell_and_with_none(name: str) -> None:
    config = CONFIGS[name]()
    good = {column: cells[0] for column, cells in CELLS.items()}
    for column, cells in CELLS.items():
        for cell, second in itertools.product([*cells, *EMPTY], [True, False]):
            table = rows(**{c: [cell if c == column else one, *([one] * second)] for c, one in good.items()})
            for bucket in (None, SimpleNamespace(name="b")):
                if bucket is None and str(cell).startswith("gs://"):
                    continue  # without its bucket nobody can say what is in it
                said, told = both(config, table, bucket)
                assert bool(said) == bool(told), (column, cell, said, told)


@given(st.data())
@settings(max_examples=40)
def test_any_table(data: st.DataObject) -> None:
    config = CONFIGS[data.draw(st.sampled_from(sorted(CONFIGS)))]()
    count = data.draw(st.integers(1, 4))
    cells = {
        column: data.draw(st.lists(st.sampled_from([own[0], *own, *EMPTY]), min_size=count, max_size=count))
        for column, own in CELLS.items()
    }
    said, told = both(config, rows(**cells), SimpleNamespace(name="b"))
    assert bool(said) == bool(told), (cells, said, told)


@given(st.data())
@settings(max_examples=40)
def test_any_table_whose_columns_are_named(data: st.DataObject) -> None:
    config = CONFIGS[data.draw(st.sampled_from(sorted(CONFIGS)))]()
    own = data.draw(st.sampled_from(sorted(CELLS)))
    cells = {column: [data.draw(st.sampled_from([some[0], *some, *EMPTY]))] * 2 for column, some in CELLS.items()}
    cells["scan"] = cells.pop(own) if data.draw(st.booleans()) else list(cells[own])
    targets = st.sampled_from([*CELLS, "scan", "url"])
    named = data.draw(
        st.one_of(
            st.just({"scan": own}),
            st.dictionaries(st.sampled_from([*cells, "gone"]), targets, max_size=2),
            st.lists(st.sampled_from([*cells, "gone"]), max_size=2, unique=True),
        )
    )
    said, told = both(config, rows(**cells), SimpleNamespace(name="b"), named)
    assert bool(said) == bool(told), (cells, named, said, told)


def test_a_table_without_rows_is_none() -> None:
    assert (
        both(CONFIGS["a text"](), rows(caption=[]))
        == (["The table has no rows: give the items that should be labelled."],) * 2
    )


def test_a_named_column_is_called_by_its_own_name() -> None:
    config, table = CONFIGS["a picture"](), rows(scan=[PHOTO, None])
    assert both(config, table[:1], columns={"scan": "uri"}) == ([], [])
    said, _ = both(config, table, columns={"scan": "uri"})
    assert said == ["Column 'scan' has no image (row 3): mend the cell, or drop the row."]
    said, told = both(config, table, columns={"scam": "uri"})
    assert "columns names 'scam', and the table has no such column. Did you mean 'scan'?" in told
    assert set(said) <= set(told)
    with pytest.raises(InputError, match="columns is 'scan'"):
        config.check(table, columns="scan")


@pytest.mark.parametrize(
    ("name", "uri", "caption", "says"),
    [
        ("a picture and its caption", PHOTO, None, None),
        ("a picture and its caption", PHOTO, " ", None),
        ("about the picture", PHOTO, "", None),
        ("about the picture", None, "words", "Column 'uri' has no image"),
        ("about both", PHOTO, None, None),
        ("about both", None, "words", "Column 'uri' has no image"),
        ("a picture and its caption", None, "words", None),
        ("a picture and its caption", None, "", "Column 'caption' has no text"),
        ("spans of the caption", PHOTO, "", "Column 'caption' has no text"),
        ("a text", PHOTO, None, "Column 'caption' has no text"),
    ],
)
def test_what_a_question_is_about_must_be_there_and_a_caption_may_be_empty(
    name: str, uri: Any, caption: Any, says: str | None
) -> None:
    config = CONFIGS[name]()
    for second in (True, False):
        table = rows(uri=[uri, *[PHOTO] * second], caption=[caption, *["words"] * second])
        said, told = both(config, table)
        if says is None:
            assert (said, told) == ([], [])
        else:
            assert says in told[0]
            assert (says if second else "is empty") in said[0]
            assert not second or "(row 2)" in said[0]


def test_an_empty_caption_is_an_empty_text_and_a_missing_picture_is_said() -> None:
    config = CONFIGS["a picture and its caption"]()
    read = read_rows(rows(uri=[PHOTO, None], caption=[None, "words"]), config, Reading("id"))
    assert [row["caption"] for row in read.data] == ["", "words"]
    assert [row["uri"] for row in read.data] == [PHOTO, ""]
    assert (read.problems, read.skipped) == ([], {})
    assert read.notes == ["Column 'uri' has no image for item 1: annotators see the rest."]


def test_keys_and_names_that_look_alike_are_said() -> None:
    keys = ["\u00fc", "u\u0308", "a", "a\u200b", "b"]
    read = read_rows(rows(caption=["words"] * 5).assign(id=keys), CONFIGS["a text"](), Reading("id"))
    assert read.notes == [
        "Keys that look alike are items of their own ('u\u0308' and '\u00fc', 'a' and 'a\\u200b'): mend them where "
        "they are one item."
    ]
    assert annotator_names(["J\u00fcrgen", "Ju\u0308rgen"])[1]
    assert annotator_names(pd.Series(["ana", None]))[1] == [
        "annotators holds an empty name: take it out or fill it in."
    ]
    assert annotator_names([1.0, float("nan")])[1] == ["annotators holds an empty name: take it out or fill it in."]
    assert annotator_names(pd.Series([1.0, 2.0])) == (["1", "2"], [])
    assert [annotator_names([odd, "ben"])[0] for odd in (["ana"], {"a": 1}, 1.5, 10**400)] == [
        [],
        [],
        [],
        ["1" + "0" * 400, "ben"],
    ]
    found = evaluate(
        pd.DataFrame({"id": ["1", "2"], "mood": ["u\u0308p", "down"]}),
        pd.DataFrame({"item": ["1", "2"], "value": ["\u00fcp", "down"]}),
        key="id",
        column="mood",
        resamples=0,
    )
    assert "spelled otherwise than gold ones" in found.note


def test_files_of_this_computer_are_looked_for_where_a_bucket_could_take_them(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    config, here = CONFIGS["a picture"](), str(tmp_path / "a.jpg")
    assert config.check(rows(uri=[here]), bucket=SimpleNamespace(name="b")) == []
    assert "no address that a browser can open" in str(config.check(rows(uri=[here]))[0])
    [problem] = config.check(rows(uri=[here, here + "x"]), bucket=SimpleNamespace(name="b"))
    assert f"There is no file {here}x" in str(problem)
    assert "(row 3)" in str(problem)
    with pytest.raises(InputError, match=r"open it first, with bucket=lsnb\.open_bucket\('b'\)"):
        config.check(rows(uri=[here]), bucket="b")  # type: ignore[arg-type]


def test_a_pair_of_columns_that_is_wrong_makes_none_wrong_that_is_right() -> None:
    config = LabelConfig.text("caption").choices("mood", ["up", "down"])
    table = pd.DataFrame({"id": ["a"], "post": ["x"], "note": ["y"]})
    problems = read_rows(table, config, Reading("id", columns={"post": "caption", "note": "hint"})).problems
    assert problems == ["columns names the field 'hint', and the config shows caption (text)."]
