"""What annotators look at or listen to, how the page is arranged, and media beside time series on one clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, Self, get_args, runtime_checkable

from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.labels.asked import AskedMethods, Labels
from lsnb.labels.building import (
    COLUMN,
    MEDIA_CLASS,
    QUESTIONS_CLASS,
    ConfigTree,
    Setting,
    Starting,
    checked,
    element,
    home_of,
    titled,
)
from lsnb.labels.check import is_misread_name
from lsnb.labels.tree import attribute, header_of, object_tags, options_box, walk
from lsnb.labels.vocabulary import METHODS, find_tag

Media = Literal["image", "video", "audio", "text", "hypertext"]


Layout = Literal["auto", "columns", "stacked"]


MEDIA_TAGS: dict[str, str] = {method: METHODS[method].name for method in get_args(Media)}


def data_key(field: str) -> str:
    """Return a column's name as a data key of Label Studio.

    Raises:
        LabelConfigError: Label Studio could not read a data key of this name.
    """
    if not isinstance(field, str):
        raise LabelConfigError(COLUMN.format(kind=type(field).__name__))
    key = field.strip().removeprefix("$")
    if not re.fullmatch(r"[A-Za-z0-9_]+([.\[][A-Za-z0-9_.\[\]]+)?", key):
        safe = re.sub(r"\W+", "_", key, flags=re.ASCII).strip("_") or "field"
        raise LabelConfigError(
            f'Label Studio cannot show a column called "{field}": a name may hold the letters a to z, digits and _ '
            f'alone. Rename the column in your table, or copy it first, table["{safe}"] = table["{field}"], and show '
            f"{safe}."
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


_SIDE_BY_SIDE = "display: flex; gap: 1em"


# What half of the page is wide enough for.
_NARROW = frozenset({"image", "video", "text", "hypertext", "paragraphs"})


_STICKY = "position: sticky; top: 0; align-self: flex-start; max-height: 90vh; overflow: auto"


_ON_TOP = "position: sticky; top: 0; z-index: 3; background: var(--color-neutral-background, white)"


CHANNELS = "channels is {value}: give a list of columns to plot, for example ['speed'], the names of columns as texts."
CLOCK = "clock"


# Six digits that count, none of them a trailing zero, in d3's letters: what the editor writes beside the pointer.
VALUE_FORMAT = ".6~r"


SECONDS_FORMAT = ".3f"


VIDEO_HEIGHT = 320


# Together the plots are about as high as the video, so that both are seen at once.
PLOTS_HEIGHT = 300


LEAST_HEIGHT, MOST_HEIGHT = 70, 180


@runtime_checkable
class HasChannels(Protocol):
    """What can be plotted and knows its legends and units: an ``AlignedSeries``."""

    @property
    def legends(self) -> Mapping[str, str]:
        """Column of the CSV file → legend."""

    @property
    def units(self) -> Mapping[str, str]:
        """Column of the CSV file → unit."""


@runtime_checkable
class HasRate(Protocol):
    """What knows a video's frames a second, and whether they are even: what ``lsnb.probe`` returns."""

    @property
    def fps(self) -> Any:
        """Frames a second."""

    @property
    def is_constant_rate(self) -> bool | None:
        """Whether frames are evenly spaced; None if that is not known."""


Group = str | Sequence[str]


Channels = HasChannels | Mapping[str, str] | Sequence[Group]


class ShownMethods(AskedMethods):
    """The methods of ``LabelConfig`` that show media, arrange the page, and play media beside time series on one clock.

    Those that show something also start a config, called on the class itself.
    """

    __slots__ = ()

    @Starting
    @checked(field=COLUMN)
    def image(self, /, field: str, *, name: str | None = None, title: str = "", **attributes: Setting) -> Self:
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
    @checked(field=COLUMN)
    def images(self, /, field: str, *, name: str | None = None, title: str = "", **attributes: Setting) -> Self:
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
    @checked(left=COLUMN, right=COLUMN)
    def pair(
        self,
        /,
        left: str,
        right: str,
        *,
        media: Media = "image",
        titles: tuple[str, str] = ("", ""),
        **attributes: Setting,
    ) -> Self:
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
        return self._add(element("View", {"style": _SIDE_BY_SIDE}, *halves), media=True)

    @Starting
    @checked(field=COLUMN)
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
    ) -> Self:
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
    @checked(field=COLUMN)
    def audio(
        self,
        /,
        field: str,
        *,
        name: str | None = None,
        title: str = "",
        sync: str | None = None,
        **attributes: Setting,
    ) -> Self:
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
    @checked(field=COLUMN)
    def text(
        self, /, field: str, *, name: str | None = None, title: str = "", url: bool = False, **attributes: Setting
    ) -> Self:
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
    @checked(field=COLUMN)
    def hypertext(
        self, /, field: str, *, name: str | None = None, title: str = "", url: bool = False, **attributes: Setting
    ) -> Self:
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
    @checked(field=COLUMN)
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
    ) -> Self:
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
    @checked(field=COLUMN, channels=CHANNELS)
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
    ) -> Self:
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
        if not all(isinstance(column, str) for column in channels):
            raise LabelConfigError(CHANNELS.format(value=repr(channels)))
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
    @checked(field=COLUMN)
    def items(self, /, field: str, *, name: str | None = None, title: str | None = None, **attributes: Setting) -> Self:
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
    @checked(field=COLUMN)
    def table(self, /, field: str, *, name: str | None = None, title: str = "", **attributes: Setting) -> Self:
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
    @checked(field=COLUMN)
    def pdf(self, /, field: str, *, name: str | None = None, title: str = "", **attributes: Setting) -> Self:
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

    @Starting
    @checked(size=(1, 6), text="A heading is empty: give it a text.")
    def header(self, text: str, *, size: int = 4) -> Self:
        """Return a config that also shows a heading.

        Args:
            text: The heading; ``$column`` in it shows that column.
            size: 1 (large) to 6 (small).

        Raises:
            LabelConfigError: The text is empty or the size is not from 1 to 6.
        """
        if not text.strip():
            raise LabelConfigError("A heading is empty: give it a text.")
        return self._add(element("Header", {"value": text, "size": size if size != 4 else None}))

    @Starting
    @checked(text="The instructions are empty: give them a text.")
    def instructions(self, text: str, *, title: str = "Instructions", open: bool = True) -> Self:
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
        if not text.strip():
            raise LabelConfigError("The instructions are empty: give them a text.")
        inner = element("View", {}, element("Markdown", {"value": text}))
        return self._add(_fold(title, open, inner))

    @checked()
    def group(self, title: str, questions: Callable[[Self], Self], *, open: bool = False) -> Self:
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
        try:
            grown = questions(self)
        except TypeError as error:
            raise LabelConfigError(
                f'The function of the group "{title}" failed ({error}): give one that adds its questions, for example '
                'lambda inner: inner.rating("quality").'
            ) from error
        if not isinstance(grown, ConfigTree):
            raise LabelConfigError(f'The group "{title}" adds no question: let its function return a grown config.')
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

    @checked()
    def columns(self, *, media_width: str = "55%", sticky: bool = True) -> Self:
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
        root.append(element("View", {"style": _SIDE_BY_SIDE}, *sides))
        return self._checked(root)

    @checked()
    def sticky_media(self) -> Self:
        """Return the config with the media at the top, in view while the questions below scroll.

        Raises:
            LabelConfigError: The config shows no media yet, or is arranged already.
        """
        root = self._root()
        media, others = self._split(root)
        root.append(element("View", {"className": MEDIA_CLASS, "style": _ON_TOP}, *media))
        root.append(element("View", {"className": QUESTIONS_CLASS}, *others))
        return self._checked(root)

    @checked()
    def stacked(self) -> Self:
        """Return the config with everything below each other, media first: ``columns`` and ``sticky_media``, undone.

        Example:
            >>> from lsnb import LabelConfig
            >>> config = LabelConfig.image("uri").choices("mood", "good, bad")
            >>> config.columns().stacked() == config
            True
        """
        root = self._root()
        sides = [e for e in walk(root) if _arranges(e)]
        around = [e for e in (side.getparent() for side in sides) if e is not None and e is not root]
        for box in [*sides, *dict.fromkeys(around)]:
            for child in list(box):
                box.addprevious(child)
            parent = box.getparent()
            assert parent is not None
            parent.remove(box)
        return type(self)._of(root)

    @checked()
    def titled(self) -> Self:
        """Return the config in which every question has a heading: its name, where it had none.

        Example:
            >>> from lsnb import LabelConfig
            >>> config = LabelConfig.image("uri").choices("mood", "good, bad", title="Which mood?").rating("quality")
            >>> config.titled() == LabelConfig.image("uri").choices(
            ...     "mood", "good, bad", title="Which mood?"
            ... ).rating("quality", title="quality")
            True
        """
        root = self._root()
        for found in list(walk(root)):
            control = self.controls.get(attribute(found, "name") or "")
            if (
                control is not None
                and control.row.is_question
                and control.tag == found.tag
                and header_of(found) is None
            ):
                place = options_box(found)
                place.addprevious(element("Header", {"value": control.name}))
        return self._checked(root)

    @checked()
    def laid_out(self, layout: Layout = "auto") -> Self:
        """Return the config in one of the layouts that forms offer, whatever layout it has.

        Args:
            layout: ``columns``: media on the left, answers on the right, where both are in sight at once. ``stacked``:
                everything below each other. ``auto``: columns for one picture, video or text with questions; what
                marks regions, and what is long by nature (sound, series, tables), keeps the page's width.

        Example:
            >>> from lsnb import LabelConfig
            >>> asked = LabelConfig.text("post").choices("mood", "good, bad")
            >>> asked.laid_out() == asked.columns()
            True
            >>> marked = LabelConfig.text("post").labels("words", "good, bad")
            >>> marked.laid_out() == marked
            True
        """
        flat = self.stacked()
        if layout == "stacked" or not (flat.fields and flat.controls):
            return flat
        kinds = [found.kind for found in flat.fields.values() if found.name]
        beside = [kind for kind in kinds if kind != "text"]
        suits = all(kind in _NARROW for kind in kinds) and len(beside) <= 1
        suits = suits and all(control.row.is_question for control in flat.controls.values())
        return flat.columns() if layout == "columns" or suits else flat

    def _split(self, root: etree._Element) -> tuple[list[etree._Element], list[etree._Element]]:
        """Take media (with the headings right above them) and the rest out of the root, but not what heads it."""
        if any(_arranges(e) for e in walk(root)):
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

    @Starting
    @checked(video=COLUMN, audio=COLUMN, series=COLUMN)
    def video_timeseries(
        self,
        /,
        channels: Channels | Mapping[str, Channels],
        labels: Labels,
        *,
        video: str | None = "video",
        audio: str | None = None,
        series: str = "series",
        name: str = "state",
        time: str | None = "time",
        frame_rate: float | str | HasRate = "fps",
        units: Mapping[str, str] | None = None,
        frame_labels: Labels | None = None,
        frame_labels_name: str = "behaviour",
    ) -> Self:
        """Return a config that plays a video beside time series, in sync both ways, to label stretches of the series.

        The first row of a series is shown at the start of the video, and its times are seconds: ``lsnb.align`` puts a
        series on the video's clock, and its ``to_csv`` writes the file. ``create_study(…, bucket=…)`` uploads videos
        and series together, from two columns of local paths.

        What Label Studio 1.23 does and no config can mend: Play and Pause are the video's alone. After the first Play
        from the very start a plot's cursor may stand still: pause and play again. At another speed than 1× the cursor
        goes on at 1×: pause, and it is where the video is. Zooming or moving a plot's view takes the video to the
        middle of the view. Lines of one plot have a scale each.

        Args:
            channels: What to plot: an ``AlignedSeries``, columns of the CSV file, or a dict from column to legend. A
                list among the columns is one plot with several lines: ``["pulse", ["x", "y", "z"]]``. A dict from
                column of the table to any of these shows several files, each in sync.
            labels: The labels of stretches of a series.
            video: The column with the video's address; None for sound alone.
            audio: A column with a sound's address, played in step.
            series: The column with the address of the CSV file; not used where ``channels`` names files.
            name: The labels' name in results; of several files ``<name>_<column>``.
            time: The files' column of seconds.
            frame_rate: Frames a second: the column that holds them, a number, or what ``lsnb.probe`` returned. Label
                Studio would assume 24, and be off by the difference at each step from frame to frame.
            units: Column → the unit of its values; an ``AlignedSeries`` knows them.
            frame_labels: Labels of stretches of frames, on the video's own timeline, if these are wanted as well.
            frame_labels_name: Their name in results.

        Raises:
            LabelConfigError: Nothing to plot or to play, a name or label that is not usable, or a video whose frames
                do not come at a constant rate.

        Example:
            >>> from lsnb import LabelConfig
            >>> config = LabelConfig.video_timeseries(["pulse", ["x", "y"]], ["rest", "run"], units={"x": "g"})
            >>> [(name, field.kind) for name, field in config.fields.items()]
            [('video', 'video'), ('series', 'timeseries'), ('fps', 'number')]
            >>> config.controls["state"].labels
            ('rest', 'run')
        """
        if units is not None and not isinstance(units, Mapping):
            raise LabelConfigError(f"units is {units!r}: give a dict from column to unit, such as {{'x': 'g'}}.")
        files = _files(channels, series)
        if video is None and audio is None:
            raise LabelConfigError("There is nothing to play beside the series: name the column of video= or audio=.")
        shown = self._add(*_players(video, audio, frame_rate), media=True)
        if frame_labels is not None and video is None:
            raise LabelConfigError("frame_labels need a video: name its column in video=, or leave them out.")
        if frame_labels is not None:
            shown = shown.labels(frame_labels_name, frame_labels, to=_last_name(shown, "Video"))
        plots = sum(len(groups) for groups, _, _ in files.values())
        height = max(LEAST_HEIGHT, min(MOST_HEIGHT, PLOTS_HEIGHT // max(1, plots)))
        for column, (groups, legends, known) in files.items():
            shown = shown._add(_series(column, groups, legends, {**known, **(units or {})}, time, height), media=True)
            own = name if len(files) == 1 else f"{name}_{data_key(column)}"
            shown = shown.labels(own, labels, to=_last_name(shown, "TimeSeries"))
            # The same label has the same colour in every plot.
            labels = _colours(shown, own) or labels
        return shown


def _fold(title: str, open: bool, inner: etree._Element) -> etree._Element:
    panel = element("Panel", {"value": title, "open": open}, inner)
    return element("Collapse", {"accordion": False, "bordered": True}, panel)


def _arranges(node: etree._Element) -> bool:
    return (node.get("className") or "") in (MEDIA_CLASS, QUESTIONS_CLASS)


def _question_home(root: etree._Element) -> etree._Element:
    return home_of(root, QUESTIONS_CLASS)


def _asks_or_shows(node: etree._Element) -> bool:
    tags = [find_tag(str(e.tag)) for e in walk(node)]
    return any(tag is not None and tag.role in ("object", "control") for tag in tags)


def _shows_media(node: etree._Element) -> bool:
    tags = [find_tag(str(e.tag)) for e in walk(node)]
    return any(tag is not None and tag.role == "object" for tag in tags)


Plots = tuple[list[list[str]], Mapping[str, str], Mapping[str, str]]


def _files(channels: Any, series: str) -> dict[str, Plots]:
    """Return for each column with series: its plots, each a list of channels, their legends and their units."""
    is_files = isinstance(channels, Mapping) and any(not isinstance(value, str) for value in channels.values())
    if not is_files:
        return {series: _plots(channels, "channels")}
    return {column: _plots(given, f"channels of {column!r}") for column, given in channels.items()}


def _plots(channels: Any, what: str) -> Plots:
    if isinstance(channels, HasChannels):
        legends = dict(channels.legends)
        return [[column] for column in legends], legends, dict(channels.units)
    if isinstance(channels, Mapping):
        groups: list[list[str]] = [[column] for column in channels]
        legends = dict(channels)
    elif isinstance(channels, Iterable) and not isinstance(channels, str):
        groups = [
            [given] if isinstance(given, str) or not isinstance(given, Iterable) else [*given] for given in channels
        ]
        legends = {}
    else:
        raise LabelConfigError(
            f"{what} is {channels!r}: give a list of columns to plot, for example ['speed'], or what lsnb.align "
            "returned."
        )
    columns = [column for group in groups for column in group]
    faults = [
        f"{what} holds {column!r}: give the names of columns as texts."
        for column in columns
        if not isinstance(column, str)
    ]
    if not columns or any(not group for group in groups):
        faults.append(f"{what} is empty: name at least one column to plot.")
    repeated = sorted({str(column) for column in columns if columns.count(column) > 1})
    faults += [f"{what} names {column!r} more than once: keep one." for column in repeated]
    if faults:
        raise LabelConfigError(faults)
    return groups, legends, {}


def _players(video: str | None, audio: str | None, frame_rate: Any) -> list[etree._Element]:
    players = []
    if video is not None:
        given: dict[str, Setting] = {"frameRate": _rate(frame_rate), "sync": CLOCK, "height": VIDEO_HEIGHT}
        players.append(media_element("Video", video, None, given))
    if audio is not None:
        players.append(media_element("Audio", audio, None, {"sync": CLOCK}))
    return players


def _rate(frame_rate: Any) -> Setting:
    if isinstance(frame_rate, str):
        return f"${data_key(frame_rate)}"
    if isinstance(frame_rate, HasRate):
        if frame_rate.is_constant_rate is False:
            raise LabelConfigError(
                "The video's frames do not come at a constant rate, so Label Studio would show other frames than it "
                "names: make a copy with lsnb.transcode(video), and use that and lsnb.probe of it."
            )
        frame_rate = frame_rate.fps
    try:
        rate = float(frame_rate)
    except (TypeError, ValueError, OverflowError):
        rate = 0.0
    if isinstance(frame_rate, bool) or not 0 < rate < float("inf"):
        raise LabelConfigError(
            f"frame_rate is {frame_rate!r}: give frames a second, the column that holds them, or what lsnb.probe "
            "returned."
        )
    # Enough digits for 30000/1001 over hours of video.
    return f"{rate:.10g}"


def _series(
    column: str,
    groups: list[list[str]],
    legends: Mapping[str, str],
    units: Mapping[str, str],
    time: str | None,
    height: int,
) -> etree._Element:
    given: dict[str, Setting] = {
        "valueType": "url",
        "timeColumn": time,
        "timeDisplayFormat": SECONDS_FORMAT,
        "durationDisplayFormat": SECONDS_FORMAT,
        "sync": CLOCK,
    }
    shown = media_element("TimeSeries", column, None, given)
    for group in groups:
        plots = [_channel(name, legends.get(name, name), units.get(name), height) for name in group]
        shown.extend(plots if len(group) == 1 else [element("MultiChannel", {"height": height}, *plots)])
    return shown


def _channel(column: str, legend: str, unit: str | None, height: int) -> etree._Element:
    given: dict[str, Setting] = {
        "column": column,
        "legend": legend,
        "units": unit or None,
        "displayFormat": VALUE_FORMAT,
        "height": height,
    }
    return element("Channel", given)


def _colours(config: ConfigTree, name: str) -> dict[str, str]:
    """Return the labels of a control and their colours."""
    control = next(found for found in walk(config._root()) if attribute(found, "name") == name)
    return {str(attribute(label, "value")): str(attribute(label, "background")) for label in control}


def _last_name(config: ConfigTree, tag: str) -> str:
    return [name for name, shown in object_tags(config._root()).items() if shown.name == tag][-1]
