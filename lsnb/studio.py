"""What a Label Studio is asked to do: projects, tasks, annotations, storages, people.

Facts about the server are those of Label Studio 1.23 (its API reference and source).
"""

from __future__ import annotations

import os
import re
import ssl
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, cast

import certifi
import httpx
import orjson
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError

from lsnb.credentials import WHERE_TO_FIND_A_KEY, ended_stack, running_stack
from lsnb.errors import (
    LabelConfigError,
    StudioAuthError,
    StudioError,
    StudioRefusedError,
    StudioUnreachableError,
)
from lsnb.kernel.keys import is_here, is_same_server, masked

# The line to a Label Studio: signing in, asking, and turning every refusal into a sentence.


# Exports and imports of ten thousand tasks take minutes; the SDK's own limit of 60 s cuts them.
TIMEOUT_SECONDS = 600.0
CONNECT_SECONDS = 15.0


class Connection:
    """One Label Studio, its release and the user the key belongs to.

    Args:
        url: The server's address, without a slash at the end.
        api_key: A legacy token or a personal access token; never shown.

    Raises:
        StudioUnreachableError: Nothing answers there, or what answers is no Label Studio.
        StudioAuthError: The key is refused.
    """

    def __init__(self, url: str, api_key: str) -> None:
        self.url = url
        self.clock = ""  # what the server last said the time is, in the form of RFC 9110
        # A personal access token is a JWT: three parts between two dots.
        self._key_is_personal = api_key.count(".") == 2
        self._api_key = api_key
        self.user = self.release = ""
        stack = running_stack()
        self._is_of_stack = stack is not None and is_same_server(url, stack.url)
        self._http = _client_for(url, request=self._refuse_foreign_host, response=self._read_head)
        self.release = self._ask_release()
        # A redirect would turn what is written into a mere question; the address it leads to is known by now.
        self._http.follow_redirects = False
        with self._translated("sign in"):
            self._client: Any = cast(Any, LabelStudio)(base_url=self.url, api_key=api_key, httpx_client=self._http)
            user = self._client.users.whoami()
        self.user = str(user.email)

    def __repr__(self) -> str:
        if not getattr(self, "user", ""):
            return f"{type(self).__name__}({getattr(self, 'url', '')!r}, not signed in)"
        return f"{type(self).__name__}({self.url!r}, user={self.user!r}, release={self.release!r})"

    def _read_head(self, answer: httpx.Response) -> None:
        self.clock = answer.headers.get("Date", self.clock)
        if answer.has_redirect_location and not self._http.follow_redirects:
            there = httpx.URL(self.url).join(answer.headers["Location"])
            if re.search(r"log-?in|sign-?in|auth|sso", there.path + (there.host or ""), flags=re.IGNORECASE):
                raise StudioAuthError(
                    f"{self.url} asks to sign in anew instead of answering (at {there.host}): its session or this key "
                    "ended, or a sign-in page now stands before it. Connect again; if that does not help, ask who "
                    "runs the server to let API keys pass."
                )
            raise StudioUnreachableError(
                f"{self.url} sends on to {masked(there.host, self._api_key)} instead of answering: "
                "if it has moved, connect to its new address."
            )

    def _refuse_foreign_host(self, request: httpx.Request) -> None:
        # A redirect, a link to a next page or an address from the server itself would carry the key there.
        if not is_same_server(str(request.url), self.url):
            port = f":{request.url.port}" if request.url.port else ""
            raise httpx.ConnectError(f"redirected to {request.url.scheme}://{request.url.host}{port}", request=request)
        if self._is_of_stack:
            # It may have died since, and somebody else may listen on its port.
            stack = running_stack()
            if stack is None or not is_same_server(self.url, stack.url):
                raise httpx.ConnectError("the local stack does not run there any more", request=request)

    def clock_text(self) -> str:
        """Return the server's last known time as text fit for a file's name."""
        return re.sub(r"[^0-9A-Za-z]+", "-", self.clock).strip("-")

    def _ask_release(self) -> str:
        try:
            answer = self._http.get(f"{self.url}/api/version")
            release = answer.json()["release"]
            self.url = str(answer.url).partition("/api/version")[0]
            if "Python/" in answer.headers.get("server", ""):
                # Python's own server sends an answer's head and body as two packets, the second of which waits on a
                # kept connection for a delayed acknowledgement: 40 ms a request, several times the work itself.
                self._http.headers["Connection"] = "close"
        except httpx.TransportError as fault:
            raise StudioUnreachableError(self._unreachable(fault)) from None
        except (ValueError, KeyError, TypeError):
            raise StudioUnreachableError(
                f"Something answers at {self.url}, but it is no Label Studio: check the address, "
                "as the browser shows it when Label Studio is open."
            ) from None
        return str(release)

    def _unreachable(self, fault: httpx.TransportError) -> str:
        if isinstance(fault, httpx.ProxyError):
            return (
                f"The proxy that this computer's settings name did not reach {self.url}: check HTTP_PROXY, HTTPS_PROXY "
                "and ALL_PROXY, or name the server in NO_PROXY if it needs none."
            )
        stack = ended_stack()
        if stack is not None and is_same_server(self.url, stack.url):
            return (
                f"The local Label Studio at {self.url} does not answer: run 'lsnb up' or lsnb.local.start(), "
                f"which revives it; its log is in {stack.log_folder}."
            )
        if "redirected to" in str(fault):
            return f"{self.url} sends on to another server ({fault}): if that is right, give its address instead."
        if isinstance(fault, httpx.TimeoutException):
            return (
                f"Label Studio at {self.url} did not answer in time: it may be starting or busy; try again in a minute."
            )
        if "CERTIFICATE" in str(fault).upper():
            return f"The certificate of {self.url} is not valid: check the address, or ask who runs the server."
        local = " (the local one: run 'lsnb up')" if is_here(self.url) else ""
        return f"No Label Studio answers at {self.url}: check the address, and that the server runs{local}."

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except ApiError as fault:
            self._raise_refusal(fault, doing)
        except httpx.TransportError as fault:
            raise StudioUnreachableError(self._unreachable(fault)) from None
        except (orjson.JSONDecodeError, ValueError) as fault:
            if isinstance(fault, StudioError | LabelConfigError):
                raise
            raise StudioError(
                f"Label Studio at {self.url} gave an answer that could not be read (trying to {doing}): "
                "try again; if it stays, the server's release may be too old."
            ) from None

    def _raise_refusal(self, fault: ApiError, doing: str) -> NoReturn:
        status = fault.status_code
        why = reason(fault.body, self._api_key)
        if status == 401:
            raise StudioAuthError(self._auth_sentence(why)) from None
        if status == 403:
            raise StudioAuthError(
                f"This key's user may not {doing} on {self.url}: ask the owner of the server for the right to do so."
            ) from None
        if status == 404:
            raise StudioError(
                f"Label Studio at {self.url} could not {doing}: it is gone, or this user may not see it."
            ) from None
        if status is not None and status >= 500:
            raise StudioError(
                f"Label Studio at {self.url} failed (error {status}) trying to {doing}: try again in a minute; "
                "if it stays, its log says why."
            ) from None
        raise StudioRefusedError(f"Label Studio at {self.url} refused to {doing}: {why}") from None

    def _auth_sentence(self, why: str) -> str:
        lowered = why.lower()
        if "legacy" in lowered:
            return (
                f"{self.url} no longer takes legacy tokens, and this key is one: "
                "in Label Studio, open 'Account & Settings', 'Personal Access Token', and create a key there."
            )
        if "expired" in lowered:
            return (
                f"The key for {self.url} has expired: in Label Studio, open 'Account & Settings' and create a new one."
            )
        if self._key_is_personal:
            return (
                f"{self.url} does not accept this personal access token: it was revoked, belongs to another server, "
                "or this server takes legacy tokens only. In Label Studio, open 'Account & Settings' and copy the key "
                "offered there."
            )
        if self._is_of_stack:
            return (
                f"The local Label Studio at {self.url} does not accept this key: it died and was revived with a new "
                "one. Connect again with lsnb.connect('local')."
            )
        return f"{self.url} does not accept this key: {WHERE_TO_FIND_A_KEY}"

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        # The SDK has no typed call that returns these answers whole; its client keeps the key and refreshes it.
        headers = {**self._client._client_wrapper.get_headers(), **request.pop("headers", {})}
        answer = self._http.request(method, self.url + path, headers=headers, **request)
        if answer.status_code >= 400:
            try:
                body = answer.json()
            except ValueError:
                body = answer.text
            raise ApiError(status_code=answer.status_code, body=body)
        return orjson.loads(answer.content) if answer.content else None


def _client_for(url: str, *, request: Any, response: Any) -> httpx.Client:
    """Return a client that respects this computer's settings for proxies and certificates, save towards itself."""
    here = is_here(url)
    authorities = os.environ.get("SSL_CERT_FILE", "").strip()
    if authorities and not Path(authorities).is_file():
        if not here:
            raise StudioUnreachableError(
                f"SSL_CERT_FILE names {authorities}, and there is no such file, so the certificate of {url} cannot be "
                "checked: mend the variable, or unset it."
            )
        authorities = ""
    try:
        return httpx.Client(
            timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=True,
            event_hooks={"request": [request], "response": [response]},
            # A proxy cannot reach this computer's own servers, and would be shown the key.
            trust_env=not here,
            verify=ssl.create_default_context(cafile=authorities or certifi.where()) if here or authorities else True,
        )
    except ssl.SSLError:
        raise StudioUnreachableError(
            f"SSL_CERT_FILE names {authorities}, which holds no certificates, so that of {url} cannot be checked: "
            "mend the variable, or unset it."
        ) from None
    except (ImportError, ValueError, httpx.InvalidURL) as fault:
        kind = (
            "a SOCKS proxy, which needs a further package" if isinstance(fault, ImportError) else "no proxy's address"
        )
        raise StudioUnreachableError(
            f"The settings for {url} name {kind} (HTTP_PROXY, HTTPS_PROXY or ALL_PROXY): give an http:// proxy there, "
            "name the server in NO_PROXY, or unset them."
        ) from None


def reason(body: Any, *secrets: str) -> str:
    """Return the useful part of a refusal, without headers, without markup and without keys.

    Args:
        body: What the server answered: JSON, text or HTML.
        *secrets: What must not be repeated, should the server do so.

    Example:
        >>> reason({"validation_errors": {"title": ["Too short."]}})
        'title: Too short.'
    """
    if isinstance(body, dict):
        errors = body.get("validation_errors") or body.get("detail") or body.get("display_context")
        if isinstance(errors, dict):
            parts = [
                f"{masked(str(name), *secrets)}: {reason(messages, *secrets)}" for name, messages in errors.items()
            ]
            return "; ".join(parts)
        if errors:
            return reason(errors, *secrets)
        return "it did not say why."
    if isinstance(body, list):
        return " ".join(reason(part, *secrets) for part in body[:5])
    # Label Studio repeats the whole task behind a double colon.
    text = re.sub(r"<[^<>]*>", " ", masked(str(body or "it did not say why."), *secrets).partition(" :: ")[0])
    return " ".join(text.split())[:300]


# What a Label Studio is asked to do with predictions: store many at once, list, show and delete them.
#
# Facts about the server are those of Label Studio 1.23 (its API reference and source). It has no deletion of several
# predictions by their ids: its actions delete all of a task, or all of a model in a project.


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
            _told.add((bucket, self.url))
            warnings.warn(_handing(self.url, bucket, credentials, read_only=read_only), stacklevel=2)
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


# (bucket, server) of which it was said that the one's key goes to the other.
_told: set[tuple[str, str]] = set()


def _handing(url: str, bucket: str, credentials: str, *, read_only: bool) -> str:
    account = str(orjson.loads(credentials).get("client_email") or "your account")
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


def _changed_since(since: str) -> str:
    """Return the data manager's filter for tasks that changed after a moment, as the text of a query."""
    item = {"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": since}
    return orjson.dumps({"filters": {"conjunction": "and", "items": [item]}}).decode()
