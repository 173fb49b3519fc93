import os

from google.colab import errors


def authenticate_user(clear_output: bool = True, project_id: str | None = None) -> None:
    """Sign the user in, unless ``COLAB_REFUSES`` is set."""
    if os.environ.get("COLAB_REFUSES"):
        raise errors.AuthorizationError("Failed to fetch user credentials")
