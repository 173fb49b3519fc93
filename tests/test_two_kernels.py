"""Two kernels at once: whatever the order in which their requests reach the server, one study is left, and one only."""

from __future__ import annotations

import itertools
import re
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from faulty_proxy import FaultyProxy, faulty_proxy
from moods import CONFIG, said, texts

import lsnb
from lsnb.errors import StudioError, StudyNotFoundError
from lsnb.stack import Stack
from lsnb.study import Studio, Study
from lsnb.study.projects import Copy, project_title

CREATE = r"POST /api/projects/?$"
LIST = r"GET /api/projects/\?"
IMPORT = r"POST /api/projects/\d+/import\b"
DELETE = r"DELETE /api/projects/\d+"
END = "end"
DEADLOCK_SECONDS = 120
pytestmark = pytest.mark.usefixtures("own_cache")


class Turns:
    """The order in which named requests of several kernels reach the server; all others pass as they come.

    A turn is ``(kernel, request)``, with ``asks:`` before a request that need only have been sent, and ``end`` for the
    end of all that the kernel does. ``fates`` says what becomes of a turn's request, by its place, and of all that the
    kernel asks after it.
    """

    def __init__(self, turns: Sequence[tuple[str, str]], fates: dict[int, str] | None = None) -> None:
        self.left = list(enumerate(turns))
        self.fates = fates or {}
        self.ended: set[str] = set()
        self.under_way: dict[str, int] = {}
        self.cut_off: dict[str, str] = {}
        self.changed = threading.Condition()

    def follow(self, kernel: str, proxy: FaultyProxy) -> None:
        """Let the requests of a kernel wait for their turn."""
        proxy.fate = lambda method, path, n: self._wait(kernel, f"{method} {path}")  # type: ignore[assignment,return-value]
        proxy.answered = lambda method, path: self._done(kernel)

    def end(self, kernel: str) -> None:
        """Note that a kernel has ended: none of its turns is waited for any more."""
        with self.changed:
            self.ended.add(kernel)
            self._skip()

    def _skip(self) -> None:
        while self.left and self.left[0][1][0] in self.ended:
            self.left.pop(0)
        self.changed.notify_all()

    def _wait(self, kernel: str, request: str) -> str:
        with self.changed:
            while kernel not in self.cut_off:
                own = next(((n, what) for n, (who, what) in self.left if who == kernel and what != END), None)
                if own is None or not re.match(own[1].removeprefix("asks:"), request):
                    return "pass"
                place, what = own
                if not self.changed.wait_for(lambda: self.left[0][0] >= place, DEADLOCK_SECONDS):  # noqa: B023
                    raise AssertionError(f"{kernel} waits for {self.left[0]} with {request}")
                if not what.startswith("asks:"):
                    self.under_way[kernel] = place
                    if place in self.fates:
                        self.cut_off[kernel] = self.fates[place]
                    return self.fates.get(place, "pass")
                self.left.pop(0)
                self._skip()
            return self.cut_off[kernel]

    def _done(self, kernel: str) -> None:
        with self.changed:
            place = self.under_way.pop(kernel, None)
            if place is not None:
                self.left = [turn for turn in self.left if turn[0] != place]
                self._skip()


Verb = Callable[[Studio], Any]


@pytest.fixture
def kernels(stack: Stack) -> Iterator[dict[str, tuple[FaultyProxy, Studio]]]:
    with faulty_proxy(stack.url) as one, faulty_proxy(stack.url) as two:
        yield {name: (proxy, lsnb.connect(proxy.url, stack.api_key)) for name, proxy in (("one", one), ("two", two))}


def run(kernels: dict[str, tuple[FaultyProxy, Studio]], turns: Turns, verb: Verb) -> dict[str, Any]:
    """Do the same in both kernels, in an order, and return what each got: a result or a fault."""
    got: dict[str, Any] = {}

    def act(name: str, studio: Studio) -> None:
        try:
            got[name] = verb(studio)
        except StudioError as fault:
            got[name] = fault
        finally:
            turns.end(name)

    for name, (proxy, _) in kernels.items():
        proxy.reset()
        turns.follow(name, proxy)
    threads = [threading.Thread(target=act, args=(name, studio)) for name, (_, studio) in kernels.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for proxy, _ in kernels.values():
        proxy.reset()
        proxy.answered = lambda method, path: None
    return got


def creates(title: str) -> Callable[[Studio], Study]:
    return lambda studio: studio.create_study(title, CONFIG, texts(3), key="id", annotators=["ana"])


def of_title(studio: Studio, title: str) -> list[int]:
    return [project.id for project in studio.server.projects() if project.title.startswith(title[:30])]


def check_one(studio: Studio, title: str, n: int = 3) -> int:
    """See that there is one project, which holds every item once, and return its number."""
    (project,) = of_title(studio, title)
    held = sorted(task["meta"]["item"] for task in studio.server.export(project))
    assert held == texts(n)["id"].tolist()
    return project


ORDERS: dict[str, list[tuple[str, str]]] = {
    "both look before either makes one, and one is done before the other makes its own": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("one", END), ("two", CREATE)),
    ],
    "both are made before either looks": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("two", CREATE), ("one", LIST), ("two", LIST)),
    ],
    "the other is there when the study is asked for": [("one", CREATE), ("two", LIST), ("two", END), ("one", LIST)],
    "the second looks first": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("two", CREATE), ("two", LIST), ("two", END), ("one", LIST)),
    ],
    "one looks before the other is there": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("one", LIST), ("two", CREATE), ("two", LIST)),
    ],
    "both fill the same one, and each sees both fillings": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("one", LIST), ("two", CREATE), ("two", LIST)),
        *(("two", f"asks:{IMPORT}"), ("one", IMPORT), ("two", IMPORT)),
    ],
    "both fill the same one, and the first sees its own filling alone": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("one", LIST), ("two", CREATE), ("two", LIST)),
        *(("two", f"asks:{IMPORT}"), ("one", IMPORT), ("one", END), ("two", IMPORT)),
    ],
    "the other fills it to the end before who made it does": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("one", LIST), ("one", f"asks:{IMPORT}")),
        *(("two", CREATE), ("two", END), ("one", IMPORT)),
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS)
def test_two_kernels_that_make_the_same_study_make_one(
    kernels: dict[str, tuple[FaultyProxy, Studio]], studio: Studio, title: str, order: str
) -> None:
    got = run(kernels, Turns(ORDERS[order]), creates(title))
    project = check_one(studio, title)
    assert {name: study.projects["project"].tolist() for name, study in got.items()} == {
        "one": [project],
        "two": [project],
    }
    for study in got.values():
        assert not len(study.report.failures)
        assert study.sync(texts(3)).counts == {"unchanged": 3}


INTERLEAVINGS = sorted(set(itertools.permutations(["one"] * 3 + ["two"] * 3)))


@pytest.mark.exhaustive
@pytest.mark.parametrize("who", INTERLEAVINGS, ids=["".join(name[1] for name in who) for who in INTERLEAVINGS])
def test_every_order_of_making_looking_and_filling(
    kernels: dict[str, tuple[FaultyProxy, Studio]], studio: Studio, title: str, who: tuple[str, ...]
) -> None:
    steps = {name: iter((CREATE, LIST, IMPORT)) for name in kernels}
    asked = [(name, f"asks:{CREATE}") for name in kernels]  # both have seen by now that there is no such study
    got = run(kernels, Turns(asked + [(name, next(steps[name])) for name in who]), creates(title))
    project = check_one(studio, title)
    for study in got.values():
        assert study.projects["project"].tolist() == [project]
        assert not len(study.report.failures)


CUTS = [
    *((LIST, "cut", "create_study"), (LIST, "refuse", "sync"), (DELETE, "refuse", "adjudicate")),
    *((DELETE, "cut", "sync"), (IMPORT, "lose reply", "create_study")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("cut", "fate", "healer"), CUTS)
def test_what_a_cut_left_is_healed_by_a_later_call(
    kernels: dict[str, tuple[FaultyProxy, Studio]], studio: Studio, title: str, cut: str, fate: str, healer: str
) -> None:
    order = [("two", f"asks:{CREATE}"), ("one", CREATE), ("one", LIST), ("two", CREATE), ("two", LIST)]
    order += [] if cut == LIST else [("two", cut)]
    run(kernels, Turns(order, {len(order) - 1: fate}), creates(title))
    if healer == "create_study":
        creates(title)(studio)
    else:
        study = studio.open_study(title)
        study.sync(texts(3)) if healer == "sync" else study.adjudicate(by="eva", items=["0000"])
    for project in studio.server.projects():
        if project.title.startswith("Deciding"):
            studio.server.delete_project(project.id)
    check_one(studio, title)


@pytest.mark.slow
def test_an_older_project_that_shows_late_is_the_one(
    kernels: dict[str, tuple[FaultyProxy, Studio]], studio: Studio, title: str
) -> None:
    """PostgreSQL gives out a number before the project can be seen, so a lower number may show up last."""
    proxy, other = kernels["one"]
    older = studio.server.create_project(f"{title[:30]} late", description="", config=CONFIG.xml)

    def show(method: str, path: str) -> None:
        if re.match(IMPORT, f"{method} {path}"):
            made = next(project for project in studio.server.projects() if "lsnb-study" in project.description)
            studio.server.describe_project(older.id, made.description)

    proxy.answered = show
    study = creates(title)(other)
    assert check_one(studio, title) == older.id
    assert study.projects["project"].tolist() == [older.id]


def test_what_the_server_made_twice_is_taken_away(
    kernels: dict[str, tuple[FaultyProxy, Studio]], studio: Studio, title: str
) -> None:
    """Label Studio repeats a request that found its database locked, also where half of it was done."""
    proxy, other = kernels["one"]

    def repeat(method: str, path: str) -> None:
        if re.match(CREATE, f"{method} {path}"):
            made = max(studio.server.projects(), key=lambda project: project.id)
            studio.server.create_project(made.title, description=made.description, config=CONFIG.xml)

    proxy.answered = repeat
    study = creates(title)(other)
    assert study.projects["project"].tolist() == [check_one(studio, title)]


def test_a_newcomer_whom_a_cut_left_twice_is_added_once(studio: Studio, title: str) -> None:
    study = creates(title)(studio)
    about = replace(study.copies[0].manifest, annotator="eva", added=("eva",))
    for _ in range(2):
        studio.server.create_project(project_title(title, "eva"), description=about.describe(), config=CONFIG.xml)
    studio.open_study(title).add_annotator("eva")
    first, newcomer = sorted(of_title(studio, title))
    assert len(studio.server.export(newcomer)) == len(studio.server.export(first)) == 3


def double(studio: Studio, study: Study) -> Copy:
    """A second project of the first annotator, with all its tasks."""
    copy = study.copies[0]
    config = studio.server.project(copy.project.id).config or ""
    made = studio.server.create_project(copy.project.title, description=copy.manifest.describe(), config=config)
    tasks = [{"data": task["data"], "meta": task["meta"]} for task in studio.server.export(copy.project.id)]
    studio.server.import_tasks(made.id, tasks)
    return Copy(copy.manifest, made)


@pytest.mark.slow
def test_a_kernel_goes_by_what_another_one_made_of_the_study(studio: Studio, title: str) -> None:
    first, table = creates(title)(studio), texts(4).assign(lang="de")
    second = studio.open_study(title)
    second.add_annotator("eva")
    second.update_config(CONFIG.choices("tone", ["up", "down"], required=False))
    second.sync(table.head(3), columns=["lang"])
    # The first has seen nothing of it.
    report = first.sync(table)
    assert report.counts == {"created": 2, "unchanged": 6}
    assert report.notes == ()
    assert first.annotators == ["ana", "eva"]
    assert set(first.annotations()["annotator"]) == {"ana", "eva"}
    for copy in studio.open_study(title).copies:
        about = copy.manifest
        assert (about.added, about.n, about.columns) == (("eva",), 4, {"lang": "lang"})
        assert about.config == second.config.fingerprint
        assert len(studio.server.export(copy.project.id)) == 4


def test_a_project_whose_description_names_somebody_else_is_there_once(studio: Studio, title: str) -> None:
    study = creates(title)(studio)
    copy = study.copies[0]
    studio.server.describe_project(copy.project.id, replace(copy.manifest, annotator="Ana").describe())
    assert study.progress()[["annotator", "tasks"]].values.tolist() == [["ana", 3]]


def test_two_newcomers_of_two_kernels_at_once_are_both_known(
    kernels: dict[str, tuple[FaultyProxy, Studio]], studio: Studio, title: str
) -> None:
    creates(title)(studio)
    proxy, other = kernels["one"]

    def add(method: str, path: str) -> None:
        if re.match(IMPORT, f"{method} {path}"):
            studio.open_study(title).add_annotator("fay")

    proxy.answered = add
    study = other.open_study(title)
    study.add_annotator("eva")
    found = {copy.manifest.annotator: copy.manifest.everybody for copy in studio.open_study(title).copies}
    assert found["ana"] == ("ana", "fay", "eva")
    assert set(found) == {"ana", "fay", "eva"}


WORK: dict[str, Callable[[Studio, int], object]] = {
    "an answer": lambda studio, task: studio.server.annotate(task, []),
    "a skip": lambda studio, task: studio.server._ask(
        "POST", f"/api/tasks/{task}/annotations/", json={"result": [], "was_cancelled": True}
    ),
    "a draft": lambda studio, task: studio.server._ask(
        "POST", f"/api/tasks/{task}/drafts", json={"result": [], "lead_time": 1}
    ),
    "a prediction": lambda studio, task: studio.server.predict(task, [], model_version="m"),
}


@pytest.mark.slow
@pytest.mark.parametrize("work", WORK)
def test_a_double_in_which_somebody_worked_is_not_taken_away(studio: Studio, title: str, work: str) -> None:
    study = creates(title)(studio)
    second = double(studio, study).project.id
    WORK[work](studio, studio.server.export(second)[0]["id"])
    first = study.copies[0].project.id
    if work == "a prediction":
        assert any(f"2 projects in this study ({first}, {second})" in note for note in study.sync(texts(3)).notes)
        assert sorted(of_title(studio, title)) == [first, second]
    else:
        study.sync(texts(3))
        assert of_title(studio, title) == [second]
    assert study.projects["project"].tolist() == [first if work == "a prediction" else second]


def test_two_projects_in_which_people_worked_both_stay_and_are_said(studio: Studio, title: str) -> None:
    study = creates(title)(studio)
    first, second = study.copies[0].project.id, double(studio, study).project.id
    for project in (first, second):
        studio.server.annotate(studio.server.export(project)[0]["id"], [])
    with pytest.warns(UserWarning, match=rf"something was done in more than one: the study reads project {first}"):
        opened = studio.open_study(title)
    assert opened.projects["project"].tolist() == [first]
    assert sorted(of_title(studio, title)) == [first, second]


DECIDING: dict[str, list[tuple[str, str]]] = {
    "both are made before either looks": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("two", CREATE), ("one", LIST), ("two", LIST)),
    ],
    "one is done before the other makes its own": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("one", END), ("two", CREATE)),
    ],
    "both fill the same one": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("one", LIST), ("two", CREATE), ("two", LIST)),
        *(("two", f"asks:{IMPORT}"), ("one", IMPORT), ("two", IMPORT)),
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("order", DECIDING)
def test_two_kernels_that_adjudicate_make_one_project(
    kernels: dict[str, tuple[FaultyProxy, Studio]], studio: Studio, title: str, order: str
) -> None:
    creates(title)(studio)
    got = run(
        kernels,
        Turns(DECIDING[order]),
        lambda other: other.open_study(title).adjudicate(by="eva", items=["0000", "0001"]),
    )
    deciding = [p.id for p in studio.server.projects() if p.title.startswith(f"Deciding {title[:20]}")]
    try:
        assert [found.project for found in got.values()] == deciding * 2
        held = [task["meta"]["item"] for task in studio.server.export(deciding[0])]
        assert sorted(held) == ["0000", "0001"]
    finally:
        for project in deciding:
            studio.server.delete_project(project)


def test_two_kernels_that_sync_leave_each_item_once(
    kernels: dict[str, tuple[FaultyProxy, Studio]], studio: Studio, title: str
) -> None:
    creates(title)(studio)
    order = [("two", f"asks:{IMPORT}"), ("one", IMPORT), ("one", END), ("two", IMPORT)]
    run(kernels, Turns(order), lambda other: other.open_study(title).sync(texts(5)))
    check_one(studio, title, 5)


def test_what_a_model_says_of_a_second_task_alone_is_given_to_the_one_that_stays(studio: Studio, title: str) -> None:
    study = creates(title)(studio)
    project = study.copies[0].project.id
    first = studio.server.export(project)[0]
    studio.server.predict(first["id"], said("good"), model_version="m")
    for heal, value in ((creates(title), "bad"), (lambda _: study.sync(texts(3)), "good")):
        studio.server.import_tasks(project, [{"data": first["data"], "meta": first["meta"]}])
        second = studio.server.export(project)[-1]["id"]
        told = [{"task": second, "result": said("good"), "score": 0.5, "model_version": "m"}]  # the first has it, too
        told.append({"task": second, "result": said(value), "score": 0.25, "model_version": f"somebody's {value}"})
        studio.server.import_predictions(project, orjson.dumps(told))
        heal(studio)
        check_one(studio, title)
    there = [[one[name] for name in ("task", "model_version", "score")] for one in studio.server.predictions(project)]
    assert sorted(there) == [
        [first["id"], "m", None],
        *([first["id"], f"somebody's {v}", 0.25] for v in ("bad", "good")),
    ]


@pytest.mark.slow
def test_second_tasks_in_a_deciding_project_are_healed_by_the_next_call(studio: Studio, title: str) -> None:
    study = creates(title)(studio)
    project = study.adjudicate(by="eva", items=["0000", "0001"]).project
    tasks = studio.server.export(project)
    try:
        # As two kernels make them that were both cut before either looked.
        studio.server.import_tasks(project, [{"data": task["data"], "meta": task["meta"]} for task in tasks])
        studio.server.annotate(tasks[0]["id"], said("bad"))
        gold = study.gold("mood").set_index("item")
        assert gold.loc["0000", ["value", "how"]].tolist() == ["bad", "adjudicated"]
        assert study.adjudicate(by="eva", items=["0000", "0001"]).report.counts == {"exists": 2}
        assert [task["id"] for task in studio.server.export(project)] == [task["id"] for task in tasks]
    finally:
        studio.server.delete_project(project)


RESTORING: dict[str, list[tuple[str, str]]] = {
    "both are made before either looks": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("two", CREATE), ("one", LIST), ("two", LIST)),
    ],
    "both fill the same one": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("one", LIST), ("two", CREATE), ("two", LIST)),
        *(("two", f"asks:{IMPORT}"), ("one", IMPORT), ("two", IMPORT)),
    ],
    "one is done before the other makes its own": [
        *(("two", f"asks:{CREATE}"), ("one", CREATE), ("one", END), ("two", CREATE)),
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("order", RESTORING)
def test_two_kernels_that_restore_make_one(
    kernels: dict[str, tuple[FaultyProxy, Studio]], studio: Studio, title: str, tmp_path: Path, order: str
) -> None:
    study = creates(title)(studio)
    (project,) = of_title(studio, title)
    for task in studio.server.export(project):
        studio.server.annotate(task["id"], said("good"))
        studio.server.predict(task["id"], said("bad"), model_version="m")
    study.backup(tmp_path / "study.zip")
    studio.server.delete_project(project)
    got = run(kernels, Turns(RESTORING[order]), lambda other: other.restore(tmp_path / "study.zip"))
    restored = check_one(studio, title)
    assert [found.projects["project"].tolist() for found in got.values()] == [[restored]] * 2
    counts = [(len(task["annotations"]), len(task["predictions"])) for task in studio.server.export(restored)]
    assert counts == [(1, 1)] * 3


def test_two_kernels_that_predict_at_once_send_each_once(
    studio: Studio, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {str(item): said("bad") for item in texts(6)["id"]}
    other, send = studio.open_study(study.title), study.server.import_predictions

    def both(project: int, body: bytes) -> int:
        monkeypatch.undo()
        other.predict(wanted, model_version="m")
        return send(project, body)

    monkeypatch.setattr(study.server, "import_predictions", both)
    assert set(study.predict(wanted, model_version="m").table["status"]) <= {"sent", "exists"}
    for copy in study.copies:
        tasks = studio.server.export(copy.project.id)
        assert [len(task["predictions"]) for task in tasks] == [1] * len(tasks)


@pytest.mark.slow
@pytest.mark.parametrize("others", ["good", "bad"])
def test_two_kernels_that_import_answers_at_once_store_one(
    studio: Studio, study: Study, monkeypatch: pytest.MonkeyPatch, others: str
) -> None:
    wanted, theirs = ({str(item): said(value) for item in texts(6)["id"]} for value in ("good", others))
    other, store = studio.open_study(study.title), study.server.annotate_once

    def both(*args: Any, **how: Any) -> int | None:
        monkeypatch.undo()
        assert set(other.import_annotations(theirs, annotator="ana").table["status"]) == {"created"}
        return store(*args, **how)

    monkeypatch.setattr(study.server, "annotate_once", both)
    report = study.import_annotations(wanted, annotator="ana")
    assert set(report.table["status"]) == {"exists" if others == "good" else "conflict"}
    for task in studio.server.export(study.copies[0].project.id):
        (answer,) = task["annotations"]
        assert answer["result"][0]["value"]["choices"] == [others]


@pytest.mark.slow
def test_two_kernels_that_restore_drafts_at_once_store_each_once(
    stack: Stack, studio: Studio, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = study.copies[0].project.id
    for task in studio.server.task_metas(project):
        studio.server.draft(task["id"], said("bad", id="d"))
    study.backup(tmp_path / "study.zip")
    for copy in study.copies:
        studio.server.delete_project(copy.project.id)
    store = studio.server.draft

    def both(*args: Any, **how: Any) -> int:
        monkeypatch.undo()
        lsnb.connect(stack.url, stack.api_key).restore(tmp_path / "study.zip")
        return store(*args, **how)

    monkeypatch.setattr(studio.server, "draft", both)
    restored = studio.restore(tmp_path / "study.zip")
    tasks = studio.server.export(restored.copies[0].project.id)
    assert [len(task["drafts"]) for task in tasks] == [1] * len(tasks)


@pytest.mark.slow
def test_two_equal_drafts_are_both_restored_where_the_first_try_was_cut_between_them(
    studio: Studio, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = studio.server.task_metas(study.copies[0].project.id)[0]["id"]
    for _ in range(2):
        studio.server.draft(task, said("bad"))
    study.backup(tmp_path / "study.zip")
    for copy in study.copies:
        studio.server.delete_project(copy.project.id)
    store, left = studio.server.draft, iter([True])

    def once(*args: Any, **how: Any) -> int:
        if not next(left, False):
            raise StudioError("The line was cut.")
        return store(*args, **how)

    monkeypatch.setattr(studio.server, "draft", once)
    assert studio.restore(tmp_path / "study.zip").report.counts == {"failed": 1, "created": 1}  # type: ignore[union-attr]
    monkeypatch.undo()
    restored = studio.restore(tmp_path / "study.zip")
    assert sum(len(one["drafts"]) for one in studio.server.export(restored.copies[0].project.id)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["saving", "deleting"])
def test_two_kernels_that_delete_at_once_keep_everything_in_files(
    studio: Studio, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    out = tmp_path / "saved.zip"
    given = {
        studio.server.annotate(task["id"], said("good"))
        for copy in study.copies
        for task in studio.server.task_metas(copy.project.id)
    }
    other, name = studio.open_study(study.title), "delete_tasks" if moment == "deleting" else "export"
    act = getattr(study.server, name)

    def both(*args: Any, **how: Any) -> Any:
        monkeypatch.undo()
        other.delete(study.title, out=out)
        return act(*args, **how)

    monkeypatch.setattr(study.server, name, both)
    if moment == "deleting":
        assert study.delete(study.title, out=out) == out
        assert sorted(path.name for path in tmp_path.iterdir()) == ["saved-2.zip", "saved.zip"]
    else:
        with pytest.raises(StudyNotFoundError, match="deleted by another call meanwhile"):
            study.delete(study.title, out=out)
        assert list(tmp_path.iterdir()) == [out]
    assert of_title(studio, study.title) == []
    for path in tmp_path.iterdir():
        with zipfile.ZipFile(path) as archive:
            tasks = [task for member in archive.namelist() for task in orjson.loads(archive.read(member))]
        assert {one["id"] for task in tasks for one in task["annotations"]} == given


def test_what_is_left_of_a_study_that_another_kernel_deletes_is_saved_and_deleted(
    studio: Studio, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = study.server.export

    def both(project: int, **how: Any) -> Any:
        monkeypatch.undo()
        studio.server.delete_project(project)
        return export(project, **how)

    monkeypatch.setattr(study.server, "export", both)
    saved = study.delete(study.title, out=tmp_path / "saved.zip")
    with zipfile.ZipFile(saved) as archive:
        assert [name.partition("-")[0] for name in archive.namelist()] == ["ben"]
    assert of_title(studio, study.title) == []


def test_two_kernels_that_sync_predictions_at_once_send_each_once(
    studio: Studio, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, guesses = texts(3).assign(guess="good"), {"guess": "mood"}
    study = studio.create_study(title, CONFIG, table, key="id", annotators=["ana"], predictions=guesses)
    other, send = studio.open_study(title), study.server.predict
    other.pull()

    def both(*args: Any, **how: Any) -> int:
        monkeypatch.undo()
        assert other.sync(table.assign(guess="bad")).counts == {"updated": 3}
        return send(*args, **how)

    monkeypatch.setattr(study.server, "predict", both)
    assert study.sync(table.assign(guess="bad")).counts == {"updated": 3}
    told = studio.server.predictions(study.copies[0].project.id)
    assert [one["result"][0]["value"]["choices"] for one in told] == [["bad"]] * 3
    assert len({one["task"] for one in told}) == 3


def test_what_the_server_stores_of_a_cut_call_after_ours_is_taken_away(
    studio: Studio, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server goes on with an import whose client was killed, here once ours is counted."""
    table, guesses = texts(4).assign(guess="good"), {"guess": "mood"}
    study = studio.create_study(title, CONFIG, table.head(2), key="id", annotators=["ana"], predictions=guesses)
    send, ask = study.server.import_tasks, study.server.project
    late: list[tuple[Any, ...]] = []

    def sent(*args: Any) -> Any:
        late.append(args)
        return send(*args)

    def counted(project: int) -> Any:
        found = ask(project)
        while late:
            number, tasks = late.pop()
            send(number, [{**task, "predictions": []} for task in tasks])
        return found

    monkeypatch.setattr(study.server, "import_tasks", sent)
    monkeypatch.setattr(study.server, "project", counted)
    assert study.sync(table).counts == {"unchanged": 2, "created": 2}
    project = study.copies[0].project.id
    tasks = {int(task["id"]): task["meta"]["item"] for task in studio.server.export(project)}
    assert sorted(tasks.values()) == table["id"].tolist()
    assert sorted(int(told["task"]) for told in studio.server.predictions(project)) == sorted(tasks)
