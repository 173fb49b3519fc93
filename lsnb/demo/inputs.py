"""What a notebook starts from: the file its form names, what an earlier notebook left, or packaged demo data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from lsnb.connections import open_bucket
from lsnb.demo.videos import make_poses, make_zips, packaged_videos
from lsnb.errors import InputError, MissingFileError
from lsnb.kernel.files import write_whole
from lsnb.labels import LabelConfig
from lsnb.sampling import sample
from lsnb.tables import read_table

if TYPE_CHECKING:
    # A study brings Label Studio's client with it, which takes two seconds to load; finding a file must not.
    from lsnb.study import Study

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
Input = Literal["table", "media", "config", "sample", "images", "payload", "clips", "videos", "zips", "poses"]


def find_input(name: Input, *, given: str = "", workdir: str | Path = "lsnb-work", study: Study | None = None) -> Path:
    """Return the file a notebook starts from, and say aloud when it is the packaged demo's.

    Args:
        name: ``"table"``, ``"media"``, ``"config"`` or ``"sample"``; ``"images"`` (``media.csv``, else ``frames.csv``);
            ``"payload"`` (Labelbox's) or ``"clips"`` (the videos it is about); ``"videos"``, ``"zips"`` or ``"poses"``,
            which are folders.
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
            raise MissingFileError(f"There is no file {path} (looked in {Path.cwd()}): check the name in the form.")
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


def _make_images(workdir: str | Path) -> Path:
    from lsnb.demo import models

    return models.make_images(workdir)


def _make_payload(workdir: str | Path) -> Path:
    from lsnb.demo import models

    return models.make_payload(workdir)


def _make_clips(workdir: str | Path) -> Path:
    from lsnb.demo import models

    return models.make_clips(workdir)


_MAKERS: Mapping[str, Callable[[str | Path], Path]] = {
    "table": _make_table,
    "media": _make_media,
    "config": make_config,
    "sample": make_sample,
    "images": _make_images,
    "payload": _make_payload,
    "clips": _make_clips,
    "videos": packaged_videos,
    "zips": make_zips,
    "poses": make_poses,
}


def write_csv(table: pd.DataFrame, path: Path) -> Path:
    """Write a table, make its folder where that is absent, and return its path."""
    return write_whole(path, table.to_csv(index=False), parents=True)
