"""A paragraph for the methods section of a paper, with the figures filled in."""

from __future__ import annotations

import math
import warnings

import pandas as pd

from lsnb.reliability.annotators import Agreement, agreement
from lsnb.reliability.decisions import gold as gold_of
from lsnb.reliability.evaluation import Evaluation
from lsnb.reliability.regions import RegionAgreement

COMPARED = {
    "nominal": "values either agree or do not",
    "ordinal": "ordinal distance",
    "interval": "interval distance",
    "ratio": "ratio distance",
    "sets": "sets of answers, Jaccard distance",
}


def methods_paragraph(
    annotations: pd.DataFrame,
    control: str,
    *,
    agreement_found: Agreement | None = None,
    gold: pd.DataFrame | None = None,
    evaluation: Evaluation | None = None,
) -> str:
    """Return what a methods section says about how items were annotated, with the figures filled in.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        agreement_found: What ``agreement`` returned, if its level or seed were chosen.
        gold: What ``gold`` returned; by default the plain majority is described.
        evaluation: What ``evaluate`` returned, if a model was compared.

    Raises:
        InputError: No long table or no such control.

    Example:
        >>> rows = [("1", "ana", "x"), ("1", "ben", "x"), ("2", "ana", "x"), ("2", "ben", "y"), ("3", "ana", "y")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> print(methods_paragraph(long, "mood"))  # doctest: +ELLIPSIS
        Three items were annotated for “mood” by two annotators (5 answers; 2 items answered by two or more). ...
    """
    with warnings.catch_warnings():
        # The latest annotation of each person counts, which those who read this have been told.
        warnings.filterwarnings("ignore", message=".* more than one annotation by the same person")
        found = agreement_found or agreement(annotations, control)
        table = gold if gold is not None else gold_of(annotations, control)
    answered = table[table["n"] > 0]
    total = int(table["n"].sum())
    items = _count(len(answered), "item was", "items were").capitalize()
    people = _count(len(found.annotators), "annotator", "annotators")
    answers = f"{total} {'answer' if total == 1 else 'answers'}"
    shared = f"{found.n_items} {'item' if found.n_items == 1 else 'items'} answered by two or more"
    sentences = [f"{items} annotated for “{control}” by {people} ({answers}; {shared})."]
    if not math.isnan(found.alpha):
        low, high = found.interval
        sentences.append(
            f"Agreement was {_figure(found.alpha)} by Krippendorff’s alpha ({COMPARED[found.level]}; 95 % bootstrap "
            f"interval over items {_figure(low)} to {_figure(high)})"
            + (
                f" and {_figure(found.fleiss)} by Fleiss’ kappa on the {found.n_complete} items that all answered."
                if not math.isnan(found.fleiss)
                else "."
            )
        )
        kappas = found.kappa["kappa"].dropna()
        if len(kappas) > 1:
            sentences.append(
                f"Cohen’s kappa of pairs of annotators was between {_figure(kappas.min())} and {_figure(kappas.max())}."
            )
    elif found.note:
        sentences.append(f"No coefficient of agreement is given. {found.note}")
    if isinstance(found.overlap, RegionAgreement) and not math.isnan(found.overlap.f1):
        overlap = found.overlap
        least = "" if overlap.measure == "key points" else f" at an intersection over union of {overlap.threshold:g}"
        sentences.append(
            f"Regions ({overlap.measure}) of two annotators matched with an F1 of {_figure(overlap.f1)}{least} (95 % "
            f"bootstrap interval {_figure(overlap.interval[0])} to {_figure(overlap.interval[1])})."
        )
    sentences.append(_how(answered))
    if evaluation is not None and evaluation.n:
        sentences.append(
            f"The model’s answers ({evaluation.column}) were compared with those of people on {evaluation.n} items: "
            f"accuracy {_figure(evaluation.accuracy)}, macro F1 {_figure(evaluation.macro_f1)}, Cohen’s kappa "
            f"{_figure(evaluation.kappa)} (95 % bootstrap interval {_figure(evaluation.intervals['kappa'][0])} to "
            f"{_figure(evaluation.intervals['kappa'][1])})."
        )
    return " ".join(sentences)


def _how(answered: pd.DataFrame) -> str:
    words = {
        "unanimous": "unanimous",
        "majority": "the most frequent answer",
        "single": "the only answer given",
        "tie rule": "a tie decided by rule",
        "adjudicated": "decided in adjudication",
        "undecided": "left undecided",
    }
    counts = answered["how"].value_counts()
    parts = [f"{words[how]} for {int(counts[how])}" for how in words if how in counts.index]
    return f"The final answer was {_listed(parts)} of {_count(len(answered), 'item', 'items')}." if parts else ""


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _count(n: int, one: str, several: str) -> str:
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    return f"{words[n] if n <= 10 else n} {one if n == 1 else several}"


def _figure(number: float) -> str:
    return f"{number:.2f}" if not math.isnan(number) else "not known"
