"""A sensor's series on a video's clock, and the labels made on it back on its samples.

Pure: tables and arrays come in, tables come out. ``lsnb.alignment`` brings the video's signals and the plots.
"""

from lsnb.timeseries.agreeing import SampleAgreement, sample_agreement
from lsnb.timeseries.aligned import DISPLAY_ROWS, OnVideo
from lsnb.timeseries.checking import csv_problems
from lsnb.timeseries.clocks import Clock, Times, read_times, times_by_rate
from lsnb.timeseries.correlating import Correlation, correlate
from lsnb.timeseries.estimating import Fit, fit_moments
from lsnb.timeseries.joining import Joined, Sensor, join
from lsnb.timeseries.matching import best_match
from lsnb.timeseries.placing import Placed, place
from lsnb.timeseries.samples import label_samples
from lsnb.timeseries.segments import segments
from lsnb.timeseries.series import UNITS, Channel, choose_channels, not_plotted, read_series, time_column, with_numeric
from lsnb.timeseries.windows import Windows, windows

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
