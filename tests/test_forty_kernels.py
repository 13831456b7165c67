"""A class of kernels is measured as it runs, and refused in one line where it does not fit."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from benchmarks import forty_kernels
from benchmarks.kernel_class import Group, Load, Since, check_fits, group_sizes, summarise
from benchmarks.kernel_room import Room, Student, Watch, is_picture

from labkit.limits import TooLargeError, core_limit

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
MIB = 2**20
#: Holds 64 MiB, shares them with a child, and says when both are there.
_FORKS = """
import os, sys
held = bytearray(b"x") * 2**26
child = os.fork()
if child:
    print(child, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def forked() -> Iterator[tuple[psutil.Process, psutil.Process]]:
    """Two processes that share 64 MiB."""
    command = [sys.executable, "-c", _FORKS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout and parent.stdin
        child = psutil.Process(int(parent.stdout.readline()))
        yield psutil.Process(parent.pid), child
        parent.stdin.close()
        child.wait(60)


def load(**changes: float | str) -> Load:
    """A load of 40 kernels, half of them together."""
    given: dict[str, Any] = {"lesson": "07", "kernels": 40, "together": 20, "spread": 60.0}
    given |= {"memory_mib": 5120, "resident_mib": 8192, "private_mib": 200}
    given |= {"picture": 2.0, "picture_worst": 3.0, "picture_alone": 1.0, "end": 9.0}
    given |= {"end_worst": 20.0, "cpu_picture": 1.0, "cpu": 7.4, "cpu_new": 11.0}
    given |= {"cpu_alone": 6.8, "others": 0.1}
    return Load(**given | changes)


@needs_linux
def test_four_kernels_run_the_first_lesson(capsys: pytest.CaptureFixture[str]) -> None:
    before = forty_kernels.PAGE.read_bytes()
    assert forty_kernels.main(["--quick"]) == 0
    found = Load(**json.loads(capsys.readouterr().out))
    assert (found.lesson, found.kernels) == ("00", 4)
    assert 0 < found.picture <= found.picture_worst < found.end_worst
    assert found.picture < found.end <= found.end_worst
    assert 0 < found.cpu_picture < found.cpu < found.end_worst * core_limit()
    assert found.private_mib * found.together < found.memory_mib < found.resident_mib
    assert forty_kernels.PAGE.read_bytes() == before


@needs_linux
def test_memory_that_processes_share_is_counted_once(
    forked: tuple[psutil.Process, psutil.Process],
) -> None:
    watch = Watch(dict.fromkeys(forked, 0))
    watch.sample()
    assert 64 * MIB < watch.together < 96 * MIB
    assert watch.resident > 128 * MIB
    assert max(watch.private.values()) < 32 * MIB


@needs_linux
def test_a_peak_stays_when_memory_is_given_back(
    forked: tuple[psutil.Process, psutil.Process],
) -> None:
    watch = Watch(dict.fromkeys(forked, 2**40), together=2**41, resident=2**42)
    watch.sample()
    assert {*watch.private.values()} == {2**40}
    assert (watch.together, watch.resident) == (2**41, 2**42)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["1 / 0"], (RuntimeError, "ZeroDivisionError: division by zero")),
        (["import os", "os._exit(1)"], (psutil.NoSuchProcess, "process")),
    ],
    ids=["a cell raises", "a kernel dies"],
)
@needs_linux
def test_what_goes_wrong_in_a_kernel_ends_the_measurement(
    cells: list[str], why: tuple[type[Exception], str], tmp_path: Path
) -> None:
    async def come() -> None:
        async with AsyncExitStack() as kernels:
            await Room(cells, tmp_path, kernels).come([0])

    with pytest.raises(why[0], match=why[1]):
        asyncio.run(come())


def test_a_picture_is_a_png_or_an_image_in_html() -> None:
    def shown(**data: str) -> bool:
        return is_picture({"content": {"data": {k.replace("_", "/"): v for k, v in data.items()}}})

    assert shown(image_png="") and shown(text_html='<div><img alt="mask"></div>')
    assert not shown(text_html="<b>no picture</b>") and not is_picture({"content": {}})


@pytest.mark.parametrize("kernels", [1, 4, 40])
@pytest.mark.parametrize("fitting", [0, 1, 3, 7, 20, 39, 40, 100])
def test_groups_are_equal_fit_and_are_as_few_as_can_be(kernels: int, fitting: int) -> None:
    sizes = group_sizes(kernels, fitting)
    assert sum(sizes) == kernels and max(sizes) <= max(fitting, 1)
    assert max(sizes) - min(sizes) <= 1 and sizes == sorted(sizes, reverse=True)
    assert (len(sizes) - 1) * max(fitting, 1) < kernels


def test_what_does_not_fit_is_refused_in_a_line_before_a_kernel_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("labkit.limits.memory_limit", lambda: 2**30)
    check_fits("00")
    line = (
        r"kernels=2 needs 1\.\d GiB for lesson 01; 1\.0 GiB can be used here \(limit: kernels=1\)"
    )
    with pytest.raises(TooLargeError, match=f"^{line}$"):
        check_fits("01")

    def refuse(*_: object) -> None:
        raise AssertionError("a kernel is started")

    monkeypatch.setattr(forty_kernels, "measure", refuse)
    assert forty_kernels.main([]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_load_has_medians_and_worst_of_all_groups_and_memory_of_the_largest() -> None:
    students = [Student(float(k), 10.0 * k, 0.5 * k, 2.0 * k) for k in range(1, 6)]

    def watch(count: int, each: int) -> Watch:
        private: dict[Any, int] = {f"kernel {k}": each * MIB for k in range(count)}
        return Watch(private, together=count * 300 * MIB, resident=count * 400 * MIB)

    groups = [Group(students[:3], watch(3, 100), 0.2), Group(students[3:], watch(2, 110), 0.7)]
    found = summarise("03", 60.0, groups, new=students[4], alone=students[0])
    assert (found.kernels, found.together, found.spread) == (5, 3, 60.0)
    assert (found.memory_mib, found.resident_mib, found.private_mib) == (900, 1200, 100)
    assert (found.picture_alone, found.picture, found.picture_worst) == (1.0, 3.0, 5.0)
    assert (found.end, found.end_worst) == (30.0, 50.0)
    assert (found.cpu_picture, found.cpu, found.cpu_alone) == (1.5, 6.0, 2.0)
    assert (found.cpu_new, found.others) == (10.0, 0.7)


def test_a_machine_for_40_has_memory_for_their_servers_and_cores_for_a_minute() -> None:
    heading, cells = forty_kernels.needs([load()])
    row = dict(zip(heading, cells, strict=True))
    # 20 measured, 20 more of 200 MiB, 40 servers of 150 MiB: 15,120 MiB
    assert row["memory with servers, GiB"] == "15"
    assert row["CPU s: to the picture"] == "1.0" and row["lesson"] == "07"
    assert row["more in a new account"] == "4.2"
    # 296 CPU seconds
    assert [row[name] for name in heading if "cores, s" in name] == ["148", "74", "37", "19"]
    assert row["cores that keep up"] == "5"
    assert forty_kernels.needs([load(together=40)])[1][1] == "11"


def test_kernels_that_were_not_together_are_told() -> None:
    _, part, whole = forty_kernels.measured_lines([load(), load(together=40, spread=0.0)])
    assert part[:2] == ["07, 20 together of 40", "one in 1.5 s"]
    assert whole[:2] == ["07, 40", "at once"]


def test_others_are_what_the_kernels_and_this_process_did_not_take() -> None:
    since, now = Since(clock=10.0, busy=100.0, ours=1.0), Since(clock=30.0, busy=150.0, ours=3.0)
    # of 50 CPU seconds 2 here and 38 in kernels: 10 in 20 seconds
    assert since.cores_of_others(38.0, now) == 0.5
    assert since.cores_of_others(60.0, now) == 0.0
