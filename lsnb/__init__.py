"""lsnb: from a table and a folder of media to a clean dataframe of human annotations.

The verbs of the journey stand here. What belongs to one noun is a module's, reachable from ``import lsnb`` alone:
``lsnb.annotations`` (regions, relations, pixels, COCO, pseudonyms), ``lsnb.reliability`` (agreement about regions, the
paragraph on methods), ``lsnb.alignment`` (a video's and a sensor's clocks), ``lsnb.media``, ``lsnb.sampling``, ...

Heavy parts load on first use, so ``import lsnb`` is quick and needs no optional package.
"""

# No ``from __future__ import annotations``: it would stand in the way of the module ``lsnb.annotations``.
import importlib
from typing import TYPE_CHECKING, Any

from lsnb.kernel.files import fetch_addresses_with, open_addresses_with

__version__ = "0.2.0"

_HOMES = {
    "Bucket": "bucket",
    "Detector": "detectors",
    "Embedder": "detectors",
    "LabelConfig": "labels",
    "Predictions": "predictions",
    "Studio": "study",
    "Study": "study",
    "agreement": "reliability",
    "agreement_by": "reliability",
    "align": "alignment",
    "align_table": "alignment",
    "config_builder": "builder",
    "connect": "connections",
    "disputed": "reliability",
    "evaluate": "reliability",
    "expand_tracks": "annotations",
    "extend_sample": "sampling",
    "extract_frames": "frames",
    "find_images": "frames",
    "find_recordings": "alignment",
    "find_videos": "frames",
    "from_answers": "predictions",
    "from_coco": "predictions",
    "from_detections": "predictions",
    "from_labelbox": "predictions.labelbox",
    "from_poses": "poses",
    "from_segments": "predictions",
    "from_spans": "predictions",
    "from_yolo": "predictions",
    "gold": "reliability",
    "import_frames": "frames",
    "keep_frames": "frames",
    "label_samples": "timeseries",
    "majority": "annotations",
    "near_duplicates": "detectors",
    "open_bucket": "connections",
    "probe": "media",
    "read_annotations": "annotations",
    "read_form": "forms",
    "read_predictions": "predictions",
    "read_segments": "segments",
    "read_series": "timeseries",
    "read_table": "tables",
    "sample": "sampling",
    "select_difficult_frames": "frames",
    "select_frames": "frames",
    "show_form": "forms",
    "strata_table": "sampling",
    "transcode": "media",
    "widen": "annotations",
    "write_collected_data": "annotations",
    "write_table": "annotations",
}
_MODULES = (
    "alignment",
    "annotations",
    "demo",
    "errors",
    "forms",
    "labels",
    "local",
    "media",
    "plots",
    "poses",
    "predictions",
    "reliability",
    "sampling",
    "segments",
    "tables",
    "timeseries",
)

__all__ = sorted([*_HOMES, *_MODULES])  # pinned by tests/test_public_names.py

if TYPE_CHECKING:
    from lsnb import alignment as alignment
    from lsnb import annotations as annotations
    from lsnb import demo as demo
    from lsnb import errors as errors
    from lsnb import forms as forms
    from lsnb import labels as labels
    from lsnb import local as local
    from lsnb import media as media
    from lsnb import plots as plots
    from lsnb import poses as poses
    from lsnb import predictions as predictions
    from lsnb import reliability as reliability
    from lsnb import sampling as sampling
    from lsnb import segments as segments
    from lsnb import tables as tables
    from lsnb import timeseries as timeseries
    from lsnb.alignment import align as align
    from lsnb.alignment import align_table as align_table
    from lsnb.alignment import find_recordings as find_recordings
    from lsnb.annotations import expand_tracks as expand_tracks
    from lsnb.annotations import majority as majority
    from lsnb.annotations import read_annotations as read_annotations
    from lsnb.annotations import widen as widen
    from lsnb.annotations import write_collected_data as write_collected_data
    from lsnb.annotations import write_table as write_table
    from lsnb.bucket import Bucket as Bucket
    from lsnb.builder import config_builder as config_builder
    from lsnb.connections import connect as connect
    from lsnb.connections import open_bucket as open_bucket
    from lsnb.detectors import Detector as Detector
    from lsnb.detectors import Embedder as Embedder
    from lsnb.detectors import near_duplicates as near_duplicates
    from lsnb.forms import read_form as read_form
    from lsnb.forms import show_form as show_form
    from lsnb.frames import extract_frames as extract_frames
    from lsnb.frames import find_images as find_images
    from lsnb.frames import find_videos as find_videos
    from lsnb.frames import import_frames as import_frames
    from lsnb.frames import keep_frames as keep_frames
    from lsnb.frames import select_difficult_frames as select_difficult_frames
    from lsnb.frames import select_frames as select_frames
    from lsnb.labels import LabelConfig as LabelConfig
    from lsnb.media import probe as probe
    from lsnb.media import transcode as transcode
    from lsnb.poses import from_poses as from_poses
    from lsnb.predictions import Predictions as Predictions
    from lsnb.predictions import from_answers as from_answers
    from lsnb.predictions import from_coco as from_coco
    from lsnb.predictions import from_detections as from_detections
    from lsnb.predictions import from_segments as from_segments
    from lsnb.predictions import from_spans as from_spans
    from lsnb.predictions import from_yolo as from_yolo
    from lsnb.predictions import read_predictions as read_predictions
    from lsnb.predictions.labelbox import from_labelbox as from_labelbox
    from lsnb.reliability import agreement_by as agreement_by
    from lsnb.reliability import disputed as disputed
    from lsnb.reliability import evaluate as evaluate
    from lsnb.reliability import gold as gold
    from lsnb.reliability.agreement import agreement as agreement
    from lsnb.sampling import extend_sample as extend_sample
    from lsnb.sampling import sample as sample
    from lsnb.sampling import strata_table as strata_table
    from lsnb.segments import read_segments as read_segments
    from lsnb.study import Studio as Studio
    from lsnb.study import Study as Study
    from lsnb.tables import read_table as read_table
    from lsnb.timeseries import label_samples as label_samples
    from lsnb.timeseries import read_series as read_series


# Readers of files know no bucket: they are told here how to open gs://bucket/prefix.
open_addresses_with("gs", lambda address: importlib.import_module("lsnb.connections").objects_at(address))
fetch_addresses_with("gs", lambda *given: importlib.import_module("lsnb.connections").fetched(*given))


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"lsnb.{name}")
    if name in _HOMES:
        value = getattr(importlib.import_module(f"lsnb.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'lsnb' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
