"""One job per video, here or on an executor, with the results in the order of the jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, as_completed
from typing import Any, TypeVar

from tqdm.auto import tqdm

Job = TypeVar("Job")
Result = TypeVar("Result")


def executor_problems(executor: object) -> list[str]:
    """Return what is wrong with an executor, as sentences.

    Example:
        >>> executor_problems(4)
        ['executor is 4: give a concurrent.futures.Executor, such as ProcessPoolExecutor(), or leave it out.']
    """
    if executor is None or callable(getattr(executor, "submit", None)):
        return []
    return [
        f"executor is {executor!r}: give a concurrent.futures.Executor, such as ProcessPoolExecutor(), or leave it out."
    ]


def run_jobs(
    function: Callable[[Job, Callable[[int], Any]], Result],
    jobs: Sequence[Job],
    *,
    executor: Executor | None,
    progress: bool,
    what: str,
    unit: str,
    sizes: Sequence[int],
    lost: Callable[[Job, str], Result],
) -> list[Result]:
    """Return each job's result, in the jobs' order.

    Args:
        function: Does one job, and says how far it is; a function of a module, so that it can be sent
            to another process.
        jobs: What it is called with.
        executor: Where the jobs run; None: here, one after the other.
        progress: Whether to show a progress bar.
        what: What the bar says.
        unit: What it counts.
        sizes: How many of them each job has.
        lost: Makes the result of a job whose worker died, from the reason.
    """
    results: list[Any] = [None] * len(jobs)
    with tqdm(total=sum(sizes), desc=what, unit=unit, disable=not progress) as bar:
        if executor is None:
            for place, job in enumerate(jobs):
                results[place] = function(job, bar.update)
            return results
        futures: dict[Future[Result], int] = {}
        try:
            for place, job in enumerate(jobs):
                try:
                    futures[executor.submit(function, job, uncounted)] = place
                except Exception as error:  # its last worker is gone, or it was shut down
                    results[place] = lost(job, f"{type(error).__name__}: {error}")
            for future in as_completed(futures):
                place = futures[future]
                try:
                    results[place] = future.result()
                except Exception as error:
                    # A worker that was killed, or a machine that lacks the package: a row, and the others go on.
                    results[place] = lost(jobs[place], f"{type(error).__name__}: {error}")
                bar.update(sizes[place])
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    return results


def uncounted(count: int) -> None:
    """Count nothing: a bar is not where the work is."""
