"""What the builder shows of a config: Label Studio's own editor in a frame, or an outline.

The frame's page is ``preview.html``, which has the notebook's origin and hands whatever stands in the element
``.lsnb-preview-draft`` beside it to a frame within. That one's page is ``preview_editor.html``, which loads the editor
from the public files of a Label Studio, with no project, no task and no key. The server's scripts run in it, so it is
sandboxed and has no origin: the notebook, its cookies and its kernels are another site's to them.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from lsnb.errors import InputError
from lsnb.forms.sample_task import sample_task
from lsnb.labels import LabelConfig
from lsnb.labels.check import structure_problems
from lsnb.labels.tree import parse

# Of a sandbox or a slow line: the page says so by itself and shows the outline.
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Preview:
    """A Label Studio that draws previews.

    Args:
        address: Where a browser reaches it, without a slash at the end.
        open_project: Puts a config into a scratch project and returns the project's address.
        timeout: Seconds after which the frame shows an outline instead.
    """

    address: str
    open_project: Callable[[LabelConfig], str] | None = field(default=None, repr=False, compare=False)
    timeout: float = TIMEOUT_SECONDS

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
            "task": sample_task(config, self.address, row),
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
        raise InputError(f"{address!r} is no address of a Label Studio: give one that begins with http:// or https://.")
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
