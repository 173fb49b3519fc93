"""Label Studio's own check of a config, from its SDK: the second opinion after ours."""

from __future__ import annotations

from typing import Any

from lsnb.labels.problems import Problem


def find_reference_problems(xml: str) -> list[Problem]:
    """Return what the SDK's LabelInterface refuses: the same checks as the server's own endpoint.

    It accepts misspelt tags and controls on media they cannot work on, so it is asked last.

    Args:
        xml: The config's text, well-formed.
    """
    # Loading the SDK takes a second or two, so only a check loads it.
    from label_studio_sdk.label_interface.interface import LabelInterface

    try:
        interface: Any = LabelInterface(xml)
        interface.validate()
    except Exception as refusal:  # the SDK raises several kinds, some of them plain Exception
        reason = str(refusal).strip().splitlines()
        first = reason[0].rstrip(".") if reason else type(refusal).__name__
        return [Problem("View", f"Label Studio's own check refuses this config: {first}.")]
    return []
