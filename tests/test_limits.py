"""What is refused, and that a refusal says the argument, its value and the limit in one line."""

from __future__ import annotations

import math
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import limits
from labkit.limits import (
    TooLargeError,
    check_array,
    check_choice,
    check_count,
    check_integer,
    check_memory,
    check_positive,
    check_register,
    core_limit,
    format_bytes,
    memory_limit,
)
from labkit.masks import all_masks

GIB = 2**30


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine with 10 GiB free and no cgroup; `.limit` and `.usage` are its cgroup files."""
    files = SimpleNamespace(limit=tmp_path / "max", usage=tmp_path / "current")
    monkeypatch.setattr(limits, "_CGROUP_FILES", ((files.limit, files.usage),))
    free = SimpleNamespace(available=10 * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    return files


# Integers, choices, positive numbers


@given(st.integers(-5, 5), st.integers(0, 5))
def test_an_integer_passes_between_its_limits_inclusive(value: int, width: int) -> None:
    if 0 <= value <= width:
        assert check_integer("k", value, minimum=0, maximum=width) == value
    else:
        with pytest.raises(ValueError, match=rf"^k={value} is too .* \(limit: "):
            check_integer("k", value, minimum=0, maximum=width)


def test_an_integer_of_numpy_becomes_an_int() -> None:
    assert type(check_integer("k", np.int64(3), minimum=0)) is int


@pytest.mark.parametrize("value", [True, np.True_, 2.0, "2", None, [2], np.array([1, 2])])
def test_what_only_looks_like_an_integer_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^k=.* is not an integer"):
        check_integer("k", value, minimum=0)


def test_a_value_that_prints_on_many_lines_is_refused_in_one() -> None:
    table = np.zeros((3, 3))
    for refuse in (
        lambda: check_integer("k", table, minimum=0),
        lambda: check_choice("kind", table, ("a", "b")),
        lambda: check_positive("scale", table),
    ):
        with pytest.raises((TypeError, ValueError)) as refusal:
            refuse()
        assert "\n" not in str(refusal.value)


def test_an_unknown_choice_lists_the_known_ones() -> None:
    assert check_choice("kind", "a", ("a", "b")) == "a"
    with pytest.raises(ValueError, match=r"^kind='c' is unknown \(known: a, b\)$"):
        check_choice("kind", "c", ("a", "b"))


@given(st.floats())
def test_only_finite_numbers_above_zero_are_positive(value: float) -> None:
    if math.isfinite(value) and value > 0:
        assert check_positive("scale", value) == value
    else:
        with pytest.raises(ValueError, match=r"^scale=.* is not a finite number above 0$"):
            check_positive("scale", value)


# Memory


@pytest.mark.parametrize(
    ("nbytes", "text"),
    [
        (0, "0.0 B"),
        (1, "1.0 B"),
        (1023, "1,023.0 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (8 * 2**40, "8.0 TiB"),
        (2.0**63, "8.0 EiB"),
    ],
)
def test_bytes_are_written_in_binary_units(nbytes: float, text: str) -> None:
    assert format_bytes(nbytes) == text


def test_a_fifth_of_the_free_memory_is_left_alone(machine: SimpleNamespace) -> None:
    assert memory_limit() == 8 * GIB


def test_a_container_with_less_memory_than_the_machine_decides(machine: SimpleNamespace) -> None:
    machine.limit.write_text(f"{6 * GIB}\n")
    machine.usage.write_text(f"{1 * GIB}\n")
    assert memory_limit() == 4 * GIB


def test_a_container_without_a_limit_does_not_matter(machine: SimpleNamespace) -> None:
    machine.limit.write_text("max\n")
    machine.usage.write_text(f"{1 * GIB}\n")
    assert memory_limit() == 8 * GIB


@pytest.mark.parametrize(
    ("texts", "cores"),
    [
        ([], 6),
        (["max 100000"], 6),
        (["250000 100000"], 3),
        (["1000 100000"], 1),
        (["9900000 100000"], 6),
        (["-1\n", "100000\n"], 6),
        (["200000\n", "100000\n"], 2),
    ],
)
def test_a_container_with_fewer_cores_than_the_machine_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: list[str], cores: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: range(6), raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    files = [tmp_path / f"file_{number}" for number, _ in enumerate(texts or ["missing"])]
    for file, text in zip(files, texts, strict=False):
        file.write_text(text)
    monkeypatch.setattr(limits, "_CPU_FILES", (tuple(files),))
    assert core_limit() == cores


def test_a_register_is_refused_from_the_first_size_that_does_not_fit(
    machine: SimpleNamespace,
) -> None:
    assert check_register("n_qubits", 29, bytes_per_mask=16, what="the state vector") == 29
    with pytest.raises(TooLargeError) as refusal:
        check_register("n_qubits", 30, bytes_per_mask=16, what="the state vector")
    assert str(refusal.value) == (
        "n_qubits=30 needs 16.0 GiB for the state vector; "
        "8.0 GiB can be used here (limit: n_qubits=29)"
    )


def test_a_refusal_can_be_caught_as_a_bad_value_and_as_missing_memory() -> None:
    assert issubclass(TooLargeError, ValueError)
    assert issubclass(TooLargeError, MemoryError)


def test_memory_is_granted_up_to_the_limit_inclusive(machine: SimpleNamespace) -> None:
    check_memory("shots", 7, nbytes=memory_limit(), largest=7, what="the shots")
    with pytest.raises(TooLargeError, match=r"^shots=8 needs 8\.0 GiB for the shots; .*shots=7\)$"):
        check_memory("shots", 8, nbytes=memory_limit() + 1, largest=7, what="the shots")


def test_nothing_is_allocated_before_a_refusal() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            all_masks(40)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("n", [64, 1024, 5000])
def test_a_register_beyond_any_machine_is_refused_in_a_readable_line(n: int) -> None:
    with pytest.raises(TooLargeError, match=rf"^n_neurons={n} needs ") as refusal:
        check_register("n_neurons", n, bytes_per_mask=24, what="the cost table")
    assert len(str(refusal.value)) < 160


def test_the_limit_that_is_quoted_is_the_largest_that_is_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "memory_limit", lambda: 2**25)
    with pytest.raises(TooLargeError) as refusal:
        all_masks(40)
    quoted = int(str(refusal.value).rpartition("limit: n=")[2].rstrip(")"))
    all_masks(quoted)
    with pytest.raises(TooLargeError):
        all_masks(quoted + 1)


@pytest.mark.parametrize("bytes_each", [1, 8, 3 * 2**20])
def test_a_count_that_does_not_fit_is_refused_with_the_largest_that_does(
    monkeypatch: pytest.MonkeyPatch, bytes_each: int
) -> None:
    monkeypatch.setattr(limits, "memory_limit", lambda: 2**25)
    largest = 2**25 // bytes_each
    check_count("shots", largest, bytes_each=bytes_each, what="the shots")
    with pytest.raises(TooLargeError, match=rf"shots={largest + 1} .* \(limit: shots={largest}\)"):
        check_count("shots", largest + 1, bytes_each=bytes_each, what="the shots")


def test_a_small_count_is_granted_without_asking_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask() -> int:
        raise AssertionError("asked")

    monkeypatch.setattr(limits, "memory_limit", ask)
    check_count("shots", limits.ALWAYS_FITS // 8, bytes_each=8, what="the shots")
    with pytest.raises(AssertionError, match="asked"):
        check_count("shots", limits.ALWAYS_FITS // 8 + 1, bytes_each=8, what="the shots")


# Arrays


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (pd.DataFrame({"age": [1.0, np.nan]}), "finite: nan at row 1, column 'age'"),
        (pd.DataFrame({"age": [1, 2], "city": ["Rome", "Oslo"]}), "'Rome' at row 0, column 'city'"),
        (np.array([[0.0, np.inf]]), "finite: inf at row 0, column 1"),
        ([1.0, 2.0, np.nan], "finite: nan at 2"),
        (np.nan, "finite: nan"),
        (["yes", "no"], "not an array of numbers: 'yes' at 0"),
        ([[1], [1, 2]], "is not an array of numbers"),
    ],
)
def test_a_value_that_is_no_finite_number_is_named_with_its_place(value: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        check_array("x", value)
    assert str(caught.value).endswith(said) and str(caught.value).startswith("x")
    assert "\n" not in str(caught.value)
