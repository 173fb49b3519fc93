"""Editing a study's label config: what would be orphaned is said before anything is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pandas as pd

from lsnb.errors import InputError, LsnbError
from lsnb.labels import LabelConfig
from lsnb.reports import Report
from lsnb.studio import Server
from lsnb.study.finding import Copy


@dataclass(frozen=True, repr=False)
class ConfigReport(Report):
    """What ``update_config`` did: a row per annotator (updated, unchanged, failed)."""

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
            problems.append(f"{_answers(len(rows))} to {control!r} would have no place: keep that control.")
        elif about.kind != kind:
            problems.append(
                f"{_answers(len(rows))} to {control!r} are of type {kind}, and the new control's is {about.kind}: "
                "give it another name."
            )
        elif about.labels:
            counts = Counter(str(value) for value in rows["value"].dropna())
            known = {*about.labels, *(" > ".join(path) for path in about.paths)}
            problems += [
                f"{_answers(n)} {value!r} to {control!r} would have no place: keep that label."
                for value, n in sorted(counts.items())
                if value not in known
            ]
    return problems


def _answers(n: int) -> str:
    return "1 answer" if n == 1 else f"{n} answers"


def revise(
    server: Server, copies: Sequence[Copy], config: LabelConfig, annotations: pd.DataFrame
) -> tuple[list[Copy], ConfigReport]:
    """Give every project a new label config.

    Args:
        server: The server.
        copies: The study's projects.
        config: The new config.
        annotations: Everybody's answers so far.

    Raises:
        InputError: The config has faults, or answers would be orphaned; nothing is changed then.
    """
    if not isinstance(config, LabelConfig):
        raise InputError("config must be a lsnb.LabelConfig: build one, or read yours with LabelConfig.from_xml(text).")
    held = pd.DataFrame([task["data"] for task in server.export(copies[0].project.id)])
    problems = [str(problem) for problem in config.check(held, release=server.release)] + orphans(config, annotations)
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
