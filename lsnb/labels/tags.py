"""The tags of Label Studio's labeling configs, once: attributes, media, result types, children.

Read from the editor of Label Studio 1.23.2 itself (the models its front end registers). An attribute's
type says what that editor accepts; it refuses to draw a config in which one of them does not hold.
Attribute names are compared without case, as the editor does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

RELEASE = "1.23.2"

Role = Literal["object", "control", "option", "layout"]


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


def _object(name: str, kind: str, *attributes: str, children: str = "", since: str = "") -> Tag:
    return Tag(
        name,
        "object",
        kind,
        _attributes(*attributes),
        children=tuple(children.split()),
        required=("name", "value"),
        since=since,
    )


def _region(name: str, media: str, *attributes: str, labels: bool = True, children: str = "", since: str = "") -> Tag:
    return Tag(
        name,
        "control",
        name.lower(),
        _attributes(_LABELS if labels else _REGION, *attributes),
        media=tuple(media.split()),
        option="Label" if labels else "",
        children=tuple((children or _LABEL_CHILDREN).split()) if labels else (),
        required=("name", "toName"),
        since=since,
    )


def _question(name: str, *attributes: str, option: str = "", children: str = "") -> Tag:
    return Tag(
        name,
        "control",
        name.lower(),
        _attributes(_QUESTION, *attributes),
        option=option,
        children=tuple((children or option).split()),
        required=("name", "toName"),
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
    ),
    _object(
        "Video",
        "video",
        "name value hotkey frameRate:number height:number timelineHeight:number muted:bool "
        "defaultPlaybackSpeed:number minPlaybackSpeed:number sync resolver",
    ),
    _object("Audio", "audio", _AUDIO),
    _object("AudioPlus", "audio", _AUDIO),
    _object("Text", "text", _TEXT),
    _object("HyperText", "hypertext", _TEXT),
    _object(
        "Paragraphs",
        "paragraphs",
        "name value valueType:json|url audioUrl sync showPlayer:bool highlightColor showLabels:bool "
        "layout:none|dialogue saveTextResult:none|no|yes nameKey textKey contextScroll:bool",
    ),
    _object(
        "TimeSeries",
        "timeseries",
        "name value valueType:url|json timeColumn timeFormat timeDisplayFormat durationDisplayFormat sep "
        "overviewChannels overviewWidth fixedScale:bool multiAxis:bool hotkey sync cursorColor",
        children="Channel MultiChannel View HyperText",
    ),
    _object("List", "list", "name value title resolver"),
    _object("Table", "table", "name value valueType resolver"),
    _object("Pdf", "pdf", "name value resolver", since="1.19.0"),
)

_CONTROLS = (
    _question(
        "Choices",
        _VISIBLE,
        "choice:single|single-radio|multiple showInline:bool layout:select|inline|vertical value "
        "allowNested:bool resolver",
        option="Choice",
        children="Choice View Header HyperText",
    ),
    _question(
        "Taxonomy",
        _VISIBLE,
        "labeling:bool leafsOnly:bool showFullPath:bool legacy:bool pathSeparator apiUrl placeholder minWidth "
        "maxWidth dropdownWidth maxUsages:number value sharedStore resolver",
        option="Choice",
    ),
    _question("Rating", "maxRating:number icon size:small|medium|large defaultValue:number hotkey"),
    _question("Number", "min:number max:number step:number defaultValue:number slider:bool hotkey"),
    _question("DateTime", "format only min max step defaultValue hotkey"),
    _question(
        "TextArea",
        _VISIBLE,
        "allowSubmit:bool label value rows:number showSubmitButton:bool placeholder maxSubmissions:number "
        "editable:bool transcription:bool skipDuplicates:bool resolver",
        option="Shortcut",
    ),
    Tag(
        "Pairwise",
        "control",
        "pairwise",
        _attributes(_REGION, "selectionStyle leftClass rightClass"),
        required=("name", "toName"),
    ),
    Tag(
        "Ranker",
        "control",
        "ranker",
        _attributes(_REGION, "collapsible:bool"),
        media=("List",),
        option="Bucket",
        children=("Bucket",),
        required=("name", "toName"),
    ),
    _region("Labels", "Text HyperText Audio AudioPlus Video Image"),
    _region("HyperTextLabels", "HyperText"),
    _region("ParagraphLabels", "Paragraphs"),
    _region("TimeSeriesLabels", "TimeSeries", children="Label Labels Choice"),
    _region("TimelineLabels", "Video"),
    _region("RectangleLabels", "Image", "canRotate:bool", _SNAP),
    _region("EllipseLabels", "Image", "canRotate:bool"),
    _region("PolygonLabels", "Image", _SNAP, _POINTS),
    _region("VectorLabels", "Image", _SNAP, _POINTS, _VECTOR, since="1.22.0"),
    _region("KeyPointLabels", "Image", _SNAP),
    _region("BrushLabels", "Image"),
    _region("BitmaskLabels", "Image", since="1.21.0"),
    _region("Rectangle", "Image", _SHAPE, _FILL, "canRotate:bool", _SNAP, labels=False),
    _region("Ellipse", "Image", _SHAPE, _FILL, "canRotate:bool", labels=False),
    _region("Polygon", "Image", _SHAPE, _SNAP, _POINTS, labels=False),
    _region("Vector", "Image", _SHAPE, _SNAP, _POINTS, _VECTOR, labels=False, since="1.22.0"),
    _region("KeyPoint", "Image", _SHAPE, _SNAP, labels=False),
    _region("Brush", "Image", "strokeWidth:number", labels=False),
    _region("Bitmask", "Image", "strokeWidth:number", labels=False, since="1.21.0"),
    _region("MagicWand", "Image", "opacity:share blurRadius:number defaultThreshold:number", labels=False),
    _region("VideoRectangle", "Video", labels=False),
    Tag(
        "Relations",
        "control",
        "relation",
        _attributes("choice:single|multiple"),
        option="Relation",
        children=("Relation",),
    ),
)

LABEL_PARENTS = " ".join(tag.name for tag in _CONTROLS if tag.option == "Label")

_OPTIONS = (
    _option(
        "Choice",
        "Choices Taxonomy",
        "value alias selected:bool hotkey style html color hint resolver readOnly:bool",
        children="Choice",
    ),
    _option(
        "Label",
        LABEL_PARENTS,
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

TAGS: Mapping[str, Tag] = {tag.name: tag for tag in (*_OBJECTS, *_CONTROLS, *_OPTIONS, *_LAYOUT)}
"""Every open-source tag of Label Studio 1.23.2 by its name."""

ATTRIBUTES_SINCE: Mapping[tuple[str, str], str] = {("TimeSeries", "sync"): "1.20.0"}
"""Tag and attribute → the first release that heeds it."""

UNAVAILABLE: Mapping[str, str] = {
    "Chat": "belongs to Label Studio Enterprise: show the conversation with Paragraphs",
    "CustomInterface": "belongs to Label Studio Enterprise: build the question from the open-source tags",
    "ReactCode": "belongs to Label Studio Enterprise: build the question from the open-source tags",
    "OcrLabels": "belongs to Label Studio Enterprise: use RectangleLabels with a TextArea per region",
    "VideoVector": "is not in the editor of this release: use VideoRectangle",
    "VideoVectorLabels": "is not in the editor of this release: use Labels with a VideoRectangle",
    "Cube": "is not in the editor of this release: use RectangleLabels",
    "CubeLabels": "is not in the editor of this release: use RectangleLabels",
    "Object3D": "is not in the editor of this release: show rendered views as images",
    "Html": "is not in the editor of this release: use HyperText",
}
"""Tags that exist elsewhere and that an open-source Label Studio 1.23.2 cannot draw, with what to do."""

_CASELESS = {name.lower(): name for name in TAGS}


def find_tag(name: str) -> Tag | None:
    """Return the tag of this name in any case, or None.

    Example:
        >>> find_tag("choices").name
        'Choices'
    """
    return TAGS.get(_CASELESS.get(name.lower(), ""))


def find_attribute(tag: Tag, name: str) -> str | None:
    """Return the attribute as the documentation spells it, whatever the case of ``name``, or None.

    Example:
        >>> find_attribute(TAGS["Choices"], "toname")
        'toName'
    """
    lowered = name.lower()
    return next((known for known in tag.attributes if known.lower() == lowered), None)


def media_names(media: Iterable[str]) -> str:
    """Return tags as words for a sentence: ``Text, Audio or Video``."""
    names = [name for name in media if name != "AudioPlus"]
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
