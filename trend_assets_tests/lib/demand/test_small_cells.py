"""Small cells are merged until none tells about a few people; what is merged depends on sizes and names only."""

from __future__ import annotations

import pyarrow as pa

from trend_assets.lib.demand.small_cells import named, without_small_cells


def rows(sizes: dict[tuple[str, str], int]) -> pa.Table:
    """One person a row, none in two cells."""
    told = [(whole, cell, f"{whole}{cell}{number}") for (whole, cell), size in sizes.items() for number in range(size)]
    return pa.table({name: pa.array([row[place] for row in told], pa.string()) for place, name in enumerate(("whole", "cell", "person"))})


def counted(sizes: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    table = without_small_cells(rows(sizes), "whole", ["cell"], 3, "withheld")
    return {(row["whole"], row["cell"]): row["people"] for row in table.to_pylist()}


def test_small_cells_of_one_whole_are_merged_and_those_of_another_are_not() -> None:
    sizes = {("a", "x"): 2, ("a", "y"): 1, ("a", "z"): 4, ("b", "x"): 3}
    assert counted(sizes) == {("a", "withheld"): 3, ("a", "z"): 4, ("b", "x"): 3}


def test_a_merged_cell_that_is_still_small_takes_the_smallest_other_and_of_equals_the_first() -> None:
    assert counted({("a", "x"): 1, ("a", "y"): 9, ("a", "z"): 4, ("a", "v"): 4}) == {("a", "withheld"): 5, ("a", "y"): 9, ("a", "z"): 4}


def test_a_whole_of_too_few_is_not_told() -> None:
    assert counted({("a", "x"): 1, ("a", "y"): 1}) == {}
    assert counted({}) == {}


def test_a_person_of_two_small_cells_is_one_person() -> None:
    told = pa.table({"whole": ["a"] * 4, "cell": ["x", "x", "y", "y"], "person": ["1", "2", "1", "2"]})
    assert without_small_cells(told, "whole", ["cell"], 3, "withheld").num_rows == 0


def test_names_of_our_own_nothing_and_spaces_are_named_otherwise() -> None:
    assert named(pa.array(["withheld", " ", None, " Lyon ", "ليون"]), "unknown", ["withheld"]).to_pylist() == [
        "unknown", "unknown", "unknown", "Lyon", "ليون",
    ]  # fmt: skip
