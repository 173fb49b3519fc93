"""What a model says of items, as Label Studio predictions: read from many formats, checked, and reported."""

from lsnb.predictions import labelbox as labelbox
from lsnb.predictions.checking import check_results, score_faults
from lsnb.predictions.coco import from_coco
from lsnb.predictions.contents import config_for, labels_in, read_predictions
from lsnb.predictions.detections import cell_results, from_detections
from lsnb.predictions.predictions import Predictions, Row, make_predictions
from lsnb.predictions.records import from_answers
from lsnb.predictions.stretches import from_segments, from_spans
from lsnb.predictions.yolo import from_yolo
from lsnb.shapes import Fault

__all__ = [
    "Fault",
    "Predictions",
    "Row",
    "cell_results",
    "check_results",
    "config_for",
    "from_answers",
    "from_coco",
    "from_detections",
    "from_segments",
    "from_spans",
    "from_yolo",
    "labelbox",
    "labels_in",
    "make_predictions",
    "read_predictions",
    "score_faults",
]
