"""Where no file can be opened any more, every reader says so, names the file, and does not call it damaged."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from video_maker import make_video

import lsnb
from lsnb import media
from lsnb.errors import LsnbError
from lsnb.forms.builder import load_config
from lsnb.labels import LabelConfig
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
