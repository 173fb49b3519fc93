"""The line to a Label Studio: signing in, asking, asking again, and turning every refusal into a sentence.

The SDK's client is not used: it repeats by itself what must not be sent twice, judges a token by this computer's clock,
and hands on whatever came back as if it were an answer.
"""

from __future__ import annotations

import base64
import datetime as dt
import errno
import math
import os
import re
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.request import getproxies

import certifi
import httpx
import orjson

from lsnb.credentials import WHERE_TO_FIND_A_KEY, ended_stack, running_stack
from lsnb.errors import (
    LsnbError,
    StudioAuthError,
    StudioError,
    StudioRefusedError,
    StudioUnreachableError,
)
from lsnb.kernel.jobs import counting, is_started, side_by_side, submitted
from lsnb.kernel.secrecy import is_here, is_same_server, leads_here, masked

# Exports and imports of ten thousand tasks take minutes.
TIMEOUT_SECONDS = 600.0
CONNECT_SECONDS = 15.0
# An access token is good for 300 s on the server's clock; this computer's own clock has no say in it.
TOKEN_SECONDS = 240.0
WAITS = (0.5, 1.0, 2.0, 4.0)  # before each further try
PATIENCE_SECONDS = 900.0  # after so long there is no further try
THROTTLED_MOST = 8  # refusals in a row to answer so soon
LONGEST_WAIT = 300.0  # that a server may ask for
_FOR_EVER = 1e8  # seconds: three years
# How answers may be packed. What unpacks to more than so many bytes does so to a likely number of times its size.
_PACKINGS = ("", "identity", "gzip", "deflate")
_ANY_SIZE = 2**26
_MOST_TIMES = 200
_LONGEST_SHOWN = 254  # letters: an e-mail address, a host
BUSY = frozenset({502, 503, 504})
T = TypeVar("T")


class Refused(Exception):
    """An answer that is a refusal.

    Args:
        status: The status of HTTP.
        body: What the server said.
        wait: For how many seconds it asks to be left alone.
        sent_zero: Whether a text that was sent holds a character of zero.
    """

    def __init__(self, status: int, body: Any, wait: float = 0.0, sent_zero: bool = False) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.wait = wait
        self.sent_zero = sent_zero

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
# Two at once are not tried: on a busy computer they are so little quicker than one that chance decides.
WIDTHS = (1, 4, 8)
TRIAL = 8  # for each at once
WORTH_IT = 1.2  # times as quick as fewer
AGAIN = 200  # requests, after which what one at a time was found to be best for is tried again: it may have been busy


@dataclass
class Width:
    """How many requests a server answers at once without being the slower for it: found out by a small trial.

    Args:
        at_once: How many are out at once.
        is_settled: Whether the trial is over.
        rate: Requests in a second, with as many at once as last tried.
        rest: After how many more requests there is another trial; 0 for never.
    """

    at_once: int = 1
    is_settled: bool = False
    rate: float = 0.0
    rest: int = 0

    def share(self, left: int) -> int:
        """Return how many of the things that are left to do next.

        Args:
            left: How many there are.

        Example:
            >>> Width().share(100), Width(at_once=8).share(44), Width(is_settled=True).share(100)
            (8, 44, 100)
        """
        if self.is_settled:
            return min(left, self.rest or left)
        return left if left < 2 * TRIAL else min(left, TRIAL * self.at_once)

    def note(self, n: int, seconds: float) -> None:
        """Note how long so many took, and try more at once or go back to fewer.

        Args:
            n: How many.
            seconds: How long they took.

        Example:
            >>> width = Width()
            >>> for seconds in (8.0, 8.0, 16.0):
            ...     width.note(8 * width.at_once, seconds)
            >>> width.at_once, width.is_settled
            (4, True)
        """
        if self.is_settled:
            if self.rest:
                self.rest = max(self.rest - n, 0)
                self.is_settled = self.rest > 0
            return
        if n < TRIAL * self.at_once:
            return
        rate = n / max(seconds, 1e-9)
        place = WIDTHS.index(self.at_once)
        if rate < WORTH_IT * self.rate:
            self.at_once, self.is_settled, self.rate = WIDTHS[place - 1], True, 0.0
            self.rest = AGAIN if place == 1 else 0
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
            return min(float(asked), _FOR_EVER)
        # Both moments are the server's: this computer's clock may be minutes off.
        now = parsedate_to_datetime(answer.headers["Date"])
        return min(max((parsedate_to_datetime(asked) - now) / dt.timedelta(seconds=1), 0.0), _FOR_EVER)
    except (KeyError, TypeError, ValueError, OverflowError):
        return otherwise


def _refusal(answer: httpx.Response) -> Refused:
    try:
        body = orjson.loads(answer.content)
    except ValueError:
        try:
            body = answer.text
        except (UnicodeError, AssertionError, LookupError, ValueError):  # of codecs that are none for texts
            body = answer.content.decode("utf-8", "replace")
    sent_zero = False
    with suppress(RuntimeError):  # what is sent as it is read is not kept
        sent_zero = _ZERO.search(answer.request.content) is not None
    return Refused(answer.status_code, body, asked_wait(answer, 0.0), sent_zero)


# As JSON writes it.
_ZERO = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


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
        self.is_direct = False  # whether it is Python's own server on this computer, with nothing before it
        stack = running_stack()
        self._is_of_stack = stack is not None and is_same_server(url, stack.url)
        # The stack's own database is SQLite, which one may write to at a time.
        self.width.is_settled = self._is_of_stack
        self._http = _client_for(url, request=self._refuse_foreign_host, response=self._read_head)
        self.release = self._ask_release()
        # A redirect would turn what is written into a mere question; the address it leads to is known by now.
        self._http.follow_redirects = False
        with self._translated("sign in"):
            self.user = self._shown(
                self._ask("GET", "/api/current-user/whoami", read=lambda user: told_text(user["email"]))
            )

    def __repr__(self) -> str:
        if not getattr(self, "user", ""):
            return f"{type(self).__name__}({getattr(self, 'url', '')!r}, not signed in)"
        return f"{type(self).__name__}({self.url!r}, user={self.user!r}, release={self.release!r})"

    @property
    def key_is_personal(self) -> bool:
        """Whether the key is a personal access token rather than a legacy token."""
        return self._key_is_personal

    def _shown(self, told: str) -> str:
        """Return what a server told of itself as a notebook may show and keep it: a line, not the key that it got."""
        return masked(" ".join(told.split()), self._api_key)[:_LONGEST_SHOWN]

    def _read_head(self, answer: httpx.Response) -> None:
        self.clock = answer.headers.get("Date", self.clock)
        if answer.has_redirect_location and not self._http.follow_redirects:
            there = httpx.URL(self.url).join(answer.headers["Location"])
            if _is_sign_in(there):
                raise StudioAuthError(self._asks_to_sign_in(there))
            raise StudioUnreachableError(
                f"{self.url} sends on to {self._shown(there.host) or 'another address'} instead of answering: "
                "if it has moved, connect to its new address."
            )
        _unpack(answer)

    def _asks_to_sign_in(self, there: httpx.URL) -> str:
        return (
            f"{self.url} asks to sign in anew instead of answering (at {self._shown(there.host)}): its "
            "session or this key ended, or a sign-in page now stands before it. Connect again; if that does not help, "
            "ask who runs the server to let API keys pass."
        )

    def _refuse_foreign_host(self, request: httpx.Request) -> None:
        # A redirect, a link to a next page or an address from the server itself would carry the key there.
        if not is_same_server(str(request.url), self.url):
            port = f":{request.url.port}" if request.url.port else ""
            place = self._shown(f"{request.url.scheme}://{request.url.host}{port}")
            raise Foreign(f"redirected to {place}", request=request)
        if self._is_of_stack:
            # It may have died since, and somebody else may listen on its port.
            stack = running_stack()
            if stack is None or not is_same_server(self.url, stack.url):
                try:
                    os.close(os.open(os.devnull, os.O_RDONLY))
                except OSError as fault:  # then the stack's own record could not be read either
                    raise httpx.ConnectError(str(fault), request=request) from fault
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
            release = told_text(orjson.loads(answer.content)["release"])
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
            self.is_direct = leads_here(self.url)
        return self._shown(release)

    def _unreachable(self, fault: httpx.TransportError) -> str:
        if isinstance(fault, httpx.ProxyError):
            return (
                f"The proxy that this computer's settings name did not reach {self.url}: check HTTP_PROXY, HTTPS_PROXY "
                "and ALL_PROXY, or name the server in NO_PROXY if it needs none."
            )
        if os.strerror(errno.EMFILE) in str(fault) or os.strerror(errno.ENFILE) in str(fault):
            return (
                f"No connection to {self.url} can be opened: too many files are open at once. Close other notebooks "
                "and restart this one, or raise the limit with 'ulimit -n'."
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
        scheme = httpx.URL(self.url).scheme
        used = [name.upper() for name in (f"{scheme}_proxy", "all_proxy") if name[:-6] in getproxies()]
        # A proxy that is not there is a line that cannot be had, like a server that is not there.
        proxy = f"; this computer's settings lead there through a proxy, so check {' and '.join(used)}, too"
        return (
            f"No Label Studio answers at {self.url}: check the address, and that the server runs{local}"
            f"{proxy if used and not leads_here(self.url) else ''}."
        )

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except Refused as fault:
            self._raise_refusal(fault, doing)
        except httpx.TransportError as fault:
            raise StudioUnreachableError(self._unreachable(fault)) from None
        except httpx.InvalidURL:
            raise StudioUnreachableError(
                f"{self.url} sends on to what is no address instead of answering: ask who runs the server."
            ) from None
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
        if status >= 500 and fault.sent_zero:
            raise StudioError(
                f"Label Studio at {self.url} failed (error {status}) trying to {doing}: a text of it holds a character "
                "of zero ('\\0'), which PostgreSQL cannot store. Take it out, as with "
                "table['text'].str.replace('\\0', '')."
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
                at_once = 1 if once and not self.width.is_settled else self.width.at_once
                share = len(acts) - place if once else self.width.share(len(acts) - place)
                began = self.pace.now()
                some = range(place, place + share)
                if at_once == 1:
                    for one in some:
                        act(one)
                        count(1)
                else:
                    side_by_side(act, some, at_once, count)
                if not once:
                    self.width.note(share, self.pace.now() - began)
                place += share
        return done

    def in_order(self, questions: Iterable[Callable[[], T]]) -> Iterator[T]:
        """Yield what questions that do not depend on one another are answered with, in their order.

        While the caller works on an answer the next is on its way, and more of them where the server stands it.

        Args:
            questions: What to ask, each taken when it is to be asked.
        """
        asking, answers = iter(questions), deque[Future[T]]()
        threads = ThreadPoolExecutor(WIDTHS[-1])
        done, began = 0, self.pace.now()
        try:
            while True:
                while len(answers) < self.width.at_once and (question := next(asking, None)) is not None:
                    answers.append(submitted(threads, question))
                if not answers:
                    return
                answer = answers.popleft().result()
                done += 1
                if done == TRIAL * self.width.at_once:
                    self.width.note(done, self.pace.now() - began)
                    done, began = 0, self.pace.now()
                if (question := next(asking, None)) is not None:
                    answers.append(submitted(threads, question))
                yield answer
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

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
                    read=lambda answer: told_text(answer["access"]),
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


def _unpack(answer: httpx.Response) -> None:
    """Read an answer to its end, unless it is packed so that a little of it fills the memory.

    Args:
        answer: Of which the head came.

    Raises:
        httpx.DecodingError: It is packed twice, in a way that nobody asked for, or to a tiny part of its size.
    """
    pieces, size = [], 0
    is_known = answer.headers.get("Content-Encoding", "identity").strip().lower() in _PACKINGS
    if is_known:
        for piece in answer.iter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > _ANY_SIZE and size > _MOST_TIMES * answer.num_bytes_downloaded:
                is_known = False
                break
    if not is_known:
        answer.close()
        raise httpx.DecodingError("packed too well, or in a way that nobody asked for", request=answer.request)
    answer._content = b"".join(pieces)  # what Response.read() does, which has no bound


def _is_sign_in(there: httpx.URL) -> bool:
    return bool(re.search(r"log-?in|sign-?in|auth|sso", there.path + (there.host or ""), flags=re.IGNORECASE))


# What answers must be to be Label Studio's: anything else raises one of the builtins, which ``_ask`` turns into a
# sentence.


def told_text(told: Any) -> str:
    """Return what a server told where a text is due.

    Args:
        told: Of its answer.

    Raises:
        TypeError: It is no text, or an empty one.
    """
    if not isinstance(told, str) or not told:
        raise TypeError
    return told


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
    if here and authorities and not _holds_certificates(authorities):
        authorities = ""  # nor does a server here hang on what the variable names
    try:
        return httpx.Client(
            timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=True,
            headers={"Accept-Encoding": "gzip, deflate"},
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
        if odd := _odd_exceptions():
            raise StudioUnreachableError(
                f"NO_PROXY names {', '.join(odd)[:80]}, which is no host's name or address, so that the settings for "
                f"{url} cannot be read: name hosts and domains there, and no ranges in IPv6."
            ) from None
        raise StudioUnreachableError(
            f"The settings for {url} name {kind} (HTTP_PROXY, HTTPS_PROXY or ALL_PROXY): give an http:// proxy there, "
            "name the server in NO_PROXY, or unset them."
        ) from None


def _holds_certificates(path: str) -> bool:
    try:
        return bool(ssl.create_default_context(cafile=path))
    except (ssl.SSLError, OSError):
        return False


def _odd_exceptions() -> list[str]:
    """Return the entries of NO_PROXY that the client for HTTP stumbles over."""
    odd = []
    for entry in filter(None, (each.strip() for each in getproxies().get("no", "").split(","))):
        try:
            httpx.URL(f"all://*{entry}" if "://" not in entry and entry != "::1" else "all://x")
        except httpx.InvalidURL:
            odd.append(masked(entry))
    return odd


def reason(body: Any, *secrets: str) -> str:
    """Return the useful part of a refusal, without headers, without markup and without keys.

    Args:
        body: What the server answered: JSON, text or HTML.
        *secrets: What must not be repeated, should the server do so.

    Example:
        >>> reason({"validation_errors": {"title": ["Too short."]}})
        'title: Too short.'
    """
    # Once more as a whole: without its markup, a key that was told in pieces stands there again.
    return masked(_reason(body, secrets, _DEEPEST), *secrets)


_DEEPEST = 8
_LONGEST_SAID = 20_000


def _reason(body: Any, secrets: tuple[str, ...], levels: int) -> str:
    if isinstance(body, dict) and levels:
        errors = body.get("validation_errors") or body.get("detail") or body.get("display_context")
        if isinstance(errors, dict):
            parts = [
                f"{masked(str(name)[:300], *secrets)}: {_reason(messages, secrets, levels - 1)}"
                for name, messages in list(errors.items())[:20]
            ]
            return "; ".join(parts)
        if errors:
            return _reason(errors, secrets, levels - 1)
        return "it did not say why."
    if isinstance(body, list) and levels:
        return " ".join(_reason(part, secrets, levels - 1) for part in body[:5])
    if isinstance(body, dict | list):
        return "…"
    # Label Studio repeats the whole task behind a double colon.
    text = masked(str(body or "it did not say why.")[:_LONGEST_SAID], *secrets).partition(" :: ")[0]
    return " ".join(re.sub(r"<[^<>]*>", " ", text).split())[:300]
