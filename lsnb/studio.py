"""What a Label Studio is asked to do: projects, tasks, annotations, storages, people.

Facts about the server are those of Label Studio 1.23 (its API reference and source).
"""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import math
import os
import re
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import certifi
import httpx
import orjson

from lsnb.credentials import WHERE_TO_FIND_A_KEY, ended_stack, running_stack
from lsnb.errors import (
    LabelConfigError,
    LsnbError,
    StudioAuthError,
    StudioError,
    StudioRefusedError,
    StudioUnreachableError,
)
from lsnb.kernel.jobs import counting, is_started, side_by_side
from lsnb.kernel.secrecy import is_here, is_same_server, leads_here, masked
from lsnb.kernel.words import warn
from lsnb.labels.check import label_interface

# The line to a Label Studio: signing in, asking, asking again, and turning every refusal into a sentence.
#
# The SDK's client is not used: it repeats by itself what must not be sent twice, judges a token by this computer's
# clock, and hands on whatever came back as if it were an answer.


# Exports and imports of ten thousand tasks take minutes.
TIMEOUT_SECONDS = 600.0
CONNECT_SECONDS = 15.0
# An access token is good for 300 s on the server's clock; this computer's own clock has no say in it.
TOKEN_SECONDS = 240.0
WAITS = (0.5, 1.0, 2.0, 4.0)  # before each further try
PATIENCE_SECONDS = 900.0  # after so long there is no further try
THROTTLED_MOST = 8  # refusals in a row to answer so soon
LONGEST_WAIT = 300.0  # that a server may ask for
BUSY = frozenset({502, 503, 504})
T = TypeVar("T")


class Refused(Exception):
    """An answer that is a refusal.

    Args:
        status: The status of HTTP.
        body: What the server said.
        wait: For how many seconds it asks to be left alone.
    """

    def __init__(self, status: int, body: Any, wait: float = 0.0) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.wait = wait

    @property
    def is_gone(self) -> bool:
        """Whether Label Studio itself says that there is no such thing; a page of a proxy's says nothing of it."""
        return self.status == 404 and isinstance(self.body, dict)

    @property
    def is_page(self) -> bool:
        """Whether it is a web page, which Label Studio's API never answers with."""
        return isinstance(self.body, str) and "<html" in self.body[:2000].lower()


class OtherAnswer(ValueError):
    """An answer that is no refusal, and not what Label Studio answers either."""


class Foreign(httpx.ConnectError):
    """An address that the key must not go to."""


@dataclass
class Pace:
    """How long requests wait for one another, where a server wants fewer.

    Args:
        interval: Seconds between two requests.
        due: When the next one may leave.
        passed: Requests since the server last asked for fewer.
    """

    interval: float = 0.0
    due: float = 0.0
    passed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @staticmethod
    def sleep(seconds: float) -> None:
        """Wait; tests put another clock in its place.

        Args:
            seconds: How long.
        """
        time.sleep(seconds)

    @staticmethod
    def now() -> float:
        """Return the seconds since some moment: a clock that nobody sets."""
        return time.monotonic()

    def wait_turn(self) -> None:
        """Wait until the next request may leave."""
        with self.lock:
            self.passed += 1
            if not self.interval:
                return
            if self.passed % 100 == 0:
                self.interval *= 0.9  # what a server stands may have grown
            now = self.now()
            wait, self.due = self.due - now, max(self.due, now) + self.interval
        if wait > 0:
            self.sleep(wait)

    def slow_down(self, seconds: float) -> None:
        """Note that the server asked for a wait: so many requests as passed before are what it stands in that time.

        Args:
            seconds: The wait that it asked for.
        """
        with self.lock:
            passed = self.passed - 1
            # A few are no measure: others may have used up what the server gives.
            fair = seconds / passed if passed >= 5 else 0.0
            self.interval = min(max(fair, self.interval * 1.5, 0.1), 60.0)
            self.passed = 0
            self.due = max(self.due, self.now() + seconds)


# How many requests are out at once, tried one after the other until more are no quicker; and of how many a trial is.
WIDTHS = (1, 2, 4, 8)
TRIAL = 8  # for each at once
WORTH_IT = 1.2  # times as quick as fewer


@dataclass
class Width:
    """How many requests a server answers at once without being the slower for it: found out by a small trial.

    Args:
        at_once: How many are out at once.
        is_settled: Whether the trial is over.
        rate: Requests in a second, with as many at once as last tried.
    """

    at_once: int = 1
    is_settled: bool = False
    rate: float = 0.0

    def share(self, left: int) -> int:
        """Return how many of the things that are left to do next.

        Args:
            left: How many there are.
        """
        return left if self.is_settled or left < 2 * TRIAL else TRIAL * self.at_once

    def note(self, n: int, seconds: float) -> None:
        """Note how long so many took, and try more at once or go back to fewer.

        Args:
            n: How many.
            seconds: How long they took.

        Example:
            >>> width = Width()
            >>> for seconds in (8.0, 8.0, 8.0, 16.0):
            ...     width.note(8 * width.at_once, seconds)
            >>> width.at_once, width.is_settled
            (4, True)
        """
        if self.is_settled or n < TRIAL * self.at_once:
            return
        rate = n / max(seconds, 1e-9)
        place = WIDTHS.index(self.at_once)
        if rate < WORTH_IT * self.rate:
            self.at_once, self.is_settled = WIDTHS[place - 1], True
        elif place + 1 == len(WIDTHS):
            self.is_settled = True
        else:
            self.at_once, self.rate = WIDTHS[place + 1], rate


def asked_wait(answer: httpx.Response, otherwise: float) -> float:
    """Return how many seconds an answer asks to wait, in either form of ``Retry-After``.

    Args:
        answer: The answer.
        otherwise: What to wait where it does not say.

    Example:
        >>> asked_wait(httpx.Response(429, headers={"Retry-After": "7"}), 1.0)
        7.0
        >>> when = {"Retry-After": "Sat, 28 Nov 2026 15:00:30 GMT", "Date": "Sat, 28 Nov 2026 15:00:00 GMT"}
        >>> asked_wait(httpx.Response(429, headers=when), 1.0)
        30.0
    """
    asked = answer.headers.get("Retry-After", "").strip()
    try:
        if re.fullmatch(r"\d+(\.\d+)?", asked):
            return float(asked)
        # Both moments are the server's: this computer's clock may be minutes off.
        now = parsedate_to_datetime(answer.headers["Date"])
        return max((parsedate_to_datetime(asked) - now) / dt.timedelta(seconds=1), 0.0)
    except (KeyError, TypeError, ValueError):
        return otherwise


def _refusal(answer: httpx.Response) -> Refused:
    try:
        body = orjson.loads(answer.content)
    except ValueError:
        body = answer.text
    return Refused(answer.status_code, body, asked_wait(answer, 0.0))


def _as_it_is(answer: Any) -> Any:
    return answer


def _is_personal(key: str) -> bool:
    """Return whether a key is a personal access token: a JWT, three parts of which the second is JSON."""
    parts = key.split(".")
    try:
        return len(parts) == 3 and isinstance(
            orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))), dict
        )
    except ValueError:
        return False


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
        self._key_is_personal = _is_personal(api_key)
        self._api_key = api_key
        self._access, self._access_until = "", 0.0
        self._access_lock = threading.Lock()
        self.pace = Pace()
        self.width = Width()
        # Once a server stayed away through all tries, what follows is tried once, until it answers again.
        self._is_away = False
        self.user = self.release = ""
        stack = running_stack()
        self._is_of_stack = stack is not None and is_same_server(url, stack.url)
        # The stack's own database is SQLite, which one may write to at a time.
        self.width.is_settled = self._is_of_stack
        self._http = _client_for(url, request=self._refuse_foreign_host, response=self._read_head)
        self.release = self._ask_release()
        # A redirect would turn what is written into a mere question; the address it leads to is known by now.
        self._http.follow_redirects = False
        with self._translated("sign in"):
            self.user = self._ask("GET", "/api/current-user/whoami", read=lambda user: str(user["email"]))

    def __repr__(self) -> str:
        if not getattr(self, "user", ""):
            return f"{type(self).__name__}({getattr(self, 'url', '')!r}, not signed in)"
        return f"{type(self).__name__}({self.url!r}, user={self.user!r}, release={self.release!r})"

    @property
    def key_is_personal(self) -> bool:
        """Whether the key is a personal access token rather than a legacy token."""
        return self._key_is_personal

    def _read_head(self, answer: httpx.Response) -> None:
        self.clock = answer.headers.get("Date", self.clock)
        if answer.has_redirect_location and not self._http.follow_redirects:
            there = httpx.URL(self.url).join(answer.headers["Location"])
            if _is_sign_in(there):
                raise StudioAuthError(self._asks_to_sign_in(there))
            raise StudioUnreachableError(
                f"{self.url} sends on to {masked(there.host, self._api_key)} instead of answering: "
                "if it has moved, connect to its new address."
            )

    def _asks_to_sign_in(self, there: httpx.URL) -> str:
        return (
            f"{self.url} asks to sign in anew instead of answering (at {masked(there.host, self._api_key)}): its "
            "session or this key ended, or a sign-in page now stands before it. Connect again; if that does not help, "
            "ask who runs the server to let API keys pass."
        )

    def _refuse_foreign_host(self, request: httpx.Request) -> None:
        # A redirect, a link to a next page or an address from the server itself would carry the key there.
        if not is_same_server(str(request.url), self.url):
            port = f":{request.url.port}" if request.url.port else ""
            raise Foreign(f"redirected to {request.url.scheme}://{request.url.host}{port}", request=request)
        if self._is_of_stack:
            # It may have died since, and somebody else may listen on its port.
            stack = running_stack()
            if stack is None or not is_same_server(self.url, stack.url):
                raise Foreign("the local stack does not run there any more", request=request)

    def clock_moment(self) -> str:
        """Return the server's last known time as ISO 8601 in UTC, as the server writes moments."""
        try:
            return parsedate_to_datetime(self.clock).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
        except (TypeError, ValueError):
            return ""

    def clock_text(self) -> str:
        """Return the server's last known time as text fit for a file's name."""
        return re.sub(r"[^0-9A-Za-z]+", "-", self.clock).strip("-")

    def _ask_release(self) -> str:
        with self._translated("sign in"):
            # At an address that is wrong, nobody is waited for.
            try:
                answer = self._send("GET", "/api/version", signed=False, waits=WAITS[:2], first=True)
            except httpx.TooManyRedirects:
                raise StudioUnreachableError(
                    f"{self.url} sends on in a circle: check the address, as the browser shows it when Label Studio is "
                    "open; if it is right, ask who runs the server."
                ) from None
            fault = _refusal(answer)
            # Nobody need sign in to ask for the release; an error of any other kind is another program's.
            if fault.status == 429 or fault.status >= 500 or (fault.is_page and fault.status in (401, 403, 407)):
                raise fault
        try:
            release = answer.json()["release"]
        except (ValueError, KeyError, TypeError):
            if answer.history and _is_sign_in(answer.url):
                raise StudioAuthError(self._asks_to_sign_in(answer.url)) from None
            raise StudioUnreachableError(
                f"Something answers at {self.url}, but it is no Label Studio: check the address, "
                "as the browser shows it when Label Studio is open."
            ) from None
        self.url = str(answer.url).partition("/api/version")[0]
        if "Python/" in answer.headers.get("server", ""):
            # Python's own server sends an answer's head and body as two packets, the second of which waits on a
            # kept connection for a delayed acknowledgement: 40 ms a request, several times the work itself.
            self._http.headers["Connection"] = "close"
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
        except Refused as fault:
            self._raise_refusal(fault, doing)
        except httpx.TransportError as fault:
            raise StudioUnreachableError(self._unreachable(fault)) from None
        except httpx.DecodingError:
            raise StudioError(self._other_answer(doing)) from None
        except OtherAnswer:
            raise StudioError(self._other_answer(doing)) from None

    def _other_answer(self, doing: str) -> str:
        return (
            f"What answered at {self.url} could not be read as Label Studio's answer (trying to {doing}): a sign-in "
            "page or a proxy may stand before it, or its release is too old. Open the address in a browser, and then "
            "run the same call again."
        )

    def _raise_refusal(self, fault: Refused, doing: str) -> NoReturn:
        status = fault.status
        if fault.is_page and status in (401, 403, 404, 407):
            raise StudioAuthError(
                f"A page that is not Label Studio's refused to let this through to {self.url} (error {status}, trying "
                f"to {doing}): something stands before the server; ask who runs it to let API keys pass."
            ) from None
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
        wait = f"{math.ceil(fault.wait / 60)} minutes, as it asks" if fault.wait > LONGEST_WAIT else ""
        if status == 429:
            raise StudioError(
                f"Label Studio at {self.url} is asked too often and let nothing through (trying to {doing}): wait "
                f"{wait or 'some minutes'}, then run the same call again."
            ) from None
        if status >= 500:
            raise StudioError(
                f"Label Studio at {self.url} failed (error {status}) trying to {doing}: try again in "
                f"{wait or 'a minute'}; if it stays, its log says why."
            ) from None
        if status == 413:
            raise StudioRefusedError(
                f"What was sent to {self.url} (to {doing}) is larger than a program before the server lets through: "
                "ask who runs it for a higher limit (in nginx: client_max_body_size), or take fewer rows at once."
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

    def _ask(
        self, method: str, path: str, *, read: Callable[[Any], T] = _as_it_is, again: bool | None = None, **request: Any
    ) -> T:
        """Return what a request is answered with.

        Args:
            method: The method of HTTP.
            path: The path, from its slash on.
            read: Takes from the answer's JSON what is wanted; where it stumbles, Label Studio did not answer.
            again: Whether to ask again where the server may have heard it: by default a question is, a write is not.
            request: As ``httpx.Client.request`` takes it.

        Raises:
            Refused: The server refused.
            OtherAnswer: What came is not Label Studio's.
            httpx.TransportError: Nothing came.
        """
        waits = WAITS if again or (again is None and method == "GET") else ()
        answer = self._send(method, path, waits=waits, **request)
        if answer.status_code >= 400:
            raise _refusal(answer)
        if method == "DELETE" and answer.status_code != httpx.codes.NO_CONTENT:
            raise OtherAnswer(path)  # an empty answer of somebody else's looks like success, and nothing was deleted
        try:
            return read(orjson.loads(answer.content) if answer.content else None)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise OtherAnswer(path) from None

    def _delete(self, path: str) -> None:
        """Delete what a path names, also where the server may have heard it; what is gone already is no error."""
        try:
            self._ask("DELETE", path, again=True)
        except Refused as fault:
            if not fault.is_gone:
                raise

    def _once(self, write: Callable[[], int], look: Callable[[], int | None]) -> int:
        """Return what a write returns that must not come twice: where its reply is lost, it is looked for.

        Args:
            write: Sends it.
            look: Returns what it did, or None where nothing of it is to be seen.
        """
        try:
            return write()
        except (Refused, OtherAnswer, httpx.TransportError) as fault:
            if isinstance(fault, Refused) and fault.status not in BUSY:
                raise
            for wait in (0.0, *WAITS[:3]):  # it may be under way
                self.pace.sleep(wait)
                try:
                    done = look()
                except (StudioError, Refused, OtherAnswer, httpx.TransportError):
                    break
                if done is not None:
                    return done
            raise

    def _send(
        self,
        method: str,
        path: str,
        *,
        waits: Sequence[float],
        signed: bool = True,
        first: bool = False,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> httpx.Response:
        """Return the answer to a request, waiting for a server that is busy, away for a moment or wants fewer of them.

        What the server did not hear of is sent again whatever it is. Else the first cause is what the caller is told.

        Args:
            method: The method of HTTP.
            path: The path.
            waits: Before each further try of what may have been heard.
            signed: Whether the key goes along.
            first: Whether it is the first request to this address, where nobody may be.
            headers: Further headers.
            request: As ``httpx.Client.request`` takes it.
        """
        began, throttled, tries, renewed = self.pace.now(), 0, 0, False
        cause: httpx.Response | httpx.TransportError | None = None
        while True:
            own = {**(self._signature() if signed else {}), **(headers or {})}
            self.pace.wait_turn()
            heard, asked = True, 0.0
            answer: httpx.Response | httpx.TransportError
            try:
                ask = partial(self._http.request, method, self.url + path, headers=own, **request)
                answer = ask() if method == "GET" else _to_its_end(ask)
            except (Foreign, httpx.ProxyError, httpx.UnsupportedProtocol):
                raise
            except httpx.TransportError as fault:
                answer = fault
                heard = not isinstance(fault, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
                if not heard and (first or "CERTIFICATE" in str(fault).upper()):
                    raise
            else:
                # What is read already and its stream hold each other: with it all pages of a project would stay in
                # memory for as long as Python's collector pauses.
                answer.stream = httpx.ByteStream(b"")
                asked = asked_wait(answer, 0.0)
                if answer.status_code == 401 and self._key_is_personal and signed and not renewed:
                    # The access token may have ended on the server's clock, or with the server.
                    renewed = True
                    self._forget_access(own)
                    continue
                if answer.status_code == 429 and throttled < THROTTLED_MOST:
                    wait = asked_wait(answer, min(2.0**throttled, 60.0))
                    throttled += 1
                    if wait > LONGEST_WAIT:
                        return answer
                    self.pace.slow_down(max(wait, 0.1))
                    continue
                if answer.status_code not in BUSY:
                    self._is_away = False
                    return answer
                if asked > LONGEST_WAIT:
                    return answer  # closed for a night, say: whoever calls learns of it now
            cause = answer if cause is None else cause
            left = waits if heard else WAITS
            if self._is_away or tries >= len(left) or self.pace.now() - began > PATIENCE_SECONDS:
                self._is_away = self._is_away or (heard is False) or bool(waits)
                if isinstance(cause, httpx.TransportError):
                    raise cause
                return cause
            wait = left[tries]
            tries += 1
            self.pace.sleep(max(wait, asked))

    def each(self, acts: Sequence[Callable[[], T]], *, what: str, unit: str, once: bool = False) -> list[T | LsnbError]:
        """Do things that do not depend on one another, a few at once where the server stands it.

        Ctrl+C ends it between two of them: what is under way is waited for, since nobody would know else what became
        of it.

        Args:
            acts: What to do, each with requests of its own.
            what: What the bar says.
            unit: What it counts.
            once: Whether the server must not be asked twice: then what it stands is not found out with these.

        Returns:
            What each returned, or the fault that it raised.
        """
        done: list[Any] = [None] * len(acts)

        def act(place: int) -> None:
            try:
                done[place] = acts[place]()
            except LsnbError as fault:
                done[place] = fault

        with counting(what, len(acts), unit) as count:
            place = 0
            while place < len(acts):
                tried = not (self.width.is_settled or once)
                at_once = 1 if once and not self.width.is_settled else self.width.at_once
                share = self.width.share(len(acts) - place) if tried else len(acts) - place
                began = self.pace.now()
                some = range(place, place + share)
                if at_once == 1:
                    for one in some:
                        act(one)
                        count(1)
                else:
                    side_by_side(act, some, at_once, count)
                if tried:
                    self.width.note(share, self.pace.now() - began)
                place += share
        return done

    def _signature(self) -> dict[str, str]:
        """Return the header that says who asks."""
        if not self._key_is_personal:
            return {"Authorization": f"Token {self._api_key}"}
        with self._access_lock:
            if not self._access or self.pace.now() >= self._access_until:
                # A personal token stays good, so asking twice for another access token harms nothing.
                self._access = self._ask(
                    "POST",
                    "/api/token/refresh/",
                    read=lambda answer: _text(answer["access"]),
                    again=True,
                    signed=False,
                    json={"refresh": self._api_key},
                )
                self._access_until = self.pace.now() + TOKEN_SECONDS
            return {"Authorization": f"Bearer {self._access}"}

    def _forget_access(self, sent: Mapping[str, str]) -> None:
        with self._access_lock:
            if sent["Authorization"] == f"Bearer {self._access}":  # else another thread has had a new one since
                self._access = ""


def _to_its_end(ask: Callable[[], T]) -> T:
    """Return what a request that writes is answered with, also where Ctrl+C is pressed meanwhile: that comes after it.

    Pressed once more, it comes at once.
    """
    if threading.current_thread() is not threading.main_thread():
        return ask()
    told: Future[T] = Future()

    def run() -> None:
        try:
            told.set_result(ask())
        except BaseException as fault:
            told.set_exception(fault)

    if not is_started(threading.Thread(target=run, daemon=True)):
        return ask()
    try:
        return told.result()
    except KeyboardInterrupt:
        told.exception()
        raise


def _is_sign_in(there: httpx.URL) -> bool:
    return bool(re.search(r"log-?in|sign-?in|auth|sso", there.path + (there.host or ""), flags=re.IGNORECASE))


# What answers must be to be Label Studio's: anything else raises one of the builtins, which ``_ask`` turns into a
# sentence.


def _text(told: Any) -> str:
    if not isinstance(told, str) or not told:
        raise TypeError
    return told


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


def _client_for(url: str, *, request: Any, response: Any) -> httpx.Client:
    """Return a client that respects this computer's settings for proxies and certificates, save towards itself."""
    here = leads_here(url)
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
        found: dict[int, Project] = {}
        numbers = sorted({int(project) for project in projects})
        for start in range(0, len(numbers), IDS_AT_ONCE):
            about = {"ids": ",".join(map(str, numbers[start : start + IDS_AT_ONCE])), "page_size": IDS_AT_ONCE}
            with self._translated("look at the projects"):
                rows = self._ask(
                    "GET", "/api/projects/", read=lambda told: [_project(one) for one in told["results"]], params=about
                )
            found |= {project.id: project for project in rows if project.id in numbers}
        return found

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
            found = self._ask("GET", "/api/dm/views/", read=lambda views: len(list(views)), params={"project": project})
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
        self, project: int, *, tasks: Sequence[int] | None = None, held: int
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield tasks of a project as ``export`` returns them, so many at once as one request brings.

        A small project comes in one request. Of a large one the ids are listed first: a request for all of it takes
        minutes in which nobody knows how far it is, and holds all of it in memory here and there.

        Args:
            project: The project's id.
            tasks: The ids of those wanted; None for every task.
            held: About how many tasks these are.
        """
        if tasks is None and held <= WHOLE_AT_ONCE:
            yield self._exported(project, None)
            return
        left = sorted(set(self.task_ids(project) if tasks is None else tasks))
        seen: set[int] = set()
        while left:
            for start in range(0, len(left), IDS_AT_ONCE):
                yield self._exported(project, left[start : start + IDS_AT_ONCE])
            seen.update(left)
            # What came while the others were read.
            is_all = tasks is not None or self.project(project).tasks == len(seen)
            left = [] if is_all else sorted(set(self.task_ids(project)) - seen)

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
        self, project: int, include: str, query: str = "", **more: Any
    ) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """Yield the pages of a list of tasks, each with how many tasks there are in all."""
        about = {"project": int(project), "include": include, "resolve_uri": "false", "page_size": PAGE, **more}
        if query:
            about["query"] = query
        listed = 0
        while True:
            read = _page("tasks", "total", *include.split(","))
            rows, total = self._ask("GET", "/api/tasks", read=read, params={**about, "page": listed // PAGE + 1})
            listed += len(rows)
            yield rows, total
            # A page past the last is a 404, so the server's own count says when to stop.
            # One that was deleted meanwhile is counted, and not among the rows.
            if len(rows) < PAGE or listed >= total:
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
        said: dict[int, list[dict[str, Any]]] = {}
        query = _query(_changed(since), *([DRAFTED] if drafts else []))
        with self._translated(f"ask what changed in project {project}"):
            for page, total in self._pages(project, "id,predictions", query, fields="all"):
                if most is not None and total > most:
                    return None
                said |= {int(task["id"]): task["predictions"] for task in page}
        if not said:
            return []
        return [{**task, "predictions": said[int(task["id"])]} for task in self.export(project, tasks=list(said))]

    def task_metas(self, project: int, *, since: str | None = None) -> list[dict[str, Any]]:
        """Return id and meta of every task of a project: a third of the time that an export takes.

        Args:
            project: The project's id.
            since: Only of tasks that changed after this moment, as ``changed_tasks`` takes it.
        """
        query = "" if since is None else _query(_changed(since))
        with self._translated(f"list the tasks of project {project}"):
            return [task for page, _ in self._pages(project, "id,meta", query) for task in page]

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
            self._ask("PATCH", f"/api/tasks/{task}/", read=_about(int(task)), again=True, json={"data": dict(data)})

    def replace_meta(self, task: int, meta: Mapping[str, Any]) -> None:
        """Replace a task's meta; its annotations and its data stay.

        Args:
            task: The task's id.
            meta: All of the new meta: what lsnb keeps there must be in it.
        """
        with self._translated(f"change task {task}"):
            self._ask("PATCH", f"/api/tasks/{task}/", read=_about(int(task)), again=True, json={"meta": dict(meta)})

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
            return self._once(delete, look)

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
            warn(_handing(self.url, bucket, credentials, read_only=read_only))
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
            path = self._ask("GET", "/api/invite", read=lambda invite: _text(invite["invite_url"]))
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


def _changed(since: str) -> dict[str, Any]:
    """Return the data manager's filter for tasks that changed after a moment."""
    return {"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": since}


def _query(*filters: Mapping[str, Any], conjunction: str = "or") -> str:
    """Return the query for tasks that any of the filters finds, or with ``and`` all of them."""
    return orjson.dumps({"filters": {"conjunction": conjunction, "items": filters}}).decode()
