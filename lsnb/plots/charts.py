"""Charts of answers: how often each was given, by whom and when, who agrees with whom, and what is disputed."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from lsnb.annotations import widen
from lsnb.annotations.long import DONE
from lsnb.errors import InputError
from lsnb.kernel.checks import Annotations, Count, Give, checked
from lsnb.kernel.words import answer_words, counted, listing
from lsnb.plots.looks import COLORS, MISSING, Picture, apart, headline, legend_beside, look, only_words, room_for
from lsnb.reliability.coefficients import Ratings, ratings_of, wide_ratings
from lsnb.reliability.decisions import disputed, drawn_words
from lsnb.reliability.intervals import Floats
from lsnb.reliability.overlap import is_drawn

if TYPE_CHECKING:
    from lsnb.reliability import Agreement, Evaluation


# Which answers annotators gave, and how often.


CATEGORIES = 12
BINS = 10
# Bars of more annotators than this cannot be told apart; a table of shares can.
BARS = 5
LIMIT = 40


@checked
def label_distribution(annotations: Annotations, control: str) -> Picture:
    """Return how often each annotator gave each answer, as shares of that annotator's answers.

    Bars for up to five annotators, a table in shades for more. Each of several answers to an item counts. Beyond twelve
    different texts the rarer are drawn together as ``other``; beyond twelve different numbers they are drawn in ten
    ranges, from the first number of each to below the first of the next.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.

    Raises:
        InputError: No long table, or no such control in it.

    Example:
        >>> rows = [("1", "ana", "pos"), ("2", "ana", "neg"), ("1", "ben", "pos")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> figure = label_distribution(long, "mood")
        >>> [text.get_text() for text in figure.legends[0].get_texts()]
        ['ana (2 answers)', 'ben (1 answer)']
    """
    wide = widen(annotations, control)
    given = {str(name): _single_answers(wide[name]) for name in wide}
    given = {name: answers for name, answers in given.items() if answers}
    if not given:
        figure = Picture(figsize=(7.0, 3.6), layout="constrained")
        axes = figure.subplots()
        headline(figure, control, "answers of each annotator")
        return only_words(figure, axes, "Nobody has answered yet.")
    names, table = _categories(given)
    said = apart(table)
    words = [f"{said[name]} ({counted(sum(counts), 'answer')})" for name, counts in table.items()]
    shares = np.array([[count / sum(counts) for count in counts] for counts in table.values()])
    draw = _bars if len(given) <= BARS else _shades
    figure = draw(names, words, shares)
    headline(figure, control, "answers of each annotator")
    return figure


def _bars(names: list[str], words: list[str], shares: Floats) -> Picture:
    high = len(names) * (0.14 * len(words) + 0.16)
    figure = Picture(
        figsize=(max(7.0, 4.5 + room_for(names)), max(2.0, high + 1.0 + 0.2 * len(words))), layout="constrained"
    )
    axes = figure.subplots()
    width = 0.8 / len(words)
    for number, (name, row) in enumerate(zip(words, shares, strict=True)):
        at = [place - 0.4 + (number + 0.5) * width for place in range(len(names))]
        axes.barh(at, row, width, label=name, **look(number))
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, min(1.0, float(shares.max()) * 1.05))
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.set_xlabel("share of the annotator's answers", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    # Below, so that it lies over no bar.
    figure.legend(fontsize=8, frameon=False, loc="outside lower center")
    return figure


def _shades(names: list[str], words: list[str], shares: Floats) -> Picture:
    across = 0.5 * len(words)
    figure = Picture(
        figsize=(across + room_for(names) + 1.2, 0.3 * len(names) + room_for(words) * 0.75 + 1.0), layout="constrained"
    )
    axes = figure.subplots()
    axes.imshow(shares.T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (person, answer), share in np.ndenumerate(shares):
        if share:
            # Less than half a percent is not none.
            text = f"{share:.0%}" if share >= 0.005 else "<1%"
            axes.text(person, answer, text, ha="center", va="center", fontsize=8, color=_ink(share))
    axes.set_xticks(range(len(words)), words, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=9)
    return figure


def _ink(share: float) -> str:
    """Return a colour of letters that is read on a share's blue."""
    return "white" if share > 0.55 else "black"


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
        edges, ranges = _ranges(sorted(everything))
        return ranges, {name: np.histogram(answers, bins=edges)[0].tolist() for name, answers in given.items()}
    # Texts by frequency, and equals by the alphabet, so that the picture is always the same.
    kept = sorted(everything, key=None if numeric else lambda answer: (-everything[answer], str(answer)))
    rest = kept[CATEGORIES - 1 :] if len(kept) > CATEGORIES else []
    kept = kept[: CATEGORIES - 1] if rest else kept
    counts = {name: Counter(answers) for name, answers in given.items()}
    table = {name: [count[answer] for answer in kept] for name, count in counts.items()}
    if rest:
        table = {name: [*row, sum(counts[name][answer] for answer in rest)] for name, row in table.items()}
    if numeric:
        return [f"{answer:g}" for answer in kept], table
    said = apart([str(answer) for answer in kept], LIMIT)
    more = [f"other ({counted(len(rest), 'answer')})"] if rest else []
    return [said[str(answer)] for answer in kept] + more, table


def _ranges(numbers: list[float]) -> tuple[Floats, list[str]]:
    """Return the bounds of ranges of equal width, and what they are called: whole numbers by the first and the last."""
    if all(float(number).is_integer() for number in numbers):
        first, last = int(numbers[0]), int(numbers[-1])
        step = -(-(last - first + 1) // BINS)
        starts = range(first, last + 1, step)
        ranges = [f"{low}" if step == 1 else f"{low} – {low + step - 1}" for low in starts]
        return np.array([*starts, starts[-1] + step], dtype="float64"), ranges
    edges = np.histogram_bin_edges(numbers, bins=BINS)
    # As many digits as tell the bounds apart.
    digits = next(d for d in range(3, 18) if len({f"{edge:.{d}g}" for edge in edges}) == len(edges))
    return edges, [f"{low:.{digits}g} to {high:.{digits}g}" for low, high in itertools.pairwise(edges)]


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
    said = apart([str(name) for name in table["annotator"]])
    people = [said[str(name)] for name in table["annotator"]]
    done, skipped = table["done"].to_numpy("float64"), table["skipped"].to_numpy("float64")
    left = np.maximum(0, table["tasks"].to_numpy("float64") - done - skipped)
    figure = Picture(figsize=(7.0, max(1.6, 0.45 * len(people) + 1.0)), layout="constrained")
    axes = figure.subplots()
    if not people:
        return only_words(figure, axes, "There are no annotators yet.")
    start = np.zeros(len(people))
    for name, counts, color in (("done", done, COLORS[0]), ("skipped", skipped, COLORS[1]), ("left", left, MISSING)):
        axes.barh(range(len(people)), counts, left=start, color=color, label=name)
        start = start + counts
    for row, (finished, total) in enumerate(zip(done, table["tasks"], strict=True)):
        axes.text(start[row], row, f"  {finished:.0f} of {total}", va="center", fontsize=8)
    axes.set_yticks(range(len(people)), people)
    axes.set_ylim(len(people) - 0.5, -0.5)
    # Room for the words behind the longest bar.
    most = max(1.0, float(start.max()))
    axes.set_xlim(0, most * 1.25)
    axes.set_xlabel("tasks")
    axes.set_xticks([tick for tick in MaxNLocator(integer=True).tick_values(0, most) if tick <= most])
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
    people = sorted(done["annotator"].unique(), key=str)
    said = apart([str(name) for name in people])
    figure = Picture(
        figsize=(6.0 + room_for(list(said.values())), max(3.2, 0.19 * len(people) + 0.6)), layout="constrained"
    )
    axes = figure.subplots()
    axes.set_title("Annotations per day", fontsize=10)
    if done.empty:
        return only_words(figure, axes, "Nobody has answered yet.")
    every = pd.date_range(done["day"].min(), done["day"].max(), freq="D")
    counts = done.groupby(["annotator", "day"]).size()
    below = np.zeros(len(every))
    for number, name in enumerate(people):
        heights = counts.loc[name].reindex(every, fill_value=0).to_numpy("float64")
        axes.bar(range(len(every)), heights, bottom=below, **look(number))
        below = below + heights
    step = max(1, len(every) // 8)
    form = "%d %b" if every[0].year == every[-1].year else "%d %b %Y"
    axes.set_xticks(
        range(0, len(every), step),
        [f"{day:{form}}" for day in every[::step]],
        rotation=30, ha="right", rotation_mode="anchor",
    )  # fmt: skip
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    legend_beside(figure, [str(name) for name in people])
    return figure


# Who agrees with whom, where a model errs, and what is disputed: tables as pictures.


ROWS = 40


@checked
def agreement_matrix(agreement: Agreement) -> Picture:
    """Return a heat map of Cohen's kappa for each pair of annotators, with the items both answered.

    Blue is more agreement than by chance, red less.

    Args:
        agreement: What ``lsnb.agreement`` returned.

    Example:
        >>> from lsnb.reliability import agreement
        >>> rows = [("1", "ana", "pos"), ("2", "ana", "neg"), ("1", "ben", "pos"), ("2", "ben", "neg")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> figure = agreement_matrix(agreement(long, "mood"))
        >>> figure.get_suptitle()
        "mood: Cohen's kappa (items both answered)"
    """
    said = apart(agreement.annotators)
    people = list(said.values())
    names = room_for(people)
    size = max(2.4, 0.62 * len(people))
    words = textwrap.fill(agreement.note, max(40, int(14 * (size + names)))) if agreement.note else ""
    high = size + 0.8 * names + 0.9 + 0.14 * (words.count("\n") + 1 if words else 0)
    figure = Picture(figsize=(max(4.0, size + names + 1.4), high), layout="constrained")
    axes = figure.subplots()
    headline(figure, agreement.control, "Cohen's kappa (items both answered)")
    if len(people) < 2:
        return only_words(figure, axes, agreement.note)
    place = {name: number for number, name in enumerate(agreement.annotators)}
    cells = np.full((len(people), len(people)), np.nan)
    for pair in agreement.kappa.itertuples(index=False):
        a, b = place[str(pair.a)], place[str(pair.b)]
        cells[a, b] = cells[b, a] = kappa = float(pair.kappa)  # type: ignore[arg-type]
        text = f"{'–' if math.isnan(kappa) else f'{kappa:.2f}'}\n({pair.n})"
        color = "black" if math.isnan(kappa) else _ink(abs(kappa) - 0.1)
        for x, y in ((a, b), (b, a)):
            axes.text(x, y, text, ha="center", va="center", color=color, fontsize=9)
    axes.set_facecolor(MISSING)
    image = axes.imshow(cells, cmap="RdBu", vmin=-1, vmax=1)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.ax.set_yticklabels(["−1", "−0.5", "0: by chance", "0.5", "1: the same"], fontsize=8)
    axes.set_xticks(range(len(people)), people, rotation=45, ha="right", rotation_mode="anchor", fontsize=9)
    axes.set_yticks(range(len(people)), people, fontsize=9)
    if words:
        figure.supxlabel(words, fontsize=8)
    return figure


# A confusion matrix of more labels is drawn of those with the most errors.
LARGEST = 40


@checked
def confusion_matrix(evaluation: Evaluation) -> Picture:
    """Return a heat map of the model's answers against gold ones: items, and shares of each gold label.

    What never happened is left blank. Of more than forty labels those with the most errors are drawn.

    Args:
        evaluation: What ``lsnb.evaluate`` returned.

    Example:
        >>> from lsnb.reliability import evaluate
        >>> model = pd.DataFrame({"ID": ["1", "2"], "label": ["x", "y"]})
        >>> gold = pd.DataFrame({"item": ["1", "2"], "value": ["x", "x"]})
        >>> figure = confusion_matrix(evaluate(model, gold, key="ID", column="label", resamples=0))
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['1\\n50%', '1\\n50%']
    """
    counts: Floats = evaluation.confusion.to_numpy("float64")
    names = [str(label) for label in evaluation.confusion.index]
    totals = counts.sum(axis=1, keepdims=True)
    kept = list(range(len(names)))
    if len(names) > LARGEST:
        errors = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
        kept = sorted(np.argsort(-errors, kind="stable")[:LARGEST].tolist())
    said = apart([names[place] for place in kept], LIMIT)
    labels = list(said.values())
    is_small = len(labels) > CATEGORIES
    size = max(2.4, (0.36 if is_small else 0.6) * len(labels))
    room = room_for(labels)
    figure = Picture(figsize=(max(4.4, size + room + 1.5), size + 0.8 * room + 1.0), layout="constrained")
    axes = figure.subplots()
    left = f"; {len(kept)} of {len(names)} labels, those with the most errors" if len(kept) < len(names) else ""
    headline(figure, evaluation.column, f"the model's answers by gold answer{left}")
    if not labels:
        return only_words(figure, axes, evaluation.note)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)[np.ix_(kept, kept)]
    counts = counts[np.ix_(kept, kept)]
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            share = shares[row, column]
            words = f"{count:.0f}" if is_small else f"{count:.0f}\n{share:.0%}"
            axes.text(column, row, words, ha="center", va="center", color=_ink(share), fontsize=7 if is_small else 9)
    # As thick over many labels as over few: a share of a wide figure would leave a band over and under the squares.
    bar = figure.colorbar(image, ax=axes, shrink=0.8, fraction=0.4 / size, label="share of the gold label")
    bar.ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_xlabel("model")
    axes.set_ylabel("gold")
    return figure


@checked
def disagreement_map(annotations: Annotations, control: str, *, n: Count = ROWS) -> Picture:
    """Return the most disputed items, a row each, and what each annotator answered, as colours.

    Names have colours without an order, the most frequent first; ranks and numbers go from dark to light. Of a control
    that draws regions it says how many of which label each drew.

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
    distance = "mean distance of two answers"
    if is_drawn(annotations, control):
        distance = "one minus the mean F1 of two annotators"
        wide = drawn_words(annotations, control)
        ratings = wide_ratings(wide, control, "nominal")
    codes = ratings.codes[wide.index.get_indexer(pd.Index(worst["item"]))]
    shown = np.unique(codes[codes >= 0]).tolist()
    values = apart([answer_words(ratings.values[code]) for code in shown], 18)
    people = list(apart([str(name) for name in wide.columns]).values())
    items = apart([str(item) for item in worst["item"]], LIMIT)
    rows = [f"{items[str(row.item)]} ({row.disagreement:.2f})" for row in worst.itertuples(index=False)]
    width = 0.3 + room_for(list(values.values()))
    across = width * len(people) + room_for(rows) + 0.6
    figure = Picture(
        figsize=(max(4.0, across), max(2.0, 0.3 * len(worst) + 1.0 + 0.55 * room_for(people))), layout="constrained"
    )
    axes = figure.subplots()
    headline(figure, control, f"the most disputed items ({distance})")
    if worst.empty:
        is_early = (ratings.codes >= 0).sum(axis=1).max(initial=0) < 2
        return only_words(figure, axes, "No item has two answers yet." if is_early else "No two annotators disagree.")
    axes.set_facecolor(MISSING)
    fill = _fills(ratings, codes)
    for (row, column), code in np.ndenumerate(codes):
        if code >= 0:
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, linewidth=0.5, **fill[int(code)]))
            axes.text(
                column, row, values[answer_words(ratings.values[int(code)])], ha="center", va="center", fontsize=8,
                bbox={"facecolor": "white", "alpha": 0.8, "pad": 1, "linewidth": 0},
            )  # fmt: skip
    axes.set_xlim(-0.5, len(people) - 0.5)
    axes.set_ylim(len(worst) - 0.5, -0.5)
    axes.set_xticks(range(len(people)), people, rotation=30, ha="right", rotation_mode="anchor", fontsize=9)
    axes.set_yticks(range(len(worst)), rows, fontsize=9)
    return figure


def _fills(ratings: Ratings, codes: Any) -> dict[int, dict[str, Any]]:
    """Return how each code is drawn: names by how frequent they are, ranks and numbers by how great they are."""
    given, times = np.unique(codes[codes >= 0], return_counts=True)
    if ratings.level in ("nominal", "sets"):
        order = given[np.argsort(-times, kind="stable")]
        return {int(code): look(number) for number, code in enumerate(order)}
    numbers = ratings.numbers
    low, reach = float(numbers.min()), float(np.ptp(numbers)) or 1.0
    shades = colormaps["viridis"]
    return {
        int(code): {"facecolor": shades((float(numbers[code]) - low) / reach), "edgecolor": "white"} for code in given
    }
