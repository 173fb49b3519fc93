"""A computer that gives few file handles or threads makes an upload slower, not wrong."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from small_store import BUCKET, SmallStore

import lsnb
from lsnb.bucket import Bucket
from lsnb.bucket.wire import run_parallel
from lsnb.kernel.jobs import affordable_workers

SCRIPT = """
import resource, sys, threading
import pandas as pd
from lsnb.bucket import open_bucket_at
bucket = open_bucket_at(sys.argv[1], endpoint=sys.argv[2])
if sys.argv[4] == "handles":
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
else:
    threading.stack_size(1 << 30)
    held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + (int(sys.argv[4]) << 30) + (1 << 29),) * 2)
report = bucket.upload_folder(sys.argv[3], workers=64, progress=False)
print(report.summary)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are set as Linux has them")
@pytest.mark.parametrize("limit", ["handles", "3", "0"])
def test_300_files_by_64_workers_arrive_where_handles_or_threads_are_few(
    limit: str, store: SmallStore, make_table: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    make_table(300)
    command = [sys.executable, "-c", SCRIPT, BUCKET, store.endpoint, str(tmp_path), limit]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.stdout == "300 uploaded\n", done.stderr
    assert len(store.items) == 300


def test_jobs_are_done_here_where_no_thread_can_be_had(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for is_quick in (True, False):
        done = run_parallel(lambda n: n * n, range(20), workers=8, cancel=threading.Event(), is_quick=is_quick)
        assert sorted(done) == [n * n for n in range(20)]
    # Arrow takes threads for tables of some length.
    lsnb.write_table(pd.DataFrame({"text": ["x"] * 2000, "n": range(2000)}), tmp_path / "long.parquet")
    with pytest.raises(ZeroDivisionError):
        list(run_parallel(lambda n: 1 // n, [1, 0, 2], workers=8, cancel=threading.Event()))


def test_as_many_workers_as_wanted_where_handles_are_plenty(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1_048_576, 1_048_576))
    assert affordable_workers(64) == 64
    monkeypatch.setattr(resource, "getrlimit", lambda which: (8, 8))
    assert affordable_workers(64) == 1


def test_a_file_that_cannot_be_opened_is_named_in_its_row(small: Bucket, tmp_path: Path) -> None:
    (tmp_path / "ring.jpg").symlink_to(tmp_path / "ring.jpg")
    table = pd.DataFrame({"path": [str(tmp_path / "ring.jpg"), str(tmp_path / ("x" * 300))]})
    with pytest.warns(UserWarning, match=r"ring\.jpg cannot be read: its links go round in a circle"):
        report = small.upload(table, path="path", name="{stem}", progress=False)
    assert "its name is too long" in report.table["error"][1]
