"""Keys that are not the stack's."""

from __future__ import annotations

from functools import cache

from lsnb.local.identity import create_identity


@cache
def other_key() -> str:
    return create_identity().private_key
