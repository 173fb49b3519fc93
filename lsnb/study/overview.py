"""One page that tells a study: its design, who did what, how far people agree, and how it was decided.

The page stands alone: pictures are inside it, it asks for nothing from elsewhere, and it runs no script.
"""

from __future__ import annotations

import base64
import datetime as dt
import html
import importlib.metadata
import platform
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from lsnb import plots
from lsnb.errors import LsnbError
from lsnb.kernel.words import counted
from lsnb.labels import LabelConfig
from lsnb.reliability import agreement, disputed, methods_paragraph

MOST_ROWS = 50  # of what is disputed; the table beside it has all
_VERSIONS = ("lsnb", "label-studio-sdk", "pandas", "numpy", "scipy")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { line-height: 1.2; margin: 1.6em 0 .5em; }
table { border-collapse: collapse; margin: .5em 0; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid #ddd; padding: .25em .7em; text-align: left; vertical-align: top; }
img { max-width: 100%; height: auto; }
.note { color: #7a4b00; }
blockquote { border-left: 3px solid #bbb; margin: .5em 0; padding-left: 1em; }
@media print { h2 { break-after: avoid; } table, img { break-inside: avoid; } }
"""


def overview(
    title: str,
    design: dict[str, Any],
    config: LabelConfig,
    progress: pd.DataFrame,
    annotations: pd.DataFrame,
    golds: dict[str, pd.DataFrame | str],
    *,
    release: str,
    now: dt.datetime,
) -> str:
    """Return the page's HTML.

    Args:
        title: The study's title.
        design: What was planned: words → value.
        config: The label config.
        progress: What ``study.progress()`` returns.
        annotations: What ``study.annotations()`` returns.
        golds: Question → what ``study.gold`` returns of it, or why it returns nothing.
        release: Label Studio's release.
        now: When the page is made.
    """
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>As of {now:%Y-%m-%d %H:%M} UTC, from Label Studio {html.escape(release)}.</p>",
        "<h2>Design</h2>",
        _table(pd.DataFrame(design.items(), columns=["what", "value"]), header=False),
        "<h2>Questions</h2>",
        _table(config.codebook),
        "<h2>Who did what</h2>",
        _table(progress.assign(share=(progress["share"] * 100).round(1).astype(str) + " %")),
        _picture(lambda: plots.progress(progress), "How far each annotator is"),
        _when(annotations),
    ]
    for name in config.controls:
        parts += _question(name, annotations, golds.get(name))
    parts += ["<h2>Versions</h2>", _table(_versions(release), header=False)]
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(filter(None, parts))
        + "\n</body></html>\n"
    )


def _question(name: str, annotations: pd.DataFrame, final: pd.DataFrame | str | None) -> Iterator[str]:
    yield f"<h2>{html.escape(name)}</h2>"
    answered = annotations[annotations["control"].eq(name) & annotations["status"].eq("submitted")]
    if answered.empty:
        yield "<p>Nobody has answered this yet.</p>"
        return
    found = None
    try:
        found = agreement(annotations, name)
        yield found._repr_html_()
    except LsnbError as fault:
        yield _note(str(fault))
    if found is not None:
        known = found
        yield _picture(lambda: plots.agreement_matrix(known), f"Agreement of each two annotators about {name}")
    yield _picture(lambda: plots.label_distribution(annotations, name), f"Answers to {name}, by annotator")
    try:
        open_items = disputed(annotations, name)
    except LsnbError as fault:
        yield _note(str(fault))
    else:
        yield f"<h3>Disputed: {counted(len(open_items), 'item')}</h3>"
        if len(open_items):
            yield _table(open_items.head(MOST_ROWS))
        if len(open_items) > MOST_ROWS:
            yield f"<p>The worst {MOST_ROWS} are shown; lsnb.disputed returns all of them.</p>"
    gold = final if isinstance(final, pd.DataFrame) else None
    if isinstance(final, str):
        yield _note(final)
    if gold is not None and len(gold):
        counts = gold["how"].value_counts().rename_axis("how").reset_index(name="items")
        yield "<h3>How each final answer came about</h3>"
        yield _table(counts)
    try:
        text = methods_paragraph(annotations, name, agreement_found=found, gold=gold)
    except LsnbError as fault:
        yield _note(str(fault))
    else:
        yield f"<h3>For the methods section</h3><blockquote>{html.escape(text)}</blockquote>"


def _when(annotations: pd.DataFrame) -> str:
    """Return when people worked, as a picture, or nothing where nobody has."""
    if not annotations["status"].eq("submitted").any():
        return ""
    return _picture(lambda: plots.annotations_per_day(annotations), "Answers per day")


def _picture(draw: Any, words: str) -> str:
    try:
        drawn = draw()._repr_png_()
    except LsnbError as fault:
        return _note(str(fault))
    return f'<p><img alt="{html.escape(words, quote=True)}" src="data:image/png;base64,{_base64(drawn)}"></p>'


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _note(text: str) -> str:
    return f'<p class="note">{html.escape(text)}</p>'


def _table(table: pd.DataFrame, *, header: bool = True) -> str:
    shown = table.map(_cell)
    return str(shown.to_html(index=False, header=header, escape=True, border=0, na_rep=""))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3g}"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, sorted(value, key=str) if isinstance(value, set | frozenset) else value))
    return "" if value is None or value is pd.NA or value is pd.NaT else str(value)


def _versions(release: str) -> pd.DataFrame:
    rows: list[Sequence[str]] = [("Label Studio", release), ("Python", platform.python_version())]
    rows += [(name, importlib.metadata.version(name)) for name in _VERSIONS]
    return pd.DataFrame(rows, columns=["what", "value"])
