"""Simulated annotators: made-up answers through the API, for demonstrations and tests."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
from tqdm.auto import tqdm

from lsnb.errors import InputError, LsnbError
from lsnb.labels import LabelConfig
from lsnb.labels.vocabulary import CHOICES, RATING, TIME_SERIES_LABELS
from lsnb.reports import Report

if TYPE_CHECKING:
    from lsnb.study import Study


SIMULATED = (CHOICES.kind, RATING.kind, TIME_SERIES_LABELS.kind)
STRETCHES = 3


@dataclass(frozen=True, repr=False)
class SimulationReport(Report):
    """What ``simulate_annotators`` answered: a row per annotator and item (answered, exists, failed)."""

    noun: ClassVar[str] = "simulated answers"


def simulate_annotators(
    study: Study, *, seed: int = 0, disagreement: float = 0.25, duration: float = 10.0
) -> SimulationReport:
    """Answer a study's open tasks through the API as if people had, and say that nobody did.

    Each item has one answer that most simulated annotators give; each of them departs from it with the given
    probability. Answers depend on the seed, the item and the annotator alone, so they can be made again. Tasks that
    hold an answer are left as they are.

    Args:
        study: Whose controls are choices, ratings and labels of time series; others stay unanswered.
        seed: What draws the answers.
        disagreement: How likely an annotator departs from the common answer, from 0 to 1.
        duration: How long the time series are, in seconds.

    Returns:
        A row per annotator and item.

    Raises:
        InputError: No control of the study can be simulated.
    """
    print("SIMULATED annotators answer now, through the API: these are made-up answers, not people's.")
    rows: list[dict[str, Any]] = []
    for copy in study.copies:
        annotator = copy.manifest.annotator
        project = study.server.project(copy.project.id)
        config = LabelConfig.from_xml(project.config or "")
        if not any(control.kind in SIMULATED for control in config.controls.values()):
            raise InputError(
                f"No control of {project.title!r} can be simulated: it needs choices, a rating or labels of a time "
                "series."
            )
        for task in tqdm(study.server.export(copy.project.id), desc=f"Simulated {annotator}", unit="answer"):
            row = {"annotator": annotator, "item": task["meta"]["item"], "status": "exists", "error": None}
            rows.append(row)
            if task["annotations"]:
                continue
            draw = _Draw(seed, annotator, row["item"], disagreement)
            try:
                study.server.annotate(
                    task["id"], _answers(config, draw, duration), lead_time=round(4 + 20 * draw("time"), 1)
                )
                row["status"] = "answered"
            except LsnbError as fault:
                row.update(status="failed", error=str(fault))
    return SimulationReport(pd.DataFrame(rows), notes=("These answers are simulated.",))


@dataclass(frozen=True)
class _Draw:
    """Numbers from 0 to 1 that depend on what they are for, never on the order of drawing."""

    seed: int
    annotator: str
    item: str
    disagreement: float

    def __call__(self, what: str, *, common: bool = False) -> float:
        who = "" if common else self.annotator
        digest = hashlib.sha256(f"{self.seed}|{who}|{self.item}|{what}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64

    def option(self, what: str, n: int) -> int:
        common = int(self(what, common=True) * n)
        if self(f"{what} departs") >= self.disagreement:
            return common
        return int(self(what) * n)


def _answers(config: LabelConfig, draw: _Draw, duration: float) -> list[dict[str, Any]]:
    results = []
    for name, control in config.controls.items():
        result: dict[str, Any] = {"from_name": name, "to_name": control.to_names[0], "type": control.kind}
        if control.kind == CHOICES.kind:
            options: list[Any] = [list(path) for path in control.paths] or list(control.labels)
            results.append({**result, "value": {CHOICES.key: [options[draw.option(name, len(options))]]}})
        elif control.kind == RATING.kind:
            results.append({**result, "value": {RATING.key: 1 + draw.option(name, 5)}})
        elif control.kind == TIME_SERIES_LABELS.kind and control.labels:
            for number, (start, end) in enumerate(_stretches(draw, name, duration)):
                label = control.labels[(draw.option(name, len(control.labels)) + number) % len(control.labels)]
                value = {"start": start, "end": end, "instant": False, control.kind: [label]}
                results.append({**result, "id": f"{name}{number}", "value": value})
    return results


def _stretches(draw: _Draw, name: str, duration: float) -> list[tuple[float, float]]:
    """Return stretches of a series, end to end: their borders are common, give or take a little."""
    borders = [
        duration
        * (0.3 * number + 0.1 * draw(f"{name} {number}", common=True) + 0.02 * draw(f"{name} {number} borders"))
        for number in range(1, STRETCHES + 1)
    ]
    rounded = [round(border, 3) for border in borders]
    return list(zip([0.0, *rounded[:-1]], rounded, strict=True))
