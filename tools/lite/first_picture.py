"""Run in Pyodide by `bytecode.mjs`: draws a first picture, and compiles what that has imported."""

# mypy: ignore-errors

import importlib._bootstrap_external as importing
import sys
from pathlib import Path

TARGET = Path("/compiled")
PLACE = "/site-packages/"

kept = sys.stdout, sys.stderr
import pyodide_kernel  # noqa: E402

sys.stdout, sys.stderr = kept
kernel = pyodide_kernel.kernel_instance
kernel.interpreter.send_comm = lambda *message: None
kernel._parent_header = {}

from labkit.course.explorers import SubnetworkExplorer  # noqa: E402

SubnetworkExplorer(task="moons", n_neurons=8, seed=7)
for module in [*sys.modules.values()]:
    path = getattr(module, "__file__", None) or ""
    inside = path.partition(PLACE)[2]
    # labkit's own source is shown in lessons
    if inside.endswith(".py") and not inside.startswith("labkit/"):
        code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
        target = TARGET / f"{inside}c"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(importing._code_to_hash_pyc(code, bytes(8), False))
