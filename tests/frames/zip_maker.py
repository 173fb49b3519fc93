"""Zips as people make them: images that show their own frame, a list, and whatever else is in them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from video_maker import barcode

from lsnb import media


def image_bytes(folder: Path, frame: int, *, ending: str = ".png", width: int = 80, height: int = 60) -> bytes:
    """Return an image that shows its frame, as a file's bytes."""
    path = media.write_image(folder / f"scratch{ending}", barcode(frame, width, height))
    data = path.read_bytes()
    path.unlink()
    return data


def write_zip(path: Path, entries: Mapping[str, bytes | str]) -> Path:
    """Write a zip with these entries in this order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def frames_zip(path: Path, frames: Iterable[int], labelled: Iterable[int] | None = None, **image: int) -> Path:
    """Write a zip as pose tools do: ``img%08d.png`` and, unless ``labelled`` is None, the list."""
    path.parent.mkdir(parents=True, exist_ok=True)
    entries: dict[str, bytes | str] = {
        f"img{frame:08d}.png": image_bytes(path.parent, frame, **image)  # type: ignore[arg-type]
        for frame in frames
    }
    if labelled is not None:
        entries["selected_frames.csv"] = "".join(f"img{frame:08d}.png\n" for frame in labelled)
    return write_zip(path, entries)


def noise(seed: int, width: int = 80, height: int = 60) -> np.ndarray:
    """Return a picture that hardly shrinks."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
