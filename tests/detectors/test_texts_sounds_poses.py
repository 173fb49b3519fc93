"""Networks that read texts, listen, pose and cut out what boxes hold: what transformers itself says, and no less."""

from __future__ import annotations

import json
import shutil
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tiny_models import (
    save_clip,
    save_owl,
    save_sam,
    save_text_model,
    save_vitpose,
    save_wav2vec,
    save_whisper,
    torch_or_skip,
)

from lsnb import LabelConfig, from_detections, from_segments, from_spans, read_predictions
from lsnb.detectors import Detector, detection
from lsnb.errors import InputError
from lsnb.predictions import check_results, config_for
from lsnb.shapes import brush_mask, coco_mask

TEXTS = {"a": "ana eats in rome.", "none": " ", "b": "hello!", "odd": "bad \ud800", "c": "rome"}
LONG = "ana and bob. " * 20
MADE: dict[str, Callable[[Path], Path]] = {
    "one label": save_text_model,
    "several labels": lambda folder: save_text_model(folder, several=True),
    "spans": lambda folder: save_text_model(folder, marks=True),
    "speech": save_whisper,
    "letters": save_wav2vec,
    "sounds": lambda folder: save_wav2vec(folder, classifies=True),
    "poses": save_vitpose,
    "masks": save_sam,
    "words": save_owl,
    "fitting": save_clip,
    "entails": lambda folder: save_text_model(folder, entails=True, limit=64),
}


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    torch_or_skip()
    made: dict[str, Path] = {}

    def saved(kind: str) -> Path:
        if kind not in made:
            made[kind] = MADE[kind](tmp_path_factory.mktemp("models") / kind.replace(" ", "-"))
        return made[kind]

    return saved


def pipeline(task: str, folder: Path, **options: Any) -> Any:
    import transformers

    return transformers.pipeline(task, model=str(folder), device="cpu", **options)


@pytest.mark.parametrize("kind", ["one label", "several labels"])
def test_texts_are_classified_as_transformers_does(model: Callable[[str], Path], kind: str) -> None:
    found = Detector.load(model(kind), threshold=0.0, batch=2)(TEXTS, progress=False)
    ask = pipeline("text-classification", model(kind), top_k=None)
    for item in ("a", "b", "c"):
        wanted = {one["label"]: one["score"] for one in ask([TEXTS[item]])[0]}
        mine = found[found["item"] == item].set_index("label")["score"]
        assert len(mine) == (3 if kind == "several labels" else 1)
        assert mine.to_dict() == pytest.approx({label: wanted[label] for label in mine.index}, abs=1e-6)
        assert mine.max() == pytest.approx(max(wanted.values()), abs=1e-6)
    wrong = found[found["status"] == "failed"].set_index("item")["error"]
    assert list(wrong.index) == ["none", "odd"]
    assert wrong["none"] == "There is no text."
    config = LabelConfig.text("text").choices(
        "topic", ["cat", "dog", "traffic light"], multiple=kind == "several labels"
    )
    predictions = read_predictions(found, config=config)
    assert predictions.table.set_index("item")["status"].to_dict() == {
        **dict.fromkeys("abc", "ready"),
        **dict.fromkeys(("none", "odd"), "failed"),
    }
    for results in predictions.results.values():
        assert [(one["type"], one["from_name"]) for one in results] == [("choices", "topic")]
        assert not check_results(results, config)


def test_prompts_are_chosen_from_as_transformers_does(model: Callable[[str], Path]) -> None:
    texts = LabelConfig.text("text").choices("topic", ["rome", "bob"])
    with pytest.warns(UserWarning, match="longer than the 64 tokens"):
        found = Detector.load(model("entails"), prompts=texts)(["ana eats in rome.", LONG], progress=False)
    ask = pipeline("zero-shot-classification", model("entails"))
    wanted = ask("ana eats in rome.", candidate_labels=["rome", "bob"])
    assert found["label"][0] == wanted["labels"][0]
    assert found["score"][0] == pytest.approx(wanted["scores"][0], abs=1e-6)
    assert {one["type"] for one in read_predictions(found, config=texts).results[found["item"][0]]} == {"choices"}
    with pytest.raises(InputError, match="labels of its own"):
        Detector.load(model("one label"), prompts=["rome"])(["ana"], progress=False)
    picture = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    seen = Detector.load(model("fitting"), prompts=["cat", "red dog"])({"p": picture}, progress=False)
    (best, *_) = pipeline("zero-shot-image-classification", model("fitting"))(
        Image.fromarray(picture), candidate_labels=["cat", "red dog"]
    )
    assert (seen["label"][0], seen["score"][0]) == (best["label"], pytest.approx(best["score"], abs=1e-6))


def test_a_text_that_is_longer_than_the_model_reads_is_told(model: Callable[[str], Path]) -> None:
    detector = Detector.load(model("one label"), threshold=0.0)
    for _ in range(2):  # what is remembered says so, too
        with pytest.warns(UserWarning, match="1 text longer than the 32 tokens that the model reads: .* of long"):
            assert set(detector({"long": LONG, "short": "ana"}, progress=False)["status"]) == {"found"}


def test_spans_are_those_of_transformers_in_the_whole_text(model: Callable[[str], Path]) -> None:
    texts = {**TEXTS, "long": LONG}
    found = Detector.load(model("spans"), threshold=0.0, batch=3)(texts, progress=False)
    ask = pipeline("token-classification", model("spans"), aggregation_strategy="simple", stride=8)
    for item in ("a", "b", "c", "long"):
        wanted = ask(texts[item])
        mine = found[found["item"] == item]
        assert mine[["start", "end", "label"]].values.tolist() == [
            [one["start"], one["end"], one["entity_group"]] for one in wanted
        ]
        np.testing.assert_allclose(mine["score"].to_numpy(float), [one["score"] for one in wanted], atol=1e-5)
        assert mine["text"].tolist() == [texts[item][one["start"] : one["end"]] for one in wanted]
    assert found.loc[found["item"] == "long", "end"].max() > 150  # 32 tokens are 26 characters here
    config = LabelConfig.text("text").labels("what", ["PER", "LOC"])
    predictions = from_spans(found, config=config, texts=texts)
    status = predictions.table.set_index("item")["status"]
    assert status.to_dict() == {"a": "ready", "none": "failed", "b": "ready", "odd": "failed", "c": "ready"} | {
        "long": "ready"
    }
    for item, results in predictions.results.items():
        assert {one["type"] for one in results} == {"labels"}
        assert not check_results(results, config, data={"text": texts[item]})
    # A lone surrogate has no place in a column of texts.
    table = pd.DataFrame([(item, text) for item, text in texts.items() if item != "odd"], columns=["item", "text"])
    assert read_predictions(found, config=config, items=table).results == predictions.results


def test_texts_come_from_tables_lists_and_alone(model: Callable[[str], Path]) -> None:
    detector = Detector.load(model("one label"), threshold=0.0)
    table = pd.DataFrame({"id": ["7", "8"], "says": ["ana", 5]})
    found = detector(table, text="says", key="id", progress=False)
    assert found["item"].tolist() == ["7", "8"]
    assert found["status"].tolist() == ["found", "failed"]
    assert "no text, but 5" in found["error"][1]
    assert detector(iter(["ana", "bob"]), progress=False)["item"].tolist() == ["0", "1"]
    assert len(detector("ana", progress=False)) == 1
    for given, said in [
        (table, "no column 'text'"),
        (table.assign(text="x"), "no column 'item'"),
        (3, "texts is 3"),
        (pd.DataFrame({"item": ["a", "a"], "text": "x"}), "'a'"),
    ]:
        with pytest.raises(InputError, match=said):
            detector(given, progress=False)


def sound(path: Path, seconds: float, rate: int = 22_050) -> str:
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(2)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        left = (np.sin(np.arange(int(seconds * rate)) / 20) * 9000).astype("<i2")
        stream.writeframes(np.stack([left, left], axis=1).tobytes())
    return str(path)


def test_speech_is_written_down_as_transformers_does(model: Callable[[str], Path], tmp_path: Path) -> None:
    from lsnb.media import read_sound

    files = {"long": sound(tmp_path / "long.wav", 34), "none": str(tmp_path / "none.wav")}
    (tmp_path / "text.wav").write_text("no sound")
    files["text"] = str(tmp_path / "text.wav")
    with pytest.warns(UserWarning, match=r"after the end of long, left out"):
        found = Detector.load(model("speech"))(files, progress=False)
    samples = read_sound(files["long"])
    wanted = pipeline("automatic-speech-recognition", model("speech"))(
        {"raw": samples, "sampling_rate": 16_000}, return_timestamps=True
    )["chunks"]
    length = len(samples) / 16_000
    mine = found[found["item"] == "long"]
    assert mine[["start", "end", "text"]].values.tolist() == [
        [one["timestamp"][0], min(one["timestamp"][1], length), one["text"].strip()]
        for one in wanted
        if one["text"].strip() and one["timestamp"][0] < length
    ]
    assert found[found["status"] == "failed"]["item"].tolist() == ["none", "text"]
    config = LabelConfig.audio("sound").labels("who", ["speech"]).textarea("said", per_region=True)
    predictions = from_segments(found, config=config)
    assert predictions.table["status"].tolist() == ["ready", "failed", "failed"]
    assert [one["type"] for one in predictions.results["long"]] == ["labels", "textarea"] * len(mine)
    assert not check_results(predictions.results["long"], config)


def test_speech_letter_by_letter_becomes_stretches_between_pauses(model: Callable[[str], Path], tmp_path: Path) -> None:
    from lsnb.media import read_sound

    file = sound(tmp_path / "a.wav", 2)
    found = Detector.load(model("letters"))({"a": file}, progress=False)
    wanted = pipeline("automatic-speech-recognition", model("letters"))(
        {"raw": read_sound(file), "sampling_rate": 16_000}, return_timestamps="word"
    )
    words = [one["text"].strip() for one in wanted["chunks"] if one["text"].strip()]
    assert words
    assert " ".join(found["text"]).split() == words
    assert found["start"].tolist()[0] == wanted["chunks"][0]["timestamp"][0]
    starts, ends = found["start"].tolist()[1:], found["end"].tolist()[:-1]
    assert all(start - end >= 0.5 for start, end in zip(starts, ends, strict=True))


def test_a_sound_is_called_what_transformers_calls_it(model: Callable[[str], Path], tmp_path: Path) -> None:
    from lsnb.media import read_sound

    file = sound(tmp_path / "a.wav", 2)
    (tmp_path / "b.wav").write_text("no sound")
    detector = Detector.load(model("sounds"))
    found = detector({"a": file, "b": str(tmp_path / "b.wav")}, progress=False)
    best = max(
        pipeline("audio-classification", model("sounds"))({"raw": read_sound(file), "sampling_rate": 16_000}),
        key=lambda one: one["score"],
    )
    assert found["status"].tolist() == ["found", "failed"]
    assert (found["label"][0], found["score"][0]) == (best["label"], pytest.approx(best["score"], abs=1e-5))
    config = LabelConfig.audio("sound").choices("what", ["rain", "bird"])
    predictions = from_detections(found, config=config)
    assert predictions.results["a"][0]["value"] == {"choices": [best["label"]]}


def test_a_sound_of_any_rate_is_its_own_length(tmp_path: Path) -> None:
    from lsnb.media import read_sound

    for rate in (8_000, 44_100):
        samples = read_sound(sound(tmp_path / f"{rate}.wav", 2, rate))
        assert abs(len(samples) / 16_000 - 2) < 0.01
        # A tone of the same pitch, as loud as it was.
        assert np.abs(samples[1600:-1600]).max() == pytest.approx(9000 / 32768, rel=0.03)


IMAGES = {f"i{n}": np.random.default_rng(n).integers(0, 255, (60, 80 + n, 3), np.uint8) for n in range(3)}
BOXES = pd.DataFrame(
    [
        ["i0", "cat", 0.9, 10.0, 10.0, 40.0, 40.0, "found"],
        ["i0", "dog", 0.8, 30.0, 20.0, 50.0, 60.0, "found"],
        ["i1", None, None, None, None, None, None, "nothing"],
        ["i2", "cat", None, 5.0, 5.0, 50.0, 80.0, "found"],
    ],
    columns=["item", "label", "score", "x", "y", "width", "height", "status"],
)


def pixels(item: str, *, corners: bool) -> list[list[float]]:
    high, wide = IMAGES[item].shape[:2]
    boxes = BOXES.loc[(BOXES["item"] == item) & (BOXES["status"] == "found"), ["x", "y", "width", "height"]].to_numpy()
    boxes = boxes.astype(float) * [wide, high, wide, high] / 100
    if corners:
        boxes[:, 2:] += boxes[:, :2]
    return [[float(side) for side in box] for box in boxes]


def test_poses_are_those_of_transformers_in_boxes_of_another_detector(
    model: Callable[[str], Path], tmp_path: Path
) -> None:
    import torch
    from transformers import AutoImageProcessor, VitPoseForPoseEstimation

    found = Detector.load(model("poses"), threshold=0.0)(IMAGES, boxes=BOXES, progress=False)
    assert found["status"].tolist() == ["found", "found", "nothing", "found"]
    network = VitPoseForPoseEstimation.from_pretrained(model("poses")).eval()
    processor = AutoImageProcessor.from_pretrained(model("poses"), use_fast=False)
    for item in ("i0", "i2"):
        boxes = [pixels(item, corners=False)]
        with torch.inference_mode():
            output = network(**processor(IMAGES[item], boxes=boxes, return_tensors="pt"))
        [wanted] = processor.post_process_pose_estimation(output, boxes=boxes)
        high, wide = IMAGES[item].shape[:2]
        for cell, pose in zip(found.loc[found["item"] == item, "keypoints"], wanted, strict=True):
            assert [one["label"] for one in cell] == ["nose", "paw", "tail"]
            mine = np.array([[one["x"] * wide / 100, one["y"] * high / 100] for one in cell])
            np.testing.assert_allclose(mine, pose["keypoints"].numpy(), atol=1e-3)
            np.testing.assert_allclose([one["score"] for one in cell], pose["scores"].numpy().ravel(), atol=1e-5)
    assert found["score"][0] == 0.9
    config = LabelConfig.image("uri").rectangles("thing", ["cat", "dog"]).keypoints("part", ["nose", "paw", "tail"])
    saved = tmp_path / "found.csv"
    found.to_csv(saved, index=False)
    inside = found.assign(keypoints=[_inside(cell) for cell in found["keypoints"]])
    predictions = read_predictions(inside, config=config)
    assert predictions.table["status"].tolist() == ["ready", "ready", "ready"]
    assert [one["type"] for one in predictions.results["i2"]] == ["rectanglelabels", *["keypointlabels"] * 3]
    assert predictions.results["i2"][1]["value"]["x"] == pytest.approx(inside["keypoints"][3][0]["x"])
    assert predictions.results["i1"] == []
    inside.to_csv(saved, index=False)
    assert read_predictions(saved, config=config).results == predictions.results
    for cell in ("[{'label': 'nose', 'x': 'left', 'y': 3}]", "nose", [3]):
        broken = read_predictions(inside.assign(keypoints=[cell, *inside["keypoints"][1:]]), config=config)
        assert broken.table["status"].tolist() == ["failed", "ready", "ready"]


def _inside(cell: Any) -> Any:
    """Return points of random weights where a picture has room for them."""
    if not isinstance(cell, list):
        return cell
    return [{**one, "x": min(max(one["x"], 0), 99), "y": min(max(one["y"], 0), 99)} for one in cell]


def test_points_below_the_threshold_are_left_out_and_the_box_stays(model: Callable[[str], Path]) -> None:
    every = Detector.load(model("poses"), threshold=0.0)(IMAGES, boxes=BOXES, progress=False)
    scores = [one["score"] for cell in every["keypoints"].dropna() for one in cell]
    middle = float(np.median(scores))
    found = Detector.load(model("poses"), threshold=middle)(IMAGES, boxes=BOXES, progress=False)
    assert found["status"].tolist() == every["status"].tolist()
    assert [one["score"] for cell in found["keypoints"].dropna() for one in cell] == [
        score for score in scores if score >= middle
    ]


def test_what_boxes_hold_is_cut_out_as_transformers_does(model: Callable[[str], Path]) -> None:
    import torch
    from transformers import SamModel, SamProcessor

    found = Detector.load(model("masks"), threshold=0.0)(IMAGES, boxes=BOXES, progress=False)
    network, processor = SamModel.from_pretrained(model("masks")).eval(), SamProcessor.from_pretrained(model("masks"))
    given = processor(images=IMAGES["i0"], input_boxes=[pixels("i0", corners=True)], return_tensors="pt")
    sizes = given.pop("original_sizes"), given.pop("reshaped_input_sizes")
    with torch.inference_mode():
        output = network(
            pixel_values=given["pixel_values"], input_boxes=given["input_boxes"].float(), multimask_output=False
        )
    [wanted] = processor.image_processor.post_process_masks(output.pred_masks, *sizes)
    mine = found[found["item"] == "i0"]
    assert mine["label"].tolist() == ["cat", "dog"]
    for cell, mask in zip(mine["segmentation"], wanted[:, 0].numpy() > 0, strict=True):
        assert (coco_mask(cell) == mask).all()
        assert mask.any()
    np.testing.assert_allclose(mine["score"].to_numpy(float), output.iou_scores.numpy().ravel(), atol=1e-5)
    config = LabelConfig.image("uri").brush("thing", ["cat", "dog"])
    predictions = read_predictions(found, config=config)
    assert predictions.table["status"].tolist() == ["ready"] * 3
    assert {one["type"] for one in predictions.results["i0"]} == {"brushlabels"}
    assert (brush_mask(predictions.results["i0"][0]) == coco_mask(mine["segmentation"].iloc[0])).all()


@pytest.mark.parametrize("kind", ["poses", "masks"])
def test_boxes_that_cannot_be_used_are_said(model: Callable[[str], Path], kind: str) -> None:
    detector = Detector.load(model(kind), threshold=0.0)
    for boxes, said in [
        (None, "give boxes="),
        (BOXES.drop(columns="x"), "with item, x, y"),
        (3, "boxes"),
        (BOXES.assign(item="i9"), "the item 'i9'"),
        (BOXES.assign(width=700), "Row 0 of boxes is no box"),
    ]:
        with pytest.raises(InputError, match=said):
            detector(IMAGES, boxes=boxes, progress=False)
    failed = pd.DataFrame({**BOXES[:1], "status": ["failed"], "error": ["It is dark."]})
    found = detector(IMAGES, boxes=failed, progress=False)
    assert found["status"].tolist() == ["failed"] * 3
    assert found["error"][0] == "It is dark."
    assert "boxes says nothing of this picture" in found["error"][1]


def test_other_boxes_are_another_question(model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    first = Detector.load(model("poses"), threshold=0.0)(IMAGES, boxes=BOXES, progress=False)
    other = Detector.load(model("poses"), threshold=0.0)(IMAGES, boxes=BOXES.assign(x=BOXES["x"] / 2), progress=False)
    assert first["keypoints"][0] != other["keypoints"][0]

    def must_not_load(*_: Any) -> Any:
        raise AssertionError("the network was loaded")

    monkeypatch.setattr(detection, "loaded", must_not_load)
    again = Detector.load(model("poses"), threshold=0.0)(IMAGES, boxes=BOXES, progress=False)
    pd.testing.assert_frame_equal(first, again)


def test_who_is_asked_for_the_wrong_thing_is_told(model: Callable[[str], Path]) -> None:
    with pytest.raises(InputError, match="boxes go with a model that looks into them"):
        Detector.load(model("spans"))(TEXTS, boxes=BOXES, progress=False)
    with pytest.raises(InputError, match="is told in words what to look for: give prompts="):
        Detector.load(model("words"))(IMAGES, progress=False)
    with pytest.raises(InputError, match="give prompts="):
        _ = Detector.load(model("words"))(IMAGES, progress=False)
    with pytest.raises(InputError, match="this model listens to files"):
        Detector.load(model("speech"))(IMAGES, progress=False)
    for kind in ("speech", "masks"):
        with pytest.raises(InputError, match="knows no labels"):
            _ = Detector.load(model(kind)).labels
    assert Detector.load(model("poses")).labels == ["nose", "paw", "tail"]


@pytest.mark.parametrize("kind", ["one label", "spans", "speech", "poses", "masks"])
def test_weights_that_can_run_commands_are_refused_for_every_kind(
    model: Callable[[str], Path], kind: str, tmp_path: Path
) -> None:
    import torch

    folder = tmp_path / "pickled"
    shutil.copytree(model(kind), folder)
    weights = folder / "model.safetensors"
    weights.unlink()
    torch.save({"weights": torch.zeros(1)}, folder / "pytorch_model.bin")
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "evil.Own", "AutoTokenizer": "evil.Own"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'made')!r}, 'w')\nclass Own: pass\n")
    given: Any = {"speech": [sound(tmp_path / "a.wav", 1)], "one label": TEXTS, "spans": TEXTS}.get(kind, IMAGES)
    with pytest.raises(InputError, match=r"has no model\.safetensors; other files of weights are not opened"):
        Detector.load(folder)(given, progress=False, **({"boxes": BOXES} if kind in ("poses", "masks") else {}))
    assert not (tmp_path / "made").exists()


def test_a_function_answers_about_texts_once_and_is_told_what_to_return(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(texts: list[str]) -> list[dict[str, Any]]:
        asked.extend(texts)
        at = [text.index("rome") for text in texts if "rome" in text]
        return [
            {"choices": "calm"} | ({"spans": [{"start": at[0], "end": at[0] + 4, "label": "LOC"}]} if at else {})
            for _ in texts
        ]

    texts = {"a": "ana eats in rome.", "none": "", "b": "rome"}
    for _ in range(2):
        found = Detector.load(answer, reads="texts", name="llm 1", batch=1)(texts, progress=False)
    assert asked == ["ana eats in rome.", "rome"]
    assert found[["item", "label", "status"]].fillna("").values.tolist() == [
        ["a", "calm", "found"],
        ["a", "LOC", "found"],
        ["none", "", "failed"],
        ["b", "calm", "found"],
        ["b", "LOC", "found"],
    ]
    config = config_for(found)
    assert {name: one.labels for name, one in config.controls.items()} == {"answer": ("calm",), "span": ("LOC",)}
    items = pd.DataFrame({"item": list(texts), "text": list(texts.values())})
    saved = tmp_path / "found.csv"
    found.to_csv(saved, index=False)
    for source in (found, saved):
        predictions = read_predictions(source, config=config, items=items)
        assert predictions.table["status"].tolist() == ["ready", "failed", "ready"]
        values = [one["value"] for one in predictions.results["a"]]
        assert values == [{"start": 12, "end": 16, "text": "rome", "labels": ["LOC"]}, {"choices": ["calm"]}]
    wrong: list[Any] = [
        *(None, {"choices": {"a": 7}}, {"choices": 5}, {"spans": [{"start": 0, "end": 99, "label": "x"}]}),
        {"spans": [3]},
    ]
    for one in wrong:
        with pytest.raises(InputError, match="return"):
            Detector.load(lambda texts, one=one: [one for _ in texts], reads="texts")({"a": "ana"}, progress=False)
    with pytest.raises(InputError, match=r"return.* for 1 text"):
        Detector.load(lambda texts: [], reads="texts")({"a": "ana"}, progress=False)


def test_a_model_of_pictures_reads_no_texts(model: Callable[[str], Path]) -> None:
    with pytest.raises(InputError, match="reads no texts"):
        Detector.load(model("poses"), reads="texts")(TEXTS, progress=False)


@pytest.mark.parametrize("reads", ["pictures", "texts"])
def test_a_model_that_writes_is_asked_by_a_function(reads: Any, tmp_path: Path) -> None:
    """Its texts were taken for the paths of pictures: there was no file of this name."""
    torch_or_skip()
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}))
    with pytest.raises(InputError, match=r"is a GPT2LMHeadModel, which a Detector cannot ask: give .* a function"):
        Detector.load(tmp_path, reads=reads)(TEXTS, progress=False)


def test_a_table_of_answers_is_read_and_asked(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            **{"id": ["1", "2", "3"], "text": ["a", "b", "c"], "mood": ["up", None, "down"], "mood_score": 0.5},
            **{"topics": [["art"], ["art", "law"], []], "why": ["x", "y", "z"]},
        }
    )
    config = config_for(table, key="id", labels={"up": "high", "z": None})
    assert {name: one.labels for name, one in config.controls.items()} == {
        **{"mood": ("high", "down"), "topics": ("art", "law")},
        "why": ("x", "y"),
    }
    found = read_predictions(table[:2], config=config, key="id", labels={"up": "high"})
    assert [one["value"] for one in found.results["1"]][:2] == [{"choices": ["high"]}, {"choices": ["art"]}]
    many = pd.DataFrame({"item": [str(n) for n in range(40)], "why": [f"because {n}" for n in range(40)]})
    with pytest.warns(UserWarning, match="'why' has 40 answers"), pytest.raises(InputError, match="No answer"):
        config_for(many)
    with pytest.raises(InputError, match="is no table of predictions"):
        read_predictions(many, config=LabelConfig.image("uri").rectangles("thing", ["cat"]))
    stretches = pd.DataFrame({"item": ["a"], "start": [0.5], "end": [2.0], "label": ["ana"]})
    heard = read_predictions(stretches, config=LabelConfig.audio("sound").labels("who", ["ana"]))
    assert heard.results["a"][0]["value"] == {"start": 0.5, "end": 2.0, "channel": 0, "labels": ["ana"]}
