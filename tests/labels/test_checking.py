"""Mutations of good configs: each is caught, with the tag named and the remedy said."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from cases import CASES

from lsnb import LabelConfig
from lsnb.errors import InputError, LabelConfigError
from lsnb.labels.check import structure_problems

GOOD = """<View>
  <Image name="photo" value="$uri"/>
  <Text name="words" value="$caption"/>
  <RectangleLabels name="box" toName="photo"><Label value="cat"/><Label value="dog"/></RectangleLabels>
  <Choices name="mood" toName="words" choice="single" required="true">
    <Choice value="good"/><Choice value="bad"/>
  </Choices>
  <Choices name="why" toName="words" visibleWhen="choice-selected" whenTagName="mood" whenChoiceValue="bad">
    <Choice value="dark"/><Choice value="blurred"/>
  </Choices>
  <TextArea name="note" toName="photo" perRegion="true"/>
</View>"""

# What is replaced, by what, the tag that must be named, and words of the remedy.
MUTATIONS = {
    "a misspelt tag": ("<TextArea", "<TextAera", "TextAera", "did you mean TextArea"),
    "a tag in lower case": ("<Image", "<image", "image", "spelt Image"),
    "an unknown tag": ("<TextArea", "<Blackboard", "Blackboard", "remove it"),
    "a tag of another edition": ("<TextArea", "<Chat", "Chat", "Paragraphs"),
    "a tag not in this release": ("<TextArea", "<VideoVector", "VideoVector", "VideoRectangle"),
    "a misspelt attribute": ('required="true"', 'requierd="true"', "Choices", "did you mean required"),
    "toName in lower case": ('toName="photo" perRegion', 'toname="photo" perRegion', "TextArea", "write toName"),
    "no toName": ('name="note" toName="photo"', 'name="note"', "TextArea", "no toName"),
    "toName of nothing": ('name="box" toName="photo"', 'name="box" toName="foto"', "RectangleLabels", '"photo"'),
    "toName of a control": ('name="mood" toName="words"', 'name="mood" toName="box"', "Choices", "no media has"),
    "the wrong media": ('name="box" toName="photo"', 'name="box" toName="words"', "RectangleLabels", "works on Image"),
    "a tool on two media": ('"box" toName="photo"', '"box" toName="photo,words"', "RectangleLabels", "keep one"),
    "a repeated name": ('name="note"', 'name="mood"', "TextArea", "names must differ"),
    "no name": ('name="note" ', "", "TextArea", "has no name"),
    "no answers": ('<Choice value="good"/><Choice value="bad"/>', "", "Choices", "has no answers"),
    "an empty answer": ('<Choice value="good"/>', '<Choice value=" "/>', "Choice", "empty value"),
    "a repeated answer": ('<Choice value="good"/>', '<Choice value="bad"/>', "Choices", '"bad" 2 times'),
    "a repeated label": ('<Label value="dog"/>', '<Label value="cat"/>', "RectangleLabels", '"cat" 2 times'),
    "an alias like an answer": ('<Choice value="good"/>', '<Choice value="x" alias="bad"/>', "Choices", "2 times"),
    "no $": ('value="$uri"', 'value="uri"', "Image", 'value="$uri"'),
    "no $ on a text": ('value="$caption"', 'value="caption"', "Text", 'value="$caption"'),
    "a key with a space": ('value="$uri"', 'value="$Post URL"', "Image", '"$Post"'),
    "no value": (' value="$uri"', "", "Image", "has no value"),
    "not a switch": ('required="true"', 'required="yes"', "Choices", "true or false"),
    "a text that is a switch": ('perRegion="true"', 'placeholder="true"', "TextArea", "another word"),
    "not a number": ('perRegion="true"', 'rows="three"', "TextArea", "not a number"),
    "not a word of the list": ('choice="single"', 'choice="singel"', "Choices", "Did you mean single"),
    "out of range": ('name="box"', 'name="box" opacity="6"', "RectangleLabels", "from 0 to 1"),
    "an option outside": ("</Choices>\n  <TextArea", '</Choices>\n  <Choice value="x"/><TextArea', "Choice", "outside"),
    "the wrong child": ('<Label value="dog"/>', '<Rating name="r" toName="photo"/>', "Rating", "move it out"),
    "nested without leave": (
        '<Choice value="good"/>',
        '<Choice value="good"><Choice value="very"/></Choice>',
        "Choices",
        'allowNested="true"',
    ),
    "the same key": (
        '<Label value="cat"/><Label value="dog"/>',
        '<Label value="cat" hotkey="a"/><Label value="dog" hotkey="a"/>',
        "Label",
        "its own key",
    ),
    "a condition on nothing": ('whenTagName="mood"', 'whenTagName="mod"', "Choices", 'did you mean "mood"'),
    "a condition on no answer": ('whenChoiceValue="bad"', 'whenChoiceValue="bed"', "Choices", 'did you mean "bad"'),
    "a condition of no kind": ('"choice-selected"', '"choice-select"', "Choices", "Did you mean choice-selected"),
    "a condition without a name": ('whenTagName="mood" ', "", "Choices", "without whenTagName"),
    "a region question without regions": (
        'name="note" toName="photo"',
        'name="note" toName="words"',
        "TextArea",
        "region",
    ),
    "per region and per item": ('perRegion="true"', 'perRegion="true" perItem="true"', "TextArea", "keep one"),
}


def test_the_good_config_is_good() -> None:
    assert LabelConfig.from_xml(GOOD).check() == []


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutations(name: str) -> None:
    old, new, tag, words = MUTATIONS[name]
    assert old in GOOD
    problems = LabelConfig.from_xml(GOOD.replace(old, new)).check()
    found = [problem for problem in problems if problem.tag == tag]
    assert any(words in str(problem) for problem in found), [str(problem) for problem in problems]
    for problem in problems:
        assert str(problem).endswith((".", "?"))
        assert str(problem)[0].isupper() or problem.tag[0].islower()


ALONE = {
    "a polygon on a video": (
        '<View><Video name="v" value="$v"/>'
        '<PolygonLabels name="p" toName="v"><Label value="a"/></PolygonLabels></View>',
        "PolygonLabels",
        '"v" is a Video',
    ),
    "labels on a video without boxes": (
        '<View><Video name="v" value="$v"/><Labels name="p" toName="v"><Label value="a"/></Labels></View>',
        "Labels",
        "add a VideoRectangle",
    ),
    "a comparison with itself": (
        '<View><Text name="t" value="$t"/><Pairwise name="p" toName="t,t"/></View>',
        "Pairwise",
        "two different names",
    ),
    "a filter of nothing": (
        '<View><Text name="t" value="$t"/><Filter name="f" toName="t"/><Rating name="r" toName="t"/></View>',
        "Filter",
        "add Choices or Labels",
    ),
    "a speed out of range": (
        '<View><Video name="v" value="$v" defaultPlaybackSpeed="20"/><Rating name="r" toName="v"/></View>',
        "Video",
        "0.05 to 10",
    ),
    "a slow speed above the usual one": (
        '<View><Video name="v" value="$v" defaultPlaybackSpeed="1" minPlaybackSpeed="2"/>'
        '<Rating name="r" toName="v"/></View>',
        "Video",
        "lower it",
    ),
    "a channel outside": (
        '<View><Text name="t" value="$t"/><Channel column="x"/><Rating name="r" toName="t"/></View>',
        "Channel",
        "outside of TimeSeries",
    ),
    "an old name of sync": (
        '<View><TimeSeries name="s" value="$s" snyc="g"><Channel column="x"/></TimeSeries>'
        '<Rating name="r" toName="s"/></View>',
        "TimeSeries",
        "did you mean sync",
    ),
    "nothing asked": ('<View><Image name="i" value="$i"/></View>', "View", "asks nothing"),
    "nothing at all": ("<View/>", "View", "asks nothing"),
}


@pytest.mark.parametrize("name", ALONE)
def test_faults_of_other_configs(name: str) -> None:
    text, tag, words = ALONE[name]
    problems = LabelConfig.from_xml(text).check()
    assert [problem.tag for problem in problems] == [tag]
    assert words in str(problems[0])


def test_every_problem_at_once() -> None:
    text = GOOD.replace("<TextArea", "<TextAera").replace('"$uri"', '"uri"').replace('value="dog"', 'value="cat"')
    config = LabelConfig.from_xml(text)
    with pytest.raises(LabelConfigError) as caught:
        config.raise_for_problems()
    assert len(caught.value.problems) == 3
    assert caught.value.problems == tuple(str(problem) for problem in config.check())


def test_a_good_config_raises_nothing() -> None:
    LabelConfig.from_xml(GOOD).raise_for_problems()


def test_an_older_server() -> None:
    config = CASES["VectorLabels"]
    assert config.check(release="1.23.2") == []
    assert config.check(release="1.24.0.dev3") == []
    [problem] = config.check(release="1.16.0")
    assert problem.tag == "VectorLabels"
    assert "needs Label Studio 1.22.0, and this server runs 1.16.0" in str(problem)
    [problem] = CASES["video with time series"].check(release="1.19.0")
    assert "with sync needs Label Studio 1.20.0" in str(problem)


TABLE = pd.DataFrame(
    {
        "id": ["1", "2"],
        "uri": ["gs://bucket/a.jpg", "https://example.org/b.PNG?x=1"],
        "clip": ["gs://bucket/a.mp4", "gs://bucket/b.mp4"],
        "caption": ["a", "b"],
        "file": ["photos/a.jpg", "b.jpg"],
        "likes": [3, 4],
        "fps": [25.0, 30.0],
        "rate": ["25", "fast"],
        "empty": [None, None],
        "blank": ["", ""],
        "pages": [["a"], ["b"]],
        "pages_text": ['["a"]', '["b"]'],
        "Post URL": ["gs://bucket/a.jpg", "gs://bucket/b.jpg"],
    }
)

COLUMNS = {
    "good": (LabelConfig.image("uri").text("caption"), None),
    "a number as text": (LabelConfig.image("uri").text("likes"), None),
    "a frame rate": (LabelConfig.video("clip", frame_rate="fps"), None),
    "a list": (LabelConfig.images("pages"), None),
    "no such column": (LabelConfig.image("url"), "no column url: did you mean uri?"),
    "nothing like it": (LabelConfig.image("zzz"), "its columns are id, uri"),
    "a column with a space": (LabelConfig.image("Post_URL"), 'table["Post_URL"] = table["Post URL"]'),
    "a number as an image": (LabelConfig.image("likes"), "holds 3: it must hold the address of an image"),
    "file names": (LabelConfig.image("file"), '"photos/a.jpg", which is no address'),
    "videos as images": (LabelConfig.image("clip"), "holds video files: show it with video"),
    "images as videos": (LabelConfig.video("uri"), "holds image files: show it with image"),
    "an empty column": (LabelConfig.text("empty"), "is empty"),
    "a blank column": (LabelConfig.image("blank"), "is empty"),
    "a rate that is a word": (LabelConfig.video("clip", frame_rate="rate"), '"fast": it must hold numbers'),
    "a list as text": (LabelConfig.images("pages_text"), "must hold a list"),
    "a part of a text": (LabelConfig.image("caption.uri"), "must hold a dict"),
    "a table of text": (LabelConfig.table("caption"), "must hold a dict"),
    "an unknown column in a heading": (LabelConfig.header("By $autor").text("caption"), "no column autor"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns(name: str) -> None:
    config, words = COLUMNS[name]
    problems = config.rating("q").check(TABLE)
    if words is None:
        assert problems == []
    else:
        assert len(problems) == 1
        assert words in str(problems[0])


def test_a_table_of_media_that_were_not_uploaded_is_told_who_makes_the_column() -> None:
    [problem] = LabelConfig.image("uri").rating("q").check(TABLE[["id", "file"]])
    assert "Notebook 01 (bucket.upload) sends the files and makes that column" in str(problem)


def test_a_shown_column_that_comes_twice() -> None:
    twice = pd.concat([TABLE, TABLE[["uri", "caption"]]], axis=1)
    [problem] = LabelConfig.image("uri").rating("q").check(twice)
    assert str(problem) == (
        'Image "uri" shows $uri, and the table has 2 columns called uri: rename all but the one to show.'
    )
    assert LabelConfig.image("clip").rating("q").check(twice)[0].tag == "Image"


@pytest.mark.parametrize("given", [[1], [{"uri": "a"}], "media.csv", TABLE["uri"]])
def test_something_that_is_no_table(given: object) -> None:
    with pytest.raises(InputError, match=r"A table is needed to check against, not a \w+: read the file with"):
        LabelConfig.image("uri").rating("q").check(given)  # type: ignore[arg-type]


def test_a_release_is_a_text() -> None:
    with pytest.raises(InputError, match=r"release is 1\.1: give a text"):
        LabelConfig.image("uri").rating("q").check(release=1.10)  # type: ignore[arg-type]


def test_the_table_is_left_alone() -> None:
    before = TABLE.copy(deep=True)
    LabelConfig.image("uri").rating("q").check(TABLE)
    pd.testing.assert_frame_equal(TABLE, before)


def test_columns_may_be_numbers() -> None:
    table = pd.DataFrame([["gs://b/a.jpg"]])
    assert LabelConfig.image("0").rating("q").check(table) == []


def test_what_the_sdk_refuses_is_a_problem_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from lsnb.labels import config as module
    from lsnb.labels.check import find_reference_problems

    # Ours is stricter, so the SDK's own words are only seen where ours is silenced.
    monkeypatch.setattr(module, "structure_problems", lambda root, release: [])
    text = GOOD.replace('name="note"', 'name="mood"')
    [problem] = LabelConfig.from_xml(text).check()
    assert problem == find_reference_problems(text)[0]
    assert "Label Studio's own check refuses" in str(problem)


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    [
        '<Choices name="q{n}" toName="i"><Choice value="a"/></Choices>',
        '<Choices name="q{n}" toName="gone{n}" perRegion="true"/>',
        '<Choices name="q{n}"/><Image name="i{n}" value="$i{n}"/>',
        '<Rectangle name="r{n}" toName="i"/><Labels name="l{n}" toName="i"><Label value="a{n}"/></Labels>',
        '<Choices name="q{n}" toName="i" visibleWhen="choice-selected" whenTagName="gone{n}" requird="x"/>',
        '<Choicez{n} name="q"/>',
    ],
)
def test_large_configs_are_checked_in_time(part: str) -> None:
    parts = "".join(part.format(n=n) for n in range(300_000 // len(part)))
    started = time.process_time()
    config = LabelConfig.from_xml(f'<View><Image name="i" value="$i"/>{parts}</View>')
    problems = structure_problems(config._root())
    assert len(config.codebook) == 0 or list(config.codebook["variable"])
    assert all(len(problem.message) < 1000 for problem in problems)
    # What grows with the square of the size takes minutes.
    assert time.process_time() - started < 20


def test_a_share_may_carry_a_unit_and_blanks_do_not_hold_up_the_check() -> None:
    xml = '<View><Image name="i" value="$i"/><RectangleLabels name="r" toName="i" opacity="{}"><Label value="a"/>{}'
    for given in ("0.5em", "0.5", " 1 "):
        found = LabelConfig.from_xml(xml.format(given, "</RectangleLabels></View>"))
        assert not [problem for problem in structure_problems(found._root()) if "opacity" in problem.message]
    blanks = "1" + " " * 300_000 + "x"
    found = LabelConfig.from_xml(xml.format(blanks, "</RectangleLabels></View>"))
    assert any("opacity" in problem.message for problem in structure_problems(found._root()))
