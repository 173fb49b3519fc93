"""Which answers annotators gave, and how often."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from lsnb.annotations import widen
from lsnb.plots.figures import COLORS, Picture, only_words, shortened

CATEGORIES = 12
BINS = 10


def label_distribution(annotations: pd.DataFrame, control: str) -> Picture:
    """Return bars of how often each annotator gave each answer, as shares of that annotator's answers.

    Each of several answers to an item counts. Beyond twelve different texts the rarer are drawn together as
    ``other``; beyond twelve different numbers they are drawn in ten ranges.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.

    Raises:
        InputError: No long table, or no such control in it.

    Example:
        >>> rows = [("1", "ana", "pos"), ("2", "ana", "neg"), ("1", "ben", "pos")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> figure = label_distribution(long, "mood")
        >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        ['ana (2 answers)', 'ben (1 answers)']
    """
    wide = widen(annotations, control)
    given = {str(name): _single_answers(wide[name]) for name in wide}
    given = {name: answers for name, answers in given.items() if answers}
    figure = Picture(figsize=(7.0, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{control}: answers of each annotator", fontsize=10)
    if not given:
        return only_words(figure, axes, "Nobody has answered yet.")
    names, counted = _categories(given)
    width = 0.8 / len(given)
    for number, (name, counts) in enumerate(counted.items()):
        total = sum(counts)
        left = [place - 0.4 + (number + 0.5) * width for place in range(len(names))]
        shares = [count / total for count in counts]
        axes.bar(left, shares, width, label=f"{name} ({total} answers)", color=COLORS[number % len(COLORS)])
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right", rotation_mode="anchor")
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False)
    return figure


def _single_answers(column: pd.Series[Any]) -> list[Any]:
    answers: list[Any] = []
    for value in column.dropna():
        answers.extend(value if isinstance(value, tuple) else (value,))
    return answers


def _categories(given: dict[str, list[Any]]) -> tuple[list[str], dict[str, list[int]]]:
    """Return what to write under the bars, and each annotator's counts in that order."""
    everything = Counter(answer for answers in given.values() for answer in answers)
    numeric = all(isinstance(answer, (int, float)) for answer in everything)
    if numeric and len(everything) > CATEGORIES:
        edges = np.histogram_bin_edges(list(everything), bins=BINS)
        ranges = [f"{low:.3g} – {high:.3g}" for low, high in itertools.pairwise(edges)]
        return ranges, {name: np.histogram(answers, bins=edges)[0].tolist() for name, answers in given.items()}
    # Texts by frequency, and equals by the alphabet, so that the picture is always the same.
    kept = sorted(everything, key=None if numeric else lambda answer: (-everything[answer], str(answer)))
    rest = kept[CATEGORIES - 1 :] if len(kept) > CATEGORIES else []
    kept = kept[: CATEGORIES - 1] if rest else kept
    counts = {name: Counter(answers) for name, answers in given.items()}
    table = {name: [count[answer] for answer in kept] for name, count in counts.items()}
    if rest:
        table = {name: [*row, sum(counts[name][answer] for answer in rest)] for name, row in table.items()}
    words = [f"{answer:g}" if numeric else shortened(str(answer)) for answer in kept]
    return words + (["other"] if rest else []), table
