"""An NK network as plain arrays: many outputs, each of which reads only a few hidden neurons.

`labkit.networks.NKNetwork` is the same network in Keras and takes its weights from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, Float32Array, FloatArray, IntArray
from labkit.limits import check_choice, check_count, check_integer, check_positive
from labkit.networks.base import MaskedArrays, largest_sizes, measure_units
from labkit.networks.sampling import draw_kernel, spawn_generators

NEIGHBOURHOODS = ("adjacent", "random")


@dataclass(frozen=True, eq=False, repr=False)
class NKArrays(MaskedArrays):
    """The weights of an NK network, and what it computes with them.

    y_i(x) = scale * sum_{j in nbhd(i)} m_j a_ij ĥ_j(x) for outputs i = 0..N-1, where ĥ_j is
    relu(w_j . [x, 1]) standardised; the prediction is the mean of the outputs.

    Attributes:
        readout: float32 (N, K), a_ij by output and by place in its neighbourhood.
        neighbourhoods: int64 (N, K), the neurons that each output reads, neuron i first.
        mean: (N,) training mean of each hidden neuron.
        inverse_std: (N,) 1 / training standard deviation, 0 for a constant neuron.

    Reference: Whitley, Tinós, Chicano 2015, arXiv 1505.01887 (NK echo state networks).
    """

    neighbourhoods: IntArray
    mean: FloatArray
    inverse_std: FloatArray

    @property
    def n_neurons(self) -> int:
        """N, the number of hidden neurons, of outputs and of mask bits."""
        return self.n_hidden

    n_outputs = n_mask_bits = n_neurons

    @property
    def n_inputs_per_output(self) -> int:
        """K, the number of neurons that each output reads."""
        return int(self.neighbourhoods.shape[1])

    def _statistics(self, x: npt.ArrayLike) -> dict[str, Any]:
        sizes = largest_sizes(self._inputs(x)) @ np.abs(self.kernel)
        mean, inverse_std = measure_units(self._hidden(x), sizes)
        return {"mean": mean, "inverse_std": inverse_std}

    @property
    def constant_units(self) -> IntArray:
        """Hidden neurons that do not vary on the training data: they add nothing."""
        return np.flatnonzero(self.inverse_std == 0)

    def contributions(self, x: npt.ArrayLike) -> FloatArray:
        """t_i = scale * a_ij ĥ_j(x): what each neuron adds to each output that reads it.

        float64 (samples, N, K): sample, output, place in the output's neighbourhood.
        """
        standardised = (self._hidden(x) - self.mean) * self.inverse_std
        t: FloatArray = standardised[:, self.neighbourhoods]
        t *= self.scale * self.readout.astype(np.float64)
        return t

    def prepare(self, x: npt.ArrayLike) -> FloatArray:
        """The contributions, float64 (samples, N, K)."""
        return self.contributions(x)

    def run_masks(self, prepared: FloatArray, neuron_masks: BoolArray) -> FloatArray:
        """The outputs y_i(x), float64 (masks, samples, N)."""
        kept = neuron_masks[:, self.neighbourhoods].astype(np.float64)
        return np.einsum("sik,mik->msi", prepared, kept)

    def bytes_per_mask(self, n_samples: int) -> int:
        """Memory that `run_masks` works in for each mask, on that many samples."""
        return 8 * self.n_hidden * (n_samples + 2 * self.n_inputs_per_output)

    def prediction(self, x: npt.ArrayLike, neuron_mask: npt.ArrayLike) -> FloatArray:
        """The mean of the outputs of one mask, float64 (samples, 1); class 1 where above 0."""
        return self.outputs(x, neuron_mask).mean(axis=1, keepdims=True)

    def _hidden(self, x: npt.ArrayLike) -> FloatArray:
        """relu(w_j . [x, 1]), (samples, N)."""
        # each sample's activations, and what is made of them on the way to outputs
        inputs = self._inputs(x, 8 * self.n_neurons * (4 + 2 * self.n_inputs_per_output))
        return np.maximum(inputs @ self.kernel, 0.0)


def sample_nk_network(
    n_inputs: int,
    n_neurons: int,
    n_inputs_per_output: int,
    *,
    neighbourhood: str = "adjacent",
    scale: float = 1.0,
    seed: int,
) -> NKArrays:
    """Draws an NK network; its hidden neurons are those of `sample_network` of the same seed.

    W ~ N(0, 2/fan_in), fan_in = n_inputs + 1 (He et al. 2015, arXiv 1502.01852).
    Readout a_ij = ±1/sqrt(K) with both signs in every output (K > 1), so that scale 2 is a
    readout of ±2/sqrt(K). Until `adapted`, hidden neurons are not standardised.

    Args:
        n_inputs: features of a sample.
        n_neurons: N, hidden neurons, and as many outputs.
        n_inputs_per_output: K, neurons that each output reads, 1..N.
        neighbourhood: 'adjacent', output i reads neurons i, i+1, ..., i+K-1 (mod N), or
            'random', neuron i and K-1 others.
        scale: factor on the outputs, above 0.
        seed: of the random generator, 0 or more.
    """
    n_inputs = check_integer("n_inputs", n_inputs, minimum=1)
    n = check_integer("n_neurons", n_neurons, minimum=1)
    k = check_integer("n_inputs_per_output", n_inputs_per_output, minimum=1, maximum=n)
    check_choice("neighbourhood", neighbourhood, NEIGHBOURHOODS)
    check_count("n_inputs", n_inputs, bytes_each=16, what="weights")
    check_count("n_neurons", n, bytes_each=16 * (n_inputs + 1) + 40 * k, what="weights")
    kernel_rng, sign_rng, neighbour_rng = spawn_generators(seed)
    return NKArrays(
        kernel=draw_kernel(n_inputs + 1, n, "kaiming_normal", kernel_rng),
        readout=_draw_readout(n, k, sign_rng),
        neighbourhoods=_draw_neighbourhoods(n, k, neighbourhood, neighbour_rng),
        scale=check_positive("scale", scale),
        mean=np.zeros(n),
        inverse_std=np.ones(n),
    )


def _draw_readout(n: int, k: int, rng: np.random.Generator) -> Float32Array:
    signs = rng.choice([-1.0, 1.0], size=(n, k))
    # both signs present: where an output has one sign only, its first neuron takes the other
    signs[(signs == signs[:, :1]).all(axis=1) & (k > 1), 0] *= -1
    return (signs / np.sqrt(k)).astype(np.float32)


def _draw_neighbourhoods(n: int, k: int, neighbourhood: str, rng: np.random.Generator) -> IntArray:
    """Neuron i, then the others as distinct steps of 1..N-1 from it, (N, K)."""
    steps = np.tile(np.arange(k), (n, 1))
    if neighbourhood == "random":
        for row in steps:
            row[1:] = 1 + rng.choice(n - 1, k - 1, replace=False)
    return (np.arange(n)[:, np.newaxis] + steps) % n
