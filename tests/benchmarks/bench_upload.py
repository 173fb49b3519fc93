"""How fast uploads are beside the loop of a course notebook, over a line with a real round trip.

    python tests/benchmarks/bench_upload.py [--files 2000] [--rtt-ms 30] [--mbit 200] [--store embedded]

Everything runs on this computer: files of 20 to 200 KB, and a few of 64 MB, a store (one that is quick enough not to
be what is measured, or the embedded bucket), and a proxy that adds the round trip. Each way gets an empty bucket of
its own and does the job twice; the loop is timed over a part of the files and scaled. Checksums are verified at the
end, for every object of ours.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google_crc32c
import pandas as pd
import requests.adapters
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.storage import transfer_manager
from google.oauth2 import service_account

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))
from delay_proxy import delay_proxy
from embedded_bucket import a_free_port, served_from
from quick_store import quick_store

from lsnb.bucket import open_bucket_at

WORKERS = 64


@dataclass(frozen=True)
class Times:
    """Seconds of one way to upload: into an empty bucket, and again when all is there."""

    way: str
    first: float
    second: float


@dataclass(frozen=True)
class Store:
    """A store that runs: ``host:port``, and the account that may, or None where all may."""

    address: str
    account: dict[str, Any] | None


@contextlib.contextmanager
def embedded(known_as: int | None = None) -> Iterator[Store]:
    """Give the embedded bucket, in a process of its own; its check of the Host header knows the proxy's port."""
    with (
        tempfile.TemporaryDirectory(prefix="lsnb-bench-") as folder,
        served_from(Path(folder), known_as=known_as) as (port, identity),
    ):
        yield Store(f"127.0.0.1:{port}", identity.service_account(f"http://127.0.0.1:{known_as or port}"))


@contextlib.contextmanager
def quick(known_as: int | None = None) -> Iterator[Store]:
    """Give a store that keeps no bytes and asks nobody, so that the client is what is measured."""
    with quick_store() as address:
        yield Store(address, None)


def make_files(folder: Path, count: int) -> list[Path]:
    """Write files of 20 to 200 KB that no compression shrinks, the same in every run."""
    draw = random.Random(0)
    paths = [folder / f"photo {number:05}.jpg" for number in range(count)]
    for path in paths:
        path.write_bytes(draw.randbytes(draw.randint(20_000, 200_000)))
    return paths


def make_large_files(folder: Path, count: int) -> list[Path]:
    """Write files of 64 MB, the same in every run."""
    draw = random.Random(1)
    paths = [folder / f"video {number}.mp4" for number in range(count)]
    for path in paths:
        path.write_bytes(draw.randbytes(64_000_000))
    return paths


class Bench:
    """The ways to upload, each over the same line into a bucket of its own."""

    def __init__(self, store: Store, line: str, paths: list[Path], loop_files: int, prefix: str) -> None:
        self.store = store
        self.line = line
        self.paths = paths
        self.loop_files = min(loop_files, len(paths))
        self.prefix = prefix

    def _bucket(self, name: str) -> str:
        name = f"{self.prefix}-{name}"
        self._client().create_bucket(name)
        return name

    def _client(self, connections: int | None = None) -> Any:
        account = self.store.account
        proof = service_account.Credentials.from_service_account_info(account) if account else AnonymousCredentials()
        client = storage.Client("p", proof, client_options={"api_endpoint": self.line})
        if connections:
            adapter = requests.adapters.HTTPAdapter(pool_maxsize=connections, pool_block=True)
            client._http.mount("http://", adapter)
        return client

    def loop(self) -> Times:
        bucket = self._client().bucket(self._bucket("loop"))
        part = self.paths[: self.loop_files]

        def run() -> None:
            for path in part:
                blob = bucket.blob(path.name)
                if not blob.exists():
                    blob.upload_from_filename(str(path))

        scale = len(self.paths) / len(part)
        return Times("exists, then upload, one by one", _seconds(run) * scale, _seconds(run) * scale)

    def upload_many(self, worker: str = "process") -> Times:
        """Time the library's own way for many files, which by default works in eight processes.

        Each job brings the credentials along, pickled, and whoever takes them out checks the private key anew: 50 ms
        of a core a file (``load_pem_private_key`` of 2048 bits), wherever a service account's key is used, at Google's
        as here. Eight processes on two cores so take 30 ms a file and more, and threads, which pickle nothing, 4 ms.
        """
        bucket = self._client().bucket(self._bucket(f"many-{worker}"))
        pairs = [(str(path), bucket.blob(path.name)) for path in self.paths]

        def run() -> None:
            transfer_manager.upload_many(pairs, skip_if_exists=True, worker_type=worker)

        return Times(f"upload_many, 8 workers of the type {worker}", _seconds(run), _seconds(run))

    def library(self) -> Times:
        bucket = self._client(WORKERS).bucket(self._bucket("library"))

        def run() -> None:
            there = {blob.name: blob for blob in bucket.list_blobs()}

            def send(path: Path) -> None:
                found = there.get(path.name)
                if found is None:
                    bucket.blob(path.name).upload_from_filename(str(path), if_generation_match=0, checksum="crc32c")
                elif found.crc32c != _crc32c(path):
                    raise AssertionError(path)

            with ThreadPoolExecutor(WORKERS) as pool:
                list(pool.map(send, self.paths))

        return Times("the library: one listing, 64 threads on a pool of 64", _seconds(run), _seconds(run))

    def ours(self, way: str = "Bucket.upload") -> Times:
        name = self._bucket(re.sub(r"\W+", "-", way.lower()))
        bucket = open_bucket_at(name, endpoint=self.line, info=self.store.account)
        table = pd.DataFrame({"path": [str(path) for path in self.paths]})

        def run(status: str) -> None:
            report = bucket.upload(table, path="path", workers=WORKERS, progress=False)
            assert dict(report.counts) == {status: len(self.paths)}, report

        first = _seconds(lambda: run("uploaded"))
        # A fresh kernel: no connection is open yet.
        bucket = open_bucket_at(name, endpoint=self.line, info=self.store.account)
        second = _seconds(lambda: run("exists"))
        stored = self._client().bucket(name).list_blobs()
        sums = {blob.name: blob.crc32c for blob in stored}
        assert sums == {path.name: _crc32c(path) for path in self.paths}
        return Times(way, first, second)


def _crc32c(path: Path) -> str:
    return base64.b64encode(google_crc32c.value(path.read_bytes()).to_bytes(4, "big")).decode()


def _seconds(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


STORES: dict[str, Callable[[int | None], contextlib.AbstractContextManager[Store]]] = {
    "embedded": embedded,
    "quick": quick,
}


@dataclass(frozen=True)
class Result:
    """The times of each way, of a few large files, and what they were measured on."""

    times: list[Times]
    large: Times | None
    files: int
    size: int
    rtt_ms: float
    mbit: float | None


def measure(
    files: int,
    rtt_ms: float,
    mbit: float | None,
    loop_files: int,
    rounds: int = 1,
    store: str = "quick",
    large: int = 0,
) -> Result:
    """Return the times of each way; with more than one round, the best of each."""
    port = a_free_port()
    with tempfile.TemporaryDirectory(prefix="lsnb-bench-") as folder, STORES[store](port) as running:
        paths, heavy = make_files(Path(folder), files), make_large_files(Path(folder), large)
        size = sum(path.stat().st_size for path in paths)
        with delay_proxy(running.address, rtt_ms, mbit, port=port) as line:
            runs, large_runs = [], []
            for number in range(rounds):
                bench = Bench(running, line, paths, loop_files, f"round{number}")
                many = [bench.upload_many(), bench.upload_many("thread")]
                runs.append([bench.loop(), *many, bench.library(), bench.ours()])
                if heavy:
                    way = f"Bucket.upload, {large} of 64 MB"
                    large_runs.append(Bench(running, line, heavy, 0, f"round{number}").ours(way))
    best = [_best(rows) for rows in zip(*runs, strict=True)]
    return Result(best, _best(large_runs) if large_runs else None, files, size, rtt_ms, mbit)


def _best(rows: Sequence[Times]) -> Times:
    return Times(rows[0].way, min(row.first for row in rows), min(row.second for row in rows))


def show(result: Result) -> str:
    """Return the table as text, with how many times faster than the loop each way is."""
    loop = result.times[0]
    cap = f", {result.mbit:g} Mbit/s" if result.mbit else ""
    lines = [f"{result.files} files, {result.size / 1e6:.0f} MB, {result.rtt_ms:g} ms round trip{cap}", ""]
    lines.append(f"{'':52}{'first':>9}{'':>8}{'second':>9}")
    for row in result.times:
        lines.append(
            f"{row.way:52}{row.first:8.2f}s{loop.first / row.first:7.1f}x{row.second:8.2f}s"
            f"{loop.second / row.second:7.1f}x"
        )
    if result.large:
        lines.append(f"{result.large.way:52}{result.large.first:8.2f}s{'':8}{result.large.second:8.2f}s")
    bound = result.files / WORKERS * result.rtt_ms / 1000
    link = f", by the link: {result.size * 8 / (result.mbit * 1e6):.2f} s" if result.mbit else ""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines += ["", f"bound by the round trips: {bound:.2f} s{link}; this process's most memory: {memory:.0f} MB"]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rtt-ms", type=float, default=30.0)
    parser.add_argument("--mbit", type=float, default=None, help="a cap towards the server")
    parser.add_argument("--loop-files", type=int, default=200, help="files of the loop that is scaled")
    parser.add_argument("--rounds", type=int, default=1, help="repeats, of which the best is shown")
    parser.add_argument("--large", type=int, default=4, help="files of 64 MB, for the embedded bucket")
    parser.add_argument("--store", choices=STORES, default="embedded")
    given = parser.parse_args()
    print(
        show(
            measure(
                given.files,
                given.rtt_ms,
                given.mbit,
                given.loop_files,
                given.rounds,
                given.store,
                given.large if given.store == "embedded" else 0,
            )
        )
    )


if __name__ == "__main__":
    main()
