"""A table and its study kept together, on the real server."""

from __future__ import annotations

import contextlib
import csv
import io
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from faulty_proxy import FaultyProxy, faulty_proxy
from moods import CONFIG, said, texts

import lsnb
from lsnb.bucket import Bucket
from lsnb.errors import InputError, StudioError
from lsnb.stack import Stack
from lsnb.study import Studio, Study
from lsnb.study.creating import make_copies, plan_study
from lsnb.study.rows import Reading

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def studio(stack: Stack) -> Studio:
    return lsnb.connect(stack.url, stack.api_key)


def tasks_of(study: Study, annotator: str = "ana") -> dict[str, dict[str, Any]]:
    project = study.projects.set_index("annotator").loc[annotator, "project"]
    return {task["meta"]["item"]: task for task in study.server.export(project)}


def predictions_of(study: Study, annotator: str = "ana") -> dict[str, list[str]]:
    tasks = tasks_of(study, annotator)
    project = study.projects.set_index("annotator").loc[annotator, "project"]
    told = study.server.predictions(project)
    return {
        item: [p["result"][0]["value"]["choices"][0] for p in told if p["task"] == task["id"]]
        for item, task in tasks.items()
    }


def choose(study: Study, item: str, value: str, annotator: str = "ana") -> int:
    return study.server.annotate(tasks_of(study, annotator)[item]["id"], said(value), lead_time=1.0)


def reopened(studio: Studio, study: Study) -> Study:
    """The study as a fresh kernel opens it, with nothing in memory."""
    return studio.open_study(study.title)


def test_keys_that_only_look_like_the_studys_are_said(study: Study) -> None:
    table = texts(6).assign(id=[f"{key}\u200b" for key in texts(6)["id"]])
    report = study.sync(table, dry_run=True)
    assert [note for note in report.notes if "look alike are apart ('0000' and '0000\\u200b'," in note]


def test_rows_already_there_cost_no_write(stack: Stack, study: Study) -> None:
    with faulty_proxy(stack.url) as proxy:
        through = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        proxy.reset()
        report = through.sync(texts(6))
        assert report.summary == "0 created, 0 updated, 0 answers pulled"
        assert "\n0 answers in all, 0 new, changed or gone since last time.\n" in f"{report!r}\n"
        assert {method for method, _ in proxy.requests} == {"GET"}


OWN = """id,caption,zip,price,n,part,flag,words,said,odd,rounded
01,01001,01001,1.50,1,1,True,None,=1+1,"a
b",1.79E+18
02,NA,20095,2.00,,2.5,,NA,'=1,"x; ""y"" z",5
03,+3,1,,3,,False,n/a,-abc,"\rz ",1E5
04,"[""a""]",,1e5,4,0.1,True,null,@ana," ",
05,1.50,00000,+1,5,3,False,nan,"[""a"", ""b""]",é 👩‍👩‍👧,-0
"""


def test_own_columns_come_out_of_labelled_csv_letter_for_letter(studio: Studio, title: str, tmp_path: Path) -> None:
    path = tmp_path / "media.csv"
    path.write_bytes(OWN.encode())
    table = lsnb.read_table(path, key="id")
    study = studio.create_study(title, CONFIG, table, key="id", annotators=["ana", "ben"])
    captions = {item: task["data"]["caption"] for item, task in tasks_of(study).items()}
    assert captions == {"01": "01001", "02": "NA", "03": "+3", "04": '["a"]', "05": "1.50"}
    choose(study, "02", "good")
    choose(study, "05", "bad")
    given = list(csv.reader(io.StringIO(OWN, newline="")))
    for _ in range(2):
        report = reopened(studio, study).sync(table)
        assert report.counts.get("created", 0) == report.counts.get("updated", 0) == 0
        written = lsnb.write_table(report.labelled, tmp_path / "labelled.csv", quote_formulas=False)
        with written.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        assert [row[: len(given[0])] for row in rows] == given
        assert [row[rows[0].index("mood")] for row in rows] == ["mood", "", "good", "", "", "bad"]
        table = lsnb.read_table(written, key="id")  # the table goes on as what came out
    theirs = table.assign(mood="bad")  # a model's labels in a column that is called as the control is
    for _ in range(2):
        report = reopened(studio, study).sync(theirs)
        assert report.labelled["mood"].tolist() == ["bad"] * 5
        assert report.labelled["mood (answers)"].fillna("").tolist() == ["", "good", "", "", "bad"]
        assert "has a column 'mood' of its own, which stays: the answers are in 'mood (answers)'" in repr(report)
        theirs = report.labelled
    report = reopened(studio, study).sync(table.assign(mood=[None, "bad", None, None, "bad"]))
    assert report.labelled["mood"].fillna("").tolist() == ["", "good", "", "", "bad"]
    assert "In column 'mood' the table held something else than the answers are now" in repr(report)
    assert "replaced it: item 02." in repr(report)
    theirs = table.assign(**{"mood (answers)": list("vwxyz")})  # and one that is called as ours would be beside it
    for _ in range(2):
        theirs = reopened(studio, study).sync(theirs).labelled
        assert theirs["mood (answers)"].tolist() == list("vwxyz")
        assert theirs["mood"].fillna("").tolist() == ["", "good", "", "", "bad"]


def test_twelve_synced_and_two_inserted_creates_two(study: Study) -> None:
    assert study.sync(texts(12)).counts["created"] == 12  # six more, in each of two projects
    table = pd.concat([texts(12).head(5), texts(2, start=50), texts(12).tail(7)])
    report = study.sync(table)
    assert report.counts["created"] == 4
    assert report.counts["unchanged"] == 24
    assert len(tasks_of(study)) == 14
    assert study.sync(table).counts.get("created", 0) == 0


@pytest.mark.slow
def test_many_rows_take_few_imports(stack: Stack, study: Study) -> None:
    with faulty_proxy(stack.url) as proxy:
        through = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        proxy.reset()
        assert through.sync(texts(250)).counts["created"] == 2 * 244
        assert sum("import" in path for method, path in proxy.requests if method == "POST") == 2


def test_a_whole_page_of_changes_is_read(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page past the last is a 404 on the server, also when the last page is full."""
    monkeypatch.setattr("lsnb.studio.server.PAGE", 3)
    project = study.projects["project"][0]
    assert len(study.server.changed_tasks(project, "1970-01-01T00:00:00.000000Z")) == 6


def test_changed_data_is_changed_in_place_and_keeps_its_annotations(study: Study) -> None:
    choose(study, "0002", "good")
    before = tasks_of(study)
    table = texts(6)
    table.loc[2, "caption"] = "mended"
    report = study.sync(table)
    assert report.counts["updated"] == 2
    after = tasks_of(study)
    assert after["0002"]["id"] == before["0002"]["id"]
    assert after["0002"]["data"]["caption"] == "mended"
    assert [a["id"] for a in after["0002"]["annotations"]] == [a["id"] for a in before["0002"]["annotations"]]
    assert study.sync(table).counts.get("updated", 0) == 0


def test_removed_rows_are_reported_and_kept(study: Study) -> None:
    report = study.sync(texts(4))
    assert report.counts["kept"] == 4
    assert any("No longer in the table" in note for note in report.notes)
    assert len(tasks_of(study)) == 6


def test_removed_rows_are_saved_and_deleted(study: Study, tmp_path: Path) -> None:
    choose(study, "0005", "bad")
    report = study.sync(texts(4), on_removed="delete", out=tmp_path / "saved")
    assert report.counts["removed"] == 4
    assert sorted(tasks_of(study)) == ["0000", "0001", "0002", "0003"]
    saved = "".join(path.read_text() for path in (tmp_path / "saved").iterdir())
    assert '"0005"' in saved
    assert '"bad"' in saved
    assert study.sync(texts(4), on_removed="delete").counts == {"unchanged": 8}


def test_annotations_come_back_made_edited_skipped_and_deleted(studio: Studio, study: Study) -> None:
    table = texts(6)
    assert study.sync(table).pulled == 0
    annotation = choose(study, "0001", "good")
    report = study.sync(table)
    assert report.pulled == 1
    assert report.labelled.set_index("id").loc["0001", "mood"] == "good"
    assert report.labelled["mood"].isna().sum() == 5
    assert study.sync(table).pulled == 0

    ask = study.server._ask
    ask(
        "PATCH",
        f"/api/annotations/{annotation}/",
        json={
            "result": [{"from_name": "mood", "to_name": "caption", "type": "choices", "value": {"choices": ["bad"]}}]
        },
    )
    report = study.sync(table)
    assert report.pulled == 1
    assert report.labelled.set_index("id").loc["0001", "mood"] == "bad"

    ask("POST", f"/api/tasks/{tasks_of(study)['0003']['id']}/annotations/", json={"result": [], "was_cancelled": True})
    assert "2 answers in all (1 skipped), 1 new, changed or gone" in repr(study.sync(table))

    ask("DELETE", f"/api/annotations/{annotation}/")
    report = study.sync(table)
    assert report.pulled == 1
    assert report.labelled["mood"].isna().all()
    assert reopened(studio, study).sync(table).pulled == 0


@pytest.mark.slow
def test_a_fresh_kernel_asks_for_changes_only(stack: Stack, studio: Studio, study: Study) -> None:
    study.sync(texts(6))
    choose(study, "0004", "good", "ben")
    with faulty_proxy(stack.url) as proxy:
        # The cache is keyed by the server's address, so the first look through the proxy reads all.
        lsnb.connect(proxy.url, stack.api_key).open_study(study.title).pull()
        choose(study, "0005", "good", "ben")
        fresh = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        proxy.reset()
        assert fresh.pull().pulled == 1
        assert not [path for _, path in proxy.requests if "export" in path and "ids" not in path]


def test_deleting_the_cache_changes_nothing_but_time(studio: Studio, study: Study, tmp_path: Path) -> None:
    import shutil

    choose(study, "0001", "good")
    first = study.sync(texts(6), answers="all").labelled
    shutil.rmtree(tmp_path / "cache")
    pd.testing.assert_frame_equal(reopened(studio, study).sync(texts(6), answers="all").labelled, first)


@pytest.mark.slow
def test_a_table_much_larger_than_the_study_is_told_before_it_becomes_tasks(study: Study) -> None:
    choose(study, "0001", "good")
    with pytest.warns(UserWarning, match="holds 6 of the table's 12 items, as a sample does: 6 are new to it"):
        report = study.sync(texts(12), dry_run=True)
    assert "<p>1 answer in all, 1 new, changed or gone since last time.</p>" in report._repr_html_()
    study.sync(texts(8))  # a study that grows by a few is none that was drawn
    assert study.sync(texts(8)).total == "1 answer in all, 0 new, changed or gone since last time."


def test_whose_answers(study: Study) -> None:
    choose(study, "0001", "good", "ana")
    choose(study, "0001", "bad", "ben")
    choose(study, "0002", "bad", "ben")
    table = texts(6)
    every = study.sync(table, answers="all").labelled.set_index("id")
    assert every.loc["0001", ["mood (ana)", "mood (ben)"]].tolist() == ["good", "bad"]
    assert study.sync(table, answers="ben").labelled.set_index("id").loc["0001", "mood"] == "bad"
    most = study.sync(table).labelled.set_index("id")["mood"]
    assert pd.isna(most["0001"])
    assert most["0002"] == "bad"
    with pytest.raises(InputError, match="'majority', 'all' or one of ana, ben"):
        study.sync(table, answers="dora")


def test_the_table_that_comes_back_can_be_synced_again(study: Study) -> None:
    choose(study, "0001", "good")
    labelled = study.sync(texts(6)).labelled
    assert list(labelled.columns) == ["id", "caption", "f", "mood"]
    again = study.sync(labelled)
    assert again.summary == "0 created, 0 updated, 0 answers pulled"
    pd.testing.assert_frame_equal(again.labelled, labelled)


def test_a_users_own_column_that_is_called_like_a_control_is_data(studio: Studio, title: str) -> None:
    table = texts(3).assign(mood="theirs")
    study = studio.create_study(title, CONFIG, table, key="id", annotators=1, columns=["mood"])
    assert tasks_of(study, "1")["0001"]["data"]["mood"] == "theirs"
    assert study.sync(table).counts == {"unchanged": 3}


def test_a_task_deleted_on_the_server_is_said_made_again_and_its_answers_stay(study: Study) -> None:
    choose(study, "0003", "good")
    study.sync(texts(6))
    project = study.projects["project"][0]
    study.server.delete_tasks(project, [tasks_of(study)["0003"]["id"]])
    report = study.sync(texts(6))
    assert any("Deleted on the server in ana's project: item 0003" in note for note in report.notes)
    assert report.labelled.set_index("id").loc["0003", "mood"] == "good"
    assert report.counts["created"] == 1
    assert "0003" in tasks_of(study)
    assert study.sync(texts(6)).labelled.set_index("id").loc["0003", "mood"] == "good"


def test_tasks_that_others_added_are_left_alone(study: Study) -> None:
    project = study.projects["project"][0]
    study.server.import_tasks(project, [{"data": {"caption": "a stranger"}}])
    report = study.sync(texts(6))
    assert any("1 task in ana's project was added by others" in note for note in report.notes)
    assert report.counts == {"unchanged": 12}
    assert study.server.project(project).tasks == 7
    with pytest.warns(UserWarning, match="1 task in ana's project was added by others"):
        assert study.projects["tasks"].tolist() == [6, 6]


@pytest.mark.slow
def test_doubles_are_merged_and_none_that_carries_answers_is_removed(study: Study) -> None:
    project = study.projects["project"][0]
    original = tasks_of(study)["0001"]
    copy = {"data": original["data"], "meta": original["meta"]}
    study.server.import_tasks(project, [copy, copy])
    doubles = [task for task in study.server.export(project) if task["meta"]["item"] == "0001"]
    result = [{"from_name": "mood", "to_name": "caption", "type": "choices", "value": {"choices": ["good"]}}]
    study.server.annotate(doubles[1]["id"], result, lead_time=1)
    report = study.sync(texts(6))
    assert report.counts["merged"] == 1
    left = [task for task in study.server.export(project) if task["meta"]["item"] == "0001"]
    assert [task["id"] for task in left] == [doubles[1]["id"]]
    assert report.labelled.set_index("id").loc["0001", "mood"] == "good"


@pytest.mark.slow
def test_a_deleted_project_is_a_failed_row(study: Study) -> None:
    choose(study, "0001", "good", "ben")
    study.sync(texts(6))
    study.server.delete_project(study.projects["project"][0])
    report = study.sync(texts(6))
    assert report.counts["failed"] == 1
    assert any("ana's project could not be read" in note for note in report.notes)
    assert report.labelled.set_index("id").loc["0001", "mood"] == "good"


def test_a_config_edited_by_a_teammate_is_said(study: Study) -> None:
    project = int(study.projects["project"][0])
    config = study.server.project(project).config or ""
    study.server._ask("PATCH", f"/api/projects/{project}/", json={"label_config": config.replace("bad", "poor")})
    report = study.sync(texts(6))
    assert any("edited on the server for ana" in note for note in report.notes)


def test_a_dry_run_changes_nothing(stack: Stack, study: Study) -> None:
    table = pd.concat([texts(5), texts(2, start=70)])
    table.loc[table["id"] == "0001", "caption"] = "mended"
    with faulty_proxy(stack.url) as proxy:
        through = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        proxy.reset()
        report = through.sync(table, on_removed="delete", dry_run=True)
        assert {method for method, _ in proxy.requests} == {"GET"}
    assert report.counts == {"created": 4, "updated": 2, "unchanged": 8, "removed": 2}
    assert report.summary.startswith("dry run: 4 created, 2 updated")
    assert "nothing was changed on the server" in repr(report)


def test_a_view_of_the_table(studio: Studio, title: str) -> None:
    table = texts(6).assign(lang=["de", "fr"] * 3)
    study = studio.create_study(title, CONFIG, table, key="id", annotators=1, where="lang == 'de'")
    assert len(tasks_of(study, "1")) == 3
    assert study.sync(table).counts == {"unchanged": 3}
    assert reopened(studio, study).sync(table.assign(lang="de")).counts == {"created": 3, "unchanged": 3}
    with pytest.raises(InputError, match="cannot be applied"):
        study.sync(table, where="langg == 'de'")


def test_columns_are_mapped_to_fields(studio: Studio, title: str) -> None:
    table = texts(2).rename(columns={"caption": "Text (raw)"})
    study = studio.create_study(title, CONFIG, table, key="id", annotators=1, columns={"Text (raw)": "caption"})
    assert tasks_of(study, "1")["0001"]["data"] == {"id": "0001", "caption": "text 1"}
    assert study.sync(table).counts == {"unchanged": 2}
    with pytest.raises(InputError, match="shows caption"):
        study.sync(table, columns={"Text (raw)": "captoin"})


def test_local_files_are_uploaded_first_and_an_empty_cell_is_a_reported_row(
    studio: Studio, bucket: Bucket, title: str, tmp_path: Path
) -> None:
    table = lsnb.read_table(lsnb.local.demo_images(tmp_path), key="id").head(3)
    config = lsnb.LabelConfig.image("path").choices("mood", ["good", "bad"])
    study = studio.create_study(title, config, table.head(2), key="id", annotators=1, bucket=bucket)
    assert all(task["data"]["path"].startswith("gs://") for task in tasks_of(study, "1").values())
    holed = table.copy()
    holed.loc[holed.index[2], "path"] = None
    report = study.sync(holed, bucket=bucket)
    assert report.counts == {"unchanged": 2, "skipped": 1}
    assert "has no image" in report.table.set_index("status").loc["skipped", "error"]
    assert study.sync(table, bucket=bucket).counts == {"created": 1, "unchanged": 2}


@pytest.mark.slow
def test_two_annotators_an_item_also_for_rows_that_come_later(studio: Studio, title: str) -> None:
    study = studio.create_study(title, CONFIG, texts(6), key="id", annotators=["ana", "ben", "eva"], overlap=2)
    assert sum(study.projects["tasks"]) == 12
    assert study.sync(texts(9)).counts["created"] == 6
    assert sorted(study.projects["tasks"]) == [6, 6, 6]
    assert study.sync(texts(9)).counts == {"unchanged": 18}


def run_cut(proxy: FaultyProxy, study: Study, table: pd.DataFrame, n: int, fate: Any) -> int:
    """Sync with every request from the n-th on failing; return how many were made."""
    proxy.reset()
    proxy.fate = lambda method, path, count: fate if count >= n else "pass"
    with contextlib.suppress(StudioError):
        study.sync(table)
    made = len(proxy.requests)
    proxy.reset()
    return made


@pytest.mark.exhaustive
@pytest.mark.parametrize("fate", ["lose reply", "cut", "refuse"])
def test_cut_after_any_request_and_run_again(stack: Stack, study: Study, fate: str) -> None:
    """Every request in turn is the last that works; then the same call is made again, from a fresh kernel."""
    choose(study, "0001", "good")
    with faulty_proxy(stack.url) as proxy:
        studio = lsnb.connect(proxy.url, stack.api_key)
        n, made, table = 0, 1, texts(6)
        while made > n:
            n += 1
            table = pd.concat([table, texts(1, start=100 + n)], ignore_index=True)
            table.loc[table["id"] == "0002", "caption"] = f"edited {n}"
            made = run_cut(proxy, studio.open_study(study.title), table, n, fate)
            report = studio.open_study(study.title).sync(table)
            assert not len(report.failures), (n, report)
            for annotator in ("ana", "ben"):
                project = study.projects.set_index("annotator").loc[annotator, "project"]
                held = {task["meta"]["item"]: task for task in study.server.export(project)}
                assert sorted(held) == sorted(table["id"]), n
                assert study.projects.set_index("annotator").loc[annotator, "tasks"] == len(table)
                assert held["0002"]["data"]["caption"] == f"edited {n}"
            assert report.labelled.set_index("id").loc["0001", "mood"] == "good"
    assert n >= 8


GUESSED = {"guess": "bad", "user": "ana_1", "path": "/home/ana/1.jpg", "lang": "de"}


@pytest.mark.slow
def test_only_what_is_shown_named_or_needed_travels(studio: Studio, title: str) -> None:
    table = texts(3).assign(**GUESSED)
    study = studio.create_study(title, CONFIG, table, key="id", annotators=["ana"], columns=["lang"])
    assert {frozenset(task["data"]) for task in tasks_of(study).values()} == {frozenset({"id", "caption", "lang"})}
    assert "Annotators see caption, and id, lang in the task list. They do not see f, guess, user" in repr(study)
    assert "They do not see f, guess, user, path" in study._repr_html_()
    again = reopened(studio, study)
    # What stays with the user does not matter to the server, and comes back with the answers.
    changed = table.assign(guess="good")
    report = again.sync(changed)
    assert report.counts == {"unchanged": 3}
    assert list(report.labelled.columns) == [*changed.columns, "mood"]
    more = pd.concat([changed, texts(1, start=9).assign(**GUESSED)], ignore_index=True)
    assert again.sync(more.assign(lang="fr")).counts == {"created": 1, "updated": 3}
    assert {frozenset(task["data"]) for task in tasks_of(study).values()} == {frozenset({"id", "caption", "lang"})}
    assert "They do not see f, guess" in "\n".join(again.sync(more, dry_run=True).notes)
    report = again.sync(more)
    assert "They do not see f, guess" in report.seen
    assert report.seen in repr(report)
    assert "They do not see f, guess" in report._repr_html_()
    assert not again.pull().seen
    # Another choice stays, also for the next kernel.
    assert again.sync(more, columns=[]).counts == {"updated": 4}
    assert reopened(studio, study).sync(more).counts == {"unchanged": 4}
    assert {frozenset(task["data"]) for task in tasks_of(study).values()} == {frozenset({"id", "caption"})}
    with pytest.raises(InputError, match=r"join your own table by 'item', or name the column .*columns=\['guess'\]"):
        study.annotations(data=["guess"])


def test_a_list_and_pairs_name_columns(studio: Studio, title: str) -> None:
    table = texts(2).rename(columns={"caption": "Text (raw)"}).assign(**GUESSED)
    pairs = {"Text (raw)": "caption", "lang": "lang"}
    study = studio.create_study(title, CONFIG, table, key="id", annotators=["ana"], columns=pairs)
    assert tasks_of(study)["0001"]["data"] == {"id": "0001", "caption": "text 1", "lang": "de"}
    assert reopened(studio, study).sync(table).counts == {"unchanged": 2}
    with pytest.raises(
        InputError, match=r"columns names 'lnag', and the table has no such column\. Did you mean 'lang'"
    ):
        study.sync(table, columns=["lnag"])
    with pytest.raises(InputError, match=r"columns is 'lang': give pairs .* or a list of what else annotators may see"):
        study.sync(table, columns="lang")


def test_a_config_that_shows_more_is_taken_once_the_column_is_there(studio: Studio, title: str) -> None:
    table = texts(2).assign(**GUESSED)
    study = studio.create_study(title, CONFIG, table, key="id", annotators=["ana"])
    config = lsnb.LabelConfig.text("caption").text("lang").choices("mood", ["good", "bad"], to="caption")
    with pytest.raises(InputError, match=r"study\.sync\(table, columns=\['lang'\]\) brings it in"):
        study.update_config(config)
    study.sync(table, columns=["lang"])
    study.update_config(config)
    assert study.sync(table).counts == {"unchanged": 2}


@pytest.mark.slow
def test_a_study_made_by_an_older_release_goes_on_as_it_was(studio: Studio, title: str) -> None:
    table = texts(3).assign(**GUESSED)
    plan = plan_study(title, CONFIG, table, Reading("id", whole_rows=True), annotators=["ana", "ben"])
    make_copies(studio.server, plan, origin=studio.browser_url)
    for project in studio.server.projects():
        if project.title.startswith(title[:30]):
            studio.server.describe_project(project.id, project.description.replace(',"whole_rows":true', ""))
    study = studio.open_study(title)
    assert not any("whole_rows" in copy.project.description for copy in study.copies)
    assert set(tasks_of(study)["0001"]["data"]) == {"id", "caption", "f", *GUESSED}
    assert study.sync(table).counts == {"unchanged": 6}
    assert study.sync(table.assign(user="b")).counts == {"updated": 6}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        same = studio.create_study(title, CONFIG, table.assign(user="b"), key="id", annotators=["ana", "ben"])
    assert same.report is not None
    assert same.report.counts == {"exists": 2}
