"""Pictures as vectors: for choosing frames that differ, and for finding near-duplicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from lsnb.detectors.detection import identity_name, load_problems
from lsnb.detectors.looking import loaded, look
from lsnb.detectors.networks import Name, Network, identified
from lsnb.detectors.pictures import sources
from lsnb.detectors.remembering import Memory
from lsnb.errors import InputError
from lsnb.runtime import cache_folder

Vectors = Callable[[Sequence[np.ndarray[Any, Any]]], Any]


class Embedder:
    """Something that turns pictures into vectors; pictures that look alike have vectors that are close.

    Made by ``Embedder.load``. ``select_frames(…, features=embedder)`` chooses frames by it.
    """

    def __init__(self, network: Name | Vectors, identity: str | None, *, batch: int, memory: Path | None) -> None:
        self._network = network
        self.batch = batch
        self.name = identity_name(network) if identity is None or isinstance(network, Name) else identity
        self.memory = Memory(memory if identity else None, f"vector|{identity}")

    @classmethod
    def load(
        cls,
        model: str | Path | Vectors,
        *,
        device: str | None = None,
        batch: int = 16,
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
        problems = load_problems(model, batch)
        if problems:
            raise InputError(problems)
        memory = cache_folder() / "models" / "vectors.sqlite" if remember else None
        which, identity = identified(model, name, revision=revision, device=device, kind="embedding")
        return cls(which, identity, batch=int(batch), memory=memory)

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

    def run(self, images: Sequence[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
        """Return a float32 vector of each picture.

        Args:
            images: uint8 RGB [height, width, 3] each.

        Raises:
            InputError: The function returned something else than vectors.
        """
        if isinstance(self._network, Name):
            return list(loaded(self._network, Network).embed(images))
        try:
            vectors: np.ndarray[Any, Any] = np.asarray(self._network(list(images)), dtype=np.float32)
        except (TypeError, ValueError):
            vectors = np.empty(0)
        if vectors.ndim != 2 or len(vectors) != len(images) or not np.isfinite(vectors).all():
            raise InputError(
                f"The embedder's function must return an array [{len(images)}, dimensions] of numbers, "
                "one row for each picture."
            )
        return list(vectors)

    def pack(self, answer: np.ndarray[Any, Any]) -> bytes:
        """Return a vector as bytes.

        Args:
            answer: The vector.
        """
        return np.ascontiguousarray(answer, dtype="<f4").tobytes()

    def unpack(self, kept: bytes) -> np.ndarray[Any, Any]:
        """Return the vector that bytes stand for.

        Args:
            kept: As ``pack`` returned it.
        """
        return np.frombuffer(kept, dtype="<f4")

    def __repr__(self) -> str:
        return f"Embedder({self.name!r})"


def embed(
    images: Any,
    model: str | Path | Vectors,
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
