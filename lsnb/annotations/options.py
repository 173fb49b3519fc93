"""Several answers as yes or no for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lsnb.annotations.votes import widen
from lsnb.errors import InputError
from lsnb.tables.keys import listing


def indicators(annotations: pd.DataFrame, control: str, *, options: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a column of 1 and 0 for each option of a control: whether the annotator chose it.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        options: All options in their order, such as ``config.controls[control].labels``, so that one nobody chose
            has its column. By default those that somebody chose, sorted.

    Returns:
        ``item, annotator``, then a column ``control: option`` for each option. A row for each answered item and
        annotator; whoever did not answer has no row, rather than a row of zeros.

    Raises:
        InputError: No long table, no such control, or an answer that is not among the options.

    Example:
        >>> rows = [("1", "ana", "x"), ("1", "ana", "y"), ("2", "ana", "y")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> indicators(long, "mood").values.tolist()
        [['1', 'ana', 1, 1], ['2', 'ana', 0, 1]]
    """
    wide = widen(annotations, control)
    items, people, chosen = [], [], []
    for item, cells, present in zip(
        wide.index, wide.to_numpy(dtype="object"), wide.notna().to_numpy(dtype="bool"), strict=True
    ):
        for person, cell, given in zip(wide.columns, cells, present, strict=True):
            if given:
                items.append(item)
                people.append(person)
                chosen.append(cell if isinstance(cell, tuple) else (cell,))
    found = sorted({option for cell in chosen for option in cell}, key=lambda option: (str(option), str(type(option))))
    names: list[Any] = list(found if options is None else options)
    unknown = [option for option in found if option not in names]
    if unknown:
        raise InputError(f"Some answers to {control!r} are not among the options: {listing(unknown)}.")
    place = {option: number for number, option in enumerate(names)}
    ones = np.zeros((len(chosen), len(names)), dtype=np.int8)
    for row, cell in enumerate(chosen):
        ones[row, [place[option] for option in cell]] = 1
    columns: dict[str, Any] = {
        "item": pd.Series(items, dtype=wide.index.dtype),
        "annotator": pd.Series(people, dtype=wide.columns.dtype),
    }
    columns |= {f"{control}: {option}": ones[:, number] for number, option in enumerate(names)}
    return pd.DataFrame(columns)
