"""Regions with everything said of them: label, place, and the answers to questions about that region."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lsnb.annotations.long import TEXT_DTYPE
from lsnb.labels.vocabulary import is_region

OWNER = ("item", "project", "task", "annotation", "annotator", "status", "region")
PLACE = ("x", "y", "width", "height", "rotation", "start", "end", "start_frame", "end_frame")


def region_table(annotations: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each region, with the answers about it joined by the region's id.

    Args:
        annotations: The long table; it is not changed.

    Returns:
        ``item, project, task, annotation, annotator, status, region``; ``control`` that drew it and its ``label`` (a
        sorted tuple of several, missing without); its place, as in the long table; then ``answer.<control>`` for each
        question asked about regions (a tuple of several answers). In the order of the long table.

    Example:
        >>> from lsnb.annotations import long_table
        >>> box = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0}
        >>> car = {**box, "rectanglelabels": ["car"]}
        >>> drawn = {"id": "r", "from_name": "box", "type": "rectanglelabels", "value": car}
        >>> said = {"id": "r", "from_name": "hidden", "type": "choices", "value": {**box, "choices": ["no"]}}
        >>> tasks = [{"id": 1, "data": {}, "annotations": [{"id": 5, "completed_by": 3, "result": [drawn, said]}]}]
        >>> region_table(long_table(tasks))[["region", "control", "label", "x", "answer.hidden"]].values.tolist()
        [['r', 'box', 'car', 1.0, 'no']]
    """
    rows = annotations[annotations["region"].notna() & annotations["kind"].ne("relation").fillna(True).astype(bool)]
    rows = rows.reset_index(drop=True)
    # A missing number, as a draft's annotation, equals itself.
    number = rows.groupby(list(OWNER), dropna=False, sort=False).ngroup().tolist()
    kinds, controls, values = (rows[name].tolist() for name in ("kind", "control", "value"))
    first: dict[int, int] = {}
    labels: dict[int, set[str]] = {}
    answers: dict[str, dict[int, list[Any]]] = {}
    for row, region in enumerate(number):
        labelled = is_region(kinds[row]) and isinstance(values[row], str)
        if labelled:
            labels.setdefault(region, set()).add(values[row])
        if is_region(kinds[row]):
            # A video's box and its label are two controls: the one that names it stands for both.
            if region not in first or (labelled and not isinstance(values[first[region]], str)):
                first[region] = row
        else:
            first.setdefault(region, row)
            answers.setdefault(str(controls[row]), {}).setdefault(region, []).append(values[row])
    order = sorted(first)
    table = rows.loc[[first[region] for region in order], [*OWNER, "control", *PLACE]].reset_index(drop=True)
    names = [_one(sorted(labels.get(region, ()))) for region in order]
    table.insert(len(OWNER) + 1, "label", _column(names))
    for control in sorted(answers):
        table[f"answer.{control}"] = _column([_one(answers[control].get(region, [])) for region in order])
    return table


def _one(values: list[Any]) -> Any:
    return None if not values else values[0] if len(values) == 1 else tuple(values)


def _column(values: list[Any]) -> pd.Series[Any]:
    cells = np.empty(len(values), dtype="object")
    cells[:] = values
    column = pd.Series(cells, dtype="object")
    return column.astype(TEXT_DTYPE) if all(value is None or isinstance(value, str) for value in values) else column
