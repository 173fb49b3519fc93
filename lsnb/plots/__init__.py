"""Pictures of agreement, of answers, of what is marked and of progress; the only package that draws.

Figures are made without pyplot, so no window, no global state and no notebook setting is touched. They show
themselves in a notebook; elsewhere save them with ``figure.savefig("agreement.png")``.
"""

from lsnb.plots.answers import label_distribution
from lsnb.plots.figures import Picture
from lsnb.plots.frames import contact_sheet
from lsnb.plots.matrices import agreement_matrix, confusion_matrix, disagreement_map
from lsnb.plots.regions import overlay, overlays, timeline
from lsnb.plots.series import correlation_curve, series_channels
from lsnb.plots.work import annotations_per_day, progress

__all__ = [
    "Picture",
    "agreement_matrix",
    "annotations_per_day",
    "confusion_matrix",
    "contact_sheet",
    "correlation_curve",
    "disagreement_map",
    "label_distribution",
    "overlay",
    "overlays",
    "progress",
    "series_channels",
    "timeline",
]
