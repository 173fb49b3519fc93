"""A warning names the line that the user wrote, however the verb is built."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import lsnb
from lsnb.kernel.words import warn

ROOT = Path(lsnb.__file__).parent
ITEMS = pd.DataFrame({"id": ["1", "2"], "text": ["a", "b"]})


def recorded(call: Callable[[], Any]) -> list[str]:
    """The files that the warnings of a call name."""
    with warnings.catch_warnings(record=True, action="always") as found:
        call()
    return [each.filename for each in found if each.category is UserWarning]


def stray_picture(folder: Path) -> Path:
    (folder / "own.png").write_bytes(b"")
    (folder / "stray.png").symlink_to(__file__)
    return folder


def guessed_table(folder: Path) -> Path:
    (folder / "guessed.csv").write_bytes("id;Größe\n1;ä\n\n2;ö\n".encode("cp1252"))
    return folder / "guessed.csv"


def damaged_poses(folder: Path) -> Path:
    (folder / "trial.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(50))
    return folder


def flat_export(folder: Path) -> Path:
    (folder / "flat.csv").write_text("id,annotation_id,annotator,mood\n1,1,1,good\n")
    return folder / "flat.csv"


WARNING: dict[str, Callable[[Path], Any]] = {
    "sample": lambda folder: lsnb.sample(ITEMS, key="id", n=3),
    "find_images": lambda folder: lsnb.find_images(stray_picture(folder)),
    "find_predictions": lambda folder: lsnb.poses.find_predictions(damaged_poses(folder)),
    "read_table": lambda folder: lsnb.read_table(guessed_table(folder)),
    "read_annotations": lambda folder: lsnb.read_annotations(flat_export(folder)),
}


@pytest.mark.parametrize("name", WARNING)
def test_a_verbs_warning_names_the_line_that_called_it(name: str, tmp_path: Path) -> None:
    named = recorded(lambda: WARNING[name](tmp_path))
    assert named
    assert set(named) == {__file__}


def as_ours(code: str, **names: Any) -> dict[str, Any]:
    """What code of the package would define."""
    exec(compile(code, os.fspath(ROOT / "made_up.py"), "exec"), names)
    return names


def test_a_library_between_two_calls_of_ours_is_passed_over() -> None:
    ours = as_ours("def verb(table): return table.apply(step)\ndef step(cell): warn('Odd.'); return cell", warn=warn)
    assert set(recorded(lambda: ours["verb"](pd.Series([1])))) == {__file__}


def test_a_users_function_that_we_call_is_named() -> None:
    ours = as_ours("def verb(function): return function()", warn=warn)
    assert recorded(lambda: ours["verb"](lambda: lsnb.sample(ITEMS, key="id", n=3))) == [__file__]


def test_nobody_but_one_function_warns() -> None:
    calling = [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("warn", "warn_explicit")
        if isinstance(node.value, ast.Name) and node.value.id == "warnings"
    ]
    assert calling == ["kernel/words.py"]
