"""A tiny DETR with random weights, saved and loaded by the same path as a real one; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_models import LABELS as LABELS
from tiny_models import save_classifier, save_detr, save_mask2former, save_owl, save_segformer, torch_or_skip


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LSNB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody answers there


@pytest.fixture(scope="session")
def tiny_detr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_detr(tmp_path_factory.mktemp("models") / "tiny-detr")


@pytest.fixture(scope="session")
def tiny_owl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_owl(tmp_path_factory.mktemp("models") / "tiny-owl")


@pytest.fixture(scope="session")
def tiny_segformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_segformer(tmp_path_factory.mktemp("models") / "tiny-segformer")


@pytest.fixture(scope="session")
def tiny_mask2former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_mask2former(tmp_path_factory.mktemp("models") / "tiny-mask2former")


@pytest.fixture(scope="session", params=[False, True], ids=["one label", "several labels"])
def tiny_classifier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classifier(tmp_path_factory.mktemp("models") / "tiny-classifier", several=request.param)


@pytest.fixture(scope="session")
def tiny_vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = torch_or_skip()
    from transformers import AutoModel, ViTConfig, ViTImageProcessorPil

    folder = tmp_path_factory.mktemp("models") / "tiny-vit"
    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=8,
    )
    torch.manual_seed(4)
    AutoModel.from_config(config).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder
