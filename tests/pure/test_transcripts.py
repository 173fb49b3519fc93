"""Texts of several people, against jiwer and by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsnb.errors import InputError
from lsnb.reliability import text_agreement
from lsnb.reliability.agreement import edit_distance

RECORDED = json.loads(Path(__file__).with_name("agreement_oracles.json").read_text(encoding="utf-8"))["words"]


def long(texts: dict[str, list]) -> pd.DataFrame:
    rows = [
        (f"{item:03d}", who, text, "said", "textarea", "submitted")
        for who, written in texts.items()
        for item, text in enumerate(written)
        if text is not None
    ]
    return pd.DataFrame(rows, columns=["item", "annotator", "value", "control", "kind", "status"])


def table_of_distances(a, b) -> int:
    row = list(range(len(b) + 1))
    for n, one in enumerate(a, start=1):
        before, row[0] = row[0], n
        for m, other in enumerate(b, start=1):
            before, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, before + (one != other))
    return row[-1]


@given(st.lists(st.sampled_from("abc"), max_size=70), st.lists(st.sampled_from("abc"), max_size=70))
def test_edit_distances_are_those_of_the_whole_table(a, b):
    assert edit_distance(a, b) == table_of_distances(a, b)


def test_error_rates_are_what_jiwer_says():
    for truth, said, wer, cer in RECORDED:
        found = text_agreement(long({"truth": [truth], "said": [said]}), "said", reference="truth", resamples=0)
        if said:
            assert (found.wer, found.cer) == (pytest.approx(wer, abs=1e-12), pytest.approx(cer, abs=1e-12))
        else:
            # An empty text is no answer on Label Studio.
            assert wer == 1


def test_without_a_reference_neither_is_right():
    table = long({"ana": ["the cat sat", "so"], "ben": ["the cat", "so"], "cem": [None, "so"]})
    found = text_agreement(table, "said")
    assert found.pairs[["a", "b", "n"]].values.tolist() == [["ana", "ben", 2], ["ana", "cem", 1], ["ben", "cem", 1]]
    assert found.pairs["wer"].tolist() == [pytest.approx(1 / 3.5), 0, 0]
    assert found.wer == pytest.approx(1 / (3.5 + 2))
    assert found.interval[0] < found.wer < found.interval[1]
    assert found.items.loc[0, ["item", "a", "b"]].tolist() == ["000", "ana", "ben"]
    assert "word error rate" in repr(found)
    assert "no reference" not in found.note
    other = text_agreement(table.iloc[::-1], "said")
    assert (other.wer, other.interval) == (found.wer, found.interval)


def test_texts_of_pages_are_compared_page_by_page():
    """Whoever began where; and the pages' numbers are no words."""
    said = [("ana", "a b", 0), ("ana", "c", 1), ("ben", "c", 1), ("ben", "a x", 0), ("cem", "c", 1)]
    pages = pd.DataFrame(said, columns=["annotator", "value", "page"])
    pages = pages.assign(item="1", control="said", kind="textarea", status="submitted")
    found = text_agreement(pages, "said", reference="ana", resamples=0)
    assert found.pairs[["b", "n", "wer"]].values.tolist() == [["ben", 1, 1 / 3], ["cem", 1, 2 / 3]]


def test_case_and_punctuation_count_unless_told_otherwise():
    table = long({"ana": ["Well, the cat sat."], "ben": ["well the  cat\nsat"]})
    assert text_agreement(table, "said").wer == pytest.approx(2 / 4)
    assert text_agreement(table, "said", fold=True).wer == 0
    whole = text_agreement(table, "said", fold=True)
    assert whole.pairs["same"].tolist() == [1.0]


def test_faults_are_sentences():
    table = long({"ana": ["a"], "ben": ["b"]})
    with pytest.raises(InputError, match=r"reference is 'anna', who wrote nothing. Did you mean"):
        text_agreement(table, "said", reference="anna")
    numbers = long({"ana": [1.0], "ben": [2.0]}).assign(kind="number")
    with pytest.raises(InputError, match="are not texts"):
        text_agreement(numbers, "said")
    alone = text_agreement(long({"ana": ["a"]}), "said")
    assert alone.n_items == 0
    assert "nothing to compare" in alone.note
