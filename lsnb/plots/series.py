"""A sensor's series over a video's time, and how well every offset between two clocks fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lsnb.plots.figures import COLORS, MISSING, Picture, only_words, shortened
from lsnb.timeseries import Correlation, OnVideo

PIXELS = 4_000
MOST_CHANNELS = 12


def series_channels(aligned: OnVideo) -> Picture:
    """Return the channels of an aligned series over the video's seconds, one above the other.

    Matched moments are dotted lines; where there is no sample, the background is grey.

    Args:
        aligned: What ``lsnb.align`` returned.

    Example:
        >>> import pandas as pd
        >>> from lsnb.alignment import align
        >>> data = pd.DataFrame({"timestamp": [0.0, 0.5, 1.0], "Acc [g]": [0.0, 1.0, 0.0]})
        >>> [axes.get_ylabel() for axes in series_channels(align(data, 1.0, unit="s")).axes]
        ['Acc\\n[g]']
    """
    shown = aligned.channels[:MOST_CHANNELS]
    figure = Picture(figsize=(8.0, 1.1 * len(shown) + 1.0), layout="constrained")
    panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    table = aligned.display(PIXELS)
    samples = aligned.samples["time"].to_numpy("float64")
    for number, (axes, channel) in enumerate(zip(panels, shown, strict=True)):
        axes.plot(table["time"], table[channel.safe], color=COLORS[number % len(COLORS)], linewidth=0.8)
        legend = shortened(channel.legend, 18)
        axes.set_ylabel(f"{legend}\n[{channel.unit}]" if channel.unit else legend, fontsize=8)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        for start, end in ((0.0, samples[0]), (samples[-1], aligned.duration)):
            axes.axvspan(start, end, color=MISSING, zorder=0)
        for moment in aligned.residuals["video_seconds"].head(50):
            axes.axvline(moment, color=COLORS[7], linestyle=":", linewidth=0.8)
    panels[-1].set_xlim(0, aligned.duration)
    panels[-1].set_xlabel("seconds of the video")
    left = len(aligned.channels) - len(shown)
    if left:
        figure.suptitle(f"The first {len(shown)} channels; {left} more are not drawn", fontsize=9)
    return figure


def correlation_curve(found: Correlation | Sequence[Correlation]) -> Picture:
    """Return how well every offset fits, in standard deviations above chance, with the best and the verdict.

    Args:
        found: What ``lsnb.alignment.find_offset`` returned, or several of these.

    Example:
        >>> from lsnb.timeseries import correlate
        >>> time, moves = np.arange(0, 20, 0.1), np.random.default_rng(0).normal(size=200)
        >>> found = correlate(time, moves, time, moves, max_shift=5)
        >>> correlation_curve(found).axes[0].get_xlabel()
        'offset in seconds'
    """
    several: Any = [found] if isinstance(found, Correlation) else list(found)
    figure = Picture(figsize=(8.0, 2.6 * max(1, len(several))), layout="constrained")
    panels = figure.subplots(max(1, len(several)), 1, squeeze=False)[:, 0]
    if not several:
        return only_words(figure, panels[0], "No offset was looked for.")
    for axes, one in zip(panels, several, strict=True):
        axes.plot(one.shifts, one.scores, color=COLORS[0], linewidth=0.8)
        best = float(one.shifts[int(np.argmax(one.scores))])
        axes.axvline(best, color=COLORS[5], linestyle="--", linewidth=1.0)
        axes.set_xlabel("offset in seconds")
        axes.set_ylabel("SD above chance")
        verdict = "clear" if one.is_clear else "cannot tell"
        title = f"{one.channel} and {one.reference}: {one.offset:+.3f} s, {verdict}"
        axes.set_title(title, fontsize=9, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
    return figure
