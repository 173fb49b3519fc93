"""Tiny networks with random weights, saved and loaded by the same path as real ones; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

LABELS = {0: "cat", 1: "dog", 2: "traffic light"}
SIZES = {"layers": 1, "attention_heads": 2, "ffn_dim": 16}


def torch_or_skip() -> Any:
    """Return torch, or skip the test: the environments of Python 3.12 and 3.13 in ``.ci/run`` leave it out."""
    return pytest.importorskip("torch", reason="torch is not installed (the extra [torch])")


def save_detr(folder: Path) -> Path:
    """Save a DETR of a few hundred weights into a folder and return it."""
    torch = torch_or_skip()
    from transformers import AutoModelForObjectDetection, DetrConfig, DetrImageProcessorPil, ResNetConfig

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
