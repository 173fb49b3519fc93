"""Pictures of agreement, of answers and of progress; the only module that draws.

Figures are made without pyplot, so no window, no global state and no notebook setting is touched. They show
themselves in a notebook; elsewhere save them with ``figure.savefig("agreement.png")``.
"""

from __future__ import annotations

import io
import itertools
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lsnb.annotations import widen
from lsnb.errors import InputError
from lsnb.tables.keys import listing

if TYPE_CHECKING:
    from lsnb.reliability import Agreement

# Okabe & Ito's colours, which people with any colour vision tell apart (Color Universal Design, 2008).
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
MISSING = "#EEEEEE"
CATEGORIES = 12
BINS = 10


class Picture(Figure):
    """A matplotlib figure that a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=100)
        return buffer.getvalue()


def agreement_matrix(agreement: Agreement) -> Picture:
    """Return a heat map of Cohen's kappa for each pair of annotators, with the items both answered.

    Args:
        agreement: What ``lsnb.agreement`` returned.

    Example:
        >>> from lsnb.reliability import agreement
        >>> rows = [("1", "ana", "pos"), ("2", "ana", "neg"), ("1", "ben", "pos"), ("2", "ben", "neg")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> figure = agreement_matrix(agreement(long, "mood"))
        >>> figure.axes[0].get_title()
        "mood: Cohen's kappa (items both answered)"
    """
    people = list(agreement.annotators)
    size = max(3.2, 0.9 * len(people) + 1.6)
    figure = Picture(figsize=(size + 0.6, size), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{agreement.control}: Cohen's kappa (items both answered)", fontsize=10)
    if len(people) < 2:
        return _only_words(figure, axes, agreement.note)
    place = {name: number for number, name in enumerate(people)}
    cells = np.full((len(people), len(people)), np.nan)
    for pair in agreement.kappa.itertuples(index=False):
        a, b = place[str(pair.a)], place[str(pair.b)]
        cells[a, b] = cells[b, a] = kappa = float(pair.kappa)  # type: ignore[arg-type]
        words = f"{'–' if math.isnan(kappa) else f'{kappa:.2f}'}\n({pair.n})"
        for x, y in ((a, b), (b, a)):
            axes.text(x, y, words, ha="center", va="center", color="white" if kappa > 0.55 else "black", fontsize=9)
    axes.set_facecolor(MISSING)
    image = axes.imshow(cells, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, shrink=0.8, label="kappa (0: as by chance, 1: always the same)")
    axes.set_xticks(range(len(people)), people, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(people)), people)
    if agreement.note:
        axes.set_xlabel(agreement.note, fontsize=8, wrap=True)
    return figure


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
        return _only_words(figure, axes, "Nobody has answered yet.")
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


def progress(table: pd.DataFrame) -> Picture:
    """Return a bar for each annotator: tasks done, skipped and left.

    Args:
        table: What ``study.progress()`` returns: ``annotator, tasks, done, skipped``.

    Raises:
        InputError: One of these columns is not there.

    Example:
        >>> table = pd.DataFrame({"annotator": ["ana", "ben"], "tasks": [4, 4], "done": [4, 1], "skipped": [0, 1]})
        >>> [text.get_text() for text in progress(table).axes[0].get_legend().get_texts()]
        ['done', 'skipped', 'left']
    """
    needed = ("annotator", "tasks", "done", "skipped")
    absent = [name for name in needed if name not in table.columns]
    if absent:
        raise InputError(f"The table has no column {listing(absent)}: give what study.progress() returns.")
    people = [str(name) for name in table["annotator"]]
    done, skipped = table["done"].to_numpy("float64"), table["skipped"].to_numpy("float64")
    left = np.maximum(0, table["tasks"].to_numpy("float64") - done - skipped)
    figure = Picture(figsize=(7.0, max(1.6, 0.45 * len(people) + 1.0)), layout="constrained")
    axes = figure.subplots()
    if not people:
        return _only_words(figure, axes, "There are no annotators yet.")
    start = np.zeros(len(people))
    for name, counts, color in (("done", done, COLORS[0]), ("skipped", skipped, COLORS[1]), ("left", left, MISSING)):
        axes.barh(people, counts, left=start, color=color, label=name)
        start = start + counts
    for row, (finished, total) in enumerate(zip(done, table["tasks"], strict=True)):
        axes.text(start[row], row, f"  {finished:.0f} of {total}", va="center", fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("tasks")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(ncols=3, fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
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
    words = [f"{answer:g}" if numeric else _shortened(str(answer)) for answer in kept]
    return words + (["other"] if rest else []), table


def _shortened(text: str, limit: int = 24) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _only_words(figure: Picture, axes: Any, words: str) -> Picture:
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, ha="center", va="center", wrap=True, transform=axes.transAxes)
    return figure
