"""Poses: the prediction tables of pose tools, what in them looks wrong, and their key points as predictions.

The tools are those that write DeepLabCut's table, Lightning Pose among them. Coordinates are pixels from the top left,
frames count from 0.
"""

from lsnb.poses.finding import choose_videos, find_predictions
from lsnb.poses.keypoints import from_poses
from lsnb.poses.metrics import ensemble_variance, temporal_norm
from lsnb.poses.plausibility import pca_multiview_error, pca_singleview_error
from lsnb.poses.reading import LabelledPoses, read_labelled_poses, read_poses
from lsnb.poses.table import Poses

__all__ = [
    "LabelledPoses",
    "Poses",
    "choose_videos",
    "ensemble_variance",
    "find_predictions",
    "from_poses",
    "pca_multiview_error",
    "pca_singleview_error",
    "read_labelled_poses",
    "read_poses",
    "temporal_norm",
]
