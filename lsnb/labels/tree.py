"""Label configs as XML trees: the only place where lxml reads or writes one, so all escaping is lxml's."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from lsnb.errors import LabelConfigError

# Tags whose content is text or markup of their own, which Label Studio shows as it stands.
_VERBATIM = frozenset({"hypertext", "style", "markdown", "reactcode"})
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
    outside = re.sub(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", "", text, flags=re.DOTALL)
    if re.search(r"<!\s*(DOCTYPE|ENTITY)", outside, flags=re.IGNORECASE):
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
        return etree.fromstring(text.encode("utf-8"), parser)
    except UnicodeEncodeError:
        raise LabelConfigError(
            "The label config holds half of a character (a lone surrogate): read the file as UTF-8 and try again."
        ) from None
    except etree.XMLSyntaxError:
        # The exception's own log also holds what earlier parsers found; the parser's holds this text's alone.
        log: Any = parser.error_log
        raise LabelConfigError(_sentence(list(log))) from None


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
    if not isinstance(root.tag, str):
        return
    yield root
    if root.tag.lower() in _VERBATIM:
        return
    for child in root:
        yield from walk(child)


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
        try:
            element.set(name, value)
        except ValueError:
            raise LabelConfigError(
                f"{tag} {name} {value!r} holds a control character: remove it (it often comes with text "
                "copied from a PDF or a spreadsheet)."
            ) from None
    element.extend(children)
    return element
