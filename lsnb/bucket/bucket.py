"""``Bucket``: what a notebook holds in its hand."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import html
import json
import math
import os
import re
import threading
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

import pandas as pd
from google.auth.transport.requests import AuthorizedSession
from google.cloud import storage

from lsnb.bucket.sources import FileSource, SourceFault, Sources, checksum, table_of_files
from lsnb.bucket.uploading import Overwrite, Run, Sender, UploadReport, make_report, plan_upload
from lsnb.bucket.wire import (
    Action,
    Identity,
    NoAnswer,
    Patience,
    Refusal,
    Stored,
    Wire,
    as_error,
    bucket_path,
    content_of,
    crc32c_text,
    first_object,
    identify,
    look_up,
    mount_adapters,
    run_parallel,
    stored_below,
)
from lsnb.credentials import refuse_key_for_name
from lsnb.errors import BucketError, CredentialsError, InputError, LsnbError, MissingFileError
from lsnb.kernel.checks import TOLD, Give, Within, checked
from lsnb.kernel.files import file_sentence, safe_name, whole_file
from lsnb.kernel.formats import LARGEST_JSON, is_export, size_text
from lsnb.kernel.jobs import counting
from lsnb.kernel.report import Report
from lsnb.kernel.secrecy import masked, shown_address
from lsnb.kernel.words import counted, listing, warn

# Which web pages may read the bucket: its CORS rules, added to and never replaced.
#
# Rules and their order: "CORS configuration examples" and "Cross-origin resource sharing (CORS)" in the Cloud
# Storage documentation; which origins, methods and headers Label Studio's pages need was tried with 1.23.


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
            f"The origin is {masked(repr(origins))[:80]}: give Label Studio's address as text, for example "
            "studio.browser_url."
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
        problems.append(
            f"{masked(repr(given))[:80]} is no text: give Label Studio's address, for example https://app.example.org."
        )
        return None
    text = given.strip()
    if text == "*":
        return text
    shown = shown_address(text)
    example = "give it as https://app.example.org"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        problems.append(f"{shown} is not a web address: {example}.")
        return None
    if parts.scheme not in {"http", "https"} or not host:
        bare = text.split("://")[-1].split("/")[0] or "app.example.org"
        is_host = shown == repr(text) and _HOST.match(bare)
        problems.append(
            f"{shown} does not say http:// or https://: give it as https://{bare if is_host else 'app.example.org'}."
        )
        return None
    if "*" in host:
        problems.append(f"{shown}: Cloud Storage knows no such wildcards; name each origin, or '*' for all.")
        return None
    bracketed = f"[{host}]" if ":" in host else host
    if not _HOST.match(bracketed) or parts.username or parts.password:
        problems.append(f"{shown} is not an origin that a browser would send: {example}.")
        return None
    is_default_port = port is None or (parts.scheme, port) in {("http", 80), ("https", 443)}
    origin = f"{parts.scheme}://{bracketed}" + ("" if is_default_port else f":{port}")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        notes.append(f"{shown} was taken as {origin!r}: an origin has no path.")
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


# Whether a browser would show the bucket's media, found out by asking as a browser does.
#
# The requests are those of "Cross-origin resource sharing (CORS)" in the Cloud Storage documentation: a preflight,
# then a ranged read of a signed link.


# What a player must be able to see of a reply to seek in a video.
_FOR_SEEKING = HEADERS[:4]


@dataclass(frozen=True)
class OriginCheck:
    """Whether a page of an origin can show the bucket's media, tried as a browser would.

    Args:
        ok: Whether it can.
        sentence: What was found, and what to do if it cannot.
        is_empty: Whether the bucket holds nothing yet that could be tried.
    """

    ok: bool
    sentence: str
    is_empty: bool = False

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


# How Label Studio is to show a bucket: by signed links, or by streaming the bytes itself.
#
# Fields: "Google Cloud Storage" in Label Studio's documentation of cloud storages, and its API's
# ``POST /api/storages/gcs/``.


Mode = Literal["auto", "presign", "stream"]

# Minutes. Label Studio's own default is one, and a video that is watched longer than that stops at the next seek.
LINK_MINUTES = 120


@dataclass(frozen=True)
class StudioStorage:
    """What a Label Studio project needs to show a bucket.

    Args:
        bucket: The bucket's name.
        presign: Whether browsers fetch from the bucket by signed links; else Label Studio streams the bytes.
        presign_ttl: Minutes for which a signed link is good.
        why: Why it is one and not the other.
        credentials: The service account's JSON as text; None where Label Studio's server has to use its own.
        read_only: Whether these are the second key, which was made for this.
    """

    bucket: str
    presign: bool
    presign_ttl: int
    why: str
    credentials: str | None = field(repr=False, default=None)
    read_only: bool = False


def choose_storage(bucket: str, identity: Identity, *, allow_presign: bool, mode: Mode) -> StudioStorage:
    """Return how to show a bucket, by what its credentials can do.

    Args:
        bucket: The bucket's name.
        identity: The credentials.
        allow_presign: Whether a browser can reach the bucket's endpoint.
        mode: ``"auto"`` takes signed links where they can work.

    Raises:
        InputError: Another mode, or signed links where no browser can follow them.
        CredentialsError: Signed links without a private key.
    """
    credentials = json.dumps(dict(identity.key)) if identity.key else None
    if mode not in ("auto", "presign", "stream"):
        raise InputError(f"mode is {mode!r}: give 'auto', 'presign' or 'stream'.")
    if mode == "presign":
        if not identity.can_sign:
            raise CredentialsError(
                f"Signed links need a private key, and {identity.account} has none here: open the bucket with a"
                " service account's JSON, or let Label Studio stream (mode='stream')."
            )
        if not allow_presign:
            raise InputError(
                "A browser cannot reach this bucket's address, so signed links would show nothing: use mode='stream'."
            )
    if mode == "stream":
        why = "Label Studio streams the media itself, as asked; the bucket needs no CORS for that."
    elif not allow_presign:
        why = "Label Studio streams the media itself, since your browser cannot reach this bucket's address."
    elif not identity.can_sign:
        why = (
            "Label Studio streams the media itself, with its server's own credentials, since there is no private key"
            " here to sign links with."
        )
    else:
        why = "Browsers fetch the media from the bucket by signed links; its CORS rules must allow Label Studio."
        return StudioStorage(bucket, True, LINK_MINUTES, why, credentials)
    return StudioStorage(bucket, False, LINK_MINUTES, why, credentials)


def _holds(path: Path, stored: Stored) -> bool:
    """Whether a file is there that holds an object's bytes."""
    if not path.is_file():
        return False
    source = FileSource(str(path))
    facts = source.facts()
    return facts.size == stored.size and crc32c_text(checksum(source, facts)) == stored.crc32c


_RACES = 5
# What uploading, showing, replacing and opening a bucket to browsers take.
RIGHTS = (
    "storage.buckets.get",
    "storage.buckets.update",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
)
# Minutes for which Cloud Storage takes a signed link at most.
_WEEK = 7 * 24 * 60
Workers = Annotated[int, Within(1, 256)]
Deadline = Annotated[float, Within(math.ulp(0.0), math.inf), Give("a number of seconds above 0")]
Minutes = Annotated[float, Within(math.ulp(0.0), _WEEK), Give(f"a number above 0 and up to {_WEEK} (7 days)")]


@dataclass(frozen=True, repr=False)
class DownloadReport(Report):
    """What ``Bucket.download`` fetched: a row per object, ``uri, path, status, error``."""

    noun: ClassVar[str] = "downloads"


class Bucket:
    """A Cloud Storage bucket, opened.

    ``lsnb.open_bucket(...)`` makes one.

    Attributes:
        name: Its name, without ``gs://``.
    """

    name: str
    _wire: Wire
    _allow_presign: bool
    _reader: Identity | None

    def __init__(self, *given: object, **named: object) -> None:
        raise InputError("A Bucket is not built by hand: lsnb.open_bucket(name) opens one.")

    @classmethod
    def _opened(cls, name: str, wire: Wire, *, allow_presign: bool, reader: Identity | None) -> Bucket:
        """Return the bucket at the end of a line.

        Args:
            name: Its name.
            wire: The line to it.
            allow_presign: Whether a browser can reach its address.
            reader: A second key, which may only read, for Label Studio.
        """
        opened = cls.__new__(cls)
        opened.name, opened._wire, opened._allow_presign, opened._reader = name, wire, allow_presign, reader
        return opened

    @property
    def endpoint(self) -> str:
        """The address of the Cloud Storage it is in."""
        return self._wire.endpoint

    @property
    def can_sign(self) -> bool:
        """Whether the credentials hold a private key, with which links can be signed."""
        return self._wire.identity.can_sign

    def __repr__(self) -> str:
        return f"Bucket('gs://{self.name}', as {self._wire.identity.account})"

    def _repr_html_(self) -> str:
        account = html.escape(self._wire.identity.account)
        return f"<p><b>gs://{html.escape(self.name)}</b>, opened as {account}</p>"

    # -- media ---------------------------------------------------------------------------------------------

    @checked
    def upload(
        self,
        table: Annotated[pd.DataFrame, TOLD],
        *,
        path: Hashable,
        name: str = "{stem}",
        overwrite: Overwrite = "never",
        send_unshown: bool = False,
        safe_names: bool = False,
        folder: str | os.PathLike[str] | None = None,
        workers: Workers = 64,
        deadline: Deadline = 180.0,
        progress: bool = True,
    ) -> UploadReport:
        """Upload the files that a table names, and return the table with their ``gs://`` addresses.

        What is there already (same size and CRC32C) is not sent again, so an interrupted call is finished by
        making it once more. Files of more than 32 MiB go in resumable chunks.

        Args:
            table: One row per file. It is not changed; the report holds a copy with ``uri``, ``status``, ``bytes``
                and ``error`` after the user's columns. A table that an earlier upload returned may come again: its
                four columns are then replaced. Other columns of these names are refused, never overwritten.
            path: The column of file paths. A path may lead into a zip archive: ``photos.zip/ana/1.jpg``.
            name: The objects' names as a pattern over the columns: ``"{Username}/{ID}"``. ``{stem}`` is the file's
                name without folder and extension. The file's extension is added.
            overwrite: Where an object of that name holds other bytes: ``"never"`` leaves it and reports
                ``changed``; ``"changed"`` replaces it; ``"always"`` sends every file again.
            send_unshown: Whether to send files that browsers cannot show, too: empty ones, TIFF, pictures that break
                off or are CMYK, web pages under a picture's name. Without it they are rows ``not shown``, without
                ``uri``.
            safe_names: Replace what cannot stand in an object's name by ``_``, rather than refuse it.
            folder: The folder or zip archive where relative paths start, the current folder by default; a file that is
                not at its whole path (/content/…, C:\\…), or is written with other capital letters, is looked for in it
                by its name, which is said.
            workers: The most connections at once; fewer where this computer lets fewer files be open.
            deadline: Seconds for which each request is tried again while the service is busy or away.
            progress: Whether to show a progress bar.

        Raises:
            InputError: Columns, pattern, names or settings are wrong; every fault at once, before anything is sent.
            MissingFileError: There is nothing at ``folder``.
            BucketError: The bucket cannot be listed.
            CredentialsError: The credentials are refused.

        Example:
            >>> report = bucket.upload(table, path="path", name="{user}/{id}")  # doctest: +SKIP
            >>> report.summary  # doctest: +SKIP
            '12 uploaded'
        """
        sources = Sources(folder)
        try:
            return self._upload(
                table, sources, path, name, overwrite, send_unshown, safe_names, workers, deadline, progress
            )
        finally:
            sources.close()

    @checked
    def upload_folder(
        self,
        source: Annotated[str | os.PathLike[str], TOLD],
        *,
        name: str = "{ID}",
        pattern: str = "**/*",
        known: Annotated[pd.DataFrame | str | os.PathLike[str] | None, TOLD] = None,
        overwrite: Overwrite = "never",
        send_unshown: bool = False,
        safe_names: bool = False,
        workers: Workers = 64,
        deadline: Deadline = 180.0,
        progress: bool = True,
    ) -> UploadReport:
        """Upload a folder, the files of a glob, or a zip archive, with a table made from the file names.

        The table's columns are ``ID`` (the path inside without extension), ``path``, ``folder`` and ``filename``.
        An archive is read in place; nothing is unpacked.

        Args:
            source: A folder, a glob (``photos/*.jpg``) or a zip archive.
            name: The objects' names as a pattern over those columns.
            pattern: Which files of a folder or archive to take.
            known: The table of an earlier upload of this folder, or the file it was saved in, if there is one: files
                in it keep their ``ID``, whatever was laid beside them.
            overwrite: See ``upload``.
            send_unshown: See ``upload``.
            safe_names: See ``upload``.
            workers: See ``upload``.
            deadline: See ``upload``.
            progress: See ``upload``.

        Raises:
            MissingFileError: There is nothing at ``source``.
            InputError: No file matches, the archive is damaged, or as for ``upload``.
            BucketError: The bucket cannot be listed.
        """
        sources = Sources()
        try:
            table = table_of_files(source, pattern, sources, known)
            return self._upload(
                table, sources, "path", name, overwrite, send_unshown, safe_names, workers, deadline, progress
            )
        finally:
            sources.close()

    def _upload(
        self,
        table: pd.DataFrame,
        sources: Sources,
        path: Hashable,
        name: str,
        overwrite: Overwrite,
        send_unshown: bool,
        safe_names: bool,
        workers: int,
        deadline: float,
        progress: bool,
    ) -> UploadReport:
        plan = plan_upload(
            table,
            path=path,
            name=name,
            sources=sources,
            safe_names=safe_names,
            keeps_objects_as_files=self._is_emulated,
        )
        self._wire.widen(workers)
        patience = dataclasses.replace(self._wire.patience, deadline=float(deadline))
        sender = Sender(self._wire, self.name, self._library(), patience, threading.Event())
        run = Run(sender, overwrite=overwrite, sends_unshown=send_unshown, workers=workers, progress=progress)
        report = make_report(table, plan, run.upload(plan), self.name)
        report = dataclasses.replace(report, notes=(*report.notes, *sources.notes()))
        if report.warning:
            # A script shows no table, and goes on; whoever calls upload or upload_folder is named.
            warn(report.warning, shown_by=report)
        return report

    @checked
    def signed_url(self, name: str, *, minutes: Minutes = 60.0) -> str:
        """Return a link under which anybody can read an object for a while.

        Args:
            name: The object's name, without ``gs://`` and bucket.
            minutes: How long it is good for; at most 7 days.

        Raises:
            InputError: The name is no object's, or the time is out of bounds.
            CredentialsError: There is no private key to sign with.
        """
        if not name:
            raise InputError("name is empty: give an object's name, without gs:// and the bucket.")
        if not self.can_sign:
            raise CredentialsError(
                "Signed links need a private key: open the bucket with a service account's JSON, or let"
                " Label Studio stream."
            )
        blob = self._library().blob(name)
        return str(
            blob.generate_signed_url(
                version="v4",
                expiration=datetime.timedelta(minutes=minutes),
                method="GET",
                api_access_endpoint=self.endpoint,
                credentials=self._wire.identity.credentials,
            )
        )

    @checked
    def download(
        self,
        places: str | Sequence[str],
        out: str | os.PathLike[str],
        *,
        endings: Sequence[str] = (),
        workers: Workers = 8,
    ) -> DownloadReport:
        """Fetch objects into a folder, for what looks at files: models, frames, pose tools.

        Twice is safe: a file that holds the object's bytes stays as it is.

        Args:
            places: A folder in the bucket or one object, or several objects: names or ``gs://`` addresses.
            out: Where to put them, in folders as in the bucket.
            endings: Of a folder, only objects that end so, such as ``[".jpg", ".png"]``.
            workers: How many are fetched at once.

        Returns:
            A row per object: ``uri, path, status`` (created, exists or failed) and ``error``; its notes say what of a
            folder was passed over.

        Raises:
            BucketError: The bucket is missing, forbidden or out of reach.
            InputError: An address of another bucket.
            MissingFileError: There is neither a folder nor an object of that name.

        Example:
            >>> bucket.download("photos", "lsnb-work/photos", endings=[".jpg"])  # doctest: +SKIP
        """
        notes: tuple[str, ...] = ()
        try:
            if isinstance(places, str):
                names, notes = self._names_at(self._name_of(places), endings)
            else:
                names = [self._name_of(one) for one in places]
                if not all(names):
                    raise InputError(f"places names no object of gs://{self.name}: give names or gs:// addresses.")
            wanted_names = list(dict.fromkeys(names))
            cancel = threading.Event()
            found: dict[str, dict[str, Any]] = {}
            with counting("Downloading", len(wanted_names), "file") as count:
                fetch = partial(self._download, out=Path(out), cancel=cancel)
                for row in run_parallel(fetch, wanted_names, workers=workers, cancel=cancel):
                    found[row["uri"]] = row
                    count(1)
            rows = [found[f"gs://{self.name}/{name}"] for name in wanted_names]
        except (Refusal, NoAnswer) as fault:
            raise self._error(fault, "read") from None
        return DownloadReport(pd.DataFrame(rows, columns=["uri", "path", "status", "error"]), notes)

    def _names_at(self, place: str, endings: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
        """Return the names of a folder's objects that end so, or of the one object, and what is to be said of it."""
        wanted = tuple(one.lower() for one in endings)
        is_one = bool(place) and not place.endswith("/") and look_up(self._wire, self.name, place) is not None
        folder = place if place.endswith("/") or not place else f"{place}/"
        below = [one.name for one in stored_below(self._wire, self.name, folder) if not one.name.endswith("/")]
        if not is_one and not below:
            raise MissingFileError(
                f"There is neither an object gs://{self.name}/{place} nor one below it: check the name."
                if place
                else f"gs://{self.name} holds no object: upload something first."
            )
        found = [one for one in below if not wanted or one.lower().endswith(wanted)]
        others = [one.removeprefix(folder) for one in below if wanted and not one.lower().endswith(wanted)]
        said = f"gs://{self.name}/{folder}: {counted(len(others), 'object')} of other endings passed over: "
        return [*([place] if is_one else ()), *found], (f"{said}{listing(others)}.",) if others else ()

    def _name_of(self, place: str) -> str:
        bucket, _, name = place.removeprefix("gs://").partition("/")
        if not place.startswith("gs://"):
            return place
        if bucket != self.name:
            raise InputError(f"gs://{bucket} is another bucket than gs://{self.name}: open that one.")
        return name

    def _download(self, name: str, out: Path, cancel: threading.Event) -> dict[str, Any]:
        row: dict[str, Any] = {"uri": f"gs://{self.name}/{name}", "path": None, "status": "failed", "error": None}
        try:
            # Names are texts of others: each part becomes one name that stays in the folder.
            path = out.joinpath(*(safe_name(part) for part in name.split("/")))
            known = look_up(self._wire, self.name, name, cancel=cancel)
            if known is None:
                return row | {"error": f"There is no object gs://{self.name}/{name}."}
            if _holds(path, known):
                return row | {"path": path.as_posix(), "status": "exists"}
            with whole_file(path, parents=True) as file:
                for piece in content_of(self._wire, self.name, known, cancel=cancel):
                    file.write(piece)
            return row | {"path": path.as_posix(), "status": "created"}
        except (Refusal, NoAnswer) as fault:
            return row | {"error": str(self._error(fault, "read"))}
        except OSError as fault:
            return row | {"error": file_sentence(fault, out)}
        except (LsnbError, SourceFault) as fault:
            return row | {"error": str(fault)}

    # -- who may read --------------------------------------------------------------------------------------

    @checked
    def read_exports(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yield the name and content of each export below a prefix, as Label Studio writes into a target bucket.

        These are objects that are named by a number, or end in ``.json``, ``.jsonl`` or ``.ndjson``; media beside them
        are passed over.

        Args:
            prefix: The folder in the bucket, or the one object's name.

        Raises:
            BucketError: The bucket is missing, forbidden or out of reach.
            MissingFileError: There is no such object.
        """
        folder = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
        try:
            one = look_up(self._wire, self.name, prefix) if prefix and not prefix.endswith("/") else None
            found = [one] if one is not None else list(stored_below(self._wire, self.name, folder))
            exports = found if one is not None else [each for each in found if is_export(each.name)]
            if not exports:
                raise MissingFileError(
                    f"There is no export below gs://{self.name}/{folder} (objects there: {len(found)}): give the "
                    "prefix that the target storage has in the project's settings."
                )
            for each in exports:
                yield each.name, self._content(each, LARGEST_JSON, "split it")
        except (Refusal, NoAnswer) as fault:
            raise self._error(fault, "read") from None

    @checked
    def read_object(self, name: str, *, most: Annotated[int, Within(1)] = LARGEST_JSON) -> bytes:
        """Return an object's bytes.

        Args:
            name: The object's name, without ``gs://`` and the bucket.
            most: How many bytes it may have, unpacked where it is stored packed: they are all in memory.

        Raises:
            InputError: It is larger, or the name or the number is none.
            BucketError: The bucket is forbidden or out of reach.
            MissingFileError: There is no such object.
        """
        try:
            found = look_up(self._wire, self.name, name) if name else None
            if found is None:
                raise MissingFileError(f"There is no object {name!r} in gs://{self.name}: check how it is written.")
            return self._content(found, most, "give a larger most=")
        except (Refusal, NoAnswer) as fault:
            raise self._error(fault, "read") from None

    def _content(self, stored: Stored, most: int, remedy: str) -> bytes:
        too_large = InputError(f"gs://{self.name}/{stored.name} is larger than {size_text(most)}: {remedy}.")
        if stored.size > most and not stored.is_packed:
            raise too_large
        pieces, left = [], most
        for piece in content_of(self._wire, self.name, stored):
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                raise too_large
        return b"".join(pieces)

    @property
    def cors(self) -> list[dict[str, Any]]:
        """The bucket's CORS rules, in the order in which Cloud Storage tries them."""
        return list(self._get("cors", "get_cors").get("cors") or [])

    @checked
    def allow_origins(self, origins: Annotated[str | Iterable[str], TOLD], *, dry_run: bool = False) -> OriginsReport:
        """Let pages of these origins read the bucket, beside what its rules allow already.

        Running it twice changes nothing. Rules that others made stay.

        Args:
            origins: Label Studio's address, for example ``https://app.example.org``, or several.
            dry_run: Only show the difference.

        Raises:
            InputError: Something is no origin; all such are named.
            BucketForbiddenError: The account may not read or change the rules; the role is named.
        """
        wanted, notes = read_origins(origins)
        for _ in range(_RACES):
            found = self._get("cors,metageneration", "get_cors")
            before = list(found.get("cors") or [])
            after, added = allow(before, wanted)
            report = OriginsReport(tuple(before), tuple(after), tuple(added), dry_run, tuple(notes))
            if dry_run or not report.changed:
                return report
            try:
                reply = self._wire.call(
                    "PATCH",
                    bucket_path(self.name),
                    {"ifMetagenerationMatch": found.get("metageneration", 0), "fields": "cors"},
                    body=(json.dumps({"cors": after}).encode(),),
                    content_type="application/json",
                    expect=frozenset({412}),
                    patience=self._wire.brief,
                )
            except (Refusal, NoAnswer) as fault:
                raise self._error(fault, "set_cors") from None
            if reply.status != 412:
                return report
            # Somebody changed the bucket in between: look again.
        raise BucketError(f"Others keep changing the rules of bucket {self.name!r}: run the call again.")

    @checked
    def check(self, origin: Annotated[str, TOLD]) -> OriginCheck:
        """Try what a browser on a page of ``origin`` does, and say whether media will show.

        Args:
            origin: Label Studio's address.

        Raises:
            InputError: It is no origin.
            BucketError: The bucket cannot be read.
        """
        (wanted, *_), _ = read_origins(origin)
        if not self._allow_presign or not self.can_sign:
            return OriginCheck(True, self.storage_for_studio().why)
        try:
            name = first_object(self._wire, self.name)
            if not name:
                said = f"Bucket {self.name!r} is empty: upload a file, then check again."
                return OriginCheck(False, said, is_empty=True)
            return check_link(self._wire, self.name, self.signed_url(name, minutes=5), wanted)
        except (Refusal, NoAnswer) as fault:
            raise self._error(fault, "list") from None

    def missing_rights(self) -> list[str]:
        """Return which of the permissions that lsnb uses this key lacks; none for a key that can do everything.

        Raises:
            BucketError: The bucket cannot be asked.
        """
        missing = []
        for right in RIGHTS:
            try:
                path = f"{bucket_path(self.name)}/iam/testPermissions"
                told = json.loads(self._wire.call("GET", path, {"permissions": right}).body)
            except (Refusal, NoAnswer) as fault:
                raise self._error(fault, "read") from None
            if right not in (told.get("permissions") or []):
                missing.append(right)
        return missing

    @checked
    def storage_for_studio(self, mode: Mode = "auto") -> StudioStorage:
        """Return what a Label Studio project needs to show this bucket, chosen by what the credentials can do.

        Args:
            mode: ``"auto"``; ``"presign"`` for signed links; ``"stream"`` to let Label Studio pass the bytes on.

        Raises:
            InputError: Another mode, or signed links that no browser could follow.
            CredentialsError: Signed links without a private key.
        """
        identity = self._reader or self._wire.identity
        chosen = choose_storage(self.name, identity, allow_presign=self._allow_presign, mode=mode)
        return dataclasses.replace(chosen, read_only=self._reader is not None)

    # -- the line ------------------------------------------------------------------------------------------

    @property
    def _is_emulated(self) -> bool:
        return not (urlsplit(self.endpoint).hostname or "").endswith(".googleapis.com")

    def _get(self, fields: str, action: Action) -> dict[str, Any]:
        try:
            return self._wire.call("GET", bucket_path(self.name), {"fields": fields}, patience=self._wire.brief).json
        except (Refusal, NoAnswer) as fault:
            raise self._error(fault, action) from None

    def _error(self, fault: Refusal | NoAnswer, action: Action) -> BucketError:
        return as_error(fault, bucket=self.name, endpoint=self.endpoint, action=action)

    def _library(self) -> Any:
        """Return the library's own bucket object, on the same credentials and endpoint."""
        identity: Identity = self._wire.identity
        session = AuthorizedSession(  # type: ignore[no-untyped-call, unused-ignore]
            # Its own way to new tokens would take a proxy, whatever the session does.
            identity.credentials,
            auth_request=self._wire.refresher,
        )
        session.trust_env = self._wire.session.trust_env
        mount_adapters(session, self.endpoint, connections=16)
        client = storage.Client(
            # Objects belong to a bucket, not to a project; the library wants one all the same.
            project=str((identity.key or {}).get("project_id") or "lsnb"),
            credentials=identity.credentials,
            client_options={"api_endpoint": self.endpoint},
            _http=session,
        )
        return client.bucket(self.name)


# Opening a bucket: its name, whose credentials to use, and whether it is there.


def open_bucket_at(
    name: str,
    *,
    endpoint: str | None = None,
    info: Any = None,
    credentials: Any = None,
    allow_presign: bool = True,
    allow_adc: bool = True,
    patience: Patience | None = None,
    reader: Any = None,
) -> Bucket:
    """Open a bucket and return it, or say what is in the way.

    Args:
        name: The bucket's name; ``gs://name`` is taken too.
        endpoint: Another address than Google's, for the local stack.
        info: A service account's JSON as a dict, as text, or the path of its file.
        credentials: A ready-made google-auth credentials object, in place of ``info``.
        allow_presign: Whether a browser can reach the endpoint (False for the local stack in Colab).
        allow_adc: Whether application default credentials, or Colab's sign-in, may be used where none are given.
        patience: How long requests are tried.
        reader: As ``info``, of a second key that may only read, which Label Studio is given in place of the first.

    Raises:
        CredentialsError: No credentials, malformed ones, ones that Google refuses, or no file at the path given.
        BucketNotFoundError: There is no such bucket.
        BucketForbiddenError: The account may not see it; the missing role is named.
        BucketUnreachableError: Nothing answers.
    """
    plain = _bucket_name(name)
    # An emulator must never be handed the user's own Google token.
    identity = identify(credentials if credentials is not None else info, allow_adc=allow_adc, anonymous=bool(endpoint))
    wire = Wire(identity, endpoint, patience=patience)
    _greet(wire, plain)
    second = identify(reader, allow_adc=False) if reader is not None else None
    return Bucket._opened(plain, wire, allow_presign=allow_presign, reader=second)


def _greet(wire: Wire, bucket: str) -> None:
    try:
        wire.call("GET", bucket_path(bucket), {"fields": "name"}, patience=wire.brief)
    except (Refusal, NoAnswer) as fault:
        if not isinstance(fault, Refusal) or fault.status != 403:
            raise as_error(fault, bucket=bucket, endpoint=wire.endpoint, action="open") from None
        # Whoever may only use the objects may not read the bucket itself, and need not.
        try:
            first_object(wire, bucket)
        except (Refusal, NoAnswer) as other:
            raise as_error(other, bucket=bucket, endpoint=wire.endpoint, action="list") from None


def _bucket_name(text: object) -> str:
    if not isinstance(text, str):
        raise InputError(f"The bucket's name is {masked(repr(text))[:80]}: give it as text, for example 'my-media'.")
    refuse_key_for_name(text)
    name = text.strip().removeprefix("gs://").rstrip("/")
    if not name:
        raise InputError("The bucket has no name: give it as in the Cloud console, for example 'my-media'.")
    shown = shown_address(name)
    if "/" in name or any(letter.isspace() for letter in name):
        raise InputError(
            f"{shown} is not a bucket's name: give the name alone, without a folder behind it, for example"
            f" {name.split('/')[0].split()[0] if shown == repr(name) else 'my-media'!r}."
        )
    return name
