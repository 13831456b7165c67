"""Words that are copied look as words that are set anew, at whole pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from labkit.course.plots.words import WordsRenderer

Pixels = npt.NDArray[np.uint8]


class PlainRenderer(RendererAgg):
    """Sets each line anew and at once, from a whole pixel."""

    def draw_text(self, gc: Any, x: float, y: float, *words: Any, **options: Any) -> None:
        super().draw_text(gc, round(x), round(y), *words, **options)  # type: ignore[no-untyped-call]


def figure_with(word: str, **options: object) -> Figure:
    figure = Figure((3, 2), dpi=80)
    FigureCanvasAgg(figure)
    figure.text(0.503, 0.511, word, **options)  # type: ignore[arg-type]
    return figure


def drawn(figure: Figure, renderer: RendererAgg) -> Pixels:
    renderer.clear()
    figure.draw(renderer)
    return np.asarray(renderer.buffer_rgba()).copy()


@pytest.mark.parametrize(
    ("word", "options"),
    [
        ("light cone", {}),
        ("two\nlines", {"ha": "center"}),
        ("turned", {"rotation": 90, "va": "center"}),
        ("slanted", {"rotation": 30}),
        ("white on blue", {"color": "white", "bbox": {"facecolor": "tab:blue"}}),
        ("−0.25", {"fontsize": 9}),
        ("one-flip search: 0.1234, in 5 runs", {"ha": "center"}),
        ("half", {"color": (0.8, 0.2, 0.1), "alpha": 0.5}),
        ("fades", {"color": (0.8, 0.2, 0.1, 0.4)}),
        ("beyond the edge of the picture", {"fontsize": 24}),
        ("$2^n$ masks", {}),
        (" ", {}),
        ("", {}),
    ],
)
def test_a_word_looks_the_same_when_it_is_set_and_when_it_is_copied(
    word: str, options: dict[str, object]
) -> None:
    figure = figure_with(word, **options)
    plain, keeping = (kind(240, 160, 80) for kind in (PlainRenderer, WordsRenderer))
    expected = drawn(figure, plain).astype(int)
    for _ in range(3):
        assert abs(drawn(figure, keeping) - expected).max() <= 8
    assert not word.strip() or expected.min() < 200


def test_a_word_is_copied_to_another_place_and_in_another_colour() -> None:
    figure = figure_with("neuron")
    (text,) = figure.texts
    renderers = [kind(240, 160, 80) for kind in (PlainRenderer, WordsRenderer)]
    for place, colour in (((0.2, 0.3), "black"), ((0.2, 0.8), "black"), ((0.2, 0.8), "red")):
        text.set_position(place)
        text.set_color(colour)
        expected, found = (drawn(figure, each).astype(int) for each in renderers)
        assert abs(found - expected).max() <= 8


@pytest.mark.parametrize("line", ["2θ = 36.9° a call", "−", "two-qubit gates: 1,024", "a", " "])
def test_a_line_is_as_long_as_if_it_were_measured_at_once(line: str) -> None:
    properties = FontProperties(size=10)
    sizes = [
        kind(240, 160, 80).get_text_width_height_descent(line, properties, False)
        for kind in (RendererAgg, WordsRenderer)
    ]
    assert sizes[0] == pytest.approx(sizes[1])


def test_a_number_that_was_never_shown_is_put_together_from_digits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keeping = WordsRenderer(240, 160, 80)
    drawn(figure_with("regret 0.1358"), keeping)
    drawn(figure_with("regret 0.2479, 6"), keeping)
    plain = PlainRenderer(240, 160, 80)  # type: ignore[no-untyped-call]
    expected = drawn(figure_with("regret 0.6172, 9"), plain).astype(int)

    def refuse(*_: object) -> None:
        raise AssertionError("type is set")

    monkeypatch.setattr(RendererAgg, "_prepare_font", refuse)
    assert abs(drawn(figure_with("regret 0.6172, 9"), keeping) - expected).max() <= 8
