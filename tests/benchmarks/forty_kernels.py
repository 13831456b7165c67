"""What a class of 40 kernels needs: `python tests/benchmarks/forty_kernels.py [--quick]`.

Each lesson is run from top to bottom by 40 Jupyter kernels that start within a minute, and one of
them by 40 that start at once. What was measured is written to docs/class_load.json, and its tables
to docs/teaching.md. With --quick four kernels run the first lesson, and nothing is written.
"""

from __future__ import annotations

import asyncio
import json
import math
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]

from benchmarks.kernel_class import Load, check_fits, measure
from benchmarks.rendering import Lines, render_table
from labkit.course.registry import BY_NUMBER
from labkit.limits import TooLargeError, core_limit

KERNELS = 40
MINUTE = 60
LESSONS = ("00", "01", "03", "07", "12")
#: What is measured: a lesson, and the seconds over which all start.
PLAN = (*((lesson, MINUTE) for lesson in LESSONS), (LESSONS[0], 0))
QUICK_KERNELS, QUICK_SECONDS = 4, 2
#: MiB of a student's Jupyter server, as in docs/teaching.md.
SERVER = 150
CORES = (2, 4, 8, 16)
STORED = ROOT / "docs" / "class_load.json"
PAGE = ROOT / "docs" / "teaching.md"
BEGIN, END = "<!-- class load -->", "<!-- /class load -->"


@dataclass(frozen=True)
class Machine:
    """Where it was measured: what the kernels could use of it."""

    cores: int
    memory_gib: float
    python: str
    system: str


def this_machine() -> Machine:
    """The machine that this runs on."""
    gib = round(psutil.virtual_memory().total / 2**30, 1)
    system = f"{platform.system()} {platform.machine()}"
    return Machine(core_limit(), gib, platform.python_version(), system)


def write(machine: Machine, loads: Sequence[Load]) -> None:
    """Stores what was measured, and puts its tables into the page."""
    stored = {"machine": asdict(machine), "loads": [asdict(load) for load in loads]}
    STORED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    page = PAGE.read_text("utf-8")
    between = f"{BEGIN}\n\n{render(machine, loads)}\n{END}"
    page = re.sub(f"{BEGIN}.*?{END}", lambda _: between, page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")


def read_stored() -> tuple[Machine, list[Load]]:
    """What was measured last."""
    stored = json.loads(STORED.read_text("utf-8"))
    return Machine(**stored["machine"]), [Load(**load) for load in stored["loads"]]


def render(machine: Machine, loads: Sequence[Load]) -> str:
    """Two tables: what was measured, and what a machine for a class needs by it."""
    where = f"{machine.cores} cores, {machine.memory_gib} GiB"
    head = f"Measured on {where} ({machine.system}, Python {machine.python}):"
    steady = [load for load in loads if load.spread]
    then = f"By that, for {KERNELS} students who start within a minute:"
    return "\n".join(
        [f"{head}\n", render_table(measured_lines(loads)), f"{then}\n", render_table(needs(steady))]
    )


def measured_lines(loads: Sequence[Load]) -> Lines:
    """What was measured, a line for each lesson and way to start."""
    heading = ["lesson, kernels", "started", "memory of all, GiB", "shared counted for each, GiB"]
    heading += ["private to each, MiB", "first picture, s: alone", "median", "last"]
    lines = [[*heading, "lesson's end, s: median", "last", "cores of others"]]
    for load in loads:
        each = f"one in {load.spread / load.kernels:.2g} s" if load.spread else "at once"
        memory = [f"{mib / 1024:.1f}" for mib in (load.memory_mib, load.resident_mib)]
        seconds = [load.picture_alone, load.picture, load.picture_worst, load.end, load.end_worst]
        cells = [*memory, str(load.private_mib), *map(str, seconds), str(load.others)]
        lines.append([f"{load.lesson}, {groups_in_words(load)}", each, *cells])
    return lines


def groups_in_words(load: Load) -> str:
    """How many kernels; where memory forbade all together, in what groups."""
    if load.together == load.kernels:
        return str(load.kernels)
    return f"{load.together} together of {load.kernels}"


def needs(loads: Sequence[Load]) -> Lines:
    """What a machine needs: memory with a server for each, and cores."""
    work = [f"on {cores} cores, s" for cores in CORES]
    heading = ["lesson", "memory with servers, GiB", "CPU s: to the picture", "to the end"]
    heading += ["more in a new account", f"all {KERNELS} lessons {work[0]}", *work[1:]]
    lines = [[*heading, "cores that keep up"]]
    for load in loads:
        seconds = [math.ceil(KERNELS * load.cpu / cores) for cores in CORES]
        cpu = [load.cpu_picture, load.cpu, more_when_new(load)]
        cells = [math.ceil(memory_gib(load)), *cpu, *seconds, cores_that_keep_up(load)]
        lines.append([load.lesson, *map(str, cells)])
    return lines


def memory_gib(load: Load) -> float:
    """GiB for 40 kernels of a lesson, each with its server; kernels not measured are added."""
    kernels = load.memory_mib + (KERNELS - load.together) * load.private_mib
    return (kernels + KERNELS * SERVER) / 1024


def more_when_new(load: Load) -> float:
    """CPU seconds that a lesson takes once, in a new account."""
    return round(max(0.0, load.cpu_new - load.cpu_alone), 1)


def cores_that_keep_up(load: Load) -> int:
    """Cores that run 40 lessons in the minute in which they are started."""
    return math.ceil(KERNELS * load.cpu / MINUTE)


def main(arguments: Sequence[str]) -> int:
    """Measures, after all lessons were seen to fit; prints each, and writes all but --quick."""
    is_quick = "--quick" in arguments
    plan = [(LESSONS[0], QUICK_SECONDS)] if is_quick else PLAN
    if refusal := find_refusal([lesson for lesson, _ in plan]):
        print(refusal, file=sys.stderr)
        return 1
    loads: list[Load] = []
    for lesson, spread in plan:
        count = QUICK_KERNELS if is_quick else KERNELS
        loads.append(asyncio.run(measure(lesson, count, spread)))
        print(json.dumps(asdict(loads[-1])), flush=True)
    if not is_quick:
        write(this_machine(), loads)
    return 0


def find_refusal(lessons: Sequence[str]) -> str | None:
    """Why these lessons cannot be measured here, in one line; None if they can."""
    if not Path("/proc/self/smaps_rollup").exists():
        return "needs Linux, which says in /proc what processes share"
    for part in (BY_NUMBER[lesson].needs for lesson in lessons):
        if part and not part.is_installed():
            return part.line
    try:
        for lesson in lessons:
            check_fits(lesson)
    except TooLargeError as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
