"""Annotations as tables: exports to the long table, one column an annotator, and the majority's answer.

The long table has a row for each answer, and one for each item nobody labelled.
"""

from lsnb.annotations.exports import read_annotations
from lsnb.annotations.long import COLUMNS, long_table
from lsnb.annotations.votes import majority, widen

__all__ = ["COLUMNS", "long_table", "majority", "read_annotations", "widen"]
