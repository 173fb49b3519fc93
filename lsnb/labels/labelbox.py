"""A Labelbox ontology as a label config for video: tools as labels of one box tool, classifications as questions.

Format: "Ontology" in Labelbox's documentation, ``{"tools": [{"tool", "name", "classifications"}], "classifications":
[{"type", "name", "scope", "options": [{"value", "options"}]}]}``; what is below an option is asked after that answer.

A control is named after its feature; below an answer it is ``parent.child`` and below a tool ``tool.child``. Where two
would bear one name, the answer stands between (``parent.answer.child``), or the kind before (``classification.name``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lsnb.errors import LabelConfigError
from lsnb.kernel import checks
from lsnb.kernel.words import listing, warn
from lsnb.labels.check import is_misread_name
from lsnb.labels.shown import ShownMethods

C = TypeVar("C", bound=ShownMethods)

CLASSIFICATION_PREFIX = "classification."
TOOL_PREFIX = "tool."
TEXT_SUFFIX = ".text"
BOXES = "objects"

TOOLS = frozenset({"rectangle", "bbox", "point", "line", "polyline"})
CLASSIFICATIONS = frozenset({"radio", "checklist", "text"})


@dataclass
class Feature:
    """One question of an ontology, before it becomes a control."""

    name: str
    kind: str
    title: str
    options: dict[str, str]
    required: bool
    by_frame: bool
    tool: str = ""
    above: Feature | None = None
    answer: str = ""
    is_shared_name: bool = False
    control: str = field(default="", compare=False)


def config_from_labelbox(
    start: type[C], ontology: Any, *, field: str, frame_rate: float | str | None, unknown: str
) -> C:
    """Return the config that matches an ontology; see ``LabelConfig.from_labelbox``.

    Raises:
        LabelConfigError: With everything in the ontology that cannot be had on video.
    """
    if not isinstance(unknown, str) or unknown not in ("fail", "drop"):
        said = checks.shown(unknown)
        raise LabelConfigError(f"unknown is {said}: give 'fail', or 'drop' to leave out what video cannot have.")
    if not isinstance(field, str):
        raise LabelConfigError(f"field is {checks.shown(field)}: name the column with the video's address.")
    given = _as_dict(ontology)
    problems: list[str] = []
    if unknown == "drop":
        given = _without_unknown(given)
    labels = _labels(given, problems)
    features = list(_features(given, problems))
    if not labels and not features and not problems:
        problems.append("The ontology has neither tools nor classifications: give what the ontology's export holds.")
    if not problems:
        _name_controls(features, labels, {field, BOXES, f"{BOXES}_label"}, problems)
    if problems:
        raise LabelConfigError(problems)
    _tell_apart(features)
    config = start.video(field, frame_rate=frame_rate)
    if labels:
        config = config.video_boxes(BOXES, labels)
    for feature in features:
        config = _ask(config, feature)
    return config


def _without_unknown(ontology: Mapping[str, Any]) -> dict[str, Any]:
    """Return an ontology without the tools and classifications that video cannot have, and warn of these."""
    dropped: list[str] = []

    def kept(given: Any, key: str, known: frozenset[str]) -> list[Any]:
        listed = [one for one in given if isinstance(one, Mapping)] if isinstance(given, list | tuple) else []
        dropped.extend(
            f"{_name(one, '', [])!r} ({_word(one.get(key))})" for one in listed if _word(one.get(key)) not in known
        )
        return [one for one in listed if _word(one.get(key)) in known]

    tools = [
        {**tool, "classifications": kept(tool.get("classifications"), "type", CLASSIFICATIONS)}
        for tool in kept(ontology.get("tools"), "tool", TOOLS)
    ]
    asked = kept(ontology.get("classifications"), "type", CLASSIFICATIONS)
    if dropped:
        warn(f"Label Studio has no such thing on video, so it is left out: {listing(dropped)}.")
    return {**ontology, "tools": tools, "classifications": asked}


def _as_dict(ontology: Any) -> Mapping[str, Any]:
    given = ontology
    if not isinstance(given, Mapping):
        for name in ("asdict", "normalized"):
            found = getattr(ontology, name, None)
            given = found() if callable(found) else found
            if isinstance(given, Mapping):
                break
    if not isinstance(given, Mapping):
        raise LabelConfigError(
            f"The ontology is a {type(ontology).__name__}: give a dict with tools and classifications, or an "
            "OntologyBuilder of the labelbox package."
        )
    return given


def _labels(ontology: Mapping[str, Any], problems: list[str]) -> list[str]:
    names: list[str] = []
    for number, tool in enumerate(_listed(ontology, "tools", "the ontology", problems)):
        name = _name(tool, f"tools[{number}]", problems)
        kind = _word(tool.get("tool"))
        if not name:
            continue
        if kind not in TOOLS:
            problems.append(
                f"The tool {name!r} is {kind or 'of no kind'}, which Label Studio does not have on video: make it a "
                "rectangle, point or line, or leave it out."
            )
        names.append(name)
    problems += [f"Two tools are called {name!r}: rename one." for name, count in Counter(names).items() if count > 1]
    return names


def _features(ontology: Mapping[str, Any], problems: list[str]) -> Iterator[Feature]:
    for number, tool in enumerate(_listed(ontology, "tools", "the ontology", [])):
        name = _word_as_is(tool.get("name"))
        for place, given in enumerate(_listed(tool, "classifications", f"tools[{number}]", problems)):
            where = f"tools[{number}].classifications[{place}]"
            yield from _with_below(given, where, problems, by_frame=True, tool=name)
    for number, given in enumerate(_listed(ontology, "classifications", "the ontology", problems)):
        by_frame = _word(given.get("scope")) == "index"
        yield from _with_below(given, f"classifications[{number}]", problems, by_frame=by_frame)


def _with_below(
    given: Mapping[str, Any],
    where: str,
    problems: list[str],
    *,
    by_frame: bool,
    tool: str = "",
    above: Feature | None = None,
    answer: str = "",
) -> Iterator[Feature]:
    """Return a classification and everything below its options, parents first."""
    name = _name(given, where, problems)
    kind = _word(given.get("type"))
    if kind not in CLASSIFICATIONS:
        problems.append(f"{where} is a {kind or 'classification without type'}: give radio, checklist or text.")
    listed = _listed(given, "options", where, problems) if kind != "text" else []
    options: dict[str, str] = {}
    for number, option in enumerate(listed):
        value = _word_as_is(option.get("value", option.get("label")))
        if not value or value in options:
            problems.append(
                f"{where}.options[{number}] is {'empty' if not value else 'there twice'}: give each a value."
            )
        options[value] = _word_as_is(option.get("label")) or value
    if kind in ("radio", "checklist") and not listed:
        problems.append(f"{where} has no options: give at least one.")
    title = _word_as_is(given.get("instructions")) or name
    feature = Feature(name, kind, title, options, bool(given.get("required")), by_frame, tool, above, answer)
    yield feature
    below = [
        (option, n, child)
        for option in listed
        for n, child in enumerate(_listed(option, "options", f"{where}.options", problems))
    ]
    counts = Counter(_word_as_is(child.get("name")) for _, _, child in below)
    for option, n, child in below:
        value = _word_as_is(option.get("value", option.get("label")))
        place = f"{where}.options[{value}].options[{n}]"
        found = list(_with_below(child, place, problems, by_frame=by_frame, tool=tool, above=feature, answer=value))
        found[0].is_shared_name = counts[found[0].name] > 1
        yield from found


def _name_controls(features: Sequence[Feature], labels: Sequence[str], taken: set[str], problems: list[str]) -> None:
    """Give each feature its control's name."""
    roots = [feature for feature in features if feature.above is None and not feature.tool]
    heads = (*labels, *(feature.name for feature in roots))
    for feature in features:
        for name in _candidates(feature, labels, heads):
            if name not in taken and not is_misread_name(name):
                feature.control = name
                break
        else:
            problems.append(f"Two features are called {feature.name!r} in one place of the ontology: rename one.")
            return
        taken.add(feature.control)
        if feature.kind == "text" and feature.by_frame:
            taken.add(feature.control + TEXT_SUFFIX)


def _tell_apart(features: Sequence[Feature]) -> None:
    """Give features that would stand under one heading headings that say which is which."""
    counts = Counter(feature.title for feature in features)
    for feature in features:
        if counts[feature.title] < 2:
            continue
        if feature.above is not None:
            place = f"{feature.above.name}: {feature.answer}"
        elif feature.tool:
            place = f"of {feature.tool}"
        else:
            place = "by frame" if feature.by_frame else "of the whole video"
        feature.title = f"{feature.title} ({place})"
    counts, told = Counter(feature.title for feature in features), Counter[str]()
    for feature in features:
        title = feature.title
        if counts[title] > 1:  # the ontology itself asks twice
            told[title] += 1
            feature.title = f"{title}, {told[title]}"


def _candidates(feature: Feature, labels: Sequence[str], heads: Sequence[str]) -> list[str]:
    name, above = feature.name, feature.above
    if above is not None:
        plain, long = f"{above.control}.{name}", f"{above.control}.{feature.answer}.{name}"
        return [long] if feature.is_shared_name else [plain, long]
    if feature.tool:
        return [f"{feature.tool}.{name}", f"{TOOL_PREFIX}{feature.tool}.{name}"]
    # Or it would be taken for a question below another one.
    reads_as_below = any(name.startswith(f"{head}.") for head in heads) or name in labels
    qualified = f"{CLASSIFICATION_PREFIX}{name}"
    return [qualified] if reads_as_below else [name, qualified]


def _ask(config: C, feature: Feature) -> C:
    name, title, values = feature.control, feature.title, list(feature.options)
    if feature.by_frame and feature.kind == "text":
        config = config.labels(name, [feature.name], title=title)
        return config.textarea(name + TEXT_SUFFIX, per_region=True if "," in feature.name else [feature.name])
    if feature.by_frame:
        return config.labels(name, values, title=title, multiple=feature.kind == "checklist")
    when: Any = None
    if feature.above is not None:
        # Label Studio takes a comma in a condition for two answers.
        when = feature.above.control if "," in feature.answer else {feature.above.control: [feature.answer]}
    if feature.kind == "text":
        return config.textarea(name, title=title, required=feature.required, visible_when=when)
    hints = {value: label for value, label in feature.options.items() if label != value}
    return config.choices(
        name,
        values,
        title=title,
        multiple=feature.kind == "checklist",
        required=feature.required,
        hints=hints or None,
        visible_when=when,
    )


def _listed(given: Mapping[str, Any], name: str, where: str, problems: list[str]) -> list[Mapping[str, Any]]:
    listed = [] if given.get(name) is None else given[name]
    if isinstance(listed, Sequence) and not isinstance(listed, str) and all(isinstance(e, Mapping) for e in listed):
        return list(listed)
    problems.append(f"{name} of {where} is no list of dicts: give the ontology as Labelbox exports it.")
    return []


def _name(given: Mapping[str, Any], where: str, problems: list[str]) -> str:
    name = _word_as_is(given.get("name")) or _word_as_is(given.get("instructions"))
    if not name:
        problems.append(f"{where} has no name: give it one.")
    return name


def _word(given: Any) -> str:
    """Return a kind in small letters, also from an enumeration's member."""
    value = getattr(given, "value", given)
    return value.strip().lower() if isinstance(value, str) else ""


def _word_as_is(given: Any) -> str:
    return "" if given is None else str(given).strip()
