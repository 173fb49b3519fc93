"""Growing a label config: the immutable tree, where a new tag goes, its answers, its condition and its colours.

``LabelConfig`` is put together from what is shown and what is asked (the modules beside this one); both build on
``ConfigTree``.
"""

from __future__ import annotations

import colorsys
import functools
import hashlib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import UnionType
from typing import (
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np
from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.kernel import checks
from lsnb.kernel.words import closest
from lsnb.labels.check import structure_problems
from lsnb.labels.tree import (
    Control,
    Field,
    attribute,
    build,
    object_tags,
    parse,
    put_attribute,
    read_controls,
    read_fields,
    serialise,
    signature,
    walk,
)
from lsnb.labels.vocabulary import TAGS, Tag, find_attribute, media_names

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

    def __init__(self, method: Callable[Concatenate[Any, P], Any]) -> None:
        self._method = method
        described: Any = self
        functools.update_wrapper(described, method)

    def __get__(self, instance: T | None, owner: Callable[[], T]) -> Callable[P, T]:
        config = owner() if instance is None else instance
        bound: Any = functools.partial(self._method, config)
        functools.update_wrapper(bound, self._method)
        del bound.__wrapped__  # or help() would show the config as a first argument
        started: Callable[P, T] = bound
        return started


COLUMN = "A column is shown by its name, and this is a {kind}: give a text, for example 'uri'."


def checked(**said: tuple[int, int | None] | str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator by which a builder method refuses what its signature does not take, all at once.

    The signature is the contract: texts, numbers, switches and fixed words are checked here by their annotations; what
    answers and conditions must be, the method says.

    Args:
        said: Parameter → the least and the most whole number it takes; or what to say of it instead, where ``{value}``
            stands for what was given and ``{kind}`` for its type.
    """

    def decorate(method: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(method)
        def called(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                bound = inspect.signature(method).bind(
                    *map(_plain, args), **{name: _plain(value) for name, value in kwargs.items()}
                )
            except TypeError:
                return method(*args, **kwargs)  # which says what is missing or not known
            given = dict(bound.arguments)
            hints = _hints(method)
            attributes = given.pop("attributes", {})
            faults = [_argument_fault(name, value, hints.get(name), said.get(name)) for name, value in given.items()]
            faults += [_argument_fault(name, value, Setting, None) for name, value in attributes.items()]
            checks.raise_for(LabelConfigError, *faults)
            return method(*bound.args, **bound.kwargs)

        return called

    return decorate


def _plain(value: Any) -> Any:
    """Return Python's number or switch for one of numpy's."""
    return value.item() if isinstance(value, np.generic) else value


@functools.cache
def _hints(method: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(method)


def _argument_fault(name: str, value: Any, hint: Any, said: tuple[int, int | None] | str | None) -> str | None:
    """Return what is wrong with an argument, None where its annotation says more than plain types do."""
    options = get_args(hint) if isinstance(hint, UnionType) or get_origin(hint) is Union else (hint,)
    if value is None and type(None) in options:
        return None
    found: list[str | None] = []
    for option in options:
        origin, inside = get_origin(option), get_args(option)
        if option is str:
            found.append(checks.text(name, value))
        elif option is int:
            least, most = said if isinstance(said, tuple) else (None, None)
            found.append(checks.whole(name, value, least=least, most=most))
        elif option is float:
            found.append(checks.number(name, value))
        elif option is bool:
            found.append(checks.switch(name, value))
        elif origin is Literal:
            found.append(checks.choice(name, value, inside))
        elif origin is tuple:
            found.append(checks.texts(name, value, count=len(inside)))
        elif origin is Sequence and inside == (str,):
            found.append(checks.texts(name, value))
        elif origin is Mapping:
            found.append(checks.mapping(name, value))
        elif option is not type(None):
            return None
    if not found or None in found:
        return None
    if isinstance(said, str):
        return said.format(value=repr(value), kind=type(value).__name__)
    ends = [str(fault).partition(": give ")[2].rstrip(".") for fault in found]
    return f"{str(found[0]).partition(': give ')[0]}: give {' or '.join(ends)}."


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
    def _of(cls, root: etree._Element) -> Self:
        config = cls.__new__(cls)
        config._text = serialise(root)
        return config

    def _add(self, *elements: etree._Element, media: bool = False) -> Self:
        """Return a config with new elements at its end, or at the end of its column.

        Raises:
            LabelConfigError: They would not work there; every reason at once.
        """
        root = self._root()
        home = home_of(root, MEDIA_CLASS if media else QUESTIONS_CLASS)
        home.extend(elements)
        return self._checked(root)

    def _add_above(self, name: str, *elements: etree._Element) -> Self:
        """Return a config with new elements right above a media, so that they are seen without scrolling.

        Where the config has columns, they go to the questions' column as any other question does.
        """
        root = self._root()
        if home_of(root, QUESTIONS_CLASS) is not root:
            return self._add(*elements)
        place = next((found for found in walk(root) if attribute(found, "name") == name), None)
        if place is None:
            return self._add(*elements)  # which says that there is no such media
        for parent in place.iterancestors():
            if parent is not root:
                place = parent
        heading = place.getprevious()
        if heading is not None and heading.tag == "Header":
            place = heading
        for new in elements:
            place.addprevious(new)
        return self._checked(root)

    def _checked(self, root: etree._Element) -> Self:
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
        return type(self)._of(root)

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
            near = closest(keyword.replace("_", ""), TAGS[tag].attributes)
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
    return f"{value:.10g}" if isinstance(value, float) else str(value)


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


Options = str | Iterable[str] | Mapping[str, Any]


def choice_elements(
    name: str,
    options: Options,
    *,
    aliases: Mapping[str, str] | None = None,
    hints: Mapping[str, str] | None = None,
    hotkeys: Mapping[Any, str] | None = None,
    selected: Sequence[str] = (),
) -> list[etree._Element]:
    """Return Choice tags.

    Args:
        name: The question, for messages.
        options: A list, a text with commas or line breaks, or nested dicts.
        aliases: Answer → alias.
        hints: Answer → hint.
        hotkeys: Answer → key, or number of the answer (from 0, at the first level) → key.
        selected: The answers chosen at first.

    Raises:
        LabelConfigError: An answer is empty, repeated or unknown; every fault at once.
    """
    tree = {} if column_of(options) else _tree(name, options)
    known = _all_answers(tree)
    faults = [
        f'{name} has {what} for "{answer}", which it does not offer: offered are {", ".join(known)}.'
        for what, given in (("an alias", aliases), ("a hint", hints), ("a hotkey", hotkeys), ("a choice", selected))
        for answer in given or ()
        if isinstance(answer, str) and answer not in known
    ]
    if faults:
        raise LabelConfigError(faults)
    keys = dict(hotkeys or {})

    def make(answers: Mapping[str, Any], level: int) -> list[etree._Element]:
        made = []
        for number, (answer, below) in enumerate(answers.items()):
            given: dict[str, Setting] = {
                "value": answer,
                "alias": (aliases or {}).get(answer),
                "hint": (hints or {}).get(answer),
                "hotkey": keys.get(answer, keys.get(number) if level == 0 else None),
                "selected": True if answer in selected else None,
            }
            made.append(element("Choice", given, *make(below, level + 1)))
        return made

    return make(tree, 0)


def paths_to_tree(name: str, paths: Iterable[str | Sequence[str]], separator: str) -> dict[str, Any]:
    """Return nested dicts from paths.

    Args:
        name: The question, for messages.
        paths: ``"animal/dog"`` or ``("animal", "dog")``.
        separator: What stands between the parts of a path written as text.

    Raises:
        LabelConfigError: A path has an empty part or stands twice.

    Example:
        >>> paths_to_tree("kind", ["animal/dog", ("animal", "cat")], "/")
        {'animal': {'dog': {}, 'cat': {}}}
    """
    if not isinstance(paths, Iterable):
        raise LabelConfigError(f"{name} is {paths!r}: give nested dicts, or a list of paths such as 'animal/dog'.")
    tree: dict[str, Any] = {}
    seen: set[tuple[str, ...]] = set()
    faults = []
    for path in paths:
        if not isinstance(path, Iterable):
            faults.append(f"{name} has the path {path!r}: write it as a text such as 'animal/dog', or as a list.")
            continue
        parts = tuple(str(p).strip() for p in (path.split(separator) if isinstance(path, str) else path))
        if not parts or "" in parts:
            faults.append(f"{name} has the path {path!r} with an empty part: fill it or remove it.")
            continue
        if parts in seen:
            faults.append(f"{name} has the path {separator.join(parts)} more than once: keep one.")
        seen.add(parts)
        node = tree
        for part in parts:
            node = node.setdefault(part, {})
    if faults:
        raise LabelConfigError(faults)
    return tree


def _tree(name: str, options: Options) -> dict[str, Any]:
    """Return nested dicts whatever the answers were given as."""
    if options is None or (isinstance(options, Mapping) and not options):
        return {}
    if not isinstance(options, Mapping):
        return {answer: {} for answer in words(options, name)}
    tree: dict[str, Any] = {}
    for answer, below in zip(words(options, name), options.values(), strict=True):
        if isinstance(below, str):
            raise LabelConfigError(
                f'{name} has "{answer}": {below!r}; below an answer stands a list or a dict of answers. '
                "For a text shown beside the mouse give hints={...}."
            )
        tree[answer] = _tree(f"{name}, {answer}", below) if below else {}
    return tree


def _all_answers(tree: Mapping[str, Any]) -> list[str]:
    return [answer for key, below in tree.items() for answer in (key, *_all_answers(below))]


When = str | Mapping[str, str | Sequence[str]]


PerRegion = bool | str | Sequence[str]


def conditional(
    question: etree._Element,
    title: str,
    *,
    controls: Mapping[str, Control],
    visible_when: When | None = None,
    visible_unless: When | None = None,
    per_region: PerRegion = False,
) -> list[etree._Element]:
    """Return a question with its heading; both inside a View of their own where they are not always shown.

    A View carries the condition since a heading has none, and since some questions (ratings, numbers, dates)
    have none either.

    Args:
        question: The control.
        title: The heading, or nothing.
        controls: The controls that a condition may name.
        visible_when: A question's name, or name → answer or answers.
        visible_unless: The same, for hiding.
        per_region: Whether it is asked for each region, or the labels whose regions it is about.

    Raises:
        LabelConfigError: A condition names nothing that exists, or there are two of them.
    """
    given = [value for value in (visible_when, visible_unless, per_region or None) if value is not None]
    if len(given) > 1:
        raise LabelConfigError(
            f'"{question.get("name")}" has more than one of visible_when, visible_unless and per_region: '
            "Label Studio heeds one, so keep one."
        )
    parts = titled(title, question)
    if per_region:
        return [element("View", _region_condition(question, per_region), *parts)]
    if visible_when is not None:
        return [element("View", _condition(visible_when, "choice-selected", controls), *parts)]
    if visible_unless is not None:
        return [element("View", _condition(visible_unless, "choice-unselected", controls), *parts)]
    return parts


def _region_condition(question: etree._Element, per_region: PerRegion) -> dict[str, Setting]:
    question.set("perRegion", "true")
    if per_region is True or isinstance(per_region, bool):
        return {"visibleWhen": "region-selected"}
    labels = [per_region] if isinstance(per_region, str) else list(per_region)
    _refuse_commas(labels)
    if len(labels) == 1:
        # On the question itself Label Studio compares the whole text, so only one label can stand there.
        put_attribute(question, "whenLabelValue", labels[0])
    elif question.get("required") == "true":
        raise LabelConfigError(
            f'"{question.get("name")}" is required for the regions of {len(labels)} labels: Label Studio can require '
            "an answer for one label or for all, so add one question per label or drop required."
        )
    return {"visibleWhen": "region-selected", "whenLabelValue": ",".join(labels)}


def _condition(when: When, kind: str, controls: Mapping[str, Control]) -> dict[str, Setting]:
    wanted: Mapping[str, str | Sequence[str]] = {when: []} if isinstance(when, str) else when
    if len(wanted) != 1:
        raise LabelConfigError(f"A condition names {len(wanted)} questions: Label Studio heeds one, so name one.")
    [(name, values)] = wanted.items()
    if not isinstance(values, str) and checks.listed(name, values):
        raise LabelConfigError(f'A condition waits for {values!r} of "{name}": give an answer or a list of answers.')
    answers = [values] if isinstance(values, str) else [str(value) for value in values]
    if name not in controls:
        near = closest(name, controls)
        hint = f'did you mean "{near}"?' if near else f"it has {', '.join(controls) or 'no question yet'}."
        raise LabelConfigError(f'A condition waits for "{name}", which is no question of this config: {hint}')
    if controls[name].row.option != "Choice":
        raise LabelConfigError(
            f'A condition waits for "{name}", which is {controls[name].tag}: '
            "only Choices and Taxonomy can be waited for."
        )
    _refuse_commas(answers)
    return {"visibleWhen": kind, "whenTagName": name, "whenChoiceValue": ",".join(answers) or None}


def _refuse_commas(answers: Sequence[str]) -> None:
    for answer in answers:
        if "," in answer:
            raise LabelConfigError(
                f'A condition waits for "{answer}": Label Studio takes a comma there for two answers, so give that '
                "answer a name without a comma."
            )


# Okabe and Ito (2008), Color Universal Design, "Set of colors that is unambiguous both to colorblinds and
# non-colorblinds"; black last, since it is the hardest to see over a photograph.
OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000")


@functools.lru_cache(maxsize=8)
def palette(n: int) -> tuple[str, ...]:
    """Return ``n`` different colours as ``#RRGGBB``; a longer palette begins with the shorter one.

    Args:
        n: Number of colours, 0 or more.

    Example:
        >>> palette(2)
        ('#E69F00', '#56B4E9')
        >>> len(set(palette(70)))
        70
    """
    return tuple(_extend(list(OKABE_ITO[:n]), n))


def next_colours(used: Iterable[str], n: int) -> list[str]:
    """Return ``n`` colours of the palette that are not in ``used``, as far as there are any.

    Args:
        used: Colours that are taken, as ``#RRGGBB`` in any case; other spellings are ignored.
        n: Number of colours.

    Example:
        >>> next_colours(["#e69f00"], 2)
        ['#56B4E9', '#009E73']
    """
    taken = {colour.upper() for colour in used}
    return [colour for colour in palette(len(taken) + n) if colour not in taken][:n]


def _extend(chosen: list[str], n: int) -> list[str]:
    """Add, one at a time, the candidate that is farthest from all colours chosen so far."""
    if len(chosen) >= n:
        return chosen
    candidates = _candidates(n)
    labs = {colour: _lab(colour) for colour in candidates}
    gaps = {colour: min(_gap(labs[colour], _lab(other)) for other in chosen) for colour in candidates}
    while len(chosen) < n:
        best = max(candidates, key=lambda colour: gaps[colour])
        chosen.append(best)
        for colour in candidates:
            gaps[colour] = min(gaps[colour], _gap(labs[colour], labs[best]))
    return chosen


def _candidates(n: int) -> list[str]:
    """Return a grid of colours that are neither near white nor near black, more than twice ``n`` of them."""
    # The grid must not depend on n below its first step, or a longer palette would not extend a shorter one.
    hues = 36 if n <= 150 else 36 * (n // 150 + 1)
    grid = [
        colorsys.hls_to_rgb(hue / hues, lightness, saturation)
        for hue in range(hues)
        for lightness in (0.3, 0.42, 0.55, 0.68, 0.8)
        for saturation in (0.45, 0.75, 1.0)
    ]
    hexed = ("#{:02X}{:02X}{:02X}".format(*(round(255 * part) for part in rgb)) for rgb in grid)
    return list(dict.fromkeys(colour for colour in hexed if colour not in OKABE_ITO))


def _lab(colour: str) -> tuple[float, float, float]:
    """Return CIELAB coordinates (D65), where distance is near what the eye sees."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (((c + 0.055) / 1.055) ** 2.4 if c > 0.04045 else c / 12.92 for c in (red, green, blue))
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116 for c in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _gap(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    return sum((p - q) ** 2 for p, q in zip(a, b, strict=True))
