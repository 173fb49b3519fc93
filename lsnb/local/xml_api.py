"""Cloud Storage's XML API, as the embedded bucket has it: ``/bucket/object``, where browsers read media.

Addresses and answers follow Google's reference of the API, as far as its client library (uploads in parts), signed
addresses and tools that speak S3 use it.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web
from lxml import etree

from lsnb.local.objects import Conditions, Objects, Page, StoredObject, StoreFault, timestamp
from lsnb.local.transfer import (
    PIECE,
    Parts,
    Uploads,
    drain,
    from_token,
    hashes_said,
    number_of,
    object_headers,
    patience,
    pieces_of,
    receive,
    send,
    text_of,
    token_of,
)

_MOST_PARTS = 10_000
_XML_NAMES = "http://s3.amazonaws.com/doc/2006-03-01/"  # the names that clients of either service look for


class XmlApi:
    """The XML API.

    Args:
        objects: What is kept.
        uploads: What was begun.
    """

    def __init__(self, objects: Objects, uploads: Uploads) -> None:
        self._objects = objects
        self._uploads = uploads

    async def answer(self, request: web.Request, path: str, shared: dict[str, str]) -> web.StreamResponse:
        """Answer a request of somebody who may.

        Args:
            request: The request.
            path: Its path, as it was sent.
            shared: The headers by which a page may read the answer.
        """
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
