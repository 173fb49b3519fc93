"""A hundred thousand items for five people, on PostgreSQL: no verb takes a gigabyte of the notebook's memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from postgres_server import postgres_server

import lsnb

ITEMS = int(os.environ.get("LSNB_LARGE", "100000"))
PEOPLE = [f"p{n}" for n in range(5)]
ANSWERS = ITEMS * len(PEOPLE)
MOST = 1000  # megabytes

# Each in a process of its own, as in a kernel of its own, which tells what came of it and its peak of memory.
CLIENT = """
import json, resource, sys
import lsnb
from moods import CONFIG, said, texts
url, key, items, people, verb = *sys.argv[1:3], int(sys.argv[3]), json.loads(sys.argv[4]), sys.argv[5]
studio, table = lsnb.connect(url, key), texts(items).assign(guess="bad")
study = None if verb.startswith("made") else studio.open_study("large")
"""
TELL = "\nprint(json.dumps([came, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000]))"
MADE = """
made = studio.create_study("large", CONFIG, table, key="id", annotators=people, predictions={"guess": "mood"})
came = sum(studio.server.project(copy.project.id).tasks for copy in made.copies)
"""
VERBS = {
    "pull": ("came = study.pull().pulled", ANSWERS),
    "pull again": ("came = study.pull().pulled", 0),
    "annotations": ("came = len(study.annotations())", ANSWERS),
    "annotations to a file": (
        "import pyarrow.parquet\n"
        "came = pyarrow.parquet.read_metadata(study.annotations(out='answers.parquet')).num_rows",
        ANSWERS,
    ),
    "progress": ("came = int(study.progress()['done'].sum())", ANSWERS),
    "sync": (
        "table.loc[:9, 'caption'] += ' anew'\ncame = study.sync(table).counts['updated']",
        10 * len(PEOPLE),
    ),
    "predict": (
        "came = study.predict(dict.fromkeys(table['id'], said('good')), model_version='m').counts['sent']",
        ANSWERS,
    ),
    "add_annotator": (
        "study.add_annotator('eva')\n"
        "came = sum(studio.server.project(copy.project.id).tasks for copy in studio.open_study('large').copies)",
        ANSWERS + ITEMS,
    ),
}


@pytest.mark.exhaustive
@pytest.mark.timeout(6 * 3600)
def test_no_verb_of_a_large_study_takes_a_gigabyte(tmp_path: Path) -> None:
    peaks = {}
    with postgres_server(tmp_path) as (url, key):
        asked = [url, key, str(ITEMS), json.dumps(PEOPLE)]
        own = {**os.environ, "LSNB_CACHE": str(tmp_path / "cache"), "PYTHONWARNINGS": "ignore"}
        own["PYTHONPATH"] = os.pathsep.join([*sys.path, str(Path(__file__).parent)])

        def ask(verb: str, act: str) -> int:
            command = [sys.executable, "-c", CLIENT + act + TELL, *asked, verb]
            told = subprocess.run(command, env=own, cwd=tmp_path, capture_output=True, text=True)
            assert told.returncode == 0, told.stderr[-2000:]
            came, peaks[verb] = json.loads(told.stdout.splitlines()[-1])
            return int(came)

        assert ask("made", MADE) == ANSWERS
        studio = lsnb.connect(url, key)
        for copy in studio.open_study("large").copies:
            everything = {"selectedItems": {"all": True, "excluded": []}}
            action = {"id": "predictions_to_annotations", "project": copy.project.id}
            studio.server._ask("POST", "/api/dm/actions", params=action, json=everything)
        for verb, (act, right) in VERBS.items():
            assert ask(verb, act) == right, verb
    print({verb: round(peak) for verb, peak in peaks.items()})
    assert max(peaks.values()) < MOST, peaks
