"""The main job on packaged photographs, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lsnb.connections import connect, open_bucket
from lsnb.demo.answers import simulate_annotators
from lsnb.demo.inputs import FILES, KEY, TITLE, demo_config, make_config, make_sample, packaged_images, write_csv
from lsnb.sampling import sample
from lsnb.tables import read_table

if TYPE_CHECKING:
    from lsnb.study import Studio, Study

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
