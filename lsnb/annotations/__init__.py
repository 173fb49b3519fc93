"""Annotations as tables: exports to the long table, and from it votes, tracks, masks, relations and files.

The long table has a row for each answer, and one for each item nobody labelled.
"""

from lsnb.annotations.collected import CollectedData, write_collected_data
from lsnb.annotations.datasets import to_dataset, write_dataset
from lsnb.annotations.exports import merge_copies, read_annotations
from lsnb.annotations.long import COLUMNS, anonymize, expand_tracks, in_pixels, long_table, region_table, relations
from lsnb.annotations.outputs import data_dictionary, in_words, to_coco, write_table
from lsnb.annotations.votes import indicators, majority, widen
from lsnb.shapes import brush_mask, outline

__all__ = [
    "COLUMNS",
    "CollectedData",
    "anonymize",
    "brush_mask",
    "data_dictionary",
    "expand_tracks",
    "in_pixels",
    "in_words",
    "indicators",
    "long_table",
    "majority",
    "merge_copies",
    "outline",
    "read_annotations",
    "region_table",
    "relations",
    "to_coco",
    "to_dataset",
    "widen",
    "write_collected_data",
    "write_dataset",
    "write_table",
]
