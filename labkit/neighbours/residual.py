"""Residual random networks: small random layers, each solved for what the ones before left over.

M. Andrecut 2024, Residual Random Neural Networks, arXiv 2410.19987: of the paper, its abstract and
the author's public code are known here. Formulas are those; what is not in them is our reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.datasets import Task, load_task
from labkit.limits import (
    check_array,
    check_count,
    check_finite,
    check_integer,
    check_rng,
    show_value,
)

#: Below this share of the features' sum of squares H^T H + ridge I leaves too few digits.
_SMALL_RIDGE = 2.0**-26


@dataclass(frozen=True, eq=False)
class ResidualFit:
    """The read-outs of all stages.

    Attributes:
        readouts: float64 (stages, J, outputs), W_t.
        residual_norms: float64 (stages + 1,), |R_t| (Frobenius), the targets' own norm first.
        step: mu.
    """

    readouts: FloatArray
    residual_norms: FloatArray
    step: float

    def outputs(self, features: Sequence[npt.ArrayLike] | npt.NDArray[np.float64]) -> FloatArray:
        """f = mu sum_t H_t W_t, float64 (samples, outputs), of features (stages, samples, J)."""
        h = _check_features(features)
        if h.shape[::2] != self.readouts.shape[:2]:
            given = f"features has shape {h.shape}"
            stages, j, _ = self.readouts.shape
            raise ValueError(f"{given}; it must be ({stages}, samples, {j})")
        return self.step * np.einsum("tsj,tjc->sc", h, self.readouts)


def fit_residual(
    features: Sequence[npt.ArrayLike] | npt.NDArray[np.float64],
    targets: npt.ArrayLike,
    *,
    ridge: float,
    step: float = 0.5,
) -> ResidualFit:
    """Solves one read-out after another, each for what the ones before left over.

    R_0 = Y;  W_t = (H_t^T H_t + ridge I)^-1 H_t^T R_t;  R_{t+1} = R_t - step H_t W_t.

    Along a singular vector of H_t with singular value s, R shrinks by 1 - step s^2 / (s^2 + ridge):
    so |R| never rises for a step of 0 to 2.

    Args:
        features: H_t of each stage, (stages, samples, J), no column of ones.
        targets: Y, (samples, outputs) or (samples,).
        ridge: 0 or more, not divided by the samples; at 0 the read-out of least norm.
        step: mu, 0 to 2.

    Reference: arXiv 2410.19987.
    """
    h, y = _check_features(features), _check_targets(targets)
    if h.shape[1] != len(y):
        given = f"features has {h.shape[1]} samples, targets has {len(y)}"
        raise ValueError(f"{given} (limit: the same)")
    ridge, step = _check_ridge(ridge), _check_step(step)
    residual, readouts, norms = y.copy(), [], [float(np.linalg.norm(y))]
    for stage in h:
        readouts.append(solve_ridge(stage, residual, ridge=ridge))
        residual -= step * stage @ readouts[-1]
        norms.append(float(np.linalg.norm(residual)))
    return ResidualFit(np.array(readouts), np.array(norms), step)


def solve_ridge(features: FloatArray, targets: FloatArray, *, ridge: float) -> FloatArray:
    """W = (H^T H + ridge I)^-1 H^T Y, float64 (J, outputs), by the smaller of two equations.

    For more neurons than samples it is H^T (H H^T + ridge I)^-1 Y. Where the ridge is so small that
    rounding of H^T H hides it, singular values of H do instead; at 0 it is the solution of least
    norm.
    """
    if ridge <= _SMALL_RIDGE * np.sum(features**2):
        u, s, vt = np.linalg.svd(features, full_matrices=False)
        held = s > s.max() * max(features.shape) * np.finfo(np.float64).eps
        factors = np.divide(s, s**2 + ridge, out=np.zeros_like(s), where=held)
        return np.asarray(vt.T @ (factors[:, np.newaxis] * (u.T @ targets)))
    if features.shape[1] > len(features):
        kernel = features @ features.T + ridge * np.eye(len(features))
        return features.T @ np.linalg.solve(kernel, targets)
    gram = features.T @ features + ridge * np.eye(features.shape[1])
    return np.linalg.solve(gram, features.T @ targets)


def draw_features(n_inputs: int, n_hidden: int, *, rng: np.random.Generator) -> FloatArray:
    """Random directions, float64 (M, J): Gaussian columns of norm sqrt(M)."""
    drawn = rng.standard_normal((n_inputs, n_hidden))
    return np.sqrt(n_inputs) * drawn / np.linalg.norm(drawn, axis=0)


def hidden_features(x: npt.ArrayLike, weights: FloatArray) -> FloatArray:
    """tanh(x W), float64 (samples, J), of samples brought to norm 1; no biases, so it is odd in x.

    So what goes into tanh has a variance of 1, whatever the number of inputs. (Our reading: the
    author's own inputs had further preparation. A sample of zeros stays one.)
    """
    samples = np.asarray(x, dtype=np.float64)
    norms = np.linalg.norm(samples, axis=1, keepdims=True)
    return np.tanh(samples / np.where(norms > 0, norms, 1.0) @ weights)


@dataclass(frozen=True, eq=False, repr=False)
class ResidualNetwork:
    """Stages of random neurons and the read-outs that were solved for them.

    Attributes:
        weights: float64 (stages, M, J), random.
        fit: read-outs and residual norms.
    """

    weights: FloatArray
    fit: ResidualFit

    @property
    def n_neurons(self) -> int:
        """All of them: stages times J."""
        return self.weights.shape[0] * self.weights.shape[2]

    def outputs_along(self, x: npt.ArrayLike) -> Iterator[FloatArray]:
        """f after each stage, float64 (samples, outputs)."""
        f = np.zeros(())
        for weights, readout in zip(self.weights, self.fit.readouts, strict=True):
            f = f + self.fit.step * hidden_features(x, weights) @ readout
            yield f

    def accuracies(self, x: npt.ArrayLike, y: npt.ArrayLike) -> FloatArray:
        """Share of samples whose largest output is that of their label, after each stage."""
        labels = np.asarray(y)
        right = [np.mean(f.argmax(axis=1) == labels) for f in self.outputs_along(x)]
        return np.array(right)


def train_residual(
    task: str | Task,
    *,
    n_hidden: int,
    n_stages: int,
    ridge: float,
    step: float = 0.5,
    rng: np.random.Generator,
) -> ResidualNetwork:
    """Draws and solves stage after stage on a task's training samples, labels as rows of ±1.

    Only one stage's features are held at a time: samples x n_hidden numbers, and a matrix of
    n_hidden x n_hidden, however many stages there are.

    Args:
        task: one of `datasets.TASK_NAMES`, or a task.
        n_hidden: J, neurons of a stage; the whole network has n_stages times as many.
        n_stages: 1 or more; 1 with a step of 1 is a plain random network, solved at once.
        ridge: 0 or more, see `fit_residual`.
        step: mu, 0 to 2.
        rng: draws all weights.

    Raises:
        TooLargeError: the network or a stage's features do not fit in memory.
    """
    known = load_task(task)
    n_hidden = check_integer("n_hidden", n_hidden, minimum=1)
    n_stages = check_integer("n_stages", n_stages, minimum=1)
    ridge, step, rng = _check_ridge(ridge), _check_step(step), check_rng(rng)
    m, samples = known.n_features, len(known.x_train)
    stage = 8 * (2 * samples + m + 2 * min(samples, n_hidden))
    check_count("n_hidden", n_hidden, bytes_each=stage, what="the features of a stage")
    kept = 16 * n_hidden * (m + known.n_classes)
    check_count("n_stages", n_stages, bytes_each=kept, what="random weights and read-outs")
    weights = np.empty((n_stages, m, n_hidden))
    readouts = np.empty((n_stages, n_hidden, known.n_classes))
    residual = class_targets(known.y_train, known.n_classes)
    norms = [float(np.linalg.norm(residual))]
    for t in range(n_stages):
        weights[t] = draw_features(m, n_hidden, rng=rng)
        h = hidden_features(known.x_train, weights[t])
        one = fit_residual(h[np.newaxis], residual, ridge=ridge, step=step)
        readouts[t] = one.readouts[0]
        residual -= step * h @ readouts[t]
        norms.append(float(one.residual_norms[-1]))
    return ResidualNetwork(weights, ResidualFit(readouts, np.array(norms), step))


def class_targets(y: npt.ArrayLike, n_classes: int) -> FloatArray:
    """Labels as rows of ±1, float64 (samples, classes): +1 in the label's column."""
    return np.where(np.asarray(y)[:, np.newaxis] == np.arange(n_classes), 1.0, -1.0)


def solving_bill(n_samples: int, n_hidden: int, n_stages: int = 1) -> tuple[int, int]:
    """Numbers held at once, and multiplications: of the features, and of the equations.

    A stage holds samples x J features and a matrix J x J; it makes the matrix in samples x J^2
    multiplications, and solves it in J^3 / 3 (Cholesky). Stages follow one another.
    """
    held = n_samples * n_hidden + n_hidden**2
    return held, round(n_stages * (n_samples * n_hidden**2 + n_hidden**3 / 3))


def _check_features(features: Sequence[npt.ArrayLike] | npt.NDArray[np.float64]) -> FloatArray:
    h = check_array("features", features)
    if h.ndim != 3 or not h.size:
        raise ValueError(f"features has shape {h.shape}; it must be (stages, samples, neurons)")
    return h


def _check_targets(targets: npt.ArrayLike) -> FloatArray:
    y = check_array("targets", targets)
    y = y[:, np.newaxis] if y.ndim == 1 else y
    if y.ndim != 2 or not y.size:
        raise ValueError(f"targets has shape {y.shape}; it must be (samples, outputs)")
    return y


def _check_ridge(ridge: float) -> float:
    number = check_finite("ridge", ridge)
    if number < 0:
        raise ValueError(f"ridge={show_value(ridge)} is too small (limit: 0 or more)")
    return number


def _check_step(step: float) -> float:
    number = check_finite("step", step)
    if not 0 <= number <= 2:
        raise ValueError(f"step={show_value(step)} is not in 0..2: the residual could grow")
    return number
