"""What is wrong with the answers a config offers, and with the conditions under which it asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from lxml import etree

from lsnb.labels.problems import Place, Problem, nearest
from lsnb.labels.reading import Control, answer, attribute, data_keys, is_true, read_controls
from lsnb.labels.tree import walk
from lsnb.labels.vocabulary import find_tag


def find_answer_problems(root: etree._Element) -> list[Problem]:
    """Return empty or repeated answers, keys used twice, and conditions that can never hold."""
    found: list[Problem] = list(_check_hotkeys(root))
    controls = read_controls(root)
    for element in walk(root):
        tag = find_tag(str(element.tag))
        if tag is None:
            continue
        place = Place(element, tag, root)
        if tag.role == "control" and tag.option and not tag.is_open:
            found += _check_options(place)
        found += _check_condition(place, controls)
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
            yield Problem(
                names[1].split(" ")[0],
                f'The hotkey "{key}" stands on {" and ".join(names)}: give each its own key.',
            )


def _check_condition(place: Place, controls: Mapping[str, Control]) -> Iterator[Problem]:
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
        if when == "region-selected" and tag_name in {n for c in controls.values() for n in c.to_names}:
            return
        near = nearest(tag_name, controls)
        hint = f'did you mean "{near}"?' if near else "name a control of this config."
        yield place.problem(f'has whenTagName="{tag_name}", and no control has that name: {hint}')
        return
    if tag_name and when.startswith("choice-") and choice:
        yield from _check_known(place, "whenChoiceValue", choice, tag_name)
    if tag_name and when == "region-selected" and label:
        yield from _check_known(place, "whenLabelValue", label, tag_name)


def _check_known(place: Place, name: str, written: str, tag_name: str) -> Iterator[Problem]:
    about = next(e for e in walk(place.root) if attribute(e, "name") == tag_name)
    offered = {
        text for e in walk(about) if e is not about for key in ("value", "alias", "name") if (text := attribute(e, key))
    }
    if not offered or attribute(about, "apiUrl") or data_keys(attribute(about, "value")):
        return
    if any(data_keys(text) for text in offered):
        return
    for value in written.split(","):
        if value not in offered:
            near = nearest(value, offered)
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
