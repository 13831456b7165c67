"""Notebook 21: how many random neurons separate two classes, and how few of them suffice."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from labkit.amplification import GROWTH
from labkit.arrays import BoolArray, FloatArray
from labkit.course.checking import compare_function, exercise, number_exercise
from labkit.course.circuit_checks import compare_state
from labkit.ledger import Ledger, Outcome
from labkit.masks import all_masks
from labkit.neighbours.point_sets import (
    PointSet,
    aligned_rings,
    half_moons,
    on_sphere,
    parity,
    spirals,
    turned_into,
)
from labkit.neighbours.separation import (
    SeparationCost,
    cover_probability,
    local_cover,
    margin,
    random_relu,
    separates,
    widest_hyperplane,
    width_to_separate,
)
from labkit.selectors import CostMeter, one_flip_search, run, walk_locally
from labkit.simulators import entropy, evolve_grover

#: Of the networks whose first neurons are counted.
WIDEST = 512
#: Neurons that are chosen among, and points that they separate.
N, POINTS = 12, 40
#: After so many times sqrt(C(n, k)) oracle calls a search among masks of k neurons gives up: twice
#: what it takes in expectation, at most, where one mask is marked.
PATIENCE = 9.0


def build_points(parameters: Mapping[str, Any], rng: np.random.Generator) -> PointSet:
    """Rings, spirals, moons, parity or a sphere; turned into more dimensions, relabelled.

    Args:
        parameters: 'points' names the set; 'n_points'; 'dimension' of parity, of the sphere, and
            of the space that others are turned into; 'labels' "random" deals them anew.
        rng: of what is drawn.
    """
    name, d = parameters["points"], parameters.get("dimension")
    if name == "parity":
        return parity(parameters["dimension"])
    if name == "sphere":
        return on_sphere(parameters["n_points"], parameters["dimension"], rng=rng)
    build = {"rings": aligned_rings, "spirals": spirals, "moons": half_moons}[name]
    points, y = build(parameters["n_points"])
    points = points if d is None else turned_into(points, d, rng=rng)
    return PointSet(points, rng.permutation(y) if parameters.get("labels") == "random" else y)


def share_that_cut(points: FloatArray, features: FloatArray) -> float:
    """Of the neurons, those that are on for some points and off for others."""
    on = features > 0
    return float(np.mean(on.any(axis=0) & ~on.all(axis=0)))


def measure_width(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """How many neurons, drawn one after another, it takes until they separate.

    Args:
        parameters: as of `build_points`; 'bias_range'; 'layers', 1 where it is not given: before
            the last layer, others of as many neurons as are counted.
        seed: of the network, and of the points and labels where they are drawn.

    Returns:
        `width`, NaN where `WIDEST` are not enough; `cut`, the share of neurons that cut the points;
        `cover`, our proxy of complexity. The ledger counts the passes of networks over the points.
    """
    rng = np.random.default_rng(seed)
    points, y = build_points(parameters, rng)
    bias_range = parameters["bias_range"]
    if parameters.get("layers", 1) == 2:
        tried = _width_of_two(PointSet(points, y), bias_range, seed)
        return Outcome({"width": tried}, Ledger(forward_passes=tried))
    phi = random_relu(points, n_neurons=WIDEST, bias_range=bias_range, rng=rng)
    width = width_to_separate(phi, y)
    result = {
        "width": math.nan if width is None else width,
        "cut": share_that_cut(points, phi),
        "cover": local_cover(points, y),
    }
    return Outcome(result, Ledger(forward_passes=1))


def _width_of_two(at: PointSet, bias_range: float, seed: int) -> int:
    """The first width at which two layers of one seed, drawn anew at each, separate."""
    for width in range(1, WIDEST):
        rng, phi = np.random.default_rng([seed, width]), at.points
        for _ in range(2):
            phi = random_relu(phi, n_neurons=width, bias_range=bias_range, rng=rng)
        if separates(phi, at.y):
            return width
    raise RuntimeError(f"two layers of {WIDEST} neurons do not separate")


def measure_cover(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Widths at which networks separate fair random labels on a sphere, drawn again and again.

    Args:
        parameters: 'n_points', 'dimension', 'bias_range', and 'draws' of points and network.
        seed: of all of them.

    Returns:
        `widths`, (draws,).
    """
    rng, widths = np.random.default_rng(seed), []
    for _ in range(parameters["draws"]):
        points, y = on_sphere(parameters["n_points"], parameters["dimension"], rng=rng)
        bias_range = parameters["bias_range"]
        phi = random_relu(points, n_neurons=len(points), bias_range=bias_range, rng=rng)
        widths.append(width_to_separate(phi, y))
    return Outcome({"widths": np.array(widths)}, Ledger(forward_passes=len(widths)))


def measure_margin(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The margin of networks of one width.

    Args:
        parameters: as of `build_points`; 'bias_range', 'n_neurons'.
        seed: of the network.

    Returns:
        `margin`, 0 where it does not separate.
    """
    rng = np.random.default_rng(seed)
    points, y = build_points(parameters, rng)
    n, bias_range = parameters["n_neurons"], parameters["bias_range"]
    phi = random_relu(points, n_neurons=n, bias_range=bias_range, rng=rng)
    return Outcome({"margin": margin(phi, y)}, Ledger(forward_passes=1))


# Few neurons that separate


def twelve_neurons(seed: int, fresh: FloatArray | None = None) -> PointSet:
    """Features and labels of the moons, of a seed's first twelve neurons that separate them.

    Rows of `fresh` points, (samples, 2), follow those of the moons; their labels do not.
    """
    rng, (points, y) = np.random.default_rng(seed), half_moons(POINTS)
    rows = points if fresh is None else np.vstack([points, fresh])
    while True:
        phi = random_relu(rows, n_neurons=N, bias_range=1.0, rng=rng)
        if separates(phi[:POINTS], y):
            return PointSet(phi, y)


@lru_cache(maxsize=64)
def twelve_that_separate(seed: int) -> SeparationCost:
    """Their cost, at a price of 1/13: the least is that of the fewest neurons that separate."""
    return SeparationCost(*twelve_neurons(seed), price=1 / (N + 1))


def has_separated(meter: CostMeter, neuron_mask: BoolArray) -> bool:
    """Whether a mask separates, for one cost query: any slack costs at least 1."""
    return float(meter.evaluate(neuron_mask)) < 1


def by_size(meter: CostMeter, *, rng: np.random.Generator) -> None:
    """Asks for all masks of 1, 2, ... neurons, those of one size in random order: exact."""
    masks = all_masks(meter.n_neurons)
    for k in range(1, meter.n_neurons + 1):
        for mask in rng.permutation(masks[masks.sum(axis=1) == k]):
            if has_separated(meter, mask):
                return


def backward(meter: CostMeter, *, rng: np.random.Generator) -> BoolArray:
    """Drops each neuron, in random order, without which the others still separate.

    Once is enough: what cannot be spared now cannot be spared later, when fewer are left.
    """
    mask = np.ones(meter.n_neurons, dtype=bool)
    for j in rng.permutation(meter.n_neurons):
        mask[j] = False
        mask[j] = not has_separated(meter, mask)
    return mask


def least_weights(meter: CostMeter, *, rng: np.random.Generator) -> None:
    """Keeps the neurons of the read-out of least l1 norm: min |w|_1, y_i (w . phi_i + c) >= 1.

    One linear programme, in features of one spread; `rng` is not used.
    """
    from scipy.optimize import linprog

    cost: Any = meter.cost
    phi = cost.features / np.maximum(cost.features.std(axis=0), 1e-12)
    rows = cost.y[:, None] * np.column_stack([phi, -phi, np.ones(len(phi))])
    prices = np.append(np.ones(2 * cost.n_neurons), 0.0)
    bounds = [(0, None)] * (2 * cost.n_neurons) + [(None, None)]
    x = linprog(prices, A_ub=-rows, b_ub=-np.ones(len(phi)), bounds=bounds).x[:-1]
    w = np.abs(x[: cost.n_neurons] - x[cost.n_neurons :])
    meter.evaluate(w > 1e-7 * w.max())


def downward(meter: CostMeter, *, rng: np.random.Generator) -> None:
    """Asks for one neuron fewer than there are, from what `backward` leaves, until there is none.

    The masks of that size come in random order. Exact: where none of a size separates, none of a
    smaller one does.
    """
    masks, kept = all_masks(meter.n_neurons), int(backward(meter, rng=rng).sum())
    while kept > 1:
        of_size = rng.permutation(masks[masks.sum(axis=1) == kept - 1])
        if not any(has_separated(meter, mask) for mask in of_size):
            return
        kept -= 1


def grover_by_size(meter: CostMeter, *, rng: np.random.Generator) -> None:
    """The same path as `downward`, each size searched by Grover.

    Among the masks of k neurons it turns from their Dicke state, at a number of iterations that is
    drawn below a growing reach (Boyer et al. 1998), and gives up after `PATIENCE` sqrt(C(n, k))
    calls: it never knows that there is none. The table of its oracle takes C(n, k) forward passes.
    """
    masks, kept = all_masks(meter.n_neurons), int(backward(meter, rng=rng).sum())
    while kept > 1:
        of_size = masks[masks.sum(axis=1) == kept - 1]
        cost: Any = meter.cost
        marked = np.array([separates(cost.features[:, mask], cost.y) for mask in of_size])
        meter.count(forward_passes=len(of_size))
        if not _search(meter, of_size, marked, rng):
            return
        kept -= 1


def _search(
    meter: CostMeter, of_size: BoolArray, marked: BoolArray, rng: np.random.Generator
) -> bool:
    theta = math.asin(math.sqrt(marked.mean()))
    calls, reach = PATIENCE * math.sqrt(len(marked)), 1.0
    while calls > 0:
        iterations = int(rng.integers(math.ceil(reach)))
        hit = rng.random() < math.sin((2 * iterations + 1) * theta) ** 2
        outcome = of_size[rng.choice(np.flatnonzero(marked == hit))]
        meter.count(oracle_calls=iterations + 1, circuit_runs=1, shots=1)
        if has_separated(meter, outcome):
            return True
        calls -= iterations + 1
        reach = min(GROWTH * reach, math.sqrt(len(marked)))
    return False


SEARCHES: dict[str, Callable[..., Any]] = {
    "by size": by_size,
    "downward": downward,
    "Grover": grover_by_size,
    "one-flip": one_flip_search,
    "backward": backward,
    "l1": least_weights,
}


def measure_subset(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """How many of twelve neurons a search keeps that still separate the moons.

    Args:
        parameters: 'search', one of `SEARCHES`.
        seed: of the network and of the search.

    Returns:
        `kept`; `separates`, whether what was found does.
    """
    cost, rng = twelve_that_separate(seed), np.random.default_rng([seed, 1])
    found = run(SEARCHES[parameters["search"]], cost, rng=rng)
    kept = int(found.neuron_mask.sum())
    return Outcome({"kept": kept, "separates": float(found.cost < 1)}, found.ledger)


def dicke_search(cost: SeparationCost, n_active: int) -> tuple[BoolArray, list[FloatArray]]:
    """Grover among masks of k neurons, in amplitudes: marked (2^n,), states after 0, 1, ... calls.

    Up to the first peak of the chance. The states are those of `grover_circuit(..., n_active=k)`.
    """
    masks = all_masks(cost.n_neurons)
    start = (masks.sum(axis=1) == n_active).astype(np.float64)
    marked = np.array([s > 0 and separates(cost.features[:, m], cost.y) for s, m in
                       zip(start, masks, strict=True)])  # fmt: skip
    start /= np.linalg.norm(start)
    theta = math.asin(np.linalg.norm(start[marked]))
    states, sign = [start], np.where(marked, -1.0, 1.0)
    for _ in range(round(math.pi / (4 * theta) - 0.5)):
        turned = sign * states[-1]
        states.append(2 * (start @ turned) * start - turned)
    return marked, states


def measure_blocks(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """What local selection keeps of twelve neurons, by block size, and the bits that Grover holds.

    Args:
        parameters: 'block_size'; 12 enumerates by size, and asks Grover among the masks of as
            many neurons.
        seed: of the network and of the start.

    Returns:
        `kept`; `bits`, the most across the middle of what is held together, after any call of a
        search for the best masks of a block (at 12: of those of the fewest neurons, `start` of them
        before the first call; and `plain`, where all masks are the start).
    """
    cost, size = twelve_that_separate(seed), parameters["block_size"]
    rng = np.random.default_rng([seed, 2])
    if size == N:
        found = run(by_size, cost, rng=rng)
        kept = int(found.neuron_mask.sum())
        marked, states = dicke_search(cost, kept)
        along = [entropy(state, range(N // 2)) for state in states]
        plain = _most_bits(marked)
        result = {"kept": kept, "bits": max(along), "start": along[0], "plain": plain}
        return Outcome(result, found.ledger)
    walk = walk_locally(cost, rng=rng, block_size=size)
    bits = max(_bits_of_block(cost, step.block, step.before) for step in walk.steps)
    kept = int(walk.selection.neuron_mask.sum())
    return Outcome({"kept": kept, "bits": bits}, walk.selection.ledger)


def _bits_of_block(cost: SeparationCost, block: Any, held: BoolArray) -> float:
    """The most bits across the middle of a block, along Grover's search for its best masks."""
    masks = np.repeat(held[np.newaxis], 2 ** len(block), axis=0)
    masks[:, block] = all_masks(len(block))
    costs = cost.evaluate(masks)
    return _most_bits(costs < costs.min() + cost.price / 2)


def _most_bits(marked: BoolArray) -> float:
    """The most bits across the middle, after any call of Grover's search to its first peak."""
    half = (len(marked).bit_length() - 1) // 2
    calls = round(math.pi / (4 * math.asin(math.sqrt(marked.mean()))) - 0.5)
    states = [evolve_grover(marked, call) for call in range(calls + 1)]
    return max(entropy(state, range(half)) for state in states) if half else 0.0


def measure_readouts(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Errors of the best of all masks under a fixed read-out, and of solved read-outs.

    Args:
        parameters: 'n_test' fresh points on the moons.
        seed: of the network, and of the signs of the fixed read-out.

    Returns:
        `train_...` and `test_...`, the error rates of 'mask' (the best of 4,096 with signs as
        read-out, of ties in training the best at testing), 'solved' (least squares on all twelve),
        and 'fewest' (the widest hyperplane of the fewest that separate); `kept` of the last.
    """
    fresh, fresh_y = half_moons(parameters["n_test"])
    phi, y = twelve_neurons(seed, fresh)
    fewest = run(by_size, twelve_that_separate(seed), rng=np.random.default_rng([seed, 1]))
    plane = widest_hyperplane(phi[:POINTS, fewest.neuron_mask], y)
    assert plane is not None
    design = np.column_stack([phi, np.ones(len(phi))])
    solved = design @ np.linalg.lstsq(design[:POINTS], y, rcond=None)[0]
    outputs = {
        "mask": _outputs_of_masks(phi, np.random.default_rng([seed, 3])),
        "solved": solved[np.newaxis],
        "fewest": (phi[:, fewest.neuron_mask] @ plane[0] + plane[1])[np.newaxis],
    }
    errors = {name: _errors(f, y, fresh_y) for name, f in outputs.items()}
    result = {f"train_{name}": train for name, (train, _) in errors.items()}
    result |= {f"test_{name}": test for name, (_, test) in errors.items()}
    kept = int(fewest.neuron_mask.sum())
    return Outcome(result | {"kept": kept}, fewest.ledger + Ledger(forward_passes=2**N))


def _outputs_of_masks(phi: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Of all masks under a read-out of random signs, both present: (2^n, samples).

    As everywhere in the course, neurons are standardised with the statistics of the training data.
    """
    train = phi[:POINTS]
    signs = rng.permutation(np.arange(N) % 2 * 2.0 - 1)
    standard = (phi - train.mean(axis=0)) / np.maximum(train.std(axis=0), 1e-12)
    return np.asarray(all_masks(N) @ (standard * signs).T)


def _errors(outputs: FloatArray, y: FloatArray, fresh_y: FloatArray) -> tuple[float, float]:
    """Error rates in training and on fresh points, of the best of outputs (outputs, samples)."""
    wrong = outputs * np.concatenate([y, fresh_y]) <= 0
    train, fresh = wrong[:, :POINTS].mean(axis=1), wrong[:, POINTS:].mean(axis=1)
    best = np.lexsort((fresh, train))[0]
    return float(train[best]), float(fresh[best])


# most changes of sign along a ray from 0, without biases
number_exercise(
    "21-1",
    1.0,
    "Each relu(t u) is t relu(u) for t > 0: what is left of the read-out as a function of t?",
    slips={
        2: "Along the ray the read-out is a straight line: how often does one cross 0?",
        12: "Without biases every neuron bends at t = 0, none on the way.",
    },
)


def share_in_the_disc(bias_range: float) -> float:
    """E min(1, |w|/lambda) of w ~ N(0, 1) in the plane: sqrt(pi/2)/lambda erf(lambda/sqrt 2)."""
    return math.sqrt(math.pi / 2) / bias_range * math.erf(bias_range / math.sqrt(2))


@exercise("21-2")
def neurons_that_cut_the_disc(answer: Any) -> str | None:
    """A function lambda -> the chance that a neuron's line cuts the unit disc."""
    cases = ((bias_range,) for bias_range in (1.0, 2.0, 4.0, 8.0))
    what = "For a bias range of {} the chance"
    return compare_function(answer, share_in_the_disc, cases, what, tolerance=2e-3)


@exercise("21-3")
def chance_of_cover(answer: Any) -> str | None:
    """A function (N, n) -> the chance that N points with random labels are separable."""
    cases = ((4, 1), (4, 2), (10, 4), (30, 20), (5, 7), (40, 0))
    what = "For {} points and {} features the chance"
    return compare_function(answer, cover_probability, cases, what, tolerance=1e-9)


@exercise("21-4")
def search_of_one_size(answer: Any) -> str | None:
    """A circuit on 4 qubits: Grover for 0110 among the masks of two neurons, to its first peak."""
    start = (all_masks(4).sum(axis=1) == 2) / math.sqrt(6)
    sign = np.where(np.arange(16) == 0b0110, -1.0, 1.0)
    turned = sign * start
    return compare_state(answer, (2 * (start @ turned) * start - turned).astype(complex))
