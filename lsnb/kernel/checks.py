"""Arguments held against what the signature says they are, with everything wrong said at once.

A function's type hints are read once, at its first call; they are what the documentation shows and what mypy checks,
so a check of its own would only say the same again. What a type cannot say stands beside it::

    @checked
    def sample(table: pd.DataFrame, *, n: int | None = None, seed: Seed = 0): ...
"""

from __future__ import annotations

import inspect
import math
import os
import sys
import types
import typing
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from functools import wraps
from numbers import Integral, Real
from typing import TYPE_CHECKING, Annotated, Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

from lsnb.errors import InputError
from lsnb.kernel.files import unforeseen_errors
from lsnb.kernel.words import joined, nearest

P = ParamSpec("P")
R = TypeVar("R")

_SEQUENCES = (list, tuple, Sequence, Iterable, Collection, set, frozenset, AbstractSet)
_SHOWN = 60
_MISSING = ("NAType", "NaTType")  # pandas' own
# Names that modules only import for type checkers, since what they name is costly to load or lies higher up.
_NOUNS = frozenset(
    {"Agreement", "Bucket", "Evaluation", "Executor", "LabelConfig", "OnVideo", "Predictions", "Studio", "Study"}
)


@dataclass(frozen=True)
class Within:
    """Bounds of a number, both included.

    Args:
        low: The least that is taken.
        high: The most; infinity lets an infinite number through.
    """

    low: float = -math.inf
    high: float | None = None

    def wrong(self, value: float) -> bool:
        """Return whether a number is out of bounds."""
        return value < self.low or (self.high is not None and value > self.high)

    def __str__(self) -> str:
        if math.isinf(self.low):
            return "" if self.high is None or math.isinf(self.high) else f" up to {self.high:g}"
        if self.high is None or math.isinf(self.high):
            return f" of {self.low:g} or more"
        return f" from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Give:
    """What to give instead, where the type's own words would not help: the end of a sentence after "give"."""

    what: str


@dataclass(frozen=True)
class Dims:
    """Of a numpy array: it holds numbers, and has so many dimensions.

    Args:
        count: How many dimensions.
        last: How long the last of them is; any length by default.
    """

    count: int
    last: int | None = None

    def fits(self, value: Any) -> bool:
        """Return whether an array is one."""
        is_right = is_of(value, "numpy.ndarray") and value.ndim == self.count and value.dtype.kind in "fiu"
        return is_right and self.last in (None, value.shape[-1])


def is_of(value: Any, *names: str) -> bool:
    """Return whether a value is of one of these libraries' classes, without loading a library for it.

    Of a class that is not loaded there are no values. Pandas takes most of a second, which who starts the embedded
    stack or opens a form need not wait for.

    Args:
        value: Anything.
        names: Such as ``"pandas.DataFrame"``.

    Example:
        >>> import numpy
        >>> is_of(numpy.float64(1), "numpy.generic"), is_of(1.0, "numpy.generic", "no_such.thing")
        (True, False)
    """
    for name in names:
        module, _, leaf = name.partition(".")
        kind = getattr(sys.modules.get(module), leaf, None)
        if isinstance(kind, type) and isinstance(value, kind):
            return True
    return False


if TYPE_CHECKING:
    from pandas import DataFrame
else:

    class _Later(type):
        def __instancecheck__(cls, value: Any) -> bool:
            return is_of(value, f"pandas.{cls.__name__}")

    class DataFrame(metaclass=_Later):
        """Stands for pandas' own until that is loaded."""


class _Told:
    """Marks an argument that the function itself looks at, since what it says of a wrong one helps more."""


class _Hidden:
    """Marks an argument that no message may repeat."""


Seed = Annotated[int, Give("a whole number, so that the same one draws the same again")]
"""Any whole number."""
Share = Annotated[float, Within(0, 1)]
"""From 0 to 1."""
Count = Annotated[int, Within(1)]
"""A whole number of 1 or more."""
Resamples = Annotated[int, Within(0, 1_000_000)]
"""How often to draw again for an interval; 0 for none."""
Table = Annotated[
    DataFrame, Give("a table: read the file with lsnb.read_table(path, key=...) or make a pandas DataFrame")
]
"""A pandas DataFrame."""
Annotations = Annotated[DataFrame, Give("the table that lsnb.read_annotations or study.annotations() returned")]
"""The long table of annotations."""
FilePath = str | os.PathLike[str]
"""A path as text or ``pathlib.Path``."""
TOLD = _Told()
"""For ``Annotated``: every value goes on to the function, which says itself what is wrong with one."""
Secret = Annotated[str, _Hidden()]
"""A key; what was given is not repeated."""


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function with its arguments checked against its type hints before anything of it runs.

    Numpy's numbers, texts and truth values are handed on as Python's. ``None`` is taken only where the hint has it.

    Args:
        function: Any function or method; hints that cannot be checked (``Any``, protocols) let everything through.

    Raises:
        InputError: From the function that is returned: a sentence for each argument that does not fit.
        FileAccessError: Likewise, of a file that the system did not let it open, where it does not say so itself.

    Example:
        >>> @checked
        ... def draw(n: Count, *, seed: Seed = 0, how: Literal["even", "random"] = "even") -> int:
        ...     return n + seed
        >>> import numpy
        >>> draw(numpy.int64(2), seed=1)
        3
        >>> draw(0, seed=True, how="evn")
        Traceback (most recent call last):
        ...
        lsnb.errors.InputError: 3 problems:
          1. n is 0: give a whole number of 1 or more.
          2. seed is True: give a whole number, so that the same one draws the same again.
          3. how is 'evn': give 'even' or 'random'. Did you mean 'even'?
    """
    signature = inspect.signature(function)
    hints: dict[str, Any] = {}

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if not hints:
            hints.update(_hints(function))
        bound = signature.bind(*args, **kwargs)
        problems = []
        for name, value in bound.arguments.items():
            kind = signature.parameters[name].kind
            hint = hints.get(name, Any)
            if kind is inspect.Parameter.VAR_POSITIONAL:
                found = [_held(f"{name}[{place}]", each, hint) for place, each in enumerate(value)]
                problems += [problem for problem, _ in found if problem]
                bound.arguments[name] = tuple(fit for _, fit in found)
            elif kind is inspect.Parameter.VAR_KEYWORD:
                kept = {each: _held(each, given, hint) for each, given in value.items()}
                problems += [problem for problem, _ in kept.values() if problem]
                bound.arguments[name] = {each: fit for each, (_, fit) in kept.items()}
            else:
                problem, fit = _held(name, value, hint)
                if problem:
                    problems.append(problem)
                bound.arguments[name] = fit
        if problems:
            raise InputError(problems)
        with unforeseen_errors():
            return function(*bound.args, **bound.kwargs)

    return call


def check_fields(made: object) -> None:
    """Hold a dataclass that people make by hand against its own type hints; for its ``__post_init__``.

    Args:
        made: It has all its fields.

    Raises:
        InputError: A sentence for each field that does not fit.

    Example:
        >>> @dataclass(frozen=True)
        ... class Die:
        ...     sides: Count
        ...
        ...     def __post_init__(self) -> None:
        ...         check_fields(self)
        >>> Die("six")
        Traceback (most recent call last):
        ...
        lsnb.errors.InputError: sides is 'six': give a whole number of 1 or more.
    """
    hints = _hints(type(made))
    found = [_held(each.name, getattr(made, each.name), hints[each.name])[0] for each in fields(made)]  # type: ignore[arg-type]
    raise_for(InputError, *found)


def whole(name: str, value: Any, *, least: int | None = None, most: int | None = None) -> str | None:
    """Return what is wrong with a whole number.

    Example:
        >>> whole("stars", "5", least=1)
        "stars is '5': give a whole number of 1 or more."
        >>> whole("stars", 5, least=1) is None
        True
    """
    return _held(name, value, Annotated[int, Within(-math.inf if least is None else least, most)])[0] or None


def number(name: str, value: Any, *, least: float | None = None, most: float | None = None) -> str | None:
    """Return what is wrong with a number; nan and infinity are none.

    Example:
        >>> number("duration", float("nan"), least=0)
        'duration is nan: give a number of 0 or more.'
    """
    return _held(name, value, Annotated[float, Within(-math.inf if least is None else least, most)])[0] or None


def share(name: str, value: Any) -> str | None:
    """Return what is wrong with a share from 0 to 1.

    Example:
        >>> share("overlap", 20)
        'overlap is 20: give a number from 0 to 1.'
    """
    return number(name, value, least=0, most=1)


def text(name: str, value: Any, *, is_needed: bool = False) -> str | None:
    """Return what is wrong with a text.

    Example:
        >>> text("title", 3)
        'title is 3: give a text.'
    """
    if not isinstance(value, str):
        return f"{name} is {shown(value)}: give a text."
    return f"{name} is empty: give a text." if is_needed and not value.strip() else None


def texts(name: str, value: Any, *, count: int | None = None) -> str | None:
    """Return what is wrong with a list of texts.

    Example:
        >>> texts("titles", ("x",), count=2)
        "titles is ('x',): give 2 texts."
    """
    if _fit_sequence(value, Collection, (str,))[0] and count in (None, len(value)):
        return None
    return f"{name} is {shown(value)}: give {'a list of' if count is None else count} texts."


def listed(name: str, value: Any) -> str | None:
    """Return what is wrong with a list of anything; a text is none.

    Example:
        >>> listed("answers", 1)
        'answers is 1: give a list.'
    """
    return _held(name, value, Collection[Any])[0] or None


def switch(name: str, value: Any) -> str | None:
    """Return what is wrong with True or False; numpy's count as well.

    Example:
        >>> switch("required", "yes")
        "required is 'yes': give True or False."
    """
    return _held(name, value, bool)[0] or None


def mapping(name: str, value: Any) -> str | None:
    """Return what is wrong with a dict.

    Example:
        >>> mapping("aliases", ["good"])
        "aliases is ['good']: give a dict."
    """
    return _held(name, value, Mapping)[0] or None


def choice(name: str, value: Any, allowed: Iterable[Any]) -> str | None:
    """Return what is wrong with one of several texts.

    Example:
        >>> choice("layout", "row", ("vertical", "inline"))
        "layout is 'row': give 'vertical' or 'inline'."
    """
    return _held(name, value, Literal[tuple(allowed)])[0] or None


def column(name: str, value: Any) -> str | None:
    """Return what is wrong with a column's name: what cannot name one, as lists and a missing value.

    Example:
        >>> column("key", ["ID"])
        "key is ['ID']: give a column's name."
    """
    return _held(name, value, Hashable)[0] or None


def path(name: str, value: Any) -> str | None:
    """Return what is wrong with a path; an empty one is none.

    Example:
        >>> path("out", 3)
        'out is 3: give a path.'
    """
    return _held(name, value, FilePath)[0] or None


def executor(value: Any) -> str | None:
    """Return what is wrong with an executor; None, for working here, is none.

    Example:
        >>> executor(4)
        'executor is 4: give a concurrent.futures.Executor, such as ProcessPoolExecutor(), or leave it out.'
    """
    return _held("executor", value, Executor | None)[0] or None


def own_columns(names: Iterable[Any], needs: str, *, what: str = "table") -> str | None:
    """Return why columns of the user's cannot keep their names, and how to rename them; of no columns nothing.

    Args:
        names: The user's columns whose names are needed.
        needs: Who needs them.
        what: What the table is called.

    Example:
        >>> own_columns(["item"], "the frames table")[:62]
        "The table has a column 'item' of its own, and the frames table"
        >>> own_columns(["item"], "the frames table")[62:]
        " needs the name: rename it, for example table.rename(columns={'item': 'item_before'})."
    """
    taken = [str(name) for name in names]
    if not taken:
        return None
    one = len(taken) == 1
    said = ", ".join(map(repr, taken))
    renamed = ", ".join(f"{name!r}: '{name}_before'" for name in taken)
    return (
        f"The {what} has {'a column' if one else 'columns'} {said} of its own, and {needs} needs "
        f"the {'name: rename it' if one else 'names: rename them'}, for example table.rename(columns={{{renamed}}})."
    )


def raise_for(error: type[InputError], *sentences: str | None) -> None:
    """Raise once, with every sentence there is.

    Raises:
        InputError: Of the class given, if any check found something.

    Example:
        >>> raise_for(InputError, whole("seed", 1), text("name", "a"))
    """
    found = [sentence for sentence in sentences if sentence]
    if found:
        raise error(found)


def shown(value: Any) -> str:
    """Return what was given, short enough for a sentence.

    Example:
        >>> shown("x"), shown([1]), shown(len)
        ("'x'", '[1]', 'a builtin_function_or_method')
    """
    if is_of(value, "numpy.generic"):
        text = repr(_plain(value))
    else:
        is_plain = value is None or isinstance(value, bool | int | float | str) or type(value).__name__ in _MISSING
        is_few = isinstance(value, list | tuple | dict | set) and len(value) < 4
        text = repr(value) if is_plain or is_few else ""
    if text and len(text) <= _SHOWN and "\n" not in text:
        return text
    kind = type(value).__name__
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


class _Names(dict[str, Any]):
    """A module's names; one that is only there for type checkers is a class of that name that nothing is."""

    def __missing__(self, name: str) -> Any:
        import builtins

        if hasattr(builtins, name):
            return getattr(builtins, name)
        return type(name, (_Unknown,), {})


class _Unknown:
    def __class_getitem__(cls, item: Any) -> Any:
        return cls


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the hints of a function, or of a class's fields."""
    inner = inspect.unwrap(function)
    names = _Names(
        vars(sys.modules[inner.__module__]) if isinstance(inner, type) else getattr(inner, "__globals__", {})
    )
    try:
        found = typing.get_type_hints(inner, localns=names, include_extras=True)
    except (NameError, TypeError, AttributeError) as error:  # pragma: no cover - a hint of ours that cannot be read
        raise AssertionError(f"The hints of {inner.__qualname__} cannot be read: {error}") from error
    return found or {"return": Any}


def _held(name: str, value: Any, hint: Any) -> tuple[str, Any]:
    """Return what is wrong as a sentence ("" for nothing), and the value to hand on."""
    fits, value = _fit(value, hint)
    if fits:
        return "", value
    if isinstance(value, str) and "\0" in value and _is_path(hint):
        return f"{name} holds a character that no path has: give another one.", value
    given = "not what it should be" if _is_hidden(hint) else shown(value)
    return f"{name} is {given}: give {_said(hint)}.{_meant(value, hint)}", value


def _arms(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(arm for each in get_args(hint) for arm in _arms(each))
    return (hint,)


def _is_path(hint: Any) -> bool:
    return any(
        isinstance(get_origin(arm) or arm, type) and issubclass(get_origin(arm) or arm, os.PathLike)
        for arm in _arms(hint)
    )


def _is_hidden(hint: Any) -> bool:
    return any(isinstance(note, _Hidden) for arm in _arms(hint) for note in getattr(arm, "__metadata__", ()))


def _fit(value: Any, hint: Any) -> tuple[bool, Any]:
    if hint is Any:
        return True, value
    arms = _arms(hint)
    if len(arms) > 1:
        if isinstance(value, str) and _is_path(hint) and ("\0" in value or not value.strip()):
            return False, value
        for arm in arms:
            fits, as_python = _fit(value, arm)
            if fits:
                return True, as_python
        return False, value
    origin = get_origin(hint)
    if origin is Annotated and any(isinstance(note, _Told) for note in hint.__metadata__):
        return True, value
    if origin is Annotated:
        fits, value = _fit(value, hint.__origin__)
        bounds = [note for note in hint.__metadata__ if isinstance(note, Within)]
        fits = fits and all(note.fits(value) for note in hint.__metadata__ if isinstance(note, Dims))
        if fits and isinstance(value, Real):
            try:
                fits = not any(bound.wrong(float(value)) for bound in bounds)
            except OverflowError:  # a whole number that no float holds
                fits = False
        elif not fits and isinstance(value, float) and value == math.inf:
            fits = any(bound.high == math.inf for bound in bounds)
        return fits, value
    if origin is Literal:
        return _fit_choice(value, get_args(hint))
    if hint is None or hint is type(None):
        return value is None, value
    if hint in (bool, int, float, str):
        return _fit_scalar(value, hint)
    if hint is Hashable:
        return _is_hashable(value), value
    target = origin or hint
    if target is Any or not isinstance(target, type):
        return True, value
    return _fit_class(value, target, get_args(hint))


def _fit_choice(value: Any, choices: tuple[Any, ...]) -> tuple[bool, Any]:
    if isinstance(value, str | bool | int) or is_of(value, "numpy.generic"):
        plain = _plain(value)
        plain = str(plain) if isinstance(plain, str) else plain
        return any(plain == choice and type(plain) is type(choice) for choice in choices), plain
    return any(value is choice for choice in choices), value


def _fit_scalar(value: Any, hint: type) -> tuple[bool, Any]:
    if type(value) is hint and hint is not float:
        return True, value
    if hint is bool:
        return (True, bool(value)) if is_of(value, "numpy.bool_") else (False, value)
    if hint is str:
        return (True, str(value)) if isinstance(value, str) else (False, value)
    if isinstance(value, bool) or not isinstance(value, Real):  # numpy's truth values are none
        return False, value
    if hint is int:
        return (True, int(value)) if isinstance(value, Integral) else (False, value)
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return False, value
    return math.isfinite(number), _plain(value)


def _plain(value: Any) -> Any:
    return value.item() if is_of(value, "numpy.generic") else value


def _fit_class(value: Any, target: type, inner: tuple[Any, ...]) -> tuple[bool, Any]:
    if issubclass(target, _Unknown):
        known = target.__name__ not in _NOUNS or any(each.__name__ == target.__name__ for each in type(value).__mro__)
        return known, value
    if getattr(target, "_is_protocol", False) or target is object:
        return True, value
    if target.__name__ in ("Callable", "FunctionType"):
        return callable(value), value
    if target.__name__ == "Executor":
        return callable(getattr(value, "submit", None)), value
    if target in _SEQUENCES:
        return _fit_sequence(value, target, inner)
    if issubclass(target, Mapping):
        if not isinstance(value, Mapping):
            return False, value
        return all(
            _fit(part, hint)[0] for pair in value.items() for part, hint in zip(pair, inner, strict=False)
        ), value
    if issubclass(target, os.PathLike):
        fits = isinstance(value, os.PathLike)
        return fits and "\0" not in str(os.fspath(value)), value
    return isinstance(value, target), value


def _fit_sequence(value: Any, target: Any, inner: tuple[Any, ...]) -> tuple[bool, Any]:
    if isinstance(value, str | bytes | Mapping) or is_of(value, "pandas.DataFrame"):
        return False, value
    if is_of(value, "numpy.ndarray", "pandas.Series", "pandas.Index"):
        if getattr(value, "ndim", 1) != 1:
            return False, value
        parts: Iterable[Any] = value.tolist()
    elif isinstance(value, Collection):
        # A set has no order, so it stands for a sequence only where none is asked for.
        if isinstance(value, AbstractSet) and target in (list, tuple, Sequence):
            return False, value
        parts = value
    else:
        return target is Iterable and isinstance(value, Iterable), value
    if target is tuple and inner and Ellipsis not in inner:
        given = list(parts)
        return len(given) == len(inner) and all(_fit(p, h)[0] for p, h in zip(given, inner, strict=True)), value
    hint = inner[0] if inner else Any
    return hint is Any or all(_fit(part, hint)[0] for part in parts), value


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return type(value).__name__ != "NAType"


def _said(hint: Any) -> str:
    if (
        _is_path(hint)
        and get_origin(hint) is not None
        and all(arm in (str, type(None)) or _is_path(arm) for arm in _arms(hint))
    ):
        return "a path" + (", or leave it out" if type(None) in _arms(hint) else "")
    words = []
    arms = _arms(hint)
    for arm in arms:
        if arm is not type(None) and (word := _word(arm)) not in words:
            words.append(word)
    text = joined(words, "or") or "None"
    return text + (", or leave it out" if type(None) in arms and words else "")


def _word(hint: Any) -> str:
    origin = get_origin(hint)
    if origin is Annotated:
        for note in hint.__metadata__:
            if isinstance(note, Give):
                return note.what
        bounds = "".join(str(note) for note in hint.__metadata__ if isinstance(note, Within))
        return _word(hint.__origin__) + bounds
    if origin is Literal:
        return joined([repr(choice) for choice in get_args(hint)], "or")
    plain = {
        bool: "True or False",
        int: "a whole number",
        float: "a number",
        str: "a text",
        Hashable: "a column's name",
    }
    if hint in plain:
        return plain[hint]
    target = origin or hint
    inner = get_args(hint)
    name = getattr(target, "__name__", str(target))
    if name == "DataFrame":
        return "a table (a pandas DataFrame)"
    if target in _SEQUENCES:
        return f"a list of {_many(inner[0])}" if inner and inner[0] is not Any else "a list"
    if isinstance(target, type) and issubclass(target, Mapping):
        return "a dict"
    if isinstance(target, type) and issubclass(target, os.PathLike):
        return "a path"
    if name == "Callable":
        return "a function"
    if name == "Executor":
        return "a concurrent.futures.Executor, such as ProcessPoolExecutor()"
    if name == "ndarray":
        return "a numpy array"
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _many(hint: Any) -> str:
    words = {"str": "texts", "int": "whole numbers", "float": "numbers", "DataFrame": "tables"}
    arms = [arm for arm in _arms(hint) if arm is not type(None)]
    plain = [arm.__origin__ if get_origin(arm) is Annotated else arm for arm in arms]
    found = [words.get(getattr(arm, "__name__", ""), "") for arm in plain]
    return " or ".join(dict.fromkeys(found)) if all(found) else "such"


def _meant(value: Any, hint: Any) -> str:
    if not isinstance(value, str) or _is_hidden(hint):
        return ""
    choices = [choice for arm in _arms(hint) if get_origin(arm) is Literal for choice in get_args(arm)]
    return nearest(value, [choice for choice in choices if isinstance(choice, str)])
