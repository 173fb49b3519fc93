"""How much annotators agree, beyond what chance would give; the answers they arrive at, and a model's beside them."""

from lsnb.reliability.agreement import Agreement, TextAgreement, agreement, agreement_by, text_agreement
from lsnb.reliability.coefficients import (
    Level,
    Ratings,
    cohen_kappa,
    fleiss_kappa,
    intraclass_correlation,
    krippendorff_alpha,
)
from lsnb.reliability.decisions import disputed, gold
from lsnb.reliability.evaluation import AlternativeTest, Evaluation, alternative_annotator_test, evaluate
from lsnb.reliability.overlap import RegionAgreement, region_agreement
from lsnb.reliability.paragraph import agreement_overview, coverage, methods_paragraph, references, write_results
from lsnb.reliability.truth import Consensus, Truth, annotator_quality, consensus_regions

__all__ = [
    "Agreement",
    "AlternativeTest",
    "Consensus",
    "Evaluation",
    "Level",
    "Ratings",
    "RegionAgreement",
    "TextAgreement",
    "Truth",
    "agreement",
    "agreement_by",
    "agreement_overview",
    "alternative_annotator_test",
    "annotator_quality",
    "cohen_kappa",
    "consensus_regions",
    "coverage",
    "disputed",
    "evaluate",
    "fleiss_kappa",
    "gold",
    "intraclass_correlation",
    "krippendorff_alpha",
    "methods_paragraph",
    "references",
    "region_agreement",
    "text_agreement",
    "write_results",
]
