"""Which walk begins at a mask: in compiled loops, or in NumPy where numba is missing."""

from __future__ import annotations

from labkit.arrays import BoolArray
from labkit.costs.walks.arrays import FieldsWalk, OutputsWalk, PlacesWalk
from labkit.costs.walks.building import Contributions, HiddenUnits, Polynomial, Tables
from labkit.costs.walks.compiled import CompiledWalk
from labkit.costs.walks.stateful import Maker, StatefulWalk
from labkit.platforms import can_compile

#: What walks in NumPy with the states of each maker.
ARRAY_WALKS: dict[type, type[FieldsWalk | PlacesWalk | OutputsWalk]] = {
    Polynomial: FieldsWalk,
    Tables: PlacesWalk,
    Contributions: OutputsWalk,
    HiddenUnits: OutputsWalk,
}


def start_walk(make_state: Maker, neuron_mask: BoolArray) -> StatefulWalk:
    """A walk with the states of a maker, from a mask bool (n,) on."""
    kind = CompiledWalk if can_compile() else ARRAY_WALKS[type(make_state)]
    return kind(make_state, neuron_mask)
