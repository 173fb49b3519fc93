"""What readers of predictions return: Label Studio results by item, and a row for each input with what is wrong."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd

from lsnb.errors import InputError, PartialFailureError
from lsnb.kernel.checks import checked, shown
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import counted, listing
from lsnb.shapes import Fault

REPORT_COLUMNS = ("index", "item", "name", "status", "error", "errors", "warnings", "regions")
READY, WARNING, FAILED, NOTHING = "ready", "warning", "failed", "no prediction"
SHOWN = 20
Result = dict[str, Any]


@dataclass
class Row:
    """One input of a reader, while it is read.

    Args:
        index: Its 0-based place among the inputs.
        item: The item's key, or None where it could not be told.
        name: What a person calls the input: a file's name, a feature, a label.
        results: Its Label Studio results; an empty list if a model looked and found nothing, None for no prediction.
        faults: What is wrong with it; an error makes it failed, and its results are not used.
        score: The score of the prediction as a whole, 0 to 1.
        split: ``training``, ``validation`` or ``test``, where the input says it.
    """

    index: int
    item: str | None = None
    name: str = ""
    results: list[Result] | None = None
    faults: list[Fault] = field(default_factory=list)
    score: float | None = None
    split: str = ""

    def error(self, code: str, message: str, path: str = "") -> None:
        """Note what makes the row fail."""
        self.faults.append(Fault(code, message, path))

    def warn(self, code: str, message: str, path: str = "") -> None:
        """Note what the reader should know, although the row is used."""
        self.faults.append(Fault(code, message, path, is_warning=True))

    @property
    def has_failed(self) -> bool:
        """Whether there is any error."""
        return any(not fault.is_warning for fault in self.faults)

    @property
    def status(self) -> str:
        """``ready``, ``warning``, ``failed`` or ``no prediction``."""
        if not self.faults:
            return READY if self.results is not None else NOTHING
        if self.has_failed:
            return FAILED
        return WARNING if self.results is not None else NOTHING


@dataclass(frozen=True, eq=False, repr=False)
class Predictions:
    """What a model says of items, checked, as Label Studio results.

    Args:
        results: Item → its results. An empty list: a model looked and found nothing. An item without a prediction is
            absent.
        scores: Item → the score of its prediction as a whole, 0 to 1, or None.
        table: A row per input: ``index, item, name, status`` (ready, warning, failed, no prediction), ``error`` (what
            went wrong, in words), ``errors`` and ``warnings`` (lists of ``{code, message, path}``, for programs) and
            ``regions`` (lists of region ids).
        splits: Item → ``training``, ``validation`` or ``test``, for those of which the input says it.
        notes: Sentences the reader should see besides the counts.

    Example:
        >>> box = {"id": "r1", "from_name": "b", "to_name": "i", "type": "rectangle", "value": {}}
        >>> predictions = make_predictions([Row(0, "a", results=[box]), Row(1, "b", results=[]), Row(2, "c")])
        >>> print(predictions.summary)
        2 ready, 1 no prediction: 1 region on 2 items
        >>> predictions.results["b"], "c" in predictions.results
        ([], False)
    """

    results: dict[str, list[Result]]
    scores: dict[str, float | None]
    table: pd.DataFrame
    splits: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    __hash__ = None  # type: ignore[assignment]
    noun: ClassVar[str] = "inputs"

    @property
    def counts(self) -> dict[str, int]:
        """Status → number of inputs, in order of first appearance."""
        return {str(status): int(n) for status, n in self.table["status"].value_counts(sort=False).items()}

    @property
    def failures(self) -> pd.DataFrame:
        """The rows of the table that failed."""
        return self.table[self.table["status"] == FAILED]

    @property
    def summary(self) -> str:
        """The counts as one line, for example ``12 ready, 1 failed: 40 regions on 12 items``."""
        if not len(self.table):
            return f"no {self.noun}"
        counts = ", ".join(f"{n} {status}" for status, n in self.counts.items())
        regions = sum(
            len({id(r) if r.get("id") is None else r["id"] for r in found}) for found in self.results.values()
        )
        return f"{counts}: {counted(regions, 'region')} on {counted(len(self.results), 'item')}"

    @property
    def tally(self) -> Tally:
        """What the reader saw and took, and what it left out with the reason, of which ``table`` has every row.

        Example:
            >>> print(make_predictions([Row(0, "a", results=[]), Row(1, "b")]).tally)
            predictions: 2 inputs, 1 taken, 1 left out (no prediction: 1)
        """
        used = self.table["status"].isin((READY, WARNING))
        tally = Tally("predictions", "input", seen=len(self.table), taken=int(used.sum()), notes=list(self.notes))
        for row in self.table[~used].itertuples():
            faults: Any = row.errors or row.warnings
            reason = str(faults[0]["message"]).rstrip(".") if faults else NOTHING
            tally.leave(reason, [row.name] if row.name else [], 1)
        return tally

    @property
    def told(self) -> list[str]:
        """What whoever stores these should see besides the rows that failed, as sentences.

        Example:
            >>> make_predictions([Row(0, "a", results=[]), Row(1, "b", name="task 2")], ["Drafts are left out."]).told
            ['Drafts are left out.', 'Nothing is said of it: task 2']
        """
        by_words: dict[str, list[str]] = {}
        row: Any
        for row in self.table[self.table["status"] != FAILED].itertuples():
            warnings = row.warnings
            words = [str(warning["message"]) for warning in warnings]
            for said in words or (["Nothing is said of it"] if row.status == NOTHING else []):
                by_words.setdefault(said.rstrip("."), []).append(row.name or str(row.item or row.index + 1))
        return [*self.notes, *(f"{said}: {listing(names)}" for said, names in by_words.items())]

    def raise_for_failures(self) -> None:
        """Raise if any input failed.

        Raises:
            PartialFailureError: With the number of failures and the first of them.
        """
        failures = self.failures
        if len(failures):
            first = failures.iloc[0]
            raise PartialFailureError(
                f"{len(failures)} of {len(self.table)} {self.noun} failed; the first: {_sentence(first)} "
                "Mend it and read the predictions again; .table has every row."
            )

    @staticmethod
    def merge(*parts: Predictions) -> Predictions:
        """Return several predictions as one, for example those of several files.

        Results of one item are put together; the same result twice counts once. Of several scores of an item the
        least is kept, and of several splits the last.

        Args:
            parts: What the readers returned.

        Raises:
            InputError: One of them is no ``Predictions``.
        """
        wrong = [type(part).__name__ for part in parts if not isinstance(part, Predictions)]
        if wrong:
            raise InputError(f"Only Predictions can be merged, and there is a {wrong[0]}: read it first.")
        results: dict[str, list[Result]] = {}
        scores: dict[str, float | None] = {}
        splits: dict[str, str] = {}
        for part in parts:
            for item, found in part.results.items():
                known = results.setdefault(item, [])
                known += [result for result in found if result not in known] if known else found
                scores[item] = least_score((scores.get(item), part.scores.get(item)))
            splits |= part.splits
        tables = [part.table for part in parts if len(part.table)]
        table = pd.concat(tables, ignore_index=True) if tables else _table([])
        notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
        return Predictions(results, scores, table, splits, notes)

    def __add__(self, other: Predictions) -> Predictions:
        return Predictions.merge(self, other) if isinstance(other, Predictions) else NotImplemented

    def __len__(self) -> int:
        """The number of items that have a prediction."""
        return len(self.results)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Predictions):
            return NotImplemented
        return (
            (self.results, self.scores, self.splits, self.notes)
            == (other.results, other.scores, other.splits, other.notes)
            and list(self.table.columns) == list(other.table.columns)
            and all(_plain(self.table[name]) == _plain(other.table[name]) for name in self.table.columns)
        )

    def __repr__(self) -> str:
        return "\n".join([f"Predictions: {self.summary}", *self.notes])

    def _repr_html_(self) -> str:
        lines = [f"<p><b>{html.escape(self.summary)}</b></p>"]
        lines += [f"<p>{html.escape(note)}</p>" for note in self.notes]
        for status, words in ((FAILED, "failed, and will not be sent"), (WARNING, "will be sent, with a warning")):
            rows = self.table[self.table["status"] == status]
            if len(rows):
                lines.append(f"<p>{counted(len(rows), 'input')} {words}:</p>")
                shown = rows.head(SHOWN)
                why = [_sentence(row) for _, row in shown.iterrows()]
                lines.append(shown[["index", "item", "name"]].assign(why=why).to_html(index=False, escape=True))
                if len(rows) > SHOWN:
                    lines.append(f"<p>… {len(rows) - SHOWN} more in <code>.table</code></p>")
        return "\n".join(lines)


@checked
def make_predictions(rows: Iterable[Any], notes: Sequence[str] = ()) -> Predictions:
    """Return the predictions that a reader's rows add up to.

    A row that failed gives no results; the other rows of the same item do. Results of one item are in the order of its
    rows; of several scores the least counts.

    Args:
        rows: The inputs, in order.
        notes: Sentences the reader should see besides the counts.

    Raises:
        InputError: Something in it is no ``Row``.
    """
    rows = list(rows)
    odd = [row for row in rows if not isinstance(row, Row)]
    if odd:
        raise InputError(f"rows holds {shown(odd[0])}: give lsnb.predictions.Row for each.")
    results: dict[str, list[Result]] = {}
    scores: dict[str, float | None] = {}
    splits: dict[str, str] = {}
    for row in rows:
        item, made = row.item, row.results
        if item is None or made is None or (row.faults and row.has_failed):
            continue
        if item not in results:
            results[item], scores[item] = list(made), row.score
        else:
            results[item] += made
            known = scores[item]
            scores[item] = row.score if known is None else least_score((known, row.score))
        if row.split:
            splits[row.item] = row.split
    return Predictions(results, scores, _table(rows), splits, tuple(notes))


def least_score(scores: Iterable[float | None]) -> float | None:
    """Return the least of the scores that are known, or None.

    Example:
        >>> least_score([None, 0.75, 0.5]), least_score([None])
        (0.5, None)
    """
    return min((score for score in scores if score is not None), default=None)


def _table(rows: Sequence[Row]) -> pd.DataFrame:
    # Most rows have no fault, and of a hundred thousand each look at a property counts.
    errors = [[one.as_dict() for one in row.faults if not one.is_warning] if row.faults else [] for row in rows]
    warnings = [[one.as_dict() for one in row.faults if one.is_warning] if row.faults else [] for row in rows]
    status = [row.status if row.faults else NOTHING if row.results is None else READY for row in rows]
    return pd.DataFrame(
        {
            "index": pd.array([row.index for row in rows], dtype="int64"),
            "item": pd.Series([row.item for row in rows], dtype=object),
            "name": pd.Series([row.name for row in rows], dtype=object),
            "status": pd.Series(status, dtype=object),
            "error": pd.Series([_words(faults) if faults else None for faults in errors], dtype=object),
            "errors": pd.Series(errors, dtype=object),
            "warnings": pd.Series(warnings, dtype=object),
            "regions": pd.Series([_regions(row) for row in rows], dtype=object),
        },
        columns=list(REPORT_COLUMNS),
    )


def _regions(row: Row) -> list[str]:
    if not row.results or (row.faults and row.has_failed):
        return []
    if len(row.results) == 1:
        region = row.results[0].get("id")
        return [] if region is None else [region]
    return list(dict.fromkeys([result["id"] for result in row.results if result.get("id") is not None]))


def _sentence(row: pd.Series[Any]) -> str:
    """Return why a row of the table failed, or what its warnings say, in words."""
    who = f"item {row['item']}: " if row["item"] is not None else f"input {row['index']}: "
    return who + _words(row["errors"] or row["warnings"])


def _words(faults: Sequence[dict[str, str]]) -> str:
    parts = [f"{fault['path']}: {fault['message']}" if fault["path"] else fault["message"] for fault in faults[:3]]
    more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
    return " ".join(parts) + more


def _plain(column: pd.Series[Any]) -> list[Any]:
    # Missing cells are unequal to themselves.
    return [None if isinstance(cell, float) and math.isnan(cell) else cell for cell in column.tolist()]
