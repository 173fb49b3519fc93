from __future__ import annotations

import itertools
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from lsnb.bucket import Bucket, open_bucket_at
from lsnb.bucket.wire import Patience

sys.path.insert(0, str(Path(__file__).parent))
from small_store import BUCKET, SmallStore

if TYPE_CHECKING:
    from lsnb.stack import Stack


class OwnTime:
    """A clock for each thread, that only waiting moves: tests neither sleep nor look at the wall."""

    def __init__(self) -> None:
        self._local = threading.local()

    def clock(self) -> float:
        return getattr(self._local, "now", 0.0)

    def pause(self, cancel: threading.Event, seconds: float) -> None:
        self._local.now = self.clock() + seconds


@pytest.fixture
def patience() -> Patience:
    time = OwnTime()
    return Patience(clock=time.clock, pause=time.pause)


@pytest.fixture
def store() -> Iterator[SmallStore]:
    server = SmallStore()
    yield server
    server.end()


@pytest.fixture
def small(store: SmallStore, patience: Patience) -> Bucket:
    """A bucket in the small store."""
    return open_bucket_at(BUCKET, endpoint=store.endpoint, patience=patience)


@pytest.fixture
def make_table(tmp_path: Path) -> Callable[..., pd.DataFrame]:
    """Makes files of different bytes and the table that names them."""
    draw = random.Random(7)

    def make(count: int = 3, size: int = 500, ending: str = ".jpg") -> pd.DataFrame:
        paths = [tmp_path / f"photo{number}{ending}" for number in range(count)]
        for path in paths:
            path.write_bytes(draw.randbytes(size))
        ids = [f"{number:03}" for number in range(count)]
        return pd.DataFrame({"user": "ana", "id": ids, "path": [str(path) for path in paths]})

    return make


@pytest.fixture(params=["stack", pytest.param("live", marks=pytest.mark.live)])
def place(request: pytest.FixtureRequest) -> Iterator[tuple[Bucket, str]]:
    """A bucket and a folder of its own in it: the embedded one, and a real one where LSNB_LIVE_BUCKET names it."""
    prefix = f"lsnb-test-{random.SystemRandom().randrange(10**12)}"
    if request.param == "stack":
        stack: Stack = request.getfixturevalue("stack")
        yield open_bucket_at(stack.bucket, endpoint=stack.endpoint, info=stack.service_account), prefix
        return
    name = os.environ.get("LSNB_LIVE_BUCKET")
    if not name:
        pytest.skip("LSNB_LIVE_BUCKET names no bucket")
    bucket = open_bucket_at(name, info=os.environ.get("LSNB_LIVE_CREDENTIALS"))
    yield bucket, prefix
    for blob in bucket._library().list_blobs(prefix=prefix):
        blob.delete()


_numbers = itertools.count()


@pytest.fixture
def own_bucket(stack: Stack) -> Bucket:
    """An empty bucket in the embedded store, for rules that other tests must not see."""
    opened = open_bucket_at(stack.bucket, endpoint=stack.endpoint, info=stack.service_account)
    name = f"own-{os.getpid()}-{next(_numbers)}"
    opened._library().client.create_bucket(name)
    return open_bucket_at(name, endpoint=stack.endpoint, info=stack.service_account)
