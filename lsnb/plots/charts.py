"""What all figures share: how they show themselves, and colours that everybody can tell apart."""

from __future__ import annotations

import io
import itertools
import math
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from lsnb.annotations import widen
from lsnb.annotations.long import DONE
from lsnb.errors import InputError
from lsnb.kernel.checks import Annotations, Count, Give, checked
from lsnb.kernel.words import listing
from lsnb.reliability.coefficients import ratings_of
from lsnb.reliability.decisions import disputed

if TYPE_CHECKING:
    from lsnb.reliability import Agreement, Evaluation


# Okabe & Ito's colours, which people with any colour vision tell apart (Color Universal Design, 2008).
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
MISSING = "#EEEEEE"


class Picture(Figure):
    """A matplotlib figure that a notebook shows without pyplot, and in which every text is what it says.

    Names, labels and answers come from people and files; matplotlib takes what stands between two ``$`` for a formula.
    """

    def draw(self, renderer: Any) -> None:
        """Draw the figure.

        Args:
            renderer: matplotlib's.
        """
        for text in self.findobj(Text):
            text.set_parse_math(False)
            text.set_usetex(False)
        super().draw(renderer)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=100)
        return buffer.getvalue()


def shortened(text: str, limit: int = 24) -> str:
    """Return a text cut to a length.

    Example:
        >>> shortened("a long text", 6)
        'a lon…'
    """
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def only_words(figure: Picture, axes: Any, words: str) -> Picture:
    """Return a figure that says why there is nothing to draw.

    Args:
        figure: The figure.
        axes: Its only axes.
        words: What to say.
    """
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, ha="center", va="center", wrap=True, transform=axes.transAxes)
    return figure


# Which answers annotators gave, and how often.


CATEGORIES = 12
BINS = 10


@checked
def label_distribution(annotations: Annotations, control: str) -> Picture:
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


# How far annotators are, and how much they did each day.


@checked
def progress(table: Annotated[pd.DataFrame, Give("what study.progress() returns")]) -> Picture:
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
        return only_words(figure, axes, "There are no annotators yet.")
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


@checked
def annotations_per_day(annotations: Annotations) -> Picture:
    """Return bars of how many annotations each annotator finished on each day (UTC), skipped ones too.

    Args:
        annotations: The long table; it is not changed.

    Raises:
        InputError: The table does not say when annotations were made.

    Example:
        >>> long = pd.DataFrame({"project": 1, "task": [1, 2], "annotation": [1, 2], "annotator": "ana",
        ...                      "status": "submitted", "updated_at": ["2026-01-02T09:00Z", "2026-01-04T09:00Z"]})
        >>> [float(bar.get_height()) for bar in annotations_per_day(long).axes[0].patches]
        [1.0, 0.0, 1.0]
    """
    needed = ("annotator", "status", "annotation", "updated_at")
    absent = [name for name in needed if name not in annotations.columns]
    if absent:
        raise InputError(f"The table has no column {listing(absent)}: give the long table of annotations.")
    which = [
        name for name in ("project", "task", "annotation", "annotator", "updated_at") if name in annotations.columns
    ]
    done = annotations.loc[annotations["status"].isin(DONE), which].drop_duplicates()
    days = pd.to_datetime(done["updated_at"], utc=True, format="ISO8601").dt.floor("D")
    done = done.assign(day=days)[days.notna() & done["annotator"].notna()]
    figure = Picture(figsize=(7.0, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.set_title("Annotations per day", fontsize=10)
    if done.empty:
        return only_words(figure, axes, "Nobody has answered yet.")
    every = pd.date_range(done["day"].min(), done["day"].max(), freq="D")
    counts = done.groupby(["annotator", "day"]).size()
    below = np.zeros(len(every))
    for number, name in enumerate(sorted(done["annotator"].unique(), key=str)):
        heights = counts.loc[name].reindex(every, fill_value=0).to_numpy("float64")
        axes.bar(range(len(every)), heights, bottom=below, color=COLORS[number % len(COLORS)], label=str(name))
        below = below + heights
    step = max(1, len(every) // 8)
    axes.set_xticks(range(0, len(every), step), [f"{day:%d %b}" for day in every[::step]])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(fontsize=8, frameon=False, loc="outside right upper")
    return figure


# Who agrees with whom, where a model errs, and what is disputed: tables as pictures.


ROWS = 40


@checked
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
        return only_words(figure, axes, agreement.note)
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


@checked
def confusion_matrix(evaluation: Evaluation) -> Picture:
    """Return a heat map of the model's answers against gold ones: items, and shares of each gold label.

    Args:
        evaluation: What ``lsnb.evaluate`` returned.

    Example:
        >>> from lsnb.reliability import evaluate
        >>> model = pd.DataFrame({"ID": ["1", "2"], "label": ["x", "y"]})
        >>> gold = pd.DataFrame({"item": ["1", "2"], "value": ["x", "x"]})
        >>> figure = confusion_matrix(evaluate(model, gold, key="ID", column="label", resamples=0))
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['1\\n50%', '1\\n50%', '0', '0']
    """
    table = evaluation.confusion
    labels = [shortened(str(label)) for label in table.index]
    size = max(3.2, 0.7 * len(labels) + 1.8)
    figure = Picture(figsize=(size + 0.6, size), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{evaluation.column}: the model's answers by gold answer", fontsize=10)
    if not labels:
        return only_words(figure, axes, evaluation.note)
    counts = table.to_numpy("float64")
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(labels)):
        for column in range(len(labels)):
            share = shares[row, column]
            words = f"{counts[row, column]:.0f}" + (f"\n{share:.0%}" if totals[row, 0] else "")
            color = "white" if share > 0.55 else "black"
            axes.text(column, row, words, ha="center", va="center", color=color, fontsize=9)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the gold label")
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("model")
    axes.set_ylabel("gold")
    return figure


@checked
def disagreement_map(annotations: Annotations, control: str, *, n: Count = ROWS) -> Picture:
    """Return the most disputed items, a row each, and what each annotator answered, as colours.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        n: How many items, the worst first.

    Raises:
        InputError: No long table, or no such control in it.

    Example:
        >>> rows = [("1", "ana", "x"), ("1", "ben", "x"), ("2", "ana", "x"), ("2", "ben", "y")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> [label.get_text() for label in disagreement_map(long, "mood").axes[0].get_yticklabels()]
        ['2 (1.00)']
    """
    worst = disputed(annotations, control).head(n)
    wide, ratings = ratings_of(annotations, control)
    figure = Picture(
        figsize=(max(4.0, 0.8 * len(wide.columns) + 3.0), max(2.0, 0.3 * len(worst) + 1.4)), layout="constrained"
    )
    axes = figure.subplots()
    # Over the whole figure: long keys leave little of its width to the axes.
    figure.suptitle(f"{shortened(control)}: the most disputed items\n(mean distance of two answers)", fontsize=10)
    if worst.empty:
        return only_words(figure, axes, "No two annotators disagree.")
    codes = ratings.codes[wide.index.get_indexer(pd.Index(worst["item"]))].astype("float64")
    codes[codes < 0] = np.nan
    axes.set_facecolor(MISSING)
    last = max(1, len(ratings.values) - 1)
    axes.imshow(codes, cmap="viridis", vmin=0, vmax=last, aspect="auto", interpolation="nearest")
    for (row, column), code in np.ndenumerate(codes):
        if not math.isnan(code):
            words = shortened(_words(ratings.values[int(code)]), 14)
            axes.text(
                column, row, words, ha="center", va="center", fontsize=8, color="black" if code > last / 2 else "white"
            )
    axes.set_xticks(range(len(wide.columns)), [str(name) for name in wide.columns])
    axes.set_yticks(
        range(len(worst)),
        [f"{shortened(str(row.item))} ({row.disagreement:.2f})" for row in worst.itertuples(index=False)],
    )
    return figure


def _words(value: Any) -> str:
    return (
        ", ".join(map(str, value))
        if isinstance(value, tuple)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
