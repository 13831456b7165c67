"""QUBOs as costs: from mappings, matrices, models and files, with the names of their variables."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import dimod
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from dimod.serialization import coo
from hypothesis import given
from hypothesis import strategies as st

from labkit.costs import (
    CostTable,
    LocalCost,
    PauliZCost,
    from_dimod,
    penalised,
    to_binary_polynomial,
    to_bqm,
)
from labkit.costs.spectrum import truncate
from labkit.costs.tables import centred_table
from labkit.limits import TooLargeError
from labkit.masks import all_masks, mask_to_string
from labkit.selectors import dynamic_programming, exhaustive, run

#: Glover, Kochenberger and Du 2019, arXiv 1811.11538, section 2: the least value is -11, at 1001.
TUTORIAL = {
    (1, 1): -5, (2, 2): -3, (3, 3): -8, (4, 4): -6, (1, 2): 4, (1, 3): 8, (2, 3): 2, (3, 4): 10,
}  # fmt: skip
TUTORIAL_FILES = {
    "t.coo": "0 0 -5\n1 1 -3\n2 2 -8\n3 3 -6\n0 1 4\n0 2 8\n1 2 2\n2 3 10\n",
    "t.mtx": "%%MatrixMarket matrix coordinate real symmetric\n% lower half\n4 4 8\n"
    "1 1 -5\n2 2 -3\n3 3 -8\n4 4 -6\n2 1 2\n3 1 4\n3 2 1\n4 3 5\n",
    "general.mtx": "%%MatrixMarket matrix coordinate integer general\n4 4 8\n"
    "1 1 -5\n2 2 -3\n3 3 -8\n4 4 -6\n1 2 4\n1 3 8\n2 3 2\n3 4 10\n",
    "array.mtx": "%%MatrixMarket matrix array real general\n4 4\n"
    "-5\n0\n0\n0\n4\n-3\n0\n0\n8\n2\n-8\n0\n0\n0\n10\n-6\n",
    # what is maximised has the other sign, and each pair counts twice
    "bqp.txt": " 1 \n 4 8 \n 1 1 5 \n 1 2 -2\n1 3 -4\n2 2 3\n2 3 -1\n3 3 8\n3 4 -5\n4 4 6\n",
}
#: The same source, section 3.2: the largest cut is 5, of vertices 2 and 3 from the others.
GRAPH = "5 6\n1 2 1\n1 3 1\n2 4 1\n3 4 1\n3 5 1\n4 5 1\n"


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def by_definition(qubo: Mapping[Any, float], order: list[Any]) -> list[float]:
    """sum q x_i x_j, mask by mask."""
    place = {variable: j for j, variable in enumerate(order)}
    return [
        sum(q * mask[place[i]] * mask[place[j]] for (i, j), q in qubo.items())
        for mask in all_masks(len(order)).astype(int)
    ]


def refusal(error: type[Exception] | tuple[type[Exception], ...], *args: Any, **how: Any) -> str:
    with pytest.raises(error) as refused:
        PauliZCost.from_qubo(*args, **how)
    message = str(refused.value)
    assert "\n" not in message
    assert len(message) < 260
    return message


# Mappings and matrices


def test_the_tutorials_qubo_has_its_published_optimum_and_keeps_its_numbers() -> None:
    found = run(exhaustive, PauliZCost.from_qubo(TUTORIAL), rng=generator())
    assert (found.cost, found.mask_string, found.kept) == (-11, "1001", (1, 4))


def test_the_tutorials_partition_of_numbers_has_its_published_optimum() -> None:
    numbers = np.array([25, 7, 13, 31, 42, 17, 21, 10])
    matrix = np.outer(numbers, numbers) - np.diag(numbers * numbers.sum())
    table = PauliZCost.from_qubo(matrix).to_table()
    assert table.minimum == -6889
    assert float(table.evaluate("00011001")) == -6889


@given(st.dictionaries(st.tuples(*[st.sampled_from("abcd")] * 2), st.integers(-9, 9), min_size=1))
def test_pairs_both_ways_round_and_self_loops_cost_what_they_say(
    qubo: dict[tuple[str, str], int],
) -> None:
    order = [*dict.fromkeys(itertools.chain.from_iterable(qubo))]
    cost = PauliZCost.from_qubo(qubo)
    assert cost.names == tuple(order)
    np.testing.assert_allclose(cost.to_table().costs, by_definition(qubo, order), atol=1e-12)
    np.testing.assert_allclose(
        cost.to_table().costs,
        from_dimod(dimod.BQM.from_qubo(qubo), names=order).to_table().costs,
        atol=1e-12,
    )


@pytest.mark.parametrize("form", ["rows", "array", "csr", "coo", "frame"])
def test_a_matrix_costs_what_its_quadratic_form_says(form: str) -> None:
    rows = [[1, 2, 0], [-4, 0, 0.5], [0, 3, -1]]
    qubo: Any = {
        "rows": rows,
        "array": np.array(rows),
        "csr": scipy.sparse.csr_matrix(rows),
        "coo": scipy.sparse.coo_array(np.array(rows)),
        "frame": pd.DataFrame(rows, index=["a", "b", "c"], columns=["a", "b", "c"]),
    }[form]
    cost, x = PauliZCost.from_qubo(qubo), all_masks(3).astype(float)
    np.testing.assert_allclose(
        cost.to_table().costs, np.einsum("mi,ij,mj->m", x, np.array(rows), x), atol=1e-12
    )
    assert cost.names == (("a", "b", "c") if form == "frame" else None)


def test_names_are_kept_through_every_form_and_in_what_a_selection_shows() -> None:
    cost = PauliZCost.from_qubo({("age", "age"): -1.0, ("age", "<i>"): 2, ("<i>", "<i>"): -0.5})
    forms = (cost, cost.to_table(), cost.to_local(), cost.to_local().to_pauli_z())
    back = (from_dimod(to_bqm(cost)), from_dimod(to_binary_polynomial(cost), names=cost.names))
    for each in (*forms, PauliZCost.from_table(cost.to_table()), *back):
        assert each.names == ("age", "<i>")
        found = run(exhaustive, each, rng=generator())
        assert found.kept == ("age",)
        assert "kept=['age']" in repr(found)
        page = found._repr_html_()
        assert page is not None
        assert "<th>kept</th><td>age</td>" in page
        assert "<th>left out</th><td>&lt;i&gt;</td>" in page


def test_a_selection_without_names_is_shown_in_its_line_alone() -> None:
    found = run(exhaustive, CostTable(np.array([1.0, 0.0]), 1), rng=generator())
    assert (found.names, found.kept, found._repr_html_()) == (None, (0,), None)
    assert "kept" not in repr(found)


@pytest.mark.parametrize(
    ("qubo", "names"),
    [
        ({(0, 1): 1.0, (1, 2): 1.0}, None),
        ({(2, 1): 1.0, (3, 2): 1.0}, (1, 2, 3)),
        ({(np.int64(2), np.int32(1)): np.float32(1), (np.uint8(3), 2): 1}, (1, 2, 3)),
        ({("b", "a"): 1.0, ("c", "b"): 1.0}, ("b", "a", "c")),
        ({(np.str_("b"), "a"): 1.0}, ("b", "a")),
        ({(-1, 0): 1.0, (0, 7): 1.0}, (-1, 0, 7)),
        ({(("x", 1), ("x", 2)): 1.0}, (("x", 1), ("x", 2))),
    ],
)
def test_the_order_of_neurons_is_that_of_numbers_or_that_of_first_sight(
    qubo: Any, names: tuple[Hashable, ...] | None
) -> None:
    cost = PauliZCost.from_qubo(qubo)
    assert cost.names == names
    assert all(type(name) in (int, str, tuple) for name in cost.names or ())


def test_all_variables_may_be_named_those_in_no_term_too() -> None:
    cost = PauliZCost.from_qubo({(1, 4): 1.0}, names=[4, 9, 1])
    assert cost.names == (4, 9, 1)
    assert float(cost.evaluate("101")) == 1
    assert PauliZCost.from_qubo({(0, 2): 1.0}, names=range(4)).n_neurons == 4
    assert PauliZCost.from_qubo([[1.0, 0.0], [0.0, 0.0]], names=["a", "b"]).names == ("a", "b")


# What is refused


@pytest.mark.parametrize(
    ("qubo", "said"),
    [
        ({(0, 0): 1, (0, 2): 1}, "variable 1 in no term: give names=[0, 2] to leave it out"),
        ({(1, 1): 1, (1, 3): 1}, "variable 2 in no term"),
        ({(10, 20): 1}, "names=[10, 20] to leave it out, names=range(1, 21) to keep it"),
        ([[1, 0], [0, 0]], "variable 1 in no term: give names=range(0, 2) to keep it"),
        (pd.DataFrame([[1, 0], [0, 0]], ["a", "b"], ["a", "b"]), "variable 'b' in no term"),
    ],
)
def test_a_variable_in_no_term_is_named_with_what_to_do(qubo: Any, said: str) -> None:
    assert said in refusal(ValueError, qubo)


@given(
    st.dictionaries(
        st.tuples(*[st.integers(0, 3) | st.sampled_from([10**6, 2**70])] * 2),
        st.one_of(
            st.floats(), st.complex_numbers(), st.text(max_size=3), st.none(), st.integers(-3, 3)
        ),
        max_size=6,
    )
)
def test_a_qubo_is_a_cost_or_refused_in_one_line_before_memory_is_taken(
    qubo: dict[tuple[int, int], Any],
) -> None:
    tracemalloc.start()
    try:
        cost = PauliZCost.from_qubo(qubo)
    except (TypeError, ValueError) as error:
        message = str(error)
        assert "\n" not in message
        assert message.startswith("qubo")
    else:
        assert cost.n_neurons <= 5
        named = [*range(cost.n_neurons)] if cost.names is None else [*cost.names]
        expected = by_definition(qubo, named)
        np.testing.assert_allclose(cost.to_table().costs, expected, rtol=1e-9, atol=1e-300)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize(
    ("qubo", "said"),
    [
        ({(0, 1): 1j}, "qubo[(0, 1)]=1j is not a number"),
        ({(0, 1): np.complex64(1)}, "is not a number"),
        ({(0, 1): float("nan")}, "qubo[(0, 1)]=nan"),
        ({("a", "b"): -np.inf}, "qubo[('a', 'b')]=-inf is not finite"),
        ({0: 1.0}, "qubo has the key 0, no pair (i, j)"),
        ({(0, 1, 2): 1.0}, "no pair (i, j)"),
        ({"ab": 1.0}, "no pair (i, j)"),
        ({(float("nan"), 0): 1.0}, "variable nan"),
        ({}, "qubo is empty"),
        (np.array([[1j, 0], [0, 0]]), "is not an array of numbers"),
        (np.array([[np.nan, 0], [0, 0]]), "not finite"),
        ([[1, 2], [3]], "is not an array of numbers"),
        (np.ones((2, 3)), "shape (2, 3) (limit: a square matrix"),
        (np.ones((0, 0)), "shape (0, 0)"),
        (np.ones(3), "shape (3,)"),
        (pd.DataFrame([[1, 0], [0, 0]], columns=["a", "b"]), "rows named otherwise"),
        (5, "qubo=5 is no mapping of pairs, matrix or path"),
        (None, "qubo=None is no mapping"),
    ],
)
def test_what_is_no_qubo_is_refused_in_one_line(qubo: Any, said: str) -> None:
    assert said in refusal((TypeError, ValueError), qubo)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("ab", "names='ab' is not a sequence"),
        (3, "names=3 is not a sequence"),
        ([0], "names lacks the variable 1 of qubo (limit: all 2 of them)"),
        ([0, 1, 1], "names holds 1 twice"),
        ([0, 1, []], "not hashable"),
        ([], "names"),
    ],
)
def test_names_that_do_not_name_each_variable_once_are_refused(names: Any, said: str) -> None:
    assert said in refusal((TypeError, ValueError), {(0, 1): 1.0}, names=names)


def test_a_number_of_variables_that_no_memory_holds_is_refused_before_it_is_counted_out() -> None:
    message = refusal(TooLargeError, {(0, 10**12): 1.0}, names=range(10**12 + 1))
    assert message.startswith("n_neurons=1000000000001 needs")


def test_a_file_is_asked_for_its_form_and_nothing_else_is() -> None:
    assert "form='coo' of a qubo that is no file" in refusal(ValueError, {(0, 1): 1}, form="coo")
    assert "problem=1 of a qubo that is no file" in refusal(ValueError, {(0, 1): 1}, problem=1)


# dimod


def test_a_model_has_numpys_integers_numbers_from_one_and_names() -> None:
    edges = np.array([[0, 1], [1, 2], [0, 2]])
    cost = from_dimod(dimod.BinaryPolynomial({tuple(e): 1.0 for e in edges}, "SPIN"))
    assert {s: c for s, c in cost.terms.items() if c} == {(0, 1): 1, (0, 2): 1, (1, 2): 1}
    for labels in ((1, 2, 3), ("age", "income", "tenure"), (np.int64(1), np.int64(2), 3)):
        one, two, three = labels
        qubo = {(one, one): -1, (one, two): 2, (two, two): -1, (three, three): 0.5}
        cost = from_dimod(dimod.BQM.from_qubo(qubo))
        assert (cost.n_neurons, cost.names) == (3, labels)
        assert [*map(mask_to_string, cost.to_table().optimal_masks())] == ["010", "100"]


def test_a_models_named_variables_come_in_its_order_and_a_polynomials_sorted() -> None:
    model = dimod.BQM({"z": 1.0, "a": 0.0}, {}, 0.0, "BINARY")
    assert from_dimod(model).names == ("z", "a")
    polynomial = dimod.BinaryPolynomial({("z", "m", "a"): 1.0}, "BINARY")
    assert from_dimod(polynomial).names == ("a", "m", "z")


def test_a_model_that_skips_a_number_is_refused_unless_all_are_named() -> None:
    model = dimod.BQM({0: 1.0, 2: 0.0}, {}, 0.0, "BINARY")
    with pytest.raises(ValueError, match=r"^model has the variable 1 in no term: give names="):
        from_dimod(model)
    assert from_dimod(model, 3).names is None
    assert from_dimod(model, names=[0, 2]).names == (0, 2)
    with pytest.raises(ValueError, match="with names"):
        from_dimod(model, 3, names=[0, 2])


# Files


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(TUTORIAL_FILES))
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_each_form_of_file_gives_the_tutorials_costs(name: str, ends: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"" + TUTORIAL_FILES[name].replace("\n", ends).encode())
    cost = PauliZCost.from_qubo(path)
    expected = PauliZCost.from_qubo(TUTORIAL).to_table().costs
    np.testing.assert_allclose(cost.to_table().costs, expected, atol=1e-12)
    assert cost.names == (None if name == "t.coo" else (1, 2, 3, 4))
    assert PauliZCost.from_qubo(str(path)).to_table().minimum == -11


def test_a_graph_costs_minus_its_cut(tmp_path: Path) -> None:
    table = PauliZCost.from_qubo(write(tmp_path, "G0", GRAPH)).to_table()
    edges = [tuple(map(int, line.split()[:2])) for line in GRAPH.splitlines()[1:]]
    cuts = [sum(m[i - 1] != m[j - 1] for i, j in edges) for m in all_masks(5)]
    np.testing.assert_allclose(table.costs, -np.array(cuts), atol=1e-12)
    assert table.minimum == float(table.evaluate("01100")) == -5
    unweighted = "\n".join(line.rsplit(" ", 1)[0] for line in GRAPH.splitlines()[1:])
    same = PauliZCost.from_qubo(write(tmp_path, "g.txt", "# a graph\n5 6\n" + unweighted))
    np.testing.assert_allclose(same.to_table().costs, table.costs)


@pytest.mark.parametrize("vartype", ["BINARY", "SPIN"])
def test_what_dimod_writes_as_coordinates_comes_back(vartype: str, tmp_path: Path) -> None:
    model = dimod.BQM({0: -1.5, 1: 2, 2: 0.5}, {(0, 1): 1, (1, 2): -3}, 0.0, vartype)
    path = write(tmp_path, "model.txt", coo.dumps(model, vartype_header=True))
    np.testing.assert_allclose(
        PauliZCost.from_qubo(path).to_table().costs, from_dimod(model).to_table().costs, atol=1e-12
    )


def test_one_of_several_problems_is_asked_for_by_its_number(tmp_path: Path) -> None:
    path = write(tmp_path, "b.txt", "2\n1 1\n1 1 7\n" + TUTORIAL_FILES["bqp.txt"][4:])
    assert "holds 2 problems: give problem=1, ... or 2" in refusal(ValueError, path)
    assert PauliZCost.from_qubo(path, problem=1).to_table().minimum == -7
    assert PauliZCost.from_qubo(path, problem=2).to_table().minimum == -11
    assert "problem=3 is too large (limit: 2)" in refusal(ValueError, path, problem=3)


def test_a_byte_order_mark_and_exponents_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "b.coo", "\ufeff0 0 -1e-3\n0 1 2.5E1\n")
    costs = PauliZCost.from_qubo(path).to_table().costs
    np.testing.assert_allclose(costs, [0, 0, -0.001, 24.999], atol=1e-12)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.coo", "0 0\n", "line 1 has 2 words"),
        ("a.coo", "0 0 1\n\n0 x 1\n", "line 3: variable 'x' is not an integer"),
        ("a.coo", "0 -1 1\n", "line 1: variable=-1 is too small"),
        ("a.coo", "0 0 nan\n", "line 1: nan is not finite"),
        ("a.coo", "0 0 one\n", "line 1: 'one' is not a number"),
        ("a.coo", "0 2 1\n", "variable 1 in no term"),
        ("a.coo", f"0 {10**30} 1\n", "variable 1 in no term"),
        ("a.coo", "# vartype=TERNARY\n0 0 1\n", "vartype='TERNARY' is unknown"),
        ("a.coo", "", "qubo has no variable in any term"),
        ("a.txt", "3 2\n1 2 1\n2 3 1\n1 3 1\n", "3 lines `i j q` where 2 are announced"),
        ("a.txt", "3 2\n1 2 1\n2 4 1\n", "line 3: variable=4 is too large (limit: 3)"),
        ("a.txt", "3 2\n0 2 1\n2 1 1\n", "line 2: variable=0 is too small"),
        ("a.txt", "2 2\n1 2 1\n2 2 1\n", "an edge from 2 to itself"),
        ("a.txt", "3 1\n1 2 1\n", "variable 3 in no term: give names=range(1, 4) to keep it"),
        ("a.txt", f"{10**11} 1\n1 2 1\n", "variable 3 in no term"),
        ("a.txt", "1\n2\n", "line 2 is not `n entries`"),
        ("a.txt", "1\n", "the end is not `n entries`"),
        ("a.txt", "hello\n", "begins like none of the forms: give form="),
        ("a.mtx", "%%MatrixMarket matrix coordinate complex general\n1 1 1\n1 1 1 1\n", "complex"),
        ("a.mtx", "%%MatrixMarket matrix coordinate real general\n1 2 1\n1 1 1\n", "(1, 2)"),
        ("a.mtx", "%%MatrixMarket matrix coordinate real general\n2 2 1\n3 1 1\n", "Matrix Market"),
        ("a.mtx", "%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 nan\n", "not finite"),
        ("a.mtx", f"%%MatrixMarket matrix array real general\n{10**6} {10**6}\n1\n", "needs"),
        ("a.mtx", "not one\n", "Matrix Market"),
    ],
)
def test_a_line_that_does_not_read_is_named(
    name: str, text: str, said: str, tmp_path: Path
) -> None:
    path = write(tmp_path, name, text)
    message = refusal(ValueError, path)
    assert said in message
    assert message.startswith(str(path))


def test_a_folder_a_missing_file_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    refusal(OSError, tmp_path / "none.coo")
    refusal(OSError, tmp_path)
    (tmp_path / "a.coo").write_bytes(b"\xff\xfe0 0 1")
    assert "not text in UTF-8" in refusal(ValueError, tmp_path / "a.coo")
    path = write(tmp_path, "b.coo", "0 0 1\n")
    assert "form='qubo' is unknown" in refusal(ValueError, path, form="qubo")
    assert "problem=1 of a file of form 'coo'" in refusal(ValueError, path, problem=1)


def test_a_path_from_home_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    write(tmp_path, "a.coo", "0 0 1\n")
    assert PauliZCost.from_qubo("~/a.coo").n_neurons == 1


def test_names_stay_where_a_constant_is_kept_apart_or_terms_are_left_out() -> None:
    cost = PauliZCost.from_qubo({("a", "b"): 2.0, ("b", "b"): -1.0, ("a", "a"): 500.0})
    table = cost.to_table()
    far = CostTable(table.costs + 1e6, 2, cost.names)
    of_all: list[Any] = [
        cost.centred,
        table,
        far.centred,
        truncate(table, 1),
        penalised(table, 1, 2.0),
    ]
    of_all += [cost.to_local().centred, cost.to_local().to_pauli_z(), centred_table(cost)[0]]
    assert all(each.names == ("a", "b") for each in of_all)


# Local tables of a polynomial, and polynomials with few of many pairs


def test_a_short_range_polynomial_is_solved_by_dynamic_programming() -> None:
    rng = np.random.default_rng(3)
    terms = {(j, (j + 2) % 14): float(rng.normal()) for j in range(14)}
    cost = PauliZCost(terms | {(3,): 0.5, (): 1.0, (4, 5, 6): -0.7}, 14)
    local = cost.to_local()
    assert isinstance(local, LocalCost)
    np.testing.assert_allclose(local.to_table().costs, cost.to_table().costs, atol=1e-12)
    found = run(dynamic_programming, local, rng=rng)
    assert found.cost == pytest.approx(cost.to_table().minimum, abs=1e-12)


def test_a_polynomial_is_refused_by_dynamic_programming_with_the_way_to_take() -> None:
    cost = PauliZCost({(0, 1): 1.0}, 2)
    with pytest.raises(TypeError, match=r"take cost\.to_local\(\)$"):
        run(dynamic_programming, cost, rng=generator())


def test_a_polynomial_of_long_range_is_refused_by_its_range() -> None:
    pairs: Any = dict.fromkeys(itertools.pairwise(range(0, 300, 60)), 1.0) | {(7, 150): 1.0}
    with pytest.raises(TooLargeError, match=r"\(7, 150\) reads a range of 144 neighbours"):
        run(dynamic_programming, PauliZCost(pairs, 300).to_local(), rng=generator())


def test_a_term_of_many_neurons_has_no_small_table() -> None:
    with pytest.raises(TooLargeError, match="order=50"):
        PauliZCost({tuple(range(50)): 1.0}, 50).to_local()


def test_few_pairs_of_many_neurons_take_no_matrix_of_all() -> None:
    n, rng = 20_000, np.random.default_rng(0)
    edges = [tuple(rng.choice(n, 2, replace=False).tolist()) for _ in range(500)]
    cost = PauliZCost(dict.fromkeys(edges, 1.0), n)
    masks = rng.random((3, n)) < 0.5
    tracemalloc.start()
    try:
        costs = cost.evaluate(masks)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    z = 1 - 2 * masks.astype(int)
    expected = sum(c * z[:, i] * z[:, j] for (i, j), c in cost.terms.items())
    np.testing.assert_allclose(costs, expected)
    assert peak < 2**23
