"""Labelbox video payloads: read into predictions, and written back from annotations."""

from __future__ import annotations

from lsnb.predictions.labelbox.reading import from_labelbox
from lsnb.predictions.labelbox.writing import to_labelbox

__all__ = ["from_labelbox", "to_labelbox"]
