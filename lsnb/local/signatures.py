"""Checking V4 signed addresses and the service account's assertions with the stack's own key."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_ALGORITHM = "GOOG4-RSA-SHA256"
_LONGEST_SECONDS = 604_800


@dataclass(frozen=True)
class Refusal(Exception):
    """Why a request is refused, in the words of the XML API.

    Args:
        status: HTTP status.
        code: The error's code.
        message: The error's message.
        details: More about it.
    """

    status: int
    code: str
    message: str
    details: str = ""


def public_key(private_key: str) -> RSAPublicKey:
    """Return the public half of the stack's key.

    Args:
        private_key: PEM.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key: Any = load_pem_private_key(private_key.encode(), password=None)
    half: RSAPublicKey = key.public_key()
    return half


def check_signed_url(method: str, raw_path: str, headers: Mapping[str, str], *, key: RSAPublicKey, email: str) -> None:
    """Check a V4 signed request.

    Args:
        method: HTTP method.
        raw_path: Path and query as they were sent.
        headers: The request's headers, looked up without regard to case.
        key: The stack's public key.
        email: The service account's name.

    Raises:
        Refusal: The signature is malformed (400), run out (400) or not ours (403).
    """
    path, _, query = raw_path.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    try:
        credential = given["X-Goog-Credential"]
        scope = credential.partition("/")[2]
        signature = bytes.fromhex(given["X-Goog-Signature"])
        made = datetime.strptime(given["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        seconds = int(given["X-Goog-Expires"])
        signed_names = given["X-Goog-SignedHeaders"].split(";")
    except (KeyError, ValueError):
        raise Refusal(400, "AuthenticationRequired", "Malformed signed address.") from None
    if given["X-Goog-Algorithm"] != _ALGORITHM or not 0 < seconds <= _LONGEST_SECONDS:
        raise Refusal(400, "InvalidArgument", "Invalid argument.", "X-Goog-Algorithm or X-Goog-Expires.")

    canonical_query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(pairs)
        if name != "X-Goog-Signature"
    )
    canonical_headers = "".join(f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in signed_names)
    canonical = "\n".join(
        [
            method,
            quote(unquote(path), safe="/~-_."),
            canonical_query,
            canonical_headers,
            given["X-Goog-SignedHeaders"],
            headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD"),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join([_ALGORITHM, given["X-Goog-Date"], scope, digest])
    if credential.partition("/")[0] != email or not _is_signed(key, signature, to_sign.encode()):
        raise Refusal(
            403,
            "SignatureDoesNotMatch",
            "Access denied.",
            "The signature is not that of this method, path, query and headers with this account's key.",
        )
    now, end = datetime.now(UTC), made + timedelta(seconds=seconds)
    if now > end:
        raise Refusal(
            400,
            "ExpiredToken",
            "Invalid argument.",
            f"The provided token has expired. Request signature expired at: {end.isoformat()}",
        )
    if made > now + timedelta(minutes=15):
        raise Refusal(403, "AccessDenied", "Access denied.", "The signature is not valid yet.")


def is_our_assertion(assertion: str, *, key: RSAPublicKey, email: str) -> bool:
    """Return whether a JSON web token was signed by the stack's service account and has not run out.

    Args:
        assertion: The token.
        key: The stack's public key.
        email: The service account's name.
    """
    try:
        head, body, signature = assertion.split(".")
        claims = json.loads(_decode(body))
        fresh = float(claims["exp"]) > time.time() and claims["iss"] == email
        return fresh and _is_signed(key, _decode(signature), f"{head}.{body}".encode())
    except (ValueError, KeyError, TypeError, binascii.Error):
        return False


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _is_signed(key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    try:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
