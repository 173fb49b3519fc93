"""Where the rows of a payload come from: dicts, a file, text, or the labelbox package's objects."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.files import named_path, write_whole
from lsnb.kernel.formats import parse_json, read_bytes
from lsnb.predictions.payloads import is_missing
from lsnb.tables import check_key
from lsnb.tables.cells import is_no
from lsnb.tables.keys import RoundedKeyError, find_column, key_text

# The objects of the ``labelbox`` package as NDJSON rows, told by their attributes: the package is not needed.
#
# Format: "Import video annotations" in Labelbox's documentation, and ``labelbox.types``. Video annotations come one
# object a frame. Those with one ``extra["uuid"]`` are one object; without it, those of one name are, as in the
# package.


Entry = dict[str, Any]


def is_label(thing: Any) -> bool:
    """Return whether this is a ``Label`` of the labelbox package."""
    return not isinstance(thing, Mapping) and hasattr(thing, "annotations") and hasattr(thing, "data")


# What reading the package's objects has to tell of a row stands below this key of it.
TOLD = "lsnb"


def label_rows(label: Any, *, join_sparse: bool = False) -> Iterator[Entry]:
    """Return the NDJSON rows that a ``Label`` stands for, in the order in which its features first appear.

    Args:
        label: An object with ``data`` (``global_key`` or ``uid``) and ``annotations``.
        join_sparse: Whether objects without ``segment_index`` are seen between the frames that they have, too.

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
        body = _body(group, join_sparse)
        told = _told(group, join_sparse) if "segments" in body else {}
        yield _head(group[0], label.data) | body | ({TOLD: told} if told else {})


def _told(group: Sequence[Any], join_sparse: bool) -> dict[str, str]:
    """Return what is to be told of an object: code → sentence."""
    told: dict[str, str] = {}
    parts: dict[Any, list[int]] = {}
    for annotation in group:
        parts.setdefault(getattr(annotation, "segment_index", None), []).append(annotation.frame)
    name = _feature(group[0])
    back = next((two for part in parts.values() for one, two in pairwise(part) if two <= one), None)
    if back is not None:
        told["frame_goes_back"] = (
            f"The frames of {name!r} go back to {back} within a segment, as those of two objects would: give each "
            "object its own extra={'uuid': …}."
        )
    runs = 0 if join_sparse or None not in parts else len(_segments(group, False))
    if runs > 1 and back is None:
        told["sparse_frames"] = (
            f"{name!r} has no segment_index, and its frames have gaps: it is seen in {runs} separate stretches. Give "
            "join_sparse=True to see it between them, too."
        )
    return told


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


def _body(group: Sequence[Any], join_sparse: bool) -> Entry:
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
        parts = _segments(group, join_sparse)
        return {"segments": [{"keyframes": [_keyframe(a) for a in part if a.keyframe]} for part in parts]}
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


def _segments(group: Sequence[Any], join_sparse: bool = False) -> list[list[Any]]:
    """Return the annotations of each segment: by ``segment_index``, else by unbroken runs of frames, or as one."""
    if all(getattr(a, "segment_index", None) is None for a in group):
        if join_sparse:
            return [sorted(group, key=lambda a: a.frame)]
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
                entry = dict(answer) if isinstance(answer, Mapping) else {"value": answer}
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


Payload = Mapping[str, Any] | str | Path | Iterable[Any]


def payload_rows(payload: Payload, *, join_sparse: bool = False) -> list[Any]:
    """Return the rows of a payload, in order: dicts, and whatever else stood where a dict should.

    Args:
        payload: A list of dicts; the path of a ``.ndjson`` or ``.json`` file; such a file's text; or ``Label`` objects
            of the ``labelbox`` package.
        join_sparse: As in ``label_rows``.

    Raises:
        InputError: It is none of these.
        MissingFileError: There is no such file.

    Example:
        >>> payload_rows('{"name": "car"}\\n{"name": "bus"}')
        [{'name': 'car'}, {'name': 'bus'}]
    """
    if isinstance(payload, Mapping):
        return [payload]
    if is_label(payload):
        return list(label_rows(payload, join_sparse=join_sparse))
    if isinstance(payload, str) and payload.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return _text_rows(payload, "payload")
    if isinstance(payload, (str, Path)):
        path = named_path(payload)
        return _text_rows(read_bytes(path), path.name)
    if isinstance(payload, bytes) or not isinstance(payload, Iterable) or hasattr(payload, "columns"):
        raise InputError(
            f"payload is a {type(payload).__name__}: give a list of dicts, the path of an .ndjson file, its text, or "
            "Label objects of the labelbox package."
        )
    rows: list[Any] = []
    for part in payload:
        rows += label_rows(part, join_sparse=join_sparse) if is_label(part) else [part]
    return rows


def _text_rows(text: str | bytes, name: str) -> list[Any]:
    try:
        whole = parse_json(text, name)
    except InputError:
        return [_line(line, name) for line in _as_text(text, name).split("\n") if line.strip()]
    return whole if isinstance(whole, list) else [whole]


def _as_text(text: str | bytes, name: str) -> str:
    try:
        return (text if isinstance(text, str) else text.decode("utf-8")).lstrip("\ufeff")
    except UnicodeDecodeError:
        raise InputError(f"{name} cannot be read as text (it is no UTF-8): export it as .ndjson again.") from None


def _line(line: str, name: str) -> Any:
    try:
        return parse_json(line, name)
    except InputError:
        return line


# Labelbox's own exports (v2), a row of the data each, as the rows of a payload.
#
# Format: "Export" in Labelbox's documentation: ``data_row``, ``media_attributes``, ``projects`` → ``labels`` →
# ``annotations`` with ``objects`` and ``classifications``, and for videos ``frames``, ``segments`` (both ends included)
# and ``key_frame_feature_map``.


EXTERNAL = ("external_id", "externalId")  # what people called a row of data before there were global keys


def is_export(row: Any) -> bool:
    """Return whether this is a row of Labelbox's export.

    Example:
        >>> is_export({"data_row": {}, "projects": {}}), is_export({"name": "car", "dataRow": {}})
        (True, False)
    """
    return isinstance(row, Mapping) and "data_row" in row and "projects" in row


def exported_rows(row: Mapping[str, Any]) -> tuple[list[Entry], str, dict[str, Any]]:
    """Return what people labelled in one row of an export as rows of a payload; the item; and its media's facts.

    Args:
        row: A row of the export.

    Example:
        >>> answer = {"name": "weather", "radio_answer": {"name": "sun"}}
        >>> labels = [{"annotations": {"objects": [], "classifications": [answer]}}]
        >>> given = {"data_row": {"global_key": "a.jpg"}, "media_attributes": {"width": 80, "height": 60},
        ...          "projects": {"p": {"labels": labels}}}
        >>> exported_rows(given)[0]
        [{'name': 'weather', 'dataRow': {'globalKey': 'a.jpg'}, 'answer': {'name': 'sun'}}]
    """
    data = row["data_row"] if isinstance(row["data_row"], Mapping) else {}
    # A name that people gave comes before Labelbox's own number.
    calls = (data.get(name) for name in ("global_key", *EXTERNAL))
    key, uid = next((call for call in calls if call not in (None, "")), None), data.get("id")
    head = {"dataRow": {"globalKey": key} if key is not None else {"id": uid}}
    about = row.get("media_attributes")
    about = about if isinstance(about, Mapping) else {}
    facts = {"width": about.get("width"), "height": about.get("height")}
    facts |= {"fps": about.get("frame_rate"), "frames": about.get("frame_count")}
    found: list[Entry] = []
    for project in _values(row["projects"]):
        for label in _listed(project, "labels"):
            said = label.get("annotations")
            if isinstance(said, Mapping):
                found += [_with_head(entry, head) for entry in _exported(said)]
    return found, str(key if key is not None else uid), facts


def has_relations(row: Mapping[str, Any]) -> bool:
    """Return whether a row of an export says how its objects belong together."""
    labels = [label for project in _values(row["projects"]) for label in _listed(project, "labels")]
    said = [label["annotations"] for label in labels if isinstance(label.get("annotations"), Mapping)]
    return any(_listed(one, "relationships") for one in said)


def labelled_by(row: Mapping[str, Any]) -> list[str] | None:
    """Return who made the labels of a row of an export that has several which say something; None of one or none."""
    found = []
    for label in (label for project in _values(row["projects"]) for label in _listed(project, "labels")):
        said = label.get("annotations")
        if isinstance(said, Mapping) and any(said.get(part) for part in ("objects", "classifications", "frames")):
            details = label.get("label_details")
            found.append(details.get("created_by") if isinstance(details, Mapping) else None)
    return [who for who in found if isinstance(who, str)] if len(found) > 1 else None


def _with_head(entry: Entry, head: Entry) -> Entry:
    name, uuid = entry.pop("name", None), entry.pop("uuid", None)
    return {"name": name, **({} if uuid is None else {"uuid": uuid}), **head, **entry}


def _exported(said: Mapping[str, Any]) -> Iterator[Entry]:
    segments = said.get("segments") if isinstance(said.get("segments"), Mapping) else {}
    keys = said.get("key_frame_feature_map")
    objects: dict[str, dict[int, Mapping[str, Any]]] = {}
    asked: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    frames = said.get("frames")
    for number, frame in frames.items() if isinstance(frames, Mapping) else ():
        if not (str(number).isascii() and str(number).isdecimal()) or not isinstance(frame, Mapping):
            yield {"name": None, "frames": {str(number): frame}}  # damaged: a row that says so
            continue
        for feature, thing in (frame.get("objects") or {}).items() if isinstance(frame.get("objects"), Mapping) else ():
            objects.setdefault(str(feature), {})[int(number)] = thing if isinstance(thing, Mapping) else {}
        for answer in _things(frame, "classifications"):
            asked.setdefault(str(answer.get("feature_id")), []).append((int(number), answer))
    for feature, by_frame in objects.items():
        kept = keys.get(feature) if isinstance(keys, Mapping) else None
        spans = _spans(segments, feature) or [(min(by_frame), max(by_frame))]
        parts = [{"keyframes": _keyframes(by_frame, kept, span)} for span in spans]
        first = next(iter(by_frame.values()))
        yield {"name": first.get("name"), "uuid": feature, "segments": parts}
    for feature, answers in asked.items():
        spans = _spans(segments, feature) or [(min(n for n, _ in answers), max(n for n, _ in answers))]
        yield _answer_by_frame(answers, spans) | {"uuid": feature}
    for thing in _things(said, "objects"):
        yield _exported_shape(thing)
    for answer in _things(said, "classifications"):
        yield _exported_answer(answer)


def _spans(segments: Any, feature: str) -> list[tuple[int, int]]:
    given = segments.get(feature) if isinstance(segments, Mapping) else None
    listed = given if isinstance(given, list | tuple) else ()
    spans = [tuple(span) for span in listed if isinstance(span, list | tuple) and len(span) == 2]
    return [(int(a), int(b)) for a, b in spans if isinstance(a, int) and isinstance(b, int)]


def _keyframes(by_frame: Mapping[int, Any], kept: Any, span: tuple[int, int]) -> list[Entry]:
    """Return the keyframes of one segment; an object stands still until its end where no later one is given."""
    keys = (
        {int(n) for n, is_key in kept.items() if is_key and str(n).isdecimal()} if isinstance(kept, Mapping) else set()
    )
    within = sorted(n for n in by_frame if span[0] <= n <= span[1])
    used = [n for n in within if n in keys] or within
    if not used:
        return []
    found = [{"frame": n, **_exported_shape(by_frame[n], with_name=False)} for n in used]
    if found[0]["frame"] > span[0]:
        found.insert(0, {**found[0], "frame": span[0]})
    if used[-1] < span[1]:
        last = within[-1] if within[-1] > used[-1] else used[-1]
        found.append({"frame": span[1], **_exported_shape(by_frame[last], with_name=False)})
    return found


def _answer_by_frame(answers: Sequence[tuple[int, Mapping[str, Any]]], spans: Sequence[tuple[int, int]]) -> Entry:
    """Return an answer by frame: each stands until another is given, or its segment ends."""
    entries: dict[str, tuple[Entry, list[Entry]]] = {}
    name = answers[0][1].get("name")
    for first, last in spans:
        within = sorted(((n, one) for n, one in answers if first <= n <= last), key=lambda pair: pair[0])
        ends = [n - 1 for n, _ in within[1:]] + [last]
        for place, ((n, one), end) in enumerate(zip(within, ends, strict=True)):
            said = _exported_answer(one)
            if "answer" not in said:
                return said  # damaged: its row says so
            given = said["answer"]
            for answer in given if isinstance(given, list) else [given]:
                entry = dict(answer) if isinstance(answer, Mapping) else {"value": answer}
                known = json.dumps(entry, sort_keys=True, default=str)
                kept = entries.setdefault(known, (entry, []))[1]
                start = first if place == 0 else n
                if kept and kept[-1]["end"] == start - 1:
                    kept[-1]["end"] = end
                else:
                    kept.append({"start": start, "end": end})
    return {"name": name, "answer": [entry | {"frames": frames} for entry, frames in entries.values()]}


def _exported_shape(thing: Mapping[str, Any], *, with_name: bool = True) -> Entry:
    names = {"bounding_box": "bbox", "polygon": "polygon", "point": "point", "line": "line", "location": "location"}
    entry = {ours: thing[theirs] for theirs, ours in names.items() if thing.get(theirs) is not None}
    for theirs in ("mask", "composite_mask"):
        if thing.get(theirs) is not None:
            entry["mask"] = thing[theirs]
    nested = [_exported_answer(one) for one in _listed(thing, "classifications")]
    if nested:
        entry["classifications"] = nested
    if with_name:
        entry = {"name": thing.get("name"), **entry}
        if thing.get("feature_id") is not None:
            entry["uuid"] = str(thing["feature_id"])
    return entry


def _exported_answer(said: Mapping[str, Any]) -> Entry:
    """Return a question and its answer as a payload has them."""
    entry: Entry = {"name": said.get("name")}
    radio, listed, text = said.get("radio_answer"), said.get("checklist_answers"), said.get("text_answer")
    if isinstance(radio, Mapping):
        entry["answer"] = _exported_option(radio)
    elif isinstance(listed, list):
        entry["answer"] = [_exported_option(one if isinstance(one, Mapping) else {}) for one in listed]
    elif isinstance(text, Mapping):
        entry["answer"] = text.get("content", "")
    return entry


def _exported_option(said: Mapping[str, Any]) -> Entry:
    nested = [_exported_answer(one) for one in _listed(said, "classifications")]
    return {"name": said.get("name")} | ({"classifications": nested} if nested else {})


def _values(given: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in (given.values() if isinstance(given, Mapping) else ()) if isinstance(one, Mapping))


def _things(given: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return what is listed, an empty one for what is damaged, which becomes a row without a name."""
    listed = given.get(name)
    return [one if isinstance(one, Mapping) else {} for one in listed] if isinstance(listed, list) else []


def _listed(given: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = given.get(name)
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


# A payload as a file, and the videos that it is about.


def match_videos(videos: pd.DataFrame, payload: Payload, *, key: str | None = None) -> pd.DataFrame:
    """Return a table of videos with a column ``item``: what the payload calls each.

    Args:
        videos: A table with a column ``path``, such as ``lsnb.find_videos`` returns; it is not changed.
        payload: As ``from_labelbox`` takes it.
        key: The column that holds the payload's names. By default that is ``item`` where there is such a column; else
            a video's path, its file's name, or that name without the ending, whichever the payload names most of.

    Raises:
        InputError: There is no such column, or two videos have one name.

    Example:
        >>> videos = pd.DataFrame({"path": ["clips/a.mp4", "clips/b.mp4"]})
        >>> match_videos(videos, [{"name": "car", "dataRow": {"globalKey": "b"}}])["item"].tolist()
        ['a', 'b']
    """
    if not isinstance(videos, pd.DataFrame):
        raise InputError(f"videos is a {type(videos).__name__}: give the table that lsnb.find_videos returned.")
    used = key or ("item" if "item" in videos.columns else None)
    if used is not None:
        return videos.assign(item=check_key(videos, used))
    if "path" not in videos.columns:
        raise InputError("The table of videos has no column 'path': give what lsnb.find_videos returned.")
    paths = [PurePosixPath(str(path).replace("\\", "/")) for path in videos["path"]]
    named = {_key_of(row) for row in payload_rows(payload)}
    ways = [[path.name for path in paths], [path.stem for path in paths], [str(path) for path in paths]]
    best = max(ways, key=lambda names: len(named & set(names)))
    return videos.assign(item=check_key(pd.DataFrame({"item": best}, index=videos.index), "item"))


def _key_of(row: Any) -> str | None:
    data_row = row.get("dataRow", row.get("data_row")) if isinstance(row, Mapping) else None
    if not isinstance(data_row, Mapping):
        return None
    names = ("globalKey", "global_key", *EXTERNAL, "id")
    return next((str(data_row[name]) for name in names if data_row.get(name) is not None), None)


def write_payload(rows: Iterable[Mapping[str, Any]], out: str | os.PathLike[str]) -> Path:
    """Write Labelbox rows as NDJSON, one a line, and return the file's path.

    Args:
        rows: What ``to_labelbox`` returned.
        out: The file; one of that name is replaced only when the new one is whole.

    Raises:
        InputError: A row is no dict that JSON can hold, or the file cannot be written.

    Example:
        >>> import tempfile
        >>> write_payload([{"name": "car"}], Path(tempfile.mkdtemp(), "rows.ndjson")).read_text()
        '{"name":"car"}\\n'
    """
    target = named_path(out)
    try:
        text = b"".join(orjson.dumps(dict(row), option=orjson.OPT_SERIALIZE_NUMPY) + b"\n" for row in rows)
    except (TypeError, ValueError) as fault:
        raise InputError(f"A row cannot be written as JSON ({fault}): give what to_labelbox returned.") from None
    return write_whole(target, text, parents=True)


# The facts of each video that Labelbox's pixels and frames need: width, height, frames a second, number of frames.


FACTS = ("width", "height", "fps", "frames")


@dataclass(frozen=True)
class Video:
    """One video.

    Args:
        width: Pixels across, as displayed.
        height: Pixels down.
        fps: Frames a second.
        frames: The number of frames.
        missing: The names of the facts that are absent or of no use; those fields are 0.
        varies: Whether frames are known to last unequally long.
    """

    width: float
    height: float
    fps: float
    frames: int
    missing: tuple[str, ...] = ()
    varies: bool = False


def read_videos(videos: Any, key: str | None = None) -> dict[str, Video]:
    """Return item → facts.

    Args:
        videos: A mapping from item to what ``lsnb.probe`` returns or to a dict with ``width, height, fps, frames``; or
            the table that ``lsnb.probe`` returns for several videos.
        key: The table's column that names the item. By default ``item``; else the index, if it is not a plain
            numbering; else the file's name in ``path``, with its suffix and without.

    Raises:
        InputError: It is neither, or an item is no key.

    Example:
        >>> read_videos({"a.mp4": {"width": 640, "height": 480, "fps": "30000/1001", "frames": 90}})["a.mp4"].frames
        90
    """
    if isinstance(videos, pd.DataFrame):
        pairs = _pairs(videos, key)
    elif isinstance(videos, Mapping):
        pairs = list(videos.items())
    else:
        raise InputError(
            f"videos is {_what(videos)}: give a dict from item to what lsnb.probe returns (or to a dict with "
            "width, height, fps, frames), or the table of lsnb.probe."
        )
    found: dict[str, Video] = {}
    for item, facts in pairs:
        try:
            text = key_text(item)
        except RoundedKeyError:
            text = None
        if text is None:
            raise InputError(f"videos has the item {item!r}: give each video its key, as text.")
        found.setdefault(text, _video(facts))
    return found


def _pairs(table: pd.DataFrame, key: str | None) -> list[tuple[Any, Any]]:
    rows: list[Any] = table.to_dict("records")
    if key is None and "item" in table.columns:
        key = "item"
    if key is not None:
        return list(zip(find_column(table, key), rows, strict=True))
    if not isinstance(table.index, pd.RangeIndex):
        return list(zip(table.index, rows, strict=True))
    if "path" not in table.columns:
        raise InputError("The table of videos names no item: give key=, the column that does.")
    paths = [Path(str(path)) for path in table["path"]]
    return [
        (name, row) for names in ("name", "stem") for path, row in zip(paths, rows, strict=True)
        for name in [getattr(path, names)] if name
    ]  # fmt: skip


def _video(facts: Any) -> Video:
    values: dict[str, float] = {}
    for name in FACTS:
        given = facts.get(name) if isinstance(facts, Mapping) else getattr(facts, name, None)
        values[name] = _positive(given)
    missing = tuple(name for name in FACTS if not values[name])
    told = facts.get("is_constant_rate") if isinstance(facts, Mapping) else getattr(facts, "is_constant_rate", None)
    varies = not is_missing(told) and told != "" and is_no(told)
    return Video(values["width"], values["height"], values["fps"], int(values["frames"]), missing, varies)


def _positive(given: Any) -> float:
    """Return a number above 0, or 0 for anything else."""
    if given is None or isinstance(given, bool):
        return 0.0
    try:
        number = float(Fraction(given.strip())) if isinstance(given, str) else float(given)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def _what(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
