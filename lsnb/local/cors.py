"""A bucket's CORS rules, applied as Cloud Storage does.

The rules hold for the addresses a browser shows media from (``/bucket/object``). They are tried in order;
the first whose origins and methods match decides. No match: no header, and the browser refuses. The JSON API
does not look at them: it lets every origin ask, and its callers prove who they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Rule = Mapping[str, Any]

# The service lets scripts read these on every response that it shares, besides those of the rule.
_ALWAYS_EXPOSED = (
    "Content-Length",
    "Date",
    "Server",
    "Transfer-Encoding",
    "X-GUploader-UploadID",
    "X-Google-Trace",
)


# What Label Studio's own pages need: a player asks for ranges and reads where it stands.
_OWN_METHODS = ("GET", "HEAD")
_OWN_HEADERS = (
    "Content-Type",
    "Content-Length",
    "Content-Range",
    "Accept-Ranges",
    "Range",
    "Access-Control-Allow-Origin",
)
_OWN_SECONDS = 3600


def matching_rule(rules: list[Rule], origin: str, method: str) -> Rule | None:
    """Return the first rule that lets this origin use this method.

    Args:
        rules: A bucket's rules, in order.
        origin: The ``Origin`` of the request: scheme, host and port.
        method: The HTTP method.

    Example:
        >>> rules = [{"origin": ["http://127.0.0.1:8080"], "method": ["GET"]}]
        >>> matching_rule(rules, "http://127.0.0.1:8080", "GET") is rules[0]
        True
        >>> matching_rule(rules, "http://127.0.0.1:8081", "GET") is None
        True
    """
    for rule in rules:
        origins, methods = rule.get("origin", []), rule.get("method", [])
        if ("*" in origins or origin in origins) and ("*" in methods or method in methods):
            return rule
    return None


def media_headers(rules: list[Rule], origin: str, method: str) -> dict[str, str]:
    """Return the headers that let a page of this origin read the response, or none.

    Args:
        rules: The bucket's rules.
        origin: The page's origin.
        method: The method of the request.

    Example:
        >>> media_headers([], "http://127.0.0.1:8080", "GET")
        {}
    """
    rule = matching_rule(rules, origin, method)
    if rule is None:
        return {}
    exposed = sorted({*_ALWAYS_EXPOSED, *rule.get("responseHeader", [])})
    return {**_allowed_origin(rule, origin), "Access-Control-Expose-Headers": ", ".join(exposed)}


def preflight_headers(rules: list[Rule], origin: str, method: str) -> dict[str, str]:
    """Return the headers that answer a preflight, or none.

    Args:
        rules: The bucket's rules.
        origin: The page's origin.
        method: The method that the page asks for.
    """
    rule = matching_rule(rules, origin, method)
    if rule is None:
        return {}
    headers = {
        **_allowed_origin(rule, origin),
        "Access-Control-Allow-Methods": ",".join(rule.get("method", [])),
        "Access-Control-Max-Age": str(rule.get("maxAgeSeconds", 3600)),
    }
    if rule.get("responseHeader"):
        headers["Access-Control-Allow-Headers"] = ",".join(rule["responseHeader"])
    return headers


def with_own_origin(rules: Sequence[Rule], origin: str, *, previous: str = "") -> list[Rule]:
    """Return rules under which the stack's own Label Studio shows the bucket; everybody else's stay.

    Args:
        rules: The bucket's rules, in order.
        origin: Where browsers see the stack's Label Studio.
        previous: Where they saw it at the last start; the rules that name it name the new one instead.

    Example:
        >>> rules = with_own_origin([{"origin": ["*"], "method": ["PUT"]}], "http://127.0.0.1:8080")
        >>> [rule["origin"] for rule in rules]
        [['http://127.0.0.1:8080'], ['*']]
        >>> moved = with_own_origin(rules, "http://127.0.0.1:8081", previous="http://127.0.0.1:8080")
        >>> [rule["origin"] for rule in moved]
        [['http://127.0.0.1:8081'], ['*']]
        >>> with_own_origin(moved, "http://127.0.0.1:8081", previous="http://127.0.0.1:8081") == moved
        True
    """
    made: list[Rule] = list(rules)
    if previous and previous != origin:
        made = [_with_origin_moved(rule, previous, origin) for rule in rules]
    deciding = [matching_rule(made, origin, method) for method in _OWN_METHODS]
    needed = {header.lower() for header in _OWN_HEADERS}
    if all(
        rule is not None and needed <= {str(h).lower() for h in rule.get("responseHeader", [])} for rule in deciding
    ):
        return made
    theirs = [header for rule in deciding if rule is not None for header in rule.get("responseHeader", [])]
    own = {
        "origin": [origin],
        "method": list(_OWN_METHODS),
        "responseHeader": [*_OWN_HEADERS, *dict.fromkeys(h for h in theirs if str(h).lower() not in needed)],
        "maxAgeSeconds": _OWN_SECONDS,
    }
    # The first rule that fits decides, so one that serves this origin too little must come later.
    return [own, *made]


def _with_origin_moved(rule: Rule, previous: str, origin: str) -> Rule:
    origins = rule.get("origin", [])
    if previous not in origins:
        return rule
    return {**rule, "origin": list(dict.fromkeys(origin if known == previous else known for known in origins))}


def _allowed_origin(rule: Rule, origin: str) -> dict[str, str]:
    if "*" in rule.get("origin", []):
        return {"Access-Control-Allow-Origin": "*"}
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
