"""What all explorers share: still axes, room on the page, fine pictures, their code, a watch."""

from __future__ import annotations

import ast
import io
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from benchmarks.fresh_script import explorers
from matplotlib.text import Text
from PIL import Image

from labkit.course.explorers import (
    Explorer,
    GroverExplorer,
    SelectorRace,
    SharedMask,
    SpectrumExplorer,
    SubnetworkExplorer,
)
from labkit.course.explorers.layout import LARGER, arrange, larger_type
from labkit.course.kernel_watch import KernelWatch
from labkit.course.plots.canvas import fit_words, new_axes
from labkit.course.plots.frames import Frames
from labkit.datasets import Task
from labkit.masks import mask_from_index
from labkit.selectors import one_flip_search
from labkit.simulators import evolve_grover

BUILD: dict[str, Callable[..., Explorer]] = {each.__name__: each for each in explorers()}
#: explorer -> the control that moves what is drawn, and the axes in which it moves
MOTIONS = {
    "GroverExplorer": ("iterations", (0, 1, 2)),
    "HardwareExplorer": ("error", (0, 1)),
    "LinearSystemExplorer": ("runs", (0, 1)),
    "LocalSearchTheatre": ("step", (0, 2)),
    "LocalityExplorer": ("error", (0, 1, 2)),
    "LowBitExplorer": ("epoch", (0, 1)),
    "NKExplorer": ("n_inputs_per_output", (0, 1, 2)),
    "OracleExplorer": ("oracle", (0, 1)),
    "PhaseExplorer": ("phase_2", (0, 1)),
    "SamplerExplorer": ("step", (0, 1)),
    "ReuseExplorer": ("neuron", (0, 1)),
    "SelectorRace": ("budget", (0, 1)),
    "SeparationExplorer": ("n_neurons", (0, 1)),
    "SpectrumExplorer": ("max_order", (0, 1)),
}


@pytest.fixture(params=sorted(BUILD))
def explorer(request: pytest.FixtureRequest) -> Explorer:
    return BUILD[request.param]()


def values_of(control: Any) -> list[Any]:
    """All options of a control, or its numbers."""
    if hasattr(control, "options"):
        return [each[1] if isinstance(each, tuple) else each for each in control.options]
    return [*range(control.min, control.max + 1)]


def size_of(explorer: Explorer) -> tuple[int, int]:
    size = Image.open(io.BytesIO(bytes(explorer.image.value))).size
    return int(size[0]), int(size[1])


@pytest.mark.parametrize("name", MOTIONS)
def test_axes_hold_still_while_what_is_drawn_moves(name: str) -> None:
    shown, (control, axes) = BUILD[name](), MOTIONS[name]
    seen = set()
    values = values_of(shown.controls[control])
    for value in [*values[:: max(1, len(values) // 8)], values[-1]]:
        shown.controls[control].value = value
        limits = [(*shown._axes[i].get_xlim(), *shown._axes[i].get_ylim()) for i in axes]
        seen.add(tuple(np.round(limits, 9).ravel().tolist()))
    assert len(seen) == 1


@pytest.mark.parametrize("marked", [0, 1, -1])
def test_no_amplitude_leaves_the_axis_however_many_calls_are_made(marked: int) -> None:
    shown = GroverExplorer(n_neurons=5)
    shown.controls["threshold"].index = marked % len(shown.controls["threshold"].options)
    most = shown._axes[0].get_ylim()[1]
    states = [evolve_grover(shown.view.marked, calls).real for calls in range(61)]
    largest = float(np.abs(states).max())
    assert largest < most
    if marked != -1:  # half of the masks: the state stays where it is
        assert largest > 0.9 * most  # and it is not too long either


def test_the_axes_of_all_masks_have_room_for_every_order_and_budget() -> None:
    for shown, axes, control in (
        (SpectrumExplorer(), 1, "max_order"),
        (SelectorRace(), 0, "budget"),
    ):
        for value in values_of(shown.controls[control]):
            shown.controls[control].value = value
            low, high = shown._axes[axes].get_ylim()
            for line in shown._axes[axes].lines:
                drawn = np.asarray(line.get_ydata(), dtype=np.float64)
                assert low <= drawn.min() and drawn.max() <= high


@pytest.mark.parametrize("widths", [(4.6, 3.1, 4.0), (5.2, 5.2), (2.0,), (3.0, 2.0)])
def test_axes_stand_in_a_row_where_there_is_room_and_are_never_wider_than_it(
    widths: tuple[float, ...],
) -> None:
    natural = arrange(widths, 3.6)
    assert natural.rows == (widths,)
    assert arrange(widths, 3.6, 5000).rows == (widths,)
    for room in range(230, 1200, 10):
        arranged = arrange(widths, 3.6, room)
        assert arranged.page_width <= room + 1e-9
        assert sum(map(len, arranged.rows)) == len(widths)
        assert len(arranged.rows) <= len(arrange(widths, 3.6, room, LARGER).rows)
    assert [len(row) for row in arrange(widths, 3.6, 230).rows] == [1] * len(widths)


def test_a_narrowed_row_fills_the_room() -> None:
    assert arrange((5.2, 5.2), 3.6, 600).page_width == pytest.approx(600)


@pytest.mark.parametrize("room", [330, 430, 640])
def test_axes_in_several_rows_end_beneath_one_another(room: int) -> None:
    rows = arrange((4.6, 3.1, 4.0), 3.6, room).rows
    assert len(rows) > 1
    assert [sum(row) for row in rows] == pytest.approx([sum(rows[0])] * len(rows))
    assert sum(rows[0]) * 80 >= min(room, 352) - 1e-9  # and leave little of a phone's page empty


def test_titles_stay_readable_in_two_lines_where_one_has_no_room(explorer: Explorer) -> None:
    for room in (330, 640, 760):
        explorer.fit(room, 1.0)
        for ax in explorer._axes:
            assert float(ax.title.get_fontsize()) >= 7.5, (room, ax.get_title())


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        (
            "circles: two-qubit gates; diamonds: depth",
            ["circles: two-qubit gates;", "diamonds: depth"],
        ),
        ("○ no errors   △ with errors   ★ exact", ["○ no errors", "△ with errors   ★ exact"]),
        ("most bits across a cut into halves", ["most bits across", "a cut into halves"]),
        ("Unbroken", ["Unbroken"]),
    ],
)
def test_a_title_is_broken_between_its_parts(title: str, lines: list[str]) -> None:
    ax = new_axes(width=1.6)[0]
    ax.set_title(title, fontsize=10)
    figure: Any = ax.figure
    fit_words(ax, 1.6, 3.0, figure.canvas.get_renderer())
    assert ax.get_title().split("\n") == lines


def test_room_that_changes_nothing_draws_nothing(explorer: Explorer) -> None:
    explorer.fit(3000, 1.0)
    assert explorer.n_draws == 1
    explorer.fit(320, 1.0)
    explorer.fit(320, 1.0)
    assert explorer.n_draws == 2
    assert len(explorer._arrangement.rows) == len(explorer._axes)


@pytest.mark.parametrize(("room", "ratio"), [(320, 2.0), (600, 1.5)])
def test_a_picture_is_as_wide_as_the_page_has_room_and_as_fine_as_the_screen(
    explorer: Explorer, room: int, ratio: float
) -> None:
    explorer.fit(room, ratio)
    assert explorer.image.width <= room + 1e-9
    assert size_of(explorer)[0] == pytest.approx(explorer.image.width * ratio, abs=1)
    assert bytes(explorer.image.value) == Frames(explorer._axes).render_png()


@pytest.mark.parametrize("ratio", [0.5, 3.0])
def test_the_picture_is_never_coarser_than_the_page_nor_finer_than_twice(ratio: float) -> None:
    shown = GroverExplorer()
    width = size_of(shown)[0]
    shown.fit(3000, ratio)
    assert size_of(shown)[0] == width * min(max(ratio, 1), 2)


def test_words_keep_within_their_place_at_any_width(explorer: Explorer) -> None:
    for room in (320, 600, 760):
        explorer.fit(room, 1.0)
        width, height = explorer._axes[0].figure.bbox.size
        for ax in explorer._axes:
            words = (ax.title, ax.xaxis.label, ax.yaxis.label)
            for text in filter(Text.get_text, words):  # no words take no place
                box = text.get_window_extent()
                assert box.x0 >= -2 and box.x1 <= width + 2, (room, text.get_text())
                assert box.y0 >= -2 and box.y1 <= height + 2, (room, text.get_text())


def test_titles_beside_one_another_do_not_meet(explorer: Explorer) -> None:
    for room in (600, 760, 3000):
        explorer.fit(room, 1.0)
        titles = [ax.title.get_window_extent() for ax in explorer._axes]
        for left, right in itertools.pairwise(titles):
            assert left.x1 < right.x0 or left.y0 > right.y1


def test_a_click_finds_its_mask_in_a_stacked_fine_picture_with_larger_type() -> None:
    shown = GroverExplorer(n_neurons=4)
    shown.type_button.value = True
    shown.fit(330, 2.0)
    width, height = shown._axes[0].figure.bbox.size
    across, up = shown._axes[0].transData.transform((11, 0.1))
    shown.point_at(across / width, up / height)
    assert shown.lit is not None and shown.lit.tolist() == mask_from_index(11, 4).tolist()


def test_larger_type_is_larger_in_picture_and_readouts_and_goes_again() -> None:
    shown = GroverExplorer()
    before = bytes(shown.image.value)
    shown.fit(936, 1.0)
    shown.type_button.value = True
    assert "labkit-large" in shown._dom_classes
    assert shown._axes[0].figure.dpi == 80 * LARGER
    assert shown.image.width <= 936
    shown.fit(286, 1.0)
    assert 80 < shown._axes[0].figure.dpi == 80 * larger_type(286) < 80 * LARGER
    shown.fit(936, 1.0)
    shown.type_button.value = False
    assert "labkit-large" not in shown._dom_classes
    assert bytes(shown.image.value) == before


def test_a_label_goes_without_its_brackets_where_they_would_not_be_read() -> None:
    shown = GroverExplorer()
    label = shown._axes[0].get_xlabel()
    assert "(" in label
    shown.type_button.value = True
    shown.fit(200, 1.0)
    assert shown._axes[0].get_xlabel() == label.partition(" (")[0]
    shown.type_button.value = False
    shown.fit(936, 1.0)
    assert shown._axes[0].get_xlabel() == label


def test_axes_of_larger_type_in_a_row_leave_room_on_a_screen_of_720_pixels() -> None:
    arranged = arrange((4.6, 3.1, 4.0), 3.6, 1112, LARGER)
    assert len(arranged.rows) == 1
    assert arranged.size[1] * 80 * LARGER < 350


@pytest.mark.parametrize("room", [286, 600, 1112])
def test_the_numbers_at_the_end_of_an_axis_are_inside_the_picture(
    explorer: Explorer, room: int
) -> None:
    explorer.fit(room, 1.0)
    width = explorer._axes[0].figure.bbox.width
    for ax in explorer._axes:
        last = ax.get_xticklabels()[-1] if ax.get_xticklabels() else None
        if last is not None and last.get_position()[0] <= max(ax.get_xlim()):
            assert last.get_window_extent(explorer._frames.renderer).x1 <= width


def from_code(code: str) -> Explorer:
    """Runs code as a cell does, and returns what its last expression is."""
    *statements, last = ast.parse(code).body
    assert isinstance(last, ast.Expr)
    names: dict[str, Any] = {}
    exec(compile(ast.Module(statements, []), "cell", "exec"), names)
    made = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    assert isinstance(made, Explorer)
    return made


def test_the_code_of_an_explorer_makes_the_same_picture(explorer: Explorer) -> None:
    assert bytes(from_code(explorer.code).image.value) == bytes(explorer.image.value)
    for control in explorer.controls.values():
        values = values_of(control)
        control.value = values[values.index(control.value) - 1]
    explorer._pressed(1, 1)
    again = from_code(explorer.code)
    assert type(again) is type(explorer)
    assert bytes(again.image.value) == bytes(explorer.image.value)
    assert again.text.value == explorer.text.value


def test_the_code_lights_the_mask_that_is_lit() -> None:
    shown = GroverExplorer(n_neurons=4, shared=SharedMask("0110"))
    assert 'shared=SharedMask("0110")' in shown.code
    again = from_code(shown.code)
    assert again.lit is not None and again.lit.tolist() == [False, True, True, False]


def test_the_code_names_what_is_ones_own() -> None:
    table = pd.DataFrame(np.random.default_rng(5).normal(size=(60, 2)), columns=["a", "b"])
    task = Task.from_table(table.assign(y=np.arange(60) % 2), target="y", name="mine")
    code = SubnetworkExplorer(task=task).code
    assert "task=task" in code and "# task: mine@" in code
    code = SelectorRace(n_neurons=4, racers=("random search", one_flip_search)).code
    assert 'racers=("random search", one_flip_search)' in code


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("GroverExplorer", "threshold", -5.0),
        ("OracleExplorer", "threshold", 40),
        ("AngleExplorer", "share", 0.3),
        ("AngleExplorer", "gamma", float("nan")),
        ("NKExplorer", "output", 99),
        ("LocalSearchTheatre", "step", 10_000),
    ],
)
def test_a_setting_that_is_not_offered_is_named(name: str, argument: str, value: float) -> None:
    with pytest.raises(ValueError, match=argument):
        BUILD[name](**{argument: value})


def test_reset_goes_back_to_where_this_explorer_began() -> None:
    shown = BUILD["AngleExplorer"](gamma=2.0, beta=0.5)
    before = bytes(shown.image.value)
    shown._pressed(1, 0)
    assert bytes(shown.image.value) != before
    shown.reset()
    assert bytes(shown.image.value) == before


def test_the_watch_answers_a_sign_of_life_and_nothing_else(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (watch,) = (child for child in explorer.children if isinstance(child, KernelWatch))
    sent: list[Any] = []
    monkeypatch.setattr(watch, "send", lambda content, buffers=None: sent.append(content))
    watch._handle_custom_msg({"kind": "other"}, [])
    assert sent == []
    watch._handle_custom_msg({"kind": "ping"}, [])
    assert sent == [{"kind": "pong"}]
