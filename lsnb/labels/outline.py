"""A config as a person reads it: a small table of what is shown and what is asked, as HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping

from lsnb.labels.reading import Control, Field


def outline(fields: Mapping[str, Field], controls: Mapping[str, Control], xml: str) -> str:
    """Return HTML: a row per data key and per question, then the XML under a fold.

    Args:
        fields: What is shown.
        controls: What is asked.
        xml: The config's text.
    """
    rows = [("shows", f"${key}", field.kind, "", "") for key, field in fields.items()]
    rows += [("asks", control.name, control.kind, _answers(control), _manner(control)) for control in controls.values()]
    cells = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    head = "".join(f"<th>{text}</th>" for text in ("", "name", "kind", "answers", "how"))
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table>"
        f"<details><summary>XML</summary><pre>{html.escape(xml)}</pre></details>"
    )


def _answers(control: Control) -> str:
    shown = [" / ".join(path) for path in control.paths] or list(control.labels)
    return ", ".join(shown[:12]) + (f", … {len(shown)} in all" if len(shown) > 12 else "")


def _manner(control: Control) -> str:
    manners = {
        "several": control.multiple,
        "required": control.required,
        "per region": control.per_region,
    }
    return ", ".join([*(name for name, holds in manners.items() if holds), f"on {', '.join(control.to_names)}"])
