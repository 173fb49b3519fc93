"""A stack of its own for the tests that break stacks, so that nobody else's is hurt."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.cloud import storage
from stack_tools import client_of

from lsnb import local
from lsnb.stack import Stack

# A stand-in for a package, to be found by processes that are given its path: no module of the tests.
collect_ignore = ["colab"]

SignedUrl = Callable[..., str]


@pytest.fixture(scope="session")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("own") / "stack"
    yield folder
    local.stop(folder=folder, delete=True)


@pytest.fixture
def own(own_folder: Path) -> Stack:
    """A stack that the test may break: the next test finds it up again."""
    return local.start(folder=own_folder)


@pytest.fixture
def client(own: Stack) -> storage.Client:
    return client_of(own)


@pytest.fixture
def fresh_bucket(client: storage.Client) -> storage.Bucket:
    """An empty bucket, so that no test sees another's objects or rules."""
    return client.create_bucket(f"test-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def sign(own: Stack) -> SignedUrl:
    def signed(blob: storage.Blob, *, method: str = "GET", minutes: float = 5, **options: object) -> str:
        return blob.generate_signed_url(
            version="v4",
            expiration=datetime.timedelta(minutes=minutes),
            method=method,
            api_access_endpoint=own.endpoint,
            **options,
        )

    return signed
