"""What is refused, and that a refusal says the argument, its value and the limit in one line."""

from __future__ import annotations

import math
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
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
    cgroups,
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


@dataclass
class Groups:
    """Control groups of a process, as files in a folder."""

    folder: Path

    def mount(
        self, version: int, *, controllers: str = "memory", root: str = "/", own: str = "/"
    ) -> None:
        """A tree of groups of which the process is in `own`, and `root` is the top that is seen."""
        proc, at = self.folder / "proc", self.folder / controllers
        proc.mkdir(exist_ok=True)
        kind = "cgroup cgroup rw," + controllers if version == 1 else "cgroup2 cgroup2 rw"
        with (proc / "mountinfo").open("a") as file:
            file.write(f"35 31 0:32 {root} {str(at).replace(' ', chr(92) + '040')} rw - {kind}\n")
        with (proc / "cgroup").open("a") as file:
            file.write(f"4:{controllers}:{own}\n" if version == 1 else f"0::{own}\n")

    def write(self, group: str, *, controllers: str = "memory", **files: str) -> None:
        """Files of a group; `memory_max` is memory.max."""
        at = self.folder / controllers / group
        at.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            at.joinpath(name.replace("_", ".", 1)).write_text(f"{text}\n")


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Groups:
    """The control groups of a machine with 10 GiB free and 6 cores; at first there are none."""
    monkeypatch.setattr(cgroups, "_PROC", tmp_path / "of groups" / "proc")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10 * GIB))
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: range(6), raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    (tmp_path / "of groups").mkdir()
    return Groups(tmp_path / "of groups")


def write_memory(
    groups: Groups, version: int, group: str, limit: str, used: int, **stat: int
) -> None:
    """Of a group its limit, the bytes that are used, and counters of `memory.stat`."""
    names = ("memory_limit_in_bytes", "memory_usage_in_bytes")
    names = names if version == 1 else ("memory_max", "memory_current")
    lines = "\n".join(f"{name} {value}" for name, value in stat.items())
    groups.write(group, **dict(zip(names, (limit, str(used)), strict=True)), memory_stat=lines)


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


def test_a_fifth_of_the_free_memory_is_left_alone(groups: Groups) -> None:
    assert memory_limit() == 8 * GIB


@pytest.mark.parametrize("version", [1, 2])
def test_a_container_with_less_memory_than_the_machine_decides(
    groups: Groups, version: int
) -> None:
    groups.mount(version)
    write_memory(groups, version, ".", str(6 * GIB), GIB)
    assert memory_limit() == 4 * GIB


@pytest.mark.parametrize(("version", "text"), [(2, "max"), (1, str(2**63 - 4096)), (1, "-1")])
def test_a_container_without_a_limit_does_not_matter(
    groups: Groups, version: int, text: str
) -> None:
    groups.mount(version)
    write_memory(groups, version, ".", text, GIB)
    assert memory_limit() == 8 * GIB


@pytest.mark.parametrize("version", [1, 2])
def test_files_in_the_page_cache_count_as_free(groups: Groups, version: int) -> None:
    groups.mount(version)
    total = "total_" if version == 1 else ""
    stat = {f"{total}inactive_file": 2 * GIB, f"{total}active_file": GIB, "anon": GIB}
    write_memory(groups, version, ".", str(6 * GIB), 4 * GIB + 100, **stat)
    assert memory_limit() == int(0.8 * (5 * GIB - 100))


@pytest.mark.parametrize("version", [1, 2])
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 4))
def test_of_nested_groups_the_tightest_on_the_way_up_counts(
    version: int, sizes: list[int], elsewhere: int
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        groups = Groups(Path(folder))
        patch.setattr(cgroups, "_PROC", groups.folder / "proc")
        patch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10 * GIB))
        names = [f"group {depth}" for depth in range(len(sizes))]
        groups.mount(version, own="/" + "/".join(names))
        for depth, size in enumerate(sizes):
            write_memory(groups, version, "/".join(names[: depth + 1]), str(size * GIB), 0)
        write_memory(groups, version, f"another {elsewhere}", "1", 0)
        assert memory_limit() == int(0.8 * min(sizes) * GIB)


@pytest.mark.parametrize(
    ("root", "own", "group"),
    [
        ("/docker/ab", "/docker/ab", "."),  # a container sees its own group as the top
        ("/docker/ab", "/docker/ab/job 7", "job 7"),
        ("/docker/ab", "/another", "."),
        ("/", "/../outside", "."),  # in a namespace of its own
    ],
)
def test_a_group_is_found_from_the_one_that_is_mounted(
    groups: Groups, root: str, own: str, group: str
) -> None:
    groups.mount(1, root=root, own=own)
    write_memory(groups, 1, group, str(2 * GIB), GIB)
    assert memory_limit() == int(0.8 * GIB)


def test_the_trees_of_both_versions_are_looked_through(groups: Groups) -> None:
    groups.mount(2, controllers="unified")
    groups.mount(1, controllers="cpu,cpuacct", own="/jobs")
    groups.mount(1, controllers="memory", own="/jobs/7")
    write_memory(groups, 1, "jobs", str(GIB), 0)
    assert memory_limit() == int(0.8 * GIB)


def test_a_group_that_is_over_its_limit_leaves_nothing(groups: Groups) -> None:
    groups.mount(2)
    write_memory(groups, 2, ".", str(GIB), 2 * GIB)
    assert memory_limit() == 0


@pytest.mark.parametrize(
    ("version", "texts", "cores"),
    [
        (2, [], 6),
        (2, ["max 100000"], 6),
        (2, ["250000 100000"], 3),
        (2, ["1000 100000"], 1),
        (2, ["9900000 100000"], 6),
        (1, ["-1", "100000"], 6),
        (1, ["200000", "100000"], 2),
    ],
)
@pytest.mark.parametrize("group", [".", "jobs", "jobs/7"])
def test_a_group_with_fewer_cores_than_the_machine_decides(
    groups: Groups, version: int, texts: list[str], cores: int, group: str
) -> None:
    groups.mount(version, controllers="cpu", own="/jobs/7")
    names = ["cpu_max"] if version == 2 else ["cpu_cfs_quota_us", "cpu_cfs_period_us"]
    groups.write(group, controllers="cpu", **dict(zip(names, texts, strict=False)))
    assert core_limit() == cores


def test_a_register_is_refused_from_the_first_size_that_does_not_fit(
    groups: Groups,
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


def test_memory_is_granted_up_to_the_limit_inclusive(groups: Groups) -> None:
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
