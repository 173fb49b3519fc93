"""Write ``truth_oracles.json``: what crowd-kit, SimpleITK and ensemble-boxes say.

They are no part of lsnb's environment, so that they were run apart, and what they said is kept:
``python tests/pure/record_truth.py crowd`` with crowd-kit 1.4.2, ``... regions`` with SimpleITK 2.5.7 and
ensemble-boxes 1.0.9.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

OUT = Path(__file__).with_name("truth_oracles.json")


def crowd() -> list[dict]:
    import pandas as pd
    from crowdkit.aggregation import MACE, DawidSkene

    cases = []
    chance = np.random.default_rng(18)
    for case in range(6):
        people, items, width = 4 + case % 3, 30 + 10 * case, 2 + case % 3
        skill = np.linspace(0.95, 0.55, people)
        truth = chance.integers(0, width, items)
        right = chance.random((items, people)) < skill
        codes = np.where(right, truth[:, None], chance.integers(0, width, (items, people)))
        codes[chance.random(codes.shape) < (0.2 if case % 2 else 0.0)] = -1
        codes = codes[(codes >= 0).any(axis=1)]
        # Its MACE takes labels now sorted, now in the order in which they first come: here these are the same.
        codes[0] = np.arange(people) % width
        item, who = np.nonzero(codes >= 0)
        data = pd.DataFrame({"task": item, "worker": who, "label": codes[item, who]})
        model = DawidSkene(n_iter=25, tol=-1e9).fit(data)
        probable = model.probas_.sort_index()[sorted(model.probas_.columns)]
        errors = model.errors_.sort_index()[sorted(model.errors_.columns)]
        trusted = MACE(n_iter=400, n_restarts=1).fit(data)
        marginals = trusted.probas_.sort_index()[sorted(trusted.probas_.columns)]
        workers = list(pd.factorize(data["worker"])[1])
        # Rows of its thetas are in the order in which annotators first come.
        knows = {
            int(worker): trusted.spamming_[row, 1] / trusted.spamming_[row].sum() for row, worker in enumerate(workers)
        }
        cases.append(
            {
                "codes": codes.tolist(),
                "width": width,
                "dawid_skene": probable.to_numpy().tolist(),
                "errors": [
                    [int(w), int(said), *row]
                    for (w, said), row in zip(errors.index, errors.to_numpy().tolist(), strict=True)
                ],
                "mace": marginals.to_numpy().tolist(),
                "competence": [float(knows[worker]) for worker in sorted(knows)],
            }
        )
    return cases


def regions() -> dict:
    import SimpleITK as sitk
    from ensemble_boxes import weighted_boxes_fusion

    masks, boxes = [], []
    chance = np.random.default_rng(18)
    for case in range(5):
        y, x = np.mgrid[:24, :32]
        people = 3 + case % 3
        painted = [
            ((x - 15 - chance.normal(0, 2)) ** 2 + (y - 12 - chance.normal(0, 2)) ** 2 < (6 + chance.normal(0, 1)) ** 2)
            for _ in range(people)
        ]
        filter_ = sitk.STAPLEImageFilter()
        filter_.SetForegroundValue(1)
        found = filter_.Execute([sitk.GetImageFromArray(one.astype(np.uint8)) for one in painted])
        masks.append(
            {
                "painted": [np.flatnonzero(one).tolist() for one in painted],
                "probable": sitk.GetArrayFromImage(found).ravel().round(9).tolist(),
                "sensitivity": list(filter_.GetSensitivity()),
                "specificity": list(filter_.GetSpecificity()),
            }
        )
        given = [[[0.1 + d, 0.1, 0.3 + d, 0.4], [0.6, 0.5 + d, 0.9, 0.8 + d]] for d in chance.normal(0, 0.01, people)]
        weights = [float(w) for w in chance.integers(1, 4, people)]
        fused, _, labels = weighted_boxes_fusion(
            given, [[1.0, 1.0]] * people, [[0, 1]] * people, weights=weights, iou_thr=0.5
        )
        boxes.append(
            {"boxes": given, "weights": weights, "fused": [fused[list(labels).index(k)].tolist() for k in (0, 1)]}
        )
    return {"masks": masks, "boxes": boxes}


def main(parts: list[str]) -> None:
    found = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    for part in parts:
        found[part] = {"crowd": crowd, "regions": regions}[part]()
    OUT.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
