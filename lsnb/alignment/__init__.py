"""Putting a sensor's series on a video's clock, by what is known or by what the video itself shows."""

from lsnb.alignment.batch import align_table
from lsnb.alignment.series import AlignedSeries
from lsnb.alignment.verb import align, find_offset

__all__ = ["AlignedSeries", "align", "align_table", "find_offset"]
