"""Complex-valued convolution as Keras layers: a complex number is two channels of real ones."""

from __future__ import annotations

import math
from typing import Any

from labkit.limits import check_choice, check_integer
from labkit.platforms import quiet_start

with quiet_start():
    import keras
    from keras import ops

WEIGHTS, OUTPUTS = ("complex", "phase"), ("modulus", "argument")
#: Below this |u|^2 the modulus is taken for 0: the square root has no slope there.
_LEAST_SQUARE = 1e-12


@keras.saving.register_keras_serializable(package="labkit")
class PhaseEncode(keras.layers.Layer):
    """z = e^{i pi x / 2}: channels (..., c) become (..., 2c), the cosines, then the sines.

    No weights. Inputs of 0 to 1 become a quarter of a turn. The formula in NumPy:
    `labkit.neighbours.complex_neurons.phase_encode`.
    """

    def call(self, x: Any) -> Any:
        """Real parts, then imaginary parts, on the last axis."""
        angle = 0.5 * math.pi * x
        return ops.concatenate([ops.cos(angle), ops.sin(angle)], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Twice the channels."""
        *others, channels = input_shape
        return (*others, None if channels is None else 2 * channels)


@keras.saving.register_keras_serializable(package="labkit")
class ComplexConv2D(keras.layers.Layer):
    """A convolution of complex channels ('valid', not flipped) and the modulus or the argument.

    u = sum_k w_k z_k + b over the k x k patch and its channels. As a real convolution on
    (Re z, Im z) its kernel is the block [[a, b], [-b, a]] of w = a + ib. Of 'phase' weights only
    the phases are free: q = sum_k e^{i theta_k} z_k - e^{i lambda}.

    Of 'complex' weights the output is abs(u) or arg u; kernel_real, kernel_imag, bias_real and
    bias_imag are trained, in this order. Of 'phase' weights it is abs(q), of theta and lam; or as
    the 'argument' (pi/2) sigmoid(delta) - arg q, of theta, lam and delta.

    Kernels are (k, k, c, filters), what is left is (filters,). The formulas in NumPy:
    `labkit.neighbours.complex_neurons`.

    Args:
        filters: number of outputs, 1 or more.
        kernel_size: k, pixels, 1 or more.
        weights: 'complex', with sizes and phases; or 'phase'.
        output: 'modulus', or 'argument' in radians, which jumps by 2 pi.
        seed: of the first weights; None for other ones each time.
        **kwargs: of `keras.layers.Layer`: name, dtype, trainable.

    Raises:
        ValueError: an argument is out of range, or inputs are not (samples, rows, columns, 2c).

    Reference: our reading of Shi et al. 2021, arXiv 2111.00392.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        weights: str = "complex",
        output: str = "modulus",
        *,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.filters = check_integer("filters", filters, minimum=1)
        self.kernel_size = check_integer("kernel_size", kernel_size, minimum=1)
        self.kind = check_choice("weights", weights, WEIGHTS)
        self.output_kind = check_choice("output", output, OUTPUTS)
        self.seed = None if seed is None else check_integer("seed", seed, minimum=0)
        super().__init__(**kwargs)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the weights for inputs (samples, rows, columns, 2c)."""
        channels = self._check_inputs(input_shape)
        shape = (self.kernel_size, self.kernel_size, channels, self.filters)
        seeds = keras.random.SeedGenerator(self.seed)
        turn = keras.initializers.RandomUniform(-math.pi, math.pi, seed=seeds)
        if self.kind == "phase":
            names = {"theta": shape, "lam": (self.filters,)}
            for name, of_shape in names.items():
                setattr(self, name, self.add_weight(of_shape, turn, name=name))
            if self.output_kind == "argument":
                self.delta = self.add_weight((self.filters,), "zeros", name="delta")
            return
        fan_in = self.kernel_size**2 * channels
        normal = keras.initializers.RandomNormal(stddev=fan_in**-0.5, seed=seeds)
        for name in ("kernel_real", "kernel_imag"):
            setattr(self, name, self.add_weight(shape, normal, name=name))
        for name in ("bias_real", "bias_imag"):
            setattr(self, name, self.add_weight((self.filters,), "zeros", name=name))

    def call(self, x: Any) -> Any:
        """The modulus or the argument, (samples, rows - k + 1, columns - k + 1, filters)."""
        a, b, shift = self._parts()
        rows = ops.concatenate([a, b], axis=-1), ops.concatenate([-b, a], axis=-1)
        kernel = ops.concatenate(rows, axis=-2)
        real, imag = ops.split(ops.conv(x, kernel, padding="valid") + shift, 2, axis=-1)
        if self.output_kind == "modulus":
            return ops.sqrt(ops.maximum(real**2 + imag**2, _LEAST_SQUARE))
        argument = ops.arctan2(imag, real)
        if self.kind == "complex":
            return argument
        return 0.5 * math.pi * ops.sigmoid(self.delta) - argument

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(samples, rows - k + 1, columns - k + 1, filters)."""
        less = self.kernel_size - 1
        rows, columns = (side if side is None else side - less for side in input_shape[1:3])
        return (input_shape[0], rows, columns, self.filters)

    def get_config(self) -> dict[str, Any]:
        """What `keras.saving` needs to build the same layer again."""
        own: dict[str, Any] = {"filters": self.filters, "kernel_size": self.kernel_size}
        own |= {"weights": self.kind, "output": self.output_kind, "seed": self.seed}
        return {**super().get_config(), **own}

    def _parts(self) -> tuple[Any, Any, Any]:
        """Real and imaginary part of the kernel, and what is added to both halves of channels."""
        if self.kind == "complex":
            shift = ops.concatenate([self.bias_real, self.bias_imag])
            return self.kernel_real, self.kernel_imag, shift
        shift = -ops.concatenate([ops.cos(self.lam), ops.sin(self.lam)])
        return ops.cos(self.theta), ops.sin(self.theta), shift

    def _check_inputs(self, shape: tuple[int | None, ...]) -> int:
        """Complex channels of inputs of a shape."""
        channels = shape[-1] if len(shape) == 4 else None
        if not channels or channels % 2:
            limit = "(samples, rows, columns, 2c): real parts, then imaginary"
            raise ValueError(f"inputs have shape {tuple(shape)} (limit: {limit})")
        for side in shape[1:3]:
            if side is not None and side < self.kernel_size:
                given = f"kernel_size={self.kernel_size}"
                raise ValueError(f"{given} is too large (limit: {side}, of the inputs)")
        return channels // 2
