"""Google credentials from whatever the user has: a key file, its text, a sign-in, or nothing.

Formats: "Create and delete service account keys" and "How Application Default Credentials works" in the Google
Cloud documentation.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import google.auth
import google.auth.exceptions
from google.auth.credentials import AnonymousCredentials
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account

from lsnb import runtime
from lsnb.credentials import key_info
from lsnb.errors import CredentialsError

SCOPE = "https://www.googleapis.com/auth/devstorage.full_control"
TOKEN_URI = "https://oauth2.googleapis.com/token"
_KEY_FIELDS = ("client_email", "private_key")
_NEW_KEY = "download the key again in the Cloud console (IAM, Service accounts, Keys, Add key, JSON)"


@dataclass(frozen=True)
class Identity:
    """Who we are towards Cloud Storage.

    Args:
        credentials: A google-auth credentials object.
        account: Whose they are, for messages.
        key: The service account's JSON as a dict, where there is one: Label Studio can sign links with it.
    """

    credentials: Any = field(repr=False)
    account: str
    key: Mapping[str, Any] | None = field(repr=False, default=None)

    @property
    def can_sign(self) -> bool:
        """Whether there is a private key to sign links with."""
        return self.key is not None


def identify(info: Any = None, *, allow_adc: bool = True, anonymous: bool = False) -> Identity:
    """Return an identity from what is given.

    Args:
        info: A service account's JSON as a dict, as text, or the path of its file; a google-auth credentials
            object; or None.
        allow_adc: Whether None may mean application default credentials, or Colab's user sign-in.
        anonymous: Whether None means no sign-in at all (an emulator).

    Raises:
        CredentialsError: There are none, they are malformed, or ``info`` is a path and no file is there.

    Example:
        >>> identify(anonymous=True)
        Identity(account='nobody')
    """
    if info is None or info == "":
        if not anonymous:
            return _default_identity(allow_adc)
        return Identity(AnonymousCredentials(), "nobody")  # type: ignore[no-untyped-call, unused-ignore]
    if hasattr(info, "before_request"):
        return _identity_of(info)
    if not isinstance(info, (str, os.PathLike, Mapping)):
        raise CredentialsError(
            f"credentials is a {type(info).__name__}: give the service account's JSON as a dict, its text,"
            " or the path of its file."
        )
    fields, where = key_info(info, source="the call"), "The service-account key"
    kind = fields.get("type")
    if kind == "authorized_user":
        return _from_user(fields, where)
    if kind in {"external_account", "impersonated_service_account", "external_account_authorized_user"}:
        try:
            # google-auth warns of configurations from strangers; this one is the user's own.
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                found, _ = google.auth.load_credentials_from_dict(fields, scopes=[SCOPE])  # type: ignore[no-untyped-call, unused-ignore]
        except (google.auth.exceptions.GoogleAuthError, ValueError, KeyError):
            raise CredentialsError(f"{where} is not a complete {kind} credential: make it anew.") from None
        return _identity_of(found)
    if "installed" in fields or "web" in fields:
        raise CredentialsError(
            f"{where} is an OAuth client's secret, not a key: make a service account and {_NEW_KEY}."
        )
    return _from_key(fields, where)


def _from_key(fields: dict[str, Any], where: str) -> Identity:
    missing = [name for name in _KEY_FIELDS if not fields.get(name)]
    if missing:
        raise CredentialsError(f"{where} lacks {' and '.join(missing)}: {_NEW_KEY}.")
    key = {"type": "service_account", "token_uri": TOKEN_URI, **fields}
    key["private_key"] = _mend_private_key(str(fields["private_key"]))
    try:
        make = service_account.Credentials.from_service_account_info
        credentials = make(key, scopes=[SCOPE])  # type: ignore[no-untyped-call, unused-ignore]
    except Exception:
        # Which exception depends on the cryptography release; its text may quote the key.
        raise CredentialsError(
            f"The private key in {where[0].lower()}{where[1:]} is damaged or cut short: {_NEW_KEY}."
        ) from None
    return Identity(credentials, str(key["client_email"]), key)


def _mend_private_key(text: str) -> str:
    r"""Return the PEM text with its line breaks.

    Environment files and Colab secrets often hold the two characters ``\n`` in place of a line break.

    Example:
        >>> _mend_private_key(r"-----BEGIN X-----\nabc\n-----END X-----")
        '-----BEGIN X-----\nabc\n-----END X-----\n'
    """
    return text.strip().strip("\"'").replace("\\r", "").replace("\\n", "\n").replace("\r", "").strip() + "\n"


def _from_user(fields: dict[str, Any], where: str) -> Identity:
    try:
        make = user_credentials.Credentials.from_authorized_user_info
        credentials = make(fields, scopes=[SCOPE])  # type: ignore[no-untyped-call, unused-ignore]
    except ValueError:
        raise CredentialsError(
            f"{where} is an incomplete user sign-in: run 'gcloud auth application-default login' again."
        ) from None
    return Identity(credentials, "your own Google sign-in")


def _default_identity(allow_adc: bool) -> Identity:
    if allow_adc:
        try:
            return _identity_of(google.auth.default(scopes=[SCOPE])[0])
        except google.auth.exceptions.GoogleAuthError:
            if runtime.colab_sign_in():
                return _identity_of(google.auth.default(scopes=[SCOPE])[0])
    raise CredentialsError(
        "No Google credentials: put a service account's JSON into GCS_CREDENTIALS (environment, Colab secret or"
        " credentials.json), give credentials=, or run 'gcloud auth application-default login'."
    )


def _identity_of(credentials: Any) -> Identity:
    if getattr(credentials, "requires_scopes", False):
        credentials = credentials.with_scopes([SCOPE])
    account = getattr(credentials, "service_account_email", None)
    return Identity(credentials, str(account) if account else "your own Google sign-in")
