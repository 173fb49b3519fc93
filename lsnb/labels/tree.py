"""Label configs as XML trees, and what they ask for: the data they show (fields), the answers they take (controls).

The only place where lxml reads or writes a config, so all escaping is lxml's.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.labels.vocabulary import CHOICES, ROWS, Tag, find_tag

# The class of the box in which a long list of answers scrolls by itself.
OPTIONS_CLASS = "lsnb-options"

# Tags whose content is text or markup of their own, which Label Studio shows as it stands.
_VERBATIM = frozenset({"hypertext", "style", "markdown", "reactcode"})


MOST_ATTRIBUTES = 200  # libxml2 finds an attribute by looking through all, so that many take minutes
MOST_LEVELS = 60  # what looks at the tags around a tag takes as much longer as tags nest deeper
_FIRST = ("name", "toName", "value", "valueList")


# What the file says, by libxml2's name of the error: {n} is the line. The parser's own words stay inside.
_SENTENCES = {
    "ERR_DOCUMENT_EMPTY": "it holds no tags: begin with <View> and end with </View>",
    "ERR_DOCUMENT_END": "something stands after the last closing tag: put everything inside one <View>",
    "ERR_TAG_NOT_FINISHED": "a tag is opened and never closed: add its closing tag, for example </View>",
    "ERR_TAG_NAME_MISMATCH": "a tag is closed by another one's closing tag: close the tags in the order in "
    "which they were opened, innermost first",
    "ERR_GT_REQUIRED": "a tag lacks its >: add it after the last attribute",
    "ERR_LT_REQUIRED": "a tag lacks its <",
    "ERR_LTSLASH_REQUIRED": "a closing tag lacks its </",
    "ERR_LT_IN_ATTRIBUTE": "there is a < between two quotation marks: write &lt; instead, or close the quotes "
    "before it",
    "ERR_ATTRIBUTE_NOT_STARTED": 'an attribute has no quotation marks: write it as name="value"',
    "ERR_ATTRIBUTE_NOT_FINISHED": "a quotation mark is opened and never closed: add the closing one",
    "ERR_ATTRIBUTE_WITHOUT_VALUE": 'an attribute has no value: write it as name="value"',
    "ERR_ATTRIBUTE_REDEFINED": "an attribute stands twice on one tag: remove one of them",
    "ERR_SPACE_REQUIRED": "two attributes touch each other: put a space between them",
    "ERR_NAME_REQUIRED": "there is a lone < or &: write &lt; or &amp; instead",
    "ERR_ENTITYREF_SEMICOL_MISSING": "there is a lone &: write &amp; instead",
    "ERR_UNDECLARED_ENTITY": "there is an entity that XML does not know (such as &nbsp;): write the character "
    "itself, or &amp; for a lone &",
    "WAR_UNDECLARED_ENTITY": "there is an entity that XML does not know (such as &nbsp;): write the character "
    "itself, or &amp; for a lone &",
    "ERR_INVALID_CHAR": "there is a control character: remove it",
    "ERR_INVALID_CHARREF": "there is a character number that XML does not allow: remove it",
    "ERR_COMMENT_NOT_FINISHED": "a comment is opened and never closed: add -->",
    "ERR_HYPHEN_IN_COMMENT": "a comment holds two hyphens in a row: write one",
    "ERR_CDATA_NOT_FINISHED": "a <![CDATA[ section is never closed: add ]]>",
    "NS_ERR_UNDEFINED_NAMESPACE": "a tag or attribute has a colon in its name: Label Studio's have none",
}


def parse(text: str) -> etree._Element:
    """Return the root of a label config.

    Document types and entities are refused unread, so neither a file of this computer nor an expanding
    entity can be pulled in.

    Args:
        text: The XML.

    Raises:
        LabelConfigError: It is not well-formed; the sentence names the line and what to mend.
    """
    if not isinstance(text, str):
        raise LabelConfigError(f"A label config is text, and this is a {type(text).__name__}: give the XML itself.")
    text = text.lstrip("\ufeff").strip()
    if re.search(r"<!\s*(DOCTYPE|ENTITY)", _outside(text), flags=re.IGNORECASE):
        raise LabelConfigError(
            "The label config declares a document type or entities, which Label Studio refuses: "
            "remove everything from <!DOCTYPE to its closing >."
        )
    # A new parser each time: one parser may not serve two threads.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        strip_cdata=False,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except UnicodeEncodeError:
        raise LabelConfigError(
            "The label config holds half of a character (a lone surrogate): read the file as UTF-8 and try again."
        ) from None
    except etree.XMLSyntaxError:
        # The exception's own log also holds what earlier parsers found; the parser's holds this text's alone.
        log: Any = parser.error_log
        raise LabelConfigError(_sentence(list(log))) from None
    _refuse_depth(root)
    for element in root.iter(etree.Element):
        if len(element.attrib) > MOST_ATTRIBUTES:
            raise LabelConfigError(
                f"The tag {element.tag} in line {element.sourceline} has {len(element.attrib)} attributes, and none "
                f"has more than {MOST_ATTRIBUTES}: remove what is no attribute of it."
            )
    return root


def _refuse_depth(root: etree._Element) -> None:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MOST_LEVELS:
            raise LabelConfigError(
                f"The tag {element.tag} in line {element.sourceline} stands inside {MOST_LEVELS} others, and no editor "
                "shows tags that nest so deep: write the config with fewer levels."
            )


def _outside(text: str) -> str:
    """Return what stands outside of comments and CDATA: by steps, as a pattern may look at each place anew."""
    parts, place = [], 0
    while opening := re.compile(r"<!--|<!\[CDATA\[").search(text, place):
        parts.append(text[place : opening.start()])
        closing = "-->" if opening[0] == "<!--" else "]]>"
        end = text.find(closing, opening.end())
        if end < 0:
            return "".join(parts)
        place = end + len(closing)
    return "".join([*parts, text[place:]])


def _sentence(log: list[Any]) -> str:
    entries = [entry for entry in log if entry.type_name in _SENTENCES] or log
    if not entries:
        return f"The label config cannot be read: {_SENTENCES['ERR_DOCUMENT_EMPTY']}."
    first = entries[0]
    what = _SENTENCES.get(
        first.type_name, "this is not XML: look for a missing quotation mark, a missing > or a lone & or <"
    )
    mismatch = re.search(r"mismatch: (\S+) line (\d+) and (\S+)", first.message)
    if mismatch:
        opened, line, closed = mismatch.groups()
        what = f"<{opened}> of line {line} is still open where </{closed}> stands: write </{opened}> before it"
    if "attribute name" in first.message:
        what = "a tag does not end: close it with > or /> before this place"
    return f"The label config cannot be read at line {first.line}: {what}."


def serialise(root: etree._Element) -> str:
    """Return the tree as canonical text: two spaces a level, name, toName and value first, one final newline."""
    before = [_outer(node) for node in reversed(list(root.itersiblings(preceding=True)))]
    after = [_outer(node) for node in root.itersiblings()]
    root = copy.deepcopy(root)
    _tidy(root, 0)
    root.tail = None
    return "\n".join([*before, etree.tostring(root, encoding="unicode"), *after]) + "\n"


def signature(root: etree._Element) -> str:
    """Return a text that is equal for two configs if they differ at most in comments, spaces and order of
    attributes."""
    root = copy.deepcopy(root)
    etree.strip_tags(root, etree.Comment)
    _tidy(root, 0)
    root.tail = None
    return etree.tostring(root, encoding="unicode")


def _outer(node: etree._Element) -> str:
    return etree.tostring(node, encoding="unicode", with_tail=False)


def _tidy(element: etree._Element, level: int) -> None:
    if not isinstance(element.tag, str):
        return
    attributes = {str(name): str(value) for name, value in element.attrib.items()}
    element.attrib.clear()
    for name in sorted(attributes, key=lambda n: (_FIRST.index(n) if n in _FIRST else len(_FIRST), n)):
        element.set(name, attributes[name])
    children = list(element)
    texts = [element.text, *(child.tail for child in children)]
    if element.tag.lower() in _VERBATIM or (children and any(text and text.strip() for text in texts)):
        return
    if not children:
        if element.text is not None and not element.text.strip():
            element.text = None
        return
    element.text = "\n" + "  " * (level + 1)
    for child in children:
        _tidy(child, level + 1)
        child.tail = element.text
    children[-1].tail = "\n" + "  " * level


def walk(root: etree._Element) -> Iterator[etree._Element]:
    """Yield the tags of Label Studio in document order: no comments, and nothing inside HyperText or Style."""
    left = [root]
    while left:
        element = left.pop()
        if isinstance(element.tag, str):
            yield element
            if element.tag.lower() not in _VERBATIM:
                left += reversed(element)


def ancestors(element: etree._Element) -> list[str]:
    """Return the names of the tags around an element, innermost first."""
    return [str(parent.tag) for parent in element.iterancestors()]


def build(tag: str, attributes: dict[str, str], *children: etree._Element) -> etree._Element:
    """Return a new element.

    Raises:
        LabelConfigError: A value holds a character that XML cannot carry.
    """
    element = etree.Element(tag)
    for name, value in attributes.items():
        put_attribute(element, name, value)
    element.extend(children)
    return element


def put_attribute(element: etree._Element, name: str, value: str) -> None:
    """Give an element an attribute.

    Raises:
        LabelConfigError: The value holds a character that XML cannot carry.
    """
    try:
        element.set(name, value)
    except ValueError:
        raise LabelConfigError(
            f"{element.tag} {name} {value!r} holds a control character: remove it (it often comes with text "
            "copied from a PDF or a spreadsheet)."
        ) from None


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


def options_box(element: etree._Element) -> etree._Element:
    """Return the box in which a tag's answers scroll, or the tag itself where there is none."""
    box = element.getparent()
    return box if box is not None and OPTIONS_CLASS in (box.get("className") or "").split() else element


def header_of(element: etree._Element) -> etree._Element | None:
    """Return the Header right above a tag, or above the box in which its answers scroll."""
    before = options_box(element).getprevious()
    return before if before is not None and before.tag == "Header" else None


def attribute(element: etree._Element, name: str) -> str | None:
    """Return an attribute whatever the case of its name, as the editor reads it, or None."""
    value = element.get(name)
    if value is not None:
        return value
    lowered = name.lower()
    written = next((key for key in element.keys() if str(key).lower() == lowered), None)  # noqa: SIM118  copies no value
    return element.get(written) if written is not None else None


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
        return tag.kinds[-1], True
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
    return _with_shared_labels(controls)


def multiple_choices(config: str) -> list[str]:
    """Return the names of the choices about the whole item of which several may be taken, so that none is an answer.

    What is asked only after another answer is left out: where it was not asked, nothing chosen is no answer.

    Args:
        config: The XML; of one that is none, nothing is returned.

    Example:
        >>> multiple_choices('<View><Choices name="c" toName="t" choice="multiple"/></View>')
        ['c']
    """
    try:
        root = parse(config)
    except LabelConfigError:
        return []
    asked = read_controls(root)
    hidden = {
        attribute(below, "name") for above in walk(root) if attribute(above, "visibleWhen") for below in walk(above)
    }
    return [
        name
        for name, one in asked.items()
        if one.tag == CHOICES.name and one.multiple and not one.per_region and name not in hidden
    ]


def _answers(element: etree._Element, tag: Tag) -> list[str]:
    if tag.answers or tag.is_open:  # what stands below an open question are shortcuts for typing
        return list(tag.answers)
    answers = [answer(option) for option in walk(element) if str(option.tag).lower() == tag.option.lower()]
    return [text for text in answers if text and not data_keys(text)]


def _is_multiple(element: etree._Element, tag: Tag) -> bool:
    if tag.several == "choice":
        return attribute(element, "choice") == "multiple"
    return tag.several == "always" or attribute(element, tag.several) != "1"


def _with_shared_labels(controls: dict[str, Control]) -> dict[str, Control]:
    """Give tools whose results carry labels that they do not list those of the controls beside them."""
    sharing = {(c.row.beside, c.to_names) for c in controls.values() if c.row.shares_labels}
    beside: dict[tuple[str, str], list[Control]] = {}
    if sharing:
        for control in controls.values():
            for target in dict.fromkeys(control.to_names):
                beside.setdefault((control.tag, target), []).append(control)
    labels = {
        (tag, targets): tuple(
            dict.fromkeys(label for target in targets for c in beside.get((tag, target), ()) for label in c.labels)
        )
        for tag, targets in sharing
    }
    return {
        name: replace(control, labels=labels[control.row.beside, control.to_names])
        if control.row.shares_labels
        else control
        for name, control in controls.items()
    }


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
