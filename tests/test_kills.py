"""Whoever is killed at whatever moment, and whoever works beside: what the server accepted is there, or in a file."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from dying_client import VERBS, Bystander, Client, clear, lost_or_doubled, not_as_asked, prepare
from postgres_server import postgres_server

import lsnb
from lsnb.stack import Stack
from lsnb.study import Studio

KILLS = int(os.environ.get("LSNB_KILLS", "25"))
FIRST = int(os.environ.get("LSNB_FIRST_KILL", "0"))  # where another run left off: each kill's number is its seed
PAIRS = int(os.environ.get("LSNB_PAIRS", "5"))
SERVERS = ["sqlite", "postgresql"]


@pytest.fixture(scope="module")
def postgres(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as (url, key):
        yield url, key


@pytest.fixture
def server(request: pytest.FixtureRequest, stack: Stack) -> tuple[Studio, str]:
    """A studio on the database that a test names, and the key to it."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return lsnb.connect(stack.url, stack.api_key), stack.api_key
    url, key = request.getfixturevalue("postgres")
    return lsnb.connect(url, key), key


@cache
def length_of(verb: str, url: str, key: str, folder: Path) -> float:
    """How many seconds a verb takes, where nobody works beside: the moments of the kills are drawn from them."""
    studio, title = lsnb.connect(url, key), f"length {verb}"
    prepare(verb, studio, title, folder)
    client = Client(verb, studio, key, title, folder)
    began = time.perf_counter()
    client.begin()
    assert client.result() == ""
    taken = time.perf_counter() - began
    clear(studio, title)
    return taken


def killed(verb: str, studio: Studio, key: str, seed: int, folder: Path, *, length: float) -> tuple[bool, list[str]]:
    """Kill a client in a verb, and return whether it was at work still, and what is wrong after the next one's call."""
    title = f"k{seed} {verb}"
    folder.mkdir()
    prepare(verb, studio, title, folder)
    beside = Bystander(lsnb.connect(studio.url, key), title, seed)
    beside.work(4)
    client = Client(verb, studio, key, title, folder)
    with beside.at_work():
        client.begin()
        was_at_work = client.kill_after(random.Random(seed).uniform(0, length))
    wrong = [f"after the kill: {what}" for what in lost_or_doubled(studio, title, folder, beside.accepted)]
    again = Client(verb, studio, key, title, folder)
    again.begin()
    fault = again.result()
    wrong += [fault] if fault else not_as_asked(verb, studio, title)
    wrong += lost_or_doubled(studio, title, folder, beside.accepted)
    clear(studio, title)
    return was_at_work, wrong


@pytest.mark.parametrize("verb", ["delete"])
def test_a_kill_loses_nothing(server: tuple[Studio, str], verb: str, tmp_path: Path) -> None:
    studio, key = server
    assert killed(verb, studio, key, 1, tmp_path / "kill", length=1.0)[1] == []


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_kills_at_any_moment(
    server: tuple[Studio, str], verb: str, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    studio, key = server
    (tmp_path / "length").mkdir()
    length = 1.5 * length_of(verb, studio.url, key, tmp_path / "length")
    done, bad = 0, []
    for seed in range(FIRST, FIRST + 4 * KILLS):
        was_at_work, wrong = killed(verb, studio, key, seed, tmp_path / str(seed), length=length)
        done += was_at_work
        bad += [f"kill {seed}: {what}" for what in wrong]
        print(f"{verb}: {done} kills at work, the last of seed {seed}, {len(bad)} wrong {wrong or ''}", flush=True)
        if done == KILLS:
            break
    record_property("kills", done)
    assert bad == []


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_two_kernels_do_the_same_verb(server: tuple[Studio, str], verb: str, tmp_path: Path) -> None:
    studio, key = server
    bad = []
    for seed in range(PAIRS):
        title, folder = f"t{seed} {verb}", tmp_path / str(seed)
        folder.mkdir()
        prepare(verb, studio, title, folder)
        beside = Bystander(lsnb.connect(studio.url, key), title, seed)
        beside.work(4)
        clients = [Client(verb, studio, key, title, folder) for _ in range(2)]
        for client in clients:
            client.begin()
        faults = [client.result() for client in clients]
        if any(faults):
            again = Client(verb, studio, key, title, folder)
            again.begin()
            bad += [f"{seed}: {fault}" for fault in [again.result()] if fault]
        found = [*not_as_asked(verb, studio, title), *lost_or_doubled(studio, title, folder, beside.accepted)]
        bad += [f"{seed}: {what} (the kernels said {faults})" for what in found]
        clear(studio, title)
    assert bad == []
