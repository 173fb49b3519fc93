"""What stands on the page a builder makes: media, questions, and parts that are kept as they were read.

Each part is a plain record that adds itself to a ``LabelConfig``; nothing here knows of widgets.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lsnb.errors import LabelConfigError
from lsnb.forms.parsing import split_list
from lsnb.labels import LabelConfig
from lsnb.labels.tree import parse, serialise
from lsnb.labels.vocabulary import METHODS, TAGS, Offers, Tag, Way

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
