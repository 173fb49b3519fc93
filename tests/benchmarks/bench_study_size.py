"""What the verbs of a study cost at a size, with this code and with another checkout's, on one server in one run.

Run: ``python tests/benchmarks/bench_study_size.py [--items 20000] [--annotators 3] [--against CHECKOUT]``. It starts
the embedded stack in a folder of its own, or takes a server's address and a key to it (``--url``, ``--key``), and
prints seconds and the most memory that each client had; nothing of it is asserted in the tests. Seconds of a
processor, the client's and a server's on this computer, say what a verb costs also where the computer is busy. With
``--away 80`` every request is 80 ms on its way, as to a server that is not on this computer.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from far_away import far_away

HERE = Path(__file__).resolve().parents[2]


@contextmanager
def server(arguments: argparse.Namespace, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield a server's address and a key to it."""
    if arguments.url:
        yield arguments.url, arguments.key
        return
    os.environ["LSNB_STACK"] = str(folder / "stack")
    import lsnb
    from lsnb.stack import load_stack

    lsnb.local.start()
    try:
        stack = load_stack()
        assert stack is not None
        yield stack.url, stack.api_key
    finally:
        lsnb.local.stop(delete=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--annotators", type=int, default=3)
    parser.add_argument("--changes", type=int, default=500, help="rows that are changed, each for every annotator")
    parser.add_argument("--against", type=Path, help="the folder of another checkout")
    parser.add_argument("--away", type=float, default=0, help="milliseconds that a request is on its way")
    parser.add_argument("--at", help=argparse.SUPPRESS)
    parser.add_argument("--url")
    parser.add_argument("--key")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        measure(arguments)
        return
    folder = Path(tempfile.mkdtemp(prefix="lsnb-bench-"))
    codes = {"this code": HERE, **({"against": arguments.against.resolve()} if arguments.against else {})}
    found: dict[str, dict[str, float]] = {}
    with (
        server(arguments, folder) as (url, key),
        far_away(url, arguments.away) if arguments.away else nullcontext(url) as far,
    ):
        for name, code in codes.items():
            own = {"PYTHONPATH": str(code), "LSNB_CACHE": str(folder / name / "cache")}
            asked = [*sys.argv[1:], "--url", url, "--at", far, "--key", key, "--child", name]
            told = subprocess.run(
                [sys.executable, __file__, *asked], env={**os.environ, **own}, stdout=subprocess.PIPE, check=True
            )
            found[name] = json.loads(told.stdout)
    rows = list(dict.fromkeys(row for times in found.values() for row in times))
    print(f"{'':44}" + "".join(f"{name:>12}" for name in found))
    for row in rows:
        print(f"{row:44}" + "".join(f"{times.get(row, float('nan')):12.1f}" for times in found.values()))


def measure(arguments: argparse.Namespace) -> None:
    """Print what each verb took, as JSON."""
    warnings.simplefilter("ignore")
    import pandas as pd

    import lsnb
    from lsnb.labels import LabelConfig

    items, names = arguments.items, [f"p{n}" for n in range(arguments.annotators)]
    studio = lsnb.connect(arguments.at, arguments.key)
    config = LabelConfig.text("caption").choices("mood", ["good", "bad"])
    table = pd.DataFrame({"id": [f"{i:06d}" for i in range(items)], "guess": "good"})
    table["caption"] = "text " + table["id"]
    said = [{"from_name": "mood", "to_name": "caption", "type": "choices", "value": {"choices": ["bad"]}}]
    title, taken = f"size {arguments.child}", {}

    def clock(what: str, act: Callable[[], Any]) -> Any:
        print(what, file=sys.stderr, flush=True)
        began, used, theirs = time.perf_counter(), time.process_time(), server_time(arguments.url)
        came = act()
        taken[what] = time.perf_counter() - began
        taken[f"{what}, client's processor"] = time.process_time() - used
        taken[f"{what}, server's processor"] = server_time(arguments.url) - theirs
        print({name: n for name, n in taken.items() if name.startswith(what)}, file=sys.stderr, flush=True)
        return came

    more: dict[str, Any] = {"predictions": {"guess": "mood"}}
    study = clock(
        f"create {items} x {len(names)}",
        lambda: studio.create_study(title, config, table, key="id", annotators=names, **more),
    )
    clock("first look", lambda: study.sync(table))
    time.sleep(4)  # past the seconds in which changes count as unsettled
    study.sync(table)
    fresh = studio.open_study(title)
    clock("nothing new, a fresh kernel with the cache", lambda: fresh.sync(table))
    clock(
        f"predict {items * len(names)}",
        lambda: study.predict(dict.fromkeys(table["id"], said), model_version="m"),
    )
    answer(study)
    time.sleep(4)
    clock(f"pull {items * len(names)} answers", study.pull)
    time.sleep(4)
    study.pull()
    clock("annotations(), synced, nothing new", study.annotations)
    os.environ["LSNB_CACHE"] += "-empty"
    clock("annotations(), never synced", studio.open_study(title).annotations)
    os.environ["LSNB_CACHE"] = os.environ["LSNB_CACHE"].removesuffix("-empty")
    changed = table.copy()
    changed.loc[: arguments.changes - 1, "caption"] += " anew"
    clock(f"{arguments.changes * len(names)} changed texts", lambda: study.sync(changed))
    changed.loc[: arguments.changes - 1, "caption"] += " again"
    changed.loc[: arguments.changes - 1, "guess"] = "bad"
    clock(f"{arguments.changes * len(names)} changed texts and guesses", lambda: study.sync(changed))
    taken["most memory of the client, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    for copy in study.copies:
        studio.server.delete_project(copy.project.id)
    print(json.dumps(taken))


def server_time(url: str) -> float:
    """Return how many seconds of a processor the programs have taken that run Label Studio on this computer."""
    port, used = str(urlsplit(url).port), 0.0
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "label_studio.server" in command and port in command:
            times = process.cpu_times()
            used += times.user + times.system
    return used


def answer(study: Any) -> None:
    """Make a model's predictions everybody's answers, as the data manager does it."""
    for copy in study.copies:
        asked = {"selectedItems": {"all": True, "excluded": []}, "model_version": "m"}
        about = {"id": "predictions_to_annotations", "project": copy.project.id}
        study.server._ask("POST", "/api/dm/actions", params=about, json=asked)


if __name__ == "__main__":
    main()
