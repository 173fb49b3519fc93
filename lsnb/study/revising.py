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
from lsnb.kernel.words import counted, warn
from lsnb.labels import LabelConfig
from lsnb.studio import Server
from lsnb.study.projects import Copy
from lsnb.study.snapshots import Snapshot, read_answers
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


def key_text(config: LabelConfig) -> str:
    """Return which keys answer, in a sentence.

    Args:
        config: The label config.

    Example:
        >>> key_text(LabelConfig.text("t").choices("mood", ["up", "down"]))
        'Keys: 1 is “up”, 2 is “down”; Ctrl+Enter submits.'
    """
    keys = [f"{key} is “{answer}”" for answer, key in config.hotkeys.items()]
    return (
        f"Keys: {', '.join([*keys[:MOST_KEYS], *['…'] * (len(keys) > MOST_KEYS)])}; Ctrl+Enter submits." if keys else ""
    )


def instruction_page(text: str, config: LabelConfig) -> str:
    """Return a guideline as the HTML that Label Studio shows, with the keys below; empty for an empty one.

    Of Markdown it takes headings, lists, bold and italic; all else is text, and nothing in it is markup or a script.

    Args:
        text: The guideline.
        config: The label config.

    Example:
        >>> text = "# Moods\\nLook at the **face** <only>.\\n- up\\n- down"
        >>> instruction_page(text, LabelConfig.text("t").rating("r"))
        '<h3>Moods</h3><p>Look at the <b>face</b> &lt;only&gt;.</p><ul><li>up</li><li>down</li></ul>'
    """
    if not text.strip():
        return ""
    parts: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        parts += _blocks([_marked(line) for line in block.strip().splitlines()])
    keys = key_text(config)
    return "".join([*parts, *([f"<p>{html.escape(keys)}</p>"] if keys else [])])


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    for kind, own in itertools.groupby(lines, lambda line: line[:2] if line[:2] in ("- ", "* ") else line[:1] == "#"):
        group = list(own)
        if kind is True:
            yield from (f"<h3>{line.lstrip('# ')}</h3>" for line in group)
        elif kind is False:
            yield f"<p>{'<br>'.join(group)}</p>"
        else:
            yield "<ul>" + "".join(f"<li>{line[2:].strip()}</li>" for line in group) + "</ul>"


def _marked(line: str) -> str:
    told = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", html.escape(line.strip(), quote=False))
    return re.sub(r"(?<![*\w])\*([^*\s][^*]*)\*", r"<i>\1</i>", told)


def guideline(text: str) -> str:
    """Return a guideline as it is given, or as the file holds it that is named.

    Args:
        text: The guideline, or one line that ends in ``.md`` or ``.txt``.

    Raises:
        MissingFileError: There is no such file.
        FileAccessError: It cannot be read.

    Example:
        >>> guideline("Look at the whole text.")
        'Look at the whole text.'
    """
    name = text.strip()
    if "\n" in name or not name.lower().endswith((".md", ".txt")):
        return text
    held, guess = decode(read_bytes(Path(name).expanduser(), LARGEST_GUIDELINE), name)
    if guess:
        warn(guess)
    return held


def instruct_all(server: Server, copies: Sequence[Copy], text: str) -> ConfigReport:
    """Show a guideline before annotators start, in every project of a study.

    Args:
        server: The server.
        copies: The study's projects.
        text: The guideline; an empty one takes it away.
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
