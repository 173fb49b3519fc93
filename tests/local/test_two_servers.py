"""Two students with a Label Studio each, which both count from 1: no answer of either is lost."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from moods import CONFIG, said, texts

import lsnb
from lsnb import local
from lsnb.annotations import read_annotations, widen
from lsnb.kernel.tally import tally_of
from lsnb.stack import Stack

ANSWERS = {"ana": ["good", "good", "bad", "bad", "good", "bad"], "ben": ["good", "bad", "bad", "bad", "good", "good"]}


@pytest.fixture
def stacks(tmp_path: Path) -> Iterator[dict[str, Stack]]:
    """A new stack for each, both up."""
    folders = {name: tmp_path / name / "stack" for name in ANSWERS}
    try:
        yield {name: local.start(folder=folder) for name, folder in folders.items()}
    finally:
        for folder in folders.values():
            local.stop(folder=folder, delete=True)


def asked(stack: Stack, method: str, path: str, **more: Any) -> Any:
    reply = requests.request(
        method, f"{stack.url}/api/{path}", headers={"Authorization": f"Token {stack.api_key}"}, timeout=60, **more
    )
    reply.raise_for_status()
    return reply.json()


def exported(stack: Stack, answers: list[str]) -> list[dict[str, Any]]:
    """Make a project, answer it and return the server's own export."""
    project = asked(stack, "POST", "projects/", json={"title": "Mood", "label_config": CONFIG.xml})["id"]
    rows = [{"data": row} for row in texts(6).to_dict("records")]
    tasks = asked(stack, "POST", f"projects/{project}/import?return_task_ids=true", json=rows)["task_ids"]
    for task, answer in zip(tasks, answers, strict=True):
        asked(stack, "POST", f"tasks/{task}/annotations/", json={"result": said(answer)})
    found: list[dict[str, Any]] = asked(stack, "GET", f"projects/{project}/export?exportType=JSON")
    return found


@pytest.mark.exhaustive
def test_two_servers_that_count_alike_lose_no_answer(stacks: dict[str, Stack], tmp_path: Path) -> None:
    exports = {name: exported(stacks[name], answers) for name, answers in ANSWERS.items()}
    numbers = {
        name: [(one["project"], one["id"], one["annotations"][0]["id"]) for one in tasks]
        for name, tasks in exports.items()
    }
    assert numbers["ana"] == numbers["ben"], "the case is that both count alike"
    for unique in (True, False):
        paths = []
        for name, tasks in exports.items():
            for task in [] if unique else tasks:
                del task["annotations"][0]["unique_id"]
            paths.append(tmp_path / f"{name}.json")
            paths[-1].write_text(json.dumps(tasks))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            table = read_annotations(paths, key="id")
        assert (len(table), tally_of(table).seen, tally_of(table).taken) == (12, 12, 12)
        assert {name: widen(table, "mood")[name].tolist() for name in ANSWERS} == ANSWERS
        again = [*paths, tmp_path / "copy of ana.json"]
        again[-1].write_bytes(paths[0].read_bytes())
        with pytest.warns(UserWarning, match=r"18 annotations, 12 taken, 6 left out \(in more than one file"):
            assert len(read_annotations(again, key="id")) == 12

    # Studies of one title, whose zips are read together.
    zips = []
    for name, stack in stacks.items():
        study = lsnb.connect(stack.url, stack.api_key).create_study(
            "Mood study", CONFIG, texts(6), key="id", annotators=[name]
        )
        for task in study.server.export(study.projects.set_index("annotator").loc[name, "project"]):
            study.server.annotate(task["id"], said(ANSWERS[name][int(task["data"]["id"])]))
        zips.append(study.export_to(tmp_path / f"{name}.zip"))
    table = read_annotations(zips)
    assert {name: widen(table, "mood")[name].tolist() for name in ANSWERS} == ANSWERS
