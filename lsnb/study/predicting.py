"""``Study.predict``: what a model says of items, into every project that holds them, and a row for each."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Literal

import orjson
import pandas as pd

from lsnb.errors import InputError, LabelConfigError, LsnbError, StudioRefusedError, StudioUnreachableError
from lsnb.kernel.jobs import Count, counting
from lsnb.kernel.report import Report
from lsnb.kernel.words import and_again, counted, listing, nearest
from lsnb.labels import LabelConfig
from lsnb.labels.vocabulary import RELEASE
from lsnb.predictions.checking import check_results, score_faults
from lsnb.predictions.predictions import FAILED, Predictions
from lsnb.predictions.spans import SpanTexts
from lsnb.studio import Server
from lsnb.study.projects import Copy, item_of, own_tasks
from lsnb.study.snapshots import Snapshot, metas_now, read_answers
from lsnb.tables.keys import RoundedKeyError, key_text

# Splits: which items a model learned from, was tuned on, and is judged by. They stand in the tasks' meta.


SPLITS = ("training", "validation", "test")


@dataclass(frozen=True, repr=False)
class SplitReport(Report):
    """What ``Study.assign_splits`` did: a row per item and project (updated, unchanged, unknown item, failed)."""

    noun: ClassVar[str] = "items"
    failure_statuses: ClassVar[frozenset[str]] = frozenset({"failed", "unknown item"})


def split_problems(splits: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with splits, as sentences.

    Args:
        splits: Item → split.

    Example:
        >>> split_problems({"a": "test", "b": "train"})
        ["The split 'train' of item b is none: give 'training', 'validation' or 'test'. Did you mean 'training'?"]
    """
    wrong: dict[str, list[str]] = {}
    for item, split in splits.items():
        if split not in SPLITS:
            wrong.setdefault(repr(split), []).append(str(item))
    return [
        f"The split {split} of item {listing(items, 3)} is none: give 'training', 'validation' or 'test'."
        f"{nearest(split.strip(chr(39)), SPLITS)}"
        for split, items in wrong.items()
    ]


def split_of(task: Mapping[str, Any]) -> str | None:
    """Return the split that a task's meta names, or None.

    Args:
        task: A task as exported.

    Example:
        >>> split_of({"meta": {"item": "1", "split": "test"}})
        'test'
    """
    split = (task.get("meta") or {}).get("split")
    return split if isinstance(split, str) else None


def splits_of(projects: Iterable[Iterable[Mapping[str, Any]]]) -> dict[str, str]:
    """Return item → split, as the first project says that has one.

    Args:
        projects: The tasks of each project.
    """
    found: dict[str, str] = {}
    for tasks in projects:
        for task in tasks:
            item, split = item_of(task), split_of(task)
            if item is not None and split is not None:
                found.setdefault(item, split)
    return found


def write_splits(server: Server, held: Held, splits: Mapping[str, str], count: Count) -> list[dict[str, Any]]:
    """Write splits into the meta of a project's tasks, beside what is there, and return a row per item.

    Args:
        server: The server.
        held: The project with its tasks.
        splits: Item → split.
        count: Counts the items, also those that need nothing.
    """
    rows: list[dict[str, Any]] = []
    todo: list[tuple[dict[str, Any], dict[str, Any], str]] = []
    for item, split in splits.items():
        for task in held.tasks.get(item, ()):
            row = new_row(item, held.copy, int(task["id"]), "unchanged", None)
            rows.append(row)
            if split_of(task) != split:
                todo.append((row, task, split))
    acts = [partial(server.replace_meta, old["id"], {**old["meta"], "split": split}) for _, old, split in todo]
    done = server.each(acts, what="Writing splits", unit="task")
    count(len(splits) - len(todo) if held.copy.manifest.overlap == "full" else len(rows) - len(todo))
    for (entry, _, _), fault in zip(todo, done, strict=True):
        if isinstance(fault, LsnbError):
            entry.update(status="failed", error=str(fault))
        else:
            entry["status"] = "updated"
    return rows


def with_splits(table: pd.DataFrame, splits: Mapping[str, str]) -> pd.DataFrame:
    """Return a table with a column ``split`` after its own, where any item has one.

    Args:
        table: A table with the column ``item``.
        splits: Item → split.
    """
    if not splits:
        return table
    return table.assign(split=pd.Series([splits.get(item) for item in table["item"]], index=table.index, dtype=object))


# Sending predictions to one project so that nothing is lost or doubled: send, see that they are there, then delete.
#
# The server stores a prediction as often as it is sent, drops what it does not like without a word, and may be cut
# off
# at any moment. What is there is therefore compared by content before, and looked at after.


OnConflict = Literal["replace", "skip", "append"]
# The server counts the whole project anew in each call and takes 250 MiB at most; proxies before it often take less.
MOST_AT_ONCE = 50_000
MOST_BYTES = 64 * 2**20
SAFE = ("sent", "replaced", "exists")  # the new prediction has been seen to be there
GONE = "The task was deleted on the server: study.sync(table) makes it again."


@dataclass(frozen=True)
class Wanted:
    """One item's prediction, ready to send.

    Args:
        text: Its results as JSON.
        score: Its score, 0 to 1, or None.
    """

    text: bytes
    score: float | None = None

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results as the server will return them."""
        results: list[dict[str, Any]] = orjson.loads(self.text)
        return results


@dataclass(frozen=True)
class Outcome:
    """What became of a task's prediction.

    Args:
        status: One of ``PredictionReport``'s.
        error: Why it failed or was skipped.
    """

    status: str
    error: str | None = None


def essence(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what results say, with regions numbered in place of their ids, which some models draw anew every time.

    Args:
        results: Label Studio results.

    Example:
        >>> essence([{"id": "x7", "type": "rectangle"}, {"id": "x7", "type": "choices"}, {"from_id": "x7"}])
        [{'id': 0, 'type': 'rectangle'}, {'id': 0, 'type': 'choices'}, {'from_id': 0}]
    """
    numbers: dict[Any, int] = {}
    said = []
    for result in results:
        plain = dict(result)
        for name in ("id", "parentID", "from_id", "to_id"):
            if isinstance(plain.get(name), str):
                plain[name] = numbers.setdefault(plain[name], len(numbers))
        said.append(plain)
    return said


@dataclass
class Sending:
    """Predictions on their way to one project.

    Args:
        server: The server.
        project: The project's id.
        model_version: What the model is called.
        on_conflict: What becomes of other predictions of this model.
    """

    server: Server
    project: int
    model_version: str
    on_conflict: OnConflict
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    present: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    accepted: int = 0
    faults: dict[int, str] = field(default_factory=dict)

    def run(self, wanted: Mapping[int, Wanted]) -> dict[int, Outcome]:
        """Send the predictions of tasks and return what became of each.

        Args:
            wanted: Task id → its prediction.
        """
        try:
            before = self.server.model_versions(self.project).get(self.model_version, 0)
            self.present = self._read(wanted) if before else {}
        except LsnbError as fault:
            return dict.fromkeys(wanted, Outcome("failed", and_again(fault)))
        new: dict[int, Wanted] = {}
        spare: dict[int, list[int]] = {}
        for task, prediction in wanted.items():
            own = self.present.get(task, [])
            same = self._same(own, prediction)
            others = [int(one["id"]) for one in own if one not in same[:1]]
            if same:
                self.outcomes[task] = Outcome("exists" if len(same) == len(own) else "replaced")
            elif own and self.on_conflict == "skip":
                why = f"Another prediction of {self.model_version!r} is there, and stays: on_conflict is 'skip'."
                self.outcomes[task] = Outcome("skipped", why)
            else:
                new[task] = prediction
            if self.on_conflict == "replace":
                if others:
                    spare[task] = others
            elif same:
                self.outcomes[task] = Outcome("exists")
        if new:
            self._send(list(new.items()))
            self._look(new, before)
        safe = {task: ids for task, ids in spare.items() if self.outcomes[task].status in SAFE}
        self._delete(safe)
        return {task: self.outcomes[task] for task in wanted}

    def _read(self, tasks: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = {}
        for told in self.server.predictions(self.project, tasks=set(tasks)):
            if told["model_version"] == self.model_version:
                found.setdefault(int(told["task"]), []).append(told)
        return found

    def _same(self, there: Sequence[Mapping[str, Any]], prediction: Wanted) -> list[Mapping[str, Any]]:
        if not there:
            return []
        said = essence(prediction.results)
        same = [one for one in there if one["score"] == prediction.score and essence(one["result"]) == said]
        return sorted(same, key=lambda one: int(one["id"]))

    def _send(self, predictions: Sequence[tuple[int, Wanted]]) -> None:
        for batch in _batches(predictions):
            self._send_batch(batch)

    def _send_batch(self, batch: Sequence[tuple[int, Wanted]], *, asked: bool = False) -> None:
        try:
            self.accepted += self.server.import_predictions(self.project, self._body(batch))
        except StudioRefusedError as fault:
            self._send_parts(batch, str(fault), asked=asked)
        except LsnbError as fault:
            # The reply may have been lost after all was stored: only looking tells.
            self.faults |= dict.fromkeys((task for task, _ in batch), str(fault))

    def _send_parts(self, batch: Sequence[tuple[int, Wanted]], why: str, *, asked: bool) -> None:
        """Look for the one that the server will not have, since it takes all or none."""
        if not asked:  # the usual one has no task any more
            try:
                there = {int(task["id"]) for task in self.server.task_metas(self.project)}
            except LsnbError:
                there = {task for task, _ in batch}
            gone = [task for task, _ in batch if task not in there]
            self.outcomes |= dict.fromkeys(gone, Outcome("failed", GONE))
            batch = [one for one in batch if one[0] in there]
            if gone and batch:
                self._send_batch(batch, asked=True)
                return
        if len(batch) == 1:
            self.outcomes[batch[0][0]] = Outcome("failed", why)
        elif batch:
            middle = len(batch) // 2
            self._send_batch(batch[:middle], asked=True)
            self._send_batch(batch[middle:], asked=True)

    def _body(self, batch: Iterable[tuple[int, Wanted]]) -> bytes:
        return orjson.dumps(
            [
                {
                    "task": task,
                    "model_version": self.model_version,
                    "score": prediction.score,
                    "result": orjson.Fragment(prediction.text),
                }
                for task, prediction in batch
            ]
        )

    def _look(self, new: Mapping[int, Wanted], before: int) -> None:
        """See which predictions the server holds now."""
        sent = {task: prediction for task, prediction in new.items() if task not in self.outcomes}
        try:
            if self._is_counted(len(sent), before):
                self.outcomes |= dict.fromkeys(sent, Outcome("sent"))
                return
            after = self._read(sent)
        except LsnbError as fault:
            why = and_again(f"It was sent, and may be stored: {fault}")
            self.outcomes |= {task: Outcome("failed", self.faults.get(task, why)) for task in sent}
            return
        config: str | None = None
        twice: dict[int, list[int]] = {}
        for task, prediction in sent.items():
            if same := self._same(after.get(task, []), prediction):
                # Another kernel sent it, too, at the same moment: the oldest is the one, in all kernels.
                if len(same) > 1:
                    twice[task] = [int(one["id"]) for one in same[1:]]
                known = self.present.get(task) and self.on_conflict == "replace"
                self.outcomes[task] = Outcome("replaced" if known else "sent")
            elif task in self.faults:
                self.outcomes[task] = Outcome("failed", and_again(self.faults[task]))
            else:
                config = self._config() if config is None else config
                asked = {"result": prediction.results, "score": prediction.score}
                why = self.server.why_dropped(config, asked) if config else ""
                self.outcomes[task] = Outcome("dropped", f"Label Studio dropped it: {why or 'it does not say why.'}")
        self._delete(twice)

    def _config(self) -> str:
        try:
            return self.server.project(self.project).config or ""
        except LsnbError:
            return ""  # what became of the predictions is known all the same

    def _is_counted(self, sent: int, before: int) -> bool:
        """Return whether nothing is to be deleted, and the server's counts leave no room for one that it dropped."""
        if self.faults or self.present or self.accepted != sent:
            return False
        return self.server.model_versions(self.project).get(self.model_version, 0) == before + sent

    def _delete(self, spare: Mapping[int, Sequence[int]]) -> None:
        """Delete predictions by their ids, of tasks whose new one has been seen to be there."""
        doomed = [(task, prediction) for task, ids in spare.items() for prediction in ids]
        lost: list[StudioUnreachableError] = []

        def delete(prediction: int) -> None:
            if lost:
                raise lost[0]
            try:
                self.server.delete_prediction(prediction)
            except StudioUnreachableError as fault:
                lost.append(fault)
                raise

        acts = [partial(delete, prediction) for _, prediction in doomed]
        done = self.server.each(acts, what="Deleting old predictions", unit="deletion")
        for (task, _), fault in zip(doomed, done, strict=True):
            if isinstance(fault, LsnbError):
                self.outcomes[task] = Outcome("failed", _not_deleted(str(fault)))


def _not_deleted(why: str) -> str:
    return and_again(f"The new prediction is there, and the old one too: {why}")


def _batches(predictions: Sequence[tuple[int, Wanted]]) -> Iterable[list[tuple[int, Wanted]]]:
    batch: list[tuple[int, Wanted]] = []
    size = 0
    for task, prediction in predictions:
        more = len(prediction.text) + 200
        if batch and (size + more > MOST_BYTES or len(batch) == MOST_AT_ONCE):
            yield batch
            batch, size = [], 0
        batch.append((task, prediction))
        size += more
    if batch:
        yield batch


ROW_COLUMNS = ("item", "annotator", "project", "task", "status", "error")
UNKNOWN = "unknown item"
HINTS = 20  # a hint at the nearest item takes a while in a large study


@dataclass(frozen=True, repr=False)
class PredictionReport(Report):
    """What ``Study.predict`` did: ``item, annotator, project, task, status, error``, a row per item and project.

    ``status`` is sent, replaced (and the model's old one deleted), exists (the same is there), skipped (another of this
    model is there, and stays), dropped (the server took it and did not keep it), unknown item, or failed.
    """

    noun: ClassVar[str] = "predictions"
    failure_statuses: ClassVar[frozenset[str]] = frozenset({"failed", "dropped", UNKNOWN})


@dataclass
class Items:
    """Results by item, as text, and why some cannot be sent.

    Args:
        wanted: Item → its prediction.
        results: Item → its results as given, for checking.
        problems: A pair of item (or None) and sentence for each that cannot be sent.
        splits: Item → split.
    """

    wanted: dict[str, Wanted] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str | None, str]] = field(default_factory=list)
    splits: dict[str, str] = field(default_factory=dict)


def argument_problems(predictions: object, model_version: object, on_conflict: object) -> list[str]:
    """Return what is wrong with the arguments of ``Study.predict``, as sentences.

    Args:
        predictions: Should be ``Predictions`` or item → results.
        model_version: Should be text.
        on_conflict: Should be ``replace``, ``skip`` or ``append``.

    Example:
        >>> argument_problems({}, 3, "replac")
        ['model_version is 3: give the model a name, as text.', "on_conflict is 'replac': give ..."]
    """
    problems = []
    if not isinstance(predictions, Predictions | Mapping):
        problems.append(
            f"predictions is a {type(predictions).__name__}: give what lsnb.from_coco, from_labelbox or "
            "from_detections returned, or a dict from item to Label Studio results."
        )
    if not isinstance(model_version, str) or not model_version.strip():
        problems.append(f"model_version is {model_version!r}: give the model a name, as text.")
    if not isinstance(on_conflict, str) or on_conflict not in ("replace", "skip", "append"):
        problems.append(f"on_conflict is {on_conflict!r}: give 'replace', 'skip' or 'append'.")
    return problems


def read_items(predictions: Predictions | Mapping[Any, Any]) -> Items:
    """Return results by item, with what cannot be sent told apart.

    Args:
        predictions: What a reader returned, or item → Label Studio results; None in place of results is no prediction.

    Example:
        >>> found = read_items({7: [], "  ": [], "b": None})
        >>> list(found.wanted), found.problems
        (['7'], [(None, "'  ' is no item: give the item's key.")])
    """
    items = Items()
    scores: Mapping[str, float | None] = {}
    if isinstance(predictions, Predictions):
        scores, items.splits = predictions.scores, dict(predictions.splits)
        failed = predictions.table[predictions.table["status"] == FAILED]
        for item, errors in zip(failed["item"], failed["errors"], strict=True):
            why = " ".join(error["message"] for error in errors)
            items.problems.append((item if isinstance(item, str) else None, f"It could not be read: {why}"))
        given: Mapping[Any, Any] = predictions.results
    else:
        given = predictions
    for key, results in given.items():
        try:
            item = key_text(key)
        except RoundedKeyError:
            item = None
        if item is None:
            items.problems.append((None, f"{key!r} is no item: give the item's key."))
        elif item in items.results:
            items.problems.append((item, f"The item is there twice, as {key!r} too: the first is used."))
        elif not (results is None or results is pd.NA or (isinstance(results, float) and math.isnan(results))):
            _add(items, item, results, scores.get(item))
    return items


def _add(items: Items, item: str, results: Any, score: Any) -> None:
    faults = score_faults(score)
    try:
        text = orjson.dumps(results, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as fault:  # orjson's own fault is one
        items.problems.append((item, f"The results cannot be written as JSON: {fault}."))
        return
    if faults:
        items.problems.append((item, " ".join(fault.message for fault in faults)))
        return
    items.results[item] = results
    items.wanted[item] = Wanted(text, None if score is None else float(score))


def result_problems(items: Items, config: LabelConfig, release: str = RELEASE) -> dict[str, str]:
    """Return item → why its results do not fit a label config.

    Args:
        items: Results by item.
        config: The label config.
        release: The server's release.
    """
    problems = {}
    for item, results in items.results.items():
        faults = [fault for fault in check_results(results, config, release=release) if not fault.is_warning]
        if faults:
            more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
            problems[item] = " ".join(f"{fault.path}: {fault.message}" for fault in faults[:3]) + more
    return problems


def settle_spans(server: Server, held: Held, items: Items, notes: list[str]) -> tuple[Items, dict[str, str]]:
    """Return predictions with spans as a project's tasks need them, and item → why they do not fit the task's text.

    The tasks' texts are read only where something marks a stretch of one.

    Args:
        server: The server.
        held: The project.
        items: Results by item.
        notes: Takes a sentence about what was mended.
    """
    texts = SpanTexts(held.config)
    marked = [item for item, results in items.results.items() if item in held.tasks and texts.concern(results)]
    if not marked:
        return items, {}
    data = server.task_data(held.copy.project.id)
    wanted = dict(items.wanted)
    problems: dict[str, str] = {}
    mended = 0
    for item in marked:
        results, faults = texts.settle(items.results[item], data.get(int(held.tasks[item][0]["id"])))
        wrong = [fault for fault in faults if not fault.is_warning]
        if wrong:
            problems[item] = " ".join(f"{fault.path}: {fault.message}" for fault in wrong[:3])
            continue
        mended += len(faults)
        if results != items.results[item]:
            text = orjson.dumps(results, option=orjson.OPT_SERIALIZE_NUMPY)
            wanted[item] = Wanted(text, wanted[item].score)
    if mended:
        notes.append(f"{counted(mended, 'span')} counted in UTF-16 or bytes are counted in characters now.")
    return replace(items, wanted=wanted), problems


@dataclass
class Held:
    """A project's tasks and config, as they are now.

    Args:
        copy: The project.
        config: Its label config.
        tasks: Item → its tasks.
    """

    copy: Copy
    config: LabelConfig
    tasks: dict[str, list[dict[str, Any]]]


def each_copy(
    server: Server,
    copies: Sequence[Copy],
    snapshots: Mapping[int, Snapshot],
    rows: list[dict[str, Any]],
    *,
    answers: bool = False,
) -> Iterator[Held]:
    """Yield the projects with their tasks, one at a time: those of all are more than memory holds with ease.

    Args:
        server: The server.
        copies: The projects.
        snapshots: Project id → what was last seen.
        rows: Gets a failed row for each that could not be read.
        answers: Whether the tasks' annotations are needed.
    """
    for copy in copies:
        project = copy.project.id
        try:
            config = LabelConfig.from_xml(server.project(project).config or "")
            found: dict[str, list[dict[str, Any]]] = {}
            if answers:
                tasks = read_answers(server, [copy], snapshots)[copy.manifest.annotator]
            else:
                tasks = own_tasks(
                    metas_now(server, copy.manifest.study, snapshots.get(project), project), copy.manifest
                )
            for task in tasks:
                found.setdefault(str(item_of(task)), []).append(task)
        except (LsnbError, LabelConfigError) as fault:
            rows.append(new_row(None, copy, None, "failed", f"The project could not be read: {fault}"))
            continue
        del tasks
        yield Held(copy, config, found)


def most_rows(copies: Sequence[Copy], items: Collection[str]) -> int | None:
    """Return a bar's length for items of all projects; None where only reading them all would tell who has which.

    Args:
        copies: The projects.
        items: The items.
    """
    return len(items) * len(copies) if copies[0].manifest.overlap == "full" else None


def new_row(item: str | None, copy: Copy | None, task: int | None, status: str, error: str | None) -> dict[str, Any]:
    """Return a row of a report.

    Args:
        item: The item, or None for a whole project.
        copy: The project, or None where the item is in none.
        task: The task's id.
        status: What became of it.
        error: Why it failed or was skipped.
    """
    name, project = (copy.manifest.annotator, copy.project.id) if copy is not None else (None, None)
    return {"item": item, "annotator": name, "project": project, "task": task, "status": status, "error": error}


def unknown_rows(items: Iterable[str], held: Collection[str]) -> list[dict[str, Any]]:
    """Return a row for each item that the study does not hold.

    Args:
        items: The items.
        held: The items that the study holds.
    """
    bare = {item.lstrip("0"): item for item in held if item.startswith("0")}
    rows: list[dict[str, Any]] = []
    for item in items:
        hint = ""
        if item.lstrip("0") in bare:
            hint = f" The study calls it {bare[item.lstrip('0')]!r}: read keys as text, with lsnb.read_table."
        elif len(rows) < HINTS:
            hint = nearest(item, held)
        rows.append(new_row(item, None, None, UNKNOWN, f"The study has no item {item!r}.{hint}"))
    return rows


def report_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as the table of a report, ids as whole numbers that may be missing.

    Args:
        rows: What ``new_row`` returned.
    """
    table = pd.DataFrame(list(rows), columns=list(ROW_COLUMNS))
    # Without a word about it, pandas would make the missing errors of a mixed column numbers.
    texts = {name: pd.Series([row[name] for row in rows], dtype=object) for name in ("item", "annotator", "error")}
    return table.assign(**texts).astype({"project": "Int64", "task": "Int64"})


def predict(
    server: Server,
    copies: Sequence[Copy],
    snapshots: Mapping[int, Snapshot],
    predictions: Predictions | Mapping[Any, Any],
    *,
    model_version: str,
    on_conflict: OnConflict,
    show: bool,
) -> PredictionReport:
    """Do what ``Study.predict`` says.

    Raises:
        InputError: Every fault of the arguments at once; nothing is written then.
    """
    problems = argument_problems(predictions, model_version, on_conflict)
    about = copies[0].manifest
    if isinstance(model_version, str) and model_version == about.model and about.predictions:
        problems.append(
            f"The predictions of {about.model!r} come from the study's table ({listing(list(about.predictions))}), and "
            "the next sync would put them back: give another model_version."
        )
    items = Items()
    if isinstance(predictions, Predictions | Mapping):
        items = read_items(predictions)
        problems += split_problems(items.splits)
    if problems:
        raise InputError(problems)
    rows = [new_row(item, None, None, "failed", why) for item, why in items.problems]
    notes: list[str] = []
    checked: dict[str, dict[str, str]] = {}
    everything: set[str] = set()
    tables = []
    with counting("Sending predictions", most_rows(copies, items.wanted), "prediction") as count:
        for project in each_copy(server, copies, snapshots, rows):
            everything.update(project.tasks)
            faulty = checked.get(project.config.fingerprint)
            if faulty is None:
                faulty = checked[project.config.fingerprint] = result_problems(items, project.config, server.release)
            try:
                settled, beyond = settle_spans(server, project, items, notes)
            except LsnbError as fault:
                why = and_again(f"The texts could not be read: {fault}")
                rows.append(new_row(None, project.copy, None, "failed", why))
                continue
            sent = _send(server, project, settled, faulty | beyond, model_version, on_conflict, show, notes)
            tables.append(report_table(sent))
            count(len(items.wanted) if about.overlap == "full" else len(sent))
            del project, settled, sent  # before the next is read
    unknown = unknown_rows([item for item in items.wanted if item not in everything], everything)
    note_splits(server, copies, snapshots, {i: s for i, s in items.splits.items() if i in everything}, notes)
    table = pd.concat([report_table(rows), *tables, report_table(unknown)], ignore_index=True)
    return PredictionReport(table, notes=tuple(dict.fromkeys(notes)))


def note_splits(
    server: Server,
    copies: Sequence[Copy],
    snapshots: Mapping[int, Snapshot],
    splits: Mapping[str, str],
    notes: list[str],
) -> None:
    """Write items' splits in every project, and note those that could not be stored.

    Args:
        server: The server.
        copies: The projects.
        snapshots: Project id → what was last seen.
        splits: Item → split.
        notes: Gets what could not be stored.
    """
    if not splits:
        return
    rows: list[dict[str, Any]] = []
    with counting("Writing splits", most_rows(copies, splits), "task") as count:
        for project in each_copy(server, copies, snapshots, rows):
            rows += [row for row in write_splits(server, project, splits, count) if row["status"] == "failed"]
    for row in rows:
        what = "Splits" if row["item"] is None else f"The split of item {row['item']}"
        notes.append(f"{what} could not be stored for {row['annotator']}: {row['error']}")


def _send(
    server: Server,
    held: Held,
    items: Items,
    faulty: Mapping[str, str],
    model_version: str,
    on_conflict: OnConflict,
    show: bool,
    notes: list[str],
) -> list[dict[str, Any]]:
    owner = {int(task["id"]): item for item in items.wanted for task in held.tasks.get(item, ())}
    rows = [
        new_row(item, held.copy, task, "failed", f"It does not fit the label config: {faulty[item]}")
        for task, item in owner.items()
        if item in faulty
    ]
    wanted = {task: items.wanted[item] for task, item in owner.items() if item not in faulty}
    if not wanted:
        return rows
    outcomes = Sending(server, held.copy.project.id, model_version, on_conflict).run(wanted)
    rows += [new_row(owner[task], held.copy, task, one.status, one.error) for task, one in outcomes.items()]
    if show and any(one.status in ("sent", "replaced", "exists") for one in outcomes.values()):
        name = held.copy.manifest.annotator
        try:
            if not server.show_predictions(held.copy.project.id, model_version):
                notes.append(
                    f"{name}'s project is set to show no predictions: in Label Studio, Settings, Annotation, switch on "
                    "'Use predictions to prelabel tasks'."
                )
        except LsnbError as fault:
            notes.append(f"{name}'s project may not show the predictions of {model_version!r} yet: {fault}")
    return rows
