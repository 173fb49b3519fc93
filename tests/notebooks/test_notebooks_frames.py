"""The notebooks about frames, run by papermill with parameters of their own: from videos to a study and back."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import notebook_style as style
import pandas as pd
import papermill
import pytest
from nbmake.nb_run import NotebookRun
from notebook_runs import Run, runner
from video_maker import barcode, make_video, read_barcode

import lsnb
from lsnb.demo import PARTS, SCORER, packaged_videos, simulated_poses
from lsnb.media import read_image, write_image

if TYPE_CHECKING:
    from lsnb.study import Studio

TITLE = "Points to mend"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("frames")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return runner(folder)


@pytest.fixture(scope="module")
def extracted(run: Run, folder: Path) -> str:
    videos = folder / "work" / "videos"
    videos.mkdir(parents=True)
    make_video(videos / "trial.mp4", 60, width=80, height=60)
    (videos / "broken.mp4").write_bytes(b"no video")
    parameters = {"METHOD": "uniform", "N": 3, "START": 50, "MIN_GAP": 2, "CONTEXT": 1}
    return run("05_extract_frames", {"WORKDIR": "work", **parameters})


def frames_zip(path: Path, frames: Iterable[int], labelled: Iterable[int]) -> None:
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for frame in frames:
            image = write_image(path.parent / "image.png", barcode(frame, 80, 60))
            archive.write(image, f"img{frame:08d}.png")
        archive.writestr("selected_frames.csv", "".join(f"img{frame:08d}.png\n" for frame in labelled))


def kept(folder: Path, name: str = "frames.csv") -> pd.DataFrame:
    return lsnb.read_table(folder / "work" / name, key="item")


@pytest.mark.slow
def test_05_writes_the_frames_of_the_videos_that_were_dropped(extracted: str, folder: Path) -> None:
    table = kept(folder)
    assert table["item"].tolist() == [f"trial/img{frame:08d}" for frame in (34, 44, 54)]  # with room for its context
    assert [read_barcode(read_image(folder / path)) for path in table["path"]] == [34, 44, 54]
    images = sorted(path.name for path in (folder / "work" / "frames" / "trial").glob("*.png"))
    assert images == [f"img{frame:08d}.png" for frame in (33, 34, 35, 43, 44, 45, 53, 54, 55)]
    assert extracted.count("a picture") == 2  # every cell ran twice
    assert "Using the files in work/videos" in extracted
    assert "broken.mp4" in extracted


@pytest.mark.slow
def test_05_brings_new_frames_when_it_is_run_again(run: Run, extracted: str, folder: Path) -> None:
    before = kept(folder)
    run("05_extract_frames", {"WORKDIR": "work", "VIDEOS": "work/videos/trial.mp4", "N": 4, "MIN_GAP": 3}, twice=False)
    table = kept(folder)
    assert len(table) == 7
    assert set(before["item"]) < set(table["item"])
    assert [read_barcode(read_image(folder / path)) for path in table["path"]] == table["frame"].tolist()


@pytest.mark.slow
def test_06_imports_good_zips_and_says_what_is_wrong_with_the_others(run: Run, extracted: str, folder: Path) -> None:
    frames_zip(folder / "zips" / "subject023_session0.zip", range(10, 15), labelled=[12])
    frames_zip(folder / "zips" / "subject024_session0.zip", [3], labelled=[3, 4])
    before = kept(folder)
    shown = run("06_import_frames", {"WORKDIR": "work", "ZIPS": "zips", "FPS": 30})
    table = kept(folder).set_index("item")
    assert set(table.index) == {*before["item"], "subject023_session0/img00000012"}
    row = table.loc["subject023_session0/img00000012"]
    assert row["time"] == pytest.approx(0.4)
    assert read_barcode(read_image(folder / row["path"])) == 12
    assert "subject024_session0.zip was not imported" in shown
    assert "img00000004.png" in shown
    assert shown.count("a picture") == 2


@pytest.fixture(scope="module")
def difficult(run: Run, extracted: str, folder: Path, studio: Studio) -> str:
    poses = folder / "poses"
    poses.mkdir()
    for clip in ("carphone_pristine", "bigbuckbunny"):
        shutil.copy(packaged_videos(folder / "packaged") / f"{clip}.mp4", poses)
        simulated_poses(clip).to_csv(poses / f"{clip}_{SCORER}.csv")
    parameters = {"TITLE": TITLE, "PREDICTIONS": "poses", "VIDEOS": "carphone_pristine", "N": 2, "ANNOTATORS": "ana"}
    return run("07_select_difficult_frames", {"WORKDIR": "work", "STOP": 60, **parameters})


@pytest.mark.slow
def test_07_writes_the_models_mistakes_of_the_chosen_video(difficult: str, folder: Path) -> None:
    table = kept(folder, "difficult.csv")
    assert table["item"].tolist() == ["carphone_pristine/img00000024", "carphone_pristine/img00000057"]
    assert "left_eye" in table["reason"][0]
    assert "right_eye" in table["reason"][1]
    assert set(table["item"]) < set(kept(folder)["item"])
    assert "bigbuckbunny" in difficult
    assert difficult.count("a picture") == 2


@pytest.mark.slow
def test_07_sends_the_models_points_along(difficult: str, folder: Path, studio: Studio) -> None:
    study = studio.open_study(TITLE)
    (project,) = study.projects["project"]
    sent = study.server.predictions(project)
    assert {told["model_version"] for told in sent} == {SCORER}
    assert len(sent) == 2
    assert all(0.7 < told["score"] <= 1 for told in sent)
    task = {task["id"]: task["meta"]["item"] for task in study.server.export(project)}
    assert all(task["data"]["path"].startswith("gs://") for task in study.server.export(project))
    points = {task[told["task"]]: told["result"] for told in sent}["carphone_pristine/img00000057"]
    assert [point["value"]["keypointlabels"] for point in points] == [[part] for part in PARTS]
    expected = simulated_poses("carphone_pristine").loc[57, (SCORER, "nose", "x")] / 176 * 100
    assert points[2]["value"]["x"] == pytest.approx(expected)


@pytest.mark.slow
def test_07_says_so_while_nobody_has_labelled(difficult: str, folder: Path) -> None:
    assert "2 skipped" in difficult


@pytest.mark.slow
def test_07_adds_to_its_study_and_collects_what_people_mended(
    run: Run, difficult: str, folder: Path, studio: Studio
) -> None:
    study = studio.open_study(TITLE)
    (project,) = study.projects["project"]
    tasks = {task["meta"]["item"]: task["id"] for task in study.server.export(project)}
    point = {"x": 50, "y": 25, "width": 0.75, "keypointlabels": ["nose"]}
    about = {"from_name": "part", "to_name": "path", "type": "keypointlabels", "original_width": 176}
    result = {"id": "r", **about, "original_height": 144, "value": point}
    study.server.annotate(tasks["carphone_pristine/img00000024"], [result], lead_time=2.0)

    parameters = {"TITLE": TITLE, "PREDICTIONS": "poses", "N": 3, "ANNOTATORS": "ana", "CLEAN_UP": True}
    run("07_select_difficult_frames", {"WORKDIR": "work", **parameters}, twice=False)
    table = kept(folder, "difficult.csv")
    assert table["video"].value_counts().tolist() == [5, 3]
    assert table["frame"].tail(5).tolist() == [24, 57, 85, 104, 116]
    collected = pd.read_csv(
        folder / "work" / "labels" / "CollectedData_lsnb.csv", header=[0, 1, 2], index_col=0
    ).droplevel("scorer", axis=1)
    assert collected.index.tolist() == ["labeled-data/carphone_pristine/img00000024.png"]
    assert collected.loc[:, ("nose", ["x", "y"])].to_numpy().tolist() == [[88.0, 36.0]]
    assert collected.columns.get_level_values(0).unique().tolist() == list(PARTS)
    assert TITLE not in studio.studies()["title"].tolist()
    assert len(list((folder / "work").glob("*.zip"))) == 1


@pytest.mark.slow
def test_07_names_the_videos_that_there_are_when_one_is_misspelt(run: Run, difficult: str) -> None:
    with pytest.raises(papermill.PapermillExecutionError, match="Did you mean 'carphone_pristine'"):
        run("07_select_difficult_frames", {"WORKDIR": "work", "PREDICTIONS": "poses", "VIDEOS": "carphone"})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the notebooks as they are, whose default WORKDIR lies beside them."""
    folder = tmp_path_factory.mktemp("shared")
    for number in ("05", "06", "07"):
        for path in style.NOTEBOOKS.glob(f"{number}_*.ipynb"):
            shutil.copy(path, folder)
    return folder


def run_by_nbmake(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EXTRACT_FRAMES", "IMPORT_FRAMES", "SELECT_DIFFICULT_FRAMES"):
        monkeypatch.delenv(f"LSNB_{name}_WORKDIR", raising=False)
    result = NotebookRun(path, 300).execute()
    assert result.error is None, result.error.summary if result.error else ""


@pytest.mark.exhaustive
def test_05_06_07_05_and_07_work_in_one_folder_with_all_defaults(
    shared: Path, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = ("05_extract_frames", "06_import_frames", "07_select_difficult_frames") * 2
    items: set[str] = set()
    for number, name in enumerate(place for place in order if place != "06_import_frames" or not items):
        run_by_nbmake(shared / f"{name}.ipynb", monkeypatch)
        table = lsnb.read_table(shared / "lsnb-work" / "demo" / "frames.csv", key="item")
        assert items <= set(table["item"]), f"run {number} lost frames"
        items = set(table["item"])
        if name.startswith("07"):
            difficult = lsnb.read_table(shared / "lsnb-work" / "demo" / "difficult.csv", key="item")
            assert len(difficult) >= 5
            assert set(difficult["item"]) <= items
            assert len(studio.open_study("Difficult frames").progress()) == 3
    studio.open_study("Difficult frames").delete("Difficult frames", out=shared / "saved.zip")


@pytest.mark.exhaustive
def test_07_alone_and_again_chooses_nothing_twice_and_ends_well(run: Run, folder: Path, studio: Studio) -> None:
    parameters = {"WORKDIR": "again", "TITLE": "Difficult again", "N": 2, "ANNOTATORS": "ana"}
    for _ in range(2):
        run("07_select_difficult_frames", parameters)
    assert len(lsnb.read_table(folder / "again" / "demo" / "difficult.csv", key="item")) == 8
    studio.open_study("Difficult again").delete("Difficult again", out=folder / "again.zip")


@pytest.mark.exhaustive
def test_07_gives_every_tools_video_its_own_body_parts(run: Run, folder: Path, studio: Studio) -> None:
    poses = folder / "two tools"
    poses.mkdir()
    for clip, others in (("carphone_pristine", {}), ("bigbuckbunny", {part: f"bunny_{part}" for part in PARTS})):
        shutil.copy(packaged_videos(folder / "packaged") / f"{clip}.mp4", poses)
        simulated_poses(clip).rename(columns=others).to_csv(poses / f"{clip}_{SCORER}.csv")
    parameters = {"WORKDIR": "tools", "TITLE": "Two tools", "PREDICTIONS": "two tools", "N": 2, "ANNOTATORS": "ana"}
    run("07_select_difficult_frames", {**parameters, "VIDEOS": "carphone_pristine"}, twice=False)
    run("07_select_difficult_frames", parameters, twice=False)
    study = studio.open_study("Two tools")
    (project,) = study.projects["project"]
    drawn = {
        point["value"]["keypointlabels"][0] for told in study.server.predictions(project) for point in told["result"]
    }
    assert drawn == {*PARTS, *(f"bunny_{part}" for part in PARTS)}
    assert all(told["result"] for told in study.server.predictions(project))
    study.delete("Two tools", out=folder / "two.zip")
