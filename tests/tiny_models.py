"""Tiny networks with random weights, saved and loaded by the same path as real ones; nothing is downloaded."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import pytest

LABELS = {0: "cat", 1: "dog", 2: "traffic light"}
NAMED: dict[str, Any] = {"id2label": LABELS, "label2id": {label: number for number, label in LABELS.items()}}
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
        **NAMED,
        **layers,
    )
    torch.manual_seed(3)
    AutoModelForObjectDetection.from_config(config).save_pretrained(folder)
    DetrImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96}).save_pretrained(folder)
    return folder


def _save_letters(folder: Path) -> list[str]:
    """Write what a tokenizer of CLIP's kind needs that knows letters alone, and return its words."""
    letters = [chr(letter) for letter in range(ord("a"), ord("z") + 1)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({word: n for n, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return words


def save_clip(folder: Path) -> Path:
    """Save a CLIP, which says which of some words fits a picture best, and return the folder."""
    torch = torch_or_skip()
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor, CLIPTokenizer

    words = _save_letters(folder)
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    end = words.index("<|endoftext|>")
    text = {"vocab_size": len(words), "max_position_embeddings": 64, "bos_token_id": end - 1, "eos_token_id": end}
    config = CLIPConfig(
        text_config={**size, **text, "pad_token_id": end},
        vision_config={**size, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    torch.manual_seed(3)
    CLIPModel(config).save_pretrained(folder)
    tokens = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=64)
    sides = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    CLIPProcessor(CLIPImageProcessorPil(**sides), tokens).save_pretrained(folder)
    return folder


def save_owl(folder: Path) -> Path:
    """Save an OWL-ViT of a few thousand weights, which is told in words what to look for, and return the folder."""
    torch = torch_or_skip()
    from transformers import CLIPTokenizer, OwlViTConfig, OwlViTForObjectDetection, OwlViTImageProcessorPil
    from transformers import OwlViTProcessor as Processor

    words = _save_letters(folder)
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


def save_grounding_dino(folder: Path) -> Path:
    """Save a Grounding DINO, which reads all that it looks for as one text, and return the folder."""
    torch = torch_or_skip()
    from transformers import BertConfig, GroundingDinoConfig, GroundingDinoForObjectDetection
    from transformers import GroundingDinoImageProcessorPil as Images
    from transformers import GroundingDinoProcessor as Processor
    from transformers import SwinConfig as Backbone

    tokens = _save_words(folder, 64)
    stages: dict[str, Any] = {"depths": [1] * 4, "num_heads": [1, 1, 2, 2], "window_size": 2}
    seen = Backbone(image_size=64, embed_dim=8, out_features=["stage2", "stage3", "stage4"], **stages)
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    read = BertConfig(vocab_size=len(tokens), max_position_embeddings=64, **size)
    sides = {f"{side}_{what}": n for side in ("encoder", "decoder") for what, n in SIZES.items()} | {"d_model": 32}
    sides |= {"decoder_layers": 2, "num_queries": 6, "max_text_len": 64}
    torch.manual_seed(3)
    GroundingDinoForObjectDetection(
        GroundingDinoConfig(backbone_config=seen, text_config=read, **sides)
    ).save_pretrained(folder)
    Processor(Images(size={"shortest_edge": 64, "longest_edge": 96}), tokens).save_pretrained(folder)
    return folder


def save_classifier(folder: Path, *, several: bool = False) -> Path:
    """Save a ViT that says what a whole picture shows, one thing or several, and return the folder."""
    torch = torch_or_skip()
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    kind = "multi_label_classification" if several else "single_label_classification"
    config = ViTConfig(**size, image_size=32, patch_size=8, **NAMED, problem_type=kind)
    torch.manual_seed(3)
    ViTForImageClassification(config).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def save_segformer(folder: Path) -> Path:
    """Save a Segformer, which says of each pixel what it belongs to, and return the folder."""
    torch = torch_or_skip()
    from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessorPil

    stages: dict[str, Any] = {"depths": [1, 1], "sr_ratios": [2, 1], "hidden_sizes": [8, 16], "patch_sizes": [7, 3]}
    stages |= {"strides": [4, 2], "num_attention_heads": [1, 2], "mlp_ratios": [2, 2]}
    config = SegformerConfig(num_encoder_blocks=2, decoder_hidden_size=16, **stages, **NAMED)
    torch.manual_seed(3)
    SegformerForSemanticSegmentation(config).save_pretrained(folder)
    SegformerImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def save_mask2former(folder: Path) -> Path:
    """Save a Mask2Former, which cuts each thing out, and return the folder."""
    torch = torch_or_skip()
    from transformers import Mask2FormerConfig, Mask2FormerForUniversalSegmentation, Mask2FormerImageProcessorPil
    from transformers import SwinConfig as Backbone

    stages: dict[str, Any] = {"depths": [1] * 4, "num_heads": [1, 1, 2, 2], "window_size": 2}
    seen = Backbone(image_size=64, embed_dim=8, out_features=[f"stage{n}" for n in range(1, 5)], **stages)
    sizes = {"feature_size": 32, "mask_feature_size": 32, "hidden_dim": 32, "encoder_feedforward_dim": 16}
    sizes |= {"dim_feedforward": 16, "encoder_layers": 1, "decoder_layers": 2, "num_attention_heads": 2}
    config = Mask2FormerConfig(backbone_config=seen, num_queries=4, **sizes, **NAMED)
    torch.manual_seed(3)
    Mask2FormerForUniversalSegmentation(config).save_pretrained(folder)
    Mask2FormerImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(folder)
    return folder


ENTITIES = {0: "O", 1: "B-PER", 2: "I-PER", 3: "LOC"}


def _save_words(folder: Path, limit: int) -> Any:
    """Save a tokenizer of letters, of BERT's kind, and return it."""
    from transformers import BertTokenizerFast

    letters = string.ascii_lowercase + string.digits + ".,!"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(words))
    tokens = BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=limit)
    tokens.save_pretrained(folder)
    return tokens


def save_text_model(
    folder: Path, *, marks: bool = False, several: bool = False, entails: bool = False, limit: int = 32
) -> Path:
    """Save a BERT that classifies texts, marks what is in them or tells what they entail, and return the folder."""
    torch = torch_or_skip()
    from transformers import BertConfig, BertForSequenceClassification, BertForTokenClassification

    tokens = _save_words(folder, limit)
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    names = ENTITIES if marks else {0: "contradiction", 1: "neutral", 2: "entailment"} if entails else LABELS
    named: dict[str, Any] = {"id2label": names, "label2id": {label: n for n, label in names.items()}}
    kind = {} if marks else {"problem_type": f"{'multi' if several else 'single'}_label_classification"}
    torch.manual_seed(5)
    made = BertForTokenClassification if marks else BertForSequenceClassification
    config = BertConfig(vocab_size=len(tokens), max_position_embeddings=limit, **size, **named, **kind)
    network = made(config)
    with torch.no_grad():
        network.classifier.weight.mul_(60)  # random weights are sure of nothing
    network.save_pretrained(folder)
    return folder


def save_vitpose(folder: Path) -> Path:
    """Save a ViTPose of three key points, which looks into boxes, and return the folder."""
    torch = torch_or_skip()
    from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation, VitPoseImageProcessorPil

    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "mlp_ratio": 1}
    seen = VitPoseBackboneConfig(image_size=[64, 48], patch_size=[16, 16], out_indices=[1], **size)
    points = {0: "nose", 1: "paw", 2: "tail"}
    config = VitPoseConfig(backbone_config=seen, id2label=points, label2id={name: n for n, name in points.items()})
    torch.manual_seed(3)
    VitPoseForPoseEstimation(config).save_pretrained(folder)
    VitPoseImageProcessorPil(size={"height": 64, "width": 48}).save_pretrained(folder)
    return folder


def save_sam(folder: Path) -> Path:
    """Save a SAM, which cuts out what boxes hold, and return the folder."""
    torch = torch_or_skip()
    from transformers import SamConfig, SamImageProcessorPil, SamModel, SamProcessor

    layers = {"num_hidden_layers": 1, "num_attention_heads": 2}
    vision = {**layers, "hidden_size": 16, "mlp_dim": 16, "output_channels": 16, "image_size": 64, "patch_size": 16}
    decoder = {**layers, "hidden_size": 16, "mlp_dim": 16, "iou_head_hidden_dim": 16}
    config = SamConfig(
        vision_config={**vision, "global_attn_indexes": [0], "num_pos_feats": 8, "window_size": 2},
        prompt_encoder_config={"hidden_size": 16, "image_size": 64, "patch_size": 16, "mask_input_channels": 4},
        mask_decoder_config=decoder,
    )
    torch.manual_seed(5)
    network = SamModel(config)
    with torch.no_grad():  # random weights paint next to nothing, and are sure of nothing
        for part in network.mask_decoder.parameters():
            part.mul_(5)
        network.mask_decoder.iou_prediction_head.proj_out.bias.fill_(0.75)
    network.save_pretrained(folder)
    SamProcessor(SamImageProcessorPil(size={"longest_edge": 64}, pad_size={"height": 64, "width": 64})).save_pretrained(
        folder
    )
    return folder


def save_whisper(folder: Path) -> Path:
    """Save a Whisper, which writes down speech with its times, and return the folder."""
    torch = torch_or_skip()
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperProcessor
    from transformers import WhisperTokenizer as Tokenizer

    folder.mkdir(parents=True, exist_ok=True)
    words = [*string.ascii_lowercase, "\u0120", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: n for n, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokens = Tokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    marks = (
        "startoftranscript",
        "en",
        "translate",
        "transcribe",
        "startoflm",
        "startofprev",
        "nospeech",
        "notimestamps",
    )
    times = [f"<|{n * 0.02:.2f}|>" for n in range(1501)]
    tokens.add_tokens([f"<|{one}|>" for one in marks] + times, special_tokens=True)
    number = tokens.convert_tokens_to_ids
    end, start = number("<|endoftext|>"), number("<|startoftranscript|>")
    side = {"layers": 1, "attention_heads": 2, "ffn_dim": 16}
    sizes = {f"{part}_{what}": n for part in ("encoder", "decoder") for what, n in side.items()}
    config = WhisperConfig(
        vocab_size=len(tokens),
        d_model=16,
        num_mel_bins=8,
        max_target_positions=64,
        decoder_start_token_id=start,
        **dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id"), end),
        **sizes,
    )
    torch.manual_seed(3)
    network = WhisperForConditionalGeneration(config)
    said: dict[str, Any] = {
        **{"no_timestamps_token_id": number("<|notimestamps|>"), "max_initial_timestamp_index": 50},
        **{"is_multilingual": True, "lang_to_id": {"<|en|>": number("<|en|>")}, "max_new_tokens": 12, "num_beams": 1},
        **{"task_to_id": {"transcribe": number("<|transcribe|>"), "translate": number("<|translate|>")}},
        **{"suppress_tokens": [], "begin_suppress_tokens": [], "prev_sot_token_id": number("<|startofprev|>")},
        **{"decoder_start_token_id": start, "return_timestamps": True, "_from_model_config": False},
    }
    for name, value in said.items():
        setattr(network.generation_config, name, value)
    network.save_pretrained(folder)
    WhisperProcessor(WhisperFeatureExtractor(feature_size=8), tokens).save_pretrained(folder)
    return folder


def save_wav2vec(folder: Path, *, classifies: bool = False) -> Path:
    """Save a wav2vec 2.0, which writes down speech letter by letter or says what a sound is, and return the folder."""
    torch = torch_or_skip()
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
        Wav2Vec2ForSequenceClassification,
        Wav2Vec2Processor,
    )

    folder.mkdir(parents=True, exist_ok=True)
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *string.ascii_uppercase]
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = Wav2Vec2Config(
        vocab_size=len(letters),
        conv_dim=(8, 8),
        conv_kernel=(40, 8),
        conv_stride=(40, 8),
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
        pad_token_id=0,
        id2label={0: "rain", 1: "bird"},
        label2id={"rain": 0, "bird": 1},
        **sizes,
    )
    torch.manual_seed(5)
    (Wav2Vec2ForSequenceClassification if classifies else Wav2Vec2ForCTC)(config).save_pretrained(folder)
    heard = Wav2Vec2FeatureExtractor()
    if classifies:
        heard.save_pretrained(folder)
    else:
        (folder / "vocab.json").write_text(json.dumps({letter: n for n, letter in enumerate(letters)}))
        Wav2Vec2Processor(heard, Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))).save_pretrained(folder)
    return folder
