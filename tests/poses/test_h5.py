"""H5 files: read as the pose tools write them, written as they read them, and never obeyed."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pose_tables import pose_table, smooth_poses

import lsnb
from lsnb.annotations import long_table, write_collected_data
from lsnb.errors import LsnbError, TableError
from lsnb.labels import LabelConfig
from lsnb.poses import find_predictions, from_poses, read_labelled_poses, read_poses
from lsnb.poses.coordinates import read_metric
from lsnb.tables.h5 import H5Reader, read_h5, write_h5

KEY = "df_with_missing"
ANIMALS = ["scorer", "individuals", "bodyparts", "coords"]


def columns_of(animals: int, parts: int) -> pd.MultiIndex:
    names = [f"part {n} ö" for n in range(parts)]
    coords = ["x", "y", "likelihood"]
    if not animals:
        return pd.MultiIndex.from_product([["net"], names, coords], names=["scorer", "bodyparts", "coords"])
    return pd.MultiIndex.from_product([["net"], [f"m{n}" for n in range(animals)], names, coords], names=ANIMALS)


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert list(found.columns) == list(expected.columns)
    assert list(found.columns.names) == list(expected.columns.names)
    assert list(found.index) == list(expected.index)
    np.testing.assert_array_equal(found.to_numpy("float64"), expected.to_numpy("float64"))


tables = st.builds(
    lambda frames, animals, parts, seed, missing: (
        pd.DataFrame(
            np.random.default_rng(seed).normal(200, 90, (frames, 3 * parts * max(animals, 1))),
            columns=columns_of(animals, parts),
        ).mask(lambda table: np.random.default_rng(seed + 1).random(table.shape) < missing)
    ),
    st.integers(1, 40), st.integers(0, 3), st.integers(1, 5), st.integers(0, 999), st.sampled_from([0, 0.3, 1]),
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=15)
@given(table=tables)
def test_csv_and_h5_of_a_table_are_one(tmp_path_factory: pytest.TempPathFactory, table: pd.DataFrame) -> None:
    folder = tmp_path_factory.mktemp("poses")
    table.to_csv(folder / "a.csv")
    table.to_hdf(folder / "fixed.h5", key=KEY, mode="w")
    table.to_hdf(folder / "table.h5", key=KEY, mode="w", format="table")
    write_h5(table, folder / "ours.h5")
    from_csv = read_poses(folder / "a.csv")
    with H5Reader() as reader:
        for name in ("fixed.h5", "table.h5", "ours.h5"):
            found = reader.read(folder / name)
            same(found, table)
            poses = read_poses(found)
            assert (poses.scorer, poses.bodyparts) == (from_csv.scorer, from_csv.bodyparts)
            np.testing.assert_allclose(poses.xy, from_csv.xy, rtol=1e-12)
            columns, rows = reader.head(folder / name)
            assert (list(columns), rows) == (list(table.columns), len(table))
    same(pd.DataFrame(pd.read_hdf(folder / "ours.h5")), table)


images = st.lists(st.text("abzö_0", min_size=1, max_size=9).map("labeled-data/v/{}.png".format), min_size=1, max_size=9)


@pytest.mark.slow
@settings(max_examples=15)
@given(names=images.map(lambda found: sorted(set(found))), parts=st.integers(1, 4), in_levels=st.booleans())
def test_rows_named_by_images_come_back(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], parts: int, in_levels: bool
) -> None:
    folder = tmp_path_factory.mktemp("labels")
    index = pd.MultiIndex.from_tuples([tuple(name.split("/")) for name in names]) if in_levels else pd.Index(names)
    table = pd.DataFrame(np.arange(3.0 * parts * len(names)).reshape(len(names), -1), index, columns_of(0, parts))
    table.to_hdf(folder / "theirs.h5", key="keypoints", mode="w")
    write_h5(table, folder / "ours.h5")
    with H5Reader() as reader:
        same(reader.read(folder / "theirs.h5"), table)
        same(reader.read(folder / "ours.h5"), table)
    same(pd.DataFrame(pd.read_hdf(folder / "ours.h5")), table)
    assert read_labelled_poses(folder / "ours.h5").images == tuple(names)


@pytest.mark.parametrize("layout", ["fixed", "table"])
def test_other_cells_than_decimals_come_back(tmp_path: Path, layout: str) -> None:
    table = pose_table(smooth_poses(4))
    table["net", "nose", "x"] = np.array([1, 2, 3, 4])
    table["net", "nose", "y"] = np.array([1, 2, 3, 4], "float32")
    table["net", "tail", "x"] = ["1.5", "two", None, "ö"]
    table.to_hdf(tmp_path / "a.h5", key=KEY, mode="w", format=layout, complevel=5, complib="zlib")
    found = read_h5(tmp_path / "a.h5")
    assert list(found.columns) == list(table.columns)
    assert found["net", "nose", "x"].tolist() == [1, 2, 3, 4]
    assert found["net", "tail", "x"].tolist()[:2] == ["1.5", "two"]
    assert found["net", "tail", "x"].isna().tolist() == [False, False, True, False]
    with pytest.raises(TableError, match="x of tail in frame 1 is 'two', which is no number"):
        read_poses(tmp_path / "a.h5")


@pytest.mark.parametrize("rows", [pd.RangeIndex(0), pd.MultiIndex.from_tuples([("a", "b", "c")])[:0]])
def test_a_table_without_rows_comes_back(tmp_path: Path, rows: pd.Index[Any]) -> None:
    table = pd.DataFrame(np.empty((0, 3)), rows, columns_of(0, 1))
    table.to_hdf(tmp_path / "theirs.h5", key=KEY, mode="w")
    write_h5(table, tmp_path / "ours.h5")
    for name in ("theirs.h5", "ours.h5"):
        same(read_h5(tmp_path / name), table)
        same(pd.DataFrame(pd.read_hdf(tmp_path / name)), table)


def test_a_table_without_columns_is_refused_by_what_it_lacks(tmp_path: Path) -> None:
    pd.DataFrame(index=range(3)).to_hdf(tmp_path / "a.h5", key=KEY, mode="w")
    with pytest.raises(TableError, match="column names of 1 row"):
        read_poses(tmp_path / "a.h5")


def test_of_several_tables_none_is_guessed(tmp_path: Path) -> None:
    table = pose_table(smooth_poses(3))
    path = tmp_path / "a.h5"
    for key in ("group/one", "two"):
        table.to_hdf(path, key=key)
    with pytest.raises(TableError, match="it holds 2 tables, none of them called df_with_missing"):
        read_h5(path)
    table.to_hdf(path, key="keypoints")
    same(read_h5(path), table)


# -- files made to do harm -----------------------------------------------------------------------------------


class Command:
    """Makes a file when it is unpickled."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.made}",)


def open_everywhere(path: Path) -> None:
    """Give a file to every verb that opens H5 files: a sentence or a table comes back."""
    frames = pd.DataFrame({"item": ["v/img00000001"], "width": [640], "height": [480]})
    config = LabelConfig.image("uri").keypoints("part", ["nose"])
    point = {"id": "r", "from_name": "part", "type": "keypointlabels", "original_width": 640, "original_height": 480,
             "value": {"x": 50, "y": 25, "width": 1, "keypointlabels": ["nose"]}}  # fmt: skip
    done = {"id": 5, "completed_by": 3, "result": [point]}
    tasks = [{"id": 1, "data": {}, "meta": {"item": "trial/img00000012"}, "annotations": [done]}]
    collected = path.with_name("CollectedData_ana.h5")
    collected.write_bytes(path.read_bytes())
    verbs: list[Callable[[], Any]] = [
        lambda: find_predictions(path.parent),
        lambda: read_poses(path),
        lambda: read_labelled_poses(path),
        lambda: from_poses(path, config=config, frames=frames),
        lambda: read_metric(path, name="blur", frames=3),
        lambda: lsnb.select_difficult_frames(path, 1, video="v.mp4"),
        lambda: lsnb.select_difficult_frames(pose_table(smooth_poses(3)), 1, video="v.mp4", labels=path),
        lambda: lsnb.select_difficult_frames(
            pose_table(smooth_poses(3)), 1, video="v.mp4", metric_files={"blur": path}
        ),
        lambda: write_collected_data(long_table(tasks, raw=True), path.parent, scorer="ana", format="h5"),
    ]
    for verb in verbs:
        try:
            verb()
        except LsnbError:
            pass
        finally:
            collected.unlink(missing_ok=True)
            collected.write_bytes(path.read_bytes())


@pytest.mark.parametrize("layout", ["fixed", "table"])
def test_no_verb_runs_what_an_attribute_says(tmp_path: Path, layout: str) -> None:
    made = tmp_path / "made"
    path = tmp_path / "trial.h5"
    pose_table(smooth_poses(3)).to_hdf(path, key=KEY, mode="w", format=layout)
    with h5py.File(path, "r+") as file:
        things: list[Any] = []
        file.visititems(lambda _, thing: things.append(thing))
        for thing in [file, *things]:
            for name in [*thing.attrs, "CLASS", "name", "pandas_type"]:
                if name not in ("CLASS", "pandas_type"):
                    thing.attrs[name] = np.bytes_(pickle.dumps(Command(made)))
    open_everywhere(path)
    assert not made.exists()
    with pytest.raises(TableError, match="commands where a table has names"):
        read_h5(path)


ATTRIBUTES = ["info", "non_index_axes", "values_cols", "axis0_nlevels", "axis0_variety", "nblocks", "pandas_type"]


@pytest.mark.parametrize("name", ATTRIBUTES)
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_no_attribute_alone_runs(tmp_path: Path, name: str, protocol: int) -> None:
    made = tmp_path / "made"
    path = tmp_path / "trial.h5"
    layout = "table" if name in ("info", "non_index_axes", "values_cols") else "fixed"
    pose_table(smooth_poses(3)).to_hdf(path, key=KEY, mode="w", format=layout)
    with h5py.File(path, "r+") as file:
        file[KEY].attrs[name] = np.bytes_(pickle.dumps(Command(made), protocol))
    with pytest.raises(TableError):
        read_h5(path)
    assert not made.exists()


def test_cells_that_are_pickles_run_nothing(tmp_path: Path) -> None:
    made = tmp_path / "made"
    path = tmp_path / "trial.h5"
    table = pose_table(smooth_poses(3))
    table["net", "tail", "x"] = ["a", "b", "c"]
    table.to_hdf(path, key=KEY, mode="w")
    with h5py.File(path, "r+") as file:
        name = next(name for name in file[KEY] if h5py.check_vlen_dtype(file[KEY][name].dtype))
        file[KEY][name][0] = np.frombuffer(pickle.dumps(Command(made)), "uint8")
    with pytest.raises(TableError, match="commands where a table has names"):
        read_h5(path)
    assert not made.exists()


def test_the_command_of_these_tests_would_run(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Command(tmp_path / "made")))
    assert (tmp_path / "made").exists()


def hostile(path: Path, kind: str) -> None:
    secret = path.with_name("secret.bin")
    secret.write_bytes(np.arange(36.0).tobytes())
    pose_table(smooth_poses(3)).to_hdf(path, key=KEY, mode="w")
    other = path.with_name("other.hdf.part")
    pose_table(smooth_poses(3)).to_hdf(other, key=KEY, mode="w")
    with h5py.File(path, "r+") as file:
        values = file[KEY]["block0_values"]
        attributes = dict(values.attrs)
        cells = f"{KEY}/block0_values"
        if kind == "external link":
            del file[cells]
            file[cells] = h5py.ExternalLink(other.name, cells)
        elif kind == "external group":
            del file[KEY]
            file[KEY] = h5py.ExternalLink(other.name, KEY)
        elif kind == "soft link":
            del file[cells]
            file[cells] = h5py.SoftLink(f"/{cells}")
        elif kind == "loop of groups":
            file[KEY].attrs["pandas_type"] = np.bytes_(b"other")
            file[f"{KEY}/again"] = file[KEY]
        elif kind == "external storage":
            del file[cells]
            file.create_dataset(cells, (3, 12), "f8", external=[(str(secret), 0, 288)])
        elif kind == "virtual":
            del file[cells]
            layout = h5py.VirtualLayout((3, 12), "f8")
            layout[:] = h5py.VirtualSource(str(other), cells, (3, 12))
            file.create_virtual_dataset(cells, layout)
        elif kind == "huge and empty":
            del file[cells]
            file.create_dataset(cells, (1 << 40, 12), "f8", chunks=(1024, 12))
        elif kind == "huge rows":
            del file[f"{KEY}/axis1"]
            file.create_dataset(f"{KEY}/axis1", (1 << 40,), "i8", chunks=(1024,)).attrs["kind"] = np.bytes_(b"integer")
        elif kind == "bomb":
            del file[cells]
            file.create_dataset(cells, data=np.zeros((1 << 20, 12)), chunks=(1 << 14, 12), compression="gzip")
        elif kind == "huge chunk":
            del file[cells]
            file.create_dataset(cells, (1 << 28, 1), "f8", chunks=(1 << 28, 1))
        elif kind == "other filter":
            del file[cells]
            made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            made.set_chunk((3, 12))
            made.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (2, 2, 8, 288))
            space = h5py.h5s.create_simple((3, 12))
            h5py.h5d.create(file[KEY].id, b"block0_values", h5py.h5t.IEEE_F64LE, space, made)
        elif kind == "levels":
            file[KEY].attrs["axis0_nlevels"] = np.int64(1 << 40)
        elif kind == "codes":
            file[KEY]["axis0_label1"][0] = 100
        elif kind == "deep":
            file[KEY].attrs["axis0_nlevels"] = np.bytes_(b"(" * 30_000 + b"t" * 30_000 + b".")
        elif kind == "large pickle":
            file[KEY].attrs["axis0_nlevels"] = np.bytes_(b"(lp0\n" + b"(g0\ng0\ntp0\n" * 30 + b".")
        if cells in file and kind not in ("external link", "soft link"):
            file[cells].attrs.update({name: value for name, value in attributes.items() if name == "transposed"})


KINDS = {
    "external link": "leads to other files", "external group": "it holds no table", "soft link": "leads to other",
    "loop of groups": "it holds no table", "external storage": "leads to other", "virtual": "leads to other",
    "huge and empty": "claims more cells", "huge rows": "claims more cells", "bomb": "claims more cells",
    "huge chunk": "claims more cells", "other filter": "such as blosc", "levels": "its names are damaged",
    "codes": "its names are damaged", "deep": "cannot be read", "large pickle": "its names are damaged",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_leads_elsewhere_or_claims_too_much_is_a_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "trial.h5"
    hostile(path, kind)
    with pytest.raises(TableError, match=KINDS[kind]) as told:
        read_h5(path)
    assert "trial.h5 cannot be read as a pose tool's H5 file" in str(told.value)
    assert len(find_predictions(tmp_path)) <= 1


def test_a_process_that_dies_hangs_or_talks_nonsense_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "trial.h5"
    pose_table(smooth_poses(3)).to_hdf(path, key=KEY, mode="w")
    huge = '{"columns": {"array": 0, "dtype": "<f8", "shape": [1000000000000]}, "rows": 1}'
    deep = "[" * 100_000
    for does, said in {
        "import os; os.kill(os.getpid(), 11)": "it is damaged",
        "while True: pass": "it takes too long",
        "print('no')": "it is damaged",
        "print('[1]')": "it is damaged",
        "print('{}')": "do not fit together",
        f"print('{huge}')": "it is damaged",
        f"print('{deep}')": "it is damaged",
        'print(\'{"columns": {"values": [1]}, "rows": 1e99}\')': "do not fit together",
    }.items():
        program = tmp_path / "program.py"
        program.write_text(f"input()\n{does}\n")
        with H5Reader(seconds=2, process=program) as reader, pytest.raises(TableError, match=said):
            reader.head(path)


def test_the_next_file_is_read_after_one_that_ended_the_process(tmp_path: Path) -> None:
    path = tmp_path / "trial.h5"
    pose_table(smooth_poses(3)).to_hdf(path, key=KEY, mode="w")
    program = tmp_path / "program.py"
    original = Path(sys.modules[H5Reader.__module__].__file__ or "").with_name("h5_process.py").read_text()
    program.write_text(
        original.replace(
            "    try:\n        limit(", '    "die" in request["path"] and os._exit(3)\n    try:\n        limit('
        )
    )
    (tmp_path / "die.h5").write_bytes(path.read_bytes())
    with H5Reader(process=program) as reader:
        assert len(reader.read(path)) == 3
        with pytest.raises(TableError, match="it is damaged"):
            reader.read(tmp_path / "die.h5")
        assert len(reader.read(path)) == 3


def test_nothing_secret_goes_to_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "a-secret-key")
    path = tmp_path / "trial.h5"
    path.write_bytes(b"")
    program = tmp_path / "program.py"
    program.write_text("import json, os\ninput()\nprint(json.dumps({'refusal': ' '.join(sorted(os.environ))}))")
    with H5Reader(process=program) as reader, pytest.raises(TableError) as told:
        reader.read(path)
    assert "PYTHONPATH" in str(told.value)
    assert "LABEL_STUDIO" not in str(told.value)


def damaged(path: Path, layout: str, count: int, seed: int) -> list[bytes]:
    pose_table(smooth_poses(3)).to_hdf(path, key=KEY, mode="w", format=layout)
    whole = path.read_bytes()
    chance = np.random.default_rng(seed)
    found = [whole[: int(end)] for end in chance.integers(0, len(whole), count // 4)]
    while len(found) < count:
        part = bytearray(whole)
        for place in chance.integers(0, len(whole), int(chance.integers(1, 9))):
            part[place] = int(chance.integers(256))
        # The head of a file says where everything else is.
        part[int(chance.integers(0, 4096))] ^= 1 << int(chance.integers(8))
        found.append(bytes(part))
    return found


def sweep(path: Path, layout: str, count: int, seed: int) -> None:
    refused = 0
    with H5Reader() as reader:
        for content in damaged(path, layout, count, seed):
            path.write_bytes(content)
            try:
                reader.head(path)
                read_poses(reader.read(path))
            except TableError:
                refused += 1
    assert refused > count // 4


@pytest.mark.parametrize("layout", ["fixed", "table"])
def test_damage_ends_in_sentences(tmp_path: Path, layout: str) -> None:
    sweep(tmp_path / "trial.h5", layout, 150, 1)


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("layout", ["fixed", "table"])
def test_more_damage_ends_in_sentences(tmp_path: Path, layout: str, seed: int) -> None:
    sweep(tmp_path / "trial.h5", layout, 4000, 10 + seed)
