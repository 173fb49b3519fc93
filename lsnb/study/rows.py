"""From a table to what tasks hold: filtering, naming fields, uploading local files, JSON without loss."""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
import math
import re
import reprlib
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from lsnb.errors import InputError
from lsnb.kernel.files import file_errors
from lsnb.kernel.words import listing, looking_alike, nearest, nearest_column
from lsnb.labels import LabelConfig
from lsnb.labels.check import (
    NO_ROWS,
    Columns,
    RowFaults,
    bucket_problems,
    by_their_names,
    columns_problems,
    empty_values,
    find_row_faults,
    is_file_name,
    is_missing,
    named_columns,
    with_fields,
)
from lsnb.predictions import cell_results
from lsnb.study.projects import MODEL
from lsnb.tables import check_key

if TYPE_CHECKING:
    from lsnb.bucket import Bucket


# What is wrong with the arguments of a sync, found before anything is written.


Where = str | Callable[[pd.DataFrame], Any] | pd.Series


@dataclass(frozen=True)
class Reading:
    """How a study reads a table: what ``create_study`` and ``sync`` say of it.

    Args:
        key: The column that identifies an item.
        columns: What else travels, as a list; or column of the table → field of the config that shows it.
        where: Which rows: a condition (``"n > 1 and lang == 'de'"``), a mask, or a function of the table.
        predictions: Column of the table → control; these columns are no data.
        model_version: Whose predictions these are.
        bucket: Where ``gs://`` media are, and where local files go.
        whole_rows: Whether every column travels, as in studies of lsnb 0.1.
        release: The server's release, so that what it cannot show is found.
        without: Columns that are answers, not data.
    """

    key: str
    columns: Columns | None = None
    where: Where | None = None
    predictions: Mapping[str, str] | None = None
    model_version: str = MODEL
    bucket: Bucket | None = None
    whole_rows: bool = False
    release: str | None = None
    without: Collection[str] = ()

    @property
    def named(self) -> dict[str, str]:
        """What travels as column → field; a column of a list keeps its name.

        Example:
            >>> Reading("id", columns=["lang"]).named, Reading("id", columns={"img": "image"}).named
            ({'lang': 'lang'}, {'img': 'image'})
        """
        return named_columns(self.columns)

    @property
    def problems(self) -> list[str]:
        """Which arguments are of another type than they must be, as sentences.

        Example:
            >>> Reading("id", bucket="photos").problems
            ["bucket is 'photos': open it first, with bucket=lsnb.open_bucket('photos')."]
        """
        problems = columns_problems(self.columns)
        if self.predictions is not None and not isinstance(self.predictions, Mapping):
            problems.append(
                f"predictions is {self.predictions!r}: give pairs such as {{'guess': 'mood'}}, with the table's column "
                "first."
            )
        if not isinstance(self.model_version, str) or not self.model_version.strip():
            problems.append(f"model_version is {self.model_version!r}: give the model a name, as text.")
        return problems + bucket_problems(self.bucket)


def choice_problems(answers: object, on_removed: object, names: Sequence[str]) -> list[str]:
    """Return what is wrong with ``answers`` and ``on_removed``, as sentences.

    Args:
        answers: Whose answers the table should get.
        on_removed: What should become of items that are no longer in the table.
        names: Everybody's names.

    Example:
        >>> choice_problems("Ana", "keep", ["ana", "ben"])
        ["answers is 'Ana': give 'majority', 'all' or one of ana, ben. Did you mean 'ana'?"]
    """
    problems = []
    whose = ("majority", "all", *names)
    if not isinstance(answers, str) or answers not in whose:
        hint = nearest(answers, whose)
        problems.append(f"answers is {answers!r}: give 'majority', 'all' or one of {', '.join(names)}.{hint}")
    if not isinstance(on_removed, str) or on_removed not in ("keep", "delete"):
        problems.append(f"on_removed is {on_removed!r}: give 'keep' or 'delete'.")
    return problems


def stranger_problems(
    table: pd.DataFrame, items: Sequence[str], seen: Collection[str], *, key: str, deletes: bool
) -> list[str]:
    """Return why a table seems to be another one than the study's, as sentences.

    Args:
        table: The user's table.
        items: Its keys as text.
        seen: The items that the study holds.
        key: The column that identifies an item.
        deletes: Whether items that are not in the table are to be deleted.

    Example:
        >>> stranger_problems(pd.DataFrame({"id": [7, 8]}), ["7", "8"], ["007", "008"], key="id", deletes=False)
        ["Column 'id' lost the zeros in front of its keys (7 is 007 in the study): read the file ..."]
    """
    new = [item for item in items if item not in seen]
    if pd.api.types.is_numeric_dtype(table[key]):
        full = {item.lstrip("0"): item for item in seen if item.startswith("0")}
        cut = next((item for item in new if item.lstrip("0") in full), None)
        if cut is not None:
            return [
                f"Column {key!r} lost the zeros in front of its keys ({cut} is {full[cut.lstrip('0')]} in the study): "
                f"read the file with lsnb.read_table(path, key={key!r}), which keeps them."
            ]
    if deletes and seen and len(new) == len(items):
        return [
            f"None of the table's items is in the study, so on_removed='delete' would take everything away "
            f"({listing(sorted(seen))}): check that this is the study's table and that {key!r} names its items."
        ]
    return []


LARGEST_EXACT = 2**53  # a browser reads numbers as doubles, so larger integers travel as text
SHOWN = 5


@dataclass(frozen=True)
class Rows:
    """A table, read for a study.

    Args:
        keys: Each usable row's key, in the table's order.
        data: What each task is to hold, in the same order.
        skipped: Key → why the row cannot be shown.
        problems: What is wrong with the whole table.
        local: Field → keys whose cells name a file on this computer.
        predicted: Key → what a model says of the item, as Label Studio results.
        notes: What annotators will miss, as sentences.
        seen: The fields that tasks hold, which is what annotators can see of a row.
        unseen: The table's columns that stay with the user.
    """

    keys: list[str] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    local: dict[str, list[str]] = field(default_factory=dict)
    predicted: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seen: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def read_rows(table: Any, config: Any, reading: Reading) -> Rows:
    """Return a table's rows as tasks are to hold them, with every fault found.

    Args:
        table: The user's table; it is not changed.
        config: The label config.
        reading: How it is to be read.
    """
    if faults := _unreadable(table, config, reading):
        return Rows(problems=faults)
    key, bucket, named = reading.key, reading.bucket, reading.named
    try:
        view = _filtered(table, reading.where)
    except InputError as fault:
        return Rows(problems=list(fault.problems))
    view = view[[name for name in view.columns if name not in reading.without]]
    if view.empty:
        return Rows(problems=[f"No row of the table meets where={reading.where!r}: check the condition."])
    problems: list[str] = []
    keys: list[str] = []
    try:
        keys = [str(value) for value in check_key(view, key)]
    except InputError as fault:
        problems += fault.problems
    predictions = reading.predictions or {}
    predicted, faults = _predicted(view, config, predictions, keys)
    view = view.drop(columns=[name for name in predictions if name in view.columns])
    everything = [str(name) for name in view.columns]
    view, naming = with_fields(view, config.fields, named)
    labels = keys or [str(index) for index in view.index]
    of_rows = find_row_faults(config._root(), view, bucket)
    files = _files_in(view, config, reading, labels)
    problems += [*faults, *naming]
    if bucket is None:
        problems += [by_their_names(problem, named) for problem in _bucket_wanted(view, config)]
    problems += files.problems
    judged = files.judged[[row not in of_rows.unfit for row in range(len(view))]]
    if not judged.empty:
        found = config.check(judged, release=reading.release, bucket=bucket)
        problems += [by_their_names(str(problem), named) for problem in found]
    # Of a column of texts for pictures one sentence says all.
    unfit = {} if files.are_texts else of_rows.unfit
    skipped = {labels[row]: by_their_names(reason, named) for row, (_, reason) in unfit.items()}
    notes = [by_their_names(note, named) for note in _notes(view, config, keys, labels, of_rows)]
    held = _held_by_tasks(view, config, reading)
    seen = tuple(str(name) for name in held.columns)
    moved = {source for source, target in named.items() if target in seen}
    told = zip(labels, task_data(held) if seen else [{} for _ in labels], strict=True)
    return Rows(
        keys=[label for label in labels if label not in skipped],
        data=[row for label, row in told if label not in skipped],
        skipped=skipped,
        problems=problems,
        local=files.local,
        predicted=predicted,
        notes=notes,
        seen=seen,
        unseen=tuple(name for name in everything if name not in {*seen, *moved}),
    )


def _unreadable(table: Any, config: Any, reading: Reading) -> list[str]:
    """Return why nothing can be read at all."""
    if not isinstance(config, LabelConfig):
        return ["config must be a lsnb.LabelConfig: build one, or read yours with lsnb.LabelConfig.from_xml(text)."]
    if not isinstance(table, pd.DataFrame):
        return [
            f"A table is needed, not a {type(table).__name__}: read the file with "
            f"lsnb.read_table(path, key={reading.key!r}), or make a pandas DataFrame."
        ]
    return reading.problems or ([NO_ROWS] if table.empty else [])


def _notes(
    view: pd.DataFrame, config: LabelConfig, keys: Sequence[str], labels: Sequence[str], of_rows: RowFaults
) -> list[str]:
    """Return what annotators will miss or may take for another."""
    notes = [
        f"Keys that look alike are items of their own ({listing(alike)}): mend them where they are one item."
        for alike in [looking_alike(keys)]
        if alike
    ]
    notes += [
        f"Column {name!r} has no {kind} for {listed_items([labels[row] for row in rows])}: annotators see the rest."
        for (name, kind), rows in of_rows.bare.items()
    ]
    return [*notes, *_storage_notes(view, config)]


class _Files(NamedTuple):
    """The files of this computer in a table.

    Args:
        local: Field → keys whose cells name one.
        judged: The table with addresses for them, since what is wrong with them is said in words about the bucket.
        problems: Why they cannot be shown.
        are_texts: Whether a column that should name files holds texts.
    """

    local: dict[str, list[str]]
    judged: pd.DataFrame
    problems: list[str]
    are_texts: bool


def _files_in(view: pd.DataFrame, config: LabelConfig, reading: Reading, labels: Sequence[str]) -> _Files:
    local: dict[str, list[str]] = {}
    problems: list[str] = []
    said_here: list[str] = []
    are_texts = False
    for name, about in config.fields.items():
        if not about.is_url or list(view.columns).count(name) != 1:
            continue
        cells = list(view[name])
        # Whoever mapped the wrong column is told of that one, not of the field it went to.
        source = next((own for own, field in reading.named.items() if field == name), name)
        words = next((cell for cell in cells if is_file_name(cell) and _is_prose(cell.strip())), None)
        if words is not None:
            problems.append(
                f"Column {source!r} holds text, such as {words[:40]!r}, and the config shows {name!r} as "
                f"{about.kind}: name the column that holds its addresses or files."
            )
            said_here.append(name)
            are_texts = True
            continue
        files = [label for label, cell in zip(labels, cells, strict=True) if is_file_name(cell)]
        if files:
            local[name] = files
        if files and reading.bucket is None:
            said_here.append(name)
            problems.append(
                f"Column {source!r} holds a file name, not an address, for {listed_items(files)}: upload the files "
                "with Bucket.upload and use its 'uri' column, or give bucket=, so that they are uploaded first."
            )
    stand_ins = {name: [f"gs://…/{cell}" if is_file_name(cell) else cell for cell in view[name]] for name in said_here}
    return _Files(local, view.assign(**stand_ins), problems, are_texts)


def _held_by_tasks(view: pd.DataFrame, config: LabelConfig, reading: Reading) -> pd.DataFrame:
    """Return what tasks hold of a table: what the config shows or the user names, with empty cells as it shows them."""
    shown = {name: empty for name, empty in empty_values(config._root()).items() if list(view.columns).count(name) == 1}
    for name, empty in shown.items():
        view = view.assign(**{name: _filled(view[name], empty)})
    if reading.whole_rows:
        return view
    # Whatever stands in a task is shown in the task list: a model's guess there would sway annotators.
    travels = {*config.fields, str(reading.key), *reading.named.values(), *_read_by_us(config)}
    return view.loc[:, [str(name) in travels for name in view.columns]]


def _is_prose(cell: str) -> bool:
    """Return whether a cell holds text rather than a file's name: words with blanks between them, and no ending."""
    if not re.search(r"\s", cell) or re.search(r"\.\w{1,5}$", cell):
        return False
    try:
        return not Path(cell).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):
        return True


_ELSEWHERE = {"s3": "Amazon S3", "azure-blob": "Azure Blob Storage"}


def _places(view: pd.DataFrame, config: LabelConfig) -> Iterator[tuple[str, str]]:
    """Yield the field and each address of what the config shows that is no text, lists of addresses too."""
    for name, about in config.fields.items():
        if list(view.columns).count(name) != 1 or not (about.is_url or about.kind == "images"):
            continue
        for cell in view[name]:
            for address in cell if isinstance(cell, list | tuple) else (cell,):
                if isinstance(address, str) and "://" in address:
                    yield name, address.strip()


def _bucket_wanted(view: pd.DataFrame, config: LabelConfig) -> list[str]:
    """Return which columns point into a bucket that no project would be connected to, as sentences."""
    buckets: dict[str, str] = {}
    for name, address in _places(view, config):
        if address.startswith("gs://") and address.split("/")[2] < buckets.get(name, "\U0010ffff"):
            buckets[name] = address.split("/")[2]
    return [
        f"Column {name!r} points into gs://{bucket}: give bucket=lsnb.open_bucket({bucket!r}), so that each project is "
        "connected to it."
        for name, bucket in buckets.items()
    ]


def _storage_notes(view: pd.DataFrame, config: LabelConfig) -> list[str]:
    """Return which columns show nothing until somebody connects a storage that lsnb knows nothing of, as sentences."""
    found: dict[tuple[str, str], str] = {}
    for name, address in _places(view, config):
        scheme = address.partition("://")[0]
        if scheme.lower() not in ("http", "https", "data") and scheme != "gs":
            found.setdefault((name, scheme), address)
    return [
        f"Column {name!r} points into {_ELSEWHERE[scheme.lower()]} ({address[:60]}), and lsnb connects Google Cloud "
        "Storage only: annotators see nothing there until that storage is connected in each project (Label Studio: "
        "Settings, Cloud Storage)."
        if scheme.lower() in _ELSEWHERE
        else f"Column {name!r} holds {address[:60]}, and browsers open nothing at {scheme}://, so annotators see "
        "nothing there: give addresses that begin with https:// or gs://, or files with bucket=, which uploads them."
        for (name, scheme), address in found.items()
    ]


def _read_by_us(config: LabelConfig) -> set[str]:
    """Return what is read of a task, though no tag may show it: a video's frame rate turns frames into seconds."""
    return {"fps"} if any(about.kind == "video" for about in config.fields.values()) else set()


def seen_text(seen: Sequence[str], unseen: Sequence[str], shown: Collection[str]) -> str:
    """Return what annotators can see of a table, as sentences.

    Args:
        seen: The fields that tasks hold.
        unseen: Columns of the table that stay.
        shown: The fields that the label config shows.

    Example:
        >>> seen_text(["id", "uri"], ["guess"], ["uri"])
        "Annotators see uri, and id in the task list. They do not see guess: columns=['guess'] (COLUMNS in notebook ..."
    """
    page = [name for name in seen if name in shown]
    extra = [name for name in seen if name not in shown]
    text = f"Annotators see {listing(page, 12)}" + (f", and {listing(extra, 12)} in the task list." if extra else ".")
    if unseen:
        text += (
            f" They do not see {listing(unseen, 12)}: columns=[{unseen[0]!r}] (COLUMNS in notebook 04) shows it, too."
        )
    return text


def _filled(cells: pd.Series[Any], empty: Any) -> pd.Series[Any]:
    """Return the cells, with what stands for nothing, perhaps a list, where there is nothing."""
    missing = [is_missing(cell) for cell in cells]
    if not any(missing):
        return cells
    full: np.ndarray[Any, Any] = np.empty(len(cells), dtype="object")
    full[:] = [empty if gone else cell for cell, gone in zip(cells, missing, strict=True)]
    return pd.Series(full, index=cells.index)


# A condition stands in a project's description, which anybody in the project can edit: as pandas evaluates it, it could
# run any command on the computer of whoever calls ``sync``. So only these parts of an expression come through.
_OPERATIONS = (
    *(ast.And, ast.Or, ast.Not, ast.Invert, ast.USub, ast.UAdd),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn),
)
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
_ABOUT_TEXTS = frozenset({"contains", "startswith", "endswith", "match", "fullmatch", "len", "lower", "upper", "strip"})
_ABOUT_TIMES = frozenset({"year", "month", "day", "hour", "minute", "second", "dayofweek", "date", "time"})
_ABOUT_CELLS = frozenset({"isna", "isnull", "notna", "notnull", "isin", "between", "abs", "round"})
_LONGEST_CONDITION = 2000
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`([^`]*)`""", re.DOTALL)


class _Condition(ast.NodeTransformer):
    """A condition on a table's columns, in which columns and constants have names of ours.

    Args:
        where: The condition as a user writes it, or as a description says it.
        table: The table.

    Raises:
        InputError: It is no expression, or has a part that no condition needs.
    """

    def __init__(self, where: str, table: pd.DataFrame) -> None:
        if len(where) > _LONGEST_CONDITION:
            raise InputError(f"it is {len(where)} characters long")
        self._columns = [str(name) for name in table.columns]
        self._table = table.set_axis([f"column{place}" for place in range(len(self._columns))], axis=1)
        self._constants: dict[str, Any] = {}
        self._quoted: dict[str, str] = {}
        self._mark = "quoted"
        while self._mark in where:
            self._mark += "_"
        text = _QUOTED.sub(self._named, where.strip())
        # As pandas reads them: they bind less than comparisons do.
        parts = [
            {"&": " and ", "|": " or ", "~": " not "}.get(part, part)
            for part in re.split(rf"({_QUOTED.pattern.replace('([^`]*)', '[^`]*')}|[&|~])", text, flags=re.DOTALL)
        ]
        try:
            body = ast.parse(f"({''.join(parts)}\n)", mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as fault:
            why = getattr(fault, "msg", None) or str(fault) or "it nests too deep"
            raise InputError(f"it is no condition ({why})") from None
        self.text = ast.unparse(self.visit(body)).replace("constant_", "@constant_")

    def rows(self) -> Any:
        """Return what the condition says of each row."""
        return self._table.eval(self.text, engine="python", local_dict=self._constants)

    def _named(self, found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        name = f"{self._mark}{len(self._quoted)}"
        self._quoted[name] = found[1]
        return name

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.operator | ast.unaryop | ast.boolop | ast.cmpop | ast.expr_context):
            if not isinstance(node, (*_OPERATIONS, *_ARITHMETIC, ast.Load)):
                raise InputError(f"{type(node).__name__} is none of what a condition has")
        elif not isinstance(node, ast.BoolOp | ast.UnaryOp | ast.Compare | ast.BinOp):
            raise InputError(f"'{ast.unparse(node)}' is none of what a condition has")
        return super().generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = self._quoted.get(node.id, node.id)
        if self._columns.count(name) > 1:
            raise InputError(f"the table has {self._columns.count(name)} columns called {name!r}")
        if name in self._columns:
            return ast.Name(f"column{self._columns.index(name)}", ast.Load())
        if name == "index":
            return node
        raise InputError(f"{name!r} is not defined")

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        numbers = {name for name, of in zip(self._columns, self._table.dtypes, strict=True) if is_numeric_dtype(of)}
        for part in ast.walk(node):
            is_text = isinstance(part, ast.Constant) and not isinstance(part.value, int | float)
            if is_text or (isinstance(part, ast.Name) and self._quoted.get(part.id, part.id) not in numbers):
                # A text times a number, or with % before it, may fill any memory.
                raise InputError(f"'{ast.unparse(node)}' calculates with what is no number")
        return self.generic_visit(node)

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Constant | ast.List | ast.Tuple | ast.Set):
            return self._constant(node)
        return super().visit(node)

    def _constant(self, node: ast.expr) -> ast.AST:
        try:
            value = ast.literal_eval(node)
        except ValueError:
            raise InputError(f"'{ast.unparse(node)}' holds more than constants") from None
        name = f"constant_{len(self._constants)}"
        self._constants[name] = list(value) if isinstance(value, set) else value
        return ast.Name(name, ast.Load())

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        home = node.value.attr if isinstance(node.value, ast.Attribute) else ""
        if node.attr not in {"str": _ABOUT_TEXTS, "dt": _ABOUT_TIMES}.get(home, _ABOUT_CELLS | {"str", "dt"}):
            raise InputError(f".{node.attr} is none of what a condition has")
        return ast.Attribute(self.visit(node.value), node.attr, ast.Load())

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not isinstance(node.func, ast.Attribute) or node.func.attr in {"str", "dt"}:
            raise InputError(f"'{ast.unparse(node)}' is none of what a condition has")
        function, given = self.visit(node.func), [self.visit(each) for each in node.args]
        named = [ast.keyword(each.arg, self.visit(each.value)) for each in node.keywords]
        if any(each.arg is None for each in named):
            raise InputError(f"'{ast.unparse(node)}' is none of what a condition has")
        return ast.Call(function, given, named)


def _filtered(table: pd.DataFrame, where: Where | None) -> pd.DataFrame:
    if where is None or (isinstance(where, str) and not where.strip()):
        return table
    try:
        given = (
            _Condition(where, table).rows() if isinstance(where, str) else where(table) if callable(where) else where
        )
    except Exception as fault:
        # It is evaluated as the user wrote it, so anything may come out of it.
        said = str(fault) if isinstance(fault, InputError) else f"{type(fault).__name__}: {fault}"
        raise InputError(
            f"where={reprlib.repr(where)} cannot be applied to this table ({said}): write a condition on "
            f"its columns ({listing(list(table.columns), 12)}), such as \"lang == 'de'\", or give a function of the "
            "table, such as lambda table: table['lang'] == 'de'."
        ) from None
    try:
        mask = given if isinstance(given, pd.Series) else pd.Series(given)
    except (TypeError, ValueError):  # a table, a set, numbers in rows and columns
        mask = pd.Series(dtype="object")
    if isinstance(given, pd.Series) and given.index.is_unique and table.index.isin(given.index).all():
        mask = given.reindex(table.index)
    # A row of which the mask says nothing would count as removed, so a mask that does not fit is refused.
    if len(mask) != len(table) or not mask.dropna().isin([True, False]).all():
        raise InputError(
            f"where must say True or False of each of the {len(table)} rows: write a condition such as "
            "\"lang == 'de'\", or give a mask such as table['lang'] == 'de'."
        )
    return table[mask.eq(True).fillna(False).to_numpy(dtype=bool)]


def _predicted(
    view: pd.DataFrame, config: LabelConfig, predictions: Mapping[str, str], keys: Sequence[str]
) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    problems: list[str] = []
    predicted: dict[str, list[dict[str, Any]]] = {}
    for column, name in predictions.items():
        control = config.controls.get(name)
        if column not in view.columns:
            hint = nearest_column(column, view)
            problems.append(f"predictions names {column!r}, and the table has no such column.{hint}")
        if control is None:
            problems.append(
                f"predictions names the control {name!r}, and there is none.{nearest(name, config.controls)}"
            )
        if column not in view.columns or control is None:
            continue
        for key, cell in zip(keys, view[column], strict=False):
            try:
                predicted.setdefault(key, []).extend(cell_results(cell, name, config=config, item=key))
            except InputError as fault:
                problems += fault.problems
    return predicted, problems


def upload_local(rows: Rows, bucket: Bucket | None) -> Rows:
    """Return the rows with local files uploaded and named by their address.

    A file whose name is taken by other bytes gets their fingerprint into its name, so that a study made earlier, or
    another column, keeps showing what it showed.

    Args:
        rows: What ``read_rows`` returned.
        bucket: Where the files go, named ``<key>/<file name>``.

    Returns:
        The rows; one whose file could not be uploaded is among ``skipped``.
    """
    if not rows.local or bucket is None:
        return rows
    data = dict(zip(rows.keys, (dict(row) for row in rows.data), strict=True))
    skipped = dict(rows.skipped)
    for name, keys in rows.local.items():
        wanted = [key for key in keys if key in data]
        files = pd.DataFrame({"item": wanted, "path": [data[key][name] for key in wanted]})
        with warnings.catch_warnings():
            # What could not be sent is said of its row.
            warnings.filterwarnings("ignore", message=r".* files? failed \(", category=UserWarning)
            found = _sent(files, bucket)
        for key, uri, error in zip(found["item"], found["uri"], found["error"], strict=True):
            if pd.isna(uri):
                skipped[key] = f"{Path(str(data[key][name])).name} could not be uploaded ({error})"
            else:
                data[key][name] = str(uri)
    usable = [key for key in rows.keys if key not in skipped]
    return replace(rows, keys=usable, data=[data[key] for key in usable], skipped=skipped, local={})


def _sent(files: pd.DataFrame, bucket: Bucket) -> pd.DataFrame:
    first = bucket.upload(files, path="path", name="{item}/{stem}").table
    taken = first["status"].eq("changed")
    if not taken.any():
        return first
    again = files[taken.to_numpy()]
    again = again.assign(fingerprint=[_fingerprint(path) for path in again["path"]])
    second = bucket.upload(again, path="path", name="{item}/{stem}-{fingerprint}").table
    return pd.concat([first[~taken], second], ignore_index=True)


def _fingerprint(path: str) -> str:
    with file_errors(path), Path(path).expanduser().open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def task_data(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each row as JSON that Label Studio and a browser read without loss.

    Missing cells become null, dates ISO 8601 text, and integers of 2^53 or more text.

    Args:
        table: The user's table; it is not changed.

    Example:
        >>> task_data(pd.DataFrame({"id": [2**60], "when": [pd.Timestamp("2026-05-01")], "n": [1.5]}))
        [{'id': '1152921504606846976', 'when': '2026-05-01T00:00:00', 'n': 1.5}]
    """
    names = [str(name) for name in table.columns]
    columns = [[json_cell(cell) for cell in table.iloc[:, number]] for number in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def json_cell(cell: Any) -> Any:
    """Return one cell as JSON.

    Args:
        cell: Anything a table may hold.
    """
    if isinstance(cell, str):
        return cell
    if is_missing(cell):
        return None
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, Mapping):
        return {str(name): json_cell(value) for name, value in cell.items()}
    if isinstance(cell, list | tuple | set | frozenset):
        return [json_cell(value) for value in cell]
    if hasattr(cell, "tolist"):
        return json_cell(cell.tolist())
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, int):
        return cell if abs(cell) < LARGEST_EXACT else str(cell)
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    return str(cell)


def listed_items(keys: Sequence[str]) -> str:
    """Return items for a message: the first few, and how many more.

    Args:
        keys: The items' keys.

    Example:
        >>> listed_items(["a"]), listed_items(list("abcdefg"))
        ('item a', 'items a, b, c, d, e and 2 more')
    """
    return f"{'item' if len(keys) == 1 else 'items'} {listing(keys, SHOWN)}"
