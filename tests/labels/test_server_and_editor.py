"""Every config is accepted by the real server and drawn by the real editor; what the check refuses, one of them does
too, or it would lose answers silently."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from cases import BY_HAND, CASES
from editor import Editor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_task import task_for
from test_checking import ALONE, GOOD, MUTATIONS
from test_properties import STARTS, build, steps

from lsnb import LabelConfig
from lsnb.labels.vocabulary import TAGS

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from lsnb.stack import Stack

HANDFUL = ["Choices", "RectangleLabels", "per region", "columns", "video with time series", "Labels on text"]


@pytest.fixture(scope="module")
def server(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, headers={"Authorization": f"Token {stack.api_key}"}, timeout=60) as client:
        yield client


def _refusal(server: httpx.Client, xml: str) -> str:
    answer = server.post("/api/projects/validate/", json={"label_config": xml})
    return "" if answer.status_code == 204 else answer.text


@pytest.mark.parametrize("name", CASES)
def test_the_server_accepts(server: httpx.Client, name: str) -> None:
    assert _refusal(server, CASES[name].xml) == ""


# What is wrong with Label Studio 1.23.2's own templates.
TEMPLATE_FAULTS = {
    "Chatbot Model Assessment": "no toName",
    "Question Answering": "maxUsage",
    "Document Retrieval": '"Two" 2 times',
}


def test_label_studios_own_templates(server: httpx.Client) -> None:
    templates = server.get("/api/templates").json()["templates"]
    assert len(templates) > 60
    for template in templates:
        config = LabelConfig.from_xml(template["config"])
        assert LabelConfig.from_xml(config.xml).xml == config.xml
        problems = [str(problem) for problem in config.check()]
        if any("Enterprise" in problem for problem in problems):
            continue
        if template["title"] in TEMPLATE_FAULTS:
            assert TEMPLATE_FAULTS[template["title"]] in " ".join(problems)
        else:
            assert problems == [], template["title"]
            assert config.controls


@pytest.fixture
def editor(page: Page, stack: Stack) -> Editor:
    return Editor(page, stack.url)


def _assert_drawn(editor: Editor, config: LabelConfig, name: str) -> None:
    drawn = editor.draw(config.xml, task_for(config))
    assert drawn["errors"] == [], name
    assert drawn["waiting"] == [], name
    assert set(config.controls) <= set(drawn["names"]), name


@pytest.mark.browser
def test_the_editor_draws(editor: Editor) -> None:
    for name in HANDFUL:
        _assert_drawn(editor, CASES[name], name)
    drawn = editor.draw(CASES["Choices"].xml, task_for(CASES["Choices"]))
    for shown in ("A&B", 'a "b"', "paw<1>", 'Is it "odd" & <strange>?'):
        assert shown in drawn["text"]


@pytest.mark.browser
@pytest.mark.exhaustive
def test_the_editor_draws_every_tag_and_template(editor: Editor) -> None:
    for name, config in CASES.items():
        _assert_drawn(editor, config, name)
    _assert_drawn(editor, LabelConfig.from_xml(BY_HAND.replace("Repeater", "View")), "by hand")


@pytest.mark.browser
@pytest.mark.exhaustive
def test_the_editor_draws_whatever_is_built(editor: Editor) -> None:
    @given(STARTS, st.lists(steps(), min_size=3, max_size=8))
    @settings(max_examples=100, suppress_health_check=list(HealthCheck), database=None)
    def drawn(start: str, calls: list[tuple[str, tuple[object, ...], dict[str, object]]]) -> None:
        config = build(start, calls)
        _assert_drawn(editor, config, config.xml)

    drawn()


# These work in the editor and go wrong elsewhere: the server skips them on export, or answers cannot be told apart.
ONLY_OURS = {
    "a misspelt attribute",
    "toName in lower case",
    "no toName",
    "toName of a control",
    "a repeated name",
    "a repeated answer",
    "a repeated label",
    "an alias like an answer",
    "an empty answer",
    "no $",
    "no $ on a text",
    "a key with a space",
    "not a number",
    "nested without leave",
    "the same key",
    "a condition on nothing",
    "a condition on no answer",
    "a condition of no kind",
    "a condition without a name",
    "a region question without regions",
    "an unknown tag",
    "a tool on two media",
}


@pytest.mark.browser
@pytest.mark.exhaustive
def test_what_the_check_refuses_fails_in_the_editor_or_the_server(server: httpx.Client, editor: Editor) -> None:
    silent = set()
    for name, (old, new, _, _) in MUTATIONS.items():
        text = GOOD.replace(old, new)
        config = LabelConfig.from_xml(text)
        task = {"uri": "", "caption": "A text.", **task_for(config)}
        if not _refusal(server, text) and not editor.draw(text, task)["errors"]:
            silent.add(name)
    assert silent <= ONLY_OURS, silent - ONLY_OURS
    for name in ("a polygon on a video", "a channel outside"):
        config = LabelConfig.from_xml(ALONE[name][0])
        assert editor.draw(config.xml, task_for(config))["errors"], name


@pytest.mark.browser
@pytest.mark.exhaustive
def test_the_tag_table_agrees_with_the_editor(editor: Editor) -> None:
    models: dict[str, set[str]] = {}
    for config in CASES.values():
        editor.draw(config.xml, task_for(config))
        for tag, attributes in editor.models().items():
            models.setdefault(tag, set()).update(attributes)
    # Ignored by the editor and read by Label Studio's converters, or accepted by its documentation.
    elsewhere = {"category", "style"}
    for tag in TAGS.values():
        if tag.name.lower() in models:
            unknown = {name.lower() for name in tag.attributes} - models[tag.name.lower()] - elsewhere
            assert unknown == set(), tag.name
    assert len(models) > 45


@pytest.mark.exhaustive
def test_the_tag_table_is_complete(server: httpx.Client) -> None:
    main = server.get("/react-app/main.js").text
    chunks = {
        number
        for found in re.findall(r"Promise\.all\(\[([^\]]+)\]\)", main)
        for number in re.findall(r"e\((\d+)\)", found)
    }
    registered: set[str] = set()
    for number in chunks:
        registered |= set(re.findall(r'addTag\("([a-z]+)"', server.get(f"/react-app/{number}.js").text))
    parts_of_others = {"pagedview", "custominterface"}
    known = {name.lower() for name in TAGS}
    assert {tag for tag in registered if not tag.endswith("region")} - parts_of_others == known - {"repeater"}
