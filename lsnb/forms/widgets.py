"""The form as widgets, for Jupyter, where nothing draws ``# @param`` lines.

Written for what ipywidgets 7.7 and 8 share.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from importlib import resources
from pathlib import Path
from typing import Any

from lsnb.errors import FormError, InputError, LsnbError
from lsnb.forms.schema import (
    Field,
    Form,
    Namespace,
    caller_namespace,
    check_form,
    fields_meant,
    find_value,
    join_list,
    join_pairs,
    parse_value,
    remember_edit,
)
from lsnb.kernel import runtime
from lsnb.kernel.files import file_sentence, named_path, remove_leavings, safe_name, whole_file, write_whole
from lsnb.kernel.words import counted

# Files from the student's own computer: dropped on the notebook in Jupyter, chosen in Colab's dialog.


_TOKEN = re.compile(r"(?P<token>(?P<run>[a-z0-9]+)-(?P<piece>\d+)-(?P<pieces>\d+)-(?P<size>\d+))-(?P<name>.+)", re.S)


def upload_files(out: str | Path, *, kinds: str = "videos or zips", ask: bool = False) -> None:
    """Let the student put files into a folder: by drag and drop in Jupyter, by the dialog in Colab.

    In Jupyter it draws a zone that takes files at any time; nothing waits for it. Where nobody looks (CI, papermill),
    it does nothing, so that a notebook runs through.

    Args:
        out: The folder that the files go to; it is made when the first one comes. A file of the same name is replaced.
        kinds: What to say that it takes.
        ask: Whether to open Colab's dialog, which waits for an answer.

    Raises:
        InputError: ``out`` is a file, or no path.

    Example:
        >>> upload_files("lsnb-work/videos")
    """
    if not isinstance(out, str | Path) or not str(out).strip():
        raise InputError(f"out is {out!r}: name a folder for what is uploaded.")
    path = named_path(out)
    if path.is_file():
        raise InputError(f"{path} is a file: name a folder for what is uploaded.")
    place = runtime.where()
    if place == "colab":
        if ask:
            for name, content in runtime.colab_upload().items():
                keep_file(path, name, content)
    elif place == "jupyter" and runtime.is_interactive():
        from IPython.display import display

        display(draw_zone(path, kinds))  # type: ignore[no-untyped-call]


def draw_zone(folder: Path, kinds: str) -> Any:
    """Return the drop zone as one ipywidgets box of the class ``lsnb-drop``.

    Args:
        folder: Where the files go.
        kinds: What to say that it takes.
    """
    import ipywidgets

    page = resources.files("lsnb.forms").joinpath("dropping.js").read_text(encoding="utf-8")
    script = re.sub(r"^\s*//.*$", "", page, flags=re.MULTILINE)
    zone = ipywidgets.HTML(
        '<div class="lsnb-drop-zone" style="border: 2px dashed #888; border-radius: 8px; padding: 1em; '
        'text-align: center">'
        f"Drop {html.escape(kinds)} here, or choose them: "
        '<input type="file" multiple aria-label="Choose files">'
        '<div class="lsnb-drop-said" style="min-height: 1.4em"></div>'
        f'<img alt="" src="data:," style="display: none" onerror="{html.escape(script)}"></div>'
    )
    transport = ipywidgets.FileUpload(multiple=False)
    transport.add_class("lsnb-drop-transport")
    transport.layout.display = "none"
    there = ipywidgets.HTML(_there(folder))
    receiver = Receiver(folder)

    def receive(change: Mapping[str, Any]) -> None:
        for name, content in _files(change["new"]):
            said = receiver.take(name, content)
            token = html.escape(receiver.token)
            there.value = f'<span class="lsnb-drop-kept" data-token="{token}"></span>{said or _there(folder)}'

    transport.observe(receive, names="value")
    box = ipywidgets.VBox([zone, transport, there])
    box.add_class("lsnb-drop")
    return box


class Receiver:
    """Puts the pieces of files together.

    Args:
        folder: Where the files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._under_way: dict[tuple[str, str], _Arriving] = {}
        self.token = ""

    def take(self, labelled: str, content: bytes) -> str:
        """Keep one piece, and return what to tell the student if that failed.

        Args:
            labelled: The piece's token and the file's name, as ``dropping.js`` writes them.
            content: Its bytes.
        """
        match = _TOKEN.fullmatch(labelled)
        if match is None:
            return ""
        self.token = match["token"]
        which = (match["run"], match["name"])
        try:
            name = file_name(match["name"])
            if match["piece"] == "0":
                self._give_up(which)
                remove_leavings(self._folder)
                self._under_way[which] = _Arriving(self._folder / name)
            arriving = self._under_way.get(which)
            if arriving is not None:
                arriving.file.write(content)
            if int(match["piece"]) + 1 == int(match["pieces"]):
                if arriving is None or arriving.file.tell() != int(match["size"]):
                    self._give_up(which)
                    return f"{html.escape(name)} came with a piece missing: drop it again."
                self._under_way.pop(which).keep()
        except (OSError, InputError) as fault:
            self._give_up(which)
            said = fault if isinstance(fault, LsnbError) else file_sentence(fault, self._folder / name, "written")
            return f"{html.escape(match['name'][:80])} could not be kept: {html.escape(str(said))}"
        return ""

    def _give_up(self, which: tuple[str, str]) -> None:
        arriving = self._under_way.pop(which, None)
        if arriving is not None:
            arriving.drop()


class _Arriving:
    """A file whose first pieces are here."""

    def __init__(self, path: Path) -> None:
        self._room = ExitStack()
        self.file = self._room.enter_context(whole_file(path, parents=True))

    def keep(self) -> None:
        self._room.close()

    def drop(self) -> None:
        with suppress(InterruptedError):
            self._room.__exit__(InterruptedError, InterruptedError(), None)


def keep_file(folder: Path, name: str, content: bytes) -> Path:
    """Write one file, whole or not at all, and return its path.

    Args:
        folder: Where it goes; it is made.
        name: What the student's computer calls it; folders in it are dropped.
        content: Its bytes.

    Raises:
        InputError: The name is none, or the file cannot be written.

    Example:
        >>> import tempfile
        >>> keep_file(Path(tempfile.mkdtemp()), "../my clip.mp4", b"12").name
        'my clip.mp4'
    """
    return write_whole(folder / file_name(name), content, parents=True)


def file_name(name: str) -> str:
    r"""Return a file's name without folders and without what some computers do not take.

    Args:
        name: As another computer calls the file.

    Raises:
        InputError: Nothing is left of it.

    Example:
        >>> file_name("C:\\clips\\Fahrräder: 1.mp4"), file_name("../../.hidden.mp4")
        ('Fahrräder_ 1.mp4', 'hidden.mp4')
    """
    last = re.split(r"[/\\]", name)[-1]
    if not last.strip(". "):
        raise InputError(f"A file is called {name!r}: give it a name of letters or digits.")
    return safe_name(last, marked=False)


def _files(value: Any) -> list[tuple[str, bytes]]:
    # A dict by name in ipywidgets 7, a tuple of dicts in 8.
    if isinstance(value, Mapping):
        return [(name, bytes(each["content"])) for name, each in value.items()]
    return [(each["name"], bytes(each["content"])) for each in value]


def _there(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []
    if not names:
        return f"Nothing is in {html.escape(str(folder))} yet."
    listed = ", ".join(html.escape(name) for name in names[:8]) + (" …" if len(names) > 8 else "")
    found = counted(len(names), "file is", "files are")
    return f"<b>{found} in {html.escape(str(folder))}</b>: {listed}. Run the cells below."


_HINT = "Change a value here, then run the cells below once more."


def show_form(form: Form, namespace: Namespace | None = None) -> None:
    """Draw a notebook's form as widgets; draw nothing in Colab, which has its own, and where nobody looks.

    From then on a cell that takes longer says that it works, a name that is not there yet is told with the cell that
    makes it, and a message about a value of the form names its field. Each value flows into the next ``read_form``.
    Drawing twice keeps what was set.

    Args:
        form: The notebook's schema, for example ``lsnb.forms.SAMPLE_TASKS``.
        namespace: Name → value; the variables of the calling cell by default.

    Raises:
        InputError: The first argument is no form, or the second no dict.

    Example:
        >>> from lsnb.forms import Field, Form
        >>> show_form(Form("roll_dice", (Field("SIDES", 6, "integer", "How many sides."),)))
    """
    check_form(form, namespace)
    runtime.attend(fields_meant)
    if runtime.where() != "jupyter" or not runtime.is_interactive():
        return
    if namespace is None:
        namespace = caller_namespace(sys._getframe(1))
    from IPython.display import display

    display(draw_form(form, namespace))  # type: ignore[no-untyped-call]


def draw_form(form: Form, namespace: Namespace) -> Any:
    """Return the form as one ipywidgets box.

    The box has the class ``lsnb-form`` and one of its own (``lsnb-form-sample-tasks``); each field's widget
    has ``lsnb-field-<name>``, all with ``-`` for ``_``.

    Args:
        form: The notebook's schema.
        namespace: Name → value of the notebook, looked at again whenever a widget changes.
    """
    import ipywidgets

    rows = []
    for field in form.fields:
        widget = _draw_field(field, _value_to_draw(form, field, namespace))
        widget.add_class(f"lsnb-field-{field.attribute.replace('_', '-')}")
        widget.observe(_rememberer(form, field, namespace), names="value")
        explanation = ipywidgets.HTML(
            f"<span style='opacity:.75'>{html.escape(field.help)}</span>",
            layout=ipywidgets.Layout(margin="0 0 0 1em"),
        )
        rows.append(ipywidgets.HBox([widget, explanation], layout=ipywidgets.Layout(flex_flow="row wrap")))
    box = ipywidgets.VBox([ipywidgets.HTML(f"<b>{_HINT}</b>"), *rows])
    box.add_class("lsnb-form")
    box.add_class(f"lsnb-form-{form.name.replace('_', '-')}")
    return box


def _rememberer(form: Form, field: Field, namespace: Namespace) -> Any:
    return lambda change: remember_edit(form, field, change["new"], namespace)


def _value_to_draw(form: Form, field: Field, namespace: Namespace) -> Any:
    """Return what the widget shows first; a value that does not fit is left for ``read_form`` to report."""
    raw = find_value(form, field, namespace).raw
    try:
        value = parse_value(field, raw)
    except FormError:
        return field.default
    if value is None:
        return field.unset
    if isinstance(value, tuple):
        return join_list(value)
    if isinstance(value, Mapping):
        return join_pairs(value)
    return value if field.kind in {"boolean", "integer", "number"} else str(value)


def _draw_field(field: Field, value: Any) -> Any:
    import ipywidgets

    looks = {
        "description": field.name,
        "style": {"description_width": "11em"},
        "layout": ipywidgets.Layout(width="30em"),
    }
    match field.kind:
        case "boolean":
            # A check box puts its description behind the box: no wide column before it.
            return ipywidgets.Checkbox(value=value, **looks)
        case "choice":
            return ipywidgets.Dropdown(options=list(field.choices), value=value, **looks)
        case "integer" if field.is_slider:
            bounds = {"min": field.minimum, "max": field.maximum, "step": field.slider_step}
            return ipywidgets.IntSlider(value=value, **bounds, **looks)
        case "number" if field.is_slider:
            bounds = {"min": field.minimum, "max": field.maximum, "step": field.slider_step}
            decimals = 0 if float(field.slider_step).is_integer() else 2
            return ipywidgets.FloatSlider(value=value, readout_format=f".{decimals}f", **bounds, **looks)
        # Continuous, since a click on JupyterLab's Run menu does not end the editing of a field.
        case "integer":
            return ipywidgets.IntText(value=value, continuous_update=True, **looks)
        case "number":
            return ipywidgets.FloatText(value=value, continuous_update=True, **looks)
        case _:
            return ipywidgets.Text(value=value, **looks)
