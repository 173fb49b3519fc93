"""Who did what: other accounts, changed answers, later annotators, our own removals, and what counts as a change."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from faulty_proxy import Fate, faulty_proxy
from moods import CONFIG, said, texts

import lsnb
from lsnb.bucket import Bucket
from lsnb.errors import InputError, StudyConflictError
from lsnb.labels import LabelConfig
from lsnb.stack import Stack
from lsnb.study import Studio, Study
from lsnb.study.creating import make_copies, plan_study
from lsnb.study.projects import account_notes
from lsnb.study.rows import Reading

pytestmark = pytest.mark.usefixtures("own_cache")

PICTURE = lsnb.LabelConfig.image("uri").choices("mood", ["good", "bad"])


def tasks_of(study: Study, annotator: str = "ana") -> dict[str, dict[str, Any]]:
    project = next(copy.project.id for copy in study.copies if copy.manifest.annotator == annotator)
    return {task["meta"]["item"]: task for task in study.server.export(project)}


def answer(study: Study, item: str, value: str, annotator: str = "ana") -> int:
    return study.server.annotate(tasks_of(study, annotator)[item]["id"], said(value), lead_time=1.0)


def second_account(stack: Stack, studio: Studio, name: str) -> tuple[str, Studio]:
    """Another person of the server, who signed up by the link: their address, and the server as they see it."""
    link = studio.server.invite_link()
    for again in range(30):
        # Where SQLite was busy with another test's work, Label Studio leaves half an account, which stays so.
        email = f"{name}.{again}@example.org"
        with httpx.Client(base_url=stack.url, follow_redirects=True) as http:
            http.get(link)
            answered = http.post(
                link,
                data={
                    "email": email,
                    "password": "a long password 1",
                    "csrfmiddlewaretoken": http.cookies["csrftoken"],
                    "allow_newsletters": "false",
                },
                headers={"Referer": link},
            )
            told = http.get("/api/current-user/token")
            token = told.json().get("token")
        if token:
            return email, lsnb.connect(stack.url, token)
    raise AssertionError(f"nobody could sign up: {answered.status_code}, {told.status_code} {told.text[:500]}")


@pytest.mark.slow
def test_an_account_that_answers_in_anothers_project_is_named(stack: Stack, studio: Studio, study: Study) -> None:
    email, other = second_account(stack, studio, f"ben.{study.id}")
    for item in ("0000", "0001"):
        answer(study, item, "good")
    theirs = other.open_study(study.title)
    answer(theirs, "0000", "bad", "ben")
    answer(theirs, "0001", "bad", "ben")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        study.annotations()
    answer(theirs, "0002", "bad", "ana")
    says = rf"{re.escape(email)} \(who answers for ben\) answered 1 time in ana's project, where {studio.user} answers"
    with pytest.warns(UserWarning, match=says):
        table = study.annotations()
    assert table["annotator"].value_counts().to_dict() == {"ana": 6, "ben": 6}
    assert any("answered 1 time in ana's project" in note for note in study.sync(texts(6)).notes)


def test_an_account_that_answers_for_two_is_named_where_others_have_their_own(studio: Studio) -> None:
    nobody, another = 7_000_000, 8_000_000  # numbers that no account of this server has
    given = [(who, account) for who, account in (("ana", nobody), ("ben", nobody), ("eva", another)) for _ in range(2)]
    (note,) = account_notes(studio.server, given)
    assert note.startswith("7000000 gave the answers of ana and ben alike, where others have accounts of their own")
    assert account_notes(studio.server, given[:4]) == []  # one account for all is nobody's fault
    own = next(int(number) for number, email in studio.server.accounts().items() if email == studio.user)
    assert account_notes(studio.server, [("ana", own), ("ben", own), ("eva", own + 1)]) == []  # as after an import


@pytest.mark.slow
def test_a_decision_is_offered_what_people_answer_now(study: Study) -> None:
    first = {who: answer(study, "0000", value, who) for who, value in (("ana", "good"), ("ben", "bad"))}
    for who, value in (("ana", "good"), ("ben", "bad")):
        answer(study, "0001", value, who)
    made = study.adjudicate(by="eva")
    assert made.report.counts == {"created": 2}

    def shown() -> dict[str, list[list[str]]]:
        told = sorted(study.server.predictions(made.project), key=lambda one: one["id"])
        return {
            task["meta"]["item"]: [
                [one["model_version"], *one["result"][0]["value"]["choices"]]
                for one in told
                if one["task"] == task["id"]
            ]
            for task in study.server.export(made.project)
        }

    before = shown()
    study.server._ask("PATCH", f"/api/annotations/{first['ben']}/", json={"result": said("good")})
    # They agree now, so it is no longer disputed; who decides it all the same sees what is answered.
    again = study.adjudicate(by="eva")
    assert again.report.table.values.tolist() == [["0001", "exists", None], ["0000", "updated", None]]
    assert sorted(shown()["0000"]) == [["ana", "good"], ["ben", "good"]]
    assert shown()["0001"] == before["0001"]
    assert study.adjudicate(by="eva").report.counts == {"exists": 1}

    decided = next(task["id"] for task in study.server.export(made.project) if task["meta"]["item"] == "0000")
    study.server.annotate(decided, said("bad"))
    study.server._ask("PATCH", f"/api/annotations/{first['ana']}/", json={"result": said("bad")})
    last = study.adjudicate(by="eva")
    assert any("changed an answer after item 0000 had been decided" in note for note in last.report.notes)
    assert study.gold("mood").set_index("item").loc["0000", ["value", "how"]].tolist() == ["bad", "adjudicated"]


def test_a_decision_shows_what_its_item_holds_now(study: Study) -> None:
    made = study.adjudicate(by="eva", items=["0000", "0001"])
    tasks = {task["meta"]["item"]: task["id"] for task in study.server.export(made.project)}
    study.server.annotate(tasks["0001"], said("bad"))
    study.sync(texts(6).replace({"text 0": "mended", "text 1": "mended, too"}))
    again = study.adjudicate(by="eva", items=["0000", "0001"])
    assert again.report.counts == {"updated": 2}
    assert again.report.notes == ("The data of item 0001 changed after it had been decided: the decision stays.",)
    shown = {task["id"]: task["data"]["caption"] for task in study.server.export(made.project)}
    assert shown == {tasks["0000"]: "mended", tasks["0001"]: "mended, too"}
    assert study.adjudicate(by="eva", items=["0000", "0001"]).report.counts == {"exists": 2}


def test_a_config_keeps_the_place_of_what_was_decided(study: Study) -> None:
    made = study.adjudicate(by="eva", items=["0000"])
    study.server.annotate(study.server.export(made.project)[0]["id"], said("good"))
    with pytest.raises(InputError, match="1 answer 'good' to 'mood' would have no place"):
        study.update_config(lsnb.LabelConfig.text("caption").choices("mood", ["bad"]))


def test_a_newcomers_name_that_looks_alike_is_refused(study: Study) -> None:
    with pytest.raises(InputError, match=r"has an annotator 'ana', and .* is too near"):
        study.add_annotator("a\u200bna")


@pytest.mark.slow
def test_a_later_annotator_gets_what_models_say(studio: Studio, title: str) -> None:
    table = texts(3).assign(guess=["good", "bad", None])
    study = studio.create_study(
        title, CONFIG, table, key="id", annotators=["ana", "ben"], predictions={"guess": "mood"}, model_version="t"
    )
    study.predict({"0000": said("bad"), "0002": said("good")}, model_version="m")
    study.assign_splits({"0001": "test"})
    study.add_annotator("eva")

    def models(annotator: str) -> dict[str, list[tuple[str, str]]]:
        project = next(copy.project.id for copy in study.copies if copy.manifest.annotator == annotator)
        told = study.server.predictions(project)
        return {
            item: sorted(
                (p["model_version"], p["result"][0]["value"]["choices"][0]) for p in told if p["task"] == task["id"]
            )
            for item, task in tasks_of(study, annotator).items()
        }

    assert (
        models("eva")
        == models("ana")
        == {
            "0000": [("m", "bad"), ("t", "good")],
            "0001": [("t", "bad")],
            "0002": [("m", "good")],
        }
    )
    shown = [study.server.project(copy.project.id).shown for copy in study.copies]
    assert shown == ["m"] * 3
    assert tasks_of(study, "eva")["0001"]["meta"]["split"] == "test"
    assert study.add_annotator("eva").counts == {"exists": 1}
    assert study.sync(table).counts == {"unchanged": 9}


def test_a_key_that_comes_back_as_text_is_no_change(studio: Studio, title: str) -> None:
    table = pd.DataFrame({"id": [1, 2, 3], "caption": ["a", "b", "c"]})
    study = studio.create_study(title, CONFIG, table, key="id", annotators=["ana"])
    text = table.assign(id=["1", "2", "3"])
    assert study.sync(text).counts == {"unchanged": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        again = studio.create_study(title, CONFIG, text, key="id", annotators=["ana"])
    assert again.report is not None
    assert again.report.counts == {"exists": 1}
    assert study.sync(text.assign(caption=["a", "b", "new"])).counts == {"unchanged": 2, "updated": 1}
    assert study.adjudicate(by="eva", items=table["id"].head(2)).report.table["item"].tolist() == ["1", "2"]


@pytest.mark.slow
def test_our_own_removals_are_nobody_elses(studio: Studio, study: Study, tmp_path: Path) -> None:
    answer(study, "0005", "bad")
    report = study.sync(texts(4), on_removed="delete", out=tmp_path)
    assert report.counts["removed"] == 4
    assert not any("Deleted on the server" in note for note in study.sync(texts(4)).notes)
    assert not any("Deleted on the server" in note for note in studio.open_study(study.title).sync(texts(4)).notes)
    # A second task of an item that is taken away is no deletion of the item.
    task = tasks_of(study)["0001"]
    study.server.import_tasks(study.copies[0].project.id, [{"data": task["data"], "meta": task["meta"]}])
    assert study.sync(texts(4)).counts["merged"] == 1
    assert not study.sync(texts(4)).notes


@pytest.mark.parametrize("kernel", ["the same", "another"])
def test_a_removal_that_was_cut_is_nobody_elses(
    stack: Stack, studio: Studio, study: Study, tmp_path: Path, kernel: str
) -> None:
    answer(study, "0005", "bad")
    with faulty_proxy(stack.url) as proxy:
        cut = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        assert cut.pull().answers == 1

        def lost(method: str, path: str, n: int) -> Fate:
            if "delete_tasks" in path:
                return "lose reply"
            return "refuse" if any("delete_tasks" in asked for _, asked in proxy.requests) else "pass"

        # The tasks go, and whether they went cannot be seen.
        proxy.fate = lost
        assert cut.sync(texts(4), on_removed="delete", out=tmp_path).counts["failed"] >= 2
        proxy.reset()
        if kernel == "another":
            cut = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        report = cut.sync(texts(4), on_removed="delete", out=tmp_path)
    assert not any("Deleted on the server" in note for note in report.notes)
    assert {"0004", "0005"}.isdisjoint(tasks_of(study))


def test_a_removal_that_the_server_does_twice_is_counted_by_what_is_left(
    stack: Stack, study: Study, tmp_path: Path
) -> None:
    """A Label Studio that finds its database locked takes tasks out, repeats the request, and counts none."""

    def twice(method: str, path: str, body: bytes) -> bytes:
        if "delete_tasks" in path:
            headers = {"Authorization": proxy.authorizations[-1], "Content-Type": "application/json"}
            assert httpx.request(method, stack.url + path, content=body, headers=headers).json()["processed_items"] == 2
        return body

    with faulty_proxy(stack.url) as proxy:
        proxy.bend = twice
        report = (
            lsnb.connect(proxy.url, stack.api_key)
            .open_study(study.title)
            .sync(texts(4), on_removed="delete", out=tmp_path)
        )
    assert report.counts["removed"] == 4
    assert {"0004", "0005"}.isdisjoint(tasks_of(study))


def test_what_cannot_be_read_back_is_not_removed(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_bytes", lambda self: b"")
    report = study.sync(texts(4), on_removed="delete", out=tmp_path)
    assert report.counts["failed"] == 4
    assert "cannot be read back" in report.failures["error"].iloc[0]
    assert len(tasks_of(study)) == 6


@pytest.mark.slow
def test_kept_is_said_only_of_answers_that_there_were(study: Study) -> None:
    answer(study, "0001", "good")
    study.sync(texts(6))
    project = study.copies[0].project.id
    gone = [tasks_of(study)[item]["id"] for item in ("0001", "0002")]
    study.server.delete_tasks(project, gone[1:])
    notes = " ".join(study.sync(texts(6)).notes)
    assert "Deleted on the server in ana's project: item 0002." in notes
    assert "answers last seen" not in notes
    study.server.delete_tasks(project, gone[:1])
    notes = " ".join(study.sync(texts(6)).notes)
    assert "ana's project: item 0001. The answers last seen are kept in the table." in notes


@pytest.mark.slow
def test_nothing_is_said_to_be_saved_where_nothing_was(study: Study, tmp_path: Path) -> None:
    study.sync(texts(6))
    for copy in study.copies:
        study.server.delete_tasks(copy.project.id, [tasks_of(study, copy.manifest.annotator)["0005"]["id"]])
    report = study.sync(texts(5), on_removed="delete", out=tmp_path / "removed")
    assert not any("saved" in note for note in report.notes)
    assert not (tmp_path / "removed").exists()


def test_a_renamed_column_with_the_same_data_rewrites_nothing(stack: Stack, studio: Studio, title: str) -> None:
    table = texts(3).rename(columns={"caption": "post"})
    studio.create_study(title, CONFIG, table, key="id", annotators=["ana"], columns={"post": "caption"})
    renamed = table.rename(columns={"post": "body"})
    with faulty_proxy(stack.url) as proxy:
        study = lsnb.connect(proxy.url, stack.api_key).open_study(title)
        assert study.sync(renamed, columns={"body": "caption"}).counts == {"unchanged": 3}
        writes = [(method, path) for method, path in proxy.requests if method != "GET"]
    assert [method for method, _ in writes] == ["PATCH"]  # the project says from now on which column it is
    assert "/api/projects/" in writes[0][1]
    assert studio.open_study(title).sync(renamed).counts == {"unchanged": 3}


def test_a_renamed_column_rewrites_nothing_where_tasks_hold_whole_rows(studio: Studio, title: str) -> None:
    table = texts(2).rename(columns={"caption": "post"})
    reading = Reading("id", {"post": "caption"}, whole_rows=True)
    make_copies(studio.server, plan_study(title, CONFIG, table, reading, annotators=["ana"]), origin=studio.url)
    study = studio.open_study(title)
    renamed = table.rename(columns={"post": "body"})
    assert study.sync(renamed, columns={"body": "caption"}).counts == {"unchanged": 2}
    assert study.sync(renamed.assign(body="new")).counts == {"updated": 2}
    assert set(tasks_of(study)["0001"]["data"]) == {"id", "body", "caption", "f"}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"show": "gcs "}, r"show is 'gcs ': give 'auto', 'presign' or 'stream'"),
        (
            {"columns": {"caption": "uri"}},
            r"Column 'caption' holds text, such as 'text 0', and the config shows 'uri' as image",
        ),
        ({"columns": {"f": "uri"}}, r"the column f holds 0\.0: it must hold the address of an image"),
    ],
)
@pytest.mark.parametrize("with_bucket", [False, True])
def test_a_mistake_names_the_argument_or_the_column(
    studio: Studio, bucket: Bucket, title: str, more: dict[str, Any], says: str, with_bucket: bool
) -> None:
    table = texts(2).assign(uri="https://example.org/1.png") if "show" in more else texts(2)
    with pytest.raises(InputError, match=says):
        studio.create_study(
            title, PICTURE, table, key="id", annotators=1, bucket=bucket if with_bucket else None, **more
        )
    assert not any(project.title.startswith(title) for project in studio.server.projects())


def test_media_of_other_clouds_are_said_when_the_study_is_made(studio: Studio, title: str) -> None:
    cells = ["https://example.org/1.png", "s3://photos/2.png", "ftp://example.org/3.png"]
    table = pd.DataFrame({"id": ["1", "2", "3"], "scan": cells})
    with (
        pytest.warns(UserWarning, match=r"Column 'scan' points into Amazon S3 \(s3://photos/2\.png\)"),
        pytest.warns(UserWarning, match=r"Column 'scan' holds ftp://example\.org/3\.png, and browsers open nothing"),
    ):
        studio.create_study(title, PICTURE, table, key="id", annotators=1, columns={"scan": "uri"})
    pages = lsnb.LabelConfig.from_xml(
        '<View><Image name="i" valueList="$pages"/><Choices name="c" toName="i"><Choice value="x"/><Choice value="y"/>'
        "</Choices></View>"
    )
    table = pd.DataFrame({"id": ["1"], "pages": [["https://example.org/1.png", "gs://scans/2.png"]]})
    with pytest.raises(InputError, match=r"Column 'pages' points into gs://scans: give bucket="):
        studio.create_study(f"{title} 2", pages, table, key="id", annotators=1)


# Long titles.


LONG = "Attitudes towards public transport in small towns "
ANNOTATORS = ["anastasia-friederike", "bartholomeus-adriaan"]


@pytest.mark.slow
def test_long_titles_are_told_apart_also_when_descriptions_were_emptied(studio: Studio, tmp_path: Path) -> None:
    titles = [f"{LONG[:49]}{n}" for n in (1, 2)]
    made: list[Study] = []
    try:
        for n, title in enumerate(titles):
            assert len(title) == 50
            made.append(studio.create_study(title, CONFIG, texts(2, start=10 * n), key="id", annotators=ANNOTATORS))
        names = [project.title for project in studio.server.projects() if project.title.startswith(LONG[:10])]
        assert len(set(names)) == 4
        assert all(len(name) <= 50 for name in names)
        deciding = [study.adjudicate(by="eva", items=[f"00{n}0"]).project for n, study in enumerate(made)]
        assert len({studio.server.project(project).title for project in deciding}) == 2
        for study in made:
            assert studio.open_study(study.id).title == study.title
            for copy in study.copies:
                studio.server.describe_project(copy.project.id, "")
        for project in deciding:
            studio.server.describe_project(project, "We talk about this on Monday")
        for n, study in enumerate(made):
            opened = studio.open_study(study.title)
            assert (opened.id, opened.annotators) == (study.id, ANNOTATORS)
            assert sorted(tasks_of(opened, ANNOTATORS[1])) == [f"00{n}0", f"00{n}1"]
            again = studio.create_study(study.title, CONFIG, texts(2, start=10 * n), key="id", annotators=ANNOTATORS)
            assert again.report is not None
            assert again.report.counts == {"exists": 2}
            assert opened.adjudicate(by="eva", items=[f"00{n}0"]).project == deciding[n]
    finally:
        for study in made:
            study.delete(study.title, out=tmp_path / f"{study.id}.zip")


@pytest.mark.slow
def test_long_titles_of_an_older_release_are_found_too(studio: Studio, tmp_path: Path) -> None:
    title = f"{LONG[:49]}3"
    study = studio.create_study(title, CONFIG, texts(2), key="id", annotators=ANNOTATORS)
    try:
        for copy in study.copies:
            about = copy.manifest.annotator
            older = {"title": f"{title[: 50 - 4 - len(about)].rstrip()}… · {about}", "description": ""}
            studio.server._ask("PATCH", f"/api/projects/{copy.project.id}/", json=older)
        assert studio.open_study(title).id == study.id
        with pytest.raises(lsnb.errors.StudyNotFoundError):
            studio.open_study(f"{LONG[:49]}4")
    finally:
        study.delete(title, out=tmp_path / "saved.zip")


@pytest.mark.slow
def test_a_project_that_was_renamed_and_emptied_is_found_by_its_tasks(
    studio: Studio, study: Study, tmp_path: Path
) -> None:
    deciding = study.adjudicate(by="eva", items=["0000"]).project
    answer(study, "0000", "good", "ben")

    def rename(project: int) -> None:
        studio.server._ask("PATCH", f"/api/projects/{project}/", json={"title": f"Old {project}", "description": ""})

    rename(study.copies[1].project.id)
    rename(deciding)
    # A teammate's own project, with tasks that were copied from ben's, is nobody's.
    some = studio.server.export(study.copies[1].project.id)[:2]
    own = studio.server.create_project("My tests", description="", config=CONFIG.xml)
    studio.server.import_tasks(
        own.id, [*({"data": t["data"], "meta": t["meta"]} for t in some), {"data": {"caption": "x"}}]
    )
    try:
        with pytest.warns(UserWarning, match=f"Project {study.copies[1].project.id}, now called 'Old .*ben's project"):
            again = studio.create_study(study.title, CONFIG, texts(6), key="id", annotators=["ana", "ben"])
        assert again.report is not None
        assert again.report.counts == {"exists": 2}
        assert again.annotations()["status"].eq("submitted").sum() == 1
        with pytest.warns(UserWarning, match="now called 'Old .* what eva decides"):
            assert again.adjudicate(by="eva", items=["0000"]).project == deciding
        for copy in study.copies:
            rename(copy.project.id)
        with pytest.warns(UserWarning, match="now called 'Old"):
            assert studio.open_study(study.title).annotators == ["ana", "ben"]
        rename(deciding)
        with pytest.warns(UserWarning, match="now called 'Old .* what eva decides"):
            study.delete(study.title, out=tmp_path / "saved.zip")
        assert deciding not in [project.id for project in studio.server.projects()]
    finally:
        studio.server.delete_project(own.id)


def _ask_gold(study: Study, found: list[pd.DataFrame]) -> None:
    found.append(study.gold("mood"))


def _ask_config(study: Study, found: list[pd.DataFrame]) -> None:
    with pytest.raises(InputError, match="bad"):
        study.update_config(LabelConfig.text("caption").choices("mood", ["good", "fine"]))


@pytest.mark.parametrize("ask", [_ask_gold, _ask_config])
def test_what_was_decided_in_a_project_that_was_renamed_and_emptied_counts(
    studio: Studio, study: Study, ask: Callable[[Study, list[pd.DataFrame]], None]
) -> None:
    answer(study, "0000", "good")
    deciding = study.adjudicate(by="eva", items=["0000", "0001"]).project
    server = studio.server
    tasks = {task["meta"]["item"]: task for task in server.export(deciding)}
    server.annotate(tasks["0000"]["id"], said("bad"))
    server._ask("PATCH", f"/api/projects/{deciding}/", json={"title": "Old things", "description": ""})
    # A teammate's project, with a task that was copied from it, is nobody's.
    copied = [{"data": tasks["0001"]["data"], "meta": tasks["0001"]["meta"]}, {"data": {"caption": "x"}}]
    mine = server.create_project("My tests", description="Mine", config=CONFIG.xml)
    server.import_tasks(mine.id, copied)
    server.annotate(server.export(mine.id)[0]["id"], said("bad"))
    try:
        found: list[pd.DataFrame] = []
        with pytest.warns(UserWarning, match=f"Project {deciding}, now called 'Old things', holds what eva decides"):
            ask(study, found)
        for final in found:
            counted = final.set_index("item")
            assert counted.loc["0000", ["value", "how"]].tolist() == ["bad", "adjudicated"]
            assert "0001" not in counted.index[counted["how"] == "adjudicated"]
        assert server.project(mine.id).description == "Mine"
        # It says so itself again.
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            assert study.gold("mood").set_index("item").loc["0000", "value"] == "bad"
    finally:
        server.delete_project(mine.id)


def test_another_title_that_is_taken_is_said(studio: Studio, title: str) -> None:
    project = studio.server.create_project(f"{title} · ana", description="", config=CONFIG.xml)
    try:
        with pytest.raises(StudyConflictError, match="choose another title"):
            studio.create_study(title, CONFIG, texts(1), key="id", annotators=["ana"])
    finally:
        studio.server.delete_project(project.id)
