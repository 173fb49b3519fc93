"""The record of the embedded stack: one file, readable by its owner alone.

``local`` writes it, ``credentials`` reads it; no one else keeps a key on disk.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lsnb.errors import LocalStackError
from lsnb.kernel.files import write_whole
from lsnb.kernel.runtime import stack_folder

FILE_NAME = "stack.json"


@dataclass(frozen=True)
class Process:
    """One process of the stack.

    Args:
        name: ``label-studio`` or ``front``.
        pid: Its process id.
        created: Seconds since 1970 at which the system made it, so that a recycled id is not ended by mistake.
        port: The loopback port on which it listens.
    """

    name: str
    pid: int
    created: float
    port: int


@dataclass(frozen=True)
class Stack:
    """A running Label Studio and bucket on this computer.

    Args:
        url: Label Studio's loopback address, without a slash at the end.
        browser_url: The address to open in a browser (Colab's port proxy there, else ``url``).
        api_key: A legacy token of the stack's one user.
        username: That user's e-mail address.
        password: That user's password.
        endpoint: The Cloud Storage endpoint, without a slash at the end.
        bucket: The bucket made with the stack.
        service_account: A service account's JSON for that endpoint, with a key of its own.
        presign: Whether a browser can reach ``endpoint`` (False in Colab: Label Studio streams there).
        folder: The stack's folder; logs are in ``folder / "logs"``.
        processes: What was started.
    """

    url: str
    browser_url: str
    username: str
    endpoint: str
    bucket: str
    presign: bool
    folder: str
    processes: tuple[Process, ...] = ()
    api_key: str = field(repr=False, default="")
    password: str = field(repr=False, default="")
    service_account: dict[str, Any] = field(repr=False, default_factory=dict)

    @property
    def log_folder(self) -> Path:
        """Where each process writes its log."""
        return Path(self.folder) / "logs"

    def save(self) -> None:
        """Write the record, whole or not at all, readable by its owner alone."""
        path = Path(self.folder) / FILE_NAME
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, json.dumps(asdict(self)))


def write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner alone.

    Args:
        path: The file.
        text: Its content.
    """
    write_whole(path, text, permissions=0o600)


def load_stack(folder: Path | None = None) -> Stack | None:
    """Return the recorded stack, or None where none was started.

    Args:
        folder: The stack's folder; ``runtime.stack_folder()`` by default.

    Raises:
        LocalStackError: The record is damaged or cannot be read.
    """
    path = (folder or stack_folder()) / FILE_NAME
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        processes = tuple(Process(**process) for process in fields.pop("processes"))
        return Stack(processes=processes, **fields)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LocalStackError(
            f"The stack's record {path} cannot be read ({error.strerror}): set LSNB_STACK to a folder of your own, "
            "or leave it unset."
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise LocalStackError(f"The stack's record {path} is damaged: run 'lsnb up', which writes it anew.") from None
