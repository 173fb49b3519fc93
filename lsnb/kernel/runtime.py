"""Where am I: Colab, Jupyter or a script, how a notebook's cell speaks there, and which folders are mine."""

from __future__ import annotations

import ast
import gc
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import platformdirs

from lsnb.errors import CredentialsError, LocalStackError, LsnbError

Kind = Literal["colab", "jupyter", "script"]


def where() -> Kind:
    """Return what runs this code: ``"colab"``, ``"jupyter"`` or ``"script"``.

    Example:
        >>> where()
        'script'
    """
    if "google.colab" in sys.modules:
        return "colab"
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and shell.has_trait("kernel"):
        return "jupyter"
    return "script"


def is_interactive() -> bool:
    """Return whether a person can answer a prompt: never in CI, nbmake, papermill or a pipe."""
    if os.environ.get("CI") or os.environ.get("LSNB_NO_PROMPT"):
        return False
    kind = where()
    if kind == "colab":
        return True
    if kind == "jupyter":
        import IPython

        kernel = IPython.get_ipython().kernel
        # nbclient and papermill run kernels with allow_stdin=False; a prompt there would raise.
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stdin is not None and sys.stdin.isatty()


# What a notebook of ours adds to its kernel: a line while a cell works, which cell makes a name that is not there yet,
# sentences that the cell's own result shows anyway are said once, so are those about data that all cells use, and those
# about the form's values name its field.


# Seconds that work may take before it is worth a word.
SHOWN_AFTER = 2.0
WORKING = "Working …"
LARGEST_NOTEBOOK = 64 * 2**20
_ABOVE = "in Jupyter, Run › Run All Above Selected Cell; in Colab, Runtime › Run before"


class Attendant:
    """What accompanies the cells of one kernel.

    Args:
        shell: The kernel's IPython.
        meant: Returns which fields of the form a sentence is about, from the sentence, the cell's source and variables,
            and ``is_fault``: whether it says what is wrong.
    """

    def __init__(self, shell: Any, meant: Callable[..., str]) -> None:
        self._shell = shell
        self._meant = meant
        self._held: list[tuple[str, object, Callable[[str], None]]] = []
        # The cell that runs, and the how manieth run this is; in which run of which cell a sentence was shown.
        self._cell = ("", 0)
        self._shown: dict[str, tuple[str, int]] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._line: Any = None

    def attend(self) -> None:
        """Take up the work; from then on every cell is accompanied."""
        self._shell.events.register("pre_run_cell", self._begin)
        self._shell.events.register("post_run_cell", self._end)
        self._shell.set_custom_exc((NameError, LsnbError), self._tell)
        self._start()  # the cell that runs already

    def hold(self, sentence: str, shown_by: object, say: Callable[[str], None]) -> None:
        """Say a sentence at the end of the cell, unless the cell's result shows it.

        Args:
            sentence: What is said.
            shown_by: What shows it, too, such as a report.
            say: Says it.
        """
        self._held.append((sentence, shown_by, say))

    def show(self, sentence: str) -> None:
        """Note that the cell that runs shows a sentence.

        Args:
            sentence: What it shows.
        """
        self._shown[sentence] = self._cell

    def is_shown(self, sentence: str) -> bool:
        """Return whether another cell shows a sentence, or this run of this one; what ran before is gone.

        Args:
            sentence: What would be said.
        """
        cell, run = self._shown.get(sentence, (None, 0))
        return cell is not None and (cell != self._cell[0] or run == self._cell[1])

    def _begin(self, info: Any = None) -> None:
        name = getattr(info, "cell_id", None) or getattr(info, "raw_cell", None) or ""
        self._cell = (str(name), self._cell[1] + 1)
        self._held.clear()
        self._start()

    def _start(self) -> None:
        self._stop()
        timer = threading.Timer(SHOWN_AFTER, self._show)
        timer.daemon = True
        with suppress(RuntimeError):  # no thread is to be had, and so no line
            timer.start()
            self._timer = timer

    def _show(self) -> None:
        from IPython.display import HTML, display

        with self._lock:
            if self._timer is not None:
                line = HTML(f"<i class='lsnb-working' style='opacity:.75'>{WORKING}</i>")  # type: ignore[no-untyped-call]
                self._line = display(line, display_id=True)  # type: ignore[no-untyped-call]

    def _stop(self) -> None:
        from IPython.display import HTML

        with self._lock:
            timer, line = self._timer, self._line
            self._timer = self._line = None
        if timer is not None:
            timer.cancel()
        if line is not None:
            line.update(HTML(""))  # type: ignore[no-untyped-call]

    def _end(self, result: Any = None) -> None:
        self._stop()
        shown = getattr(result, "result", None)
        seen = {id(shown), id(getattr(shown, "report", None))} if shown is not None else set()
        held, self._held = self._held, []
        for sentence, shown_by, say in held:
            if id(shown_by) not in seen:
                say(sentence)

    def in_form(self, sentence: str, *, is_fault: bool) -> str:
        """Return what is added to a sentence about what the cell that runs takes from its form."""
        cells = self._shell.user_ns.get("In")
        source = cells[-1] if isinstance(cells, list) and cells else ""
        return self._meant(sentence, str(source), self._shell.user_ns, is_fault=is_fault)

    def _tell(self, shell: Any, kind: Any, error: Any, trace: Any, tb_offset: int | None = None) -> Any:
        if isinstance(error, LsnbError):
            sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace  # what %debug looks at
            said = "\n".join(error._render_traceback_()).split("\n")
            lines = ["\n".join(f"{line}{self.in_form(line, is_fault=True)}" for line in said)]
            shell._showtraceback(kind, error, lines)
            return lines
        last = trace
        while last.tb_next is not None:
            last = last.tb_next
        frame, name = last.tb_frame, str(getattr(error, "name", None) or "")
        # A cell's code is called by IPython's release; its names are the notebook's in all.
        if frame.f_locals is frame.f_globals is shell.user_ns and name:
            lines = [missing_name(name, _notebook_cells(shell.user_ns))]
        else:
            lines = shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset=tb_offset)
        shell._showtraceback(kind, error, lines)
        return lines


_attendant: list[Attendant] = []


def attend(meant: Callable[..., str] = lambda *_, **__: "") -> None:
    """Accompany the cells of this kernel, where a person sits before it; twice is once.

    A cell that runs longer than two seconds says that it works, a name that is not there yet is told with the cell that
    makes it, ``held`` sentences are said once, as those of data are, and those about a form's values name its field.

    Args:
        meant: What a sentence is called in the form that the cell reads (``Attendant``).
    """
    if _attendant or where() == "script" or not is_interactive():
        return
    _attendant.append(Attendant(sys.modules["IPython"].get_ipython(), meant))
    _attendant[0].attend()


def is_held(sentence: str, shown_by: object, say: Callable[[str], None]) -> bool:
    """Return whether a sentence waits for the end of the cell, in case its result shows it; else it is to be said now.

    Args:
        sentence: What is said.
        shown_by: What shows it, too, such as a report.
        say: Says it.

    Example:
        >>> is_held("3 files failed.", object(), print)
        False
    """
    if not _attendant:
        return False
    _attendant[0].hold(sentence, shown_by, say)
    return True


def is_shown(sentence: str) -> bool:
    """Return whether a notebook's reader sees a sentence already.

    Args:
        sentence: What would be said.

    Example:
        >>> is_shown("3 items have two annotations.")
        False
    """
    return bool(_attendant) and _attendant[0].is_shown(sentence)


def show(sentence: str) -> None:
    """Note that the cell that runs shows a sentence.

    Args:
        sentence: What it shows.
    """
    for attendant in _attendant:
        attendant.show(sentence)


def in_form(sentence: str) -> str:
    """Return what is added to a note that tells to give an argument: its field in the notebook's form; else nothing.

    Example:
        >>> in_form("The sheet 'Data' is read: give sheet= for another.")
        ''
    """
    return _attendant[0].in_form(sentence, is_fault=False) if _attendant else ""


def missing_name(name: str, cells: list[tuple[str, str]]) -> str:
    """Return the sentence for a name that no cell has made yet.

    Args:
        name: The name.
        cells: The notebook's code cells: the heading above each, and its source.

    Example:
        >>> missing_name("bucket", [("Upload the photographs", "bucket = open()")])[:86]
        '‘bucket’ is not there yet. Run the cell below “Upload the photographs” first, which ma'
        >>> missing_name("form", [("Label", "import lsnb"), ("Label", "form = read()")])[:83]
        '‘form’ is not there yet. Run the cell that begins with “form = read()” first, which'
        >>> missing_name("bukcet", [("Upload the photographs", "bucket = open()")])
        '‘bukcet’ is not there, and no cell of this notebook makes it: look how it is written.'
    """
    made_by = next(((heading, source) for heading, source in cells if name in _made(source)), None)
    if cells and made_by is None:
        return f"‘{name}’ is not there, and no cell of this notebook makes it: look how it is written."
    where, makes = f"that makes it, with “{name} = …”,", ""
    if made_by is not None:
        heading, source = made_by
        # A heading with several cells below it names none of them.
        is_alone = heading and [each for each, _ in cells].count(heading) == 1
        where = f"below “{heading}”" if is_alone else f"that begins with “{source.strip().splitlines()[0]}”"
        makes = ", which makes it"
    return f"‘{name}’ is not there yet. Run the cell {where} first{makes}, or all cells above this one ({_ABOVE})."


def parsed_cell(source: str) -> ast.Module:
    """Return a cell's code as Python reads it, without magics; nothing of what Python cannot read.

    Args:
        source: The cell's source.

    Example:
        >>> len(parsed_cell("%matplotlib inline\\nx = 1").body), len(parsed_cell("x = = 1").body)
        (2, 0)
    """
    try:
        return ast.parse(re.sub(r"(?m)^([^\S\n]*)[%!].*$", r"\1pass", source))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def _made(source: str) -> set[str]:
    """Return the names that a cell makes."""
    tree = parsed_cell(source)
    made = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            made |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
    return made


def _notebook_cells(names: Any) -> list[tuple[str, str]]:
    """Return heading and source of each code cell of the notebook that this kernel runs; none where it is not known."""
    path = os.environ.get("JPY_SESSION_NAME") or names.get("__vsc_ipynb_file__") or ""
    cells: list[tuple[str, str]] = []
    with suppress(OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        file = Path(str(path))
        if file.suffix != ".ipynb" or file.stat().st_size > LARGEST_NOTEBOOK:
            return []
        heading = ""
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                found = re.search(r"(?m)^#+\s+(.+)$", source)
                heading = found[1].strip() if found else heading
            elif cell["cell_type"] == "code":
                title = re.match(r"# @title ([^{\n]*)", source)
                cells.append((title[1].strip() if title else heading, source))
    return cells


def colab_secret(name: str) -> str | None:
    """Return a Colab secret's text, or None outside Colab or where it is absent.

    Args:
        name: The secret's name, for example ``LABEL_STUDIO_API_KEY``.

    Raises:
        CredentialsError: The secret exists, but this notebook may not read it.
    """
    if where() != "colab":
        return None
    from google.colab import userdata

    try:
        value = userdata.get(name)
    except userdata.SecretNotFoundError:
        return None
    except userdata.NotebookAccessError:
        raise CredentialsError(
            f"This notebook may not read the Colab secret {name}: open the key icon on the left, "
            "switch on 'Notebook access' beside it, and run the cell again."
        ) from None
    except userdata.TimeoutException:
        # A detached browser cannot be asked: go on with the next source rather than fail.
        return None
    return str(value) if value else None


_DRIVE = Path("/content/drive")


def unmounted_drive(path: str | os.PathLike[str]) -> str:
    """Return the sentence where a path leads into a Google Drive that Colab has not mounted, else nothing.

    A folder that is made there lies on Colab's own disk, dies with it, and keeps the Drive from being mounted.

    Args:
        path: A path that is read or written.

    Example:
        >>> unmounted_drive("/content/drive/MyDrive/lsnb-work")
        ''
    """
    if where() != "colab" or _DRIVE not in Path(path).parents or (_DRIVE / "MyDrive").is_dir():
        return ""
    return (
        'Google Drive is not mounted: run ‘from google.colab import drive; drive.mount("/content/drive")’ in a cell '
        "of its own, and then this one again."
    )


def colab_proxy_url(port: int) -> str | None:
    """Return the https address under which Colab shows a port of its machine, or None outside Colab.

    Args:
        port: A port on which something of ours listens.
    """
    if where() != "colab":
        return None
    from google.colab.output import eval_js

    return str(eval_js(f"google.colab.kernel.proxyPort({int(port)}, {{'cache': true}})")).rstrip("/")


def colab_upload() -> dict[str, bytes]:
    """Open Colab's upload dialog, wait for it, and return what was chosen: name → content; empty outside Colab."""
    if where() != "colab":
        return {}
    from google.colab import files

    return {str(name): bytes(content) for name, content in files.upload().items()}


def colab_sign_in() -> bool:
    """Sign the Colab user in to Google Cloud; return False outside Colab."""
    if where() != "colab":
        return False
    from google.colab import auth

    auth.authenticate_user()
    return True


@contextmanager
def collector_paused() -> Iterator[None]:
    """Hold Python's cyclic garbage collector while millions of small objects are made.

    It would scan them again and again: orjson takes eight times as long with it on a 30 MB export.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def cache_folder() -> Path:
    """Return the folder for what can be made again (installed servers, templates).

    ``LSNB_CACHE`` moves it.

    Raises:
        LocalStackError: ``LSNB_CACHE`` names a home folder that nobody has, or the folder is not the user's alone.
    """
    return _folder("LSNB_CACHE", Path(platformdirs.user_cache_dir("lsnb")))


def stack_folder() -> Path:
    """Return the folder of the embedded stack: its data, its logs and its keys.

    ``LSNB_STACK`` moves it; two folders are two independent stacks.

    Raises:
        LocalStackError: ``LSNB_STACK`` names a home folder that nobody has, or the folder is not the user's alone.
    """
    return _folder("LSNB_STACK", Path(platformdirs.user_data_dir("lsnb")) / "stack")


def _folder(variable: str, default: Path) -> Path:
    given = os.environ.get(variable)
    try:
        folder = Path(given).expanduser() if given else default
    except RuntimeError:
        raise LocalStackError(
            f"{variable} is {given!r}, and nobody of that name has a home folder here: write the whole path."
        ) from None
    refuse_others_folder(folder)
    return folder


def refuse_others_folder(folder: Path) -> None:
    """Raise where others on this computer may write to a folder whose programs are run and whose records are believed.

    Args:
        folder: The folder, which need not be there.

    Raises:
        LocalStackError: It belongs to another user, or others may write to it.
    """
    if os.name != "posix":
        return
    try:
        about = folder.stat()
    except OSError:
        return
    is_others = about.st_uid not in (os.getuid(), 0)
    if is_others or about.st_mode & 0o002 or (about.st_mode & 0o020 and not _is_own_group(about.st_gid)):
        whose = f"belongs to another user (number {about.st_uid})" if is_others else "can be written to by others"
        own = f", or run 'chmod go-w {folder}' once you have looked at what is in it" if not is_others else ""
        raise LocalStackError(
            f"The folder {folder} {whose}, whose programs and keys would be taken for yours: set LSNB_CACHE and "
            f"LSNB_STACK to folders of your own{own}."
        )


def _is_own_group(number: int) -> bool:
    """Return whether a group has nobody in it but the user: many systems give each user one, which may then write."""
    import grp
    import pwd

    try:
        group, user = grp.getgrgid(number), pwd.getpwuid(os.getuid())
    except KeyError:
        return number == os.getgid() == 0  # as containers run users without a name
    return group.gr_name == user.pw_name and not set(group.gr_mem) - {user.pw_name}
