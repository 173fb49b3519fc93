"""From extracted frames to tasks: one call uploads, one makes the study."""

from __future__ import annotations

import warnings
from pathlib import Path

from video_maker import make_video

import lsnb
from lsnb.bucket import Bucket
from lsnb.frames import extract_frames
from lsnb.study import Studio


def test_frames_are_uploaded_and_become_tasks_in_one_call_each(tmp_path: Path, studio: Studio, bucket: Bucket) -> None:
    for name in ("cam1", "cam2"):
        (tmp_path / name).mkdir()
    videos = [make_video(tmp_path / name / "trial.mp4", 30, width=80, height=60) for name in ("cam1", "cam2")]
    with warnings.catch_warnings(action="error"):
        frames = extract_frames(videos, [4, 20], tmp_path / "out", context=1, progress=False)
        uploaded = bucket.upload(frames, path="path", name="{item}", progress=False)
    assert uploaded.summary == "12 uploaded"
    config = lsnb.LabelConfig.image("uri").keypoints("part", ["nose", "tail"])
    title = "Frames of two cameras"
    study = studio.create_study(
        title,
        config,
        uploaded.table,
        key="item",
        annotators=["ana"],
        bucket=bucket,
        where="not is_context",
        columns=["video", "frame", "time", "fps"],
    )
    try:
        tasks = {task["meta"]["item"]: task["data"] for task in studio.server.export(study.projects["project"].iloc[0])}
        labelled = frames[~frames["is_context"]]
        assert sorted(tasks) == sorted(labelled["item"])
        for row in labelled.itertuples():
            data = tasks[row.item]
            assert data["uri"] == f"gs://{bucket.name}/{row.item}.png"
            assert (data["video"], data["frame"], data["time"], data["fps"]) == (row.video, row.frame, row.time, 30)
    finally:
        for project in study.projects["project"]:
            studio.server.delete_project(project)
