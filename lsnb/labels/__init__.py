"""Label configs: what annotators see and answer. Build one, read one, check one."""

from __future__ import annotations

from lsnb.labels import templates
from lsnb.labels.check import Problem
from lsnb.labels.config import LabelConfig
from lsnb.labels.tree import Control, Field

__all__ = ["Control", "Field", "LabelConfig", "Problem", "templates"]
