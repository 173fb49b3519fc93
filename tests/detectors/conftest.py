"""A tiny DETR with random weights, saved and loaded by the same path as a real one; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import pytest

LABELS = {0: "cat", 1: "dog", 2: "traffic light"}


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LSNB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody answers there


@pytest.fixture(scope="session")
def tiny_detr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import AutoModelForObjectDetection, DetrConfig, DetrImageProcessorPil, ResNetConfig

    folder = tmp_path_factory.mktemp("models") / "tiny-detr"
    backbone = ResNetConfig(embedding_size=8, hidden_sizes=[8] * 4, depths=[1] * 4, out_features=["stage4"])
    layers = {f"{side}_{what}": n for side in ("encoder", "decoder") for what, n in SIZES.items()}
    config = DetrConfig(
        use_timm_backbone=False,
        backbone=None,
        use_pretrained_backbone=False,
        backbone_config=backbone,
        num_queries=6,
        d_model=16,
        id2label=LABELS,
        label2id={label: number for number, label in LABELS.items()},
        **layers,
    )
    torch.manual_seed(3)
    AutoModelForObjectDetection.from_config(config).save_pretrained(folder)
    DetrImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96}).save_pretrained(folder)
    return folder


SIZES = {"layers": 1, "attention_heads": 2, "ffn_dim": 16}


@pytest.fixture(scope="session")
def tiny_vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
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
