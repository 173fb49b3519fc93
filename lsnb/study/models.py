"""What a study does with a model: its predictions out, a comparison with people back, and answers of other tools in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.labels import LabelConfig
from lsnb.predictions.labelbox import to_labelbox
from lsnb.runtime import collector_paused
from lsnb.studio import Server
from lsnb.study.finding import Copy
from lsnb.study.importing import ImportReport, import_answers, own_copy
from lsnb.study.predicting import PredictionReport, predict, read_copies, report_table, unknown_rows
from lsnb.study.runs import ModelRun, read_run
from lsnb.study.sending import OnConflict
from lsnb.study.snapshot import Snapshot, item_of
from lsnb.study.splits import SplitReport, split_problems, write_splits
from lsnb.tables.keys import key_text

if TYPE_CHECKING:
    from lsnb.predictions.report import Predictions


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

    def predict(
        self,
        predictions: Predictions | Mapping[Any, Any],
        *,
        model_version: str,
        on_conflict: OnConflict = "replace",
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

    def model_run(self, model_version: str) -> ModelRun:
        """Return one model's predictions beside the people's answers.

        ``study.model_run("v2").evaluate("mood")`` is ``lsnb.evaluate`` of them.

        Args:
            model_version: What the model is called.

        Raises:
            InputError: The study holds no predictions of it; the message names those that there are.
        """
        with collector_paused():
            return read_run(self.server, self._present(), model_version)

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
            payload: What ``lsnb.from_labelbox``, ``from_coco`` or ``from_detections`` returned; a dict from item to
                Label Studio results; or, as it is, a Labelbox payload (a list) or a COCO dict.
            annotator: Whose answers they are: one of the study's annotators, in whose project they are stored.
            ground_truth: Whether Label Studio marks them as the truth.
            videos: For a Labelbox payload about videos, item → what ``lsnb.probe`` returns.

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

    def to_labelbox(
        self,
        *,
        videos: Any,
        annotator: str | None = None,
        model_version: str | None = None,
        frame_base: int = 1,
    ) -> list[dict[str, Any]]:
        """Return annotations of videos as Labelbox NDJSON rows: ``lsnb.to_labelbox`` of what the study holds.

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
            told = read_run(self.server, copies, model_version).results
        else:
            told = [
                {"meta": task["meta"], "id": task["id"], "annotations": task["annotations"]}
                for copy in copies
                for task in self.server.export(copy.project.id)
                if item_of(task) is not None and task["annotations"]
            ]
        rows = to_labelbox(told, config=config, videos=videos, frame_base=frame_base, release=self.server.release)
        return [dict(row) for row in rows]

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
        held, rows = read_copies(self.server, self._present(), self._snapshots)
        everything = {item for project in held for item in project.tasks}
        rows += write_splits(self.server, held, wanted)
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
