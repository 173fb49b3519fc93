"""Which of many names are in the bucket, in few requests.

The names are sorted and cut into ranges; each range is one listing from its first name to its last
(``startOffset`` and ``endOffset`` of "Objects: list" in the Cloud Storage documentation), all ranges at once.
In a shared bucket that holds far more than the table names, a range gives up after a few pages and asks for its
remaining names one by one, on all connections: whichever is cheaper.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lsnb.bucket.parallel import run_parallel
from lsnb.bucket.wire import Patience, Wire, bucket_path, object_path

RANGE = 500
PAGE = 1000
# One page of a listing costs about as much as this many single look-ups on parallel connections.
LOOKUPS_PER_PAGE = 50
FIELDS = "name,size,crc32c,generation"


@dataclass(frozen=True)
class Stored:
    """An object as it is in the bucket.

    Args:
        name: Its name.
        size: Its bytes.
        crc32c: Its checksum as Cloud Storage writes it (base64), or an empty text where the store has none.
        generation: The number of this version, for preconditions.
    """

    name: str
    size: int
    crc32c: str
    generation: int

    @classmethod
    def from_resource(cls, fields: dict[str, Any]) -> Stored:
        """Return the record of an "Object" resource of the JSON API."""
        return cls(
            str(fields.get("name", "")),
            int(fields.get("size", 0)),
            str(fields.get("crc32c", "")),
            int(fields.get("generation", 0)),
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
