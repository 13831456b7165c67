"""Install a lock and labkit into .venv, once.

usage: python tools/setup_venv.py requirements.lock | requirements-dev.lock

A stamp in .venv remembers what was installed: when it still holds, nothing is done. An
installation that was interrupted is begun again. Standard library only: it runs first of all.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # labkit is not installed yet, and its platforms need nothing
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
UNFINISHED = VENV / "unfinished"  # there while packages are being unpacked
LOG = VENV / "install.log"
CONTAINED = {
    "requirements.lock": ["requirements.lock"],
    "requirements-dev.lock": ["requirements-dev.lock", "requirements.lock"],
}
QUIET_LAB = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    }
}


class SetupError(Exception):
    """The environment cannot be made; the message says what to do."""


def main(lock_name: str) -> None:
    """Bring .venv up to date with a lock.

    Args:
        lock_name: `requirements.lock` or `requirements-dev.lock`.
    """
    with one_at_a_time():
        if is_current(lock_name):
            return
        check_python()
        create_venv()
        install(lock_name)
        quieten_lab()
        compile_loops()
        for name in CONTAINED[lock_name]:
            stamp(name).write_text(fingerprint(name))
        UNFINISHED.unlink(missing_ok=True)


def check_python() -> None:
    """Refuse a Python that no package exists for, and say what this one has to do without.

    Raises:
        SetupError: With the versions that serve.
    """
    from labkit.platforms import NEWEST_WHOLE, PYTHONS, missing_line

    version = sys.version_info[:2]
    least, most, whole = ("{}.{}".format(*pair) for pair in (*PYTHONS, NEWEST_WHOLE))
    if not PYTHONS[0] <= version <= PYTHONS[1]:
        raise SetupError(
            "This is Python {}.{}; the lab needs {} to {}: ".format(*version, least, most)
            + f"install {whole}, and on Windows name it: py -{whole} tools\\lab.py lab"
        )
    if line := missing_line():
        print(line, flush=True)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let a second call wait until the first has finished."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with Path(__file__).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def stamp(lock_name: str) -> Path:
    """Return the file that remembers what was installed from a lock."""
    return VENV / f"{lock_name}.installed"


def fingerprint(lock_name: str) -> str:
    """Return a digest of all that an installation depends on: place, Python, lock, metadata."""
    digest = hashlib.sha256(f"{ROOT} {sys.version_info[:2]}".encode())
    for name in (lock_name, "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def is_current(lock_name: str) -> bool:
    """Tell whether .venv holds what the lock asks for."""
    installed = stamp(lock_name)
    if UNFINISHED.exists() or not installed.exists():
        return False
    return installed.read_text() == fingerprint(lock_name)


def create_venv() -> None:
    """Make .venv if there is none, and make it anew if its installation was interrupted."""
    if UNFINISHED.exists():
        empty_venv()
    elif has_pip():
        check_version()
        return
    print(f"Creating .venv with Python {sys.version.split()[0]}", flush=True)
    VENV.mkdir(exist_ok=True)
    UNFINISHED.touch()
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", str(VENV)], check=True)


def empty_venv() -> None:
    """Remove all from .venv but the mark that it is unfinished, in case this is interrupted too."""
    for path in VENV.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != UNFINISHED:
            path.unlink()


def has_pip() -> bool:
    """Tell whether .venv has a Python that runs and a pip."""
    command = [str(VENV_PYTHON), "-m", "pip", "--version"]
    return VENV_PYTHON.exists() and subprocess.run(command, capture_output=True).returncode == 0


def check_version() -> None:
    """Refuse a .venv that was made with another Python than the one asked for.

    Raises:
        SetupError: With both versions.
    """
    command = [str(VENV_PYTHON), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    present = subprocess.check_output(command, text=True).strip()
    asked = "{}.{}".format(*sys.version_info[:2])
    if present != asked:
        raise SetupError(
            f".venv was made with Python {present}, and PYTHON is {asked}.\n"
            "Remove it with 'rm -rf .venv', then run make again."
        )


def install(lock_name: str) -> None:
    """Install the packages of a lock, then labkit, editable."""
    print(f"Installing {lock_name} into .venv (once: 1 to 3 GB, some minutes)", flush=True)
    with LOG.open("w", encoding="utf-8") as log:
        run_pip(log, "--no-deps", "--require-hashes", "-r", lock_name)  # a lock is complete
        run_pip(log, "--no-deps", "--no-build-isolation", "-e", ".")


def run_pip(log: IO[str], *arguments: str) -> None:
    """Run `pip install` in .venv; its output goes to a log, a little of it to the screen.

    Raises:
        SetupError: With the end of pip's output, if it fails.
    """
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--progress-bar=off", *arguments]
    tail: deque[str] = deque(maxlen=12)
    with subprocess.Popen(
        command, cwd=ROOT, env=own_pip(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            for raw in process.stdout or ():
                line = raw.decode(errors="replace")
                log.write(line)
                if line.startswith("Installing collected packages"):
                    UNFINISHED.touch()
                show_progress(line)
                if not line.startswith("WARNING"):
                    tail.append(line)
        except KeyboardInterrupt:
            process.terminate()  # no pip goes on alone
            raise
    if process.returncode:
        raise SetupError("".join(tail) + "pip failed; all it said is in .venv/install.log")


def own_pip() -> dict[str, str]:
    """Return the environment in which pip installs into .venv, wherever it is told to otherwise.

    PIP_USER stands above `user = true` in a pip.conf.
    """
    elsewhere = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
    kept = {name: value for name, value in os.environ.items() if name not in elsewhere}
    return {**kept, "PIP_USER": "0"}


def show_progress(line: str) -> None:
    """Print a line for each download of 10 MB or more, and one when unpacking begins."""
    if re.search(r"Downloading .*\(\d{2,}[.\d]* MB\)", line):
        print("  " + line.strip(), flush=True)
    elif line.startswith("Installing collected packages") and "," in line:
        print(f"  Unpacking {line.count(',') + 1} packages", flush=True)


def compile_loops() -> None:
    """Compile the simulator's loops now: otherwise the first QAOA state waits for it."""
    print("  Compiling the simulator", flush=True)
    warm_up = "from labkit.simulators import engine; engine.warm_up()"
    subprocess.run([str(VENV_PYTHON), "-c", warm_up], cwd=ROOT, check=False)


def quieten_lab() -> None:
    """Keep JupyterLab from asking about news and from looking for updates."""
    settings = VENV / "share/jupyter/lab/settings"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "overrides.json").write_text(json.dumps(QUIET_LAB, indent=2) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in CONTAINED:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main(sys.argv[1])
    except SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Interrupted; the next call begins the installation again.")
