"""Relations between regions: a row each, with what they join."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lsnb.annotations.long import TEXT_DTYPE
from lsnb.labels.vocabulary import is_region

OWNER = ("item", "project", "task", "annotation", "annotator", "status")


def relations(annotations: pd.DataFrame) -> pd.DataFrame:
    """Return the relations that annotators drew between regions.

    Args:
        annotations: The long table; it is not changed.

    Returns:
        A row for each relation: ``item, project, task, annotation, annotator, status``, the regions' ids ``source``
        and ``target``, ``direction`` (right, left or bi), ``labels`` (a tuple, perhaps empty), and the regions' own
        labels ``source_label`` and ``target_label`` (missing where a region has none).

    Example:
        >>> from lsnb.annotations import long_table
        >>> word = {"id": "a", "from_name": "ner", "type": "labels", "value": {"start": 0, "end": 3, "labels": ["PER"]}}
        >>> other = {**word, "id": "b", "value": {"start": 9, "end": 12, "labels": ["ORG"]}}
        >>> link = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": ["works at"]}
        >>> done = {"id": 5, "completed_by": 3, "result": [word, other, link]}
        >>> long = long_table([{"id": 1, "data": {}, "annotations": [done]}])
        >>> relations(long)[["source_label", "labels", "target_label"]].values.tolist()
        [['PER', ('works at',), 'ORG']]
    """
    drawn = annotations[annotations["kind"].eq("relation").fillna(False).astype(bool)]
    regions = annotations[annotations["region"].notna() & annotations["kind"].ne("relation").fillna(True).astype(bool)]
    labels: dict[tuple[Any, ...], str] = {}
    owner = ["project", "task", "annotation", "annotator", "status"]
    for who, region, kind, value in zip(
        _keys(regions, owner), regions["region"], regions["kind"], regions["value"], strict=True
    ):
        if isinstance(value, str) and is_region(kind):
            labels.setdefault((*who, region), value)
    rows = []
    for who, value in zip(_keys(drawn, owner), drawn["value"], strict=True):
        ends: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        source, target = ends.get("from_id"), ends.get("to_id")
        named = tuple(str(label) for label in ends.get("labels") or ())
        found = (labels.get((*who, source)), labels.get((*who, target)))
        rows.append((source, target, ends.get("direction"), named, *found))
    names = ["source", "target", "direction", "labels", "source_label", "target_label"]
    table = pd.DataFrame(rows, columns=names, index=drawn.index, dtype="object")
    table = table.astype({name: TEXT_DTYPE for name in names if name != "labels"})
    return pd.concat([drawn[list(OWNER)], table], axis="columns").reset_index(drop=True)


def _keys(table: pd.DataFrame, names: list[str]) -> list[tuple[Any, ...]]:
    plain = table[names].astype("object")
    return [tuple(row) for row in plain.where(plain.notna(), None).to_numpy().tolist()]
