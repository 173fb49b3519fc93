"""What exports hold comes out, or is said: identity, repeats, old and flat forms, damage, accounts, pages."""

from __future__ import annotations

import bz2
import copy
import csv
import gzip
import json
import lzma
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from label_studio_tasks import annotation, choice, result, task

import lsnb
from lsnb.annotations import long_table, read_annotations, to_coco, widen, write_table
from lsnb.errors import InputError, LsnbError
from lsnb.kernel.tally import tally_of
from lsnb.reliability import agreement, region_agreement
from lsnb.shapes import brush_rle
from lsnb.tasks import _halves_of

RECORDED = Path(__file__).parent / "exports"


def stars(n: int) -> list[dict[str, Any]]:
    return [result("rating", {"rating": n}, name="r")]


def write(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def pairs() -> list[dict[str, Any]]:
    rated = [(1, 1), (2, 3), (3, 3), (4, 5), (5, 4)]
    return [
        task(n, [annotation(stars(a), 2 * n, by=1), annotation(stars(b), 2 * n + 1, by=2)], ID=f"k{n}")
        for n, (a, b) in enumerate(rated, start=1)
    ]


def test_one_task_twice_in_a_file_counts_once(tmp_path: Path) -> None:
    once = read_annotations(write(tmp_path, "once.json", pairs()), key="ID")
    with pytest.warns(UserWarning, match=r"12 annotations, 10 taken, 2 left out \(more than once in it"):
        twice = read_annotations(write(tmp_path, "twice.json", [*pairs(), pairs()[0]]), key="ID")
    pd.testing.assert_frame_equal(once, twice)
    for table in (once, twice):
        found = agreement(table, "r", resamples=0)
        assert (found.level, round(found.alpha, 3)) == ("ordinal", 0.863)


def test_the_later_of_two_is_told_by_moments_rather_than_letters() -> None:
    """An hour after midnight in Athens is an hour before midnight in Greenwich."""
    made = {"created_at": "2026-01-01T00:00:00Z"}
    late = annotation(stars(2), 1) | made | {"updated_at": "2026-01-02T23:30:00Z"}
    early = annotation(stars(1), 1) | {
        "created_at": "2026-01-01T02:00:00+02:00",
        "updated_at": "2026-01-03T01:00:00+02:00",
    }
    with pytest.warns(UserWarning, match="2 annotations, 1 taken"):
        assert read_annotations([task(1, [late], ID="x"), task(1, [early], ID="x")], key="ID")["value"].tolist() == [2]


def test_a_task_twice_with_other_annotations_has_all_of_them() -> None:
    first, second = task(1, [annotation(stars(1), 1)], ID="x"), task(1, [annotation(stars(2), 2, by=2)], ID="x")
    assert long_table([first, second], key="ID")["value"].tolist() == [1, 2]


def servers(*, unique: bool, at: list[str]) -> list[list[dict[str, Any]]]:
    """Two students with a Label Studio of their own: the same numbers on both, six items each."""
    return [
        [
            task(
                n,
                [
                    annotation(
                        choice("ab"[(n + who) % 2]),
                        n,
                        at=at[who],
                        **({"unique_id": f"{who}-{n}"} if unique else {}),
                    )
                ],
                ID=f"k{n}",
            )
            for n in range(1, 7)
        ]
        for who in (0, 1)
    ]


@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize("at", [["2026-01-01T00:00:00Z"] * 2, ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]])
def test_equal_numbers_of_two_servers_are_two_annotations(tmp_path: Path, unique: bool, at: list[str]) -> None:
    paths = [
        write(tmp_path, f"{name}.json", tasks)
        for name, tasks in zip(["ana", "ben"], servers(unique=unique, at=at), strict=True)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = read_annotations(paths, key="ID")
    assert len(table) == 12
    assert widen(table, "mood").notna().all(axis=None)
    assert tally_of(table).seen == tally_of(table).taken == 12


@pytest.mark.parametrize(
    "shapes",
    [
        [("rectanglelabels", {"x": 1, "y": 1, "width": 9, "height": 2, "rotation": turn}) for turn in (0, 90)],
        [
            ("polygonlabels", {"points": [[0, 0], [9, 0], corner, [0, 9]], "closed": True})
            for corner in ([9, 9], [1, 9])
        ],
        [("brushlabels", {"format": "rle", "rle": [0, 0, 0, last]}) for last in (1, 2)],
    ],
)
def test_what_no_column_holds_tells_two_servers_apart_too(tmp_path: Path, shapes: list[Any]) -> None:
    paths = []
    for name, (kind, value) in zip(("ana", "ben"), shapes, strict=True):
        given = annotation([result(kind, {**value, kind: ["car"]})], 1)
        del given["created_at"]
        paths.append(write(tmp_path, f"{name}.json", [task(1, [given], ID="k")]))
    assert read_annotations(paths, key="ID")["annotator"].tolist() == ["ana", "ben"]
    copies = {path.stem: read_annotations(path, key="ID", raw=True) for path in paths}
    assert lsnb.annotations.merge_copies(copies)["annotator"].tolist() == ["ana", "ben"]


@pytest.mark.parametrize("form", ["json", "flat"])
def test_where_two_servers_agree_nothing_vanishes_either(tmp_path: Path, form: str) -> None:
    paths = []
    for name, answers in (("ana", "ababab"), ("ben", "bbaaab")):  # k2, k3, k5 and k6 alike
        tasks = [task(n, [annotation(choice(said), n)], ID=f"k{n}") for n, said in enumerate(answers, start=1)]
        if form == "flat":
            about = {"annotator": 1, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
            tasks = [
                {"ID": f"k{n}", "id": n, "mood": said, "annotation_id": n, **about}
                for n, said in enumerate(answers, start=1)
            ]
        paths.append(write(tmp_path, f"{name}.json", tasks))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = read_annotations(paths, key="ID")
        again = read_annotations([*paths, write(tmp_path, "copy.json", json.loads(paths[0].read_bytes()))], key="ID")
    assert widen(table, "mood").to_dict("list") == {"ana": list("ababab"), "ben": list("bbaaab")}
    # Of 6 pairs 2 differ; by chance, with 6 of each answer, 2 · 6 · 6 of 12 · 11 would.
    assert agreement(table, "mood").alpha == pytest.approx(1 - (2 / 6) / (2 * 6 * 6 / (12 * 11)))
    assert tally_of(table).taken == 12
    assert (tally_of(again).seen, tally_of(again).taken) == (18, 12)


def test_files_of_one_name_in_folders_of_one_name_are_all_read(tmp_path: Path) -> None:
    for who, said in (("ana", "up"), ("ben", "down")):
        folder = tmp_path / who / "export"
        folder.mkdir(parents=True)
        write(folder, "project-1.json", [task(1, [annotation(choice(said), 1, unique_id=who)], ID="k")])
    for sources in (tmp_path, [tmp_path / "ana", tmp_path / "ben"], list(tmp_path.rglob("*.json"))):
        table = read_annotations(sources, key="ID")
        assert table[["annotator", "value"]].values.tolist() == [
            ["ana/export/project-1", "up"],
            ["ben/export/project-1", "down"],
        ]
        assert tally_of(table).taken == 2
    flat = [{"ID": "k", "id": 1, "mood": "left", "annotator": 1, "annotation_id": 1}]
    (tmp_path / "ana" / "export" / "project-1.jsonl").write_text(json.dumps(flat[0]), encoding="utf-8")
    with pytest.warns(UserWarning, match="is a JSON-MIN or CSV export"):
        assert sorted(read_annotations(tmp_path, key="ID")["value"]) == ["down", "left", "up"]


def test_two_buckets_with_objects_of_one_name_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    def opener(address: str) -> list[tuple[str, bytes]]:
        bucket, _, prefix = address.partition("://")[2].partition("/")
        said = annotation(choice({"a": "up", "b": "down"}[bucket]), 1, unique_id=bucket)
        one = {**said, "task": {"id": 1, "project": 1, "data": {"ID": "k"}}}
        whole = [task(1, [said], ID="k")]
        objects = {
            "out/1": one,
            "out/2": {**one, "id": 2, "unique_id": f"{bucket}2", "completed_by": 2},
            "e.json": whole,
        }
        return [(name, json.dumps(held).encode()) for name, held in objects.items() if name.startswith(prefix)]

    monkeypatch.setattr("lsnb.kernel.files._openers", {"gs": opener})
    table = read_annotations(["gs://a/e.json", "gs://b/e.json"], key="ID")
    assert table[["annotator", "value"]].values.tolist() == [["a/e", "up"], ["b/e", "down"]]
    answers = read_annotations(["gs://a/out/", "gs://b/out/"], key="ID")
    assert answers[["annotator", "value"]].values.tolist() == [
        ["1 (a/out)", "up"],
        ["2 (a/out)", "up"],
        ["1 (b/out)", "down"],
        ["2 (b/out)", "down"],
    ]


def test_equal_numbers_of_different_items_never_collide(tmp_path: Path) -> None:
    paths = [write(tmp_path, f"{x}.json", [task(1, [annotation(choice("a"), 1)], ID=x)]) for x in ("p", "q")]
    assert read_annotations(paths, key="ID")["item"].tolist() == ["p", "q"]


def test_a_folder_and_a_file_in_it_are_read_once(tmp_path: Path) -> None:
    ana, ben = (
        write(tmp_path, f"{name}.json", [task(1, [annotation(choice("up"), n, n)], n, ID="a")])
        for n, name in enumerate(("ana", "ben"), start=1)
    )
    table = read_annotations([tmp_path, ana, tmp_path / "." / ".." / tmp_path.name / "ben.json"], key="ID")
    assert table["annotator"].tolist() == ["1", "2"]
    assert (tally_of(table).seen, tally_of(table).unexplained) == (2, 0)
    assert ben.exists()


@pytest.mark.parametrize(("said", "status"), [("false", "submitted"), ("False", "submitted"), ("true", "skipped")])
def test_yes_and_no_as_texts_and_lists_by_their_numbers_are_what_they_say(said: str, status: str) -> None:
    made = {**annotation(choice("up"), 1), "was_cancelled": said, "ground_truth": said}
    made["result"] = {str(place): one for place, one in enumerate(made["result"])}
    [row] = read_annotations([task(1, [made], ID="a")], key="ID").to_dict("records")
    assert (row["value"], row["status"], row["ground_truth"]) == ("up", status, said == "true")


def test_people_whose_addresses_differ_in_capital_letters_are_two_and_said() -> None:
    made = [annotation(choice("up"), n, who) for n, who in enumerate(("Ana@x.org", "ana@x.org"), start=1)]
    with pytest.warns(UserWarning, match=r"may be one person are kept apart \('Ana@x\.org' and 'ana@x\.org'\)"):
        assert len(read_annotations([task(1, made, ID="a")], key="ID")) == 2


@pytest.mark.parametrize("keys", [("7", " 7"), ("für", "fu\u0308r"), ("a", "a\n")])
def test_keys_that_look_alike_are_two_items_and_said(tmp_path: Path, keys: tuple[str, str]) -> None:
    paths = [
        write(tmp_path, f"{name}.json", [task(1, [annotation(choice("up"), n, n)], n, ID=key)])
        for n, (name, key) in enumerate(zip(("ana", "ben"), keys, strict=True), start=1)
    ]
    with pytest.warns(UserWarning, match="Items that look alike are kept apart"):
        table = read_annotations(paths, key="ID")
    assert table["item"].tolist() == list(keys)
    copies = {path.stem: read_annotations(path, key="ID") for path in paths}
    with pytest.warns(UserWarning, match="mend the keys where they are one item"):
        lsnb.annotations.merge_copies(copies)


def test_an_edited_annotation_is_the_same_by_its_unique_id(tmp_path: Path) -> None:
    old = task(1, [annotation(choice("a"), 1, unique_id="u")], ID="x")
    new = task(9, [annotation(choice("b"), 7, at="2026-05-01T00:00:00Z", unique_id="u")], project=4, ID="x")
    paths = [write(tmp_path, "old.json", [old]), write(tmp_path, "new.json", [new])]
    with pytest.warns(UserWarning, match=r"2 annotations, 1 taken, 1 left out \(in more than one file"):
        assert read_annotations(paths, key="ID")["value"].tolist() == ["b"]


def test_parsed_json_of_several_projects_is_by_project_as_files_are(tmp_path: Path) -> None:
    ana = [task(n, [annotation(choice("a"), n)], 1, ID=f"k{n}") for n in (1, 2)]
    ben = [task(n + 2, [annotation(choice("b"), n + 2)], 2, ID=f"k{n}") for n in (1, 2)]
    parsed = read_annotations([*ana, *ben], key="ID")
    assert sorted(set(parsed["annotator"])) == ["project 1", "project 2"]
    together = read_annotations(write(tmp_path, "both.json", [*ana, *ben]), key="ID")
    pd.testing.assert_frame_equal(parsed, together)
    files = read_annotations([write(tmp_path, "p.json", ana), write(tmp_path, "q.json", ben)], key="ID")
    assert widen(files, "mood").to_numpy().tolist() == widen(parsed, "mood").to_numpy().tolist()


def test_answers_without_an_account_are_an_unknown_persons(tmp_path: Path) -> None:
    tasks = [task(1, [annotation(choice("a"), 1, by=None), annotation(choice("b"), 2, by=7)], ID="x")]
    table = long_table(tasks, key="ID")
    assert table["annotator"].tolist() == ["unknown", "7"]
    assert table["account"].isna().tolist() == [True, False]
    assert widen(table, "mood").loc["x"].to_dict() == {"7": "b", "unknown": "a"}
    other = [task(1, [annotation(choice("b"), 1, by=None)], 2, ID="x")]
    paths = [write(tmp_path, "p.json", tasks), write(tmp_path, "q.json", other)]
    for accounts in (False, True):
        found = read_annotations(paths, key="ID", accounts=accounts)
        assert sorted(set(found["annotator"])) == ["7", "q", "unknown (p)"]


def owned(annotator: str, project: int, *accounts: int) -> list[dict[str, Any]]:
    made = [
        task(10 * project + n, [annotation(choice("a"), 10 * project + n, by=by)], project, item=f"k{n}")
        for n, by in enumerate(accounts)
    ]
    for one in made:
        one["meta"]["annotator"] = annotator
    return made


def test_an_account_in_somebody_elses_project_is_named_with_whose_it_is(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "1.export.json", owned("ana", 1, 2, 2, 3)),
        write(tmp_path, "2.export.json", owned("ben", 2, 3, 3)),
    ]
    says = r"Account 3, which is ben's, answered 1 item as ana, whose account is 2: it counts as ana's"
    with pytest.warns(UserWarning, match=says):
        table = read_annotations(paths)
    assert table["account"].tolist() == ["2", "2", "3", "3", "3"]
    assert table["annotator"].tolist() == ["ana"] * 3 + ["ben"] * 2
    alone = [write(tmp_path, f"{n}.one.json", owned(name, n, 1, 1)) for n, name in enumerate(["ana", "ben"], 1)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_annotations(alone)


def test_an_account_that_changed_anothers_answer_is_named() -> None:
    with pytest.warns(UserWarning, match="account 9 changed 1 annotation of ana"):
        long_table([task(1, [annotation(choice("a"), by=1, updated_by=9)])], annotator="ana")
    # Snapshots and target buckets give the number beside the address.
    ana = {"id": 1, "email": "ana@x.org"}
    with pytest.warns(UserWarning, match="account 9 changed 1 annotation of ana@x.org"):
        long_table([task(1, [annotation(choice("a"), by=ana, updated_by=9), annotation(choice("a"), 2, by=ana)])])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        long_table([task(1, [annotation(choice("a"), by=ana, updated_by=1)])])


def test_tasks_that_others_added_to_a_study_are_left_out_and_said(tmp_path: Path) -> None:
    """They have no key, or one that is another item's: who adds a task in Label Studio gives it no item."""
    exported = pairs()[:4]
    for number, own in enumerate(exported[:2]):
        own["meta"] = {"study": "s", "item": f"i{number}", "annotator": "ana"}
    exported[2]["data"] = {"caption": "theirs"}
    exported[3]["data"] = {"id": "i0"}
    held = [len(one["annotations"]) for one in exported]
    with pytest.warns(UserWarning, match=r"4 left out \(in tasks that others added to the study: 4\)"):
        table = read_annotations(write(tmp_path, "study.json", exported), key="id")
    assert set(table["item"]) == {"i0", "i1"}
    account = tally_of(table)
    assert (account.seen, account.taken, account.unexplained) == (sum(held), sum(held[:2]), 0)


def test_a_task_that_was_copied_from_another_project_is_no_answer_here(tmp_path: Path) -> None:
    """Its meta came along: it names an item, and another annotator or another study."""
    exported = [task(n, [annotation(stars(3), n)], ID="k") for n in range(1, 8)]
    for number, own in enumerate(exported, 1):
        own |= {"project": 7, "meta": {"study": "s", "item": f"i{min(number, 4)}", "annotator": "ana"}}
    del exported[0]["meta"]["annotator"]  # as lsnb 0.1 made them
    exported[4]["meta"]["annotator"] = "ben"
    exported[5]["meta"]["study"] = "another"
    exported[6]["meta"] = {"item": {"no": "text"}, "study": "s", "annotator": "ana"}
    with pytest.warns(
        UserWarning, match=r"3 left out \(in tasks that others added to the study: task 5, task 6, task 7"
    ):
        table = read_annotations(write(tmp_path, "study.json", exported), key="ID")
    assert table["item"].tolist() == ["i1", "i2", "i3", "i4"]
    # Where most tasks of a project are nobody's, it is a collection of several people's.
    exported[2]["meta"]["annotator"] = "ben"
    assert len(read_annotations(write(tmp_path, "many.json", exported), key="ID")) == 6


def test_old_exports_call_annotations_completions(tmp_path: Path) -> None:
    old = {"id": 1, "data": {"ID": "k1"}, "completions": [{"id": 1, "created_at": 1600000000, "result": choice("a")}]}
    table = read_annotations(write(tmp_path, "0.json", [old]), key="ID")
    assert table[["item", "value", "status", "annotator"]].values.tolist() == [["k1", "a", "submitted", "unknown"]]
    assert table["created_at"].astype(str).tolist() == ["2020-09-13 12:26:40+00:00"]
    skipped = {**old, "completions": [{"id": 1, "skipped": True, "result": []}]}
    assert read_annotations([skipped], key="ID")["status"].tolist() == ["skipped"]
    # A task that two releases wrote, with what they both have once.
    both = {**old, "annotations": [annotation(choice("b"), 2), {**old["completions"][0]}]}
    with pytest.warns(UserWarning, match=r"3 annotations, 2 taken, 1 left out \(more than once in it"):
        assert read_annotations([both], key="ID")["value"].tolist() == ["b", "a"]
    # One file for each task, as releases before 1.0 kept them: one person, not one for each file.
    paths = [write(tmp_path / "old", f"{n}.json", {**old, "id": n, "data": {"ID": f"k{n}"}}) for n in (1, 2)]
    assert read_annotations(paths, key="ID")["annotator"].tolist() == ["unknown", "unknown"]


def stored(number: int, item: str, by: int = 1) -> dict[str, Any]:
    inner = {"id": number, "data": {"ID": item}, "project": 5}
    return {"id": number, "completed_by": by, "was_cancelled": False, "result": choice("a"), "task": inner}


def test_files_of_a_target_bucket_are_annotations_of_one_project(tmp_path: Path) -> None:
    for number, item, by in ((1, "a", 1), (2, "b", 1), (3, "a", 2)):
        write(tmp_path / "answers", str(number), stored(number, item, by))
    one = read_annotations(tmp_path / "answers" / "1", key="ID")
    assert one[["item", "control", "value", "project"]].values.tolist() == [["a", "mood", "a", 5]]
    whole = read_annotations(tmp_path / "answers", key="ID")
    listed = read_annotations(sorted((tmp_path / "answers").iterdir()), key="ID")
    pd.testing.assert_frame_equal(whole, listed)
    assert whole[["item", "annotator"]].values.tolist() == [["a", "1"], ["b", "1"], ["a", "2"]]
    # The folder in a zip, whose files have no ending either; a damaged one does not stop the others.
    write(tmp_path / "answers", "4", "{")
    with zipfile.ZipFile(tmp_path / "answers.zip", "w") as archive:
        for path in sorted((tmp_path / "answers").iterdir()):
            archive.write(path, f"answers/{path.name}")
    with pytest.warns(
        UserWarning, match=r"4 annotations, 3 taken, 1 left out \(no annotation: answers/4 in answers\.zip"
    ):
        pd.testing.assert_frame_equal(read_annotations(tmp_path / "answers.zip", key="ID"), whole)


def test_a_folder_is_read_as_a_buckets_prefix_is_and_what_is_passed_over_is_said(tmp_path: Path) -> None:
    for place, number in (("", 1), ("late", 2), ("late", 3)):
        write(tmp_path / "answers" / place, str(number), stored(number, f"k{number}"))
    write(tmp_path / "answers", "export.json", {"tasks": [task(9, [annotation(choice("b"), 9)], ID="k9")]})
    write(tmp_path / "answers", "notes.txt", "hello")
    with pytest.warns(UserWarning, match=r"1 file of other endings passed over: notes\.txt"):
        table = read_annotations(tmp_path / "answers", key="ID")
    assert sorted(table["item"]) == ["k1", "k2", "k3", "k9"]


TASK = {"id": 1, "data": {"ID": "k1"}}
ANSWER = {"id": 7, "completed_by": 1, "result": choice("a")}


@pytest.mark.parametrize(
    "said",
    [
        [{**ANSWER, **TASK, "id": 7, "task": 1}],
        [{**TASK, "completed_by": 1, "result": choice("a")}],
        [{**TASK, "annotation": ANSWER}],
        [{**TASK, "Annotations": [ANSWER]}],
        [{**TASK, "completion": ANSWER, "annotations": []}],
        [{**TASK, "completions": {"7": ANSWER}}],
        {"total": 1, "tasks": [{**TASK, "annotations": [ANSWER]}]},
        {"count": 1, "results": [{**TASK, "annotations": [ANSWER]}]},
        {"1": {**TASK, "annotations": [ANSWER]}},
        [{**TASK, "annotations": [ANSWER]}, {**TASK, "id": "1", "annotations": [{**ANSWER, "id": "7"}]}],
        [{**TASK, "annotations": [ANSWER, {**ANSWER, "id": "7"}]}],
    ],
)
def test_answers_are_found_however_a_script_or_server_nests_and_numbers_them(said: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = read_annotations(said, key="ID")
        from_tasks = long_table(said, key="ID") if isinstance(said, list) else table
    assert table[["item", "task", "annotator", "value", "status"]].values.tolist() == [["k1", 1, "1", "a", "submitted"]]
    assert from_tasks["value"].tolist() == ["a"]


OTHER = {"id": 8, "completed_by": 2, "result": choice("b")}


@pytest.mark.parametrize(
    "said",
    [
        [{**TASK, "annotations": [ANSWER], "Annotations": [OTHER]}],
        [{**TASK, "annotations": [ANSWER], "annotation": OTHER, "Completions": []}],
        [{**TASK, "annotations": [ANSWER, OTHER], "Annotations": json.dumps([OTHER])}],
        [{**TASK, "completions": {"7": ANSWER}, "completion": OTHER}],
        [{**ANSWER, "task": {**TASK, "annotations": [OTHER]}}],
        [{**ANSWER, "task": 1, "data": TASK["data"], "annotations": [OTHER]}],
        {"tasks": [{**TASK, "annotations": [ANSWER]}], "results": [{**TASK, "annotations": [OTHER]}]},
    ],
)
def test_answers_under_two_names_are_all_read(said: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = read_annotations(said, key="ID")
    assert sorted(table["value"]) == ["a", "b"]
    assert set(table["task"]) == {1}
    assert tally_of(table).unexplained == 0


@pytest.mark.parametrize("more", [{}, {"id": 5}])
def test_the_task_within_an_annotation_needs_no_number(more: dict[str, Any]) -> None:
    within = {"data": {"ID": "k1"}, "annotations": [OTHER]}
    told = {name: cell for name, cell in ANSWER.items() if name != "id"} | more | {"task": within}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert sorted(read_annotations([told], key="ID")["value"]) == ["a", "b"]


@pytest.mark.parametrize("length", [1, 2**20])
def test_answers_under_one_name_twice_are_all_read_and_it_is_said(tmp_path: Path, length: int) -> None:
    one, other = json.dumps([ANSWER]), json.dumps([OTHER])
    path = tmp_path / "export.json"
    data = json.dumps({"ID": "k1", "text": "x" * length})
    path.write_text(f'[{{"id": 1, "data": {data}, "annotations": {one}, "annotations": {other}}}]')
    with pytest.warns(UserWarning, match=r"export\.json has 'annotations' more than once in one object \(1 time\)"):
        table = read_annotations(path, key="ID")
    assert sorted(table["value"]) == ["a", "b"]


KEYFRAME = {"x": 10, "y": 10, "width": 20, "height": 2, "time": 0.1, "enabled": True}
NUMBERS_AS_TEXTS = [
    (
        "rectanglelabels",
        {"x": "10", "y": "20", "width": "30.5", "height": 40, "rotation": "90"},
        (10, 20, 30.5, 40, 90),
    ),
    ("ellipselabels", {"x": "50", "y": 50, "radiusX": "10", "radiusY": 5, "rotation": "30"}, (40, 45, 20, 10, 30)),
    ("polygonlabels", {"points": [["1", "2"], ["31", "2"], [1, "4e1"]]}, (1, 2, 30, 38)),
    ("timelinelabels", {"ranges": [{"start": "2", "end": "4"}]}, (None,) * 7 + (2, 4)),
    (
        "videorectangle",
        {"framesCount": "30", "sequence": [{**KEYFRAME, "frame": "1", "rotation": "350"}], "labels": ["c"]},
        (10, 10, 20, 2, 350, None, None, 1, 30),
    ),
]


@pytest.mark.parametrize(("kind", "value", "places"), NUMBERS_AS_TEXTS)
def test_numbers_of_places_that_are_texts_are_numbers(kind: str, value: dict[str, Any], places: Any) -> None:
    given = {"id": "r", "from_name": "c", "to_name": "i", "type": kind, "value": {**value, kind: ["c"]}}
    table = long_table([task(1, [annotation([given], 1)])], raw=True)
    names = ["x", "y", "width", "height", "rotation", "start", "end", "start_frame", "end_frame"][: len(places)]
    found = [None if pd.isna(cell) else cell for cell in table.loc[0, names]]
    assert found == list(places)
    if kind == "videorectangle":
        assert set(lsnb.expand_tracks(table)["rotation"]) == {350}


def test_a_text_where_a_number_should_be_is_told() -> None:
    value = {"framesCount": 9, "labels": ["c"], "sequence": [{**KEYFRAME, "frame": 1, "rotation": "left"}]}
    given = {"id": "r", "from_name": "c", "to_name": "i", "type": "videorectangle", "value": value}
    with pytest.warns(UserWarning, match=r"1 result has a text where a number should be.*'left' in annotation 1"):
        long_table([task(1, [annotation([given], 1)])])


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "mac_roman"])
def test_json_in_the_letters_of_a_country_is_read_and_said(tmp_path: Path, encoding: str) -> None:
    whole = json.dumps([task(1, [annotation(choice("Größe für Übung"), 1)], ID="k1")], ensure_ascii=False)
    path = tmp_path / "export.json"
    path.write_bytes(whole.encode(encoding))
    with pytest.warns(UserWarning, match=r"by its letters it is taken to be .* save it as UTF-8"):
        table = read_annotations(path, key="ID")
    assert table["value"].tolist() == ["Größe für Übung"]
    path.write_bytes(whole.encode(encoding)[:-3])
    with pytest.raises(InputError, match="is damaged JSON"):
        read_annotations(path, key="ID")


def test_flat_exports_in_a_workbook_and_of_ratings(tmp_path: Path) -> None:
    flat = [
        {"ID": f"k{n}", "id": n, "r": stars_given, "annotator": by, "annotation_id": 2 * n + by}
        for n, (a, b) in enumerate([(1, 1), (2, 3), (3, 3), (4, 5), (5, 4)], start=1)
        for by, stars_given in ((1, a), (2, b))
    ]
    pd.DataFrame(flat).to_excel(tmp_path / "export.xlsx", index=False)
    for source in (write(tmp_path, "min.json", flat), tmp_path / "export.xlsx"):
        with pytest.warns(UserWarning, match=r"is a JSON-MIN or CSV export.*Taken for ratings: r\."):
            table = read_annotations(source, key="ID")
        found = agreement(table, "r", resamples=0)
        assert (found.level, round(found.alpha, 3)) == ("ordinal", 0.863)
    pd.DataFrame(flat).to_csv(tmp_path / "export.csv", index=False)
    with pytest.warns(UserWarning, match=r"Numbers in CSV may be labels or ratings: r taken for labels"):
        table = read_annotations(tmp_path / "export.csv", key="ID")
    assert round(agreement(table, "r", level="ordinal", order=list("12345"), resamples=0).alpha, 3) == 0.863


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_lines_and_encodings(tmp_path: Path, encoding: str) -> None:
    lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in pairs())
    path = tmp_path / "export.jsonl"
    path.write_bytes(lines.encode(encoding))
    pd.testing.assert_frame_equal(read_annotations(path, key="ID"), long_table(pairs(), key="ID"))


@pytest.mark.parametrize(
    ("words", "encoding", "says"),
    [
        ("schöne Grüße", "cp1252", "Windows-1252"),
        ("Привет, как дела", "cp1251", "Windows-1251"),
        ("schöne Grüße", "utf-16-le", None),
    ],
)
def test_csv_exports_that_a_spreadsheet_saved_anew(tmp_path: Path, words: str, encoding: str, says: str | None) -> None:
    path = tmp_path / "export.csv"
    text = f'annotation_id;annotator;id;ID;mood\n5;3;1;"a";"{words}"\n6;4;1;"a";"x"\n'
    path.write_bytes(text.encode(encoding))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table = read_annotations(path, key="ID", data="ID")
    assert table.loc[table["control"] == "mood", "value"].tolist() == [words, "x"]
    guessed = [str(one.message) for one in said if "by its letters it is taken to be" in str(one.message)]
    assert (len(guessed) == 1 and str(says) in guessed[0]) if says else not guessed
    assert not says or any(says in note for note in table.attrs["read"]["notes"])


def test_results_as_json_text_and_what_is_damaged_are_rows() -> None:
    text = task(1, [annotation([], 1) | {"result": json.dumps(choice("a"))}], ID="k1")
    assert long_table([text], key="ID")["value"].tolist() == ["a"]
    each = task(
        1, [annotation([], 1) | {"result": [json.dumps(choice("a")[0])]}, annotation([], 2) | {"result": "null"}]
    )
    assert long_table([each])["status"].tolist() == ["submitted", "empty"]
    bent = [
        task(1, [annotation([*choice("a"), "oops"], 1), 7], ID="k1"),
        task(2, [annotation([], 2) | {"result": "{no"}], ID="k2"),
        {"id": 3, "data": "gone"},
        "not a task",
        task(4, [], drafts=["?"], ID="k4"),
    ]
    with pytest.warns(UserWarning, match=r"6 pieces are damaged, and rows of the status damaged"):
        table = read_annotations(bent, key="ID")
    told = table.attrs["read"]
    assert (told["seen"], told["taken"], told["left_out"]) == (6, 6, [])
    assert table["item"].fillna("–").tolist() == ["k1", "k1", "k1", "k2", "–", "–", "k4"]
    assert table["status"].tolist() == ["submitted", *["damaged"] * 6]
    assert table["value"].tolist()[1:4] == ["oops", 7, "{no"]
    assert widen(table, "mood").loc["k1"].dropna().tolist() == ["a"]


@pytest.mark.parametrize("name", ["data", "meta", "annotations", "result", "value", "twice"])
def test_json_that_is_kept_as_text_is_read(tmp_path: Path, name: str) -> None:
    whole = task(1, [annotation(choice("a"), 1)], ID="k1", item="k1")
    text = copy.deepcopy(whole)
    done: Any = text["annotations"][0]
    if name in ("result", "twice"):
        done["result"] = json.dumps(done["result"])
    if name == "twice":
        done["result"] = json.dumps(done["result"])
    if name == "value":
        done["result"][0]["value"] = json.dumps(done["result"][0]["value"])
    if name in text:
        text[name] = json.dumps(text[name])
    found = read_annotations(write(tmp_path, "export.json", [text]), key="ID")
    pd.testing.assert_frame_equal(found, long_table([whole], key="ID"))


def test_an_object_that_is_no_annotation_does_not_stop_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "answers"
    for number, item in ((1, "a"), (2, "b")):
        write(folder, str(number), stored(number, item))
    write(folder, "3", "<Error>AccessDenied</Error>")
    write(folder, "4", {"some": "settings"})
    with pytest.warns(UserWarning, match=r"4 annotations, 2 taken, 2 left out \(no annotation: 3, 4"):
        table = read_annotations(folder, key="ID")
    assert table["item"].tolist() == ["a", "b"]
    with pytest.raises(InputError, match="3 is not JSON"):
        read_annotations(folder / "3", key="ID")
    for number in (1, 2, 4):
        (folder / str(number)).unlink()
    with pytest.raises(InputError, match="3 is not JSON"):
        read_annotations(folder, key="ID")


def spoken(start: int, first: int, end: int, last: int, **more: Any) -> dict[str, Any]:
    value = {"start": str(start), "end": str(end), "startOffset": first, "endOffset": last, "paragraphlabels": ["x"]}
    return result("paragraphlabels", value | more, name="turn")


TALK = [{"author": "Ana", "text": "Hi 😀 there"}, {"author": "Ben", "text": "Ho ho"}]


@pytest.mark.parametrize(
    ("drawn", "start", "end", "text"),
    [
        # The browser counts the smiley as two, a script as one; what the span says it covers decides.
        (spoken(0, 6, 0, 11, text="there"), 5, 10, "there"),
        (spoken(0, 5, 0, 10, text="there"), 5, 10, "there"),
        (spoken(0, 6, 1, 2), 5, 13, "there\nHo"),
        (spoken(1, 0, 1, 99), 11, 16, "Ho ho"),
    ],
)
def test_paragraphs_have_places_from_the_top(drawn: Any, start: int, end: int, text: str) -> None:
    table = long_table([task(1, [annotation([drawn])], talk=TALK, ID="1")])
    assert table.loc[0, ["start", "end", "text"]].tolist() == [start, end, text]


def test_paragraphs_are_compared_where_they_stand() -> None:
    done = [annotation([spoken(*place)], n, by=n) for n, place in enumerate([(0, 0, 0, 2), (0, 0, 0, 2), (1, 0, 1, 2)])]
    found = region_agreement(long_table([task(1, done, talk=TALK)]), "turn")
    assert found.pairs["f1"].tolist() == [1, 0, 0]


PAGE = (
    "<h1>Title</h1>\r\n<p>One<br>two <b>claim &amp; 😀 x</b> end</p><script>let a</script>"
    "<table><tr><td>cell</td></tr></table>bare"
)


@pytest.mark.parametrize(
    ("path", "start", "end", "said", "place"),
    [
        ("/h1[1]/text()[1]", 0, 5, None, (0, 5, "Title")),
        ("/p[1]/text()[2]", 0, 3, None, (10, 13, "two")),
        ("/p[1]/b[1]/text()[1]", 8, 12, None, (22, 25, "😀 x")),
        ("/table[1]/tbody[1]/tr[1]/td[1]/text()[1]", 0, 4, None, (29, 33, "cell")),
        ("/text()[2]", 0, 4, "bare", (33, 37, "bare")),
        ("/div[7]/text()[1]", 0, 4, "claim  &\\nx", None),
        ("/div[7]/text()[1]", 0, 4, "claim & 😀", (14, 23, "claim & 😀")),
        ("/div[7]/text()[1]", 0, 4, None, None),
    ],
)
def test_pages_have_places_from_the_top(path: str, start: int, end: int, said: str | None, place: Any) -> None:
    value = {"start": path, "end": path, "startOffset": start, "endOffset": end, "hypertextlabels": ["x"]}
    drawn = result("hypertextlabels", value | ({"text": said} if said else {}), name="mark")
    tasks = [task(1, [annotation([drawn])], html=PAGE, ID="1")]
    if place is None:
        with pytest.warns(UserWarning, match="1 span has no start and end"):
            assert long_table(tasks)["start"].isna().all()
    else:
        assert long_table(tasks).loc[0, ["start", "end", "text"]].tolist() == list(place)
    known = drawn | {"value": value | {"globalOffsets": {"start": 3, "end": 4}}}
    assert long_table([task(1, [annotation([known])], html=PAGE)])["start"].tolist() == [3]


def test_a_text_that_is_elsewhere_gives_no_place() -> None:
    with pytest.warns(UserWarning, match=r"2 spans have no start and end.*only its address"):
        table = long_table(
            [task(1, [annotation([spoken(0, 0, 0, 2), spoken(0, 1, 0, 2)])], talk="https://x.org/a.json")]
        )
    assert table["start"].isna().all()


def test_messages_of_a_chat_and_the_magic_wand() -> None:
    said = [
        result("chatmessage", {"chatmessage": {"role": role, "content": text}}, name="chat", id=text)
        for role, text in (("user", "Hello"), ("assistant", "Hi"))
    ]
    table = long_table([task(1, [annotation(said)])])
    assert table[["control", "kind", "region"]].astype(object).where(table.notna(), None).values.tolist()[0][:2] == [
        "chat",
        "chatmessage",
    ]
    assert [value["content"] for value in table["value"]] == ["Hello", "Hi"]
    mask = np.zeros((100, 200), bool)
    mask[10:20, 0:5] = True
    drawn = {"format": "rle", "rle": brush_rle(mask)}
    size = {"original_width": 200, "original_height": 100}
    wand = [
        result("magicwand", drawn, name="magic", **size),
        result("labels", {**drawn, "labels": ["sky"]}, name="what", **size),
    ]
    table = long_table([task(1, [annotation(wand, 1), annotation(wand, 2, by=2)])], raw=True)
    assert table["region"].tolist() == ["r1"] * 4
    assert region_agreement(table, "what").f1 == 1
    assert to_coco(table)["annotations"][0]["area"] == 50
    # Its labels under its brush's name, or another's: they are its labels all the same.
    for kind, name in (("magicwand", "brushlabels"), ("brush", "brushlabels"), ("brushlabels", "Labels")):
        alone = [result(kind, {**drawn, name: ["sky"]}, **size)]
        assert (table := long_table([task(1, [annotation(alone)])], raw=True))["value"].tolist() == ["sky"]
        assert [one["name"] for one in to_coco(table)["categories"]] == ["sky"]


def test_flat_exports_are_read_with_what_they_lack() -> None:
    whole = read_annotations(RECORDED / "every_type.json")
    first = whole[whole["item"] == "001"].query("kind != 'relation'")
    for name in ("every_type.json_min.json", "every_type.csv"):
        with pytest.warns(UserWarning, match=f"{name} is a JSON-MIN or CSV export: .*skipped.* The format JSON"):
            flat = read_annotations(RECORDED / name, key="ID", data=["text"])
        mine = flat[flat["item"] == "001"]
        said = {c: sorted(map(str, rows["value"].dropna())) for c, rows in mine.groupby("control")}
        assert said == {c: sorted(map(str, rows["value"].dropna())) for c, rows in first.groupby("control")} | said
        assert set(said) == set(first["control"])
        assert mine.set_index("control").loc["box", ["x", "y", "width", "height"]].tolist() == [10, 20, 30, 40]
        assert set(mine["annotator"]) == {"1"}
    with pytest.raises(InputError, match="not JSON"):
        read_annotations(Path(__file__))


ABOUT = {"annotator": 1, "annotation_id": 5, "created_at": "", "updated_at": "", "lead_time": 1.0}
BOX = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}


@pytest.mark.filterwarnings("ignore:flat")
def test_flat_exports_keep_kinds_and_tell_answers_from_data_of_one_name(tmp_path: Path) -> None:
    """Answers to a control that is called as a column stand in its place; CSV calls the column ``_data_…`` then."""
    records = [
        {"ID": f"k{task}", "mood": f"m{(task + by) % 2}", "id": task, "box": [{**BOX, "labels": ["car"]}]}
        | {
            "note": "one" if task else {"text": ["one", "two"]},
            **ABOUT,
            "annotator": by,
            "annotation_id": 2 * task + by,
        }
        for task in (0, 1)
        for by in (1, 2)
    ]
    table = read_annotations(write(tmp_path, "flat.json", records), key="ID")
    kinds = table.groupby("control")["kind"].agg(set).to_dict()
    assert kinds == {"mood": {"choices"}, "box": {"labels"}, "note": {"textarea"}}
    assert table.query("control == 'note'")["value"].tolist() == ["one", "two"] * 2 + ["one"] * 2
    talk = [{"author": "Ana", "text": "Hi"}, {"author": "Ben", "text": "Ho"}]
    span = {"start": "1", "end": "1", "startOffset": 0, "endOffset": 2, "text": "Ho", "paragraphlabels": ["claim"]}
    row = {"ID": "k", "_data_mood": "own", "mood": "up", "talk": json.dumps(talk), "turn": json.dumps([span])}
    row |= {"chat": '[{"role": "user", "content": "Hi"}]', "chat_transcript": "user: Hi", "id": 1, **ABOUT}
    with (tmp_path / "flat.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, sorted(row))
        writer.writeheader()
        writer.writerow(row)
    table = read_annotations(tmp_path / "flat.csv", key="ID", data="mood")
    assert table[["control", "kind"]].values.tolist() == [
        ["chat", "chatmessage"],
        ["mood", "choices"],
        ["turn", "paragraphlabels"],
    ]
    assert table["value"].tolist() == [{"role": "user", "content": "Hi"}, "up", "claim"]
    assert (table["data.mood"].tolist(), table["start"].tolist()[2]) == (["own"] * 3, 3)


def test_what_goes_with_an_answer_is_a_column() -> None:
    span = result(
        "labels",
        {"start": 0, "end": 3, "text": "Ana", "labels": ["PER"], "channel": 1},
        id="a",
        item_index=2,
        origin="prediction-changed",
        parentID="z",
        meta={"text": ["sure?", "ask"]},
    )
    tree = result("taxonomy", {"taxonomy": [["a > b", "c"]]}, name="tax", id="t")
    done = annotation([span, tree], 5, unique_id="u", ground_truth=True, parent_prediction=31)
    table = long_table([task(1, [done]), task(2)], annotator="ana")
    wanted = {
        "text": "Ana",
        "page": 2,
        "channel": 1,
        "to_name": "t",
        "origin": "prediction-changed",
        "parent": "z",
        "notes": "sure?\nask",
        "prediction": 31,
        "ground_truth": True,
        "unique_id": "u",
        "account": "1",
    }
    assert table.loc[0, list(wanted)].to_dict() == wanted
    assert table["path"].tolist() == [None, ("a > b", "c"), None]
    assert table["created_at"].notna().tolist() == [True, True, False]
    assert str(table["ground_truth"].dtype) == "boolean"


def test_repeated_controls_are_one_with_a_page() -> None:
    def asked(n: int, value: str) -> dict[str, Any]:
        return result("choices", {"choices": [value]}, name=f"q_{n}", id=f"c{n}") | {"to_name": f"page_{n}"}

    with pytest.warns(UserWarning, match="q_0, q_1 as one control 'q'"):
        table = long_table([task(1, [annotation([asked(0, "a"), asked(1, "b")])])])
    assert table[["control", "page", "to_name"]].values.tolist() == [["q", 0, "page"], ["q", 1, "page"]]
    separate = [{**asked(n, "a"), "to_name": "text"} for n in (1, 2, 3)]
    assert long_table([task(1, [annotation(separate)])])["control"].tolist() == ["q_1", "q_2", "q_3"]


PIECES = st.sampled_from([None, 7, "x", [], {}, [7], {"id": 1}, "[]", '[{"a": 1}]', [[]], True, 1e30])


@settings(max_examples=40, derandomize=True, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_all_that_a_bent_export_holds_is_accounted_for(tmp_path: Path, data: st.DataObject) -> None:
    tasks: Any = copy.deepcopy([*pairs(), task(9, [], ID="k9", drafts=[{"id": 1, "result": choice("a")}])])
    for _ in range(data.draw(st.integers(1, 4))):
        place: Any = tasks
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            deeper = isinstance(place[key], dict | list) and data.draw(st.booleans())
            if not deeper:
                if data.draw(st.booleans()) and isinstance(place, list):
                    place.append(copy.deepcopy(place[key]))
                else:
                    place[key] = data.draw(PIECES)
                break
            place = place[key]
    path = write(tmp_path, "bent.json", tasks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = read_annotations([path, write(tmp_path, "whole.json", pairs())], key="ID", raw=True)
        except LsnbError:
            return
    tally = tally_of(table)
    assert (tally.seen, tally.unexplained) == (10 + sum(held(one) for one in tasks), 0)
    assert len(table) >= tally.taken


def held(one: Any) -> int:
    if not isinstance(one, dict) or not (isinstance(one.get("data"), dict) or not one.get("data")):
        return 1
    parts = [one.get("annotations"), one.get("drafts")]
    return sum(len(part) if isinstance(part, list) else 1 for part in parts if part)


def test_a_table_in_which_no_answer_was_told_says_so() -> None:
    record = {"ID": "a", "annotation_id": 1, "annotator": 3, "id": 1, "q": ["yes", "no"]}
    with pytest.warns(UserWarning, match="No column was taken for an answer; for data: ID and q"):
        read_annotations([dict(sorted(record.items()))], key="ID")


def test_data_with_an_id_of_its_own_is_no_answer_in_json_min(tmp_path: Path) -> None:
    """The task's id stands in its place, before the data: all columns behind it were answers that nobody gave."""
    said = ["up", "up", "up", "up", "down", "up"]
    records: list[dict[str, Any]] = [
        {
            "id": n // 2,
            "text": f"post {n // 2}",
            "date": f"2026-01-{n // 2 + 1:02}",
            "mood": mood,
            "annotator": n % 2 + 1,
        }
        | {"annotation_id": n + 10, "created_at": None, "updated_at": None, "lead_time": None}
        for n, mood in enumerate(said)
    ]
    with pytest.warns(
        UserWarning, match=r"answers: mood; for data: text and date\. If one of the answers is data, name"
    ):
        table = read_annotations(write(tmp_path, "min.json", records))
    assert table[["control", "value"]].values.tolist() == [["mood", mood] for mood in said]
    # It may stand among the others: of ten tasks not all people have written the same.
    among = [{"author": "a"} | record | {"id": n, "text": f"post {n}"} for record in records for n in range(10)]
    with pytest.warns(UserWarning, match="answers: date and mood; for data: author and text"):
        read_annotations(write(tmp_path, "among.json", among))
    by_columns = {name: {str(n): one[name] for n, one in enumerate(records)} for name in records[0]}
    with pytest.warns(UserWarning, match="answers: mood; for data: text and date"):
        assert read_annotations(write(tmp_path, "columns.json", by_columns))["value"].tolist() == said
    # In CSV the id is the researcher's, and may be that of several tasks, which what is known to be data tells apart.
    posts = [dict(sorted((record | {"id": 7}).items())) for record in records]
    table = read_annotations(posts, key="date", data="text")
    assert (set(table["control"]), table["item"].nunique()) == ({"mood"}, 3)


def test_json_min_beside_the_json_of_one_project_counts_nothing_twice(tmp_path: Path) -> None:
    """JSON-MIN and CSV name no project: their annotations were those of further people."""
    when = "2026-01-02T10:00:0{}.000001Z"
    marks = [
        annotation(choice(said, name="q"), n, by=n)
        | {"unique_id": f"u{n}", "created_at": when.format(n), "updated_at": when.format(n)}
        for n, said in ((1, "a"), (2, "b"))
    ]
    full = write(tmp_path, "a.json", [task(7, marks, ID="x")])
    flat = [
        {"ID": "x", "id": 7, "q": said, "annotator": n, "annotation_id": n, "created_at": when.format(n)}
        | {"updated_at": when.format(n), "lead_time": 1.0}
        for n, said in ((1, "a"), (2, "b"))
    ]
    with pytest.warns(UserWarning, match=r"4 annotations, 2 taken, 2 left out \(in more than one file"):
        table = read_annotations([full, write(tmp_path, "b.json", flat)], key="ID")
    assert table[["annotator", "value", "unique_id"]].values.tolist() == [["1", "a", "u1"], ["2", "b", "u2"]]
    # Tasks of a study name their items, which JSON-MIN and CSV leave out: there an item is a task's number.
    studied = write(tmp_path, "study.json", [task(7, marks, item="x", ID="x")])
    with pytest.warns(UserWarning, match=r"4 annotations, 2 taken, 2 left out \(in more than one file"):
        found = read_annotations([studied, tmp_path / "b.json"])
    assert found[["item", "annotator", "value"]].values.tolist() == [["x", "1", "a"], ["x", "2", "b"]]
    # A table's index, as pandas writes it, is no answer.
    with (tmp_path / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["", *flat[0]])
        writer.writeheader()
        writer.writerows({"": n, **one} for n, one in enumerate(flat))
    assert set(read_annotations(tmp_path / "index.csv", key="ID")["control"]) == {"q"}
    with pytest.raises(InputError, match=r"own.csv is a table of annotations, not an export: lsnb.read_table brings"):
        read_annotations(write_table(table, tmp_path / "own.csv"))
    with pytest.raises(InputError, match="is not a list of Label Studio tasks"):
        read_annotations([{5: "x", "annotation_id": 1}])


def test_what_one_account_answered_twice_is_said(tmp_path: Path) -> None:
    marks = [annotation(stars(n), n, by=1) | {"unique_id": name} for n, name in ((1, "a"), (2, "b"))]
    tasks = [task(1, marks, ID="x"), task(2, [annotation(stars(3), 9, by=1)], ID="y")]
    table = read_annotations(write(tmp_path, "twice.json", tasks), key="ID")
    assert len(table) == 3
    with pytest.warns(UserWarning, match=r"^1 item has more than one annotation by the same person \(x\): the latest"):
        assert widen(table, "r")["1"].tolist() == [2, 3]
    assert widen(table, "r", repeats="all")["1 (2)"].tolist()[0] == 2


def test_a_damaged_line_among_tasks_is_a_row(tmp_path: Path) -> None:
    lines = [json.dumps(one) for one in pairs()]
    with pytest.warns(UserWarning, match=r"1 piece is damaged.*task number 6"):
        table = read_annotations(write(tmp_path, "e.jsonl", "\n".join([*lines, '{"id": 6, "da'])), key="ID")
    assert table["status"].value_counts().to_dict() == {"submitted": 10, "damaged": 1}
    account = tally_of(table)
    assert account is not None
    assert (account.seen, account.taken, account.unexplained) == (11, 11, 0)
    with pytest.raises(InputError, match=r"half\.json is damaged JSON"):
        read_annotations(write(tmp_path, "half.json", json.dumps(pairs(), indent=1)[:-60]), key="ID")


def test_an_empty_key_is_called_empty() -> None:
    given = [*pairs(), task(9, [annotation(stars(1), 30)], ID=None)]
    with pytest.raises(InputError, match="'ID', which should identify the item, is empty in the data of task 9"):
        read_annotations(given, key="ID")


def span(value: dict[str, Any]) -> list[dict[str, Any]]:
    return [result("labels", {"labels": ["PER"], **value}, name="who")]


@pytest.mark.parametrize(
    ("value", "place", "said"),
    [
        ({"start": 3, "end": 6, "text": "Ana"}, (2, 5), "1 span was counted with two for an emoji"),
        ({"start": 2, "end": 5, "text": "Ana"}, (2, 5), None),
        ({"start": 9, "end": 13, "text": "else"}, (9, 13), None),
        ({"start": "2", "end": "5"}, (2, 5), None),
        ({"start": "1.5", "end": "2.25"}, (1.5, 2.25), None),
        ({"start": "2026-01-01", "end": "2026-01-02"}, (None, None), "1 region begins at what is no number"),
    ],
)
def test_places_in_other_numbers_are_characters_or_said(value: Any, place: Any, said: str | None) -> None:
    given = [task(1, [annotation(span(value), 5)], ID="a", text="\N{GRINNING FACE} Ana in Rome")]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        table = read_annotations(given, key="ID")
    found = [None if pd.isna(table[name].iloc[0]) else table[name].iloc[0] for name in ("start", "end")]
    assert found == list(place)
    assert [str(one.message).partition(": ")[2][: len(said or "")] for one in told] == ([said] if said else [])


@pytest.mark.parametrize("value", [{}, None, {"choices": None}])
def test_a_value_of_nothing_is_nothing_chosen(value: Any) -> None:
    given = [task(1, [annotation([result("choices", value, name="q")], 5)], ID="a")]
    table = read_annotations(given, key="ID")
    assert (table["value"].tolist(), table["status"].tolist()) == ([None], ["submitted"])


@pytest.mark.parametrize(("pack", "kind"), [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz")])
def test_a_packed_file_is_said_to_be_one_by_every_reader(tmp_path: Path, pack: Any, kind: str) -> None:
    for name, content in (("export.json", b"[]"), ("media.csv", b"id,text\n1,a\n")):
        (tmp_path / name).write_bytes(pack(content))
        for read in (lsnb.read_annotations, lsnb.read_table, lsnb.read_series):
            with pytest.raises(LsnbError, match=rf"{name} is packed \({kind}\): unpack it"):
                read(tmp_path / name)


def test_names_that_are_no_texts_are_texts_on_every_pandas() -> None:
    odd = {**result("choices", {"choices": ["x"]}, name="q"), "from_name": {"a": 1}, "id": {"z": 1}}
    table = read_annotations([task(1, [annotation([odd, result("choices", {"choices": ["y"]}, name="q")], 5)], ID="a")])
    assert table["control"].tolist() == ["{'a': 1}", "q"]
    assert widen(table, "q").iloc[0].tolist() == ["y"]


def test_what_an_annotation_says_and_no_column_can_hold_is_said() -> None:
    """A moment that is none, and a number that is none, were empty without a word."""
    one = annotation([], 2) | {"updated_at": "yesterday", "lead_time": "3 s"}
    given = [task(1, [one]), task(2, [annotation([], 3) | {"lead_time": None}])]
    with pytest.warns(UserWarning, match="of 1 annotation is") as said:
        table = read_annotations(given)
    assert table["updated_at"].isna()[0]
    sentences = [str(each.message) for each in said]
    assert any("'updated_at' of 1 annotation is no moment ('yesterday')" in each for each in sentences)
    assert any("'lead_time' of 1 annotation is no number ('3 s')" in each for each in sentences)


BOX = {"x": 1, "y": 2, "width": 3, "height": 4}


@pytest.mark.parametrize(
    ("value", "kind", "read"),
    [
        ({"choices": ["a"]}, "choices", "a"),
        ({"text": ["so"]}, "textarea", "so"),
        ({"rating": 3}, "rating", 3),
        ({"taxonomy": [["a", "b"]]}, "taxonomy", "a > b"),
        ({**BOX, "rectanglelabels": ["car"]}, "rectanglelabels", "car"),
        ({**BOX}, "rectangle", None),
        ({**BOX, "choices": ["a"]}, "choices", "a"),
        ({"start": 1, "end": 3, "text": "so", "labels": ["A"]}, "labels", "A"),
        ({"start": 1, "end": 3, "text": "so"}, "labels", None),
        ({"unknown": 1}, None, {"unknown": 1}),
    ],
)
def test_a_result_that_does_not_say_its_type_is_what_its_value_is(value: Any, kind: Any, read: Any) -> None:
    bare = {name: part for name, part in result("x", value).items() if name != "type"}
    with pytest.warns(UserWarning, match=f"1 result does not say of what type; .*{kind or 'nothing known'} in"):
        table = read_annotations([task(1, [annotation([bare])], ID="k")], key="ID")
    assert table["value"].tolist() == [read]
    assert [None if pd.isna(one) else one for one in table["kind"]] == [kind]


def test_a_type_in_other_letters_is_that_type() -> None:
    table = read_annotations([task(1, [annotation([result("Choices", {"choices": ["a"]})])], ID="k")], key="ID")
    assert (table["kind"][0], table["value"][0]) == ("choices", "a")


def test_a_stretch_without_a_label_in_json_min_is_no_written_answer(tmp_path: Path) -> None:
    record = {"t": "abcdef", "id": 1, "ner": [{"start": 1, "end": 2, "text": "b"}], "annotator": 1, "annotation_id": 1}
    with pytest.warns(UserWarning, match="JSON-MIN"):
        table = read_annotations(write(tmp_path, "min.json", [record]))
    assert table["kind"].tolist() == ["labels"]
    assert table["value"].tolist() == [None]
    assert table[["start", "end", "text"]].values.tolist() == [[1.0, 2.0, "b"]]


def test_who_answered_is_known_without_completed_by_where_the_export_says_it() -> None:
    answers = [
        {"id": n, "created_username": said, "result": choice("a")}
        for n, said in enumerate((" ana@x.org, 4", "Ben ben@x.org, 5"), 1)
    ]
    table = read_annotations([task(1, answers, ID="k")], key="ID")
    assert table["annotator"].tolist() == ["ana@x.org", "ben@x.org"]
    numbered = read_annotations([task(1, [answers[0], annotation(choice("b"), 9, by=7)], ID="k")], key="ID")
    assert numbered["annotator"].tolist() == ["4", "7"]


def test_a_project_that_a_bucket_describes_is_its_number(tmp_path: Path) -> None:
    about = {"id": 1, "data": {"ID": "k"}, "project": {"id": 4, "title": "P"}}
    path = write(tmp_path, "7", {"id": 7, "completed_by": 1, "result": choice("a"), "task": about})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_annotations(path, key="ID")["project"].tolist() == [4]
        one = {"id": 7, "completed_by": 1, "result": choice("a")}
        assert read_annotations([{**about, "annotations": [one]}], key="ID")["project"].tolist() == [4]


@pytest.mark.parametrize("part", ["result", "value", "annotations", "data", "completed_by"])
def test_pieces_that_a_program_wrote_as_pythons_text_are_what_they_say(tmp_path: Path, part: str) -> None:
    answer = annotation(choice("it's so"), by={"id": 3, "email": "ana@x.org"})
    whole: dict[str, Any] = task(1, [answer], ID="k")
    if part == "value":
        answer["result"][0]["value"] = repr(answer["result"][0]["value"])
    else:
        held = whole if part in whole else answer
        held[part] = repr(held[part])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = read_annotations(write(tmp_path, "e.json", [whole]), key="ID")
    assert table[["item", "annotator", "value", "status"]].values.tolist() == [
        ["k", "ana@x.org", "it's so", "submitted"]
    ]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_json_min_that_pandas_saved_as_a_table_keeps_lists_and_regions(tmp_path: Path, ending: str) -> None:
    car = {**BOX, "rotation": 0, "rectanglelabels": ["car"], "original_width": 10, "original_height": 10}
    about = {"annotator": 1, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    records = [
        {"t": "x", "id": 1, "mood": ["a", "b"], "box": [car], "annotation_id": 5, **about},
        {"t": "y", "id": 2, "mood": "a", "box": None, "annotation_id": 6, **about},
    ]
    path = tmp_path / f"min.{ending}"
    frame = pd.DataFrame(records)
    (frame.to_csv if ending == "csv" else frame.to_excel)(path, index=False)
    with pytest.warns(UserWarning, match="JSON-MIN or CSV export"):
        table = read_annotations(path)
    assert table[["item", "kind", "value"]].values.tolist() == [
        ["1", "choices", "a"],
        ["1", "choices", "b"],
        ["1", "rectanglelabels", "car"],
        ["2", "choices", "a"],
    ]


@pytest.mark.parametrize("orient", ["columns", "index", "records"])
def test_an_export_that_went_through_pandas_is_its_tasks(tmp_path: Path, orient: Any) -> None:
    whole = [task(1, [annotation(choice("a"))], ID="k"), task(2, [annotation(choice("b"), 2)], ID="l")]
    path = tmp_path / "e.json"
    pd.DataFrame(whole).to_json(path, orient=orient)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = read_annotations(path, key="ID")
    assert table[["item", "annotator", "value"]].values.tolist() == [["k", "1", "a"], ["l", "1", "b"]]
    flat = [{"t": "x", "id": 1, "mood": "up", "annotator": 1, "annotation_id": 5, "lead_time": 1.0}]
    pd.DataFrame(flat).to_json(path, orient="columns")
    with pytest.warns(UserWarning, match="JSON-MIN or CSV export"):
        assert read_annotations(path)["value"].tolist() == ["up"]


def test_a_csv_export_that_another_program_saved_again_says_the_same(tmp_path: Path) -> None:
    head = ["id", "text", "mood", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"]
    at = "2026-01-01T00:00:00Z"
    rows = [
        ["1", "Hallo", "up", "1", "5", at, at, "1.5"],
        ["2", "Welt", "down", "1", "6", at, at, "2.5"],
        ["2", "Welt", "up", "2", "7", at, at, "3.5"],
    ]
    forms = {
        "floats": [",".join([f"{r[0]}.0", *r[1:3], f"{r[3]}.0", f"{r[4]}.0", *r[5:]]) for r in rows],
        "german": [";".join([*r[:3], f"{r[3]},0", f"{r[4]},0", *r[5:7], r[7].replace(".", ",")]) for r in rows],
        "empty": [*(",".join(r) for r in rows), ",,,,,,,"],
        "plain": [",".join(r) for r in rows],
    }
    found = {}
    for name, lines in forms.items():
        mark = ";" if name == "german" else ","
        above = "sep=;\r\n" if name == "german" else ""
        path = write(tmp_path, f"{name}.csv", above + "\r\n".join([mark.join(head), *lines]))
        with pytest.warns(UserWarning, match="JSON-MIN or CSV export") as said:
            found[name] = read_annotations(path)
        assert ("1 empty row is left out" in str(said[0].message)) is (name == "empty")
    for table in found.values():
        pd.testing.assert_frame_equal(table, found["plain"])
    assert found["plain"]["lead_time"].tolist() == [1.5, 2.5, 3.5]


def test_numbers_that_no_float_holds_are_texts_and_told(tmp_path: Path) -> None:
    box = {"x": 1.25, "y": 2, "width": 3, "height": 4, "rotation": 0, "rectanglelabels": ["car"]}
    given = [result("rectanglelabels", box), result("number", {"number": 7.5}, name="n", id="r2")]
    text = json.dumps([task(1, [annotation(given, lead_time=8.5)], size=9.5)])
    path = tmp_path / "a.json"
    path.write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_annotations(path, data="size")["data.size"].tolist() == [9.5, 9.5]
    beyond = (("1.25", "1e400"), ("7.5", "-2.5E+999"), ("8.5", "1e400"), ("9.5", f"{'9' * 309}.0"))
    vanishing = (("1.25", "1e-400"), ("7.5", "-2.5E-0999"), ("8.5", "1e-400"), ("9.5", f"0.{'0' * 330}1"))
    for number, huge in (*beyond, *vanishing):
        path.write_text(text.replace(number, huge))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = read_annotations(path, raw=True, data="size")
        said = " ".join(str(one.message) for one in caught)
        assert (huge in said) == (number != "9.5"), said
        if number == "9.5":
            assert found["data.size"].tolist() == [huge, huge]
        elif number == "7.5":
            assert found["value"].tolist() == ["car", huge]
        elif number == "8.5":
            assert found["lead_time"].isna().all()
        else:
            assert found["x"].isna().tolist()[0]
            assert found["raw"][0]["value"]["x"] == huge


def test_a_span_that_does_not_lie_in_its_text_is_told(tmp_path: Path) -> None:
    def read(value: dict[str, Any], kind: str = "labels", **data: Any) -> str:
        path = tmp_path / "a.json"
        path.write_text(json.dumps([task(1, [annotation([result(kind, value)])], **data)]))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = read_annotations(path)
        assert found[["start", "end"]].values.tolist() == [[value["start"], value["end"]]]
        return " ".join(str(one.message) for one in caught)

    def span(start: int, end: int, **more: Any) -> dict[str, Any]:
        return {"start": start, "end": end, "labels": ["PER"], **more}

    for start, end in ((50, 99), (8, 12), (-3, 2), (5, 2)):
        for more in ({}, {"text": "Ben"}):
            said = read(span(start, end, **more), t="Ana saw Ben")
            assert "1 span does not lie in the task's text; start and end are as they stand. Is it the text" in said
            assert f"({start} to {end} of 11 in annotation 1 of task 1)" in said
    for value, data in (
        (span(8, 11), {"t": "Ana saw Ben"}),
        (span(0, 11), {"post": "Ana saw Ben", "ID": "7"}),
        (span(0, 3), {"t": "\N{GRINNING FACE}a"}),  # counted in halves, as browsers do
        (span(50, 99), {"t": "https://example.org/a.txt"}),
        (span(50, 99), {"posts": ["Ana saw Ben"], "ID": "7"}),
        (span(50, 99, channel=0), {"t": "a.wav"}),
        (span(50, 99), {}),
    ):
        assert read(value, **data) == "", (value, data)
    assert read({"start": 50, "end": 99, "timeserieslabels": ["x"]}, "timeserieslabels", t="a") == ""


def test_stretches_that_end_before_they_begin_are_told(tmp_path: Path) -> None:
    sound = result("labels", {"start": 3.5, "end": 1.0, "channel": 0, "labels": ["x"]}, id="a")
    line = result("timelinelabels", {"ranges": [{"start": 9, "end": 2}], "timelinelabels": ["x"]}, id="b")
    right = result("labels", {"start": 1.0, "end": 1.0, "channel": 0, "labels": ["x"]}, id="c")
    path = write(tmp_path, "a.json", [task(1, [annotation([sound, line, right])], item="k")])
    with pytest.warns(
        UserWarning, match=r"a.json: 2 stretches end before they begin, and stand as in the file \(c of k"
    ):
        found = read_annotations(path)
    assert found["start"].tolist()[0] == 3.5
    assert found[["start_frame", "end_frame"]].values.tolist()[1] == [9, 2]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_annotations(write(tmp_path, "b.json", [task(1, [annotation([right])])]))


@pytest.mark.parametrize("orient", ["records", "columns", "index", "split", "table"])
@pytest.mark.parametrize("kind", ["tasks", "answers"])
def test_an_export_that_pandas_wrote_in_any_form_is_its_tasks(tmp_path: Path, orient: str, kind: str) -> None:
    result = [{"id": "a", "type": "choices", "from_name": "m", "to_name": "t", "value": {"choices": ["up"]}}]
    done = [{"id": 7, "completed_by": 1, "result": result}]
    answered = [{"id": n, "annotation_id": 7 * n, "annotator": 1, "m": "up"} for n in (4, 5)]
    rows = [{"id": n, "data": {"ID": f"k{n}"}, "annotations": done} for n in (4, 5)] if kind == "tasks" else answered
    whole, by_number = tmp_path / "a.json", tmp_path / "b.json"
    pd.DataFrame(rows).to_json(whole, orient=orient)  # type: ignore[call-overload]
    pd.DataFrame(rows).set_index("id").to_json(by_number, orient=orient)  # type: ignore[call-overload]
    for path in [whole] if orient == "records" else [whole, by_number]:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*JSON-MIN or CSV export")
            found = read_annotations(path)
        assert found[["task", "value", "annotator"]].values.tolist() == [[4, "up", "1"], [5, "up", "1"]]


def test_a_long_text_is_gone_through_once_for_all_of_its_spans() -> None:
    text = "größer \N{GRINNING FACE} " * 300
    spans = [
        {"id": str(n), "type": "labels", "from_name": "l", "to_name": "text",
         "value": {"start": 9 * n, "end": 9 * n + 6, "text": "größer", "labels": ["a"]}}
        for n in range(300)
    ]  # fmt: skip
    before = _halves_of.cache_info().misses
    found = read_annotations([{"id": 1, "data": {"text": text}, "annotations": [{"id": 2, "result": spans}]}])
    assert found["start"].tolist() == [9.0 * n for n in range(300)]
    assert _halves_of.cache_info().misses - before <= 1
