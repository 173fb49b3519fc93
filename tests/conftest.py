"""One real Label Studio and one real bucket emulator for the whole run, and a real Chromium.

Nothing here reads the credentials of whoever runs the tests.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from moods import CONFIG, texts
from signing_in import sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from lsnb.bucket import Bucket
    from lsnb.stack import Stack
    from lsnb.study import Studio, Study

PRIVATE = (
    "LABEL_STUDIO_URL",
    "LABEL_STUDIO_API_KEY",
    "GCS_BUCKET",
    "GCS_CREDENTIALS",
    "GCS_READ_CREDENTIALS",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "STORAGE_EMULATOR_HOST",
    "LSNB_CREDENTIALS",
)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
_scratch: list[Path] = []


def pytest_configure(config: pytest.Config) -> None:
    # Property tests are about answers, not about how busy the machine is, and ask the same each time: a red run is the
    # change's. New questions are asked where the grids run.
    settings.register_profile(
        "lsnb",
        deadline=None,
        derandomize="not exhaustive" in config.option.markexpr,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    settings.load_profile("lsnb")
    for name in PRIVATE:
        os.environ.pop(name, None)
    os.environ["LSNB_NO_PROMPT"] = "1"
    # Who starts the tests in the background hands on that Ctrl+C is ignored; the tests of interrupts press it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_itemcollected(item: pytest.Item) -> None:
    # Tests side by side (pytest-xdist): each worker has a stack of its own, and what shares one is a file's tests.
    if _wants_stack(item):
        item.add_marker(pytest.mark.xdist_group(f"stack of {item.path.relative_to(item.config.rootpath)}"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    required = os.environ.get("LSNB_REQUIRE_BROWSER") == "1"
    for item in items:
        if not CHROMIUM and not required and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="Chromium is not installed (Debian's package 'chromium')"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Start the stack before the first test that wants it: nbmake's items know no fixtures."""
    if _wants_stack(item):
        _start_stack()


def _wants_stack(item: pytest.Item) -> bool:
    return item.path.suffix == ".ipynb" or "stack" in getattr(item, "fixturenames", ())


def pytest_sessionstart(session: pytest.Session) -> None:
    """Name the stack's folder, so that nothing under test finds the stack of whoever runs the tests."""
    if session.config.option.collectonly or session.config.getoption("numprocesses", None):
        return
    from lsnb.kernel.runtime import cache_folder

    scratch = Path(tempfile.mkdtemp(prefix="lsnb-tests-"))
    _scratch.append(scratch)
    os.environ["LSNB_STACK"] = str(scratch / "stack")
    # Kernels of a JupyterLab under test have a HOME of their own, and must not install Label Studio there.
    os.environ.setdefault("LSNB_CACHE", str(cache_folder()))
    # Each notebook must run alone, so each gets a folder of its own; the hand-over has its own test.
    for path in NOTEBOOKS.glob("*.ipynb"):
        name = re.sub(r"^\d+_", "", path.stem).upper()
        os.environ[f"LSNB_{name}_WORKDIR"] = str(scratch / "work" / path.stem)


@cache
def _start_stack() -> None:
    from lsnb import local
    from lsnb.errors import LsnbError

    try:
        local.start()
    except LsnbError as fault:
        pytest.exit(f"The embedded stack did not start: {fault}", returncode=1)


def pytest_sessionfinish(session: pytest.Session) -> None:
    for scratch in _scratch:
        from lsnb import local

        local.stop(delete=True)
        shutil.rmtree(scratch, ignore_errors=True)
    _scratch.clear()


@pytest.fixture(scope="session")
def stack() -> Stack:
    from lsnb import local

    return local.start()


@pytest.fixture(scope="session")
def studio(stack: Stack) -> Studio:
    import lsnb

    return lsnb.connect("local")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a server that is busy or away is given the time at once."""
    monkeypatch.setattr("lsnb.studio.connection.Pace.sleep", staticmethod(lambda seconds: None))


@pytest.fixture
def rows() -> int:
    """How many texts a test's study has; a module says otherwise with a fixture of this name."""
    return 6


@pytest.fixture
def study(request: pytest.FixtureRequest, studio: Studio, rows: int) -> Study:
    """A study of the test's own, texts whose mood ana and ben are asked for; or its module's, if it has a ``STUDY``."""
    if hasattr(request.module, "STUDY"):
        return request.getfixturevalue("shared_study")  # type: ignore[no-any-return]
    title = request.getfixturevalue("title")
    return studio.create_study(title, CONFIG, texts(rows), key="id", annotators=["ana", "ben"])


@pytest.fixture(scope="module")
def shared_study(request: pytest.FixtureRequest, studio: Studio) -> Iterator[Study]:
    """What a module's ``STUDY`` describes, made once for all its tests."""
    made = studio.create_study(**request.module.STUDY)
    yield made
    for project in studio.server.projects():
        if made.title in project.title:
            studio.server.delete_project(project.id)


@pytest.fixture
def title(request: pytest.FixtureRequest, studio: Studio) -> Iterator[str]:
    """A study's title of the test's own; what it made is deleted afterwards."""
    title = request.node.name.removeprefix("test_")[:40]
    yield title
    for project in studio.server.projects():
        if project.title.startswith(title[:30]):
            studio.server.delete_project(project.id)


@pytest.fixture
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stack: Stack) -> None:
    """Snapshots of one test are nobody else's; the installed Label Studio is not asked for here."""
    monkeypatch.setenv("LSNB_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def bucket(stack: Stack) -> Bucket:
    import lsnb

    opened = lsnb.open_bucket("local")
    opened.allow_origins([stack.url])
    return opened


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import expect, sync_playwright

    # A shared machine may be slow; what is waited for ends the wait as soon as it is there.
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A page signed in to Label Studio."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies(sign_in(stack))  # type: ignore[arg-type]
    yield context.new_page()
    context.close()
