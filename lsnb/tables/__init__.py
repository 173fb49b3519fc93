"""Reading users' tables: encodings, separators, Excel, and keys as text.

``read_table`` brings a file in; ``check_key`` answers whether a column can identify items. Nothing here
renames, reorders or drops a column.
"""

from lsnb.tables.keys import check_key, key_text
from lsnb.tables.opening import read_table

__all__ = ["check_key", "key_text", "read_table"]
