"""What a reader saw, took and left out, with the reasons: the sum is right, or the difference is said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import pandas as pd

from lsnb.kernel.words import counted, listing, warn

KEY = "read"
# A table copies what is attached to it at every step, so few places are; the tally itself has all.
_PLACES = 20


@dataclass
class LeftOut:
    """One reason for which something was left out: how many, and where they stood."""

    n: int = 0
    places: list[str] = field(default_factory=list)


@dataclass
class Tally:
    """The account of one reader: it counts what a source holds before it reads, and what it took after it.

    ``seen`` is counted from the source itself and ``taken`` from what comes back, by different lines of the reader:
    what neither a reason nor the result accounts for is ``unexplained``, which is said, too, and which a property test
    of every reader holds at 0.

    Args:
        source: What was read, as the user knows it: a file's name.
        noun: What is counted, in the singular: ``"row"``, ``"annotation"``.
        several: The noun for several, where it takes more than an s.
        seen: How many the source holds.
        taken: How many came back.
        left_out: Reason → how many, and where.
        notes: Sentences about what was taken in another form than it stood: guesses, renamed columns.

    Example:
        >>> tally = Tally("posts.csv", seen=4, taken=2)
        >>> tally.leave("empty", ["row 3", "row 5"])
        >>> tally.note("posts.csv is taken to be Mac Roman.")
        >>> print(tally)
        posts.csv: 4 rows, 2 taken, 2 left out (empty: row 3, row 5)
        >>> tally.unexplained
        0
        >>> Tally("posts.csv", seen=4, taken=3).sentences()
        ['posts.csv: 4 rows, 3 taken, 1 left out (for a reason that lsnb cannot name; please report it: 1).']
    """

    source: str
    noun: str = "row"
    several: str | None = None
    seen: int = 0
    taken: int = 0
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def leave(self, reason: str, places: Iterable[object] = (), n: int | None = None) -> None:
        """Count what is left out for a reason.

        Args:
            reason: A few words that end a sentence: ``"empty"``, ``"no such task"``.
            places: Where they stood, such as ``"row 3"``.
            n: How many; by default as many as places.
        """
        known = [str(place) for place in places]
        of_reason = self.left_out.setdefault(reason, LeftOut())
        of_reason.n += len(known) if n is None else n
        of_reason.places += known

    def note(self, sentence: str) -> None:
        """Keep a sentence that the reader's user should see, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def add(self, other: Tally) -> None:
        """Add what was read elsewhere, of another file of the same reader."""
        self.seen += other.seen
        self.taken += other.taken
        for reason, of_reason in other.left_out.items():
            self.leave(reason, of_reason.places, of_reason.n)
        for sentence in other.notes:
            self.note(sentence)

    @property
    def unexplained(self) -> int:
        """How many are neither taken nor left out for a reason; below 0 where more came back than there were."""
        return self.seen - self.taken - sum(of_reason.n for of_reason in self.left_out.values())

    @property
    def table(self) -> pd.DataFrame:
        """What was left out, a row per reason: ``reason, n, places``."""
        rows = [(reason, of_reason.n, list(of_reason.places)) for reason, of_reason in self.left_out.items()]
        return pd.DataFrame(rows, columns=["reason", "n", "places"])

    def sentences(self) -> list[str]:
        """Return what the reader's user should see: what was left out, if anything was, and the notes."""
        return [*([f"{self}."] if self.left_out or self.unexplained else []), *self.notes]

    def warn(self) -> None:
        """Say each sentence as a warning that names the user's own line."""
        for sentence in self.sentences():
            warn(sentence)

    def attach(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the table with this account in ``table.attrs["read"]``, in words and numbers that JSON has."""
        table.attrs[KEY] = {
            "source": self.source,
            "noun": self.noun,
            **({} if self.several is None else {"several": self.several}),
            "seen": self.seen,
            "taken": self.taken,
            "left_out": [
                {"reason": reason, "n": of_reason.n, "places": of_reason.places[:_PLACES]}
                for reason, of_reason in self.left_out.items()
            ],
            "notes": list(self.notes),
        }
        return table

    def __str__(self) -> str:
        parts = [counted(self.seen, self.noun, self.several), f"{self.taken} taken"]
        reasons = [(reason, of_reason.n, of_reason.places) for reason, of_reason in self.left_out.items()]
        if self.unexplained:
            reasons.append(("for a reason that lsnb cannot name; please report it", self.unexplained, []))
        if reasons:
            why = "; ".join(f"{reason}: {_where(n, places)}" for reason, n, places in reasons)
            parts.append(f"{sum(n for _, n, _ in reasons)} left out ({why})")
        return f"{self.source}: {', '.join(parts)}"


def _where(n: int, places: Sequence[str]) -> str:
    return listing(places) if len(places) == n else str(n)


def tally_of(table: pd.DataFrame | pd.Series[Any]) -> Tally | None:
    """Return the account that a reader attached to its table, or None where there is none.

    It tells of the file that was read, and stays with what is made from the table.

    Args:
        table: What a reader of lsnb returned.

    Example:
        >>> tally_of(Tally("a.csv", seen=2, taken=2).attach(pd.DataFrame({"x": [1, 2]}))).seen
        2
        >>> tally_of(pd.DataFrame()) is None
        True
    """
    kept: dict[str, Any] | None = table.attrs.get(KEY)
    if kept is None:
        return None
    reasons = {each["reason"]: LeftOut(each["n"], list(each["places"])) for each in kept["left_out"]}
    return Tally(
        kept["source"],
        kept["noun"],
        kept.get("several"),
        seen=kept["seen"],
        taken=kept["taken"],
        left_out=reasons,
        notes=list(kept["notes"]),
    )


def sheet_rows(positions: Sequence[int], table: pd.DataFrame | pd.Series[Any] | None = None) -> str:
    """Return positions in a table as a spreadsheet numbers them: the header is row 1.

    Of a table that a reader gave, or a part of it, they are the file's own rows, with those that it left out.

    Args:
        positions: 0-based positions of rows.
        table: The table, or a column of it.

    Example:
        >>> sheet_rows([0]), sheet_rows([0, 3])
        ('row 2', 'rows 2, 5')
        >>> read = Tally("a.csv", seen=3, taken=2)
        >>> read.leave("empty", ["row 3"])
        >>> table = read.attach(pd.DataFrame({"x": ["a", None]}))
        >>> sheet_rows([0, 1], table), sheet_rows([0], table[1:])
        ('rows 2, 4', 'row 4')
    """
    numbers = [position + 2 for position in positions]
    account = tally_of(table) if table is not None else None
    unknown = ""
    if table is not None and account is not None and account.noun == "row":
        labels = [int(label) for label in table.index[list(positions)] if isinstance(label, Integral)]
        # The reader numbered its rows from 0; a table that is numbered otherwise is no part of it any more.
        if len(labels) == len(positions) and all(0 <= label < account.taken for label in labels):
            numbers = [label + 2 for label in labels]
            places = [place for of_reason in account.left_out.values() for place in of_reason.places]
            gone = sorted(int(place[4:]) for place in places if re.fullmatch(r"row \d+", place))
            if len(gone) == sum(of_reason.n for of_reason in account.left_out.values()):
                for place in gone:
                    numbers = [number + (number >= place) for number in numbers]
            else:
                unknown = " without those left out"
    return f"{'row' if len(numbers) == 1 else 'rows'} {listing(numbers)}{unknown}"
