"""QAOA as what it does to amplitudes: no circuit, no Cirq."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.ansatz import check_angles, check_mixer
from labkit.arrays import FloatArray
from labkit.costs import AnyCost, CostTable, as_cost
from labkit.costs.tables import centred_table
from labkit.limits import check_array, check_choice, check_count, check_register
from labkit.platforms import can_compile
from labkit.simulators.engine import CompiledSubspace, CompiledX
from labkit.simulators.staged import StagedAnsatz

DTYPES = ("complex64", "complex128")
#: From so many neurons on loops are compiled where numba is there: below, NumPy is as fast.
_COMPILED_FROM = 6
#: In NumPy: a state, its adjoint and what is made of them. Compiled: two states, and the table.
_STAGED_BYTES, _COMPILED_BYTES = 112, 25
#: Of each of several states: as it is made, among the others, and turned by the mean cost.
_EACH_BYTES = 24


def evolve_qaoa(
    cost: AnyCost,
    gammas: npt.ArrayLike,
    betas: npt.ArrayLike,
    *,
    mixer: str = "x",
    n_active: int | None = None,
    dtype: str = "complex64",
) -> npt.NDArray[Any]:
    """The state prod_l exp(-i beta_l B) exp(-i gamma_l C) |start>, layer 1 first.

    Args:
        cost: C, not rescaled.
        gammas: (p,) radians per unit of cost.
        betas: (p,) radians.
        mixer: B, 'x', 'grover' or 'ring', see `labkit.ansatz`.
        n_active: neurons that every mask keeps, the start being the Dicke state; None for the
            uniform start. 'ring' needs one, 'x' has none.
        dtype: 'complex64', whose rounding is some 1e-6; or 'complex128'.

    Returns:
        (2^n,) of `dtype` by mask index.

    Raises:
        ValueError: angles of different lengths, an unknown mixer, or a number out of range.
        TooLargeError: the state does not fit in memory.
    """
    gammas, betas = check_angles(gammas, betas)
    ansatz, offset = _choose(cost, mixer, n_active, dtype)
    state = ansatz.state(gammas, betas).astype(dtype, copy=False)
    if offset and len(gammas):
        state *= np.exp(-1j * offset * gammas.sum()).astype(dtype)
    return state


def evolve_qaoa_each(
    cost: AnyCost, gammas: npt.ArrayLike, betas: npt.ArrayLike
) -> npt.NDArray[np.complex64]:
    """The states of `evolve_qaoa` at several points of one cost, which is prepared once.

    Args:
        cost: C, not rescaled.
        gammas: (points, p) radians per unit of cost.
        betas: (points, p) radians.

    Returns:
        complex64 (points, 2^n) by mask index.

    Raises:
        ValueError: angles that are not (points, p), or a number out of range.
        TooLargeError: the states do not fit in memory.
    """
    each = check_array("gammas", gammas), check_array("betas", betas)
    if each[0].ndim != 2 or not len(each[0]) or each[0].shape != each[1].shape:
        shapes = f"gammas has shape {each[0].shape}, betas {each[1].shape}"
        raise ValueError(f"{shapes}; both must be (points, p)")
    ansatz, offset = _choose(cost, "x", None, "complex64")
    needed = _EACH_BYTES * 2**cost.n_neurons
    check_count("points", len(each[0]), bytes_each=needed, what="their states")
    states = np.array([ansatz.state(*angles) for angles in zip(*each, strict=True)])
    phases = np.exp(-1j * offset * each[0].sum(axis=1))
    return np.asarray(states * phases[:, None], dtype=np.complex64)


def qaoa_expectation(
    cost: AnyCost,
    gammas: npt.ArrayLike,
    betas: npt.ArrayLike,
    *,
    mixer: str = "x",
    n_active: int | None = None,
    dtype: str = "complex64",
) -> float:
    """The mean cost <psi|C|psi> of the masks that the state of `evolve_qaoa` gives.

    Args and Raises as for `evolve_qaoa`. Sums are in float64, and a constant that is large beside
    what varies is left out of them.
    """
    gammas, betas = check_angles(gammas, betas)
    ansatz, offset = _choose(cost, mixer, n_active, dtype)
    return offset + ansatz.expectation(gammas, betas)


def qaoa_value_and_gradient(
    cost: AnyCost,
    gammas: npt.ArrayLike,
    betas: npt.ArrayLike,
    *,
    mixer: str = "x",
    n_active: int | None = None,
    dtype: str = "complex64",
) -> tuple[float, FloatArray, FloatArray]:
    """The mean cost and its derivatives by all 2p angles, in one pass back (adjoint method).

    With |lambda> = C|psi> taken back through the layers beside |psi>, the derivative by the angle
    of a factor exp(-i theta G) is 2 Im <lambda|G|psi>. A constant in the cost changes none: one
    that is large beside what varies is left out before anything is rounded.

    Args and Raises as for `evolve_qaoa`.

    Returns:
        value, dgammas float64 (p,), dbetas float64 (p,).

    Reference: Jones and Gacon 2020, arXiv 2009.02823.
    """
    gammas, betas = check_angles(gammas, betas)
    ansatz, offset = _choose(cost, mixer, n_active, dtype)
    value, dgammas, dbetas = ansatz.value_and_gradient(gammas, betas)
    return offset + value, dgammas, dbetas


def _choose(
    cost: AnyCost, mixer: str, n_active: int | None, dtype: str
) -> tuple[CompiledX | CompiledSubspace | StagedAnsatz, float]:
    """What evolves this cost, compiled where that is faster, and a constant that is left out."""
    cost = as_cost(cost)
    check_choice("dtype", dtype, DTYPES)
    mixer, n_active = check_mixer(mixer, n_active, cost.n_neurons)
    is_large = dtype == "complex64" and cost.n_neurons >= _COMPILED_FROM
    is_compiled = is_large and can_compile()
    of_table = 8 if isinstance(cost, CostTable) and cost.offset else 0

    def nbytes(n: int) -> int:
        return of_table + _bytes_per_mask(n, n_active, is_compiled)

    check_register("n_neurons", cost.n_neurons, bytes_per_mask=nbytes, what="QAOA states")
    table, offset = centred_table(cost)
    if not is_compiled:
        return StagedAnsatz.of(table.costs, mixer, n_active), offset
    if mixer == "x":
        return CompiledX(table.costs), offset
    return CompiledSubspace.of(table.costs, mixer, n_active), offset


def _bytes_per_mask(n: int, n_active: int | None, is_compiled: bool) -> int:
    """Of each of 2^n masks; with `n_active`, for the table, the result, and C(n, n_active) more."""
    if n_active is None:
        return _COMPILED_BYTES if is_compiled else _STAGED_BYTES
    # the support, its costs, and states; in NumPy the pairs of n edges too
    of_each, of_all = (48, 17) if is_compiled else (128 + 4 * n, 24)
    return of_all + -(-of_each * comb(n, n_active) // 2**n)
