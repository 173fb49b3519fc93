"""A stand-in for Colab's package: the calls lsnb makes, the answers and the exceptions of the real one."""

from google.colab import auth, errors, output, userdata

__all__ = ["auth", "errors", "output", "userdata"]
