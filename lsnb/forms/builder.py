"""``ConfigBuilder``: what stands behind the widget, one method per click, without a widget in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any

import pandas as pd

from lsnb.errors import LsnbError
from lsnb.forms.config_files import load_config, load_upload, save_config
from lsnb.forms.drafts import Draft, Outcome, first_draft, longest_text, read_draft
from lsnb.forms.preview import Preview
from lsnb.forms.questions import QUESTION_KINDS, Part, Question, Shown
from lsnb.kernel.jobs import is_started
from lsnb.labels import LabelConfig

_EMPTY = "The config asks nothing yet: add a question."
# Name → builder, for as long as the kernel lives: a cell that is run again finds what was built.
_builders: dict[str, ConfigBuilder] = {}


@dataclass(frozen=True)
class _Moment:
    """What undoing goes back to."""

    draft: Draft
    opened: int | None


class ConfigBuilder:
    """A label config that is built by clicking.

    As the last line of a cell it is drawn. ``config`` is a ``LabelConfig`` at any moment: the one of all parts that are
    finished. A question without a name or without answers is left out of it, and ``problems`` says so.

    Args:
        draft: The page to begin with.
        table: The table of items, whose columns can be shown.
        preview: A Label Studio that draws previews, or None for outlines.
    """

    def __init__(self, draft: Draft, *, table: pd.DataFrame | None = None, preview: Preview | None = None) -> None:
        self.table = table
        self.preview = preview
        self.message = ""
        self._draft = draft
        self._opened: int | None = None
        self._openings = 0
        self._outcome: Outcome = draft.outcome()
        self._history: list[_Moment] = []
        self._last_change: tuple[Any, ...] | None = None
        self._start = ""
        self._listeners: list[Callable[[], None]] = []
        self._box: Any = None

    # -- what it comes to ------------------------------------------------------------------------------

    @property
    def config(self) -> LabelConfig:
        """The config of all parts that are finished."""
        return self._outcome.config

    @property
    def xml(self) -> str:
        """The config as Label Studio reads it."""
        return self.config.xml

    @property
    def problems(self) -> list[str]:
        """A sentence for each thing to mend, those of parts that are left out first; empty for a good config."""
        return [*self.unfinished, *self.found] or ([] if self.config.controls else [_EMPTY])

    @property
    def unfinished(self) -> tuple[str, ...]:
        """What is missing in the parts that the config leaves out."""
        return self._outcome.problems

    @property
    def found(self) -> list[str]:
        """What the check of the config finds, its columns in the table included."""
        if not self.config.controls:
            return []
        return [problem.message for problem in self.config.check(self.table)]

    @property
    def parts(self) -> tuple[Part, ...]:
        """Media and questions, from top to bottom."""
        return self._draft.parts

    @property
    def opened(self) -> int | None:
        """The place, counted from 0, of the question whose fields are open."""
        return self._opened

    @property
    def openings(self) -> int:
        """How often fields were opened: what was typed into those of before counts no more."""
        return self._openings

    @property
    def columns(self) -> list[str]:
        """The table's columns; none where there is no table."""
        return [] if self.table is None else [str(column) for column in self.table.columns]

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._history)

    @property
    def row(self) -> dict[str, Any] | None:
        """The table's first row, which the preview shows where a browser can."""
        if self.table is None or not len(self.table):
            return None
        return {str(column): value for column, value in self.table.iloc[0].items()}

    def media_names(self) -> dict[str, str]:
        """Return the name in the config → the column, for everything that is shown."""
        return {found.name: key for key, found in self.config.fields.items() if found.name}

    # -- one method per click --------------------------------------------------------------------------

    def add_question(self) -> None:
        """Add an empty question at the end and open its fields; one that is empty still is opened instead."""
        for place, part in enumerate(self.parts):
            if part == self._aimed(Question()):
                self.open_question(place)
                return
        self._openings += 1
        self._change(self._draft.added(self._aimed(Question())), opened=len(self.parts))

    def add_media(self) -> None:
        """Show one more column."""
        shown = {part.column: place for place, part in enumerate(self.parts) if isinstance(part, Shown)}
        column = longest_text(self.table, [column for column in self.columns if column not in shown])
        # Questions stay with the media that they were about when it was the only one.
        parts = tuple(self._aimed(part) if isinstance(part, Question) else part for part in self.parts)
        grown = replace(self._draft, parts=parts).added(Shown("text", column))
        # Media stand together, above the questions about them.
        goal, last = max(shown.values(), default=-1) + 1, len(self.parts)
        self._change(grown.moved(last, goal - last), opened=self._shift(goal, 1))

    def change(self, place: int, **fields: Any) -> None:
        """Set fields of a part.

        Args:
            place: Counted from 0.
            fields: Field → value, as in ``Shown`` or ``Question``.
        """
        before: Any = self.parts[place]
        part: Any = replace(before, **fields)
        if part == before:
            return
        if "kind" in fields:
            # What a config that was read said besides belongs to the former kind.
            part = replace(part, settings=())
        if isinstance(part, Question) and "kind" in fields:
            kind = QUESTION_KINDS[part.kind]
            part = replace(part, multiple=part.multiple and kind.several, colours={}, hints={}, aliases={}, selected=())
            if kind.is_tool:
                part = replace(part, required=False, per_region=False)
            part = self._aimed(part) if part.about else part
        draft = self._draft.changed(place, part)
        if isinstance(part, Shown) and part.name is None:
            draft = _follow(draft, before.column, part.column)
        self._change(draft, opened=self._opened, what=("change", place, *fields))

    def remove(self, place: int) -> None:
        """Remove a part; ``undo`` brings it back."""
        opened = None if place == self._opened else self._shift(place, -1)
        self._change(self._draft.removed(place), opened=opened)

    def move(self, place: int, by: int) -> None:
        """Move a part down by so many places, or up where that is negative."""
        goal = min(max(place + by, 0), len(self.parts) - 1)
        opened = self._opened
        if opened == place:
            opened = goal
        elif opened is not None and min(place, goal) <= opened <= max(place, goal):
            opened += 1 if goal <= opened < place else -1
        self._change(self._draft.moved(place, by), opened=opened)

    def open_question(self, place: int | None) -> None:
        """Open the fields of the question at this place, or close them all."""
        self._openings += 1
        self._opened = place
        self._last_change = None
        self._tell()

    def undo(self) -> None:
        """Take the last change back."""
        if self._history:
            moment = self._history.pop()
            self._draft, self._opened = moment.draft, moment.opened
            self._openings += 1
            self._last_change = None
            self._settle("")

    def save(self, path: str | Path) -> Path:
        """Write the config and return where it is.

        Args:
            path: A name that ends in ``.xml``, or in ``.csv`` for a codebook.

        Raises:
            InputError: The name has another ending, or a file of another sort has this name.
        """
        file = save_config(self.config, path)
        left = self._outcome.left_out
        note = f" {left} unfinished part{'s are' if left > 1 else ' is'} not in it." if left else ""
        self._settle(f"Saved as {file}.{note}")
        return file

    def load(self, path: str | Path) -> None:
        """Take the config of a file; ``undo`` brings back what was there. A codebook's questions replace the others.

        Args:
            path: A label config as XML, or a codebook as CSV or Excel.

        Raises:
            LsnbError: The file cannot be read; what was built stays.
        """
        self._take(load_config(path, self._media_config()), f"Read {path}.")

    def load_upload(self, name: str, content: bytes) -> None:
        """Take the config of a file that came through the browser.

        Args:
            name: The file's name.
            content: Its bytes.

        Raises:
            LsnbError: The file cannot be read; what was built stays.
        """
        self._take(load_upload(name, content, self._media_config()), f"Read {name}.")

    def attempt(self, action: Callable[[], Any]) -> None:
        """Do what a click asks for and say what went wrong, if anything did.

        Args:
            action: The click's method.
        """
        try:
            action()
        except LsnbError as fault:
            self._settle(str(fault))

    def listen(self, listener: Callable[[], None]) -> None:
        """Call a function after every change.

        Args:
            listener: It takes nothing.
        """
        self._listeners.append(listener)

    # -- starting --------------------------------------------------------------------------------------

    def use(self, table: pd.DataFrame | None, preview: Preview | None) -> None:
        """Look at another table, and draw previews elsewhere.

        Args:
            table: The table of items, or None.
            preview: A Label Studio that draws previews, or None.
        """
        self.table = table
        if preview != self.preview:
            # The frame is bound to a server; the widgets are drawn anew with another one.
            self._listeners.clear()
            self._box = None
        self.preview = preview
        self._settle("")

    def start_with(self, config: LabelConfig | None) -> None:
        """Begin with a config, unless it was begun with the same one already: then what was built since stays."""
        start = config.fingerprint if config is not None else ""
        if start == self._start or (config is not None and config == self.config):
            self._start = start
            return
        draft = first_draft(self.table) if config is None else read_draft(config)
        self._change(draft, opened=None)
        self._start = start
        self._settle("Begun anew, since the config of the cell has changed. Undo brings back what was here.")

    def _media_config(self) -> LabelConfig:
        return replace(self._draft, parts=tuple(p for p in self.parts if isinstance(p, Shown))).outcome().config

    def _take(self, config: LabelConfig, message: str) -> None:
        self._change(read_draft(config), opened=None)
        self._settle(message)

    def _aimed(self, question: Question) -> Question:
        """Return the question, about the first media that it fits if it is about none that it fits."""
        kind = QUESTION_KINDS[question.kind]
        media = {found.name: found.kind for found in self.config.fields.values() if found.name}
        if kind.row.targets > 1 or (question.about in media and kind.fits([media[question.about]])):
            return question
        first = next((name for name, shown in media.items() if kind.fits([shown])), "")
        return replace(question, about=first)

    def _shift(self, place: int, by: int) -> int | None:
        return self._opened + by if self._opened is not None and self._opened >= place else self._opened

    def _change(self, draft: Draft, *, opened: int | None, what: tuple[Any, ...] | None = None) -> None:
        # Letters typed into one field are one change.
        if what is None or what != self._last_change:
            self._history.append(_Moment(self._draft, self._opened))
        self._draft, self._opened, self._last_change = draft, opened, what
        self._settle("")

    def _settle(self, message: str) -> None:
        self.message = message
        self._outcome = self._draft.outcome()
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def __repr__(self) -> str:
        count = len(self._outcome.problems)
        note = f", {count} to mend" if count else ""
        return f"ConfigBuilder({self.config!r}{note})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from lsnb.forms.builder_widgets import draw_builder

        if self._box is None:
            # The first check of all loads Label Studio's own, which takes seconds: while nobody types yet.
            is_started(Thread(target=LabelConfig.image("uri").rating("stars").check))
            self._box = draw_builder(self)
        # The bundle is written here since ipywidgets 7 and 8 have no method in common that makes one.
        return {
            "text/plain": repr(self),
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self._box.model_id,
            },
        }


def _follow(draft: Draft, before: str, after: str) -> Draft:
    """Return the draft whose questions about one column are about another."""
    parts = (replace(p, about=after) if isinstance(p, Question) and p.about == before else p for p in draft.parts)
    return replace(draft, parts=tuple(parts))


def find_builder(
    config: LabelConfig | None, *, table: pd.DataFrame | None, preview: Preview | None, name: str
) -> ConfigBuilder:
    """Return the builder of this name, as it was left, or a new one.

    Args:
        config: What to begin with; a builder that began with an equal one goes on as it is.
        table: The table of items.
        preview: A Label Studio that draws previews, or None.
        name: The builder's name in this kernel.
    """
    builder = _builders.get(name)
    if builder is None:
        draft = first_draft(table) if config is None else read_draft(config)
        builder = _builders[name] = ConfigBuilder(draft, table=table, preview=preview)
        builder._start = config.fingerprint if config is not None else ""
        return builder
    builder.use(table, preview)
    builder.start_with(config)
    return builder
