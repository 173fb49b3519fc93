"""Forms are drawn and read alike by both ends of the supported ipywidgets: Colab's 7.7.1 and the installed 8."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets
import pytest
from jupyter_client.manager import start_new_kernel

# Colab's; its ipython_genutils is no dependency of anything newer.
OLDEST = ("ipywidgets==7.7.1", "ipython-genutils==0.2.0")
VIEW = "application/vnd.jupyter.widget-view+json"
DRAWN = """
import lsnb
from lsnb.forms.widgets import draw_form
def drawn(form):
    return {row.children[0].description: row.children[0] for row in draw_form(form, globals()).children[1:]}
"""
PATIENT = "from lsnb.kernel import runtime; runtime.SHOWN_AFTER = 600"  # else a slow machine's cells say that they work
Run = Callable[[str], tuple[list[dict[str, Any]], str]]


@pytest.fixture(scope="module", params=["7.7.1", ipywidgets.__version__])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A real kernel with this ipywidgets, as a frontend talks to it: what code displayed and what it printed."""
    import uv

    path = ""
    if request.param != ipywidgets.__version__:
        path = str(tmp_path_factory.mktemp("ipywidgets"))
        install = [uv.find_uv_bin(), "pip", "install", "-q", "--no-deps", "--python", sys.executable]
        subprocess.run([*install, "--target", path, *OLDEST], check=True)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CI", "LSNB_NO_PROMPT"):
            patch.delenv(name, raising=False)
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (path, os.environ.get("PYTHONPATH")))))
        manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path_factory.mktemp("notebook")))

    def execute(code: str) -> tuple[list[dict[str, Any]], str]:
        bundles, printed = [], []

        def collect(message: dict[str, Any]) -> None:
            if message["msg_type"] in {"display_data", "execute_result"}:
                bundles.append(message["content"]["data"])
            elif message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = client.execute_interactive(code, allow_stdin=True, output_hook=collect, timeout=60)
        assert reply["content"]["status"] == "ok", reply["content"]
        return bundles, "".join(printed)

    try:
        assert execute("import ipywidgets; print(ipywidgets.__version__)")[1].strip() == request.param
        execute(PATIENT)
        yield execute
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_every_notebooks_form_is_drawn(run: Run) -> None:
    shown, printed = run(
        "import lsnb\n"
        "from lsnb.forms import Form\n"
        "forms = [form for form in vars(lsnb.forms).values() if isinstance(form, Form)]\n"
        "print(len(forms))\n"
        "for form in forms:\n"
        "    lsnb.show_form(form)\n"
    )
    assert int(printed) >= 7
    assert [VIEW in bundle for bundle in shown] == [True] * int(printed)


@pytest.mark.parametrize(
    ("form", "field", "kind", "value", "read"),
    [
        ("SAMPLE_TASKS", "KEY", "Text", "post", "'post'"),
        ("SAMPLE_TASKS", "BY", "Text", 'user, "a, b"', "('user', 'a, b')"),
        ("SAMPLE_TASKS", "SEED", "IntText", 7, "7"),
        ("SAMPLE_TASKS", "N", "IntText", 5, "5"),
        ("SAMPLE_TASKS", "PERCENT", "FloatSlider", 20.0, "20.0"),
        ("SAMPLE_TASKS", "ALLOCATION", "Dropdown", "equal", "'equal'"),
        ("SAMPLE_TASKS", "WORKDIR", "Text", "mine", "PosixPath('mine')"),
        ("MERGE_ANNOTATIONS", "MIN_VOTES", "IntSlider", 2, "2"),
        ("CLONE_PROJECTS", "ANNOTATORS", "Text", "3", "3"),
        ("CLONE_PROJECTS", "CLEAN_UP", "Checkbox", True, "True"),
    ],
)
def test_what_is_set_in_a_widget_is_read(run: Run, form: str, field: str, kind: str, value: Any, read: str) -> None:
    _, printed = run(
        DRAWN + f"form = lsnb.forms.{form}\n"
        "widgets = drawn(form)\n"
        "assert list(widgets) == [field.name for field in form.fields]\n"
        f"widgets[{field!r}].value = {value!r}\n"
        "record = lsnb.read_form(form)\n"
        f"stays = drawn(form)[{field!r}].value == {value!r}\n"
        f"print(type(widgets[{field!r}]).__name__, record.sources[{field.lower()!r}], stays)\n"
        f"print(repr(record.{field.lower()}))\n"
    )
    assert printed.splitlines() == [f"{kind} the widget True", read]
