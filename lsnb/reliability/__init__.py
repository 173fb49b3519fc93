"""How much annotators agree, beyond what chance would give; the answers they arrive at, and a model's beside them."""

from lsnb.reliability.alpha import Level, Ratings, krippendorff_alpha
from lsnb.reliability.annotators import Agreement, agreement
from lsnb.reliability.breakdown import agreement_by
from lsnb.reliability.decisions import disputed, gold
from lsnb.reliability.evaluation import Evaluation, evaluate
from lsnb.reliability.kappa import cohen_kappa, fleiss_kappa
from lsnb.reliability.methods import methods_paragraph
from lsnb.reliability.regions import RegionAgreement, region_agreement

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
