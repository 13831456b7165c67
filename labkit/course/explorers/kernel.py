"""Keep pairs of a wide network's kernel, add layers, and see what is left to solve and to read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.course.explorers.base import MAX_SEED, Explorer, dropdown, slider
from labkit.course.explorers.picture import SharedMask
from labkit.course.lessons.lesson_19_wide_networks import PATTERNS, choose_pairs, load_images
from labkit.course.plots.kernels import draw_kept_kernel, draw_overlaps
from labkit.course.wording import say
from labkit.limits import check_integer
from labkit.neighbours.kernels import (
    class_by,
    condition_number,
    keep,
    kernel_machine,
    overlap,
    readout_shots,
    wide_kernel,
)

MIN_IMAGES, MAX_IMAGES, MAX_DEPTH = 8, 128, 40
#: Test images: so many are judged, so many drawn.
JUDGED, DRAWN = 100, 40


@dataclass(frozen=True, eq=False)
class KernelView:
    """One kernel machine of the digits 3 and 8, and one of its test images.

    Attributes:
        kernel: as it is kept, (n, n).
        kept: which of its entries that are, bool (n, n).
        rows: of the test images, (`JUDGED`, n).
        y: labels of the training images.
        y_test: of the test images.
        depth: hidden layers.
        pattern: one of `PATTERNS`.
        image: number of the test image that is read out.
    """

    kernel: FloatArray
    kept: BoolArray
    rows: FloatArray
    y: FloatArray
    y_test: FloatArray
    depth: int
    pattern: str
    image: int

    @cached_property
    def vector(self) -> FloatArray:
        """The solution (n,)."""
        return kernel_machine(self.kernel, self.y)

    @cached_property
    def condition(self) -> float:
        """Largest over smallest |eigenvalue|."""
        return condition_number(self.kernel)

    @property
    def n_pairs(self) -> int:
        """Pairs of training images that are kept."""
        return int(np.triu(self.kept, 1).sum())

    @cached_property
    def overlaps(self) -> FloatArray:
        """Of each test image with the solution."""
        return overlap(self.rows, self.vector)

    def accuracy(self, threshold: str) -> float:
        """The share of test images that are right with a threshold."""
        said = class_by(self.rows @ self.vector, threshold=threshold)
        return float(np.mean(said == self.y_test))

    @property
    def shots(self) -> float:
        """Until the sign of the image's output stands out by one deviation."""
        return float(readout_shots(self.rows[self.image], self.vector))

    @property
    def text(self) -> str:
        """The same in one line."""
        n, f = len(self.y), float(self.rows[self.image] @ self.vector)
        digit, said = (
            say("kernel.a_3" if sign < 0 else "kernel.an_8")
            for sign in (self.y_test[self.image], f)
        )
        zero, median = (self.accuracy(threshold) for threshold in ("zero", "median"))
        return say(
            "kernel.text",
            n=n,
            depth=self.depth,
            pattern=self.pattern,
            n_pairs=self.n_pairs,
            n_2=n * (n - 1) // 2,
            condition=self.condition,
            n_y_test=len(self.y_test),
            zero=zero,
            median=median,
            image=self.image,
            digit=digit,
            f=f,
            said=said,
            shots=self.shots,
        )


@lru_cache(maxsize=64)
def _kernels(n: int, depth: int, seed: int) -> tuple[FloatArray, ...]:
    """Kernel, rows, and labels of both, of so many images that are dealt by a seed."""
    x, y = load_images()
    dealt = np.random.default_rng(seed).permutation(len(y))
    first, tests = dealt[:n], dealt[-JUDGED:]  # the tests stay when n grows
    rows = wide_kernel(x[tests], x[first], depth=depth)
    return wide_kernel(x[first], depth=depth), rows, y[first], y[tests]


@lru_cache(maxsize=64)
def view_kernel(n_images: int, depth: int, pattern: str, image: int, seed: int) -> KernelView:
    """A machine of the first n images that a seed deals; the pattern is drawn by it, too."""
    kernel, rows, y, y_test = _kernels(n_images, depth, seed)
    rng = np.random.default_rng([seed, n_images])
    kept = choose_pairs(pattern, kernel, y, rng=rng)
    return KernelView(keep(kernel, kept), kept, rows, y, y_test, depth, pattern, image)


class KernelExplorer(Explorer):
    """The kernel of a wide network of erf units: its entries that are kept, and its test images.

    A click on a test image reads it out; the arrow keys the next one.

    Args:
        n_images: training images, 8 to 128.
        depth: hidden layers, 1 to 40.
        pattern: which pairs of them the kernel keeps, one of `PATTERNS`.
        image: the test image that is read out, 0 to 39.
        seed: deals images and draws patterns, 0 to 19.
        shared: the mask that is lit in other explorers; here none is.
    """

    _kept = ("condition", "n_pairs", "shots")

    def __init__(
        self,
        n_images: int = 64,
        depth: int = 8,
        pattern: str = "by label",
        image: int = 0,
        seed: int = 0,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        choices = {
            "n_images": slider(
                "n_images", n_images, MIN_IMAGES, MAX_IMAGES, say("kernel.training_images")
            ),
            "depth": slider("depth", depth, 1, MAX_DEPTH, say("shared.hidden_layers")),
            "pattern": dropdown("pattern", pattern, PATTERNS),
            "image": slider("image", image, 0, DRAWN - 1, say("shared.test_image")),
            "seed": check_integer("seed", seed, minimum=0, maximum=MAX_SEED),
        }
        super().__init__(choices, widths=(4.2, 5.2), height=3.8, shared=shared)

    @property
    def view(self) -> KernelView:
        """What is shown."""
        names = ("n_images", "depth", "pattern", "image", "seed")
        return view_kernel(*(self.chosen[name] for name in names))

    @property
    def lit(self) -> BoolArray | None:
        """None: the mask here is one on pairs of images."""
        return None

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 1:
            self.controls["image"].value = min(max(round(x), 0), DRAWN - 1)

    def _arrow(self, right: int, up: int) -> None:
        self.controls["image"].value = min(max(self.chosen["image"] + right, 0), DRAWN - 1)

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        draw_kept_kernel(left, view.kernel, view.y)
        median = float(np.median(view.overlaps))
        draw_overlaps(right, view.overlaps[:DRAWN], view.y_test[:DRAWN], median=median,
                      shown=view.image)  # fmt: skip
        return view.text
