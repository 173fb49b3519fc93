"""Starting, watching and ending the stack's processes.

Each process is detached, so that it outlives the notebook's kernel, and carries the stack's folder in its
environment, so that it can be told from everybody else's, also when the record of it is lost.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lsnb.errors import LocalStackError
from lsnb.local.identity import Identity
from lsnb.local.installation import DATABASE, Installation, server_environment
from lsnb.stack import Process, is_own, listening_ports

if TYPE_CHECKING:
    import psutil


HOST = "127.0.0.1"
MARK = "LSNB_STACK_FOLDER"

# Kept so that a process that ends while we run is reaped, and its id is not held by a dead child.
_children: dict[int, subprocess.Popen[bytes]] = {}


class PortTakenError(Exception):
    """The process does not listen where it was told to, since another has that port."""


class EndedError(LocalStackError):
    """The process ended while it was waited for.

    Args:
        name: Which one.
        message: The sentence for the user.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def free_port(preferred: int | None = None, *, taken: Collection[int] = ()) -> int:
    """Return the preferred port if it is free on the loopback address, else another.

    Args:
        preferred: The port to try first.
        taken: Ports that are spoken for, though nothing listens there yet.

    Raises:
        LocalStackError: There is none.
    """
    for port in [preferred or 0, *[0] * 20]:
        if port in taken:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            if os.name == "posix":
                # The connections of a server that has just ended would else hold its port for a minute.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((HOST, port))
                found = int(probe.getsockname()[1])
                if found not in taken:
                    return found
    raise LocalStackError("No free port on 127.0.0.1: end programs that hold many connections and try again.")


def log_of(folder: Path, name: str) -> Path:
    """Return the log of one of the stack's processes."""
    return folder / "logs" / f"{name}.log"


def spawn(name: str, command: list[str], *, folder: Path, environment: dict[str, str], port: int) -> Process:
    """Start a detached process whose output goes to its log.

    Args:
        name: ``label-studio`` or ``front``.
        command: The program and its arguments.
        folder: The stack's folder.
        environment: The whole environment of the process.
        port: Where it is told to listen.

    Raises:
        LocalStackError: The program cannot be run.
    """
    import psutil

    log = log_of(folder, name)
    log.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        child = subprocess.Popen(
            command,
            env={**environment, MARK: str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=folder,
            start_new_session=True,
        )
    except OSError as error:
        raise LocalStackError(f"{command[0]} cannot be run ({error.strerror}); the log is {log}.") from None
    finally:
        os.close(descriptor)
    _children[child.pid] = child
    with contextlib.suppress(psutil.NoSuchProcess):
        return Process(name=name, pid=child.pid, created=psutil.Process(child.pid).create_time(), port=port)
    raise LocalStackError(f"{name} ended as soon as it was started; the log is {log}.")


def find(process: Process, folder: Path) -> psutil.Process | None:
    """Return the running process that was recorded, or None: a recycled id is not ours.

    Args:
        process: What was recorded.
        folder: The stack's folder.
    """
    import psutil

    if not is_own(process):
        return None
    try:
        running = psutil.Process(process.pid)
        return running if _runs(running) and _mark(running) in (str(folder), None) else None
    except psutil.Error:
        return None


def strays(folder: Path) -> list[psutil.Process]:
    """Return every process that carries this stack's mark, recorded or not.

    Args:
        folder: The stack's folder.
    """
    import psutil

    found = []
    for running in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if _mark(running) == str(folder) and _runs(running):
                found.append(running)
    return found


def _mark(running: psutil.Process) -> str | None:
    import psutil

    try:
        environment = running.environ()
        # Between its birth and its first instruction a process has none yet: nothing is known of it.
        return environment.get(MARK, "") if environment else None
    except psutil.NoSuchProcess:
        raise
    except (psutil.Error, OSError):
        return None


def end(running: Iterable[psutil.Process], *, patience: float = 10.0) -> None:
    """End processes and their children: asked first, killed after a while.

    Args:
        running: The processes.
        patience: Seconds to wait before they are killed.
    """
    import psutil

    doomed: dict[int, psutil.Process] = {}
    for process in running:
        doomed[process.pid] = process
        with contextlib.suppress(psutil.Error):
            doomed.update({child.pid: child for child in process.children(recursive=True)})
    doomed.pop(os.getpid(), None)
    for process in doomed.values():
        with contextlib.suppress(psutil.Error):
            process.terminate()
    left = _wait_until_gone(list(doomed.values()), patience)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()
    _wait_until_gone(left, patience)


def _wait_until_gone(processes: list[psutil.Process], patience: float) -> list[psutil.Process]:
    """Return those that still run after so many seconds."""
    deadline = time.monotonic() + patience
    while processes := [process for process in processes if _runs(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return processes


def _runs(process: psutil.Process) -> bool:
    import psutil

    child = _children.get(process.pid)
    if child is not None:
        if child.poll() is None:
            return True
        del _children[process.pid]
        return False
    try:
        # A zombie has ended, though the notebook's kernel that started it has not looked yet; but as long as it
        # has threads it holds its port.
        ended = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
        return process.is_running() and not ended
    except psutil.Error:
        return False


def answers(url: str, *, timeout: float = 5.0) -> bool:
    """Return whether a GET of this loopback address gives 200.

    Args:
        url: The address.
        timeout: Seconds.
    """
    # No proxy: the user's settings for the outside world must not see loopback addresses.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout) as reply:
            return bool(reply.status == 200)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def wait_until_ready(process: Process, url: str, *, folder: Path, deadline: float) -> None:
    """Wait until a process answers on its own port.

    Args:
        process: What was started.
        url: An address that gives 200 when it is ready.
        folder: The stack's folder.
        deadline: Seconds to wait at most.

    Raises:
        PortTakenError: It listens on another port, or something else answers on its own.
        LocalStackError: It ended, or did not answer in time.
    """
    log = log_of(folder, process.name)
    end_of_wait = time.monotonic() + deadline
    pause = 0.02
    while True:
        running = find(process, folder)
        if running is None:
            said = log.read_bytes()[-20_000:].decode("utf-8", "replace").lower() if log.exists() else ""
            if "address already in use" in said:
                raise PortTakenError(process.name)
            if "no space left" in said or "disk is full" in said:
                raise EndedError(
                    process.name, f"{process.name} ended since the disk that holds {folder} is full; the log is {log}."
                )
            raise EndedError(process.name, f"{process.name} ended while starting; the log is {log}.")
        if answers(url, timeout=2.0):
            if process.port not in listening_ports(running.pid, unknown=process.port):
                raise PortTakenError(process.name)
            return
        if any(port != process.port for port in listening_ports(running.pid)):
            raise PortTakenError(process.name)
        if time.monotonic() > end_of_wait:
            raise LocalStackError(f"{process.name} did not answer within {deadline:.0f} s; the log is {log}.")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


# How each of the stack's two servers is started: Label Studio, and the front, which is its bucket.


BUCKET = "lsnb-demo"
BUCKET_FOLDER = "bucket"  # where the front keeps its objects, in the stack's folder
OLD_BUCKET = ("objects", "cors.json")  # where lsnb 0.1 kept its bucket
HEALTH = "/_lsnb/health"  # no bucket can have this name


def address(port: int) -> str:
    """Return the loopback address of a port."""
    return f"http://{HOST}:{port}"


def data_folder(folder: Path) -> Path:
    """Return where Label Studio keeps its database and files."""
    return folder / "label-studio"


def start_front(folder: Path, *, port: int) -> Process:
    """Start the front.

    Args:
        folder: The stack's folder.
        port: Where it listens: the bucket's one address.

    Raises:
        LocalStackError: It cannot be run here.
    """
    command = [sys.executable, "-m", "lsnb.local.front", "--folder", str(folder), "--port", str(port)]
    environment = {**server_environment(), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return spawn("front", command, folder=folder, environment=environment, port=port)


def start_label_studio(
    folder: Path,
    *,
    installation: Installation,
    identity: Identity,
    port: int,
    front_port: int,
    colab_url: str | None,
) -> Process:
    """Start Label Studio on its data folder, which is made from the template the first time.

    Args:
        folder: The stack's folder.
        installation: The installed Label Studio.
        identity: The stack's keys.
        port: Where it listens.
        front_port: The port of the bucket's address.
        colab_url: The https address under which Colab shows it, or None outside Colab.

    Raises:
        LocalStackError: It cannot be run here.
    """
    data = data_folder(folder)
    if not data.exists():
        # Renamed when whole, so that a copy that was cut is never taken for a database.
        partial = data.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        shutil.copyfile(installation.template / DATABASE, partial / DATABASE)
        (partial / DATABASE).chmod(0o600)
        partial.rename(data)
    home = folder / "home"
    home.mkdir(mode=0o700, exist_ok=True)
    endpoint = address(front_port)
    _bring_database_up_to_date(folder, identity, endpoint)
    # Read with the prefix, since a bare HOST or USERNAME is often set for something else.
    settings = {
        "BASE_DATA_DIR": str(data),
        "DISABLE_SIGNUP_WITHOUT_LINK": "true",  # else everybody on a shared computer could make themselves a user
        "ENABLE_LEGACY_API_TOKEN": "true",
        "HOST": colab_url or address(port),
        "PASSWORD": identity.password,
        "USERNAME": identity.username,
        "USER_TOKEN": identity.api_key,
    }
    environment = {
        **server_environment(),
        **{f"LABEL_STUDIO_{name}": value for name, value in settings.items()},
        "HOME": str(home),
        "LOG_LEVEL": "WARNING",
        "NO_GCE_CHECK": "true",
        "RESOLVER_PROXY_GCS_DOWNLOAD_URL": (
            f"{endpoint}/download/storage/v1/b/{{bucket_name}}/o/{{blob_name}}?alt=media"
        ),
        "STORAGE_EMULATOR_HOST": endpoint,
    }
    if colab_url:
        # Colab shows the server inside an https page of another site, and Django sees plain http.
        environment |= {
            "CSRF_COOKIE_HTTPONLY": "0",
            "CSRF_COOKIE_SAMESITE": "None",
            "CSRF_COOKIE_SECURE": "1",
            "CSRF_TRUSTED_ORIGINS": colab_url,
            "SESSION_COOKIE_SAMESITE": "None",
            "SESSION_COOKIE_SECURE": "1",
        }
    command = [str(installation.python), "-m", "label_studio.server", "start", "--no-browser"]
    command += ["--internal-host", HOST, "--port", str(port)]
    return spawn("label-studio", command, folder=folder, environment=environment, port=port)


def tell_password(folder: Path, identity: Identity) -> None:
    """Give the stack's user the present password, also while Label Studio runs; all its sessions end by that.

    Label Studio takes a password only when it first makes the user.

    Args:
        folder: The stack's folder.
        identity: The stack's keys.

    Raises:
        LocalStackError: The database is damaged.
    """
    database = data_folder(folder) / DATABASE
    if not database.exists():
        return
    with _open_database(database) as connection:
        row = connection.execute("SELECT password FROM htx_user WHERE email = ?", (identity.username,)).fetchone()
        # As many rounds as its own: it would make the hash anew at the next sign-in, and end the other sessions.
        rounds = row[0].split("$")[1] if row and row[0].startswith("pbkdf2_sha256$") else "600000"
        salt = secrets.token_hex(11)
        digest = hashlib.pbkdf2_hmac("sha256", identity.password.encode(), salt.encode(), int(rounds))
        stored = f"pbkdf2_sha256${rounds}${salt}${base64.b64encode(digest).decode()}"
        connection.execute("UPDATE htx_user SET password = ? WHERE email = ?", (stored, identity.username))


def _bring_database_up_to_date(folder: Path, identity: Identity, endpoint: str) -> None:
    """Give the stack's user its present token, and point the storages of projects at the bucket's present address.

    Label Studio takes a token only when it first makes the user. A project keeps the service account's JSON, and with
    it the address that gives out tokens.
    """
    database = data_folder(folder) / DATABASE
    ours = identity.service_account(endpoint)
    column, table = "google_application_credentials", "io_storages_gcsstoragemixin"
    with _open_database(database) as connection:
        connection.execute(
            "UPDATE authtoken_token SET key = ? WHERE user_id = (SELECT id FROM htx_user WHERE email = ?)",
            (identity.api_key, identity.username),
        )
        for number, text in connection.execute(f"SELECT id, {column} FROM {table}").fetchall():
            with contextlib.suppress(ValueError, TypeError, AttributeError):
                stored = json.loads(text)
                if stored.get("private_key") == ours["private_key"] and stored != ours:
                    connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (json.dumps(ours), number))


@contextlib.contextmanager
def _open_database(database: Path) -> Iterator[sqlite3.Connection]:
    """Give Label Studio's database to change, all of it or nothing."""
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection, connection:
            yield connection
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(database)) from None
        raise LocalStackError(f"Label Studio's database {database} cannot be read: {error}.") from None
    except sqlite3.DatabaseError:
        raise LocalStackError(
            f"Label Studio's database {database} is damaged: put it back from a copy, or begin anew with "
            "'lsnb down --delete-data' and 'lsnb up'."
        ) from None
