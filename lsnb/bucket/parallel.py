"""Many small jobs on as many threads as the computer can afford, ended at once when the user interrupts."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from lsnb.bucket.faults import Cancelled
from lsnb.kernel.jobs import affordable_workers, is_started

Item = TypeVar("Item")
Result = TypeVar("Result")

# Seconds an interrupted run waits for requests that are on their way; the threads are daemons, so that a server
# that never answers cannot hold the interpreter.
GRACE = 2.0
GROW_EVERY = 0.02
BATCHES = 256


def run_parallel(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int,
    cancel: threading.Event,
    is_quick: bool = False,
) -> Iterator[Result]:
    """Yield the results as they come, in no order.

    Args:
        function: The job. What it raises ends the run, is raised here, and sets ``cancel``.
        items: What it is called with.
        workers: The most threads; fewer where the computer has not as many file handles or threads to give.
        cancel: Set when the run ends early: by an interrupt, an error, or the caller going away. Jobs look at it.
        is_quick: Whether a job may take microseconds, as a look at a local file does, or a round trip, as on a
            mounted drive: it starts with two threads, which is best for the former, and adds more as time passes.
    """
    waiting = list(items)
    size = max(1, len(waiting) // BATCHES) if is_quick else 1
    batches = [waiting[start : start + size] for start in range(0, len(waiting), size)]
    threads_wanted = affordable_workers(min(workers, len(batches)))
    todo: queue.SimpleQueue[list[Item]] = queue.SimpleQueue()
    for batch in batches:
        todo.put(batch)
    done: queue.SimpleQueue[tuple[list[Result], BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            if cancel.is_set():
                done.put(([], Cancelled()))
                return
            try:
                batch = todo.get_nowait()
            except queue.Empty:
                return
            try:
                done.put(([function(item) for item in batch], None))
            except BaseException as error:
                done.put(([], error))
                return

    threads: list[threading.Thread] = []

    def add_thread() -> bool:
        thread = threading.Thread(target=work, daemon=True, name="lsnb-upload")
        if is_started(thread):
            threads.append(thread)
            return True
        if not threads:
            work()
        return False

    is_complete = False
    try:
        for _ in range(min(threads_wanted, 2) if is_quick else threads_wanted):
            if not add_thread():
                threads_wanted = len(threads)
                break
        grown_at = time.monotonic()
        left = len(batches)
        while left:
            if len(threads) < threads_wanted and time.monotonic() - grown_at > GROW_EVERY:
                if not add_thread():
                    threads_wanted = len(threads)
                grown_at = time.monotonic()
            try:
                # With a time-out, since on Windows a wait without one cannot be interrupted.
                results, error = done.get(timeout=GROW_EVERY if len(threads) < threads_wanted else 0.5)
            except queue.Empty:
                continue
            if error is not None:
                raise _cause(error, done, threads)
            left -= 1
            yield from results
        is_complete = True
    finally:
        if not is_complete:
            cancel.set()
        _join(threads)


def _cause(
    error: BaseException,
    done: queue.SimpleQueue[tuple[list[Result], BaseException | None]],
    threads: list[threading.Thread],
) -> BaseException:
    """Return what ended the run: a job that was told to stop may be heard of before the one that failed."""
    if isinstance(error, Cancelled):
        _join(threads)
        while not done.empty():
            _, other = done.get()
            if other is not None and not isinstance(other, Cancelled):
                return other
    return error


def _join(threads: list[threading.Thread]) -> None:
    until = time.monotonic() + GRACE
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
