"""Views of the same moments: cameras, or mirrors in one picture."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.poses.reading import read_poses
from lsnb.poses.table import Poses
from lsnb.tables.keys import listing


def read_views(views: Any, poses: Poses) -> tuple[tuple[Poses, tuple[int, ...]], ...]:
    """Return for each view the poses that hold it and which of their body parts, alike in all views.

    Args:
        views: A dict of view and its body parts in the poses; or the prediction files of the other cameras, whose
            body parts of the same name are the same; or None.
        poses: One video's.

    Raises:
        InputError: The views do not fit together.
        MissingFileError: A file is not there.

    Example:
        >>> import numpy as np
        >>> poses = Poses("net", ("paw_top", "paw_side"), np.zeros((1, 2, 2)), np.ones((1, 2)))
        >>> [columns for _, columns in read_views({"top": ["paw_top"], "side": ["paw_side"]}, poses)]
        [(0,), (1,)]
    """
    if views is None:
        return ()
    if isinstance(views, Mapping) and all(isinstance(parts, (list, tuple)) for parts in views.values()):
        return _within(views, poses)
    if isinstance(views, Mapping):
        views = list(views.values())
    if isinstance(views, (str, os.PathLike, pd.DataFrame, Poses)):
        views = [views]
    if not isinstance(views, (list, tuple)) or not views:
        raise InputError(f"views is {views!r}: give a dict of view and body parts, or the other cameras' files.")
    others = [read_poses(view) for view in views]
    wrong = [f"{other.source} has {len(other)}" for other in others if len(other) != len(poses)]
    if wrong:
        raise InputError(f"Views show the same moments, and {poses.source} has {len(poses)} frames, {listing(wrong)}.")
    shared = [part for part in poses.bodyparts if all(part in other.bodyparts for other in others)]
    if not shared:
        raise InputError("The views have no body part in common: name the same part alike in all files.")
    return tuple((view, tuple(view.bodyparts.index(part) for part in shared)) for view in (poses, *others))


def _within(views: Mapping[Any, Any], poses: Poses) -> tuple[tuple[Poses, tuple[int, ...]], ...]:
    problems = []
    unknown = [part for parts in views.values() for part in parts if part not in poses.bodyparts]
    if unknown:
        problems.append(
            f"views names {listing(unknown)}, and the predictions have {listing(list(poses.bodyparts), 12)}."
        )
    if len(views) < 2 or len({len(parts) for parts in views.values()}) > 1 or not all(views.values()):
        problems.append("views should have two views or more, with as many body parts in each, in the same order.")
    if problems:
        raise InputError(problems)
    return tuple((poses, tuple(poses.bodyparts.index(part) for part in parts)) for parts in views.values())
