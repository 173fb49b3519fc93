"""Video or sound beside time series, on one clock in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.labels.building import ConfigTree, Setting, Starting, element
from lsnb.labels.media import data_key, media_element
from lsnb.labels.reading import attribute, object_tags
from lsnb.labels.regions import Labels
from lsnb.labels.tree import walk

if TYPE_CHECKING:
    from lsnb.labels.config import LabelConfig

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


class SyncedMethods(ConfigTree):
    """The method of ``LabelConfig`` that shows video, sound and time series on one clock."""

    __slots__ = ()

    @Starting
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
    ) -> LabelConfig:
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
            >>> config.controls["state"].kind
            'timeserieslabels'
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
    except (TypeError, ValueError):
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
