"""Samples that can be drawn again, and shares that are fair."""

from __future__ import annotations

import itertools
import random
import warnings
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsnb.errors import InputError, KeyColumnError
from lsnb.sampling import assign, describe_sample, extend_sample, sample, strata_table
from lsnb.sampling.chance import apportion, permanent_number, rounded_share


def table_of(n: int, groups: str = "xxxy") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ID": [f"{i:04d}" for i in range(n)],
            "group": pd.Categorical([groups[i % len(groups)] for i in range(n)]),
            "w": np.arange(n, dtype="float32"),
            "n": pd.array(range(n), dtype="Int64"),
        },
        index=range(100, 100 + n),
    )


def ids(table: pd.DataFrame) -> set[str]:
    return set(table["ID"])


DRAWS = [{}, {"by": "group"}, {"by": "group", "allocation": "equal"}, {"weights": "w"}, {"by": "group", "weights": "w"}]


@pytest.mark.parametrize("how", DRAWS)
@given(order=st.randoms(use_true_random=False), n=st.integers(1, 30), seed=st.integers(-5, 5))
def test_the_order_of_rows_never_matters(how, order, n, seed):
    table = table_of(40)
    positions = list(range(40))
    order.shuffle(positions)
    drawn = sample(table, key="ID", n=n, seed=seed, **how)
    assert len(drawn) == n
    assert ids(sample(table.iloc[positions], key="ID", n=n, seed=seed, **how)) == ids(drawn)


@pytest.mark.parametrize("how", DRAWS)
def test_rows_come_as_they_are_and_the_table_stays_as_it_is(how):
    table = table_of(20)
    before = table.copy(deep=True)
    drawn = sample(table, key="ID", n=7, **how)
    pd.testing.assert_frame_equal(table, before)
    assert table.attrs == {}
    pd.testing.assert_frame_equal(drawn, table.loc[drawn.index], check_like=False)
    assert list(drawn.index) == sorted(drawn.index)
    drawn["ID"] = "x"
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize(
    ("percent", "rows", "drawn"), [(30, 1, 1), (30, 10, 3), (25, 10, 3), (24.9, 10, 2), (0.001, 9, 1), (100, 9, 9)]
)
def test_percentages_round_half_up_and_give_at_least_one(percent, rows, drawn):
    assert len(sample(table_of(rows), key="ID", percent=percent)) == drawn


def test_the_share_of_nothing_is_nothing():
    assert rounded_share(30, 0) == 0


def test_another_seed_draws_other_rows():
    table = table_of(200)
    assert ids(sample(table, key="ID", n=50, seed=1)) != ids(sample(table, key="ID", n=50, seed=2))


def test_more_than_there_are_gives_all_with_a_warning():
    with pytest.warns(UserWarning, match="10 rows were asked for and 4 can be drawn"):
        assert len(sample(table_of(4), key="ID", n=10)) == 4


@given(first=st.integers(1, 20), more=st.integers(1, 20), weighted=st.booleans(), seed=st.integers(0, 3))
def test_extending_is_drawing_more(first, more, weighted, seed):
    table = table_of(41)
    how = {"key": "ID", "seed": seed, "weights": "w" if weighted else None}
    drawn = sample(table, n=first, **how)
    new = extend_sample(drawn[["ID"]], table, n=more, **how)
    assert not ids(drawn) & ids(new)
    assert ids(drawn) | ids(new) == ids(sample(table, n=first + more, **how))


@given(n=st.integers(1, 20), more=st.integers(1, 20), seed=st.integers(0, 3))
def test_extending_strata_mends_what_was_uneven(n, more, seed):
    table = table_of(60)
    lopsided = sample(table[table["group"] == "x"], key="ID", n=n, seed=seed)
    new = extend_sample(lopsided, table, key="ID", n=more, by="group", seed=seed)
    assert len(new) == more
    assert not ids(lopsided) & ids(new)
    both = pd.concat([lopsided, new])
    fair = round((n + more) / 4)
    if fair <= 15 and more >= fair:
        assert abs((both["group"] == "y").sum() - fair) <= 1


def test_extending_from_keys_that_are_numbers_in_one_file_and_text_in_the_other():
    table = pd.DataFrame({"ID": ["1", "2", "3"]})
    new = extend_sample(pd.DataFrame({"ID": [1, 2]}), table, key="ID", n=1)
    assert list(new["ID"]) == ["3"]


def test_extending_another_tables_sample_is_refused():
    with pytest.raises(InputError, match="No key of the sample"):
        extend_sample(pd.DataFrame({"ID": ["z"]}), table_of(4), key="ID", n=1)


def test_strata_in_proportion_and_equal():
    table = table_of(40, "aaaaaabbbc")
    assert strata_table(sample(table, key="ID", n=10, by="group"))["sampled"].tolist() == [6, 3, 1]
    equal = sample(table, key="ID", n=18, by="group", allocation="equal")
    assert strata_table(equal).to_dict("list") == {
        "group": ["a", "b", "c"],
        "rows": [24, 12, 4],
        "before": [0, 0, 0],
        "sampled": [7, 7, 4],
    }
    assert equal.attrs["lsnb"]["seed"] == 0
    with pytest.raises(InputError, match="does not say how it was drawn"):
        strata_table(table)
    assert describe_sample(equal) == (
        "18 of 40 items were drawn at random (seed 0), the same number from each stratum of group as far as it has so "
        "many."
    )
    weighted = sample(table, key="ID", n=1, weights=range(40), seed=3)
    assert describe_sample(weighted) == "1 of 40 items was drawn with unequal probabilities (seed 3)."
    more = extend_sample(weighted, table, key="ID", n=2, seed=3)
    assert describe_sample(more) == "2 of 40 items were drawn at random (seed 3), beside 1 that had been drawn before."
    assert describe_sample(sample(table, key="ID", percent=100)) == "All of 40 items were taken."
    with pytest.raises(InputError, match="18 rows were drawn, and this table has 17"):
        describe_sample(equal[1:])


def test_missing_values_are_a_stratum_and_several_columns_cross():
    table = pd.DataFrame({"ID": list("abcdefgh"), "x": ["u", None] * 4, "y": [1, 1, 2, 2] * 2})
    strata = strata_table(sample(table, key="ID", n=4, by=["x", "y"]))
    assert strata["sampled"].tolist() == [1, 1, 1, 1]
    assert strata["x"].isna().sum() == 2


def test_weights_decide_how_likely():
    table = pd.DataFrame({"ID": ["heavy", "light", "never"], "w": [3.0, 1.0, 0.0]})
    draws = Counter(sample(table, key="ID", n=1, weights="w", seed=seed)["ID"].iloc[0] for seed in range(2000))
    assert draws["never"] == 0
    # Three standard deviations of a binomial share of 3/4 in 2000 draws.
    assert abs(draws["heavy"] / 2000 - 0.75) < 3 * (0.75 * 0.25 / 2000) ** 0.5
    assert list(sample(table, key="ID", n=1, weights=[0, 0, 1])["ID"]) == ["never"]


def test_every_row_is_as_likely_as_any():
    table = table_of(20)
    draws = Counter(i for seed in range(2000) for i in sample(table, key="ID", n=5, seed=seed)["ID"])
    assert len(draws) == 20
    assert all(abs(count / 2000 - 0.25) < 4 * (0.25 * 0.75 / 2000) ** 0.5 for count in draws.values())


def test_numbers_are_uniform():
    numbers = [permanent_number(0, "x", str(i)) for i in range(20_000)]
    assert min(numbers) > 0
    assert max(numbers) < 1
    assert abs(float(np.mean(numbers)) - 0.5) < 4 / (12 * 20_000) ** 0.5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "either n=100 or percent=10"),
        ({"n": 1, "percent": 1}, "not both"),
        ({"n": 0}, "n is 0"),
        ({"n": 1.5}, r"n is 1\.5"),
        ({"n": True}, "n is True"),
        ({"percent": 0}, "percent is 0"),
        ({"percent": 101}, "percent is 101"),
        ({"percent": "3"}, "percent is '3'"),
        ({"n": 1, "seed": "a"}, "seed is 'a'"),
        ({"n": 1, "seed": None}, "seed is None"),
        ({"n": 1, "by": "Group"}, "Did you mean 'group'"),
        ({"n": 1, "weights": "ww"}, "no column 'ww' to take weights from"),
        ({"n": 1, "weights": [1, 2]}, "2 weights for 4 rows"),
        ({"n": 1, "weights": [1, -1, None, "x"]}, "rows 3, 4, 5 have none"),
        ({"n": 1, "allocation": "even"}, "allocation is 'even'"),
        ({"percent": True}, "percent is True"),
        ({"n": 1, "by": 0}, "no column 0 to make strata of"),
        ({"n": 1, "by": [["group"]]}, r"no column \['group'\] to make strata of"),
        ({"n": 1, "weights": 3}, "weights is 3: give the name of a column, or a list"),
        ({"n": 1, "weights": {"0000": 1}}, "weights is a dict: give the name of a column, or a list"),
        ({"n": 1, "weights": [0] * 4}, "Every weight is 0"),
    ],
)
def test_parameters_that_make_no_sense(arguments, says):
    with pytest.raises(InputError, match=says):
        sample(table_of(4), key="ID", **arguments)


def test_columns_that_make_no_strata():
    table = table_of(4).assign(tags=[["a"], "b", {"c": 1}, None])
    with pytest.raises(InputError, match=r"Column 'tags' holds lists or dicts \(rows 2, 4\), which make no strata"):
        sample(table, key="ID", n=1, by="tags")
    twice = pd.concat([table, table[["group", "w"]]], axis=1)
    with pytest.raises(InputError, match="2 columns called 'group': rename all but one"):
        sample(twice, key="ID", n=1, by="group")
    with pytest.raises(InputError, match="2 columns called 'w': rename all but one"):
        sample(twice, key="ID", n=1, weights="w")
    numbered = table_of(4).rename(columns={"group": 0})
    assert ids(sample(numbered, key="ID", n=2, by=0)) == ids(sample(table_of(4), key="ID", n=2, by="group"))


def test_numpys_numbers_are_numbers():
    table = table_of(40)
    drawn = sample(table, key="ID", n=np.int64(5), by="group", seed=np.int64(3))
    assert ids(drawn) == ids(sample(table, key="ID", n=5, by="group", seed=3))
    # What says how they were drawn is written to JSON, which knows no numbers of numpy.
    assert type(drawn.attrs["lsnb"]["seed"]) is int
    assert len(sample(table, key="ID", percent=np.float32(10), seed=np.uint8(3))) == 4
    assert len(extend_sample(drawn, table, key="ID", percent=np.int64(10), seed=np.int32(3))) == 4
    keys = list(table["ID"])
    assert assign(keys, ["a", "b"], overlap=np.int64(1), seed=np.int64(3)) == assign(
        keys, ["a", "b"], overlap=1, seed=3
    )


def test_nothing_is_left_to_extend_with():
    table = pd.DataFrame({"ID": list("abc"), "w": [1, 1, 0]})
    with pytest.warns(UserWarning, match="1 rows were asked for and 0 can be drawn: every row that may be drawn is in"):
        assert len(extend_sample(table.head(2), table, key="ID", n=1, weights="w")) == 0


def test_every_fault_at_once_and_the_kind_of_the_only_one():
    with pytest.raises(InputError) as caught:
        sample(table_of(4), key="id", n=0, by="nope", seed=0.5)
    assert len(caught.value.problems) == 4
    with pytest.raises(KeyColumnError):
        sample(table_of(4), key="id", n=1)
    with pytest.raises(InputError, match="no rows"):
        sample(table_of(0), key="ID", n=1)


@given(
    sizes=st.lists(st.integers(0, 50), min_size=1, max_size=6),
    total=st.integers(0, 200),
    cap=st.lists(st.integers(0, 50), min_size=6, max_size=6),
)
def test_shares_add_up_and_stay_within(sizes, total, cap):
    capacities = cap[: len(sizes)]
    shares = apportion(total, sizes, capacities, [0.1 * i for i in range(len(sizes))])
    reachable = sum(c for c, size in zip(capacities, sizes, strict=True) if size)
    assert sum(shares) == min(total, reachable)
    assert all(0 <= share <= capacity for share, capacity in zip(shares, capacities, strict=True))


ANNOTATORS = ["ana", "ben", "cem", "dora", "eva"]


@given(
    items=st.integers(0, 60),
    people=st.integers(1, 5),
    overlap=st.one_of(st.just("full"), st.integers(1, 5), st.sampled_from(["1%", "20%", "50 %", "100%"])),
    seed=st.integers(0, 3),
    order=st.randoms(use_true_random=False),
)
def test_loads_are_fair_whatever_the_order(items, people, overlap, seed, order):
    keys, names = [f"k{i}" for i in range(items)], ANNOTATORS[:people]
    if (isinstance(overlap, int) and overlap > people) or (isinstance(overlap, str) and "%" in overlap and people == 1):
        with pytest.raises(InputError, match="overlap is"):
            assign(keys, names, overlap=overlap, seed=seed)
        return
    shares = assign(keys, names, overlap=overlap, seed=seed)
    loads = [len(shares[name]) for name in names]
    assert max(loads) - min(loads) <= 1
    assert all(len(set(own)) == len(own) for own in shares.values())
    coders = Counter(key for own in shares.values() for key in own)
    assert set(coders) == set(keys)
    if isinstance(overlap, int):
        assert set(coders.values()) <= {overlap}
    elif overlap != "full":
        doubly = rounded_share(float(overlap.strip(" %")), items)
        assert Counter(coders.values()) == Counter({2: doubly, 1: items - doubly}) - Counter()
    shuffled_keys, shuffled_names = keys[:], names[:]
    order.shuffle(shuffled_keys)
    order.shuffle(shuffled_names)
    assert assign(shuffled_keys, shuffled_names, overlap=overlap, seed=seed) == shares


def test_everybody_has_an_order_of_their_own():
    shares = assign([str(i) for i in range(30)], ANNOTATORS, seed=4)
    orders = {tuple(own) for own in shares.values()}
    assert len(orders) == 5
    assert len({frozenset(order) for order in orders}) == 1


def test_pairs_share_about_as_much_as_other_pairs():
    shares = assign([str(i) for i in range(120)], ANNOTATORS, overlap=2)
    shared = [len(set(shares[a]) & set(shares[b])) for a, b in itertools.combinations(ANNOTATORS, 2)]
    assert max(shared) - min(shared) <= 2


def test_groups():
    groups = {"first": ["ana", "ben"], "second": ["cem"]}
    shares = assign([str(i) for i in range(11)], ["ana", "ben", "cem"], overlap=groups, seed=1)
    assert set(shares["ana"]) == set(shares["ben"])
    assert not set(shares["ana"]) & set(shares["cem"])
    assert sorted([len(shares["ana"]), len(shares["cem"])]) == [5, 6]
    backwards = dict(reversed(groups.items()))
    keys = [str(i) for i in range(11)]
    random.Random(0).shuffle(keys)
    assert assign(keys, ["ana", "ben", "cem"], overlap=backwards, seed=1) == shares


@pytest.mark.parametrize(
    ("keys", "names", "overlap", "says"),
    [
        (["a", "a"], ["ana"], "full", "more than once: a"),
        (["a"], [], "full", "no annotators"),
        (["a"], ["ana", "ana"], "full", "more than once: ana"),
        (["a"], ["ana"], 2, "with 1 annotators give 1 to 1"),
        (["a"], ["ana"], 0, "overlap is 0"),
        (["a"], ["ana"], True, "overlap is True"),
        (["a"], ["ana", "ben"], "most", "'full', a whole number, or a percentage"),
        (["a"], ["ana", "ben"], "0%", "above 0"),
        (["a"], ["ana", "ben"], {"g": ["ana", "bne"]}, "Did you mean 'ben'"),
        (["a"], ["ana", "ben"], {"g": ["ana"]}, "in no group: ben"),
        (["a"], ["ana"], {"g": ["ana"], "h": []}, "'h' has no members"),
        (["a"], ["ana"], {"g": ["ana", "ana"]}, "names someone twice"),
        (["a"], ["ana"], {"g": 3, "h": "ana"}, "(?s)group 'g' is 3: give a list.*group 'h' is 'ana'"),
        (["a"], ["ana"], None, "overlap is None"),
        (None, ["ana"], "full", "keys is None: give a list"),
        ([1, 2], ["ana"], "full", "keys must be texts, and these are not: 1, 2"),
        ("abc", None, "full", "(?s)keys is 'abc'.*annotators is None"),
        (["a"], "ana", "full", "annotators is 'ana': give a list"),
    ],
)
def test_assignments_that_make_no_sense(keys, names, overlap, says):
    with pytest.raises(InputError, match=says):
        assign(keys, names, overlap=overlap)


def test_hidden_repeats_are_drawn_by_the_seed_and_go_to_the_same_people():
    table = pd.DataFrame({"ID": range(40), "text": [f"t{n}" for n in range(40)]})
    drawn = sample(table, key="ID", n=20, repeats="25%")
    firsts = drawn[drawn["repeat_of"].isna()]
    again = drawn[drawn["repeat_of"].notna()]
    assert firsts["ID"].tolist() == sample(table, key="ID", n=20)["ID"].astype(str).tolist()
    assert len(again) == 5
    assert again["ID"].tolist() == [f"{first}~2" for first in again["repeat_of"]]
    assert again["text"].tolist() == [f"t{first}" for first in again["repeat_of"]]
    assert drawn.index.is_unique
    shuffled = table.sample(frac=1, random_state=3)
    assert set(sample(shuffled, key="ID", n=20, repeats=5)["ID"]) == set(drawn["ID"])
    shares = assign(drawn["ID"], ["ana", "ben", "eva"], overlap=1)
    for name, items in shares.items():
        assert {item.removesuffix("~2") for item in items if item.endswith("~2")} <= set(items), name
    assert sum(map(len, shares.values())) == 25


def test_repeats_that_cannot_be():
    table = pd.DataFrame({"ID": ["a", "b~2"]})
    with pytest.raises(InputError, match="b~2 end in ~2, as hidden repeats do"):
        sample(table, key="ID", n=2, repeats=1)
    with pytest.raises(InputError, match="give as many at most"):
        sample(table[:1], key="ID", n=1, repeats=2)
    for odd in (-1, 1.5, "many", None, True):
        with pytest.raises(InputError, match="repeats is"):
            sample(table, key="ID", n=1, repeats=odd)


def test_strata_that_look_alike_and_keys_that_the_table_lacks_are_said():
    table = pd.DataFrame({"ID": list("abcdefgh"), "g": ["x", "x ", "X", 1, "1", 1.0, None, "y"]})
    with pytest.warns(UserWarning, match=r"Strata of 'g' that look alike .* \('X', 'x ' and 'x', '1' and 1\)"):
        sample(table, key="ID", n=4, by="g")
    first = sample(table, key="ID", n=3, repeats=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sample(table.assign(g=[*list("xxyyzz"), None, None]), key="ID", n=4, by="g")
        extend_sample(first, table, key="ID", n=2)
    with pytest.warns(UserWarning, match=r"1 key of the sample is not in the table's column 'ID' \(z\)"):
        extend_sample(pd.DataFrame({"ID": ["a", "z"]}), table, key="ID", n=2)


@pytest.mark.parametrize("name", ["rows", "before", "sampled", "group"])
def test_strata_may_be_of_a_column_that_is_called_as_what_is_counted(name: str) -> None:
    table = pd.DataFrame({"ID": list("abcdef"), name: list("xxxxyy")})
    drawn = sample(table, key="ID", n=3, by=name)
    found = strata_table(drawn)
    assert found.values.tolist() == [["x", 4, 0, 2], ["y", 2, 0, 1]]
    assert found.columns.is_unique
    assert f"in proportion to the strata of {name}" in describe_sample(drawn)
    further = strata_table(extend_sample(drawn, table, key="ID", n=3, by=name))
    assert further.values.tolist() == [["x", 4, 2, 2], ["y", 2, 1, 1]]
