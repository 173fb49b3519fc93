"""The embedded bucket without the rest of a stack: in a thread of the tests, or as a program behind a proxy.

As a program it keeps its objects in a folder and serves until its standard input closes::

    python embedded_bucket.py FOLDER --port 4443 --known-as 4444
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from google.cloud import storage
from google.oauth2 import service_account

from lsnb.local.front import Front
from lsnb.local.identity import Identity, create_identity, load_identity
from lsnb.local.objects import Objects


class EmbeddedBucket:
    """The product's own server in a thread of this process, over a folder of its own.

    Args:
        folder: Where it keeps its objects.
        front: What serves them.
    """

    def __init__(self, folder: Path, front: type[Front] = Front) -> None:
        self.folder = folder
        self.identity = create_identity()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self._listener.getsockname()[1])
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._kind = front
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        self._thread.start()
        assert self._started.wait(60)

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        self.objects = Objects(self.folder)
        self.front = self._kind(self.identity, self.objects, self.port, since=0.0)
        self.runner = self.front.runner()
        await self.runner.setup()
        listening = await self.front.door.open(self.runner.server, self._listener)
        self._started.set()
        await self._stopped.wait()
        listening.close()
        await self.runner.cleanup()
        self.objects.close()

    def close(self) -> None:
        """Stop, and cut every connection that is still open; twice is once."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(60)
            self._loop.close()

    @property
    def token(self) -> dict[str, str]:
        """The header of somebody who may."""
        return {"Authorization": f"Bearer {self.identity.access_token()[0]}"}

    @property
    def account(self) -> dict[str, str]:
        """The service account's JSON."""
        return self.identity.service_account(self.endpoint)

    def client(self) -> storage.Client:
        """Return the client library, as somebody who may."""
        account = service_account.Credentials.from_service_account_info(self.account)
        return storage.Client(project="x", credentials=account, client_options={"api_endpoint": self.endpoint})


def a_free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served_from(folder: Path, *, known_as: int | None = None) -> Iterator[tuple[int, Identity]]:
    """Yield the port of an embedded bucket in a process of its own, and its keys.

    Args:
        folder: Where it keeps its objects.
        known_as: The port by which its clients know it, where a proxy stands between: its check of the Host header
            stays what it is, and the addresses that it gives out lead through the proxy.
    """
    identity = create_identity()
    identity.save(folder)
    port = a_free_port()
    command = [sys.executable, __file__, str(folder), "--port", str(port), "--known-as", str(known_as or port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield port, identity
        finally:
            process.stdin.close()
            process.wait(60)


async def _run(folder: Path, port: int, known_as: int) -> None:
    identity = load_identity(folder)
    assert identity is not None
    objects = Objects(folder / "bucket")
    front = Front(identity, objects, known_as, since=0.0)
    runner = front.runner()
    await runner.setup()
    with socket.create_server(("127.0.0.1", port)) as listener:
        listening = await front.door.open(runner.server, listener)
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        listening.close()
    await runner.cleanup()
    objects.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--known-as", type=int, required=True)
    given = parser.parse_args()
    asyncio.run(_run(given.folder, given.port, given.known_as))
