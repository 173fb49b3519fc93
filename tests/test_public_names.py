"""The public names, pinned: adding or losing one is a decision, not an accident."""

from __future__ import annotations

import subprocess
import sys

import lsnb


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
        "from_coco",
        "from_detections",
        "from_labelbox",
        "from_poses",
        "from_yolo",
        "gold",
        "import_frames",
        "keep_frames",
        "label_samples",
        "labels",
        "local",
        "majority",
        "near_duplicates",
        "open_bucket",
        "plots",
        "poses",
        "predictions",
        "probe",
        "read_annotations",
        "read_form",
        "read_predictions",
        "read_table",
        "sample",
        "select_difficult_frames",
        "select_frames",
        "show_form",
        "strata_table",
        "timeseries",
        "transcode",
        "widen",
        "write_collected_data",
        "write_table",
    ]
    assert all(getattr(lsnb, name) is not None for name in lsnb.__all__)


def test_import_loads_nothing_heavy() -> None:
    heavy = ["torch", "transformers", "cv2", "av", "matplotlib", "google.cloud", "label_studio_sdk", "ipywidgets"]
    heavy += ["sklearn", "scipy", "aiohttp", "dask", "tables"]
    code = f"import sys, lsnb; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(lsnb, "no_such_name")
