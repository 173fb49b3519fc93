"""A file written whole, a safe name from a text of others, the system's errors as sentences that name the file.

Objects elsewhere, such as ``gs://bucket/prefix``, are opened by whoever said that it can open their scheme.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import platform
import re
import secrets
import shutil
import stat
import time
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Literal, TextIO, overload
from urllib.parse import unquote

from lsnb.errors import FileAccessError, InputError, LsnbError, MissingFileError
from lsnb.kernel.runtime import unmounted_drive
from lsnb.kernel.words import closest, warn

# What stands at the end of a name that had to change, so that no other text comes to the same.
_MARK = re.compile(r"~[0-9a-f]{12}$")
_UNSAFE = frozenset('<>:"/\\|?*')
# Control characters, directions of writing and other invisible ones, halves of pairs, and ends of lines.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE | re.DOTALL)
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_NAME_BYTES = 160
_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_MANY = frozenset({errno.EMFILE, errno.ENFILE})
# Some file systems, such as a mounted drive in Colab, cannot be asked to put a file on the disk at once.
_NO_SYNC = frozenset({errno.EINVAL, errno.ENOSYS, getattr(errno, "ENOTSUP", errno.EINVAL), errno.EROFS})
_DAY = 86_400
Doing = Literal["read", "opened", "written"]


@overload
def whole_file(
    path: str | os.PathLike[str],
    mode: Literal["wb"] = "wb",
    *,
    permissions: int | None = None,
    parents: bool = False,
    durable: bool = True,
) -> contextlib.AbstractContextManager[BinaryIO]: ...


@overload
def whole_file(
    path: str | os.PathLike[str],
    mode: Literal["w"],
    *,
    encoding: str = "utf-8",
    newline: str | None = None,
    permissions: int | None = None,
    parents: bool = False,
    durable: bool = True,
) -> contextlib.AbstractContextManager[TextIO]: ...


def whole_file(
    path: str | os.PathLike[str],
    mode: Literal["w", "wb"] = "wb",
    *,
    encoding: str = "utf-8",
    newline: str | None = None,
    permissions: int | None = None,
    parents: bool = False,
    durable: bool = True,
) -> contextlib.AbstractContextManager[Any]:
    """Return a file to write to that takes its place when the block ends well: readers see the old one or the new one.

    It is written under a name of its own beside the place, which no one can know before and no link leads from. When
    the block fails or is interrupted, or the disk is full, what was there stays and nothing else is left.

    Args:
        path: Where the file goes; one that is there is replaced, and a link in its place, too, not what it leads to.
        mode: ``"wb"`` for bytes, ``"w"`` for text.
        encoding: Of a text.
        newline: As ``open`` takes it.
        permissions: Such as ``0o600``. By default those of the file that is replaced, or what ``open`` gives a new one.
        parents: Whether to make the folder, too.
        durable: Whether to wait until the disk holds it. Leave it out for what is made again in a moment.

    Raises:
        FileAccessError: It cannot be written; the sentence names the file.
        InputError: The path holds a character that no path has.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "deep", "note.txt")
        >>> with whole_file(path, "w", parents=True) as file:
        ...     _ = file.write("whole")
        >>> path.read_text(), [each.name for each in path.parent.iterdir()]
        ('whole', ['note.txt'])
    """
    how: dict[str, Any] = {} if mode == "wb" else {"encoding": encoding, "newline": newline}
    return _whole_file(Path(path), mode, how, permissions, parents, durable)


def _beside(target: Path) -> Path:
    """Return where something is written until it takes its place."""
    if not target.name:
        raise FileAccessError(f"{str(target)!r} is a folder: name the file or folder to write in it, too.")
    return target.with_name(_part_name())


@contextlib.contextmanager
def _whole_file(
    target: Path, mode: str, how: dict[str, Any], permissions: int | None, parents: bool, durable: bool
) -> Iterator[IO[Any]]:
    temporary = _beside(target)
    with file_errors(target, "written", own=temporary):
        before = _replaced(target)
        if parents:
            target.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(temporary, flags, 0o666 if permissions is None else permissions)
        try:
            with os.fdopen(descriptor, mode, **how) as file:
                yield file
                if not file.closed:
                    file.flush()
                    _keep_permissions(file.fileno(), permissions, before)
                    if durable:
                        _sync(file.fileno())
            temporary.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise


def free_path(path: str | os.PathLike[str]) -> Path:
    """Return a path at which nothing is yet: the one given, or with a number before its ending.

    Args:
        path: The path wanted.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "saved.zip")
        >>> free_path(path).name, path.write_bytes(b""), free_path(path).name
        ('saved.zip', 0, 'saved-2.zip')
    """
    target = Path(path)
    names = (target.with_name(f"{target.stem}-{number}{target.suffix}") for number in itertools.count(2))
    with file_errors(target):
        return target if not os.path.lexists(target) else next(name for name in names if not os.path.lexists(name))


def move_to_free(file: Path, path: str | os.PathLike[str]) -> Path:
    """Give a file its name, or the next one with a number where something is, and return it: nothing is replaced.

    Also where another process does the same at this moment.

    Args:
        file: The file, on the same disk.
        path: The path wanted.

    Raises:
        FileAccessError: It cannot be written there; the file stays where it is.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for text in ("one", "two"):
        ...     _ = Path(folder, "new").write_text(text)
        ...     print(move_to_free(folder / "new", folder / "saved.zip").name)
        saved.zip
        saved-2.zip
        >>> Path(folder, "saved.zip").read_text()
        'one'
    """
    while True:
        target = free_path(path)
        with file_errors(target, "written"):
            try:
                os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            file.replace(target)
            return target


@contextlib.contextmanager
def whole_file_at(
    path: str | os.PathLike[str], *, permissions: int | None = None, parents: bool = False, durable: bool = True
) -> Iterator[Path]:
    """Give a path to write to, for a library that takes no open file; what it wrote then takes the file's place.

    As ``whole_file`` does it. The path lies in a folder that only the user can look into and has the file's own name,
    so that its ending says to the library what to write.

    Args:
        path: Where the file goes; one that is there is replaced.
        permissions: As for ``whole_file``.
        parents: Whether to make the folder, too.
        durable: As for ``whole_file``.

    Yields:
        Where to write. It does not exist yet.

    Raises:
        FileAccessError: It cannot be written, or nothing was.
        InputError: The path holds a character that no path has.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with whole_file_at(folder / "table.csv") as path:
        ...     _ = path.write_text("whole")
        >>> [(each.name, each.read_text()) for each in folder.iterdir()]
        [('table.csv', 'whole')]
    """
    target = Path(path)
    room = _beside(target)
    with file_errors(target, "written", own=room):
        before = _replaced(target)
        if parents:
            target.parent.mkdir(parents=True, exist_ok=True)
        room.mkdir(mode=0o700)
        try:
            part = room / target.name
            yield part
            descriptor = os.open(part, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
            try:
                _keep_permissions(descriptor, permissions, before)
                if durable:
                    _sync(descriptor)
            finally:
                os.close(descriptor)
            part.replace(target)
        finally:
            shutil.rmtree(room, ignore_errors=True)


@contextlib.contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a folder to write to; when the block ends well, what lies in it takes its place in another.

    What the other folder holds already stays, but for files of the same name, which are replaced. When the block
    fails, nothing of it is there.

    Args:
        path: The folder, which need not exist.

    Yields:
        Where to write: an empty folder beside it, that only the user can look into.

    Raises:
        FileAccessError: It cannot be written.
        InputError: The path holds a character that no path has.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp(), "set")
        >>> with whole_folder(folder) as room:
        ...     _ = write_whole(room / "labels" / "1.txt", "0", parents=True, durable=False)
        >>> [each.relative_to(folder).as_posix() for each in files_in(folder, lambda path: True)]
        ['labels/1.txt']
    """
    target = Path(path)
    room = _beside(target)
    with file_errors(target, "written", own=room):
        target.parent.mkdir(parents=True, exist_ok=True)
        room.mkdir(mode=0o700)
        try:
            yield room
            target.mkdir(exist_ok=True)
            for file in sorted(room.rglob("*")):
                place = target / file.relative_to(room)
                if file.is_dir():
                    place.mkdir(exist_ok=True)
                else:
                    _replaced(place)
                    file.replace(place)
        finally:
            shutil.rmtree(room, ignore_errors=True)


def write_whole(
    path: str | os.PathLike[str],
    data: bytes | str,
    *,
    permissions: int | None = None,
    parents: bool = False,
    durable: bool = True,
) -> Path:
    r"""Write a file whole or not at all, and return its path.

    Args:
        path: Where it goes; as for ``whole_file``.
        data: Its content; a text becomes UTF-8 as it is, line ends too.
        permissions: As for ``whole_file``.
        parents: Whether to make the folder, too.
        durable: As for ``whole_file``.

    Raises:
        FileAccessError: As for ``whole_file``.

    Example:
        >>> import tempfile
        >>> write_whole(Path(tempfile.mkdtemp(), "a.txt"), "é\n").read_bytes()
        b'\xc3\xa9\n'
    """
    with whole_file(path, permissions=permissions, parents=parents, durable=durable) as file:
        file.write(data.encode() if isinstance(data, str) else data)
    return Path(path)


def remove_leavings(folder: Path) -> None:
    """Take away what runs that were killed while they wrote left in a folder; what is being written stays.

    Args:
        folder: Where ``whole_file`` and ``whole_file_at`` wrote.
    """
    with contextlib.suppress(OSError):
        for path in folder.glob(".lsnb-*.part"):
            with contextlib.suppress(OSError):
                if _is_left(path):
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _part_name() -> str:
    return f".lsnb-{_computer()}-{os.getpid()}-{secrets.token_hex(8)}.part"


def _computer() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _is_left(path: Path) -> bool:
    _, computer, process, *_ = [*path.name.split("-"), "", ""]
    if computer == _computer() and process.isdecimal() and os.name == "posix":
        try:
            os.kill(int(process), 0)
        except (ProcessLookupError, OverflowError):
            return True
        except PermissionError:
            return False
        return False
    return time.time() - path.lstat().st_mtime > _DAY


def _replaced(target: Path) -> os.stat_result | None:
    """Return what is known of the plain file that will be replaced, or None where there is none."""
    try:
        now = target.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    if stat.S_ISDIR(now.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if not stat.S_ISREG(now.st_mode):
        # A pipe or a device would be taken away from the computer.
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), str(target))
    if target.is_symlink():
        return None
    if not os.access(target, os.W_OK):
        # The folder's permissions would do; but a file that may not be written to is not to be taken away either.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    return now


def refuse_no_file(path: Path) -> None:
    """Raise the system's error for what is no plain file, where reading may never end: a device, or a named pipe.

    What a shell hands over as a handle of our own (``<(…)``, ``/dev/stdin``) is read: whoever started us writes there.
    A pipe that lies in a folder may be anybody's, and keeps waiting who opens it.

    Args:
        path: What will be read; nothing may be there.

    Raises:
        OSError: With ``ENODEV``.
    """
    if os.fspath(path.absolute()).startswith(("/dev/fd/", "/dev/stdin", "/proc/self/fd/")):
        return
    try:
        kind = path.stat().st_mode
    except (OSError, ValueError):
        return  # opening it says what is wrong
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), os.fspath(path))


def _keep_permissions(descriptor: int, permissions: int | None, before: os.stat_result | None) -> None:
    if os.name != "posix":
        return
    if permissions is not None:
        os.fchmod(descriptor, permissions)
    elif before is not None:
        with contextlib.suppress(OSError):
            if os.fstat(descriptor).st_gid != before.st_gid:
                os.fchown(descriptor, -1, before.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(before.st_mode) & 0o777)


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


@contextlib.contextmanager
def file_errors(path: str | os.PathLike[str], doing: Doing = "read", *, own: Path | None = None) -> Iterator[None]:
    """Turn the system's errors about files into a sentence that names the file; those of a connection pass.

    Args:
        path: The file, as the user knows it.
        doing: What was being done to it.
        own: A name under which it is being written, that nobody should see.

    Raises:
        FileAccessError: In place of an ``OSError``; where that names another file, the sentence does, too.
        InputError: The path holds a character that no path has.

    Example:
        >>> with file_errors("notes.txt"):
        ...     raise PermissionError(13, "Permission denied")
        Traceback (most recent call last):
        ...
        lsnb.errors.FileAccessError: notes.txt cannot be read: you have no permission. Change its permissions, or ...
    """
    if "\0" in os.fspath(path):
        raise InputError(f"{os.fspath(path)!r} holds a character that no path has: give another name.")
    if doing == "written" and (why := unmounted_drive(path)):
        raise FileAccessError(f"{os.fspath(path)} cannot be written: {why}", errno.ENOENT)
    try:
        yield
    except OSError as error:
        if isinstance(error, LsnbError) or error.errno is None or isinstance(error, ConnectionError | TimeoutError):
            raise
        other = _other_file(error, Path(path), own)
        said = file_sentence(error, path, doing) if other is None else file_sentence(error, other, "opened")
        raise FileAccessError(said, error.errno) from None


@contextlib.contextmanager
def unforeseen_errors() -> Iterator[None]:
    """Turn what the system says of a file into a sentence, where whoever opened it did not; for the doors of a package.

    An error that names no file passes, but where too many are open: then it is no matter which it was.

    Raises:
        FileAccessError: In place of an ``OSError``.

    Example:
        >>> with unforeseen_errors():
        ...     open("/proc/nowhere/x")
        Traceback (most recent call last):
        ...
        lsnb.errors.FileAccessError: /proc/nowhere/x cannot be opened: it is not there. Check its name.
    """
    try:
        yield
    except OSError as error:
        is_named = isinstance(error.filename, str | bytes) and error.errno is not None
        if isinstance(error, LsnbError) or not (is_named or error.errno in _MANY):
            raise
        said = file_sentence(error, os.fsdecode(error.filename) if is_named else "What this needs", "opened")
        raise FileAccessError(said, error.errno) from error


def _other_file(error: OSError, path: Path, own: Path | None) -> Path | None:
    """Return the file that an error is about, or None where that is the path, a folder of it, or nothing."""
    path, own = path.absolute(), own.absolute() if own else None
    for name in (error.filename, error.filename2):
        each = Path(os.fsdecode(name)).absolute() if isinstance(name, str | bytes) else path
        if each not in (path, *path.parents) and (own is None or own not in (each, *each.parents)):
            return Path(os.fsdecode(name))
    return None


def file_sentence(error: OSError, path: str | os.PathLike[str], doing: Doing = "read") -> str:
    """Return what the system said of a file as a sentence that names the file and says what to do.

    Args:
        error: What the system raised.
        path: The file, as the user knows it.
        doing: What was being done to it.

    Example:
        >>> file_sentence(OSError(28, "No space left on device"), "out/table.csv", "written")
        'out/table.csv cannot be written: the disk is full. Free some space there, or choose another folder.'
    """
    text = os.fspath(path)
    shown = text if len(text) <= 300 else f"{text[:140]} … {text[-140:]}"
    code = error.errno
    writes = doing == "written"
    elsewhere = "choose another folder" if writes else "copy it to a folder of yours"
    if code in (errno.EACCES, errno.EPERM):
        too = " or its folder's" if writes else ""
        why = f"you have no permission. Change its permissions{too}, or {elsewhere}."
    elif code == errno.EROFS:
        why = "the disk can only be read. Choose another folder."
    elif code in _FULL:
        why = "the disk is full. Free some space there, or choose another folder."
    elif code == errno.EFBIG:
        why = "the disk, or a limit on this computer, takes no file so large. Choose another folder."
    elif code in _MANY:
        why = (
            "too many files are open at once. Close other notebooks and restart this one, or raise the limit "
            "with 'ulimit -n'."
        )
    elif code == errno.ENAMETOOLONG:
        why = "its name is too long. Choose a shorter one."
    elif code == errno.EISDIR:
        why = "it is a folder. Name a file in it."
    elif code == errno.EEXIST:
        why = "a file is where the folder belongs. Give another folder."
    elif code == errno.ENODEV:
        why = "it is no plain file. Give another name."
    elif code in (errno.ENOENT, errno.ENOTDIR):
        folder = Path(path).parent
        why = f"its folder {folder} is not there. Make it first." if writes else "it is not there. Check its name."
        if code == errno.ENOTDIR:
            why = "what should be its folder is a file. Check the path."
    elif code == errno.ELOOP:
        why = "its links go round in a circle. Give the file itself."
    else:
        why = f"the system says '{error.strerror or error}'. Check the disk, or {elsewhere}."
    return f"{shown} cannot be {doing}: {why}"


def safe_name(text: str, *, limit: int = _NAME_BYTES, marked: bool = True) -> str:
    """Return a text of others as the name of a file or folder, the same for the same text.

    A name that every computer takes stays as it is. Otherwise what cannot stay becomes ``_``, and ``~`` with twelve
    digits of the text's SHA-256 comes before the ending, so that different texts have different names. Upper and lower
    case stay, though some computers take ``A`` and ``a`` for one file.

    Args:
        text: An annotator's name, an item, an id from a server.
        limit: How many bytes of UTF-8 it may have, 32 or more.
        marked: Whether names that had to change are marked as said; not where the caller tells names apart, or where
            what comes out may come in again: without marks a safe name is its own safe name.

    Example:
        >>> safe_name("Ana Müller"), safe_name("trial.mp4")
        ('Ana Müller', 'trial.mp4')
        >>> safe_name("../../etc"), safe_name("a/b.mp4"), safe_name("NUL")
        ('_.._etc~74ccf3c5b4c1', 'a_b~b0a066fc4862.mp4', '_NUL~ae6de1827cfc')
        >>> safe_name("who? 1:2", marked=False)
        'who_ 1_2'
    """
    kept = "".join(
        "_" if letter in _UNSAFE or unicodedata.category(letter) in _INVISIBLE else letter
        for letter in unicodedata.normalize("NFC", text)
    )
    while kept != (bare := kept.strip().strip(".")):
        kept = bare
    if not kept or kept.startswith("~") or _RESERVED.fullmatch(kept):
        kept = f"_{kept}"
    fits = len(kept.encode()) <= limit
    if fits and (not marked or (kept == text and not _MARK.search(_parted(kept)[0]))):
        return kept
    mark = f"~{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}" if marked else ""
    stem, ending = _parted(kept)
    room = max(1, limit - len(mark) - len(ending))
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + mark + ending


def _parted(name: str) -> tuple[str, str]:
    ending = _ENDING.search(name)
    return (name[: ending.start()], ending[0]) if ending and ending.start() else (name, "")


def is_there(path: str | os.PathLike[str]) -> bool:
    """Return whether something is at a path; what no file can be called, or may not be looked at, is not there.

    Args:
        path: Perhaps from a table of others; ``Path.exists`` raises for a name that is too long.

    Example:
        >>> is_there("."), is_there("x" * 5000)
        (True, False)
    """
    return os.path.exists(path)  # noqa: PTH110


def named_path(given: str | os.PathLike[str]) -> Path:
    """Return the path that somebody names, its ``~`` opened; perhaps nothing is there.

    Args:
        given: What is named.

    Raises:
        MissingFileError: Nobody of the name after ``~`` has a home, or no file can be called so, as where what is in a
            file was given.

    Example:
        >>> named_path('[{"id": 1}]' * 500)
        Traceback (most recent call last):
        ...
        lsnb.errors.MissingFileError: There is no file '[{"id": 1}]...…: the name is too long for one. Give the path ...
    """
    path, shown = Path(given), repr(os.fspath(given))
    shown = shown if len(shown) <= 60 else f"{shown[:57]}…"
    try:
        path = path.expanduser()
        path.stat()
    except RuntimeError:
        raise MissingFileError(f"There is no file {shown}: nobody of that name has a home folder here.") from None
    except ValueError:
        pass  # a null byte, which whoever opens it refuses
    except OSError as error:  # most often there is nothing yet, which is for the caller to say
        if error.errno == errno.ENAMETOOLONG:
            raise MissingFileError(
                f"There is no file {shown}: the name is too long for one. Give the path of a file, not what is in it."
            ) from None
    return path


def given_file(given: object, argument: str, one: str, hint: str = "Check its spelling and folder.") -> Path:
    """Return the path of a file that somebody names, its ``~`` opened.

    Args:
        given: What is named.
        argument: How the caller calls it.
        one: What it is one of, as "picture".
        hint: What helps where there is none.

    Raises:
        InputError: It is no path, or a folder.
        MissingFileError: There is no such file.
    """
    if not isinstance(given, (str, os.PathLike)) or not str(given).strip():
        raise InputError(f"{argument} is {given!r}: give the path of one {one}.")
    path = Path(os.fspath(given))
    try:
        path = path.expanduser()
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, RuntimeError):  # a name longer than any file's; a ~ of somebody who has no home here
        is_folder = is_file = False
    if is_folder:
        raise InputError(f"{path} is a folder: give the path of one {one}.")
    if not is_file:
        raise MissingFileError(f"There is no {one} {given}. {hint}")
    return path


class Known:
    """What paths there are, looked up by those that are near to one that is not: many rows may ask.

    Args:
        paths: With slashes.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = list(paths)
        self._alike: tuple[dict[str, list[str]], ...] = ({}, {}, {}, {})
        for path in self.paths:
            for by, key in zip(self._alike, _keys(path), strict=True):
                by.setdefault(key, []).append(path)

    def nearest(self, path: str) -> str | None:
        """Return the nearest path, None where none is near."""
        folded, stem, name, name_stem = _keys(path)
        whole, stems, names, name_stems = self._alike
        below = (one for one in names.get(name, ()) if _is_below(_folded(one), folded))
        below_stem = (one for one in name_stems.get(name_stem, ()) if _is_below(_stem(_folded(one)), stem))
        for near in (whole.get(folded, ()), stems.get(stem, ()), below, below_stem):
            found = min(near, key=len, default=None)
            if found is not None:
                return found
        if len(self.paths) > _MOST_COMPARED:
            return None
        # Names that differ in a number are of different things.
        alike = [one for one in self.paths if _DIGIT.findall(one) == _DIGIT.findall(path)]
        # Of a folder and the zip that it was packed into, that which ends as what is looked for.
        ending = os.path.splitext(path)[1]  # noqa: PTH122
        spelt = {_stem(one): one for one in sorted(alike, key=lambda one: os.path.splitext(one)[1] == ending)}  # noqa: PTH122
        return spelt.get(closest(_stem(path), spelt, _ALIKE) or "")


def _keys(path: str) -> tuple[str, str, str, str]:
    folded = _folded(path)
    name = folded.rpartition("/")[2]
    return folded, _stem(folded), name, _stem(name)


def _is_below(one: str, other: str) -> bool:
    """Return whether two paths are one but for the folders before it."""
    return one.endswith(f"/{other}") or other.endswith(f"/{one}")


def nearest_path(path: str, paths: Known | Iterable[str]) -> str:
    """Return ``" Did you mean 'photos/a.jpg'?"`` where one of the paths is near to one that is not there, else nothing.

    Near is first the same in another case or Unicode form, then the same with another ending, then with folders more or
    less before it, then one that is spelt much alike.

    Args:
        path: What is not there, with slashes.
        paths: What is.

    Example:
        >>> there = ["export/photos/a.JPG", "export/photos/b.png"]
        >>> nearest_path("export/photos/a.jpg", there), nearest_path("photos/b.png", there)
        (" Did you mean 'export/photos/a.JPG'?", " Did you mean 'export/photos/b.png'?")
        >>> nearest_path("export/photos/b.jpg", there), nearest_path("notes", there)
        (" Did you mean 'export/photos/b.png'?", '')
        >>> nearest_path("foto", ["fotos", "fotos.zip"]), nearest_path("foto.zip", ["fotos.zip", "fotos"])
        (" Did you mean 'fotos'?", " Did you mean 'fotos.zip'?")
    """
    near = (paths if isinstance(paths, Known) else Known(paths)).nearest(path)
    return f" Did you mean {near!r}?" if near is not None else ""


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path.replace("\\", "/")).casefold()


def _stem(path: str) -> str:
    return os.path.splitext(path)[0]  # noqa: PTH122


# How alike two names must be spelt; comparing many takes long.
_DIGIT = re.compile(r"\d")
_ALIKE = 0.75
_MOST_COMPARED = 100


def nearest_file(path: str | os.PathLike[str]) -> str:
    """Return ``" Did you mean '…'?"`` where a file or folder is near to a path at which nothing is, else nothing.

    Where it is on a Google Drive that is not mounted, that is said instead.

    Args:
        path: A path at which nothing is.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "Photo.JPG").write_text("")
        >>> nearest_file(folder / "photo.jpg") == f" Did you mean {str(folder / 'Photo.JPG')!r}?"
        True
    """
    if why := unmounted_drive(path):
        return f" {why}"
    wanted = Path(path)
    # A table that was made on Windows.
    if "\\" in str(wanted) and is_there(other := Path(str(wanted).replace("\\", "/"))):
        return f" Did you mean {str(other)!r}?"
    below: tuple[str, ...] = ()
    # The deepest folder that is there; what is below it is not called so.
    while not _is_folder(wanted.parent) and wanted.parent != wanted:
        wanted, below = wanted.parent, (wanted.name, *below)
    names = _names_in(wanted.parent)
    near = names.nearest(wanted.name)
    if near is not None and near != wanted.name:  # else a file stands where a folder is meant
        found = wanted.parent.joinpath(near, *below)
        return f" Did you mean {str(found)!r}?" if is_there(found) else nearest_file(found)
    # A folder too many on the way, or one too few, as when what was packed had one on top.
    others = [wanted.parent.joinpath(*below)] if below else []
    others += [wanted.parent.joinpath(name, wanted.name, *below) for name in names.paths[:_MOST_COMPARED]]
    return next((f" Did you mean {str(found)!r}?" for found in others if is_there(found)), "")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _names_in(folder: Path) -> Known:
    try:
        return _listed_names(str(folder), folder.stat().st_mtime_ns)
    except (OSError, ValueError):
        return Known(())


@lru_cache(maxsize=16)
def _listed_names(folder: str, changed: int) -> Known:
    with os.scandir(folder) as entries:
        return Known(sorted(entry.name for entry in itertools.islice(entries, 50_000)))


def stray_link(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> tuple[Path, str] | None:
    """Return the first link on the way from a folder to a path in it that leads out of the folder or nowhere, or None.

    Others may have made the folder, and put a link to a private file into it: who sends its files on must not follow.

    Args:
        path: The folder's own path with something joined to it.
        folder: It may itself be a link.

    Returns:
        The link, and a sentence that says where it leads and what to do.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "a.jpg").symlink_to("/etc/passwd")
        >>> stray_link(folder / "a.jpg", folder)[1].partition(" is ")[2]
        'a link to something outside the folder, and is not followed: put the file itself there, or leave it out.'
    """
    here = os.fspath(folder)
    for part in Path(path).relative_to(folder).parts:
        here = os.path.join(here, part)  # noqa: PTH118  a Path for each part of ten thousand costs more than the look
        if not os.path.islink(here):  # noqa: PTH114
            continue
        real = Path(os.path.realpath(here))
        why = None
        if not real.is_relative_to(os.path.realpath(folder)):
            why = "a link to something outside the folder, and is not followed"
        elif not real.exists():
            why = "a link that leads nowhere"
        if why:
            return Path(here), f"{Path(here)} is {why}: put the file itself there, or leave it out."
    return None


def files_in(folder: str | os.PathLike[str], is_wanted: Callable[[Path], bool], *, deep: bool = True) -> list[Path]:
    """Return the wanted files of a folder and its subfolders, sorted; a link out of the folder is left out, and said.

    Args:
        folder: Its path.
        is_wanted: Told a path inside the folder, whether such a file counts.
        deep: Whether to look into its subfolders.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "a.txt").write_text(""), (folder / "b.jpg").write_text("")
        >>> [path.name for path in files_in(folder, lambda path: path.suffix == ".txt")]
        ['a.txt']
    """
    root = Path(folder)
    found, strayed = [], []
    for path in sorted(root.rglob("*") if deep else root.glob("*")):
        inside = path.relative_to(root)
        if path.is_symlink() and (stray := stray_link(path, root)) is not None:
            if is_wanted(inside) or path.is_dir():
                strayed.append(stray[1])
        elif is_wanted(inside) and path.is_file():
            found.append(path)
    if strayed:
        more = f" So it is with {len(strayed) - 1} more." if len(strayed) > 1 else ""
        warn(f"Not everything in {root} was taken. {strayed[0]}{more}")
    return found


def path_inside(folder: str | os.PathLike[str], *parts: str | os.PathLike[str]) -> Path:
    """Return a path in a folder, having made sure that it does not lead out of it, by ``..`` or by a link.

    Args:
        folder: The folder, which need not exist.
        parts: What to join to it.

    Raises:
        InputError: It would lie elsewhere.

    Example:
        >>> path_inside("frames", "trial", "img1.png").as_posix()
        'frames/trial/img1.png'
        >>> path_inside("frames", "../secret")
        Traceback (most recent call last):
        ...
        lsnb.errors.InputError: '../secret' would lie outside the folder frames: give a name that stays inside it.
    """
    path = Path(folder, *parts)
    said = "/".join(os.fspath(part) for part in parts)
    try:
        whole = "\0" not in str(path) and path.resolve().is_relative_to(Path(folder).resolve())
    except (OSError, RuntimeError):  # links in a circle
        whole = False
    if not whole:
        raise InputError(f"{said!r} would lie outside the folder {folder}: give a name that stays inside it.")
    return path


Opener = Callable[[str], Iterator[tuple[str, bytes]]]
_openers: dict[str, Opener] = {}


def is_address(place: object) -> bool:
    """Return whether a place is an address such as ``gs://bucket/prefix``, rather than a path.

    Example:
        >>> is_address("gs://bucket/answers"), is_address("answers/7")
        (True, False)
    """
    return isinstance(place, str) and place.partition("://")[0] in _openers and "://" in place


def how_to_fetch(address: str) -> str:
    """Return how somebody gets the file at an address onto this computer, as the end of a sentence.

    Args:
        address: A web address, ``gs://bucket/name``, or any other.

    Example:
        >>> how_to_fetch("gs://mine/a.mp4")
        "download it first, with lsnb.open_bucket('mine').download('gs://mine/a.mp4', 'lsnb-work')."
        >>> how_to_fetch("https://example.org/a%20b.mp4?key=1")
        "download it first, with urllib.request.urlretrieve(address, 'a b.mp4')."
    """
    scheme, _, rest = address.partition("://")
    if scheme.lower() == "gs":
        bucket = rest.partition("/")[0]
        return f"download it first, with lsnb.open_bucket({bucket!r}).download({address!r}, 'lsnb-work')."
    if scheme.lower() in ("http", "https"):
        name = PurePosixPath(unquote(re.split("[?#]", rest.partition("/")[2])[0])).name or "file"
        return f"download it first, with urllib.request.urlretrieve(address, {name!r})."
    return "download it first."


def open_addresses_with(scheme: str, opener: Opener) -> None:
    """Have addresses of this scheme read by a function that yields each object's name and content.

    Args:
        scheme: ``gs`` of ``gs://bucket/prefix``.
        opener: Address → names and contents of the objects there.
    """
    _openers[scheme] = opener


def objects_at(address: str) -> Iterator[tuple[str, bytes]]:
    """Return the names and contents of the objects at an address for which ``is_address`` holds."""
    return _openers[address.partition("://")[0]](address)


Fetcher = Callable[[str | Sequence[str], Collection[str]], dict[str, tuple[str | None, str | None]]]
_fetchers: dict[str, Fetcher] = {}


def fetch_addresses_with(scheme: str, fetcher: Fetcher) -> None:
    """Have addresses of this scheme fetched by a function that brings objects onto this computer.

    Args:
        scheme: ``gs`` of ``gs://bucket/prefix``.
        fetcher: An address of a folder, or several of objects, and the endings wanted → address → its file here and
            what went wrong, one of them None.
    """
    _fetchers[scheme] = fetcher


def fetched(addresses: str | Sequence[str], endings: Collection[str] = ()) -> dict[str, tuple[str | None, str | None]]:
    """Return the files here of objects elsewhere: address → path, and what went wrong.

    Args:
        addresses: For which ``is_address`` holds: one of a folder, or several of objects, all of one scheme.
        endings: Of a folder, which are wanted.
    """
    first = addresses if isinstance(addresses, str) else addresses[0]
    return _fetchers[first.partition("://")[0]](addresses, endings)
