import json
import os

from google.colab import errors


class NotebookAccessError(Exception):
    """Not one of ``errors.Error``: the real one is not either."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Notebook does not have access to secret {key}")


class SecretNotFoundError(errors.Error):
    def __init__(self, key: str) -> None:
        super().__init__(f"Secret {key} does not exist.")


class TimeoutException(errors.Error):
    def __init__(self, key: str) -> None:
        super().__init__(f"Requesting secret {key} timed out.")


def get(key: str) -> str:
    """Answer from ``COLAB_SECRETS``: name → text, or "!locked" and "!slow" for a secret that cannot be had."""
    if not key or not isinstance(key, str):
        raise ValueError("Please enter a valid secret name")
    secrets = json.loads(os.environ.get("COLAB_SECRETS", "{}"))
    if secrets.get(key) == "!slow":
        raise TimeoutException(key)
    if key not in secrets:
        raise SecretNotFoundError(key)
    if secrets[key] == "!locked":
        raise NotebookAccessError(key)
    return secrets[key]
