"""PNG as it is written here is what others read."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from labkit.course.explorers import GroverExplorer
from labkit.course.plots.png import encode_png


@pytest.mark.parametrize("shape", [(1, 1, 4), (3, 7, 4), (40, 25, 4)])
def test_a_picture_is_read_back_pixel_by_pixel(shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    read = Image.open(io.BytesIO(encode_png(pixels)))
    assert (read.mode, read.size) == ("RGBA", (shape[1], shape[0]))
    np.testing.assert_array_equal(np.asarray(read), pixels)


def test_a_figure_is_hardly_larger_than_with_the_best_filter_of_each_row() -> None:
    written = bytes(GroverExplorer().image.value)
    filtered = io.BytesIO()
    Image.open(io.BytesIO(written)).save(filtered, format="png", compress_level=1)
    assert len(written) < 1.1 * len(filtered.getvalue())
