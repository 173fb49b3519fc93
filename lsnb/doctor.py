"""``lsnb doctor``: everything that a study leans on, looked at once, each with a remedy and nothing secret.

Nothing is started, made or changed: a stack that does not run is said, not begun.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from lsnb.connections import connect, open_bucket
from lsnb.credentials import ENDED, NO_BUCKET, NO_STUDIO, bucket_credentials, studio_credentials
from lsnb.errors import LsnbError
from lsnb.kernel import runtime
from lsnb.kernel.report import Report
from lsnb.kernel.secrecy import is_here, masked
from lsnb.kernel.words import counted
from lsnb.labels.vocabulary import release_note

PYTHONS = ((3, 11), (3, 13))  # the first and the last that the tests run on
LITTLE_ROOM = 2 * 10**9  # bytes
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy")
_CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
Line = tuple[str, str, str, str]


@dataclass(frozen=True, repr=False)
class Examination(Report):
    """What the doctor saw: a row a check.

    ``table`` has the columns ``check``, ``status`` (``good``, ``note`` or ``failed``), ``found`` and ``error`` (what is
    wrong and what helps).
    """

    noun: ClassVar[str] = "checks"

    def __repr__(self) -> str:
        rows = self.table.fillna("").to_dict("records")
        width = max((len(row["check"]) for row in rows), default=0)
        signs = {"good": "ok  ", "note": "note", "failed": "FAIL"}
        lines = []
        for row in rows:
            lines.append(f"{signs[row['status']]} {row['check']:<{width}}  {row['found']}".rstrip())
            if row["error"]:
                lines.append(f"{'':{width + 7}}{row['error']}")
        return "\n".join([*lines, self.summary])

    def to_json(self) -> str:
        """Return the rows as JSON, for a bug report or a script."""
        return json.dumps(self.table.astype(object).where(self.table.notna(), None).to_dict("records"), indent=1)


def examine(
    studio: str | None = None,
    bucket: str | None = None,
    *,
    folder: str | os.PathLike[str] = ".",
    key_name: str | None = None,
) -> Examination:
    """Return what works and what does not: Python, packages, disk, proxies, Label Studio, the bucket and its media.

    Args:
        studio: Label Studio's address; with none, the one that ``lsnb.connect()`` would take.
        bucket: The bucket's name; with none, the one that ``lsnb.open_bucket()`` would take.
        folder: The folder that the study works in.
        key_name: The variable or secret that holds Label Studio's key, as for ``lsnb.connect``.

    Example:
        >>> found = examine("https://labelstudio.invalid", "no-such-bucket").table
        >>> found[found["check"] == "Python"]["status"].item()
        'good'
    """
    lines: list[Line] = [*_python(), *_packages(), *_folders(Path(folder)), *_network()]
    origin = None
    for line, address in _label_studio(studio, key_name):
        lines.append(line)
        origin = address or origin
    lines += _bucket(bucket, origin)
    # What a library of somebody else's says may repeat what it was given.
    safe = [(check, status, masked(found), masked(error) or None) for check, status, found, error in lines]
    return Examination(pd.DataFrame(safe, columns=["check", "status", "found", "error"], dtype=object))


def _python() -> Iterator[Line]:
    here = tuple(map(int, platform.python_version_tuple()[:2]))
    found = f"{platform.python_version()} in {runtime.where()}, {platform.system()} {platform.machine()}"
    first, last = (".".join(map(str, version)) for version in PYTHONS)
    if here < PYTHONS[0]:
        yield "Python", "failed", found, f"lsnb needs Python {first} or later: install one, and lsnb in it."
    elif here > PYTHONS[1]:
        yield "Python", "note", found, f"Later than {last}, the last that is tested: it may well work."
    else:
        yield "Python", "good", found, ""
    yield "lsnb", "good", importlib.metadata.version("lsnb"), ""


def _packages() -> Iterator[Line]:
    """Yield a line for all packages that the core needs, and one for each that is missing or too old."""
    from packaging.requirements import Requirement

    have = []
    for text in importlib.metadata.requires("lsnb") or []:
        needed = Requirement(text)
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        try:
            found = importlib.metadata.version(needed.name)
        except importlib.metadata.PackageNotFoundError:
            yield "package", "failed", needed.name, f'It is not installed: run pip install "{needed}".'
            continue
        have.append(f"{needed.name} {found}")
        if not needed.specifier.contains(found, prereleases=True):
            yield "package", "failed", have[-1], f'lsnb needs another: run pip install "{needed}".'
    yield "packages", "good", ", ".join(have), ""


def _folders(folder: Path) -> Iterator[Line]:
    for what, place in (("folder", folder), ("cache", runtime.cache_folder())):
        there = next((path for path in (place.absolute(), *place.absolute().parents) if path.is_dir()), None)
        if there is None or not os.access(there, os.W_OK):
            yield what, "failed", str(place), "Nothing can be written there: choose a folder of your own."
            continue
        free = shutil.disk_usage(there).free
        found = f"{place}, {free / 1e9:.1f} GB free"
        if free < LITTLE_ROOM:
            yield what, "note", found, "Videos and frames need room: delete something, or work on another disk."
        else:
            yield what, "good", found, ""


def _network() -> Iterator[Line]:
    proxies = [name for name in _PROXIES if os.environ.get(name, "").strip()]
    if proxies:
        # Their values may hold a password.
        hosts = ", ".join(f"{name}={_without_password(os.environ[name])}" for name in proxies)
        yield "proxy", "note", hosts, "Servers on this computer are reached without it; all others through it."
    for name in _CERTIFICATES:
        path = os.environ.get(name, "").strip()
        if path and not Path(path).exists():
            yield "certificates", "failed", f"{name}={path}", "There is no such file: mend the variable, or unset it."


def _without_password(address: str) -> str:
    return re.sub(r"//[^@/]*@", "//…@", address)


def _label_studio(url: str | None, key_name: str | None) -> Iterator[tuple[Line, str | None]]:
    """Yield lines about Label Studio, and the address that browsers open."""
    try:
        found = studio_credentials(url, key_name=key_name)
    except LsnbError as fault:
        yield _not_usable("Label Studio", url, fault), None
        return
    yield ("Label Studio's address", "good", f"{found.url}, from {found.source}", ""), None
    if not found.url.startswith("https://") and not is_here(found.url):
        said = "Keys and answers travel there unprotected: ask who runs the server for an https:// address."
        yield ("Label Studio's line", "note", found.url, said), None
    try:
        studio = connect(url, key_name=key_name)
        projects = len(studio.server.projects())
    except LsnbError as fault:
        yield ("Label Studio", "failed", found.url, str(fault)), None
        return
    kind = "a personal access token" if studio.server.key_is_personal else "a legacy token"
    sees = counted(projects, "project")
    yield ("Label Studio's key", "good", f"{kind} of {studio.server.user}, who sees {sees}", ""), None
    release = studio.server.release
    said = release_note(release)
    yield ("Label Studio's release", "note" if said else "good", release, said), studio.browser_url
    if is_here(studio.browser_url):
        said = "Nobody on another computer can open it; annotators need a server that they reach."
        yield ("annotators", "note", studio.browser_url, said), studio.browser_url


def _not_usable(check: str, given: str | None, fault: LsnbError) -> Line:
    """Return the line of what credentials do not lead to: where they name nothing at all, that is no fault."""
    if given is None and str(fault) in (NO_STUDIO, NO_BUCKET, ENDED):
        return check, "note", "none is named", str(fault)
    return check, "failed", given or "what the credentials name", str(fault)


def _bucket(name: str | None, origin: str | None) -> Iterator[Line]:
    try:
        about = bucket_credentials(name)
        bucket = open_bucket(name)
    except LsnbError as fault:
        yield _not_usable("bucket", name, fault)
        return
    yield "bucket", "good", f"{bucket.name}, opened with {about.source}", ""
    yield from _tried("bucket's rights", lambda: _rights(bucket))
    if origin is None:
        said = "Whether media show could not be tried without Label Studio: mend that first."
        yield "media in the browser", "note", bucket.name, said
        return
    yield from _tried("media in the browser", lambda: _shown(bucket, origin))


def _tried(check: str, look: Callable[[], Line]) -> Iterator[Line]:
    try:
        yield look()
    except LsnbError as fault:
        yield check, "failed", "", str(fault)


def _rights(bucket: Any) -> Line:
    missing = bucket.missing_rights()
    if not missing:
        return "bucket's rights", "good", "may list, read, write and delete objects, and change CORS", ""
    said = f"This key lacks {', '.join(missing)}: grant it roles/storage.objectAdmin on the bucket"
    cors = "storage.buckets.update" in missing
    return (
        "bucket's rights",
        "note" if set(missing) <= {"storage.objects.delete", "storage.buckets.update"} else "failed",
        bucket.name,
        said + (", and roles/storage.legacyBucketOwner for CORS." if cors else "."),
    )


def _shown(bucket: Any, origin: str) -> Line:
    verdict = bucket.check(origin)
    if verdict:
        return "media in the browser", "good", str(verdict), ""
    # A bucket that was just made is no fault.
    return "media in the browser", "note" if verdict.is_empty else "failed", f"on {origin}", str(verdict)
