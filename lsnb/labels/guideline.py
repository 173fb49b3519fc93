"""What annotators read before they start: a guideline in Label Studio's own way, and which keys answer."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from lsnb.kernel.files import named_path
from lsnb.kernel.formats import read_bytes
from lsnb.kernel.words import listing, warn
from lsnb.labels.config import LabelConfig, codebook_text
from lsnb.labels.vocabulary import TEXT_AREA
from lsnb.tables import read_table
from lsnb.tables.opening import decode

MOST_KEYS = 20
LARGEST_GUIDELINE = 2**20
BOOKS = (".csv", ".tsv", ".xlsx")


def key_text(config: LabelConfig) -> str:
    """Return which keys answer, in a sentence.

    Args:
        config: The label config.

    Example:
        >>> key_text(LabelConfig.text("t").choices("mood", ["up", "down"]))
        'Keys: 1 is “up”, 2 is “down”; Ctrl+Enter submits.'
        >>> key_text(LabelConfig.text("t").choices("mood", ["up", "down"], required=True))
        'Keys: 1 is “up”, 2 is “down”; Ctrl+Enter submits, Escape closes the warning that an answer is missing.'
        >>> key_text(LabelConfig.text("t").textarea("why"))
        'Keys: Ctrl+Enter submits (in a text field press Tab before it).'
    """
    keys = [f"{key} is “{answer}”" for answer, key in config.hotkeys.items()]
    # Label Studio's own, too: within a text field it hears no keys, and takes the text once that is left.
    has_fields = any(control.tag == TEXT_AREA.name for control in config.controls.values())
    if not keys and not has_fields:
        return ""
    # Label Studio's own: its warning has the focus on OK and does not hear Enter.
    warned = any(control.required for control in config.controls.values())
    escape = ", Escape closes the warning that an answer is missing" if warned else ""
    named = ", ".join([*keys[:MOST_KEYS], *["…"] * (len(keys) > MOST_KEYS)])
    tab = " (in a text field press Tab before it)" if has_fields else ""
    return f"Keys: {named}{'; ' if named else ''}Ctrl+Enter submits{tab}{escape}."


def instruction_page(text: str, config: LabelConfig) -> str:
    """Return a guideline as the HTML that Label Studio shows, with the keys below; empty for an empty one.

    Of Markdown it takes headings, lists, bold, italic, links and ``\\*``; all else is text, and nothing in it is markup
    or a script. A list is lines that begin with a dot, since Label Studio's page takes the dots of real ones away.

    Args:
        text: The guideline.
        config: The label config.

    Example:
        >>> text = "# Moods\\nLook at the **face** <only>.\\n- up\\n  - far up\\n- down"
        >>> page = instruction_page(text, LabelConfig.text("t").rating("r"))
        >>> page
        '<h3>Moods</h3><p>Look at the <b>face</b> &lt;only&gt;.</p><p>• up<br>&emsp;• far up<br>• down</p>'
    """
    if not text.strip():
        return ""
    parts: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        parts += _blocks(block.rstrip().splitlines())
    keys = key_text(config)
    return "".join([*parts, *([f"<p>{html.escape(keys)}</p>"] if keys else [])])


_ITEM = re.compile(r"(\s*)[-*+] +(?=\S)")
_HEADING = re.compile(r"\s*#+ +(?=\S)")


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    def kind(line: str) -> int:
        return 1 if _HEADING.match(line) else 2 if _ITEM.match(line) else 3

    for found, own in itertools.groupby(lines, kind):
        if found == 1:
            yield from (f"<h3>{_marked(_HEADING.sub('', line, count=1))}</h3>" for line in own)
        elif found == 2:
            yield f"<p>{'<br>'.join(map(_dotted, own))}</p>"
        else:
            yield f"<p>{'<br>'.join(map(_marked, own))}</p>"


def _dotted(line: str) -> str:
    start = _ITEM.match(line)
    assert start is not None
    depth = len(start[1].expandtabs(4)) // 2
    return f"{'&emsp;' * depth}• {_marked(line[start.end() :])}"


_ESCAPED = re.compile(r"\\([\\*#+\-\[\]])")


def _marked(line: str) -> str:
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[1])
        return "\0"

    told = _ESCAPED.sub(keep, line.strip().replace("\0", ""))
    told = re.sub(r"\[([^\[\]]+)\]\(([^()\s]+)\)", r"\1 (\2)", told)
    told = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", html.escape(told, quote=False))
    told = re.sub(r"(?<![*\w])\*([^*\s][^*]*)\*", r"<i>\1</i>", told)
    rest = iter(kept)
    return re.sub("\0", lambda _: next(rest), told)


def guideline(given: str | pd.DataFrame, config: LabelConfig) -> str:
    """Return a guideline as Markdown: as it is given, as the file holds it that is named, or a codebook in words.

    Args:
        given: The guideline; one line that ends in ``.md`` or ``.txt``; or a codebook, as a table or as the name of a
            file that holds it.
        config: What the annotators are asked: what a codebook tells beside that is said.

    Raises:
        MissingFileError: There is no such file.
        FileAccessError: It cannot be read.
        LabelConfigError: The table is no codebook.

    Example:
        >>> guideline("Look at the whole text.", LabelConfig.text("t"))
        'Look at the whole text.'
    """
    if isinstance(given, str):
        name = given.strip()
        ending = "" if "\n" in name else Path(name).suffix.lower()
        if ending in (".md", ".txt"):
            held, guess = decode(read_bytes(named_path(name), LARGEST_GUIDELINE), name)
            if guess:
                warn(guess)
            return held
        if ending not in BOOKS:
            return given
        given = read_table(name, wanted=["variable"])
    told, variables = codebook_text(given)
    if odd := [name for name in variables if name not in config.controls]:
        asked = listing(list(config.controls)) if config.controls else "nothing"
        warn(f"The codebook tells of {listing(odd)}, which annotators are not asked; they are asked {asked}.")
    return told
