"""Words that are copied look as words that are set anew."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure

from labkit.course.plots.words import WordsRenderer

Pixels = npt.NDArray[np.uint8]


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
    plain, keeping = (kind(240, 160, 80) for kind in (RendererAgg, WordsRenderer))
    expected = drawn(figure, plain).astype(int)
    for _ in range(3):
        assert abs(drawn(figure, keeping) - expected).max() <= 8
    assert not word.strip() or expected.min() < 200


def test_a_word_is_copied_to_another_place_and_in_another_colour() -> None:
    figure = figure_with("neuron")
    (text,) = figure.texts
    renderers = [kind(240, 160, 80) for kind in (RendererAgg, WordsRenderer)]
    for place, colour in (((0.2, 0.3), "black"), ((0.2, 0.8), "black"), ((0.2, 0.8), "red")):
        text.set_position(place)
        text.set_color(colour)
        expected, found = (drawn(figure, each).astype(int) for each in renderers)
        assert abs(found - expected).max() <= 8
