"""Saving a study's projects to a file, and deleting them once that is done."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import orjson

from lsnb.errors import InputError, LsnbError
from lsnb.kernel.files import safe_name, whole_file
from lsnb.studio import Server
from lsnb.study.finding import Copy


def save_exports(server: Server, copies: Sequence[Copy], target: Path) -> Path:
    """Save every project's raw export in one zip and return its path.

    Args:
        server: The server.
        copies: The study's projects.
        target: The zip to write; a file of that name is replaced only when the new one is whole.
    """
    with whole_file(target, parents=True) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for copy in copies:
            tasks = server.export(copy.project.id)
            archive.writestr(f"{safe_name(copy.manifest.annotator)}-{copy.project.id}.json", orjson.dumps(tasks))
    return target


def delete_study(server: Server, copies: Sequence[Copy], title: str, save_to: Path) -> list[Copy]:
    """Delete a study's projects after saving them, and return those that were there; none are if all is deleted.

    Args:
        server: The server.
        copies: The study's projects.
        title: The study's title, typed once more.
        save_to: The zip for every project's raw export.

    Raises:
        InputError: The title is not this study's; nothing is deleted.
        LsnbError: An answer arrived while saving; nothing is deleted.
    """
    own = copies[0].manifest.title
    if title != own:
        raise InputError(
            f"This study is called {own!r}, not {title!r}: give its title to delete it. Nothing was deleted."
        )
    listed = {project.id for project in server.projects()}
    present = [copy for copy in copies if copy.project.id in listed]
    if not present:
        return list(copies[:1])  # all is deleted already, and was saved then
    before = _answer_counts(server, present)
    save_exports(server, present, save_to)
    if _answer_counts(server, present) != before:
        raise LsnbError(
            f"Somebody answered while {own!r} was being saved, so nothing was deleted: "
            "run the same call again once nobody is labelling."
        )
    for copy in present:
        server.delete_project(copy.project.id)
    return present


def _answer_counts(server: Server, copies: Sequence[Copy]) -> list[tuple[int | None, int | None]]:
    now = [server.project(copy.project.id) for copy in copies]
    return [(project.annotations, project.skipped) for project in now]
