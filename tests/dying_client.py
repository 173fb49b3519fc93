"""A client of a study that is killed: its verbs, what others do meanwhile, and whether anything was lost by it."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from moods import CONFIG, said, texts

import lsnb
from lsnb.errors import LsnbError, StudioError, StudyNotFoundError
from lsnb.studio.connection import Refused
from lsnb.study import Studio, Study
from lsnb.study.adjudication import adjudications
from lsnb.study.projects import item_of, parse_manifest

ITEMS = 8
ANNOTATORS = ["ana", "ben"]
OTHER_CONFIG = lsnb.LabelConfig.text("caption").choices("mood", ["good", "bad", "so so"], title="Mood?")
KEPT = "backup.kept"  # no zip by its name: what stands in it has not the numbers that it has on the server now
STEP_SECONDS = 0.1  # a bystander is no load test: kills are many, and each waits for the server
KINDS = ("annotations", "drafts", "predictions")


def _create(studio: Studio, title: str, folder: Path) -> object:
    table = texts(ITEMS).assign(guess="good")
    more: dict[str, Any] = {"predictions": {"guess": "mood"}}
    return studio.create_study(title, CONFIG, table, key="id", annotators=ANNOTATORS, **more)


def _delete(studio: Studio, title: str, folder: Path) -> object:
    try:
        return studio.open_study(title).delete(title, out=folder / "saved.zip")
    except StudyNotFoundError:
        return None  # another kernel, or a call that was killed after its end, deleted it whole


def changed() -> pd.DataFrame:
    """Some rows gone, some new, all others changed, with another guess of the model."""
    table = texts(ITEMS, start=4).assign(guess="bad")
    return table.assign(caption=table["caption"] + " anew")


# What a client does with a study of this title; what it writes to the disk goes into the folder.
VERBS: dict[str, Callable[[Studio, str, Path], object]] = {
    "create_study": _create,
    "sync": lambda studio, title, folder: studio.open_study(title).sync(
        changed(), on_removed="delete", out=folder / "removed"
    ),
    "predict": lambda studio, title, folder: studio.open_study(title).predict(
        {item: said("bad") for item in texts(ITEMS)["id"]}, model_version="m"
    ),
    "import_annotations": lambda studio, title, folder: studio.open_study(title).import_annotations(
        {item: said("good", id=f"r{item}") for item in texts(ITEMS)["id"]}, annotator="ana"
    ),
    "assign_splits": lambda studio, title, folder: studio.open_study(title).assign_splits(
        dict.fromkeys(texts(ITEMS)["id"], "test")
    ),
    "add_annotator": lambda studio, title, folder: studio.open_study(title).add_annotator("eva"),
    "update_config": lambda studio, title, folder: studio.open_study(title).update_config(OTHER_CONFIG),
    "adjudicate": lambda studio, title, folder: studio.open_study(title).adjudicate(
        by="dan", items=list(texts(ITEMS)["id"][4:])
    ),
    "delete": _delete,
    "restore": lambda studio, title, folder: studio.restore(folder / KEPT),
}


def prepare(verb: str, studio: Studio, title: str, folder: Path) -> None:
    """Bring a server to where a verb has something to do."""
    if verb != "create_study":
        _create(studio, title, folder)
    if verb == "restore":
        study = studio.open_study(title)
        for copy in study.copies:
            for task in studio.server.export(copy.project.id)[:5]:
                studio.server.annotate(task["id"], said("good", id=f"s{item_of(task)}"))
                studio.server.draft(task["id"], said("bad", id=f"d{item_of(task)}"))
        study.backup(folder / KEPT)
        clear(studio, title)


def clear(studio: Studio, title: str) -> None:
    """Delete the projects of a study."""
    for project in projects_of(studio, title):
        studio.server.delete_project(project)


def _run(verb: str, url: str, key: str, title: str, folder: str, line: Connection) -> None:
    os.environ["LSNB_CACHE"] = str(Path(folder, "cache"))
    studio = lsnb.connect(url, key)
    line.send("ready")
    line.recv()
    try:
        VERBS[verb](studio, title, Path(folder))
    except LsnbError as fault:
        line.send(str(fault))
    else:
        line.send("")


@cache
def warm() -> multiprocessing.context.ForkServerContext:
    """What forks processes that have imported everything: Python 3.11's looks for a preload on PYTHONPATH alone."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        forkserver.ensure_running()
    return context


class Client:
    """A process of its own that does a verb once it is told to."""

    def __init__(self, verb: str, studio: Studio, key: str, title: str, folder: Path) -> None:
        context = warm()
        self.line, theirs = context.Pipe()
        self.process = context.Process(
            target=_run, args=(verb, studio.url, key, title, str(folder), theirs), daemon=True
        )
        self.process.start()
        theirs.close()
        assert self.line.recv() == "ready"

    def begin(self) -> None:
        self.line.send("go")

    def kill_after(self, seconds: float) -> bool:
        """Kill it, and return whether it was at work still."""
        self.process.join(seconds)
        was_at_work = self.process.is_alive()
        self.process.kill()
        self.process.join()
        return was_at_work

    def result(self) -> str:
        """Wait for its end, and return the sentence with which it failed, or nothing."""
        told: str = self.line.recv()
        self.process.join()
        return told


@dataclass
class Bystander:
    """Somebody who imports tasks and answers meanwhile, and remembers everything that the server accepted.

    Args:
        studio: Another client's line to the server.
        title: The study that is worked on.
        seed: What decides what they do next.
    """

    studio: Studio
    title: str
    seed: int
    accepted: dict[str, set[int]] = field(default_factory=lambda: {kind: set() for kind in KINDS})
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self, steps: int | None = None) -> None:
        """Answer, draft, predict and import until told to stop, or so many times."""
        chance = random.Random(self.seed)
        done = 0
        while not self.stop.is_set() and (steps is None or done < steps):
            done += 1
            try:
                projects = projects_of(self.studio, self.title)
                project = chance.choice(projects) if projects else None
                tasks = self.studio.server.task_metas(project) if project is not None else []
                if project is not None and tasks:
                    self._act(chance, project, chance.choice(tasks)["id"])
            except (StudioError, Refused):
                pass  # it was not accepted
            self.stop.wait(STEP_SECONDS if steps is None else 0)

    def _act(self, chance: random.Random, project: int, task: int) -> None:
        server = self.studio.server
        what = chance.choice(["answer", "answer", "draft", "prediction", "task"])
        if what == "answer":
            self.accepted["annotations"].add(server.annotate(task, said(chance.choice(["good", "bad"]))))
        elif what == "draft":
            body = {"result": said("bad"), "lead_time": 1}
            self.accepted["drafts"].add(server._ask("POST", f"/api/tasks/{task}/drafts", json=body)["id"])
        elif what == "prediction":
            self.accepted["predictions"].add(server.predict(task, said("good"), model_version="somebody's"))
        else:
            answer = {"result": said("good")}
            server.import_tasks(project, [{"data": {"caption": "theirs"}, "annotations": [answer]}])

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Work beside what is done in the ``with``."""
        thread = threading.Thread(target=self.work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stop.set()
            thread.join()


def projects_of(studio: Studio, title: str) -> list[int]:
    """The numbers of the projects of a study, those in which it is decided too."""
    return [p.id for p in studio.server.projects() if title[:30] in p.title]


def held(studio: Studio, title: str) -> list[dict[str, Any]]:
    """Every task of a study's projects, with all that is in it."""
    tasks = []
    for project in projects_of(studio, title):
        told: dict[int, list[dict[str, Any]]] = {}
        for prediction in studio.server.predictions(project):
            told.setdefault(int(prediction["task"]), []).append(prediction)
        for task in studio.server.export(project):
            tasks.append({**task, "predictions": told.get(int(task["id"]), [])})
    return tasks


def in_files(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Every task that each file of a folder holds."""
    files = {str(path): json.loads(path.read_bytes()) for path in folder.rglob("removed-*.json")}
    for path in folder.rglob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            files[str(path)] = [task for name in archive.namelist() for task in json.loads(archive.read(name))]
    return files


def numbers(tasks: Iterable[Mapping[str, Any]], kind: str) -> Counter[int]:
    return Counter(int(one["id"]) for task in tasks for one in task[kind] or ())


def lost_or_doubled(studio: Studio, title: str, folder: Path, accepted: Mapping[str, set[int]]) -> list[str]:
    """What was accepted and is neither on the server nor in a file, or twice in one place."""
    here, files = held(studio, title), in_files(folder)
    wrong = []
    for kind in KINDS:
        places = {"the server": numbers(here, kind), **{name: numbers(tasks, kind) for name, tasks in files.items()}}
        for one in sorted(accepted.get(kind, ())):
            counts = {place: n[one] for place, n in places.items() if n[one]}
            if not counts:
                wrong.append(f"{kind}: {one} is nowhere")
            wrong += [f"{kind}: {one} is {n} times in {place}" for place, n in counts.items() if n > 1]
    return wrong


def not_as_asked(verb: str, studio: Studio, title: str) -> list[str]:
    """What a study is not after a verb that was done to its end."""
    wrong = []
    projects: dict[str, list[int]] = {}
    for project in studio.server.projects():
        about = parse_manifest(project.description)
        if about is not None and about.title == title:
            projects.setdefault(about.annotator, []).append(project.id)
    if verb == "delete":
        return [f"{numbers} are still there" for numbers in projects.values()]
    names = [*ANNOTATORS, *(["eva"] if verb == "add_annotator" else [])]
    if {name: len(found) for name, found in projects.items()} != dict.fromkeys(names, 1):
        wrong.append(f"projects: {projects}")
    table = changed() if verb == "sync" else texts(ITEMS)
    study = studio.open_study(title)
    for copy in study.copies:
        whose, project = copy.manifest.annotator, copy.project.id
        own = [task for task in studio.server.export(project) if item_of(task, copy.manifest) is not None]
        items = Counter(item_of(task) for task in own)
        if items != Counter(table["id"]):
            wrong.append(f"{whose} has {dict(items - Counter(table['id']))} too many or lacks some")
        captions = dict(zip(table["id"], table["caption"], strict=True))
        wrong += [f"{whose}: {task['data']}" for task in own if task["data"]["caption"] != captions[item_of(task)]]
        wrong += _predictions_not_as_asked(verb, study, whose, project, own)
        config = lsnb.LabelConfig.from_xml(studio.server.project(project).config or "")
        if config != (OTHER_CONFIG if verb == "update_config" else CONFIG):
            wrong.append(f"{whose} has another config")
        if verb == "assign_splits" and {task["meta"].get("split") for task in own} != {"test"}:
            wrong.append(f"{whose}: not all have the split")
        if verb == "import_annotations" and whose == "ana":
            for task in own:
                n = sum((a["result"] or [{}])[0].get("id") == f"r{item_of(task)}" for a in task["annotations"])
                if n > 1 or not task["annotations"]:
                    wrong.append(f"{n} imported answers to {item_of(task)}")
        if verb == "restore":
            wrong += [f"{whose}: {what}" for what in _restored_wrong(own)]
    if verb == "adjudicate":
        wrong += _decisions_not_as_asked(studio, study)
    return wrong


def _restored_wrong(own: list[dict[str, Any]]) -> list[str]:
    """What is not once what it was when ``prepare`` saved it."""
    wrong = []
    for kind, mark in (("annotations", "s"), ("drafts", "d")):
        counts = [
            sum((one["result"] or [{}])[0].get("id") == f"{mark}{item_of(task)}" for one in task[kind]) for task in own
        ]
        if sum(counts) != 5 or max(counts) > 1:
            wrong.append(f"{sum(counts)} of 5 {kind}, {max(counts)} in one task")
    return wrong


def _predictions_not_as_asked(
    verb: str, study: Study, whose: str, project: int, own: list[dict[str, Any]]
) -> list[str]:
    model, value = ("m", "bad") if verb == "predict" else ("lsnb", "bad" if verb == "sync" else "good")
    if verb in ("add_annotator",) and whose == "eva":
        return []
    told: dict[int, list[str]] = {}
    for one in study.server.predictions(project):
        if one["model_version"] == model:
            told.setdefault(int(one["task"]), []).append(one["result"][0]["value"]["choices"][0])
    return [
        f"{whose}: the predictions of {item_of(task)} are {told.get(task['id'])}"
        for task in own
        if told.get(task["id"]) != [value]
    ]


def _decisions_not_as_asked(studio: Studio, study: Study) -> list[str]:
    found = adjudications(studio.server, study.id)
    if len(found) != 1:
        return [f"{len(found)} deciding projects"]
    own = [task for task in studio.server.export(found[0][0].id) if (task["meta"] or {}).get("adjudication")]
    items = Counter(item_of(task) for task in own)
    return [] if items == Counter(texts(ITEMS)["id"][4:]) else [f"to decide: {dict(items)}"]
