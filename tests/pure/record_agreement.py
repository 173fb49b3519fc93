"""Write ``agreement_oracles.json``: what packages that lsnb does without say of drawn tables, units and transcripts.

They want older libraries than lsnb runs with, so that they were run apart, and what they said is kept: ``python
tests/pure/record_agreement.py tables units words`` in an environment with irrCAC 0.4.4 and pingouin 0.6.1 (GPL),
pygamma-agreement 0.5.9 and krippendorff-unitized-alpha 0.1.0, jiwer 4.0.0.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

OUT = Path(__file__).with_name("agreement_oracles.json")


def tables() -> dict:
    import pingouin
    from irrCAC.raw import CAC

    warnings.simplefilter("ignore")
    chance = np.random.default_rng(18)
    names, numbers = [], []
    for case in range(60):
        people, items, values = 2 + case % 4, 8 + case, 2 + case % 4
        truth = chance.integers(1, values + 1, items)
        same = chance.random((items, people)) < 0.7
        table = np.where(same, truth[:, None], chance.integers(1, values + 1, (items, people))).astype(float)
        table[chance.random(table.shape) < (0.15 if case % 2 else 0.0)] = np.nan
        frame = pd.DataFrame(table)
        found = {}
        for weights in ("identity", "linear"):
            cac = CAC(frame, weights=weights)
            for name, figure in (("gwet", cac.gwet()), ("brennan_prediger", cac.bp())):
                found[f"{name} {weights}"] = float(figure["est"]["coefficient_value"])
            found[f"percent {weights}"] = float(figure["est"]["pa"])
        names.append({"table": [[None if np.isnan(v) else int(v) for v in row] for row in table], "figures": found})
    for case in range(30):
        people, items = 2 + case % 4, 6 + case
        table = chance.normal(0, 2, items)[:, None] + chance.normal(0, 1, (items, people)) + chance.normal(0, 1, people)
        table = table.round(3)
        long = pd.DataFrame(table).stack().reset_index().set_axis(["item", "who", "value"], axis=1)
        icc = pingouin.intraclass_corr(long, targets="item", raters="who", ratings="value").set_index("Type")
        column = next(name for name in icc.columns if name.startswith("CI95"))
        rows = [[float(row["ICC"]), *(float(bound) for bound in row[column])] for _, row in icc.iterrows()]
        numbers.append({"table": table.tolist(), "types": list(icc.index), "rows": rows})
    return {"names": names, "numbers": numbers}


def units() -> dict:
    from krippendorff_unitized_alpha.krippendorffs_unitized_alpha import EMPTY_TAG, KrippendorffUnitizedAlpha
    from krippendorff_unitized_alpha.krippendorffs_unitized_alpha import Segment as Part
    from pyannote.core import Segment
    from pygamma_agreement import CombinedCategoricalDissimilarity, Continuum, ShuffleContinuumSampler
    from sortedcontainers import SortedSet

    gamma, alpha = [], []
    chance = np.random.default_rng(18)
    for case in range(10):
        continuum, found = Continuum(), []
        for who in range(2 + case % 2):
            for start in np.sort(chance.integers(0, 200, 3 + case % 3)):
                end = int(start) + int(chance.integers(3, 25))
                label = "abc"[int(chance.integers(0, 3))]
                if (who, int(start), end) in {(u[0], u[1], u[2]) for u in found}:
                    continue
                continuum.add(str(who), Segment(int(start), end), label)
                found.append([who, int(start), end, label])
        alike = CombinedCategoricalDissimilarity(alpha=1, beta=1, delta_empty=1)
        labels = SortedSet(unit[3] for unit in found)
        one = {"units": found, "labels": list(labels), "disorder": float(continuum.get_best_alignment(alike).disorder)}
        if case in (0, 2, 4, 1):
            np.random.seed(18)
            sampler = ShuffleContinuumSampler(pivot_type="float_pivot")
            drawn = continuum.compute_gamma(alike, n_samples=400, sampler=sampler)
            by_chance = [line.disorder for line in drawn.chance_alignments]
            one["expected"] = float(np.mean(by_chance))
            one["error"] = float(np.std(by_chance, ddof=1) / len(by_chance) ** 0.5)
        gamma.append(one)
    for case in range(40):
        data, found, length = {}, {}, 100
        for who in range(2 + case % 3):
            cuts = np.sort(chance.choice(length + 1, 2 * int(chance.integers(2, 5)), replace=False)).tolist()
            mine = [(s, e, "abc"[int(chance.integers(0, 3))]) for s, e in zip(cuts[::2], cuts[1::2], strict=True)]
            parts, reached = [], 0
            for start, end, label in mine:
                parts += [(EMPTY_TAG, reached, start), (label, start, end)]
                reached = end
            data[str(who)] = [Part(*part) for part in [*parts, (EMPTY_TAG, reached, length)] if part[1] < part[2]]
            found[str(who)] = mine
        alpha.append({"units": found, "length": length, "alpha": float(KrippendorffUnitizedAlpha(data).result)})
    return {"gamma": gamma, "unitized": alpha}


def words() -> dict:
    import jiwer

    pairs = [
        ("the cat sat", "the cat sat"), ("the cat sat on the mat", "a cat sat mat"),
        ("eins zwei drei", "zwei drei vier"),
        ("a b c d", ""), ("größer als Äpfel", "grösser als Äpfel"), ("x y z", "p q r s t"), ("one", "one two three"),
    ]  # fmt: skip
    chance = np.random.default_rng(18)
    for n in range(40):
        truth = chance.choice(["der", "die", "Äpfel", "sind", "rot", "nicht"], 1 + n)
        said = [word + "e" * (chance.random() < 0.2) for word in truth if chance.random() < 0.8]
        pairs.append((" ".join(truth), " ".join(said)))
    return {"words": [[truth, said, jiwer.wer(truth, said), jiwer.cer(truth, said)] for truth, said in pairs]}


def main(parts: list[str]) -> None:
    found = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    for part in parts:
        found |= {"tables": tables, "units": units, "words": words}[part]()
    OUT.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
