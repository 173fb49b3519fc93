"""The command line says what a person needs, and one sentence when something is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lsnb import local
from lsnb.stack import Stack

LSNB = [sys.executable, "-c", "from lsnb.cli import main; main()"]


def lsnb(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LSNB, *arguments],
        env={**os.environ, "LSNB_STACK": str(folder), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.slow
def test_up_and_status_say_how_to_go_on(own: Stack, own_folder: Path) -> None:
    up = lsnb("up", folder=own_folder)
    assert (up.returncode, up.stderr) == (0, "")
    for needed in (own.browser_url, own.username, own.bucket, "lsnb status --show-password", "lsnb down"):
        assert needed in up.stdout
    assert own.password not in up.stdout
    status = lsnb("status", folder=own_folder)
    assert "The stack runs" in status.stdout
    assert own.password not in status.stdout
    assert own.password in lsnb("status", "--show-password", folder=own_folder).stdout
    for secret in (own.api_key, "PRIVATE KEY"):
        assert secret not in up.stdout + status.stdout


def test_down_keeps_the_data_unless_told_to_delete_it(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    (folder / "objects").mkdir(parents=True)
    down = lsnb("down", folder=folder)
    assert (down.returncode, down.stdout) == (0, "Stopped; projects and media are kept.\n")
    assert (folder / "objects").exists()
    assert "is stopped: start it with 'lsnb up'" in lsnb("status", folder=folder).stdout
    assert lsnb("down", "--delete-data", folder=folder).stdout == "Stopped; its data is deleted.\n"
    assert not folder.exists()


def test_error_is_one_sentence_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = lsnb("up", folder=tmp_path / "file" / "stack")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith("lsnb: The system could not write to ")
    assert said.stderr.count("\n") == 1


def test_unknown_command_and_no_command_show_the_way(tmp_path: Path) -> None:
    assert lsnb("upp", folder=tmp_path).returncode == 2
    shown = lsnb(folder=tmp_path)
    assert "demo" in shown.stdout + shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_interrupt_is_one_line_and_130(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    running = subprocess.Popen(
        [*LSNB, "up"], env={**os.environ, "LSNB_STACK": str(folder)}, stderr=subprocess.PIPE, text=True
    )
    while not (folder / "stack.json").exists():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (130, "lsnb: interrupted; run the same command again to go on.\n")
    assert local.status(folder=folder).processes == ()
