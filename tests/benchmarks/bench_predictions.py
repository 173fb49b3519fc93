"""Reading and checking a COCO file's boxes, against the SDK's ``import coco`` (which checks nothing) on the same file
and its ``validate_prediction`` alone on the same results, in one run; and how many answers and spans are read and
checked a second.

Run by hand: ``python tests/benchmarks/bench_predictions.py [boxes ...]`` (10,000 and 100,000 by default; five boxes a
picture, five spans a text, an answer with its score an item). Prints seconds of this process, the best of three, so
that other work on the machine counts little, and how many times faster ours is than ``import coco``. The results that
the SDK judges are ours.
"""

from __future__ import annotations

import contextlib
import io
import logging
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pandas as pd
from label_studio_sdk.converter.imports.coco import convert_coco_to_ls
from label_studio_sdk.label_interface import LabelInterface

from lsnb import LabelConfig, from_answers, from_spans
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
    print(f"{'boxes':>9} {'ours (s)':>10} {'import coco (s)':>16} {'faster':>8} {'its check (s)':>14}")
    with tempfile.TemporaryDirectory() as folder:
        file, made = Path(folder, "coco.json"), Path(folder, "tasks.json")
        for boxes in sizes:
            file.write_bytes(orjson.dumps(dataset(boxes)))
            predictions = from_coco(file, config=config)
            assert set(predictions.table["status"]) == {"ready"}
            judged = [{"result": results, "score": predictions.scores[i]} for i, results in predictions.results.items()]
            assert all(interface.validate_prediction(one) for one in judged)
            ours = best_of(3, lambda: from_coco(file, config=config))
            with contextlib.redirect_stdout(io.StringIO()):
                sdk = best_of(3, lambda: convert_coco_to_ls(str(file), str(made), out_type="predictions"))
            check = best_of(3, lambda judged=judged: [interface.validate_prediction(one) for one in judged])
            print(f"{boxes:>9,} {ours:>10.3f} {sdk:>16.3f} {sdk / ours:>8.2f} {check:>14.3f}")


def answers_and_spans(n: int) -> None:
    chance = random.Random(0)
    asked = LabelConfig.text("text").choices("mood", ["up", "down"])
    moods = [chance.choice(["up", "down"]) for _ in range(n)]
    table = pd.DataFrame({"item": [str(one) for one in range(n)], "mood": moods})
    table = table.assign(mood_score=[chance.random() for _ in range(n)])
    marked = LabelConfig.text("text").labels("entity", ["PER", "LOC"])
    texts = {str(one): "Ana Bo went to Rome with Eva and saw the old city of Paris" for one in range(n // PER_PICTURE)}
    spans = {
        item: [
            {"entity_group": chance.choice(["PER", "LOC"]), "score": chance.random(), "start": at, "end": at + 3}
            for at in range(0, 10 * PER_PICTURE, 10)
        ]
        for item in texts
    }
    for name, work in (
        ("answers", lambda: from_answers(table, config=asked)),
        ("spans", lambda: from_spans(spans, config=marked, texts=texts)),
    ):
        assert set(work().table["status"]) == {"ready"}
        print(f"{n / best_of(3, work):>9,.0f} {name} a second, of {n:,}")


if __name__ == "__main__":
    logging.disable()
    sizes = [int(given) for given in sys.argv[1:]] or [10_000, 100_000]
    main(sizes)
    answers_and_spans(max(sizes))
