"""Label Studio's own page shows a picture of the bucket with the stack's rule, and really not without it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from signing_in import sign_in
from stack_tools import client_of

import lsnb
from lsnb.bucket import Bucket
from lsnb.stack import Stack
from lsnb.study import Studio, Study

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

# What the page itself says of a picture that it was not let to read.
REFUSED = "There was an issue loading URL"
DRAWN = "() => [...document.querySelectorAll('img[alt=image]')].some(i => i.complete && i.naturalWidth > 0)"


@pytest.fixture
def set_rules(stack: Stack) -> Iterator[Callable[[list[dict[str, Any]]], None]]:
    """Replaces the rules of the stack's bucket until the test is over."""
    shared = client_of(stack).get_bucket(stack.bucket)
    before = list(shared.cors)

    def change(rules: list[dict[str, Any]]) -> None:
        shared.cors = rules
        shared.patch()

    yield change
    change(before)


@pytest.fixture
def study(studio: Studio, stack: Stack, tmp_path: Path) -> Iterator[Study]:
    bucket: Bucket = lsnb.open_bucket("local")
    table = lsnb.read_table(lsnb.local.demo_images(tmp_path), key="id").head(1)
    media = bucket.upload(table, path="path", name="rules/{id}", progress=False)
    media.raise_for_failures()
    config = lsnb.LabelConfig.image("uri").choices("seen", ["yes", "no"])
    made = studio.create_study("Rules of the bucket", config, media.table, key="id", annotators=1, bucket=bucket)
    yield made
    made.delete(made.title, out=tmp_path / "saved.zip")


@pytest.mark.slow
def test_a_picture_shows_by_the_rule_alone(
    stack: Stack, study: Study, set_rules: Callable[[list[dict[str, Any]]], None], browser: Browser
) -> None:
    rules = client_of(stack).get_bucket(stack.bucket).cors

    def is_drawn() -> bool:
        # A browser of its own each time, which remembers neither picture nor preflight.
        context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
        context.add_cookies(sign_in(stack))  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(study.projects["url"][0])
        page.get_by_role("button", name=re.compile("Label All", re.IGNORECASE)).click()
        page.wait_for_function(f"() => document.body.innerText.includes({REFUSED!r}) || ({DRAWN})()")
        drawn = bool(page.evaluate(DRAWN))
        context.close()
        return drawn

    elsewhere = [{**rule, "origin": ["https://elsewhere.example.org"]} for rule in rules]
    set_rules([])
    assert not is_drawn(), "no rule"
    set_rules(elsewhere)
    assert not is_drawn(), "another origin's"
    set_rules(list(rules))
    assert is_drawn(), "the rule that every start adds, without allow_origins"
