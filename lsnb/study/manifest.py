"""What a study keeps about itself on the server: one line of JSON in each project's description."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lsnb.sampling.chance import is_whole

VERSION = 1
MARK = "lsnb-study"
TITLE_LIMIT = 50  # Label Studio's own limit for a project's title
SEPARATOR = " · "


@dataclass(frozen=True)
class Manifest:
    """A study as one of its projects describes it.

    Args:
        study: The study's id: its identity; the title is only how people look it up.
        title: The study's title, whole (a project's title may be shortened).
        annotator: Whose project this is.
        annotators: Those the study was made with, in the order given.
        key: The table's column that identifies an item.
        seed: What orders and assigns items.
        overlap: Who does what: ``"full"``, or what ``sampling.assign`` takes.
        config: The label config's fingerprint.
        items: A digest of the item keys of the whole study, whatever their order.
        n: How many items the study has.
        columns: Column of the table → field of the config that shows it.
        where: The condition that rows of the table meet, or empty.
        predictions: Column of the table → control whose predictions it holds.
        added: Annotators who came later; the call that made the study need not name them to be the same call.
    """

    study: str
    title: str
    annotator: str
    annotators: tuple[str, ...]
    key: str
    seed: int
    overlap: Any
    config: str
    items: str
    n: int
    columns: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    added: tuple[str, ...] = ()
    predictions: Mapping[str, str] = field(default_factory=dict)

    @property
    def everybody(self) -> tuple[str, ...]:
        """All annotators: those the study was made with, then those who came later."""
        return (*self.annotators, *self.added)

    @property
    def is_sound(self) -> bool:
        """Whether every field is what it should be; anybody in a project can edit its description."""
        texts = (self.study, self.title, self.annotator, self.key, self.config, self.items, self.where, *self.everybody)
        tables = (self.columns, self.predictions)
        return (
            all(isinstance(text, str) for text in texts)
            and all(type(number) is int for number in (self.seed, self.n))
            and all(isinstance(table, dict) for table in tables)
            and all(isinstance(cell, str) for table in tables for pair in table.items() for cell in pair)
        )

    def describe(self) -> str:
        """Return the description of this manifest's project: a sentence for people, a line for lsnb."""
        fields = {**asdict(self), "version": VERSION}
        line = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        return (
            f"{self.annotator}'s copy of the study “{self.title}”, made with lsnb. "
            f"Please keep the next line as it is.\n{MARK} {line}"
        )

    def task_meta(self) -> dict[str, Any]:
        """Return what each task says about its study, so that an edited description can be rebuilt from the tasks."""
        return {
            "study": self.study,
            "annotator": self.annotator,
            "annotators": list(self.annotators),
            "added": list(self.added),
            "key": self.key,
            "seed": self.seed,
            "overlap": self.overlap,
            "columns": dict(self.columns),
            "where": self.where,
            "predictions": dict(self.predictions),
        }

    def belongs_to(self, annotator: str) -> Manifest:
        """Return this manifest for another annotator's project.

        Args:
            annotator: Whose project it is.
        """
        return replace(self, annotator=annotator)


def study_id(title: str, key: str, seed: int, digest: str) -> str:
    """Return the id of a new study: the same in two kernels that make the same study at the same time.

    Args:
        title: The study's title.
        key: The column that identifies an item.
        seed: What orders and assigns items.
        digest: The digest of its items.

    Example:
        >>> study_id("Mood", "id", 0, "d") == study_id("Mood", "id", 0, "d") != study_id("Mood", "id", 1, "d")
        True
    """
    return hashlib.sha256("\x00".join((title, key, str(seed), digest)).encode()).hexdigest()[:12]


def parse_manifest(description: str) -> Manifest | None:
    """Return the manifest in a project's description, or None where there is none that can be read.

    Args:
        description: The project's description, perhaps edited by a teammate.

    Example:
        >>> parse_manifest("My own project") is None
        True
    """
    for line in description.splitlines():
        mark, _, text = line.strip().partition(" ")
        if mark != MARK:
            continue
        try:
            fields = json.loads(text)
            if fields.pop("version") > VERSION:
                return None
            fields["annotators"] = tuple(fields["annotators"])
            fields["added"] = tuple(fields.get("added", ()))
            manifest = Manifest(**fields)
            return manifest if manifest.is_sound else None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
    return None


def digest_items(keys: Iterable[str]) -> str:
    """Return a digest of item keys that does not depend on their order.

    Args:
        keys: The items' keys as text.

    Example:
        >>> digest_items(["b", "a"]) == digest_items(["a", "b"])
        True
    """
    text = "\x00".join(sorted(keys))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def project_title(title: str, annotator: str) -> str:
    """Return the title of an annotator's project, within Label Studio's 50 characters.

    Args:
        title: The study's title.
        annotator: The annotator's name.

    Example:
        >>> project_title("Mood", "ana")
        'Mood · ana'
        >>> len(project_title("A title of nearly fifty characters, for a study", "ana"))
        50
    """
    room = TITLE_LIMIT - len(SEPARATOR) - len(annotator)
    short = title if len(title) <= room else title[: room - 1].rstrip() + "…"
    return f"{short}{SEPARATOR}{annotator}"


def annotator_names(annotators: int | Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the annotators' names and what is wrong with them.

    Args:
        annotators: Names, or how many there are (3 gives ``1``, ``2``, ``3``).

    Returns:
        The names as text, and a sentence per fault.

    Example:
        >>> annotator_names(3)
        (['1', '2', '3'], [])
    """
    if isinstance(annotators, bool) or annotators is None:
        return [], ["annotators: give names, as ['ana', 'ben'], or how many there are, as 3."]
    if is_whole(annotators):
        count = int(annotators)  # type: ignore[arg-type]  # is_whole takes numpy's whole numbers too
        if not 1 <= count <= 200:
            return [], [f"annotators is {count}: give a number from 1 to 200, or names, as ['ana', 'ben']."]
        return [str(number) for number in range(1, count + 1)], []
    if not isinstance(annotators, str | Sequence) and not hasattr(annotators, "__iter__"):
        return [], [f"annotators is {annotators!r}: give names, as ['ana', 'ben'], or how many there are, as 3."]
    if isinstance(annotators, str):
        names = [part.strip() for part in annotators.split(",")]
    else:
        names = [str(name).strip() for name in annotators]
    problems = []
    if not names:
        problems.append("annotators is empty: name at least one, as ['ana', 'ben'].")
    if any(not name for name in names):
        problems.append("annotators holds an empty name: take it out or fill it in.")
    folded = [name.casefold() for name in names if name]
    repeated = sorted({name for name in names if name and folded.count(name.casefold()) > 1})
    if repeated:
        problems.append(f"annotators names {', '.join(repeated)} more than once: use each name once.")
    long = [name for name in names if len(name) > 30]
    if long:
        problems.append(f"The annotator's name {long[0][:40]!r} is longer than 30 characters: shorten it.")
    if any(SEPARATOR.strip() in name or "\n" in name for name in names):
        problems.append("An annotator's name may not hold a line break or '·', which separates it from the title.")
    return names, problems
