"""How long the embedded stack takes to answer: first start, a later one, and when it is up already.

Run: ``python tests/benchmarks/bench_start.py [--runs 3]``. Label Studio is installed before the clock starts, into
``LSNB_CACHE`` or the usual cache; the stacks have folders of their own. Each first start is a new folder. Seconds
depend on the machine and on what else it does, so nothing of it is asserted in the tests.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

TARGETS = {"first start": "40 s", "later start": "10 s", "already up": "-"}


def seconds(act: Callable[[], object]) -> float:
    """Return how long an act takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def measure(folder: Path) -> dict[str, float]:
    """Return the seconds until Label Studio and the bucket answer, in a folder of the stack's own."""
    from lsnb import local

    def start() -> None:
        stack = local.start(folder=folder)
        for address in (f"{stack.url}/health", f"{stack.endpoint}/storage/v1/b/{stack.bucket}/o"):
            request = urllib.request.Request(address, headers={"Authorization": "Bearer none"})
            try:
                urllib.request.urlopen(request, timeout=5).close()
            except urllib.error.HTTPError as refusal:
                # A refusal is an answer, too; a server that is not there raises URLError.
                refusal.close()

    try:
        taken = {"first start": seconds(start), "already up": seconds(start)}
        local.stop(folder=folder)
        return {**taken, "later start": seconds(start)}
    finally:
        local.stop(folder=folder, delete=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    from lsnb.local.installation import install

    print(f"installation (or finding it installed): {seconds(install):.1f} s")
    scratch = Path(tempfile.mkdtemp(prefix="lsnb-bench-"))
    try:
        measured = [measure(scratch / f"stack-{run}") for run in range(runs)]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{os.cpu_count()} processors, {runs} runs, load {os.getloadavg()[0]:.1f}")
    print(f"{'':12} {'median':>8} {'longest':>8} {'target':>8}")
    for name, target in TARGETS.items():
        taken = [run[name] for run in measured]
        print(f"{name:12} {statistics.median(taken):7.2f}s {max(taken):7.2f}s {target:>8}")


if __name__ == "__main__":
    main()
