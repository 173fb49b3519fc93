"""The rows of the config builder: one per part of the page, and the fields of the question that is open."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets

from lsnb.forms.questions import MEDIA_KINDS, QUESTION_KINDS, Kept, Question, Shown

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
