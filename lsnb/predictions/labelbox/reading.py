"""Labelbox video payloads as predictions: every row read, checked and reported."""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lsnb.errors import InputError
from lsnb.labels import LabelConfig
from lsnb.predictions.labelbox.answers import Marks, Reader, has_frames
from lsnb.predictions.labelbox.classifications import least, region_id, timed_results, whole_results
from lsnb.predictions.labelbox.held import held_results
from lsnb.predictions.labelbox.payload import Payload, payload_rows
from lsnb.predictions.labelbox.questions import Questions, Tool, read_questions
from lsnb.predictions.labelbox.shapes import IMPOSSIBLE, SHAPES
from lsnb.predictions.labelbox.tracks import Segment, check_segments, read_segments, track
from lsnb.predictions.labelbox.videos import FACTS, Video, read_videos
from lsnb.predictions.payloads import is_missing
from lsnb.predictions.report import Predictions, Row, make_predictions
from lsnb.tables.keys import RoundedKeyError, key_text, nearest

RELEASE = "1.23.2"
KNOWN = frozenset(
    {"name", "uuid", "dataRow", "segments", "answer", "answers", "classifications", "frames", "confidence"}
)
SPLITS = {
    "training": "training",
    "train": "training",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass
class Input:
    """One row of the payload that has an item, a name and an id."""

    row: Row
    entry: Mapping[str, Any]
    name: str
    item: str
    uuid: str
    region: str
    video: Video
    marks: Marks = field(default_factory=dict)


def from_labelbox(
    payload: Payload,
    *,
    config: LabelConfig,
    videos: Any,
    frame_base: int = 1,
    release: str = RELEASE,
    splits: Mapping[str, str] | None = None,
    key: str | None = None,
) -> Predictions:
    """Return the predictions of a Labelbox video payload, checked, with a row of the report for each of its rows.

    Objects become one video track each; answers for the whole video choices or texts; answers by frame timeline
    regions, below the track where they are about an object. What a result cannot say by itself (the exact place of a
    point or the vertices of a line, each answer's confidence, how the payload wrote it) is in its ``meta``.

    Args:
        payload: A list of NDJSON dicts, the path or text of an ``.ndjson`` or ``.json`` file, or ``Label`` objects of
            the ``labelbox`` package. Pixels count from the top left; frames from 1, ranges with both ends included.
        config: The study's config, for example from ``LabelConfig.from_labelbox(ontology)``.
        videos: Item → what ``lsnb.probe`` returns or a dict with ``width, height, fps, frames``; or probe's table. An
            item is what ``dataRow.globalKey`` (or ``id``) names.
        frame_base: 0 if the payload counts frames from 0.
        release: The server's release: from 1.24.0 on its editor draws lines on video, where the config has VideoVector.
        splits: Item → ``training``, ``validation`` or ``test``, as ``dataRow.split`` may say, too.
        key: The column of a table of videos that names the item.

    Raises:
        InputError: An argument is of no use. What is wrong with a row is in the report.
        MissingFileError: There is no such file.

    Example:
        >>> from lsnb import LabelConfig
        >>> config = LabelConfig.video("uri", frame_rate="fps").video_boxes("objects", ["car"])
        >>> box = {"top": 12, "left": 16, "height": 60, "width": 80}
        >>> row = {"name": "car", "uuid": "u1", "dataRow": {"globalKey": "a.mp4"},
        ...        "segments": [{"keyframes": [{"frame": 3, "bbox": box}]}]}
        >>> facts = {"a.mp4": {"width": 160, "height": 120, "fps": 25, "frames": 50}}
        >>> predictions = from_labelbox([row], config=config, videos=facts)
        >>> predictions.results["a.mp4"][0]["value"]["sequence"]
        [{'frame': 3, 'enabled': False, 'x': 10.0, 'y': 10.0, 'width': 50.0, 'height': 50.0,
          'rotation': 0, 'time': 0.12}]
    """
    check_arguments(config, frame_base, release)
    named_splits = _named_splits(splits)
    known = read_videos(videos, key)
    questions = read_questions(config, release)
    rows: list[Row] = []
    inputs: list[Input] = []
    counts: Counter[tuple[str, str]] = Counter()
    for index, entry in enumerate(map(_without_gaps, payload_rows(payload))):
        row = Row(index)
        rows.append(row)
        found = _input(row, entry, known, named_splits, counts)
        if found is not None:
            inputs.append(found)
    _refuse_shared_ids(inputs)
    objects: dict[tuple[str, str], list[Input]] = {}
    answered: set[tuple[str, str]] = set()
    for found in inputs:
        if found.row.has_failed:
            continue
        if "segments" in found.entry:
            objects.setdefault((found.item, found.uuid), []).append(found)
        else:
            _read_classification(found, questions, 1 - frame_base, answered)
    for parts in objects.values():
        _read_object(parts, questions, 1 - frame_base)
    predictions = make_predictions(rows)
    return replace(predictions, splits=predictions.splits | named_splits)


def _without_gaps(entry: Any) -> Any:
    """Return a row without the NaN with which a table of rows fills the columns that a row does not have.

    A confidence that is NaN came from a model, and is told.
    """
    if not isinstance(entry, Mapping):
        return entry
    return {
        name: given for name, given in entry.items() if given is None or name == "confidence" or not is_missing(given)
    }


def check_arguments(config: Any, frame_base: Any, release: Any) -> None:
    """Raise if the arguments that reading and writing share are of no use."""
    problems = []
    if not isinstance(config, LabelConfig):
        problems.append(f"config is a {type(config).__name__}: give a LabelConfig, for example study.config.")
    if isinstance(frame_base, bool) or not isinstance(frame_base, numbers.Integral) or frame_base not in (0, 1):
        problems.append(f"frame_base is {frame_base!r}: give 1, or 0 if the payload counts frames from 0.")
    if not isinstance(release, str) or not release[:1].isdigit():
        problems.append(f"release is {release!r}: give the server's release as text, such as {RELEASE!r}.")
    if problems:
        raise InputError(problems)


def _named_splits(splits: Any) -> dict[str, str]:
    if splits is None:
        return {}
    if not isinstance(splits, Mapping):
        raise InputError(f"splits is a {type(splits).__name__}: give a dict from item to training, validation or test.")
    odd = [f"{item}: {split!r}" for item, split in splits.items() if _split(split) is None]
    if odd:
        raise InputError(f"splits knows training, validation and test, and holds {', '.join(odd[:5])}.")
    return {str(item): str(_split(split)) for item, split in splits.items()}


def _split(given: Any) -> str | None:
    return SPLITS.get(given.strip().lower()) if isinstance(given, str) else None


def _input(
    row: Row, entry: Any, videos: Mapping[str, Video], splits: Mapping[str, str], counts: Counter[tuple[str, str]]
) -> Input | None:
    """Return what one row says of itself; note what is wrong with it."""
    if not isinstance(entry, Mapping):
        shown = f"{entry[:60]!r}" if isinstance(entry, str) else f"a {type(entry).__name__}"
        row.error("not_a_row", f"This is {shown}: give a dict with name, dataRow and segments or answer.")
        return None
    name = entry.get("name")
    row.name = name if isinstance(name, str) else ""
    row.item = _item(row, entry, videos)
    _read_split(row, entry, splits)
    if not row.name:
        hint = " schemaId alone does not say which: the config knows names." if entry.get("schemaId") else ""
        row.error("no_name", f"The row has no name: give the feature's.{hint}", "name")
    _check_kind(row, entry)
    confidence = Reader(Questions(), row).confidence(entry, "")
    if row.item is None or row.has_failed:
        return None
    counts[row.item, row.name] += 1
    given = entry.get("uuid")
    uuid = str(given) if given is not None and str(given) else region_id(row.item, row.name, counts[row.item, row.name])
    # The editor cuts ids at "#".
    region = uuid if "#" not in uuid else region_id(uuid)
    data_row = dict(entry["dataRow"])
    marks: Marks = {
        "confidence": confidence,
        "uuid": uuid if region != uuid else None,
        "data_row": data_row if data_row != {"globalKey": row.item} else None,
        "extra": {key: value for key, value in entry.items() if key not in KNOWN},
    }
    return Input(row, entry, row.name, row.item, uuid, region, videos[row.item], marks)


def _item(row: Row, entry: Mapping[str, Any], videos: Mapping[str, Video]) -> str | None:
    data_row = entry.get("dataRow")
    if not isinstance(data_row, Mapping):
        row.error("missing_data_row", "The row has no dataRow: give {'globalKey': item}.", "dataRow")
        return None
    given = [n for n in ("globalKey", "id") if isinstance(data_row.get(n), (str, numbers.Real)) and data_row[n] != ""]
    if len(given) != 1:
        what = "both a globalKey and an id" if given else "neither a globalKey nor an id"
        code = "double_data_row" if given else "missing_data_row"
        row.error(code, f"The dataRow has {what}: give one of them.", "dataRow")
        return None
    try:
        item = key_text(data_row[given[0]])
    except RoundedKeyError:
        item = None
    if item is None or item not in videos:
        shown = item if item is not None else data_row[given[0]]
        row.error(
            "unknown_item",
            f"There is no item {shown!r} among the videos.{nearest(shown, videos)}",
            f"dataRow.{given[0]}",
        )
    return item


def _read_split(row: Row, entry: Mapping[str, Any], splits: Mapping[str, str]) -> None:
    data_row = entry.get("dataRow")
    given = data_row.get("split") if isinstance(data_row, Mapping) else None
    named = splits.get(row.item or "")
    if given is None:
        row.split = named or ""
        return
    split = _split(given)
    if split is None:
        row.error("unknown_split", f"The split is {given!r}: give training, validation or test.", "dataRow.split")
    elif named is not None and named != split:
        row.error("two_splits", f"The row says {split}, and splits says {named}: give one.", "dataRow.split")
    else:
        row.split = split


def _check_kind(row: Row, entry: Mapping[str, Any]) -> None:
    impossible = [name for name in IMPOSSIBLE if name in entry]
    still = [name for name in SHAPES if name in entry]
    has_answer = any(name in entry for name in ("answer", "answers"))
    if impossible:
        row.error(
            "not_on_video", f"Label Studio has no {impossible[0]} on video: give boxes, points or lines.", impossible[0]
        )
    elif "segments" in entry and has_answer:
        row.error("two_kinds", "The row has both segments and an answer: make two rows of it.", "segments")
    elif still and "segments" not in entry:
        row.error(
            "no_frames", f"This {still[0]} is on no frame: put it into segments, keyframes, with its frame.", still[0]
        )
    elif "segments" not in entry and not has_answer and "classifications" not in entry:
        row.error("empty_row", "The row has neither segments nor an answer.")


def _refuse_shared_ids(inputs: Iterable[Input]) -> None:
    """Note rows of one item with one uuid, unless they are parts of one object."""
    seen: dict[tuple[str, str], Input] = {}
    for found in inputs:
        first = seen.setdefault((found.item, found.uuid), found)
        both_objects = "segments" in found.entry and "segments" in first.entry
        if first is not found and not (both_objects and found.name == first.name):
            found.row.error("repeated_uuid", f"Row {first.row.index} has the same uuid: give each its own.", "uuid")


def _lacks_facts(found: Input, needed: Sequence[str]) -> bool:
    missing = [name for name in needed if name in found.video.missing]
    if missing:
        found.row.error(
            "missing_video_facts",
            f"videos does not say the {', '.join(missing)} of {found.item!r}: give what lsnb.probe returns for it.",
        )
    return bool(missing)


def _read_classification(found: Input, questions: Questions, shift: int, answered: set[tuple[str, str]]) -> None:
    row = found.row
    by_frame = has_frames(found.entry)
    if by_frame and _lacks_facts(found, ("frames",)):
        return
    reader = Reader(questions, row, found.video.frames, shift)
    read = reader.answered(found.entry, None, by_frame=by_frame, path="")
    if read is None or row.has_failed:
        return
    if by_frame:
        loose = [item for item in read.items if item.ranges is None]
        for item in loose:
            row.error("no_frames", f"{item.value!r} has no frames, and other answers here have: give all.", item.path)
        row.results = list(timed_results(read, found.uuid, found.marks | {"uuid": found.uuid}))
    else:
        row.results = list(whole_results(read, found.region, found.marks))
        for control in [result["from_name"] for result in row.results]:
            if (found.item, control) in answered:
                message = f"The question {control!r} is answered twice for {found.item!r}, and a video has one answer."
                row.error("answered_twice", message)
            answered.add((found.item, control))
    row.score = least(row.results)


def _read_object(parts: Sequence[Input], questions: Questions, shift: int) -> None:
    """Read the rows of one object, which are mostly one."""
    first = parts[0]
    lacking = [part for part in parts if _lacks_facts(part, FACTS)]
    segments: list[Segment] = []
    for part in () if lacking else parts:
        segments += read_segments(
            part.entry["segments"], Reader(questions, part.row, part.video.frames, shift), part.video
        )
    ordered = check_segments(segments, [part.row for part in parts])
    tool = _tool(first, questions, ordered) if ordered else None
    if tool is None and not first.row.has_failed:
        known = [*questions.tools, *questions.vectors, *questions.names(None)]
        message = f"The config has no object {first.name!r} on video.{nearest(first.name, known)}"
        if first.name in questions.names(None):
            message = f"{first.name!r} is a question in the config, and has segments here: give it an answer."
        for part in parts:
            part.row.error("unknown_feature", message, "name")
    if tool is None or not ordered:
        return
    reader = Reader(questions, first.row, first.video.frames, shift)
    below = held_results(ordered, reader, first.name, first.region, first.entry.get("classifications"))
    if any(part.row.has_failed for part in parts):
        for part in parts:
            if not part.row.has_failed:
                part.row.error("object_failed", "Another row of this object failed.", "uuid")
        return
    shape = ordered[0].keyframes[0].shape
    if shape != "bbox" and not tool.is_vector:
        as_what = "an 8-pixel box around it" if shape == "point" else "its bounding box"
        kept = "place" if shape == "point" else "vertices"
        first.row.warn(
            f"{shape}_as_box", f"This release draws no {shape} on video: it shows {as_what}; meta has its exact {kept}."
        )
    found = track(ordered, label=first.name, tool=tool, region=first.region, video=first.video, marks=first.marks)
    first.row.results = [found, *below]
    first.row.score = least(first.row.results)
    for part in parts[1:]:
        part.row.results = []


def _tool(found: Input, questions: Questions, segments: Sequence[Segment]) -> Tool | None:
    is_line = segments[0].keyframes[0].shape == "line"
    if is_line and found.name in questions.vectors:
        return questions.vectors[found.name]
    return questions.tools.get(found.name)
