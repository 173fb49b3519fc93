"""Installing Label Studio: once, whole or not at all, and with a clear sentence when it cannot be."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from lsnb.errors import LocalStackError, MissingExtraError
from lsnb.local.installation import LABEL_STUDIO_VERSION, _prepared, install, require_packages, server_environment


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "cache"
    monkeypatch.setenv("LSNB_CACHE", str(cache))
    return cache


def test_installed_once(capsys: pytest.CaptureFixture[str]) -> None:
    first = install()
    capsys.readouterr()
    assert install() == first
    assert capsys.readouterr() == ("", ""), "quiet when it is there"
    said = subprocess.run(
        [first.python, "-c", "from importlib.metadata import version; print(version('label-studio'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == LABEL_STUDIO_VERSION
    assert not (first.template / ".env").exists(), "each stack signs its sessions with a key of its own"


def test_every_package_is_pinned_and_no_index_is_named() -> None:
    lines = resources.files("lsnb.local").joinpath("label-studio.lock").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    pins = [" ".join(line.split()) for line in text.replace("\\\n", " ").splitlines()]
    assert any(pin.startswith(f"label-studio=={LABEL_STUDIO_VERSION} ") for pin in pins)
    pattern = r"[A-Za-z0-9_.-]+(\[[a-z,]+\])?==[^ ]+( ; .+?)?( --hash=sha256:[0-9a-f]{64})+"
    assert [pin for pin in pins if not re.fullmatch(pattern, pin)] == []


def test_index_that_does_not_answer(empty_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "http://someone:hunter2@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    for variable in ("UV_FIND_LINKS", "UV_EXTRA_INDEX_URL", "UV_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(LocalStackError) as raised:
        install()
    message = str(raised.value)
    assert message.startswith("The package index did not answer while installing packages for Label Studio")
    assert "hunter2" not in message
    log = Path(re.search(r"the log is (.+)\.$", message)[1])
    assert log.is_relative_to(empty_cache)
    assert log.stat().st_mode & 0o077 == 0
    assert "127.0.0.1:9" in log.read_text()
    with pytest.raises(LocalStackError, match="did not answer"):
        install()  # what was half done is not taken for an installation


def test_package_that_is_not_there(empty_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("UV_INDEX_URL", (tmp_path / "index").as_uri())
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.delenv("UV_EXTRA_INDEX_URL", raising=False)
    with pytest.raises(LocalStackError, match=r"could not be installed \(it failed while installing packages\)"):
        install()


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount the small disk this needs")
    try:
        monkeypatch.setenv("LSNB_CACHE", str(small / "cache"))
        with pytest.raises(LocalStackError, match=r"The disk that holds .* is full: free about 1\.2 GB there"):
            install()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("LSNB_CACHE", str(blocked / "cache"))
    with pytest.raises(LocalStackError, match=r"could not write to .*file"):
        install()


def test_missing_packages_are_named_at_once() -> None:
    with pytest.raises(MissingExtraError) as raised:
        require_packages({"json": "json", "lsnb_no_such_a": "package-a", "lsnb_no_such_b": "package-b"})
    assert str(raised.value) == (
        'This needs package-a, package-b, which are not installed: run pip install "lsnb[local]" and try again.'
    )


def test_stack_needs_its_extra_and_says_so(tmp_path: Path) -> None:
    """In an interpreter that sees lsnb and the core, but not the packages of the extra."""
    (tmp_path / "sitecustomize.py").write_text(
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "absent = {'psutil', 'filelock', 'uv'}\n"
        "PathFinder.find_spec = lambda name, *rest: None if name.split('.')[0] in absent else find(name, *rest)\n"
    )
    code = (
        "import lsnb\n"
        "from lsnb.errors import MissingExtraError\n"
        "for call in (lsnb.local.start, lsnb.local.stop, lsnb.local.status):\n"
        "    try: call()\n"
        "    except MissingExtraError as error: print(error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**server_environment(), "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.count('pip install "lsnb[local]"') == 3


def test_server_gets_no_variable_meant_for_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "DEBUG", "HOST", "HTTPS_PROXY", "GOOGLE_APPLICATION_CREDENTIALS", "LABEL_STUDIO_API_KEY"):
        monkeypatch.setenv(name, "1")
    environment = server_environment()
    assert not {"CI", "DEBUG", "HOST", "HTTPS_PROXY", "GOOGLE_APPLICATION_CREDENTIALS"} & set(environment)
    assert environment["COLLECT_ANALYTICS"] == "false"
    assert environment["SENTRY_DSN"] == environment["FRONTEND_SENTRY_DSN"] == ""


@pytest.mark.exhaustive
def test_cut_installation_is_made_anew_by_two_processes_at_once(empty_cache: Path) -> None:
    code = "from lsnb.local.installation import install; print(install().python)"

    def installer() -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)

    cut = installer()
    while not list(empty_cache.glob("label-studio-*.partial/environment/bin/label-studio")):
        assert cut.poll() is None
    cut.kill()
    cut.communicate()
    installers = [installer() for _ in range(2)]
    said = [process.communicate(timeout=600)[0].splitlines()[-1] for process in installers]
    assert [process.returncode for process in installers] == [0, 0]
    assert said[0] == said[1] == str(install().python)
    assert len(list(empty_cache.glob("label-studio-*"))) == 1
    # For another Python, whose installation has another name, the database that is there is copied.
    other = next(empty_cache.glob("label-studio-*"))
    other.rename(other.with_name(f"{other.name}-of-another-python"))
    again = installer()
    assert again.communicate(timeout=600)[0].splitlines()[-1] == said[0]
    databases = [path.read_bytes() for path in empty_cache.glob("label-studio-*/template/label_studio.sqlite3")]
    assert len(databases) == 2
    assert databases[0] == databases[1]


def test_an_empty_database_is_taken_of_the_same_packages_alone(tmp_path: Path) -> None:
    for name, packages, files in (
        ("label-studio-0.1-a", "same", ["label_studio.sqlite3"]),
        (f"label-studio-{LABEL_STUDIO_VERSION}-b", "other", ["label_studio.sqlite3"]),
        (f"label-studio-{LABEL_STUDIO_VERSION}-c", "same", []),
        (f"label-studio-{LABEL_STUDIO_VERSION}-d.12ab.partial", "same", ["label_studio.sqlite3"]),
    ):
        (tmp_path / name / "template").mkdir(parents=True)
        (tmp_path / name / "made-of.txt").write_text(packages)
        for file in files:
            (tmp_path / name / "template" / file).touch()
    assert _prepared(tmp_path, "same") is None
    assert _prepared(tmp_path, "other") == tmp_path / f"label-studio-{LABEL_STUDIO_VERSION}-b" / "template"
