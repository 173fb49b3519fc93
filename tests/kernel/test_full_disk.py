"""On a disk that is full, every writer says which file it could not write, and what was there stays."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from video_maker import make_video

import lsnb
from lsnb import media
from lsnb.annotations import long_table, write_collected_data, write_table
from lsnb.errors import LsnbError, MissingFileError
from lsnb.forms import widgets
from lsnb.forms.config_builder import save_config
from lsnb.frames.tables import keep_frames
from lsnb.predictions.labelbox.payload import write_payload
from lsnb.stack import Stack
from lsnb.studio import Project
from lsnb.study.backup import save_exports

FILLER = "filler"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root makes a small disk")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> None:
    with (folder / FILLER).open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert os.statvfs(folder).f_bavail == 0


def table(n: int) -> pd.DataFrame:
    return pd.DataFrame({"item": [str(k) for k in range(n)], "value": [f"a{k}" for k in range(n)]})


def config(n: int) -> lsnb.LabelConfig:
    return lsnb.LabelConfig.text("caption").choices("mood", [f"word {k}" for k in range(n)])


def frames(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"item": [f"a/{k}" for k in range(n)], "video": "a.mp4", "frame": range(n), "is_context": False}
    )


def poses(folder: Path, n: int, kind: str) -> Path:
    point = {"id": "r", "from_name": "part", "type": "keypointlabels", "original_width": 640, "original_height": 480}
    point["value"] = {"x": 50, "y": 25 + n, "width": 1, "keypointlabels": ["nose"]}  # type: ignore[assignment]
    task = {"id": 1, "data": {}, "meta": {"item": "trial/img00000012"}}
    task["annotations"] = [{"id": 5, "completed_by": 3, "result": [point]}]
    made = write_collected_data(long_table([task], raw=True), folder, scorer="ana", format=kind)
    return made.files[0]


def series(path: Path, n: int) -> Path:
    readings = pd.DataFrame({"timestamp": np.arange(500) / 10, "x": np.arange(500.0) + n})
    return lsnb.align(readings, 45.0, unit="s").to_csv(path)


def stack(folder: Path, n: int) -> Path:
    record = Stack("u", "b", f"user{n}", "e", "k", True, str(folder))
    record.save()
    return folder / "stack.json"


def dropped(folder: Path, n: int) -> Path:
    said = widgets.Receiver(folder).take(f"r{n}-0-1-9-x.mp4", bytes([n]) * 9)
    if said:
        raise LsnbError(said)
    return folder / "x.mp4"


class Exports:
    """As much of a server as saving its projects needs."""

    def __init__(self, n: int) -> None:
        self.n = n

    def project(self, project: int) -> Project:
        return Project(project, "", "", tasks=self.n)

    def export(self, project: int, *, tasks: None = None) -> list[dict[str, Any]]:
        return [{"id": k, "data": {"caption": secrets.token_hex(3000)}} for k in range(self.n)]


def exported(folder: Path, n: int) -> Path:
    save_exports(Exports(n), [("../../ana", 7)], folder / "saved.zip")  # type: ignore[arg-type]
    return folder / "saved.zip"


WRITERS: dict[str, Callable[[Path, int], Path]] = {
    "config.xml": lambda folder, n: save_config(config(n), folder / "config.xml"),
    "codebook.csv": lambda folder, n: save_config(config(n), folder / "codebook.csv"),
    "table.csv": lambda folder, n: write_table(table(n), folder / "table.csv"),
    "table.xlsx": lambda folder, n: write_table(table(n), folder / "table.xlsx"),
    "table.parquet": lambda folder, n: write_table(table(n), folder / "table.parquet"),
    "table.jsonl": lambda folder, n: write_table(table(n), folder / "table.jsonl"),
    "frames.csv": lambda folder, n: (keep_frames(frames(n), folder / "frames.csv"), folder / "frames.csv")[1],
    "a.png": lambda folder, n: media.write_image(folder / "a.png", np.full((40, 40, 3), n, np.uint8)),
    "a.jpg": lambda folder, n: media.write_image(folder / "a.jpg", np.full((40, 40, 3), n, np.uint8)),
    "rows.ndjson": lambda folder, n: write_payload([{"name": f"n{n}"}], folder / "rows.ndjson"),
    "CollectedData_ana.csv": lambda folder, n: poses(folder, n, "csv"),
    "CollectedData_ana.h5": lambda folder, n: poses(folder, n, "h5"),
    "series.csv": lambda folder, n: series(folder / "series.csv", n),
    "stack.json": stack,
    "saved.zip": exported,
    "x.mp4": dropped,
    "y.mp4": lambda folder, n: widgets.keep_file(folder, "y.mp4", bytes([n])),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_what_was_there_stays_on_a_full_disk_and_the_file_is_named(name: str, small_disk: Path) -> None:
    path = WRITERS[name](small_disk, 2)
    before = {each: each.read_bytes() for each in small_disk.rglob("*") if each.is_file()}
    assert before[path]
    fill(small_disk)
    with pytest.raises(LsnbError) as caught:
        WRITERS[name](small_disk, 3)
    assert name in str(caught.value)
    assert "the disk is full" in str(caught.value)
    assert ".part" not in str(caught.value)
    (small_disk / FILLER).unlink()
    assert {each: each.read_bytes() for each in small_disk.rglob("*") if each.is_file()} == before
    assert WRITERS[name](small_disk, 3).read_bytes() != before[path]


LARGE = (
    "codebook.csv",
    "table.csv",
    "table.xlsx",
    "table.parquet",
    "table.jsonl",
    "CollectedData_ana.h5",
    "frames.csv",
)


@pytest.mark.slow
def test_where_no_file_may_be_large_the_sentence_is_all_that_is_said(tmp_path: Path) -> None:
    """Also of temporary files, of which a workbook and an H5 file told in tracebacks of their own."""
    resource = pytest.importorskip("resource")
    code = """
        import resource, sys
        from pathlib import Path
        from test_full_disk import LARGE, WRITERS
        from lsnb.errors import LsnbError
        whole = WRITERS["table.xlsx"](Path(sys.argv[1]), 4)  # what is imported on the way may be written
        whole.unlink()
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
        for name in LARGE:
            try:
                WRITERS[name](Path(sys.argv[1]), 3000)
                print("written", name)
            except LsnbError as fault:
                print(fault)
    """
    tests = Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert resource is not None
    assert done.stderr == ""
    said = done.stdout.splitlines()
    assert [name in line and "cannot be written" in line for name, line in zip(LARGE, said, strict=True)] == [True] * 7
    assert [path.name for path in tmp_path.iterdir() if path.suffix not in (".csv",)] == []


def test_a_copy_that_the_disk_has_no_room_for_leaves_nothing(small_disk: Path, tmp_path: Path) -> None:
    video = make_video(tmp_path / "film.mp4", 10)
    fill(small_disk)
    with pytest.raises(MissingFileError, match=r"copy\.mp4 cannot be written: the disk is full"):
        media.transcode(video, small_disk / "copy.mp4")
    assert [each.name for each in small_disk.iterdir()] == [FILLER]


def test_a_config_survives_where_the_disk_takes_no_more_of_it(tmp_path: Path) -> None:
    path = save_config(config(3), tmp_path / "config.xml")
    before = path.read_bytes()
    script = """
        import resource, signal, sys
        from lsnb.errors import FileAccessError
        from lsnb.forms.config_builder import load_config, save_config
        from lsnb import LabelConfig
        config = LabelConfig.text("caption").choices("mood", [f"word {n}" for n in range(2000)])
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        try:
            save_config(config, sys.argv[1])
        except FileAccessError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), path], capture_output=True, text=True, timeout=120, check=False
    )
    assert "config.xml cannot be written: " in done.stdout, done.stderr
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_device_is_no_config_and_is_neither_read_nor_replaced() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with pytest.raises(LsnbError, match="neither"):
        save_config(config(2), "/dev/full")
    with pytest.raises(LsnbError, match="ends in"):
        write_table(table(2), "/dev/full")
    assert Path("/dev/full").is_char_device()
