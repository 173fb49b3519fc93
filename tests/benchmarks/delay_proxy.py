"""A loopback proxy that makes a far server out of a near one: a round trip and a link speed.

Run as a program it prints its port and serves until its standard input closes::

    python delay_proxy.py 127.0.0.1:4443 --rtt-ms 30 --mbit 200

Each chunk is handed on half a round trip after it came; the first one of a connection waits a whole round trip
more, as a TCP handshake would. The cap is shared by all connections, towards the server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
from collections import deque
from collections.abc import Iterator

CHUNK = 256 * 1024


class Link:
    """One direction of a line: every connection's bytes queue for the same transmitter."""

    def __init__(self, loop: asyncio.AbstractEventLoop, delay: float, bits_per_second: float | None) -> None:
        self.loop = loop
        self.delay = delay
        self.seconds_per_byte = 8 / bits_per_second if bits_per_second else 0.0
        self.free_at = 0.0

    def arrival(self, size: int) -> float:
        self.free_at = max(self.loop.time(), self.free_at) + size * self.seconds_per_byte
        return self.free_at + self.delay


class End(asyncio.BufferedProtocol):
    """One end of a connection; what it reads goes to its peer after the link's delay."""

    def __init__(self, link: Link, handshake: float = 0.0) -> None:
        self.link = link
        self.not_before = link.loop.time() + handshake
        self.buffer = bytearray(CHUNK)
        self.on_the_way: deque[bytes | None] = deque()
        self.transport: asyncio.Transport | None = None
        self.peer: End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.send_on(bytes(memoryview(self.buffer)[:nbytes]))

    def send_on(self, chunk: bytes | None) -> None:
        self.on_the_way.append(chunk)
        due = max(self.link.arrival(len(chunk or b"")), self.not_before + self.link.delay)
        self.link.loop.call_at(due, self.hand_over)

    def hand_over(self) -> None:
        # One timer per chunk, but the chunks leave in the order in which they came, whatever timer is first.
        chunk = self.on_the_way.popleft()
        if self.peer is None or self.peer.transport is None:
            self.on_the_way.appendleft(chunk)
            self.link.loop.call_later(0.001, self.hand_over)
        elif chunk is None:
            self.peer.transport.close()
        else:
            self.peer.transport.write(chunk)

    def connection_lost(self, error: Exception | None) -> None:
        self.send_on(None)


async def serve(host: str, port: int, rtt: float, bits_per_second: float | None, own_port: int) -> None:
    loop = asyncio.get_running_loop()
    up, down = Link(loop, rtt / 2, bits_per_second), Link(loop, rtt / 2, None)
    connecting: set[asyncio.Task[None]] = set()

    def accept() -> End:
        near, far = End(up, handshake=rtt), End(down)
        near.peer, far.peer = far, near
        task = loop.create_task(connect(far))
        connecting.add(task)
        task.add_done_callback(connecting.discard)
        return near

    async def connect(far: End) -> None:
        await loop.create_connection(lambda: far, host, port)

    server = await loop.create_server(accept, "127.0.0.1", own_port, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def delay_proxy(target: str, rtt_ms: float, mbit: float | None = None, *, port: int = 0) -> Iterator[str]:
    """Yield the address of a proxy before ``target`` (``host:port``), in a process of its own, on a port or any."""
    command = [sys.executable, __file__, target, "--rtt-ms", str(rtt_ms), "--port", str(port)]
    command += ["--mbit", str(mbit)] if mbit else []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", help="host:port")
    parser.add_argument("--rtt-ms", type=float, default=30.0)
    parser.add_argument("--mbit", type=float, default=None)
    parser.add_argument("--port", type=int, default=0, help="its own; any by default")
    arguments = parser.parse_args()
    host, port = arguments.target.rsplit(":", 1)
    cap = arguments.mbit * 1e6 if arguments.mbit else None
    asyncio.run(serve(host, int(port), arguments.rtt_ms / 1000, cap, arguments.port))


if __name__ == "__main__":
    main()
