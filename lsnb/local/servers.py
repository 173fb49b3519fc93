"""How each of the stack's two servers is started: Label Studio, and the front, which is its bucket."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import sqlite3
import sys
from pathlib import Path

from lsnb.errors import LocalStackError
from lsnb.local.identity import Identity
from lsnb.local.installation import DATABASE, Installation, server_environment
from lsnb.local.processes import HOST, spawn
from lsnb.stack import Process

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
    _renew_bucket_address(folder, identity, endpoint)
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


def _renew_bucket_address(folder: Path, identity: Identity, endpoint: str) -> None:
    """Point the storages of existing projects at the bucket's address, which may have moved.

    A project keeps the service account's JSON, and with it the address that gives out tokens.
    """
    database = data_folder(folder) / DATABASE
    ours = identity.service_account(endpoint)
    column, table = "google_application_credentials", "io_storages_gcsstoragemixin"
    try:
        with contextlib.closing(sqlite3.connect(database)) as connection, connection:
            for number, text in connection.execute(f"SELECT id, {column} FROM {table}").fetchall():
                with contextlib.suppress(ValueError, TypeError, AttributeError):
                    stored = json.loads(text)
                    if stored.get("private_key") == ours["private_key"] and stored != ours:
                        connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (json.dumps(ours), number))
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(database)) from None
        raise LocalStackError(f"Label Studio's database {database} cannot be read: {error}.") from None
    except sqlite3.DatabaseError:
        raise LocalStackError(
            f"Label Studio's database {database} is damaged: put it back from a copy, or begin anew with "
            "'lsnb down --delete-data' and 'lsnb up'."
        ) from None
