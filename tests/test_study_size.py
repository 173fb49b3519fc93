"""A large study: what changed is read and not everything, bars count items, Ctrl+C is safe, answers go to a file."""

from __future__ import annotations

import itertools
import os
import re
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from dying_client import VERBS, lost_or_doubled, not_as_asked
from faulty_proxy import FaultyProxy, faulty_proxy
from moods import CONFIG, said, texts

import lsnb
from lsnb.annotations.long import Wanted, tabulate_groups
from lsnb.errors import InputError
from lsnb.kernel.tally import Tally
from lsnb.stack import Stack
from lsnb.studio.connection import AGAIN, Width
from lsnb.studio.server import UNDRAFTED
from lsnb.study import Studio, Study
from lsnb.study.snapshots import metas_now

pytestmark = pytest.mark.usefixtures("own_cache")
WHOLE = re.compile(r"/export\?(?!.*ids)")


@pytest.fixture
def proxy(stack: Stack) -> Iterator[FaultyProxy]:
    with faulty_proxy(stack.url) as proxy:
        yield proxy


@pytest.fixture
def through(proxy: FaultyProxy, stack: Stack) -> Studio:
    return lsnb.connect(proxy.url, stack.api_key)


def read_by_twos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsnb.studio.server.WHOLE_AT_ONCE", 1)
    for limit in ("IDS_AT_ONCE", "IDS_DIRECT", "PAGE", "FIRST_LOOK"):
        monkeypatch.setattr(f"lsnb.studio.server.{limit}", 2)


def work(study: Study) -> None:
    """Answers, skips, drafts and an edit, in every project."""
    server = study.server
    for copy in study.copies:
        tasks = server.export(copy.project.id)
        first = server.annotate(tasks[0]["id"], said("good", id="r"), lead_time=1.5)
        server.annotate(tasks[0]["id"], said("bad"))
        server._ask("POST", f"/api/tasks/{tasks[1]['id']}/annotations/", json={"result": [], "was_cancelled": True})
        server._ask("POST", f"/api/tasks/{tasks[2]['id']}/drafts", json={"result": said("bad"), "lead_time": 1})
        server._ask("PATCH", f"/api/annotations/{first}/", json={"result": said("bad", id="r")})


@pytest.mark.slow
def test_annotations_of_a_synced_study_read_what_changed_and_are_the_same(
    proxy: FaultyProxy, through: Studio, study: Study
) -> None:
    work(study)
    opened = through.open_study(study.title)
    opened.pull()
    work(study)
    proxy.reset()
    after = opened.annotations(raw=True)
    assert not [path for _, path in proxy.requests if WHOLE.search(path)]
    pd.testing.assert_frame_equal(after, study.annotations(raw=True))
    assert after["status"].value_counts()["draft"] == 4
    assert after["unique_id"].notna().sum() == 12
    # A sync still tells what is new since the last one.
    assert opened.pull().pulled == 6


@pytest.mark.slow
def test_a_draft_that_became_an_answer_is_a_draft_no_more(through: Studio, study: Study) -> None:
    work(study)
    opened = through.open_study(study.title)
    opened.pull()
    (draft,) = (one for task in study.server.export(study.copies[0].project.id) for one in task["drafts"])
    study.server._ask("DELETE", f"/api/drafts/{draft['id']}/")
    pd.testing.assert_frame_equal(opened.annotations(), study.annotations())


def removed(study: Study) -> None:
    server, project = study.server, study.copies[0].project.id
    server.delete_tasks(project, [server.export(project)[0]["id"]])


def removed_and_another(study: Study) -> None:
    """The last task goes, and SQLite gives its number to the next."""
    server, project = study.server, study.copies[0].project.id
    last = server.export(project)[-1]
    server.delete_tasks(project, [last["id"]])
    server.import_tasks(project, [{"data": {**last["data"], "caption": "anew"}, "meta": last["meta"]}])


def answers_removed(study: Study) -> None:
    server = study.server
    for copy in study.copies:
        done = [one["id"] for task in server.export(copy.project.id) for one in task["annotations"]]
        server._ask("DELETE", f"/api/annotations/{done[0]}/")


def all_answers_removed(study: Study) -> None:
    """As the data manager does it, which does not go through the answers one by one."""
    project = study.copies[0].project.id
    asked = {"selectedItems": {"all": True, "excluded": []}}
    about = {"id": "delete_tasks_annotations", "project": project}
    study.server._ask("POST", "/api/dm/actions", params=about, json=asked)


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [600, pytest.param(-600, marks=pytest.mark.exhaustive)])
def test_what_is_gone_is_gone_from_the_table_too_whatever_the_clock_says(
    proxy: FaultyProxy, through: Studio, study: Study, ahead: float
) -> None:
    proxy.ahead = ahead
    work(study)
    opened = through.open_study(study.title)
    opened.pull()
    for change in (answers_removed, removed, removed_and_another, work, all_answers_removed):
        change(study)
        pd.testing.assert_frame_equal(opened.annotations(raw=True), study.annotations(raw=True))
        opened.pull()
        pd.testing.assert_frame_equal(opened.annotations(raw=True), study.annotations(raw=True))


@pytest.mark.slow
def test_tables_that_are_made_a_group_at_a_time_are_the_same(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    work(study)
    asked: dict[str, Any] = {"raw": True, "splits": True, "data": "caption"}
    study.assign_splits({"0001": "test"})
    study.predict({"0000": said("bad"), "0002": said("good")}, model_version="m", show=False)
    (other,) = (t["id"] for t in study.server.export(study.copies[1].project.id) if t["meta"]["item"] == "0001")
    study.server.predict(other, said("bad"), model_version="m")
    whole, run = study.annotations(**asked), study.model_run("m")
    labelled = {answers: study.pull(answers=answers).labelled for answers in ("majority", "all", "ana")}
    monkeypatch.setattr("lsnb.study.outcome.GROUP_BYTES", 1)
    monkeypatch.setattr("lsnb.study.snapshots.PART", 2)
    monkeypatch.setattr("lsnb.annotations.long.GROUP", 1)
    study.pull(full=True)
    pd.testing.assert_frame_equal(study.annotations(**asked), whole)
    again = study.model_run("m")
    for name in ("predictions", "annotations", "scores"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(run, name))
    assert again.results == run.results == {"0000": said("bad"), "0001": said("bad"), "0002": said("good")}
    assert run.annotations.attrs["read"]["seen"] == 8  # and a draft is one, too
    for answers, table in labelled.items():
        pd.testing.assert_frame_equal(study.pull(answers=answers).labelled, table)


def test_tasks_that_are_few_are_gone_through_once() -> None:
    """What a project holds is unpacked each time that somebody goes through it."""
    tasks = [{"id": n, "data": {"id": str(n)}, "annotations": []} for n in range(5)]
    begun: list[int] = []

    def given() -> Iterator[dict[str, Any]]:
        begun.append(1)
        return iter(tasks)

    (one,) = [table for _, table in tabulate_groups(given, Wanted("id"), "ana", Tally("The tasks", "annotation"))]
    assert one["item"].tolist() == list("01234")
    assert len(begun) == 1
    assert not list(tabulate_groups(lambda: iter([]), Wanted("id"), "ana", Tally("The tasks", "annotation")))


def test_annotations_say_from_when_they_are(study: Study) -> None:
    as_of = study.annotations().attrs["as_of"]
    made = study.server.annotate(study.server.export(study.copies[0].project.id)[0]["id"], said("good"))
    found = study.annotations().set_index("annotation")
    assert pd.Timestamp(as_of) <= found.loc[made, "created_at"]


@pytest.mark.slow
def test_many_changes_are_read_as_a_whole_and_few_are_not(
    proxy: FaultyProxy, through: Studio, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsnb.study.snapshots.IDS_AT_ONCE", 1)
    opened = through.open_study(study.title)
    opened.pull()
    for snapshot in opened._snapshots.values():
        # As some seconds later: what was made just now is looked for again.
        snapshot.since = max(task["updated_at"] for task in snapshot.tasks.values())
    tasks = study.server.export(study.copies[0].project.id)
    for task in tasks[:5]:
        study.server.annotate(task["id"], said("good"))
    study.server.annotate(study.server.export(study.copies[1].project.id)[0]["id"], said("good"))
    proxy.reset()
    assert opened.pull().pulled == 6
    whole = [path for _, path in proxy.requests if WHOLE.search(path)]
    assert len(whole) == 1
    assert f"/projects/{study.copies[0].project.id}/" in whole[0]


@pytest.mark.slow
@pytest.mark.parametrize("many", [False, True])
def test_a_project_that_is_read_in_parts_is_the_same(study: Study, monkeypatch: pytest.MonkeyPatch, many: bool) -> None:
    work(study)
    project = study.copies[0].project.id
    whole = study.server.export(project)
    read_by_twos(monkeypatch)
    if many:  # a task that comes while the others are read
        asked = study.server._exported

        def export(number: int, tasks: Any) -> list[dict[str, Any]]:
            if len(whole) == 6:
                study.server.import_tasks(project, [{"data": {"caption": "theirs"}}])
                whole.append({"data": {"caption": "theirs"}})
            return asked(number, tasks)

        monkeypatch.setattr(study.server, "_exported", export)
    read = study.server.export(project)
    assert [task["data"] for task in read] == [task["data"] for task in whole]
    assert read[:6] == whole[:6]


@pytest.mark.slow
@pytest.mark.parametrize("filtered", [True, False], ids=["filtered", "filter unknown"])
def test_what_nobody_has_touched_is_listed_and_the_rest_is_exported(
    proxy: FaultyProxy, through: Studio, study: Study, monkeypatch: pytest.MonkeyPatch, filtered: bool
) -> None:
    """An export takes the server three times as long as a list, which says nothing of answers and drafts."""
    server, project = study.server, study.copies[0].project.id
    study.sync(texts(8))
    work(study)
    study.predict({"0000": said("good"), "0005": said("bad"), "0007": said("bad")}, model_version="m")
    server.delete_tasks(project, [server.export(project)[4]["id"]])  # numbers with a gap
    opened = through.open_study(study.title)
    whole, answers = opened.pull(full=True), opened.annotations(raw=True)
    seen = {number: list(snapshot.tasks.items()) for number, snapshot in opened._snapshots.items()}
    read_by_twos(monkeypatch)
    if not filtered:  # a server that leaves out what it does not understand
        monkeypatch.setattr("lsnb.studio.server.UNTOUCHED", [UNDRAFTED])
    monkeypatch.setenv("LSNB_CACHE", f"{os.environ['LSNB_CACHE']}-anew")
    opened = through.open_study(study.title)
    proxy.reset()
    pd.testing.assert_frame_equal(opened.annotations(raw=True), answers)
    again = opened.pull(full=True)
    assert (again.answers, again.skipped) == (whole.answers, whole.skipped)
    assert {number: list(snapshot.tasks.items()) for number, snapshot in opened._snapshots.items()} == seen
    asked = [path for _, path in proxy.requests]
    assert not [path for path in asked if WHOLE.search(path)]
    exported = {int(n) for path in asked if f"/{project}/export" in path for n in re.findall(r"ids%5B%5D=(\d+)", path)}
    untouched = [number for number, task in seen[project] if not task["annotations"]]
    assert [number for number in untouched if number in exported] == untouched[:1]  # it holds a draft


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [
        {"raw": True, "data": ["caption", "id"]},
        {"splits": True, "anonymize": True},
        {"accounts": True, "anonymize": True},
    ],
    ids=str,
)
def test_answers_in_a_file_are_the_table(
    study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: dict[str, Any]
) -> None:
    work(study)
    study.assign_splits({"0001": "test"})
    read_by_twos(monkeypatch)
    monkeypatch.setattr("lsnb.study.outcome.GROUP_BYTES", 1)
    path = study.annotations(**asked, out=tmp_path / "new" / "answers.parquet")
    assert pq.ParquetFile(path).num_row_groups > 4
    assert b"lsnb.as_of" in pq.ParquetFile(path).schema_arrow.metadata
    table = study.annotations(**asked)
    lsnb.write_table(table, tmp_path / "whole.parquet")
    back = lsnb.read_table(path)
    pd.testing.assert_frame_equal(back, lsnb.read_table(tmp_path / "whole.parquet"))
    # A file says missing in one way, and answers that all are texts are a column of text in pandas 3.
    pd.testing.assert_frame_equal(*(each.astype("object").where(each.notna(), None) for each in (back, table)))
    assert [each.name for each in path.parent.iterdir()] == ["answers.parquet"]


def test_what_is_asked_of_a_file_and_cannot_be(study: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.parquet"):
        study.annotations(out=tmp_path / "answers.csv")
    with pytest.raises(InputError, match="No task's data has a field 'captoin'"):
        study.annotations(data=["captoin"], out=tmp_path / "answers.parquet")
    assert not list(tmp_path.glob("*.parquet"))


@pytest.mark.parametrize("synced", [False, True])
def test_verbs_that_need_no_answers_hold_one_project_at_a_time_without_them(
    proxy: FaultyProxy, through: Studio, study: Study, synced: bool
) -> None:
    """Those of 100,000 items and five people are more than memory holds with ease."""
    work(study)
    opened = through.open_study(study.title)
    if synced:
        opened.pull()
    ana, ben = (copy.project.id for copy in study.copies)
    for verb, path in (
        (lambda: opened.predict({"0001": said("bad")}, model_version="m"), f"/projects/{ana}/import/predictions"),
        (lambda: opened.assign_splits({"0001": "test"}), "/api/tasks/"),
    ):
        proxy.reset()
        assert len(verb().failures) == 0
        written = next(n for n, (_, asked) in enumerate(proxy.requests) if path in asked)
        assert not [asked for _, asked in proxy.requests[:written] if f"project={ben}" in asked]
    for copy in opened.copies:
        metas = metas_now(through.server, opened.id, opened._snapshots.get(copy.project.id), copy.project.id)
        assert [set(task) >= {"id", "meta"} and not {"annotations", "data"} & set(task) for task in metas] == [True] * 6


# Bars.


class Bar:
    """What stands in for a bar: it remembers how far it was."""

    made: list[Bar]

    def __init__(self, total: int | None, desc: str, unit: str, delay: float) -> None:
        assert delay == 2
        self.what, self.total, self.n = (desc, unit), total, 0
        self.made.append(self)

    def update(self, n: int) -> None:
        self.n += n

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *fault: object) -> None:
        pass


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Bar]:
    Bar.made = []
    monkeypatch.setattr("lsnb.kernel.jobs.tqdm", Bar)
    return Bar.made


SHOWN: dict[str, tuple[Callable[[Study, Path], object], tuple[str, str], int]] = {
    "pull": (lambda study, folder: study.pull(), ("Reading answers", "task"), 12),
    "annotations": (lambda study, folder: study.annotations(), ("Reading answers", "task"), 12),
    "file": (lambda study, folder: study.annotations(out=folder / "a.parquet"), ("Writing answers", "task"), 12),
    "sync, new": (lambda study, folder: study.sync(texts(9)), ("Sending tasks", "task"), 3),
    "sync, changed": (
        lambda study, folder: study.sync(texts(6).assign(caption="new")),
        ("Updating tasks", "task"),
        6,
    ),
    "predict": (
        lambda study, folder: study.predict({"0001": said("bad")}, model_version="m"),
        ("Sending predictions", "prediction"),
        2,
    ),
    "splits": (lambda study, folder: study.assign_splits({"0001": "test"}), ("Writing splits", "task"), 2),
    "import": (
        lambda study, folder: study.import_annotations({"0001": said("bad")}, annotator="ana"),
        ("Storing annotations", "annotation"),
        1,
    ),
    "adjudicate": (lambda study, folder: study.adjudicate(by="ana", items=["0001"]), ("Sending tasks", "task"), 1),
    "export_to": (lambda study, folder: study.export_to(folder / "a.zip"), ("Saving tasks", "task"), 12),
    "delete": (
        lambda study, folder: study.delete(study.title, out=folder / "a.zip"),
        ("Looking whether anybody works there", "task"),
        12,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("verb", SHOWN)
def test_a_bar_counts_items_to_the_end(study: Study, bars: list[Bar], tmp_path: Path, verb: str) -> None:
    act, what, n = SHOWN[verb]
    bars.clear()
    act(study, tmp_path)
    assert n in [bar.n for bar in bars if bar.what == what]
    assert [bar.n for bar in bars] == [bar.total for bar in bars]


def test_making_a_study_counts_tasks(studio: Studio, title: str, bars: list[Bar]) -> None:
    studio.create_study(title, CONFIG, texts(6), key="id", annotators=["ana", "ben"])
    assert [(bar.what, bar.n, bar.total) for bar in bars] == [(("Sending tasks", "task"), 12, 12)]


# Ctrl+C.


def interrupt_at(proxy: FaultyProxy, n: int) -> None:
    """Press Ctrl+C once the n-th request that writes is with the server."""
    written = iter(range(1, 10_000))

    def press(method: str, path: str, _: int) -> Any:
        if method != "GET" and "token" not in path and next(written) == n:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return "pass"

    proxy.fate = press


def writes_of(proxy: FaultyProxy) -> int:
    return sum(method != "GET" and "token" not in path for method, path in proxy.requests)


def interrupted(verb: str, n: int, proxy: FaultyProxy, through: Studio, title: str, folder: Path) -> int:
    """Interrupt a verb at a write, run it again, see that all is as asked, and return how many writes there were."""
    folder.mkdir()
    if verb != "create_study":
        VERBS["create_study"](through, title, folder)
    proxy.reset()
    interrupt_at(proxy, n)
    try:
        with pytest.raises(KeyboardInterrupt):
            VERBS[verb](through, title, folder)
    finally:
        written = writes_of(proxy)
        proxy.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        VERBS[verb](through, title, folder)
    assert not_as_asked(verb, through, title) == []
    assert lost_or_doubled(through, title, folder, {}) == []
    return written


@pytest.mark.parametrize(("verb", "n"), [("create_study", 2)])
def test_ctrl_c_is_safe(proxy: FaultyProxy, through: Studio, title: str, tmp_path: Path, verb: str, n: int) -> None:
    # What is written is waited for, so that not a request more goes out, and none is out when Ctrl+C comes.
    assert interrupted(verb, n, proxy, through, title, tmp_path / "study") == n


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("verb", VERBS)
def test_ctrl_c_is_safe_at_every_write(
    proxy: FaultyProxy, through: Studio, studio: Studio, title: str, tmp_path: Path, verb: str
) -> None:
    if verb != "create_study":
        VERBS["create_study"](through, title, tmp_path)
    proxy.reset()
    VERBS[verb](through, title, tmp_path)
    writes = writes_of(proxy)
    assert writes
    for project in studio.server.projects():
        if title[:30] in project.title:
            studio.server.delete_project(project.id)
    for n in [*range(1, min(writes, 6) + 1), *range(7, writes + 1, 9)]:
        assert interrupted(verb, n, proxy, through, title, tmp_path / str(n)) <= n + 1
        for project in studio.server.projects():
            if title[:30] in project.title:
                studio.server.delete_project(project.id)


# A few requests at once.


def test_as_many_requests_are_out_as_the_server_stands(studio: Studio, stack: Stack) -> None:
    server = lsnb.connect(stack.url, stack.api_key).server
    assert server.width.is_settled, "the stack's SQLite is written to by one at a time"
    server.width.is_settled, server.width.at_once = True, 4
    meeting = threading.Barrier(4, timeout=60)
    done = server.each([meeting.wait] * 8, what="Meeting", unit="act")
    assert sorted(done) == [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("n", [1, 17, 44, 57, 100, 121, 250])
def test_a_server_that_is_the_quicker_the_more_it_is_asked_is_asked_each_thing_once(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, n: int
) -> None:
    """The trial of how many it stands took eight more than were left, and ended with an IndexError."""
    server = lsnb.connect(stack.url, stack.api_key).server
    server.width = Width()
    ticks = itertools.count()
    monkeypatch.setattr("lsnb.studio.connection.Pace.now", staticmethod(lambda: float(next(ticks))))
    asked: list[int] = []
    acts = [partial(asked.append, i) for i in range(n)]
    assert server.each(acts, what="Asking", unit="act") == [None] * n
    assert sorted(asked) == list(range(n))


def test_a_server_that_was_busy_when_it_was_tried_is_tried_again(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """One noisy trial decided for all that followed, on the least busy server, too."""
    server = lsnb.connect(stack.url, stack.api_key).server
    server.width = Width()
    together: list[tuple[int, int]] = []
    clock = [0.0]

    def side_by_side(act: Callable[[int], None], jobs: range, at_once: int, count: object) -> None:
        together.append((len(jobs), at_once))
        for job in jobs:
            act(job)
        # At the first trial of several it is busy.
        clock[0] += len(jobs) if len(together) == 1 else len(jobs) / at_once

    def act() -> None:
        if server.width.at_once == 1:
            clock[0] += 1.0

    monkeypatch.setattr("lsnb.studio.connection.Pace.now", staticmethod(lambda: clock[0]))
    monkeypatch.setattr("lsnb.studio.connection.side_by_side", side_by_side)
    server.each([act] * (8 + 32 + AGAIN + 8 + 32 + 64 + 40), what="Asking", unit="act")
    assert together == [(32, 4), (32, 4), (64, 8), (40, 8)]
    # The stack's own server is written to by one at a time, whatever the load.
    server.width, together[:] = Width(is_settled=True), []
    server.each([act] * (3 * AGAIN), what="Asking", unit="act")
    assert together == []


def test_a_fault_of_one_is_told_and_the_others_go_on(studio: Studio) -> None:
    def fail() -> None:
        raise InputError("no")

    done = studio.server.each([fail, lambda: None], what="Trying", unit="act")
    assert isinstance(done[0], InputError)
    assert done[1] is None
