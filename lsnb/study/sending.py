"""Sending predictions to one project so that nothing is lost or doubled: send, see that they are there, then delete.

The server stores a prediction as often as it is sent, drops what it does not like without a word, and may be cut off
at any moment. What is there is therefore compared by content before, and looked at after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from tqdm.auto import tqdm

from lsnb.errors import LsnbError, StudioRefusedError, StudioUnreachableError
from lsnb.studio import Server

OnConflict = Literal["replace", "skip", "append"]
# The server counts the whole project anew in each call and takes 250 MiB at most; proxies before it often take less.
MOST_AT_ONCE = 50_000
MOST_BYTES = 64 * 2**20
SLOW = 50  # deletions, from which on a bar is shown
AGAIN = "Run the same call again: what is done stays done."
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
            return dict.fromkeys(wanted, Outcome("failed", f"{fault} {AGAIN}"))
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
        return [one for one in there if one["score"] == prediction.score and essence(one["result"]) == said]

    def _send(self, predictions: Sequence[tuple[int, Wanted]]) -> None:
        for batch in _batches(predictions):
            self._send_batch(batch)

    def _send_batch(self, batch: Sequence[tuple[int, Wanted]], *, asked: bool = False) -> None:
        try:
            self.accepted += self.server.import_predictions(self.project, self._body(batch))
        except StudioRefusedError as fault:
            # The server takes all or none, so one it will not have is looked for; the usual one has no task any more.
            if not asked:
                there = {int(task["id"]) for task in self.server.task_metas(self.project)}
                gone = [task for task, _ in batch if task not in there]
                self.outcomes |= dict.fromkeys(gone, Outcome("failed", GONE))
                batch = [one for one in batch if one[0] in there]
                if gone and batch:
                    self._send_batch(batch, asked=True)
                    return
            if len(batch) == 1:
                self.outcomes[batch[0][0]] = Outcome("failed", str(fault))
            elif batch:
                middle = len(batch) // 2
                self._send_batch(batch[:middle], asked=True)
                self._send_batch(batch[middle:], asked=True)
        except LsnbError as fault:
            # The reply may have been lost after all was stored: only looking tells.
            self.faults |= dict.fromkeys((task for task, _ in batch), str(fault))

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
            why = f"It was sent, and may be stored: {fault} {AGAIN}"
            self.outcomes |= {task: Outcome("failed", self.faults.get(task, why)) for task in sent}
            return
        config = None
        for task, prediction in sent.items():
            if self._same(after.get(task, []), prediction):
                known = self.present.get(task) and self.on_conflict == "replace"
                self.outcomes[task] = Outcome("replaced" if known else "sent")
            elif task in self.faults:
                self.outcomes[task] = Outcome("failed", f"{self.faults[task]} {AGAIN}")
            else:
                config = config or self.server.project(self.project).config or ""
                why = self.server.why_dropped(config, {"result": prediction.results, "score": prediction.score})
                self.outcomes[task] = Outcome("dropped", f"Label Studio dropped it: {why or 'it does not say why.'}")

    def _is_counted(self, sent: int, before: int) -> bool:
        """Return whether nothing is to be deleted, and the server's counts leave no room for one that it dropped."""
        if self.faults or self.present or self.accepted != sent:
            return False
        return self.server.model_versions(self.project).get(self.model_version, 0) == before + sent

    def _delete(self, spare: Mapping[int, Sequence[int]]) -> None:
        """Delete predictions by their ids, of tasks whose new one has been seen to be there."""
        doomed = [(task, prediction) for task, ids in spare.items() for prediction in ids]
        hidden = len(doomed) < SLOW
        lost: str | None = None
        for task, prediction in tqdm(doomed, desc="Deleting old predictions", unit="prediction", disable=hidden):
            try:
                if lost is None:
                    self.server.delete_prediction(prediction)
                    continue
            except StudioUnreachableError as fault:
                lost = str(fault)
            except LsnbError as fault:
                self.outcomes[task] = Outcome("failed", _not_deleted(str(fault)))
                continue
            self.outcomes[task] = Outcome("failed", _not_deleted(lost))


def _not_deleted(why: str) -> str:
    return f"The new prediction is there, and the old one too: {why} {AGAIN}"


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
