"""One bit order: character j is neuron j is qubit j, neuron 0 the most significant bit."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import mask_strings
from test_architecture import MODULES

from labkit.masks import (
    all_masks,
    check_mask,
    check_one_mask,
    mask_from_index,
    mask_from_string,
    mask_to_index,
    mask_to_string,
    masks_from_indices,
    masks_to_indices,
    place_values,
)


def test_the_worked_example_of_the_course_reads_1011_as_eleven() -> None:
    mask = np.array([True, False, True, True])
    assert mask_to_string(mask) == "1011"
    assert mask_to_index(mask) == 11
    np.testing.assert_array_equal(mask_from_string("1011"), mask)
    np.testing.assert_array_equal(mask_from_index(11, 4), mask)


@pytest.mark.parametrize("n", [1, 2, 5, 30, 62, 100])
def test_neuron_0_is_the_most_significant_bit(n: int) -> None:
    first = np.zeros(n, dtype=bool)
    first[0] = True
    assert mask_to_index(first) == 2 ** (n - 1)
    np.testing.assert_array_equal(mask_from_index(2 ** (n - 1), n), first)


@given(mask_strings)
def test_character_j_of_a_mask_string_is_neuron_j(string: str) -> None:
    mask = mask_from_string(string)
    assert mask.dtype == bool
    assert [character == "1" for character in string] == mask.tolist()


@given(mask_strings)
def test_strings_masks_and_indices_say_the_same(string: str) -> None:
    mask = mask_from_string(string)
    index = mask_to_index(mask)
    assert index == int(string, 2)
    assert mask_to_string(mask) == string
    assert mask_to_string(mask_from_index(index, len(string))) == string


@given(st.integers(63, 400).flatmap(lambda n: st.tuples(st.integers(0, 2**n - 1), st.just(n))))
def test_masks_wider_than_a_machine_word_keep_every_bit(drawn: tuple[int, int]) -> None:
    i, n = drawn
    assert mask_to_index(mask_from_index(i, n)) == i


@pytest.mark.parametrize("n", range(1, 9))
def test_all_masks_are_listed_in_index_order(n: int) -> None:
    masks = all_masks(n)
    assert masks.dtype == bool
    assert [tuple(mask) for mask in masks.tolist()] == [*itertools.product([False, True], repeat=n)]
    assert [mask_to_index(mask) for mask in masks] == [*range(2**n)]


@given(
    st.integers(1, 62).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.integers(0, 2**n - 1), min_size=1))
    )
)
def test_many_masks_at_once_are_read_as_one_by_one(drawn: tuple[int, list[int]]) -> None:
    n, indices = drawn
    masks = masks_from_indices(indices, n)
    np.testing.assert_array_equal(masks, [mask_from_index(i, n) for i in indices])
    np.testing.assert_array_equal(masks_to_indices(masks), indices)


def test_batches_keep_their_shape() -> None:
    indices = np.arange(24).reshape(2, 3, 4)
    masks = masks_from_indices(indices, 5)
    assert masks.shape == (2, 3, 4, 5)
    np.testing.assert_array_equal(masks_to_indices(masks), indices)
    assert masks_from_indices(3, 5).shape == (5,)
    assert int(masks_to_indices(masks_from_indices(3, 5))) == 3


@pytest.mark.parametrize(
    "given_as",
    ["101", [1, 0, 1], [True, False, True], (1.0, 0.0, 1.0), np.array([1, 0, 1], dtype=np.uint8)],
)
def test_a_mask_may_be_a_string_bools_or_zeros_and_ones(given_as: object) -> None:
    mask = check_mask(given_as, 3)
    assert mask.dtype == bool
    assert mask.tolist() == [True, False, True]


def test_a_batch_of_masks_is_checked_on_its_last_axis() -> None:
    assert check_mask(np.ones((4, 2, 3)), 3).shape == (4, 2, 3)
    with pytest.raises(ValueError, match="has 2 entries"):
        check_mask(np.ones((3, 2)), 3)


def test_a_batch_is_refused_where_one_mask_is_meant() -> None:
    with pytest.raises(ValueError, match=r"^neuron_mask has shape \(2, 3\); one mask has shape"):
        check_one_mask(np.ones((2, 3)), 3)


# Only one module knows the order

#: Where bits are shifted for another reason: loops over amplitudes, windows of a chain of neurons,
#: and the course, which counts ones and flips.
SHIFTS = (
    "labkit.masks",
    "labkit.costs.walks",  # compiled loops, as those of the engine
    "labkit.simulators.engine",
    "labkit.selectors.dynamic",
    "labkit.course",
)


def find_bit_orders(tree: ast.AST) -> Iterator[str]:
    """Shifts, and place values made by hand: arange(n)[::-1], 2 ** (n - 1 - j)."""
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=ast.LShift() | ast.RShift()):
                yield ast.unparse(node)
            case ast.BinOp(op=ast.Pow(), right=ast.BinOp(op=ast.Sub(), left=ast.BinOp())):
                yield ast.unparse(node)
            case ast.Subscript(
                value=ast.Call(func=ast.Attribute(attr="arange")),
                slice=ast.Slice(step=ast.UnaryOp()),
            ):
                yield ast.unparse(node)


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith(SHIFTS)])
def test_no_module_but_masks_makes_place_values_by_hand(module: str) -> None:
    assert [*find_bit_orders(ast.parse(MODULES[module].read_text("utf-8")))] == []


@pytest.mark.parametrize(
    "source", ["1 << n - 1 - j", "i >> 1", "2.0 ** np.arange(n)[::-1]", "2 ** (n - 1 - j)"]
)
def test_place_values_made_by_hand_are_found(source: str) -> None:
    assert [*find_bit_orders(ast.parse(source))]


@pytest.mark.parametrize("n", [0, 1, 4, 62])
def test_the_place_values_of_a_mask_add_up_to_its_index(n: int) -> None:
    assert place_values(n).tolist() == [2**j for j in reversed(range(n))]
    with pytest.raises(ValueError, match="read-only"):
        place_values(n)[...] = 0
