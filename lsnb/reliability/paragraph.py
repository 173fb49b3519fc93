"""What a paper says of its annotations: an overview of all questions, a paragraph for the methods, and references."""

from __future__ import annotations

import importlib.metadata
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from lsnb.annotations import majority, write_table
from lsnb.annotations.long import ANSWERED, require_columns
from lsnb.annotations.outputs import PREFILLED
from lsnb.annotations.votes import (
    first_time,
    is_about_regions,
    latest,
    repeats_in,
    repeats_told,
    replaced,
    takes_several,
)
from lsnb.errors import InputError
from lsnb.kernel.checks import Annotations, FilePath, checked
from lsnb.kernel.files import file_errors, named_path, safe_name, whole_file_at
from lsnb.kernel.words import counted, joined, listing, nearest, often
from lsnb.labels.vocabulary import TEXT_AREA
from lsnb.reliability.agreement import Agreement, agreement, is_share_of_items, text_agreement
from lsnb.reliability.coefficients import Level
from lsnb.reliability.decisions import disputed
from lsnb.reliability.decisions import gold as gold_of
from lsnb.reliability.evaluation import Evaluation
from lsnb.reliability.intervals import Clusters, figures_in
from lsnb.reliability.overlap import is_drawn, region_agreement
from lsnb.sampling import describe_sample
from lsnb.tables.cells import RULES
from lsnb.tables.keys import check_key

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
    sample: pd.DataFrame | None = None,
    label_studio: str = "",
) -> str:
    """Return what a methods section says about how items were annotated, with the figures filled in.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        agreement_found: What ``agreement`` returned, if its level or seed were chosen.
        gold: What ``gold`` returned; by default the plain majority is described.
        evaluation: What ``evaluate`` returned, if a model was compared.
        sample: What ``lsnb.sample`` returned, if items were drawn, for its size and seed.
        label_studio: The release of the Label Studio that annotations were read from, such as ``studio.release``.

    Raises:
        InputError: No long table or no such control; a sample without how it was drawn, or of other items.

    Example:
        >>> rows = [("1", "ana", "x"), ("1", "ben", "x"), ("2", "ana", "x"), ("2", "ben", "y"), ("3", "ana", "y")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> print(methods_paragraph(long, "mood"))  # doctest: +ELLIPSIS
        Three items were annotated for “mood” by two annotators (5 answers; 2 items answered by two or more). ...
    """
    with repeats_told():  # The latest annotation of each person counts, which those who read this have been told.
        found = agreement_found or agreement(annotations, control)
        table = gold if gold is not None else gold_of(annotations, control)
    if "n" not in table.columns:
        raise InputError("gold has no column n: give the table that lsnb.gold returned.")
    answered = table[table["n"] > 0]
    if not len(answered) or not found.annotators:
        return f"Nobody has answered{f' “{control}”' if control else ''} yet, so that there is nothing to report."
    is_drawing = is_drawn(annotations, control)
    items = _count(len(answered), "item was", "items were").capitalize()
    people = _count(len(found.annotators), "annotator", "annotators")
    # Whoever answers a question of each page gives several answers in one annotation.
    answers = counted(int(table["n"].sum()), "annotation" if is_drawing or found.unit == "page" else "answer")
    shared = f"{counted(found.n_items, found.unit)} {'annotated' if is_drawing else 'answered'} by two or more"
    drawn = "" if sample is None else _drawn(sample, answered["item"].tolist())
    sentences = [drawn, f"{items} annotated for “{control}” by {people} ({answers}; {shared}).", _skipped(annotations)]
    sentences += [_made(annotations, control, is_drawing=is_drawing), _twice(annotations, found, is_drawing)]
    if is_drawing:
        sentences.append(_of_regions(found, has_instants=_has_instants(annotations, control)))
    else:
        compared = _of_texts(annotations, control, found) or _of_answers(found)
        sentences += [_about(annotations, control), compared, _how(table, found, table.attrs.get(RULES, {}))]
    if evaluation is not None and evaluation.n and not is_drawing:
        sentences.append(_of_model(evaluation))
    if label_studio:
        sentences.append(f"Annotations were read from Label Studio {label_studio}.")
    used = [*USED, *(["shapely"] if is_drawing else [])]
    versions = {name: importlib.metadata.version(name) for name in used}
    others = joined([f"{name} {version}" for name, version in versions.items() if name != "lsnb"])
    sentences.append(f"Figures were computed with lsnb {versions['lsnb']} ({others}).")
    return " ".join(sentence for sentence in sentences if sentence)


# Below so many items that two people answered, a figure says little of the others.
FEW = 10
# What computes figures: no other package has a part in them, but shapely where shapes lie over each other.
USED = ("lsnb", "numpy", "pandas", "scipy")


def _drawn(sample: pd.DataFrame, items: list[Any]) -> str:
    """Return how items were drawn, if these are they."""
    words = describe_sample(sample)
    keys = set(check_key(sample, sample.attrs["lsnb"]["key"]))
    strange = sorted({str(item) for item in items} - keys)
    if strange:
        raise InputError(
            f"Somebody annotated what is not in the sample ({listing(strange)}): give the sample that was annotated."
        )
    return words


def _twice(annotations: pd.DataFrame, found: Agreement, is_drawing: bool) -> str:
    """Return how far each person gave the same answer when an item came a second time, where any did."""
    n = int(found.again["n"].sum())
    if not n:
        return ""
    words = f"Annotators annotated an item a second time {often(n)}"
    if repeats_in(annotations):
        words += ", which no other figure counts"
    percents = found.again["percent"].astype("float64")
    if is_drawing or percents.isna().any():
        return f"{words}."
    same = round(float((percents * found.again["n"]).sum()))
    return f"{words}; {same} of these answers were the same as before."


def _skipped(annotations: pd.DataFrame) -> str:
    skipped = annotations.loc[annotations["status"].eq("skipped").fillna(False).astype(bool), ["item", "annotator"]]
    n = len(skipped.drop_duplicates())
    earlier = replaced(annotations)
    words = [f"Annotators skipped an item {often(n)}."] if n else []
    if earlier:
        are = "annotation was" if earlier == 1 else "annotations were"
        words.append(f"{earlier} {are} replaced by a later one of the same person.")
    return " ".join(words)


def _about(annotations: pd.DataFrame, control: str) -> str:
    """Return how answers about regions were compared: which region each is about has no part in it."""
    if not is_about_regions(annotations, control):
        return ""
    return "Answers are about regions: all that an annotator gave on an item were compared as one set."


def _has_instants(annotations: pd.DataFrame, control: str) -> bool:
    mine = annotations[annotations["control"].eq(control).fillna(False).astype(bool)]
    return {"start", "end"} <= set(mine.columns) and bool(mine["start"].eq(mine["end"]).fillna(False).any())


def _made(annotations: pd.DataFrame, control: str, *, is_drawing: bool) -> str:
    """Return when the annotations were made, and how many began from what a model had said, where that is known."""
    mine = annotations["control"].eq(control) & annotations["status"].eq("submitted")
    if is_drawing or takes_several(annotations, control):
        # Who drew or chose nothing annotated the item as well, and may have deleted what a model had said.
        mine = annotations["status"].isin(ANSWERED)
    rows = annotations[mine.fillna(False).astype(bool)]
    sentences = []
    made = rows["created_at"].dropna() if "created_at" in rows else rows.index[:0]
    if len(made):
        moments = pd.to_datetime(pd.Series(made), utc=True, format="ISO8601")
        first, last = moments.min().date().isoformat(), moments.max().date().isoformat()
        sentences.append(
            f"Annotations were made on {first} (UTC)."
            if first == last
            else f"Annotations were made from {first} to {last} (UTC)."
        )
    if {"origin", "prediction", "annotation", "project"} <= set(rows.columns) and rows["origin"].notna().any():
        begun = rows["prediction"].notna() | rows["origin"].isin(PREFILLED).fillna(False).astype(bool)
        which = ["item", "annotator", "project", "annotation"]
        of_all, n = (len(some[which].drop_duplicates()) for some in (rows, rows[begun]))
        sentences.append(
            f"{n} of {counted(of_all, 'annotation')} began from a model’s prediction."
            if n
            else "No annotation began from a model’s prediction."
        )
    return " ".join(sentences)


def _of_texts(annotations: pd.DataFrame, control: str, found: Agreement) -> str:
    """Return how far texts are apart, which kappas and alphas of names do not tell; nothing for other answers."""
    if _kind_of(annotations, control) != TEXT_AREA.kind or not found.n_items:
        return ""
    # Intervals of these are by items; clusters are in the agreement alone.
    texts = text_agreement(annotations, control, resamples=0 if found.clusters else 1000)
    if math.isnan(texts.wer):
        return ""
    same = figures_in(found.figures)["percent"]
    rates = (
        f"the word error rate was {_shown(texts.wer)}{_between(texts.interval)} and the character error rate "
        f"{_shown(texts.cer)}{_between(texts.cer_interval)}"
    )
    brackets = "" if math.isnan(texts.interval[0]) else " (in brackets, 95 % intervals by items)"
    return (
        f"Two annotators gave the same answer in {_percent(same.value)} of cases{_averaged(found).rstrip(',')}. "
        f"Between their texts {rates}, over the mean length of both{brackets}."
    )


def _kind_of(annotations: pd.DataFrame, control: str) -> str:
    """Return a control's kinds, in one text."""
    mine = annotations["control"].eq(control).fillna(False).astype(bool)
    kinds = set(annotations.loc[mine, "kind"].dropna()) if "kind" in annotations.columns else set()
    return ", ".join(sorted(map(str, kinds)))


def _of_answers(found: Agreement) -> str:
    figures = figures_in(found.figures)
    if all(math.isnan(figure.value) for figure in figures.values()):
        return f"No coefficient of agreement is given. {found.note}" if found.note else ""
    parts = []
    percent = figures.get("percent")
    if percent is not None and not math.isnan(percent.value):
        share = f"{_percent(percent.value)} of cases{_averaged(found)}{_between(percent.bounds, _percent)}"
        parts.append(f"two annotators gave the same answer in {share}")
    if not math.isnan(found.alpha):
        how = COMPARED[found.level] + (f" in the order {listing(list(found.order))}" if found.order else "")
        parts.append(f"agreement was {_shown(found.alpha)} by Krippendorff’s alpha ({how}){_between(found.interval)}")
    if not math.isnan(found.fleiss) and len(found.annotators) > 2:
        parts.append(
            f"{_shown(found.fleiss)} by Fleiss’ kappa on the {counted(found.n_complete, found.unit)} that all answered"
        )
    chosen = figures.get(found.recommended)
    if chosen is not None and found.recommended not in ("alpha", "percent") and "kappa" not in found.recommended:
        parts.append(f"{_shown(chosen.value)} by {_typed(chosen.name)}{_between(chosen.bounds)}")
    kappas = found.kappa["kappa"].dropna()
    if not parts and not len(kappas):
        return f"No coefficient of agreement is given. {found.note}".rstrip()
    drawn = _drawn_by(found)
    words = joined(parts)
    if chosen is not None and chosen.name.startswith("ICC(") and not math.isnan(chosen.low):
        drawn += f", that of {chosen.name} by McGraw and Wong’s formulas"
    is_share = found.unit == "item" and not found.clusters
    if percent is not None and is_share and is_share_of_items(len(found.annotators), percent.value):
        drawn += ", that of the share by Agresti and Coull’s formula" if not math.isnan(percent.low) else ""
    brackets = f" (in brackets, 95 % intervals {drawn})" if "[" in words else ""
    sentences = [f"{words[:1].upper()}{words[1:]}{brackets}."] if parts else []
    weights = {
        "ordinal": " with linear weights",
        "interval": " with quadratic weights",
        "ratio": " with quadratic weights",
        "sets": ", by whether two sets are the same,",
    }
    kind = f"Cohen’s kappa{weights.get(found.level, '')}"
    if len(kappas) > 1:
        # Pairs without a common item, or with one value alone, have none.
        some = "pairs" if len(kappas) == len(found.kappa) else f"{len(kappas)} of {len(found.kappa)} pairs"
        sentences.append(
            f"{kind} of {some} of annotators was between {_shown(kappas.min())} and {_shown(kappas.max())}."
        )
    elif len(kappas) == 1:
        row = found.kappa.loc[kappas.index[0]]
        bounds = _between((float(row["low"]), float(row["high"])))
        sentences.append(f"{kind} of {row['a']} and {row['b']} was {_shown(float(row['kappa']))}{bounds}.")
    return " ".join(sentences)


def _typed(name: str) -> str:
    return name.replace("'", "’")


def _between(bounds: tuple[float, float], shown: Callable[[float], str] | None = None) -> str:
    low, high = bounds
    shown = shown or _rounded
    return "" if math.isnan(low) else f" [{shown(low)}, {shown(high)}]"


def _averaged(found: Agreement) -> str:
    """Return what percent agreement is a mean of: with several people an item counts as much as one with more pairs."""
    return f", averaged over {found.unit}s," if len(found.annotators) > 2 else ""


def _drawn_by(found: Agreement | Evaluation) -> str:
    """Return what the intervals of a comparison are drawn by."""
    return f"by {counted(found.clusters, 'cluster')} of items" if found.clusters else "by items"


def _of_model(evaluation: Evaluation) -> str:
    """Return how a model's answers compare with those of people."""
    known = [figure for figure in figures_in(evaluation.figures).values() if not math.isnan(figure.value)]
    figures = "; ".join(f"{_typed(figure.name)} {_shown(figure.value)}{_between(figure.bounds)}" for figure in known)
    brackets = ""
    if "[" in figures:
        by_formula = {
            "accuracy": "that of accuracy by Agresti and Coull’s formula",
            "spearman": "that of Spearman’s correlation by Bonett and Wright’s formula",
        }
        here = {name for name, bounds in evaluation.intervals.items() if not math.isnan(bounds[0])}
        of = [by_formula[name] for name in by_formula if name in here and not evaluation.clusters]
        brackets = f" (in brackets, 95 % intervals {', '.join([_drawn_by(evaluation), *of])})"
    sentences = [
        f"The model’s answers ({evaluation.column}) were compared with those of people on "
        f"{counted(evaluation.n, 'item')}: {figures}{brackets}."
    ]
    if evaluation.alternative is not None:
        sentences.append(_typed(evaluation.alternative.summary).rstrip(".") + ".")
    return " ".join(sentences)


def _of_regions(found: Agreement, *, has_instants: bool) -> str:
    overlap = found.overlap
    if overlap is None or math.isnan(overlap.f1):
        return "No figure of agreement about where regions are is given."
    how = f"at an intersection over union of {overlap.threshold:g} or more"
    if overlap.measure == "key points":
        how = f"by their distance, which is at most {_typed(overlap.within)}"
    elif has_instants:
        how += ", and instants where they are the same"
    words = (
        f"Regions ({overlap.measure}) of two annotators were matched within their label {how}, with an F1 of "
        f"{_shown(overlap.f1)}{_between(overlap.interval)}"
        f"{'' if math.isnan(overlap.interval[0]) else f' (in brackets, the 95 % interval {_drawn_by(found)})'}."
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
        words += f" The mean intersection over union of paired regions of one label was {each}."
    figures = figures_in(overlap.figures)
    for figure, sentence in (
        ("u_alpha", "Krippendorff’s u-alpha over units, gaps and labels was {}."),
        ("gamma", "Mathet’s gamma was {}."),
        ("arcs_f1", "Relations between matched regions agreed with an F1 of {}."),
        ("arcs_labelled_f1", "With their labels it was {}."),
    ):
        if figure in figures and not math.isnan(figures[figure].value):
            value = figures[figure]
            words += " " + sentence.format(f"{_shown(value.value)}{_between(value.bounds)}")
    return words


def _how(table: pd.DataFrame, found: Agreement, rules: Mapping[str, Any]) -> str:
    answered = table[table["n"] > 0]
    words = {
        "unanimous": "unanimous",
        "majority": "the answer with most weight" if rules.get("weights") else "the most frequent answer",
        "single": "the only answer given",
        "tie rule": "a tie decided by rule",
        "dawid_skene": "the likeliest by Dawid and Skene’s model of who is right how often",
        "mace": "the likeliest by MACE, a model of who knows and who guesses",
        "adjudicated": "decided in adjudication",
        "undecided": "left undecided",
    }
    # That regions have no part in it is said of all answers at once.
    counts = answered["how"].str.replace(r" \((labels|answers) alone\)$", "", regex=True).value_counts()
    parts = [f"{words[how]} for {int(counts[how])}" for how in words if how in counts.index]
    parts += [f"{how} for {int(n)}" for how, n in sorted(counts.items()) if how not in words]
    if not parts:
        return ""
    sentences = [f"The final answer was {joined(parts)} of {_count(len(answered), 'item', 'items')}."]
    alone = int((table["how"].eq("adjudicated") & table["n"].eq(0)).sum())
    if alone:
        which = _count(alone, "more item, which nobody answered, was", "more items, which nobody answered, were")
        sentences.append(f"{which.capitalize()} decided in adjudication alone.")
    if int(rules.get("min_votes", 1)) > 1:
        sentences.append(f"It took {rules['min_votes']} votes or more.")
    if rules.get("weights"):
        told = [f"{name} {weight:g}" for name, weight in sorted(rules["weights"].items())]
        others = len(set(found.annotators) - set(rules["weights"]))
        weights = joined(told + [f"{'all others' if others > 1 else 'the other'} 1"] * (others > 0))
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
    """Return two decimals, or more where two would make all of what is only nearly so: 0.996 is not 1.00."""
    if math.isnan(number):
        return "not known"
    if 0.995 <= abs(number) < 1 - 1e-9:
        return next(words for digits in range(3, 11) if abs(float(words := f"{number:.{digits}f}")) < 1)
    return _rounded(number)


def _rounded(number: float) -> str:
    return f"{number:.2f}".replace("-0.00", "0.00")


def _percent(share: float) -> str:
    """Return percent, with decimals where whole ones would make all or nothing of what is only nearly so."""
    if 1e-9 < share < 0.005 or 0.995 <= share < 1 - 1e-9:
        return next(words for digits in range(1, 9) if 0 < float((words := f"{share:.{digits}%}")[:-1]) < 100)
    return f"{share:.0%}"


# All questions of a study at once.


@checked
def agreement_overview(
    annotations: Annotations,
    *,
    levels: Mapping[str, Level] | None = None,
    gold: Mapping[str, Any] | None = None,
    clusters: Clusters | None = None,
) -> pd.DataFrame:
    """Return a row for each question and tool: how far annotators agree, by the figure to report, and what comes next.

    Args:
        annotations: The long table; it is not changed.
        levels: Control → how its answers compare, as in ``lsnb.agreement``.
        gold: Control → what ``lsnb.gold`` or ``study.gold`` returned, to say what is undecided; by default votes say.
        clusters: What items belong together, as in ``lsnb.agreement``.

    Returns:
        ``question, kind, annotators, n`` (items with two or more answers), ``percent`` (agreement), ``figure`` (which
        to report), ``value, low, high`` (its 95 percent interval), ``undecided`` (items) and ``next``. Regions have F1,
        texts the word error rate, of which 0 is best. Alphas and kappas from .8 on are reliable, and those from .667 on
        for tentative conclusions (K. Krippendorff, Content Analysis, Sage 2018, chapter 12).

    Raises:
        InputError: No long table, or a level of no control in it.

    Example:
        >>> rows = [("1", "ana", "x"), ("1", "ben", "x"), ("2", "ana", "x"), ("2", "ben", "y"), ("3", "ana", "y")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> agreement_overview(long)[["question", "n", "percent", "undecided"]].values.tolist()
        [['mood', 2, 0.5, 1]]
    """
    controls = questions_of(annotations)
    strange = sorted(set(levels or {}) - set(controls))
    if strange:
        raise InputError(f"levels names {strange[0]!r}, which nobody answered.{nearest(strange[0], controls)}")
    rows = []
    latest(first_time(annotations))  # says what counts, once for all questions
    for control in controls:
        with repeats_told():
            level, final = (levels or {}).get(control), (gold or {}).get(control)
            rows.append(_overview(annotations, control, level, final, clusters))
    columns = ["question", "kind", "annotators", "n", "percent", "figure", "value", "low", "high", "undecided", "next"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(["percent", "value", "low", "high"], "float64"))


@checked
def coverage(annotations: Annotations) -> pd.DataFrame:
    """Return who answered what share of what was theirs: a row for each annotator and question.

    Theirs is every item in their project, a hidden repeat, too; in exported files, whose open tasks name nobody, where
    one person alone annotated in it. An item counts as answered where its latest annotation
    was submitted with an answer to the question; of a tool that marks regions, and of a choice of several, also where
    nothing was marked or chosen.

    Args:
        annotations: The long table; it is not changed.

    Returns:
        ``annotator, question, items, answered, unanswered`` (submitted without an answer to it), ``skipped, open``
        (a draft, or not labelled) and ``share``, answered of items. The five counts add up: ``items`` is the sum of
        the others.

    Raises:
        InputError: No long table.

    Example:
        >>> rows = [("1", "ana", "x", "submitted"), ("2", "ana", None, "skipped"), ("1", "ben", "y", "submitted")]
        >>> rows += [("2", "ben", None, "unlabelled")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value", "status"])
        >>> coverage(long.assign(control=long["value"].map({"x": "mood", "y": "mood"})))["share"].tolist()
        [0.5, 0.5]
    """
    require_columns(annotations, "item", "annotator", "control", "value", "status")
    known = _owned(annotations)
    known = known[known["item"].notna() & known["annotator"].notna()]
    with repeats_told():
        done = latest(known)
    who = ["annotator", "item"]
    theirs = known[who].drop_duplicates().groupby("annotator").size()
    skipped = done[done["status"].eq("skipped")][who].drop_duplicates().groupby("annotator").size()
    submitted = done[done["status"].isin(ANSWERED)]
    given = submitted[who].drop_duplicates().groupby("annotator").size()
    rows = []
    for control in questions_of(annotations):
        if is_drawn(annotations, control) or takes_several(annotations, control):
            answered = given
        else:
            told = submitted[submitted["control"].eq(control).fillna(False) & submitted["value"].notna()]
            answered = told[who].drop_duplicates().groupby("annotator").size()
        for name, items in theirs.items():
            n, all_given, none = (int(counts.get(name, 0)) for counts in (answered, given, skipped))
            rows.append((name, control, int(items), n, all_given - n, none, int(items) - all_given - none, n / items))
    columns = ["annotator", "question", "items", "answered", "unanswered", "skipped", "open", "share"]
    return pd.DataFrame(rows, columns=columns).astype({"share": "float64"})


def _owned(annotations: pd.DataFrame) -> pd.DataFrame:
    """Return annotations in which what nobody has annotated belongs to the one person of its project, if it is one."""
    nobody = annotations["annotator"].isna()
    if "project" not in annotations.columns or not nobody.any():
        return annotations
    people = annotations[~nobody].groupby("project")["annotator"].agg(["first", "nunique"])
    alone = people.loc[people["nunique"].eq(1), "first"]
    return annotations.assign(annotator=annotations["annotator"].fillna(annotations["project"].map(alone)))


def questions_of(annotations: pd.DataFrame) -> list[str]:
    """Return the controls that somebody answered, but for relations, in the order in which they first come."""
    require_columns(annotations, "item", "annotator", "control", "value", "status")
    asked = annotations
    if "kind" in annotations.columns:
        asked = annotations[annotations["kind"].ne("relation").fillna(True).astype(bool)]
    return [str(name) for name in asked["control"].dropna().unique()]


def _overview(
    annotations: pd.DataFrame, control: str, level: Level | None, gold: Any, clusters: Clusters | None
) -> tuple[Any, ...]:
    mine = annotations["control"].eq(control).fillna(False).astype(bool)
    kind = _kind_of(annotations, control)
    people = int(annotations.loc[mine, "annotator"].nunique())
    try:
        found = agreement(annotations, control, level, clusters=clusters)
        table = gold if isinstance(gold, pd.DataFrame) else gold_of(annotations, control)
        if is_drawn(annotations, control) and found.overlap is None:
            region_agreement(annotations, control, resamples=0)  # says why
    except InputError as fault:
        return control, kind, people, 0, math.nan, "", math.nan, math.nan, math.nan, 0, str(fault)
    figures = figures_in(found.figures)
    percent = figures["percent"].value if "percent" in figures else math.nan
    undecided, is_drawing = int(table["how"].eq("undecided").sum()), is_drawn(annotations, control)
    if is_drawing and found.overlap is not None:
        chosen = ("F1 of regions", found.overlap.f1, *found.overlap.interval)
        percent, undecided = math.nan, 0
    elif kind == TEXT_AREA.kind:
        texts = text_agreement(annotations, control, clusters=clusters)
        chosen, undecided = ("Word error rate", texts.wer, *texts.interval), 0
    elif found.recommended in figures:
        figure = figures[found.recommended]
        chosen = (figure.name, figure.value, *figure.bounds)
    else:
        chosen = ("", math.nan, math.nan, math.nan)
    people, n = len(found.annotators), found.n_items
    is_rated = not is_drawing and kind != TEXT_AREA.kind and found.recommended != "percent"
    return control, kind, people, n, percent, *chosen, undecided, _next(found, chosen[1], undecided, is_rated)


def _next(found: Agreement, value: float, undecided: int, is_rated: bool) -> str:
    """Return what to do about a question."""
    if not found.n_items:
        return "Let a second person answer some of the items."
    if is_rated and value < 2 / 3:
        return "Read what is disputed with the annotators and make the instructions clearer, before you go on."
    settle = f"Settle {counted(undecided, 'undecided item')}." if undecided else ""
    median = ""
    if settle and found.level in ("interval", "ratio"):
        # Hardly two people give the same number, so that votes leave nearly all items undecided.
        settle, median = "", " Votes hardly decide between numbers: lsnb.gold(…, ties='median') takes their median."
    if is_rated and value < 0.8:
        return f"Enough for tentative conclusions; read what is disputed. {settle}".strip()
    if not settle and found.n_items < FEW:
        so_far = counted(found.n_items, f"{found.unit} has", f"{found.unit}s have")
        return f"Only {so_far} answers of two people so far: wait for more, then report it.{median}"
    return settle or f"Report it.{median}"


@checked
def write_results(
    annotations: Annotations,
    out: FilePath,
    *,
    levels: Mapping[str, Level] | None = None,
    min_votes: int = 1,
    gold: Callable[..., pd.DataFrame] | None = None,
    sample: pd.DataFrame | None = None,
    label_studio: str = "",
    clusters: Clusters | None = None,
) -> pd.DataFrame:
    """Write all that is to be had of each question into a folder, and return the overview.

    For a question ``mood``: ``majority-mood.csv``, ``gold-mood.csv`` and ``disputed-mood.csv``, each with a data
    dictionary, and ``methods-mood.txt``; for all together ``overview.csv``,
    ``coverage.csv`` and ``references.bib``. Of a tool that draws
    regions there are no votes: it has what is disputed, where regions can be compared, and the paragraph.

    Args:
        annotations: The long table; it is not changed.
        out: The folder to write to; files of these names are replaced.
        levels: As in ``agreement_overview``.
        min_votes: As in ``lsnb.majority``.
        gold: What returns a control's final answers, called with ``min_votes``, such as ``study.gold``; by default
            votes say.
        sample: As in ``methods_paragraph``.
        label_studio: Likewise.
        clusters: What items belong together, as in ``lsnb.agreement``.

    Raises:
        InputError: No long table, a level of no control in it, a ``gold`` that returns no final answers, or a sample
            of other items.

    Example:
        >>> import pathlib, tempfile
        >>> rows = [("1", "ana", "x"), ("1", "ben", "x"), ("2", "ana", "x"), ("2", "ben", "y")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> here = pathlib.Path(tempfile.mkdtemp())
        >>> _ = write_results(long, here)
        >>> names = [path.name for path in sorted(here.iterdir()) if ".columns." not in path.name]
        >>> names[:4], names[4:]  # doctest: +NORMALIZE_WHITESPACE
        (['coverage.csv', 'disputed-mood.csv', 'gold-mood.csv', 'majority-mood.csv'],
         ['methods-mood.txt', 'overview.csv', 'references.bib'])
    """
    target = named_path(out)
    with file_errors(target, "written"):
        target.mkdir(parents=True, exist_ok=True)
    finals, paragraphs = {}, []
    controls = questions_of(annotations)
    latest(first_time(annotations))  # says what counts, once for all questions
    for control in controls:
        name = safe_name(control)
        with repeats_told():
            if not is_drawn(annotations, control):
                if gold is None:
                    finals[control] = gold_of(annotations, control, min_votes=min_votes)
                else:
                    finals[control] = _given(gold, control, min_votes)
                write_table(majority(annotations, control, min_votes=min_votes), target / f"majority-{name}.csv")
                write_table(finals[control], target / f"gold-{name}.csv")
            found = agreement(annotations, control, (levels or {}).get(control), clusters=clusters)
            # Regions that cannot be compared are in no way disputed: the overview says why, and the others go on.
            if found.overlap is not None or not is_drawn(annotations, control):
                worst = disputed(annotations, control, (levels or {}).get(control))
                write_table(worst, target / f"disputed-{name}.csv")
            paragraph = methods_paragraph(
                annotations,
                control,
                agreement_found=found,
                gold=finals.get(control),
                sample=sample,
                label_studio=label_studio,
            )
        paragraphs.append(paragraph)
        with whole_file_at(target / f"methods-{name}.txt") as part:
            part.write_text(paragraph, encoding="utf-8")
    with whole_file_at(target / "references.bib") as part:
        part.write_text(references("\n".join(paragraphs)), encoding="utf-8")
    with repeats_told():
        overview = agreement_overview(annotations, levels=levels, gold=finals, clusters=clusters)
    write_table(overview, target / "overview.csv", meanings=OVERVIEW_MEANINGS)
    write_table(coverage(annotations), target / "coverage.csv", meanings=COVERAGE_MEANINGS)
    return overview


def _given(gold: Callable[..., pd.DataFrame], control: str, min_votes: int) -> pd.DataFrame:
    """Return a control's final answers as who calls us has them."""
    try:
        inspect.signature(gold).bind(control, min_votes=min_votes)
    except (TypeError, ValueError):
        found = None
    else:
        found = gold(control, min_votes=min_votes)
    if not isinstance(found, pd.DataFrame):
        raise InputError("gold does not return a question's final answers: give study.gold.")
    return found


COVERAGE_MEANINGS = {
    "question": "Name of the control in the label config",
    "items": "How many items were the annotator's",
    "answered": "How many of them were answered",
    "unanswered": "How many were submitted without an answer to this question",
    "skipped": "How many were skipped",
    "open": "How many have a draft, or nothing",
    "share": "Answered of items, 0 to 1",
}
OVERVIEW_MEANINGS = {
    "question": "Name of the control in the label config",
    "annotators": "How many people answered",
    "n": "Items (of a question that is asked of each page, pages) with two or more answers",
    "percent": "How often two annotators gave the same answer, 0 to 1",
    "figure": "The figure of agreement to report",
    "value": "That figure",
    "low": "Lower bound of its 95 percent interval",
    "high": "Upper bound of its 95 percent interval",
    "undecided": "Items without a final answer",
    "next": "What to do next",
}

# What a paragraph names → what to cite for it: the key and kind of the entry, its fields.
CITED: dict[str, tuple[str, str, dict[str, str]]] = {
    "Krippendorff’s alpha": (
        "krippendorff2018",
        "book",
        {
            "author": "K. Krippendorff",
            "title": "Content Analysis: An Introduction to Its Methodology",
            "publisher": "Sage",
            "year": "2018",
        },
    ),
    "Krippendorff’s u-alpha": (
        "krippendorff2016",
        "article",
        {
            "author": 'K. Krippendorff and Y. Mathet and S. Bouvry and A. Widl{\\"o}cher',
            "title": "On the reliability of unitizing textual continua: Further developments",
            "journal": "Quality and Quantity",
            "volume": "50",
            "pages": "2347--2364",
            "year": "2016",
        },
    ),
    "Mathet’s gamma": (
        "mathet2015",
        "article",
        {
            "author": "Y. Mathet and A. Widl{\\\"o}cher and J.-P. M{\\'e}tivier",
            "title": "The unified and holistic method gamma for inter-annotator agreement measure and alignment",
            "journal": "Computational Linguistics",
            "volume": "41",
            "pages": "437--479",
            "year": "2015",
        },
    ),
    "Relations between matched regions": (
        "buchholz2006",
        "inproceedings",
        {
            "author": "S. Buchholz and E. Marsi",
            "title": "{CoNLL-X} shared task on multilingual dependency parsing",
            "booktitle": "Proceedings of CoNLL",
            "year": "2006",
        },
    ),
    "alternative annotator test": (
        "calderon2025",
        "inproceedings",
        {
            "author": "N. Calderon and R. Reichart and R. Dror",
            "title": "The alternative annotator test for {LLM}-as-a-judge: How to statistically justify replacing "
            "human annotators with {LLMs}",
            "booktitle": "Proceedings of ACL",
            "year": "2025",
        },
    ),
    "Fleiss’ kappa": (
        "fleiss1971",
        "article",
        {
            "author": "J. L. Fleiss",
            "title": "Measuring nominal scale agreement among many raters",
            "journal": "Psychological Bulletin",
            "volume": "76",
            "pages": "378--382",
            "year": "1971",
        },
    ),
    "Cohen’s kappa": (
        "cohen1960",
        "article",
        {
            "author": "J. Cohen",
            "title": "A coefficient of agreement for nominal scales",
            "journal": "Educational and Psychological Measurement",
            "volume": "20",
            "pages": "37--46",
            "year": "1960",
        },
    ),
    " weights": (
        "cohen1968",
        "article",
        {
            "author": "J. Cohen",
            "title": "Weighted kappa: Nominal scale agreement with provision for scaled disagreement or partial credit",
            "journal": "Psychological Bulletin",
            "volume": "70",
            "pages": "213--220",
            "year": "1968",
        },
    ),
    "Gwet’s AC": (
        "gwet2008",
        "article",
        {
            "author": "K. L. Gwet",
            "title": "Computing inter-rater reliability and its variance in the presence of high agreement",
            "journal": "British Journal of Mathematical and Statistical Psychology",
            "volume": "61",
            "pages": "29--48",
            "year": "2008",
        },
    ),
    "ICC(": (
        "mcgraw1996",
        "article",
        {
            "author": "K. O. McGraw and S. P. Wong",
            "title": "Forming inferences about some intraclass correlation coefficients",
            "journal": "Psychological Methods",
            "volume": "1",
            "pages": "30--46",
            "year": "1996",
        },
    ),
    "Dawid and Skene": (
        "dawid1979",
        "article",
        {
            "author": "A. P. Dawid and A. M. Skene",
            "title": "Maximum likelihood estimation of observer error-rates using the {EM} algorithm",
            "journal": "Applied Statistics",
            "volume": "28",
            "pages": "20--28",
            "year": "1979",
        },
    ),
    "MACE": (
        "hovy2013",
        "inproceedings",
        {
            "author": "D. Hovy and T. Berg-Kirkpatrick and A. Vaswani and E. Hovy",
            "title": "Learning whom to trust with {MACE}",
            "booktitle": "Proceedings of NAACL-HLT",
            "year": "2013",
        },
    ),
    "95 % interval": (
        "rubin1981",
        "article",
        {
            "author": "D. B. Rubin",
            "title": "The {Bayesian} bootstrap",
            "journal": "The Annals of Statistics",
            "volume": "9",
            "pages": "130--134",
            "year": "1981",
        },
    ),
    "Agresti and Coull’s formula": (
        "agresti1998",
        "article",
        {
            "author": "A. Agresti and B. A. Coull",
            "title": "Approximate is better than ``exact'' for interval estimation of binomial proportions",
            "journal": "The American Statistician",
            "volume": "52",
            "pages": "119--126",
            "year": "1998",
        },
    ),
    "Bonett and Wright’s formula": (
        "bonett2000",
        "article",
        {
            "author": "D. G. Bonett and T. A. Wright",
            "title": "Sample size requirements for estimating {Pearson}, {Kendall} and {Spearman} correlations",
            "journal": "Psychometrika",
            "volume": "65",
            "pages": "23--28",
            "year": "2000",
        },
    ),
    "false discovery rate": (
        "benjamini2001",
        "article",
        {
            "author": "Y. Benjamini and D. Yekutieli",
            "title": "The control of the false discovery rate in multiple testing under dependency",
            "journal": "The Annals of Statistics",
            "volume": "29",
            "pages": "1165--1188",
            "year": "2001",
        },
    ),
    "word error rate": (
        "morris2004",
        "inproceedings",
        {
            "author": "A. C. Morris and V. Maier and P. Green",
            "title": "From {WER} and {RIL} to {MER} and {WIL}: Improved evaluation measures for connected speech "
            "recognition",
            "booktitle": "Proceedings of Interspeech",
            "year": "2004",
        },
    ),
    "were matched within their label": (
        "kuhn1955",
        "article",
        {
            "author": "H. W. Kuhn",
            "title": "The {Hungarian} method for the assignment problem",
            "journal": "Naval Research Logistics Quarterly",
            "volume": "2",
            "pages": "83--97",
            "year": "1955",
        },
    ),
}


@checked
def references(paragraph: str) -> str:
    """Return what a methods paragraph names as BibTeX, such as for a file ``references.bib``.

    Args:
        paragraph: What ``methods_paragraph`` returned, or several of these.

    Example:
        >>> print(references("Agreement was 0.81 by Krippendorff’s alpha."))
        @book{krippendorff2018,
          author = {K. Krippendorff},
          title = {Content Analysis: An Introduction to Its Methodology},
          publisher = {Sage},
          year = {2018}
        }
        <BLANKLINE>
    """
    found = []
    for words, (key, kind, fields) in CITED.items():
        if words in paragraph:
            lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
            found.append(f"@{kind}{{{key},\n{lines}\n}}\n")
    return "\n".join(found)
