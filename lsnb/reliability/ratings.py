"""The answers to one control as numbers that coefficients are made of."""

from __future__ import annotations

import math
import numbers
from typing import Any, get_args

import numpy as np
import pandas as pd

from lsnb.annotations import widen
from lsnb.errors import InputError
from lsnb.labels.vocabulary import KINDS
from lsnb.reliability.alpha import Level, Ratings
from lsnb.tables.keys import listing

# What a control measures; to coefficients every other kind is nominal.
LEVELS: dict[str, Level] = {
    kind: tag.level for kind, tag in KINDS.items() if tag.level == "ordinal" or tag.level == "interval"
}


def ratings_of(annotations: pd.DataFrame, control: str, level: Level | None = None) -> tuple[pd.DataFrame, Ratings]:
    """Return the wide table of those who answered, and the same as ratings.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        level: How values compare; by default what the control measures.

    Raises:
        InputError: No such control, an unknown level, or one that the values do not have.

    Example:
        >>> rows = [("1", "ana", "pos"), ("2", "ana", "neg"), ("2", "ben", "pos")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> ratings_of(long, "mood")[1].codes.tolist()
        [[1, -1], [0, 1]]
    """
    if level is not None and level not in get_args(Level):
        raise InputError(f"level is {level!r}: give one of {', '.join(get_args(Level))}, or leave it out.")
    wide = widen(annotations, control)
    wide = wide.loc[:, wide.notna().any()]
    return wide, wide_ratings(wide, control, level or _usual_level(annotations, control, wide))


def _usual_level(annotations: pd.DataFrame, control: str, wide: pd.DataFrame) -> Level:
    if any(isinstance(value, tuple) for name in wide for value in wide[name].dropna().head(1)):
        return "sets"
    if "kind" not in annotations.columns:
        return "nominal"
    kinds = annotations.loc[annotations["control"].eq(control).fillna(False).astype(bool), "kind"].dropna().unique()
    return LEVELS.get(str(kinds[0]), "nominal") if len(kinds) == 1 else "nominal"


def wide_ratings(wide: pd.DataFrame, control: str, level: Level) -> Ratings:
    """Return a wide table as ratings.

    Args:
        wide: Items × annotators, missing where there is no answer.
        control: What the answers are to, for messages.
        level: How values compare.

    Raises:
        InputError: The values do not have this level.

    Example:
        >>> wide_ratings(pd.DataFrame({"ana": [3.0, 1.0]}), "stars", "ordinal").values
        (1.0, 3.0)
    """
    cells = wide.to_numpy(dtype="object")
    given = wide.notna().to_numpy(dtype="bool")
    answers = cells[given].tolist()
    if level in ("ordinal", "interval", "ratio"):
        answers = _numbers(answers, control, level)
    elif level == "sets" and not all(isinstance(answer, tuple) for answer in answers):
        raise InputError(f"The answers to {control!r} are not sets: leave out level, or give 'nominal'.")
    values = sorted(set(answers), key=lambda v: v if isinstance(v, numbers.Real) else math.inf)
    if level in ("nominal", "sets"):
        values = sorted(values, key=lambda v: (str(v), type(v).__name__))
    number_of = {value: number for number, value in enumerate(values)}
    codes = np.full(cells.shape, -1, dtype=np.int64)
    codes[given] = [number_of[answer] for answer in answers]
    return Ratings(codes, tuple(values), level)


def _numbers(answers: list[Any], control: str, level: Level) -> list[float]:
    found = pd.to_numeric(pd.Series(answers, dtype="object"), errors="coerce").astype("float64")
    if found.isna().any() or np.isinf(found).any():
        odd = sorted({str(answer) for answer, number in zip(answers, found, strict=True) if not math.isfinite(number)})
        raise InputError(
            f"The answers to {control!r} are not all numbers ({listing(odd)}), so they have no {level} level: "
            "give level='nominal'."
        )
    if level == "ratio" and (found < 0).any():
        raise InputError(f"Some answers to {control!r} are below 0, so they have no ratio level: give 'interval'.")
    return [float(number) for number in found]
