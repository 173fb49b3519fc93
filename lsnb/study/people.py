"""The people of a study: one more annotator, and the text that tells them where to go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from lsnb.errors import InputError
from lsnb.labels import LabelConfig
from lsnb.sampling import assign
from lsnb.studio import Server
from lsnb.study.copies import CreateReport, make_copy
from lsnb.study.finding import Copy, all_annotators
from lsnb.study.manifest import annotator_names
from lsnb.study.plan import new_task
from lsnb.study.snapshot import item_of

if TYPE_CHECKING:
    from lsnb.bucket import Bucket


def add_person(
    server: Server, copies: Sequence[Copy], name: str, bucket: Bucket | None
) -> tuple[list[Copy], CreateReport]:
    """Make a project for one more annotator, with every item of the study, and return all projects.

    Args:
        server: The server.
        copies: The study's projects.
        name: The new annotator.
        bucket: The bucket that ``gs://`` media are in.

    Raises:
        InputError: The name cannot be used, or the bucket is missing.
    """
    if not isinstance(name, str):
        raise InputError(f"The annotator's name is {name!r}: give it as text.")
    names, problems = annotator_names([name])
    if problems:
        raise InputError(problems)
    name = names[0]
    there = {copy.manifest.annotator: copy for copy in copies}
    twins = [other for other in all_annotators(copies) if other.casefold() == name.casefold() and other != name]
    if twins:
        raise InputError(f"The study has an annotator {twins[0]!r}, and {name!r} is too near: use another name.")
    data: dict[str, dict[str, object]] = {}
    for copy in copies:
        for task in server.export(copy.project.id):
            if (item := item_of(task)) is not None:
                data.setdefault(item, task["data"])
    first = copies[0].manifest
    if bucket is None and any(str(cell).startswith("gs://") for row in data.values() for cell in row.values()):
        raise InputError(
            f"The media of {first.title!r} are in a bucket: give bucket=lsnb.open_bucket(…), "
            f"to connect {name}'s project to it."
        )
    added = first.added if name in (*first.annotators, *first.added) else (*first.added, name)
    manifest = replace(first, annotator=name, added=added)
    config = LabelConfig.from_xml(server.project(copies[0].project.id).config or "")
    order = assign(list(data), [name], seed=first.seed)[name]
    tasks = [new_task(data[item], item, None) for item in order]
    storage = bucket.storage_for_studio() if bucket is not None else None
    own, row, _ = make_copy(server, config, tasks, manifest, there.get(name), storage)
    report = CreateReport(pd.DataFrame([row]))
    report.raise_for_failures()
    # The others learn of the newcomer last: until then the newcomer's own project says it all.
    renewed = []
    for other in copies:
        if other.manifest.annotator == name:
            continue
        about = replace(other.manifest, added=added)
        if about != other.manifest:
            server.describe_project(other.project.id, about.describe())
        renewed.append(Copy(about, other.project))
    return [*renewed, *([own] if own is not None else [])], report


def shared_items(server: Server, copies: Sequence[Copy]) -> pd.DataFrame:
    """Return how many items each two annotators have in common; in the diagonal, how many each has.

    Args:
        server: The server.
        copies: The study's projects.
    """
    own = {
        copy.manifest.annotator: {item_of(task) for task in server.export(copy.project.id)} - {None} for copy in copies
    }
    counts = [[len(items & others) for others in own.values()] for items in own.values()]
    return pd.DataFrame(counts, index=pd.Index(list(own), name="annotator"), columns=list(own))


def share_text(title: str, links: pd.DataFrame, invite: str) -> str:
    """Return the text to send to annotators.

    Args:
        title: The study's title.
        links: A row per annotator: annotator, url, tasks.
        invite: Where a new annotator signs up.

    Example:
        >>> links = pd.DataFrame([("ana", "https://ls.example.org/projects/3/data", 8)])
        >>> links.columns = ["annotator", "url", "tasks"]
        >>> print(share_text("Mood", links, "https://ls.example.org/user/signup/?token=abc"))
        Hello! Please label the study “Mood” for us.
        1. New here? Sign up once: https://ls.example.org/user/signup/?token=abc
        2. Open your own project (and only yours, so that answers stay independent):
           ana: https://ls.example.org/projects/3/data (8 items)
        3. Press “Label All Tasks”, answer, and press “Submit”. You may stop and go on at any time.
    """
    lines = [
        f"Hello! Please label the study “{title}” for us.",
        f"1. New here? Sign up once: {invite}",
        "2. Open your own project (and only yours, so that answers stay independent):",
        *(f"   {row.annotator}: {row.url} ({row.tasks} items)" for row in links.itertuples()),
        "3. Press “Label All Tasks”, answer, and press “Submit”. You may stop and go on at any time.",
    ]
    return "\n".join(lines)
