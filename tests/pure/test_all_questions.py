"""All questions of a study at once: the overview, what to do next, the files, and what is cited."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from label_studio_tasks import annotation, choice, result, task

from lsnb.annotations import long_table
from lsnb.errors import InputError
from lsnb.reliability import (
    agreement,
    agreement_overview,
    coverage,
    methods_paragraph,
    references,
    region_agreement,
    text_agreement,
    write_results,
)
from lsnb.tables import read_table


def long() -> pd.DataFrame:
    answers = {
        ("mood", "choices"): {"ana": list("xyxyxyxyxx"), "ben": list("xyxyxyxyxx")},
        ("sure", "choices"): {"ana": list("xyxyxyxyxx"), "ben": list("yxxyyyxxyy")},
        ("lone / one", "choices"): {"ana": list("xyxyxyxyxx")},
        ("said", "textarea"): {"ana": ["a b", "c d"], "ben": ["a b", "c e"]},
    }
    rows = [
        (f"{item:02d}", who, value, control, kind, "submitted", None)
        for (control, kind), by in answers.items()
        for who, values in by.items()
        for item, value in enumerate(values)
    ]
    rows += [("00", who, "dog", "span", "labels", "submitted", f"r{who}") for who in ("ana", "ben")]
    names = ["item", "annotator", "value", "control", "kind", "status", "region"]
    table = pd.DataFrame(rows, columns=names).astype({"region": "string"})
    is_span = table["kind"].eq("labels")
    empty = {"x": None, "start_frame": None, "end_frame": None}
    return table.assign(start=is_span.map({True: 1.0}), end=is_span.map({True: 3.0}), **empty)


def test_each_question_has_the_figure_to_report_and_what_comes_next():
    table = long()
    found = agreement_overview(table).set_index("question")
    assert list(found.index) == ["mood", "sure", "lone / one", "said", "span"]
    mood = agreement(table, "mood")
    assert found.loc["mood", "figure"] == "Cohen's kappa"
    assert tuple(found.loc["mood", ["value", "low", "high"]]) == (mood.value("kappa"), *mood.bounds("kappa"))
    assert found.loc["mood", "percent"] == 1
    assert found.loc["mood", "next"] == "Report it."
    few = agreement_overview(table[table["item"].isin(["00", "01", "02"])]).set_index("question")
    assert few.loc["mood", "next"].startswith("Only 3 items have answers of two people so far: wait")
    assert "Report F1 of regions" in agreement(table, "span").why
    assert "make the instructions clearer" in found.loc["sure", "next"]
    assert found.loc["sure", "undecided"] == 6
    assert found.loc["lone / one", "next"] == "Let a second person answer some of the items."
    assert found.loc["said", "value"] == text_agreement(table, "said").wer
    assert found.loc["span", "value"] == region_agreement(table, "span").f1 == 1
    assert found.loc["span", "kind"] == "labels"


def test_files_are_named_by_question_and_paragraphs_cite_what_they_name(tmp_path):
    overview = write_results(long(), tmp_path, min_votes=2)
    names = {path.name for path in tmp_path.iterdir()}
    assert {
        "gold-mood.csv",
        "majority-sure.csv",
        "disputed-said.csv",
        "methods-span.txt",
        "overview.csv",
        "coverage.csv",
    } <= names
    # A question whose name no file can have.
    assert [name for name in names if re.fullmatch(r"gold-lone _ one~[0-9a-f]{12}\.csv", name)]
    assert "gold-span.csv" not in names
    back = read_table(tmp_path / "overview.csv")
    pd.testing.assert_frame_equal(back, overview, check_dtype=False)
    assert read_table(tmp_path / "overview.columns.csv")["meaning"].notna().all()
    bib = (tmp_path / "references.bib").read_text(encoding="utf-8")
    text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("methods-*.txt"))
    assert bib == references(text)
    keys = re.findall(r"^@\w+\{(\w+),$", bib, re.MULTILINE)
    assert {"krippendorff2018", "cohen1960", "kuhn1955", "rubin1981", "morris2004"} <= set(keys)
    said = (tmp_path / "methods-said.txt").read_text(encoding="utf-8")
    assert "50% of cases. Between their texts the word error rate was 0.25 [" in said
    assert not [name for name in ("alpha", "kappa") if name in said]
    third = long()[long()["control"].eq("said")].query("annotator == 'ana'").assign(annotator="cem")
    said = methods_paragraph(pd.concat([long(), third]), "said")
    assert "the same answer in 67% of cases, averaged over items. Between their texts" in said
    assert len(keys) == len(set(keys)) == bib.count("\n}")
    assert bib.count("{") == bib.count("}")
    assert "@article{cohen1968," in references("Cohen’s kappa with quadratic weights of a and b was 0.81.")
    write_results(long(), tmp_path, clusters={f"{n:02d}": n // 4 for n in range(10)})
    assert "95 % intervals by 3 clusters of items" in (tmp_path / "methods-mood.txt").read_text(encoding="utf-8")
    again = write_results(long(), tmp_path, min_votes=2)
    assert again.equals(overview)


def test_a_tool_whose_regions_cannot_be_compared_stops_no_other_question(tmp_path):
    # One tag of labels for boxes and brushes, as Label Studio has it.
    value = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["car"]}
    shapes = [
        result("rectanglelabels", value, name="part", id="r1"),
        result("brushlabels", {"format": "rle", "rle": [0, 1], "brushlabels": ["car"]}, name="part", id="r2"),
        *choice("x"),
    ]
    table = long_table([task(1, [annotation(shapes, n, by=f"p{n}") for n in (1, 2)])], raw=True)
    found = write_results(table, tmp_path).set_index("question")
    assert found.loc["part", "next"].startswith("The control 'part' draws boxes, masks, which cannot be compared")
    assert pd.isna(found.loc["part", "value"])
    assert found.loc["mood", "percent"] == 1
    names = {path.name for path in tmp_path.iterdir()}
    assert {"gold-mood.csv", "disputed-mood.csv", "methods-part.txt"} <= names
    assert "disputed-part.csv" not in names


def test_a_table_without_answers_gives_an_empty_overview(tmp_path):
    nobody = long().iloc[:2].assign(control=None, value=None, status="unlabelled")
    assert len(write_results(nobody, tmp_path)) == 0
    with pytest.raises(InputError, match=r"levels names 'moot', which nobody answered. Did you mean"):
        agreement_overview(long(), levels={"moot": "nominal"})


def test_coverage_adds_up_to_what_was_each_persons():
    tasks = [
        task(1, [annotation(choice("up"), 1, by=1)], item="a"),
        task(2, [annotation([], 2, by=1, was_cancelled=True)], item="b"),
        task(3, [annotation(choice("x", name="other"), 3, by=1)], item="c"),
        task(4, [], drafts=[{"id": 9, "result": choice("up"), "user": 1}], item="d"),
    ]
    long = long_table(tasks, annotator="ana")
    found = coverage(long)
    assert found.drop(columns="share").values.tolist() == [
        ["ana", "mood", 4, 1, 1, 1, 1],
        ["ana", "other", 4, 1, 1, 1, 1],
    ]
    assert found["share"].tolist() == [0.25, 0.25]
    assert coverage(long[:0]).empty
    # An exported project's open task names nobody: it is its one annotator's.
    exported = long_table([task(1, [annotation(choice("up"), 1, by=1)], item="a"), task(2, [], item="b")])
    assert coverage(exported)[["items", "answered", "open"]].values.tolist() == [[2, 1, 1]]
    # Nothing chosen of several is an answer.
    tasks = [task(1, [annotation(choice("up", "new"), 1)], item="a"), task(2, [annotation([], 2)], item="b")]
    assert coverage(long_table(tasks, annotator="ana"))[["answered", "unanswered"]].values.tolist() == [[2, 0]]
    drawn = result("rectanglelabels", {"x": 1, "y": 1, "width": 2, "height": 2, "rectanglelabels": ["car"]}, name="box")
    tasks = [task(1, [annotation([drawn], 1)], item="a"), task(2, [annotation([], 2)], item="b")]
    assert coverage(long_table(tasks, annotator="ana"))[["question", "answered", "share"]].values.tolist() == [
        ["box", 2, 1.0]
    ]
