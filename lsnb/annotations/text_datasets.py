"""Annotated texts → what networks of texts learn from: CoNLL's tags, JSON lines, spaCy's ``DocBin``.

A text's stretches are kept whole: a word in which one begins or ends is cut there, so that tags say exactly what was
marked. What cannot be said (one stretch over another, white space alone) is noted.

Formats: IOB2 is of E. F. Tjong Kim Sang and J. Veenstra, "Representing text chunks", EACL 1999, in the files of CoNLL
2003; https://spacy.io/api/docbin.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import pandas as pd

from lsnb.annotations.long import require_columns
from lsnb.errors import InputError, MissingExtraError
from lsnb.kernel.words import counted, listing
from lsnb.labels.vocabulary import KINDS, is_region
from lsnb.predictions.spans import check_span, place_quote

# A word, or a sign: every character that is no white space is in one of them.
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass
class Document:
    """A text, what is marked in it, and what is answered about it.

    Args:
        item: Its item.
        split: Training, validation or test.
        annotator: Whose answers these are.
        text: The text.
        spans: Start, end (exclusive) and label, in characters, in their order.
        answers: Question → answer.
        notes: What is not in the file, or only in part.
    """

    item: str
    split: str
    annotator: str
    text: str
    spans: list[tuple[int, int, str]]
    answers: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    def apart(self) -> tuple[list[tuple[int, int, str]], int]:
        """Return stretches that share no character, the longest first taken, and how many others there are."""
        kept: list[tuple[int, int, str]] = []
        for span in sorted(self.spans, key=lambda one: (one[0] - one[1], one)):
            if all(span[1] <= other[0] or other[1] <= span[0] for other in kept):
                kept.append(span)
        return sorted(kept), len(self.spans) - len(kept)

    def tokens(self) -> list[tuple[int, int]]:
        """Return where words and signs stand; a word in which a stretch begins or ends is two."""
        cuts = sorted({place for start, end, _ in self.spans for place in (start, end)})
        found = []
        at = 0
        for match in _TOKEN.finditer(self.text):
            start, end = match.span()
            while at < len(cuts) and cuts[at] <= start:
                at += 1
            inside = [cut for cut in cuts[at:] if cut < end]
            for edge in [*inside, end]:
                found.append((start, edge))
                start = edge
        return found

    def tagged(self) -> Iterator[tuple[int, int, str]]:
        """Yield where each token stands, and its IOB2 tag."""
        spans, at, opened = self.apart()[0], 0, -1
        for start, end in self.tokens():
            while at < len(spans) and spans[at][1] <= start:
                at += 1
            if at < len(spans) and spans[at][0] <= start:
                yield start, end, f"{'I' if opened == at else 'B'}-{spans[at][2]}"
                opened = at
            else:
                yield start, end, "O"

    def record(self) -> dict[str, Any]:
        """Return it as a row of JSON lines."""
        tagged = list(self.tagged())
        made: dict[str, Any] = {
            "id": self.item,
            "text": self.text,
            "spans": [{"start": start, "end": end, "label": label} for start, end, label in self.spans],
            "tokens": [self.text[start:end] for start, end, _ in tagged],
            "ner_tags": [tag for _, _, tag in tagged],
        }
        return made | {(f"answer.{name}" if name in made else name): value for name, value in self.answers.items()}


def read_documents(
    table: pd.DataFrame, text: str | None, who: Mapping[str, str], split: Mapping[str, str]
) -> tuple[list[Document], dict[str, str]]:
    """Return texts with what is marked in them, in the order of their items, and why others are left out.

    Args:
        table: Rows of the long table, of one person's answers to each item.
        text: The column with the texts; None to tell it by the words that are marked.
        who: Item → whose answers these are.
        split: Item → training, validation or test.

    Raises:
        InputError: There is no such column, or which it is cannot be told.
    """
    absent: dict[str, str] = {}
    column = text if text is not None else _text_column(table)
    if column not in table.columns:
        raise InputError(f"The table has no column {column!r}: its columns are {listing(list(table.columns))}.")
    found: dict[str, Document] = {}
    told: dict[str, dict[str, int]] = {}
    answers: dict[str, dict[str, list[Any]]] = {}
    names = ["item", "control", "kind", "region", "value", "start", "end", "text", "channel", column]
    require_columns(table, *names)
    every: dict[str, None] = {}

    def tell(item: str, what: str) -> None:
        told.setdefault(item, {})[what] = told.get(item, {}).get(what, 0) + 1

    for item, control, kind, region, value, start, end, quote, channel, shown in table[names].itertuples(index=False):
        item = str(item)
        why = _why_no_text(shown)
        if why:
            absent[item] = why
            continue
        one = found.setdefault(item, Document(item, split[item], who[item], shown, [], {}))
        tag = KINDS.get(kind) if isinstance(kind, str) else None
        if isinstance(value, str) and not is_whole(value):
            tell(item, f"of {kind} with half a character left out")
        elif tag is not None and tag.is_question and not isinstance(region, str):
            every[str(control)] = None
            answers.setdefault(item, {}).setdefault(str(control), []).append(value)
        elif tag is not None and tag.shape == "Span" and isinstance(value, str) and pd.isna(channel):
            place = _stretch(start, end, quote, shown)
            if isinstance(place, str):
                tell(item, place)
            else:
                one.spans.append((*place, value))
        elif isinstance(kind, str):
            bare = " without a label" if is_region(kind) and not isinstance(value, str) else ""
            tell(item, f"of {kind}{bare} left out, which these files have no place for")
    several = {name for said in answers.values() for name, values in said.items() if len(values) > 1}
    # Answers to a question are numbers or texts in every row: a column of both is none that others can read.
    texts_of = {name for said in answers.values() for name, values in said.items() if not all(map(_is_number, values))}
    for item, one in found.items():
        one.spans.sort()
        said = answers.get(item, {})
        one.answers = {
            name: said.get(name, []) if name in several else next(iter(said.get(name, [])), None) for name in every
        }
        for name in texts_of:
            given = one.answers[name]
            one.answers[name] = list(map(_as_text, given)) if isinstance(given, list) else _as_text(given)
        one.notes += [f"{n} {what}." for what, n in told.get(item, {}).items()]
    return [found[item] for item in sorted(found)], absent


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode()


def _why_no_text(shown: Any) -> str:
    if not isinstance(shown, str):
        return "what it shows is no text"
    if not shown.strip():
        return "its text is empty"
    return "" if is_whole(shown) else "its text has half a character"


def _text_column(table: pd.DataFrame) -> str:
    """Return the only column of the tasks' data that is the text in which the marked words stand."""
    columns = [str(name) for name in table.columns if str(name).startswith("data.")]
    if not columns:
        raise InputError("The table has no texts: read it with data='text', or what the column with them is called.")
    marked = (
        table[table["text"].notna() & table["start"].notna()] if {"text", "start"} <= {*table.columns} else table[:0]
    )
    held = []
    for name in columns:
        pairs = zip(marked["start"], marked["end"], marked["text"], marked[name], strict=True)
        texts = table[name].dropna()
        is_text = len(texts) and all(isinstance(cell, str) for cell in texts)
        if is_text and all(not isinstance(_stretch(*one), str) for one in pairs):
            held.append(name)
    if len(held) != 1:
        raise InputError(
            f"Which column is the text cannot be told: {listing(held or columns)} may be. Say it with text=..., such "
            f"as text={columns[0]!r}."
        )
    return held[0]


def _stretch(start: Any, end: Any, quote: Any, text: Any) -> tuple[int, int] | str:
    """Return where a marked stretch stands in a text, or why it does not."""
    whole = [isinstance(place, int | float) and float(place).is_integer() for place in (start, end)]
    if not all(whole) or not isinstance(text, str):
        return "of a place that is no stretch of the text left out"
    first, last = int(start), int(end)
    if isinstance(quote, str) and quote:
        found = place_quote(first, last, quote, text)
        if found is None:
            return "whose words are not in the text at that place left out"
        first, last = found[:2]
    return "beyond the text left out" if check_span(first, last, text) else (first, last)


def is_whole(text: str) -> bool:
    """Return whether a text has no half of a character, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_tags(documents: Sequence[Document]) -> None:
    """Raise if two labels differ in white space alone, which a line of CoNLL parts its columns with.

    Args:
        documents: The texts.

    Raises:
        InputError: Naming the labels.
    """
    names: dict[str, str] = {}
    for label in sorted({label for one in documents for _, _, label in one.spans}):
        written = "_".join(label.split())
        if written in names:
            raise InputError(
                f"The labels {label!r} and {names[written]!r} would both be {written!r} in CoNLL, which has no white "
                "space in labels: write jsonl, or rename one."
            )
        names[written] = label


def conll(documents: Sequence[Document]) -> str:
    """Return texts as lines of a token and its tag, each text behind a line ``-DOCSTART-``, and note what is not said.

    Args:
        documents: The texts.

    Example:
        >>> print(conll([Document("1", "training", "ana", "Ana eats.", [(0, 3, "PER")], {})]).replace(chr(9), " "))
        -DOCSTART- O
        <BLANKLINE>
        Ana B-PER
        eats O
        . O
        <BLANKLINE>
    """
    lines = []
    for one in documents:
        _tell_tokens(one)
        lines += ["-DOCSTART-\tO", ""]
        for start, end, tag in one.tagged():
            written = "_".join(tag.split())
            if written != tag and tag[0] == "B":
                one.notes.append(f"The label {tag[2:]!r} is written {written[2:]}, without white space.")
            lines.append(f"{one.text[start:end]}\t{written}")
        one.notes = list(dict.fromkeys(one.notes))
        lines.append("")
    return "\n".join(lines)


def _tell_tokens(one: Document) -> None:
    """Note what tags cannot say of a text's stretches."""
    kept, others = one.apart()
    starts = {start for start, _, tag in one.tagged() if tag[0] == "B"}
    if others:
        are = "lies" if others == 1 else "lie"
        one.notes.append(
            f"{counted(others, 'stretch', 'stretches')} that {are} over a longer one left out of the tags."
        )
    bare = len(kept) - len(starts)
    if bare:
        one.notes.append(f"{counted(bare, 'stretch', 'stretches')} of white space left out of the tags.")
    words = {span for match in _TOKEN.finditer(one.text) for span in [match.span()]}
    split = words - set(one.tokens())
    if split:
        said = counted(len(split), "word is", "words are")
        one.notes.append(f"{said} cut there, since a stretch begins or ends in it.")
    if one.answers:
        asked = listing([name for name, value in one.answers.items() if value is not None and value != []])
        one.notes += [f"The answers to {asked} are not in it."] if asked else []


def answers_type(documents: Sequence[Document], name: str) -> tuple[str, bool]:
    """Return what answers to a question are, ``"float64"`` or ``"string"``, and whether an item has a list of them.

    Args:
        documents: All texts: in a part of them nobody may have answered it.
        name: The question.
    """
    given = [one.answers[name] for one in documents]
    is_list = any(isinstance(one, list) for one in given)
    flat = [value for one in given for value in (one if isinstance(one, list) else [one]) if value is not None]
    return "float64" if flat and all(map(_is_number, flat)) else "string", is_list


def card(documents: Sequence[Document], files: Mapping[str, str]) -> str:
    """Return the ``README.md`` by which ``datasets.load_dataset`` reads JSON lines: the same columns in each part.

    Where nobody answered a question in a whole part, or marked nothing, the part's own lines do not say what would be
    there. The format: https://huggingface.co/docs/hub/datasets-cards.

    Args:
        documents: All texts.
        files: What ``datasets`` calls each part → its file.
    """
    import yaml

    features: list[dict[str, Any]] = [
        {"name": "id", "dtype": "string"},
        {"name": "text", "dtype": "string"},
        {
            "name": "spans",
            "list": [{"name": place, "dtype": "int64"} for place in ("start", "end")]
            + [{"name": "label", "dtype": "string"}],
        },
        {"name": "tokens", "sequence": "string"},
        {"name": "ner_tags", "sequence": "string"},
    ]
    columns = list(documents[0].record())[len(features) :]
    for column, name in zip(columns, documents[0].answers, strict=True):
        kind, is_list = answers_type(documents, name)
        features.append({"name": column, "sequence" if is_list else "dtype": kind})
    parts = [{"split": split, "path": path} for split, path in files.items()]
    said = {
        "configs": [{"config_name": "default", "data_files": parts}],
        "dataset_info": {"features": features},
    }
    return f"---\n{yaml.safe_dump(said, allow_unicode=True, sort_keys=False)}---\n\n{OURS}\n"


# By this line a file is known as ours.
OURS = "Texts and what people marked and answered, as JSON lines that lsnb wrote; `items.csv` says what is not in them."


def json_lines(documents: Sequence[Document]) -> bytes:
    """Return texts as JSON lines, and note what their tags do not say.

    Args:
        documents: The texts.
    """
    for one in documents:
        one.notes += [note for note in _notes_of_tags(one) if note not in one.notes]
    how = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return b"".join(orjson.dumps(one.record(), default=str, option=how) for one in documents)


def _notes_of_tags(one: Document) -> list[str]:
    others = one.apart()[1]
    said = f"{counted(others, 'stretch', 'stretches')} over a longer one: in spans, and not in ner_tags."
    return [said] if others else []


def doc_bin(documents: Sequence[Document]) -> bytes:
    """Return texts as spaCy's ``DocBin``: ``ents``, all stretches in ``spans["sc"]``, answers in ``cats``.

    Args:
        documents: The texts.

    Raises:
        MissingExtraError: spaCy is not installed.
    """
    try:
        from spacy.tokens import Doc, DocBin, Span  # type: ignore[import-not-found,unused-ignore]
        from spacy.vocab import Vocab  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise MissingExtraError("spaCy is not installed: pip install spacy") from None
    vocab = Vocab()
    made = DocBin()
    for one in documents:
        pieces = _with_spaces(one)
        doc = Doc(vocab, [one.text[start:end] for start, end, _ in pieces], [space for _, _, space in pieces])
        first = {start: place for place, (start, _, _) in enumerate(pieces)}
        last = {end: place + 1 for place, (_, end, _) in enumerate(pieces)}

        def span(start: int, end: int, label: str, doc: Any = doc, first: Any = first, last: Any = last) -> Any:
            return Span(doc, first[start], last[end], label=label)

        doc.set_ents([span(*each) for each in one.apart()[0]])
        doc.spans["sc"] = [span(*each) for each in one.spans]
        others = one.apart()[1]
        if others:
            one.notes.append(
                f"{counted(others, 'stretch', 'stretches')} over a longer one: in doc.spans['sc'], and not in doc.ents."
            )
        if one.answers:
            doc.cats = {
                f"{name}: {value}": 1.0
                for name, given in one.answers.items()
                for value in (given if isinstance(given, list) else [given])
                if value is not None
            }
        made.add(doc)
    return bytes(made.to_bytes())


def _with_spaces(one: Document) -> list[tuple[int, int, bool]]:
    """Return all of a text as spaCy has it: tokens, whether a space follows each, other white space as tokens."""
    starts, ends = {span[0] for span in one.spans}, {span[1] for span in one.spans}
    cuts = sorted(starts | ends)
    found: list[tuple[int, int, bool]] = []
    at = 0
    for start, end in [*one.tokens(), (len(one.text), len(one.text))]:
        while at < start:
            # A space belongs to the token before it, unless a stretch begins or ends with it.
            is_open = bool(found) and found[-1][1] == at and not found[-1][2]
            if one.text[at] == " " and is_open and at not in starts and at + 1 not in ends:
                found[-1] = (*found[-1][:2], True)
                at += 1
                continue
            after = bisect_right(cuts, at)
            edge = min(start, cuts[after]) if after < len(cuts) else start
            found.append((at, edge, False))
            at = edge
        if start < end:
            found.append((start, end, False))
            at = end
    return found
