"""A study that exists: its projects, how far they are, and everybody's annotations."""

from __future__ import annotations

import datetime as dt
import html
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, overload

import pandas as pd

from lsnb.annotations.datasets import to_dataset
from lsnb.errors import InputError, LsnbError, MissingFileError, StudioError, StudyNotFoundError
from lsnb.kernel.checks import TOLD, Seed, Share, checked
from lsnb.kernel.files import write_whole
from lsnb.kernel.formats import LARGEST_JSON
from lsnb.kernel.report import Report
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.secrecy import is_here
from lsnb.kernel.words import and_again, counted, listing, warn
from lsnb.labels import LabelConfig
from lsnb.labels.check import Columns, bucket_problems
from lsnb.labels.guideline import guideline, instruction_page, key_text
from lsnb.reliability.truth import Method
from lsnb.studio import PAGE, Project, Server
from lsnb.study.adjudication import Adjudication, adjudicate, decided, gold_of
from lsnb.study.backup import delete_study, projects_of, save_beside
from lsnb.study.creating import CreateReport, add_person, bucket_of
from lsnb.study.models import ModelVerbs
from lsnb.study.outcome import LARGEST_PICTURE, Asked, looker, overview, stream_answers, table_of
from lsnb.study.projects import (
    Copy,
    absent_notes,
    all_annotators,
    item_of,
    own_tasks,
    parse_manifest,
    settle,
    strangers_note,
)
from lsnb.study.rows import Reading, Where, choice_problems
from lsnb.study.snapshots import Snapshot, metas_now, read_answers
from lsnb.study.sync import Answers, OnRemoved, Sync, SyncReport, label_table

if TYPE_CHECKING:
    from lsnb.bucket import Bucket


# The people of a study: what they have in common, and the text that tells them where to go.


def shared_items(server: Server, copies: Sequence[Copy], snapshots: Mapping[int, Snapshot]) -> pd.DataFrame:
    """Return how many items each two annotators have in common; in the diagonal, how many each has.

    Args:
        server: The server.
        copies: The study's projects.
        snapshots: Project id → what was seen last in this kernel.
    """
    own = {}
    for copy in copies:
        about = copy.manifest
        tasks = own_tasks(metas_now(server, about.study, snapshots.get(copy.project.id), copy.project.id), about)
        own[about.annotator] = {item_of(task) for task in tasks}
    counts = [[len(items & others) for others in own.values()] for items in own.values()]
    return pd.DataFrame(counts, index=pd.Index(list(own), name="annotator"), columns=list(own))


SERVER_PAGE = "https://github.com/lsnb/lsnb/blob/main/.github/site/docs/server.md."


def share_text(title: str, links: pd.DataFrame, invite: str, sign_in: str, keys: str = "") -> str:
    """Return the texts to send, one for each annotator.

    Args:
        title: The study's title.
        links: A row per annotator: annotator, url, tasks.
        invite: Where a new annotator signs up.
        sign_in: Where those sign in who have an account.
        keys: Which keys answer.

    Example:
        >>> links = pd.DataFrame([("ana", "https://ls.example.org/projects/3/data", 8)])
        >>> links.columns = ["annotator", "url", "tasks"]
        >>> signing = "https://ls.example.org/user/signup/?token=abc", "https://ls.example.org/user/login/"
        >>> print(share_text("Mood", links, *signing))
        Hello! Please label the study “Mood” for us.
        1. New here? Sign up once: https://ls.example.org/user/signup/?token=abc
           You have an account? Sign in: https://ls.example.org/user/login/
        2. Open your own project (and only yours, so that answers stay independent):
           ana: https://ls.example.org/projects/3/data (8 items)
        3. Press “Label All Tasks”, answer, and press “Submit”. You may stop and go on at any time.
    """
    texts = [
        "\n".join(
            [
                f"Hello! Please label the study “{title}” for us.",
                f"1. New here? Sign up once: {invite}",
                f"   You have an account? Sign in: {sign_in}",
                "2. Open your own project (and only yours, so that answers stay independent):",
                f"   {name}: {url} ({counted(int(tasks), 'item')})",
                "3. Press “Label All Tasks”, answer, and press “Submit”. You may stop and go on at any time.",
                *([f"   {keys}"] if keys else []),
            ]
        )
        for name, url, tasks in zip(links["annotator"], links["url"], links["tasks"], strict=True)
    ]
    if is_here(sign_in):
        texts.insert(
            0,
            "(This Label Studio runs on your computer, and nobody else can open its address: for others you need one "
            f"on a server that they reach, see {SERVER_PAGE} A tunnel to your computer is not recommended.)",
        )
    return "\n\n".join(texts)


# Editing a study's label config: what would be orphaned is said before anything is changed.


@dataclass(frozen=True, repr=False)
class ConfigReport(Report):
    """What ``update_config`` or ``instruct`` did: a row per annotator (updated, unchanged, failed)."""

    noun: ClassVar[str] = "projects"


def orphans(config: LabelConfig, annotations: pd.DataFrame) -> list[str]:
    """Return a sentence for each kind of answer that a new config has no place for.

    Args:
        config: The new config.
        annotations: The long table of answers there are.

    Example:
        >>> answers = pd.DataFrame({"control": ["mood", "mood"], "kind": ["choices"] * 2, "value": ["up", "flat"]})
        >>> orphans(LabelConfig.text("t").choices("mood", ["up", "down"]), answers)
        ["1 answer 'flat' to 'mood' would have no place: keep that label."]
    """
    answered = annotations[annotations["control"].notna()]
    problems = []
    for control, rows in answered.groupby("control", sort=True):
        about = config.controls.get(str(control))
        kind = str(rows["kind"].iloc[0])
        if about is None:
            problems.append(f"{counted(len(rows), 'answer')} to {control!r} would have no place: keep that control.")
        elif about.kind != kind:
            problems.append(
                f"{counted(len(rows), 'answer')} to {control!r} are of type {kind}, and the new control's is "
                f"{about.kind}: give it another name."
            )
        elif about.labels:
            counts = Counter(str(value) for value in rows["value"].dropna())
            known = {*about.labels, *(" > ".join(path) for path in about.paths)}
            problems += [
                f"{counted(n, 'answer')} {value!r} to {control!r} would have no place: keep that label."
                for value, n in sorted(counts.items())
                if value not in known
            ]
    return problems


def revise(
    server: Server,
    copies: Sequence[Copy],
    snapshots: Mapping[int, Snapshot],
    config: LabelConfig,
    annotations: pd.DataFrame,
) -> tuple[list[Copy], ConfigReport]:
    """Give every project a new label config.

    Args:
        server: The server.
        copies: The study's projects.
        snapshots: Project id → what was seen last in this kernel.
        config: The new config.
        annotations: Everybody's answers so far, and what was decided.

    Raises:
        InputError: The config has faults, or answers would be orphaned; nothing is changed then.
    """
    if not isinstance(config, LabelConfig):
        raise InputError("config must be a lsnb.LabelConfig: build one, or read yours with LabelConfig.from_xml(text).")
    (tasks,) = read_answers(server, copies[:1], snapshots).values()
    held = pd.DataFrame([task["data"] for task in tasks])
    absent = [name for name in config.fields if name not in held.columns]
    problems = [str(problem) for problem in config.check(held, release=server.release)] + orphans(config, annotations)
    if absent:
        problems.append(
            f"The study's tasks hold no {absent[0]}: if your table does, study.sync(table, columns={absent}) brings it "
            "in, and then this config can be taken."
        )
    if problems:
        raise InputError(problems)
    rows: list[dict[str, Any]] = []
    renewed = []
    for copy in copies:
        row: dict[str, Any] = {"annotator": copy.manifest.annotator, "status": "unchanged", "error": None}
        rows.append(row)
        manifest = replace(copy.manifest, config=config.fingerprint)
        try:
            now = server.project(copy.project.id)
            said = parse_manifest(now.description)  # another kernel may have changed it meanwhile
            if said is not None and said.study == manifest.study:
                copy, manifest = replace(copy, manifest=said), replace(said, config=config.fingerprint)
            if LabelConfig.from_xml(now.config or "") != config:
                server.configure_project(copy.project.id, config.xml)
                row["status"] = "updated"
            if manifest != copy.manifest:
                server.describe_project(copy.project.id, manifest.describe())
            renewed.append(Copy(manifest, copy.project))
        except LsnbError as fault:
            row.update(status="failed", error=str(fault))
            renewed.append(copy)
    return renewed, ConfigReport(pd.DataFrame(rows))


def instruct_all(server: Server, copies: Sequence[Copy], text: str) -> ConfigReport:
    """Show a guideline before annotators start, in every project of a study.

    Args:
        server: The server.
        copies: The study's projects.
        text: The guideline as Markdown; an empty one takes it away.
    """
    rows: list[dict[str, Any]] = []
    for copy in copies:
        row: dict[str, Any] = {"annotator": copy.manifest.annotator, "status": "unchanged", "error": None}
        rows.append(row)
        try:
            config = LabelConfig.from_xml(server.project(copy.project.id).config or "")
            page = instruction_page(text, config)
            wanted = {"expert_instruction": page, "show_instruction": bool(page)}
            now = server.settings(copy.project.id)
            if any((now.get(name) or type(value)()) != value for name, value in wanted.items()):
                server.set_settings(copy.project.id, wanted)
                row["status"] = "updated"
        except LsnbError as fault:
            row.update(status="failed", error=str(fault))
    return ConfigReport(pd.DataFrame(rows))


class Study(ModelVerbs):
    """The same items before several annotators, one project each.

    Made by ``Studio.create_study`` or ``Studio.open_study``.

    Attributes:
        server: Where it lives.
        copies: Its projects, each with its manifest, in the order of annotators.
        report: What ``create_study`` did, if it made this object.
    """

    server: Server
    copies: list[Copy]
    report: CreateReport | None
    _browser_url: str
    _snapshots: dict[int, Snapshot]
    _bucket: Bucket | None

    def __init__(self, *given: object, **named: object) -> None:
        raise InputError("A Study is not built by hand: lsnb.connect().create_study(…) or .open_study(title) does it.")

    @classmethod
    def _opened(
        cls,
        server: Server,
        copies: Sequence[Copy],
        *,
        browser_url: str,
        report: CreateReport | None = None,
        bucket: Bucket | None = None,
    ) -> Study:
        opened = cls.__new__(cls)
        opened.server, opened.copies, opened.report = server, list(copies), report
        opened._browser_url, opened._snapshots, opened._bucket = browser_url, {}, bucket
        return opened

    def _known_bucket(self, given: Bucket | None, copies: Sequence[Copy]) -> Bucket | None:
        """Return the bucket of the study's media: the one given now or before, or that of projects that are there."""
        if faults := bucket_problems(given):
            raise InputError(faults)
        self._bucket = given or self._bucket or bucket_of(self.server, copies)
        return self._bucket

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
            beside = self._beside(copy, now)
            given = [one["was_cancelled"] for task in beside for one in task["annotations"]]
            answered = sum(map(_is_done, beside))
            rows.append(
                {
                    "annotator": copy.manifest.annotator,
                    "project": now.id,
                    "url": self._project_url(copy),
                    "tasks": (now.tasks or 0) - len(beside),
                    # The server's own count leaves out answers that are marked as the truth.
                    "done": (self.server.answered(now.id) if now.truths else now.done or 0) - answered,
                    "skipped": (now.skipped or 0) - sum(given),
                }
            )
        return pd.DataFrame(rows, columns=["annotator", "project", "url", "tasks", "done", "skipped"])

    def _beside(self, copy: Copy, now: Project) -> list[dict[str, Any]]:
        """Return the tasks of a project that do not count, and warn of them: others' own, and second ones of an item.

        Second tasks come of an export that somebody imports into its own project. Where all fits in number, a large
        project that was never read on this computer is not read for it.
        """
        about = copy.manifest
        fits = about.overlap == "full" and now.tasks == about.n > PAGE
        tasks = metas_now(self.server, about.study, self._snapshots.get(now.id), now.id, cheaply=fits)
        others = [int(task["id"]) for task in tasks if item_of(task, about) is None]
        if others:
            warn(strangers_note(len(others), about.annotator))
        same: dict[str, list[int]] = {}
        for task in tasks:
            if (item := item_of(task, about)) is not None:
                same.setdefault(item, []).append(int(task["id"]))
        several = [number for numbers in same.values() if len(numbers) > 1 for number in numbers]
        if not others and not several:
            return []
        found = self.server.export(now.id, tasks=[*others, *several])
        # Of several tasks of an item the one counts in which it is done, else in which it is skipped.
        by_work = sorted(found, key=lambda task: (not _is_done(task), not task["annotations"], int(task["id"])))
        counted_once: set[str] = set()
        beside = []
        for task in by_work:
            item = item_of(task, about)
            if item is None or item in counted_once:
                beside.append(task)
            else:
                counted_once.add(item)
        if second := sum(item_of(task, about) is not None for task in beside):
            items = counted(len(counted_once), "item", "items")
            warn(
                f"{items} in {about.annotator}'s project {'has' if len(counted_once) == 1 else 'have'} "
                f"{counted(second, 'second task')}, as an export has that is imported into its own project: each item "
                "is counted once."
            )
        return beside

    def _present(self, notes: list[str] | None = None, *, heal: bool = False) -> list[Copy]:
        """Return the projects that are on the server, and say of those that somebody deleted.

        Args:
            notes: Gets what is to be said; None to warn.
            heal: As ``settle`` takes it.
        """
        told: list[str] = []
        listed = self.server.projects()
        self.copies = settle(self.server, self.copies, told, heal=heal, listed=listed)
        present = self._of(listed)
        told += absent_notes(self.copies, {copy.project.id for copy in present})
        if notes is None:
            for note in told:
                warn(note)
        else:
            notes += told
        return present

    def _of(self, listed: Sequence[Project]) -> list[Copy]:
        """Return those of the study's projects that are in a list; at least one must be."""
        there = {project.id for project in listed}
        present = [copy for copy in self.copies if copy.project.id in there]
        if not present:
            raise StudyNotFoundError(
                f"The projects of the study {self.title!r} are no longer on {self.server.url}: "
                "create_study makes it anew."
            )
        return present

    def _project_url(self, copy: Copy) -> str:
        return f"{self._browser_url}/projects/{copy.project.id}/data"

    def progress(self) -> pd.DataFrame:
        """Return how far each annotator is: annotator, tasks, done, skipped and share, from 0 to 1.

        Tasks of others do not count, and an item counts once. A project of more than 1,000 tasks that was never read on
        this computer, and holds just as many as the study has items, is not read for that: ``pull`` first to be sure.
        """
        table = self.projects[["annotator", "tasks", "done", "skipped"]].copy()
        table["share"] = (table["done"] / table["tasks"].where(table["tasks"] > 0)).fillna(0.0)
        return table

    @overload
    def annotations(
        self,
        *,
        data: str | Sequence[str] = (),
        raw: bool = False,
        splits: bool = False,
        accounts: bool = False,
        anonymize: bool = False,
        out: None = None,
    ) -> pd.DataFrame: ...

    @overload
    def annotations(
        self,
        *,
        data: str | Sequence[str] = (),
        raw: bool = False,
        splits: bool = False,
        accounts: bool = False,
        anonymize: bool = False,
        out: str | os.PathLike[str],
    ) -> Path: ...

    @checked
    def annotations(
        self,
        *,
        data: str | Sequence[str] = (),
        raw: bool = False,
        splits: bool = False,
        accounts: bool = False,
        anonymize: bool = False,
        out: str | os.PathLike[str] | None = None,
    ) -> pd.DataFrame | Path:
        """Return everybody's annotations as one long table, a row per answer.

        Of a study that was synced on this computer, what changed since then is asked of the server, and the rest is
        taken from the cache.

        Args:
            data: Columns of the study's table to carry along, as ``data.<column>``.
            raw: Whether to add each result as Label Studio stores it: masks, points and keyframes are there alone.
            splits: Whether to add a column ``split``: training, validation, test, or missing.
            accounts: Whether to name annotators by the accounts they signed in with. By default a project is an
                annotator, also where several were labelled from one account.
            anonymize: Whether to call annotators A, B, C, in the study's order.
            out: A Parquet file for the table, where memory may not hold it: everything is read from the server, and
                written a group of rows at a time. ``lsnb.read_table(out)`` brings the same table back, pyarrow, Polars
                and DuckDB a part of it.

        Returns:
            The long table; an item that somebody has not labelled yet still has its row for that annotator. Its
            ``attrs["as_of"]`` is the server's time before anything was read: an answer given later may be missing.
            ``attrs["several"]`` names the choices of which the config lets people take several, and where there are any
            the column ``several_allowed`` says so in each row, which joining with another table does not lose: figures
            count nothing chosen as an answer to these, also where nobody chose two.
            With ``out``, the file's path; its schema says the same moment.

        Raises:
            InputError: No task has such a column, or the file's name does not end in ``.parquet``.
            FileAccessError: The file cannot be written.
            MissingExtraError: Parquet needs pyarrow.
        """
        columns = (data,) if isinstance(data, str) else tuple(data)
        asked = Asked(columns, raw, splits, accounts, anonymize, tuple(self.annotators))
        copies = self._present()
        if out is not None:
            return stream_answers(self.server, copies, self.key, asked, Path(out))
        return table_of(self.server, copies, self._snapshots, self.key, asked)

    @checked
    def to_dataset(
        self,
        *,
        annotator: str | Sequence[str] | None = None,
        val: Share | None = None,
        test: Share | None = None,
        by: str | None = None,
        seed: Seed = 0,
        text: str | None = None,
    ) -> Any:
        """Return annotated texts as a ``datasets.DatasetDict`` of Hugging Face (``lsnb.annotations.to_dataset``).

        Pictures, and texts for other tools, are written by ``lsnb.annotations.write_dataset``.

        Args:
            annotator: Whose answers; of several the first who answered an item.
            val: Share of the items, or groups, for validation; by default the study's splits, else a fifth.
            test: Share for the test.
            by: The column of the study's table whose items stay together.
            seed: The same one gives the same parts.
            text: The field of the config that is the text, where it shows several.

        Raises:
            InputError: The config shows no text; or as ``to_dataset``.
            MissingExtraError: ``datasets`` is not installed.
        """
        config = self.config
        shown = [name for name, field in config.fields.items() if field.kind == "text" and not field.is_url]
        if not shown or text not in (None, *shown):
            raise InputError(f"text is {text!r}, and the texts that the config shows are: {listing(shown) or 'none'}.")
        table = self.annotations(data=[*shown, *([] if by is None else [by])], splits=True)
        column = None if text is None else f"data.{text}"
        group = None if by is None else f"data.{by}"
        return to_dataset(table, annotator=annotator, val=val, test=test, by=group, seed=seed, text=column)

    @checked
    def adjudicate(
        self,
        *,
        by: str,
        items: Iterable[Any] | None = None,
        bucket: Bucket | None = None,
        anonymize: bool = False,
    ) -> Adjudication:
        """Make a project in which one person decides, with everybody's answers there as predictions.

        Twice is safe: the same person's project is completed, and what was decided stays. What is decided overrides
        votes in ``gold``. Label Studio starts each decision from the most frequent answer; of equally frequent ones,
        another annotator's from item to item.

        Args:
            by: Who decides; an annotator of the study may.
            items: What is to be decided, such as ``lsnb.disputed(…)["item"]`` or the keys of some rows. By default
                every item about which annotators disagree, in any control; the worst first.
            bucket: The bucket that ``gs://`` media are in. By default the one that the study was made with, or that its
                projects are connected to and your credentials name.
            anonymize: Whether everybody's answers are named A, B, C there.

        Raises:
            InputError: No such name or item, or the bucket is missing; nothing is made then.
        """
        notes: list[str] = []
        copies = self._present(notes, heal=True)
        return adjudicate(
            self.server,
            copies,
            self._snapshots,
            notes=notes,
            by=by,
            items=items,
            bucket=self._known_bucket(bucket, copies),
            anonymize=anonymize,
            browser_url=self._browser_url,
        )

    @checked
    def gold(
        self,
        control: str,
        *,
        by: Method = "majority",
        min_votes: int = 1,
        weights: Mapping[str, float] | None = None,
        ties: str = "missing",
        seed: int = 0,
    ) -> pd.DataFrame:
        """Return one answer to each item: what was decided in adjudication, else what annotators' votes say.

        Args:
            control: The name of a control in the label config.
            by: ``"majority"``, or a model of who is right how often, ``"dawid_skene"`` or ``"mace"``: as in
                ``lsnb.gold``.
            min_votes: As in ``lsnb.majority``.
            weights: As in ``lsnb.majority``.
            ties: As in ``lsnb.majority``.
            seed: As in ``lsnb.gold``.

        Returns:
            ``item, value, how, n, share``, as ``lsnb.gold`` returns it.
        """
        return gold_of(
            self.server,
            self.copies,
            self.annotations(),
            control,
            min_votes=min_votes,
            weights=weights,
            ties=ties,
            by=by,
            seed=seed,
        )

    @checked
    def sync(
        self,
        table: Annotated[pd.DataFrame | None, TOLD] = None,
        *,
        where: Annotated[Where | None, TOLD] = None,
        columns: Annotated[Columns | None, TOLD] = None,
        predictions: Annotated[Mapping[str, str] | None, TOLD] = None,
        model_version: str | None = None,
        bucket: Annotated[Bucket | None, TOLD] = None,
        answers: Annotated[Answers, TOLD] = "majority",
        on_removed: Annotated[OnRemoved, TOLD] = "keep",
        out: str | Path = "lsnb-removed",
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
            where: Which rows: a condition (``"n > 1 and lang == 'de'"``), a mask, or a function of the table. By
                default the condition the study was made with.
            columns: What else annotators may see, as a list; or column of the table → field of the config. By default
                those the study was made with; what is given instead stays from then on.
            predictions: Column of the table → control: what a model says of each item; changed cells change
                the server's predictions. By default those the study was made with.
            model_version: What that model is called, by default as when the study was made; predictions of others are
                left alone.
            bucket: Where ``gs://`` media are, and where files of this computer are uploaded first. By default, where
                the table has such media, the one that the study was made with, or that its projects are connected to
                and your credentials name.
            answers: Whose answers the columns of ``report.labelled`` hold: ``"majority"``, ``"all"`` (a column per
                annotator, ``control (annotator)``) or an annotator's name.
            on_removed: ``"keep"`` leaves tasks whose rows are gone; ``"delete"`` saves and then deletes them.
            out: The folder for what is deleted.
            dry_run: Whether to say what would happen, and change nothing.
            full: Whether to read everything instead of changes only.

        Returns:
            Counts, a row per annotator and item, and ``labelled``: the table with a column per control.

        Raises:
            InputError: Every fault of the arguments and of the table at once; nothing is written then.
        """
        listed = self.server.projects()
        self.copies = settle(self.server, self.copies, [], listed=listed)  # what they say of the study may have changed
        about = self.copies[0].manifest
        there = self._of(listed)
        reading = Reading(
            about.key,
            about.columns if columns is None else columns,
            where if where is not None else about.where or None,
            about.predictions if predictions is None else predictions,
            about.model if model_version is None else model_version,
            self._known_bucket(bucket, there) if bucket is not None or _is_in_buckets(table) else None,
            about.whole_rows,
            self.server.release,
        )
        problems = choice_problems(answers, on_removed, self.annotators) + reading.problems
        if problems:
            raise InputError(problems)
        # A full collection in between would find nothing, and take as long as all the rest at 10,000 tasks.
        with collector_paused():
            notes: list[str] = []
            heal = table is not None and not dry_run
            self.copies = settle(self.server, self.copies, notes, heal=heal, listed=listed)
            notes += absent_notes(self.copies)
            model = reading.model_version if reading.predictions else None
            sync = Sync(self.server, self.copies, self._snapshots, dry_run, model, notes=notes)
            readable = sync.pull(full=full)
            sync.note_accounts()
            config = sync.config(readable)
            if table is not None:
                rows = sync.read(table, config, reading, on_removed=on_removed)
                sync.push(readable, rows, on_removed=on_removed, out=Path(out))
                if not dry_run:
                    self._tell(sync, {} if columns is None else {"columns": reading.named})
            else:
                for copy in readable:
                    sync.note_unchanged(copy)
            labelled = label_table(
                table, config, self.copies, self._snapshots, key=about.key, answers=answers, notes=sync.notes
            )
            return sync.report(labelled)

    def _tell(self, sync: Sync, changed: dict[str, Any]) -> None:
        """Let the projects say what a sync made of the study; what was done is done, should that fail."""
        if not sync.faults:
            gone = ("removed", "skipped")
            changed["n"] = len({row["item"] for row in sync.rows if row["status"] not in gone})
        try:
            self._describe(**changed)
        except LsnbError as fault:
            sync.notes.append(and_again(f"The projects do not say yet what was changed: {fault}"))

    def _describe(self, **changed: Any) -> None:
        """Let the projects say something else about the study."""
        if all(replace(copy.manifest, **changed) == copy.manifest for copy in self.copies):
            return
        described = []
        # Another kernel may have let them say something meanwhile: a sync takes its time.
        listed = self.server.projects()
        there = {project.id for project in listed}
        for copy in settle(self.server, self.copies, [], listed=listed):
            if copy.project.id not in there:
                described.append(copy)
                continue
            manifest = replace(copy.manifest, **changed)
            if manifest != copy.manifest:
                self.server.describe_project(copy.project.id, manifest.describe())
            described.append(Copy(manifest, copy.project))
        self.copies = described

    @checked
    def pull(self, *, answers: Answers = "majority", full: bool = False) -> SyncReport:
        """Bring the annotations back; the server is asked for changes only, and nothing is written to it.

        Args:
            answers: As in ``sync``.
            full: Whether to read everything instead of changes only.
        """
        return self.sync(answers=answers, full=full)

    @checked
    def add_annotator(self, name: str, *, bucket: Bucket | None = None) -> CreateReport:
        """Make a project for one more annotator, with every item of the study.

        Args:
            name: The new annotator; one who is there already keeps everything, and gets what is missing.
            bucket: The bucket that ``gs://`` media are in. By default the one that the study was made with, or that its
                projects are connected to and your credentials name.

        Raises:
            InputError: The name cannot be used, or the bucket is missing.
            PartialFailureError: The project could not be finished; the same call goes on.
        """
        notes: list[str] = []
        copies = self._present(notes, heal=True)  # a call that was cut may have left two of the newcomer's
        known = self._known_bucket(bucket, copies)
        copies, report = add_person(self.server, copies, self._snapshots, name, known, notes)
        self._renew(copies)
        return report

    def _renew(self, copies: Sequence[Copy]) -> None:
        """Note what projects say of themselves now; one that is gone stays known."""
        now = {copy.manifest.annotator: copy for copy in copies}
        self.copies = [now.pop(copy.manifest.annotator, copy) for copy in self.copies] + list(now.values())

    @checked
    def share(self, *, save_to: str | os.PathLike[str] | None = None) -> str:
        """Return the texts to send, one for each annotator: where to sign up or in, and their own project.

        Who has the sign-up link becomes a member of the server, and a notebook's output is saved with it: the text that
        is returned leaves the link out, and the file holds it.

        Args:
            save_to: A file for the whole text, sign-up link included, readable by you alone.

        Raises:
            FileAccessError: The file cannot be written.
        """
        links = self.projects
        sign_in = f"{self._browser_url}/user/login/"
        keys = key_text(self.config)
        if save_to is None:
            hidden = "[study.share(save_to='invitation.txt') writes the link into a file]"
            return share_text(self.title, links, hidden, sign_in, keys)
        text = share_text(self.title, links, self.server.invite_link(), sign_in, keys)
        path = write_whole(save_to, text + "\n", permissions=0o600)
        return share_text(self.title, links, f"[the link is in {path}, which you alone can read]", sign_in, keys)

    def shared_items(self) -> pd.DataFrame:
        """Return how many items each two annotators have in common; in the diagonal, how many each has.

        Agreement can be measured on shared items only; ``overlap`` decided how many there are.
        """
        return shared_items(self.server, self._present(), self._snapshots)

    @checked
    def update_config(self, config: Annotated[LabelConfig, TOLD]) -> ConfigReport:
        """Give every project a new label config, unless answers would lose their place.

        Args:
            config: The new config.

        Raises:
            InputError: The config has faults, or answers would be orphaned (each kind is named); nothing is changed.
        """
        copies = self._present()
        answers = table_of(self.server, copies, self._snapshots, self.key, Asked(order=tuple(self.annotators)))
        if len(final := decided(self.server, copies)):
            answers = pd.concat([answers, final], ignore_index=True)
        renewed, report = revise(self.server, copies, self._snapshots, config, answers)
        self._renew(renewed)
        return report

    @checked
    def instruct(self, text: str | pd.DataFrame) -> ConfigReport:
        """Show annotators a guideline when they open their project, and at any time by Label Studio's own button.

        The keys that answer stand below it. Twice is safe; an annotator who is added later gets it, too.

        Args:
            text: The guideline, Markdown (headings, lists, bold, italic) or plain; the name of a file that holds it,
                ending in ``.md`` or ``.txt``; or a codebook as ``LabelConfig.from_codebook`` takes it, also by the name
                of its file (``.csv``, ``.tsv``, ``.xlsx``): its questions, answers and descriptions are then shown. An
                empty text takes the guideline away.

        Raises:
            MissingFileError: There is no such file.
            LabelConfigError: The table is no codebook.

        Returns:
            A row per annotator: ``status`` (updated, unchanged, failed) and ``error``.

        Example:
            >>> study.instruct("codebook.xlsx")  # doctest: +SKIP
        """
        copies = self._present()
        config = LabelConfig.from_xml(self.server.project(copies[0].project.id).config or "")
        return instruct_all(self.server, copies, guideline(text, config))

    @checked
    def export_to(self, out: str | Path) -> Path:
        """Save every project's raw export in one zip and return its path.

        Args:
            out: The zip to write. A file of that name is replaced once the new one is whole, if that holds all that is
                in it; else the zip gets a number, such as ``saved-2.zip``, and that is said.
        """
        projects = [(copy.manifest.annotator, copy.project.id) for copy in self._present()]
        return save_beside(self.server, projects, Path(out))

    @checked
    def backup(self, out: str | Path, *, media: bool = False) -> Path:
        """Save the whole study in one zip, from which ``studio.restore`` makes it anew, and return its path.

        Saved are the projects with their label config and settings, tasks, answers, skips, drafts and predictions, what
        was decided, who answered and when, and a list of the media, which stay where they are unless ``media`` is true.
        The zip holds the e-mail addresses of those who answered, and no key.

        Args:
            out: The zip to write; a file of that name stays where it holds more, as for ``export_to``.
            media: Whether to save the media of the study's bucket, too. One that cannot be read is told, and has no
                name in the column ``file`` of the zip's ``media.csv``.

        Raises:
            FileAccessError: It cannot be written.
            InputError: The media are to be saved, and the study's bucket cannot be opened.

        Example:
            >>> study.backup("moods.zip")  # doctest: +SKIP
            >>> lsnb.connect("https://ls.example.org").restore("moods.zip")  # doctest: +SKIP
        """
        copies = self._present()
        read = self._reader(copies) if media else None
        if media and read is None:
            raise InputError(
                "The study's media are in no bucket that your credentials name: put the bucket's key there and open "
                "the study again, or leave media= out."
            )
        return save_beside(self.server, projects_of(self.server, self.copies), Path(out), is_backup=True, read=read)

    def _reader(self, copies: Sequence[Copy], most: int = LARGEST_JSON) -> Callable[[str], bytes] | None:
        """Return what reads the bytes at an address of the study's bucket, or None where that cannot be opened.

        Args:
            copies: The projects that are there.
            most: How many bytes an object may have.
        """
        bucket = self._known_bucket(None, copies)
        if bucket is None:
            return None

        def read(address: str) -> bytes:
            of, _, name = address.removeprefix("gs://").partition("/")
            if of != bucket.name or not address.startswith("gs://"):
                raise MissingFileError(f"{address} is not in the study's bucket.")
            return bucket.read_object(name, most=most)

        return read

    @checked
    def write_report(self, out: str | Path) -> Path:
        """Write one page that tells the study, and return its path.

        It holds the design, the questions, who did what and when, agreement and plots for each question, what is
        disputed with small pictures of it (of the study's bucket), how final answers came about, who decided what and
        when, the paragraph for the methods section, and versions. The page stands
        alone: it asks for nothing from elsewhere, so it can be mailed and archived.

        Args:
            out: The HTML file to write; a file of that name is replaced only when the new one is whole.

        Raises:
            FileAccessError: It cannot be written.

        Example:
            >>> study.write_report("report.html")  # doctest: +SKIP
        """
        annotations = self.annotations()
        copies = self._present([])
        about = copies[0].manifest
        config = LabelConfig.from_xml(self.server.project(copies[0].project.id).config or "")
        golds: dict[str, pd.DataFrame | str] = {}
        for name, control in config.controls.items():
            if control.row.is_question:
                try:
                    golds[name] = gold_of(
                        self.server, copies, annotations, name, min_votes=1, weights=None, ties="missing"
                    )
                except StudioError:
                    raise  # what the server did not tell is no property of the question
                except LsnbError as fault:
                    golds[name] = str(fault)
        design = {
            "study": about.study,
            "items": about.n,
            "annotators": ", ".join(self.annotators),
            "who gets what": "everybody every item" if about.overlap == "full" else str(about.overlap),
            "seed of the order": about.seed,
            "key": about.key,
            "shown": ", ".join(config.fields),
            "rows taken where": about.where or "all",
            "predictions shown": ", ".join(about.predictions) or "none from the table",
        }
        cells = {
            str(item_of(task)): task["data"]
            for tasks in read_answers(self.server, copies, self._snapshots).values()
            for task in tasks
        }
        page = overview(
            about.title,
            design,
            config,
            self.progress(),
            annotations,
            golds,
            decided(self.server, copies),
            look=looker(config, cells, self._reader(copies, LARGEST_PICTURE)),
            release=self.server.release,
            now=dt.datetime.now(dt.UTC),
        )
        return write_whole(Path(out), page, parents=True)

    @checked
    def delete(self, title: str, *, out: str | Path) -> Path:
        """Delete the study's projects from the server, after saving everything in them.

        Saved are answers, skips, drafts and predictions of every project, those in which somebody decided too; what was
        written is read back before the first is deleted.

        Args:
            title: The study's title, typed once more, so that none is deleted by mistake.
            out: The zip for all that is in the projects. A file that is there already is never overwritten: the zip
                then gets a number, such as ``saved-2.zip``.

        Returns:
            The zip's path. Once all is deleted, a second call does nothing, and leaves the zip of the first; where it
            names another, that is said.

        Raises:
            InputError: The title is not this study's; nothing is deleted.
            LsnbError: Somebody worked in it meanwhile; what was deleted by then, if anything, is in the zip.
        """
        return delete_study(self.server, self.copies, self._snapshots, title, Path(out))

    def __repr__(self) -> str:
        # One that was built by hand is shown too: by a debugger, or in a traceback with locals.
        if "copies" not in vars(self):
            return "Study(not opened)"
        lines = [f"Study({self.title!r}, annotators={self.annotators}, items={self.copies[0].manifest.n})"]
        if self.report is not None:
            lines += [*filter(None, [self.report.seen]), *self.report.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        if "copies" not in vars(self):
            return f"<p>{self!r}</p>"
        items = counted(self.copies[0].manifest.n, "item")
        lines = [f"<p><b>{html.escape(self.title)}</b>: {items}, one project per annotator</p><ul>"]
        for copy in self.copies:
            url = html.escape(self._project_url(copy), quote=True)
            name = html.escape(copy.manifest.annotator)
            lines.append(f'<li><a href="{url}" target="_blank">{name}</a></li>')
        lines.append("</ul>")
        if self.report is not None:
            if self.report.seen:
                lines.append(f"<p>{html.escape(self.report.seen)}</p>")
            lines += [f"<p>{html.escape(note)}</p>" for note in self.report.notes]
            failures = self.report.failures
            if len(failures):
                lines.append(failures.to_html(escape=True, index=False))
        return "\n".join(lines)


def _is_done(task: Mapping[str, Any]) -> bool:
    """Return whether a task, as exported, holds an answer that is not a skip."""
    return any(not one["was_cancelled"] for one in task["annotations"])


def _is_in_buckets(table: object) -> bool:
    """Return whether a cell of a table names something in a bucket, also one of a list of pages."""
    if not isinstance(table, pd.DataFrame):
        return False
    # No number, time or truth value is an address: most of a long table need not be looked at.
    columns = (table.iloc[:, place] for place in range(table.shape[1]))
    cells = (cell for column in columns if column.dtype.kind not in "biufcmM" for cell in column)
    parts = (part for cell in cells for part in (cell if isinstance(cell, list | tuple) else (cell,)))
    return any(isinstance(part, str) and part.strip().startswith("gs://") for part in parts)
