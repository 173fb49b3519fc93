"""How many workers this computer can afford, and threads that it may not let us have."""

from __future__ import annotations

import os
import threading

# What the rest of the program may still want to open meanwhile.
_SPARE_HANDLES = 12
_MOST_HANDLES = 3  # a file, a connection, and what looking up an address takes


def affordable_workers(wanted: int, *, handles: int = _MOST_HANDLES) -> int:
    """Return how many workers can be at work at once without running out of file handles; at least 1.

    Args:
        wanted: How many there are to be.
        handles: How many files and connections each has open at most.

    Example:
        >>> affordable_workers(1)
        1
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY or limit > 4096 + handles * wanted:
        return wanted
    try:
        taken = len(os.listdir("/dev/fd"))  # noqa: PTH208  a Path would be made for each
    except OSError:  # none is left even for looking
        return 1
    return max(1, min(wanted, (limit - taken - _SPARE_HANDLES) // handles))


def is_started(thread: threading.Thread) -> bool:
    """Start a thread, and return whether the computer let us: some limit how many there may be.

    Args:
        thread: It has not been started yet.

    Example:
        >>> is_started(threading.Thread(target=list))
        True
    """
    try:
        thread.start()
    except RuntimeError as error:
        if "start new thread" not in str(error):
            raise
        return False
    return True
