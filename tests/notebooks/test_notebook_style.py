import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import notebook_style as style
import pandas as pd
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

import lsnb.forms

PATHS = sorted(style.NOTEBOOKS.glob("*.ipynb"))
GOOD = style.Notebook.read(style.NOTEBOOKS / "03_sample_tasks.ipynb")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", style.RULES)
def test_each_notebook_keeps_each_rule(path: Path, name: str) -> None:
    assert list(style.RULES[name](style.Notebook.read(path))) == []


def test_the_notebooks_of_this_release_are_there() -> None:
    numbers = [path.name[:2] for path in PATHS]
    assert numbers == sorted(set(numbers))
    assert {"00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"} <= set(numbers)


def test_the_glossary_has_the_words_that_notebooks_explain() -> None:
    glossary = style.NOTEBOOKS.parent / style.GLOSSARY.partition(f"{style.REFERENCE}/")[2]
    headings = [line.removeprefix("## ") for line in glossary.read_text().splitlines() if line.startswith("## ")]
    assert {style.HEADINGS.get(term, term) for term in style.TERMS} <= set(headings)
    assert headings == sorted(headings, key=str.casefold)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_cells_literals_are_the_schemas_defaults(path: Path) -> None:
    notebook = style.Notebook.read(path)
    namespace: dict[str, Any] = {}
    exec(notebook.code[0], {}, namespace)
    assert notebook.form is not None
    assert namespace == {field.name: field.default for field in notebook.form.fields}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_defaults_can_be_read(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = style.Notebook.read(path)
    assert notebook.form is not None
    monkeypatch.chdir(tmp_path)
    for field in notebook.form.fields:
        monkeypatch.delenv(notebook.form.variable(field), raising=False)
    assert set(lsnb.read_form(notebook.form, {}).sources.values()) == {"the default"}


def test_nbstripout_finds_nothing_to_strip() -> None:
    command = [sys.executable, "-m", "nbstripout", "--verify", "--keep-id", *map(str, PATHS)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


# Fields that a verb of the form reads itself.
READ_BY = {
    "title": ["find_study"],
    "model": ["find_model"],
    "video": ["find_recording"],
    "sensors": ["find_recording"],
    "workdir": ["find", "find_study", "find_recording"],
}


def test_each_field_of_a_form_is_used_by_its_notebook() -> None:
    unused = []
    for path in PATHS:
        notebook = style.Notebook.read(path)
        assert notebook.form is not None
        code = "\n".join(code for _, code in notebook.steps)
        unused += [
            f"{path.stem}: {field.name}"
            for field in notebook.form.fields
            if f"form.{field.attribute}" not in code
            and f'form.find("{field.attribute}"' not in code
            and not any(f"form.{verb}(" in code for verb in READ_BY.get(field.attribute, ()))
        ]
    assert unused == []


def step(code: str, heading: str = "## Draw more") -> Callable[[Any], None]:
    """Return a change that adds a step to a notebook."""

    def change(node: Any) -> None:
        node.cells[-1:-1] = [new_markdown_cell(heading, id="more-text"), new_code_cell(code, id="more")]

    return change


def edit(index: int, old: str, new: str) -> Callable[[Any], None]:
    """Return a change that replaces text in a cell."""

    def change(node: Any) -> None:
        assert old in node.cells[index].source
        node.cells[index].source = node.cells[index].source.replace(old, new)

    return change


def drop(index: int) -> Callable[[Any], None]:
    return lambda node: node.cells.pop(index)


def tag(*tags: str) -> Callable[[Any], None]:
    return lambda node: node.cells[1].metadata.update(tags=list(tags))


def output(node: Any) -> None:
    node.cells[2].outputs = [new_output("stream", text="hello")]


def same_id(node: Any) -> None:
    node.cells[1]["id"] = node.cells[2]["id"]


FAULTY: list[tuple[str, Callable[[Any], None], str]] = [
    ("starts_with_a_title_that_is_a_verb", edit(0, "# Sample", "# The sample of"), "begin with a verb"),
    ("starts_with_a_title_that_is_a_verb", edit(4, "## Read", "# Read"), "one markdown cell"),
    ("starts_with_a_title_that_is_a_verb", drop(0), "one markdown cell"),
    ("opens_in_colab", edit(0, "colab.research.google.com", "example.org"), "badge"),
    ("says_little", edit(4, "## Read", "## Read " + "word " * 60), "shorten it"),
    ("has_its_form", edit(1, "SEED = 0", "SEED = 1"), "differs from its schema"),
    ("has_its_form", edit(1, "# @markdown", "# Note:"), "differs from its schema"),
    ("has_its_form", tag("setup"), "the tag 'parameters'"),
    ("has_its_form", lambda node: node.cells[1].metadata.pop("jupyter"), "source_hidden"),
    ("explains_its_words", edit(0, style.GLOSSARY, "https://example.org/glossary.md"), "where it first stands"),
    ("explains_its_words", edit(4, "## Read", f"[Read]({style.GLOSSARY}#reading)"), "name one of its words"),
    ("keeps_parameters_literal", edit(1, "SEED = 0", "SEED = int('0')"), "no 'NAME = literal'"),
    ("keeps_parameters_literal", edit(1, "SEED = 0", "import os"), "no 'NAME = literal'"),
    ("keeps_parameters_literal", edit(1, 'BY = ""', "BY = []"), "no 'NAME = literal'"),
    ("writes_param_with_a_space", edit(1, "# @param", "#@param"), "with the space"),
    ("assigns_parameters_once", step("SEED = 7\nSEED"), "SEED is assigned twice"),
    ("sets_up_in_one_way", edit(2, style.REFERENCE, "main"), "differ from the common ones"),
    ("sets_up_in_one_way", edit(2, "SAMPLE_TASKS", "QUICKSTART"), "differ from the common ones"),
    ("sets_up_in_one_way", drop(3), "differ from the common ones"),
    ("goes_step_by_step", drop(4), "pairs of a markdown cell"),
    ("goes_step_by_step", step("form", "## The next step"), "is no step"),
    ("goes_step_by_step", step("form", "### Draw more"), "is no step"),
    ("goes_step_by_step", step("form", "## Draw More Items"), "sentence case"),
    ("keeps_steps_short", step("form\n" * 13), "13 lines of code"),
    ("stays_small", lambda node: [step("form")(node) for _ in range(8)], "15 code cells"),
    ("stays_small", step("form\n" * 50), "lines of code"),
    ("shows_each_result", step("more = form.seed"), "without showing its result"),
    ("calls_lsnb_and_defines_nothing", step("!ls"), "shell command"),
    ("calls_lsnb_and_defines_nothing", step("def more():\n    return 1\nmore()"), "defines something"),
    ("calls_lsnb_and_defines_nothing", step("(lambda: 1)()"), "defines something"),
    ("calls_lsnb_and_defines_nothing", step("more ="), "no Python"),
    ("imports_lsnb_and_pandas_only", step("import numpy as np\nnp"), "imports numpy"),
    ("imports_lsnb_and_pandas_only", step("from os import path\npath"), "imports os"),
    ("names_no_place_of_its_own", step("print('/content/media.csv')"), "absolute path"),
    ("names_no_place_of_its_own", step(r"print('C:\\media.csv')"), "absolute path"),
    ("runs_the_same_everywhere", step("import lsnb, os\nos.environ.get('CI')"), "asks where it runs"),
    ("runs_the_same_everywhere", step("import google.colab"), "asks where it runs"),
    ("can_run_twice", step("sample = sample.head(2)\nsample"), "made from itself"),
    ("can_run_twice", step("more = 1\nmore += 1\nmore"), "adds to what is there"),
    ("deletes_only_when_told", step("study.delete('x')"), "behind 'if form.clean_up:'"),
    ("deletes_only_when_told", step("if form.seed:\n    study.delete('x')"), "behind 'if form.clean_up:'"),
    ("holds_no_outputs", output, "nbstripout"),
    ("holds_no_outputs", lambda node: node.cells[2].update(execution_count=3), "nbstripout"),
    ("names_its_kernel", lambda node: node.metadata.pop("language_info"), "language_info"),
    ("names_its_kernel", lambda node: node.metadata.pop("kernelspec"), "kernelspec"),
    ("is_valid", same_id, "one of another cell"),
    ("is_valid", lambda node: node.cells[1].update(cell_type="colour"), "no valid notebook"),
    ("leads_on", drop(-1), "What you made"),
    ("leads_on", edit(-1, "04_clone_projects", "04_gone"), "which is not there"),
    ("leads_on", edit(-1, "04_clone_projects.ipynb", "next"), "links to no notebook"),
]


@pytest.mark.parametrize(("name", "change", "words"), FAULTY, ids=[f"{n}-{w}" for n, _, w in FAULTY])
def test_each_rule_finds_its_fault(name: str, change: Callable[[Any], None], words: str) -> None:
    node = copy.deepcopy(GOOD.node)
    change(node)
    assert any(words in fault for fault in style.RULES[name](style.Notebook(GOOD.path, node)))


def test_each_rule_is_proven() -> None:
    assert {name for name, _, _ in FAULTY} == set(style.RULES)


def test_a_fault_names_the_notebook_the_rule_and_the_remedy() -> None:
    node = copy.deepcopy(GOOD.node)
    edit(1, "SEED = 0", "SEED = 1")(node)
    assert style.faults(style.Notebook(GOOD.path, node)) == [
        "03_sample_tasks.ipynb: has_its_form: The parameters cell differs from its schema: "
        "paste lsnb.forms.SAMPLE_TASKS.cell."
    ]


def test_the_set_up_cell_installs_without_moving_what_a_running_kernel_has_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Shell:
        def run_line_magic(self, name: str, line: str) -> None:
            asked.append((name, line))
            monkeypatch.delitem(sys.modules, "lsnb")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "lsnb", None)
    exec(TransformerManager().transform_cell(style.INSTALL), {"get_ipython": Shell})
    assert asked == [("pip", f'install -q -c lsnb-constraints.txt "{style.PIP_TARGET}"')]
    pins = dict(line.lower().split("==") for line in Path("lsnb-constraints.txt").read_text().splitlines())
    assert {"numpy", "pandas", "requests", "protobuf"} <= set(pins)
    assert pins["pandas"] == pd.__version__


def test_the_set_up_cell_does_nothing_where_lsnb_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(TransformerManager().transform_cell(style.INSTALL), {})
    assert list(tmp_path.iterdir()) == []
