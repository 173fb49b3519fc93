"""What a verb did: counts, a row per item, and a sentence a student understands."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from lsnb.errors import PartialFailureError
from lsnb.kernel.words import and_again


@dataclass(frozen=True, repr=False)
class Report:
    """The outcome of one verb over many items.

    A subclass names its noun and the statuses that count as failures. Part-way failure is a row here
    (``status``, ``error``), never a lost run.

    Args:
        table: One row per item, with at least the columns ``status`` and ``error`` (text or missing).
        notes: Sentences the reader should see besides the counts.

    Example:
        >>> report = Report(pd.DataFrame({"status": ["done", "failed"], "error": [None, "No file a.png."]}))
        >>> print(report.summary)
        1 done, 1 failed
        >>> report.raise_for_failures()
        Traceback (most recent call last):
        ...
        lsnb.errors.PartialFailureError: 1 of 2 items failed; the first: No file a.png. Mend it and ...
    """

    table: pd.DataFrame
    notes: tuple[str, ...] = field(default=())

    noun: ClassVar[str] = "items"
    failure_statuses: ClassVar[frozenset[str]] = frozenset({"failed", "missing"})

    @property
    def counts(self) -> Mapping[str, int]:
        """Status → number of rows, in order of first appearance."""
        return {str(status): int(n) for status, n in self.table["status"].value_counts(sort=False).items()}

    @property
    def failures(self) -> pd.DataFrame:
        """The rows that failed."""
        return self.table[self.table["status"].isin(self.failure_statuses)]

    @property
    def summary(self) -> str:
        """The counts as one line, for example ``12 uploaded, 3 exists``."""
        parts = [f"{n} {status}" for status, n in self.counts.items()]
        return ", ".join(parts) if parts else f"no {self.noun}"

    def raise_for_failures(self) -> None:
        """Raise if any row failed.

        Raises:
            PartialFailureError: With the number of failures and the first of them.
        """
        failures = self.failures
        if len(failures):
            first = str(failures["error"].iloc[0])
            said = f"{len(failures)} of {len(self.table)} {self.noun} failed; the first: {first}"
            raise PartialFailureError(and_again(said, "Mend it and "))

    def __repr__(self) -> str:
        return "\n".join([f"{type(self).__name__}: {self.summary}", *self.notes])

    def _repr_html_(self) -> str:
        lines = [f"<p><b>{html.escape(self.summary)}</b></p>"]
        lines += [f"<p>{html.escape(note)}</p>" for note in self.notes]
        failures = self.failures
        if len(failures):
            verb = "needs" if len(failures) == 1 else "need"
            told = f"{len(failures)} of {len(self.table)} {html.escape(self.noun)} {verb} attention:"
            lines.append(f"<p>{told}</p>")
            lines.append(_html(_told_first(failures.head(20))))
        lines.append(_html(self.table.head(10)))
        if len(self.table) > 10:
            lines.append(f"<p>… {len(self.table) - 10} more rows in <code>.table</code></p>")
        return "\n".join(lines)


def _told_first(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with what went wrong behind its first column: where it is shown, a wide one is cut."""
    told = [place for place, name in enumerate(table.columns) if place and name in ("status", "error")]
    return table.iloc[:, [0, *told, *(place for place in range(1, table.shape[1]) if place not in told)]]


def _html(table: pd.DataFrame) -> str:
    """Return a table as HTML in which a missing cell is empty, instead of None, nan or <NA>."""
    return str(table.astype(object).where(table.notna(), "").to_html(escape=True))
