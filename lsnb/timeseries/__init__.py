"""A sensor's series on a video's clock, and the labels made on it back on its samples.

Pure: tables and arrays come in, tables come out. ``lsnb.alignment`` brings the video's signals and the plots.
"""

from lsnb.timeseries.aligned import DISPLAY_ROWS, Joined, OnVideo, Placed, Sensor, join, place
from lsnb.timeseries.clocks import Clock, Times, read_times, times_by_rate
from lsnb.timeseries.offsets import Correlation, Fit, best_match, correlate, fit_moments
from lsnb.timeseries.samples import SampleAgreement, Windows, label_samples, sample_agreement, segments, windows
from lsnb.timeseries.series import (
    UNITS,
    Channel,
    choose_channels,
    csv_problems,
    not_plotted,
    read_series,
    time_column,
    with_numeric,
)

__all__ = [
    "DISPLAY_ROWS",
    "UNITS",
    "Channel",
    "Clock",
    "Correlation",
    "Fit",
    "Joined",
    "OnVideo",
    "Placed",
    "SampleAgreement",
    "Sensor",
    "Times",
    "Windows",
    "best_match",
    "choose_channels",
    "correlate",
    "csv_problems",
    "fit_moments",
    "join",
    "label_samples",
    "not_plotted",
    "place",
    "read_series",
    "read_times",
    "sample_agreement",
    "segments",
    "time_column",
    "times_by_rate",
    "windows",
    "with_numeric",
]
