"""Pictures of agreement, of answers, of what is marked and of progress; the only package that draws.

Figures are made without pyplot, so no window, no global state and no notebook setting is touched. They show
themselves in a notebook; elsewhere save them with ``figure.savefig("agreement.png")``.
"""

from lsnb.plots.charts import (
    agreement_matrix,
    annotations_per_day,
    confusion_matrix,
    disagreement_map,
    label_distribution,
    progress,
)
from lsnb.plots.looks import Picture
from lsnb.plots.pictures import contact_sheet, correlation_curve, overlay, overlays, series_channels, timeline

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
