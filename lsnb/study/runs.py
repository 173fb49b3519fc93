"""A model's predictions beside what people answered, ready to be judged."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from lsnb.annotations import long_table, widen
from lsnb.errors import InputError
from lsnb.reliability import Evaluation, RegionAgreement, evaluate, gold, region_agreement
from lsnb.studio import Server
from lsnb.study.finding import Copy
from lsnb.study.snapshot import item_of
from lsnb.study.splits import SPLITS, splits_of, with_splits
from lsnb.tables.keys import listing, nearest


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

    def answers(self, control: str, *, split: str | None = None) -> pd.DataFrame:
        """Return the model's answers, as ``lsnb.evaluate`` takes them: ``item``, a column of the control's name, split.

        Args:
            control: The name of a control.
            split: Only items of this split.
        """
        rows = self._of(self.predictions, split)
        wide = widen(rows, control)
        table = wide.iloc[:, 0].rename(control).rename_axis("item").reset_index()
        return _unique_splits(table, rows)

    def evaluate(
        self,
        control: str,
        *,
        split: str | None = None,
        gold: pd.DataFrame | None = None,
        resamples: int = 1000,
        seed: int = 0,
    ) -> Evaluation:
        """Return how well the model answers as people do, as ``lsnb.evaluate`` does.

        Args:
            control: The name of a control that takes answers; of one that draws regions, see ``regions``.
            split: Only items of this split, such as ``"test"``.
            gold: What is right, such as ``study.gold(control)``; by default what annotators' votes say.
            resamples: As in ``lsnb.evaluate``.
            seed: As in ``lsnb.evaluate``.

        Raises:
            InputError: No such control or split.
        """
        people = self._of(self.annotations, split)
        truth = _gold(people, control) if gold is None else gold
        model = self.answers(control, split=split)
        if split is not None:
            truth = truth[truth["item"].isin(people["item"])]
        return evaluate(model, truth, key="item", column=control, annotations=people, resamples=resamples, seed=seed)

    def regions(
        self, control: str, *, split: str | None = None, threshold: float = 0.5, resamples: int = 1000, seed: int = 0
    ) -> RegionAgreement:
        """Return how well the model draws as people do: ``lsnb.region_agreement`` with the model as an annotator.

        Args:
            control: The name of a control that draws regions.
            split: Only items of this split.
            threshold: As in ``lsnb.region_agreement``.
            resamples: As in ``lsnb.region_agreement``.
            seed: As in ``lsnb.region_agreement``.
        """
        both = self._of(self.both, split)
        return region_agreement(both, control, threshold=threshold, resamples=resamples, seed=seed)

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
        return f"{self.model_version}: predictions of {items} items, {both} of which people answered"

    def __repr__(self) -> str:
        return f"ModelRun({self.summary})"

    def _repr_html_(self) -> str:
        shown = self.predictions.drop(columns="raw", errors="ignore").dropna(axis="columns", how="all").head(10)
        return f"<p><b>{html.escape(self.summary)}</b></p>" + shown.to_html(escape=True)


def read_run(server: Server, copies: Sequence[Copy], model_version: str) -> ModelRun:
    """Return a model's predictions in a study, and everybody's annotations.

    Args:
        server: The server.
        copies: The study's projects.
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
    people, exported = [], []
    said: dict[str, dict[str, Any]] = {}
    scores: dict[str, float | None] = {}
    for copy in copies:
        tasks = server.export(copy.project.id)
        exported.append(tasks)
        people.append(long_table(tasks, key=key, annotator=copy.manifest.annotator, raw=True))
        latest = {
            int(told["task"]): told
            for told in sorted(server.predictions(copy.project.id), key=lambda told: int(told["id"]))
            if told["model_version"] == model_version
        }
        for task in tasks:
            item, told = item_of(task), latest.get(int(task["id"]))
            if item is None or told is None or item in said:
                continue
            when = {"updated_at": told.get("updated_at"), "result": told["result"]}
            said[item] = {**task, "drafts": [], "annotations": [{"id": told["id"], **when}]}
            scores[item] = told["score"]
    splits = splits_of(exported)
    return ModelRun(
        model_version,
        with_splits(long_table(said.values(), key=key, annotator=model, raw=True), splits),
        with_splits(pd.concat(people, ignore_index=True), splits),
        pd.DataFrame({"item": list(scores), "score": pd.Series(list(scores.values()), dtype="float64")}),
        {item: task["annotations"][0]["result"] for item, task in said.items()},
    )


def _gold(annotations: pd.DataFrame, control: str) -> pd.DataFrame:
    return gold(annotations, control)


def _unique_splits(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    if "split" not in rows:
        return table
    return with_splits(table, dict(zip(rows["item"], rows["split"], strict=True)))
