"""The schemas of the notebooks about frames: 05 to 07."""

from __future__ import annotations

from lsnb.forms.fields import ANNOTATORS, BUCKET, CLEAN_UP, LABEL_STUDIO, SEED, WORKDIR, title_field
from lsnb.forms.schema import Field, Form

UPLOAD = Field("UPLOAD", False, "boolean", "In Colab: open the dialog for uploading, and wait for your files.")
START = Field("START", 0, "integer", "Where in each video to begin, in percent.", minimum=0, maximum=100)
STOP = Field("STOP", 100, "integer", "Where in each video to end, in percent.", minimum=0, maximum=100)
MIN_GAP = Field("MIN_GAP", 10, "integer", "How many frames two chosen ones are apart, at least.", minimum=1)
CONTEXT = Field(
    "CONTEXT",
    0,
    "integer",
    "How many frames before and after each to write too, for models that use them. They are not labelled.",
    minimum=0,
    maximum=10,
)
FORMAT = Field("FORMAT", "png", "choice", "How images are written. jpg: smaller, not exact.", choices=("png", "jpg"))

EXTRACT_FRAMES = Form(
    "extract_frames",
    (
        WORKDIR,
        Field(
            "VIDEOS",
            "",
            "path",
            "A video, a folder, a zip or a table of videos. Empty: what you drop below, else demo clips.",
            must_exist=True,
        ),
        UPLOAD,
        Field("N", 6, "integer", "How many frames to choose of each video.", minimum=1),
        Field("ACROSS", False, "boolean", "Choose N frames of all videos together, as if they were one."),
        Field(
            "METHOD",
            "kmeans",
            "choice",
            "kmeans: frames that stand for all others. farthest: the most different ones. motion: where most moves.",
            choices=("kmeans", "farthest", "motion", "motion_kmeans", "scenes", "uniform", "random"),
        ),
        START,
        STOP,
        MIN_GAP,
        CONTEXT,
        FORMAT,
        SEED,
    ),
)

IMPORT_FRAMES = Form(
    "import_frames",
    (
        WORKDIR,
        Field(
            "ZIPS",
            "",
            "path",
            "A zip of frames, or a folder of such zips. Empty: what you drop below, else demo zips.",
            must_exist=True,
        ),
        UPLOAD,
        Field("FPS", 0.0, "number", "Frames per second of the videos, for times. 0: not known.", minimum=0, unset=0),
        Field(
            "CONTEXT",
            2,
            "integer",
            "How many frames before and after each labelled one your zips should have, if they have such frames.",
            minimum=0,
            maximum=10,
        ),
    ),
)

SELECT_DIFFICULT_FRAMES = Form(
    "select_difficult_frames",
    (
        WORKDIR,
        LABEL_STUDIO,
        BUCKET,
        title_field("Difficult frames"),
        Field(
            "PREDICTIONS",
            "",
            "path",
            "The folder of your model's CSV or H5 files. Empty: what you drop below, else a demo.",
            must_exist=True,
        ),
        Field(
            "VIDEO_FOLDER",
            "",
            "path",
            "The folder of their videos. Empty: the same folder.",
            must_exist=True,
            unset="",
        ),
        UPLOAD,
        Field("VIDEOS", "", "list", "Which videos to choose from: names separated by commas. Empty: all."),
        Field("N", 5, "integer", "How many frames to choose of each video.", minimum=1),
        Field(
            "THRESHOLD",
            0.6,
            "number",
            "A body part whose likelihood is below this is difficult.",
            minimum=0.05,
            maximum=1,
            step=0.05,
        ),
        START,
        STOP,
        MIN_GAP,
        CONTEXT,
        ANNOTATORS,
        CLEAN_UP,
    ),
)
