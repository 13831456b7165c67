"""A random network as a Keras model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.activations import NetworkArrays, draw_network
from labkit.limits import check_integer
from labkit.masks import check_one_mask, masks_to_indices
from labkit.networks.layers import MaskedHidden, compile_classifier
from labkit.quiet import quiet_start

with quiet_start():
    import keras
    from keras import ops


@keras.saving.register_keras_serializable(package="labkit")
class RandomNetwork(keras.Model):
    """A randomly initialised network with one hidden layer, of which a mask keeps a part.

    f_m(x) = scale * sum_j m_j a_j ĥ_j(x), where ĥ_j is relu(w_j . [x, 1]) standardised with the
    statistics of the data given to `adapt`. It comes compiled: `evaluate` gives cross-entropy
    and accuracy. For weight masks ĥ_j is the masked unit, standardised as such.

    Args:
        n_inputs: features of a sample; at most 15 for weight masks.
        n_hidden: hidden units.
        n_outputs: 1 for two classes (class 1 where f > 0), else one output per class.
        hidden_layers: 1.
        mask_kind: 'neuron', one bit per hidden unit; or 'weight', one bit per input weight and
            bias, unit by unit, the bias last.
        init: 'kaiming_normal', N(0, 2/fan_in), or 'signed_constant', ±sqrt(2/fan_in).
        readout: 'signed_constant', ±sqrt(2/n_hidden), or 'gaussian', N(0, 2/n_hidden).
        scale: factor on the output, above 0.
        seed: of the random generator, 0 or more.
        **kwargs: of `keras.Model`: name, dtype, trainable.

    Raises:
        TypeError: a count or the seed is not an integer.
        ValueError: a count is out of range, a name unknown or the scale not above 0.
        TooLargeError: the weights do not fit in memory.

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
        check_integer("hidden_layers", hidden_layers, minimum=1, maximum=1)
        options = {"mask_kind": mask_kind, "init": init, "readout": readout, "scale": scale}
        arrays = draw_network(n_inputs, n_hidden, n_outputs, **options, seed=seed)  # type: ignore[arg-type]
        super().__init__(**kwargs)
        self._options = {**options, "hidden_layers": hidden_layers, "seed": int(seed)}
        self.mask_kind = mask_kind
        self.hidden = MaskedHidden(arrays.n_hidden, mask_kind, name="hidden")
        self.readout = keras.layers.Dense(arrays.n_outputs, use_bias=False, name="readout")
        self.rescaling = keras.layers.Rescaling(arrays.scale, name="scale")
        self.build((None, arrays.n_inputs))
        self._set_arrays(arrays)
        compile_classifier(self, arrays.n_outputs)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the weights for inputs (samples, n_inputs)."""
        self.hidden.build(input_shape)
        self.readout.build((None, self.hidden.n_hidden))
        self.rescaling.build((None, self.readout.units))
        self.built = True

    @property
    def n_inputs(self) -> int:
        """Features of a sample."""
        return int(self.hidden.kernel.shape[0]) - 1

    @property
    def n_mask_bits(self) -> int:
        """Number of bits of a mask."""
        return self.arrays().n_mask_bits

    def __call__(self, x: Any, neuron_mask: Any = None, **kwargs: Any) -> Any:
        """Outputs f_m(x), a tensor (samples, n_outputs).

        Args:
            x: (samples, n_inputs).
            neuron_mask: (n_mask_bits,) bool, 0 and 1, or a mask string; None keeps everything.
            **kwargs: of Keras: training.

        Raises:
            ValueError: `x` or the mask has the wrong length, or the mask another value.
        """
        x = x if ops.is_tensor(x) else np.asarray(x, dtype=np.float32)
        if len(x.shape) != 2 or x.shape[-1] != self.n_inputs:
            raise ValueError(f"x has shape {tuple(x.shape)}; it must be (samples, {self.n_inputs})")
        if neuron_mask is not None:
            mask = ops.convert_to_numpy(neuron_mask) if ops.is_tensor(neuron_mask) else neuron_mask
            kwargs["neuron_mask"] = check_one_mask(mask, self.n_mask_bits).astype(np.float32)
        return super().__call__(x, **kwargs)

    def call(self, x: Any, neuron_mask: Any = None) -> Any:
        """The forward pass in Keras operations; see `__call__`."""
        return self.rescaling(self.readout(self.hidden(x, neuron_mask=neuron_mask)))

    def adapt(self, x: npt.ArrayLike) -> RandomNetwork:
        """Takes the statistics that standardise the hidden units from training samples.

        Args:
            x: (samples, n_inputs).

        Returns:
            Itself.

        Raises:
            ValueError: `x` does not have n_inputs features, or is not finite.
        """
        self._set_arrays(self.arrays().adapted(x))
        return self

    def contributions(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """t = scale * a_j ĥ_j(x), float64 (samples, n_hidden, n_outputs).

        For weight masks (samples, n_hidden, 2^(n_inputs + 1), n_outputs): one for each way to
        mask the unit, by the index of the unit's own bits.

        Raises:
            ValueError: `x` does not have n_inputs features, or is not finite.
        """
        return self.arrays().contributions(x)

    def arrays(self) -> NetworkArrays:
        """The current weights as arrays."""
        return NetworkArrays(
            kernel=ops.convert_to_numpy(self.hidden.kernel),
            readout=ops.convert_to_numpy(self.readout.kernel),
            scale=float(self.rescaling.scale),
            mask_kind=self.mask_kind,
            mean=ops.convert_to_numpy(self.hidden.mean).astype(np.float64),
            inverse_std=ops.convert_to_numpy(self.hidden.inverse_std).astype(np.float64),
        )

    def subnetwork(self, neuron_mask: Any) -> keras.Model:
        """The subnetwork of a mask as a smaller Keras model that computes the same function.

        A Dense layer with the units that are left, and a Dense readout into which their
        standardisation is folded. Where no unit is left, one silent unit stays.

        Args:
            neuron_mask: (n_mask_bits,) bool, 0 and 1, or a mask string.

        Raises:
            ValueError: the mask has the wrong length or another value.
        """
        kernel, bias, readout, constant = _fold(self.arrays(), neuron_mask)
        model = keras.Sequential(
            [
                keras.Input((self.n_inputs,)),
                keras.layers.Dense(kernel.shape[1], activation="relu", name="hidden"),
                keras.layers.Dense(readout.shape[1], name="readout"),
            ],
            name="subnetwork",
        )
        model.set_weights([kernel, bias, readout, constant])
        compile_classifier(model, readout.shape[1])
        return model

    def get_config(self) -> dict[str, Any]:
        """What `keras.saving` needs to build the same network again."""
        arrays = self.arrays()
        return {
            **super().get_config(),
            **self._options,
            "n_inputs": arrays.n_inputs,
            "n_hidden": arrays.n_hidden,
            "n_outputs": arrays.n_outputs,
        }

    def _set_arrays(self, arrays: NetworkArrays) -> None:
        self.hidden.kernel.assign(arrays.kernel)
        self.hidden.mean.assign(arrays.mean)
        self.hidden.inverse_std.assign(arrays.inverse_std)
        self.readout.kernel.assign(arrays.readout)


def _fold(arrays: NetworkArrays, neuron_mask: Any) -> list[npt.NDArray[np.float64]]:
    """Kernel, bias, readout and constant of the units left, standardisation folded in."""
    mask = check_one_mask(neuron_mask, arrays.n_mask_bits).reshape(arrays.n_hidden, -1)
    pattern = 0 if arrays.mask_kind == "neuron" else masks_to_indices(mask)
    unit = np.arange(arrays.n_hidden)
    factor = arrays.inverse_std[unit, pattern] * mask.any(axis=1)
    left = np.flatnonzero(factor) if factor.any() else unit[:1]
    kernel = (arrays.kernel * mask.T)[:, left]
    readout = arrays.scale * factor[left, np.newaxis] * arrays.readout[left]
    return [kernel[:-1], kernel[-1], readout, -arrays.mean[unit, pattern][left] @ readout]
