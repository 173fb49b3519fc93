"""The main job on packaged photographs, step by step."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
from tqdm.auto import tqdm

from lsnb.connections import connect, open_bucket
from lsnb.demo.inputs import FILES, KEY, TITLE, demo_config, make_config, make_sample, packaged_images, write_csv
from lsnb.errors import InputError, LsnbError
from lsnb.kernel.report import Report
from lsnb.labels import LabelConfig
from lsnb.labels.vocabulary import CHOICES, RATING, TIME_SERIES_LABELS
from lsnb.sampling import sample
from lsnb.tables import read_table

if TYPE_CHECKING:
    from lsnb.study import Studio, Study


# Simulated annotators: made-up answers through the API, for demonstrations and tests.


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


ANNOTATORS = ("ana", "ben", "eva")


def find_study(title: str = "", *, studio: Studio, workdir: str | Path = "lsnb-work") -> Study:
    """Return the study a notebook starts from, and say aloud when it is the packaged demo's.

    Args:
        title: The title the form names; empty means: the study of ``study.csv`` in ``workdir``, else a demo study,
            labelled by simulated annotators.
        studio: The Label Studio to look in.
        workdir: The folder through which notebooks hand over.

    Raises:
        StudyNotFoundError: The form names a study that is not there.
    """
    if title.strip():
        return studio.open_study(title)
    path = Path(workdir) / "study.csv"
    if path.is_file():
        titles = read_table(path, key="study").get("study")
        if titles is not None and len(titles):
            print(f"Using the study {titles.iloc[0]!r} of {path}, which an earlier notebook left there.")
            return studio.open_study(str(titles.iloc[0]))
    print(f"No study is named and {path} is not there: using the packaged demo study.")
    table = read_table(make_sample(Path(workdir) / "demo"), key=KEY)
    study = studio.create_study(
        TITLE, demo_config(), table, key=KEY, annotators=ANNOTATORS, bucket=open_bucket("local")
    )
    simulate_annotators(study)
    return study


def run(workdir: str | Path = "lsnb-work") -> Study:
    """Do the main job on packaged photographs, step by step, and return the study.

    The local stack is left up; ``lsnb down`` ends it. Real credentials in the environment are not used.

    Args:
        workdir: Where the tables are written.
    """
    from lsnb.annotations import majority, widen, write_table
    from lsnb.reliability import agreement

    folder = Path(workdir)
    _say(1, "Start Label Studio and a bucket on this computer")
    studio = connect("local")
    bucket = open_bucket("local")
    print(f"{studio}\n{bucket}")

    _say(2, "Read the table and upload its photographs")
    table = read_table(packaged_images(folder), key=KEY)
    uploaded = bucket.upload(table, path="path", name="{user}/{id}")
    uploaded.raise_for_failures()
    bucket.allow_origins([studio.browser_url])
    write_csv(uploaded.table, folder / FILES["media"])
    print(uploaded.summary)

    _say(3, "Build the label config")
    config = demo_config()
    make_config(workdir)
    print(f"Questions: {', '.join(config.controls)}")

    _say(4, "Draw the sample (seed 0)")
    drawn = sample(uploaded.table, key=KEY, n=8, seed=0)
    write_csv(drawn, folder / FILES["sample"])
    print(f"{len(drawn)} of {len(table)} photographs: {', '.join(drawn[KEY])}")

    _say(5, "Make one project per annotator")
    study = studio.create_study(TITLE, config, drawn, key=KEY, annotators=ANNOTATORS, bucket=bucket)
    projects = study.projects
    write_csv(projects.assign(study=study.title), folder / "study.csv")
    print(study.report.summary if study.report else study)

    _say(6, "Answer as simulated annotators")
    answered = simulate_annotators(study)
    answered.raise_for_failures()
    print(answered.summary)

    _say(7, "Merge everybody's answers")
    annotations = study.annotations()
    write_table(annotations, folder / "annotations.csv")
    merged = widen(annotations, "subject").join(
        majority(annotations, "subject")
        .set_index("item")[["value", "share", "tie"]]
        .rename(columns={"value": "majority"})
    )
    write_table(
        merged.reset_index(),
        folder / "majority.csv",
        meanings=dict.fromkeys(study.annotators, "What this annotator answered")
        | {"majority": "The answer of most annotators; missing for a tie"},
    )
    print(merged.to_string())

    _say(8, "How far do they agree?")
    print(agreement(annotations, "subject"))

    print(f"\nOpen the projects (sign in as {studio.user}; 'lsnb status --show-password' shows the password):")
    for row in projects.itertuples():
        print(f"  {row.annotator}: {row.url}")
    print(f"The tables are in {folder}. Label Studio stays up until 'lsnb down'.")
    return study


def _say(number: int, step: str) -> None:
    print(f"\n{number}. {step}")
