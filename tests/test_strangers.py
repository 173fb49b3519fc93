"""Tasks that teammates add to a study's projects: left alone and said, in every verb alike."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from moods import CONFIG, said, texts

import lsnb
from lsnb import demo
from lsnb.stack import Stack
from lsnb.study import Studio, Study
from lsnb.study.outcome import Asked, read_projects

pytestmark = pytest.mark.usefixtures("own_cache")


def answered(value: str) -> dict[str, Any]:
    return {"annotations": [{"result": said(value)}]}


def add_strangers(study: Study) -> None:
    """One without the key, one whose data names an item, and one that was copied from ben's project, all answered."""
    ana, ben = (copy.project.id for copy in study.copies)
    copied = next(task for task in study.server.export(ben) if task["meta"]["item"] == "0001")
    study.server.import_tasks(
        ana,
        [
            {"data": {"caption": "a stranger"}, **answered("bad")},
            {"data": {"id": "0002", "caption": "another"}, **answered("bad")},
            {"data": copied["data"], "meta": copied["meta"], **answered("bad")},
        ],
    )


@pytest.fixture
def study(study: Study) -> Study:
    ana = study.copies[0].project.id
    for task in study.server.export(ana):
        if task["meta"]["item"] in ("0000", "0001"):
            study.server.annotate(task["id"], said("good"), lead_time=1.0)
    study.predict({"0000": said("good")}, model_version="m")
    return study


def answers(table: Any) -> list[list[Any]]:
    shown = table.astype(object).where(table.notna(), None)
    return sorted(shown[["item", "annotator", "status", "value"]].values.tolist(), key=str)


READING: dict[str, Callable[[Study], object]] = {
    "annotations": lambda study: answers(study.annotations()),
    "projects": lambda study: answers(
        read_projects(study.server, [copy.project.id for copy in study.copies], "id", Asked())
    ),
    "progress": lambda study: study.progress().values.tolist(),
    "gold": lambda study: study.gold("mood").astype(str).to_numpy().tolist(),
    "model_run": lambda study: answers(study.model_run("m").annotations),
    "shared_items": lambda study: study.shared_items().to_numpy().tolist(),
    "sync": lambda study: (study.sync(texts(6)).counts, study.pull().labelled.astype(str).to_numpy().tolist()),
    "predict": lambda study: study.predict({"0000": said("good")}, model_version="m").counts,
    "import_annotations": lambda study: study.import_annotations({"0000": said("good")}, annotator="ana").counts,
    "assign_splits": lambda study: study.assign_splits({"0000": "test"}).counts,
    "update_config": lambda study: study.update_config(CONFIG).counts,
}


def run(verb: Callable[[Study], object], study: Study) -> tuple[object, str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        came = verb(study)
    return came, " ".join(str(one.message) for one in caught)


@pytest.mark.slow
def test_tasks_of_others_change_no_verb_and_are_said(study: Study) -> None:
    for verb in READING.values():
        verb(study)  # what is done once, such as writing a split, is done
    before = {name: run(verb, study) for name, verb in READING.items()}
    add_strangers(study)
    for name, verb in READING.items():
        came, warned = run(verb, study)
        assert came == before[name][0], name
        assert "added by others" not in before[name][1]
        if name == "sync":
            assert any("3 tasks in ana's project were added by others" in note for note in study.pull().notes)
        else:
            assert "3 tasks in ana's project were added by others" in warned, name


def test_verbs_that_make_something_take_nothing_from_tasks_of_others(study: Study, tmp_path: Path) -> None:
    add_strangers(study)
    with pytest.warns(UserWarning, match="added by others"):
        study.add_annotator("eva")
    assert study.projects.set_index("annotator").loc["eva", "tasks"] == 6
    with pytest.warns(UserWarning, match="added by others"):
        deciding = study.adjudicate(by="fay", items=["0001", "0002"])
    assert deciding.report.counts == {"created": 2}
    told = study.server.predictions(deciding.project)
    assert [(p["model_version"], p["result"][0]["value"]["choices"]) for p in told] == [("ana", ["good"])]
    # A stranger in the deciding project decides nothing, also one that was copied from another such project.
    own = next(task for task in study.server.export(deciding.project) if task["meta"]["item"] == "0001")
    copied = [{**own["meta"], "adjudication": "another study"}, {**own["meta"], "by": "gil"}]
    strangers = [{"data": own["data"], "meta": meta, **answered("bad")} for meta in copied]
    alike = {"data": own["data"], "meta": {**own["meta"], "by": "gil"}}
    study.server.import_tasks(deciding.project, [{"data": {"id": "0001", "caption": "x"}, **answered("bad")}])
    study.server.import_tasks(deciding.project, [*strangers, alike, alike])
    with pytest.warns(UserWarning, match="added by others"):
        assert study.adjudicate(by="fay", items=["0001", "0002"]).report.counts == {"exists": 2}
    assert len(study.server.export(deciding.project)) == 2 + 1 + 4
    with pytest.warns(UserWarning, match="added by others"):
        gold = study.gold("mood").set_index("item")
    assert gold.loc["0001", ["value", "how"]].tolist() == ["good", "single"]
    assert set(deciding.annotations()["status"]) == {"unlabelled"}


def test_a_model_that_only_tasks_of_others_hold_predictions_of_has_none_of_an_item(study: Study) -> None:
    ana = study.copies[0].project.id
    study.server.import_tasks(ana, [{"data": {"caption": "a stranger"}}])
    stranger = max(task["id"] for task in study.server.task_metas(ana))
    study.server.predict(stranger, answered("good")["annotations"][0]["result"], model_version="theirs")
    with pytest.warns(UserWarning, match="added by others"):
        run = study.model_run("theirs")
    assert run.predictions.empty
    assert "raw" in run.predictions
    assert run.annotations["item"].nunique() == 6
    assert "predictions of 0 items" in repr(run)


def test_a_stranger_in_the_place_of_a_task_that_is_gone_is_not_counted(study: Study) -> None:
    ana = study.copies[0].project.id
    study.server.delete_tasks(ana, [study.server.export(ana)[-1]["id"]])
    study.server.import_tasks(ana, [{"data": {"caption": "a stranger"}, **answered("bad")}])
    with pytest.warns(UserWarning, match="1 task in ana's project was added by others"):
        assert study.progress()[["tasks", "done"]].values.tolist() == [[5, 2], [6, 0]]


def test_an_export_that_is_imported_into_its_own_project_is_counted_once(study: Study) -> None:
    ana = study.copies[0].project.id
    by_item = {task["meta"]["item"]: task for task in study.server.export(ana)}
    first, second, third = by_item["0000"], by_item["0002"], by_item["0003"]
    skip = {"result": [], "was_cancelled": True}
    study.server._ask("POST", f"/api/tasks/{second['id']}/annotations/", json=skip)
    before = study.progress().values.tolist()
    assert [row[1:4] for row in before] == [[6, 2, 1], [6, 0, 0]]
    copied = [
        {"data": task["data"], "meta": task["meta"], "annotations": given}
        for task, given in ((first, [{"result": said("good")}]), (second, [skip]), (third, []))
    ]
    study.server.import_tasks(ana, [*copied, copied[0]])
    with pytest.warns(UserWarning, match="3 items in ana's project have 4 second tasks"):
        assert study.progress().values.tolist() == before


def test_an_item_that_only_others_hold_is_missing(stack: Stack, study: Study) -> None:
    """The task that carries the item's name is not the item's, so the item is made again."""
    ana = study.copies[0].project.id
    own = next(task for task in study.server.export(ana) if task["meta"]["item"] == "0005")
    study.server.delete_tasks(ana, [own["id"]])
    study.server.import_tasks(ana, [{"data": {"id": "0005", "caption": "text 5"}, "meta": {"item": "0005"}}])
    with pytest.warns(UserWarning, match="added by others"):
        again = lsnb.connect(stack.url, stack.api_key).create_study(
            study.title, CONFIG, texts(6), key="id", annotators=["ana", "ben"]
        )
    assert again.report is not None
    assert again.report.table["status"].tolist() == ["completed", "exists"]


def test_what_a_kernel_keeps_of_answers_tells_who_gave_and_changed_them(study: Study, studio: Studio) -> None:
    server = study.server
    ana, ben = (copy.project.id for copy in study.copies)
    # What a kernel keeps of answers tells the same as what the server exports.
    study.pull(full=True)

    def told(tasks: Any) -> set[tuple[Any, ...]]:
        names = ("id", "unique_id", "completed_by", "updated_by")
        return {tuple(done[name] for name in names) for one in tasks for done in one["annotations"]}

    for project in (ana, ben):
        assert told(study._snapshots[project].tasks.values()) == told(server.export(project))
    assert study.pull().pulled == 0
    # Read as changes, too, they are the same answers.
    task = next(one for one in server.export(ana) if one["meta"]["item"] == "0000")
    server.replace_data(task["id"], {**task["data"], "caption": "another text"})
    assert study.pull().pulled == 0
    assert told(study._snapshots[ana].tasks.values()) == told(server.export(ana))
    assert studio.open_study(study.title).pull().pulled == 0


def test_the_demo_answers_beside_tasks_of_others(study: Study) -> None:
    add_strangers(study)
    with pytest.warns(UserWarning, match="added by others"):
        report = demo.simulate_annotators(study)
    assert not len(report.failures)
