"""Byte code in place of source for what the first picture imports: it is there in half the time.

The site's own Python compiles, in Node; without Node the source is left as it is.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from lite_lock import LiteError
from lite_trim import write_file

SCRIPTS = Path(__file__).with_name("lite")


def compile_first(static: Path) -> bool:
    """Puts byte code into the wheels of a site, which has a Pyodide; whether there is a Node.

    Args:
        static: the folder of Pyodide in the site, with its lock.

    Raises:
        LiteError: the site's Python draws no first picture.
    """
    if (node := shutil.which("node")) is None:
        return False
    with tempfile.TemporaryDirectory() as scratch:
        scripts = (SCRIPTS / "bytecode.mjs", static, SCRIPTS / "first_picture.py", scratch)
        done = subprocess.run([node, *map(str, scripts)], capture_output=True, text=True)
        if done.returncode:
            raise LiteError(f"the site draws no first picture: {done.stderr[-1000:]}")
        found = {
            path.relative_to(scratch).as_posix(): path.read_bytes()
            for path in Path(scratch).rglob("*.pyc")
        }
    for wheel in static.glob("*.whl"):
        put_byte_code(wheel, found)
    return True


def put_byte_code(wheel: Path, compiled: Mapping[str, bytes]) -> None:
    """Writes a wheel anew, with what is compiled of it instead of its source.

    Args:
        wheel: the file.
        compiled: path of a `.pyc` -> its bytes.
    """
    with zipfile.ZipFile(wheel) as whole:
        content = {name: whole.read(name) for name in whole.namelist()}
    if not {f"{name}c" for name in content} & {*compiled}:
        return
    with zipfile.ZipFile(wheel, "w") as packed:
        for name, data in content.items():
            is_compiled = f"{name}c" in compiled
            write_file(packed, f"{name}c" if is_compiled else name, compiled.get(f"{name}c", data))
