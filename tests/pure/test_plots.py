"""Figures that say what the tables say, and touch nothing else."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest
from label_studio_tasks import D1, annotation, choice, result, task

from lsnb import plots
from lsnb.annotations import long_table
from lsnb.errors import InputError
from lsnb.reliability import agreement


def long(votes: dict[str, list], kind: str = "choices") -> pd.DataFrame:
    rows = [
        (str(n), who, value) for who, values in votes.items() for n, value in enumerate(values) if value is not None
    ]
    table = pd.DataFrame(rows, columns=["item", "annotator", "value"])
    return table.assign(control="c", kind=kind, status="submitted")


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def heights(figure) -> list[list[float]]:
    return [[round(bar.get_height(), 4) for bar in bars] for bars in figure.axes[0].containers]


def is_png(figure) -> bool:
    return figure._repr_png_().startswith(b"\x89PNG")


def test_the_matrix_shows_each_pair_twice():
    figure = plots.agreement_matrix(agreement(long(D1), "c"))
    assert sorted(words(figure)) == sorted(["0.27\n(4)", "0.58\n(5)", "0.20\n(4)"] * 2)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["A", "B", "C"]
    assert is_png(figure)


def test_a_matrix_of_what_cannot_be_told():
    figure = plots.agreement_matrix(agreement(long({"a": ["x"], "b": ["x"]}), "c"))
    assert words(figure) == ["–\n(1)"] * 2
    assert is_png(figure)
    alone = plots.agreement_matrix(agreement(long({"a": ["x"]}), "c"))
    assert words(alone) == ["Only a has answered, so there is nothing to compare."]
    assert is_png(alone)


def test_shares_are_of_each_annotators_answers():
    figure = plots.label_distribution(long(D1), "c")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["pos", "neg", "neu"]
    assert heights(figure) == [[0.6, 0.2, 0.2], [0.25, 0.75, 0], [0.6667, 0.3333, 0]]
    assert is_png(figure)


def test_many_texts_many_numbers_and_several_answers():
    texts = plots.label_distribution(long({"a": [f"text {n} {'long ' * 9}" for n in range(30)]}), "c")
    labels = [label.get_text() for label in texts.axes[0].get_xticklabels()]
    assert (len(labels), labels[-1]) == (12, "other")
    assert heights(texts)[0][-1] == round(19 / 30, 4)
    numbers = plots.label_distribution(long({"a": list(range(100))}, "number"), "c")
    assert heights(numbers) == [[0.1] * 10]
    ratings = plots.label_distribution(long({"a": [5, 1, 1]}, "rating"), "c")
    assert [label.get_text() for label in ratings.axes[0].get_xticklabels()] == ["1", "5"]
    several = long_table([task(1, [annotation(choice("x", "y"))]), task(2, [annotation(choice("x"), 2)])])
    assert heights(plots.label_distribution(several, "mood")) == [[0.6667, 0.3333]]
    regions = [result("labels", {"start": 1, "end": 2, "text": "w", "labels": ["PER"]}, name="ner")]
    assert heights(plots.label_distribution(long_table([task(1, [annotation(regions)])]), "ner")) == [[1.0]]


def test_nobody_has_answered():
    figure = plots.label_distribution(long_table([task(1)]), "c")
    assert words(figure) == ["Nobody has answered yet."]
    assert is_png(figure)


def test_progress():
    table = pd.DataFrame({"annotator": ["ana", "ben"], "tasks": [4, 4], "done": [4, 1], "skipped": [0, 1]})
    before = table.copy()
    figure = plots.progress(table)
    done, skipped, left = figure.axes[0].containers
    assert [[bar.get_width() for bar in bars] for bars in (done, skipped, left)] == [[4, 1], [0, 1], [0, 2]]
    assert words(figure) == ["  4 of 4", "  1 of 4"]
    assert is_png(figure)
    pd.testing.assert_frame_equal(table, before)
    assert is_png(plots.progress(table.head(0)))
    with pytest.raises(InputError, match="no column done, skipped"):
        plots.progress(table[["annotator", "tasks"]])


def test_pyplot_stays_out():
    code = "import sys, lsnb.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
