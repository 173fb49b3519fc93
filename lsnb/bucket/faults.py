"""What Cloud Storage refuses, said in a sentence that names the remedy.

Inside the package a refused request is a ``Refusal`` and a request without an answer is ``NoAnswer``; neither
leaves it. ``as_error`` turns them into the errors of ``lsnb.errors``.

Statuses and reasons: "HTTP status and error codes for JSON" in the Cloud Storage documentation; roles: "IAM
roles for Cloud Storage" there.
"""

from __future__ import annotations

import json
import re
from typing import Literal

from lsnb.errors import (
    BucketError,
    BucketForbiddenError,
    BucketNotFoundError,
    BucketUnreachableError,
    CredentialsError,
)
from lsnb.kernel.keys import masked

Action = Literal["open", "list", "read", "create", "replace", "get_cors", "set_cors"]

_NEEDS: dict[Action, tuple[str, str]] = {
    "open": ("storage.buckets.get", "roles/storage.legacyBucketReader"),
    "list": ("storage.objects.list", "roles/storage.objectAdmin"),
    "read": ("storage.objects.get", "roles/storage.objectAdmin"),
    "create": ("storage.objects.create", "roles/storage.objectAdmin"),
    "replace": ("storage.objects.delete", "roles/storage.objectAdmin"),
    "get_cors": ("storage.buckets.get", "roles/storage.admin"),
    "set_cors": ("storage.buckets.update", "roles/storage.admin"),
}
_ROLE_OF_PERMISSION = {
    "storage.buckets.get": "roles/storage.legacyBucketReader",
    "storage.buckets.update": "roles/storage.admin",
}
_PERMISSION = re.compile(r"\bstorage\.(?:buckets|objects|multipartUploads)\.[a-zA-Z]+\b")
_PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_PASSING_REASONS = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})


class Refusal(Exception):
    """The server answered, and did not do what was asked.

    Args:
        status: The HTTP status.
        body: The answer's body.
        retry_after: Seconds the server asks to wait, if it says so.
    """

    def __init__(self, status: int, body: bytes = b"", retry_after: float | None = None) -> None:
        self.status = status
        self.retry_after = retry_after
        self.message, self.reason = _read_body(body)
        super().__init__(f"{status} {self.reason}")

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in _PASSING_STATUSES or (self.status == 403 and self.reason in _PASSING_REASONS)


class NoAnswer(Exception):
    """The connection failed before an answer came.

    Args:
        what: A few words on how it failed.
        lasting: Whether trying again cannot help (an untrusted certificate).
        refused: Whether no server listens there.
    """

    def __init__(self, what: str, lasting: bool = False, refused: bool = False) -> None:
        self.what = what
        self.lasting = lasting
        self.refused = refused
        super().__init__(what)


class Cancelled(Exception):
    """The user interrupted the run."""


def _read_body(body: bytes) -> tuple[str, str]:
    try:
        error = json.loads(body)["error"]
        if not isinstance(error, dict):
            return str(error), ""
        reasons = error.get("errors") or [{}]
        return str(error.get("message", "")), str(reasons[0].get("reason", ""))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        # The XML API and proxies answer in XML or HTML; what they say is not for a sentence.
        return "", ""


def as_error(fault: Refusal | NoAnswer, *, bucket: str, endpoint: str, action: Action, what: str = "") -> BucketError:
    """Return the error that says what happened and what to do.

    Args:
        fault: What the wire reported.
        bucket: The bucket's name.
        endpoint: The address that was asked.
        action: What was being done, which decides the role that is missing.
        what: The object or thing concerned, if one is.
    """
    if isinstance(fault, NoAnswer):
        return BucketUnreachableError(
            f"Cloud Storage at {endpoint} does not answer ({fault.what}): check the network connection"
            " (and, for the local stack, that 'lsnb status' shows it running), then run the call again."
        )
    about = f" for {what!r}" if what else ""
    said = f" It says: {_trim(fault.message)}" if fault.message else ""
    if fault.status == 401:
        return BucketForbiddenError(
            f"Cloud Storage does not accept these credentials for bucket {bucket!r}:"
            " make a new service-account key, or sign in again."
        )
    if fault.status == 403:
        return _forbidden(fault, bucket, action, about)
    if fault.status == 404:
        return BucketNotFoundError(
            f"No bucket {bucket!r} at {endpoint}: check the spelling, or create it in the Cloud console."
        )
    if fault.is_passing:
        return BucketUnreachableError(
            f"Cloud Storage answered {fault.status}{about} until the time for it ran out:"
            " wait a minute and run the call again; what is done stays done."
        )
    return BucketError(f"Cloud Storage refused the request{about} with status {fault.status}.{said}")


def _forbidden(fault: Refusal, bucket: str, action: Action, about: str) -> BucketError:
    if "billing" in fault.message.lower() or fault.reason in {"accountDisabled", "UserProjectAccountProblem"}:
        return BucketForbiddenError(
            f"Google has switched off the project of bucket {bucket!r}: open Billing in the Cloud console."
        )
    if fault.reason == "retentionPolicyNotMet" or "retention" in fault.message.lower():
        return BucketForbiddenError(
            f"Bucket {bucket!r} keeps its objects unchanged for a time (a retention policy){about}:"
            " use another name for the new file."
        )
    permission, role = _NEEDS[action]
    named = _PERMISSION.search(fault.message)
    if named:
        permission = named.group()
        role = _ROLE_OF_PERMISSION.get(permission, "roles/storage.objectAdmin")
    return BucketForbiddenError(
        f"The credentials lack {permission} on bucket {bucket!r}{about}: in the Cloud console, under the"
        f" bucket's Permissions, grant their account the role {role}."
    )


def _trim(text: str, most: int = 160) -> str:
    flat = " ".join(masked(text).split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def token_error(error: Exception, account: str) -> CredentialsError | BucketUnreachableError:
    """Return what a failed exchange of a key for an access token means.

    Args:
        error: What google-auth raised.
        account: Whose key it is, to name it.
    """
    text = str(error)
    if type(error).__name__ == "TransportError":
        return BucketUnreachableError(
            "Google's sign-in server does not answer: check the network connection and run the call again."
        )
    if "reasonable timeframe" in text or ("iat" in text and "exp" in text):
        return CredentialsError(
            "Google refuses the sign-in since this computer's clock is wrong: set the clock and try again."
        )
    if "account not found" in text or "Invalid issuer" in text:
        return CredentialsError(
            f"Google no longer knows {account}: make a service account, grant it"
            " roles/storage.objectAdmin on the bucket, and use a new JSON key of it."
        )
    if "Invalid JWT" in text or "invalid_grant" in text or "expired or revoked" in text:
        return CredentialsError(
            f"The key of {account} is revoked, deleted or not valid any more: make a new JSON key in the"
            " Cloud console (IAM, Service accounts, Keys), or sign in again."
        )
    return CredentialsError(
        f"Google did not accept the credentials of {account}: make a new JSON key, or sign in again."
    )
