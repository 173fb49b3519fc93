"""What is an answer, and what is compared with what: empty sets, pages, media, channels, turns of tracks; COCO."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from label_studio_tasks import annotation, choice, result, task
from sklearn.metrics import cohen_kappa_score

from lsnb.annotations import expand_tracks, indicators, long_table, majority, to_coco, widen, write_table
from lsnb.reliability import agreement, agreement_by, disputed, gold, region_agreement
from lsnb.shapes import brush_rle

SIZE = {"original_width": 200, "original_height": 100}


def chosen() -> tuple[list[set[str]], list[set[str]]]:
    chance = np.random.default_rng(0)
    ana = [{option for option in "xy" if chance.random() < 0.12} for _ in range(100)]
    ben = [one if chance.random() < 0.9 else set() for one in ana]
    ana[0] = ben[0] = {"x", "y"}
    return ana, ben


def test_nothing_chosen_of_several_is_an_answer() -> None:
    ana, ben = chosen()
    tasks = [
        task(
            n,
            [
                annotation(choice(*sorted(said)) if said else [], 2 * n + who, by=who)
                for who, said in enumerate((a, b), 1)
            ],
            ID=str(n),
        )
        for n, (a, b) in enumerate(zip(ana, ben, strict=True))
    ]
    table = long_table(tasks, key="ID")
    wide = widen(table, "mood")
    assert wide.notna().all(axis=None)
    assert wide.loc["0", "1"] == ("x", "y")
    assert () in set(wide["2"])
    assert len(indicators(table, "mood")) == 200
    right = cohen_kappa_score([("x" in a) for a in ana], [("x" in b) for b in ben])
    found = agreement_by(table, "mood", "label").set_index("label")
    assert found.loc["x", "kappa"] == pytest.approx(right)
    assert agreement(table, "mood", resamples=0).n_items == 100
    apart = {str(n) for n, (a, b) in enumerate(zip(ana, ben, strict=True)) if a != b}
    assert set(disputed(table, "mood")["item"]) == apart
    votes = gold(table, "mood").set_index("item")
    agreed = next(n for n, (a, b) in enumerate(zip(ana, ben, strict=True)) if a == b == set())
    assert votes.loc[str(agreed), ["value", "how"]].tolist() == [(), "unanimous"]
    nothing = long_table([task(0, [annotation([], 900, by=7)], ID=next(iter(apart)))], key="ID")
    assert gold(table, "mood", adjudicated=nothing).set_index("item").loc[next(iter(apart)), "value"] == ()


def test_a_box_that_is_ticked_or_not_is_a_set_where_that_is_said() -> None:
    """Nobody can choose several of one option, so nothing tells it from a single choice that was left out."""
    ana, ben = chosen()
    tasks = [
        task(
            n, [annotation(choice("x") if "x" in said else [], 2 * n + who, by=who) for who, said in enumerate(pair, 1)]
        )
        for n, pair in enumerate(zip(ana, ben, strict=True))
    ]
    table = long_table(tasks)
    both, one = sum("x" in a and "x" in b for a, b in zip(ana, ben, strict=True)), agreement(table, "mood", resamples=0)
    assert one.n_items == both
    assert f"{100 - both} items were handed in by somebody without an answer to it" in one.note
    right = cohen_kappa_score([("x" in a) for a in ana], [("x" in b) for b in ben])
    sets = agreement(table, "mood", "sets", resamples=0)
    assert (sets.n_items, sets.kappa["kappa"].tolist()) == (100, [pytest.approx(right)])
    assert agreement_by(table, "mood", "label", "sets").set_index("label").loc["x", "kappa"] == pytest.approx(right)

    table.attrs["several"] = ["mood"]
    told = agreement(table, "mood", resamples=0)
    assert (told.level, told.n_items, told.kappa["kappa"].tolist()) == ("sets", 100, [pytest.approx(right)])
    assert "without an answer" not in told.note
    # What is attached to a table is gone once it is joined with another; the column that a study adds is not.
    table["several_allowed"] = table["control"].eq("mood")
    joined = table.merge(pd.DataFrame({"item": table["item"].unique(), "age": 7}), on="item")
    assert not joined.attrs
    assert agreement(joined, "mood", resamples=0).kappa["kappa"].tolist() == [pytest.approx(right)]


@pytest.mark.parametrize(
    ("given", "said"),
    [(["x", "y"], ["x", "y"]), (["x", None], [("x",), ()]), ([None, None], [(), ()])],
    ids=["nobody chose nothing", "somebody did", "everybody did"],
)
def test_what_a_config_says_of_a_choice_counts_where_somebody_chose_nothing(given: list[Any], said: list[Any]) -> None:
    table = long_table(
        [
            task(n, [annotation([*choice("z", name="other"), *(choice(one) if one else [])], n, by=1)])
            for n, one in enumerate(given)
        ]
    )
    table.attrs["several"] = ["mood"]
    assert widen(table, "mood").iloc[:, 0].tolist() == said
    assert gold(table, "mood")["value"].tolist() == said
    assert len(indicators(table, "mood", options=["x", "y"])) == 2


def test_a_single_choice_left_out_is_no_answer() -> None:
    tasks = [task(n, [annotation(choice("a") if n else [], n, by=1)]) for n in (0, 1)]
    assert majority(long_table(tasks), "mood")["n"].tolist() == [0, 1]


def boxes(by: int, **more: Any) -> list[Any]:
    value = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["car"]}
    return [annotation([result("rectanglelabels", value, id=f"r{by}", **SIZE) | more], by, by=by)]


@pytest.mark.parametrize("name", ["item_index", "to_name"])
def test_boxes_on_two_pages_do_not_meet(name: str) -> None:
    values = (0, 1) if name == "item_index" else ("left", "right")
    apart = long_table([task(1, [*boxes(1, **{name: values[0]}), *boxes(2, **{name: values[1]})])], raw=True)
    same = long_table([task(1, [*boxes(1, **{name: values[1]}), *boxes(2, **{name: values[1]})])], raw=True)
    assert region_agreement(apart, "c").f1 == 0.0
    assert region_agreement(same, "c").f1 == 1.0
    if name == "item_index":
        coco = to_coco(apart)
        assert [(one["item"], one["page"]) for one in coco["images"]] == [("1", 0), ("1", 1)]
        assert [one["image_id"] for one in coco["annotations"]] == [1, 2]


@pytest.mark.parametrize("where", ["channel", "to_name"])
def test_spans_in_two_channels_or_texts_do_not_meet(where: str) -> None:
    def span(by: int, place: Any) -> dict[str, Any]:
        value = {"start": 0, "end": 4, "labels": ["a"]} | ({"channel": place} if where == "channel" else {})
        medium = {} if where == "channel" else {"to_name": place}
        return annotation([result("labels", value, id=f"r{by}") | medium], by, by=by)

    one, other = (0, 1) if where == "channel" else ("title", "body")
    found = region_agreement(long_table([task(1, [span(1, one), span(2, other)])]), "c")
    assert (found.f1, found.pairs["overlap_f1"].tolist()) == (0.0, [0.0])
    found = region_agreement(long_table([task(1, [span(1, one), span(2, one)])]), "c")
    assert (found.f1, found.pairs["overlap_f1"].tolist()) == (1.0, [1.0])


def test_a_question_of_each_page_is_compared_page_by_page() -> None:
    def said(by: int, *answers: str) -> dict[str, Any]:
        given = [result("choices", {"choices": [a]}, name="q", item_index=n) for n, a in enumerate(answers)]
        return annotation(given, by, by=by)

    table = long_table([task(1, [said(1, "a", "b"), said(2, "b", "a")])])
    assert agreement(table, "q", resamples=0).kappa["n"].tolist() == [2]
    assert agreement(table, "q", resamples=0).alpha < 0
    assert widen(table, "q").loc["1", "1"] == ("0: a", "1: b")
    assert disputed(table, "q").values.tolist() == [["1", 2, 1.0, "1: 0: a, 1: b; 2: 0: b, 1: a"]]


def test_gold_of_a_question_of_each_page_is_voted_on_page_by_page() -> None:
    def said(by: int, *answers: Any, kind: str = "choices") -> dict[str, Any]:
        given = [
            result(kind, {kind: [a] if kind == "choices" else a}, name="q", item_index=n)
            for n, a in enumerate(answers)
            if a is not None
        ]
        return annotation(given, by, by=by)

    # Each page has two of three votes, and no two people say the same of the whole item.
    three = [said(1, "x", "b", "c"), said(2, "a", "x", "c"), said(3, "a", "b", "x")]
    split = [said(4, "a", "b"), said(5, "a", "c"), said(6, None, "d")]
    table = long_table([task(1, three), task(2, split), task(3, [said(7, "a", "b")]), task(4, [annotation([], 8)])])
    found = majority(table, "q")
    assert found["value"].fillna("–").tolist() == [("0: a", "1: b", "2: c"), "–", ("0: a", "1: b"), "–"]
    assert found["n"].tolist() == [3, 3, 1, 0]
    assert found["share"].round(3).fillna(-1).tolist() == [0.667, 0.333, 1.0, -1]
    assert found["tie"].tolist() == [False, True, False, False]
    assert gold(table, "q")["how"].tolist() == ["majority", "undecided", "single", "undecided"]
    assert majority(table, "q", min_votes=3)["value"].fillna("–").tolist() == [("0: a", "1: b", "2: c"), "–", "–", "–"]
    weights = {str(n): 3 for n in (1, 4)}
    assert majority(table, "q", weights=weights)["value"].tolist()[:2] == [("0: x", "1: b", "2: c"), ("0: a", "1: b")]
    stars = long_table([task(1, [said(1, 1, 4, kind="rating"), said(2, 3, 4, kind="rating")])])
    assert majority(stars, "q", ties="median")["value"].tolist() == [("0: 2.0", "1: 4.0")]
    assert gold(table, "q", adjudicated={"2": ("0: a", "1: d")})["how"].tolist()[1] == "adjudicated"


def test_a_page_on_which_nothing_was_chosen_is_an_answer_of_a_set_and_else_is_told() -> None:
    def said(by: int, *answers: list[str]) -> dict[str, Any]:
        given = [result("choices", {"choices": a}, name="q", item_index=n) for n, a in enumerate(answers) if a]
        return annotation(given, by, by=by)

    def table(*firsts: list[str]) -> pd.DataFrame:
        return long_table(
            [
                task(n, [said(2 * n, first, ["x"]) | {"completed_by": 1}, said(2 * n + 1, ["x"]) | {"completed_by": 2}])
                for n, first in enumerate(firsts, 1)
            ]
        )

    one = agreement(table(["x"], ["y"], ["y"]), "q", resamples=0)
    assert (one.level, one.n_items) == ("nominal", 3)
    assert "3 pages were handed in by somebody without an answer to it" in one.note
    assert agreement(table(["x"], ["y"], ["y"]), "q", "sets", resamples=0).n_items == 6
    told = table(["x"], ["y"], ["y"])
    told.attrs["several"] = ["q"]
    assert agreement(told, "q", resamples=0).n_items == 6
    several = agreement(table(["x"], ["y"], ["x", "y"]), "q", resamples=0)
    assert (several.level, several.n_items) == ("sets", 6)
    assert several.kappa["percent"].tolist() == [pytest.approx(1 / 6)]


def test_turned_tracks_go_the_short_way_and_are_compared_turned() -> None:
    def track(by: int, *turns: int) -> dict[str, Any]:
        box = {"x": 40, "y": 40, "width": 20, "height": 2}
        sequence = [
            {"frame": frame, "enabled": frame == 1, **box, "rotation": turn, "time": frame / 10}
            for frame, turn in zip((1, 3), turns, strict=True)
        ]
        value = {"framesCount": 30, "duration": 3, "labels": ["car"], "sequence": sequence}
        return annotation([result("videorectangle", value, id=f"r{by}")], by, by=by)

    table = long_table([task(1, [track(1, 350, 10), track(2, 90, 90)], ID="a", fps=10)], key="ID", raw=True)
    assert expand_tracks(table)["rotation"].tolist()[:3] == [350, 0, 10]
    found = region_agreement(table, "c")
    assert found.f1 == 0
    assert found.pairs["mean_iou"].iloc[0] < 0.2


def painted() -> pd.DataFrame:
    mask = np.zeros((100, 200), dtype=bool)
    mask[10:40, 20:90] = True
    value = {"format": "rle", "rle": brush_rle(mask), "brushlabels": ["sky"]}
    box = {"x": 5, "y": 5, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["sky"]}
    plain = {"x": 5, "y": 5, "width": 3, "height": 4, "rotation": 0}
    given = [
        result("brushlabels", value, name="brush", id="m", **SIZE),
        result("rectanglelabels", box, name="box", id="b", **SIZE),
        result("rectangle", plain, name="plain", id="p", **SIZE),
    ]
    skipped = annotation([given[1]], 3, was_cancelled=True)
    tasks = [
        task(1, [annotation(given, 1)], ID="a", image="gs://b/x/a.jpg"),
        task(2, [annotation([], 2), skipped], ID="b", image="gs://b/x/b.png"),
    ]
    return long_table(tasks, key="ID", raw=True, data="image")


def test_coco_is_evaluated_by_its_own_tools() -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with pytest.warns(UserWarning, match="1 of rectangle without a label"):
        made = to_coco(painted())
    assert [(one["file_name"], one["width"], one["height"]) for one in made["images"]] == [
        ("gs://b/x/a.jpg", 200, 100),
        ("gs://b/x/b.png", 200, 100),
    ]
    assert [(one["name"], one["supercategory"]) for one in made["categories"]] == [("sky", "box + brush")]
    assert sorted(one["control"] for one in made["annotations"]) == ["box", "brush"]
    assert {one["iscrowd"] for one in made["annotations"]} == {0}
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = made
        truth.createIndex()
        results = [
            {"image_id": one["image_id"], "category_id": one["category_id"], "score": 1.0}
            | {"segmentation": truth.annToRLE(one)}
            for one in made["annotations"]
        ]
        judged = COCOeval(truth, truth.loadRes(results), "segm")
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    assert judged.stats[0] == pytest.approx(1.0)


@pytest.mark.filterwarnings("ignore:.*left out")
def test_a_question_that_two_studies_ask_in_different_ways_is_said_where_answers_are_compared() -> None:
    rows = [("a", "ana", "choices", "up", 1), ("a", "ben", "rating", 3, 2), ("b", "ana", "choices", "up", 1)]
    long = pd.DataFrame(rows, columns=["item", "annotator", "kind", "value", "project"])
    long = long.assign(control="mood", status="submitted", index=0).set_index("index")
    said = r"'mood' is a question of several kinds \(choices in project 1 and rating in project 2\)"
    for figure in (agreement, majority, gold, disputed, widen):
        with pytest.warns(UserWarning, match=said):
            figure(long, "mood")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        majority(long[long["kind"] == "choices"], "mood")


def test_coco_is_written_as_it_is_made(tmp_path: Path) -> None:
    written = json.loads(write_table(painted(), tmp_path / "a.coco.json").read_text())
    assert written == json.loads(json.dumps(to_coco(painted())))
