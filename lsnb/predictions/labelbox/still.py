"""Rows of a Labelbox payload about what does not move: shapes on pictures, entities in texts, answers about both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.words import nearest
from lsnb.labels import LabelConfig
from lsnb.labels.vocabulary import CHOICES, KINDS, TEXT_AREA
from lsnb.predictions.checking import rules_of
from lsnb.predictions.labelbox.questions import (
    Questions,
    Reader,
    each_classification,
    region_id,
    whole_results,
)
from lsnb.predictions.payloads import Sizes, size_of
from lsnb.predictions.regions import Regions, Seen, Target, Targets
from lsnb.predictions.report import Result, Row
from lsnb.predictions.spans import check_span
from lsnb.shapes import Fault
from lsnb.shapes.faults import finite_number

SHAPES = ("bbox", "polygon", "point", "line", "mask", "location")


class StillReader:
    """What reads rows about pictures and texts, whose regions are gathered until ``finish``.

    Args:
        config: The label config.
        sizes: Item → (width, height), or a pair for all.
        texts: Item → its text.
        unknown: ``fail`` or ``drop``.
        exported: Item → what an export says of its media.
    """

    def __init__(
        self,
        config: LabelConfig,
        sizes: Any,
        texts: Mapping[Any, Any] | None,
        unknown: str,
        exported: Mapping[str, Any],
    ) -> None:
        if texts is not None and not isinstance(texts, Mapping):
            raise InputError(f"texts is a {type(texts).__name__}: give a dict from item to its text.")
        self.config = config
        self.targets = Targets(config, unknown=unknown)
        self.regions = Regions(rules_of(config))
        self.sizes = Sizes(sizes)
        self.texts = {str(item): text for item, text in (texts or {}).items()}
        self.exported = exported
        self.has_video = any(field.kind == "video" for field in config.fields.values())
        self._asked: set[tuple[str, str]] = set()
        self._below: list[tuple[Row, int, list[Result]]] = []

    def takes(self, entry: Any) -> bool:
        """Return whether a row is about a picture or a text: it has a place and no frame, or the config shows none."""
        if not isinstance(entry, Mapping) or "segments" in entry or self.has_video:
            return False
        return any(entry.get(name) is not None for name in SHAPES) or "answer" in entry or "answers" in entry

    def read(self, row: Row, entry: Mapping[str, Any], questions: Questions, drops: bool) -> None:
        """Read one row of a payload.

        Args:
            row: Takes the faults and the results.
            entry: The row.
            questions: What the config asks.
            drops: Whether what the config lacks is left out.
        """
        name = entry.get("name")
        row.name = name if isinstance(name, str) else ""
        data = entry.get("dataRow")
        given = [data.get(k) for k in ("globalKey", "id")] if isinstance(data, Mapping) else []
        row.item = next((str(one) for one in given if one not in (None, "")), None)
        if row.item is None:
            row.error("missing_data_row", "The row has no dataRow: give {'globalKey': item}.", "dataRow")
        if not row.name:
            row.error("no_name", "The row has no name: give the feature's.", "name")
        reader = Reader(questions, row, drops_unknown=drops)
        score = reader.confidence(entry, "")
        if row.has_failed:
            return
        uuid = str(entry.get("uuid") or region_id(row.item, row.name, row.index))
        row.results = []
        shape = next((one for one in SHAPES if entry.get(one) is not None), None)
        if shape is None:
            self._read_answer(row, entry, reader, uuid)
        elif shape == "location":
            self._read_entity(row, entry, score, uuid)
        else:
            added = self._read_shape(row, shape, entry[shape], score)
            self.regions.keep(added, {"labelbox": {"uuid": uuid}} if entry.get("uuid") else {})
            if added is not None:
                self._read_below(row, added, entry.get("classifications"), reader)

    def _read_answer(self, row: Row, entry: Mapping[str, Any], reader: Reader, uuid: str) -> None:
        read = reader.answered(entry, None, by_frame=False, path="")
        if read is None or row.has_failed:
            return
        for result in whole_results(read, uuid, {}):
            if (str(row.item), result["from_name"]) in self._asked:
                words = f"The question {result['from_name']!r} is answered twice for {row.item!r}."
                row.error("answered_twice", words)
            self._asked.add((str(row.item), result["from_name"]))
            self.regions.add_results(row, [result], "answer")

    def _read_entity(self, row: Row, entry: Mapping[str, Any], score: float | None, uuid: str) -> None:
        place = entry["location"]
        ends = [finite_number(place.get(name)) for name in ("start", "end")] if isinstance(place, Mapping) else [None]
        if None in ends:
            row.error("bad_location", "A location is {start, end}, both characters included.", "location")
            return
        start, end = int(ends[0] or 0), int(ends[1] or 0) + 1
        holders = [
            one
            for one in self.config.controls.values()
            if one.row.shape == "Span" and row.name in one.labels and "start" in one.row.holds
        ]
        if not holders:
            every = [label for one in self.config.controls.values() if one.row.shape == "Span" for label in one.labels]
            words = f"The config has no label {row.name!r} for spans of text.{nearest(row.name, every)}"
            row.faults.append(Fault("unknown_label", words, "name", self.targets.drops_unknown))
            return
        control = holders[0]
        value: dict[str, Any] = {"start": start, "end": end, control.row.key: [row.name]}
        text = self.texts.get(str(row.item))
        if isinstance(text, str):
            faults = check_span(start, end, text)
            row.faults += [Fault(one.code, one.message, "location") for one in faults]
            if faults:
                return
            value["text"] = text[start:end]
        result: Result = {"id": uuid, "from_name": control.name, "to_name": control.to_names[0], "type": control.kind}
        result |= {"value": value} | ({} if score is None else {"score": score})
        self.regions.add_results(row, [result], "location")

    def _read_shape(self, row: Row, shape: str, given: Any, score: float | None) -> int | None:
        size = size_of(self.exported.get(str(row.item)) or (None, None)) or self.sizes.of(row.item)
        if size is None:
            row.error("no_size", "The picture's size is unknown: give sizes={item: (width, height)}.", shape)
            return None
        try:
            if shape == "bbox":
                sides = [float(given[name]) for name in ("left", "top", "width", "height")]
                seen = Seen(sides)
            elif shape == "point":
                target = self.targets.find(("point",), row.name)
                if isinstance(target, Target):
                    x, y = float(given["x"]), float(given["y"])
                    return self.regions.add_point(row, x, y, size, target, score, shape)
                row.faults += [Fault(target.code, target.message, shape, target.is_warning)] if target else []
                return None
            elif shape == "mask":
                row.error("mask_elsewhere", "The mask is a picture at another address, which is not fetched.", shape)
                return None
            else:
                points = np.array([(float(one["x"]), float(one["y"])) for one in given]).reshape(-1, 2)
                seen = Seen(outlines=[points]) if shape == "polygon" else Seen(line=points)
        except (TypeError, ValueError, KeyError, OverflowError):
            row.error("bad_shape", "Places are numbers, in pixels from the top left.", shape)
            return None
        return self.regions.add_seen(row, seen, row.name, size, self.targets, score, shape)

    def _read_below(self, row: Row, region: int, nested: Any, reader: Reader) -> None:
        """Read the answers about one object, which the config asks of each region."""
        found: list[Result] = []
        for entry, path, _ in each_classification(nested or [], "classifications"):
            name = entry.get("name") if isinstance(entry, Mapping) else None
            control = next(
                (
                    one
                    for one in self.config.controls.values()
                    if one.per_region and one.name in (name, f"{row.name}.{name}") and one.kind in KINDS
                ),
                None,
            )
            if control is None:
                known = [one.name for one in self.config.controls.values() if one.per_region]
                reader.unknown(
                    "unknown_feature", f"The config asks no {name!r} of each region.{nearest(name, known)}", path
                )
                continue
            given = entry.get("answer", entry.get("answers"))
            listed = given if isinstance(given, list | tuple) else [given]
            words = [one.get("name") if isinstance(one, Mapping) else one for one in listed]
            if not words or not all(isinstance(word, str) for word in words):
                reader.row.error("bad_answer", "An answer is a text, or a dict with its name.", f"{path}.answer")
                continue
            key = TEXT_AREA.key if control.kind == TEXT_AREA.kind else CHOICES.key
            found.append(
                {
                    "from_name": control.name,
                    "to_name": control.to_names[0],
                    "type": control.kind,
                    "value": {key: list(words)},
                }
            )
        if found:
            self.regions.add_below(region, found)

    def finish(self) -> None:
        """Give every row its results."""
        self.regions.finish()
