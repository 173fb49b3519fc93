"""The public names, pinned: adding or losing one is a decision, not an accident."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import lsnb

pytestmark = pytest.mark.xdist_group("names")  # gathered once
ROOT = Path(__file__).parent.parent
NAME = re.compile(r"(?<![\w/.@-])lsnb(?:\.[A-Za-z_]\w*)+")


def test_public_names_are_these() -> None:
    assert lsnb.__all__ == [
        "Bucket",
        "Detector",
        "Embedder",
        "LabelConfig",
        "Predictions",
        "Studio",
        "Study",
        "agreement",
        "agreement_by",
        "align",
        "align_table",
        "alignment",
        "annotations",
        "config_builder",
        "connect",
        "demo",
        "disputed",
        "errors",
        "evaluate",
        "expand_tracks",
        "extend_sample",
        "extract_frames",
        "find_images",
        "find_recordings",
        "find_videos",
        "forms",
        "from_answers",
        "from_coco",
        "from_detections",
        "from_labelbox",
        "from_poses",
        "from_segments",
        "from_spans",
        "from_yolo",
        "gold",
        "import_frames",
        "keep_frames",
        "label_samples",
        "labels",
        "local",
        "majority",
        "media",
        "near_duplicates",
        "open_bucket",
        "plots",
        "poses",
        "predictions",
        "probe",
        "read_annotations",
        "read_form",
        "read_predictions",
        "read_segments",
        "read_series",
        "read_table",
        "reliability",
        "sample",
        "sampling",
        "segments",
        "select_difficult_frames",
        "select_frames",
        "show_form",
        "strata_table",
        "tables",
        "timeseries",
        "transcode",
        "widen",
        "write_collected_data",
        "write_table",
    ]
    assert lsnb.__all__ == sorted(lsnb.__all__)
    assert all(getattr(lsnb, name) is not None for name in lsnb.__all__)


def texts() -> dict[str, str]:
    """Return what users read: docstrings of the package, the README and its neighbours, and the notebooks' cells."""
    found = {}
    for path in sorted((ROOT / "lsnb").rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        found[str(path)] = "\n".join(ast.get_docstring(node) or "" for node in nodes if isinstance(node, kinds))
    for path in [ROOT / "README.md", ROOT / ".github" / "SECURITY.md"]:
        found[str(path)] = path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found[str(path)] = "\n".join("".join(cell["source"]) for cell in cells)
    return found


@cache
def named() -> dict[str, str]:
    """Return the names that texts mention, each with a file that does."""
    return {name: path for path, text in texts().items() for name in NAME.findall(text)}


# What others wrote is loaded once; of lsnb's own modules each group of names finds those alone that it loads itself.
RESOLVER = """
import contextlib, importlib, json, os, sys
for other in ("pandas", "scipy.stats", "google.cloud.storage", "label_studio_sdk", "cv2", "av", "httpx"):
    with contextlib.suppress(ImportError):
        importlib.import_module(other)
import lsnb

def known(name):
    found = lsnb
    for part in name.split(".")[1:]:
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True

for group, names in json.loads(sys.argv[1]).items():
    if (child := os.fork()) == 0:
        print(json.dumps([group, [name for name in names if not known(name)]]), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, group
"""


def resolve(groups: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return of each group those names that a Python which has only imported lsnb does not know."""
    command = [sys.executable, "-c", RESOLVER, json.dumps(groups)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    unknown: dict[str, list[str]] = dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))
    assert list(unknown) == list(groups)
    return unknown


def test_names_in_texts_begin_with_a_public_one() -> None:
    assert len(named()) > 80
    assert {name: path for name, path in named().items() if name.split(".")[1] not in lsnb.__all__} == {}


def test_each_name_in_texts_is_there_after_import_lsnb_alone() -> None:
    """Each module's names in a Python of their own, so that none is there because of another."""
    groups: dict[str, list[str]] = {}
    for name in sorted(name for name in named() if name.count(".") > 1):
        groups.setdefault(name.split(".")[1], []).append(name)
    assert len(groups) > 10
    assert {first: unknown for first, unknown in resolve(groups).items() if unknown} == {}


def test_a_name_that_is_not_there_would_be_found() -> None:
    names = ["lsnb.annotations.no_such_verb", "lsnb.annotations"]
    assert resolve({"annotations": names}) == {"annotations": ["lsnb.annotations.no_such_verb"]}


HOMES = {
    "alignment": ["find_offset", "pick_events"],
    "annotations": [
        "anonymize",
        "data_dictionary",
        "in_pixels",
        "in_words",
        "indicators",
        "region_table",
        "relations",
        "to_coco",
        "to_dataset",
        "write_dataset",
    ],
    "reliability": ["methods_paragraph", "region_agreement"],
}


def test_verbs_of_one_noun_have_a_home() -> None:
    unknown = resolve({home: [f"lsnb.{home}.{verb}" for verb in verbs] for home, verbs in HOMES.items()})
    assert unknown == {home: [] for home in HOMES}
    for home, verbs in HOMES.items():
        assert all(inspect.getdoc(getattr(getattr(lsnb, home), verb)) for verb in verbs)


def test_import_loads_nothing_heavy() -> None:
    heavy = ["torch", "transformers", "cv2", "av", "matplotlib", "google.cloud", "label_studio_sdk", "ipywidgets"]
    heavy += ["sklearn", "scipy", "aiohttp", "dask", "tables"]
    code = f"import sys, lsnb; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(lsnb, "no_such_name")
