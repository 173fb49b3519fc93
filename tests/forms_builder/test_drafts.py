"""The page behind the builder: parts make the config that code would make, and any config reads back as parts."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labels.cases import BY_HAND, CASES

from lsnb import LabelConfig
from lsnb.forms.page import MEDIA_KINDS, QUESTION_KINDS, Draft, Kept, Question, Shown, first_draft, read_draft

IMAGE = LabelConfig.image("uri")
MIXED = "good, bad\nmixed"


@pytest.mark.parametrize(
    ("question", "same"),
    [
        (Question("q", "choices", options=MIXED), IMAGE.choices("q", ["good", "bad", "mixed"])),
        (
            Question("q", title="Mood?", options=MIXED, multiple=True, required=True),
            IMAGE.choices("q", ["good", "bad", "mixed"], title="Mood?", multiple=True, required=True),
        ),
        (Question("q", options='yes, "no, never"'), IMAGE.choices("q", ["yes", "no, never"])),
        (Question("q", options="$answers"), IMAGE.choices("q", "$answers")),
        (
            Question("q", "taxonomy", options="animal/dog\nanimal/cat", multiple=True),
            IMAGE.taxonomy("q", ["animal/dog", "animal/cat"]),
        ),
        (Question("q", "rating", required=True), IMAGE.rating("q", required=True)),
        (Question("q", "number"), IMAGE.number("q")),
        (Question("q", "textarea", title="Why?"), IMAGE.textarea("q", title="Why?")),
        (Question("q", "date"), IMAGE.datetime("q", only="date")),
        (Question("q", "datetime"), IMAGE.datetime("q")),
        (Question("q", "rectangles", options="cat, dog"), IMAGE.rectangles("q", ["cat", "dog"])),
        (Question("q", "polygons"), IMAGE.polygons("q")),
    ],
    ids=lambda value: value.kind if isinstance(value, Question) else "",
)
def test_a_question_is_what_code_would_make_and_reads_back(question: Question, same: LabelConfig) -> None:
    made = Draft((Shown(), question)).outcome()
    assert made.problems == ()
    assert made.config == same
    (shown, read) = read_draft(same).parts
    assert shown == Shown()
    assert isinstance(read, Question)
    assert (read.kind, read.title, read.answers) == (question.kind, question.title, question.answers)
    assert (read.multiple, read.required) == (question.multiple, question.required)


def test_tools_of_video_and_text() -> None:
    draft = Draft(
        (Shown("video"), Question("where", "video_boxes", options="mouse"), Question("when", "labels", options="a"))
    )
    assert draft.outcome().config == LabelConfig.video("uri").video_boxes("where", ["mouse"]).labels("when", ["a"])
    assert [type(part) for part in read_draft(draft.outcome().config).parts] == [Shown, Question, Question]
    series = Draft((Shown("timeseries", "csv", "x, y"), Question("when", "labels", options="a, b")))
    assert series.outcome().config == LabelConfig.timeseries("csv", ["x", "y"]).labels("when", ["a", "b"])
    pair = Draft((Shown("text", "a"), Shown("text", "b"), Question("better", "pairwise")))
    assert pair.outcome().config == LabelConfig.text("a").text("b").pairwise("better")


def test_a_question_for_each_region() -> None:
    draft = Draft(
        (Shown(), Question("r", "rectangles", options="cat"), Question("pose", options="sits", per_region=True))
    )
    assert draft.outcome().config.controls["pose"].per_region
    assert draft.outcome().config.check() == []
    assert (
        read_draft(draft.outcome().config).parts[2] == draft.parts[2]
        or read_draft(draft.outcome().config).parts[2].per_region
    )  # type: ignore[union-attr]


@pytest.mark.parametrize("name", [*CASES, "by hand"])
def test_any_config_reads_back_without_loss(name: str) -> None:
    config = CASES[name] if name in CASES else LabelConfig.from_xml(BY_HAND)
    outcome = read_draft(config).outcome()
    assert outcome.config == config
    assert outcome.problems == ()


def test_hand_written_questions_can_be_edited_and_the_rest_is_kept() -> None:
    config = LabelConfig.from_xml(
        """<View style="padding: 1em">
          <!-- by a colleague -->
          <Style>.a { color: red }</Style>
          <Header value="Look closely"/>
          <Image name="photo" value="$uri" zoom="true"/>
          <Choices name="mood" toName="photo" showInline="true"><Choice value="good"/><Choice value="bad"/></Choices>
          <TextArea name="why" toName="photo"/>
          <Rating name="stars" toName="photo" maxRating="7"/>
          <Unheard name="x"/>
        </View>"""
    )
    draft = read_draft(config)
    assert draft.outcome().config == config
    assert [type(part) for part in draft.parts] == [Kept, Shown, Question, Question, Question, Kept]
    mood = draft.parts[2]
    assert isinstance(mood, Question)
    edited = draft.changed(2, Question(**{**mood.__dict__, "options": "good, bad, mixed", "multiple": True})).outcome()
    control = edited.config.controls["mood"]
    assert (control.labels, control.multiple) == (("good", "bad", "mixed"), True)
    assert 'showInline="true"' in edited.config.xml
    assert "by a colleague" in edited.config.xml


def test_what_is_not_finished_is_left_out_and_named() -> None:
    outcome = Draft(
        (
            Question("early", options="a"),
            Shown(),
            Question(),
            Question("mood", options='a, "b'),
            Question("mood", options="a, a"),
            Question("where", "labels", options="a"),
            Question("better", "pairwise"),
            Question("mood", options="a, b"),
            Question("mood", options="c"),
            Shown("text", ""),
            Shown("text", "my column"),
            Shown("timeseries", "csv"),
            Question("about", options="a", about="gone"),
        )
    ).outcome()
    assert list(outcome.config.controls) == ["mood"]
    assert outcome.config.controls["mood"].labels == ("a", "b")
    assert outcome.left_out == 11
    text = "\n".join(outcome.problems)
    for part in (
        'Part 1, the question "early": Nothing is shown above it',
        "Part 3, the question: It has no name yet",
        "Part 3, the question: It has no answers yet",
        "a quotation mark that is opened and not closed",
        "more than once",
        '"Mark stretches of text or time" works on text or web page (html) or conversation',
        "It compares two",
        "Part 10, the text: Say which column to show.",
        'Label Studio cannot show a column called "my column"',
        "Say which columns of the time series' files to plot",
        'It is about "gone", which is not shown above it',
    ):
        assert part in text
    assert "XML" not in text


def test_every_kind_has_a_summary_and_says_what_is_missing() -> None:
    for kind in QUESTION_KINDS:
        question = Question(kind=kind, required=True, per_region=True, multiple=True, options=", ".join("abcdefgh"))
        assert question.summary
        assert any("no name yet" in problem for problem in Draft((Shown(), question)).outcome().problems)


def test_the_first_draft_takes_the_column_that_looks_like_media() -> None:
    assert first_draft(None).parts == (Shown("image", "uri"),)
    assert first_draft(pd.DataFrame({"id": [1], "video": ["a"]})).parts == (Shown("video", "video"),)
    assert first_draft(pd.DataFrame({"id": [1], "x": ["a"]})).parts == (Shown("image", "id"),)


def test_moving_and_removing() -> None:
    draft = Draft((Shown(), Question("a", options="x"), Question("b", options="x")))
    assert list(draft.moved(2, -1).outcome().config.controls) == ["b", "a"]
    assert draft.moved(0, -1) == draft
    assert list(draft.removed(1).outcome().config.controls) == ["b"]


TYPED = st.sampled_from(
    ["", "a", "b", "uri", "A&B", "<b>", 'a "b"', '"', "ünï", "my name", "$x", "9", "true", "a, b", "a/b\nc"]
)
PARTS = st.one_of(
    st.builds(Shown, kind=st.sampled_from(list(MEDIA_KINDS)), column=TYPED, channels=TYPED),
    st.builds(
        Question,
        name=TYPED,
        kind=st.sampled_from(list(QUESTION_KINDS)),
        title=TYPED,
        options=TYPED,
        multiple=st.booleans(),
        required=st.booleans(),
        per_region=st.booleans(),
        about=st.sampled_from(["", "uri", "a"]),
    ),
)


@given(st.lists(PARTS, max_size=6))
@settings(max_examples=150, database=None)
def test_whatever_is_typed_gives_a_config_and_sentences(parts: list[Shown | Question]) -> None:
    outcome = Draft((Shown(), *parts)).outcome()
    assert outcome.left_out == len({problem.split(",")[0] for problem in outcome.problems})
    # Whoever puts a series beside a video is told what keeps the two from playing together.
    told = ("asks nothing", "has no sync", "has no frameRate", "has no timeColumn")
    assert [p for p in outcome.config.check() if not any(words in p.message for words in told)] == []
    read = read_draft(outcome.config).outcome()
    assert (read.config, read.problems) == (outcome.config, ())
