"""Growing a label config: the immutable tree, where a new tag goes, and the starting call.

``LabelConfig`` is put together from the media, question, region and layout modules beside this one; all of
them build on ``ConfigTree``.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar

from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.labels.answers import find_answer_problems
from lsnb.labels.problems import Problem, find_problems, nearest
from lsnb.labels.reading import Control, Field, attribute, object_tags, read_controls, read_fields
from lsnb.labels.tree import build, parse, serialise, signature, walk
from lsnb.labels.vocabulary import TAGS, Tag, find_attribute, media_names

if TYPE_CHECKING:
    from lsnb.labels.config import LabelConfig

Setting = str | int | float | bool | None

P = ParamSpec("P")
T = TypeVar("T")

# The editor gives these keys, in this order, to labels that name none; its tools use the other letters.
HOTKEYS = "1234567890qwetasdfgzxcvbyiopjklnm"

MEDIA_CLASS = "lsnb-media"
QUESTIONS_CLASS = "lsnb-questions"


class Starting(Generic[P]):
    """A method that also starts a config: ``LabelConfig.image("uri")`` and ``config.image("uri")``.

    Called on the class it begins with an empty config, called on a config it goes on from there.
    """

    def __init__(self, method: Callable[Concatenate[Any, P], LabelConfig]) -> None:
        self._method = method
        described: Any = self
        functools.update_wrapper(described, method)

    def __get__(self, instance: Any, owner: Callable[[], Any]) -> Callable[P, LabelConfig]:
        config = owner() if instance is None else instance
        bound: Any = functools.partial(self._method, config)
        functools.update_wrapper(bound, self._method)
        del bound.__wrapped__  # or help() would show the config as a first argument
        started: Callable[P, LabelConfig] = bound
        return started


class ConfigTree:
    """A label config as text that never changes; each method that adds something returns another config."""

    __slots__ = ("_text",)

    _text: str

    def __init__(self) -> None:
        self._text = "<View/>\n"

    @property
    def xml(self) -> str:
        """The config as Label Studio reads it: two spaces a level, name, toName and value first."""
        return self._text

    @property
    def fields(self) -> dict[str, Field]:
        """Data key → field: what each task must bring, in the order in which it is shown.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.image("uri").fields["uri"].kind
            'image'
        """
        return read_fields(self._root())

    @property
    def controls(self) -> dict[str, Control]:
        """Control name → control: what annotators are asked.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.image("uri").choices("mood", ["good", "bad"]).controls["mood"].labels
            ('good', 'bad')
        """
        return read_controls(self._root())

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that are equal for equal configs, on every computer.

        Comments, spaces and the order of attributes do not count.
        """
        return hashlib.sha256(signature(self._root()).encode()).hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConfigTree):
            return NotImplemented
        return signature(self._root()) == signature(other._root())

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "_text" and not hasattr(self, "_text"):
            object.__setattr__(self, name, value)
            return
        raise AttributeError("A LabelConfig does not change: each call returns a new one, so keep what it returns.")

    def _root(self) -> etree._Element:
        return parse(self._text)

    @classmethod
    def _of(cls: type[T], root: etree._Element) -> T:
        config = cls.__new__(cls)
        config._text = serialise(root)  # type: ignore[attr-defined]
        return config

    def _add(self, *elements: etree._Element, media: bool = False) -> LabelConfig:
        """Return a config with new elements at its end, or at the end of its column.

        Raises:
            LabelConfigError: They would not work there; every reason at once.
        """
        root = self._root()
        home = home_of(root, MEDIA_CLASS if media else QUESTIONS_CLASS)
        home.extend(elements)
        return self._checked(root)

    def _add_above(self, name: str, *elements: etree._Element) -> LabelConfig:
        """Return a config with new elements right above a media, so that they are seen without scrolling.

        Where the config has columns, they go to the questions' column as any other question does.
        """
        root = self._root()
        if home_of(root, QUESTIONS_CLASS) is not root:
            return self._add(*elements)
        place = next(found for found in walk(root) if attribute(found, "name") == name)
        for parent in place.iterancestors():
            if parent is not root:
                place = parent
        heading = place.getprevious()
        if heading is not None and heading.tag == "Header":
            place = heading
        for new in elements:
            place.addprevious(new)
        return self._checked(root)

    def _checked(self, root: etree._Element) -> LabelConfig:
        """Return the config of a grown tree.

        Raises:
            LabelConfigError: It has problems that this config does not have; a config read from XML may have some.
        """
        found = structure_problems(root)
        if found:
            before = set(structure_problems(self._root()))
            messages = [problem.message for problem in found if problem not in before]
            if messages:
                raise LabelConfigError(messages)
        config: LabelConfig = type(self)._of(root)  # type: ignore[assignment]
        return config

    def _target(self, tag: Tag, to: str | Sequence[str] | None) -> str:
        """Return toName: the media named, else the last one that this control works on."""
        if to is not None:
            return to if isinstance(to, str) else ",".join(to)
        shown = object_tags(self._root())
        works_on = tag.media
        fitting = [name for name, shows in shown.items() if not works_on or shows.name in works_on]
        if fitting:
            return fitting[-1]
        needed = media_names(works_on) or "an image, a text or another media"
        raise LabelConfigError(
            f"{tag.name} needs {needed}, and this config shows "
            f"{', '.join(found.name for found in shown.values()) or 'nothing yet'}: "
            'add the media before the question, for example LabelConfig.image("uri").'
        )

    def _free_hotkeys(self) -> list[str]:
        taken = {(attribute(element, "hotkey") or "").lower() for element in walk(self._root())}
        return [key for key in HOTKEYS if key not in taken]


def structure_problems(root: etree._Element, release: str | None = None) -> list[Problem]:
    """Return all problems that the config alone shows, without a table."""
    return [*find_problems(root, release), *find_answer_problems(root)]


def home_of(root: etree._Element, class_name: str) -> etree._Element:
    """Return the View with this class, or the root where there is none."""
    for element in walk(root):
        if element.tag == "View" and class_name in (element.get("className") or "").split():
            return element
    return root


def settings(tag: str, given: Mapping[str, Setting]) -> dict[str, str]:
    """Return attributes as XML text from Python keywords: ``max_width=300`` → ``maxWidth="300"``.

    Args:
        tag: The tag they go on.
        given: Keyword → value; None leaves the attribute out.

    Raises:
        LabelConfigError: A keyword is no attribute of the tag; all of them at once.
    """
    found: dict[str, str] = {}
    faults: list[str] = []
    for keyword, value in given.items():
        name = find_attribute(TAGS[tag], keyword.replace("_", ""))
        if name is None:
            near = nearest(keyword.replace("_", ""), TAGS[tag].attributes)
            hint = f"did you mean {near}?" if near else f"it knows {', '.join(TAGS[tag].attributes)}."
            faults.append(f"{tag} has no attribute {keyword}: {hint}")
        elif value is not None:
            found[name] = _as_text(value)
    if faults:
        raise LabelConfigError(faults)
    return found


def _as_text(value: Setting) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def element(tag: str, given: Mapping[str, Setting], *children: etree._Element) -> etree._Element:
    """Return a tag with attributes from Python keywords."""
    return build(tag, settings(tag, given), *children)


def titled(title: str, shown: etree._Element) -> list[etree._Element]:
    """Return a tag with a heading above it, or alone where there is no title."""
    return [element("Header", {"value": title}), shown] if title else [shown]


def column_of(given: object) -> str | None:
    """Return ``$column`` where answers are to come from each task's data, else None.

    Example:
        >>> column_of("$answers"), column_of("good, bad")
        ('$answers', None)
    """
    is_column = isinstance(given, str) and re.fullmatch(r"\$[A-Za-z_][A-Za-z0-9_]*", given.strip())
    return str(given).strip() if is_column else None


def words(given: str | Iterable[object], what: str) -> list[str]:
    """Return a list of answers from a list, or from a text with commas or line breaks.

    Example:
        >>> words("good, bad", "choices")
        ['good', 'bad']

    Raises:
        LabelConfigError: There are none, one is empty, or one stands twice; all of them at once.
    """
    if isinstance(given, str):
        parts = re.split(r"[,\n]", given)
        listed = [part.strip() for part in parts if part.strip()]
    elif isinstance(given, Iterable):
        listed = [str(part).strip() for part in given]
    else:
        raise LabelConfigError(f"{what} is {given!r}: give a list of answers, or a text with commas between them.")
    faults = []
    if not listed:
        faults.append(f"{what} has no answers: give at least one.")
    if "" in listed:
        faults.append(f"{what} has an empty answer: remove it.")
    repeated = sorted({word for word in listed if word and listed.count(word) > 1})
    faults += [f'{what} offers "{word}" more than once: keep one.' for word in repeated]
    if faults:
        raise LabelConfigError(faults)
    return listed
