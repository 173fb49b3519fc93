"""What annotators mark: shapes on images, spans of text, stretches of time, boxes in videos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.labels.building import ConfigTree, Setting, column_of, element, titled, words
from lsnb.labels.colours import next_colours
from lsnb.labels.reading import attribute, object_tags
from lsnb.labels.tree import walk
from lsnb.labels.vocabulary import (
    BITMASK_LABELS,
    BRUSH_LABELS,
    ELLIPSE_LABELS,
    KEY_POINT_LABELS,
    MAGIC_WAND,
    POLYGON_LABELS,
    RECTANGLE_LABELS,
    RELATIONS,
    TAGS,
    VECTOR_LABELS,
    VIDEO_RECTANGLE,
    Tag,
    unlabelled,
)

if TYPE_CHECKING:
    from lsnb.labels.config import LabelConfig

Labels = str | Iterable[str] | Mapping[str, str]


class RegionMethods(ConfigTree):
    """The region methods of ``LabelConfig``.

    Labels are a list, a text with commas or line breaks, or a dict from label to colour. Colours not given are
    taken so that all labels of the config differ: the first eight can be told apart with any colour vision.
    ``"$column"`` takes the labels from that column, which holds a list of ``{"value": …}`` in each row.
    """

    __slots__ = ()

    def rectangles(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> LabelConfig:
        """Return a config that also lets annotators draw boxes on an image.

        Args:
            name: The tool's name in results.
            labels: The labels, or None for boxes without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the RectangleLabels tag, for example ``can_rotate=False``.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.image("uri").rectangles("animal", ["cat", "dog"]).controls["animal"].kind
            'rectanglelabels'
        """
        return self._mark(RECTANGLE_LABELS, name, labels, title, to, attributes)

    def ellipses(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> LabelConfig:
        """Return a config that also lets annotators draw ellipses on an image.

        Args:
            name: The tool's name in results.
            labels: The labels, or None for ellipses without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the EllipseLabels tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.
        """
        return self._mark(ELLIPSE_LABELS, name, labels, title, to, attributes)

    def polygons(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> LabelConfig:
        """Return a config that also lets annotators draw polygons on an image.

        Args:
            name: The tool's name in results.
            labels: The labels, or None for polygons without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the PolygonLabels tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.
        """
        return self._mark(POLYGON_LABELS, name, labels, title, to, attributes)

    def vectors(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> LabelConfig:
        """Return a config that also lets annotators draw lines and curves on an image.

        Args:
            name: The tool's name in results.
            labels: The labels, or None for lines without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the VectorLabels tag, for example ``closable=True`` or ``curves=True``.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.
        """
        return self._mark(VECTOR_LABELS, name, labels, title, to, attributes)

    def keypoints(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> LabelConfig:
        """Return a config that also lets annotators set points on an image.

        Args:
            name: The tool's name in results.
            labels: The labels, for example body parts, or None for points without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the KeyPointLabels tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.

        Example:
            >>> from lsnb import LabelConfig
            >>> parts = [f"part {i}" for i in range(70)]
            >>> len(LabelConfig.image("frame").keypoints("body", parts).controls["body"].labels)
            70
        """
        return self._mark(KEY_POINT_LABELS, name, labels, title, to, attributes)

    def brush(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> LabelConfig:
        """Return a config that also lets annotators paint masks on an image.

        Args:
            name: The tool's name in results.
            labels: The labels, or None for masks without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the BrushLabels tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.
        """
        return self._mark(BRUSH_LABELS, name, labels, title, to, attributes)

    def bitmask(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> LabelConfig:
        """Return a config that also lets annotators paint masks of whole pixels, kept without loss.

        Args:
            name: The tool's name in results.
            labels: The labels, or None for masks without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the BitmaskLabels tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.
        """
        return self._mark(BITMASK_LABELS, name, labels, title, to, attributes)

    def magic_wand(self, name: str, *, to: str | None = None, **attributes: Setting) -> LabelConfig:
        """Return a config that also offers a wand, which selects an area of like colour for the brush's labels.

        Args:
            name: The tool's name in the config.
            to: The image; the last one added by default. Its address must allow reading its pixels (CORS).
            attributes: Any attribute of the MagicWand tag, for example ``default_threshold=20``.

        Raises:
            LabelConfigError: A name is taken, or there is no image.
        """
        given: dict[str, Setting] = {"name": name, "toName": self._target(MAGIC_WAND, to), **attributes}
        return self._add(element(MAGIC_WAND.name, given))

    def labels(
        self,
        name: str,
        labels: Labels,
        *,
        title: str = "",
        multiple: bool = False,
        to: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also lets annotators label spans: of text, sound, time series or video time.

        The tag follows the media: Labels for text and audio, HyperTextLabels, ParagraphLabels,
        TimeSeriesLabels, and TimelineLabels for video. The labels stand above their media.

        Args:
            name: The tool's name in results.
            labels: The labels.
            title: A heading above them.
            multiple: Whether one span may carry several labels.
            to: The media; the last one added that has spans by default.
            attributes: Any attribute of that tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or no media here has spans.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.video("uri").labels("behaviour", ["rest", "run"]).controls["behaviour"].kind
            'timelinelabels'
        """
        shown = object_tags(self._root())
        fitting = [n for n, tag in shown.items() if tag.spans]
        target = to if to is not None else (fitting[-1] if fitting else "")
        if target not in shown or not shown[target].spans:
            raise LabelConfigError(
                f'The labels "{name}" need a text, audio, video, conversation or time series, and '
                f"{f'{target} is none' if target else 'this config shows none'}: on images use rectangles, "
                "polygons or keypoints."
            )
        given: dict[str, Setting] = {"choice": "multiple" if multiple else None, **attributes}
        made = self._label(TAGS[shown[target].spans], name, labels, title, target, given)
        return self._add_above(target, *made)

    def video_boxes(
        self,
        name: str,
        labels: Labels,
        *,
        labels_name: str | None = None,
        title: str = "",
        to: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also lets annotators follow things through a video with boxes.

        The labels stand above the video.

        Args:
            name: The tool's name in results (VideoRectangle).
            labels: The labels of the boxes.
            labels_name: The name of the Labels beside the tool; ``<name>_label`` by default.
            title: A heading above the labels.
            to: The video; the last one added by default.
            attributes: Any attribute of the Labels tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no video.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.video("uri").video_boxes("track", ["mouse"]).controls["track"].labels
            ('mouse',)
        """
        target = self._target(VIDEO_RECTANGLE, to)
        beside = labels_name if labels_name is not None else f"{name}_label"
        given: dict[str, Setting] = {"name": beside, "toName": target, **attributes}
        listed = element(VIDEO_RECTANGLE.beside, given, *self._label_elements(name, labels))
        tool = element(VIDEO_RECTANGLE.name, {"name": name, "toName": target})
        return self._add_above(target, *titled(title, listed), tool)

    def relations(self, labels: str | Iterable[str] = (), *, multiple: bool = False) -> LabelConfig:
        """Return a config that also lets annotators name the relation between two regions.

        Args:
            labels: The names of relations.
            multiple: Whether one relation may carry several names.

        Raises:
            LabelConfigError: A name is empty or repeated.
        """
        names = words(labels, "Relations") if labels else []
        made = [element("Relation", {"value": text}) for text in names]
        return self._add(element(RELATIONS.name, {"choice": "multiple" if multiple else None}, *made))

    def filter(self, name: str, to: str, **attributes: Setting) -> LabelConfig:
        """Return a config that also offers a search box for a long list of labels or choices.

        Args:
            name: The box's name in the config.
            to: The name of the labels or choices.
            attributes: Any attribute of the Filter tag, for example ``min_length=0``.

        Raises:
            LabelConfigError: No labels or choices have that name, or a name is taken.
        """
        if not to:
            raise LabelConfigError(f'The filter "{name}" has nothing to filter: give the name of labels or choices.')
        made = element("Filter", {"name": name, "toName": to, **attributes})
        root = self._root()
        place = next((found for found in walk(root) if attribute(found, "name") == to), None)
        if place is None:
            return self._add(made)  # which says what is wrong with it
        place.addprevious(made)
        return self._checked(root)

    def _mark(
        self,
        tag: Tag,
        name: str,
        labels: Labels | None,
        title: str,
        to: str | None,
        attributes: Mapping[str, Setting],
    ) -> LabelConfig:
        if labels is None:
            given: dict[str, Setting] = {"name": name, "toName": self._target(tag, to), **attributes}
            return self._add(*titled(title, element(unlabelled(tag).name, given)))
        return self._add(*self._label(tag, name, labels, title, self._target(tag, to), attributes))

    def _label(
        self, tag: Tag, name: str, labels: Labels, title: str, target: str, attributes: Mapping[str, Setting]
    ) -> list[etree._Element]:
        given: dict[str, Setting] = {"name": name, "toName": target, "value": column_of(labels), **attributes}
        return titled(title, element(tag.name, given, *self._label_elements(name, labels)))

    def _label_elements(self, name: str, labels: Labels) -> list[etree._Element]:
        """Return Label tags, each with a colour and, while there are any, a key of its own."""
        if column_of(labels):
            return []
        listed = words(labels, name)
        given = {str(k).strip(): v for k, v in labels.items() if v} if isinstance(labels, Mapping) else {}
        odd = [f"{label!r}: {colour!r}" for label, colour in given.items() if not isinstance(colour, str)]
        if odd:
            raise LabelConfigError(f"{name} has colours that are no texts ({', '.join(odd)}): give such as '#D55E00'.")
        root = self._root()
        used = [colour for e in walk(root) if (colour := attribute(e, "background"))]
        missing = [label for label in listed if not given.get(label)]
        colours = dict(zip(missing, next_colours([*used, *given.values()], len(missing)), strict=True))
        keys = dict(zip(listed, self._free_hotkeys(), strict=False))
        return [
            element(
                "Label",
                {"value": label, "background": given.get(label) or colours[label], "hotkey": keys.get(label)},
            )
            for label in listed
        ]
