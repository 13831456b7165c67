"""Random networks of complex-valued neurons, of which a mask keeps a part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, Float32Array, FloatArray, IntArray
from labkit.datasets import Task, load_task
from labkit.limits import check_count
from labkit.neighbours.complex_neurons import modulus
from labkit.networks import NetworkArrays, sample_network
from labkit.networks.base import MaskedLayer, measure_units
from labkit.networks.sampling import draw_kernel, spawn_generators


@dataclass(frozen=True, eq=False, repr=False)
class ComplexArrays(NetworkArrays):
    """A random network whose hidden units are h_j(x) = |sum_k w_kj e^{i pi x_k / 2} + b_j|.

    f_m(x) = scale * sum_j m_j a_j ĥ_j(x), ĥ_j standardised with training statistics, as in every
    network of one layer: costs, tables and selectors take it as they take those.

    Attributes:
        kernel: float32 (n_inputs + 1, n_hidden), real parts of the weights, the last row b.
        imaginary: float32, of the same shape, their imaginary parts.
        mean: float64 (n_hidden,), training mean of each unit.
        inverse_std: float64 (n_hidden,), 1 / training standard deviation, 0 for a constant unit.
    """

    imaginary: Float32Array
    mean: FloatArray
    inverse_std: FloatArray

    @property
    def weights(self) -> npt.NDArray[np.complex128]:
        """The complex weights (n_inputs + 1, n_hidden), the last row the biases."""
        return self.kernel.astype(np.float64) + 1j * self.imaginary.astype(np.float64)

    @property
    def constant_units(self) -> IntArray:
        """Hidden units that do not vary on the training data: they add nothing."""
        return np.flatnonzero(self.inverse_std == 0)

    def contributions(self, x: npt.ArrayLike) -> FloatArray:
        """t = scale * a_j ĥ_j(x), float64 (samples, n_hidden, n_outputs)."""
        standardised = (self.hidden(x) - self.mean) * self.inverse_std
        return self.scale * standardised[:, :, np.newaxis] * self.readout.astype(np.float64)

    def hidden(self, x: npt.ArrayLike) -> FloatArray:
        """h_j(x), the moduli before they are standardised, float64 (samples, n_hidden)."""
        samples, weights = self.check_samples(x), self.weights
        bytes_each = 8 * self.n_hidden * (5 + 2 * self.n_outputs)
        check_count("n_samples", len(samples), bytes_each=bytes_each, what="contributions")
        return modulus(samples, weights[:-1], weights[-1])

    def prepare(self, x: npt.ArrayLike) -> FloatArray:
        """The contributions, units first: float64 (n_hidden, samples, n_outputs)."""
        return np.ascontiguousarray(np.moveaxis(self.contributions(x), 0, 1))

    def run_masks(self, prepared: FloatArray, neuron_masks: BoolArray) -> FloatArray:
        """f_m(x), float64 (masks, samples, n_outputs): a product with the contributions."""
        return np.tensordot(neuron_masks.astype(np.float64), prepared, axes=1)

    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""
        return 8 * (n_samples * self.n_outputs + self.n_mask_bits)

    def masked_layers(self, neuron_mask: BoolArray) -> list[MaskedLayer]:
        """There are none.

        Raises:
            ValueError: always; a modulus is no unit of a network of real weights.
        """
        raise ValueError("network holds moduli of complex sums (limit: units relu(w . [x, 1]))")

    def _statistics(self, x: npt.ArrayLike) -> dict[str, Any]:
        mean, inverse_std = measure_units(self.hidden(x), np.abs(self.weights).sum(axis=0))
        return {"mean": mean, "inverse_std": inverse_std}


def sample_complex_network(
    n_inputs: int, n_hidden: int, n_outputs: int = 1, *, scale: float = 1.0, seed: int
) -> ComplexArrays:
    """Draws the weights of a random complex network; call `adapted` for its statistics.

    Real and imaginary parts of w and b are independent, N(0, 1/(n_inputs + 1)) each: the phases
    are uniform, and |w|^2 is 2/fan_in in the mean, as in the networks of relu units. The read-out
    is ±sqrt(2/n_hidden).

    Args:
        n_inputs: features of a sample, best between 0 and 1 (`to_unit_range`).
        n_hidden: complex neurons, one mask bit each.
        n_outputs: 1 for two classes, else one per class.
        scale: factor on the output, above 0.
        seed: of the random generator, 0 or more.

    Raises:
        TooLargeError: the weights do not fit in memory.
    """
    real = sample_network(n_inputs, n_hidden, n_outputs, scale=scale, seed=seed)
    rng, *_ = spawn_generators(seed)
    rng.standard_normal(real.kernel.shape)  # what the real parts took
    other = draw_kernel(real.n_inputs + 1, real.n_hidden, "kaiming_normal", rng)
    parts: dict[str, Any] = {"kernel": real.kernel, "imaginary": other}
    parts = {name: part / np.float32(2**0.5) for name, part in parts.items()}
    mean, inverse_std = np.zeros(real.n_hidden), np.ones(real.n_hidden)
    kept: dict[str, Any] = {"readout": real.readout, "scale": real.scale, "mask_kind": "neuron"}
    return ComplexArrays(**parts, **kept, mean=mean, inverse_std=inverse_std)


def to_unit_range(task: str | Task) -> Task:
    """A task whose features lie between 0 and 1, a quarter of a turn.

    x becomes (x - min) / (max - min), with the least and the largest value of each feature in the
    training split; what lies beyond them in other splits is cut off, and a feature that never
    varies is 0. Of standardised pixels that is the share of the pixel's own largest value.

    Args:
        task: one of `datasets.TASK_NAMES`, or of your own.
    """
    known = load_task(task)
    low, high = known.x_train.min(axis=0), known.x_train.max(axis=0)
    width = np.where(high > low, high - low, 1)
    splits = {name: getattr(known, name) for name in ("x_train", "x_validation", "x_test")}
    scaled: dict[str, Any] = {
        name: np.clip((x - low) / width, 0, 1).astype(np.float32) for name, x in splits.items()
    }
    return replace(known, **scaled)
