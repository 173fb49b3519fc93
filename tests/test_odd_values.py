"""Whatever is given for a parameter, a public function answers or says in a sentence what is wrong."""

from __future__ import annotations

import inspect
import json
import math
import traceback
import warnings
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pose_tables import pose_table, smooth_poses
from video_maker import make_video

import lsnb
import lsnb.media
from lsnb import LabelConfig
from lsnb.errors import LsnbError
from lsnb.forms import Field, Form
from lsnb.predictions import Row
from lsnb.reliability import Ratings
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
    np.int64(1),
    np.int64(-1),
    np.float64("nan"),
    np.str_("x"),
    "",
    "x",
    "a\0b",
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


def sensor() -> pd.DataFrame:
    return pd.DataFrame({"timestamp": np.arange(50) / 50, "x": np.sin(np.arange(50))})


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
    "find_videos": lambda out: {"source": files() / "clip.mp4", "unpack_to": out},
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
        "zip_path": files() / "frames.zip",
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
    "sample": lambda out: {"table": ITEMS, "key": "id", "n": 2},
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
    "annotations.data_dictionary": lambda out: {"table": ITEMS},
    "reliability.alternative_annotator_test": lambda out: {
        "model": pd.DataFrame({"item": ["1", "2"], "mood": ["up", "down"]}),
        "annotations": pd.concat([LABELS, LABELS.assign(annotator="cem")], ignore_index=True),
        "control": "mood",
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
    "poses.read_poses": lambda out: {"predictions": files() / "clip_poses.csv"},
    "poses.temporal_norm": lambda out: {"xy": smooth_poses(20)},
    "predictions.cell_results": lambda out: {"cell": "up", "control": "mood", "config": CONFIG, "item": "a"},
    "predictions.check_results": lambda out: {"results": [], "config": CONFIG},
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
    "predictions.make_predictions": lambda out: {"rows": [Row(0, "a", results=[])]},
    "predictions.score_faults": lambda out: {"score": 0.5},
    **{
        f"segments.to_{name}": lambda out, name=name: {"segments": SEGMENTS, "out": out / name}  # type: ignore[misc]
        for name in ("audacity", "boris", "eaf", "rttm", "srt", "textgrid")
    },
    "tables.check_key": lambda out: {"table": ITEMS, "key": "id"},
    "tables.key_text": lambda out: {"value": "a"},
    "local.demo_images": lambda out: {"folder": out},
    "local.demo_videos": lambda out: {"folder": out},
    "local.status": lambda out: {"folder": out},
    "read_form": lambda out: {"form": FORM, "namespace": {}},
    "show_form": lambda out: {"form": FORM, "namespace": {}},
    "forms.upload_files": lambda out: {"folder": out},
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
    function: Callable[..., Any], given: Callable[[], dict[str, Any]], skip: tuple[str, ...] = ()
) -> list[str]:
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name in skip or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        for odd in ODD:
            arguments = {**given(), name: odd}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fault = told(lambda arguments=arguments: function(**arguments))
            if fault:
                found.append(f"{name}={odd!r:.40}: {fault}")
    return found


@pytest.mark.parametrize("name", CALLS)
def test_a_function_answers_or_says_what_is_wrong(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    function = find(name)
    function(**CALLS[name](tmp_path))
    found = raw_faults(function, lambda: CALLS[name](tmp_path))
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
