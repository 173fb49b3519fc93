"""Loading networks by name or from a folder, for one device: the same path on a CPU and on a graphics card."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import requests

from lsnb.detectors.loading import Picture, Source, ahead, read
from lsnb.errors import InputError, LsnbError, MissingExtraError, MissingFileError
from lsnb.kernel import checks
from lsnb.kernel.files import file_errors
from lsnb.kernel.jobs import run_jobs
from lsnb.kernel.words import warn

# What a network said of a file, kept by network and checksum, so that a second run costs nothing.


VERSION = 1
BATCH = 500  # SQLite takes at most 999 values in one question in its older releases


class Memory:
    """Answers of one network, in a file that may be deleted at any time.

    Several processes may use one file. A file that cannot be used is reported once and done without.

    Args:
        path: The file; None remembers for this object's life only.
        network: What identifies the network and its settings.

    Example:
        >>> memory = Memory(None, "tiny")
        >>> memory.keep({"checksum": b"answer"})
        >>> memory.recall(["checksum", "other"])
        {'checksum': b'answer'}
    """

    def __init__(self, path: Path | None, network: str) -> None:
        self._path = path
        self._network = f"{VERSION}|{network}"
        self._known: dict[str, bytes] = {}

    def __contains__(self, checksum: str) -> bool:
        return bool(self.recall([checksum]))

    def recall(self, checksums: Iterable[str]) -> dict[str, bytes]:
        """Return what is remembered of files: checksum → answer.

        Args:
            checksums: Of the files.
        """
        wanted = list(dict.fromkeys(checksums))
        absent = [checksum for checksum in wanted if checksum not in self._known]
        if absent and self._path is not None and self._path.exists():
            try:
                with closing(self._open()) as base:
                    for start in range(0, len(absent), BATCH):
                        part = absent[start : start + BATCH]
                        marks = ",".join("?" * len(part))
                        question = f"SELECT checksum, answer FROM answers WHERE network = ? AND checksum IN ({marks})"
                        self._known.update(base.execute(question, [self._network, *part]).fetchall())
            except (sqlite3.Error, OSError) as fault:
                self._give_up(fault)
        return {checksum: self._known[checksum] for checksum in wanted if checksum in self._known}

    def keep(self, answers: Mapping[str, bytes]) -> None:
        """Remember answers.

        Args:
            answers: Checksum → answer.
        """
        self._known.update(answers)
        if self._path is None or not answers:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as base, base:
                base.executemany(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)",
                    [(self._network, checksum, answer) for checksum, answer in answers.items()],
                )
        except (sqlite3.Error, OSError) as fault:
            self._give_up(fault)

    def _open(self) -> sqlite3.Connection:
        base = sqlite3.connect(str(self._path), timeout=30)
        base.execute(
            "CREATE TABLE IF NOT EXISTS answers "
            "(network TEXT, checksum TEXT, answer BLOB, PRIMARY KEY (network, checksum)) WITHOUT ROWID"
        )
        return base

    def _give_up(self, fault: Exception) -> None:
        warn(
            f"The results kept in {self._path} cannot be used ({fault}): delete the file to have them kept again. "
            "This run goes on without.",
        )
        self._path = None


EXTRA = 'pip install "lsnb[torch]"'
# What a network is for, by the end of its class's name: which of transformers' classes loads it, and what asks it.
HEADS = {
    "ForImageClassification": ("AutoModelForImageClassification", "_classify"),
    "ForSemanticSegmentation": ("AutoModelForSemanticSegmentation", "_paint"),
    "ForUniversalSegmentation": ("AutoModelForUniversalSegmentation", "_cut_out"),
    "ForInstanceSegmentation": ("AutoModelForUniversalSegmentation", "_cut_out"),
}


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
        path = Path(self.model).expanduser()
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

    def labels(self) -> list[str] | None:
        """Return the labels a folder's network knows, without loading it; None for one on the hub."""
        if self.prompts:
            return list(self.prompts)
        if self.folder is None or not (self.folder / "config.json").is_file():
            return None
        try:
            names = json.loads((self.folder / "config.json").read_text(encoding="utf-8")).get("id2label")
            return [str(names[number]) for number in sorted(names, key=int)] if isinstance(names, dict) else None
        except (OSError, ValueError, AttributeError, RecursionError):
            raise InputError(f"config.json in {self.model} is damaged: save or download the model again.") from None


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
        self._processor, network = _load(name)
        self._network = network.to(self._device).eval()

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of their numbers."""
        names = self._network.config.id2label
        return [str(names[number]) for number in sorted(names)]

    def detect(self, images: Sequence[np.ndarray[Any, Any]], threshold: float) -> list[dict[str, Any]]:
        """Return ``scores, labels`` and ``boxes`` (pixels, left top right bottom) or ``masks`` of each picture.

        A network that says what a whole picture shows returns ``choices``, label → score, instead.

        Args:
            images: uint8 RGB [height, width, 3] each; sizes may differ.
            threshold: The least score, from 0 to 1.
        """
        if self._name.prompts:
            return self._detect_named(images, threshold)
        for ending, (_, method) in HEADS.items():
            if type(self._network).__name__.endswith(ending):
                found: list[dict[str, Any]] = getattr(self, method)(images, threshold)
                return found
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
        names = self._network.config.id2label
        is_several = self._network.config.problem_type == "multi_label_classification"
        with self._torch.inference_mode():
            logits = self._run(images).logits.float()
            shares = (logits.sigmoid() if is_several else logits.softmax(dim=-1)).cpu().numpy().astype(float)
        chosen = [np.flatnonzero(each >= threshold) if is_several else [int(each.argmax())] for each in shares]
        return [
            {"choices": {str(names[int(number)]): float(each[number]) for number in numbers}}
            for each, numbers in zip(shares, chosen, strict=True)
        ]

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
            if "input_ids" in inspect.signature(process).parameters:
                # Words that are surer than this make the name of a box, as Grounding DINO's authors have it.
                options |= {"input_ids": inputs["input_ids"], "text_threshold": 0.25}
            found = process(outputs=output, text_labels=prompts, **options)
        return [
            {
                "boxes": each["boxes"].float().cpu().numpy().astype(float),
                "scores": each["scores"].float().cpu().numpy().astype(float),
                "labels": [prompt_of(str(name), self._name.prompts) for name in each["text_labels"]],
            }
            for each in found
        ]

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
                vectors = getattr(output, "pooler_output", None)
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


def prompt_of(said: str, prompts: Sequence[str]) -> str:
    """Return the prompt that a network's words stand for; the words themselves where they may stand for several.

    Example:
        >>> prompt_of("traffic", ["traffic light", "car"]), prompt_of("red", ["red car", "red bus"])
        ('traffic light', 'red')
    """
    if said in prompts:
        return said
    words = set(said.casefold().split())
    fitting = [prompt for prompt in prompts if words and words <= set(prompt.casefold().split())]
    return fitting[0] if len(fitting) == 1 else said


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


def _load(name: Name) -> tuple[Any, Any]:
    import transformers
    from safetensors import SafetensorError

    loaders: dict[str, Any] = {
        "object detection": transformers.AutoModelForObjectDetection,
        "zero-shot object detection": transformers.AutoModelForZeroShotObjectDetection,
    }
    takes: Any = transformers.AutoProcessor if name.prompts else transformers.AutoImageProcessor
    folder = name.folder
    options: dict[str, Any] = {"local_files_only": True} if folder else _from_hub(name)
    target = str(folder) if folder else name.model
    try:
        with _quiet(is_local=folder is not None):
            loader = loaders.get(name.kind, transformers.AutoModel)
            if name.kind == "object detection":
                config = transformers.AutoConfig.from_pretrained(target, trust_remote_code=False, **options)
                made = next(iter(getattr(config, "architectures", None) or [""]))
                other = next((loads for ending, (loads, _) in HEADS.items() if made.endswith(ending)), None)
                loader = loader if other is None else getattr(transformers, other)
            # The processor that needs no torchvision.
            processor = takes.from_pretrained(target, use_fast=False, trust_remote_code=False, **options)
            # Other weights are pickles, which run what they say.
            return processor, loader.from_pretrained(target, trust_remote_code=False, use_safetensors=True, **options)
    except ImportError as fault:
        wanted = next((package for package in ("timm", "torchvision", "scipy") if package in str(fault)), None)
        remedy = f"run 'pip install {wanted}'" if wanted else "see its page on the hub for what it needs"
        raise MissingExtraError(f"The model {name.model} needs another package: {remedy}.") from None
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as fault:
        raise InputError(_why(name, fault)) from None


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
        InputError: The hub has no such network, or does not answer; transformers itself would ask it for minutes.
    """
    import huggingface_hub

    revision = _revision(name)
    if isinstance(huggingface_hub.try_to_load_from_cache(name.model, "config.json", revision=revision), str):
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


# One pass over pictures: read ahead, skip what is remembered, run the network in batches, keep what it said.


Answer = TypeVar("Answer")


class Looker(Protocol, Generic[Answer]):
    """What runs a network over a batch, and how its answers are kept as bytes."""

    batch: int
    memory: Memory

    def _run(self, images: Sequence[np.ndarray[Any, Any]]) -> list[Answer]:
        """Return an answer for each picture."""

    def _pack(self, answer: Answer) -> bytes:
        """Return an answer as bytes."""

    def _unpack(self, kept: bytes) -> Answer:
        """Return the answer that bytes stand for."""


@dataclass(frozen=True)
class Seen(Generic[Answer]):
    """What a network said of one picture, or why it said nothing."""

    item: str
    answer: Answer | None
    error: str | None = None


def look(
    looker: Looker[Answer], wanted: Sequence[Source], *, progress: bool, said: str, executor: Executor | None = None
) -> list[Seen[Answer]]:
    """Return what a network says of each picture, in the order given.

    Args:
        looker: The network.
        wanted: The pictures.
        progress: Whether to show a bar.
        said: What the bar is called.
        executor: Where to work: batches go to its workers, each of which loads the network once.
    """
    checks.raise_for(InputError, checks.executor(executor), checks.switch("progress", progress))
    chunks = [list(wanted)] if executor is None else list(_chunks(wanted, looker.batch * 4))
    jobs: list[tuple[Looker[Answer], list[Source]]] = [(looker, chunk) for chunk in chunks if chunk]
    parts: list[list[Seen[Answer]]] = run_jobs(
        _look_at,
        jobs,
        executor=executor,
        progress=progress,
        what=said,
        unit="picture",
        lost=_unseen,
        sizes=[len(chunk) for _, chunk in jobs],
    )
    seen = {one.item: one for part in parts for one in part}
    return [seen[source.item] for source in wanted]


def _batches(looker: Looker[Answer], wanted: Sequence[Source]) -> Iterator[list[Seen[Answer]]]:
    waiting: list[Picture] = []
    for picture in ahead(read(wanted, looker.memory.__contains__), 2 * looker.batch):
        if picture.error is not None:
            yield [Seen(picture.source.item, None, picture.error)]
            continue
        kept = looker.memory.recall([picture.checksum]).get(picture.checksum)
        if kept is not None:
            yield [Seen(picture.source.item, looker._unpack(kept))]
            continue
        waiting.append(picture)
        if len(waiting) == looker.batch:
            yield _run(looker, waiting)
            waiting = []
    if waiting:
        yield _run(looker, waiting)


def _run(looker: Looker[Answer], pictures: Sequence[Picture]) -> list[Seen[Answer]]:
    images = [picture.image for picture in pictures if picture.image is not None]
    try:
        answers: list[Any] = looker._run(images)
    except LsnbError:
        raise
    except Exception as fault:
        if len(pictures) > 1:  # one that the network cannot take must not cost the others
            return [seen for picture in pictures for seen in _run(looker, [picture])]
        reason = f"The model failed on {pictures[0].source.item}: {type(fault).__name__}: {fault}"
        return [Seen(pictures[0].source.item, None, reason)]
    looker.memory.keep(
        {picture.checksum: looker._pack(answer) for picture, answer in zip(pictures, answers, strict=True)}
    )
    return [Seen(picture.source.item, answer) for picture, answer in zip(pictures, answers, strict=True)]


def _chunks(wanted: Sequence[Source], most: int) -> Iterator[list[Source]]:
    """Yield stretches of the sources; frames of one video stay together, so that it is decoded once."""
    chunk: list[Source] = []
    for source in wanted:
        is_same_video = bool(chunk) and source.video is not None and source.video == chunk[-1].video
        if chunk and not is_same_video and (len(chunk) >= most or source.video != chunk[-1].video):
            yield chunk
            chunk = []
        chunk.append(source)
    if chunk:
        yield chunk


def _unseen(job: tuple[Looker[Answer], list[Source]], why: str) -> list[Seen[Answer]]:
    return [Seen(source.item, None, f"{source.item} {why}") for source in job[1]]


def _look_at(job: tuple[Looker[Answer], list[Source]], count: Callable[[int], Any]) -> list[Seen[Answer]]:
    found: list[Seen[Answer]] = []
    for part in _batches(*job):
        found += part
        count(len(part))
    return found


@lru_cache(maxsize=2)
def loaded(name: Any, load: Callable[[Any], Any]) -> Any:
    """Return a network; each process loads it once.

    Args:
        name: Which.
        load: What loads it.
    """
    return load(name)
