"""Addresses of objects elsewhere, such as ``gs://bucket/prefix``, for readers that know no bucket.

Whoever can open a scheme says so here; ``lsnb`` itself does when it is imported, so this module imports nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

Opener = Callable[[str], Iterator[tuple[str, bytes]]]
_openers: dict[str, Opener] = {}


def is_address(place: object) -> bool:
    """Return whether a place is an address such as ``gs://bucket/prefix``, rather than a path.

    Example:
        >>> is_address("gs://bucket/answers"), is_address("answers/7")
        (True, False)
    """
    return isinstance(place, str) and place.partition("://")[0] in _openers and "://" in place


def open_addresses_with(scheme: str, opener: Opener) -> None:
    """Have addresses of this scheme read by a function that yields each object's name and content.

    Args:
        scheme: ``gs`` of ``gs://bucket/prefix``.
        opener: Address → names and contents of the objects there.
    """
    _openers[scheme] = opener


def objects_at(address: str) -> Iterator[tuple[str, bytes]]:
    """Return the names and contents of the objects at an address for which ``is_address`` holds."""
    return _openers[address.partition("://")[0]](address)
