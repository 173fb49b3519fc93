"""Requests to the Cloud Storage JSON API: many connections, bounded patience, one token.

The library's own client costs about 1.2 ms of processor time an upload; 64 of them at once wait for the
interpreter, not for the network. Here a request is one urllib3 call on a pool of the right size, with the same
google-auth credentials; ``tests/benchmarks/bench_upload.py`` measures both.

Retries follow "Retry strategy" in the Cloud Storage documentation: exponential, with jitter, and only for
requests that are safe to repeat (every one here reads, or carries a generation precondition).
"""

from __future__ import annotations

import base64
import json
import os
import queue
import random
import re
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, cast
from urllib.parse import quote, urlencode

import certifi
import google.auth
import google.auth.exceptions
import google.auth.transport.requests
import google_crc32c
import orjson
import requests
import requests.adapters
import requests.utils
import urllib3
import urllib3.connection
from google.auth.credentials import AnonymousCredentials
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account

from lsnb.credentials import key_info, running_stack
from lsnb.errors import (
    BucketError,
    BucketForbiddenError,
    BucketNotFoundError,
    BucketUnreachableError,
    CredentialsError,
)
from lsnb.kernel import runtime
from lsnb.kernel.formats import LARGEST_RATIO, RATIO_COUNTS_FROM, size_text
from lsnb.kernel.jobs import affordable_workers, is_started
from lsnb.kernel.secrecy import is_here, is_same_server, leads_here, masked

# What Cloud Storage refuses, said in a sentence that names the remedy.
#
# Inside the package a refused request is a ``Refusal`` and a request without an answer is ``NoAnswer``; neither
# leaves it. ``as_error`` turns them into the errors of ``lsnb.errors``.
#
# Statuses and reasons: "HTTP status and error codes for JSON" in the Cloud Storage documentation; roles: "IAM
# roles for Cloud Storage" there.


Action = Literal["open", "list", "read", "create", "replace", "get_cors", "set_cors"]

_NEEDS: dict[Action, tuple[str, str]] = {
    "open": ("storage.buckets.get", "roles/storage.legacyBucketReader"),
    "list": ("storage.objects.list", "roles/storage.objectAdmin"),
    "read": ("storage.objects.get", "roles/storage.objectAdmin"),
    "create": ("storage.objects.create", "roles/storage.objectAdmin"),
    "replace": ("storage.objects.delete", "roles/storage.objectAdmin"),
    "get_cors": ("storage.buckets.get", "roles/storage.admin"),
    "set_cors": ("storage.buckets.update", "roles/storage.admin"),
}
_ROLE_OF_PERMISSION = {
    "storage.buckets.get": "roles/storage.legacyBucketReader",
    "storage.buckets.update": "roles/storage.admin",
}
_PERMISSION = re.compile(r"\bstorage\.(?:buckets|objects|multipartUploads)\.[a-zA-Z]+\b")
_PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_PASSING_REASONS = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})


class Refusal(Exception):
    """The server answered, and did not do what was asked.

    Args:
        status: The HTTP status.
        body: The answer's body.
        retry_after: Seconds the server asks to wait, if it says so.
    """

    def __init__(self, status: int, body: bytes = b"", retry_after: float | None = None) -> None:
        self.status = status
        self.retry_after = retry_after
        self.message, self.reason = _read_body(body)
        super().__init__(f"{status} {self.reason}")

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in _PASSING_STATUSES or (self.status == 403 and self.reason in _PASSING_REASONS)


class NoAnswer(Exception):
    """The connection failed before an answer came.

    Args:
        what: A few words on how it failed.
        lasting: Whether trying again cannot help (an untrusted certificate).
        refused: Whether no server listens there.
    """

    def __init__(self, what: str, lasting: bool = False, refused: bool = False) -> None:
        self.what = what
        self.lasting = lasting
        self.refused = refused
        super().__init__(what)


class Cancelled(Exception):
    """The user interrupted the run."""


def _read_body(body: bytes) -> tuple[str, str]:
    try:
        error = json.loads(body)["error"]
        if not isinstance(error, dict):
            return str(error), ""
        reasons = error.get("errors") or [{}]
        return str(error.get("message", "")), str(reasons[0].get("reason", ""))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        # The XML API and proxies answer in XML or HTML; what they say is not for a sentence.
        return "", ""


def as_error(fault: Refusal | NoAnswer, *, bucket: str, endpoint: str, action: Action, what: str = "") -> BucketError:
    """Return the error that says what happened and what to do.

    Args:
        fault: What the wire reported.
        bucket: The bucket's name.
        endpoint: The address that was asked.
        action: What was being done, which decides the role that is missing.
        what: The object or thing concerned, if one is.
    """
    if isinstance(fault, NoAnswer):
        return BucketUnreachableError(
            f"Cloud Storage at {endpoint} does not answer ({fault.what}): check the network connection"
            " (and, for the local stack, that 'lsnb status' shows it running), then run the call again."
        )
    about = f" for {what!r}" if what else ""
    said = f" It says: {_trim(fault.message)}" if fault.message else ""
    if fault.status == 401:
        return BucketForbiddenError(
            f"Cloud Storage does not accept these credentials for bucket {bucket!r}:"
            " make a new service-account key, or sign in again."
        )
    if fault.status == 403:
        return _forbidden(fault, bucket, action, about)
    if fault.status == 404:
        return BucketNotFoundError(
            f"No bucket {bucket!r} at {endpoint}: check the spelling, or create it in the Cloud console."
        )
    if fault.is_passing:
        return BucketUnreachableError(
            f"Cloud Storage answered {fault.status}{about} until the time for it ran out:"
            " wait a minute and run the call again; what is done stays done."
        )
    return BucketError(f"Cloud Storage refused the request{about} with status {fault.status}.{said}")


def _forbidden(fault: Refusal, bucket: str, action: Action, about: str) -> BucketError:
    if "billing" in fault.message.lower() or fault.reason in {"accountDisabled", "UserProjectAccountProblem"}:
        return BucketForbiddenError(
            f"Google has switched off the project of bucket {bucket!r}: open Billing in the Cloud console."
        )
    if fault.reason == "retentionPolicyNotMet" or "retention" in fault.message.lower():
        return BucketForbiddenError(
            f"Bucket {bucket!r} keeps its objects unchanged for a time (a retention policy){about}:"
            " use another name for the new file."
        )
    permission, role = _NEEDS[action]
    named = _PERMISSION.search(fault.message)
    if named:
        permission = named.group()
        role = _ROLE_OF_PERMISSION.get(permission, "roles/storage.objectAdmin")
    return BucketForbiddenError(
        f"The credentials lack {permission} on bucket {bucket!r}{about}: in the Cloud console, under the"
        f" bucket's Permissions, grant their account the role {role}."
    )


def _trim(text: str, most: int = 160) -> str:
    flat = " ".join(masked(text).split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def token_error(error: Exception, account: str) -> CredentialsError | BucketUnreachableError:
    """Return what a failed exchange of a key for an access token means.

    Args:
        error: What google-auth raised.
        account: Whose key it is, to name it.
    """
    text = str(error)
    if type(error).__name__ == "TransportError":
        return BucketUnreachableError(
            "Google's sign-in server does not answer: check the network connection and run the call again."
        )
    if "reasonable timeframe" in text or ("iat" in text and "exp" in text):
        return CredentialsError(
            "Google refuses the sign-in since this computer's clock is wrong: set the clock and try again."
        )
    if "account not found" in text or "Invalid issuer" in text:
        return CredentialsError(
            f"Google no longer knows {account}: make a service account, grant it"
            " roles/storage.objectAdmin on the bucket, and use a new JSON key of it."
        )
    if "Invalid JWT" in text or "invalid_grant" in text or "expired or revoked" in text:
        return CredentialsError(
            f"The key of {account} is revoked, deleted or not valid any more: make a new JSON key in the"
            " Cloud console (IAM, Service accounts, Keys), or sign in again."
        )
    return CredentialsError(
        f"Google did not accept the credentials of {account}: make a new JSON key, or sign in again."
    )


# Google credentials from whatever the user has: a key file, its text, a sign-in, or nothing.
#
# Formats: "Create and delete service account keys" and "How Application Default Credentials works" in the Google
# Cloud documentation.


SCOPE = "https://www.googleapis.com/auth/devstorage.full_control"
TOKEN_URI = "https://oauth2.googleapis.com/token"
_KEY_FIELDS = ("client_email", "private_key")
_NEW_KEY = "download the key again in the Cloud console (IAM, Service accounts, Keys, Add key, JSON)"


@dataclass(frozen=True)
class Identity:
    """Who we are towards Cloud Storage.

    Args:
        credentials: A google-auth credentials object.
        account: Whose they are, for messages.
        key: The service account's JSON as a dict, where there is one: Label Studio can sign links with it.
    """

    credentials: Any = field(repr=False)
    account: str
    key: Mapping[str, Any] | None = field(repr=False, default=None)

    @property
    def can_sign(self) -> bool:
        """Whether there is a private key to sign links with."""
        return self.key is not None


def identify(info: Any = None, *, allow_adc: bool = True, anonymous: bool = False) -> Identity:
    """Return an identity from what is given.

    Args:
        info: A service account's JSON as a dict, as text, or the path of its file; a google-auth credentials
            object; or None.
        allow_adc: Whether None may mean application default credentials, or Colab's user sign-in.
        anonymous: Whether None means no sign-in at all (an emulator).

    Raises:
        CredentialsError: There are none, they are malformed, or ``info`` is a path and no file is there.

    Example:
        >>> identify(anonymous=True)
        Identity(account='nobody')
    """
    if info is None or info == "":
        if not anonymous:
            return _default_identity(allow_adc)
        return Identity(AnonymousCredentials(), "nobody")  # type: ignore[no-untyped-call, unused-ignore]
    if hasattr(info, "before_request"):
        return _identity_of(info)
    if not isinstance(info, (str, os.PathLike, Mapping)):
        raise CredentialsError(
            f"credentials is a {type(info).__name__}: give the service account's JSON as a dict, its text,"
            " or the path of its file."
        )
    fields, where = key_info(info, source="the call"), "The service-account key"
    kind = fields.get("type")
    if kind == "authorized_user":
        return _from_user(fields, where)
    if kind in {"external_account", "impersonated_service_account", "external_account_authorized_user"}:
        try:
            # google-auth warns of configurations from strangers; this one is the user's own.
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                found, _ = google.auth.load_credentials_from_dict(fields, scopes=[SCOPE])  # type: ignore[no-untyped-call, unused-ignore]
        except (google.auth.exceptions.GoogleAuthError, ValueError, KeyError):
            raise CredentialsError(f"{where} is not a complete {kind} credential: make it anew.") from None
        return _identity_of(found)
    if "installed" in fields or "web" in fields:
        raise CredentialsError(
            f"{where} is an OAuth client's secret, not a key: make a service account and {_NEW_KEY}."
        )
    return _from_key(fields, where)


def _from_key(fields: dict[str, Any], where: str) -> Identity:
    missing = [name for name in _KEY_FIELDS if not fields.get(name)]
    if missing:
        raise CredentialsError(f"{where} lacks {' and '.join(missing)}: {_NEW_KEY}.")
    key = {"type": "service_account", "token_uri": TOKEN_URI, **fields}
    key["private_key"] = _mend_private_key(str(fields["private_key"]))
    try:
        make = service_account.Credentials.from_service_account_info
        credentials = make(key, scopes=[SCOPE])  # type: ignore[no-untyped-call, unused-ignore]
    except Exception:
        # Which exception depends on the cryptography release; its text may quote the key.
        raise CredentialsError(
            f"The private key in {where[0].lower()}{where[1:]} is damaged or cut short: {_NEW_KEY}."
        ) from None
    return Identity(credentials, str(key["client_email"]), key)


def _mend_private_key(text: str) -> str:
    r"""Return the PEM text with its line breaks.

    Environment files and Colab secrets often hold the two characters ``\n`` in place of a line break.

    Example:
        >>> _mend_private_key(r"-----BEGIN X-----\nabc\n-----END X-----")
        '-----BEGIN X-----\nabc\n-----END X-----\n'
    """
    return text.strip().strip("\"'").replace("\\r", "").replace("\\n", "\n").replace("\r", "").strip() + "\n"


def _from_user(fields: dict[str, Any], where: str) -> Identity:
    try:
        make = user_credentials.Credentials.from_authorized_user_info
        credentials = make(fields, scopes=[SCOPE])  # type: ignore[no-untyped-call, unused-ignore]
    except ValueError:
        raise CredentialsError(
            f"{where} is an incomplete user sign-in: run 'gcloud auth application-default login' again."
        ) from None
    return Identity(credentials, "your own Google sign-in")


def _default_identity(allow_adc: bool) -> Identity:
    if allow_adc:
        try:
            return _identity_of(google.auth.default(scopes=[SCOPE])[0])
        except google.auth.exceptions.GoogleAuthError:
            if runtime.colab_sign_in():
                return _identity_of(google.auth.default(scopes=[SCOPE])[0])
    raise CredentialsError(
        "No Google credentials: put a service account's JSON into GCS_CREDENTIALS (environment, Colab secret or"
        " credentials.json), give credentials=, or run 'gcloud auth application-default login'."
    )


def _identity_of(credentials: Any) -> Identity:
    if getattr(credentials, "requires_scopes", False):
        credentials = credentials.with_scopes([SCOPE])
    account = getattr(credentials, "service_account_email", None)
    return Identity(credentials, str(account) if account else "your own Google sign-in")


GOOGLE_ENDPOINT = "https://storage.googleapis.com"
SLICE = 1024 * 1024
# Seconds for which a question is repeated that somebody in front of the screen waits for.
_BRIEF = 10.0

Body = Sequence[bytes | memoryview]


@dataclass(frozen=True)
class Patience:
    """How long one request is tried.

    Args:
        deadline: Seconds from the first try after which no other is begun.
        attempts: The most tries.
        first_wait: Seconds before the second try, doubled each time; the real wait is drawn between half of
            that and all of it.
        longest_wait: Seconds no wait exceeds.
        refused: Seconds from the first refused connection to this computer after which no other try is begun: nobody
            is busy there, the server is off.
        clock: Returns seconds.
        pause: Waits so many seconds, or until the event is set.
    """

    deadline: float = 180.0
    attempts: int = 12
    first_wait: float = 0.4
    longest_wait: float = 20.0
    refused: float = 2.0
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    pause: Callable[[threading.Event, float], object] = field(default=threading.Event.wait, repr=False)

    def wait_before(self, attempt: int, asked: float | None) -> float:
        """Return the seconds to wait before try number ``attempt`` (2 or more)."""
        longest = min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 2))
        drawn = longest * random.uniform(0.5, 1.0)
        return min(self.longest_wait, max(drawn, asked or 0.0))


@dataclass(frozen=True)
class Reply:
    """An answer of status 2xx, or one of the statuses that the caller expects.

    Args:
        status: The HTTP status.
        body: The answer's bytes.
        attempts: The number of tries it took.
    """

    status: int
    body: bytes
    attempts: int

    @property
    def json(self) -> dict[str, Any]:
        """The body, parsed; an empty dict where it is no JSON object."""
        try:
            value = orjson.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class Part(NamedTuple):
    """What is wanted of an object.

    Args:
        begin: The first byte, from 0.
        last: The last byte.
        size: Of the whole object, which a server that knows no parts sends.
        is_packed: Whether it is stored packed.
    """

    begin: int
    last: int
    size: int
    is_packed: bool


_LARGEST_REFUSAL = 2**20


def _read_part(reply: urllib3.BaseHTTPResponse, part: Part) -> bytes:
    """Return an answer's bytes as they came, and of more than was asked for one byte, by which it is seen."""
    most = {200: part.size, 206: part.last - part.begin + 1}.get(reply.status, _LARGEST_REFUSAL)
    found: list[bytes] = []
    left = most + 1
    while left and (piece := reply.read(left, decode_content=False)):
        found.append(piece)
        left -= len(piece)
    if left:
        reply.release_conn()
    else:
        reply.close()
    return b"".join(found)


class Wire:
    """An authorised line to one Cloud Storage endpoint.

    Args:
        identity: Whose credentials to use.
        endpoint: The address without a slash at the end, or None for the real cloud.
        connections: The most connections at once.
        patience: How long a request is tried.
    """

    def __init__(
        self,
        identity: Identity,
        endpoint: str | None,
        *,
        connections: int = 64,
        patience: Patience | None = None,
    ) -> None:
        self.identity = identity
        self.endpoint = (endpoint or GOOGLE_ENDPOINT).rstrip("/")
        self.connections = connections
        self.patience = patience or Patience()
        self.session = session_for(self.endpoint)
        self._pool = _pool_for(self.session, self.endpoint, connections)
        self._line = self._pool.connection_from_url(self.endpoint)
        self.refresher = google.auth.transport.requests.Request(session=self.session)
        self._token_lock = threading.Lock()

    @property
    def is_here(self) -> bool:
        """Whether the endpoint is on this computer."""
        return is_here(self.endpoint)

    @property
    def brief(self) -> Patience:
        """How long a question is tried that somebody in front of the screen waits for."""
        return replace(self.patience, deadline=min(self.patience.deadline, _BRIEF))

    def widen(self, connections: int) -> None:
        """Let more connections be open at once than before."""
        if connections > self.connections:
            self.connections = connections
            self._pool = _pool_for(self.session, self.endpoint, connections)
            self._line = self._pool.connection_from_url(self.endpoint)

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()
        self.session.close()

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None = None,
        *,
        body: Body = (),
        content_type: str | None = None,
        expect: frozenset[int] = frozenset(),
        cancel: threading.Event | None = None,
        patience: Patience | None = None,
        on_bytes: Callable[[int], None] | None = None,
        part: Part | None = None,
    ) -> Reply:
        """Send a request, again while that may help, and return the answer.

        Args:
            method: ``GET``, ``POST``, …
            path: The path below the endpoint, with object names already quoted.
            query: The query's names and values.
            body: The body, in parts.
            content_type: Its type.
            expect: Statuses of 400 or more that are answers too.
            cancel: Ends the call when set.
            patience: Another one than the wire's.
            on_bytes: Told the number of body bytes handed to the network; less than 0 when a try failed.
            part: What is wanted of an object; the answer is read no further than that.

        Raises:
            Refusal: The server refused for good, or until patience ended.
            NoAnswer: No answer came until patience ended.
            Cancelled: ``cancel`` was set.
            CredentialsError: No access token can be had.
        """
        patience = patience or self.patience
        cancel = cancel or threading.Event()
        target = path + (f"?{urlencode(query)}" if query else "")
        started = patience.clock()
        has_new_token = False
        refused_since: float | None = None
        attempt = 0
        while True:
            attempt += 1
            if cancel.is_set():
                raise Cancelled
            sent = _Sent(body, cancel, on_bytes)
            fault: Refusal | NoAnswer
            try:
                status, answer, asked = self._once(method, target, sent, content_type, part)
            except NoAnswer as error:
                fault = error
                may_help = not error.lasting
            else:
                if status < 300 or status in expect:
                    return Reply(status, answer, attempt)
                fault = Refusal(status, answer, asked)
                if status == 401 and not has_new_token:
                    has_new_token = True
                    sent.take_back()
                    self._renew_token()
                    continue
                may_help = fault.is_passing
            sent.take_back()
            wait = patience.wait_before(attempt + 1, getattr(fault, "retry_after", None))
            now = patience.clock()
            out_of_time = now + wait - started > patience.deadline
            if self.is_here and isinstance(fault, NoAnswer) and fault.refused:
                refused_since = now if refused_since is None else refused_since
                out_of_time = out_of_time or now + wait - refused_since > patience.refused
            else:
                refused_since = None
            if not may_help or attempt >= patience.attempts or out_of_time:
                raise fault
            patience.pause(cancel, wait)

    def look(self, method: str, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Send one request as a browser would: no sign-in, no second try.

        Raises:
            NoAnswer: Nothing answers there.
        """
        try:
            return self._pool.request(method, url, headers=dict(headers), redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _no_answer(error) from None

    def _once(
        self, method: str, target: str, sent: _Sent, content_type: str | None, part: Part | None
    ) -> tuple[int, bytes, float | None]:
        # Who takes gzip is given what is stored packed as it is, in parts; else Cloud Storage unpacks it whole.
        headers = {"Accept-Encoding": "gzip" if part and part.is_packed else "identity"}
        if part:
            headers["Range"] = f"bytes={part.begin}-{part.last}"
        self._authorise(headers)
        if content_type:
            headers["Content-Type"] = content_type
        if content_type or method in {"POST", "PUT", "PATCH"}:
            headers["Content-Length"] = str(sent.length)
        try:
            # The pool of the one host, not the manager of all: a third of the processor time of a small request.
            reply = self._line.urlopen(
                method, target, body=sent.parts(), headers=headers, redirect=False, preload_content=part is None
            )
            body = reply.data if part is None else _read_part(reply, part)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _no_answer(error) from None
        return reply.status, body, _seconds(reply.headers.get("Retry-After"))

    def _authorise(self, headers: dict[str, str]) -> None:
        credentials = self.identity.credentials
        if not credentials.valid:
            with self._token_lock:
                if not credentials.valid:
                    self._refresh()
        credentials.apply(headers)

    def _renew_token(self) -> None:
        with self._token_lock:
            self._refresh()

    def _refresh(self) -> None:
        try:
            self.identity.credentials.refresh(self.refresher)
        except google.auth.exceptions.InvalidOperation:
            # Anonymous credentials have nothing to refresh: the refusal itself is the answer.
            return
        except google.auth.exceptions.GoogleAuthError as error:
            raise token_error(error, self.identity.account) from None


class _Sent:
    """A body on its way: counted, cut into slices, and ended by the cancel event between two of them."""

    def __init__(self, body: Body, cancel: threading.Event, on_bytes: Callable[[int], None] | None) -> None:
        self.body = body
        self.cancel = cancel
        self.on_bytes = on_bytes
        self.length = sum(len(part) for part in body)
        self.counted = 0

    def parts(self) -> bytes | Iterator[bytes] | None:
        if not self.length:
            return None
        # One packet for a small body: a write of its own for each part costs more than the copy.
        return b"".join(self.body) if self.length <= SLICE else self._slices()

    def _slices(self) -> Iterator[bytes]:
        for part in self.body:
            view = memoryview(part)
            for start in range(0, len(view), SLICE):
                if self.cancel.is_set():
                    raise Cancelled
                piece = view[start : start + SLICE]
                yield cast(bytes, piece)  # urllib3 sends any buffer; its types name bytes alone
                self._count(len(piece))

    def _count(self, size: int) -> None:
        if self.on_bytes:
            self.counted += size
            self.on_bytes(size)

    def take_back(self) -> None:
        if self.on_bytes and self.counted:
            self.on_bytes(-self.counted)
            self.counted = 0


def session_for(endpoint: str) -> requests.Session:
    """Return a requests session that respects the user's proxies, save towards this computer."""
    session = requests.Session()
    session.trust_env = not leads_here(endpoint)
    mount_adapters(session, endpoint)
    return session


def mount_adapters(session: requests.Session, endpoint: str, *, connections: int = 10) -> None:
    """Give a session what connects it to an endpoint.

    Args:
        session: The session.
        endpoint: The address without a slash at the end.
        connections: How many connections it keeps.
    """
    kind = _StacksAdapter if _is_of_stack(endpoint) else requests.adapters.HTTPAdapter
    for scheme in ("https://", "http://"):
        session.mount(scheme, kind(pool_maxsize=connections))


def _is_of_stack(endpoint: str) -> bool:
    stack = running_stack()
    return stack is not None and is_same_server(endpoint, stack.endpoint)


class _StacksConnection(urllib3.connection.HTTPConnection):
    """A connection to the local stack, which may have died since: who took its port is told nothing."""

    def connect(self) -> None:
        super().connect()
        if not _is_of_stack(f"http://{self.host}:{self.port}"):
            self.close()
            raise urllib3.exceptions.NewConnectionError(self, "the local stack does not run there any more")


class _StacksPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _StacksConnection


class _StacksAdapter(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *given: Any, **options: Any) -> None:
        super().init_poolmanager(*given, **options)  # type: ignore[no-untyped-call, unused-ignore]
        self.poolmanager.pool_classes_by_scheme = _STACKS_POOLS


_STACKS_POOLS = {"http": _StacksPool, "https": urllib3.HTTPSConnectionPool}


def bucket_path(bucket: str) -> str:
    """Return a bucket's path in the JSON API."""
    return f"/storage/v1/b/{quote(bucket, safe='')}"


def object_path(bucket: str, name: str) -> str:
    """Return an object's path in the JSON API.

    Example:
        >>> object_path("media", "ana/Größe #1.jpg")
        '/storage/v1/b/media/o/ana%2FGr%C3%B6%C3%9Fe%20%231.jpg'
    """
    return f"{bucket_path(bucket)}/o/{quote(name, safe='')}"


def _pool_for(session: requests.Session, endpoint: str, connections: int) -> urllib3.PoolManager:
    settings = session.merge_environment_settings(endpoint, {}, None, None, None)
    authorities = settings["verify"] if isinstance(settings["verify"], str) else certifi.where()
    if not Path(authorities).exists():
        raise BucketUnreachableError(
            f"REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names {authorities}, and there is no such file, so the certificate "
            f"of {endpoint} cannot be checked: mend the variable, or unset it."
        )
    options: dict[str, Any] = {
        "maxsize": connections,
        "block": True,
        "retries": False,
        "timeout": urllib3.Timeout(connect=15.0, read=60.0),
        "ca_certs": authorities,
    }
    proxy = requests.utils.select_proxy(endpoint, settings["proxies"])
    if not proxy:
        manager = urllib3.PoolManager(**options)
        if _is_of_stack(endpoint):
            manager.pool_classes_by_scheme = _STACKS_POOLS
        return manager
    try:
        user, password = requests.utils.get_auth_from_url(proxy)
        secret = urllib3.make_headers(proxy_basic_auth=f"{user}:{password}") if user else None
        return urllib3.ProxyManager(proxy, proxy_headers=secret, **options)
    except (urllib3.exceptions.HTTPError, ValueError):
        raise BucketUnreachableError(
            f"The settings for {endpoint} name a proxy that is none for http, such as SOCKS (HTTP_PROXY, HTTPS_PROXY "
            "or ALL_PROXY): give an http:// proxy there, name the server in NO_PROXY, or unset them."
        ) from None


def _no_answer(error: Exception) -> NoAnswer:
    if isinstance(error, urllib3.exceptions.SSLError) and "CERTIFICATE" in str(error).upper():
        return NoAnswer("its certificate is not trusted on this computer", lasting=True)
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return NoAnswer("its name cannot be looked up")
    if isinstance(error, (urllib3.exceptions.NewConnectionError, ConnectionRefusedError)):
        return NoAnswer("nothing accepts connections there", refused=True)
    if isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)):
        return NoAnswer("no reply in time")
    return NoAnswer("the connection broke")


def _seconds(retry_after: str | None) -> float | None:
    try:
        return max(0.0, float(retry_after)) if retry_after else None
    except ValueError:
        return None  # a date is allowed too; our own waits do as well


# Many small jobs on as many threads as the computer can afford, ended at once when the user interrupts.


Item = TypeVar("Item")
Result = TypeVar("Result")

# Seconds an interrupted run waits for requests that are on their way; the threads are daemons, so that a server
# that never answers cannot hold the interpreter.
GRACE = 2.0
GROW_EVERY = 0.02
BATCHES = 256


def run_parallel(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int,
    cancel: threading.Event,
    is_quick: bool = False,
) -> Iterator[Result]:
    """Yield the results as they come, in no order.

    Another thing than ``run_jobs``: requests go through this process's connections, so there is no executor to lose;
    the threads are as many as the computer has handles for, and each looks at ``cancel`` while it waits for a server.

    Args:
        function: The job. What it raises ends the run, is raised here, and sets ``cancel``.
        items: What it is called with.
        workers: The most threads; fewer where the computer has not as many file handles or threads to give.
        cancel: Set when the run ends early: by an interrupt, an error, or the caller going away. Jobs look at it.
        is_quick: Whether a job may take microseconds, as a look at a local file does, or a round trip, as on a
            mounted drive: it starts with two threads, which is best for the former, and adds more as time passes.
    """
    waiting = list(items)
    size = max(1, len(waiting) // BATCHES) if is_quick else 1
    batches = [waiting[start : start + size] for start in range(0, len(waiting), size)]
    threads_wanted = affordable_workers(min(workers, len(batches)))
    todo: queue.SimpleQueue[list[Item]] = queue.SimpleQueue()
    for batch in batches:
        todo.put(batch)
    done: queue.SimpleQueue[tuple[list[Result], BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            if cancel.is_set():
                done.put(([], Cancelled()))
                return
            try:
                batch = todo.get_nowait()
            except queue.Empty:
                return
            try:
                done.put(([function(item) for item in batch], None))
            except BaseException as error:
                done.put(([], error))
                return

    threads: list[threading.Thread] = []

    def add_thread() -> bool:
        thread = threading.Thread(target=work, daemon=True, name="lsnb-upload")
        if is_started(thread):
            threads.append(thread)
            return True
        if not threads:
            work()
        return False

    is_complete = False
    try:
        for _ in range(min(threads_wanted, 2) if is_quick else threads_wanted):
            if not add_thread():
                threads_wanted = len(threads)
                break
        grown_at = time.monotonic()
        left = len(batches)
        while left:
            if len(threads) < threads_wanted and time.monotonic() - grown_at > GROW_EVERY:
                if not add_thread():
                    threads_wanted = len(threads)
                grown_at = time.monotonic()
            try:
                # With a time-out, since on Windows a wait without one cannot be interrupted.
                results, error = done.get(timeout=GROW_EVERY if len(threads) < threads_wanted else 0.5)
            except queue.Empty:
                continue
            if error is not None:
                raise _cause(error, done, threads)
            left -= 1
            yield from results
        is_complete = True
    finally:
        if not is_complete:
            cancel.set()
        _join(threads)


def _cause(
    error: BaseException,
    done: queue.SimpleQueue[tuple[list[Result], BaseException | None]],
    threads: list[threading.Thread],
) -> BaseException:
    """Return what ended the run: a job that was told to stop may be heard of before the one that failed."""
    if isinstance(error, Cancelled):
        _join(threads)
        while not done.empty():
            _, other = done.get()
            if other is not None and not isinstance(other, Cancelled):
                return other
    return error


def _join(threads: list[threading.Thread]) -> None:
    until = time.monotonic() + GRACE
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


# Which of many names are in the bucket, in few requests.
#
# The names are sorted and cut into ranges; each range is one listing from its first name to its last
# (``startOffset`` and ``endOffset`` of "Objects: list" in the Cloud Storage documentation), all ranges at once.
# In a shared bucket that holds far more than the table names, a range gives up after a few pages and asks for its
# remaining names one by one, on all connections: whichever is cheaper.


RANGE = 500
PAGE = 1000
# One page of a listing costs about as much as this many single look-ups on parallel connections.
LOOKUPS_PER_PAGE = 50
FIELDS = "name,size,crc32c,generation,contentEncoding"
_PIECE = 2**24  # bytes of an object that are in memory at a time
_SLICE = 2**13  # of what is packed: all that is behind the end of a packed part is copied at each such end
_GZIP = 31  # zlib's number for what has a head of gzip


@dataclass(frozen=True)
class Stored:
    """An object as it is in the bucket.

    Args:
        name: Its name.
        size: Its bytes.
        crc32c: Its checksum as Cloud Storage writes it (base64), or an empty text where the store has none.
        generation: The number of this version, for preconditions.
        is_packed: Whether it is stored packed, as ``Content-Encoding: gzip``; the size and sum are of that.
    """

    name: str
    size: int
    crc32c: str
    generation: int
    is_packed: bool = False

    @classmethod
    def from_resource(cls, fields: dict[str, Any]) -> Stored:
        """Return the record of an "Object" resource of the JSON API."""
        return cls(
            str(fields.get("name", "")),
            int(fields.get("size", 0)),
            str(fields.get("crc32c", "")),
            int(fields.get("generation", 0)),
            fields.get("contentEncoding") == "gzip",
        )


def find_objects(
    wire: Wire,
    bucket: str,
    names: Iterable[str],
    *,
    cancel: threading.Event,
    patience: Patience | None = None,
    with_clashes: bool = False,
) -> dict[str, Stored]:
    """Return the objects among ``names`` that exist, by name.

    Args:
        wire: The line to Cloud Storage.
        bucket: The bucket's name.
        names: The names to look for.
        cancel: Ends the search when set.
        patience: How long each request is tried.
        with_clashes: Also return objects that stand where a name needs a folder (``x`` for ``x/y``), and one below
            each name that has any (``x/y`` for ``x``): a store that keeps objects as files cannot hold both.

    Raises:
        Refusal: The server refused a request.
        NoAnswer: The server does not answer.
    """
    # Listings come in the order of the names' UTF-8 bytes.
    wanted_names = set(names)
    folders = {folder for name in wanted_names for folder in folders_of(name)} if with_clashes else set()
    ordered = sorted(wanted_names | folders, key=lambda name: name.encode("utf-8"))
    found: dict[str, Stored] = {}
    left: list[str] = []
    if len(ordered) * LOOKUPS_PER_PAGE <= RANGE:
        left = ordered
    else:
        ranges = [ordered[start : start + RANGE] for start in range(0, len(ordered), RANGE)]

        def search(wanted: list[str]) -> tuple[dict[str, Stored], list[str]]:
            return _list_range(wire, bucket, wanted, cancel, patience, wanted_names if with_clashes else set())

        for part, rest in run_parallel(search, ranges, workers=wire.connections, cancel=cancel):
            found.update(part)
            left.extend(rest)

    def look(name: str) -> Stored | None:
        stored = look_up(wire, bucket, name, cancel=cancel, patience=patience)
        if stored is None and with_clashes and name in wanted_names:
            return _first_below(wire, bucket, name, cancel, patience)
        return stored

    for stored in run_parallel(look, left, workers=wire.connections, cancel=cancel):
        if stored is not None:
            found[stored.name] = stored
    return found


def folders_of(name: str) -> list[str]:
    """Return the folders that a name goes through.

    Example:
        >>> folders_of("ana/day 1/7.jpg")
        ['ana', 'ana/day 1']
    """
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def look_up(
    wire: Wire, bucket: str, name: str, *, cancel: threading.Event | None = None, patience: Patience | None = None
) -> Stored | None:
    """Return one object's record, or None where there is none."""
    reply = wire.call(
        "GET",
        object_path(bucket, name),
        {"fields": FIELDS},
        expect=frozenset({404}),
        cancel=cancel,
        patience=patience,
    )
    return None if reply.status == 404 else Stored.from_resource(reply.json)


def crc32c_text(crc32c: int) -> str:
    """Return a checksum as Cloud Storage writes it: base64 of four bytes, the highest first.

    Example:
        >>> crc32c_text(google_crc32c.value(b"123456789"))
        '4waSgw=='
    """
    return base64.b64encode(crc32c.to_bytes(4, "big")).decode("ascii")


def content_of(wire: Wire, bucket: str, stored: Stored, *, cancel: threading.Event | None = None) -> Iterator[bytes]:
    """Yield an object's bytes in pieces of up to 16 MiB: all of one version, and those that the bucket's sum is of.

    One that is stored packed (``Content-Encoding: gzip``) comes as it is, is held against its sum and unpacked here.

    Raises:
        Refusal: The server refused a request.
        NoAnswer: The server does not answer.
        BucketError: It was replaced meanwhile, other bytes came than those the bucket has, or it is packed and damaged,
            or unpacks to far more than media and tables do.
    """
    pieces = _stored_content(wire, bucket, stored, cancel)
    return _unpacked(pieces, f"gs://{bucket}/{stored.name}", stored.size) if stored.is_packed else pieces


def _stored_content(wire: Wire, bucket: str, stored: Stored, cancel: threading.Event | None) -> Iterator[bytes]:
    place = f"gs://{bucket}/{stored.name}"
    query: dict[str, str | int] = {"alt": "media"}
    if stored.generation:
        query["generation"] = stored.generation
    begin = crc32c = 0
    while begin < stored.size:
        part = Part(begin, min(begin + _PIECE, stored.size) - 1, stored.size, stored.is_packed)
        path = object_path(bucket, stored.name)
        reply = wire.call("GET", path, query, expect=frozenset({404}), part=part, cancel=cancel)
        if reply.status == 404:
            raise BucketError(f"{place} was replaced or deleted while it was read: run the same call again.")
        if begin + len(reply.body) > stored.size or not reply.body:
            begin = -1
            break
        yield reply.body
        begin += len(reply.body)
        crc32c = google_crc32c.extend(crc32c, reply.body)
    if begin != stored.size or (stored.crc32c and crc32c_text(crc32c) != stored.crc32c):
        raise BucketError(f"{place} came damaged: its bytes are not those the bucket has. Run the same call again.")


def _unpacked(pieces: Iterator[bytes], place: str, size: int) -> Iterator[bytes]:
    most = max(RATIO_COUNTS_FROM, LARGEST_RATIO * size)
    total, packed, is_within = 0, zlib.decompressobj(_GZIP), False
    try:
        for piece in pieces:
            for at in range(0, len(piece), _SLICE):
                block = piece[at : at + _SLICE]
                # Behind a packed part there may be another one, and zeros.
                while block := block if is_within else block.lstrip(b"\0"):
                    found = packed.decompress(block)
                    total += len(found)
                    if total > most:
                        raise BucketError(
                            f"{place} is stored packed, in {size_text(size)}, and unpacks to more than "
                            f"{size_text(most)}: it was not read on. Upload it again without Content-Encoding."
                        )
                    if found:
                        yield found
                    block, is_within = packed.unused_data, not packed.eof
                    packed = packed if is_within else zlib.decompressobj(_GZIP)
    except zlib.error:
        is_within = True
    if is_within:
        raise BucketError(f"{place} is stored packed (gzip) and cannot be unpacked: upload it again.")


def stored_below(wire: Wire, bucket: str, prefix: str) -> Iterator[Stored]:
    """Yield the record of each object whose name begins so, in the order of names.

    Raises:
        Refusal: The server refused a request.
        NoAnswer: The server does not answer.
    """
    query: dict[str, str | int] = {"prefix": prefix, "fields": f"nextPageToken,items({FIELDS})"}
    while True:
        page = wire.call("GET", f"{bucket_path(bucket)}/o", query).json
        yield from (Stored.from_resource(fields) for fields in page.get("items") or ())
        if not page.get("nextPageToken"):
            return
        query["pageToken"] = str(page["nextPageToken"])


def first_object(wire: Wire, bucket: str) -> str | None:
    """Return the name of one of the bucket's objects, or None where it is empty."""
    query: dict[str, str | int] = {"maxResults": 1, "fields": "items(name)"}
    items = wire.call("GET", f"{bucket_path(bucket)}/o", query, patience=wire.brief).json.get("items")
    return str(items[0]["name"]) if items else None


def _list_range(
    wire: Wire,
    bucket: str,
    wanted: list[str],
    cancel: threading.Event,
    patience: Patience | None,
    no_folders: set[str],
) -> tuple[dict[str, Stored], list[str]]:
    looked_for = set(wanted)
    found: dict[str, Stored] = {}
    query: dict[str, str | int] = {
        "fields": f"nextPageToken,items({FIELDS})",
        "maxResults": PAGE,
        "startOffset": wanted[0],
        # The end is exclusive. No name ends with a space, so this is the first one behind the last; and with "0",
        # which comes after the slash, the first behind what is below it.
        "endOffset": wanted[-1] + ("0" if no_folders else " "),
    }
    pages = 1 + max(1, len(wanted) // LOOKUPS_PER_PAGE)
    for _ in range(pages):
        reply = wire.call("GET", f"{bucket_path(bucket)}/o", query, cancel=cancel, patience=patience).json
        items = reply.get("items", [])
        for item in items:
            name = item["name"]
            if name in looked_for or (no_folders and not no_folders.isdisjoint(folders_of(name))):
                found[name] = Stored.from_resource(item)
        token = reply.get("nextPageToken")
        if not token:
            return found, []
        query["pageToken"] = token
        last = items[-1]["name"].encode("utf-8") if items else b""
    return found, [name for name in wanted if name not in found and name.encode("utf-8") > last]


def _first_below(
    wire: Wire, bucket: str, name: str, cancel: threading.Event, patience: Patience | None
) -> Stored | None:
    query: dict[str, str | int] = {"prefix": f"{name}/", "maxResults": 1, "fields": f"items({FIELDS})"}
    path = f"{bucket_path(bucket)}/o"
    items = wire.call("GET", path, query, cancel=cancel, patience=patience).json.get("items", [])
    return next((Stored.from_resource(item) for item in items if item["name"].startswith(f"{name}/")), None)
