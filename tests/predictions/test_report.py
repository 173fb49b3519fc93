"""What readers return: statuses by row, equality, summaries, merging."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from lsnb.errors import InputError, PartialFailureError
from lsnb.predictions import Fault, Predictions, Row, make_predictions


def region(name: str = "r1") -> dict[str, Any]:
    return {"id": name, "from_name": "b", "to_name": "i", "type": "rectangle", "value": {}}


def rows() -> list[Row]:
    failed = Row(2, "c", results=[region()])
    failed.error("wrong_score", "The score 1.9 is not between 0 and 1.", "annotations[3].score")
    warned = Row(3, "d", results=[region("r4")], score=0.5, split="test")
    warned.warn("clipped", "The box <b> is clipped.", "annotations[4]")
    return [
        Row(0, "a", "a.jpg", [region("r1"), region("r2")], score=0.25),
        Row(1, "b", results=[]),
        failed,
        warned,
        Row(4, "e"),
    ]


def test_a_row_says_what_became_of_its_input_and_only_good_rows_give_results() -> None:
    message = "The score 1.9 is not between 0 and 1."
    predictions = make_predictions(rows())
    assert predictions.table["status"].tolist() == ["ready", "ready", "failed", "warning", "no prediction"]
    columns = ["index", "item", "name", "status", "error", "errors", "warnings", "regions"]
    assert predictions.table.columns.tolist() == columns
    said = f"annotations[3].score: {message}"
    assert predictions.table["error"].tolist() == [None, None, said, None, None]
    assert list(predictions.results) == ["a", "b", "d"]
    assert predictions.results["b"] == []
    assert predictions.scores == {"a": 0.25, "b": None, "d": 0.5}
    assert predictions.splits == {"d": "test"}
    assert predictions.table["regions"].tolist() == [["r1", "r2"], [], [], ["r4"], []]
    expected = [{"code": "wrong_score", "message": message, "path": "annotations[3].score"}]
    assert predictions.table["errors"].tolist()[2] == expected


def test_the_summary_counts_inputs_regions_and_items() -> None:
    predictions = make_predictions(rows(), ["Read the notes."])
    assert predictions.summary == "2 ready, 1 failed, 1 warning, 1 no prediction: 3 regions on 3 items"
    assert repr(predictions).endswith("\nRead the notes.")
    assert make_predictions([]).summary == "no inputs"
    assert len(predictions) == 3


def test_the_notebook_view_says_why_in_words_and_escapes_them() -> None:
    shown = make_predictions(rows())._repr_html_()
    assert "1 input failed, and will not be sent" in shown
    assert "item c: annotations[3].score: The score 1.9" in shown
    assert "The box &lt;b&gt; is clipped." in shown


def test_failures_are_raised_with_the_first_sentence() -> None:
    with pytest.raises(PartialFailureError, match=r"1 of 5 inputs failed; the first: item c: annotations\[3\]\.score"):
        make_predictions(rows()).raise_for_failures()
    make_predictions(rows()[:2]).raise_for_failures()


def test_predictions_are_equal_by_value_and_survive_pickling() -> None:
    predictions = make_predictions(rows())
    assert predictions == make_predictions(rows())
    assert pickle.loads(pickle.dumps(predictions)) == predictions
    assert predictions != make_predictions(rows()[:3])
    other = rows()
    other[3].faults[0] = Fault("clipped", "Another sentence.", "annotations[4]", is_warning=True)
    assert predictions != make_predictions(other)
    assert predictions != "predictions"


def test_rows_of_one_item_add_up_and_a_failed_one_costs_the_others_nothing() -> None:
    failed = Row(1, "a", results=[region("r2")])
    failed.error("unknown_label", "No.")
    predictions = make_predictions(
        [Row(0, "a", results=[region("r1")], score=0.75), failed, Row(2, "a", results=[region("r3")], score=0.5)]
    )
    assert [result["id"] for result in predictions.results["a"]] == ["r1", "r3"]
    assert predictions.scores == {"a": 0.5}


def test_predictions_of_several_files_are_put_together_and_the_same_result_counts_once() -> None:
    first = make_predictions([Row(0, "a", results=[region("r1")], score=0.75)], ["first"])
    second = make_predictions([Row(0, "a", results=[region("r1"), region("r2")], score=0.5), Row(1, "b", results=[])])
    both = first + second
    assert [result["id"] for result in both.results["a"]] == ["r1", "r2"]
    assert both.results["b"] == []
    assert both.scores["a"] == 0.5
    assert len(both.table) == 3
    assert both.notes == ("first",)
    assert first.results["a"] == [region("r1")]
    assert Predictions.merge() == make_predictions([])
    with pytest.raises(InputError, match="there is a dict"):
        Predictions.merge(first, {})  # type: ignore[arg-type]
