"""Where walks stand: arrays that compiled loops read and change.

A polynomial cost(m) = sum_S c_S prod_{j in S} z_j, in which each neuron has the field
F_j = sum_{S with j} c_S prod of the other z: a flip of j takes 2 z_j F_j off the cost. A sum of
small tables, with a place in each. The outputs of a network, to which a flip adds a row of
contributions, or a hidden unit times what each output reads of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray

Integers = npt.NDArray[np.integer[Any]]  #: of whatever width
#: The costs of outputs that walks have a loop for, by their number in `Outputs`.
COSTS_OF_OUTPUTS = ("cross_entropy", "squared_error", "error_rate")


class Rows(NamedTuple):
    """Lists of different lengths, one after another: list i is from `starts[i]` to the next.

    Attributes:
        starts: intp (lists + 1,).
        owners: intp (entries,), the list that each item is in.
        items: int32 (entries,).
        values: float64 (entries,), of each item.
    """

    starts: IntArray
    owners: IntArray
    items: npt.NDArray[np.int32]
    values: FloatArray


class Fields(NamedTuple):
    """A polynomial at a mask.

    Attributes:
        kept: bool (n,), the mask.
        total: float64 (2,), the cost, and what rounding left over of it.
        fields: float64 (n,), F_j.
        products: float64 (terms,), c_S prod z of each term of more than two neurons.
        pairs: of each neuron the others that it has a coupling with, and the coupling.
        readers: of each neuron the terms of more than two neurons that it is in.
        members: of each such term its neurons.
    """

    kept: BoolArray
    total: FloatArray
    fields: FloatArray
    products: FloatArray
    pairs: Rows
    readers: Rows
    members: Rows


class Places(NamedTuple):
    """A sum of small tables at a mask.

    Attributes:
        kept: bool (n,), the mask.
        total: float64 (2,), the cost, and what rounding left over of it.
        places: intp (terms,), where in `values` each table is read.
        values: float64, all tables, one after another.
        readers: of each neuron the tables that it is in, and by how much it moves their place.
    """

    kept: BoolArray
    total: FloatArray
    places: IntArray
    values: FloatArray
    readers: Rows


class Outputs(NamedTuple):
    """A network of which a mask chooses what is added to the outputs, at a mask.

    Attributes:
        kept: bool (n,), the mask.
        total: float64 (2,), the cost, and 0.
        outputs: float64 (samples * C,), f, the outputs of one sample after another.
        change: float64 (samples * C,), room for what a flip adds.
        powers, fractions: float64 (samples * C,), room for exponentials.
        rows: float64 (rows, samples * C), what may be added: of each neuron; or of each unit each
            of its 2^width patterns.
        width: mask bits of a unit; 0 where each neuron is a row.
        targets: float64 (samples * C,), ±1, see `labkit.scoring.check_labels`.
        n_outputs: C.
        cost: its place in `COSTS_OF_OUTPUTS`.
        rounding: a margin up to this is 0.
    """

    kept: BoolArray
    total: FloatArray
    outputs: FloatArray
    change: FloatArray
    powers: FloatArray
    fractions: FloatArray
    rows: FloatArray
    width: int
    targets: FloatArray
    n_outputs: int
    cost: int
    rounding: float


class Units(NamedTuple):
    """A network of which a mask chooses hidden units that several outputs read, at a mask.

    Attributes:
        kept, total, outputs, change, powers, fractions: see `Outputs`.
        units: float64 (n, samples), of each neuron its hidden unit.
        readout: float64 (n, C), what each output takes of it.
        targets, n_outputs, cost, rounding: see `Outputs`.
    """

    kept: BoolArray
    total: FloatArray
    outputs: FloatArray
    change: FloatArray
    powers: FloatArray
    fractions: FloatArray
    units: FloatArray
    readout: FloatArray
    targets: FloatArray
    n_outputs: int
    cost: int
    rounding: float
