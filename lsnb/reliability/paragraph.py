"""A paragraph for the methods section of a paper, with the figures filled in."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.checks import Annotations, checked
from lsnb.kernel.words import counted, joined
from lsnb.reliability.agreement import Agreement, agreement
from lsnb.reliability.decisions import RULES
from lsnb.reliability.decisions import gold as gold_of
from lsnb.reliability.evaluation import Evaluation
from lsnb.reliability.intervals import figures_in
from lsnb.reliability.overlap import RegionAgreement, is_drawn

COMPARED = {
    "nominal": "values either agree or do not",
    "ordinal": "ordinal distance",
    "interval": "interval distance",
    "ratio": "ratio distance",
    "sets": "sets of answers, Jaccard distance",
}


@checked
def methods_paragraph(
    annotations: Annotations,
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
    if "n" not in table.columns:
        raise InputError("gold has no column n: give the table that lsnb.gold returned.")
    answered = table[table["n"] > 0]
    if not len(answered) or not found.annotators:
        return f"Nobody has answered “{control}” yet, so that there is nothing to report."
    is_drawing = is_drawn(annotations, control)
    items = _count(len(answered), "item was", "items were").capitalize()
    people = _count(len(found.annotators), "annotator", "annotators")
    answers = counted(int(table["n"].sum()), "annotation" if is_drawing else "answer")
    shared = f"{counted(found.n_items, 'item')} {'annotated' if is_drawing else 'answered'} by two or more"
    sentences = [f"{items} annotated for “{control}” by {people} ({answers}; {shared}).", _skipped(annotations)]
    if is_drawing:
        sentences.append(_of_regions(found.overlap))
    else:
        sentences += [_of_answers(found), _how(answered, table.attrs.get(RULES, {}))]
    if evaluation is not None and evaluation.n and not is_drawing:
        figures = "; ".join(
            f"{figure.name} {_shown(figure.value)}{_between(figure.bounds)}"
            for figure in figures_in(evaluation.figures).values()
            if not math.isnan(figure.value)
        )
        sentences.append(
            f"The model’s answers ({evaluation.column}) were compared with those of people on {evaluation.n} items: "
            f"{figures}."
        )
    return " ".join(sentence for sentence in sentences if sentence)


def _skipped(annotations: pd.DataFrame) -> str:
    skipped = annotations.loc[annotations["status"].eq("skipped").fillna(False).astype(bool), ["item", "annotator"]]
    n = len(skipped.drop_duplicates())
    return f"Annotators skipped an item {n} {'time' if n == 1 else 'times'}." if n else ""


def _of_answers(found: Agreement) -> str:
    figures = figures_in(found.figures)
    if all(math.isnan(figure.value) for figure in figures.values()):
        return f"No coefficient of agreement is given. {found.note}" if found.note else ""
    parts = []
    percent = figures.get("percent")
    if percent is not None and not math.isnan(percent.value):
        parts.append(f"two annotators gave the same answer in {percent.value:.0%} of cases{_between(percent.bounds)}")
    if not math.isnan(found.alpha):
        parts.append(
            f"agreement was {_shown(found.alpha)} by Krippendorff’s alpha ({COMPARED[found.level]})"
            f"{_between(found.interval)}"
        )
    if not math.isnan(found.fleiss) and len(found.annotators) > 2:
        parts.append(f"{_shown(found.fleiss)} by Fleiss’ kappa on the {found.n_complete} items that all answered")
    chosen = figures.get(found.recommended)
    if chosen is not None and found.recommended not in ("alpha", "percent") and "kappa" not in found.recommended:
        parts.append(f"{_shown(chosen.value)} by {_typed(chosen.name)}{_between(chosen.bounds)}")
    drawn = f"by {found.clusters} clusters of items" if found.clusters else "by items"
    words = joined(parts)
    sentences = [f"{words[:1].upper()}{words[1:]} (in brackets, 95 % intervals {drawn})."]
    kappas = found.kappa["kappa"].dropna()
    weights = {
        "ordinal": " with linear weights",
        "interval": " with quadratic weights",
        "ratio": " with quadratic weights",
    }
    kind = f"Cohen’s kappa{weights.get(found.level, '')}"
    if len(kappas) > 1:
        sentences.append(
            f"{kind} of pairs of annotators was between {_shown(kappas.min())} and {_shown(kappas.max())}."
        )
    elif len(kappas) == 1:
        row = found.kappa.loc[kappas.index[0]]
        bounds = _between((float(row["low"]), float(row["high"])))
        sentences.append(f"{kind} of {row['a']} and {row['b']} was {_shown(float(row['kappa']))}{bounds}.")
    return " ".join(sentences)


def _typed(name: str) -> str:
    return name.replace("'", "’")


def _between(bounds: tuple[float, float]) -> str:
    low, high = bounds
    return "" if math.isnan(low) else f" [{_shown(low)}, {_shown(high)}]"


def _of_regions(overlap: RegionAgreement | None) -> str:
    if overlap is None or math.isnan(overlap.f1):
        return "No figure of agreement about where regions are is given."
    how = f"at an intersection over union of {overlap.threshold:g} or more"
    if overlap.measure == "key points":
        how = "by their distance"
    words = (
        f"Regions ({overlap.measure}) of two annotators were matched within their label {how}, with an F1 of "
        f"{_shown(overlap.f1)}{_between(overlap.interval)} (in brackets, the 95 % interval)."
    )
    if "kappa" in overlap.pairs.columns:
        kappas = overlap.pairs["kappa"].dropna()
        unit = "frames" if overlap.measure == "timelines" else "the length of the items"
        if len(kappas) == 1:
            words += f" Cohen’s kappa over all {unit} was {_shown(kappas.iloc[0])}."
        elif len(kappas):
            words += f" Cohen’s kappa of pairs over all {unit} was {_shown(kappas.min())} to {_shown(kappas.max())}."
    ious = overlap.pairs["mean_iou"].dropna()
    if len(ious):
        least, most = _shown(ious.min()), _shown(ious.max())
        each = least if len(ious) == 1 else f"{least} to {most} for pairs of annotators"
        words += f" The mean intersection over union of regions that overlap was {each}."
    return words


def _how(answered: pd.DataFrame, rules: Mapping[str, Any]) -> str:
    words = {
        "unanimous": "unanimous",
        "majority": "the most frequent answer",
        "single": "the only answer given",
        "tie rule": "a tie decided by rule",
        "dawid_skene": "the likeliest by Dawid and Skene’s model of who is right how often",
        "mace": "the likeliest by MACE, a model of who knows and who guesses",
        "adjudicated": "decided in adjudication",
        "undecided": "left undecided",
    }
    counts = answered["how"].value_counts()
    parts = [f"{words[how]} for {int(counts[how])}" for how in words if how in counts.index]
    parts += [f"{how} for {int(n)}" for how, n in sorted(counts.items()) if how not in words]
    if not parts:
        return ""
    sentences = [f"The final answer was {joined(parts)} of {_count(len(answered), 'item', 'items')}."]
    if int(rules.get("min_votes", 1)) > 1:
        sentences.append(f"It took {rules['min_votes']} votes or more.")
    if rules.get("weights"):
        weights = joined([f"{name} {weight:g}" for name, weight in sorted(rules["weights"].items())])
        sentences.append(f"Votes were weighted ({weights}).")
    if rules.get("ties", "missing") != "missing" and "tie rule" in counts.index:
        rule = rules["ties"]
        among = {"lowest": "the lowest", "median": "the median", "highest": "the highest"}
        decided = f"{among[rule]} of the tied answers" if rule in among else f"the answer of {rule}"
        sentences.append(f"Ties were decided by {decided}.")
    return " ".join(sentences)


def _count(n: int, one: str, several: str) -> str:
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    return f"{words[n] if n <= 10 else n} {one if n == 1 else several}"


def _shown(number: float) -> str:
    return f"{number:.2f}" if not math.isnan(number) else "not known"
