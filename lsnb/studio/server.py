"""What a Label Studio is asked to do: projects, tasks, annotations, storages, people.

Facts about the server are those of Label Studio 1.23 (its API reference and source).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from label_studio_sdk.core.api_error import ApiError

from lsnb.errors import LabelConfigError
from lsnb.studio.connection import reason
from lsnb.studio.predictions import PredictionRequests

# Sending an import twice stores every task twice, so what writes is never repeated blindly.
ONCE = {"max_retries": 0}
IMPORT_BATCH = 1000
PAGE = 1000


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
        created: When it was made, on the server's clock; SQLite gives a deleted project's id to the next.
    """

    id: int
    title: str
    description: str
    config: str | None = None
    tasks: int | None = None
    done: int | None = None
    annotations: int | None = None
    skipped: int | None = None
    created: str = ""


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
                answer = self._ask("GET", "/api/projects/", params=about)
                listed += answer["results"]
                if not answer["results"] or len(listed) >= int(answer["count"]):
                    break
        return [Project(int(p["id"]), p["title"] or "", p["description"] or "") for p in listed]

    def project(self, project: int) -> Project:
        """Return one project with its config and counts.

        Args:
            project: The project's id.
        """
        with self._translated(f"open project {project}"):
            p = self._client.projects.get(id=int(project))
            return Project(
                id=int(p.id),
                title=p.title or "",
                description=p.description or "",
                config=p.label_config or "",
                tasks=p.task_number or 0,
                done=p.num_tasks_with_annotations or 0,
                annotations=p.total_annotations_number or 0,
                skipped=p.skipped_annotations_number or 0,
                created=str(p.created_at or ""),
            )

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
            try:
                made = self._client.projects.create(
                    title=title,
                    description=description,
                    label_config=config,
                    expert_instruction=instructions,
                    show_instruction=bool(instructions),
                    request_options=ONCE,
                )
            except ApiError as fault:
                errors = fault.body.get("validation_errors") if isinstance(fault.body, dict) else None
                if isinstance(errors, dict) and "label_config" in errors:
                    why = reason(errors["label_config"], self._api_key)
                    raise LabelConfigError(f"Label Studio does not accept this label config: {why}") from None
                raise
        return Project(int(made.id), made.title or title, description, config=config, tasks=0)

    def describe_project(self, project: int, description: str) -> None:
        """Replace a project's description.

        Args:
            project: The project's id.
            description: The new text.
        """
        with self._translated(f"change the description of project {project}"):
            self._client.projects.update(id=int(project), description=description)

    def configure_project(self, project: int, config: str) -> None:
        """Replace a project's label config.

        Args:
            project: The project's id.
            config: The label config as XML.
        """
        with self._translated(f"change the label config of project {project}"):
            self._client.projects.update(id=int(project), label_config=config)

    def delete_project(self, project: int) -> None:
        """Delete a project with everything in it; one that is gone already is no error.

        Args:
            project: The project's id.
        """
        with self._translated(f"delete project {project}"):
            try:
                self._client.projects.delete(id=int(project), request_options=ONCE)
            except ApiError as fault:
                if fault.status_code != 404:
                    raise

    # -- tasks and annotations ----------------------------------------------------------------------------

    def import_tasks(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> int:
        """Store tasks in a project and return how many.

        Each request of up to ``IMPORT_BATCH`` tasks is all or nothing on the server. Nothing is sent twice: after
        a lost reply, ask what is there before going on.

        Args:
            project: The project's id.
            tasks: ``{"data": …, "meta": …}`` each.
        """
        stored = 0
        for start in range(0, len(tasks), IMPORT_BATCH):
            batch = [dict(task) for task in tasks[start : start + IMPORT_BATCH]]
            with self._translated(f"store {len(batch)} tasks in project {project}"):
                answer = self._client.projects.import_tasks(id=int(project), request=batch, request_options=ONCE)
            stored += int(answer.task_count or 0)
        return stored

    def export(self, project: int) -> list[dict[str, Any]]:
        """Return every task of a project as raw JSON: data, meta, annotations, drafts.

        Args:
            project: The project's id.
        """
        with self._translated(f"export project {project}"):
            chunks = self._client.projects.exports.download_sync(
                id=int(project), export_type="JSON", download_all_tasks=True
            )
            tasks: list[dict[str, Any]] = orjson.loads(b"".join(chunks))
        return tasks

    def annotate(
        self,
        task: int,
        result: Sequence[Mapping[str, Any]],
        *,
        lead_time: float | None = None,
        ground_truth: bool = False,
    ) -> int:
        """Submit an annotation to a task and return the annotation's id.

        Args:
            task: The task's id.
            result: Label Studio results.
            lead_time: Seconds the work took, if that is known.
            ground_truth: Whether it is marked as the truth; the server then takes the mark from the task's others.
        """
        body: dict[str, Any] = {"result": [dict(r) for r in result], "ground_truth": ground_truth}
        if lead_time is not None:
            body["lead_time"] = lead_time
        with self._translated(f"submit an annotation to task {task}"):
            return int(self._ask("POST", f"/api/tasks/{int(task)}/annotations/", json=body)["id"])

    def mark_truth(self, annotation: int, ground_truth: bool) -> None:
        """Mark an annotation as the truth, or take the mark away.

        Args:
            annotation: The annotation's id.
            ground_truth: Whether it is the truth.
        """
        with self._translated(f"mark annotation {annotation}"):
            self._ask("PATCH", f"/api/annotations/{int(annotation)}/", json={"ground_truth": ground_truth})

    def changed_tasks(self, project: int, since: str) -> list[dict[str, Any]]:
        """Return the tasks of a project that changed after a moment: data, annotations, predictions.

        The server's own filter finds them (data manager, ``tasks:updated_at``); it sees an annotation created, edited,
        deleted or skipped and a task edited, but neither drafts nor deleted tasks.

        Args:
            project: The project's id.
            since: ISO 8601 with microseconds and ``Z``, on the server's clock; the moment itself is left out.
        """
        changed: list[dict[str, Any]] = []
        with self._translated(f"ask what changed in project {project}"):
            while True:
                answer = self._ask(
                    "GET",
                    "/api/tasks",
                    params={
                        "project": int(project),
                        "fields": "all",
                        "resolve_uri": "false",
                        "page": len(changed) // PAGE + 1,
                        "page_size": PAGE,
                        "query": _changed_since(since),
                    },
                )
                changed += answer["tasks"]
                # A page past the last is a 404, so the server's own count says when to stop.
                if not answer["tasks"] or len(changed) >= int(answer["total"]):
                    return changed

    def task_metas(self, project: int, *, since: str | None = None) -> list[dict[str, Any]]:
        """Return id and meta of every task of a project: a third of the time that an export takes.

        Args:
            project: The project's id.
            since: Only of tasks that changed after this moment, as ``changed_tasks`` takes it.
        """
        listed: list[dict[str, Any]] = []
        about = {"project": int(project), "include": "id,meta", "resolve_uri": "false", "page_size": PAGE}
        if since is not None:
            about["query"] = _changed_since(since)
        with self._translated(f"list the tasks of project {project}"):
            while True:
                answer = self._ask("GET", "/api/tasks", params={**about, "page": len(listed) // PAGE + 1})
                listed += answer["tasks"]
                if not answer["tasks"] or len(listed) >= int(answer["total"]):
                    return listed

    def replace_data(self, task: int, data: Mapping[str, Any]) -> None:
        """Replace a task's data; its annotations and its meta stay.

        Args:
            task: The task's id.
            data: All of the new data.
        """
        with self._translated(f"change task {task}"):
            self._ask("PATCH", f"/api/tasks/{task}/", json={"data": dict(data)})

    def replace_meta(self, task: int, meta: Mapping[str, Any]) -> None:
        """Replace a task's meta; its annotations and its data stay.

        Args:
            task: The task's id.
            meta: All of the new meta: what lsnb keeps there must be in it.
        """
        with self._translated(f"change task {task}"):
            self._ask("PATCH", f"/api/tasks/{task}/", json={"meta": dict(meta)})

    def delete_tasks(self, project: int, tasks: Sequence[int]) -> None:
        """Delete tasks with everything in them.

        Args:
            project: The project's id.
            tasks: The tasks' ids.
        """
        if not tasks:
            return
        with self._translated(f"delete {len(tasks)} tasks of project {project}"):
            self._ask(
                "POST",
                "/api/dm/actions",
                params={"id": "delete_tasks", "project": int(project)},
                json={"selectedItems": {"all": False, "included": list(tasks)}},
            )

    # -- storage and people --------------------------------------------------------------------------------

    def connect_storage(
        self, project: int, *, bucket: str, presign: bool, presign_ttl: int, credentials: str | None
    ) -> bool:
        """Let a project show objects of a bucket; return False where it could already.

        The storage is connected, never synced: a sync would add every object as a second task.

        Args:
            project: The project's id.
            bucket: The bucket's name.
            presign: Whether the browser fetches from the bucket by signed links (else Label Studio streams).
            presign_ttl: Minutes a signed link is good for.
            credentials: A service account's JSON as text, or None for the server's own.
        """
        with self._translated(f"list the storages of project {project}"):
            present = self._client.import_storage.gcs.list(project=int(project))
        with self._translated(f"connect the bucket {bucket!r} to project {project}"):
            for storage in present:
                if storage.bucket == bucket:
                    # The key there cannot be read, so it is sent again: it may have been renewed.
                    self._client.import_storage.gcs.update(
                        id=storage.id,
                        presign=presign,
                        presign_ttl=presign_ttl,
                        google_application_credentials=credentials,
                        request_options=ONCE,
                    )
                    return False
            self._client.import_storage.gcs.create(
                project=int(project),
                title=f"gs://{bucket}",
                bucket=bucket,
                presign=presign,
                presign_ttl=presign_ttl,
                use_blob_urls=True,
                google_application_credentials=credentials,
                request_options=ONCE,
            )
        return True

    def invite_link(self) -> str:
        """Return the address under which a new annotator signs up on this server."""
        with self._translated("ask for the invite link"):
            invite = self._client.organizations.invites.get_invite_link()
        path = str(invite.invite_url or "")
        return path if path.startswith("http") else f"{self.url}{path}"


def _changed_since(since: str) -> str:
    """Return the data manager's filter for tasks that changed after a moment, as the text of a query."""
    item = {"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": since}
    return orjson.dumps({"filters": {"conjunction": "and", "items": [item]}}).decode()
