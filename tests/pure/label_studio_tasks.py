"""Tasks as Label Studio's JSON export has them, built in one line."""

from __future__ import annotations

import itertools
from typing import Any

D1 = {
    "A": ["pos", "pos", "neg", "neu", "pos", None],
    "B": ["pos", "neg", "neg", "neg", None, None],
    "C": ["pos", "pos", "neg", "pos", "pos", "neg"],
}


def result(kind: str, value: Any, name: str = "c", id: str = "r1", **more: Any) -> dict[str, Any]:
    return {"id": id, "from_name": name, "to_name": "t", "type": kind, "value": value, "origin": "manual", **more}


def choice(*values: str, name: str = "mood") -> list[dict[str, Any]]:
    return [result("choices", {"choices": list(values)}, name=name)]


def annotation(
    results: list[Any], id: int = 1, by: Any = 1, at: str = "2026-01-01T00:00:00Z", **more: Any
) -> dict[str, Any]:
    return {
        "id": id,
        "completed_by": by,
        "was_cancelled": False,
        "lead_time": 2.5,
        "created_at": at,
        "updated_at": at,
        "result": results,
        **more,
    }


def task(id: int, annotations: list[Any] = (), project: int = 1, drafts: list[Any] = (), **data: Any) -> dict[str, Any]:
    meta = {"item": data.pop("item")} if "item" in data else {}
    return {
        "id": id,
        "project": project,
        "data": data,
        "meta": meta,
        "annotations": list(annotations),
        "drafts": list(drafts),
        "predictions": [],
    }


def d1_tasks(kind: str = "choices") -> list[list[dict[str, Any]]]:
    """The worked example as three copies of a project, one for each annotator."""
    ids = itertools.count(1)
    return [
        [
            task(next(ids), [annotation(choice(value), next(ids), by=number)] if value else [], number, ID=str(item))
            for item, value in enumerate(values, start=1)
        ]
        for number, values in enumerate(D1.values(), start=1)
    ]
