"""The public names, pinned: adding or losing one is a decision, not an accident."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lsnb

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


NAMED = {name: path for path, text in texts().items() for name in NAME.findall(text)}


def resolve(names: list[str]) -> list[str]:
    """Return those names that a Python that has only imported lsnb does not know."""
    code = (
        "import sys, lsnb\n"
        "def known(name):\n"
        "    found = lsnb\n"
        "    for part in name.split('.')[1:]:\n"
        "        if not hasattr(found, part): return False\n"
        "        found = getattr(found, part)\n"
        "    return True\n"
        "print([name for name in sys.argv[1:] if not known(name)])"
    )
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True)
    unknown = ast.literal_eval(done.stdout.strip().splitlines()[-1])
    assert isinstance(unknown, list)
    return unknown


def test_names_in_texts_begin_with_a_public_one() -> None:
    assert len(NAMED) > 80
    assert {name: path for name, path in NAMED.items() if name.split(".")[1] not in lsnb.__all__} == {}


@pytest.mark.parametrize("first", sorted({name.split(".")[1] for name in NAMED if name.count(".") > 1}))
def test_each_name_in_texts_is_there_after_import_lsnb_alone(first: str) -> None:
    """Each module's names in a Python of their own, so that none is there because of another."""
    assert resolve(sorted(name for name in NAMED if name.split(".")[1] == first)) == []


def test_a_name_that_is_not_there_would_be_found() -> None:
    assert resolve(["lsnb.annotations.no_such_verb", "lsnb.annotations"]) == ["lsnb.annotations.no_such_verb"]


HOMES = {
    "alignment": ["find_offset"],
    "annotations": ["anonymize", "data_dictionary", "in_pixels", "indicators", "region_table", "relations", "to_coco"],
    "reliability": ["methods_paragraph", "region_agreement"],
}


@pytest.mark.parametrize("home", HOMES)
def test_verbs_of_one_noun_have_a_home(home: str) -> None:
    assert resolve([f"lsnb.{home}.{verb}" for verb in HOMES[home]]) == []
    module = getattr(lsnb, home)
    assert all(inspect.getdoc(getattr(module, verb)) for verb in HOMES[home])


def test_import_loads_nothing_heavy() -> None:
    heavy = ["torch", "transformers", "cv2", "av", "matplotlib", "google.cloud", "label_studio_sdk", "ipywidgets"]
    heavy += ["sklearn", "scipy", "aiohttp", "dask", "tables"]
    code = f"import sys, lsnb; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(lsnb, "no_such_name")
