"""Studies on the real server: made once, found again, never doubled, never half forgotten."""

from __future__ import annotations

import contextlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from faulty_proxy import FaultyProxy, faulty_proxy
from moods import said

import lsnb
from lsnb import demo
from lsnb.bucket import Bucket, open_bucket_at
from lsnb.errors import (
    InputError,
    LabelConfigError,
    MissingFileError,
    StudioError,
    StudyConflictError,
    StudyNotFoundError,
)
from lsnb.stack import Stack
from lsnb.study import Studio, Study
from lsnb.study.projects import Manifest, parse_manifest, project_title

CONFIG = lsnb.LabelConfig.text("caption").choices("mood", ["good", "bad", "mixed"], title="Mood?")


def items(n: int = 6) -> pd.DataFrame:
    return pd.DataFrame(
        {"id": [f"{i:04d}" for i in range(n)], "caption": [f"Sätze, “{i}”" for i in range(n)], "value": range(n)}
    )


def unconnected() -> Studio:
    """A studio that would fail at its first request: what is refused here is refused before anything is sent."""
    studio = Studio.__new__(Studio)
    studio.release = "1.23.2"
    return studio


@pytest.fixture
def proxy(stack: Stack) -> Iterator[FaultyProxy]:
    with faulty_proxy(stack.url) as proxy:
        yield proxy


def held(studio: Studio, project: int) -> list[str]:
    return [task["meta"]["item"] for task in studio.server.export(project)]


def test_one_project_per_annotator_with_the_same_items(studio: Studio, title: str) -> None:
    study = studio.create_study(title, CONFIG, items(), key="id", annotators=["ana", "ben", "eva"])
    projects = study.projects
    assert list(projects["annotator"]) == ["ana", "ben", "eva"]
    assert [studio.server.project(p).title for p in projects["project"]] == [f"{title} · {a}" for a in study.annotators]
    orders = [held(studio, p) for p in projects["project"]]
    assert all(sorted(order) == list(items()["id"]) for order in orders)
    assert len({tuple(order) for order in orders}) > 1
    task = studio.server.export(projects["project"][0])[0]
    row = items().set_index("id").loc[task["meta"]["item"]]
    assert task["data"] == {"id": task["meta"]["item"], "caption": row["caption"]}


def test_a_number_of_annotators(studio: Studio, title: str) -> None:
    study = studio.create_study(title, CONFIG, items(2), key="id", annotators=2)
    assert study.annotators == ["1", "2"]


def test_the_same_call_twice_changes_nothing(studio: Studio, title: str) -> None:
    first = studio.create_study(title, CONFIG, items(), key="id", annotators=2)
    second = studio.create_study(title, CONFIG, items().iloc[::-1], key="id", annotators=2)
    assert second.id == first.id
    pd.testing.assert_frame_equal(first.projects, second.projects)
    assert second.report is not None
    assert second.report.summary == "2 exists"
    assert list(second.projects["tasks"]) == [6, 6]


def test_opened_by_title_from_a_fresh_kernel(stack: Stack, studio: Studio, title: str) -> None:
    made = studio.create_study(title, CONFIG, items(), key="id", annotators=["ana", "ben"], seed=7)
    fresh = lsnb.connect(stack.url, stack.api_key)
    opened = fresh.open_study(title)
    assert (opened.id, opened.key, opened.annotators) == (made.id, "id", ["ana", "ben"])
    listed = fresh.studies().set_index("title").loc[title]
    assert (listed["annotators"], listed["projects"], listed["items"]) == ("ana, ben", 2, 6)
    with pytest.raises(StudyNotFoundError, match="did you mean"):
        fresh.open_study(title[:-1])


def test_differences_are_named_and_nothing_is_written(studio: Studio, title: str) -> None:
    studio.create_study(title, CONFIG, items(), key="id", annotators=["ana", "ben"])
    before = studio.server.projects()
    other = pd.concat([items(5), pd.DataFrame({"id": ["0099"], "caption": ["new"], "value": [9]})])
    with pytest.raises(StudyConflictError) as caught:
        studio.create_study(
            title, CONFIG.rating("stars"), other.assign(nr=other["id"]), key="nr", annotators=["ana", "dora"], seed=3
        )
    said = str(caught.value)
    for part in ("key: ", "seed: ", "annotators: ", "config: ", "0099", "0005"):
        assert part in said
    assert studio.server.projects() == before


@pytest.mark.slow
@pytest.mark.parametrize("fate", ["refuse", "cut", "lose reply"])
def test_a_failure_at_the_third_copy_is_finished_by_the_same_call(
    stack: Stack, studio: Studio, proxy: FaultyProxy, title: str, fate: str
) -> None:
    def third_fails(method: str, path: str, n: int) -> str:
        made = [path for method, path in proxy.requests if method == "POST" and path.rstrip("/") == "/api/projects"]
        return (
            fate
            if len(made) == 3 and proxy.requests[-1][0] == "POST" and path.rstrip("/") == "/api/projects"
            else "pass"
        )

    proxied = lsnb.connect(proxy.url, stack.api_key)
    proxy.fate = third_fails  # type: ignore[assignment]
    study = proxied.create_study(title, CONFIG, items(), key="id", annotators=3)
    assert study.report is not None
    assert dict(study.report.counts) == {"created": 2, "failed": 1}
    assert "Run the same call again" in repr(study)
    # What the server made all the same is known by its description, and empty still.
    assert list(study.projects["tasks"]) == ([6, 6, 0] if fate == "lose reply" else [6, 6])
    proxy.reset()
    whole = proxied.create_study(title, CONFIG, items(), key="id", annotators=3)
    assert list(whole.projects["tasks"]) == [6, 6, 6]
    assert sum(project.title.startswith(title) for project in studio.server.projects()) == 3


@pytest.mark.exhaustive
def test_cut_after_any_request_nothing_is_doubled(stack: Stack, studio: Studio, proxy: FaultyProxy, title: str) -> None:
    """The kill test, small: every reply in turn is lost, then the same call is made again."""
    proxied = lsnb.connect(proxy.url, stack.api_key)
    proxy.reset()
    proxied.create_study(title, CONFIG, items(3), key="id", annotators=2)
    requests = len(proxy.requests)
    for n in range(1, requests + 1):
        for project in studio.server.projects():
            if project.title.startswith(title):
                studio.server.delete_project(project.id)
        proxy.reset()
        proxy.fate = lambda method, path, count, n=n: "lose reply" if count >= n else "pass"  # type: ignore[misc]
        with contextlib.suppress(StudioError):
            proxied.create_study(title, CONFIG, items(3), key="id", annotators=2)
        proxy.reset()
        study = proxied.create_study(title, CONFIG, items(3), key="id", annotators=2)
        assert list(study.projects["tasks"]) == [3, 3], n
        assert all(sorted(held(studio, p)) == ["0000", "0001", "0002"] for p in study.projects["project"])
        assert sum(project.title.startswith(title) for project in studio.server.projects()) == 2


def test_a_description_edited_by_a_teammate_is_rebuilt(studio: Studio, title: str) -> None:
    made = studio.create_study(title, CONFIG, items(), key="id", annotators=["ana", "ben"], seed=5)
    for project in made.projects["project"]:
        studio.server.describe_project(project, "My lovely project")
    opened = studio.open_study(title)
    assert (opened.id, opened.annotators, opened.key) == (made.id, ["ana", "ben"], "id")
    again = studio.create_study(title, CONFIG, items(), key="id", annotators=["ana", "ben"], seed=5)
    assert again.report is not None
    assert again.report.summary == "2 exists"


def edited(description: str, **fields: object) -> str:
    head, line = description.rsplit("lsnb-study ", 1)
    return f"{head}lsnb-study {json.dumps({**json.loads(line), **fields})}"


@pytest.mark.slow
@pytest.mark.parametrize("study", ["../../../escaped", "/{root}/escaped", "..", "a\\..\\b", "x" * 5000, "nul\0"])
def test_a_study_id_that_a_member_edited_names_no_path(
    study: str, studio: Studio, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "deep" / "down" / "cache"
    monkeypatch.setenv("LSNB_CACHE", str(cache))
    made = studio.create_study(title, CONFIG, items(2), key="id", annotators=["ana", "ben"])
    for project in made.projects["project"]:
        before = studio.server.project(project).description
        studio.server.describe_project(project, edited(before, study=study.format(root=tmp_path)))
    opened = studio.open_study(title)
    assert opened.id == study.format(root=tmp_path)
    for _ in range(2):
        opened.sync()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    (server,) = (cache / "studies").iterdir()
    (kept,) = server.iterdir()
    assert sorted(files) == sorted(kept.iterdir())


def test_a_condition_that_a_member_edited_runs_nothing(studio: Studio, title: str, tmp_path: Path) -> None:
    made = studio.create_study(title, CONFIG, items(2), key="id", annotators=1)
    (project,) = made.projects["project"]
    condition = f"id.to_csv({str(tmp_path / 'startup.py')!r}) == 1"
    studio.server.describe_project(project, edited(studio.server.project(project).description, where=condition))
    with pytest.raises(InputError, match=r"where=.*cannot be applied"):
        studio.open_study(title).sync(items(3))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "fields",
    [
        *({"study": 5}, {"study": None}, {"title": ["a"]}, {"annotator": {"a": 1}}, {"annotators": [1]}, {"where": {}}),
        *({"n": "1"}, {"seed": True}, {"columns": [1]}, {"columns": {"a": 1}}, {"added": "ab", "key": 0}, {"more": 1}),
    ],
)
def test_a_description_with_fields_of_other_kinds_is_none_of_ours(fields: dict[str, object]) -> None:
    manifest = Manifest("abc", "Mood", "ana", ("ana", "ben"), "id", 3, "full", "f", "d", 1)
    assert parse_manifest(edited(manifest.describe())) == manifest
    assert parse_manifest(edited(manifest.describe(), **fields)) is None
    assert parse_manifest(f"lsnb-study {'[' * 100_000}") is None


def test_everything_wrong_is_said_at_once() -> None:
    table = pd.DataFrame({"id": ["a", "a", None], "img": ["x.png", "gs://b/y.png", None]})
    config = lsnb.LabelConfig.image("img").choices("mood", ["good", "bad"])
    studio = unconnected()
    with pytest.raises(InputError) as caught:
        studio.create_study("ab", config, table, key="id", annotators=["ana", "ana"])
    said = str(caught.value)
    for part in ("too short", "more than once", "file name", "gs://b", "no image"):
        assert part in said, said


@pytest.mark.parametrize(("title", "says"), [("", "too short"), ("ab", "too short"), ("x" * 51, "51 characters")])
def test_titles_label_studio_would_not_take(title: str, says: str) -> None:
    studio = unconnected()
    with pytest.raises(InputError, match=says):
        studio.create_study(title, CONFIG, items(), key="id", annotators=2)


def test_long_titles_are_shortened_within_fifty_characters(studio: Studio, title: str) -> None:
    long = (title + " ") * 5
    study = studio.create_study(long[:50].strip(), CONFIG, items(1), key="id", annotators=["anastasia"])
    assert len(studio.server.project(study.projects["project"][0]).title) <= 50
    assert studio.open_study(long[:50].strip()).id == study.id


@pytest.mark.slow
def test_simulated_annotators_answer_once_and_are_merged(
    studio: Studio, title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["ana", "ben", "eva"]
    study = studio.create_study(title, CONFIG, items(), key="id", annotators=names, columns=["value"])
    empty = study.annotations()
    assert set(empty["status"]) == {"unlabelled"} or empty["annotation"].isna().all()
    assert len(empty) == 18
    assert demo.simulate_annotators(study, seed=1).summary == "18 answered"
    assert "SIMULATED" in capsys.readouterr().out
    assert demo.simulate_annotators(study, seed=1).summary == "18 exists"
    annotations = study.annotations(data=["value"])
    assert len(annotations) == 18
    assert sorted(set(annotations["item"])) == list(items()["id"])
    assert "data.value" in annotations
    wide = lsnb.widen(annotations, "mood")
    assert list(wide.columns) == ["ana", "ben", "eva"]
    assert list(lsnb.majority(annotations, "mood")["n"]) == [3] * 6
    assert len(lsnb.agreement(annotations, "mood").kappa) == 3
    assert list(study.progress()["share"]) == [1.0, 1.0, 1.0]


def test_deleting_wants_the_title_and_saves_first(studio: Studio, title: str, tmp_path: Path) -> None:
    study = studio.create_study(title, CONFIG, items(2), key="id", annotators=2)
    demo.simulate_annotators(study)
    with pytest.raises(InputError, match="Nothing was deleted"):
        study.delete("another", out=tmp_path / "saved.zip")
    saved = study.delete(title, out=tmp_path / "saved.zip")
    with zipfile.ZipFile(saved) as archive:
        tasks = [task for name in archive.namelist() for task in json.loads(archive.read(name))]
    assert len(tasks) == 4
    assert all(task["annotations"] for task in tasks)
    with pytest.raises(StudyNotFoundError):
        studio.open_study(title)


def test_a_manifest_survives_its_description() -> None:
    manifest = Manifest("abc", "Tïtle · x", "ana", ("ana", "ben"), "id", 3, {"ana": ["1"]}, "f", "d", 1)
    assert parse_manifest(manifest.describe()) == manifest
    assert parse_manifest(manifest.describe().replace('"version":1', '"version":99')) is None
    assert parse_manifest(manifest.describe()[:-5]) is None


def test_project_titles_fit() -> None:
    assert project_title("P", "ana") == "P · ana"
    assert len(project_title("x" * 50, "y" * 30)) == 50


@pytest.mark.slow
def test_a_later_annotator_gets_the_same_items(studio: Studio, title: str) -> None:
    study = studio.create_study(title, CONFIG, items(4), key="id", annotators=["ana", "ben"])
    assert study.add_annotator("dora").summary == "1 created"
    assert study.add_annotator("dora").summary == "1 exists"
    opened = studio.open_study(title)
    assert opened.annotators == ["ana", "ben", "dora"]
    assert sorted(held(studio, opened.projects.set_index("annotator").loc["dora", "project"])) == list(items(4)["id"])
    again = studio.create_study(title, CONFIG, items(4), key="id", annotators=["ana", "ben"])
    assert again.annotators == ["ana", "ben", "dora"]
    with pytest.raises(InputError, match="too near"):
        study.add_annotator("Dora")


def test_the_task_list_shows_items_and_media_until_somebody_sets_it(studio: Studio, study: Study) -> None:
    def views() -> list[dict[str, Any]]:
        numbers = study.projects["project"].tolist()
        asked = [{"params": {"project": number}, "read": list} for number in numbers]
        return [view for one in asked for view in studio.server._ask("GET", "/api/dm/views/", **one)]

    made = views()
    assert len(made) == len(study.copies)
    for view in made:
        hidden = view["data"]["hiddenColumns"]
        assert {"tasks:id", "tasks:annotators", "tasks:total_predictions"} <= set(hidden["explore"])
        assert not any(name.startswith("tasks:data") or "total_annotations" in name for name in hidden["explore"])
    assert not studio.server.hide_columns(int(study.projects["project"].iloc[0]))
    assert views() == made


def test_a_guideline_is_shown_in_label_studios_own_way_also_to_a_newcomer(
    studio: Studio, study: Study, tmp_path: Path
) -> None:
    text = "# Moods\n\nLook at the **whole** text <script>run()</script>.\n\n- good: *glad*\n- bad"
    assert study.instruct(text).table["status"].tolist() == ["updated", "updated"]
    assert study.instruct(text).table["status"].tolist() == ["unchanged", "unchanged"]
    study.add_annotator("eva")
    for copy in study.copies:
        now = studio.server.settings(copy.project.id)
        assert now["show_instruction"] is True
        assert now["expert_instruction"] == (
            "<h3>Moods</h3><p>Look at the <b>whole</b> text &lt;script&gt;run()&lt;/script&gt;.</p>"
            "<p>• good: <i>glad</i><br>• bad</p>"
            "<p>Keys: 1 is “good”, 2 is “bad”; Ctrl+Enter submits.</p>"
        )
    assert "Keys: 1 is “good”, 2 is “bad”" in study.share()
    (tmp_path / "Leitfaden.md").write_bytes("Schau auf das **ganze** Bild, auch für Übung.".encode("cp1252"))
    with pytest.warns(UserWarning, match="does not say how its letters are encoded"):
        study.instruct(str(tmp_path / "Leitfaden.md"))
    assert (
        "<b>ganze</b> Bild, auch für Übung" in studio.server.settings(study.copies[0].project.id)["expert_instruction"]
    )
    with pytest.raises(MissingFileError):
        study.instruct("gone.md")
    with pytest.raises(MissingFileError):
        study.instruct("gone.xlsx")
    assert study.instruct("").table["status"].tolist() == ["updated"] * 3
    assert studio.server.settings(study.copies[0].project.id)["show_instruction"] is False


def test_a_codebook_is_a_guideline(studio: Studio, study: Study, tmp_path: Path) -> None:
    rows = [
        ("mood", "", "", "Wie wirkt der Text?", "single"),
        ("", "good", "1", "Freude, *auch* leise <b>.", ""),
        ("", "bad", "2", "", ""),
        ("tone", "", "", "", "text"),
    ]
    book = pd.DataFrame(rows, columns=["variable", "label", "code", "description", "type"])
    book.to_excel(tmp_path / "Codebuch.xlsx", index=False)
    with pytest.warns(UserWarning, match="tells of tone, which annotators are not asked; they are asked mood"):
        assert study.instruct(str(tmp_path / "Codebuch.xlsx")).table["status"].tolist() == ["updated"] * 2
    with pytest.warns(UserWarning, match="tone"):
        assert study.instruct(book).table["status"].tolist() == ["unchanged"] * 2
    assert studio.server.settings(study.copies[0].project.id)["expert_instruction"] == (
        "<h3>Wie wirkt der Text? (mood)</h3>"
        "<p>• <b>good</b> (code 1): Freude, *auch* leise &lt;b&gt;.<br>• <b>bad</b> (code 2)</p>"
        "<h3>tone</h3><p>Keys: 1 is “good”, 2 is “bad”; Ctrl+Enter submits.</p>"
    )
    with pytest.raises(LabelConfigError, match="no column variable"):
        study.instruct(pd.DataFrame({"a": ["b"]}))


def test_the_text_to_share(studio: Studio, title: str, tmp_path: Path) -> None:
    study = studio.create_study(title, CONFIG, items(4), key="id", annotators=["ana", "ben"])
    file = tmp_path / "invitation.txt"
    file.write_text("of last year")
    file.chmod(0o644)
    said = study.share(save_to=file)
    text = file.read_text(encoding="utf-8")
    assert "user/signup/?token=" in text
    assert "site/docs/server.md. A tunnel to your computer is not recommended" in text
    assert file.stat().st_mode & 0o777 == 0o600
    assert str(file) in said
    for one in (text, said, study.share()):
        assert all(name in one for name in ("ana: http", "ben: http", "(4 items)"))
    assert text.count("Hello!") == 2  # one to send to each
    assert text.count("/user/login/") == 2
    assert "nobody else can open its address" in said
    token = text.partition("?token=")[2].split()[0]
    assert len(token) > 8
    for shown in (said, study.share(), repr(study), study._repr_html_()):
        assert token not in shown, "a notebook's output is saved with it"


def test_a_config_that_would_orphan_answers_is_refused_and_one_that_adds_is_taken(studio: Studio, title: str) -> None:
    study = studio.create_study(title, CONFIG, items(4), key="id", annotators=["ana", "ben"])
    demo.simulate_annotators(study, seed=3)
    given = sorted(set(study.annotations()["value"].dropna()))
    fewer = lsnb.LabelConfig.text("caption").choices("mood", [v for v in ("good", "bad", "mixed") if v != given[0]])
    with pytest.raises(InputError, match=f"'{given[0]}' to 'mood' would have no place"):
        study.update_config(fewer)
    with pytest.raises(InputError, match="keep that control"):
        study.update_config(lsnb.LabelConfig.text("caption").choices("feeling", ["good", "bad"]))
    assert study.update_config(CONFIG).summary == "2 unchanged"
    more = CONFIG.choices("certain", ["yes", "no"], title="Certain?")
    assert study.update_config(more).summary == "2 updated"
    opened = studio.open_study(title)
    assert studio.create_study(title, more, items(4), key="id", annotators=["ana", "ben"]).id == opened.id
    assert not opened.sync(items(4)).notes
    assert len(opened.annotations()) == 8


def test_who_gets_the_bucket_s_key_is_said_before_and_a_reader_s_is_given_in_its_place(
    stack: Stack, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same Label Studio by another name stands for one of others."""
    studio = lsnb.connect(stack.url.replace("127.0.0.1", "localhost"), stack.api_key)
    media = pd.DataFrame({"id": ["1"], "image": [f"gs://{stack.bucket}/a.png"]})
    config = lsnb.LabelConfig.image("image").choices("c", ["x", "y"])
    sent: list[str] = []
    said: list[str] = []

    def create(given: dict[str, Any]) -> None:
        sent.append(json.loads(given["google_application_credentials"])["client_email"])
        assert said, "before it is handed over"

    monkeypatch.setattr(studio.server, "_make_storage", create)
    monkeypatch.setattr("lsnb.studio.server.warn", said.append)
    reader = {**stack.service_account, "client_email": "reader@example.org"}
    plain = open_bucket_at(stack.bucket, endpoint=stack.endpoint, info=stack.service_account)
    second = open_bucket_at(stack.bucket, endpoint=stack.endpoint, info=stack.service_account, reader=reader)
    monkeypatch.setattr("lsnb.studio.server._told", set())
    study = studio.create_study(title, config, media, key="id", annotators=["ana", "ben"], bucket=plain)
    [handed] = [text for text in said if "goes to Label Studio at http://localhost" in text]
    assert f"of {stack.service_account['client_email']} for the bucket '{stack.bucket}'" in handed
    assert "roles/storage.objectViewer" in handed
    assert "GCS_READ_CREDENTIALS" in handed
    assert sent == [stack.service_account["client_email"]] * 2
    sent.clear()
    monkeypatch.setattr("lsnb.studio.server._told", set())
    study.add_annotator("eva", bucket=second)
    study.adjudicate(by="fay", items=["1"], bucket=second)
    assert sent == ["reader@example.org"] * 2
    [short] = [text for text in said if "read-only" in text]
    assert short.startswith("The read-only key of reader@example.org for the bucket")
    assert "private_key" not in repr(second.storage_for_studio()) + " ".join(said)


def test_the_embedded_bucket_s_key_goes_to_the_embedded_server_without_a_word(
    studio: Studio, bucket: Bucket, title: str, recwarn: pytest.WarningsRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsnb.studio.server._told", set())
    media = pd.DataFrame({"id": ["1"], "image": [f"gs://{bucket.name}/a.png"]})
    config = lsnb.LabelConfig.image("image").choices("c", ["x", "y"])
    studio.create_study(title, config, media, key="id", annotators=["ana"], bucket=bucket)
    assert [str(one.message) for one in recwarn if "goes to Label Studio" in str(one.message)] == []


@pytest.mark.slow
def test_a_box_that_nobody_or_somebody_ticked_is_answered_by_all_who_handed_in(
    studio: Studio, title: str, tmp_path: Path
) -> None:
    """That several may be chosen stands in the config alone: nobody can choose several of one box."""
    config = CONFIG.choices("marks", ["blurred"], multiple=True)
    study = studio.create_study(title, config, items(3), key="id", annotators=["ana", "ben"])
    for copy, ticks in zip(study.copies, ((True, True, False), (True, False, False)), strict=True):
        tasks = sorted(studio.server.export(copy.project.id), key=lambda task: str(task["data"]["id"]))
        for task, tick in zip(tasks, ticks, strict=True):
            box = [{**said("blurred")[0], "from_name": "marks"}] if tick else []
            studio.server.annotate(task["id"], [*said("good"), *box])
    long = study.annotations()
    assert long.attrs["several"] == ["marks"], "and not the mood, of which one is chosen"
    found = lsnb.agreement(long, "marks", resamples=0)
    assert (found.n_items, found.kappa["percent"].tolist()) == (3, [pytest.approx(2 / 3)])
    read = lsnb.read_table(study.annotations(out=tmp_path / "answers.parquet"))
    of_numbers = studio.annotations([copy.project.id for copy in study.copies], key="id")
    for again in (read, read.merge(items(3)[["id", "caption"]].rename(columns={"id": "item"})), of_numbers):
        assert lsnb.agreement(again, "marks", resamples=0).n_items == 3
    assert lsnb.disputed(long, "marks")["item"].tolist() == ["0001"]
    assert study.gold("marks", ties="ben")["value"].tolist() == [("blurred",), (), ()]
    labelled = study.pull(answers="all").labelled
    assert labelled["marks (ana)"].tolist() == [("blurred",), ("blurred",), ()]
    assert labelled["mood (ana)"].tolist() == ["good"] * 3
    assert study.adjudicate(by="eva").report.summary == "1 created"
