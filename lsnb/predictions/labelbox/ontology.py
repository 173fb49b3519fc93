"""The ontology of a payload: read from a file, or made of what the payload's rows name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsnb.errors import InputError
from lsnb.predictions.labelbox.answers import each_classification, has_frames
from lsnb.predictions.labelbox.payload import Payload, payload_rows

TOOLS = {"bbox": "rectangle", "point": "point", "line": "line"}


def read_ontology(source: Payload) -> dict[str, Any]:
    """Return a Labelbox ontology, for ``LabelConfig.from_labelbox``.

    Args:
        source: A file of an ontology (JSON), or the ontology; or a payload, as ``from_labelbox`` takes it, of which the
            ontology is made: with every name and answer that is in it, and no others.

    Returns:
        ``{"tools": …, "classifications": …}``.

    Raises:
        InputError: It is neither.
        MissingFileError: There is no such file.

    Example:
        >>> found = read_ontology([{"name": "weather", "dataRow": {"globalKey": "a"}, "answer": {"name": "sun"}}])
        >>> found["classifications"]
        [{'type': 'radio', 'name': 'weather', 'scope': 'global', 'options': [{'value': 'sun', 'options': []}]}]
    """
    rows = payload_rows(source)
    first = rows[0] if len(rows) == 1 and isinstance(rows[0], Mapping) else {}
    if {"tools", "classifications"} & set(first) and "dataRow" not in first:
        return dict(first)
    tools: dict[str, dict[str, Any]] = {}
    asked: dict[str, dict[str, Any]] = {}
    for row in rows:
        if not isinstance(row, Mapping) or not isinstance(row.get("name"), str) or not row["name"]:
            continue
        if "segments" in row:
            _add_tool(tools, row)
        elif {"answer", "answers"} & set(row):
            _add_question(asked, row, by_frame=has_frames(row))
    if not tools and not asked:
        raise InputError("The payload names no object and no answer: give the ontology, or another payload.")
    return {
        "tools": [_listed(tool, "classifications") for tool in tools.values()],
        "classifications": [_listed(question, "options") for question in asked.values()],
    }


def _add_tool(tools: dict[str, dict[str, Any]], row: Mapping[str, Any]) -> None:
    keyframes = [keyframe for segment in _dicts(row["segments"]) for keyframe in _dicts(segment.get("keyframes"))]
    kind = next((TOOLS[shape] for keyframe in keyframes for shape in TOOLS if shape in keyframe), "rectangle")
    tool = tools.setdefault(row["name"], {"tool": kind, "name": row["name"], "classifications": {}})
    for below in (row, *keyframes):
        for entry, _, _ in each_classification(below.get("classifications") or [], ""):
            _add_question(tool["classifications"], entry, by_frame=True)


def _add_question(asked: dict[str, dict[str, Any]], entry: Any, *, by_frame: bool) -> None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        return
    given = entry.get("answer", entry.get("answers"))
    answers = [given] if isinstance(given, Mapping) else _dicts(given)
    is_text = isinstance(given, str) or any("value" in answer for answer in answers)
    kind = "text" if is_text else "checklist" if isinstance(given, list | tuple) else "radio"
    question = asked.setdefault(entry["name"], {"type": kind, "name": entry["name"], "scope": "global", "options": {}})
    if by_frame:
        question["scope"] = "index"
    # One row with several answers makes it a checklist, whatever the others have.
    if kind == "checklist" and question["type"] == "radio":
        question["type"] = kind
    for answer in answers if not is_text else ():
        if isinstance(answer.get("name"), str) and answer["name"]:
            option = question["options"].setdefault(answer["name"], {"value": answer["name"], "options": {}})
            for nested in (answer.get("classifications"), entry.get("classifications") if len(answers) == 1 else None):
                for below, _, _ in each_classification(nested or [], ""):
                    _add_question(option["options"], below, by_frame=by_frame)


def _listed(entry: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an entry with what is in it by name as a list, all the way down."""
    inner = entry.get(name, {}).values()
    return {**entry, name: [_listed(one, "options") for one in inner]}


def _dicts(given: Any) -> list[Mapping[str, Any]]:
    return [one for one in given if isinstance(one, Mapping)] if isinstance(given, list | tuple) else []
