"""Videos and their series in one call: both columns are uploaded, and each study keeps showing its own files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from video_maker import make_video

import lsnb
from lsnb.bucket import Bucket
from lsnb.study import Studio, Study
from lsnb.timeseries import segments

CONFIG = lsnb.LabelConfig.video_timeseries({"wrist": ["x"], "chest": ["x"]}, ["rest", "run"])


def series(path: Path, last: int) -> str:
    path.parent.mkdir(exist_ok=True)
    table = pd.DataFrame({"timestamp": [0.0, 0.5, 1.0], "x": [1, 2, last]})
    return str(lsnb.align(table, 1.0, unit="s").to_csv(path))


def data_of(study: Study) -> dict[str, dict[str, Any]]:
    return {task["meta"]["item"]: task["data"] for task in study.server.export(study.copies[0].project.id)}


def stored(bucket: Bucket, address: str) -> bytes:
    return bytes(bucket._library().blob(address.removeprefix(f"gs://{bucket.name}/")).download_as_bytes())


def test_one_call_uploads_videos_and_series_and_later_files_of_a_name_take_no_place(
    studio: Studio, bucket: Bucket, title: str, tmp_path: Path
) -> None:
    video = make_video(tmp_path / "walk.mp4", 25, fps=25)
    rows = [
        {"id": key, "video": str(video), "wrist": series(tmp_path / "wrist" / name, 3), "fps": 25.0}
        for key, name in (("walk 1", "a.csv"), ("walk 2", "b.csv"))
    ]
    # Files of one name in two columns are two files.
    table = pd.DataFrame(rows).assign(
        chest=[series(tmp_path / "chest" / name, 9) for name in ("a.csv", "b.csv")], fps=[25.0, 25.0]
    )
    study = studio.create_study(title, CONFIG, table, key="id", annotators=1, bucket=bucket)
    assert study.report is not None
    assert study.report.counts == {"created": 1}
    before = data_of(study)
    assert sorted(before) == ["walk 1", "walk 2"]
    for row in table.to_dict("records"):
        shown = before[row["id"]]
        assert shown["fps"] == 25.0
        for column in ("video", "wrist", "chest"):
            assert stored(bucket, shown[column]) == Path(row[column]).read_bytes(), column

    answered = lsnb.demo.simulate_annotators(study, duration=1.0)
    assert not len(answered.failures)
    marked = segments(study.annotations(), fps=25.0)
    assert marked.groupby(["item", "control"]).size().tolist() == [3] * 4
    assert (marked["end"] > marked["start"]).all()
    assert marked["end"].max() <= 1.0

    series(tmp_path / "wrist" / "a.csv", 4)
    other = studio.create_study(f"{title} again", CONFIG, table, key="id", annotators=1, bucket=bucket)
    after = data_of(other)
    assert after["walk 2"] == before["walk 2"]
    assert stored(bucket, after["walk 1"]["wrist"]) == (tmp_path / "wrist" / "a.csv").read_bytes()
    assert stored(bucket, before["walk 1"]["wrist"]) != stored(bucket, after["walk 1"]["wrist"])
    assert data_of(studio.open_study(title)) == before
    again = studio.create_study(f"{title} again", CONFIG, table, key="id", annotators=1, bucket=bucket)
    assert data_of(again) == after
