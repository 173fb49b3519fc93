"""The most memory that a client needs for a large study, and how long it takes, without a server's own time.

Run: ``python tests/benchmarks/bench_study_memory.py [--items 100000] [--annotators 5]``. No Label Studio writes a
million answers in reasonable time, so a stand-in answers as one does whose annotators have answered everything: it is
a process of its own that makes its pages as they are asked for, of the form that Label Studio 1.23 exports. Each verb
runs in a process of its own, whose peak is printed; nothing of it is asserted in the tests.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import orjson

from lsnb.labels import LabelConfig
from lsnb.study.projects import Manifest, digest_items, study_id

TITLE = "A large study"
CONFIG = LabelConfig.text("caption").choices("mood", ["good", "bad"])
MOMENT = "2026-01-02T03:04:05.678901Z"


class StandIn:
    """A server with a study in which everybody has answered everything.

    Args:
        items: How many items there are.
        annotators: How many people.
    """

    def __init__(self, items: int, annotators: int) -> None:
        self.items = items
        self.predictions: dict[int, int] = {}
        self.is_predicted = False
        names = tuple(f"p{n}" for n in range(annotators))
        digest = digest_items([f"{n:07d}" for n in range(items)])
        about = Manifest(
            study_id(TITLE, "id", 0, digest), TITLE, "", names, "id", 0, "full", CONFIG.fingerprint, digest, items
        )
        self.manifests = [replace(about, whole_rows=False).belongs_to(name) for name in names]

    def project(self, number: int) -> dict[str, Any]:
        whose = self.manifests[number - 1]
        return {
            "id": number,
            "title": f"{TITLE} · {whose.annotator}",
            "description": whose.describe(),
            "label_config": CONFIG.xml,
            "task_number": self.items,
            "total_annotations_number": self.items,
            "num_tasks_with_annotations": self.items,
            "total_predictions_number": self.items * self.is_predicted,
            "skipped_annotations_number": 0,
            "finished_task_number": self.items,
            "created_at": MOMENT,
            "model_version": "",
            "show_collab_predictions": True,
        }

    def task(self, project: int, number: int) -> dict[str, Any]:
        item = number - (project - 1) * self.items - 1
        choice = "good" if (item + project) % 3 else "bad"
        answer = {
            "id": number,
            "completed_by": 1,
            "result": [
                {
                    "id": f"r{number:09d}",
                    "from_name": "mood",
                    "to_name": "caption",
                    "type": "choices",
                    "origin": "manual",
                    "value": {"choices": [choice]},
                }
            ],
            "was_cancelled": False,
            "ground_truth": False,
            "created_at": MOMENT,
            "updated_at": MOMENT,
            "draft_created_at": None,
            "lead_time": 1.5 + item % 60,
            "prediction": {},
            "result_count": 1,
            "unique_id": f"{number:08x}-0000-4000-8000-{item:012x}",
            "import_id": None,
            "last_action": None,
            "bulk_created": False,
            "task": number,
            "project": project,
            "updated_by": 1,
            "parent_prediction": None,
            "parent_annotation": None,
            "last_created_by": None,
        }
        return {
            "id": number,
            "annotations": [answer],
            "drafts": [],
            "predictions": [number] * self.is_predicted,
            "data": {"id": f"{item:07d}", "caption": f"text {item:07d}"},
            "meta": {"item": f"{item:07d}", **self.manifests[project - 1].task_meta()},
            "created_at": MOMENT,
            "updated_at": MOMENT,
            "inner_id": item + 1,
            "total_annotations": 1,
            "cancelled_annotations": 0,
            "total_predictions": 0,
            "comment_count": 0,
            "unresolved_comment_count": 0,
            "last_comment_updated_at": None,
            "project": project,
            "updated_by": 1,
            "comment_authors": [],
            "file_upload": None,
        }

    def prediction(self, number: int) -> dict[str, Any]:
        value = {"choices": ["good" if number % 4 else "bad"]}
        return {
            "id": number,
            "task": number,
            "result": [{"from_name": "mood", "to_name": "caption", "type": "choices", "value": value}],
            "model_version": "m",
            "score": 0.5,
            "created_ago": "0 minutes",
            "cluster": None,
            "neighbors": None,
            "mislabeling": 0.0,
            "created_at": MOMENT,
            "updated_at": MOMENT,
            "model": None,
            "model_run": None,
            "project": (number - 1) // self.items + 1,
        }

    def answer(self, path: str, asked: dict[str, list[str]]) -> Any:
        if path == "/api/version":
            return {"release": "1.23.2"}
        if path == "/api/current-user/whoami":
            return {"id": 1, "email": "somebody@example.org"}
        if path == "/api/projects/":
            projects = [self.project(n + 1) for n in range(len(self.manifests))]
            return {"count": len(projects), "results": projects}
        if found := re.fullmatch(r"/api/projects/(\d+)/", path):
            return self.project(int(found[1]))
        if found := re.fullmatch(r"/api/projects/(\d+)/model-versions/", path):
            n = self.predictions.get(int(found[1]), self.items * self.is_predicted)
            return {"m": n} if n else {}
        if found := re.fullmatch(r"/api/projects/(\d+)/export", path):
            project = int(found[1])
            first = (project - 1) * self.items + 1
            wanted = map(int, asked["ids[]"]) if "ids[]" in asked else range(first, first + self.items)
            return [self.task(project, number) for number in wanted]
        if path == "/api/predictions/" and self.is_predicted:
            first = (int(asked["project"][0]) - 1) * self.items + 1
            return [self.prediction(number) for number in range(first, first + self.items)]
        if path == "/api/predicted":
            self.is_predicted = asked["so"] == ["1"]
            return {}
        if path == "/api/tasks":
            query = orjson.loads(asked.get("query", ["{}"])[0])
            if "filters" in query:  # what changed, or what nobody has answered: nothing
                return {"total": 0, "tasks": []}
            project, page, size = (int(asked[name][0]) for name in ("project", "page", "page_size"))
            first = (project - 1) * self.items + 1 + (page - 1) * size
            last = min(first + size, project * self.items + 1)
            names = asked["include"][0].split(",")
            numbers = range(first, last) if query.get("ordering") != ["-tasks:id"] else [project * self.items]
            rows = [{name: self.task(project, n)[name] for name in names} for n in numbers]
            return {"total": self.items, "tasks": rows}
        return []


def serve(items: int, annotators: int, line: Any) -> None:
    stand_in = StandIn(items, annotators)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self.tell(stand_in.answer(parts.path, parse_qs(parts.query)))

        def do_PATCH(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def tell(self, answer: Any) -> None:
            content = orjson.dumps(answer)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
            project = int(re.findall(r"/projects/(\d+)/import/predictions", self.path)[0])
            stand_in.predictions[project] = stand_in.predictions.get(project, 0) + len(body)
            self.tell({"created": len(body)})

        def version_string(self) -> str:
            return "stand-in"

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    line.send(server.server_address[1])
    server.serve_forever()


VERBS: dict[str, str] = {
    "opened": "pass",
    "annotations(out=), from the server": "study.annotations(out='answers.parquet')",
    "annotations(), never synced": "study.annotations()",
    "pull(), never synced": "study.pull()",
    "pull(), nothing new": "study.pull()",
    "annotations(), synced": "study.annotations()",
    "progress()": "study.progress()",
    "export_to()": "study.export_to('saved.zip')",
    "shared_items()": "study.shared_items()",
    "what adjudicate() reads": "from lsnb.study.snapshots import read_answers\n"
    "kept = read_answers(study.server, study.copies, study._snapshots)",
    "gold()": "study.gold('mood')",
    "pull(), predicted": "study.pull(full=True)",
    "model_run(), predicted": "study.model_run('m')",
    "write_report(), predicted": "study.write_report('report.html')",
    "predict(), of all": "study.predict(dict.fromkeys(ITEMS, SAID), model_version='m')",
}


def measure(verb: str, url: str) -> None:
    import lsnb

    study = lsnb.connect(url, "0" * 40).open_study(TITLE)
    began = time.perf_counter()
    items = [f"{n:07d}" for n in range(study.copies[0].manifest.n)]
    said = [{"from_name": "mood", "to_name": "caption", "type": "choices", "value": {"choices": ["bad"]}}]
    exec(VERBS[verb], {"study": study, "ITEMS": items, "SAID": said})
    taken = time.perf_counter() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps([taken, time.process_time(), most]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--annotators", type=int, default=5)
    parser.add_argument("--only", nargs="*", help="names of verbs begin so")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        measure(arguments.child, arguments.url)
        return
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(arguments.items, arguments.annotators, theirs), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{mine.recv()}"
    folder = tempfile.mkdtemp(prefix="lsnb-bench-")
    print(f"{'':40}{'seconds':>10}{'processor':>10}{'MB':>8}", flush=True)
    for verb in VERBS:
        if arguments.only and not verb.startswith(tuple(arguments.only)):
            continue
        urlopen(f"{url}/api/predicted?so={int('predicted' in verb)}").close()
        asked = [sys.executable, str(Path(__file__).resolve()), "--child", verb, "--url", url]
        own = {**os.environ, "LSNB_CACHE": str(Path(folder, "cache"))}
        told = subprocess.run(asked, cwd=folder, env=own, capture_output=True, text=True)
        if told.returncode:
            raise SystemExit(told.stderr)
        taken, used, most = json.loads(told.stdout)
        print(f"{verb:40}{taken:10.1f}{used:10.1f}{most:8.0f}", flush=True)
    process.terminate()


if __name__ == "__main__":
    main()
