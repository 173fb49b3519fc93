"""A sensor's series on a video's clock, and the labels made on it back on its samples.

Pure: tables and arrays come in, tables come out. ``lsnb.alignment`` brings the video's signals and the plots.
"""

from lsnb.timeseries import offsets as offsets
from lsnb.timeseries.offsets import fit_moments
from lsnb.timeseries.samples import SampleAgreement, Windows, label_samples, sample_agreement, segments, windows
from lsnb.timeseries.series import read_series

__all__ = [
    "SampleAgreement",
    "Windows",
    "fit_moments",
    "label_samples",
    "read_series",
    "sample_agreement",
    "segments",
    "windows",
]
