"""The smallest study: short texts, each with a mood that people choose. Its fixtures stand in the conftest."""

from __future__ import annotations

from typing import Any

import pandas as pd

import lsnb

CONFIG = lsnb.LabelConfig.text("caption").choices("mood", ["good", "bad"], title="Mood?")


def texts(n: int, start: int = 0) -> pd.DataFrame:
    numbers = range(start, start + n)
    return pd.DataFrame(
        {"id": [f"{i:04d}" for i in numbers], "caption": [f"text {i}" for i in numbers], "f": [i / 3 for i in numbers]}
    )


def said(value: str, **more: Any) -> list[dict[str, Any]]:
    """An answer as Label Studio results."""
    return [{"from_name": "mood", "to_name": "caption", "type": "choices", "value": {"choices": [value]}, **more}]
