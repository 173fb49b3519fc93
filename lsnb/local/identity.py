"""Who the stack is: its user, its keys and the addresses it had last, in one file of its owner's.

The file stays when the stack is stopped: the user knows the password, and the projects keep the service account's key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

from lsnb.errors import LocalStackError
from lsnb.stack import write_private

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey


FILE_NAME = "identity.json"
USERNAME = "you@lsnb.local"
_TOKEN_SECONDS = 3600


@dataclass(frozen=True)
class Identity:
    """The keys of one stack.

    Args:
        username: The e-mail address of the one user.
        password: That user's password.
        api_key: That user's legacy token, 40 hexadecimal digits.
        token_secret: What the store's access tokens are made with.
        private_key: The service account's RSA key, PEM.
        ports: Name of the process → the port it had last.
        origin: The origin of Label Studio's pages that the bucket's rules were last told of.
        is_renewed: Whether the password is a new one that Label Studio's database was not told of yet.
    """

    username: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)
    token_secret: str = field(repr=False)
    private_key: str = field(repr=False)
    ports: dict[str, int]
    origin: str = ""
    is_renewed: bool = False

    @property
    def service_account_email(self) -> str:
        """The name of the service account."""
        return "lsnb@lsnb-local.iam.gserviceaccount.com"

    def service_account(self, endpoint: str) -> dict[str, Any]:
        """Return the service account's JSON, with a token address at this endpoint.

        Args:
            endpoint: The front's address, without a slash at the end.
        """
        key_id = hashlib.sha256(self.private_key.encode()).hexdigest()[:40]
        return {
            "type": "service_account",
            "project_id": "lsnb-local",
            "private_key_id": key_id,
            "private_key": self.private_key,
            "client_email": self.service_account_email,
            "client_id": "100000000000000000000",
            "auth_uri": f"{endpoint}/auth",
            "token_uri": f"{endpoint}/token",
            "universe_domain": "googleapis.com",
        }

    def access_token(self) -> tuple[str, int]:
        """Return a new access token of the store and the seconds for which it is good."""
        claim = base64.urlsafe_b64encode(f"{int(time.time()) + _TOKEN_SECONDS}".encode()).decode().rstrip("=")
        return f"ya29.lsnb.{claim}.{self._stamp(claim)}", _TOKEN_SECONDS

    def accepts(self, token: str, *, since: float = 0.0) -> bool:
        """Return whether this access token is one of ours and has not run out.

        Args:
            token: What came behind ``Bearer``.
            since: Seconds since 1970; one that was given out before is not accepted.
        """
        parts = token.split(".")
        if len(parts) != 4 or parts[:2] != ["ya29", "lsnb"] or not token.isascii():
            return False
        if not hmac.compare_digest(parts[3].encode(), self._stamp(parts[2]).encode()):
            return False
        expires = base64.urlsafe_b64decode(parts[2] + "=" * (-len(parts[2]) % 4))
        return int(expires) > time.time() and int(expires) - _TOKEN_SECONDS >= since

    def _stamp(self, claim: str) -> str:
        return hmac.new(self.token_secret.encode(), claim.encode(), hashlib.sha256).hexdigest()

    def with_ports(self, **ports: int) -> Identity:
        """Return the same identity with other last ports.

        Args:
            **ports: Name of the process → port.
        """
        return replace(self, ports={**self.ports, **ports})

    def renewed(self, names: Collection[str]) -> Identity:
        """Return the same identity with new keys for processes that died, whose ports anybody may have taken.

        A browser sends its cookies to every port of a computer's name, so that the password, on which its session
        hangs, is new whichever died. The account's private key stays: projects and other kernels hold it, and no dead
        port is shown it, only what it signed, which a front takes of its own time alone.

        Args:
            names: ``label-studio``, ``front``.
        """
        if not names:
            return self
        api_key = secrets.token_hex(20) if "label-studio" in names else self.api_key
        token_secret = secrets.token_hex(32) if "front" in names else self.token_secret
        password = secrets.token_urlsafe(12)
        return replace(self, api_key=api_key, token_secret=token_secret, password=password, is_renewed=True)

    def save(self, folder: Path) -> None:
        """Write the file, whole or not at all, readable by its owner alone.

        Args:
            folder: The stack's folder.
        """
        write_private(folder / FILE_NAME, json.dumps(asdict(self)))


def create_identity() -> Identity:
    """Return a new identity with random keys."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Identity(
        username=USERNAME,
        password=secrets.token_urlsafe(12),
        api_key=secrets.token_hex(20),
        token_secret=secrets.token_hex(32),
        private_key=pem.decode(),
        ports={},
    )


def load_identity(folder: Path) -> Identity | None:
    """Return the stack's identity, or None where there is none.

    Args:
        folder: The stack's folder.

    Raises:
        LocalStackError: The file is damaged.
    """
    path = folder / FILE_NAME
    try:
        identity = Identity(**json.loads(path.read_text(encoding="utf-8")))
        identity.private_key.encode()
        dict(identity.ports)
        return identity
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise LocalStackError(
            f"The stack's keys in {path} are damaged, so its projects cannot be opened: put the file back from a "
            "copy, or begin anew with 'lsnb down --delete-data' and 'lsnb up'."
        ) from None


# Checking V4 signed addresses and the service account's assertions with the stack's own key.


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


def is_our_assertion(assertion: str, *, key: RSAPublicKey, email: str, since: float) -> bool:
    """Return whether a JSON web token was signed by the stack's service account, is fresh and has not run out.

    Args:
        assertion: The token.
        key: The stack's public key.
        email: The service account's name.
        since: Seconds since 1970; what was signed before may have been shown to somebody else on the port.
    """
    try:
        head, body, signature = assertion.split(".")
        # What is not ours is not looked into.
        if not _is_signed(key, _decode(signature), f"{head}.{body}".encode()):
            return False
        claims = json.loads(_decode(body))
        fresh = float(claims["exp"]) > time.time() and float(claims["iat"]) >= since and claims["iss"] == email
        return fresh
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, binascii.Error):
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
