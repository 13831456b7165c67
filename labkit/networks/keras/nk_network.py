"""An NK network as a Keras model: many outputs, each of which reads only a few neurons."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray, IntArray
from labkit.networks.keras.layers import (
    MaskedHidden,
    MaskedModel,
    check_inputs,
    compile_classifier,
    float_mask,
    to_array,
    to_float64,
)
from labkit.networks.nk import NKArrays, sample_nk_network
from labkit.platforms import quiet_start

with quiet_start():
    import keras
    from keras import ops


@keras.saving.register_keras_serializable(package="labkit")
class NeighbourhoodReadout(keras.layers.Layer):
    """Output i is sum_{j in nbhd(i)} a_ij h_j: a Dense layer that reads K neurons per output."""

    def __init__(self, n_inputs_per_output: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_inputs_per_output = n_inputs_per_output

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates kernel and neighbourhoods, (N, K) each."""
        shape = (input_shape[-1], self.n_inputs_per_output)
        self.kernel = self.add_weight(shape=shape, name="kernel")
        fixed = {"initializer": "zeros", "dtype": "int32", "trainable": False}
        self.neighbourhoods = self.add_weight(shape=shape, name="neighbourhoods", **fixed)

    def call(self, h: Any) -> Any:
        """The outputs, (samples, N)."""
        return ops.sum(ops.take(h, self.neighbourhoods, axis=1) * self.kernel, axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(samples, N)."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What `keras.saving` needs to build the same layer again."""
        return {**super().get_config(), "n_inputs_per_output": self.n_inputs_per_output}


@keras.saving.register_keras_serializable(package="labkit")
class NKNetwork(MaskedModel):
    """A random network whose N outputs read K of the N hidden neurons each, for two classes.

    y_i(x) = scale * sum_{j in nbhd(i)} m_j a_ij ĥ_j(x), where ĥ_j is relu(w_j . [x, 1])
    standardised with the statistics of the data given to `adapt`, and a_ij = ±1/sqrt(K), both
    signs in every output (K > 1): scale 2 is a readout of ±2/sqrt(K). The prediction is the mean
    of the outputs. It comes compiled: `evaluate` gives the prediction's cross-entropy and
    accuracy.

    Args:
        n_inputs: features of a sample.
        n_neurons: N, hidden neurons, and as many outputs.
        n_inputs_per_output: K, neurons that each output reads, 1..N.
        neighbourhood: 'adjacent', output i reads neurons i, i+1, ..., i+K-1 (mod N); or
            'random', neuron i and K-1 others.
        scale: factor on the outputs, above 0.
        seed: of the random generator, 0 or more.
        **kwargs: of `keras.Model`: name, dtype, trainable.

    Reference: Whitley, Tinós, Chicano 2015, arXiv 1505.01887 (NK echo state networks).
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        n_inputs_per_output: int,
        *,
        neighbourhood: str = "adjacent",
        scale: float = 1.0,
        seed: int,
        **kwargs: Any,
    ) -> None:
        options: dict[str, Any] = {"neighbourhood": neighbourhood, "scale": scale, "seed": seed}
        arrays = sample_nk_network(n_inputs, n_neurons, n_inputs_per_output, **options)
        super().__init__(**kwargs)
        self._options = {**options, "scale": arrays.scale, "seed": int(seed)}
        self.hidden = MaskedHidden(arrays.n_neurons, "neuron", name="hidden")
        self.readout = NeighbourhoodReadout(arrays.n_inputs_per_output, name="readout")
        self.rescaling = keras.layers.Rescaling(arrays.scale, name="scale")
        self.n_mask_bits, self.n_logits = arrays.n_mask_bits, 1
        self.build((None, arrays.n_inputs))
        self._set_arrays(arrays)
        compile_classifier(self, 1)

    @property
    def neighbourhoods(self) -> IntArray:
        """The neurons that each output reads, int64 (N, K), neuron i first."""
        return to_array(self.readout.neighbourhoods).astype(np.int64)

    def call(self, x: Any, neuron_mask: Any = None) -> Any:
        """The forward pass in Keras operations; see `MaskedModel`."""
        return ops.mean(self._all_outputs(x, neuron_mask), axis=-1, keepdims=True)

    def outputs(self, x: Any, neuron_mask: Any = None) -> Any:
        """All outputs y_i(x), a tensor (samples, N); arguments as of a call."""
        mask = None if neuron_mask is None else float_mask(neuron_mask, self.n_mask_bits)
        return self._all_outputs(check_inputs(x, self.n_inputs), mask)

    def contributions(self, x: npt.ArrayLike) -> FloatArray:
        """t_i = scale * a_ij ĥ_j(x), float64 (samples, N, K): sample, output, place there."""
        return self.arrays().contributions(x)

    def arrays(self) -> NKArrays:
        """The current weights as arrays."""
        return NKArrays(
            kernel=to_array(self.hidden.kernel),
            readout=to_array(self.readout.kernel),
            neighbourhoods=self.neighbourhoods,
            scale=float(self.rescaling.scale),
            mean=to_float64(self.hidden.mean)[:, 0],
            inverse_std=to_float64(self.hidden.inverse_std)[:, 0],
        )

    def _set_arrays(self, arrays: Any) -> None:
        self.hidden.assign(arrays.kernel, arrays.mean, arrays.inverse_std)
        self.readout.kernel.assign(arrays.readout)
        self.readout.neighbourhoods.assign(arrays.neighbourhoods)

    def get_config(self) -> dict[str, Any]:
        """What `keras.saving` needs to build the same network again."""
        return {
            **super().get_config(),
            **self._options,
            "n_inputs": self.n_inputs,
            "n_neurons": self.n_mask_bits,
            "n_inputs_per_output": self.readout.n_inputs_per_output,
        }

    def _all_outputs(self, x: Any, neuron_mask: Any) -> Any:
        return self.rescaling(self.readout(self.hidden(x, neuron_mask=neuron_mask)))
