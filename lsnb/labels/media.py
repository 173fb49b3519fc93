"""What annotators look at or listen to: the object tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, get_args

from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.labels.building import ConfigTree, Setting, Starting, element, titled
from lsnb.labels.problems import is_misread_name
from lsnb.labels.vocabulary import METHODS

if TYPE_CHECKING:
    from lsnb.labels.config import LabelConfig

Media = Literal["image", "video", "audio", "text", "hypertext"]
MEDIA_TAGS: dict[str, str] = {method: METHODS[method].name for method in get_args(Media)}


def data_key(field: str) -> str:
    """Return a column's name as a data key of Label Studio.

    Raises:
        LabelConfigError: Label Studio could not read a data key of this name.
    """
    if not isinstance(field, str):
        raise LabelConfigError(
            f"A column is shown by its name, and this is a {type(field).__name__}: give a text, for example 'uri'."
        )
    key = field.strip().removeprefix("$")
    if not re.fullmatch(r"[A-Za-z0-9_]+([.\[][A-Za-z0-9_.\[\]]+)?", key):
        safe = re.sub(r"\W+", "_", key, flags=re.ASCII).strip("_") or "field"
        raise LabelConfigError(
            f'Label Studio cannot show a column called "{field}": a name may hold the letters a to z, digits and _ '
            f'alone. Copy the column first, table["{safe}"] = table["{field}"], and show {safe}.'
        )
    return key


def media_element(
    tag: str, field: str, name: str | None, given: Mapping[str, Setting], *, value: str = "value"
) -> etree._Element:
    """Return an object tag that shows a column; its name is the column's unless given.

    A column called ``2020`` gives the name ``column_2020``, since the server refuses names that are numbers.
    """
    key = data_key(field)
    own = re.sub(r"\W+", "_", key).strip("_")
    shown = name if name is not None else f"column_{own}" if is_misread_name(own) else own
    return element(tag, {"name": shown, value: f"${key}", **given})


class MediaMethods(ConfigTree):
    """The media methods of ``LabelConfig``. Each starts a config or goes on with one."""

    __slots__ = ()

    @Starting
    def image(self, /, field: str, *, name: str | None = None, title: str = "", **attributes: Setting) -> LabelConfig:
        """Return a config that also shows an image.

        Args:
            field: The column with its address.
            name: Its name in the config; the column's name by default.
            title: A heading above it.
            attributes: Any attribute of the Image tag, for example ``max_width="600px"``.

        Raises:
            LabelConfigError: The column's name, the name or an attribute is not usable.

        Example:
            >>> from lsnb import LabelConfig
            >>> print(LabelConfig.image("uri").xml, end="")
            <View>
              <Image name="uri" value="$uri"/>
            </View>
        """
        return self._add(*titled(title, media_element("Image", field, name, attributes)), media=True)

    @Starting
    def images(self, /, field: str, *, name: str | None = None, title: str = "", **attributes: Setting) -> LabelConfig:
        """Return a config that also shows a list of images, one page each.

        Args:
            field: The column with a list of addresses in each row.
            name: Its name in the config; the column's name by default.
            title: A heading above it.
            attributes: Any attribute of the Image tag.

        Raises:
            LabelConfigError: The column's name, the name or an attribute is not usable.
        """
        shown = media_element("Image", field, name, attributes, value="valueList")
        return self._add(*titled(title, shown), media=True)

    @Starting
    def pair(
        self,
        /,
        left: str,
        right: str,
        *,
        media: Media = "image",
        titles: tuple[str, str] = ("", ""),
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also shows two media side by side.

        Args:
            left: The column shown on the left.
            right: The column shown on the right.
            media: What both are.
            titles: A heading above each.
            attributes: Any attribute of the two tags, for example ``zoom_control=True`` for images.

        Raises:
            LabelConfigError: A column's name or an attribute is not usable.

        Example:
            >>> from lsnb import LabelConfig
            >>> list(LabelConfig.pair("a", "b", media="text").pairwise("better").fields)
            ['a', 'b']
        """
        if media not in MEDIA_TAGS:
            raise LabelConfigError(f"media is {media!r}: give one of {', '.join(MEDIA_TAGS)}.")
        # Two narrow images push their toolbars below themselves, and the question out of sight.
        tools: dict[str, Setting] = {"zoomControl": False, "selectionControl": False} if media == "image" else {}
        halves = [
            element(
                "View",
                {"style": "flex: 1; min-width: 0"},
                *titled(title, media_element(MEDIA_TAGS[media], field, None, {**tools, **attributes})),
            )
            for field, title in zip((left, right), titles, strict=True)
        ]
        return self._add(element("View", {"style": "display: flex; gap: 1em"}, *halves), media=True)

    @Starting
    def video(
        self,
        /,
        field: str,
        *,
        name: str | None = None,
        title: str = "",
        frame_rate: float | str | None = None,
        sync: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also plays a video.

        Args:
            field: The column with its address.
            name: Its name in the config; the column's name by default.
            title: A heading above it.
            frame_rate: Frames a second, or the column that holds them. Label Studio assumes 24 without it, and
                a wrong rate shifts every frame number.
            sync: A group's name: media of one group play together.
            attributes: Any attribute of the Video tag, for example ``timeline_height=120`` (pixels).

        Raises:
            LabelConfigError: The column's name, the name or an attribute is not usable.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.video("uri", frame_rate="fps").fields["fps"].kind
            'number'
        """
        rate = f"${data_key(frame_rate)}" if isinstance(frame_rate, str) else frame_rate
        given: dict[str, Setting] = {"frameRate": rate, "sync": sync, **attributes}
        return self._add(*titled(title, media_element("Video", field, name, given)), media=True)

    @Starting
    def audio(
        self,
        /,
        field: str,
        *,
        name: str | None = None,
        title: str = "",
        sync: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also plays a sound.

        Args:
            field: The column with its address.
            name: Its name in the config; the column's name by default.
            title: A heading above it.
            sync: A group's name: media of one group play together.
            attributes: Any attribute of the Audio tag, for example ``spectrogram=True``.

        Raises:
            LabelConfigError: The column's name, the name or an attribute is not usable.
        """
        given: dict[str, Setting] = {"sync": sync, **attributes}
        return self._add(*titled(title, media_element("Audio", field, name, given)), media=True)

    @Starting
    def text(
        self, /, field: str, *, name: str | None = None, title: str = "", url: bool = False, **attributes: Setting
    ) -> LabelConfig:
        """Return a config that also shows a text.

        Args:
            field: The column with the text.
            name: Its name in the config; the column's name by default.
            title: A heading above it.
            url: Whether the column holds addresses of text files instead.
            attributes: Any attribute of the Text tag, for example ``granularity="word"``.

        Raises:
            LabelConfigError: The column's name, the name or an attribute is not usable.
        """
        given: dict[str, Setting] = {"valueType": "url" if url else None, **attributes}
        return self._add(*titled(title, media_element("Text", field, name, given)), media=True)

    @Starting
    def hypertext(
        self, /, field: str, *, name: str | None = None, title: str = "", url: bool = False, **attributes: Setting
    ) -> LabelConfig:
        """Return a config that also shows HTML; scripts in it do not run.

        Args:
            field: The column with the HTML.
            name: Its name in the config; the column's name by default.
            title: A heading above it.
            url: Whether the column holds addresses of HTML files instead.
            attributes: Any attribute of the HyperText tag, for example ``clickable_links=True``.

        Raises:
            LabelConfigError: The column's name, the name or an attribute is not usable.
        """
        given: dict[str, Setting] = {"valueType": "url" if url else None, **attributes}
        return self._add(*titled(title, media_element("HyperText", field, name, given)), media=True)

    @Starting
    def paragraphs(
        self,
        /,
        field: str,
        *,
        name: str | None = None,
        title: str = "",
        author: str = "author",
        text: str = "text",
        url: bool = False,
        audio: str | None = None,
        sync: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also shows a conversation.

        Args:
            field: The column with a list of turns in each row, each a dict.
            name: Its name in the config; the column's name by default.
            title: A heading above it.
            author: The key of a turn that holds who speaks.
            text: The key of a turn that holds what is said.
            url: Whether the column holds addresses of JSON files instead.
            audio: The column with the address of the recording; turns then need ``start`` and ``end`` in seconds.
            sync: A group's name: media of one group play together.
            attributes: Any attribute of the Paragraphs tag.

        Raises:
            LabelConfigError: The column's name, the name or an attribute is not usable.
        """
        given: dict[str, Setting] = {
            "layout": "dialogue",
            "nameKey": author,
            "textKey": text,
            "valueType": "url" if url else None,
            "audioUrl": f"${data_key(audio)}" if audio else None,
            "showPlayer": True if audio else None,
            "sync": sync,
            **attributes,
        }
        return self._add(*titled(title, media_element("Paragraphs", field, name, given)), media=True)

    @Starting
    def timeseries(
        self,
        /,
        field: str,
        channels: Sequence[str] | Mapping[str, str],
        *,
        name: str | None = None,
        title: str = "",
        time: str | None = None,
        time_format: str | None = None,
        url: bool = True,
        sync: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also plots a time series.

        Args:
            field: The column with the address of a CSV file.
            channels: The file's columns to plot, or a dict from column to the legend beside its plot.
            name: Its name in the config; the column's name by default.
            title: A heading above it.
            time: The file's column with the times, in seconds unless ``time_format`` is given; without it one
                sample is one second.
            time_format: How times are written, in strftime's letters (``%Y-%m-%d %H:%M:%S``, taken as UTC).
            url: False if the table's column holds the data itself, a dict of lists with lower-case names.
            sync: A group's name: media of one group play together; the first row is then media time 0.
            attributes: Any attribute of the TimeSeries tag, for example ``overview_channels="speed"``.

        Raises:
            LabelConfigError: The column's name, the name, the channels or an attribute is not usable.
        """
        if isinstance(channels, str) or not isinstance(channels, Iterable):
            raise LabelConfigError(f"channels is {channels!r}: give a list of columns to plot, for example ['speed'].")
        if not all(isinstance(column, str) for column in channels):
            raise LabelConfigError(f"channels is {channels!r}: give the names of columns as texts.")
        legends = dict(channels) if isinstance(channels, Mapping) else dict.fromkeys(channels)
        given: dict[str, Setting] = {
            "valueType": "url" if url else "json",
            "timeColumn": time,
            "timeFormat": time_format,
            "sync": sync,
            **attributes,
        }
        shown = media_element("TimeSeries", field, name, given)
        shown.extend(element("Channel", {"column": column, "legend": legend}) for column, legend in legends.items())
        return self._add(*titled(title, shown), media=True)

    @Starting
    def items(
        self, /, field: str, *, name: str | None = None, title: str | None = None, **attributes: Setting
    ) -> LabelConfig:
        """Return a config that also lists things to rank.

        Args:
            field: The column with a list in each row, each item a dict with ``id``, ``title`` and ``body``.
            name: Its name in the config; the column's name by default.
            title: The heading of the list.
            attributes: Any attribute of the List tag.

        Raises:
            LabelConfigError: The column's name, the name or an attribute is not usable.
        """
        return self._add(media_element("List", field, name, {"title": title, **attributes}), media=True)

    @Starting
    def table(self, /, field: str, *, name: str | None = None, title: str = "", **attributes: Setting) -> LabelConfig:
        """Return a config that also shows a table of keys and values.

        Args:
            field: The column with a dict in each row.
            name: Its name in the config; the column's name by default.
            title: A heading above it.
            attributes: Any attribute of the Table tag.

        Raises:
            LabelConfigError: The column's name, the name or an attribute is not usable.
        """
        return self._add(*titled(title, media_element("Table", field, name, attributes)), media=True)

    @Starting
    def pdf(self, /, field: str, *, name: str | None = None, title: str = "", **attributes: Setting) -> LabelConfig:
        """Return a config that also shows a PDF document.

        Args:
            field: The column with its address.
            name: Its name in the config; the column's name by default.
            title: A heading above it.
            attributes: Any attribute of the Pdf tag.

        Raises:
            LabelConfigError: The column's name, the name or an attribute is not usable.
        """
        return self._add(*titled(title, media_element("Pdf", field, name, attributes)), media=True)
