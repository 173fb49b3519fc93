"""What the notebooks about frames start from: packaged clips, zips of their frames, and a made-up model's poses."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from lsnb.kernel.files import whole_file, write_whole

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
