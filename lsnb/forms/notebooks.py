"""The schema of each notebook's form. Fields that several notebooks share are written once."""

from __future__ import annotations

from lsnb.forms.schema import Field, Form

_WORKDIR = Field(
    "WORKDIR",
    "lsnb-work",
    "folder",
    "The folder in which the notebooks leave files for each other.",
)
_LABEL_STUDIO = Field(
    "LABEL_STUDIO",
    "local",
    "text",
    "local is a demo server on this machine; or give your server's address. Never write a key here.",
    unset="",
)
_BUCKET = Field(
    "BUCKET",
    "local",
    "text",
    "local is a demo bucket on this machine; or give the name of your Google Cloud Storage bucket.",
    unset="",
)
_KEY = Field("KEY", "id", "text", "The column that names each item, with no name twice.", minimum=1)
_MEDIA = Field(
    "MEDIA",
    "",
    "path",
    "The table of uploaded media. Empty: media.csv in WORKDIR, else demo data.",
    unset="",
    must_exist=True,
)
_ANNOTATORS = Field(
    "ANNOTATORS",
    "ana, ben, carla",
    "people",
    "Who annotates: names separated by commas, or how many people.",
    minimum=1,
    maximum=50,
)
_PERCENT = Field(
    "PERCENT",
    50,
    "number",
    "How much of the table to draw, in percent.",
    minimum=0,
    maximum=100,
    step=1,
)
_SEED = Field("SEED", 0, "integer", "The same number draws the same items again.", minimum=0)
_CLEAN_UP = Field(
    "CLEAN_UP",
    False,
    "boolean",
    "Delete the study from the server in the last step. Answers are saved first.",
)


def _title(default: str) -> Field:
    return Field(
        "TITLE",
        default,
        "text",
        "The study's title. Each annotator's project is called title · name.",
        minimum=3,
        maximum=50,
    )


QUICKSTART = Form(
    "quickstart",
    (_WORKDIR, _LABEL_STUDIO, _BUCKET, _title("Quickstart"), _ANNOTATORS, _PERCENT, _SEED, _CLEAN_UP),
)

UPLOAD_MEDIA = Form(
    "upload_media",
    (
        _WORKDIR,
        _LABEL_STUDIO,
        _BUCKET,
        Field(
            "TABLE",
            "",
            "path",
            "Your table (CSV or Excel), a folder or a zip of media. Empty: demo photographs.",
            unset="",
            must_exist=True,
        ),
        _KEY,
        Field("PATH_COLUMN", "path", "text", "The column that says where each file is.", minimum=1),
        Field(
            "OBJECT_NAME",
            "{stem}",
            "text",
            "How files are called in the bucket, from columns: {user}/{id}. {stem} is the file's own name.",
            minimum=1,
        ),
        Field(
            "OVERWRITE",
            "never",
            "choice",
            "What to do with a file that is in the bucket already.",
            choices=("never", "changed", "always"),
        ),
    ),
)

BUILD_LABEL_CONFIG = Form(
    "build_label_config",
    (
        _WORKDIR,
        _MEDIA,
        Field("MEDIA_COLUMN", "uri", "text", "The column with what annotators see.", minimum=1),
        Field(
            "MEDIA_KIND",
            "image",
            "choice",
            "What that column holds.",
            choices=("image", "video", "audio", "text"),
        ),
        Field(
            "CODING_NAME",
            "scene",
            "text",
            "A short name for the question; it names the answers' column.",
            minimum=1,
        ),
        Field(
            "CODING_VALUES",
            "person, animal, object, other",
            "list",
            "The answers to choose from, separated by commas.",
            minimum=2,
        ),
        Field(
            "CODING_CHOICE",
            "single",
            "choice",
            "Whether annotators choose one answer or several.",
            choices=("single", "multiple"),
        ),
    ),
)

SAMPLE_TASKS = Form(
    "sample_tasks",
    (
        _WORKDIR,
        _MEDIA,
        _KEY,
        Field("N", 0, "integer", "How many items to draw. 0: take PERCENT instead.", minimum=0, unset=0),
        _PERCENT,
        Field("BY", "", "text", "A column whose groups keep their share of the sample. Empty: none.", unset=""),
        _SEED,
    ),
)

CLONE_PROJECTS = Form(
    "clone_projects",
    (
        _WORKDIR,
        _LABEL_STUDIO,
        _BUCKET,
        _title("My study"),
        Field(
            "CONFIG",
            "",
            "path",
            "The label config. Empty: config.xml in WORKDIR, else a demo.",
            unset="",
            must_exist=True,
        ),
        Field(
            "SAMPLE",
            "",
            "path",
            "The table of items to annotate. Empty: sample.csv in WORKDIR, else demo data.",
            unset="",
            must_exist=True,
        ),
        _KEY,
        _ANNOTATORS,
        Field(
            "OVERLAP",
            "full",
            "text",
            "Who does what: full (all do all), a number of people per item, or a share done by two: 20%.",
            minimum=1,
        ),
        _CLEAN_UP,
    ),
)

MERGE_ANNOTATIONS = Form(
    "merge_annotations",
    (
        _WORKDIR,
        _LABEL_STUDIO,
        Field(
            "TITLE",
            "",
            "text",
            "The study's title. Empty: the study of notebook 04, else a demo.",
            maximum=50,
            unset="",
        ),
        Field("EXPORTS", "", "list", "Exported JSON files instead of a study, separated by commas."),
        Field("KEY", "", "text", "For exported files: the column that names each item.", unset=""),
        Field("CONTROL", "", "text", "The question to compare. Empty: the first one.", unset=""),
        Field("MIN_VOTES", 1, "integer", "How many votes a majority needs.", minimum=1, maximum=10),
    ),
)
