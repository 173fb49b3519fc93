"""What a label config asks for: the data it shows (fields) and the answers it takes (controls)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lxml import etree

from lsnb.labels.tree import walk
from lsnb.labels.vocabulary import ROWS, Tag, find_tag

# The editor's own pattern (ASCII letters, digits, _ . [ ] { }): "$Post text" reads the data key "Post".
_VARIABLE = re.compile(r"\$([A-Za-z0-9_\[\].{}]+)")


@dataclass(frozen=True)
class Field:
    """A data key that a config reads from each task.

    Args:
        name: The name of the tag that shows it, to which controls point; empty for tags without a name.
        kind: ``image``, ``images`` (a list), ``video``, ``audio``, ``text``, ``hypertext``, ``paragraphs``,
            ``timeseries``, ``list``, ``table``, ``pdf``, ``number`` (a frame rate), ``options`` (answers
            that each task brings along) or ``nested`` (a list or dict of which a part is shown).
        tag: The tag that reads it, ``Image``.
        is_url: Whether the value must be an address that a browser can open.
    """

    name: str
    kind: str
    tag: str = ""
    is_url: bool = False


@dataclass(frozen=True)
class Control:
    """A question or a tool of a config.

    Args:
        name: Its name, which is ``from_name`` in results and ``control`` in tables.
        kind: The ``type`` of its results, ``choices`` or ``rectanglelabels``.
        tag: Its tag, ``Choices``.
        labels: Its possible answers as results carry them (aliases where there are any), each once;
            empty where any answer is possible or the task brings them.
        to_names: The names of the tags it works on.
        multiple: Whether one answer may hold several values.
        per_region: Whether it is answered for each region, not for the item.
        required: Whether Label Studio insists on an answer.
        paths: For taxonomies and nested choices, every answer as a path from the root.
    """

    name: str
    kind: str
    tag: str
    labels: tuple[str, ...]
    to_names: tuple[str, ...]
    multiple: bool
    per_region: bool
    required: bool
    paths: tuple[tuple[str, ...], ...] = ()

    @property
    def row(self) -> Tag:
        """What the vocabulary says of its tag."""
        return ROWS[self.tag]


def attribute(element: etree._Element, name: str) -> str | None:
    """Return an attribute whatever the case of its name, as the editor reads it, or None."""
    value = element.get(name)
    if value is not None:
        return value
    lowered = name.lower()
    return next((str(v) for k, v in element.attrib.items() if str(k).lower() == lowered), None)


def is_true(element: etree._Element, name: str) -> bool:
    """Return whether a boolean attribute is set."""
    return attribute(element, name) == "true"


def data_keys(value: str | None) -> list[str]:
    """Return the data keys that an attribute's value reads.

    Example:
        >>> data_keys("By $author: $items[0].title")
        ['author', 'items']
    """
    found = (re.match(r"\w+", match) for match in _VARIABLE.findall(value or ""))
    return [match.group() for match in found if match]


def read_fields(root: etree._Element) -> dict[str, Field]:
    """Return data key → field, in document order. A tag that shows the key wins over one that mentions it."""
    shown: dict[str, Field] = {}
    mentioned: dict[str, Field] = {}
    for element in walk(root):
        tag = find_tag(str(element.tag))
        if tag is None:
            continue
        name = attribute(element, "name") or ""
        for key, value in element.attrib.items():
            kind, is_url = _data_kind(tag, element, str(key).lower())
            keys = data_keys(str(value))
            home = shown if tag.role == "object" and str(key).lower() in ("value", "valuelist") else mentioned
            whole = len(keys) == 1 and str(value).startswith("$")
            for data_key in keys:
                if whole and str(value) != f"${data_key}":
                    found = Field(name, "nested", tag.name)
                else:
                    found = Field(name, kind if whole else "text", tag.name, is_url and whole)
                home.setdefault(data_key, found)
    order = dict.fromkeys([*shown, *mentioned])
    return {key: shown.get(key) or mentioned[key] for key in order}


def _data_kind(tag: Tag, element: etree._Element, key: str) -> tuple[str, bool]:
    """Return the kind of data that an attribute reads, and whether it is an address."""
    if key in ("framerate", "maxusages", "maxrating"):
        return "number", False
    if key == "audiourl":
        return "audio", True
    if tag.role == "control" and key == "value" and tag.option:
        return ("text" if tag.is_open else "options"), False
    if tag.name == "Repeater" and key == "on":
        return "list", False
    if tag.role != "object" or key not in ("value", "valuelist"):
        return "text", False
    if key == "valuelist":
        return "images", True
    kind = attribute(element, "valueType")
    if tag.kind in ("text", "hypertext", "paragraphs"):
        return tag.kind, kind == "url"
    if tag.kind == "timeseries":
        return tag.kind, kind != "json"
    return tag.kind, tag.kind in ("image", "video", "audio", "pdf")


def read_controls(root: etree._Element) -> dict[str, Control]:
    """Return control name → control, in document order."""
    named = [
        (element, tag)
        for element in walk(root)
        if (tag := find_tag(str(element.tag))) is not None and tag.role == "control" and attribute(element, "name")
    ]
    objects = [
        name
        for element in walk(root)
        if (tag := find_tag(str(element.tag))) is not None
        and tag.role == "object"
        and (name := attribute(element, "name"))
    ]
    controls: dict[str, Control] = {}
    for element, tag in named:
        to_names = tuple(n.strip() for n in (attribute(element, "toName") or "").split(",") if n.strip())
        if not to_names and len(objects) == 1:
            to_names = (objects[0],)  # the editor infers it, too
        paths = tuple(option_paths(element)) if tag.option == "Choice" else ()
        nested = any(len(path) > 1 for path in paths) or tag.is_tree
        name = str(attribute(element, "name"))
        controls.setdefault(
            name,
            Control(
                name=name,
                kind=tag.kind,
                tag=tag.name,
                labels=tuple(dict.fromkeys(_answers(element, tag))),
                to_names=to_names,
                multiple=_is_multiple(element, tag),
                per_region=is_true(element, "perRegion"),
                required=is_true(element, "required"),
                paths=paths if nested else (),
            ),
        )
    return {name: _with_shared_labels(control, controls) for name, control in controls.items()}


def _answers(element: etree._Element, tag: Tag) -> list[str]:
    if tag.answers or tag.is_open:  # what stands below an open question are shortcuts for typing
        return list(tag.answers)
    answers = [answer(option) for option in walk(element) if str(option.tag).lower() == tag.option.lower()]
    return [text for text in answers if text and not data_keys(text)]


def _is_multiple(element: etree._Element, tag: Tag) -> bool:
    if tag.several == "choice":
        return attribute(element, "choice") == "multiple"
    return tag.several == "always" or attribute(element, tag.several) != "1"


def _with_shared_labels(control: Control, controls: dict[str, Control]) -> Control:
    """Give a tool whose results carry labels that it does not list those of the control beside it."""
    row = control.row
    if not row.shares_labels:
        return control
    beside = (c for c in controls.values() if c.tag == row.beside and set(c.to_names) & set(control.to_names))
    labels = tuple(dict.fromkeys(label for other in beside for label in other.labels))
    return replace(control, labels=labels)


def answer(option: etree._Element) -> str:
    """Return an option as results carry it: its alias, else its value."""
    if str(option.tag).lower() == "bucket":
        return attribute(option, "name") or ""
    return attribute(option, "alias") or attribute(option, "value") or ""


def option_paths(element: etree._Element, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return every Choice under an element as its path of answers, in document order."""
    paths: list[tuple[str, ...]] = []
    for child in element:
        if not isinstance(child.tag, str):
            continue
        if child.tag.lower() == "choice":
            path = (*above, answer(child))
            paths += [path, *option_paths(child, path)]
        else:
            paths += option_paths(child, above)
    return paths


def option_elements(
    element: etree._Element, above: tuple[str, ...] = ()
) -> list[tuple[etree._Element, tuple[str, ...]]]:
    """Return every answer of a control as its tag and the path of values as annotators read them."""
    found: list[tuple[etree._Element, tuple[str, ...]]] = []
    for child in element:
        if not isinstance(child.tag, str):
            continue
        if child.tag.lower() in ("choice", "label", "bucket", "relation"):
            text = attribute(child, "name") if child.tag.lower() == "bucket" else attribute(child, "value")
            path = (*above, text or "")
            found += [(child, path), *option_elements(child, path)]
        elif child.tag.lower() not in ("shortcut",):
            found += option_elements(child, above)
    return found


def object_tags(root: etree._Element) -> dict[str, Tag]:
    """Return name → tag of everything that shows data, in document order."""
    found: dict[str, Tag] = {}
    for element in walk(root):
        tag = find_tag(str(element.tag))
        name = attribute(element, "name")
        if tag is not None and tag.role == "object" and name:
            found.setdefault(name, tag)
    return found
