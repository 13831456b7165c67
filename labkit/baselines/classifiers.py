"""Small Keras classifiers to prune: built, trained, trained on, and trained again from scratch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.limits import check_choice, check_integer
from labkit.platforms import KERAS, quiet_start

with quiet_start():
    KERAS.load()
    import keras
    from keras import layers

KINDS = ("dense", "conv")
_BATCH = 50


def build_classifier(kind: str, n_units: int, n_classes: int, *, side: int = 8) -> keras.Model:
    """A classifier of images of `side` x `side` with a layer `units`, compiled, not yet trained.

    Args:
        kind: 'dense', pixels as features (side * side,) and one hidden layer; or 'conv', images
            (side, side, 1), two convolutional layers, of which the first has the units.
        n_units: units or channels of the layer `units`.
        n_classes: outputs, logits of a cross-entropy.
        side: pixels.
    """
    check_choice("kind", kind, KINDS)
    check_integer("n_units", n_units, minimum=1)
    if kind == "dense":
        hidden = [keras.Input((side * side,)), layers.Dense(n_units, "relu", name="units")]
    else:
        hidden = [
            keras.Input((side, side, 1)),
            layers.Conv2D(n_units, 3, padding="same", name="units"),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu", padding="same"),
            layers.Flatten(),
        ]
    model = keras.Sequential([*hidden, layers.Dense(n_classes, name="classes")], name=kind)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"], steps_per_execution=5)
    return model


def train_on(model: Any, x: npt.ArrayLike, y: npt.ArrayLike, *, epochs: int, seed: int) -> None:
    """Trains a compiled model on from where it is; the order of the samples is the seed's."""
    keras.utils.set_random_seed(seed)
    model.fit(x, y, epochs=epochs, batch_size=_BATCH, verbose=0)


def trained_classifier(
    kind: str, n_units: int, x: npt.ArrayLike, y: npt.ArrayLike, *, epochs: int, seed: int
) -> keras.Model:
    """`build_classifier` for the labels 0..classes-1 in `y`, trained; the seed is of its weights.

    It is TensorFlow's seed, too, from then on.
    """
    keras.utils.set_random_seed(seed)
    model = build_classifier(kind, n_units, len(np.unique(y)))
    train_on(model, x, y, epochs=epochs, seed=seed)
    return model
