"""Many small jobs on many threads, ended at once when the user interrupts."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Seconds an interrupted run waits for requests that are on their way; the threads are daemons, so that a server
# that never answers cannot hold the interpreter.
GRACE = 2.0


def run_parallel(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int,
    cancel: threading.Event,
) -> Iterator[Result]:
    """Yield the results as they come, in no order.

    Args:
        function: The job. What it raises ends the run, is raised here, and sets ``cancel``.
        items: What it is called with.
        workers: The most threads.
        cancel: Set when the run ends early: by an interrupt, an error, or the caller going away. Jobs look at it.
    """
    waiting = list(items)
    threads_wanted = min(workers, len(waiting))
    if threads_wanted <= 0:
        return
    todo: queue.SimpleQueue[Item] = queue.SimpleQueue()
    for item in waiting:
        todo.put(item)
    done: queue.SimpleQueue[tuple[Result | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        while not cancel.is_set():
            try:
                item = todo.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((function(item), None))
            except BaseException as error:
                done.put((None, error))
                return

    threads = [threading.Thread(target=work, daemon=True, name="lsnb-upload") for _ in range(threads_wanted)]
    for thread in threads:
        thread.start()
    is_complete = False
    try:
        for _ in waiting:
            result, error = _next(done)
            if error is not None:
                raise error
            yield result  # type: ignore[misc]  # None only beside an error
        is_complete = True
    finally:
        if not is_complete:
            cancel.set()
        until = time.monotonic() + GRACE
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))


def _next(
    done: queue.SimpleQueue[tuple[Result | None, BaseException | None]],
) -> tuple[Result | None, BaseException | None]:
    while True:
        try:
            # With a time-out, since on Windows a wait without one cannot be interrupted.
            return done.get(timeout=0.5)
        except queue.Empty:
            continue
