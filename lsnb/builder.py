"""``config_builder``: the builder of label configs, with the Label Studio that draws its previews."""

from __future__ import annotations

import tempfile
import urllib.request
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lsnb.connections import LOCAL, connect, open_bucket
from lsnb.credentials import bucket_credentials
from lsnb.errors import LsnbError
from lsnb.forms.config_builder import ConfigBuilder, find_builder
from lsnb.forms.page import Preview, sample_task
from lsnb.kernel.checks import Table, checked
from lsnb.kernel.formats import content_type
from lsnb.stack import trusted_stack

if TYPE_CHECKING:
    from lsnb.labels import LabelConfig
    from lsnb.study import Studio

SCRATCH = "Scratch project of lsnb's config builder: it shows a label config and can be deleted at any time."
_ANSWER_SECONDS = 2.0
_LARGEST_PICTURE = 32 * 2**20
_LARGEST_SHOWN = 2**20
_PICTURE_SIZE = 640  # as wide as the preview's page is


@checked
def config_builder(
    config: LabelConfig | None = None,
    *,
    table: Table | None = None,
    studio: Studio | None = None,
    name: str = "config",
    path: str | Path = "config.xml",
) -> ConfigBuilder:
    """Return a builder of label configs, drawn as a widget where it is the last line of a cell.

    Its ``.config`` is a ``LabelConfig`` at any moment, of all that is finished by then; ``.problems`` names the rest.
    Twice is safe: a cell that is run again shows the builder as it was left. Only where its ``config`` has become
    another one since does it begin anew, and Undo brings back what was there.

    Args:
        config: What to begin with, for example from ``LabelConfig.from_form``; an image without a question by default.
        table: The table of items: its columns can be chosen, and its first row is previewed; of its files in a
            bucket, pictures and what has a megabyte or less, where your own key opens the bucket.
        studio: The Label Studio whose editor draws the preview; the running local one by default. Where there is none,
            the preview is an outline.
        name: Another name makes another builder.
        path: The file that its "Save" and "Load" begin with.

    Example:
        >>> from lsnb import LabelConfig, config_builder
        >>> config = LabelConfig.image("uri").choices("mood", "good, bad")
        >>> config_builder(config, name="example").config == config
        True
    """
    return find_builder(config, table=table, preview=_preview(studio), name=name, path=str(path))


def _preview(studio: Studio | None) -> Preview | None:
    # What is fetched is remembered until the cell runs again: by then a file that was missing may be there.
    if studio is not None:
        return Preview(studio.browser_url, lambda config: open_scratch_project(studio, config), fetch=cache(first_item))
    stack = trusted_stack()
    if stack is None or not _answers(stack.url):
        return None
    # The key is not needed before somebody asks for a project.
    return Preview(
        stack.browser_url, lambda config: open_scratch_project(connect(LOCAL), config), fetch=cache(first_item)
    )


def first_item(address: str, kind: str) -> str | None:
    """Return an object's content as an address that a page needs no key for, or None where it cannot be shown.

    It is read with the user's own key, never with one that the machine lends, so that nothing is waited for. A picture
    is made small: the page gets it again with each letter that is typed.

    Args:
        address: ``gs://bucket/name``.
        kind: What it is shown as, as in ``LabelConfig.fields``.
    """
    from lsnb.media.images import thumbnail

    of, _, name = address.removeprefix("gs://").partition("/")
    try:
        if bucket_credentials(of).info is None:
            return None
        content = open_bucket(of).read_object(name, most=_LARGEST_PICTURE if kind == "image" else _LARGEST_SHOWN)
        if kind != "image":
            return f"data:{content_type(name)};base64,{b64encode(content).decode()}"
        with tempfile.TemporaryDirectory(prefix="lsnb-") as folder:
            file = Path(folder, "picture")
            file.write_bytes(content)
            return f"data:image/jpeg;base64,{b64encode(thumbnail(file, size=_PICTURE_SIZE)).decode()}"
    except LsnbError:
        return None


def _answers(url: str) -> bool:
    try:
        # No proxy: it is on this computer.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{url}/api/version", timeout=_ANSWER_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def open_scratch_project(studio: Studio, config: LabelConfig) -> str:
    """Return the address of a project that shows a config and one sample task, and make it if it is not there.

    Twice is safe: one config has one project. Those of other configs in which nobody answered are deleted.

    Args:
        studio: Where.
        config: The config.

    Raises:
        LabelConfigError: The server does not accept the config.
        StudioError: The project could not be made.
    """
    server = studio.server
    title = f"lsnb preview {config.fingerprint[:6]}"
    found = None
    for project in server.projects():
        if project.description != SCRATCH:
            continue
        if project.title == title:
            found = project
            continue
        counted = server.project(project.id)
        if not counted.annotations and not counted.skipped:
            server.delete_project(project.id)
    if found is None:
        found = server.create_project(title, description=SCRATCH, config=config.xml)
    if not (found.tasks if found.tasks is not None else server.project(found.id).tasks):
        server.import_tasks(found.id, [{"data": sample_task(config, studio.browser_url)}])
    return f"{studio.browser_url}/projects/{found.id}/data"
