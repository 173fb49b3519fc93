"""One pass over pictures: read ahead, skip what is remembered, run the network in batches, keep what it said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from tqdm.auto import tqdm

from lsnb.detectors.pictures import Picture, Source, ahead, read
from lsnb.detectors.remembering import Memory
from lsnb.errors import InputError, LsnbError

Answer = TypeVar("Answer")


class Looker(Protocol, Generic[Answer]):
    """What runs a network over a batch, and how its answers are kept as bytes."""

    batch: int
    memory: Memory

    def run(self, images: Sequence[np.ndarray[Any, Any]]) -> list[Answer]:
        """Return an answer for each picture."""

    def pack(self, answer: Answer) -> bytes:
        """Return an answer as bytes."""

    def unpack(self, kept: bytes) -> Answer:
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
    if executor is not None and not isinstance(executor, Executor):
        raise InputError(
            f"executor is a {type(executor).__name__}: give a pool of concurrent.futures, or leave it out."
        )
    with tqdm(total=len(wanted), desc=said, unit="picture", disable=not progress or not wanted) as bar:
        seen: dict[str, Seen[Answer]] = {}
        parts: Iterator[list[Seen[Answer]]]
        if executor is None:
            parts = _batches(looker, wanted)
        else:
            chunks = list(_chunks(wanted, looker.batch * 4))
            parts = executor.map(_look_there, [looker] * len(chunks), chunks)
        for part in parts:
            seen.update((one.item, one) for one in part)
            bar.update(len(part))
    return [seen[source.item] for source in wanted]


def _batches(looker: Looker[Answer], wanted: Sequence[Source]) -> Iterator[list[Seen[Answer]]]:
    waiting: list[Picture] = []
    for picture in ahead(read(wanted, looker.memory.__contains__), 2 * looker.batch):
        if picture.error is not None:
            yield [Seen(picture.source.item, None, picture.error)]
            continue
        kept = looker.memory.recall([picture.checksum]).get(picture.checksum)
        if kept is not None:
            yield [Seen(picture.source.item, looker.unpack(kept))]
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
        answers: list[Any] = looker.run(images)
    except LsnbError:
        raise
    except Exception as fault:
        if len(pictures) > 1:  # one that the network cannot take must not cost the others
            return [seen for picture in pictures for seen in _run(looker, [picture])]
        reason = f"The model failed on {pictures[0].source.item}: {type(fault).__name__}: {fault}"
        return [Seen(pictures[0].source.item, None, reason)]
    looker.memory.keep(
        {picture.checksum: looker.pack(answer) for picture, answer in zip(pictures, answers, strict=True)}
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


def _look_there(looker: Looker[Answer], wanted: list[Source]) -> list[Seen[Answer]]:
    return [seen for part in _batches(looker, wanted) for seen in part]


@lru_cache(maxsize=2)
def loaded(name: Any, load: Callable[[Any], Any]) -> Any:
    """Return a network; each process loads it once.

    Args:
        name: Which.
        load: What loads it.
    """
    return load(name)
