"""What a notebook of ours adds to a kernel before which a person sits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.manager import KernelManager
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes
from notebook_style import NOTEBOOKS

from lsnb.kernel import runtime

SET_UP = """
from lsnb.kernel import runtime
runtime.SHOWN_AFTER = 600  # a slow machine's cells, too, say nothing of their own
import lsnb
from lsnb.forms import Field, Form
lsnb.show_form(Form("dice", (Field("SIDES", 6, "integer", "How many sides."),)), {})
"""


class Kernel:
    """A kernel, and what its cells show."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def run(self, source: str) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = []
        # else a kernel that is still at its error puts aside a cell which comes at once, without running it
        how = {"allow_stdin": True, "stop_on_error": False, "timeout": 120}
        self.client.execute_interactive(source, output_hook=shown.append, **how)
        return [message["content"] for message in shown if message["msg_type"] not in ("status", "execute_input")]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    path = tmp_path_factory.mktemp("lab") / "mine.ipynb"
    cells = [
        new_markdown_cell("# Sample\n\nA text."),
        new_code_cell("import lsnb"),
        new_markdown_cell("## Open the bucket\n\nAnother text."),
        new_code_cell("with open(1) as file:\n    bucket, (one, two) = file\n%matplotlib inline"),
    ]
    path.write_text(writes(new_notebook(cells=cells)), encoding="utf-8")
    manager = KernelManager(kernel_name="python3")
    person = {name: value for name, value in os.environ.items() if name not in ("CI", "LSNB_NO_PROMPT")}
    manager.start_kernel(env={**person, "JPY_SESSION_NAME": str(path)})
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    made = Kernel(client)
    made.run(SET_UP)
    yield made
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def errors(shown: list[dict[str, Any]]) -> list[str]:
    return ["\n".join(message["traceback"]) for message in shown if "traceback" in message]


def test_a_name_that_is_not_there_says_which_cell_to_run(kernel: Kernel) -> None:
    (said,) = errors(kernel.run("print(two)"))
    assert said.startswith("‘two’ is not there yet. Run the cell below “Open the bucket” first, which makes it")
    (said,) = errors(kernel.run("bukcet"))
    assert said == "‘bukcet’ is not there, and no cell of this notebook makes it: look how it is written."


def test_each_cell_of_each_notebook_that_is_run_first_names_one_cell_to_run() -> None:
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = runtime._notebook_cells({"__vsc_ipynb_file__": str(path)})
        first_lines = [source.splitlines()[0] for _, source in cells]
        for place, (_, source) in enumerate(cells):
            for name in sorted(runtime._made(source)):
                said = runtime.missing_name(name, cells)
                named = [
                    at
                    for at, (heading, _) in enumerate(cells)
                    if f"below “{heading}”" in said or f"that begins with “{first_lines[at]}”" in said
                ]
                assert len(named) == 1, said
                assert named[0] <= place, said


def test_a_fault_in_a_function_keeps_its_traceback(kernel: Kernel) -> None:
    (said,) = errors(kernel.run("def act():\n    return inner_name\nact()"))
    assert "Traceback" in said
    assert "inner_name" in said


def test_a_long_cell_says_that_it_works_and_a_short_one_does_not(kernel: Kernel) -> None:
    assert kernel.run("runtime.SHOWN_AFTER = 0.01") == []
    shown = kernel.run("while runtime._attendant[0]._line is None: pass")
    lines = [message["data"]["text/html"] for message in shown if "data" in message]
    assert "Working …" in lines[0]
    assert lines[1:] == [""]
    kernel.run("runtime.SHOWN_AFTER = 600")
    assert kernel.run("1 + 1")[0]["data"] == {"text/plain": "2"}


def test_a_sentence_stands_alone_and_once(kernel: Kernel) -> None:
    kernel.run(
        "import pandas as pd\n"
        "from lsnb.kernel.report import Report\n"
        "from lsnb.kernel.words import warn\n"
        "def send():\n"
        "    report = Report(pd.DataFrame({'status': ['failed'], 'error': ['No file a.png.']}))\n"
        "    warn('1 of 1 files failed.', shown_by=report)\n"
        "    return report"
    )

    def texts(source: str) -> list[str]:
        return [message["text"] for message in kernel.run(source) if "text" in message]

    assert texts("send()") == []
    assert texts("report = send()") == ["Note: 1 of 1 files failed.\n"]
    assert texts("warn('The third row was left out.')") == ["Note: The third row was left out.\n"]


def test_what_holds_for_the_data_is_said_by_one_cell_and_again_where_that_one_runs_again(kernel: Kernel) -> None:
    kernel.run(
        "import lsnb, pandas as pd, warnings\n"
        "rows = [('1', 'ana', 'x', '2026-01-01'), ('1', 'ana', 'y', '2026-01-02'), ('1', 'ben', 'y', '2026-01-01')]\n"
        "long = pd.DataFrame(rows, columns=['item', 'annotator', 'value', 'updated_at'])\n"
        "long = long.assign(control='c', status='submitted', annotation=range(3))"
    )

    def notes(source: str) -> int:
        said = [message["text"] for message in kernel.run(source) if message.get("name") == "stderr"]
        return "".join(said).count("more than one annotation by the same person")

    first = "_ = lsnb.agreement(long, 'c'), lsnb.majority(long, 'c')"
    quiet = "with warnings.catch_warnings(action='ignore'): _ = lsnb.widen(long, 'c')"
    assert [notes(source) for source in (quiet, first, first, "_ = lsnb.gold(long, 'c')")] == [0, 1, 1, 0]
    assert notes("_ = lsnb.gold(pd.concat([long, long.assign(item='2')]), 'c')") == 1  # other data


def test_a_message_about_a_value_of_the_form_names_its_field(kernel: Kernel) -> None:
    kernel.run(
        "from lsnb.errors import InputError\n"
        "from lsnb.kernel.words import warn\n"
        "fields = (Field('OBJECT_NAME', '{nr}', 'text', 'A name.'), Field('KEY', 'Nr', 'text', 'A column.'),\n"
        "          Field('FOLDER', './fotos', 'path', 'A folder.'), Field('ROWS', 3, 'integer', 'How many.'),\n"
        "          Field('EXPORTS', 'a.json, file', 'list', 'Files.'))\n"
        "form = lsnb.read_form(Form('mine', fields), {})\n"
        "def act(sentence, **given):\n"
        "    raise InputError(sentence)"
    )

    def said(sentence: object) -> str:
        given = "name=form.object_name, path=form.folder, n=form.rows, x=form.exports"
        return errors(kernel.run(f"how = {{'key': form.key}}\nact({sentence!r}, {given})"))[0].removeprefix(
            "InputError: "
        )

    assert said("name='{nr}' is none.") == "name='{nr}' is none. In the form: OBJECT_NAME."
    assert said("name={x} asks for 'x'. It has 'Nr', 'b'.").endswith("'b'. In the form: OBJECT_NAME.")
    assert said("There is no column 'Nr', but '{nr}'.").endswith("'{nr}'. In the form: KEY.")
    assert said("There is no folder fotos.") == "There is no folder fotos. In the form: FOLDER."
    assert said("n=0 is too few.") == "n=0 is too few. In the form: ROWS."
    assert said("There is no file a.json.") == "There is no file a.json. In the form: EXPORTS."
    assert errors(kernel.run("if False: form.find('folder')\nact('fotos is a file.')")) == [
        "InputError: fotos is a file. In the form: FOLDER."
    ]
    assert said("n is 3: give 4.") == "n is 3: give 4. In the form: ROWS."
    assert said("KEY is 'Nr'.") == "KEY is 'Nr'."
    assert said("Nobody answers.") == "Nobody answers."
    assert said(["n: it has 4.", "So is x."]).splitlines()[1:] == [
        "  1. n: it has 4. In the form: ROWS.",
        "  2. So is x.",
    ]
    assert said(["One is bad.", "So is 'Nr'."]).splitlines()[1:] == [
        "  1. One is bad.",
        "  2. So is 'Nr'. In the form: KEY.",
    ]
    assert errors(kernel.run("act('name= is bad.')")) == ["InputError: name= is bad."]
    (shown,) = kernel.run(
        "warn('Give name= for another.') or form.object_name and None or str(dict(name=form.object_name))[:0]"
    )[:1]
    (note,) = kernel.run("warn('fotos has ‘Nr’ and n is 3.') or form.key and form.folder and None")
    assert note["text"] == "Note: fotos has ‘Nr’ and n is 3.\n"
    assert shown["text"] == "Note: Give name= for another. In the form: OBJECT_NAME.\n"


def test_twice_is_once(kernel: Kernel) -> None:
    kernel.run(SET_UP)
    assert kernel.run("len(runtime._attendant)")[0]["data"]["text/plain"] == "1"


def test_where_nobody_looks_nothing_is_added() -> None:
    runtime.attend()
    assert runtime._attendant == []
