"""``pick_events``: moments of a video and of a sensor's plot, paired by clicking."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np

from lsnb.alignment.given import Channels, each_sensor, faults_of_all, own_channels, read_video, times_of
from lsnb.errors import InputError
from lsnb.forms.event_picker import EventPicker, Felt, Pair, find_picker
from lsnb.timeseries.clocks import in_order
from lsnb.timeseries.series import choose_channels, with_numeric

PICTURE_WIDTH = 640


def pick_events(
    series: Any,
    video: Any,
    *,
    events: Any = None,
    time: Any = "timestamp",
    unit: Any = None,
    tz: Any = None,
    drift: float | None = None,
    channels: Channels = None,
    rate: float | None = None,
    video_start: str | datetime | None = None,
    time_format: str | None = None,
) -> EventPicker:
    """Return a widget that pairs moments of a video and of a sensor's plot by clicking, with the pairs in ``.events``.

    Move the video to a clap, click the clap in the plot, press Add: offset, drift and how far off they may be follow
    each pair. Give ``align`` what was picked: ``align(series, video, events=picked.events)``. A cell that is run again
    shows the pairs as they were left. Where nobody looks (CI, papermill), it holds ``events``.

    Args:
        series: One or several sensors, as for ``align``.
        video: A path, or what ``lsnb.probe`` returned.
        events: Pairs to begin with, as for ``align``.
        time: The column of times, None without.
        unit: The unit of numbers.
        tz: The zone of datetimes without one.
        drift: Held, if it is given.
        channels: Columns to choose from; by default every column of numbers.
        rate: Samples a second of a series without times.
        video_start: When the video starts.
        time_format: How texts write datetimes.

    Raises:
        InputError: Times that cannot be read, or bad options.
        MissingFileError: There is no such file.

    Example:
        >>> import pandas as pd
        >>> data = pd.DataFrame({"timestamp": [15.03, 16.03, 17.03], "acc": [9.0, 1.0, 1.0]})
        >>> picked = pick_events(data, 20.0, unit="s", events=[(15.03, 12.4)])
        >>> picked
        EventPicker: By 1 event the offset of sensor is -2.630 s, drift 1.000000.
        >>> picked.events
        [(15.03, 12.4)]
    """
    sensors = each_sensor(
        series,
        faults_of_all(None, None, 60.0, None, None, channels),
        time=time,
        unit=unit,
        tz=tz,
        offset=None,
        drift=drift,
        rate=rate,
        events=None if isinstance(events, list | tuple) and not events else events,
        time_format=time_format,
    )
    clock = read_video(video)
    felt, pairs = [], []
    for sensor in sensors:
        table, column, times, _ = times_of(sensor, clock, video_start, is_known=True)
        table = with_numeric(table, own_channels(channels, sensor.name))
        wanted = [name for name in own_channels(channels, sensor.name) or () if name in table.columns] or None
        chosen = choose_channels(table, wanted, None, [] if column is None else [column])
        order, seconds = in_order(times.seconds)
        if not len(order):
            raise InputError(f"{sensor.name} has no row with a time, so there is nothing to pick from.")
        written = seconds if column is None else table[column].iloc[order]
        shown = {one.legend: table[one.column].to_numpy("float64", na_value=np.nan)[order] for one in chosen}
        felt.append(Felt(sensor.name, seconds, list(written), shown, drift))
        for moment, seen in sensor.events:
            at = times.clock.moment(moment, sensor.tz)
            if not math.isfinite(at):
                raise InputError(
                    f"The moment {moment!r} in events of {sensor.name} is not written as its column of times is."
                )
            pairs.append(Pair(sensor.name, moment, at, seen))
    told = [(one.name, len(one.seconds), one.seconds[0], one.seconds[-1], *one.channels) for one in felt]
    key = (str(clock.path), clock.duration, repr(pairs), *told)
    shows = None if clock.path is None else _pictures(clock.path)
    return find_picker(key, lambda: EventPicker(felt, clock.duration, shows, pairs))


def _pictures(video: Any) -> Callable[[float], tuple[float, bytes]]:
    """Return what gives the frame that a video shows at a second: its time and its picture as JPEG."""
    from PIL import Image

    from lsnb.media import frame_times, read_frames

    def show(seconds: float) -> tuple[float, bytes]:
        place = int(np.searchsorted(frame_times(video), seconds + 1e-6, "right")) - 1
        frame = next(iter(read_frames(video, [max(place, 0)])))
        image = Image.fromarray(frame.image)
        image.thumbnail((PICTURE_WIDTH, PICTURE_WIDTH))
        written = io.BytesIO()
        image.save(written, "JPEG", quality=85)
        return float(frame.time), written.getvalue()

    return show
