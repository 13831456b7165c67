"""A random network as a Keras model."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.limits import check_integer
from labkit.networks.base import fold_subnetwork
from labkit.networks.hidden_layers import OneLayerArrays, TwoLayerArrays
from labkit.networks.keras.layers import (
    MaskedHidden,
    MaskedModel,
    compile_classifier,
    to_array,
    to_float64,
)
from labkit.networks.sampling import MAX_WEIGHT_MASK_INPUTS, sample_network
from labkit.platforms import quiet_start

with quiet_start():
    import keras
    from keras import ops


@keras.saving.register_keras_serializable(package="labkit")
class RandomNetwork(MaskedModel):
    """A randomly initialised network with one or two hidden layers, of which a mask keeps a part.

    f_m(x) = scale * sum_j m_j a_j ĥ_j(x), where ĥ_j is relu(w_j . [x, 1]) standardised with the
    statistics of the data given to `adapt`. It comes compiled: `evaluate` gives cross-entropy
    and accuracy. For weight masks ĥ_j is the masked unit, standardised as such. Of two hidden
    layers the second reads [m ĥ, 1] of the first, and the sum is over its units; statistics are
    those of the network with no unit masked.

    Args:
        n_inputs: features of a sample; at most 15 for weight masks.
        n_hidden: units of each hidden layer.
        n_outputs: 1 for two classes (class 1 where f > 0), else one output per class.
        hidden_layers: 1, or 2 with neuron masks.
        mask_kind: 'neuron', one bit per hidden unit, first layer first; or 'weight', one bit per
            input weight and bias, unit by unit, the bias last.
        init: 'kaiming_normal', N(0, 2/fan_in), or 'signed_constant', ±sqrt(2/fan_in).
        readout: 'signed_constant', ±sqrt(2/n_hidden), or 'gaussian', N(0, 2/n_hidden).
        scale: factor on the output, above 0.
        seed: of the random generator, 0 or more.
        **kwargs: of `keras.Model`: name, dtype, trainable.

    Reference: Ramanujan et al. 2020, arXiv 1911.13299 (random weights, chosen edges).
    """

    def __init__(
        self,
        n_inputs: int,
        n_hidden: int,
        n_outputs: int = 1,
        *,
        hidden_layers: int = 1,
        mask_kind: str = "neuron",
        init: str = "kaiming_normal",
        readout: str = "signed_constant",
        scale: float = 1.0,
        seed: int,
        **kwargs: Any,
    ) -> None:
        if mask_kind == "weight":  # whose statistics are weights of the model, by pattern
            check_integer("n_inputs", n_inputs, minimum=1, maximum=MAX_WEIGHT_MASK_INPUTS)
        options: dict[str, Any] = {"hidden_layers": hidden_layers, "mask_kind": mask_kind}
        options |= {"init": init, "readout": readout, "scale": scale}
        arrays = sample_network(n_inputs, n_hidden, n_outputs, **options, seed=seed)
        super().__init__(**kwargs)
        self._options = {**options, "hidden_layers": arrays.hidden_layers, "seed": int(seed)}
        self.mask_kind = mask_kind
        self.hidden = MaskedHidden(arrays.n_hidden, mask_kind, name="hidden")
        if arrays.hidden_layers == 2:
            self.second = MaskedHidden(arrays.n_hidden, mask_kind, name="second")
        self.readout = keras.layers.Dense(arrays.n_outputs, use_bias=False, name="readout")
        self.rescaling = keras.layers.Rescaling(arrays.scale, name="scale")
        self.n_mask_bits, self.n_logits = arrays.n_mask_bits, arrays.n_outputs
        self.build((None, arrays.n_inputs))
        self._set_arrays(arrays)
        compile_classifier(self, arrays.n_outputs)

    @property
    def hidden_layers(self) -> int:
        """Number of hidden layers."""
        return int(self._options["hidden_layers"])

    def call(self, x: Any, neuron_mask: Any = None) -> Any:
        """The forward pass in Keras operations; see `MaskedModel`."""
        if self.hidden_layers == 1:
            return self.rescaling(self.readout(self.hidden(x, neuron_mask=neuron_mask)))
        masks = (None, None) if neuron_mask is None else ops.split(neuron_mask, 2)
        first = self.hidden(x, neuron_mask=masks[0])
        return self.rescaling(self.readout(self.second(first, neuron_mask=masks[1])))

    def contributions(self, x: npt.ArrayLike) -> FloatArray:
        """t = scale * a_j ĥ_j(x), float64 (samples, n_hidden, n_outputs).

        For weight masks (samples, n_hidden, 2^(n_inputs + 1), n_outputs): one for each way to
        mask the unit, by the index of the unit's own bits.

        Raises:
            ValueError: there are two hidden layers: the output is no sum over single neurons.
        """
        arrays = self.arrays()
        if not isinstance(arrays, OneLayerArrays):
            given = f"hidden_layers={self.hidden_layers}"
            raise ValueError(f"{given} has no contributions of single neurons (limit: 1)")
        return arrays.contributions(x)

    def arrays(self) -> OneLayerArrays | TwoLayerArrays:
        """The current weights as arrays."""
        weights: dict[str, Any] = {
            "kernel": to_array(self.hidden.kernel),
            "readout": to_array(self.readout.kernel),
            "scale": float(self.rescaling.scale),
            "mask_kind": self.mask_kind,
        }
        mean, inverse_std = to_float64(self.hidden.mean), to_float64(self.hidden.inverse_std)
        if self.hidden_layers == 1:
            return OneLayerArrays(**weights, mean=mean, inverse_std=inverse_std)
        return TwoLayerArrays(
            **weights,
            mean=mean[:, 0],
            inverse_std=inverse_std[:, 0],
            second_kernel=to_array(self.second.kernel),
            second_mean=to_float64(self.second.mean)[:, 0],
            second_inverse_std=to_float64(self.second.inverse_std)[:, 0],
        )

    def _set_arrays(self, arrays: Any) -> None:
        self.hidden.assign(arrays.kernel, arrays.mean, arrays.inverse_std)
        self.readout.kernel.assign(arrays.readout)
        if isinstance(arrays, TwoLayerArrays):
            self.second.assign(arrays.second_kernel, arrays.second_mean, arrays.second_inverse_std)

    def subnetwork(self, neuron_mask: Any) -> keras.Model:
        """The subnetwork of a mask as a smaller Keras model that computes the same function.

        A Dense layer with the units that are left of each hidden layer, and a Dense readout;
        what reads a unit has its standardisation folded in. Where no unit of a layer is left,
        one silent unit stays.

        Args:
            neuron_mask: (n_mask_bits,) bool, 0 and 1, or a mask string.
        """
        weights = fold_subnetwork(self.arrays(), neuron_mask)
        *widths, n_outputs = (len(bias) for bias in weights[1::2])
        named = zip(widths, ("hidden", "second"), strict=False)
        hidden = [keras.layers.Dense(width, "relu", name=name) for width, name in named]
        layers = [*hidden, keras.layers.Dense(n_outputs, name="readout")]
        model = keras.Sequential([keras.Input((self.n_inputs,)), *layers], name="subnetwork")
        model.set_weights(weights)
        compile_classifier(model, n_outputs)
        return model

    def get_config(self) -> dict[str, Any]:
        """What `keras.saving` needs to build the same network again."""
        sizes = {"n_inputs": self.n_inputs, "n_hidden": self.hidden.n_hidden}
        sizes |= {"n_outputs": self.readout.units}
        return {**super().get_config(), **self._options, **sizes}
