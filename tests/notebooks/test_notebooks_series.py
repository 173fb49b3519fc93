"""The notebook about sensors, run by papermill on a video and a series of one's own, while people label."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import notebook_style as style
import numpy as np
import pandas as pd
import papermill
import pytest
from nbformat.v4 import new_code_cell
from video_maker import frame_seconds, make_video

import lsnb
from lsnb.demo import BEFORE, CLIP_STARTS_MS
from lsnb.errors import InputError, MissingFileError

if TYPE_CHECKING:
    from lsnb.stack import Stack
    from lsnb.study import Studio

MARK = {
    "id": "r",
    "from_name": "state",
    "to_name": "series",
    "type": "timeserieslabels",
    "value": {"start": 0.5, "end": 1.0, "instant": False, "timeserieslabels": ["run"]},
}
LABELLING = f"""
print("unlabelled:", [name for name in labelled.columns if name.startswith("label")])
project = study.projects.set_index("annotator").loc["ana", "project"]
study.server.annotate(study.server.export(project)[0]["id"], [{MARK}], lead_time=3.0)
"""
NAME = "10_sync_video_timeseries"
TITLE = "Walks of one wrist"
STARTS = pd.Timestamp("2026-05-04 11:30:04")  # the camera's start, where it was filmed
FRAMES = 70

Run = Callable[..., str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("walks")
    # A phone's video, whose frames come unevenly, and a sensor that started four seconds earlier.
    make_video(folder / "walk.mp4", FRAMES, rate="variable")
    seconds = np.arange(-4, 6, 0.02)
    table = pd.DataFrame(
        {
            "when": [f"{STARTS + pd.Timedelta(seconds=second):%d.%m.%Y %H:%M:%S.%f}" for second in seconds],
            "Acc [g]": np.sin(seconds).round(4),
            "note": "as it came",
            "battery": 99,
        }
    )
    table.to_csv(folder / "wrist.csv", sep=";", index=False)
    return folder


@pytest.fixture(scope="module")
def run(folder: Path, stack: Stack, studio: Studio) -> Iterator[Run]:
    """Run the notebook in the folder and return the text that it showed."""

    def execute(parameters: Mapping[str, Any], labelling: str) -> str:
        notebook = nbformat.read(style.NOTEBOOKS / f"{NAME}.ipynb", as_version=4)
        notebook.cells = [again for cell in notebook.cells for again in _twice(cell, labelling)]
        nbformat.write(notebook, folder / "given.ipynb")
        done = papermill.execute_notebook(
            str(folder / "given.ipynb"),
            str(folder / "done.ipynb"),
            parameters=dict(parameters),
            cwd=str(folder),
            progress_bar=False,
        )
        outputs = [output for cell in done.cells for output in cell.get("outputs", [])]
        texts = [output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs]
        return "\n".join([*texts, *("a picture" for output in outputs if "image/png" in output.get("data", {}))])

    yield execute
    for project in studio.server.projects():
        if project.title.startswith(TITLE):
            studio.server.delete_project(project.id)


def _twice(cell: Any, labelling: str) -> list[Any]:
    """Return a cell twice; between the two of the last step somebody labels."""
    if cell.cell_type != "code" or cell.id == "parameters":
        return [cell]
    again = copy.deepcopy(cell)
    again.id = f"{cell.id}-again"
    return [cell, new_code_cell(labelling), again] if cell.id == "labels" else [cell, again]


@pytest.mark.slow
def test_10_puts_a_users_sensor_on_the_videos_clock_and_labels_back_on_its_samples(
    run: Run, folder: Path, studio: Studio
) -> None:
    parameters = {
        "WORKDIR": "work",
        "VIDEO": "walk.mp4",
        "SENSORS": "wrist.csv",
        "TIME_COLUMN": "when",
        "TIME_ZONE": "Europe/Berlin",
        "VIDEO_START": f"{STARTS}",
        "REFERENCE": "none",
        "CHANNELS": "Acc [g]",
        "TITLE": TITLE,
        "LABELS": "rest, run",
        "ANNOTATORS": "ana, ben",
    }
    shown = run(parameters, LABELLING)
    assert "SIMULATED" not in shown
    assert shown.count("a picture") == 2
    assert "unlabelled: []" in shown
    work = folder / "work"
    video = lsnb.probe(work / "video.mp4")
    assert video.is_constant_rate
    assert float(video.duration) == pytest.approx(frame_seconds(FRAMES, rate="variable")[-1] + 0.1, abs=0.2)
    series = lsnb.read_table(work / "series.csv", key=None)
    assert list(series.columns) == ["time", "acc"]
    assert series["time"].iloc[0] == 0
    # The last row stands at the video's end and holds the last sample.
    assert series["acc"][:-1].to_numpy() == pytest.approx(np.sin(series["time"][:-1].to_numpy()), abs=1e-3)

    study = studio.open_study(TITLE)
    tasks = {copy.manifest.annotator: studio.server.export(copy.project.id)[0] for copy in study.copies}
    assert sorted(tasks) == ["ana", "ben"]
    data = tasks["ana"]["data"]
    assert data == tasks["ben"]["data"]
    assert data["fps"] == pytest.approx(float(video.fps))
    assert [Path(data[name]).suffix for name in ("video", "series")] == [".mp4", ".csv"]

    labelled = lsnb.read_table(work / "labelled.csv", key=None)
    when = pd.to_datetime(labelled["when"], format="%d.%m.%Y %H:%M:%S.%f")
    seconds = ((when - STARTS) / pd.Timedelta(seconds=1)).round(6)
    assert (labelled["label.ana"] == "run").tolist() == ((seconds >= 0.5) & (seconds < 1.0)).tolist()
    assert (labelled["label.ana"] == "run").sum() == 25
    assert set(labelled["note"]) == {"as it came"}
    assert study.projects["tasks"].tolist() == [1, 1]


@pytest.mark.slow
def test_10_takes_a_folder_of_recordings_and_tells_the_one_that_fails(run: Run, folder: Path, studio: Studio) -> None:
    place = folder / "many"
    place.mkdir()
    clock = np.arange(0, 8, 0.02)
    for number in (1, 2, 3):
        make_video(place / f"p{number}.mp4", 50, fps=25)
        table = pd.DataFrame({"timestamp": clock, "acc": np.sin(clock * number)})
        table.to_csv(place / f"p{number}_wrist.csv", index=False)
    (place / "p3_wrist.csv").write_text("timestamp,acc\nnever,1\nnever,2\n")
    (place / "stray.csv").write_text("timestamp,acc\n1,1\n")
    title = f"{TITLE}, many"
    parameters = {"WORKDIR": "work many", "VIDEO": "many", "REFERENCE": "none", "OFFSET": -1.0, "TITLE": title}
    shown = run(parameters | {"TIME_UNIT": "s", "LABELS": "rest, run", "ANNOTATORS": "ana"}, LABELLING)
    assert "files that belong to no video, or to one of another ending: stray.csv" in shown
    assert "failed" in shown
    study = studio.open_study(title)
    tasks = {task["meta"]["item"]: task["data"] for task in studio.server.export(study.copies[0].project.id)}
    assert set(tasks) == {"p1", "p2"}
    assert tasks["p1"]["series"] != tasks["p2"]["series"]
    work = folder / "work many"
    assert sorted(path.name for path in (work / "series").glob("labelled*[0-9].csv")) == ["labelled_p2.csv"]
    (answered,) = study.annotations().dropna(subset=["value"])["item"]
    for item, path in (("p1", work / "labelled.csv"), ("p2", work / "series" / "labelled_p2.csv")):
        labelled = lsnb.read_table(path, key=None)
        assert labelled["timestamp"].min() == pytest.approx(1.0)
        assert ("label.ana" in labelled) == (item == answered)
        if item == answered:
            inside = labelled["timestamp"].between(1.5, 2.0 - 1e-6)
            assert (labelled["label.ana"] == "run").tolist() == inside.tolist()


def test_a_video_and_sensors_are_both_named_or_neither(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video, sensor = str(folder / "walk.mp4"), str(folder / "wrist.csv")
    with pytest.raises(InputError, match="SENSORS is empty: name a video and its sensors"):
        lsnb.demo.find_recording(video, (), workdir=folder)
    with pytest.raises(InputError, match="VIDEO is empty"):
        lsnb.demo.find_recording(" ", [sensor], workdir=folder)
    with pytest.raises(MissingFileError, match=r"no file gone\.mp4 and no file lost\.csv"):
        lsnb.demo.find_recording("gone.mp4", [sensor, "lost.csv"], workdir=folder)
    assert lsnb.demo.find_recording(video, [sensor], workdir=folder).folder == folder
    assert capsys.readouterr().out == ""
    demo = lsnb.demo.find_recording(workdir=folder / "alone")
    assert "SIMULATED" in capsys.readouterr().out
    info = lsnb.probe(demo.video)
    assert f"<li>{info.problems[0]}</li>" in info._repr_html_()
    aligned = lsnb.align(demo.sensors, info, reference="motion")
    assert aligned.offset == pytest.approx(-BEFORE, abs=1 / 25)
    # A form gives moments as texts.
    clap = [(str(CLIP_STARTS_MS + 1000), "1,0")]
    assert lsnb.align(demo.sensors, info, events=clap).offset == pytest.approx(-BEFORE)
