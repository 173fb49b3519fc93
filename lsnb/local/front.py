"""The one address of the embedded bucket: a thin streaming proxy before the store.

The store keeps objects but neither CORS rules, signatures nor access. The front adds these three as the real
service has them, so that what works here works there, and passes every body on as it comes, both ways.
Run as ``python -m lsnb.local.front --folder F --port P --store Q``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import web
from yarl import URL

from lsnb.local.cors import CORS_FILE, Rules, media_headers, preflight_headers
from lsnb.local.identity import Identity, load_identity
from lsnb.local.resumable import Sessions, read_content_range
from lsnb.local.servers import HEALTH
from lsnb.local.signatures import Refusal, check_signed_url, is_our_assertion, public_key

_CHUNK = 256 * 1024
_JSON_API = ("/storage/v1/", "/upload/storage/v1/", "/download/storage/v1/", "/batch/")
# These belong to one connection, not to the message that is passed on.
_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
_STORE_CORS = "access-control-"
_BEARER_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Front:
    """The proxy.

    Args:
        identity: The stack's keys.
        rules: The CORS rules of its buckets.
        store: The store's address.
    """

    def __init__(self, identity: Identity, rules: Rules, store: str) -> None:
        self._identity = identity
        self._rules = rules
        self._store = store
        self._uploads = Sessions()
        self._key = public_key(identity.private_key)
        self._session: aiohttp.ClientSession | None = None

    def application(self) -> web.Application:
        """Return the application to serve."""
        application = web.Application()
        application.cleanup_ctx.append(self._client)
        application.router.add_route("*", "/{path:.*}", self.handle)
        return application

    async def _client(self, application: web.Application) -> Any:
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
            self._session = session
            yield

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = request.rel_url.raw_path
        if path == HEALTH:
            return await self._health()
        if path == "/token" and request.method == "POST":
            return await self._token(request)
        is_json = path.startswith(_JSON_API)
        bucket = unquote(path.split("/")[1])
        origin = request.headers.get("Origin", "")
        if request.method == "OPTIONS":
            return self._preflight(request, None if is_json else bucket)
        shared = {}
        if origin:
            rules = self._rules.of(bucket)
            shared = _any_origin(origin) if is_json else media_headers(rules, origin, request.method)
        try:
            self._authorize(request, path, is_json=is_json)
        except Refusal as refusal:
            return _refused(refusal, is_json=is_json, headers=shared)
        try:
            parts = path.strip("/").split("/")
            if parts[:3] == ["storage", "v1", "b"] and len(parts) <= 4:
                return await self._bucket(request, unquote(parts[3]) if len(parts) == 4 else None, shared)
            if path.startswith("/upload/") and request.method == "PUT" and "upload_id" in request.query:
                return await self._continue_upload(request, shared)
            if path.startswith("/upload/") and request.query.get("uploadType") == "resumable":
                return await self._begin_upload(request, bucket=unquote(parts[4]), shared=shared)
            return await self._pass_on(request, shared)
        except aiohttp.ClientConnectorError:
            # Nothing was passed on yet; later faults close the connection, which no client takes for success.
            return web.json_response(
                _json_error(503, "backendError", "The store does not answer."), status=503, headers=shared
            )

    def _authorize(self, request: web.Request, path: str, *, is_json: bool) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            email = self._identity.service_account_email
            if self._identity.accepts(token) or is_our_assertion(token, key=self._key, email=email):
                return
            raise Refusal(401, "AuthenticationRequired", "Invalid Credentials")
        session = self._uploads.get(request.query.get("upload_id", ""))
        if path.startswith("/upload/") and request.method == "PUT" and session is not None:
            return  # the address of an upload that was begun is its own permission, as in the real service
        if "X-Goog-Algorithm" in request.query:
            email = self._identity.service_account_email
            check_signed_url(request.method, request.raw_path, request.headers, key=self._key, email=email)
            return
        details = "Anonymous caller does not have access to this Cloud Storage bucket or object."
        raise Refusal(401 if is_json else 403, "AccessDenied", "Access denied.", details)

    def _preflight(self, request: web.Request, bucket: str | None) -> web.Response:
        origin = request.headers.get("Origin", "")
        method = request.headers.get("Access-Control-Request-Method", "")
        if bucket is None:
            wanted = request.headers.get("Access-Control-Request-Headers", "")
            headers = {
                **_any_origin(origin),
                "Access-Control-Allow-Methods": "DELETE,GET,HEAD,PATCH,POST,PUT",
                "Access-Control-Allow-Headers": wanted,
                "Access-Control-Max-Age": "3600",
            }
        else:
            headers = preflight_headers(self._rules.of(bucket), origin, method) if origin else {}
        return web.Response(status=200, headers=headers)

    async def _health(self) -> web.Response:
        assert self._session is not None
        try:
            async with self._session.get(f"{self._store}/_internal/healthcheck") as reply:
                return web.Response(status=reply.status)
        except aiohttp.ClientError:
            return web.Response(status=503)

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        assertion, email = str(form.get("assertion", "")), self._identity.service_account_email
        if form.get("grant_type") != _BEARER_GRANT:
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        if not is_our_assertion(assertion, key=self._key, email=email):
            return web.json_response(
                {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, status=400
            )
        token, seconds = self._identity.access_token()
        return web.json_response({"access_token": token, "expires_in": seconds, "token_type": "Bearer"})

    async def _bucket(self, request: web.Request, bucket: str | None, shared: dict[str, str]) -> web.Response:
        """Answer for a bucket's own resource, with its rules put in."""
        assert self._session is not None
        body = await request.read()
        try:
            sent = json.loads(body) if body else {}
            rules = sent.pop("cors", ...) if isinstance(sent, dict) else ...
        except ValueError:
            return web.json_response(_json_error(400, "parseError", "Parse Error"), status=400, headers=shared)
        if rules is not ... and not _are_rules(rules):
            return web.json_response(_json_error(400, "invalid", "Invalid CORS rules"), status=400, headers=shared)
        # The store knows no PUT of a bucket; what it keeps of a bucket is the same either way.
        method = "PATCH" if request.method == "PUT" else request.method
        url = URL(self._store + request.raw_path, encoded=True)
        data = json.dumps(sent).encode() if body else None
        headers = {**_passed(request.headers.items(), drop={"content-length"}), "Accept-Encoding": "identity"}
        async with self._session.request(method, url, headers=headers, data=data) as reply:
            content, status = await reply.read(), reply.status
        if status < 300 and request.method == "DELETE" and bucket:
            self._rules.set(bucket, None)
            return web.Response(status=204, headers=shared)
        if status < 300:
            answer = json.loads(content)
            if rules is not ... and answer.get("name"):
                self._rules.set(answer["name"], rules)
            for resource in [answer, *answer.get("items", [])]:
                if self._rules.of(resource.get("name", "")):
                    resource["cors"] = self._rules.of(resource["name"])
            content = json.dumps(answer).encode()
        return web.Response(body=content, status=status, content_type="application/json", headers=shared)

    async def _begin_upload(self, request: web.Request, *, bucket: str, shared: dict[str, str]) -> web.Response:
        """Start a resumable upload, if the object's generation is the one that is asked for."""
        wanted = request.query.get("ifGenerationMatch")
        body = await request.read()
        if wanted is not None:
            with contextlib.suppress(ValueError, AttributeError):
                name = request.query.get("name") or json.loads(body or b"{}").get("name", "")
                found = await self._generation(bucket, name)
                if found != wanted:
                    error = _json_error(412, "conditionNotMet", "At least one of the pre-conditions did not hold.")
                    return web.json_response(error, status=412, headers=shared)
        async with self._ask(request, body) as reply:
            upload_id = URL(reply.headers.get("Location", "")).query.get("upload_id")
            if upload_id:
                self._uploads.begin(upload_id)
            return web.Response(body=await reply.read(), status=reply.status, headers=_returned(reply, shared))

    async def _generation(self, bucket: str, name: str) -> str:
        assert self._session is not None
        url = f"{self._store}/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"
        async with self._session.get(URL(url, encoded=True)) as reply:
            found = await reply.json(content_type=None) if reply.status == 200 else {}
        return str(found.get("generation", 0))

    async def _continue_upload(self, request: web.Request, shared: dict[str, str]) -> web.Response:
        """Pass a piece of a resumable upload on if it is new, else say how far the upload got."""
        session = self._uploads.get(request.query["upload_id"])
        piece = read_content_range(request.headers.get("Content-Range"))
        if session is None or piece is None:
            await _drain(request)
            error = _json_error(404, "notFound", "No such upload") if piece else _json_error(400, "invalid", "Invalid")
            return web.json_response(error, status=error["error"]["code"], headers=shared)
        if session.wants(piece):
            async with self._ask(request, request.content if request.body_exists else None) as reply:
                answer = await reply.read()
                session.record(piece, reply.status, answer)
                if reply.status not in (200, 308):
                    return web.Response(body=answer, status=reply.status, headers=_returned(reply, shared))
        else:
            await _drain(request)
        if session.done is not None:
            return web.Response(body=session.done, content_type="application/json", headers=shared)
        return web.Response(status=308, headers={**session.headers, **shared})

    async def _pass_on(self, request: web.Request, shared: dict[str, str]) -> web.StreamResponse:
        async with self._ask(request, request.content if request.body_exists else None) as reply:
            headers = _returned(reply, shared)
            response = web.StreamResponse(status=reply.status, reason=reply.reason, headers=headers)
            await response.prepare(request)
            if request.method != "HEAD":
                async for chunk in reply.content.iter_chunked(_CHUNK):
                    await response.write(chunk)
            await response.write_eof()
            return response

    def _ask(self, request: web.Request, body: Any) -> Any:
        """Ask the store what was asked of the front."""
        assert self._session is not None
        return self._session.request(
            request.method,
            URL(self._store + request.raw_path, encoded=True),
            headers=_passed(request.headers.items(), drop={"authorization"}),
            data=body,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )


async def _drain(request: web.Request) -> None:
    async for _ in request.content.iter_chunked(_CHUNK):
        pass


def _returned(reply: aiohttp.ClientResponse, shared: dict[str, str]) -> dict[str, str]:
    headers = _passed(reply.headers.items())
    return {**{k: v for k, v in headers.items() if not k.lower().startswith(_STORE_CORS)}, **shared}


def _passed(headers: Iterable[tuple[str, str]], drop: Collection[str] = ()) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in _HOP and name.lower() not in drop}


def _any_origin(origin: str) -> dict[str, str]:
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {}


def _are_rules(rules: Any) -> bool:
    return rules is None or (isinstance(rules, list) and all(isinstance(rule, dict) for rule in rules))


def _json_error(status: int, reason: str, message: str) -> dict[str, Any]:
    fault = {"domain": "global", "reason": reason, "message": message}
    return {"error": {"code": status, "message": message, "errors": [fault]}}


def _refused(refusal: Refusal, *, is_json: bool, headers: dict[str, str]) -> web.Response:
    if is_json:
        message = refusal.details or refusal.message
        reason = "authError" if refusal.message == "Invalid Credentials" else "required"
        return web.json_response(
            _json_error(refusal.status, reason, message),
            status=refusal.status,
            headers={**headers, "WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'},
        )
    text = (
        "<?xml version='1.0' encoding='UTF-8'?>"
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        f"<Details>{escape(refusal.details)}</Details></Error>"
    )
    return web.Response(text=text, status=refusal.status, content_type="application/xml", headers=headers)


async def _serve(front: Front, port: int) -> None:
    runner = web.AppRunner(front.application(), access_log=None, shutdown_timeout=2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    stopped = asyncio.Event()
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await runner.cleanup()


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--store", type=int, required=True)
    arguments = parser.parse_args()
    identity = load_identity(arguments.folder)
    if identity is None:
        raise SystemExit(f"No keys in {arguments.folder}.")
    front = Front(identity, Rules(arguments.folder / CORS_FILE), f"http://127.0.0.1:{arguments.store}")
    asyncio.run(_serve(front, arguments.port))


if __name__ == "__main__":
    main()
