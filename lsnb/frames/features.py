"""Numbers that say how alike two frames are: small pictures through principal components, in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

FIT_ON = 512  # pictures that components are fitted on: enough for the first 32, and quick
CHUNK = 2048
# Pictures closer than half a grey level a pixel differ by what rounding and compression do.
SAME_PIXEL = 0.5
# Embeddings have no unit: their usual length is made this, and half a percent of it is the same.
EMBEDDING_LENGTH = 10_000.0
SAME_EMBEDDING = 50.0


@dataclass(frozen=True)
class Projection:
    """Principal components of pictures, or of embeddings.

    Pictures are whole numbers and so are their weights: sums of whole numbers below 2^24 are exact in float32 in
    whatever order they are added, so features come out the same with any number of threads and on any machine.

    Args:
        weights: float32[values, components]; for pictures whole, a column's absolute sum below 2^24 / 255.
        centre: float64[components], the mean row's product with the weights.
        unit: What a product is divided by.
        same: Two rows are the same picture when their features are no further apart than this.
    """

    weights: Array
    centre: Array
    unit: float
    same: float

    def __call__(self, rows: Array) -> Array:
        """Return each row's components, rounded to whole numbers, float64[rows, components]."""
        out = np.empty((len(rows), self.weights.shape[1]))
        for start in range(0, len(rows), CHUNK):
            piece = rows[start : start + CHUNK].astype("float32")
            out[start : start + CHUNK] = np.rint((piece @ self.weights - self.centre) / self.unit)
        return out


def fit(rows: Array, components: int, *, shrunk: float = 1.0) -> Projection:
    """Return the first principal components of some rows.

    They are fitted on ``FIT_ON`` rows evenly spaced among those given, by the products of the rows (Jolliffe 2002,
    "Principal Component Analysis", section 3.5). Features of pictures are in grey levels times the root of the
    pixels, so that a distance between features is nearly that between the pictures.

    Args:
        rows: Pictures as uint8[pictures, values], or embeddings as float[pictures, values].
        components: How many; fewer where the rows span fewer.
        shrunk: How many times as wide and high the pictures were before they were made smaller; distances are in
            the former's unit.

    Example:
        >>> rows = np.arange(12, dtype="uint8").reshape(4, 3) * 10
        >>> fit(rows, 1)(rows).ravel().tolist()
        [-78.0, -26.0, 26.0, 78.0]
    """
    from scipy.linalg import eigh

    are_pictures = rows.dtype == np.uint8
    sample = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), FIT_ON)).astype("int64"))].astype("float64")
    count, values = sample.shape
    mean = sample.mean(axis=0)
    if are_pictures:
        # count² times the products of the centred rows, so that every entry is whole and below 2^53: exact.
        total = sample.sum(axis=0)
        sides = sample @ total
        gram = count * count * (sample @ sample.T) - count * (sides[:, None] + sides[None, :]) + total @ total
    else:
        gram = (sample - mean) @ (sample - mean).T
    wanted = max(1, min(components, count - 1, values))
    variances, vectors = eigh(gram, subset_by_index=(count - wanted, count - 1))
    is_real = variances[::-1] > max(float(variances[-1]) * 1e-10, 1e-12)
    basis = (sample - mean).T @ vectors[:, ::-1][:, is_real]
    if not basis.shape[1]:
        basis = np.zeros((values, 1))
    basis /= np.maximum(np.linalg.norm(basis, axis=0), 1e-12)
    # An eigenvector's sign is the library's whim: the largest weight is made positive.
    peaks = basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])]
    basis *= np.where(peaks < 0, -1.0, 1.0)
    if are_pictures:
        # A power of two, so that dividing by it is exact; a unit vector's absolute sum is at most sqrt(values), and
        # rounding adds at most half a weight each.
        fine = 2.0 ** np.floor(np.log2((2**24 / 255 - values / 2) / np.sqrt(values)))
        weights = np.rint(basis * fine)
        unit, same = fine / shrunk, SAME_PIXEL * shrunk * np.sqrt(values)
    else:
        weights = basis
        length = float(np.sqrt((sample**2).sum(axis=1).mean()))
        unit, same = max(length, 1e-12) / EMBEDDING_LENGTH, SAME_EMBEDDING
    return Projection(weights.astype("float32"), mean @ weights, float(unit), float(same))
