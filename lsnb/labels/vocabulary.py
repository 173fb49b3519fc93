"""The vocabulary of Label Studio's labeling configs, once: a row for each control, media, option and layout tag.

A row says what the editor accepts (attributes, media, children), what comes back (kind of result, keys of its value,
shape, level of measurement), and what this kit calls it (builder method, codebook word, the form's words). The
checker, the builder, the codebook, the form, the readers and checkers of results, agreement, plots and predictions
ask the row, so that a new control is one row, and one shape where its geometry is new.

Attributes are read from the editor of Label Studio 1.23.2 itself (the models its front end registers). An attribute's
type says what that editor accepts; it refuses to draw a config in which one of them does not hold. Attribute names
are compared without case, as the editor does. Keys of values: https://labelstud.io/guide/task_format and the schema
of label-studio-sdk 2.1 (``label_interface.control_tags``), which the server's import applies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lsnb.kernel.words import joined

RELEASE = "1.23.2"
OLDEST_RELEASE = "1.12"  # of Label Studio that was tried

Role = Literal["object", "control", "option", "layout"]
Shape = Literal["", "Box", "Ellipse", "Outline", "Point", "Mask", "Span", "Timeline", "Track"]
Level = Literal["", "nominal", "ordinal", "interval", "path", "text", "date", "order"]
Offers = Literal["needed", "allowed", "none"]


@dataclass(frozen=True)
class Way:
    """One way of asking with a control.

    Args:
        name: What the form calls it in a draft; empty where the form does not have it.
        words: The same in the words of the form's list.
        word: What codebooks call it; empty where they cannot ask so.
        given: What the builder's method is given for it.
        short: What stands for the answer in a preview, where nothing is offered.
    """

    name: str = ""
    words: str = ""
    word: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    short: str = ""


@dataclass(frozen=True)
class Tag:
    """One tag of a labeling config.

    Args:
        name: The tag as it is written, ``RectangleLabels``.
        role: ``object`` shows data, ``control`` takes answers, ``option`` is an answer inside a control,
            ``layout`` is everything else.
        kind: For a control the ``type`` of its results; for an object the kind of its data.
        attributes: Attribute → type: ``text``, ``number``, ``bool``, ``color``, ``share`` (0 to 1), or the
            allowed words joined by ``|``.
        media: For a control, the objects it works on; empty means all of them.
        option: For a control, the tag of its answers.
        children: The only tags that may stand directly inside; empty means any.
        parents: Tags of which one must be around this one.
        required: Attributes without which Label Studio shows an error or nothing.
        since: The first release that has it, where that is later than 1.14.
        instead: What to use on a release before ``since``, where this kit's own is one.
        shape: For a control that marks a part of an item, the class of ``shapes`` of what it marks.
        holds: Keys of its value, or of its value's keyframes, that say where that is; the first tells apart what has
            one shape and several forms.
        key: Where its answers or labels stand in its value; empty where another control names what it draws.
        is_listed: Whether they stand there in a list.
        level: For a control that asks, what its answers measure.
        answers: The answers there are, where no option lists them.
        several: The attribute that says how many answers one result may hold, ``always`` for controls that hold many.
        targets: How many media it works on at once.
        beside: The tag of the control that names what it draws, where it has no labels of its own.
        spans: For an object, the tag that labels stretches of it.
        method: The method of ``LabelConfig`` that adds it; for an object also the form's name of it.
        offers: Whether that method needs answers, allows them or has none.
        ways: How codebooks and the form ask with it.
        words: For an object, what the form calls it.
    """

    name: str
    role: Role
    kind: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    media: tuple[str, ...] = ()
    option: str = ""
    children: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    since: str = ""
    instead: str = ""
    shape: Shape = ""
    holds: tuple[str, ...] = ()
    key: str = ""
    is_listed: bool = True
    level: Level = ""
    answers: tuple[str, ...] = ()
    several: str = "choice"
    targets: int = 1
    beside: str = ""
    spans: str = ""
    method: str = ""
    offers: Offers = "none"
    ways: tuple[Way, ...] = ()
    words: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """For an object, the kinds of data it shows: one, or a list of them as well."""
        return (self.kind, f"{self.kind}s") if "valueList" in self.attributes else (self.kind,)

    @property
    def is_region(self) -> bool:
        """Whether its results mark a part of an item."""
        return bool(self.shape)

    @property
    def is_question(self) -> bool:
        """Whether its results answer a question about the item or a region, and draw nothing."""
        return bool(self.level)

    @property
    def has_labels(self) -> bool:
        """Whether what it draws is named by labels of its own."""
        return self.option == "Label"

    @property
    def names_others(self) -> bool:
        """Whether its labels also name what other controls draw."""
        return self.has_labels and self.kind == "labels"

    @property
    def shares_labels(self) -> bool:
        """Whether its results carry labels that another control lists."""
        return bool(self.beside and self.key)

    @property
    def needs_options(self) -> bool:
        """Whether Label Studio shows nothing to answer with where no option is listed."""
        return self.option in ("Choice", "Label")

    @property
    def is_open(self) -> bool:
        """Whether any answer may be written, and its options only help with that."""
        return self.level == "text"

    @property
    def is_tree(self) -> bool:
        """Whether each answer is a path from the root of a tree."""
        return self.level == "path"

    @property
    def named_kind(self) -> str:
        """The type of its results once another control has named what it draws."""
        return f"{self.kind}labels"

    @property
    def can_be_required(self) -> bool:
        """Whether an answer can be insisted on, and asked of each region."""
        return "required" in self.attributes

    def way(self, **given: Any) -> Way:
        """Return the way of asking that these arguments of its method stand for, else the first."""
        fitting = (way for way in self.ways if way.given and way.given.items() <= given.items())
        plain = (way for way in self.ways if not way.given)
        return next(fitting, None) or next(plain, None) or (self.ways[0] if self.ways else Way())


def _attributes(*specs: str) -> dict[str, str]:
    """Return attribute → type from lines such as ``"value zoom:bool width:number"``."""
    pairs = (word.partition(":") for spec in specs for word in spec.split())
    return {name: kind or "text" for name, _, kind in pairs}


_NAMED = "name toName"
_VISIBLE = (
    "visibleWhen:region-selected|no-region-selected|choice-selected|choice-unselected "
    "whenTagName whenLabelValue whenChoiceValue whenRole"
)
_QUESTION = (
    "name toName required:bool requiredMessage perRegion:bool perItem:bool whenLabelValue "
    "displayMode:tag|region-list smart:bool smartOnly:bool"
)
_REGION = "name toName smart:bool smartOnly:bool"
_LABELS = (
    "name toName choice:single|multiple maxUsages:number showInline:bool groupDepth opacity:share "
    "fillColor:color strokeWidth:number strokeColor:color fillOpacity:share allowEmpty:bool value "
    "smart:bool smartOnly:bool"
)
_LABEL_CHILDREN = "Label Header View Text HyperText"
_SHAPE = "opacity:share fillColor:color strokeWidth:number strokeColor:color"
_FILL = "fillOpacity:share"
_SNAP = "snap:pixel|none"
_POINTS = "pointSize:small|medium|large pointStyle:rectangle|circle"
_VECTOR = "closable:bool curves:bool skeleton:bool minPoints maxPoints pointSizeEnabled:number pointSizeDisabled:number"
_TEXT = (
    "name value valueType:text|url inline:bool saveTextResult:none|no|yes selectionEnabled:bool "
    "clickableLinks:bool highlightColor:color showLabels:bool encoding:none|base64|base64unicode "
    "granularity:symbol|word|sentence|paragraph resolver"
)
_AUDIO = (
    "name value muted:bool zoom:bool defaultZoom:number volume:bool defaultVolume:number speed:bool "
    "defaultSpeed:number hotkey showLabels:bool showScores:bool height:number waveHeight:number "
    "cursorWidth:number cursorColor:color defaultScale:number autoCenter:bool scrollParent:bool "
    "splitChannels:bool decoder:ffmpeg|webaudio|none player:html5|webaudio spectrogram:bool sync resolver"
)


def _object(
    name: str,
    kind: str,
    *attributes: str,
    children: str = "",
    since: str = "",
    spans: str = "",
    method: str = "",
    words: str = "",
) -> Tag:
    return Tag(
        name,
        "object",
        kind,
        _attributes(*attributes),
        children=tuple(children.split()),
        required=("name", "value"),
        since=since,
        spans=spans,
        method=method,
        words=words,
    )


def _region(
    name: str,
    media: str,
    shape: Shape,
    holds: str,
    *attributes: str,
    method: str = "",
    words: str = "",
    offers: Offers = "allowed",
    children: str = "",
    since: str = "",
    key: str = "",
    instead: str = "",
) -> Tag:
    """Return the row of a tool with labels of its own; its labels stand under the kind of its results."""
    return Tag(
        name,
        "control",
        name.lower(),
        _attributes(_LABELS, *attributes),
        media=tuple(media.split()),
        option="Label",
        children=tuple((children or _LABEL_CHILDREN).split()),
        required=("name", "toName"),
        since=since,
        instead=instead,
        shape=shape,
        holds=tuple(holds.split()),
        key=key or name.lower(),
        method=method,
        offers=offers,
        ways=(Way(method, words, method),) if method else (),
    )


def _plain(name: str, labelled: Tag, *attributes: str) -> Tag:
    """Return the row of the tool that draws the same without labels of its own; a ``Labels`` beside it names it."""
    return replace(
        labelled,
        name=name,
        kind=name.lower(),
        attributes=_attributes(_REGION, *attributes),
        option="",
        children=(),
        key="",
        beside="Labels",
    )


def _question(
    name: str,
    level: Level,
    *attributes: str,
    key: str = "",
    is_listed: bool = False,
    several: str = "choice",
    option: str = "",
    children: str = "",
    offers: Offers = "none",
    ways: tuple[Way, ...] = (),
) -> Tag:
    return Tag(
        name,
        "control",
        name.lower(),
        _attributes(_QUESTION, *attributes),
        option=option,
        children=tuple((children or option).split()),
        required=("name", "toName"),
        key=key or name.lower(),
        is_listed=is_listed,
        level=level,
        several=several,
        method=name.lower(),
        offers=offers,
        ways=ways,
    )


def _layout(
    name: str, *attributes: str, required: str = "", parents: str = "", children: str = "", since: str = ""
) -> Tag:
    return Tag(
        name,
        "layout",
        attributes=_attributes(*attributes),
        children=tuple(children.split()),
        parents=tuple(parents.split()),
        required=tuple(required.split()),
        since=since,
    )


def _option(name: str, parents: str, *attributes: str, required: str = "value", children: str = "") -> Tag:
    return Tag(
        name,
        "option",
        attributes=_attributes(*attributes),
        children=tuple(children.split()),
        parents=tuple(parents.split()),
        required=tuple(required.split()),
    )


_OBJECTS = (
    _object(
        "Image",
        "image",
        "name value valueList resize width height maxWidth maxHeight smoothing:bool grid:bool gridSize:number "
        "gridColor:color zoom:bool negativeZoom:bool zoomBy:number showLabels:bool zoomControl:bool "
        "brightnessControl:bool contrastControl:bool rotateControl:bool crosshair:bool selectionControl:bool "
        "lazyOff:bool horizontalAlignment:left|center|right verticalAlignment:top|center|bottom "
        "defaultZoom:auto|original|fit crossOrigin:none|anonymous|use-credentials",
        method="image",
        words="Image",
    ),
    _object("Text", "text", _TEXT, spans="Labels", method="text", words="Text"),
    _object("HyperText", "hypertext", _TEXT, spans="HyperTextLabels", method="hypertext", words="Web page (HTML)"),
    _object(
        "Paragraphs",
        "paragraphs",
        "name value valueType:json|url audioUrl sync showPlayer:bool highlightColor showLabels:bool "
        "layout:none|dialogue saveTextResult:none|no|yes nameKey textKey contextScroll:bool",
        spans="ParagraphLabels",
        method="paragraphs",
        words="Conversation",
    ),
    _object("Audio", "audio", _AUDIO, spans="Labels", method="audio", words="Sound"),
    _object("AudioPlus", "audio", _AUDIO, spans="Labels"),
    _object(
        "Video",
        "video",
        "name value hotkey frameRate:number height:number timelineHeight:number muted:bool "
        "defaultPlaybackSpeed:number minPlaybackSpeed:number sync resolver",
        spans="TimelineLabels",
        method="video",
        words="Video",
    ),
    _object(
        "TimeSeries",
        "timeseries",
        "name value valueType:url|json timeColumn timeFormat timeDisplayFormat durationDisplayFormat sep "
        "overviewChannels overviewWidth fixedScale:bool multiAxis:bool hotkey sync cursorColor",
        children="Channel MultiChannel View HyperText",
        spans="TimeSeriesLabels",
        method="timeseries",
        words="Time series (CSV)",
    ),
    _object("List", "list", "name value title resolver", method="items"),
    _object("Table", "table", "name value valueType resolver", method="table"),
    _object("Pdf", "pdf", "name value resolver", since="1.19.0", method="pdf"),
)

CHOICES = _question(
    "Choices",
    "nominal",
    _VISIBLE,
    "choice:single|single-radio|multiple showInline:bool layout:select|inline|vertical value allowNested:bool resolver",
    is_listed=True,
    option="Choice",
    children="Choice View Header HyperText",
    offers="needed",
    ways=(Way("choices", "Choose from a list", "single"), Way(word="multiple", given={"multiple": True})),
)
TAXONOMY = _question(
    "Taxonomy",
    "path",
    _VISIBLE,
    "labeling:bool leafsOnly:bool showFullPath:bool legacy:bool pathSeparator apiUrl placeholder minWidth "
    "maxWidth dropdownWidth maxUsages:number value sharedStore resolver",
    is_listed=True,
    several="maxUsages",
    option="Choice",
    offers="needed",
    ways=(Way("taxonomy", "Choose from a tree", "taxonomy"),),
)
RATING = _question(
    "Rating",
    "ordinal",
    "maxRating:number icon size:small|medium|large defaultValue:number hotkey",
    ways=(Way("rating", "Stars, 1 to 5", "rating", short="☆☆☆☆☆"),),
)
NUMBER = _question(
    "Number",
    "interval",
    "min:number max:number step:number defaultValue:number slider:bool hotkey",
    ways=(Way("number", "A number", "number", short="[ a number ]"),),
)
TEXT_AREA = _question(
    "TextArea",
    "text",
    _VISIBLE,
    "allowSubmit:bool label value rows:number showSubmitButton:bool placeholder maxSubmissions:number "
    "editable:bool transcription:bool skipDuplicates:bool resolver",
    key="text",
    is_listed=True,
    several="maxSubmissions",
    option="Shortcut",
    ways=(Way("textarea", "A text to write", "text", short="[ a text ]"),),
)
DATE_TIME = _question(
    "DateTime",
    "date",
    "format only min max step defaultValue hotkey",
    ways=(
        Way("date", "A date", "date", {"only": "date"}, "[ a date ]"),
        Way("datetime", "A date and time", "datetime", short="[ a date ]"),
    ),
)
LABELS = _region(
    "Labels",
    "Text HyperText Audio AudioPlus Video Image",
    "Span",
    "start end",
    method="labels",
    words="Mark stretches of text or time",
    offers="needed",
)
_SPANS: dict[str, Any] = {"method": LABELS.method, "words": LABELS.ways[0].words, "offers": LABELS.offers}
HYPERTEXT_LABELS = _region("HyperTextLabels", "HyperText", "Span", "start end", **_SPANS)
PARAGRAPH_LABELS = _region("ParagraphLabels", "Paragraphs", "Span", "start end", **_SPANS)
TIME_SERIES_LABELS = _region(
    "TimeSeriesLabels", "TimeSeries", "Span", "instant start end", children="Label Labels Choice", **_SPANS
)
TIMELINE_LABELS = _region("TimelineLabels", "Video", "Timeline", "ranges", **_SPANS)
RECTANGLE_LABELS = _region(
    "RectangleLabels",
    "Image",
    "Box",
    "x y width height",
    "canRotate:bool",
    _SNAP,
    method="rectangles",
    words="Draw boxes",
)
ELLIPSE_LABELS = _region(
    "EllipseLabels",
    "Image",
    "Ellipse",
    "x y radiusX radiusY",
    "canRotate:bool",
    method="ellipses",
    words="Draw ellipses",
)
POLYGON_LABELS = _region(
    "PolygonLabels", "Image", "Outline", "points", _SNAP, _POINTS, method="polygons", words="Draw polygons"
)
VECTOR_LABELS = _region(
    "VectorLabels",
    "Image",
    "Outline",
    "vertices",
    _SNAP,
    _POINTS,
    _VECTOR,
    method="vectors",
    words="Draw lines",
    since="1.22.0",
)
KEY_POINT_LABELS = _region(
    "KeyPointLabels", "Image", "Point", "x y width", _SNAP, method="keypoints", words="Set points"
)
BRUSH_LABELS = _region("BrushLabels", "Image", "Mask", "rle", method="brush", words="Paint areas")
BITMASK_LABELS = _region(
    "BitmaskLabels",
    "Image",
    "Mask",
    "imageDataURL",
    method="bitmask",
    words="Paint areas, pixel by pixel",
    since="1.21.0",
)
MAGIC_WAND = replace(
    _plain("MagicWand", BRUSH_LABELS, "opacity:share blurRadius:number defaultThreshold:number"),
    beside="",
    method="magic_wand",
    offers="none",
    ways=(),
)
# Where it has labels of its own, they too stand under "labels".
VIDEO_RECTANGLE = Tag(
    "VideoRectangle",
    "control",
    "videorectangle",
    _attributes(_REGION),
    media=("Video",),
    required=("name", "toName"),
    shape="Track",
    holds=("sequence", "x", "y", "width", "height"),
    key="labels",
    beside="Labels",
    method="video_boxes",
    offers="needed",
    ways=(Way("video_boxes", "Follow boxes through a video", "video_boxes"),),
)
VIDEO_VECTOR_LABELS = _region(
    "VideoVectorLabels",
    "Video",
    "Track",
    "vertices sequence",
    _VECTOR,
    key="labels",
    since="1.24.0",
    instead="Labels with a VideoRectangle",
    offers="none",
)
PAIRWISE = Tag(
    "Pairwise",
    "control",
    "pairwise",
    _attributes(_REGION, "selectionStyle leftClass rightClass"),
    required=("name", "toName"),
    key="selected",
    is_listed=False,
    level="nominal",
    answers=("left", "right"),
    targets=2,
    method="pairwise",
    ways=(Way("pairwise", "Choose the better of two", "pairwise", short="[ a click on the better one ]"),),
)
RANKER = Tag(
    "Ranker",
    "control",
    "ranker",
    _attributes(_REGION, "collapsible:bool"),
    media=("List",),
    option="Bucket",
    children=("Bucket",),
    required=("name", "toName"),
    key="ranker",
    is_listed=False,
    level="order",
    several="always",
    method="ranker",
    offers="allowed",
    ways=(Way(word="ranker"),),
)
RELATIONS = Tag(
    "Relations",
    "control",
    "relation",
    _attributes("choice:single|multiple"),
    option="Relation",
    children=("Relation",),
    key="labels",
    method="relations",
)

_CONTROLS = (
    CHOICES,
    TAXONOMY,
    RATING,
    NUMBER,
    TEXT_AREA,
    DATE_TIME,
    LABELS,
    HYPERTEXT_LABELS,
    PARAGRAPH_LABELS,
    TIME_SERIES_LABELS,
    TIMELINE_LABELS,
    RECTANGLE_LABELS,
    ELLIPSE_LABELS,
    POLYGON_LABELS,
    VECTOR_LABELS,
    KEY_POINT_LABELS,
    BRUSH_LABELS,
    BITMASK_LABELS,
    _plain("Rectangle", RECTANGLE_LABELS, _SHAPE, _FILL, "canRotate:bool", _SNAP),
    _plain("Ellipse", ELLIPSE_LABELS, _SHAPE, _FILL, "canRotate:bool"),
    _plain("Polygon", POLYGON_LABELS, _SHAPE, _SNAP, _POINTS),
    _plain("Vector", VECTOR_LABELS, _SHAPE, _SNAP, _POINTS, _VECTOR),
    _plain("KeyPoint", KEY_POINT_LABELS, _SHAPE, _SNAP),
    _plain("Brush", BRUSH_LABELS, "strokeWidth:number"),
    _plain("Bitmask", BITMASK_LABELS, "strokeWidth:number"),
    MAGIC_WAND,
    VIDEO_RECTANGLE,
    VIDEO_VECTOR_LABELS,
    replace(_plain("VideoVector", VIDEO_VECTOR_LABELS, _VECTOR), key="labels"),
    PAIRWISE,
    RANKER,
    RELATIONS,
)

_LABEL_PARENTS = " ".join(tag.name for tag in _CONTROLS if tag.has_labels)

_OPTIONS = (
    _option(
        "Choice",
        "Choices Taxonomy",
        "value alias selected:bool hotkey style html color hint resolver readOnly:bool",
        children="Choice",
    ),
    _option(
        "Label",
        _LABEL_PARENTS,
        "value alias selected:bool maxUsages:number hint hotkey showAlias:bool aliasStyle size "
        "background:color selectedColor:color granularity:symbol|word|sentence|paragraph groupCanContain html "
        "category:number resolver",
    ),
    _option("Relation", "Relations", "value background:color"),
    _option("Bucket", "Ranker", "name title default:bool", required="name"),
    _option("Shortcut", "TextArea", "value alias hotkey background:color resolver"),
)

_LAYOUT = (
    _layout("View", "display style className idAttr", _VISIBLE),
    _layout("Header", "value size:number style underline:bool resolver"),
    _layout("Markdown", "value style className idAttr", _VISIBLE, since="1.22.0"),
    _layout("Style"),
    _layout("Collapse", "value size style bordered:bool accordion:bool open:bool resolver", children="Panel"),
    _layout("Panel", "value open:bool resolver", parents="Collapse"),
    _layout("Filter", _NAMED, "caseSensetive:bool cleanup:bool placeholder minLength:number style hotkey"),
    _layout("Repeater", "on indexFlag mode:list|pagination", required="on"),
    _layout("Dialog", "name value"),
    _layout(
        "Channel",
        "column legend units displayFormat interpolation height:number strokeWidth:number strokeColor "
        "markerSize:number markerColor markerSymbol dataRange timeRange showAxis:bool showYAxis:bool "
        "fixedScale:bool",
        required="column",
        parents="TimeSeries",
        children="Channel View",
    ),
    _layout(
        "MultiChannel",
        "height:number showAxis:bool showYAxis:bool fixedScale:bool",
        parents="TimeSeries",
        children="Channel",
        since="1.20.0",
    ),
)


def version(text: str) -> tuple[int, ...]:
    """Return a release's numbers, which compare as releases do.

    Example:
        >>> version("1.9.0") < version("1.10.2")
        True
    """
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def release_note(release: str) -> str:
    """Return a sentence where a release of Label Studio is none that was tried, else an empty text.

    Args:
        release: As the server says it.

    Example:
        >>> release_note("1.20.0"), release_note("1.99.0")[:32]
        ('', 'lsnb was tried with Label Studio')
    """
    if version(OLDEST_RELEASE) <= version(release) <= version(RELEASE):
        return ""
    return f"lsnb was tried with Label Studio {OLDEST_RELEASE} to {RELEASE}: most will work with {release}."


ROWS: Mapping[str, Tag] = {tag.name: tag for tag in (*_OBJECTS, *_CONTROLS, *_OPTIONS, *_LAYOUT)}
"""Every open-source tag by its name, those of later releases too."""

TAGS: Mapping[str, Tag] = {name: tag for name, tag in ROWS.items() if version(tag.since) <= version(RELEASE)}
"""Every open-source tag of Label Studio 1.23.2 by its name."""

ATTRIBUTES_SINCE: Mapping[tuple[str, str], str] = {("TimeSeries", "sync"): "1.20.0"}
"""Tag and attribute → the first release that heeds it."""

UNAVAILABLE: Mapping[str, str] = {
    "Chat": "belongs to Label Studio Enterprise: show the conversation with Paragraphs",
    "CustomInterface": "belongs to Label Studio Enterprise: build the question from the open-source tags",
    "ReactCode": "belongs to Label Studio Enterprise: build the question from the open-source tags",
    "OcrLabels": "belongs to Label Studio Enterprise: use RectangleLabels with a TextArea per region",
    "Cube": "is not in the editor of this release: use RectangleLabels",
    "CubeLabels": "is not in the editor of this release: use RectangleLabels",
    "Object3D": "is not in the editor of this release: show rendered views as images",
    "Html": "is not in the editor of this release: use HyperText",
}
"""Tags that exist elsewhere and that an open-source Label Studio 1.23.2 cannot draw, with what to do."""

CHAT = replace(TEXT_AREA, name="Chat", kind="chatmessage", key="chatmessage", is_listed=False, option="", ways=())
"""A conversation that people had with a model in another edition: each of its messages is a result."""

# What other editions and older releases write: regions of tags that none of our rows is, and the types that the editor
# gives to spans and ranges without a label.
_FOREIGN = (
    replace(RECTANGLE_LABELS, name="OcrLabels", kind="ocrlabels", key="ocrlabels"),
    replace(RECTANGLE_LABELS, name="CubeLabels", kind="cubelabels", key="cubelabels"),
    replace(TIME_SERIES_LABELS, kind="timeseries", option="", key="", beside=TIME_SERIES_LABELS.name),
    replace(TIMELINE_LABELS, kind="timeline", option="", key="", beside=TIMELINE_LABELS.name),
    replace(VIDEO_RECTANGLE, kind=VIDEO_RECTANGLE.named_kind, option="Label", beside=""),
    CHAT,
)

KINDS: Mapping[str, Tag] = {tag.kind: tag for tag in (*_FOREIGN, *_CONTROLS)}
"""Result type → the control it is of, for every type that results may have."""

REGION_KINDS = frozenset(kind for kind, tag in KINDS.items() if tag.is_region)
"""The result types that mark a part of an item."""

METHODS: Mapping[str, Tag] = {
    method: next(tag for tag in (*_OBJECTS, *_CONTROLS) if tag.method == method)
    for method in dict.fromkeys(tag.method for tag in (*_OBJECTS, *_CONTROLS) if tag.method)
}
"""Method of ``LabelConfig`` → the tag it adds; of several, the first."""

WORDS: Mapping[str, tuple[Tag, Way]] = {
    way.word: (METHODS[tag.method], way) for tag in _CONTROLS for way in tag.ways if way.word
}
"""Word of a codebook → the control and the way of asking it stands for."""

_CASELESS = {name.lower(): name for name in ROWS}


def find_tag(name: str) -> Tag | None:
    """Return the tag of this name in any case, or None.

    Example:
        >>> find_tag("choices").name
        'Choices'
    """
    return ROWS.get(_CASELESS.get(name.lower(), ""))


def unlabelled(tag: Tag) -> Tag:
    """Return the tool that draws the same as a tool with labels, without any; the tool itself where there is none.

    Example:
        >>> unlabelled(TAGS["BrushLabels"]).name, unlabelled(TAGS["TimelineLabels"]).name
        ('Brush', 'TimelineLabels')
    """
    same = (row for row in ROWS.values() if row.method == tag.method and row.shape == tag.shape and not row.option)
    return next(same, tag)


def find_attribute(tag: Tag, name: str) -> str | None:
    """Return the attribute as the documentation spells it, whatever the case of ``name``, or None.

    Example:
        >>> find_attribute(TAGS["Choices"], "toname")
        'toName'
    """
    lowered = name.lower()
    return next((known for known in tag.attributes if known.lower() == lowered), None)


def is_region(kind: Any) -> bool:
    """Return whether results of this type mark a part of an item.

    Example:
        >>> is_region("rectanglelabels"), is_region("choices")
        (True, False)
    """
    return isinstance(kind, str) and kind in REGION_KINDS


def kinds_of(shape: Shape, holds: str = "") -> tuple[str, ...]:
    """Return the result types that mark this shape.

    Args:
        shape: A class of ``shapes``.
        holds: A key that their values hold, where the shape alone leaves a choice.

    Example:
        >>> kinds_of("Outline", "points")
        ('polygonlabels', 'polygon')
    """
    return tuple(
        tag.kind for tag in (*_CONTROLS, *_FOREIGN) if tag.shape == shape and (not holds or holds in tag.holds)
    )


def media_names(media: Iterable[str]) -> str:
    """Return tags as words for a sentence: ``Text, Audio or Video``."""
    names = [name for name in media if name != "AudioPlus"]
    return joined(names, "or")
