"""``ConfigBuilder``: what stands behind the widget, one method per click, without a widget in it."""

from __future__ import annotations

import html
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any

import ipywidgets
import pandas as pd

from lsnb.errors import InputError, LabelConfigError, LsnbError, MissingFileError
from lsnb.forms.page import (
    MEDIA_KINDS,
    QUESTION_KINDS,
    Draft,
    Kept,
    Outcome,
    Part,
    Preview,
    Question,
    Shown,
    first_draft,
    longest_text,
    outline,
    read_draft,
)
from lsnb.kernel.files import named_path, refuse_no_file, safe_name, write_whole
from lsnb.kernel.jobs import is_started
from lsnb.labels import LabelConfig
from lsnb.labels.shown import Layout
from lsnb.tables import read_table

# Label configs on disk: as Label Studio's XML, or as a codebook.


_BOOKS = (".csv", ".xlsx", ".tsv")


def save_config(config: LabelConfig, path: str | Path) -> Path:
    """Write a config and return where it is.

    Args:
        config: The config.
        path: A name that ends in ``.xml``, or in ``.csv`` for a codebook. Folders are made; a config or codebook that
            is there already is replaced, any other file is not.

    Raises:
        InputError: The name has another ending, or the file there is something else.
        FileAccessError: It cannot be written; what was there stays.
    """
    file = named_path(path)
    ending = file.suffix.lower()
    if ending not in (".xml", ".csv"):
        raise InputError(f"{file.name or 'The name'} ends in neither .xml nor .csv: give a name such as config.xml.")
    if file.exists() and not (file.is_file() and _is_config(file)):
        raise InputError(f"{file} is there already and is no {_noun(ending)}: give another name, so that it stays.")
    text = config.xml if ending == ".xml" else config.codebook.to_csv(index=False)
    return write_whole(file, text, parents=True)


def load_config(path: str | Path, questions_for: LabelConfig, layout: Layout = "auto") -> LabelConfig:
    """Return a config from a file.

    Args:
        path: A label config as XML, or a codebook as CSV or Excel.
        questions_for: What a codebook's questions are asked about, since a codebook names no media.
        layout: How they are laid out, since a codebook does not say that either.

    Raises:
        MissingFileError: There is no such file.
        LabelConfigError: The XML is not well-formed, or the codebook cannot be used; each sentence says what to mend.
        TableError: The codebook is no table.
    """
    if not str(path).strip():
        raise InputError("Write the file's name first, for example config.xml.")
    file = named_path(path)
    if file.suffix.lower() in _BOOKS:
        return questions_for.codebook_questions(read_table(file, wanted=["variable"])).laid_out(layout)
    try:
        refuse_no_file(file)
        data = file.read_bytes()
    except FileNotFoundError:
        raise MissingFileError(f"There is no file {file}: check its name and folder.") from None
    except OSError as fault:
        raise InputError(f"{file} could not be read ({fault.strerror}): give a config.xml or a codebook.csv.") from None
    return LabelConfig.from_xml(_text(data, file.name))


def load_upload(name: str, content: bytes, questions_for: LabelConfig, layout: Layout = "auto") -> LabelConfig:
    """Return a config from a file that came through the browser.

    Args:
        name: The file's name, whose ending says what it is.
        content: Its bytes.
        questions_for: As for ``load_config``.
        layout: As for ``load_config``.

    Raises:
        LabelConfigError: As ``load_config`` raises it, and TableError too.
    """
    with tempfile.TemporaryDirectory(prefix="lsnb-") as folder:
        file = Path(folder, safe_name(name or "config.xml"))
        file.write_bytes(content)
        return load_config(file, questions_for, layout)


def uploaded_file(value: Any) -> tuple[str, bytes] | None:
    """Return name and bytes of the last file in an ipywidgets ``FileUpload.value``, or None where there is none.

    Args:
        value: A dict by name (ipywidgets 7) or a tuple of dicts (ipywidgets 8).

    Example:
        >>> uploaded_file({"a.xml": {"metadata": {"name": "a.xml"}, "content": b"<View/>"}})
        ('a.xml', b'<View/>')
        >>> uploaded_file(({"name": "a.xml", "content": memoryview(b"<View/>")},))
        ('a.xml', b'<View/>')
    """
    if not value:
        return None
    if isinstance(value, Mapping):
        name, file = list(value.items())[-1]
        return str(name), bytes(file["content"])
    return str(value[-1]["name"]), bytes(value[-1]["content"])


def _is_config(file: Path) -> bool:
    try:
        if file.suffix.lower() == ".csv":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # most files that are looked at are none of the builder's
                return "variable" in [str(column).lower() for column in read_table(file).columns]
        refuse_no_file(file)
        return LabelConfig.from_xml(_text(file.read_bytes(), file.name)).xml.lstrip().startswith("<View")
    except (LsnbError, OSError):
        return False


def _noun(ending: str) -> str:
    return "label config" if ending == ".xml" else "codebook"


def _text(data: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "utf-16"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise LabelConfigError(
        f"{name} is no text, so it is no label config: give the XML that Label Studio shows as Code."
    )


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
        self.path = "config.xml"
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
        """The config as Label Studio reads it: what is previewed, with each question's name where it has no heading."""
        return self.config.titled().xml

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
    def layout(self) -> Layout:
        """Where the answers stand: ``auto``, ``columns`` or ``stacked``, as ``LabelConfig.laid_out`` takes it."""
        return self._draft.layout

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

    def lay_out(self, layout: Layout) -> None:
        """Lay the page out another way.

        Args:
            layout: ``auto``, ``columns`` or ``stacked``.
        """
        if layout != self.layout:
            self._change(replace(self._draft, layout=layout), opened=self._opened)

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

    def save(self, out: str | Path) -> Path:
        """Write the config and return where it is.

        Args:
            out: A name that ends in ``.xml``, or in ``.csv`` for a codebook.

        Raises:
            InputError: The name has another ending, or a file of another sort has this name.
        """
        is_xml = Path(out).suffix.lower() == ".xml"
        file = save_config(self.config.titled() if is_xml else self.config, out)
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
        self._take(load_config(path, self._media_config(), self.layout), f"Read {path}.")

    def load_upload(self, name: str, content: bytes) -> None:
        """Take the config of a file that came through the browser.

        Args:
            name: The file's name.
            content: Its bytes.

        Raises:
            LsnbError: The file cannot be read; what was built stays.
        """
        self._take(load_upload(name, content, self._media_config(), self.layout), f"Read {name}.")

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
    config: LabelConfig | None, *, table: pd.DataFrame | None, preview: Preview | None, name: str, path: str
) -> ConfigBuilder:
    """Return the builder of this name, as it was left, or a new one.

    Args:
        config: What to begin with; a builder that began with an equal one goes on as it is.
        table: The table of items.
        preview: A Label Studio that draws previews, or None.
        name: The builder's name in this kernel.
        path: The file that "Save" and "Load" begin with.
    """
    builder = _builders.get(name)
    if builder is None:
        draft = first_draft(table) if config is None else read_draft(config)
        builder = _builders[name] = ConfigBuilder(draft, table=table, preview=preview)
        builder._start = config.fingerprint if config is not None else ""
        builder.path = path
        return builder
    builder.path = path
    builder.use(table, preview)
    builder.start_with(config)
    return builder


# The rows of the config builder: one per part of the page, and the fields of the question that is open.


Moves = tuple[Callable[[], None], Callable[[], None], Callable[[], None]]


def classed(widget: Any, name: str) -> Any:
    """Return the widget with a CSS class."""
    widget.add_class(name)
    return widget


def button(
    words: str, name: str, click: Callable[[], Any], *, look: str = "", tip: str = "", wide: bool = False
) -> Any:
    """Return a button.

    Args:
        words: What stands on it.
        name: Its CSS class.
        click: What it does.
        look: ipywidgets' ``button_style``.
        tip: What is shown when the mouse rests on it.
        wide: Whether it is as wide as its words, else small.
    """
    width = "auto" if wide or len(words) > 2 else "32px"
    made = ipywidgets.Button(
        description=words,
        button_style=look,
        tooltip=tip or words,
        layout=ipywidgets.Layout(width=width, flex="0 0 auto"),
    )
    made.on_click(lambda _: click())
    return classed(made, name)


class _Row:
    """What all rows have: a box with the part on the left and its buttons on the right."""

    def __init__(self, shown: Sequence[Any], moves: Moves, name: str) -> None:
        up, down, remove = moves
        self._up = button("↑", "lsnb-up", up, tip="Move up")
        self._down = button("↓", "lsnb-down", down, tip="Move down")
        self._widgets = [*shown, self._up, self._down, button("✕", "lsnb-remove", remove, tip="Remove")]
        self.box = ipywidgets.HBox(self._widgets, layout=ipywidgets.Layout(align_items="center"))
        self.box.add_class("lsnb-row")
        self.box.add_class(name)

    def _place(self, place: int, count: int) -> None:
        self._up.disabled = place == 0
        self._down.disabled = place == count - 1

    def close(self) -> None:
        """Take the row's widgets out of the notebook."""
        for widget in (*self._widgets, self.box):
            widget.close()


class MediaRow(_Row):
    """A column that is shown: what it is, and which one.

    Args:
        change: Sets fields of the part.
        moves: Up, down, remove.
        has_table: Whether there are columns to choose from.
    """

    def __init__(self, change: Callable[..., None], moves: Moves, *, has_table: bool) -> None:
        self._kind = classed(
            ipywidgets.Dropdown(
                options=[(words, kind) for kind, words in MEDIA_KINDS.items()],
                layout=ipywidgets.Layout(flex="1 1 7em", width="auto", min_width="5em", max_width="13em"),
            ),
            "lsnb-media-kind",
        )
        layout = ipywidgets.Layout(flex="1 1 6em", width="auto", min_width="4em", max_width="20em")
        self._column = classed(
            ipywidgets.Dropdown(layout=layout)
            if has_table
            else ipywidgets.Text(placeholder="column, for example uri", layout=layout),
            "lsnb-media-column",
        )
        self._channels = classed(
            ipywidgets.Text(
                placeholder="columns to plot: x, y", layout=ipywidgets.Layout(flex="1 1 6em", width="auto")
            ),
            "lsnb-media-channels",
        )
        self._has_table = has_table
        for widget, field in ((self._kind, "kind"), (self._column, "column"), (self._channels, "channels")):
            widget.observe(lambda event, field=field: change(**{field: event["new"]}), names="value")
        label = ipywidgets.HTML("Show", layout=ipywidgets.Layout(flex="0 0 auto"))
        between = ipywidgets.HTML("from", layout=ipywidgets.Layout(flex="0 0 auto"))
        space = ipywidgets.HTML(layout=ipywidgets.Layout(flex="1 1 0px", margin="0"))
        super().__init__([label, self._kind, between, self._column, self._channels, space], moves, "lsnb-media")

    def show(self, part: Shown, *, place: int, count: int, is_open: bool, columns: Sequence[str]) -> None:
        """Show this part."""
        self._place(place, count)
        self._kind.value = part.kind
        if self._has_table:
            listed = [(column, column) for column in columns]
            if part.column not in columns:
                words = f"{part.column} (not in the table)" if part.column else "choose a column"
                listed.insert(0, (words, part.column))
            if list(self._column.options) != listed:
                self._column.options = listed
        if self._column.value != part.column:
            self._column.value = part.column
        if self._channels.value != part.channels:
            self._channels.value = part.channels
        self._channels.layout.display = None if part.kind == "timeseries" else "none"


class QuestionRow(_Row):
    """A question in one line.

    Args:
        edit: Opens its fields, or closes them.
        moves: Up, down, remove.
    """

    def __init__(self, edit: Callable[[], None], moves: Moves) -> None:
        self._summary = classed(
            ipywidgets.HTML(layout=ipywidgets.Layout(flex="1 1 auto", min_width="0")), "lsnb-summary"
        )
        self._edit = button("Edit", "lsnb-edit", edit)
        super().__init__([self._summary, self._edit], moves, "lsnb-question")

    def show(self, part: Question, *, place: int, count: int, is_open: bool, columns: Sequence[str]) -> None:
        """Show this part."""
        self._place(place, count)
        name = html.escape(part.name.strip()) or "<i>no name yet</i>"
        self._summary.value = f"<b>{name}</b> <span class='lsnb-small'>{html.escape(part.summary)}</span>"
        self._edit.description = "Done" if is_open else "Edit"
        (self.box.add_class if is_open else self.box.remove_class)("lsnb-row-open")


class KeptRow(_Row):
    """A part that no form here can hold.

    Args:
        moves: Up, down, remove.
    """

    def __init__(self, moves: Moves) -> None:
        self._summary = classed(
            ipywidgets.HTML(layout=ipywidgets.Layout(flex="1 1 auto", min_width="0")), "lsnb-summary"
        )
        super().__init__([self._summary], moves, "lsnb-kept")

    def show(self, part: Kept, *, place: int, count: int, is_open: bool, columns: Sequence[str]) -> None:
        """Show this part."""
        self._place(place, count)
        self._summary.value = f"<span class='lsnb-small'>{html.escape(part.words)}</span>"


class QuestionFields:
    """The fields of the question that is open.

    Args:
        change: Sets fields of the question.
    """

    def __init__(self, change: Callable[..., None]) -> None:
        def field(widget: Any, name: str) -> Any:
            # Continuous, since a click on JupyterLab's Run menu does not end the editing of a field.
            widget.observe(lambda event: change(**{name: event["new"]}), names="value")
            return classed(widget, f"lsnb-question-{name.replace('_', '-')}")

        def looks() -> dict[str, Any]:
            return {
                "style": {"description_width": "6em"},
                "layout": ipywidgets.Layout(width="auto", max_width="34em"),
            }

        self._title = field(
            ipywidgets.Text(description="Question", placeholder="What is the mood? (as annotators read it)", **looks()),
            "title",
        )
        self._name = field(
            ipywidgets.Text(description="Name", placeholder="mood (short, for your tables)", **looks()), "name"
        )
        self._kind = field(
            ipywidgets.Dropdown(options=_kind_options(tuple(QUESTION_KINDS)), description="Kind", **looks()), "kind"
        )
        self._options = field(
            ipywidgets.Textarea(description="Answers", placeholder="good, bad, mixed", rows=4, **looks()), "options"
        )
        self._options_hint = ipywidgets.HTML(layout=ipywidgets.Layout(margin="0 0 6px 6.6em", max_width="27em"))
        self._about = field(ipywidgets.Dropdown(options=[("", "")], description="About", **looks()), "about")

        def box() -> dict[str, Any]:
            return {"indent": False, "layout": ipywidgets.Layout(width="auto", margin="0 14px 0 0")}

        self._multiple = field(ipywidgets.Checkbox(description="several answers", **box()), "multiple")
        self._required = field(ipywidgets.Checkbox(description="required", **box()), "required")
        self._per_region = field(ipywidgets.Checkbox(description="for each region", **box()), "per_region")
        flags = ipywidgets.HBox(
            [self._multiple, self._required, self._per_region],
            layout=ipywidgets.Layout(flex_flow="row wrap", margin="0 0 0 6.6em"),
        )
        self._widgets = [self._title, self._name, self._kind, self._options, self._options_hint, self._about, flags]
        self.box = classed(ipywidgets.VBox(self._widgets), "lsnb-fields")

    def close(self) -> None:
        """Take the fields' widgets out of the notebook."""
        for widget in (*self._widgets, self.box):
            widget.close()

    def show(self, part: Question, shown: Sequence[str], media: Mapping[str, str]) -> None:
        """Show this question.

        Args:
            part: The question.
            shown: The kinds of media there are, which decide how it can be asked.
            media: Name → column of the media there are.
        """
        kind = QUESTION_KINDS[part.kind]
        fitting = [
            key
            for key, found in QUESTION_KINDS.items()
            if key == part.kind or (found.fits(shown) and found.row.targets <= max(1, len(shown)))
        ]
        _set_options(self._kind, _kind_options(fitting), part.kind)
        about = [(column, name) for name, column in media.items()]
        if part.about not in media:
            about.append((part.about or "the last one that fits", part.about))
        _set_options(self._about, about, part.about)
        for widget, value in (
            (self._title, part.title),
            (self._name, part.name),
            (self._options, part.options),
            (self._multiple, part.multiple),
            (self._required, part.required),
            (self._per_region, part.per_region),
        ):
            if widget.value != value:
                widget.value = value
        self._options.description = "Labels" if kind.is_tool else "Answers"
        _display(self._options, kind.options != "none")
        _display(self._options_hint, kind.options != "none")
        self._options_hint.value = _hint(part.kind)
        is_open = len(media) > 1 or (bool(part.about) and part.about not in media)
        _display(self._about, is_open and kind.row.targets == 1)
        _display(self._multiple, kind.several)
        _display(self._required, not kind.is_tool)
        _display(self._per_region, not kind.is_tool)


def _hint(kind: str) -> str:
    text = "With commas between them, or one a line."
    if QUESTION_KINDS[kind].row.is_tree:
        text += " <b>animal/dog</b> is dog below animal."
    elif QUESTION_KINDS[kind].options == "allowed":
        text += " Without labels, marks are all alike."
    else:
        text += ' Put "quotes" around one that has a comma.'
    return f"<span class='lsnb-small'>{text}</span>"


def _kind_options(kinds: Sequence[str]) -> list[tuple[str, str]]:
    return [(QUESTION_KINDS[kind].words, kind) for kind in kinds]


def _set_options(widget: Any, options: list[tuple[str, str]], value: str) -> None:
    if [tuple(option) for option in widget.options] != options:
        widget.options = options
    if widget.value != value:
        widget.value = value


def _display(widget: Any, is_shown: bool) -> None:
    widget.layout.display = None if is_shown else "none"


# The config builder as widgets. Every click is one method of ``ConfigBuilder``; nothing is decided here.
#
# Written for what ipywidgets 7.7 and 8 share.


_STYLE = """<style>
.lsnb-builder { line-height: 1.4; }
.lsnb-builder .lsnb-row {
  border: 1px solid var(--jp-border-color2, #ddd); border-radius: 4px; padding: 2px 6px; margin: 1px 0; }
.lsnb-builder .lsnb-row-open { border-color: var(--jp-brand-color1, #1976d2); }
.lsnb-builder .lsnb-fields {
  border-left: 3px solid var(--jp-brand-color1, #1976d2); padding: 4px 0 8px 10px; margin: 0 0 6px 6px; }
.lsnb-builder .widget-html-content { line-height: 1.4; }
.lsnb-builder h4 { margin: 4px 0; }
.lsnb-builder .lsnb-good { color: var(--jp-success-color0, #2e7d32); }
.lsnb-builder .lsnb-waiting { color: var(--jp-warn-color0, #b26a00); }
.lsnb-builder .lsnb-bad { color: var(--jp-error-color0, #b71c1c); }
.lsnb-builder a { color: var(--jp-content-link-color, #1976d2); text-decoration: underline; }
.lsnb-builder ul { margin: 0; padding-left: 1.3em; }
.lsnb-builder pre { white-space: pre-wrap; margin: 0; max-height: 420px; overflow: auto; }
.lsnb-builder .lsnb-small { opacity: .7; font-size: 90%; }
.lsnb-builder .lsnb-preview-data { display: none; }
</style>"""
LAYOUTS: dict[Layout, str] = {
    "auto": "where they suit what is shown",
    "columns": "beside what is shown",
    "stacked": "below what is shown",
}
_NO_SERVER = (
    "<p class='lsnb-small'>An outline, since no Label Studio is connected. To see the real page, run "
    '<code>lsnb.connect("local")</code> and then this cell again.</p>'
)


def draw_builder(builder: ConfigBuilder) -> Any:
    """Return the builder as one ipywidgets box, which follows it from now on.

    The box has the class ``lsnb-builder``; what can be clicked has classes of its own, ``lsnb-add-question`` and so on.

    Args:
        builder: What the clicks change.
    """
    return _Drawing(builder).box


class _Drawing:
    """The widgets of one builder."""

    def __init__(self, builder: ConfigBuilder) -> None:
        self._builder = builder
        self._is_refreshing = False
        self._rows: list[Any] = []
        self._signature: tuple[Any, ...] = ()
        self._fields: QuestionFields | None = None
        self._fields_of = -1
        self._list = classed(ipywidgets.VBox(), "lsnb-parts")
        self._check = classed(ipywidgets.HTML(), "lsnb-check")
        self._message = classed(ipywidgets.HTML(), "lsnb-message")
        self._xml = classed(ipywidgets.HTML(), "lsnb-xml")
        self._layout = classed(
            ipywidgets.Dropdown(
                options=[(words, name) for name, words in LAYOUTS.items()],
                description="Answers",
                layout=ipywidgets.Layout(width="auto", max_width="24em"),
            ),
            "lsnb-layout",
        )
        self._layout.observe(lambda change: self._lay_out(change["new"]), names="value")
        self._undo = button("Undo", "lsnb-undo", builder.undo, tip="Take the last change back")
        self._outline = classed(ipywidgets.HTML(), "lsnb-outline")
        self._drawn = classed(ipywidgets.HTML(), "lsnb-preview-data")
        self._link = classed(ipywidgets.HTML(), "lsnb-project-link")
        self.box = self._arrange()
        builder.listen(self.refresh)
        self.refresh()

    # -- arranging -------------------------------------------------------------------------------------

    def _arrange(self) -> Any:
        adding = ipywidgets.HBox(
            [
                button("Add a question", "lsnb-add-question", self._builder.add_question, look="primary", wide=True),
                button("Show another column", "lsnb-add-media", self._builder.add_media, wide=True),
                self._undo,
            ],
            layout=ipywidgets.Layout(flex_flow="row wrap"),
        )
        left = ipywidgets.VBox(
            [
                ipywidgets.HTML("<h4>What annotators see and answer</h4>"),
                self._list,
                self._layout,
                adding,
                self._message,
                self._check,
            ],
            layout=ipywidgets.Layout(flex="1 1 340px", min_width="0"),
        )
        tabs = ipywidgets.Tab(
            [self._preview(), self._xml, self._files()], layout=ipywidgets.Layout(flex="1 1 400px", min_width="0")
        )
        for place, title in enumerate(("Preview", "XML", "Save and load")):
            tabs.set_title(place, title)
        tabs.add_class("lsnb-tabs")
        columns = ipywidgets.HBox([left, tabs], layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="12px"))
        return classed(ipywidgets.VBox([ipywidgets.HTML(_STYLE), columns]), "lsnb-builder")

    def _preview(self) -> Any:
        preview = self._builder.preview
        if preview is None:
            return classed(ipywidgets.VBox([self._outline]), "lsnb-preview")
        note = (
            "This is your table's first row. A file that is in no bucket of yours is a sample, and so is one of more "
            "than a megabyte that is no picture."
            if self._builder.row
            else "The media are samples."
        )
        parts = [ipywidgets.HTML(preview.frame), self._drawn, ipywidgets.HTML(f"<p class='lsnb-small'>{note}</p>")]
        if preview.open_project is not None:
            opening = button(
                "Open in Label Studio",
                "lsnb-open-project",
                self._open_project,
                tip="Puts this config into a scratch project, which can be deleted",
                wide=True,
            )
            parts.append(ipywidgets.HBox([opening, self._link], layout=ipywidgets.Layout(flex_flow="row wrap")))
        return classed(ipywidgets.VBox(parts), "lsnb-preview")

    def _files(self) -> Any:
        path = classed(
            ipywidgets.Text(value=self._builder.path, description="File", layout=ipywidgets.Layout(width="auto")),
            "lsnb-file",
        )
        builder = self._builder
        upload = classed(
            ipywidgets.FileUpload(description="From this computer", accept=".xml,.csv,.xlsx", multiple=False),
            "lsnb-upload",
        )
        upload.layout.width = "auto"
        upload.observe(lambda change: self._upload(change["new"]), names="value")
        clicks = [
            button("Save", "lsnb-save", lambda: builder.attempt(lambda: builder.save(path.value)), look="primary"),
            button("Load", "lsnb-load", lambda: builder.attempt(lambda: builder.load(path.value))),
            upload,
        ]
        explained = ipywidgets.HTML(
            "<p class='lsnb-small'>A name that ends in <b>.xml</b> is Label Studio's own format and keeps everything. "
            "One that ends in <b>.csv</b> is a codebook: a table of variables, labels and descriptions, as for a "
            "paper's appendix. Loading replaces what stands on the left; Undo brings it back.</p>"
        )
        return ipywidgets.VBox(
            [path, ipywidgets.HBox(clicks, layout=ipywidgets.Layout(flex_flow="row wrap")), explained]
        )

    # -- clicks ----------------------------------------------------------------------------------------

    def _upload(self, value: Any) -> None:
        file = uploaded_file(value)
        if file is not None:
            self._builder.attempt(lambda: self._builder.load_upload(*file))

    def _lay_out(self, layout: Layout) -> None:
        if not self._is_refreshing:
            self._builder.lay_out(layout)

    def _open_project(self) -> None:
        preview = self._builder.preview
        if preview is None or preview.open_project is None:
            return
        self._link.value = "<span class='lsnb-small'>Making a scratch project …</span>"
        try:
            address = html.escape(preview.open_project(self._builder.config.titled()))
        except LsnbError as fault:
            self._link.value = f"<span class='lsnb-bad'>{html.escape(str(fault))}</span>"
        else:
            self._link.value = f'<a href="{address}" target="_blank" rel="noopener">{address}</a>'

    # -- following the builder -------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what the builder holds; what is shown already is not touched, so that typing goes on."""
        with self._quiet():
            self._show_parts()
            self._layout.value = self._builder.layout
            self._undo.disabled = not self._builder.can_undo
            message = html.escape(self._builder.message).replace("\n", "<br>")
            self._message.value = f"<p>{message}</p>" if message else ""
            self._xml.value = f"<pre>{html.escape(self._builder.xml)}</pre>"
            self._link.value = ""
            self._show_preview()
            # Last, since the first check of all loads Label Studio's own, which takes seconds.
            self._check.value = self._checked()

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        before, self._is_refreshing = self._is_refreshing, True
        try:
            yield
        finally:
            self._is_refreshing = before

    def _show_parts(self) -> None:
        builder = self._builder
        signature = (*(type(part) for part in builder.parts), bool(builder.columns))
        if signature != self._signature:
            for row in self._rows:
                row.close()
            self._rows = [self._row(place, part) for place, part in enumerate(builder.parts)]
            self._signature = signature
        children = []
        for place, (row, part) in enumerate(zip(self._rows, builder.parts, strict=True)):
            is_open = place == builder.opened
            row.show(part, place=place, count=len(self._rows), is_open=is_open, columns=builder.columns)
            children.append(row.box)
            if is_open and isinstance(part, Question):
                children.append(self._shown_fields(part))
        if tuple(children) != tuple(self._list.children):
            self._list.children = children

    def _shown_fields(self, part: Question) -> Any:
        builder = self._builder
        opening = builder.openings
        if self._fields is None or self._fields_of != opening:
            # Fields of their own, since letters typed while the kernel is busy arrive when another question is open.
            if self._fields is not None:
                self._fields.close()

            def change(**fields: Any) -> None:
                if not self._is_refreshing and builder.openings == opening and builder.opened is not None:
                    builder.change(builder.opened, **fields)

            self._fields = QuestionFields(change)
            self._fields_of = opening
        kinds = [found.kind for found in builder.config.fields.values() if found.name]
        self._fields.show(part, kinds, builder.media_names())
        return self._fields.box

    def _row(self, place: int, part: Part) -> Any:
        builder = self._builder

        def act(method: Callable[..., None], *arguments: Any) -> Callable[[], None]:
            return lambda: method(place, *arguments)

        moves = (act(builder.move, -1), act(builder.move, 1), act(builder.remove))
        if isinstance(part, Shown):

            def change(**fields: Any) -> None:
                if not self._is_refreshing:
                    builder.change(place, **fields)

            return MediaRow(change, moves, has_table=bool(builder.columns))
        if isinstance(part, Question):
            return QuestionRow(
                lambda: builder.open_question(None if builder.opened == place else place),
                moves,
            )
        return KeptRow(moves)

    def _show_preview(self) -> None:
        builder = self._builder
        if builder.preview is None:
            self._outline.value = _NO_SERVER + outline(builder.config.titled())
        else:
            self._drawn.value = builder.preview.draft(builder.config.titled(), builder.row)

    def _checked(self) -> str:
        builder = self._builder
        if not any(not isinstance(part, Shown) for part in builder.parts):
            return "<p class='lsnb-small'>No question yet: press “Add a question”.</p>"
        unfinished, problems = builder.unfinished, builder.found
        if not unfinished and not problems:
            return "<p class='lsnb-good'>✓ The config has no problem.</p>"
        return _listed("Not in the config yet", unfinished, "lsnb-waiting") + _listed("To mend", problems, "lsnb-bad")


def _listed(title: str, sentences: Sequence[str], look: str) -> str:
    if not sentences:
        return ""
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return f"<div class='{look}'>{title}:<ul>{items}</ul></div>"
