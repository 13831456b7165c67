"""Filters that are trained: gradients against differences, outputs against formulas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from labkit.neighbours.complex_neurons import modulus, patches, phase_probability
from labkit.neighbours.trained_filters import (
    STRUCTURES,
    Structure,
    TrainedFilters,
    count_parameters,
    encode,
    gradients,
    respond,
    train_filters,
)

RNG = np.random.default_rng(23)
IMAGES, LABELS = RNG.random((30, 5, 5)), RNG.permutation(np.arange(30) % 3)
STEP = 1e-5


def trained(name: str, *, epochs: int = 1) -> TrainedFilters:
    rng = np.random.default_rng(1)
    return train_filters(
        STRUCTURES[name], IMAGES, LABELS, epochs=epochs, learning_rate=0.02, batch_size=8, rng=rng
    )


def in_double(structure: Structure, found: TrainedFilters) -> tuple[Any, npt.NDArray[Any]]:
    """Parameters and encoded images as float64 or complex128, for differences."""
    encoded = encode(structure, IMAGES)
    wide = np.complex128 if np.iscomplexobj(encoded) else np.float64
    return {k: p.astype(np.float64) for k, p in found.parameters.items()}, encoded.astype(wide)


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_gradient_is_that_of_small_differences(name: str) -> None:
    structure, found = STRUCTURES[name], trained(name)
    parameters, encoded = in_double(structure, found)
    _, slopes = gradients(structure, parameters, encoded, LABELS)
    for key, values in parameters.items():
        direction = np.random.default_rng(len(key)).normal(size=values.shape)
        ends = [
            gradients(structure, {**parameters, key: values + s * direction}, encoded, LABELS)[0]
            for s in (STEP, -STEP)
        ]
        expected = (ends[0] - ends[1]) / (2 * STEP)
        size = float(np.abs(slopes[key] * direction).sum())
        assert float((slopes[key] * direction).sum()) == pytest.approx(expected, abs=1e-4 * size)


def test_complex_and_phase_only_filters_respond_by_their_formulas() -> None:
    seen = patches(IMAGES, 3).reshape(30, 9, 9)
    of = trained("complex").parameters
    h, _ = respond(STRUCTURES["complex"], of, encode(STRUCTURES["complex"], IMAGES))
    w, b = of["kernel_real"] + 1j * of["kernel_imag"], of["bias_real"] + 1j * of["bias_imag"]
    assert h == pytest.approx(modulus(seen, w, b), abs=1e-5)
    of = trained("phase-only").parameters
    h, _ = respond(STRUCTURES["phase-only"], of, encode(STRUCTURES["phase-only"], IMAGES))
    expected = phase_probability(seen, of["theta"], of["lam"], of["delta"])
    assert h == pytest.approx(expected, abs=1e-4)


def test_controls_respond_as_their_names_say() -> None:
    seen = patches(IMAGES, 3).reshape(30, 9, 9)
    for name, output in (("relu", lambda u: np.maximum(u, 0)), ("real modulus", np.abs)):
        of = trained(name).parameters
        h, _ = respond(STRUCTURES[name], of, encode(STRUCTURES[name], IMAGES))
        assert h == pytest.approx(output(seen @ of["kernel_real"] + of["bias_real"]), abs=1e-5)
    of = trained("square").parameters
    angles = np.pi * seen / 2
    channels = np.concatenate([np.cos(angles), np.sin(angles)], axis=-1)
    h, _ = respond(STRUCTURES["square"], of, encode(STRUCTURES["square"], IMAGES))
    expected = (channels @ of["kernel_real"] + of["bias_real"]) ** 2
    assert h == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "filters"),
    [("relu", 40), ("relu, 8 filters", 80), ("phase-only", 44), ("complex", 80), ("square", 76)],
)
def test_numbers_in_the_filters_are_counted(name: str, filters: int) -> None:
    found = trained(name)
    n_filters = STRUCTURES[name].n_filters
    assert (found.n_filter_parameters, found.n_parameters) == (
        filters,
        filters + 9 * n_filters * 3 + 3,
    )
    assert count_parameters(found.parameters) == (filters, 27 * n_filters + 3)


@pytest.mark.parametrize("name", STRUCTURES)
def test_training_lowers_the_loss_and_counts_its_passes(name: str) -> None:
    found = trained(name, epochs=8)
    assert found.losses[-1] < found.losses[0]
    assert (found.ledger.forward_passes, found.ledger.backward_passes) == (8, 8)
    again = trained(name, epochs=8)
    assert np.array_equal(found.outputs(IMAGES), again.outputs(IMAGES))
    right = (found.outputs(IMAGES).argmax(axis=1) == LABELS).mean()
    assert found.accuracy(IMAGES, LABELS) == right


BAD: list[tuple[str, dict[str, Any]]] = [
    ("epochs", {"epochs": 0}),
    ("learning_rate", {"learning_rate": 0}),
    ("batch_size", {"batch_size": 0}),
    ("kernel_size", {"structure": replace(STRUCTURES["relu"], kernel_size=6)}),
    ("y", {"y": LABELS[:-1]}),
    ("images", {"images": np.full((30, 5, 5), np.nan)}),
]  # fmt: skip


@pytest.mark.parametrize(("argument", "changed"), BAD)
def test_bad_arguments_are_named_in_one_line(argument: str, changed: dict[str, Any]) -> None:
    good = {"structure": STRUCTURES["relu"], "images": IMAGES, "y": LABELS}
    options = {"epochs": 1, "learning_rate": 0.1, "rng": np.random.default_rng(0)}
    with pytest.raises((TypeError, ValueError), match=f"^{argument}") as caught:
        train_filters(**{**good, **options, **changed})
    assert "\n" not in str(caught.value)
