"""How a config is arranged: headings, instructions, columns, media that stays in view, groups that fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.labels.building import (
    MEDIA_CLASS,
    QUESTIONS_CLASS,
    ConfigTree,
    Starting,
    element,
    home_of,
)
from lsnb.labels.tree import walk
from lsnb.labels.vocabulary import find_tag

if TYPE_CHECKING:
    from lsnb.labels.config import LabelConfig

_STICKY = "position: sticky; top: 0; align-self: flex-start; max-height: 90vh; overflow: auto"
_ON_TOP = "position: sticky; top: 0; z-index: 3; background: var(--color-neutral-background, white)"


class LayoutMethods(ConfigTree):
    """The layout methods of ``LabelConfig``."""

    __slots__ = ()

    @Starting
    def header(self, text: str, *, size: int = 4) -> LabelConfig:
        """Return a config that also shows a heading.

        Args:
            text: The heading; ``$column`` in it shows that column.
            size: 1 (large) to 6 (small).

        Raises:
            LabelConfigError: The text is empty or the size is not from 1 to 6.
        """
        if not 1 <= size <= 6:
            raise LabelConfigError(f'The heading "{text}" has size {size}: give 1 (large) to 6 (small).')
        if not isinstance(text, str) or not text.strip():
            raise LabelConfigError("A heading is empty: give it a text.")
        return self._add(element("Header", {"value": text, "size": size if size != 4 else None}))

    @Starting
    def instructions(self, text: str, *, title: str = "Instructions", open: bool = True) -> LabelConfig:
        """Return a config that also shows instructions, in a box that annotators may fold.

        Args:
            text: The instructions, as Markdown; ``$column`` in it shows that column.
            title: What stands on the fold.
            open: Whether they are unfolded at first.

        Raises:
            LabelConfigError: The text is empty.

        Example:
            >>> from lsnb import LabelConfig
            >>> config = LabelConfig.instructions("Look at the **face**.").image("uri")
            >>> "Markdown" in config.xml
            True
        """
        if not isinstance(text, str) or not text.strip():
            raise LabelConfigError("The instructions are empty: give them a text.")
        inner = element("View", {}, element("Markdown", {"value": text}))
        return self._add(_fold(title, open, inner))

    def group(self, title: str, questions: Callable[[LabelConfig], LabelConfig], *, open: bool = False) -> LabelConfig:
        """Return a config with further questions in a box that annotators may fold.

        Args:
            title: What stands on the fold.
            questions: A function that takes this config and returns it with the questions of the group.
            open: Whether the group is unfolded at first.

        Raises:
            LabelConfigError: The function adds nothing.

        Example:
            >>> from lsnb import LabelConfig
            >>> config = LabelConfig.image("uri").choices("mood", "good, bad")
            >>> config = config.group("More", lambda inner: inner.rating("quality").textarea("notes"))
            >>> list(config.controls)
            ['mood', 'quality', 'notes']
        """
        if not callable(questions):
            raise LabelConfigError(
                f'The group "{title}" gets {questions!r}: give a function that adds its questions, for example '
                'lambda inner: inner.rating("quality").'
            )
        there = [etree.tostring(child, with_tail=False) for child in _question_home(self._root())]
        grown = questions(self)  # type: ignore[arg-type]
        root = grown._root()
        home = _question_home(root)
        added = []
        for child in home:
            text = etree.tostring(child, with_tail=False)
            if text in there:
                there.remove(text)
            else:
                added.append(child)
        if not added:
            raise LabelConfigError(f'The group "{title}" adds no question: let its function return a grown config.')
        home.append(_fold(title, open, element("View", {}, *added)))
        return self._checked(root)

    def columns(self, *, media_width: str = "55%", sticky: bool = True) -> LabelConfig:
        """Return the config with the media on the left and the questions on the right.

        Headings and instructions that stand before the first media stay above both. What is added later goes to its
        side as well.

        Args:
            media_width: Width of the left column, as CSS: ``55%`` or ``700px``.
            sticky: Whether the media stays in view while the questions scroll.

        Raises:
            LabelConfigError: The config shows no media yet, or has columns already.
        """
        root = self._root()
        media, others = self._split(root)
        left = f"flex: 0 0 {media_width}; min-width: 0" + (f"; {_STICKY}" if sticky else "")
        sides = (
            element("View", {"className": MEDIA_CLASS, "style": left}, *media),
            element("View", {"className": QUESTIONS_CLASS, "style": "flex: 1; min-width: 0"}, *others),
        )
        root.append(element("View", {"style": "display: flex; gap: 1em"}, *sides))
        return self._checked(root)

    def sticky_media(self) -> LabelConfig:
        """Return the config with the media at the top, in view while the questions below scroll.

        Raises:
            LabelConfigError: The config shows no media yet, or is arranged already.
        """
        root = self._root()
        media, others = self._split(root)
        root.append(element("View", {"className": MEDIA_CLASS, "style": _ON_TOP}, *media))
        root.append(element("View", {"className": QUESTIONS_CLASS}, *others))
        return self._checked(root)

    def _split(self, root: etree._Element) -> tuple[list[etree._Element], list[etree._Element]]:
        """Take media (with the headings right above them) and the rest out of the root, but not what heads it."""
        if any((e.get("className") or "") in (MEDIA_CLASS, QUESTIONS_CLASS) for e in walk(root)):
            raise LabelConfigError("The config is arranged already: call columns or sticky_media once.")
        media: list[etree._Element] = []
        others: list[etree._Element] = []
        children = list(root)
        for number, child in enumerate(children):
            after = children[number + 1] if number + 1 < len(children) else None
            about = after if child.tag == "Header" and after is not None else child
            if not (media or others or _asks_or_shows(about)):
                continue
            (media if _shows_media(about) else others).append(child)
            root.remove(child)
        if not media:
            raise LabelConfigError("The config shows no media to arrange: add it first, for example with image.")
        return media, others


def _fold(title: str, open: bool, inner: etree._Element) -> etree._Element:
    panel = element("Panel", {"value": title, "open": open}, inner)
    return element("Collapse", {"accordion": False, "bordered": True}, panel)


def _question_home(root: etree._Element) -> etree._Element:
    return home_of(root, QUESTIONS_CLASS)


def _asks_or_shows(node: etree._Element) -> bool:
    tags = [find_tag(str(e.tag)) for e in walk(node)]
    return any(tag is not None and tag.role in ("object", "control") for tag in tags)


def _shows_media(node: etree._Element) -> bool:
    tags = [find_tag(str(e.tag)) for e in walk(node)]
    return any(tag is not None and tag.role == "object" for tag in tags)
