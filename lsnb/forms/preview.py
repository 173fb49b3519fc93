"""What the builder shows of a config: Label Studio's own editor in a frame, or an outline.

The frame's page is ``preview.html``, which has the notebook's origin and hands whatever stands in the element
``.lsnb-preview-draft`` beside it to a frame within. That one's page is ``preview_editor.html``, which loads the editor
from the public files of a Label Studio, with no project, no task and no key. The server's scripts run in it, so it is
sandboxed and has no origin: the notebook, its cookies and its kernels are another site's to them.
"""

from __future__ import annotations

import base64
import html
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources
from numbers import Real
from typing import Any
from urllib.parse import urlsplit

from lsnb.errors import InputError
from lsnb.kernel.secrecy import shown_address
from lsnb.labels import Field, LabelConfig
from lsnb.labels.check import structure_problems
from lsnb.labels.tree import attribute, parse, walk

# One task that a config can show: from the table's first row where a browser can show it, else samples.


# Every Label Studio serves these to everybody.
_FILES = {"image": "kittens.jpg", "video": "opossum_snow.mp4", "audio": "game.wav", "pdf": "sample.pdf"}
_TEXT = "This is where the text to annotate stands. The preview shows a sample; annotators see your own."
_TURNS = (("Ana", "How was the journey?"), ("Ben", "Long, and we were glad to arrive."))
_ROWS = 200


Fetch = Callable[[str, str], str | None]
"""Takes the address of an object in a bucket and its kind, and gives its content as an address, or None."""


def sample_task(
    config: LabelConfig, address: str, row: Mapping[str, Any] | None = None, fetch: Fetch | None = None
) -> dict[str, Any]:
    """Return a task's data with every key that a config shows.

    Args:
        config: Any config.
        address: The server's address, whose sample media are used.
        row: A row of the user's table: its texts, numbers and web addresses are shown as they are.
        fetch: What gives the content of the row's objects in a bucket; those that it has not are samples.

    Example:
        >>> config = LabelConfig.image("uri").text("caption")
        >>> sample_task(config, "http://127.0.0.1:8080", {"uri": "gs://b/1.png", "caption": "A cat."})
        {'uri': 'http://127.0.0.1:8080/static/samples/kittens.jpg', 'caption': 'A cat.'}
    """
    given = row or {}
    return {
        key: _plain(given[key])
        if _is_showable(field, given.get(key))
        else _fetched(field, given.get(key), fetch) or _sample(config, key, field, address)
        for key, field in config.fields.items()
    }


def _fetched(field: Field, value: Any, fetch: Fetch | None) -> str | None:
    is_there = fetch is not None and field.is_url and isinstance(value, str) and value.startswith("gs://")
    return fetch(value, field.kind) if fetch and is_there else None


def _is_showable(field: Field, value: Any) -> bool:
    if field.kind == "number":
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not isinstance(value, str) or not value.strip():
        return False
    if field.is_url:
        return value.startswith(("http://", "https://"))
    return field.kind in ("text", "hypertext")


def _plain(value: Any) -> Any:
    """Return a number of pandas' as one that JSON knows."""
    return value if isinstance(value, str) else float(value)


def _sample(config: LabelConfig, key: str, field: Field, address: str) -> Any:
    if field.kind in _FILES:
        return f"{address}/static/samples/{_FILES[field.kind]}"
    match field.kind:
        case "images":
            return [f"{address}/static/samples/{name}" for name in ("kittens.jpg", "kittens1.jpg")]
        case "text":
            return _as_file("text/plain", _TEXT) if field.is_url else _TEXT
        case "hypertext":
            page = f"<h3>A sample page</h3><p>{_TEXT}</p>"
            return _as_file("text/html", page) if field.is_url else page
        case "paragraphs":
            return _conversation(config, key, field.is_url)
        case "timeseries":
            return _series(config, key, field.is_url)
        case "number":
            return 25
        case "options":
            return [{"value": "first answer"}, {"value": "second answer"}]
        case "list":
            return [{"id": text, "title": text, "body": f"This is {text}."} for text in ("the first", "the second")]
        case "table":
            return {"column": "value"}
        case _:
            return [{}]


def _as_file(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"


def _tag_of(config: LabelConfig, key: str) -> Any:
    return next(tag for tag in walk(parse(config.xml)) if attribute(tag, "value") == f"${key}")


def _conversation(config: LabelConfig, key: str, is_url: bool) -> Any:
    tag = _tag_of(config, key)
    who, what = attribute(tag, "nameKey") or "author", attribute(tag, "textKey") or "text"
    turns = [
        {who: name, what: text, "start": float(number), "end": number + 1.0}
        for number, (name, text) in enumerate(_TURNS)
    ]
    return _as_file("application/json", json.dumps(turns)) if is_url else turns


def _series(config: LabelConfig, key: str, is_url: bool) -> Any:
    tag = _tag_of(config, key)
    columns = [attribute(e, "column") or "" for e in walk(tag) if str(e.tag).lower() == "channel"]
    time, dated = attribute(tag, "timeColumn"), attribute(tag, "timeFormat")
    data: dict[str, list[Any]] = {}
    if time:
        data[time] = [_moment(row, dated) for row in range(_ROWS)]
    for number, column in enumerate(columns, start=1):
        data[column] = [round(math.sin(row * number / 10), 4) for row in range(_ROWS)]
    if not is_url:
        return data
    separator = attribute(tag, "sep") or ","
    lines = [separator.join(data), *(separator.join(map(str, values)) for values in zip(*data.values(), strict=True))]
    return _as_file("text/csv", "\n".join(lines))


def _moment(row: int, dated: str | None) -> Any:
    return (datetime(2020, 1, 1) + timedelta(seconds=row)).strftime(dated) if dated else row / 10


# Of a sandbox or a slow line: the page says so by itself and shows the outline.
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Preview:
    """A Label Studio that draws previews.

    Args:
        address: Where a browser reaches it, without a slash at the end.
        open_project: Puts a config into a scratch project and returns the project's address.
        timeout: Seconds after which the frame shows an outline instead.
        fetch: What gives the content of objects in a bucket.
    """

    address: str
    open_project: Callable[[LabelConfig], str] | None = field(default=None, repr=False, compare=False)
    timeout: float = TIMEOUT_SECONDS
    fetch: Fetch | None = field(default=None, repr=False, compare=False)

    @property
    def frame(self) -> str:
        """The frame as HTML. It stays while configs change, so that the editor is loaded once."""
        editor = _page("preview_editor.html", {"address": self.address})
        settings = {
            "address": self.address, "seconds": self.timeout, "canOpen": self.open_project is not None,
            "page": editor.replace("__POLICY__", html.escape(_policy(self.address))),
        }  # fmt: skip
        page = _page("preview.html", settings)
        return (
            f'<iframe class="lsnb-preview-frame" title="Preview" srcdoc="{html.escape(page)}" '
            'style="width: 100%; height: 420px; border: 1px solid #ccc; border-radius: 4px; background: white">'
            "</iframe>"
        )

    def draft(self, config: LabelConfig, row: Mapping[str, Any] | None) -> str:
        """Return what the frame is to draw, as HTML that is not seen.

        Args:
            config: The config.
            row: A row of the user's table, or None for samples alone.
        """
        content = {
            "config": config.xml,
            "task": sample_task(config, self.address, row, self.fetch),
            "outline": outline(config),
            "isFaulty": bool(structure_problems(parse(config.xml))),
        }
        return f'<div class="lsnb-preview-draft" data-draft="{html.escape(json.dumps(content, default=str))}"></div>'


def _page(name: str, settings: Mapping[str, Any]) -> str:
    page = resources.files("lsnb.forms").joinpath(name).read_text(encoding="utf-8")
    return page.replace("__SETTINGS__", json.dumps(settings).replace("<", "\\u003c"))


def _policy(address: str) -> str:
    """Return what the editor's page may load: scripts from its Label Studio alone, media from anywhere."""
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.\-:\[\]%]+", parts.netloc):
        raise InputError(
            f"{shown_address(address)} is no address of a Label Studio: give one that begins with http:// or https://."
        )
    return (
        f"default-src 'none'; script-src {origin} 'unsafe-inline' 'unsafe-eval' blob: data:; worker-src blob: data:; "
        f"style-src {origin} 'unsafe-inline'; font-src {origin} data:; img-src * data: blob:; media-src * data: blob:; "
        f"connect-src {origin} https: data: blob:; frame-src 'none'; form-action 'none'; base-uri 'none'"
    )


def outline(config: LabelConfig) -> str:
    """Return a config as HTML, as annotators would roughly read it: what is shown, then each question and its answers.

    Args:
        config: Any config.

    Example:
        >>> "What is the mood?" in outline(LabelConfig.image("uri").choices("mood", "good", title="What is the mood?"))
        True
    """
    book = config.codebook
    heads = book[book["label"] == ""]
    titles = dict(zip(heads["variable"], heads["description"], strict=True))
    shown = [
        f"<p>[ {html.escape(found.kind)} from the column <b>{html.escape(key)}</b> ]</p>"
        for key, found in config.fields.items()
    ]
    asked = []
    for name, control in config.controls.items():
        several = control.multiple or control.row.option != "Choice"
        mark = "☐" if several else "○"
        answers = [" / ".join(path) for path in control.paths] or list(control.labels)
        manner = html.escape(control.row.way().short or f"[ {control.kind} ]")
        listed = " &nbsp; ".join(f"{mark} {html.escape(answer)}" for answer in answers) or manner
        title = html.escape(titles.get(name) or name)
        notes = [html.escape(name), *["required"] * control.required, *["for each region"] * control.per_region]
        asked.append(f"<p><b>{title}</b> <span style='opacity: .65'>({', '.join(notes)})</span><br>{listed}</p>")
    return "".join([*shown, *asked]) or "<p>Nothing is shown yet.</p>"
