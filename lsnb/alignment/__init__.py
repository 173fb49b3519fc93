"""Sensors' series on a video's clock: aligned one by one or for many recordings, by events that are picked or found."""

from lsnb.alignment.aligning import AlignedSeries, align, align_table, find_offset, find_recordings
from lsnb.alignment.picking import pick_events

__all__ = ["AlignedSeries", "align", "align_table", "find_offset", "find_recordings", "pick_events"]
