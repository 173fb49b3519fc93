"""``from_segments``: stretches of sound, video and time series as predictions: who spoke, what was said or done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.tally import tally_of
from lsnb.kernel.words import nearest
from lsnb.labels import Control, LabelConfig
from lsnb.predictions.checking import facts_of, find_faults, rules_of
from lsnb.predictions.payloads import is_missing, known_score
from lsnb.predictions.predictions import Predictions, Result, Row, make_predictions
from lsnb.predictions.regions import check_arguments
from lsnb.segments import read_segments
from lsnb.shapes import Fault, frames_of_seconds
from lsnb.tables.keys import key_text

MEDIA = frozenset({"audio", "video", "timeseries"})


def from_segments(
    segments: Any,
    *,
    config: LabelConfig,
    item: str | None = None,
    items: Mapping[Any, Any] | None = None,
    videos: Mapping[Any, Any] | None = None,
    control: str | None = None,
    label: str | None = None,
    labels: Mapping[Any, str | None] | None = None,
    unknown: str = "fail",
) -> Predictions:
    """Return stretches of time as predictions, checked, with a row per item.

    On sound they become regions in seconds, on a video ranges of frames, on a time series ranges of its time. What was
    said goes into the text area that the config asks of each region.

    Args:
        segments: What ``lsnb.read_segments`` returns or a file that it reads; item → either; or a table with ``item,
            start, end`` (seconds) and ``label, text, score, tier``, as far as they are known, such as ``lsnb.Detector``
            returns of speech.
        config: The label config.
        item: The item of a file that names none.
        items: What a file names → item.
        videos: For ranges of frames: item → what ``lsnb.probe`` returns, or ``{fps, frames}``.
        control: The only control to use; by default the one with the label.
        label: The label of stretches that have none, such as a transcript's. By default the config's, if it has one.
        labels: Label of the input → label of the config, or None to leave such stretches out.
        unknown: ``fail`` an item with a label that the config lacks, or ``drop`` such stretches with a warning.

    Raises:
        InputError: The arguments cannot be used, or a file cannot be read.
        MissingFileError: There is no such file.

    Example:
        >>> config = LabelConfig.audio("sound").labels("who", ["ana", "ben"])
        >>> table = pd.DataFrame({"item": ["a"], "start": [0.5], "end": [2.0], "label": ["ana"]})
        >>> from_segments(table, config=config).results["a"][0]["value"]
        {'start': 0.5, 'end': 2.0, 'channel': 0, 'labels': ['ana']}
    """
    check_arguments(config, control=control, labels=labels, unknown=unknown)
    checks.raise_for(
        InputError,
        None if item is None else checks.text("item", item),
        None if label is None else checks.text("label", label),
        None if items is None else checks.mapping("items", items),
        None if videos is None else checks.mapping("videos", videos),
    )
    table, notes = _table(segments, item)
    named = {str(name): one for name, one in (items or {}).items()}
    known = {str(key_text(name)): facts for name, facts in (videos or {}).items()}
    reader = _Reader(config, control, label, {str(old): new for old, new in (labels or {}).items()}, unknown == "drop")
    rows: dict[str, Row] = {}
    for place, one in enumerate(table.to_dict("records")):
        given = one.get("item")
        name = "" if is_missing(given) else str(given)
        row = rows.get(name)
        if row is None:
            row = rows[name] = Row(len(rows), name=name)
            row.item = key_text(named.get(name, name)) if name else None
            if row.item is None:
                row.error("unknown_item", "The stretches do not say what they are of: give item=.")
            else:
                row.results = []
        if one.get("status") == "failed":
            said = one.get("error")
            row.error("not_looked_at", "The model could not listen to it." if is_missing(said) else str(said))
        elif row.item is not None and one.get("status") != "nothing":
            reader.add(row, {str(key): value for key, value in one.items()}, known.get(row.item), f"row {place}")
    for row in rows.values():
        if row.item is not None:
            facts = facts_of(known.get(row.item))
            row.faults += find_faults(row.results, reader.rules, facts)
            scores = [one["score"] for one in row.results or () if "score" in one]
            row.score = sum(scores) / len(scores) if scores else None
    return make_predictions(list(rows.values()), notes)


def _table(given: Any, item: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Return all stretches as one table, and what reading their files had to say."""
    if isinstance(given, Mapping):
        parts = [_table(one, str(name)) for name, one in given.items()]
        tables = [part.assign(item=str(name)) for (part, _), name in zip(parts, given, strict=True)]
        notes = [note for _, said in parts for note in said]
        return (pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["item"])), notes
    if isinstance(given, str | Path):
        table = read_segments(given, item=item)
        read = tally_of(table)
        return table, [f"{read}."] if read is not None and read.left_out else []
    if not isinstance(given, pd.DataFrame) or not {"start", "end"} <= set(given.columns):
        raise InputError(
            f"segments is {checks.shown(given)}: give a file, item → file, or a table with item, start, end and label."
        )
    table = given if "item" in given.columns else given.assign(item=item)
    return (table if item is None else table.assign(item=table["item"].fillna(item))), []


class _Reader:
    def __init__(
        self,
        config: LabelConfig,
        only: str | None,
        label: str | None,
        labels: Mapping[str, str | None],
        drops: bool,
    ) -> None:
        shown = {field.name: field.kind for field in config.fields.values()}
        self.rules = rules_of(config)
        self._controls = [
            one
            for one in config.controls.values()
            if one.row.shape in ("Span", "Timeline")
            and one.to_names
            and shown.get(one.to_names[0]) in MEDIA
            and (only is None or one.name == only)
        ]
        if not self._controls:
            raise InputError(
                "The config marks no stretches of sound, video or a time series: add .labels(name, [...])."
            )
        self._kinds = {one.name: shown[one.to_names[0]] for one in self._controls}
        self._texts = {
            one.to_names[0]: one
            for one in config.controls.values()
            if one.row.is_open and one.per_region and one.to_names
        }
        every = list(dict.fromkeys(name for one in self._controls for name in one.labels))
        self._label = label if label is not None else every[0] if len(every) == 1 else None
        self._every, self._labels, self._drops = every, labels, drops

    def add(self, row: Row, one: Mapping[str, Any], facts: Any, path: str) -> None:
        said, tier = (None if is_missing(one.get(name)) else str(one[name]) for name in ("label", "tier"))
        text = None if is_missing(one.get("text")) else str(one["text"])
        label = self._labels.get(said, said) if said is not None else None
        if said is not None and label is None:
            return
        if label not in self._every and tier is not None and self._labels.get(tier, tier) in self._every:
            # Who it is stands over the tier, and what was said in it.
            label, text = self._labels.get(tier, tier), said if text is None else text
        elif label is None:
            label = self._label
        holders = [control for control in self._controls if label in control.labels or not control.labels]
        if label is None or not holders:
            words = f"The config has no label {label!r} for stretches of time.{nearest(label, self._every)}"
            remedy = " Map it with labels=." if label is not None else " Give label=, which all of them get."
            row.faults.append(Fault("unknown_label", words + remedy, path, self._drops))
            return
        control = holders[0]
        try:
            start, end = float(one["start"]), float(one["end"])
        except (TypeError, ValueError, OverflowError):
            row.error("wrong_time", "A stretch has a start and an end in seconds.", path)
            return
        if not 0 <= start <= end < float("inf"):
            row.error("wrong_time", f"A stretch from {start:g} to {end:g} s is none.", path)
            return
        value = self._value(row, control, start, end, one, facts, path)
        if value is None:
            return
        score = known_score(row, one.get("score"), f"{path}.score")
        about = f"{row.item}|{control.name}|{label}|{start!r}|{end!r}|{len(row.results or ())}"
        region = hashlib.sha256(about.encode("utf-8", "replace")).hexdigest()[:16]
        head = {"id": region, "to_name": control.to_names[0]}
        sure = {} if score is None else {"score": score}
        assert row.results is not None
        named = {**value, control.row.key or "labels": [label]}
        row.results.append({**head, "from_name": control.name, "type": control.kind, "value": named, **sure})
        area = self._texts.get(control.to_names[0])
        if text is not None and area is not None:
            spoken: Result = {**head, "from_name": area.name, "type": area.kind}
            row.results.append({**spoken, "value": {**value, area.row.key: [text]}, **sure})
        elif text is not None and not any(fault.code == "no_text_area" for fault in row.faults):
            words = (
                "The config asks no text of each stretch (.textarea(name, per_region=True)): what was said is left out."
            )
            row.warn("no_text_area", words, path)

    def _value(
        self, row: Row, control: Control, start: float, end: float, one: Mapping[str, Any], facts: Any, path: str
    ) -> dict[str, Any] | None:
        kind = self._kinds[control.name]
        if control.row.shape == "Timeline":
            fps = _rate(facts)
            if not fps:
                row.error("no_video", "Frames need the video's rate: give videos={item: lsnb.probe(path)}.", path)
                return None
            first, last = frames_of_seconds(np.array([start]), np.array([end]), fps)
            return {"ranges": [{"start": int(first[0]), "end": int(last[0])}]}
        if kind == "timeseries":
            return {"start": start, "end": end, "instant": start == end}
        channel = one.get("channel")
        return {"start": start, "end": end, "channel": 0 if is_missing(channel) else int(channel)}  # type: ignore[arg-type]


def _rate(facts: Any) -> float:
    given = facts.get("fps") if isinstance(facts, Mapping) else getattr(facts, "fps", None)
    try:
        return float(Fraction(str(given)))
    except (ValueError, ZeroDivisionError, OverflowError):
        return 0.0
