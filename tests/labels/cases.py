"""One config for every tag, layout and template: what the server must accept and the editor must draw."""

from __future__ import annotations

from lsnb import LabelConfig
from lsnb.labels import templates

_IMAGE = LabelConfig.image("uri")
_VIDEO = LabelConfig.video("uri", frame_rate="fps")
_SPANS = ["first", "second"]
PARTS = [f"body part {number}" for number in range(70)]
ODD = ["A&B", 'a "b"', "paw<1>", "it's", "ünï · 漢字", "50 %", "tab\there"]

CASES: dict[str, LabelConfig] = {
    # Media
    "Image": _IMAGE.rating("q"),
    "Image list": LabelConfig.images("pages").choices("q", "a, b", per_item=True),
    "Video": _VIDEO.choices("q", "a, b"),
    "Audio": LabelConfig.audio("uri", spectrogram=True).choices("q", "a, b"),
    "Text": LabelConfig.text("body", granularity="word").choices("q", "a, b"),
    "HyperText": LabelConfig.hypertext("body", clickable_links=True).choices("q", "a, b"),
    "Paragraphs": LabelConfig.paragraphs("talk", author="who", text="says").choices("q", "a, b"),
    "Paragraphs with audio": LabelConfig.paragraphs("talk", audio="sound").choices("q", "a, b"),
    "TimeSeries": LabelConfig.timeseries("csv", {"x": "left", "y": "right"}, time="t").choices("q", "a, b"),
    "TimeSeries dated": LabelConfig.timeseries("csv", ["x"], time="t", time_format="%Y-%m-%d %H:%M:%S").rating("q"),
    "TimeSeries JSON": LabelConfig.timeseries("data", ["x", "y"], time="t", url=False).choices("q", "a, b"),
    "List": LabelConfig.items("found", title="Results").ranker("order"),
    "Table": LabelConfig.table("facts").choices("q", "a, b"),
    "Pdf": LabelConfig.pdf("uri").choices("q", "a, b"),
    "pair of texts": LabelConfig.pair("a", "b", media="text", titles=("One", "Two")).pairwise("better", title="?"),
    # Questions
    "Choices": _IMAGE.choices("q", ODD, title='Is it "odd" & <strange>?', required=True, required_message="Please."),
    "Choices multiple": _IMAGE.choices("q", "a, b", multiple=True, layout="inline", selected="a"),
    "Choices drop-down": _IMAGE.choices("q", "a, b", layout="select"),
    "Choices nested": _IMAGE.choices("q", {"animal": ["cat", "dog"], "plant": {"tree": ["oak"]}, "none": None}),
    "Choices described": _IMAGE.choices(
        "q", "good, bad", aliases={"good": "1"}, hints={"bad": "<sad> & more"}, hotkeys={"bad": "b"}
    ),
    "Choices from data": _IMAGE.choices("q", "$answers"),
    "Labels from data": _IMAGE.rectangles("r", "$things"),
    "Choices after an answer": (
        _IMAGE.choices("seen", "yes, no").choices("which", "a, b", title="Which?", visible_when={"seen": "yes"})
    ),
    "Rating unless": _IMAGE.choices("seen", "yes, no").rating("q", visible_unless={"seen": ["no"]}),
    "Taxonomy": LabelConfig.text("body").taxonomy("q", {"news": ["sport", "local"], "advert": None}, leaves_only=True),
    "Taxonomy by paths": _IMAGE.taxonomy("q", ["a/b/c", ("a", "b", "d")], multiple=False, show_full_path=True),
    "Rating": _IMAGE.rating("q", stars=7, title="How sharp?", icon="star", size="large"),
    "Number": _IMAGE.number("q", minimum=0, maximum=1.5, step=0.1, slider=True),
    "DateTime": _IMAGE.datetime("q", only="date", min="2020-01-01"),
    "TextArea": _IMAGE.textarea("q", rows=3, placeholder="Write here", most=None),
    "Pairwise": LabelConfig.pair("a", "b").pairwise("better"),
    "Ranker": LabelConfig.items("found").ranker("order", {"best": "Best", "rest": "The rest"}),
    # Regions
    "RectangleLabels": _IMAGE.rectangles("r", ODD, can_rotate=False),
    "EllipseLabels": _IMAGE.ellipses("r", _SPANS),
    "PolygonLabels": _IMAGE.polygons("r", _SPANS, point_size="small"),
    "VectorLabels": _IMAGE.vectors("r", _SPANS, closable=True, curves=True),
    "KeyPointLabels": _IMAGE.keypoints("r", PARTS),
    "BrushLabels": _IMAGE.brush("r", _SPANS).magic_wand("wand"),
    "BitmaskLabels": _IMAGE.bitmask("r", _SPANS),
    "Rectangle": _IMAGE.rectangles("r"),
    "Ellipse": _IMAGE.ellipses("r"),
    "Polygon": _IMAGE.polygons("r"),
    "Vector": _IMAGE.vectors("r"),
    "KeyPoint": _IMAGE.keypoints("r"),
    "Brush": _IMAGE.brush("r"),
    "Bitmask": _IMAGE.bitmask("r"),
    "Labels on text": LabelConfig.text("body").labels("r", _SPANS, multiple=True).relations("causes, precedes"),
    "Labels on audio": LabelConfig.audio("uri").labels("r", _SPANS),
    "HyperTextLabels": LabelConfig.hypertext("body").labels("r", _SPANS),
    "ParagraphLabels": LabelConfig.paragraphs("talk").labels("r", _SPANS),
    "TimeSeriesLabels": LabelConfig.timeseries("csv", ["x"], time="t").labels("r", _SPANS),
    "TimelineLabels": _VIDEO.labels("r", {"rest": "#112233", "run": ""}),
    "VideoRectangle": _VIDEO.video_boxes("r", _SPANS, title="Follow"),
    "Relations": _IMAGE.rectangles("r", _SPANS).relations(multiple=True),
    "Filter": _IMAGE.keypoints("r", PARTS).filter("search", "r", min_length=0),
    "per region": (
        _IMAGE.rectangles("r", ["cat", "dog"])
        .choices("pose", "sits, runs", title="Pose", per_region=["cat", "dog"])
        .textarea("name", per_region="cat", required=True)
        .number("age", per_region=True)
    ),
    # Layouts
    "Header": LabelConfig.header("About $title", size=2).text("body").rating("q"),
    "Markdown": LabelConfig.instructions("Look at the **face**.\n\n- slowly").image("uri").rating("q"),
    "Collapse": _IMAGE.rating("q").group("More", lambda inner: inner.textarea("why").number("n"), open=True),
    "columns": _IMAGE.text("caption", title="Caption").choices("q", "a, b").columns().rating("late").text("later"),
    "sticky media": _IMAGE.choices("q", "a, b").sticky_media().rating("late"),
    # Templates
    "image coding": templates.image_coding("uri", "scene", "in, out", title="Where?"),
    "text coding": templates.text_coding("body", "topic", "a, b", multiple=True),
    "video coding": templates.video_coding("uri", "mood", "a, b"),
    "image boxes": templates.image_boxes("uri", "cat, dog"),
    "keypoints": templates.keypoints("uri", ["nose", "left ear"]),
    "video tracking": templates.video_tracking("uri", "mouse", frame_rate="fps"),
    "frame classification": templates.frame_classification("uri", "rest, run", frame_rate=25),
    "video with time series": LabelConfig.video_timeseries(
        {"x": "Left (g)", "y": "Right"}, "rest, run", units={"x": "g"}
    ),
    "video with plots of several lines": LabelConfig.video_timeseries(
        ["pulse", ["x", "y"]], "rest, run", video="uri", series="csv", frame_rate=25, frame_labels="near, far"
    ),
    "video, sound and several series": LabelConfig.video_timeseries(
        {"wrist": ["x"], "chest": {"pulse": "Pulse"}}, "rest, run", audio="sound"
    ),
    "sound with time series": LabelConfig.video_timeseries(["x"], "rest, run", video=None, audio="uri"),
    "pairwise comparison": templates.pairwise_comparison("left", "right", title="Which is sharper?"),
}

# A config that was written by hand, with tags the builder has no method for and parts it does not know.
BY_HAND = """
<!-- coding scheme 3 -->
<View>
  <Style>.big > b { font-size: 2em }</Style>
  <View className="big" data-own="kept"><View>
    <HyperText name="page" value="$html"/>
    <Header value="$question"/>
  </View></View>
  <Choices name="mood" toName="page" choice="single" whatever="1">
    <View><Choice value="good" alias="g"/></View><Choice value="bad"/>
  </Choices>
  <Repeater on="$pages" indexFlag="{{idx}}"><Image name="page_{{idx}}" value="$pages[{{idx}}].uri"/></Repeater>
  <Text name="note" value="By $author, $year"/>
</View>
"""
