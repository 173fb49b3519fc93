"""Detectors and embedders: networks by name, folders and functions, each picture once and none lost."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from tiny_models import LABELS, save_grounding_dino, torch_or_skip
from video_maker import make_video, read_barcode

from lsnb import LabelConfig, read_predictions
from lsnb.detectors import Detector, Embedder, detection, embed, near_duplicates
from lsnb.errors import InputError, MissingFileError
from lsnb.shapes import brush_mask, coco_mask


def picture(path: Path, colour: int = 128, size: tuple[int, int] = (60, 80)) -> str:
    image = np.full((*size, 3), colour, np.uint8)
    image[10:30, 20:40] = 255 - colour
    assert cv2.imwrite(str(path), image)
    return str(path)


@pytest.fixture
def pictures(tmp_path: Path) -> pd.DataFrame:
    paths = [picture(tmp_path / f"{n}.png", 40 * n, (60, 80 + 10 * n)) for n in range(4)]
    return pd.DataFrame({"id": ["007", "008", "9", "10"], "path": paths})


def brightness(images: Sequence[Any]) -> list[dict[str, Any]]:
    """One box on the left half, as sure as the picture is bright; none on a black one."""
    return [
        {"boxes": [[0, 0, image.shape[1] / 2, image.shape[0]]], "scores": [image.mean() / 255], "labels": ["light"]}
        if image.any()
        else {"boxes": [], "scores": [], "labels": []}
        for image in images
    ]


def test_a_saved_network_says_what_it_says_by_hand(tiny_detr: Path, pictures: pd.DataFrame) -> None:
    import torch
    from transformers import AutoImageProcessor, AutoModelForObjectDetection

    found = Detector.load(tiny_detr, threshold=0.0, batch=1)(pictures, key="id", progress=False)
    model = AutoModelForObjectDetection.from_pretrained(tiny_detr).eval()
    processor = AutoImageProcessor.from_pretrained(tiny_detr)
    for key, path in zip(pictures["id"], pictures["path"], strict=True):
        image = cv2.imread(path)[:, :, ::-1]
        high, wide = image.shape[:2]
        with torch.inference_mode():
            output = model(**processor(images=[image], return_tensors="pt"))
        [wanted] = processor.post_process_object_detection(output, threshold=0.0, target_sizes=[(high, wide)])
        mine = found[found["item"] == key]
        corners = np.clip(wanted["boxes"].numpy(), 0, [wide, high, wide, high]) / [wide, high, wide, high] * 100
        np.testing.assert_allclose(mine[["x", "y"]].to_numpy(float), corners[:, :2], atol=1e-3)
        np.testing.assert_allclose(
            mine[["width", "height"]].to_numpy(float), corners[:, 2:] - corners[:, :2], atol=1e-3
        )
        np.testing.assert_allclose(mine["score"].to_numpy(float), wanted["scores"].numpy(), atol=1e-6)
        assert list(mine["label"]) == [model.config.id2label[int(n)] for n in wanted["labels"]]
        assert set(mine["image_width"]) == {wide}


def test_a_network_is_told_in_words_what_to_look_for(tiny_owl: Path, pictures: pd.DataFrame) -> None:
    import torch
    from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

    config = LabelConfig.image("uri").rectangles("animal", ["cat", "red dog"]).choices("mood", ["up"])
    detector = Detector.load(tiny_owl, threshold=0.0, batch=3, prompts=config)
    assert detector.labels == ["cat", "red dog"]
    found = detector(pictures, key="id", progress=False)
    assert set(found["status"]) == {"found"}
    model = AutoModelForZeroShotObjectDetection.from_pretrained(tiny_owl).eval()
    processor = AutoProcessor.from_pretrained(tiny_owl)
    image = cv2.imread(pictures["path"][1])[:, :, ::-1]
    high, wide = image.shape[:2]
    with torch.inference_mode():
        output = model(**processor(text=[detector.labels], images=[image], return_tensors="pt"))
    [wanted] = processor.post_process_grounded_object_detection(
        output, threshold=0.0, target_sizes=[(high, wide)], text_labels=[detector.labels]
    )
    mine = found[found["item"] == "008"]
    corners = np.clip(wanted["boxes"].numpy(), 0, [wide, high, wide, high])
    has_area = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
    np.testing.assert_allclose(mine["score"].to_numpy(float), wanted["scores"].numpy()[has_area], atol=1e-5)
    assert list(mine["label"]) == [wanted["text_labels"][n] for n in np.flatnonzero(has_area)]
    # Other words are another question, which is not answered from memory.
    other = Detector.load(tiny_owl, threshold=0.0, prompts=["bird"])(pictures, key="id", progress=False)
    assert set(other["label"]) == {"bird"}


def test_a_box_of_grounding_dino_has_the_prompt_that_it_fits_best(pictures: pd.DataFrame, tmp_path: Path) -> None:
    """It reads all prompts as one text, and names a box by whatever words of it are sure: also of two, or of none."""
    torch = torch_or_skip()
    from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

    folder, prompts = save_grounding_dino(tmp_path / "dino"), ["Cat", "traffic light", "dog"]
    found = Detector.load(folder, threshold=0.0, batch=1, prompts=prompts)(pictures, key="id", progress=False)
    model = AutoModelForZeroShotObjectDetection.from_pretrained(folder).eval()
    processor = AutoProcessor.from_pretrained(folder)
    image = cv2.imread(pictures["path"][1])[:, :, ::-1]
    given = processor(text=[prompts], images=[image], return_tensors="pt")
    with torch.inference_mode():
        output = model(**given)
    [wanted] = processor.post_process_grounded_object_detection(output, threshold=0.0, target_sizes=[image.shape[:2]])
    mine = found[found["item"] == "008"]
    np.testing.assert_allclose(mine["score"].to_numpy(float), wanted["scores"].numpy(), atol=1e-5)
    # [CLS] c a t . t r a f f i c l i g h t . d o g . [SEP], a token each.
    shares = output.logits[0].sigmoid().numpy()
    each = [shares[:, part].max(axis=1) for part in (slice(1, 4), slice(5, 17), slice(18, 21))]
    assert {str(label) for label in wanted["text_labels"]} - set(prompts)
    assert list(mine["label"]) == [prompts[number] for number in np.argmax(each, axis=0)]


def test_each_thing_is_cut_out_whatever_others_are_sure_enough(tiny_mask2former: Path, pictures: pd.DataFrame) -> None:
    import torch
    from transformers import AutoImageProcessor, Mask2FormerForUniversalSegmentation

    found = Detector.load(tiny_mask2former, threshold=0.0, batch=1)(pictures[1:2], key="id", progress=False)
    model = Mask2FormerForUniversalSegmentation.from_pretrained(tiny_mask2former).eval()
    image = cv2.imread(pictures["path"][1])[:, :, ::-1]
    processor = AutoImageProcessor.from_pretrained(tiny_mask2former)
    with torch.inference_mode():
        output = model(**processor(images=[image], return_tensors="pt"))
    [wanted] = processor.post_process_instance_segmentation(
        output, threshold=0.0, target_sizes=[image.shape[:2]], return_binary_maps=True
    )
    assert found["label"].tolist() == [LABELS[each["label_id"]] for each in wanted["segments_info"]]
    np.testing.assert_allclose(found["score"], [each["score"] for each in wanted["segments_info"]], atol=1e-5)
    for runs, mask in zip(found["segmentation"], wanted["segmentation"], strict=True):
        assert (coco_mask(runs) == (mask.numpy() == 1)).all()
    # A stricter look has the same masks, those that are sure enough, out of memory, too.
    for strict in (found["score"].median(), found["score"].max()):
        again = Detector.load(tiny_mask2former, threshold=strict)(pictures[1:2], key="id", progress=False)
        left = found[found["score"] >= strict].reset_index(drop=True)
        pd.testing.assert_frame_equal(again, left, check_dtype=False, rtol=1e-4)


def test_each_pixel_belongs_to_what_it_is_likeliest_for(tiny_segformer: Path, pictures: pd.DataFrame) -> None:
    import torch
    from transformers import AutoImageProcessor, SegformerForSemanticSegmentation

    found = Detector.load(tiny_segformer, threshold=0.0)(pictures, key="id", progress=False)
    model = SegformerForSemanticSegmentation.from_pretrained(tiny_segformer).eval()
    processor = AutoImageProcessor.from_pretrained(tiny_segformer)
    image = cv2.imread(pictures["path"][2])[:, :, ::-1]
    with torch.inference_mode():
        output = model(**processor(images=[image], return_tensors="pt"))
    [wanted] = processor.post_process_semantic_segmentation(output, target_sizes=[image.shape[:2]])
    mine = found[found["item"] == "9"]
    drawn = np.full(image.shape[:2], -1)
    for runs, label in zip(mine["segmentation"], mine["label"], strict=True):
        drawn[coco_mask(runs)] = [*LABELS.values()].index(label)
    assert (drawn != wanted.numpy()).mean() < 0.001  # pixels as likely for two may go either way by the batch
    assert mine["score"].between(1 / 3, 1).all()


def test_what_a_whole_picture_shows_is_a_choice(tiny_classifier: Path, pictures: pd.DataFrame) -> None:
    import torch
    from transformers import AutoImageProcessor, ViTForImageClassification

    found = Detector.load(tiny_classifier, threshold=0.3)(pictures, key="id", progress=False)
    model = ViTForImageClassification.from_pretrained(tiny_classifier).eval()
    is_several = model.config.problem_type == "multi_label_classification"
    processor = AutoImageProcessor.from_pretrained(tiny_classifier)
    wanted = {}
    for key, path in zip(pictures["id"], pictures["path"], strict=True):
        with torch.inference_mode():
            logits = model(**processor(images=[cv2.imread(path)[:, :, ::-1]], return_tensors="pt")).logits[0]
        shares = logits.sigmoid() if is_several else logits.softmax(0)
        sure = [n for n in LABELS if shares[n] >= 0.3 and (is_several or n == shares.argmax())]
        wanted[key] = {LABELS[n]: pytest.approx(float(shares[n]), abs=1e-5) for n in sure}
        mine = found[found["item"] == key]
        assert dict(zip(mine["label"], mine["score"], strict=True)) == wanted[key]
    config = LabelConfig.image("uri").choices("what", list(LABELS.values()), multiple=is_several)
    predictions = read_predictions(found, config=config)
    assert set(predictions.table["status"]) == {"ready"}
    for key, answers in wanted.items():
        [result] = predictions.results[key]
        assert result["value"] == {"choices": list(answers)}
        assert predictions.scores[key] == min(found[found["item"] == key]["score"])


def test_masks_of_a_function_become_what_the_config_draws(pictures: pd.DataFrame, tmp_path: Path) -> None:
    def corner(images: Sequence[Any]) -> list[dict[str, Any]]:
        masks = [np.zeros(image.shape[:2], bool) for image in images]
        for mask in masks:
            mask[10:30, 20:40] = True
        return [{"masks": [mask, ~mask & False], "scores": [0.9, 0.8], "labels": ["cat", "dog"]} for mask in masks]

    found = Detector.load(corner)(pictures, key="id", progress=False)
    assert found["label"].tolist() == ["cat"] * 4  # a mask without a pixel is none
    saved = tmp_path / "found.csv"
    found.to_csv(saved, index=False)
    for config in (
        LabelConfig.image("uri").brush("thing", ["cat", "dog"]),
        LabelConfig.image("uri").polygons("thing", ["cat", "dog"]),
        LabelConfig.image("uri").rectangles("thing", ["cat", "dog"]),
    ):
        predictions = read_predictions(found, config=config)
        assert {item: len(results) for item, results in predictions.results.items()} == dict.fromkeys(found["item"], 1)
        assert read_predictions(saved, config=config).results == predictions.results
    brush = read_predictions(found, config=LabelConfig.image("uri").brush("thing", ["cat"])).results["9"][0]
    assert brush_mask(brush).sum() == 400
    found.at[1, "segmentation"] = {"size": [60, 90], "counts": [7]}
    broken = read_predictions(found, config=LabelConfig.image("uri").brush("thing", ["cat"])).table
    assert broken["status"].tolist() == ["ready", "failed", "ready", "ready"]
    assert "add up to 7" in broken["error"][1]


@pytest.mark.parametrize("prompts", [[], "cat", ["cat", " "], [3], LabelConfig.text("text").textarea("a")])
def test_prompts_that_name_nothing_are_a_sentence(prompts: Any) -> None:
    with pytest.raises(InputError, match="prompts"):
        Detector.load("someone/model", prompts=prompts)
    with pytest.raises(InputError, match="prompts go with"):
        Detector.load(brightness, prompts=["cat"])


def test_labels_are_known_without_the_network(tiny_detr: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "loaded", _must_not_load)
    assert Detector.load(str(tiny_detr)).labels == ["cat", "dog", "traffic light"]


def _must_not_load(*_: Any) -> Any:
    raise AssertionError("the network was loaded")


def test_a_second_run_costs_nothing_and_a_changed_file_is_looked_at_again(
    tiny_detr: Path, pictures: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Detector.load(tiny_detr, threshold=0.3)(pictures, key="id", progress=False)
    with monkeypatch.context() as without:
        without.setattr(detection, "loaded", _must_not_load)
        again = Detector.load(tiny_detr, threshold=0.3)(pictures, key="id", progress=False)
        pd.testing.assert_frame_equal(first, again)
        # Another threshold is a look at the same answers.
        stricter = Detector.load(tiny_detr, threshold=0.99)(pictures, key="id", progress=False)
        assert list(stricter["status"]) == ["nothing"] * 4
        picture(Path(pictures["path"][0]), 77)
        changed = Detector.load(tiny_detr, threshold=0.3)(pictures, key="id", progress=False)
        assert list(changed.loc[changed["status"] == "failed", "item"]) == ["007"]
        assert "the network was loaded" in changed["error"][0]


def test_another_network_in_the_same_folder_is_another(tiny_detr: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(tiny_detr, folder)
    before = Detector.load(folder).memory._network
    assert before == Detector.load(tiny_detr).memory._network
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-1] + b"x")
    assert Detector.load(folder).memory._network != before


def test_a_function_finds_what_it_finds_in_percent(pictures: pd.DataFrame) -> None:
    picture(Path(pictures["path"][3]), 255)
    table = Detector.load(brightness, threshold=0.2, batch=3)(pictures, key="id", progress=False)
    assert list(table["item"]) == ["007", "008", "9", "10"]
    assert list(table["status"]) == ["nothing", "found", "found", "found"] or table["score"][0] > 0
    found = table[table["status"] == "found"]
    assert (found[["x", "y", "width", "height"]].to_numpy(float) == [0, 0, 50, 100]).all()


def test_a_photograph_is_turned_as_its_exif_says_before_the_model_sees_it(tmp_path: Path) -> None:
    from PIL import Image

    image = np.zeros((40, 60, 3), np.uint8)
    image[:, :30] = 255
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by a quarter to the right
    path = tmp_path / "photo.jpg"
    Image.fromarray(image).save(path, exif=turned, quality=95)
    seen: list[Any] = []

    def watch(images: Sequence[Any]) -> list[dict[str, Any]]:
        seen.extend(images)
        return [{"boxes": [[0, 0, 40, 30]], "scores": [1.0], "labels": ["a"]}]

    table = Detector.load(watch)([path], progress=False)
    assert seen[0].shape == (60, 40, 3)
    assert seen[0][:30].mean() > 250 > 5 > seen[0][30:].mean()
    assert (table["image_width"][0], table["image_height"][0], table["height"][0]) == (40, 60, 50.0)
    # What PIL has open is turned, too.
    with Image.open(path) as opened:
        Detector.load(watch)([opened], progress=False)
    assert seen[1].shape == (60, 40, 3)


def test_one_bad_picture_is_a_row_and_the_others_go_on(pictures: pd.DataFrame, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(Path(pictures["path"][0]).read_bytes()[:60])
    table = pd.concat(
        [pictures, pd.DataFrame({"id": ["b", "n"], "path": [str(broken), str(tmp_path / "none.png")]})],
        ignore_index=True,
    )
    found = Detector.load(brightness, threshold=0.0)(table, key="id", progress=False).set_index("item")
    assert list(found.index) == ["007", "008", "9", "10", "b", "n"]
    assert list(found["status"][["b", "n"]]) == ["failed", "failed"]
    assert "broken.png" in found["error"]["b"]
    assert "none.png" in found["error"]["n"]


def test_a_picture_the_network_cannot_take_does_not_cost_its_batch(pictures: pd.DataFrame) -> None:
    def picky(images: Sequence[Any]) -> list[dict[str, Any]]:
        if any(image.shape[1] == 100 for image in images):
            raise RuntimeError("no hundreds")
        return brightness(images)

    found = Detector.load(picky, threshold=0.0)(pictures, key="id", progress=False).set_index("item")
    assert list(found["status"] == "failed") == [False, False, True, False]
    assert "no hundreds" in found["error"]["9"]


def test_frames_of_a_video_are_looked_at_without_being_written(tmp_path: Path) -> None:
    video = make_video(tmp_path / "clip.mp4", 30)
    frames = pd.DataFrame({"video": str(video), "frame": [20, 3, 11]})

    def number(images: Sequence[Any]) -> list[dict[str, Any]]:
        return [{"boxes": [[0, 0, 9, 9]], "scores": [1.0], "labels": [read_barcode(image)]} for image in images]

    table = Detector.load(number)(frames, progress=False)
    assert list(table["label"]) == ["20", "3", "11"]
    assert list(table["item"]) == [f"{video}#20", f"{video}#3", f"{video}#11"]
    beyond = Detector.load(number)(frames.assign(frame=[20, 300, 11]), progress=False)
    assert list(beyond["status"]) == ["found", "failed", "found"]
    assert "30 frames" in beyond["error"][1]


def test_reading_goes_on_while_the_network_computes(pictures: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    from lsnb.detectors import loading as reading

    is_read, real = threading.Event(), reading.read_image

    def watched(path: Any) -> Any:
        if str(path).endswith("1.png"):
            is_read.set()
        return real(path)

    def patient(images: Sequence[Any]) -> list[dict[str, Any]]:
        assert is_read.wait(30), "the second picture was not read while the first was looked at"
        return brightness(images)

    monkeypatch.setattr(reading, "read_image", watched)
    table = Detector.load(patient, batch=1, threshold=0.0)(pictures, progress=False)
    assert "failed" not in set(table["status"])


def test_other_processes_say_the_same(pictures: pd.DataFrame) -> None:
    serial = Detector.load(brightness, threshold=0.1, batch=1)(pictures, key="id", progress=False)
    # A process that runs threads, as this one does, cannot be forked safely.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        spread = Detector.load(brightness, threshold=0.1, batch=1)(pictures, key="id", progress=False, executor=pool)
    pd.testing.assert_frame_equal(serial, spread)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": "/no/such/folder"}, "no folder"),
        ({"model": ""}, "give a model's name"),
        ({"model": 3}, "give a model's name"),
        ({"model": brightness, "threshold": 50}, "threshold is 50"),
        ({"model": brightness, "batch": 0}, "batch is 0"),
        ({"model": brightness, "batch": 2.5, "threshold": "high"}, "2 problems"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(options: dict[str, Any], says: str) -> None:
    with pytest.raises((InputError, MissingFileError), match=says):
        Detector.load(**options)


def test_a_model_that_is_none_says_so_when_it_is_needed(tiny_vit: Path, pictures: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="is no model for object detection"):
        Detector.load(tiny_vit)(pictures, progress=False)
    with pytest.raises(InputError, match="hub does not answer"):
        Detector.load("nobody/nothing-here")(pictures, progress=False)
    for name in ("Ü?*/", "facebook/detr resnet", "--"):
        with pytest.raises(InputError, match="cannot be the name of a model"):
            Detector.load(name)(pictures, progress=False)
    with pytest.raises(InputError, match="not on this computer"):
        Detector.load(tiny_vit, device="cuda:7")(pictures, progress=False)


@pytest.mark.parametrize(
    "answer",
    [
        *(None, [], [{"boxes": [[0, 0, 1, 1]], "scores": [], "labels": []}], [{"boxes": "x"}], ["x"]),
        *([{"choices": {"up": 7}}], [{"choices": ["up"]}], [{"masks": [[True]], "scores": [1], "labels": ["up"]}]),
    ],
)
def test_a_function_that_returns_no_boxes_is_told_what_to_return(answer: Any, pictures: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"return"):
        Detector.load(lambda images: answer)(pictures[:1], progress=False)


NO_PICTURES = [3, [None], [np.zeros((2, 2, 3))], [np.zeros((2, 2, 7), np.uint8)], pd.DataFrame({"a": [1]})]


@pytest.mark.parametrize("given", NO_PICTURES)
def test_what_is_no_picture_is_named(given: Any) -> None:
    with pytest.raises(InputError, match=r"give|name the column"):
        Detector.load(brightness)(given, progress=False)


def test_vectors_of_a_saved_network_are_its_own_and_remembered(
    tiny_vit: Path, pictures: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from transformers import AutoImageProcessor, AutoModel

    mine = Embedder.load(tiny_vit, batch=3).embed(pictures, progress=False)
    model, processor = AutoModel.from_pretrained(tiny_vit).eval(), AutoImageProcessor.from_pretrained(tiny_vit)
    with torch.inference_mode():
        images = [cv2.imread(path)[:, :, ::-1] for path in pictures["path"]]
        wanted = model(**processor(images=images, return_tensors="pt")).pooler_output.numpy()
    np.testing.assert_allclose(mine, wanted, atol=1e-5)
    monkeypatch.setattr(detection, "loaded", _must_not_load)
    assert (Embedder.load(tiny_vit).embed(pictures, progress=False) == mine).all()


def test_vectors_of_a_network_that_classified_are_not_summed_up_by_chance(
    tiny_classifier: Path, pictures: pd.DataFrame
) -> None:
    """What sums tokens up is not in its file, and would be other numbers in each process."""
    import torch
    from transformers import AutoImageProcessor, ViTForImageClassification

    mine = Embedder.load(tiny_classifier, remember=False).embed(pictures, progress=False)
    model = ViTForImageClassification.from_pretrained(tiny_classifier).eval()
    processor = AutoImageProcessor.from_pretrained(tiny_classifier)
    images = [cv2.imread(path)[:, :, ::-1] for path in pictures["path"]]
    with torch.inference_mode():
        hidden = model.vit(**processor(images=images, return_tensors="pt")).last_hidden_state
    np.testing.assert_allclose(mine, hidden.mean(dim=1).numpy(), atol=1e-5)


def test_near_duplicates_are_found_each_pair_once(pictures: pd.DataFrame, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for n in range(3):
        image = rng.integers(0, 255, (32, 32, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f"a{n}.png"), image)
        if n < 2:
            cv2.imwrite(str(tmp_path / f"b{n}.png"), np.clip(image.astype(int) + 2, 0, 255).astype(np.uint8))
    paths = sorted(map(str, [*tmp_path.glob("a?.png"), *tmp_path.glob("b?.png")]))
    vectors = embed(paths, lambda images: [cv2.resize(i, (8, 8)).ravel() - 127.0 for i in images], progress=False)
    pairs = near_duplicates(vectors, [Path(path).stem for path in paths], similarity=0.99)
    assert {frozenset(pair) for pair in pairs[["a", "b"]].itertuples(index=False)} == {
        frozenset(("a0", "b0")),
        frozenset(("a1", "b1")),
    }
    with pytest.raises(InputError, match="2 problems"):
        near_duplicates(vectors, ["one"], similarity=3)


def test_a_memory_that_is_damaged_is_done_without(tmp_path: Path, pictures: pd.DataFrame) -> None:
    detector = Detector.load(brightness, name="brightness 1", threshold=0.0)
    first = detector(pictures, progress=False)
    [kept] = (tmp_path / "cache").rglob("*.sqlite")
    kept.write_bytes(b"no database" * 100)
    with pytest.warns(UserWarning, match="cannot be used"):
        again = Detector.load(brightness, name="brightness 1", threshold=0.0)(pictures, progress=False)
    pd.testing.assert_frame_equal(first, again)
