"""From what a model left in a table's cell to Label Studio's results, for one control.

A cell may hold an answer (a label, a number, a text), Label Studio results, or regions in any shape that
``from_detections`` reads. Formats: "Import pre-annotations" in Label Studio's documentation.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

from lsnb.errors import InputError
from lsnb.labels import Control, LabelConfig
from lsnb.predictions.checking import Facts, find_faults
from lsnb.predictions.detections import draw
from lsnb.predictions.payloads import is_missing, read_payload
from lsnb.predictions.regions import Regions
from lsnb.predictions.report import Result, Row
from lsnb.predictions.rules import rules_of
from lsnb.predictions.targets import KINDS, Targets

DRAWN = frozenset(kind for shape, kinds in KINDS.items() if shape != "track" for kind in kinds)


def cell_results(cell: Any, control: str, *, config: LabelConfig, item: str) -> list[Result]:
    """Return the Label Studio results that a cell stands for, checked.

    Args:
        cell: An answer; a list of Label Studio results; or, for a control that draws, detections as ``from_detections``
            takes them, also as JSON text: ``{"bbox": [x, y, width, height], "category": …, "image_width": …,
            "image_height": …}`` in pixels from the top left, or ``{"label", "x", "y", "width", "height", "score"}`` in
            percent, or a list of them. Boxes that leave the picture are clipped.
        control: The name of the control that shows them.
        config: The label config.
        item: The item's key, for messages and for region ids that stay the same.

    Returns:
        No results for an empty cell, and for a model that found nothing.

    Raises:
        InputError: Every fault of the cell at once.

    Example:
        >>> config = LabelConfig.text("text").choices("mood", ["up", "down"])
        >>> cell_results("up", "mood", config=config, item="1")
        [{'from_name': 'mood', 'to_name': 'text', 'type': 'choices', 'value': {'choices': ['up']}}]
    """
    targets = _targets(config.xml, control)
    about = targets.controls[control]
    if is_missing(cell) or (isinstance(cell, str | list | tuple | Mapping) and not len(cell)):
        return []
    row = Row(0, item)
    if about.kind in DRAWN:
        row.results = _regions(cell, row, about, targets, config)
    else:
        problems: list[str] = []
        results = _answers(cell, about, problems)
        for problem in problems:
            row.error("wrong_answer", problem)
        row.faults += [] if problems else find_faults(results, rules_of(config), Facts())
        row.results = results
    if row.has_failed:
        raise InputError(
            [f"Prediction for item {item}: {fault.message}" for fault in row.faults if not fault.is_warning]
        )
    return row.results


@functools.lru_cache(maxsize=32)
def _targets(xml: str, control: str) -> Targets:
    return Targets(LabelConfig.from_xml(xml), control=control)


def _regions(cell: Any, row: Row, control: Control, targets: Targets, config: LabelConfig) -> list[Result]:
    try:
        found = read_payload(cell)
    except InputError as fault:
        row.error("unreadable", str(fault))
        return []
    if found is None:
        return []
    found.results = [(path, _of(control, result)) for path, result in found.results]
    regions = Regions(rules_of(config))
    draw(row, found, None, regions, targets)
    regions.finish()
    return row.results or []


def _answers(cell: Any, control: Control, problems: list[str]) -> list[Result]:
    parts = list(cell) if isinstance(cell, list | tuple) else [cell]
    row = control.row
    if row.option == "Choice" and not row.is_tree and not any(isinstance(part, Mapping) for part in parts):
        return [_whole(control, {row.key: [str(part) for part in parts]})]
    results = []
    for part in parts:
        try:
            results.append(_answer(part, control))
        except InputError as fault:
            problems += fault.problems
    return results


def _answer(part: Any, control: Control) -> Result:
    if isinstance(part, Mapping) and "value" in part and "type" in part:
        return _of(control, part)
    if isinstance(part, Mapping):
        raise InputError(f"{control.name!r} ({control.kind}) takes no boxes: give an answer or Label Studio results.")
    row = control.row
    if row.level == "ordinal":
        number = _number(part)
        return _whole(control, {row.key: int(number) if number.is_integer() else number})
    if row.level == "interval":
        return _whole(control, {row.key: _number(part)})
    if row.is_tree:
        return _whole(control, {row.key: [[step.strip() for step in str(part).split(">")]]})
    if row.level == "date":
        return _whole(control, {row.key: part.isoformat() if hasattr(part, "isoformat") else str(part)})
    if row.level in ("text", "nominal"):
        return _whole(control, {row.key: [str(part)] if row.is_listed else str(part)})
    raise InputError(f"{part!r} cannot be shown by {control.name!r} ({control.kind}): give Label Studio results.")


def _of(control: Control, result: Mapping[str, Any]) -> Result:
    return {**result, "from_name": control.name, "to_name": control.to_names[0]}


def _whole(control: Control, value: dict[str, Any]) -> Result:
    return {"from_name": control.name, "to_name": control.to_names[0], "type": control.kind, "value": value}


def _number(part: Any) -> float:
    try:
        number = float(part)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{str(part)[:40]!r} is no number.") from None
    if not math.isfinite(number):
        raise InputError(f"{part!r} is no number.")
    return number
