"""A Pyodide in a folder, made smaller for the wire: wheels without what nobody reads, and gzip."""

from __future__ import annotations

import gzip
import re
import shutil
import zipfile
from pathlib import Path

#: Tests, headers, types; fonts but the sans ones and those of formulas; lexers but a few.
UNREAD = re.compile(
    r"(^|/)tests/|\.(a|c|h|pxd|pyi|pyx)$"
    r"|^matplotlib/mpl-data/(sample_data|fonts/afm|fonts/pdfcorefonts)/"
    r"|/DejaVu(Serif-|Serif\.|SansMono-|Sans-BoldOblique)"
    r"|^pygments/lexers/(?!(__init__|_mapping|css|data|html|javascript|markup|python|shell|special"
    r"|text|textedit|web)\.py$)"
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
                write_file(cut, name, whole.read(name))


def write_file(wheel: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Adds a file to a wheel; the same files make the same wheel."""
    wheel.writestr(zipfile.ZipInfo(name, _DATE), data, zipfile.ZIP_DEFLATED, 9)
