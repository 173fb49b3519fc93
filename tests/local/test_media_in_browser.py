"""A real browser refuses the bucket's media without a rule, and shows them with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.cloud import storage

from lsnb import local
from lsnb.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

# What Label Studio's editor does with each kind of media, told as the page sees it.
SEE = """async ({image, video, text}) => {
  const seen = {};
  seen.image = await new Promise(resolve => {
    const element = new Image();
    element.crossOrigin = "anonymous";
    element.onload = () => resolve(element.naturalWidth);
    element.onerror = () => resolve("refused");
    element.src = image;
  });
  seen.text = await fetch(text).then(reply => reply.text()).catch(() => "refused");
  seen.part = await fetch(text, {headers: {Range: "bytes=0-3", "X-Own": "1"}})
    .then(reply => reply.text()).catch(() => "refused");
  seen.video = await new Promise(resolve => {
    const element = document.createElement("video");
    element.crossOrigin = "anonymous";
    element.muted = true;
    element.onerror = () => resolve("refused");
    element.onseeked = () => resolve([element.readyState >= 2, element.currentTime, element.videoWidth]);
    element.onloadeddata = () => { element.currentTime = 4; };
    element.src = video;
    document.body.append(element);
  });
  return seen;
}"""


def test_media_show_where_the_rule_lets_them(
    own: Stack, fresh_bucket: storage.Bucket, sign, browser: Browser, tmp_path: Path
) -> None:
    local.demo_images(tmp_path)
    local.demo_videos(tmp_path)
    addresses = {}
    for kind, name, content_type in (
        ("image", "chelsea.png", "image/png"),
        ("video", "bikes.mp4", "video/mp4"),
        ("text", "../table.csv", "text/csv"),
    ):
        blob = fresh_bucket.blob(f"ä b#1/{kind}")
        blob.upload_from_filename(str(tmp_path / "media" / name), content_type=content_type)
        addresses[kind] = sign(blob)
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{own.url}/health")
    refused = dict.fromkeys(("image", "text", "part", "video"), "refused")

    assert page.evaluate(SEE, addresses) == refused, "no rule"

    rule = {"origin": [own.url.replace("127.0.0.1", "localhost")], "method": ["GET"], "responseHeader": ["Range"]}
    fresh_bucket.cors = [rule]
    fresh_bucket.patch()
    assert page.evaluate(SEE, addresses) == refused, "another origin"

    fresh_bucket.cors = [rule, {**rule, "origin": [own.url], "responseHeader": ["Range", "Content-Range"]}]
    fresh_bucket.patch()
    seen = page.evaluate(SEE, addresses)
    assert seen["image"] == 451
    assert seen["text"].startswith("user,id,caption,path")
    assert seen["part"] == "refused", "a header that the rule does not name"
    assert seen["video"] == [True, 4, 640]

    for kind in addresses:
        addresses[kind] = addresses[kind].partition("?")[0]
    assert page.evaluate(SEE, addresses)["image"] == "refused", "not signed"
    context.close()
