"""The control groups that this process is in (Linux), and what they leave to it.

A limit may be set on any group on the way from the process up to the top: the nearest one counts.
Elsewhere there are none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc/self")
#: Files of a limit and of the use, by version; counters of pages that the kernel can take back.
_MEMORY = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    2: ("memory.max", "memory.current"),
}
_PAGE_CACHE = {
    1: ("total_inactive_file", "total_active_file"),
    2: ("inactive_file", "active_file"),
}
#: Microseconds of all cores that may be used, and the period in which they may.
_CPU = {1: ("cpu.cfs_quota_us", "cpu.cfs_period_us"), 2: ("cpu.max",)}


def free_memory() -> list[int]:
    """Bytes that each group with a limit leaves, at least 1.

    Files that were read or written stay in memory until it is wanted, and count as used; what of
    them can be given up is free.
    """
    found = []
    for group, version in _groups("memory"):
        limit, used = (_read_number(group / name) for name in _MEMORY[version])
        if limit is not None and used is not None:
            found.append(max(limit - max(used - _page_cache(group, version), 0), 1))
    return found


def core_quota() -> int | None:
    """Cores that all groups let this process use, rounded up; None where none has a limit."""
    quotas = []
    for group, version in _groups("cpu"):
        words = [word for name in _CPU[version] for word in _read_words(group / name)]
        if len(words) == 2 and all(word.isdigit() for word in words) and int(words[1]):
            quotas.append(math.ceil(int(words[0]) / int(words[1])))
    return min(quotas, default=None)


def _page_cache(group: Path, version: int) -> int:
    words = _read_words(group / "memory.stat")
    counters = dict(zip(words[::2], words[1::2], strict=False))
    return sum(int(counters.get(name, "0")) for name in _PAGE_CACHE[version])


def _groups(controller: str) -> Iterator[tuple[Path, int]]:
    """Folders of the groups with this controller, each up to the top, and their version, 1 or 2."""
    paths = _paths_by_controller()
    for root, mounted_at, controllers in _mounts():
        version = 1 if controllers else 2
        if version == 1 and controller not in controllers:
            continue
        path = paths.get(controller if version == 1 else "", "/")
        steps = _steps_below(path, root)
        for depth in range(len(steps), -1, -1):
            yield mounted_at.joinpath(*steps[:depth]), version


def _paths_by_controller() -> dict[str, str]:
    """The group of this process by controller, by '' in version 2; lines are 'id:cpu,memory:/a'."""
    paths: dict[str, str] = {}
    for line in _read_lines(_PROC / "cgroup"):
        _, controllers, path = line.split(":", 2)
        paths |= dict.fromkeys(controllers.split(","), path)
    return paths


def _mounts() -> Iterator[tuple[str, Path, set[str]]]:
    """Of each mounted tree of groups: the group that is its top, where it is, its controllers.

    Controllers are the options of a mount of version 1; of one of version 2 there are none.
    """
    for line in _read_lines(_PROC / "mountinfo"):
        before, _, after = line.partition(" - ")
        kind, _, options = (*after.split(" ", 2), "", "")[:3]
        if kind in ("cgroup", "cgroup2"):
            root, mounted_at = (_unescape(word) for word in before.split(" ")[3:5])
            yield root, Path(mounted_at), {*options.split(",")} if kind == "cgroup" else set()


def _steps_below(path: str, root: str) -> tuple[str, ...]:
    """The names on the way from the group that is mounted to one below it; none if it is not."""
    here, top = Path(path), Path(root)
    if ".." in here.parts or not here.is_relative_to(top):
        return ()
    return here.relative_to(top).parts


def _unescape(word: str) -> str:
    """A path in which the kernel wrote a space as an octal number."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), word)


def _read_number(path: Path) -> int | None:
    """The number in a file; None where there is no such file or it says 'max'."""
    words = _read_words(path)
    return int(words[0]) if len(words) == 1 and words[0].isdigit() else None


def _read_words(path: Path) -> list[str]:
    return " ".join(_read_lines(path)).split()


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
