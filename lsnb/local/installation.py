"""Label Studio in an environment of its own, installed once and kept in the cache folder.

Its pins would fight the user's packages, so it never shares an environment with them. Beside it lies a
migrated, empty database: a new stack starts from a copy of that in seconds instead of half a minute.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources, util
from pathlib import Path

from lsnb.errors import FileAccessError, LocalStackError, LsnbError, MissingExtraError
from lsnb.kernel.runtime import cache_folder

LABEL_STUDIO_VERSION = "1.23.2"
DATABASE = "label_studio.sqlite3"

_LOCK_FILE = "label-studio.lock"
_MADE_OF = "made-of.txt"  # which packages an installation was made of: those of another Python have the same database
_NEEDED_BYTES = 1_200_000_000
_NEEDED_MODULES = {
    "aiohttp": "aiohttp",
    "cryptography": "cryptography",
    "filelock": "filelock",
    "psutil": "psutil",
    "uv": "uv",
}
_QUIET = {
    "COLLECT_ANALYTICS": "false",
    "FRONTEND_SENTRY_DSN": "",
    "LATEST_VERSION_CHECK": "false",
    "SENTRY_DSN": "",
}
_INHERITED = (
    "COMSPEC",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "PATH",
    "PATHEXT",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "WINDIR",
)


@dataclass(frozen=True)
class Installation:
    """An installed Label Studio.

    Args:
        python: The interpreter of its environment.
        template: A folder that holds a migrated database without any user.
    """

    python: Path
    template: Path


def require_packages(modules: dict[str, str] | None = None) -> None:
    """Check that the packages of the ``[local]`` extra are here.

    Args:
        modules: Module name → package name; those of the embedded stack by default.

    Raises:
        MissingExtraError: Names what is missing and how to get it.
    """
    needed = _NEEDED_MODULES if modules is None else modules
    missing = [package for module, package in needed.items() if util.find_spec(module) is None]
    if missing:
        raise MissingExtraError(
            f"This needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed: "
            'run pip install "lsnb[local]" and try again.'
        )


def server_environment() -> dict[str, str]:
    """Return a small environment for Label Studio, with nothing in it that reports to anyone.

    The user's own variables stay out: a ``CI``, ``DEBUG``, ``HOST``, proxy or Google credential meant for
    something else would change how the server runs.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, **_QUIET, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def install() -> Installation:
    """Install Label Studio unless it is there, and return where it is.

    Two processes at once make one installation; one that was cut half way is made anew.

    Raises:
        MissingExtraError: A package of the ``[local]`` extra is missing.
        LocalStackError: The installation failed; the message says where its log is.
    """
    require_packages()
    from filelock import FileLock

    root = _root()
    if _is_complete(root):
        return _at(root)
    log = cache_folder().resolve() / "logs" / "install-label-studio.log"
    with explain_disk_errors(root, log):
        locks = cache_folder() / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(locks / "install.lock"):
            if not _is_complete(root):
                _install(root, log)
    return _at(root)


@contextlib.contextmanager
def explain_disk_errors(folder: Path, log: Path) -> Iterator[None]:
    """Turn a full disk and a missing write permission into a sentence that names the folder.

    Args:
        folder: What is being written to.
        log: The log to point at.

    Raises:
        LocalStackError: In place of the ``OSError`` of the system.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, LsnbError) and not isinstance(error, FileAccessError):
            raise  # some of ours are OSErrors too
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
            raise LocalStackError(_full_disk(folder, log)) from None
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise LocalStackError(
                f"No permission to write to {error.filename or folder}: give yourself write access to it, or set "
                "LSNB_CACHE and LSNB_STACK to folders of your own."
            ) from None
        if isinstance(error, FileAccessError):
            raise LocalStackError(f"{error} The log is {log}.") from None
        raise LocalStackError(
            f"The system could not write to {error.filename or folder} ({error.strerror}); the log is {log}."
        ) from None


def _full_disk(folder: Path, log: Path) -> str:
    return (
        f"The disk that holds {folder} is full: free about {_NEEDED_BYTES / 1e9:.1f} GB there, or move it with "
        f"LSNB_CACHE and LSNB_STACK, and run it again; the log is {log}."
    )


def _pins() -> bytes:
    return resources.files("lsnb.local").joinpath(_LOCK_FILE).read_bytes()


def _root() -> Path:
    content = _pins() + f"{sys.base_prefix} {sys.version_info[:3]}".encode()
    digest = hashlib.sha256(content).hexdigest()[:10]
    return cache_folder().resolve() / f"label-studio-{LABEL_STUDIO_VERSION}-{digest}"


def _prepared(cache: Path, packages: str) -> Path | None:
    """Return the empty database that an installation of the same packages for another Python has made."""
    for about in sorted(cache.glob(f"label-studio-{LABEL_STUDIO_VERSION}-*/{_MADE_OF}")):
        template = about.parent / "template"
        if not about.parent.name.endswith(".partial") and (template / DATABASE).is_file():
            with contextlib.suppress(OSError):
                if about.read_text(encoding="ascii", errors="replace") == packages:
                    return template
    return None


def _is_complete(root: Path) -> bool:
    # The interpreter is a link to the user's own Python, which may have been removed since.
    return _at(root).python.exists()


def _at(root: Path) -> Installation:
    scripts = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    return Installation(python=root / "environment" / scripts, template=root / "template")


def _install(root: Path, log: Path) -> None:
    # Made beside its place and renamed when whole: what a killed call left, which its children may still be
    # writing to, is never in the way. We hold the lock, so every partial folder is such a rest or our own.
    shutil.rmtree(root, ignore_errors=True)
    partial = root.with_name(f"{root.name}.{secrets.token_hex(4)}.partial")
    partial.mkdir(parents=True)
    try:
        _fill(partial, log, shown=root)
        partial.rename(root)
    finally:
        for left in root.parent.glob("*.partial"):
            shutil.rmtree(left, ignore_errors=True)


def _fill(root: Path, log: Path, *, shown: Path) -> None:
    import uv
    from tqdm.auto import tqdm

    if shutil.disk_usage(root).free < _NEEDED_BYTES:
        raise LocalStackError(_full_disk(shown, log))
    installation = _at(root)
    log.unlink(missing_ok=True)
    tool = uv.find_uv_bin()
    tool_environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX")
    }
    environment, home = root / "environment", root / "home"
    home.mkdir()
    with resources.as_file(resources.files("lsnb.local").joinpath(_LOCK_FILE)) as lock_file:
        steps: list[tuple[str, list[str], dict[str, str]]] = [
            (
                "making an environment",
                [tool, "venv", "--no-project", "--relocatable", "--python", sys.executable, str(environment)],
                tool_environment,
            ),
            (
                "installing packages",
                [
                    tool,
                    "pip",
                    "install",
                    "--no-deps",
                    "--require-hashes",
                    "--python",
                    str(installation.python),
                    "-r",
                    str(lock_file),
                ],
                tool_environment,
            ),
            (
                "preparing its database",
                [str(installation.python), "-m", "label_studio.server", "version"],
                {
                    **server_environment(),
                    "HOME": str(home),
                    "LABEL_STUDIO_BASE_DATA_DIR": str(installation.template),
                },
            ),
        ]
        tqdm.write(
            f"Installing Label Studio {LABEL_STUDIO_VERSION} in {shown}: one to three minutes, this once (1 GB)."
        )
        packages = hashlib.sha256(_pins()).hexdigest()
        prepared = _prepared(shown.parent, packages)
        if prepared is not None:
            del steps[-1]
            shutil.copytree(prepared, installation.template)
        bar = tqdm(total=len(steps), bar_format="{desc}{bar} {n_fmt}/{total_fmt} [{elapsed}]")
        with bar:
            for title, command, variables in steps:
                bar.set_description(title)
                _run(command, variables, root=root, shown=shown, log=log, title=title, tick=bar.refresh)
                bar.update()
    # A copy must sign its sessions with a key of its own, which the server makes when there is none.
    (installation.template / ".env").unlink(missing_ok=True)
    if not (installation.template / DATABASE).exists():
        raise LocalStackError(f"Label Studio made no database; the log is {log}.")
    (root / _MADE_OF).write_text(packages, encoding="ascii")


def _run(
    command: list[str],
    variables: dict[str, str],
    *,
    root: Path,
    shown: Path,
    log: Path,
    title: str,
    tick: Callable[[], object],
) -> None:
    start = log.stat().st_size if log.exists() else 0
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        try:
            running = subprocess.Popen(
                command, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=root
            )
        except OSError as error:  # so many processes run already, or so little memory is left
            raise LocalStackError(f"{command[0]} cannot be run ({error.strerror}); the log is {log}.") from None
        try:
            while running.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    running.wait(timeout=1.0)
                tick()
        finally:
            # When the user interrupts, nothing may go on writing into what the next call begins anew.
            running.kill()
            running.wait()
    if running.returncode == 0:
        return
    said = log.read_bytes()[start:].decode("utf-8", "replace").lower()
    if "no space left" in said or "disk is full" in said or "quota exceeded" in said:
        raise LocalStackError(_full_disk(shown, log))
    if "permission denied" in said or "read-only file system" in said:
        raise LocalStackError(
            f"No permission to write while {title} for Label Studio in {shown}: set LSNB_CACHE to a folder of "
            f"your own and run it again; the log is {log}."
        )
    if any(word in said for word in ("dns error", "error sending request", "connect error", "timed out")):
        raise LocalStackError(
            f"The package index did not answer while {title} for Label Studio: check the connection and run it "
            f"again; the log is {log}."
        )
    raise LocalStackError(
        f"Label Studio {LABEL_STUDIO_VERSION} could not be installed (it failed while {title}); the log is {log}."
    )
