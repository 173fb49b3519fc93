"""Prediction tables as pose tools write them, with poses made from a few movements and with faults put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

PARTS = ("nose", "left_ear", "right_ear", "tail")


def smooth_poses(frames: int, parts: Sequence[str] = PARTS, *, seed: int = 0, noise: float = 0.3) -> np.ndarray:
    """Return an animal that walks about and turns: ``[frames, body parts, 2]`` in pixels."""
    chance = np.random.default_rng(seed)
    t = np.arange(frames)[:, None]
    middle = 200 + 60 * np.column_stack([np.sin(t[:, 0] / 150), np.cos(t[:, 0] / 190)])
    angle = (t / 120 + 2 * np.pi * np.arange(len(parts)) / len(parts))[..., None]
    body = 20 * np.concatenate([np.cos(angle), np.sin(angle)], axis=2)
    return middle[:, None] + body + chance.normal(0, noise, (frames, len(parts), 2))


def pose_table(
    xy: np.ndarray, likelihood: np.ndarray | float = 0.99, parts: Sequence[str] = PARTS, scorer: str = "net"
) -> pd.DataFrame:
    """Return the table of a tool: scorer, bodyparts, coords."""
    values = np.concatenate([xy, np.broadcast_to(likelihood, xy.shape[:2])[..., None]], axis=2)
    columns = pd.MultiIndex.from_product(
        [[scorer], list(parts), ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )
    return pd.DataFrame(values.reshape(len(xy), -1), columns=columns)


def with_jumps(xy: np.ndarray, jumps: Mapping[int, float], part: int = 1) -> np.ndarray:
    """Return poses in which a body part is elsewhere for single frames: frame → how far, to the right."""
    moved = xy.copy()
    for frame, distance in jumps.items():
        moved[frame, part, 0] += distance
    return moved
