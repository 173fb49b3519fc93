"""Spans of texts and conversations, held against the text that a task shows.

Label Studio counts code points from 0, the end exclusive; in a conversation it names paragraphs by texts of their
numbers (``"start": "0"``) and counts within each. Its editor throws at a span that lies beyond the text.
https://labelstud.io/tags/labels, https://labelstud.io/tags/paragraphs
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lsnb.kernel.words import counted
from lsnb.labels import LabelConfig
from lsnb.labels.tree import Field, attribute, parse, walk
from lsnb.labels.vocabulary import KINDS
from lsnb.shapes import Fault
from lsnb.shapes.faults import whole_faults

TEXT, PARAGRAPHS = "text", "paragraphs"
UNITS = (("utf-16-le", 2, "UTF-16"), ("utf-8", 1, "bytes of UTF-8"))
"""In what else than code points offsets are counted: the encoding, its bytes a unit, what it is called."""


def check_span(start: int, end: int, text: str, what: str = "text") -> list[Fault]:
    """Return what is wrong with a span of a text: it lies within it, and holds something.

    Args:
        start: Code points from 0.
        end: Exclusive.
        text: The text.
        what: What it is called in the sentence.

    Example:
        >>> check_span(50, 99, "0123456789")[0].message
        'The span of characters 50 to 99 lies beyond the text, which has 10 characters.'
    """
    if 0 <= start < end <= len(text):
        return []
    if start >= end:
        return [Fault("empty_span", f"The span of characters {start} to {end} holds nothing.", ".end")]
    words = (
        f"The span of characters {start} to {end} lies beyond the {what}, which has {counted(len(text), 'character')}."
    )
    return [Fault("span_past_end", words, ".end")]


def place_quote(start: int, end: int, quote: str, text: str) -> tuple[int, int, str] | None:
    """Return where a quoted text stands, in code points, and in what the offsets were counted; None if not there.

    Args:
        start: Where it starts, in whatever unit.
        end: Where it ends, exclusive.
        quote: What stands there.
        text: The text.

    Example:
        >>> place_quote(3, 6, "Ana", "\N{GRINNING FACE} Ana eats")
        (2, 5, 'UTF-16')
    """
    if text[start:end] == quote and end <= len(text):
        return start, end, "code points"
    for encoding, width, name in UNITS:
        raw = text.encode(encoding, "surrogatepass")
        try:
            before = raw[: start * width].decode(encoding)
            held = raw[start * width : end * width].decode(encoding)
        except UnicodeDecodeError:
            continue
        if held == quote:
            return len(before), len(before) + len(held), name
    return None


class SpanTexts:
    """What is shown to whoever marks spans, by the name of the tag that shows it.

    Args:
        config: The label config.
    """

    def __init__(self, config: LabelConfig) -> None:
        self.shown: dict[str, tuple[str, Field]] = {
            field.name: (key, field)
            for key, field in config.fields.items()
            if field.kind in (TEXT, PARAGRAPHS) and not field.is_url
        }
        self._keys: dict[str, str] = {}
        nested = {field.name: field for field in config.fields.values() if field.kind == "nested" and not field.is_url}
        for element in walk(parse(config.xml)):
            name = element.get("name")
            if name in nested and nested[name].tag.casefold() in (TEXT, PARAGRAPHS):
                # ``$body.text`` shows a part of what is in a field.
                kind = nested[name].tag.casefold()
                self.shown[name] = (
                    str(attribute(element, "value") or "").removeprefix("$"),
                    replace(nested[name], kind=kind),
                )
            if name in self.shown and self.shown[name][1].kind == PARAGRAPHS:
                self._keys[str(name)] = attribute(element, "textKey") or "text"

    def concern(self, results: Any) -> bool:
        """Return whether any of some results marks a stretch of a text or a conversation."""
        return bool(self.shown) and any(self._field(result) for result in _dicts(results))

    def settle(self, results: Any, data: Mapping[str, Any] | None = None) -> tuple[Any, list[Fault]]:
        """Return results as the editor wants them, and what is wrong with them or was mended.

        Offsets that were counted in UTF-16 or in bytes are counted anew where the quoted ``text`` tells so, numbers of
        paragraphs become texts, and a span beyond its text is a fault. The results given are not changed.

        Args:
            results: Label Studio results.
            data: The task's data; without it only the form is mended.
        """
        if not self.concern(results):
            return results, []
        settled: list[Any] = []
        faults: list[Fault] = []
        moved: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        for place, result in enumerate(results):
            field = self._field(result) if isinstance(result, Mapping) else None
            if field is None or not isinstance(result.get("value"), Mapping):
                settled.append(result)
                continue
            key, about = field
            value = dict(result["value"])
            shown = _part(data, key)
            if about.kind == TEXT:
                found = _settle_text(value, shown)
            else:
                found = _settle_paragraphs(value, shown, self._keys.get(about.name, "text"))
            if value != result["value"] and result.get("id") is not None:
                moved[str(result["id"])] = _place(result["value"]), _place(value)
            where = f"result[{place}].value"
            faults += [Fault(one.code, one.message, where + one.path, one.is_warning) for one in found]
            settled.append({**result, "value": value})
        return [_along(result, moved) for result in settled] if moved else settled, faults

    def _field(self, result: Mapping[str, Any]) -> tuple[str, Field] | None:
        kind = result.get("type")
        row = KINDS.get(kind) if isinstance(kind, str) else None
        name = result.get("to_name")
        if row is None or row.shape != "Span" or not isinstance(name, str):
            return None
        return self.shown.get(name)


def _part(data: Any, key: str) -> Any:
    """Return what a field holds; ``body.text`` is what is called text within the field body."""
    if isinstance(data, Mapping) and key in data:
        return data[key]
    held, _, rest = key.partition(".")
    return _part(data[held], rest) if rest and isinstance(data, Mapping) and held in data else None


PLACES = ("start", "end", "startOffset", "endOffset", "text")


def _place(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a span lies, without what is said of it: a text below it has a list there."""
    return {key: value[key] for key in PLACES if key in value and not isinstance(value[key], list)}


def _along(result: Any, moved: Mapping[str, tuple[dict[str, Any], dict[str, Any]]]) -> Any:
    """Return a result with the place that its region's span now has, as answers about a region repeat it."""
    if not isinstance(result, Mapping) or not isinstance(result.get("value"), Mapping):
        return result
    before, now = moved.get(str(result.get("id")), ({}, {}))
    value, here = result["value"], _place(result["value"])
    if not here or any(before.get(key) != given for key, given in here.items()):
        return result
    return {**result, "value": {**value, **{key: now[key] for key in here if key in now}}}


def _dicts(results: Any) -> Sequence[Mapping[str, Any]]:
    return [one for one in results if isinstance(one, Mapping)] if isinstance(results, list | tuple) else []


def _settle_text(value: dict[str, Any], shown: Any) -> list[Fault]:
    start, end, quote = value.get("start"), value.get("end"), value.get("text")
    faults = [*whole_faults(start, ".start"), *whole_faults(end, ".end")]
    if faults:
        return faults
    start, end = int(start or 0), int(end or 0)
    value["start"], value["end"] = start, end
    if not isinstance(shown, str):
        return []
    if isinstance(quote, str) and quote:
        found = place_quote(start, end, quote, shown)
        if found is None:
            here = shown[start:end]
            words = f"The span says {quote[:40]!r}, and characters {start} to {end} of the text are {here[:40]!r}."
            return [Fault("other_text", words, ".text")]
        value["start"], value["end"], unit = found
        if unit != "code points":
            words = f"The span was counted in {unit}, as its text tells: it is {found[0]} to {found[1]} in characters."
            return [Fault("other_unit", words, ".start", is_warning=True)]
        return []
    return check_span(start, end, shown)


def _settle_paragraphs(value: dict[str, Any], shown: Any, key: str) -> list[Fault]:
    places: list[int] = []
    for name in ("start", "end"):
        given = value.get(name)
        text = str(given) if isinstance(given, str) else ""
        if not isinstance(given, str) and not whole_faults(given, f".{name}"):
            text = str(int(given))  # type: ignore[arg-type]
        if not text.isdecimal() or len(text) > 9:
            words = f"{name} is {given!r}: give the paragraph's number from 0, as text."
            return [Fault("wrong_value", words, f".{name}")]
        places.append(int(text))
        value[name] = str(int(text))
    offsets = [value.get("startOffset"), value.get("endOffset")]
    faults = [
        f
        for one, name in zip(offsets, ("startOffset", "endOffset"), strict=True)
        for f in whole_faults(one, f".{name}")
    ]
    if faults:
        return faults
    value["startOffset"], value["endOffset"] = starts, ends = int(offsets[0] or 0), int(offsets[1] or 0)
    if not isinstance(shown, list):
        return []
    texts = [str(part.get(key) or "") if isinstance(part, Mapping) else str(part) for part in shown]
    first, last = places
    if not first <= last < len(texts):
        words = f"Paragraphs {first} to {last} are meant, and there are {len(texts)}, numbered from 0."
        return [Fault("span_past_end", words, ".end")]
    quote = value.get("text")
    if isinstance(quote, str) and quote and first == last:
        found = place_quote(starts, ends, quote, texts[first])
        if found is not None and found[2] != "code points":
            value["startOffset"], value["endOffset"], unit = found
            words = f"The span was counted in {unit}, as its text tells: it is {found[0]} to {found[1]} in characters."
            return [Fault("other_unit", words, ".startOffset", is_warning=True)]
        if found is None:
            words = f"The span says {quote[:40]!r}, and the paragraph has {texts[first][starts:ends][:40]!r} there."
            return [Fault("other_text", words, ".text")]
    if first == last:
        return check_span(starts, ends, texts[first], "paragraph")
    return [
        *check_span(starts, max(len(texts[first]), starts + 1), texts[first], "paragraph"),
        *check_span(0, ends, texts[last], "paragraph"),
    ]
