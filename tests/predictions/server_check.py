"""The server's own check of predictions, as label-studio-sdk brings it, and whether it is that of today's server."""

from __future__ import annotations

import pytest
from label_studio_sdk.label_interface import control_tags

# Colab takes 2.0.16, whose check knows neither vectors nor timelines and refuses masks and rankings that are good.
IS_OLDER = not hasattr(control_tags, "VectorTag")
needs_todays_check = pytest.mark.skipif(
    IS_OLDER, reason="the check of this older label-studio-sdk refuses what Label Studio takes"
)
