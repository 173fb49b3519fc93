"""The line to a Label Studio: signing in, asking, and turning every refusal into a sentence."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, cast

import certifi
import httpx
import orjson
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError

from lsnb.credentials import WHERE_TO_FIND_A_KEY, recorded_stack
from lsnb.errors import (
    LabelConfigError,
    StudioAuthError,
    StudioError,
    StudioRefusedError,
    StudioUnreachableError,
)
from lsnb.kernel.keys import is_here, is_same_server, masked

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
        stack = recorded_stack()
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
