"""Many files into a bucket: what is not there yet, on many connections, with a row for each."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pandas as pd
from tqdm.auto import tqdm

from lsnb.bucket.faults import NoAnswer, Refusal, as_error
from lsnb.bucket.listing import Stored, find_objects
from lsnb.bucket.parallel import run_parallel
from lsnb.bucket.planning import Job, Plan, check_collisions, check_folders
from lsnb.bucket.sending import LARGE, Corrupt, Sender, Taken, warning_of
from lsnb.bucket.sources import NoSource, SourceFault
from lsnb.errors import LsnbError, PartialFailureError
from lsnb.kernel.formats import content_type
from lsnb.reports import Report
from lsnb.tables.keys import sheet_rows

Overwrite = Literal["never", "changed", "always"]
Status = Literal["uploaded", "exists", "changed", "missing", "failed"]

# What another run or person put under the name must not be handed out as this file.
_OURS = frozenset({"uploaded", "exists", "missing"})
# So many objects one after another without an answer: the service is away, and the rest would only wait for it.
GIVE_UP_AFTER = 16


@dataclass(frozen=True, repr=False)
class UploadReport(Report):
    """What an upload did.

    ``.table`` is the user's table with four columns more: ``uri`` (``gs://…``, missing where the bucket does not
    hold this file), ``status``, ``bytes`` and ``error``. The statuses are ``uploaded``; ``exists`` (the same bytes
    were there); ``changed`` (other bytes are there, and were left alone); ``missing`` (no such file here; its object,
    if there is one, could not be compared and keeps its ``uri``); ``failed``.
    """

    noun: ClassVar[str] = "files"
    failure_statuses: ClassVar[frozenset[str]] = frozenset({"failed", "missing", "changed"})

    @property
    def warning(self) -> str | None:
        """What went wrong in one or two sentences, or None where every file is in the bucket."""
        failures = self.failures
        if failures.empty:
            return None
        counts = ", ".join(f"{n} {status}" for status, n in self.counts.items() if status in self.failure_statuses)
        said = f"{len(failures)} of {len(self.table)} files failed ({counts}); the first: {failures['error'].iloc[0]}"
        if (failures["status"] != "changed").any():
            said += " Mend it and run the same call again: what is done stays done."
        if "changed" in set(failures["status"].iloc[1:]) - {failures["status"].iloc[0]}:
            said += ' overwrite="changed" puts your file in the place of an object that differs.'
        return said

    def raise_for_failures(self) -> None:
        """Raise if any file is not in the bucket as it is here.

        Raises:
            PartialFailureError: With the number of failures and the first of them.
        """
        if self.warning:
            raise PartialFailureError(self.warning)


@dataclass(frozen=True)
class Outcome:
    """What became of one job.

    Args:
        job: The job.
        status: One of the report's statuses.
        stored: The object, where there is one.
        error: The sentence for the row.
        warning: Why browsers cannot show the file, where that is known.
    """

    job: Job
    status: Status
    stored: Stored | None = None
    error: str | None = None
    warning: str | None = None


class Run:
    """One upload: looks, compares, sends.

    Args:
        sender: Sends the files.
        overwrite: What to do where other bytes are there.
        workers: The most connections.
        progress: Whether to show a progress bar.
    """

    def __init__(self, sender: Sender, *, overwrite: Overwrite, workers: int, progress: bool) -> None:
        self.sender = sender
        self.overwrite = overwrite
        self.workers = workers
        self.progress = progress
        self._lock = threading.Lock()
        self._faults_in_a_row = 0
        self._outage: str | None = None

    def upload(self, plan: Plan) -> list[Outcome]:
        """Return what became of each job of a plan.

        Raises:
            InputError: Different files want the same name, or a name is a folder of another's.
            BucketError: The bucket cannot be listed.
            CredentialsError: No access token can be had.
        """
        cancel = self.sender.cancel
        wire = self.sender.wire
        there: dict[str, Stored] = {}
        jobs: Sequence[Job] = plan.jobs
        wanted = plan.jobs
        is_listed = threading.Event()

        def look_here() -> None:
            nonlocal jobs
            for _ in run_parallel(Job.look, wanted, workers=self.workers, cancel=cancel, is_quick=True):
                pass
            jobs = check_collisions(wanted, self._crc32c)
            self._sum_ahead(jobs, is_listed)

        def look_there() -> None:
            names = [job.name for job in wanted]
            try:
                there.update(
                    find_objects(
                        wire,
                        self.sender.bucket,
                        names,
                        cancel=cancel,
                        patience=self.sender.patience,
                        with_clashes=plan.keeps_objects_as_files,
                    )
                )
            finally:
                is_listed.set()

        try:
            for _ in run_parallel(lambda look: look(), [look_here, look_there], workers=2, cancel=cancel):
                pass
        except (Refusal, NoAnswer) as fault:
            raise as_error(fault, bucket=self.sender.bucket, endpoint=wire.endpoint, action="list") from None
        if plan.keeps_objects_as_files:
            check_folders(jobs, there)
        total = sum(job.facts.size for job in jobs if job.facts)
        is_all_there = self.overwrite != "always" and all(job.name in there for job in jobs)
        outcomes: list[Outcome] = []
        with tqdm(
            total=total, unit="B", unit_scale=True, desc="Uploading", disable=not self.progress, smoothing=0.1
        ) as bar:

            def settle(job: Job) -> Outcome:
                return self._settle(job, there.get(job.name), bar)

            for outcome in run_parallel(settle, jobs, workers=self.workers, cancel=cancel, is_quick=is_all_there):
                outcomes.append(outcome)
                bar.set_postfix_str(f"{len(outcomes)}/{len(jobs)} files", refresh=False)
        return outcomes

    def _sum_ahead(self, jobs: Sequence[Job], is_listed: threading.Event) -> None:
        """Sum files while the listing is on its way: where all is there, that is most of what is left to do."""
        for job in jobs:
            if is_listed.is_set() or self.overwrite == "always":
                return
            if job.facts is not None and job.facts.size < LARGE:
                with contextlib.suppress(SourceFault):
                    self._crc32c(job)

    def _crc32c(self, job: Job) -> str:
        assert job.facts is not None
        if job.crc32c is None:
            job.crc32c = self.sender.crc32c(job.source, job.facts)
        return job.crc32c

    def _settle(self, job: Job, stored: Stored | None, bar: Any) -> Outcome:
        counted = 0

        def count(size: int) -> None:
            nonlocal counted
            counted += size
            with self._lock:
                bar.update(size)

        try:
            return self._compare_and_send(job, stored, count)
        except NoSource as fault:
            also = " Its object is in the bucket, and was not compared." if stored else ""
            return Outcome(job, "missing", stored, f"{fault}{also}")
        except SourceFault as fault:
            return Outcome(job, "failed", stored, str(fault))
        finally:
            if job.facts is not None:
                count(job.facts.size - counted)

    def _compare_and_send(self, job: Job, stored: Stored | None, count: Any) -> Outcome:
        if job.facts is None:
            raise job.fault or NoSource(f"No file {job.source.where}.")
        if stored is not None and self.overwrite != "always":
            is_same = stored.size == job.facts.size and (self._crc32c(job) == stored.crc32c if stored.size else True)
            if is_same:
                return Outcome(job, "exists", stored, warning=warning_of(job.source, job.facts, job.name))
            if self.overwrite == "never":
                return Outcome(job, "changed", stored, _differs(job.name), warning_of(job.source, job.facts, job.name))
        if self._outage:
            return Outcome(job, "failed", stored, f"Not tried: {self._outage}")
        return self._send(job, stored, count)

    def _send(self, job: Job, stored: Stored | None, count: Any) -> Outcome:
        assert job.facts is not None
        try:
            sent, warning = self.sender.send(
                job.source,
                job.facts,
                job.name,
                content_type=content_type(job.name),
                generation=stored.generation if stored else 0,
                on_bytes=count,
            )
        except Taken as taken:
            if stored is None and self.overwrite == "never":
                return Outcome(job, "changed", taken.stored, _differs(job.name))
            return Outcome(
                job,
                "failed",
                taken.stored,
                f"Somebody else wrote {job.name!r} at the same time: run the call again to compare.",
            )
        except Corrupt:
            return Outcome(
                job,
                "failed",
                None,
                f"{job.name!r} did not arrive whole and was taken out again: run the call again.",
            )
        except (Refusal, NoAnswer) as fault:
            return self._failed(job, stored, fault)
        except LsnbError as error:
            # No access token any more: no other object will fare better.
            self._outage = str(error)
            return Outcome(job, "failed", stored, str(error))
        with self._lock:
            self._faults_in_a_row = 0
        return Outcome(job, "uploaded", sent, warning=warning)

    def _failed(self, job: Job, stored: Stored | None, fault: Refusal | NoAnswer) -> Outcome:
        error = as_error(
            fault,
            bucket=self.sender.bucket,
            endpoint=self.sender.wire.endpoint,
            action="replace" if stored else "create",
            what=job.name,
        )
        if isinstance(fault, NoAnswer) or fault.is_passing:
            with self._lock:
                self._faults_in_a_row += 1
                if self._faults_in_a_row >= GIVE_UP_AFTER and not self._outage:
                    self._outage = str(error)
        return Outcome(job, "failed", stored, str(error))


def make_report(table: pd.DataFrame, plan: Plan, outcomes: Sequence[Outcome], bucket: str) -> UploadReport:
    """Return the report: the user's table, with a status for each row.

    Args:
        table: The user's table; it is copied.
        plan: What was planned.
        outcomes: What became of it.
        bucket: The bucket's name.
    """
    count = len(table)
    uris: list[str | None] = [None] * count
    statuses: list[str] = ["missing"] * count
    sizes: list[int | None] = [None] * count
    errors: list[str | None] = [None] * count
    warnings: dict[str, list[int]] = defaultdict(list)
    for position, (status, sentence) in plan.unreadable.items():
        statuses[position], errors[position] = status, sentence
    for outcome in outcomes:
        for row in outcome.job.rows:
            if outcome.stored is not None and outcome.status in _OURS:
                uris[row] = f"gs://{bucket}/{outcome.job.name}"
            statuses[row] = outcome.status
            errors[row] = outcome.error
            facts = outcome.job.facts
            sizes[row] = facts.size if facts else outcome.stored.size if outcome.stored else None
        if outcome.warning:
            warnings[outcome.warning].extend(outcome.job.rows)
    made = table.copy()
    made["uri"] = pd.Series(uris, dtype=object).to_numpy()
    made["status"] = statuses
    made["bytes"] = pd.array(sizes, dtype="Int64")
    made["error"] = pd.Series(errors, dtype=object).to_numpy()
    notes = [f"{what} ({_count(len(rows))}, {sheet_rows(sorted(rows))})." for what, rows in warnings.items()]
    changed = statuses.count("changed")
    if changed:
        differs = "differs" if changed == 1 else "differ"
        notes.append(
            f"{_count(changed)} {differs} from what the bucket holds under the name, and "
            f'{"was" if changed == 1 else "were"} not sent: overwrite="changed" replaces what is there.'
        )
    return UploadReport(made, tuple(notes))


def _count(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"


def _differs(name: str) -> str:
    return f'The object {name!r} differs from this file and was left as it is: overwrite="changed" replaces it.'
