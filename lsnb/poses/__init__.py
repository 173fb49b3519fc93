"""Poses: the prediction tables of pose tools, what in them looks wrong, and their key points as predictions.

The tools are those that write DeepLabCut's table, Lightning Pose among them. Coordinates are pixels from the top left,
frames count from 0.
"""

from lsnb.poses.coordinates import LabelledPoses, Poses, read_labelled_poses, read_poses
from lsnb.poses.difficulty import ensemble_variance, pca_multiview_error, pca_singleview_error, temporal_norm
from lsnb.poses.finding import choose_videos, find_predictions, read_bodyparts
from lsnb.poses.keypoints import from_labelled_poses, from_poses
from lsnb.poses.training import write_labelled_poses

__all__ = [
    "LabelledPoses",
    "Poses",
    "choose_videos",
    "ensemble_variance",
    "find_predictions",
    "from_labelled_poses",
    "from_poses",
    "pca_multiview_error",
    "pca_singleview_error",
    "read_bodyparts",
    "read_labelled_poses",
    "read_poses",
    "temporal_norm",
    "write_labelled_poses",
]
