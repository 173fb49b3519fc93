"""The page that a builder makes: its parts, the config they give, reading one back, and what is shown of it."""

from __future__ import annotations

import base64
import copy
import html
import inspect
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib import resources
from numbers import Real
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from lsnb.errors import InputError, LabelConfigError
from lsnb.forms.schema import join_list, split_list
from lsnb.kernel.secrecy import shown_address
from lsnb.labels import Field, LabelConfig
from lsnb.labels.check import structure_problems
from lsnb.labels.shown import Layout
from lsnb.labels.tree import attribute, build, header_of, option_elements, parse, serialise, walk
from lsnb.labels.vocabulary import CHOICES, METHODS, RATING, TAGS, TEXT_AREA, Offers, Tag, Way, find_tag

# What stands on the page a builder makes: media, questions, and parts that are kept as they were read.
#
# Each part is a plain record that adds itself to a ``LabelConfig``; nothing here knows of widgets.


# Attribute → text; None leaves out what the builder of the part would write by itself.
Settings = tuple[tuple[str, str | None], ...]

# What a Shown can be, in the words of the drop-down list.
MEDIA_KINDS: dict[str, str] = {tag.method: tag.words for tag in TAGS.values() if tag.words}


@dataclass(frozen=True)
class QuestionKind:
    """One way of asking.

    Args:
        row: The control it is asked with.
        way: How it is asked with it.
        several: Whether it can take several answers.
        media: The kinds of media it works on; empty means all of them.
    """

    row: Tag
    way: Way
    several: bool
    media: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """How the drop-down list calls it."""
        return self.way.words

    @property
    def options(self) -> Offers:
        """Whether answers are ``needed``, ``allowed`` or ``none``."""
        return self.row.offers

    @property
    def is_tool(self) -> bool:
        """Whether it can neither be required nor asked per region, as tools that mark regions."""
        return not self.row.can_be_required

    def fits(self, shown: Sequence[str]) -> bool:
        """Return whether it can be asked about one of these kinds of media."""
        return not self.media or bool(set(self.media) & set(shown))


def _question_kind(row: Tag, way: Way) -> QuestionKind:
    several = "multiple" in inspect.signature(getattr(LabelConfig, row.method)).parameters
    on = [shown for shown in TAGS.values() if (shown.spans if row.names_others else shown.name in row.media)]
    return QuestionKind(row, way, several, tuple(dict.fromkeys(kind for shown in on for kind in shown.kinds)))


QUESTION_KINDS: dict[str, QuestionKind] = {
    way.name: _question_kind(row, way) for row in METHODS.values() for way in row.ways if way.name
}


@dataclass(frozen=True)
class Shown:
    """A column that annotators look at or listen to.

    Args:
        kind: One of ``MEDIA_KINDS``.
        column: The table's column that holds it.
        channels: For a time series, the columns of its files to plot, with commas between them.
        name: Its name in the config; the column's by default.
        title: A heading above it.
        settings: Attribute → text of what a config that was read says besides.

    Example:
        >>> Shown("image", "uri").add_to(LabelConfig()) == LabelConfig.image("uri")
        True
    """

    kind: str = "image"
    column: str = "uri"
    channels: str = ""
    name: str | None = None
    title: str = ""
    settings: Settings = ()

    def add_to(self, config: LabelConfig) -> LabelConfig:
        """Return the config with this below the rest.

        Raises:
            LabelConfigError: A column is not named, or Label Studio cannot show one of its name.
        """
        if not self.column.strip():
            raise LabelConfigError("Say which column to show.")
        if self.name is None and self.column.strip() in _names(config):
            raise LabelConfigError("It is on the page already: choose another column, or remove one of them.")
        method = getattr(config, self.kind)
        arguments: list[Any] = [self.column.strip()]
        if self.kind == "timeseries":
            arguments.append(_channels(self.channels))
        grown: LabelConfig = method(*arguments, name=self.name, title=self.title, **_keywords(method, self.settings))
        return grown


@dataclass(frozen=True)
class Question:
    """A question, or a tool that marks regions.

    Args:
        name: Its short name, a column of the tables of answers.
        kind: One of ``QUESTION_KINDS``.
        title: The question as annotators read it.
        options: The answers as they are typed: commas or line breaks between them, quotes around one with a comma.
            In a tree, ``animal/dog`` is an answer below another.
        multiple: Whether several answers may be given.
        required: Whether Label Studio insists on an answer.
        per_region: Whether it is asked for each region that is marked.
        about: The name of the media it is about; empty for the last one above that fits.
        hints: Answer → what is shown when the mouse rests on it.
        aliases: Answer → what results hold instead of it.
        colours: Label → its colour; labels without one get the next.
        selected: The answers chosen at first.
        hotkeys: Whether answers get keys.
        settings: Attribute → text of what a config that was read says besides.

    Example:
        >>> mood = Question("mood", options="good, bad", title="What is the mood?")
        >>> mood.add_to(LabelConfig.image("uri")).controls["mood"].labels
        ('good', 'bad')
        >>> Question("mood").add_to(LabelConfig.image("uri"))
        Traceback (most recent call last):
        ...
        lsnb.errors.LabelConfigError: It has no answers yet: write them with commas between them, or one a line.
    """

    name: str = ""
    kind: str = "choices"
    title: str = ""
    options: str = ""
    multiple: bool = False
    required: bool = False
    per_region: bool = False
    about: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)
    selected: tuple[str, ...] = ()
    hotkeys: bool = True
    settings: Settings = ()

    @property
    def answers(self) -> tuple[str, ...]:
        """The answers, without regard to whether they are complete."""
        try:
            return split_list(self.options)
        except ValueError:
            return ()

    def add_to(self, config: LabelConfig) -> LabelConfig:
        """Return the config with this question below the rest; span and video labels stand above their media.

        Raises:
            LabelConfigError: It is not finished, or cannot be asked about what is shown; every reason at once.
        """
        kind = QUESTION_KINDS[self.kind]
        answers = self._checked_answers()
        self._check_page(config, kind)
        arguments: list[Any] = [self.name.strip()]
        given: dict[str, Any] = {"title": self.title.strip(), **self._extras(answers)}
        if answers is not None:
            arguments.append(answers)
        if kind.several:
            given["multiple"] = self.multiple
        if not kind.is_tool:
            given |= {"required": self.required, "per_region": self.per_region}
        if self.about and kind.row.targets == 1:
            if self.about not in {shown.name for shown in config.fields.values()}:
                raise LabelConfigError(
                    f'It is about "{self.about}", which is not shown above it: choose another in About, '
                    "or move the question down."
                )
            given["to"] = self.about
        method = getattr(config, kind.row.method)
        settings = tuple(pair for pair in self.settings if pair != ("choice", None) or not self.multiple)
        grown: LabelConfig = method(*arguments, **given, **_keywords(method, settings))
        return grown

    def _check_page(self, config: LabelConfig, kind: QuestionKind) -> None:
        if self.name.strip() in _names(config):
            raise LabelConfigError(f'Something else is called "{self.name.strip()}": give it a name of its own.')
        shown = [found.kind for found in config.fields.values() if found.name]
        if not shown:
            raise LabelConfigError("Nothing is shown above it: show something, or move it below what is shown.")
        if not kind.fits(shown):
            needed = " or ".join(MEDIA_KINDS[name].lower() for name in kind.media if name in MEDIA_KINDS)
            raise LabelConfigError(
                f'"{kind.words}" works on {needed}, and none is shown above it: choose another kind, or show one.'
            )
        if self.per_region and not kind.is_tool and all(c.row.is_question for c in config.controls.values()):
            raise LabelConfigError(
                "It is asked for each region, and nothing above it marks regions: add a question that draws or marks "
                'above it, or untick "for each region".'
            )
        if len(shown) < kind.row.targets:
            raise LabelConfigError("It compares two, and one is shown above it: show another column too.")

    def _checked_answers(self) -> Any:
        faults = []
        if not self.name.strip():
            faults.append("It has no name yet: write a short one, for example mood, which your tables will use.")
        takes = QUESTION_KINDS[self.kind].options
        answers: Any = None
        if takes != "none":
            try:
                answers = list(split_list(self.options)) or None
            except ValueError:
                faults.append("Its answers have a quotation mark that is opened and not closed: close it.")
            else:
                if answers is None and takes == "needed":
                    faults.append("It has no answers yet: write them with commas between them, or one a line.")
        if faults:
            raise LabelConfigError(faults)
        if answers and len(answers) == 1 and re.fullmatch(r"\$\w+", answers[0]):
            return answers[0]
        # A repeated answer is left to the config's own sentence, which a dict would hide.
        if answers and self.colours and len(set(answers)) == len(answers):
            return {answer: self.colours.get(answer, "") for answer in answers}
        return answers

    def _extras(self, answers: Any) -> dict[str, Any]:
        kind = QUESTION_KINDS[self.kind]
        if kind.row.option != "Choice" or not isinstance(answers, list):
            return dict(kind.way.given)
        is_tree = kind.row.is_tree
        known = {part.strip() for answer in answers for part in (answer.split("/") if is_tree else [answer])}
        extras: dict[str, Any] = {
            "hints": {answer: text for answer, text in self.hints.items() if answer in known},
            "aliases": {answer: text for answer, text in self.aliases.items() if answer in known},
        }
        if is_tree:
            return extras
        return {**extras, "selected": [answer for answer in self.selected if answer in known], "hotkeys": self.hotkeys}

    @property
    def summary(self) -> str:
        """The question in one line, for the list of questions."""
        kind = QUESTION_KINDS[self.kind]
        parts = [kind.words.lower() if not kind.is_tool else kind.words[0].lower() + kind.words[1:]]
        if kind.several and not kind.row.is_tree and self.multiple:
            parts[0] += ", several"
        answers = self.answers
        if answers:
            shown = ", ".join(answers[:6]) + (f", … ({len(answers)} in all)" if len(answers) > 6 else "")
            parts[0] += f": {shown}"
        if not kind.is_tool:
            parts += ["required"] * self.required + ["for each region"] * self.per_region
        return " · ".join(parts)


@dataclass(frozen=True)
class Kept:
    """A part of a config that was read and is in no form a question here can have; it stays as it is.

    Args:
        xml: Its tags, inside one View that is not part of it.
        words: What it is, for the list.
    """

    xml: str
    words: str

    def add_to(self, config: LabelConfig) -> LabelConfig:
        """Return the config with these tags below the rest."""
        root = parse(config.xml)
        root.extend(list(parse(self.xml)))
        return LabelConfig.from_xml(serialise(root))


def _names(config: LabelConfig) -> set[str]:
    return {*config.controls, *(found.name for found in config.fields.values())}


Part = Shown | Question | Kept


def _channels(text: str) -> tuple[str, ...]:
    try:
        names = split_list(text)
    except ValueError:
        names = ()
    if not names:
        raise LabelConfigError("Say which columns of the time series' files to plot, with commas between them.")
    return names


def _keywords(method: Any, settings: Settings) -> dict[str, str | None]:
    """Return attributes as keywords; one that the method has an argument for gets a ``_``, which it strips."""
    taken = set(inspect.signature(method).parameters)
    return {f"{name}_" if name in taken and text is not None else name: text for name, text in settings}


# What the builder writes by itself, which a config written by hand may lack.
_WRITTEN = {
    CHOICES.name: ("choice",),
    TEXT_AREA.name: ("rows", "maxSubmissions", "editable"),
    RATING.name: ("maxRating",),
}
_OWN = {"name", "toname", "value", "required", "perregion"}


@dataclass(frozen=True)
class Outcome:
    """What a draft comes to.

    Args:
        config: The config of every part that is finished.
        problems: A sentence for each thing to mend; parts named in one may be left out of the config.
        left_out: How many parts are not in the config.
    """

    config: LabelConfig
    problems: tuple[str, ...]
    left_out: int


@dataclass(frozen=True)
class Draft:
    """The parts of a page, from top to bottom. It never changes: each method returns another draft.

    Args:
        parts: Media, questions, and what is kept as it was read.
        frame: The outermost tag of a config that was read, without its content.
        layout: ``auto``, ``columns`` or ``stacked``, as ``LabelConfig.laid_out`` takes it.

    Example:
        >>> draft = Draft((Shown("image", "uri"), Question("mood", options="good, bad"), Question("why")))
        >>> draft.outcome().config == LabelConfig.image("uri").choices("mood", "good, bad")
        True
        >>> draft.outcome().problems
        ('Part 3, the question "why": It has no answers yet: write them with commas between them, or one a line.',)
    """

    parts: tuple[Part, ...] = ()
    frame: str = "<View/>"
    layout: Layout = "stacked"

    def outcome(self) -> Outcome:
        """Return the config of all finished parts, and what is wrong with the others."""
        config = LabelConfig.from_xml(self.frame)
        problems: list[str] = []
        left_out = 0
        for number, part in enumerate(self.parts, start=1):
            try:
                config = part.add_to(config)
            except LabelConfigError as error:
                left_out += 1
                problems += [f"Part {number}, {_called(part)}: {problem}" for problem in error.problems]
        if self.layout != "stacked":
            config = config.laid_out(self.layout)
        return Outcome(config, tuple(problems), left_out)

    def added(self, part: Part) -> Draft:
        """Return the draft with one more part at the end."""
        return replace(self, parts=(*self.parts, part))

    def changed(self, index: int, part: Part) -> Draft:
        """Return the draft with another part at this place, counted from 0."""
        return replace(self, parts=(*self.parts[:index], part, *self.parts[index + 1 :]))

    def removed(self, index: int) -> Draft:
        """Return the draft without the part at this place, counted from 0."""
        return replace(self, parts=(*self.parts[:index], *self.parts[index + 1 :]))

    def moved(self, index: int, by: int) -> Draft:
        """Return the draft with a part moved down by so many places, or up where that is negative."""
        parts = list(self.parts)
        goal = min(max(index + by, 0), len(parts) - 1)
        parts.insert(goal, parts.pop(index))
        return replace(self, parts=tuple(parts))


def _called(part: Part) -> str:
    if isinstance(part, Shown):
        return f'the {part.kind} "{part.column}"' if part.column.strip() else f"the {part.kind}"
    if isinstance(part, Question):
        return f'the question "{part.name.strip()}"' if part.name.strip() else "the question"
    return part.words


def first_draft(table: pd.DataFrame | None) -> Draft:
    """Return a draft with one media and no question.

    Args:
        table: The table of items, whose columns say what there is to show; None where nothing is known.

    Example:
        >>> first_draft(pd.DataFrame({"id": ["1"], "post": ["Hello"]})).parts
        (Shown(kind='image', column='id', ...),)
    """
    columns = [str(column) for column in table.columns] if table is not None else []
    usual = [name for name in ("uri", "url", "image", "video", "audio", "text") if name in columns]
    column = next(iter([*usual, *columns]), "uri")
    kind = column if column in MEDIA_KINDS else "image"
    return Draft((Shown(kind, column),), layout="auto")


def longest_text(table: pd.DataFrame | None, columns: Sequence[str]) -> str:
    """Return the column whose cells hold the longest texts, which is the one to read; empty where there is none.

    Args:
        table: The table of items.
        columns: The columns in question.

    Example:
        >>> longest_text(pd.DataFrame({"id": ["1"], "post": ["Hello"]}), ["id", "post"])
        'post'
    """
    if table is None:
        return ""
    lengths = {column: table[column].head(50).astype(str).str.len().mean() for column in columns}
    return max(lengths, key=lambda column: lengths[column], default="")


def read_draft(config: LabelConfig) -> Draft:
    """Return the draft of a config, whatever it holds: building it again gives an equal config.

    What no form here can hold is kept as it is, and can be moved and removed as a whole.

    Args:
        config: Any config.

    Example:
        >>> config = LabelConfig.image("uri").choices("mood", "good, bad", required=True)
        >>> [type(part).__name__ for part in read_draft(config).parts]
        ['Shown', 'Question']
        >>> read_draft(config).outcome().config == config
        True
    """
    flat = config.stacked()
    if flat != config:
        drafts = (replace(read_draft(flat), layout=layout) for layout in ("auto", "columns"))
        found = next((draft for draft in drafts if draft.outcome() == Outcome(config, (), 0)), None)
        if found is not None:
            return found
    root = parse(config.xml)
    frame = serialise(build(str(root.tag), {str(k): str(v) for k, v in root.attrib.items()}))
    pieces = list(_forms_or_kept(root, config, frame))
    lifted = Draft(tuple(_with_tools_below_their_media(pieces, config)), frame)
    if lifted.outcome() == Outcome(config, (), 0):
        return lifted
    return Draft(tuple(kept if form is None or is_above else form for form, kept, is_above in pieces), frame)


def _forms_or_kept(root: Any, config: LabelConfig, frame: str) -> Iterator[tuple[Part | None, Kept, bool]]:
    """Yield for each piece of the page its form, if it has one, the piece as it is, and whether it is a tool that
    stands above its media: only the whole page shows whether such a tool's form is right."""
    grown = LabelConfig.from_xml(frame)
    shown = {found.name for found in config.fields.values() if found.name}
    for piece in _pieces(root):
        kept = Kept(_in_view(piece), _words(piece))
        wanted = kept.add_to(grown)
        forms = list(_forms(root, piece, config, len(shown) > 1))
        form = next((form for form in forms if _gives(form, grown, wanted)), None)
        is_above = form is None and bool(forms) and not _is_shown(forms[0], grown, config)
        yield (forms[0] if is_above else form), kept, is_above
        grown = wanted


def _is_shown(form: Part, grown: LabelConfig, config: LabelConfig) -> bool:
    if not isinstance(form, Question):
        return True
    names = {found.name for found in grown.fields.values()}
    return set(config.controls[form.name].to_names) <= names


def _with_tools_below_their_media(
    pieces: Sequence[tuple[Part | None, Kept, bool]], config: LabelConfig
) -> Iterator[Part]:
    shared = {(c.row.beside, target) for c in config.controls.values() if c.row.shares_labels for target in c.to_names}
    waiting: list[Question] = []
    shown: set[str] = set()
    for form, kept, is_above in pieces:
        if is_above and isinstance(form, Question):
            control = config.controls[form.name]
            # Labels that a tool shares come with the tool.
            if not any((control.tag, target) in shared for target in control.to_names):
                waiting.append(form)
            continue
        yield form or kept
        shown |= {found.name for found in LabelConfig.from_xml(kept.xml).fields.values()}
        for tool in [tool for tool in waiting if set(config.controls[tool.name].to_names) <= shown]:
            waiting.remove(tool)
            yield tool
    yield from waiting


def _shown(element: Any, tag: Tag) -> Shown:
    column = (attribute(element, "value") or "").removeprefix("$")
    channels = [attribute(e, "column") or "" for e in walk(element) if str(e.tag).lower() == "channel"]
    name = attribute(element, "name")
    return Shown(
        tag.method,
        column,
        join_list(channels),
        name=name if name != column else None,
        title=_heading(element),
        settings=_settings(element, _OWN),
    )


def _question(root: Any, element: Any, control: Any, several_media: bool) -> Question:
    row = control.row
    way = row.way(**{str(name): str(text) for name, text in element.attrib.items()})
    own = {*_OWN, "choice", *way.given}
    listed = element
    if row.shares_labels:
        target = control.to_names[0] if control.to_names else ""
        beside = (e for e in walk(root) if e.tag == row.beside and attribute(e, "toName") == target)
        listed = next(beside, element)
    options = [option for option, _ in option_elements(listed)]
    values = [attribute(option, "value") or "" for option in options]
    texts = values
    if row.is_tree:
        texts = ["/".join(path) for option, path in option_elements(listed) if not len(option)]
    column = attribute(listed, "value") if not row.is_open else None

    def extra(name: str) -> dict[str, str]:
        found = zip(values, (attribute(option, name) for option in options), strict=True)
        return {value: text for value, text in found if text}

    settings = _settings(listed, own)
    if not row.is_tree and any(len(path) > 1 for path in control.paths):
        texts = []  # answers below answers have no form here
    if row.is_tree:
        settings = tuple((name, text) for name, text in settings if (name, text) != (row.several, "1"))
    return Question(
        control.name,
        way.name,
        title=_heading(listed),
        options=join_lines(texts) if texts else (column or ""),
        multiple=control.multiple if row.is_tree else attribute(element, "choice") == "multiple",
        required=control.required,
        per_region=control.per_region,
        about=control.to_names[0] if several_media and control.to_names and row.targets == 1 else "",
        hints=extra("hint"),
        aliases=extra("alias"),
        colours=extra("background"),
        selected=tuple(extra("selected")),
        hotkeys=bool(extra("hotkey")) or not options,
        settings=settings,
    )


def join_lines(answers: Sequence[str]) -> str:
    """Return answers one a line, as they stand in the builder's field.

    Example:
        >>> join_lines(["good", "sad, tired"])
        'good\\n"sad, tired"'
    """
    return "\n".join(join_list([answer]) for answer in answers)


def _settings(element: Any, own: set[str]) -> Settings:
    written = tuple((str(name), str(text)) for name, text in element.attrib.items() if str(name).lower() not in own)
    names = {str(name).lower() for name in element.attrib}
    absent = (name for name in _WRITTEN.get(str(element.tag), ()) if name.lower() not in names)
    return (*written, *((name, None) for name in absent))


def _heading(element: Any) -> str:
    header = header_of(element)
    return (attribute(header, "value") or "") if header is not None and set(header.attrib) == {"value"} else ""


def _pieces(root: Any) -> Iterator[list[Any]]:
    """Yield the tags directly inside the page; a heading goes with what stands right below it."""
    waiting: list[Any] = []
    for child in root:
        after = child.getnext()
        is_heading = child.tag == "Header" and set(child.attrib) == {"value"} and after is not None
        waiting.append(child)
        if isinstance(child.tag, str) and (not is_heading or after.tag == "Header"):
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _forms(root: Any, piece: list[Any], config: LabelConfig, several_media: bool) -> Iterator[Part]:
    inside = [element for node in piece for element in walk(node)]
    media = [(e, tag) for e in inside if (tag := find_tag(str(e.tag))) is not None and tag.words]
    named = [name for e in inside if (name := attribute(e, "name")) in config.controls]
    if len(media) == 1 and not named:
        yield _shown(*media[0])
    if len(named) == 1 and not media and any(way.name for way in config.controls[str(named[0])].row.ways):
        element = next(e for e in inside if attribute(e, "name") == named[0])
        yield _question(root, element, config.controls[str(named[0])], several_media)


def _gives(part: Part, before: LabelConfig, wanted: LabelConfig) -> bool:
    try:
        return part.add_to(before) == wanted
    except LabelConfigError:
        return False


def _in_view(piece: list[Any]) -> str:
    view = build("View", {})
    for node in _copies(piece):
        view.append(node)
    return serialise(view)


def _copies(nodes: list[Any]) -> list[Any]:
    """Return copies of tags, so that the page they stand on stays as it is."""
    copies = [copy.deepcopy(node) for node in nodes]
    for node in copies:
        node.tail = None
    return copies


def _words(piece: list[Any]) -> str:
    inside = [element for node in piece for element in walk(node)]
    names = [f'{e.tag} "{name}"' for e in inside if (name := attribute(e, "name"))]
    if not names:
        names = list(dict.fromkeys(str(e.tag) for e in inside)) or ["a comment"]
    return ", ".join(names[:4]) + (" and more" if len(names) > 4 else "") + ", kept as it was read"


# What the builder shows of a page: Label Studio's own editor in a frame, or an outline.
#
# The frame's page is preview.html, which has the notebook's origin and hands whatever stands in the element
# .lsnb-preview-draft beside it to a frame within. That one's page is preview_editor.html, which loads the editor from
# the public files of a Label Studio, with no project, no task and no key. The server's scripts run in it, so it is
# sandboxed and has no origin: the notebook, its cookies and its kernels are another site's to them.


# One task that a config can show: from the table's first row where a browser can show it, else samples.


# Every Label Studio serves these to everybody.
_FILES = {"image": "kittens.jpg", "video": "opossum_snow.mp4", "audio": "game.wav", "pdf": "sample.pdf"}
_TEXT = "This is where the text to annotate stands. The preview shows a sample; annotators see your own."
_TURNS = (("Ana", "How was the journey?"), ("Ben", "Long, and we were glad to arrive."))
_ROWS = 200


Fetch = Callable[[str, str], str | None]
"""Takes the address of an object in a bucket and its kind, and gives its content as an address, or None."""


def sample_task(
    config: LabelConfig, address: str, row: Mapping[str, Any] | None = None, fetch: Fetch | None = None
) -> dict[str, Any]:
    """Return a task's data with every key that a config shows.

    Args:
        config: Any config.
        address: The server's address, whose sample media are used.
        row: A row of the user's table: its texts, numbers and web addresses are shown as they are.
        fetch: What gives the content of the row's objects in a bucket; those that it has not are samples.

    Example:
        >>> config = LabelConfig.image("uri").text("caption")
        >>> sample_task(config, "http://127.0.0.1:8080", {"uri": "gs://b/1.png", "caption": "A cat."})
        {'uri': 'http://127.0.0.1:8080/static/samples/kittens.jpg', 'caption': 'A cat.'}
    """
    given = row or {}
    return {
        key: _plain(given[key])
        if _is_showable(field, given.get(key))
        else _fetched(field, given.get(key), fetch) or _sample(config, key, field, address)
        for key, field in config.fields.items()
    }


def _fetched(field: Field, value: Any, fetch: Fetch | None) -> str | None:
    is_there = fetch is not None and field.is_url and isinstance(value, str) and value.startswith("gs://")
    return fetch(value, field.kind) if fetch and is_there else None


def _is_showable(field: Field, value: Any) -> bool:
    if field.kind == "number":
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not isinstance(value, str) or not value.strip():
        return False
    if field.is_url:
        return value.startswith(("http://", "https://"))
    return field.kind in ("text", "hypertext")


def _plain(value: Any) -> Any:
    """Return a number of pandas' as one that JSON knows."""
    return value if isinstance(value, str) else float(value)


def _sample(config: LabelConfig, key: str, field: Field, address: str) -> Any:
    if field.kind in _FILES:
        return f"{address}/static/samples/{_FILES[field.kind]}"
    match field.kind:
        case "images":
            return [f"{address}/static/samples/{name}" for name in ("kittens.jpg", "kittens1.jpg")]
        case "text":
            return _as_file("text/plain", _TEXT) if field.is_url else _TEXT
        case "hypertext":
            page = f"<h3>A sample page</h3><p>{_TEXT}</p>"
            return _as_file("text/html", page) if field.is_url else page
        case "paragraphs":
            return _conversation(config, key, field.is_url)
        case "timeseries":
            return _series(config, key, field.is_url)
        case "number":
            return 25
        case "options":
            return [{"value": "first answer"}, {"value": "second answer"}]
        case "list":
            return [{"id": text, "title": text, "body": f"This is {text}."} for text in ("the first", "the second")]
        case "table":
            return {"column": "value"}
        case _:
            return [{}]


def _as_file(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"


def _tag_of(config: LabelConfig, key: str) -> Any:
    return next(tag for tag in walk(parse(config.xml)) if attribute(tag, "value") == f"${key}")


def _conversation(config: LabelConfig, key: str, is_url: bool) -> Any:
    tag = _tag_of(config, key)
    who, what = attribute(tag, "nameKey") or "author", attribute(tag, "textKey") or "text"
    turns = [
        {who: name, what: text, "start": float(number), "end": number + 1.0}
        for number, (name, text) in enumerate(_TURNS)
    ]
    return _as_file("application/json", json.dumps(turns)) if is_url else turns


def _series(config: LabelConfig, key: str, is_url: bool) -> Any:
    tag = _tag_of(config, key)
    columns = [attribute(e, "column") or "" for e in walk(tag) if str(e.tag).lower() == "channel"]
    time, dated = attribute(tag, "timeColumn"), attribute(tag, "timeFormat")
    data: dict[str, list[Any]] = {}
    if time:
        data[time] = [_moment(row, dated) for row in range(_ROWS)]
    for number, column in enumerate(columns, start=1):
        data[column] = [round(math.sin(row * number / 10), 4) for row in range(_ROWS)]
    if not is_url:
        return data
    separator = attribute(tag, "sep") or ","
    lines = [separator.join(data), *(separator.join(map(str, values)) for values in zip(*data.values(), strict=True))]
    return _as_file("text/csv", "\n".join(lines))


def _moment(row: int, dated: str | None) -> Any:
    return (datetime(2020, 1, 1) + timedelta(seconds=row)).strftime(dated) if dated else row / 10


# Of a sandbox or a slow line: the page says so by itself and shows the outline.
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Preview:
    """A Label Studio that draws previews.

    Args:
        address: Where a browser reaches it, without a slash at the end.
        open_project: Puts a config into a scratch project and returns the project's address.
        timeout: Seconds after which the frame shows an outline instead.
        fetch: What gives the content of objects in a bucket.
    """

    address: str
    open_project: Callable[[LabelConfig], str] | None = field(default=None, repr=False, compare=False)
    timeout: float = TIMEOUT_SECONDS
    fetch: Fetch | None = field(default=None, repr=False, compare=False)

    @property
    def frame(self) -> str:
        """The frame as HTML. It stays while configs change, so that the editor is loaded once."""
        editor = _page("preview_editor.html", {"address": self.address})
        settings = {
            "address": self.address, "seconds": self.timeout, "canOpen": self.open_project is not None,
            "page": editor.replace("__POLICY__", html.escape(_policy(self.address))),
        }  # fmt: skip
        page = _page("preview.html", settings)
        return (
            f'<iframe class="lsnb-preview-frame" title="Preview" srcdoc="{html.escape(page)}" '
            'style="width: 100%; height: 420px; border: 1px solid #ccc; border-radius: 4px; background: white">'
            "</iframe>"
        )

    def draft(self, config: LabelConfig, row: Mapping[str, Any] | None) -> str:
        """Return what the frame is to draw, as HTML that is not seen.

        Args:
            config: The config.
            row: A row of the user's table, or None for samples alone.
        """
        content = {
            "config": config.xml,
            "task": sample_task(config, self.address, row, self.fetch),
            "outline": outline(config),
            "isFaulty": bool(structure_problems(parse(config.xml))),
        }
        return f'<div class="lsnb-preview-draft" data-draft="{html.escape(json.dumps(content, default=str))}"></div>'


def _page(name: str, settings: Mapping[str, Any]) -> str:
    page = resources.files("lsnb.forms").joinpath(name).read_text(encoding="utf-8")
    return page.replace("__SETTINGS__", json.dumps(settings).replace("<", "\\u003c"))


def _policy(address: str) -> str:
    """Return what the editor's page may load: scripts from its Label Studio alone, media from anywhere."""
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.\-:\[\]%]+", parts.netloc):
        raise InputError(
            f"{shown_address(address)} is no address of a Label Studio: give one that begins with http:// or https://."
        )
    return (
        f"default-src 'none'; script-src {origin} 'unsafe-inline' 'unsafe-eval' blob: data:; worker-src blob: data:; "
        f"style-src {origin} 'unsafe-inline'; font-src {origin} data:; img-src * data: blob:; media-src * data: blob:; "
        f"connect-src {origin} https: data: blob:; frame-src 'none'; form-action 'none'; base-uri 'none'"
    )


def outline(config: LabelConfig) -> str:
    """Return a config as HTML, as annotators would roughly read it: what is shown, then each question and its answers.

    Args:
        config: Any config.

    Example:
        >>> "What is the mood?" in outline(LabelConfig.image("uri").choices("mood", "good", title="What is the mood?"))
        True
    """
    book = config.codebook
    heads = book[book["label"] == ""]
    titles = dict(zip(heads["variable"], heads["description"], strict=True))
    shown = [
        f"<p>[ {html.escape(found.kind)} from the column <b>{html.escape(key)}</b> ]</p>"
        for key, found in config.fields.items()
    ]
    asked = []
    for name, control in config.controls.items():
        several = control.multiple or control.row.option != "Choice"
        mark = "☐" if several else "○"
        answers = [" / ".join(path) for path in control.paths] or list(control.labels)
        manner = html.escape(control.row.way().short or f"[ {control.kind} ]")
        listed = " &nbsp; ".join(f"{mark} {html.escape(answer)}" for answer in answers) or manner
        title = html.escape(titles.get(name) or name)
        notes = [html.escape(name), *["required"] * control.required, *["for each region"] * control.per_region]
        asked.append(f"<p><b>{title}</b> <span style='opacity: .65'>({', '.join(notes)})</span><br>{listed}</p>")
    return "".join([*shown, *asked]) or "<p>Nothing is shown yet.</p>"
