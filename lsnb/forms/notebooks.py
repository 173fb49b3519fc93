"""The schemas of the notebooks that take a table to answers: 00 to 04, 11 and 12."""

from __future__ import annotations

from lsnb.forms.fields import (
    ANNOTATORS,
    BUCKET,
    CLEAN_UP,
    KEY,
    LABEL_STUDIO,
    MEDIA,
    MEDIA_BUCKET,
    PERCENT,
    SEED,
    STUDY,
    WORKDIR,
    title_field,
)
from lsnb.forms.schema import Field, Form

QUICKSTART = Form(
    "quickstart",
    (WORKDIR, LABEL_STUDIO, BUCKET, title_field("Quickstart"), ANNOTATORS, PERCENT, SEED, CLEAN_UP),
)

UPLOAD_MEDIA = Form(
    "upload_media",
    (
        WORKDIR,
        LABEL_STUDIO,
        BUCKET,
        Field(
            "TABLE",
            "",
            "path",
            "Your table of media, CSV or Excel. TABLE and FOLDER empty: demo photographs.",
            must_exist=True,
        ),
        Field(
            "FOLDER",
            "",
            "path",
            "A folder or zip of media: where the table's files are, or, without a table, all of its files.",
            unset="",
        ),
        KEY,
        Field("PATH_COLUMN", "path", "text", "The table's column that says where each file is.", minimum=1),
        Field(
            "OBJECT_NAME",
            "{stem}",
            "text",
            "How files are called in the bucket. {stem}: as on disk; from columns, for example: {user}/{id}.",
            minimum=1,
        ),
        Field(
            "OVERWRITE",
            "never",
            "choice",
            "Which files to send again that are in the bucket already.",
            choices=("never", "changed", "always"),
        ),
    ),
)

BUILD_LABEL_CONFIG = Form(
    "build_label_config",
    (
        WORKDIR,
        LABEL_STUDIO,
        MEDIA,
        KEY,
        Field(
            "MEDIA_KIND",
            "image",
            "choice",
            "What annotators look at or listen to.",
            choices=("image", "video", "audio", "text"),
        ),
        Field("MEDIA_COLUMN", "uri", "text", "The column that holds it.", minimum=1),
        Field("TEXT_COLUMN", "", "text", "A column with a text to show beside it, for example caption. Empty: none."),
        Field("QUESTION", "What does the photograph show?", "text", "What annotators read above the answers."),
        Field(
            "CODING_NAME",
            "subject",
            "text",
            "A short name for the question; your tables of answers use it.",
            minimum=1,
        ),
        Field(
            "CODING_VALUES",
            "person, animal, object, texture, space",
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
        WORKDIR,
        MEDIA,
        KEY,
        Field("N", 0, "integer", "How many items to draw. 0: take PERCENT instead.", minimum=0, unset=0),
        PERCENT,
        Field(
            "BY",
            "",
            "list",
            "Columns whose groups (strata) are drawn from separately, separated by commas. Empty: none.",
            unset="",
        ),
        Field(
            "ALLOCATION",
            "proportional",
            "choice",
            "With BY. proportional: each group keeps its share of the sample; equal: each gives as many.",
            choices=("proportional", "equal"),
        ),
        SEED,
    ),
)

CLONE_PROJECTS = Form(
    "clone_projects",
    (
        WORKDIR,
        LABEL_STUDIO,
        MEDIA_BUCKET,
        title_field("My study"),
        Field(
            "CONFIG",
            "",
            "path",
            "The label config. Empty: config.xml in WORKDIR, else the demo's.",
            must_exist=True,
        ),
        Field(
            "SAMPLE",
            "",
            "path",
            "The table of items to annotate. Empty: sample.csv in WORKDIR, else demo data.",
            must_exist=True,
        ),
        KEY,
        ANNOTATORS,
        Field(
            "OVERLAP",
            "full",
            "amount",
            "Who does what. full: all do all items; 2: two people do each; 20%: two do a fifth, one the rest.",
            minimum=1,
        ),
        SEED,
        CLEAN_UP,
    ),
)

SYNC_TABLE = Form(
    "sync_table",
    (
        WORKDIR,
        LABEL_STUDIO,
        MEDIA_BUCKET,
        STUDY,
        Field(
            "TABLE",
            "",
            "path",
            "Your table as it is now, CSV or Excel. Empty: sample.csv in WORKDIR, else demo data.",
            must_exist=True,
        ),
        Field(
            "ANSWERS",
            "majority",
            "text",
            "Whose answers the table gets. majority; all: a column per annotator; or one annotator's name.",
            minimum=1,
        ),
        Field(
            "ON_REMOVED",
            "keep",
            "choice",
            "Tasks whose rows are no longer in the table. delete: saves their answers in WORKDIR first.",
            choices=("keep", "delete"),
        ),
        Field("DRY_RUN", False, "boolean", "Only say what would happen; nothing changes on the server."),
    ),
)

MERGE_ANNOTATIONS = Form(
    "merge_annotations",
    (
        WORKDIR,
        LABEL_STUDIO,
        STUDY,
        Field(
            "EXPORTS",
            "",
            "list",
            "Exported JSON files, or zips of them, to read instead of a study, separated by commas.",
        ),
        Field("KEY", "", "text", "For exported files: the column that names each item.", unset=""),
        Field("CONTROL", "", "text", "The question to compare, by its short name. Empty: the first one.", unset=""),
        Field(
            "LEVEL",
            "auto",
            "choice",
            "How answers compare: as names, as ranks or as numbers. auto: as the question says.",
            choices=("auto", "nominal", "ordinal", "interval", "ratio"),
            unset="auto",
        ),
        Field("MIN_VOTES", 1, "integer", "How many votes a majority needs.", minimum=1, maximum=10),
    ),
)
