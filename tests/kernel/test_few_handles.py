"""Where no file can be opened, and where no thread or process can be started, the answer is the same or a sentence."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from embedded_bucket import EmbeddedBucket
from pose_tables import pose_table, smooth_poses
from video_maker import make_video

import lsnb
from lsnb import media
from lsnb.errors import FileAccessError, LsnbError
from lsnb.forms.config_builder import load_config
from lsnb.labels import LabelConfig
from lsnb.stack import Stack
from lsnb.timeseries.series import csv_problems


@contextmanager
def no_more_handles() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = os.open(os.devnull, os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (held, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(held)


READERS: dict[str, Callable[[Path], Any]] = {
    "table.csv": lsnb.read_table,
    "series.csv": csv_problems,
    "config.xml": lambda path: load_config(path, LabelConfig.text("text")),
    "export.json": lsnb.read_annotations,
    "rows.csv": lambda path: lsnb.read_predictions(path, config=LabelConfig.text("text").choices("x", ["1", "2"])),
    "picture.png": media.read_image,
    "picture.jpg": media.image_size,
    "film.mp4": media.probe,
}


@pytest.mark.parametrize("name", READERS)
def test_the_file_is_named_and_not_called_damaged(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if path.suffix in (".png", ".jpg"):
        media.write_image(path, np.zeros((8, 8, 3), np.uint8))
    elif path.suffix == ".mp4":
        make_video(path, 5)
    else:
        path.write_text("time,x\n0.0,1\n1.0,2\n")
    # What is imported on first use is opened, too.
    try:
        READERS[name](path)
    except LsnbError:
        assert name in ("config.xml", "export.json", "rows.csv")
    with no_more_handles(), pytest.raises(LsnbError) as caught:
        READERS[name](path)
    assert name in str(caught.value)
    assert "too many" in str(caught.value).lower()
    assert "damaged" not in str(caught.value)


def test_a_server_is_not_called_away_where_no_connection_can_be_opened() -> None:
    with pytest.raises(LsnbError, match="No Label Studio answers"):
        lsnb.connect("http://127.0.0.1:9", "0" * 40)
    with no_more_handles(), pytest.raises(LsnbError, match="too many files are open"):
        lsnb.connect("http://127.0.0.1:9", "0" * 40)


def test_the_local_stack_is_not_called_away_either(stack: Stack) -> None:
    studio = lsnb.connect(stack.url, stack.api_key)
    studio.server.projects()
    with no_more_handles(), pytest.raises(LsnbError, match="too many files are open") as caught:
        studio.server.projects()
    assert "lsnb up" not in str(caught.value)
    studio.server.projects()


@pytest.mark.parametrize("name", ["there", "there/more"])
def test_results_are_not_written_where_a_file_is(name: str, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("a file")
    rows = [("1", "ana", "x"), ("1", "ben", "x"), ("2", "ana", "y"), ("2", "ben", "y")]
    long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
    with pytest.raises(FileAccessError, match="file"):
        lsnb.reliability.write_results(long, tmp_path / name)


# Run as root, it does each piece of work once, so that all is loaded, and then again as somebody who may start only so
# many more threads and processes than he has.
FEW_THREADS = """
import json, os, resource, sys, tempfile, warnings
from pathlib import Path

import numpy as np
import pandas as pd

import lsnb
from lsnb.bucket import open_bucket_at

folder, account = Path(sys.argv[1]), json.loads(sys.argv[2])
endpoint = account["token_uri"].rpartition("/")[0]


def upload(name):
    bucket = open_bucket_at("few", endpoint=endpoint, info=account)
    table = pd.DataFrame({"path": [str(path) for path in sorted((folder / "media").iterdir())]})
    return bucket.upload(table, path="path", name=name + "/{stem}", workers=64, progress=False).summary


def boxes(name):
    found = lsnb.Detector.load(lambda images: [{"boxes": [], "scores": [], "labels": []} for _ in images])
    return found([np.zeros((8, 8, 3), np.uint8)] * 3, progress=False)["status"].tolist()


WORK = {
    "upload": upload,
    "detector": boxes,
    "probe": lambda name: lsnb.probe(folder / "clip.mp4").frames,
    "poses": lambda name: len(lsnb.poses.read_poses(folder / "poses.h5").xy),
}
warnings.simplefilter("ignore")
for work in WORK.values():
    work("before")
os.setgroups([])
os.setgid(int(sys.argv[3]))
os.setuid(int(sys.argv[3]))
limit = len(os.listdir("/proc/self/task")) + int(sys.argv[4])
resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
said = {}
for name, work in WORK.items():
    try:
        said[name] = work("after")
    except lsnb.errors.LsnbError as fault:
        said[name] = str(fault)
print(json.dumps(said))
"""


@pytest.fixture
def shown() -> Iterator[Path]:
    """A folder that everybody may look into; what pytest gives is its user's alone."""
    folder = Path(tempfile.mkdtemp(prefix="lsnb-few-"))
    (folder / "media").mkdir()
    for number in range(300):
        (folder / "media" / f"{number:03}.jpg").write_bytes(b"%d" % number)
    make_video(folder / "clip.mp4", 20)
    pose_table(smooth_poses(5)).to_hdf(folder / "poses.h5", key="df_with_missing", mode="w")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def is_open_to_all() -> bool:
    """Whether another user may read this Python, its packages and lsnb."""
    places = [Path(sys.executable), Path(os.__file__), Path(pytest.__file__), Path(lsnb.__file__)]
    ways = {folder for place in places for folder in (*place.parents, *place.resolve().parents)}
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in ways)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root becomes somebody else")
@pytest.mark.skipif(not is_open_to_all(), reason="this Python lies where other users may not read")
@pytest.mark.parametrize("more", [5, 0])
def test_who_may_start_few_threads_or_none_gets_an_answer_or_a_sentence(more: int, shown: Path, tmp_path: Path) -> None:
    server = EmbeddedBucket(tmp_path)
    server.client().create_bucket("few")
    user = 60_000 + os.getpid() % 5_000  # whom nobody else is
    command = [sys.executable, "-c", FEW_THREADS, str(shown), json.dumps(server.account), str(user), str(more)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    server.close()
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["upload"], said["detector"], said["probe"]) == ("300 uploaded", ["nothing"] * 3, 20)
    assert said["poses"] == 5 or "the process that reads it could not be started" in str(said["poses"]), said


# What it needs is loaded before, so that the Python may lie where its new user does not read.
NO_THREAD = """
import os, resource, sys
from pathlib import Path

from lsnb import media

folder = Path(sys.argv[1])


def work():
    frames = [frame.index for frame in media.read_frames(folder / "clip.mp4")]
    copy = media.transcode(folder / "clip.mp4", folder / f"{os.getuid()}.mp4", progress=False)
    grey = [frame.index for frame in media.read_frames(copy)]
    return frames, grey


before = work()
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[2]))
limit = len(os.listdir("/proc/self/task"))
resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
assert work() == before == (list(range(20)), list(range(20))), work()
"""


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root becomes somebody else")
def test_frames_are_read_and_written_where_no_thread_can_be_started(shown: Path) -> None:
    shown.chmod(0o777)
    user = 60_000 + os.getpid() % 5_000  # whom nobody else is
    command = [sys.executable, "-c", NO_THREAD, str(shown), str(user)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
