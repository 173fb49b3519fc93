"""What a network said of a file, kept by network and checksum, so that a second run costs nothing."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

VERSION = 1
BATCH = 500  # SQLite takes at most 999 values in one question in its older releases


class Memory:
    """Answers of one network, in a file that may be deleted at any time.

    Several processes may use one file. A file that cannot be used is reported once and done without.

    Args:
        path: The file; None remembers for this object's life only.
        network: What identifies the network and its settings.

    Example:
        >>> memory = Memory(None, "tiny")
        >>> memory.keep({"checksum": b"answer"})
        >>> memory.recall(["checksum", "other"])
        {'checksum': b'answer'}
    """

    def __init__(self, path: Path | None, network: str) -> None:
        self._path = path
        self._network = f"{VERSION}|{network}"
        self._known: dict[str, bytes] = {}

    def __contains__(self, checksum: str) -> bool:
        return bool(self.recall([checksum]))

    def recall(self, checksums: Iterable[str]) -> dict[str, bytes]:
        """Return what is remembered of files: checksum → answer.

        Args:
            checksums: Of the files.
        """
        wanted = list(dict.fromkeys(checksums))
        absent = [checksum for checksum in wanted if checksum not in self._known]
        if absent and self._path is not None and self._path.exists():
            try:
                with closing(self._open()) as base:
                    for start in range(0, len(absent), BATCH):
                        part = absent[start : start + BATCH]
                        marks = ",".join("?" * len(part))
                        question = f"SELECT checksum, answer FROM answers WHERE network = ? AND checksum IN ({marks})"
                        self._known.update(base.execute(question, [self._network, *part]).fetchall())
            except (sqlite3.Error, OSError) as fault:
                self._give_up(fault)
        return {checksum: self._known[checksum] for checksum in wanted if checksum in self._known}

    def keep(self, answers: Mapping[str, bytes]) -> None:
        """Remember answers.

        Args:
            answers: Checksum → answer.
        """
        self._known.update(answers)
        if self._path is None or not answers:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as base, base:
                base.executemany(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)",
                    [(self._network, checksum, answer) for checksum, answer in answers.items()],
                )
        except (sqlite3.Error, OSError) as fault:
            self._give_up(fault)

    def _open(self) -> sqlite3.Connection:
        base = sqlite3.connect(str(self._path), timeout=30)
        base.execute(
            "CREATE TABLE IF NOT EXISTS answers "
            "(network TEXT, checksum TEXT, answer BLOB, PRIMARY KEY (network, checksum)) WITHOUT ROWID"
        )
        return base

    def _give_up(self, fault: Exception) -> None:
        warnings.warn(
            f"The results kept in {self._path} cannot be used ({fault}): delete the file to have them kept again. "
            "This run goes on without.",
            stacklevel=4,
        )
        self._path = None
