"""Figures show the numbers they are given, and carry a text for those who cannot see them."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from PIL import Image

import labkit
from labkit import palette
from labkit.amplification import success_probability
from labkit.course import plots
from labkit.course.explorers import GroverExplorer
from labkit.course.explorers.picture import style_sheet
from labkit.course.plots.canvas import SCREEN_DPI, wipe
from labkit.masks import all_masks
from labkit.problems import Problem, build_problem
from labkit.records import LabBook
from labkit.selectors import fit_growth
from labkit.simulators import evolve_grover


@pytest.fixture
def ax() -> Iterator[Axes]:
    yield plots.new_axes()[0]


@pytest.fixture(scope="module")
def problem() -> Problem:
    return build_problem("moons", 5, seed=7)


#: What a reader's matplotlibrc may say.
USERS: tuple[dict[Any, Any], ...] = (
    {"text.usetex": True, "axes.formatter.use_mathtext": True},
    {"figure.constrained_layout.use": True, "savefig.bbox": "tight", "savefig.dpi": 300},
    {"axes.grid": True, "axes.facecolor": "black", "axes.titlelocation": "left"},
    {"font.size": 20, "font.family": "serif", "lines.linewidth": 6, "figure.dpi": 300},
    {"xtick.direction": "in", "ytick.right": True, "axes.spines.top": False, "hatch.linewidth": 9},
)


@pytest.mark.parametrize("users", USERS)
@pytest.mark.filterwarnings("error")
def test_a_figure_comes_out_the_same_whatever_the_reader_s_matplotlibrc(
    users: dict[Any, Any], problem: Problem
) -> None:
    def draw() -> tuple[bytes, bytes]:
        left, right = plots.new_axes(2)
        plots.draw_cost_histogram(left, problem.table, {"all on": "11111"})
        plots.draw_quality(right, [2, 3], {"a": np.eye(2), "b": np.eye(2) + 0.5})
        explorer = GroverExplorer()
        explorer.controls["iterations"].value = 3
        return plots.render_png(left), bytes(explorer.image.value)

    expected = draw()
    with rc_context(users):
        assert draw() == expected
        assert rcParams["font.size"] == users.get("font.size", 10)


def test_words_that_are_added_by_hand_need_no_latex(ax: Axes) -> None:
    with rc_context({"text.usetex": True}):
        ax.legend([ax.plot([1, 2])[0]], ["50% of $x"])
        assert plots.render_png(ax)


def ydata(ax: Axes) -> npt.NDArray[np.float64]:
    """The heights of the first line."""
    return np.asarray(ax.lines[0].get_ydata(), dtype=np.float64)


def test_the_histogram_counts_every_mask_and_names_the_cost(ax: Axes, problem: Problem) -> None:
    plots.draw_cost_histogram(ax, problem.table, {"all on": "11111"})
    (steps,) = ax.patches
    assert steps.get_data().values.sum() == 32  # type: ignore[attr-defined]
    assert f"all on: {float(problem.table.evaluate('11111')):.3f}" in ax.texts[0].get_text()


@pytest.mark.parametrize("task", ["moons", "wine"])
def test_hollow_markers_repeat_the_decision_of_the_subnetwork(ax: Axes, task: str) -> None:
    problem = build_problem(task, 5, seed=7)
    plots.draw_decision(ax, problem.network, problem.task, "11011")
    hollow = [c for c in ax.collections if hasattr(c, "get_sizes") and 36 in c.get_sizes()]
    for label, points in enumerate(hollow):
        at = np.asarray(points.get_offsets())
        if len(at):
            outputs = problem.network.outputs(at, "11011")
            decided = outputs.argmax(axis=1) if outputs.shape[1] > 1 else outputs[:, 0] > 0
            assert (decided == label).all()


def test_a_network_of_more_than_two_inputs_has_no_plane(ax: Axes) -> None:
    problem = build_problem("iris", 3, seed=0, n_components=3)
    with pytest.raises(ValueError, match="network has 3 inputs"):
        plots.draw_decision(ax, problem.network, problem.task, "111")


@pytest.mark.parametrize("n_marked", [1, 40])
def test_marked_amplitudes_are_hatched_and_the_mean_is_a_line(ax: Axes, n_marked: int) -> None:
    marked = np.arange(128) < n_marked
    state = evolve_grover(marked, 1)
    plots.draw_amplitudes(ax, state, marked)
    assert any(patch.get_hatch() for patch in (*ax.patches, *ax.collections))  # type: ignore[attr-defined]
    assert ax.lines[-1].get_ydata()[0] == pytest.approx(state.real.mean())  # type: ignore[index]


def test_the_rotation_ends_at_the_angle_of_the_success_probability(ax: Axes) -> None:
    plots.draw_rotation(ax, 6, 3, 2)
    (height,) = np.ravel(ax.lines[-1].get_ydata())
    assert height**2 == pytest.approx(success_probability(6, 3, 2))


def test_the_success_curve_follows_the_formula_and_marks_the_reader(ax: Axes) -> None:
    plots.draw_success_curve(ax, 5, 2, 9, 4)
    expected = [success_probability(5, 2, k) for k in range(10)]
    np.testing.assert_allclose(ydata(ax), expected)
    assert np.ravel(ax.lines[-1].get_xdata()) == [4]


def test_bars_of_calls_are_as_long_as_the_calls_and_fit_with_their_spread(ax: Axes) -> None:
    plots.draw_calls(ax, {"a": 10, "b": 40}, {"a": 1, "b": 30})
    assert [bar.get_width() for bar in ax.patches] == [10, 40]  # type: ignore[attr-defined]
    assert len({bar.get_hatch() for bar in ax.patches}) == 2
    assert ax.get_xlim()[1] > 70


def test_bars_of_whole_calls_have_whole_numbers(ax: Axes) -> None:
    plots.draw_calls(ax, {"a": 1488, "b": 12.25})
    assert [text.get_text() for text in ax.texts] == [" 1,488", " 12.2"]


def test_shots_are_counted_by_mask(ax: Axes) -> None:
    shots = all_masks(3)[[0, 5, 5, 7]]
    plots.draw_shots(ax, shots, np.full(8, 1 / 8))
    assert [bar.get_height() for bar in ax.patches] == [1, 0, 0, 0, 0, 2, 0, 1]  # type: ignore[attr-defined]
    assert [label.get_text() for label in ax.get_xticklabels()][5] == "101"


def test_quality_is_drawn_as_mean_with_standard_deviation(ax: Axes) -> None:
    values = np.array([[1.0, 3.0], [2.0, 6.0]])
    plots.draw_quality(ax, [1, 2], {"a": values})
    (bars,) = ax.containers
    np.testing.assert_allclose(bars[0].get_ydata(), [2, 4])
    (segments,) = bars[2]
    np.testing.assert_allclose([s[:, 1] for s in segments.get_segments()], [[1, 3], [2, 6]])


def test_every_value_of_a_spread_is_a_point_and_the_median_a_line(ax: Axes) -> None:
    plots.draw_spread(ax, {"a": {"x": [1, 2, 9]}, "b": {"x": [4, 4, 5]}}, ylabel="accuracy")
    np.testing.assert_allclose(ydata(ax), [1, 2, 9])
    medians = [c.get_segments()[0][0][1] for c in ax.collections]  # type: ignore[attr-defined]
    assert medians == [2, 4]


def test_a_cell_that_ends_with_a_figure_shows_it_once_with_its_text(
    ax: Axes, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("labkit.course.plots.canvas.display", shown.append)
    figure = plots.Captioned(ax, 'P(k) < 1, "once"')
    left = DisplayFormatter().format(figure)  # type: ignore[no-untyped-call]
    assert left == ({}, {})  # no more to show as the cell's value
    (page,) = shown
    assert page.data.count("<img") == 1
    assert page.data.count("P(k) &lt; 1, &quot;once&quot;") == 2  # in the picture and beneath it


def test_a_figure_that_is_shown_has_two_pixels_to_each_of_the_page(ax: Axes) -> None:
    page = plots.Captioned(ax, "a curve").in_html()
    ((data, width),) = re.findall('base64,([^"]*)" width="([0-9]+)"', page)
    assert int(width) == round(ax.figure.get_figwidth() * SCREEN_DPI)  # type: ignore[union-attr]
    assert Image.open(io.BytesIO(base64.b64decode(data))).width == 2 * int(width)


def test_wiped_axes_draw_like_new_ones(problem: Problem) -> None:
    used, new = plots.new_axes()[0], plots.new_axes()[0]
    plots.draw_shots(used, all_masks(3))
    used.get_legend().remove()
    wipe(used)
    for ax in (used, new):
        wipe(ax)
        plots.draw_success_curve(ax, 5, 2, 9, 4)
        ax.tick_params(axis="x", labelrotation=0, labelsize=10)
    assert plots.render_png(used) == plots.render_png(new)


def test_values_are_put_into_words() -> None:
    assert plots.in_words({"a": 1, "b": 0.25}, ".1f") == "a 1.0, b 0.2"


def test_growth_is_drawn_with_the_intervals_of_its_means_and_of_its_exponent(ax: Axes) -> None:
    rng, sizes = np.random.default_rng(0), np.array([4, 6, 8])
    calls = {"square root": rng.exponential(2 ** (sizes / 2), (200, 3)).T}
    fits = {name: fit_growth(sizes, runs, rng=rng) for name, runs in calls.items()}
    plots.draw_growth(ax, sizes, calls, fits)
    (points,) = ax.containers
    means = calls["square root"].mean(axis=1)
    np.testing.assert_allclose(points[0].get_ydata(), means)
    (bars,) = points[2]
    half = [1.96 * row.std(ddof=1) / 200**0.5 for row in calls["square root"]]
    drawn = [np.ptp(segment[:, 1]) / 2 for segment in bars.get_segments()]
    np.testing.assert_allclose(drawn, half)
    line = next(line for line in ax.lines if line.get_linestyle() == "-")
    slopes = np.diff(np.log2(np.asarray(line.get_ydata(), dtype=float))) / 2
    np.testing.assert_allclose(slopes, fits["square root"].exponent)
    band = np.log2(np.asarray(ax.collections[-1].get_paths()[0].vertices)[:, 1])
    fit = fits["square root"]
    assert np.ptp(band) > 4 * fit.exponent
    assert ax.get_yscale() == "log"
    assert plots.growth_in_words(fits) == (
        f"square root (circles): calls grow as 2^({fit.exponent:.2f} n), "
        f"95% interval {fit.low:.2f} to {fit.high:.2f}"
    )


def find_colours(text: str) -> set[str]:
    """The colours written as #RRGGBB or #RGB in a text; black, white and greys are none."""
    codes = re.findall(r"#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})\b", text)
    return {code.upper() for code in codes if np.ptp(to_rgb(code)) > 0.08}


def test_a_colour_is_found_however_it_is_written_and_a_grey_is_not() -> None:
    assert find_colours("a { color: #0072b2; fill: #f00 } #ddd #F2F6F9 #not") == {"#0072B2", "#F00"}


def test_colours_are_chosen_in_one_file() -> None:
    package = Path(labkit.__file__).parent
    own = {value for value in vars(palette).values() if re.match("#", str(value))}
    files = [path for kind in ("py", "css", "js", "j2") for path in package.rglob(f"*.{kind}")]
    files.remove(Path(palette.__file__))
    for path in files:
        text = path.read_text("utf-8")
        assert find_colours(text) == set(), path.name
        assert not [code for code in own if code in text.upper()], path.name


def test_a_colour_that_is_changed_is_changed_wherever_it_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(palette, "BLUE", "#123456")
    monkeypatch.setattr(palette, "DARK_VERMILLION", "#654321")
    assert "fill: #123456" in style_sheet("network_drawing.css")
    book = LabBook(tmp_path / "book.sqlite")
    entry_id = book.record(question="q", parameters={}, error="broken")
    (page,) = book.export(tmp_path / "page.html")
    assert {"#123456", "#654321"} <= find_colours(page.read_text("utf-8"))
    entry = book.entry(entry_id)
    assert find_colours(entry._repr_html_()) == {"#654321"}
