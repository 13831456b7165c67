"""Files that users name, write and open: `~`, encodings, and text in a spreadsheet."""

from __future__ import annotations

import codecs
import os
import re
from pathlib import Path

#: Byte order marks, and the encoding that each announces; the longer of two that begin alike first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: What a spreadsheet takes for a formula begins with one of these, after what it does not see.
_FORMULA = re.compile(r"[\s\x00-\x1f\ufeff\u200b]*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(inf|nan)", re.IGNORECASE)
_HALVES = re.compile(r"[\ud800-\udfff]")


def user_path(path: str | os.PathLike[str]) -> Path:
    """The path of a file that a user names, in which `~` is home; `./~` is a file of that name."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser fails without a home


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a user's file: UTF-8, or what its byte order mark says (as Notepad writes one).

    Raises:
        OSError: it cannot be read.
        ValueError: it is not such text.
    """
    with Path(path).open("rb") as file:
        begin = file.read(4)
    encoding = next((name for mark, name in _MARKS if begin.startswith(mark)), "utf-8")
    try:
        return Path(path).read_text(encoding=encoding)
    except UnicodeError as error:
        raise ValueError(f"not text in UTF-8: {error}") from error


def as_text(text: str) -> str:
    """Text for a cell of a table: one that a spreadsheet would run gets an apostrophe before it.

    A number stays as it is. Half characters, as in names of files that are not UTF-8, are replaced:
    no file could hold them.
    """
    whole = _HALVES.sub("\N{REPLACEMENT CHARACTER}", text)
    return f"'{whole}" if _FORMULA.match(whole) and not _NUMBER.fullmatch(whole) else whole
