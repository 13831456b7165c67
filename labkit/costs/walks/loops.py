"""Of each state of a compiled walk: what a flip would cost, and the flip.

But for two sums, without fast mathematics: sums are corrected for what rounding left over (Kahan
1965). Numba's cache does not see a change in another file: after one here or in `states`, remove it
(`make clean`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import overload, register_jitable

from labkit.compiling import compile_loop
from labkit.costs.walks.exponentials import exp_of_margins, exp_of_negative
from labkit.costs.walks.states import Fields, Outputs, Places, Units

compiled = compile_loop()
#: For a sum of one sign, in whatever order is fastest.
summed_freely = compile_loop(fastmath={"reassoc", "contract"})

#: A product of so many factors of 1..2 does not overflow, nor one up to this of a few classes.
_FACTORS, _LARGE = 512, 1e200


def after(state: Any, neuron: int) -> float:
    """The cost with one more flip; `move` makes it, which leads to the cost given."""
    raise NotImplementedError


def move(state: Any, neuron: int, cost: float) -> None:
    """See `after`."""
    raise NotImplementedError


def flip(state: Any, neuron: int) -> None:
    """A flip, to whatever cost it leads."""
    raise NotImplementedError


def row_of(state: Any, neuron: int) -> tuple[Any, float]:
    """What a flip adds to the outputs of a network, and its sign."""
    raise NotImplementedError


@overload(flip)
def _flip(state: Any, neuron: Any) -> Any:
    return _flip_of_outputs if state.instance_class in (Outputs, Units) else _flip_of_terms


@overload(after, inline="always")
def _after(state: Any, neuron: Any) -> Any:
    of = {Fields: _after_of_fields, Places: _after_of_places}
    return of.get(state.instance_class, _after_of_outputs)


@overload(move)
def _move(state: Any, neuron: Any, cost: Any) -> Any:
    of = {Fields: _move_in_fields, Places: _move_in_places}
    return of.get(state.instance_class, _move_in_outputs)


@overload(row_of, inline="always")
def _row_of(state: Any, neuron: Any) -> Any:
    return _row_of_units if state.instance_class is Units else _row_of_outputs


@register_jitable
def _add(total: Any, change: float) -> None:
    """total[0] += change, with what rounding leaves over in total[1]."""
    change -= total[1]
    added = total[0] + change
    total[1] = (added - total[0]) - change
    total[0] = added


# A polynomial


@register_jitable
def _sign(state: Any, neuron: int) -> float:
    """z = 1 - 2 m."""
    return -1.0 if state.kept[neuron] else 1.0


def _after_of_fields(state: Any, neuron: Any) -> Any:
    return state.total[0] - (state.total[1] + 2 * _sign(state, neuron) * state.fields[neuron])


@register_jitable
def _subtract(fields: Any, factor: float, values: Any) -> None:
    for k in range(len(fields)):
        fields[k] -= factor * values[k]


def _move_in_fields(state: Any, neuron: Any, cost: Any) -> Any:
    fields, pairs, twice = state.fields, state.pairs, 2 * _sign(state, neuron)
    _add(state.total, -twice * fields[neuron])
    first, last = pairs.starts[neuron], pairs.starts[neuron + 1]
    if last - first == len(fields) - 1:  # all others, in order
        _subtract(fields[:neuron], twice, pairs.values[first : first + neuron])
        _subtract(fields[neuron + 1 :], twice, pairs.values[first + neuron : last])
    else:
        for p in range(first, last):
            fields[pairs.items[p]] -= twice * pairs.values[p]
    for r in range(state.readers.starts[neuron], state.readers.starts[neuron + 1]):
        term = state.readers.items[r]
        product = state.products[term]
        state.products[term] = -product
        for m in range(state.members.starts[term], state.members.starts[term + 1]):
            other = state.members.items[m]
            if other != neuron:
                fields[other] -= 2 * product * _sign(state, other)
    state.kept[neuron] ^= True


# A sum of small tables


@register_jitable
def _change_of_places(state: Any, neuron: int, step: bool) -> float:
    """What a flip adds to the cost; `step`: and the places after it."""
    readers, change = state.readers, 0.0
    for r in range(readers.starts[neuron], readers.starts[neuron + 1]):
        term, worth = readers.items[r], np.int64(readers.values[r])
        here = state.places[term]
        there = here - worth if state.kept[neuron] else here + worth
        change += state.values[there] - state.values[here]
        if step:
            state.places[term] = there
    return change


def _after_of_places(state: Any, neuron: Any) -> Any:
    return state.total[0] - (state.total[1] - _change_of_places(state, neuron, False))


def _move_in_places(state: Any, neuron: Any, cost: Any) -> Any:
    _add(state.total, _change_of_places(state, neuron, True))
    state.kept[neuron] ^= True


# A network


def _row_of_units(state: Any, neuron: Any) -> Any:
    """What a flip adds to the outputs, a unit times what each reads of it, and its sign."""
    unit, shares, n = state.units[neuron], state.readout[neuron], state.n_outputs
    for s in range(len(unit)):
        for c in range(n):
            state.change[s * n + c] = unit[s] * shares[c]
    return state.change, -1.0 if state.kept[neuron] else 1.0


def _row_of_outputs(state: Any, neuron: Any) -> Any:
    """What a flip adds to the outputs, and its sign: a neuron's row, or one pattern for another."""
    kept, width = state.kept, state.width
    if width == 0:
        return state.rows[neuron], -1.0 if kept[neuron] else 1.0
    unit, pattern = neuron // width, 0
    for j in range(unit * width, (unit + 1) * width):
        pattern = 2 * pattern + kept[j]
    first, worth = unit << width, 1 << (width - 1 - neuron % width)
    there, here = state.rows[first + (pattern ^ worth)], state.rows[first + pattern]
    for i in range(len(here)):
        state.change[i] = there[i] - here[i]
    return state.change, 1.0


def _after_of_outputs(state: Any, neuron: Any) -> Any:
    row, sign = row_of(state, neuron)
    return _loss(state, row, sign)


def _move_in_outputs(state: Any, neuron: Any, cost: Any) -> Any:
    row, sign = row_of(state, neuron)
    for i in range(len(row)):
        state.outputs[i] += sign * row[i]
    state.kept[neuron] ^= True
    state.total[0] = cost


def _flip_of_outputs(state: Any, neuron: Any) -> Any:
    move(state, neuron, after(state, neuron))


def _flip_of_terms(state: Any, neuron: Any) -> Any:
    move(state, neuron, 0.0)  # the cost follows from what it changes


@register_jitable(inline="always")
def _loss(state: Any, row: Any, sign: float) -> float:
    """The cost of outputs f + sign * row."""
    if state.cost == 1:
        return _squared_error(state.outputs, state.targets, row, sign)
    if state.n_outputs > 1:
        entropy = state.cost == 0
        return _of_classes(state, row, sign) if entropy else _errors_of_classes(state, row, sign)
    return _cross_entropy(state, row, sign) if state.cost == 0 else _error_rate(state, row, sign)


@summed_freely
def _squared_error(f: Any, y: Any, row: Any, sign: float) -> float:
    """mean (f - y)^2."""
    summed = 0.0
    for i in range(len(f)):
        residual = f[i] + sign * row[i] - y[i]
        summed += residual * residual
    return summed / len(f)


@register_jitable
def _error_rate(state: Any, row: Any, sign: float) -> float:
    """mean [y f <= 0]."""
    f, y, errors = state.outputs, state.targets, 0
    for i in range(len(f)):
        errors += y[i] * (f[i] + sign * row[i]) <= state.rounding
    return errors / len(f)


@summed_freely
def _cross_entropy(state: Any, row: Any, sign: float) -> float:
    """mean log(1 + exp(-y f)) = mean max(-y f, 0) + log(1 + exp(-|y f|)).

    One logarithm is taken of a product of many 1 + exp(-|y f|), which are at most 2.
    """
    f, y, summed = state.outputs, state.targets, 0.0
    powers, fractions = state.powers, state.fractions
    exp_of_margins(f, row, sign, y, powers, fractions)
    for i in range(len(f)):
        summed += max(-(y[i] * (f[i] + sign * row[i])), 0.0)
    for start in range(0, len(f), _FACTORS):
        product = 1.0
        for i in range(start, min(start + _FACTORS, len(f))):
            product *= 1.0 + powers[i] * fractions[i]
        summed += math.log(product)
    return summed / len(f)


@register_jitable
def _errors_of_classes(state: Any, row: Any, sign: float) -> float:
    """mean [f_label <= the largest of the others]."""
    f, y, n, errors = state.outputs, state.targets, state.n_outputs, 0
    for start in range(0, len(f), n):
        of_label, largest = 0.0, -np.inf
        for i in range(start, start + n):
            output = f[i] + sign * row[i]
            if y[i] > 0:
                of_label = output
            else:
                largest = max(largest, output)
        errors += of_label - largest <= state.rounding
    return errors * n / len(f)


@register_jitable
def _of_classes(state: Any, row: Any, sign: float) -> float:
    """mean log sum_c exp(f_c - f_label) = mean top - f_label + log sum_c exp(f_c - top)."""
    f, y, n, summed, product = state.outputs, state.targets, state.n_outputs, 0.0, 1.0
    powers, fractions = state.powers, state.fractions
    for start in range(0, len(f), n):
        top, of_label = -np.inf, 0.0
        for i in range(start, start + n):
            powers[i] = output = f[i] + sign * row[i]
            top = max(top, output)
            of_label += output if y[i] > 0 else 0.0
        for i in range(start, start + n):
            powers[i] -= top
        summed += top - of_label
    exp_of_negative(powers, fractions)
    for start in range(0, len(f), n):
        factor = 0.0
        for i in range(start, start + n):
            factor += powers[i] * fractions[i]
        product *= factor
        if product > _LARGE:
            summed += math.log(product)
            product = 1.0
    return (summed + math.log(product)) * n / len(f)


@compiled
def add_up(state: Any) -> None:
    """Adds what the mask keeps to the outputs, and states the cost."""
    f, rows, width = state.outputs, state.rows, max(state.width, 1)
    for unit in range(len(state.kept) // width):
        place = unit
        if state.width > 0:
            for j in range(unit * width, (unit + 1) * width):
                place = 2 * place + state.kept[j]
        elif not state.kept[unit]:
            continue
        for i in range(len(f)):
            f[i] += rows[place, i]
    state.total[0] = _loss(state, rows[0], 0.0)


@compiled
def add_up_units(state: Any) -> None:
    """Adds what the outputs read of the units that the mask keeps, and states the cost."""
    f = state.outputs
    for neuron in range(len(state.kept)):
        if state.kept[neuron]:
            row, _ = row_of(state, neuron)
            for i in range(len(f)):
                f[i] += row[i]
    state.total[0] = _loss(state, f, 0.0)
