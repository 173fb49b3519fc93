"""How much annotators agree, beyond what chance would give; the answers they arrive at, and a model's beside them."""

from lsnb.reliability.agreement import Agreement, agreement, agreement_by
from lsnb.reliability.coefficients import Level, Ratings, cohen_kappa, fleiss_kappa, krippendorff_alpha
from lsnb.reliability.decisions import Evaluation, disputed, evaluate, gold, methods_paragraph
from lsnb.reliability.overlap import RegionAgreement, region_agreement

__all__ = [
    "Agreement",
    "Evaluation",
    "Level",
    "Ratings",
    "RegionAgreement",
    "agreement",
    "agreement_by",
    "cohen_kappa",
    "disputed",
    "evaluate",
    "fleiss_kappa",
    "gold",
    "krippendorff_alpha",
    "methods_paragraph",
    "region_agreement",
]
