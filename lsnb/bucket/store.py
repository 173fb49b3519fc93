"""``Bucket``: what a notebook holds in its hand."""

from __future__ import annotations

import dataclasses
import datetime
import html
import json
import os
import threading
import warnings
from collections.abc import Hashable, Iterable
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import requests.adapters
from google.auth.transport.requests import AuthorizedSession
from google.cloud import storage

from lsnb.bucket.checking import OriginCheck, check_link
from lsnb.bucket.faults import Action, NoAnswer, Refusal, as_error
from lsnb.bucket.folders import table_of_files
from lsnb.bucket.keys import Identity
from lsnb.bucket.listing import first_object
from lsnb.bucket.origins import OriginsReport, allow, read_origins
from lsnb.bucket.planning import plan_upload
from lsnb.bucket.sending import Sender
from lsnb.bucket.showing import Mode, StudioStorage, choose_storage
from lsnb.bucket.sources import Sources
from lsnb.bucket.uploading import Overwrite, Run, UploadReport, make_report
from lsnb.bucket.wire import Wire, bucket_path
from lsnb.errors import BucketError, CredentialsError, InputError

_RACES = 5
# Minutes for which Cloud Storage takes a signed link at most.
_WEEK = 7 * 24 * 60


class Bucket:
    """A Cloud Storage bucket, opened.

    ``lsnb.open_bucket(...)`` makes one.

    Args:
        name: Its name.
        wire: The line to it.
        allow_presign: Whether a browser can reach its address.
    """

    def __init__(self, name: str, wire: Wire, *, allow_presign: bool = True) -> None:
        self.name = name
        self._wire = wire
        self._allow_presign = allow_presign

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

    def upload(
        self,
        table: pd.DataFrame,
        *,
        path: Hashable,
        name: str = "{stem}",
        overwrite: Overwrite = "never",
        safe_names: bool = False,
        folder: str | os.PathLike[str] | None = None,
        workers: int = 64,
        deadline: float = 180.0,
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
            safe_names: Replace what cannot stand in an object's name by ``_``, rather than refuse it.
            folder: Where relative paths start; the current folder by default.
            workers: The most connections at once; fewer where this computer lets fewer files be open.
            deadline: Seconds for which each request is tried again while the service is busy or away.
            progress: Whether to show a progress bar.

        Raises:
            InputError: Columns, pattern, names or settings are wrong; every fault at once, before anything is sent.
            BucketError: The bucket cannot be listed.
            CredentialsError: The credentials are refused.

        Example:
            >>> report = bucket.upload(table, path="path", name="{user}/{id}")  # doctest: +SKIP
            >>> report.summary  # doctest: +SKIP
            '12 uploaded'
        """
        sources = Sources(folder)
        try:
            return self._upload(table, sources, path, name, overwrite, safe_names, workers, deadline, progress)
        finally:
            sources.close()

    def upload_folder(
        self,
        source: str | os.PathLike[str],
        *,
        name: str = "{ID}",
        pattern: str = "**/*",
        overwrite: Overwrite = "never",
        safe_names: bool = False,
        workers: int = 64,
        deadline: float = 180.0,
        progress: bool = True,
    ) -> UploadReport:
        """Upload a folder, the files of a glob, or a zip archive, with a table made from the file names.

        The table's columns are ``ID`` (the path inside without extension), ``path``, ``folder`` and ``filename``.
        An archive is read in place; nothing is unpacked.

        Args:
            source: A folder, a glob (``photos/*.jpg``) or a zip archive.
            name: The objects' names as a pattern over those columns.
            pattern: Which files of a folder or archive to take.
            overwrite: See ``upload``.
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
            table = table_of_files(source, pattern, sources)
            return self._upload(table, sources, "path", name, overwrite, safe_names, workers, deadline, progress)
        finally:
            sources.close()

    def _upload(
        self,
        table: pd.DataFrame,
        sources: Sources,
        path: Hashable,
        name: str,
        overwrite: Overwrite,
        safe_names: bool,
        workers: int,
        deadline: float,
        progress: bool,
    ) -> UploadReport:
        problems = []
        if overwrite not in ("never", "changed", "always"):
            problems.append(f"overwrite is {overwrite!r}: give 'never', 'changed' or 'always'.")
        if isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= 256:
            problems.append(f"workers is {workers!r}: give a whole number from 1 to 256.")
        if not isinstance(deadline, (int, float)) or not deadline > 0:
            problems.append(f"deadline is {deadline!r}: give a number of seconds above 0.")
        if problems:
            raise InputError(problems)
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
        run = Run(sender, overwrite=overwrite, workers=workers, progress=progress)
        report = make_report(table, plan, run.upload(plan), self.name)
        if report.warning:
            # A script shows no table, and goes on; whoever calls upload or upload_folder is named.
            warnings.warn(report.warning, stacklevel=3)
        return report

    def signed_url(self, name: str, *, minutes: float = 60.0) -> str:
        """Return a link under which anybody can read an object for a while.

        Args:
            name: The object's name, without ``gs://`` and bucket.
            minutes: How long it is good for; at most 7 days.

        Raises:
            InputError: The name is no object's, or the time is out of bounds.
            CredentialsError: There is no private key to sign with.
        """
        problems = []
        if not isinstance(name, str) or not name:
            problems.append(f"name is {name!r}: give an object's name, without gs:// and the bucket.")
        if isinstance(minutes, bool) or not isinstance(minutes, (int, float)) or not 0 < minutes <= _WEEK:
            problems.append(f"minutes is {minutes!r}: give a number above 0 and up to {_WEEK} (7 days).")
        if problems:
            raise InputError(problems)
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

    # -- who may read --------------------------------------------------------------------------------------

    @property
    def cors(self) -> list[dict[str, Any]]:
        """The bucket's CORS rules, in the order in which Cloud Storage tries them."""
        return list(self._get("cors", "get_cors").get("cors") or [])

    def allow_origins(self, origins: str | Iterable[str], *, dry_run: bool = False) -> OriginsReport:
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

    def check(self, origin: str) -> OriginCheck:
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
                return OriginCheck(False, f"Bucket {self.name!r} is empty: upload a file, then check again.")
            return check_link(self._wire, self.name, self.signed_url(name, minutes=5), wanted)
        except (Refusal, NoAnswer) as fault:
            raise self._error(fault, "list") from None

    def storage_for_studio(self, mode: Mode = "auto") -> StudioStorage:
        """Return what a Label Studio project needs to show this bucket, chosen by what the credentials can do.

        Args:
            mode: ``"auto"``; ``"presign"`` for signed links; ``"stream"`` to let Label Studio pass the bytes on.

        Raises:
            InputError: Another mode, or signed links that no browser could follow.
            CredentialsError: Signed links without a private key.
        """
        return choose_storage(self.name, self._wire.identity, allow_presign=self._allow_presign, mode=mode)

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
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=16)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        client = storage.Client(
            # Objects belong to a bucket, not to a project; the library wants one all the same.
            project=str((identity.key or {}).get("project_id") or "lsnb"),
            credentials=identity.credentials,
            client_options={"api_endpoint": self.endpoint},
            _http=session,
        )
        return client.bucket(self.name)
