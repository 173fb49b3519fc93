"""A network between a client and a server of this computer: every piece arrives so much later, either way.

Run: ``python tests/benchmarks/far_away.py URL MILLISECONDS``. It prints the address to ask instead, and serves until
its input ends. A process of its own, so that it takes no turn from the client's threads.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

PIECE = 1 << 16


@contextmanager
def far_away(url: str, milliseconds: float) -> Iterator[str]:
    """Yield an address at which a server answers as from so far.

    Args:
        url: The server's address.
        milliseconds: How long a question and its answer are on their way, both together.
    """
    command = [sys.executable, __file__, url, str(milliseconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as way:
        assert way.stdin is not None
        assert way.stdout is not None
        try:
            yield way.stdout.readline().strip()
        finally:
            way.stdin.close()


async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, seconds: float) -> None:
    """Hand on what comes, each piece so much later, in its order."""
    loop, under_way = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]](maxsize=1000)

    async def arrive() -> None:
        while (piece := await under_way.get())[1]:
            await asyncio.sleep(max(piece[0] - loop.time(), 0))
            target.write(piece[1])
            await target.drain()
        target.close()

    arriving = asyncio.create_task(arrive())
    with suppress(OSError):
        while data := await source.read(PIECE):
            await under_way.put((loop.time() + seconds, data))
    await under_way.put((0.0, b""))
    with suppress(OSError):
        await arriving


async def serve(url: str, seconds: float) -> None:
    """Serve until the input ends."""
    there = urlsplit(url)

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_connection(there.hostname, there.port)
        with suppress(asyncio.CancelledError):  # at the end
            await asyncio.gather(carry(reader, questions, seconds), carry(answers, writer, seconds))

    async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], float(sys.argv[2]) / 2000))
