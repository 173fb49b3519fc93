"""What a Label Studio is asked to do with predictions: store many at once, list, show and delete them.

Facts about the server are those of Label Studio 1.23 (its API reference and source). It has no deletion of several
predictions by their ids: its actions delete all of a task, or all of a model in a project.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from label_studio_sdk.core.api_error import ApiError

from lsnb.studio.connection import Connection

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
            if tasks is None:
                listed: list[dict[str, Any]] = self._ask("GET", path, params={"project": int(project)})
                return listed
            if tasks and len(tasks) * WORTH_OF_A_REQUEST < sum(self.model_versions(project).values()):
                return [told for task in tasks for told in self._ask("GET", path, params={"task": int(task)})]
        return [told for told in self.predictions(project) if told["task"] in tasks]

    def model_versions(self, project: int) -> dict[str, int]:
        """Return how many predictions of each model a project holds.

        Args:
            project: The project's id.
        """
        with self._translated(f"count the predictions of project {project}"):
            counts = self._ask("GET", f"/api/projects/{int(project)}/model-versions/")
        return {str(version): int(count) for version, count in dict(counts or {}).items()}

    def predict(self, task: int, result: Sequence[Mapping[str, Any]], *, model_version: str) -> int:
        """Store a prediction of a task and return the prediction's id.

        Args:
            task: The task's id.
            result: Label Studio results, checked: the open-source server stores whatever it is sent.
            model_version: What the model is called.
        """
        with self._translated(f"store a prediction of task {task}"):
            body = {"task": int(task), "result": [dict(r) for r in result], "model_version": model_version}
            return int(self._ask("POST", "/api/predictions/", json=body)["id"])

    def import_predictions(self, project: int, predictions: bytes) -> int:
        """Store predictions of tasks that are there, and return how many the server kept.

        It drops what its own check refuses and answers 201 all the same; one unknown task and it keeps none. Each
        call counts the whole project anew, so few large calls are quicker than many. Sending twice stores twice.

        Args:
            project: The project's id.
            predictions: A JSON list of ``{"task", "result", "score", "model_version"}``.
        """
        with self._translated(f"store predictions in project {project}"):
            answer = self._ask(
                "POST",
                f"/api/projects/{int(project)}/import/predictions",
                content=predictions,
                headers={"Content-Type": "application/json"},
            )
            return int(answer["created"])

    def why_dropped(self, config: str, prediction: Mapping[str, Any]) -> str:
        """Return what the server's own check of predictions says, or an empty text where it has no objection.

        Args:
            config: The label config as XML.
            prediction: ``{"result", "score", "model_version"}``.
        """
        from label_studio_sdk.label_interface.interface import LabelInterface  # takes a while to import

        try:
            judge: Any = LabelInterface(config)
            found = judge.validate_prediction(dict(prediction), return_errors=True)
        except Exception as fault:  # the check itself stumbles over some values, and then the server drops them too
            return f"{type(fault).__name__}: {fault}"
        return "; ".join(str(part) for part in found) if isinstance(found, list) else ""

    def delete_prediction(self, prediction: int) -> None:
        """Delete a prediction; one that is gone already is no error.

        Args:
            prediction: The prediction's id.
        """
        with self._translated(f"delete prediction {prediction}"):
            try:
                self._ask("DELETE", f"/api/predictions/{int(prediction)}/")
            except ApiError as fault:
                if fault.status_code != 404:
                    raise

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
            now = self._ask("GET", f"/api/projects/{int(project)}/")
        if now.get("model_version") != model_version:
            self._show_model(project, model_version)
        return bool(now.get("show_collab_predictions", True))

    def _show_model(self, project: int, model_version: str) -> None:
        with self._translated(f"choose the predictions that project {project} shows"):
            self._client.projects.update(id=int(project), model_version=model_version)
