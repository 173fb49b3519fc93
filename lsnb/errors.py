"""Every error lsnb raises on purpose.

One base, ``LsnbError``; each leaf also inherits the builtin a caller would expect::

    LsnbError
    ├── InputError (ValueError)             something the user gave is wrong; every fault at once
    │   ├── TableError                      a table that cannot be read or used
    │   │   └── KeyColumnError              the column that identifies items is absent, empty, repeated or rounded
    │   ├── FormError                       fields of a parameter form
    │   ├── LabelConfigError                a label config Label Studio could not show
    │   ├── StudyConflictError              a study of this title exists and differs
    │   └── FileAccessError (OSError)       a file or folder that cannot be read or written
    ├── MissingFileError (FileNotFoundError)
    ├── MissingExtraError (ImportError)     an optional package is not installed
    ├── CredentialsError (PermissionError)  no key, a malformed key, a key that is refused
    ├── StudioError (RuntimeError)          Label Studio refused or failed
    │   ├── StudioUnreachableError (ConnectionError)
    │   ├── StudioAuthError (PermissionError)
    │   ├── StudioRefusedError              what was asked is not acceptable to it; asking again is of no use
    │   └── StudyNotFoundError (LookupError)
    ├── BucketError (RuntimeError)          Cloud Storage refused or failed
    │   ├── BucketUnreachableError (ConnectionError)
    │   ├── BucketForbiddenError (PermissionError)
    │   └── BucketNotFoundError (LookupError)
    ├── LocalStackError (RuntimeError)      the embedded Label Studio or bucket
    └── PartialFailureError (RuntimeError)  some rows of a report failed

A message says what is wrong, where, and what to do next, and holds no token, key or header, and no character that a
terminal would obey.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MASK = "•••"

# What an address carries beside the place: a password, a token, a signature. A path takes one of its two slashes away.
_CARRIED = re.compile(
    r"(?P<before>:/{1,2})[^\s/?#\"'<>]+(?=@)"
    r"|(?P<name>[?&](?:access_token|api_?key|auth|authorization|jwt|key|pass|password|secret|sig|signature|token"
    r"|x-amz-security-token|x-amz-signature|x-goog-signature)=)[^\s&\"'<>]+",
    flags=re.IGNORECASE,
)


def plain_addresses(text: str) -> str:
    """Return a text whose addresses carry no password, token or signature.

    Args:
        text: Any text.

    Example:
        >>> plain_addresses("There is no file https:/ana:s3cret@ls.org/a.csv?page=2&token=abc.")
        'There is no file https:/•••@ls.org/a.csv?page=2&token=•••'
    """
    return _CARRIED.sub(lambda found: f"{found['before'] or found['name']}{MASK}", text)


# What moves a terminal's cursor, colours it, turns the direction of letters, or cannot be printed at all.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plain_sentence(text: str) -> str:
    """Return what is said of others' files, with nothing in it that a terminal obeys, and no password.

    Args:
        text: A sentence that repeats names or cells as they were found.

    Example:
        >>> plain_sentence("There is no column 'n\\x1b[2Jame'.")
        "There is no column 'n\\\\x1b[2Jame'."
    """
    lines = map(_shortened, plain_addresses(text).split("\n"))
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], "\n".join(lines))


_LONGEST = 3000  # letters of a line; what repeats more of a file is read by nobody


def _shortened(text: str) -> str:
    """Return a line without the middle of the longest words in it, where it repeats thousands of letters.

    Example:
        >>> said = _shortened(f"There is no column {'x' * 9000}: give key=.")
        >>> len(said) < 3100, said[:22], said[-13:]
        (True, 'There is no column xxx', 'x: give key=.')
    """
    if len(text) <= _LONGEST:
        return text
    kept = _LONG_WORD.sub(lambda found: f"{found[0][:60]}…{found[0][-20:]}", text)
    return kept if len(kept) <= _LONGEST else f"{kept[: _LONGEST - 600]} … {kept[-600:]}"


_LONG_WORD = re.compile(r"\S{100,}")


class LsnbError(Exception):
    """Base of every error lsnb raises on purpose.

    A notebook shows its sentence alone; ``%debug`` and ``err.__traceback__`` still have the rest.
    """

    def __init__(self, *given: object) -> None:
        # A message may repeat what was given, and an address that was given where a file is wanted is one.
        super().__init__(*(plain_sentence(each) if isinstance(each, str) else each for each in given))

    def _render_traceback_(self) -> list[str]:
        """Return what IPython prints instead of a stack trace (``InteractiveShell.showtraceback``)."""
        return [f"{type(self).__name__}: {self}"]


class InputError(LsnbError, ValueError):
    """Something the user gave is wrong.

    Args:
        problems: One sentence, or one sentence per fault. All faults are reported at once.

    Example:
        >>> raise InputError(["n is -1: give a number of 1 or more.", "seed is 'x': give a whole number."])
        Traceback (most recent call last):
        ...
        lsnb.errors.InputError: 2 problems:
          1. n is -1: give a number of 1 or more.
          2. seed is 'x': give a whole number.
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        given = (problems,) if isinstance(problems, str) else tuple(problems)
        self.problems: tuple[str, ...] = tuple(map(plain_sentence, given))
        if len(self.problems) == 1:
            text = self.problems[0]
        else:
            lines = [f"  {number}. {problem}" for number, problem in enumerate(self.problems, start=1)]
            text = "\n".join([f"{len(self.problems)} problems:", *lines])
        super().__init__(text)


class TableError(InputError):
    """A table that cannot be read or used."""


class KeyColumnError(TableError):
    """The column that identifies items is absent, empty, repeated or rounded."""


class FormError(InputError):
    """One or more fields of a parameter form are wrong."""


class LabelConfigError(InputError):
    """A label config that Label Studio could not show."""


class StudyConflictError(InputError):
    """A study of this title exists and differs from the one asked for."""


class FileAccessError(InputError, OSError):
    """A file or folder that the system does not let us read or write.

    Args:
        sentence: What is wrong, with the file's name.
        code: The system's number for it, such as ``errno.ENOSPC``.
    """

    def __init__(self, sentence: str, code: int | None = None) -> None:
        super().__init__(sentence)
        self.errno = code


class MissingFileError(LsnbError, FileNotFoundError):
    """A file or folder that is not there."""


class MissingExtraError(LsnbError, ImportError):
    """An optional package is not installed."""


class CredentialsError(LsnbError, PermissionError):
    """No key, a malformed key, or a key that is refused."""


class StudioError(LsnbError, RuntimeError):
    """Label Studio refused a request or failed."""


class StudioUnreachableError(StudioError, ConnectionError):
    """No Label Studio answers at this address."""


class StudioAuthError(StudioError, CredentialsError):
    """Label Studio does not accept this key."""


class StudioRefusedError(StudioError):
    """What was asked is not acceptable to Label Studio, and asking again is of no use."""


class StudyNotFoundError(StudioError, LookupError):
    """No study of this title on this server."""


class BucketError(LsnbError, RuntimeError):
    """Cloud Storage refused a request or failed."""


class BucketUnreachableError(BucketError, ConnectionError):
    """Cloud Storage does not answer."""


class BucketForbiddenError(BucketError, CredentialsError):
    """The credentials may not do this with the bucket."""


class BucketNotFoundError(BucketError, LookupError):
    """No bucket of this name."""


class LocalStackError(LsnbError, RuntimeError):
    """The embedded Label Studio or bucket could not be started, reached or stopped."""


class PartialFailureError(LsnbError, RuntimeError):
    """Some rows of a report failed; the others are done."""
