"""Opening a bucket: its name, whose credentials to use, and whether it is there."""

from __future__ import annotations

from typing import Any

from lsnb.bucket.faults import NoAnswer, Refusal, as_error
from lsnb.bucket.keys import identify
from lsnb.bucket.listing import first_object
from lsnb.bucket.store import Bucket
from lsnb.bucket.wire import Patience, Wire, bucket_path
from lsnb.errors import InputError


def open_bucket_at(
    name: str,
    *,
    endpoint: str | None = None,
    info: Any = None,
    credentials: Any = None,
    allow_presign: bool = True,
    allow_adc: bool = True,
    patience: Patience | None = None,
) -> Bucket:
    """Open a bucket and return it, or say what is in the way.

    Args:
        name: The bucket's name; ``gs://name`` is taken too.
        endpoint: Another address than Google's, for the local stack.
        info: A service account's JSON as a dict, as text, or the path of its file.
        credentials: A ready-made google-auth credentials object, in place of ``info``.
        allow_presign: Whether a browser can reach the endpoint (False for the local stack in Colab).
        allow_adc: Whether application default credentials, or Colab's sign-in, may be used where none are given.
        patience: How long requests are tried.

    Raises:
        CredentialsError: No credentials, malformed ones, ones that Google refuses, or no file at the path given.
        BucketNotFoundError: There is no such bucket.
        BucketForbiddenError: The account may not see it; the missing role is named.
        BucketUnreachableError: Nothing answers.
    """
    plain = _bucket_name(name)
    # An emulator must never be handed the user's own Google token.
    identity = identify(credentials if credentials is not None else info, allow_adc=allow_adc, anonymous=bool(endpoint))
    wire = Wire(identity, endpoint, patience=patience)
    _greet(wire, plain)
    return Bucket(plain, wire, allow_presign=allow_presign)


def _greet(wire: Wire, bucket: str) -> None:
    try:
        wire.call("GET", bucket_path(bucket), {"fields": "name"}, patience=wire.brief)
    except (Refusal, NoAnswer) as fault:
        if not isinstance(fault, Refusal) or fault.status != 403:
            raise as_error(fault, bucket=bucket, endpoint=wire.endpoint, action="open") from None
        # Whoever may only use the objects may not read the bucket itself, and need not.
        try:
            first_object(wire, bucket)
        except (Refusal, NoAnswer) as other:
            raise as_error(other, bucket=bucket, endpoint=wire.endpoint, action="list") from None


def _bucket_name(text: object) -> str:
    if not isinstance(text, str):
        raise InputError(f"The bucket's name is {text!r}: give it as text, for example 'my-media'.")
    name = text.strip().removeprefix("gs://").rstrip("/")
    if not name:
        raise InputError("The bucket has no name: give it as in the Cloud console, for example 'my-media'.")
    if "/" in name or any(letter.isspace() for letter in name):
        raise InputError(
            f"{name!r} is not a bucket's name: give the name alone, without a folder behind it, for example"
            f" {name.split('/')[0].split()[0]!r}."
        )
    return name
