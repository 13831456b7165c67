"""A convolutional network of series with large kernels, as a Keras model."""

from __future__ import annotations

from typing import Any

from labkit.limits import check_finite, check_integer, show_value
from labkit.platforms import quiet_start

with quiet_start():
    import keras
    from keras import ops


@keras.saving.register_keras_serializable(package="labkit")
class LargeKernelNetwork(keras.Model):
    """Two layers Conv1D(filters, kernel, relu), the largest of each filter, dropout, one logit.

    Args:
        kernel_size: steps of a series that a filter sees, 1 or more; its rival has 3.
        filters: of each layer, 1 or more.
        dropout: share of the pooled filters that training leaves out, 0 to below 1.
        seed: of the first weights and of dropout; None for other ones each time.
        **kwargs: of `keras.Model`: name, dtype, trainable.

    Raises:
        ValueError: an argument is out of range, or inputs are not (series, length), the length at
            least 2 kernel_size - 1.

    Reference: two layers of five filters of large kernels, Boulle et al. 2019, arXiv 1908.06848;
    kernel 40, pooling over all places and dropout are our reading.
    """

    def __init__(
        self,
        kernel_size: int = 40,
        filters: int = 5,
        dropout: float = 0.3,
        *,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.kernel_size = check_integer("kernel_size", kernel_size, minimum=1)
        self.n_filters = check_integer("filters", filters, minimum=1)
        if not 0 <= check_finite("dropout", dropout) < 1:
            raise ValueError(f"dropout={show_value(dropout)} is out of range (limit: 0 to below 1)")
        self.seed = None if seed is None else check_integer("seed", seed, minimum=0)
        super().__init__(**kwargs)
        seeds = keras.random.SeedGenerator(self.seed)

        def glorot() -> Any:
            return keras.initializers.GlorotUniform(seed=seeds)

        size = {"filters": self.n_filters, "kernel_size": self.kernel_size, "activation": "relu"}
        self.first = keras.layers.Conv1D(**size, kernel_initializer=glorot())
        self.second = keras.layers.Conv1D(**size, kernel_initializer=glorot())
        self.pooling = keras.layers.GlobalMaxPooling1D()
        self.dropout = keras.layers.Dropout(dropout, seed=self.seed)
        self.readout = keras.layers.Dense(1, kernel_initializer=glorot())

    def activations(self, x: Any) -> Any:
        """What the second layer gives, (series, length - 2 kernel_size + 2, filters)."""
        series = self._check_series(x)
        return self.second(self.first(ops.expand_dims(series, -1)))

    def call(self, x: Any, training: bool | None = None) -> Any:
        """The logit of being chaotic, (series, 1), of series (series, length)."""
        pooled = self.dropout(self.pooling(self.activations(x)), training=training)
        return self.readout(pooled)

    def get_config(self) -> dict[str, Any]:
        """What `keras.saving` needs to build the same network again."""
        own: dict[str, Any] = {"kernel_size": self.kernel_size, "filters": self.n_filters}
        own |= {"dropout": self.dropout.rate, "seed": self.seed}
        return {**super().get_config(), **own}

    def _check_series(self, x: Any) -> Any:
        series = x if ops.is_tensor(x) else ops.convert_to_tensor(x, dtype="float32")
        least = 2 * self.kernel_size - 1
        if len(series.shape) != 2 or (series.shape[1] or least) < least:
            limit = f"(series, {least} or more), for two layers of kernel_size={self.kernel_size}"
            raise ValueError(f"x has shape {tuple(series.shape)} (limit: {limit})")
        return series
