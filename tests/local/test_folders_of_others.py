"""A folder that another user made or may write to: its programs are not run, and its records not believed."""

from __future__ import annotations

import dataclasses
import os
import socket
import sys
from pathlib import Path

import psutil
import pytest

import lsnb
from lsnb.errors import LocalStackError
from lsnb.kernel import runtime
from lsnb.stack import Process, Stack, load_stack, trusted_stack

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its folders have other rights")


def planted(folder: Path) -> Stack:
    stack = Stack(
        url="http://127.0.0.1:1", browser_url="http://127.0.0.1:1", username="a@b.org", endpoint="http://127.0.0.1:2",
        bucket="b", presign=True, folder=str(folder), processes=(Process("front", 1, 0.0, 2),),
    )  # fmt: skip
    stack.save()
    return stack


@pytest.mark.parametrize("mode", [0o777, 0o757, 0o1777])
@pytest.mark.parametrize("variable", ["LSNB_STACK", "LSNB_CACHE"])
def test_a_folder_that_others_may_write_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, variable: str
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o700)
    for name in ("LSNB_STACK", "LSNB_CACHE"):
        monkeypatch.setenv(name, str(mine))
    place = tmp_path / "place"
    place.mkdir()
    place.chmod(mode)
    planted(place)
    monkeypatch.setenv(variable, str(place))
    look = load_stack if variable == "LSNB_STACK" else runtime.cache_folder
    with pytest.raises(LocalStackError, match=r"place can be written to by others.*LSNB_CACHE"):
        look()
    if variable == "LSNB_STACK":
        for verb in (lsnb.local.start, lsnb.local.stop, lsnb.local.status):
            with pytest.raises(LocalStackError, match="set LSNB_CACHE and LSNB_STACK"):
                verb(folder=place)


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(tmp_path)
    monkeypatch.setenv("LSNB_STACK", str(tmp_path))
    if os.getuid() == 0:
        os.chown(tmp_path, 1234, 1234)
    else:
        monkeypatch.setattr(os, "getuid", lambda: 1234)
    with pytest.raises(LocalStackError, match=r"belongs to another user \(number \d+\)"):
        load_stack()


def test_a_folder_of_the_user_and_a_group_of_their_own_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = planted(tmp_path)
    monkeypatch.setenv("LSNB_STACK", str(tmp_path))
    tmp_path.chmod(0o775)
    monkeypatch.setattr(runtime, "_is_own_group", lambda number: True)
    assert load_stack() == made
    monkeypatch.setattr(runtime, "_is_own_group", lambda number: False)
    with pytest.raises(LocalStackError, match="chmod go-w"):
        load_stack()
    tmp_path.chmod(0o755)
    assert load_stack() == made


@pytest.mark.parametrize("field", ["url", "endpoint"])
@pytest.mark.parametrize("host", ["evil.example", "192.0.2.1", "127.0.0.1.evil.example", "127.0.0.1@evil.example"])
def test_a_record_that_leads_to_another_computer_is_not_trusted(tmp_path: Path, field: str, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        mine = Process("front", os.getpid(), psutil.Process().create_time(), port)
        here = f"http://127.0.0.1:{port}"
        sound = dataclasses.replace(planted(tmp_path), url=here, endpoint=here, processes=(mine,))
        sound.save()
        assert trusted_stack(tmp_path) == sound
        dataclasses.replace(sound, **{field: f"http://{host}:{port}"}).save()
        assert trusted_stack(tmp_path) is None
