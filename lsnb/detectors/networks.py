"""Loading networks by name or from a folder, for one device: the same path on a CPU and on a graphics card.

What a network reads and says follows from its class, which its own ``config.json`` names (``HEADS``).
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import requests

from lsnb.detectors.loading import Region
from lsnb.errors import InputError, LsnbError, MissingExtraError, MissingFileError
from lsnb.kernel.files import file_errors, named_path
from lsnb.kernel.words import listing
from lsnb.media import SOUND_RATE

EXTRA = 'pip install "lsnb[torch]"'


class Head(NamedTuple):
    """What a kind of network is asked with, and what it reads: ``pictures``, ``boxes``, ``texts`` or ``sounds``."""

    asks: str
    reads: str = "pictures"


# Classes of them for sounds end as those for texts do.
_OF_SOUNDS = ("Wav2Vec2", "Wav2Vec2Bert", "Wav2Vec2Conformer", "Hubert", "WavLM", "UniSpeech", "UniSpeechSat", "SEW")
# By the end of the name of a network's class; others are loaded as what finds things in pictures.
HEADS = {
    **{f"{name}ForSequenceClassification": Head("_classify_sounds", "sounds") for name in _OF_SOUNDS},
    "ForAudioClassification": Head("_classify_sounds", "sounds"),
    "ForCTC": Head("_transcribe", "sounds"),
    "ForImageClassification": Head("_classify"),
    "ForSemanticSegmentation": Head("_paint"),
    "ForUniversalSegmentation": Head("_cut_out"),
    "ForInstanceSegmentation": Head("_cut_out"),
    "ForPoseEstimation": Head("_pose", "boxes"),
    "SamModel": Head("_cut_boxes_out", "boxes"),
    "SamHQModel": Head("_cut_boxes_out", "boxes"),
    "Sam2Model": Head("_cut_boxes_out", "boxes"),
    "ForSequenceClassification": Head("_classify_texts", "texts"),
    "ForTokenClassification": Head("_mark_texts", "texts"),
    "WhisperForConditionalGeneration": Head("_transcribe", "sounds"),
}
# And with prompts, which are what may be chosen; others look for what the prompts name.
TOLD_HEADS = {
    **dict.fromkeys(("CLIPModel", "MetaClip2Model", "SiglipModel", "Siglip2Model", "AlignModel"), Head("_choose")),
    "ForSequenceClassification": Head("_choose_of_texts", "texts"),
}
PROCESSORS = {
    **dict.fromkeys(("_classify_texts", "_mark_texts", "_choose_of_texts"), "AutoTokenizer"),
    **dict.fromkeys(("_transcribe", "_cut_boxes_out", "_choose"), "AutoProcessor"),
    "_classify_sounds": "AutoFeatureExtractor",
}
# Networks that write, of whose words a function makes answers, or that look at videos: by the ends of their names.
UNASKED = (
    *("ForConditionalGeneration", "ForCausalLM", "LMHeadModel", "ForQuestionAnswering", "ForMaskedLM"),
    *("ForSeq2SeqLM", "ForMultipleChoice", "ForVideoClassification", "ForDepthEstimation"),
)
# Silence of so many seconds ends a stretch of speech, of which a network tells each word's time.
PAUSE = 0.5
# Weights that are used while a network learns alone, and that its file need not have.
ONLY_LEARNED = re.compile(r"(^|\.)(mask_token|masked_spec_embed|mask_time_emb)[^.]*$")
# They know no labels: what they cut out or write down is called as it was before.
WITHOUT_LABELS = frozenset({"_cut_boxes_out", "_transcribe"})


@dataclass(frozen=True)
class Name:
    """Which network, not loaded yet.

    Args:
        model: A name on the Hugging Face hub, or a folder.
        revision: The hub's branch, tag or commit.
        device: ``cpu``, ``cuda``, ``cuda:1``; None takes a graphics card where there is one.
        kind: ``object detection`` (or what the network's own config says that it does instead: whole pictures, masks),
            ``zero-shot object detection`` or ``embedding``.
        prompts: What is looked for, where the network is told so in words.
    """

    model: str
    revision: str | None
    device: str | None
    kind: str
    prompts: tuple[str, ...] = ()

    @property
    def folder(self) -> Path | None:
        """The folder, where the name is one."""
        path = named_path(self.model)
        return path if path.is_dir() else None

    def identify(self) -> str:
        """Return what identifies the network for what is remembered: a folder by what is in it.

        Raises:
            MissingFileError: The folder has no network.
        """
        if self.folder is None:
            if Path(self.model).is_absolute() or self.model.startswith((".", "~")) or self.model.count("/") > 1:
                raise MissingFileError(
                    f"There is no folder {self.model}: give the folder that save_pretrained wrote, "
                    "or a name on the hub such as facebook/detr-resnet-50."
                )
            return f"{self.model}@{self.revision or 'main'}"
        if not (self.folder / "config.json").is_file():
            raise MissingFileError(
                f"The folder {self.model} has no config.json: give the folder that save_pretrained wrote."
            )
        digest = hashlib.sha256()
        for path in sorted(self.folder.iterdir()):
            if path.suffix in {".json", ".safetensors"}:
                with file_errors(path), path.open("rb") as stream:
                    digest.update(path.name.encode() + hashlib.file_digest(stream, "sha256").digest())
        return digest.hexdigest()

    @property
    def head(self) -> Head | None:
        """What the network is asked with, as its config says; None for one that finds things in pictures.

        Raises:
            InputError: The hub has no such network, or its config is damaged.
        """
        heads = TOLD_HEADS if self.prompts else HEADS
        return None if self.kind == "embedding" else head_of(self.architecture(), heads)

    def labels(self) -> list[str] | None:
        """Return the labels a folder's network knows, without loading it; None for one on the hub."""
        if self.prompts:
            return list(self.prompts)
        if self.folder is None or not (self.folder / "config.json").is_file():
            return None
        names = self._config().get("id2label")
        try:
            return [str(names[number]) for number in sorted(names, key=int)] if isinstance(names, dict) else None
        except (TypeError, ValueError):
            raise self._damaged() from None

    def architecture(self) -> str:
        """Return the network's class, as its config names it; empty where it names none.

        Raises:
            InputError: The hub has no such network, or its config is damaged.
        """
        if self.folder is None:
            return _on_the_hub(self)
        named = self._config().get("architectures")
        return str(named[0]) if isinstance(named, list) and named else ""

    def _config(self) -> dict[str, Any]:
        try:
            config = json.loads((named_path(self.model) / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            raise self._damaged() from None
        if not isinstance(config, dict):
            raise self._damaged()
        return config

    def _damaged(self) -> InputError:
        return InputError(f"config.json in {self.model} is damaged: save or download the model again.")


def head_of(architecture: str, heads: Mapping[str, Head] = HEADS) -> Head | None:
    """Return what a class of networks is asked with, by its name.

    Args:
        architecture: The name.
        heads: End of a class's name → what it is asked with.

    Example:
        >>> head_of("BertForTokenClassification").reads, head_of("DetrForObjectDetection")
        ('texts', None)
    """
    return next((head for ending, head in heads.items() if architecture.endswith(ending)), None)


@lru_cache(maxsize=64)
def _on_the_hub(name: Name) -> str:
    """Return the class of one of the hub's networks; its config alone is fetched for that."""
    import transformers

    options = _from_hub(name)
    try:
        with _quiet(is_local=False):
            config = transformers.AutoConfig.from_pretrained(name.model, trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError, RuntimeError) as fault:
        raise InputError(_why(name, fault)) from None
    return str(next(iter(getattr(config, "architectures", None) or [""])))


class Network:
    """A network and its image processor, in memory.

    Args:
        name: Which.

    Raises:
        MissingExtraError: torch or transformers is not installed, or the network wants another package.
        InputError: No such device, or no network of this kind under this name.
    """

    def __init__(self, name: Name) -> None:
        require_torch()
        import torch

        self._torch = torch
        self._name = name
        self._device = _device(name.device)
        self._processor, network, missing = _load(name)
        # Of a network that classified pictures what sums its tokens up is not kept: its numbers would be chance.
        self._has_pooler = not (name.kind == "embedding" and any(key.startswith("pooler.") for key in missing))
        missing = [key for key in missing if name.kind != "embedding" or not key.startswith("pooler.")]
        if missing:
            raise InputError(
                f"{name.model} lacks weights ({listing(missing, 2)}), without which a {type(network).__name__} answers "
                "by chance: choose a model that was trained for this, or save yours again with save_pretrained."
            )
        self._network = network.to(self._device).eval()

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of their numbers."""
        names = self._network.config.id2label
        return [str(names[number]) for number in sorted(names)]

    def detect(
        self, contents: Sequence[Any], threshold: float, regions: Sequence[tuple[Region, ...] | None]
    ) -> list[dict[str, Any]]:
        """Return what the network says of each picture, text or sound.

        Of a picture ``scores, labels`` and ``boxes`` (pixels, left top right bottom) or ``masks``, and ``keypoints`` of
        each box (``(label, x, y, score)`` in pixels); ``choices``, label → score, of what is said of it as a whole; of
        a text ``spans``, ``[start, end, label, score, words]``; of a sound ``stretches``, ``[start, end, text]`` (s).

        Args:
            contents: uint8 RGB [height, width, 3] each, of any size; or texts; or samples, ``SOUND_RATE`` a second.
            threshold: The least score, from 0 to 1.
            regions: What of each picture is looked at, where the network wants it told.
        """
        head = self._name.head
        if self._name.prompts and head is None:
            return self._detect_named(contents, threshold)
        if head is not None:
            asked = (contents, threshold) if head.reads != "boxes" else (contents, threshold, regions)
            answers: list[dict[str, Any]] = getattr(self, head.asks)(*asked)
            return answers
        images = contents
        with self._torch.inference_mode():
            output = self._run(images)
            found = self._processor.post_process_object_detection(
                output, threshold=threshold, target_sizes=[image.shape[:2] for image in images]
            )
        names = self._network.config.id2label
        return [
            {
                "boxes": each["boxes"].float().cpu().numpy().astype(float),
                "scores": each["scores"].float().cpu().numpy().astype(float),
                "labels": [str(names[int(number)]) for number in each["labels"]],
            }
            for each in found
        ]

    def _classify(self, images: Sequence[np.ndarray[Any, Any]], threshold: float) -> list[dict[str, Any]]:
        """Return the surest label of each picture, or all that are sure where the network says several."""
        with self._torch.inference_mode():
            return self._chosen(self._run(images).logits, threshold)

    def _chosen(self, logits: Any, threshold: float) -> list[dict[str, Any]]:
        """Return ``choices`` of each row of a network's output: the surest, or all that are sure enough."""
        names, kind = self._network.config.id2label, self._network.config.problem_type
        if kind == "regression":
            raise InputError(f"{self._name.model} gives a number and no label: choose a model that classifies.")
        is_several = kind == "multi_label_classification" or len(names) == 1
        logits = logits.float()
        shares = (logits.sigmoid() if is_several else logits.softmax(dim=-1)).cpu().numpy().astype(float)
        chosen = [np.flatnonzero(each >= threshold) if is_several else [int(each.argmax())] for each in shares]
        return [
            {"choices": {str(names[int(number)]): float(each[number]) for number in numbers}}
            for each, numbers in zip(shares, chosen, strict=True)
        ]

    def _classify_texts(self, contents: Sequence[str], threshold: float) -> list[dict[str, Any]]:
        """Return the surest label of each text, or all that are sure; ``cut`` where only its beginning was read."""
        limit = self._tokens()
        options = {"padding": True, "truncation": True, "max_length": limit, "return_overflowing_tokens": False}
        given = self._processor(list(contents), return_tensors="pt", **options)
        with self._torch.inference_mode():
            output = self._network(**{key: value.to(self._device) for key, value in given.items()})
            answers = self._chosen(output.logits, threshold)
        full = given["attention_mask"].sum(dim=1) >= limit
        for answer, text, is_full in zip(answers, contents, full.tolist(), strict=True):
            if is_full and len(self._processor(text, truncation=False, verbose=False)["input_ids"]) > limit:
                answer["cut"] = limit
        return answers

    def _mark_texts(self, contents: Sequence[str], threshold: float) -> list[dict[str, Any]]:
        """Return the spans of each text; one longer than the network reads at once is read in parts that overlap."""
        import transformers

        if not self._processor.is_fast:
            raise InputError(
                f"The tokenizer of {self._name.model} does not say where words stand: choose one with tokenizer.json."
            )
        self._processor.model_max_length = limit = self._tokens()
        whole = {"aggregation_strategy": "simple", "stride": limit // 4}
        pipeline: Any = transformers.TokenClassificationPipeline
        ask = pipeline(model=self._network, tokenizer=self._processor, device=self._device, **whole)
        found = ask(list(contents), batch_size=len(contents))
        return [
            {"spans": [span for one in each if (span := _span(one, text)) is not None and span[3] >= threshold]}
            for each, text in zip(found, contents, strict=True)
        ]

    def _tokens(self) -> int:
        """Return how many tokens the network reads at once."""
        told = int(self._processor.model_max_length)
        places = getattr(self._network.config, "max_position_embeddings", None)
        # RoBERTa and its kin begin to count places behind their padding's number.
        return told if told < 10**9 else int(places) - 2 if places else 512

    def _classify_sounds(self, contents: Sequence[np.ndarray[Any, Any]], threshold: float) -> list[dict[str, Any]]:
        """Return the surest label of each sound, or all that are sure; ``cut`` where only its beginning was heard."""
        self._check_rate(self._processor)
        # AST hears so many hundredths of a second, and leaves the rest out without a word.
        is_ast = type(self._processor).__name__.startswith("AST")
        heard = int(self._processor.max_length) / 100 if is_ast else float("inf")
        answers = []
        for samples in contents:
            given = self._processor(samples, sampling_rate=SOUND_RATE, return_tensors="pt")
            with self._torch.inference_mode():
                output = self._network(**{key: value.to(self._device) for key, value in given.items()})
                (answer,) = self._chosen(output.logits, threshold)
            if len(samples) / SOUND_RATE > heard + 0.1:
                answer["cut"] = round(heard)
            answers.append(answer)
        return answers

    def _check_rate(self, heard: Any) -> None:
        if heard.sampling_rate != SOUND_RATE:
            raise InputError(
                f"{self._name.model} wants {heard.sampling_rate} samples a second: choose one for {SOUND_RATE}."
            )

    def _transcribe(self, contents: Sequence[np.ndarray[Any, Any]], threshold: float) -> list[dict[str, Any]]:
        """Return what is said in each sound and when."""
        import transformers

        heard, writes = self._processor.feature_extractor, self._processor.tokenizer
        self._check_rate(heard)
        has_words = self._name.architecture().endswith("ForCTC")
        pipeline: Any = transformers.AutomaticSpeechRecognitionPipeline
        ask = pipeline(model=self._network, feature_extractor=heard, tokenizer=writes, device=self._device)
        found = []
        for samples in contents:
            length = len(samples) / SOUND_RATE
            with _quiet(is_local=True):
                said = ask(
                    {"raw": samples, "sampling_rate": SOUND_RATE}, return_timestamps="word" if has_words else True
                )
            places: list[list[Any]] = [
                [float(start or 0.0), float(min(length if end is None else end, length)), str(one["text"]).strip()]
                for one in said.get("chunks", [])
                for start, end in [one["timestamp"]]
            ]
            # Sounds are filled up with silence to 30 seconds, of which Whisper may say something, too.
            if has_words:
                places = _joined(places)
            inside = [one for one in places if one[0] < length and one[1] >= one[0] and one[2]]
            found.append({"stretches": inside, "beyond": int(sum(one[0] >= length and bool(one[2]) for one in places))})
        return found

    def _pose(
        self, images: Sequence[np.ndarray[Any, Any]], threshold: float, regions: Sequence[tuple[Region, ...] | None]
    ) -> list[dict[str, Any]]:
        """Return the key points of what is in each box."""
        placed = _corners_of(images, regions)
        boxes = [[[left, top, right - left, bottom - top] for left, top, right, bottom in each] for each in placed]
        found: list[dict[str, Any]] = [{"boxes": [], "scores": [], "labels": [], "keypoints": []} for _ in images]
        if not any(boxes):
            return found
        wanted = [place for place, each in enumerate(boxes) if each]
        given = self._processor([images[n] for n in wanted], boxes=[boxes[n] for n in wanted], return_tensors="pt")
        inputs = {key: value.to(self._device) for key, value in given.items()}
        if getattr(getattr(self._network.config, "backbone_config", None), "num_experts", 1) > 1:
            # Of ViTPose+'s experts the first is the one for people, as its labels are.
            inputs["dataset_index"] = self._torch.zeros(
                [len(inputs["pixel_values"])], dtype=self._torch.long, device=self._device
            )
        with self._torch.inference_mode():
            output = self._network(**inputs)
        posed = self._processor.post_process_pose_estimation(output, boxes=[boxes[n] for n in wanted])
        names = self._network.config.id2label
        for number, each in zip(wanted, posed, strict=True):
            for corners, region, pose in zip(placed[number], regions[number] or (), each, strict=True):
                points = [
                    [str(names[int(label)]), float(x), float(y), min(max(float(sure), 0.0), 1.0)]
                    for label, (x, y), sure in zip(pose["labels"], pose["keypoints"], pose["scores"], strict=True)
                ]
                score = region.score if region.score is not None else float(np.mean([one[3] for one in points]))
                found[number]["boxes"].append(corners)
                found[number]["scores"].append(score)
                found[number]["labels"].append(region.label)
                found[number]["keypoints"].append(points)
        return found

    def _cut_boxes_out(
        self, images: Sequence[np.ndarray[Any, Any]], threshold: float, regions: Sequence[tuple[Region, ...] | None]
    ) -> list[dict[str, Any]]:
        """Return the mask of what is in each box; its score is how well the network thinks that the mask fits."""
        found: list[dict[str, Any]] = []
        for image, each, boxes in zip(images, regions, _corners_of(images, regions), strict=True):
            labels = [region.label for region in each or ()]
            if not boxes:
                found.append({"masks": [], "scores": [], "labels": []})
                continue
            given = self._processor(images=image, input_boxes=[boxes], return_tensors="pt")
            # What says how large the picture was is no input of the network.
            sizes = [given.pop(key) for key in ("original_sizes", "reshaped_input_sizes") if key in given]
            with self._torch.inference_mode():
                inputs = {key: self._on_device(value) for key, value in given.items()}
                output = self._network(**inputs, multimask_output=False)
            process = (
                getattr(self._processor, "post_process_masks", None)
                or self._processor.image_processor.post_process_masks
            )
            masks = process(output.pred_masks.cpu(), *sizes)[0]
            sure = output.iou_scores.float().cpu().numpy().reshape(len(boxes)).clip(0, 1)
            found.append({"masks": list(masks[:, 0].numpy() > 0), "scores": sure.tolist(), "labels": labels})
        return found

    def _on_device(self, value: Any) -> Any:
        # Boxes come as float64, which some graphics cards do not have.
        value = value.float() if value.dtype == self._torch.float64 else value
        return value.to(self._device)

    def _paint(self, images: Sequence[np.ndarray[Any, Any]], threshold: float) -> list[dict[str, Any]]:
        """Return a mask of each label, of the pixels that it is likeliest for; its score is their mean probability."""
        names = self._network.config.id2label
        found = []
        with self._torch.inference_mode():
            logits = self._run(images).logits.float()
            for image, each in zip(images, logits, strict=True):
                large = self._torch.nn.functional.interpolate(
                    each[None], size=image.shape[:2], mode="bilinear", align_corners=False
                )[0]
                shares, numbers = (part.cpu().numpy() for part in large.softmax(dim=0).max(dim=0))
                masks = {int(number): numbers == number for number in np.unique(numbers)}
                scores = [float(shares[mask].mean(dtype=float)) for mask in masks.values()]
                labels = [str(names[number]) for number in masks]
                found.append({"masks": list(masks.values()), "scores": scores, "labels": labels})
        return found

    def _cut_out(self, images: Sequence[np.ndarray[Any, Any]], threshold: float) -> list[dict[str, Any]]:
        """Return a mask of each thing; masks may overlap, and none depends on which others are sure enough."""
        process = getattr(self._processor, "post_process_instance_segmentation", None)
        if process is None or "return_binary_maps" not in inspect.signature(process).parameters:
            raise InputError(
                f"{self._name.model} gives one map of all things instead of a mask of each: choose a Mask2Former or "
                "MaskFormer, or give a function."
            )
        with self._torch.inference_mode():
            output = self._run(images)
            sizes = [image.shape[:2] for image in images]
            found = process(output, threshold=threshold, target_sizes=sizes, return_binary_maps=True)
        names = self._network.config.id2label
        return [
            {
                "masks": [mask.cpu().numpy() == 1 for mask in each["segmentation"]] if each["segments_info"] else [],
                "scores": [float(thing["score"]) for thing in each["segments_info"]],
                "labels": [str(names[int(thing["label_id"])]) for thing in each["segments_info"]],
            }
            for each in found
        ]

    def _detect_named(self, images: Sequence[np.ndarray[Any, Any]], threshold: float) -> list[dict[str, Any]]:
        """Return boxes of what the prompts name."""
        prompts = [list(self._name.prompts)] * len(images)
        options: dict[str, Any] = {"threshold": threshold, "target_sizes": [image.shape[:2] for image in images]}
        process = self._processor.post_process_grounded_object_detection
        with self._torch.inference_mode():
            # A picture three pixels high would be taken for one with its channels first.
            given = self._processor(
                text=prompts, images=list(images), return_tensors="pt", padding=True, input_data_format="channels_last"
            )
            inputs = {key: value.to(self._device) for key, value in given.items()}
            output = self._network(**inputs)
            surest: list[list[str]] = [[] for _ in images]
            if "input_ids" in inspect.signature(process).parameters:
                # Words that are surer than this make the name of a box, as Grounding DINO's authors have it.
                options |= {"input_ids": inputs["input_ids"], "text_threshold": 0.25}
                surest = self._surest_prompts(output.logits, inputs["input_ids"], threshold)
            found = process(outputs=output, text_labels=prompts, **options)
        return [
            {
                "boxes": each["boxes"].float().cpu().numpy().astype(float),
                "scores": each["scores"].float().cpu().numpy().astype(float),
                "labels": [
                    prompt_of(str(name), self._name.prompts, likeliest)
                    for name, likeliest in zip_longest(each["text_labels"], names)
                ],
            }
            for each, names in zip(found, surest, strict=True)
        ]

    def _surest_prompts(self, logits: Any, tokens: Any, threshold: float) -> list[list[str]]:
        """Return the surest prompt of each box, where all prompts were read as one text with points between them."""
        prompts, point = self._name.prompts, self._processor.tokenizer.convert_tokens_to_ids(".")
        named: list[list[str]] = []
        for shares, read in zip(logits.float().sigmoid().cpu().numpy(), tokens.tolist(), strict=True):
            ends = [place for place, token in enumerate(read) if token == point]
            starts = [1, *(place + 1 for place in ends[:-1])]  # behind the mark with which a text begins
            if len(ends) != len(prompts):
                named.append([])
                continue
            each = np.stack([shares[:, start:end].max(axis=1) for start, end in zip(starts, ends, strict=True)])
            kept = shares.max(axis=1) > threshold
            named.append([prompts[number] for number in each.argmax(axis=0)[kept]])
        return named

    def _choose(self, images: Sequence[np.ndarray[Any, Any]], threshold: float) -> list[dict[str, Any]]:
        """Return which prompt fits each picture best, or all that fit where the network judges each for itself."""
        import transformers
        from PIL import Image

        parts = {"tokenizer": self._processor.tokenizer, "image_processor": self._processor.image_processor}
        pipeline: Any = transformers.ZeroShotImageClassificationPipeline
        ask = pipeline(model=self._network, device=self._device, **parts)
        found = [ask(Image.fromarray(image), candidate_labels=list(self._name.prompts)) for image in images]
        is_several = "siglip" in str(self._network.config.model_type)
        return [
            {"choices": {one["label"]: one["score"] for one in each if not is_several or one["score"] >= threshold}}
            for each in (each if is_several else each[:1] for each in found)
        ]

    def _choose_of_texts(self, contents: Sequence[str], threshold: float) -> list[dict[str, Any]]:
        """Return which prompt each text entails most; ``cut`` where only its beginning was read."""
        import transformers

        del threshold
        names = [str(name).casefold() for name in self._network.config.id2label.values()]
        if not any(name.startswith("entail") for name in names):
            raise InputError(
                f"{self._name.model} has labels of its own and takes no prompts: leave prompts out, or choose a model "
                "that tells what a text entails (NLI), such as facebook/bart-large-mnli."
            )
        limit = self._tokens()
        self._processor.model_max_length = limit
        pipeline: Any = transformers.ZeroShotClassificationPipeline
        ask = pipeline(model=self._network, tokenizer=self._processor, device=self._device)
        answers = []
        for text in contents:
            said = ask(text, candidate_labels=list(self._name.prompts))
            answer: dict[str, Any] = {"choices": {said["labels"][0]: said["scores"][0]}}
            if len(self._processor(text, truncation=False, verbose=False)["input_ids"]) > limit:
                answer["cut"] = limit
            answers.append(answer)
        return answers

    def embed(self, images: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        """Return one float32 vector a picture, [n, dimensions].

        Args:
            images: uint8 RGB [height, width, 3] each; sizes may differ.
        """
        with self._torch.inference_mode():
            if hasattr(self._network, "get_image_features"):
                vectors = self._run(images, self._network.get_image_features)
                vectors = getattr(vectors, "pooler_output", vectors)
            else:
                output = self._run(images)
                vectors = getattr(output, "pooler_output", None) if self._has_pooler else None
                if vectors is None:
                    # Tokens [n, tokens, dimensions] or maps [n, dimensions, height, width]: their mean.
                    hidden = output.last_hidden_state
                    vectors = hidden.mean(dim=1) if hidden.ndim == 3 else hidden.mean(dim=(2, 3))
            flat = vectors.flatten(start_dim=1).float().cpu().numpy()
        return np.ascontiguousarray(flat, dtype=np.float32)

    def _run(self, images: Sequence[np.ndarray[Any, Any]], call: Any = None) -> Any:
        # A picture three pixels high would be taken for one with its channels first.
        given = self._processor(images=list(images), return_tensors="pt", input_data_format="channels_last")
        inputs = {key: value.to(self._device) for key, value in given.items()}
        kind = self._device.type
        with self._torch.autocast(kind, dtype=self._torch.float16, enabled=kind == "cuda"):
            return (call or self._network)(**inputs)


def _joined(words: Sequence[list[Any]]) -> list[list[Any]]:
    """Return words that follow each other without a pause as one stretch: ``[start, end, text]``."""
    found: list[list[Any]] = []
    for start, end, text in words:
        if not text:
            continue
        if found and start - found[-1][1] < PAUSE:
            found[-1][1:] = [end, f"{found[-1][2]} {text}"]
        else:
            found.append([start, end, text])
    return found


def _span(one: Mapping[str, Any], text: str) -> list[Any] | None:
    """Return start, end, label, score and words of what a pipeline marked, without spaces around; None of nothing."""
    start, end = int(one["start"]), int(one["end"])
    marked = text[start:end]
    start += len(marked) - len(marked.lstrip())
    end -= len(marked) - len(marked.rstrip())
    return [start, end, str(one["entity_group"]), float(one["score"]), text[start:end]] if end > start else None


def _corners_of(
    images: Sequence[np.ndarray[Any, Any]], regions: Sequence[tuple[Region, ...] | None]
) -> list[list[list[float]]]:
    """Return left, top, right, bottom in pixels of each picture's regions."""
    placed = []
    for image, each in zip(images, regions, strict=True):
        high, wide = image.shape[:2]
        placed.append(
            [
                [x * wide / 100, y * high / 100, (x + width) * wide / 100, (y + height) * high / 100]
                for x, y, width, height, *_ in each or ()
            ]
        )
    return placed


def prompt_of(said: str, prompts: Sequence[str], surest: str | None = None) -> str:
    """Return the prompt that a network's words stand for.

    Args:
        said: The words, of which some networks leave out or run together those of several prompts.
        prompts: What they may stand for.
        surest: What to return where they may stand for several prompts or none; by default the words themselves.

    Example:
        >>> prompt_of("traffic", ["traffic light", "car"]), prompt_of("red", ["red car", "red bus"], "red bus")
        ('traffic light', 'red bus')
    """
    if said in prompts:
        return said
    words = said.casefold().split()
    alike = [prompt for prompt in prompts if words == prompt.casefold().split()]
    fitting = alike or [prompt for prompt in prompts if words and set(words) <= set(prompt.casefold().split())]
    return fitting[0] if len(fitting) == 1 else said if surest is None else surest


def identified(
    model: Any,
    name: str | None,
    *,
    revision: str | None,
    device: str | None,
    kind: str,
    prompts: Sequence[str] = (),
) -> tuple[Any, Any]:
    """Return a network that is not loaded yet and what identifies it; a function is itself, called ``name``.

    Args:
        model: A name on the hub, a folder, or a function.
        name: What a function is called.
        revision: The hub's branch, tag or commit.
        device: Where it is to work.
        kind: As in ``Name``.
        prompts: As in ``Name``.

    Raises:
        InputError: Prompts for a function.
        MissingFileError: A folder that is not there or holds no model.
        MissingExtraError: torch or transformers is not installed.
    """
    if not isinstance(model, str | Path):
        if prompts:
            raise InputError("prompts go with the name or folder of a model that takes them: a function knows its own.")
        return model, name
    which = Name(str(model), revision, device, kind, tuple(prompts))
    identity = which.identify() + (f"|{json.dumps(list(prompts))}" if prompts else "")
    require_torch()
    return which, identity


def require_torch() -> None:
    """Say how to install torch and transformers, where they are absent.

    Raises:
        MissingExtraError: One of them is not installed.
    """
    absent = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    if absent:
        raise MissingExtraError(f"Models need {' and '.join(absent)}: run '{EXTRA}' and restart the notebook.")


def _device(name: str | None) -> Any:
    import torch

    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError, ImportError):
        raise InputError(
            f"device={name!r} is not on this computer: leave device out, or give 'cpu'."
            + ("" if torch.cuda.is_available() else " (No CUDA graphics card is found.)")
        ) from None
    return device


def _load(name: Name) -> tuple[Any, Any, list[str]]:
    """Return the processor, the network, and which of its weights are not in its file."""
    import transformers
    from safetensors import SafetensorError

    loaders: dict[str, Any] = {
        "object detection": transformers.AutoModelForObjectDetection,
        "zero-shot object detection": transformers.AutoModelForZeroShotObjectDetection,
    }
    folder = name.folder
    options: dict[str, Any] = {"local_files_only": True} if folder else _from_hub(name)
    target = str(folder) if folder else name.model
    try:
        with _quiet(is_local=folder is not None):
            loader = loaders.get(name.kind, transformers.AutoModel)
            takes: Any = transformers.AutoProcessor if name.prompts else transformers.AutoImageProcessor
            head = name.head
            if name.kind == "object detection" and name.architecture() in _told_in_words():
                raise InputError(
                    f"{name.model} is told in words what to look for: give prompts=, a list of them or a label config, "
                    "whose labels of boxes they are."
                )
            if head is not None:
                loader = getattr(transformers, name.architecture(), loader)
                takes = getattr(transformers, PROCESSORS.get(head.asks, "AutoImageProcessor"))
            # The processor that needs no torchvision.
            slow = {} if takes is transformers.AutoTokenizer else {"use_fast": False}
            processor = takes.from_pretrained(target, trust_remote_code=False, **slow, **options)
            # Other weights are pickles, which run what they say.
            safe = {"trust_remote_code": False, "use_safetensors": True, "output_loading_info": True}
            network, about = loader.from_pretrained(target, **safe, **options)
            parts = {key for key, _ in network.named_parameters()}
            missing = sorted(key for key in about["missing_keys"] if key in parts and not ONLY_LEARNED.search(key))
            return processor, network, missing
    except LsnbError:
        raise
    except ImportError as fault:
        wanted = next((package for package in ("timm", "torchvision", "scipy") if package in str(fault)), None)
        remedy = f"run 'pip install {wanted}'" if wanted else "see its page on the hub for what it needs"
        raise MissingExtraError(f"The model {name.model} needs another package: {remedy}.") from None
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as fault:
        raise InputError(_why(name, fault)) from None


def _told_in_words() -> Collection[str]:
    """Return the classes of networks that find what prompts name."""
    names: Any = importlib.import_module("transformers.models.auto.modeling_auto")
    return frozenset(getattr(names, "MODEL_FOR_ZERO_SHOT_OBJECT_DETECTION_MAPPING_NAMES", {}).values())


@contextmanager
def _quiet(*, is_local: bool) -> Iterator[None]:
    """Keep transformers from talking while it loads; what is downloaded still shows its bar."""
    noise: Any = importlib.import_module("transformers.utils.logging")
    shows, level = noise.is_progress_bar_enabled(), noise.get_verbosity()
    noise.set_verbosity_error()
    if is_local:
        noise.disable_progress_bar()
    try:
        yield
    finally:
        noise.set_verbosity(level)
        if shows:
            noise.enable_progress_bar()


def _from_hub(name: Name) -> dict[str, Any]:
    """Return how to get a network of the hub: what was downloaded before is used as it is.

    Raises:
        InputError: The hub has no such network or cannot have one, or does not answer; transformers itself would ask it
            for minutes.
    """
    import huggingface_hub

    revision = _revision(name)
    try:
        cached = huggingface_hub.try_to_load_from_cache(name.model, "config.json", revision=revision)
    except huggingface_hub.errors.HFValidationError:
        raise InputError(
            f"{name.model!r} cannot be the name of a model: write it as the Hugging Face hub does, for example "
            "facebook/detr-resnet-50, or give the folder of a saved one."
        ) from None
    if isinstance(cached, str):
        return {"revision": revision, "local_files_only": True}
    hub = os.environ.get("HF_ENDPOINT") or huggingface_hub.constants.ENDPOINT
    try:
        answer = requests.head(f"{hub}/{name.model}/resolve/{revision or 'main'}/config.json", timeout=20)
    except requests.RequestException:
        raise InputError(
            f"The model {name.model} is not on this computer and the hub does not answer: check the network."
        ) from None
    if answer.status_code in (401, 403, 404):
        raise InputError(
            f"There is no model {name.model!r} on the Hugging Face hub that everybody may load: check the name"
            f"{f' and the revision {revision!r}' if revision else ''}, or sign in there with 'hf auth login'."
        )
    return {"revision": revision}


def _revision(name: Name) -> str | None:
    # DETR's own weights on the hub have a branch for those who have no timm, with the same numbers.
    if name.revision is None and name.model.startswith("facebook/detr-") and importlib.util.find_spec("timm") is None:
        return "no_timm"
    return name.revision


def _why(name: Name, fault: Exception) -> str:
    from safetensors import SafetensorError

    text = str(fault)
    if "trust_remote_code" in text:
        return (
            f"{name.model} brings code of its own, which is not run here: choose a model that transformers itself "
            "knows, or give a function."
        )
    if "safetensors" in text and not isinstance(fault, SafetensorError):
        return (
            f"{name.model} has no model.safetensors; other files of weights are not opened, as they can run commands: "
            "choose a model that has it, or load and save yours again with save_pretrained."
        )
    if "Unrecognized" in text or "does not recognize" in text:
        return f"{name.model} is no model for {name.kind}: choose one of that kind on the Hugging Face hub."
    return f"The model {name.model} cannot be loaded: {text.splitlines()[0][:200] if text else type(fault).__name__}"


@lru_cache(maxsize=2)
def loaded(name: Any, load: Callable[[Any], Any]) -> Any:
    """Return a network; each process loads it once.

    Args:
        name: Which.
        load: What loads it.
    """
    return load(name)
