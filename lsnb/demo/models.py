"""What the notebooks of predictions start from alone: a stand-in for a model, photographs, and a payload."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.files import write_whole

Pixels = np.ndarray[Any, Any]
Model = str | Callable[[Sequence[Pixels]], list[dict[str, list[Any]]]]

MODEL = "demo"
LONGEST = 384  # pixels; things that stand out do so in a small picture, too
LEAST, MOST = 0.002, 0.5  # shares of the picture
DISC = np.pi / 4  # how much of its box a disc fills
PICTURES = ("coins.png", "rocket.jpg", "moon.png", "hubble_deep_field.jpg")
CLIPS = ("bikes.mp4", "carphone_pristine.mp4")


def find_model(given: str = MODEL) -> Model:
    """Return what ``lsnb.Detector.load`` takes, and say aloud when it is the packaged stand-in.

    Args:
        given: ``"demo"``, or a model's folder or its name on the Hugging Face hub.

    Example:
        >>> find_model("facebook/detr-resnet-50")
        'facebook/detr-resnet-50'
    """
    if not isinstance(given, str) or not given.strip():
        raise InputError(f"MODEL is {given!r}: give a model's name on the Hugging Face hub, a folder, or {MODEL!r}.")
    if given.strip().lower() != MODEL:
        return given.strip()
    print(
        "MODEL is demo: a rule that boxes what is brighter or darker than its surroundings. It is NO neural network, "
        "and stands in for one."
    )
    return things_that_stand_out


def things_that_stand_out(images: Sequence[Pixels]) -> list[dict[str, list[Any]]]:
    """Return boxes around what is brighter or darker than its surroundings, as ``Detector.load`` wants them.

    Patches of one side of Otsu's threshold (N. Otsu, IEEE Trans. Syst. Man Cybern. 9, 1979) that touch no edge. The
    score says how near a patch fills its box to what an ellipse does, 78.5 percent; ``round thing`` is nearly that, and
    as wide as high.

    Args:
        images: uint8 RGB [height, width, 3] each.

    Example:
        >>> picture = np.zeros((100, 100, 3), np.uint8)
        >>> picture[30:70, 30:70] = 255
        >>> things_that_stand_out([picture])[0]["labels"]
        ['other thing']
    """
    return [_things(image) for image in images]


def _things(image: Pixels) -> dict[str, list[Any]]:
    from scipy import ndimage

    step = max(1, round(max(image.shape[:2]) / LONGEST))
    grey = ndimage.gaussian_filter(image[::step, ::step].mean(axis=2), 1.5)
    grey = grey - ndimage.uniform_filter(grey, max(grey.shape) // 3) / 2
    level = _threshold(grey)
    found: dict[str, list[Any]] = {"boxes": [], "scores": [], "labels": []}
    high, wide = grey.shape
    for side in (grey > level, grey < level):
        patches, _ = ndimage.label(ndimage.binary_opening(side, iterations=2))
        for number, (down, across) in enumerate(ndimage.find_objects(patches), start=1):
            area = int((patches[down, across] == number).sum())
            is_cut = 0 in (down.start, across.start) or down.stop == high or across.stop == wide
            if is_cut or not LEAST <= area / grey.size <= MOST:
                continue
            height, width = down.stop - down.start, across.stop - across.start
            score = max(0.0, 1 - abs(area / (height * width) - DISC) / DISC)
            is_round = score > 0.9 and min(height, width) > 0.75 * max(height, width)
            found["boxes"].append([side * step for side in (across.start, down.start, across.stop, down.stop)])
            found["scores"].append(score)
            found["labels"].append("round thing" if is_round else "other thing")
    return found


def _threshold(grey: Pixels) -> float:
    """Return Otsu's threshold: that which leaves the least variance on either side of it."""
    counts, edges = np.histogram(grey, bins=128)
    middles = (edges[:-1] + edges[1:]) / 2
    below, above = np.cumsum(counts), np.cumsum(counts[::-1])[::-1]
    weighted = counts * middles
    mean_below = np.cumsum(weighted) / np.maximum(below, 1)
    mean_above = np.cumsum(weighted[::-1])[::-1] / np.maximum(above, 1)
    between = below[:-1] * above[1:] * (mean_below[:-1] - mean_above[1:]) ** 2
    return float(edges[1 + int(between.argmax())])


def make_images(folder: str | Path) -> Path:
    """Copy a few of the packaged photographs into a folder and return their table's path.

    Args:
        folder: Where to.
    """
    from lsnb.local import demo_images

    return _few(demo_images(Path(folder) / "photographs"), PICTURES, Path(folder) / "images.csv")


def make_clips(folder: str | Path) -> Path:
    """Copy two of the packaged clips into a folder and return their table's path.

    Args:
        folder: Where to.
    """
    from lsnb.local import demo_videos

    return _few(demo_videos(Path(folder) / "clips"), CLIPS, Path(folder) / "clips.csv")


def _few(table: Path, names: Sequence[str], target: Path) -> Path:
    rows = pd.read_csv(table, dtype=str)
    few = rows[[Path(path).name in names for path in rows["path"]]]
    # Seen from the table, since it may be read from another folder.
    seen = [Path(os.path.relpath(path, target.parent)).as_posix() for path in few["path"]]
    return write_whole(target, few.assign(path=seen).to_csv(index=False))


def make_payload(folder: str | Path) -> Path:
    """Write a made-up Labelbox payload about the packaged clips, with one faulty row, and return its path.

    Args:
        folder: Where to.
    """
    print(
        "The payload is MADE UP: no model said this of the packaged clips. One of its rows is faulty on purpose, so "
        "that you see how faults are shown."
    )
    lines = b"\n".join(orjson.dumps(row) for row in _payload()) + b"\n"
    return write_whole(Path(folder) / "payload.ndjson", lines, parents=True)


def _payload() -> list[dict[str, Any]]:
    bikes, phone = {"globalKey": CLIPS[0]}, {"globalKey": CLIPS[1]}
    speaks = {"name": "mouth", "answer": {"name": "open"}}
    still = {"name": "mouth", "answer": {"name": "closed"}}
    head = [
        {**_box(1, 58, 8, 54, 96), "classifications": [still]},
        {**_box(30, 50, 10, 58, 98)},
        {**_box(55, 48, 6, 62, 100), "classifications": [speaks]},
        {**_box(75, 46, 14, 62, 92), "classifications": [still]},
        {**_box(120, 38, 8, 64, 94)},
    ]
    return [
        {"name": "head", "uuid": "demo-head", "dataRow": phone, "confidence": 0.97, "segments": [{"keyframes": head}]},
        {
            "name": "cyclist",
            "uuid": "demo-cyclist",
            "dataRow": bikes,
            "confidence": 0.91,
            "segments": [{"keyframes": [_box(116, 330, 0, 180, 272), _box(134, 340, 0, 180, 272)]}],
        },
        {
            "name": "bow tie",
            "uuid": "demo-tie",
            "dataRow": phone,
            "segments": [{"keyframes": [_point(1, 103, 112), _point(120, 92, 108)]}],
        },
        {
            "name": "place",
            "uuid": "demo-place-1",
            "dataRow": bikes,
            "answer": {"name": "outdoors", "confidence": 0.99},
        },
        {"name": "place", "uuid": "demo-place-2", "dataRow": phone, "answer": {"name": "in a car", "confidence": 0.8}},
        {
            "name": "shot",
            "uuid": "demo-shot",
            "dataRow": bikes,
            "answer": [
                {"name": "traffic", "frames": [{"start": 40, "end": 100}]},
                {"name": "people", "frames": [{"start": 101, "end": 140}]},
            ],
        },
        {
            "name": "bicycle",
            "uuid": "demo-too-late",
            "dataRow": bikes,
            "segments": [{"keyframes": [_box(205, 265, 5, 270, 195), _box(999, 265, 5, 270, 195)]}],
        },
    ]


def _box(frame: int, left: float, top: float, width: float, height: float) -> dict[str, Any]:
    return {"frame": frame, "bbox": {"left": left, "top": top, "width": width, "height": height}}


def _point(frame: int, x: float, y: float) -> dict[str, Any]:
    return {"frame": frame, "point": {"x": x, "y": y}}
