"""Where the embedded stack's record is, and what is said when it cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lsnb.errors import LocalStackError
from lsnb.kernel import runtime
from lsnb.stack import FILE_NAME, Process, Stack, load_stack

PROCESS = Process("front", 4711, 1.5, 8080)
FIELDS = {"url": "http://127.0.0.1:1", "browser_url": "http://127.0.0.1:1", "username": "a@b.c", "endpoint": "http://e"}


def a_stack(folder: Path) -> Stack:
    return Stack(
        **FIELDS, bucket="b", presign=True, folder=str(folder), processes=(PROCESS,), api_key="key", password="pass"
    )


def test_what_is_saved_is_loaded_by_its_owner_alone(tmp_path: Path) -> None:
    assert load_stack(tmp_path) is None
    stack = a_stack(tmp_path / "stack")
    for _ in range(2):
        stack.save()
    assert load_stack(tmp_path / "stack") == stack
    assert (tmp_path / "stack" / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert "key" not in repr(stack).replace("api_key", "")
    assert "pass" not in repr(stack)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"processes": [3]}', json.dumps({**FIELDS, "processes": []}), "\xff"]
)
def test_a_damaged_record_gets_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(content.encode("latin-1"))
    with pytest.raises(LocalStackError, match="is damaged: run 'lsnb up'"):
        load_stack(tmp_path)


def test_a_folder_that_is_none_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LSNB_STACK", str(tmp_path / "file"))
    with pytest.raises(LocalStackError, match=r"stack\.json cannot be read \(Not a directory\): set LSNB_STACK"):
        load_stack()
    monkeypatch.setenv("LSNB_STACK", "a" * 300)
    with pytest.raises(LocalStackError, match=r"cannot be read \(File name too long\)"):
        load_stack()
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(LocalStackError, match=r"cannot be read \(Is a directory\)"):
        load_stack(tmp_path)


def test_the_folders_can_be_moved_to_homes_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, folder in (("LSNB_STACK", runtime.stack_folder), ("LSNB_CACHE", runtime.cache_folder)):
        monkeypatch.setenv(variable, "~/lsnb")
        assert folder() == Path.home() / "lsnb"
        monkeypatch.setenv(variable, "~nobody-called-so/lsnb")
        with pytest.raises(LocalStackError, match=f"{variable} is '~nobody-called-so/lsnb', and nobody of that name"):
            folder()
        monkeypatch.setenv(variable, "")
        assert "lsnb" in str(folder())
