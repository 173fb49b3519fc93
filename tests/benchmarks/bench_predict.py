"""What ``study.predict`` costs beside the server's own import of the same bytes, in one run.

Run: ``python tests/benchmarks/bench_predict.py [--items 10000] [--regions 5] [--replaced 200]``. It starts the embedded
stack in a folder of its own and prints seconds and ratios; nothing of it is asserted in the tests.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pandas as pd


def seconds(act: Callable[[], object]) -> float:
    """Return how long an act takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def boxes(shift: float, regions: int) -> list[dict[str, Any]]:
    """Return a picture's results, each a box."""
    about = {"from_name": "box", "to_name": "uri", "type": "rectanglelabels"}
    sizes = {"original_width": 640, "original_height": 480}
    return [
        {
            **about,
            **sizes,
            "id": f"r{n}",
            "score": 0.9,
            "value": {"x": shift + n, "y": 10.5, "width": 20.25, "height": 20.125, "rotation": 0}
            | {"rectanglelabels": ["cat"]},
        }
        for n in range(regions)
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--regions", type=int, default=5)
    parser.add_argument("--replaced", type=int, default=200)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lsnb-bench-"))
    os.environ["LSNB_STACK"] = str(folder / "stack")
    import lsnb

    lsnb.local.start()
    os.environ["LSNB_CACHE"] = str(folder / "cache")
    try:
        measure(arguments.items, arguments.regions, arguments.replaced)
    finally:
        os.environ.pop("LSNB_CACHE")
        lsnb.local.stop(delete=True)


def measure(items: int, regions: int, replaced: int) -> None:
    """Print the table."""
    from lsnb.connections import connect
    from lsnb.labels import LabelConfig
    from lsnb.stack import load_stack

    stack = load_stack()
    assert stack is not None
    studio = connect(stack.url, stack.api_key)
    config = LabelConfig.image("uri").rectangles("box", ["cat", "dog"])
    keys = [f"{i:06d}" for i in range(items)]
    table = pd.DataFrame({"id": keys, "uri": [f"https://example.org/{key}.png" for key in keys]})
    plain = studio.create_study("bench raw", config, table, key="id", annotators=1)
    known = studio.create_study("bench known", config, table, key="id", annotators=1)
    fresh = studio.create_study("bench fresh", config, table, key="id", annotators=1)
    known.pull()  # what a study that was synced on this computer has: the items and their tasks
    server, project = plain.server, plain.copies[0].project.id
    predictions = {key: boxes(i % 50, regions) for i, key in enumerate(keys)}
    tasks = {task["meta"]["item"]: task["id"] for task in server.task_metas(project)}
    body = orjson.dumps(
        [
            {"task": tasks[key], "model_version": "m", "score": None, "result": result}
            for key, result in predictions.items()
        ]
    )
    print(f"{items} predictions of {regions} regions, {len(body) / 2**20:.1f} MiB")
    rows: list[tuple[str, float]] = []
    raw = seconds(lambda: server.import_predictions(project, body))
    rows.append(("the server: one import of the same bytes", raw))
    whole = seconds(lambda: known.predict(predictions, model_version="m").raise_for_failures())
    rows.append(("ours: predict, all checked, sent and counted, on a computer that has synced the study", whole))
    first = seconds(lambda: fresh.predict(predictions, model_version="m").raise_for_failures())
    rows.append(("ours: the same, on a computer that sees the study for the first time", first))
    again = seconds(lambda: known.predict(predictions, model_version="m").raise_for_failures())
    rows.append(("ours: the same predictions again, nothing sent", again))
    changed = predictions | {key: boxes(0.5, regions) for key in keys[:replaced]}
    swapped = seconds(lambda: known.predict(changed, model_version="m").raise_for_failures())
    rows.append((f"ours: {replaced} of them changed: sent, looked for, the old ones deleted by id", swapped))
    doomed = [told["id"] for told in server.predictions(project)[:replaced]]
    alone = seconds(lambda: [server.delete_prediction(prediction) for prediction in doomed])
    for what, taken in rows:
        print(f"{taken:9.3f} s  {what}")
    print(f"predict: {whole / raw:.2f} times the server's own import; seeing the study first: {first / raw:.2f}")
    print(f"an old prediction deleted: {alone / len(doomed) * 1000:.0f} ms; 1.23 has no bulk way by ids")


if __name__ == "__main__":
    main()
