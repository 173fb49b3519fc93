"""``from_answers``: a table with a column per question, such as a language model or a classifier gives, as predictions.

Units and keys of each answer: https://labelstud.io/guide/task_format.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.words import listing, nearest
from lsnb.labels import Control, LabelConfig
from lsnb.predictions.checking import Facts, find_faults, rules_of
from lsnb.predictions.payloads import Matching, is_missing, known_score, parsed
from lsnb.predictions.regions import check_arguments
from lsnb.predictions.report import Predictions, Result, Row, make_predictions
from lsnb.shapes import Fault
from lsnb.tables.keys import RoundedKeyError, key_text

SCORE = "_score"
SEPARATORS = (";", "|", ",")


def from_answers(
    table: pd.DataFrame,
    *,
    config: LabelConfig,
    key: str = "item",
    columns: Mapping[str, str] | None = None,
    scores: Mapping[str, str] | None = None,
    labels: Mapping[Any, str | None] | None = None,
    unknown: str = "fail",
) -> Predictions:
    """Return a model's answers to questions about whole items as predictions, checked, with a row per item.

    Args:
        table: A row per item and a column per question, named like its control; it is not changed. A cell holds the
            answer: a choice; several as a list, also as its text, or separated by semicolons; a path such as ``animal >
            dog``; a rating, a number, a date, a text; ``left`` or ``right``; of a ranker a dict from bucket to ids. An
            empty cell is no answer, and a row without any no prediction.
        config: The label config.
        key: The column that identifies an item.
        columns: Control → column, where they are not named alike.
        scores: Control → column of its scores, 0 to 1. By default the column ``<control>_score``, or ``score``.
        labels: Answer of the table → answer of the config, or None to leave it out.
        unknown: ``fail`` an item with an answer that the config lacks, or ``drop`` such answers with a warning.

    Returns:
        The predictions; a prediction's score is the mean of its answers'.

    Raises:
        InputError: The arguments cannot be used, or no column is named like a question.

    Example:
        >>> config = LabelConfig.text("text").choices("mood", ["up", "down"]).rating("stars")
        >>> table = pd.DataFrame({"item": ["1"], "mood": ["up"], "mood_score": [0.75], "stars": [4]})
        >>> found = from_answers(table, config=config)
        >>> [(r["from_name"], r["value"], r.get("score")) for r in found.results["1"]]
        [('mood', {'choices': ['up']}, 0.75), ('stars', {'rating': 4}, None)]
    """
    check_arguments(config, labels=labels, unknown=unknown)
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"table is {checks.shown(table)}: give a table with a row per item and a column per question.")
    checks.raise_for(InputError, checks.text("key", key, is_needed=True))
    asked = _asked(table, config, key, columns)
    sure = _scores(table, asked, scores)
    reader = AnswerReader(config, {str(old): new for old, new in (labels or {}).items()}, unknown == "drop")
    rows: list[Row] = []
    cells = {name: table[column].tolist() for name, column in asked.items()}
    sureness = {name: table[column].tolist() for name, column in sure.items()}
    with collector_paused():
        for index, given in enumerate(table[key].tolist()):
            row = Row(index)
            rows.append(row)
            try:
                row.item = key_text(given)
            except RoundedKeyError:
                row.error("unknown_item", f"The item {given!r} is a rounded number: read it with lsnb.read_table.")
                continue
            if row.item is None:
                row.error("unknown_item", "There is no item: give the key of the table's row.")
                continue
            row.name = row.item
            for name, values in cells.items():
                reader.add(row, name, values[index], sureness[name][index] if name in sureness else None)
        Matching.mark_doubles(rows)
        return make_predictions(rows)


def _asked(table: pd.DataFrame, config: LabelConfig, key: str, columns: Any) -> dict[str, str]:
    """Return control → column, of the questions that the table answers."""
    controls = {
        name: one
        for name, one in config.controls.items()
        if one.row.is_question and not one.per_region and one.to_names
    }
    if columns is not None and not isinstance(columns, Mapping):
        raise InputError(f"columns is {checks.shown(columns)}: give pairs such as columns={{'mood': 'gpt_mood'}}.")
    problems = [] if key in table.columns else [f"The table has no column {key!r}: name the column of items with key=."]
    asked = {name: name for name in controls if name in table.columns and name != key}
    for name, column in (columns or {}).items():
        if name not in controls:
            problems.append(f"columns names {name!r}, and the config has no such question.{nearest(name, controls)}")
        elif column not in table.columns:
            there = list(map(str, table.columns))
            problems.append(f"columns names {column!r}, and the table has no such column.{nearest(column, there)}")
        else:
            asked[str(name)] = column
    if not problems and not asked:
        problems.append(
            f"No column is named like a question ({listing(list(controls)) or 'the config asks none'}): rename one, or "
            "give columns=, control → column."
        )
    if problems:
        raise InputError(problems)
    return asked


def _scores(table: pd.DataFrame, asked: Mapping[str, str], scores: Any) -> dict[str, str]:
    if scores is not None:
        if not isinstance(scores, Mapping):
            raise InputError(f"scores is {checks.shown(scores)}: give pairs such as scores={{'mood': 'p'}}.")
        wrong = [name for name, column in scores.items() if name not in asked or column not in table.columns]
        if wrong:
            raise InputError(f"scores names {wrong[0]!r} → {scores[wrong[0]]!r}, which are no question and column.")
        return {str(name): column for name, column in scores.items()}
    found = {name: f"{column}{SCORE}" for name, column in asked.items() if f"{column}{SCORE}" in table.columns}
    if not found and len(asked) == 1 and "score" in table.columns and "score" not in asked:
        return dict.fromkeys(asked, "score")
    return found


class AnswerReader:
    """What makes results of cells: each different cell of a question is read and checked once."""

    def __init__(self, config: LabelConfig, labels: Mapping[str, str | None], drops: bool) -> None:
        self._controls = config.controls
        self._rules = rules_of(config)
        self._labels = labels
        self._drops = drops
        self._known: dict[tuple[str, type, Hashable], tuple[Any, list[Fault]]] = {}

    def add(self, row: Row, name: str, cell: Any, score: Any) -> None:
        """Add the answer in a cell to its item's row, or what is wrong with it.

        Args:
            row: The item.
            name: The question's control.
            cell: The answer, however it is written; an empty one is none.
            score: How sure it is, 0 to 1, or missing.
        """
        hashed = cell if isinstance(cell, str | int | float | bool) else None
        known = self._known.get((name, type(cell), hashed)) if hashed is not None else None
        if known is None:
            if is_missing(cell) or (isinstance(cell, str) and not cell.strip()):
                return
            known = self._read(name, cell)
            if hashed is not None and len(self._known) < 100_000:
                self._known[name, type(cell), hashed] = known
        value, faults = known
        if faults:
            row.faults += faults
        if row.results is None:
            row.results = []
        if value is None:
            return
        control = self._controls[name]
        result: Result = {"from_name": name, "to_name": ",".join(control.to_names[:1]), "type": control.kind}
        result["value"] = {part: list(given) if type(given) is list else given for part, given in value.items()}
        row.results.append(result)
        sure = known_score(row, score, f"{name}.score")
        if sure is None:
            return
        result["score"] = sure
        scored = [one["score"] for one in row.results if "score" in one]
        row.score = sum(scored) / len(scored)

    def _read(self, name: str, cell: Any) -> tuple[Any, list[Fault]]:
        control = self._controls[name]
        try:
            value = self._value(control, cell)
        except InputError as fault:
            return None, [Fault("wrong_answer", str(fault), name)]
        if value is None:
            return None, []
        result = {"from_name": name, "to_name": control.to_names[0], "type": control.kind, "value": value}
        found = find_faults([result], self._rules, Facts())
        wrong = [one for one in found if not one.is_warning]
        if wrong and self._drops and all(one.code == "unknown_label" for one in wrong):
            return None, [Fault(one.code, f"{one.message} It is left out.", name, is_warning=True) for one in wrong]
        faults = [Fault(one.code, one.message, name, one.is_warning) for one in found]
        return (None if wrong else value), faults

    def _value(self, control: Control, cell: Any) -> dict[str, Any] | None:
        row = control.row
        if row.level == "order":
            return {row.key: self._buckets(control, cell)}
        if row.level in ("ordinal", "interval"):
            number = _number(cell)
            return {row.key: int(number) if row.level == "ordinal" and number.is_integer() else number}
        if row.level == "date":
            return {row.key: cell.isoformat() if hasattr(cell, "isoformat") else str(cell).strip()}
        if row.level == "text":
            return {row.key: [str(one) for one in (cell if isinstance(cell, list | tuple) else [cell])]}
        if row.is_tree or control.paths:
            paths = self._paths(control, cell)
            return {row.key: paths} if paths else None
        if not row.is_listed:
            return {row.key: str(cell).strip().lower()}
        chosen = self._renamed(self._parts(cell, control.labels, control.multiple))
        return {row.key: chosen} if chosen else None

    def _parts(self, cell: Any, known: Sequence[str], multiple: bool) -> list[str]:
        """Return the answers in a cell: one, or several as a list, as its text, or separated."""
        if isinstance(cell, list | tuple | set | frozenset):
            return [str(one) for one in cell]
        if hasattr(cell, "tolist") and not isinstance(cell, str):
            given = cell.tolist()
            return [str(one) for one in given] if isinstance(given, list) else [_plain(given)]
        text = _plain(cell)
        if text in known or text in self._labels or not multiple:
            return [text]
        if text[:1] in ("[", "("):
            given = parsed(text)
            return [str(one) for one in given] if isinstance(given, list | tuple) else [text]
        separator = next((one for one in SEPARATORS if one in text), None)
        return [part.strip() for part in text.split(separator) if part.strip()] if separator else [text]

    def _renamed(self, parts: Sequence[str]) -> list[str]:
        renamed = (self._labels.get(part, part) for part in parts)
        return list(dict.fromkeys(one for one in renamed if one is not None))

    def _paths(self, control: Control, cell: Any) -> list[list[str]]:
        if isinstance(cell, str) and cell.strip()[:1] in ("[", "("):
            cell = parsed(cell)
        if isinstance(cell, list | tuple) and cell and all(isinstance(one, list | tuple) for one in cell):
            return [[str(step) for step in one] for one in cell]
        every = {" > ".join(path) for path in control.paths}
        parts = self._renamed(self._parts(cell, tuple(every), multiple=True))
        paths = [[step.strip() for step in part.split(">")] for part in parts]
        # A leaf's name alone is its path, where only one has it.
        ends: dict[str, list[list[str]]] = {}
        for path in control.paths:
            ends.setdefault(path[-1], []).append(list(path))
        alone = [ends[path[0]][0] if len(path) == 1 and len(ends.get(path[0], ())) == 1 else path for path in paths]
        return alone

    def _buckets(self, control: Control, cell: Any) -> dict[str, list[str]]:
        given = parsed(cell) if isinstance(cell, str) else cell
        if isinstance(given, list | tuple):
            names = control.labels or (control.name,)
            given = {names[0]: given}
        if not isinstance(given, Mapping) or not all(isinstance(one, list | tuple) for one in given.values()):
            raise InputError("A ranking is a list of ids, or a dict from bucket to a list of ids.")
        return {str(bucket): [str(one) for one in ids] for bucket, ids in given.items()}


def _plain(cell: Any) -> str:
    """Return a cell as text: a whole number that pandas made a float as it was written."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _number(cell: Any) -> float:
    try:
        number = float(cell)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{str(cell)[:40]!r} is no number.") from None
    if not math.isfinite(number) or isinstance(cell, bool):
        raise InputError(f"{cell!r} is no number.")
    return number
