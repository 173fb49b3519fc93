"""Tiny networks with random weights, saved and loaded by the same path as real ones; nothing is downloaded."""

from __future__ import annotations

import json
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


def save_owl(folder: Path) -> Path:
    """Save an OWL-ViT of a few thousand weights, which is told in words what to look for, and return the folder."""
    torch = torch_or_skip()
    from transformers import CLIPTokenizer, OwlViTConfig, OwlViTForObjectDetection, OwlViTImageProcessorPil
    from transformers import OwlViTProcessor as Processor

    letters = [chr(letter) for letter in range(ord("a"), ord("z") + 1)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({word: n for n, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    end = words.index("<|endoftext|>")
    text = {"vocab_size": len(words), "max_position_embeddings": 16, "bos_token_id": end - 1, "eos_token_id": end}
    config = OwlViTConfig(
        text_config={**size, **text, "pad_token_id": end},
        vision_config={**size, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    torch.manual_seed(3)
    OwlViTForObjectDetection(config).save_pretrained(folder)
    tokens = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=16)
    Processor(OwlViTImageProcessorPil(size={"height": 32, "width": 32}), tokens).save_pretrained(folder)
    return folder
