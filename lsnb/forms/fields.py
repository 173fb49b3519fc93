"""Fields that several notebooks' forms share, written once."""

from __future__ import annotations

from lsnb.forms.schema import Field

WORKDIR = Field(
    "WORKDIR",
    "lsnb-work",
    "folder",
    "The folder in which the notebooks leave files for each other.",
)
LABEL_STUDIO = Field(
    "LABEL_STUDIO",
    "local",
    "text",
    "local: a demo server on this machine. Else your server's address; empty: the one in your credentials.",
    unset="",
)
BUCKET = Field(
    "BUCKET",
    "local",
    "text",
    "local: a demo bucket on this machine. Else the name of your Google Cloud Storage bucket.",
    minimum=1,
)
MEDIA_BUCKET = Field(
    "BUCKET",
    "local",
    "text",
    "local: the demo bucket. Else your bucket's name; empty: the media are in no bucket.",
    unset="",
)
KEY = Field("KEY", "id", "text", "The column that names each item; no name comes twice.", minimum=1)
MEDIA = Field(
    "MEDIA",
    "",
    "path",
    "The table of uploaded media. Empty: media.csv in WORKDIR, else demo data.",
    must_exist=True,
)
ANNOTATORS = Field(
    "ANNOTATORS",
    "ana, ben, eva",
    "people",
    "Who annotates: names separated by commas, or how many people.",
    minimum=1,
    maximum=50,
)
STUDY = Field("TITLE", "", "text", "The study's title. Empty: the study of notebook 04, else a demo.", maximum=50)
PERCENT = Field(
    "PERCENT",
    50,
    "number",
    "How much of the table to draw, in percent.",
    minimum=1,
    maximum=100,
    step=1,
)
SEED = Field("SEED", 0, "integer", "The same number draws the same items again.", minimum=0)
CLEAN_UP = Field(
    "CLEAN_UP",
    False,
    "boolean",
    "Delete the study's projects in the last step, after saving their answers in a zip.",
)


def title_field(default: str) -> Field:
    """Return the field of a study's title.

    Args:
        default: The title that stands there.
    """
    return Field(
        "TITLE",
        default,
        "text",
        "The study's title, 3 to 50 characters. Projects are called: title · annotator.",
        minimum=3,
        maximum=50,
    )
