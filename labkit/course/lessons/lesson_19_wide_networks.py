"""Notebook 19: wide networks as linear systems, and where there is something left to solve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.course.checking import compare_function, exercise, number_exercise
from labkit.datasets import load_task
from labkit.ledger import Ledger, Outcome
from labkit.neighbours.kernels import (
    class_by,
    condition_number,
    keep,
    kernel_machine,
    overlap,
    preparation_runs,
    readout_shots,
    sparsity_pattern,
    unit_rows,
    wide_kernel,
)
from labkit.simulators import entropy, sample_masks

TASK = "digits_3v8"
#: Which entries of a kernel are kept.
PATTERNS = ("exact", "by label", "any label", "nearest", "diagonal")
DEPTHS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64)
#: Of the machines that a circuit solves: training images, clock qubits, runs of each circuit, and
#: test images that are read out by a circuit each.
SMALL, CLOCK, RUNS, READ = 16, 6, 20_000, 8
#: Runs after which signs are judged, too.
FEW_RUNS = 100
#: Shots, and as many drawn images, after which signs are compared, of so many test images.
SHOTS, SHOT = (1, 4, 16, 64, 256, 1024, 4096), 32


@dataclass(frozen=True, eq=False)
class Deal:
    """Images of the digits 3 and 8, dealt to training and test, and their kernels.

    Attributes:
        kernel: float64 (n, n), of the training images, ones on the diagonal.
        rows: float64 (tests, n), of test with training images.
        y: -1 and +1, (n,).
        y_test: the same (tests,).
        x: unit vectors (n, pixels).
        x_test: the same (tests, pixels).
    """

    kernel: FloatArray
    rows: FloatArray
    y: FloatArray
    y_test: FloatArray
    x: FloatArray
    x_test: FloatArray


@cache
def load_images() -> tuple[FloatArray, FloatArray]:
    """All 357 images of digits_3v8 as unit vectors, and their labels: 3 is -1, 8 is +1."""
    task = load_task(TASK)
    x = np.concatenate([task.x_train, task.x_validation, task.x_test])
    y = np.concatenate([task.y_train, task.y_validation, task.y_test])
    return unit_rows(x), 2.0 * y - 1.0


@lru_cache(maxsize=64)
def deal_images(n: int, depth: int, seed: int) -> Deal:
    """Deals n of the images to training, the others to test; kernels of `depth` layers."""
    x, y = load_images()
    dealt = np.random.default_rng(seed).permutation(len(y))
    first, rest = dealt[:n], dealt[n:]
    rows = wide_kernel(x[rest], x[first], depth=depth)
    return Deal(wide_kernel(x[first], depth=depth), rows, y[first], y[rest], x[first], x[rest])


def choose_pairs(
    name: str, kernel: FloatArray, y: FloatArray, *, rng: np.random.Generator
) -> BoolArray:
    """A mask on pairs of training images, bool (n, n), by one of `PATTERNS`.

    'nearest' keeps the largest ln n entries of each row, and of each column.
    """
    n = len(y)
    if name == "exact":
        return np.ones((n, n), dtype=bool)
    if name == "diagonal":
        return np.eye(n, dtype=bool)
    if name == "nearest":
        ranks = np.argsort(np.argsort(-np.abs(kernel), axis=1), axis=1)
        near: BoolArray = ranks <= round(np.log(n))
        return near | near.T
    return sparsity_pattern(y, rng=rng, by_label=name == "by label")


def accuracy_of(deal: Deal, vector: FloatArray, *, threshold: str = "zero") -> float:
    """The share of test images that the outputs rows @ vector get right."""
    return float(np.mean(class_by(deal.rows @ vector, threshold=threshold) == deal.y_test))


def measure_depth(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Kernel machines of one depth, by what is kept of the kernel, and their rivals.

    Args:
        parameters: 'depth' and 'n_train'.
        seed: deals the images and draws the patterns.

    Returns:
        By each of `PATTERNS`: `accuracy_*`, `condition_*`, and `shots_*`, the median over test
        images of the shots that a sign needs; `logistic`, the test accuracy of a logistic
        regression; `cg_steps` of conjugate gradients on the whole kernel to a thousandth; `runs`,
        the median runs until a test image's state is prepared; `at_median`, `one_in_ten_zero` and
        `one_in_ten_median`: the whole kernel's accuracy with the other threshold, and of both on a
        test set with one 8 in ten.
    """
    deal, rng = deal_images(parameters["n_train"], parameters["depth"], seed), _rng(seed)
    result: dict[str, Any] = {}
    for name in PATTERNS:
        pattern = choose_pairs(name, deal.kernel, deal.y, rng=rng)
        vector, key = kernel_machine(deal.kernel, deal.y, pattern), name.replace(" ", "_")
        result[f"accuracy_{key}"] = accuracy_of(deal, vector)
        result[f"condition_{key}"] = condition_number(deal.kernel, pattern)
        result[f"shots_{key}"] = float(np.median(readout_shots(deal.rows, vector)))
    exact = kernel_machine(deal.kernel, deal.y)
    few = one_in_ten(deal)
    result |= {
        "at_median": accuracy_of(deal, exact, threshold="median"),
        "one_in_ten_zero": accuracy_of(few, exact),
        "one_in_ten_median": accuracy_of(few, exact, threshold="median"),
        "cg_steps": count_cg_steps(deal.kernel, deal.y),
        "runs": float(np.median(preparation_runs(deal.rows))),
        "logistic": _logistic(deal),
    }
    return Outcome(result)


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, 19])


def one_in_ten(deal: Deal) -> Deal:
    """The same machine, with a test set of all its threes, and one 8 for nine of them."""
    threes, eights = np.flatnonzero(deal.y_test < 0), np.flatnonzero(deal.y_test > 0)
    kept = np.concatenate([threes, eights[: round(len(threes) / 9)]])
    return Deal(deal.kernel, deal.rows[kept], deal.y, deal.y_test[kept], deal.x, deal.x_test[kept])


def count_cg_steps(matrix: FloatArray, y: FloatArray, *, within: float = 1e-3) -> int:
    """Steps of conjugate gradients, a product with K each, until |y - K v| < within |y|."""
    from scipy.sparse.linalg import cg

    steps: list[None] = []
    cg(matrix, y, rtol=within, callback=lambda _: steps.append(None))
    return len(steps)


def _logistic(deal: Deal) -> float:
    """Test accuracy of scikit-learn's logistic regression, on pixels of variance about 1.

    Raises:
        ImportError: scikit-learn is missing; only those who make the record need it.
    """
    from sklearn.linear_model import LogisticRegression

    scale = np.sqrt(deal.x.shape[1])
    fitted = LogisticRegression(max_iter=1000).fit(scale * deal.x, deal.y)
    return float(fitted.score(scale * deal.x_test, deal.y_test))


def measure_trained(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """A network of one hidden layer, trained in Keras, beside its kernel machine of 128 images.

    Args:
        parameters: 'width' of the hidden layer.
        seed: deals the images, and draws the weights.

    Returns:
        `correlation` of the outputs of the two on the test images, `agree`, the share of equal
        classes, test accuracies `network` and `machine`, and `train_error`.
    """
    from labkit.baselines.wide import train_wide

    deal = deal_images(128, 1, seed)
    trained = train_wide(deal.x, deal.y, deal.x_test, width=parameters["width"], seed=seed)
    outputs = deal.rows @ kernel_machine(deal.kernel, deal.y)
    said, expected = class_by(trained.outputs), class_by(outputs)
    result = {
        "correlation": float(np.corrcoef(trained.outputs, outputs)[0, 1]),
        "agree": float(np.mean(said == expected)),
        "network": float(np.mean(said == deal.y_test)),
        "machine": float(np.mean(expected == deal.y_test)),
        "train_error": trained.train_error,
    }
    return Outcome(result, trained.ledger)


def measure_shots(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Signs of outputs from shots of a circuit, and from as many drawn training images.

    The machine of the whole kernel of 128 images; the first `SHOT` test images.

    Args:
        parameters: 'depth'.
        seed: deals the images, measures and draws.

    Returns:
        By each of `SHOTS`: `circuit_*` and `drawn_*`, the share of right signs; `need_circuit` and
        `need_drawn`, (SHOT,): the variance of an outcome as measured, over its squared mean;
        `need_formula`, 1/o^2 - 1.
    """
    deal, rng = deal_images(128, parameters["depth"], seed), _rng(seed)
    vector, rows = kernel_machine(deal.kernel, deal.y), deal.rows[:SHOT]
    shot = np.array([shoot(vector, row, SHOTS[-1], rng=rng) for row in rows])
    drawn = np.array([draw_terms(vector, row, SHOTS[-1], rng=rng) for row in rows])
    f = rows @ vector
    result: dict[str, Any] = {"need_formula": readout_shots(rows, vector)}
    for name, values, mean in (("circuit", shot, overlap(rows, vector)), ("drawn", drawn, f)):
        result |= {f"{name}_{s}": share_of_right_signs(values, np.sign(f), s) for s in SHOTS}
        result[f"need_{name}"] = values.var(axis=1) / mean**2
    return Outcome(result, Ledger(circuit_runs=SHOT, shots=SHOT * SHOTS[-1]))


def shoot(
    vector: FloatArray, row: FloatArray, shots: int, *, rng: np.random.Generator
) -> FloatArray:
    """Outcomes +-1, (shots,), of the circuit whose mean outcome is the overlap of two vectors."""
    import cirq

    from labkit.circuits.kernel_readout import overlap_circuit

    qubits = cirq.LineQubit.range(len(row).bit_length())
    masks = sample_masks(overlap_circuit(qubits, vector, row), shots, rng=rng)
    return 1.0 - 2.0 * masks[:, 0]


def draw_terms(
    vector: FloatArray, row: FloatArray, shots: int, *, rng: np.random.Generator
) -> FloatArray:
    """k_i |v|^2 / v_i, (shots,), of training images i drawn with probability v_i^2 / |v|^2.

    Their mean is k.v, by one kernel evaluation each. Where v = y = +-1 they are drawn uniformly.
    """
    size = vector @ vector
    drawn = rng.choice(len(vector), size=shots, p=vector**2 / size)
    return np.asarray(row[drawn] * size / vector[drawn])


def share_of_right_signs(values: FloatArray, signs: FloatArray, shots: int) -> float:
    """Of the means of so many outcomes each, (tests, all of them): a mean of 0 is right by half."""
    means = values.reshape(len(values), -1, shots).mean(axis=2)
    return float(np.mean((np.sign(means) * signs[:, np.newaxis] + 1) / 2))


def measure_circuit(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """A machine of 16 images solved by HHL; signs and sizes of outputs from counts alone.

    How long the solution is comes from the runs that a first circuit keeps.

    Args:
        parameters: 'depth', and 'pattern', one of `PATTERNS`.
        seed: deals the images, draws the pattern, and measures.

    Returns:
        `outputs` and `exact`, (READ,), as counted and as solved; `right`, the share of right signs,
        and `right_few` of those after `FEW_RUNS`; `kept`, the share of runs that are kept;
        `fidelity` of HHL's solution in formulas; `condition`.
    """
    from labkit.circuits.kernel_readout import readout_circuit
    from labkit.circuits.linear_systems import hhl_circuit
    from labkit.neighbours.linear_systems import hhl_filter

    deal, rng = deal_images(SMALL, parameters["depth"], seed), _rng(seed)
    matrix = keep(deal.kernel, choose_pairs(parameters["pattern"], deal.kernel, deal.y, rng=rng))
    system = hhl_circuit(matrix, deal.y, clock_qubits=CLOCK)
    pilot = system.count_kept(sample_masks(system.circuit, RUNS, rng=rng)).sum() / RUNS
    length = np.sqrt(pilot) / np.linalg.eigvalsh(matrix)[0]
    found, outcomes = np.zeros(READ), np.zeros((READ, RUNS))
    for i, row in enumerate(deal.rows[:READ]):
        readout = readout_circuit(matrix, deal.y, row, clock_qubits=CLOCK, length=length)
        masks = sample_masks(readout.circuit, RUNS, rng=rng)
        found[i], outcomes[i] = readout.output(masks), readout.outcomes(masks)
    solution = kernel_machine(matrix, deal.y)
    exact = deal.rows[:READ] @ solution
    filtered = hhl_filter(matrix, deal.y, clock_qubits=CLOCK).vector
    result = {
        "outputs": found,
        "exact": exact,
        "right": share_of_right_signs(outcomes, np.sign(exact), RUNS),
        "right_few": share_of_right_signs(outcomes, np.sign(exact), FEW_RUNS),
        "kept": float(np.abs(outcomes).mean()),
        "fidelity": float(overlap(solution, filtered) ** 2),
        "condition": condition_number(matrix),
    }
    return Outcome(result, Ledger(circuit_runs=READ + 1, shots=(READ + 1) * RUNS))


def clock_bits(matrix: FloatArray, y: FloatArray, *, clock_qubits: int = CLOCK) -> float:
    """The entropy between clock and data after phase estimation of y, in bits, by its formula.

    sum_j beta_j |clock(lambda_j)> |u_j>: eigenvectors that share an eigenvalue share nothing else.
    """
    values, vectors = np.linalg.eigh(matrix)
    size = 2**clock_qubits
    phases = (size - 1) / size * values / values.max()  # as `default_time` has it
    amplitudes = np.fft.fft(np.exp(2j * np.pi * np.outer(phases, np.arange(size))), axis=1) / size
    beta = vectors.T @ y / np.linalg.norm(y)
    state = np.einsum("j,jk,ij->ki", beta, amplitudes, vectors)
    return entropy(state.ravel(), range(clock_qubits))


def bits_by_depth(depths: npt.ArrayLike, *, seeds: range, n: int = SMALL) -> dict[str, FloatArray]:
    """`clock_bits` by what is kept of the kernel: name -> (depths, seeds)."""
    found: dict[str, list[list[float]]] = {}
    for depth in np.asarray(depths).tolist():
        for name in ("exact", "by label", "diagonal"):
            deals = {seed: deal_images(n, depth, seed) for seed in seeds}
            found.setdefault(name, []).append([
                clock_bits(keep(d.kernel, choose_pairs(name, d.kernel, d.y, rng=_rng(seed))), d.y)
                for seed, d in deals.items()
            ])  # fmt: skip
    return {name: np.array(values) for name, values in found.items()}


# the first depth at which the kernel of two images at 60 degrees is below a hundredth
number_exercise(
    "19-1",
    19,
    "Both kernels are needed: that of the pair over that of an image with itself, layer by layer.",
    slips={
        45: "That is where the random network's own kernel, Σ, has fallen so far; Θ is asked for.",
    },
)

# samples for k = (1, .5, .25, .25) and y = (1, 1, -1, 1)
number_exercise(
    "19-2",
    1.375 * 4 / 1.5**2 - 1,
    "With o = k.y / (|k| |y|) a shot has mean o and variance 1 - o².",
    tolerance=2e-3,
    slips={
        1.375
        * 4
        / 1.5**2: "That is 1/o²: the mean square over the squared mean, not the variance.",
        1.5 / np.sqrt(1.375 * 4): "That is the overlap o itself.",
        4 / 1.5**2 - 1: "The row k has a length, too.",
    },
)


@exercise("19-3")
def output_of_kept_pairs(answer: Any) -> str | None:
    """A function (kernel, pattern, y, row) -> the output of the machine of the pairs kept."""

    def output(kernel: FloatArray, pattern: BoolArray, y: FloatArray, row: FloatArray) -> float:
        return float(row @ kernel_machine(kernel, y, pattern))

    cases = []
    for seed, name in enumerate(("exact", "by label", "diagonal")):
        deal = deal_images(6, 4, seed)
        pattern = choose_pairs(name, deal.kernel, deal.y, rng=_rng(seed))
        cases.append((deal.kernel, pattern, deal.y, deal.rows[0]))
    return compare_function(answer, output, cases, "For six images the output")


# zero eigenvalues of K = t t^T / m for 178 images and 12 neurons
number_exercise(
    "19-4",
    166,
    "K has as many eigenvalues as images, and shares with G those that are not 0.",
    slips={
        12: "So many are not 0.",
        178: "That is all of them; those of G are among them.",
        11: "That is no count of K's eigenvalues: G has 12, one for each neuron.",
    },
)
