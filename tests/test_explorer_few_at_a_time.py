"""A few neurons at a time: what is entangled, and what is found, against counting by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from labkit.course.explorers import BlockExplorer
from labkit.course.explorers.blocks import view_blocks
from labkit.course.plots import draw_blocks, new_axes
from labkit.masks import mask_from_string


@pytest.mark.parametrize("block_size", [1, 3, 4, 8])
def test_every_neuron_is_in_one_block_of_at_most_the_size(block_size: int) -> None:
    view = view_blocks("moons", 8, 7, block_size, 0)
    assert [j for block in view.blocks for j in block] == [*range(8)]
    assert max(map(len, view.blocks)) == block_size
    assert view.amplitudes == len([*product("01", repeat=block_size)])
    chosen = [step.block.tolist() for step in view.walk.steps]
    assert chosen[: len(view.blocks)] == view.blocks


@pytest.mark.parametrize("block_size", [1, 2, 4])
def test_no_block_of_what_is_found_can_be_bettered(block_size: int) -> None:
    for start in range(3):
        view = view_blocks("moons", 8, 0, block_size, start)
        table, found = view.problem.table, mask_from_string(view.found)
        for block in view.blocks:
            for bits in product((False, True), repeat=len(block)):
                other = found.copy()
                other[block] = bits
                assert table.evaluate(other) >= table.evaluate(found) - 1e-12


def test_all_at_once_finds_the_best_and_the_text_says_what_it_holds() -> None:
    explorer = BlockExplorer(seed=0)
    assert explorer.view.rank == 1
    assert "at most <b>8</b> qubits are entangled at once" in explorer.text.value
    explorer.controls["block_size"].value = 2
    assert explorer.view.rank == 18
    assert "with 4 amplitudes instead of 256" in explorer.text.value


def test_an_arc_stands_for_each_pair_of_neurons_of_a_block() -> None:
    for size, pairs in ((8, 28), (4, 12), (2, 4), (1, 0)):
        ax = draw_blocks(new_axes()[0], view_blocks("moons", 8, 7, size, 0).blocks)
        (arcs,) = ax.collections
        assert len(arcs.get_paths()) == pairs
        drawn = np.concatenate([np.asarray(line.get_xdata()) for line in ax.lines])
        assert drawn.tolist() == [*range(8)]
