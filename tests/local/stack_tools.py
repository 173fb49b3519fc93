"""What tests of the stack share."""

from __future__ import annotations

from functools import cache

from google.cloud import storage
from google.oauth2 import service_account

from lsnb.local.identity import create_identity
from lsnb.stack import Stack


@cache
def other_key() -> str:
    return create_identity().private_key


def client_of(stack: Stack) -> storage.Client:
    credentials = service_account.Credentials.from_service_account_info(stack.service_account)
    return storage.Client(
        project="lsnb-local", credentials=credentials, client_options={"api_endpoint": stack.endpoint}
    )
