"""What ``lsnb.connect`` returns: the server as a place where studies are made, found and opened."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.credentials import normal_url
from lsnb.errors import InputError, StudyNotFoundError
from lsnb.kernel.checks import checked
from lsnb.kernel.jobs import counting
from lsnb.kernel.secrecy import shown_address
from lsnb.kernel.words import alike
from lsnb.labels import LabelConfig
from lsnb.labels.check import Columns
from lsnb.labels.vocabulary import release_note
from lsnb.studio import Server
from lsnb.study.backup import put_media, read_backup, restore_study
from lsnb.study.creating import make_copies, plan_study
from lsnb.study.outcome import Asked, read_projects
from lsnb.study.projects import MODEL, find_copies, parse_manifest
from lsnb.study.rows import Reading, Where
from lsnb.study.study import Study

if TYPE_CHECKING:
    from lsnb.bucket import Bucket
    from lsnb.bucket.bucket import Mode


class Studio:
    """A Label Studio one is signed in to.

    Args:
        url: The server's address.
        api_key: A legacy token or a personal access token; never shown.
        browser_url: The address a browser uses, where it is another one (Colab's port proxy).
        source: Where address and key came from, in words.

    Attributes:
        url: The server's address.
        user: The e-mail address of the key's owner.
        release: The server's release, for example ``1.23.2``.

    Raises:
        InputError: ``browser_url`` is no web address.
        StudioUnreachableError: No Label Studio answers there.
        StudioAuthError: The key is refused.
    """

    def __init__(self, url: str, api_key: str, *, browser_url: str | None = None, source: str = "the call") -> None:
        if browser_url is not None and not browser_url.startswith(("http://", "https://")):
            raise InputError(
                f"{shown_address(browser_url)} is no browser_url: give an address that begins with http:// or https://."
            )
        self.url, self.user, self.release = normal_url(url), "", ""
        self.server = Server(self.url, api_key)
        self.url = self.server.url
        self.browser_url = browser_url or self.server.url
        self.user = self.server.user
        self.release = self.server.release
        self.source = source

    def create_study(
        self,
        title: str,
        config: LabelConfig,
        table: pd.DataFrame,
        *,
        key: str,
        annotators: int | Sequence[str],
        overlap: Any = "full",
        seed: int = 0,
        bucket: Bucket | None = None,
        columns: Columns | None = None,
        where: Where | None = None,
        predictions: Mapping[str, str] | None = None,
        model_version: str = MODEL,
        show: Mode = "auto",
    ) -> Study:
        """Make one project per annotator, with the same config and the items of a table, and return the study.

        Twice is safe: the same call adopts what is there and makes what is missing. Projects are titled
        ``title · annotator``. Every annotator's order is shuffled by the seed, so that tiredness does not fall on the
        same items. The open-source Label Studio lets every member open every project: one project each blinds,
        assigns and counts, but it does not lock.

        Args:
            title: 3 to 50 characters; the study can be opened by it later.
            config: The label config.
            table: One row per item. Of its columns, those that the config shows and the key travel with the task, and
                what ``columns`` names: all that travels is in the task list, where a model's guess would sway people.
            key: The column that identifies an item.
            annotators: Names, as ``["ana", "ben"]``, or how many there are.
            overlap: ``"full"`` (everybody labels every item), or what ``sampling.assign`` takes.
            seed: What shuffles and assigns.
            bucket: Where ``gs://`` media are; each project is connected to it, and never synced. Files of this computer
                are uploaded to it first.
            columns: What else annotators may see, as ``["lang", "date"]``; or, where names differ, column of the
                table → field of the config that shows it, as ``{"img": "image", "lang": "lang"}``.
            predictions: Column of the table → control: what a model says of each item, shown to annotators as a start.
                A cell holds an answer, Label Studio results, COCO boxes or detections (``predictions.cell_results``).
            model_version: What that model is called.
            where: Which rows: a condition (``"n > 1 and lang == 'de'"``), a mask, or a function of the table.

            show: How Label Studio shows the bucket: ``"presign"`` (browsers follow signed links, which needs a private
                key and CORS rules), ``"stream"`` (Label Studio passes the bytes on), or what the credentials can do.

        Raises:
            InputError: Every fault of the arguments at once; nothing is made then.
            StudyConflictError: A study of this title exists and differs; nothing is changed then.
            StudioError: Not one project got its tasks. Where only some could not, see ``study.report``.
        """
        reading = Reading(key, columns, where, predictions, model_version, bucket, release=self.release)
        plan_of = partial(
            plan_study, title, config, table, annotators=annotators, overlap=overlap, seed=seed, show=show
        )
        plan, whole = plan_of(reading), partial(plan_of, replace(reading, whole_rows=True))
        with counting("Sending tasks", sum(map(len, plan.tasks.values())), "task"):
            copies, report = make_copies(self.server, plan, origin=self.browser_url, whole=whole)
        return Study._opened(self.server, copies, browser_url=self.browser_url, report=report, bucket=bucket)

    def open_or_create_study(
        self,
        title: str,
        config: LabelConfig,
        table: pd.DataFrame,
        *,
        key: str,
        annotators: int | Sequence[str],
        **more: Any,
    ) -> Study:
        """Return the study of this title as it is; where there is none, make it.

        Args:
            title: The study's title.
            config: Of a new study, as all that follows: the label config.
            table: One row per item.
            key: The column that identifies an item.
            annotators: Names, or how many there are.
            more: As of ``create_study``.

        Raises:
            LsnbError: What ``create_study`` raises.
        """
        shown = config.fingerprint if isinstance(config, LabelConfig) else None
        if isinstance(title, str) and find_copies(self.server, title.strip(), config=shown):
            return self.open_study(title)
        return self.create_study(title, config, table, key=key, annotators=annotators, **more)

    @checked
    def open_study(self, title: str) -> Study:
        """Return the study of this title, from any kernel on any computer.

        Args:
            title: The study's title, or its id.

        Raises:
            StudyNotFoundError: There is none; the message names the nearest.
        """
        listed = self.server.projects()
        copies = find_copies(self.server, title.strip(), listed=listed)
        if not copies:
            known = (parse_manifest(project.description) for project in listed)
            named = next((about.title for about in known if about is not None and about.study == title.strip()), None)
            if named is not None:
                copies = find_copies(self.server, named, listed=listed, study=title.strip())
        if not copies:
            titles = list(self.studies()["title"])
            near = alike(title, titles, 3, 0.4)
            hint = f"did you mean {', '.join(repr(t) for t in near)}?" if near else "studio.studies() lists them all."
            raise StudyNotFoundError(f"There is no study {title!r} on {self.url}: {hint}")
        return Study._opened(self.server, copies, browser_url=self.browser_url)

    @checked
    def restore(self, path: str | Path, *, bucket: Bucket | None = None) -> Study:
        """Make a study anew from what ``study.backup`` saved, here or on another server, and return it.

        Answers, skips, drafts, predictions and what was decided are those of the backup; so are the names, moments and
        identities in ``annotations()``. Numbers of projects, tasks and annotations are the server's own. Twice is safe:
        the same call goes on where one was cut, and a project that is there already is left as it is.

        Args:
            path: The zip.
            bucket: The bucket that ``gs://`` media are in; it may also be given in a second call. Media that are in the
                backup (``study.backup(media=True)``) and missing there are uploaded to where they were.

        Raises:
            MissingFileError: There is no such file.
            InputError: It is no backup, or a damaged one; nothing is made then.
            StudyConflictError: Another study of this title is there; nothing is made then.
            StudioError: Not one project could be made. Where only some could not, see ``study.report``.
        """
        backup = read_backup(Path(path))
        if bucket is not None:
            put_media(Path(path), bucket)
        storage = bucket.storage_for_studio() if bucket is not None else None
        copies, report = restore_study(self.server, backup, storage)
        return Study._opened(self.server, copies, browser_url=self.browser_url, report=report, bucket=bucket)

    @checked
    def annotations(
        self,
        projects: Sequence[int],
        *,
        key: str | None = None,
        data: Sequence[str] = (),
        raw: bool = False,
        accounts: bool = False,
        anonymize: bool = False,
    ) -> pd.DataFrame:
        """Return the annotations of projects that are no study of lsnb's, as one long table.

        Args:
            projects: The projects' numbers, which stand in their addresses.
            key: The field of the tasks' data that identifies items, the same in each project.
            data: Fields of the tasks' data to carry along, as ``data.<field>``.
            raw: Whether to add each result as Label Studio stores it.
            accounts: Whether one account is one annotator. By default projects tell annotators apart where one account
                annotated the same item in several of them.
            anonymize: Whether to call annotators A, B, C.
        """
        asked = Asked(tuple(data), raw=raw, accounts=accounts, anonymize=anonymize)
        return read_projects(self.server, projects, key, asked)

    def studies(self) -> pd.DataFrame:
        """Return the studies on this server: title, study (id), annotators, projects, items."""
        rows: dict[str, dict[str, Any]] = {}
        for project in self.server.projects():
            manifest = parse_manifest(project.description)
            if manifest is None:
                continue
            row = rows.setdefault(
                manifest.study,
                {
                    "title": manifest.title,
                    "study": manifest.study,
                    "annotators": [],
                    "projects": 0,
                    "items": manifest.n,
                },
            )
            row["annotators"].append(manifest.annotator)
            row["projects"] += 1
        for row in rows.values():
            row["annotators"] = ", ".join(sorted(row["annotators"]))
        return pd.DataFrame(list(rows.values()), columns=["title", "study", "annotators", "projects", "items"])

    def __repr__(self) -> str:
        # One that could not be signed in to is shown too: by a debugger, or in a traceback with locals.
        known = {name: getattr(self, name, "") for name in ("url", "user", "release")}
        if not known["user"]:
            return f"Studio({known['url']!r}, not signed in)"
        shown = f"Studio({self.url!r}, user={self.user!r}, release={self.release!r})"
        return "\n".join(filter(None, [shown, release_note(self.release)]))

    def _repr_html_(self) -> str:
        if not getattr(self, "user", ""):
            return f"<p>{html.escape(repr(self))}</p>"
        url = html.escape(self.browser_url, quote=True)
        return (
            f'<p>Label Studio {html.escape(self.release)} at <a href="{url}" target="_blank">{url}</a>, '
            f"signed in as {html.escape(self.user)} (from {html.escape(self.source)})</p>"
            + (f"<p>{html.escape(said)}</p>" if (said := release_note(self.release)) else "")
        )
