"""``connect`` and ``open_bucket``: from an address, a name or nothing at all to something that works."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lsnb.credentials import bucket_credentials, running_stack, studio_credentials
from lsnb.errors import InputError
from lsnb.kernel.files import safe_name, unforeseen_errors
from lsnb.kernel.runtime import cache_folder
from lsnb.kernel.secrecy import masked
from lsnb.kernel.words import warn
from lsnb.stack import Stack

if TYPE_CHECKING:
    from lsnb.bucket import Bucket
    from lsnb.study import Studio

LOCAL = "local"


@unforeseen_errors()
def connect(url: str | None = None, api_key: str | None = None, *, key_name: str | None = None) -> Studio:
    """Sign in to a Label Studio and return it.

    Args:
        url: The server's address; ``"local"`` starts the embedded one, or reuses it. With none, the address comes
            from the environment, Colab's secrets, ``credentials.json`` or the running local stack, in this order.
        api_key: A legacy token or a personal access token. With none, it comes from where the address is found too,
            or, where the address is given here, from the first of these that holds a key and names no server.
        key_name: The environment variable or Colab secret that holds the key, where it has a name of your own; empty:
            ``LABEL_STUDIO_API_KEY``, or what ``LABEL_STUDIO_KEY_NAME`` says.

    Raises:
        CredentialsError: No address and key were found.
        InputError: The address is no web address.
        StudioUnreachableError: No Label Studio answers there.
        StudioAuthError: The key is refused.

    Example:
        >>> studio = connect("local")  # doctest: +SKIP
    """
    from lsnb.study import Studio

    _refuse_other_than_text(
        url=url,
        api_key=None if api_key is None or isinstance(api_key, str) else type(api_key),
        key_name=key_name,
    )
    if _is_local(url):
        stack = _local_stack()
        return Studio(stack.url, stack.api_key, browser_url=stack.browser_url, source="the local stack")
    found = studio_credentials(url, api_key, key_name=key_name)
    local = running_stack()
    browser_url = local.browser_url if local is not None and local.url == found.url else None
    return Studio(found.url, found.api_key, browser_url=browser_url, source=found.source)


@unforeseen_errors()
def open_bucket(name: str | None = None, *, credentials: Any = None) -> Bucket:
    """Open a Cloud Storage bucket and return it.

    Args:
        name: The bucket's name; ``"local"`` starts the embedded one, or reuses it. With none, the name comes from the
            environment, Colab's secrets, ``credentials.json`` or the running local stack, in this order.
        credentials: A service account's file, its JSON as text or dict, or a Google credentials object.

    Raises:
        CredentialsError: No bucket or no usable credentials were found.
        BucketError: The bucket is missing, forbidden or out of reach.

    Example:
        >>> bucket = open_bucket("local")  # doctest: +SKIP
    """
    from lsnb.bucket import open_bucket_at

    _refuse_other_than_text(name=name)
    if _is_local(name):
        stack = _local_stack()
        return open_bucket_at(
            stack.bucket, endpoint=stack.endpoint, info=stack.service_account, allow_presign=stack.presign
        )
    found = bucket_credentials(name, credentials)
    return open_bucket_at(
        found.name,
        endpoint=found.endpoint,
        info=found.info,
        credentials=found.given,
        allow_presign=found.presign,
        reader=found.reader,
    )


def objects_at(address: str) -> Iterator[tuple[str, bytes]]:
    """Yield the names and contents of the exports and answers below an address, or of the one object that it names.

    Args:
        address: ``gs://bucket/prefix``.

    Raises:
        CredentialsError: There are no usable credentials for the bucket.
        BucketError: The bucket is missing, forbidden or out of reach.
        MissingFileError: Nothing that could be an export is there.
    """
    name, _, prefix = address.partition("://")[2].partition("/")
    yield from open_bucket(name).read_exports(prefix)


def fetched(addresses: str | Sequence[str], endings: Collection[str] = ()) -> dict[str, tuple[str | None, str | None]]:
    """Return the files in the cache that hold objects of buckets: address → path, and what went wrong.

    Args:
        addresses: ``gs://bucket/folder``, or one or several of objects.
        endings: Of a folder, which objects are wanted; of what else is in it a warning tells.

    Raises:
        CredentialsError: There are no usable credentials for the bucket.
        BucketError: The bucket is missing, forbidden or out of reach.
        MissingFileError: Nothing is at the one address.
    """
    given = [addresses] if isinstance(addresses, str) else list(addresses)
    found: dict[str, tuple[str | None, str | None]] = {}
    for name in dict.fromkeys(one.partition("://")[2].partition("/")[0] for one in given):
        own = [one for one in given if one.partition("://")[2].partition("/")[0] == name]
        places = own[0] if isinstance(addresses, str) else own
        report = open_bucket(name).download(places, cache_folder() / "media" / safe_name(name), endings=list(endings))
        for note in report.notes:
            warn(note)
        for row in report.table.to_dict("records"):
            is_here = row["status"] != "failed"
            found[row["uri"]] = (row["path"], None) if is_here else (None, row["error"])
    return found


def _is_local(text: str | None) -> bool:
    return isinstance(text, str) and text.strip().lower() == LOCAL


def _refuse_other_than_text(**given: object) -> None:
    problems = [
        f"{name} is {masked(repr(value))[:80]}: give text, or leave it out."
        for name, value in given.items()
        if value is not None and not isinstance(value, str)
    ]
    if problems:
        raise InputError(problems)


def _local_stack() -> Stack:
    from lsnb.local import start

    return start()
