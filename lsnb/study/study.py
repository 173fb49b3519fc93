"""A study that exists: its projects, how far they are, and everybody's annotations."""

from __future__ import annotations

import html
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lsnb.annotations import anonymize as hide_names
from lsnb.annotations import long_table
from lsnb.errors import StudyNotFoundError
from lsnb.labels import LabelConfig
from lsnb.runtime import collector_paused
from lsnb.studio import Server
from lsnb.study.adjudication import Adjudication, adjudicate, gold_of
from lsnb.study.answers import Answers
from lsnb.study.copies import CreateReport
from lsnb.study.finding import Copy, all_annotators
from lsnb.study.models import ModelVerbs
from lsnb.study.outcome import SyncReport
from lsnb.study.people import add_person, share_text, shared_items
from lsnb.study.plan import MODEL
from lsnb.study.removal import delete_study, save_exports
from lsnb.study.revision import ConfigReport, revise
from lsnb.study.rows import Where
from lsnb.study.snapshot import Snapshot
from lsnb.study.splits import splits_of, with_splits
from lsnb.study.sync import OnRemoved, run_sync

if TYPE_CHECKING:
    from lsnb.bucket import Bucket


class Study(ModelVerbs):
    """The same items before several annotators, one project each.

    Made by ``Studio.create_study`` or ``Studio.open_study``.

    Args:
        server: Where it lives.
        copies: Its projects.
        browser_url: The address a browser uses for the server.
        report: What ``create_study`` did, if it made this object.

    Attributes:
        server: Where it lives.
        copies: Its projects, each with its manifest, in the order of annotators.
        report: What ``create_study`` did, if it made this object.
    """

    def __init__(
        self, server: Server, copies: Sequence[Copy], *, browser_url: str, report: CreateReport | None = None
    ) -> None:
        self.server = server
        self.copies = list(copies)
        self._browser_url = browser_url
        self.report = report
        self._snapshots: dict[int, Snapshot] = {}

    @property
    def title(self) -> str:
        """The study's title."""
        return self.copies[0].manifest.title

    @property
    def id(self) -> str:
        """The study's id, which stays when somebody renames a project."""
        return self.copies[0].manifest.study

    @property
    def key(self) -> str:
        """The column of the table that identifies an item."""
        return self.copies[0].manifest.key

    @property
    def annotators(self) -> list[str]:
        """Everybody's names, in the order first given."""
        return all_annotators(self.copies)

    @property
    def projects(self) -> pd.DataFrame:
        """One row per annotator: annotator, project, url, tasks, done, skipped."""
        rows = []
        for copy in self._present():
            now = self.server.project(copy.project.id)
            rows.append(
                {
                    "annotator": copy.manifest.annotator,
                    "project": now.id,
                    "url": self._project_url(copy),
                    "tasks": now.tasks,
                    "done": now.done,
                    "skipped": now.skipped,
                }
            )
        return pd.DataFrame(rows, columns=["annotator", "project", "url", "tasks", "done", "skipped"])

    def _present(self) -> list[Copy]:
        """Return the projects that are on the server, and warn of those that somebody deleted."""
        listed = {project.id for project in self.server.projects()}
        gone = [copy.manifest.annotator for copy in self.copies if copy.project.id not in listed]
        if len(gone) == len(self.copies):
            raise StudyNotFoundError(
                f"The projects of the study {self.title!r} are no longer on {self.server.url}: "
                "create_study makes it anew."
            )
        if gone:
            warnings.warn(
                f"Deleted on the server: the projects of {', '.join(gone)}. The same create_study makes them again.",
                stacklevel=3,
            )
        return [copy for copy in self.copies if copy.project.id in listed]

    def _project_url(self, copy: Copy) -> str:
        return f"{self._browser_url}/projects/{copy.project.id}/data"

    def progress(self) -> pd.DataFrame:
        """Return how far each annotator is: annotator, tasks, done, skipped and share, from 0 to 1."""
        table = self.projects[["annotator", "tasks", "done", "skipped"]].copy()
        table["share"] = (table["done"] / table["tasks"].where(table["tasks"] > 0)).fillna(0.0)
        return table

    def annotations(
        self,
        *,
        data: Sequence[str] = (),
        raw: bool = False,
        splits: bool = False,
        accounts: bool = False,
        anonymize: bool = False,
    ) -> pd.DataFrame:
        """Return everybody's annotations as one long table, a row per answer.

        Args:
            data: Columns of the study's table to carry along, as ``data.<column>``.
            raw: Whether to add each result as Label Studio stores it: masks, points and keyframes are there alone.
            splits: Whether to add a column ``split``: training, validation, test, or missing.
            accounts: Whether to name annotators by the accounts they signed in with. By default a project is an
                annotator, also where several were labelled from one account.
            anonymize: Whether to call annotators A, B, C, in the study's order.

        Returns:
            The long table; an item that somebody has not labelled yet still has its row for that annotator.
        """
        exported = {copy.manifest.annotator: self.server.export(copy.project.id) for copy in self._present()}
        tables = [
            long_table(tasks, key=self.key, annotator=None if accounts else name, data=data, raw=raw, accounts=accounts)
            for name, tasks in exported.items()
        ]
        merged = pd.concat(tables, ignore_index=True)
        if splits:
            merged = with_splits(merged, splits_of(list(exported.values())))
        return hide_names(merged, order=() if accounts else self.annotators) if anonymize else merged

    def adjudicate(
        self,
        *,
        by: str,
        items: Iterable[str] | None = None,
        bucket: Bucket | None = None,
        anonymize: bool = False,
    ) -> Adjudication:
        """Make a project in which one person decides, with everybody's answers there as predictions.

        Twice is safe: the same person's project is completed, and what was decided stays. What is decided overrides
        votes in ``gold``. Label Studio starts each decision from the most frequent answer; of equally frequent ones,
        another annotator's from item to item.

        Args:
            by: Who decides; an annotator of the study may.
            items: What is to be decided, such as ``lsnb.disputed(…)["item"]``. By default every item about which
                annotators disagree, in any control; the worst first.
            bucket: The bucket that ``gs://`` media are in.
            anonymize: Whether everybody's answers are named A, B, C there.

        Raises:
            InputError: No such name or item, or the bucket is missing; nothing is made then.
        """
        return adjudicate(
            self.server,
            self.copies,
            by=by,
            items=items,
            bucket=bucket,
            anonymize=anonymize,
            browser_url=self._browser_url,
        )

    def gold(
        self,
        control: str,
        *,
        min_votes: int = 1,
        weights: Mapping[str, float] | None = None,
        ties: str = "missing",
    ) -> pd.DataFrame:
        """Return one answer to each item: what was decided in adjudication, else what annotators' votes say.

        Args:
            control: The name of a control in the label config.
            min_votes: As in ``lsnb.majority``.
            weights: As in ``lsnb.majority``.
            ties: As in ``lsnb.majority``.

        Returns:
            ``item, value, how, n, share``, as ``lsnb.gold`` returns it.
        """
        votes = self.annotations()
        return gold_of(self.server, self.id, votes, control, min_votes=min_votes, weights=weights, ties=ties)

    def sync(
        self,
        table: pd.DataFrame | None = None,
        *,
        where: Where | None = None,
        columns: Mapping[str, str] | None = None,
        predictions: Mapping[str, str] | None = None,
        model_version: str = MODEL,
        bucket: Bucket | None = None,
        answers: Answers = "majority",
        on_removed: OnRemoved = "keep",
        save_to: str | Path = "lsnb-removed",
        dry_run: bool = False,
        full: bool = False,
    ) -> SyncReport:
        """Make the study hold what the table says, and bring the annotations back.

        Rows that are new become tasks in every project concerned; changed rows change their task in place, with its
        annotations kept; rows that are gone are reported. What is the same costs no request. The server is asked for
        changes only, from the second sync on a computer; a cache that may be deleted holds the rest. Killed at any
        moment, the same call goes on.

        Args:
            table: The user's table; it is not changed. None only brings annotations back.
            where: Which rows: a condition as ``DataFrame.query`` takes it, a mask, or a function that returns one. By
                default the condition the study was made with.
            columns: Column of the table → field of the config. By default those the study was made with.
            predictions: Column of the table → control: what a model says of each item; changed cells change
                the server's predictions. By default those the study was made with.
            model_version: What that model is called; predictions of others are left alone.
            bucket: Where ``gs://`` media are, and where files of this computer are uploaded first.
            answers: Whose answers the columns of ``report.labelled`` hold: ``"majority"``, ``"all"`` (a column per
                annotator, ``control (annotator)``) or an annotator's name.
            on_removed: ``"keep"`` leaves tasks whose rows are gone; ``"delete"`` saves and then deletes them.
            save_to: The folder for what is deleted.
            dry_run: Whether to say what would happen, and change nothing.
            full: Whether to read everything instead of changes only.

        Returns:
            Counts, a row per annotator and item, and ``labelled``: the table with a column per control.

        Raises:
            InputError: Every fault of the arguments and of the table at once; nothing is written then.
        """
        # A full collection in between would find nothing, and take as long as all the rest at 10,000 tasks.
        with collector_paused():
            report = run_sync(
                self.server,
                self.copies,
                self._snapshots,
                table,
                where=where,
                columns=columns,
                predictions=predictions,
                model_version=model_version,
                bucket=bucket,
                answers=answers,
                on_removed=on_removed,
                save_to=save_to,
                dry_run=dry_run,
                full=full,
            )
        if not dry_run and {"created", "removed"} & set(report.counts):
            self._recount(set(report.table.loc[~report.table["status"].isin(["removed", "skipped"]), "item"].dropna()))
        return report

    def _recount(self, items: set[str]) -> None:
        """Let the projects say how many items the study has now."""
        recounted = []
        for copy in self.copies:
            manifest = replace(copy.manifest, n=len(items))
            if manifest != copy.manifest:
                self.server.describe_project(copy.project.id, manifest.describe())
            recounted.append(Copy(manifest, copy.project))
        self.copies = recounted

    def pull(self, *, answers: Answers = "majority", full: bool = False) -> SyncReport:
        """Bring the annotations back; the server is asked for changes only, and nothing is written to it.

        Args:
            answers: As in ``sync``.
            full: Whether to read everything instead of changes only.
        """
        return self.sync(answers=answers, full=full)

    def add_annotator(self, name: str, *, bucket: Bucket | None = None) -> CreateReport:
        """Make a project for one more annotator, with every item of the study.

        Args:
            name: The new annotator; one who is there already keeps everything, and gets what is missing.
            bucket: The bucket that ``gs://`` media are in.

        Raises:
            InputError: The name cannot be used, or the bucket is missing.
            PartialFailureError: The project could not be finished; the same call goes on.
        """
        self.copies, report = add_person(self.server, self.copies, name, bucket)
        return report

    def share(self) -> str:
        """Return the text to send to annotators: where to sign up, and each one's own project."""
        return share_text(self.title, self.projects, self.server.invite_link())

    def shared_items(self) -> pd.DataFrame:
        """Return how many items each two annotators have in common; in the diagonal, how many each has.

        Agreement can be measured on shared items only; ``overlap`` decided how many there are.
        """
        return shared_items(self.server, self.copies)

    def update_config(self, config: LabelConfig) -> ConfigReport:
        """Give every project a new label config, unless answers would lose their place.

        Args:
            config: The new config.

        Raises:
            InputError: The config has faults, or answers would be orphaned (each kind is named); nothing is changed.
        """
        self.copies, report = revise(self.server, self.copies, config, self.annotations())
        return report

    def export_to(self, path: str | Path) -> Path:
        """Save every project's raw export in one zip and return its path.

        Args:
            path: The zip to write; a file of that name is replaced only when the new one is whole.
        """
        return save_exports(self.server, self.copies, Path(path))

    def delete(self, title: str, *, save_to: str | Path) -> Path:
        """Delete the study's projects from the server, after saving everything in them.

        Args:
            title: The study's title, typed once more, so that none is deleted by mistake.
            save_to: The zip for every project's raw export.

        Returns:
            The zip's path. A second call deletes nothing more, and leaves the zip of the first.

        Raises:
            InputError: The title is not this study's; nothing is deleted.
            LsnbError: An answer arrived while saving; nothing is deleted.
        """
        self.copies = delete_study(self.server, self.copies, title, Path(save_to))
        return Path(save_to)

    def __repr__(self) -> str:
        lines = [f"Study({self.title!r}, annotators={self.annotators}, items={self.copies[0].manifest.n})"]
        if self.report is not None:
            lines += self.report.notes
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        items = self.copies[0].manifest.n
        lines = [f"<p><b>{html.escape(self.title)}</b>: {items} items, one project per annotator</p><ul>"]
        for copy in self.copies:
            url = html.escape(self._project_url(copy), quote=True)
            name = html.escape(copy.manifest.annotator)
            lines.append(f'<li><a href="{url}" target="_blank">{name}</a></li>')
        lines.append("</ul>")
        if self.report is not None:
            lines += [f"<p>{html.escape(note)}</p>" for note in self.report.notes]
            failures = self.report.failures
            if len(failures):
                lines.append(failures.to_html(escape=True, index=False))
        return "\n".join(lines)
