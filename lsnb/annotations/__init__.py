"""Annotations as tables: exports to the long table, and from it votes, tracks, masks, relations and files.

The long table has a row for each answer, and one for each item nobody labelled.
"""

from lsnb.annotations.coco import to_coco
from lsnb.annotations.dictionary import data_dictionary
from lsnb.annotations.exports import merge_copies, read_annotations
from lsnb.annotations.joined import region_table
from lsnb.annotations.links import relations
from lsnb.annotations.long import COLUMNS, long_table
from lsnb.annotations.options import indicators
from lsnb.annotations.outputs import write_table
from lsnb.annotations.people import anonymize
from lsnb.annotations.poses import CollectedData, write_collected_data
from lsnb.annotations.raw import in_pixels
from lsnb.annotations.tracks import expand_tracks
from lsnb.annotations.votes import majority, widen
from lsnb.shapes import brush_mask, outline

__all__ = [
    "COLUMNS",
    "CollectedData",
    "anonymize",
    "brush_mask",
    "data_dictionary",
    "expand_tracks",
    "in_pixels",
    "indicators",
    "long_table",
    "majority",
    "merge_copies",
    "outline",
    "read_annotations",
    "region_table",
    "relations",
    "to_coco",
    "widen",
    "write_collected_data",
    "write_table",
]
