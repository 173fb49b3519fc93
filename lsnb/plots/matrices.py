"""Who agrees with whom, where a model errs, and what is disputed: tables as pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lsnb.plots.figures import MISSING, Picture, only_words, shortened
from lsnb.reliability.decisions import disputed
from lsnb.reliability.ratings import ratings_of

if TYPE_CHECKING:
    from lsnb.reliability import Agreement, Evaluation

ROWS = 40


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


def disagreement_map(annotations: pd.DataFrame, control: str, *, n: int = ROWS) -> Picture:
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
