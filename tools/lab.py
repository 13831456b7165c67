"""Open the lab, or test it: what `make lab` and `make test` do, with and without make.

usage: python tools/lab.py lab [OPTION OF JUPYTERLAB ...]
       python tools/lab.py test [OPTION OF PYTEST ...]

Each installs first what it needs into .venv, once. Standard library only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

import setup_venv
from setup_venv import ROOT, VENV_PYTHON, SetupError

LOCKS = {"lab": "requirements.lock", "test": "requirements-dev.lock"}
LAB = (
    *("-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}", "--ServerApp.ip=127.0.0.1"),
    *("--ServerApp.answer_yes=True", "--LabApp.default_url=/lab/tree/notebooks/00_welcome.ipynb"),
    *("--LabApp.extension_manager=readonly",),
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)
TEST = ("-m", "pytest", "-n", "2", "--dist", "loadgroup")


def main(what: str, options: Sequence[str]) -> int:
    """Install what is missing, then open the lab or run the tests.

    Args:
        what: 'lab' or 'test'.
        options: passed on to JupyterLab or pytest.

    Returns:
        The exit status.
    """
    setup_venv.main(LOCKS[what])
    os.chdir(ROOT)
    if what == "lab":
        return run_instead(*LAB, *where_it_runs(os.environ), *options)
    browser = [str(VENV_PYTHON), "tests/browser/find_browser.py", "--install"]
    return subprocess.run(browser).returncode or run_instead(*TEST, *options)


def where_it_runs(environment: Mapping[str, str]) -> list[str]:
    """Options that root needs, and a machine without a display; each is said."""
    options = []
    if sys.platform != "win32" and os.getuid() == 0:
        print("You are root: JupyterLab is started with --allow-root.")
        options.append("--allow-root")
    shown = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    if sys.platform == "linux" and not shown:
        print("No display here: open the address below in a browser.")
        options.append("--no-browser")
    return options


def run_instead(*arguments: str) -> int:
    """Run the Python of .venv in place of this process; on Windows, beside it."""
    command = [str(VENV_PYTHON), *arguments]
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(command[0], command)
    return subprocess.call(command)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in LOCKS:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    except SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Interrupted; the next call goes on from here.")
