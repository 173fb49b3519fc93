"""Whether a browser would show the bucket's media, found out by asking as a browser does.

The requests are those of "Cross-origin resource sharing (CORS)" in the Cloud Storage documentation: a preflight,
then a ranged read of a signed link.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

from lsnb.bucket.origins import HEADERS
from lsnb.bucket.wire import Wire

# What a player must be able to see of a reply to seek in a video.
_FOR_SEEKING = HEADERS[:4]


@dataclass(frozen=True)
class OriginCheck:
    """Whether a page of an origin can show the bucket's media, tried as a browser would.

    Args:
        ok: Whether it can.
        sentence: What was found, and what to do if it cannot.
    """

    ok: bool
    sentence: str

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return self.sentence

    def _repr_html_(self) -> str:
        return f"<p>{'✓' if self.ok else '✗'} {html.escape(self.sentence)}</p>"


def check_link(wire: Wire, bucket: str, link: str, origin: str) -> OriginCheck:
    """Return whether a page of ``origin`` can show the object behind a signed link.

    Args:
        wire: The line to Cloud Storage.
        bucket: The bucket's name.
        link: A signed link to one of its objects.
        origin: As a browser sends it.

    Raises:
        NoAnswer: Nothing answers.
    """
    mend = f"run bucket.allow_origins([{origin!r}])"
    asked = wire.look(
        "OPTIONS",
        link,
        {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"},
    )
    if asked.headers.get("Access-Control-Allow-Origin") not in {origin, "*"}:
        return OriginCheck(False, f"Media will not show on {origin}: the bucket's rules do not allow it; {mend}.")
    got = wire.look("GET", link, {"Origin": origin, "Range": "bytes=0-0"})
    if got.status in {401, 403}:
        return OriginCheck(
            False,
            "Media will not show: the account of this key may not read objects; grant it"
            f" roles/storage.objectViewer on bucket {bucket!r}.",
        )
    # 416 is the answer to a range of an empty object.
    if got.status not in {200, 206, 416}:
        return OriginCheck(False, f"Media will not show: reading an object answered {got.status}; try again.")
    if got.headers.get("Access-Control-Allow-Origin") not in {origin, "*"}:
        return OriginCheck(False, f"Media will not show on {origin}: the reply lacks its permission; {mend}.")
    exposed = {part.strip().lower() for part in got.headers.get("Access-Control-Expose-Headers", "").split(",")}
    hidden = [header for header in _FOR_SEEKING if header.lower() not in exposed]
    if hidden and "*" not in exposed:
        return OriginCheck(
            False, f"Media will show on {origin}, but seeking may not: {', '.join(hidden)} is hidden; {mend}."
        )
    return OriginCheck(True, f"Media will show on {origin}: preflight, permission and ranges are in order.")
