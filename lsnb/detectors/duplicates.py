"""Pictures that are nearly the same, by the angle between their vectors."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError

BLOCK = 2048  # pictures compared at once with as many others: 16 MB of cosines


def near_duplicates(vectors: Any, items: Sequence[object] | None = None, *, similarity: float = 0.95) -> pd.DataFrame:
    """Return pairs of pictures whose vectors point nearly the same way.

    Args:
        vectors: [pictures, dimensions], as ``embed`` returns them.
        items: What the pictures are called; their 0-based places by default.
        similarity: The least cosine, from −1 to 1; 1 is the same direction.

    Returns:
        ``a, b, similarity``, the most alike first; each pair once, ``a`` before ``b`` in the order given.

    Raises:
        InputError: Vectors that are no table of numbers, or another number of items.

    Example:
        >>> near_duplicates([[1, 0], [0, 1], [1, 0.01]], ["x", "y", "z"]).values.tolist()
        [['x', 'z', 0.99995]]
    """
    try:
        array: np.ndarray[Any, Any] = np.asarray(vectors, dtype=np.float32)
    except (TypeError, ValueError):
        array = np.empty(0)
    array = np.atleast_1d(array)
    problems = []
    if array.ndim != 2 or not np.isfinite(array).all():
        problems.append("vectors must be an array [pictures, dimensions] of numbers, as embed returns it.")
    names = list(items) if isinstance(items, Iterable) else list(range(len(array)))
    if not isinstance(items, Iterable | None):
        problems.append(f"items is {items!r}: give one item for each vector.")
    if len(names) != len(array):
        problems.append(f"There are {len(names)} items and {len(array)} vectors: give one item for each vector.")
    if isinstance(similarity, bool) or not isinstance(similarity, numbers.Real) or not -1 <= similarity <= 1:
        problems.append(f"similarity is {similarity!r}: give a number from -1 to 1.")
    if problems:
        raise InputError(problems)
    length = np.linalg.norm(array, axis=1, keepdims=True)
    directions = array / np.where(length > 0, length, 1)
    found: list[tuple[int, int, float]] = []
    for top in range(0, len(array), BLOCK):
        for left in range(top, len(array), BLOCK):
            cosines = directions[top : top + BLOCK] @ directions[left : left + BLOCK].T
            rows, columns = np.nonzero(cosines >= similarity)
            is_upper = rows + top < columns + left
            found += [
                (int(row) + top, int(column) + left, float(cosines[row, column]))
                for row, column in zip(rows[is_upper], columns[is_upper], strict=True)
            ]
    found.sort(key=lambda pair: (-pair[2], pair[0], pair[1]))
    return pd.DataFrame(
        [(names[a], names[b], round(min(cosine, 1.0), 6)) for a, b, cosine in found], columns=["a", "b", "similarity"]
    )
