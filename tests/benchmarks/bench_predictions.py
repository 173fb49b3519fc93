"""Converting and checking COCO boxes, against the SDK's ``validate_prediction`` alone on the same results, in one run.

Run by hand: ``python tests/benchmarks/bench_predictions.py [boxes ...]`` (10,000 and 100,000 by default; five boxes a
picture). Prints seconds of this process, the best of three, so that other work on the machine counts little, and how
many times faster ours is. The results are the same objects: ours makes them, the SDK judges them.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable

from label_studio_sdk.label_interface import LabelInterface

from lsnb import LabelConfig
from lsnb.predictions import check_results
from lsnb.predictions.coco import from_coco
from lsnb.predictions.payloads import COCO_CATEGORIES

PER_PICTURE = 5


def dataset(boxes: int) -> dict[str, object]:
    chance = random.Random(0)
    ids = list(COCO_CATEGORIES)
    pictures = boxes // PER_PICTURE
    return {
        "images": [{"id": n, "file_name": f"p{n:06d}.jpg", "width": 640, "height": 480} for n in range(pictures)],
        "categories": [{"id": n, "name": name} for n, name in COCO_CATEGORIES.items()],
        "annotations": [
            {
                "id": n,
                "image_id": n // PER_PICTURE,
                "category_id": chance.choice(ids),
                "bbox": [
                    chance.uniform(0, 300),
                    chance.uniform(0, 200),
                    chance.uniform(5, 300),
                    chance.uniform(5, 250),
                ],
                "score": chance.random(),
            }
            for n in range(boxes)
        ],
    }


def best_of(runs: int, work: Callable[[], object]) -> float:
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main(sizes: list[int]) -> None:
    config = LabelConfig.image("uri").rectangles("thing", list(COCO_CATEGORIES.values()))
    interface = LabelInterface(config.xml)
    print(f"{'boxes':>9} {'ours (s)':>10} {'check (s)':>10} {'SDK (s)':>10} {'faster':>8} {'SDK µs/prediction':>18}")
    for boxes in sizes:
        content = dataset(boxes)
        predictions = from_coco(content, config=config)
        assert set(predictions.table["status"]) == {"ready"}
        judged = [{"result": results, "score": predictions.scores[i]} for i, results in predictions.results.items()]
        assert all(interface.validate_prediction(one) for one in judged)
        ours = best_of(3, lambda content=content: from_coco(content, config=config))
        check = best_of(3, lambda judged=judged: [check_results(one["result"], config) for one in judged])
        sdk = best_of(3, lambda judged=judged: [interface.validate_prediction(one) for one in judged])
        each = sdk / len(judged) * 1e6
        print(f"{boxes:>9,} {ours:>10.3f} {check:>10.3f} {sdk:>10.3f} {sdk / ours:>8.2f} {each:>18.1f}")


if __name__ == "__main__":
    main([int(given) for given in sys.argv[1:]] or [10_000, 100_000])
