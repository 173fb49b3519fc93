"""Stretches as predictions: ``from_spans`` of texts and conversations, ``from_segments`` of sound, video and series.

Spans count code points from 0, the end exclusive, as ``transformers``' pipelines, spaCy and Label Studio do.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Hashable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.files import named_path
from lsnb.kernel.formats import read_bytes
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.tally import tally_of
from lsnb.kernel.words import nearest
from lsnb.labels import Control, LabelConfig
from lsnb.labels.vocabulary import CHOICES
from lsnb.predictions.checking import facts_of, find_faults, rules_of, score_faults
from lsnb.predictions.payloads import is_missing, known_score
from lsnb.predictions.predictions import Predictions, Result, Row, least_score, make_predictions
from lsnb.predictions.regions import Target, Targets, check_arguments
from lsnb.predictions.spans import UNITS, check_span, place_quote
from lsnb.segments import TRANSCRIPTS, read_segments
from lsnb.shapes import Fault, frames_of_seconds
from lsnb.shapes.faults import whole_number
from lsnb.tables.keys import find_column, key_text

LABEL_KEYS = ("label", "entity_group", "entity", "label_", "type", "tag")
# How files of tags say that a token is in no span.
OUTSIDE = frozenset({"O", "o", "", "_", "-"})
# What stands before a tag's label (IOB, BIOES, BILOU, BMES), and with which of them a span starts or is over.
PREFIXES, STARTS, ENDS = frozenset("BIESLUM"), frozenset("BSU"), frozenset("ESLU")
UNNUMBERED = -1
START_KEYS, END_KEYS = ("start", "start_char", "start_offset"), ("end", "end_char", "end_offset")
Found = tuple[Any, Any, Any, Any, Any, Any, int]  # start, end, label, score, quote, paragraph, where in the input


def from_spans(
    spans: Any,
    *,
    config: LabelConfig,
    texts: Any = None,
    key: str = "item",
    text: str = "text",
    control: str | None = None,
    labels: Mapping[Any, str | None] | None = None,
    unknown: str = "fail",
) -> Predictions:
    """Return what a model found in texts as predictions, checked against the texts, with a row per item.

    Args:
        spans: Item → its spans: a list of ``{start, end, label, score}``, as a token classification pipeline of
            ``transformers`` returns them (``entity_group``, or ``entity`` with B- and I-, which are joined), of
            ``(start, end, label)``, or of ``(token, tag)`` as CoNLL has them, which are looked for in the text; or a
            spaCy ``Doc``. Or a table with a row per span: ``item, start, end, label, score``, as ``lsnb.Detector``
            returns it. Or a CoNLL file, whose
            texts are then those of ``texts`` in its order. Of a conversation each span says its ``paragraph``, from 0.
        config: The label config.
        texts: Item → its text (of a conversation a list of ``{text, author}``), or a table of them; without it spans
            are taken as they are.
        key: The column of tables that identifies an item.
        text: The column of texts.
        control: The only control to use; by default the one with the label.
        labels: Label of the input → label of the config, or None to leave such spans out.
        unknown: ``fail`` an item with a label that the config lacks, or ``drop`` such spans with a warning.

    Returns:
        The predictions; a prediction's score is the mean of its spans'. What has a label and neither start nor end is
        an answer about the whole text (choices). An item with an empty list was read, and
        nothing found.

    Raises:
        InputError: The arguments cannot be used.
        MissingFileError: There is no such file.

    Example:
        >>> config = LabelConfig.text("text").labels("entity", ["PER"])
        >>> found = [{"entity_group": "PER", "score": 0.5, "word": "Ana", "start": 0, "end": 3}]
        >>> from_spans({"a": found}, config=config, texts={"a": "Ana eats"}).results["a"][0]["value"]
        {'start': 0, 'end': 3, 'text': 'Ana', 'labels': ['PER']}
    """
    check_arguments(config, control=control, labels=labels, unknown=unknown)
    checks.raise_for(InputError, checks.text("key", key, is_needed=True), checks.text("text", text, is_needed=True))
    shown = _texts(texts, key, text)
    given = _items(spans, shown, key)
    reader = _Reader(config, control, {str(old): new for old, new in (labels or {}).items()}, unknown == "drop")
    rows: list[Row] = []
    with collector_paused():
        for index, (item, found) in enumerate(given.items()):
            row = Row(index, item, item)
            rows.append(row)
            if isinstance(found, Fault):
                row.faults.append(found)
            elif not is_missing(found):
                reader.read(row, found, shown.get(item), has_texts=texts is not None)
        return make_predictions(rows)


def _texts(given: Any, key: str, text: str) -> dict[str, Any]:
    if given is None:
        return {}
    if isinstance(given, pd.DataFrame):
        keys, cells = find_column(given, key), find_column(given, text)
        return {str(key_text(item)): cell for item, cell in zip(keys, cells, strict=True)}
    if not isinstance(given, Mapping):
        raise InputError(
            f"texts is {checks.shown(given)}: give item → text, or a table with columns {key!r}, {text!r}."
        )
    return {str(key_text(item)): cell for item, cell in given.items()}


def _items(given: Any, texts: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return item → its spans, in whatever form."""
    if isinstance(given, pd.DataFrame):
        found: dict[str, Any] = {item: [] for item in texts}
        whole = given.notna().all().to_numpy()
        for item, record in zip(find_column(given, key), given.to_dict("records"), strict=True):
            name = key_text(item)
            if name is None:
                raise InputError(f"spans has a row without an item: fill the column {key!r}.")
            if record.get("status") == "failed":
                found[name] = Fault("not_looked_at", str(record.get("error") or "The model could not read it."))
                continue
            listed = found.setdefault(name, [])
            if isinstance(listed, Fault):
                continue
            one = {
                str(column): value
                for is_whole, (column, value) in zip(whole, record.items(), strict=True)
                if is_whole or not is_missing(value)
            }
            # A row that names an item and nothing else says that nothing was found in it.
            if any(column in one for column in (*LABEL_KEYS, *START_KEYS, *END_KEYS)):
                listed.append(one)
        return found
    if isinstance(given, str | Path):
        documents = list(_conll(read_bytes(named_path(given)), Path(given).name))
        if len(documents) != len(texts):
            raise InputError(
                f"{Path(given).name} has {len(documents)} texts, and texts has {len(texts)}: give as many, in order."
            )
        return dict(zip(texts, documents, strict=True))
    if not isinstance(given, Mapping):
        raise InputError(f"spans is {checks.shown(given)}: give item → spans, a table with a row per span, or a file.")
    named: dict[str, Any] = {}
    for item, found_here in given.items():
        name = key_text(item)
        if name is None or name in named:
            raise InputError(f"spans has the item {item!r} {'twice' if name else 'without a name'}: mend its key.")
        named[name] = found_here
    return named


def _conll(raw: bytes, name: str) -> Iterator[list[tuple[str, str]]]:
    """Yield the tokens and tags of each text: those between ``-DOCSTART-`` lines, else between empty ones."""
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{name} is no text: save it as UTF-8.") from None
    has_documents = any(line.startswith("-DOCSTART-") for line in lines)
    words: list[tuple[str, str]] = []
    for number, line in enumerate(lines, start=1):
        parts = line.split()
        is_border = line.startswith("-DOCSTART-") if has_documents else not parts
        if is_border and words:
            yield words
            words = []
        if not parts or line.startswith(("-DOCSTART-", "# ")):
            continue
        if len(parts) < 2:
            raise InputError(f"Line {number} of {name} has a token and no tag.")
        words.append((parts[0], parts[-1]))
    if words:
        yield words


HOLD_SPANS = ("ents", "entities", "spans", "labels", "label")


class _Reader:
    def __init__(self, config: LabelConfig, only: str | None, labels: Mapping[str, str | None], drops: bool) -> None:
        kinds = {field.name: field.kind for field in config.fields.values()}
        self._controls = [
            one
            for one in config.controls.values()
            if one.row.shape == "Span" and one.to_names and kinds.get(one.to_names[0]) in ("text", "paragraphs")
            and (only is None or one.name == only)
        ]  # fmt: skip
        if not self._controls:
            raise InputError(
                "The config marks no spans of a text: add .labels(name, [...]) to LabelConfig.text(column)."
            )
        self._is_dialogue = {one.name: kinds[one.to_names[0]] == "paragraphs" for one in self._controls}
        self._labels, self._drops = labels, drops
        self._questions = Targets(config, labels=labels, unknown="drop" if drops else "fail")
        self._targets: dict[Any, Control | Fault | None] = {}
        self._names: dict[Any, str | None] = {}
        self._heads: dict[Any, tuple[str, str, str, str]] = {}

    def read(self, row: Row, given: Any, text: Any, *, has_texts: bool) -> None:
        if has_texts and is_missing(text):
            row.error("no_text", f"texts has no {'text of' if text is not None else 'item'} {row.item!r}.")
            return
        made: list[Result] = []
        row.results, item = made, row.item
        total, n = 0.0, 0
        whole: list[tuple[str, Any]] = []
        for start, end, label, score, quote, paragraph, place in self._spans(row, given, text):
            if start is None and end is None and isinstance(label, str):
                whole.append((label, score))
                continue
            if label is None:
                row.error("no_label", "The span has no label.", f"spans[{place}]")
                continue
            if type(label) is not str and not isinstance(label, Hashable):
                row.error("no_label", f"A label is a text, not {checks.shown(label)}.", f"spans[{place}]")
                continue
            control = self._target(label)
            if control is None:
                continue
            if isinstance(control, Fault):
                row.faults.append(Fault(control.code, control.message, f"spans[{place}]", control.is_warning))
                continue
            value: dict[str, Any] | None
            is_plain = quote is None and type(start) is type(end) is int and type(text) is str
            head = self._heads.get(label)
            if head is None:
                head = self._heads[label] = (control.name, control.to_names[0], control.kind, control.row.key)
            name, to_name, kind, label_key = head
            if is_plain and 0 <= start < end <= len(text) and not self._is_dialogue[name]:
                value = {"start": start, "end": end, "text": text[start:end]}  # as most are
            else:
                value = self._value(row, control, start, end, quote, paragraph, text, f"spans[{place}]")
            if value is None:
                continue
            value[label_key] = [self._names[label]]
            about = f"{item}|{name}|{label}|{start}|{end}|{paragraph}|{place}"
            region = hashlib.blake2b(about.encode("utf-8", "replace"), digest_size=8).hexdigest()
            result: Result = {"id": region, "from_name": name, "to_name": to_name, "type": kind, "value": value}
            made.append(result)
            is_share = type(score) is float and 0.0 <= score <= 1.0
            sure = score if is_share or score is None else known_score(row, score, f"spans[{place}].score")
            if sure is not None:
                result["score"] = sure
                total, n = total + sure, n + 1
        row.score = total / n if n else None
        if whole:
            self._choose(row, whole)

    def _choose(self, row: Row, whole: Sequence[tuple[str, Any]]) -> None:
        """Add what the whole text is called: several answers to one question are one result."""
        made: dict[str, Result] = {}
        for label, given in whole:
            target = self._questions.choice(label)
            if isinstance(target, Fault):
                row.faults.append(target)
            if not isinstance(target, Target):
                continue
            head = {"from_name": target.name, "to_name": target.to_name, "type": target.kind}
            kept = made.setdefault(target.name, {**head, "value": {CHOICES.key: []}})
            kept["value"][CHOICES.key].append(target.label)
            score = known_score(row, given, "score")
            if score is not None:
                kept["score"] = min(score, kept.get("score", 1.0))
        assert row.results is not None
        row.results += made.values()
        row.score = least_score(one.get("score") for one in row.results)

    def _target(self, label: Any) -> Control | Fault | None:
        if label not in self._targets:
            name = self._labels.get(str(label), str(label))
            self._names[label] = name
            holders = [one for one in self._controls if name in one.labels or not one.labels]
            if name is None:
                self._targets[label] = None
            elif holders:
                self._targets[label] = holders[0]
            else:
                every = [known for one in self._controls for known in one.labels]
                words = (
                    f"The config has no label {name!r} for spans of text.{nearest(name, every)} Map it with labels=."
                )
                self._targets[label] = Fault("unknown_label", words, is_warning=self._drops)
        return self._targets[label]

    def _spans(self, row: Row, given: Any, text: Any) -> Iterator[Found]:
        if hasattr(given, "ents"):  # a Doc of spaCy
            if isinstance(text, str) and str(given.text) != text:
                row.error("other_text", "The Doc is of another text than the item's.")
                return
            for place, one in enumerate(given.ents):
                yield one.start_char, one.end_char, one.label_, None, None, None, place
            return
        if isinstance(given, Mapping):
            # As spaCy, Prodigy and doccano write a text with its spans.
            if given.get("answer") in ("reject", "ignore"):
                row.warn(
                    "rejected", f"Somebody's answer to it is {given['answer']!r}: its spans are left out.", "answer"
                )
                row.results = None
                return
            held = next((name for name in HOLD_SPANS if isinstance(given.get(name), list | tuple)), None)
            if held is not None and isinstance(text, str) and isinstance(own := given.get("text"), str) and own != text:
                row.error("other_text", "The spans are of another text than the item's.")
                return
            given = given[held] if held is not None else given
        if not isinstance(given, list | tuple):
            row.error("unreadable", f"Spans are a list of them, not a {type(given).__name__}.")
            return
        if given and all(isinstance(one, list | tuple) and len(one) == 2 for one in given):
            yield from self._tagged(row, given, text)
            return
        yield from _joined(_plain(row, given), text)

    def _tagged(self, row: Row, given: Sequence[Any], text: Any) -> Iterator[Found]:
        """Yield the spans of tokens with tags (IOB, IOB2 or BIOES), found in the text one after the other."""
        if not isinstance(text, str):
            row.error("no_text", "Tokens with tags need texts=, in which they are looked for.")
            return
        at = 0
        open_span: list[Any] | None = None
        is_over = False
        for place, (token, tag) in enumerate(given):
            start = text.find(str(token), at)
            if start < 0:
                row.error(
                    "no_token", f"The token {str(token)[:40]!r} is not in the text after character {at}.", f"[{place}]"
                )
                return
            at = start + len(str(token))
            prefix, _, label = str(tag).partition("-")
            if str(tag) in OUTSIDE:
                prefix, label = "O", ""
            elif not label or prefix not in PREFIXES:  # tags without B- and I-
                prefix, label = "I", str(tag)
            is_new = is_over or prefix in STARTS or (open_span is not None and open_span[2] != label)
            is_over = prefix in ENDS
            if prefix == "O":
                if open_span is not None:
                    yield open_span[0], open_span[1], open_span[2], None, None, None, open_span[3]
                open_span = None
            elif open_span is None or is_new:
                if open_span is not None:
                    yield open_span[0], open_span[1], open_span[2], None, None, None, open_span[3]
                open_span = [start, at, label, place]
            else:
                open_span[1] = at
        if open_span is not None:
            yield open_span[0], open_span[1], open_span[2], None, None, None, open_span[3]

    @staticmethod
    def _place_word(row: Row, word: str, start: int, end: int, text: str, path: str) -> tuple[int, int] | None:
        """Return where a pipeline's word stands, counted anew where only that fits; None, with a fault, if nowhere."""
        wrong = check_span(start, end, text)
        wanted = _bare(word)
        if not wrong and (not wanted or "[" in word or "<" in word or _bare(text[start:end]) == wanted):
            return start, end
        for encoding, width, name in UNITS:
            raw = text.encode(encoding, "surrogatepass")
            try:
                before, held = raw[: start * width].decode(encoding), raw[start * width : end * width].decode(encoding)
            except UnicodeDecodeError:
                continue
            if wanted and _bare(held) == wanted:
                row.warn("other_unit", f"The span was counted in {name}, as its word tells.", path)
                return len(before), len(before) + len(held)
        if wrong:
            row.faults += [Fault(one.code, one.message, path) for one in wrong]
            return None
        row.warn(
            "other_text", f"The model's word is {word[:40]!r}, and the text has {text[start:end][:40]!r} there.", path
        )
        return start, end

    def _value(
        self,
        row: Row,
        control: Control,
        start: Any,
        end: Any,
        quote: Any,
        paragraph: Any,
        text: Any,
        path: str,
    ) -> dict[str, Any] | None:
        if type(start) is not int or type(end) is not int:
            ends = _whole(start), _whole(end)
            if ends[0] is None or ends[1] is None:
                row.error("wrong_span", "A span has a start and an end in characters, whole numbers.", path)
                return None
            start, end = ends
        where = text
        if self._is_dialogue[control.name]:
            found_number = _whole(paragraph)
            if found_number is None:
                row.error("no_paragraph", "A span of a conversation says its paragraph, from 0.", path)
                return None
            number = found_number
            if isinstance(text, list):
                if not 0 <= number < len(text):
                    row.error("span_past_end", f"There is no paragraph {number}: there are {len(text)}, from 0.", path)
                    return None
                part = text[number]
                where = str(part.get("text") or "") if isinstance(part, Mapping) else str(part)
        if isinstance(where, str):
            if type(quote) is Word:
                if where[start:end] != quote:
                    moved = self._place_word(row, quote, start, end, where, path)
                    if moved is None:
                        return None
                    start, end = moved
                elif not 0 <= start < end <= len(where):
                    row.faults += [Fault(one.code, one.message, path) for one in check_span(start, end, where)]
                    return None
            elif isinstance(quote, str) and quote and where[start:end] != quote:
                found = place_quote(start, end, quote, where)
                if found is None:
                    words = f"The span says {quote[:40]!r}, and the text has {where[start:end][:40]!r} there."
                    row.error("other_text", words, path)
                    return None
                start, end, unit = found
                row.warn("other_unit", f"The span was counted in {unit}, as its text tells.", path)
            elif not 0 <= start < end <= len(where):
                row.faults += [Fault(one.code, one.message, path) for one in check_span(start, end, where)]
                return None
        elif not 0 <= start < end:
            row.error("empty_span", f"The span of characters {start} to {end} holds nothing.", path)
            return None
        said = {"text": where[start:end]} if isinstance(where, str) else {}
        if self._is_dialogue[control.name]:
            return {"start": str(number), "end": str(number), "startOffset": start, "endOffset": end, **said}
        return {"start": start, "end": end, **said}


class Word(str):
    """A span as a pipeline's tokenizer says it: lower case, without accents or spaces perhaps."""


def _bare(text: str) -> str:
    """Return the letters of a text that tokenizers keep, in lower case and without accents."""
    parts = unicodedata.normalize("NFKD", text).casefold()
    return "".join(one for one in parts if one.isalnum())


def _whole(given: Any) -> int | None:
    """Return a whole number, be it a text of digits; half a character is none."""
    if isinstance(given, str):
        return int(given) if given.strip().isascii() and given.strip().isdecimal() and len(given) < 20 else None
    return whole_number(given)


def _plain(row: Row, given: Sequence[Any]) -> Iterator[tuple[Found, int | None]]:
    """Yield each span, and if its label has a tag's prefix (B-, I-), as pipelines give tokens, the token's number."""
    known: tuple[Any, ...] = ()  # most spans of a list have the same keys
    names: tuple[str, ...] = ()
    for place, one in enumerate(given):
        is_dict = type(one) is dict
        if not is_dict and isinstance(one, list | tuple) and len(one) in (3, 4):
            yield (one[0], one[1], one[2], one[3] if len(one) == 4 else None, None, None, place), None
            continue
        if not is_dict and not isinstance(one, Mapping):
            row.error("unreadable", "A span is {start, end, label}, or (start, end, label).", f"spans[{place}]")
            continue
        keys = tuple(one)
        if keys != known or not names:
            known = keys
            names = tuple(
                next((name for name in every if name in one), every[0]) for every in (LABEL_KEYS, START_KEYS, END_KEYS)
            )
        label, start, end = one.get(names[0]), one.get(names[1]), one.get(names[2])
        label = label if type(label) is str or not is_missing(label) else None
        quote = one.get("text")
        if not isinstance(quote, str):
            word = one.get("word")
            quote = Word(word) if isinstance(word, str) and word else None
        number = None
        if "entity" in one:
            if label == "O":
                continue
            if isinstance(label, str) and label[1:2] == "-" and label[0] in PREFIXES:
                number = told if type(told := one.get("index")) is int else UNNUMBERED
        if type(quote) is Word and is_missing(start) and is_missing(end):
            words = f"{quote[:40]!r} has no start and end: give the pipeline a fast tokenizer (tokenizer.json)."
            row.error("no_place", words, f"spans[{place}]")
            continue
        score = one["score"] if "score" in one else one.get("confidence")
        if type(score) is not float or score != score:
            score = None if is_missing(score) else score
        yield (start, end, label, score, quote, one.get("paragraph"), place), number


def _joined(given: Iterator[tuple[Found, int | None]], text: Any) -> Iterator[Found]:
    """Yield spans, those of tokens that continue the one before (I-) joined with it; the score is their mean."""
    held: list[Any] | None = None
    last, is_over = UNNUMBERED, False
    for one, number in given:
        if number is None:
            if held is not None:
                yield _closed(held)
                held = None
            yield one
            continue
        prefix, label = one[2][0], one[2][2:]
        goes_on = held is not None and prefix not in STARTS and not is_over and held[2] == label and held[5] == one[5]
        if held is not None and goes_on and not _is_gap(last, number, held[1], one[0], text):
            held[1] = one[1]
            held[3].append(one[3])
        else:
            if held is not None:
                yield _closed(held)
            held = [one[0], one[1], label, [one[3]], None, one[5], one[6]]
        last, is_over = number, prefix in ENDS
    if held is not None:
        yield _closed(held)


def _is_gap(last: int, number: int, end: Any, start: Any, text: Any) -> bool:
    """Return whether a pipeline left out tokens between two, as it does with those that are nothing (O)."""
    if UNNUMBERED not in (last, number):
        return number > last + 1
    return isinstance(text, str) and type(end) is type(start) is int and bool(text[end:start].strip())


def _closed(held: Sequence[Any]) -> Found:
    scores = [one for one in held[3] if one is not None]
    # What is no number is handed on, for its fault to be said.
    odd = next((one for one in scores if score_faults(one, "")), None)
    mean = odd if odd is not None else sum(map(float, scores)) / len(scores) if scores else None
    return held[0], held[1], held[2], mean, None, held[5], held[6]


# Of sound, video and time series: who spoke, what was said or done.


MEDIA = frozenset({"audio", "video", "timeseries"})


def from_segments(
    segments: Any,
    *,
    config: LabelConfig,
    item: str | None = None,
    items: Mapping[Any, Any] | None = None,
    videos: Mapping[Any, Any] | None = None,
    control: str | None = None,
    label: str | None = None,
    labels: Mapping[Any, str | None] | None = None,
    unknown: str = "fail",
) -> Predictions:
    """Return stretches of time as predictions, checked, with a row per item.

    On sound they become regions in seconds, on a video ranges of frames, on a time series ranges of its time. What was
    said goes into the text area that the config asks of each region.

    Args:
        segments: What ``lsnb.read_segments`` returns, a file or a transcript that it reads; item → any of them; or a
            table with ``item, start, end`` (seconds) and ``label, text, score, tier``, as far as they are known, such
            as ``lsnb.Detector`` returns of speech.
        config: The label config.
        item: The item of a file that names none.
        items: What a file names → item.
        videos: For ranges of frames: item → what ``lsnb.probe`` returns, or ``{fps, frames}``.
        control: The only control to use; by default the one with the label.
        label: The label of stretches that have none, such as a transcript's. By default the config's, if it has one.
        labels: Label of the input → label of the config, or None to leave such stretches out.
        unknown: ``fail`` an item with a label that the config lacks, or ``drop`` such stretches with a warning.

    Raises:
        InputError: The arguments cannot be used, or a file cannot be read.
        MissingFileError: There is no such file.

    Example:
        >>> config = LabelConfig.audio("sound").labels("who", ["ana", "ben"])
        >>> table = pd.DataFrame({"item": ["a"], "start": [0.5], "end": [2.0], "label": ["ana"]})
        >>> from_segments(table, config=config).results["a"][0]["value"]
        {'start': 0.5, 'end': 2.0, 'channel': 0, 'labels': ['ana']}
    """
    check_arguments(config, control=control, labels=labels, unknown=unknown)
    checks.raise_for(
        InputError,
        None if item is None else checks.text("item", item),
        None if label is None else checks.text("label", label),
        None if items is None else checks.mapping("items", items),
        None if videos is None else checks.mapping("videos", videos),
    )
    table, notes = _table(segments, item)
    named = {str(name): one for name, one in (items or {}).items()}
    known = {str(key_text(name)): facts for name, facts in (videos or {}).items()}
    reader = _TimeReader(
        config, control, label, {str(old): new for old, new in (labels or {}).items()}, unknown == "drop"
    )
    rows: dict[str, Row] = {}
    for place, one in enumerate(table.to_dict("records")):
        given = one.get("item")
        name = "" if is_missing(given) else str(given)
        row = rows.get(name)
        if row is None:
            row = rows[name] = Row(len(rows), name=name)
            row.item = key_text(named.get(name, name)) if name else None
            if row.item is None:
                row.error("unknown_item", "The stretches do not say what they are of: give item=.")
            else:
                row.results = []
        if one.get("status") == "failed":
            said = one.get("error")
            row.error("not_looked_at", "The model could not listen to it." if is_missing(said) else str(said))
        elif row.item is not None and one.get("status") != "nothing":
            reader.add(row, {str(key): value for key, value in one.items()}, known.get(row.item), f"row {place}")
    for row in rows.values():
        if row.item is not None:
            facts = facts_of(known.get(row.item))
            row.faults += find_faults(row.results, reader.rules, facts)
            scores = [one["score"] for one in row.results or () if "score" in one]
            row.score = sum(scores) / len(scores) if scores else None
    return make_predictions(list(rows.values()), notes)


def _table(given: Any, item: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Return all stretches as one table, and what reading their files had to say."""
    is_transcript = isinstance(given, Mapping) and any(isinstance(given.get(name), list) for name in TRANSCRIPTS)
    if isinstance(given, Mapping) and not is_transcript:
        parts = [_table(one, str(name)) for name, one in given.items()]
        tables = [part.assign(item=str(name)) for (part, _), name in zip(parts, given, strict=True)]
        notes = [note for _, said in parts for note in said]
        return (pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["item"])), notes
    if isinstance(given, str | Path) or is_transcript:
        table = read_segments(given, item=item)
        read = tally_of(table)
        return table, [f"{read}."] if read is not None and read.left_out else []
    if not isinstance(given, pd.DataFrame) or not {"start", "end"} <= set(given.columns):
        raise InputError(
            f"segments is {checks.shown(given)}: give a file, item → file, or a table with item, start, end and label."
        )
    table = given if "item" in given.columns else given.assign(item=item)
    return (table if item is None else table.assign(item=table["item"].fillna(item))), []


class _TimeReader:
    def __init__(
        self,
        config: LabelConfig,
        only: str | None,
        label: str | None,
        labels: Mapping[str, str | None],
        drops: bool,
    ) -> None:
        shown = {field.name: field.kind for field in config.fields.values()}
        self.rules = rules_of(config)
        self._controls = [
            one
            for one in config.controls.values()
            if one.row.shape in ("Span", "Timeline")
            and one.to_names
            and shown.get(one.to_names[0]) in MEDIA
            and (only is None or one.name == only)
        ]
        if not self._controls:
            raise InputError(
                "The config marks no stretches of sound, video or a time series: add .labels(name, [...])."
            )
        self._kinds = {one.name: shown[one.to_names[0]] for one in self._controls}
        self._texts = {
            one.to_names[0]: one
            for one in config.controls.values()
            if one.row.is_open and one.per_region and one.to_names
        }
        every = list(dict.fromkeys(name for one in self._controls for name in one.labels))
        self._label = label if label is not None else every[0] if len(every) == 1 else None
        self._every, self._labels, self._drops = every, labels, drops

    def add(self, row: Row, one: Mapping[str, Any], facts: Any, path: str) -> None:
        said, tier = (None if is_missing(one.get(name)) else str(one[name]) for name in ("label", "tier"))
        text = None if is_missing(one.get("text")) else str(one["text"])
        label = self._labels.get(said, said) if said is not None else None
        if said is not None and label is None:
            return
        if label not in self._every and tier is not None and self._labels.get(tier, tier) in self._every:
            # Who it is stands over the tier, and what was said in it.
            label, text = self._labels.get(tier, tier), said if text is None else text
        elif label is None:
            label = self._label
        holders = [control for control in self._controls if label in control.labels or not control.labels]
        if label is None or not holders:
            words = f"The config has no label {label!r} for stretches of time.{nearest(label, self._every)}"
            remedy = " Map it with labels=." if label is not None else " Give label=, which all of them get."
            row.faults.append(Fault("unknown_label", words + remedy, path, self._drops))
            return
        control = holders[0]
        try:
            start, end = float(one["start"]), float(one["end"])
        except (TypeError, ValueError, OverflowError):
            row.error("wrong_time", "A stretch has a start and an end in seconds.", path)
            return
        if not 0 <= start <= end < float("inf"):
            row.error("wrong_time", f"A stretch from {start:g} to {end:g} s is none.", path)
            return
        value = self._value(row, control, start, end, one, facts, path)
        if value is None:
            return
        score = known_score(row, one.get("score"), f"{path}.score")
        about = f"{row.item}|{control.name}|{label}|{start!r}|{end!r}|{len(row.results or ())}"
        region = hashlib.sha256(about.encode("utf-8", "replace")).hexdigest()[:16]
        head = {"id": region, "to_name": control.to_names[0]}
        sure = {} if score is None else {"score": score}
        assert row.results is not None
        named = {**value, control.row.key or "labels": [label]}
        row.results.append({**head, "from_name": control.name, "type": control.kind, "value": named, **sure})
        area = self._texts.get(control.to_names[0])
        if text is not None and area is not None:
            spoken: Result = {**head, "from_name": area.name, "type": area.kind}
            row.results.append({**spoken, "value": {**value, area.row.key: [text]}, **sure})
        elif text is not None and not any(fault.code == "no_text_area" for fault in row.faults):
            words = (
                "The config asks no text of each stretch (.textarea(name, per_region=True)): what was said is left out."
            )
            row.warn("no_text_area", words, path)

    def _value(
        self, row: Row, control: Control, start: float, end: float, one: Mapping[str, Any], facts: Any, path: str
    ) -> dict[str, Any] | None:
        kind = self._kinds[control.name]
        if control.row.shape == "Timeline":
            fps = _rate(facts)
            if not fps:
                row.error("no_video", "Frames need the video's rate: give videos={item: lsnb.probe(path)}.", path)
                return None
            first, last = frames_of_seconds(np.array([start]), np.array([end]), fps)
            return {"ranges": [{"start": int(first[0]), "end": int(last[0])}]}
        if kind == "timeseries":
            return {"start": start, "end": end, "instant": start == end}
        channel = one.get("channel")
        return {"start": start, "end": end, "channel": 0 if is_missing(channel) else int(channel)}  # type: ignore[arg-type]


def _rate(facts: Any) -> float:
    given = facts.get("fps") if isinstance(facts, Mapping) else getattr(facts, "fps", None)
    try:
        return float(Fraction(str(given)))
    except (ValueError, ZeroDivisionError, OverflowError):
        return 0.0
