"""The objects of the ``labelbox`` package as NDJSON rows, told by their attributes: the package is not needed.

Format: "Import video annotations" in Labelbox's documentation, and ``labelbox.types``. Video annotations come one
object a frame. Those with one ``extra["uuid"]`` are one object; without it, those of one name are, as in the package.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Entry = dict[str, Any]


def is_label(thing: Any) -> bool:
    """Return whether this is a ``Label`` of the labelbox package."""
    return not isinstance(thing, Mapping) and hasattr(thing, "annotations") and hasattr(thing, "data")


def label_rows(label: Any) -> Iterator[Entry]:
    """Return the NDJSON rows that a ``Label`` stands for, in the order in which its features first appear.

    Args:
        label: An object with ``data`` (``global_key`` or ``uid``) and ``annotations``.

    Example:
        >>> from types import SimpleNamespace as Thing
        >>> text = Thing(name="note", value=Thing(answer="rain"), extra={"uuid": "u1"})
        >>> list(label_rows(Thing(data={"global_key": "a.mp4"}, annotations=[text])))
        [{'name': 'note', 'uuid': 'u1', 'dataRow': {'globalKey': 'a.mp4'}, 'answer': 'rain'}]
    """
    groups: dict[Any, list[Any]] = {}
    for number, annotation in enumerate(label.annotations or ()):
        if _is_timed(annotation):
            uuid = _uuid(annotation)
            groups.setdefault((uuid, None if uuid else _feature(annotation), _has_shape(annotation)), []).append(
                annotation
            )
        else:
            groups[number] = [annotation]
    for group in groups.values():
        yield _head(group[0], label.data) | _body(group)


def _head(annotation: Any, data: Any) -> Entry:
    head: Entry = _feature_entry(annotation)
    uuid = _uuid(annotation)
    if uuid:
        head["uuid"] = uuid
    row = {}
    for ours, theirs in (("globalKey", "global_key"), ("id", "uid")):
        value = data.get(theirs) if isinstance(data, Mapping) else getattr(data, theirs, None)
        if value is not None:
            row[ours] = value
    head["dataRow"] = row
    confidence = getattr(annotation, "confidence", None)
    if confidence is not None:
        head["confidence"] = confidence
    return head


def _body(group: Sequence[Any]) -> Entry:
    first = group[0]
    if hasattr(first, "instances"):
        return {"masks": {}}
    if not hasattr(first, "value"):
        return {}
    if not _is_timed(first):
        if hasattr(first.value, "answer"):
            return _answered(first.value)
        return {**_shape(first.value), **_classifications(first)}
    if _has_shape(first):
        return {"segments": [{"keyframes": [_keyframe(a) for a in part if a.keyframe]} for part in _segments(group)]}
    return _by_frame(group)


def _keyframe(annotation: Any) -> Entry:
    return {"frame": annotation.frame, **_shape(annotation.value), **_classifications(annotation)}


def _shape(value: Any) -> Entry:
    if hasattr(value, "start") and hasattr(value, "end"):
        start, end = value.start, value.end
        return {
            "bbox": {
                "top": min(start.y, end.y),
                "left": min(start.x, end.x),
                "height": abs(end.y - start.y),
                "width": abs(end.x - start.x),
            }
        }
    if hasattr(value, "points"):
        points = [{"x": point.x, "y": point.y} for point in value.points]
        return {"polygon" if type(value).__name__ == "Polygon" else "line": points}
    if hasattr(value, "mask"):
        return {"mask": {}}
    return {"point": {"x": value.x, "y": value.y}} if hasattr(value, "x") else {}


def _segments(group: Sequence[Any]) -> list[list[Any]]:
    """Return the annotations of each segment: by ``segment_index``, else by unbroken runs of frames."""
    if all(getattr(a, "segment_index", None) is None for a in group):
        runs: list[list[Any]] = []
        for annotation in sorted(group, key=lambda a: a.frame):
            if runs and annotation.frame - runs[-1][-1].frame <= 1:
                runs[-1].append(annotation)
            else:
                runs.append([annotation])
        return runs
    parts: dict[Any, list[Any]] = {}
    for annotation in group:
        parts.setdefault(getattr(annotation, "segment_index", None), []).append(annotation)
    return [parts[index] for index in sorted(parts, key=lambda i: -1 if i is None else i)]


def _by_frame(group: Sequence[Any]) -> Entry:
    """Return the answer of a question by frame: each answer with the ranges over which it stands unchanged."""
    answers: dict[str, tuple[Entry, list[Entry]]] = {}
    is_list = False
    for part in _segments(group):
        standing: dict[str, Entry] = {}
        for annotation in sorted(part, key=lambda a: a.frame):
            given: Any = _answered(annotation.value)["answer"]
            is_list = is_list or isinstance(given, list)
            frame = annotation.frame
            now: dict[str, Entry] = {}
            for answer in given if isinstance(given, list) else [given]:
                entry = {"value": answer} if isinstance(answer, str) else dict(answer)
                known = json.dumps(entry, sort_keys=True, default=str)
                span = standing.get(known)
                if span is None:
                    span = {"start": frame, "end": frame}
                    answers.setdefault(known, (entry, []))[1].append(span)
                span["end"] = frame
                now[known] = span
            standing = now
    listed = [entry | {"frames": spans} for entry, spans in answers.values()]
    return {"answer": listed[0] if len(listed) == 1 and not is_list and "value" not in listed[0] else listed}


def _answered(value: Any) -> Entry:
    answer = value.answer
    if isinstance(answer, str):
        given: Any = answer
    elif isinstance(answer, (list, tuple)):  # the package's models can be iterated over, too
        given = [_option(option) for option in answer]
    else:
        given = _option(answer)
    found: Entry = {"answer": given, **_classifications(value)}
    confidence = getattr(value, "confidence", None)
    return found if confidence is None else found | {"confidence": confidence}


def _option(option: Any) -> Entry:
    found = _feature_entry(option)
    confidence = getattr(option, "confidence", None)
    if confidence is not None:
        found["confidence"] = confidence
    return found | _classifications(option)


def _classifications(owner: Any) -> Entry:
    nested = getattr(owner, "classifications", None)
    if not nested:
        return {}
    listed = []
    for each in nested:
        entry = _feature_entry(each)
        confidence = getattr(each, "confidence", None)
        if confidence is not None:
            entry["confidence"] = confidence
        listed.append(entry | (_answered(each.value) if hasattr(each, "value") else {}))
    return {"classifications": listed}


def _feature_entry(thing: Any) -> Entry:
    name, schema = getattr(thing, "name", None), getattr(thing, "feature_schema_id", None)
    return ({} if name is None else {"name": name}) | ({} if schema is None else {"schemaId": schema})


def _feature(annotation: Any) -> Any:
    return getattr(annotation, "feature_schema_id", None) or getattr(annotation, "name", None)


def _is_timed(annotation: Any) -> bool:
    return getattr(annotation, "frame", None) is not None and hasattr(annotation, "value")


def _has_shape(annotation: Any) -> bool:
    return not hasattr(annotation.value, "answer")


def _uuid(annotation: Any) -> str | None:
    extra = getattr(annotation, "extra", None)
    uuid = extra.get("uuid") if isinstance(extra, Mapping) else None
    return None if uuid is None else str(uuid)
