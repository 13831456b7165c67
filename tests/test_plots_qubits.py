"""Figures of a few qubits: hands, bars and gates are those of the state and of the circuit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection

from labkit.course.plots import draw_chances, draw_gates, draw_state_dials, new_axes


@pytest.fixture
def ax() -> Axes:
    axes: Axes = new_axes()[0]
    return axes


def test_a_dial_shows_size_and_phase_on_a_rim_of_one_and_no_hand_for_nothing(ax: Axes) -> None:
    states = {"before": np.array([1, 0, 0, 0]), "now": np.array([0.6, 0, -0.8j, 0])}
    draw_state_dials(ax, states)
    (lines,) = [c for c in ax.collections if isinstance(c, LineCollection)]
    (rims,) = [c for c in ax.collections if isinstance(c, EllipseCollection)]
    segments = np.array(lines.get_segments())
    hands = (segments[:, 1] - segments[:, 0]) @ [1, 1j]
    # up is positive, and a quarter of a circle to the right is -i
    assert np.allclose(hands, [0.48j, 0.48 * 0.6j, 0.48 * 0.8])
    assert np.shape(rims.get_offsets()) == (8, 2)
    assert [text.get_text() for text in ax.texts] == [
        *("1.00", "0", "0", "0"),
        *("0.60", "0", "−0.80i", "0"),
    ]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["|00⟩", "|01⟩", "|10⟩", "|11⟩"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["before", "now"]


def test_dials_without_room_have_no_words_beneath_and_upright_names() -> None:
    ax = new_axes(width=1.5, height=3.2)[0]
    draw_state_dials(ax, {"now": np.full(8, 0.25 + 0.25j)})
    assert not ax.texts
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {90}


def test_chances_are_bars_on_one_axis_for_all_states_and_zeros_have_no_number(ax: Axes) -> None:
    draw_chances(ax, [0.25, 0, 0.75, 0])
    heights = [bar.get_height() for bar in ax.patches]  # type: ignore[attr-defined]
    assert heights == [0.25, 0, 0.75, 0]
    assert [text.get_text() for text in ax.texts] == ["0.25", "0.75"]
    assert ax.get_ylim() == (0, 1.2)


def test_no_words_meet_between_eight_masks_however_narrow_their_axes() -> None:
    dials, bars = axes = new_axes(2, width=4.0, height=3.2)
    draw_state_dials(dials, {"now": np.full(8, 0.25 + 0.25j)})
    draw_chances(bars, np.full(8, 1 / 8))
    assert dials.texts[0].get_text() == "0.25\n+0.25i"
    dials.figure.draw_without_rendering()
    for ax in axes:
        words = [text.get_window_extent() for text in ax.texts]
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(words))


def test_gates_stand_in_order_on_the_wires_of_their_neurons(ax: Axes) -> None:
    draw_gates(ax, ["H 0", "CNOT 0 1", "S 1", "CZ 1 2"], 3, room=12)
    boxes = [(text.get_text(), *text.get_position()) for text in ax.texts]
    assert boxes == [("H", 0, 0), ("S", 2, -1)]
    links = [line for line in ax.lines if len(line.get_xdata()) == 2]  # type: ignore[arg-type]
    drawn = [(*np.asarray(link.get_xdata()), *np.asarray(link.get_ydata())) for link in links]
    assert drawn == [(1, 1, 0, -1), (3, 3, -1, -2)]
    pluses = [line for line in ax.lines if line.get_marker() == "+"]
    assert [(*np.asarray(p.get_xdata()), *np.asarray(p.get_ydata())) for p in pluses] == [(1, -1)]
    assert [label.get_text() for label in ax.get_yticklabels()] == [f"neuron {j}" for j in range(3)]
    assert ax.get_xlim() == (-0.7, 12)
