"""How a sync's cost grows: ten thousand tasks, against the plain ways of the SDK, in one run.

Run: ``python tests/benchmarks/bench_sync.py [--items 10000] [--annotators 1]``. It starts the embedded stack in a
folder of its own and prints seconds and ratios; nothing of it is asserted in the tests.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd


def seconds(act: Callable[[], object], runs: int = 1) -> float:
    """Return the median time of an act."""
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=100)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lsnb-bench-"))
    os.environ["LSNB_STACK"] = str(folder / "stack")
    from label_studio_sdk import LabelStudio

    import lsnb

    lsnb.local.start()
    os.environ["LSNB_CACHE"] = str(folder / "cache")
    try:
        measure(lsnb, LabelStudio, arguments.items, arguments.changes)
    finally:
        os.environ.pop("LSNB_CACHE")
        lsnb.local.stop(delete=True)


def measure(lsnb: object, client: type, items: int, changes: int) -> None:
    """Print the table."""
    from lsnb.connections import connect
    from lsnb.labels import LabelConfig
    from lsnb.stack import load_stack

    stack = load_stack()
    assert stack is not None
    sdk = client(base_url=stack.url, api_key=stack.api_key, timeout=600)
    studio = connect(stack.url, stack.api_key)
    config = LabelConfig.text("caption").choices("mood", ["good", "bad"])
    table = pd.DataFrame({"id": [f"{i:06d}" for i in range(items)], "caption": [f"text {i}" for i in range(items)]})
    rows: list[tuple[str, float]] = []

    plain = sdk.projects.create(title="plain", label_config=config.xml)
    tasks = [{"data": row} for row in table.to_dict("records")]
    rows.append(
        (f"SDK: import {items} tasks, one call", seconds(lambda: sdk.projects.import_tasks(plain.id, request=tasks)))
    )
    one = lambda: studio.create_study("bench", config, table, key="id", annotators=1)  # noqa: E731
    rows.append((f"ours: create_study, {items} items", seconds(one)))
    study = studio.open_study("bench")
    project = int(study.projects["project"][0])
    rows.append(("ours: first sync on this computer (a full look)", seconds(lambda: study.sync(table))))
    time.sleep(6)  # past the seconds in which changes count as unsettled, so that the next sync is a plain one
    study.sync(table)

    opened = iter([studio.open_study("bench") for _ in range(5)])
    noop = seconds(lambda: next(opened).sync(table), runs=5)
    rows.append(("ours: sync, nothing new, as a fresh kernel that has the cache", noop))
    rows.append(("ours: open the study by its title", seconds(lambda: studio.open_study("bench"), runs=5)))
    warm = seconds(lambda: study.sync(table), runs=5)
    rows.append(("ours: sync, nothing new, same kernel", warm))
    listing = seconds(lambda: sum(1 for _ in sdk.tasks.list(project=project)))
    rows.append(("SDK: tasks.list, all tasks", listing))

    held = [task["id"] for task in study.server.export(project)][:changes]
    result = [{"from_name": "mood", "to_name": "caption", "type": "choices", "value": {"choices": ["good"]}}]
    for task in held:
        study.server.annotate(task, result, lead_time=1)
    start = time.perf_counter()
    report = study.sync(table)
    pull = time.perf_counter() - start
    assert report.pulled == changes, report
    rows.append((f"ours: sync that pulls {changes} answers", pull))

    for what, taken in rows:
        print(f"{taken:9.3f} s  {what}")
    print(
        f"a sync with nothing new: {listing / noop:.0f} times faster than listing (same kernel: {listing / warm:.0f})"
    )
    print(f"a sync with {changes} new answers: {listing / pull:.0f} times faster than listing")


if __name__ == "__main__":
    main()
