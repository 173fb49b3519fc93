"""An executor that is shut down, refuses work or loses a worker costs rows, whatever the verb."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pose_tables import pose_table, smooth_poses
from video_maker import make_video

import lsnb
from lsnb import detectors, media
from lsnb.errors import InputError


class Refusing(Executor):
    """Takes no work at all."""

    def submit(self, *given: Any, **options: Any) -> Future[Any]:
        raise OSError("no machine answers")


class Losing(Executor):
    """Takes the work, and its worker dies over it."""

    def submit(self, *given: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(BrokenExecutor("a process was killed"))
        return future


class Foreign:
    """Has a submit, which answers with something that is no future."""

    def submit(self, *given: Any, **options: Any) -> str:
        return "job 7"


class Elsewhere(Executor):
    """Works as another process does: what is warned of there, nobody here hears."""

    def submit(self, function: Callable[..., Any], /, *given: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        function, given = pickle.loads(pickle.dumps((function, given)))
        with warnings.catch_warnings(record=True):
            future.set_result(pickle.loads(pickle.dumps(function(*given, **options))))
        return future


def shut_down() -> Executor:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    return pool


EXECUTORS: dict[str, tuple[Callable[[], Any], str]] = {
    "shut down": (shut_down, "RuntimeError: cannot schedule new futures"),
    "refusing": (Refusing, "OSError: no machine answers"),
    "losing": (Losing, "BrokenExecutor: a process was killed"),
    "foreign": (Foreign, "TypeError: its submit returns a str"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jobs")
    for name in ("a", "b"):
        make_video(folder / f"{name}.mp4", 6, width=64, height=48)
        pose_table(smooth_poses(6)).to_csv(folder / f"{name}.csv")
        (folder / name).mkdir()
        media.write_image(folder / name / "img00000000.png", np.zeros((8, 8, 3), "uint8"))
        lsnb_zip(folder / f"{name}.zip", folder / name / "img00000000.png")
        pd.DataFrame({"timestamp": np.arange(9) / 9, "x": np.arange(9.0)}).to_csv(folder / f"{name}_x.txt", index=False)
    return folder


def lsnb_zip(target: Path, picture: Path) -> None:
    import zipfile

    with zipfile.ZipFile(target, "w") as archive:
        archive.write(picture, picture.name)


def videos(place: Path) -> list[str]:
    return [str(place / "a.mp4"), str(place / "b.mp4")]


def white(images: Any) -> Any:
    return [[1.0, 2.0] for _ in images]


def nothing(images: Any) -> Any:
    return [{"boxes": [], "scores": [], "labels": []} for _ in images]


def pictures(place: Path) -> list[str]:
    return [str(place / name / "img00000000.png") for name in ("a", "b")]


def refused(call: Callable[[], Any]) -> pd.Series[Any]:
    """Return the sentences of a verb that has no row to say them in: its answer is an array, or nothing is left."""
    try:
        call()
    except InputError as fault:
        if any(problem.startswith("executor is") for problem in fault.problems):
            raise
        return pd.Series(fault.problems)
    raise AssertionError("nothing was refused")


VERBS: dict[str, Callable[[Path, Path, Any], pd.Series[Any]]] = {
    "select_frames": lambda place, out, pool: lsnb.select_frames(videos(place), 2, executor=pool, progress=False)[
        "error"
    ],
    "extract_frames": lambda place, out, pool: lsnb.extract_frames(
        videos(place), [1], out, executor=pool, progress=False
    )["error"],
    "import_frames": lambda place, out, pool: lsnb.import_frames(
        [place / "a.zip", place / "b.zip"], out, executor=pool, progress=False
    )["error"],
    "select_difficult_frames": lambda place, out, pool: refused(
        lambda: lsnb.select_difficult_frames(
            {name: place / f"{name}.csv" for name in ("a", "b")}, 1, executor=pool, progress=False
        )
    ),
    "probe": lambda place, out, pool: lsnb.probe(videos(place), executor=pool, progress=False)["error"],
    "transcode": lambda place, out, pool: lsnb.transcode(videos(place), executor=pool, progress=False)["error"],
    "align_table": lambda place, out, pool: lsnb.align_table(
        pd.DataFrame({"path": videos(place), "series": [str(place / "a_x.txt"), str(place / "b_x.txt")]}),
        out,
        executor=pool,
        progress=False,
    )["error"],
    "Detector": lambda place, out, pool: detectors.Detector.load(nothing, name="none")(
        pictures(place), executor=pool, progress=False
    )["error"],
    "Embedder.embed": lambda place, out, pool: refused(
        lambda: detectors.Embedder.load(white, name="white").embed(pictures(place), executor=pool, progress=False)
    ),
    "detectors.embed": lambda place, out, pool: refused(
        lambda: detectors.embed(pictures(place), white, executor=pool, progress=False)
    ),
}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("verb", VERBS)
def test_an_executor_that_fails_costs_rows_and_no_traceback(
    verb: str, executor: str, place: Path, tmp_path: Path
) -> None:
    make, reason = EXECUTORS[executor]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = VERBS[verb](place, tmp_path / "out", make())
    assert len(said) == 2
    assert said.str.contains("could not be worked on by the executor", regex=False).all(), said.tolist()
    assert said.str.contains(reason, regex=False).all(), said.tolist()
    assert said.str.contains("try it without executor=", regex=False).all()


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_no_executor_is_said(verb: str, place: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="executor is 4"):
        VERBS[verb](place, tmp_path / "out", 4)


def test_what_one_job_says_of_itself_is_raised_and_the_others_are_cancelled() -> None:
    from lsnb.kernel.jobs import run_jobs

    waiting: list[Future[Any]] = []

    class Holding(Executor):
        def submit(self, function: Any, /, *given: Any, **options: Any) -> Future[Any]:
            future: Future[Any] = Future()
            if given[0] == "bad":
                future.set_exception(InputError("bad is bad."))
            waiting.append(future)
            return future

    with pytest.raises(InputError, match="bad is bad"):
        run_jobs(
            lambda job, count: None,
            ["bad", "good"],
            executor=Holding(),
            progress=False,
            what="Trying",
            unit="job",
            lost=lambda job, why: None,
        )
    assert [future.cancelled() for future in waiting] == [False, True]


def test_what_is_said_in_another_process_is_said_here_in_the_order_of_the_videos(tmp_path: Path) -> None:
    predictions = {}
    for name, percent in (("a.mp4", 95.0), ("b.mp4", 90.0)):
        predictions[name] = tmp_path / f"{name[0]}.csv"
        pose_table(smooth_poses(40), percent).to_csv(predictions[name])
    said = []
    for executor in (None, Elsewhere()):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            lsnb.select_difficult_frames(predictions, 1, executor=executor, progress=False)
        said.append([str(one.message) for one in heard])
    assert said[0] == [*sorted(said[0], key=lambda sentence: "of 1 frames" in sentence)]
    assert said[0] == said[1]
    assert [
        f"{name}.csv has likelihoods up to {most}" in sentence
        for name, most, sentence in zip("ab", (95, 90), said[1], strict=False)
    ] == [True, True]
