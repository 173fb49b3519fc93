"""From what a model left in a table to Label Studio's predictions.

A cell may hold an answer (a label, a number, a text), Label Studio results, COCO annotations, or detections. Formats:
"Import pre-annotations" in Label Studio's documentation; "Data format" on the COCO pages.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

from lsnb.errors import InputError
from lsnb.labels import Control
from lsnb.tables.keys import nearest

BOX_KINDS = ("rectanglelabels", "rectangle")
COCO_NAMES = ("category_name", "category", "label", "name")


def cell_results(cell: Any, control: Control, *, item: str) -> list[dict[str, Any]]:
    """Return the Label Studio results that a cell stands for.

    Args:
        cell: An answer; a list of Label Studio results; a COCO annotation ``{"bbox": [x, y, width, height], "category":
            …, "image_width": …, "image_height": …}`` in pixels from the top left, or a list of them; or detections
            ``{"label": …, "x": …, "y": …, "width": …, "height": …, "score": …}`` in percent.
        control: The control that shows them.
        item: The item's key, for messages and for region ids that stay the same.

    Raises:
        InputError: Every fault of the cell at once.

    Example:
        >>> from lsnb.labels import LabelConfig
        >>> control = LabelConfig.text("text").choices("mood", ["up", "down"]).controls["mood"]
        >>> cell_results("up", control, item="1")
        [{'from_name': 'mood', 'to_name': 'text', 'type': 'choices', 'value': {'choices': ['up']}}]
    """
    if _is_empty(cell):
        return []
    problems: list[str] = []
    parts = list(cell) if isinstance(cell, list | tuple) else [cell]
    if control.kind == "choices" and not any(isinstance(part, Mapping) for part in parts):
        results = [_whole(control, {"choices": [str(part) for part in parts]})]
    else:
        results = []
        for number, part in enumerate(parts):
            try:
                results.append(_result(part, control, item, number))
            except InputError as fault:
                problems += fault.problems
    for result in results:
        problems += _label_problems(result, control)
    if control.kind == "choices" and not control.multiple and sum(len(_labels(r)) for r in results) > 1:
        problems.append(f"{control.name!r} takes one choice, and there are several: give one.")
    if problems:
        raise InputError([f"Prediction for item {item}: {problem}" for problem in problems])
    return results


def _result(part: Any, control: Control, item: str, number: int) -> dict[str, Any]:
    if isinstance(part, Mapping) and "value" in part and "type" in part:
        return {**part, "from_name": control.name, "to_name": control.to_names[0]}
    if isinstance(part, Mapping) and control.kind in BOX_KINDS:
        value, score = _box(part)
        label = next((str(part[name]) for name in COCO_NAMES if name in part), None)
        if control.kind == "rectanglelabels":
            if label is None:
                raise InputError("a box has no label: give it as 'label' or 'category'.")
            value["rectanglelabels"] = [label]
        region = hashlib.sha256(f"{control.name}|{item}|{number}".encode()).hexdigest()[:10]
        result = {"id": region, **_whole(control, value)}
        if score is not None:
            result["score"] = score
        return result
    if isinstance(part, Mapping):
        raise InputError(f"{control.name!r} ({control.kind}) takes no boxes: give an answer or Label Studio results.")
    if control.kind == "rating":
        return _whole(control, {"rating": int(_number(part))})
    if control.kind == "number":
        return _whole(control, {"number": _number(part)})
    if control.kind == "textarea":
        return _whole(control, {"text": [str(part)]})
    if control.kind == "taxonomy":
        path = [step.strip() for step in str(part).split(">")]
        return _whole(control, {"taxonomy": [path]})
    raise InputError(f"{part!r} cannot be shown by {control.name!r} ({control.kind}): give Label Studio results.")


def _whole(control: Control, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": control.name, "to_name": control.to_names[0], "type": control.kind, "value": value}


def _number(part: Any) -> float:
    try:
        number = float(part)
    except (TypeError, ValueError):
        raise InputError(f"{part!r} is no number.") from None
    if not math.isfinite(number):
        raise InputError(f"{part!r} is no number.")
    return number


def _box(part: Mapping[str, Any]) -> tuple[dict[str, Any], float | None]:
    if "bbox" in part:
        wide = part.get("image_width", part.get("original_width"))
        high = part.get("image_height", part.get("original_height"))
        if not wide or not high:
            raise InputError("a COCO box is in pixels: give image_width and image_height beside bbox.")
        x, y, width, height = (_number(side) for side in part["bbox"])
        x, y, width, height = x / wide * 100, y / high * 100, width / wide * 100, height / high * 100
    else:
        missing = [name for name in ("x", "y", "width", "height") if name not in part]
        if missing:
            raise InputError(f"a detection lacks {', '.join(missing)} (percent of the picture).")
        x, y, width, height = (_number(part[name]) for name in ("x", "y", "width", "height"))
    if min(x, y, width, height) < -0.01 or x + width > 100.01 or y + height > 100.01:
        raise InputError(f"a box ({x:.1f}, {y:.1f}, {width:.1f} by {height:.1f} percent) leaves the picture.")
    score = part.get("score")
    if score is not None and not 0 <= _number(score) <= 1:
        raise InputError(f"the score {score!r} is not between 0 and 1.")
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0}
    return value, None if score is None else float(score)


def _labels(result: Mapping[str, Any]) -> Sequence[str]:
    value = result.get("value")
    labels = value.get(result.get("type")) if isinstance(value, Mapping) else None
    return [label for label in labels if isinstance(label, str)] if isinstance(labels, list) else []


def _label_problems(result: Mapping[str, Any], control: Control) -> list[str]:
    if result["type"] != control.kind:
        return [f"{control.name!r} is {control.kind}, and the result is {result['type']}."]
    unknown = [label for label in _labels(result) if control.labels and label not in control.labels]
    return [f"{control.name!r} has no label {label!r}.{nearest(label, control.labels)}" for label in unknown]


def _is_empty(cell: Any) -> bool:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return True
    return (isinstance(cell, str | list | tuple | Mapping) and not len(cell)) or str(cell) in ("<NA>", "NaT")
