"""The form as widgets, for Jupyter, where nothing draws ``# @param`` lines.

Written for what ipywidgets 7.7 and 8 share.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Mapping
from typing import Any

from lsnb import runtime
from lsnb.errors import FormError
from lsnb.forms.parsing import join_list, join_pairs, parse_value
from lsnb.forms.reading import Namespace, caller_namespace, check_form, find_value, remember_edit
from lsnb.forms.schema import Field, Form

_HINT = "Change a value here, then run the cells below once more."


def show_form(form: Form, namespace: Namespace | None = None) -> None:
    """Draw a notebook's form as widgets; draw nothing in Colab, which has its own, and where nobody looks.

    Each value flows into the next ``read_form``. Drawing twice keeps what was set.

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
