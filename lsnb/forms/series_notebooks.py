"""The schema of the notebook that puts sensors on a video's clock: 10."""

from __future__ import annotations

from lsnb.forms.fields import ANNOTATORS, BUCKET, CLEAN_UP, LABEL_STUDIO, WORKDIR, title_field
from lsnb.forms.schema import Field, Form

SYNC_VIDEO_TIMESERIES = Form(
    "sync_video_timeseries",
    (
        WORKDIR,
        LABEL_STUDIO,
        BUCKET,
        Field(
            "VIDEO",
            "",
            "path",
            "Your video. VIDEO and SENSORS empty: a demo clip with a simulated sensor.",
            must_exist=True,
        ),
        Field(
            "SENSORS",
            "",
            "list",
            "The files of what was measured meanwhile, CSV or Parquet, separated by commas.",
        ),
        Field(
            "TRANSCODE",
            False,
            "boolean",
            "Copy the video into a form that every browser plays. An uneven frame rate is mended in any case.",
        ),
        Field("TIME_COLUMN", "timestamp", "text", "The column of times in the sensors' files.", minimum=1),
        Field(
            "TIME_UNIT",
            "auto",
            "choice",
            "The unit of times that are numbers. auto: told from the numbers.",
            choices=("auto", "s", "ms", "us", "ns"),
            unset="auto",
        ),
        Field(
            "TIME_ZONE",
            "",
            "text",
            "The zone of dates and times that name none, for example Europe/Berlin. Empty: none is needed.",
            unset="",
        ),
        Field(
            "VIDEO_START",
            "",
            "text",
            "When the video starts, for example 2026-05-04 09:30:03, or metadata. Empty: not known.",
            unset="",
        ),
        Field(
            "EVENTS",
            "",
            "pairs",
            "Moments seen in both, as sensor=video with the video in seconds, for example: 15.03=12.4, 75.1=72.4.",
        ),
        Field(
            "REFERENCE",
            "motion",
            "choice",
            "Without EVENTS: what in the video shows how the clocks differ. none: OFFSET says it.",
            choices=("motion", "brightness", "loudness", "none"),
            unset="none",
        ),
        Field(
            "OFFSET",
            0.0,
            "number",
            "Seconds to add to the sensors' clock to get the video's. With REFERENCE: where to look from.",
        ),
        Field(
            "CHANNELS",
            "",
            "list",
            "The columns to plot, separated by commas. Empty: every column of numbers.",
            unset="",
        ),
        title_field("Synced series"),
        Field("LABELS", "still, moving", "list", "What stretches of the series can be called.", minimum=1),
        ANNOTATORS,
        CLEAN_UP,
    ),
)
