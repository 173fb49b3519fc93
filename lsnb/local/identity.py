"""Who the stack is: its user, its keys and the addresses it had last, in one file of its owner's.

The file stays when the stack is stopped: Label Studio takes the user's password and token only when it first
makes the user, and the projects keep the service account's key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from lsnb.errors import LocalStackError
from lsnb.stack import write_private

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
    """

    username: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)
    token_secret: str = field(repr=False)
    private_key: str = field(repr=False)
    ports: dict[str, int]
    origin: str = ""

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

    def accepts(self, token: str) -> bool:
        """Return whether this access token is one of ours and has not run out.

        Args:
            token: What came behind ``Bearer``.
        """
        parts = token.split(".")
        if len(parts) != 4 or parts[:2] != ["ya29", "lsnb"] or not token.isascii():
            return False
        if not hmac.compare_digest(parts[3].encode(), self._stamp(parts[2]).encode()):
            return False
        expires = base64.urlsafe_b64decode(parts[2] + "=" * (-len(parts[2]) % 4))
        return int(expires) > time.time()

    def _stamp(self, claim: str) -> str:
        return hmac.new(self.token_secret.encode(), claim.encode(), hashlib.sha256).hexdigest()

    def with_ports(self, **ports: int) -> Identity:
        """Return the same identity with other last ports.

        Args:
            **ports: Name of the process → port.
        """
        return replace(self, ports={**self.ports, **ports})

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
    except (ValueError, TypeError, AttributeError):
        raise LocalStackError(
            f"The stack's keys in {path} are damaged, so its projects cannot be opened: put the file back from a "
            "copy, or begin anew with 'lsnb down --delete-data' and 'lsnb up'."
        ) from None
