"""Labelbox video payloads: read into predictions, and written back from annotations."""

from __future__ import annotations

from lsnb.predictions.labelbox.ndjson import to_labelbox
from lsnb.predictions.labelbox.payload import match_videos, write_payload
from lsnb.predictions.labelbox.questions import read_ontology
from lsnb.predictions.labelbox.reading import from_labelbox

__all__ = ["from_labelbox", "match_videos", "read_ontology", "to_labelbox", "write_payload"]
