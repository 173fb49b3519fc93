"""What annotators see of a study, changed: its label config, and the guideline that they read before they start."""

from __future__ import annotations

import html
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from lsnb.errors import InputError, LsnbError
from lsnb.kernel.formats import read_bytes
from lsnb.kernel.report import Report
from lsnb.kernel.words import counted, listing, warn
from lsnb.labels import LabelConfig
from lsnb.labels.config import codebook_text
from lsnb.studio import Server
from lsnb.study.projects import Copy
from lsnb.study.snapshots import Snapshot, read_answers
from lsnb.tables import read_table
from lsnb.tables.opening import decode

# Editing a study's label config: what would be orphaned is said before anything is changed.


@dataclass(frozen=True, repr=False)
class ConfigReport(Report):
    """What ``update_config`` or ``instruct`` did: a row per annotator (updated, unchanged, failed)."""

    noun: ClassVar[str] = "projects"


def orphans(config: LabelConfig, annotations: pd.DataFrame) -> list[str]:
    """Return a sentence for each kind of answer that a new config has no place for.

    Args:
        config: The new config.
        annotations: The long table of answers there are.

    Example:
        >>> answers = pd.DataFrame({"control": ["mood", "mood"], "kind": ["choices"] * 2, "value": ["up", "flat"]})
        >>> orphans(LabelConfig.text("t").choices("mood", ["up", "down"]), answers)
        ["1 answer 'flat' to 'mood' would have no place: keep that label."]
    """
    answered = annotations[annotations["control"].notna()]
    problems = []
    for control, rows in answered.groupby("control", sort=True):
        about = config.controls.get(str(control))
        kind = str(rows["kind"].iloc[0])
        if about is None:
            problems.append(f"{counted(len(rows), 'answer')} to {control!r} would have no place: keep that control.")
        elif about.kind != kind:
            problems.append(
                f"{counted(len(rows), 'answer')} to {control!r} are of type {kind}, and the new control's is "
                f"{about.kind}: give it another name."
            )
        elif about.labels:
            counts = Counter(str(value) for value in rows["value"].dropna())
            known = {*about.labels, *(" > ".join(path) for path in about.paths)}
            problems += [
                f"{counted(n, 'answer')} {value!r} to {control!r} would have no place: keep that label."
                for value, n in sorted(counts.items())
                if value not in known
            ]
    return problems


def revise(
    server: Server,
    copies: Sequence[Copy],
    snapshots: Mapping[int, Snapshot],
    config: LabelConfig,
    annotations: pd.DataFrame,
) -> tuple[list[Copy], ConfigReport]:
    """Give every project a new label config.

    Args:
        server: The server.
        copies: The study's projects.
        snapshots: Project id → what was seen last in this kernel.
        config: The new config.
        annotations: Everybody's answers so far.

    Raises:
        InputError: The config has faults, or answers would be orphaned; nothing is changed then.
    """
    if not isinstance(config, LabelConfig):
        raise InputError("config must be a lsnb.LabelConfig: build one, or read yours with LabelConfig.from_xml(text).")
    (tasks,) = read_answers(server, copies[:1], snapshots).values()
    held = pd.DataFrame([task["data"] for task in tasks])
    absent = [name for name in config.fields if name not in held.columns]
    problems = [str(problem) for problem in config.check(held, release=server.release)] + orphans(config, annotations)
    if absent:
        problems.append(
            f"The study's tasks hold no {absent[0]}: if your table does, study.sync(table, columns={absent}) brings it "
            "in, and then this config can be taken."
        )
    if problems:
        raise InputError(problems)
    rows: list[dict[str, Any]] = []
    renewed = []
    for copy in copies:
        row: dict[str, Any] = {"annotator": copy.manifest.annotator, "status": "unchanged", "error": None}
        rows.append(row)
        manifest = replace(copy.manifest, config=config.fingerprint)
        try:
            now = server.project(copy.project.id)
            if LabelConfig.from_xml(now.config or "") != config:
                server.configure_project(copy.project.id, config.xml)
                row["status"] = "updated"
            if manifest != copy.manifest:
                server.describe_project(copy.project.id, manifest.describe())
            renewed.append(Copy(manifest, copy.project))
        except LsnbError as fault:
            row.update(status="failed", error=str(fault))
            renewed.append(copy)
    return renewed, ConfigReport(pd.DataFrame(rows))


# What annotators read before they start, in Label Studio's own way, and which keys answer.


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
    """
    keys = [f"{key} is “{answer}”" for answer, key in config.hotkeys.items()]
    if not keys:
        return ""
    # Label Studio's own: its warning has the focus on OK and does not hear Enter.
    warned = any(control.required for control in config.controls.values())
    escape = ", Escape closes the warning that an answer is missing" if warned else ""
    return f"Keys: {', '.join([*keys[:MOST_KEYS], *['…'] * (len(keys) > MOST_KEYS)])}; Ctrl+Enter submits{escape}."


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
            held, guess = decode(read_bytes(Path(name).expanduser(), LARGEST_GUIDELINE), name)
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


def instruct_all(server: Server, copies: Sequence[Copy], text: str) -> ConfigReport:
    """Show a guideline before annotators start, in every project of a study.

    Args:
        server: The server.
        copies: The study's projects.
        text: The guideline as Markdown; an empty one takes it away.
    """
    rows: list[dict[str, Any]] = []
    for copy in copies:
        row: dict[str, Any] = {"annotator": copy.manifest.annotator, "status": "unchanged", "error": None}
        rows.append(row)
        try:
            config = LabelConfig.from_xml(server.project(copy.project.id).config or "")
            page = instruction_page(text, config)
            wanted = {"expert_instruction": page, "show_instruction": bool(page)}
            now = server.settings(copy.project.id)
            if any((now.get(name) or type(value)()) != value for name, value in wanted.items()):
                server.set_settings(copy.project.id, wanted)
                row["status"] = "updated"
        except LsnbError as fault:
            row.update(status="failed", error=str(fault))
    return ConfigReport(pd.DataFrame(rows))
