"""What the tests of uploads share."""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd

from lsnb.bucket import Bucket

ODD = ["a b", "Größe", "#1", "50%", "a+b", "it's", 'say "x"', "a&b=c", "日本", "%2F", "a;b,c", "~x", "(1)", "@", "a\\b"]


def upload(bucket: Bucket, table: pd.DataFrame, **options: Any) -> pd.DataFrame:
    """Upload without a progress bar and return the report's table."""
    options = {"path": "path", "name": "{user}/{id}", "progress": False, **options}
    with warnings.catch_warnings():
        # The tests read the rows; what a script is told has a test of its own.
        warnings.filterwarnings("ignore", r"\d+ of \d+ files failed", UserWarning)
        return bucket.upload(table, **options).table
