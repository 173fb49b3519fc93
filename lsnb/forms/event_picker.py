"""Moments that are seen in a video and in a sensor's plot, paired by clicking: the fit of the clocks follows."""

from __future__ import annotations

import html
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.words import counted
from lsnb.timeseries import fit_moments
from lsnb.timeseries.aligned import display_rows

WIDTH, HEIGHT = 640, 150
MOST_POINTS = 1_200
WINDOWS = {"all": 0.0, "60 s": 60.0, "10 s": 10.0, "2 s": 2.0}
# A click writes where it was into the hidden field beside the plot; with the time, so that the same place counts twice.
CLICK = (
    "const around = this.getBoundingClientRect(), "
    "field = this.closest('.lsnb-events').querySelector('.lsnb-events-click input');"
    "Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call("
    "field, (event.clientX - around.left) / around.width + ' ' + Date.now());"
    "for (const name of ['input', 'change']) field.dispatchEvent(new Event(name, {bubbles: true}));"
)


@dataclass(frozen=True)
class Felt:
    """What one sensor measured, as the picker draws it.

    Args:
        name: The sensor's name.
        seconds: float64[n] on its own clock, never falling.
        written: The n times as its column writes them.
        channels: Legend → float64[n].
        drift: The drift that is known, None where events tell it.
    """

    name: str
    seconds: Any
    written: Sequence[Any]
    channels: Mapping[str, Any]
    drift: float | None = None


@dataclass(frozen=True)
class Pair:
    """One moment, seen twice.

    Args:
        sensor: Whose it is.
        written: As the sensor's column writes it.
        seconds: On the sensor's clock.
        video: Seconds of the video.
    """

    sensor: str
    written: Any
    seconds: float
    video: float


class EventPicker:
    """Pairs of moments, ``.events``, as ``align`` takes them; a widget where it is the last line of a cell.

    Made by ``lsnb.alignment.pick_events``.

    Args:
        sensors: What was measured.
        duration: The video's length in seconds.
        show: Seconds of the video → the time of the frame shown then, and its picture as JPEG.
        pairs: What to begin with.
    """

    def __init__(
        self,
        sensors: Sequence[Felt],
        duration: float,
        show: Callable[[float], tuple[float, bytes]] | None,
        pairs: Sequence[Pair] = (),
    ) -> None:
        self._sensors = {one.name: one for one in sensors}
        self._duration, self._show = duration, show
        self.pairs = list(pairs)
        self._box: Any = None

    @property
    def events(self) -> Any:
        """The pairs, ``[(sensor, video), …]``; of several sensors a dict from name to these."""
        found = {
            name: [(pair.written, pair.video) for pair in self.pairs if pair.sensor == name] for name in self._sensors
        }
        return next(iter(found.values())) if len(found) == 1 else {name: own for name, own in found.items() if own}

    def add(self, sensor: str, seconds: float, video: float) -> None:
        """Add a pair; the sensor's moment is that of the sample next to it.

        Args:
            sensor: The sensor's name.
            seconds: On its clock.
            video: Seconds of the video.
        """
        felt = self._sensors[sensor]
        row = nearest_row(felt.seconds, seconds)
        self.pairs.append(Pair(sensor, felt.written[row], float(felt.seconds[row]), round(float(video), 6)))

    @property
    def said(self) -> str:
        """What the pairs say of the clocks, in sentences."""
        parts = []
        for name, felt in self._sensors.items():
            own = [pair for pair in self.pairs if pair.sensor == name]
            if not own:
                continue
            try:
                fit = fit_moments([pair.seconds for pair in own], [pair.video for pair in own], drift=felt.drift)
            except InputError as fault:
                parts.append(f"{name}: {fault}")
                continue
            miss = f", {np.abs(fit.residuals).max():.3f} s off at most" if fit.free > 0 else ""
            band = [] if fit.band is None else [fit.band.sentence(0.0, self._duration)]
            by = f"By {counted(len(own), 'event')} the offset of {name} is {fit.offset:+.3f} s, drift {fit.drift:.6f}"
            parts.append(" ".join([f"{by}{miss}.", *band, *fit.notes]))
        return " ".join(parts) or (
            "No events yet: find a moment in the picture, click the same one in the plot, and press Add."
        )

    def __repr__(self) -> str:
        return f"EventPicker: {self.said}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if self._box is None:
            self._box = draw_picker(self)
        view = {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}
        return {"text/plain": repr(self), "application/vnd.jupyter.widget-view+json": view}


def nearest_row(seconds: Any, at: float) -> int:
    """Return the row whose time is nearest to a moment.

    Args:
        seconds: float64[n], never falling.
        at: The moment.

    Example:
        >>> nearest_row(np.array([0.0, 1.0, 2.0]), 1.6)
        2
    """
    right = int(np.clip(np.searchsorted(seconds, at), 1, max(len(seconds) - 1, 1)))
    return right if len(seconds) > 1 and abs(seconds[right] - at) <= abs(seconds[right - 1] - at) else right - 1


def plot_of(seconds: Any, values: Any, view: tuple[float, float], at: float, marks: Sequence[float]) -> str:
    """Return a plot as SVG on which one can click.

    Args:
        seconds: float64[n], never falling.
        values: float64[n].
        view: What is seen of it, in seconds.
        at: Where the red line stands.
        marks: Where events are.
    """
    first, last = view
    low, high = np.searchsorted(seconds, [first, last])
    part = slice(max(int(low) - 1, 0), int(high) + 1)
    time, value = seconds[part], values[part]
    rows = display_rows(time, [value], MOST_POINTS, 1) if len(time) else np.zeros(0, "int64")
    rows = rows[np.isfinite(value[rows])]
    span = max(last - first, 1e-9)
    x = (time[rows] - first) / span * WIDTH
    least, most = (float(value[rows].min()), float(value[rows].max())) if len(rows) else (0.0, 1.0)
    y = HEIGHT - 8 - (value[rows] - least) / ((most - least) or 1.0) * (HEIGHT - 16)
    points = " ".join(f"{left:.1f},{top:.1f}" for left, top in zip(x, y, strict=True))
    lines = [
        f'<line x1="{(place - first) / span * WIDTH:.1f}" x2="{(place - first) / span * WIDTH:.1f}" y1="0" '
        f'y2="{HEIGHT}" stroke="{colour}" stroke-width="1.5"/>'
        for place, colour in [*((mark, "#2a7") for mark in marks), (at, "#d22")]
        if first <= place <= last
    ]
    return (
        f'<svg class="lsnb-events-plot" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'style="background:#fff;border:1px solid #bbb;cursor:crosshair" onclick="{html.escape(CLICK, quote=True)}">'
        f'<polyline fill="none" stroke="#258" points="{points}"/>{"".join(lines)}</svg>'
        f"<div>{first:,.3f} s to {last:,.3f} s of the sensor; the red line is at <b>{at:,.3f} s</b></div>"
    )


def draw_picker(picker: EventPicker) -> Any:
    """Return the picker as one ipywidgets box of the class ``lsnb-events``.

    Args:
        picker: What it shows and fills.
    """
    import ipywidgets

    sensors, duration = picker._sensors, picker._duration
    choices = [(f"{name}: {legend}", (name, legend)) for name, felt in sensors.items() for legend in felt.channels]
    choice = ipywidgets.Dropdown(options=choices, description="plot")
    window = ipywidgets.Dropdown(options=list(WINDOWS.items()), description="shows")
    video = ipywidgets.FloatSlider(min=0.0, max=duration, step=0.001, description="video, s", readout_format=".3f")
    video.layout.width = f"{WIDTH}px"
    exact = ipywidgets.FloatText(description="video, s", step=0.04)
    ipywidgets.jslink((video, "value"), (exact, "value"))
    picture = ipywidgets.Image(format="jpeg", layout=ipywidgets.Layout(max_width=f"{WIDTH}px"))
    plot, click = ipywidgets.HTML(), ipywidgets.Text()
    click.layout.display = "none"
    felt_at = ipywidgets.FloatText(description="sensor, s", step=0.01)
    add = ipywidgets.Button(description="Add this pair", button_style="primary")
    drop = ipywidgets.Button(description="Remove the last")
    listed, said = ipywidgets.HTML(), ipywidgets.HTML()
    shown_at = [0.0]
    view = [0.0, 1.0]

    def felt() -> tuple[Felt, Any]:
        name, legend = choice.value
        return sensors[name], sensors[name].channels[legend]

    def draw(*_: Any) -> None:
        one, values = felt()
        first, last = float(one.seconds[0]), float(one.seconds[-1])
        if window.value:
            first = min(max(felt_at.value - window.value / 2, first), max(last - window.value, first))
            last = min(first + window.value, last)
        view[:] = first, last
        marks = [pair.seconds for pair in picker.pairs if pair.sensor == one.name]
        plot.value = plot_of(one.seconds, values, (first, last), felt_at.value, marks)

    def look(*_: Any) -> None:
        if picker._show is not None:
            shown_at[0], picture.value = picker._show(video.value)

    def clicked(change: Mapping[str, Any]) -> None:
        try:
            share = float(str(change["new"]).split()[0])
        except (ValueError, IndexError):
            return
        one, _ = felt()
        row = nearest_row(one.seconds, view[0] + min(max(share, 0.0), 1.0) * (view[1] - view[0]))
        felt_at.value = float(one.seconds[row])

    def tell() -> None:
        rows = "".join(
            f"<li>{html.escape(pair.sensor)} {html.escape(str(pair.written))} = video {pair.video:.3f} s</li>"
            for pair in picker.pairs
        )
        listed.value = f"<ol>{rows}</ol>" if rows else ""
        said.value = f'<div class="lsnb-events-said">{html.escape(picker.said)}</div>'
        draw()

    def added(_: Any) -> None:
        picker.add(choice.value[0], felt_at.value, shown_at[0] if picker._show is not None else video.value)
        tell()

    def dropped(_: Any) -> None:
        del picker.pairs[-1:]
        tell()

    def begun(*_: Any) -> None:
        felt_at.value = float(felt()[0].seconds[0])
        draw()

    video.observe(look, "value")
    click.observe(clicked, "value")
    felt_at.observe(draw, "value")
    window.observe(draw, "value")
    choice.observe(begun, "value")
    add.on_click(added)
    drop.on_click(dropped)
    for widget, name in ((click, "click"), (add, "add"), (drop, "drop"), (window, "window"), (exact, "video")):
        widget.add_class(f"lsnb-events-{name}")
    look()
    begun()
    tell()
    rows: list[Hashable] = [picture, video, exact, ipywidgets.HBox([choice, window]), plot, felt_at, click]
    box = ipywidgets.VBox([*rows, ipywidgets.HBox([add, drop]), listed, said])
    box.add_class("lsnb-events")
    return box


_pickers: dict[Hashable, EventPicker] = {}


def find_picker(key: Hashable, make: Callable[[], EventPicker]) -> EventPicker:
    """Return the picker of a recording as it was left in this kernel, or a new one.

    Args:
        key: What tells the recording and what was asked for.
        make: Makes a new one.
    """
    if key not in _pickers:
        _pickers[key] = make()
    return _pickers[key]
