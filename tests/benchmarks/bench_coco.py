"""Long table to COCO, against the SDK's converter, on the same export.

Run by hand: ``python tests/benchmarks/bench_coco.py [regions ...]`` (20,000 by default). Prints seconds of this
process, the best of three, of ``write_table`` from a long table with raw results, of ``read_annotations`` before it,
and of the converter from the export; and the ratio of ``write_table`` to the converter.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from bench_annotations import CONFIG, best_of, write

from lsnb.annotations import read_annotations, write_table


def main(sizes: list[int]) -> None:
    from label_studio_sdk.converter import Converter

    with tempfile.TemporaryDirectory() as folder:
        for regions in sizes:
            path, out = Path(folder, "export.json"), Path(folder, "coco")
            write(path, regions)
            table = read_annotations(path, raw=True)
            ours = best_of(3, lambda table=table: write_table(table, Path(folder, "a.coco.json")))
            reading = best_of(3, lambda path=path: read_annotations(path, raw=True))
            converter = Converter(CONFIG, folder, download_resources=False)
            convert = partial(converter.convert_to_coco, str(path), str(out), is_dir=False)
            theirs = best_of(3, convert)
            print(
                f"{regions:,} regions: write_table {ours:.2f} s, read_annotations {reading:.2f} s, the SDK's converter "
                f"{theirs:.2f} s; write_table takes {ours / theirs:.2f} times the converter, with reading "
                f"{(ours + reading) / theirs:.2f} times",
                flush=True,
            )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [20_000])
