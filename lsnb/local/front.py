"""The embedded bucket: Cloud Storage's addresses for the objects of a stack, on one port of this computer.

Every request proves who asks: by an access token, by an address signed with the stack's key, or by the secret address
of an upload that was begun. Nothing is told to anybody else, and no cookie is looked at, so a web page in the same
browser and another user of the computer are strangers.

Before it listened, somebody else may have held its port, and been shown what the account signed: tokens and assertions
of that time are refused. ``python -m`` runs this module with ``--folder F --port P``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from lsnb.local.apis import JsonApi, XmlApi, error_body, error_page
from lsnb.local.cors import media_headers, preflight_headers
from lsnb.local.identity import Identity, Refusal, check_signed_url, is_our_assertion, load_identity, public_key
from lsnb.local.objects import Objects, StoreFault
from lsnb.local.processes import BUCKET_FOLDER, HEALTH, HOST
from lsnb.local.transfer import (
    DISK_FULL,
    LARGEST_BODY,
    Upload,
    Uploads,
    any_origin,
    is_broken,
    let_go,
    patience,
    text_of,
)

_FULL = StoreFault(507, "insufficientStorage", "The disk of this computer is full: make room and upload again.")
_FAULTS = (
    StoreFault,
    OSError,
    UnicodeError,
    sqlite3.OperationalError,
    web.HTTPRequestEntityTooLarge,
    web.RequestPayloadError,
)
_JSON_API = ("/storage/v1/", "/upload/storage/v1/", "/download/storage/v1/", "/batch/")
_BEARER_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Front:
    """The server.

    Args:
        identity: The stack's keys.
        objects: What it keeps.
        port: Where it listens.
        since: When it began to listen there, in seconds since 1970.
    """

    def __init__(self, identity: Identity, objects: Objects, port: int, *, since: float) -> None:
        self._identity = identity
        self._objects = objects
        self._hosts = {f"{host}:{port}" for host in (HOST, "localhost")}
        self._key = public_key(identity.private_key)
        self._since = since
        self._uploads = Uploads()
        apis = objects, self._uploads, f"http://{HOST}:{port}"
        self._json, self._xml = JsonApi(*apis), XmlApi(*apis)

    def runner(self) -> web.AppRunner:
        """Return what serves it on a site."""
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self.handle)
        # What is sent packed is kept packed, as its Content-Encoding says.
        return web.AppRunner(application, access_log=None, shutdown_timeout=2, auto_decompress=False)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = request.rel_url.raw_path
        said = (text for name, text in request.headers.items() if name.lower() != "authorization")
        if not path.startswith("/") or any(map(is_broken, said)):
            return web.Response(status=400, text="The request cannot be read.")
        if request.headers.get("Host", "").lower() not in self._hosts:
            # A page whose name was made to point at this computer asks under that name.
            return web.Response(status=421, text="This server goes by another name.")
        if path == HEALTH:
            return web.Response(text="ok")
        is_json = path.startswith(_JSON_API)
        shared: dict[str, str] = {}
        try:
            if path == "/token" and request.method == "POST":
                return await self._token(request)
            bucket = text_of(path.split("/")[1])
            origin = request.headers.get("Origin", "")
            if request.method == "OPTIONS":
                return self._preflight(request, None if is_json else bucket)
            if origin:
                rules = [] if is_json else self._rules(bucket)
                shared = any_origin(origin) if is_json else media_headers(rules, origin, request.method)
            self._authorize(request, path, is_json=is_json)
            api = self._json if is_json else self._xml
            return await api.answer(request, path, shared)
        except Refusal as refusal:
            return _refused(refusal, is_json=is_json, headers=shared)
        except _FAULTS as error:
            return _faulty(_as_fault(error), is_json=is_json, headers=shared)

    # Who may.

    def _authorize(self, request: web.Request, path: str, *, is_json: bool) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if self._identity.accepts(token, since=self._since) or self._is_ours(token):
                return
            raise Refusal(401, "AuthenticationRequired", "Invalid Credentials")
        begun = isinstance(self._uploads.get(request.query.get("upload_id", "")), Upload)
        if path.startswith("/upload/") and request.method in ("PUT", "DELETE") and begun:
            return  # the address of an upload that was begun is its own permission, as in the real service
        if "X-Goog-Algorithm" in request.query:
            check_signed_url(
                request.method,
                request.raw_path,
                request.headers,
                key=self._key,
                email=self._identity.service_account_email,
            )
            return
        details = "Anonymous caller does not have access to this Cloud Storage bucket or object."
        raise Refusal(401 if is_json else 403, "AccessDenied", "Access denied.", details)

    def _is_ours(self, assertion: str) -> bool:
        email = self._identity.service_account_email
        return is_our_assertion(assertion, key=self._key, email=email, since=self._since)

    async def _token(self, request: web.Request) -> web.Response:
        async with patience():
            body = await request.read()
        try:
            form = dict(parse_qsl(body.decode("ascii"), max_num_fields=20))
        except ValueError:
            return web.json_response({"error": "invalid_request"}, status=400)
        if form.get("grant_type") != _BEARER_GRANT:
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        if not self._is_ours(form.get("assertion", "")):
            return web.json_response(
                {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, status=400
            )
        token, seconds = self._identity.access_token()
        return web.json_response({"access_token": token, "expires_in": seconds, "token_type": "Bearer"})

    def _rules(self, bucket: str) -> list[Any]:
        try:
            return list(self._objects.bucket(bucket).about.get("cors", []))
        except StoreFault:
            return []

    def _preflight(self, request: web.Request, bucket: str | None) -> web.Response:
        origin = request.headers.get("Origin", "")
        method = request.headers.get("Access-Control-Request-Method", "")
        if bucket is None:
            wanted = request.headers.get("Access-Control-Request-Headers", "")
            headers = {
                **any_origin(origin),
                "Access-Control-Allow-Methods": "DELETE,GET,HEAD,PATCH,POST,PUT",
                "Access-Control-Allow-Headers": wanted,
                "Access-Control-Max-Age": "3600",
            }
        else:
            headers = preflight_headers(self._rules(bucket), origin, method) if origin else {}
        return web.Response(status=200, headers=headers)


def _as_fault(error: Exception) -> StoreFault:
    """Return a fault of the request or of the computer in the service's words; raise what is one of the server."""
    if isinstance(error, StoreFault):
        return error
    if isinstance(error, TimeoutError):
        return StoreFault(408, "requestTimeout", "Nothing came for a while.")
    if isinstance(error, UnicodeError):
        return StoreFault(400, "invalid", "The request is no UTF-8.")
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return StoreFault(413, "uploadTooLarge", "Too large.")
    if isinstance(error, web.RequestPayloadError | ConnectionError):
        return StoreFault(400, "badContent", "The body cannot be read to its end.")
    is_full = isinstance(error, OSError) and error.errno in DISK_FULL
    if is_full or getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return _FULL
    raise error


def _faulty(fault: StoreFault, *, is_json: bool, headers: dict[str, str]) -> web.Response:
    if fault.status == 304:
        return web.Response(status=304, headers=headers)
    if is_json:
        return web.json_response(
            error_body(fault.status, fault.reason, fault.message), status=fault.status, headers=headers
        )
    codes = {404: "NoSuchKey", 409: "Conflict", 412: "PreconditionFailed", 400: "InvalidArgument"}
    return error_page(fault.status, codes.get(fault.status, "InvalidRequest"), fault.message, "", headers)


def _refused(refusal: Refusal, *, is_json: bool, headers: dict[str, str]) -> web.Response:
    if is_json:
        message = refusal.details or refusal.message
        reason = "authError" if refusal.message == "Invalid Credentials" else "required"
        return web.json_response(
            error_body(refusal.status, reason, message),
            status=refusal.status,
            headers={**headers, "WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'},
        )
    return error_page(refusal.status, refusal.code, refusal.message, refusal.details, headers)


async def _serve(identity: Identity, objects: Objects, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        # Assertions say their second alone, so that those of this one may have been made before the port was ours, and
        # shown to whoever had it: none of them is taken. The wait of less than a second passes beside Label Studio
        # while that starts, which takes longer.
        since = int(time.time()) + 1
        await asyncio.sleep(max(0.0, since - time.time()))
        front = Front(identity, objects, port, since=since)
        runner = front.runner()
        await runner.setup()
        await web.SockSite(runner, listener, backlog=1024).start()
        watch = asyncio.create_task(let_go(runner.server))
        stopped = asyncio.Event()
        if sys.platform != "win32":
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await stopped.wait()
        watch.cancel()
        await runner.cleanup()


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    identity = load_identity(arguments.folder)
    if identity is None:
        raise SystemExit(f"No keys in {arguments.folder}.")
    objects = Objects(arguments.folder / BUCKET_FOLDER)
    try:
        asyncio.run(_serve(identity, objects, arguments.port))
    finally:
        objects.close()


if __name__ == "__main__":
    main()
