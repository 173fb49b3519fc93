"""Words of messages: lists with an end, numbers with their noun, the name that was meant; and a warning's own line."""

from __future__ import annotations

import difflib
import os
import sys
import sysconfig
import unicodedata
import warnings
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

from lsnb.errors import plain_sentence
from lsnb.kernel.runtime import in_form, is_held, is_shown, show, where

_OURS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")  # noqa: PTH100, PTH118, PTH120
_PLACES = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
_LIBRARIES = (*(os.path.join(path, "") for path in _PLACES), "<frozen ")  # noqa: PTH118


def listing(values: Sequence[object], limit: int = 5) -> str:
    """Return the first values as text, and how many more there are.

    Args:
        values: What is listed.
        limit: How many are named.

    Example:
        >>> listing(["a", "b", "c"], limit=2)
        'a, b and 1 more'
    """
    shown = ", ".join(str(value) for value in values[:limit])
    return shown if len(values) <= limit else f"{shown} and {len(values) - limit} more"


def joined(words: Sequence[str], last: str = "and") -> str:
    """Return all the words as a sentence lists them.

    Args:
        words: The words; of none comes an empty text.
        last: What stands before the last of several: ``"and"`` or ``"or"``.

    Example:
        >>> joined(["a", "b", "c"], "or"), joined(["a"])
        ('a, b or c', 'a')
    """
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def counted(n: int, one: str, several: str | None = None) -> str:
    """Return a number with its noun.

    Args:
        n: How many.
        one: The words for one.
        several: The words for any other number; without them the noun takes an s.

    Example:
        >>> counted(1, "file"), counted(3, "file"), counted(2, "frame differs", "frames differ")
        ('1 file', '3 files', '2 frames differ')
    """
    return f"{n} {one if n == 1 else several or f'{one}s'}"


def often(n: int) -> str:
    """Return how often something came.

    Args:
        n: How often, one or more.

    Example:
        >>> often(1), often(3)
        ('once', '3 times')
    """
    return "once" if n == 1 else f"{n} times"


AGAIN = "Run the same call again: what is done stays done."


def answer_words(value: object) -> str:
    """Return an answer as people read it: of several, all of them; none of several is "nothing".

    Example:
        >>> answer_words(("animal", "person")), answer_words(()), answer_words(2.5)
        ('animal, person', 'nothing', '2.5')
    """
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) if value else "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)


def and_again(said: object, mend: str = "") -> str:
    """Return a sentence and that the same call goes on, which is said once, whoever said it first.

    Args:
        said: What happened; a fault may say itself that the call is to be made again.
        mend: What goes before, as ``"Mend it and "``.

    Example:
        >>> and_again("It is gone."), and_again("Wait, then run the same call again.")
        ('It is gone. Run the same call again: what is done stays done.', 'Wait, then run the same call again.')
    """
    text = str(said)
    if "run the same call again" in text.casefold():
        return text
    return f"{text} {mend}{AGAIN[0].lower()}{AGAIN[1:]}" if mend else f"{text} {AGAIN}"


def nearest(name: object, names: Iterable[object]) -> str:
    """Return ``" Did you mean 'ID'?"`` when one of the names is close, else an empty text.

    Args:
        name: What was written.
        names: What could have been meant.

    Example:
        >>> nearest("id", ["ID", "caption"])
        " Did you mean 'ID'?"
    """
    close = closest(name, names)
    return f" Did you mean {close!r}?" if close is not None else ""


def nearest_column(name: object, columns: Iterable[object]) -> str:
    """Return ``nearest``'s question, and where no column is near which there are.

    Args:
        name: The column that is not there.
        columns: Those of the table.

    Example:
        >>> nearest_column("Id", ["id", "lang"]), nearest_column("Geschlecht", ["id", "lang"])
        (" Did you mean 'id'?", ' Its columns: id, lang.')
    """
    columns = list(columns)
    return nearest(name, columns) or f" Its columns: {listing(columns, 12) or 'none'}."


def closest(word: object, known: Iterable[object], cutoff: float = 0.6) -> str | None:
    """Return the known word that is most like this one, whatever the case and the spaces around it, or None.

    Args:
        word: What was written.
        known: What could have been meant.
        cutoff: How alike two words must be, from 0 to 1.

    Example:
        >>> closest("Chioces", ["Choices", "Text"])
        'Choices'
    """
    return next(iter(alike(word, known, 1, cutoff)), None)


def alike(word: object, known: Iterable[object], most: int, cutoff: float) -> list[str]:
    """Return the known words that are like this one, the most alike first.

    Args:
        word: What was written.
        known: What could have been meant.
        most: How many come back at most.
        cutoff: How alike two words must be, from 0 to 1.

    Example:
        >>> alike("moods", ["Mood of song", "Mood", "Places"], 2, 0.4)
        ['Mood', 'Mood of song']
    """
    written = str(word).strip().casefold()
    by_folded = {str(other).strip().casefold(): str(other) for other in known}
    slips = [folded for folded in by_folded if _is_one_slip(written, folded)]
    found = [*slips, *difflib.get_close_matches(written, list(by_folded), n=most, cutoff=cutoff)]
    return [by_folded[folded] for folded in dict.fromkeys(found)][:most]


def as_seen(text: str) -> str:
    """Return a text as it looks: one way to put accents on letters, one space, and nothing that has no width.

    Example:
        >>> as_seen("u\u0308 \u00a0x\u200b ") == "ü x"
        True
    """
    if text.isascii():
        return " ".join(text.split())
    # Joiners tell letters of Persian and pieces of pictures apart, which is seen.
    shown = (letter for letter in text if letter in "\u200c\u200d" or unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFC", "".join(shown)).split())


def looking_alike(texts: Iterable[Hashable], *, fold: bool = False) -> list[str]:
    """Return which of several different texts, or numbers beside them, look like one, a group each.

    Args:
        texts: The texts.
        fold: Whether capital letters are as small ones, as in addresses of e-mail.

    Example:
        >>> looking_alike(["7", " 7", "8", "8"]), looking_alike([1, "1"])
        (["' 7' and '7'"], ["'1' and 1"])
    """
    found: dict[str, dict[str, None]] = {}
    for text in dict.fromkeys(texts):
        seen = as_seen(str(text))
        shown = repr(text if isinstance(text, int | float) else str(text))
        found.setdefault(seen.casefold() if fold else seen, {})[shown] = None
    return [joined(sorted(group)) for group in found.values() if len(group) > 1]


def _is_one_slip(a: str, b: str) -> bool:
    """Return whether two words differ by two neighbouring letters that changed places, which difflib underrates."""
    apart = [i for i, (p, q) in enumerate(zip(a, b, strict=False)) if p != q]
    return len(a) == len(b) and len(apart) == 2 and apart[1] == apart[0] + 1 and sorted(a) == sorted(b)


def warn(sentence: str, *, shown_by: object = None, is_of_data: bool = False) -> None:
    """Say a sentence as a warning that names the user's own line, however many calls of ours lie between.

    That line is the nearest outside this package; of a library only where nothing of ours called it: a table that
    calls a function of ours is passed over, a user's function that we call is not. In a notebook, where the line is
    that of a temporary file, the sentence stands alone.

    Args:
        sentence: What is said.
        shown_by: What shows the sentence, too: a notebook's cell that ends with it says it once.
        is_of_data: Whether it is true of the data whatever is done with them: one cell of a notebook says it, no other.

    Example:
        >>> with warnings.catch_warnings(record=True, action="always") as said:
        ...     warn("The third row was left out.")
        >>> [(str(each.message), "words" in each.filename) for each in said]
        [('The third row was left out.', True)]
    """
    sentence = plain_sentence(sentence)
    kept = _KEPT.get()
    if kept is not None:
        kept.append((sentence, is_of_data))
        return
    if is_of_data and is_shown(sentence):
        return
    frame = _users_frame()
    if shown_by is None or not is_held(sentence, shown_by, lambda held: _say(held, frame)):
        _say(sentence, frame)


_KEPT: ContextVar[list[tuple[str, bool]] | None] = ContextVar("kept", default=None)


@contextmanager
def kept_sentences() -> Iterator[list[tuple[str, bool]]]:
    """Keep what ``warn`` would say in this thread, and whether it is of the data, for who is to say it elsewhere.

    Example:
        >>> with kept_sentences() as kept:
        ...     warn("The third row was left out.")
        >>> kept
        [('The third row was left out.', False)]
    """
    kept: list[tuple[str, bool]] = []
    before = _KEPT.set(kept)
    try:
        yield kept
    finally:
        _KEPT.reset(before)


def _say(sentence: str, frame: FrameType) -> None:
    names = frame.f_globals
    with _without_place():
        warnings.warn_explicit(
            sentence,
            UserWarning,
            filename=frame.f_code.co_filename,
            lineno=frame.f_lineno,
            module=str(names.get("__name__", "<unknown>")),
            registry=names.setdefault("__warningregistry__", {}),
        )


@contextmanager
def _without_place() -> Iterator[None]:
    """Let warnings be shown without file and line in a notebook; whoever records or filters them sees no difference."""
    if where() == "script":
        yield
        return
    before = warnings.formatwarning
    warnings.formatwarning = _note
    try:
        yield
    finally:
        warnings.formatwarning = before


def _note(message: object, *_: object, **__: object) -> str:
    show(str(message))  # it is shown now: neither recorded by somebody nor filtered
    return f"Note: {message}{in_form(str(message))}\n"


def _users_frame() -> FrameType:
    frames: list[FrameType] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    ours = [place for place, each in enumerate(frames) if each.f_code.co_filename.startswith(_OURS)]
    outermost = ours[-1] if ours else -1
    for place, each in enumerate(frames):
        path = each.f_code.co_filename
        if not path.startswith(_OURS) and (place > outermost or not path.startswith(_LIBRARIES)):
            return each
    return frames[-1]
