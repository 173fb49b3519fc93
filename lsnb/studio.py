"""The edge to Label Studio: every request goes through here, and every refusal becomes a sentence.

Built on ``label_studio_sdk.LabelStudio``, which takes legacy tokens and personal access tokens alike. Facts
about the server are those of Label Studio 1.23 (its API reference and source).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import httpx
import orjson
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError

from lsnb.credentials import WHERE_TO_FIND_A_KEY
from lsnb.errors import LabelConfigError, StudioAuthError, StudioError, StudioUnreachableError
from lsnb.stack import load_stack

# Exports and imports of ten thousand tasks take minutes; the SDK's own limit of 60 s cuts them.
TIMEOUT_SECONDS = 600.0
CONNECT_SECONDS = 15.0
# Sending an import twice stores every task twice, so what writes is never repeated blindly.
ONCE = {"max_retries": 0}
IMPORT_BATCH = 1000


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
    """

    id: int
    title: str
    description: str
    config: str | None = None
    tasks: int | None = None
    done: int | None = None
    annotations: int | None = None
    skipped: int | None = None


class Server:
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
        # A personal access token is a JWT: three parts between two dots.
        self._key_is_personal = api_key.count(".") == 2
        self._http = httpx.Client(
            timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=True,
            event_hooks={"request": [_refuse_foreign_host(url)]},
        )
        self.release = self._ask_release()
        with self._translated("sign in"):
            self._client: Any = cast(Any, LabelStudio)(base_url=url, api_key=api_key, httpx_client=self._http)
            user = self._client.users.whoami()
        self.user = str(user.email)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r}, user={self.user!r}, release={self.release!r})"

    def _ask_release(self) -> str:
        try:
            answer = self._http.get(f"{self.url}/api/version")
            release = answer.json()["release"]
        except httpx.TransportError as fault:
            raise StudioUnreachableError(self._unreachable(fault)) from None
        except (ValueError, KeyError, TypeError):
            raise StudioUnreachableError(
                f"Something answers at {self.url}, but it is no Label Studio: check the address, "
                "as the browser shows it when Label Studio is open."
            ) from None
        return str(release)

    def _unreachable(self, fault: httpx.TransportError) -> str:
        stack = load_stack()
        if stack is not None and stack.url == self.url:
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
        return f"No Label Studio answers at {self.url}: check the address, and that the server runs."

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
        reason = _reason(fault.body)
        if status == 401:
            raise StudioAuthError(self._auth_sentence(reason)) from None
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
        raise StudioError(f"Label Studio at {self.url} refused to {doing}: {reason}") from None

    def _auth_sentence(self, reason: str) -> str:
        lowered = reason.lower()
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
        return f"{self.url} does not accept this key: {WHERE_TO_FIND_A_KEY}"

    # -- projects ----------------------------------------------------------------------------------------

    def projects(self) -> list[Project]:
        """Return every project this user sees: id, title and description."""
        with self._translated("list the projects"):
            listed = self._client.projects.list(include="id,title,description", page_size=1000)
            return [Project(int(p.id), p.title or "", p.description or "") for p in listed]

    def project(self, project: int) -> Project:
        """Return one project with its config and counts.

        Args:
            project: The project's id.
        """
        with self._translated(f"open project {project}"):
            p = self._client.projects.get(id=project)
            return Project(
                id=int(p.id),
                title=p.title or "",
                description=p.description or "",
                config=p.label_config or "",
                tasks=p.task_number or 0,
                done=p.num_tasks_with_annotations or 0,
                annotations=p.total_annotations_number or 0,
                skipped=p.skipped_annotations_number or 0,
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
                    raise LabelConfigError(
                        f"Label Studio does not accept this label config: {_reason(errors['label_config'])}"
                    ) from None
                raise
        return Project(int(made.id), made.title or title, description, config=config, tasks=0)

    def describe_project(self, project: int, description: str) -> None:
        """Replace a project's description.

        Args:
            project: The project's id.
            description: The new text.
        """
        with self._translated(f"change the description of project {project}"):
            self._client.projects.update(id=project, description=description)

    def delete_project(self, project: int) -> None:
        """Delete a project with everything in it; one that is gone already is no error.

        Args:
            project: The project's id.
        """
        with self._translated(f"delete project {project}"):
            try:
                self._client.projects.delete(id=project, request_options=ONCE)
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
                answer = self._client.projects.import_tasks(id=project, request=batch, request_options=ONCE)
            stored += int(answer.task_count or 0)
        return stored

    def export(self, project: int) -> list[dict[str, Any]]:
        """Return every task of a project as raw JSON: data, meta, annotations, drafts.

        Args:
            project: The project's id.
        """
        with self._translated(f"export project {project}"):
            chunks = self._client.projects.exports.download_sync(
                id=project, export_type="JSON", download_all_tasks=True
            )
            tasks: list[dict[str, Any]] = orjson.loads(b"".join(chunks))
        return tasks

    def annotate(self, task: int, result: Sequence[Mapping[str, Any]], *, lead_time: float) -> int:
        """Submit an annotation to a task and return the annotation's id.

        Args:
            task: The task's id.
            result: Label Studio results.
            lead_time: Seconds the work took.
        """
        with self._translated(f"submit an annotation to task {task}"):
            made = self._client.annotations.create(
                id=task, result=[dict(r) for r in result], lead_time=lead_time, request_options=ONCE
            )
        return int(made.id)

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
            present = self._client.import_storage.gcs.list(project=project)
        for storage in present:
            if storage.bucket == bucket and bool(storage.presign) == presign:
                return False
        with self._translated(f"connect the bucket {bucket!r} to project {project}"):
            self._client.import_storage.gcs.create(
                project=project,
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


def _refuse_foreign_host(url: str) -> Any:
    host = httpx.URL(url).host

    def check(request: httpx.Request) -> None:
        # A redirect to another host would carry the key there.
        if request.url.host != host:
            raise httpx.ConnectError(f"redirected to {request.url.host}", request=request)

    return check


def _reason(body: Any) -> str:
    """Return the useful part of a refusal, without headers and without markup."""
    if isinstance(body, dict):
        errors = body.get("validation_errors") or body.get("detail") or body.get("display_context")
        if isinstance(errors, dict):
            parts = [f"{name}: {_reason(messages)}" for name, messages in errors.items()]
            return "; ".join(parts)
        if errors:
            return _reason(errors)
        return "it did not say why."
    if isinstance(body, list):
        return " ".join(_reason(part) for part in body[:5])
    text = re.sub(r"<[^>]*>", " ", str(body or "it did not say why."))
    return " ".join(text.split())[:300]
