"""Measure labkit's engines beside their peers and write docs/benchmarks.md.

usage: python tools/bench.py [--quick] [PYTEST OPTION ...]

The peers are installed into .bench, once; the environment of the lock is left alone. All runs in
one process on one core with one thread; the lab book's benchmarks follow in another. With --quick
or options of pytest, such as -k grover, the page is test-results/benchmarks.md instead. A full run
also brings the README's summary up to date, where the README has the two lines that it stands
between.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / ".bench"
# not two levels below .git: Aer would take the repository for its own, and fail
SITE = BENCH / "lib" / "site"
STAMP = BENCH / "installed"
PEERS = ROOT / "tests" / "benchmarks" / "peers.txt"
PEERS_ALONE = PEERS.with_name("peers_alone.txt")
LOCK = ROOT / "requirements.lock"
SUMMARY_BEGIN, SUMMARY_END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
#: The first makes the page; the lab book is measured apart from what the peers leave in memory.
FILES = ("bench_engines.py", "bench_records.py", "bench_mitigation.py", "bench_lite.py")
NO_TESTS = 5  # pytest: the options leave none of a file's benchmarks
ONE_THREAD = {
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")},
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


def main(arguments: Sequence[str]) -> int:
    """Install the peers if need be, then run the benchmarks.

    Args:
        arguments: of the command line.

    Returns:
        The exit status of pytest.
    """
    is_quick = "--quick" in arguments
    rest = [argument for argument in arguments if argument != "--quick"]
    install_peers()
    stay_on_one_core()
    is_full = not is_quick and not rest
    page = ROOT / ("docs" if is_full else "test-results") / "benchmarks.md"
    environment = {
        **os.environ,
        **ONE_THREAD,
        "PYTHONPATH": str(SITE),
        "BENCH_SIZES": "quick" if is_quick else "full",
        "BENCH_PAGE": str(page),
    }
    before = page.stat().st_mtime_ns if page.exists() else None
    statuses = [
        subprocess.run(pytest_command(name, rest), cwd=ROOT, env=environment).returncode
        for name in FILES
    ]
    if page.exists() and page.stat().st_mtime_ns != before:
        print(f"Written to {page.relative_to(ROOT)}")
        if is_full:
            copy_summary(page, ROOT / "README.md")
    return max(0 if found == NO_TESTS else found for found in statuses)


def pytest_command(name: str, options: Sequence[str]) -> list[str]:
    """The command: pytest-benchmark switched on again, and files that `make test` passes over."""
    overridden = ["addopts=", "filterwarnings=ignore", "python_files=bench_*.py", "timeout=0"]
    settings = [word for line in overridden for word in ("-o", line)]
    file = (PEERS.parent / name).relative_to(ROOT).as_posix()
    return [
        sys.executable,
        "-m",
        "pytest",
        *settings,
        "--benchmark-columns=median",
        file,
        *options,
    ]


def install_peers() -> None:
    """Put the peers, with what they need at the versions of the lock, into .bench."""
    read = (path.read_bytes() for path in (PEERS, PEERS_ALONE, LOCK))
    digest = hashlib.sha256(b"".join(read)).hexdigest()
    if STAMP.exists() and STAMP.read_text() == digest:
        return
    print(f"Installing {PEERS.relative_to(ROOT)} into .bench (once: 600 MB)", flush=True)
    shutil.rmtree(BENCH, ignore_errors=True)
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode"]
    where = ["--python", sys.executable, "--target", str(SITE)]
    subprocess.run([*uv, *where, "-c", str(LOCK), "-r", str(PEERS)], check=True)
    subprocess.run([*uv, *where, "--no-deps", "-r", str(PEERS_ALONE)], check=True)
    STAMP.write_text(digest)


def find_summary(text: str) -> str | None:
    """What stands between the two lines that mark the summary, with them; None without them."""
    found = re.search(f"{SUMMARY_BEGIN}.*?{SUMMARY_END}", text, re.DOTALL)
    return found and found[0]


def copy_summary(page: Path, readme: Path) -> None:
    """Puts the page's summary in place of the README's, if both have one."""
    new, text = find_summary(page.read_text("utf-8")), readme.read_text("utf-8")
    old = find_summary(text)
    if new and old:
        readme.write_text(text.replace(old, new), encoding="utf-8")


def stay_on_one_core() -> None:
    """Keep this process and its children on one core, where the system can."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
