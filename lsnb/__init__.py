"""lsnb: from a table and a folder of media to a clean dataframe of human annotations.

Heavy parts load on first use, so ``import lsnb`` is quick and needs no optional package.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Bucket": "bucket",
    "LabelConfig": "labels",
    "Studio": "study",
    "Study": "study",
    "agreement": "reliability",
    "agreement_by": "reliability",
    "config_builder": "builder",
    "connect": "connections",
    "disputed": "reliability",
    "evaluate": "reliability",
    "expand_tracks": "annotations",
    "extend_sample": "sampling",
    "gold": "reliability",
    "majority": "annotations",
    "open_bucket": "connections",
    "read_annotations": "annotations",
    "read_form": "forms",
    "read_table": "tables",
    "sample": "sampling",
    "show_form": "forms",
    "strata_table": "sampling",
    "widen": "annotations",
    "write_table": "annotations",
}
_MODULES = ("demo", "errors", "forms", "labels", "local", "plots")

__all__ = sorted([*_HOMES, *_MODULES])  # pinned by tests/test_public_names.py

if TYPE_CHECKING:
    from lsnb import demo as demo
    from lsnb import errors as errors
    from lsnb import forms as forms
    from lsnb import local as local
    from lsnb import plots as plots
    from lsnb.annotations import expand_tracks as expand_tracks
    from lsnb.annotations import (
        majority as majority,
    )
    from lsnb.annotations import (
        read_annotations as read_annotations,
    )
    from lsnb.annotations import (
        widen as widen,
    )
    from lsnb.annotations import write_table as write_table
    from lsnb.bucket import Bucket as Bucket
    from lsnb.builder import config_builder as config_builder
    from lsnb.connections import connect as connect
    from lsnb.connections import open_bucket as open_bucket
    from lsnb.forms import read_form as read_form
    from lsnb.forms import show_form as show_form
    from lsnb.labels import LabelConfig as LabelConfig
    from lsnb.reliability import agreement as agreement
    from lsnb.reliability import agreement_by as agreement_by
    from lsnb.reliability import disputed as disputed
    from lsnb.reliability import evaluate as evaluate
    from lsnb.reliability import gold as gold
    from lsnb.sampling import extend_sample as extend_sample
    from lsnb.sampling import sample as sample
    from lsnb.sampling import strata_table as strata_table
    from lsnb.study import Studio as Studio
    from lsnb.study import Study as Study
    from lsnb.tables import read_table as read_table


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"lsnb.{name}")
    if name in _HOMES:
        value = getattr(importlib.import_module(f"lsnb.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'lsnb' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
