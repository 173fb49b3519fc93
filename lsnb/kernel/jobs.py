"""Jobs over an executor or here, with a bar; how many workers this computer can afford; threads it may not give."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar

from tqdm.auto import tqdm

from lsnb.errors import LsnbError
from lsnb.kernel.runtime import SHOWN_AFTER
from lsnb.kernel.words import kept_sentences, warn

Job = TypeVar("Job")
Result = TypeVar("Result")

# What the rest of the program may still want to open meanwhile.
_SPARE_HANDLES = 12
_MOST_HANDLES = 3  # a file, a connection, and what looking up an address takes


def affordable_workers(wanted: int, *, handles: int = _MOST_HANDLES) -> int:
    """Return how many workers can be at work at once without running out of file handles; at least 1.

    Args:
        wanted: How many there are to be.
        handles: How many files and connections each has open at most.

    Example:
        >>> affordable_workers(1)
        1
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY or limit > 4096 + handles * wanted:
        return wanted
    try:
        taken = len(os.listdir("/dev/fd"))  # noqa: PTH208  a Path would be made for each
    except OSError:  # none is left even for looking
        return 1
    return max(1, min(wanted, (limit - taken - _SPARE_HANDLES) // handles))


def is_started(thread: threading.Thread) -> bool:
    """Start a thread, and return whether the computer let us: some limit how many there may be.

    Args:
        thread: It has not been started yet.

    Example:
        >>> is_started(threading.Thread(target=list))
        True
    """
    try:
        thread.start()
    except RuntimeError as error:
        if "start new thread" not in str(error):
            raise
        return False
    return True


Count = Callable[[int], Any]
_shown: ContextVar[tuple[str, Count] | None] = ContextVar("_shown", default=None)


@contextmanager
def counting(what: str, total: int | None, unit: str) -> Iterator[Count]:
    """Yield what counts units that are done, shown as a bar once the work has taken two seconds.

    Work within such work counts in the outer one's bar, so that what reads one project can be part of what reads all;
    where it counts something else, the outer one counts alone.

    Args:
        what: What the bar says.
        total: How many units there are; None where nobody knows yet.
        unit: What it counts.

    Example:
        >>> with counting("Reading tasks", 2, "task") as count:
        ...     with counting("Reading a project's tasks", 2, "task") as also:
        ...         also is count
        True
        >>> with counting("Reading tasks", 2, "task") as count:
        ...     with counting("Deleting drafts", 9, "draft") as other:
        ...         other is count
        False
    """
    outer = _shown.get()
    if outer is not None:
        yield outer[1] if outer[0] == unit else uncounted
        return
    with tqdm(total=total, desc=what, unit=unit, delay=SHOWN_AFTER) as bar:
        count: Count = bar.update
        token = _shown.set((unit, count))
        try:
            yield count
        finally:
            _shown.reset(token)


def run_jobs(
    function: Callable[[Job, Callable[[int], Any]], Result],
    jobs: Sequence[Job],
    *,
    executor: Executor | None,
    progress: bool,
    what: str,
    unit: str,
    lost: Callable[[Job, str], Result],
    sizes: Sequence[int] | None = None,
) -> list[Result]:
    """Return each job's result, in the jobs' order.

    Args:
        function: Does one job, and says how far it is; a function of a module, so that it can be sent
            to another process. An ``LsnbError`` of its ends the run and is raised here.
        jobs: What it is called with.
        executor: Where the jobs run; None: here, one after the other.
        progress: Whether to show a progress bar.
        what: What the bar says.
        unit: What it counts.
        lost: Makes the result of a job that the executor lost, from the rest of a sentence whose subject is the job.
        sizes: How many units each job has; one by default.

    Example:
        >>> def double(job, count):
        ...     count(1)
        ...     return 2 * job
        >>> run_jobs(double, [1, 2], executor=None, progress=False, what="Doubling", unit="number", lost=print)
        [2, 4]
    """
    units = [1] * len(jobs) if sizes is None else sizes
    results: list[Any] = [None] * len(jobs)
    said: dict[int, list[tuple[str, bool]]] = {}
    with tqdm(total=sum(units), desc=what, unit=unit, disable=not progress or not jobs) as bar:
        if executor is None:
            for place, job in enumerate(jobs):
                results[place] = function(job, bar.update)
            return results
        work = partial(_with_sentences, function)
        futures: dict[Future[tuple[Result, list[tuple[str, bool]]]], int] = {}
        try:
            for place, job in enumerate(jobs):
                try:
                    future = executor.submit(work, job, uncounted)
                    if not isinstance(future, Future):
                        raise TypeError(f"its submit returns a {type(future).__name__}, and not a Future")
                    futures[future] = place
                except Exception as error:  # each kind of executor has its own for being shut down or broken
                    results[place] = lost(job, _lost(error))
                    bar.update(units[place])
            for future in as_completed(futures):
                place = futures[future]
                try:
                    results[place], said[place] = future.result()
                except LsnbError:
                    raise
                except Exception as error:
                    # A worker that was killed, or a machine that lacks the package: a row, and the others go on.
                    results[place] = lost(jobs[place], _lost(error))
                bar.update(units[place])
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    for place in sorted(said):
        for sentence, is_of_data in said[place]:
            warn(sentence, is_of_data=is_of_data)
    return results


def _with_sentences(
    function: Callable[[Job, Callable[[int], Any]], Result], job: Job, count: Callable[[int], Any]
) -> tuple[Result, list[tuple[str, bool]]]:
    """Return a job's result and what was said meanwhile, which in another process nobody would hear."""
    with kept_sentences() as kept:
        return function(job, count), kept


def side_by_side(act: Callable[[Job], Any], jobs: Sequence[Job], at_once: int, count: Count) -> None:
    """Do jobs in a few threads of this process; where it is interrupted, those under way are waited for.

    Args:
        act: Does one job, and raises nothing.
        jobs: What it is called with.
        at_once: How many at the same time.
        count: Counts each that is done.

    Example:
        >>> side_by_side([].append, [1, 2], 2, uncounted)
    """
    with ThreadPoolExecutor(at_once) as threads:
        try:
            futures = [threads.submit(act, job) for job in jobs]
            for future in as_completed(futures):
                future.result()
                count(1)
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise


def submitted(threads: Executor, act: Callable[[], Result]) -> Future[Result]:
    """Return what an act comes to: in a thread, or at once where the computer gives none.

    Args:
        threads: Where it runs.
        act: It may run twice where no thread could be had.

    Example:
        >>> with ThreadPoolExecutor(1) as threads:
        ...     submitted(threads, dict).result()
        {}
    """
    try:
        return threads.submit(act)
    except RuntimeError as error:
        if "start new thread" not in str(error):
            raise
    told: Future[Result] = Future()
    try:
        told.set_result(act())
    except Exception as fault:
        told.set_exception(fault)
    return told


def for_each(
    work: Callable[..., Result],
    media: Sequence[object],
    *more: object,
    executor: Executor | None,
    progress: bool,
    what: str,
    unit: str = "video",
    name: Callable[[Any], object] = str,
) -> list[tuple[Result | None, str | None]]:
    """Return what a piece of work gives for each medium, or the sentence that says why it gives nothing.

    Args:
        work: Called with a medium and ``more``; its ``LsnbError`` is the sentence.
        media: What there is to work on.
        more: Further arguments.
        executor: As in ``run_jobs``.
        progress: As in ``run_jobs``.
        what: As in ``run_jobs``.
        unit: As in ``run_jobs``.
        name: What a sentence calls a medium.

    Example:
        >>> for_each(len, ["a.mp4"], executor=None, progress=False, what="Counting")
        [(5, None)]
    """
    return run_jobs(
        _attempt,
        [(work, one, more, name(one)) for one in media],
        executor=executor,
        progress=progress,
        what=what,
        unit=unit,
        lost=_unworked,
    )


def _attempt(
    job: tuple[Callable[..., Result], object, tuple[object, ...], object], count: Callable[[int], Any]
) -> tuple[Result | None, str | None]:
    work, one, more, _ = job
    try:
        return work(one, *more), None
    except LsnbError as fault:
        return None, str(fault)
    finally:
        count(1)


def _unworked(job: tuple[Any, object, tuple[object, ...], object], why: str) -> tuple[None, str]:
    return None, f"{job[3]} {why}"


def _lost(error: Exception) -> str:
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return f"could not be worked on by the executor ({reason}): run the call again, or try it without executor=."


def uncounted(count: int) -> None:
    """Count nothing: a bar is not where the work is."""
