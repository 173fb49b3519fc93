"""Every kind of result can be predicted: which verb makes it, what it takes, and that what is made is right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from label_studio_sdk.label_interface import LabelInterface

import lsnb
from lsnb import LabelConfig, from_answers, from_coco, from_detections, from_segments, from_spans
from lsnb.errors import InputError
from lsnb.labels.vocabulary import KINDS, RELEASE, TAGS, version
from lsnb.predictions import Predictions, check_results

TEXT = LabelConfig.text("text")
ASKED = (
    TEXT.choices("mood", ["up", "down", "a, b"])
    .choices("topics", ["art", "sport", "law"], multiple=True)
    .taxonomy("kind", {"animal": ["cat", "dog"], "plant": ["oak", "age > 30"]})
    .rating("stars")
    .number("age", min=0, max=120)
    .datetime("day")
    .textarea("note")
)
ROW = {
    "mood": ("up", {"choices": ["up"]}),
    "topics": (["art", "law"], {"choices": ["art", "law"]}),
    "kind": ("animal > cat", {"taxonomy": [["animal", "cat"]]}),
    "stars": (4, {"rating": 4}),
    "age": (31.5, {"number": 31.5}),
    "day": ("2024-02-29", {"datetime": "2024-02-29T00:00"}),
    "note": ("so it is", {"text": ["so it is"]}),
}


def codes(found: Predictions, kind: str = "errors") -> list[str]:
    return [fault["code"] for faults in found.table[kind] for fault in faults]


def test_a_table_answers_every_question() -> None:
    table = pd.DataFrame([{"id": "1", **{name: cell for name, (cell, _) in ROW.items()}}, {"id": "2"}])
    before = table.copy(deep=True)
    found = from_answers(table, config=ASKED, key="id")
    assert found.table["status"].tolist() == ["ready", "no prediction"]
    assert {r["from_name"]: r["value"] for r in found.results["1"]} == {name: value for name, (_, value) in ROW.items()}
    assert LabelInterface(ASKED.xml).validate_prediction({"result": found.results["1"]})
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("topics", "art; law", {"choices": ["art", "law"]}),
        ("topics", '["art", "law"]', {"choices": ["art", "law"]}),
        ("topics", "['art', 'law']", {"choices": ["art", "law"]}),
        ("topics", "art", {"choices": ["art"]}),
        ("mood", "a, b", {"choices": ["a, b"]}),
        ("mood", ["up"], {"choices": ["up"]}),
        ("kind", "cat", {"taxonomy": [["animal", "cat"]]}),
        ("kind", ("plant > age > 30", "age > 30"), {"taxonomy": [["plant", "age > 30"]]}),
        ("kind", [["animal", "cat"], ["plant", "oak"]], {"taxonomy": [["animal", "cat"], ["plant", "oak"]]}),
        ("stars", 4.0, {"rating": 4}),
        ("stars", "4", {"rating": 4}),
        ("age", np.int64(7), {"number": 7.0}),
        ("day", pd.Timestamp("2024-02-29"), {"datetime": "2024-02-29T00:00"}),
    ],
)
def test_an_answer_is_read_however_it_is_written(name: str, cell: Any, value: dict[str, Any]) -> None:
    found = from_answers(pd.DataFrame({"item": ["1"], name: [cell]}), config=ASKED)
    assert [r["value"] for r in found.results["1"]] == [value]


def test_answers_keep_their_scores_and_several_models_stand_side_by_side() -> None:
    table = pd.DataFrame(
        {"item": ["1", "2"], "gpt": ["up", "down"], "gpt_score": [0.75, 0.5], "bert": ["down", None], "p": [1.0, None]}
    )
    gpt = from_answers(table, config=ASKED, columns={"mood": "gpt"})
    assert [found[0]["score"] for found in gpt.results.values()] == [0.75, 0.5]
    assert gpt.scores == {"1": 0.75, "2": 0.5}
    bert = from_answers(table, config=ASKED, columns={"mood": "bert"}, scores={"mood": "p"})
    assert (bert.results["1"][0]["value"], bert.scores) == ({"choices": ["down"]}, {"1": 1.0})
    assert bert.table["status"].tolist() == ["ready", "no prediction"]


def test_what_is_wrong_with_an_answer_is_a_row_with_its_question() -> None:
    cells = {"mood": "upp", "topics": "art;laws", "stars": 9, "age": "old", "kind": "animal > cow"}
    beyond = [("age", cell) for cell in ("1e-400", "1e400", 10**400)]
    for name, cell in (*cells.items(), *beyond):
        table = pd.DataFrame({"item": ["1", "2"], name: pd.Series([cell, ROW[name][0]], dtype="object")})
        found = from_answers(table, config=ASKED)
        assert found.table["status"].tolist() == ["failed", "ready"]
        assert found.table["errors"][0][0]["path"] == name
    slip = pd.DataFrame({"item": ["1"], "mood": ["upp"]})
    assert "Did you mean 'up'" in from_answers(slip, config=ASKED).table["errors"][0][0]["message"]
    assert from_answers(slip, config=ASKED, labels={"upp": "up"}).results["1"][0]["value"] == {"choices": ["up"]}
    assert codes(from_answers(slip, config=ASKED, unknown="drop"), "warnings") == ["unknown_label"]
    scored = pd.DataFrame({"item": ["1"], "mood": ["up"], "mood_score": [75]})
    assert codes(from_answers(scored, config=ASKED)) == ["wrong_score"]
    twice = pd.DataFrame({"item": ["1", "1"], "mood": ["up", "up"]})
    assert codes(from_answers(twice, config=ASKED)) == ["double_item"]
    with pytest.raises(InputError, match="No column is named like a question"):
        from_answers(pd.DataFrame({"item": ["1"], "mod": ["up"]}), config=ASKED)
    with pytest.raises(InputError, match="Did you mean 'mood'"):
        from_answers(slip, config=ASKED, columns={"moood": "mood"})


# Spans


PEOPLE = TEXT.labels("entity", ["PER", "LOC"])
ANA = "\N{GRINNING FACE} Ana Bo in Rome"
SPANS = {
    "a pipeline of transformers": [
        {"entity_group": "PER", "score": 0.5, "word": "Ana Bo", "start": 2, "end": 8},
        {"entity_group": "LOC", "score": 0.5, "word": "Rome", "start": 12, "end": 16},
    ],
    "its tokens": [
        {"entity": "B-PER", "score": 0.25, "index": 1, "word": "Ana", "start": 2, "end": 5},
        {"entity": "I-PER", "score": 0.75, "index": 2, "word": "Bo", "start": 6, "end": 8},
        {"entity": "B-LOC", "score": 0.5, "index": 4, "word": "Rome", "start": 12, "end": 16},
    ],
    "tuples": [(2, 8, "PER"), (12, 16, "LOC")],
    "tagged tokens": [("Ana", "B-PER"), ("Bo", "I-PER"), ("in", "O"), ("Rome", "B-LOC")],
    "IOB without B": [("Ana", "I-PER"), ("Bo", "I-PER"), ("in", "O"), ("Rome", "I-LOC")],
    "a Doc of spaCy": SimpleNamespace(
        text=ANA,
        ents=[
            SimpleNamespace(start_char=2, end_char=8, label_="PER"),
            SimpleNamespace(start_char=12, end_char=16, label_="LOC"),
        ],
    ),
    "offsets in UTF-16": [
        {"start": 3, "end": 9, "label": "PER", "text": "Ana Bo"},
        {"start": 13, "end": 17, "label": "LOC", "text": "Rome"},
    ],
}


@pytest.mark.parametrize("form", SPANS)
def test_spans_are_the_same_in_every_form(form: str) -> None:
    found = from_spans({"a": SPANS[form]}, config=PEOPLE, texts={"a": ANA})
    assert [r["value"] for r in found.results["a"]] == [
        {"start": 2, "end": 8, "text": "Ana Bo", "labels": ["PER"]},
        {"start": 12, "end": 16, "text": "Rome", "labels": ["LOC"]},
    ]
    if form in ("a pipeline of transformers", "its tokens"):
        assert found.scores == {"a": 0.5}
    assert check_results(found.results["a"], PEOPLE, data={"text": ANA}) == []
    assert LabelInterface(PEOPLE.xml).validate_prediction({"result": found.results["a"]})


def test_spans_come_as_a_table_and_as_a_file(tmp_path: Path) -> None:
    texts = pd.DataFrame({"id": ["a", "b"], "text": [ANA, "none"]})
    expected = from_spans({"a": SPANS["tuples"], "b": []}, config=PEOPLE, texts=texts, key="id").results
    table = pd.DataFrame({"id": ["a", "a"], "start": [2, 12], "end": [8, 16], "label": ["PER", "LOC"]})
    assert [r["value"] for r in from_spans(table, config=PEOPLE, texts=texts, key="id").results["a"]] == [
        r["value"] for r in expected["a"]
    ]
    path = tmp_path / "a.conll"
    path.write_text("Ana NNP B-PER\nBo NNP I-PER\nin IN O\nRome NNP B-LOC\n\nnone NN O\n", encoding="utf-8")
    read = from_spans(path, config=PEOPLE, texts=texts, key="id")
    assert [r["value"] for r in read.results["a"]] == [r["value"] for r in expected["a"]]
    assert read.results["b"] == expected["b"] == []


@pytest.mark.parametrize(
    ("spans", "code"),
    [
        ([(2, 99, "PER")], "span_past_end"),
        ([(4, 4, "PER")], "empty_span"),
        ([("x", 4, "PER")], "wrong_span"),
        ([(2, 5, "PRE")], "unknown_label"),
        ([{"start": 2, "end": 5}], "no_label"),
        ([{"start": 2, "end": 5, "label": "PER", "text": "Bob"}], "other_text"),
        ([{"start": 2, "end": 5, "label": "PER", "score": 9}], "wrong_score"),
        ([{"start": 2, "end": 5, "label": "PER", "score": "high"}], "wrong_score"),
        ([{"start": 2, "end": 5, "entity": "B-PER", "score": "high"}], "wrong_score"),
        ([("Eva", "B-PER")], "no_token"),
        ("Ana", "unreadable"),
        ([5], "unreadable"),
        (SimpleNamespace(text="other", ents=[]), "other_text"),
    ],
)
def test_what_is_wrong_with_spans_is_a_row_and_costs_the_others_nothing(spans: Any, code: str) -> None:
    found = from_spans({"a": spans, "b": [(0, 4, "PER")]}, config=PEOPLE, texts={"a": ANA, "b": "none"})
    assert found.table["status"].tolist() == ["failed", "ready"]
    assert code in codes(found)


def test_spans_of_a_conversation_name_their_paragraph() -> None:
    config = LabelConfig.paragraphs("talk").labels("who", ["PER"])
    talk = [{"author": "S", "text": "Hello"}, {"author": "U", "text": "I am Ana"}]
    found = from_spans(
        {"a": [{"paragraph": 1, "start": 5, "end": 8, "label": "PER"}]}, config=config, texts={"a": talk}
    )
    (result,) = found.results["a"]
    assert result["value"] == {
        **{"start": "1", "end": "1", "startOffset": 5, "endOffset": 8, "text": "Ana"},
        "paragraphlabels": ["PER"],
    }
    beyond = from_spans(
        {"a": [{"paragraph": 7, "start": 5, "end": 8, "label": "PER"}]}, config=config, texts={"a": talk}
    )
    assert codes(beyond) == ["span_past_end"]


# Stretches of time


VOICES = LabelConfig.audio("sound").labels("who", ["ana", "ben"])


@pytest.mark.parametrize(
    "said",
    [
        {"text": " good day", "segments": [{"id": 0, "start": 0.5, "end": 2.0, "text": " good day"}], "language": "en"},
        {"text": " good day", "chunks": [{"timestamp": (0.5, 2.0), "text": " good day"}]},
    ],
)
def test_what_whisper_returns_is_read_as_its_file(said: dict[str, Any], tmp_path: Path) -> None:
    config = LabelConfig.audio("sound").labels("part", ["speech"]).textarea("said", per_region=True)
    (tmp_path / "a.json").write_text(json.dumps(said))
    of_file = from_segments({"a": tmp_path / "a.json"}, config=config).results["a"]
    assert [one["value"].get("text") for one in of_file] == [None, ["good day"]]
    for found in (from_segments({"a": said}, config=config), from_segments(said, item="a", config=config)):
        assert found.results["a"] == of_file


def test_tokens_without_a_place_are_told() -> None:
    """As a slow tokenizer gives them; they were taken for answers about the whole text."""
    token = {"entity": "B-PER", "word": "Ana", "start": None, "end": None, "score": 0.5}
    found = from_spans({"a": [token]}, config=LabelConfig.text("text").labels("e", ["PER"]), texts={"a": "Ana eats"})
    assert "'Ana' has no start and end: give the pipeline a fast tokenizer" in found.table["error"][0]


def test_stretches_of_sound_video_and_series_are_regions_in_their_own_units() -> None:
    table = pd.DataFrame({"item": ["a", "a"], "start": [0.8, 2.0], "end": [1.5, 3.0], "label": ["ana", "ben"]})
    table["score"] = [0.5, 0.75]
    sound = from_segments(table, config=VOICES)
    assert [r["value"] for r in sound.results["a"]] == [
        {"start": 0.8, "end": 1.5, "channel": 0, "labels": ["ana"]},
        {"start": 2.0, "end": 3.0, "channel": 0, "labels": ["ben"]},
    ]
    assert sound.scores == {"a": 0.625}
    video = LabelConfig.video("clip", frame_rate=10).labels("who", ["ana", "ben"])
    facts = {"a": {"fps": 10, "frames": 30}}
    frames = from_segments(table, config=video, videos=facts)
    assert [r["value"]["ranges"] for r in frames.results["a"]] == [
        [{"start": 9, "end": 15}],
        [{"start": 21, "end": 30}],
    ]
    assert codes(from_segments(table, config=video)) == ["no_video", "no_video"]
    assert codes(from_segments(table, config=video, videos={"a": {"fps": 10, "frames": 25}})) == ["frame_past_end"]
    assert codes(from_segments(table.assign(label="eva"), config=VOICES)) == ["unknown_label", "unknown_label"]
    assert codes(from_segments(table.assign(end=0.0), config=VOICES)) == ["wrong_time", "wrong_time"]


def test_a_transcript_goes_into_the_text_area_of_its_stretches(tmp_path: Path) -> None:
    path = tmp_path / "whisper.json"
    segments = [{"id": 0, "start": 0.0, "end": 2.5, "text": " Good day.", "avg_logprob": -0.5}]
    path.write_text(json.dumps({"text": " Good day.", "segments": segments, "language": "en"}))
    config = LabelConfig.audio("sound").labels("part", ["speech"]).textarea("said", per_region=True)
    found = from_segments({"a": path}, config=config)
    region, text = found.results["a"]
    assert region["value"] == {"start": 0.0, "end": 2.5, "channel": 0, "labels": ["speech"]}
    assert (text["id"], text["value"]["text"]) == (region["id"], ["Good day."])
    assert region["score"] == pytest.approx(np.exp(-0.5))
    bare = from_segments({"a": path}, config=LabelConfig.audio("sound").labels("part", ["speech"]))
    assert codes(bare, "warnings") == ["no_text_area"]


# The whole vocabulary


def region(kind: str, **value: Any) -> list[dict[str, Any]]:
    return [{"id": "r", "from_name": "tool", "to_name": "object", "type": kind, "value": value}]


ANSWERS = {"choices": "a", "taxonomy": "a", "rating": 3, "number": 1.5, "datetime": "2024-02-29", "textarea": "x"}
ANSWERS |= {"pairwise": "left", "ranker": {"best": ["1"]}}
OBJECTS = {"Image": "$u", "Text": "$u", "HyperText": "$u", "Audio": "$u", "Video": "$u", "TimeSeries": "$u"}
OBJECTS |= {"Paragraphs": "$u", "List": "$u"}
BOX = {"xyxy": [[10.0, 10, 30, 30]], "class_id": None, "confidence": None, "data": {"class_name": ["a"]}}
TURNED = np.array([[[40.0, 10], [56, 22], [50, 30], [34, 18]]])
COCO = {"images": [{"id": 1, "file_name": "i.jpg", "width": 100, "height": 50}], "categories": [{"id": 1, "name": "a"}]}
EDGE = {"image_id": 1, "category_id": 1, "segmentation": [[10, 10, 30, 10, 30, 30]]}


def config_of(tag: str) -> LabelConfig:
    """Return a config with one control of this tag, and with what stands beside it."""
    row = TAGS[tag]
    medium = next((one for one in row.media if one in OBJECTS), "List" if tag == "Ranker" else "Text")
    channel = '<Channel column="c"/>' if medium == "TimeSeries" else ""
    option = {"Choice": "Choice", "Label": "Label"}.get(row.option, "")
    inside = f'<{option} value="a"/>' if option else '<Bucket name="best"/>' if row.option == "Bucket" else ""
    beside = '<Labels name="names" toName="object"><Label value="a"/></Labels>' if row.beside == "Labels" else ""
    objects = f'<{medium} name="object" value="{OBJECTS[medium]}">{channel}</{medium}>'
    target = "object"
    if row.targets > 1:
        objects, target = objects + '<Text name="other" value="$v"/>', "object,other"
    return LabelConfig.from_xml(f'<View>{objects}{beside}<{tag} name="tool" toName="{target}">{inside}</{tag}></View>')


def predicted(tag: str) -> Predictions | None:
    """Return a prediction by the verb that is for this tag, or None where there is none."""
    row, config = TAGS[tag], config_of(tag)
    if row.is_question:
        return from_answers(pd.DataFrame({"item": ["i"], "tool": [ANSWERS[row.kind]]}), config=config)
    if row.shape == "Timeline" or (row.shape == "Span" and config.fields["u"].kind in ("audio", "timeseries")):
        table = pd.DataFrame({"item": ["i"], "start": [0.0], "end": [1.0], "label": ["a"]})
        return from_segments(table, config=config, videos={"i": {"fps": 10, "frames": 30}})
    if row.shape == "Span":
        text: Any = "Ana eats" if config.fields["u"].kind == "text" else [{"author": "x", "text": "Ana eats"}]
        return from_spans(
            {"i": [{"start": 0, "end": 3, "label": "a", "paragraph": 0}]}, config=config, texts={"i": text}
        )
    if row.shape == "Track":
        frame = SimpleNamespace(**BOX, tracker_id=[1], mask=None)
        video = {"width": 100, "height": 50, "fps": 10, "frames": 30}
        return from_detections({"i": {1: frame}}, config=config, videos={"i": video})
    if row.shape in ("Box", "Outline") and "vertices" not in row.holds:
        return from_coco({**COCO, "annotations": [EDGE | {"bbox": [10, 10, 20, 20]}]}, config=config)
    if row.shape == "Mask":
        return from_coco({**COCO, "annotations": [EDGE]}, config=config)
    if row.shape == "Point":
        points = {"keypoints": [15, 15, 2], "bbox": [10, 10, 20, 20], "image_id": 1, "category_id": 1}
        return from_coco({**COCO, "annotations": [points]}, config=config)
    places: dict[str, Any] = {"x": 50.0, "y": 50.0, "radiusX": 10.0, "radiusY": 5.0, "rotation": 0}
    if row.shape == "Outline":
        places = {"vertices": [{"id": n, "x": x, "y": 1.0} for n, x in (("p", 1.0), ("q", 9.0))], "closed": False}
    result = {"id": "r", "from_name": "tool", "to_name": "object", "type": row.kind, "value": places}
    if row.key:
        result["value"] = {**places, row.key: ["a"]}
    return from_detections({"i": [result]}, config=config)


# A page's spans need paths into it, which only the editor has; of the two wands only what they paint is a result.
NO_VERB = {"HyperTextLabels", "MagicWand", "Relations"}
TAGS_THAT_ANSWER = [
    name
    for name, row in TAGS.items()
    if row.role == "control" and row.kind in KINDS and name not in NO_VERB and version(row.since) <= version(RELEASE)
]


@pytest.mark.parametrize("tag", TAGS_THAT_ANSWER)
def test_every_kind_of_result_can_be_predicted(tag: str) -> None:
    found = predicted(tag)
    assert found is not None
    assert found.table["errors"].tolist() == [[]]
    assert any(result["type"] == TAGS[tag].kind for result in found.results["i"])
    assert check_results(found.results["i"], config_of(tag)) == []


# The table of the site: a row for each kind, without a hole, and with the verb by which it is predicted above.

PAGE = Path(__file__).parents[2] / ".github" / "site" / "docs" / "predictions.md"
VERBS = ("from_answers", "from_spans", "from_segments", "from_detections", "from_coco")
MORE = {"study.annotations", "study.model_run", "study.predict", "write_table", "to_labelbox"}


def tables(text: str) -> list[list[list[str]]]:
    """Return the rows of each table of a page, without its head."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif found[-1]:
            found.append([])
    return [rows[2:] for rows in found if rows]


def holes(text: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the page's table of kinds leaves out or says wrongly."""
    kinds, formats = tables(text)
    rows = {row[0]: row[1:] for row in kinds}
    every = {n for n, row in TAGS.items() if row.role == "control" and row.kind in KINDS}
    every = {name for name in every if version(TAGS[name].since) <= version(RELEASE)}
    found = sorted(every ^ rows.keys())
    found += [row[0] for table in (kinds, formats) for row in table if not all(row) or len(row) != len(table[0])]
    words = [word for row in kinds for cell in row[1:] for word in re.findall(r"`([a-z_.]+)`", cell)]
    known = {*lsnb.__all__, *MORE, "from_id", "to_id", "lsnb.segments"}
    found += [word for word in words if word not in known]
    used: list[str] = []
    for verb in VERBS:
        real = globals()[verb]
        monkeypatch.setitem(
            globals(), verb, lambda *given, _real=real, _verb=verb, **more: used.append(_verb) or _real(*given, **more)
        )
    for name in sorted(every & rows.keys()):
        used.clear()
        verb = "study.predict" if name in NO_VERB else (predicted(name), used[-1])[1]
        if f"`{verb}`" not in rows[name][0]:
            found.append(f"{name}: {verb}")
    return found


def test_the_table_of_kinds_has_no_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    text = PAGE.read_text(encoding="utf-8")
    with monkeypatch.context() as patch:
        assert holes(text, patch) == []
    row = next(line for line in text.splitlines() if line.startswith("| Rating |"))
    wrong = {
        text.replace(f"{row}\n", ""): "Rating",
        text.replace(row, "| Rating | | `study.annotations` |"): "Rating",
        text.replace(row, row.replace("from_answers", "from_spans")): "Rating: from_answers",
        text.replace(row, row.replace("study.annotations", "study.answers")): "study.answers",
    }
    for changed, fault in wrong.items():
        with monkeypatch.context() as patch:
            assert fault in holes(changed, patch)
