"""A Pyodide in a folder, made smaller for the wire: wheels without what nobody reads, and gzip."""

from __future__ import annotations

import gzip
import re
import shutil
import zipfile
from pathlib import Path

#: Tests, headers, types; fonts but the sans ones and those of formulas; lexers' word lists.
UNREAD = re.compile(
    r"(^|/)tests/|\.(a|c|h|pxd|pyi|pyx)$"
    r"|^matplotlib/mpl-data/(sample_data|fonts/afm|fonts/pdfcorefonts)/"
    r"|/DejaVu(Serif-|Serif\.|SansMono-)|^pygments/lexers/_\w+_builtins\.py$"
)
#: Fetched as `.gz`, which the page's loader unpacks; a plain server sends files as they are.
PACKED = "pyodide.asm.wasm"
_DATE = (2020, 1, 1, 0, 0, 0)


def put(source: Path, folder: Path) -> None:
    """Puts a file of Pyodide into the site's folder, as small as it can be."""
    target = folder / source.name
    if source.suffix == ".whl":
        trim(source, target)
        return
    shutil.copyfile(source, target)
    if source.name == PACKED:
        packed = gzip.compress(source.read_bytes(), 9, mtime=0)
        target.with_name(f"{PACKED}.gz").write_bytes(packed)


def trim(source: Path, target: Path) -> None:
    """Writes a wheel anew, without what is not read."""
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w") as cut:
        for name in whole.namelist():
            if not UNREAD.search(name) and not name.endswith("/"):
                entry = zipfile.ZipInfo(name, _DATE)
                cut.writestr(entry, whole.read(name), zipfile.ZIP_DEFLATED, 9)
