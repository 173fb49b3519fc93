"""The schemas of the notebooks that bring a model's predictions into a study: 08 and 09."""

from __future__ import annotations

from lsnb.forms.fields import CLEAN_UP, LABEL_STUDIO, MEDIA_BUCKET, WORKDIR, title_field
from lsnb.forms.schema import Field, Form

WHO = Field(
    "ANNOTATORS",
    "ana, ben",
    "people",
    "Of a new study, who annotates: names separated by commas, or how many people.",
    minimum=1,
    maximum=50,
)

MODEL_VERSION = Field(
    "MODEL_VERSION",
    "model 1",
    "text",
    "What Label Studio calls the model. Its earlier predictions of the same name are replaced.",
    minimum=1,
    maximum=100,
)

PREDICT_IMAGES = Form(
    "predict_images",
    (
        WORKDIR,
        LABEL_STUDIO,
        MEDIA_BUCKET,
        Field(
            "IMAGES",
            "",
            "path",
            "A table or folder of images. Empty: media.csv in WORKDIR, else frames.csv, else demo photographs.",
            must_exist=True,
        ),
        Field("KEY", "", "text", "The table's column that names each item. Empty: item, else id."),
        Field(
            "MODEL",
            "demo",
            "text",
            "A detector on the Hugging Face hub, for example facebook/detr-resnet-50; its folder; or demo.",
            minimum=1,
        ),
        Field(
            "THRESHOLD",
            50,
            "integer",
            "How sure the model must be of a box, in percent.",
            minimum=0,
            maximum=100,
            step=1,
        ),
        Field(
            "PREDICTIONS",
            "",
            "path",
            "Instead of a model, what one said: COCO, JSON, a folder or zip of YOLO's files, or a table of boxes.",
            must_exist=True,
        ),
        Field("LABELS", "", "pairs", "Labels to rename, for example car=vehicle, bus=vehicle; sky= leaves one out."),
        title_field("Things in images"),
        Field(
            "CONFIG",
            "",
            "path",
            "Of a new study: the label config, XML. Empty: boxes with the labels that are found.",
            must_exist=True,
        ),
        WHO,
        MODEL_VERSION,
        CLEAN_UP,
    ),
)

PREDICT_VIDEOS = Form(
    "predict_videos",
    (
        WORKDIR,
        LABEL_STUDIO,
        MEDIA_BUCKET,
        Field(
            "PAYLOAD",
            "",
            "path",
            "Labelbox's rows, NDJSON. Empty: payload.ndjson in WORKDIR, else a made-up one.",
            must_exist=True,
        ),
        Field(
            "VIDEOS",
            "",
            "path",
            "A video, a folder, a zip or a table of videos. Empty: clips.csv in WORKDIR, else demo clips.",
            must_exist=True,
        ),
        Field(
            "KEY", "", "text", "The table's column with the payload's global keys. Empty: item, else the files' names."
        ),
        Field("FRAME_BASE", 1, "integer", "The number of a video's first frame in the payload.", minimum=0, maximum=1),
        Field(
            "ONTOLOGY",
            "",
            "path",
            "Of a new study: Labelbox's ontology, JSON. Empty: what the payload names.",
            must_exist=True,
        ),
        title_field("Things in videos"),
        WHO,
        MODEL_VERSION,
        CLEAN_UP,
    ),
)
