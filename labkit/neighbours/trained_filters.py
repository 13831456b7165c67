"""Filters on images, complex-valued and their controls, trained with a softmax read-out.

Each `Structure` is a convolution ('valid', k x k) of one image, an output of each filter at each
place, and a linear read-out of all of them. They differ in what a filter reads, in its weights and
in its output, so that one can see which of the three an accuracy is due to.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import Float32Array, FloatArray, IntArray
from labkit.ledger import Ledger
from labkit.limits import check_count, check_integer, check_positive, check_rng
from labkit.neighbours.complex_neurons import patches, phase_encode
from labkit.networks import check_classes

#: Real or complex, float32 or float64.
Numbers = npt.NDArray[Any]
#: Name -> the numbers that are trained, float32.
Parameters = dict[str, Float32Array]

_FORGET, _LEAST = (0.9, 0.999), 1e-7  # of Adam, as in Keras
_TINY = 1e-9  # below it a modulus has no slope


@dataclass(frozen=True)
class Structure:
    """What filters read, what their weights are, and what they give.

    Attributes:
        inputs: 'pixels' x; 'phases' z = e^{i pi x / 2}; or 'cosines', (Re z, Im z) as two real
            channels.
        weights: 'real', 'complex', or 'phase' (of size one; see `complex_neurons.phase_net`).
        output: of the sum u: 'relu', 'modulus' abs(u), 'square' u^2, or 'probability', the sine
            squared of the phase-only neuron.
        n_filters: filters.
        kernel_size: k, pixels.
    """

    inputs: str
    weights: str
    output: str
    n_filters: int = 4
    kernel_size: int = 3


#: The paper's idea and its controls, by what a figure calls them.
STRUCTURES = {
    "relu": Structure("pixels", "real", "relu"),
    "relu, 8 filters": Structure("pixels", "real", "relu", n_filters=8),
    "phase-only": Structure("phases", "phase", "probability"),
    "phase-only, modulus": Structure("phases", "phase", "modulus"),
    "complex": Structure("phases", "complex", "modulus"),
    "complex on pixels": Structure("pixels", "complex", "modulus"),
    "real modulus": Structure("pixels", "real", "modulus"),
    "square": Structure("cosines", "real", "square"),
}


@dataclass(frozen=True, eq=False)
class TrainedFilters:
    """Filters and their read-out, as trained.

    Attributes:
        structure: of the filters.
        parameters: name -> float32 array; those of the read-out are 'readout' and 'offset'.
        losses: float64 (epochs,), mean cross-entropy over the batches of each epoch, in nats.
        ledger: a forward and a backward pass over the training images for each epoch.
    """

    structure: Structure
    parameters: Parameters = field(repr=False)
    losses: FloatArray = field(repr=False)
    ledger: Ledger

    @property
    def n_filter_parameters(self) -> int:
        """Real numbers that were trained, without the read-out."""
        return count_parameters(self.parameters)[0]

    @property
    def n_parameters(self) -> int:
        """Real numbers that were trained."""
        return sum(count_parameters(self.parameters))

    def outputs(self, images: npt.ArrayLike) -> FloatArray:
        """One number a class, float64 (samples, classes), of images (samples, side, side)."""
        h, _ = respond(self.structure, self.parameters, encode(self.structure, images))
        read = _flat(h) @ self.parameters["readout"] + self.parameters["offset"]
        return read.astype(np.float64)

    def accuracy(self, images: npt.ArrayLike, y: IntArray) -> float:
        """Share of images whose largest output is that of their class."""
        return float((self.outputs(images).argmax(axis=1) == y).mean())


def count_parameters(parameters: Mapping[str, Numbers]) -> tuple[int, int]:
    """How many numbers the filters have, and how many the read-out has."""
    of_readout = sum(parameters[name].size for name in ("readout", "offset"))
    return sum(each.size for each in parameters.values()) - of_readout, of_readout


def encode(structure: Structure, images: npt.ArrayLike) -> Numbers:
    """What filters read: (samples, places, inputs), complex64 for phases, float32 otherwise.

    Args:
        structure: of the filters.
        images: float (samples, side, side), 0 to 1.
    """
    seen = patches(images, structure.kernel_size)
    check_count("images", seen.size, bytes_each=64, what="encoded patches")
    seen = seen.reshape(len(seen), -1, seen.shape[-1])
    if structure.inputs == "pixels":
        return seen.astype(np.float32)
    z = phase_encode(seen).astype(np.complex64)
    return z if structure.inputs == "phases" else np.concatenate([z.real, z.imag], axis=-1)


def draw_filters(structure: Structure, n_inputs: int, rng: np.random.Generator) -> Parameters:
    """First weights of filters: |w|^2 is 2 / n_inputs in the mean, phases are uniform."""
    shape, n = (n_inputs, structure.n_filters), structure.n_filters
    if structure.weights == "phase":
        turns = {"theta": rng.uniform(-np.pi, np.pi, shape), "lam": rng.uniform(-np.pi, np.pi, n)}
        of_output = {"delta": np.zeros(n)} if structure.output == "probability" else {}
        return _as_float32({**turns, **of_output})
    parts = ("real",) if structure.weights == "real" else ("real", "imag")
    std = np.sqrt(2 / (len(parts) * n_inputs))
    kernels = {f"kernel_{part}": std * rng.standard_normal(shape) for part in parts}
    return _as_float32({**kernels, **{f"bias_{part}": np.zeros(n) for part in parts}})


def respond(
    structure: Structure, parameters: Parameters, encoded: Numbers
) -> tuple[Numbers, Numbers]:
    """The filters' outputs h, and their slopes s by the sums u: dh = Re(conj(s) du).

    Args:
        structure: of the filters.
        parameters: of `draw_filters`, or trained.
        encoded: of `encode`.

    Returns:
        h, float32 (samples, places, filters), and s, of the same shape.
    """
    w, shift = _weights(structure, parameters)
    u = encoded @ w + shift
    if structure.output == "relu":
        return np.maximum(u, 0), (u > 0).astype(np.float32)
    if structure.output == "square":
        return u**2, 2 * u
    size = np.maximum(np.abs(u), np.float32(_TINY))
    if structure.output == "modulus":
        return np.abs(u), u / size
    y = 0.25 * np.pi * (1 + np.tanh(parameters["delta"] / 2)) - np.angle(u)
    return np.sin(y) ** 2, -np.sin(2 * y) * 1j * u / size**2


def gradients(
    structure: Structure, parameters: Parameters, encoded: Numbers, labels: IntArray
) -> tuple[float, Parameters]:
    """The mean cross-entropy of a batch in nats, and its gradient by every parameter.

    With G = softmax(h R + c) - Y over the samples, the read-out has h^T G; the sums u have
    G R^T times their slopes s, and weights w that read z have sum conj(z) s (G R^T).

    Args:
        structure: of the filters.
        parameters: of the filters and of the read-out.
        encoded: (samples, places, inputs), of `encode`.
        labels: int (samples,), 0..classes-1.
    """
    h, slopes = respond(structure, parameters, encoded)
    chances = _softmax(_flat(h) @ parameters["readout"] + parameters["offset"])
    at = np.arange(len(labels)), labels
    loss = -float(np.log(np.maximum(chances[at], 1e-30)).mean())
    chances[at] -= 1
    g = chances / len(labels)
    by_u = (g @ parameters["readout"].T).reshape(h.shape) * slopes
    by_w = np.tensordot(encoded.conj(), by_u, axes=([0, 1], [0, 1]))
    found = _by_parameters(structure, parameters, encoded, by_u, by_w)
    return loss, _as_float32({**found, "readout": _flat(h).T @ g, "offset": g.sum(axis=0)})


def train_filters(
    structure: Structure,
    images: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    epochs: int,
    learning_rate: float,
    batch_size: int = 64,
    rng: np.random.Generator,
) -> TrainedFilters:
    """Trains filters and read-out together: Adam on the cross-entropy, in shuffled batches.

    Args:
        structure: one of `STRUCTURES`, or another.
        images: float (samples, side, side), 0 to 1.
        y: (samples,) labels 0..classes-1.
        epochs: passes through all images, 1 or more.
        learning_rate: of Adam, above 0.
        batch_size: images in a step, 1 or more.
        rng: source of first weights and of the order of images.

    Raises:
        TooLargeError: the encoded patches do not fit in memory.
    """
    check_integer("epochs", epochs, minimum=1)
    rate = check_positive("learning_rate", learning_rate)
    size = check_integer("batch_size", batch_size, minimum=1)
    start, encoded = time.perf_counter(), encode(structure, images)
    n_classes = int(np.max(np.asarray(y))) + 1
    labels = check_classes(y, n_samples=len(encoded), n_outputs=n_classes)
    parameters = draw_filters(structure, encoded.shape[-1], check_rng(rng))
    n_read = encoded.shape[1] * structure.n_filters
    readout = 0.1 * rng.standard_normal((n_read, n_classes)) / np.sqrt(n_read)
    parameters |= _as_float32({"readout": readout, "offset": np.zeros(n_classes)})
    adam, losses = _Adam(parameters, rate), np.zeros(epochs)
    for epoch in range(epochs):
        order = rng.permutation(len(labels))
        batches = np.split(order, range(size, len(order), size))
        for batch in batches:
            loss, found = gradients(structure, parameters, encoded[batch], labels[batch])
            adam.step(found)
            losses[epoch] += loss / len(batches)
    seconds = time.perf_counter() - start
    ledger = Ledger(forward_passes=epochs, backward_passes=epochs, seconds=seconds)
    return TrainedFilters(structure, parameters, losses, ledger)


class _Adam:
    """Running means of gradients and of their squares (Kingma, Ba 2015, arXiv 1412.6980)."""

    def __init__(self, parameters: Parameters, rate: float) -> None:
        self._parameters, self._rate, self._steps = parameters, rate, 0
        self._means = {k: (np.zeros_like(p), np.zeros_like(p)) for k, p in parameters.items()}

    def step(self, found: Parameters) -> None:
        """Changes the parameters in place."""
        self._steps += 1
        lost = [1 - forget**self._steps for forget in _FORGET]
        rate = np.float32(self._rate * np.sqrt(lost[1]) / lost[0])
        for name, p in self._parameters.items():
            means, of = self._means[name], (found[name], found[name] ** 2)
            for mean, forget, new in zip(means, _FORGET, of, strict=True):
                mean += np.float32(1 - forget) * (new - mean)
            p -= rate * means[0] / (np.sqrt(means[1]) + np.float32(_LEAST))


def _weights(structure: Structure, parameters: Parameters) -> tuple[Numbers, Numbers]:
    """w (inputs, filters) and what is added to the sums (filters,)."""
    if structure.weights == "phase":
        return np.exp(1j * parameters["theta"]), -np.exp(1j * parameters["lam"])
    if structure.weights == "real":
        return parameters["kernel_real"], parameters["bias_real"]
    kernel = parameters["kernel_real"] + 1j * parameters["kernel_imag"]
    return kernel, parameters["bias_real"] + 1j * parameters["bias_imag"]


def _by_parameters(
    structure: Structure, parameters: Parameters, encoded: Numbers, by_u: Numbers, by_w: Numbers
) -> dict[str, Numbers]:
    """Gradients of the filters' own numbers; d e^{i t} = i e^{i t} dt."""
    by_shift = by_u.sum(axis=(0, 1))
    if structure.weights != "phase":
        found: dict[str, Numbers] = {"kernel_real": by_w.real, "bias_real": by_shift.real}
        if structure.weights == "complex":
            found |= {"kernel_imag": by_w.imag, "bias_imag": by_shift.imag}
        return found
    w, shift = _weights(structure, parameters)
    found = {"theta": (by_w.conj() * 1j * w).real, "lam": (by_shift.conj() * 1j * shift).real}
    if structure.output == "probability":  # a larger delta turns y as a smaller argument does
        u = encoded @ w + shift
        by_turn = (by_u.conj() * 1j * u).real.sum(axis=(0, 1))
        found["delta"] = -by_turn * np.pi / 8 / np.cosh(parameters["delta"] / 2) ** 2
    return found


def _softmax(f: Numbers) -> Numbers:
    shares = np.exp(f - f.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _flat(h: Numbers) -> Numbers:
    return h.reshape(len(h), -1)


def _as_float32(values: Mapping[str, Numbers]) -> Parameters:
    return {name: np.asarray(value, dtype=np.float32) for name, value in values.items()}
