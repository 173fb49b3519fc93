"""A table of videos on a Dask cluster of two worker processes gives the same tables as here."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pytest
from video_maker import make_video
from zip_maker import frames_zip

import lsnb.media as media
from lsnb.frames import extract_frames, import_frames, select_frames


@pytest.fixture(scope="module")
def cluster() -> Iterator[Executor]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as made,  # type: ignore[no-untyped-call]
        Client(made) as client,  # type: ignore[no-untyped-call]
    ):
        yield client.get_executor()


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("films")
    paths = [make_video(folder / f"film{n}.mp4", 20 + n, width=80, height=60, fps=25 + n) for n in range(3)]
    (folder / "damaged.mp4").write_text("no video")
    paths.insert(1, folder / "damaged.mp4")
    return pd.DataFrame({"subject": range(4), "path": [str(path) for path in paths]})


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_probing_selecting_and_extracting_give_the_same_tables(
    cluster: Executor, videos: pd.DataFrame, tmp_path: Path
) -> None:
    pd.testing.assert_frame_equal(media.probe(videos, executor=cluster), media.probe(videos))
    chosen = select_frames(videos, 2, method="kmeans", progress=False)
    pd.testing.assert_frame_equal(select_frames(videos, 2, method="kmeans", progress=False, executor=cluster), chosen)
    here = extract_frames(videos, chosen, tmp_path / "out", context=1, progress=False)
    assert here["path"].notna().sum() == here["error"].isna().sum() > 6
    pictures = contents(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "before")
    there = extract_frames(videos, chosen, tmp_path / "out", context=1, progress=False, executor=cluster)
    pd.testing.assert_frame_equal(there, here)
    assert contents(tmp_path / "out") == pictures


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_importing_gives_the_same_table(cluster: Executor, tmp_path: Path) -> None:
    zips = [frames_zip(tmp_path / f"s{n}.zip", [n, n + 10]) for n in range(3)]
    (tmp_path / "bad.zip").write_text("no zip")
    zips.insert(1, tmp_path / "bad.zip")
    here = import_frames(zips, tmp_path / "out", progress=False)
    pictures = contents(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "before")
    there = import_frames(zips, tmp_path / "out", progress=False, executor=cluster)
    pd.testing.assert_frame_equal(there, here)
    assert contents(tmp_path / "out") == pictures


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_worker_that_dies_is_a_row(videos: pd.DataFrame, tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(int).result()
        for process in list(pool._processes.values()):
            process.kill()
            process.join()
        table = extract_frames(videos, [3], tmp_path / "out", progress=False, executor=pool)
    assert len(table) == 4
    assert table["error"].str.contains("run the call again").all()
    again = extract_frames(videos, [3], tmp_path / "out", progress=False)
    assert again["path"].notna().tolist() == [True, False, True, True]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
