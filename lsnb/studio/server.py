"""What a Label Studio is asked to do: projects, tasks, annotations, storages, people.

Facts about the server are those of Label Studio 1.23 (its API reference and source).
"""

from __future__ import annotations

import bisect
import itertools
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import httpx
import orjson

from lsnb.errors import (
    LabelConfigError,
)
from lsnb.kernel.jobs import counting
from lsnb.kernel.words import warn
from lsnb.labels.check import label_interface
from lsnb.studio.connection import BUSY, Connection, Refused, reason, told_text

# Predictions: store many at once, list, show and delete them. The server has no deletion of several by their ids: its
# actions delete all of a task, or all of a model in a project.


_Read = TypeVar("_Read")
# Asking for one task's predictions takes the server about as long as writing this many of a whole project's.
WORTH_OF_A_REQUEST = 100


class PredictionRequests(Connection):
    """The requests that are about predictions."""

    def predictions(self, project: int, *, tasks: Collection[int] | None = None) -> list[dict[str, Any]]:
        """Return a project's predictions: id, task, result, score, model_version. The export has only their ids.

        Args:
            project: The project's id.
            tasks: The ids of the tasks to ask about; None for all. Of few tasks only theirs are read.
        """
        path = "/api/predictions/"
        with self._translated(f"list the predictions of project {project}"):
            read = _rows("id", "task", "result", "score", "model_version")
            if tasks is None:
                return self._ask("GET", path, read=read, params={"project": int(project)})
            if tasks and len(tasks) * WORTH_OF_A_REQUEST < sum(self.model_versions(project).values()):
                return [
                    told for task in tasks for told in self._ask("GET", path, read=read, params={"task": int(task)})
                ]
        return [told for told in self.predictions(project) if told["task"] in tasks]

    def model_versions(self, project: int) -> dict[str, int]:
        """Return how many predictions of each model a project holds.

        Args:
            project: The project's id.
        """
        with self._translated(f"count the predictions of project {project}"):
            return self._ask(
                "GET",
                f"/api/projects/{int(project)}/model-versions/",
                read=lambda counts: {str(version): int(count) for version, count in counts.items()},
            )

    def predict(self, task: int, result: Sequence[Mapping[str, Any]], *, model_version: str) -> int:
        """Store a prediction of a task and return the prediction's id.

        Args:
            task: The task's id.
            result: Label Studio results, checked: the open-source server stores whatever it is sent.
            model_version: What the model is called.
        """
        with self._translated(f"store a prediction of task {task}"):
            body = {"task": int(task), "result": [dict(r) for r in result], "model_version": model_version}
            return self._ask("POST", "/api/predictions/", read=lambda made: int(made["id"]), json=body)

    def import_predictions(self, project: int, predictions: bytes) -> int:
        """Store predictions of tasks that are there, and return how many the server kept.

        It drops what its own check refuses and answers 201 all the same; one unknown task and it keeps none. Each
        call counts the whole project anew, so few large calls are quicker than many. Sending twice stores twice.

        Args:
            project: The project's id.
            predictions: A JSON list of ``{"task", "result", "score", "model_version"}``.
        """
        with self._translated(f"store predictions in project {project}"):
            return self._ask(
                "POST",
                f"/api/projects/{int(project)}/import/predictions",
                read=lambda stored: int(stored["created"]),
                content=predictions,
                headers={"Content-Type": "application/json"},
            )

    def why_dropped(self, config: str, prediction: Mapping[str, Any]) -> str:
        """Return what the server's own check of predictions says, or an empty text where it has no objection.

        Args:
            config: The label config as XML.
            prediction: ``{"result", "score", "model_version"}``.
        """
        try:
            judge: Any = label_interface()(config)
            found = judge.validate_prediction(dict(prediction), return_errors=True)
        except Exception as fault:  # the check itself stumbles over some values, and then the server drops them too
            return f"{type(fault).__name__}: {fault}"
        return "; ".join(str(part) for part in found) if isinstance(found, list) else ""

    def change_prediction(self, prediction: int, result: Sequence[Mapping[str, Any]]) -> bool:
        """Let a prediction say something else; return False where it is gone.

        Args:
            prediction: The prediction's id.
            result: Label Studio results, checked.
        """
        with self._translated(f"change prediction {prediction}"):
            path, body = f"/api/predictions/{int(prediction)}/", {"result": [dict(r) for r in result], "score": None}
            try:
                self._ask("PATCH", path, read=_about(int(prediction)), again=True, json=body)
            except Refused as fault:
                if not fault.is_gone:
                    raise
                return False
        return True

    def delete_prediction(self, prediction: int) -> None:
        """Delete a prediction; one that is gone already is no error.

        Args:
            prediction: The prediction's id.
        """
        with self._translated(f"delete prediction {prediction}"):
            self._delete(f"/api/predictions/{int(prediction)}/")

    def show_all_predictions(self, project: int) -> None:
        """Show the predictions of every model in a project, rather than those of one.

        Args:
            project: The project's id.
        """
        self._show_model(project, "")

    def show_predictions(self, project: int, model_version: str) -> bool:
        """Let annotators of a project start from a model's predictions; return whether they see predictions at all.

        A new task starts from those of one model only, which the project names; an import of tasks with predictions
        names it, an import of predictions does not.

        Args:
            project: The project's id.
            model_version: What the model is called; the project must hold predictions of it.
        """
        with self._translated(f"open project {project}"):
            now = self._ask("GET", f"/api/projects/{int(project)}/", read=_about(int(project)))
        if now.get("model_version") != model_version:
            self._show_model(project, model_version)
        return bool(now.get("show_collab_predictions", True))

    def _show_model(self, project: int, model_version: str) -> None:
        with self._translated(f"choose the predictions that project {project} shows"):
            self._change_project(project, model_version=model_version)

    def _change_project(self, project: int, **fields: Any) -> None:
        # It says what is to be there in the end, so saying it twice does no harm.
        path = f"/api/projects/{int(project)}/"
        self._ask("PATCH", path, read=_about(int(project)), again=True, json=fields)


IMPORT_BATCH = 1000
PAGE = 1000
WHOLE_AT_ONCE = 1000  # tasks
IDS_AT_ONCE = 200  # in an address, which servers limit
FIRST_LOOK = 50  # of what may be much and mostly is little
IDS_DIRECT = 900  # where Python's own server is asked directly: of further parameters it refuses a thousand
PART_BYTES = 4_000_000  # of one part's tasks: so that few of large ones are in memory at once
UNDRAFTED = {"filter": "filter:tasks:draft_exists", "operator": "equal", "type": "Boolean", "value": False}
# The data manager's filter for tasks with which nobody did anything.
UNANSWERED = [
    {"filter": "filter:tasks:total_annotations", "operator": "equal", "type": "Number", "value": 0},
    {"filter": "filter:tasks:cancelled_annotations", "operator": "equal", "type": "Number", "value": 0},
    UNDRAFTED,
]
# Tasks that somebody answered, and that do not count it.
UNCOUNTED = [
    *UNANSWERED[:2],
    {"filter": "filter:tasks:annotators", "operator": "empty", "type": "List", "value": False},
]

# Tasks without a row in the table of answers, whatever a task's own counts say: those may be lost on a busy server.
UNTOUCHED = [
    {"filter": "filter:tasks:annotations_ids", "operator": "empty", "type": "String", "value": True},
    UNDRAFTED,
]
COUNTS = ("total_annotations", "cancelled_annotations")
BARE = ("id", "data", "meta", "created_at", "updated_at", "project")

DRAFTED = {"filter": "filter:tasks:draft_exists", "operator": "equal", "type": "Boolean", "value": True}
ANSWERED = {"filter": "filter:tasks:total_annotations", "operator": "greater", "type": "Number", "value": 0}

# How a project behaves towards annotators, and of which type each setting is.
SETTINGS: Mapping[str, type] = {
    "expert_instruction": str,
    "show_instruction": bool,
    "show_skip_button": bool,
    "enable_empty_annotation": bool,
    "show_annotation_history": bool,
    "show_collab_predictions": bool,
    "reveal_preannotations_interactively": bool,
    "maximum_annotations": int,
    "sampling": str,
    "skip_queue": str,
    "color": str,
}


@dataclass(frozen=True)
class Project:
    """A project as the server lists it.

    Args:
        id: The server's number for it.
        title: Its title, 3 to 50 characters.
        description: Its description; a study keeps its manifest there.
        config: Its label config as XML, or None where only a list was asked for.
        tasks: How many tasks it holds, or None likewise.
        done: How many tasks have a submitted annotation.
        annotations: How many submitted annotations it holds.
        skipped: How many annotations were skipped.
        truths: How many annotations are marked as the truth; ``done`` leaves those out.
        predictions: How many predictions it holds.
        created: When it was made, on the server's clock; SQLite gives a deleted project's id to the next.
        shown: The model whose predictions annotators start from, or empty.
    """

    id: int
    title: str
    description: str
    config: str | None = None
    tasks: int | None = None
    done: int | None = None
    annotations: int | None = None
    skipped: int | None = None
    truths: int | None = None
    predictions: int | None = None
    created: str = ""
    shown: str = ""

    @property
    def untouched(self) -> int:
        """How many tasks at least nobody has answered, by the server's counts."""
        return max((self.tasks or 0) - sum(n or 0 for n in (self.annotations, self.skipped, self.truths)), 0)


@dataclass(frozen=True)
class Stored:
    """What an import stored, as the server counts it.

    Args:
        tasks: How many tasks.
        predictions: How many predictions of these tasks.
        annotations: How many annotations of them.
    """

    tasks: int = 0
    predictions: int = 0
    annotations: int = 0

    def __add__(self, other: Stored) -> Stored:
        return Stored(
            self.tasks + other.tasks, self.predictions + other.predictions, self.annotations + other.annotations
        )


def _project(told: Mapping[str, Any]) -> Project:
    return Project(
        id=int(told["id"]),
        title=told["title"] or "",
        description=told["description"] or "",
        config=told["label_config"] or "",
        tasks=int(told["task_number"] or 0),
        done=int(told["num_tasks_with_annotations"] or 0),
        annotations=int(told["total_annotations_number"] or 0),
        skipped=int(told["skipped_annotations_number"] or 0),
        truths=int(told.get("ground_truth_number") or 0),
        predictions=int(told["total_predictions_number"] or 0),
        created=str(told["created_at"] or ""),
        shown=str(told.get("model_version") or ""),
    )


# Columns of Label Studio's own task list, beside what a task holds and how often it is answered.
_HIDDEN = (
    "id",
    "inner_id",
    "completed_at",
    "cancelled_annotations",
    "total_predictions",
    "annotators",
    "annotations_results",
    "annotations_ids",
    "predictions_score",
    "predictions_model_versions",
    "predictions_results",
    "file_upload",
    "storage_filename",
    "created_at",
    "updated_at",
    "updated_by",
    "avg_lead_time",
    "draft_exists",
)


class Server(PredictionRequests):
    """One Label Studio one is signed in to: every request to it is a method here."""

    # -- projects ----------------------------------------------------------------------------------------

    def projects(self) -> list[Project]:
        """Return every project this user sees: id, title and description."""
        with self._translated("list the projects"):
            listed: list[dict[str, Any]] = []
            while True:
                # The SDK's own pager asks for the page past the last, which is a 404 with a traceback in the log.
                page = len(listed) // PAGE + 1
                about = {"include": "id,title,description", "page": page, "page_size": PAGE}
                read = _page("results", "count", "id", "title", "description")
                rows, count = self._ask("GET", "/api/projects/", read=read, params=about)
                listed += rows
                # One that was deleted meanwhile is counted, and not among the rows.
                if len(rows) < PAGE or len(listed) >= count:
                    break
        return [Project(int(p["id"]), p["title"] or "", p["description"] or "") for p in listed]

    def project(self, project: int) -> Project:
        """Return one project with its config and counts.

        Args:
            project: The project's id.
        """
        with self._translated(f"open project {project}"):
            return self._ask("GET", f"/api/projects/{int(project)}/", read=lambda p: _project(_about(int(project))(p)))

    def projects_whole(self, projects: Collection[int]) -> dict[int, Project]:
        """Return number → project, each with its config and counts, of those that are there; one request for all.

        Args:
            projects: The projects' ids.
        """
        return self._some(projects, lambda row: (int(row["id"]), _project(row)))

    def configs(self, projects: Collection[int]) -> dict[int, str]:
        """Return number → label config as XML of those projects that are there; one request for many.

        Args:
            projects: The projects' ids.
        """
        about = {"include": "id,label_config"}
        return self._some(projects, lambda row: (int(row["id"]), row["label_config"] or ""), **about)

    def _some(
        self, projects: Collection[int], read: Callable[[Any], tuple[int, _Read]], **about: str
    ) -> dict[int, _Read]:
        found: dict[int, _Read] = {}
        numbers = sorted({int(project) for project in projects})
        for start in range(0, len(numbers), IDS_AT_ONCE):
            some = {"ids": ",".join(map(str, numbers[start : start + IDS_AT_ONCE])), "page_size": IDS_AT_ONCE, **about}
            with self._translated("look at the projects"):
                found |= self._ask(
                    "GET", "/api/projects/", read=lambda told: dict(map(read, told["results"])), params=some
                )
        return {number: one for number, one in found.items() if number in numbers}

    def create_project(self, title: str, *, description: str, config: str, instructions: str = "") -> Project:
        """Create a project and return it.

        Args:
            title: 3 to 50 characters.
            description: Free text.
            config: The label config as XML.
            instructions: Shown to annotators before they start, when not empty.

        Raises:
            LabelConfigError: The server does not accept the config.
        """
        with self._translated(f"create the project {title!r}"):
            about = {
                "title": title,
                "description": description,
                "label_config": config,
                "expert_instruction": instructions,
                "show_instruction": bool(instructions),
            }
            try:
                made = self._ask(
                    "POST", "/api/projects/", read=lambda p: Project(int(p["id"]), p["title"], ""), json=about
                )
            except Refused as fault:
                errors = fault.body.get("validation_errors") if isinstance(fault.body, dict) else None
                if isinstance(errors, dict) and "label_config" in errors:
                    why = reason(errors["label_config"], self._api_key)
                    raise LabelConfigError(f"Label Studio does not accept this label config: {why}") from None
                raise
        return Project(made.id, made.title, description, config=config, tasks=0)

    def settings(self, project: int) -> dict[str, Any]:
        """Return how a project behaves: its ``SETTINGS``, those that this release has.

        Args:
            project: The project's id.
        """
        with self._translated(f"open project {project}"):
            now = self._ask("GET", f"/api/projects/{int(project)}/", read=_about(int(project)))
        return {name: now[name] for name, kind in SETTINGS.items() if type(now.get(name)) is kind}

    def set_settings(self, project: int, settings: Mapping[str, Any]) -> None:
        """Let a project behave as told.

        Args:
            project: The project's id.
            settings: Some of ``SETTINGS``.
        """
        with self._translated(f"change the settings of project {project}"):
            self._change_project(project, **settings)

    def hide_columns(self, project: int) -> bool:
        """Let a project's task list show what items hold and how often they are answered, and nothing else.

        A list that is there already, as somebody saw or set it, stays; return whether this made it.

        Args:
            project: The project's id.
        """
        with self._translated(f"set the task list of project {project}"):
            found = self._ask("GET", "/api/dm/views/", read=_rows("id"), params={"project": project})
            if found:
                return False
            data = {
                "title": "Default",
                "type": "list",
                "target": "tasks",
                "hiddenColumns": {of: [f"tasks:{name}" for name in _HIDDEN] for of in ("explore", "labeling")},
                "filters": {"conjunction": "and", "items": []},
            }
            about = {"project": int(project), "data": data}
            self._ask("POST", "/api/dm/views/", read=lambda view: int(view["id"]), json=about)
        return True

    def describe_project(self, project: int, description: str) -> None:
        """Replace a project's description.

        Args:
            project: The project's id.
            description: The new text.
        """
        with self._translated(f"change the description of project {project}"):
            self._change_project(project, description=description)

    def configure_project(self, project: int, config: str) -> None:
        """Replace a project's label config.

        Args:
            project: The project's id.
            config: The label config as XML.
        """
        with self._translated(f"change the label config of project {project}"):
            self._change_project(project, label_config=config)

    def delete_project(self, project: int) -> None:
        """Delete a project with everything in it; one that is gone already is no error.

        Args:
            project: The project's id.
        """
        with self._translated(f"delete project {project}"):
            path = f"/api/projects/{int(project)}/"
            try:
                # Its number may be another project's by the time a second try comes: then it was made at another time.
                made = self._ask("GET", path, read=lambda p: str(_about(int(project))(p)["created_at"]))
                try:
                    self._ask("DELETE", path)
                except (Refused, httpx.TransportError) as fault:
                    if isinstance(fault, Refused) and fault.status not in BUSY:
                        raise
                    if self._ask("GET", path, read=lambda p: str(p["created_at"])) == made:
                        self._ask("DELETE", path)
            except Refused as fault:
                if not fault.is_gone:
                    raise

    # -- tasks and annotations ----------------------------------------------------------------------------

    def import_tasks(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> Stored:
        """Store tasks in a project and return how many of each kind the server says it stored.

        Each request of up to ``IMPORT_BATCH`` tasks is all or nothing on the server. Nothing is sent twice: after
        a lost reply, ask what is there before going on.

        Args:
            project: The project's id.
            tasks: ``{"data": …, "meta": …}`` each, with ``predictions`` or not.
        """
        stored = Stored()
        with counting("Sending tasks", len(tasks), "task") as count:
            for start in range(0, len(tasks), IMPORT_BATCH):
                batch = [dict(task) for task in tasks[start : start + IMPORT_BATCH]]
                with self._translated(f"store {len(batch)} tasks in project {project}"):
                    stored += self._ask(
                        "POST",
                        f"/api/projects/{int(project)}/import",
                        read=lambda told: Stored(
                            int(told["task_count"]),
                            int(told["prediction_count"] or 0),
                            int(told.get("annotation_count") or 0),
                        ),
                        content=orjson.dumps(batch),
                        headers={"Content-Type": "application/json"},
                    )
                count(len(batch))
        return stored

    def export(
        self, project: int, *, tasks: Sequence[int] | None = None, held: int | None = None
    ) -> list[dict[str, Any]]:
        """Return tasks of a project as raw JSON, in the order of their ids: data, meta, annotations, drafts.

        Args:
            project: The project's id.
            tasks: The ids of those wanted; None for every task.
            held: About how many tasks the project holds, where that is known: a bar's length, and whether to read it
                in parts.
        """
        found: list[dict[str, Any]] = []
        if tasks is not None:
            held = len(tasks)
        elif held is None:
            held = self.project(project).tasks or 0
        with counting("Reading tasks", held, "task") as count:
            for part in self.exported(project, tasks=tasks, held=held):
                found += part
                count(len(part))
        return sorted(found, key=lambda task: int(task["id"]))

    def exported(
        self, project: int, *, tasks: Sequence[int] | None = None, held: int, untouched: int = 0
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield tasks of a project as ``export`` returns them, so many at once as one request brings.

        A small project comes in one request. A large one comes in parts: a request for all of it takes minutes in which
        nobody knows how far it is, and holds all of it in memory here and there.

        Args:
            project: The project's id.
            tasks: The ids of those wanted; None for every task.
            held: About how many tasks these are.
            untouched: Of how many of them nobody has said anything, about. Where these are many they are listed, which
                takes the server a third of the time, and come without the ids of their predictions.
        """
        if tasks is None and held <= WHOLE_AT_ONCE and untouched <= IDS_AT_ONCE:
            yield self._exported(project, None)
            return
        seen: set[int] = set()
        left: Sequence[int] = sorted(set(tasks)) if tasks is not None else ()
        if tasks is None:
            left, size = self._likely_ids(project)
            if untouched > IDS_AT_ONCE:
                for page in self._bare(project, min(PAGE, max(PART_BYTES // size, FIRST_LOOK))):
                    page = [task for task in page if int(task["id"]) not in seen]  # pages shift as people work
                    bare = {int(task["id"]) for task in page}
                    place = bisect.bisect_right(left, max(bare, default=0))
                    others = [number for number in left[:place] if number not in bare]
                    left = left[place:]
                    part = [*page, *itertools.chain.from_iterable(self._exported_parts(project, others))]
                    seen.update(int(task["id"]) for task in part)
                    yield sorted(part, key=lambda task: int(task["id"]))
        while True:
            for part in self._exported_parts(project, left):
                seen.update(int(task["id"]) for task in part)
                yield part
            if tasks is not None or self.project(project).tasks == len(seen):
                return
            # What came while the others were read; one that goes meanwhile is not asked for again.
            left = sorted({*self.task_ids(project)} - seen)
            if not left:
                return
            seen.update(left)

    def _bare(self, project: int, size: int) -> Iterator[list[dict[str, Any]]]:
        """Yield the tasks of which nobody has said anything, as exported, without their predictions."""
        query = _query(*UNTOUCHED, conjunction="and")
        with self._translated(f"list the tasks of project {project}"):
            for page, _ in self._pages(project, ",".join((*BARE, *COUNTS)), query, size=size):
                yield [
                    {**{name: task[name] for name in BARE}, "annotations": [], "drafts": [], "predictions": []}
                    for task in page
                    if not any(task[name] for name in COUNTS)
                ]

    def _likely_ids(self, project: int) -> tuple[Sequence[int], int]:
        """Return numbers among which a project's tasks are, in order, and how large the first one's data are.

        Tasks that are stored at once have one after the other; to list them takes the server a quarter of the time that
        exporting them does.
        """
        about = {"project": int(project), "include": "id,data", "resolve_uri": "false", "page_size": 1, "page": 1}
        ends, total = [], 0
        with self._translated(f"list the tasks of project {project}"):
            for order in ("tasks:id", "-tasks:id"):
                params = {**about, "query": orjson.dumps({"ordering": [order]}).decode()}
                rows, total = self._ask("GET", "/api/tasks", read=_page("tasks", "total", "id", "data"), params=params)
                ends += rows
        numbers = [int(row["id"]) for row in ends]
        likely: Sequence[int] = range(min(numbers), max(numbers) + 1) if numbers else ()
        if not 0 < len(likely) <= 2 * total:
            likely = sorted(self.task_ids(project))
        return likely, max((len(orjson.dumps(row)) for row in ends), default=1)

    def _exported_parts(self, project: int, tasks: Sequence[int]) -> Iterator[list[dict[str, Any]]]:
        """Yield tasks as exported, more or fewer at once by how large they are."""
        most = IDS_DIRECT if self.is_direct else IDS_AT_ONCE
        step = min(IDS_AT_ONCE, most)

        def read(some: Sequence[int]) -> list[dict[str, Any]]:
            nonlocal step
            part = self._exported(project, some)
            if part:
                step = max(1, min(most, PART_BYTES * len(part) // len(orjson.dumps(part))))
            return part

        def parts() -> Iterator[Callable[[], list[dict[str, Any]]]]:
            place = 0
            while place < len(tasks):
                some = tasks[place : place + step]
                place += len(some)
                yield partial(read, some)

        yield from self.in_order(parts())

    def _exported(self, project: int, tasks: Sequence[int] | None) -> list[dict[str, Any]]:
        how: dict[str, Any] = {"exportType": "JSON", "download_all_tasks": "true"}
        if tasks is not None:
            how["ids[]"] = list(tasks)
        with self._translated(f"export project {project}"):
            path = f"/api/projects/{int(project)}/export"
            return self._ask("GET", path, read=_tasks, params=how)

    def task_ids(self, project: int) -> list[int]:
        """Return the ids of every task of a project.

        Args:
            project: The project's id.
        """
        with self._translated(f"list the tasks of project {project}"):
            return [int(task["id"]) for page, _ in self._pages(project, "id") for task in page]

    def _pages(
        self, project: int, include: str, query: str = "", *, size: int = PAGE, **more: Any
    ) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """Yield the pages of a list of tasks, each with how many tasks there are in all."""
        about = {"project": int(project), "include": include, "resolve_uri": "false", "page_size": size, **more}
        if query:
            about["query"] = query
        listed = 0
        while True:
            read = _page("tasks", "total", *include.split(","))
            rows, total = self._ask("GET", "/api/tasks", read=read, params={**about, "page": listed // size + 1})
            listed += len(rows)
            yield rows, total
            # A page past the last is a 404, so the server's own count says when to stop.
            # One that was deleted meanwhile is counted, and not among the rows.
            if len(rows) < size or listed >= total:
                return

    def answered(self, project: int) -> int:
        """Return how many tasks of a project hold an answer, those marked as the truth among them.

        Args:
            project: The project's id.
        """
        with self._translated(f"count the answers in project {project}"):
            counted = self._ask(
                "GET",
                "/api/tasks",
                read=lambda page: int(page["total"]),
                params={"project": int(project), "include": "id", "page_size": 1, "query": _query(ANSWERED)},
            )
            # A task's own count may be lost on a busy server; who answered is asked of the answers.
            pages = self._pages(project, "id", _query(*UNCOUNTED, conjunction="and"))
            uncounted = {int(task["id"]) for page, _ in pages for task in page}
        if not uncounted:
            return counted
        tasks = self.export(project, tasks=list(uncounted))
        return counted + sum(any(not one["was_cancelled"] for one in task["annotations"]) for task in tasks)

    def annotate(
        self,
        task: int,
        result: Sequence[Mapping[str, Any]],
        *,
        lead_time: float | None = None,
        ground_truth: bool = False,
        known: Collection[int] = (),
        **more: Any,
    ) -> int:
        """Submit an annotation to a task and return the annotation's id.

        Where the reply is lost, it is looked for: an answer is submitted once.

        Args:
            task: The task's id.
            result: Label Studio results.
            lead_time: Seconds the work took, if that is known.
            ground_truth: Whether it is marked as the truth; the server then takes the mark from the task's others.
            known: The ids of annotations that the task is known to have.
            more: What else is said of it, as Label Studio calls it: ``completed_by``, ``import_id``, ``was_cancelled``.
        """
        with self._translated(f"submit an annotation to task {task}"):
            return self._submit(task, result, lead_time=lead_time, ground_truth=ground_truth, known=known, **more)

    def annotate_once(self, task: int, result: Sequence[Mapping[str, Any]], *, mark: str, **more: Any) -> int | None:
        """Submit an annotation, and return its id, or None where one of this mark is there, from any kernel.

        The server itself refuses a second one: whoever looks before may look too early.

        Args:
            task: The task's id.
            result: Label Studio results.
            mark: What this annotation is, and no other of this task.
            more: As ``annotate`` takes it.
        """
        unique = str(uuid.uuid5(uuid.NAMESPACE_OID, f"lsnb {int(task)} {mark}"))
        with self._translated(f"submit an annotation to task {task}"):
            try:
                return self._submit(task, result, unique_id=unique, **more)
            except Refused as fault:
                if fault.status == 409:
                    return None
                raise

    def _submit(
        self,
        task: int,
        result: Sequence[Mapping[str, Any]],
        *,
        lead_time: float | None = None,
        known: Collection[int] = (),
        **more: Any,
    ) -> int:
        body: dict[str, Any] = {"result": [dict(r) for r in result], **more}
        if lead_time is not None:
            body["lead_time"] = lead_time
        path, since = f"/api/tasks/{int(task)}/annotations/", self.clock_moment()
        sent = _as_text(body["result"])

        def look() -> int | None:
            there = self._ask("GET", path, read=_rows("id", "result", "created_at"))
            new = [one for one in there if one["id"] not in known and str(one["created_at"]) >= since]
            return max((int(one["id"]) for one in new if _as_text(one["result"]) == sent), default=None)

        return self._once(lambda: self._ask("POST", path, read=lambda made: int(made["id"]), json=body), look)

    def draft(
        self,
        task: int,
        result: Sequence[Mapping[str, Any]],
        *,
        annotation: int | None = None,
        lead_time: float | None = None,
    ) -> int:
        """Store a draft of this user's, and return its id.

        Args:
            task: The task's id.
            result: Label Studio results.
            annotation: The annotation that it changes, if it is not a new one.
            lead_time: Seconds the work took, if that is known.
        """
        path = f"/api/tasks/{int(task)}" + (f"/annotations/{int(annotation)}" if annotation is not None else "")
        body = {"result": [dict(one) for one in result], "lead_time": lead_time}
        with self._translated(f"store a draft of task {task}"):
            return self._ask("POST", f"{path}/drafts", read=lambda made: int(made["id"]), json=body)

    def drafts(self, task: int) -> list[dict[str, Any]]:
        """Return the drafts of a task, with ``id``, ``user`` and ``result`` at least.

        Args:
            task: The task's id.
        """
        with self._translated(f"read the drafts of task {task}"):
            return self._ask("GET", f"/api/tasks/{int(task)}/drafts", read=_rows("id", "user", "result"))

    def delete_draft(self, draft: int) -> None:
        """Delete a draft; one that is gone already is no error.

        Args:
            draft: The draft's id.
        """
        with self._translated(f"delete draft {draft}"):
            self._delete(f"/api/drafts/{int(draft)}/")

    def mark_truth(self, annotation: int, ground_truth: bool) -> None:
        """Mark an annotation as the truth, or take the mark away.

        Args:
            annotation: The annotation's id.
            ground_truth: Whether it is the truth.
        """
        with self._translated(f"mark annotation {annotation}"):
            path = f"/api/annotations/{int(annotation)}/"
            self._ask("PATCH", path, read=_about(int(annotation)), again=True, json={"ground_truth": ground_truth})

    def changed_tasks(
        self, project: int, since: str, *, most: int | None = None, drafts: bool = False
    ) -> list[dict[str, Any]] | None:
        """Return the tasks of a project that changed after a moment, as exported, but with their predictions whole.

        The server's own filter finds them (data manager, ``tasks:updated_at``); it sees an annotation created, edited,
        deleted or skipped and a task edited, but neither drafts nor deleted tasks.

        Args:
            project: The project's id.
            since: ISO 8601 with microseconds and ``Z``, on the server's clock; the moment itself is left out.
            most: Where more than these changed, None is returned, once the first page says so.
            drafts: Whether to return tasks that hold drafts too, whenever they changed.
        """
        query = _query(_changed(since), *([DRAFTED] if drafts else []))
        with self._translated(f"ask what changed in project {project}"):
            # The first page is short: it says whether to go on.
            page, total = next(self._pages(project, "id", query, size=FIRST_LOOK))
            if most is not None and total > most:
                return None
            pages = [page] if total <= len(page) else (page for page, _ in self._pages(project, "id", query))
            found = [int(task["id"]) for page in pages for task in page]
            if not found:
                return []
            tasks = [task for part in self.exported(project, tasks=found, held=len(found)) for task in part]
            said = self._predictions_of(project, tasks, query)
        return [{**task, "predictions": said.get(int(task["id"]), [])} for task in tasks]

    def _predictions_of(
        self, project: int, tasks: Sequence[Mapping[str, Any]], query: str
    ) -> dict[int, list[dict[str, Any]]]:
        """Return exported tasks' predictions, which the export names by their ids alone, by the tasks' ids.

        Args:
            project: The project's id.
            tasks: The tasks.
            query: The data manager's, which found them.
        """
        said: dict[int, list[dict[str, Any]]] = {}
        predicted = {int(task["id"]) for task in tasks if task.get("predictions")}
        if not predicted:
            return said
        # Listed with all that is in them, a task takes as long as some twenty predictions of the project's list.
        if len(predicted) * 20 < sum(self.model_versions(project).values()):
            for page, _ in self._pages(project, "id,predictions", query, fields="all"):
                said |= {int(task["id"]): task["predictions"] for task in page}
            return said
        for told in self.predictions(project):
            said.setdefault(int(told["task"]), []).append(told)
        return said

    def task_metas(self, project: int, *, since: str | None = None) -> list[dict[str, Any]]:
        """Return id and meta of every task of a project: a third of the time that an export takes.

        Args:
            project: The project's id.
            since: Only of tasks that changed after this moment, as ``changed_tasks`` takes it.
        """
        query = "" if since is None else _query(_changed(since))
        with self._translated(f"list the tasks of project {project}"):
            return metas_alone(task for page, _ in self._pages(project, "id,meta", query) for task in page)

    def some_metas(self, project: int) -> list[dict[str, Any]]:
        """Return the metas of a project's first tasks: enough to see whose it is, in one request.

        Args:
            project: The project's id.
        """
        about = {"project": int(project), "include": "id,meta", "resolve_uri": "false", "page_size": 20, "page": 1}
        with self._translated(f"list the tasks of project {project}"):
            rows, _ = self._ask("GET", "/api/tasks", read=_page("tasks", "total", "id", "meta"), params=about)
        return [row["meta"] for row in rows if isinstance(row["meta"], dict)]

    def task_data(self, project: int) -> dict[int, dict[str, Any]]:
        """Return the data of every task of a project, by the task's id.

        Args:
            project: The project's id.
        """
        found: dict[int, dict[str, Any]] = {}
        about = {"project": int(project), "include": "id,data", "resolve_uri": "false", "page_size": PAGE}
        with self._translated(f"list the tasks of project {project}"):
            for page in itertools.count(1):
                params = {**about, "page": page}
                rows, total = self._ask("GET", "/api/tasks", read=_page("tasks", "total", "id", "data"), params=params)
                found |= {int(row["id"]): row["data"] for row in rows}
                if not rows or len(found) >= total:
                    break
        return found

    def replace_data(self, task: int, data: Mapping[str, Any]) -> None:
        """Replace a task's data; its annotations and its meta stay.

        Args:
            task: The task's id.
            data: All of the new data.
        """
        with self._translated(f"change task {task}"):
            self._change_task(task, data=dict(data))

    def replace_meta(self, task: int, meta: Mapping[str, Any]) -> None:
        """Replace a task's meta; its annotations and its data stay.

        Args:
            task: The task's id.
            meta: All of the new meta: what lsnb keeps there must be in it.
        """
        with self._translated(f"change task {task}"):
            self._change_task(task, meta=dict(meta))

    def _change_task(self, task: int, **fields: Any) -> None:
        # Under this parameter the server looks up less of the task before it changes it: a quarter of its time.
        path, about = f"/api/tasks/{int(task)}/", {"review": "true"}
        self._ask("PATCH", path, read=_about(int(task)), again=True, params=about, json=fields)

    def delete_tasks(
        self,
        project: int,
        tasks: Sequence[int],
        *,
        unless_answered: bool = False,
        unless_drafted: bool = False,
        unless_after: str = "",
    ) -> int:
        """Delete tasks with everything in them and return how many went; where the reply is lost, it is looked.

        Args:
            project: The project's id.
            tasks: The tasks' ids.
            unless_answered: Whether to leave those that hold an answer, a skip or a draft by the time the server comes
                to it: who looked before may have looked too early.
            unless_drafted: Leave those that hold a draft.
            unless_after: Leave those that somebody answered after this moment, as the server writes it.
        """
        if not tasks:
            return 0
        body: dict[str, Any] = {"selectedItems": {"all": False, "included": list(tasks)}}
        unless = list(UNANSWERED) if unless_answered else [UNDRAFTED] if unless_drafted else []
        if unless_after:
            about = {"filter": "filter:tasks:updated_at", "operator": "less_or_equal", "type": "Datetime"}
            unless.append({**about, "value": unless_after})
        if unless:
            body["filters"] = {"conjunction": "and", "items": unless}

        def delete() -> int:
            return self._ask(
                "POST",
                "/api/dm/actions",
                read=lambda done: int(done["processed_items"]),
                params={"id": "delete_tasks", "project": int(project)},
                json=body,
            )

        def look() -> int | None:
            # It is all or nothing on the server, save for what it was to leave.
            left = len(self.export(project, tasks=list(tasks)))
            return len(tasks) - left if left < len(tasks) else None

        with self._translated(f"delete {len(tasks)} tasks of project {project}"):
            went = self._once(delete, look)
            # A Label Studio that found its database locked repeats the request, and then counts what it still found.
            return went if went >= len(tasks) else look() or 0

    # -- storage and people --------------------------------------------------------------------------------

    def connect_storage(
        self,
        project: int,
        *,
        bucket: str,
        presign: bool,
        presign_ttl: int,
        credentials: str | None,
        read_only: bool = False,
    ) -> bool:
        """Let a project show objects of a bucket; return False where it could already.

        The storage is connected, never synced: a sync would add every object as a second task. Before a server is given
        a bucket's key for the first time, a warning says which server that is.

        Args:
            project: The project's id.
            bucket: The bucket's name.
            presign: Whether the browser fetches from the bucket by signed links (else Label Studio streams).
            presign_ttl: Minutes a signed link is good for.
            credentials: A service account's JSON as text, or None for the server's own.
            read_only: Whether these were made for this, and may only read.
        """
        if credentials is not None and not self._is_of_stack and (bucket, self.url) not in _told:
            warn(_handing(self.url, bucket, credentials, read_only=read_only))
            _told.add((bucket, self.url))  # not before: who makes errors of warnings was told nothing else
        about: dict[str, Any] = {"presign": presign, "presign_ttl": presign_ttl}
        if credentials is not None:
            about["google_application_credentials"] = credentials
        known = next((one for one in self.storages(project) if one["bucket"] == bucket), None)
        with self._translated(f"connect the bucket {bucket!r} to project {project}"):
            if known is not None:
                # The key there cannot be read, so it is sent again: it may have been renewed.
                self._change_storage(int(known["id"]), about)
                return False
            about |= {"project": int(project), "title": f"gs://{bucket}", "bucket": bucket, "use_blob_urls": True}
            try:
                self._make_storage(about)
            except (Refused, httpx.TransportError) as fault:
                if isinstance(fault, Refused) and fault.status not in BUSY:
                    raise
                if not any(one["bucket"] == bucket for one in self.storages(project)):
                    raise
        return True

    def storages(self, project: int) -> list[dict[str, Any]]:
        """Return the buckets that a project is connected to: id, bucket, presign; never a key.

        Args:
            project: The project's id.
        """
        with self._translated(f"list the storages of project {project}"):
            read = _rows("id", "bucket", "presign")
            return self._ask("GET", "/api/storages/gcs", read=read, params={"project": int(project)})

    def _make_storage(self, about: Mapping[str, Any]) -> None:
        self._ask("POST", "/api/storages/gcs/", read=lambda made: int(made["id"]), json=about)

    def _change_storage(self, storage: int, about: Mapping[str, Any]) -> None:
        self._ask("PATCH", f"/api/storages/gcs/{storage}", read=_about(storage), again=True, json=about)

    def accounts(self) -> dict[str, str]:
        """Return the number of each account, as text, and its e-mail address."""
        with self._translated("list the accounts"):
            return self._ask(
                "GET", "/api/users", read=lambda users: {str(int(user["id"])): str(user["email"]) for user in users}
            )

    def invite_link(self) -> str:
        """Return the address under which a new annotator signs up on this server."""
        with self._translated("ask for the invite link"):
            path = self._ask("GET", "/api/invite", read=lambda invite: told_text(invite["invite_url"]))
        return path if path.startswith("http") else f"{self.url}{path}"


# (bucket, server) of which it was said that the one's key goes to the other.
_told: set[tuple[str, str]] = set()


def _handing(url: str, bucket: str, credentials: str, *, read_only: bool) -> str:
    account = " ".join(str(orjson.loads(credentials).get("client_email") or "your account").split())[:254]
    if read_only:
        return (
            f"The read-only key of {account} for the bucket {bucket!r} goes to Label Studio at {url}, which keeps it."
        )
    return (
        f"The key of {account} for the bucket {bucket!r} goes to Label Studio at {url}, which keeps it: whoever runs "
        "that server can do with the bucket what this account can. Better give it a key that can only read: make a "
        "second service account with the role roles/storage.objectViewer on this bucket alone, and name its JSON in "
        "GCS_READ_CREDENTIALS, beside GCS_CREDENTIALS."
    )


def metas_alone(tasks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return id and meta of tasks, what many of them say held once: a study's say nearly the same of it.

    Args:
        tasks: Tasks with at least these.

    Example:
        >>> metas_alone([{"id": 7, "meta": {"item": "a"}, "data": {}}])
        [{'id': 7, 'meta': {'item': 'a'}}]
    """
    same: dict[bytes, Any] = {}

    def kept(name: str, value: Any) -> Any:
        return value if name == "item" else same.setdefault(orjson.dumps(value), value)

    metas = ((task["id"], task["meta"]) for task in tasks)
    return [
        {"id": number, "meta": {n: kept(n, v) for n, v in meta.items()} if isinstance(meta, dict) else meta}
        for number, meta in metas
    ]


def _changed(since: str) -> dict[str, Any]:
    """Return the data manager's filter for tasks that changed after a moment."""
    return {"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": since}


def _query(*filters: Mapping[str, Any], conjunction: str = "or") -> str:
    """Return the query for tasks that any of the filters finds, or with ``and`` all of them."""
    return orjson.dumps({"filters": {"conjunction": conjunction, "items": filters}}).decode()


def _as_text(told: Any) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY)


def _about(number: int) -> Callable[[Any], dict[str, Any]]:
    """Return a reader of an answer that must be about the thing of this number."""

    def read(answer: Any) -> dict[str, Any]:
        if int(answer["id"]) != number:
            raise ValueError
        return dict(answer)

    return read


def _rows(*names: str) -> Callable[[Any], list[dict[str, Any]]]:
    """Return a reader of a list of objects that all have these names."""

    def read(answer: Any) -> list[dict[str, Any]]:
        if not isinstance(answer, list) or not all(name in row for row in answer for name in names):
            raise TypeError
        if not all(isinstance(row, dict) for row in answer):
            raise TypeError
        return answer

    return read


def _tasks(answer: Any) -> list[dict[str, Any]]:
    """Read exported tasks, in one order on every database: PostgreSQL's is that of the last changes."""
    tasks = _rows("id", "data", "annotations")(answer)
    for task in tasks:
        for kind in ("annotations", "drafts"):
            (task.get(kind) or []).sort(key=lambda one: int(one["id"]) if isinstance(one, Mapping) else int(one))
    return sorted(tasks, key=lambda task: int(task["id"]))


def _page(rows: str, count: str, *names: str) -> Callable[[Any], tuple[list[dict[str, Any]], int]]:
    """Return a reader of one page of a list: its rows, and how many there are in all."""
    read_rows = _rows(*names)
    return lambda answer: (read_rows(answer[rows]), int(answer[count]))
