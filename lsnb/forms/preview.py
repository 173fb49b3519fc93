"""What the builder shows of a config: Label Studio's own editor in a frame, or an outline.

The frame's page is ``preview.html``. It loads the editor from the public files of a Label Studio, with no project, no
task and no key, and draws whatever stands in the element ``.lsnb-preview-draft`` beside it.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

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
        settings = {"address": self.address, "seconds": self.timeout, "canOpen": self.open_project is not None}
        page = resources.files("lsnb.forms").joinpath("preview.html").read_text(encoding="utf-8")
        page = page.replace("__SETTINGS__", json.dumps(settings).replace("<", "\\u003c"))
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
        several = control.multiple or control.tag not in ("Choices", "Taxonomy")
        mark = "☐" if several else "○"
        answers = [" / ".join(path) for path in control.paths] or list(control.labels)
        manner = html.escape(_MANNERS.get(control.tag, f"[ {control.kind} ]"))
        listed = " &nbsp; ".join(f"{mark} {html.escape(answer)}" for answer in answers) or manner
        title = html.escape(titles.get(name) or name)
        notes = [html.escape(name), *["required"] * control.required, *["for each region"] * control.per_region]
        asked.append(f"<p><b>{title}</b> <span style='opacity: .65'>({', '.join(notes)})</span><br>{listed}</p>")
    return "".join([*shown, *asked]) or "<p>Nothing is shown yet.</p>"


_MANNERS = {
    "Rating": "☆☆☆☆☆",
    "Number": "[ a number ]",
    "TextArea": "[ a text ]",
    "DateTime": "[ a date ]",
    "Pairwise": "[ a click on the better one ]",
}
