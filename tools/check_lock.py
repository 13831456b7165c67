"""Whether both locks can be installed, from wheels alone, on every platform and Python of the lab.

usage: python tools/check_lock.py

Asks the package index for each; nothing is installed.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from labkit.platforms import PYTHONS as SUPPORTED

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-apple-darwin", "x86_64-pc-windows-msvc")
PYTHONS = [f"3.{minor}" for minor in range(SUPPORTED[0][1], SUPPORTED[1][1] + 1)]
MACOS = {"MACOSX_DEPLOYMENT_TARGET": "14.0"}


def find_fault(lock: str, platform: str, python: str) -> str | None:
    """Return why a lock cannot be installed in a place; None where it can.

    Args:
        lock: Name of the file.
        platform: As uv names it.
        python: Such as "3.13".
    """
    with tempfile.TemporaryDirectory() as empty:
        command = [
            *(sys.executable, "-m", "uv", "pip", "install", "--no-config", "--dry-run", "--quiet"),
            *("--target", empty, "--python-version", python, "--python-platform", platform),
            *("--only-binary", ":all:", "--no-deps", "--require-hashes", "-r", lock),
        ]
        environment = {**os.environ, **MACOS}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return done.stderr if done.returncode else None


def main() -> int:
    """Say for each place whether both locks hold; return how many do not."""
    faults = 0
    for lock, platform, python in itertools.product(LOCKS, PLATFORMS, PYTHONS):
        why = find_fault(lock, platform, python)
        print(f"{'--' if why else 'ok'}  {lock}, {platform}, Python {python}", flush=True)
        if why:
            print(why)
            faults += 1
    return faults


if __name__ == "__main__":
    sys.exit(main())
