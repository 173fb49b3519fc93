"""The drawing of the imports: which packages lead to each other, and what ``import lsnb`` itself loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import lsnb

ROOT = Path(lsnb.__file__).parent
HEAVY = {
    "av",
    "cv2",
    "google.cloud",
    "ipywidgets",
    "label_studio_sdk",
    "matplotlib",
    "scipy",
    "sklearn",
    "torch",
    "transformers",
}


@cache
def modules() -> dict[str, Path]:
    names = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = ("lsnb", *path.relative_to(ROOT).with_suffix("").parts)
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imported(tree: ast.AST, known: dict[str, Path]) -> Iterator[str]:
    """Yield all that a module imports of ours: at its head, in a function, and for types alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in known or node.module in known:
                    yield name if name in known else node.module


@cache
def drawing() -> dict[str, set[str]]:
    """Return each module's imports; the package's own face stands for what it is, a table of contents."""
    known = modules()
    return {
        name: set(imported(ast.parse(path.read_text("utf-8")), known)) - {name, "lsnb"}
        for name, path in known.items()
        if name != "lsnb"
    }


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the sets of nodes that lead to each other."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        ahead = list(graph[start])
        while ahead:
            if (node := ahead.pop()) not in seen:
                seen.add(node)
                ahead.extend(graph.get(node, ()))
        reach[start] = seen
    found = {tuple(sorted(b for b in reach[a] if a in reach.get(b, ()))) for a in graph if a in reach[a]}
    return [list(circle) for circle in sorted(found)]


def test_a_circle_is_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []


def test_no_two_packages_import_each_other_not_even_late_or_for_types() -> None:
    packages: dict[str, set[str]] = defaultdict(set)
    for name, found in drawing().items():
        own = name.split(".")[1]
        packages[own] |= {other.split(".")[1] for other in found} - {own}
    assert circles(dict(packages)) == []


def test_no_two_files_import_each_other_not_even_late_or_for_types() -> None:
    assert circles({name: found for name, found in drawing().items() if modules()[name].name != "__init__.py"}) == []


@pytest.mark.parametrize("module", ["lsnb.kernel.checks", "lsnb.local", "lsnb.forms.schema"])
def test_what_needs_no_table_does_not_wait_for_pandas(module: str) -> None:
    script = f"import sys, {module}\nprint(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {"numpy", "pandas"}.isdisjoint(said.stdout.split())


@pytest.mark.parametrize("statement", ["import lsnb", "import lsnb; dir(lsnb); lsnb.__all__"])
def test_import_lsnb_loads_nothing_heavy(statement: str) -> None:
    script = f"{statement}\nimport sys\nprint(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(said.stdout.split()), sorted(HEAVY & set(said.stdout.split()))


def test_a_check_of_a_config_leaves_the_grammar_of_web_addresses_to_who_asks_for_it() -> None:
    """Compiling it took four seconds of each first check beside JupyterLab, which brings it to jsonschema."""
    pytest.importorskip("rfc3987_syntax")
    script = (
        "import sys, lsnb.labels.check as check\n"
        "check.find_reference_problems('<View/>')\n"
        "print('rfc3987_syntax' in sys.modules)\n"
        "import jsonschema\n"
        "is_one = jsonschema.Draft202012Validator.FORMAT_CHECKER.conforms\n"
        "print(is_one('http://ü.de/x', 'iri'), is_one('ht tp://x', 'iri'), 'rfc3987_syntax' in sys.modules)\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "True", "False", "True"]
