"""A study: the same items before several annotators, one Label Studio project each.

State lives on the server. Each project's description holds a versioned manifest, each task's ``meta`` its item;
a study can be reopened by its title from a fresh kernel on another computer.
"""

from lsnb.study.studies import Studio
from lsnb.study.study import Study

__all__ = ["Studio", "Study"]
