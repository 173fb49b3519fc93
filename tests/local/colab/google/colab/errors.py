class Error(Exception):
    """The base of what Colab raises."""


class AuthorizationError(Error):
    pass


class MessageError(Error):
    """The browser answered with a fault."""
