"""What a model says of items, as Label Studio predictions: read from many formats, checked, and reported."""

from lsnb.predictions.cells import cell_results
from lsnb.predictions.checking import check_results, score_faults
from lsnb.predictions.report import Fault, Predictions, Row, make_predictions

__all__ = ["Fault", "Predictions", "Row", "cell_results", "check_results", "make_predictions", "score_faults"]
