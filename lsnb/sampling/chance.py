"""Permanent random numbers, and whole numbers that add up."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from numbers import Integral

from lsnb.errors import InputError


def permanent_number(seed: int, *names: str) -> float:
    """Return a number strictly between 0 and 1 that depends on the seed and the names alone.

    The idea of a permanent random number for each unit is Ohlsson's (1995, "Coordination of samples using
    permanent random numbers", in Cox et al., Business Survey Methods, Wiley); here it is a hash, so that no
    one has to keep it.

    Args:
        seed: Any whole number.
        names: What is numbered, for example a purpose and a key.

    Example:
        >>> permanent_number(0, "sample", "a") == permanent_number(0, "sample", "a")
        True
    """
    # Lengths keep ("ab", "c") and ("a", "bc") apart.
    text = "".join([str(seed), *(f"|{len(name)}:{name}" for name in names)])
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return ((int.from_bytes(digest, "big") >> 11) + 0.5) / 2**53


def is_whole(given: object) -> bool:
    """Return whether this is a whole number, numpy's among them, and no True or False.

    Example:
        >>> import numpy as np
        >>> is_whole(np.int64(3)), is_whole(3.0), is_whole(True)
        (True, False, False)
    """
    return isinstance(given, Integral) and not isinstance(given, bool)


def check_seed(seed: object) -> list[str]:
    """Return what is wrong with a seed, as sentences."""
    if is_whole(seed):
        return []
    return [f"seed is {seed!r}: give a whole number, so that the same one draws the same again."]


def rounded_share(percent: float | Fraction, rows: int) -> int:
    """Return a percentage of rows as whole rows: halves up, and at least one of one or more.

    Args:
        percent: More than 0, at most 100.
        rows: How many there are.

    Example:
        >>> [rounded_share(30, rows) for rows in (0, 1, 4, 5, 10)]
        [0, 1, 1, 2, 3]
    """
    # A fraction of the decimal that was written: 0.1 + 0.2 style dust must not decide a half.
    share = Fraction(str(percent)) * rows / 100
    return min(rows, max(1, int(share + Fraction(1, 2)))) if rows else 0


def apportion(total: int, sizes: Sequence[int], capacities: Sequence[int], ties: Sequence[float]) -> list[int]:
    """Return whole numbers in proportion to sizes that add up to a total.

    The method of largest remainders (Hamilton): everyone gets the whole part of their quota, and what is
    left goes to the largest remainders. Equal remainders: the larger size first, then the smaller tie
    number. What exceeds a capacity goes to the others, in proportion again.

    Args:
        total: What to give out; at most the sum of capacities is given.
        sizes: What the shares are in proportion to.
        capacities: The most that each can take.
        ties: A number each, to decide between equals.

    Example:
        >>> apportion(10, [6, 3, 1], [6, 3, 1], [0.1, 0.2, 0.3])
        [6, 3, 1]
        >>> apportion(5, [1, 1, 1], [9, 9, 1], [0.1, 0.2, 0.3])
        [2, 2, 1]
    """
    given = [0] * len(sizes)
    left = min(total, sum(capacities))
    while left:
        open_to = [i for i in range(len(sizes)) if given[i] < capacities[i] and sizes[i] > 0]
        if not open_to:
            break
        whole = sum(sizes[i] for i in open_to)
        shares = {i: left * sizes[i] // whole for i in open_to}
        rest = left - sum(shares.values())
        by_remainder = sorted(open_to, key=lambda i: (-(left * sizes[i] % whole), -sizes[i], ties[i]))
        for i in by_remainder[:rest]:
            shares[i] += 1
        for i in open_to:
            taken = min(shares[i], capacities[i] - given[i])
            given[i] += taken
            left -= taken
    return given


def parse_percent(text: str, name: str) -> Fraction:
    """Return the number in a text such as ``"20%"``.

    Raises:
        InputError: It is no percentage from 0 (excluded) to 100.

    Example:
        >>> parse_percent("12.5%", "overlap")
        Fraction(25, 2)
    """
    try:
        percent = Fraction(text.strip().removesuffix("%").strip())
    except (ValueError, ZeroDivisionError):
        percent = Fraction(0)
    if not text.strip().endswith("%") or not 0 < percent <= 100:
        raise InputError(f"{name} is {text!r}: give a percentage above 0 and at most 100, such as '20%'.")
    return percent
