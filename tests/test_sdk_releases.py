"""The package works with both ends of the SDK's releases: Colab takes the oldest, a new environment the newest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lsnb.stack import Stack

OLDEST = "2.0.16"  # what pip chooses in Colab, where numpy, pandas and Pillow may not move
JOURNEY = """
import sys
import label_studio_sdk, pandas as pd
import lsnb
from lsnb import demo
assert sys.argv[2] in label_studio_sdk.__file__, label_studio_sdk.__file__
bucket = lsnb.open_bucket("local")
folder = sys.argv[1]
table = lsnb.read_table(lsnb.local.demo_images(folder), key="id").head(2)
media = bucket.upload(table, path="path", name="sdk/{id}").table
studio = lsnb.connect("local")
study = studio.create_study("sdk release", demo.demo_config(), media, key="id", annotators=2, bucket=bucket)
assert studio.open_study("sdk release").id == study.id
assert demo.simulate_annotators(study).summary == "4 answered"
annotations = study.annotations()
assert len(annotations) == 8 and set(annotations["status"]) == {"submitted"}, annotations
assert "http" in study.share()
study.delete("sdk release", out=f"{folder}/saved.zip")
print("whole journey")
"""


@pytest.mark.slow
@pytest.mark.parametrize("release", [OLDEST, pytest.param("installed", marks=pytest.mark.exhaustive)])
def test_the_journey_with_this_release_of_the_sdk(release: str, stack: Stack, tmp_path: Path) -> None:
    import uv

    path: list[str] = []
    if release != "installed":
        target = tmp_path / f"sdk-{release}"
        install = [uv.find_uv_bin(), "pip", "install", "-q", "--no-deps", "--target", str(target)]
        subprocess.run([*install, f"label-studio-sdk=={release}"], check=True)
        path = [str(target)]
    code = f"import sys; sys.path[:0] = {path!r}\n{JOURNEY}"
    done = subprocess.run(
        [sys.executable, "-W", "error::FutureWarning", "-c", code, str(tmp_path), path[0] if path else "site-packages"],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip().endswith("whole journey"), done.stderr[-3000:]
