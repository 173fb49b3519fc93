"""Predictions into a study on the real server: sent, seen to be there, replaced by id, cut anywhere and gone on."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from faulty_proxy import FaultyProxy, faulty_proxy
from moods import CONFIG, said, texts

import lsnb
from lsnb.errors import InputError, LsnbError, PartialFailureError
from lsnb.predictions.predictions import Row, make_predictions
from lsnb.stack import Stack
from lsnb.study import Studio, Study

pytestmark = pytest.mark.usefixtures("own_cache")


ITEMS = list(texts(6)["id"])


def all_say(value: str) -> dict[str, list[dict[str, Any]]]:
    return {item: said(value) for item in ITEMS}


def project_of(study: Study, annotator: str = "ana") -> int:
    return next(copy.project.id for copy in study.copies if copy.manifest.annotator == annotator)


def task_of(study: Study, item: str, annotator: str = "ana") -> int:
    tasks = study.server.task_metas(project_of(study, annotator))
    return next(task["id"] for task in tasks if task["meta"]["item"] == item)


def there(study: Study, version: str = "v1", annotator: str = "ana") -> dict[str, list[str]]:
    """Item → what the predictions of a model say of it, by the server's own listing."""
    project = project_of(study, annotator)
    items = {task["id"]: task["meta"]["item"] for task in study.server.task_metas(project)}
    found: dict[str, list[str]] = {}
    for told in study.server.predictions(project):
        if told["model_version"] == version:
            values = [value for result in told["result"] for value in result["value"]["choices"]]
            found.setdefault(items[told["task"]], []).extend(values or ["nothing"])
    return found


def test_predictions_go_to_every_copy_once_and_the_same_again_sends_nothing(stack: Stack, study: Study) -> None:
    report = study.predict({**all_say("good"), "0005": []}, model_version="v1")
    assert report.counts == {"sent": 12}
    assert set(report.table["annotator"]) == {"ana", "ben"}
    with faulty_proxy(stack.url) as proxy:
        through = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        proxy.reset()
        again = through.predict({**all_say("good"), "0005": []}, model_version="v1")
        assert {method for method, _ in proxy.requests} == {"GET"}
    assert again.counts == {"exists": 12}
    for annotator in ("ana", "ben"):
        assert there(study, annotator=annotator) == {**{item: ["good"] for item in ITEMS}, "0005": ["nothing"]}


def test_a_new_run_of_a_model_replaces_its_old_predictions_only(study: Study) -> None:
    answer = study.server.annotate(task_of(study, "0002"), said("bad"), lead_time=1.0)
    study.predict(all_say("good"), model_version="v1")
    study.predict(all_say("good"), model_version="other")
    report = study.predict({**all_say("bad"), "0000": said("good")}, model_version="v1")
    assert report.counts == {"exists": 2, "replaced": 10}
    for annotator in ("ana", "ben"):
        assert there(study, "v1", annotator) == {**{item: ["bad"] for item in ITEMS}, "0000": ["good"]}
        assert there(study, "other", annotator) == {item: ["good"] for item in ITEMS}
    answered = study.annotations()
    assert answered["annotation"].dropna().tolist() == [answer]


@pytest.mark.slow
def test_skip_keeps_the_old_and_append_keeps_both_and_neither_doubles(study: Study) -> None:
    study.predict({"0001": said("good")}, model_version="v1")
    new = {"0001": said("bad"), "0002": said("bad")}
    skipped = study.predict(new, model_version="v1", on_conflict="skip")
    assert skipped.counts == {"skipped": 2, "sent": 2}
    assert there(study) == {"0001": ["good"], "0002": ["bad"]}
    assert skipped.failures.empty
    for status in ("sent", "exists"):
        report = study.predict(new, model_version="v1", on_conflict="append")
        assert set(report.table.set_index("item").loc["0001", "status"]) == {status}
        assert there(study) == {"0001": ["good", "bad"], "0002": ["bad"]}


def test_region_ids_drawn_anew_are_no_other_prediction(studio: Studio, title: str) -> None:
    config = lsnb.LabelConfig.image("uri").rectangles("box", ["cat"])
    table = pd.DataFrame({"id": ["1"], "uri": ["https://example.org/1.png"]})
    study = studio.create_study(title, config, table, key="id", annotators=1)

    def box(region: str, x: float) -> dict[str, Any]:
        value = {"x": x, "y": 5.0, "width": 20.0, "height": 10.0, "rotation": 0, "rectanglelabels": ["cat"]}
        about = {"from_name": "box", "to_name": "uri", "original_width": 640, "original_height": 480}
        return {"id": region, **about, "type": "rectanglelabels", "value": value}

    assert study.predict({"1": [box("a7", 1 / 3)]}, model_version="m").counts == {"sent": 1}
    assert study.predict({"1": [box("zz", 1 / 3)]}, model_version="m").counts == {"exists": 1}
    assert study.predict({"1": [box("zz", np.float64(1 / 3))]}, model_version="m").counts == {"exists": 1}
    assert study.predict({"1": [box("zz", 0.334)]}, model_version="m").counts == {"replaced": 1}


@pytest.mark.slow
def test_the_predictions_of_a_reader_keep_their_score_and_split(study: Study) -> None:
    row = Row(3, "0003", "x.png")
    row.error("unknown_label", "'moood' has no label 'goood'.")
    rows = [Row(0, "0000", results=said("good"), score=0.25, split="test"), Row(1, "0001", results=[]), Row(2, "0002")]
    report = study.predict(make_predictions([*rows, row]), model_version="v1")
    assert report.counts == {"failed": 1, "sent": 4}
    failed = report.failures.iloc[0]
    assert (failed["item"], failed["error"]) == ("0003", "It could not be read: 'moood' has no label 'goood'.")
    scores = {told["score"] for told in study.server.predictions(project_of(study))}
    assert scores == {0.25, None}
    metas = {task["meta"]["item"]: task["meta"] for task in study.server.task_metas(project_of(study, "ben"))}
    assert metas["0000"]["split"] == "test"
    assert metas["0000"]["study"] == study.id
    assert "split" not in metas["0001"]
    changed = make_predictions([Row(0, "0000", results=said("good"), score=0.75)])
    assert study.predict(changed, model_version="v1").counts == {"replaced": 2}


def test_a_bad_row_costs_no_other_and_says_what_and_where(study: Study) -> None:
    mixed = {
        "0000": said("good"),
        "0001": said("goood"),
        "0002": [{"from_name": "mood"}],
        "0003": "good",
        "0004": [{**said("good")[0], "value": {"choices": ["good", "bad"]}}],
        5: said("good"),
        "00055": said("good"),
        " ": said("good"),
        "0005": None,
    }
    report = study.predict(mixed, model_version="v1")
    assert there(study) == {"0000": ["good"]}
    by_item = report.table.drop_duplicates("item").set_index("item")
    assert "'mood' has no label 'goood'. Did you mean 'good'?" in by_item.loc["0001", "error"]
    assert [by_item.loc[item, "status"] for item in ("0002", "0003", "0004")] == ["failed"] * 3
    assert by_item.loc["5", ["status", "error"]].tolist() == [
        "unknown item",
        "The study has no item '5'. The study calls it '0005': read keys as text, with lsnb.read_table.",
    ]
    assert "Did you mean '0005'?" in by_item.loc["00055", "error"]
    assert "'  ' is no item" in report.table.loc[report.table["item"].isna(), "error"].iloc[0].replace("' '", "'  '")
    with pytest.raises(PartialFailureError, match="failed; the first"):
        report.raise_for_failures()


def test_wrong_arguments_are_said_at_once_before_anything_is_sent(study: Study) -> None:
    with pytest.raises(InputError) as caught:
        study.predict([1], model_version=" ", on_conflict="replac")  # type: ignore[arg-type]
    assert len(caught.value.problems) == 3
    odd = make_predictions([Row(0, "0000", results=[], split="train")])
    with pytest.raises(InputError, match="Did you mean 'training'"):
        study.predict(odd, model_version="v1")
    assert study.server.model_versions(project_of(study)) == {}


def test_what_the_server_drops_without_a_word_is_marked(stack: Stack, study: Study) -> None:
    """Somebody takes a label away between our check and the server's; it answers 201 and keeps the others."""
    poorer = CONFIG.xml.replace('<Choice value="bad" hotkey="2"/>', "")
    assert poorer != CONFIG.xml
    with faulty_proxy(stack.url) as proxy:
        through = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)

        def edit(method: str, path: str, n: int) -> Any:
            if "import/predictions" in path:
                study.server.configure_project(int(path.split("/")[3]), poorer)
            return "pass"

        proxy.fate = edit
        report = through.predict({"0000": said("good"), "0001": said("bad")}, model_version="v1")
    assert report.counts == {"sent": 2, "dropped": 2}
    dropped = report.failures
    assert set(dropped["item"]) == {"0001"}
    assert dropped["error"].str.contains("Label Studio dropped it: .*bad").all()
    assert there(study) == {"0000": ["good"]}


@pytest.mark.slow
def test_a_task_deleted_meanwhile_fails_alone(stack: Stack, study: Study) -> None:
    with faulty_proxy(stack.url) as proxy:
        through = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        doomed = task_of(study, "0001")

        def delete(method: str, path: str, n: int) -> Any:
            if "import/predictions" in path:
                study.server.delete_tasks(project_of(study), [doomed])
            return "pass"

        proxy.fate = delete
        report = through.predict(all_say("good"), model_version="v1")
    failed = report.failures
    assert failed[["item", "annotator"]].values.tolist() == [["0001", "ana"]]
    assert "was deleted on the server" in failed["error"].iloc[0]
    assert there(study) == {item: ["good"] for item in ITEMS if item != "0001"}


@pytest.mark.slow
def test_predictions_are_shown_to_annotators_unless_they_should_be_blind(study: Study) -> None:
    """A new task starts from the predictions of the one model that the project names."""
    task = task_of(study, "0000")

    def started_from() -> list[str]:
        told = study.server._ask("GET", f"/api/projects/{project_of(study)}/next/")
        assert told["id"]
        project = study.server._ask("GET", f"/api/projects/{project_of(study)}/")
        return [project["model_version"] or "all", *(one["model_version"] for one in told["predictions"])]

    study.predict(all_say("good"), model_version="v1", show=False)
    assert started_from()[0] == "all"
    study.predict(all_say("good"), model_version="v1")
    assert started_from() == ["v1", "v1"]
    study.predict(all_say("bad"), model_version="v2")
    assert started_from() == ["v2", "v2"]
    study.predict(all_say("bad"), model_version="v3", show=False)
    assert started_from() == ["v2", "v2"]
    study.server._ask("PATCH", f"/api/projects/{project_of(study)}/", json={"show_collab_predictions": False})
    report = study.predict(all_say("bad"), model_version="v2")
    assert any("ana's project is set to show no predictions" in note for note in report.notes)
    assert task


@pytest.mark.slow
def test_a_table_that_predicts_and_predict_do_not_fight(studio: Studio, title: str) -> None:
    table = pd.DataFrame({"id": ITEMS, "caption": "text", "guess": "good"})
    study = studio.create_study(
        title, CONFIG, table, key="id", annotators=["ana", "ben"], predictions={"guess": "mood"}
    )
    with pytest.raises(InputError, match="come from the study's table"):
        study.predict(all_say("bad"), model_version="lsnb")
    study.predict(all_say("bad"), model_version="v1")
    assert study.sync(table).counts == {"unchanged": 12}
    table.loc[0, "guess"] = "bad"
    assert study.sync(table).counts["updated"] == 2
    assert there(study, "lsnb") == {**{item: ["good"] for item in ITEMS}, "0000": ["bad"]}
    assert there(study, "v1") == {item: ["bad"] for item in ITEMS}


@pytest.mark.slow
def test_answers_that_came_before_a_prediction_are_still_told_by_the_next_sync(study: Study) -> None:
    study.pull()
    study.server.annotate(task_of(study, "0002"), said("bad"), lead_time=1.0)
    study.predict(all_say("good"), model_version="v1")
    assert study.pull().pulled == 1


def test_many_predictions_take_few_calls(studio: Studio, title: str, stack: Stack) -> None:
    table = pd.DataFrame({"id": [f"{n:04d}" for n in range(300)], "caption": "text"})
    study = studio.create_study(title, CONFIG, table, key="id", annotators=1)
    with faulty_proxy(stack.url) as proxy:
        through = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        proxy.reset()
        wanted = {item: said("good") for item in table["id"]}
        assert through.predict(wanted, model_version="v1").counts == {"sent": 300}
        assert len(proxy.requests) <= 8
        assert Counter(path.split("?")[0].endswith("import/predictions") for _, path in proxy.requests)[True] == 1


def test_large_predictions_go_in_several_calls(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsnb.study.predicting.MOST_BYTES", 700)
    assert study.predict(all_say("good"), model_version="v1").counts == {"sent": 12}
    assert there(study) == {item: ["good"] for item in ITEMS}


Fatal = Callable[[str, str, int], bool]
FEW = ITEMS[:3]


def cut(proxy: FaultyProxy, act: Callable[[], object], fatal: Fatal, fate: Any, *, only: bool) -> bool:
    """Act with one request failing, and all after it unless ``only``; return whether there was such a request."""
    proxy.reset()
    failed: list[int] = []

    def decide(method: str, path: str, n: int) -> Any:
        if fatal(method, path, n):
            failed.append(n)
        return fate if failed and (n == failed[0] or not only) else "pass"

    proxy.fate = decide
    with contextlib.suppress(LsnbError):
        act()
    proxy.reset()
    return bool(failed)


def check_cut(studio: Studio, study: Study, proxy: FaultyProxy, fatal: Fatal, fate: str, *, only: bool) -> bool:
    """Replace all predictions with a request failing, look that nothing is lost, and go on."""
    new = "bad" if there(study)[FEW[1]] == ["good"] else "good"
    wanted = {item: said(new) for item in FEW}
    opened = studio.open_study(study.title)
    failed = cut(proxy, lambda: opened.predict(wanted, model_version="v1"), fatal, fate, only=only)
    for annotator in ("ana", "ben"):
        assert set(there(study, annotator=annotator)) == set(FEW), "every item has a prediction at any moment"
    report = studio.open_study(study.title).predict(wanted, model_version="v1")
    assert not len(report.failures), report
    for annotator in ("ana", "ben"):
        assert there(study, annotator=annotator) == {item: [new] for item in FEW}
        assert there(study, "other", annotator) == {"0001": ["good"]}
    return failed


@pytest.fixture
def predicted(study: Study) -> Study:
    study.predict({item: said("good") for item in FEW}, model_version="v1")
    study.predict({"0001": said("good")}, model_version="other")
    return study


@pytest.mark.slow
def test_a_cut_replacement_loses_nothing_and_goes_on(stack: Stack, predicted: Study) -> None:
    def deletion(n: int) -> Fatal:
        seen: list[int] = []

        def is_it(method: str, path: str, count: int) -> bool:
            if method == "DELETE":
                seen.append(count)
            return len(seen) == n and seen[-1] == count

        return is_it

    def sending(method: str, path: str, n: int) -> bool:
        return "import/predictions" in path

    with faulty_proxy(stack.url) as proxy:
        studio = lsnb.connect(proxy.url, stack.api_key)
        assert check_cut(studio, predicted, proxy, sending, "lose reply", only=True)
        assert check_cut(studio, predicted, proxy, sending, "lose reply", only=False)
        assert check_cut(studio, predicted, proxy, deletion(2), "cut", only=False)
        assert check_cut(studio, predicted, proxy, deletion(5), "refuse", only=True)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("fate", "only"), [("lose reply", True), ("lose reply", False), ("cut", False), ("refuse", True)]
)
def test_cut_after_any_request_and_predict_again(stack: Stack, predicted: Study, fate: str, only: bool) -> None:
    """Every request in turn fails, alone or with all that follow; then the same call is made again."""
    with faulty_proxy(stack.url) as proxy:
        studio = lsnb.connect(proxy.url, stack.api_key)
        n = 1
        while check_cut(studio, predicted, proxy, lambda _, __, count, n=n: count == n, fate, only=only):
            n += 1
    assert n >= 20


@pytest.mark.slow
def test_a_model_run_stands_beside_the_peoples_answers(study: Study) -> None:
    for item, answer in zip(ITEMS, ["good", "good", "bad", "bad", "good", "good"], strict=True):
        for annotator in ("ana", "ben"):
            study.server.annotate(task_of(study, item, annotator), said(answer), lead_time=1.0)
    guesses = ["good", "good", "bad", "good", "good", "bad"]
    study.predict({i: said(g, score=0.5) for i, g in zip(ITEMS, guesses, strict=True)}, model_version="v1")
    study.assign_splits(dict.fromkeys(ITEMS[:4], "test") | {"0004": "training"})
    run = study.model_run("v1")
    assert run.evaluate("mood").accuracy == pytest.approx(4 / 6)
    tested = run.evaluate("mood", split="test")
    assert (tested.n, tested.accuracy, len(tested.unmatched)) == (4, 0.75, 0)
    answers = run.answers("mood")
    assert answers["mood"].tolist() == guesses
    assert answers["split"].tolist()[:5] == ["test"] * 4 + ["training"]
    same = lsnb.evaluate(answers, lsnb.gold(run.annotations, "mood"), key="item", column="mood")
    assert same.accuracy == run.evaluate("mood").accuracy
    assert run.evaluate("mood", gold=study.gold("mood")).accuracy == same.accuracy
    assert set(run.both["annotator"]) == {"ana", "ben", "v1"}
    assert run.predictions["score"].tolist() == [0.5] * 6
    with pytest.raises(InputError, match="there are test, training"):
        run.evaluate("mood", split="validation")
    with pytest.raises(InputError, match="there are those of v1"):
        study.model_run("v2")


@pytest.mark.slow
def test_splits_travel_in_the_meta_and_come_back_on_request(studio: Studio, study: Study) -> None:
    table = pd.DataFrame({"id": ITEMS, "split": ["training"] * 4 + ["test", None]})
    assert study.assign_splits(table).counts == {"updated": 10}
    assert study.assign_splits(table).counts == {"unchanged": 10}
    opened = studio.open_study(study.title)
    long = opened.annotations(splits=True).drop_duplicates("item").set_index("item")["split"]
    assert long["0004"] == "test"
    assert pd.isna(long["0005"])
    assert "split" not in opened.annotations()
    assert opened.sync(pd.DataFrame({"id": ITEMS, "caption": [f"text {item}" for item in ITEMS]})).failures.empty
    report = study.assign_splits({"0000": "validation", "9": "test"})
    assert report.counts == {"updated": 2, "unknown item": 1}
    with pytest.raises(InputError, match="'tests' of item 0000 is none"):
        study.assign_splits({"0000": "tests"})
