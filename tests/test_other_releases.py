"""The main job on other releases of Label Studio, and a study that moves from one to the other and back.

Each folder in ``LSNB_RELEASES`` is a release's environment, as ``.ci/matrix`` makes them, and ``LSNB_POSTGRES`` names a
database for today's release; without either nothing runs here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from moods import CONFIG, said, texts
from postgres_server import WHERE, label_studio, postgres_server

import lsnb

if TYPE_CHECKING:
    from lsnb.study import Studio, Study

FOLDER = os.environ.get("LSNB_RELEASES", "")
RELEASES = sorted(path.name for path in Path(FOLDER).iterdir() if (path / "bin" / "python").exists()) if FOLDER else []
OTHERS = [*RELEASES, *(["postgresql"] if os.environ.get(WHERE) else [])]
NUMBERS = ["project", "task", "annotation"]

pytestmark = [
    pytest.mark.usefixtures("own_cache"),
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        not OTHERS, reason=f"neither LSNB_RELEASES nor {WHERE} names another Label Studio (.ci/matrix makes them)"
    ),
]


@pytest.fixture(scope="module", params=OTHERS)
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("other")
    if request.param == "postgresql":
        with postgres_server(folder) as (url, key):
            yield lsnb.connect(url, key)
        return
    home = Path(FOLDER) / request.param
    if (home / "template").exists():  # a migrated, empty database saves two minutes
        shutil.copytree(home / "template", folder / "data")
    with label_studio(home / "bin" / "python", folder) as (url, key):
        studio = lsnb.connect(url, key)
        assert studio.release.startswith(request.param)
        yield studio


def answer(studio: Studio, study: Study) -> None:
    for n, copy in enumerate(study.copies):
        for k, task in enumerate(sorted(studio.server.export(copy.project.id), key=lambda one: one["meta"]["item"])):
            studio.server.annotate(task["id"], said("good" if k % (n + 2) else "bad"), lead_time=1.0 + k)


def same(left: pd.DataFrame, right: pd.DataFrame, *but: str) -> None:
    pd.testing.assert_frame_equal(left.drop(columns=[*NUMBERS, *but]), right.drop(columns=[*NUMBERS, *but]))


def test_the_main_job_from_making_to_deleting(other: Studio, tmp_path: Path) -> None:
    table = texts(6).assign(guess=["good", "bad"] * 3)
    given = {"key": "id", "annotators": ["ana", "ben"], "predictions": {"guess": "mood"}, "model_version": "v1"}
    study = other.create_study("Moods", CONFIG, table, **given)
    assert study.report is not None
    assert study.report.table["status"].tolist() == ["created"] * 2
    assert study.model_run("v1").answers("mood")["mood"].tolist() == table["guess"].tolist()
    answer(other, study)
    assert study.progress()["done"].tolist() == [6, 6]
    found = study.annotations()
    assert sorted(found[["item", "annotator", "value"]].values.tolist()) == [
        [f"{k:04d}", name, "good" if k % by else "bad"] for k in range(6) for name, by in (("ana", 2), ("ben", 3))
    ]
    changed = pd.concat([table.assign(caption=table["caption"].where(table["id"] != "0001", "another")), texts(1, 6)])
    statuses = study.sync(changed, predictions={"guess": "mood"}).table.groupby("item")["status"].agg(set)
    assert statuses["0006"] == {"created"}
    assert statuses["0000"] == {"unchanged"}
    assert study.add_annotator("eva").summary == "1 created"
    assert set(study.annotations()["annotator"]) == {"ana", "ben", "eva"}
    assert -1 <= lsnb.agreement(study.annotations(), "mood").alpha <= 1
    wider = lsnb.LabelConfig.text("caption").choices("mood", ["good", "bad", "none"], title="Mood?")
    assert set(study.update_config(wider).table["status"]) <= {"changed", "updated", "done"}
    deciding = study.adjudicate(by="eva", items=["0001", "0002"])
    task = other.server.export(deciding.project)[0]
    other.server.annotate(task["id"], said("good"))
    gold = other.open_study("Moods").gold("mood").set_index("item")
    assert gold.loc[task["meta"]["item"], "value"] == "good"
    study.delete("Moods", out=tmp_path / "saved.zip")
    assert other.studies().empty


def test_a_study_moves_to_the_other_release_and_back(studio: Studio, other: Studio, tmp_path: Path) -> None:
    table = texts(5).assign(guess=["good", "bad", "good", "bad", "good"])
    given = {"key": "id", "annotators": ["ana", "ben"], "predictions": {"guess": "mood"}, "model_version": "v1"}
    study = studio.create_study("Moving", CONFIG, table, **given)
    answer(studio, study)
    known = study.annotations(raw=True)
    decided = study.gold("mood")
    study.backup(tmp_path / "here.zip")
    study.delete("Moving", out=tmp_path / "saved.zip")
    there = other.restore(tmp_path / "here.zip")
    same(there.annotations(raw=True), known, "account")  # the other server has accounts of its own
    pd.testing.assert_frame_equal(there.gold("mood"), decided)
    assert there.model_run("v1").answers("mood")["mood"].tolist() == table["guess"].tolist()
    there.backup(tmp_path / "there.zip")
    back = studio.restore(tmp_path / "there.zip")
    same(back.annotations(raw=True), known)
    back.delete("Moving", out=tmp_path / "again.zip")
    there.delete("Moving", out=tmp_path / "other.zip")
