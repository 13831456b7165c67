"""Explorers: one move, one drawing; what they show is what labkit computes; a light start."""

from __future__ import annotations

import inspect
import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets as widgets
import numpy as np
import pytest
from benchmarks.fresh_script import explorers
from matplotlib.backends.backend_agg import RendererAgg
from PIL import Image

from labkit.amplification import success_probability
from labkit.arrays import IntArray
from labkit.course.explorers import (
    Explorer,
    GroverExplorer,
    LocalSearchTheatre,
    Picture,
    SharedMask,
    SubnetworkExplorer,
)
from labkit.course.explorers.grover import GroverView, threshold_options
from labkit.course.explorers.subnetwork import find_mask_in_bar, find_next_by_cost, view_subnetwork
from labkit.course.plots import new_axes
from labkit.course.plots.canvas import render_png
from labkit.course.plots.frames import Frames
from labkit.course.plots.masks import bin_costs
from labkit.masks import mask_from_index, mask_from_string, mask_to_string
from labkit.problems import build_problem

PNG = b"\x89PNG"
DRAW_TEXT: Callable[..., None] = RendererAgg.draw_text
EXPLORERS: dict[str, Callable[..., Explorer]] = {each.__name__: each for each in explorers()}


@pytest.fixture(params=sorted(EXPLORERS))
def explorer(request: pytest.FixtureRequest) -> Explorer:
    return EXPLORERS[request.param]()


def other_values(control: widgets.Widget) -> Iterator[object]:
    """The control's minimum and maximum, or all its options, leaving out the value it has."""
    if hasattr(control, "options"):
        values = [value[1] if isinstance(value, tuple) else value for value in control.options]
    else:
        values = [control.min, control.max]
    return iter([value for value in values if value != control.value])


def test_every_control_at_its_extremes_redraws_exactly_once(explorer: Explorer) -> None:
    for name, control in explorer.controls.items():
        for value in (*other_values(control), control.value):
            if value == control.value:
                continue
            before, drawn = bytes(explorer.image.value), explorer.n_draws
            control.value = value
            assert explorer.n_draws == drawn + 1, (name, value)
            assert bytes(explorer.image.value).startswith(PNG)
            assert bytes(explorer.image.value) != before, (name, value)


def test_a_picture_of_kept_frames_is_the_one_drawn_anew(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same bytes as with no frame kept, and, but for some edges, as Matplotlib draws it."""
    for control in explorer.controls.values():
        start = control.value
        for value in (next(other_values(control)), start):
            control.value = value
            kept = bytes(explorer.image.value)
            assert kept == Frames(explorer._axes).render_png()
    monkeypatch.setattr(RendererAgg, "draw_text", at_whole_pixels)
    differ = np.abs(pixels(kept) - pixels(render_png(explorer._axes[0]))).max(axis=2) > 40
    assert differ.mean() < 1e-5


def at_whole_pixels(
    renderer: RendererAgg, gc: Any, x: float, y: float, *words: Any, **options: Any
) -> None:
    """As Matplotlib sets a line, from a whole pixel as explorers do."""
    DRAW_TEXT(renderer, gc, round(x), round(y), *words, **options)


def pixels(png: bytes) -> IntArray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.int64)


def test_a_frame_is_drawn_anew_when_anything_in_it_changes() -> None:
    left, right = new_axes(2)
    right.set_aspect("equal")
    frames = Frames([left, right])
    seen = {frames.render_png()}
    changes: list[Callable[[], object]] = [
        lambda: left.set_xlim(0, 2),
        lambda: left.set(title="a title"),
        lambda: right.set(ylabel="neurons"),
        lambda: right.set_xticks([0.1, 0.3], ["a", "b"]),
        lambda: right.set_xticks([0.1, 0.3], ["a", "c"]),
        lambda: right.tick_params(axis="x", labelrotation=90),
        lambda: left.set_yscale("symlog"),
        lambda: left.spines["top"].set_visible(False),
    ]
    for number, change in enumerate(changes):
        change()
        seen.add(frames.render_png())
        assert len(seen) == number + 2, number


def test_an_explorer_has_one_picture_and_at_most_four_controls(explorer: Explorer) -> None:
    """Six where a search is walked through: its problem, its blocks, its start and its steps."""

    def pictures(widget: widgets.Widget) -> int:
        children = getattr(widget, "children", ())
        return isinstance(widget, Picture) + sum(pictures(child) for child in children)

    explorer.redraw()
    assert pictures(explorer) == 1
    assert len(explorer.controls) <= (6 if isinstance(explorer, LocalSearchTheatre) else 4)


def test_reset_restores_the_start_with_one_drawing(explorer: Explorer) -> None:
    picture, text = bytes(explorer.image.value), explorer.text.value
    for control in explorer.controls.values():
        control.value = next(other_values(control))
    drawn = explorer.n_draws
    explorer.reset_button.click()
    assert explorer.n_draws == drawn + 1
    assert (bytes(explorer.image.value), explorer.text.value) == (picture, text)


def test_a_page_without_a_kernel_shows_the_picture_and_its_text(explorer: Explorer) -> None:
    bundle = explorer._repr_mimebundle_()
    (text,) = re.findall('<img alt="([^"]*)" src="data:image/png;base64,', bundle["text/html"])
    assert len(text) > 40
    assert "<" not in text


def test_toggling_a_neuron_shows_the_cost_and_rank_of_the_new_mask() -> None:
    explorer = SubnetworkExplorer(task="moons", seed=7, n_neurons=8)
    explorer.drawing.neuron_mask = [c == "1" for c in "00101101"]
    table = explorer.problem.table
    assert explorer.n_draws == 2
    assert "<b>00101101</b>" in explorer.text.value
    assert f"<b>{table.evaluate(mask_from_string('00101101')):.4f}</b>" in explorer.text.value
    assert "rank <b>1</b> of 256" in explorer.text.value


def test_neurons_keep_their_switch_when_the_network_grows() -> None:
    explorer = SubnetworkExplorer(n_neurons=4)
    explorer.drawing.neuron_mask = [False, True, False, True]
    explorer.controls["n_neurons"].value = 6
    assert explorer.drawing.neuron_mask == [False, True, False, True, True, True]
    explorer.controls["n_neurons"].value = 3
    assert explorer.drawing.neuron_mask == [False, True, False]


def test_the_view_of_a_subnetwork_agrees_with_counting_by_hand() -> None:
    problem = build_problem("circles", 5, seed=2)
    for index in (0, 7, 31):
        mask = np.array([int(bit) for bit in f"{index:05b}"], dtype=bool)
        view = view_subnetwork(problem, mask)
        assert view.cost == problem.table.costs[index]
        assert view.rank == 1 + sum(problem.table.costs < problem.table.costs[index])
        outputs = problem.network.outputs(problem.task.x_test, mask)[:, 0]
        right = (2 * problem.task.y_test - 1) * outputs > 0
        assert view.test_accuracy == pytest.approx(right.mean())


@pytest.mark.parametrize("iterations", [0, 1, 5, 20])
def test_the_grover_view_follows_the_formula(iterations: int) -> None:
    table = build_problem("moons", 6, seed=7).table
    for _, threshold in threshold_options(table):
        view = GroverView(table, threshold, iterations)
        assert view.n_marked == sum(table.costs <= threshold)
        expected = success_probability(6, view.n_marked, iterations)
        assert view.success == pytest.approx(expected, abs=1e-6)


def test_threshold_options_mark_from_one_mask_to_half_of_them() -> None:
    table = build_problem("moons", 6, seed=7).table
    marked = [sum(table.costs <= t) for _, t in threshold_options(table)]
    assert marked == sorted(marked)
    assert marked[0] == len(table.optimal_masks())
    assert marked[-1] <= 32 + len(table.optimal_masks())


def test_expected_calls_of_random_search_agree_with_shuffling() -> None:
    rng = np.random.default_rng(5)
    table = build_problem("moons", 5, seed=7).table
    view = GroverView(table, float(np.sort(table.costs)[2]), 1)
    firsts = [1 + np.argmax(rng.permutation(view.marked)) for _ in range(4000)]
    expected = view.expected_calls["random search"]
    assert np.mean(firsts) == pytest.approx(expected, abs=4 * np.std(firsts) / np.sqrt(4000))


def share_of(explorer: Explorer, number: int, x: float, y: float) -> tuple[float, float]:
    """Where data coordinates of axes `number` are, in shares of the picture."""
    axes = explorer._axes[number]
    width, height = axes.figure.bbox.size
    across, up = axes.transData.transform((x, y))
    return across / width, up / height


def linked(n_neurons: int = 6) -> tuple[SubnetworkExplorer, GroverExplorer]:
    shared = SharedMask()
    grover = GroverExplorer(n_neurons=n_neurons, iterations=3, shared=shared)
    return SubnetworkExplorer(n_neurons=n_neurons, shared=shared), grover


def pictures_after(move: Callable[[], object], *explorers: Explorer) -> list[tuple[int, bool]]:
    """Makes a move; for each explorer how often it was drawn, and whether its picture changed."""
    before = [(each.n_draws, bytes(each.image.value)) for each in explorers]
    move()
    return [
        (each.n_draws - drawn, bytes(each.image.value) != picture)
        for each, (drawn, picture) in zip(explorers, before, strict=True)
    ]


def test_a_click_on_an_amplitude_lights_its_mask_in_both_explorers() -> None:
    subnetwork, grover = linked()
    table = grover.problem.table
    best = int(table.costs.argmin())
    at = share_of(grover, 0, best + 0.3, 0.01)
    assert pictures_after(lambda: grover.point_at(*at), subnetwork, grover) == [(1, True)] * 2
    assert list(subnetwork.drawing.mask) == list(mask_from_index(best, 6))
    assert "rank <b>1</b> of 64" in subnetwork.text.value
    assert f"ring: mask {mask_to_string(mask_from_index(best, 6))}" in grover.text.value


def test_a_click_on_a_bar_of_costs_lights_a_mask_in_that_bar() -> None:
    subnetwork, grover = linked()
    table = subnetwork.problem.table
    counts, edges = bin_costs(table)
    bar = int(counts[5:].argmax()) + 5
    at = share_of(subnetwork, 1, (edges[bar] + edges[bar + 1]) / 2, 0.5)
    assert pictures_after(lambda: subnetwork.point_at(*at), subnetwork, grover) == [(1, True)] * 2
    lit = grover.shared.of(6)
    assert lit is not None
    assert edges[bar] <= table.evaluate(lit) <= edges[bar + 1]


def test_every_bar_that_is_not_empty_has_a_mask_and_no_other_place_has() -> None:
    table = build_problem("moons", 5, seed=7).table
    counts, edges = bin_costs(table)
    for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
        found = find_mask_in_bar(table, (low + high) / 2)
        assert (found is not None) == (count > 0)
        assert found is None or low <= table.evaluate(found) <= high
    assert find_mask_in_bar(table, edges[0] - 0.1) is None
    assert find_mask_in_bar(table, edges[-1] + 0.1) is None


def test_a_neuron_that_is_toggled_is_seen_in_the_other_explorer() -> None:
    subnetwork, grover = linked()
    flipped = [False, *subnetwork.drawing.neuron_mask[1:]]

    def toggle() -> None:
        subnetwork.drawing.neuron_mask = flipped

    assert pictures_after(toggle, subnetwork, grover) == [(1, True)] * 2
    assert "ring: mask 011111" in grover.text.value


def test_explorers_of_other_sizes_keep_what_they_show() -> None:
    shared = SharedMask()
    shared.choose(np.array([True, False, True, False]))
    small, large = (SubnetworkExplorer(n_neurons=n, shared=shared) for n in (4, 7))
    grover = GroverExplorer(n_neurons=5, shared=shared)
    assert small.drawing.neuron_mask == [True, False, True, False]
    assert large.drawing.neuron_mask == [True] * 7
    assert "ring" not in grover.text.value
    small.controls["n_neurons"].value = 5
    assert "ring: mask 10101" in grover.text.value
    assert large.drawing.neuron_mask == [True] * 7


@pytest.mark.parametrize("which", [0, 1])
def test_reset_of_one_linked_explorer_draws_each_at_most_once(which: int) -> None:
    explorers = linked()
    explorers[0].drawing.neuron_mask = [False, True] * 3
    explorers[which].controls["seed"].value = 3
    drawn = pictures_after(explorers[which].reset, *explorers)
    assert drawn[which] == (1, True)
    assert drawn[1 - which][0] <= 1


def test_arrow_keys_walk_along_the_masks() -> None:
    subnetwork, grover = linked()
    grover._pressed(-1, 0)
    assert "ring: mask 111110" in grover.text.value
    grover._pressed(1, 0)
    grover._pressed(1, 0)  # there is none beyond the last
    assert "ring: mask 111111" in grover.text.value
    rank, table = subnetwork.view.rank, subnetwork.problem.table
    subnetwork._pressed(-1, 0)
    assert subnetwork.view.rank == rank - 1
    ordered = [find_next_by_cost(table, table.optimal_masks()[0], step) for step in range(64)]
    assert np.all(np.diff(table.evaluate(np.array(ordered))) >= 0)


BAD_ARGUMENTS = [
    ("task", "mons", ValueError),
    ("seed", 99, ValueError),
    ("seed", "seven", TypeError),
    ("n_neurons", 400, ValueError),
    ("n_neurons", 2.5, TypeError),
]


@pytest.mark.parametrize(
    ("build", "argument", "value", "error"),
    [
        (build, *bad)
        for build in EXPLORERS.values()
        for bad in BAD_ARGUMENTS
        if bad[0] in inspect.signature(build).parameters
    ],
)
def test_bad_arguments_are_named_in_one_line(
    build: Callable[..., Explorer], argument: str, value: object, error: type[Exception]
) -> None:
    with pytest.raises(error, match=argument) as caught:
        build(**{argument: value})
    assert "\n" not in str(caught.value)


def test_the_first_figure_waits_for_no_package_that_it_does_not_need() -> None:
    code = (
        "import sys; from labkit.course import check; "
        "from labkit.course.explorers import GroverExplorer, SubnetworkExplorer; "
        "SubnetworkExplorer(); GroverExplorer(); "
        "heavy = {'tensorflow', 'keras', 'cirq', 'qsimcirq', 'matplotlib.pyplot', 'sqlite3', "
        "'cloudpickle', 'labkit.records', 'labkit.sweeps'}; print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
