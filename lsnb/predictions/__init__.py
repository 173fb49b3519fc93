"""What a model says of items, as Label Studio predictions: read from many formats, checked, and reported."""

from lsnb.predictions.cells import cell_results

__all__ = ["cell_results"]
