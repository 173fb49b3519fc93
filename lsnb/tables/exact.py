"""Long whole numbers beside an empty cell: pandas makes floats of them, and a float rounds from 2^53 on."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from lsnb.tables.keys import FLOAT_LIMIT

_WHOLE = re.compile(r"[+-]?\d+")


def rounded_columns(table: pd.DataFrame) -> list[Any]:
    """Return the columns of floats so large that whole numbers in them may have been rounded.

    Example:
        >>> rounded_columns(pd.DataFrame({"post": [1234567890123456789, None], "score": [1.5, None]}))
        ['post']
    """
    return [
        name
        for name, column in table.items()
        if pd.api.types.is_float_dtype(column.dtype) and bool((column.abs() >= FLOAT_LIMIT).any())
    ]


def exact_column(cells: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return a column without rounding, or None where floats say all that its cells do.

    Whole numbers become pandas' nullable integers (``Int64``); where one is longer than these go or
    another cell has decimals, the column stays text.

    Args:
        cells: The column as it stands in the file: texts or a workbook's numbers, and missing values.

    Example:
        >>> exact_column(pd.Series(["1234567890123456789", None])).tolist()
        [1234567890123456789, <NA>]
        >>> exact_column(pd.Series(["1e300", None])) is None
        True
    """
    texts = [None if pd.isna(cell) else str(cell).strip() for cell in cells]
    if not any(text is not None and loses_digits(text) for text in texts):
        return None
    numbers = [int(text) if text is not None and _WHOLE.fullmatch(text) else None for text in texts]
    is_whole = all(text is None or number is not None for text, number in zip(texts, numbers, strict=True))
    if is_whole and all(number is None or -(2**63) <= number < 2**63 for number in numbers):
        return pd.Series(numbers, index=cells.index, name=cells.name, dtype="Int64")
    return pd.Series(texts, index=cells.index, name=cells.name, dtype=pd.Series(["text"]).dtype)


def loses_digits(text: str) -> bool:
    """Return whether a number in a text would be another one as a float.

    Example:
        >>> loses_digits("1234567890123456789"), loses_digits("12"), loses_digits("1.5")
        (True, False, False)
    """
    return bool(_WHOLE.fullmatch(text)) and int(float(text)) != int(text)
