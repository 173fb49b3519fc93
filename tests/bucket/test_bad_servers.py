"""Uploads to a server that misbehaves: every object is whole, every row says what happened, requests are bounded."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from small_store import BUCKET, Handler, SmallStore, answer, checksum, cut, garble, lose
from upload_tools import upload

from lsnb.bucket import Bucket, open_bucket_at, uploading, wire
from lsnb.bucket.wire import Cancelled, Patience
from lsnb.errors import (
    BucketForbiddenError,
    BucketNotFoundError,
    BucketUnreachableError,
    PartialFailureError,
)

MakeTable = Callable[..., pd.DataFrame]
MOST_TRIES = Patience().attempts


def assert_whole(store: SmallStore, table: pd.DataFrame) -> None:
    """Every object in the store is one of the table's files, with all its bytes."""
    wanted = {f"{row.user}/{row.id}{Path(row.path).suffix}": Path(row.path) for row in table.itertuples()}
    for name, item in list(store.items.items()):
        assert item.data == wanted[name].read_bytes()
        assert item.crc32c == checksum(item.data)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_twice_refused_then_accepted(store: SmallStore, small: Bucket, make_table: MakeTable, status: int) -> None:
    table = make_table()
    store.acts["upload", "ana/001.jpg"] = [answer(status), answer(status)]
    made = upload(small, table)
    assert list(made["status"]) == ["uploaded"] * 3
    assert store.count("upload", "ana/001.jpg") == 3
    assert store.count("upload") == 5
    assert_whole(store, table)


def test_rate_limit_said_as_403_is_tried_again(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    store.acts["upload", "ana/001.jpg"] = [answer(403, "rateLimitExceeded")]
    assert list(upload(small, make_table())["status"]) == ["uploaded"] * 3


def test_retry_after_is_kept_and_bounded(store: SmallStore, make_table: MakeTable, patience: Patience) -> None:
    waits: list[float] = []

    def pause(cancel: threading.Event, seconds: float) -> None:
        waits.append(seconds)

    bucket = open_bucket_at(BUCKET, endpoint=store.endpoint, patience=Patience(clock=patience.clock, pause=pause))
    store.acts["upload", "ana/000.jpg"] = [answer(429, Retry_After="7"), answer(429, Retry_After="86400")]
    assert list(upload(bucket, make_table(1))["status"]) == ["uploaded"]
    assert waits[0] == 7.0
    assert waits[1] == patience.longest_wait


def test_503_for_ever_is_one_failed_row(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(5)
    store.always["upload", "ana/002.jpg"] = answer(503)
    report = small.upload(table, path="path", name="{user}/{id}", progress=False)
    assert list(report.table["status"]) == ["uploaded", "uploaded", "failed", "uploaded", "uploaded"]
    assert "503" in report.table["error"][2]
    assert pd.isna(report.table["uri"][2])
    assert store.count("upload", "ana/002.jpg") <= MOST_TRIES
    assert_whole(store, table)
    with pytest.raises(PartialFailureError, match="1 of 5 files failed"):
        report.raise_for_failures()


def test_deadline_ends_the_tries(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    store.always["upload", "ana/000.jpg"] = answer(503)
    assert list(upload(small, make_table(1), deadline=1.0)["status"]) == ["failed"]
    # Waits of 0.2 to 0.4, 0.4 to 0.8, …: at most three fit into a second.
    assert 2 <= store.count("upload") <= 4


def test_service_away_for_all_does_not_multiply_requests(
    store: SmallStore, small: Bucket, make_table: MakeTable
) -> None:
    table = make_table(80, size=50)
    for name in table["id"]:
        store.always["upload", f"ana/{name}.jpg"] = answer(503)
    made = upload(small, table, workers=4, deadline=2.0)
    assert set(made["status"]) == {"failed"}
    tried = made["error"].str.contains("answered 503").sum() - made["error"].str.startswith("Not tried").sum()
    assert tried < 30
    assert store.count("upload") <= tried * 5


def test_connection_cut_in_the_body(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(size=3_000_000)
    store.acts["upload", "ana/001.jpg"] = [cut, cut]
    made = upload(small, table)
    assert list(made["status"]) == ["uploaded"] * 3
    assert store.count("upload", "ana/001.jpg") == 3
    assert_whole(store, table)


def test_lost_reply_counts_as_uploaded(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table()
    store.acts["upload", "ana/001.jpg"] = [lose]
    generation = store.generation
    made = upload(small, table)
    assert list(made["status"]) == ["uploaded"] * 3
    assert store.count("look", "ana/001.jpg") >= 1
    assert store.generation == generation + 3, "the object must not be written twice"
    assert_whole(store, table)


def test_other_bytes_that_came_meanwhile_are_left(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table()

    def somebody_else(handler: object, asked: object) -> bool:
        store.put("ana/001.jpg", b"theirs")
        return False

    store.acts["upload", "ana/001.jpg"] = [somebody_else]
    made = upload(small, table)
    assert list(made["status"]) == ["uploaded", "changed", "uploaded"]
    assert store.items["ana/001.jpg"].data == b"theirs"
    # Replacing is guarded by the generation that was seen.
    store.acts["upload", "ana/001.jpg"] = [somebody_else]
    made = upload(small, table, overwrite="changed")
    assert list(made["status"]) == ["exists", "failed", "exists"]
    assert "at the same time" in made["error"][1]
    made = upload(small, table, overwrite="changed")
    assert list(made["status"]) == ["exists", "uploaded", "exists"]
    assert_whole(store, table)


def test_garbled_object_is_taken_out(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table()
    store.acts["upload", "ana/001.jpg"] = [garble]
    made = upload(small, table)
    assert list(made["status"]) == ["uploaded", "failed", "uploaded"]
    assert "ana/001.jpg" not in store.items
    assert list(upload(small, table)["status"]) == ["exists", "uploaded", "exists"]


def test_403_on_one_object(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table()
    store.always["upload", "ana/001.jpg"] = answer(
        403, "forbidden", "a@b.c does not have storage.objects.create access to the object."
    )
    made = upload(small, table)
    assert list(made["status"]) == ["uploaded", "failed", "uploaded"]
    assert "storage.objects.create" in made["error"][1]
    assert "roles/storage.objectAdmin" in made["error"][1]
    assert store.count("upload", "ana/001.jpg") == 1


def test_the_fault_is_told_not_that_others_were_stopped_by_it() -> None:
    cancel, others = threading.Event(), queue.SimpleQueue[threading.Thread]()

    def fail() -> None:
        other = others.get()
        cancel.set()
        other.join()
        raise ValueError("the fault")

    def stop() -> None:
        others.put(threading.current_thread())
        cancel.wait()
        raise Cancelled

    with pytest.raises(ValueError, match="the fault"):
        list(wire.run_parallel(lambda job: job(), [fail, stop], workers=2, cancel=cancel))


def test_server_gone(make_table: MakeTable, patience: Patience) -> None:
    gone = SmallStore()
    bucket = open_bucket_at(BUCKET, endpoint=gone.endpoint, patience=patience)
    gone.end()
    with pytest.raises(BucketUnreachableError, match="nothing accepts connections") as caught:
        upload(bucket, make_table())
    assert caught.value.__cause__ is None
    with pytest.raises(BucketUnreachableError):
        open_bucket_at(BUCKET, endpoint=gone.endpoint, patience=patience)


def test_server_that_is_off_on_this_computer_is_not_waited_for(
    make_table: MakeTable, patience: Patience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsnb.bucket.wire.random.uniform", lambda low, high: high)
    waits: list[list[float]] = []

    def pause(cancel: threading.Event, seconds: float) -> None:
        # The pauses of one request grow; an upload makes two.
        if not waits or seconds <= waits[-1][-1]:
            waits.append([])
        waits[-1].append(seconds)
        patience.pause(cancel, seconds)

    gone = SmallStore()
    bucket = open_bucket_at(BUCKET, endpoint=gone.endpoint, patience=Patience(clock=patience.clock, pause=pause))
    gone.end()
    for ask in (
        lambda: bucket.cors,
        lambda: bucket.allow_origins("https://a.org"),
        lambda: upload(bucket, make_table(1), progress=False),
    ):
        waits.clear()
        with pytest.raises(BucketUnreachableError, match="nothing accepts connections"):
            ask()
        # A pause may begin before the two seconds are over and end after them; none begins later.
        assert waits
        assert all(sum(pauses[:-1]) < 2.0 for pauses in waits)


def test_server_that_goes_off_under_a_large_file(
    store: SmallStore, make_table: MakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library, which sends those, is told as well."""
    monkeypatch.setattr(uploading, "LARGE", 9_000_000)
    bucket = open_bucket_at(BUCKET, endpoint=store.endpoint, patience=Patience(refused=0.0))

    def go_off(handler: Handler, asked: object) -> bool:
        store.end()
        handler.drop()
        return True

    store.acts["begin", "ana/000.jpg"] = [go_off]
    made = upload(bucket, make_table(1, size=9_500_000), deadline=20.0)
    assert list(made["status"]) == ["failed"]
    assert "nothing accepts connections" in made["error"][0]


def test_listing_forbidden_is_one_sentence(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    store.forbidden["list"] = "storage.objects.list"
    with pytest.raises(BucketForbiddenError, match=r"storage\.objects\.list .* roles/storage\.objectAdmin"):
        upload(small, make_table(12))
    assert store.count("upload") == 0


def test_opening(store: SmallStore, patience: Patience) -> None:
    with pytest.raises(BucketNotFoundError, match="No bucket 'medai'"):
        open_bucket_at("medai", endpoint=store.endpoint, patience=patience)
    store.forbidden["bucket"] = "storage.buckets.get"
    # An account that may only use the objects opens the bucket all the same.
    bucket = open_bucket_at(f"gs://{BUCKET}/", endpoint=store.endpoint, patience=patience)
    with pytest.raises(BucketForbiddenError, match=r"storage\.buckets\.get"):
        bucket.allow_origins(["https://a.org"])
    store.forbidden["list"] = "storage.objects.list"
    with pytest.raises(BucketForbiddenError, match=r"storage\.objects\.list"):
        open_bucket_at(BUCKET, endpoint=store.endpoint, patience=patience)


def test_file_that_changes_while_it_is_sent(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(12)

    def grow(asked: object) -> None:
        # The files have been looked at, or will be, whole; by the first upload at the latest one has grown.
        if getattr(asked, "kind", "") == "upload" and getattr(asked, "name", "") == "ana/000.jpg":
            with Path(table["path"][11]).open("ab") as file:
                file.write(b"more")

    store.watch = grow
    made = upload(small, table, workers=1)
    assert list(made["status"]) == ["uploaded"] * 11 + ["failed"]
    assert "changed while it was being uploaded" in made["error"][11]
    assert "ana/011.jpg" not in store.items
    store.watch = lambda asked: None
    assert list(upload(small, table)["status"]) == ["exists"] * 11 + ["uploaded"]
    assert_whole(store, table)


def test_file_that_vanishes(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(12)

    def vanish(asked: object) -> None:
        if getattr(asked, "kind", "") == "upload":
            Path(table["path"][11]).unlink(missing_ok=True)

    store.watch = vanish
    made = upload(small, table, workers=1)
    assert list(made["status"]) == ["uploaded"] * 11 + ["missing"]
    assert "No file" in made["error"][11]


def test_large_file_goes_in_chunks(
    store: SmallStore, small: Bucket, make_table: MakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "LARGE", 9_000_000)
    monkeypatch.setattr(uploading, "CHUNK", 4 * 1024 * 1024)
    table = make_table(2, size=9_500_000)
    store.acts["chunk", "ana/001.jpg"] = [lose]
    made = upload(small, table)
    assert list(made["status"]) == ["uploaded"] * 2
    assert store.count("upload") == 0
    assert store.count("chunk", "ana/000.jpg") == 3
    assert_whole(store, table)
    store.log.clear()
    assert list(upload(small, table)["status"]) == ["exists"] * 2
    assert store.count("begin") == 0


def test_large_file_that_is_there_already_in_other_bytes(
    store: SmallStore, small: Bucket, make_table: MakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "LARGE", 9_000_000)
    monkeypatch.setattr(uploading, "CHUNK", 4 * 1024 * 1024)
    table = make_table(1, size=9_500_000)
    store.acts["chunk", "ana/000.jpg"] = [lambda handler, asked: bool(store.put("ana/000.jpg", b"x")) and False]
    made = upload(small, table)
    assert list(made["status"]) == ["changed"]
    assert store.items["ana/000.jpg"].data == b"x"


def test_second_run_sends_no_body(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(40, size=2000)
    upload(small, table)
    store.log.clear()
    made = upload(small, table)
    assert list(made["status"]) == ["exists"] * 40
    assert sum(asked.size for asked in store.log) == 0
    assert {asked.kind for asked in store.log} == {"list"}
    assert len(store.log) == 1


def test_shared_bucket_is_not_listed_to_its_end(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(20, size=10)
    for number in range(9000):
        store.put(f"ana/005-theirs-{number:05}", b"")
    upload(small, table)
    store.log.clear()
    made = upload(small, table)
    assert list(made["status"]) == ["exists"] * 20
    assert store.count("list") == 2
    assert store.count("look") == 15


def test_overwrite_changed_and_always(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table()
    store.put("ana/000.jpg", b"old")
    store.put("ana/001.jpg", Path(table["path"][1]).read_bytes())
    made = upload(small, table)
    assert list(made["status"]) == ["changed", "exists", "uploaded"]
    assert made["uri"].isna().tolist() == [True, False, False], "the object there is another file"
    assert 'overwrite="changed"' in made["error"][0]
    assert store.items["ana/000.jpg"].data == b"old"
    assert list(upload(small, table, overwrite="changed")["status"]) == ["uploaded", "exists", "exists"]
    assert list(upload(small, table, overwrite="always")["status"]) == ["uploaded"] * 3
    assert_whole(store, table)


def test_killed_half_way_then_finished(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(30, size=300_000)
    table.to_csv(csv := Path(table["path"][0]).parent / "table.csv", index=False)
    half_way, killed = threading.Event(), threading.Event()

    def hold(asked: object) -> None:
        if store.count("upload") > 12:
            half_way.set()
            killed.wait(60)

    store.watch = hold
    program = (
        "import sys, pandas as pd\n"
        "from lsnb.bucket import open_bucket_at\n"
        "table = pd.read_csv(sys.argv[1], dtype=str)\n"
        f"bucket = open_bucket_at({BUCKET!r}, endpoint=sys.argv[2])\n"
        "bucket.upload(table, path='path', name='{user}/{id}', workers=4, progress=False)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(csv), store.endpoint]) as child:
        assert half_way.wait(60)
        child.kill()
    killed.set()
    store.watch = lambda asked: None
    assert 0 < len(store.items) < 30
    assert_whole(store, table)
    made = upload(small, table)
    assert set(made["status"]) == {"uploaded", "exists"}
    assert len(store.items) == 30
    assert_whole(store, table)


def test_interrupt_leaves_what_the_same_call_finishes(
    store: SmallStore, small: Bucket, make_table: MakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "GRACE", 0.1)
    table = make_table(30)
    over = threading.Event()

    def interrupt(asked: object) -> None:
        if store.count("upload") == 10:
            os.kill(os.getpid(), signal.SIGINT)
        if store.count("upload") >= 10:
            over.wait(60)

    store.watch = interrupt
    with pytest.raises(KeyboardInterrupt):
        upload(small, table, workers=4)
    store.watch = lambda asked: None
    over.set()
    tried = store.count("upload")
    assert tried < 30
    assert_whole(store, table)
    assert len(upload(small, table)) == 30
    assert len(store.items) == 30
    assert_whole(store, table)


@pytest.mark.parametrize(
    "key",
    ["ya29.a0AfH6SMB-ECHOED_x", "-----BEGIN RSA PRIVATE KEY-----ECHOED", "0123456789abcdef0123456789abcdefECA0ED00"],
)
def test_a_key_that_cloud_storage_repeats_is_masked(
    store: SmallStore, small: Bucket, make_table: MakeTable, key: str
) -> None:
    store.always["upload", "ana/001.jpg"] = answer(400, "invalid", f"Bad header: Authorization: Bearer {key}")
    report = small.upload(make_table(), path="path", name="{user}/{id}", progress=False)
    failed = str(report.table["error"][1])
    assert "It says: Bad header" in failed
    for shown in (failed, repr(report), report._repr_html_(), report.table.to_csv()):
        assert key not in shown
        assert "ECHOED" not in shown
    with pytest.raises(PartialFailureError) as caught:
        report.raise_for_failures()
    assert key not in str(caught.value)
