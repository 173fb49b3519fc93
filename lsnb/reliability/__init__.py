"""How much annotators agree, beyond what chance would give."""

from lsnb.reliability.alpha import Level, Ratings, krippendorff_alpha
from lsnb.reliability.annotators import Agreement, agreement
from lsnb.reliability.kappa import cohen_kappa, fleiss_kappa

__all__ = [
    "Agreement",
    "Level",
    "Ratings",
    "agreement",
    "cohen_kappa",
    "fleiss_kappa",
    "krippendorff_alpha",
]
