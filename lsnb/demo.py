"""The packaged demonstration: real photographs, an embedded Label Studio, simulated annotators.

``run`` is ``lsnb demo``. ``find_input`` gives a notebook that starts alone what an earlier one would have left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pandas as pd
from tqdm.auto import tqdm

from lsnb.connections import connect, open_bucket
from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.labels import LabelConfig
from lsnb.reports import Report
from lsnb.sampling import sample
from lsnb.tables import read_table

if TYPE_CHECKING:
    # A study brings Label Studio's client with it, which takes two seconds to load; finding a file must not.
    from lsnb.study import Studio, Study

KEY = "id"
TITLE = "lsnb demo"
ANNOTATORS = ("ana", "ben", "eva")
SUBJECTS = ("person", "animal", "object", "texture", "space")
FILES = {"table": "table.csv", "media": "media.csv", "config": "config.xml", "sample": "sample.csv"}
Input = Literal["table", "media", "config", "sample"]


@dataclass(frozen=True, repr=False)
class SimulationReport(Report):
    """What ``simulate_annotators`` answered: a row per annotator and item (answered, exists, failed)."""

    noun: ClassVar[str] = "simulated answers"


def find_input(name: Input, *, given: str = "", workdir: str | Path = "lsnb-work", study: Study | None = None) -> Path:
    """Return the file a notebook starts from, and say aloud when it is the packaged demo's.

    Args:
        name: ``"table"``, ``"media"``, ``"config"`` or ``"sample"``.
        given: The file the form names; empty means: what the previous notebook left in ``workdir``, else the demo's.
        workdir: The folder through which notebooks hand over.
        study: The study that the file is for: only the demo's takes the demo's data.

    Raises:
        MissingFileError: The form names a file that is not there, or names none for a study of somebody's own.
    """
    if name not in FILES:
        raise InputError(f"There is no input called {name!r}: ask for one of {', '.join(FILES)}.")
    if given.strip():
        try:
            path = Path(given.strip()).expanduser()
            is_there = path.exists()
        except (OSError, RuntimeError, ValueError):
            path, is_there = Path(given.strip()[:80]), False
        if not is_there:
            raise MissingFileError(f"There is no file {path} (looked in {Path.cwd()}): check the name in the form.")
        return path
    path = Path(workdir) / FILES[name]
    if name == "table":
        print("No table is named: using the packaged demo photographs.")
    elif path.is_file():
        print(f"Using {path}, which an earlier notebook left there.")
        return path
    elif study is not None and study.title != TITLE:
        raise MissingFileError(
            f"No {name} is named and {path} is not there: name the table of the study {study.title!r} in the form."
        )
    else:
        print(f"No {name} is named and {path} is not there: using the packaged demo data.")
    # Apart from the user's own files, which the demo must neither read nor replace.
    return _MAKERS[name](Path(workdir) / "demo")


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
    table = read_table(_make_sample(Path(workdir) / "demo"), key=KEY)
    study = studio.create_study(
        TITLE, demo_config(), table, key=KEY, annotators=ANNOTATORS, bucket=open_bucket("local")
    )
    simulate_annotators(study)
    return study


def demo_config() -> LabelConfig:
    """Return the label config of the demo: what a photograph shows, and how well.

    Example:
        >>> list(demo_config().controls)
        ['subject', 'quality']
    """
    return (
        LabelConfig.image("uri")
        .choices("subject", SUBJECTS, title="What does the photograph show?", required=True)
        .rating("quality", title="How good is the photograph?")
    )


def _demo_images(folder: Path) -> Path:
    from lsnb.local import demo_images

    return demo_images(folder)


def _make_table(workdir: str | Path) -> Path:
    return _demo_images(Path(workdir))


def _make_media(workdir: str | Path) -> Path:
    table = read_table(_make_table(workdir), key=KEY)
    bucket = open_bucket("local")
    report = bucket.upload(table, path="path", name="{user}/{id}")
    report.raise_for_failures()
    return _write(report.table, Path(workdir) / FILES["media"])


def _make_config(workdir: str | Path) -> Path:
    path = Path(workdir) / FILES["config"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(demo_config().xml, encoding="utf-8")
    return path


def _make_sample(workdir: str | Path) -> Path:
    media = Path(workdir) / FILES["media"]
    table = read_table(media if media.is_file() else _make_media(workdir), key=KEY)
    return _write(sample(table, key=KEY, n=8), Path(workdir) / FILES["sample"])


_MAKERS: Mapping[str, Callable[[str | Path], Path]] = {
    "table": _make_table,
    "media": _make_media,
    "config": _make_config,
    "sample": _make_sample,
}


def _write(table: pd.DataFrame, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)
    return path


def simulate_annotators(study: Study, *, seed: int = 0, disagreement: float = 0.25) -> SimulationReport:
    """Answer a study's open tasks through the API as if people had, and say that nobody did.

    Each item has one answer that most simulated annotators give; each of them departs from it with the given
    probability. Answers depend on the seed, the item and the annotator alone, so they can be made again. Tasks that
    hold an answer are left as they are.

    Args:
        study: Whose controls are choices and ratings; others stay unanswered.
        seed: What draws the answers.
        disagreement: How likely an annotator departs from the common answer, from 0 to 1.

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
        if not any(control.kind in ("choices", "rating") for control in config.controls.values()):
            raise InputError(f"No control of {project.title!r} can be simulated: it needs choices or a rating.")
        for task in tqdm(study.server.export(copy.project.id), desc=f"Simulated {annotator}", unit="answer"):
            row = {"annotator": annotator, "item": task["meta"]["item"], "status": "exists", "error": None}
            rows.append(row)
            if task["annotations"]:
                continue
            draw = _Draw(seed, annotator, row["item"], disagreement)
            try:
                study.server.annotate(task["id"], _answers(config, draw), lead_time=round(4 + 20 * draw("time"), 1))
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


def _answers(config: LabelConfig, draw: _Draw) -> list[dict[str, Any]]:
    results = []
    for name, control in config.controls.items():
        result: dict[str, Any] = {"from_name": name, "to_name": control.to_names[0], "type": control.kind}
        if control.kind == "choices":
            options: list[Any] = [list(path) for path in control.paths] or list(control.labels)
            results.append({**result, "value": {"choices": [options[draw.option(name, len(options))]]}})
        elif control.kind == "rating":
            results.append({**result, "value": {"rating": 1 + draw.option(name, 5)}})
    return results


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
    table = read_table(_demo_images(folder), key=KEY)
    uploaded = bucket.upload(table, path="path", name="{user}/{id}")
    uploaded.raise_for_failures()
    bucket.allow_origins([studio.browser_url])
    _write(uploaded.table, folder / FILES["media"])
    print(uploaded.summary)

    _say(3, "Build the label config")
    config = demo_config()
    _make_config(workdir)
    print(f"Questions: {', '.join(config.controls)}")

    _say(4, "Draw the sample (seed 0)")
    drawn = sample(uploaded.table, key=KEY, n=8, seed=0)
    _write(drawn, folder / FILES["sample"])
    print(f"{len(drawn)} of {len(table)} photographs: {', '.join(drawn[KEY])}")

    _say(5, "Make one project per annotator")
    study = studio.create_study(TITLE, config, drawn, key=KEY, annotators=ANNOTATORS, bucket=bucket)
    projects = study.projects
    _write(projects.assign(study=study.title), folder / "study.csv")
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
