"""Further Label Studios: the embedded one's program on PostgreSQL, and other releases."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from lsnb.local.installation import install
from lsnb.local.processes import free_port

# user:password@host:port of somebody who may make databases, as in: createuser --createdb --pwprompt lsnb
WHERE = "LSNB_POSTGRES"


@contextmanager
def postgres_server(folder: Path) -> Iterator[tuple[str, str]]:
    """Run Label Studio on a new database for the length of a ``with``; yield its address and its owner's key."""
    where = os.environ.get(WHERE)
    if not where:
        pytest.skip(f"{WHERE} names no PostgreSQL, as in lsnb:secret@127.0.0.1:5432")
    who, _, place = where.rpartition("@")
    user, _, password = who.partition(":")
    host, _, port = place.partition(":")
    name = f"lsnb_{secrets.token_hex(4)}"
    login = {**os.environ, "PGPASSWORD": password}
    asked = ["-h", host, "-p", port, "-U", user, name]
    subprocess.run(["createdb", *asked], env=login, check=True)
    database = {
        "DJANGO_DB": "default",
        "POSTGRE_NAME": name,
        "POSTGRE_USER": user,
        "POSTGRE_PASSWORD": password,
        "POSTGRE_HOST": host,
        "POSTGRE_PORT": port,
    }
    try:
        with label_studio(install().python, folder, **database) as told:
            yield told
    finally:
        subprocess.run(["dropdb", "--force", *asked], env=login, check=True)


@contextmanager
def label_studio(python: Path, folder: Path, **more: str) -> Iterator[tuple[str, str]]:
    """Run the Label Studio of an environment for the length of a ``with``; yield its address and its owner's key."""
    key, own = secrets.token_hex(20), free_port()
    url = f"http://127.0.0.1:{own}"
    environment = {
        **os.environ,
        "HOME": str(folder),
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data"),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_HOST": url,
        "LABEL_STUDIO_USERNAME": "lsnb@example.org",
        "LABEL_STUDIO_PASSWORD": secrets.token_hex(8),
        "LABEL_STUDIO_USER_TOKEN": key,
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "LOG_LEVEL": "WARNING",
        **more,
    }
    environment.pop("PYTHONPATH", None)
    command = [str(python), "-m", "label_studio.server", "start", "--no-browser", "--internal-host", "127.0.0.1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--port", str(own)], env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        _wait(url, process, folder / "log")
        yield url, key
    finally:
        process.terminate()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            if httpx.get(f"{url}/health", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(1)
    raise AssertionError("Label Studio did not start in ten minutes.")
