"""The schemas of the notebooks that take a table to answers: 00 to 04, 11 and 12."""

from __future__ import annotations

from dataclasses import replace

from lsnb.forms.schema import Field, Form

# Fields that several notebooks' forms share, written once.


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
    finds="media",
)
SHEET = Field(
    "SHEET",
    "",
    "text",
    "The sheet of an Excel workbook with several. Empty: the one that has the wanted columns.",
    unset="",
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
            finds="table",
        ),
        SHEET,
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
        Field(
            "SEND_UNSHOWN",
            False,
            "boolean",
            "Send files that browsers cannot show, too: TIFF, empty ones, pictures that break off or are CMYK.",
        ),
    ),
)

BUILD_LABEL_CONFIG = Form(
    "build_label_config",
    (
        WORKDIR,
        LABEL_STUDIO,
        MEDIA,
        SHEET,
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
        Field(
            "LAYOUT",
            "columns",
            "choice",
            "Where the answers stand. columns: beside what is coded, both in sight at once; stacked: below it.",
            choices=("columns", "stacked"),
        ),
    ),
)

SAMPLE_TASKS = Form(
    "sample_tasks",
    (
        WORKDIR,
        MEDIA,
        SHEET,
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
            finds="config",
        ),
        Field(
            "SAMPLE",
            "",
            "path",
            "The table of items to annotate. Empty: sample.csv in WORKDIR, else demo data.",
            must_exist=True,
            finds="sample",
        ),
        SHEET,
        KEY,
        ANNOTATORS,
        Field(
            "OVERLAP",
            "full",
            "amount",
            "Who does what. full: all do all items; 2: two people do each; 20%: two do a fifth, one the rest.",
            minimum=1,
        ),
        Field(
            "COLUMNS",
            "",
            "list",
            "What else annotators may see in the task list, such as lang. Empty: what the config shows, and KEY.",
            unset="",
        ),
        SEED,
        Field(
            "GUIDELINE",
            "",
            "text",
            "What annotators read first: a text, or the name of a file (.txt, .md, or a codebook's). Empty: nothing.",
        ),
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
            finds="sample",
        ),
        SHEET,
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
        Field(
            "CONTROL", "", "text", "The question to look at closely, by its short name. Empty: the first one.", unset=""
        ),
        Field(
            "LEVEL",
            "auto",
            "choice",
            "How answers compare: as names, ranks, numbers, or sets of what was ticked. auto: as the question says.",
            choices=("auto", "nominal", "ordinal", "interval", "ratio", "sets"),
            unset="auto",
        ),
        Field("MIN_VOTES", 1, "integer", "How many votes a majority needs.", minimum=1, maximum=10),
        Field(
            "CLUSTERS",
            "auto",
            "text",
            "What items belong together: a column of the tasks' data, such as user. auto: frames of one video do.",
            unset="auto",
        ),
    ),
)


# The schemas of the notebooks about frames: 05 to 07.


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
            finds="videos",
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
            finds="zips",
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
            finds="poses",
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
        replace(MIN_GAP, default=1),
        CONTEXT,
        ANNOTATORS,
        CLEAN_UP,
    ),
)


# The schemas of the notebooks that bring a model's predictions into a study: 08, 09 and 13.


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
            "A table or folder of images, or gs://bucket/folder. Empty: media.csv in WORKDIR, frames.csv, or a demo.",
            must_exist=True,
            finds="images",
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
            finds="config",
        ),
        WHO,
        MODEL_VERSION,
        CLEAN_UP,
    ),
)

PREDICT_TEXTS = Form(
    "predict_texts",
    (
        WORKDIR,
        LABEL_STUDIO,
        Field(
            "TEXTS",
            "",
            "path",
            "A table with a row per text. Empty: texts.csv in WORKDIR, else made-up reviews.",
            must_exist=True,
            finds="texts",
        ),
        KEY,
        Field("TEXT", "text", "text", "The column with the texts.", minimum=1),
        Field(
            "SAMPLE",
            200,
            "integer",
            "How many texts people and the model read, drawn at random. 0: all of them.",
            minimum=0,
        ),
        Field(
            "MODEL",
            "demo",
            "text",
            "A model of texts on the Hugging Face hub, for example dslim/bert-base-NER; its folder; or demo.",
            minimum=1,
        ),
        Field(
            "ANSWERS",
            "",
            "path",
            "Instead of a model, what one said: a table with a column per question, or a row per span (start, end).",
            must_exist=True,
        ),
        Field("LABELS", "", "pairs", "Labels to rename, for example POS=good, NEG=bad; O= leaves one out."),
        Field(
            "THRESHOLD",
            50,
            "integer",
            "How sure the model must be, in percent.",
            minimum=0,
            maximum=100,
            step=1,
        ),
        title_field("What texts say"),
        Field(
            "CONFIG",
            "",
            "path",
            "Of a new study: the label config, XML. Empty: questions and spans with the answers that are found.",
            must_exist=True,
            finds="config",
        ),
        WHO,
        Field(
            "ROLE",
            "predictions",
            "choice",
            "predictions: people start from what the model says. annotator: it has its own project, unseen by them.",
            choices=("predictions", "annotator"),
        ),
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
            finds="payload",
        ),
        Field(
            "VIDEOS",
            "",
            "path",
            "A video, a folder, a zip or a table of videos. Empty: clips.csv in WORKDIR, else demo clips.",
            must_exist=True,
            finds="clips",
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


# The schema of the notebook that puts sensors on a video's clock: 10.


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
            "Your video, or a folder of them. VIDEO and SENSORS empty: a demo clip with a simulated sensor.",
            must_exist=True,
        ),
        Field(
            "SENSORS",
            "",
            "list",
            "The files of what was measured meanwhile, separated by commas; or the folder they are in.",
        ),
        Field(
            "TRANSCODE",
            False,
            "boolean",
            "Copy videos into a form that every browser plays. An uneven frame rate is mended in any case.",
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
