"""What a study does with a model: its predictions out, a comparison with people back, and answers of other tools in."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import pandas as pd

from lsnb.annotations import long_table, widen
from lsnb.annotations.long import Wanted as Columns
from lsnb.annotations.long import tabulate_groups
from lsnb.errors import InputError, LsnbError
from lsnb.kernel.checks import TOLD, checked
from lsnb.kernel.formats import names_file
from lsnb.kernel.jobs import counting
from lsnb.kernel.report import Report
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import and_again, counted, listing, nearest
from lsnb.labels import LabelConfig
from lsnb.labels.tree import multiple_choices
from lsnb.predictions.coco import from_coco
from lsnb.predictions.contents import names_of_items, read_predictions
from lsnb.predictions.interchange import is_datumaro
from lsnb.predictions.labelbox import from_labelbox, to_labelbox
from lsnb.predictions.predictions import Predictions
from lsnb.predictions.records import OF_MODEL, is_label_studio, read_tasks
from lsnb.reliability import Evaluation, RegionAgreement, evaluate, gold, region_agreement
from lsnb.reliability.overlap import is_drawn
from lsnb.studio import Server
from lsnb.study.predicting import (
    SPLITS,
    UNKNOWN,
    Held,
    Items,
    OnConflict,
    PredictionReport,
    SplitReport,
    Wanted,
    each_copy,
    essence,
    most_rows,
    new_row,
    note_splits,
    predict,
    read_items,
    report_table,
    result_problems,
    split_problems,
    splits_of,
    unknown_rows,
    with_splits,
    write_splits,
)
from lsnb.study.projects import Copy, all_annotators, item_of
from lsnb.study.snapshots import Snapshot, Tasks, read_answers
from lsnb.tables.cells import SEVERAL
from lsnb.tables.keys import key_text

if TYPE_CHECKING:
    from lsnb.predictions.predictions import Predictions


# A model's predictions beside what people answered, ready to be judged.


@dataclass(frozen=True, repr=False)
class ModelRun:
    """One model's predictions, and the annotations of the same study.

    Args:
        model_version: What the model is called.
        predictions: The long table of what it says, with the model as the annotator, and raw results; an item has the
            rows of one prediction, whatever the number of projects that hold it.
        annotations: The long table of what people answered, with raw results.
        scores: ``item, score``: the score of each item's prediction as a whole.
        results: Item → the model's results as Label Studio stores them.

    Both long tables have a column ``split`` where the study's items have any.
    """

    model_version: str
    predictions: pd.DataFrame = field(compare=False)
    annotations: pd.DataFrame = field(compare=False)
    scores: pd.DataFrame = field(compare=False)
    results: dict[str, list[dict[str, Any]]] = field(compare=False)

    @property
    def both(self) -> pd.DataFrame:
        """Both as one long table, in which the model is one more annotator."""
        return pd.concat([self.annotations, self.predictions], ignore_index=True)

    @checked
    def answers(self, control: str, *, split: str | None = None) -> pd.DataFrame:
        """Return the model's answers, as ``lsnb.evaluate`` takes them: ``item``, a column of the control's name, split.

        Args:
            control: The name of a control.
            split: Only items of this split.

        Raises:
            InputError: The control is called ``item`` or ``split``.
        """
        if control in ("item", "split"):
            raise InputError(
                f"The question {control!r} is called as another column of the table: take its answers from "
                f"lsnb.widen(run.predictions, {control!r})."
            )
        return self._answers(control, control, split)

    def _answers(self, control: str, column: str, split: str | None) -> pd.DataFrame:
        rows = self._of(self.predictions, split)
        wide = widen(rows, control)
        table = wide.iloc[:, 0].rename(column).rename_axis("item").reset_index()
        return _unique_splits(table, rows)

    @checked
    def evaluate(
        self,
        control: str,
        *,
        split: str | None = None,
        gold: pd.DataFrame | None = None,
        resamples: int = 1000,
        seed: int = 0,
    ) -> Evaluation:
        """Return how well the model answers as people do, as ``lsnb.evaluate`` does; frames of one video go together.

        Args:
            control: The name of a control that takes answers.
            split: Only items of this split, such as ``"test"``.
            gold: What is right, such as ``study.gold(control)``; by default what annotators' votes say.
            resamples: As in ``lsnb.evaluate``.
            seed: As in ``lsnb.evaluate``.

        Raises:
            InputError: No such control or split, or a control that draws regions: see ``regions``.
        """
        if is_drawn(self.both, control):
            raise InputError(
                f"The control {control!r} draws regions, whose places labels alone do not tell: "
                f".regions({control!r}) compares where they are."
            )
        people = self._of(self.annotations, split)
        truth = _gold(people, control) if gold is None else gold
        # A question may be called item, or split.
        column = "value" if control in ("item", "split") else control
        model = self._answers(control, column, split)
        if split is not None:
            truth = truth[truth["item"].isin(people["item"])]
        found = evaluate(
            model,
            truth,
            key="item",
            column=column,
            annotations=people,
            control=control,
            clusters="auto",
            resamples=resamples,
            seed=seed,
        )
        return replace(found, column=control)

    @checked
    def regions(
        self,
        control: str,
        *,
        split: str | None = None,
        threshold: float = 0.5,
        reference: str | None = None,
        resamples: int = 1000,
        seed: int = 0,
    ) -> RegionAgreement:
        """Return how well the model draws as people do: ``region_agreement`` with the model as an annotator.

        Frames of one video go together.

        Args:
            control: The name of a control that draws regions.
            split: Only items of this split.
            threshold: As in ``lsnb.reliability.region_agreement``.
            reference: The annotator whose regions are right, for precision, recall and average precision.
            resamples: As in ``lsnb.reliability.region_agreement``.
            seed: As in ``lsnb.reliability.region_agreement``.
        """
        both = self._of(self.both, split)
        return region_agreement(
            both, control, threshold=threshold, reference=reference, clusters="auto", resamples=resamples, seed=seed
        )

    def _of(self, table: pd.DataFrame, split: str | None) -> pd.DataFrame:
        if split is None:
            return table
        known = sorted(set(table["split"].dropna())) if "split" in table else []
        if split not in known:
            there = f"there are {listing(known)}" if known else "no item has one: see study.assign_splits"
            raise InputError(f"No item is in the split {split!r}; {there}.{nearest(split, SPLITS)}")
        return table[table["split"] == split]

    @property
    def summary(self) -> str:
        """What is there, as one line."""
        items = self.predictions["item"].nunique()
        answered = self.annotations.loc[self.annotations["status"] == "submitted", "item"]
        both = len(set(answered) & set(self.predictions["item"]))
        return f"{self.model_version}: predictions of {counted(items, 'item')}, {both} of which people answered"

    def __repr__(self) -> str:
        return f"ModelRun({self.summary})"

    def _repr_html_(self) -> str:
        shown = self.predictions.drop(columns="raw", errors="ignore").dropna(axis="columns", how="all").head(10)
        return f"<p><b>{html.escape(self.summary)}</b></p>" + shown.to_html(escape=True)


def read_run(server: Server, copies: Sequence[Copy], snapshots: Mapping[int, Snapshot], model_version: str) -> ModelRun:
    """Return a model's predictions in a study, and everybody's annotations.

    Args:
        server: The server.
        copies: The study's projects.
        snapshots: Project id → what was seen last in this kernel.
        model_version: What the model is called.

    Raises:
        InputError: The study holds no predictions of it.
    """
    versions = {v: n for copy in copies for v, n in server.model_versions(copy.project.id).items() if n}
    if model_version not in versions:
        there = f"there are those of {listing(sorted(versions))}" if versions else "it has none at all"
        raise InputError(
            f"The study has no predictions of {model_version!r}; {there}.{nearest(model_version, versions)}"
        )
    names = {copy.manifest.annotator for copy in copies}
    model = f"{model_version} (model)" if model_version in names else model_version
    key = copies[0].manifest.key
    answers = read_answers(server, copies, snapshots)
    scores: dict[str, float | None] = {}
    said = Tasks(_predicted(server, copies, answers, model_version, scores)).values()
    several = multiple_choices(server.project(copies[0].project.id).config or "")
    splits = splits_of(answers.values())
    wanted, tally = Columns(key, raw=True), Tally("The tasks", "annotation")
    people = [
        table
        for name, tasks in answers.items()
        for _, table in tabulate_groups(partial(iter, tasks), wanted, name, tally)
    ]
    of_model, tables = Tally("The tasks", "annotation"), []
    results: dict[str, list[dict[str, Any]]] = {}
    for group, table in tabulate_groups(partial(iter, said), wanted, model, of_model):
        results |= {str(item_of(task)): task["annotations"][0]["result"] for task in group}
        tables.append(table)
    predicted = _whole(tables, of_model, splits, several)
    answered = _whole(people, tally, splits, several)
    told = pd.DataFrame({"item": list(scores), "score": pd.Series(list(scores.values()), dtype="float64")})
    return ModelRun(model_version, predicted, answered, told, results)


def _whole(tables: Sequence[pd.DataFrame], tally: Tally, splits: Mapping[str, str], several: list[str]) -> pd.DataFrame:
    tally.warn()
    whole = with_splits(pd.concat(tables, ignore_index=True) if tables else long_table([], raw=True), splits)
    whole.attrs[SEVERAL] = several
    return tally.attach(whole)


def _predicted(
    server: Server,
    copies: Sequence[Copy],
    answers: Mapping[str, Iterable[dict[str, Any]]],
    model_version: str,
    scores: dict[str, float | None],
) -> Iterator[dict[str, Any]]:
    """Yield the first task of each item that has a prediction of a model, with the latest one in place of answers."""
    for copy in copies:
        tasks = answers[copy.manifest.annotator]
        asked = {int(task["id"]) for task in tasks if item_of(task) not in scores}
        if not asked:
            continue
        latest = {
            int(told["task"]): told
            for told in sorted(server.predictions(copy.project.id, tasks=asked), key=lambda told: int(told["id"]))
            if told["model_version"] == model_version
        }
        for task in tasks:
            item, told = item_of(task), latest.get(int(task["id"]))
            if item is None or told is None or item in scores:
                continue
            scores[item] = told["score"]
            when = {"updated_at": told.get("updated_at"), "result": told["result"]}
            yield {**task, "drafts": [], "annotations": [{"id": told["id"], **when}]}


def _gold(annotations: pd.DataFrame, control: str) -> pd.DataFrame:
    return gold(annotations, control)


def _unique_splits(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    if "split" not in rows:
        return table
    return with_splits(table, dict(zip(rows["item"], rows["split"], strict=True)))


# ``Study.import_annotations``: what a person answered elsewhere, as that annotator's answers here.


@dataclass(frozen=True, repr=False)
class ImportReport(Report):
    """What ``Study.import_annotations`` did: ``item, annotator, project, task, status, error``, a row per item.

    ``status`` is created, exists (the same answer is there), updated (its mark of truth), conflict (the annotator has
    another answer, or skipped, and nothing was changed), unknown item, or failed.
    """

    noun: ClassVar[str] = "annotations"
    failure_statuses: ClassVar[frozenset[str]] = frozenset({"failed", "conflict", UNKNOWN})


def import_answers(
    server: Server,
    copies: Sequence[Copy],
    snapshots: Mapping[int, Snapshot],
    payload: Any,
    *,
    annotator: str,
    ground_truth: bool,
    videos: Any,
) -> ImportReport:
    """Do what ``Study.import_annotations`` says.

    Raises:
        InputError: Every fault of the arguments at once; nothing is written then.
    """
    problems: list[str] = []
    if not isinstance(ground_truth, bool):
        problems.append(f"ground_truth is {ground_truth!r}: give True or False.")
    try:
        own = own_copy(copies, annotator)
    except InputError as fault:
        problems += fault.problems
    if problems:
        raise InputError(problems)
    rows: list[dict[str, Any]] = []
    project = next(each_copy(server, [own], snapshots, rows, answers=True), None)
    if project is None:
        return ImportReport(report_table(rows))
    is_file = isinstance(payload, str | Path) or is_datumaro(payload)
    found = (
        _read_file(server, project, payload, videos)
        if is_file
        else read_payload(payload, project.config, project.tasks, videos, server.release, key=own.manifest.key)
    )
    notes: list[str] = []
    if isinstance(found, Predictions) and found is not payload:
        found, modelled = _of_people(found)
        rows += [new_row(item, project.copy, None, "failed", _PREDICTED) for item in modelled]
        notes += found.told  # which nobody else has seen
    items = read_items(found)
    problems = split_problems(items.splits)
    if problems:
        raise InputError(problems)
    rows += [new_row(item, project.copy, None, "failed", why) for item, why in items.problems]
    rows += _store(server, project, items, ground_truth)
    rows += unknown_rows([item for item in items.wanted if item not in project.tasks], project.tasks)
    note_splits(server, copies, snapshots, items.splits, notes)
    return ImportReport(report_table(rows), notes=tuple(dict.fromkeys(notes)))


_PREDICTED = "Nobody annotated it there, and what a model predicted is no answer: study.predict stores it."


def _of_people(found: Predictions) -> tuple[Predictions, list[str]]:
    """Return what people answered, and the items of which a file that holds answers has a model's predictions alone."""
    of_model = [any(one["code"] == OF_MODEL for one in warnings) for warnings in found.table["warnings"]]
    if not any(of_model):
        return found, []
    items = [item for item, is_it in zip(found.table["item"], of_model, strict=True) if is_it]
    results = {item: said for item, said in found.results.items() if item not in items}
    kept = found.table[[not is_it for is_it in of_model]]
    return Predictions(results, found.scores, kept, found.splits, found.notes), items


def _read_file(server: Server, project: Held, source: Any, videos: Any) -> Predictions:
    """Return what a file holds of a project's items, which it may call by their keys or by what their tasks show."""
    data = server.task_data(project.copy.project.id)
    shown = {
        item: [cell for task in tasks for cell in data.get(int(task["id"]), {}).values() if names_file(cell)]
        for item, tasks in project.tasks.items()
    }
    known = names_of_items(shown)
    return read_predictions(
        source, config=project.config, items=known, key=project.copy.manifest.key, videos=_videos(videos, known)
    )


def _videos(videos: Any, known: Mapping[str, Any]) -> Any:
    return {known.get(str(item), item): facts for item, facts in videos.items()} if isinstance(videos, dict) else videos


def own_copy(copies: Sequence[Copy], annotator: str) -> Copy:
    """Return an annotator's project.

    Args:
        copies: The study's projects.
        annotator: The annotator's name.

    Raises:
        InputError: There is no such annotator.
    """
    for copy in copies:
        if copy.manifest.annotator == annotator:
            return copy
    names = all_annotators(copies)
    raise InputError(
        f"The study has no annotator {annotator!r} ({', '.join(names)}).{nearest(annotator, names)} "
        "study.add_annotator(name) makes a project for one more."
    )


def read_payload(
    payload: Any, config: LabelConfig, items: Mapping[str, Any], videos: Any, release: str, *, key: str = "item"
) -> Predictions | Mapping[Any, Any]:
    """Return results by item from any of the formats that are known.

    Args:
        payload: ``Predictions``, item → results, a COCO dict, a Labelbox payload, or the tasks of an export.
        config: The study's label config.
        items: The study's items.
        videos: Item → what is known of the video, for a Labelbox payload.
        release: The server's release.
        key: The field of tasks' data that identifies items.

    Raises:
        InputError: It is none of these.
    """
    if isinstance(payload, Predictions):
        return payload
    if isinstance(payload, Mapping) and "annotations" in payload and "images" in payload:
        images = payload["images"] if isinstance(payload["images"], list | tuple) else ()
        named = [image.get("file_name") for image in images if isinstance(image, Mapping)]
        files = {name for name in named if isinstance(name, str)}
        # Items are often called like files, with the ending or without.
        return from_coco(payload, config=config, match="file_name" if files & items.keys() else "auto")
    if isinstance(payload, Mapping):
        return payload
    if isinstance(payload, Sequence) and not isinstance(payload, str | bytes):
        if payload and is_label_studio(payload[0]):
            return read_tasks(payload, config=config, known={str(item): item for item in items}, key=key)
        return from_labelbox(payload, config=config, videos=videos, release=release)
    raise InputError(
        f"payload is a {type(payload).__name__}: give what lsnb.from_labelbox, from_coco or from_detections returned, "
        "a dict from item to results, a Labelbox payload, a COCO dict, or the path of a file, folder or zip."
    )


def _store(server: Server, project: Held, items: Items, ground_truth: bool) -> list[dict[str, Any]]:
    faulty = result_problems(items, project.config)
    known = [(item, task) for item in items.wanted for task in project.tasks.get(item, ())[:1]]
    rows = [new_row(item, project.copy, int(task["id"]), "failed", None) for item, task in known]
    fitting = []
    for row, (item, _) in zip(rows, known, strict=True):
        if item in faulty:
            row["error"] = f"It does not fit the label config: {faulty[item]}"
        else:
            there = [annotation for one in project.tasks[item] for annotation in one["annotations"]]
            fitting.append((row, partial(_store_one, server, project, row, items.wanted[item], there, ground_truth)))
    done = server.each([act for _, act in fitting], what="Storing annotations", unit="annotation", once=True)
    for (row, _), fault in zip(fitting, done, strict=True):
        if isinstance(fault, LsnbError):
            row.update(status="failed", error=and_again(fault))
    return rows


def _store_one(
    server: Server,
    project: Held,
    row: dict[str, Any],
    wanted: Wanted,
    there: Sequence[Mapping[str, Any]],
    ground_truth: bool,
) -> None:
    results = wanted.results
    if not there:
        # One at most is stored in this way, so that two kernels that looked at the same moment do not both do it.
        made = server.annotate_once(int(row["task"]), results, mark="imported", ground_truth=ground_truth)
        if made is not None:
            row["status"] = "created"
            return
        there = server.export(project.copy.project.id, tasks=[int(row["task"])])[0]["annotations"]
    said = essence(results)
    same = next((a for a in there if not a["was_cancelled"] and essence(a["result"] or ()) == said), None)
    if same is None:
        skipped = all(annotation["was_cancelled"] for annotation in there)
        what = "skipped the item" if skipped else "has another answer"
        row.update(status="conflict", error=f"{row['annotator']} {what} already, and it stays: nothing was changed.")
        return
    row["status"] = "exists"
    if ground_truth and not same.get("ground_truth"):
        server.mark_truth(int(same["id"]), ground_truth)
        row["status"] = "updated"


class ModelVerbs:
    """The verbs of a study that are about models and what they say."""

    server: Server
    copies: list[Copy]
    _snapshots: dict[int, Snapshot]

    def _present(self) -> list[Copy]:
        raise NotImplementedError  # the study knows

    @property
    def config(self) -> LabelConfig:
        """The label config, as the study's first project has it now."""
        return LabelConfig.from_xml(self.server.project(self._present()[0].project.id).config or "")

    @checked
    def predict(
        self,
        predictions: Annotated[Predictions | Mapping[Any, Any], TOLD],
        *,
        model_version: Annotated[str, TOLD],
        on_conflict: Annotated[OnConflict, TOLD] = "replace",
        show: bool = True,
    ) -> PredictionReport:
        """Store a model's predictions in every project of the study that holds the item.

        They are checked against the study's label config first, sent in few large calls, and looked for afterwards:
        what the server dropped is a row. Only then are this model's old predictions deleted, each by its id, so that
        a cut at any moment leaves too many rather than none, and the same call again goes on. The same predictions
        twice are one prediction per task. Other models' predictions and people's annotations are not touched.

        Args:
            predictions: What ``lsnb.from_labelbox``, ``from_coco`` or ``from_detections`` returned, or a dict from item
                to Label Studio results. An empty list says: looked, found nothing. Their splits are stored, too.
            model_version: What the model is called.
            on_conflict: What to do where this model has another prediction of the item: ``"replace"`` it, ``"skip"``
                the new one, or ``"append"``.
            show: Whether annotators' new annotations start from this model's predictions, which is one choice for a
                project (Label Studio: Settings, Annotation, Live Predictions). False leaves that choice as it is.

        Returns:
            A row per item and project: sent, replaced, exists, skipped, dropped, unknown item or failed.

        Raises:
            InputError: Every fault of the arguments at once; nothing is written then.
        """
        with collector_paused():
            return predict(
                self.server,
                self._present(),
                self._snapshots,
                predictions,
                model_version=model_version,
                on_conflict=on_conflict,
                show=show,
            )

    @checked
    def model_run(self, model_version: str) -> ModelRun:
        """Return one model's predictions beside the people's answers.

        ``study.model_run("v2").evaluate("mood")`` is ``lsnb.evaluate`` of them.

        Args:
            model_version: What the model is called.

        Raises:
            InputError: The study holds no predictions of it; the message names those that there are.
        """
        with collector_paused():
            return read_run(self.server, self._present(), self._snapshots, model_version)

    @checked
    def import_annotations(
        self,
        payload: Any,
        *,
        annotator: str,
        ground_truth: bool = False,
        videos: Any = None,
    ) -> ImportReport:
        """Store annotations that a person made with another tool as that annotator's answers.

        Twice is safe. Where the annotator has other answers, or skipped, nothing is changed and the row says so.

        Args:
            payload: The path of a file, folder or zip in any of the formats that ``lsnb.read_predictions`` reads, whose
                pictures are told by the items' keys or by the files that their tasks show; what it, ``from_labelbox``
                or ``from_coco`` returned (of an export with several people's answers, ``read_predictions(…,
                annotator=)``); a dataset of ``datumaro``; a dict from item to Label Studio results; or, as it is, a
                Labelbox payload (a list), the tasks of an export or a COCO dict.
            annotator: Whose answers they are: one of the study's annotators, in whose project they are stored.
            ground_truth: Whether Label Studio marks them as the truth.
            videos: For annotations of videos, item → what ``lsnb.probe`` returns.

        Returns:
            A row per item: created, exists, updated (the mark of truth), conflict, unknown item or failed.

        Raises:
            InputError: No such annotator, or a payload that cannot be read; nothing is written then.
        """
        return import_answers(
            self.server,
            self._present(),
            self._snapshots,
            payload,
            annotator=annotator,
            ground_truth=ground_truth,
            videos=videos,
        )

    @checked
    def to_labelbox(
        self,
        *,
        videos: Any,
        annotator: str | None = None,
        model_version: str | None = None,
        frame_base: int = 1,
    ) -> list[dict[str, Any]]:
        """Return annotations of videos as Labelbox NDJSON rows: ``to_labelbox`` of what the study holds.

        Args:
            videos: Item → what ``lsnb.probe`` returns, or a dict with ``width, height, fps, frames``.
            annotator: Whose annotations; by default everybody's.
            model_version: Give this model's predictions instead.
            frame_base: 0 to count frames from 0.

        Raises:
            InputError: No such annotator or model, or a video's width or height is not known.
        """
        copies = self._present()
        if annotator is not None:
            copies = [own_copy(copies, annotator)]
        config = LabelConfig.from_xml(self.server.project(copies[0].project.id).config or "")
        told: Any
        if model_version is not None:
            told = read_run(self.server, copies, self._snapshots, model_version).results
        else:
            told = [
                {"meta": task["meta"], "id": task["id"], "annotations": task["annotations"]}
                for tasks in read_answers(self.server, copies, self._snapshots).values()
                for task in tasks
                if task["annotations"]
            ]
        rows = to_labelbox(told, config=config, videos=videos, frame_base=frame_base, release=self.server.release)
        return [dict(row) for row in rows]

    @checked
    def assign_splits(self, splits: Mapping[Any, str] | pd.DataFrame) -> SplitReport:
        """Note which items a model learns from (training), is tuned on (validation) and is judged by (test).

        They stand in the tasks' meta; ``model_run`` and ``annotations(splits=True)`` show them.

        Args:
            splits: Item → ``"training"``, ``"validation"`` or ``"test"``; or a table with the study's key (or ``item``)
                and ``split``.

        Raises:
            InputError: Splits that are none; nothing is written then.
        """
        wanted = self._splits(splits)
        problems = split_problems(wanted)
        if problems:
            raise InputError(problems)
        rows: list[dict[str, Any]] = []
        everything: set[str] = set()
        copies = self._present()
        with counting("Writing splits", most_rows(copies, wanted), "task") as count:
            for project in each_copy(self.server, copies, self._snapshots, rows):
                everything.update(project.tasks)
                rows += write_splits(self.server, project, wanted, count)
        rows += unknown_rows([item for item in wanted if item not in everything], everything)
        return SplitReport(report_table(rows))

    def _splits(self, splits: Mapping[Any, str] | pd.DataFrame) -> dict[str, str]:
        pairs: Sequence[tuple[Any, Any]]
        if isinstance(splits, pd.DataFrame):
            key = next((name for name in ("item", self.copies[0].manifest.key) if name in splits.columns), None)
            if key is None or "split" not in splits.columns:
                raise InputError(
                    f"The table of splits needs the columns {self.copies[0].manifest.key!r} (or 'item') and 'split'."
                )
            pairs = [(k, s) for k, s in zip(splits[key], splits["split"], strict=True) if not pd.isna(s)]
        elif isinstance(splits, Mapping):
            pairs = list(splits.items())
        else:
            raise InputError(f"splits is a {type(splits).__name__}: give a dict from item to split, or a table.")
        return {str(key_text(key)): split for key, split in pairs}
