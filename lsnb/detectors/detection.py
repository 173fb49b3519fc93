"""What networks find in pictures, texts and sounds, as one table that is ready to become predictions."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from itertools import compress
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import orjson
import pandas as pd

from lsnb.detectors.loading import Memory, Opened, Source, look, sounds, sources, texts, with_regions
from lsnb.detectors.networks import UNASKED, WITHOUT_LABELS, Name, Network, identified, loaded
from lsnb.errors import InputError
from lsnb.kernel.checks import Give, Share, Within, checked, shown
from lsnb.kernel.runtime import cache_folder
from lsnb.kernel.words import counted, listing, warn
from lsnb.labels import LabelConfig
from lsnb.shapes import coco_counts, mask_box

COLUMNS = [
    *("item", "label", "score", "x", "y", "width", "height"),
    *("image_width", "image_height", "status", "error"),
]
MASK = "segmentation"  # a further column, where masks were found
POINTS = "keypoints"  # another, where a model gives poses
TEXT_COLUMNS = ["item", "label", "score", "status", "error"]
SPAN_COLUMNS = ["item", "label", "score", "start", "end", "text", "status", "error"]
SOUND_COLUMNS = ["item", "start", "end", "text", "status", "error"]
UNITS = {"texts": "text", "sounds": "sound"}
FLOOR = 0.05  # what scores less is not remembered; a threshold below it is remembered on its own
LARGEST_BATCH = 1024

Boxes = Callable[[Sequence[np.ndarray[Any, Any]]], Sequence[Any]]
_MODEL = Give("a model's name, a folder, or a function")
BoxModel = Annotated[str | Path | Boxes, _MODEL]
Batch = Annotated[int, Within(1, LARGEST_BATCH)]
Thing = TypeVar("Thing")


class Detector:
    """Something that finds boxes, masks or poses in pictures, marks or classifies texts, or writes down speech.

    Made by ``Detector.load``. A network is loaded when it first has something to look at that it has not seen before.

    Attributes:
        name: What it is called.
        threshold: The least score, from 0 to 1.
        batch: How many pictures it sees at once.
    """

    name: str
    threshold: float
    batch: int
    memory: Memory
    _network: Name | Boxes
    _floor: float
    _given: str = "pictures"  # what a function is given

    def __init__(self, *given: object, **named: object) -> None:
        raise InputError("A Detector is not built by hand: lsnb.Detector.load(model) makes one.")

    @classmethod
    def _made(
        cls,
        network: Name | Boxes,
        identity: str | None,
        *,
        threshold: float,
        batch: int,
        memory: Path | None,
    ) -> Detector:
        made = cls.__new__(cls)
        made._network = network
        made.threshold = threshold
        made.batch = batch
        made._floor = min(threshold, FLOOR) if identity and isinstance(network, Name) else threshold
        made.name = identity_name(network) if identity is None or isinstance(network, Name) else identity
        made.memory = Memory(memory if identity else None, f"boxes|{identity}|{made._floor:g}")
        return made

    @classmethod
    @checked
    def load(
        cls,
        model: BoxModel,
        *,
        device: str | None = None,
        threshold: Share = 0.5,
        batch: Batch = 8,
        revision: str | None = None,
        name: str | None = None,
        remember: bool = True,
        prompts: LabelConfig | Sequence[str] | None = None,
        reads: Literal["pictures", "texts"] = "pictures",
    ) -> Detector:
        """Return a detector.

        Args:
            model: The name of a model on the Hugging Face hub that finds things, such as
                ``facebook/detr-resnet-50``, cuts them out, such as ``facebook/mask2former-swin-tiny-coco-instance`` or
                ``nvidia/segformer-b0-finetuned-ade-512-512``, or says what a whole picture shows, such as
                ``google/vit-base-patch16-224``; one that cuts out or poses what boxes hold, such as
                ``facebook/sam-vit-base`` and ``usyd-community/vitpose-base-simple``; that classifies texts, such as
                ``ProsusAI/finbert``, marks spans in them, such as ``dslim/bert-base-NER``, or writes down speech, such
                as ``openai/whisper-tiny``; a folder that ``save_pretrained`` wrote; or a function that takes a list of
                pictures (uint8 RGB [height, width, 3]) and returns for each ``{"boxes": [[left, top, right, bottom], …]
                in pixels, "scores": […], "labels": [text, …]}``, with ``"masks"`` (bool [height, width] each) instead
                of boxes, or ``{"choices": {text: score}}``. One that ``reads`` texts returns ``{"choices": …, "spans":
                [{"start", "end", "label", "score"}, …]}``, as far as it is known; ``choices`` may be one label or a
                list of them, without scores, as a language model answers.
            device: ``cpu``, ``cuda`` or ``cuda:1``; by default a graphics card where there is one, in half precision.
            threshold: The least score, from 0 to 1.
            batch: How many pictures the network sees at once.
            revision: The hub's branch, tag or commit.
            name: What a function is called, with its version; without it, what it says is not remembered.
            remember: Whether results are kept on this computer by model and file checksum.
            prompts: For a model that is told in words what to look for (zero-shot detection), such as
                ``google/owlv2-base-patch16-ensemble`` or ``IDEA-Research/grounding-dino-tiny``, or of what to choose,
                such as ``openai/clip-vit-base-patch32`` for pictures and ``facebook/bart-large-mnli`` for texts: the
                words, which become the labels; or a label config, whose labels of boxes they are, or of choices where
                it draws no boxes.
            reads: What a function is given: ``pictures`` or ``texts``; a model, whose own config says it, is refused
                where it reads no texts and is to.

        Raises:
            InputError: Arguments that cannot be used, every fault at once.
            MissingFileError: A folder that is not there or holds no model.
            MissingExtraError: torch or transformers is not installed.

        Example:
            >>> def centre(images):
            ...     return [{"boxes": [[10, 10, 30, 20]], "scores": [0.9], "labels": ["bird"]} for _ in images]
            >>> detector = Detector.load(centre)
            >>> import numpy as np
            >>> table = detector([np.zeros((50, 100, 3), np.uint8)], progress=False)
            >>> table[["label", "score", "x", "y", "width", "height"]].values.tolist()
            [['bird', 0.9, 10.0, 20.0, 20.0, 20.0]]
        """
        memory = cache_folder() / "models" / "detections.sqlite" if remember else None
        wanted = _prompts(prompts)
        kind = "zero-shot object detection" if wanted else "object detection"
        which, identity = identified(model, name, revision=revision, device=device, kind=kind, prompts=wanted)
        made = cls._made(which, identity, threshold=float(threshold), batch=int(batch), memory=memory)
        made._given = reads
        if identity and not isinstance(which, Name) and reads == "texts":
            made.memory = Memory(memory, f"texts|{identity}|{made._floor:g}")
        return made

    @property
    def labels(self) -> list[str]:
        """The labels the model knows; it is loaded for that where it is on the hub.

        Raises:
            InputError: The detector is a function, which does not say, or a model that names nothing.
        """
        if not isinstance(self._network, Name):
            raise InputError("A function does not say which labels it knows: look at the table that it makes.")
        head = self._network.head
        if head is not None and head.asks in WITHOUT_LABELS:
            raise InputError(f"{self.name} knows no labels: what it finds is called as boxes= says, or not at all.")
        known = self._network.labels()
        return list(loaded(self._network, Network).labels) if known is None else known

    @checked
    def __call__(
        self,
        images: Any,
        *,
        path: str = "path",
        text: str = "text",
        key: str | None = None,
        boxes: pd.DataFrame | None = None,
        progress: bool = True,
        executor: Executor | None = None,
    ) -> pd.DataFrame:
        """Return what is found in each picture, text or sound.

        Photographs are turned as their EXIF rotation says before the model sees them, as Label Studio shows them.

        Args:
            images: Paths, arrays (uint8 RGB [height, width, 3]), a mapping item → either, or a table with a column of
                paths or with columns ``video`` and ``frame`` (0-based). For a model of texts the texts, item → text, or
                a table with a column of them; for one of speech the paths of sounds or videos.
            path: The table's column of paths.
            text: The table's column of texts.
            key: The table's column that identifies an item; by default ``item``, else the path.
            boxes: For a model that looks into boxes (SAM, ViTPose): the table that another detector returned.
            progress: Whether to show a bar.
            executor: Where to work, such as Dask's ``client.get_executor()`` or a ``ProcessPoolExecutor`` that spawns
                (``mp_context=get_context("spawn")``: beside a notebook's threads, forked processes may hang).

        Returns:
            A row per box: ``item, label, score, x, y, width, height`` (percent, from the top left), the picture's
            ``image_width, image_height`` in pixels, ``status`` and ``error``. A picture in which nothing is found has
            one row, ``nothing``, without a label; one that cannot be read has one row, ``failed``. What a whole picture
            shows has no box. Where a model gives masks, a column ``segmentation`` has each in COCO's run lengths
            (``{"size": [height, width], "counts": […]}``); where it gives poses, a column ``keypoints`` has
            ``{"label", "x", "y", "score"}`` of each point (percent). ``read_predictions`` reads all of it.

            Of texts: ``item, label, score, status, error`` for what is said of them as a whole, which
            ``read_predictions`` reads; spans also have ``start, end, text``, for ``from_spans``. A text that is longer
            than the model reads is answered by its beginning, which is said; spans are looked for in all of it. Of
            sounds: ``item, start, end`` (seconds), ``text, status, error``, for ``from_segments``; what a model calls a
            sound as a whole is as of texts.

        Raises:
            InputError: ``images`` cannot be used, or the model cannot be loaded.
        """
        reads = self._reads()
        wanted = self._sources(reads, images, path, text, key, boxes)
        rows: list[dict[str, Any]] = []
        cut: dict[str, int] = {}
        beyond: dict[str, int] = {}
        unit = UNITS.get(reads, "picture")
        found = look(self, wanted, progress=progress, said="Detecting", executor=executor, unit=unit)[::-1]
        while found:  # one by one, so that of several hundred thousand not both are held
            seen = found.pop()
            rows += self._rows(seen.item, seen.answer, seen.error)
            for said, name in ((cut, "cut"), (beyond, "beyond")):
                if seen.answer is not None and seen.answer.get(name):
                    said[seen.item] = seen.answer[name]
        if cut and reads == "sounds":
            warn(
                f"{counted(len(cut), 'sound')} longer than the {max(cut.values())} seconds that the model hears: what "
                f"it says is of the beginning of {listing(list(cut), 3)}."
            )
        elif cut:
            warn(
                f"{counted(len(cut), 'text')} longer than the {max(cut.values())} tokens that the model reads: what it "
                f"says is of the beginning of {listing(list(cut), 3)}."
            )
        if beyond:
            warn(
                f"The model heard {counted(sum(beyond.values()), 'stretch', 'stretches')} after the end of "
                f"{listing(list(beyond), 3)}, left out."
            )
        table = pd.DataFrame(rows, columns=self._columns(reads, rows))
        # Where words stand are whole numbers, also beside texts in which nothing was found.
        return table.astype({"start": "Int64", "end": "Int64"}) if reads == "texts" and "start" in table else table

    def _reads(self) -> str:
        """Return what the model looks at: ``pictures``, ``boxes`` in them, ``texts`` or ``sounds``.

        Raises:
            InputError: It looks at something else than texts, and is to read them.
        """
        if not isinstance(self._network, Name):
            return self._given
        head = self._network.head
        reads = "pictures" if head is None else head.reads
        if head is None and self._network.architecture().endswith(UNASKED):
            raise InputError(
                f"{self.name} is a {self._network.architecture()}, which a Detector cannot ask: give "
                "lsnb.Detector.load a function that does, or lsnb.from_answers a table of its answers."
            )
        if self._given == "texts" != reads:
            raise InputError(
                f"{self.name} reads no texts: choose a model that classifies texts or marks words in them."
            )
        return reads

    def _sources(
        self, reads: str, given: Any, path: str, text: str, key: str | None, boxes: pd.DataFrame | None
    ) -> list[Source]:
        if boxes is not None and reads != "boxes":
            raise InputError(f"boxes go with a model that looks into them (SAM, ViTPose): {self.name} does not.")
        if reads == "texts":
            return texts(given, text=text, key=key)
        if reads == "sounds":
            return sounds(given, path=path, key=key)
        wanted = sources(given, path=path, key=key)
        if reads == "boxes" and boxes is None:
            raise InputError(f"{self.name} looks into boxes: give boxes=, what a detector of things found.")
        return wanted if boxes is None else with_regions(wanted, boxes, key)

    def _columns(self, reads: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        if reads == "sounds":
            head = self._network.head if isinstance(self._network, Name) else None
            return TEXT_COLUMNS if head is not None and head.asks == "_classify_sounds" else SOUND_COLUMNS
        if reads == "texts":
            head = self._network.head if isinstance(self._network, Name) else None
            is_marked = any("start" in row for row in rows) if head is None else head.asks == "_mark_texts"
            return SPAN_COLUMNS if is_marked else TEXT_COLUMNS
        return [*COLUMNS, *(name for name in (MASK, POINTS) if any(name in row for row in rows))]

    def _rows(self, item: str, answer: Mapping[str, Any] | None, error: str | None) -> list[dict[str, Any]]:
        if answer is None:
            return [{"item": item, "status": "failed", "error": error}]
        if "size" not in answer:
            return self._marked(item, answer)
        wide, high = answer["size"]
        size = {"item": item, "image_width": wide, "image_height": high}
        posed = answer.get(POINTS)
        rows = [
            {
                **size,
                **{"label": label, "score": score, "status": "found"},
                **{"x": 100 * left / wide, "y": 100 * top / high},
                **{"width": 100 * (right - left) / wide, "height": 100 * (bottom - top) / high},
                **({MASK: {"size": [high, wide], "counts": mask[0]}} if mask else {}),
                **({} if posed is None else {POINTS: self._points(posed[place], wide, high)}),
            }
            for place, ((left, top, right, bottom), score, label, *mask) in enumerate(answer["boxes"])
            # Of a pose the threshold is each point's.
            if score >= self.threshold or posed is not None
        ]
        rows += [
            {**size, "label": label, "score": score, "status": "found"}
            for label, score in answer.get("choices", {}).items()
            if score >= self.threshold
        ]
        return rows or [{**size, "status": "nothing"}]

    def _points(self, points: Sequence[Any], wide: int, high: int) -> list[dict[str, Any]]:
        return [
            {"label": label, "x": 100 * x / wide, "y": 100 * y / high, "score": score}
            for label, x, y, score in points
            if score >= self.threshold
        ]

    def _marked(self, item: str, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the rows of a text or a sound."""
        found: list[dict[str, Any]] = [
            {"label": label, "score": score}
            for label, score in answer.get("choices", {}).items()
            if score is None or score >= self.threshold
        ]
        found += [
            {"label": label, "score": score, "start": start, "end": end, "text": marked}
            for start, end, label, score, marked in answer.get("spans", ())
            if score is None or score >= self.threshold
        ]
        found += [{"start": start, "end": end, "text": said} for start, end, said in answer.get("stretches", ())]
        return [{"item": item, "status": "found", **one} for one in found] or [{"item": item, "status": "nothing"}]

    def _run(self, things: Sequence[Opened]) -> list[dict[str, Any]]:
        """Return ``{"size": [width, height], "boxes": [[[left, top, right, bottom], score, label], …]}`` of each.

        A box of a mask has the mask's run lengths, too; what a whole picture shows is in ``choices``, label → score.
        Of texts and sounds it is what ``Network.detect`` returns.

        Args:
            things: Pictures (uint8 RGB [height, width, 3]), texts or sounds.

        Raises:
            InputError: The function returned something else than boxes.
        """
        images = [thing.content for thing in things]
        if isinstance(self._network, Name):
            network = loaded(self._network, Network)
            found: Sequence[Any] = network.detect(images, self._floor, [thing.source.regions for thing in things])
            if self._reads() in UNITS:
                return list(found)
        else:
            found = self._network(images)
        what = UNITS.get(self._reads(), "picture")
        if not isinstance(found, Sequence) or len(found) != len(images):
            raise InputError(
                f"The detector's function returned {_length(found)} for {counted(len(images), what)}: "
                f"return a list with one answer for each {what}."
            )
        if self._reads() == "texts":
            return [_of_text(answer, text) for answer, text in zip(found, images, strict=True)]
        return [
            {"size": [image.shape[1], image.shape[0]], **_found(answer, image)}
            for image, answer in zip(images, found, strict=True)
        ]

    def _pack(self, answer: dict[str, Any]) -> bytes:
        """Return an answer as bytes.

        Args:
            answer: As ``_run`` returns it.
        """
        return orjson.dumps(answer)

    def _unpack(self, kept: bytes) -> dict[str, Any]:
        """Return the answer that bytes stand for.

        Args:
            kept: As ``_pack`` returned it.
        """
        answer: dict[str, Any] = orjson.loads(kept)
        return answer

    def __repr__(self) -> str:
        return f"Detector({self.name!r}, threshold={self.threshold:g})"


def _prompts(given: LabelConfig | Sequence[str] | None) -> tuple[str, ...]:
    """Return what a model is to look for, each once."""
    if given is None:
        return ()
    if isinstance(given, LabelConfig):
        shapes = ("Box", "Track")
        found = [label for one in given.controls.values() if one.row.shape in shapes for label in one.labels]
        found = found or [label for one in given.controls.values() if one.kind == "choices" for label in one.labels]
        if not found:
            raise InputError(
                "The config has no labels of boxes to look for, and no choices: give prompts as a list of words."
            )
    else:
        is_listed = not isinstance(given, str) and all(isinstance(one, str) for one in given)
        found = [str(one).strip() for one in given] if is_listed else []
        if not found or not all(found):
            raise InputError(f"prompts is {shown(given)}: give a list of words to look for, or a label config.")
    return tuple(dict.fromkeys(found))


def identity_name(network: Any) -> str:
    """Return what a network is called.

    Args:
        network: Its name, or a function.
    """
    return network.model if isinstance(network, Name) else str(getattr(network, "__name__", type(network).__name__))


def _found(answer: Any, image: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return ``boxes`` and ``choices`` of a network's or a function's answer.

    Raises:
        InputError: It is none of the forms that are known, or holds numbers that cannot be.
    """
    try:
        if "choices" in answer:
            choices = {str(label): float(score) for label, score in dict(answer["choices"]).items()}
            return {"boxes": [], "choices": _sure(choices, choices.values())}
        scores = [float(score) for score in answer["scores"]]
        labels = [label if label is None else str(label) for label in answer.get("label_text", answer["labels"])]
        masks = [np.asarray(mask) > 0 for mask in answer["masks"]] if answer.get("masks") is not None else None
        corners: np.ndarray[Any, Any] = np.array([_corners(mask) for mask in masks or []], dtype=float)
        if masks is None:
            corners = np.asarray(answer["boxes"], dtype=float)
        corners = corners.reshape(-1, 4)
        if not len(corners) == len(scores) == len(labels) or any(mask.shape != image.shape[:2] for mask in masks or []):
            raise ValueError
    except (TypeError, KeyError, ValueError, AttributeError):
        raise InputError(
            "The detector's function must return, for each picture, "
            '{"boxes": [[left, top, right, bottom], …], "scores": […], "labels": […]}, as many of each; or "masks" of '
            'the picture\'s height and width instead of boxes; or {"choices": {label: score}}.'
        ) from None
    if not np.isfinite(corners).all():
        raise InputError("The detector's function returned a box that is no number, or a score outside 0 to 1.")
    high, wide = image.shape[:2]
    corners = np.clip(corners, 0, [wide, high, wide, high])
    runs = [[]] * len(corners) if masks is None else [[coco_counts(mask)["counts"]] for mask in masks]
    has_area = [box[2] > box[0] and box[3] > box[1] for box in corners.tolist()]
    boxes = [
        [box, score, label, *mask]
        for box, score, label, mask in zip(corners.tolist(), _sure(scores, scores), labels, runs, strict=True)
    ]
    found = {"boxes": list(compress(boxes, has_area))}
    return found | ({POINTS: list(compress(answer[POINTS], has_area))} if POINTS in answer else {})


def _of_text(answer: Any, text: str) -> dict[str, Any]:
    """Return ``choices`` and ``spans`` of a function's answer about a text.

    Raises:
        InputError: It is none of the forms that are known.
    """
    try:
        choices = answer.get("choices") or {}
        if isinstance(choices, str):
            choices = [choices]
        if not isinstance(choices, Mapping):
            choices = dict.fromkeys(choices)
        said = {str(label): None if score is None else float(score) for label, score in choices.items()}
        spans: list[list[Any]] = []
        for one in answer.get("spans") or ():
            start, end, label, given = one["start"], one["end"], one["label"], one.get("score")
            score = None if given is None else float(given)
            if not 0 <= int(start) < int(end) <= len(text):
                raise ValueError
            spans.append([int(start), int(end), str(label), score, text[int(start) : int(end)]])
        scores: list[Any] = [*said.values(), *(span[3] for span in spans)]
        return _sure({"choices": said, "spans": spans}, [one for one in scores if one is not None])
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        raise InputError(
            'The function must return, for each text, {"choices": {label: score}}, or labels without scores, and '
            '"spans": [{"start", "end", "label", "score"}, …] within the text, as far as it is known.'
        ) from None


def _corners(mask: np.ndarray[Any, Any]) -> tuple[float, float, float, float]:
    left, top, width, height = mask_box(mask)
    return left, top, left + width, top + height


def _sure(found: Thing, scores: Iterable[float]) -> Thing:
    """Return what was found, held against its scores.

    Raises:
        InputError: A score is no share.
    """
    if not all(0 <= score <= 1 for score in scores):
        raise InputError("The detector's function returned a box that is no number, or a score outside 0 to 1.")
    return found


def _length(found: Any) -> str:
    return f"{len(found)} answers" if hasattr(found, "__len__") else f"a {type(found).__name__}"


# Pictures as vectors: for choosing frames that differ, and for finding near-duplicates.


Vectors = Callable[[Sequence[np.ndarray[Any, Any]]], Any]
VectorModel = Annotated[str | Path | Vectors, _MODEL]


class Embedder:
    """Something that turns pictures into vectors; pictures that look alike have vectors that are close.

    Made by ``Embedder.load``. ``select_frames(…, features=embedder)`` chooses frames by it.

    Attributes:
        name: What it is called.
        batch: How many pictures it sees at once.
    """

    name: str
    batch: int
    memory: Memory
    _network: Name | Vectors

    def __init__(self, *given: object, **named: object) -> None:
        raise InputError("An Embedder is not built by hand: lsnb.Embedder.load(model) makes one.")

    @classmethod
    def _made(cls, network: Name | Vectors, identity: str | None, *, batch: int, memory: Path | None) -> Embedder:
        made = cls.__new__(cls)
        made._network = network
        made.batch = batch
        made.name = identity_name(network) if identity is None or isinstance(network, Name) else identity
        made.memory = Memory(memory if identity else None, f"vector|{identity}")
        return made

    @classmethod
    @checked
    def load(
        cls,
        model: VectorModel,
        *,
        device: str | None = None,
        batch: Batch = 16,
        revision: str | None = None,
        name: str | None = None,
        remember: bool = True,
    ) -> Embedder:
        """Return an embedder.

        Args:
            model: The name of an image model on the Hugging Face hub, such as ``facebook/dinov2-small``; a folder that
                ``save_pretrained`` wrote; or a function that takes a list of pictures (uint8 RGB [height, width, 3])
                and returns an array [pictures, dimensions].
            device: As in ``Detector.load``.
            batch: How many pictures the network sees at once.
            revision: The hub's branch, tag or commit.
            name: What a function is called, with its version; without it, its vectors are not remembered.
            remember: Whether vectors are kept on this computer by model and file checksum.

        Raises:
            InputError: Arguments that cannot be used.
            MissingFileError: A folder that is not there or holds no model.
            MissingExtraError: torch or transformers is not installed.

        Example:
            >>> embedder = Embedder.load(lambda images: [image.mean(axis=(0, 1)) for image in images])
            >>> embedder.embed([np.full((4, 4, 3), 7, np.uint8)], progress=False).tolist()
            [[7.0, 7.0, 7.0]]
        """
        memory = cache_folder() / "models" / "vectors.sqlite" if remember else None
        which, identity = identified(model, name, revision=revision, device=device, kind="embedding")
        return cls._made(which, identity, batch=int(batch), memory=memory)

    @checked
    def embed(
        self,
        images: Any,
        *,
        path: str = "path",
        key: str | None = None,
        progress: bool = True,
        executor: Executor | None = None,
    ) -> np.ndarray[Any, Any]:
        """Return a vector for each picture: float32 [pictures, dimensions], in the order given.

        Args:
            images: As a detector takes them.
            path: The table's column of paths.
            key: The table's column that identifies an item.
            progress: Whether to show a bar.
            executor: Where to work.

        Raises:
            InputError: Pictures that cannot be read or embedded; each is named.
        """
        wanted = sources(images, path=path, key=key)
        seen = look(self, wanted, progress=progress, said="Embedding", executor=executor)
        problems = [str(one.error) for one in seen if one.error is not None]
        if problems:
            raise InputError(problems)
        vectors = [one.answer for one in seen if one.answer is not None]
        if len({len(vector) for vector in vectors}) > 1:
            raise InputError("The embedder's vectors differ in their dimensions: give pictures of one size.")
        return np.stack(vectors) if vectors else np.empty((0, 0), "f4")

    def _run(self, things: Sequence[Opened]) -> list[np.ndarray[Any, Any]]:
        """Return a float32 vector of each picture.

        Args:
            things: Pictures, uint8 RGB [height, width, 3].

        Raises:
            InputError: The function returned something else than vectors.
        """
        images = [thing.content for thing in things]
        if isinstance(self._network, Name):
            return list(loaded(self._network, Network).embed(images))
        try:
            vectors: np.ndarray[Any, Any] = np.asarray(self._network(images), dtype=np.float32)
        except (TypeError, ValueError):
            vectors = np.empty(0)
        if vectors.ndim != 2 or len(vectors) != len(images) or not np.isfinite(vectors).all():
            raise InputError(
                f"The embedder's function must return an array [{len(images)}, dimensions] of numbers, "
                "one row for each picture."
            )
        return list(vectors)

    def _pack(self, answer: np.ndarray[Any, Any]) -> bytes:
        """Return a vector as bytes.

        Args:
            answer: The vector.
        """
        return np.ascontiguousarray(answer, dtype="<f4").tobytes()

    def _unpack(self, kept: bytes) -> np.ndarray[Any, Any]:
        """Return the vector that bytes stand for.

        Args:
            kept: As ``_pack`` returned it.
        """
        return np.frombuffer(kept, dtype="<f4")

    def __repr__(self) -> str:
        return f"Embedder({self.name!r})"


def embed(
    images: Any,
    model: VectorModel,
    *,
    device: str | None = None,
    path: str = "path",
    key: str | None = None,
    progress: bool = True,
    executor: Executor | None = None,
) -> np.ndarray[Any, Any]:
    """Return a vector for each picture: ``Embedder.load(model).embed(images)`` in one call.

    Args:
        images: As a detector takes them.
        model: As ``Embedder.load`` takes it.
        device: As in ``Detector.load``.
        path: The table's column of paths.
        key: The table's column that identifies an item.
        progress: Whether to show a bar.
        executor: Where to work.

    Example:
        >>> embed([np.full((4, 4, 3), 7, np.uint8)], lambda images: [[1.0, 2.0]], progress=False).tolist()
        [[1.0, 2.0]]
    """
    embedder = Embedder.load(model, device=device)
    return embedder.embed(images, path=path, key=key, progress=progress, executor=executor)


# Pictures that are nearly the same, by the angle between their vectors.


BLOCK = 2048  # pictures compared at once with as many others: 16 MB of cosines


def near_duplicates(vectors: Any, items: Sequence[object] | None = None, *, similarity: float = 0.95) -> pd.DataFrame:
    """Return pairs of pictures whose vectors point nearly the same way.

    Args:
        vectors: [pictures, dimensions], as ``embed`` returns them.
        items: What the pictures are called; their 0-based places by default.
        similarity: The least cosine, from −1 to 1; 1 is the same direction.

    Returns:
        ``a, b, similarity``, the most alike first; each pair once, ``a`` before ``b`` in the order given.

    Raises:
        InputError: Vectors that are no table of numbers, or another number of items.

    Example:
        >>> near_duplicates([[1, 0], [0, 1], [1, 0.01]], ["x", "y", "z"]).values.tolist()
        [['x', 'z', 0.99995]]
    """
    try:
        array: np.ndarray[Any, Any] = np.asarray(vectors, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        array = np.empty(0)
    array = np.atleast_1d(array)
    problems = []
    if array.ndim != 2 or not np.isfinite(array).all():
        problems.append("vectors must be an array [pictures, dimensions] of numbers, as embed returns it.")
    names = list(items) if isinstance(items, Iterable) else list(range(len(array)))
    if not isinstance(items, Iterable | None):
        problems.append(f"items is {items!r}: give one item for each vector.")
    if len(names) != len(array):
        problems.append(f"There are {len(names)} items and {len(array)} vectors: give one item for each vector.")
    if isinstance(similarity, bool) or not isinstance(similarity, numbers.Real) or not -1 <= similarity <= 1:
        problems.append(f"similarity is {similarity!r}: give a number from -1 to 1.")
    if problems:
        raise InputError(problems)
    length = np.linalg.norm(array, axis=1, keepdims=True)
    directions = array / np.where(length > 0, length, 1)
    found: list[tuple[int, int, float]] = []
    for top in range(0, len(array), BLOCK):
        for left in range(top, len(array), BLOCK):
            cosines = directions[top : top + BLOCK] @ directions[left : left + BLOCK].T
            rows, columns = np.nonzero(cosines >= similarity)
            is_upper = rows + top < columns + left
            found += [
                (int(row) + top, int(column) + left, float(cosines[row, column]))
                for row, column in zip(rows[is_upper], columns[is_upper], strict=True)
            ]
    found.sort(key=lambda pair: (-pair[2], pair[0], pair[1]))
    return pd.DataFrame(
        [(names[a], names[b], round(min(cosine, 1.0), 6)) for a, b, cosine in found], columns=["a", "b", "similarity"]
    )
