"""Datasets that others learn from: what was drawn and marked comes back, and what a format has no place for is said."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_tasks import annotation, choice, result, task
from PIL import Image

from lsnb import LabelConfig, from_spans, from_yolo, read_predictions, read_table
from lsnb.annotations import long_table, to_dataset, write_dataset
from lsnb.annotations.datasets import Document, conll
from lsnb.errors import InputError, MissingExtraError, MissingFileError
from lsnb.shapes import Box, brush_rle, outline

pytestmark = pytest.mark.filterwarnings("ignore:No item is for validation")
SIZE = {"original_width": 200, "original_height": 100}
LABELS = ["car", "dog"]


def box(label: str, x: float, y: float, w: float, h: float, turn: float = 0, id: str = "r", **more: Any) -> Any:
    value = {"x": x, "y": y, "width": w, "height": h, "rotation": turn, "rectanglelabels": [label]}
    return result("rectanglelabels", value, name="box", id=id, **SIZE, **more)


def polygon(label: str, points: Any, id: str = "p") -> Any:
    return result("polygonlabels", {"points": points, "polygonlabels": [label]}, name="poly", id=id, **SIZE)


def point(label: str, x: float, y: float, id: str, parent: str | None = None) -> Any:
    value = {"x": x, "y": y, "width": 0.75, "keypointlabels": [label]}
    more = {"parentID": parent} if parent else {}
    return result("keypointlabels", value, name="part", id=id, **SIZE, **more)


def mask(label: str, pixels: Any, id: str = "m") -> Any:
    value = {"format": "rle", "rle": brush_rle(pixels), "brushlabels": [label]}
    return result("brushlabels", value, name="paint", id=id, **SIZE)


def span(label: str, start: int, end: int, text: str, id: str = "s") -> Any:
    value = {"start": start, "end": end, "text": text[start:end], "labels": [label]}
    return result("labels", value, name="ner", id=id)


def table(items: dict[str, list[Any]], data: Any = (), **more: Any) -> pd.DataFrame:
    tasks = [
        task(n, [annotation(found, n)], item=item, image=f"gs://b/{item}.png", **more)
        for n, (item, found) in enumerate(items.items(), start=1)
    ]
    return long_table(tasks, raw=True, data=data)


def pictures(folder: Path, *items: str) -> Path:
    folder.mkdir()
    for item in items:
        Image.new("RGB", (200, 100), "grey").save(folder / f"{item}.png")
    return folder


ITEMS = {
    "a": [box("dog", 12.5, 25, 25, 50), box("car", 3.3, 7.7, 11.1, 13.3, id="r2")],
    "b": [box("dog", 40, 30, 20, 30, 30)],
    "c": [],
}


def values(found: Any, item: str) -> list[dict[str, Any]]:
    return [one["value"] for one in found.results[item]]


@pytest.mark.filterwarnings("ignore:Of 3 items")
def test_boxes_come_back_from_yolo(tmp_path):
    report = write_dataset(
        table(ITEMS), tmp_path / "set", format="detect", val=0, images=pictures(tmp_path / "p", *ITEMS)
    )
    assert report[["item", "split", "file", "picture", "written"]].values.tolist() == [
        [item, "training", f"labels/train/{item}.txt", f"images/train/{item}.png", n]
        for item, n in (("a", 2), ("b", 1), ("c", 0))
    ]
    assert report["notes"].tolist() == ["", "1 turned box is written as the upright box around it.", ""]
    pd.testing.assert_frame_equal(read_table(tmp_path / "set" / "items.csv"), report, check_dtype=False)
    config = LabelConfig.image("image").rectangles("box", LABELS)
    found = from_yolo(tmp_path / "set" / "labels", config=config, names=LABELS, sizes=(200, 100))
    for made, drawn in zip(values(found, "a"), ITEMS["a"], strict=True):
        assert made["rectanglelabels"] == drawn["value"]["rectanglelabels"]
        assert [made[name] for name in ("x", "y", "width", "height")] == pytest.approx(
            [drawn["value"][name] for name in ("x", "y", "width", "height")], abs=1e-7
        )
    around = Box(80, 30, 40, 30, 30).upright()
    assert [made := values(found, "b")[0]["x"], values(found, "b")[0]["height"]] == pytest.approx(
        [around.x / 2, around.height], abs=1e-7
    )
    assert found.results["c"] == []
    assert made < 40


@pytest.mark.filterwarnings("ignore:Of 2 items")
def test_turned_boxes_outlines_and_poses_come_back_from_yolo(tmp_path):
    turned = {"a": [box("dog", 40, 30, 20, 30, 30)], "b": [box("car", 10, 10, 30, 20)]}
    write_dataset(table(turned), tmp_path / "obb", format="obb", val=0)
    config = LabelConfig.image("image").rectangles("box", LABELS)
    found = from_yolo(tmp_path / "obb/labels", config=config, names=LABELS, sizes=(200, 100), task="obb")
    back = {item: outline({"value": values(found, item)[0], **SIZE}) for item in turned}
    for item, (drawn,) in turned.items():
        assert np.abs(back[item] - outline(drawn)).max() < 1e-5

    corners = {
        "a": [polygon("dog", [[5, 5], [50, 10], [30, 90]])],
        "b": [polygon("car", [[1, 1], [9, 1], [9, 99], [2, 50]])],
    }
    write_dataset(table(corners), tmp_path / "segment", format="segment", val=0)
    config = LabelConfig.image("image").polygons("poly", LABELS)
    found = from_yolo(tmp_path / "segment/labels", config=config, names=LABELS, sizes=(200, 100), task="segment")
    for item, (drawn,) in corners.items():
        assert values(found, item)[0]["points"] == pytest.approx(np.array(drawn["value"]["points"]), abs=1e-6)

    posed = {
        "a": [box("dog", 10, 10, 30, 60), point("nose", 20, 30, "k1", "r"), point("tail", 35, 60, "k2", "r")],
        "b": [box("dog", 50, 10, 30, 60), point("tail", 60, 30, "k1", "r")],
    }
    report = write_dataset(table(posed), tmp_path / "pose", format="pose", val=0)
    said = yaml.safe_load((tmp_path / "pose/data.yaml").read_text())
    assert said == {
        "train": "images/train",
        "val": "images/train",
        "kpt_shape": [2, 3],
        "names": {0: "dog"},
        "kpt_names": {0: ["nose", "tail"]},
    }
    assert report["notes"].tolist() == ["", ""]
    config = LabelConfig.image("image").rectangles("box", LABELS).keypoints("part", ["nose", "tail"])
    found = from_yolo(tmp_path / "pose", config=config, sizes=(200, 100))
    kept = {item: [one["value"] for one in found.results[f"train/{item}"]] for item in posed} if (
        "train/a" in found.results
    ) else {item: values(found, item) for item in posed}  # fmt: skip
    for item, drawn in posed.items():
        for one, made in zip(drawn, kept[item], strict=True):
            for name in ("x", "y"):
                assert made[name] == pytest.approx(one["value"][name], abs=1e-6)


@pytest.mark.filterwarnings("ignore:Of ")
def test_key_points_alone_are_one_thing_unless_one_is_there_twice(tmp_path):
    items = {
        "a": [point("nose", 20, 30, "k1"), point("tail", 40, 50, "k2")],
        "b": [point("nose", 20, 30, "k1"), point("nose", 60, 30, "k2")],
    }
    report = write_dataset(table(items), tmp_path / "set", format="pose", val=0.5)
    assert report["written"].tolist() == [1, 0]
    assert "more than once" in report["notes"][1]
    numbers = [float(word) for word in (tmp_path / "set" / report["file"][0]).read_text().split()]
    # A tenth beside the points' extent: 40 to 80 of 200, 30 to 50 of 100.
    assert numbers == pytest.approx([0, 0.3, 0.4, 0.24, 0.24, 0.2, 0.3, 2, 0.4, 0.5, 2])


@pytest.mark.filterwarnings("ignore:Of ")
def test_voc_comes_back_within_half_a_pixel_and_says_what_it_cannot_hold(tmp_path):
    pixels = np.zeros((100, 200), bool)
    pixels[10:20, 30:50] = True
    corners = [[5, 5], [50, 10], [30, 90]]
    items = {
        "a": [box("dog", 12.4, 25, 25.3, 50)],
        "b": [box("dog", 40, 30, 20, 30, 30), mask("car", pixels), point("nose", 1, 1, "k")],
        "c": [polygon("car", corners)],
    }
    report = write_dataset(table(items), tmp_path / "set", format="voc", images=pictures(tmp_path / "p", *items))
    notes = dict(zip(report["item"], report["notes"], strict=True))
    assert notes == {
        "a": "",
        "b": "1 turned box is written as the upright box around it, with its turn in a robndbox, which few readers "
        "know. 1 mask is written as the upright box around it alone. 1 key point is left out: VOC has no place for it.",
        "c": "1 outline is written as the upright box around it, with its corners in a polygon, which few readers "
        "know.",
    }
    config = LabelConfig.image("image").rectangles("box", LABELS)
    found = read_predictions(tmp_path / "set" / "Annotations", config=config)
    made = values(found, "a")[0]
    # What lies beside, items.csv and its data dictionary, is no table of answers.
    assert read_predictions(tmp_path / "set", config=config).results == found.results
    with pytest.raises(InputError, match=r"items.csv says what is in other files, and holds no predictions"):
        read_predictions(tmp_path / "set" / "items.csv", config=config)
    drawn = items["a"][0]["value"]
    assert abs(made["x"] - drawn["x"]) * 2 <= 0.5
    assert abs(made["x"] + made["width"] - drawn["x"] - drawn["width"]) * 2 <= 0.5
    turned, painted = found.results["b"]
    assert np.abs(outline(turned) - outline(items["b"][0])).max() < 1e-5
    assert [painted["value"][name] for name in ("x", "y", "width", "height")] == [15, 10, 10, 10]
    config = LabelConfig.image("image").polygons("poly", LABELS)
    found = read_predictions(tmp_path / "set" / "Annotations" / "c.xml", config=config)
    assert values(found, "c")[0]["points"] == pytest.approx(np.array(corners), abs=1e-6)
    lists = {path.stem: path.read_text().split() for path in (tmp_path / "set/ImageSets/Main").iterdir()}
    assert sorted(stem for stems in lists.values() for stem in stems) == ["a", "b", "c"]


@pytest.mark.filterwarnings("ignore:Of ")
def test_masks_have_the_numbers_and_colours_of_their_table(tmp_path):
    ring = np.zeros((100, 200), bool)
    ring[10:50, 30:90] = True
    ring[20:40, 40:60] = False
    ring[80:90, 150:160] = True
    items = {"a": [mask("dog", ring), box("car", 20, 12, 10, 10)], "b": [], "c": [point("nose", 5, 5, "k")]}
    report = write_dataset(table(items), tmp_path / "set", format="masks", sizes=(200, 100), val=0)
    assert report["written"].tolist() == [2, 0, 0]
    assert "1 region over others is written on top of them" in report["notes"][0]
    assert report["notes"][2] == "1 key point is left out: a mask has no place for it."
    labels = read_table(tmp_path / "set" / "labels.csv")
    assert labels.values.tolist() == [[1, "car", "#800000"], [2, "dog", "#008000"], [3, "nose", "#808000"]]
    with Image.open(tmp_path / "set" / report["file"][0]) as made:
        numbers = np.asarray(made)
        shown = np.asarray(made.convert("RGB"))
    expected = np.where(ring, 2, 0)
    expected[12:22, 40:60] = 1
    assert (numbers == expected).all()
    assert [f"#{bytes(shown[one]).hex()}" for one in ((15, 45), (45, 80), (0, 0))] == ["#800000", "#008000", "#000000"]
    with Image.open(tmp_path / "set" / report["file"][1]) as empty:
        assert not np.asarray(empty).any()


@pytest.mark.filterwarnings("ignore:Of ")
def test_a_picture_that_was_another_file_once_is_told(tmp_path):
    small = {**mask("dog", np.ones((3, 4), bool)), "original_width": 4, "original_height": 3}
    twice = {**box("car", 20, 10, 40, 20, id="b"), "original_width": 400, "original_height": 200}
    report = write_dataset(
        table({"a": [box("car", 0, 0, 5, 5), small, twice]}), tmp_path / "set", format="masks", val=0
    )
    assert report["written"].tolist() == [2]
    assert "1 of brushlabels of another size than the picture's left out" in report["notes"][0]
    with Image.open(tmp_path / "set" / report["file"][0]) as made:
        rows, columns = np.nonzero(np.asarray(made)[6:])
    assert (rows.min() + 6, rows.max() + 6, columns.min(), columns.max()) == (10, 29, 40, 119)


@pytest.mark.filterwarnings("ignore:Of ")
def test_what_yolo_has_no_place_for_is_said(tmp_path):
    pieces = np.zeros((100, 200), bool)
    pieces[10:50, 30:90] = True
    pieces[20:30, 40:60] = False
    pieces[80:90, 150:160] = True
    unlabelled = result(
        "rectangle", {"x": 1, "y": 1, "width": 5, "height": 5, "rotation": 0}, name="bare", id="u", **SIZE
    )
    unsized = result(
        "rectanglelabels", {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["dog"]}, name="box"
    )
    items = {"a": [mask("dog", pieces), unlabelled, {**unsized, "id": "n"}, box("car", 90, 50, 20, 20, 45, id="o")]}
    report = write_dataset(table(items), tmp_path / "set", format="segment", val=0)
    note = report["notes"][0]
    assert "1 of rectangle without a label left out" in note
    assert "1 of rectanglelabels left out" in note
    assert "1 mask is written as its outline" in note
    assert "1 mask with holes is written without them" in note
    assert "1 region of several pieces is written as a line for each" in note
    assert "1 turned box that leaves the picture is cut at its edge" in note
    assert report["written"].tolist() == [3]
    only = write_dataset(table(items), tmp_path / "set", format="segment", val=0, labels=["dog"])
    assert "1 region of other labels left out: 'car'" in only["notes"][0]


def test_items_without_an_answer_are_rows_and_not_pictures(tmp_path):
    tasks = [
        task(1, [annotation([box("dog", 1, 1, 9, 9)], 1)], item="a"),
        task(2, [annotation([], 2, was_cancelled=True)], item="b"),
        task(3, [], item="c"),
        task(4, [annotation([], 4)], item="d"),
        task(5, [], drafts=[{"id": 9, "result": [box("dog", 1, 1, 9, 9)], "user": 1}], item="e"),
    ]
    with pytest.warns(UserWarning, match="Of 5 items 3 are not in the dataset, and 0 not whole"):
        report = write_dataset(long_table(tasks, raw=True), tmp_path / "set", format="detect")
    assert report[report["file"].isna()][["item", "notes"]].values.tolist() == [
        ["b", "Left out: it was skipped."],
        ["c", "Left out: nobody has labelled it."],
        ["e", "Left out: there is only a draft of it."],
    ]
    assert report["written"].tolist() == [1, 0, 0, 0, 0]
    assert len(list((tmp_path / "set").rglob("*.txt"))) == 2


def test_one_answer_to_each_item(tmp_path):
    tasks = [
        task(
            1, [annotation([box("dog", 1, 1, 9, 9)], 1, by=1), annotation([box("car", 2, 2, 9, 9)], 2, by=2)], item="a"
        ),
        task(2, [annotation([box("car", 3, 3, 9, 9)], 3, by=2)], item="b"),
    ]
    long = long_table(tasks, raw=True)
    with pytest.raises(InputError, match=r"1 item was answered by more than one person \(a\).*give annotator='1'"):
        write_dataset(long, tmp_path / "set", format="detect")
    assert not (tmp_path / "set").exists()
    report = write_dataset(long, tmp_path / "set", format="detect", annotator=["1", "2"])
    assert report["annotator"].tolist() == ["1", "2"]
    with pytest.warns(UserWarning, match="1 is not in the dataset"):
        report = write_dataset(long, tmp_path / "set", format="detect", annotator="1", val=0)
    assert report["notes"].tolist() == ["", "Left out: 1 did not answer it."]
    # What the call before wrote for b is gone.
    assert [path.stem for path in (tmp_path / "set").rglob("labels/*/*.txt")] == ["a"]
    with pytest.raises(InputError, match="annotator names eva"):
        write_dataset(long, tmp_path / "set", format="detect", annotator="eva")


def test_groups_stay_together_and_the_seed_decides(tmp_path):
    items = {f"{video}/{frame}": [box("dog", 1, 1, 9, 9)] for video in "stuvwxyz" for frame in range(3)}
    groups = {item: item[0] for item in items}
    parts = []
    for seed in (0, 0, 1):
        made = write_dataset(
            table(items), tmp_path / f"{len(parts)}", format="detect", val=0.25, test=0.25, by=groups, seed=seed
        )
        parts.append(dict(zip(made["item"], made["split"], strict=True)))
    assert parts[0] == parts[1] != parts[2]
    for part in parts:
        assert all(len({part[item] for item in items if item[0] == video}) == 1 for video in "stuvwxyz")
        assert pd.Series(part).value_counts().to_dict() == {"training": 12, "validation": 6, "test": 6}
    told = table(items).assign(split=["test" if item.startswith("s") else "training" for item in table(items)["item"]])
    made = write_dataset(told, tmp_path / "told", format="detect")
    assert set(made[made["split"].eq("test")]["item"]) == {"s/0", "s/1", "s/2"}


def test_names_from_elsewhere_stay_inside_and_apart(tmp_path):
    names = ["../../x", "a/b", "a_b", "A_B", "NUL", "c.png", "c.jpg", "é:?"]
    items = {name: [box("dog", 1, 1, 9, 9)] for name in names}
    report = write_dataset(table(items), tmp_path / "deep/set", format="detect", val=0)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.is_relative_to(tmp_path / "deep/set") for path in files)
    assert len({name.casefold() for name in report["file"]}) == len(names)
    assert report["item"].tolist() == sorted(names)
    assert all((tmp_path / "deep/set" / name).is_file() for name in report["file"])


def test_a_folder_of_others_is_left_alone_and_a_failure_leaves_nothing(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        write_dataset(table(ITEMS), tmp_path / "mine", format="detect")
    with pytest.raises(MissingFileError, match=r"for 1 item \(c\)"):
        write_dataset(table(ITEMS), tmp_path / "set", format="detect", images=pictures(tmp_path / "p", "a", "b"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "p"]
    with pytest.raises(InputError, match="nothing to learn from"):
        write_dataset(table(ITEMS), tmp_path / "set", format="detect", val=0.5, test=0.5)


TEXT = "# Ana  Müller eats\nin New-York, 😀 (NY)."


def texts(items: dict[str, tuple[str, list[Any]]]) -> pd.DataFrame:
    tasks = [
        task(n, [annotation(found, n)], item=item, text=text)
        for n, (item, (text, found)) in enumerate(items.items(), 1)
    ]
    return long_table(tasks, data="text")


SPANS = LabelConfig.text("text").labels("ner", ["PER", "LOC"])


def back(found: Any, item: str) -> list[tuple[int, int, str]]:
    return sorted((one["start"], one["end"], one["labels"][0]) for one in values(found, item))


def test_stretches_come_back_from_conll(tmp_path):
    marked = [(2, 13, "PER"), (22, 30, "LOC"), (35, 37, "LOC"), (0, 1, "LOC")]
    items = {
        "a": (TEXT, [span(label, start, end, TEXT, f"s{start}") for start, end, label in marked]),
        "b": ("Nothing here", []),
        "c": ("Ana Ben", [span("PER", 0, 3, "Ana Ben", "1"), span("PER", 4, 7, "Ana Ben", "2")]),
    }
    report = write_dataset(texts(items), tmp_path / "set", format="conll", val=0)
    assert report[["file", "written", "notes"]].values.tolist() == [["train.conll", n, ""] for n in (4, 0, 2)]
    found = from_spans(
        tmp_path / "set/train.conll", config=SPANS, texts={item: text for item, (text, _) in items.items()}
    )
    assert back(found, "a") == sorted(marked)
    assert back(found, "b") == []
    assert back(found, "c") == [(0, 3, "PER"), (4, 7, "PER")]


def test_what_tags_cannot_say_is_noted(tmp_path):
    text = "Ana Müller eats"
    marks = [(0, 10, "PER"), (4, 10, "LOC"), (11, 13, "LOC"), (3, 4, "PER")]
    items = {
        "a": (text, [*(span(label, s, e, text, f"{s}{e}") for s, e, label in marks), *choice("up")]),
        "b": ("   ", []),
        "c": (text, [result("labels", {"start": 0, "end": 3, "text": "Ben", "labels": ["PER"]}, name="ner")]),
        "d": (text, [result("labels", {"start": 0, "end": 3, "text": "Ana"}, name="ner")]),
    }
    with pytest.warns(UserWarning, match="1 is not in the dataset, and 3 not whole"):
        report = write_dataset(texts(items), tmp_path / "set", format="conll", val=0, text="data.text")
    notes = dict(zip(report["item"], report["notes"], strict=True))
    assert notes == {
        "a": "2 stretches that lie over a longer one left out of the tags. 1 word is cut there, since a stretch begins "
        "or ends in it. The answers to mood are not in it.",
        "b": "Left out: its text is empty.",
        "c": "1 whose words are not in the text at that place left out.",
        "d": "1 of labels without a label left out, which these files have no place for.",
    }
    lines = (tmp_path / "set/train.conll").read_text().split("-DOCSTART-\tO\n\n")[1].splitlines()
    assert lines == ["Ana\tB-PER", "Müller\tI-PER", "ea\tB-LOC", "ts\tO", ""]
    spaced = {"a": (text, [span("New Place", 0, 3, text)]), "b": (text, [span("New_Place", 0, 3, text)])}
    with pytest.raises(InputError, match="would both be 'New_Place'"):
        write_dataset(texts(spaced), tmp_path / "other", format="conll")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["Ana", "#", "-", " ", "  ", "\n", "é", "😀", "x1", "_"]), min_size=1, max_size=12),
    st.data(),
)
def test_all_stretches_of_words_come_back(parts, data):
    text = "".join(parts)
    if not text.strip():
        return
    edges = data.draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True).map(sorted))
    marks = [(s, e, "PER") for s, e in zip(edges[::2], edges[1::2], strict=False)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.conll")
        path.write_text(conll([Document("a", "training", "ana", text, marks, {})]), encoding="utf-8")
        found = from_spans(path, config=SPANS, texts={"a": text})
    # Without the white space at their ends.
    bare = [
        (s + len(w) - len(w.lstrip()), e - len(w) + len(w.rstrip())) for s, e, _ in marks if (w := text[s:e]).strip()
    ]
    assert [one[:2] for one in back(found, "a")] == bare


def test_json_lines_have_all(tmp_path):
    marks = [(2, 13, "PER"), (2, 5, "LOC")]
    items = {
        "a": (TEXT, [*(span(label, s, e, TEXT, f"{s}{e}") for s, e, label in marks), *choice("up", "new")]),
        "b": ("Ben", choice("down")),
    }
    with pytest.warns(UserWarning, match="1 not whole"):
        report = write_dataset(texts(items), tmp_path / "set", format="jsonl", val=0.5)
    assert report["notes"].tolist() == ["1 stretch over a longer one: in spans, and not in ner_tags.", ""]
    rows = [json.loads(line) for name in report["file"] for line in (tmp_path / "set" / name).read_text().splitlines()]
    one = next(row for row in rows if row["id"] == "a")
    assert one["spans"] == [{"start": 2, "end": 5, "label": "LOC"}, {"start": 2, "end": 13, "label": "PER"}]
    assert one["tokens"][:3] == ["#", "Ana", "Müller"]
    assert one["ner_tags"][:4] == ["O", "B-PER", "I-PER", "O"]
    assert {row["id"]: row["mood"] for row in rows} == {"a": ["up", "new"], "b": ["down"]}
    said = yaml.safe_load((tmp_path / "set/README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert {part["path"] for part in said["configs"][0]["data_files"]} == set(report["file"])
    features = said["dataset_info"]["features"]
    assert [one["name"] for one in features] == list(one)
    assert features[-1] == {"name": "mood", "sequence": "string"}
    found = from_spans({row["id"]: row["spans"] for row in rows}, config=SPANS, texts={"a": TEXT, "b": "Ben"})
    assert back(found, "a") == sorted(marks)


def rating(value: Any, name: str = "stars") -> list[Any]:
    return [result("rating", {"rating": value}, name=name)]


@pytest.mark.filterwarnings("ignore:Of ")
def test_a_card_of_others_is_left_alone(tmp_path):
    for format in ("conll", "jsonl", "conll"):
        write_dataset(texts({"a": ("Ana", choice("up"))}), tmp_path / "set", format=format)
        # What a call before wrote for Hugging Face is gone with the rest of it.
        assert (tmp_path / "set/README.md").exists() is (format == "jsonl")
    (tmp_path / "set/README.md").write_text("Mine.")
    with pytest.raises(InputError, match=r"holds a README.md of others"):
        write_dataset(texts({"a": ("Ana", choice("up"))}), tmp_path / "set", format="jsonl")
    write_dataset(texts({"a": ("Ana", choice("up"))}), tmp_path / "set", format="conll")
    assert (tmp_path / "set/README.md").read_text() == "Mine."


@pytest.mark.filterwarnings("ignore:Not all", "ignore:Of ")
def test_hugging_face_has_the_same_columns_where_a_part_has_no_answers(tmp_path):
    items = {
        "a": ("Ana eats", [span("PER", 0, 3, "Ana eats"), *choice("up", "new"), *rating(3)]),
        "b": ("Ben", [*choice("down"), *rating(4)]),
        "c": ("Cem", []),
    }
    table = texts(items).assign(split=lambda rows: rows["item"].map({"c": "validation"}).fillna("training"))
    report = write_dataset(table, tmp_path / "set", format="jsonl")
    assert dict(zip(report["item"], report["file"], strict=True))["c"] == "validation.jsonl"
    said = yaml.safe_load((tmp_path / "set/README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert said["dataset_info"]["features"][-2:] == [
        {"name": "mood", "sequence": "string"},
        {"name": "stars", "dtype": "float64"},
    ]
    if not _has("datasets"):
        return
    import datasets

    loaded = datasets.load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"].features == loaded["validation"].features
    rows = {row["id"]: row for part in loaded.values() for row in part}
    assert {item: (row["mood"], row["stars"], len(row["spans"])) for item, row in rows.items()} == {
        "a": (["up", "new"], 3, 1),
        "b": (["down"], 4, 0),
        "c": ([], None, 0),
    }
    made = to_dataset(table)
    for part in made:
        assert [(row["mood"], row["stars"]) for row in made[part]] == [
            (row["mood"], row["stars"]) for row in loaded[part]
        ]


def test_which_column_is_the_text_is_told_by_the_marked_words(tmp_path):
    tasks = [task(1, [annotation([span("PER", 0, 3, "Ana eats")], 1)], item="a", text="Ana eats", other="Ben sleeps")]
    write_dataset(long_table(tasks, data=["other", "text"]), tmp_path / "a", format="jsonl")
    assert json.loads((tmp_path / "a/train.jsonl").read_text())["text"] == "Ana eats"
    with pytest.raises(InputError, match="read it with data='text'"):
        write_dataset(long_table(tasks), tmp_path / "b", format="jsonl")
    # The beginning of a title may stand in the body, too, and is no answer there.
    for name, title in (("body", "The cat"), ("text", "The mat"), ("text", "The cat")):
        marked = [("title", 0, 3, title), ("title", 4, 7, title), ("body", 8, 11, "The cat Ana")]
        spans = [{**span("X", *where, str(n)), "to_name": on} for n, (on, *where) in enumerate(marked)]
        del spans[0]["value"]["text"]
        tasks = [task(1, [annotation(spans, 1)], item="a", **{"title": title, name: "The cat Ana"})]
        long = long_table(tasks, data=name)
        if (name, title) == ("text", "The cat"):
            with pytest.raises(InputError, match=r"on several texts \(body, title\), and which of them data.text is"):
                write_dataset(long, tmp_path / "c", format="jsonl", text="data.text")
            continue
        with pytest.warns(UserWarning, match="not whole or not as answered"):
            report = write_dataset(long, tmp_path / name, format="jsonl", text=f"data.{name}")
        assert report["notes"].tolist() == ["2 of labels on another text, title, left out."]
        said = json.loads((tmp_path / name / "train.jsonl").read_text())["spans"]
        assert said == [{"start": 8, "end": 11, "label": "X"}]
    plain = long_table([task(1, [annotation(choice("up"), 1)], item="a", one="x", two="y")], data=["one", "two"])
    with pytest.raises(InputError, match=r"cannot be told: data.one, data.two may be"):
        write_dataset(plain, tmp_path / "b", format="jsonl")


# Each is opened by whom it is for, where that is installed.


MARKED = {
    "a": (
        TEXT,
        [span("PER", 2, 13, TEXT, "1"), span("LOC", 2, 5, TEXT, "2"), span("LOC", 30, 31, TEXT, "3"), *choice("up")],
    ),
    "b": ("Ben  sleeps ", [span("PER", 0, 4, "Ben  sleeps ", "1"), *choice("down")]),
}


@pytest.mark.filterwarnings("ignore:Of ")
def test_spacy_opens_its_documents(tmp_path):
    if not _has("spacy"):
        with pytest.raises(MissingExtraError, match="pip install spacy"):
            write_dataset(texts(MARKED), tmp_path / "set", format="spacy", val=0)
        assert list(tmp_path.iterdir()) == []
        return
    import spacy
    from spacy.tokens import DocBin

    report = write_dataset(texts(MARKED), tmp_path / "set", format="spacy", val=0)
    docs = list(DocBin().from_disk(tmp_path / "set" / report["file"][0]).get_docs(spacy.blank("xx").vocab))
    assert [doc.text for doc in docs] == [text for text, _ in MARKED.values()]
    found = [[(one.start_char, one.end_char, one.label_) for one in doc.spans["sc"]] for doc in docs]
    assert found == [[(2, 5, "LOC"), (2, 13, "PER"), (30, 31, "LOC")], [(0, 4, "PER")]]
    assert [one.text for one in docs[0].ents] == ["Ana  Müller", ","]
    assert docs[0].cats == {"mood: up": 1.0}
    read = from_spans(dict(zip(MARKED, docs, strict=True)), config=SPANS, texts={k: t for k, (t, _) in MARKED.items()})
    assert back(read, "b") == [(0, 4, "PER")]


@pytest.mark.filterwarnings("ignore:Not all", "ignore:Of ")
def test_hugging_face_opens_its_dataset(tmp_path):
    if not _has("datasets"):
        with pytest.raises(MissingExtraError, match="pip install datasets"):
            to_dataset(texts(MARKED))
        return
    import datasets

    made = to_dataset(texts(MARKED), val=0.5)
    assert sorted(made) == ["train", "validation"]
    rows = {row["id"]: row for part in made.values() for row in part}
    names = made["train"].features["ner_tags"].feature.names
    assert names == ["O", "B-LOC", "B-PER", "I-PER"]
    assert [names[tag] for tag in rows["b"]["ner_tags"]] == ["B-PER", "O"]
    assert {item: row["mood"] for item, row in rows.items()} == {"a": "up", "b": "down"}
    write_dataset(texts(MARKED), tmp_path / "set", format="jsonl", val=0.5)
    loaded = datasets.load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    for part in made:
        assert loaded[part]["spans"][:] == made[part]["spans"][:]


@pytest.mark.filterwarnings("ignore:Of ", "ignore::DeprecationWarning")
def test_supervision_opens_yolo_and_voc(tmp_path):
    sv = pytest.importorskip("supervision")
    shown = pictures(tmp_path / "p", *ITEMS)
    write_dataset(table(ITEMS), tmp_path / "yolo", format="detect", val=0, images=shown)
    folder = tmp_path / "yolo"
    read = sv.DetectionDataset.from_yolo(
        str(folder / "images/train"), str(folder / "labels/train"), str(folder / "data.yaml")
    )
    assert read.classes == LABELS
    found = {Path(name).stem: detections for name, _, detections in read}
    assert found["a"].xyxy == pytest.approx(
        np.array([[25, 25, 75, 75], [6.6, 7.7, 28.8, 21.0]])[[1, 0]][::-1], abs=1e-3
    )
    assert len(found["c"].xyxy) == 0
    write_dataset(table(ITEMS), tmp_path / "voc", format="voc", val=0, images=shown)
    folder = tmp_path / "voc"
    read = sv.DetectionDataset.from_pascal_voc(str(folder / "JPEGImages"), str(folder / "Annotations"))
    found = {Path(name).stem: detections for name, _, detections in read}
    assert found["a"].xyxy.tolist() == [[25, 25, 75, 75], [7, 8, 29, 21]] or found["a"].xyxy.tolist() == [
        [7, 8, 29, 21],
        [25, 25, 75, 75],
    ]


@pytest.mark.filterwarnings("ignore:Of ")
@pytest.mark.parametrize("task", ["detect", "segment", "obb", "pose"])
def test_ultralytics_takes_its_datasets(tmp_path, task):
    pytest.importorskip("ultralytics")
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.data.utils import check_det_dataset

    items = {
        "a": [box("dog", 12.5, 25, 25, 50), point("nose", 20, 30, "k1", "r"), point("tail", 35, 60, "k2", "r")],
        "b": [box("car", 85, 30, 20, 30, 30), point("nose", 86, 31, "k1", "r")],
        "c": [],
        "d": [polygon("dog", [[5, 5], [50, 10], [30, 90]])],
    }
    shown = pictures(tmp_path / "p", *items)
    report = write_dataset(table(items), tmp_path / "set", format=task, val=0.25, images=shown)
    told = check_det_dataset(str(tmp_path / "set/data.yaml"), autodownload=False)
    assert told["names"] == {0: "car", 1: "dog"}
    read = [
        one
        for part in ("train", "val")
        for one in YOLODataset(img_path=told[part], data=told, task=task, augment=False, batch_size=1).labels
    ]
    # None is left out as damaged, and none is a background that is not empty.
    assert {Path(one["im_file"]).stem: len(one["cls"]) for one in read} == dict(
        zip(report["item"], report["written"], strict=True)
    )
    assert math.isclose(sum(len(one["cls"]) for one in read), report["written"].sum())


def _has(package: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(package) is not None
