"""A store that costs so little that a benchmark measures the client: the JSON API's uploads and listings, in memory.

The emulator needs a millisecond of processor time an object, one object at a time, and so bounds every way of
uploading at the same two seconds. This one checks what the real service checks (CRC32C, generation
preconditions), gives 1,000 objects a page as it does, and keeps sizes and checksums, not bytes.

Run as a program it prints its port and serves until its standard input closes.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import google_crc32c
from aiohttp import web

PAGE = 1000
Objects = dict[str, dict[str, str]]
BUCKETS: defaultdict[str, Objects] = defaultdict(dict)


def refuse(status: int, reason: str) -> web.Response:
    error = {"code": status, "message": reason, "errors": [{"reason": reason}]}
    return web.json_response({"error": error}, status=status)


async def upload(request: web.Request) -> web.Response:
    body = await request.read()
    border = b"--" + request.headers["Content-Type"].split("boundary=")[1].strip('"').encode()
    start = body.index(b"{")
    about, _ = json.JSONDecoder().raw_decode(body[start : start + 8192].decode(errors="replace"))
    second = body.index(border, len(border))
    data = body[body.index(b"\r\n\r\n", second) + 4 : body.rindex(b"\r\n" + border)]
    objects = BUCKETS[request.match_info["bucket"]]
    name = about["name"]
    wanted = request.query.get("ifGenerationMatch")
    if wanted is not None and wanted != objects.get(name, {}).get("generation", "0"):
        return refuse(412, "conditionNotMet")
    crc32c = base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()
    if about.get("crc32c", crc32c) != crc32c:
        return refuse(400, "invalid")
    generation = str(int(objects.get(name, {}).get("generation", "1000")) + 1)
    objects[name] = {"name": name, "size": str(len(data)), "crc32c": crc32c, "generation": generation}
    return web.json_response(objects[name])


async def look(request: web.Request) -> web.Response:
    found = BUCKETS[request.match_info["bucket"]].get(request.match_info["name"])
    return web.json_response(found) if found else refuse(404, "notFound")


async def listing(request: web.Request) -> web.Response:
    query = request.query
    first = max(query.get("startOffset", ""), query.get("pageToken", ""))
    behind = query.get("endOffset")
    objects = BUCKETS[request.match_info["bucket"]]
    names = [name for name in sorted(objects) if name >= first and (behind is None or name < behind)]
    page: dict[str, Any] = {"items": [objects[name] for name in names[:PAGE]]}
    if len(names) > PAGE:
        page["nextPageToken"] = names[PAGE]
    return web.json_response(page)


async def bucket(request: web.Request) -> web.Response:
    return web.json_response({"name": request.match_info.get("bucket", "made"), "metageneration": "1"})


async def serve() -> None:
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/storage/v1/b", bucket)
    app.router.add_get("/storage/v1/b/{bucket}", bucket)
    app.router.add_get("/storage/v1/b/{bucket}/o", listing)
    app.router.add_get("/storage/v1/b/{bucket}/o/{name:.+}", look)
    app.router.add_post("/upload/storage/v1/b/{bucket}/o", upload)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=512)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def quick_store() -> Iterator[str]:
    """Yield ``host:port`` of such a store, in a process of its own."""
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(serve())
