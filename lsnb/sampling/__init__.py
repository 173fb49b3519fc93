"""Samples, strata, extension, and who annotates what.

Everything is drawn by permanent random numbers: a number from 0 to 1 that depends on the seed and an item's
key alone. So the same seed gives the same rows whatever their order, and a sample can be extended later.
"""

from lsnb.sampling.draw import assign, describe_sample, extend_sample, sample, strata_table

__all__ = ["assign", "describe_sample", "extend_sample", "sample", "strata_table"]
