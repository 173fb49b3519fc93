"""What was last seen of a project is kept packed, and comes back the same, or not at all."""

from __future__ import annotations

import json
import random
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lsnb
from lsnb.study.projects import Copy, Manifest
from lsnb.study.snapshots import PART, Snapshot, Tasks, _load, _path, _save
from lsnb.study.sync import label_table

SERVER: Any = SimpleNamespace(url="http://labels.example.org")


def task(number: int, text: str = "a") -> dict[str, Any]:
    return {"id": number, "data": {"t": text}, "meta": {"item": str(number)}, "annotations": [], "predictions": []}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSNB_CACHE", str(tmp_path))


def test_packed_tasks_are_those_of_a_dict_whatever_is_done_to_them() -> None:
    chance = random.Random(0)
    plain = {n: task(n) for n in range(2 * PART + 7)}
    tasks = Tasks(plain.values())
    for turn in range(3000):
        number = chance.randrange(3 * PART)
        act = chance.choice(["set", "take out", "read", "change"])
        if act == "set":
            plain[number] = tasks[number] = task(number, f"b{turn}")
        elif act == "take out":
            assert tasks.pop(number, None) == plain.pop(number, None)
        elif act == "read":
            assert tasks.get(number) == plain.get(number)
        else:
            before, new = tasks, [task(number, f"c{turn}"), task(5 * PART, f"c{turn}")]
            held = len(before)
            tasks = tasks.with_changed(new)
            assert len(before) == held
            plain.update({one["id"]: one for one in new})
        if turn % 100 == 0:
            numbers, parts = tasks.packed()
            tasks = Tasks.unpacked(numbers, parts) if turn % 200 else tasks
        assert len(tasks) == len(plain)
    assert dict(tasks.items()) == plain
    assert dict(Tasks.unpacked(*tasks.packed()).items()) == plain


def test_what_most_of_was_changed_is_packed_anew() -> None:
    tasks = Tasks(task(n) for n in range(8 * PART))
    for number in range(7 * PART):
        tasks.pop(number)
    assert len(tasks.packed()[1]) == 1
    assert sorted(tasks) == list(range(7 * PART, 8 * PART))


def test_a_part_that_is_packed_anew_is_opened_anew() -> None:
    tasks = Tasks(map(task, range(6)))
    assert tasks[3] == task(3)
    tasks[26] = task(26)
    tasks.packed()
    assert (tasks[3], tasks[26]) == (task(3), task(26))


def test_a_snapshot_comes_back_for_the_next_kernel() -> None:
    seen = Snapshot(3, "2026-01-01T00:00:00.000000Z", 4, Tasks(map(task, range(9))), [task(99)], created="then")
    _save(SERVER, "s", seen)
    for _ in range(2):
        found = _load(SERVER, "s", 3)
        assert found is not None
        assert dict(found.tasks) == dict(seen.tasks)
        assert (found.since, found.pulls, found.lost, found.created) == (seen.since, 4, seen.lost, "then")
        found.tasks[2] = seen.tasks[2] = task(2, "changed")
        _save(SERVER, "s", found)


def test_one_that_an_earlier_release_kept_is_read() -> None:
    kept = {"version": 5, "since": "", "pulls": 1, "tasks": [task(1)], "lost": [task(2)], "created": "then"}
    path = _path(SERVER, "s", 3)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(kept))
    found = _load(SERVER, "s", 3)
    assert found is not None
    assert (dict(found.tasks), found.lost) == ({1: task(1)}, [task(2)])


@pytest.mark.parametrize("place", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("damage", ["another byte", "cut off"])
def test_a_damaged_one_is_none(place: float, damage: str) -> None:
    _save(SERVER, "s", Snapshot(3, tasks=Tasks(map(task, range(40)))))
    path = _path(SERVER, "s", 3)
    content = path.read_bytes()
    at = int(len(content) * place)
    other = bytes([content[at] ^ 1]) + content[at + 1 :] if damage == "another byte" else b""
    path.write_bytes(content[:at] + other)
    assert _load(SERVER, "s", 3) is None


def test_a_studys_table_is_made_with_a_part_of_its_tasks_at_a_time() -> None:
    """Half a million tasks as objects take gigabytes; here a part takes 10 MB while it is read, and all of them 37."""
    about = Manifest("s", "t", "ana", ("ana",), "id", 0, "full", "", "", 16 * PART)
    held = ({**task(n, f"{n:1000d}"), "meta": {"item": str(n), "study": "s"}} for n in range(16 * PART))
    seen = {3: Snapshot(3, tasks=Tasks(held))}
    copies: Any = [Copy(about, SimpleNamespace(id=3))]  # type: ignore[arg-type]
    config = lsnb.LabelConfig.text("t").choices("mood", ["good", "bad"])
    tracemalloc.start()
    labelled = label_table(None, config, copies, seen, key="id", answers="majority", notes=[])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(labelled) == 16 * PART
    assert most < 20e6
