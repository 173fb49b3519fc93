"""Parameter forms: one schema a notebook, drawn by Colab or as widgets, read as one frozen record.

``read_form`` and ``show_form`` are the verbs; ``QUICKSTART`` and the others are the notebooks' schemas.
"""

from __future__ import annotations

from lsnb.forms.notebooks import (
    BUILD_LABEL_CONFIG,
    CLONE_PROJECTS,
    EXTRACT_FRAMES,
    IMPORT_FRAMES,
    MERGE_ANNOTATIONS,
    PREDICT_IMAGES,
    PREDICT_TEXTS,
    PREDICT_VIDEOS,
    QUICKSTART,
    SAMPLE_TASKS,
    SELECT_DIFFICULT_FRAMES,
    SYNC_TABLE,
    SYNC_VIDEO_TIMESERIES,
    UPLOAD_MEDIA,
)
from lsnb.forms.schema import Field, Form, FormRecord, read_form
from lsnb.forms.widgets import show_form, upload_files

__all__ = [
    "BUILD_LABEL_CONFIG",
    "CLONE_PROJECTS",
    "EXTRACT_FRAMES",
    "IMPORT_FRAMES",
    "MERGE_ANNOTATIONS",
    "PREDICT_IMAGES",
    "PREDICT_TEXTS",
    "PREDICT_VIDEOS",
    "QUICKSTART",
    "SAMPLE_TASKS",
    "SELECT_DIFFICULT_FRAMES",
    "SYNC_TABLE",
    "SYNC_VIDEO_TIMESERIES",
    "UPLOAD_MEDIA",
    "Field",
    "Form",
    "FormRecord",
    "read_form",
    "show_form",
    "upload_files",
]
