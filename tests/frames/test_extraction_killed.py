"""A run that is killed leaves nothing half-written, and the same call finishes it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from video_maker import make_video, read_barcode
from zip_maker import frames_zip

from lsnb import media
from lsnb.frames import extract_frames, import_frames

FRAMES = [2, 5, 8, 11, 14]
# Each file is put in place by one renaming: the run dies just before the n-th, with its file written beside.
KILLED = """
import os, signal, sys

import lsnb.frames.extraction, lsnb.frames.importing

left = int(sys.argv[1])

def counted(function):
    def rename(*arguments):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)
    return rename

os.replace = counted(os.replace)
exec(sys.argv[2])
"""


def run_killed(renames: int, call: str) -> None:
    """Run a call in a process that dies after so many files."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(renames), call], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def check_whole(folder: Path, most: int) -> None:
    """Whatever has an image's name is that image, whole; the list names nothing that is not there."""
    images = sorted(folder.glob("img*"))
    assert len(images) <= most
    for image in images:
        assert f"img{read_barcode(media.read_image(image)):08d}" == image.stem
    listed = folder / "selected_frames.csv"
    if listed.exists():
        assert set(listed.read_text().split()) <= {image.name for image in images}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize(
    "renames", [3, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in range(len(FRAMES) + 2) if n != 3)]
)
def test_an_extraction_killed_after_any_file_is_finished_by_the_same_call(tmp_path: Path, renames: int) -> None:
    video = make_video(tmp_path / "trial.mp4", 20, width=80, height=60)
    expected = extract_frames(video, FRAMES, tmp_path / "whole", progress=False)
    call = f"lsnb.frames.extraction.extract_frames({str(video)!r}, {FRAMES}, {str(tmp_path / 'out')!r})"
    run_killed(renames, call)
    folder = tmp_path / "out" / "trial"
    # The first file is the folder's note of its video, the last the list.
    assert len(list(folder.glob("img*"))) == max(0, min(renames - 1, len(FRAMES)))
    check_whole(folder, most=renames)
    kept = {path: path.stat().st_ino for path in folder.glob("img*")}
    table = extract_frames(video, FRAMES, tmp_path / "out", progress=False)
    assert {path: path.stat().st_ino for path in kept} == kept
    pd.testing.assert_frame_equal(table.drop(columns="path"), expected.drop(columns="path"))
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize(
    "renames", [2, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in range(len(FRAMES) + 1) if n != 2)]
)
def test_an_import_killed_after_any_file_is_finished_by_the_same_call(tmp_path: Path, renames: int) -> None:
    zip_path = frames_zip(tmp_path / "trial.zip", FRAMES, [5])
    expected = import_frames(zip_path, tmp_path / "whole", context=0, progress=False)
    run_killed(
        renames,
        f"lsnb.frames.importing.import_frames({str(zip_path)!r}, {str(tmp_path / 'out')!r}, context=0)",
    )
    folder = tmp_path / "out" / "trial"
    assert len(list(folder.glob("img*"))) == renames
    check_whole(folder, most=renames)
    table = import_frames(zip_path, tmp_path / "out", context=0, progress=False)
    pd.testing.assert_frame_equal(table.drop(columns="path"), expected.drop(columns="path"))
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
