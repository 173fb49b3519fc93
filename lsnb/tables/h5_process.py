"""What reads H5 files, in a process of its own: ``h5.py`` runs this file and kills it when it must.

It imports nothing of lsnb. Each line it is given names a file; each answer is a line of JSON and then the arrays. Only
what pandas' two layouts need is looked at, links and storage that lead out of the file are refused, and pickles are
read by an unpickler that knows plain values.
"""

from __future__ import annotations

import io
import json
import math
import os
import pickle
import re
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

FRAMES = ("frame", "frame_table")
MAX_ATTRIBUTE = 16 << 20
MAX_TEXT = 64 << 20
MAX_GROUPS = 1000
MAX_LEVELS = 8
# Deflate, shuffle, Fletcher's checksum, szip, n-bit, scale-offset and LZF: what HDF5 and h5py decode by themselves.
FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})
_NUMBER = re.compile(r"[<>|=]?([iuf][1248]|b1)")


class Refusal(Exception):
    """A file that is not read, and why: the middle of a sentence."""


# -- pickles of plain values ---------------------------------------------------------------------------------


class PlainDtype:
    """What stands for ``numpy.dtype`` in a pickle: its code alone."""

    def __init__(self, code: Any = "", *_: Any) -> None:
        self.code = str(code)

    def __setstate__(self, state: Any) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else "|"
        if order in ("<", ">") and self.code[:1] not in "<>|=":
            self.code = order + self.code


class PlainArray:
    """What stands for ``numpy.ndarray`` in a pickle: plain values in a row, and a shape."""

    def __init__(self, *_: Any) -> None:
        self.shape: tuple[int, ...] = (0,)
        self.values: list[Any] = []

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, is_fortran, values = state
        if not all(type(size) is int and size >= 0 for size in shape) or not isinstance(dtype, PlainDtype):
            raise Refusal("it keeps values in a way of its own")
        if isinstance(values, bytes):
            values = plain_numbers(dtype.code, values)
        if not isinstance(values, list) or len(values) != math.prod(shape):
            raise Refusal("its values are damaged")
        self.shape = tuple(shape)
        if is_fortran and len(shape) == 2:
            rows, columns = shape
            values = [values[column * rows + row] for row in range(rows) for column in range(columns)]
        self.values = values


def plain_numbers(code: str, values: bytes) -> list[Any]:
    """Return the numbers in some bytes."""
    if not _NUMBER.fullmatch(code):
        raise Refusal("it keeps values in a way of its own")
    return list(np.frombuffer(values, dtype=code).tolist())


def _scalar(dtype: Any, values: Any = b"") -> Any:
    if not isinstance(dtype, PlainDtype) or not isinstance(values, bytes):
        raise Refusal("it keeps values in a way of its own")
    return plain_numbers(dtype.code, values)[0]


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise Refusal("it keeps values in a way of its own")
    return text.encode("latin1")


_CORES = ("numpy.core.multiarray", "numpy._core.multiarray")
PLAIN = {
    ("numpy", "ndarray"): PlainArray,
    ("numpy", "dtype"): PlainDtype,
    ("_codecs", "encode"): _encode,
    **{(core, "_reconstruct"): PlainArray for core in _CORES},
    **{(core, "scalar"): _scalar for core in _CORES},
}


class PlainUnpickler(pickle.Unpickler):
    """An unpickler that knows None, truth, numbers, text, lists, tuples, dicts and arrays of these: no name but those
    of ``PLAIN`` is looked up, and these stand for numpy's own."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name."""
        if (module, name) not in PLAIN:
            raise Refusal("it holds commands where a table has names, so it may be meant to do harm")
        return PLAIN[module, name]


def unpickled(pickled: bytes) -> Any:
    """Return the plain values in a pickle."""
    return PlainUnpickler(io.BytesIO(pickled), encoding="latin1").load()


# -- what is in the file -------------------------------------------------------------------------------------


def member(group: h5py.Group, name: str) -> Any:
    """Return what a group holds under a name, in this file and nowhere else."""
    link = group.get(name, getlink=True)
    if link is None:
        raise Refusal(f"{name!r} is missing in it")
    if type(link) is not h5py.HardLink:
        raise Refusal("it leads to other files or places")
    return group[name]


def attribute(thing: Any, name: str, default: Any = None) -> Any:
    """Return an attribute as PyTables means it: numbers, text, or the plain values in a pickle."""
    if name not in thing.attrs:
        return default
    kept = thing.attrs.get_id(name)
    if kept.get_space().get_simple_extent_type() == h5py.h5s.NULL:
        return ""
    if math.prod(kept.shape) * kept.dtype.itemsize > MAX_ATTRIBUTE:
        raise Refusal(f"its {name!r} is too large")
    value = thing.attrs[name]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if not isinstance(value, bytes):
        return value
    if len(value) > 1 and value.endswith(b"."):
        try:
            return unpickled(value)
        except (pickle.UnpicklingError, ValueError, EOFError, IndexError, KeyError, AttributeError, TypeError):
            pass
    return value.decode("utf-8", "replace")


class Cells:
    """Reads datasets, until they claim more bytes than a file may."""

    def __init__(self, allowed: int) -> None:
        self.left = allowed

    def read(self, dataset: Any, field: str | None = None) -> Any:
        """Return the whole of a dataset, or one field of its rows."""
        self.check(dataset)
        self.counted(dataset.size or 0, dataset.dtype[field].itemsize if field else dataset.dtype.itemsize)
        return dataset[field] if field else dataset[()]

    def counted(self, count: int, size: int) -> int:
        """Return how many cells there are to be, of so many bytes each."""
        self.left -= count * size
        if self.left < 0:
            raise Refusal("it claims more cells than a file of its size can have")
        return count

    def check(self, dataset: Any) -> None:
        """Raise unless a dataset's cells are in this file, and HDF5 itself decodes them."""
        if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
            raise Refusal("it has no cells where a table has them")
        kept = dataset.id.get_create_plist()
        if dataset.is_virtual or kept.get_external_count():
            raise Refusal("it leads to other files or places")
        if any(kept.get_filter(place)[0] not in FILTERS for place in range(kept.get_nfilters())):
            raise Refusal("it is compressed in a way that h5py does not know, such as blosc")

    def array(self, group: h5py.Group, name: str) -> Any:
        """Return what pandas' fixed layout keeps under a name: an array, or a ``PlainArray`` of objects."""
        dataset = member(group, name)
        self.check(dataset)
        is_transposed = bool(attribute(dataset, "transposed", False))
        shape = attribute(dataset, "shape")
        if shape is not None:
            # An array without cells is kept as one cell and this.
            if not isinstance(shape, (tuple, list)) or math.prod(shape) != 0 or not 1 <= len(shape) <= 2:
                raise Refusal("its values are damaged")
            found = np.empty([int(size) for size in shape])
            return found.T if is_transposed else found
        if h5py.check_vlen_dtype(dataset.dtype) is not None:
            if dataset.shape != (1,) or h5py.check_vlen_dtype(dataset.dtype) != np.dtype("uint8"):
                raise Refusal("it keeps values in a way of its own")
            found = unpickled(self.read(dataset)[0].tobytes())
            if not isinstance(found, PlainArray) or len(found.shape) not in (1, 2):
                raise Refusal("it keeps values in a way of its own")
            if is_transposed and len(found.shape) == 2:
                rows, columns = found.shape
                found.values = [
                    found.values[row * columns + column] for column in range(columns) for row in range(rows)
                ]
                found.shape = (columns, rows)
            return found
        if dataset.dtype.kind not in "iufbS":
            raise Refusal("it keeps values in a way of its own")
        if str(attribute(dataset, "value_type", "")).startswith(("datetime", "timedelta", "period")):
            raise Refusal("it holds dates")
        found = self.read(dataset)
        return found.T if is_transposed else found


def texts(values: Any, missing: str | None) -> list[Any]:
    """Return text from fixed-width bytes; None where ``missing`` stands."""
    if values.nbytes > MAX_TEXT:
        raise Refusal("it holds more text than a table of poses")
    found = [value.decode("utf-8", "replace") for value in values.ravel().tolist()]
    return [None if missing is not None and value == missing else value for value in found]


def plain_list(values: Any) -> list[Any]:
    """Return values one by one, as JSON takes them."""
    found = values.values if isinstance(values, PlainArray) else values.tolist()
    return [plain_cell(value) for value in found]


def plain_cell(value: Any) -> Any:
    """Return one value, as JSON takes it."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if type(value) in (str, int, float, bool):
        return value
    raise Refusal("it keeps values in a way of its own")


def found_index(cells: Cells, group: h5py.Group, name: str) -> dict[str, Any]:
    """Return an index in pandas' fixed layout: its values, or the levels and codes of several."""
    if attribute(group, f"{name}_variety") != "multi":
        values, called = _level(cells, group, name)
        return {"values": values, "name": called}
    count = attribute(group, f"{name}_nlevels")
    if type(count) is not int or not 1 <= count <= MAX_LEVELS:
        raise Refusal("its names are damaged")
    levels = [_level(cells, group, f"{name}_level{level}") for level in range(count)]
    codes = [cells.array(group, f"{name}_label{level}") for level in range(count)]
    for (values, _), places in zip(levels, codes, strict=True):
        if isinstance(places, PlainArray) or places.ndim != 1 or (places.size and places.dtype.kind not in "iu"):
            raise Refusal("its names are damaged")
        if places.size and not (places.min() >= -1 and int(places.max()) < len(values)):
            raise Refusal("its names are damaged")
    return {
        "levels": [plain_list(values) if isinstance(values, np.ndarray) else values for values, _ in levels],
        "codes": [places.astype("<i8") for places in codes],
        "names": [called for _, called in levels],
    }


def _level(cells: Cells, group: h5py.Group, name: str) -> tuple[Any, Any]:
    dataset = member(group, name)
    values = cells.array(group, name)
    called = attribute(dataset, "name")
    kind = attribute(dataset, "kind", "")
    if kind == "string" and isinstance(values, np.ndarray) and values.dtype.kind == "S":
        values = texts(values, attribute(dataset, "nan_rep", "nan") or None)
    elif isinstance(values, PlainArray) or (values.size and values.dtype.kind == "S"):
        values = plain_list(values)
    elif values.ndim != 1 or kind not in ("integer", "float", "bool", "string", "object"):
        raise Refusal("its names are damaged")
    return values, called if isinstance(called, (str, int)) else None


def tuples(index: dict[str, Any]) -> list[Any]:
    """Return an index's values one by one: tuples where it has several levels."""
    if "values" in index:
        return index["values"] if isinstance(index["values"], list) else plain_list(index["values"])
    columns = [
        [None if code < 0 else level[code] for code in codes.tolist()]
        for level, codes in zip(index["levels"], index["codes"], strict=True)
    ]
    return list(zip(*columns, strict=True))


def fixed_table(cells: Cells, group: h5py.Group, is_head: bool) -> dict[str, Any]:
    """Return the table that ``to_hdf(format="fixed")`` wrote."""
    columns = found_index(cells, group, "axis0")
    blocks: list[dict[str, Any]] = []
    if is_head:
        name = "axis1_label0" if attribute(group, "axis1_variety") == "multi" else "axis1"
        rows = member(group, name)
        cells.check(rows)
        shape = attribute(rows, "shape")
        count = math.prod(shape) if shape is not None else rows.shape[0]
        return {"columns": columns, "rows": cells.counted(int(count), 8 * len(tuples(columns)))}
    index = found_index(cells, group, "axis1")
    rows = len(index["codes"][0]) if "codes" in index else len(index["values"])
    places = {key: place for place, key in enumerate(tuples(columns))}
    count = attribute(group, "nblocks", 0)
    if type(count) is not int or not 0 <= count <= len(places) or attribute(group, "ndim", 2) != 2:
        raise Refusal("its cells are damaged")
    for block in range(count):
        values = cells.array(group, f"block{block}_values")
        items = tuples(found_index(cells, group, f"block{block}_items"))
        if isinstance(values, PlainArray) and len(values.shape) == 1:
            values.shape = (1, *values.shape)
        if tuple(values.shape) != (len(items), rows):
            raise Refusal("its cells are damaged")
        if isinstance(values, PlainArray):
            flat = plain_list(values)
            kept: Any = [flat[item * rows : (item + 1) * rows] for item in range(len(items))]
        elif values.dtype.kind == "S":
            flat = texts(values, None)
            kept = [flat[item * rows : (item + 1) * rows] for item in range(len(items))]
        else:
            kept = values.T
        blocks.append({"places": _places(places, items), "values": kept})
    return {"columns": columns, "index": index, "rows": rows, "blocks": blocks}


def table_table(cells: Cells, group: h5py.Group, is_head: bool) -> dict[str, Any]:
    """Return the table that ``to_hdf(format="table")`` wrote."""
    table = member(group, "table")
    cells.check(table)
    axes = attribute(group, "non_index_axes")
    if attribute(group, "table_type") != "appendable_frame" or table.dtype.names is None or len(table.shape) != 1:
        raise Refusal("it holds a table of another kind")
    if not isinstance(axes, list) or len(axes) != 1 or not isinstance(axes[0], (list, tuple)) or axes[0][0] != 1:
        raise Refusal("its names are damaged")
    keys = [_key(name) for name in axes[0][1]]
    info = attribute(group, "info")
    names = info.get(1, {}).get("names") if isinstance(info, dict) and isinstance(info.get(1), dict) else None
    columns = _named(keys, names)
    rows = int(table.shape[0])
    if is_head:
        return {"columns": columns, "rows": cells.counted(rows, table.dtype.itemsize)}
    index = cells.read(table, "index")
    if index.ndim != 1 or index.dtype.kind not in "iufbS":
        raise Refusal("its rows are named in a way of its own")
    if not str(attribute(table, "index_kind", "integer")).startswith(("integer", "float", "bool", "string")):
        raise Refusal("its rows are named in a way of its own")
    named: Any = texts(index, "nan") if index.dtype.kind == "S" else index
    places = {key: place for place, key in enumerate(keys)}
    blocks = []
    for name in attribute(group, "values_cols", []):
        if name not in table.dtype.names:
            raise Refusal("its cells are damaged")
        items = [_key(item) for item in attribute(table, f"{name}_kind", [])]
        values = cells.read(table, name)
        meta = attribute(table, f"{name}_meta")
        if values.dtype.kind not in "iufbS" or meta == "category":
            raise Refusal("it keeps values in a way of its own")
        if str(attribute(table, f"{name}_dtype", "")).startswith(("datetime", "timedelta")):
            raise Refusal("it holds dates")
        values = values.reshape(rows, -1) if values.size else np.empty((rows, len(items)))
        if values.shape[1] != len(items):
            raise Refusal("its cells are damaged")
        kept: Any = values
        if values.dtype.kind == "S":
            flat = texts(values.T, attribute(table, f"{name}_nan_rep", "nan"))
            kept = [flat[item * rows : (item + 1) * rows] for item in range(len(items))]
        blocks.append({"places": _places(places, items), "values": kept})
    return {"columns": columns, "index": {"values": named, "name": None}, "rows": rows, "blocks": blocks}


def _key(name: Any) -> Any:
    if isinstance(name, (list, tuple)):
        if len(name) > MAX_LEVELS:
            raise Refusal("its names are damaged")
        return tuple(plain_cell(part) for part in name)
    return plain_cell(name)


def _named(keys: list[Any], names: Any) -> dict[str, Any]:
    widths = {len(key) if isinstance(key, tuple) else 0 for key in keys}
    if len(widths) > 1:
        raise Refusal("its names are damaged")
    width = widths.pop() if widths else 0
    called = [name if isinstance(name, (str, int)) else None for name in names] if isinstance(names, list) else []
    if not width:
        return {"values": keys, "name": None}
    levels = [list(dict.fromkeys(key[level] for key in keys if key[level] is not None)) for level in range(width)]
    codes = [
        np.array([-1 if key[level] is None else values.index(key[level]) for key in keys], "<i8")
        for level, values in enumerate(levels)
    ]
    return {"levels": levels, "codes": codes, "names": called if len(called) == width else [None] * width}


def _places(places: dict[Any, int], items: list[Any]) -> list[int]:
    if any(item not in places for item in items):
        raise Refusal("its names are damaged")
    return [places[item] for item in items]


def tables_in(file: h5py.File) -> dict[str, h5py.Group]:
    """Return the groups that hold a table of pandas, by name; nothing that is linked from elsewhere is looked at."""
    found: dict[str, h5py.Group] = {}
    seen: set[int] = set()
    waiting = [("", file["/"])]
    while waiting:
        path, group = waiting.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in seen:
            continue
        seen.add(address)
        if len(seen) > MAX_GROUPS:
            raise Refusal("it holds more groups than a table has")
        if path and attribute(group, "pandas_type") in FRAMES:
            found[path] = group
            continue
        for name in group:
            link = group.get(name, getlink=True)
            if type(link) is h5py.HardLink and group.get(name, getclass=True) is h5py.Group:
                waiting.append((f"{path}/{name}" if path else name, group[name]))
    return found


SLEAP = ("tracks", "node_names", "point_scores")


def sleap_table(cells: Cells, file: h5py.File, is_head: bool) -> dict[str, Any]:
    """Return what SLEAP exports for analysis as DeepLabCut's table: a row for each frame.

    SLEAP's own layout is ``tracks`` [tracks, 2, nodes, frames] and ``point_scores`` [tracks, nodes, frames]; sleap-io's
    other one is [frames, tracks, nodes, 2] and [frames, tracks, nodes].
    """
    nodes = _texts_in(cells, file, "node_names")
    owners = _texts_in(cells, file, "track_names") if "track_names" in file else []
    places, scores = member(file, "tracks"), member(file, "point_scores")
    for dataset in (places, scores):
        cells.check(dataset)
        if dataset.dtype.kind != "f":
            raise Refusal("its cells are damaged")
    if len(places.shape) != 4 or not nodes:
        raise Refusal("its cells are damaged")
    is_first = places.shape[1:3] == (2, len(nodes)) and scores.shape == (places.shape[0], *places.shape[2:])
    tracks, frames = (places.shape[0], places.shape[3]) if is_first else (places.shape[1], places.shape[0])
    owners = owners if len(owners) == tracks else [f"animal{number + 1}" for number in range(tracks)]
    if (not is_first and places.shape[2:] != (len(nodes), 2)) or len(set(owners)) < len(owners) or not tracks:
        raise Refusal("its cells are damaged")
    animals = [(owner,) for owner in owners] if tracks > 1 else [()]
    keys = [
        ("sleap", *animal, node, coord) for animal in animals for node in nodes for coord in ("x", "y", "likelihood")
    ]
    columns = _named(keys, None)
    if is_head:
        return {"columns": columns, "rows": cells.counted(int(frames), 8 * len(keys))}
    xy, sure = cells.read(places), cells.read(scores)
    if is_first:
        xy, sure = xy.transpose(3, 0, 2, 1), sure.transpose(2, 0, 1)
    cells.counted(int(frames), 8 * len(keys))
    values = np.concatenate([xy, sure[..., None]], axis=3).reshape(frames, -1).astype("<f8")
    index = {"values": np.arange(frames), "name": None}
    blocks = [{"places": list(range(len(keys))), "values": values}]
    return {"columns": columns, "index": index, "rows": int(frames), "blocks": blocks}


SLP = ("metadata", "frames", "instances", "points", "pred_points")
PREDICTED = 1
MOST_FRAMES = 1 << 31
# Why a pose in a project is not in the table.
BESIDE = "set by people, beside a model's"
NOWHERE = "in no frame"
AGAIN = "a second one of its animal in a frame"


def slp_table(cells: Cells, file: h5py.File, is_head: bool) -> dict[str, Any]:
    """Return what SLEAP's own project file holds of its one video as DeepLabCut's table: a row for each frame.

    What a model predicted; in a project without predictions what people labelled, with likelihood 1. Before format 1.1
    a pixel's middle was at a half (``sleap.io.format.hdf5``).
    """
    said = json.loads(attribute(file["metadata"], "json", "{}"))
    skeletons, names = said.get("skeletons", []), [str(node["name"]) for node in said.get("nodes", [])]
    if len(skeletons) != 1:
        raise Refusal(f"it holds {len(skeletons)} skeletons, and one is read: export an analysis file of each")
    nodes = [names[int(node["id"])] for node in skeletons[0]["nodes"]]
    if not nodes or len(set(nodes)) < len(nodes):
        raise Refusal("its names are damaged")
    frames, instances = (cells.read(member(file, name)) for name in ("frames", "instances"))
    videos = sorted(set(frames["video"].tolist()))
    if len(videos) > 1:
        raise Refusal(f"it holds poses of {len(videos)} videos: export SLEAP's analysis file of each")
    tracks = [str(json.loads(one)[1]) for one in _texts_in(cells, file, "tracks_json")] if "tracks_json" in file else []
    is_model = bool((instances["instance_type"] == PREDICTED).any())
    points = cells.read(member(file, "pred_points" if is_model else "points"))
    shift = 0.5 if float(attribute(file["metadata"], "format_id", 1.0)) < 1.1 else 0.0
    rows = int(frames["frame_idx"].max()) + 1 if len(frames) else 0
    if rows > MOST_FRAMES or (rows and int(frames["frame_idx"].min()) < 0):
        raise Refusal("its frames are damaged")
    # Each instance is of one frame: what names all of them in each would be gone through for hours.
    claimed = frames["instance_id_end"].astype(float) - frames["instance_id_start"].astype(float)
    if claimed.clip(0).sum() > len(instances):
        raise Refusal("its instances are damaged")
    kind = PREDICTED if is_model else 0
    left: dict[str, int] = {}
    found: list[tuple[int, str | None, int]] = []
    for frame in frames.tolist() if frames.dtype.names else []:
        own = dict(zip(frames.dtype.names, frame, strict=True))
        for one in range(int(own["instance_id_start"]), int(own["instance_id_end"])):
            if not 0 <= one < len(instances):
                raise Refusal("its instances are damaged")
            if int(instances["instance_type"][one]) == kind:
                track = int(instances["track"][one])
                owner = tracks[track] if 0 <= track < len(tracks) else None
                first, last = int(instances["point_id_start"][one]), int(instances["point_id_end"][one])
                if last - first != len(nodes) or not 0 <= first <= last <= len(points):
                    raise Refusal("its points are damaged")
                found.append((int(own["frame_idx"]), owner, first))
            else:
                left[BESIDE] = left.get(BESIDE, 0) + 1
    if nowhere := len(instances) - len(found) - sum(left.values()):
        left[NOWHERE] = nowhere
    said = _placed(cells, found, nodes, points, rows, shift, is_model, is_head)
    again, by_place = said.pop("again", 0), said.pop("by_place", 0)
    left |= {AGAIN: again} if again else {}
    return {
        **said,
        "account": {"seen": len(instances), "taken": len(found) - again, "left": left, "by_place": by_place},
    }


def _placed(
    cells: Cells,
    found: list[tuple[int, str | None, int]],
    nodes: list[str],
    points: Any,
    rows: int,
    shift: float,
    is_model: bool,
    is_head: bool,
) -> dict[str, Any]:
    counts: dict[int, int] = {}
    nameless: dict[int, int] = {}
    tracks = {owner for _, owner, _ in found}
    names = [f"animal{number + 1}" for number in range(len(found) + len(tracks))]
    names = [name for name in names if name not in tracks]
    owned = []
    for frame, owner, first in found:
        counts[frame] = counts.get(frame, 0) + 1
        if not owner:
            nameless[frame] = nameless.get(frame, 0) + 1
        owned.append((frame, owner or names[nameless[frame] - 1], first))
    by_place = sum(nameless.values()) if max(nameless.values(), default=0) > 1 else 0
    once = list({(frame, owner): one for one in reversed(owned) for frame, owner, _ in [one]}.values())[::-1]
    again, owned = len(owned) - len(once), once
    several = max(counts.values(), default=0) > 1 or len({owner for _, owner, _ in owned}) > 1
    owners = list(dict.fromkeys(owner for _, owner, _ in owned)) if several else [""]
    animals = [(owner,) for owner in owners] if several else [()]
    keys = [
        ("sleap", *animal, node, coord) for animal in animals for node in nodes for coord in ("x", "y", "likelihood")
    ]
    columns = _named(keys, None)
    cells.counted(rows, 8 * len(keys))
    if is_head:
        return {"columns": columns, "rows": rows}
    values = np.full((rows, len(owners), len(nodes), 3), np.nan)
    place = {owner: number for number, owner in enumerate(owners)}
    for frame, owner, first in owned:
        own = points[first : first + len(nodes)]
        seen = own["visible"].astype(bool) & np.isfinite(own["x"]) & np.isfinite(own["y"])
        cell = values[frame, place[owner] if several else 0]
        cell[seen, 0], cell[seen, 1] = own["x"][seen] - shift, own["y"][seen] - shift
        cell[seen, 2] = own["score"][seen] if is_model else 1.0
    return {
        "columns": columns,
        "index": {"values": np.arange(rows), "name": None},
        "rows": rows,
        "blocks": [{"places": list(range(len(keys))), "values": values.reshape(rows, -1)}],
        "again": again,
        "by_place": by_place,
    }


def _texts_in(cells: Cells, file: h5py.File, name: str) -> list[str]:
    dataset = member(file, name)
    cells.check(dataset)
    if dataset.size is None or dataset.size > MAX_GROUPS * 100 or len(dataset.shape) != 1:
        raise Refusal("its names are damaged")
    values = cells.read(dataset).tolist()
    found = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]
    if len("".join(found)) > MAX_TEXT:
        raise Refusal("it holds more text than a table of poses")
    return found


def read(path: str, keys: list[str], allowed: int, is_head: bool) -> dict[str, Any]:
    """Return the table in a file: ``columns``, ``index``, ``rows`` and ``blocks``, or the head of these."""
    with h5py.File(path, "r") as file:
        if all(name in file and isinstance(file.get(name, getlink=True), h5py.HardLink) for name in SLEAP):
            return sleap_table(Cells(allowed), file, is_head)
        if all(name in file and isinstance(file.get(name, getlink=True), h5py.HardLink) for name in SLP):
            return slp_table(Cells(allowed), file, is_head)
        tables = tables_in(file)
        key = next((key for key in keys if key in tables), None) or (next(iter(tables)) if len(tables) == 1 else None)
        if key is None:
            raise Refusal(
                f"it holds {len(tables)} tables, none of them called {keys[0]}" if tables else "it holds no table"
            )
        group = tables[key]
        layout = fixed_table if attribute(group, "pandas_type") == "frame" else table_table
        return layout(Cells(allowed), group, is_head)


# -- the process ---------------------------------------------------------------------------------------------


def limit(allowed: int, seconds: int) -> None:
    """Let the operating system end this process rather than let it take more memory or time."""
    if resource is None:
        return
    used = int(time.process_time())
    for kind, most in (("RLIMIT_CPU", used + seconds), ("RLIMIT_AS", (1 << 30) + 4 * allowed)):
        hard = resource.getrlimit(getattr(resource, kind))[1]
        try:
            resource.setrlimit(
                getattr(resource, kind), (most if hard == resource.RLIM_INFINITY else min(most, hard), hard)
            )
        except (ValueError, OSError):  # macOS takes no limit of addresses
            continue


def answer(request: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Return what is said of a file: JSON, and the arrays it counts."""
    arrays: list[Any] = []

    def counted(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: counted(one) for key, one in value.items()}
        if isinstance(value, np.ndarray):
            plain = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
            arrays.append(plain)
            return {"array": len(arrays) - 1, "dtype": plain.dtype.str, "shape": list(plain.shape)}
        if isinstance(value, list) and value and isinstance(value[0], (dict, np.ndarray)):
            return [counted(one) for one in value]
        return value

    try:
        limit(request["allowed"], request["seconds"])
        return counted(read(request["path"], request["keys"], request["allowed"], request["head"])), arrays
    except Refusal as fault:
        return {"refusal": str(fault)}, []
    except MemoryError:
        return {"refusal": "it takes more memory than a file of its size should"}, []
    except RecursionError:
        return {"refusal": "its values are nested without end"}, []
    except Exception as fault:  # h5py, numpy and pickle each raise their own for a damaged or foreign file
        return {"refusal": f"it is damaged or another program's: {type(fault).__name__}"}, []


def main() -> None:
    """Answer until there are no more questions."""
    if resource is not None:
        for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
            resource.setrlimit(kind, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints is no part of an answer.
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    for line in sys.stdin.buffer:
        said, arrays = answer(json.loads(line))
        answers.write(json.dumps(said).encode() + b"\n")
        for array in arrays:
            answers.write(array.data)
        answers.flush()


if __name__ == "__main__":
    main()
