"""Builder call → canonical XML, colours, keys, and refusals in plain words."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path

import pytest
from cases import CASES, ODD, PARTS

from lsnb import LabelConfig
from lsnb.errors import InputError, LabelConfigError, MissingFileError
from lsnb.labels.building import OKABE_ITO, palette
from lsnb.labels.vocabulary import TAGS

IMAGE = LabelConfig.image("uri")

EXPECTED = {
    "image": (IMAGE, '<Image name="uri" value="$uri"/>'),
    "a list of images": (LabelConfig.images("pages"), '<Image name="pages" valueList="$pages"/>'),
    "attributes from keywords": (
        LabelConfig.image("uri", name="photo", max_width="600px", zoom_control=True, zoom_by=1.5),
        '<Image name="photo" value="$uri" maxWidth="600px" zoomBy="1.5" zoomControl="true"/>',
    ),
    "frame rate from a column": (
        LabelConfig.video("uri", frame_rate="fps"),
        '<Video name="uri" value="$uri" frameRate="$fps"/>',
    ),
    "frame rate as a number": (
        LabelConfig.video("uri", frame_rate=29.97),
        '<Video name="uri" value="$uri" frameRate="29.97"/>',
    ),
    "a column that is a number": (LabelConfig.text("2020"), '<Text name="column_2020" value="$2020"/>'),
    "part of a column": (LabelConfig.image("pages[0].uri"), '<Image name="pages_0_uri" value="$pages[0].uri"/>'),
    "choices": (
        IMAGE.choices("mood", "good, bad", multiple=True, required=True),
        """
        <Image name="uri" value="$uri"/>
        <Choices name="mood" toName="uri" choice="multiple" required="true">
          <Choice value="good" hotkey="1"/>
          <Choice value="bad" hotkey="2"/>
        </Choices>""",
    ),
    "choices below choices": (
        IMAGE.choices("what", {"animal": ["cat"], "none": None}, hotkeys=False),
        """
        <Image name="uri" value="$uri"/>
        <Choices name="what" toName="uri" allowNested="true" choice="single">
          <Choice value="animal">
            <Choice value="cat"/>
          </Choice>
          <Choice value="none"/>
        </Choices>""",
    ),
    "a question after an answer": (
        IMAGE.choices("seen", "yes, no", hotkeys=False).rating("how", title="How?", visible_when={"seen": "yes"}),
        """
        <Image name="uri" value="$uri"/>
        <Choices name="seen" toName="uri" choice="single">
          <Choice value="yes"/>
          <Choice value="no"/>
        </Choices>
        <View visibleWhen="choice-selected" whenChoiceValue="yes" whenTagName="seen">
          <Header value="How?"/>
          <Rating name="how" toName="uri" maxRating="5"/>
        </View>""",
    ),
    "a question for regions": (
        IMAGE.rectangles("box").textarea("name", per_region="cat"),
        """
        <Image name="uri" value="$uri"/>
        <Rectangle name="box" toName="uri"/>
        <View visibleWhen="region-selected" whenLabelValue="cat">
          <TextArea name="name" toName="uri" editable="true" maxSubmissions="1" perRegion="true" rows="1" \
whenLabelValue="cat"/>
        </View>""",
    ),
    "taxonomy from paths": (
        LabelConfig.text("body").taxonomy("topic", ["news/sport", "advert"], multiple=False),
        """
        <Text name="body" value="$body"/>
        <Taxonomy name="topic" toName="body" maxUsages="1">
          <Choice value="news">
            <Choice value="sport"/>
          </Choice>
          <Choice value="advert"/>
        </Taxonomy>""",
    ),
    "boxes in a video": (
        LabelConfig.video("uri").video_boxes("track", {"mouse": "#FF0000"}),
        """
        <Labels name="track_label" toName="uri">
          <Label value="mouse" background="#FF0000" hotkey="1"/>
        </Labels>
        <VideoRectangle name="track" toName="uri"/>
        <Video name="uri" value="$uri"/>""",
    ),
    "labels stand above their media and its heading": (
        LabelConfig.header("Top", size=1).text("body", title="Read").labels("span", {"a": "#111111"}, title="Mark"),
        """
        <Header value="Top" size="1"/>
        <Header value="Mark"/>
        <Labels name="span" toName="body">
          <Label value="a" background="#111111" hotkey="1"/>
        </Labels>
        <Header value="Read"/>
        <Text name="body" value="$body"/>""",
    ),
    "time series": (
        LabelConfig.timeseries("csv", {"x": "left"}, time="t", sync="clock"),
        """
        <TimeSeries name="csv" value="$csv" sync="clock" timeColumn="t" valueType="url">
          <Channel column="x" legend="left"/>
        </TimeSeries>""",
    ),
    "a group": (
        IMAGE.group("More", lambda inner: inner.rating("q")),
        """
        <Image name="uri" value="$uri"/>
        <Collapse accordion="false" bordered="true">
          <Panel value="More" open="false">
            <View>
              <Rating name="q" toName="uri" maxRating="5"/>
            </View>
          </Panel>
        </Collapse>""",
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_canonical_xml(name: str) -> None:
    config, inner = EXPECTED[name]
    body = inspect.cleandoc(inner).splitlines()
    assert config.xml.splitlines() == ["<View>", *(f"  {line}" for line in body), "</View>"]


def test_the_example_of_the_documentation() -> None:
    config = (
        LabelConfig.image("uri")
        .text("caption")
        .choices("sentiment", ["positive", "negative"], title="What is the mood?")
    )
    assert config.controls["sentiment"].to_names == ("caption",)
    assert config.check() == []


@pytest.mark.parametrize("name", CASES)
def test_every_case_checks_clean_and_survives_a_round_trip(name: str) -> None:
    config = CASES[name]
    assert [str(problem) for problem in config.check()] == []
    again = LabelConfig.from_xml(config.xml)
    assert (again, again.xml, again.fingerprint) == (config, config.xml, config.fingerprint)
    assert again.controls == config.controls
    assert again.fields == config.fields


def test_the_cases_hold_every_tag_of_the_builder() -> None:
    used = "".join(config.xml for config in CASES.values())
    by_hand = {"AudioPlus", "Dialog", "Repeater", "Shortcut", "Style"}
    assert {name for name in TAGS if f"<{name} " not in used and f"<{name}>" not in used} == by_hand


def test_a_config_never_changes() -> None:
    before = IMAGE.xml
    IMAGE.rating("q")
    assert IMAGE.xml == before
    with pytest.raises(AttributeError, match="keep what it returns"):
        IMAGE.xml_text = "x"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        IMAGE._text = "x"


def test_equality_hash_and_pickle() -> None:
    one = IMAGE.rating("q")
    other = LabelConfig.from_xml(
        "<View><!-- note --><Image value='$uri' name='uri'/>\n\n<Rating maxRating='5' toName='uri' name='q'/></View>"
    )
    assert one == other
    assert hash(one) == hash(other)
    assert one.fingerprint == other.fingerprint
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != IMAGE
    assert one != one.xml


def test_the_start_reads_like_a_method() -> None:
    signature = inspect.signature(LabelConfig.image)
    assert next(iter(signature.parameters)) == "field"
    assert (LabelConfig.image.__doc__ or "").startswith("Return a config that also shows an image.")


def test_seventy_keypoints() -> None:
    config = IMAGE.keypoints("body", PARTS)
    assert config.controls["body"].labels == tuple(PARTS)
    colours = [line.split('background="')[1][:7] for line in config.xml.splitlines() if "<Label " in line]
    assert len(set(colours)) == 70
    assert tuple(colours[:8]) == OKABE_ITO


def test_odd_names_survive() -> None:
    config = IMAGE.rectangles("r", ODD).choices("q", ODD)
    again = LabelConfig.from_xml(config.xml)
    assert again.controls["r"].labels == again.controls["q"].labels == tuple(ODD)


def test_hotkeys_never_repeat() -> None:
    config = IMAGE.choices("a", "x, y, z").rectangles("b", ["p", "q"]).keypoints("c", PARTS).choices("d", "last")
    keys = [line.split('hotkey="')[1].split('"')[0] for line in config.xml.splitlines() if "hotkey=" in line]
    assert len(keys) == len(set(keys)) == 33
    assert keys[:5] == ["1", "2", "3", "4", "5"]
    assert config.check() == []


def test_a_longer_palette_begins_with_the_shorter() -> None:
    longest = palette(120)
    assert all(palette(n) == longest[:n] for n in (0, 1, 8, 9, 40))
    assert len(set(palette(400))) == 400


def test_colours_differ_across_controls() -> None:
    config = IMAGE.rectangles("a", ["x", "y"]).polygons("b", {"z": "#123456", "w": ""})
    colours = [line.split('background="')[1][:7] for line in config.xml.splitlines() if "<Label " in line]
    assert colours == ["#E69F00", "#56B4E9", "#123456", "#009E73"]


def test_a_group_takes_labels_that_stand_above_their_media() -> None:
    config = LabelConfig.video("uri").group("Mark", lambda inner: inner.labels("r", "a, b").rating("q"))
    shown, folded = config.xml.split("<Collapse")
    assert "<Video" in shown
    assert "TimelineLabels" in folded
    assert "<Rating" in folded


def test_a_question_without_a_heading_gets_its_name() -> None:
    answers = [f"answer {n}" for n in range(40)]  # a list that scrolls in a box of its own
    bare = LabelConfig.image("uri").choices("long", answers).rating("stars").textarea("why", title="Why?")
    bare = bare.rectangles("things", ["cat"]).choices("mood", ["good", "bad"], per_region=True)
    titled = LabelConfig.image("uri").choices("long", answers, title="long").rating("stars", title="stars")
    titled = titled.textarea("why", title="Why?").rectangles("things", ["cat"])
    titled = titled.choices("mood", ["good", "bad"], title="mood", per_region=True)
    assert bare.titled() == titled
    assert titled.titled() == titled
    assert bare.columns().titled() == titled.columns()
    assert bare.titled().columns() == titled.columns()


def test_columns_take_what_comes_later() -> None:
    config = LabelConfig.instructions("Look.").image("uri", title="Photo").choices("q", "a, b", title="How?")
    config = config.columns().text("caption").rating("late")
    above, left, right = config.xml.replace("lsnb-media", "lsnb-questions").split("lsnb-questions")
    assert "Look." in above
    assert "Photo" in left
    assert "caption" in left
    assert "How?" in right
    assert "late" in right
    assert config.check() == []


@pytest.mark.parametrize(
    ("flat", "has_columns"),
    [
        (LabelConfig.image("uri").choices("q", "a, b"), True),
        (LabelConfig.image("uri", title="Photo").text("caption").choices("q", "a, b", title="How?").rating("r"), True),
        (LabelConfig.video("uri").choices("q", "a, b"), True),
        (LabelConfig.text("post").textarea("why"), True),
        (LabelConfig.text("post").labels("words", "a, b"), False),
        (LabelConfig.image("uri").rectangles("things", "a, b").choices("q", "a, b"), False),
        (LabelConfig.audio("uri").choices("q", "a, b"), False),
        (LabelConfig.pair("left", "right").pairwise("better"), False),
        (LabelConfig.image("uri"), False),
    ],
    ids=lambda value: value if isinstance(value, bool) else "-".join((*value.fields, *value.controls)),
)
def test_questions_stand_beside_what_they_are_about_where_it_fits(flat: LabelConfig, has_columns: bool) -> None:
    auto = flat.laid_out()
    assert ("lsnb-questions" in auto.xml) == has_columns
    assert auto.stacked() == flat
    assert auto.laid_out("stacked") == flat
    assert auto.laid_out() == auto
    if flat.controls:
        beside = flat.laid_out("columns")
        assert "lsnb-questions" in beside.xml
        assert list(beside.stacked().controls) == list(flat.controls)
        assert beside.laid_out("columns") == beside
        assert beside.check() == flat.check()


def test_stacked_undoes_media_that_stick() -> None:
    flat = LabelConfig.header("Look").image("uri").choices("q", "a, b")
    assert flat.sticky_media().stacked() == flat


def test_a_long_list_of_answers_scrolls_by_itself() -> None:
    many = [f"answer {number}" for number in range(40)]
    config = LabelConfig.image("uri").choices("q", many, title="Which?", required=True)
    box = config.xml.partition('<View className="lsnb-options"')[2]
    assert "overflow-y: auto" in box.partition(">")[0]
    assert 'name="q"' in box
    assert config.controls["q"].labels == tuple(many)
    assert config.codebook["description"].tolist()[0] == "Which?"
    assert config.check() == []
    assert "lsnb-options" in LabelConfig.image("uri").choices("q", many[:12]).xml  # twelve are higher than the box
    for short in (many[:9], many):
        listed = LabelConfig.image("uri").choices("q", short, layout="select" if short is many else "vertical")
        assert "lsnb-options" not in listed.xml


REFUSALS = {
    "no media": (lambda: LabelConfig().choices("q", "a"), "needs an image, a text or another media"),
    "wrong media": (lambda: LabelConfig.text("t").rectangles("r", "a"), "needs Image, and this config shows Text"),
    "no answers": (lambda: IMAGE.choices("q", []), "no answers"),
    "a repeated answer": (lambda: IMAGE.choices("q", "a, b, a"), '"a" more than once'),
    "an empty answer": (lambda: IMAGE.choices("q", ["a", " "]), "empty answer"),
    "a repeated alias": (lambda: IMAGE.choices("q", "a, b", aliases={"a": "b"}), 'offers "b" 2 times'),
    "an unknown alias": (lambda: IMAGE.choices("q", "a, b", aliases={"c": "1"}), 'an alias for "c"'),
    "an alias that is a switch": (lambda: IMAGE.choices("q", "a", aliases={"a": "true"}), "another word"),
    "a taken name": (lambda: IMAGE.choices("uri", "a"), 'name "uri" stands 2 times'),
    "a repeated name": (lambda: IMAGE.rating("q").number("q"), 'name "q" stands 2 times'),
    "an unknown attribute": (lambda: IMAGE.rating("q", max_ratting=3), "did you mean maxRating"),
    "an attribute of the wrong type": (
        lambda: LabelConfig.image("uri", default_zoom="fill"),
        "auto or original or fit",
    ),
    "a column with a space": (lambda: LabelConfig.image("Post URL"), r'table\["Post_URL"\]'),
    "an accent": (lambda: LabelConfig.text("título"), "letters a to z"),
    "an empty column name": (lambda: LabelConfig.text(" "), "letters a to z"),
    "a control character": (lambda: IMAGE.choices("q", ["a\x00b"]), "control character"),
    "a name that is a number": (lambda: IMAGE.rating("1e3"), "another word"),
    "a name that is a switch": (lambda: IMAGE.rating("True"), "another word"),
    "money": (lambda: IMAGE.choices("q", ["$5"]), "takes the \\$ for a column"),
    "an unknown condition": (
        lambda: IMAGE.choices("seen", "yes").rating("q", visible_when={"sen": "yes"}),
        'did you mean "seen"',
    ),
    "an unknown answer": (
        lambda: IMAGE.choices("seen", "yes").rating("q", visible_when={"seen": "yess"}),
        'did you mean "yes"',
    ),
    "two conditions": (lambda: IMAGE.choices("s", "y").rating("q", visible_when="s", visible_unless="s"), "keep one"),
    "a comma in a condition": (
        lambda: IMAGE.choices("s", ["a, b"]).rating("q", visible_when={"s": "a, b"}),
        "a comma there for two answers",
    ),
    "a region question without regions": (lambda: IMAGE.rating("q", per_region=True), "nothing makes regions"),
    "one media to compare": (lambda: IMAGE.pairwise("q"), "needs two media"),
    "crossed bounds": (lambda: IMAGE.number("q", minimum=2, maximum=1), "higher maximum"),
    "no stars": (lambda: IMAGE.rating("q", stars=0), "1 or more"),
    "columns twice": (lambda: IMAGE.columns().columns(), "arranged already"),
    "an empty group": (lambda: IMAGE.group("More", lambda inner: inner), "adds no question"),
    "spans on an image": (lambda: IMAGE.labels("r", "a"), "on images use rectangles"),
    "no channels": (lambda: LabelConfig.timeseries("csv", []), "shows no channel"),
    "a column that is no name": (lambda: LabelConfig.image(None), "this is a NoneType: give a text"),
    "a column that is a number": (lambda: IMAGE.text(3), "this is a int: give a text"),
    "answers that are a number": (lambda: IMAGE.choices("q", 3), "q is 3: give a list of answers"),
    "labels that are none": (lambda: LabelConfig.text("t").labels("q", None), "is None: give a list"),
    "a taxonomy that is a number": (lambda: IMAGE.taxonomy("q", 3), "q is 3: give nested dicts"),
    "a path that is a number": (lambda: IMAGE.taxonomy("q", [3]), "the path 3: write it as a text"),
    "a heading that is none": (lambda: IMAGE.header(None), "is empty"),
    "instructions that are none": (lambda: IMAGE.instructions(None), "are empty"),
    "a group without a function": (lambda: IMAGE.group("More", IMAGE.rating("q")), "give a function that adds"),
    "a filter of nothing": (lambda: IMAGE.choices("q", "a").filter("f", None), "nothing to filter: give the name"),
    "channels that are none": (lambda: LabelConfig.timeseries("csv", None), "channels is None: give a list"),
    "channels that are one text": (lambda: LabelConfig.timeseries("csv", "speed"), "channels is 'speed': give a list"),
    "channels that are lists": (lambda: LabelConfig.timeseries("csv", [["a"]]), "names of columns as texts"),
    "a colour that is a number": (lambda: IMAGE.rectangles("r", {"a": 3}), "no texts \\('a': 3\\): give such as"),
    "a form that is none": (
        lambda: LabelConfig.from_form(coding_name=None, coding_values=3),
        "(?s)coding_name is None.*coding_values is 3",
    ),
    "a codebook that is no table": (
        lambda: LabelConfig.from_codebook([1]),
        "A codebook is a table, and this is a list",
    ),
    "upper case in JSON": (lambda: LabelConfig.timeseries("d", ["X"], url=False), 'write "x"'),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    attempt, words = REFUSALS[name]
    with pytest.raises(LabelConfigError, match=words):
        attempt()


def test_all_faults_at_once() -> None:
    with pytest.raises(LabelConfigError) as caught:
        IMAGE.number("q", minimum=2, maximum=1, step=0, slider=False)
    assert len(caught.value.problems) == 2


def test_the_outline_is_escaped() -> None:
    shown = IMAGE.choices("q", ODD).keypoints("k", PARTS)._repr_html_()
    assert "paw&lt;1&gt;" in shown
    assert "<View>" not in shown
    assert "70 in all" in shown
    assert repr(IMAGE.rating("q")) == "LabelConfig(shows $uri; asks q)"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_of_xml_is_read_whatever_wrote_it(encoding: str, tmp_path: Path) -> None:
    config = LabelConfig.text("t").choices("mood", ["schön", "häßlich"])
    (tmp_path / "config.xml").write_bytes(config.xml.encode(encoding))
    assert LabelConfig.from_xml(tmp_path / "config.xml") == config


def test_a_file_that_is_no_config_is_a_sentence(tmp_path: Path) -> None:
    config = LabelConfig.text("t").choices("mood", ["schön", "häßlich"])
    (tmp_path / "old.xml").write_bytes(config.xml.encode("latin-1"))
    with pytest.warns(UserWarning, match="old.xml does not say .* save it as UTF-8"):
        assert LabelConfig.from_xml(tmp_path / "old.xml") == config
    with pytest.raises(InputError, match="is a folder: give a file"):
        LabelConfig.from_xml(tmp_path)
    with pytest.raises(MissingFileError, match="There is no file"):
        LabelConfig.from_xml(tmp_path / "gone.xml")
