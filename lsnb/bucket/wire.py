"""Requests to the Cloud Storage JSON API: many connections, bounded patience, one token.

The library's own client costs about 1.2 ms of processor time an upload; 64 of them at once wait for the
interpreter, not for the network. Here a request is one urllib3 call on a pool of the right size, with the same
google-auth credentials; ``tests/benchmarks/bench_upload.py`` measures both.

Retries follow "Retry strategy" in the Cloud Storage documentation: exponential, with jitter, and only for
requests that are safe to repeat (every one here reads, or carries a generation precondition).
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

import certifi
import google.auth.exceptions
import google.auth.transport.requests
import orjson
import requests
import requests.utils
import urllib3

from lsnb.bucket.faults import Cancelled, NoAnswer, Refusal, token_error
from lsnb.bucket.keys import Identity
from lsnb.errors import BucketUnreachableError
from lsnb.kernel.keys import is_here

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
                status, answer, asked = self._once(method, target, sent, content_type)
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

    def _once(self, method: str, target: str, sent: _Sent, content_type: str | None) -> tuple[int, bytes, float | None]:
        headers: dict[str, str] = {"Accept-Encoding": "identity"}
        self._authorise(headers)
        if content_type:
            headers["Content-Type"] = content_type
        if content_type or method in {"POST", "PUT", "PATCH"}:
            headers["Content-Length"] = str(sent.length)
        try:
            # The pool of the one host, not the manager of all: a third of the processor time of a small request.
            reply = self._line.urlopen(method, target, body=sent.parts(), headers=headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _no_answer(error) from None
        return reply.status, reply.data, _seconds(reply.headers.get("Retry-After"))

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
    session.trust_env = not is_here(endpoint)
    return session


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
        return urllib3.PoolManager(**options)
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
