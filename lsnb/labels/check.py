"""What is wrong with a label config, every fault at once with its remedy: in itself, and beside a table of items."""

from __future__ import annotations

import importlib.util
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast

import pandas as pd
from lxml import etree

from lsnb.errors import InputError, MissingFileError
from lsnb.kernel.files import named_path, nearest_file
from lsnb.kernel.tally import sheet_rows
from lsnb.kernel.words import closest, nearest_column
from lsnb.labels.tree import (
    Control,
    Field,
    ancestors,
    answer,
    attribute,
    data_keys,
    is_true,
    object_tags,
    read_controls,
    read_fields,
    walk,
)
from lsnb.labels.vocabulary import (
    ATTRIBUTES_SINCE,
    RELEASE,
    TAGS,
    UNAVAILABLE,
    Tag,
    find_attribute,
    find_tag,
    media_names,
    version,
)

# Attributes of HTML and of Label Studio's converters that people write and the editor ignores.
_HARMLESS = frozenset({"style", "class", "classname", "id", "title", "color", "size", "width", "height"})


# These four are read by the server as well, which minds the case.
_EXACT = ("name", "toName", "value", "valueList")


_NUMBER = re.compile(r"([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?:\s*(?:px|%|em|rem|vh|vw))?")


_MOST_COMPARED = 20_000  # pairs of words in one check; what comes after gets no "did you mean"
_LONGEST_COMPARED = 200
_MOST_SHOWN = 20


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a label config.

    Args:
        tag: The tag it is about, ``Choices``.
        message: What is wrong, where, and what to do, as one or two sentences.

    Example:
        >>> print(Problem("Choices", 'Choices "mood" has no answers: add at least one Choice.'))
        Choices "mood" has no answers: add at least one Choice.
    """

    tag: str
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass
class Hints:
    """What may still be compared for the sake of a "did you mean", so that a config of faults is checked in time.

    Args:
        left: Pairs of words.
    """

    left: int = _MOST_COMPARED

    def nearest(self, word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
        """Return the known word that is most like this one, or None, also where no more is compared."""
        if self.left <= 0 or len(word) > _LONGEST_COMPARED:
            return None
        known = [name for name in known if len(name) <= _LONGEST_COMPARED]
        self.left -= len(known)
        return closest(word, known, cutoff=cutoff)


class Whole:
    """A config as the checks of its single tags need it, looked through once.

    Args:
        root: The config.
    """

    def __init__(self, root: etree._Element) -> None:
        self.hints = Hints()
        self.shown = object_tags(root)
        self.unknown: set[str | None] = set()
        self.named: dict[str, etree._Element] = {}
        self.filtered: dict[str, None] = {}
        self.tools: dict[str, dict[str, None]] = {}
        self._offered: dict[str, set[str] | None] = {}
        for element in walk(root):
            tag, name = find_tag(str(element.tag)), attribute(element, "name")
            if name is not None:
                self.named.setdefault(name, element)
            if tag is None:
                self.unknown.add(name)
                continue
            if name and tag.option in ("Choice", "Label"):
                self.filtered[name] = None
            if tag.role == "control" and (tag.is_region or is_true(element, "labeling")):
                for target in (attribute(element, "toName") or "").split(","):
                    self.tools.setdefault(target, {})[tag.name] = None

    @cached_property
    def media(self) -> str:
        """The names of all that shows data, as a sentence lists them."""
        return _listed(self.shown)

    def offered(self, name: str) -> set[str] | None:
        """Return the answers of a control, or None where they are not known beforehand."""
        if name not in self._offered:
            about = self.named[name]
            texts = (attribute(e, key) for e in walk(about) if e is not about for key in ("value", "alias", "name"))
            offered = {text for text in texts if text}
            is_open = attribute(about, "apiUrl") or data_keys(attribute(about, "value"))
            is_known = offered and not is_open and not any(data_keys(text) for text in offered)
            self._offered[name] = offered if is_known else None
        return self._offered[name]


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return ", ".join(names[:_MOST_SHOWN]) + more


@dataclass(frozen=True)
class Place:
    """One known tag where it stands, with what the rest of the config offers it."""

    element: etree._Element
    tag: Tag
    whole: Whole

    @property
    def title(self) -> str:
        """The tag with its name, or with its value: ``Choices "mood"``."""
        for key in ("name", "value", "column"):
            text = attribute(self.element, key)
            if text:
                return f'{self.tag.name} "{text}"'
        return self.tag.name

    def problem(self, text: str) -> Problem:
        """Return a problem of this tag; ``text`` goes on after its title."""
        return Problem(self.tag.name, f"{self.title} {text}")


def structure_problems(root: etree._Element, release: str | None = None) -> list[Problem]:
    """Return all problems that the config alone shows, without a table."""
    return [*find_problems(root, release), *find_answer_problems(root)]


def find_problems(root: etree._Element, release: str | None = None) -> list[Problem]:
    """Return all that can be seen in the config alone, in document order.

    Args:
        root: The config.
        release: The server's release, ``1.23.2``; None for the one this kit was made for.
    """
    found = [*_check_root(root), *_check_names(root)]
    whole = Whole(root)
    for element in walk(root):
        tag = find_tag(str(element.tag))
        if tag is None or tag.name != element.tag:
            found.append(_unknown_tag(str(element.tag), tag, whole.hints))
        if tag is not None:
            place = Place(element, tag, whole)
            for rule in _RULES:
                found += rule(place)
            found += _check_release(place, release)
    return list(dict.fromkeys(found))


def _check_root(root: etree._Element) -> Iterator[Problem]:
    if root.tag != "View":
        yield Problem(str(root.tag), f"The outermost tag is {root.tag}: put everything inside one <View>.")


def _check_names(root: etree._Element) -> Iterator[Problem]:
    # The server looks for repeated names in all tags, also those that do not need one.
    named = [(str(e.tag), name) for e in walk(root) if (name := attribute(e, "name"))]
    counts = Counter(name for _, name in named)
    bearers: dict[str, dict[str, None]] = {}
    for tag, name in named:
        bearers.setdefault(name, {})[tag] = None
    for name, count in counts.items():
        if count > 1:
            tags = list(bearers[name])
            yield Problem(
                tags[-1],
                f'The name "{name}" stands {count} times ({_listed(tags)}): names must differ, so rename '
                "all but one and the toName of what points to it.",
            )


def _unknown_tag(written: str, tag: Tag | None, hints: Hints) -> Problem:
    if tag is not None:
        return Problem(written, f"The tag {written} is spelt {tag.name}: mind the capitals.")
    unavailable = {name.lower(): (name, why) for name, why in UNAVAILABLE.items()}.get(written.lower())
    if unavailable:
        return Problem(written, f"{unavailable[0]} {unavailable[1]}.")
    near = hints.nearest(written, TAGS)
    remedy = f"did you mean {near}?" if near else "remove it, or put it inside a HyperText."
    return Problem(written, f"Label Studio has no tag {written}: {remedy}")


def _check_attributes(place: Place) -> Iterator[Problem]:
    for key, value in place.element.attrib.items():
        written, text = str(key), str(value)
        known = find_attribute(place.tag, written)
        if known is None:
            near = place.whole.hints.nearest(written, place.tag.attributes, cutoff=0.8)
            if near and written.lower() not in _HARMLESS:
                yield place.problem(f"has the attribute {written}, which it does not know: did you mean {near}?")
        elif known != written and known in _EXACT:
            yield place.problem(f"has the attribute {written}: write {known}, mind the capitals.")
        else:
            yield from _check_value(place, known, text)


def _check_value(place: Place, name: str, text: str) -> Iterator[Problem]:
    kind = place.tag.attributes[name]
    if kind == "bool":
        if text not in ("true", "false"):
            yield place.problem(f'has {name}="{text}": write true or false.')
    elif kind == "number":
        if text.strip() and not text.startswith("$") and not _NUMBER.fullmatch(text.strip()):
            yield place.problem(f'has {name}="{text}", which is not a number: write digits.')
    elif kind == "share":
        number = _NUMBER.fullmatch(text.strip())
        if number is None or not 0 <= float(number.group(1)) <= 1:
            yield place.problem(f'has {name}="{text}": write a number from 0 to 1.')
    elif "|" in kind:
        allowed = kind.split("|")
        if text not in allowed and not text.startswith("$"):
            near = place.whole.hints.nearest(text, allowed)
            hint = f" Did you mean {near}?" if near else ""
            yield place.problem(f'has {name}="{text}": write {" or ".join(allowed)}.{hint}')
    elif text in ("true", "false") and name not in ("value", "name"):
        # The editor turns these two words into booleans before it looks at what the attribute takes.
        yield place.problem(
            f'has {name}="{text}", which Label Studio takes for a switch and refuses: use another word.'
        )


def _check_required(place: Place) -> Iterator[Problem]:
    for name in place.tag.required:
        if name == "value" and attribute(place.element, "valueList"):
            continue
        if name == "value" and place.tag.name == "Choice" and attribute(place.element, "html"):
            continue
        if not (attribute(place.element, name) or "").strip():
            if name == "toName":
                shown = place.whole.media or "add the media first"
                yield place.problem(f"has no toName: name the tag that it is about ({shown}).")
            elif place.tag.role == "option":
                yield place.problem(f"has an empty {name}: give it a text or remove it.")
            else:
                yield place.problem(f'has no {name}: add {name}="…".')


def is_misread_name(text: str) -> bool:
    """Return whether Label Studio's server takes a name for a number or a boolean, and then refuses it.

    Example:
        >>> is_misread_name("2020"), is_misread_name("TRUE"), is_misread_name("q1")
        (True, True, False)
    """
    if text.lower() in ("true", "false"):
        return True
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _check_name(place: Place) -> Iterator[Problem]:
    name = attribute(place.element, "name") or ""
    if is_misread_name(name):
        yield place.problem(f'has name="{name}", which the server takes for a number or a switch: use another word.')


def _check_data(place: Place) -> Iterator[Problem]:
    if place.tag.role != "object":
        return
    for name in ("value", "valueList"):
        text = (attribute(place.element, name) or "").strip()
        if not text:
            continue
        is_words = place.tag.kind in ("text", "hypertext")
        if re.fullmatch(r"\$[A-Za-z0-9_\[\].{}]+", text):
            continue
        if not data_keys(text):
            if re.fullmatch(r"\w+", text) or not (is_words or "/" in text):
                yield place.problem(f'has {name}="{text}" without a $: write {name}="${text}" to show that column.')
        elif not is_words:
            yield place.problem(
                f'has {name}="{text}", of which Label Studio reads only "${data_keys(text)[0]}": a data key may '
                "hold the letters a to z, digits and _ alone, so name the column that way."
            )


def _check_target(place: Place) -> Iterator[Problem]:
    written = attribute(place.element, "toName")
    if not written:
        return
    whole, shown = place.whole, place.whole.shown
    targets = [name.strip() for name in written.split(",")]
    if place.tag.name == "Filter":
        yield from _check_filter(place, targets)
        return
    for target in targets:
        if target in whole.unknown:
            continue  # the unknown tag is a problem of its own
        if target not in shown:
            near = whole.hints.nearest(target, shown) or (next(iter(shown)) if len(shown) == 1 else None)
            hint = f'did you mean "{near}"?' if near else "name a tag that shows data, such as Image or Text."
            yield place.problem(f'has toName="{target}", and no media has that name: {hint}')
        elif place.tag.media and shown[target].name not in place.tag.media:
            yield place.problem(
                f'works on {media_names(place.tag.media)}, and "{target}" is {_article(shown[target].name)}: '
                f"point it to {media_names(place.tag.media)}, or use a control for {shown[target].name}."
            )
    if place.tag.targets > 1:
        if len(set(targets)) != place.tag.targets:
            yield place.problem("compares two media: write toName with two different names and a comma between them.")
    elif len(targets) > 1 and (place.tag.media or is_true(place.element, "perRegion")):
        yield place.problem(f"works on one media, and toName names {len(targets)}: keep one.")


def _check_filter(place: Place, targets: list[str]) -> Iterator[Problem]:
    options = place.whole.filtered
    for target in targets:
        if target not in options:
            near = place.whole.hints.nearest(target, options) or min(options, default=None)
            hint = f'did you mean "{near}"?' if near else "add Choices or Labels for it to filter."
            yield place.problem(f'has toName="{target}", and no Choices or Labels have that name: {hint}')


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'AEIOU' else 'a'} {word}"


_SCRIPT = re.compile(r"<\s*script\b|\son[a-z]+\s*=", re.IGNORECASE)


def _check_scripts(place: Place) -> Iterator[Problem]:
    if place.tag.name != "HyperText":
        return
    shown = [attribute(place.element, "value") or "", *(str(text) for text in place.element.itertext())]
    shown += [
        f" {name!s}={text!s}" for below in place.element.iterdescendants("*") for name, text in below.attrib.items()
    ]
    if any(_SCRIPT.search(text) for text in shown):
        yield place.problem(
            "runs a script, which Label Studio strips since 1.11, so that nothing happens: to play a video beside a "
            'time series, show it with Video, and give Video and TimeSeries the same sync="…".'
        )


def _check_parents(place: Place) -> Iterator[Problem]:
    above = ancestors(place.element)
    lowered = [name.lower() for name in above]
    if any(find_tag(name) is None for name in above):
        return
    if place.tag.parents and not {parent.lower() for parent in place.tag.parents} & set(lowered):
        yield place.problem(f"stands outside of {media_names(place.tag.parents)}: move it inside one.")
        return
    parent = find_tag(above[0]) if above else None
    if parent is None or not parent.children or place.tag.name in parent.children:
        return
    if place.tag.role == "option" and place.tag.name == parent.option:
        return
    yield place.problem(
        f"cannot stand directly inside {parent.name}, which takes {media_names(parent.children)}: move it out."
    )


def _check_release(place: Place, release: str | None) -> Iterator[Problem]:
    needs = [("", place.tag.since)] if place.tag.since else []
    needs += [
        (f"with {name} ", since)
        for (tag, name), since in ATTRIBUTES_SINCE.items()
        if tag == place.tag.name and attribute(place.element, name)
    ]
    for what, since in needs:
        if version(release or RELEASE) < version(since):
            here = f"this server runs {release}" if release else f"this kit's own is {RELEASE}"
            remedy = f"use {place.tag.instead}" if place.tag.instead else "do without"
            yield place.problem(f"{what}needs Label Studio {since}, and {here}: update the server or {remedy}.")


def _check_regions(place: Place) -> Iterator[Problem]:
    """Per-region questions need a tool that makes regions; plain Labels need a shape to give them to."""
    if not place.tag.names_others and not is_true(place.element, "perRegion"):
        return
    target = attribute(place.element, "toName") or ""
    tools = set(place.whole.tools.get(target, ()))
    if is_true(place.element, "perRegion") and target in place.whole.shown:
        if not tools:
            yield place.problem(
                f'is asked per region, and nothing makes regions on "{target}": add a tool such as '
                "RectangleLabels or Labels, or remove perRegion."
            )
        if is_true(place.element, "perItem"):
            yield place.problem("has both perRegion and perItem: keep one of them.")
    if place.tag.names_others:
        shown = place.whole.shown.get(target)
        drawers = [row for row in TAGS.values() if row.beside == place.tag.name and shown and shown.name in row.media]
        if drawers and tools == {place.tag.name}:
            needed = media_names(row.name for row in drawers if not row.since)
            yield place.problem(f'has nothing to label on "{target}": add a {needed} with the same toName.')


_RULES: tuple[Callable[[Place], Iterator[Problem]], ...] = (
    _check_attributes,
    _check_required,
    _check_name,
    _check_data,
    _check_target,
    _check_scripts,
    _check_parents,
    _check_regions,
)


def find_answer_problems(root: etree._Element) -> list[Problem]:
    """Return empty or repeated answers, keys used twice, and conditions that can never hold."""
    found: list[Problem] = list(_check_hotkeys(root))
    controls, whole = read_controls(root), Whole(root)
    media = {name for control in controls.values() for name in control.to_names}
    for element in walk(root):
        tag = find_tag(str(element.tag))
        if tag is None:
            continue
        place = Place(element, tag, whole)
        if tag.role == "control" and tag.option and not tag.is_open:
            found += _check_options(place)
        found += _check_condition(place, controls, media)
        if tag.name == "TimeSeries":
            found += _check_channels(place)
        if tag.name == "Video":
            found += _check_speed(place)
    return found


def _options(element: etree._Element, option: str) -> list[etree._Element]:
    """Return the options directly inside, looking through View and Header but not into other options."""
    found: list[etree._Element] = []
    for child in element:
        if not isinstance(child.tag, str):
            continue
        if child.tag.lower() == option.lower():
            found.append(child)
        else:
            found += _options(child, option)
    return found


def _check_options(place: Place) -> Iterator[Problem]:
    element, option = place.element, place.tag.option
    comes_later = data_keys(attribute(element, "value")) or attribute(element, "apiUrl")
    options = _options(element, option)
    if not options and not comes_later and place.tag.needs_options:
        yield place.problem(f'has no answers: add at least one <{option} value="…"/>.')
    yield from _check_repeats(place, options)
    nested = any(_options(choice, option) for choice in options)
    if "allowNested" in place.tag.attributes and nested and not is_true(element, "allowNested"):
        yield place.problem('has Choices inside Choices, which it ignores: add allowNested="true".')


def _check_repeats(place: Place, options: list[etree._Element]) -> Iterator[Problem]:
    for name, count in Counter(answer(option) for option in options).items():
        if name.strip() and count > 1:
            yield place.problem(f'offers "{name}" {count} times: keep one, or give the others another alias.')
    for option in options:
        text = attribute(option, "value") or ""
        if any(key[0].isdigit() for key in data_keys(text)):
            yield place.problem(
                f'offers "{text}", in which Label Studio takes the $ for a column and shows nothing: '
                "write the amount without $."
            )
        yield from _check_repeats(place, _options(option, place.tag.option))


def _check_hotkeys(root: etree._Element) -> Iterator[Problem]:
    holders: dict[str, list[str]] = {}
    for element in walk(root):
        key = attribute(element, "hotkey")
        if key:
            name = attribute(element, "value") or attribute(element, "name") or str(element.tag)
            holders.setdefault(key.lower(), []).append(f'{element.tag} "{name}"')
    for key, names in holders.items():
        if len(names) > 1:
            holding = " and ".join(names) if len(names) <= _MOST_SHOWN else _listed(names)
            yield Problem(
                names[1].split(" ")[0],
                f'The hotkey "{key}" stands on {holding}: give each its own key.',
            )


def _check_condition(place: Place, controls: Mapping[str, Control], media: set[str]) -> Iterator[Problem]:
    element = place.element
    when = attribute(element, "visibleWhen")
    tag_name = attribute(element, "whenTagName")
    choice = attribute(element, "whenChoiceValue")
    label = attribute(element, "whenLabelValue")
    if when is None:
        # Without visibleWhen, perRegion questions still heed whenLabelValue, and whenChoiceValue stands alone.
        if tag_name and not choice and not is_true(element, "perRegion"):
            yield place.problem('has whenTagName without visibleWhen: add visibleWhen="choice-selected".')
        return
    if when.startswith("choice-") and choice and not tag_name:
        yield place.problem("has whenChoiceValue without whenTagName: name the Choices that it is about.")
    if tag_name and tag_name not in controls:
        # For regions, the documentation also allows the name of the media.
        if when == "region-selected" and tag_name in media:
            return
        near = place.whole.hints.nearest(tag_name, controls)
        hint = f'did you mean "{near}"?' if near else "name a control of this config."
        yield place.problem(f'has whenTagName="{tag_name}", and no control has that name: {hint}')
        return
    if tag_name and when.startswith("choice-") and choice:
        yield from _check_known(place, "whenChoiceValue", choice, tag_name)
    if tag_name and when == "region-selected" and label:
        yield from _check_known(place, "whenLabelValue", label, tag_name)


def _check_known(place: Place, name: str, written: str, tag_name: str) -> Iterator[Problem]:
    offered = place.whole.offered(tag_name)
    if offered is None:
        return
    for value in written.split(","):
        if value not in offered:
            near = place.whole.hints.nearest(value, offered)
            hint = f'did you mean "{near}"?' if near else "name one of its answers."
            yield place.problem(f'waits for {name}="{value}", which "{tag_name}" does not offer: {hint}')


def _check_channels(place: Place) -> Iterator[Problem]:
    channels = [e for e in walk(place.element) if str(e.tag).lower() == "channel"]
    if not channels:
        yield place.problem('shows no channel: add <Channel column="…"/> for each column to plot.')
    if attribute(place.element, "valueType") == "json":
        names = [attribute(place.element, "timeColumn"), *(attribute(e, "column") for e in channels)]
        for name in names:
            if name and name != name.lower():
                yield place.problem(
                    f'reads "{name}" from JSON, where this release finds lower-case names only: write '
                    f'"{name.lower()}" here and in the data.'
                )


def _check_speed(place: Place) -> Iterator[Problem]:
    speeds: dict[str, float] = {}
    for name in ("defaultPlaybackSpeed", "minPlaybackSpeed"):
        try:
            speeds[name] = float(attribute(place.element, name) or "")
        except ValueError:
            continue
        if not 0.05 <= speeds[name] <= 10:
            yield place.problem(f"has {name}={speeds[name]:g}: write a number from 0.05 to 10.")
    if len(speeds) == 2 and speeds["minPlaybackSpeed"] > speeds["defaultPlaybackSpeed"]:
        yield place.problem("has a minPlaybackSpeed above its defaultPlaybackSpeed: lower it.")


# Media and series on one clock.

PLAYERS = ("Video", "Audio", "AudioPlus")
_PLAYER = re.compile(r"<\s*(video|audio)\b(?:.*?\bsrc\s*+=\s*+[\"']?\s*+([^\"'\s>]+))?", re.IGNORECASE | re.DOTALL)
_PLAYS = re.compile(r"vid|mp4|movie|film|clip|camera|media|player", re.IGNORECASE)
_SOUNDS = re.compile(r"audio|sound|speech", re.IGNORECASE)


def html_of(element: etree._Element) -> str:
    """Return all that a HyperText holds: its value, and text and tags inside it."""
    inner = [etree.tostring(child, encoding="unicode") for child in element]
    return "".join([attribute(element, "value") or "", element.text or "", *inner])


def comments_of(root: etree._Element) -> list[str]:
    """Return the texts of a config's comments, also of those before and after its outermost tag."""
    beside = [*root.itersiblings(preceding=True), *root.itersiblings()]
    return [node.text or "" for node in (*beside, *root.iter(etree.Comment))]


def plays(text: str) -> bool:
    """Return whether a text holds the HTML that plays a video or a sound.

    Example:
        >>> plays("<video src='cat.mp4'>"), plays("a video")
        (True, False)
    """
    return _PLAYER.search(text) is not None


def is_script_alone(text: str) -> bool:
    """Return whether HTML holds scripts and shows nothing.

    Example:
        >>> is_script_alone("<script>sync()</script> "), is_script_alone("<b onclick='a()'>Watch it.</b>")
        (True, False)
    """
    rest = re.sub(r"<\s*(script|style)\b.*?(<\s*/\s*\1\s*>|$)", "", text, flags=re.IGNORECASE | re.DOTALL)
    return bool(_SCRIPT.search(text)) and not re.sub(r"<[^>]*(>|\Z)", "", rest).strip() and "$" not in rest


def html_players(root: etree._Element) -> list[tuple[etree._Element, str, str]]:
    """Return the HyperTexts that play a video or sound beside a time series, each with the tag and value to have.

    Label Studio's own guide did so up to release 1.4: the HTML, with a script, stood in the task. Then only the names
    say what is shown, and a comment of the config that holds a sample task.

    Args:
        root: The config.
    """
    tags = [(element, find_tag(str(element.tag))) for element in walk(root)]
    names = [tag.name for _, tag in tags if tag is not None]
    if "TimeSeries" not in names:
        return []
    has_player = any(name in PLAYERS for name in names)
    is_sample = any(plays(text) for text in comments_of(root))
    found = []
    for element, tag in tags:
        if tag is None or tag.name != "HyperText":
            continue
        text = html_of(element)
        played = _PLAYER.search(text)
        key = data_keys(attribute(element, "value"))
        called = " ".join([attribute(element, "name") or "", *key])
        if played:
            value = played[2] or (f"${key[0]}" if key else "")
            found.append((element, "Audio" if played[1].lower() == "audio" else "Video", value))
        elif key and not has_player and (_PLAYS.search(called) or _SOUNDS.search(called) or is_sample):
            sounds = _SOUNDS.search(called) and not _PLAYS.search(called)
            found.append((element, "Audio" if sounds else "Video", f"${key[0]}"))
    return found


def find_clock_problems(root: etree._Element) -> list[Problem]:
    """Return what keeps videos, sounds and time series of a config from playing together, a problem each.

    Not looked at while a config is built, where the series comes after the video.

    Args:
        root: The config.
    """
    whole = Whole(root)
    places = [Place(e, tag, whole) for e in walk(root) if (tag := find_tag(str(e.tag))) is not None]
    found = [
        Place(element, TAGS["HyperText"], whole).problem(
            f"plays a {kind.lower()} beside a time series by HTML, and Label Studio strips its script since 1.11, so "
            f"that the two do not move together: show it with {kind} and the same sync as TimeSeries, which "
            "config.modernised() writes."
        )
        for element, kind, _ in html_players(root)
        if not _SCRIPT.search(html_of(element))
    ]
    series = [place for place in places if place.tag.name == "TimeSeries"]
    players = [place for place in places if place.tag.name in PLAYERS]
    if series and players:
        found += _clock_faults(series, players)
    groups = Counter(name for place in places if (name := attribute(place.element, "sync")))
    # A template of Label Studio 1.23 names the other tag there instead of a group.
    named = {attribute(place.element, "name") for place in places}
    for place in places:
        name = attribute(place.element, "sync")
        if (
            name
            and name not in named
            and groups[name] == 1
            and place.tag.name in (*PLAYERS, "TimeSeries", "Paragraphs")
        ):
            others = _listed(other for other in groups if other != name)
            beside = f"others have {others}" if others else "no other tag has one"
            found.append(place.problem(f'has sync="{name}" alone ({beside}): give all that play together the same.'))
    return found


def _clock_faults(series: list[Place], players: list[Place]) -> Iterator[Problem]:
    for place in (*players, *series):
        others = series if place.tag.name in PLAYERS else players
        if not (attribute(place.element, "sync") or "").strip():
            yield place.problem(
                f'has no sync, so that it does not move together with {others[0].title}: give both sync="clock".'
            )
        if place.tag.name == "Video" and not (attribute(place.element, "frameRate") or "").strip():
            yield place.problem(
                "has no frameRate, and Label Studio takes 24 frames a second for granted, so that it is off beside the "
                'series: write frameRate="$fps", with a column fps of lsnb.probe(video).fps.'
            )
        if place.tag.name == "TimeSeries" and not (attribute(place.element, "timeColumn") or "").strip():
            yield place.problem(
                "has no timeColumn, so that each of its rows counts as one second of "
                f'{others[0].title}: write timeColumn="time", the seconds that lsnb.align(…).to_csv writes.'
            )


_EXTENSIONS = {
    "image": {"jpg", "jpeg", "png", "gif", "webp", "bmp", "svg", "tif", "tiff"},
    "video": {"mp4", "webm", "mov", "avi", "mkv", "m4v"},
    "audio": {"mp3", "wav", "flac", "m4a", "aac", "opus"},
}


_LISTS = {"images", "list", "options", "paragraphs"}


# Label Studio serves what begins with /data/ itself; any other path is a file of whoever wrote the table.
_ADDRESS = re.compile(r"^(\w[\w+.-]*://\S|/data/\S|data:)")
_OPTIONAL = frozenset({"number", "options"})  # a frame rate or a list of answers may be absent
_TEXTS = frozenset({"text", "hypertext"})


class Holder(Protocol):
    """A bucket, of which only the name matters here."""

    @property
    def name(self) -> str:
        """What the bucket is called."""
        ...


def bucket_problems(bucket: object) -> list[str]:
    """Return why something is no open bucket, as sentences.

    Args:
        bucket: Should be an open bucket, or None.

    Example:
        >>> bucket_problems("photos")
        ["bucket is 'photos': open it first, with bucket=lsnb.open_bucket('photos')."]
    """
    is_named = isinstance(getattr(bucket, "name", None), str) and not isinstance(
        bucket, str | Path
    )  # which has one, too
    if bucket is None or is_named:
        return []
    given = bucket if isinstance(bucket, str) else "…"
    return [f"bucket is {bucket!r}: open it first, with bucket=lsnb.open_bucket({given!r})."]


# What travels beside what the config shows: a list of columns, or column → field of the config (or its own name).
Columns = Mapping[str, str] | Collection[str]


def columns_problems(columns: object) -> list[str]:
    """Return why something is no ``Columns``, as sentences.

    Args:
        columns: Should be one, or None.

    Example:
        >>> columns_problems({"img": "image"}), columns_problems(["lang"])
        ([], [])
    """
    if columns is None or isinstance(columns, list | tuple | set | frozenset | pd.Index | Mapping):
        return []
    return [
        f"columns is {columns!r}: give pairs such as {{'img': 'image'}}, with the table's column first, "
        "or a list of what else annotators may see, such as ['lang']."
    ]


def named_columns(columns: Columns | None) -> dict[str, str]:
    """Return what travels as column → field; a column of a list keeps its name.

    Example:
        >>> named_columns(["lang"]), named_columns({"img": "image"})
        ({'lang': 'lang'}, {'img': 'image'})
    """
    if isinstance(columns, Mapping):
        return {str(source): str(target) for source, target in columns.items()}
    return {str(name): str(name) for name in (columns if columns is not None else ())}


def with_fields(
    table: pd.DataFrame, fields: Mapping[str, Any], named: Mapping[str, str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return a table whose columns are there by the names of the fields they go to, and why some cannot be.

    Args:
        table: It is not changed.
        fields: What the config shows, by the data key.
        named: Column → field, as ``named_columns`` returns it.

    Example:
        >>> list(with_fields(pd.DataFrame({"img": ["a.jpg"]}), {"image": None}, {"img": "image"})[0].columns)
        ['img', 'image']
    """
    problems = []
    sound = {}
    for source, target in named.items():
        if source not in table.columns:
            names = [str(name) for name in table.columns]
            hint = nearest_column(source, names)
            problems.append(f"columns names {source!r}, and the table has no such column.{hint}")
        elif target in fields or target == source:
            sound[target] = table[source]
        if target not in fields and target != source:
            wanted = ", ".join(f"{name} ({about.kind})" for name, about in fields.items())
            problems.append(f"columns names the field {target!r}, and the config shows {wanted or 'nothing'}.")
    return table.assign(**sound), problems


def by_their_names(text: str, named: Mapping[str, str]) -> str:
    """Return a sentence about a column by the name that it has in the user's table.

    Args:
        text: A sentence that calls it by the field it went to.
        named: Column → field.

    Example:
        >>> by_their_names("Column 'image' has no image", {"scan": "image"})
        "Column 'scan' has no image"
    """
    sources = {re.escape(target): source for source, target in named.items() if source != target}
    if not sources:
        return text
    field = rf"(\b[Cc]olumn '?|\btable\[')({'|'.join(sources)})(?!\w)"
    return re.sub(field, lambda found: found[1] + sources[re.escape(found[2])], text)


def is_file_name(cell: object) -> bool:
    """Return whether a cell names a file of this computer, where an address is wanted.

    Example:
        >>> is_file_name("photos/1.jpg"), is_file_name("gs://photos/1.jpg"), is_file_name("/content/1.jpg")
        (True, False, True)
    """
    return isinstance(cell, str) and not is_missing(cell) and _ADDRESS.match(cell.strip()) is None


def is_missing(cell: object) -> bool:
    """Return whether there is nothing in a cell: a blank text and an empty list are nothing, too.

    Example:
        >>> is_missing(" "), is_missing(None), is_missing(0)
        (True, True, False)
    """
    if isinstance(cell, str):
        return not cell.strip()
    if isinstance(cell, list | tuple | set | frozenset | Mapping) or getattr(cell, "ndim", False):
        return False
    return bool(pd.isna(cast("Any", cell)))


def empty_values(root: etree._Element) -> dict[str, Any]:
    """Return data key → what stands for an empty cell: Label Studio takes no null where it shows something.

    Args:
        root: The config.

    Example:
        >>> empty_values(etree.fromstring('<View><Image name="i" value="$uri"/><List name="l" value="$links"/></View>'))
        {'uri': '', 'links': []}
    """
    empty: dict[str, Any] = {}
    for key, field in read_fields(root).items():
        if field.is_url or field.kind in _TEXTS:
            empty[key] = ""
        elif field.kind in _LISTS:
            empty[key] = []
        elif field.kind in ("table", "timeseries"):
            empty[key] = {}
    return empty


@dataclass(frozen=True)
class RowFaults:
    """What stands between rows and annotators' eyes.

    Args:
        unfit: Position of a row → the tag, and why the row cannot be shown.
        bare: Data key and kind → positions of rows without that medium, which no question is about.
    """

    unfit: Mapping[int, tuple[str, str]]
    bare: Mapping[tuple[str, str], list[int]]


def find_row_faults(root: etree._Element, table: pd.DataFrame, bucket: Holder | None = None) -> RowFaults:
    """Return the rows that cannot be shown: what a question is about must be there, all else may be absent.

    A text beside another medium may be empty, whatever is asked about it: posts come with and without a caption.
    Only where spans of the text itself are marked, there must be one.

    Args:
        root: The config.
        table: The table of items, one row each.
        bucket: Where files of this computer would be uploaded; without it, nobody looks for them.
    """
    columns = [str(column) for column in table.columns]
    controls = read_controls(root).values()
    asked = _keys_of(root, {name for control in controls for name in control.to_names})
    marked = _keys_of(root, {name for control in controls if control.row.is_region for name in control.to_names})
    fields = {
        key: field
        for key, field in read_fields(root).items()
        if field.kind not in _OPTIONAL and columns.count(key) == 1
    }
    cells = {key: list(table.iloc[:, columns.index(key)]) for key in fields}
    empty = {key: [is_missing(cell) for cell in own] for key, own in cells.items()}
    plain = {key for key, field in fields.items() if field.kind in _TEXTS and not field.is_url}
    beside = [any(not empty[key][row] for key in fields if key not in plain) for row in range(len(table))]
    unfit: dict[int, tuple[str, str]] = {}
    bare: dict[tuple[str, str], list[int]] = {}
    for key, field in fields.items():
        for row, cell in enumerate(cells[key]):
            if empty[key][row]:
                if key in asked and (key not in plain or key in marked or not beside[row]):
                    unfit.setdefault(row, (field.tag, f"Column {key!r} has no {field.kind}"))
                elif key not in plain:
                    bare.setdefault((key, field.kind), []).append(row)
            elif bucket is not None and field.is_url and is_file_name(cell) and not _is_file(cell):
                but = _nearest(cell).replace(" Did you mean ", ", but there is ").removesuffix("?")
                unfit.setdefault(row, (field.tag, f"There is no file {cell.strip()}{but}"))
    return RowFaults(unfit, bare)


def _nearest(cell: str) -> str:
    try:
        return nearest_file(named_path(cell.strip()))
    except MissingFileError:  # longer than any name; a ~ of nobody
        return ""


def _is_file(cell: str) -> bool:
    try:
        return Path(cell.strip()).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):  # longer than any name; a ~ of nobody; a zero byte
        return False


def _keys_of(root: etree._Element, names: Collection[str]) -> set[str]:
    """Return the data keys that the tags of these names show; one key may be shown by several."""
    return {
        key
        for element in walk(root)
        if attribute(element, "name") in names
        for shown in ("value", "valueList")
        for key in data_keys(attribute(element, shown))
    }


NO_ROWS = "The table has no rows: give the items that should be labelled."


def find_column_problems(
    root: etree._Element, table: pd.DataFrame, bucket: Holder | None = None, columns: Columns | None = None
) -> list[Problem]:
    """Return every data key without a column, every column that cannot be what the config shows, and every such row.

    Args:
        root: The config.
        table: The table of items, one row each.
        bucket: Where media are, and where files of this computer would be uploaded; without it, such files are faults.
        columns: Which columns go to which fields.

    Raises:
        InputError: It is no table, or no bucket, or no columns.
    """
    faults = bucket_problems(bucket) + columns_problems(columns)
    if not isinstance(table, pd.DataFrame):
        faults.append(
            f"A table is needed to check against, not a {type(table).__name__}: read the file with "
            "lsnb.read_table(path, key=...) or make a pandas DataFrame."
        )
    if faults:
        raise InputError(faults)
    fields = read_fields(root)
    named = named_columns(columns)
    table, naming = with_fields(table, fields, named)
    found = [Problem(root.tag, problem) for problem in naming]
    if table.empty:
        found.append(Problem(root.tag, NO_ROWS))
    hints = Hints()
    titles = [str(column) for column in table.columns]
    rows = find_row_faults(root, table, bucket)
    barren: set[str] = set()
    for key, field in fields.items():
        title = f'{field.tag} "{field.name}"' if field.name else field.tag
        if key not in titles:
            found.append(
                Problem(
                    field.tag,
                    f"{title} shows ${key}, and the table has no column {key}: " + _remedy(key, titles, hints),
                )
            )
            continue
        if titles.count(key) > 1:
            text = f"and the table has {titles.count(key)} columns called {key}: rename all but the one to show."
            found.append(Problem(field.tag, f"{title} shows ${key}, {text}"))
            continue
        cells = table.iloc[:, titles.index(key)]
        values = cells[[not is_missing(cell) for cell in cells]]
        if values.empty:
            reason = f"Column {key!r} has no {field.kind}"
            if field.kind not in _OPTIONAL and not any(text == reason for _, text in rows.unfit.values()):
                continue
            barren.add(reason)
        found += [
            Problem(field.tag, f"{title} shows ${key}, and {text}")
            for text in _check_column(field, key, values, bucket)
        ]
    by_reason: dict[tuple[str, str], list[int]] = {}
    for row, fault in rows.unfit.items():
        if fault[1] not in barren:
            by_reason.setdefault(fault, []).append(row)
    shown = [
        Problem(tag, f"{reason} ({sheet_rows(where, table)}): mend the cell, or drop the row.")
        for (tag, reason), where in list(by_reason.items())[:_MOST_SHOWN]
    ]
    return [Problem(one.tag, by_their_names(one.message, named)) for one in found + shown]


def _remedy(key: str, columns: list[str], hints: Hints) -> str:
    near = hints.nearest(key, columns)
    if near is None:
        starts = [column for column in columns if re.match(r"\w+", column) and column.split(" ")[0] == key]
        near = starts[0] if starts else None
    if near is None:
        made = " Notebook 01 (bucket.upload) sends the files and makes that column: give its table, media.csv."
        return f"its columns are {', '.join(columns) or 'none at all'}.{made if key == 'uri' else ''}"
    if re.fullmatch(r"[A-Za-z0-9_]+", near):
        return f"did you mean {near}?"
    safe = re.sub(r"\W+", "_", near, flags=re.ASCII).strip("_") or "field"
    return (
        f'its column "{near}" has a name that Label Studio cannot read, so copy it first: '
        f'table["{safe}"] = table["{near}"].'
    )


def _check_column(field: Field, key: str, values: pd.Series[Any], bucket: Holder | None) -> Iterator[str]:
    if values.empty:
        yield f"the column {key} is empty: fill it, or show another column."
    elif field.kind == "number":
        numbers = pd.to_numeric(values, errors="coerce")
        if bool(numbers.isna().any()):
            yield f'the column {key} holds text such as "{values[numbers.isna()].iloc[0]}": it must hold numbers.'
    elif field.kind in ("nested", "table") or (field.kind == "timeseries" and not field.is_url):
        if not bool(values.map(lambda value: isinstance(value, (list, tuple, dict))).all()):
            yield f"the column {key} must hold a dict in every row (read JSON text with json.loads first)."
    elif (field.kind in _LISTS and not field.is_url) or field.kind == "images":
        if not bool(values.map(lambda value: isinstance(value, (list, tuple))).all()):
            yield f"the column {key} must hold a list in every row (read JSON text with json.loads first)."
    elif field.is_url:
        yield from _check_addresses(field, key, values, bucket)
    elif field.kind == "hypertext":
        runs = values[values.map(lambda value: isinstance(value, str) and bool(_SCRIPT.search(value)))]
        if len(runs):
            yield (
                f"the column {key} holds a script, which Label Studio strips since 1.11, so that nothing happens: to "
                "play a video beside a time series, show its address with Video (config.modernised() writes that)."
            )


def _check_addresses(field: Field, key: str, values: pd.Series[Any], bucket: Holder | None) -> Iterator[str]:
    if pd.api.types.is_numeric_dtype(values) or not bool(values.map(lambda value: isinstance(value, str)).all()):
        first = values[values.map(lambda value: not isinstance(value, str))].iloc[0]
        yield f"the column {key} holds {first}: it must hold the address of {_what(field.kind)} in every row."
        return
    local = values[values.map(is_file_name)]
    tags = values[values.str.lstrip().str.startswith("<")]
    if len(tags):
        yield (
            f"the column {key} holds HTML, and {_what(field.kind)} is wanted: keep the address alone, "
            f'table[{key!r}] = table[{key!r}].str.extract(r"src=[\'\\"]?([^\'\\" >]+)", expand=False).'
        )
        return
    if len(local) and bucket is None:
        yield (
            f'the column {key} holds "{local.iloc[0]}", which is no address that a browser can open: upload the '
            "files first and show the column uri."
        )
        return
    buckets = sorted({value.strip().split("/")[2] for value in values if value.strip().startswith("gs://")})
    others = [other for other in buckets if bucket is not None and other != bucket.name]
    if others and bucket is not None:
        yield (
            f"the column {key} points into gs://{others[0]}, but the bucket given is {bucket.name!r}: "
            "upload all media into one."
        )
    ends = {str(value).split("?")[0].rsplit(".", 1)[-1].lower() for value in values}
    other = next((kind for kind, known in _EXTENSIONS.items() if kind != field.kind and ends <= known), None)
    if other and field.kind in _EXTENSIONS:
        yield f"the column {key} holds {other} files: show it with {other}, or name another column."


def _what(kind: str) -> str:
    return {"image": "an image", "audio": "a sound file", "video": "a video"}.get(kind, "a file")


def label_interface() -> Any:
    """Return the SDK's class ``LabelInterface``, which the server's own endpoints check with.

    Loading it takes a second, so only a check loads it. Beside JupyterLab it would take five: jsonschema then compiles
    a grammar of international web addresses, which no config has. Here that waits for the first address to be checked.
    """
    name = "rfc3987_syntax"
    if name in sys.modules or "jsonschema" in sys.modules or importlib.util.find_spec(name) is None:
        from label_studio_sdk.label_interface.interface import LabelInterface

        return LabelInterface

    def is_valid_syntax(*args: Any, **options: Any) -> Any:
        return importlib.import_module(name).is_valid_syntax(*args, **options)

    late = ModuleType(name)
    late.__dict__["is_valid_syntax"] = is_valid_syntax
    sys.modules[name] = late
    try:
        return label_interface()
    finally:
        if sys.modules.get(name) is late:
            del sys.modules[name]


def find_reference_problems(xml: str) -> list[Problem]:
    """Return what the SDK's LabelInterface refuses: the same checks as the server's own endpoint.

    It accepts misspelt tags and controls on media they cannot work on, so it is asked last.

    Args:
        xml: The config's text, well-formed.
    """
    try:
        interface: Any = label_interface()(xml)
        interface.validate()
    except Exception as refusal:  # the SDK raises several kinds, some of them plain Exception
        reason = str(refusal).strip().splitlines()
        first = reason[0].rstrip(".") if reason else type(refusal).__name__
        return [Problem("View", f"Label Studio's own check refuses this config: {first}.")]
    return []
