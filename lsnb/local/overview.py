"""What of the stack runs now."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

from lsnb.local.installation import require_packages
from lsnb.local.processes import find, log_of
from lsnb.local.servers import address
from lsnb.runtime import stack_folder
from lsnb.stack import load_stack


def resolve_folder(folder: Path | str | None) -> Path:
    """Return the stack's folder, whole.

    Args:
        folder: What the caller gave; ``runtime.stack_folder()`` by default.
    """
    return Path(folder or stack_folder()).expanduser().resolve()


@dataclass(frozen=True)
class ProcessStatus:
    """One process of the stack, as it is now.

    Args:
        name: ``label-studio`` or ``front`` (the bucket).
        address: Where it listens.
        pid: Its process id.
        alive: Whether it runs.
        log: Its log.
    """

    name: str
    address: str
    pid: int
    alive: bool
    log: Path

    @property
    def state(self) -> str:
        """``runs`` or ``ended``."""
        return "runs" if self.alive else "ended"


@dataclass(frozen=True, repr=False)
class Status:
    """The stack as it is now.

    Args:
        folder: Its folder.
        processes: Its processes; none when it is stopped.
        browser_url: The address to open, or None when it is stopped.
    """

    folder: Path
    processes: tuple[ProcessStatus, ...]
    browser_url: str | None = None

    @property
    def running(self) -> bool:
        """Whether every process runs."""
        return bool(self.processes) and all(process.alive for process in self.processes)

    @property
    def summary(self) -> str:
        """One sentence."""
        if not self.processes:
            return f"The stack in {self.folder} is stopped: start it with 'lsnb up' or lsnb.local.start()."
        dead = [process.name for process in self.processes if not process.alive]
        if dead:
            return f"{', '.join(dead)} ended: 'lsnb up' or lsnb.local.start() starts it again; the log says why."
        return f"The stack runs: open {self.browser_url}"

    def __repr__(self) -> str:
        width = max((len(process.address) for process in self.processes), default=0)
        lines = [
            f"  {process.name:<12}  {process.address:<{width}}  {process.state:<5}  {process.log}"
            for process in self.processes
        ]
        return "\n".join([self.summary, *lines])

    def _repr_html_(self) -> str:
        cells = [(p.name, p.address, p.state, str(p.log)) for p in self.processes]
        rows = "".join(f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in row)}</tr>" for row in cells)
        head = "<tr><th>process</th><th>address</th><th>state</th><th>log</th></tr>"
        table = f"<table>{head}{rows}</table>" if rows else ""
        return f"<p>{html.escape(self.summary)}</p>{table}"


def status(*, folder: Path | str | None = None) -> Status:
    """Return which processes of the stack run, where they listen and where their logs are.

    Args:
        folder: The stack's folder; ``runtime.stack_folder()`` by default.

    Raises:
        MissingExtraError: A package of the ``[local]`` extra is missing.
        LocalStackError: The stack's record is damaged.

    Example:
        >>> import lsnb
        >>> lsnb.local.status().running  # doctest: +SKIP
        True
    """
    require_packages({"psutil": "psutil"})
    place = resolve_folder(folder)
    stack = load_stack(place)
    if stack is None:
        return Status(folder=place, processes=())
    processes = tuple(
        ProcessStatus(
            name=process.name,
            address=address(process.port),
            pid=process.pid,
            alive=find(process, place) is not None,
            log=log_of(place, process.name),
        )
        for process in stack.processes
    )
    return Status(folder=place, processes=processes, browser_url=stack.browser_url)
