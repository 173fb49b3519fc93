"""What ``align`` returns: a series on a video's clock that can also be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsnb.errors import InputError
from lsnb.timeseries import Correlation, OnVideo

if TYPE_CHECKING:
    from lsnb.plots import Picture


@dataclass(frozen=True, repr=False, eq=False)
class AlignedSeries(OnVideo):
    """A series on a video's clock: ``video seconds = drift * sensor seconds + offset``.

    ``table`` is the series at its full rate, ``to_csv`` writes what Label Studio plots, ``notes`` say what was taken
    for granted, cut, sorted and found, ``report`` gives the figures. See ``OnVideo`` for all fields.

    Args:
        correlations: Where a reference was asked for, what the cross-correlation showed for each sensor.
    """

    correlations: tuple[Correlation, ...] = ()

    def plot(self) -> Picture:
        """Return the channels over the video's time, one above the other, with matched moments marked."""
        from lsnb.plots import series_channels

        return series_channels(self)

    def plot_correlation(self) -> Picture:
        """Return how well every offset fits, with the best one marked.

        Raises:
            InputError: No reference was asked for.
        """
        from lsnb.plots import correlation_curve

        if not self.correlations:
            raise InputError(
                "The offset was not found by cross-correlation: give align reference='motion', for example."
            )
        return correlation_curve(self.correlations)
