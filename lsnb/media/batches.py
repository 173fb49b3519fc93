"""One video or a table of them: a row's fault is a row, and the order is the table's, wherever the work is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from lsnb.errors import InputError, LsnbError, TableError

Result = TypeVar("Result")
Videos = pd.DataFrame | pd.Series | list[Any] | tuple[Any, ...]
SEVERAL = (pd.DataFrame, pd.Series, list, tuple, np.ndarray, pd.api.extensions.ExtensionArray, pd.Index)


def table_of(videos: Videos, path: str, added: Sequence[str]) -> pd.DataFrame:
    """Return a copy of a table of videos, or a table made of a list of paths.

    Args:
        videos: A table, a column or a list.
        path: The column with the paths.
        added: Columns that will be added: all of them may be there (a second run), or none.

    Raises:
        TableError: No such column, or columns of the user's own under our names.
    """
    if not isinstance(videos, pd.DataFrame):
        if isinstance(videos, pd.Series):
            return videos.to_frame(path)
        return pd.DataFrame({path: pd.Series(list(videos), dtype=object)})
    if path not in videos.columns:
        names = ", ".join(map(str, videos.columns)) or "none"
        raise TableError(
            f"The table has no column {path!r}; its columns are: {names}. Name the one with paths in path=."
        )
    if not isinstance(videos[path], pd.Series):
        raise TableError(f"The table has several columns called {path!r}: rename all but the one with paths.")
    taken = [name for name in added if name in videos.columns]
    if taken and len(taken) < len(added):
        raise TableError(
            f"The table has columns of its own named {', '.join(taken)}: rename them, or give a list of paths."
        )
    return pd.DataFrame(videos.copy())


def for_each(
    work: Callable[..., Result], videos: Sequence[object], *more: object, executor: Executor | None
) -> list[tuple[Result | None, str | None]]:
    """Do one piece of work for every video: its result, or the sentence that says why there is none.

    Raises:
        InputError: ``executor`` is none.
    """
    if executor is None:
        return [attempt(work, video, *more) for video in videos]
    if not hasattr(executor, "submit"):
        raise InputError(
            f"executor is {executor!r}: give a concurrent.futures.Executor, for example ThreadPoolExecutor() or Dask's "
            "client.get_executor()."
        )
    futures: list[Future[tuple[Result | None, str | None]]] = []
    for video in videos:
        try:
            futures.append(executor.submit(attempt, work, video, *more))
        except Exception as fault:  # each kind of executor has its own for being shut down or broken
            futures.append(Future())
            futures[-1].set_exception(fault)
    return [_outcome(future, video) for future, video in zip(futures, videos, strict=True)]


def _outcome(future: Future[tuple[Result | None, str | None]], video: object) -> tuple[Result | None, str | None]:
    try:
        return future.result()
    except Exception as fault:  # the work raises none: a worker died, or something cannot travel to it
        said = " ".join(f"{type(fault).__name__}: {fault}".split())
        return None, f"{video} could not be worked on by the executor ({said}): try it without executor=."


def attempt(work: Callable[..., Result], video: object, *more: object) -> tuple[Result | None, str | None]:
    """Do one piece of work; runs where the executor runs it."""
    try:
        return work(video, *more), None
    except LsnbError as fault:
        return None, str(fault)
