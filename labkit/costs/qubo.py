"""QUBOs as costs: variables of any name to neurons, and x_j = (1 - z_j) / 2 to signs."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from labkit.costs.names import Names, Neurons, check_names
from labkit.limits import check_array, check_count, check_finite, show_value

_BYTES_PER_ENTRY = 1500  # of a QUBO, in its mappings on the way to a polynomial
_BYTES_PER_NAME = 300
#: Terms by their variables, whatever these are called.
Polynomial = Mapping[tuple[Hashable, ...], float]
#: What a `PauliZCost` is made of: terms, n, and names.
Terms = tuple[dict[Neurons, float], int, Names]


@dataclass(frozen=True, eq=False)
class Qubo:
    """What is to be minimised, in the variables' own names.

    Attributes:
        terms: coefficients in signs: +1 where a variable is 0.
        declared: all variables in order, where it says which there are; None where they are those
            of the terms.
    """

    terms: Polynomial
    declared: Sequence[Hashable] | None = None


def read_object(qubo: Any) -> Qubo:
    """A mapping of pairs, or a square matrix."""
    return Qubo(to_signs(check_pairs(qubo))) if isinstance(qubo, Mapping) else _read_matrix(qubo)


def to_terms(argument: str, qubo: Qubo, names: Any) -> Terms:
    """A polynomial of named variables as one of neurons.

    Args:
        argument: the caller's name of the polynomial.
        qubo: the polynomial.
        names: of declared variables, in their order; or else all variables in the order of
            neurons. None for the variables as they are.

    Raises:
        ValueError: a variable is in no term, and no names are given; or they lack one.
    """
    used = dict.fromkeys(variable for term in qubo.terms for variable in term)
    if names is None:
        variables = in_order(used) if qubo.declared is None else qubo.declared
        _check_used(argument, variables, used, declared=qubo.declared is not None)
        names = variables
    elif not hasattr(names, "__len__"):
        raise TypeError(f"names={show_value(names)} is not a sequence of names")
    else:
        variables = names if qubo.declared is None else qubo.declared
    check_count("n_neurons", len(variables), bytes_each=_BYTES_PER_NAME, what="the variables")
    names = check_names(names, len(variables))
    if qubo.declared is None:
        variables = range(len(variables)) if names is None else names
    place = {variable: j for j, variable in enumerate(variables)}
    if left_out := [variable for variable in used if variable not in place]:
        given = f"names lacks the variable {show_value(left_out[0])} of {argument}"
        raise ValueError(f"{given} (limit: all {len(used)} of them)")
    terms = {tuple(place[variable] for variable in term): c for term, c in qubo.terms.items()}
    return terms, len(place), names


def to_signs(pairs: Mapping[Any, float]) -> Polynomial:
    """sum q x_i x_j in signs: x_i x_j = (1 - z_i - z_j + z_i z_j) / 4, x_i = (1 - z_i) / 2."""
    terms: dict[tuple[Hashable, ...], float] = {(): 0.0}

    def add(term: tuple[Hashable, ...], coefficient: float) -> None:
        terms[term] = terms.get(term, 0.0) + coefficient

    for (i, j), q in pairs.items():
        if i == j:
            add((), q / 2)
            add((i,), -q / 2)
            continue
        add((), q / 4)
        add((i,), -q / 4)
        add((j,), -q / 4)
        add((j, i) if (j, i) in terms else (i, j), q / 4)
    return terms


def check_pairs(qubo: Mapping[Any, Any]) -> dict[tuple[Hashable, Hashable], float]:
    """A mapping of pairs of variables to numbers; NumPy's integers are Python's."""
    check_count("len(qubo)", len(qubo), bytes_each=_BYTES_PER_ENTRY, what="its terms")
    pairs: dict[tuple[Hashable, Hashable], float] = {}
    for pair, q in qubo.items():
        if not isinstance(pair, tuple) or len(pair) != 2:
            given = f"qubo has the key {show_value(pair)}"
            raise TypeError(f"{given}, no pair (i, j) of variables; (j, j) is linear")
        key = (to_label(pair[0]), to_label(pair[1]))
        pairs[key] = pairs.get(key, 0.0) + check_finite(f"qubo[{show_value(key)}]", q)
    if not pairs:
        raise ValueError("qubo is empty (limit: 1 term or more)")
    return pairs


def to_label(variable: Any) -> Hashable:
    """A variable as Python has it: NumPy's numbers and text are their own type's."""
    label = variable.item() if isinstance(variable, np.generic) else variable
    if label != label:
        raise ValueError(f"qubo has the variable {show_value(variable)} (limit: equal to itself)")
    return label


def in_order(variables: Iterable[Hashable]) -> list[Hashable]:
    """Each once: integers by size, others as they are first met."""
    met = [*dict.fromkeys(variables)]
    return sorted(met) if all(map(_is_integer, met)) else met  # type: ignore[type-var]


def _check_used(
    argument: str, variables: Sequence[Hashable], used: Collection[Hashable], *, declared: bool
) -> None:
    """Refuses a variable that is in no term; of integers, also one that is skipped."""
    if not variables:
        raise ValueError(f"{argument} has no variable in any term (limit: 1 or more)")
    everything: Sequence[Hashable] = variables
    if not isinstance(variables, range):
        numbers = [variable for variable in variables if _is_integer(variable)]
        if len(numbers) == len(variables) and numbers[0] >= 0:
            everything = range(min(1, numbers[0]), numbers[-1] + 1)
    missing = next((variable for variable in everything if variable not in used), None)
    if missing is not None:
        said = f"{argument} has the variable {show_value(missing)} in no term"
        without = "" if declared else f"names={show_value(variables)} to leave it out, "
        raise ValueError(f"{said}: give {without}names={show_value(everything)} to keep it")


def _is_integer(variable: Any) -> TypeGuard[int]:
    return isinstance(variable, int) and not isinstance(variable, bool)


def _read_matrix(qubo: Any) -> Qubo:
    """x^T Q x of a square matrix: rows, an array, a sparse matrix or a pandas frame."""
    if not isinstance(qubo, list | tuple) and not {"__array__", "tocoo"} & {*dir(qubo)}:
        raise TypeError(f"qubo={show_value(qubo)} is no mapping of pairs, matrix or path")
    names = [*map(to_label, qubo.columns)] if hasattr(qubo, "columns") else None
    if names is not None and [*map(to_label, qubo.index)] != names:
        raise ValueError("qubo is a frame with rows named otherwise than columns (limit: the same)")
    matrix = qubo.tocoo() if hasattr(qubo, "tocoo") else check_array("qubo", qubo)
    if len(matrix.shape) != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.shape[0]:
        raise ValueError(f"qubo has shape {matrix.shape} (limit: a square matrix of numbers)")
    variables: Sequence[Hashable] = range(matrix.shape[0]) if names is None else names
    entries = entries_of(matrix).items()
    return Qubo(to_signs({(variables[i], variables[j]): q for (i, j), q in entries}), variables)


def entries_of(matrix: Any) -> dict[tuple[int, int], float]:
    """Those of a matrix, dense or in coordinates, that are not 0; equal places are added up."""
    if hasattr(matrix, "tocoo"):
        rows, columns, values = matrix.row, matrix.col, check_array("qubo", matrix.data)
    else:
        rows, columns = np.nonzero(matrix)
        values = matrix[rows, columns]
    check_count("entries of qubo", len(values), bytes_each=_BYTES_PER_ENTRY, what="its terms")
    entries: dict[tuple[int, int], float] = {}
    for i, j, q in zip(rows.tolist(), columns.tolist(), values.tolist(), strict=True):
        entries[i, j] = entries.get((i, j), 0.0) + q
    return entries
