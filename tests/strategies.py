"""What property tests draw: masks, tables, marked sets, and values of a wrong kind."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from labkit.costs import CostTable

mask_strings = st.text("01", min_size=1, max_size=40)

#: Nothing here is an integer; True is one to Python, but not to labkit.
non_integers = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(0, 3), max_size=2),
)


def marked_sets(max_n: int) -> st.SearchStrategy[tuple[int, list[int]]]:
    """(n, marked indices): at least one of the 2^n masks."""
    return st.integers(1, max_n).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.integers(0, 2**n - 1), min_size=1, unique=True))
    )


@st.composite
def cost_tables(draw: st.DrawFn, max_n: int = 6) -> CostTable:
    """Tables of whole and half costs, so that many of them tie."""
    n = draw(st.integers(1, max_n))
    costs = draw(st.lists(st.integers(0, 12), min_size=2**n, max_size=2**n))
    return CostTable(np.array(costs) / 2, n)


#: Random generators, each from its own seed.
generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)
