"""How Label Studio is to show a bucket: by signed links, or by streaming the bytes itself.

Fields: "Google Cloud Storage" in Label Studio's documentation of cloud storages, and its API's
``POST /api/storages/gcs/``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Literal

from lsnb.bucket.keys import Identity
from lsnb.errors import CredentialsError, InputError

Mode = Literal["auto", "presign", "stream"]

# Minutes. Label Studio's own default is one, and a video that is watched longer than that stops at the next seek.
LINK_MINUTES = 120


@dataclass(frozen=True)
class StudioStorage:
    """What a Label Studio project needs to show a bucket.

    Args:
        bucket: The bucket's name.
        presign: Whether browsers fetch from the bucket by signed links; else Label Studio streams the bytes.
        presign_ttl: Minutes for which a signed link is good.
        why: Why it is one and not the other.
        credentials: The service account's JSON as text; None where Label Studio's server has to use its own.
    """

    bucket: str
    presign: bool
    presign_ttl: int
    why: str
    credentials: str | None = field(repr=False, default=None)


def choose_storage(bucket: str, identity: Identity, *, allow_presign: bool, mode: Mode) -> StudioStorage:
    """Return how to show a bucket, by what its credentials can do.

    Args:
        bucket: The bucket's name.
        identity: The credentials.
        allow_presign: Whether a browser can reach the bucket's endpoint.
        mode: ``"auto"`` takes signed links where they can work.

    Raises:
        InputError: Another mode, or signed links where no browser can follow them.
        CredentialsError: Signed links without a private key.
    """
    credentials = json.dumps(dict(identity.key)) if identity.key else None
    if mode not in ("auto", "presign", "stream"):
        raise InputError(f"mode is {mode!r}: give 'auto', 'presign' or 'stream'.")
    if mode == "presign":
        if not identity.can_sign:
            raise CredentialsError(
                f"Signed links need a private key, and {identity.account} has none here: open the bucket with a"
                " service account's JSON, or let Label Studio stream (mode='stream')."
            )
        if not allow_presign:
            raise InputError(
                "A browser cannot reach this bucket's address, so signed links would show nothing: use mode='stream'."
            )
    if mode == "stream":
        why = "Label Studio streams the media itself, as asked; the bucket needs no CORS for that."
    elif not allow_presign:
        why = "Label Studio streams the media itself, since your browser cannot reach this bucket's address."
    elif not identity.can_sign:
        why = (
            "Label Studio streams the media itself, with its server's own credentials, since there is no private key"
            " here to sign links with."
        )
    else:
        why = "Browsers fetch the media from the bucket by signed links; its CORS rules must allow Label Studio."
        return StudioStorage(bucket, True, LINK_MINUTES, why, credentials)
    return StudioStorage(bucket, False, LINK_MINUTES, why, credentials)
