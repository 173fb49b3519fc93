"""Frames worth labelling: chosen from videos, written as images, imported, and the difficult ones found again.

Each verb loads on first use, so that one needs nothing of what another does.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsnb.frames.difficult import select_difficult_frames as select_difficult_frames
    from lsnb.frames.extraction import extract_frames as extract_frames
    from lsnb.frames.importing import import_frames as import_frames
    from lsnb.frames.selection import select_frames as select_frames
    from lsnb.frames.tables import keep_frames as keep_frames
    from lsnb.frames.videos import find_images as find_images
    from lsnb.frames.videos import find_videos as find_videos

_HOMES = {
    "extract_frames": "extraction",
    "find_images": "videos",
    "find_videos": "videos",
    "import_frames": "importing",
    "keep_frames": "tables",
    "select_difficult_frames": "difficult",
    "select_frames": "selection",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f"lsnb.frames.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'lsnb.frames' has no attribute {name!r}")
