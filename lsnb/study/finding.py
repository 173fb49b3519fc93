"""Finding the projects of a study on the server, also where somebody edited what they say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lsnb.labels import LabelConfig
from lsnb.studio import Project, Server
from lsnb.study.manifest import SEPARATOR, Manifest, digest_items, parse_manifest, project_title


@dataclass(frozen=True)
class Copy:
    """One annotator's project.

    Args:
        manifest: What the project says about its study.
        project: The project as listed.
    """

    manifest: Manifest
    project: Project


def find_copies(server: Server, title: str) -> list[Copy]:
    """Return the projects of the study of this title, each annotator's first one, in the order of annotators.

    A project whose description a teammate edited is recognised by its tasks and described anew.

    Args:
        server: Where to look.
        title: The study's whole title.
    """
    listed = server.projects()
    copies = [
        Copy(manifest, project)
        for project in listed
        if (manifest := parse_manifest(project.description)) is not None and manifest.title == title
    ]
    stems = {project_title(title, name) for copy in copies for name in copy.manifest.everybody}
    orphans = [
        project
        for project in listed
        if parse_manifest(project.description) is None
        and (project.title in stems or project.title.rpartition(SEPARATOR)[0] == title)
    ]
    for project in orphans:
        manifest = _rebuild(server, project, title, copies)
        if manifest is not None:
            server.describe_project(project.id, manifest.describe())
            copies.append(Copy(manifest, project))
    return _in_order(copies)


def _in_order(copies: Sequence[Copy]) -> list[Copy]:
    order = all_annotators(copies)
    first: dict[str, Copy] = {}
    by_age = sorted(copies, key=lambda copy: copy.project.id)
    for copy in by_age:
        if copy.manifest.study == by_age[0].manifest.study:
            first.setdefault(copy.manifest.annotator, copy)
    return [first[name] for name in order if name in first]


def all_annotators(copies: Sequence[Copy]) -> list[str]:
    """Return every annotator that any of the projects names, in the order first given.

    Args:
        copies: Projects of one study.
    """
    names = dict.fromkeys(name for copy in copies for name in copy.manifest.everybody)
    names.update(dict.fromkeys(copy.manifest.annotator for copy in copies))
    return list(names)


def _rebuild(server: Server, project: Project, title: str, siblings: Sequence[Copy]) -> Manifest | None:
    """Return an edited project's manifest from its tasks, or None where they are not a study's."""
    tasks = server.export(project.id)
    metas = [task["meta"] for task in tasks if (task.get("meta") or {}).get("study")]
    if not metas:
        return None
    meta: dict[str, Any] = metas[0]
    annotator = str(meta.get("annotator") or project.title.rpartition(SEPARATOR)[2])
    for sibling in siblings:
        if sibling.manifest.study == meta["study"]:
            return sibling.manifest.belongs_to(annotator)
    items = {str(meta["item"]) for meta in metas}
    config = server.project(project.id).config or ""
    return Manifest(
        study=str(meta["study"]),
        title=title,
        annotator=annotator,
        annotators=tuple(meta.get("annotators") or (annotator,)),
        added=tuple(meta.get("added") or ()),
        key=str(meta.get("key") or "item"),
        seed=int(meta.get("seed") or 0),
        overlap=meta.get("overlap", "full"),
        columns=dict(meta.get("columns") or {}),
        where=str(meta.get("where") or ""),
        predictions=dict(meta.get("predictions") or {}),
        config=LabelConfig.from_xml(config).fingerprint,
        items=digest_items(items),
        n=len(items),
    )
