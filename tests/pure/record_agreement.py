"""Write ``agreement_oracles.json``: what irrCAC (Gwet's package) and pingouin (GPL) say of drawn tables.

They want older libraries than lsnb runs with, so that they were run apart, and what they said is kept:
``python tests/pure/record_agreement.py`` in an environment with irrCAC 0.4.4 and pingouin 0.6.1.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

OUT = Path(__file__).with_name("agreement_oracles.json")


def main() -> None:
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
    OUT.write_text(json.dumps({"names": names, "numbers": numbers}), encoding="utf-8")


if __name__ == "__main__":
    main()
