"""Where am I: Colab, Jupyter or a script, and which folders are mine."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import platformdirs

from lsnb.errors import CredentialsError, LocalStackError

Kind = Literal["colab", "jupyter", "script"]


def where() -> Kind:
    """Return what runs this code: ``"colab"``, ``"jupyter"`` or ``"script"``.

    Example:
        >>> where()
        'script'
    """
    if "google.colab" in sys.modules:
        return "colab"
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and shell.has_trait("kernel"):
        return "jupyter"
    return "script"


def is_interactive() -> bool:
    """Return whether a person can answer a prompt: never in CI, nbmake, papermill or a pipe."""
    if os.environ.get("CI") or os.environ.get("LSNB_NO_PROMPT"):
        return False
    kind = where()
    if kind == "colab":
        return True
    if kind == "jupyter":
        import IPython

        kernel = IPython.get_ipython().kernel
        # nbclient and papermill run kernels with allow_stdin=False; a prompt there would raise.
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stdin is not None and sys.stdin.isatty()


def colab_secret(name: str) -> str | None:
    """Return a Colab secret's text, or None outside Colab or where it is absent.

    Args:
        name: The secret's name, for example ``LABEL_STUDIO_API_KEY``.

    Raises:
        CredentialsError: The secret exists, but this notebook may not read it.
    """
    if where() != "colab":
        return None
    from google.colab import userdata

    try:
        value = userdata.get(name)
    except userdata.SecretNotFoundError:
        return None
    except userdata.NotebookAccessError:
        raise CredentialsError(
            f"This notebook may not read the Colab secret {name}: open the key icon on the left, "
            "switch on 'Notebook access' beside it, and run the cell again."
        ) from None
    except userdata.TimeoutException:
        # A detached browser cannot be asked: go on with the next source rather than fail.
        return None
    return str(value) if value else None


def colab_proxy_url(port: int) -> str | None:
    """Return the https address under which Colab shows a port of its machine, or None outside Colab.

    Args:
        port: A port on which something of ours listens.
    """
    if where() != "colab":
        return None
    from google.colab.output import eval_js

    return str(eval_js(f"google.colab.kernel.proxyPort({int(port)}, {{'cache': true}})")).rstrip("/")


def colab_upload() -> dict[str, bytes]:
    """Open Colab's upload dialog, wait for it, and return what was chosen: name → content; empty outside Colab."""
    if where() != "colab":
        return {}
    from google.colab import files

    return {str(name): bytes(content) for name, content in files.upload().items()}


def colab_sign_in() -> bool:
    """Sign the Colab user in to Google Cloud; return False outside Colab."""
    if where() != "colab":
        return False
    from google.colab import auth

    auth.authenticate_user()
    return True


@contextmanager
def collector_paused() -> Iterator[None]:
    """Hold Python's cyclic garbage collector while millions of small objects are made.

    It would scan them again and again: orjson takes eight times as long with it on a 30 MB export.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def cache_folder() -> Path:
    """Return the folder for what can be made again (installed servers, templates).

    ``LSNB_CACHE`` moves it.

    Raises:
        LocalStackError: ``LSNB_CACHE`` names a home folder that nobody has, or the folder is not the user's alone.
    """
    return _folder("LSNB_CACHE", Path(platformdirs.user_cache_dir("lsnb")))


def stack_folder() -> Path:
    """Return the folder of the embedded stack: its data, its logs and its keys.

    ``LSNB_STACK`` moves it; two folders are two independent stacks.

    Raises:
        LocalStackError: ``LSNB_STACK`` names a home folder that nobody has, or the folder is not the user's alone.
    """
    return _folder("LSNB_STACK", Path(platformdirs.user_data_dir("lsnb")) / "stack")


def _folder(variable: str, default: Path) -> Path:
    given = os.environ.get(variable)
    try:
        folder = Path(given).expanduser() if given else default
    except RuntimeError:
        raise LocalStackError(
            f"{variable} is {given!r}, and nobody of that name has a home folder here: write the whole path."
        ) from None
    refuse_others_folder(folder)
    return folder


def refuse_others_folder(folder: Path) -> None:
    """Raise where others on this computer may write to a folder whose programs are run and whose records are believed.

    Args:
        folder: The folder, which need not be there.

    Raises:
        LocalStackError: It belongs to another user, or others may write to it.
    """
    if os.name != "posix":
        return
    try:
        about = folder.stat()
    except OSError:
        return
    is_others = about.st_uid not in (os.getuid(), 0)
    if is_others or about.st_mode & 0o002 or (about.st_mode & 0o020 and not _is_own_group(about.st_gid)):
        whose = f"belongs to another user (number {about.st_uid})" if is_others else "can be written to by others"
        own = f", or run 'chmod go-w {folder}' once you have looked at what is in it" if not is_others else ""
        raise LocalStackError(
            f"The folder {folder} {whose}, whose programs and keys would be taken for yours: set LSNB_CACHE and "
            f"LSNB_STACK to folders of your own{own}."
        )


def _is_own_group(number: int) -> bool:
    """Return whether a group has nobody in it but the user: many systems give each user one, which may then write."""
    import grp
    import pwd

    try:
        group, user = grp.getgrgid(number), pwd.getpwuid(os.getuid())
    except KeyError:
        return number == os.getgid() == 0  # as containers run users without a name
    return group.gr_name == user.pw_name and not set(group.gr_mem) - {user.pw_name}
