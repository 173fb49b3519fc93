"""The embedded bucket: Cloud Storage's addresses for the objects of a stack, on one port of this computer.

Every request proves who asks: by an access token, by an address signed with the stack's key, or by the secret address
of an upload that was begun. Nothing is told to anybody else, and no cookie is looked at, so a web page in the same
browser and another user of the computer are strangers.

The JSON API is ``/storage/v1``, ``/upload``, ``/download`` and ``/batch``; the XML API is ``/bucket/object``, where
browsers read media. Addresses and answers follow Google's reference of both, as far as its client library, signed
addresses, gsutil and tools that speak S3 use them.

Before it listened, somebody else may have held its port, and been shown what the account signed: tokens and assertions
of that time are refused. ``python -m`` runs this module with ``--folder F --port P``.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import email.parser
import email.policy
import json
import logging
import os
import re
import secrets
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit
from xml.sax.saxutils import escape

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from lxml import etree

from lsnb.local.cors import media_headers, preflight_headers
from lsnb.local.identity import Identity, Refusal, check_signed_url, is_our_assertion, load_identity, public_key
from lsnb.local.objects import (
    Bucket,
    Conditions,
    Objects,
    Page,
    StoredObject,
    StoreFault,
    check_name,
    timestamp,
)
from lsnb.local.processes import BUCKET_FOLDER, HEALTH, HOST
from lsnb.local.transfer import (
    DISK_FULL,
    LARGEST_BODY,
    PIECE,
    Door,
    Parts,
    Upload,
    Uploads,
    any_origin,
    conditions_of,
    drain,
    from_token,
    handles_at_most,
    hashes_said,
    is_broken,
    keep,
    let_go,
    number_of,
    object_headers,
    one_line,
    patience,
    pieces_of,
    receive,
    send,
    text_of,
    token_of,
)

_MOST_PARTS = 10_000
_XML_NAMES = "http://s3.amazonaws.com/doc/2006-03-01/"  # the names that clients of either service look for
_LARGEST_BATCH = 100
_LARGEST_FORM = 16 * 1024  # one assertion
_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(?:(\d{1,18})|\*)")
_COPIED = re.compile(r"(.+)/(rewriteTo|copyTo)/b/([^/]+)/o/(.+)")
_BUCKET_WORDS = frozenset({"cors", "labels", "lifecycle", "location", "storageClass", "versioning", "website"})


class Api:
    """One way to ask for what is kept, of somebody who may.

    Args:
        objects: What is kept.
        uploads: What was begun.
        endpoint: The address of the bucket, without a slash at the end.
    """

    def __init__(self, objects: Objects, uploads: Uploads, endpoint: str) -> None:
        self._objects = objects
        self._uploads = uploads
        self._endpoint = endpoint

    async def answer(self, request: web.Request, path: str, shared: dict[str, str]) -> web.StreamResponse:
        """Answer a request.

        Args:
            request: The request.
            path: Its path, as it was sent.
            shared: The headers by which a page may read the answer.
        """
        raise NotImplementedError


class JsonApi(Api):
    """The JSON API."""

    async def answer(self, request: web.Request, path: str, shared: dict[str, str]) -> web.StreamResponse:
        """Answer a request, as ``Api`` has it."""
        if path.startswith("/upload/"):
            return await self._upload(request, path, shared)
        if path.startswith("/download/"):
            return await self._media(request, path[len("/download") :], shared)
        if path.startswith("/batch/"):
            return await self._batch(request, shared)
        if request.query.get("alt") == "media" and request.method in ("GET", "HEAD"):
            return await self._media(request, path, shared)
        body = await self._read_json(request)
        status, answer = await self._resource(request.method, path, request.query, body)
        return answer_json(status, answer, shared)

    async def _read_json(self, request: web.Request) -> dict[str, Any]:
        if not request.body_exists:
            return {}
        async with patience():
            body = await request.read()
        return _document(body)

    async def _resource(
        self, method: str, path: str, query: Mapping[str, str], body: dict[str, Any]
    ) -> tuple[int, dict[str, Any] | None]:
        """Answer for buckets and what is said of objects; path begins with ``/storage/v1``."""
        parts = path.removeprefix("/storage/v1/").split("/", 3)
        if parts[0] == "b" and len(parts) == 1:
            if method == "GET":
                prefix = query.get("prefix", "")
                found = [self._about_bucket(each) for each in self._objects.buckets() if each.name.startswith(prefix)]
                return 200, {"kind": "storage#buckets", "items": found}
            if method == "POST":
                return 200, self._about_bucket(self._objects.create_bucket(str(body.get("name", "")), _settings(body)))
        elif parts[0] == "b" and len(parts) == 2:
            return self._bucket(method, text_of(parts[1]), query, body)
        elif parts[0] == "b" and parts[2] == "iam":
            bucket = self._objects.bucket(text_of(parts[1]))
            if method == "GET" and parts[3:] == ["testPermissions"]:
                return 200, {
                    "kind": "storage#testIamPermissionsResponse",
                    "permissions": [query.get("permissions", "")],
                }
            if method == "GET":
                return 200, {
                    "kind": "storage#policy",
                    "resourceId": f"projects/_/buckets/{bucket.name}",
                    "bindings": [],
                }
        elif parts[0] == "b" and parts[2] == "o":
            bucket_name = text_of(parts[1])
            if len(parts) == 3 and method == "GET":
                return 200, self._listing(bucket_name, query)
            if len(parts) == 4:
                return await self._object(method, bucket_name, parts[3], query, body)
        raise StoreFault(404, "notFound", "The embedded bucket has nothing at this address.")

    def _bucket(
        self, method: str, name: str, query: Mapping[str, str], body: dict[str, Any]
    ) -> tuple[int, dict[str, Any] | None]:
        objects = self._objects
        if method == "DELETE":
            objects.delete_bucket(name)
            return 204, None
        found = objects.bucket(name)
        wanted = number_of(query, "ifMetagenerationMatch")
        if wanted not in (None, found.metageneration):
            raise StoreFault(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")
        if method in ("PATCH", "PUT"):
            found = objects.change_bucket(name, _settings(body), whole=method == "PUT")
        elif method != "GET":
            raise StoreFault(405, "methodNotAllowed", "A bucket cannot be asked for that.")
        return 200, self._about_bucket(found)

    async def _object(
        self, method: str, bucket: str, rest: str, query: Mapping[str, str], body: dict[str, Any]
    ) -> tuple[int, dict[str, Any] | None]:
        objects = self._objects
        if method == "POST":
            if match := _COPIED.fullmatch(rest):
                return await self._copy(bucket, match, query, body)
            if rest.endswith("/compose"):
                return await self._compose(bucket, text_of(rest.removesuffix("/compose")), query, body)
            raise StoreFault(404, "notFound", "The embedded bucket has nothing at this address.")
        name = text_of(rest)
        conditions = conditions_of(query)
        if method == "GET":
            found = objects.get(bucket, name, number_of(query, "generation"))
            conditions.check(found, reads=True)
            return 200, self._about(found)
        if method in ("PATCH", "PUT"):
            return 200, self._about(objects.change(bucket, name, body, conditions, whole=method == "PUT"))
        if method == "DELETE":
            objects.delete(bucket, name, conditions, number_of(query, "generation"))
            return 204, None
        raise StoreFault(405, "methodNotAllowed", "An object cannot be asked for that.")

    async def _copy(
        self, bucket: str, match: re.Match[str], query: Mapping[str, str], body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        source_name, verb, target_bucket, target = match.groups()
        source = self._objects.get(bucket, text_of(source_name), number_of(query, "sourceGeneration"))
        conditions_of(query, "ifSource").check(source)
        about = {**source.about, **body}
        made = await self._put_copy([source], text_of(target_bucket), text_of(target), about, query)
        if verb == "copyTo":
            return 200, self._about(made)
        return 200, {
            "kind": "storage#rewriteResponse",
            "totalBytesRewritten": str(made.size),
            "objectSize": str(made.size),
            "done": True,
            "resource": self._about(made),
        }

    async def _compose(
        self, bucket: str, name: str, query: Mapping[str, str], body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        given = body.get("sourceObjects")
        if not isinstance(given, list) or not 1 <= len(given) <= 32:
            raise StoreFault(400, "invalid", "A composed object has 1 to 32 sources.")
        sources = [self._objects.get(bucket, str(_mapping(each).get("name"))) for each in given]
        about = {**sources[0].about, **_mapping(body.get("destination"))}
        return 200, self._about(await self._put_copy(sources, bucket, name, about, query))

    async def _put_copy(
        self, sources: list[StoredObject], bucket: str, name: str, about: Mapping[str, Any], query: Mapping[str, str]
    ) -> StoredObject:
        incoming = await asyncio.to_thread(self._objects.copy, sources)
        try:
            return self._objects.put(bucket, name, incoming, about, conditions_of(query))
        finally:
            incoming.discard()

    def _listing(self, bucket: str, query: Mapping[str, str]) -> dict[str, Any]:
        if "matchGlob" in query:
            raise StoreFault(400, "invalid", "The embedded bucket lists by prefix and delimiter, not by matchGlob.")
        page = self._objects.page(
            bucket,
            prefix=query.get("prefix", ""),
            delimiter=query.get("delimiter", ""),
            after=from_token(query.get("pageToken", "")),
            start=query.get("startOffset", ""),
            end=query.get("endOffset", ""),
            most=min(max(1, number_of(query, "maxResults") or 1000), 5000),
        )
        answer: dict[str, Any] = {"kind": "storage#objects"}
        if page.objects:
            answer["items"] = [self._about(each) for each in page.objects]
        if page.prefixes:
            answer["prefixes"] = list(page.prefixes)
        if page.last is not None:
            answer["nextPageToken"] = token_of(page.last)
        return answer

    def _about(self, found: StoredObject) -> dict[str, Any]:
        bucket, name = quote(found.bucket, safe=""), quote(found.name, safe="")
        link = f"storage/v1/b/{bucket}/o/{name}"
        answer = {
            "kind": "storage#object",
            "id": f"{found.bucket}/{found.name}/{found.generation}",
            "selfLink": f"{self._endpoint}/{link}",
            "mediaLink": f"{self._endpoint}/download/{link}?generation={found.generation}&alt=media",
            "name": found.name,
            "bucket": found.bucket,
            "generation": str(found.generation),
            "metageneration": str(found.metageneration),
            "storageClass": "STANDARD",
            **found.about,
            "size": str(found.size),
            "crc32c": found.crc32c,
            "etag": found.etag,
            "timeCreated": timestamp(found.created),
            "updated": timestamp(found.updated),
        }
        return answer | ({"md5Hash": found.md5} if found.md5 else {})

    def _about_bucket(self, found: Bucket) -> dict[str, Any]:
        return {
            "kind": "storage#bucket",
            "id": found.name,
            "selfLink": f"{self._endpoint}/storage/v1/b/{quote(found.name, safe='')}",
            "name": found.name,
            "projectNumber": "0",
            "metageneration": str(found.metageneration),
            "location": "US",
            "storageClass": "STANDARD",
            "etag": base64.b64encode(str(found.metageneration).encode()).decode(),
            "timeCreated": timestamp(found.created),
            "updated": timestamp(found.created),
            **found.about,
        }

    async def _batch(self, request: web.Request, shared: dict[str, str]) -> web.Response:
        async with patience():
            body = await request.read()
        head = f"Content-Type: {request.headers.get('Content-Type', '')}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        parts = list(message.iter_parts()) if message.is_multipart() else []
        if not 1 <= len(parts) <= _LARGEST_BATCH:
            raise StoreFault(400, "invalid", f"A batch has 1 to {_LARGEST_BATCH} requests.")
        border = f"batch_{secrets.token_hex(12)}"
        lines = []
        for part in parts:
            status, answer = await self._batched(part.get_payload(decode=True))
            content = json.dumps(answer) if answer is not None else ""
            identity = str(part.get("Content-ID", "")).strip("<>").replace("\r", "").replace("\n", "")
            lines.append(
                f"--{border}\r\nContent-Type: application/http\r\nContent-ID: <response-{identity}>\r\n\r\n"
                f"HTTP/1.1 {status} -\r\nContent-Type: application/json; charset=UTF-8\r\n"
                f"Content-Length: {len(content.encode())}\r\n\r\n{content}\r\n"
            )
        text = "".join(lines) + f"--{border}--\r\n"
        return web.Response(
            body=text.encode(), headers={**shared, "Content-Type": f"multipart/mixed; boundary={border}"}
        )

    async def _batched(self, payload: Any) -> tuple[int, dict[str, Any] | None]:
        head, _, body = bytes(payload or b"").lstrip().partition(b"\r\n\r\n")
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(words) < 2:
            return 400, error_body(400, "invalid", "A request of the batch cannot be read.")
        try:
            address = urlsplit(words[1])
            if not address.path.startswith("/storage/v1/"):
                raise StoreFault(400, "invalid", "A batch holds requests of the JSON API alone.")
            query = dict(parse_qsl(address.query, keep_blank_values=True))
            return await self._resource(words[0], address.path, query, _document(body.strip()) if body.strip() else {})
        except StoreFault as fault:
            return fault.status, error_body(fault.status, fault.reason, fault.message)
        except ValueError:  # also half of a character
            return 400, error_body(400, "invalid", "A request of the batch cannot be read.")

    # Uploads.

    async def _upload(self, request: web.Request, path: str, shared: dict[str, str]) -> web.Response:
        parts = path.removeprefix("/upload/storage/v1/").split("/")
        if parts[:1] != ["b"] or parts[2:] != ["o"]:
            raise StoreFault(404, "notFound", "The embedded bucket has nothing at this address.")
        bucket = text_of(parts[1])
        if "upload_id" in request.query and request.method in ("PUT", "DELETE"):
            return await self._continue(request, shared)
        if request.method != "POST":
            raise StoreFault(405, "methodNotAllowed", "An upload is begun with POST.")
        kind = request.query.get("uploadType")
        if kind == "resumable":
            return await self._begin(request, bucket, shared)
        if kind == "multipart":
            about, pieces = await _related(request)
        elif kind == "media":
            about, pieces = {"contentType": request.headers.get("Content-Type")}, pieces_of(request)
        else:
            raise StoreFault(400, "invalid", "uploadType is media, multipart or resumable.")
        name = request.query.get("name") or str(about.get("name", ""))
        about = {**about, **hashes_said(request.headers, about)}
        found = await receive(self._objects, bucket, name, about, pieces, conditions_of(request.query))
        return answer_json(200, self._about(found), shared)

    async def _begin(self, request: web.Request, bucket: str, shared: dict[str, str]) -> web.Response:
        about = await self._read_json(request)
        name = request.query.get("name") or str(about.get("name", ""))
        about.setdefault("contentType", request.headers.get("X-Upload-Content-Type"))
        conditions = conditions_of(request.query)
        check_name(name)
        self._objects.bucket(bucket)
        conditions.check(self._objects.find(bucket, name))
        upload_id = self._uploads.remember(Upload(bucket, name, about, conditions, self._objects.receive()))
        address = f"{self._endpoint}/upload/storage/v1/b/{quote(bucket, safe='')}/o?uploadType=resumable"
        headers = {"Location": f"{address}&name={quote(name, safe='')}&upload_id={upload_id}", **shared}
        return web.Response(status=200, headers={**headers, "X-GUploader-UploadID": upload_id})

    async def _continue(self, request: web.Request, shared: dict[str, str]) -> web.Response:
        upload_id = request.query["upload_id"]
        upload = self._uploads.get(upload_id)
        if not isinstance(upload, Upload):
            await drain(request)
            raise StoreFault(404, "notFound", "No such upload")
        if request.method == "DELETE":
            self._uploads.forget(upload_id)
            return web.Response(status=499, headers=shared)
        given = request.headers.get("Content-Range")
        match = _CONTENT_RANGE.fullmatch(given.strip()) if given else None
        if given and match is None:
            await drain(request)
            raise StoreFault(400, "invalid", "Failed to parse Content-Range header.")
        async with upload.lock:
            try:
                await self._take_piece(request, upload, *(match.groups() if match else ("0", None, None)))
            except OSError as fault:
                if fault.errno in DISK_FULL:
                    # The disk would stay full for everybody as long as the half of an object lies there.
                    upload.incoming.discard()
                raise
            finally:
                if upload.incoming.is_gone and upload.done is None:
                    self._uploads.forget(upload_id)
        if upload.done is not None:
            return answer_json(200, self._about(upload.done), shared)
        return web.Response(status=308, headers={**upload.headers, **shared})

    async def _take_piece(
        self, request: web.Request, upload: Upload, first: str | None, last: str | None, total: str | None
    ) -> None:
        skipped = upload.received - int(first) if first is not None else 0
        most = int(total) if total is not None else None
        if upload.done is not None or skipped < 0 or first is None:
            await drain(request)
        else:
            # What was sent before, and its answer lost, is sent again.
            async for piece in pieces_of(request):
                new = piece[skipped:] if skipped else piece
                skipped = max(0, skipped - len(piece))
                if most is not None and upload.received + len(new) > most:
                    raise StoreFault(400, "invalid", "More bytes came than the upload has.")
                if new:
                    upload.incoming.write(new)
        upload.incoming.close()
        if upload.done is not None:
            return
        is_one = first is not None and last is None
        if is_one or most == upload.received:
            try:
                upload.done = await keep(
                    self._objects, upload.bucket, upload.name, upload.about, upload.incoming, upload.conditions
                )
            finally:
                upload.incoming.discard()

    async def _media(self, request: web.Request, path: str, shared: dict[str, str]) -> web.StreamResponse:
        parts = path.removeprefix("/storage/v1/").split("/", 3)
        if parts[:1] != ["b"] or parts[2:3] != ["o"] or len(parts) != 4 or request.method not in ("GET", "HEAD"):
            raise StoreFault(404, "notFound", "The embedded bucket has nothing at this address.")
        found = self._objects.get(text_of(parts[1]), text_of(parts[3]), number_of(request.query, "generation"))
        conditions_of(request.query).check(found, reads=True)
        return await send(self._objects, request, found, shared)


async def _related(request: web.Request) -> tuple[dict[str, Any], AsyncIterator[bytes]]:
    """Return what is said of an object, and its bytes, of a body of type ``multipart/related`` (RFC 2387)."""
    boundary = re.search(r'boundary="?([^";]+)"?', request.headers.get("Content-Type", ""))
    if boundary is None:
        raise StoreFault(400, "badContent", "The body has no boundary.")
    border = b"\r\n--" + boundary.group(1).encode()
    pieces = pieces_of(request)
    held = b"\r\n"

    async def until(mark: bytes, most: int) -> bytes:
        nonlocal held
        while (at := held.find(mark)) < 0:
            if len(held) > most:
                raise StoreFault(413, "uploadTooLarge", "What is said of the object is too long.")
            try:
                held += await anext(pieces)
            except StopAsyncIteration:
                raise StoreFault(400, "badContent", "The body ends too early.") from None
        found, held = held[:at], held[at + len(mark) :]
        return found

    await until(border, 4096)
    await until(b"\r\n\r\n", 4096)
    about = _document(await until(border, LARGEST_BODY))
    head = await until(b"\r\n\r\n", 4096)
    kind = re.search(rb"(?i)content-type:[ \t]*([^\r\n]+)", head)
    if kind and not about.get("contentType"):
        about["contentType"] = kind.group(1).decode("latin-1").strip()

    async def content() -> AsyncIterator[bytes]:
        rest = held
        while True:
            at = rest.find(border)
            if at >= 0:
                yield rest[:at]
                async for _ in pieces:
                    pass
                return
            safe = len(rest) - len(border) + 1
            if safe > 0:
                yield rest[:safe]
                rest = rest[safe:]
            try:
                rest += await anext(pieces)
            except StopAsyncIteration:
                raise StoreFault(400, "badContent", "The body ends too early.") from None

    return about, content()


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be said of a bucket."""
    rules = body.get("cors")
    if rules is not None and not (isinstance(rules, list) and all(_is_rule(rule) for rule in rules)):
        raise StoreFault(400, "invalid", "Invalid CORS rules")
    said = {word: body[word] for word in _BUCKET_WORDS if word in body}
    return {**said, "cors": rules or None} if "cors" in body else said


def _is_rule(rule: Any) -> bool:
    if not isinstance(rule, dict):
        return False
    lists = [rule.get(word, []) for word in ("origin", "method", "responseHeader")]
    texts = [text for each in lists if isinstance(each, list) for text in each]
    is_text = all(isinstance(text, str) and text == one_line(text) for text in texts)
    return all(isinstance(each, list) for each in lists) and is_text and isinstance(rule.get("maxAgeSeconds", 0), int)


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        raise StoreFault(400, "parseError", "Parse Error") from None
    return _mapping(found)


def _mapping(found: Any) -> dict[str, Any]:
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise StoreFault(400, "parseError", "Parse Error")
    return found


def answer_json(status: int, answer: dict[str, Any] | None, headers: dict[str, str]) -> web.Response:
    """Return an answer that is JSON, or has no body."""
    if answer is None:
        return web.Response(status=status, headers=headers)
    return web.json_response(answer, status=status, headers=headers)


def error_body(status: int, reason: str, message: str) -> dict[str, Any]:
    """Return what the API says of what went wrong."""
    fault = {"domain": "global", "reason": reason, "message": message}
    return {"error": {"code": status, "message": message, "errors": [fault]}}


class XmlApi(Api):
    """The XML API."""

    async def answer(self, request: web.Request, path: str, shared: dict[str, str]) -> web.StreamResponse:
        """Answer a request, as ``Api`` has it."""
        bucket, _, name = (text_of(part) for part in path.lstrip("/").partition("/"))
        method, query, headers = request.method, request.query, request.headers
        if not bucket:
            raise StoreFault(404, "notFound", "The embedded bucket has nothing at this address.")
        if not name:
            if method not in ("GET", "HEAD"):
                raise StoreFault(405, "methodNotAllowed", "Buckets are changed by the JSON API here.")
            return self._listing(bucket, query, shared)
        if "uploads" in query or "uploadId" in query:
            return await self._in_parts(request, bucket, name, shared)
        conditions = Conditions(
            number_of(headers, "x-goog-if-generation-match"),
            metageneration=number_of(headers, "x-goog-if-metageneration-match"),
        )
        if method in ("GET", "HEAD"):
            found = self._objects.get(bucket, name, number_of(query, "generation"))
            conditions.check(found, reads=True)
            return await send(self._objects, request, found, shared)
        if method == "PUT":
            about = _from_headers(headers)
            found = await receive(self._objects, bucket, name, about, pieces_of(request), conditions)
            return web.Response(status=200, headers={**object_headers(found), **shared, "Content-Length": "0"})
        if method == "DELETE":
            self._objects.delete(bucket, name, conditions, number_of(query, "generation"))
            return web.Response(status=204, headers=shared)
        raise StoreFault(405, "methodNotAllowed", "An object cannot be asked for that.")

    def _listing(self, bucket: str, query: Mapping[str, str], shared: dict[str, str]) -> web.Response:
        most = min(max(1, number_of(query, "max-keys") or 1000), 1000)
        after = from_token(query["continuation-token"]) if "continuation-token" in query else query.get("marker", "")
        page = self._objects.page(
            bucket, prefix=query.get("prefix", ""), delimiter=query.get("delimiter", ""), after=after, most=most
        )
        return web.Response(body=_listing_xml(bucket, query, page), content_type="application/xml", headers=shared)

    async def _in_parts(
        self, request: web.Request, bucket: str, name: str, shared: dict[str, str]
    ) -> web.StreamResponse:
        """Answer a request of an XML API multipart upload."""
        method, query = request.method, request.query
        if method == "POST" and "uploads" in query:
            self._objects.bucket(bucket)
            upload_id = self._uploads.remember(Parts(bucket, name, _from_headers(request.headers)))
            await drain(request)
            root = _element("InitiateMultipartUploadResult", Bucket=bucket, Key=name, UploadId=upload_id)
            return web.Response(body=etree.tostring(root), content_type="application/xml", headers=shared)
        upload_id = query.get("uploadId", "")
        upload = self._uploads.get(upload_id)
        if not isinstance(upload, Parts) or (upload.bucket, upload.name) != (bucket, name):
            await drain(request)
            raise StoreFault(404, "notFound", "No such upload")
        if method == "PUT":
            number = number_of(query, "partNumber") or 0
            if not 1 <= number <= _MOST_PARTS:
                raise StoreFault(400, "invalid", "A part's number is 1 to 10,000.")
            incoming = self._objects.receive()
            try:
                async for piece in pieces_of(request):
                    incoming.write(piece)
                for word, given in hashes_said(request.headers, {}).items():
                    if given != (incoming.crc32c if word == "crc32c" else incoming.md5):
                        raise StoreFault(400, "invalid", "A part's bytes are not those that were sent.")
            except BaseException:
                incoming.discard()
                raise
            incoming.close()
            if number in upload.parts:
                upload.parts[number].discard()
            upload.parts[number] = incoming
            hashes = f"crc32c={incoming.crc32c},md5={incoming.md5}"
            return web.Response(
                status=200, headers={"ETag": f'"{_hex(incoming.md5)}"', "X-Goog-Hash": hashes, **shared}
            )
        if method == "DELETE":
            self._uploads.forget(upload_id)
            return web.Response(status=204, headers=shared)
        if method == "POST":
            found = await self._join(upload, await self._wanted_parts(request))
            self._uploads.forget(upload_id)
            root = _element("CompleteMultipartUploadResult", Bucket=bucket, Key=name, ETag=f'"{found.etag}"')
            return web.Response(body=etree.tostring(root), content_type="application/xml", headers=shared)
        raise StoreFault(405, "methodNotAllowed", "An upload in parts cannot be asked for that.")

    async def _wanted_parts(self, request: web.Request) -> list[int]:
        async with patience():
            body = await request.read()
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            found = etree.fromstring(body, parser).iter("{*}PartNumber")
            return [int(each.text or "") for each in found]
        except (etree.XMLSyntaxError, ValueError, TypeError):
            raise StoreFault(400, "invalid", "The list of parts cannot be read.") from None

    async def _join(self, upload: Parts, numbers: list[int]) -> StoredObject:
        if not numbers or sorted(set(numbers)) != numbers or not set(numbers) <= set(upload.parts):
            raise StoreFault(400, "invalid", "The list of parts is not that of the parts that came.")
        incoming = self._objects.receive()

        def join() -> None:
            for number in numbers:
                # A part may be sent anew meanwhile.
                try:
                    with upload.parts[number].path.open("rb") as file:
                        while piece := file.read(PIECE):
                            incoming.write(piece)
                except FileNotFoundError:
                    raise StoreFault(409, "conflict", "A part was sent anew while the parts were joined.") from None
            incoming.sync()

        try:
            await asyncio.to_thread(join)
            return self._objects.put(upload.bucket, upload.name, incoming, upload.about, Conditions())
        finally:
            incoming.discard()


def _from_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    names = {
        "Content-Type": "contentType",
        "Cache-Control": "cacheControl",
        "Content-Disposition": "contentDisposition",
        "Content-Encoding": "contentEncoding",
        "Content-Language": "contentLanguage",
    }
    about: dict[str, Any] = {word: headers[name] for name, word in names.items() if name in headers}
    mark = "x-goog-meta-"
    said = {name.lower().removeprefix(mark): value for name, value in headers.items() if name.lower().startswith(mark)}
    return {**about, **({"metadata": said} if said else {}), **hashes_said(headers, {})}


def _hex(text: str) -> str:
    return base64.b64decode(text).hex()


def _element(name: str, **children: str) -> Any:
    root = etree.Element(
        f"{{{_XML_NAMES}}}{name}",
        nsmap={None: _XML_NAMES},  # type: ignore[dict-item]  # lxml-stubs know no default one
    )
    for child, text in children.items():
        etree.SubElement(root, f"{{{_XML_NAMES}}}{child}").text = _plain(text)
    return root


def _listing_xml(bucket: str, query: Mapping[str, str], page: Page) -> bytes:
    root = _element("ListBucketResult", Name=bucket, Prefix=_plain(query.get("prefix", "")))
    for each in page.objects:
        about = {
            "Key": _plain(each.name),
            "Generation": str(each.generation),
            "MetaGeneration": str(each.metageneration),
            "LastModified": timestamp(each.updated),
            "ETag": f'"{each.etag}"',
            "Size": str(each.size),
        }
        root.append(_element("Contents", **about))
    for prefix in page.prefixes:
        root.append(_element("CommonPrefixes", Prefix=_plain(prefix)))
    etree.SubElement(root, f"{{{_XML_NAMES}}}IsTruncated").text = "true" if page.last is not None else "false"
    if page.last is not None:
        is_second = query.get("list-type") == "2"
        word = "NextContinuationToken" if is_second else "NextMarker"
        last = token_of(page.last) if is_second else _plain(page.last)
        etree.SubElement(root, f"{{{_XML_NAMES}}}{word}").text = last
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _plain(text: str) -> str:
    return "".join(each if each == "\t" or " " <= each < "\ufffe" or each > "\uffff" else "\ufffd" for each in text)


def error_page(status: int, code: str, message: str, details: str, headers: dict[str, str]) -> web.Response:
    """Return what the API says of what went wrong."""
    text = (
        "<?xml version='1.0' encoding='UTF-8'?>"
        f"<Error><Code>{escape(code)}</Code><Message>{escape(_plain(message))}</Message>"
        f"<Details>{escape(_plain(details))}</Details></Error>"
    )
    return web.Response(text=text, status=status, content_type="application/xml", headers=headers)


def _is_no_strangers(record: logging.LogRecord) -> bool:
    """Return whether a line belongs in the log: bytes that are no request would fill the disk, and may hold a key."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


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
        most: How many connections are open at once.
    """

    def __init__(self, identity: Identity, objects: Objects, port: int, *, since: float, most: int = 512) -> None:
        self._identity = identity
        self._objects = objects
        self._hosts = {f"{host}:{port}" for host in (HOST, "localhost")}
        self._key = public_key(identity.private_key)
        self._since = since
        self._uploads = Uploads()
        self.door = Door(most)
        apis = objects, self._uploads, f"http://{HOST}:{port}"
        self._json, self._xml = JsonApi(*apis), XmlApi(*apis)

    def runner(self) -> web.AppRunner:
        """Return what serves it on a site."""
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self.handle)
        log = logging.getLogger(__name__)
        log.addFilter(_is_no_strangers)
        # What is sent packed is kept packed, as its Content-Encoding says.
        return web.AppRunner(application, access_log=None, shutdown_timeout=2, auto_decompress=False, logger=log)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = request.rel_url.raw_path
        said = (text for name, text in request.headers.items() if name.lower() != "authorization")
        # What is behind a "#" never leaves a browser, and two readers of a signed address may part there.
        if not path.startswith("/") or "#" in request.raw_path or any(map(is_broken, said)):
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
            self.door.welcome(request.protocol)
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
        # A signed address holds for the XML API alone, as in the real service: one of an object "b" in a bucket named
        # "storage/v1" would else list the buckets, and whoever may have addresses signed names both.
        if "X-Goog-Algorithm" in request.query and not is_json:
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
        body = b""
        async with patience():
            async for piece in pieces_of(request):
                body += piece
                if len(body) > _LARGEST_FORM:  # of strangers, too
                    raise StoreFault(413, "uploadTooLarge", "Too large.")
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
        # A connection may hold a file beside it, and what waits at the door is taken all at once.
        front = Front(identity, objects, port, since=since, most=handles_at_most() // 2)
        runner = front.runner()
        await runner.setup()
        listening = await front.door.open(runner.server, listener)
        watch = asyncio.create_task(let_go(runner.server))
        stopped = asyncio.Event()
        if sys.platform != "win32":
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await stopped.wait()
        watch.cancel()
        listening.close()
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
