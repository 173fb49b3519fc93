"""The record of the embedded stack: one file, readable by its owner alone.

``local`` writes it, ``credentials`` reads it; no one else keeps a key on disk. A record outlives its processes when the
computer is switched off or they are killed, and then anybody may listen on their ports: ``trusted_stack`` alone says
whether its keys may go to its addresses.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lsnb.errors import LocalStackError
from lsnb.kernel.files import write_whole
from lsnb.kernel.runtime import stack_folder
from lsnb.kernel.secrecy import is_here

FILE_NAME = "stack.json"
# The system's clock may be set between two readings; two seconds are less than an id's way round.
_SAME_START_SECONDS = 2.0
_LISTENS = "0A"  # in /proc/net/tcp


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
        stack = Stack(processes=processes, **fields)
        if not _is_sound(stack):
            raise ValueError
        return stack
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LocalStackError(
            f"The stack's record {path} cannot be read ({error.strerror}): set LSNB_STACK to a folder of your own, "
            "or leave it unset."
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise LocalStackError(f"The stack's record {path} is damaged: run 'lsnb up', which writes it anew.") from None


def _is_sound(stack: Stack) -> bool:
    texts = (stack.url, stack.browser_url, stack.username, stack.endpoint, stack.bucket, stack.folder)
    whole = [number for process in stack.processes for number in (process.pid, process.port)]
    return (
        all(isinstance(text, str) for text in (*texts, stack.api_key, stack.password))
        and all(type(number) is int for number in whole)
        and all(isinstance(process.created, int | float) for process in stack.processes)
        and isinstance(stack.service_account, dict)
    )


def trusted_stack(folder: Path | None = None) -> Stack | None:
    """Return the recorded stack if its servers are the user's own and run, or None: only then may its keys go there.

    For both addresses of the record, the recorded process lives, belongs to this user, began when the record says, and
    it or one of its children listens on the address's port. What took the port of a dead stack is so not sent a key.

    Args:
        folder: The stack's folder; ``runtime.stack_folder()`` by default.

    Raises:
        LocalStackError: The record is damaged or cannot be read.
    """
    stack = load_stack(folder)
    if stack is None:
        return None
    if not all(map(is_here, (stack.url, stack.endpoint))):
        return None  # another computer's port of the same number is none of these processes'
    own = {process.port: process for process in stack.processes}
    holders = [own.get(_port(address)) for address in (stack.url, stack.endpoint)]
    return stack if all(holder is not None and _holds_port(holder) for holder in holders) else None


def is_own(process: Process) -> bool:
    """Return whether the process that was recorded lives and is the user's own: a recycled id is not.

    Args:
        process: What was recorded.
    """
    seen = _look(process.pid)
    return seen is not None and seen.is_own and abs(seen.created - process.created) < _SAME_START_SECONDS


@dataclass(frozen=True)
class _Seen:
    created: float
    is_own: bool
    runs: bool  # False for one that has ended and was not waited for


def _port(url: str) -> int:
    with contextlib.suppress(ValueError):
        return urlsplit(url).port or 0
    return 0


# Processes that were seen to hold their ports themselves: a server does so as long as it lives, and to look through all
# of a computer's connections takes as long as a small request.
_holding: set[Process] = set()


def _holds_port(process: Process) -> bool:
    seen = _look(process.pid)
    if seen is None or not seen.is_own or abs(seen.created - process.created) >= _SAME_START_SECONDS:
        return False
    if process in _holding and seen.runs:
        return True
    holds = process.port in listening_ports(process.pid, unknown=process.port)
    if holds and seen.runs and process.port in listening_ports(process.pid, children=False):
        _holding.add(process)
    return holds


def listening_ports(pid: int, *, unknown: int | None = None, children: bool = True) -> set[int]:
    """Return the ports on which a process and its children listen.

    Args:
        pid: The process.
        unknown: The port that is taken to be its own where the system does not let us look.
        children: Whether theirs count too.
    """
    psutil = _psutil()
    if psutil is None:
        return _ports_in_proc(pid, children=children)
    ports: set[int] = set()
    try:
        running = psutil.Process(pid)
        for process in _with_children(running) if children else [running]:
            with contextlib.suppress(psutil.NoSuchProcess):
                # In Colab the kernel holds psutil 5.9.5, whose name for it is the older one.
                connections = getattr(process, "net_connections", None) or process.connections
                ports |= {c.laddr.port for c in connections("tcp") if c.status == psutil.CONN_LISTEN}
            if unknown in ports:
                break
    except psutil.NoSuchProcess:
        return ports
    except psutil.Error:
        return ports | ({unknown} if unknown else set())
    return ports


def _with_children(running: Any) -> Iterator[Any]:
    yield running
    yield from running.children(recursive=True)


def _psutil() -> Any:
    # It comes with the extra that starts a stack; who only uses one may lack it.
    try:
        return importlib.import_module("psutil")
    except ImportError:
        return None


def _look(pid: int) -> _Seen | None:
    psutil = _psutil()
    if psutil is None:
        return _look_in_proc(pid)
    try:
        running = psutil.Process(pid)
        own = os.name != "posix" or running.uids().real == os.getuid()
        return _Seen(running.create_time(), own, running.status() != psutil.STATUS_ZOMBIE)
    except (psutil.Error, ValueError, OverflowError):
        return None


def _look_in_proc(pid: int) -> _Seen | None:
    try:
        # The name may hold blanks and brackets; what follows it does not.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{pid}/status").read_text()
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
        user = next(line for line in status.splitlines() if line.startswith("Uid:"))
        created = int(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return _Seen(created, int(user.split()[1]) == os.getuid(), fields[0] != "Z")
    except (OSError, ValueError, IndexError, StopIteration):
        return None


def _ports_in_proc(pid: int, *, children: bool) -> set[int]:
    sockets: dict[str, int] = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS:
                    sockets[f"socket:[{fields[9]}]"] = int(fields[1].rpartition(":")[2], 16)
    parents: dict[int, int] = {}
    for about in Path("/proc").glob("[0-9]*/stat") if children else []:
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(about.parent.name)] = int(about.read_text().rpartition(")")[2].split()[1])
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    ports = set()
    for member in family:
        with contextlib.suppress(OSError):
            for handle in Path(f"/proc/{member}/fd").iterdir():
                with contextlib.suppress(OSError):
                    ports |= {sockets[link]} if (link := os.readlink(handle)) in sockets else set()  # noqa: PTH115
    return ports
