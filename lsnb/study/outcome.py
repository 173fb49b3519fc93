"""What a sync did, as its report shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd

from lsnb.reports import Report

ROW_COLUMNS = ("annotator", "item", "status", "pulled", "error")


@dataclass(frozen=True, repr=False)
class SyncReport(Report):
    """What a sync did: a row per annotator and item, and the table with its answers.

    ``status`` is created, updated, removed, kept (no longer in the table, left on the server), merged (a second task of
    the item, without answers, taken away), unchanged, skipped (the row cannot be shown) or failed.

    Args:
        pulled: How many annotations came, changed or went since the last sync.
        labelled: The table with a column per control, or, for a pull, one row per item.
    """

    pulled: int = 0
    labelled: pd.DataFrame = field(default_factory=pd.DataFrame)

    noun: ClassVar[str] = "rows"

    @property
    def summary(self) -> str:
        """One line, for example ``12 created, 0 updated, 3 answers pulled``."""
        counts = dict(self.counts)
        parts = [f"{counts.pop(status, 0)} {status}" for status in ("created", "updated")]
        parts += [f"{n} {status}" for status, n in sorted(counts.items()) if status != "unchanged"]
        answers = "answer" if self.pulled == 1 else "answers"
        return ", ".join([*parts, f"{self.pulled} {answers} pulled"])


def report_rows(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the rows as a table in which what happened comes first: of a long one only the beginning is shown.

    Args:
        rows: One per annotator and item, with ``SyncReport``'s columns.

    Example:
        >>> same = {"annotator": "ana", "item": "1", "status": "unchanged", "pulled": 0, "error": None}
        >>> report_rows([same, {**same, "item": "2", "status": "created"}])["item"].tolist()
        ['2', '1']
    """
    happened = sorted(rows, key=lambda row: row["status"] == "unchanged" and not row["pulled"])
    return pd.DataFrame(happened, columns=list(ROW_COLUMNS))
