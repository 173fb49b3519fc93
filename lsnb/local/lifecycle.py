"""Bringing the stack up and taking it down."""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lsnb.errors import LocalStackError
from lsnb.kernel.checks import checked
from lsnb.kernel.files import named_path
from lsnb.kernel.formats import read_json
from lsnb.kernel.runtime import cache_folder, colab_proxy_url, refuse_others_folder, stack_folder
from lsnb.kernel.words import warn
from lsnb.local.cors import with_own_origin
from lsnb.local.identity import FILE_NAME as IDENTITY_FILE
from lsnb.local.identity import Identity, create_identity, load_identity
from lsnb.local.installation import Installation, explain_disk_errors, install, require_packages
from lsnb.local.objects import Objects
from lsnb.local.processes import (
    BUCKET,
    BUCKET_FOLDER,
    HEALTH,
    OLD_BUCKET,
    EndedError,
    PortTakenError,
    address,
    data_folder,
    end,
    find,
    free_port,
    log_of,
    start_front,
    start_label_studio,
    strays,
    tell_password,
    wait_until_ready,
)
from lsnb.stack import FILE_NAME as RECORD_FILE
from lsnb.stack import Process, Stack, load_stack

# What of the stack runs now.


def resolve_folder(folder: Path | str | None) -> Path:
    """Return the stack's folder, whole.

    Args:
        folder: What the caller gave; ``runtime.stack_folder()`` by default.

    Raises:
        LocalStackError: It is not the user's alone.
    """
    place = named_path(folder or stack_folder()).resolve()
    refuse_others_folder(place)
    return place


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


@checked
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


_OURS = (
    RECORD_FILE,
    IDENTITY_FILE,
    BUCKET_FOLDER,
    "home",
    "label-studio",
    "label-studio.partial",
    "logs",
    *OLD_BUCKET,
)
_HEALTH_PATHS = {"front": HEALTH, "label-studio": "/health"}
_PATIENCE_SECONDS = 90.0
_TRIES = 4


@checked
def start(*, folder: Path | str | None = None) -> Stack:
    """Bring up Label Studio and a bucket on this computer, or return those that run.

    The first call ever installs Label Studio (one to three minutes); after that the first start of a stack
    takes some seconds. Calling it again returns the same stack, and starts again what has died, with the same
    data, a new password and new keys. The servers listen on this computer alone and go on until ``stop()``,
    also when the notebook's kernel ends.

    Args:
        folder: Where the stack keeps its data, logs and keys; ``runtime.stack_folder()`` by default. Two
            folders are two independent stacks.

    Raises:
        MissingExtraError: A package of the ``[local]`` extra is missing.
        LocalStackError: It could not be installed or started; the message says why and where the log is.

    Example:
        >>> import lsnb
        >>> stack = lsnb.local.start()  # doctest: +SKIP
        >>> stack.browser_url  # doctest: +SKIP
        'http://127.0.0.1:49152'
    """
    place = resolve_folder(folder)
    installation = install()
    with explain_disk_errors(place, place / "logs"), _locked(place):
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _bring_up(place, installation)


@checked
def stop(*, folder: Path | str | None = None, delete: bool = False) -> None:
    """End the stack's processes, and nothing else; its projects and media are kept for the next start.

    Args:
        folder: The stack's folder; ``runtime.stack_folder()`` by default.
        delete: Also remove the stack's projects, media, logs and keys, which cannot be undone.

    Raises:
        MissingExtraError: A package of the ``[local]`` extra is missing.
        LocalStackError: The folder cannot be written to.

    Example:
        >>> import lsnb
        >>> lsnb.local.stop()  # doctest: +SKIP
    """
    require_packages({"filelock": "filelock", "psutil": "psutil"})
    place = resolve_folder(folder)
    with explain_disk_errors(place, place / "logs"), _locked(place):
        recorded = {process.name: find(process, place) for process in _recorded(place)}
        alive = {name: running for name, running in recorded.items() if running is not None}
        end([*alive.values(), *strays(place)])
        # Damaged keys are said by the next start.
        with contextlib.suppress(LocalStackError):
            if not delete and (identity := load_identity(place)) is not None:
                _renewed(identity, place, alive)
        (place / RECORD_FILE).unlink(missing_ok=True)
        if delete and place.exists():
            # By name, so that a folder which holds something else keeps it.
            for name in _OURS:
                path = place / name
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                place.rmdir()


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    from filelock import FileLock

    # Outside the stack's folder, which stop(delete=True) removes while another process may wait.
    locks = cache_folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"stack-{hashlib.sha256(str(place).encode()).hexdigest()[:16]}.lock"):
        yield


def _recorded(place: Path) -> tuple[Process, ...]:
    try:
        stack = load_stack(place)
    except LocalStackError:
        # A damaged record is written anew; what it named is found again by its mark.
        return ()
    return stack.processes if stack is not None else ()


def _identity(place: Path) -> Identity:
    identity = load_identity(place)
    if identity is not None:
        return identity
    if data_folder(place).exists():
        raise LocalStackError(
            f"The stack's keys {place / IDENTITY_FILE} are missing, so its projects cannot be opened: put the file "
            "back from a copy, or begin anew with 'lsnb down --delete-data' and 'lsnb up'."
        )
    identity = create_identity()
    identity.save(place)
    return identity


def _renewed(identity: Identity, place: Path, alive: Collection[str]) -> Identity:
    """Return new keys, and keep them, where a process ended and nobody took it down.

    What asked for it since may have shown a key to whoever took its port.
    """
    died = _HEALTH_PATHS.keys() - alive if (place / RECORD_FILE).exists() else frozenset()
    renewed = identity.renewed(died)
    if renewed != identity:
        renewed.save(place)
    return renewed


def _bring_up(place: Path, installation: Installation) -> Stack:
    before = {process.name: process for process in _recorded(place) if find(process, place) is not None}
    identity = _renewed(_identity(place), place, before)
    if identity.is_renewed:
        tell_password(place, identity)
        identity = replace(identity, is_renewed=False)
        identity.save(place)
    running = dict(before)
    taken: set[int] = set()
    try:
        for _ in range(_TRIES):
            identity, colab_url = _start_missing(place, installation, identity, running, taken)
            stack = _record(place, identity, running, colab_url)
            try:
                for name, path in _HEALTH_PATHS.items():
                    url = address(running[name].port) + path
                    wait_until_ready(running[name], url, folder=place, deadline=_PATIENCE_SECONDS)
            except PortTakenError as error:
                # Somebody took the port between our look and the server's: leave it to them.
                lost = running.pop(str(error))
                _end(lost, place)
                taken.add(lost.port)
                continue
            except EndedError as error:
                # What ran when we looked and was ending then is started again; what we started is a fault.
                if error.name not in before or running[error.name] != before.pop(error.name):
                    raise
                del running[error.name]
                continue
            _make_bucket(stack, identity, place)
            _let_own_pages_read(stack, identity, place)
            _check_user(stack, place)
            return stack
        raise LocalStackError(
            f"Other programs took every port that was tried: run it again; the logs are in {place / 'logs'}."
        )
    except BaseException:
        # Also when the user interrupts: nothing that this call started is left half way.
        _end_strays(place, {name: process for name, process in running.items() if before.get(name) == process})
        if running != before:
            (place / RECORD_FILE).unlink(missing_ok=True)
        raise


def _start_missing(
    place: Path, installation: Installation, identity: Identity, running: dict[str, Process], taken: set[int]
) -> tuple[Identity, str | None]:
    """Start what does not run and add it to ``running``; return the identity with its ports, and Colab's address."""
    ports = dict(identity.ports)
    if set(running) < set(_HEALTH_PATHS):
        _end_strays(place, running)
    if "front" not in running:
        ports["front"] = free_port(ports.get("front"), taken=taken | _ports_of(running))
        if ports["front"] != identity.ports.get("front") and "label-studio" in running:
            _end(running.pop("label-studio"), place)
        _take_over_old_bucket(place)
        running["front"] = start_front(place, port=ports["front"])
    known = running.get("label-studio")
    if known is not None:
        ports["label-studio"] = known.port
    else:
        ports["label-studio"] = free_port(ports.get("label-studio"), taken=taken | _ports_of(running))
    colab_url = colab_proxy_url(ports["label-studio"])
    if known is not None:
        shown = _browser_url(place)
        if colab_url is None and shown != address(known.port):
            # A command in a Colab cell cannot ask the browser: what the notebook found out stays true.
            colab_url = shown
        elif colab_url not in (None, shown):
            _end(running.pop("label-studio"), place)
    if "label-studio" not in running:
        running["label-studio"] = start_label_studio(
            place,
            installation=installation,
            identity=identity,
            port=ports["label-studio"],
            front_port=ports["front"],
            colab_url=colab_url,
        )
    if ports != identity.ports:
        identity = identity.with_ports(**ports)
        identity.save(place)
    return identity, colab_url


def _ports_of(running: dict[str, Process]) -> set[int]:
    return {process.port for process in running.values()}


def _record(place: Path, identity: Identity, running: dict[str, Process], colab_url: str | None) -> Stack:
    label_studio, front = running["label-studio"], running["front"]
    stack = Stack(
        url=address(label_studio.port),
        browser_url=colab_url or address(label_studio.port),
        username=identity.username,
        endpoint=address(front.port),
        bucket=BUCKET,
        presign=colab_url is None,
        folder=str(place),
        processes=tuple(running[name] for name in ("label-studio", "front")),
        api_key=identity.api_key,
        password=identity.password,
        service_account=identity.service_account(address(front.port)),
    )
    with contextlib.suppress(LocalStackError):
        if load_stack(place) == stack:
            return stack
    stack.save()
    return stack


def _browser_url(place: Path) -> str | None:
    with contextlib.suppress(LocalStackError):
        stack = load_stack(place)
        return stack.browser_url if stack is not None else None
    return None


def _end(process: Process, place: Path) -> None:
    running = find(process, place)
    if running is not None:
        end([running])


def _end_strays(place: Path, running: dict[str, Process]) -> None:
    """End what carries this stack's mark and is not recorded: left by a start that was killed."""
    kept: set[int] = set()
    for process in running.values():
        found = find(process, place)
        if found is not None:
            kept |= {found.pid, *(child.pid for child in found.children(recursive=True))}
    end([stray for stray in strays(place) if stray.pid not in kept])


def _make_bucket(stack: Stack, identity: Identity, place: Path) -> None:
    token, _ = identity.access_token()
    request = urllib.request.Request(
        f"{stack.endpoint}/storage/v1/b?project=lsnb-local",
        data=json.dumps({"name": BUCKET}).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    _ask(request, place=place, name="front", also=(409,))


def _take_over_old_bucket(place: Path) -> None:
    """Move what lsnb 0.1 kept of the bucket into the front's keeping, once; what cannot be moved stays and is said."""
    objects, rules = (place / name for name in OLD_BUCKET)
    if not (objects.is_dir() or rules.is_file()):
        return
    store = Objects(place / BUCKET_FOLDER)
    try:
        left = store.take_over(objects)
        if rules.is_file():
            store.take_over_rules(read_json(rules))
    finally:
        store.close()
    if left:
        warn(
            f"{left} files of the old bucket could not be moved and stay in {objects}: upload them again from where "
            "they came.",
        )
    else:
        shutil.rmtree(objects, ignore_errors=True)
    rules.unlink(missing_ok=True)


def _let_own_pages_read(stack: Stack, identity: Identity, place: Path) -> None:
    """Add a rule for the stack's own Label Studio, and take its last address out where it moved."""
    token, _ = identity.access_token()
    resource = f"{stack.endpoint}/storage/v1/b/{stack.bucket}"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    before = _ask(urllib.request.Request(resource, headers=headers), place=place, name="front").get("cors", [])
    after = with_own_origin(before, stack.browser_url, previous=identity.origin)
    if after != before:
        body = json.dumps({"cors": after}).encode()
        request = urllib.request.Request(resource, data=body, headers=headers, method="PATCH")
        _ask(request, place=place, name="front")
    if identity.origin != stack.browser_url:
        # Only now: a start that was cut short before finds the old address again.
        replace(identity, origin=stack.browser_url).save(place)


def _check_user(stack: Stack, place: Path) -> None:
    request = urllib.request.Request(
        f"{stack.url}/api/current-user/whoami", headers={"Authorization": f"Token {stack.api_key}"}
    )
    _ask(request, place=place, name="label-studio")


def _ask(request: urllib.request.Request, *, place: Path, name: str, also: tuple[int, ...] = ()) -> dict[str, Any]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    log = log_of(place, name)
    try:
        with opener.open(request, timeout=30) as reply:
            answer = json.load(reply)
            return answer if isinstance(answer, dict) else {}
    except urllib.error.HTTPError as error:
        if error.code in also:
            return {}
        if error.code == 401 and name == "label-studio":
            raise LocalStackError(
                f"Label Studio does not know the stack's user any more ({place / IDENTITY_FILE} and its database "
                f"differ): begin anew with 'lsnb down --delete-data' and 'lsnb up'; the log is {log}."
            ) from None
        raise LocalStackError(f"{name} answered with error {error.code} after its start; the log is {log}.") from None
    except (OSError, ValueError):
        raise LocalStackError(f"{name} stopped answering after its start; the log is {log}.") from None
