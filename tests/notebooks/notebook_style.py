"""The one style of the notebooks: tiny rules, each with a message and the way to mend it.

A rule takes a notebook and yields a sentence per fault. ``RULES`` holds them all; ``faults(path)`` runs them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat

import lsnb
from lsnb import forms
from lsnb.forms.schema import Form

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

# What a notebook opens and installs in Colab: one pinned reference, the release that this checkout becomes.
REFERENCE = f"v{lsnb.__version__}"
PIP_TARGET = f"lsnb[local] @ git+https://github.com/lsnb/lsnb@{REFERENCE}"
# The pins keep pip from moving what a running Colab kernel has loaded already.
INSTALL = f"""\
try:
    import lsnb
except ImportError:
    from importlib.metadata import distributions
    from pathlib import Path

    kept = ("numpy", "pandas", "pillow", "requests", "protobuf")
    pins = [f"{{d.name}}=={{d.version}}\\n" for d in distributions() if d.name.lower() in kept]
    Path("lsnb-constraints.txt").write_text("".join(pins))
    %pip install -q -c lsnb-constraints.txt "{PIP_TARGET}"
    import lsnb"""
BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({})"
COLAB = f"https://colab.research.google.com/github/lsnb/lsnb/blob/{REFERENCE}/notebooks/{{}}"

# Words that a newcomer may not know, each a heading of the glossary.
GLOSSARY = f"https://github.com/lsnb/lsnb/blob/{REFERENCE}/.github/site/docs/glossary.md"
TERMS = ("alpha", "control", "drift", "kappa", "origin", "seed", "strata")
HEADINGS = {"strata": "stratum"}

MOST_WORDS = 60
MOST_STEP_LINES = 12
MOST_CODE_CELLS = 10
MOST_CODE_LINES = 60

VERB = re.compile(
    r"""add|align|ask|build|check|choose|clean|clone|collect|compare|connect|copy|count|decide|draw|extract|find|
    import|keep|label|load|look|make|measure|merge|open|plot|predict|preview|read|sample|save|see|select|send|
    share|show|start|sync|test|upload|write""",
    re.IGNORECASE | re.VERBOSE,
)
# Names that keep their capitals inside a heading.
NAMES = {"Label", "Studio", "Colab", "Jupyter", "Google", "Cloud", "Storage", "CSV", "JSON", "XML"}


@dataclass(frozen=True)
class Notebook:
    """A notebook as the rules see it."""

    path: Path
    node: Any

    @classmethod
    def read(cls, path: Path) -> Notebook:
        return cls(path, nbformat.read(path, as_version=nbformat.NO_CONVERT))

    @property
    def cells(self) -> list[Any]:
        return list(self.node.cells)

    @property
    def form_name(self) -> str:
        return re.sub(r"^\d+_", "", self.path.stem)

    @property
    def form(self) -> Form | None:
        return getattr(forms, self.form_name.upper(), None)

    @property
    def code(self) -> list[str]:
        return [cell.source for cell in self.cells if cell.cell_type == "code"]

    @property
    def texts(self) -> list[str]:
        return [cell.source for cell in self.cells if cell.cell_type == "markdown"]

    @cached_property
    def steps(self) -> list[tuple[str, str]]:
        """The steps: a markdown cell and the code after it, in order."""
        rest = self.cells[4:-1]
        return [(text.source, code.source) for text, code in zip(rest[::2], rest[1::2], strict=False)]

    @cached_property
    def trees(self) -> list[ast.Module]:
        """Each code cell's syntax, with magics taken as comments; cells that do not parse are left out."""
        return [tree for tree in map(_parse, self.code) if tree is not None]


Rule = Callable[[Notebook], Iterator[str]]
RULES: dict[str, Rule] = {}


def rule(check: Rule) -> Rule:
    """Add a rule to the style."""
    RULES[check.__name__] = check
    return check


def faults(notebook: Notebook) -> list[str]:
    """Return every fault of a notebook, as ``notebook: rule: sentence``."""
    return [f"{notebook.path.name}: {name}: {fault}" for name, check in RULES.items() for fault in check(notebook)]


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(re.sub(r"(?m)^(\s*)%.*$", r"\1pass", source))
    except SyntaxError:
        return None


def _words(text: str) -> int:
    without_links = re.sub(r"\[!\[.*?\]\(.*?\)\]\(.*?\)|\]\(.*?\)", " ", text)
    return len(re.findall(r"\w[\w'’.-]*", without_links))


def _code_lines(source: str) -> int:
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in source.splitlines())


def _heading(text: str) -> str:
    return text.lstrip().splitlines()[0] if text.strip() else ""


@rule
def starts_with_a_title_that_is_a_verb(notebook: Notebook) -> Iterator[str]:
    first = notebook.cells[0]
    headings = [line for text in notebook.texts for line in text.splitlines() if re.match(r"# ", line)]
    if first.cell_type != "markdown" or not first.source.startswith("# ") or len(headings) != 1:
        yield "Begin with one markdown cell '# Verb …', and use ## from there on."
    elif not VERB.fullmatch(first.source[2:].split()[0]):
        yield f"The title begins with {first.source[2:].split()[0]!r}: begin with a verb, or add it to VERB."


@rule
def opens_in_colab(notebook: Notebook) -> Iterator[str]:
    badge = BADGE.format(COLAB.format(notebook.path.name))
    if badge not in notebook.cells[0].source:
        yield f"The first cell lacks its badge: add {badge}"


@rule
def says_little(notebook: Notebook) -> Iterator[str]:
    for text in notebook.texts:
        if _words(text) > MOST_WORDS:
            yield f"{_heading(text)!r} has {_words(text)} words: shorten it to {MOST_WORDS}."


@rule
def explains_its_words(notebook: Notebook) -> Iterator[str]:
    text = re.sub(r"`[^`]*`", "", "\n".join(notebook.texts))
    for term in TERMS:
        first = re.search(rf"(?i)\b{term}\b", text)
        link = f"]({GLOSSARY}#{HEADINGS.get(term, term)})"
        if first is not None and not text[first.end() :].startswith(link):
            yield f"{term!r} is not explained where it first stands: write [{term}{link}."
    for place in re.findall(r"\]\(\S*/glossary\.md(\S*)\)", text):
        if place[1:] not in {*TERMS, *HEADINGS.values()}:
            yield f"It links to {place or 'no word'} of the glossary: name one of its words, and add it to TERMS."


@rule
def has_its_form(notebook: Notebook) -> Iterator[str]:
    if notebook.form is None:
        yield f"lsnb.forms has no {notebook.form_name.upper()}: write the notebook's schema there."
        return
    cell = notebook.cells[1]
    if cell.cell_type != "code" or cell.source != notebook.form.cell:
        yield f"The parameters cell differs from its schema: paste lsnb.forms.{notebook.form_name.upper()}.cell."
    if "parameters" not in cell.metadata.get("tags", []) or cell.metadata.get("cellView") != "form":
        yield "The second cell needs the tag 'parameters' and the metadata cellView: form."
    if cell.metadata.get("jupyter", {}).get("source_hidden") is not True:
        yield "The second cell needs the metadata jupyter: source_hidden: in Jupyter the widgets below are the form."
    names = [field.name for field in notebook.form.fields]
    if "CLEAN_UP" in names and (names[-1] != "CLEAN_UP" or notebook.form.fields[-1].default is not False):
        yield "CLEAN_UP stands last in the form, and is not ticked."


@rule
def keeps_parameters_literal(notebook: Notebook) -> Iterator[str]:
    tree = _parse(notebook.cells[1].source)
    for statement in tree.body if tree else []:
        is_literal = isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        if not is_literal or not isinstance(statement.value.value, str | int | float | bool):  # type: ignore[attr-defined]
            yield f"Line {statement.lineno} of the parameters is no 'NAME = literal': keep code out of the form."


@rule
def writes_param_with_a_space(notebook: Notebook) -> Iterator[str]:
    for source in notebook.code:
        if re.search(r"#@\w", source):
            yield "Write '# @param' and '# @title' with the space: formatters rewrite '#@param'."


@rule
def assigns_parameters_once(notebook: Notebook) -> Iterator[str]:
    names = [name for tree in notebook.trees for name in _assigned(tree) if name.isupper()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} is assigned twice: only the parameters cell may."


@rule
def sets_up_in_one_way(notebook: Notebook) -> Iterator[str]:
    form = f"lsnb.forms.{notebook.form_name.upper()}"
    expected = [f"{INSTALL}\n\nlsnb.show_form({form})", f"form = lsnb.read_form({form})\nform"]
    if [cell.source for cell in notebook.cells[2:4]] != expected:
        yield "The third and fourth cell differ from the common ones: paste\n" + "\n---\n".join(expected)


@rule
def goes_step_by_step(notebook: Notebook) -> Iterator[str]:
    kinds = [cell.cell_type for cell in notebook.cells[4:-1]]
    if not kinds or kinds != ["markdown", "code"] * (len(kinds) // 2):
        yield "After the form come pairs of a markdown cell and a code cell, then one closing markdown cell."
    for text, _ in notebook.steps:
        heading = _heading(text)
        words = heading.removeprefix("## ").split()
        if not heading.startswith("## ") or not words or not VERB.fullmatch(words[0]):
            yield f"{heading!r} is no step: write '## Verb …', or add the verb to VERB."
        elif not words[0][0].isupper() or any(w[0].isupper() and w not in NAMES for w in words[1:]):
            yield f"{heading!r} is not in sentence case: capitals for the first word and names only."


@rule
def keeps_steps_short(notebook: Notebook) -> Iterator[str]:
    for text, code in notebook.steps:
        if len(code.splitlines()) > MOST_STEP_LINES:
            yield f"{_heading(text)!r} has {len(code.splitlines())} lines of code: keep to {MOST_STEP_LINES}."


@rule
def stays_small(notebook: Notebook) -> Iterator[str]:
    lines = sum(_code_lines(source) for source in notebook.code)
    if len(notebook.code) > MOST_CODE_CELLS:
        yield f"It has {len(notebook.code)} code cells: keep to {MOST_CODE_CELLS}, and move work into lsnb."
    if lines > MOST_CODE_LINES:
        yield f"It has {lines} lines of code: keep to {MOST_CODE_LINES}, and move work into lsnb."


@rule
def shows_each_result(notebook: Notebook) -> Iterator[str]:
    for text, code in notebook.steps:
        tree = _parse(code)
        if tree is None or not tree.body or not isinstance(tree.body[-1], ast.Expr | ast.If):
            yield f"{_heading(text)!r} ends without showing its result: end it with a table, a picture or a link."


@rule
def calls_lsnb_and_defines_nothing(notebook: Notebook) -> Iterator[str]:
    for source in notebook.code:
        if re.search(r"(?m)^\s*!", source):
            yield "A cell runs a shell command with '!': call lsnb instead ('%pip' is for the set-up cell)."
        if _parse(source) is None:
            yield f"A cell is no Python: {source.splitlines()[0]!r}."
    for tree in notebook.trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
                yield f"Line {node.lineno} of a cell defines something: notebooks call lsnb, which does the work."


@rule
def imports_lsnb_and_pandas_only(notebook: Notebook) -> Iterator[str]:
    for tree in notebook.trees[:1] + notebook.trees[2:]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                for name in names:
                    if name.split(".")[0] not in {"lsnb", "pandas"}:
                        yield f"It imports {name}: import lsnb, and pandas to show; lsnb owns the rest."


@rule
def names_no_place_of_its_own(notebook: Notebook) -> Iterator[str]:
    for tree in notebook.trees:
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and re.match(r"(/|~|[A-Za-z]:[\\/]|file:)", str(node.value)):  # type: ignore[attr-defined]
                yield f"{node.value!r} is an absolute path: start from form.workdir."  # type: ignore[attr-defined]


@rule
def runs_the_same_everywhere(notebook: Notebook) -> Iterator[str]:
    for source in notebook.code:
        found = re.search(r"\benviron\b|\bgetenv\b|google\.colab|\bget_ipython\b|\bsys\.modules\b", source)
        if found:
            yield f"A cell asks where it runs ({found.group()}): let lsnb know that."


@rule
def can_run_twice(notebook: Notebook) -> Iterator[str]:
    for tree in notebook.trees[1:]:
        made_here: set[str] = set()
        for statement in tree.body:
            used = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
            if isinstance(statement, ast.AugAssign):
                yield f"Line {statement.lineno} of a cell adds to what is there: make a new name instead."
            elif isinstance(statement, ast.Assign):
                own = set(_targets(statement))
                again = {node.id for node in ast.walk(statement.value) if isinstance(node, ast.Name)} & own - made_here
                for name in sorted(again & used):
                    yield f"{name} is made from itself, so a second run differs: give the result a new name."
                made_here |= own


@rule
def deletes_only_when_told(notebook: Notebook) -> Iterator[str]:
    for tree in notebook.trees:
        guarded = {
            id(node)
            for guard in ast.walk(tree)
            if isinstance(guard, ast.If) and ast.unparse(guard.test) == "form.clean_up"
            for node in ast.walk(guard)
        }
        for node in ast.walk(tree):
            is_deletion = isinstance(node, ast.Attribute) and node.attr.startswith(("delete", "remove", "rmtree"))
            if is_deletion and id(node) not in guarded:
                yield "A cell deletes: put it behind 'if form.clean_up:', since people press Run all."


@rule
def holds_no_outputs(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
            yield f"Cell {cell.get('id')} has outputs: run nbstripout --keep-id on the notebook."


@rule
def names_its_kernel(notebook: Notebook) -> Iterator[str]:
    metadata = notebook.node.metadata
    if metadata.get("language_info", {}).get("name") != "python":
        yield "metadata.language_info.name is not 'python': papermill fails without it."
    if metadata.get("kernelspec", {}).get("name") != "python3":
        yield "metadata.kernelspec.name is not 'python3': choose the kernel Python 3 and save."


@rule
def is_valid(notebook: Notebook) -> Iterator[str]:
    ids = [cell.get("id") for cell in notebook.cells]
    if None in ids or len(set(ids)) != len(ids):
        yield "A cell has no id, or one of another cell: save the notebook with JupyterLab 4."
    try:
        nbformat.validate(notebook.node)
    except nbformat.ValidationError as error:
        yield f"It is no valid notebook: {error.message}"


@rule
def leads_on(notebook: Notebook) -> Iterator[str]:
    last = notebook.cells[-1]
    if last.cell_type != "markdown" or not last.source.startswith("## What you made"):
        yield "End with a markdown cell '## What you made': files, cleaning up, and a link to the next notebook."
        return
    links = re.findall(r"\]\(([^)]+\.ipynb)\)", last.source)
    if not links:
        yield "The last cell links to no notebook: add [the next one](NN_name.ipynb)."
    for link in links:
        if not (NOTEBOOKS / link).is_file():
            yield f"The last cell links to {link}, which is not there: mend the name."


def _targets(statement: ast.Assign) -> list[str]:
    return [node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def _assigned(tree: ast.Module) -> list[str]:
    return [name for node in ast.walk(tree) if isinstance(node, ast.Assign) for name in _targets(node)]
