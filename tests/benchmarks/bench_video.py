"""Reading a video for selection, against a bare decode of the same file and against OpenCV, in one run.

Run by hand: ``python tests/benchmarks/bench_video.py [frames at 320 × 240] [frames at 1920 × 1080]`` (40,000 and 3,000
by default). Every measurement is made in a process of its own, one after the other and then again, so that other work
on the machine falls on all of them; the best of each counts. Prints seconds, seconds of processor time (which other
work disturbs least), how many times a bare decode (PyAV, threads on) that is, and the peak of memory. Ours may take 1.3
times a bare decode, and a portion must cost its share.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

ROUNDS = 3


def write_clip(path: Path, frames: int, width: int, height: int) -> None:
    """Write a scene that wanders over a noisy ground, as a hand-held camera sees it."""
    import av
    import cv2
    import numpy as np

    chance = np.random.default_rng(0)
    ground = chance.integers(0, 256, (height // 4, width // 4), np.uint8)
    ground = cv2.resize(ground, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
    noise = chance.integers(0, 16, (16, height, width), np.uint8)
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(30), options={"preset": "ultrafast", "crf": "28"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = 250
        for index in range(frames):
            left = round((np.sin(index / 50) + 1) / 2 * (width - 1))
            top = round((np.cos(index / 70) + 1) / 2 * (height - 1))
            view = ground[top : top + height, left : left + width]
            planes[:height] = cv2.add(view, noise[index % len(noise)])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        container.mux(stream.encode(None))


def bare(path: str) -> int:
    import av

    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        return sum(1 for _ in container.decode(stream))


def grey(path: str) -> int:
    from lsnb.media import thumbnails

    return sum(len(chunk.frames) for chunk in thumbnails(path))


def colour(path: str) -> int:
    from lsnb.media import thumbnails

    return sum(len(chunk.frames) for chunk in thumbnails(path, colour=True))


def tenth(path: str) -> int:
    from lsnb.media import thumbnails

    return sum(len(chunk.frames) for chunk in thumbnails(path, start=0.6, stop=0.7))


def opencv(path: str) -> int:
    import cv2

    capture = cv2.VideoCapture(path)
    count = 0
    while True:
        fine, image = capture.read()
        if not fine:
            return count
        cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (48, 48), interpolation=cv2.INTER_AREA)
        count += 1


WAYS = {
    "bare decode": bare,
    "thumbnails": grey,
    "thumbnails in colour": colour,
    "thumbnails of a tenth": tenth,
    "cv2.read and resize": opencv,
}


def measure(way: str, path: str) -> None:
    import av  # noqa: F401  loading is not measured
    import cv2  # noqa: F401

    import lsnb.media  # noqa: F401

    start, used = time.perf_counter(), time.process_time()
    frames = WAYS[way](path)
    seconds, used = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"frames": frames, "seconds": seconds, "used": used, "peak": peak}))


def main(small: int, large: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for frames, width, height in ((small, 320, 240), (large, 1920, 1080)):
            path = Path(folder, f"{width}.mp4")
            write_clip(path, frames, width, height)
            found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
            for _ in range(ROUNDS):
                for way in WAYS:
                    command = [sys.executable, __file__, "--measure", way, str(path)]
                    done = subprocess.run(command, check=True, capture_output=True, text=True)
                    found[way].append(json.loads(done.stdout))
            best = {way: min(run["seconds"] for run in runs) for way, runs in found.items()}
            used = {way: min(run["used"] for run in runs) for way, runs in found.items()}
            print(f"{frames:,} frames of {width} × {height}, {path.stat().st_size / 1e6:.0f} MB", flush=True)
            for way, runs in found.items():
                ratio, work = best[way] / best["bare decode"], used[way] / used["bare decode"]
                peak = max(run["peak"] for run in runs)
                print(
                    f"  {way:22} {best[way]:7.2f} s, {ratio:5.2f} times a bare decode; {used[way]:7.2f} s of processor "
                    f"time, {work:5.2f} times; peak memory {peak:.2f} GB; {runs[0]['frames']:,.0f} frames",
                    flush=True,
                )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(*sys.argv[2:4])
    else:
        sizes = [int(size) for size in sys.argv[1:]] or [40_000, 3_000]
        main(*sizes)
