"""Which web pages may read the bucket: its CORS rules, added to and never replaced.

Rules and their order: "CORS configuration examples" and "Cross-origin resource sharing (CORS)" in the Cloud
Storage documentation; which origins, methods and headers Label Studio's pages need was tried with 1.23.
"""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from lsnb.errors import InputError

METHODS = ("GET", "HEAD")
HEADERS = (
    "Content-Type",
    "Content-Length",
    "Content-Range",
    "Accept-Ranges",
    "Range",
    "Access-Control-Allow-Origin",
)
MAX_AGE_SECONDS = 3600
_HOST = re.compile(r"^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?)$")

Rule = dict[str, Any]


@dataclass(frozen=True)
class OriginsReport:
    """What ``allow_origins`` changed, or would change.

    Args:
        before: The bucket's rules as they were.
        after: The rules as they are now (with ``dry_run``: as they would be).
        added: The origins that could not read the bucket before.
        dry_run: Whether nothing was written.
        notes: Sentences on what was corrected in the origins given.
    """

    before: tuple[Rule, ...]
    after: tuple[Rule, ...]
    added: tuple[str, ...]
    dry_run: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def changed(self) -> bool:
        """Whether the rules differ from before."""
        return self.before != self.after

    @property
    def summary(self) -> str:
        """One line on what changed."""
        if not self.changed:
            return "Nothing to change: these origins may read the bucket already."
        verb = "would be allowed" if self.dry_run else "may now read the bucket"
        return f"{', '.join(self.added)} {verb}. Browsers may remember the old rules for up to an hour."

    def __repr__(self) -> str:
        lines = [f"OriginsReport: {self.summary}", *self.notes]
        lines += [f"- {rule}" for rule in self.before if rule not in self.after]
        lines += [f"+ {rule}" for rule in self.after if rule not in self.before]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head, *rest = repr(self).split("\n")
        text = html.escape("\n".join(rest))
        return f"<p>{html.escape(head)}</p>" + (f"<pre>{text}</pre>" if rest else "")


def read_origins(origins: str | Iterable[str]) -> tuple[list[str], list[str]]:
    """Return origins as a browser sends them, and a note for each that was corrected.

    Args:
        origins: One or more, for example ``https://app.example.org``.

    Raises:
        InputError: All that are no origins, at once.

    Example:
        >>> read_origins(["https://App.example.org/"])
        (['https://app.example.org'], [])
        >>> read_origins("https://app.example.org/projects/7")[1]
        ["'https://app.example.org/projects/7' was taken as 'https://app.example.org': an origin has no path."]
    """
    if not isinstance(origins, Iterable):
        raise InputError(
            f"The origin is {origins!r}: give Label Studio's address as text, for example studio.browser_url."
        )
    given = [origins] if isinstance(origins, str) else list(origins)
    if not given:
        raise InputError("No origins given: pass Label Studio's address, for example studio.browser_url.")
    found: list[str] = []
    notes: list[str] = []
    problems: list[str] = []
    for text in given:
        origin = _read_origin(text, notes, problems)
        if origin and origin not in found:
            found.append(origin)
    if problems:
        raise InputError(problems)
    return found, notes


def _read_origin(given: object, notes: list[str], problems: list[str]) -> str | None:
    if not isinstance(given, str):
        problems.append(f"{given!r} is no text: give Label Studio's address, for example https://app.example.org.")
        return None
    text = given.strip()
    if text == "*":
        return text
    example = "give it as https://app.example.org"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        problems.append(f"{text!r} is not a web address: {example}.")
        return None
    if parts.scheme not in {"http", "https"} or not host:
        bare = text.split("://")[-1].split("/")[0] or "app.example.org"
        problems.append(f"{text!r} does not say http:// or https://: give it as https://{bare}.")
        return None
    if "*" in host:
        problems.append(f"{text!r}: Cloud Storage knows no such wildcards; name each origin, or '*' for all.")
        return None
    bracketed = f"[{host}]" if ":" in host else host
    if not _HOST.match(bracketed) or parts.username or parts.password:
        problems.append(f"{text!r} is not an origin that a browser would send: {example}.")
        return None
    is_default_port = port is None or (parts.scheme, port) in {("http", 80), ("https", 443)}
    origin = f"{parts.scheme}://{bracketed}" + ("" if is_default_port else f":{port}")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        notes.append(f"{text!r} was taken as {origin!r}: an origin has no path.")
    return origin


def allow(rules: Sequence[Mapping[str, Any]], origins: Sequence[str]) -> tuple[list[Rule], list[str]]:
    """Return rules under which the origins may read, and the origins that could not before.

    Cloud Storage answers by the first rule that fits origin and method, so an origin that an earlier rule of
    somebody else serves too little gets a rule before it, which holds that rule's headers as well.

    Args:
        rules: The bucket's rules, as the JSON API gives them; left as they are.
        origins: Origins as ``read_origins`` returns them.

    Example:
        >>> rules, added = allow([], ["https://a.org"])
        >>> added, rules[0]["origin"], rules[0]["method"]
        (['https://a.org'], ['https://a.org'], ['GET', 'HEAD'])
        >>> allow(rules, ["https://a.org"]) == (rules, [])
        True
    """
    made: list[Rule] = [copy.deepcopy(dict(rule)) for rule in rules]
    added = [origin for origin in origins if not is_allowed(made, origin)]
    for origin in added:
        fitting = [rule for rule in made for method in METHODS if _fits(rule, origin, method)]
        others = [str(header) for rule in fitting for header in rule.get("responseHeader", [])]
        known = {header.lower() for header in HEADERS}
        headers = [*HEADERS, *dict.fromkeys(header for header in others if header.lower() not in known)]
        rule = {
            "origin": [origin],
            "method": list(METHODS),
            "responseHeader": headers,
            "maxAgeSeconds": MAX_AGE_SECONDS,
        }
        if fitting:
            made.insert(0, rule)
            continue
        same = next((old for old in made if {**old, "origin": None} == {**rule, "origin": None}), None)
        if same is None:
            made.append(rule)
        else:
            same["origin"] = [*same["origin"], origin]
    return made, added


def is_allowed(rules: Sequence[Mapping[str, Any]], origin: str) -> bool:
    """Return whether a page of this origin may read the bucket with all the headers that a player needs."""
    for method in METHODS:
        rule = next((rule for rule in rules if _fits(rule, origin, method)), None)
        if rule is None:
            return False
        headers = {str(header).lower() for header in rule.get("responseHeader", [])}
        if not {header.lower() for header in HEADERS} <= headers:
            return False
    return True


def _fits(rule: Mapping[str, Any], origin: str, method: str) -> bool:
    origins = [str(known).lower().rstrip("/") for known in rule.get("origin", [])]
    methods = [str(known).upper() for known in rule.get("method", [])]
    return (origin.lower() in origins or "*" in origins) and (method in methods or "*" in methods)
