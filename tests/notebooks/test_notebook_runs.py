"""Each notebook, run by papermill with parameters of its own, against the real stack: what did it make?

The steps of a study run in one folder, as a person would run them, and hand over by files. There every cell runs
twice, since people do that.
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pandas as pd
import papermill
import pytest
from notebook_runs import Run, runner
from notebook_style import NOTEBOOKS
from PIL import Image

import lsnb

if TYPE_CHECKING:
    from lsnb.bucket import Bucket
    from lsnb.stack import Stack
    from lsnb.study import Studio, Study

TITLE = "Moods in photographs"
PEOPLE = ["ana", "Jörg", "mei"]
CODES = ("calm", "tense", "sad, tired")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def run(folder: Path, stack: Stack) -> Run:
    """Run a notebook in the folder and return the text that it showed."""

    return runner(folder)


@pytest.fixture(scope="module")
def uploaded(run: Run, folder: Path) -> str:
    lsnb.local.demo_images(folder)
    table = lsnb.read_table(folder / "table.csv", key="id")
    # Paths seen from the table's folder, as in a table that somebody made elsewhere.
    table.assign(path=table["path"].str.removeprefix(f"{folder.as_posix()}/")).to_csv(
        folder / "own table.csv", sep=";", index=False
    )
    return run(
        "01_upload_media",
        {"WORKDIR": "work", "TABLE": "own table.csv", "OBJECT_NAME": "{user}/moods {id}", "OVERWRITE": "changed"},
    )


@pytest.fixture(scope="module")
def configured(run: Run, uploaded: str) -> str:
    parameters = {
        "CODING_NAME": "mood",
        "CODING_VALUES": 'calm, tense, "sad, tired"',
        "QUESTION": "How does it feel?",
        "TEXT_COLUMN": "caption",
    }
    return run("02_build_label_config", {"WORKDIR": "work", "CODING_CHOICE": "multiple", **parameters})


@pytest.fixture(scope="module")
def sampled(run: Run, uploaded: str) -> str:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LSNB_SAMPLE_TASKS_BY", "user")
        environment.setenv("LSNB_SAMPLE_TASKS_SEED", "99")
        # What papermill injects counts before the environment, even where it is the default.
        return run("03_sample_tasks", {"WORKDIR": "work", "N": 6, "SEED": 0})


@pytest.fixture(scope="module")
def cloned(run: Run, configured: str, sampled: str) -> str:
    parameters = {"TITLE": TITLE, "ANNOTATORS": ", ".join(PEOPLE), "OVERLAP": 2, "SEED": 5}
    return run("04_clone_projects", {"WORKDIR": "work", **parameters})


@pytest.fixture(scope="module")
def too_early(run: Run, cloned: str) -> str:
    return run("12_merge_annotations", {"WORKDIR": "work"}, twice=False)


@pytest.fixture(scope="module")
def answered(too_early: str, studio: Studio) -> None:
    lsnb.demo.simulate_annotators(studio.open_study(TITLE), seed=3)


@pytest.fixture(scope="module")
def merged(run: Run, answered: None) -> str:
    return run("12_merge_annotations", {"WORKDIR": "work", "CONTROL": "mood", "MIN_VOTES": 2})


@pytest.mark.slow
def test_01_uploads_the_users_table_and_adds_its_addresses(uploaded: str, folder: Path, bucket: Bucket) -> None:
    table = lsnb.read_table(folder / "own table.csv", key="id")
    media = lsnb.read_table(folder / "work" / "media.csv", key="id")
    assert media[list(table.columns)].equals(table)
    assert list(media.columns) == [*table.columns, "uri", "status", "bytes", "error"]
    expected = [f"gs://{bucket.name}/{row.user}/moods {row.id}{Path(row.path).suffix}" for row in table.itertuples()]
    assert media["uri"].tolist() == expected
    assert set(media["status"]) == {"exists"}
    assert "12 uploaded" in uploaded
    assert "12 exists" in uploaded
    assert "Media will show" in uploaded


@pytest.mark.slow
def test_02_writes_a_config_for_the_question_and_its_answers(configured: str, folder: Path) -> None:
    config = lsnb.LabelConfig.from_xml((folder / "work" / "config.xml").read_text(encoding="utf-8"))
    assert list(config.fields) == ["uri", "caption"]
    assert list(config.controls) == ["mood"]
    assert config.controls["mood"].labels == CODES
    assert config.controls["mood"].multiple
    assert "How does it feel?" in config.xml
    assert config.check(lsnb.read_table(folder / "work" / "media.csv", key="id")) == []


@pytest.mark.slow
def test_03_writes_the_sample_that_the_seed_draws(sampled: str, folder: Path) -> None:
    media = lsnb.read_table(folder / "work" / "media.csv", key="id")
    sample = lsnb.read_table(folder / "work" / "sample.csv", key="id")
    assert sample.equals(lsnb.sample(media, key="id", n=6, by="user", seed=0).reset_index(drop=True))
    assert sample["user"].value_counts().to_dict() == {"lena": 2, "samir": 2, "jörg": 2}
    said = "6 of 12 items were drawn at random (seed 0), in proportion to the strata of user."
    assert said in sampled
    assert (folder / "work" / "methods-sample.txt").read_text(encoding="utf-8") == said
    assert "the environment variable LSNB_SAMPLE_TASKS_BY" in sampled


@pytest.mark.slow
def test_03_shows_what_each_group_gave(run: Run, sampled: str, folder: Path) -> None:
    media = lsnb.read_table(folder / "work" / "media.csv", key="id")
    (folder / "groups").mkdir()
    media.assign(size=["large"] * 9 + ["small"] * 3).to_csv(folder / "groups" / "media.csv", index=False)
    parameters = {"WORKDIR": "groups", "BY": "size, user", "ALLOCATION": "equal", "PERCENT": 34}
    shown = run("03_sample_tasks", parameters, twice=False)
    sample = lsnb.read_table(folder / "groups" / "sample.csv", key="id")
    grouped = lsnb.read_table(folder / "groups" / "media.csv", key="id")
    drawn = lsnb.sample(grouped, key="id", percent=34, by=["size", "user"], allocation="equal", seed=0)
    assert sample["id"].tolist() == drawn["id"].tolist()
    assert str(lsnb.strata_table(drawn)) in shown


@pytest.mark.slow
def test_04_makes_a_project_for_each_annotator(cloned: str, folder: Path, studio: Studio) -> None:
    study = studio.open_study(TITLE)
    assert study.annotators == PEOPLE
    titles = {project.title for project in study.server.projects()}
    assert {f"{TITLE} · {name}" for name in PEOPLE} <= titles
    sample = lsnb.read_table(folder / "work" / "sample.csv", key="id")
    projects = study.projects
    assert projects["tasks"].tolist() == [4, 4, 4]
    tasks = [task for project in projects["project"] for task in study.server.export(project)]
    items = [task["meta"]["item"] for task in tasks]
    assert {item: items.count(item) for item in items} == dict.fromkeys(sample["id"], 2)
    assert {task["data"]["caption"] for task in tasks} == set(sample["caption"])
    links = lsnb.read_table(folder / "work" / "study.csv")
    assert links["url"].tolist() == projects["url"].tolist()
    assert set(links["study"]) == {TITLE}


@pytest.mark.slow
def test_04_shows_who_shares_what_the_text_to_send_and_the_progress(cloned: str, studio: Studio, folder: Path) -> None:
    study = studio.open_study(TITLE)
    shared = study.shared_items()
    # Six items, two people each: everybody has four, and shares two with each of the others.
    assert shared.to_dict("list") == {"ana": [4, 2, 2], "Jörg": [2, 4, 2], "mei": [2, 2, 4]}
    assert str(shared) in cloned
    invitation = folder / "work" / "invitation.txt"
    assert invitation.stat().st_mode & 0o777 == 0o600
    for line in invitation.read_text(encoding="utf-8").splitlines():
        assert (line in cloned) != ("?token=" in line), "the output holds all but the sign-up link"
    assert cloned.count("a picture") == 2  # every cell ran twice


@pytest.fixture(scope="module")
def kept(run: Run, configured: str, folder: Path) -> Path:
    """A folder with a study of four items and its table, as notebook 04 leaves them."""
    work, kept = folder / "work", folder / "kept"
    kept.mkdir()
    (kept / "config.xml").write_bytes((work / "config.xml").read_bytes())
    lsnb.read_table(work / "media.csv", key="id").head(4).to_csv(kept / "sample.csv", index=False)
    run("04_clone_projects", {"WORKDIR": "kept", "TITLE": "Kept together", "ANNOTATORS": "ana, ben"}, twice=False)
    return kept


@pytest.mark.slow
def test_11_keeps_a_table_and_its_study_together(run: Run, kept: Path, folder: Path, studio: Studio) -> None:
    study = studio.open_study("Kept together")
    media = lsnb.read_table(folder / "work" / "media.csv", key="id")
    tasks = {name: _tasks(study, name) for name in study.annotators}
    answer = {"from_name": "mood", "to_name": "uri", "type": "choices", "value": {"choices": ["calm"]}}
    study.server.annotate(tasks["ana"][media["id"][1]]["id"], [answer], lead_time=2.0)
    table = media.head(6).assign(caption=["Mended by hand", *media["caption"][1:6]])
    table.to_csv(kept / "sample.csv", index=False)

    shown = run("11_sync_table", {"WORKDIR": "kept"})
    assert "Using the study 'Kept together'" in shown
    assert "4 created, 2 updated, 1 answer pulled" in shown
    assert "0 created, 0 updated, 0 answers pulled" in shown  # every cell ran twice
    assert "1 answer in all, 1 new, changed or gone since last time." in shown
    assert "1 answer in all, 0 new, changed or gone since last time." in shown
    assert shown.count("a picture") == 2
    for name, before in tasks.items():
        now = _tasks(study, name)
        assert sorted(now) == sorted(table["id"])
        assert {item: now[item]["id"] for item in before} == {item: task["id"] for item, task in before.items()}
        assert now[media["id"][0]]["data"]["caption"] == "Mended by hand"
    labelled = lsnb.read_table(kept / "labelled.csv", key="id")
    assert labelled[list(table.columns)].equals(lsnb.read_table(kept / "sample.csv", key="id"))
    assert labelled["mood"].fillna("").tolist() == ["", "calm", "", "", "", ""]


@pytest.mark.slow
def test_11_deletes_only_what_it_is_told_and_saves_it_first(run: Run, kept: Path, studio: Studio) -> None:
    study = studio.create_study(
        "Fewer of them",
        lsnb.LabelConfig.text("caption").choices("mood", ["calm", "tense"]),
        pd.DataFrame({"id": ["01", "02", "03"], "caption": ["one", "two", "three"]}),
        key="id",
        annotators=["ana"],
    )
    lsnb.demo.simulate_annotators(study)
    pd.DataFrame({"id": ["01", "02"], "caption": ["one", "two"]}).to_csv(kept / "fewer.csv", index=False)
    parameters = {
        "WORKDIR": "fewer",
        "TITLE": "Fewer of them",
        "TABLE": "kept/fewer.csv",
        "ON_REMOVED": "delete",
        "ANSWERS": "all",
        "BUCKET": "",
    }
    shown = run("11_sync_table", {**parameters, "DRY_RUN": True}, twice=False)
    assert "1 removed" in shown
    assert "nothing was changed on the server" in shown
    assert sorted(_tasks(study, "ana")) == ["01", "02", "03"]
    run("11_sync_table", parameters)
    assert sorted(_tasks(study, "ana")) == ["01", "02"]
    (saved,) = (kept.parent / "fewer" / "removed").glob("*.json")
    assert [(task["meta"]["item"], len(task["annotations"])) for task in json.loads(saved.read_bytes())] == [("03", 1)]
    assert lsnb.read_table(kept.parent / "fewer" / "labelled.csv", key="id")["mood (ana)"].notna().all()


@pytest.mark.slow
def test_11_syncs_no_demo_data_into_a_study_of_ones_own(run: Run, kept: Path, studio: Studio) -> None:
    before = studio.open_study("Kept together").projects["tasks"].tolist()
    with pytest.raises(papermill.PapermillExecutionError, match="name the table of the study 'Kept together'"):
        run("11_sync_table", {"WORKDIR": "elsewhere", "TITLE": "Kept together"}, twice=False)
    assert studio.open_study("Kept together").projects["tasks"].tolist() == before


def _tasks(study: Study, annotator: str) -> dict[str, dict[str, Any]]:
    project = study.projects.set_index("annotator").loc[annotator, "project"]
    return {task["meta"]["item"]: task for task in study.server.export(project)}


@pytest.mark.slow
def test_12_says_so_when_nobody_has_answered_yet(too_early: str) -> None:
    assert f"Using the study '{TITLE}'" in too_early
    assert "Nobody has answered yet." in too_early


@pytest.mark.slow
def test_12_merges_what_people_answered(merged: str, folder: Path, studio: Studio) -> None:
    work = folder / "work"
    annotations = studio.open_study(TITLE).annotations(raw=True)
    written = lsnb.read_table(work / "annotations.csv", key=None)
    assert len(written) == len(annotations) == 12
    assert written["value"].tolist() == annotations["value"].tolist()
    votes = lsnb.read_table(work / "majority-mood.csv")
    expected = lsnb.majority(annotations, "mood", min_votes=2)
    assert votes["n"].tolist() == expected["n"].tolist() == [2] * 6
    assert votes["tie"].tolist() == expected["tie"].tolist()
    disputed = lsnb.disputed(annotations, "mood")
    assert lsnb.read_table(work / "disputed-mood.csv", key="item")["item"].tolist() == disputed["item"].tolist()
    assert set(disputed["item"]) == set(expected.loc[expected["tie"], "item"])
    gold = lsnb.read_table(work / "gold-mood.csv", key="item")
    assert gold["how"].tolist() == ["undecided" if tie else "unanimous" for tie in expected["tie"]]
    assert merged.count("a picture") == 6  # every cell ran twice
    assert "kappa" in merged
    for by in ("annotator", "label"):
        assert str(lsnb.agreement_by(annotations, "mood", by).round(3)) in merged
    assert "Warning" not in merged


@pytest.mark.slow
def test_12_writes_what_a_paper_says_and_what_each_column_means(merged: str, folder: Path) -> None:
    work = folder / "work"
    paragraph = (work / "methods-mood.txt").read_text(encoding="utf-8")
    assert paragraph in merged
    assert paragraph.startswith("Six items were annotated for “mood” by three annotators (12 answers;")
    for name in ("annotations", "overview", "majority-mood", "disputed-mood", "gold-mood"):
        about = lsnb.read_table(work / f"{name}.columns.csv")
        assert about["column"].tolist() == list(lsnb.read_table(work / f"{name}.csv", key=None).columns)
        assert about["meaning"].notna().all()


@pytest.mark.slow
def test_12_takes_what_was_decided_for_gold(
    run: Run, merged: str, folder: Path, studio: Studio, bucket: Bucket
) -> None:
    study = studio.open_study(TITLE)
    votes = study.gold("mood", min_votes=2)
    item = votes.loc[votes["how"] == "undecided", "item"].iloc[0]
    decision = study.adjudicate(by="ana", items=[item], bucket=bucket)
    answer = {"from_name": "mood", "to_name": "uri", "type": "choices", "value": {"choices": ["tense"]}}
    (task,) = studio.server.export(decision.project)
    studio.server.annotate(task["id"], [answer], lead_time=2.0)
    run("12_merge_annotations", {"WORKDIR": "decided", "TITLE": TITLE, "CONTROL": "mood", "MIN_VOTES": 2}, twice=False)
    gold = lsnb.read_table(folder / "decided" / "gold-mood.csv", key="item").set_index("item")
    assert gold["how"].to_dict() == {**dict(zip(votes["item"], votes["how"], strict=True)), item: "adjudicated"}
    assert "tense" in gold.loc[item, "value"]
    majority = [(folder / work / "majority-mood.csv").read_bytes() for work in ("work", "decided")]
    assert majority[0] == majority[1]


@pytest.mark.slow
def test_12_reads_exported_files_and_zips_of_them_without_any_server(
    run: Run, merged: str, folder: Path, studio: Studio
) -> None:
    with zipfile.ZipFile(studio.open_study(TITLE).export_to(folder / "exports.zip")) as archive:
        names = archive.namelist()
        archive.extractall(folder)
    nowhere = {"LABEL_STUDIO": "http://127.0.0.1:9"}
    files = {"WORKDIR": "from-files", "EXPORTS": ", ".join(names), **nowhere}
    shown = run("12_merge_annotations", files, twice=False)
    assert shown.count("a picture") == 3
    expected = lsnb.majority(lsnb.read_annotations([folder / name for name in names]), "mood")
    votes = lsnb.read_table(folder / "from-files" / "majority-mood.csv")
    assert votes["share"].tolist() == expected["share"].tolist()
    run("12_merge_annotations", {"WORKDIR": "from-a-zip", "EXPORTS": "exports.zip", **nowhere}, twice=False)
    for made in sorted((folder / "from-files").iterdir()):
        assert (folder / "from-a-zip" / made.name).read_bytes() == made.read_bytes(), made.name


@pytest.mark.slow
def test_12_compares_drawn_outlines_and_writes_no_formula(run: Run, folder: Path) -> None:
    for project, (name, width) in enumerate({"ana": 10, "ben": 20}.items(), start=1):
        outline = {"points": [[0, 0], [width, 0], [width, 10], [0, 10]], "polygonlabels": ["=1+1"]}
        result = {"id": "r", "from_name": "part", "to_name": "image", "type": "polygonlabels", "value": outline}
        done = {"id": project, "completed_by": 1, "result": [result], "was_cancelled": False}
        task = {"id": project, "project": project, "data": {"ID": "007"}, "annotations": [done]}
        (folder / f"{name}.json").write_text(json.dumps([task]))
    files = {"WORKDIR": "drawn", "EXPORTS": "ana.json, ben.json", "KEY": "ID"}
    shown = run("12_merge_annotations", files, twice=False)
    assert "F1" in shown
    annotations = (folder / "drawn" / "annotations.csv").read_text(encoding="utf-8-sig")
    assert annotations.count(",'=1+1,") == 2
    assert "points" not in annotations


@pytest.mark.slow
def test_01_takes_a_zip_without_a_table(run: Run, uploaded: str, folder: Path, bucket: Bucket) -> None:
    pictures = sorted((folder / "media").iterdir())[:3]
    with zipfile.ZipFile(folder / "photos.zip", "w") as archive:
        for picture in pictures:
            archive.write(picture, f"from zip/{picture.name}")
    run("01_upload_media", {"WORKDIR": "from-zip", "FOLDER": "photos.zip"}, twice=False)
    media = lsnb.read_table(folder / "from-zip" / "media.csv", key="ID")
    assert media["ID"].tolist() == [f"from zip/{picture.stem}" for picture in pictures]
    assert media["uri"].tolist() == [f"gs://{bucket.name}/from zip/{picture.name}" for picture in pictures]


@pytest.mark.slow
def test_00_goes_the_whole_way_and_cleans_up_when_told(run: Run, folder: Path, studio: Studio) -> None:
    parameters = {"WORKDIR": "quick", "TITLE": "Quick moods", "ANNOTATORS": 2, "PERCENT": 25, "CLEAN_UP": True}
    shown = run("00_quickstart", parameters)
    assert "SIMULATED" in shown
    assert "a picture" in shown
    # A zip of its own for each study: the next one, made by pressing Run all again, must not replace these answers.
    (saved,) = (folder / "quick").glob("*.zip")
    with zipfile.ZipFile(saved) as archive:
        exports = [json.loads(archive.read(name)) for name in archive.namelist()]
    assert [len(tasks) for tasks in exports] == [3, 3]
    assert all(len(task["annotations"]) == 1 for tasks in exports for task in tasks)
    assert "Quick moods" not in studio.studies()["title"].tolist()


def test_bad_fields_are_one_message_and_nothing_is_made(run: Run, studio: Studio) -> None:
    with pytest.raises(papermill.PapermillExecutionError) as caught:
        run("04_clone_projects", {"TITLE": "x", "SEED": -1, "ANNOTATORS": "ana, ana", "CONFIG": "gone.xml"})
    assert caught.value.ename == "FormError"
    assert "4 problems" in caught.value.evalue
    assert all(name in caught.value.evalue for name in ("TITLE", "SEED", "ANNOTATORS", "CONFIG"))


@pytest.mark.slow
def test_no_notebook_shows_a_secret(uploaded: str, cloned: str, merged: str, folder: Path, stack: Stack) -> None:
    secrets = [stack.api_key, stack.password, stack.service_account["private_key"].splitlines()[1]]
    for done in sorted((folder / "done").iterdir()):
        text = done.read_text(encoding="utf-8")
        assert [secret for secret in secrets if secret in text] == [], done.name


def test_the_three_lines_for_ones_own_table_and_folder_work(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = nbformat.read(NOTEBOOKS / "00_quickstart.ipynb", as_version=4).cells[-1].source
    (lines,) = re.findall(r"```python\n(.*?)```", last, flags=re.S)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-photos").mkdir()
    Image.new("RGB", (8, 8), "teal").save(tmp_path / "my-photos" / "three lines.png")
    pd.DataFrame({"id": ["001"], "file": ["three lines.png"]}).to_excel("my-table.xlsx", index=False)
    names: dict[str, Any] = {"lsnb": lsnb, "bucket": bucket}
    exec(lines, names)
    assert names["upload"].table["uri"].tolist() == [f"gs://{bucket.name}/three lines.png"]
    assert names["config"].check(names["upload"].table) == []
