"""The config builder as widgets. Every click is one method of ``ConfigBuilder``; nothing is decided here.

Written for what ipywidgets 7.7 and 8 share.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets

from lsnb.errors import LsnbError
from lsnb.forms.builder import ConfigBuilder
from lsnb.forms.builder_rows import KeptRow, MediaRow, QuestionFields, QuestionRow, button, classed
from lsnb.forms.config_files import uploaded_file
from lsnb.forms.preview import outline
from lsnb.forms.questions import Part, Question, Shown

_STYLE = """<style>
.lsnb-builder { line-height: 1.4; }
.lsnb-builder .lsnb-row {
  border: 1px solid var(--jp-border-color2, #ddd); border-radius: 4px; padding: 2px 6px; margin: 1px 0; }
.lsnb-builder .lsnb-row-open { border-color: var(--jp-brand-color1, #1976d2); }
.lsnb-builder .lsnb-fields {
  border-left: 3px solid var(--jp-brand-color1, #1976d2); padding: 4px 0 8px 10px; margin: 0 0 6px 6px; }
.lsnb-builder .widget-html-content { line-height: 1.4; }
.lsnb-builder h4 { margin: 4px 0; }
.lsnb-builder .lsnb-good { color: var(--jp-success-color0, #2e7d32); }
.lsnb-builder .lsnb-waiting { color: var(--jp-warn-color0, #b26a00); }
.lsnb-builder .lsnb-bad { color: var(--jp-error-color0, #b71c1c); }
.lsnb-builder a { color: var(--jp-content-link-color, #1976d2); text-decoration: underline; }
.lsnb-builder ul { margin: 0; padding-left: 1.3em; }
.lsnb-builder pre { white-space: pre-wrap; margin: 0; max-height: 420px; overflow: auto; }
.lsnb-builder .lsnb-small { opacity: .7; font-size: 90%; }
.lsnb-builder .lsnb-preview-data { display: none; }
</style>"""
_NO_SERVER = (
    "<p class='lsnb-small'>An outline, since no Label Studio is connected. To see the real page, run "
    '<code>lsnb.connect("local")</code> and then this cell again.</p>'
)


def draw_builder(builder: ConfigBuilder) -> Any:
    """Return the builder as one ipywidgets box, which follows it from now on.

    The box has the class ``lsnb-builder``; what can be clicked has classes of its own, ``lsnb-add-question`` and so on.

    Args:
        builder: What the clicks change.
    """
    return _Drawing(builder).box


class _Drawing:
    """The widgets of one builder."""

    def __init__(self, builder: ConfigBuilder) -> None:
        self._builder = builder
        self._is_refreshing = False
        self._rows: list[Any] = []
        self._signature: tuple[Any, ...] = ()
        self._fields: QuestionFields | None = None
        self._fields_of = -1
        self._list = classed(ipywidgets.VBox(), "lsnb-parts")
        self._check = classed(ipywidgets.HTML(), "lsnb-check")
        self._message = classed(ipywidgets.HTML(), "lsnb-message")
        self._xml = classed(ipywidgets.HTML(), "lsnb-xml")
        self._undo = button("Undo", "lsnb-undo", builder.undo, tip="Take the last change back")
        self._outline = classed(ipywidgets.HTML(), "lsnb-outline")
        self._drawn = classed(ipywidgets.HTML(), "lsnb-preview-data")
        self._link = classed(ipywidgets.HTML(), "lsnb-project-link")
        self.box = self._arrange()
        builder.listen(self.refresh)
        self.refresh()

    # -- arranging -------------------------------------------------------------------------------------

    def _arrange(self) -> Any:
        adding = ipywidgets.HBox(
            [
                button("Add a question", "lsnb-add-question", self._builder.add_question, look="primary", wide=True),
                button("Show another column", "lsnb-add-media", self._builder.add_media, wide=True),
                self._undo,
            ],
            layout=ipywidgets.Layout(flex_flow="row wrap"),
        )
        left = ipywidgets.VBox(
            [
                ipywidgets.HTML("<h4>What annotators see and answer</h4>"),
                self._list,
                adding,
                self._message,
                self._check,
            ],
            layout=ipywidgets.Layout(flex="1 1 340px", min_width="0"),
        )
        tabs = ipywidgets.Tab(
            [self._preview(), self._xml, self._files()], layout=ipywidgets.Layout(flex="1 1 400px", min_width="0")
        )
        for place, title in enumerate(("Preview", "XML", "Save and load")):
            tabs.set_title(place, title)
        tabs.add_class("lsnb-tabs")
        columns = ipywidgets.HBox([left, tabs], layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="12px"))
        return classed(ipywidgets.VBox([ipywidgets.HTML(_STYLE), columns]), "lsnb-builder")

    def _preview(self) -> Any:
        preview = self._builder.preview
        if preview is None:
            return classed(ipywidgets.VBox([self._outline]), "lsnb-preview")
        note = "Media that cannot be fetched without signing in are samples."
        parts = [ipywidgets.HTML(preview.frame), self._drawn, ipywidgets.HTML(f"<p class='lsnb-small'>{note}</p>")]
        if preview.open_project is not None:
            opening = button(
                "Open in Label Studio",
                "lsnb-open-project",
                self._open_project,
                tip="Puts this config into a scratch project, which can be deleted",
                wide=True,
            )
            parts.append(ipywidgets.HBox([opening, self._link], layout=ipywidgets.Layout(flex_flow="row wrap")))
        return classed(ipywidgets.VBox(parts), "lsnb-preview")

    def _files(self) -> Any:
        path = classed(
            ipywidgets.Text(value="config.xml", description="File", layout=ipywidgets.Layout(width="auto")), "lsnb-file"
        )
        builder = self._builder
        upload = classed(
            ipywidgets.FileUpload(description="From this computer", accept=".xml,.csv,.xlsx", multiple=False),
            "lsnb-upload",
        )
        upload.layout.width = "auto"
        upload.observe(lambda change: self._upload(change["new"]), names="value")
        clicks = [
            button("Save", "lsnb-save", lambda: builder.attempt(lambda: builder.save(path.value)), look="primary"),
            button("Load", "lsnb-load", lambda: builder.attempt(lambda: builder.load(path.value))),
            upload,
        ]
        explained = ipywidgets.HTML(
            "<p class='lsnb-small'>A name that ends in <b>.xml</b> is Label Studio's own format and keeps everything. "
            "One that ends in <b>.csv</b> is a codebook: a table of variables, labels and descriptions, as for a "
            "paper's appendix. Loading replaces what stands on the left; Undo brings it back.</p>"
        )
        return ipywidgets.VBox(
            [path, ipywidgets.HBox(clicks, layout=ipywidgets.Layout(flex_flow="row wrap")), explained]
        )

    # -- clicks ----------------------------------------------------------------------------------------

    def _upload(self, value: Any) -> None:
        file = uploaded_file(value)
        if file is not None:
            self._builder.attempt(lambda: self._builder.load_upload(*file))

    def _open_project(self) -> None:
        preview = self._builder.preview
        if preview is None or preview.open_project is None:
            return
        self._link.value = "<span class='lsnb-small'>Making a scratch project …</span>"
        try:
            address = html.escape(preview.open_project(self._builder.config))
        except LsnbError as fault:
            self._link.value = f"<span class='lsnb-bad'>{html.escape(str(fault))}</span>"
        else:
            self._link.value = f'<a href="{address}" target="_blank" rel="noopener">{address}</a>'

    # -- following the builder -------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what the builder holds; what is shown already is not touched, so that typing goes on."""
        with self._quiet():
            self._show_parts()
            self._undo.disabled = not self._builder.can_undo
            message = html.escape(self._builder.message).replace("\n", "<br>")
            self._message.value = f"<p>{message}</p>" if message else ""
            self._xml.value = f"<pre>{html.escape(self._builder.xml)}</pre>"
            self._link.value = ""
            self._show_preview()
            # Last, since the first check of all loads Label Studio's own, which takes seconds.
            self._check.value = self._checked()

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        before, self._is_refreshing = self._is_refreshing, True
        try:
            yield
        finally:
            self._is_refreshing = before

    def _show_parts(self) -> None:
        builder = self._builder
        signature = (*(type(part) for part in builder.parts), bool(builder.columns))
        if signature != self._signature:
            for row in self._rows:
                row.close()
            self._rows = [self._row(place, part) for place, part in enumerate(builder.parts)]
            self._signature = signature
        children = []
        for place, (row, part) in enumerate(zip(self._rows, builder.parts, strict=True)):
            is_open = place == builder.opened
            row.show(part, place=place, count=len(self._rows), is_open=is_open, columns=builder.columns)
            children.append(row.box)
            if is_open and isinstance(part, Question):
                children.append(self._shown_fields(part))
        if tuple(children) != tuple(self._list.children):
            self._list.children = children

    def _shown_fields(self, part: Question) -> Any:
        builder = self._builder
        opening = builder.openings
        if self._fields is None or self._fields_of != opening:
            # Fields of their own, since letters typed while the kernel is busy arrive when another question is open.
            if self._fields is not None:
                self._fields.close()

            def change(**fields: Any) -> None:
                if not self._is_refreshing and builder.openings == opening and builder.opened is not None:
                    builder.change(builder.opened, **fields)

            self._fields = QuestionFields(change)
            self._fields_of = opening
        kinds = [found.kind for found in builder.config.fields.values() if found.name]
        self._fields.show(part, kinds, builder.media_names())
        return self._fields.box

    def _row(self, place: int, part: Part) -> Any:
        builder = self._builder

        def act(method: Callable[..., None], *arguments: Any) -> Callable[[], None]:
            return lambda: method(place, *arguments)

        moves = (act(builder.move, -1), act(builder.move, 1), act(builder.remove))
        if isinstance(part, Shown):

            def change(**fields: Any) -> None:
                if not self._is_refreshing:
                    builder.change(place, **fields)

            return MediaRow(change, moves, has_table=bool(builder.columns))
        if isinstance(part, Question):
            return QuestionRow(
                lambda: builder.open_question(None if builder.opened == place else place),
                moves,
            )
        return KeptRow(moves)

    def _show_preview(self) -> None:
        builder = self._builder
        if builder.preview is None:
            self._outline.value = _NO_SERVER + outline(builder.config)
        else:
            self._drawn.value = builder.preview.draft(builder.config, builder.row)

    def _checked(self) -> str:
        builder = self._builder
        if not any(not isinstance(part, Shown) for part in builder.parts):
            return "<p class='lsnb-small'>No question yet: press “Add a question”.</p>"
        unfinished, problems = builder.unfinished, builder.found
        if not unfinished and not problems:
            return "<p class='lsnb-good'>✓ The config has no problem.</p>"
        return _listed("Not in the config yet", unfinished, "lsnb-waiting") + _listed("To mend", problems, "lsnb-bad")


def _listed(title: str, sentences: Sequence[str], look: str) -> str:
    if not sentences:
        return ""
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return f"<div class='{look}'>{title}:<ul>{items}</ul></div>"
