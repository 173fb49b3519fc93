"""Where a key may go, and what of a text must never be repeated."""

from __future__ import annotations

import base64
import contextlib
import html
import ipaddress
import re
import socket
import threading
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies

from lsnb.errors import MASK, plain_addresses

# What copying leaves in the middle of a key, seen and unseen; no address holds any of it.
_STRAY = re.compile(r"[\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff]+")

# Label Studio's two kinds of key, Google's tokens, keys in PEM, and what stands behind a name that says "secret".
_SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\beyJ[\w-]{8,}(?:\.[\w-]*){1,2}"
    r"|\bya29\.[\w.-]+"
    r"|\bGOCSPX-[\w-]+"
    r"|(?<![0-9A-Za-z])[0-9a-fA-F]{40}(?![0-9A-Za-z])"
    r"|(?<=\btoken )[\w.~+/=-]{8,}|(?<=\bbearer )[\w.~+/=-]{8,}"
    r"|(?<=\"private_key\": \")[^\"]+",
    flags=re.IGNORECASE | re.DOTALL,
)


def masked(text: str, *secrets: str) -> str:
    """Return a text without keys: those named, and all that looks like one.

    Whatever a server or a person said passes here before it stands in a message, since either may repeat a key.

    Args:
        text: The text.
        *secrets: Keys that are known, of any form.

    Example:
        >>> masked("Invalid header: Token 0123456789abcdef0123456789abcdef01234567")
        'Invalid header: Token •••'
        >>> masked("no such user: s3cret", "s3cret")
        'no such user: •••'
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = _without(text.replace(secret, MASK), secret)
    return _SECRETS.sub(MASK, plain_addresses(text))


_LONG = 16  # letters and digits; a shorter secret may be a word


def _without(text: str, secret: str) -> str:
    """Return a text without a long secret whose letters stand apart, in other cases, or written as codes or base 64.

    Example:
        >>> _without("sent by 0123 456-789.ABCDEF!", "0123456789abcdef")
        'sent by •••!'
    """
    wanted = _plain(secret)[0]
    if len(wanted) < _LONG:
        return text
    flat, places = _plain(text)
    at = flat.find(wanted)
    while at >= 0:
        text = text[: places[at]] + MASK + text[places[at + len(wanted) - 1] + 1 :]
        flat, places = _plain(text)
        at = flat.find(wanted)
    if any(wanted in _plain(read)[0] for read in (unquote(text), html.unescape(text))):
        return MASK
    for shift in range(3):
        # The first and the last letter hold bits of what stands before and behind.
        coded = base64.b64encode(b" " * shift + secret.encode()).decode()[2 * shift - shift // 2 :].rstrip("=")[:-1]
        text = text.replace(coded, MASK)
    return text


def _plain(text: str) -> tuple[str, list[int]]:
    """Return a text's letters and digits, small, and where each stands."""
    places = [at for at, letter in enumerate(text) if letter.isascii() and letter.isalnum()]
    return "".join(text[at] for at in places).lower(), places


def looks_like_key(text: str) -> bool:
    """Return whether a text is a key, or could well be one: a long word in which no address can be seen.

    Args:
        text: What was given as an address or a name.

    Example:
        >>> looks_like_key("0123456789abcdef0123456789abcdef01234567"), looks_like_key("ls.example.org")
        (True, False)
    """
    word = re.sub(r"^(?:(?:https?://)|(?:token|bearer)\s+)", "", text.strip().strip("'\""), flags=re.IGNORECASE)
    return bool(_SECRETS.search(text) or re.fullmatch(r"[\w~+=-]{32,}/?", word)) or word.lstrip().startswith("{")


def shown_address(text: str) -> str:
    """Return what a message may repeat of something that was given as an address, in quotes, or words for it.

    A key that broke over lines where it was copied is none that can be seen, so what holds an end of a line, or a key
    once its gaps are closed, is not repeated at all.

    Args:
        text: What was given.

    Example:
        >>> shown_address("ftp://ls.example.org"), shown_address("https://me:pw@ls.example.org")
        ("'ftp://ls.example.org'", "'https://•••@ls.example.org'")
        >>> shown_address("https://ls.example.org/?token=0123456789\\nabcdef")
        'What was given (it is not repeated here, since a key could stand in it)'
    """
    plain = text.strip()
    closed = _STRAY.sub("", plain)
    is_broken = _STRAY.sub(" ", plain) != plain or re.search(r"[0-9a-fA-F]{32}", closed) is not None
    if is_broken or looks_like_key(closed):
        return "What was given (it is not repeated here, since a key could stand in it)"
    # A name and a password without a scheme before them.
    return repr(re.sub(r"^[^/]*(?=@)", MASK, masked(plain))[:80])


def is_here(url: str) -> bool:
    """Return whether an address is one of this computer's own, which no proxy can reach and none should see.

    Args:
        url: The address. A name without a dot is looked up, since such names stand in this computer's own list.

    Example:
        >>> is_here("http://127.0.0.1:8080"), is_here("http://[::1]:8080"), is_here("https://ls.example.org")
        (True, True, False)
    """
    with contextlib.suppress(ValueError):
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
        return bool(host) and (host == "localhost" or host.endswith(".localhost") or _is_loopback(host))
    return False


# A network that knows only its proxy's names can be slow to say that it knows no other.
_LOOKED_UP_SECONDS = 2.0


def leads_here(url: str) -> bool:
    """Return whether an address leads to this computer, also by a name with dots, in its own list or anybody's.

    Names are looked up only where a proxy is set, since nothing else hangs on them: what may be trusted for being here
    is for ``is_here`` to say.

    Args:
        url: The address.

    Example:
        >>> leads_here("http://localhost:8080"), leads_here("https://192.0.2.7")
        (True, False)
    """
    if is_here(url) or not getproxies():
        return is_here(url)
    found: list[bool] = []
    with contextlib.suppress(ValueError, RuntimeError):  # the latter: no thread can be started
        host = (urlsplit(url).hostname or "").rstrip(".")
        looking = threading.Thread(target=lambda: found.append(_is_found_here(host)), daemon=True)
        looking.start()
        looking.join(_LOOKED_UP_SECONDS)
    return found == [True]


def _is_found_here(host: str) -> bool:
    with contextlib.suppress(OSError, UnicodeError):
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
        return bool(found) and all(_is_loopback(address) for address in found)
    return False


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return address.is_loopback or address.is_unspecified
    with contextlib.suppress(OSError):
        # The short and the whole-number spellings of an address, which every client takes: 127.1, 2130706433.
        return _is_loopback(socket.inet_ntoa(socket.inet_aton(host)))
    return "." not in host and ":" not in host and _is_found_here(host)


def is_same_server(url: str, own: str) -> bool:
    """Return whether a key made for one address may be sent to another: the same host, port and scheme.

    The same host by https where it was http is welcome, on the same port or on that of https; from https to http
    it is another server, since everybody on the way there reads the key.

    Args:
        url: Where a request would go.
        own: The address that the key was made for.

    Example:
        >>> is_same_server("https://ls.example.org/api", "http://ls.example.org")
        True
        >>> is_same_server("http://ls.example.org/api", "https://ls.example.org")
        False
    """
    try:
        there, here = urlsplit(url), urlsplit(own)
        if (there.hostname or "").lower() != (here.hostname or "").lower() or not there.hostname:
            return False
        if there.scheme == here.scheme:
            return _port(there) == _port(here)
        return (here.scheme, there.scheme) == ("http", "https") and _port(there) in (443, _port(here))
    except ValueError:
        return False


def _port(parts: SplitResult) -> int | None:
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
