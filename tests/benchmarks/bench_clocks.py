"""How well clocks are matched: 400 made recordings, of which 120 share nothing; run as a script.

Prints what was accepted, the worst error anywhere in the overlap, how often the stated intervals hold the truth, and
how many unrelated pairs were accepted. ``python tests/benchmarks/bench_clocks.py [trials] [first seed] [csv]``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lsnb.timeseries.offsets import best_match

FRAME = 1 / 30
FINE = 200.0


def bursts(chance: np.random.Generator, seconds: float) -> Any:
    """Movements now and then, on a grid of 200 Hz that begins 70 s before the video."""
    count = int((seconds + 140) * FINE)
    hits = chance.normal(size=count) ** 2 * (chance.random(count) < chance.uniform(0.003, 0.02))
    return np.convolve(hits, np.exp(-np.arange(80) / chance.uniform(10, 25)), "same")


def gait(chance: np.random.Generator, seconds: float, steady: bool = False) -> Any:
    """Somebody who walks, turns and rests: steps vary by 2 to 4 percent from one to the next, and in strength.

    On a treadmill (``steady``) without a rest and by 1 to 2 percent.
    """
    count = int((seconds + 140) * FINE)
    signal = np.zeros(count)
    base, spread = chance.uniform(0.5, 0.62), chance.uniform(0.02, 0.04) * (0.5 if steady else 1)
    moment = chance.uniform(0.5, 2)
    heel = np.exp(-0.5 * (np.arange(-30, 31) / 8.0) ** 2)
    while moment < seconds + 138:
        for step in range(int(chance.integers(12, 60))):
            place = int(moment * FINE)
            if not 40 < place < count - 40:
                break
            side = 1.0 if step % 2 else 0.85
            signal[place - 30 : place + 31] += side * chance.normal(1.0, 0.12) * heel
            moment += base * chance.normal(1.0, spread)
        if steady:
            continue
        base = float(np.clip(base * chance.normal(1, 0.02), 0.45, 0.7))
        moment += chance.uniform(0.8, 1.4) if chance.random() < 0.7 else chance.uniform(3, 12)
    return signal


def trial(seed: int) -> dict[str, Any]:
    """One recording: 7 in 20 of bursts, 7 in 20 of gait, 6 in 20 with nothing in common."""
    chance = np.random.default_rng(seed)
    kind = ("bursts", "gait", "unrelated")[np.searchsorted([7, 14], seed % 20, "right")]
    made = (bursts, gait)[int(chance.integers(2))] if kind == "unrelated" else {"bursts": bursts, "gait": gait}[kind]
    steady = bool(chance.integers(2))
    what = f"{'steady ' if steady and made is gait else ''}{made.__name__}"
    seconds = float(chance.choice([60, 120, 300, 600]))
    drift = 1 + float(chance.choice([0, 0, 20, 50, 100, 300, 1000, 1500])) * 1e-6 * float(chance.choice([-1, 1]))
    offset = float(chance.uniform(-30, 30))
    noise = float(chance.uniform(0.1, 1.0))
    made = partial(gait, steady=steady) if made is gait else made
    truth = made(chance, seconds)
    other = made(chance, seconds) if kind == "unrelated" else truth
    fine = np.arange(len(truth)) / FINE - 70
    rate = float(chance.choice([25, 30, 50]))
    video = np.arange(0, seconds, 1 / rate)
    felt_at = np.arange(-35, seconds + 35, 1 / float(chance.choice([50, 64, 100])))
    seen = np.interp(video, fine, truth) + noise * truth.std() * chance.normal(size=len(video))
    felt = np.interp(felt_at, fine, other) + noise * other.std() * chance.normal(size=len(felt_at))
    found = best_match((felt_at - offset) / drift, {"acc": felt}, video, seen, reference="motion")
    ends = np.array([0.0, seconds])
    sensor = (ends - offset) / drift
    misses = ends - (found.drift * sensor + found.offset)
    row = {
        "seed": seed,
        "kind": what if kind != "unrelated" else f"unrelated {what}",
        "seconds": seconds,
        "clear": found.is_clear,
        "worst": float(np.abs(misses).max()),
        "ppm": (found.drift - 1) * 1e6,
        "held": found.drift == 1.0,
        "true_ppm": (drift - 1) * 1e6,
        "score": found.score,
        "second": found.second,
        "moments": found.moments,
    }
    band = found.band
    if band is not None:
        for name, value, bounds in zip(
            ("offset", "drift"), (offset, drift), band.ranges(found.offset, found.drift), strict=True
        ):
            row[f"holds_{name}"] = bounds[0] <= value <= bounds[1]
        low, high = band.at(ends)
        for place, name in enumerate(("start", "end")):
            row[f"holds_{name}"] = bool(low[place] <= misses[place] <= high[place])
            row[f"wide_{name}"] = float(high[place] - low[place])
    row["lead"] = found.lead
    return row


def report(rows: pd.DataFrame) -> Iterator[str]:
    """Sentences on what a grid showed."""
    for kind, own in rows.groupby("kind"):
        taken = own[own["clear"]]
        yield f"{kind}: {len(taken)} of {len(own)} accepted, {int((own['worst'] < FRAME).sum())} right to a frame"
        if len(taken) and not str(kind).startswith("unrelated"):
            middle, far, worst = taken["worst"].quantile([0.5, 0.95, 1.0]) * 1000
            yield (
                f"  accepted: worst error {middle:.1f} ms (median), {far:.1f} (95 %), {worst:.1f} (all); within "
                f"a frame {(taken['worst'] < FRAME).mean():.3f}; drift held in {int(taken['held'].sum())}"
            )
    told = rows[rows["clear"] & ~rows["kind"].str.startswith("unrelated")]
    for name in ("offset", "drift", "start", "end"):
        yield f"interval of {name} holds the truth: {told[f'holds_{name}'].mean():.3f} of {len(told)}"


def main(trials: int, first: int, out: str | None) -> None:
    """Run the grid; each row is written as soon as it is there, since a busy machine takes long."""
    rows = []
    with ProcessPoolExecutor(2) as pool:
        for done in as_completed([pool.submit(trial, seed) for seed in range(first, first + trials)]):
            rows.append(done.result())
            if out:
                pd.DataFrame(rows).to_csv(out, index=False)
    print(*report(pd.DataFrame(rows)), sep="\n")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 400, int(given[1]) if len(given) > 1 else 0, given[2] if len(given) > 2 else None)
