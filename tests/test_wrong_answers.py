"""A server that is busy, throttles, or is no Label Studio any more: every request of every verb in turn."""

from __future__ import annotations

import base64
import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pandas as pd
import pytest
from faulty_proxy import Answer, Fate, FaultyProxy, faulty_proxy

import lsnb
from lsnb.errors import LsnbError, StudioError, StudyNotFoundError
from lsnb.kernel.report import Report
from lsnb.stack import Stack
from lsnb.studio import Server
from lsnb.study import Studio, Study
from lsnb.study.adjudication import Adjudication
from lsnb.study.predicting import essence

pytestmark = pytest.mark.usefixtures("own_cache")

CONFIG = lsnb.LabelConfig.text("caption").choices("mood", ["good", "bad"])
MORE = lsnb.LabelConfig.text("caption").choices("mood", ["good", "bad", "none"])
KEPT = "kept.zip"  # what ``restore`` is given
PAGE = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
JSON = {"Content-Type": "application/json"}
WRONG: dict[str, Answer] = {
    "sign-in page": (302, {"Location": "/user/login/?next=/"}, b""),
    "page": (200, {"Content-Type": "text/html"}, PAGE),
    "page that forbids": (403, {"Content-Type": "text/html"}, PAGE),
    "other object": (200, JSON, b'{"status": "ok"}'),
    "other list": (200, JSON, b"[1, null]"),
    "text": (200, JSON, b'"maintenance"'),
    "half": (200, JSON, b'{"results": [{"id": 1'),
    "nothing": (200, {}, b""),
}


def items(n: int) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"{i:03d}" for i in range(n)], "caption": [f"text {i}" for i in range(n)]})


def chosen(value: str) -> list[dict[str, Any]]:
    return [{"from_name": "mood", "to_name": "caption", "type": "choices", "value": {"choices": [value]}}]


def make(studio: Studio, title: str) -> Study:
    return studio.create_study(title, CONFIG, items(2), key="id", annotators=["ana", "ben"])


VERBS: dict[str, Callable[[Studio, Study, Path], object]] = {
    "create_study": lambda studio, study, out: make(studio, study.title),
    "open_study": lambda studio, study, out: studio.open_study(study.title),
    "studies": lambda studio, study, out: studio.studies(),
    "projects": lambda studio, study, out: studio.annotations([c.project.id for c in study.copies], key="id"),
    "progress": lambda studio, study, out: study.progress(),
    "annotations": lambda studio, study, out: study.annotations(),
    "gold": lambda studio, study, out: study.gold("mood"),
    "sync": lambda studio, study, out: study.sync(items(4).assign(caption="new"), out=out),
    "removing": lambda studio, study, out: study.sync(items(1), on_removed="delete", out=out),
    "pull": lambda studio, study, out: study.pull(full=True),
    "predict": lambda studio, study, out: study.predict({"000": chosen("bad")}, model_version="other"),
    "model_run": lambda studio, study, out: study.model_run("m"),
    "import_annotations": lambda studio, study, out: study.import_annotations({"001": chosen("bad")}, annotator="ben"),
    "assign_splits": lambda studio, study, out: study.assign_splits({"000": "test"}),
    "adjudicate": lambda studio, study, out: study.adjudicate(by="eva", items=["000"]),
    "add_annotator": lambda studio, study, out: study.add_annotator("fay"),
    "update_config": lambda studio, study, out: study.update_config(MORE),
    "instruct": lambda studio, study, out: study.instruct("# Moods"),
    "config": lambda studio, study, out: study.config,
    "backup": lambda studio, study, out: study.backup(out / "backup.zip"),
    "restore": lambda studio, study, out: studio.restore(out.parent / KEPT),
    "write_report": lambda studio, study, out: study.write_report(out / "report.html"),
    "shared_items": lambda studio, study, out: study.shared_items(),
    "share": lambda studio, study, out: study.share(save_to=out / "invitation.txt"),
    "export_to": lambda studio, study, out: study.export_to(out / "saved.zip"),
    "delete": lambda studio, study, out: study.delete(study.title, out=out / "deleted.zip"),
}

READING = [
    "open_study",
    "studies",
    "projects",
    "progress",
    "annotations",
    "gold",
    "pull",
    "model_run",
    "config",
    "backup",
    "write_report",
    "shared_items",
    "share",
    "export_to",
]
SAMPLE = [("annotations", "page"), ("pull", "sign-in page"), ("model_run", "nothing")]


@pytest.fixture
def proxy(stack: Stack) -> Iterator[FaultyProxy]:
    with faulty_proxy(stack.url) as proxy:
        yield proxy


class Case:
    """A verb, run with one request after another answered wrongly."""

    def __init__(self, studio: Studio, proxy: FaultyProxy, stack: Stack, title: str, out: Path) -> None:
        self.studio, self.proxy, self.stack, self.title, self.out = studio, proxy, stack, title, out
        self.through = lsnb.connect(proxy.url, stack.api_key)
        self.started = 0

    def state(self) -> dict[str, Any]:
        """What is on the server and in saved files, without what differs each time."""
        found: dict[str, Any] = {"files": sorted({path.stem.partition("-")[0] for path in self.out.iterdir()})}
        for project in self.studio.server.projects():
            if self.title[:20] not in project.title:
                continue
            told: dict[int, list[str]] = {}
            for one in self.studio.server.predictions(project.id):
                told.setdefault(one["task"], []).append(f"{one['model_version']}: {essence(one['result'])}")
            tasks = [
                {
                    "item": task["meta"].get("item"),
                    "split": task["meta"].get("split"),
                    "data": task["data"],
                    "answers": sorted(str(essence(one["result"])) for one in task["annotations"]),
                    "predictions": sorted(told.get(task["id"], [])),
                }
                for task in self.studio.server.export(project.id)
            ]
            shown = self.studio.server.settings(project.id)["expert_instruction"]
            about = {"config": self.studio.server.project(project.id).config, "instruction": shown}
            about["tasks"] = sorted(tasks, key=str)
            found.setdefault(project.title, []).append(about)
        return found

    def start(self, verb: str) -> Study:
        """Bring the study to where every verb has something to do."""
        if self.started and verb in READING:
            return self.opened
        for project in self.studio.server.projects():
            if self.title[:20] in project.title:  # what an earlier test decided, too
                self.studio.server.delete_project(project.id)
        self.started += 1
        study = make(self.studio, self.title)
        study.predict({"000": chosen("good")}, model_version="m")
        if verb == "create_study":
            self.studio.server.delete_project(study.copies[1].project.id)
        if verb == "restore":
            (self.out.parent / KEPT).unlink(missing_ok=True)
            study.backup(self.out.parent / KEPT)
        for path in self.out.iterdir():
            path.unlink()
        self.proxy.reset()
        self.opened = self.through.open_study(self.title)
        if verb == "restore":
            for copy in study.copies:
                self.studio.server.delete_project(copy.project.id)
        return self.opened

    def run(self, verb: str, fate: Fate, n: int) -> tuple[int, Any]:
        """Return how many requests the verb made, and what came of it."""
        study = self.start(verb)
        self.proxy.reset()
        self.proxy.fate = lambda method, path, count: fate if count == n else "pass"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                came: Any = VERBS[verb](self.through, study, self.out)
            except LsnbError as fault:
                came = fault
        made = len(self.proxy.requests)
        self.proxy.reset()
        return made, came

    def repeat(self, verb: str) -> Any:
        """Make the same call once more, from a fresh kernel, and return what came of it."""
        try:
            study = self.opened if verb == "restore" else self.through.open_study(self.title)
        except StudyNotFoundError:
            return None  # it was deleted whole
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return VERBS[verb](self.through, study, self.out)


@pytest.fixture
def case(studio: Studio, proxy: FaultyProxy, stack: Stack, title: str, tmp_path: Path) -> Case:
    out = tmp_path / "out"
    out.mkdir()
    return Case(studio, proxy, stack, title, out)


def sentences(came: Any) -> list[str]:
    """What a user reads of it."""
    if isinstance(came, Study) and came.report is not None:
        came = came.report
    if isinstance(came, Adjudication):
        came = came.report
    if isinstance(came, Report):
        return [*came.notes, *(str(error) for error in came.table["error"].dropna())]
    return [str(came)] if isinstance(came, LsnbError) else []


def check_said(case: Case, came: Any) -> None:
    """One request in the middle of something was answered by no Label Studio: that is said, whatever the verb."""
    text = " ".join(sentences(came))
    assert "sign in anew" in text or "could not be read" in text or "refused to let this through" in text, came
    assert case.stack.api_key not in text
    assert all(one.casefold().count("same call again") <= 1 for one in sentences(came)), came


def check_all_requests(case: Case, verb: str, kind: str) -> None:
    for n in range(1, 100):
        made, came = case.run(verb, WRONG[kind], n)
        if made < n:
            break
        check_said(case, came)
    assert 1 < n < 99


def check_all_states(case: Case, verb: str, kind: str) -> None:
    """Whatever request went wrong: once the same call is made again, all is as if it had never happened."""
    case.run(verb, "pass", 0)
    usual = case.state()
    for n in range(1, 100):
        made, came = case.run(verb, FATES[kind], n)
        if made < n:
            break
        if kind in WRONG:
            check_said(case, came)
        again = case.repeat(verb)
        if isinstance(again, Report):
            assert not len(again.failures), (n, again.failures["error"].tolist())
        assert case.state() == usual, n
    assert 1 < n < 99


WRITING = [verb for verb in VERBS if verb not in READING]
FATES: dict[str, Fate] = {"refuse": "refuse", "cut": "cut", "lose reply": "lose reply", **WRONG}


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "kind"), SAMPLE)
def test_a_wrong_answer_is_a_sentence(case: Case, verb: str, kind: str) -> None:
    """Of three verbs one kind, for every request; the grid has all verbs and kinds."""
    check_all_requests(case, verb, kind)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("verb", READING)
def test_every_wrong_answer_of_every_request_of_every_verb_is_a_sentence(case: Case, verb: str, kind: str) -> None:
    """Of verbs that write, too, where the grid below looks at what they left."""
    check_all_requests(case, verb, kind)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", FATES)
@pytest.mark.parametrize("verb", WRITING)
def test_after_any_fault_of_any_request_the_same_call_makes_all_right(case: Case, verb: str, kind: str) -> None:
    check_all_states(case, verb, kind)


# Busy servers, throttles and clocks: a server made of a function, and a clock that waiting turns.


class Clock:
    def __init__(self) -> None:
        self.time, self.waits = 1000.0, list[float]()

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("lsnb.studio.connection.Pace.sleep", staticmethod(clock.sleep))
    monkeypatch.setattr("lsnb.studio.connection.Pace.now", staticmethod(clock.now))
    return clock


Asked = Callable[[httpx.Request], httpx.Response]


class Made:
    """A server made of a function, which lets everybody in."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        answer: Asked,
        key: str = "k" * 40,
        release: Asked = lambda request: httpx.Response(200, json={"release": "1.23.2"}),
    ) -> None:
        self.asked: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            if request.url.path in ("/api/version", "/api/login"):
                return release(request)
            self.asked.append(request)
            return answer(request)

        def client(url: str, *, request: Any, response: Any) -> httpx.Client:
            hooks = {"request": [request], "response": [response]}
            return httpx.Client(transport=httpx.MockTransport(handle), event_hooks=hooks, follow_redirects=True)

        monkeypatch.setattr("lsnb.studio.connection._client_for", client)
        self.server = Server("https://ls.example.org", key)
        self.asked.clear()


def usual(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("whoami"):
        return httpx.Response(200, json={"id": 1, "email": "ana@example.org"})
    return httpx.Response(200, json={"id": 7, "count": 0, "results": [], "tasks": [], "total": 0, "created_at": "then"})


def failing(*fates: int | type[Exception]) -> Asked:
    """A server that answers with these fates first, and then as usual."""
    left = list(fates)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("whoami") or not left:
            return usual(request)
        fate = left.pop(0)
        if isinstance(fate, int):
            return httpx.Response(fate)
        raise fate("gone")

    return answer


@pytest.mark.parametrize("fate", [502, 503, 504, httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_a_question_is_asked_again(monkeypatch: pytest.MonkeyPatch, clock: Clock, fate: Any) -> None:
    made = Made(monkeypatch, failing(fate, fate))
    assert made.server.projects() == []
    assert len(made.asked) == 3
    assert clock.waits == [0.5, 1.0]


def test_the_first_cause_is_told_and_a_server_that_is_away_is_not_waited_for_twice(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    made = Made(monkeypatch, failing(502, *[httpx.ConnectError] * 5))
    with pytest.raises(StudioError, match="error 502"):
        made.server.projects()
    assert (len(made.asked), clock.waits) == (5, [0.5, 1.0, 2.0, 4.0])
    with pytest.raises(StudioError, match="No Label Studio answers"):
        made.server.projects()
    assert len(made.asked) == 6
    made.server.projects()  # it is there again, and from now on waited for


@pytest.mark.parametrize(
    ("write", "tries"),
    [
        (lambda server: server.replace_data(7, {"a": 1}), 2),
        (lambda server: server.describe_project(7, "text"), 2),
        (lambda server: server.mark_truth(7, True), 2),
        (lambda server: server.import_tasks(7, [{"data": {}}]), 1),
        (lambda server: server.import_predictions(7, b"[]"), 1),
        (lambda server: server.annotate(7, []), 1),
        (lambda server: server.create_project("One", description="", config="<View/>"), 1),
        (lambda server: server.delete_tasks(7, [1]), 1),
    ],
)
@pytest.mark.parametrize("fate", [503, httpx.ReadError])
def test_only_writes_that_may_come_twice_are_sent_again(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, write: Callable[[Server], object], tries: int, fate: Any
) -> None:
    made = Made(monkeypatch, failing(fate))
    if tries == 1:
        with pytest.raises(StudioError):
            write(made.server)
    else:
        write(made.server)
    assert sum(request.method != "GET" for request in made.asked) == tries


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((401, {"Content-Type": "text/html"}, PAGE), "refused to let this through"),
        ((403, {"Content-Type": "text/html"}, PAGE), "refused to let this through"),
        ((302, {"Location": "/api/version"}, b""), "sends on in a circle"),
        ((302, {"Location": "login"}, b""), "asks to sign in anew"),
        ((500, {}, PAGE), r"failed \(error 500\)"),
        ((429, {"Retry-After": "400"}, b""), "asked too often .* wait 7 minutes, as it asks"),
        ((401, JSON, b"{}"), "it is no Label Studio"),
        ((404, {"Content-Type": "text/html"}, PAGE), "it is no Label Studio"),
    ],
)
def test_what_stands_at_an_address_is_told_at_the_first_request(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, answer: Answer, says: str
) -> None:
    status, headers, content = answer

    def release(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/login":
            return httpx.Response(200, html=PAGE.decode())
        return httpx.Response(status, headers=headers, content=content)

    with pytest.raises(LsnbError, match=says):
        Made(monkeypatch, usual, release=release)
    assert clock.waits == []


def test_a_request_that_is_too_large_for_a_proxy_says_what_to_do(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    page = httpx.Response(413, html="<html><h1>413 Request Entity Too Large</h1></html>")
    made = Made(monkeypatch, lambda ask: usual(ask) if ask.method == "GET" else page)
    with pytest.raises(
        StudioError, match=r"larger than a program before the server lets through.*client_max_body_size"
    ):
        made.server.import_tasks(7, [{"data": {}}])


@pytest.mark.parametrize(("status", "says"), [(503, "try again in 1440 minutes"), (429, "wait 1440 minutes")])
def test_nobody_waits_in_silence_for_as_long_as_a_server_may_ask(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, status: int, says: str
) -> None:
    day = httpx.Response(status, headers={"Retry-After": "86400"})
    made = Made(monkeypatch, lambda ask: usual(ask) if ask.url.path.endswith("whoami") else day)
    with pytest.raises(StudioError, match=f"{says}, as it asks"):
        made.server.projects()
    assert clock.waits == []


def test_what_nobody_heard_is_sent_again_whatever_it_is(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    made = Made(monkeypatch, failing(httpx.ConnectError, httpx.ConnectTimeout))
    assert made.server.annotate(7, []) == 7
    assert len(made.asked) == 3


def test_what_is_deleted_while_it_is_listed_makes_nothing_come_twice(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """The server counts first and reads the rows then."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("whoami"):
            return usual(request)
        row = {"id": 7, "title": "One", "description": "", "meta": {}}
        return httpx.Response(200, json={"count": 2, "results": [row], "total": 2, "tasks": [row]})

    server = Made(monkeypatch, answer).server
    assert [project.id for project in server.projects()] == [7]
    assert [task["id"] for task in server.task_metas(1)] == [7]


def test_a_project_that_took_the_number_of_a_deleted_one_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """The first deletion worked and its reply was lost; somebody else's new project has that number now."""
    deletions: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            deletions.append(request.url.path)
            return httpx.Response(502)
        made = "later" if deletions else "then"
        return httpx.Response(200, json={"id": 7, "email": "ana@example.org", "created_at": made})

    Made(monkeypatch, answer).server.delete_project(7)
    assert len(deletions) == 1


# Every request of a server that brings something: what it takes for an answer must be one.
ASKING: dict[str, Callable[[Server], object]] = {
    "predictions": lambda server: server.predictions(7),
    "model_versions": lambda server: server.model_versions(7),
    "predict": lambda server: server.predict(7, [], model_version="m"),
    "import_predictions": lambda server: server.import_predictions(7, b"[]"),
    "change_prediction": lambda server: server.change_prediction(7, []),
    "delete_prediction": lambda server: server.delete_prediction(7),
    "show_all_predictions": lambda server: server.show_all_predictions(7),
    "show_predictions": lambda server: server.show_predictions(7, "m"),
    "projects": lambda server: server.projects(),
    "project": lambda server: server.project(7),
    "projects_whole": lambda server: server.projects_whole([7]),
    "configs": lambda server: server.configs([7]),
    "create_project": lambda server: server.create_project("One", description="", config="<View/>"),
    "settings": lambda server: server.settings(7),
    "set_settings": lambda server: server.set_settings(7, {"color": "#fff"}),
    "hide_columns": lambda server: server.hide_columns(7),
    "describe_project": lambda server: server.describe_project(7, "text"),
    "configure_project": lambda server: server.configure_project(7, "<View/>"),
    "delete_project": lambda server: server.delete_project(7),
    "import_tasks": lambda server: server.import_tasks(7, [{"data": {}}]),
    "export": lambda server: server.export(7, held=1),
    "exported": lambda server: list(server.exported(7, tasks=[7], held=1)),
    "task_ids": lambda server: server.task_ids(7),
    "answered": lambda server: server.answered(7),
    "annotate": lambda server: server.annotate(7, []),
    "annotate_once": lambda server: server.annotate_once(7, [], mark="m"),
    "draft": lambda server: server.draft(7, []),
    "drafts": lambda server: server.drafts(7),
    "delete_draft": lambda server: server.delete_draft(7),
    "mark_truth": lambda server: server.mark_truth(7, True),
    "changed_tasks": lambda server: server.changed_tasks(7, "2026-01-01T00:00:00.000000Z"),
    "task_metas": lambda server: server.task_metas(7),
    "some_metas": lambda server: server.some_metas(7),
    "task_data": lambda server: server.task_data(7),
    "replace_data": lambda server: server.replace_data(7, {}),
    "replace_meta": lambda server: server.replace_meta(7, {}),
    "delete_tasks": lambda server: server.delete_tasks(7, [7]),
    "connect_storage": lambda server: server.connect_storage(
        7, bucket="b", presign=False, presign_ttl=1, credentials=None
    ),
    "storages": lambda server: server.storages(7),
    "accounts": lambda server: server.accounts(),
    "invite_link": lambda server: server.invite_link(),
}


def test_no_request_takes_something_else_for_an_answer(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    asking = {name for kind in Server.__mro__[:2] for name, of in vars(kind).items() if callable(of)}
    assert {name for name in asking if not name.startswith("_")} - {"why_dropped"} == set(ASKING)
    taken = []
    for kind in ("page", "other object", "other list", "text", "half", "nothing"):
        status, headers, content = WRONG[kind]
        wrong = httpx.Response(status, headers=headers, content=content)
        server = Made(monkeypatch, lambda ask, it=wrong: usual(ask) if ask.url.path.endswith("whoami") else it).server
        for name, ask in ASKING.items():
            with warnings.catch_warnings(), contextlib.suppress(StudioError):
                warnings.simplefilter("ignore")
                taken.append((kind, name, ask(server)))
    assert taken == []


@pytest.mark.parametrize(
    "delete",
    [
        lambda server: server.delete_project(7),
        lambda server: server.delete_prediction(7),
        lambda server: server.delete_draft(7),
    ],
)
def test_an_empty_answer_of_somebody_else_is_no_deletion(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, delete: Callable[[Server], None]
) -> None:
    status = [200]
    made = Made(monkeypatch, lambda ask: httpx.Response(status[0]) if ask.method == "DELETE" else usual(ask))
    with pytest.raises(StudioError, match="could not be read as Label Studio's answer"):
        delete(made.server)
    status[0] = 204  # as Label Studio answers
    delete(made.server)


def test_a_throttle_is_kept_to(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """Ten requests in ten seconds and no more: 200 requests are few more than 200."""
    passed: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        recent = [then for then in passed if then > clock.time - 10]
        if len(recent) >= 10:
            return httpx.Response(429, headers={"Retry-After": str(int(recent[0] + 10 - clock.time) + 1)})
        passed.append(clock.time)
        return usual(request)

    made = Made(monkeypatch, answer)
    for _ in range(200):
        made.server.replace_data(7, {"a": 1})
    assert len(made.asked) < 220
    assert clock.time - 1000 < 300  # as the throttle allows, in 200


def test_a_throttle_that_lets_nothing_through_is_a_sentence(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    made = Made(monkeypatch, failing(*[429] * 50))
    with pytest.raises(StudioError, match="is asked too often"):
        made.server.projects()
    assert len(made.asked) < 10


def jwt(**claims: Any) -> str:
    def part(what: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(orjson.dumps(what)).decode().rstrip("=")

    return f"{part({'alg': 'HS256'})}.{part(claims)}.c2ln"


@pytest.mark.parametrize("minutes", [-10, 0, 10])
def test_a_clock_that_is_minutes_off_revokes_no_token(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, minutes: int
) -> None:
    """What the tokens say of time is the server's; seen from here it may be long past, or far ahead."""
    now = 1_790_000_000 + 60 * minutes
    monkeypatch.setattr("time.time", lambda: 1_790_000_000.0)
    refreshed: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/token/refresh/":
            refreshed.append(jwt(token_type="access", exp=now + 300, n=len(refreshed)))
            return httpx.Response(200, json={"access": refreshed[-1]})
        if request.headers["Authorization"] != f"Bearer {refreshed[-1]}":
            return httpx.Response(401, json={"detail": "Given token not valid for any token type"})
        return usual(request)

    made = Made(monkeypatch, answer, jwt(token_type="refresh", exp=now + 3600))
    for _ in range(20):
        made.server.projects()
    assert len(refreshed) == 1
    clock.time += 299  # before the server's clock says that it ended
    made.server.projects()
    assert len(refreshed) == 2
    refreshed.append("another, since the server was started anew")
    made.server.projects()
    assert len(refreshed) == 4
