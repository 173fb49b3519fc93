"""Files are whole or not there, names from elsewhere name no path, and the system's errors name the file."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsnb.errors import FileAccessError, InputError
from lsnb.kernel.files import (
    file_errors,
    file_sentence,
    path_inside,
    remove_leavings,
    safe_name,
    whole_file,
    whole_file_at,
    write_whole,
)

WRITERS = ("handle", "path")


def write(how: str, path: Path, text: str, **options: object) -> None:
    if how == "handle":
        with whole_file(path, "w", **options) as file:  # type: ignore[call-overload]
            file.write(text)
    else:
        with whole_file_at(path, **options) as part:  # type: ignore[arg-type]
            part.write_text(text)


def fail_half_way(how: str, path: Path, fault: type[BaseException]) -> None:
    if how == "handle":
        with whole_file(path, "w") as file:
            file.write("half")
            raise fault
    with whole_file_at(path) as part:
        part.write_text("half")
        raise fault


@pytest.mark.parametrize("how", WRITERS)
def test_what_was_there_stays_when_the_block_fails_or_is_interrupted(how: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    for fault in (ValueError, KeyboardInterrupt, SystemExit):
        with pytest.raises(fault):
            fail_half_way(how, path, fault)
    assert [each.name for each in tmp_path.iterdir()] == ["table.csv"]
    assert path.read_text() == "old"


@pytest.mark.parametrize("how", WRITERS)
def test_a_library_may_leave_the_file_closed_or_its_folder_absent(how: str, tmp_path: Path) -> None:
    write(how, tmp_path / "a" / "b.txt", "x", parents=True)
    assert (tmp_path / "a" / "b.txt").read_text() == "x"
    with whole_file(tmp_path / "c", "w") as file:
        file.write("y")
        file.close()
    assert (tmp_path / "c").read_text() == "y"
    with pytest.raises(FileAccessError, match="absent is not there"):
        write(how, tmp_path / "absent" / "b.txt", "x")


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.parametrize("how", WRITERS)
def test_permissions_are_those_a_user_expects(how: str, tmp_path: Path) -> None:
    def of(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    before = os.umask(0o027)
    try:
        write(how, tmp_path / "new", "x")
        assert of(tmp_path / "new") == 0o640
        (tmp_path / "new").chmod(0o604)
        write(how, tmp_path / "new", "y")
        assert of(tmp_path / "new") == 0o604
        write(how, tmp_path / "key", "x", permissions=0o600)
        assert of(tmp_path / "key") == 0o600
        (tmp_path / "key").chmod(0o666)
        write(how, tmp_path / "key", "x", permissions=0o600)
        assert of(tmp_path / "key") == 0o600
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="links are made freely on POSIX alone")
@pytest.mark.parametrize("how", WRITERS)
def test_no_link_is_followed_neither_at_the_place_nor_at_a_temporary_name(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("precious")
    shared = tmp_path / "shared"
    shared.mkdir()
    old_names = ["a.csv.part", ".a.csv.part", "a.part", f"a.{os.getpid()}.tmp", ".a.csv.part.csv", "a.csv"]
    for name in old_names:
        (shared / name).symlink_to(theirs)
    write(how, shared / "a.csv", "mine")
    assert theirs.read_text() == "precious"
    assert not (shared / "a.csv").is_symlink()
    assert (shared / "a.csv").read_text() == "mine"
    # Even who knows the name, since it is made to be known here, gains nothing.
    monkeypatch.setattr("lsnb.kernel.files.secrets.token_hex", lambda n: "0" * 2 * n)
    from lsnb.kernel.files import _part_name

    (shared / _part_name()).symlink_to(theirs)
    with pytest.raises(FileAccessError, match=r"a\.csv cannot be written"):
        write(how, shared / "a.csv", "again")
    assert (theirs.read_text(), (shared / "a.csv").read_text()) == ("precious", "mine")


@pytest.mark.parametrize("how", WRITERS)
def test_folders_pipes_and_devices_are_left_where_they_are(how: str, tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="it is a folder"):
        write(how, tmp_path, "x")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileAccessError, match="no plain file"):
        write(how, tmp_path / "pipe", "x")
    with pytest.raises(FileAccessError, match="no plain file"):
        write(how, Path("/dev/full"), "x")
    with pytest.raises(InputError, match="no path has"):
        write(how, tmp_path / "a\0b", "x")
    with pytest.raises(FileAccessError, match="name is too long"):
        write(how, tmp_path / ("x" * 300), "x")
    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_is_not_to_be_written_to_is_not_replaced(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "old").chmod(0o444)
    with pytest.raises(FileAccessError, match="no permission"):
        write_whole(tmp_path / "a", "new")


def run(script: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("how", WRITERS)
def test_a_disk_that_takes_no_more_leaves_the_old_file(how: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    done = run(
        """
        import resource, signal, sys
        from lsnb.errors import FileAccessError
        from lsnb.kernel.files import whole_file, whole_file_at
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        try:
            if sys.argv[2] == "handle":
                with whole_file(sys.argv[1]) as file:
                    file.write(bytes(100_000))
            else:
                with whole_file_at(sys.argv[1]) as part:
                    part.write_bytes(bytes(100_000))
        except FileAccessError as error:
            print(error)
        """,
        path,
        how,
    )
    assert f"{path} cannot be written: " in done.stdout, done.stderr
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["table.csv"]


ROUNDS = 60


def _write_again(path: str, letter: str, how: str) -> None:
    for _ in range(ROUNDS):
        write(how, Path(path), f"{letter * 200_000}\n", durable=False)


@pytest.mark.parametrize("how", WRITERS)
def test_three_processes_on_one_table_never_show_half_of_it(how: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write_again, args=(str(path), letter, how)) for letter in "abc"]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        if path.exists():
            text = path.read_text()
            assert text == f"{text[0] * 200_000}\n"
            seen.add(text[0])
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert seen
    assert [each.name for each in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize("how", WRITERS)
def test_what_a_killed_run_left_is_taken_away_and_what_a_running_one_writes_is_not(how: str, tmp_path: Path) -> None:
    killed = run(
        """
        import os, signal, sys
        from lsnb.kernel.files import whole_file, whole_file_at
        with (whole_file if sys.argv[2] == "handle" else whole_file_at)(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        tmp_path / "a",
        how,
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    with whole_file(tmp_path / "b") as file:
        file.write(b"b")
        remove_leavings(tmp_path)
        assert len(list(tmp_path.iterdir())) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["b"]


def test_too_many_open_files_name_the_file(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = os.open(tmp_path, os.O_RDONLY)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (held, hard))
        with pytest.raises(FileAccessError, match=r"a\.csv cannot be written: too many files") as caught:
            write_whole(tmp_path / "a.csv", "x")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(held)
    assert caught.value.errno == errno.EMFILE


def test_errors_name_the_file_that_they_are_about_and_those_of_connections_pass(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="other cannot be opened: it is not there"), whole_file(tmp_path / "a"):
        (tmp_path / "other").read_bytes()
    with pytest.raises(ConnectionResetError), whole_file(tmp_path / "a"):
        raise ConnectionResetError(errno.ECONNRESET, "reset")
    with pytest.raises(FileAccessError, match="there cannot be read: it is not there"), file_errors(tmp_path / "there"):
        (tmp_path / "there").read_bytes()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", sorted(errno.errorcode))
@pytest.mark.parametrize("doing", ["read", "opened", "written"])
def test_every_error_is_sentences_with_the_file_in_them(code: int, doing: str) -> None:
    said = file_sentence(OSError(code, os.strerror(code)), "a/b.csv", doing)  # type: ignore[arg-type]
    assert said.startswith(f"a/b.csv cannot be {doing}: ")
    assert said.endswith(".")
    assert "None" not in said


HOSTILE = ["", ".", "..", "../../x", "/etc/passwd", "C:\\x", "a\0b", "CON", "nul.txt", "LPT1 .txt", "a.", "a ", " a"]
HOSTILE += ["~root", "\u202egpj.exe", "x" * 1000, "😀" * 100, "a" * 300 + ".mp4", "\ud800", "e\u0301", "a\nb", "-rf"]


@given(st.text() | st.sampled_from(HOSTILE) | st.text(alphabet="./\\~:_ aA0é\u202e\0"))
def test_a_name_from_elsewhere_is_one_part_that_every_computer_takes(text: str) -> None:
    name = safe_name(text)
    assert name == safe_name(text)
    assert 0 < len(name.encode()) <= 160
    assert not set(name) & set('<>:"/\\|?*')
    assert name not in (".", "..")
    assert name[0] not in ".~ "
    assert name[-1] not in ". "
    assert name.isprintable() or "\u00a0" in name or any(letter.isspace() for letter in name)
    assert (Path("/base") / name).parent == Path("/base")
    assert name.partition(".")[0].strip().upper() not in {"CON", "NUL", "LPT1"}


@given(st.lists(st.text(alphabet="./_~ ab:"), min_size=2, max_size=2, unique=True))
def test_two_texts_never_have_one_name(texts: list[str]) -> None:
    first, second = texts
    assert safe_name(first) != safe_name(second)
    # Nor does who writes the other's name as theirs.
    assert safe_name(safe_name(first)) != safe_name(first) or safe_name(first) == first


def test_every_hostile_name_can_be_made_and_stays_inside(tmp_path: Path) -> None:
    for text in HOSTILE:
        write_whole(path_inside(tmp_path, safe_name(text)), text.encode("utf-8", "surrogatepass"))
    assert len(list(tmp_path.iterdir())) == len(HOSTILE)


def test_a_path_that_leads_out_by_dots_or_a_link_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path)
    for name in ("../x", "/etc/passwd", "link/x", "a/../../x", "a\0"):
        with pytest.raises(InputError, match="outside the folder"):
            path_inside(inside, name)
    assert path_inside(inside, "a", "b.txt") == inside / "a" / "b.txt"
