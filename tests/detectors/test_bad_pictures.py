"""What is given to a detector and is none of its business: odd columns, folders, doubles, broken models."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lsnb.detectors import Detector, Embedder, near_duplicates
from lsnb.errors import InputError

PICTURE = np.zeros((50, 100, 3), np.uint8)


def one_bird(images: list[Any]) -> list[dict[str, Any]]:
    return [{"boxes": [[10, 10, 30, 20]], "scores": [0.9], "labels": ["bird"]} for _ in images]


def by_width(batch: int) -> Embedder:
    return Embedder.load(lambda images: [image[0, :, 0] for image in images], batch=batch)


def look(images: Any, **options: Any) -> pd.DataFrame:
    return Detector.load(one_bird, threshold=np.float32(0.5))(images, progress=False, **options)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: look(pd.DataFrame({"video": ["a.mp4"], "frame": [None]})), "give whole numbers"),
        (lambda: look(pd.DataFrame({"video": ["a.mp4"], "frame": ["x"]})), "give whole numbers"),
        (lambda: look(pd.DataFrame({"video": ["a.mp4"], "frame": [1.5]})), "give whole numbers"),
        (lambda: look(pd.DataFrame({"video": ["a.mp4"] * 2, "frame": [1, 1]})), "a.mp4#1 is given twice"),
        (lambda: look({"1": PICTURE, 1: PICTURE}), "1 is given twice"),
        (lambda: look([PICTURE], executor=3), "executor is 3"),
        (lambda: near_duplicates(None), "vectors must be an array"),
        (lambda: near_duplicates([[1, 0]], 3), "items is 3"),
        (lambda: by_width(1).embed([PICTURE, PICTURE[:, :50]], progress=False), "differ in their dimensions"),
        (lambda: by_width(2).embed([PICTURE, PICTURE[:, :50]], progress=False), "must return an array"),
    ],
)
def test_what_cannot_be_looked_at_is_said_before_anything_runs(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()


def test_a_folder_is_no_picture_and_costs_no_other(tmp_path: Path) -> None:
    table = look({"folder": tmp_path, "good": PICTURE})
    assert table["status"].tolist() == ["failed", "found"]
    assert "is a folder" in table["error"][0]


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_damaged_model_is_one_sentence(tiny_detr: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_detr, folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:40])
    with pytest.raises(InputError) as caught:
        Detector.load(folder)([PICTURE], progress=False)
    assert str(folder) in str(caught.value)


@pytest.mark.slow
def test_the_labels_of_a_damaged_folder_are_not_guessed(tiny_detr: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_detr, folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"config\.json"):
        _ = Detector.load(folder).labels


class Command:
    """Makes a file when it is unpickled."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.made}",)


@pytest.mark.parametrize("verb", [Detector.load, Embedder.load])
def test_weights_that_can_run_commands_are_not_opened(
    tiny_detr: Path, tmp_path: Path, verb: Callable[..., Any]
) -> None:
    import torch

    folder = tmp_path / "pickled"
    shutil.copytree(tiny_detr, folder)
    (folder / "model.safetensors").unlink()
    for kept in ("new", "old"):
        torch.save(
            {"weights": Command(tmp_path / "made")}, folder / "pytorch_model.bin",
            _use_new_zipfile_serialization=kept == "new",
        )  # fmt: skip
        with pytest.raises(InputError, match=r"has no model\.safetensors; other files of weights are not opened"):
            opened(verb(str(folder)))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("verb", [Detector.load, Embedder.load])
def test_a_network_whose_weights_are_not_all_there_does_not_answer_by_chance(
    tiny_detr: Path, tmp_path: Path, verb: Callable[..., Any]
) -> None:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "half"
    shutil.copytree(tiny_detr, folder)
    weights = load_file(folder / "model.safetensors")
    lost = "class_labels_classifier" if verb == Detector.load else "input_projection"
    kept = {name: each for name, each in weights.items() if lost not in name}
    assert len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        InputError, match=rf"half lacks weights \(.*{lost}.*\), without which a Detr.* by chance: choose"
    ):
        opened(verb(str(folder)))


@pytest.mark.parametrize("kind", ["detr", "a kind nobody knows"])
def test_code_that_a_model_brings_is_not_run_and_nobody_is_asked(
    tiny_detr: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("somebody was asked"))
    folder = tmp_path / "own"
    shutil.copytree(tiny_detr, folder)
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'made')!r}, 'w')\nclass Own: pass\n")
    for name in ("config.json", "preprocessor_config.json"):
        content = json.loads((folder / name).read_text())
        names = ("AutoConfig", "AutoModel", "AutoModelForObjectDetection", "AutoImageProcessor")
        content["auto_map"] = dict.fromkeys(names, "evil.Own")
        content["model_type"] = kind
        if kind != "detr":
            content["image_processor_type"] = "Own"
        (folder / name).write_text(json.dumps(content))
    if kind == "detr":
        opened(Detector.load(str(folder)))
    else:
        with pytest.raises(InputError, match="brings code of its own, which is not run here"):
            opened(Detector.load(str(folder)))
    assert not (tmp_path / "made").exists()


def opened(model: Any) -> None:
    """Use a model, which is loaded by then."""
    if isinstance(model, Detector):
        model([PICTURE], progress=False)
    else:
        model.embed([PICTURE], progress=False)
